"""Training on arrays: the passes and updates of Algorithm 3.1, compiled.

The network and the loss are traced once, on one sample, and run on whole mini-batches. While a
training is under way the weights and the optimiser's memory are arrays. Values that are read or
set meanwhile are level with them, as with all compiled code; the gradients and the memory are given
back at its end, and around a callback. Needs the extra "compile".
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import call, setitem
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd import Value
from autograd.atomic import set_attributes
from autograd.newest import REVISION
from autograd.value import data_writes
from nn.evaluation import accuracy, evaluating, listed
from nn.losses import Loss
from nn.module import Network
from nn.optim import Arithmetic, Change, Optimizer, Slots, check_finite
from nn.passes import Passes
from nn.sampling import Sample

if TYPE_CHECKING:
    import numpy

    from autograd.compile import Compiled

Array: TypeAlias = "numpy.ndarray[Any, Any]"

# Samples with different targets, on which the compiled loss must be the recorded one.
MAX_SAMPLES_COMPARED = 8
ALL = slice(None)
# How far the two losses may be apart, relative or absolute.
AGREEMENT = 1e-9


class LossOfSample:
    """The loss of a sample as one function, which any process can be sent."""

    def __init__(self, network: Network, loss: Loss) -> None:
        self.network = network
        self.loss = loss

    def __call__(self, x: Any, y: Any, *factors: Any) -> Any:
        """Return the loss; with dropout, hidden units are multiplied by factors."""
        return self.loss(self.network(x, *factors), y)


class CompiledShard:
    """What computes a part of a mini-batch, here or, sent there, in another process."""

    def __init__(self, function: Compiled, rows: Array, wanted: Array) -> None:
        self.function = function
        self.rows = rows
        self.wanted = wanted

    def take(self, weights: Array) -> None:
        """Take the parameters of the process that trains."""
        self.function.parameters = weights

    def __call__(
        self, batch: list[int], factors: array[float] | None, share: float
    ) -> tuple[float, Any]:
        """Return the sum of the losses of samples, and of their gradients, each times a share."""
        columns = [self.rows[batch], self.wanted[batch]]
        if factors is not None:
            columns.append(numbers_in_rows(factors, len(batch)))
        found: tuple[float, Any] = self.function.value_and_grad(*columns, seed=share)
        return found


class CompiledPasses(Passes):
    """The passes of an iteration on arrays.

    Raises: ImportError, with the line that helps, where the extra is missing; TypeError for an
        optimiser that has no `rule`; ValueError where the loss, compiled, is another one.
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
        super().__init__(network, samples, held_out, loss, optimizer, validation, dropout)
        check_rule(optimizer)
        self.numpy, compiler, self.all_finite = required()
        self.arithmetic = arithmetic_of(self.numpy)
        self.rows, self.wanted = columns(self.numpy, samples)
        options = {
            "parameters": optimizer.parameters,
            # A network may branch, as it may when it is recorded.
            "retrace": True,
            # Whether the training diverged is decided here.
            "finite": False,
        }
        factors = [[1.0] * self.network.hidden_units] if dropout else []
        self.function = compiler(
            LossOfSample(network, loss), example=(*samples[0], *factors), **options
        )
        self.evaluation: Any = None
        if held_out or validation:
            self.evaluation = compiler(self.outputs, example=samples[0], **options)
        self.gradient: Any = None
        self.adopt()
        self.compare()

    def __enter__(self) -> CompiledPasses:
        self.adopt()
        return self

    def outputs(self, x: Any, y: Any) -> list[Any]:
        """Return the loss of a sample and the outputs, to be traced."""
        found = self.network(x)
        return [self.loss(found, y), *listed(found)]

    def adopt(self) -> None:
        """Take the weights from the network and the memory from the optimiser."""
        self.take_weights()
        self.optimizer.slots = self.arrays(self.optimizer.slots)

    def arrays(self, slots: Slots) -> Slots:
        """Return the memory of the optimiser as arrays."""
        return {name: self.numpy.asarray(found, float) for name, found in slots.items()}

    def take_weights(self) -> None:
        """Take the newest weights, whoever wrote them."""
        self.weights = self.function.parameters.copy()
        self.revision = REVISION.count

    def publish(self) -> None:
        """Give weights, gradients and memory back, as numbers; all of them, or none."""
        # Another number: a Value was set since the last update.
        if self.revision != REVISION.count:
            self.take_weights()
        optimizer = self.optimizer
        weights = self.weights.tolist()
        slots = {name: [*map(float, found)] for name, found in optimizer.slots.items()}
        targets, names, values = data_writes(optimizer.parameters, weights)
        targets.append(optimizer)
        names.append("slots")
        values.append(slots)
        if self.gradient is not None:
            targets += optimizer.parameters
            names += ["grad"] * len(weights)
            values += self.gradient.tolist()
        set_attributes(targets, names, values)

    def compare(self) -> None:
        """Raise a ValueError where a sample has another loss than when it is recorded.

        Targets are inputs of the compiled loss, and where it branches on one it is traced again. So
        they agree, unless the loss does what no trace sees; that is found here, for a few samples.
        """
        # The first sample of each target: a loss may treat targets differently.
        different: dict[str, int] = {}
        for i, (_, y) in enumerate(self.samples):
            different.setdefault(repr(y), i)
        chosen = sorted(different.values())[:MAX_SAMPLES_COMPARED]
        for i in chosen:
            expected = self.recorded_loss(*self.samples[i])
            if not isinstance(expected, Value):
                raise TypeError(f"the loss returned {expected!r:.40}, not a Value")
            found = float(self.loss_of(self.rows[[i]], self.wanted[[i]]))
            if not math.isclose(found, expected.data, rel_tol=AGREEMENT, abs_tol=AGREEMENT):
                raise ValueError(
                    f"sample {i}: the compiled loss is {found!r}, but recorded it is "
                    f"{expected.data!r}: does the loss depend on more than its arguments? "
                    "Pass that in, or train with compiled=False"
                )

    def recorded_loss(self, x: Any, y: Any) -> Any:
        """Return the loss of a sample as it is recorded, on as few nodes as possible."""
        try:
            with evaluating(self.network):
                return self.loss(self.network(x), y)
        except (AttributeError, TypeError):
            # An activation of a user's own may be for Values only.
            return self.loss(self.network(x), y)

    def loss_of(self, rows: Array, wanted: Array) -> float:
        """Return the loss of one sample."""
        factors = [self.numpy.ones((1, self.network.hidden_units))] if self.dropout else []
        return float(self.function.value(rows, wanted, *factors)[0])

    def accumulate(self, batch: list[int], factors: array[float] | None = None) -> float:
        """Compute the mean gradient over the mini-batch, and return its mean loss.

        Args: factors: for dropout, a number for each hidden unit, sample by sample.
        """
        # Another number: a Value was set, or read, since the last update.
        if self.revision != REVISION.count:
            self.take_weights()
        # Twice as fast as `self.rows[batch]`.
        columns = [self.rows.take(batch, axis=0), self.wanted.take(batch, axis=0)]
        if factors is not None:
            columns.append(numbers_in_rows(factors, len(batch)))
        error, self.gradient = self.function.value_and_grad(*columns)
        return finite_mean(error)

    def shard(self) -> Any:
        """Return what computes a part of a mini-batch: see `CompiledShard`."""
        self.function.reduce = "sum"
        return CompiledShard(self.function, self.rows, self.wanted)

    def weights_now(self) -> Any:
        """Return the parameters as they are sent to other processes."""
        # Another number: a Value was set, or read, since the last update.
        if self.revision != REVISION.count:
            self.take_weights()
        return self.weights

    def collect(self, found: list[tuple[Any, Any]], b: int) -> float:
        """Keep the sum of the shards' gradients, and return that of their shares of the mean loss.

        Args: found: both of each shard; b: the size of the mini-batch.
        """
        error, self.gradient = found[0]
        # What is not finite is an error, in a moment.
        with self.numpy.errstate(all="ignore"):
            for more, gradient in found[1:]:
                error = error + more
                self.gradient = self.gradient + gradient
        return finite_mean(error)

    def update(self) -> Change:
        """Update the weights and the memory, all of them or none, and return what was changed."""
        optimizer = self.optimizer
        before = self.weights
        # What is not finite is an error, in a moment.
        with self.numpy.errstate(all="ignore"):
            new, remembered = optimizer.computed(self.arithmetic, before, self.gradient)
        check_finite(new, remembered, self.gradient, self.all_finite)
        # Values follow this array from now on.
        used = self.function.parameters
        # All of them are made before the first is done.
        writes = (
            partial(setitem, used, ALL, new),
            partial(setattr, self, "weights", new),
            partial(setattr, self, "revision", REVISION.count),
            partial(setattr, optimizer, "slots", remembered),
            partial(setattr, optimizer, "steps", optimizer.steps + 1),
        )
        # As in `set_attributes`, no Ctrl-C comes between.
        deque(map(call, writes), maxlen=0)
        return Change(before, self.gradient, new)

    def evaluate(self, apart: list[Sample]) -> tuple[float, float | None]:
        """Return the mean loss over samples that are held out or validate, and the accuracy."""
        computed = self.evaluation.value(*columns(self.numpy, apart))
        errors, *outputs = (column.tolist() for column in computed)
        rows = [list(row) for row in zip(*outputs)]
        return math.fsum(errors) / len(errors), accuracy(rows, [y for _, y in apart])

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Let a user's function look at weights, gradients and memory, and change them."""
        self.publish()
        try:
            yield
        finally:
            self.adopt()

    def __exit__(self, *_: object) -> None:
        try:
            self.publish()
        finally:
            # Again, should a Ctrl-C have come in between.
            self.publish()


def finite_mean(error: float) -> float:
    """Return the mean loss of a mini-batch.

    Raises: FloatingPointError: it is not finite.
    """
    if not math.isfinite(error):
        raise FloatingPointError(f"the mean loss of the mini-batch is {float(error)}")
    return float(error)


def numbers_in_rows(numbers: array[float], rows: int) -> Any:
    """Return numbers as an array of so many rows."""
    # Here, and not for those who train without it.
    import numpy

    return numpy.frombuffer(numbers).reshape(rows, -1)


def required() -> tuple[Any, Callable[..., Any], Callable[[Any], bool]]:
    """Return NumPy, the compiler, and what tells whether all numbers of an array are finite.

    Raises: ImportError, with the line to install what is missing.
    """
    try:
        import numpy

        import autograd.compile
        from autograd.compile.finite import all_finite
    except ImportError as error:
        raise ImportError(
            f'compiled=True: {error}; run  pip install "chainrule[compile]"  first'
        ) from error
    # The package is also the function.
    compiler: Any = autograd.compile
    return numpy, compiler, all_finite


def arithmetic_of(numpy: ModuleType) -> Arithmetic:
    """Return what an update needs of arrays."""
    return Arithmetic(
        sqrt=numpy.sqrt,
        clip=numpy.clip,
        norm=lambda xs: float(numpy.sqrt(numpy.dot(xs, xs))),
        each=lambda function, *columns: function(*columns),
        join=numpy.concatenate,
    )


def columns(numpy: ModuleType, samples: list[Sample]) -> tuple[Any, Any]:
    """Return the inputs and the targets of samples as arrays, one row each."""
    return tuple(numpy.array(column, dtype=float) for column in zip(*samples))


def check_rule(optimizer: Optimizer) -> None:
    """Raise a TypeError for an optimiser that does more than `rule` says."""
    kind = type(optimizer)
    if kind.step is not Optimizer.step or kind.updated is not Optimizer.updated:
        raise TypeError(f"compiled=True follows `rule`, but {kind.__name__} has its own step")
