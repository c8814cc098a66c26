"""The checkpoints of the command line: which folder's, and what becomes of older ones there.

A folder that has the checkpoint of a training that was not done is not refused: whoever pressed
Ctrl-C because alpha was wrong begins again at once. Nor is that checkpoint lost: it is kept under
another name, which is said, and `chainrule resume` takes it by that name.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from nn.cli.exits import writing
from nn.history import History
from nn.module import Network
from nn.runs import (
    NAME,
    PREVIOUS,
    Checkpoint,
    Checkpoints,
    Signals,
    Stopped,
    read_checkpoint,
)

# What trainings before left, in the same folder.
UNFINISHED = "checkpoint.unfinished{}.json"


class Keeping(Checkpoints):
    """Checkpoints that remember the last history they were shown, and make room for themselves.

    Args:
        interval: after how many iterations, or seconds; None for no checkpoints at all.
        fresh: whether what is in the folder is another training's.

    Attributes: `signals`, those of the training; `shown`, the history of the last iteration that
    was to be written; None before.
    """

    def __init__(
        self,
        folder: Path,
        interval: tuple[int | None, float | None] | None,
        about: dict[str, Any],
        fresh: bool = True,
    ) -> None:
        iterations, seconds = interval or (None, None)
        super().__init__(folder, iterations, seconds, about)
        self.wanted = interval is not None
        self.fresh = fresh
        self.signals = Signals()
        self.shown: History | None = None

    def due(self, t: int) -> bool:
        """Tell whether one is to be written after iteration t.

        Raises: Stopped: a signal came while something ran that loses exceptions, such as `__del__`.
        """
        if self.signals.received:
            raise Stopped(signal.Signals(self.signals.received[0]).name)
        return self.wanted and super().due(t)

    def write(self, network: Network, history: History, done: bool = False) -> None:
        """Write a checkpoint, unless none is wanted, or nothing has been learned.

        Raises: CannotWrite: the disk is full, or the folder is nobody's.
        """
        self.shown = history
        if not history.iteration:
            return
        with writing():
            if self.fresh:
                make_room(self.folder)
                self.fresh = False
            if self.wanted:
                super().write(network, history, done)


def make_room(folder: Path) -> None:
    """Put a checkpoint that was not done out of the way, and remove the others of a folder."""
    # Hours of another training may be in it.
    path = unfinished(folder)
    if path:
        os.replace(path, free_name(folder))
    for name in (NAME, PREVIOUS):
        with suppress(FileNotFoundError):
            os.unlink(folder / name)


def free_name(folder: Path) -> Path:
    """Return a path for the checkpoint of another training that nothing has yet."""
    number = 1
    path = folder / UNFINISHED.format("")
    while path.exists():
        number += 1
        path = folder / UNFINISHED.format(f"-{number}")
    return path


def unfinished(folder: Path) -> Path | None:
    """Return the last whole checkpoint of a folder, if its training was not done."""
    for path in (folder / NAME, folder / PREVIOUS):
        with suppress(OSError, ValueError):
            return None if is_done(read_checkpoint(path)) else path
    return None


def is_done(checkpoint: Checkpoint) -> bool:
    """Tell whether a training had come to its end."""
    history = checkpoint.history
    return checkpoint.done or (
        history.settings is not None and history.iteration >= history.settings.iterations
    )


def about_unfinished(folder: Path) -> str:
    """Return what is said about the checkpoint of another training; empty where there is none."""
    path = unfinished(folder)
    if not path:
        return ""
    history = read_checkpoint(path).history
    most = history.settings.iterations if history.settings else "?"
    return (
        f"{folder} has a training that stopped at iteration {history.iteration} of {most}; it is "
        f"kept:  chainrule resume {free_name(folder)}"
    )
