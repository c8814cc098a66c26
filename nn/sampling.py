"""The samples of a training, and how mini-batches are drawn: line (3) of Algorithm 3.1.

>>> checked_samples([[1, 2], [3, 4]], [0, 1])
[([1.0, 2.0], 0), ([3.0, 4.0], 1)]
"""

from __future__ import annotations

import random
import sys
from array import array
from collections.abc import Sequence
from itertools import repeat
from typing import Any

from autograd.atomic import set_attributes
from autograd.coercion import as_number
from autograd.messages import shown
from nn.module import is_finite
from nn.settings import TrainingSettings

# The inputs x and the target y.
Sample = tuple[list[float], Any]

# What is drawn ahead: at most so many indexes, in so many mini-batches.
MAX_INDEXES = 4096
MAX_BATCHES = 256


def checked_samples(inputs: Sequence[Any], targets: Sequence[Any]) -> list[Sample]:
    """Return (inputs, target) pairs of plain finite numbers.

    Raises: ValueError or TypeError, with the row that is longer or shorter than the first, or holds
        anything else.
    """
    if len(inputs) != len(targets):
        raise ValueError(f"{len(inputs)} rows of inputs but {len(targets)} targets")
    rows = [finite_numbers(f"inputs, row {i}", row) for i, row in enumerate(inputs)]
    wanted = [finite_numbers(f"targets, row {i}", row) for i, row in enumerate(targets)]
    for what, found in (("inputs", rows), ("targets", wanted)):
        # A row of another length would else fail deep in the network, without its number.
        sizes = [len(row) if isinstance(row, list) else 1 for row in found]
        for i, size in enumerate(sizes):
            if size != sizes[0]:
                raise ValueError(f"{what}, row {i}: {size} numbers, but row 0 has {sizes[0]}")
    return [(row if isinstance(row, list) else [row], y) for row, y in zip(rows, wanted)]


def dropout_factors(share: float, seed: int, t: int, count: int) -> array[float]:
    """Return what the hidden units of iteration t are multiplied by: 0, or what makes up for it.

    A unit is dropped with the probability `share`; the others are multiplied by 1 / (1 - share), so
    that nothing has to be scaled when the network is used. The draws depend on seed and t alone, so
    a training that was stopped goes on with them.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout: a simple
            way to prevent neural networks from overfitting; inverted, as in PyTorch.

    >>> dropout_factors(0.5, seed=0, t=1, count=6).tolist()
    [2.0, 0.0, 0.0, 0.0, 2.0, 0.0]
    """
    # One call for all units: a call for each would cost more than the passes.
    drawn = array("I")
    drawn.frombytes(random.Random(f"dropout {seed} {t}").randbytes(count * drawn.itemsize))
    if sys.byteorder == "big":
        drawn.byteswap()
    limit = share * 2.0 ** (8 * drawn.itemsize)
    kept = 1.0 / (1.0 - share)
    return array("d", [0.0 if number < limit else kept for number in drawn])


def set_aside(samples: list[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Return the samples to train on, and a share of them, drawn at random, to validate on.

    Raises: ValueError: the share leaves nothing of one of the two.

    >>> train, validation = set_aside([([float(i)], 0.0) for i in range(10)], 0.2, seed=0)
    >>> len(train), len(validation)
    (8, 2)
    """
    if not share or not samples:
        return samples, []
    m = len(samples)
    n = round(share * m)
    if not 0 < n < m:
        raise ValueError(f"validation of {share!r} is {n} of {m} samples: both need at least one")
    chosen = set(random.Random(f"validation {seed}").sample(range(m), n))
    training = [sample for i, sample in enumerate(samples) if i not in chosen]
    validation = [sample for i, sample in enumerate(samples) if i in chosen]
    return training, validation


def finite_numbers(where: str, x: Any) -> Any:
    """Return a number, or the list of a row of numbers, all finite.

    Raises: TypeError or ValueError that begins with `where`, for anything else.
    """
    if hasattr(x, "__len__") and not isinstance(x, str) and getattr(x, "ndim", 1) != 0:
        return [float(finite_number(where, each)) for each in x]
    return finite_number(where, x)


def finite_number(where: str, x: object) -> Any:
    """Return a finite number.

    Raises: TypeError or ValueError that begins with `where`, for anything else.
    """
    try:
        found = as_number(x)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None
    if not is_finite(found):
        raise ValueError(f"{where}: {shown(found)} is not finite")
    return found


class Sampler:
    """Draws the mini-batches: indexes of samples, from a generator of its own.

    They are drawn a block at a time, from a state of the generator that is kept. So an iteration
    pays for no state, one that was asked for draws the block's batches again, and a Ctrl-C in the
    middle of drawing changes nothing.

    Attributes: `drawn`, how many mini-batches were handed out.

    >>> settings = TrainingSettings(samples=5, batch_size=2, iterations=3, sampling="epochs")
    >>> sampler = Sampler(settings)
    >>> sorted(sampler.draw() + sampler.draw() + sampler.draw())
    [0, 1, 2, 3, 4]
    """

    def __init__(self, settings: TrainingSettings) -> None:
        self.m = settings.samples
        self.b = settings.batch_size
        self.epochs = settings.sampling == "epochs"
        # What the batches depend on: a training goes on with the same.
        names = ("samples", "batch_size", "sampling", "seed")
        self.settings = {name: getattr(settings, name) for name in names}
        self.ahead = min(max(1, MAX_INDEXES // self.b), MAX_BATCHES, settings.iterations)
        self.drawn = 0
        self.random = random.Random(settings.seed)
        self.begin(self.random.getstate(), [])

    def begin(self, numbers: tuple[Any, ...], remaining: list[int]) -> None:
        """Draw from here on: from a state of the generator, and what is left of an epoch."""
        # The generator before the first batch of the block;
        self.start = (numbers, remaining)
        # its state after the last;
        self.end = numbers
        self.batches = self.cut(remaining)
        # the number of the first batch.
        self.first = self.drawn
        self.interrupted = False

    def cut(self, order: list[int]) -> list[list[int]]:
        """Return the mini-batches of an epoch; the last may be smaller."""
        return [order[i : i + self.b] for i in range(0, len(order), self.b)]

    def draw(self) -> list[int]:
        """Return the indexes of the next mini-batch."""
        if self.drawn - self.first == len(self.batches):
            self.draw_block()
        batch = self.batches[self.drawn - self.first]
        self.drawn += 1
        return batch

    def draw_block(self) -> None:
        """Draw the next block, in a way that a Ctrl-C at any moment leaves as if never begun."""
        if self.interrupted:
            self.random.setstate(self.end)
        self.interrupted = True
        if self.epochs:
            batches = self.cut(self.random.sample(range(self.m), self.m))
        else:
            batches = [self.random.sample(range(self.m), self.b) for _ in range(self.ahead)]
        # Written at once, so that a Ctrl-C finds the old block or the new one.
        new = {
            "start": (self.end, []),
            "end": self.random.getstate(),
            "batches": batches,
            "first": self.drawn,
            "interrupted": False,
        }
        set_attributes(repeat(self), new, new.values())

    def rewind(self, drawn: int) -> None:
        """Take back the last mini-batch, should more than so many have been handed out."""
        self.drawn = max(min(self.drawn, drawn), self.first)

    def state(self) -> dict[str, Any]:
        """Return what is needed to draw the same batches from here on."""
        place = self.drawn - self.first
        numbers, remaining = self.start
        # Of an epoch, what is left of its order; else the generator is moved on by as many draws.
        if place and self.epochs:
            numbers = self.end
            remaining = [i for batch in self.batches[place:] for i in batch]
        elif place:
            again = random.Random()
            again.setstate(numbers)
            for _ in range(place):
                again.sample(range(self.m), self.b)
            numbers = again.getstate()
        return {**self.settings, "random": numbers, "remaining": remaining}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state.

        Raises: ValueError when it is of other data or settings, or damaged.
        """
        for name, value in self.settings.items():
            if state.get(name) != value:
                raise ValueError(f"resume: {name} was {state.get(name)!r}, and is now {value!r}")
        try:
            version, numbers, gauss = state["random"]
            remaining = [range(self.m)[i] for i in state["remaining"]]
            self.random.setstate((version, tuple(numbers), gauss))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ValueError(f"resume: the state of the sampler is damaged: {error!r}") from None
        self.begin(self.random.getstate(), remaining)
