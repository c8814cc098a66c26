"""The functions of the table on arrays.

What NumPy has is NumPy's, and a few that most networks need are spelled here, by the steps of
`autograd.scalar_math`. All others are the table's own, called for one number after the other: slow,
and right by definition. None knows a derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, reduce
from math import inf
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.tracing.internal_primitives import both, either, quotient, shifted, top
from autograd.primitive_type import Primitive

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]  # of arrays
INTEGER_OPERANDS = {p.rounded: 1, p.polygamma: 0, p.sinc_slope: 0, p.log_softmax_of: 0}


def of_floats(op: Primitive) -> Function:
    """Return a primitive as a function of arrays that calls its function of floats."""
    integer = INTEGER_OPERANDS.get(op)

    def one(*numbers: float) -> float:
        exact = [int(x) if i == integer else x for i, x in enumerate(numbers)]
        try:
            return float(op.forward(*exact))
        except (ValueError, ArithmeticError):
            return op.ieee(*exact)

    def of_all(*operands: Any) -> Array:
        arrays = np.broadcast_arrays(*operands)
        found = map(one, *(x.ravel().tolist() for x in arrays))
        return np.fromiter(found, float, arrays[0].size).reshape(arrays[0].shape)

    return of_all


def power(x: Any, y: Any) -> Any:
    """Return x ** y; infinite bases are left to Python: NumPy makes a NaN of (-inf)**2."""
    found = np.power(x, y)
    is_infinite = np.isinf(x)
    if not np.any(is_infinite):
        return found
    return np.where(is_infinite, of_floats(p.power)(x, y), found)


def fading(x: Any) -> Any:
    """Return exp(-abs(x)), which is never above 1."""
    return np.exp(-np.abs(x))


def logistic(x: Any) -> Any:
    """Return 1 / (1 + exp(-x))."""
    small = fading(x)
    return np.where(np.greater_equal(x, 0.0), 1.0, small) / (1.0 + small)


def exponential(x: Any, y: Any) -> Any:
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


# fmt: off
SAME_NAMES = (  # in the table as in NumPy
    "square", "sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos",
    "tan", "sinh", "cosh", "tanh", "hypot", "fmod", "copysign", "sign", "less", "less_equal",
    "greater", "greater_equal", "equal",
)
OTHER_NAMES = {
    p.add: np.add, p.sub: np.subtract, p.mul: np.multiply, p.div: np.divide, quotient: np.divide,
    p.mod: np.remainder, p.neg: np.negative, p.pos: np.positive, p.stop_gradient: np.positive,
    p.absolute: np.abs, p.asin: np.arcsin, p.acos: np.arccos, p.atan: np.arctan,
    p.atan2: np.arctan2, p.asinh: np.arcsinh, p.acosh: np.arccosh, p.atanh: np.arctanh,
    p.at_least: np.maximum, p.at_most: np.minimum, p.tied: np.equal, p.unequal: np.not_equal,
    either: np.logical_or, both: np.logical_and,
}
# fmt: on
COMPOSED: dict[Primitive, Function] = {
    p.power: power,
    p.step: lambda x: np.heaviside(x, 0.0),
    p.floor: lambda x: np.floor(x) + 0.0,  # like Python's ints, no -0.0
    p.ceil: lambda x: np.ceil(x) + 0.0,
    p.trunc: lambda x: np.trunc(x) + 0.0,
    p.where: lambda condition, x, y: np.where(np.not_equal(condition, 0.0), x, y),
    p.relu: lambda x: np.maximum(x, 0.0) + 0.0,
    p.leaky_relu: lambda x, slope: np.where(np.greater(x, 0.0), x, slope * x),
    p.sigmoid: logistic,
    p.spread: lambda x: x * (1.0 - x),
    p.softplus: lambda x: np.maximum(x, 0.0) + np.log1p(fading(x)),
    p.silu: lambda x: np.where(np.equal(x, -inf), -0.0, x * logistic(x)),
    shifted: exponential,
    p.prod: of_many(np.multiply),
    p.largest: of_many(np.maximum),
    p.smallest: of_many(np.minimum),
    top: of_many(np.maximum),
}
ARRAY_FUNCTIONS = {p.TABLE[name]: getattr(np, name) for name in SAME_NAMES} | OTHER_NAMES | COMPOSED


@cache
def function_of(op: Primitive) -> Function:
    """Return a primitive as a function of arrays."""
    return ARRAY_FUNCTIONS.get(op) or of_floats(op)
