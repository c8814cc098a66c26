"""The workloads as loops in C, written for the purpose, compiled by gcc and called by ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rivals import Contestant, flat
from benchmarks.workloads import STEP_SIZE, STEPS, TIME_STEP, Workload

FLAGS = ("-O3", "-march=native", "-ffast-math", "-fPIC", "-shared")
HEAD = "#include <math.h>\n#include <string.h>\n"


def compiler() -> str | None:
    """Return the path of gcc, or None where it is missing."""
    return shutil.which("gcc")


def built(source: str) -> Any:
    """Return the function `step` of a C source."""
    found = compiler()
    if found is None:
        raise ImportError("gcc was not found")
    folder = Path(tempfile.mkdtemp())
    (folder / "step.c").write_text(HEAD + source, encoding="utf-8")
    command = [found, *FLAGS, "-o", folder / "step.so", folder / "step.c", "-lm"]
    subprocess.run(command, check=True)
    step = ctypes.CDLL(str(folder / "step.so")).step
    step.restype = None
    return step


def contestant(source: str, arrays: list[Any], results: list[Any], numbers: Any) -> Contestant:
    """Return a call of C on arrays, the results last."""
    step = built(source)
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (*arrays, *results)]

    def call() -> Any:
        step(*pointers)
        return results

    call.kept = arrays  # type: ignore[attr-defined]
    return Contestant(call, numbers)


def forward(layer: int, n: int, m: int, samples: int, activation: str) -> str:
    """Return the loops of a layer: activations of all samples."""
    return f"""
    for (int s = 0; s < {samples}; s++)
        for (int j = 0; j < {m}; j++) {{
            const double *w = w{layer} + j * {n + 1}, *x = x{layer - 1} + s * {n};
            double z = w[{n}];
            for (int i = 0; i < {n}; i++) z += w[i] * x[i];
            x{layer}[s * {m} + j] = {activation};
        }}"""


def backward(layer: int, n: int, m: int, samples: int) -> str:
    """Return the loops of a layer that leave its gradient, and the adjoints of the one below."""
    below = f"""
    memset(d{layer - 1}, 0, sizeof d{layer - 1});
    for (int s = 0; s < {samples}; s++) {{
        double *d = d{layer - 1} + s * {n};
        for (int j = 0; j < {m}; j++) {{
            const double *w = w{layer} + j * {n + 1}, up = d{layer}[s * {m} + j];
            for (int i = 0; i < {n}; i++) d[i] += up * w[i];
        }}
        for (int i = 0; i < {n}; i++) d[i] = x{layer - 1}[s * {n} + i] > 0 ? d[i] : 0;
    }}"""
    return f"""
    for (int j = 0; j < {m}; j++) {{
        double *g = g{layer} + j * {n + 1};
        memset(g, 0, {n + 1} * sizeof(double));
        for (int s = 0; s < {samples}; s++) {{
            const double *x = x{layer - 1} + s * {n}, up = d{layer}[s * {m} + j];
            for (int i = 0; i < {n}; i++) g[i] += up * x[i];
            g[{n}] += up;
        }}
    }}""" + (below if layer > 1 else "")


SQUARES = """
    for (int k = 0; k < {count}; k++) {{
        double error = x{last}[k] - y[k];
        loss[0] += 0.5 * error * error * {share};
        d{last}[k] = error * x{last}[k] * (1 - x{last}[k]) * {share};
    }}"""
HINGE = """
    for (int k = 0; k < {count}; k++) {{
        double margin = 1 - y[k] * x{last}[k];
        if (margin > 0) loss[0] += margin * {share};
        d{last}[k] = margin > 0 ? -y[k] * {share} : 0;
    }}"""


def network(work: Workload, update: float = 0.0) -> Contestant:
    """Return loops over samples, neurons and inputs; sizes are constants that gcc knows."""
    sizes, samples, hinge = work.facts["sizes"], work.samples, work.facts["loss"] == "hinge"
    last, count = len(sizes) - 1, sum((n + 1) * m for n, m in zip(sizes, sizes[1:]))
    pairs = list(enumerate(zip(sizes, sizes[1:]), start=1))
    lines, offset = [], 0
    for layer, (_, m) in pairs:
        lines.append(f"static double x{layer}[{samples * m}], d{layer}[{samples * m}];")
    lines.append(
        "void step(const double *x0, const double *y, double *w, double *g, double *loss) {"
    )
    for layer, (n, m) in pairs:
        lines.append(f"    double *w{layer} = w + {offset}, *g{layer} = g + {offset};")
        offset += (n + 1) * m
    for layer, (n, m) in pairs:
        usual = "z" if hinge else "1 / (1 + exp(-z))"
        lines.append(forward(layer, n, m, samples, "z > 0 ? z : 0" if layer < last else usual))
    lines.append("    loss[0] = 0;")
    ending = HINGE if hinge else SQUARES
    lines.append(ending.format(count=samples * sizes[-1], last=last, share=1.0 / samples))
    lines += [backward(layer, n, m, samples) for layer, (n, m) in reversed(pairs)]
    if update:
        lines.append(f"    for (int i = 0; i < {count}; i++) w[i] -= {update} * g[i];")
    weights = np.array([parameter.data for parameter in work.parameters])
    loss, gradient = np.zeros(1), np.zeros(count)
    arrays = [*map(np.ascontiguousarray, work.batch), weights, gradient, loss]
    shown = weights if update else gradient
    return contestant("\n".join([*lines, "}"]), arrays, [], lambda _: flat(loss, shown))


def mlp(work: Workload) -> Contestant:
    return network(work)


def digits(work: Workload) -> Contestant:
    return network(work, STEP_SIZE)


def million(work: Workload) -> Contestant:
    return network(work)


def pendulum(work: Workload) -> Contestant:
    """Return a loop over samples; each keeps its stages, and runs back through them."""
    samples = work.samples
    source = f"""
static double xs[{4 * STEPS}], vs[{4 * STEPS}];
void step(const double *angle, const double *speed, const double *seen, const double *p,
          double *found) {{
    const double h = {TIME_STEP}, reach[4] = {{h / 2, h / 2, h, 0}}, weight[4] = {{1, 2, 2, 1}};
    found[0] = found[1] = found[2] = 0;
    for (int s = 0; s < {samples}; s++) {{
        double x = angle[s], v = speed[s];
        for (int t = 0; t < {STEPS}; t++) {{
            double xk = x, vk = v, x1 = x, v1 = v;
            for (int k = 0; k < 4; k++) {{
                xs[4 * t + k] = xk; vs[4 * t + k] = vk;
                double a = -p[0] * sin(xk) - p[1] * vk, dx = vk;
                x1 += h / 6 * weight[k] * dx; v1 += h / 6 * weight[k] * a;
                xk = x + reach[k] * dx; vk = v + reach[k] * a;
            }}
            x = x1; v = v1;
        }}
        double error = x - seen[s], by_x = error, by_v = 0;
        found[0] += 0.5 * error * error;
        for (int t = {STEPS} - 1; t >= 0; t--) {{
            double out_x = by_x, out_v = by_v, next_x = 0, next_v = 0;
            for (int k = 3; k >= 0; k--) {{
                double by_a = h / 6 * weight[k] * out_v + reach[k] * next_v;
                double bv = h / 6 * weight[k] * out_x + reach[k] * next_x - p[1] * by_a;
                double bx = -p[0] * cos(xs[4 * t + k]) * by_a;
                found[1] -= sin(xs[4 * t + k]) * by_a; found[2] -= vs[4 * t + k] * by_a;
                by_x += bx; by_v += bv; next_x = bx; next_v = bv;
            }}
        }}
    }}
    for (int i = 0; i < 3; i++) found[i] /= {samples};
}}"""
    parameters = np.array([parameter.data for parameter in work.parameters])
    found = np.zeros(3)
    return contestant(source, [*work.batch, parameters], [found], lambda _: found.copy())


OPTIONS = """
void step(const double *spots, const double *strikes, const double *rates, const double *sigmas,
          const double *times, double *found) {{
    for (int i = 0; i < {samples}; i++) {{
        double s = spots[i], k = strikes[i], r = rates[i], v = sigmas[i], t = times[i];
        double *out = found + 21 * i, root = sqrt(t), spread = v * root;
        double d1 = (log(s / k) + (r + v * v / 2) * t) / spread, d2 = d1 - spread;
        double discount = exp(-r * t), p = exp(-d1 * d1 / 2) * 0.3989422804014327;
        double n1 = erfc(d1 * -0.7071067811865476) / 2, n2 = erfc(d2 * -0.7071067811865476) / 2;
        double sp = s * p, kn = k * discount * n2, vega = sp * root, fade = vega * v / (2 * t);
        double t1 = (r + v * v / 2) / spread - d1 / (2 * t), t2 = t1 - v / (2 * root);
        out[0] = s * n1 - kn;
        out[1] = n1;
        out[2] = -discount * n2;
        out[3] = t * kn;
        out[4] = vega;
        out[5] = fade + r * kn;
        out[6] = p / (s * spread);
        out[7] = -p / (k * spread);
        out[8] = p * root / v;
        out[9] = -p * d2 / v;
        out[10] = p * t1;
        out[11] = sp / (k * k * spread);
        out[12] = (t * kn - vega / v) / k;
        out[13] = sp * d1 / (v * k);
        out[14] = (r * kn - sp * t2) / k;
        out[15] = t * (vega / v - t * kn);
        out[16] = -t * sp * d1 / v;
        out[17] = kn * (1 - t * r) + t * sp * t2;
        out[18] = vega * d1 * d2 / v;
        out[19] = vega / (2 * t) - vega * d1 * t1;
        out[20] = r * (sp * t2 - r * kn) - fade * d1 * t1 - fade / (2 * t);
    }}
}}"""


def options(work: Workload) -> Contestant:
    """Return the closed forms, one option after the other."""
    found = np.zeros((work.samples, 21))
    source = OPTIONS.format(samples=work.samples)
    return contestant(source, list(work.batch), [found], lambda _: found.ravel().copy())
