"""Elementary functions that LLVM can vectorise: arithmetic and choices, no calls, no tables.

The functions of `math` end in a call of the C library for every single number. These compute
several lanes of a vector register at once where a loop calls them, and the same bits where they are
called alone: no operation is contracted or reordered, so no bit depends on a machine either.

    within 1 ulp    exp, expm1, log, log1p, sin, cos, tanh
    within 1.5 ulp  erf
    within 6 ulp    erfc
    as `math` has   everything else, and sin and cos beyond FAR_RADIANS

The ways are old: the argument is reduced by a constant in parts (Cody and Waite, 1980), what
rounding takes from a sum is kept (Knuth, 1969), and a polynomial does the rest. Numbers are
doubles; others are computed as doubles. Infinities, NaN and signed zeros are those of IEEE 754.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd import scalar_math
from autograd.compile.machine.intrinsics import Numbers, bits, number, polynomial
from autograd.compile.polynomials import COS, ERF, ERFC, EXP, LOG, SIN, TANH
from autograd.scalar_math import SQRT_HALF, SQRT_HALF_LOW, TWO_BY_SQRT_PI

# What is called `math` here is the C library's.
OWN_MATH = True

LOG2_E = 1.4426950408889634
# 1.5 * 2**52: adding it rounds to integers.
ROUNDING_CONSTANT = 6755399441055744.0
ROUNDING_CONSTANT_BITS = 0x4338000000000000
# 42 bits, and the rest.
LN2_HIGH = 0.6931471805598903
LN2_LOW = 5.497923018708371e-14
TWO_BY_PI = 0.6366197723675814
FAR_RADIANS = 2.0**20
PI_PARTS = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32)
# Of 1.0.
ONE_BITS = 0x3FF0000000000000
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
SIGN_BIT = -(2**63)
# 2**27 + 1: splits a double into two halves of 26 bits (Dekker, 1971).
SPLITTER = 134217729.0
SQRT_HALF_UPPER = SPLITTER * SQRT_HALF - (SPLITTER * SQRT_HALF - SQRT_HALF)
SQRT_HALF_LOWER = SQRT_HALF - SQRT_HALF_UPPER


exp_tail, log_tail, sin_tail, cos_tail, tanh_tail, erf_tail, erfc_tail = map(
    polynomial, (EXP, LOG, SIN, COS, TANH, ERF, ERFC)
)


def signed(size: float, x: float) -> Any:
    """Return a size with the sign of x."""
    return number((bits(size) & ~SIGN_BIT) | (bits(x) & SIGN_BIT))


def parts_of_exp(x: float) -> Any:
    """Return n + ROUNDING_CONSTANT, and r and the rest of expm1(r), where r = x - n log 2.

    Here n is an integer.
    """
    shifted = x * LOG2_E + ROUNDING_CONSTANT
    n = shifted - ROUNDING_CONSTANT
    high = x - n * LN2_HIGH
    low = n * LN2_LOW
    r = high - low
    return shifted, r, (high - r) - low + r * r * exp_tail(r)


def power_of_two(n: int) -> Any:
    """Return 2**n for an integer from -1022 to 1023."""
    return number(ONE_BITS + (n << 52))


def scaled(x: float, shifted: float) -> Any:
    """Return x * 2**n for shifted = n + ROUNDING_CONSTANT.

    In two steps, as the result may be subnormal.
    """
    n = bits(shifted) - ROUNDING_CONSTANT_BITS
    half = n >> 1
    return x * power_of_two(half) * power_of_two(n - half)


def exp(x: float) -> Any:
    """Return the exponential."""
    x = float(x)
    x = 710.0 if x > 710.0 else x
    shifted, r, rest = parts_of_exp(-750.0 if x < -750.0 else x)
    one = 1.0 + r
    return scaled(one + (((1.0 - one) + r) + rest), shifted)


def exp_of_sum(x: float, low: float) -> Any:
    """Return exp(x + low) for x from -800 to 700, where low is small."""
    shifted, r, rest = parts_of_exp(x)
    one = 1.0 + r
    return scaled(one + ((((1.0 - one) + r) + rest) + low * (one + rest)), shifted)


def expm1(x: float) -> Any:
    """Return exp(x) - 1."""
    x = float(x)
    inside = 710.0 if x > 710.0 else x
    inside = -50.0 if inside < -50.0 else inside
    shifted, r, rest = parts_of_exp(inside)
    p = r + rest
    low = (r - p) + rest
    # Of half the power, as 2**1024 would be infinite.
    half = power_of_two(bits(shifted) - ROUNDING_CONSTANT_BITS - 1)
    lead = half - 0.5
    p = half * p
    low = half * low
    total = lead + p
    found = 2.0 * (total + ((p - (total - lead)) + low))
    return x if math.fabs(x) < 1e-17 else found


def split(x: float) -> Any:
    """Return n and m, where x = 2**n m and m is from sqrt(1/2) to sqrt(2)."""
    small = x < 2.2250738585072014e-308
    pattern = bits(x * 18014398509481984.0 if small else x)
    exponent = (pattern - SQRT_HALF_BITS) >> 52
    m = number(pattern - (exponent << 52))
    n = number(exponent + ROUNDING_CONSTANT_BITS) - ROUNDING_CONSTANT
    return (n - 54.0 if small else n), m


def log(x: float) -> Any:
    """Return the natural logarithm; -inf for 0, NaN for what is negative."""
    x = float(x)
    n, m = split(x)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    found = n * LN2_HIGH + (f - (s * (f - z * log_tail(z)) - n * LN2_LOW))
    found = found if x > 0.0 else -math.inf if x == 0.0 else math.nan
    # What is no smaller is infinite, or NaN.
    return found if x < math.inf else x


def log1p(x: float) -> Any:
    """Return log(1 + x); -inf for -1, NaN for what is below."""
    x = float(x)
    u = 1.0 + x
    v = u - x
    lost = (1.0 - v) + (x - (u - v))
    n, m = split(u)
    f = m - 1.0 if n != 0.0 else x
    lost = lost / u if n != 0.0 else 0.0
    s = f / (2.0 + f)
    z = s * s
    found = n * LN2_HIGH + (f - (s * (f - z * log_tail(z)) - (n * LN2_LOW + lost)))
    found = found if x > -1.0 else -math.inf if x == -1.0 else math.nan
    found = x if math.fabs(x) < 1e-17 else found
    # What is no smaller is infinite, or NaN.
    return found if x < math.inf else x


def turned(x: float) -> Any:
    """Return n + ROUNDING_CONSTANT, and x - n pi/2 as a difference of two: r - over.

    Here n is the integer nearest x / (pi/2). What is rounded off a difference is taken up exactly,
    in two more operations, as the number before it is a multiple of the part's last bit (Dekker,
    1971).
    """
    shifted = x * TWO_BY_PI + ROUNDING_CONSTANT
    n = shifted - ROUNDING_CONSTANT
    first = x - n * PI_PARTS[0]
    part = n * PI_PARTS[1]
    second = first - part
    over = (part - (first - second)) + n * PI_PARTS[3]
    part = n * PI_PARTS[2]
    r = second - part
    return shifted, r, over + (part - (second - r))


def sine_and_cosine(r: float, over: float) -> Any:
    """Return the sine and the cosine of r - over, where r is at most pi/4.

    The sine is a difference so that that of -0.0 is -0.0.
    """
    z = r * r
    half = 0.5 * z
    lead = 1.0 - half
    sine = r - (over * lead - r * z * sin_tail(z))
    cosine = lead + (((1.0 - lead) - half) + (z * z * cos_tail(z) + r * over))
    return sine, cosine


def with_sign_of(n: int, size: float) -> Any:
    """Return a number, negated where n is 2 or 3 modulo 4."""
    return number(bits(size) ^ ((n & 2) << 62))


def near_sin(x: float) -> Any:
    """Return the sine of a number not beyond FAR_RADIANS."""
    shifted, r, over = turned(float(x))
    sine, cosine = sine_and_cosine(r, over)
    n = bits(shifted)
    return with_sign_of(n, cosine if n & 1 else sine)


def near_cos(x: float) -> Any:
    """Return the cosine of a number not beyond FAR_RADIANS."""
    shifted, r, over = turned(float(x))
    sine, cosine = sine_and_cosine(r, over)
    n = bits(shifted)
    return with_sign_of(n + 1, sine if n & 1 else cosine)


def near_both(x: float) -> Any:
    """Return the sine and the cosine of a number not beyond FAR_RADIANS."""
    shifted, r, over = turned(float(x))
    sine, cosine = sine_and_cosine(r, over)
    n = bits(shifted)
    first, second = (cosine, sine) if n & 1 else (sine, cosine)
    return with_sign_of(n, first), with_sign_of(n + 1, second)


def sin(x: float) -> Any:
    """Return the sine, in radians."""
    return near_sin(x) if math.fabs(x) <= FAR_RADIANS else math.sin(float(x))


def cos(x: float) -> Any:
    """Return the cosine, in radians."""
    return near_cos(x) if math.fabs(x) <= FAR_RADIANS else math.cos(float(x))


def sine_with_cosine(x: float) -> Any:
    """Return both, each with the bits that it has alone."""
    is_near = math.fabs(x) <= FAR_RADIANS
    return near_both(x) if is_near else (math.sin(float(x)), math.cos(float(x)))


def tanh(x: float) -> Any:
    """Return the hyperbolic tangent: a polynomial near 0, else 1 - 2 / (exp(2x) + 1)."""
    x = float(x)
    size = math.fabs(x)
    z = size * size
    near = size + size * (z * tanh_tail(z))
    shifted, r, rest = parts_of_exp(44.0 if size > 22.0 else 2.0 * size)
    scale = power_of_two(bits(shifted) - ROUNDING_CONSTANT_BITS)
    p = r + rest
    one = 1.0 + p
    low = (((1.0 - one) + p) + ((r - p) + rest)) * scale
    e = one * scale
    whole = e + 1.0
    q = 2.0 / whole
    found = 1.0 - (q - q * (0.5 * q) * (((e - whole) + 1.0) + low))
    return signed(near if size < 0.625 else found, x)


def square_exactly(x: float) -> Any:
    """Return x * x as a rounded product and its exact error (Dekker, 1971)."""
    big = SPLITTER * x
    high = big - (big - x)
    low = x - high
    product = x * x
    return product, ((high * high - product) + 2.0 * (high * low)) + low * low


def tail(x: float, low: float) -> Any:
    """Return erfc(x + low) for x from 0.5 on: exp(-x**2) times a polynomial of (x - 4) / (x + 4).

    exp gets the square as a sum of two, for what rounding takes from it would be magnified.
    """
    x = 28.0 if x > 28.0 else x
    square, error = square_exactly(x)
    whole = x + 4.0
    found = exp_of_sum(-square, -(error + 2.0 * (x * low)))
    return found * erfc_tail((x - 4.0) / whole) / whole


def erfc_of_sum(x: float, low: float) -> Any:
    """Return erfc(x + low), where low is what rounding took from x."""
    size = math.fabs(x)
    near = 0.5 - ((x - 0.5) + (x * erf_tail(x * x) + TWO_BY_SQRT_PI * low))
    beyond = tail(size, low if x > 0.0 else -low)
    beyond = beyond if x > 0.0 else 2.0 - beyond
    return near if size < 0.5 else beyond


def erf(x: float) -> Any:
    """Return the error function."""
    x = float(x)
    size = math.fabs(x)
    found = size + size * erf_tail(size * size)
    return signed(found if size < 1.0 else 1.0 - tail(size, 0.0), x)


def erfc(x: float) -> Any:
    """Return 1 - erf(x), without cancellation."""
    return erfc_of_sum(float(x), 0.0)


def cumulative_normal(x: float) -> Any:
    """Return the probability that a standard normal variable is below x: erfc(-x/sqrt(2)) / 2."""
    x = float(x)
    x = 40.0 if x > 40.0 else x
    x = -40.0 if x < -40.0 else x
    big = SPLITTER * x
    high = big - (big - x)
    low = x - high
    t = -x * SQRT_HALF
    first = (-high * SQRT_HALF_UPPER - t) - high * SQRT_HALF_LOWER - low * SQRT_HALF_UPPER
    error = first - low * SQRT_HALF_LOWER
    return 0.5 * erfc_of_sum(t, error - x * SQRT_HALF_LOW)


def near(xs: Numbers, count: int) -> Any:
    """Tell whether no number is beyond FAR_RADIANS."""
    far = 0
    for i in range(count):
        far |= 1 if math.fabs(xs[i]) > FAR_RADIANS else 0
    return far == 0


INSTEAD: dict[Callable[..., Any], Any] = {
    math.exp: exp,
    math.expm1: expm1,
    math.log: log,
    math.log1p: log1p,
    math.sin: sin,
    math.cos: cos,
    math.tanh: tanh,
    math.erf: erf,
    math.erfc: erfc,
    scalar_math.cumulative_normal: cumulative_normal,
}
