"""What the first call of a workload takes, in processes of their own.

    python -m benchmarks.speed.first_call WORKLOAD VARIANT

prints it as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.speed.ours import compiled, program_of, step_of
from benchmarks.speed.workloads import GROUPS, scattered
from testkit.processes import ROOT


def first_call(name: str, index: int) -> None:
    """Print what tracing, lowering and the first call take in this process, as JSON."""
    work = GROUPS[name][index]()
    before = peak()
    marks = [time.perf_counter()]
    function = compiled(work)
    marks.append(time.perf_counter())
    program_of(function, work)
    marks.append(time.perf_counter())
    step_of(work, function, work.batch)()  # lowers again
    marks.append(time.perf_counter())
    traced, lowered, first = (b - a for a, b in zip(marks, marks[1:]))
    found = {
        "traced": traced,
        "lowered": traced + lowered,
        "first": max(0.0, first - lowered),
        "before": before,
        "peak": peak(),
    }
    if name == "irregular":
        found["another"] = another(work)
    print(json.dumps(found))


def another(work: Any) -> float:
    """Return the seconds from a second random program to its first result, in one process."""
    other = scattered(work.facts["length"], work.samples, seed=1)
    start = time.perf_counter()
    step_of(other, compiled(other), other.batch)()
    return time.perf_counter() - start


def peak() -> float:
    """Return the most memory that this process has had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # what `resource` gives includes the parent of a new process
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cold_and_warm(name: str, index: int) -> dict[str, dict[str, float]]:
    """Return what `first_call` prints with an empty cache on disk, and with a filled one."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = {**os.environ, "CHAINRULE_CACHE": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "benchmarks.speed.first_call", name, str(index)]
        for cache in ("cold", "warm"):
            run = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
            if run.returncode:
                raise RuntimeError(run.stderr)
            found[cache] = json.loads(run.stdout.splitlines()[-1])
    return found


def print_first(found: dict[str, dict[str, float]]) -> None:
    """Print what `cold_and_warm` found."""
    for cache, row in found.items():
        print(
            f"  {cache} cache: traced in {row['traced']:.3f} s, lowered in "
            f"{row['lowered'] - row['traced']:.3f} s, first call {row['first']:.3f} s; peak memory "
            f"{row['peak']:,.0f} MiB, {row['before']:,.0f} of it before compiling"
        )
        if "another" in row:
            print(f"  {cache} cache, another graph in the same process: {row['another']:.3f} s")


if __name__ == "__main__":
    first_call(sys.argv[1], int(sys.argv[2]))
