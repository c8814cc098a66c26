"""The functions of the table on arrays: each writes its results to the array `out`.

Most are functions of NumPy. Those that NumPy lacks are spelled here, or else are the table's own,
called for one number after the other. None knows a derivative.

Some are stated twice: in `autograd.scalar_math` for a float, with branches, and here for arrays, as
a call for each number would be slow. They share constants, and what has no branch (`two_product`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.tracing.internal_primitives import (
    both,
    built_in_max,
    built_in_min,
    either,
    quotient,
    shifted,
    top,
)
from autograd.primitive_type import Primitive
from autograd.scalar_math import (
    INV_SQRT_2PI,
    LARGEST,
    SQRT_HALF,
    SQRT_HALF_LOW,
    TWO_BY_SQRT_PI,
    two_product,
)

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]  # (*operands, out=array)
MAX_NUMBERS_UNCHECKED = 512  # so few are not worth a look at whether all are finite
# A number of Python's would be converted in each call, which takes longer than the rest of it.
ZERO, ONE = ({np.dtype(code): np.array(x, code) for code in "fd"} for x in (0.0, 1.0))


def composed(function: Callable[..., Any]) -> Function:
    """Return a function that writes to `out`, from one that returns an array of its own."""

    def into(*operands: Any, out: Array) -> None:
        np.copyto(out, function(*operands))

    return into


def of_floats(op: Primitive, integer: int | None = None) -> Function:
    """Return a primitive as a function of arrays that calls its function of floats.

    The operand in the place `integer` is handed over as an int.
    """
    types = [int if i == integer else float for i in range(len(op.partials) or 2)]

    def one(*numbers: float) -> float:
        exact = [number(x) for number, x in zip(types, numbers)] if integer is not None else numbers
        try:
            return float(op.forward(*exact))
        except (ValueError, ArithmeticError):
            return op.ieee(*exact)

    def all_of(*operands: Any) -> Array:
        arrays = np.broadcast_arrays(*operands)
        columns = [x.ravel().tolist() for x in arrays]
        found = np.fromiter(map(one, *columns), float, arrays[0].size)
        return found.reshape(arrays[0].shape)

    return composed(all_of)


def of_libm(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """Return a function of `math` that never raises as a function of arrays."""

    def all_of(x: Any) -> Any:
        numbers = np.ravel(x).tolist()
        found = np.fromiter(map(function, numbers), float, len(numbers))
        return found.reshape(np.shape(x))

    return all_of


erfc = of_libm(math.erfc)


def power(x: Any, y: Any, out: Array) -> None:
    """Write x ** y; infinite bases are left to Python: vectors of NumPy make a NaN of (-inf)**2."""
    np.power(x, y, out=out)
    if not math.isfinite(np.vdot(x, x)):
        exact = np.empty_like(out)
        of_floats(p.power)(x, y, out=exact)
        np.copyto(out, exact, where=np.isinf(x))


def relu(x: Any, out: Array) -> None:
    """Write max(x, 0), which is no -0.0."""
    zero = ZERO[out.dtype]
    np.maximum(x, zero, out=out)
    np.add(out, zero, out=out)


def step(x: Any, out: Array) -> None:
    """Write 1 right of zero, else 0, and NaN for NaN, for which a test is cheap."""
    zero = ZERO[out.dtype]
    if out.size > MAX_NUMBERS_UNCHECKED and math.isfinite(np.vdot(x, x)):
        np.greater(x, zero, out=out)
    else:
        np.heaviside(x, zero, out=out)


def fading(x: Any, out: Array) -> None:
    """Write exp(-abs(x)), which is never above 1."""
    np.abs(x, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)


def logistic(x: Any, out: Array) -> None:
    """Write 1 / (1 + exp(-x)), by the steps of `autograd.scalar_math`, each on all numbers."""
    fading(x, out)
    one = ONE[out.dtype]
    above = np.where(np.greater_equal(x, ZERO[out.dtype]), one, out)
    np.add(out, one, out=out)
    np.divide(above, out, out=out)


def log1pexp(x: Any, out: Array) -> None:
    """Write log(1 + exp(x)), by the steps of `autograd.scalar_math`, each on all numbers."""
    fading(x, out)
    np.log1p(out, out=out)
    np.add(np.maximum(x, ZERO[out.dtype]), out, out=out)


def log_logistic(x: Any, out: Array) -> None:
    """Write log(1 / (1 + exp(-x)))."""
    log1pexp(np.negative(x), out)
    np.negative(out, out=out)


def silu(x: Any, out: Array) -> None:
    """Write x / (1 + exp(-x)), and its limit at -infinity."""
    logistic(x, out)
    np.multiply(out, x, out=out)
    np.copyto(out, -0.0, where=np.equal(x, -inf))


def bell(x: Any, rate: Any) -> Any:
    """Return exp(-rate * x**2), by the steps of `autograd.scalar_math`, each on all numbers."""
    x = np.asarray(x, float)  # `two_product` is for doubles
    square, error = two_product(x, x)
    found = np.exp(-rate * square) * (1.0 - rate * error)
    return np.where(np.abs(x) > 40.0, 0.0, found)


def cumulative_normal(x: Any) -> Any:
    """Return the probability that a standard normal variable is below x, by the same steps."""
    x = np.asarray(x, float)  # `two_product` is for doubles
    t, error = two_product(-x, SQRT_HALF)
    error = error - x * SQRT_HALF_LOW
    found = 0.5 * (erfc(t) - TWO_BY_SQRT_PI * bell(t, 1.0) * error)
    return np.where(np.abs(x) > 40.0, np.where(x > 0.0, 1.0, 0.0), found)


def gelu(x: Any) -> Any:
    """Return x times the cumulative normal distribution, and its limit at -infinity."""
    return np.where(np.equal(x, -inf), -0.0, x * cumulative_normal(x))


def slope_of_logistic(x: Any, out: Array) -> None:
    """Write the slope of 1 / (1 + exp(-x)), by the steps of `autograd.scalar_special`."""
    fading(x, out)
    one = ONE[out.dtype]
    whole = np.add(out, one)
    np.divide(out, whole, out=out)
    np.multiply(out, np.divide(one, whole), out=out)


def ratio(x: Any, y: Any) -> Any:
    """Return x / y, and 0 for 0 / 0."""
    return np.where(np.equal(x, 0.0) & np.equal(y, 0.0), 0.0, np.divide(x, y))


def times_log(log: np.ufunc) -> Function:
    """Return x * log(y), and 0 for x = 0 whatever y, but NaN for NaN."""

    def product(x: Any, y: Any) -> Any:
        return np.where(np.equal(x, 0.0) & np.equal(y, y), 0.0, x * log(y))

    return composed(product)


def slope_of_pieces(x: Any, slope: Any) -> Any:
    """Return 1 right of zero, a slope left of it, and at zero the least of all between these."""
    least = np.where(slope < 0.0, 0.0, np.where(slope > 1.0, 1.0, slope))
    found = np.where(x > 0.0, 1.0, np.where(x < 0.0, slope, least))
    return np.where(np.isnan(x), x, found)


def exact_sum(xs: Array) -> Any:
    """Return the sum of the numbers along the first axis, with what each addition rounds away."""
    total = np.zeros(xs.shape[1:])
    low = np.zeros(xs.shape[1:])
    for x in xs:
        moved = total + x
        rest = moved - total
        low += (total - (moved - rest)) + (x - rest)
        total = moved
    return np.where(np.isfinite(total), total + low, xs.sum(axis=0))


def log_of_share(xs: Array) -> Any:
    """Return the logarithm of a share of the softmax; the first row has the index."""
    place = xs[:1].astype(int)
    others = xs[1:]
    own = np.take_along_axis(others, place, axis=0)[0]
    largest = np.max(others, axis=0)
    shares = exponential(others, largest)
    np.put_along_axis(shares, others.argmax(axis=0)[None], 0.0, axis=0)
    found = np.where(own == largest, 0.0, own - largest) - np.log1p(shares.sum(axis=0))
    found = np.where(np.isinf(largest) & (own != largest), -inf, found)
    return np.where(np.isnan(largest), nan, found)


def slope_of_silu(x: Any, out: Array) -> None:
    """Write the slope of x / (1 + exp(-x)), and its limits at the infinities."""
    fading(x, out)
    one = ONE[out.dtype]
    right = np.greater_equal(x, ZERO[out.dtype])
    whole = np.add(out, one)
    above = np.where(right, one, out) / whole
    found = above * (one + x * (np.where(right, out, one) / whole))
    np.copyto(out, np.where(np.equal(out, 0.0), right, found))


def slope_of_gelu(x: Any) -> Any:
    """Return the slope of x times the cumulative normal distribution, and its limits."""
    found = cumulative_normal(x) + INV_SQRT_2PI * x * bell(x, 0.5)
    return np.where(np.abs(x) > 40.0, np.where(np.greater(x, 0.0), 1.0, 0.0), found)


def floor_division(x: Any, y: Any, out: Array) -> None:
    """Write x // y, NaN where y is 0, as under `ieee()`."""
    np.floor_divide(x, y, out=out)
    np.copyto(out, nan, where=np.equal(y, 0.0))


def whole(function: np.ufunc) -> Function:
    """Return a rounding function whose results, like Python's ints, are no -0.0."""

    def into(x: Any, out: Array) -> None:
        function(x, out=out)
        np.add(out, 0.0, out=out)

    return into


def clamp(x: Any, low: Any, high: Any) -> Any:
    """Return x, moved to the nearer end of [low, high], and NaN where that is no interval."""
    inside = np.where(x < low, low, np.where(x > high, high, x))
    return np.where(np.less_equal(low, high), inside, nan)


def choose(condition: Any, x: Any, y: Any) -> Any:
    """Return x where a condition is not 0, else y."""
    return np.where(np.not_equal(condition, 0.0), x, y)


def exponential(x: Any, y: Any) -> Any:
    """Return exp(x - y), with what the subtraction rounds away made good, by the same steps."""
    difference = np.subtract(x, y)
    back = difference - x
    lost = (x - (difference - back)) - (y + back)
    found = np.exp(difference)
    found = np.where(np.isfinite(difference), found * (1.0 + lost), found)
    return np.where(np.equal(x, y), 1.0, found)


def reduced(function: np.ufunc) -> Function:
    """Return a function of two numbers as one of the numbers along the first axis."""

    def into(xs: Array, out: Array) -> None:
        function.reduce(xs, axis=0, out=out)

    return into


def first_of(function: np.ufunc, better: np.ufunc) -> Function:
    """Return Python's `max` or `min` along the first axis: the first of equals, NaN is no better.

    NumPy's is the same number, unless that is a zero, which has two signs, or a NaN.
    """

    def into(xs: Array, out: Array) -> None:
        function.reduce(xs, axis=0, out=out)
        if not np.greater(np.abs(out), 0.0).all():
            np.copyto(out, xs[0])
            for x in xs[1:]:
                np.copyto(out, x, where=better(x, out))

    return into


def length(xs: Array) -> Any:
    """Return the norm of the numbers along the first axis, without overflow."""
    scale = np.max(np.abs(xs), axis=0)
    safe = np.where((scale > 0.0) & (scale < inf), scale, 1.0)
    found = safe * np.sqrt(np.square(xs / safe).sum(axis=0))
    return np.where(np.isinf(xs).any(axis=0), inf, np.where(scale > 0.0, found, scale))


def log_of_sum(xs: Array) -> Any:
    """Return log(sum(exp(xs))) along the first axis, shifted by the largest, which is left out."""
    largest = np.max(xs, axis=0)
    shares = exponential(xs, largest)
    np.put_along_axis(shares, xs.argmax(axis=0)[None], 0.0, axis=0)
    return np.where(np.isfinite(largest), largest + np.log1p(shares.sum(axis=0)), largest)


def is_absent(upstream: Array, out: Array) -> None:
    """Tell where there is no adjoint: it is -0.0 there (`lower.optional_adjoints`)."""
    bits = upstream.view(f"i{upstream.itemsize}")
    np.equal(bits, np.iinfo(bits.dtype).min, out=out)


ARRAY_FUNCTIONS: dict[Primitive, Function] = {
    p.add: np.add,
    p.sub: np.subtract,
    p.mul: np.multiply,
    p.div: np.divide,
    p.power: power,
    p.mod: np.remainder,
    p.floordiv: floor_division,
    p.neg: np.negative,
    p.pos: np.positive,
    p.absolute: np.abs,
    p.square: np.square,
    p.sqrt: np.sqrt,
    p.cbrt: np.cbrt,
    p.exp: np.exp,
    p.exp2: np.exp2,
    p.expm1: np.expm1,
    p.log: np.log,
    p.log2: np.log2,
    p.log10: np.log10,
    p.log1p: np.log1p,
    p.xlogy: times_log(np.log),
    p.xlog1py: times_log(np.log1p),
    p.ratio: composed(ratio),
    p.finite: composed(lambda x: np.clip(x, -LARGEST, LARGEST)),
    p.tied: np.equal,
    p.pieces_slope: composed(slope_of_pieces),
    p.sigmoid_slope: slope_of_logistic,
    p.atan_slope: composed(lambda x: 1.0 / (1.0 + x * x)),
    p.asinh_slope: composed(lambda x: 1.0 / np.hypot(1.0, x)),
    p.acosh_slope: composed(lambda x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0))),
    p.asin_slope: composed(lambda x: 1.0 / np.sqrt((1.0 - x) * (1.0 + x))),
    p.atanh_slope: composed(lambda x: 1.0 / ((1.0 - x) * (1.0 + x))),
    p.spread: composed(lambda x: x * (1.0 - x)),
    p.sin: np.sin,
    p.cos: np.cos,
    p.tan: np.tan,
    p.asin: np.arcsin,
    p.acos: np.arccos,
    p.atan: np.arctan,
    p.atan2: np.arctan2,
    p.sinh: np.sinh,
    p.cosh: np.cosh,
    p.tanh: np.tanh,
    p.asinh: np.arcsinh,
    p.acosh: np.arccosh,
    p.atanh: np.arctanh,
    p.hypot: np.hypot,
    p.gaussian: composed(bell),
    p.normal_cdf: composed(cumulative_normal),
    p.erf: composed(of_libm(math.erf)),
    p.erfc: composed(erfc),
    p.step: step,
    p.sign: np.sign,
    p.floor: whole(np.floor),
    p.ceil: whole(np.ceil),
    p.trunc: whole(np.trunc),
    p.fmod: np.fmod,
    p.copysign: np.copysign,
    p.at_least: np.maximum,
    p.at_most: np.minimum,
    p.sigmoid: logistic,
    p.log_sigmoid: log_logistic,
    p.softplus: log1pexp,
    p.silu: silu,
    p.silu_slope: slope_of_silu,
    p.gelu_slope: composed(slope_of_gelu),
    p.gelu: composed(gelu),
    p.relu: relu,
    p.leaky_relu: composed(lambda x, slope: np.where(x > 0, x, slope * x)),
    p.elu: composed(lambda x, scale: np.where(x > 0, x, scale * np.expm1(x))),
    p.clip: composed(clamp),
    p.where: composed(choose),
    p.stop_gradient: np.positive,
    p.less: np.less,
    p.less_equal: np.less_equal,
    p.greater: np.greater,
    p.greater_equal: np.greater_equal,
    p.equal: np.equal,
    p.unequal: np.not_equal,
    either: np.logical_or,
    both: np.logical_and,
    quotient: np.divide,
    shifted: composed(exponential),
}
AXIS_FUNCTIONS: dict[Primitive, Function] = {  # of operands that stand along the first axis
    top: reduced(np.maximum),
    built_in_max: first_of(np.maximum, np.greater),
    built_in_min: first_of(np.minimum, np.less),
    p.largest: reduced(np.maximum),
    p.smallest: reduced(np.minimum),
    p.prod: reduced(np.multiply),
    p.norm: composed(length),
    p.fsum: composed(exact_sum),
    p.log_softmax_of: composed(log_of_share),
    p.logsumexp: composed(log_of_sum),
}
LOGICAL = {
    p.less,
    p.less_equal,
    p.greater,
    p.greater_equal,
    p.equal,
    p.tied,
    p.unequal,
    either,
    both,
}
INTEGER_OPERANDS = {p.rounded: 1, p.polygamma: 0, p.sinc_slope: 0}


def function_of(op: Primitive) -> Function:
    """Return a primitive as a function of arrays, `(*operands, out=array)`."""
    return ARRAY_FUNCTIONS.get(op) or of_floats(op, INTEGER_OPERANDS.get(op))


def along(op: Primitive) -> Function:
    """Return a primitive of any number of operands as a function of an array of them."""
    return AXIS_FUNCTIONS.get(op) or (lambda xs, out: of_floats(op)(*xs, out=out))
