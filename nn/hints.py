"""Hints: what goes wrong in a training without an error, in one line each.

>>> history = History(losses=[0.5] * 200)
>>> for line in hints(None, [], history).values():
...     print(line)
the loss has not moved in 200 iterations: a larger step size or another seed may help
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from operator import mul
from typing import Any

from autograd.primitives import relu
from nn.history import History
from nn.layers import MLP, activation_function
from nn.sampling import Sample

# A bias and weights.
Unit = tuple[float, list[float]]
# The mean loss of so many iterations stands for a moment of a training.
WINDOW = 20
# So many iterations pass before anything is said.
ENOUGH = 100
# A loss that changed by a smaller share has not moved.
STILL = 1e-3
# A loss below needs no hint.
NOTHING = 1e-6
# So many times the loss at first, and the step size is too large.
TOO_LARGE = 3.0
# So many times the very first loss is said at once,
BLOWN_UP = 1e4
# unless that is so small by the chance of a few samples.
LUCKY = 1e-3
# Products of a weight and an input that are computed for a hint.
WORK = 100_000
# How many are shown to the hidden units.
MIN_SAMPLES = 20
MAX_SAMPLES = 200


def hints(network: object, samples: Sequence[Sample], history: History) -> dict[str, str]:
    """Return what is striking about a training so far, by kind.

    Before iteration 100 that is only a loss that has grown beyond all measure.

    Args: samples: those that it trains on, for the hidden units.
    """
    if not history.losses:
        return {}
    first = mean(history.losses[:WINDOW])
    last = mean(history.losses[-WINDOW:])
    # The first window may have blown up already; the very first loss is that of the first weights.
    start = max(history.losses[0], LUCKY)
    if last > BLOWN_UP * start:
        return loss_grew(history.losses[0], last)
    if history.iteration < ENOUGH:
        return {}
    return {
        **of_the_loss(first, last, history.iteration),
        **of_the_units(network, [x for x, _ in samples[:MAX_SAMPLES]]),
    }


def mean(losses: list[float]) -> float:
    """Return the mean, infinite where the sum is no float."""
    try:
        return math.fsum(losses) / len(losses)
    except OverflowError:
        return math.inf


def of_the_loss(first: float, last: float, iterations: int) -> dict[str, str]:
    """Return the hint about a loss that grew, or did not move."""
    if last > TOO_LARGE * first:
        return loss_grew(first, last)
    if last > NOTHING and abs(first - last) <= STILL * abs(first):
        return {
            "loss still": f"the loss has not moved in {iterations} iterations: a larger step size "
            "or another seed may help"
        }
    return {}


def loss_grew(first: float, last: float) -> dict[str, str]:
    """Return the hint about a loss that grew."""
    return {
        "loss grew": f"the loss has grown from {first:.3g} to {last:.3g}: the step size is too "
        "large; try a tenth of it, or standardize the inputs"
    }


def of_the_units(network: object, rows: list[Any]) -> dict[str, str]:
    """Return the hints about hidden units that are 0 for all samples, and so learn no more."""
    found = {}
    if rows and isinstance(network, MLP) and activation_function(network.activation) is relu:
        rows = rows[: max(MIN_SAMPLES, WORK // len(network.parameters()))]
        for i, silent in enumerate(silent_units(network, rows)):
            if silent and len(rows) >= MIN_SAMPLES:
                units = network.sizes[i + 1]
                found[f"units {i + 1}"] = (
                    f"{len(silent)} of {units} units of hidden layer {i + 1} are 0 for all of "
                    f"{len(rows)} samples, and learn no more: a smaller step size or leaky_relu "
                    "may help"
                )
    return found


def silent_units(network: MLP, rows: Sequence[Any]) -> list[list[int]]:
    """Return for each hidden layer which of its units are 0 for all rows.

    >>> network = MLP(1, [2, 1], seed=0)
    >>> network.layers[0].neurons[1].b.data = -100.0
    >>> silent_units(network, [[0.5], [1.0]])
    [[1]]
    """
    found = []
    outputs: Callable[[int], list[float]] = rows.__getitem__
    for layer in network.layers[:-1]:
        # Bound anew for each layer: the outputs of one are the inputs of the next.
        inputs = outputs
        neurons = [(neuron.b.data, [w.data for w in neuron.w]) for neuron in layer.neurons]
        found.append([i for i, unit in enumerate(neurons) if not fires(unit, inputs, len(rows))])
        outputs = outputs_of(neurons, inputs)
    return found


def fires(unit: Unit, inputs: Callable[[int], list[float]], count: int) -> bool:
    """Tell whether a unit is above 0 for any of so many rows."""
    b, ws = unit
    return any(b + sum(map(mul, ws, inputs(k))) > 0.0 for k in range(count))


def outputs_of(
    neurons: list[Unit], inputs: Callable[[int], list[float]]
) -> Callable[[int], list[float]]:
    """Return a function that gives a layer's outputs for the kth row, when it is asked for.

    Most units fire for one of the first rows, and then no other is looked at.
    """

    @cache
    def outputs(k: int) -> list[float]:
        return [max(0.0, b + sum(map(mul, ws, inputs(k)))) for b, ws in neurons]

    return outputs
