"""The workloads as others compute them, and as we do: a module for each, run in its own process.

Every module has a table, `MAKERS` unless `benchmarks.speed.lineup` names another: under the name of
a workload the function that takes the workload and returns a `Contestant`, or None where there is
nothing to show; or a text, which says why the rival does not take part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np


class Contestant(NamedTuple):
    """A call that is timed, and its results as one row of numbers.

    Attributes: `step`, what is timed; `numbers`, of what a step returned, in the order in which
    ours returns them; `note`, shown in the table; `steps`, how many steps of the workload a call
    makes, where it is not one; `check`, a single step from the start, where a call makes more;
    `expected`, what the numbers have to be where they are not those of the whole batch.
    """

    step: Callable[[], Any]
    numbers: Callable[[Any], Any]
    note: str = ""
    steps: float = 1.0
    check: Callable[[], Any] | None = None
    expected: Any = None


Maker = Callable[[Any], Contestant | None]
Makers = Mapping[str, Maker | str]


def flat(*parts: Any) -> Any:
    """Return all numbers of arrays, lists and numbers in one array."""
    return np.concatenate([np.asarray(part, dtype=float).ravel() for part in parts])


def by_neuron(matrices: Any, biases: Any) -> Any:
    """Return weights and biases in the order of a network's parameters: neuron by neuron."""
    return flat(*(np.column_stack([w, b]) for w, b in zip(matrices, biases)))


def layers(work: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the weights (m x n) and the biases (m) of each layer of a network."""
    numbers = np.array([parameter.data for parameter in work.parameters])
    sizes = work.facts["sizes"]
    for n, m in zip(sizes, sizes[1:]):
        table, numbers = numbers[: m * (n + 1)].reshape(m, n + 1), numbers[m * (n + 1) :]
        yield np.ascontiguousarray(table[:, :n]), np.ascontiguousarray(table[:, n])


def matrices(work: Any) -> dict[str, Any]:
    """Return the matrices of the language model."""
    numbers = np.array([parameter.data for parameter in work.parameters])
    found = {}
    for name, (m, n) in work.facts["shapes"].items():
        found[name], numbers = numbers[: m * n].reshape(m, n), numbers[m * n :]
    return found
