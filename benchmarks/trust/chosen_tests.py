"""A plugin of pytest that runs chosen tests in a given order, and notes how long each took.

It reads the environment: `CHOSEN_TESTS` names a JSON file with the tests to run, in order, and how
many seconds each may take; without it all run. A test that takes longer ends the process.
`TEST_REPORT` names the JSON file that is written: seconds by test, and what failed. Memory is
limited, so that a mutant that never ends does not take the machine with it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

CHOSEN = "CHOSEN_TESTS"
REPORT = "TEST_REPORT"
MAX_BYTES = 12 << 30  # of addresses; LLVM alone takes some
seconds: dict[str, float] = defaultdict(float)
failed: list[str] = []
allowed: dict[str, float] = {}


def pytest_configure(config: Any) -> None:
    """Read what is chosen, and limit the memory of this process and of those that it starts."""
    if CHOSEN in os.environ:
        allowed.update(json.loads(Path(os.environ[CHOSEN]).read_text(encoding="utf-8")))
    try:
        import resource
    except ImportError:  # no Unix
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, hard))


def pytest_collection_modifyitems(items: list[Any], config: Any) -> None:
    """Keep the chosen tests only, in the order in which they were chosen."""
    if not allowed:
        return
    place = {name: i for i, name in enumerate(allowed)}
    others = [item for item in items if item.nodeid not in place]
    config.hook.pytest_deselected(items=others)
    items[:] = sorted(
        (item for item in items if item.nodeid in place), key=lambda item: place[item.nodeid]
    )


def pytest_runtest_logstart(nodeid: str) -> None:
    """Set the time at which the process ends if the test has not."""
    if nodeid in allowed:
        stderr = sys.__stderr__ or sys.stderr
        faulthandler.dump_traceback_later(allowed[nodeid], exit=True, file=stderr)


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Take it back."""
    faulthandler.cancel_dump_traceback_later()


def pytest_collectreport(report: Any) -> None:
    """Note a file whose tests cannot be collected."""
    if report.failed:
        failed.append(report.nodeid)


def pytest_runtest_logreport(report: Any) -> None:
    """Note the time of a test, and whether it failed."""
    seconds[report.nodeid] += report.duration
    if report.failed:
        failed.append(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write down what was noted."""
    if REPORT in os.environ:
        found = {"seconds": seconds, "failed": list(dict.fromkeys(failed))}
        Path(os.environ[REPORT]).write_text(json.dumps(found), encoding="utf-8")
