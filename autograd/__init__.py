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
from typing import TYPE_CHECKING, Any

# fmt: off
from autograd import value
from autograd.backward import backward, backward_steps, topological_order
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
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    copysign,
    cos,
    cosh,
    elu,
    equal,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    gelu,
    hypot,
    leaky_relu,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    log_sigmoid,
    logcosh,
    logsumexp,
    mean,
    norm,
    power,
    prod,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    square,
    stop_gradient,
    tan,
    tanh,
    unequal,
    where,
    xlogy,
)
from autograd.primitives import rounded as round
from autograd.primitives import total as sum
from autograd.reductions import dot, maximum, minimum
from autograd.stepping import stepper
from autograd.steps import Edge, Step
from autograd.structures import register
from autograd.value import Value

# fmt: on

__version__ = "0.3.0.dev0"

value.picture_hook = mimebundle  # the one thing that is set from outside: a Value shows itself


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
    "absolute", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "backward",
    "backward_steps", "cbrt", "ceil", "clip", "contributions", "copysign", "cos", "cosh",
    "detect_anomaly", "dot", "draw_dot", "Edge", "elu", "equal", "erf", "erfc", "exp", "exp2",
    "explain_nan", "expm1", "floor", "gelu", "grad", "gradients", "hessian", "hvp", "hypot",
    "ieee", "jacobian", "jvp", "leaky_relu", "lgamma", "log", "log10", "log1p", "log2",
    "log_sigmoid", "logcosh", "logsumexp", "maximum", "mean", "minimum", "no_grad", "norm",
    "paths", "power", "Primitive", "primitive", "prod", "register", "relu", "round", "sigmoid",
    "sign", "silu", "sin", "sinh", "softmax", "softplus", "sqrt", "square", "Step", "stepper",
    "stop_gradient", "sum", "tan", "tanh", "topological_order", "trace", "unequal", "Value",
    "value_and_grad", "vjp", "where", "xlogy",
]
# fmt: on
