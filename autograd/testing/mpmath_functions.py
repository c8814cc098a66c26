"""The functions of the table in the arithmetic of mpmath, for real and for complex numbers.

No derivative stands here: the complex step takes it. What is not analytic decides by the real part.

>>> from autograd.primitives import TABLE
>>> float(precise_function("sigmoid")(0)), sorted(set(TABLE) - set(precise_functions()))
(0.5, [])
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from autograd.testing.mpmath_context import NotLiftable, context

ERFC_ZERO_FROM = 10**4  # erfc is 0 to a million digits from here on
EXP_ZERO_BELOW = -(10**8)  # exp is 0 to a million digits up to here
ERFC_SERIES_BELOW = 4  # where erfc goes over from a series to a continued fraction


def real(x: Any) -> Any:
    """Return the real part of a number, real or complex."""
    return getattr(x, "real", x)


def analytic_abs(x: Any) -> Any:
    """Return the absolute value, analytic on either side of 0."""
    return -x if real(x) < 0 else x


@cache
def precise_functions() -> dict[str, Callable[..., Any]]:
    """Return the name of every row of the table with its function; made once.

    Raises: NotLiftable: mpmath is missing.
    """
    mp = context()
    tables = (
        arithmetic, powers, trigonometric, hyperbolic, special, activations, piecewise,
        comparisons, n_ary,
    )  # fmt: skip
    return {name: function for table in tables for name, function in table(mp).items()}


def precise_function(name: str) -> Callable[..., Any]:
    """Return the function of a row of the table.

    Raises: NotLiftable: it has none here; the message says where to add it.
    """
    try:
        return precise_functions()[name]
    except KeyError:
        raise NotLiftable(
            f"the row {name} has no function in mpmath to be judged by: add {name!r} to the tables "
            "of autograd/testing/mpmath_functions.py"
        ) from None


def require_real(condition: Any, what: str) -> None:
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
    require_real(real(x) > 0, "a power of a negative base")
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
        "absolute": analytic_abs,
        "square": lambda x: x * x,
        "ratio": operator.truediv,
        "fmod": lambda x, y: x - y * toward_zero(mp, real(x / y)),
        "remainder": lambda x, y: x - y * mp.nint(real(x / y)),
        "finite": lambda x: x,
        "spread": lambda x: x * (1 - x),
    }


def restricted(condition: Callable[[Any], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that raises where its operand is outside its domain."""

    def guarded(x: Any) -> Any:
        require_real(condition(real(x)), getattr(function, "__name__", "the function"))
        return function(x)

    return guarded


# mpmath loses the imaginary part of some complex functions where it is small beside the real one.
# These are made of real functions, or of series, and keep it.


def real_and_imaginary(mp: Any, z: Any) -> tuple[Any, Any]:
    """Return the real and the imaginary part."""
    return real(z), getattr(z, "imag", mp.mpf(0))


def arc_tangent(mp: Any, z: Any) -> Any:
    """Return atan of a number (Abramowitz and Stegun, 1964, 4.4.39)."""
    x, y = real_and_imaginary(mp, z)
    turn = (mp.atan2(x, 1 - y) + mp.atan2(x, 1 + y)) / 2
    return mp.mpc(turn, mp.log1p(4 * y / ((1 - y) ** 2 + x * x)) / 4)


def area_tangent(mp: Any, z: Any) -> Any:
    """Return atanh of a number (Abramowitz and Stegun, 1964, 4.6.22 and 4.6.41)."""
    x, y = real_and_imaginary(mp, z)
    far = (1 + x) ** 2 + y * y
    near = (1 - x) ** 2 + y * y
    area = mp.log1p(4 * x / near) / 4 if abs(x) < 0.5 else mp.log(far / near) / 4
    return mp.mpc(area, mp.atan2(2 * y, (1 - x) * (1 + x) - y * y) / 2)


def erf_series(mp: Any, z: Any) -> Any:
    """Return erf by a series of terms of one sign (Abramowitz and Stegun, 1964, 7.1.6)."""
    term = z
    total = z
    n = 1
    while abs(term) > abs(total) * mp.eps:
        term = term * 2 * z * z / (2 * n + 1)
        total = total + term
        n += 1
    return 2 / mp.sqrt(mp.pi) * mp.exp(-z * z) * total


def complementary_erf(mp: Any, z: Any) -> Any:
    """Return erfc: by the series of erf, far out by a continued fraction (7.1.14)."""
    x = real(z)
    if x < 0:
        return 2 - complementary_erf(mp, -z)
    if x > ERFC_ZERO_FROM:
        return mp.mpf(0)
    if x < ERFC_SERIES_BELOW:
        with mp.workdps(mp.dps + 20):
            return 1 - erf_series(mp, z)
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
    return mp.log(mp.pi) - mp.log(analytic_abs(mp.sinpi(x))) - mp.loggamma(1 - x)


def logistic(mp: Any, x: Any) -> Any:
    """Return 1 / (1 + exp(-x)), by the exponential that is no larger than 1."""
    return mp.exp(x) / (1 + mp.exp(x)) if real(x) < 0 else 1 / (1 + mp.exp(-x))


def ramp(mp: Any, x: Any) -> Any:
    """Return log(1 + exp(x)), by the exponential that is no larger than 1."""
    return mp.log1p(mp.exp(x)) if real(x) < 0 else x + mp.log1p(mp.exp(-x))


def normal_distribution(mp: Any, x: Any) -> Any:
    """Return the normal distribution function."""
    return complementary_erf(mp, -x / mp.sqrt(2)) / 2


def log_of_cosh(mp: Any, x: Any) -> Any:
    """Return log(cosh(x)), with all digits also near 0, where it is x**2 / 2."""
    x = analytic_abs(x)
    if real(x) < 1:
        return mp.log1p(2 * mp.sinh(x / 2) ** 2)
    return x + mp.log1p(exponential(mp, -2 * x)) - mp.log(2)


def times_log(mp: Any, x: Any, y: Any) -> Any:
    """Return x * log(y), 0 for a plain x of 0."""
    if x == 0:
        return mp.mpf(0)
    require_real(real(y) > 0, "the logarithm of a negative number")
    return x * mp.log(y)


def toward_zero(mp: Any, x: Any) -> Any:
    """Return a number without its decimal places."""
    return mp.floor(x) if x > 0 else mp.ceil(x)


def times_log1p(mp: Any, x: Any, y: Any) -> Any:
    """Return x * log(1 + y), 0 for a plain x of 0."""
    if x == 0:
        return mp.mpf(0)
    require_real(real(y) > -1, "the logarithm of a negative number")
    return x * mp.log1p(y)


def log_of_one_less(mp: Any, x: Any) -> Any:
    """Return log(1 - exp(-|x|))."""
    small = exponential(mp, -analytic_abs(x))
    require_real(real(x) != 0, "the logarithm of 0")
    if real(small) > 0.5:
        return mp.log(-mp.expm1(-analytic_abs(x)))
    return mp.log1p(-small)


def log2_of_sum(mp: Any, x: Any, y: Any) -> Any:
    """Return log2(2**x + 2**y), by the larger of them."""
    top = x if real(x) >= real(y) else y
    small = exponential(mp, (x + y - 2 * top) * mp.log(2))
    return top + mp.log1p(small) / mp.log(2)


def share_of_two(mp: Any, x: Any, y: Any) -> Any:
    """Return 2**x / (2**x + 2**y)."""
    return softmax_share(mp, 0, [x * mp.log(2), y * mp.log(2)])


def powers(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return roots, exponentials and logarithms."""
    return {
        "sqrt": restricted(lambda x: x >= 0, mp.sqrt),
        "cbrt": lambda x: cube_root(mp, x),
        "exp": mp.exp,
        "exp2": lambda x: mp.mpf(2) ** x,
        "expm1": mp.expm1,
        "log": restricted(lambda x: x > 0, mp.log),
        "log2": restricted(lambda x: x > 0, lambda x: mp.log(x) / mp.log(2)),
        "log10": restricted(lambda x: x > 0, lambda x: mp.log(x) / mp.log(10)),
        "log1p": restricted(lambda x: x > -1, mp.log1p),
        "xlogy": lambda x, y: times_log(mp, x, y),
        "xlog1py": lambda x, y: times_log1p(mp, x, y),
        "exp10": lambda x: mp.mpf(10) ** x,
        "log1mexp": lambda x: log_of_one_less(mp, x),
        "logit": restricted(lambda x: 0 < x < 1, lambda x: mp.log(x / (1 - x))),
        "logaddexp2": lambda x, y: log2_of_sum(mp, x, y),
        "share2": lambda x, y: share_of_two(mp, x, y),
    }


def sine_of_turns(mp: Any, x: Any) -> Any:
    """Return sin(pi x), by the distance from the nearest integer."""
    whole = mp.nint(real(x))
    sign = 1 if whole % 2 == 0 else -1
    return sign * mp.sin(mp.pi * (x - whole))


def cosine_of_turns(mp: Any, x: Any) -> Any:
    """Return cos(pi x), by the distance from the nearest integer."""
    whole = mp.nint(real(x))
    sign = 1 if whole % 2 == 0 else -1
    return sign * mp.cos(mp.pi * (x - whole))


def sinc_slope(mp: Any, n: int, x: Any) -> Any:
    """Return the n-th derivative of sin(pi x) / (pi x): near 0 its series, else by recurrence."""
    u = mp.pi * x
    if abs(real(x)) < n + 1:
        start = (n + 1) // 2
        term = (-1) ** start * u ** (2 * start - n)
        total = term / (2 * start + 1)
        for k in range(start, start + 20 * (n + 2) + mp.dps):
            term = -term * u * u / ((2 * k + 1 - n) * (2 * k + 2 - n))
            total = total + term / (2 * k + 3)
        return mp.pi**n * total
    sine = sine_of_turns(mp, x)
    cosine = cosine_of_turns(mp, x)
    found = sine / u
    for k in range(1, n + 1):
        sine, cosine = cosine, -sine
        found = (sine - k * found) / u
    return mp.pi**n * found


def arc_secant(mp: Any, x: Any) -> Any:
    """Return the angle from 0 to pi whose secant is x."""
    turn = arc_tangent(mp, mp.sqrt((analytic_abs(x) - 1) * (analytic_abs(x) + 1)))
    return mp.pi - turn if real(x) < 0 else turn


def arc_cosecant(mp: Any, x: Any) -> Any:
    """Return the angle from -pi/2 to pi/2 whose cosecant is x."""
    if real(x) < 0:
        return -arc_cosecant(mp, -x)
    return arc_tangent(mp, 1 / mp.sqrt((x - 1) * (x + 1)))


def trigonometric(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions of angles, and those that return one."""
    return {
        "sin": mp.sin,
        "cos": mp.cos,
        "tan": mp.tan,
        "asin": restricted(lambda x: abs(x) <= 1, lambda x: arc_sine(mp, x)),
        "acos": restricted(lambda x: abs(x) <= 1, lambda x: mp.pi / 2 - arc_sine(mp, x)),
        "atan": lambda x: arc_tangent(mp, x),
        "atan2": lambda y, x: angle(mp, y, x),
        "asin_slope": restricted(lambda x: abs(x) < 1, lambda x: 1 / mp.sqrt(1 - x * x)),
        "atan_slope": lambda x: 1 / (1 + x * x),
        "sec": lambda x: 1 / mp.cos(x),
        "csc": lambda x: 1 / mp.sin(x),
        "cot": lambda x: 1 / mp.tan(x),
        "asec": restricted(lambda x: abs(x) > 1, lambda x: arc_secant(mp, x)),
        "acsc": restricted(lambda x: abs(x) > 1, lambda x: arc_cosecant(mp, x)),
        "acot": lambda x: arc_tangent(mp, 1 / x),
        "sinc": lambda x: sinc_slope(mp, 0, x),
        "sinc_slope": lambda n, x: sinc_slope(mp, int(real(n)), x),
        "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    }


def hyperbolic_secant(mp: Any, x: Any) -> Any:
    """Return 1 / cosh(x), by the exponential that is no larger than 1."""
    if abs(real(x)) < 1:
        return 1 / mp.cosh(x)
    small = exponential(mp, -analytic_abs(x))
    return 2 * small / (1 + small * small)


def hyperbolic_cosecant(mp: Any, x: Any) -> Any:
    """Return 1 / sinh(x), by the exponential that is no larger than 1."""
    if real(x) < 0:
        return -hyperbolic_cosecant(mp, -x)
    return 1 / mp.sinh(x) if real(x) < 1 else 2 * exponential(mp, -x) / -mp.expm1(-2 * x)


def hyperbolic_cotangent(mp: Any, x: Any) -> Any:
    """Return 1 / tanh(x), by the exponential that is no larger than 1."""
    if real(x) < 0:
        return -hyperbolic_cotangent(mp, -x)
    return (
        mp.cosh(x) / mp.sinh(x)
        if real(x) < 1
        else (1 + exponential(mp, -2 * x)) / -mp.expm1(-2 * x)
    )


def hyperbolic(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the hyperbolic functions and their inverses."""
    return {
        "sinh": mp.sinh,
        "cosh": mp.cosh,
        "logcosh": lambda x: log_of_cosh(mp, x),
        "tanh": mp.tanh,
        "asinh": lambda x: area_sine(mp, x),
        "acosh": restricted(
            lambda x: x >= 1, lambda x: mp.log1p(x - 1 + mp.sqrt((x - 1) * (x + 1)))
        ),
        "atanh": restricted(lambda x: abs(x) < 1, lambda x: area_tangent(mp, x)),
        "asinh_slope": lambda x: 1 / mp.sqrt(1 + x * x),
        "acosh_slope": restricted(lambda x: x > 1, lambda x: 1 / mp.sqrt((x - 1) * (x + 1))),
        "atanh_slope": restricted(lambda x: abs(x) < 1, lambda x: 1 / (1 - x * x)),
        "sech": lambda x: hyperbolic_secant(mp, x),
        "csch": lambda x: hyperbolic_cosecant(mp, x),
        "coth": lambda x: hyperbolic_cotangent(mp, x),
        "asech": restricted(
            lambda x: 0 < x <= 1, lambda x: area_sine(mp, mp.sqrt((1 - x) * (1 + x)) / x)
        ),
        "asech_slope": restricted(lambda x: 0 < x < 1, lambda x: 1 / (x * mp.sqrt(1 - x * x))),
        "acsch": lambda x: area_sine(mp, 1 / x),
        "acoth": restricted(lambda x: abs(x) > 1, lambda x: mp.log1p(2 / (x - 1)) / 2),
    }


def inverse_erf(mp: Any, x: Any) -> Any:
    """Return the inverse of erf: mpmath's for the real part, steps of Newton's for the other."""
    if real(x) < 0:
        return -inverse_erf(mp, -x)
    with mp.workdps(mp.dps + 20):
        y = mp.erfinv(real(x))
        for _ in range(2 if hasattr(x, "imag") and x.imag else 0):
            off = erf_series(mp, y) if real(y) < 1 else 1 - complementary_erf(mp, y)
            y = y + (x - off) * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
        return y


def gamma(mp: Any, x: Any) -> Any:
    """Return the gamma function, far out by its logarithm, and 0 where that is out of reach."""
    if real(x) > 0:
        return mp.exp(mp.loggamma(x))
    return mp.pi / (sine_of_turns(mp, x) * mp.exp(mp.loggamma(1 - x)))


def special(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions of probability, and those of the gamma function."""
    return {
        "gaussian": lambda x, rate: mp.exp(-rate * x * x),
        "normal_cdf": lambda x: normal_distribution(mp, x),
        "erf": lambda x: erf_series(mp, x) if abs(real(x)) < 1 else 1 - complementary_erf(mp, x),
        "erfc": lambda x: complementary_erf(mp, x),
        "erfinv": restricted(lambda x: abs(x) < 1, lambda x: inverse_erf(mp, x)),
        "erfinv_slope": restricted(
            lambda x: abs(x) < 1, lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(inverse_erf(mp, x) ** 2)
        ),
        "gamma": lambda x: gamma(mp, x),
        "polygamma": lambda n, x: mp.psi(int(real(n)), x),
        "lgamma": lambda x: log_gamma(mp, x),
    }


def mish(mp: Any, x: Any) -> Any:
    """Return x tanh(log(1 + exp(x))), by the exponential that is no larger than 1."""
    if real(x) < 0:
        small = exponential(mp, x)
        above = small * small + 2 * small
        return x * above / (above + 2)
    small = exponential(mp, -x)
    return x * (1 + 2 * small) / (1 + 2 * small + 2 * small * small)


def exponential_gap(mp: Any, x: Any) -> Any:
    """Return expm1(x) - x exp(x), near 0 by its series."""
    if abs(x) < 1:
        return power_series(mp, x, lambda k: 1 - k)
    return mp.expm1(x) - x * mp.exp(x) if real(x) > EXP_ZERO_BELOW else mp.mpf(-1)


def power_series(mp: Any, x: Any, factor: Callable[[int], int]) -> Any:
    """Return the sum of factor(k) x**k / k! from k = 2 on."""
    term = x
    total = 0 * x
    for k in range(2, mp.dps + 20):
        term = term * x / k
        total = total + factor(k) * term
    return total


def celu(mp: Any, x: Any, alpha: Any) -> Any:
    """Return x, and alpha expm1(x / alpha) left of 0; near it by what that is more than x."""
    if real(x) > 0:
        return x
    if abs(x) < abs(alpha):
        return x + alpha * power_series(mp, x / alpha, lambda k: 1)
    return alpha * mp.expm1(x / alpha) if real(x / alpha) > EXP_ZERO_BELOW else -alpha


def soft_sign(mp: Any, x: Any) -> Any:
    """Return x / (1 + |x|), far out by the distance from 1."""
    if abs(real(x)) < 1:
        return x / (1 + analytic_abs(x))
    return mp.sign(real(x)) * (1 - 1 / (1 + analytic_abs(x)))


def square_plus(mp: Any, x: Any, b: Any) -> Any:
    """Return (x + sqrt(x**2 + b)) / 2, without cancellation."""
    length = mp.sqrt(x * x + b)
    return (x + length) / 2 if real(x) > 0 else b / (2 * (length - x))


def slope_of_square_plus(mp: Any, x: Any, b: Any) -> Any:
    """Return (1 + x / sqrt(x**2 + b)) / 2, without cancellation."""
    length = mp.sqrt(x * x + b)
    if real(x * x) < real(b):
        return (1 + x / length) / 2
    if real(x) > 0:
        return 1 - slope_of_square_plus(mp, -x, b)
    return b / (2 * length * (length - x))


def activations(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the analytic activation functions of networks."""
    return {
        "sigmoid": lambda x: logistic(mp, x),
        "log_sigmoid": lambda x: -ramp(mp, -x),
        "softplus": lambda x: ramp(mp, x),
        "silu": lambda x: x * logistic(mp, x),
        "gelu": lambda x: x * normal_distribution(mp, x),
        "sigmoid_slope": lambda x: hyperbolic_secant(mp, x / 2) ** 2 / 4,
        "silu_slope": lambda x: logistic(mp, x) * (1 + x * logistic(mp, -x)),
        "gelu_slope": lambda x: (
            normal_distribution(mp, x) + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
        ),
        "mish": lambda x: mish(mp, x),
        "celu_gap": lambda x: exponential_gap(mp, x),
        "squareplus": lambda x, b: square_plus(mp, x, b),
        "squareplus_slope": lambda x, b: slope_of_square_plus(mp, x, b),
    }


def to_digits(mp: Any, x: Any, digits: Any) -> Any:
    """Return a number rounded to some decimal places."""
    shift = mp.mpf(10) ** int(real(digits))
    return mp.nint(real(x) * shift) / shift


def piecewise(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions that decide by the real part."""
    return {
        "step": lambda x: mp.mpf(real(x) > 0),
        "trunc": lambda x: toward_zero(mp, real(x)),
        "pieces_slope": lambda x, slope: mp.mpf(1) if real(x) > 0 else slope,
        "celu": lambda x, alpha: celu(mp, x, alpha),
        "softsign": lambda x: soft_sign(mp, x),
        "sign": lambda x: mp.sign(real(x)),
        "floor": lambda x: mp.floor(real(x)),
        "ceil": lambda x: mp.ceil(real(x)),
        "rounded": lambda x, digits: to_digits(mp, x, digits),
        "copysign": lambda x, y: x if (real(x) < 0) == (real(y) < 0) else -x,
        "at_least": lambda x, bound: x if real(x) > real(bound) else bound,
        "at_most": lambda x, bound: x if real(x) < real(bound) else bound,
        "relu": lambda x: x if real(x) > 0 else mp.mpf(0),
        "leaky_relu": lambda x, slope: x if real(x) > 0 else slope * x,
        "elu": lambda x, scale: x if real(x) > 0 else scale * mp.expm1(x),
        "clip": lambda x, low, high: low if real(x) < real(low) else min(x, high, key=real),
        "where": lambda condition, x, y: x if real(condition) else y,
        "stop_gradient": real,
    }


def comparisons(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the comparisons, of real parts: 1 where they hold, else 0."""
    return {
        "less": lambda x, y: mp.mpf(real(x) < real(y)),
        "less_equal": lambda x, y: mp.mpf(real(x) <= real(y)),
        "greater": lambda x, y: mp.mpf(real(x) > real(y)),
        "greater_equal": lambda x, y: mp.mpf(real(x) >= real(y)),
        "tied": lambda x, y: mp.mpf(real(x) == real(y)),
        "equal": lambda x, y: mp.mpf(real(x) == real(y)),
        "unequal": lambda x, y: mp.mpf(real(x) != real(y)),
    }


def exponential(mp: Any, x: Any) -> Any:
    """Return exp, and 0 where it is too small for any number of digits in use."""
    return mp.exp(x) if real(x) > EXP_ZERO_BELOW else mp.mpf(0)


def softmax_share(mp: Any, index: Any, xs: Sequence[Any]) -> Any:
    """Return one number of a softmax, by the others relative to it.

    So a share next to 1 keeps its imaginary part.
    """
    own = int(real(index))
    relative = [x - xs[own] for j, x in enumerate(xs) if j != own]
    if any(real(x) > -EXP_ZERO_BELOW for x in relative):
        return mp.mpf(0)
    return 1 / (1 + sum(exponential(mp, x) for x in relative))


def dot(bias: Any, *operands: Any) -> Any:
    """Return the bias plus the products of the first half of the operands and the second."""
    half = len(operands) // 2
    products = map(operator.mul, operands[:half], operands[half:])
    return sum(products, bias)


def log_of_sum(mp: Any, xs: Sequence[Any]) -> Any:
    """Return the logarithm of a sum of exponentials, by the largest of them."""
    top = max(map(real, xs))
    return top + mp.log(sum(exponential(mp, x - top) for x in xs))


def log_share(mp: Any, index: Any, xs: Sequence[Any]) -> Any:
    """Return the logarithm of one number of a softmax, by the largest of them."""
    place = max(range(len(xs)), key=lambda j: real(xs[j]))
    others = [exponential(mp, x - xs[place]) for j, x in enumerate(xs) if j != place]
    return xs[int(real(index))] - xs[place] - mp.log1p(sum(others))


def n_ary(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions of many operands."""
    return {
        "inner_product": dot,
        "total": lambda *xs: sum(xs),
        "fsum": lambda *xs: sum(xs),
        "mean": lambda *xs: sum(xs) / len(xs),
        "prod": lambda *xs: mp.fprod(xs),
        "norm": lambda *xs: mp.sqrt(sum(x * x for x in xs)),
        "logsumexp": lambda *xs: log_of_sum(mp, xs),
        "softmax_of": lambda index, *xs: softmax_share(mp, index, xs),
        "log_softmax_of": lambda index, *xs: log_share(mp, index, xs),
        "largest": lambda *xs: max(xs, key=real),
        "smallest": lambda *xs: min(xs, key=real),
    }
