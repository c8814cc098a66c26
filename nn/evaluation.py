"""Evaluation: how well a network does on samples, by its mean loss and its accuracy.

>>> accuracy([[0.9, 0.2], [0.6, 0.7]], [[1.0, 0.0], [1.0, 0.0]])
0.5
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import Value
from nn.losses import Loss
from nn.module import Module, Network
from nn.sampling import Sample


def evaluate(network: Network, samples: list[Sample], loss: Loss) -> tuple[float, float | None]:
    """Return the mean loss over samples, and the accuracy where the targets are classes."""
    errors = []
    outputs = []
    with evaluating(network):
        for x, y in samples:
            found = network(x)
            error = loss(found, y)
            errors.append(error.data if isinstance(error, Value) else error)
            outputs.append([float(getattr(z, "data", z)) for z in listed(found)])
    return math.fsum(errors) / len(errors), accuracy(outputs, [y for _, y in samples])


@contextmanager
def evaluating(network: object) -> Iterator[None]:
    """Let all layers but the last compute on floats.

    The last one records: a loss wants to see the operands of a sigmoid or softmax that saturated.
    """
    layers = getattr(network, "layers", None)
    if isinstance(network, Module) and isinstance(layers, list):
        for layer in layers[:-1]:
            if isinstance(layer, Module):
                layer.eval()
    try:
        yield
    finally:
        if isinstance(network, Module):
            network.train()


def listed(x: object) -> list[Any]:
    """Return a list as it is, and one output as a list."""
    return x if isinstance(x, list) else [x]


def accuracy(outputs: Sequence[Any], targets: Sequence[Any]) -> float | None:
    """Return the share of samples whose class is right, or None where the targets are no classes.

    Classes are one-hot lists (of 0 and 1, or -1 and 1) or indexes, and the largest output wins; for
    a single output they are 0 and 1, decided at 0.5, or -1 and 1, decided at 0.

    >>> accuracy([0.4, 0.6], [0, 1])
    1.0
    """
    rows = list(map(listed, outputs))
    wanted = list(map(listed, targets))
    if not rows or not all(is_class(y, len(row)) for row, y in zip(rows, wanted)):
        return None
    low = min(min(y) for y in wanted)
    if low < 0 and any(0 in y for y in wanted):
        # -1, 0 and 1 together are quantities.
        return None
    right = []
    for row, y in zip(rows, wanted):
        right.append(decided(row, low) == decided(y, low, len(row)))
    return right.count(True) / len(right)


def is_class(target: list[Any], outputs: int) -> bool:
    """Tell whether a target is a class: 0, 1 or -1 of one output, an index, a one-hot list."""
    if len(target) == 1:
        return target[0] in ((-1, 0, 1) if outputs == 1 else range(outputs))
    return target.count(1) == 1 and len(set(target)) == 2 and min(target) in (-1, 0)


def decided(row: list[Any], low: float, outputs: int | None = None) -> int:
    """Return the class that a row of outputs, or a target for so many outputs, stands for."""
    if len(row) > 1:
        return row.index(max(row))
    if outputs is not None and outputs > 1:
        return int(row[0])
    return int(row[0] > 0.0 if low < 0 else row[0] >= 0.5)
