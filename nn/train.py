"""Training: Algorithm 3.1, mini-batch gradient descent by back propagation.

>>> from nn import TwoLayerNetwork, xor
>>> data, network = xor(40), TwoLayerNetwork(2, 6, 2, hidden="tanh")
>>> history = train(network, data.inputs, data.targets, step_size=1.0, batch_size=8,
...                 iterations=300, held_out=(data.inputs, data.targets), progress=False)
>>> history
History of 300 iterations: loss 0.012, held-out loss 0.011, held-out accuracy 100.0 %
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from autograd.messages import shown
from autograd.modes import MODE
from nn.history import Evaluation, History
from nn.losses import Loss, mse_loss
from nn.module import Module
from nn.optim import SGD, Optimizer
from nn.passes import Passes
from nn.progress import Progress
from nn.sampling import Sampler, checked_samples
from nn.settings import BATCH_SIZE, STEP_SIZE, TrainingSettings


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
    the same arguments, every run gives the same bits; `settings` of the history holds those that
    are numbers and names.

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
    samples = checked_samples(inputs, targets)
    held_out_samples = checked_samples(*held_out or ((), ()))
    settings = TrainingSettings(
        samples=len(samples),
        batch_size=min(BATCH_SIZE, len(samples)) if batch_size is None else batch_size,
        iterations=iterations,
        step_size=settled_step_size(optimizer, step_size),
        seed=seed,
        sampling=sampling,
        evaluate_every=evaluate_every,
        compiled=compiled,
    )
    check_recording()
    optimizer = made(optimizer, network, settings)
    sampler = Sampler(settings)
    history = continued(resume, settings, sampler, optimizer)
    passes = passes_of(settings.compiled)(network, samples, held_out_samples, loss, optimizer)
    other_steps = optimizer.steps - history.iteration  # of an optimiser that was used before
    last = (0, 0.0, sampler.state())
    with training_mode(network), passes, Progress(progress, history.iteration, iterations) as bar:
        # (1) the parameters w0 were initialised when the network was made
        try:
            evaluate_if_due(history, settings, passes)
            for t in range(history.iteration + 1, settings.iterations + 1):  # (2) for t = 1 ... T
                batch = sampler.draw()  # (3) b of m, without replacement
                with divergence_explained(t, optimizer):
                    error = passes.accumulate(batch)  # (4) to (6)
                    last = (t, error, sampler.state())
                    passes.update()  # (7) w <- w - alpha * (mean gradient over the mini-batch)
                history.settle(*last)
                evaluate_if_due(history, settings, passes)
                bar.update(history)
                if callback and passes.call(callback, history):
                    break
        except KeyboardInterrupt:
            history.interrupted = True
            if optimizer.steps - other_steps > history.iteration:  # it came right after the update
                history.settle(*last)
    history.optimizer = optimizer.state_dict()
    return history


def passes_of(compiled: bool) -> type[Passes]:
    """Return the passes that record, or the ones on arrays, which are imported when asked for."""
    if not compiled:
        return Passes
    from nn.compiled_passes import CompiledPasses  # which needs NumPy

    return CompiledPasses


@contextmanager
def divergence_explained(t: int, optimizer: Optimizer) -> Iterator[None]:
    """Turn an overflow or NaN within an iteration into an error that says what to do."""
    try:
        yield
    except ArithmeticError as error:
        raise FloatingPointError(
            f"the training diverged in iteration {t}: {error}; "
            f"try a step size smaller than {optimizer.step_size:g}, or standardize the inputs"
        ) from error


def continued(
    resume: History | None, settings: TrainingSettings, sampler: Sampler, optimizer: Optimizer
) -> History:
    """Return a new history, or a copy of one that goes on, with sampler and optimiser set."""
    if resume is None:
        return History(sampler=sampler.state(), settings=settings)
    sampler.restore(resume.sampler)
    optimizer.load_state_dict(resume.optimizer)
    return replace(
        resume,
        losses=list(resume.losses),
        evaluations=list(resume.evaluations),
        interrupted=False,
        settings=settings,
    )


def settled_step_size(optimizer: Any, step_size: float | None) -> float | None:
    """Return alpha, or None for that of an optimiser which was made with its own.

    Raises: ValueError when there would be two.
    """
    if not isinstance(optimizer, Optimizer):
        return STEP_SIZE if step_size is None else step_size
    if step_size is not None:
        raise ValueError("the optimizer has a step size already: give one of the two")
    return None


def made(optimizer: Any, network: Any, settings: TrainingSettings) -> Optimizer:
    """Return the optimiser of the network's parameters."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    make: Callable[..., Optimizer] = optimizer or SGD
    return make(network.parameters(), settings.step_size)


def check_kinds(network: Any, resume: Any) -> None:
    """Raise a TypeError where the network or the history is of quite another kind."""
    if not (callable(network) and hasattr(network, "parameters")):
        raise TypeError(
            f"{shown(network)} is no network: it must be callable and have parameters()"
        )
    if not (resume is None or isinstance(resume, History)):
        raise TypeError(f"resume: a History is expected, not {type(resume).__name__}")


def check_recording() -> None:
    """Raise a ValueError where no graph is recorded."""
    if not MODE.get().record:
        raise ValueError("nothing can be trained under no_grad(): it records no graph")


@contextmanager
def training_mode(network: Any) -> Iterator[None]:
    """Put a Module in training mode, and back into the mode it was in."""
    before = getattr(network, "training", True)
    if isinstance(network, Module):
        network.train()
    try:
        yield
    finally:
        if not before:
            network.eval()


def evaluate_if_due(history: History, settings: TrainingSettings, passes: Passes) -> None:
    """Evaluate after every so many iterations and after the last, unless that has been done."""
    t = history.iteration
    due = t % settings.evaluation_interval == 0 or t == settings.iterations
    known = history.evaluations and history.evaluations[-1].iteration == t
    if passes.held_out and t and due and not known:
        history.evaluations.append(Evaluation(t, *passes.evaluate()))
