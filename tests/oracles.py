"""What the engine is compared with: 60-digit arithmetic, the complex step, exact fractions.

`EXACT` restates every smooth row of the table and its partial derivatives in closed form, for
mpmath, without a look at the table's own formulas. The programs below are expressions in which
subexpressions are shared: graphs, not trees.
"""

from __future__ import annotations

import cmath
import math
import operator
import struct
from fractions import Fraction
from typing import NamedTuple

from hypothesis import strategies as st
from mpmath import mp

from autograd import Value, reductions
from autograd import primitives as p

DIGITS = 60  # of the reference arithmetic
U = 2.0**-53  # unit roundoff
ULP = 2.0**-52  # errors are counted in this, relative to the exact number
TINY, SMALLEST, HUGE = 2.0**-1022, 5e-324, math.nextafter(math.inf, 0.0)


def bits(x):
    """Return what two results must share to be the same: the type, and the bits of a float."""
    return (
        ("float", "nan" if x != x else struct.pack("<d", x)) if type(x) is float else (type(x), x)
    )


def same(x, y):
    """Tell whether two numbers are equal or both NaN; the sign of a zero does not count."""
    return x == y or (x != x and y != y)


def high(x):
    """Return a number in the reference arithmetic, unrounded."""
    return mp.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else mp.mpf(x)


def exactly(function, *numbers):
    """Return a function of mpmath numbers at the given floats."""
    with mp.workdps(DIGITS):
        return function(*map(high, numbers))


def error(found, exact):
    """Return the relative error of a float in units of 2**-52."""
    with mp.workdps(DIGITS):
        if exact == 0 or not math.isfinite(found):
            return 0.0 if found == exact else math.inf
        return float(abs((mp.mpf(found) - exact) / exact) / ULP)


def is_normal(exact):
    """Tell whether a number is in the range where a double has all its digits."""
    return TINY <= abs(exact) <= HUGE


# Closed forms for mpmath: name of the row -> the function and one partial for each operand.


def subnormal_loss(factor):
    """Return how many ulp a factor has lost by being too small for all its digits."""
    return 2.0**-1074 / float(abs(factor)) / ULP if 0 < abs(factor) < TINY else 0.0


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def ramp(x):
    """log(1 + exp(x)) without loss where exp(x) is below the working precision."""
    return mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x))


FAR = mp.mpf(10) ** 4


def phi(x):
    return mp.npdf(x)


def tail(x):
    """erfc, whose series overflows far out, where it is 0 or 2 to a million digits."""
    return mp.erfc(max(-FAR, min(x, FAR)))


def cumulative(x):
    return tail(-x / mp.sqrt(2)) / 2


def sech(x):
    return 2 / (mp.exp(x) + mp.exp(-x))


EXACT = {
    "add": (lambda x, y: x + y, lambda x, y: 1, lambda x, y: 1),
    "sub": (lambda x, y: x - y, lambda x, y: 1, lambda x, y: -1),
    "mul": (lambda x, y: x * y, lambda x, y: y, lambda x, y: x),
    "div": (lambda x, y: x / y, lambda x, y: 1 / y, lambda x, y: -x / y**2),
    "power": (
        lambda x, y: mp.exp(y * mp.log(x)),
        lambda x, y: y * mp.exp((y - 1) * mp.log(x)),
        lambda x, y: mp.exp(y * mp.log(x)) * mp.log(x),
    ),
    "neg": (lambda x: -x, lambda x: -1),
    "pos": (lambda x: x, lambda x: 1),
    "square": (lambda x: x * x, lambda x: 2 * x),
    "sqrt": (mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x))),
    "cbrt": (mp.cbrt, lambda x: mp.cbrt(x) / (3 * x)),
    "exp": (mp.exp, mp.exp),
    "exp2": (lambda x: mp.mpf(2) ** x, lambda x: mp.log(2) * mp.mpf(2) ** x),
    "expm1": (mp.expm1, mp.exp),
    "log": (mp.log, lambda x: 1 / x),
    "log2": (lambda x: mp.log(x) / mp.log(2), lambda x: 1 / (x * mp.log(2))),
    "log10": (mp.log10, lambda x: 1 / (x * mp.log(10))),
    "log1p": (mp.log1p, lambda x: 1 / (1 + x)),
    "sin": (mp.sin, mp.cos),
    "cos": (mp.cos, lambda x: -mp.sin(x)),
    "tan": (mp.tan, lambda x: 1 / mp.cos(x) ** 2),
    "asin": (mp.asin, lambda x: 1 / mp.sqrt(1 - x * x)),
    "acos": (mp.acos, lambda x: -1 / mp.sqrt(1 - x * x)),
    "atan": (mp.atan, lambda x: 1 / (1 + x * x)),
    "atan2": (
        mp.atan2,
        lambda y, x: x / (x * x + y * y),
        lambda y, x: -y / (x * x + y * y),
    ),
    "sinh": (mp.sinh, mp.cosh),
    "cosh": (mp.cosh, mp.sinh),
    "tanh": (mp.tanh, lambda x: sech(x) ** 2),
    "asinh": (mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x)),
    "acosh": (mp.acosh, lambda x: 1 / mp.sqrt(x * x - 1)),
    "atanh": (mp.atanh, lambda x: 1 / (1 - x * x)),
    "hypot": (
        mp.hypot,
        lambda x, y: x / mp.sqrt(x * x + y * y),
        lambda x, y: y / mp.sqrt(x * x + y * y),
    ),
    "gaussian": (
        lambda x, rate: mp.exp(-rate * x * x),
        lambda x, rate: -2 * rate * x * mp.exp(-rate * x * x),
        None,
    ),
    "normal_cdf": (cumulative, phi),
    "erf": (
        lambda x: 1 - tail(x) if abs(x) > 1 else mp.erf(x),
        lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
    ),
    "erfc": (tail, lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x)),
    "polygamma": (
        lambda n, x: mp.polygamma(int(n), x),
        None,
        lambda n, x: mp.polygamma(int(n) + 1, x),
    ),
    "lgamma": (lambda x: mp.log(abs(mp.gamma(x))), mp.digamma),
    "sigmoid": (logistic, lambda x: (sech(x / 2) / 2) ** 2),
    "log_sigmoid": (lambda x: -ramp(-x), lambda x: logistic(-x)),
    "softplus": (ramp, logistic),
    "silu": (lambda x: x * logistic(x), lambda x: logistic(x) * (1 + x * logistic(-x))),
    "gelu": (lambda x: x * cumulative(x), lambda x: cumulative(x) + x * phi(x)),
}


def shares(xs):
    """The softmax of a sequence, for mpmath."""
    top = max(xs)
    exponentials = [mp.exp(x - top) for x in xs]
    return [e / mp.fsum(exponentials) for e in exponentials]


def spread(index, xs):
    """The row of the softmax's Jacobian for one output, for mpmath."""
    s = shares(xs)
    return [s[index] * ((j == index) - s[j]) for j in range(len(xs))]


EXACT_VARIADIC = {
    "inner_product": (
        lambda *v: v[0] + mp.fdot(v[1 : len(v) // 2 + 1], v[len(v) // 2 + 1 :]),
        lambda *v: [1, *v[len(v) // 2 + 1 :], *v[1 : len(v) // 2 + 1]],
    ),
    "total": (lambda *xs: mp.fsum(xs), lambda *xs: [1] * len(xs)),
    "mean": (lambda *xs: mp.fsum(xs) / len(xs), lambda *xs: [mp.mpf(1) / len(xs)] * len(xs)),
    "prod": (
        lambda *xs: mp.fprod(xs),
        lambda *xs: [mp.fprod(xs[:i] + xs[i + 1 :]) for i in range(len(xs))],
    ),
    "norm": (
        lambda *xs: mp.sqrt(mp.fsum(x * x for x in xs)),
        lambda *xs: [x / mp.sqrt(mp.fsum(x * x for x in xs)) for x in xs],
    ),
    "logsumexp": (
        lambda *xs: max(xs) + mp.log(mp.fsum(mp.exp(x - max(xs)) for x in xs)),
        lambda *xs: shares(xs),
    ),
    "softmax_of": (
        lambda index, *xs: shares(xs)[int(index)],
        lambda index, *xs: [None, *spread(int(index), xs)],
    ),
}


# The complex step: the slope is Im f(x + ih) / h, free of cancellation, where f is analytic.

COMPLEX = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "power": lambda x, y: cmath.exp(y * cmath.log(x)),
    "neg": operator.neg,
    "pos": operator.pos,
    "square": lambda x: x * x,
    "sqrt": cmath.sqrt,
    "cbrt": lambda x: cmath.exp(cmath.log(x) / 3),
    "exp": cmath.exp,
    "exp2": lambda x: cmath.exp(x * math.log(2.0)),
    "expm1": cmath.exp,
    "log": cmath.log,
    "log2": lambda x: cmath.log(x) / math.log(2.0),
    "log10": cmath.log10,
    "log1p": lambda x: cmath.log(1 + x),
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "asin": cmath.asin,
    "acos": cmath.acos,
    "atan": cmath.atan,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "asinh": cmath.asinh,
    "acosh": cmath.acosh,
    "atanh": cmath.atanh,
    "sigmoid": lambda x: 1 / (1 + cmath.exp(-x)),
    "log_sigmoid": lambda x: -cmath.log(1 + cmath.exp(-x)),
    "softplus": lambda x: cmath.log(1 + cmath.exp(x)),
    "silu": lambda x: x / (1 + cmath.exp(-x)),
}
STEP = 1e-100


def complex_step(function, numbers, i):
    """Return the partial of a complex function at real numbers, by a step off the real axis."""
    moved = [complex(x, STEP) if j == i else x for j, x in enumerate(numbers)]
    return function(*moved).imag / STEP


# Where primitives are tried.

MAGNITUDES = [
    SMALLEST, 1e-320, 1e-310, TINY, 3e-308, 1e-300, 1e-200, 1e-154, 1e-100, 1e-20, 2.0**-53, 1e-8, 2.0**-27,
    1e-3, 0.1, 0.3, 0.5, 0.6, 0.75, 0.9, 1 - 1e-8, 1 - 2.0**-53, 1.0, 1 + 2.0**-52, 1 + 1e-8, 1.25, 1.278,
    1.46, 1.57, math.pi / 2, 2.0, 2.5, 3.0, math.pi, 5.0, 8.0, 10.0, 18.7, 19.9, 20.0, 26.5, 30.0, 36.7, 37.5,
    38.4, 40.1, 100.0, 354.3, 354.8, 372.0, 700.0, 708.0, 709.7, 710.4, 744.0, 1e3, 1e6, 1e8, 123456789.123,
    1e15, 2.0**53, 1e22, 1e100, 1e154, 1.4e154, 1e200, 1e300, 8e307, HUGE,
]  # fmt: skip
FEW = [
    SMALLEST,
    1e-310,
    1e-200,
    1e-10,
    0.1,
    0.9,
    1.0,
    1.5,
    3.0,
    20.5,
    300.25,
    1e5,
    1e100,
    1e300,
    HUGE,
]


def inside(domain, magnitudes=MAGNITUDES):
    """Return the points of either sign that lie in an open interval, and those nearest its ends."""
    low, top = domain
    ends = [math.nextafter(low, top), math.nextafter(top, low)]
    both = [*magnitudes, *(-x for x in magnitudes), *ends]
    return sorted({x for x in both if low < x < top})


def operand(domain):
    """Draw a number of an open interval: of everyday size, or of any."""
    low, top = domain
    near = st.floats(
        max(low, -50.0), min(top, 50.0), exclude_min=low > -50.0, exclude_max=top < 50.0
    )
    anything = st.floats(low, top, exclude_min=True, exclude_max=True, allow_nan=False)
    return st.one_of(near, anything)


PARAMETERS = {  # operands that are no real numbers: name of the row -> position -> choices
    "gaussian": {1: (0.5, 1.0)},
    "polygamma": {0: (0, 1, 2, 5)},
    "rounded": {1: (0, 2, -1)},
}


def grids(name, magnitudes):
    """Return the points of each operand of a row."""
    special = PARAMETERS.get(name, {})
    return [special.get(i) or inside(d, magnitudes) for i, d in enumerate(p.TABLE[name].domain)]


def points(name):
    """Return the points at which a row with a fixed number of operands is tried."""
    first, *others = grids(name, MAGNITUDES)
    if not others:
        return [(x,) for x in first]
    if name not in PARAMETERS:
        first, *others = grids(name, FEW)
    return [(x, y) for x in first for y in others[0]]


def drawn(name):
    """Draw a point of a row."""
    special = PARAMETERS.get(name, {})
    sides = enumerate(p.TABLE[name].domain)
    return st.tuples(
        *(st.sampled_from(special[i]) if i in special else operand(d) for i, d in sides)
    )


LISTS = [
    (0.5, -1.25, 3.0),
    (1e-3, 700.0, -700.0, 699.0),
    (2.0,),
    (-745.0, 0.0, 30.0, 36.9),
    (1e150, -1e150, 3e149),
    (1e-160, 2e-160, -1e-170),
    (0.1,) * 7,
]


# Programs: straight-line expressions in which any earlier result may be used again.


class Operation(NamedTuple):
    """One line of a program: a function, and where among the results so far its operands stand."""

    function: object
    places: tuple[int, ...]


def run(program, inputs):
    """Return all results of a program: the inputs first, the root last."""
    results = list(inputs)
    for function, places in program:
        results.append(function(*(results[i % len(results)] for i in places)))
    return results


def average(*xs):
    return p.mean(xs)


def largest_exponential(*xs):
    return p.logsumexp(xs)


def inner(w, x, v, y):
    return reductions.dot([w, v], [x, y], 0.5)


TAME = [
    p.sin,
    p.cos,
    p.tanh,
    p.sigmoid,
    p.softplus,
    p.atan,
    p.asinh,
    p.erf,
    p.relu,
    p.absolute,
    p.gelu,
]
RATIONAL = [operator.add, operator.sub, operator.mul]
SMOOTH_MANY = [average, largest_exponential, inner, lambda *xs: p.softmax(xs)[1]]
MANY = [*SMOOTH_MANY, reductions.maximum, reductions.minimum, p.hypot]
place = st.integers(0, 40)


def programs(unary, binary, many=(), length=12):
    """Draw a program; its operands lean on recent results, so that most of it feeds the root."""
    lines = [st.builds(Operation, st.sampled_from(unary), st.tuples(place))] if unary else []
    lines.append(st.builds(Operation, st.sampled_from(binary), st.tuples(place, place)))
    if many:
        wide = st.tuples(place, place, place, place)
        lines.append(st.builds(shortened, st.sampled_from(many), wide))
    return st.lists(st.one_of(lines), min_size=1, max_size=length).map(tuple)


def shortened(function, places):
    """Return a line with as many operands as the function takes."""
    return Operation(function, places[:2] if function is p.hypot else places)


def tied(program, inputs):
    """Return the root of a program as a sum over all its results, so that nothing is unused."""
    results = run(program, inputs)
    root = results[0]
    for i, result in enumerate(results[1:]):
        root = root + result * (0.5 + i)
    return root


everyday = st.floats(-3.0, 3.0).map(lambda x: round(x, 3))
graphs = programs(TAME, RATIONAL, MANY)
smooth_graphs = programs(
    [p.sin, p.cos, p.tanh, p.sigmoid, p.softplus, p.gelu], RATIONAL, SMOOTH_MANY
)


def leaves_of(numbers):
    return [Value(x) for x in numbers]


def path_sum(root):
    """Return for every node the sum over all paths of the absolute products of local derivatives."""
    from autograd import topological_order

    order = topological_order(root)
    paths = dict.fromkeys(order, 0.0)
    paths[root] = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.local_derivatives):
            paths[parent] += abs(slope) * paths[node]
    return paths, len(order)
