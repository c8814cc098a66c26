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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import Any

from autograd import Value
from autograd.atomic import set_attributes
from autograd.value import write_data
from nn.evaluation import evaluate
from nn.layers import MLP, Inputs
from nn.losses import Loss
from nn.module import Network
from nn.optim import Change, Optimizer
from nn.sampling import Sample
from nn.shards import added_in_order, packed


class Thinned:
    """A network whose hidden units are multiplied by other factors in each call."""

    def __init__(self, network: MLP, factors: array[float]) -> None:
        self.network = network
        self.factors = factors
        self.place = 0

    def __call__(self, x: Inputs) -> Any:
        """Return the outputs for the next sample."""
        start = self.place
        self.place += self.network.hidden_units
        return self.network(x, self.factors[start : self.place])


class RecordedShard:
    """What computes a part of a mini-batch, here or, sent there, in another process."""

    def __init__(
        self, network: Network, samples: list[Sample], loss: Loss, parameters: list[Value]
    ) -> None:
        # With factors of dropout it is an MLP.
        self.network: Any = network
        self.samples = samples
        self.loss = loss
        self.parameters = parameters

    def take(self, weights: Sequence[float]) -> None:
        """Give the parameters the numbers of the process that trains."""
        write_data(self.parameters, weights)

    def __call__(
        self, batch: list[int], factors: array[float] | None, share: float
    ) -> tuple[list[float], list[float]]:
        """Return the losses of samples, and the sum of their gradients, each times a share."""
        set_attributes(self.parameters, repeat("grad"), repeat(0.0))
        network = self.network if factors is None else Thinned(self.network, factors)
        errors = pass_each(network, [self.samples[i] for i in batch], self.loss, share)
        return errors, [p.grad for p in self.parameters]


class Passes:
    """The passes of an iteration, one recorded graph after the other.

    `nn.compiled_passes` has the same on arrays: it overrides every method.

    Attributes: `hints`, what a training should say of its workers, by kind.
    """

    def __init__(
        self,
        network: Network,
        samples: list[Sample],
        held_out: list[Sample],
        loss: Loss,
        optimizer: Optimizer,
        validation: Sequence[Sample] = (),
        dropout: float = 0.0,
    ) -> None:
        # With dropout it is an MLP.
        self.network: Any = network
        self.samples = samples
        self.held_out = held_out
        self.validation = list(validation)
        self.dropout = dropout
        self.loss = loss
        self.optimizer = optimizer
        self.hints: dict[str, str] = {}

    def accumulate(self, batch: list[int], factors: array[float] | None = None) -> float:
        """Compute the mean gradient over the mini-batch, and return its mean loss.

        Args: factors: for dropout, a number for each hidden unit, sample by sample.
        """
        self.optimizer.zero_grad()
        share = 1 / len(batch)
        network = self.network if factors is None else Thinned(self.network, factors)
        errors = pass_each(network, [self.samples[i] for i in batch], self.loss, share)
        return mean_of(errors, share)

    def shard(self) -> Any:
        """Return what computes a part of a mini-batch: see `RecordedShard`."""
        return RecordedShard(self.network, self.samples, self.loss, self.optimizer.parameters)

    def weights_now(self) -> Any:
        """Return the parameters as they are sent to other processes."""
        return packed([p.data for p in self.optimizer.parameters])

    def collect(self, found: list[tuple[Any, Any]], b: int) -> float:
        """Leave the sum of the shards' gradients in the parameters, and return the mean loss.

        Args: found: losses and gradient of each shard; b: the size of the mini-batch.
        """
        errors = [error for losses, _ in found for error in losses]
        mean = mean_of(errors, 1 / b)
        total = added_in_order(gradient for _, gradient in found)
        set_attributes(self.optimizer.parameters, repeat("grad"), total)
        return mean

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


def pass_each(
    network: Callable[[Any], Any], batch: list[Sample], loss: Loss, share: float
) -> list[float]:
    """Add a share of the gradient of each sample to the parameters', and return the losses.

    The graph of a sample is released when the next is built. The share, 1/b, is the seed of each
    backward pass, so the sum of the gradients is their mean.
    """
    errors = []
    for x, y in batch:
        # (4) forward: the hidden values layer by layer, up to the outputs
        outputs = network(x)
        # (5) the error by the loss function;
        error = loss(outputs, y)
        if not isinstance(error, Value):
            raise TypeError(f"the loss returned {error!r:.40}, not a Value: nothing was recorded")
        # its gradient at the outputs; (6) those of the hidden layers
        error.backward(share)
        errors.append(error.data)
    return errors


def mean_of(errors: list[float], share: float) -> float:
    """Return the mean loss of a mini-batch.

    Raises: FloatingPointError: that of a sample is not finite.
    """
    mean = math.fsum(errors) * share if all(map(math.isfinite, errors)) else math.nan
    if not math.isfinite(mean):
        raise FloatingPointError(f"the loss of a sample is {max(errors, key=abs)}")
    return mean
