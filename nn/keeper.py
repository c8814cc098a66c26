"""Keeping what a training has learned: it ends with whole iterations, whatever ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from nn.runs import MEANINGS, Checkpoints, Signals, Stopped, stopping
from nn.trainer import Trainer


class Keeper:
    """What writes the checkpoints of a training, in peace from signals; or none, where none is."""

    def __init__(self, trainer: Trainer, checkpoints: Checkpoints | None, signals: Signals) -> None:
        self.trainer = trainer
        self.checkpoints = checkpoints
        self.signals = signals

    def save_if_due(self) -> None:
        """Write a checkpoint where one is due.

        Raises: OSError: it cannot be written. The training ends then: what it learned from here on
            could be lost.
        """
        self.signals.go_on()
        if self.checkpoints and self.checkpoints.due(self.trainer.so_far.iteration):
            with self.signals.shielded():
                done = self.trainer.finished
                self.checkpoints.write(self.trainer.network, self.trainer.history, done)

    def finish(self) -> None:
        """Count whole iterations, and write the last checkpoint, unless it is there already."""
        with self.signals.shielded(last=True):
            self.trainer.settle()
            t = self.trainer.so_far.iteration
            if self.checkpoints and self.checkpoints.written != t:
                done = self.trainer.finished
                self.checkpoints.write(self.trainer.network, self.trainer.history, done)

    def stopped(self, error: BaseException) -> None:
        """Note in the history what ended the training from outside."""
        self.trainer.so_far.interrupted = True
        self.trainer.so_far.stopped_by = reason(error)


@contextmanager
def kept(trainer: Trainer, checkpoints: Checkpoints | None) -> Iterator[Keeper]:
    """End a training cleanly, whatever ends it: with whole iterations, and its state written.

    Ctrl-C, a signal and a closed pipe are ends like others; errors go on, with the history.
    """
    # Without checkpoints signals do what they always do: there is nothing to keep.
    watched = stopping() if checkpoints else nullcontext(Signals())
    with watched as signals, trainer:
        keeper = Keeper(trainer, checkpoints, signals)
        try:
            try:
                yield keeper
            except (KeyboardInterrupt, BrokenPipeError) as error:
                keeper.stopped(error)
            finally:
                finish(keeper)
        except Exception as error:
            error.history = trainer.history  # type: ignore[attr-defined]
            raise


def finish(keeper: Keeper) -> None:
    """Finish, also where a first signal came before the shield was up: there is no second."""
    try:
        keeper.finish()
    except Stopped as error:
        keeper.stopped(error)
        keeper.finish()


def reason(error: BaseException) -> str:
    """Return in words what ended a training."""
    if isinstance(error, BrokenPipeError):
        return "a closed pipe"
    name = str(error) if isinstance(error, Stopped) else "SIGINT"
    return MEANINGS.get(name, name)
