"""The workloads in C by somebody who knows the machine: vectors, tiles of registers, OpenMP.

Vectors are gcc's own, elementary functions those of glibc's vector library; samples lie side by
side, filled up with zeros to whole vectors.
"""

from __future__ import annotations

from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.irregular import INPUTS
from benchmarks.speed.rivals import Contestant, Makers, flat
from benchmarks.speed.rivals.by_c import OPTIONS, contestant
from benchmarks.speed.workloads import STEP_SIZE, STEPS, TIME_STEP, Workload

MOST_VARIABLES = 2_000  # of a function; a longer program goes through arrays, in parts
PART = 400  # lines, of which gcc makes a function in time
FUNCTIONS = ("sin", "cos", "exp", "tanh")


def width() -> int:
    """Return how many numbers a vector of this machine has."""
    information = Path("/proc/cpuinfo")
    wide = information.exists() and " avx512f" in information.read_text(encoding="utf-8")
    return 8 if wide else 4


def head(lanes: int) -> str:
    """Return the type of a vector, with its functions from glibc; of one lane, a number."""
    if lanes == 1:
        return "typedef double V;\n" + "".join(f"#define v{f} {f}\n" for f in FUNCTIONS)
    name = {8: "_ZGVeN8v_", 4: "_ZGVdN4v_"}[lanes]
    kind = f"typedef double V __attribute__((vector_size({8 * lanes}), aligned({8 * lanes})));\n"
    functions = [f"V {name}{f}(V);\n#define v{f} {name}{f}\n" for f in FUNCTIONS]
    return kind + "".join(functions)


def padded(columns: Any, lanes: int) -> Any:
    """Return rows of numbers, each filled up with zeros to whole vectors, on a border of 64 bytes.

    Args:  columns: an array with the samples last; lanes: numbers in a vector.
    """
    columns = np.atleast_2d(columns)
    count = -(-columns.shape[1] // lanes) * lanes
    whole = np.zeros(columns.shape[0] * count + 8)
    start = (-whole.ctypes.data // 8) % 8
    found = whole[start : start + columns.shape[0] * count].reshape(columns.shape[0], count)
    found[:, : columns.shape[1]] = columns
    return found


# Programs of single operations


def program_source(made: Any, vectors: int) -> str:
    """Return a program and its way back as straight-line code, for one vector after the other."""
    count = INPUTS + len(made)
    short = count <= MOST_VARIABLES
    form, kind = ("{}{}", "V ") if short else ("{}[{}]", "")
    number, adjoint = ([form.format(name, i) for i in range(count)] for name in "na")
    lines = [
        *(f"{kind}{number[i]} = x[{i} * {vectors} + s];" for i in range(INPUTS)),
        *(
            f"{kind}{number[INPUTS + k]} = {written(operation, i, j, number)};"
            for k, (operation, i, j) in enumerate(made)
        ),
        f"out[s] = {number[-1]};",
        *(f"{kind}{line}" for line in backward_lines(made, number, adjoint)),
        *(f"by[{i} * {vectors} + s] = {adjoint[i]};" for i in range(INPUTS)),
    ]
    parts = [lines] if short else [lines[i : i + PART] for i in range(0, len(lines), PART)]
    arrays = "" if short else f"static V n[{count}], a[{count}];"
    operands = "const V *x, V *out, V *by"
    functions = [
        f"static __attribute__((noinline)) void part{i}({operands}, int s) {{\n    "
        + "\n    ".join(part)
        + "\n}"
        for i, part in enumerate(parts)
    ]
    calls = " ".join(f"part{i}(x, out, by, s);" for i in range(len(parts)))
    step = f"void step({operands}) {{ for (int s = 0; s < {vectors}; s++) {{ {calls} }} }}"
    return "\n".join([arrays, *functions, step])


def written(operation: str, i: int, j: int, number: list[str]) -> str:
    """Return an operation as C."""
    if operation in FUNCTIONS:
        return f"v{operation}({number[i]})"
    return f"{number[i]} {operation} {number[j]}"


def backward_lines(made: Any, number: list[str], adjoint: list[str]) -> list[str]:
    """Return the adjoints, the last number's first, each as the sum of what comes from above."""
    parts: list[list[str]] = [[] for _ in number]
    parts[-1], lines = [f"{number[-1]} * 0 + 1"], []
    for k in range(len(number) - 1, -1, -1):
        lines.append(f"{adjoint[k]} = {' + '.join(parts[k]) or f'{number[k]} * 0'};")
        if k >= INPUTS:
            operation, i, j = made[k - INPUTS]
            left, right = pushed(operation, number[i], number[j], number[k], adjoint[k])
            parts[i].append(left)
            if right:
                parts[j].append(right)
    return lines


def pushed(operation: str, x: str, y: str, out: str, up: str) -> tuple[str, str]:
    """Return what an operation hands to its operands; "" where it has only one."""
    return {
        "+": (up, up),
        "-": (up, f"-{up}"),
        "*": (f"{up} * {y}", f"{up} * {x}"),
        "sin": (f"{up} * vcos({x})", ""),
        "tanh": (f"{up} * (1 - {out} * {out})", ""),
        "exp": (f"{up} * {out}", ""),
    }[operation]


def irregular(work: Workload) -> Contestant:
    """Return the program as straight-line code."""
    lanes = 1 if work.samples == 1 else width()
    xs = padded(work.batch[0].T, lanes)
    vectors = xs.shape[1] // lanes
    value, slopes = padded(np.zeros(work.samples), lanes), padded(np.zeros_like(xs), lanes)
    source = head(lanes) + program_source(work.facts["program"], vectors)
    count = work.samples

    def numbers(_: Any) -> Any:
        return flat(value[0, :count], slopes[:, :count].T)

    return contestant(source, [xs, value, slopes], numbers)._replace(
        note=f"{lanes} lanes" if lanes > 1 else "straight-line code"
    )


# Networks


PRODUCTS = """
#define TILE(J, S) { \\
    V sum[J][S]; \\
    for (int a = 0; a < J; a++) for (int b = 0; b < S; b++) sum[a][b] = zero; \\
    for (int i = 0; i < n; i++) \\
        for (int b = 0; b < S; b++) { \\
            V x = in[i * vs + s + b]; \\
            for (int a = 0; a < J; a++) sum[a][b] += w[(j + a) * by_j + i * by_i] * x; \\
        } \\
    for (int a = 0; a < J; a++) \\
        for (int b = 0; b < S; b++) out[(j + a) * vs + s + b] = sum[a][b]; \\
}
static inline __attribute__((always_inline)) void product(
        int m, int n, int vs, const double *w, int by_j, int by_i, const V *in, V *out) {
    const V zero = {0};
    int j = 0, s;
    for (; j + 4 <= m; j += 4) {
        for (s = 0; s + 4 <= vs; s += 4) TILE(4, 4)
        for (; s < vs; s++) TILE(4, 1)
    }
    for (; j < m; j++) {
        for (s = 0; s + 4 <= vs; s += 4) TILE(1, 4)
        for (; s < vs; s++) TILE(1, 1)
    }
}
static inline double whole(V v) {
    double total = 0;
    for (int k = 0; k < LANES; k++) total += v[k];
    return total;
}
#define OUTER(J, I) { \\
    V sum[J][I]; \\
    for (int a = 0; a < J; a++) for (int b = 0; b < I; b++) sum[a][b] = zero; \\
    for (int s = 0; s < vs; s++) \\
        for (int a = 0; a < J; a++) { \\
            V d = up[(j + a) * vs + s]; \\
            for (int b = 0; b < I; b++) sum[a][b] += d * in[(i + b) * vs + s]; \\
        } \\
    for (int a = 0; a < J; a++) for (int b = 0; b < I; b++) \\
        g[(j + a) * (n + 1) + i + b] = whole(sum[a][b]); \\
}
static inline __attribute__((always_inline)) void outer(
        int m, int n, int vs, const V *up, const V *in, double *g) {
    const V zero = {0};
    int j = 0, i;
    for (; j + 4 <= m; j += 4) {
        for (i = 0; i + 4 <= n; i += 4) OUTER(4, 4)
        for (; i < n; i++) OUTER(4, 1)
    }
    for (; j < m; j++) {
        for (i = 0; i + 4 <= n; i += 4) OUTER(1, 4)
        for (; i < n; i++) OUTER(1, 1)
    }
    for (j = 0; j < m; j++) {
        V sum = zero;
        for (int s = 0; s < vs; s++) sum += up[j * vs + s];
        g[j * (n + 1) + n] = whole(sum);
    }
}
"""
HINGE = """
        double margin = 1 - y[k] * z;
        loss[0] += margin > 0 ? margin * share[s] : 0;
        d[k] = margin > 0 ? -y[k] * share[s] : 0;"""
SQUARES = """
        double out = 1 / (1 + exp(-z)), error = out - y[k];
        loss[0] += 0.5 * error * error * share[s];
        d[k] = error * out * (1 - out) * share[s];"""


def layer_source(k: int, n: int, m: int, vs: int, lanes: int, last: bool) -> str:
    """Return the forward pass of a layer; the last one leaves its sums."""
    relu = "" if last else " if (z < 0) z = 0;"
    return f"""
    product({m}, {n}, {vs}, w{k}, {n + 1}, 1, x{k - 1}, x{k});
    for (int j = 0; j < {m}; j++) for (int s = 0; s < {vs * lanes}; s++) {{
        double *at = (double *) x{k} + j * {vs * lanes} + s, z = *at + w{k}[j * {n + 1} + {n}];
       {relu} *at = z;
    }}"""


def back_source(k: int, n: int, m: int, vs: int, lanes: int) -> str:
    """Return the gradient of a layer, and the adjoints of the one below."""
    found = f"\n    outer({m}, {n}, {vs}, d{k}, x{k - 1}, g{k});"
    if k == 1:
        return found
    return f"""{found}
    product({n}, {m}, {vs}, w{k}, 1, {n + 1}, d{k}, d{k - 1});
    for (int s = 0; s < {n * vs * lanes}; s++)
        ((double *) d{k - 1})[s] = ((double *) x{k - 1})[s] > 0 ? ((double *) d{k - 1})[s] : 0;"""


def network_source(work: Workload, vs: int, lanes: int, update: float) -> str:
    """Return a network with all sizes as constants."""
    sizes = work.facts["sizes"]
    shapes = list(enumerate(pairwise(sizes), start=1))
    ends = list(accumulate((n + 1) * m for n, m in pairwise(sizes)))
    last, count = len(sizes) - 1, sizes[-1] * vs * lanes
    ending = HINGE if work.facts["loss"] == "hinge" else SQUARES
    starts = enumerate([0, *ends[:-1]], start=1)
    parts = [
        f"#define LANES {lanes}",
        PRODUCTS,
        *(f"static V x{k}[{m * vs}], d{k}[{m * vs}];" for k, (_, m) in shapes),
        "void step(const V *x0, const double *y, const double *share, double *w, double *g,",
        "          double *loss) {",
        *(f"    double *w{k} = w + {start}, *g{k} = g + {start};" for k, start in starts),
        *(layer_source(k, n, m, vs, lanes, k == last) for k, (n, m) in shapes),
        f"    double *d = (double *) d{last}, *zs = (double *) x{last};\n    loss[0] = 0;",
        f"    for (int k = 0; k < {count}; k++) {{\n        int s = k % {vs * lanes};",
        f"        double z = zs[k];{ending}\n    }}",
        *(back_source(k, n, m, vs, lanes) for k, (n, m) in reversed(shapes)),
        f"    for (int i = 0; i < {ends[-1]}; i++) w[i] -= {update} * g[i];" if update else "",
        "}",
    ]
    return "\n".join(parts)


def network(work: Workload, update: float = 0.0) -> Contestant | None:
    """Return a network in tiles of registers; one sample fills no vector, and has the loops."""
    lanes = width()
    if work.samples < lanes:
        return None
    xs, ys = (padded(column.T, lanes) for column in work.batch)
    share = padded(np.full(work.samples, 1.0 / work.samples), lanes)
    weights = np.array([parameter.data for parameter in work.parameters])
    loss, gradient = np.zeros(1), np.zeros(len(weights))
    reported = weights if update else gradient
    source = head(lanes) + network_source(work, xs.shape[1] // lanes, lanes, update)
    arrays = [xs, ys, share, weights, gradient, loss]
    found = contestant(source, arrays, lambda _: flat(loss, reported))
    return found._replace(note=f"tiles of 4 x 4 vectors of {lanes}")


# Samples that have nothing to do with each other


def pendulum_source(vectors: int) -> str:
    """Return the steps of so many vectors of pendulums, and back through their stages."""
    return f"""
static V kept[{vectors}][{4 * STEPS}][3];
void step(const V *angle, const V *speed, const V *seen, const double *p, V *found) {{
    const double h = {TIME_STEP}, reach[4] = {{h / 2, h / 2, h, 0}}, weight[4] = {{1, 2, 2, 1}};
    #pragma omp parallel for
    for (int s = 0; s < {vectors}; s++) {{
        V x = angle[s], v = speed[s], zero = {{0}}, by_p = zero, by_q = zero;
        for (int t = 0; t < {STEPS}; t++) {{
            V xk = x, vk = v, x1 = x, v1 = v;
            #pragma GCC unroll 4
            for (int k = 0; k < 4; k++) {{
                V sine = vsin(xk), a = -p[0] * sine - p[1] * vk, dx = vk, *at = kept[s][4 * t + k];
                at[0] = xk; at[1] = vk; at[2] = sine;
                x1 += h / 6 * weight[k] * dx; v1 += h / 6 * weight[k] * a;
                xk = x + reach[k] * dx; vk = v + reach[k] * a;
            }}
            x = x1; v = v1;
        }}
        V by_x = x - seen[s], by_v = zero;
        found[3 * s] = 0.5 * by_x * by_x;
        for (int t = {STEPS} - 1; t >= 0; t--) {{
            V out_x = by_x, out_v = by_v, next_x = zero, next_v = zero;
            #pragma GCC unroll 4
            for (int k = 3; k >= 0; k--) {{
                V *at = kept[s][4 * t + k], by_a = h / 6 * weight[k] * out_v + reach[k] * next_v;
                V bv = h / 6 * weight[k] * out_x + reach[k] * next_x - p[1] * by_a;
                V bx = -p[0] * vcos(at[0]) * by_a;
                by_p -= at[2] * by_a; by_q -= at[1] * by_a;
                by_x += bx; by_v += bv; next_x = bx; next_v = bv;
            }}
        }}
        found[3 * s + 1] = by_p; found[3 * s + 2] = by_q;
    }}
}}"""


def pendulum(work: Workload) -> Contestant | None:
    """Return a vector of pendulums at a time."""
    lanes = width()
    if work.samples < lanes:
        return None
    columns = [padded(column, lanes) for column in work.batch]
    vectors = columns[0].shape[1] // lanes
    parameters = np.array([parameter.data for parameter in work.parameters])
    found = padded(np.zeros(3 * vectors * lanes), lanes)

    def numbers(_: Any) -> Any:
        each = found.reshape(vectors, 3, lanes).transpose(1, 0, 2).reshape(3, -1)
        return each[:, : work.samples].mean(axis=1)

    return contestant(
        head(lanes) + pendulum_source(vectors), [*columns, parameters, found], numbers
    )._replace(note=f"{lanes} lanes")


def options(work: Workload) -> Contestant:
    """Return the closed forms, written by columns, so that gcc makes vectors of the loop."""
    source = OPTIONS.format(samples=work.samples)
    source = source.replace("double *out = found + 21 * i, root", "double root")
    source = source.replace(
        "    for (int i", "    #pragma omp parallel for simd\n    for (int i", 1
    )
    for place in range(21):
        source = source.replace(f"out[{place}] =", f"found[{place * work.samples} + i] =")
    source = source.replace("*spots", "*restrict spots").replace("*found", "*restrict found")
    found = np.zeros((21, work.samples))
    return contestant(source, [*work.batch, found], lambda _: found.T.ravel())


MAKERS: Makers = {
    "mlp": network,
    "digits": partial(network, update=STEP_SIZE),
    "million": network,
    "irregular": irregular,
    "pendulum": pendulum,
    "options": options,
}
