"""The functions of the table in a form that Numba compiles.

Most rows need nothing: their function of floats is compiled as it stands, and so are the functions
that it calls. Stated again here are the few that Numba cannot compile, that it would compile to
something slow, or that return a bool or an int of Python's. None knows a derivative.
"""

from __future__ import annotations

import dis
import math
from collections.abc import Callable
from math import inf, nan
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
from numba import njit

from autograd import primitives as p
from autograd.compile.machine import elementary
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
from autograd.primitive_type import Primitive

NUMBA_OPTIONS: dict[str, Any] = {"error_model": "numpy", "forceinline": True}  # a call is no vector
VECTOR, LIBM = "vector", "libm"  # whose elementary functions: those of `elementary`, or C's


def compilable(function: Callable[..., Any], vector: bool = False) -> Any:
    """Return a function for use in compiled code, with the Python functions that it calls.

    Args:
        function: of plain numbers.
        vector: whether functions of `math` are those of `elementary`, or the C library's.
    Raises: TypeError: it raises exceptions of its own, which compiled code would swallow.
    """
    if vector and function in elementary.INSTEAD:
        return elementary.INSTEAD[function]
    if not isinstance(function, FunctionType):
        return function  # of `math` or `operator`: Numba has its own
    if any(step.opname == "RAISE_VARARGS" for step in dis.get_instructions(function)):
        raise TypeError(f"{function.__name__} raises")
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        used = names.get(name)
        if used is math and vector:
            names[name] = elementary
        elif isinstance(used, (FunctionType, BuiltinFunctionType)) and used is not function:
            names[name] = compilable(used, vector)
    copy = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__module__, copy.__qualname__ = function.__module__, function.__qualname__
    return njit(**NUMBA_OPTIONS)(copy)


def power(x: Any, y: Any) -> Any:
    if y == 1.0:
        return x
    if y == 2.0:
        return x * x
    return x**y


def modulo(x: Any, y: Any) -> Any:
    if y == 0.0:
        return nan
    rest = math.fmod(x, y)
    if rest == 0.0:
        return math.copysign(0.0, y)
    return rest + y if (y < 0.0) != (rest < 0.0) else rest


def floor_division(x: Any, y: Any) -> Any:
    if y == 0.0:
        return nan
    rest = math.fmod(x, y)
    quotient = (x - rest) / y
    if rest != 0.0 and (y < 0.0) != (rest < 0.0):
        quotient -= 1.0
    if quotient == 0.0:
        return math.copysign(0.0, x / y)
    whole = np.floor(quotient)
    return whole + 1.0 if quotient - whole > 0.5 else whole


def ceiling(x: Any) -> Any:
    return np.ceil(x) + 0.0  # Python's is an int, which has no -0.0


def floor(x: Any) -> Any:
    return np.floor(x) + 0.0


def cube_root(x: Any) -> Any:
    return np.cbrt(x)


def exponential_of_two(x: Any) -> Any:
    return np.exp2(x)


def to_integer(x: Any, digits: Any) -> Any:
    return np.rint(x)  # digits is 0: other roundings are left to Python


def at_least(x: Any, bound: Any) -> Any:
    return x if x >= bound or x != x else bound


def at_most(x: Any, bound: Any) -> Any:
    return x if x <= bound or x != x else bound


def clamp(x: Any, low: Any, high: Any) -> Any:
    if not low <= high:
        return nan
    return low if x < low else high if x > high else x


def heaviside(x: Any) -> Any:
    return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else x


def sign_of(x: Any) -> Any:
    return math.copysign(1.0, x) if x > 0.0 or x < 0.0 else 0.0 if x == 0.0 else x


def rectified(x: Any) -> Any:
    return x if x > 0.0 or x != x else 0.0


def slope_of_pieces(x: Any, slope: Any) -> Any:
    if x > 0.0:
        return 1.0
    if x < 0.0:
        return slope
    return x if x != x else 0.0 if slope < 0.0 else 1.0 if slope > 1.0 else slope


def ratio(x: Any, y: Any) -> Any:
    return x / y if y != 0.0 or x != 0.0 else 0.0


def chosen(condition: Any, x: Any, y: Any) -> Any:
    return x if condition != 0.0 else y


def truncated(x: Any) -> Any:
    return np.trunc(x) + 0.0  # Python's is an int, which has no -0.0


def less(x: Any, y: Any) -> Any:
    return 1.0 if x < y else 0.0


def less_equal(x: Any, y: Any) -> Any:
    return 1.0 if x <= y else 0.0


def greater(x: Any, y: Any) -> Any:
    return 1.0 if x > y else 0.0


def greater_equal(x: Any, y: Any) -> Any:
    return 1.0 if x >= y else 0.0


def equal(x: Any, y: Any) -> Any:
    return 1.0 if x == y else 0.0


def not_equal(x: Any, y: Any) -> Any:
    return 1.0 if x != y else 0.0


def any_of(x: Any, y: Any) -> Any:
    return 1.0 if x != 0.0 or y != 0.0 else 0.0


def all_of(x: Any, y: Any) -> Any:
    return 1.0 if x != 0.0 and y != 0.0 else 0.0


# Functions of a row of numbers: a pointer, and how many.


def largest(xs: Any, count: Any) -> Any:
    found = xs[0]
    for i in range(1, count):
        found = xs[i] if xs[i] > found or xs[i] != xs[i] else found
    return found


def smallest(xs: Any, count: Any) -> Any:
    found = xs[0]
    for i in range(1, count):
        found = xs[i] if xs[i] < found or xs[i] != xs[i] else found
    return found


def first_largest(xs: Any, count: Any) -> Any:
    found = xs[0]
    for i in range(1, count):
        found = xs[i] if xs[i] > found else found
    return found


def first_smallest(xs: Any, count: Any) -> Any:
    found = xs[0]
    for i in range(1, count):
        found = xs[i] if xs[i] < found else found
    return found


def product(xs: Any, count: Any) -> Any:
    found = xs[0]
    for i in range(1, count):
        found *= xs[i]
    return found


def length(xs: Any, count: Any) -> Any:
    scale, total = 0.0, 0.0
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


def log_of_sum(xs: Any, count: Any) -> Any:
    place, total = 0, 0.0
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


def exact_sum(xs: Any, count: Any) -> Any:
    total, low, plain = 0.0, 0.0, 0.0
    for i in range(count):
        moved = total + xs[i]
        rest = moved - total
        low += (total - (moved - rest)) + (xs[i] - rest)
        total = moved
        plain += xs[i]
    return total + low if math.isfinite(plain) else plain


def log_of_share(xs: Any, count: Any) -> Any:
    own, place, total = xs[int(xs[0]) + 1], 1, 0.0
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


NUMBA_FUNCTIONS: dict[Primitive, Callable[..., Any]] = {
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
INLINE = {p.add: "+", p.sub: "-", p.mul: "*", p.div: "/"}  # spelled as operators


def function_of(op: Primitive, functions: str = VECTOR) -> Any:
    """Return a primitive as a function that compiled code can call."""
    key = op, functions
    if key not in compiled_functions:
        function = NUMBA_FUNCTIONS.get(op, op.forward)
        compiled_functions[key] = compilable(function, functions == VECTOR)
    return compiled_functions[key]


compiled_functions: dict[tuple[Primitive, str], Any] = {}
NAMES = {row: name for name, row in p.TABLE.items()} | INTERNAL_NAMES
PRIMITIVES = {name: row for row, name in NAMES.items()}


def named(name: str, functions: str = VECTOR) -> Any:
    """Return a row of the table as a function that compiled code can call."""
    return function_of(PRIMITIVES[name], functions)


NEAR_FUNCTIONS = {p.sin: elementary.near_sin, p.cos: elementary.near_cos}
# fmt: off
VECTORIZED = {  # rows whose functions take several numbers in the time of one
    p.exp, p.expm1, p.log, p.log1p, p.sin, p.cos, p.tanh, p.sigmoid, p.log_sigmoid, p.softplus,
    p.silu, p.gelu, p.elu, p.normal_cdf, p.gaussian, p.erf, p.erfc, p.sigmoid_slope, p.sech,
    p.silu_slope, p.gelu_slope,
    shifted,
}
# fmt: on


def near_named(name: str) -> Any:
    """Return a row as a function of numbers that are not beyond `elementary.FAR_RADIANS`."""
    return NEAR_FUNCTIONS.get(PRIMITIVES[name], named(name))
