"""The passes of an iteration over shards of the mini-batch, in this process or by an executor.

With b samples in a mini-batch the gradient of a shard is the sum over its samples, in order, of
1/b times the gradient of each; and the gradient of the mini-batch is that of the first shard, plus
that of the second, plus that of the third, and so on, in floats.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager

from nn.optim import Change
from nn.passes import Passes
from nn.sampling import Sample
from nn.shards import shards_of
from nn.workers import Source, Workers


class ShardedPasses(Passes):
    """Other passes, recorded or compiled, whose gradients are those of shards, added up.

    Args: shards: how many; executor: see `Workers`, or None to compute them here.
    """

    def __init__(self, inner: Passes, shards: int, executor: Source | None = None) -> None:
        super().__init__(
            inner.network, inner.samples, inner.held_out, inner.loss, inner.optimizer,
            inner.validation, inner.dropout,
        )  # fmt: skip
        self.inner = inner
        self.shards = shards
        self.workers = None if executor is None else Workers(executor, inner.shard())
        self.here = inner.shard()
        if self.workers is not None:
            self.hints = self.workers.hints

    def accumulate(self, batch: list[int], factors: array[float] | None = None) -> float:
        """Compute the mean gradient over the mini-batch, and return its mean loss.

        Args: factors: for dropout, a number for each hidden unit, sample by sample.
        """
        shards = shards_of(batch, factors, self.shards)
        weights = self.inner.weights_now()
        if self.workers is None:
            found = [self.here(*shard) for shard in shards]
        else:
            found = self.workers.answers(weights, shards)
        return self.inner.collect(found, len(batch))

    def update(self) -> Change:
        """Update the parameters, all of them or none, and return what was changed."""
        return self.inner.update()

    def evaluate(self, apart: list[Sample]) -> tuple[float, float | None]:
        """Return the mean loss over samples that are held out or validate, and the accuracy."""
        return self.inner.evaluate(apart)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Let a user's function look at weights, gradients and memory, and change them."""
        with self.inner.shown():
            yield

    def __enter__(self) -> Passes:
        if self.workers is not None:
            self.workers.begin()
        self.inner.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self.inner.__exit__(*error)
        finally:
            if self.workers is not None:
                self.workers.end()
