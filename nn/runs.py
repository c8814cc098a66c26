"""Trainings that survive: checkpoints, and signals that end a training cleanly.

A checkpoint holds the weights and the history, which is all that a training needs to go on bit for
bit. It is written beside its place and renamed, and the one before it is kept; a checksum tells a
whole one from a damaged one.

>>> import tempfile
>>> from nn import TwoLayerNetwork, train, xor
>>> data, network = xor(40), TwoLayerNetwork(2, 6, 2)
>>> folder = tempfile.TemporaryDirectory()
>>> checkpoints = Checkpoints(folder.name, iterations=10)
>>> history = train(network, data.inputs, data.targets, iterations=30, progress=False,
...                 checkpoint=checkpoints)
>>> other = TwoLayerNetwork(2, 6, 2)
>>> history = train(other, data.inputs, data.targets, iterations=50, progress=False,
...                 resume=folder.name)
>>> history.iteration
50
>>> folder.cleanup()
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from autograd.atomic import write_file
from autograd.value import write_data
from nn.history import History
from nn.module import Network, is_finite, is_plain

NAME = "checkpoint.json"
PREVIOUS = "checkpoint.previous.json"
FORMAT = "chainrule checkpoint"
VERSION = 1
# The format of a file stands in so many bytes at its head.
HEAD_BYTES = 200
# From one checkpoint to the next, unless told otherwise.
SECONDS = 60.0
# Of these, those that the system has.
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
MEANINGS = {"SIGINT": "Ctrl-C"}


# Checkpoints.


@dataclass
class Checkpoint:
    """The state of a training: what goes on from here does what an unbroken run would have done.

    Attributes: `weights`, in the order of `parameters()`; `history`; `about`, what the writer
    wants to find again, for JSON; `done`, whether the training had come to its end.
    """

    weights: list[float]
    history: History
    about: dict[str, Any] = field(default_factory=dict)
    done: bool = False

    def restore(self, network: Network) -> History:
        """Give a network the weights, and return the history for `train(resume=...)`.

        Raises: ValueError: the network has another number of parameters.
        """
        self.check(network)
        write_data(list(network.parameters()), self.weights)
        return self.history

    def check(self, network: Network) -> None:
        """Raise a ValueError where a network has another number of parameters."""
        count = len(network.parameters())
        if count != len(self.weights):
            raise ValueError(
                f"resume: the checkpoint has {len(self.weights)} parameters, but the network has "
                f"{count}"
            )


class Checkpoints:
    """Where and how often the state of a training is written; one folder for each training.

    Args:
        folder: made when there is something to write.
        iterations, seconds: write after so many of them; every 60 seconds where neither is given.
        about: kept in each checkpoint, for whoever resumes: dicts, lists, texts and numbers.

    Attributes: `written`, the last iteration that is on the disk, or None.
    Raises: ValueError: iterations or seconds are not above 0.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        iterations: int | None = None,
        seconds: float | None = None,
        about: dict[str, Any] | None = None,
    ) -> None:
        for name, x in (("iterations", iterations), ("seconds", seconds)):
            if x is not None and not (is_plain(x) and x > 0):
                raise ValueError(f"checkpoints every {x!r} {name}: a number above 0 is expected")
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(20, "a folder for checkpoints is expected", str(folder))
        self.iterations = iterations
        self.seconds = SECONDS if iterations is None and seconds is None else seconds
        self.about = about or {}
        self.written: int | None = None
        self.next = self.later()

    def later(self) -> float:
        """Return when the next one is due by the clock."""
        return time.monotonic() + (self.seconds or 0.0)

    def due(self, t: int) -> bool:
        """Tell whether one is to be written after iteration t."""
        if self.iterations and t % self.iterations == 0:
            return True
        return self.seconds is not None and time.monotonic() >= self.next

    def write(self, network: Network, history: History, done: bool = False) -> None:
        """Write a checkpoint; the one before it is kept under another name.

        Raises: OSError: it cannot be written; the last one is whole then.
        """
        # A disk that is full is tried again then, not at once.
        self.next = self.later()
        body = json.dumps(
            {
                "weights": [float(p.data) for p in network.parameters()],
                "history": history.as_dict(),
                "about": self.about,
                "done": done,
            }
        ).encode("utf-8")
        head = {"format": FORMAT, "version": VERSION, "sha256": hashlib.sha256(body).hexdigest()}
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / NAME
        # A damaged one, of a disk that failed, must not take the place of a whole one.
        previous = self.folder / PREVIOUS if is_whole(path) else None
        write_file(path, json.dumps(head).encode("utf-8") + b"\n" + body + b"\n", previous)
        self.written = history.iteration


def is_whole(path: Path) -> bool:
    """Tell whether a checkpoint stands at a path, by its checksum."""
    try:
        body_of(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Return the checkpoint in a file, or the last whole one in a folder.

    Raises: FileNotFoundError: there is none; ValueError, with the file and what is wrong with it:
        none of those that are there is whole.
    """
    place = Path(path)
    if not place.is_dir():
        return read_checkpoint(place)
    problems = []
    for name in (NAME, PREVIOUS):
        try:
            return read_checkpoint(place / name)
        except FileNotFoundError:
            continue
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("; ".join(problems))
    raise FileNotFoundError(2, "there is no checkpoint in this folder", str(place))


def read_checkpoint(path: Path) -> Checkpoint:
    """Return the checkpoint in a file.

    Raises: OSError: it cannot be read; ValueError, with the file: it is none, or damaged.
    """
    content = path.read_bytes()
    try:
        return checkpoint_of(json.loads(body_of(content)))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def body_of(content: bytes) -> bytes:
    """Return what a checkpoint holds, after its first line, which has its checksum.

    Raises: ValueError: it is no checkpoint, of another version, or damaged.
    """
    first, _, rest = content.partition(b"\n")
    try:
        head = json.loads(first)
    except ValueError:
        head = None
    if b'"chainrule network"' in content[:HEAD_BYTES]:
        raise ValueError("a model, and no checkpoint: a training cannot go on from it")
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise ValueError(f"not a {FORMAT}, or damaged")
    if head.get("version") != VERSION:
        raise ValueError(f"version {head.get('version')!r:.20}, but this reads version {VERSION}")
    body = rest.removesuffix(b"\n")
    if hashlib.sha256(body).hexdigest() != head.get("sha256"):
        raise ValueError("damaged: the checksum is another")
    return body


def checkpoint_of(content: Any) -> Checkpoint:
    """Return the checkpoint in a parsed file, every part checked.

    Raises: ValueError: a part is missing or of another kind.
    """
    # The checksum was right, but anybody can compute one.
    kinds = {"weights": list, "history": dict, "about": dict, "done": bool}
    for name, kind in kinds.items():
        if not isinstance(content, dict) or not isinstance(content.get(name), kind):
            raise ValueError(f"the entry {name!r} is missing or no {kind.__name__}")
    if not all(is_plain(w) and is_finite(w) for w in content["weights"]):
        raise ValueError("a weight is no finite number")
    history = History.from_dict(content["history"])
    return Checkpoint(content["weights"], history, content["about"], content["done"])


# Signals.


class Stopped(KeyboardInterrupt):
    """A signal that ends a training, Ctrl-C among them; `args` holds its name."""


class Signals:
    """The signals that arrived within `stopping()`.

    Attributes: `received`, their numbers in order.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        # Whether the first is on its way: another one must not overtake it.
        self.raised = False
        # How many `shielded` blocks it is in.
        self.depth = 0

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Note a signal, and raise `Stopped` unless something is being saved."""
        self.received.append(number)
        if not self.depth and not self.raised:
            self.raised = True
            raise Stopped(signal.Signals(number).name)

    @contextmanager
    def shielded(self, last: bool = False) -> Iterator[None]:
        """Let no signal cut a block off; what arrived within it stops the training at its end.

        Args: last: the training ends anyway, so that it need not be stopped.
        """
        self.depth += 1
        before = len(self.received)
        try:
            yield
        finally:
            self.depth -= 1
        if not last and not self.depth and len(self.received) > before and not self.raised:
            self.raised = True
            raise Stopped(signal.Signals(self.received[-1]).name)

    def go_on(self) -> None:
        """Be ready for the next signal: the last one was caught by somebody who went on."""
        self.raised = False

    @property
    def name(self) -> str:
        """What stopped the training, in words; empty where nothing did."""
        if not self.received:
            return ""
        found = signal.Signals(self.received[0]).name
        return MEANINGS.get(found, found)

    @property
    def exit_code(self) -> int:
        """128 and the number of the signal, as shells have it; 0 where there was none."""
        return 128 + self.received[0] if self.received else 0


# The one whose handlers are installed.
active: list[Signals] = []


@contextmanager
def stopping() -> Iterator[Signals]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into `Stopped`, once, and let saves be shielded from them.

    Within another such block it is that one's. Elsewhere than in the main thread, where no signal
    can be caught, it does nothing; nor for signals that are ignored (as by nohup), or that
    somebody else handles.

    >>> with stopping() as signals:
    ...     with signals.shielded(last=True):
    ...         pass  # save something
    >>> signals.name
    ''
    """
    if active or threading.current_thread() is not threading.main_thread():
        yield active[-1] if active else Signals()
        return
    signals = Signals()
    before = {}
    usual = (signal.SIG_DFL, signal.default_int_handler)
    try:
        active.append(signals)
        for name in SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) in usual:
                before[number] = signal.signal(number, signals.handle)
        yield signals
    finally:
        # What arrives while the handlers are put back is noted.
        signals.depth += 1
        for number, handler in before.items():
            signal.signal(number, handler)
        active.remove(signals)


def checkpoints_of(checkpoint: Checkpoints | str | os.PathLike[str] | None) -> Checkpoints | None:
    """Return where a training keeps its state: None, a folder's, or what was given."""
    if checkpoint is None or isinstance(checkpoint, Checkpoints):
        return checkpoint
    return Checkpoints(checkpoint)
