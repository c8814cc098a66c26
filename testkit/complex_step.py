"""The complex step: the slope is Im f(x + ih) / h, free of cancellation, where f is analytic.

`COMPLEX` has the function of complex numbers for the name of a row.
"""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable, Sequence

COMPLEX: dict[str, Callable[..., complex]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "power": lambda x, y: cmath.exp(y * cmath.log(x)),
    "neg": operator.neg,
    "pos": operator.pos,
    "square": lambda x: x * x,
    "sqrt": cmath.sqrt,
    "cbrt": lambda x: cmath.exp(cmath.log(x) / 3),
    "exp": cmath.exp,
    "exp2": lambda x: cmath.exp(x * math.log(2.0)),
    "expm1": cmath.exp,
    "log": cmath.log,
    "log2": lambda x: cmath.log(x) / math.log(2.0),
    "log10": cmath.log10,
    "log1p": lambda x: cmath.log(1 + x),
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "asin": cmath.asin,
    "acos": cmath.acos,
    "atan": cmath.atan,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "asinh": cmath.asinh,
    "acosh": cmath.acosh,
    "atanh": cmath.atanh,
    "sigmoid": lambda x: 1 / (1 + cmath.exp(-x)),
    "log_sigmoid": lambda x: -cmath.log(1 + cmath.exp(-x)),
    "softplus": lambda x: cmath.log(1 + cmath.exp(x)),
    "silu": lambda x: x / (1 + cmath.exp(-x)),
}
STEP = 1e-100


def complex_step(function: Callable[..., complex], numbers: Sequence[float], i: int) -> float:
    """Return the partial of a complex function at real numbers, by a step off the real axis."""
    moved = [complex(x, STEP) if j == i else x for j, x in enumerate(numbers)]
    return function(*moved).imag / STEP
