"""This state of the repository beside another one, in pairs: is anything slower?

    python -m benchmarks pairs COMMIT [--pairs 20] [WORK ...]

Each work runs in a process of its own, once with the library as it was at COMMIT and once as it
lies here, in turns, and which of the two begins changes from pair to pair. A ratio is the CPU time
of a repetition here, by that of the other; printed are the median of all pairs and the middle half
of them. Both have one thread, and a folder of their own for machine code.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.commits import unpack
from benchmarks.speed.paired_work import WORK
from testkit.processes import ROOT

PAIRS = 20
SLOWER = 1.03  # a median above it is marked
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def main(argv: list[str]) -> int:
    """Print a row for each work."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks pairs", description=__doc__)
    parser.add_argument("commit", help="the other state, as git names it")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(WORK)}; all")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    chosen = parser.parse_args(argv)
    names = [name for name in WORK if not chosen.names or name in chosen.names]
    unknown = set(chosen.names) - set(WORK)
    if unknown:
        parser.error(f"no such work: {', '.join(sorted(unknown))}; there are {', '.join(WORK)}")
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        unpack(chosen.commit, before)
        for line in rows(names, chosen.pairs, before, Path(folder)):
            print(line, flush=True)
    return 0


def rows(names: list[str], pairs: int, before: Path, folder: Path) -> Iterator[str]:
    """Yield the lines of the table."""
    yield f"| work, {pairs} pairs | here / before | middle half | |"
    yield "|---|---:|---:|---|"
    for name in names:
        found = ratios(name, pairs, before, folder)
        median = statistics.median(found)
        low, _, high = statistics.quantiles(found, n=4) if len(found) > 1 else (median,) * 3
        mark = "slower" if median > SLOWER else ""
        yield f"| {name} | {median:.3f} | {low:.3f} to {high:.3f} | {mark} |"


def ratios(name: str, pairs: int, before: Path, folder: Path) -> list[float]:
    """Return the ratio of each pair; a pair that only fills the folders goes before them."""
    states = {"here": ROOT, "before": before}
    found = []
    for pair in range(pairs + 1):
        order = ["here", "before"] if pair % 2 else ["before", "here"]
        times = {state: seconds(name, states[state], folder / f"cache-{state}") for state in order}
        if pair:
            found.append(times["here"] / times["before"])
    return found


def seconds(name: str, tree: Path, cache: Path) -> float:
    """Return what a repetition takes with the library of a tree."""
    places = {"PYTHONPATH": str(tree), "CHAINRULE_CACHE": str(cache)}
    script = Path(__file__).with_name("paired_work.py")
    run = subprocess.run(
        [sys.executable, "-P", str(script), name],
        env={**os.environ, **ONE_THREAD, **places},
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise SystemExit(f"{name}, in {tree}:\n{run.stderr}")
    return float(run.stdout)
