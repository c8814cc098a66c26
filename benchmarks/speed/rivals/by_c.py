"""The workloads as loops in C, compiled by gcc, as builtin functions of CPython's."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.rivals import Contestant, Makers, flat
from benchmarks.speed.rivals.kept import place
from benchmarks.speed.workloads import STEP_SIZE, STEPS, TIME_STEP, Workload

FLAGS = (
    "-O3",
    "-march=native",
    "-mprefer-vector-width=512",
    "-ffast-math",
    "-fopenmp",
    "-fPIC",
)
HEAD = "#include <math.h>\n#include <string.h>\n"


def compiler() -> str | None:
    """Return the path of gcc, or None where it is missing."""
    return shutil.which("gcc")


def threads() -> int:
    """Return how many threads this process may use."""
    return int(os.environ.get("OMP_NUM_THREADS") or 1)


def built(source: str, arguments: int) -> Any:
    """Return the library of a C source whose `step` takes so many arrays."""
    whole = HEAD + source + as_builtin(arguments)
    path = place(whole, *FLAGS) / "step.c"
    path.write_text(whole, encoding="utf-8")
    return ctypes.PyDLL(str(library(path)))


def as_builtin(arguments: int) -> str:
    """Return C that makes `step` a function without arguments of CPython's.

    Through ctypes a call would take longer than a small step itself.
    """
    passed = ", ".join(f"bound_arrays[{i}]" for i in range(arguments))
    return f"""
extern void Py_IncRef(void *);
void *bound_arrays[{arguments}];
void *bound_step(void *self, void *unused) {{
    step({passed});
    Py_IncRef(self);
    return self;
}}
"""


class Definition(ctypes.Structure):
    """CPython's description of a builtin function."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


NO_ARGUMENTS = 4  # of the flags
KEPT: list[Any] = []  # what builtin functions need as long as the process lives


def library(source: Path) -> Path:
    """Return the shared library of a C file, built unless an earlier process has left it.

    It is linked without -ffast-math, which would take subnormal numbers from the whole process.
    """
    found = compiler()
    if found is None:
        raise ImportError("gcc was not found")
    compiled, linked = source.with_suffix(".o"), source.with_suffix(".so")
    if linked.exists():
        return linked
    # Where it makes a loop of its own for a size that cannot be, gcc warns of what it would do.
    quiet = "-Wno-aggressive-loop-optimizations"
    subprocess.run([found, *FLAGS, quiet, "-c", "-o", compiled, source], check=True)
    # The library of C has a `step` of its own, which would be called in place of ours.
    libraries = ("-lmvec", "-lm", "-lgomp", "-Wl,-Bsymbolic")
    subprocess.run([found, "-shared", "-o", linked, compiled, *libraries], check=True)
    return linked


def contestant(source: str, arrays: list[Any], numbers: Any) -> Contestant:
    """Return a call of C on arrays."""
    library_of_step = built(source, len(arrays))
    places = (ctypes.c_void_p * len(arrays)).in_dll(library_of_step, "bound_arrays")
    places[:] = [array.ctypes.data for array in arrays]
    address = ctypes.cast(library_of_step.bound_step, ctypes.c_void_p).value
    kept = Definition(b"step", address, NO_ARGUMENTS, None), arrays
    KEPT.append(kept)
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    return Contestant(make(ctypes.addressof(kept[0]), numbers, None), numbers)


def forward(layer: int, n: int, m: int, samples: int, activation: str) -> str:
    """Return the loops of a layer: activations of all samples, which lie side by side."""
    return f"""
    for (int j = 0; j < {m}; j++) {{
        const double *w = w{layer} + j * {n + 1};
        double z[{samples}];
        for (int s = 0; s < {samples}; s++) z[s] = w[{n}];
        for (int i = 0; i < {n}; i++)
            for (int s = 0; s < {samples}; s++) z[s] += w[i] * x{layer - 1}[i * {samples} + s];
        for (int s = 0; s < {samples}; s++) x{layer}[j * {samples} + s] = {activation};
    }}"""


def backward(layer: int, n: int, m: int, samples: int) -> str:
    """Return the loops of a layer that leave its gradient, and the adjoints of the one below."""
    here, under = f"d{layer}[j * {samples} + s]", f"[i * {samples} + s]"
    push = f" d{layer - 1}{under} += w[i] * {here};" if layer > 1 else ""
    clear = f"\n    memset(d{layer - 1}, 0, sizeof d{layer - 1});" if layer > 1 else ""
    below = f"""
    for (int k = 0; k < {n * samples}; k++)
        d{layer - 1}[k] = x{layer - 1}[k] > 0 ? d{layer - 1}[k] : 0;"""
    return f"""{clear}
    for (int j = 0; j < {m}; j++) {{
        double *w = w{layer} + j * {n + 1}, *g = g{layer} + j * {n + 1}, all = 0;
        for (int s = 0; s < {samples}; s++) all += {here};
        g[{n}] = all;
        for (int i = 0; i < {n}; i++) {{
            double sum = 0;
            for (int s = 0; s < {samples}; s++) {{
                sum += {here} * x{layer - 1}{under};{push}
            }}
            g[i] = sum;
        }}
    }}""" + (below if layer > 1 else "")


SIGNATURE = """void step(const double *restrict x0, const double *restrict y,
          double *restrict w, double *restrict g, double *loss) {"""
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


def network_source(sizes: tuple[int, ...], samples: int, ending: str, update: float) -> str:
    """Return loops over neurons, inputs and samples; sizes are constants that gcc knows."""
    layers, last = list(enumerate(pairwise(sizes), start=1)), len(sizes) - 1
    ends = list(accumulate((n + 1) * m for n, m in pairwise(sizes)))
    sigmoid = "z[s]" if ending is HINGE else "1 / (1 + exp(-z[s]))"
    buffers = [f"static double x{k}[{m * samples}], d{k}[{m * samples}];" for k, (_, m) in layers]
    starts = enumerate([0, *ends[:-1]], start=1)
    views = [f"    double *w{k} = w + {start}, *g{k} = g + {start};" for k, start in starts]
    ahead = [
        forward(k, n, m, samples, sigmoid if k == last else "z[s] > 0 ? z[s] : 0")
        for k, (n, m) in layers
    ]
    loss = ending.format(count=samples * sizes[-1], last=last, share=1.0 / samples)
    back = [backward(k, n, m, samples) for k, (n, m) in reversed(layers)]
    step = f"    for (int i = 0; i < {ends[-1]}; i++) w[i] -= {update} * g[i];"
    body = [*views, *ahead, "    loss[0] = 0;", loss, *back, step if update else ""]
    return "\n".join([*buffers, SIGNATURE, *body, "}"])


def network(work: Workload, update: float = 0.0) -> Contestant:
    """Return the loops of a network, with a step of descent where it is asked for."""
    ending = HINGE if work.facts["loss"] == "hinge" else SQUARES
    source = network_source(work.facts["sizes"], work.samples, ending, update)
    weights = np.array([parameter.data for parameter in work.parameters])
    loss, gradient = np.zeros(1), np.zeros(len(weights))
    reported = weights if update else gradient
    arrays = [np.ascontiguousarray(column.T) for column in work.batch]
    return contestant(source, [*arrays, weights, gradient, loss], lambda _: flat(loss, reported))


def pendulum(work: Workload) -> Contestant:
    """Return a loop over samples; each keeps its stages, and runs back through them."""
    samples = work.samples
    source = f"""
static double xs[{4 * STEPS}], vs[{4 * STEPS}], sines[{4 * STEPS}];
void step(const double *angle, const double *speed, const double *seen, const double *p,
          double *found) {{
    const double h = {TIME_STEP}, reach[4] = {{h / 2, h / 2, h, 0}}, weight[4] = {{1, 2, 2, 1}};
    found[0] = found[1] = found[2] = 0;
    for (int s = 0; s < {samples}; s++) {{
        double x = angle[s], v = speed[s];
        for (int t = 0; t < {STEPS}; t++) {{
            double xk = x, vk = v, x1 = x, v1 = v;
            for (int k = 0; k < 4; k++) {{
                double sine = sin(xk), a = -p[0] * sine - p[1] * vk, dx = vk;
                xs[4 * t + k] = xk; vs[4 * t + k] = vk; sines[4 * t + k] = sine;
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
                found[1] -= sines[4 * t + k] * by_a; found[2] -= vs[4 * t + k] * by_a;
                by_x += bx; by_v += bv; next_x = bx; next_v = bv;
            }}
        }}
    }}
    for (int i = 0; i < 3; i++) found[i] /= {samples};
}}"""
    parameters = np.array([parameter.data for parameter in work.parameters])
    found = np.zeros(3)
    return contestant(source, [*work.batch, parameters, found], lambda _: found.copy())


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


def small(work: Workload) -> Contestant:
    source = f"""
void step(const double *restrict x, double *restrict found) {{
    double total = 0;
    for (int i = 0; i < {work.batch[0].size}; i++) {{
        total += x[i] * x[i];
        found[i + 1] = 2 * x[i];
    }}
    found[0] = total;
}}"""
    found = np.zeros(1 + work.batch[0].size)
    return contestant(source, [work.batch[0].ravel(), found], lambda _: found.copy())


def options(work: Workload) -> Contestant:
    """Return the closed forms, one option after the other."""
    found = np.zeros((work.samples, 21))
    source = OPTIONS.format(samples=work.samples)
    return contestant(source, [*work.batch, found], lambda _: found.ravel().copy())


MAKERS: Makers = {
    "small": small,
    "mlp": network,
    "digits": partial(network, update=STEP_SIZE),
    "million": network,
    "pendulum": pendulum,
    "options": options,
}
