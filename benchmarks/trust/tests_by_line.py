"""Which tests run a line: measured once, in a copy of the checkout, and kept.

The tests of a file that is new or was changed are measured again when they are needed; all are when
a module was changed, or what all tests share.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.trust.chosen_tests import CHOSEN, EACH_FRESH, OBJECT_CODE, REPORT
from testkit.processes import ROOT

KEPT = ROOT / ".mutants"  # what is measured, and what was found
COPIED = ("autograd", "nn", "tests", "testkit", "benchmarks", "docs", "notebooks", ".ci")
SHARED = ("autograd", "nn", "testkit", "tests/conftest.py", "setup.cfg")
ALL_TESTS = ("tests/test_*.py", "benchmarks/tests/test_*.py")
MODULE_SECONDS = 60.0  # of tests, for a line that runs when its module is imported
WIDER_SECONDS = 240.0  # of all others, the fastest first, if no test of these fails
FIRST_SECONDS = 20.0  # of the fastest tests, before all others are collected
TIMEOUT_FACTOR = 10.0  # of the time that tests take without a mutation
TIMEOUT_SECONDS = 30.0  # in addition


class Run(NamedTuple):
    """What a run of tests reported: seconds of each, those that failed, whether it had to end."""

    seconds: dict[str, float]
    failed: list[str]
    hung: bool
    output: str


@contextmanager
def checkout() -> Iterator[Path]:
    """Give a copy of the checkout, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / ROOT.name
        copy.mkdir()
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name)
        for path in ROOT.iterdir():
            if path.is_file() and (not path.name.startswith(".") or path.name == ".gitignore"):
                shutil.copy2(path, copy)
        yield copy


def run_tests(
    folder: Path,
    tests: Mapping[str, float] | None,
    *options: str,
    timeout: float | None = None,
    **environment: str,
) -> Run:
    """Run tests of a checkout in a process of their own; all without a choice.

    Args:
        folder      the root of the checkout
        tests       how many seconds each may take, in the order in which they are to run
        options     of pytest
        timeout     in seconds; the process and all that it started are ended then
        environment what else its variables are
    """
    notes = folder.parent
    report, chosen = notes / "report.json", notes / "chosen.json"
    report.unlink(missing_ok=True)
    settings = {**os.environ, "PYTHONPATH": str(folder), REPORT: str(report)}
    settings |= {OBJECT_CODE: str(KEPT / "object_code"), **environment}
    # A folder of its own for each: kept code is asked for by what says what it does, and what a
    # mutant wrote for that must meet no other.
    settings["CHAINRULE_CACHE"] = str(notes / "machine_code")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "benchmarks.trust.chosen_tests"]
    command += ["-p", "no:cacheprovider", *options]
    if tests is not None:
        chosen.write_text(json.dumps(tests), encoding="utf-8")
        settings[CHOSEN] = str(chosen)
        command += dict.fromkeys(test.split("::")[0] for test in tests)
    with open(notes / "output.txt", "w+", encoding="utf-8", errors="replace") as output:
        hung = not ended(command, folder, settings, output, timeout)
        output.seek(0)
        text = output.read()
    if not report.exists():
        return Run({}, ["a hang or a crash"], hung, text)
    return Run(**json.loads(report.read_text(encoding="utf-8")), hung=hung, output=text)


def ended(
    command: list[str], folder: Path, settings: dict[str, str], output: Any, timeout: float | None
) -> bool:
    """Run a command, and tell whether it ended in time; what it started is ended with it."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=settings,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        process.wait(timeout)
        return True
    except subprocess.TimeoutExpired:
        return False
    finally:
        end_all(process)


def end_all(process: subprocess.Popen[Any]) -> None:
    """End a process and, where the system knows of groups, all that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):  # all have ended
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


# Measuring


def digest(names: Iterable[str]) -> str:
    """Return what tells whether a file has changed, or one in a folder."""
    found = hashlib.sha256()
    for name in names:
        path = ROOT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(file.read_bytes())
    return found.hexdigest()


def test_files(patterns: Sequence[str] = ALL_TESTS) -> dict[str, str]:
    """Return the files of tests that are no modules, with what tells whether they have changed."""
    paths = {path for pattern in patterns for path in ROOT.glob(pattern)}
    names = sorted(path.relative_to(ROOT).as_posix() for path in paths)
    return {name: digest([name]) for name in names}


class Tests:
    """The tests of the project: how long each takes, and which lines it runs.

    Args:
        kept     the folder of what is measured
        package  the only folder whose lines count, where it is not all of them
        files    patterns of the files of tests, where it is not all of them; the examples in the
                 docstrings of the package are tests, too
    """

    def __init__(self, kept: Path = KEPT, package: str = "", files: Sequence[str] = ()) -> None:
        self.notes = kept / "tests.json"
        self.lines = kept / "coverage"
        self.package = package
        self.patterns = files
        kept.mkdir(parents=True, exist_ok=True)
        self.known: dict[str, Any] = {"shared": "", "files": {}, "seconds": {}, "failed": []}
        if self.notes.exists():
            self.known = json.loads(self.notes.read_text(encoding="utf-8"))
        self.measure()

    def measure(self) -> None:
        """Run those tests under coverage that have not been measured as they are now.

        Raises: RuntimeError: they could not be run.
        """
        shared, files = digest(SHARED), test_files(self.patterns or ALL_TESTS)
        if shared != self.known["shared"]:
            self.known = {"shared": shared, "files": {}, "seconds": {}, "failed": []}
            self.lines.unlink(missing_ok=True)
        changed = [name for name in files if self.known["files"].get(name) != files[name]]
        if not changed:
            return
        names = self.to_run(changed)
        what = ", ".join(names) or "all tests"
        print(f"measuring which lines run: {what} ...", file=sys.stderr, flush=True)
        run = self.covered(names)
        if not run.seconds:
            raise RuntimeError(f"the tests could not be measured: {run.output[-1000:]}")
        kept = self.unchanged(changed)
        self.known["seconds"] = {**kept, **run.seconds}
        self.known["failed"] = [*(set(self.known["failed"]) & set(kept)), *run.failed]
        self.known["files"] = files
        self.notes.write_text(json.dumps(self.known), encoding="utf-8")

    def to_run(self, changed: Sequence[str]) -> list[str]:
        """Return what pytest is asked to run: the files that were changed; none for all tests."""
        if self.known["files"]:
            return list(changed)
        if not self.patterns:
            return []
        return [*filter(None, [self.package]), *changed]

    def covered(self, names: Sequence[str]) -> Run:
        """Run tests under coverage; all without a name."""
        with checkout() as copy:
            # Which branches are taken is not asked for, and takes time and room.
            settings = copy / "setup.cfg"
            text = settings.read_text(encoding="utf-8")
            settings.write_text(text.replace("branch = True", "branch = False"), encoding="utf-8")
            return run_tests(
                copy,
                None,
                *("-n", "2", f"--cov={self.package}" if self.package else "--cov"),
                *("--cov-context=test", "--cov-append", "--cov-report="),
                *names,
                timeout=None,
                **{"COVERAGE_FILE": str(self.lines), EACH_FRESH: "yes"},
            )

    def unchanged(self, changed: Sequence[str]) -> dict[str, float]:
        """Return the times of the tests in files that are there and have not been changed."""
        known = self.known["seconds"]
        files = {name: name.split("::")[0] for name in known}
        there = {file for file in set(files.values()) - set(changed) if (ROOT / file).exists()}
        return {name: found for name, found in known.items() if files[name] in there}

    @property
    def seconds(self) -> dict[str, float]:
        """The time of each test that passes."""
        failed = set(self.known["failed"])
        return {name: s for name, s in self.known["seconds"].items() if name not in failed}

    @lru_cache(maxsize=2)  # noqa: B019
    def by_line(self, module: str) -> dict[int, set[str]]:
        """Return the tests that run each line of a module, or of any in a folder."""
        from coverage import CoverageData

        data = CoverageData(str(self.lines))
        data.read()
        found: dict[int, set[str]] = {}
        for path in data.measured_files():
            name = path.replace(os.sep, "/")
            if name.endswith(f"/{module}") or (module.endswith("/") and f"/{module}" in name):
                for line, contexts in data.contexts_by_lineno(path).items():
                    names = (context.rpartition("|")[0] for context in contexts)
                    found.setdefault(line, set()).update(name for name in names if name)
        return found

    def of_lines(self, module: str, lines: Iterable[int]) -> set[str]:
        """Return the tests that pass and run any of some lines, once they are called."""
        by_line = self.by_line(module)
        return set[str]().union(*(by_line.get(line, ()) for line in lines)) & self.seconds.keys()

    def of_module(self, module: str, limit: float) -> list[str]:
        """Return the tests that run most lines of a module and take so many seconds together.

        Those of a module that only imports others are those of its folder.
        """
        folder = Path(module).parent.as_posix()
        counts = self.counts(module) or self.counts(f"{folder}/")
        return self.within(sorted(counts, key=lambda name: (-counts[name], name)), limit)

    def counts(self, module: str) -> Counter[str]:
        """Return how many lines of a module, or of a folder, each test runs."""
        return Counter(name for names in self.by_line(module).values() for name in names)

    def within(self, names: Iterable[str], limit: float) -> list[str]:
        """Return the first tests that together take no longer than a limit."""
        seconds = self.seconds
        chosen, spent = [], 0.0
        for name in names:
            cost = seconds.get(name)
            if cost is not None and spent + cost <= limit:
                spent += cost
                chosen.append(name)
        return chosen

    def fastest_first(self, names: Iterable[str]) -> list[str]:
        """Return tests that pass in the order of their time."""
        seconds = self.seconds
        return sorted((n for n in names if n in seconds), key=lambda name: (seconds[name], name))

    def limits(self, names: Iterable[str]) -> dict[str, float]:
        """Return how many seconds each test may take before it counts as one that hangs."""
        seconds = self.seconds
        return {name: TIMEOUT_FACTOR * seconds[name] + TIMEOUT_SECONDS for name in names}

    def limit(self, names: Iterable[str]) -> float:
        """Return how many seconds tests may take together."""
        seconds = self.seconds
        return TIMEOUT_FACTOR * sum(seconds[name] for name in names) + TIMEOUT_SECONDS
