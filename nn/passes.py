"""The passes of an iteration, forward and backward, and its update: lines (4) to (7).

>>> from nn import SGD, Neuron, mse_loss
>>> neuron = Neuron(1, activation="linear", seed=0)
>>> optimizer = SGD(neuron.parameters(), step_size=0.1)
>>> passes = Passes(neuron, [([1.0], 0.0), ([2.0], 0.0)], [], mse_loss, optimizer)
>>> before = passes.accumulate([0, 1])
>>> change = passes.update()
>>> passes.accumulate([0, 1]) < before
True
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import Value
from nn.evaluation import evaluate
from nn.layers import MLP
from nn.losses import Loss
from nn.optim import Change, Optimizer
from nn.sampling import Sample


class Thinned:
    """A network whose hidden units are multiplied by other factors in each call."""

    def __init__(self, network: MLP, factors: array[float]) -> None:
        self.network = network
        self.factors = factors
        self.place = 0

    def __call__(self, x: Any) -> Any:
        """Return the outputs for the next sample."""
        start = self.place
        self.place += self.network.hidden_units
        return self.network(x, self.factors[start : self.place])


class Passes:
    """The passes of an iteration, one recorded graph after the other.

    `nn.compiled_passes` has the same on arrays: it overrides every method.
    """

    def __init__(
        self,
        network: Any,
        samples: list[Sample],
        held_out: list[Sample],
        loss: Loss,
        optimizer: Optimizer,
        validation: Sequence[Sample] = (),
        dropout: float = 0.0,
    ) -> None:
        self.network = network
        self.samples = samples
        self.held_out = held_out
        self.validation = list(validation)
        self.dropout = dropout
        self.loss = loss
        self.optimizer = optimizer

    def accumulate(self, batch: list[int], factors: array[float] | None = None) -> float:
        """Compute the mean gradient over the mini-batch, and return its mean loss.

        Args: factors: for dropout, a number for each hidden unit, sample by sample.
        """
        network = self.network if factors is None else Thinned(self.network, factors)
        return accumulate(network, [self.samples[i] for i in batch], self.loss, self.optimizer)

    def update(self) -> Change:
        """Update the parameters, all of them or none, and return what was changed."""
        optimizer = self.optimizer
        if type(optimizer).step is Optimizer.step:
            return optimizer.advance()
        # A step of a user's own returns nothing.
        parameters = optimizer.parameters
        before = [p.data for p in parameters]
        gradients = [p.grad for p in parameters]
        optimizer.step()
        return Change(before, gradients, [p.data for p in parameters])

    def evaluate(self, apart: list[Sample]) -> tuple[float, float | None]:
        """Return the mean loss over samples that are held out or validate, and the accuracy."""
        return evaluate(self.network, apart, self.loss)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Let a user's function look at weights, gradients and memory, and change them."""
        yield

    def __enter__(self) -> Passes:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave what was learned in the network."""


def accumulate(network: Any, batch: list[Sample], loss: Loss, optimizer: Optimizer) -> float:
    """Leave the mean gradient over the mini-batch in the parameters, and return its mean loss.

    The graph of a sample is released when the next is built. The factor 1/b is the seed of each
    backward pass, so the sum of the gradients is their mean.
    """
    optimizer.zero_grad()
    share = 1 / len(batch)
    errors = []
    for x, y in batch:
        outputs = network(x)  # (4) forward: the hidden values layer by layer, up to the outputs
        error = loss(outputs, y)  # (5) the error by the loss function,
        if not isinstance(error, Value):
            raise TypeError(f"the loss returned {error!r:.40}, not a Value: nothing was recorded")
        error.backward(share)  # and its gradient at the outputs; (6) those of the hidden layers
        errors.append(error.data)
    mean = math.fsum(errors) * share if all(map(math.isfinite, errors)) else math.nan
    if not math.isfinite(mean):
        raise FloatingPointError(f"the loss of a sample is {max(errors, key=abs)}")
    return mean
