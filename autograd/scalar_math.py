"""Functions of floats that `math` lacks, accurate to a few ulp.

The table of primitives computes with them. They branch and may raise; none knows a derivative.

>>> logistic(-800.0), log1pexp(-800.0), silu_value(-math.inf)  # no overflow, no NaN
(0.0, 0.0, -0.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import inf, nan
from typing import Any

LARGEST = 1.7976931348623157e308
TWO_BY_SQRT_PI = 1.1283791670955126
INV_SQRT_2PI = 0.3989422804014327
LOG_2 = math.log(2.0)
SQRT_HALF = 0.7071067811865476
SQRT_HALF_LOW = -4.833646656726457e-17
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def real_power(x: float | Fraction, y: float | Fraction) -> Any:
    """Return x ** y as Python does, but never a complex number."""
    out = x**y
    if isinstance(out, complex):
        raise ValueError("a negative base needs an integer exponent")
    return out


def ieee_power(x: float, y: float) -> float:
    """Return the infinity or NaN that IEEE 754 `pow` gives where Python raises."""
    if x < 0 and y % 1:
        return nan
    is_negative = math.copysign(1.0, x) < 0
    return -inf if is_negative and y % 2 == 1 else inf


def ieee_quotient(x: float, y: float) -> float:
    """Return x / 0.0 under IEEE 754: a signed infinity, or NaN for 0 / 0."""
    return math.copysign(inf, x) * math.copysign(1.0, y) if x and x == x else nan


def ieee_log(x: float) -> float:
    """Return the logarithm of zero or of a negative number under IEEE 754."""
    return nan if x else -inf


def ieee_polygamma(n: int, x: float) -> float:
    """Return the limit of polygamma at a pole; that of an even order has none left of zero."""
    if n % 2:
        return inf
    return -inf if x > 0.0 else nan


def halves(x: float) -> tuple[float, float]:
    """Return two numbers of half the digits whose sum is x (Veltkamp, 1968)."""
    # 2**27 + 1 splits the 53 bits of a double.
    big = 134217729.0 * x
    high = big - (big - x)
    return high, x - high


def two_product(x: float, y: float) -> tuple[float, float]:
    """Return x * y as a rounded product and its exact error (Dekker, 1971)."""
    x_high, x_low = halves(x)
    y_high, y_low = halves(y)
    product = x * y
    # Exact, as long as the largest part comes first.
    error = x_high * y_high - product
    error += x_high * y_low
    error += x_low * y_high
    error += x_low * y_low
    return product, error


def two_difference(x: float, y: float) -> tuple[float, float]:
    """Return x - y as a rounded difference and its exact error (Knuth, 1969)."""
    difference = x - y
    back = difference - x
    lost_of_x = x - (difference - back)
    lost_of_y = y + back
    return difference, lost_of_x - lost_of_y


def bell(x: float, rate: float) -> float:
    """Return exp(-rate * x**2), rate 1 or 1/2, a few ulp also where x**2 is large."""
    if abs(x) > 40.0:
        return 0.0
    square, error = two_product(x, x)
    lost = rate * error
    return math.exp(-rate * square) * (1.0 - lost)


def cumulative_normal(x: float) -> float:
    """Return the probability that a standard normal variable is below x."""
    if abs(x) > 40.0:
        return 1.0 if x > 0.0 else 0.0
    # The square root of 1/2 in twice the digits: erfc is steep where the tail is small.
    t, error = two_product(-x, SQRT_HALF)
    error -= x * SQRT_HALF_LOW
    slope = TWO_BY_SQRT_PI * bell(t, 1.0)
    return 0.5 * (math.erfc(t) - slope * error)


def logistic(x: float) -> float:
    """Return 1 / (1 + exp(-x))."""
    # Never above 1, so neither tail overflows.
    small = math.exp(-abs(x))
    return (1.0 if x >= 0.0 else small) / (1.0 + small)


def silu_value(x: float) -> float:
    """Return x times its logistic function, with the limit 0 at -infinity."""
    return x * logistic(x) if x != -inf else -0.0


def gelu_value(x: float) -> float:
    """Return x times the cumulative normal distribution, with the limit 0 at -infinity."""
    return x * cumulative_normal(x) if x != -inf else -0.0


def slope_of_silu(x: float) -> float:
    """Return the slope of x times its logistic function, with its limits at the infinities."""
    small = math.exp(-abs(x))
    if small == 0.0:
        return 1.0 if x > 0.0 else 0.0
    above, below = (1.0, small) if x >= 0.0 else (small, 1.0)
    share = above / (1.0 + small)
    rest = below / (1.0 + small)
    return share * (1.0 + x * rest)


def slope_of_gelu(x: float) -> float:
    """Return the slope of x times the cumulative normal distribution, with its limits."""
    if abs(x) > 40.0:
        return 1.0 if x > 0.0 else 0.0
    return cumulative_normal(x) + INV_SQRT_2PI * x * bell(x, 0.5)


def log1pexp(x: float) -> float:
    """Return log(1 + exp(x)), without overflow on the right or cancellation on the left."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x))) if x == x else x


def log_of_cosh(x: float) -> float:
    """Return log(cosh(x)): no overflow far out, no cancellation near 0, where it is x**2 / 2."""
    # There cosh(x) is exp(|x|) / 2 to 17 digits.
    if abs(x) > 20.0:
        return abs(x) - LOG_2
    # cosh(x) - 1 = 2 sinh(x / 2)**2
    half = math.sinh(x / 2.0)
    return math.log1p(2.0 * half * half)


def times_log(x: float, y: float) -> float:
    """Return x * log(y), and 0 for x = 0 whatever y, but NaN for NaN (SciPy's convention)."""
    if x == 0 and y == y:
        return 0.0
    return x * math.log(y)


def whole_order(name: str, n: float) -> int:
    """Return the order of a derivative as an int.

    Raises: ValueError: it is none.
    """
    if not n >= 0 or n % 1:
        raise ValueError(f"{name} has an order of 0, 1, 2, ..., not {n!r}")
    return int(n)


def harmonic_sum(n: int, x: float) -> float:
    """Return the n-th derivative of digamma at x > 0.

    Recurrence up to 20, then the asymptotic series (Abramowitz and Stegun, 1964, 6.3.18, 6.4.11).
    """
    sign = -1.0 if n % 2 else 1.0
    factor = -sign * math.factorial(n)
    terms = []
    # The asymptotic series is the better the larger x is.
    while x < 20.0:
        terms.append(factor * x ** -(n + 1))
        x += 1.0
    # The sum of what is left: its integral, half of its first term, and corrections of those.
    lead = math.log(x) if n == 0 else -sign * math.factorial(n - 1) * x**-n
    half = factor * x ** -(n + 1) / 2.0
    terms += [lead, half]
    for k, bernoulli in enumerate(BERNOULLI, start=1):
        order = 2 * k
        weight = math.factorial(order + n - 1) / math.factorial(order)
        power = x ** -(order + n)
        terms.append(-sign * bernoulli * weight * power)
    return math.fsum(terms)


def cotangent_of_turns(x: float) -> float:
    """Return cot(pi x) for x from -1/2 to 1/2, exactly 0 at both."""
    if abs(x) < 0.25:
        return 1.0 / math.tan(math.pi * x)
    turn = math.copysign(math.pi, x)
    return math.tan(turn * (0.5 - abs(x)))


def polygamma_value(n: int, x: float) -> float:
    """Return the n-th derivative of digamma, left of zero by reflection (A. and S. 6.4.7)."""
    n = whole_order("polygamma", n)
    if x != x or (x == inf and n == 0):
        return x
    if x == inf:
        return 0.0
    if x > 0.0:
        return harmonic_sum(n, x)
    if x == math.floor(x):
        raise ValueError("a pole")
    # The n-th derivative of the cotangent, as a polynomial of it, lowest coefficient first.
    turn = math.remainder(x, 1.0)
    cotangent = cotangent_of_turns(turn)
    polynomial = [0.0, 1.0]
    # The slope of P(cot x) is -(1 + cot(x)**2) P'(cot x).
    for _ in range(n):
        terms = [k * c for k, c in enumerate(polynomial)]
        slope = terms[1:] + [0.0, 0.0]
        times_square = [0.0, 0.0, *slope]
        polynomial = [-a - b for a, b in zip(slope, times_square)]
    powers = [c * cotangent**k for k, c in enumerate(polynomial)]
    reflected = math.fsum(powers)
    mirrored = harmonic_sum(n, 1.0 - x)
    if n % 2:
        mirrored = -mirrored
    scale = math.pi ** (n + 1)
    return mirrored - scale * reflected


def fold(numbers: Iterable[Any], start: Any = 0) -> Any:
    """Return the sum from left to right: the built-in one rounds differently since Python 3.12."""
    for x in numbers:
        start = start + x
    return start


def average(*xs: Any) -> Any:
    """Return the mean, the sum taken from left to right."""
    if not xs:
        raise ValueError("mean of no numbers")
    total = fold(xs)
    return total / len(xs)


def clamp(x: float, low: float, high: float) -> float:
    """Return x, moved to the nearer end of [low, high] where it lies outside."""
    if low > high:
        raise ValueError(f"an empty interval: low {low!r} is above high {high!r}")
    if low != low or high != high:
        return nan
    found = low if x < low else high if x > high else x
    return found if type(found) is float else exactly(found, (x, low, high))


def first_nan_or(choose: Callable[..., Any], numbers: Sequence[Any]) -> Any:
    """Return `choose` of the numbers, or NaN when one of them is NaN."""
    if not numbers:
        raise ValueError(f"{choose.__name__}imum of no numbers")
    found = next((x for x in numbers if x != x), None) or choose(numbers)
    return found if type(found) is float else exactly(found, numbers)


def exactly(number: object, beside: Sequence[object]) -> Any:
    """Return a number; an int as a Fraction, if there is one beside it, so that it stays exact."""
    if type(number) is int and any(isinstance(x, Fraction) for x in beside):
        return Fraction(number)
    return number


def of_kind(number: float | Fraction, x: object) -> Any:
    """Return a small whole number as a Fraction, if x is one."""
    return Fraction(number) if isinstance(x, Fraction) else number


def as_one(x: object, y: object) -> Any:
    """Return 1 where two numbers are equal, else 0, in their own kind."""
    found = 1.0 if x == y else 0.0
    return found if type(x) is float else of_kind(found, x)


def heaviside(x: float | Fraction) -> Any:
    """Return 1 right of zero, 0 at zero and left of it, NaN for NaN."""
    found = 1.0 if x > 0 else 0.0 if x <= 0 else x
    return found if type(x) is float else of_kind(found, x)


def rectified(x: float | Fraction) -> Any:
    """Return x right of zero, 0 left of it, NaN for NaN."""
    return x if x > 0 or x != x else 0.0 if type(x) is float else of_kind(0.0, x)


def slope_of_pieces(x: float | Fraction, slope: float | Fraction) -> Any:
    """Return 1 right of zero, a slope left of it, and at zero the least of all between these."""
    if x > 0:
        return of_kind(1.0, x)
    if x < 0:
        return slope
    if x != x:
        return x
    if slope < 0:
        return of_kind(0.0, x)
    return of_kind(1.0, x) if slope > 1 else slope


def rounded_to(x: float | Fraction, digits: Any) -> Any:
    """Return x rounded to some decimal places, ties to even as Python does."""
    try:
        return round(x, digits)
    except TypeError:
        if isinstance(digits, int):
            raise
        raise TypeError(f"the decimal places are an int, not {digits!r}") from None


def chosen(condition: object, x: object, y: object) -> Any:
    """Return x where a condition holds, else y."""
    found = x if condition else y
    return found if type(found) is float else exactly(found, (x, y))


def with_sign(x: float | Fraction, y: float | Fraction) -> Any:
    """Return |x| with the sign of y."""
    if not isinstance(x, Fraction):
        return math.copysign(x, y)
    return -abs(x) if math.copysign(1.0, y) < 0 else abs(x)


def finite_part(x: float) -> float:
    """Return x, or the largest float with its sign, if it is infinite."""
    return x if x != inf and x != -inf else LARGEST if x > 0 else -LARGEST


def ratio_value(x: float, y: float) -> float:
    """Return x / y, and 0 for 0 / 0: the share of a part in what is no smaller."""
    return x / y if y or x else x + y


def exp_of_difference(x: float, y: float) -> float:
    """Return exp(x - y), with what the subtraction rounds away made good."""
    difference, lost = two_difference(x, y)
    correction = 1.0 + lost if math.isfinite(difference) else 1.0
    return math.exp(difference) * correction


def shifted_exponentials(xs: Sequence[float]) -> list[float]:
    """Return exp(x - max(xs)) for every x: none overflows, and the largest is 1."""
    top = max(xs, default=0.0)
    return [1.0 if x == top else exp_of_difference(x, top) for x in xs]


def log_of_sum(*xs: float) -> float:
    """Return log(sum(exp(x))), shifted by the largest, whose own 1 is left to log1p."""
    if not xs:
        raise ValueError("logsumexp of no numbers")
    top = first_nan_or(max, xs)
    if not math.isfinite(top):
        return float(top)
    shares = shifted_exponentials(xs)
    shares.remove(1.0)
    others = math.fsum(shares)
    return float(top + math.log1p(others))


def softmax_shares(*xs: float) -> list[float]:
    """Return exp(x) / sum(exp(xs)) for every x."""
    if any(x != x for x in xs):
        return [nan] * len(xs)
    shares = shifted_exponentials(xs)
    whole = math.fsum(shares)
    return [share / whole for share in shares]


def log_of_share(index: int, *xs: float) -> float:
    """Return the logarithm of a share of the softmax; next to 0 by log1p of the other shares."""
    if any(x != x for x in xs):
        return nan
    own = xs[index]
    top = max(xs)
    if not math.isfinite(top):
        share = softmax_shares(*xs)[index]
        return math.log(share) if own == top else -inf
    shares = shifted_exponentials(xs)
    # The largest share is exactly 1, of which log1p has the logarithm.
    shares.remove(1.0)
    others = math.fsum(shares)
    return (own - top) - math.log1p(others)


def sign_of(x: float | Fraction) -> Any:
    """Return -1, 0 or 1; NaN for NaN."""
    found = math.copysign(1.0, x) if x > 0 or x < 0 else 0.0 if x == 0 else x
    return found if type(x) is float else of_kind(found, x)
