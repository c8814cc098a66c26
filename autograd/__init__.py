"""A scalar reverse-mode automatic differentiation engine.

A `Value` is a number that remembers how it was computed; `backward` applies the chain rule to the
whole history, from the result back to the inputs:

>>> from autograd import Value
>>> x, y = Value(3.0, name="x"), Value(4.0, name="y")
>>> z = (x * x + y * y).sqrt()
>>> z.backward()
>>> z.data, x.grad, y.grad
(5.0, 0.6000000000000001, 0.8)

One edge at a time:

>>> print(next(z.backward_steps()))
sqrt (5): upstream 1
    -> + (25): 0 + 0.1 * upstream = 0.1

Derivatives of functions of plain numbers, to any order:

>>> from autograd import grad, hessian, sin
>>> grad(sin)(0.0), grad(grad(grad(sin)))(0.0)
(1.0, -1.0)
>>> hessian(lambda p: p[0] ** 2 * p[1])([3.0, 4.0])
[[8.0, 6.0], [6.0, 0.0]]

Exact, when the numbers are:

>>> from fractions import Fraction
>>> third = Value(Fraction(1, 3))
>>> (third**2 / 7).backward(); third.grad
Fraction(2, 21)
"""

import importlib
from math import e, inf, nan, pi, tau
from typing import TYPE_CHECKING, Any

# fmt: off
from autograd import value
from autograd.backward import backward, backward_steps, topological_order
from autograd.compositions import (
    deg2rad,
    digamma,
    dist,
    heaviside,
    isfinite,
    isinf,
    isnan,
    logaddexp,
    rad2deg,
    relu6,
    rsqrt,
    selu,
    where,
)
from autograd.compositions import deg2rad as radians
from autograd.compositions import rad2deg as degrees
from autograd.custom import primitive
from autograd.drawing.draw import draw_dot, mimebundle, trace
from autograd.explain import contributions, detect_anomaly, explain_nan, paths
from autograd.functional import grad, gradients, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.modes import ieee, no_grad
from autograd.primitive_type import Primitive
from autograd.primitives import (
    absolute,
    acos,
    acosh,
    acot,
    acoth,
    acsc,
    acsch,
    asec,
    asech,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    celu,
    clip,
    copysign,
    cos,
    cosh,
    cot,
    coth,
    csc,
    csch,
    elu,
    equal,
    erf,
    erfc,
    erfinv,
    exp,
    exp2,
    exp10,
    expm1,
    floor,
    fmod,
    fsum,
    gamma,
    gelu,
    hypot,
    leaky_relu,
    lgamma,
    log,
    log1mexp,
    log1p,
    log2,
    log10,
    log_sigmoid,
    log_softmax,
    logaddexp2,
    logcosh,
    logit,
    logsumexp,
    mean,
    mish,
    norm,
    normal_cdf,
    polygamma,
    power,
    prod,
    relu,
    remainder,
    sec,
    sech,
    sigmoid,
    sign,
    silu,
    sin,
    sinc,
    sinh,
    softmax,
    softplus,
    softsign,
    sqrt,
    square,
    squareplus,
    stop_gradient,
    tan,
    tanh,
    trunc,
    unequal,
    xlog1py,
    xlogy,
)
from autograd.primitives import absolute as fabs
from autograd.primitives import power as pow
from autograd.primitives import rounded as round
from autograd.primitives import silu as swish
from autograd.primitives import total as sum
from autograd.reductions import dot, maximum, minimum
from autograd.stepping import stepper
from autograd.steps import Edge, Step
from autograd.structures import register
from autograd.value import Value

# fmt: on

__version__ = "0.3.0.dev0"

# The one thing that is set from outside: a Value shows itself.
value.picture_hook = mimebundle


if TYPE_CHECKING:
    from autograd import compile as compile


def __getattr__(name: str) -> Any:
    """Import the compiler, and NumPy with it, when it is first asked for."""
    if name == "compile":
        return importlib.import_module("autograd.compile")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# Without `compile`, so that `from autograd import *` needs no NumPy.
# fmt: off
__all__ = [
    "absolute", "acos", "acosh", "acot", "acoth", "acsc", "acsch", "asec", "asech", "asin",
    "asinh", "atan", "atan2", "atanh", "backward", "backward_steps", "cbrt", "ceil", "celu",
    "clip", "contributions", "copysign", "cos", "cosh", "cot", "coth", "csc", "csch", "deg2rad",
    "degrees", "detect_anomaly", "digamma", "dist", "dot", "draw_dot", "e", "Edge", "elu",
    "equal", "erf", "erfc", "erfinv", "exp", "exp10", "exp2", "explain_nan", "expm1", "fabs",
    "floor", "fmod", "fsum", "gamma", "gelu", "grad", "gradients", "heaviside", "hessian",
    "hvp", "hypot", "ieee", "inf", "isfinite", "isinf", "isnan", "jacobian", "jvp",
    "leaky_relu", "lgamma", "log", "log10", "log1mexp", "log1p", "log2", "log_sigmoid",
    "log_softmax", "logaddexp", "logaddexp2", "logcosh", "logit", "logsumexp", "maximum",
    "mean", "minimum", "mish", "nan", "no_grad", "norm", "normal_cdf", "paths", "pi",
    "polygamma", "pow", "power", "Primitive", "primitive", "prod", "rad2deg", "radians",
    "register", "relu", "relu6", "remainder", "round", "rsqrt", "sec", "sech", "selu",
    "sigmoid", "sign", "silu", "sin", "sinc", "sinh", "softmax", "softplus", "softsign", "sqrt",
    "square", "squareplus", "Step", "stepper", "stop_gradient", "sum", "swish", "tan", "tanh",
    "tau", "topological_order", "trace", "trunc", "unequal", "Value", "value_and_grad", "vjp",
    "where", "xlog1py", "xlogy",
]
# fmt: on
