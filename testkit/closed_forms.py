"""Closed forms of the table's smooth rows and of their partial derivatives, for mpmath.

`EXACT` and `EXACT_VARIADIC` restate them without a look at the table's own formulas: for the name
of a row, the function and one partial for each operand. A row that is not written down here by hand
has the function of `autograd.testing.mpmath_functions`, and its complex steps for partials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp, mpf

from autograd.primitive_type import Variadic
from autograd.primitives import TABLE
from autograd.testing.mpmath_context import context
from autograd.testing.mpmath_functions import precise_function, real


def logistic(x: mpf) -> mpf:
    return 1 / (1 + mp.exp(-x))


def ramp(x: mpf) -> mpf:
    """log(1 + exp(x)) without loss where exp(x) is below the working precision."""
    return mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x))


FAR = mp.mpf(10) ** 4


def phi(x: mpf) -> mpf:
    return mp.npdf(x)


def tail(x: mpf) -> mpf:
    """erfc, whose series overflows far out, where it is 0 or 2 to a million digits."""
    return mp.erfc(max(-FAR, min(x, FAR)))


def cumulative(x: mpf) -> mpf:
    return tail(-x / mp.sqrt(2)) / 2


def sech(x: mpf) -> mpf:
    return 2 / (mp.exp(x) + mp.exp(-x))


EXACT: dict[str, tuple[Any, ...]] = {
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


def shares(xs: Sequence[mpf]) -> list[mpf]:
    """The softmax of a sequence, for mpmath."""
    top = max(xs)
    exponentials = [mp.exp(x - top) for x in xs]
    return [e / mp.fsum(exponentials) for e in exponentials]


def spread(index: int, xs: Sequence[mpf]) -> list[mpf]:
    """The row of the softmax's Jacobian for one output, for mpmath."""
    s = shares(xs)
    return [s[index] * ((j == index) - s[j]) for j in range(len(xs))]


EXACT_VARIADIC: dict[str, tuple[Callable[..., mpf], Callable[..., list[Any]]]] = {
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


GUARD_DIGITS = 20  # that mpmath's functions may lose


def value_of(name: str) -> Callable[..., mpf]:
    """Return a row, as it is in many digits, as a function of mpmath's global numbers."""

    def value(*numbers: mpf) -> mpf:
        with context().workdps(mp.dps + GUARD_DIGITS):
            return mp.mpf(real(precise_function(name)(*map(context().mpf, numbers))))

    return value


def partial_of(name: str, i: int) -> Callable[..., mpf]:
    """Return the i-th partial of a row: the complex step, with digits for what it drops.

    The step is small against 1 and against every operand, for a row may be a function of their
    difference or of their quotient. It cancels nothing, so it may be as small as one likes.
    """

    def partial(*numbers: mpf) -> mpf:
        with context().workdps(3 * mp.dps + GUARD_DIGITS):
            moved = list(map(context().mpf, numbers))
            size = min([context().mpf(1), *(abs(x) for x in moved if x)])
            step = size * context().mpf(10) ** -(mp.dps + GUARD_DIGITS // 2)
            moved[i] = context().mpc(moved[i], step)
            return mp.mpf(precise_function(name)(*moved).imag / step)

    return partial


def partials_of(name: str) -> Callable[..., list[mpf]]:
    """Return the rule of an n-ary row: all its partials at once."""
    return lambda *xs: [partial_of(name, i)(*xs) for i in range(len(xs))]


for name, row in TABLE.items():
    if not row.smooth or name in EXACT or name in EXACT_VARIADIC:
        continue
    if isinstance(row, Variadic):
        EXACT_VARIADIC[name] = (value_of(name), partials_of(name))
    elif any(row.partials):
        partials = [rule and partial_of(name, i) for i, rule in enumerate(row.partials)]
        EXACT[name] = (value_of(name), *partials)
