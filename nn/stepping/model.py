"""A training as data: what its iterations did, as numbers that a page can read.

>>> from nn import Trainer, TwoLayerNetwork, xor
>>> data = xor(8)
>>> trainer = Trainer(TwoLayerNetwork(2, 3, 2), data.inputs, data.targets, batch_size=4)
>>> model = Model(trainer, iterations=2)
>>> [iteration.t for iteration in model.iterations], model.structure.parameters[:2]
([1, 2], ['w₀₁', 'w₀₂'])
>>> Model(trainer, iterations=200, limit=1000)
Traceback (most recent call last):
ValueError: 200 iterations are about 26,800 numbers, and a page has at most 1,000: \
pass iterations=7, a Trainer with a smaller batch_size, or a larger limit
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

from nn.losses import as_list, mse_loss
from nn.sampling import Sample
from nn.schedules import at_least_one
from nn.stepping.recording import Iteration, Recording
from nn.stepping.rules import rules_of
from nn.stepping.texts import said, texts
from nn.trainer import Trainer

# So many are shown, unless told otherwise.
ITERATIONS = 100
MISSING = float("nan")
# So many places before a number the same one is looked for: as far as a byte can tell.
FARTHEST = 255


class Model:
    """What happened in so many iterations of a trainer, which run here.

    Attributes: `trainer`; `structure`, the letters of its network; `iterations`, what each did;
    `missing`, why there is nothing of single samples, or "".
    """

    def __init__(
        self, trainer: Trainer, iterations: int | None = None, limit: float = math.inf
    ) -> None:
        self.trainer = trainer
        if iterations is not None:
            at_least_one("iterations", iterations)
        left = trainer.settings.iterations - trainer.so_far.iteration
        if left < 1 or trainer.finished:
            raise ValueError(
                f"the trainer has no iteration left of its {trainer.settings.iterations}: make one "
                "with more iterations"
            )
        count = min(iterations or ITERATIONS, left)
        self.recording = Recording(trainer)
        self.structure = self.recording.structure
        refuse_above(limit, self.numbers_each(), count)
        self.missing = self.why_missing()
        self.recording.run(count)
        self.iterations = self.recording.iterations

    def numbers_each(self) -> int:
        """Return how many numbers an iteration has, at most."""
        # Of each parameter its weight, its gradient, and what the optimiser remembers of it.
        kinds = 2 + len(self.recording.memory())
        parameters = kinds * len(self.structure.parameters)
        if self.recording.part is None:
            return parameters
        # Of each sample the values and gradients of the units, and the error; and the sample.
        x, y = self.trainer.samples[0]
        targets = len(as_list(y))
        units = len(self.structure.units) or targets
        each = 2 * units + 1 + len(x) + targets
        return parameters + self.trainer.settings.batch_size * each

    def why_missing(self) -> str:
        """Return why there is nothing of single samples, and the way out; "" where there is."""
        if self.recording.part is not None:
            return ""
        if self.trainer.settings.compiled:
            return said("not kept", why=said("compiled"), way="compiled=False")
        return said("not kept", why=said("elsewhere"), way="executor=None")

    def numbers(self) -> tuple[bytes, bytes]:
        """Return all numbers, see `without_repeats`.

        The weights before; then, by iteration, the weights after it, the gradients, the memory,
        and by sample the values and gradients of the units, and the error.
        """
        found = array("d", self.recording.first)
        for iteration in self.iterations:
            found.extend(numbers_in(iteration))
        return without_repeats(found)

    def data(self) -> dict[str, Any]:
        """Return what the page's script reads, but for the numbers."""
        trainer = self.trainer
        optimizer = trainer.optimizer
        structure = self.structure
        rules, plain = rules_of(optimizer)
        starts = [start for start, _, _ in optimizer.groups] or [0]
        drawn = {i for iteration in self.iterations for i in iteration.batch}
        loss = trainer.passes.loss
        return {
            "texts": texts(),
            "T": trainer.settings.iterations,
            "m": trainer.settings.samples,
            "epochs": trainer.settings.sampling == "epochs",
            "dropout": trainer.settings.dropout,
            "squares": loss is mse_loss,
            "loss": getattr(loss, "__name__", type(loss).__name__),
            "missing": self.missing,
            "layered": structure.layered,
            "parameters": list(zip(structure.parameters, structure.layers)),
            "units": [list(unit) for unit in structure.units] if not self.missing else [],
            "lines": [line and line.as_data() for line in structure.lines or []],
            "memory": list(self.recording.memory()),
            "groups": starts,
            "rules": rules,
            "plain": plain,
            "samples": {str(i): sample_of(trainer.samples[i]) for i in sorted(drawn)},
            "iterations": [head_of(iteration) for iteration in self.iterations],
        }


def head_of(iteration: Iteration) -> list[Any]:
    """Return what the page's script reads of an iteration beside its numbers."""
    count = len(iteration.samples)
    return [iteration.t, iteration.batch, iteration.loss, iteration.alphas, count]


def numbers_in(iteration: Iteration) -> Iterator[float]:
    """Yield the numbers of an iteration."""
    yield from iteration.weights
    yield from iteration.gradients
    for slot in iteration.memory:
        yield from slot
    for sample in iteration.samples:
        yield from known(sample.values)
        yield from known(sample.gradients)
        yield sample.error


def without_repeats(numbers: array[float]) -> tuple[bytes, bytes]:
    """Return a byte for each number, and the numbers that are not repeated.

    The byte says how many places before the same number stands, or is 0: then the next of the
    others follows, in eight bytes, the lowest first. A relu gives its operand or 0, and the
    gradients likewise, so that half of the numbers of a network of them are repeated.

    >>> places, others = without_repeats(array("d", [0.5, 0.0, 0.5, -0.0]))
    >>> list(places), len(others)
    ([0, 0, 2, 0], 24)
    """
    if sys.byteorder == "big":
        numbers = array("d", numbers)
        numbers.byteswap()
    content = numbers.tobytes()
    width = numbers.itemsize
    latest: dict[bytes, int] = {}
    places = bytearray()
    others = bytearray()
    for i in range(len(numbers)):
        number = content[width * i : width * (i + 1)]
        back = i - latest.get(number, i)
        latest[number] = i
        if not 0 < back <= FARTHEST:
            back = 0
            others += number
        places.append(back)
    return bytes(places), bytes(others)


def known(numbers: Iterable[float | None]) -> Iterator[float]:
    """Yield numbers, and NaN for those that there are not."""
    return (MISSING if x is None else x for x in numbers)


def sample_of(sample: Sample) -> list[list[float]]:
    """Return inputs and targets of a sample as lists of floats."""
    x, y = sample
    inputs = list(map(float, x))
    targets = list(map(float, as_list(y)))
    return [inputs, targets]


def refuse_above(limit: float, each: int, count: int) -> None:
    """Raise a ValueError where a page would have more numbers than the limit, with the way out."""
    total = each * count
    if total <= limit:
        return
    fewer = int(limit // each)
    way = f"iterations={fewer}, a" if fewer else "a"
    what = "1 iteration is" if count == 1 else f"{count} iterations are"
    raise ValueError(
        f"{what} about {total:,} numbers, and a page has at most {limit:,}: "
        f"pass {way} Trainer with a smaller batch_size, or a larger limit"
    )
