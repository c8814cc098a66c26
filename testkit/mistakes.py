"""Published mistakes in gradients, as functions that a user might write.

Each has the function, the wrong gradient where it is claimed by hand (else the mistake is in the
function's own graph), a point, and the input where the error shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd import (
    Primitive,
    Value,
    cos,
    dot,
    exp,
    log,
    maximum,
    mean,
    relu,
    sigmoid,
    sin,
    softmax,
    sqrt,
    tanh,
    where,
)
from autograd import sum as total

Number = Value | float
Numbers = Sequence[Number]
Floats = list[float]


class Mistake(NamedTuple):
    name: str
    function: Callable[..., Any]
    gradient: Callable[..., Any] | None  # None: the function's own graph is wrong
    point: tuple[Any, ...]
    shows: str  # what the message must hold


def numbers(xs: Numbers) -> list[float]:
    return [x.data if isinstance(x, Value) else x for x in xs]


def softmax_first(xs: Numbers) -> Number:
    return softmax(xs)[0]


def softmax_without_cross_terms(xs: Numbers) -> list[float]:
    """The Jacobian of softmax taken as that of an elementwise function."""
    s = softmax(numbers(xs))
    return [s[0] * (1 - s[0]), 0.0, 0.0]


def biased(xs: Numbers, b: Number) -> Number:
    """A bias that is added to every sample of a batch, and the mean taken."""
    return mean([(x + b) ** 2 for x in xs])


def forgotten_broadcast_sum(xs: Floats, b: float) -> tuple[Floats, float]:
    """The gradient of a broadcast bias: that of one sample instead of the sum over all."""
    n = len(xs)
    return [2 * (x + b) / n for x in xs], 2 * (xs[0] + b) / n


def layer(ws: Sequence[Numbers], xs: Numbers) -> list[Number]:
    return [tanh(dot(row, xs)) for row in ws]


def transposed(ws: list[Floats], xs: Floats) -> list[tuple[list[Floats], Floats]]:
    """A weight matrix used the wrong way round in the backward pass."""
    out = layer(ws, xs)
    slopes = [1 - y * y for y in out]
    rows = []
    for k, slope in enumerate(slopes):
        by_w = [[slope * x if i == k else 0.0 for x in xs] for i in range(len(ws))]
        rows.append((by_w, [slope * ws[i][k] for i in range(len(xs))]))
    return rows


def detached_term(x: Value, y: Value) -> Number:
    return x * y + x.detach() * sin(y)


def data_term(x: Value, y: Value) -> Number:
    return x * exp(y.data)


def changed_in_place(x: Value) -> Number:
    y = x * x
    x.data = x.data * 2.0
    return y * x


def batch_norm(xs: Numbers) -> Number:
    center = mean(xs)
    spread = mean([(x - center) ** 2 for x in xs])
    return (xs[0] - center) / sqrt(spread + 1e-5)


def batch_norm_with_constant_statistics(xs: Floats) -> Floats:
    """Mean and variance treated as constants."""
    center = sum(xs) / len(xs)
    spread = sum((x - center) ** 2 for x in xs) / len(xs)
    return [1 / math.sqrt(spread + 1e-5), *[0.0] * (len(xs) - 1)]


def cross_entropy(xs: Numbers) -> Number:
    return -log(softmax(xs)[1])


def cross_entropy_of_probabilities(xs: Numbers) -> Floats:
    """The gradient by the probabilities instead of that by the logits."""
    return [0.0, -1 / softmax(numbers(xs))[1], 0.0]


wrong_tanh = Primitive("wrong_tanh", math.tanh, lambda x, out: 1 - out * out)
wrong_abs = Primitive("wrong_abs", abs, lambda x, out: 1.0, smooth=False)
stuck_relu = Primitive("stuck_relu", lambda x: max(x, 0.0), lambda x, out: 1.0, smooth=False)

# fmt: off
MISTAKES = [
    Mistake("a softmax Jacobian without its cross terms", softmax_first, softmax_without_cross_terms, ([0.5, -1.0, 0.25],), "xs[2]: 0"),
    Mistake("a forgotten sum over a broadcast axis", biased, forgotten_broadcast_sum, ([1.0, 2.0, 4.0], 0.5), "b: 1"),
    Mistake("log(x + 1e-6) for log(x)", lambda x: log(x + 1e-6), lambda x: 1 / x, (0.5,), "x: 2"),
    Mistake("a detached term", detached_term, None, (0.7, 1.3), "not recorded"),
    Mistake("a number taken out of the graph", data_term, None, (0.7, 1.3), "not recorded"),
    Mistake("an operand changed in place after its use", changed_in_place, None, (2.0,), "changed after it was used"),
    Mistake("1 - tanh**2, far out", tanh, lambda x: 1 - math.tanh(x) ** 2, (15.0,), "x: "),
    Mistake("sigma (1 - sigma), far out", sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), (40.0,), "x: 0"),
    Mistake("a weight matrix not transposed", layer, transposed, ([[0.1, 0.2], [0.7, -0.4]], [0.5, 2.0]), "output 0 by xs[1]"),
    Mistake("the wrong sign of a sine", lambda x: cos(x) * x, lambda x: math.cos(x) + x * math.sin(x), (0.8,), "x: "),
    Mistake("a missing factor of the chain rule", lambda x: sin(3 * x), lambda x: math.cos(3 * x), (0.4,), "x: "),
    Mistake("a missing term of the product rule", lambda x: x * exp(x), math.exp, (0.4,), "x: "),
    Mistake("the quotient rule without its square", lambda x, y: x / y, lambda x, y: [1 / y, -x / y], (3.0, 4.0), "y: -0.75"),
    Mistake("statistics of batch normalisation held constant", batch_norm, batch_norm_with_constant_statistics, ([1.0, 2.5, -0.5],), "xs[0]"),
    Mistake("a gradient by probabilities, not by logits", cross_entropy, cross_entropy_of_probabilities, ([0.5, -1.0, 0.25],), "xs[1]"),
    Mistake("a mean loss with the gradient of the sum", lambda xs: mean([x * x for x in xs]), lambda xs: [2 * x for x in xs], ([1.0, 2.0],), "xs[1]: 4"),
    Mistake("the loser of a maximum has a gradient", lambda x, y: maximum(x, y) ** 2, lambda x, y: [2 * max(x, y)] * 2, (1.0, 2.0), "x: 4"),
    Mistake("the branch that was not taken", lambda x: where(x > 0, x * x, -x), lambda x: -1.0, (3.0,), "x: -1"),
    Mistake("a slope of 1 left of the kink of abs", lambda x: wrong_abs(x) * 2.0, None, (-1.5,), "the node at fault: wrong_abs(-1.5)"),
    Mistake("a dead unit that still learns", lambda x: stuck_relu(x) + x, None, (-2.0,), "the node at fault: stuck_relu(-2.0)"),
    Mistake("a primitive whose slope loses its digits", lambda x: wrong_tanh(x * 2.0) + 1.0, None, (7.5,), "the node at fault: wrong_tanh(15.0)"),
    Mistake("a reused variable counted once", lambda x: total([x * x, x]), lambda x: x + 1, (3.0,), "x: 4"),
    Mistake("degrees for radians", lambda x: sin(x * math.pi / 180), lambda x: cos(x * math.pi / 180), (30.0,), "x: 0.866"),
    Mistake("a straight-through relu", lambda x: relu(x) * 3.0, lambda x: 3.0, (-1.0,), "x: 3"),
]
# fmt: on
