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
from typing import TYPE_CHECKING, Any

from autograd.testing.mpmath_context import NotLiftable, context

if TYPE_CHECKING:
    from mpmath import MPContext
    from mpmath.ctx_mp_python import mpnumeric as Number  # real or complex

Form = Callable[..., Any]
"""The function of a row, in mpmath's."""

Forms = dict[str, Form]
"""The forms of some rows, by the names of the rows."""

# From here on erfc is 0 to a million digits.
ERFC_ZERO_FROM = 10**4
# Up to here exp is 0 to a million digits.
EXP_ZERO_BELOW = -(10**8)
# Below this erfc is a series, from here on a continued fraction.
ERFC_SERIES_BELOW = 4
# Digits for what cancels, and terms for what converges slowly.
SPARE = 20


def real(x: Number) -> Number:
    """Return the real part of a number, real or complex."""
    return getattr(x, "real", x)


def whole(n: Number) -> int:
    """Return an index, or how many times, as an int."""
    return int(real(n))


def analytic_abs(x: Number) -> Number:
    """Return the absolute value, analytic on either side of 0."""
    return -x if real(x) < 0 else x


@cache
def precise_functions() -> Forms:
    """Return the name of every row of the table with its function; made once.

    Raises: NotLiftable: mpmath is missing.
    """
    mp = context()
    tables = (
        arithmetic, powers, trigonometric, hyperbolic, special, activations, piecewise,
        comparisons, n_ary,
    )  # fmt: skip
    found: Forms = {}
    for table in tables:
        found.update(table(mp))
    return found


def precise_function(name: str) -> Form:
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


def require_real(condition: bool, what: str) -> None:
    """Raise a ValueError where a function is not real."""
    if not condition:
        raise ValueError(f"{what} is not real here")


def powered(x: Number, y: Number) -> Number:
    """Return x ** y for a base that is positive, or an exponent that is an integer."""
    mp = context()
    exponent = real(y)
    is_integer = y == exponent and exponent == mp.floor(exponent)
    if is_integer and abs(y) < 1e6:
        if x == 0 and exponent < 0:
            raise ZeroDivisionError("zero to a negative power")
        return x ** int(exponent)
    if x == 0 and exponent > 0:
        return mp.mpf(0)
    require_real(real(x) > 0, "a power of a negative base")
    return mp.exp(y * mp.log(x))


def modulo(x: Number, y: Number) -> Number:
    """Return what is left of x by the quotient rounded down."""
    return x - y * whole_quotient(x, y)


def whole_quotient(x: Number, y: Number) -> Number:
    """Return the quotient rounded down."""
    quotient = real(x / y)
    return context().floor(quotient)


def truncated_modulo(x: Number, y: Number) -> Number:
    """Return what is left of x by the quotient without its decimal places."""
    quotient = toward_zero(real(x / y))
    return x - y * quotient


def nearest_modulo(x: Number, y: Number) -> Number:
    """Return what is left of x by the nearest quotient."""
    quotient = context().nint(real(x / y))
    return x - y * quotient


def arithmetic(mp: MPContext) -> Forms:
    """Return the operators."""
    return {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "div": operator.truediv,
        "power": powered,
        "mod": modulo,
        "floordiv": whole_quotient,
        "neg": operator.neg,
        "pos": lambda x: x,
        "absolute": analytic_abs,
        "square": lambda x: x * x,
        "ratio": operator.truediv,
        "fmod": truncated_modulo,
        "remainder": nearest_modulo,
        "finite": lambda x: x,
        "spread": lambda x: x * (1 - x),
    }


def restricted(
    condition: Callable[[Number], bool], function: Callable[[Number], Number]
) -> Callable[[Number], Number]:
    """Return a function that raises where its operand is outside its domain."""
    name = getattr(function, "__name__", "the function")

    def guarded(x: Number) -> Number:
        require_real(condition(real(x)), name)
        return function(x)

    return guarded


# The domains, of real numbers.


def positive(x: Number) -> bool:
    """Tell whether x is in (0, inf)."""
    return bool(x > 0)


def inside(x: Number) -> bool:
    """Tell whether x is in (-1, 1)."""
    return bool(abs(x) < 1)


def inside_or_at(x: Number) -> bool:
    """Tell whether x is in [-1, 1]."""
    return bool(abs(x) <= 1)


def outside(x: Number) -> bool:
    """Tell whether x is beyond -1 or 1."""
    return bool(abs(x) > 1)


def between(x: Number) -> bool:
    """Tell whether x is in (0, 1)."""
    return bool(0 < x < 1)


# mpmath loses the imaginary part of some complex functions where it is small beside the real one.
# These are made of real functions, or of series, and keep it.


def real_and_imaginary(z: Number) -> tuple[Number, Number]:
    """Return the real and the imaginary part."""
    nothing = context().mpf(0)
    return real(z), getattr(z, "imag", nothing)


def arc_tangent(z: Number) -> Number:
    """Return atan of a number (Abramowitz and Stegun, 1964, 4.4.39)."""
    mp = context()
    x, y = real_and_imaginary(z)
    right = mp.atan2(x, 1 - y)
    left = mp.atan2(x, 1 + y)
    below = (1 - y) ** 2 + x * x
    area = mp.log1p(4 * y / below)
    return mp.mpc((right + left) / 2, area / 4)


def area_tangent(z: Number) -> Number:
    """Return atanh of a number (Abramowitz and Stegun, 1964, 4.6.22 and 4.6.41)."""
    mp = context()
    x, y = real_and_imaginary(z)
    far = (1 + x) ** 2 + y * y
    near = (1 - x) ** 2 + y * y
    # Next to 0 the quotient is next to 1, and its logarithm would lose digits.
    area = mp.log1p(4 * x / near) if abs(x) < 0.5 else mp.log(far / near)
    real_part = (1 - x) * (1 + x) - y * y
    turn = mp.atan2(2 * y, real_part)
    return mp.mpc(area / 4, turn / 2)


def erf_series(z: Number) -> Number:
    """Return erf by a series of terms of one sign (Abramowitz and Stegun, 1964, 7.1.6)."""
    mp = context()
    term = z
    total = z
    n = 1
    while abs(term) > abs(total) * mp.eps:
        term = term * 2 * z * z / (2 * n + 1)
        total = total + term
        n += 1
    scale = 2 / mp.sqrt(mp.pi)
    return scale * mp.exp(-z * z) * total


def complementary_erf(z: Number) -> Number:
    """Return erfc: by the series of erf, far out by a continued fraction (7.1.14)."""
    mp = context()
    x = real(z)
    if x < 0:
        return 2 - complementary_erf(-z)
    if x > ERFC_ZERO_FROM:
        return mp.mpf(0)
    if x < ERFC_SERIES_BELOW:
        # Next to 1 the difference cancels.
        with mp.workdps(mp.dps + SPARE):
            return 1 - erf_series(z)
    terms = int(mp.dps**2 / x**2) + SPARE
    below = z
    for n in range(terms, 0, -1):
        below = z + n / (2 * below)
    scale = mp.sqrt(mp.pi)
    return mp.exp(-z * z) / (scale * below)


def leg_inside(x: Number) -> Number:
    """Return sqrt(1 - x**2), with all digits also near 1."""
    square = (1 - x) * (1 + x)
    return context().sqrt(square)


def leg_outside(x: Number) -> Number:
    """Return sqrt(x**2 - 1), with all digits also near 1."""
    square = (x - 1) * (x + 1)
    return context().sqrt(square)


def area_sine(x: Number) -> Number:
    """Return asinh of a number."""
    mp = context()
    if real(x) < 0:
        return -area_sine(-x)
    hypotenuse = mp.sqrt(1 + x * x)
    # Next to 0 the logarithm would lose digits.
    if real(x) < 1:
        return area_tangent(x / hypotenuse)
    return mp.log(x + hypotenuse)


def area_cosine(x: Number) -> Number:
    """Return acosh of a number, with all digits also near 1."""
    mp = context()
    above = x - 1 + leg_outside(x)
    return mp.log1p(above)


def area_cotangent(x: Number) -> Number:
    """Return acoth of a number, with all digits also far out."""
    mp = context()
    return mp.log1p(2 / (x - 1)) / 2


def arc_sine(x: Number) -> Number:
    """Return asin of a number."""
    if abs(x) == 1:
        return x * context().pi / 2
    cosine = leg_inside(x)
    return arc_tangent(x / cosine)


def arc_cosine(x: Number) -> Number:
    """Return acos of a number."""
    right_angle = context().pi / 2
    return right_angle - arc_sine(x)


def angle(y: Number, x: Number) -> Number:
    """Return atan2 of two numbers, by the quotient that is no larger than 1."""
    half_turn = context().pi
    if abs(real(x)) >= abs(real(y)):
        turn = arc_tangent(y / x)
        if real(x) > 0:
            return turn
        return turn + half_turn if real(y) >= 0 else turn - half_turn
    quarter = half_turn / 2 if real(y) > 0 else -half_turn / 2
    return quarter - arc_tangent(x / y)


def cube_root(x: Number) -> Number:
    """Return the root of either sign."""
    if real(x) < 0:
        return -cube_root(-x)
    third = context().mpf(1) / 3
    return x**third


def log_gamma(x: Number) -> Number:
    """Return log |gamma(x)|, left of 0 by reflection (Abramowitz and Stegun, 1964, 6.1.17)."""
    mp = context()
    if real(x) > 0:
        return mp.loggamma(x)
    sine = analytic_abs(mp.sinpi(x))
    reflected = mp.loggamma(1 - x)
    return mp.log(mp.pi) - mp.log(sine) - reflected


def logistic(x: Number) -> Number:
    """Return 1 / (1 + exp(-x)), by the exponential that is no larger than 1."""
    mp = context()
    if real(x) < 0:
        small = mp.exp(x)
        return small / (1 + small)
    return 1 / (1 + mp.exp(-x))


def ramp(x: Number) -> Number:
    """Return log(1 + exp(x)), by the exponential that is no larger than 1."""
    mp = context()
    if real(x) < 0:
        return mp.log1p(mp.exp(x))
    return x + mp.log1p(mp.exp(-x))


def normal_distribution(x: Number) -> Number:
    """Return the normal distribution function."""
    scaled = -x / context().sqrt(2)
    return complementary_erf(scaled) / 2


def log_of_cosh(x: Number) -> Number:
    """Return log(cosh(x)), with all digits also near 0, where it is x**2 / 2."""
    mp = context()
    x = analytic_abs(x)
    if real(x) < 1:
        half = mp.sinh(x / 2)
        return mp.log1p(2 * half**2)
    small = exponential(-2 * x)
    return x + mp.log1p(small) - mp.log(2)


def times_log(x: Number, y: Number) -> Number:
    """Return x * log(y), 0 for a plain x of 0."""
    mp = context()
    if x == 0:
        return mp.mpf(0)
    require_real(real(y) > 0, "the logarithm of a negative number")
    return x * mp.log(y)


def toward_zero(x: Number) -> Number:
    """Return a number without its decimal places."""
    mp = context()
    if x > 0:
        return mp.floor(x)
    return mp.ceil(x)


def times_log1p(x: Number, y: Number) -> Number:
    """Return x * log(1 + y), 0 for a plain x of 0."""
    mp = context()
    if x == 0:
        return mp.mpf(0)
    require_real(real(y) > -1, "the logarithm of a negative number")
    return x * mp.log1p(y)


def log_of_one_less(x: Number) -> Number:
    """Return log(1 - exp(-|x|))."""
    mp = context()
    exponent = -analytic_abs(x)
    small = exponential(exponent)
    require_real(real(x) != 0, "the logarithm of 0")
    if real(small) > 0.5:
        return mp.log(-mp.expm1(exponent))
    return mp.log1p(-small)


def log2_of_sum(x: Number, y: Number) -> Number:
    """Return log2(2**x + 2**y), by the larger of them."""
    mp = context()
    top = x if real(x) >= real(y) else y
    distance = x + y - 2 * top
    small = exponential(distance * mp.log(2))
    return top + mp.log1p(small) / mp.log(2)


def share_of_two(x: Number, y: Number) -> Number:
    """Return 2**x / (2**x + 2**y)."""
    unit = context().log(2)
    return softmax_share(0, [x * unit, y * unit])


def exp2(x: Number) -> Number:
    """Return 2 to the power of x."""
    base = context().mpf(2)
    return base**x


def exp10(x: Number) -> Number:
    """Return 10 to the power of x."""
    base = context().mpf(10)
    return base**x


def log2(x: Number) -> Number:
    """Return the logarithm to the base 2."""
    mp = context()
    return mp.log(x) / mp.log(2)


def log10(x: Number) -> Number:
    """Return the logarithm to the base 10."""
    mp = context()
    return mp.log(x) / mp.log(10)


def logit(x: Number) -> Number:
    """Return the logarithm of the odds."""
    odds = x / (1 - x)
    return context().log(odds)


def powers(mp: MPContext) -> Forms:
    """Return roots, exponentials and logarithms."""
    return {
        "sqrt": restricted(lambda x: x >= 0, mp.sqrt),
        "cbrt": cube_root,
        "exp": mp.exp,
        "exp2": exp2,
        "expm1": mp.expm1,
        "log": restricted(positive, mp.log),
        "log2": restricted(positive, log2),
        "log10": restricted(positive, log10),
        "log1p": restricted(lambda x: x > -1, mp.log1p),
        "xlogy": times_log,
        "xlog1py": times_log1p,
        "exp10": exp10,
        "log1mexp": log_of_one_less,
        "logit": restricted(between, logit),
        "logaddexp2": log2_of_sum,
        "share2": share_of_two,
    }


def half_turns(x: Number) -> tuple[int, Number]:
    """Return the sign that whole half turns give a sine or cosine, and what is left of x."""
    turns = context().nint(real(x))
    sign = 1 if turns % 2 == 0 else -1
    return sign, x - turns


def sine_of_turns(x: Number) -> Number:
    """Return sin(pi x), by the distance from the nearest integer."""
    mp = context()
    sign, rest = half_turns(x)
    return sign * mp.sin(mp.pi * rest)


def cosine_of_turns(x: Number) -> Number:
    """Return cos(pi x), by the distance from the nearest integer."""
    mp = context()
    sign, rest = half_turns(x)
    return sign * mp.cos(mp.pi * rest)


def sinc_slope(n: int, x: Number) -> Number:
    """Return the n-th derivative of sin(pi x) / (pi x): near 0 its series, else by recurrence."""
    mp = context()
    u = mp.pi * x
    if abs(real(x)) < n + 1:
        return mp.pi**n * sinc_series(n, u)
    sine = sine_of_turns(x)
    cosine = cosine_of_turns(x)
    found = sine / u
    for k in range(1, n + 1):
        # One derivative more of each.
        sine, cosine = cosine, -sine
        found = (sine - k * found) / u
    return mp.pi**n * found


def sinc_series(n: int, u: Number) -> Number:
    """Return the n-th derivative of sin(u) / u, near 0."""
    # The terms before this one vanish when they are differentiated.
    start = (n + 1) // 2
    terms = SPARE * (n + 2) + context().dps
    term = (-1) ** start * u ** (2 * start - n)
    total = term / (2 * start + 1)
    for k in range(start, start + terms):
        power = 2 * k + 1 - n
        term = -term * u * u / (power * (power + 1))
        total = total + term / (2 * k + 3)
    return total


def arc_secant(x: Number) -> Number:
    """Return the angle from 0 to pi whose secant is x."""
    mp = context()
    leg = leg_outside(analytic_abs(x))
    turn = arc_tangent(leg)
    if real(x) < 0:
        return mp.pi - turn
    return turn


def arc_cosecant(x: Number) -> Number:
    """Return the angle from -pi/2 to pi/2 whose cosecant is x."""
    if real(x) < 0:
        return -arc_cosecant(-x)
    leg = leg_outside(x)
    return arc_tangent(1 / leg)


def slope_of_arc_sine(x: Number) -> Number:
    """Return 1 / sqrt(1 - x**2)."""
    return 1 / context().sqrt(1 - x * x)


def trigonometric(mp: MPContext) -> Forms:
    """Return the functions of angles, and those that return one."""
    return {
        "sin": mp.sin,
        "cos": mp.cos,
        "tan": mp.tan,
        "asin": restricted(inside_or_at, arc_sine),
        "acos": restricted(inside_or_at, arc_cosine),
        "atan": arc_tangent,
        "atan2": angle,
        "asin_slope": restricted(inside, slope_of_arc_sine),
        "atan_slope": lambda x: 1 / (1 + x * x),
        "sec": lambda x: 1 / mp.cos(x),
        "csc": lambda x: 1 / mp.sin(x),
        "cot": lambda x: 1 / mp.tan(x),
        "asec": restricted(outside, arc_secant),
        "acsc": restricted(outside, arc_cosecant),
        "acot": lambda x: arc_tangent(1 / x),
        "sinc": lambda x: sinc_slope(0, x),
        "sinc_slope": lambda n, x: sinc_slope(whole(n), x),
        "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    }


def hyperbolic_secant(x: Number) -> Number:
    """Return 1 / cosh(x), by the exponential that is no larger than 1."""
    mp = context()
    if abs(real(x)) < 1:
        return 1 / mp.cosh(x)
    small = exponential(-analytic_abs(x))
    return 2 * small / (1 + small * small)


def hyperbolic_cosecant(x: Number) -> Number:
    """Return 1 / sinh(x), by the exponential that is no larger than 1."""
    mp = context()
    if real(x) < 0:
        return -hyperbolic_cosecant(-x)
    if real(x) < 1:
        return 1 / mp.sinh(x)
    below = -mp.expm1(-2 * x)
    return 2 * exponential(-x) / below


def hyperbolic_cotangent(x: Number) -> Number:
    """Return 1 / tanh(x), by the exponential that is no larger than 1."""
    mp = context()
    if real(x) < 0:
        return -hyperbolic_cotangent(-x)
    if real(x) < 1:
        return mp.cosh(x) / mp.sinh(x)
    above = 1 + exponential(-2 * x)
    below = -mp.expm1(-2 * x)
    return above / below


def area_secant(x: Number) -> Number:
    """Return asech of a number."""
    leg = leg_inside(x)
    return area_sine(leg / x)


def slope_of_area_secant(x: Number) -> Number:
    """Return 1 / (x sqrt(1 - x**2)), minus the slope of asech."""
    leg = context().sqrt(1 - x * x)
    return 1 / (x * leg)


def slope_of_area_cosine(x: Number) -> Number:
    """Return 1 / sqrt(x**2 - 1), with all digits also near 1."""
    return 1 / leg_outside(x)


def slope_of_area_tangent(x: Number) -> Number:
    """Return 1 / (1 - x**2)."""
    return 1 / (1 - x * x)


def hyperbolic(mp: MPContext) -> Forms:
    """Return the hyperbolic functions and their inverses."""
    return {
        "sinh": mp.sinh,
        "cosh": mp.cosh,
        "logcosh": log_of_cosh,
        "tanh": mp.tanh,
        "asinh": area_sine,
        "acosh": restricted(lambda x: x >= 1, area_cosine),
        "atanh": restricted(inside, area_tangent),
        "asinh_slope": lambda x: 1 / mp.sqrt(1 + x * x),
        "acosh_slope": restricted(lambda x: x > 1, slope_of_area_cosine),
        "atanh_slope": restricted(inside, slope_of_area_tangent),
        "sech": hyperbolic_secant,
        "csch": hyperbolic_cosecant,
        "coth": hyperbolic_cotangent,
        "asech": restricted(lambda x: 0 < x <= 1, area_secant),
        "asech_slope": restricted(between, slope_of_area_secant),
        "acsch": lambda x: area_sine(1 / x),
        "acoth": restricted(outside, area_cotangent),
    }


def inverse_erf(x: Number) -> Number:
    """Return the inverse of erf: mpmath's for the real part, steps of Newton's for the other."""
    mp = context()
    if real(x) < 0:
        return -inverse_erf(-x)
    is_complex = hasattr(x, "imag") and x.imag
    with mp.workdps(mp.dps + SPARE):
        y = mp.erfinv(real(x))
        # Two steps, for the first is right to the square of the imaginary part.
        for _ in range(2 if is_complex else 0):
            off = x - error_function(y)
            y = y + off * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
        return y


def slope_of_inverse_erf(x: Number) -> Number:
    """Return sqrt(pi) / 2 exp(erfinv(x)**2)."""
    mp = context()
    y = inverse_erf(x)
    return mp.sqrt(mp.pi) / 2 * mp.exp(y**2)


def error_function(x: Number) -> Number:
    """Return erf, next to 0 with all digits."""
    if abs(real(x)) < 1:
        return erf_series(x)
    return 1 - complementary_erf(x)


def gamma(x: Number) -> Number:
    """Return the gamma function, far out by its logarithm, and 0 where that is out of reach."""
    mp = context()
    if real(x) > 0:
        return mp.exp(mp.loggamma(x))
    # Reflected at 1/2.
    reflected = mp.exp(mp.loggamma(1 - x))
    return mp.pi / (sine_of_turns(x) * reflected)


def gaussian(x: Number, rate: Number) -> Number:
    """Return exp(-rate x**2)."""
    exponent = -rate * x * x
    return context().exp(exponent)


def special(mp: MPContext) -> Forms:
    """Return the functions of probability, and those of the gamma function."""
    return {
        "gaussian": gaussian,
        "normal_cdf": normal_distribution,
        "erf": error_function,
        "erfc": complementary_erf,
        "erfinv": restricted(inside, inverse_erf),
        "erfinv_slope": restricted(inside, slope_of_inverse_erf),
        "gamma": gamma,
        "polygamma": lambda n, x: mp.psi(whole(n), x),
        "lgamma": log_gamma,
    }


def mish(x: Number) -> Number:
    """Return x tanh(log(1 + exp(x))), by the exponential that is no larger than 1."""
    if real(x) < 0:
        small = exponential(x)
        above = small * small + 2 * small
        return x * above / (above + 2)
    small = exponential(-x)
    above = 1 + 2 * small
    return x * above / (above + 2 * small * small)


def exponential_gap(x: Number) -> Number:
    """Return expm1(x) - x exp(x), near 0 by its series."""
    mp = context()
    if abs(x) < 1:
        return power_series(x, lambda k: 1 - k)
    if real(x) > EXP_ZERO_BELOW:
        return mp.expm1(x) - x * mp.exp(x)
    return mp.mpf(-1)


def power_series(x: Number, factor: Callable[[int], int]) -> Number:
    """Return the sum of factor(k) x**k / k! from k = 2 on."""
    term = x
    total = 0 * x
    for k in range(2, context().dps + SPARE):
        term = term * x / k
        total = total + factor(k) * term
    return total


def celu(x: Number, alpha: Number) -> Number:
    """Return x, and alpha expm1(x / alpha) left of 0; near it by what that is more than x."""
    if real(x) > 0:
        return x
    if abs(x) < abs(alpha):
        return x + alpha * power_series(x / alpha, lambda k: 1)
    if real(x / alpha) > EXP_ZERO_BELOW:
        return alpha * context().expm1(x / alpha)
    return -alpha


def soft_sign(x: Number) -> Number:
    """Return x / (1 + |x|), far out by the distance from 1."""
    below = 1 + analytic_abs(x)
    if abs(real(x)) < 1:
        return x / below
    sign = context().sign(real(x))
    return sign * (1 - 1 / below)


def square_plus(x: Number, b: Number) -> Number:
    """Return (x + sqrt(x**2 + b)) / 2, without cancellation."""
    length = context().sqrt(x * x + b)
    if real(x) > 0:
        return (x + length) / 2
    return b / (2 * (length - x))


def slope_of_square_plus(x: Number, b: Number) -> Number:
    """Return (1 + x / sqrt(x**2 + b)) / 2, without cancellation."""
    length = context().sqrt(x * x + b)
    if real(x * x) < real(b):
        return (1 + x / length) / 2
    if real(x) > 0:
        return 1 - slope_of_square_plus(-x, b)
    return b / (2 * length * (length - x))


def slope_of_logistic(x: Number) -> Number:
    """Return the slope of the logistic function, with all digits far out to either side."""
    secant = hyperbolic_secant(x / 2)
    return secant**2 / 4


def slope_of_silu(x: Number) -> Number:
    """Return the slope of x times the logistic function."""
    rest = logistic(-x)
    return logistic(x) * (1 + x * rest)


def slope_of_gelu(x: Number) -> Number:
    """Return the normal distribution function plus x times its density."""
    mp = context()
    scale = mp.sqrt(2 * mp.pi)
    moment = x * mp.exp(-x * x / 2) / scale
    return normal_distribution(x) + moment


def activations(mp: MPContext) -> Forms:
    """Return the analytic activation functions of networks."""
    return {
        "sigmoid": logistic,
        "log_sigmoid": lambda x: -ramp(-x),
        "softplus": ramp,
        "silu": lambda x: x * logistic(x),
        "gelu": lambda x: x * normal_distribution(x),
        "sigmoid_slope": slope_of_logistic,
        "silu_slope": slope_of_silu,
        "gelu_slope": slope_of_gelu,
        "mish": mish,
        "celu_gap": exponential_gap,
        "squareplus": square_plus,
        "squareplus_slope": slope_of_square_plus,
    }


def to_digits(x: Number, digits: Number) -> Number:
    """Return a number rounded to some decimal places."""
    mp = context()
    shift = mp.mpf(10) ** whole(digits)
    return mp.nint(real(x) * shift) / shift


def with_sign(x: Number, y: Number) -> Number:
    """Return x with the sign of y."""
    is_negative = real(x) < 0
    if is_negative == (real(y) < 0):
        return x
    return -x


def at_least(x: Number, bound: Number) -> Number:
    """Return the larger of two numbers, the bound where they are equal."""
    return x if real(x) > real(bound) else bound


def at_most(x: Number, bound: Number) -> Number:
    """Return the smaller of two numbers, the bound where they are equal."""
    return x if real(x) < real(bound) else bound


def clipped(x: Number, low: Number, high: Number) -> Number:
    """Return x, or the bound that it is beyond."""
    if real(x) < real(low):
        return low
    return min(x, high, key=real)


def relu(x: Number) -> Number:
    """Return x, and 0 left of 0."""
    if real(x) > 0:
        return x
    return context().mpf(0)


def leaky_relu(x: Number, slope: Number) -> Number:
    """Return x, and a multiple of it left of 0."""
    if real(x) > 0:
        return x
    return slope * x


def slope_of_pieces(x: Number, slope: Number) -> Number:
    """Return 1, and another slope left of 0."""
    if real(x) > 0:
        return context().mpf(1)
    return slope


def elu(x: Number, scale: Number) -> Number:
    """Return x, and scale expm1(x) left of 0."""
    if real(x) > 0:
        return x
    return scale * context().expm1(x)


def chosen(condition: Number, x: Number, y: Number) -> Number:
    """Return x where the condition is not 0, else y."""
    if real(condition):
        return x
    return y


def piecewise(mp: MPContext) -> Forms:
    """Return the functions that decide by the real part."""
    return {
        "step": lambda x: mp.mpf(real(x) > 0),
        "trunc": lambda x: toward_zero(real(x)),
        "pieces_slope": slope_of_pieces,
        "celu": celu,
        "softsign": soft_sign,
        "sign": lambda x: mp.sign(real(x)),
        "floor": lambda x: mp.floor(real(x)),
        "ceil": lambda x: mp.ceil(real(x)),
        "rounded": to_digits,
        "copysign": with_sign,
        "at_least": at_least,
        "at_most": at_most,
        "relu": relu,
        "leaky_relu": leaky_relu,
        "elu": elu,
        "clip": clipped,
        "where": chosen,
        "stop_gradient": real,
    }


def comparisons(mp: MPContext) -> Forms:
    """Return the comparisons, of real parts: 1 where they hold, else 0."""

    def of(relation: Callable[[Any, Any], bool]) -> Callable[..., Number]:
        return lambda x, y: mp.mpf(relation(real(x), real(y)))

    return {
        "less": of(operator.lt),
        "less_equal": of(operator.le),
        "greater": of(operator.gt),
        "greater_equal": of(operator.ge),
        "tied": of(operator.eq),
        "equal": of(operator.eq),
        "unequal": of(operator.ne),
    }


def exponential(x: Number) -> Number:
    """Return exp, and 0 where it is too small for any number of digits in use."""
    mp = context()
    if real(x) > EXP_ZERO_BELOW:
        return mp.exp(x)
    return mp.mpf(0)


def softmax_share(index: Number, xs: Sequence[Number]) -> Number:
    """Return one number of a softmax, by the others relative to it.

    So a share next to 1 keeps its imaginary part.
    """
    own = whole(index)
    others = relative_to(xs, own)
    if any(real(x) > -EXP_ZERO_BELOW for x in others):
        return context().mpf(0)
    return 1 / (1 + sum(map(exponential, others)))


def relative_to(xs: Sequence[Number], place: int) -> list[Number]:
    """Return by how much all other numbers are larger than the one in a place."""
    middle = xs[place]
    return [x - middle for j, x in enumerate(xs) if j != place]


def dot(bias: Number, *operands: Number) -> Number:
    """Return the bias plus the products of the first half of the operands and the second."""
    half = len(operands) // 2
    products = map(operator.mul, operands[:half], operands[half:])
    return sum(products, bias)


def log_of_sum(xs: Sequence[Number]) -> Number:
    """Return the logarithm of a sum of exponentials, by the largest of them."""
    mp = context()
    top = max(map(real, xs))
    shares = [exponential(x - top) for x in xs]
    return top + mp.log(sum(shares))


def log_share(index: Number, xs: Sequence[Number]) -> Number:
    """Return the logarithm of one number of a softmax, by the largest of them."""
    mp = context()
    own = xs[whole(index)]
    place = max(range(len(xs)), key=lambda j: real(xs[j]))
    # The others alone: beside the largest a faint one still counts.
    others = map(exponential, relative_to(xs, place))
    return own - xs[place] - mp.log1p(sum(others))


def total(*xs: Number) -> Number:
    """Return the sum of all operands."""
    return sum(xs)


def length_of(*xs: Number) -> Number:
    """Return the Euclidean length of a vector."""
    squares = [x * x for x in xs]
    return context().sqrt(sum(squares))


def n_ary(mp: MPContext) -> Forms:
    """Return the functions of many operands."""
    return {
        "inner_product": dot,
        "total": total,
        "fsum": total,
        "mean": lambda *xs: sum(xs) / len(xs),
        "prod": lambda *xs: mp.fprod(xs),
        "norm": length_of,
        "logsumexp": lambda *xs: log_of_sum(xs),
        "softmax_of": lambda index, *xs: softmax_share(index, xs),
        "log_softmax_of": lambda index, *xs: log_share(index, xs),
        "largest": lambda *xs: max(xs, key=real),
        "smallest": lambda *xs: min(xs, key=real),
    }
