"""Compiled scalar code beside C, NumPy, Numba, JAX, PyTorch, CasADi, ddx and our own eager mode.

    python -m benchmarks compiled [--quick] [--write FILE] [--only NAME] [--without NAME] [WORKLOAD]

Each contestant runs in processes of its own, with one thread and with more, and all take turns.
Before anything is timed, everybody's numbers are compared with ours. What is printed is markdown.
"""

from __future__ import annotations

import argparse
import compileall
import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from benchmarks.environments import environment, run_there
from testkit.processes import ROOT

REQUIREMENTS = ("numpy>=1.24", "numba>=0.60", "llvmlite", "scipy>=1.10")
OPTIONAL = ("jax", "torch==2.13.0", "casadi", "ddx-ad")
PACKAGES = ("autograd", "nn", "benchmarks", "testkit")
PATIENCE, QUICK_PATIENCE = 300.0, 90.0  # seconds that a contestant may take to get ready


def main(argv: list[str]) -> int:
    """Make the rivals' environment, and run the comparison in it."""
    python = environment("compiled", *REQUIREMENTS, optional=OPTIONAL)
    # As pip does for what it installs, so for the rivals: a first call parses no module.
    for package in PACKAGES:
        compileall.compile_dir(ROOT / package, quiet=1)
    return run_there(python, "benchmarks.speed.compiled", *argv)


def options(argv: list[str]) -> argparse.Namespace:
    """Return the command line, taken apart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compiled", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="workloads: `gpt`, or `gpt-1` for its second batch"
    )
    parser.add_argument("--quick", action="store_true", help="three turns, one start")
    parser.add_argument("--write", type=Path, help="a file for what is printed")
    parser.add_argument("--only", action="append", default=[], help="a rival that takes part")
    parser.add_argument("--without", action="append", default=[], help="leave a rival out")
    parser.add_argument("--numpy-engine", action="store_true", help="a row for it as well")
    parser.add_argument("--patience", type=float, help="seconds that anybody may take to be ready")
    return parser.parse_args(argv)


class Report:
    """Lines that are printed, and written to a file as they come."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.lines = path, list[str]()

    def add(self, lines: Iterator[str] | list[str]) -> None:
        """Print lines, and write all that there are by now."""
        from autograd.atomic import write_file

        for line in lines:
            print(line, flush=True)
            self.lines.append(line)
        if self.path:
            write_file(str(self.path), "\n".join(self.lines) + "\n")


def chosen(names: list[str]) -> Iterator[tuple[str, int]]:
    """Yield the workloads that were asked for, by name and variant."""
    from benchmarks.speed.workloads import GROUPS

    for name, variants in GROUPS.items():
        for variant in range(len(variants)):
            if not names or name in names or f"{name}-{variant}" in names:
                yield name, variant


def check_names(asked: argparse.Namespace) -> None:
    """Leave with what there is where something else was asked for."""
    from benchmarks.speed.comparisons import COMPARISONS
    from benchmarks.speed.lineup import NAMES
    from benchmarks.speed.workloads import GROUPS

    variants = [f"{name}-{i}" for name, group in GROUPS.items() for i in range(len(group))]
    for given, known in (
        (asked.names, [*GROUPS, *COMPARISONS, *variants]),
        ([*asked.only, *asked.without], list(NAMES)),
    ):
        unknown = [name for name in given if name not in known]
        if unknown:
            sys.exit(f"no {', '.join(unknown)}; there are {', '.join(known)}")


def report(argv: list[str]) -> int:
    """Print a table for every workload, and the goals; return whether all agreed."""
    from benchmarks.speed import contest, machine, tables
    from benchmarks.speed.comparisons import COMPARISONS
    from benchmarks.speed.lineup import lineup
    from benchmarks.speed.targets import verdicts
    from benchmarks.speed.workloads import GROUPS

    asked = options(argv)
    check_names(asked)
    rivals = lineup(asked.only, asked.without, asked.numpy_engine)
    rounds = contest.QUICK_ROUNDS if asked.quick else contest.ROUNDS
    patience = asked.patience or (QUICK_PATIENCE if asked.quick else PATIENCE)
    page, results, gave_up = Report(asked.write), dict[str, Any](), dict[str, set[str]]()
    page.add(machine.heading(rivals, contest.TURN_SECONDS, rounds, asked.quick))
    for name, variant in chosen(asked.names):
        work = GROUPS[name][variant]()
        key, title, samples = work.key, work.title, work.samples
        # The memory of a million Values is for the contestants.
        del work
        print(f"{key} ...", file=sys.stderr, flush=True)
        question = contest.Question(
            name, variant, asked.quick, patience, gave_up.setdefault(name, set())
        )
        results[key] = contest.compare(question, rivals)
        page.add(["", *tables.table(title, samples, results[key])])
    for name, run in COMPARISONS.items():
        if not asked.names or name in asked.names:
            with redirect_stdout(io.StringIO()) as printed:
                results[name] = run(asked.quick)
            page.add(["", "```", *printed.getvalue().strip().splitlines(), "```"])
    page.add(["", "## Goals", "", *verdicts(results)])
    wrong = [row for rows in results.values() for row in rows.values() if getattr(row, "wrong", 0)]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(report(sys.argv[1:]))
