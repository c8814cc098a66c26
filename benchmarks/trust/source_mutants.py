"""The tests of the tests: the source is broken in one place at a time; does any test fail?

Of all modules but the compiler's, or of those of one package, as many mutants as their share of the
lines of code asks for. A mutant stands in a copy of the checkout of its own. Only the tests that
run its line are tried, fastest first, until one fails; a test that hangs has failed. What is found
is written down as it is found: a run that was interrupted goes on where it ended, and several
processes may share one, each with a range of the mutants.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.trust.chosen_tests import OBJECT_CODE
from benchmarks.trust.mutations import Mutation, code_lines, mutations
from benchmarks.trust.tests_by_line import (
    FIRST_SECONDS,
    KEPT,
    MODULE_SECONDS,
    WIDER_SECONDS,
    Tests,
    checkout,
    run_tests,
)
from testkit.processes import ROOT

COUNT = 300
PACKAGES = ("autograd", "nn")
LEFT_OUT = "autograd/compile/"
MAKES_OBJECT_CODE = "autograd/compile/machine/objects.py"  # whose mutants share none
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
MAX_EQUIVALENT = 0.1  # of all mutants
MIN_CAUGHT = 0.95  # of those that are not equivalent
MAX_TEST_SECONDS = 600.0  # of the tests that are tried on one mutant
Change = tuple[str, str, str, str]  # module, function or class, changed lines before and after
Reasons = dict[Change, str]  # why some changes change nothing


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    module, line    where it is, and
    place           in which function or class
    kind            what was changed, in a word or two
    was, became     the text of its lines before and after
    caught          whether a test failed
    by              which one
    tests, seconds  how many were chosen, and how long they took
    """

    module: str
    kind: str
    line: int
    was: str
    became: str
    caught: bool
    by: str = ""
    tests: int = 0
    seconds: float = 0.0
    place: str = ""

    @property
    def change(self) -> Change:
        """What names a mutant for as long as its function and its lines stay as they are."""
        return self.module, self.place, self.was, self.became


def key_of(module: str, line: int, was: str, became: str) -> str:
    """Return what names a mutant in one version of the source."""
    return f"{module}:{line}: {was} -> {became}"


def key(module: str, mutation: Mutation) -> str:
    """Return what names a mutant in this version of the source."""
    return key_of(module, mutation.line_number, mutation.line, mutation.mutated_line)


# Which mutants


def modules(package: str = "") -> dict[str, str]:
    """Return the text of each module that is mutated, by its path from the root.

    Those of a package, or of all but the compiler's.
    """
    folders = [package] if package else PACKAGES
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    names = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in names.items()
        if package or not name.startswith(LEFT_OUT)
    }


def shares(sizes: dict[str, int], count: int) -> dict[str, int]:
    """Return how many of `count` each gets: at least one, the rest in proportion to their sizes.

    >>> shares({"large": 80, "small": 19, "tiny": 1}, 10)
    {'large': 7, 'small': 2, 'tiny': 1}
    """
    total = sum(sizes.values())
    rest = max(count - len(sizes), 0)
    exact = {name: rest * size / total for name, size in sizes.items()}
    found = {name: 1 + int(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: int(exact[name]) - exact[name])
    for name in by_remainder[: max(count - sum(found.values()), 0)]:
        found[name] += 1
    return found


def drawn(module: str, source: str, seed: int, count: int) -> list[Mutation]:
    """Return so many mutants of a module, no two in one line as far as there are lines."""
    candidates = list(mutations(source))
    random.Random(f"{seed} {module}").shuffle(candidates)
    lines: Counter[int] = Counter()
    ranked = []
    for candidate in candidates:
        ranked.append((lines[candidate.line_number], candidate))
        lines[candidate.line_number] += 1
    ranked.sort(key=lambda pair: pair[0])
    programs = (candidate for _, candidate in ranked if candidate.is_a_program)
    return [mutation for mutation, _ in zip(programs, range(count))]


def all_drawn(sources: dict[str, str], seed: int, count: int) -> Iterator[tuple[str, Mutation]]:
    """Yield the mutants of all modules, each with the name of its module."""
    sizes = {name: code_lines(text) for name, text in sources.items() if any(mutations(text))}
    for module, share in shares(sizes, count).items():
        for mutation in drawn(module, sources[module], seed, share):
            yield module, mutation


# What becomes of one


def rounds(tests: Tests, module: str, mutation: Mutation, limit: float) -> list[list[str]]:
    """Return the tests to try on a mutant: those that run its line, fastest first, in two rounds.

    A line that runs at import, by whichever test comes first, is met by those that run most of the
    module, too, and then by the fastest of all.
    """
    exact = range(mutation.line_number, mutation.line_number + changed_lines(mutation) + 1)
    statement = range(mutation.first, mutation.last + 1)
    names = tests.of_lines(module, exact) or tests.of_lines(module, statement)
    ordered = tests.within(tests.fastest_first(names), limit)
    first = tests.within(ordered, FIRST_SECONDS)
    found = [first, ordered[len(first) :]]
    if not (mutation.called and names):
        most = set(tests.of_module(module, min(MODULE_SECONDS, limit))) - names
        others = tests.fastest_first(tests.seconds.keys() - names - most)
        wider = tests.within(others, min(WIDER_SECONDS, limit))
        found += [tests.fastest_first(most), wider]
    return found


def changed_lines(mutation: Mutation) -> int:
    """Return how many line ends the changed text has."""
    return mutation.source.count("\n", mutation.start, mutation.end)


def verdict(
    tests: Tests, module: str, mutation: Mutation, limit: float = MAX_TEST_SECONDS
) -> Verdict:
    """Run tests on a mutant until one fails, or so many seconds of tests have passed."""
    begun = time.perf_counter()
    tried = 0
    by = ""
    environment = {OBJECT_CODE: ""} if module == MAKES_OBJECT_CODE else {}
    with checkout() as copy:
        plant(copy / module, mutation)
        for names in filter(None, rounds(tests, module, mutation, limit)):
            limits = tests.limits(names)
            run = run_tests(copy, limits, "-x", timeout=tests.limit(names), **environment)
            tried += len(names)
            by = "a hang" if run.hung else "".join(run.failed[:1])
            if by:
                break
    return Verdict(
        module,
        mutation.kind,
        mutation.line_number,
        mutation.line,
        mutation.mutated_line,
        caught=bool(by),
        by=by,
        tests=tried,
        seconds=round(time.perf_counter() - begun, 1),
        place=mutation.place,
    )


def plant(path: Path, mutation: Mutation) -> None:
    """Write a mutant in the place of its module, without the code compiled from that."""
    path.write_text(mutation.mutated, encoding="utf-8", newline="")
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()


def failing_without(verdicts: Sequence[Verdict], tests: Tests) -> list[str]:
    """Return the tests that caught a mutant, but fail in a copy without one, too."""
    names = {found.by for found in verdicts} & set(tests.seconds)
    with checkout() as copy:
        return run_tests(copy, tests.limits(tests.fastest_first(names))).failed if names else []


# All of them


class Notes:
    """The verdicts of a run, in a file that grows by a line with each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[str, Verdict] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                known = Verdict(**json.loads(line))
                self.keep(known)

    def keep(self, found: Verdict) -> None:
        """Remember a verdict; the last one on a mutant counts."""
        self.found[key_of(found.module, found.line, found.was, found.became)] = found

    def add(self, found: Verdict) -> None:
        """Write down a verdict."""
        self.keep(found)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(found)) + "\n")


def equivalents(path: Path = EQUIVALENT) -> Reasons:
    """Return the reasons why some mutants do the same as what they were made of."""
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    return {(row["module"], row["in"], row["was"], row["became"]): row["reason"] for row in rows}


class Progress:
    """A line on stderr for each mutant."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.begun = time.perf_counter()
        self.counts: Counter[bool] = Counter()

    def add(self, found: Verdict) -> None:
        """Count a verdict and tell how far the run is."""
        self.counts[found.caught] += 1
        minutes = (time.perf_counter() - self.begun) / 60.0
        print(
            f"{self.counts.total()} of {self.total}: {self.counts[True]} caught,"
            f" {self.counts[False]} survive, {minutes:.1f} min; {found.module}:{found.line}"
            f" {found.by or 'SURVIVES'}",
            file=sys.stderr,
            flush=True,
        )


def campaign(
    chosen: Sequence[tuple[str, Mutation]],
    notes: Notes,
    judge: Callable[[str, Mutation], Verdict],
    again: bool = False,
) -> list[Verdict]:
    """Return the verdicts on mutants: those that are known, and those of a judge.

    Args:
        chosen  mutants, each with its module
        notes   of this run and of those before
        judge   what tells whether a mutant is caught
        again   whether those that survived before are tried again, but for equivalent ones
    """
    reasons = equivalents()
    progress = Progress(len(chosen))
    verdicts = []
    for module, mutation in chosen:
        found = notes.found.get(key(module, mutation))
        found = found and replace(found, place=mutation.place)
        if found is None or (again and is_survivor(found, reasons)):
            found = judge(module, mutation)
            notes.add(found)
        verdicts.append(found)
        progress.add(found)
    return verdicts


# What is told


def is_survivor(found: Verdict, reasons: Reasons) -> bool:
    """Tell whether a mutant that should have been caught was not."""
    return not found.caught and found.change not in reasons


def table(verdicts: Sequence[Verdict], reasons: Reasons) -> Iterator[str]:
    """Yield the lines of a table: for each module how many mutants, and what became of them."""
    yield f"{'module':36} {'mutants':>8} {'caught':>8} {'equivalent':>11} {'survivors':>10}"
    names = list(dict.fromkeys(found.module for found in verdicts))
    for name in [*names, "all"]:
        of_module = [found for found in verdicts if name in (found.module, "all")]
        caught = sum(found.caught for found in of_module)
        survivors = sum(is_survivor(found, reasons) for found in of_module)
        equivalent = len(of_module) - caught - survivors
        yield f"{name:36} {len(of_module):8} {caught:8} {equivalent:11} {survivors:10}"


def differences(verdicts: Sequence[Verdict], reasons: Reasons) -> Iterator[str]:
    """Yield each mutant that was not caught: where it is, its text before and after, why it may."""
    for found in verdicts:
        if not found.caught:
            reason = reasons.get(found.change)
            what = f"equivalent: {reason}" if reason else f"SURVIVES {found.tests} tests"
            yield f"\n{found.module}:{found.line} {found.kind}; {what}"
            yield f"- {found.was}"
            yield f"+ {found.became}"


def share_caught(verdicts: Sequence[Verdict], reasons: Reasons) -> float:
    """Return the share of the mutants that are not equivalent which the tests catch."""
    caught = sum(found.caught for found in verdicts)
    survivors = sum(is_survivor(found, reasons) for found in verdicts)
    return caught / max(caught + survivors, 1)


def options_of(argv: list[str]) -> argparse.Namespace:
    """Return what the words of a command ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks mutants", description=__doc__)
    parser.add_argument("--package", default="", help="a folder, as autograd/compile")
    parser.add_argument("--tests", nargs="*", default=(), help="files, as tests/test_compile*.py")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="of the mutants, counted from 0")
    parser.add_argument("--stop", type=int, help="the first that is not tried")
    parser.add_argument(
        "--seconds", type=float, default=MAX_TEST_SECONDS, help="of tests, for one mutant"
    )
    parser.add_argument("--results", type=Path, help="the file of verdicts that the run continues")
    parser.add_argument("--again", action="store_true", help="try those that survived again")
    parser.add_argument("--known", action="store_true", help="only tell what was found so far")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Run the campaign; the same seed gives the same mutants of the same source."""
    options = options_of(argv)
    chosen = list(all_drawn(modules(options.package), options.seed, options.count))
    chosen = chosen[options.first : options.stop]
    kept = KEPT / options.package.replace("/", "-")
    notes = Notes(options.results or kept / f"seed-{options.seed}.jsonl")
    if options.known:
        chosen = [(m, x) for m, x in chosen if key(m, x) in notes.found]
        return told(campaign(chosen, notes, never))
    tests = Tests(kept, options.package, options.tests)

    def judge(module: str, mutation: Mutation) -> Verdict:
        return verdict(tests, module, mutation, options.seconds)

    verdicts = campaign(chosen, notes, judge, options.again)
    unfair = failing_without(verdicts, tests)
    for name in unfair:
        print(f"fails without a mutation, too, so that what it caught does not count: {name}")
    return told(verdicts) or bool(unfair)


def never(module: str, mutation: Mutation) -> Verdict:
    """Refuse to judge."""
    raise LookupError(f"{module}:{mutation.line_number} has not been tried")


def told(verdicts: Sequence[Verdict]) -> int:
    """Print what a run found, and return whether it is less than it should be."""
    reasons = equivalents()
    share = share_caught(verdicts, reasons)
    equivalent = sum(not found.caught and found.change in reasons for found in verdicts)
    print("\n".join(table(verdicts, reasons)))
    print("\n".join(differences(verdicts, reasons)))
    print(f"\n{100.0 * share:.1f} % of those that are not equivalent are caught")
    return int(share < MIN_CAUGHT or equivalent > MAX_EQUIVALENT * len(verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
