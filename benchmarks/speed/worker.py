"""The process of one contestant: it makes a workload's call, shows its numbers, and is timed.

    python -m benchmarks.speed.worker RIVAL WORKLOAD VARIANT

reads questions from its standard input, a line of JSON each, and answers with such a line. Whatever
a library prints goes to stderr. `benchmarks.speed.workers` is the other side.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from itertools import repeat
from pathlib import Path
from typing import Any

WARMING = 0.1  # of a turn, before it is timed
PR_SET_PDEATHSIG = 1  # of Linux: the signal that a process gets when its parent ends
SLOW_SECONDS = 0.5  # of a call that is not repeated within a turn


def keep_to(threads: int) -> None:
    """Use the first processors only, as many as there are to be threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def end_with_parent() -> None:
    """Let the system end this process when the contest ends, even while it is stopped."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def peak() -> float:
    """Return the most memory that this process has had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # what `resource` gives includes the parent of a new process
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Clock:
    """The seconds since it was last read."""

    def __init__(self) -> None:
        self.then = time.perf_counter()

    def read(self) -> float:
        now = time.perf_counter()
        found, self.then = now - self.then, now
        return found


def repeated(step: Callable[[], Any], count: int) -> float:
    """Return the seconds that a call takes, on the average of so many."""
    start = time.perf_counter()
    for _ in repeat(None, count):
        step()
    return (time.perf_counter() - start) / count


def turn(step: Callable[[], Any], seconds: float, once: float) -> float:
    """Return the seconds of a call, in a turn of so many; `once` is about what it takes.

    What others left in the caches is gone after a few calls that are not timed; Python collects
    garbage between turns only, for everybody alike.
    """
    if once < SLOW_SECONDS:
        repeated(step, max(1, int(WARMING * seconds / once)))
    gc.collect()
    gc.disable()
    try:
        return repeated(step, max(1, int(seconds / once)))
    finally:
        gc.enable()


def prepare(name: str, workload: str, variant: int, path: str) -> tuple[Any, dict[str, Any]]:
    """Make the call, save its numbers as a file, and return it with what there is to say of it."""
    import numpy as np

    from benchmarks.speed.lineup import NAMES
    from benchmarks.speed.ours import comparable
    from benchmarks.speed.workloads import GROUPS

    rival, work = NAMES[name], GROUPS[workload][variant]()
    clock = Clock()
    try:
        makers = getattr(import_module(rival.module), rival.makers)
    except ImportError as error:
        return None, {"missing": f"not installed ({error})"}
    imported, make = clock.read(), makers.get(workload)
    if isinstance(make, str):
        return None, {"missing": make}
    clock.read()
    contestant = make(work) if make else None
    if contestant is None:
        return None, {"missing": ""}
    made = clock.read()
    checked = contestant.check() if contestant.check else None
    clock.read()
    found = contestant.step()
    first = clock.read()
    numbers = contestant.numbers(found if checked is None else checked)
    facts = {"imported": imported, "made": made, "first": first}
    parts, samples = {}, work.samples
    if contestant.expected is not None:
        # A part of the batch, whose first call is nothing to compare.
        parts["expected"], facts = contestant.expected, {}
        samples = round(contestant.steps * samples)
    parts["numbers"] = numbers if rival.summed else comparable(work, numbers, samples)
    np.savez(path, **parts)
    once = repeated(contestant.step, 1)
    # What there is by now stays, and is not looked through again and again.
    gc.collect()
    gc.freeze()
    return contestant, {**facts, "once": once, "peak": peak(), "note": contestant.note}


def answer(question: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a question of the contest: to prepare, or to take a turn."""
    if question["do"] == "prepare":
        name, workload, variant = kept["asked"]
        kept["contestant"], found = prepare(name, workload, variant, question["numbers"])
        return found
    contestant = kept["contestant"]
    seconds = turn(contestant.step, question["seconds"], question["once"])
    return {"call": seconds, "step": seconds / contestant.steps}


def main(name: str, workload: str, variant: str) -> None:
    """Answer questions until there are no more."""
    end_with_parent()
    keep_to(int(os.environ["OMP_NUM_THREADS"]))
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    kept: dict[str, Any] = {"asked": (name, workload, int(variant))}
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), kept)), file=channel, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
