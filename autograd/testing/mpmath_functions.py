"""The functions of the table in the arithmetic of mpmath, for real and for complex numbers.

No derivative stands here: the complex step takes it. What is not analytic decides by the real part.

>>> from autograd.primitives import TABLE
>>> float(forms()["sigmoid"](0)), sorted(set(TABLE) - set(forms()))
(0.5, [])
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from autograd.testing.number_types import context, shared

FAR = 10**4  # erfc is 0 to a million digits from here on
EXP_ZERO_BELOW = -(10**8)  # exp is 0 to a million digits up to here
NEAR = 4  # where erfc goes over from a series to a continued fraction


def real(x: Any) -> Any:
    """Return the real part of a number of either kind."""
    return getattr(x, "real", x)


def size(x: Any) -> Any:
    """Return the absolute value, analytic on either side of 0."""
    return -x if real(x) < 0 else x


def forms() -> dict[str, Callable[..., Any]]:
    """Return the name of every row of the table with its function; made once."""
    if "forms" not in shared:
        mp = context()
        shared["forms"] = {**arithmetic(mp), **smooth(mp), **choices(mp), **sequences(mp)}
    found: dict[str, Callable[..., Any]] = shared["forms"]
    return found


def within(condition: Any, what: str) -> None:
    """Raise a ValueError where a function is not real."""
    if not condition:
        raise ValueError(f"{what} is not real here")


def powered(mp: Any, x: Any, y: Any) -> Any:
    """Return x ** y for a base that is positive, or an exponent that is an integer."""
    if y == real(y) and real(y) == mp.floor(real(y)) and abs(y) < 1e6:
        if x == 0 and real(y) < 0:
            raise ZeroDivisionError("zero to a negative power")
        return x ** int(real(y))
    if x == 0 and real(y) > 0:
        return mp.mpf(0)
    within(real(x) > 0, "a power of a negative base")
    return mp.exp(y * mp.log(x))


def arithmetic(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the operators."""
    return {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "div": operator.truediv,
        "power": lambda x, y: powered(mp, x, y),
        "mod": lambda x, y: x - y * mp.floor(real(x / y)),
        "floordiv": lambda x, y: mp.floor(real(x / y)),
        "neg": operator.neg,
        "pos": lambda x: x,
        "absolute": size,
        "square": lambda x: x * x,
    }


def on(condition: Callable[[Any], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that raises where its operand is outside its domain."""

    def guarded(x: Any) -> Any:
        within(condition(real(x)), getattr(function, "__name__", "the function"))
        return function(x)

    return guarded


# mpmath loses the imaginary part of some complex functions where it is small beside the real one.
# These are made of real functions, or of series, and keep it.


def parts(mp: Any, z: Any) -> tuple[Any, Any]:
    """Return the real and the imaginary part."""
    return real(z), getattr(z, "imag", mp.mpf(0))


def arc_tangent(mp: Any, z: Any) -> Any:
    """Return atan of a number (Abramowitz and Stegun, 1964, 4.4.39)."""
    x, y = parts(mp, z)
    turn = (mp.atan2(x, 1 - y) + mp.atan2(x, 1 + y)) / 2
    return mp.mpc(turn, mp.log1p(4 * y / ((1 - y) ** 2 + x * x)) / 4)


def area_tangent(mp: Any, z: Any) -> Any:
    """Return atanh of a number (Abramowitz and Stegun, 1964, 4.6.22 and 4.6.41)."""
    x, y = parts(mp, z)
    far, near = (1 + x) ** 2 + y * y, (1 - x) ** 2 + y * y
    size = mp.log1p(4 * x / near) / 4 if abs(x) < 0.5 else mp.log(far / near) / 4
    return mp.mpc(size, mp.atan2(2 * y, (1 - x) * (1 + x) - y * y) / 2)


def small_erf(mp: Any, z: Any) -> Any:
    """Return erf by a series of terms of one sign (Abramowitz and Stegun, 1964, 7.1.6)."""
    term = whole = z
    n = 1
    while abs(term) > abs(whole) * mp.eps:
        term = term * 2 * z * z / (2 * n + 1)
        whole, n = whole + term, n + 1
    return 2 / mp.sqrt(mp.pi) * mp.exp(-z * z) * whole


def tail(mp: Any, z: Any) -> Any:
    """Return erfc: by the series of erf, far out by a continued fraction (7.1.14)."""
    x = real(z)
    if x < 0:
        return 2 - tail(mp, -z)
    if x > FAR:
        return mp.mpf(0)
    if x < NEAR:
        with mp.workdps(mp.dps + 20):
            return 1 - small_erf(mp, z)
    below = z
    for n in range(int(mp.dps**2 / x**2) + 20, 0, -1):
        below = z + n / (2 * below)
    return mp.exp(-z * z) / (mp.sqrt(mp.pi) * below)


def area_sine(mp: Any, x: Any) -> Any:
    """Return asinh of a number."""
    if real(x) < 0:
        return -area_sine(mp, -x)
    if real(x) < 1:
        return area_tangent(mp, x / mp.sqrt(1 + x * x))
    return mp.log(x + mp.sqrt(1 + x * x))


def arc_sine(mp: Any, x: Any) -> Any:
    """Return asin of a number."""
    if abs(x) == 1:
        return x * mp.pi / 2
    return arc_tangent(mp, x / mp.sqrt((1 - x) * (1 + x)))


def angle(mp: Any, y: Any, x: Any) -> Any:
    """Return atan2 of two numbers, by the quotient that is no larger than 1."""
    if abs(real(x)) >= abs(real(y)):
        turn = 0 if real(x) > 0 else mp.pi if real(y) >= 0 else -mp.pi
        return arc_tangent(mp, y / x) + turn
    return (mp.pi / 2 if real(y) > 0 else -mp.pi / 2) - arc_tangent(mp, x / y)


def cube_root(mp: Any, x: Any) -> Any:
    """Return the root of either sign."""
    return -cube_root(mp, -x) if real(x) < 0 else x ** (mp.mpf(1) / 3)


def log_gamma(mp: Any, x: Any) -> Any:
    """Return log |gamma(x)|, left of 0 by reflection (Abramowitz and Stegun, 1964, 6.1.17)."""
    if real(x) > 0:
        return mp.loggamma(x)
    return mp.log(mp.pi) - mp.log(size(mp.sinpi(x))) - mp.loggamma(1 - x)


def logistic(mp: Any, x: Any) -> Any:
    """Return 1 / (1 + exp(-x)), by the exponential that is no larger than 1."""
    return mp.exp(x) / (1 + mp.exp(x)) if real(x) < 0 else 1 / (1 + mp.exp(-x))


def ramp(mp: Any, x: Any) -> Any:
    """Return log(1 + exp(x)), by the exponential that is no larger than 1."""
    return mp.log1p(mp.exp(x)) if real(x) < 0 else x + mp.log1p(mp.exp(-x))


def cumulative(mp: Any, x: Any) -> Any:
    """Return the normal distribution function."""
    return tail(mp, -x / mp.sqrt(2)) / 2


def smooth(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the analytic functions."""
    return {
        "sqrt": on(lambda x: x >= 0, mp.sqrt),
        "cbrt": lambda x: cube_root(mp, x),
        "exp": mp.exp,
        "exp2": lambda x: mp.mpf(2) ** x,
        "expm1": mp.expm1,
        "log": on(lambda x: x > 0, mp.log),
        "log2": on(lambda x: x > 0, lambda x: mp.log(x) / mp.log(2)),
        "log10": on(lambda x: x > 0, lambda x: mp.log(x) / mp.log(10)),
        "log1p": on(lambda x: x > -1, mp.log1p),
        "sin": mp.sin,
        "cos": mp.cos,
        "tan": mp.tan,
        "asin": on(lambda x: abs(x) <= 1, lambda x: arc_sine(mp, x)),
        "acos": on(lambda x: abs(x) <= 1, lambda x: mp.pi / 2 - arc_sine(mp, x)),
        "atan": lambda x: arc_tangent(mp, x),
        "atan2": lambda y, x: angle(mp, y, x),
        "sinh": mp.sinh,
        "cosh": mp.cosh,
        "tanh": mp.tanh,
        "asinh": lambda x: area_sine(mp, x),
        "acosh": on(lambda x: x >= 1, lambda x: mp.log1p(x - 1 + mp.sqrt((x - 1) * (x + 1)))),
        "atanh": on(lambda x: abs(x) < 1, lambda x: area_tangent(mp, x)),
        "hypot": lambda x, y: mp.sqrt(x * x + y * y),
        "gaussian": lambda x, rate: mp.exp(-rate * x * x),
        "normal_cdf": lambda x: cumulative(mp, x),
        "erf": lambda x: small_erf(mp, x) if abs(real(x)) < 1 else 1 - tail(mp, x),
        "erfc": lambda x: tail(mp, x),
        "polygamma": lambda n, x: mp.psi(int(real(n)), x),
        "lgamma": lambda x: log_gamma(mp, x),
        "sigmoid": lambda x: logistic(mp, x),
        "log_sigmoid": lambda x: -ramp(mp, -x),
        "softplus": lambda x: ramp(mp, x),
        "silu": lambda x: x * logistic(mp, x),
        "gelu": lambda x: x * cumulative(mp, x),
    }


def choices(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions that decide by the real part, and the comparisons."""

    def elu(x: Any, scale: Any) -> Any:
        return x if real(x) > 0 else scale * mp.expm1(x)

    def rounded(x: Any, digits: Any) -> Any:
        shift = mp.mpf(10) ** int(real(digits))
        return mp.nint(real(x) * shift) / shift

    return {
        "step": lambda x: mp.mpf(real(x) > 0),
        "sign": lambda x: mp.sign(real(x)),
        "floor": lambda x: mp.floor(real(x)),
        "ceil": lambda x: mp.ceil(real(x)),
        "rounded": rounded,
        "copysign": lambda x, y: x if (real(x) < 0) == (real(y) < 0) else -x,
        "at_least": lambda x, bound: x if real(x) > real(bound) else bound,
        "at_most": lambda x, bound: x if real(x) < real(bound) else bound,
        "relu": lambda x: x if real(x) > 0 else mp.mpf(0),
        "leaky_relu": lambda x, slope: x if real(x) > 0 else slope * x,
        "elu": elu,
        "clip": lambda x, low, high: low if real(x) < real(low) else min(x, high, key=real),
        "where": lambda condition, x, y: x if real(condition) else y,
        "stop_gradient": real,
        "less": lambda x, y: mp.mpf(real(x) < real(y)),
        "less_equal": lambda x, y: mp.mpf(real(x) <= real(y)),
        "greater": lambda x, y: mp.mpf(real(x) > real(y)),
        "greater_equal": lambda x, y: mp.mpf(real(x) >= real(y)),
        "equal": lambda x, y: mp.mpf(real(x) == real(y)),
    }


def sequences(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions of many operands."""

    def exponential(x: Any) -> Any:
        return mp.exp(x) if real(x) > EXP_ZERO_BELOW else mp.mpf(0)

    def share(index: Any, *xs: Any) -> Any:
        """The others relative to this one: so a share next to 1 keeps its imaginary part."""
        own = int(real(index))
        apart = [x - xs[own] for j, x in enumerate(xs) if j != own]
        if any(real(x) > -EXP_ZERO_BELOW for x in apart):
            return mp.mpf(0)
        return 1 / (1 + sum(exponential(x) for x in apart))

    def dot(*operands: Any) -> Any:
        half = len(operands) // 2 + 1
        products = map(operator.mul, operands[1:half], operands[half:])
        return sum(products, operands[0])

    def log_of_sum(*xs: Any) -> Any:
        top = max(map(real, xs))
        return top + mp.log(sum(exponential(x - top) for x in xs))

    return {
        "inner_product": dot,
        "total": lambda *xs: sum(xs),
        "mean": lambda *xs: sum(xs) / len(xs),
        "prod": lambda *xs: mp.fprod(xs),
        "norm": lambda *xs: mp.sqrt(sum(x * x for x in xs)),
        "logsumexp": log_of_sum,
        "softmax_of": share,
        "largest": lambda *xs: max(xs, key=real),
        "smallest": lambda *xs: min(xs, key=real),
    }
