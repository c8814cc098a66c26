"""Work on shards by an executor, also where it loses workers: nothing is lost, or counted twice.

A shard that a worker did not bring back is computed again, elsewhere. That changes no number: the
sum is taken when all gradients are there, in the order of the shards.

>>> from concurrent.futures import ThreadPoolExecutor
>>> from nn import TwoLayerNetwork, train, xor
>>> data, network, other = xor(40), TwoLayerNetwork(2, 6, 2), TwoLayerNetwork(2, 6, 2)
>>> options = {"iterations": 5, "progress": False}
>>> with ThreadPoolExecutor(2) as pool:
...     history = train(network, data.inputs, data.targets, executor=pool, **options)
>>> history = train(other, data.inputs, data.targets, shards=4, **options)
>>> network.state_dict() == other.state_dict()
True
"""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple, cast

from autograd.messages import shown
from autograd.modes import MODE
from nn.shards import Answer, Shard, Task, answer, dumps

# An executor, or what makes one.
Source = Executor | Callable[[], Executor]
# Letters of an error in a hint.
MAX_TEXT = 120
# Shards lost in a row, without one that came back, after which an executor is left.
PATIENCE = 3
ANEW = "pass executor=lambda: ... to have it made anew"
next_number = count().__next__


class Submission(NamedTuple):
    """A task, the executor that it was handed over to, and its future; None where there is none."""

    task: Task
    executor: Any
    future: Future[Answer] | None


class Workers:
    """An executor, or what makes one, and the shards that it works on.

    Args:
        source: a `concurrent.futures.Executor`, which is left open in the end; or a function that
            returns one, which is called again where the executor broke, and shut down in the end.
        shard: what computes a shard: called with its fields; sent to each worker once.

    Attributes: `hints`, what was lost, in a line each.
    Raises: TypeError: source is neither.
    """

    def __init__(self, source: Source, shard: Callable[..., Any]) -> None:
        given = hasattr(source, "submit") and not isinstance(source, type)
        if not (given or callable(source)):
            raise TypeError(
                f"executor: {shown(source)} is none: a concurrent.futures.Executor is expected, or "
                "a function that makes one"
            )
        self.make: Callable[[], Executor] | None = None
        self.executor: Executor | None = None
        if given:
            self.executor = cast("Executor", source)
        else:
            self.make = cast("Callable[[], Executor]", source)
        self.shard = shard
        # Whether the executor is not used any more.
        self.left = False
        self.lost_in_a_row = 0
        # Whether anything came back so far.
        self.answered = False
        self.payload = b""
        self.key = ""
        # Iterations since the beginning.
        self.iterations = 0
        # Whether a worker may lack the payload,
        self.lacking = True
        # in how many iterations all tasks carried it,
        self.rounds = 0
        # and which iteration may be the next such one.
        self.next_round = 0
        self.pending: list[Future[Answer]] = []
        self.hints: dict[str, str] = {}

    # From the beginning to the end

    def begin(self) -> None:
        """Be ready to work; what workers compute with is what it is now."""
        self.payload = b""
        self.lacking = True
        self.iterations = self.rounds = self.next_round = 0

    def end(self) -> None:
        """Shut an executor down that was made here."""
        executor = self.executor
        if self.make and executor:
            self.executor = None
            executor.shutdown(wait=True)

    def prepare(self) -> None:
        """Make what workers need, and the executor, where there is none."""
        if not self.payload:
            self.payload = dumps(self.shard)
            self.key = hashlib.sha256(self.payload).hexdigest()
        if self.executor is None and self.make and not self.left:
            made = self.make()
            if not hasattr(made, "submit"):
                raise TypeError(f"executor: the function returned {shown(made)}, which is none")
            self.executor = made

    # An iteration

    def answers(self, weights: Sequence[float], shards: Sequence[Shard]) -> list[tuple[Any, Any]]:
        """Return losses and gradient of each shard, in order, whoever computed them.

        Raises: what the network or the loss raises, of the first shard that raises.
        """
        if self.left:
            return [self.computed_here(shard) for shard in shards]
        self.prepare()
        mode = MODE.get().ieee
        self.pending = []
        try:
            carried = self.payload if self.is_round() else None
            tasks = [
                Task(self.key, weights, shard, mode, os.getpid(), payload=carried)
                for shard in shards
            ]
            return list(map(self.finished, list(map(self.submitted, tasks))))
        finally:
            # They are of an iteration that an error or a Ctrl-C cut off.
            for future in self.pending:
                future.cancel()

    def submitted(self, task: Task) -> Submission:
        """Hand a task over."""
        task = task._replace(number=next_number())
        while (executor := self.executor) is not None:
            try:
                with uninterrupted():
                    future = executor.submit(answer, task)
                    self.pending.append(future)
                return Submission(task, executor, future)
            except Exception as error:
                self.lose(executor, error, over=True)
        return Submission(task, None, None)

    def finished(self, sent: Submission) -> tuple[Any, Any]:
        """Return losses and gradient of a shard: of its future, of another one, or of this process.

        Raises: what the network or the loss raises.
        """
        task = sent.task
        misses = 0
        while sent.future is not None:
            try:
                found = sent.future.result()
            except Exception as error:
                broken = isinstance(error, BrokenExecutor)
                self.lose(sent.executor, error, over=broken)
                # The task may be what kills a worker: here an error tells.
                if not broken:
                    break
                sent = self.submitted(task)
                continue
            self.answered = True
            self.lost_in_a_row = 0
            if found.error is not None:
                raise pickle.loads(found.error)
            if not found.missing:
                return found.losses, found.gradient
            # Another worker may have it; at the second miss the task takes it along.
            self.lacking = True
            misses += 1
            sent = self.submitted(task._replace(payload=self.payload if misses > 1 else None))
        return self.computed_here(task.shard)

    def is_round(self) -> bool:
        """Tell whether all tasks of this iteration are to carry the payload.

        A single task may go to any worker, so to reach the one that lacks it all of them do. That
        is so at first, and after a worker was missing it; but ever more rarely, for an executor
        that has new workers all the time.
        """
        self.iterations += 1
        if not self.lacking or self.iterations < self.next_round:
            return False
        self.lacking = False
        self.rounds += 1
        self.next_round = self.iterations + 2**self.rounds
        return True

    def computed_here(self, shard: Shard) -> tuple[Any, Any]:
        """Return losses and gradient of a shard, computed in this process."""
        found: tuple[Any, Any] = self.shard(*shard)
        return found

    # What was lost

    def lose(self, executor: Executor, error: Exception, over: bool) -> None:
        """Note that a task did not come back, and make the executor anew or do without it.

        Args: over: whether the executor takes no tasks any more.
        Raises: RuntimeError: nothing came back so far, and it is not that a worker was killed.
        """
        # An executor that never worked has another problem than a lost worker.
        what = in_a_line(error)
        if not (self.answered or isinstance(error, (BrokenExecutor, CancelledError))):
            raise RuntimeError(
                f"the executor cannot run a shard: {what}; is chainrule installed, in the same "
                "version, where its workers are?"
            ) from error
        # This is known already.
        if executor is not self.executor:
            return
        self.lost_in_a_row += 1
        if self.lost_in_a_row > PATIENCE or (over and not self.make):
            self.leave()
            self.hints["workers gone"] = (
                f"the workers are gone ({what}), and the training goes on in this process"
                + ("" if self.make else f"; {ANEW}")
            )
            return
        self.hints["worker lost"] = f"a worker was lost ({what}); what it was at was done again"
        if over:
            executor.shutdown(wait=False)
            self.executor = None
            self.prepare()

    def leave(self) -> None:
        """Do without the executor from now on."""
        if self.make and self.executor:
            self.executor.shutdown(wait=False)
        self.executor = None
        self.left = True


def in_a_line(error: Exception) -> str:
    """Return the kind of an error and the first line of its text, not all of a long one.

    >>> in_a_line(BrokenExecutor("a worker died.\\nExit codes: -9"))
    'BrokenExecutor: a worker died.'
    """
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {shortened(first) or 'no reason given'}"


def shortened(text: str) -> str:
    """Return a text, or its beginning where it is long."""
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT].rpartition(" ")[0] + " ..."


# Signals, while tasks are handed over.

# Not empty within `uninterrupted`.
handing_over: list[int] = []


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let no Ctrl-C cut off the submission of a task, and spare the workers that it starts.

    A worker that is forked or spawned here inherits that Ctrl-C is blocked: it reaches all
    processes of a terminal, and the one that trains ends the others.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    noted: list[Any] = []
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):
        yield
        return
    try:
        handing_over.append(1)
        signal.signal(signal.SIGINT, lambda *found: noted.append(found))
        with blocked():
            yield
    finally:
        handing_over.clear()
        signal.signal(signal.SIGINT, before)
    if noted:
        before(*noted[0])


@contextmanager
def blocked() -> Iterator[None]:
    """Block Ctrl-C in this thread, where the system can, and so in processes that it starts."""
    # Windows has no masks, and starts its workers anew.
    mask = getattr(signal, "pthread_sigmask", None)
    if mask is None:
        yield
        return
    usual = mask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, usual)


def forget_handlers() -> None:
    """Have a worker that was forked in `uninterrupted` end by SIGTERM, as its executor wants."""
    if handing_over:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for name in ("SIGTERM", "SIGHUP"):
            if callable(signal.getsignal(getattr(signal, name))):
                signal.signal(getattr(signal, name), signal.SIG_DFL)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_handlers)
