"""Training: Algorithm 3.1, mini-batch gradient descent by back propagation.

>>> from nn import TwoLayerNetwork, xor
>>> data, network = xor(40), TwoLayerNetwork(2, 6, 2, hidden="tanh")
>>> history = train(network, data.inputs, data.targets, step_size=1.0, batch_size=8,
...                 iterations=300, held_out=(data.inputs, data.targets), progress=False)
>>> history
History of 300 iterations: loss 0.012, held-out loss 0.011, held-out accuracy 100.0 %
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nn.hints import ENOUGH, hints
from nn.history import History
from nn.keeper import kept
from nn.losses import Loss, mse_loss
from nn.module import Network
from nn.optim import Optimizer
from nn.progress import Progress
from nn.runs import Checkpoints, checkpoints_of
from nn.trainer import Trainer

if TYPE_CHECKING:
    from nn.workers import Source


def train(
    network: Network,
    inputs: Sequence[Any],
    targets: Sequence[Any],
    *,
    loss: Loss = mse_loss,
    step_size: float | None = None,
    batch_size: int | None = None,
    iterations: int | None = None,
    optimizer: Optimizer | Callable[..., Optimizer] | None = None,
    seed: int = 0,
    sampling: str = "iteration",
    held_out: tuple[Sequence[Any], Sequence[Any]] | None = None,
    evaluate_every: int | None = None,
    progress: bool = True,
    callback: Callable[[History], Any] | None = None,
    resume: History | str | os.PathLike[str] | None = None,
    compiled: bool | None = None,
    schedule: str | None = None,
    warm_up: int | None = None,
    validation: float = 0.0,
    patience: int | None = None,
    dropout: float | None = None,
    checkpoint: Checkpoints | str | os.PathLike[str] | None = None,
    executor: Source | None = None,
    shards: int | None = None,
) -> History:
    """Train a network by Algorithm 3.1, in place, and return the history.

    Ctrl-C stops it cleanly: the network keeps what it has learned, and the history says so. With
    the same arguments, every run gives the same bits; `settings` of the history holds those that
    are numbers and names.

    Args:
        network: a `Module`, or anything callable on a list of floats that has `parameters()`.
        inputs, targets: m samples: rows of n floats; for each what the loss takes as its target.
        loss: ``(outputs, target) -> Value`` of one sample.
        step_size: alpha, 0.1 unless given, or that of `resume`, which goes on with the one that is
            given; an optimiser that is made already has its own.
        batch_size: b, at most m; 16 unless given, or m where that is less.
        iterations: T in all, those of `resume` included; 500 unless given, or as many as make 5
            epochs where that is more.
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
        resume: the history to continue; the network must hold the weights of that moment. Or a
            checkpoint, by its path or folder, whose weights the network is given. Samples,
            mini-batches and the optimiser's other settings must be the same.
        compiled: run the passes and the updates on arrays, hundreds of times faster, with the same
            numbers to rounding; needs the extra "compile". A network that branches by `if` is
            traced anew for every way through it: write `where` or `maximum` instead.
        schedule: of the step size: "step" (a tenth after each third), "cosine" or "linear" (down to
            0 at T), after `warm_up` iterations in which it grows; an optimiser takes others, see
            `nn.schedules`.
        validation: a share of the samples that is set aside, not trained on, and evaluated when the
            held-out samples are; at the end the network gets the weights that were best there.
        patience: stop early, after so many evaluations in which the validation loss did not fall
            below its least (Prechelt, 1998, Early stopping - but when?, criterion UP).
        dropout: the share of hidden units of an MLP that is left out, drawn anew for each sample of
            a mini-batch; evaluations use them all.
        checkpoint: a folder, or `nn.Checkpoints`: the state is written there now and then, at the
            end, and when Ctrl-C, SIGTERM, SIGHUP, a closed pipe or an error ends the training.
        executor: a `concurrent.futures.Executor`, such as a ProcessPoolExecutor, that computes the
            gradients of shards of a mini-batch at once; or a function that makes one, which is
            called again should a worker be killed, and whose executor is shut down in the end. See
            docs/processes.md.
        shards: in how many parts the gradient of a mini-batch is summed; 4 unless given with an
            executor, 1 without, or those of `resume`. The numbers depend on them in their last
            digits, and not on the executor: in this process or by many, they are the same bits.

    Raises: ValueError for data or settings that do not fit together; FloatingPointError, with the
        iteration, when the training diverges: the network is then as before that iteration. The
        `history` of an exception is that of what was done.
    Source: Deep Learning and MindSpore Practice, Algorithm 3.1.
    """
    trainer = Trainer(
        network, inputs, targets, loss=loss, step_size=step_size, batch_size=batch_size,
        iterations=iterations, optimizer=optimizer, seed=seed, sampling=sampling,
        held_out=held_out, evaluate_every=evaluate_every, resume=resume, compiled=compiled,
        schedule=schedule, warm_up=warm_up, validation=validation, patience=patience,
        dropout=dropout, executor=executor, shards=shards,
    )  # fmt: skip
    # (1) the parameters w0 were initialised when the network was made
    with (
        kept(trainer, checkpoints_of(checkpoint)) as keeper,
        Progress(progress, trainer.begun, trainer.settings.iterations) as bar,
    ):
        # (2) for t = 1 ... T: (3) to (7), see `Trainer.iteration`
        for _ in trainer.steps():
            keeper.save_if_due()
            bar.update(trainer.so_far)
            hint_if_due(trainer, bar)
            if callback and trainer.call(callback):
                break
    trainer.take_best()
    return trainer.history


def hint_if_due(trainer: Trainer, bar: Progress) -> None:
    """Say once what looks wrong, when evaluations are due and at the end."""
    history = trainer.so_far
    interval = trainer.settings.evaluation_interval
    if history.iteration % interval and not trainer.finished:
        return
    # The hidden units, which take longer to look at, twice only.
    early = history.iteration - interval < ENOUGH
    samples = trainer.samples if early or trainer.finished else []
    found = hints(trainer.network, samples, history) | trainer.passes.hints
    for kind, text in found.items():
        if kind not in history.hints:
            history.hints[kind] = text
            bar.note(text)
