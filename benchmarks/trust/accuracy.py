"""The worst error of each primitive's slope, in ulp, against 60-digit arithmetic."""

from __future__ import annotations

from typing import Any

from benchmarks.environments import environment, run_there

REQUIREMENTS = ("mpmath==1.3.0", "hypothesis>=6.80")


def main(argv: list[str]) -> int:
    """Make the environment of the oracle, and print the table in it."""
    return run_there(environment("accuracy", *REQUIREMENTS), "benchmarks.trust.accuracy", *argv)


def worst(name: str, i: int) -> tuple[float, Any, int, int]:
    """Return the largest error of a slope, where, at how many points, and how often above 4."""
    from testkit.points import points
    from testkit.slope_errors import excess

    places = points(name)
    errors = [float(excess(name, i, operands)[0]) for operands in places]
    largest = max(errors)
    return largest, places[errors.index(largest)], len(errors), sum(e > 4 for e in errors)


def table() -> None:
    """Print a row for every partial of every smooth primitive."""
    from testkit.closed_forms import EXACT
    from testkit.slope_errors import LOSSES

    print("ulp: relative error in units of 2**-52, over the whole double range of the domain")
    print(f"{'slope of':>14} {'operand':>7} {'points':>7} {'above 4':>7} {'worst':>8}  at")
    for name, (_, *slopes) in EXACT.items():
        for i, slope in enumerate(slopes):
            if slope is not None:
                error, place, count, above = worst(name, i)
                loss = LOSSES.get((name, i))
                reason = f"  [{loss.reason}]" if error > 4 and loss else ""
                print(f"{name:>14} {i:7} {count:7} {above:7} {error:8.3g}  {place}{reason}")


if __name__ == "__main__":
    table()
