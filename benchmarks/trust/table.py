"""How far gradients can be trusted: graphs, primitives, mutants, bad input, faults; one table."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.environments import environment, run_there
from benchmarks.trust import fuzz
from testkit.bad_inputs import bad_inputs
from testkit.costs import cost, memory
from testkit.floats import TINY, ULP
from testkit.hash_seeds import same_bits
from testkit.interrupts import interrupts

POINTS = 200  # of every primitive, for the accuracy of values and slopes
HUNTED = 40  # of every primitive, for the mutants


def main(argv: list[str]) -> int:
    """Make the environment of the oracle, and print the table in it."""
    return run_there(environment("fuzz", *fuzz.REQUIREMENTS), "benchmarks.trust.table", *argv)


class Row(NamedTuple):
    """A line of the table."""

    what: str
    figure: str


def campaigns(share: float, seed: int) -> Iterator[Row]:
    """Yield what the random graphs gave."""
    titles = {
        "smooth": "random smooth graphs against 60 digits",
        "second": "second derivatives of random graphs",
        "rational": "rational graphs against dual numbers",
        "correct": "correct functions, kinks included",
        "planted": "relative faults of 1e-6, gradients of 1e-9 to 1e6",
    }
    for name, title in titles.items():
        count = max(1, round(fuzz.SIZES[name] * share))
        tally, seconds = fuzz.campaign(name, count, seed)
        line = fuzz.described(name, tally, seconds, seed)
        yield Row(title, line.removeprefix(name).strip())


class Accuracy(NamedTuple):
    """Errors of one kind over all primitives: the worst, where, and how many are small."""

    checked: int
    within: int  # 4 ulp
    worst: float
    where: str

    def __str__(self) -> str:
        share = 100.0 * self.within / self.checked
        return (
            f"{self.checked:,} checked, {share:.2f} % within 4 ulp, median row's worst "
            f"{self.worst:.2g} ulp; above 4: {self.where}"
        )


def accuracies() -> dict[str, Accuracy]:
    """Return the errors of values, first and second derivatives of all smooth primitives."""
    from autograd import primitives as p
    from autograd.testing.strategies import examples, points

    errors: dict[str, dict[str, list[float]]] = {"values": {}, "slopes": {}, "curvatures": {}}
    for name, row in p.TABLE.items():
        if row.smooth and name != "stop_gradient":
            for point in examples(points(row), POINTS):
                for kind, found in errors_at(row, point):
                    errors[kind].setdefault(name, []).append(found)
    return {kind: summary(rows) for kind, rows in errors.items()}


def summary(rows: dict[str, list[float]]) -> Accuracy:
    """Return the summary of the errors of all rows."""
    every = [error for found in rows.values() for error in found]
    worst = sorted(max(found) for found in rows.values())
    above = {name: sum(e > 4.0 for e in found) for name, found in rows.items()}
    named = ", ".join(f"{name} {n}" for name, n in above.items() if n) or "none"
    return Accuracy(len(every), sum(e <= 4.0 for e in every), worst[len(worst) // 2], named)


def errors_at(row: Any, point: tuple[Any, ...]) -> Iterator[tuple[str, float]]:
    """Yield (kind, error in ulp) of the value and of all derivatives at a point."""
    from autograd.testing import oracles
    from autograd.testing.parameters import without_parameters
    from autograd.testing.recording import record

    function, args = without_parameters(row, point)
    program = oracles.Program(function, args)
    try:
        recording = record(function, args)
        first = recording.gradient(0)
        value = oracles.precise_value(program)
    except (ValueError, ArithmeticError, TypeError):
        return
    if recording.suspicion(0):
        return
    yield from measured("values", recording.outputs[0].data, value)
    rows = seconds_of(recording)
    for i, slope in enumerate(first):
        yield from measured("slopes", slope, oracles.precise(program, i).slope)
        if len(first) < 3:
            for j, curvature in enumerate(rows[i]):
                expected = oracles.precise_second(program, i, j).slope
                yield from measured("curvatures", curvature, expected)


def seconds_of(recording: Any) -> list[list[float]]:
    """Return the second derivatives of a recorded primitive."""
    from autograd import gradients

    rows = gradients(recording.outputs[0], recording.leaves)
    return [[x.data for x in gradients(row, recording.leaves)] for row in rows]


def measured(kind: str, found: float, expected: Any) -> Iterator[tuple[str, float]]:
    """Yield the error of a number that has all its digits, in ulp."""
    if math.isfinite(found) and TINY < abs(expected) < sys.float_info.max:
        yield kind, float(abs(found - expected) / abs(expected)) / ULP


def mutants() -> Row:
    """Return how many broken rules were caught."""
    from autograd import primitives as p
    from autograd.testing.mutants import hunted
    from autograd.testing.strategies import examples, points

    made = caught = 0
    fewest = math.inf
    for row in p.TABLE.values():
        count, survivors = hunted(row, examples(points(row), HUNTED))
        made, caught, fewest = made + count, caught + count - len(survivors), min(fewest, count)
    title = f"rules broken on purpose, at least {fewest} of each of {len(p.TABLE)} primitives"
    return Row(title, f"{caught} of {made} caught")


def injected(share: float) -> Iterator[Row]:
    """Yield what became of bad input and of faults."""
    tried, clear = bad_inputs()
    yield Row("bad inputs with a clear error", f"{clear:,} of {tried:,}")
    cut, half = interrupts(max(40, round(1000 * share)))
    yield Row("interrupts of passes, updates, saves and modes", f"{cut:,}, {half} left half done")
    rounds = max(200, round(10_000 * share))
    growth, garbage = memory(rounds)
    yield Row(
        f"memory after {rounds:,} rounds, garbage collector off",
        f"{growth:+,} bytes, {garbage} objects for gc.collect()",
    )
    processes = max(4, round(100 * share))
    different = same_bits(processes)
    yield Row(f"{processes} processes with different hash seeds", f"{different} different result")
    size, nanoseconds = cost()
    yield Row("cost of a node, forward and backward", f"{size:.0f} bytes, {nanoseconds:.0f} ns")


def rows(share: float, seed: int) -> Iterator[Row]:
    """Yield the lines of the table."""
    yield from campaigns(share, seed)
    for kind, accuracy in accuracies().items():
        yield Row(f"{kind} of primitives at hard points", str(accuracy))
    yield mutants()
    yield from injected(share)


def run(argv: list[str]) -> int:
    """Print the table, a line as soon as it is known."""
    parser = argparse.ArgumentParser("python -m benchmarks trust", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of everything (default: 0)")
    parser.add_argument("--share", type=float, default=1.0, help="of the full size (default: 1)")
    options, start = parser.parse_args(argv), time.monotonic()
    print("u = 2**-53; ulp = 2**-52 relative; S = path sum of a graph\n")
    for what, figure in rows(options.share, options.seed):
        print(f"{what:58} {figure}", flush=True)
    print(f"\nseed {options.seed}, {time.monotonic() - start:,.0f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
