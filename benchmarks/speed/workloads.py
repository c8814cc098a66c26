"""What the compiler is measured on: plain scalar functions, their parameters and their data.

A workload knows nothing of who computes it. Its function takes one sample, on floats or on Values;
`benchmarks.speed.rivals` has the same functions as others write them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from autograd import Value, erfc, exp, gradients, log, relu, sin, sqrt, tanh
from benchmarks.speed import character_gpt, irregular
from nn import TwoLayerNetwork, mse_loss
from nn.data import Standardizer, load_digits, moons

STEP_SIZE = 0.1
LAYERS = (2, 16, 16, 1)
DIGITS = (64, 32, 10)
MILLION = (784, 1280, 10)
POSITIONS = 8  # characters of a text
STEPS, TIME_STEP = 1000, 0.01  # of the pendulum
OPTIONS = 100_000
LENGTHS = (200, 10**3, 10**4, 10**5)  # of irregular graphs; JAX takes part in the shortest


class Workload(NamedTuple):
    """A function of one sample, and a batch to run it on.

    Attributes: `kind`, what a step gives: "gradient" (mean loss and its gradient by the
    parameters), "step" (the same, and one step of descent), "inputs" (the loss and the gradient by
    the inputs, for every sample) or "values" (all outputs for every sample); `facts`, what the
    rivals have to know.
    """

    name: str
    title: str
    function: Callable[..., Any]
    parameters: list[Value]
    batch: tuple[Any, ...]
    kind: str = "gradient"
    facts: dict[str, Any] = {}

    @property
    def key(self) -> str:
        """What tells the workload from its variants: sizes that vary, and samples."""
        variants = len(GROUPS[self.name]) > 1
        length = f" {self.facts['length']}" if "length" in self.facts else ""
        return self.name + length + (f" {self.samples}" if variants else "")

    @property
    def samples(self) -> int:
        """How many samples the batch has."""
        return len(self.batch[0])

    def first(self, count: int) -> tuple[Any, ...]:
        """Return the first samples of the batch."""
        return tuple(column[:count] for column in self.batch)

    def sample(self, index: int) -> tuple[Any, ...]:
        """Return one sample as lists of floats and floats, as the function takes it."""
        return tuple(column[index].tolist() for column in self.batch)


def eager(work: Workload, count: int) -> Any:
    """Return what a step on the first samples gives, one recorded graph after the other."""
    samples = [work.sample(i) for i in range(count)]
    if work.kind == "values":
        return [list(map(number, work.function(*sample))) for sample in samples]
    if work.kind == "inputs":
        return [by_inputs(work.function, sample) for sample in samples]
    for parameter in work.parameters:
        parameter.zero_grad()
    total = 0.0
    for sample in samples:
        loss = work.function(*sample)
        loss.backward(1.0 / count)
        total += loss.data
    gradient = [float(parameter.grad) for parameter in work.parameters]
    return total / count, gradient


def number(x: Any) -> float:
    return float(x.data if isinstance(x, Value) else x)


def by_inputs(function: Callable[..., Any], sample: tuple[Any, ...]) -> tuple[float, list[float]]:
    xs = [Value(x) for x in sample[0]]
    out = function(xs)
    out.backward()
    return out.data, [float(x.grad) for x in xs]


# (1) and (2): networks of neurons


def mlp() -> Workload:
    """Return micrograd's network, written with *, + and relu, and its hinge loss on two moons."""
    draw = random.Random(1).uniform
    layers = [
        [([Value(draw(-1, 1) / n**0.5) for _ in range(n)], Value(0.1)) for _ in range(m)]
        for n, m in zip(LAYERS, LAYERS[1:])
    ]

    def function(xs: Any, side: Any) -> Any:
        for layer in layers[:-1]:
            xs = [relu(sum(w * x for w, x in zip(ws, xs)) + b) for ws, b in layer]
        ((ws, b),) = layers[-1]
        return relu(1.0 - side * (sum(w * x for w, x in zip(ws, xs)) + b))

    data = moons(100)
    sides = np.array(data.labels, dtype=float) * 2.0 - 1.0
    parameters = [w for layer in layers for ws, b in layer for w in (*ws, b)]
    facts = {"sizes": LAYERS, "loss": "hinge"}
    title = f"MLP {hyphenated(LAYERS)}, scalar operations, hinge loss: value and gradient"
    return Workload("mlp", title, function, parameters, (floats(data.inputs), sides), facts=facts)


def digits(batch: int) -> Workload:
    """Return the network that `python -m nn train --data digits` trains, and a mini-batch."""
    network, data = TwoLayerNetwork(*DIGITS), load_digits()
    rows = Standardizer.fit(data.inputs).rows(data.inputs[:batch])
    return Workload(
        "digits",
        f"network {hyphenated(DIGITS)}, sigmoid, squared error: gradient and update",
        lambda xs, ys: mse_loss(network(xs), ys),
        network.parameters(),
        (floats(rows), floats(data.targets[:batch])),
        "step",
        {"sizes": DIGITS, "loss": "squares"},
    )


def million(batch: int = 64) -> Workload:
    """Return a network of a million parameters."""
    network = TwoLayerNetwork(*MILLION)
    source = np.random.default_rng(0)
    ys = np.eye(MILLION[-1])[source.integers(0, MILLION[-1], batch)]
    return Workload(
        "million",
        f"network {hyphenated(MILLION)}, sigmoid, squared error: value and gradient",
        lambda xs, ys: mse_loss(network(xs), ys),
        network.parameters(),
        (source.random((batch, MILLION[0])), ys),
        facts={"sizes": MILLION, "loss": "squares"},
    )


def readme(batch: int = 4) -> Workload:
    """Return the example of the README: a neuron with three weights, and its squared error."""
    weights = [Value(0.5), Value(-1.0), Value(0.25)]

    def function(xs: Any, y: Any) -> Any:
        return (tanh(sum(w * x for w, x in zip(weights, xs))) - y) ** 2

    rows = np.arange(3.0 * batch).reshape(batch, 3) / 10.0
    return Workload(
        "readme", "the example of the README: value and gradient", function, weights,
        (rows, np.ones(batch)),
    )  # fmt: skip


# (4): a language model


def gpt(batch: int) -> Workload:
    """Return the character GPT on random texts."""
    model = character_gpt.weights(Value)
    source = np.random.default_rng(0)
    text = source.integers(0, character_gpt.VOCABULARY, (batch, POSITIONS + 1))
    rows = np.eye(character_gpt.VOCABULARY)[text]
    return Workload(
        "gpt",
        f"character GPT in scalar operations, {POSITIONS} characters: value and gradient",
        lambda text, following: character_gpt.loss(model, text, following),
        [w for matrix in model.values() for row in matrix for w in row],
        (np.ascontiguousarray(rows[:, :-1]), np.ascontiguousarray(rows[:, 1:])),
        facts={"shapes": character_gpt.SHAPES, "text": text},
    )


# (5): no pattern at all


def scattered(length: int, batch: int, seed: int = 0) -> Workload:
    """Return a random program; its gradient is by its inputs, for every sample."""
    made = irregular.program(length, seed)
    using = irregular.functions(sin, tanh, exp)
    source = np.random.default_rng(0)
    middle = np.array(irregular.start(random.Random(seed)))
    return Workload(
        "irregular",
        f"irregular graph of {length:,} operations: value and gradient by the inputs",
        lambda xs: irregular.run(made, xs, using),
        [],
        (middle + 0.02 * source.standard_normal((batch, irregular.INPUTS)),),
        "inputs",
        {"program": made, "length": length},
    )


def small() -> Workload:
    """Return a sum of squares, of which little more than the call itself is to be seen."""
    squares = [irregular.Instruction("*", i, i) for i in range(irregular.INPUTS)]
    places = range(1, irregular.INPUTS)
    sums = [
        irregular.Instruction(
            "+", irregular.INPUTS + i, 2 * irregular.INPUTS - 2 + i if i > 1 else irregular.INPUTS
        )
        for i in places
    ]
    return Workload(
        "small",
        f"a small call, the sum of {irregular.INPUTS} squares: value and gradient by the inputs",
        lambda xs: sum(x * x for x in xs),
        [],
        (np.array([irregular.start(random.Random(0))]),),
        "inputs",
        {"program": [*squares, *sums]},
    )


# (6): a long chain


def pendulum(batch: int) -> Workload:
    """Return the error of a damped pendulum after 1,000 steps, by its stiffness and damping."""
    parameters = [Value(9.81), Value(0.25)]
    source = np.random.default_rng(0)
    columns = (
        source.uniform(-2.0, 2.0, batch),
        source.uniform(-1.0, 1.0, batch),
        source.uniform(-1.0, 1.0, batch),
    )
    return Workload(
        "pendulum",
        f"pendulum, {STEPS:,} Runge-Kutta steps: value and gradient by 2 parameters",
        lambda angle, speed, seen: swing(angle, speed, seen, *parameters),
        parameters,
        columns,
    )


def swing(angle: Any, speed: Any, seen: Any, stiffness: Any, damping: Any, sin: Any = sin) -> Any:
    """Return half the squared distance between the last angle of a pendulum and what was seen."""
    half, sixth = TIME_STEP / 2, TIME_STEP / 6

    def pull(angle: Any, speed: Any) -> Any:
        return -(stiffness * sin(angle)) - damping * speed

    for _ in range(STEPS):
        v1, a1 = speed, pull(angle, speed)
        v2 = speed + half * a1
        a2 = pull(angle + half * v1, v2)
        v3 = speed + half * a2
        a3 = pull(angle + half * v2, v3)
        v4 = speed + TIME_STEP * a3
        a4 = pull(angle + TIME_STEP * v3, v4)
        angle = angle + sixth * (v1 + 2.0 * (v2 + v3) + v4)
        speed = speed + sixth * (a1 + 2.0 * (a2 + a3) + a4)
    return (angle - seen) ** 2 / 2.0


# (7): derivatives as outputs


def options(count: int = OPTIONS) -> Workload:
    """Return the Black-Scholes price with all first and second derivatives."""
    source = np.random.default_rng(0)
    low, high = (80.0, 80.0, 0.0, 0.1, 0.1), (120.0, 120.0, 0.1, 0.5, 2.0)
    return Workload(
        "options",
        "Black-Scholes: price, 5 first and 15 second derivatives",
        greeks,
        [],
        tuple(source.uniform(a, b, count) for a, b in zip(low, high)),
        "values",
    )


def price(spot: Any, strike: Any, rate: Any, volatility: Any, years: Any, using: Any = None) -> Any:
    """Return the value of a call option (Black and Scholes, 1973)."""
    log, exp, sqrt, normal = using or FUNCTIONS
    spread = volatility * sqrt(years)
    ahead = (log(spot / strike) + (rate + volatility * volatility / 2.0) * years) / spread
    return spot * normal(ahead) - strike * exp(-rate * years) * normal(ahead - spread)


def normal(x: Any) -> Any:
    """Return the probability that a standard normal number is below x."""
    return erfc(x * -(0.5**0.5)) / 2.0


FUNCTIONS = (log, exp, sqrt, normal)


def greeks(*market: Any) -> list[Any]:
    """Return the price, its slopes by the five inputs, and the upper triangle of its Hessian."""
    inputs = [x if isinstance(x, Value) else Value(x) for x in market]
    out = price(*inputs)
    first = gradients(out, inputs)
    second = [gradients(slope, inputs[i:]) for i, slope in enumerate(first)]
    return [out, *first, *(number for row in second for number in row)]


def floats(rows: Any) -> Any:
    return np.array(rows, dtype=float)


def hyphenated(sizes: tuple[int, ...]) -> str:
    """Return the sizes of layers as they are written, 64-32-10."""
    return "-".join(map(str, sizes))


GROUPS: dict[str, list[Callable[[], Workload]]] = {
    "small": [small],
    "readme": [readme],
    "mlp": [mlp],
    "digits": [partial(digits, b) for b in (1, 32, 256)],
    "million": [million],
    "gpt": [partial(gpt, b) for b in (1, 16, 64)],
    "irregular": [partial(scattered, n, b) for n in LENGTHS for b in (1, 64)],
    "pendulum": [partial(pendulum, b) for b in (1, 64)],
    "options": [options],
}
