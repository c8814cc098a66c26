"""The functions of the table on arrays.

What NumPy has is NumPy's, and a few that most networks need are spelled here, by the steps of
`autograd.scalar_math`. All others are the table's own, called for one number after the other: slow,
and right by definition. None knows a derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, reduce
from math import inf
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.tracing.internal_primitives import both, either, quotient, shifted, top
from autograd.primitive_type import Primitive

Array = np.ndarray[Any, Any]
# A number is the same everywhere.
Operand = Array | float
Function = Callable[..., Any]
# Which operand is no float.
INTEGER_OPERANDS = {p.rounded: 1, p.polygamma: 0, p.sinc_slope: 0, p.log_softmax_of: 0}
# What NumPy has, by the name in the table, and NumPy's where that is another.
NUMPY_NAMES = """
    add sub:subtract mul:multiply div:divide mod:remainder fmod neg:negative pos:positive
    absolute square sqrt cbrt exp exp2 expm1 log log2 log10 log1p hypot sign copysign
    sin cos tan asin:arcsin acos:arccos atan:arctan atan2:arctan2
    sinh cosh tanh asinh:arcsinh acosh:arccosh atanh:arctanh
    at_least:maximum at_most:minimum stop_gradient:positive
    less less_equal greater greater_equal equal tied:equal unequal:not_equal
"""


def numpy_functions() -> Iterator[tuple[Primitive, Function]]:
    """Yield the rows of the table that NumPy has, with its functions."""
    for word in NUMPY_NAMES.split():
        name, _, other = word.partition(":")
        op = p.TABLE[name]
        yield op, getattr(np, other or name)


def of_floats(op: Primitive) -> Function:
    """Return a primitive as a function of arrays that calls its function of floats."""
    integer = INTEGER_OPERANDS.get(op)

    def one(*numbers: float) -> float:
        try:
            return float(op.forward(*numbers))
        except (ValueError, ArithmeticError):
            return op.ieee(*numbers)

    def of_all(*operands: Operand) -> Array:
        arrays = np.broadcast_arrays(*operands)
        columns = [x.ravel().tolist() for x in arrays]
        if integer is not None:
            indices = map(int, columns[integer])
            columns[integer] = list(indices)
        whole = arrays[0]
        results = map(one, *columns)
        found = np.fromiter(results, float, whole.size)
        return found.reshape(whole.shape)

    return of_all


def power(x: Operand, y: Operand) -> Any:
    """Return x ** y."""
    found = np.power(x, y)
    is_infinite = np.isinf(x)
    if not np.any(is_infinite):
        return found
    # Those are left to Python: NumPy makes a NaN of (-inf)**2.
    by_python = of_floats(p.power)(x, y)
    return np.where(is_infinite, by_python, found)


def ramp(x: Operand) -> Any:
    """Return the larger of x and 0."""
    return np.maximum(x, 0.0) + 0.0


def leaky_ramp(x: Operand, slope: Operand) -> Any:
    """Return x, and slope * x below 0."""
    is_above = np.greater(x, 0.0)
    return np.where(is_above, x, slope * x)


def chosen(condition: Operand, x: Operand, y: Operand) -> Any:
    """Return x where the condition holds, else y."""
    holds = np.not_equal(condition, 0.0)
    return np.where(holds, x, y)


def unit_step(x: Operand) -> Any:
    """Return 1 above 0, else 0."""
    return np.heaviside(x, 0.0)


def spread(x: Operand) -> Any:
    """Return x * (1 - x)."""
    rest = 1.0 - x
    return x * rest


# Like Python's ints, what is rounded is no -0.0.


def rounded_down(x: Operand) -> Any:
    """Return the largest whole number that is not above x."""
    return np.floor(x) + 0.0


def rounded_up(x: Operand) -> Any:
    """Return the smallest whole number that is not below x."""
    return np.ceil(x) + 0.0


def rounded_to_zero(x: Operand) -> Any:
    """Return x without its fraction."""
    return np.trunc(x) + 0.0


def fading(x: Operand) -> Any:
    """Return exp(-abs(x)), which is never above 1."""
    size = np.abs(x)
    return np.exp(-size)


def logistic(x: Operand) -> Any:
    """Return 1 / (1 + exp(-x))."""
    small = fading(x)
    is_right = np.greater_equal(x, 0.0)
    share = np.where(is_right, 1.0, small)
    return share / (1.0 + small)


def slope_of_logistic(x: Operand) -> Any:
    """Return the slope of the logistic function: the product of the shares of both tails."""
    small = fading(x)
    whole = 1.0 + small
    left = small / whole
    right = 1.0 / whole
    return left * right


def soft_ramp(x: Operand) -> Any:
    """Return log(1 + exp(x))."""
    small = fading(x)
    return np.maximum(x, 0.0) + np.log1p(small)


def silu(x: Operand) -> Any:
    """Return x * logistic(x), which is -0.0 at minus infinity."""
    found = x * logistic(x)
    is_lowest = np.equal(x, -inf)
    return np.where(is_lowest, -0.0, found)


def exponential(x: Operand, y: Operand) -> Any:
    """Return exp(x - y), with what the subtraction rounds away made good."""
    difference = np.subtract(x, y)
    back = difference - x
    # What the difference has of x and of y, and what each of them has beside.
    lost_of_x = x - (difference - back)
    lost_of_y = y + back
    lost = lost_of_x - lost_of_y
    found = np.exp(difference)
    corrected = found * (1.0 + lost)
    found = np.where(np.isfinite(difference), corrected, found)
    is_same = np.equal(x, y)
    return np.where(is_same, 1.0, found)


def of_many(function: np.ufunc) -> Function:
    """Return a function of two arrays as one of any number of them."""

    def of_all(*operands: Operand) -> Any:
        return reduce(function, operands)

    return of_all


ARRAY_FUNCTIONS: dict[Primitive, Function] = {
    **dict(numpy_functions()),
    p.power: power,
    p.step: unit_step,
    p.floor: rounded_down,
    p.ceil: rounded_up,
    p.trunc: rounded_to_zero,
    p.where: chosen,
    p.relu: ramp,
    p.leaky_relu: leaky_ramp,
    p.sigmoid: logistic,
    p.sigmoid_slope: slope_of_logistic,
    p.spread: spread,
    p.softplus: soft_ramp,
    p.silu: silu,
    p.prod: of_many(np.multiply),
    p.largest: of_many(np.maximum),
    p.smallest: of_many(np.minimum),
    top: of_many(np.maximum),
    shifted: exponential,
    quotient: np.divide,
    either: np.logical_or,
    both: np.logical_and,
}


@cache
def function_of(op: Primitive) -> Function:
    """Return a primitive as a function of arrays."""
    return ARRAY_FUNCTIONS.get(op) or of_floats(op)
