"""The worst errors of each primitive's slope and of its second derivatives, against 60 digits."""

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


def worst_second(name: str, i: int, j: int) -> tuple[float, Any, int, int]:
    """Return the largest error of a second derivative, where, of how many, how often above 8."""
    from testkit.second_derivatives import exact_second, off, points_of, second

    errors = []
    for operands in points_of(name):
        exact = exact_second(name, operands, i, j)
        if exact is not None:
            errors.append((off(second(name, operands, i, j), exact), operands))
    largest, place = max(errors, key=lambda both: both[0], default=(0.0, None))
    return largest, place, len(errors), sum(error > 8 for error, _ in errors)


def second_table() -> None:
    """Print a row for every second derivative of every smooth primitive, and its limits."""
    from autograd import primitives as p
    from testkit.closed_forms import EXACT
    from testkit.second_derivatives import first, limits_far_out, second

    print("\nsecond derivatives, by hessian: the same unit; a difference of terms loses digits")
    print(f"{'of':>16} {'operands':>8} {'points':>7} {'above 8':>7} {'worst':>8}  at")
    for name, (_, *slopes) in EXACT.items():
        places = [i for i, slope in enumerate(slopes) if slope is not None]
        for i in places:
            for j in places[places.index(i) :]:
                error, place, count, above = worst_second(name, i, j)
                print(f"{name:>16} {i:6} {j} {count:7} {above:7} {error:8.3g}  {place}")
        if len(p.TABLE[name].partials) == 1:
            for side in (1.0, -1.0):
                try:
                    wanted = limits_far_out(name, side)
                except (ValueError, ArithmeticError):
                    continue
                at = (side * float("inf"),)
                found = [first(name, at, 0), second(name, at, 0, 0)]
                print(f"{name:>16} at {at[0]:4}: slopes {found}, limits {wanted}")


if __name__ == "__main__":
    table()
    second_table()
