"""The table of primitives: every function the engine knows, and the only place with derivatives.

A row gives a symbol, a function of floats and one partial derivative per operand. A partial is
called as ``partial(*operands, out)``, where ``out`` is the result: on floats while an expression is
recorded, on Values when a gradient is differentiated again, on placeholders when a graph is
compiled. So a partial is an expression: operators and primitives, no branch on a value.

>>> sigmoid(0.0), sigmoid.partials[0](0.0, 0.5)
(0.5, 0.25)
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from math import inf, nan
from typing import Any

from autograd.coercion import elements
from autograd.primitive_type import Primitive, Variadic

# isort: off
# fmt: off
from autograd.scalar_math import (
    INV_SQRT_2PI, LOG_2, TWO_BY_SQRT_PI, average, bell, clamp, cumulative_normal, first_nan_or, fold,
    gelu_value, heaviside, ieee_log, ieee_polygamma, ieee_power, ieee_quotient, log1pexp, log_of_cosh,
    log_of_sum, logistic, polygamma_value, real_power, sign_of, silu_value, softmax_shares, times_log,
)
# fmt: on
# isort: on

REAL, POSITIVE, UNIT = (-inf, inf), (0.0, inf), (-1.0, 1.0)
LOG2_E, LOG10_E = 1.4426950408889634, 0.4342944819032518


def negative(*_: Any) -> int:
    """The slope of -x and of the right side of x - y; an int, so that fractions stay exact."""
    return -1


def one(*_: Any) -> int:
    """The slope of an operand that is merely added; an int, so that fractions stay exact."""
    return 1


def unless_nan(*operands: Any) -> Any:
    """The slope 1 of an operand that is passed on, and NaN where the result is NaN."""
    out = operands[-1]
    return sign(1 + out * out)


def nonzero(x: Any) -> Any:
    """Return a length x, or 1 where it is 0: an expression, so that a partial may use it."""
    return x + (1 - step(x))


# The table. A slope is the derivative; at a kink the subgradient of least norm; else the one-sided
# limit. Each formula is the one that rounds well: `1 - tanh(x)**2` loses all digits by x = 19.

# fmt: off
add = Primitive("+", operator.add, one, one)
sub = Primitive("-", operator.sub, one, negative)
mul = Primitive("*", operator.mul, lambda x, y, out: y, lambda x, y, out: x)
div = Primitive("/", operator.truediv, lambda x, y, out: 1 / y, lambda x, y, out: -out / y,
                ieee=ieee_quotient)
power = Primitive("**", real_power, lambda x, y, out: y * power(x, y - 1), lambda x, y, out: out * log(x),
                  constant=lambda x, y, out: (y == 0, x == 0), domain=(POSITIVE, REAL), ieee=ieee_power)
mod = Primitive("%", operator.mod, one, lambda x, y, out: -(x // y),
                constant=lambda x, y, out: (False, x == out), smooth=False)
floordiv = Primitive("//", operator.floordiv, None, None, smooth=False)
neg = Primitive("-", operator.neg, negative)
pos = Primitive("+", operator.pos, one)

absolute = Primitive("abs", abs, lambda x, out: sign(x), smooth=False)
square = Primitive("square", lambda x: x * x, lambda x, out: 2 * x)
sqrt = Primitive("sqrt", math.sqrt, lambda x, out: 0.5 / out, domain=(POSITIVE,))
cbrt = Primitive("cbrt", math.cbrt, lambda x, out: 1 / (3 * out * out),
                 domain=(POSITIVE,))

exp   = Primitive("exp", math.exp, lambda x, out: out, ieee=lambda x: inf)
exp2  = Primitive("exp2", math.exp2, lambda x, out: out * LOG_2, ieee=lambda x: inf)
expm1 = Primitive("expm1", math.expm1, lambda x, out: exp(x), ieee=lambda x: inf)
log   = Primitive("log", math.log, lambda x, out: 1 / x, domain=(POSITIVE,), ieee=ieee_log)
log2  = Primitive("log2", math.log2, lambda x, out: LOG2_E / x, domain=(POSITIVE,), ieee=ieee_log)
log10 = Primitive("log10", math.log10, lambda x, out: LOG10_E / x, domain=(POSITIVE,), ieee=ieee_log)
log1p = Primitive("log1p", math.log1p, lambda x, out: 1 / (1 + x), domain=((-1.0, inf),),
                  ieee=lambda x: ieee_log(1 + x))
xlogy = Primitive("xlogy", times_log, lambda x, y, out: log(y), lambda x, y, out: x / (y + equal(x, 0) * equal(y, 0)),
                  domain=(REAL, POSITIVE), ieee=lambda x, y: x * ieee_log(y))

sin = Primitive("sin", math.sin, lambda x, out: cos(x))
cos = Primitive("cos", math.cos, lambda x, out: -sin(x))
tan = Primitive("tan", math.tan, lambda x, out: 1 + out * out)
asin = Primitive("asin", math.asin, lambda x, out: 1 / sqrt((1 - x) * (1 + x)), domain=(UNIT,))
acos = Primitive("acos", math.acos, lambda x, out: -1 / sqrt((1 - x) * (1 + x)), domain=(UNIT,))
atan = Primitive("atan", math.atan, lambda x, out: 1 / (1 + x * x))
atan2 = Primitive("atan2", math.atan2, lambda y, x, out: x / hypot(y, x) / hypot(y, x),
                  lambda y, x, out: -y / hypot(y, x) / hypot(y, x))
sinh = Primitive("sinh", math.sinh, lambda x, out: cosh(x), ieee=lambda x: math.copysign(inf, x))
cosh = Primitive("cosh", math.cosh, lambda x, out: sinh(x), ieee=lambda x: inf)
logcosh = Primitive("logcosh", log_of_cosh, lambda x, out: tanh(x))
tanh = Primitive("tanh", math.tanh, lambda x, out: 4 * sigmoid(2 * x) * sigmoid(-2 * x))
asinh = Primitive("asinh", math.asinh, lambda x, out: 1 / hypot(1, x))
acosh = Primitive("acosh", math.acosh, lambda x, out: 1 / (sqrt(x - 1) * sqrt(x + 1)),
                  domain=((1.0, inf),))
atanh = Primitive("atanh", math.atanh, lambda x, out: 1 / ((1 - x) * (1 + x)), domain=(UNIT,),
                  ieee=lambda x: math.copysign(inf, x) if abs(x) == 1 else nan)
hypot = Primitive("hypot", math.hypot, lambda x, y, out: x / nonzero(out),
                  lambda x, y, out: y / nonzero(out))

gaussian = Primitive("gaussian", bell, lambda x, rate, out: -2 * rate * x * out, None, defaults=(1.0,))
normal_cdf = Primitive("normal_cdf", cumulative_normal, lambda x, out: INV_SQRT_2PI * gaussian(x, 0.5))
erf  = Primitive("erf", math.erf, lambda x, out: TWO_BY_SQRT_PI * gaussian(x, 1.0))
erfc = Primitive("erfc", math.erfc, lambda x, out: -TWO_BY_SQRT_PI * gaussian(x, 1.0))
polygamma = Primitive("polygamma", polygamma_value, None, lambda n, x, out: polygamma(n + 1, x),
                      domain=((-1.0, inf), POSITIVE), ieee=ieee_polygamma)
lgamma = Primitive("lgamma", math.lgamma, lambda x, out: polygamma(0, x), domain=(POSITIVE,),
                   ieee=lambda x: inf)

step  = Primitive("step", heaviside, None, smooth=False)
sign  = Primitive("sign", sign_of, None, smooth=False)
floor = Primitive("floor", math.floor, None, ieee=float, smooth=False)
ceil  = Primitive("ceil", math.ceil, None, ieee=float, smooth=False)
rounded = Primitive("round", round, None, None, ieee=lambda x, digits: x, smooth=False, defaults=(0,))
copysign: Primitive = Primitive("copysign", math.copysign, lambda x, y, out: sign(x) * copysign(1, y), None,
                                smooth=False)
at_least = Primitive("maximum", lambda x, bound: first_nan_or(max, (x, bound)),
                     lambda x, bound, out: step(x - bound), None,
                     constant=lambda x, bound, out: (x < bound, True), smooth=False)
at_most = Primitive("minimum", lambda x, bound: first_nan_or(min, (x, bound)),
                    lambda x, bound, out: step(bound - x), None,
                    constant=lambda x, bound, out: (x > bound, True), smooth=False)

sigmoid     = Primitive("sigmoid", logistic, lambda x, out: out * sigmoid(-x))  # 1 - out loses all by 37
log_sigmoid = Primitive("log_sigmoid", lambda x: -log1pexp(-x), lambda x, out: sigmoid(-x))
softplus    = Primitive("softplus", log1pexp, lambda x, out: sigmoid(x))
silu = Primitive("silu", silu_value, lambda x, out: sigmoid(x) * (1 + x * sigmoid(-x)))
gelu = Primitive("gelu", gelu_value, lambda x, out: normal_cdf(x) + INV_SQRT_2PI * x * gaussian(x, 0.5))
relu = Primitive("relu", lambda x: x if x > 0 or x != x else 0.0, lambda x, out: step(x),
                 constant=lambda x, out: (x < 0,), smooth=False)
leaky_relu = Primitive("leaky_relu", lambda x, slope: x if x > 0 else slope * x,
                       lambda x, slope, out: step(x) + slope * (1 - step(x)),
                       lambda x, slope, out: x * (1 - step(x)),
                       constant=lambda x, slope, out: (False, x > 0), smooth=False,
                       defaults=(0.01,))
elu = Primitive("elu", lambda x, scale: x if x > 0 else scale * math.expm1(x),
                lambda x, scale, out: step(x) + scale * (1 - step(x)) * exp(at_most(x, 0)),
                lambda x, scale, out: expm1(at_most(x, 0)),
                constant=lambda x, scale, out: (False, x > 0), smooth=False, defaults=(1.0,))

clip = Primitive("clip", clamp, unless_nan, unless_nan, unless_nan, smooth=False,
                 constant=lambda x, low, high, out: ((x < low) | (x > high), x >= low, x <= high))
where = Primitive("where", lambda condition, x, y: x if condition else y, None, one, one, smooth=False,
                  constant=lambda condition, x, y, out: (True, condition == 0, condition != 0))
stop_gradient = Primitive("stop_gradient", lambda x: x, None, smooth=False)

less          = Primitive("<", operator.lt, None, None, smooth=False)
less_equal    = Primitive("<=", operator.le, None, None, smooth=False)
greater       = Primitive(">", operator.gt, None, None, smooth=False)
greater_equal = Primitive(">=", operator.ge, None, None, smooth=False)
equal         = Primitive("equal", operator.eq, None, None, smooth=False)
unequal       = Primitive("unequal", operator.ne, None, None, smooth=False)
# fmt: on


def weighted_sum(*operands: Any) -> Any:
    """Return bias + w1*x1 + w2*x2 + ..., rounded as that expression is; operands bias, ws, xs."""
    half = len(operands) // 2 + 1
    return fold(map(operator.mul, operands[1:half], operands[half:]), operands[0])


def dot_rule(operands: Sequence[Any], out: Any) -> list[Any]:
    """The slope of a weight is its input, and the slope of an input its weight."""
    half = len(operands) // 2 + 1
    return [1, *operands[half:], *operands[1:half]]


def product_rule(xs: Sequence[Any], out: Any) -> list[Any]:
    """Each slope is the product of all others: what stands before times what comes after."""
    before = itertools.accumulate(xs[:-1], operator.mul, initial=1)
    after = list(itertools.accumulate(reversed(xs[1:]), operator.mul, initial=1))
    return [left * right for left, right in zip(before, reversed(after))]


def winners_rule(xs: Sequence[Any], out: Any) -> list[Any]:
    """The k winners of a tie share the slope, 1/k each: the subgradient of least norm."""
    winners = [equal(x, out) for x in xs]
    count = fold(winners)
    return [winner / count for winner in winners]


def softmax_rule(operands: Sequence[Any], out: Any) -> list[Any]:
    """The slope to x_j is s_i (d_ij - s_j), where 1 - s_i is taken as the sum of the others."""
    index = operands[0]
    xs = operands[1:]
    shares = softmax(xs)
    others = fold(share for j, share in enumerate(shares) if j != index)
    slopes = [out * others if j == index else -out * share for j, share in enumerate(shares)]
    return [None, *slopes]


# fmt: off
inner_product = Variadic("dot", weighted_sum, dot_rule)
total = Variadic("sum", lambda *xs: fold(xs), lambda xs, out: [1] * len(xs))
mean  = Variadic("mean", average, lambda xs, out: [xs[0] ** 0 / len(xs)] * len(xs))  # exact, too
prod  = Variadic("prod", lambda *xs: math.prod(xs), product_rule)
norm  = Variadic("norm", math.hypot, lambda xs, out: [x / nonzero(out) for x in xs])
logsumexp = Variadic("logsumexp", log_of_sum, lambda xs, out: softmax(xs))
softmax_of = Variadic("softmax", lambda index, *xs: softmax_shares(*xs)[index], softmax_rule)
largest  = Variadic("maximum", lambda *xs: first_nan_or(max, xs), winners_rule, smooth=False,
                    constant=lambda *xs: [x < xs[-1] for x in xs[:-1]])
smallest = Variadic("minimum", lambda *xs: first_nan_or(min, xs), winners_rule, smooth=False,
                    constant=lambda *xs: [x > xs[-1] for x in xs[:-1]])
# fmt: on


def softmax(xs: Sequence[Any]) -> list[Any]:
    """Return exp(x) / sum(exp(xs)) for every x; each result is one node, and they sum to 1.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    xs = elements("softmax", xs)
    if not any(hasattr(x, "record") for x in xs):
        return softmax_shares(*xs)  # at once: a rule asks for all shares of plain numbers
    return [softmax_of((i, *xs)) for i in range(len(xs))]


TABLE = {name: row for name, row in list(globals().items()) if isinstance(row, Primitive)}
for name, row in TABLE.items():
    row.name = name
    row.__module__ = __name__
