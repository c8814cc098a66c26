"""A workload run by everybody: checked against each other, timed in turns, printed as a table."""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np

from autograd.value import write_data
from benchmarks.speed.lineup import rivals
from benchmarks.speed.ours import (
    EAGER,
    OURS,
    comparable,
    compiled,
    eagerly,
    numbers_of,
    ours,
    step_of,
)

TURN_SECONDS = 0.004  # less than a scheduler lets a process run on a busy machine
ROUNDS, QUICK_ROUNDS = 61, 15
SLOW_SECONDS = 0.5  # of a step, from which on a contestant has two turns only
AGREEMENT, FLOOR = 1e-9, 1e-12  # of a number to itself, and to the largest of its row


def disagreement(got: Any, expected: Any) -> float:
    """Return the largest difference relative to the largest number, or raise where it is wrong."""
    if got.shape != expected.shape:
        raise ArithmeticError(f"{got.shape} numbers instead of {expected.shape}")
    largest = np.abs(expected).max()
    off = np.abs(got - expected)
    if not (off <= AGREEMENT * np.abs(expected) + FLOOR * largest * expected.size**0.5).all():
        raise ArithmeticError(f"the numbers differ by {off.max() / largest:.1e}")
    return float(off.max() / largest)


def first_step(work: Any, contestant: Any) -> Any:
    """Return the numbers of a step of ours, and leave the parameters as they were.

    The Values follow compiled code, and so would everybody who starts from them.
    """
    start = [x.data for x in work.parameters]
    numbers = contestant.numbers(contestant.step())
    write_data(work.parameters, start)
    return numbers


def disagreements(work: Any, contestants: dict[str, Any], expected: Any) -> dict[str, float]:
    """Return everybody's disagreement with ours; who takes part twice makes one step only."""
    found, seen = {OURS: 0.0}, dict[Any, float]()
    for name, contestant in contestants.items():
        if name != OURS and contestant.step not in seen:
            if name.startswith(OURS):
                got = first_step(work, contestant)
            else:
                got = comparable(work, contestant.numbers(contestant.step()), work.samples)
            seen[contestant.step] = disagreement(got, expected)
        found[name] = seen.get(contestant.step, 0.0)
    return found


def turns(contestants: dict[str, Any], rounds: int) -> dict[str, list[float]]:
    """Return everybody's times of a step; they take turns, each of about TURN_SECONDS."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds):
        for name, contestant in contestants.items():
            if turn < 2 or times[name][0] < SLOW_SECONDS:
                runs = max(1, int(TURN_SECONDS / min(times[name]))) if times[name] else 1
                if contestant.before:
                    contestant.before()
                start = time.perf_counter()
                for _ in range(runs):
                    contestant.step()
                times[name].append((time.perf_counter() - start) / runs)
    return times


def compare(work: Any, asked: argparse.Namespace) -> dict[str, Any]:
    """Check and time everybody on a workload, print its table, and return the times."""
    marks = [time.perf_counter()]
    contestants = ours(work, asked.engine)
    marks.append(time.perf_counter())
    expected = first_step(work, contestants[OURS])
    marks.append(time.perf_counter())
    others = dict(rivals(work, asked.without))
    missing = {name: found for name, found in others.items() if isinstance(found, str)}
    contestants |= {name: found for name, found in others.items() if name not in missing}
    off = disagreements(work, contestants, expected)
    eager, count, off[EAGER] = checked_eager(work)
    contestants[EAGER] = eager
    measured = turns(contestants, QUICK_ROUNDS if asked.quick else ROUNDS)
    measured[EAGER] = [seconds * work.samples / count for seconds in measured[EAGER]]
    times = {name: statistics.median(found) for name, found in measured.items()}
    best = {name: min(found) for name, found in measured.items()}
    notes = {name: contestant.note for name, contestant in contestants.items()}
    print_table(work, times, best, missing, off, notes)
    traced, first = (b - a for a, b in zip(marks, marks[1:]))
    print(f"  trace {traced:.3f} s, first call {first:.3f} s, in this process")
    return {"times": times, "best": best, "samples": work.samples}


def checked_eager(work: Any) -> tuple[Any, int, float]:
    """Return our eager mode, the samples that it runs on, and its disagreement with ours."""
    eager, count = eagerly(work)
    # The eager mode does not step.
    unstepped = work._replace(kind="gradient") if work.kind == "step" else work
    step = step_of(unstepped, compiled(unstepped), unstepped.first(count))
    expected = numbers_of(unstepped, step())
    found = comparable(work, eager.numbers(eager.step()), count)
    return eager, count, disagreement(found, expected)


def print_table(
    work: Any,
    times: dict[str, float],
    best: dict[str, float],
    missing: dict[str, str],
    off: dict[str, float],
    notes: dict[str, str],
) -> None:
    """Print a line per contestant: time of a step, of a sample, ratio to ours, agreement."""
    print(f"\n{work.title}; batch {work.samples:,}")
    head = "a step", "x ours", "a sample", "fastest", "differs by"
    print(f"  {'':18} {head[0]:>12} {head[1]:>9} {head[2]:>12} {head[3]:>12} {head[4]:>10}")
    for name, seconds in sorted(times.items(), key=lambda item: item[1]):
        ratio, sample = seconds / times[OURS], seconds / work.samples
        print(
            f"  {name:18} {unit(seconds)} {ratio:9.2f} {unit(sample)} {unit(best[name])} "
            f"{off[name]:10.1e} {notes[name]}"
        )
    for name, reason in missing.items():
        print(f"  {name:18} {reason}")


def unit(seconds: float) -> str:
    """Return a time in a unit that suits it, 12 characters wide."""
    for size, name in ((1.0, "s "), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:9.4g} {name}"
    return f"{seconds / 1e-9:9.4g} ns"
