"""A mini-batch in shards, and what a worker does with one of them.

The gradient of a mini-batch is a sum over its samples, which need nothing of each other. So it is
cut into shards, whose gradients are added up in order: the numbers depend on how many shards there
are, and not on who computes them, nor on who is first.

>>> cut([7, 3, 9, 4, 1], 2)
[[7, 3], [9, 4, 1]]

A worker is a process or a thread that calls `answer`. It keeps what it computes with, the network,
the loss and the samples, or the compiled function, which come with its first task. After that only
the parameters and the indexes of samples go out, and losses and gradients come back; graphs stay
where they are recorded.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from array import array
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, TypeAlias

from autograd import ieee

# Trainings whose functions and samples a worker keeps.
KEPT = 4
# For dropout, see `Passes.accumulate`.
Factors: TypeAlias = "array[float] | None"


class Shard(NamedTuple):
    """A part of a mini-batch.

    Attributes: `batch`, the indexes of its samples; `factors`, those of its samples; `share`, 1/b:
    what the gradient of each sample is multiplied by.
    """

    batch: list[int]
    factors: Factors
    share: float


class Task(NamedTuple):
    """What is sent to a worker.

    Attributes: `key`, of what it computes with, and `payload`, that itself, where it has asked for
    it; `weights`, the parameters; `ieee`, whether that mode holds; `owner`, the process that
    trains; `number`, which no other task has: some executors answer equal tasks from memory.
    """

    key: str
    weights: Any
    shard: Shard
    ieee: bool
    owner: int
    number: int = -1
    payload: bytes | None = None


class Answer(NamedTuple):
    """What comes back: losses and gradient, or an error, or the news that something is missing."""

    losses: Any = None
    gradient: Any = None
    error: bytes | None = None
    missing: bool = False


class Replicas:
    """What computes a shard, and its copies: one for each thread that works at once."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.idle: list[Any] = []

    def gradient(self, task: Task) -> Answer:
        """Return losses and gradient of a shard, by a copy that nobody else uses meanwhile."""
        try:
            # A copy at work is not in the list, so no two threads have the same.
            copy = self.idle.pop()
        except IndexError:
            copy = pickle.loads(self.payload)
        copy.take(task.weights)
        with ieee() if task.ieee else nullcontext():
            losses, gradient = copy(*task.shard)
        self.idle.append(copy)
        return Answer(losses, packed(gradient))


# The parent of this process, once it is known to be a worker.
watched: list[Any] = []
# What this process keeps, by key; single steps of a dict need no lock.
kept: dict[str, Replicas] = {}


def answer(task: Task) -> Answer:
    """Compute a shard, in whatever process or thread an executor calls it.

    An error is an answer, too: so what the executor raises is never an error of the work.
    """
    try:
        if os.getpid() != task.owner:
            leave_signals_to_the_owner()
            end_with_the_owner()
        replicas = known(task)
        return Answer(missing=True) if replicas is None else replicas.gradient(task)
    except Exception as error:
        return Answer(error=sendable(error))


def known(task: Task) -> Replicas | None:
    """Return what a task is computed with, None where it was never sent, or is forgotten."""
    found = kept.pop(task.key, None)
    if found is None and task.payload is not None:
        found = Replicas(task.payload)
    if found is not None:
        # As the one used last.
        kept[task.key] = found
        for key in list(kept)[:-KEPT]:
            kept.pop(key, None)
    return found


def leave_signals_to_the_owner() -> None:
    """Ignore Ctrl-C, which reaches all processes of a terminal: the one that trains ends cleanly.

    What a worker inherited of that process' ways to end goes, too.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        handler = None if number is None else signal.getsignal(number)
        if number is not None and getattr(handler, "__module__", "") == "nn.runs":
            signal.signal(number, signal.SIG_DFL)


def end_with_the_owner() -> None:
    """Have a worker process end when its parent was killed; pools leave it waiting for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None and not watched:
        watched.append(parent)
        threading.Thread(target=end_after, args=(parent,), daemon=True).start()


def end_after(parent: BaseProcess) -> None:
    """Wait for the end of a process, and end this one."""
    try:
        parent.join()
    except ValueError:
        # loky's processes do not know how to wait for theirs.
        return
    os._exit(1)


def sendable(error: Exception) -> bytes:
    """Return an error as bytes, with a note where it was raised; as its text where it must be."""
    error.add_note("in a worker:\n" + "".join(traceback.format_exception(error)).rstrip())
    try:
        sent = dumps(error)
        # Some can be pickled, and not be read again.
        pickle.loads(sent)
    except Exception:
        sent = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return sent


def dumps(x: object) -> bytes:
    """Return a pickle, by cloudpickle where it is installed: closures, and what a script defines.

    Raises: TypeError: it cannot be pickled; with the line that installs cloudpickle, where that is
        missing.
    """
    try:
        import cloudpickle
    except ImportError:
        way_out = '; pip install "chainrule[processes]" lets functions within others be sent, too'
        write: Callable[[Any], bytes] = pickle.dumps
    else:
        way_out = ""
        write = cloudpickle.dumps
    try:
        return write(x)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"executor: network, loss and samples are sent to workers, but {error}{way_out}"
        ) from error


def cut(items: Sequence[Any], shards: int) -> list[Any]:
    """Return so many slices of a sequence, in order, that differ by one in length at most.

    Where there are fewer items than shards, empty ones are left out.

    >>> cut("abc", 5)
    ['a', 'b', 'c']
    """
    edges = [len(items) * i // shards for i in range(shards + 1)]
    return [items[start:stop] for start, stop in zip(edges, edges[1:]) if start < stop]


def shards_of(batch: list[int], factors: Factors, shards: int) -> list[Shard]:
    """Return a mini-batch in shards, each with its factors of dropout.

    >>> [shard.batch for shard in shards_of([5, 2, 8], None, 2)]
    [[5], [2, 8]]
    """
    share = 1 / len(batch)
    # Factors stand sample by sample, so each shard takes a slice.
    units = 0 if factors is None else len(factors) // len(batch)
    found = []
    start = 0
    for part in cut(batch, shards):
        stop = start + len(part)
        own = None if factors is None else factors[start * units : stop * units]
        found.append(Shard(part, own, share))
        start = stop
    return found


def packed(numbers: Any) -> Any:
    """Return a list of floats as an array, whose pickle is small; anything else as it is."""
    if isinstance(numbers, list) and all(type(x) is float for x in numbers):
        return array("d", numbers)
    return numbers


def added_in_order(gradients: Iterable[Sequence[float]]) -> list[float]:
    """Return the sum of gradients: the first and the second, and the third, and so on.

    >>> added_in_order([[1.0, 2.0], [0.5, 0.25]])
    [1.5, 2.25]
    """
    first, *others = gradients
    total = list(first)
    for gradient in others:
        total = [x + y for x, y in zip(total, gradient)]
    return total
