"""A plugin of pytest that runs chosen tests in a given order, and notes how long each took.

It reads the environment: `CHOSEN_TESTS` names a JSON file with the tests to run, in order, and how
many seconds each may take; without it all run. A test that takes longer ends the process.
`TEST_REPORT` names the JSON file that is written: seconds by test, and what failed. `OBJECT_CODE`
names a folder with the object code of every text that LLVM has seen: compiled once, for whatever
mutant. With `EACH_FRESH` every test writes its kernels anew, so that the lines that do so are seen
to be its own. Memory is limited, so that a mutant that never ends does not take the machine with
it.
"""

from __future__ import annotations

import faulthandler
import hashlib
import json
import os
import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

CHOSEN = "CHOSEN_TESTS"
REPORT = "TEST_REPORT"
OBJECT_CODE = "OBJECT_CODE"
EACH_FRESH = "EACH_FRESH"
COMPILER = "autograd.compile."
NOT_FORGOTTEN = ("engine", "target_machine", "checked_folder", "version")  # no kernels
MAX_BYTES = 12 << 30  # of addresses; LLVM alone takes some
seconds: dict[str, float] = defaultdict(float)
failed: list[str] = []
allowed: dict[str, float] = {}


def pytest_configure(config: Any) -> None:
    """Read what is chosen, and limit the memory of this process and of those that it starts."""
    if CHOSEN in os.environ:
        allowed.update(json.loads(Path(os.environ[CHOSEN]).read_text(encoding="utf-8")))
    if os.environ.get(OBJECT_CODE):
        with suppress(ImportError):  # no llvmlite
            compile_texts_once(Path(os.environ[OBJECT_CODE]))
    try:
        import resource
    except ImportError:  # no Unix
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, hard))


def compile_texts_once(folder: Path) -> None:
    """Have object code taken from a folder, by the text that it was made from."""
    from llvmlite import binding

    from autograd.compile.machine import objects

    compiled = objects.object_code

    def object_code(text: str, passes: str = objects.USUAL) -> bytes:
        said = f"{binding.get_host_cpu_name()} {passes}\n{text}"
        path = folder / hashlib.sha256(said.encode()).hexdigest()
        if not path.exists():
            beside = path.with_name(f"{path.name}.{os.getpid()}")
            beside.write_bytes(compiled(text, passes))
            beside.replace(path)
        return path.read_bytes()

    folder.mkdir(parents=True, exist_ok=True)
    objects.object_code = object_code


def pytest_runtest_setup() -> None:
    """Forget all kernels, where every test is to write its own."""
    if EACH_FRESH in os.environ and f"{COMPILER}machine.objects" in sys.modules:
        sys.modules[f"{COMPILER}machine.objects"].addresses.clear()
        trimming = sys.modules[f"{COMPILER}machine.trimming"]
        trimming.empty(trimming.root())
        for name, module in list(sys.modules.items()):
            if name.startswith(COMPILER):
                forget(module)


def forget(module: Any) -> None:
    """Empty the caches of a module's functions, but for those without which no code can run."""
    for name, function in list(vars(module).items()):
        if hasattr(function, "cache_clear") and name not in NOT_FORGOTTEN:
            function.cache_clear()


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


def pytest_sessionfinish(session: Any) -> None:
    """Write down what was noted; of several processes, the one that hears of all does."""
    if REPORT in os.environ and not hasattr(session.config, "workerinput"):
        found = {"seconds": seconds, "failed": list(dict.fromkeys(failed))}
        Path(os.environ[REPORT]).write_text(json.dumps(found), encoding="utf-8")
