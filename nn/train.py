"""Training: Algorithm 3.1, mini-batch gradient descent by back propagation.

>>> from nn import TwoLayerNetwork, xor
>>> data, network = xor(40), TwoLayerNetwork(2, 6, 2, hidden="tanh")
>>> history = train(network, data.inputs, data.targets, step_size=1.0, batch_size=8,
...                 iterations=300, held_out=(data.inputs, data.targets), progress=False)
>>> history
History of 300 iterations: loss 0.012, held-out loss 0.011, held-out accuracy 100.0 %
"""

from __future__ import annotations

import importlib
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from autograd import Value
from autograd.coercion import as_number
from autograd.messages import shown
from autograd.modes import MODE
from nn.losses import mse_loss
from nn.module import Module, is_finite
from nn.optim import SGD, Optimizer

Sample = tuple[list[float], Any]  # the inputs x and the target y
Loss = Callable[[Any, Any], Any]
EVALUATIONS = 20  # of the held-out samples, unless told otherwise
SECONDS = 2.0  # between two lines of progress, where there is no bar


class Evaluation(NamedTuple):
    """The mean loss over the held-out samples after an iteration, and the share that was right."""

    iteration: int
    loss: float
    accuracy: float | None  # None where the targets are no classes


@dataclass(repr=False)
class History:
    """What happened in a training, and what is needed to continue it exactly where it stopped.

    Attributes: `losses`, the mean loss of the mini-batch of every iteration, before its update;
    `evaluations` of the held-out samples; `interrupted`, whether Ctrl-C ended it; `sampler` and
    `optimizer`, their states at the end.
    """

    losses: list[float] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    interrupted: bool = False
    sampler: dict[str, Any] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)

    @property
    def iteration(self) -> int:
        """How many iterations are done."""
        return len(self.losses)

    def settle(self, t: int, loss: float, sampler: dict[str, Any]) -> None:
        """Note iteration t; doing it again changes nothing."""
        self.sampler = sampler
        self.losses[t - 1 :] = [loss]  # at last: only then the iteration counts

    def as_dict(self) -> dict[str, Any]:
        """Return everything as numbers, lists and dicts, for JSON."""
        return asdict(self) | {"evaluations": [list(found) for found in self.evaluations]}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> History:
        """Return the history that `as_dict` was called on, also after a journey through JSON."""
        try:
            evaluations = [Evaluation(*found) for found in saved["evaluations"]]
            return cls(**{**saved, "evaluations": evaluations, "losses": list(saved["losses"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the history of a training: {error!r}") from None

    def __repr__(self) -> str:
        text = f"History of {self.iteration} iterations"
        text += f": loss {self.losses[-1]:.2g}" if self.losses else ""
        if self.evaluations:
            _, loss, share = self.evaluations[-1]
            text += f", held-out loss {loss:.2g}"
            text += (
                f", held-out accuracy {share:.1%}".replace("%", " %") if share is not None else ""
            )
        return text + (" (interrupted)" if self.interrupted else "")


def train(
    network: Any,
    inputs: Sequence[Any],
    targets: Sequence[Any],
    *,
    loss: Loss = mse_loss,
    step_size: float | None = None,
    batch_size: int | None = None,
    iterations: int = 500,
    optimizer: Optimizer | Callable[..., Optimizer] | None = None,
    seed: int = 0,
    sampling: str = "iteration",
    held_out: tuple[Sequence[Any], Sequence[Any]] | None = None,
    evaluate_every: int | None = None,
    progress: bool = True,
    callback: Callable[[History], Any] | None = None,
    resume: History | None = None,
    compiled: bool = False,
) -> History:
    """Train a network by Algorithm 3.1, in place, and return the history.

    Ctrl-C stops it cleanly: the network keeps what it has learned, and the history says so. With
    the same arguments, every run gives the same bits.

    Args:
        network: a `Module`, or anything callable on a list of floats that has `parameters()`.
        inputs, targets: m samples: rows of n floats; for each what the loss takes as its target.
        loss: ``(outputs, target) -> Value`` of one sample.
        step_size: alpha, 0.1 unless given; an optimiser that is made already has its own.
        batch_size: b, at most m; 16 unless given, or m where that is less.
        iterations: T in all, those of `resume` included.
        optimizer: an `Optimizer`, or a class of them; SGD with neither momentum nor decay unless
            given, which is the algorithm of the textbook.
        seed: of the drawing of mini-batches.
        sampling: "iteration" draws b samples without replacement, afresh in every iteration;
            "epochs" shuffles all samples, uses them up in batches (the last may be smaller), and
            shuffles again.
        held_out: inputs and targets to evaluate on, every `evaluate_every` iterations (20 times in
            all unless given) and after the last.
        progress: show a bar (with tqdm installed), or a line now and then, on stderr.
        callback: called with the history after every iteration; true stops the training.
        resume: the history to continue; the network must hold the weights of that moment.
        compiled: run the passes and the updates on arrays, hundreds of times faster, with the same
            numbers to rounding; needs the extra "compile". A network that branches by `if` is
            traced anew for every way through it: write `where` or `maximum` instead.

    Raises: ValueError for data or settings that do not fit together; FloatingPointError, with the
        iteration, when the training diverges: the network is then as before that iteration.
    Source: Deep Learning and MindSpore Practice, Algorithm 3.1.
    """
    check_kinds(network, resume)
    samples, checks = checked_samples(inputs, targets), checked_samples(*held_out or ((), ()))
    b = checked_counts(len(samples), batch_size, iterations, evaluate_every)
    optimizer = made(optimizer, network, step_size)
    sampler = Sampler(len(samples), b, seed, sampling)
    history = continued(resume, sampler, optimizer)
    every = evaluate_every or max(1, iterations // EVALUATIONS)
    passes = passes_of(compiled)(network, samples, checks, loss, optimizer)
    done, settled = optimizer.steps - history.iteration, (0, 0.0, sampler.state())
    with recording(network), passes, Progress(progress, history.iteration, iterations) as shown:
        # (1) the parameters w0 were initialised when the network was made
        try:
            evaluate_if_due(history, every, iterations, passes)
            for t in range(history.iteration + 1, iterations + 1):  # (2) for t = 1 ... T
                batch = sampler.draw()  # (3) b of m, without replacement
                with explained(t, optimizer):
                    error = passes.accumulate(batch)  # (4) to (6)
                    settled = (t, error, sampler.state())
                    passes.update()  # (7) w <- w - alpha * (mean gradient over the mini-batch)
                history.settle(*settled)
                evaluate_if_due(history, every, iterations, passes)
                shown.update(history)
                if callback and passes.call(callback, history):
                    break
        except KeyboardInterrupt:
            history.interrupted = True
            if optimizer.steps - done > history.iteration:  # it came right after the update
                history.settle(*settled)
    history.optimizer = optimizer.state_dict()
    return history


class Passes:
    """The passes of an iteration, one recorded graph after the other.

    `nn.compiled_passes` has the same on arrays: it overrides every method.
    """

    def __init__(
        self,
        network: Any,
        samples: list[Sample],
        checks: list[Sample],
        loss: Loss,
        optimizer: Optimizer,
    ) -> None:
        self.network, self.loss, self.optimizer = network, loss, optimizer
        self.samples, self.checks = samples, checks

    def accumulate(self, batch: list[int]) -> float:
        """Compute the mean gradient over the mini-batch, and return its mean loss."""
        return accumulate(self.network, [self.samples[i] for i in batch], self.loss, self.optimizer)

    def update(self) -> None:
        """Update the parameters; all of them, or none."""
        self.optimizer.step()

    def evaluate(self) -> tuple[float, float | None]:
        """Return the mean loss over the held-out samples, and the accuracy."""
        return evaluate(self.network, self.checks, self.loss)

    def call(self, callback: Callable[[History], Any], history: History) -> Any:
        """Call a user's function, who may look at the network and change it."""
        return callback(history)

    def __enter__(self) -> Passes:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave what was learned in the network."""


def passes_of(compiled: bool) -> type[Passes]:
    """Return the passes that record, or the ones on arrays, which are imported when asked for."""
    if not compiled:
        return Passes
    found: type[Passes] = importlib.import_module("nn.compiled_passes").CompiledPasses
    return found


def accumulate(network: Any, batch: list[Sample], loss: Loss, optimizer: Optimizer) -> float:
    """Leave the mean gradient over the mini-batch in the parameters, and return its mean loss.

    The graph of a sample is released when the next is built. The factor 1/b is the seed of each
    backward pass, so the sum of the gradients is their mean.
    """
    optimizer.zero_grad()
    share, errors = 1 / len(batch), []
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


@contextmanager
def explained(t: int, optimizer: Optimizer) -> Iterator[None]:
    """Turn an overflow or NaN within an iteration into an error that says what to do."""
    try:
        yield
    except ArithmeticError as error:
        raise FloatingPointError(
            f"the training diverged in iteration {t}: {error}; "
            f"try a step size smaller than {optimizer.step_size:g}, or standardize the inputs"
        ) from error


class Sampler:
    """Draws the mini-batches: indexes of samples, from a generator of its own.

    >>> sampler = Sampler(5, 2, seed=0, sampling="epochs")
    >>> sorted(sampler.draw() + sampler.draw() + sampler.draw())
    [0, 1, 2, 3, 4]
    """

    def __init__(self, m: int, b: int, seed: int, sampling: str) -> None:
        if sampling not in ("iteration", "epochs"):
            raise ValueError(
                f"sampling {shown(sampling)} is not known; choose from iteration, epochs"
            )
        self.settings = {"samples": m, "batch_size": b, "sampling": sampling, "seed": seed}
        self.m, self.b, self.epochs = m, b, sampling == "epochs"
        self.random, self.remaining = random.Random(seed), list[int]()

    def draw(self) -> list[int]:
        """Return the indexes of the next mini-batch."""
        if not self.epochs:
            return self.random.sample(range(self.m), self.b)
        if not self.remaining:
            self.remaining = self.random.sample(range(self.m), self.m)
        batch, self.remaining = self.remaining[: self.b], self.remaining[self.b :]
        return batch

    def state(self) -> dict[str, Any]:
        """Return what is needed to draw the same batches from here on."""
        return {**self.settings, "random": self.random.getstate(), "remaining": self.remaining}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state, which must be of the same data and settings."""
        for name, value in self.settings.items():
            if state.get(name) != value:
                raise ValueError(f"resume: {name} was {state.get(name)!r}, and is now {value!r}")
        try:
            version, numbers, gauss = state["random"]
            remaining = [range(self.m)[i] for i in state["remaining"]]
            self.random.setstate((version, tuple(numbers), gauss))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ValueError(f"resume: the state of the sampler is damaged: {error!r}") from None
        self.remaining = remaining


def continued(resume: History | None, sampler: Sampler, optimizer: Optimizer) -> History:
    """Return a new history, or a copy of one that goes on, with sampler and optimiser set."""
    if resume is None:
        return History(sampler=sampler.state())
    sampler.restore(resume.sampler)
    optimizer.load_state_dict(resume.optimizer)
    losses, evaluations = list(resume.losses), list(resume.evaluations)
    return replace(resume, interrupted=False, losses=losses, evaluations=evaluations)


def made(optimizer: Any, network: Any, step_size: float | None) -> Optimizer:
    """Return the optimiser of the network's parameters."""
    if isinstance(optimizer, Optimizer):
        if step_size is not None:
            raise ValueError("the optimizer has a step size already: give one of the two")
        return optimizer
    make = optimizer or SGD
    found: Optimizer = make(network.parameters(), 0.1 if step_size is None else step_size)
    return found


def check_kinds(network: Any, resume: Any) -> None:
    """Raise a TypeError where the network or the history is of quite another kind."""
    if not (callable(network) and hasattr(network, "parameters")):
        raise TypeError(
            f"{shown(network)} is no network: it must be callable and have parameters()"
        )
    if not (resume is None or isinstance(resume, History)):
        raise TypeError(f"resume: a History is expected, not {type(resume).__name__}")


def checked_counts(m: int, b: int | None, iterations: int, every: int | None) -> int:
    """Return the batch size, or say which count is impossible."""
    if not m:
        raise ValueError("no samples to train on")
    b = min(16, m) if b is None else b
    every = 1 if every is None else every
    for name, count in (("batch_size", b), ("iterations", iterations), ("evaluate_every", every)):
        if not isinstance(count, int) or count < 1:
            raise ValueError(f"{name} must be an int of at least 1, not {shown(count)}")
    if b > m:
        raise ValueError(f"a mini-batch of {b} cannot be drawn from {m} samples: b is at most m")
    if not MODE.get().record:
        raise ValueError("nothing can be trained under no_grad(): it records no graph")
    return b


def checked_samples(inputs: Sequence[Any], targets: Sequence[Any]) -> list[Sample]:
    """Return (inputs, target) pairs of plain finite numbers, or name the row that is not."""
    if len(inputs) != len(targets):
        raise ValueError(f"{len(inputs)} rows of inputs but {len(targets)} targets")
    rows = [plain(f"inputs, row {i}", row) for i, row in enumerate(inputs)]
    wanted = [plain(f"targets, row {i}", row) for i, row in enumerate(targets)]
    for what, found in (("inputs", rows), ("targets", wanted)):
        sizes = [len(row) if isinstance(row, list) else 1 for row in found]
        for i, size in enumerate(sizes):
            if size != sizes[0]:
                raise ValueError(f"{what}, row {i}: {size} numbers, but row 0 has {sizes[0]}")
    return [(row if isinstance(row, list) else [row], y) for row, y in zip(rows, wanted)]


def plain(where: str, x: Any) -> Any:
    """Return a number, or the list of a row of numbers, all finite."""
    if hasattr(x, "__len__") and not isinstance(x, str) and getattr(x, "ndim", 1) != 0:
        return [float(one_number(where, each)) for each in x]
    return one_number(where, x)


def one_number(where: str, x: Any) -> Any:
    """Return a finite number, or name the row in which it is none."""
    try:
        found = as_number(x)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None
    if not is_finite(found):
        raise ValueError(f"{where}: {shown(found)} is not finite")
    return found


@contextmanager
def recording(network: Any) -> Iterator[None]:
    """Put a Module in training mode, and back into the mode it was in."""
    before = getattr(network, "training", True)
    if isinstance(network, Module):
        network.train()
    try:
        yield
    finally:
        if not before:
            network.eval()


@contextmanager
def evaluating(network: Any) -> Iterator[None]:
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


def evaluate_if_due(history: History, every: int, last: int, passes: Passes) -> None:
    """Evaluate after every so many iterations and after the last, unless that has been done."""
    t = history.iteration
    known = history.evaluations and history.evaluations[-1].iteration == t
    if passes.checks and t and not known and (t % every == 0 or t == last):
        history.evaluations.append(Evaluation(t, *passes.evaluate()))


def evaluate(network: Any, samples: list[Sample], loss: Loss) -> tuple[float, float | None]:
    """Return the mean loss over samples, and the accuracy where the targets are classes."""
    errors, outputs = [], []
    with evaluating(network):
        for x, y in samples:
            found = network(x)
            error = loss(found, y)
            errors.append(error.data if isinstance(error, Value) else error)
            outputs.append([float(getattr(z, "data", z)) for z in listed(found)])
    return math.fsum(errors) / len(errors), accuracy(outputs, [y for _, y in samples])


def listed(x: Any) -> list[Any]:
    """Return a list as it is, and one output as a list."""
    return x if isinstance(x, list) else [x]


def accuracy(outputs: Sequence[Any], targets: Sequence[Any]) -> float | None:
    """Return the share of samples whose class is right, or None where the targets are no classes.

    Classes are one-hot lists (of 0 and 1, or -1 and 1) or indexes, and the largest output wins; for
    a single output they are 0 and 1, decided at 0.5, or -1 and 1, decided at 0.

    >>> accuracy([[0.9, 0.2], [0.6, 0.7]], [[1.0, 0.0], [1.0, 0.0]])
    0.5
    """
    rows, wanted = list(map(listed, outputs)), list(map(listed, targets))
    if not rows or not all(is_class(y, len(row)) for row, y in zip(rows, wanted)):
        return None
    low = min(min(y) for y in wanted)
    if low < 0 and any(0 in y for y in wanted):
        return None  # -1, 0 and 1 together are quantities
    right = [decided(row, low) == decided(y, low, len(row)) for row, y in zip(rows, wanted)]
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


class Progress:
    """A bar by tqdm where that is installed, else a line now and then; on stderr."""

    def __init__(self, wanted: bool, done: int, iterations: int) -> None:
        self.bar, self.wanted, self.iterations = None, wanted, iterations
        self.next = time.monotonic() + SECONDS
        try:
            bar = importlib.import_module("tqdm").tqdm if wanted else None
        except ImportError:
            return
        if bar:
            self.bar = bar(total=iterations, initial=done, unit=" iterations", file=sys.stderr)

    def update(self, history: History) -> None:
        """Show that one more iteration is done."""
        if self.bar:
            self.bar.set_postfix_str(news(history), refresh=False)
            self.bar.update()
        elif self.wanted and (
            time.monotonic() >= self.next or history.iteration == self.iterations
        ):
            done = f"iteration {history.iteration} of {self.iterations}"
            print(f"{done}: {news(history)}", file=sys.stderr)
            self.next = time.monotonic() + SECONDS

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.close()


def news(history: History) -> str:
    """Return the last loss and the last evaluation in words."""
    return repr(history).partition(": ")[2]
