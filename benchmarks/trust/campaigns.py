"""Programs of a campaign, judged in processes of their own: what ends one of them is named.

A program that crashes takes its process with it and no other result: the next process goes on
behind it.
"""

from __future__ import annotations

import argparse
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from testkit.unwritten import unwritten_is_nan

AS_USERS_HAVE_IT = 4  # of so many programs one is compiled so; all others quickly
PER_PROCESS = 100  # programs; the code of all that were loaded stays in memory
Judge = Callable[[int], Any]
Surroundings = Callable[[], AbstractContextManager[None]]


@dataclass
class Ended:
    """The answer of a program whose process ended: by which signal, or with which exit code."""

    code: int

    def __str__(self) -> str:
        if self.code < 0:
            return f"ended the process by {signal.Signals(-self.code).name}"
        return f"ended the process with exit code {self.code}"


def work(judge: Judge, numbers: list[int], surroundings: Surroundings, answers: Connection) -> None:
    """Judge programs, and send each answer before the next begins."""
    with surroundings():
        for number in numbers:
            answers.send(judge(number))


@dataclass
class Child:
    """A process at work on programs, the first of which has no answer yet."""

    numbers: deque[int]
    process: Any = field(init=False)
    answers: Connection = field(init=False)

    def start(self, judge: Judge, surroundings: Surroundings) -> None:
        """Start the process."""
        context = get_context("spawn")
        self.answers, sending = context.Pipe(duplex=False)
        arguments = judge, list(self.numbers), surroundings, sending
        self.process = context.Process(target=work, args=arguments, daemon=True)
        self.process.start()
        sending.close()  # so that the end of the process is the end of the answers

    def answer(self) -> Any:
        """Return the answer to the first program; that it ended the process, if it did."""
        try:
            return self.answers.recv()
        except EOFError:
            self.process.join()
            return Ended(self.process.exitcode)


def judged_apart(
    judge: Judge,
    numbers: Iterable[int],
    processes: int = 1,
    surroundings: Surroundings = nullcontext,
    per_process: int = PER_PROCESS,
) -> Iterator[tuple[int, Any]]:
    """Yield programs and their answers, as they come; `Ended` where one ended its process.

    Args:
        judge         what answers for the program of a number; pickle has to find it
        processes     how many are at work at once
        surroundings  gives what the programs of a process are judged within
    """
    wanted = list(numbers)
    chunks = range(0, len(wanted), per_process)
    waiting = deque(deque(wanted[i : i + per_process]) for i in chunks)
    running: dict[Any, Child] = {}
    while waiting or running:
        while waiting and len(running) < processes:
            child = Child(waiting.popleft())
            child.start(judge, surroundings)
            running[child.answers] = child
        for answers in wait(list(running)):
            child = running[answers]
            found = child.answer()
            yield child.numbers.popleft(), found
            ended = isinstance(found, Ended)
            if ended or not child.numbers:
                child.process.join()
                child.answers.close()
                del running[answers]
            if ended and child.numbers:
                waiting.appendleft(child.numbers)


# What programs are judged within


@contextmanager
def marked_memory(guarded: str = "") -> Iterator[None]:
    """Have memory that nobody has written to show; and that beyond an end of every array.

    Args: guarded: "behind" or "before" arrays, or "" for neither.
    """
    with ExitStack() as stack:
        stack.enter_context(unwritten_is_nan())
        if guarded:
            from testkit.guarded_memory import guarded_memory

            stack.enter_context(guarded_memory(before=guarded == "before"))
        yield


def compiled_in_turn(number: int, compiles: bool = True) -> AbstractContextManager[None]:
    """Have the program of a number compiled as users have it, or quickly; its code is not kept."""
    if not compiles:
        return nullcontext()
    from testkit.quick_code import quick_code

    return quick_code(number % AS_USERS_HAVE_IT != 0)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that campaigns have in common."""
    parser.add_argument("--processes", type=int, default=1, help="at work at once")
    parser.add_argument(
        "--guarded",
        choices=("behind", "before"),
        nargs="?",
        const="behind",
        default="",
        help="end the process that crosses this end of an array",
    )
