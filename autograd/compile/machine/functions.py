"""The functions of the table in a form that can be translated.

Most rows need nothing: their function of floats is translated as it stands, and so are the
functions that it calls. Stated again here are the few that cannot be, that would become something
slow, or that return a bool or an int of Python's. None knows a derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from math import inf, nan
from typing import Any

from autograd import primitives as p
from autograd.compile.machine import elementary
from autograd.compile.machine.intrinsics import Numbers
from autograd.compile.machine.translate import (
    rounded_down,
    rounded_to_even,
    rounded_to_zero,
    rounded_up,
)
from autograd.compile.sources import source_of_row
from autograd.compile.tracing.internal_primitives import (
    INTERNAL_NAMES,
    both,
    built_in_max,
    built_in_min,
    either,
    exponential,
    shifted,
    top,
)
from autograd.given import attached
from autograd.primitive_type import Primitive

# Whose elementary functions: those of `elementary`, or C's.
VECTOR = "vector"
LIBM = "libm"


def power(x: float, y: float) -> Any:
    if y == 1.0:
        return x
    if y == 2.0:
        return x * x
    return x**y


def modulo(x: float, y: float) -> Any:
    if y == 0.0:
        return nan
    rest = math.fmod(x, y)
    if rest == 0.0:
        return math.copysign(0.0, y)
    return rest + y if (y < 0.0) != (rest < 0.0) else rest


def floor_division(x: float, y: float) -> Any:
    if y == 0.0:
        return nan
    rest = math.fmod(x, y)
    quotient = (x - rest) / y
    if rest != 0.0 and (y < 0.0) != (rest < 0.0):
        quotient -= 1.0
    if quotient == 0.0:
        return math.copysign(0.0, x / y)
    whole = rounded_down(quotient)
    return whole + 1.0 if quotient - whole > 0.5 else whole


def ceiling(x: float) -> Any:
    return rounded_up(x) + 0.0  # Python's is an int, which has no -0.0


def floor(x: float) -> Any:
    return rounded_down(x) + 0.0


def cube_root(x: float) -> Any:
    return math.cbrt(x)


def exponential_of_two(x: float) -> Any:
    return math.exp2(x)


def to_integer(x: float, digits: float) -> Any:
    return rounded_to_even(x)  # digits is 0: other roundings are left to Python


def at_least(x: float, bound: float) -> Any:
    return x if x >= bound or x != x else bound


def at_most(x: float, bound: float) -> Any:
    return x if x <= bound or x != x else bound


def clamp(x: float, low: float, high: float) -> Any:
    if not low <= high:
        return nan
    return low if x < low else high if x > high else x


def heaviside(x: float) -> Any:
    return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else x


def sign_of(x: float) -> Any:
    return math.copysign(1.0, x) if x > 0.0 or x < 0.0 else 0.0 if x == 0.0 else x


def rectified(x: float) -> Any:
    return x if x > 0.0 or x != x else 0.0


def slope_of_pieces(x: float, slope: float) -> Any:
    if x > 0.0:
        return 1.0
    if x < 0.0:
        return slope
    return x if x != x else 0.0 if slope < 0.0 else 1.0 if slope > 1.0 else slope


def ratio(x: float, y: float) -> Any:
    return x / y if y != 0.0 or x != 0.0 else 0.0


def chosen(condition: float, x: float, y: float) -> Any:
    return x if condition != 0.0 else y


def truncated(x: float) -> Any:
    return rounded_to_zero(x) + 0.0  # Python's is an int, which has no -0.0


def less(x: float, y: float) -> Any:
    return 1.0 if x < y else 0.0


def less_equal(x: float, y: float) -> Any:
    return 1.0 if x <= y else 0.0


def greater(x: float, y: float) -> Any:
    return 1.0 if x > y else 0.0


def greater_equal(x: float, y: float) -> Any:
    return 1.0 if x >= y else 0.0


def equal(x: float, y: float) -> Any:
    return 1.0 if x == y else 0.0


def not_equal(x: float, y: float) -> Any:
    return 1.0 if x != y else 0.0


def any_of(x: float, y: float) -> Any:
    return 1.0 if x != 0.0 or y != 0.0 else 0.0


def all_of(x: float, y: float) -> Any:
    return 1.0 if x != 0.0 and y != 0.0 else 0.0


def first(number: float, x: float, slope: float) -> Any:
    return number


# Functions of a row of numbers: a pointer, and how many.


def largest(xs: Numbers, count: int) -> Any:
    found = xs[0]
    for i in range(1, count):
        found = xs[i] if xs[i] > found or xs[i] != xs[i] else found
    return found


def smallest(xs: Numbers, count: int) -> Any:
    found = xs[0]
    for i in range(1, count):
        found = xs[i] if xs[i] < found or xs[i] != xs[i] else found
    return found


def first_largest(xs: Numbers, count: int) -> Any:
    found = xs[0]
    for i in range(1, count):
        found = xs[i] if xs[i] > found else found
    return found


def first_smallest(xs: Numbers, count: int) -> Any:
    found = xs[0]
    for i in range(1, count):
        found = xs[i] if xs[i] < found else found
    return found


def product(xs: Numbers, count: int) -> Any:
    found = xs[0]
    for i in range(1, count):
        found *= xs[i]
    return found


def length(xs: Numbers, count: int) -> Any:
    scale = 0.0
    total = 0.0
    for i in range(count):
        if math.isinf(xs[i]):
            return inf
        total += xs[i]  # to see a NaN
        scale = max(scale, math.fabs(xs[i]))
    if scale == 0.0 or total != total:
        return total if total != total else scale
    total = 0.0
    for i in range(count):
        total += (xs[i] / scale) ** 2
    return scale * math.sqrt(total)


def log_of_sum(xs: Numbers, count: int) -> Any:
    place = 0
    total = 0.0
    for i in range(count):
        if xs[i] != xs[i]:
            return xs[i]
        place = i if xs[i] > xs[place] else place
    if math.isinf(xs[place]):
        return xs[place]
    for i in range(count):
        if i != place:
            total += exponential(xs[i], xs[place])
    return xs[place] + math.log1p(total)


def exact_sum(xs: Numbers, count: int) -> Any:
    total = 0.0
    low = 0.0
    plain = 0.0
    for i in range(count):
        moved = total + xs[i]
        rest = moved - total
        low += (total - (moved - rest)) + (xs[i] - rest)
        total = moved
        plain += xs[i]
    return total + low if math.isfinite(plain) else plain


def log_of_share(xs: Numbers, count: int) -> Any:
    own = xs[int(xs[0]) + 1]
    place = 1
    total = 0.0
    for i in range(1, count):
        if xs[i] != xs[i]:
            return xs[i]
        place = i if xs[i] > xs[place] else place
    if math.isinf(xs[place]) and own != xs[place]:
        return -inf
    for i in range(1, count):
        if i != place:
            total += exponential(xs[i], xs[place])
    return (0.0 if own == xs[place] else own - xs[place]) - math.log1p(total)


RESTATED: dict[Primitive, Callable[..., Any]] = {
    p.step: heaviside,
    p.sign: sign_of,
    p.relu: rectified,
    p.pieces_slope: slope_of_pieces,
    p.ratio: ratio,
    p.where: chosen,
    p.copysign: math.copysign,
    p.trunc: truncated,
    p.tied: equal,
    p.fsum: exact_sum,
    p.log_softmax_of: log_of_share,
    p.power: power,
    p.mod: modulo,
    p.floordiv: floor_division,
    p.ceil: ceiling,
    p.floor: floor,
    p.rounded: to_integer,
    p.at_least: at_least,
    p.at_most: at_most,
    p.clip: clamp,
    p.less: less,
    p.less_equal: less_equal,
    p.greater: greater,
    p.greater_equal: greater_equal,
    p.equal: equal,
    p.unequal: not_equal,
    either: any_of,
    both: all_of,
    attached: first,
    p.largest: largest,
    p.smallest: smallest,
    p.prod: product,
    p.norm: length,
    p.logsumexp: log_of_sum,
    top: largest,
    built_in_max: first_largest,
    built_in_min: first_smallest,
    p.cbrt: cube_root,
    p.exp2: exponential_of_two,
}
# Spelled as operators.
INLINE = {p.add: "+", p.sub: "-", p.mul: "*", p.div: "/"}


@cache
def function_of(op: Primitive) -> Any:
    """Return a primitive's function as one that can be translated, or its source.

    Raises: NoSource.
    """
    return RESTATED[op] if op in RESTATED else source_of_row(op)


NAMES = {row: name for name, row in p.TABLE.items()} | INTERNAL_NAMES
NEAR_FUNCTIONS = {p.sin: elementary.near_sin, p.cos: elementary.near_cos}
# Rows whose functions take several numbers in the time of one.
# fmt: off
VECTORIZED = {
    p.exp, p.expm1, p.log, p.log1p, p.sin, p.cos, p.tanh, p.sigmoid, p.log_sigmoid, p.softplus,
    p.silu, p.gelu, p.elu, p.normal_cdf, p.gaussian, p.erf, p.erfc, p.sigmoid_slope, p.sech,
    p.silu_slope, p.gelu_slope,
    shifted,
}
# fmt: on
