"""Functions of floats that neither `math` nor everyday use has: inverses, slopes, angles.

As in `scalar_math`, each is accurate to a few ulp, may branch and may raise; none knows a
derivative. That one function is the slope of another says nothing here: the table says it.

>>> sine_of_turns(1.0), arc_secant(-1.0) == math.pi, inverse_erf(0.0)
(0.0, True, 0.0)
"""

from __future__ import annotations

import math
from math import inf, nan

from autograd.scalar_math import LOG_2, log1pexp, two_difference, two_product, whole_order

HALF_PI = math.pi / 2.0
SQRT_PI = 1.772453850905516
# The reciprocal of a smaller number may be infinite.
SMALL = 1e-300
# Terms of a power series, and steps to an inverse, more than it ever needs.
TERMS = 30
HALVINGS = 30


# Angles, and their inverses. Of large numbers, whose squares overflow, only the size matters.


def turns(x: float) -> float:
    """Return x less an even number, exactly: between -1 and 1."""
    rest = math.fmod(x, 2.0)
    if rest > 1.0:
        return rest - 2.0
    return rest + 2.0 if rest < -1.0 else rest


def sine_of_turns(x: float) -> float:
    """Return sin(pi x), 0 at every integer."""
    x = turns(x)
    near = math.copysign(1.0, x) - x if abs(x) > 0.5 else x
    return math.sin(math.pi * near)


def cosine_of_turns(x: float) -> float:
    """Return cos(pi x), 0 halfway between integers."""
    x = abs(turns(x))
    if x < 0.25:
        return math.cos(math.pi * x)
    return math.sin(math.pi * (0.5 - x))


def secant(x: float) -> float:
    """Return 1 / cos(x)."""
    return 1.0 / math.cos(x)


def cosecant(x: float) -> float:
    """Return 1 / sin(x)."""
    return 1.0 / math.sin(x)


def cotangent(x: float) -> float:
    """Return 1 / tan(x)."""
    return 1.0 / math.tan(x)


def arc_secant(x: float) -> float:
    """Return the angle from 0 to pi whose secant is x, which is not between -1 and 1."""
    size = abs(x)
    tangent = math.sqrt(size - 1.0) * math.sqrt(size + 1.0)
    angle = math.atan(tangent)
    return math.pi - angle if x < 0.0 else angle


def arc_cosecant(x: float) -> float:
    """Return the angle from -pi/2 to pi/2 whose cosecant is x, which is not between -1 and 1."""
    size = abs(x)
    cotangent = math.sqrt(size - 1.0) * math.sqrt(size + 1.0)
    angle = math.atan2(1.0, cotangent)
    return math.copysign(angle, x)


def arc_cotangent(x: float) -> float:
    """Return atan(1 / x), an odd function that jumps from -pi/2 to pi/2 at 0."""
    angle = math.atan2(1.0, abs(x))
    return math.copysign(angle, x)


def hyperbolic_secant(x: float) -> float:
    """Return 1 / cosh(x), which is 0 far out, where cosh overflows."""
    small = math.exp(-abs(x))
    return 2.0 * small / (1.0 + small * small)


def hyperbolic_cosecant(x: float) -> float:
    """Return 1 / sinh(x), which is 0 far out, where sinh overflows."""
    if abs(x) > 40.0:
        return math.copysign(2.0 * math.exp(-abs(x)), x)
    return 1.0 / math.sinh(x)


def hyperbolic_cotangent(x: float) -> float:
    """Return 1 / tanh(x)."""
    return 1.0 / math.tanh(x)


def area_secant(x: float) -> float:
    """Return the positive number whose hyperbolic secant is x, from 0 to 1."""
    if 0.0 < x < SMALL:
        return LOG_2 - math.log(x)
    # The logarithm raises at 0, as a function of `math` does.
    if not x > 0.0:
        return -math.log(x)
    height = math.sqrt((1.0 - x) * (1.0 + x))
    return math.asinh(height / x)


def area_cosecant(x: float) -> float:
    """Return the number whose hyperbolic cosecant is x."""
    if 0.0 < abs(x) < SMALL:
        return math.copysign(LOG_2 - math.log(abs(x)), x)
    return math.asinh(1.0 / x)


def area_cotangent(x: float) -> float:
    """Return the number whose hyperbolic cotangent is x, which is not between -1 and 1."""
    size = abs(x)
    # The logarithm raises as a function of `math` does.
    if size <= 1.0:
        return math.copysign(-math.log(size - 1.0), x)
    found = 0.5 * math.log1p(2.0 / (size - 1.0))
    return math.copysign(found, x)


# Slopes of inverse functions, and of the logistic one: the table differentiates them further.


def slope_of_atan(x: float) -> float:
    """Return 1 / (1 + x**2)."""
    return 1.0 / (1.0 + x * x)


def slope_of_atanh(x: float) -> float:
    """Return 1 / (1 - x**2)."""
    return 1.0 / ((1.0 - x) * (1.0 + x))


def slope_of_asin(x: float) -> float:
    """Return 1 / sqrt(1 - x**2)."""
    return 1.0 / math.sqrt((1.0 - x) * (1.0 + x))


def slope_of_asinh(x: float) -> float:
    """Return 1 / sqrt(1 + x**2), without overflow."""
    return 1.0 / math.hypot(1.0, x)


def slope_of_acosh(x: float) -> float:
    """Return 1 / sqrt(x**2 - 1), without overflow."""
    return 1.0 / (math.sqrt(x - 1.0) * math.sqrt(x + 1.0))


def slope_of_asech(x: float) -> float:
    """Return 1 / (x * sqrt(1 - x**2))."""
    return 1.0 / (x * math.sqrt((1.0 - x) * (1.0 + x)))


def slope_of_logistic(x: float) -> float:
    """Return the slope of the logistic function: the density of the logistic distribution."""
    # The product of the shares of both tails.
    small = math.exp(-abs(x))
    whole = 1.0 + small
    return small / whole * (1.0 / whole)


# Exponentials and logarithms.


def power_of_ten(x: float) -> float:
    """Return 10**x."""
    return math.pow(10.0, x)


def log1mexp_value(x: float) -> float:
    """Return log(1 - exp(-|x|)), by that form of Mächler (2012) which cancels nothing."""
    size = abs(x)
    if size > LOG_2:
        return math.log1p(-math.exp(-size))
    return math.log(-math.expm1(-size))


def log_odds(x: float) -> float:
    """Return log(x / (1 - x)), in the middle by log1p of what is exact there."""
    if 0.25 < x < 0.75:
        excess = 2.0 * x - 1.0
        return math.log1p(excess / (1.0 - x))
    return math.log(x) - math.log1p(-x)


def times_log1p(x: float, y: float) -> float:
    """Return x * log(1 + y), and 0 for x = 0 whatever y, but NaN for NaN."""
    if x == 0 and y == y:
        return 0.0
    return x * math.log1p(y)


def fading_power_of_two(x: float, y: float) -> float:
    """Return 2**-|x - y|, with what the subtraction rounds away made good."""
    difference, lost = two_difference(x, y)
    size = abs(difference)
    small = math.pow(2.0, -size)
    if size == inf:
        return small
    lost_of_size = lost if difference < 0.0 else -lost
    return small * (1.0 + lost_of_size * LOG_2)


def log2_of_sum(x: float, y: float) -> float:
    """Return log2(2**x + 2**y)."""
    if x != x or y != y:
        return nan
    top = max(x, y)
    # An infinity.
    if top - top != 0.0:
        return top
    return top + math.log1p(fading_power_of_two(x, y)) / LOG_2


def share_of_two(x: float, y: float) -> float:
    """Return 2**x / (2**x + 2**y)."""
    if x == y:
        return 0.5
    # Without a branch for NaN, so that loops of compiled code have none.
    small = fading_power_of_two(x, y)
    share = (1.0 if x > y else small) / (1.0 + small)
    return share if x == x and y == y else nan


# Functions of networks.


def mish_value(x: float) -> float:
    """Return x tanh(log(1 + exp(x))), with the limit 0 at -infinity."""
    return x * math.tanh(log1pexp(x)) if x != -inf else -0.0


def softsign_value(x: float) -> float:
    """Return x / (1 + |x|), with the limits -1 and 1 at the infinities."""
    return x / (1.0 + abs(x)) if abs(x) != inf else math.copysign(1.0, x)


def squareplus_value(x: float, b: float) -> float:
    """Return (x + sqrt(x**2 + b)) / 2, without cancellation left of 0."""
    root = math.sqrt(b)
    length = math.hypot(x, root) if root == root else root
    if x < 0.0:
        mean = 0.5 * length - 0.5 * x
        return 0.25 * root * (root / mean)
    return 0.5 * x + 0.5 * length


def slope_of_squareplus(x: float, b: float) -> float:
    """Return (1 + x / sqrt(x**2 + b)) / 2, without cancellation left of 0."""
    root = math.sqrt(b)
    length = math.hypot(x, root) if root == root else root
    if x < 0.0:
        mean = 0.5 * length - 0.5 * x
        return 0.25 * (root / length) * (root / mean)
    return 0.5 + 0.5 * (x / length) if x != inf or length != inf else 1.0


def celu_value(x: float, alpha: float) -> float:
    """Return x, and alpha * expm1(x / alpha) left of 0, for a positive alpha."""
    if x > 0.0:
        return x
    if not alpha > 0.0:
        raise ValueError("alpha is above 0")
    return alpha * math.expm1(x / alpha)


def celu_gap_value(x: float) -> float:
    """Return expm1(x) - x * exp(x) for x up to 0: near 0 a series, which cancels nothing."""
    if x < -1.0:
        return math.expm1(x) - x * math.exp(x) if x > -800.0 else -1.0
    term = 1.0
    total = 0.0
    for k in range(1, TERMS):
        term = term * x / k
        total += (1 - k) * term
    return total if x == x else x


# Sinc, and its slopes.


def sinc_series(n: int, u: float) -> float:
    """Return the n-th derivative of sin(u) / u by its series, for |u| up to n + 1/2."""
    # The powers of u below the n-th are gone: the first that is left is u**0 or u**1.
    start = (n + 1) // 2
    lowest = 2 * start - n
    sign = (-1.0) ** start
    term = sign * u**lowest
    terms = []
    for k in range(start, start + TERMS):
        odd = 2 * k + 1
        terms.append(term / odd)
        power = 2 * k - n
        next_two = (power + 1) * (power + 2)
        term *= -u * u / next_two
    return math.fsum(terms)


def sinc_slope_value(n: int, x: float) -> float:
    """Return the n-th derivative of sin(pi x) / (pi x)."""
    n = whole_order("sinc_slope", n)
    # Near 0 the recurrence below divides what it has cancelled by x.
    angle = math.pi * x
    if abs(angle) < n + 0.5:
        return math.pi**n * sinc_series(n, angle)
    if abs(x) == inf:
        return 0.0
    cosine = cosine_of_turns(x)
    sine = sine_of_turns(x) / math.pi
    found = sine / x
    # x f^(k) + k f^(k - 1) is the k-th derivative of sin(pi x) / pi.
    for k in range(1, n + 1):
        sine, cosine = cosine, -math.pi * math.pi * sine
        found = (sine - k * found) / x
    return found


def sinc_value(x: float) -> float:
    """Return sin(pi x) / (pi x), 1 at 0 and 0 at every other integer."""
    if x == 0.0:
        return 1.0
    if abs(x) == inf:
        return 0.0
    return sine_of_turns(x) / (math.pi * x)


# The inverse of the error function.


def near_inverse_erf(size: float) -> float:
    """Return the inverse of erf to two digits, for a number from 0 to 1 (Winitzki, 2008)."""
    square = math.log1p(-size * size)
    half = 2.0 / (math.pi * 0.147) + 0.5 * square
    root = math.sqrt(half * half - square / 0.147)
    return math.sqrt(root - half)


def residual_of_erf(size: float, y: float) -> float:
    """Return erf(y) - size, for large numbers by the tails, which have all their digits."""
    if size > 0.5:
        return (1.0 - size) - math.erfc(y)
    return math.erf(y) - size


def inverse_erf_of_size(size: float) -> float:
    """Return the inverse of erf for a number from 0 to 1: steps of Halley's."""
    y = near_inverse_erf(size) if size > 1e-3 else 0.5 * SQRT_PI * size
    for _ in range(HALVINGS):
        residual = residual_of_erf(size, y)
        step = residual * 0.5 * SQRT_PI * math.exp(y * y)
        moved = y - step / (1.0 + y * step)
        if abs(moved - y) <= 1e-16 * y:
            return moved
        y = moved
    return y


def inverse_erf(x: float) -> float:
    """Return the number whose error function is x, between -1 and 1."""
    # The function of `math` raises there.
    if abs(x) >= 1.0:
        return math.atanh(x)
    if x != x:
        return x
    return math.copysign(inverse_erf_of_size(abs(x)), x)


def slope_of_inverse_erf(x: float) -> float:
    """Return sqrt(pi) / 2 * exp(y**2), where y is the inverse in more digits than a float has."""
    size = abs(x)
    if size == 1.0:
        return inf
    if x != x:
        return x
    # The function of `math` raises there.
    if size > 1.0:
        return math.atanh(x)
    y = inverse_erf_of_size(size)
    square, error = two_product(y, y)
    near = 0.5 * SQRT_PI * math.exp(square)
    # What y is short of, and what its square has lost, move the exponent.
    step = residual_of_erf(size, y) * near
    moved = error - 2.0 * y * step
    return near * (1.0 + moved)
