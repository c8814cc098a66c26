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
        yield p.TABLE[name], getattr(np, other or name)


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
            columns[integer] = list(map(int, columns[integer]))
        found = np.fromiter(map(one, *columns), float, arrays[0].size)
        return found.reshape(arrays[0].shape)

    return of_all


def power(x: Operand, y: Operand) -> Any:
    """Return x ** y."""
    found = np.power(x, y)
    is_infinite = np.isinf(x)
    if not np.any(is_infinite):
        return found
    # Those are left to Python: NumPy makes a NaN of (-inf)**2.
    return np.where(is_infinite, of_floats(p.power)(x, y), found)


def fading(x: Operand) -> Any:
    """Return exp(-abs(x)), which is never above 1."""
    return np.exp(-np.abs(x))


def logistic(x: Operand) -> Any:
    """Return 1 / (1 + exp(-x))."""
    small = fading(x)
    return np.where(np.greater_equal(x, 0.0), 1.0, small) / (1.0 + small)


def slope_of_logistic(x: Operand) -> Any:
    """Return the slope of the logistic function: the product of the shares of both tails."""
    small = fading(x)
    whole = 1.0 + small
    return small / whole * (1.0 / whole)


def exponential(x: Operand, y: Operand) -> Any:
    """Return exp(x - y), with what the subtraction rounds away made good."""
    difference = np.subtract(x, y)
    back = difference - x
    lost = (x - (difference - back)) - (y + back)
    found = np.exp(difference)
    found = np.where(np.isfinite(difference), found * (1.0 + lost), found)
    return np.where(np.equal(x, y), 1.0, found)


def of_many(function: np.ufunc) -> Function:
    """Return a function of two arrays as one of any number of them."""
    return lambda *operands: reduce(function, operands)


ARRAY_FUNCTIONS: dict[Primitive, Function] = {
    **dict(numpy_functions()),
    p.power: power,
    p.step: lambda x: np.heaviside(x, 0.0),
    # Like Python's ints, what is rounded is no -0.0.
    p.floor: lambda x: np.floor(x) + 0.0,
    p.ceil: lambda x: np.ceil(x) + 0.0,
    p.trunc: lambda x: np.trunc(x) + 0.0,
    p.where: lambda condition, x, y: np.where(np.not_equal(condition, 0.0), x, y),
    p.relu: lambda x: np.maximum(x, 0.0) + 0.0,
    p.leaky_relu: lambda x, slope: np.where(np.greater(x, 0.0), x, slope * x),
    p.sigmoid: logistic,
    p.sigmoid_slope: slope_of_logistic,
    p.spread: lambda x: x * (1.0 - x),
    p.softplus: lambda x: np.maximum(x, 0.0) + np.log1p(fading(x)),
    p.silu: lambda x: np.where(np.equal(x, -inf), -0.0, x * logistic(x)),
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
