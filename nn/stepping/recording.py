"""The iterations of a trainer as they happen, noted without changing a bit of them.

The trainer runs its own iterations. Its `Step` has the mini-batch, its error, the gradient and the
weights before and after; the memory is the optimiser's. What no Step keeps, the values of single
samples, is read off the graphs that the loss returned, after the backward pass went over them.

>>> from nn import Trainer, TwoLayerNetwork, xor
>>> data = xor(8)
>>> trainer = Trainer(TwoLayerNetwork(2, 3, 2), data.inputs, data.targets, batch_size=4)
>>> recording = Recording(trainer)
>>> recording.run(2)
>>> [round(iteration.loss, 3) for iteration in recording.iterations] == [
...     round(loss, 3) for loss in trainer.history.losses]
True
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd import Value
from nn.losses import Loss
from nn.optim import SGD, Optimizer, Slots
from nn.passes import Passes, RecordedShard
from nn.stepping.structure import Seen, Structure
from nn.trainer import Trainer


class Iteration(NamedTuple):
    """One iteration; lists of numbers are in the order of the optimiser's parameters.

    `alphas`: the step size of each group, or of all; `memory`: what the optimiser remembers
    afterwards; `samples`: of the mini-batch in its order, none where nobody keeps them.
    """

    t: int
    batch: list[int]
    loss: float
    alphas: list[float]
    gradients: list[float]
    weights: list[float]
    memory: list[list[float]]
    samples: list[Seen]


# What a loss was called on, and the error that it returned.
Call = tuple[Any, Value]


class NotedLoss:
    """A loss that keeps what it was called on, and what it returned."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.calls: list[Call] = []

    def __call__(self, outputs: Any, target: Any) -> Any:
        """Return what the loss returns."""
        error = self.loss(outputs, target)
        self.calls.append((outputs, error))
        return error


class Recording:
    """What a trainer did while it was watched.

    Attributes: `structure`, the letters of the network; `first`, the weights before; `iterations`;
    `part`, what calls the loss on recorded samples, None where that happens elsewhere.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        parameters = trainer.optimizer.parameters
        self.structure = Structure(trainer.network, parameters)
        self.first: list[float] = []
        self.iterations: list[Iteration] = []
        self.part = recorded_part(trainer.passes)

    def run(self, count: int) -> None:
        """Run so many iterations of the trainer, or those that are left.

        Raises: what an iteration raises; those before it have happened.
        """
        trainer = self.trainer
        with trainer, noted(self.part) as calls:
            trainer.evaluate_if_due()
            # Line (2), as `Trainer.steps` has it.
            while count and not trainer.finished:
                calls.clear()
                self.note(calls)
                trainer.evaluate_if_due()
                count -= 1
        trainer.take_best()

    def memory(self) -> Slots:
        """Return what the optimiser remembers; descent without momentum leaves it at 0."""
        optimizer = self.trainer.optimizer
        momentum = getattr(optimizer, "momentum", 0.0)
        unused = type(optimizer).rule is SGD.rule and not momentum
        return {} if unused else optimizer.slots

    def note(self, calls: list[Call]) -> None:
        """Run an iteration, and take note of it."""
        alphas = alphas_of(self.trainer.optimizer)
        step = self.trainer.iteration()
        if not self.iterations:
            self.first = step.weights_before
        # Copies, because the optimiser goes on with its own lists.
        memory = [list(map(float, slot)) for slot in self.memory().values()]
        samples = [self.structure.seen(outputs, error) for outputs, error in calls]
        self.iterations.append(
            Iteration(
                step.t, step.batch, step.loss, alphas, step.gradients, step.weights, memory, samples
            )
        )


def recorded_part(passes: object) -> Passes | RecordedShard | None:
    """Return what calls the loss on recorded samples in this process; None where nothing does."""
    if type(passes) is Passes:
        return passes
    # Passes over shards have one of them in this process, unless all are sent to others.
    here = getattr(passes, "here", None)
    in_this_process = getattr(passes, "workers", None) is None
    return here if in_this_process and isinstance(here, RecordedShard) else None


@contextmanager
def noted(part: Passes | RecordedShard | None) -> Iterator[list[Call]]:
    """Keep the calls of a loss within the block."""
    if part is None:
        yield []
        return
    loss = part.loss
    watched = NotedLoss(loss)
    part.loss = watched
    try:
        yield watched.calls
    finally:
        part.loss = loss


def alphas_of(optimizer: Optimizer) -> list[float]:
    """Return the step size of the next update, or that of each group."""
    usual = optimizer.scheduled().get("step_size", optimizer.step_size)
    if not optimizer.groups:
        return [usual]
    found = []
    for _, _, own in optimizer.groups:
        settings = optimizer.of_group(own)
        found.append(settings.get("step_size", usual))
    return found
