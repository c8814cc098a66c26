"""A workload run by everybody, each in a process of its own: compared, then timed in turns."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.lineup import Rival
from benchmarks.speed.workers import BrokenError, LateError, Worker

TURN_SECONDS = 0.02
ROUNDS, QUICK_ROUNDS = 41, 3
SLOW_SECONDS = 0.5  # of a call, from which on a contestant has two turns only
AGREEMENT, FLOOR = 1e-9, 1e-12  # of a number to itself, and to the largest of its row


@dataclass
class Row:
    """What was found of a contestant.

    Attributes: `times`, of a step, for each number of threads; `cold` and `warm`, what the process
    said of its first call with an empty cache and with a filled one; `off`, how far its numbers are
    from ours; `missing`, why it does not take part.
    """

    times: dict[int, list[float]] = field(default_factory=dict)
    cold: dict[str, Any] = field(default_factory=dict)
    warm: dict[str, Any] = field(default_factory=dict)
    off: float = 0.0
    missing: str = ""
    wrong: bool = False

    @property
    def note(self) -> str:
        """What the contestant says of itself."""
        return str((self.warm or self.cold).get("note", ""))


@dataclass
class Question:
    """Which workload everybody is asked for, and how.

    Attributes: `gave_up`, the rivals that a smaller workload of the same name was too much for.
    """

    workload: str
    variant: int
    quick: bool
    patience: float
    gave_up: set[str]


def disagreement(got: Any, expected: Any) -> float:
    """Return the largest difference relative to the largest number, or raise where it is wrong."""
    if got.shape != expected.shape:
        raise ArithmeticError(f"{got.shape} numbers instead of {expected.shape}")
    largest = np.abs(expected).max()
    off = np.abs(got - expected)
    if not (off <= AGREEMENT * np.abs(expected) + FLOOR * largest * expected.size**0.5).all():
        raise ArithmeticError(f"the numbers differ by {off.max() / largest:.1e}")
    return float(off.max() / largest)


def counts(rival: Rival) -> list[int]:
    """Return the numbers of threads that a rival is tried with: 1, 2, 4, ... and all cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = cores or 1
    powers = {2**i for i in range(cores.bit_length()) if 2**i <= cores}
    return sorted({1, cores} | powers) if rival.threaded else [1]


class Contest:
    """All contestants of one workload, and what has been found of them."""

    def __init__(self, question: Question, rivals: list[Rival], stack: ExitStack) -> None:
        self.question, self.rivals, self.stack = question, rivals, stack
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.rows: dict[str, Row] = {}
        self.workers: dict[tuple[str, int], tuple[Worker, float]] = {}
        self.expected: Any = None

    def worker(self, rival: Rival, threads: int) -> Worker:
        """Start a process of a rival, which shares a cache with its others."""
        caches = self.folder / rival.name
        caches.mkdir(exist_ok=True)
        asked = self.question
        return Worker(rival.name, asked.workload, asked.variant, threads, caches, asked.patience)

    def prepared(self, rival: Rival, threads: int, worker: Worker) -> dict[str, Any]:
        """Return what a process says when it is ready; its numbers are compared by then."""
        path = self.folder / f"{rival.name}-{threads}.npz"
        found = worker.ask(do="prepare", numbers=str(path))
        if "missing" not in found:
            with np.load(path) as kept:
                numbers, expected = kept["numbers"], kept.get("expected", self.expected)
            path.unlink()
            if self.expected is None:
                self.expected = expected = numbers
            found["off"] = disagreement(numbers, expected)
        return found

    def enter(self, rival: Rival) -> Row:
        """Let a rival get ready, with each number of threads."""
        row = self.rows[rival.title] = Row()
        if rival.name in self.question.gave_up:
            row.missing = "too slow to get ready for a shorter one"
            return row
        try:
            self.ready(rival, row)
        except LateError as error:
            self.question.gave_up.add(rival.name)
            row.missing = str(error)
        except (BrokenError, ArithmeticError) as error:
            row.missing, row.wrong = f"{type(error).__name__}: {error}", True
        return row

    def ready(self, rival: Rival, row: Row) -> None:
        """Start a rival on an empty cache, then those processes that are timed."""
        if not self.question.quick:
            with self.worker(rival, 1) as worker:
                row.cold = self.prepared(rival, 1, worker)
        if "missing" not in row.cold:
            for threads in counts(rival):
                worker = self.stack.enter_context(self.worker(rival, threads))
                found = self.prepared(rival, threads, worker)
                row.warm = row.warm or found
                if "missing" in found:
                    break
                self.workers[rival.title, threads] = worker, found["once"]
                row.off = max(row.off, found["off"])
        row.missing = row.cold.get("missing", row.warm.get("missing", ""))
        if self.question.quick:
            row.cold, row.warm = row.warm, {}

    def times(self) -> None:
        """Let everybody take turns, each with each number of threads."""
        fastest = {key: once for key, (_, once) in self.workers.items()}
        for round_ in range(QUICK_ROUNDS if self.question.quick else ROUNDS):
            for key, (worker, _) in self.workers.items():
                title, threads = key
                if self.rows[title].wrong or (round_ >= 2 and fastest[key] >= SLOW_SECONDS):
                    continue
                try:
                    found = worker.ask(do="turn", seconds=TURN_SECONDS, once=fastest[key])
                except (LateError, BrokenError) as error:
                    self.rows[title].missing, self.rows[title].wrong = str(error), True
                    continue
                fastest[key] = min(fastest[key], found["call"])
                self.rows[title].times.setdefault(threads, []).append(found["step"])


def compare(question: Question, rivals: list[Rival]) -> dict[str, Row]:
    """Return what was found of everybody on a workload; those that do not have it are left out."""
    with ExitStack() as stack:
        contest = Contest(question, rivals, stack)
        for rival in rivals:
            row = contest.enter(rival)
            print(f"  {rival.title}: {row.missing or 'ready'}", file=sys.stderr, flush=True)
            if contest.expected is None:
                raise ArithmeticError(f"{rival.title} has no numbers: {row.missing}")
        contest.times()
        return {title: row for title, row in contest.rows.items() if row.times or row.missing}
