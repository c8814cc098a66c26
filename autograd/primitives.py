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
from collections.abc import Iterable, Iterator, Sequence
from math import inf, nan
from typing import Any

from autograd.coercion import Operand, Operands, as_number, elements
from autograd.primitive_type import Primitive, Variadic

# isort: off
# fmt: off
from autograd.scalar_math import (
    INV_SQRT_2PI, LOG_2, TWO_BY_SQRT_PI, average, bell, chosen, clamp, cumulative_normal, finite_part,
    first_nan_or, fold, gelu_value, heaviside, ieee_log, ieee_polygamma, ieee_power, ieee_quotient,
    log1pexp, log_of_cosh, log_of_share, log_of_sum, logistic, as_one, polygamma_value, ratio_value, rounded_to,
    real_power, rectified, sign_of, silu_value, slope_of_pieces, slope_of_gelu, slope_of_silu, softmax_shares, times_log, with_sign,
)
from autograd.scalar_special import (
    arc_cosecant, arc_cotangent, arc_secant, area_cosecant, area_cotangent, area_secant,
    celu_gap_value, celu_value, cosecant, cotangent, hyperbolic_cosecant, hyperbolic_cotangent,
    hyperbolic_secant, inverse_erf, log1mexp_value, log2_of_sum, log_odds, mish_value, power_of_ten,
    secant, share_of_two, sinc_slope_value, sinc_value, slope_of_acosh, slope_of_asech, slope_of_asin,
    slope_of_asinh, slope_of_atan, slope_of_atanh, slope_of_inverse_erf, slope_of_logistic,
    slope_of_squareplus, softsign_value, squareplus_value, times_log1p,
)
# fmt: on
# isort: on

REAL = (-inf, inf)
POSITIVE = (0.0, inf)
UNIT = (-1.0, 1.0)
LOG2_E = 1.4426950408889634
LOG10_E = 0.4342944819032518
LOG_10 = 2.302585092994046


def negative(*_: object) -> int:
    """The slope of -x and of the right side of x - y; an int, so that fractions stay exact."""
    return -1


def one(*_: object) -> int:
    """The slope of an operand that is merely added; an int, so that fractions stay exact."""
    return 1


def unless_nan(*operands: Any) -> Any:
    """The slope 1 of an operand that is passed on, and NaN where the result is NaN."""
    out = operands[-1]
    return sign(1 + out * out)


def pole_at_0(x: float) -> float:
    """Return what 1 / x is at 0 under IEEE 754; NaN elsewhere."""
    return nan if x else math.copysign(inf, x)


# The table. A slope is the derivative; at a kink the subgradient of least norm; else the one-sided
# limit. Each formula is the one that rounds well: `1 - tanh(x)**2` loses all digits by x = 19. The
# same holds for the slope of a slope. Where no formula of other rows does, the slope is a row of its
# own, such as `asin_slope`; and `finite(x)` stands where x is multiplied by what is 0 at infinity.

# fmt: off
add = Primitive("+", operator.add, one, one)
sub = Primitive("-", operator.sub, one, negative)
mul = Primitive("*", operator.mul, lambda x, y, out: y, lambda x, y, out: x)
div = Primitive("/", operator.truediv, lambda x, y, out: 1 / y, lambda x, y, out: -out / y,
                ieee=ieee_quotient)
power = Primitive("**", real_power, lambda x, y, out: y * power(x, y - 1), lambda x, y, out: xlogy(out, x),
                  constant=lambda x, y, out: (y == 0, x == 0), domain=(POSITIVE, REAL), ieee=ieee_power,
                  together=lambda x, y, out: ((x == 0) & (y == 0), (x == 0) & ((y == 0) | (y > 1))))
ratio = Primitive("ratio", ratio_value, lambda x, y, out: 1 / y, lambda x, y, out: -out / y,
                  domain=(REAL, POSITIVE), ieee=ieee_quotient)
finite = Primitive("finite", finite_part, one)
tied = Primitive("tied", as_one, None, None, smooth=False)
mod = Primitive("%", operator.mod, one, lambda x, y, out: -(x // y),
                constant=lambda x, y, out: (False, x == out), smooth=False)
floordiv = Primitive("//", operator.floordiv, None, None, smooth=False)
neg = Primitive("-", operator.neg, negative)
pos = Primitive("+", operator.pos, one)

absolute = Primitive("abs", abs, lambda x, out: sign(x), smooth=False)
square = Primitive("square", lambda x: x * x, lambda x, out: 2 * x)
sqrt = Primitive("sqrt", math.sqrt, lambda x, out: 0.5 / out, domain=(POSITIVE,))
cbrt = Primitive("cbrt", math.cbrt, lambda x, out: square(1 / out) / 3,
                 domain=(POSITIVE,))

exp   = Primitive("exp", math.exp, lambda x, out: out, ieee=lambda x: inf)
exp2  = Primitive("exp2", math.exp2, lambda x, out: out * LOG_2, ieee=lambda x: inf)
exp10 = Primitive("exp10", power_of_ten, lambda x, out: out * LOG_10, ieee=lambda x: inf)
expm1 = Primitive("expm1", math.expm1, lambda x, out: exp(x), ieee=lambda x: inf)
log   = Primitive("log", math.log, lambda x, out: 1 / x, domain=(POSITIVE,), ieee=ieee_log,
                  otherwise=lambda x, base: log(x) / log(base))
log2  = Primitive("log2", math.log2, lambda x, out: LOG2_E / x, domain=(POSITIVE,), ieee=ieee_log)
log10 = Primitive("log10", math.log10, lambda x, out: LOG10_E / x, domain=(POSITIVE,), ieee=ieee_log)
log1p = Primitive("log1p", math.log1p, lambda x, out: 1 / (1 + x), domain=((-1.0, inf),),
                  ieee=lambda x: ieee_log(1 + x))
log1mexp = Primitive("log1mexp", log1mexp_value, lambda x, out: -sign(x) * exp(-abs(x)) / expm1(-abs(x)),
                     domain=(POSITIVE,), ieee=lambda x: -inf)
xlogy = Primitive("xlogy", times_log, lambda x, y, out: log(y), lambda x, y, out: ratio(x, y),
                  domain=(REAL, POSITIVE), ieee=lambda x, y: x * ieee_log(y))
xlog1py = Primitive("xlog1py", times_log1p, lambda x, y, out: log1p(y), lambda x, y, out: ratio(x, 1 + y),
                    domain=(REAL, (-1.0, inf)), ieee=lambda x, y: x * ieee_log(1 + y))
logit = Primitive("logit", log_odds, lambda x, out: 1 / spread(x), domain=((0.0, 1.0),),
                  ieee=lambda x: nan if x * (1 - x) else -inf if x == 0 else inf)
spread = Primitive("spread", lambda x: x * (1 - x), lambda x, out: 1 - 2 * x)
logaddexp2 = Primitive("logaddexp2", log2_of_sum, lambda x, y, out: share2(x, y), lambda x, y, out: share2(y, x))
share2 = Primitive("share2", share_of_two, lambda x, y, out: LOG_2 * out * share2(y, x),
                   lambda x, y, out: -LOG_2 * out * share2(y, x))

sin = Primitive("sin", math.sin, lambda x, out: cos(x))
cos = Primitive("cos", math.cos, lambda x, out: -sin(x))
tan = Primitive("tan", math.tan, lambda x, out: 1 + out * out)
asin = Primitive("asin", math.asin, lambda x, out: asin_slope(x), domain=(UNIT,))
acos = Primitive("acos", math.acos, lambda x, out: -asin_slope(x), domain=(UNIT,))
atan = Primitive("atan", math.atan, lambda x, out: atan_slope(x))
asin_slope = Primitive("asin_slope", slope_of_asin, lambda x, out: x * out * out * out, domain=(UNIT,),
                       ieee=lambda x: inf if abs(x) == 1 else nan)
atan_slope = Primitive("atan_slope", slope_of_atan, lambda x, out: -2 * (finite(x) * out * out))
sec = Primitive("sec", secant, lambda x, out: out * tan(x))
csc = Primitive("csc", cosecant, lambda x, out: -out * cot(x), domain=(POSITIVE,), ieee=pole_at_0)
cot = Primitive("cot", cotangent, lambda x, out: -1 - out * out, domain=(POSITIVE,), ieee=pole_at_0)
asec = Primitive("asec", arc_secant, lambda x, out: acosh_slope(abs(x)) / abs(x), domain=((1.0, inf),))
acsc = Primitive("acsc", arc_cosecant, lambda x, out: -acosh_slope(abs(x)) / abs(x), domain=((1.0, inf),))
acot = Primitive("acot", arc_cotangent, lambda x, out: -atan_slope(x), smooth=False)
sinc = Primitive("sinc", sinc_value, lambda x, out: sinc_slope(1, x))
sinc_slope = Primitive("sinc_slope", sinc_slope_value, None, lambda n, x, out: sinc_slope(n + 1, x),
                       domain=((-1.0, inf), REAL))
atan2 = Primitive("atan2", math.atan2, lambda y, x, out: x / hypot(y, x) / hypot(y, x),
                  lambda y, x, out: -y / hypot(y, x) / hypot(y, x))
sinh = Primitive("sinh", math.sinh, lambda x, out: cosh(x), ieee=lambda x: math.copysign(inf, x))
cosh = Primitive("cosh", math.cosh, lambda x, out: sinh(x), ieee=lambda x: inf)
logcosh = Primitive("logcosh", log_of_cosh, lambda x, out: tanh(x))
tanh = Primitive("tanh", math.tanh, lambda x, out: 4 * sigmoid_slope(2 * x))
asinh = Primitive("asinh", math.asinh, lambda x, out: asinh_slope(x))
acosh = Primitive("acosh", math.acosh, lambda x, out: acosh_slope(x), domain=((1.0, inf),))
atanh = Primitive("atanh", math.atanh, lambda x, out: atanh_slope(x), domain=(UNIT,),
                  ieee=lambda x: math.copysign(inf, x) if abs(x) == 1 else nan)
asinh_slope = Primitive("asinh_slope", slope_of_asinh, lambda x, out: -finite(x) * out * out * out)
acosh_slope = Primitive("acosh_slope", slope_of_acosh, lambda x, out: -finite(x) * out * out * out,
                        domain=((1.0, inf),), ieee=lambda x: inf if x == 1 else nan)
atanh_slope = Primitive("atanh_slope", slope_of_atanh, lambda x, out: 2 * (finite(x) * out * out),
                        domain=(UNIT,), ieee=lambda x: inf)
sech = Primitive("sech", hyperbolic_secant, lambda x, out: -out * tanh(x))
csch = Primitive("csch", hyperbolic_cosecant, lambda x, out: -out * coth(x), domain=(POSITIVE,), ieee=pole_at_0)
coth = Primitive("coth", hyperbolic_cotangent, lambda x, out: -square(csch(x)), domain=(POSITIVE,), ieee=pole_at_0)
asech = Primitive("asech", area_secant, lambda x, out: -asech_slope(x), domain=((0.0, 1.0),),
                  ieee=lambda x: inf if x == 0 else nan)
asech_slope = Primitive("asech_slope", slope_of_asech, lambda x, out: (2 * x * x - 1) * (x * out * out * out),
                        domain=((0.0, 1.0),), ieee=lambda x: math.copysign(inf, x) if abs(x) in (0, 1) else nan)
acsch = Primitive("acsch", area_cosecant, lambda x, out: -asinh_slope(x) / abs(x), domain=(POSITIVE,), ieee=pole_at_0)
acoth = Primitive("acoth", area_cotangent, lambda x, out: atanh_slope(x), domain=((1.0, inf),),
                  ieee=lambda x: math.copysign(inf, x) if abs(x) == 1 else nan)
hypot = Primitive("hypot", math.hypot, lambda x, y, out: ratio(x, out), lambda x, y, out: ratio(y, out),
                  otherwise=lambda x, y, z, *others: norm((x, y, z, *others)))

gaussian = Primitive("gaussian", bell, lambda x, rate, out: -2 * rate * (finite(x) * out), None, defaults=(1.0,))
normal_cdf = Primitive("normal_cdf", cumulative_normal, lambda x, out: INV_SQRT_2PI * gaussian(x, 0.5))
erf  = Primitive("erf", math.erf, lambda x, out: TWO_BY_SQRT_PI * gaussian(x, 1.0))
erfc = Primitive("erfc", math.erfc, lambda x, out: -TWO_BY_SQRT_PI * gaussian(x, 1.0))
erfinv = Primitive("erfinv", inverse_erf, lambda x, out: erfinv_slope(x), domain=(UNIT,),
                   ieee=lambda x: math.copysign(inf, x) if abs(x) == 1 else nan)
erfinv_slope = Primitive("erfinv_slope", slope_of_inverse_erf, lambda x, out: 2 * erfinv(x) * out * out,
                         domain=(UNIT,))
polygamma = Primitive("polygamma", polygamma_value, None, lambda n, x, out: polygamma(n + 1, x),
                      domain=((-1.0, inf), POSITIVE), ieee=ieee_polygamma)
lgamma = Primitive("lgamma", math.lgamma, lambda x, out: polygamma(0, x), domain=(POSITIVE,),
                   ieee=lambda x: inf)

gamma  = Primitive("gamma", math.gamma, lambda x, out: finite(out) * polygamma(0, x), domain=(POSITIVE,),
                   ieee=lambda x: inf if x > 0 else pole_at_0(x))

step  = Primitive("step", heaviside, None, smooth=False)
sign  = Primitive("sign", sign_of, None, smooth=False)
floor = Primitive("floor", math.floor, None, ieee=float, smooth=False)
ceil  = Primitive("ceil", math.ceil, None, ieee=float, smooth=False)
trunc = Primitive("trunc", math.trunc, None, ieee=float, smooth=False)
rounded = Primitive("round", rounded_to, None, None, ieee=lambda x, digits: x, smooth=False, defaults=(0,))
fmod = Primitive("fmod", math.fmod, one, lambda x, y, out: rounded((out - x) / y),
                 constant=lambda x, y, out: (False, x == out), smooth=False)
remainder = Primitive("remainder", math.remainder, one, lambda x, y, out: rounded((out - x) / y),
                      constant=lambda x, y, out: (False, x == out), smooth=False)
copysign = Primitive("copysign", with_sign, lambda x, y, out: sign(x) * sign(out), None, smooth=False)
at_least = Primitive("maximum", lambda x, bound: first_nan_or(max, (x, bound)),
                     lambda x, bound, out: step(x - bound), None,
                     constant=lambda x, bound, out: (x < bound, True), smooth=False)
at_most = Primitive("minimum", lambda x, bound: first_nan_or(min, (x, bound)),
                    lambda x, bound, out: step(bound - x), None,
                    constant=lambda x, bound, out: (x > bound, True), smooth=False)

# Not out * (1 - out), for 1 - out loses all digits by x = 37.
sigmoid     = Primitive("sigmoid", logistic, lambda x, out: sigmoid_slope(x))
sigmoid_slope = Primitive("sigmoid_slope", slope_of_logistic, lambda x, out: -out * tanh(0.5 * x))
log_sigmoid = Primitive("log_sigmoid", lambda x: -log1pexp(-x), lambda x, out: sigmoid(-x))
softplus    = Primitive("softplus", log1pexp, lambda x, out: sigmoid(x))
silu = Primitive("silu", silu_value, lambda x, out: silu_slope(x))
silu_slope = Primitive("silu_slope", slope_of_silu, lambda x, out: sigmoid_slope(x) * (2 - finite(x) * tanh(0.5 * x)))
gelu = Primitive("gelu", gelu_value, lambda x, out: gelu_slope(x))
gelu_slope = Primitive("gelu_slope", slope_of_gelu, lambda x, out: INV_SQRT_2PI * (
                       2 * gaussian(x, 0.5) - finite(x) * (finite(x) * gaussian(x, 0.5))))
mish = Primitive("mish", mish_value, lambda x, out: (
                 tanh(softplus(x)) + finite(x) * (square(sech(softplus(x))) * sigmoid(x))))
relu = Primitive("relu", rectified, lambda x, out: step(x),
                 constant=lambda x, out: (x < 0,), smooth=False)
leaky_relu = Primitive("leaky_relu", lambda x, slope: x if x > 0 else slope * x,
                       lambda x, slope, out: pieces_slope(x, slope),
                       lambda x, slope, out: x * (1 - step(x)),
                       constant=lambda x, slope, out: (False, x > 0), smooth=False,
                       defaults=(0.01,))
elu = Primitive("elu", lambda x, scale: x if x > 0 else scale * math.expm1(x),
                lambda x, scale, out: pieces_slope(x, scale) * exp(at_most(x, 0)),
                lambda x, scale, out: expm1(at_most(x, 0)),
                constant=lambda x, scale, out: (False, x > 0), smooth=False, defaults=(1.0,))
celu = Primitive("celu", celu_value,
                 lambda x, alpha, out: exp(at_most(x, 0) / alpha),
                 lambda x, alpha, out: celu_gap(at_most(x, 0) / alpha), domain=(REAL, POSITIVE),
                 constant=lambda x, alpha, out: (False, x > 0), smooth=False, defaults=(1.0,))
celu_gap = Primitive("celu_gap", celu_gap_value, lambda x, out: -finite(x) * exp(x), domain=((-inf, 0.0),))
pieces_slope = Primitive("pieces_slope", slope_of_pieces, None, lambda x, slope, out: 1 - step(x),
                         constant=lambda x, slope, out: (True, x > 0), smooth=False)
softsign = Primitive("softsign", softsign_value, lambda x, out: square(1 / (1 + abs(x))), smooth=False)
squareplus = Primitive("squareplus", squareplus_value, lambda x, b, out: squareplus_slope(x, b),
                       lambda x, b, out: 0.25 / hypot(x, sqrt(b)), domain=(REAL, POSITIVE), defaults=(4.0,))
squareplus_slope = Primitive("squareplus_slope", slope_of_squareplus,
                             lambda x, b, out: 0.5 * (sqrt(b) / hypot(x, sqrt(b))) * (sqrt(b) / hypot(x, sqrt(b)) / hypot(x, sqrt(b))),
                             lambda x, b, out: -0.25 * (finite(x) / hypot(x, sqrt(b))) / hypot(x, sqrt(b)) / hypot(x, sqrt(b)),
                             domain=(REAL, POSITIVE))

clip = Primitive("clip", clamp, unless_nan, unless_nan, unless_nan, smooth=False,
                 constant=lambda x, low, high, out: ((x < low) | (x > high), x >= low, x <= high))
where = Primitive("where", chosen, None, one, one, smooth=False,
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
    products = map(operator.mul, operands[1:half], operands[half:])
    return fold(products, operands[0])


def dot_rule(operands: Operands, out: object) -> list[Any]:
    """The slope of a weight is its input, and the slope of an input its weight."""
    half = len(operands) // 2 + 1
    return [1, *operands[half:], *operands[1:half]]


def products(xs: Iterable[Any]) -> Iterator[Any]:
    """Return the products of the first numbers: of none, which is 1, of one, of two, ..."""
    return itertools.accumulate(xs, operator.mul, initial=1)


def product_rule(xs: Operands, out: object) -> list[Any]:
    """Each slope is the product of all others: what stands before times what comes after."""
    before = products(xs[:-1])
    after = list(products(reversed(xs[1:])))
    return [left * right for left, right in zip(before, reversed(after))]


def winners_rule(xs: Operands, out: Operand) -> list[Any]:
    """The k winners of a tie share the slope, 1/k each: the subgradient of least norm."""
    winners = [tied(x, out) for x in xs]
    share = 1 / fold(winners)
    return [winner * share for winner in winners]


def sum_without(shares: Sequence[Any], index: int) -> Any:
    """Return the sum of all shares but one."""
    return fold(share for j, share in enumerate(shares) if j != index)


def softmax_rule(operands: Operands, out: Any) -> list[Any]:
    """The slope to x_j is s_i (d_ij - s_j), where 1 - s_i is taken as the sum of the others."""
    index = operands[0]
    xs = operands[1:]
    shares = softmax(xs)
    others = sum_without(shares, index)
    slopes = [out * others if j == index else -out * share for j, share in enumerate(shares)]
    return [None, *slopes]


def log_softmax_rule(operands: Operands, out: object) -> list[Any]:
    """The slope to x_j is d_ij - s_j, where 1 - s_i is taken as the sum of the others."""
    index = operands[0]
    shares = softmax(operands[1:])
    others = sum_without(shares, index)
    slopes = [others if j == index else -share for j, share in enumerate(shares)]
    return [None, *slopes]


# fmt: off
inner_product = Variadic("dot", weighted_sum, dot_rule)
total = Variadic("sum", lambda *xs: fold(xs), lambda xs, out: [1] * len(xs))
# 1 / n is written x**0 / n, so that it is exact where the numbers are.
mean  = Variadic("mean", average, lambda xs, out: [xs[0] ** 0 / len(xs)] * len(xs))
prod  = Variadic("prod", lambda *xs: math.prod(xs), product_rule)
fsum  = Variadic("fsum", lambda *xs: math.fsum(xs), lambda xs, out: [1] * len(xs), ieee=lambda *xs: fold(xs))
norm  = Variadic("norm", math.hypot, lambda xs, out: [ratio(x, out) for x in xs])
logsumexp = Variadic("logsumexp", log_of_sum, lambda xs, out: softmax(xs))
softmax_of = Variadic("softmax", lambda index, *xs: softmax_shares(*xs)[index], softmax_rule)
log_softmax_of = Variadic("log_softmax", log_of_share, log_softmax_rule)
largest  = Variadic("maximum", lambda *xs: first_nan_or(max, xs), winners_rule, smooth=False,
                    constant=lambda *xs: [x < xs[-1] for x in xs[:-1]])
smallest = Variadic("minimum", lambda *xs: first_nan_or(min, xs), winners_rule, smooth=False,
                    constant=lambda *xs: [x > xs[-1] for x in xs[:-1]])
# fmt: on


def softmax(xs: Operands) -> list[Any]:
    """Return exp(x) / sum(exp(xs)) for every x; each result is one node, and they sum to 1.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    xs = elements("softmax", xs)
    if not any(hasattr(x, "record") for x in xs):
        # At once: a rule asks for all shares of plain numbers.
        return softmax_shares(*map(as_number, xs))
    return [softmax_of((i, *xs)) for i in range(len(xs))]


def log_softmax(xs: Operands) -> list[Any]:
    """Return x - logsumexp(xs) for every x; each result is one node, right also next to 0.

    >>> log_softmax([0.0, -100.0])
    [-3.720075976020836e-44, -100.0]
    """
    xs = elements("log_softmax", xs)
    if not any(hasattr(x, "record") for x in xs):
        return [log_of_share(i, *map(as_number, xs)) for i in range(len(xs))]
    return [log_softmax_of((i, *xs)) for i in range(len(xs))]


TABLE = {name: row for name, row in list(globals().items()) if isinstance(row, Primitive)}
for name, row in TABLE.items():
    row.name = name
    row.__module__ = __name__
