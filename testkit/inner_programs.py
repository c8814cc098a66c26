"""Random functions with poles, overflows and kinks, most of them in branches that are not taken.

A program takes a derivative of such a function. Compiled, it runs on a batch; recorded, on each of
the samples by itself, under `ieee()`. Both must give the same numbers, infinities and NaN included.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import Value, ieee, topological_order
from autograd import primitives as p
from autograd.compile import Compiled
from autograd.functional import (
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from autograd.modes import mode
from autograd.primitives import where
from autograd.reductions import maximum, minimum

Number = Value | float
Numbers = Sequence[Number]
Function = Callable[[Any], Any]
# A guard, what it guards, where that stands, by which input, calm functions, and which weight.
Piece = tuple[str, Function, float, int, list[Function], int]

CLOSE = 1e-9  # relative to the path sum
PLACES = (-1.0, -0.5, 0.0, 0.5, 1.0)  # where poles and kinks stand
FAR = (2.5, -2.0, 400.0, -400.0, 1e200, -1e200, 3.0, -3.0, 0.125)
SAMPLES = 6
INPUTS = 2


def quartic(u: Number) -> Number:
    return u * u * u * u


def inverse(u: Number) -> Number:
    return 1.0 / u


def steep(u: Number) -> Number:
    return p.exp(300.0 * u)


def sinc(u: Number) -> Number:
    return p.sin(u) / u


RISKY: list[Function] = [
    p.log,
    p.sqrt,
    inverse,
    p.asin,
    p.acosh,
    p.atanh,
    p.log1p,
    p.log10,
    p.exp,
    p.cosh,
    p.expm1,
    steep,
    sinc,
    quartic,
    p.cbrt,
    lambda u: u**-1.5,
    lambda u: u**0.5,
    lambda u: u**1.5,
    lambda u: u**3,
    lambda u: p.norm([u, 0.0 * u]),
    lambda u: p.hypot(u, 2.0 * u),
    lambda u: p.exp(p.exp(u)),
    lambda u: p.log(u) * p.sqrt(u),
    lambda u: (u * u) ** 0.25,
]
CALM: list[Function] = [  # well-conditioned far out, too: the sine of 1e200 is anybody's guess
    lambda u: p.sin(p.tanh(u)),
    p.tanh,
    lambda u: p.cos(p.atan(u)),
    p.sigmoid,
    p.atan,
    p.softplus,
    lambda u: 0.5 * u,
    lambda u: 1 + u,
]


class Results(NamedTuple):
    """What a call gives for a sample: outputs, the gradients of their sum, and how large each is."""

    outputs: list[float]
    by_parameters: list[float]
    by_inputs: list[float]
    sizes: list[float]  # of the outputs, and of both gradients


class InnerProgram:
    """A random function of inputs and parameters, and a derivative of it that is taken inside."""

    def __init__(self, number: int) -> None:
        draw = self.draw = random.Random(number)
        self.weights = [round(draw.uniform(0.5, 2.0), 2) for _ in range(2)]
        self.pieces = [self.piece() for _ in range(draw.randint(1, 3))]
        self.kind = draw.choice(sorted(KINDS))
        self.order = 2 if self.kind in SECOND else 1
        places = [piece[2] for piece in self.pieces]
        self.batch = np.array(
            [[self.number(places) for _ in range(INPUTS)] for _ in range(SAMPLES)]
        )

    def number(self, places: Sequence[float]) -> float:
        """Return an input: at a pole, near it, or far away."""
        draw = self.draw
        near = [draw.choice(places), draw.choice(places) + draw.choice((0.5, -0.5, 0.25, 1.0))]
        return draw.choice([*near, *near, draw.choice(FAR)])

    def piece(self) -> Piece:
        """Return a random way to guard a risky function, and where that stands."""
        draw = self.draw
        return (
            draw.choice(sorted(GUARDS)),
            draw.choice(RISKY),
            draw.choice(PLACES),
            draw.randrange(INPUTS),
            [draw.choice(CALM) for _ in range(3)],
            draw.randrange(3),
        )

    def function(self, ws: Numbers, xs: Numbers) -> Number:
        """Return the function whose derivative is taken."""
        total = 0.0
        for guard, risky, place, i, (outer, factor, other), weight in self.pieces:
            u = xs[i] - place
            scaled = ws[weight] * u if weight < len(ws) else u
            y = GUARDS[guard](risky, u, scaled, factor(u), other(xs[1 - i]))
            total = total + outer(y) * ws[0]
        return total

    def run(self, ws: Numbers, xs: Numbers) -> list[Number]:
        """Return the derivative: a list of numbers."""
        return KINDS[self.kind](lambda *inner: self.function(ws, inner), xs, ws)

    def recorded(self, row: Sequence[float], combination: Callable[[int], list[float]]) -> Results:
        """Return what the eager engine gives, for outputs added up by a combination."""
        with ieee(), mode(differentiating=True):
            ws, xs = [Value(w) for w in self.weights], [Value(float(x)) for x in row]
            outputs = [y if isinstance(y, Value) else Value(y) for y in self.run(ws, xs)]
            root: Any = sum((c * y for c, y in zip(combination(len(outputs)), outputs)), 0.0)
            root.backward()
            sizes = [size_of(y) for y in outputs]
            paths = path_sums(root)
        slopes = [x.grad for x in (*ws, *xs)]
        return Results(
            [y.data for y in outputs],
            slopes[: len(ws)],
            slopes[len(ws) :],
            [*sizes, *(paths.get(x, 0.0) for x in (*ws, *xs))],
        )


# Guards: the risky function of u, beside numbers that are calm.
def sign_guard(risky: Function, u: Number, scaled: Number, s: Number, t: Number) -> Number:
    return where(u > 0, risky(scaled) * s, t)


def distance_guard(risky: Function, u: Number, scaled: Number, s: Number, t: Number) -> Number:
    return where(abs(u) > 1e-3, risky(scaled), s * t)


def other_guard(risky: Function, u: Number, scaled: Number, s: Number, t: Number) -> Number:
    return where(u <= 0, s + t, s / risky(scaled))


GUARDS: dict[str, Callable[..., Any]] = {
    "sign": sign_guard,
    "distance": distance_guard,
    "other": other_guard,
    "far": lambda risky, u, scaled, s, t: where(u * u < 1e300, quartic(u) * s, u),
    "relu": lambda risky, u, scaled, s, t: p.relu(-risky(u)) * s + t,
    "dead relu": lambda risky, u, scaled, s, t: p.relu(-(risky(scaled) ** 2) - 1.0) + s * t,
    "clip": lambda risky, u, scaled, s, t: p.clip(risky(scaled), -2.25, 2.25) * t + s,
    "maximum": lambda risky, u, scaled, s, t: maximum(risky(u), -3.25) * s + t,
    "minimum": lambda risky, u, scaled, s, t: minimum(risky(scaled), 5.25) + s * t,
    "largest": lambda risky, u, scaled, s, t: maximum(risky(u), s + 1.5, t - 7.25),
    "smallest": lambda risky, u, scaled, s, t: minimum(risky(u) * s, t + 3.5),
    "nested": lambda risky, u, scaled, s, t: where(u > 0, p.relu(risky(u) - s), where(u < 0, s, t)),
    "product": lambda risky, u, scaled, s, t: where(u > 0, p.prod([risky(u), s, t]), s),
    "softmax": lambda risky, u, scaled, s, t: where(u > 0, p.softmax([risky(u), s])[0], t),
    "elu": lambda risky, u, scaled, s, t: where(u > 0, p.elu(risky(u), 0.5), t) * s,
    "bare": lambda risky, u, scaled, s, t: risky(scaled) * s,
}


def first_of(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the first component of a gradient as a function."""
    return lambda *xs: grad(f, (0, 1))(*xs)[0]


KINDS: dict[str, Callable[..., list[Any]]] = {
    "gradients": lambda f, xs, ws: gradients(f(*xs), [*xs]),
    "gradients by both": lambda f, xs, ws: gradients(f(*xs), [*xs, *ws]),
    "grad": lambda f, xs, ws: list(grad(f, (0, 1))(*xs)),
    "value_and_grad": lambda f, xs, ws: list(value_and_grad(f, (0, 1))(*xs)[1]),
    "jvp": lambda f, xs, ws: [jvp(f, tuple(xs), (1.0, 0.5))[1]],
    "jvp of one": lambda f, xs, ws: [jvp(lambda x: f(x, xs[1]), (xs[0],), (ws[0],))[1]],
    "vjp": lambda f, xs, ws: list(vjp(f, *xs)[1](1.5)),
    "jacobian": lambda f, xs, ws: list(jacobian(lambda *zs: [f(*zs), zs[0]], (0, 1))(*xs)[0]),
    "hessian": lambda f, xs, ws: [y for row in hessian(f, (0, 1))(*xs) for y in row],
    "hvp": lambda f, xs, ws: list(hvp(f, tuple(xs), (1.0, -0.5))),
    "grad of grad": lambda f, xs, ws: list(grad(first_of(f), (0, 1))(*xs)),
    "gradients of gradients": lambda f, xs, ws: gradients(gradients(f(*xs), [*xs])[0], [*xs]),
    "grad of jvp": lambda f, xs, ws: list(grad(lambda *zs: jvp(f, zs, (0.5, 1.0))[1], (0, 1))(*xs)),
}
SECOND = {"hessian", "hvp", "grad of grad", "gradients of gradients", "grad of jvp"}


def path_sums(root: Value) -> dict[Value, float]:
    """Return for every node the sum over paths of the absolute products of local derivatives."""
    sums = {root: 1.0}
    for node in reversed(topological_order(root)):
        for parent, slope in zip(node.parents, node.local_derivatives):
            sums[parent] = sums.get(parent, 0.0) + abs(slope) * sums.get(node, 0.0)
    return sums


def size_of(root: Value) -> float:
    """Return how large the numbers are that a result is made of."""
    sums = path_sums(root)
    return float(sum(path * abs(node.data) for node, path in sums.items()))


def agree(found: float, right: float, size: float) -> bool:
    """Tell whether two numbers are the same but for rounding; NaN is NaN, and infinity itself.

    Where the path sum is infinite, nothing is known of the rounding of a finite number; and infinite
    terms add up to NaN or to an infinity, as they are added in one order or another.
    """
    finite, nan = np.isfinite([found, right]), np.isnan([found, right])
    if nan.any() and not finite.any() and not size < np.inf:
        return True
    if not finite.all():
        return found == right or bool(nan.all())
    return abs(found - right) <= CLOSE * size if size < np.inf else True


def combination(count: int) -> list[float]:
    """Return the weights of the outputs in what is differentiated."""
    return [1.0 + 0.25 * i for i in range(count)]


def complaints(program: InnerProgram, engine: str, counts: Counter[str] | None = None) -> list[str]:
    """Return which numbers of a compiled program are others than the eager engine's.

    `counts` gets how many numbers were compared, were finite, and had no finite path sum.
    """
    weights = [Value(w) for w in program.weights]
    compiled = Compiled(
        lambda xs: program.run(weights, xs),
        weights,
        ([0.7, 0.3],),
        engine=engine,
        finite=False,
        reduce="sum",
    )
    right = [program.recorded(row, combination) for row in program.batch]
    seed = combination(len(right[0].outputs))
    outputs = np.stack(compiled.value(program.batch), 1)
    each = compiled.per_sample_grad(program.batch, seed=seed)
    _, whole, slopes = compiled.value_and_grad(program.batch, inputs=True, seed=seed)
    triples: list[tuple[str, float, float, float]] = []
    for i, numbers in enumerate(right):
        found = [*outputs[i], *each[i], *slopes[i]]
        expected = [*numbers.outputs, *numbers.by_parameters, *numbers.by_inputs]
        names = [f"sample {i}, number {k}" for k in range(len(found))]
        triples += zip(names, found, expected, numbers.sizes)
    sums = np.array([numbers.by_parameters for numbers in right]).sum(0)
    sizes = np.array([numbers.sizes[len(seed) : len(seed) + len(weights)] for numbers in right])
    triples += zip(("gradient 0", "gradient 1"), whole, sums, sizes.sum(0))
    if counts is not None:
        finite = [np.isfinite(expected) for _, _, expected, _ in triples]
        counts["numbers"] += len(triples)
        counts["finite"] += sum(finite)
        counts["unjudged"] += sum(
            known and not size < np.inf for known, (*_, size) in zip(finite, triples)
        )
    return [
        f"{name}: {float(found)!r} is {float(expected)!r}"
        for name, found, expected, size in triples
        if not agree(found, expected, size)
    ]
