"""A campaign of claimed gradients: does every verdict keep what its resolution promises?

A resolution is the smallest fault that a verdict could have told from rounding and truncation, a
share of S, the path sum. No right gradient is called wrong, no fault of more than twice the stated
resolution passes, and a resolution worse than 1e-4 of S is inconclusive.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.environments import environment, run_there
from benchmarks.trust import fuzz, peer_gradients

COUNT = 10_000  # functions
RIVALS_COUNT = 1_000  # functions that rivals are shown, too
CHUNK = 50  # functions of one piece of work
SEEDS = 1_000_003  # from the functions of one seed to those of the next
MARGIN = 2.0  # resolutions: a fault that is larger must not pass
ROUNDED = 1e-13  # of S: what is no further off is a right claim, rounded
COARSEST = 1e-4  # of S: a resolution that is worse is inconclusive, ...
SLACK = 2.0  # ... S being an estimate of the judge's, and taken from a claim that may be off
SHARP = 1e-7  # the goal for an analytic function whose value is not large against S
LARGE_VALUE = 1e3  # of S
PROGRESS_SECONDS = 5.0
FAILURES_SHOWN = 5
UNSURE = ("inconclusive", "not deterministic")


def main(argv: list[str]) -> int:
    """Make the environment of the oracle, or that of the rivals, and run the campaign in it."""
    if "--rivals" in argv:
        python = environment("tensors", *peer_gradients.REQUIREMENTS)
        return run_there(python, "benchmarks.trust.claim_rivals", *argv)
    python = environment("fuzz", *fuzz.REQUIREMENTS)
    return run_there(python, "benchmarks.trust.claims", *argv)


class Verdict(NamedTuple):
    """What was said of a claim: passed, wrong, kink, inconclusive, not deterministic, crash.

    Attributes: bounds, the smallest fault that each part could have told, by what it states;
    oracles, who judged; is_worst, whether the report states the resolution of its worst part.
    """

    said: str
    text: str = ""
    bounds: tuple[float, ...] = ()
    oracles: tuple[str, ...] = ()
    is_worst: bool = True
    seconds: float = 0.0


def verdict(made: Any, claims: Sequence[float]) -> Verdict:
    """Return what `check_gradients` says of a claim; a warning is an error."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = judged(made, claims)
    return found._replace(seconds=time.perf_counter() - start)


def judged(made: Any, claims: Sequence[float]) -> Verdict:
    """Return what `check_gradients` says of a claim."""
    from autograd.testing import (
        GradientMismatch,
        InconclusiveCheck,
        NonDifferentiablePoint,
        check_gradients,
    )

    try:
        report = check_gradients(made.function(), *made.args, gradient=made.claimed(claims))
    except GradientMismatch as error:
        return Verdict("wrong", str(error))
    except NonDifferentiablePoint as error:
        return Verdict("kink", str(error))
    except InconclusiveCheck as error:
        sure = type(error) is InconclusiveCheck
        return Verdict("inconclusive" if sure else "not deterministic", str(error))
    except Warning as error:
        return Verdict("warning", f"{type(error).__name__}: {error}")
    except Exception as error:
        return Verdict("crash", f"{type(error).__name__}: {error}")
    parts = report.components
    bounds, oracles = tuple(map(stated, parts)), tuple(part.oracle for part in parts)
    return Verdict("passed", str(report), bounds, oracles, states_the_worst(report))


def stated(part: Any) -> float:
    """Return the smallest fault that a part of a report could have told, by all that it states."""
    resolution = getattr(part, "resolution", None)
    bound = float(part.bound if resolution is None else min(part.bound, resolution * part.scale))
    return math.inf if math.isnan(bound) else bound


def states_the_worst(report: Any) -> bool:
    """Tell whether the resolution of a report, if it states one, is that of its worst part."""
    found = getattr(report, "resolution", None)
    return found is None or all(part.resolution <= found for part in report.components)


def resolution(made: Any, bounds: Sequence[float]) -> float:
    """Return the worst bound of a report as a share of S; where S is 0 every number will do."""
    shares = (float(b / s) if s else 0.0 * b for b, s in zip(bounds, made.sums))
    return max((x if x == x else math.inf for x in shares), default=0.0)


@dataclass
class Tally:
    """What a campaign found of one kind of function."""

    counts: Counter[str] = field(default_factory=Counter)
    resolutions: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another piece of work found."""
        self.counts += other.counts
        self.resolutions += other.resolutions
        self.seconds += other.seconds
        self.failures += other.failures

    def fail(self, what: str, made: Any, found: Verdict) -> None:
        """Note a failure, so that it can be seen again."""
        self.counts[f"failed: {what}"] += 1
        self.failures.append(f"{what}: {found.text or found.said}\n{made}")


def examine(made: Any, tally: Tally) -> None:
    """Check the right claim and the wrong one of a function, and note what was said."""
    tally.counts["functions"] += 1
    for which, claims in (("right", made.right), ("fault", made.wrong)):
        found = verdict(made, claims)
        tally.seconds.append(found.seconds)
        name = found.said
        if found.said == "passed":
            name = passed(made, claims, found, which, tally)
        elif found.said in ("crash", "warning"):
            tally.fail(found.said, made, found)
        elif found.said == "wrong" and must_not_be_wrong(made, which):
            tally.fail("a right gradient is called wrong", made, found)
        tally.counts[f"{which}: {name}"] += 1
        if which == "right":
            count_goals(made, found, tally)
            tally.counts[f"restless: {found.said}"] += not made.draft.is_deterministic


def must_not_be_wrong(made: Any, which: str) -> bool:
    """Tell whether "wrong" is a failure: at a kink no slope of either side is wrong, nor a mean."""
    return made.draft.is_continuous if made.kind == "kink" else which == "right"


def passed(made: Any, claims: Sequence[float], found: Verdict, which: str, tally: Tally) -> str:
    """Return how large the fault was that passed, or "passed" for none; note what must not be."""
    if len(found.bounds) != len(claims):
        tally.fail("a derivative is missing in the report", made, found)
        return "passed"
    if which == "right":
        tally.resolutions.append(resolution(made, found.bounds))
    if resolution(made, found.bounds) > SLACK * COARSEST:
        tally.fail("passed by a resolution worse than 1e-4", made, found)
    if not found.is_worst:
        tally.fail("a part has a worse resolution than its report", made, found)
    parts = zip(made.faults(claims), found.bounds, made.sums)
    if any(f > MARGIN * b and f > ROUNDED * s for f, b, s in parts):
        tally.fail("a fault above twice the resolution passed", made, found)
        return "passed above"
    return "passed" if which == "right" and made.kind != "kink" else "passed within"


def count_goals(made: Any, found: Verdict, tally: Tally) -> None:
    """Count what the goals are about: usual functions, and those that were judged sharply."""
    size = max(map(abs, made.value()))
    tally.counts.update(f"judge: {oracle}" for oracle in set(found.oracles))
    if all(size <= LARGE_VALUE * s for s in made.sums if s):
        sharp = found.said == "passed" and resolution(made, found.bounds) <= SHARP
        for name in ("usual", "of floats only")[: 1 + made.draft.is_of_floats_only]:
            tally.counts[name] += 1
            tally.counts[f"{name}, inconclusive"] += found.said in UNSURE
            tally.counts[f"{name}, sharp"] += sharp


def piece(seeds: Sequence[int], kinds: Sequence[str]) -> dict[str, Tally]:
    """Examine the functions of some seeds."""
    from testkit.claimed_functions import claimed_function

    found: dict[str, Tally] = {}
    for seed in seeds:
        made = claimed_function(seed)
        if not kinds or made.kind in kinds:
            examine(made, found.setdefault(made.kind, Tally()))
    return found


def pieces(count: int, seed: int) -> Iterator[range]:
    """Yield the seeds of every piece of work."""
    first = seed * SEEDS
    for start in range(first, first + count, CHUNK):
        yield range(start, min(start + CHUNK, first + count))


def campaign(count: int, seed: int, kinds: Sequence[str], workers: int) -> dict[str, Tally]:
    """Examine many functions, with progress on stderr; the workers change nothing but the time."""
    from testkit.claimed_functions import KINDS

    found = {kind: Tally() for kind in KINDS if not kinds or kind in kinds}
    work = list(pieces(count, seed))
    last_line = time.monotonic()
    with ProcessPoolExecutor(workers) as pool:
        for k, part in enumerate(pool.map(piece, work, [kinds] * len(work)), start=1):
            for kind, tally in part.items():
                found[kind].add(tally)
            if time.monotonic() - last_line > PROGRESS_SECONDS:
                last_line = time.monotonic()
                print(f"claims: {k * CHUNK:,} of {count:,}", file=sys.stderr)
    return found


HEADINGS = (
    "kind", "functions", "right: passed", "called wrong", "kink", "inconclusive",
    "faults: caught", "passed, below 2 resolutions", "passed, above", "kink", "inconclusive",
    "resolution: median", "90 %", "ms",
)  # fmt: skip


def row(kind: str, tally: Tally) -> list[str]:
    """Return a line of the table."""
    counts = tally.counts
    passed = sum(counts[f"right: {name}"] for name in ("passed", "passed within", "passed above"))
    cells: list[str | int] = [kind, counts["functions"], passed]
    cells += [counts["right: wrong"], counts["right: kink"], unsure(counts, "right")]
    cells += [counts["fault: wrong"], counts["fault: passed within"]]
    cells += [counts["fault: passed above"], counts["fault: kink"], unsure(counts, "fault")]
    cells += [quantile(tally.resolutions, 0.5), quantile(tally.resolutions, 0.9)]
    cells.append(f"{1e3 * statistics.fmean(tally.seconds or [0.0]):.0f}")
    return [f"{cell:,}" if isinstance(cell, int) else cell for cell in cells]


def unsure(counts: Counter[str], which: str) -> int:
    """Return how many claims no verdict was possible of."""
    return sum(counts[f"{which}: {said}"] for said in UNSURE)


def quantile(numbers: Sequence[float], share: float) -> str:
    """Return a quantile as text."""
    ordered = sorted(numbers)
    return f"{ordered[int(share * (len(ordered) - 1))]:.0e}" if ordered else ""


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table for a document."""
    lines = [headings, ["---"] + ["---:"] * (len(headings) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def together(found: dict[str, Tally]) -> Tally:
    """Return what was found of all kinds."""
    every = Tally()
    for tally in found.values():
        every.add(tally)
    return every


def goals(found: dict[str, Tally]) -> list[str]:
    """Return what is wanted, with what was found."""
    every, usual = together(found), found.get("analytic", Tally()).counts
    slowest = max(every.seconds, default=0.0)
    return [
        f"analytic, |f| <= 1e3 S: {sharpness(usual, 'usual')}",
        f"those that take floats only: {sharpness(usual, 'of floats only')}",
        f"of all, {share(unsure(every.counts, 'right'), every.counts['functions'])} are"
        " inconclusive (goal: 20 %)",
        f"of functions that give another value on every call: {named(every, 'restless: ')}",
        f"right gradients judged by: {named(every, 'judge: ')}",
        f"slowest check: {slowest:.2f} s",
        f"failures: {named(every, 'failed: ')}",
    ]


def sharpness(counts: Counter[str], name: str) -> str:
    """Return how sharply analytic functions were judged, and how many could not be."""
    return (
        f"{share(counts[f'{name}, sharp'], counts[name])} have a resolution of 1e-7 S or better"
        f" (goal: 90 %), {share(counts[f'{name}, inconclusive'], counts[name])} are inconclusive"
        " (goal: 5 %)"
    )


def named(tally: Tally, start: str) -> str:
    """Return the counts whose names begin alike."""
    names = sorted(name for name in +tally.counts if name.startswith(start))
    return ", ".join(f"{tally.counts[k]:,} {k.removeprefix(start)}" for k in names) or "none"


def share(part: int, whole: int) -> str:
    """Return a percentage, and of what."""
    return f"{100.0 * part / max(whole, 1):.1f} % of {whole:,}"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser("python -m benchmarks claims", description=__doc__)
    made.add_argument("--count", type=int, help=f"of functions (default: {COUNT})")
    made.add_argument("--seed", type=int, default=0, help="of the campaign (default: 0)")
    made.add_argument("--only", action="store_true", help="the one function of that seed")
    made.add_argument("--kind", action="append", default=[], help="these kinds, not all")
    made.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    made.add_argument(
        "--failures", type=int, default=FAILURES_SHOWN, help="shown of each kind (default: 5)"
    )
    made.add_argument("--rivals", action="store_true", help="beside SciPy, PyTorch and JAX")
    return made


def only(seed: int) -> int:
    """Show one function, and what is said of its claims."""
    from testkit.claimed_functions import claimed_function

    made, tally = claimed_function(seed), Tally()
    print(made)
    for which, claims in (("right", made.right), ("wrong", made.wrong)):
        found = verdict(made, claims)
        print(f"\n{which}: {found.said} in {found.seconds:.3f} s\n{found.text}")
        if found.bounds:
            print(f"faults {made.faults(claims)}\nbounds {list(found.bounds)}")
    examine(made, tally)
    print(f"\n{'failed' if tally.failures else 'as it should be'}")
    return 1 if tally.failures else 0


def run(argv: list[str]) -> int:
    """Run the campaign, print its table and its failures, and return the exit code."""
    options, start = parser().parse_args(argv), time.monotonic()
    if options.only:
        return only(options.seed)
    count = options.count or COUNT
    found = campaign(count, options.seed, options.kind, options.workers)
    rows = [row(kind, tally) for kind, tally in found.items()]
    print(markdown(HEADINGS, [*rows, row("all", together(found))]) + "\n")
    print("\n".join(goals(found)))
    print(f"seed {options.seed}, {time.monotonic() - start:,.0f} s")
    for tally in found.values():
        for failure in tally.failures[: options.failures]:
            print(f"\n{failure}")
    return 1 if together(found).failures else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
