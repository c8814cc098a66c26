"""A campaign of random graphs against 60 digits, exact fractions, and a second implementation."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from typing import Any, NamedTuple

from benchmarks.environments import environment, run_there
from benchmarks.trust import WRONG, peer_gradients
from testkit.floats import U

REQUIREMENTS = ("mpmath==1.3.0", "hypothesis>=6.80", "numpy>=1.24", "graphviz>=0.20")
CHUNK = 250  # graphs of one piece of work; every piece has a seed of its own
SIZES = {
    "smooth": 100_000,
    "second": 2_000,
    "rational": 10_000,
    "correct": 10_000,
    "planted": 2_000,
}
FAULT = 1e-6  # relative to a derivative
RIGHT = 1e-10  # of the path sum: a derivative that is no further off is right
PROGRESS_SECONDS = 5.0  # between two lines of progress


class Tally(NamedTuple):
    """What a campaign found: counts by name, the worst error, and the programs that went wrong."""

    counts: Counter[str]
    worst: float = 0.0
    failures: tuple[str, ...] = ()

    def plus(self, other: Tally) -> Tally:
        """Return both together."""
        counts = self.counts + other.counts
        return Tally(counts, max(self.worst, other.worst), self.failures + other.failures)


def main(argv: list[str]) -> int:
    """Make the environment of the oracle, and run the campaign in it."""
    python = environment("fuzz", *REQUIREMENTS)
    code = run_there(python, "benchmarks.trust.fuzz", *argv)
    if "--peers" in argv and code == 0:
        code = peer_gradients.main(argv)
    return code


def smooth(seed: int, count: int) -> Tally:
    """Compare gradients of random smooth graphs with the complex step in 60-digit arithmetic."""
    from autograd.testing import oracles
    from autograd.testing.expressions import random_expression
    from autograd.testing.recording import path_sums, record
    from autograd.testing.verdicts.report import difference

    source, found, worst, failures = random.Random(seed), Counter[str](), 0.0, []
    for _ in range(count):
        expression = random_expression(source, lines=source.randint(2, 14))
        recording = record(expression, expression.point)
        slopes = recording.gradient(0)
        sums = path_sums(recording.outputs[0], recording.leaves)
        program = oracles.Program(expression, expression.point)
        found["graphs"] += 1
        for i, (slope, (scale, faint)) in enumerate(zip(slopes, sums)):
            error = difference(slope, oracles.precise(program, i).slope)
            found["derivatives"] += 1
            found["equal to the nearest float"] += error <= U * abs(slope)
            worst = max(worst, error / (U * scale + faint) if error else 0.0)
            if error > WRONG * scale + faint:
                found["wrong"] += 1
                failures.append(f"seed {seed}, by input {i}:\n{expression}")
    return Tally(found, worst, tuple(failures))


def second(seed: int, count: int) -> Tally:
    """Compare second derivatives of random smooth graphs with many-digit arithmetic."""
    from autograd.testing import GradientMismatch, InconclusiveCheck, check_gradients
    from autograd.testing.expressions import random_expression

    source, found, worst, failures = random.Random(seed), Counter[str](), 0.0, []
    for _ in range(count):
        expression = random_expression(source, lines=6, inputs=2)
        found["graphs"] += 1
        try:
            report = check_gradients(expression, *expression.point, order=2)
        except InconclusiveCheck:
            found["drowned in rounding"] += 1
        except GradientMismatch as error:
            found["wrong"] += 1
            failures.append(f"seed {seed}: {error}\n{expression}")
        else:
            seconds = [part for part in report.components if "," in part.place]
            found["derivatives"] += len(seconds)
            worst = max([worst, *(part.error / (U * part.scale) for part in seconds if part.scale)])
    return Tally(found, worst, tuple(failures))


def rational(seed: int, count: int) -> Tally:
    """Compare gradients of rational graphs of Fractions with dual numbers: they must be equal."""
    from autograd import Value
    from autograd import primitives as p
    from autograd.testing.expressions import build, operations, random_draw
    from autograd.testing.number_types import Dual

    source, found, failures = random.Random(seed), Counter[str](), []
    names = ("add", "mul", "sub", "div", "square", "neg", "total", "mean", "prod", "inner_product")
    pool = operations([p.TABLE[name] for name in names])
    for _ in range(count):
        point = [Fraction(source.randint(-9, 9), source.randint(1, 9)) for _ in range(3)]
        draws = [random_draw(source, len(pool)) for _ in range(source.randint(2, 10))]
        expression = build([float(x) for x in point], draws, pool)
        leaves = [Value(x) for x in point]
        root = expression(*leaves)
        root.backward()
        found["graphs"] += 1
        for i, leaf in enumerate(leaves):
            out = dual_result(expression, point, i, Dual)
            found["derivatives"] += 1
            if (root.data, leaf.grad) != (out.number, out.slope):
                found["wrong"] += 1
                failures.append(f"seed {seed}, by input {i}:\n{expression}")
    return Tally(found, 0.0, tuple(failures))


def dual_result(expression: Any, point: list[Fraction], i: int, kind: Any) -> Any:
    """Return the value and derivative of a rational expression in forward mode."""
    from autograd.testing.number_types import Exact

    duals = [Exact(kind(x, Fraction(i == j))) for j, x in enumerate(point)]
    return expression(*duals).number


def correct(seed: int, count: int) -> Tally:
    """Check correct functions of all primitives, kinks included: there must be no false alarm."""
    from autograd.testing import GradientMismatch
    from autograd.testing.expressions import operations, random_expression

    source, found, failures = random.Random(seed), Counter[str](), []
    pool = operations()
    for _ in range(count):
        expression = random_expression(source, lines=source.randint(1, 10), pool=pool)
        kind = source.choice(("ours", "ours", "at a kink", "claimed"))
        function, point, claim = correct_function(expression, kind)
        found["functions"] += 1
        verdict, error = verdict_of(function, point, claim)
        found[verdict] += 1
        found["kinks"] += kind == "at a kink"
        if isinstance(error, GradientMismatch):
            failures.append(f"seed {seed}, {kind}: {error}\n{expression}")
    return Tally(found, 0.0, tuple(failures))


def correct_function(expression: Any, kind: str) -> tuple[Any, tuple[Any, ...], Any]:
    """Return a function, a point and a claimed gradient, made of an expression."""
    from autograd import absolute, maximum, relu
    from autograd.functional import grad

    point, everything = expression.point, tuple(range(len(expression.point)))
    if kind == "at a kink":

        def kinked(*xs: Any) -> Any:
            away = xs[0] - point[0]
            return expression(*xs) + absolute(away) + relu(away) * maximum(away, 0.5 * away)

        return kinked, point, None
    if kind == "claimed":
        gradient = grad(expression, everything)
        return (lambda *xs: expression(*xs)), point, (lambda *xs: gradient(*xs))
    return expression, point, None


def verdict_of(function: Any, point: Any, claim: Any) -> tuple[str, Exception | None]:
    """Return what `check_gradients` says of a function."""
    from autograd.testing import (
        GradientMismatch,
        InconclusiveCheck,
        NonDifferentiablePoint,
        check_gradients,
    )

    try:
        check_gradients(function, *point, gradient=claim)
    except GradientMismatch as error:
        return "called wrong", error
    except NonDifferentiablePoint as error:
        return "called a kink", error
    except InconclusiveCheck as error:
        return "inconclusive", error
    return "passed", None


def planted(seed: int, count: int) -> Tally:
    """Plant a relative fault of 1e-6 in gradients of sizes 1e-9 to 1e6: each must be caught."""
    from autograd.functional import grad
    from autograd.testing.expressions import random_expression

    source, found, failures = random.Random(seed), Counter[str](), []
    while found["faults"] < count:
        expression = random_expression(source, lines=source.randint(1, 8))
        _, slopes = expression.gradient()
        largest = max(slopes, key=abs)
        if not abs(largest) > 1e-12:
            continue
        scale = 10.0 ** source.uniform(-9.0, 6.0) / abs(largest)
        which = slopes.index(largest)
        function, claim = faulty(expression, grad(expression, (0, 1, 2)), scale, which)
        found["faults"] += 1
        verdict, _ = verdict_of(function, expression.point, claim)
        found["caught"] += verdict == "called wrong"
        if verdict == "passed" and FAULT * abs(largest) < RIGHT * path_sum(expression, which):
            found["of less than 1e-10*S passed"] += 1
        elif verdict == "passed":
            failures.append(f"seed {seed}: a fault by input {which} was not caught:\n{expression}")
    return Tally(found, 0.0, tuple(failures))


def path_sum(expression: Any, which: int) -> float:
    """Return the path sum of an expression by one of its inputs."""
    from autograd import Value
    from autograd.testing.recording import path_sums

    leaves = [Value(x) for x in expression.point]
    return path_sums(expression(*leaves), leaves)[which][0]


def faulty(expression: Any, gradient: Any, scale: float, which: int) -> tuple[Any, Any]:
    """Return a scaled function, and its gradient with one derivative off by one in a million."""

    def claim(*xs: Any) -> list[Any]:
        slopes = [scale * g for g in gradient(*xs)]
        slopes[which] = slopes[which] * (1 + FAULT)
        return slopes

    return (lambda *xs: scale * expression(*xs)), claim


CAMPAIGNS: dict[str, Callable[[int, int], Tally]] = {
    "smooth": smooth,
    "second": second,
    "rational": rational,
    "correct": correct,
    "planted": planted,
}


def pieces(count: int, seed: int) -> Iterator[tuple[int, int]]:
    """Yield the seed and the size of every piece of work."""
    for start in range(0, count, CHUNK):
        yield seed * 1_000_003 + start, min(CHUNK, count - start)


def campaign(name: str, count: int, seed: int, workers: int = 2) -> tuple[Tally, float]:
    """Run one campaign, with progress on stderr, and return its tally and its seconds.

    The same seed gives the same graphs, whatever the number of workers.
    """
    start = time.monotonic()
    last_line = start
    work, total = list(pieces(count, seed)), Tally(Counter())
    with ProcessPoolExecutor(workers) as pool:
        results = pool.map(CAMPAIGNS[name], *zip(*work))
        for k, tally in enumerate(results, start=1):
            total = total.plus(tally)
            if time.monotonic() - last_line > PROGRESS_SECONDS:
                last_line = time.monotonic()
                print(f"{name}: {k * CHUNK:,} of {count:,}", file=sys.stderr)
    return total, time.monotonic() - start


def described(name: str, tally: Tally, seconds: float, seed: int) -> str:
    """Return a line of the table."""
    counts = ", ".join(f"{count:,} {what}" for what, count in tally.counts.items())
    worst = f", worst error {tally.worst:.4g} u*S" if tally.worst else ""
    wrong = (
        "" if tally.counts["wrong"] or name not in ("smooth", "second", "rational") else ", 0 wrong"
    )
    return f"{name:9} {counts}{wrong}{worst}; seed {seed}, {seconds:,.0f} s"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser("python -m benchmarks fuzz", description=__doc__)
    made.add_argument("campaigns", nargs="*", choices=[*CAMPAIGNS, []], help="all by default")
    made.add_argument("--seed", type=int, default=0, help="of everything (default: 0)")
    made.add_argument("--share", type=float, default=1.0, help="of the full size (default: 1)")
    made.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    made.add_argument("--peers", action="store_true", help="also against PyTorch and JAX")
    return made


def run(argv: list[str]) -> int:
    """Run the campaigns, print a line for each and every failure, and return the exit code."""
    options, failed = parser().parse_args(argv), 0
    print("u = 2**-53; S = path sum: over all paths, the sum of |products of local derivatives|")
    for name in options.campaigns or CAMPAIGNS:
        count = max(1, round(SIZES[name] * options.share))
        tally, seconds = campaign(name, count, options.seed, options.workers)
        print(described(name, tally, seconds, options.seed), flush=True)
        for failure in tally.failures[:5]:
            print(f"\n{failure}\n")
        failed += len(tally.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
