"""The contest: a process for each, compared before it is timed, held still while others run."""

from __future__ import annotations

import gc
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.speed import contest, lineup, machine, tables, targets, worker
from benchmarks.speed.ours import BOUND, OURS
from benchmarks.speed.rivals import kept
from benchmarks.speed.workers import BrokenError, Worker, settings
from benchmarks.speed.workloads import GROUPS
from testkit.processes import ROOT

Array = np.ndarray[Any, Any]

NUMPY, OUT = lineup.NAMES["numpy"], lineup.NAMES["numpy-out"]
PATIENCE = 120.0
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
posix = pytest.mark.skipif(os.name == "nt", reason="selects on pipes")


def question(workload: str = "small") -> contest.Question:
    return contest.Question(workload, 0, True, PATIENCE, set())


def row(*times: float, **others: Any) -> contest.Row:
    """A contestant's row of times on one thread, in seconds."""
    return contest.Row({1: list(times)}, **others)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Worker]:
    """A process of NumPy's for a small call."""
    with Worker("numpy", "small", 0, 1, tmp_path, PATIENCE) as found:
        yield found


@posix
def test_everybody_is_compared_and_timed_in_a_process_of_its_own() -> None:
    rows = contest.compare(question("mlp"), [NUMPY._replace(threaded=False), OUT])
    assert list(rows) == ["NumPy", "NumPy, out="]
    assert all(len(row.times[1]) == contest.QUICK_ROUNDS for row in rows.values())
    assert all(0.0 < min(row.times[1]) < 1.0 for row in rows.values())
    assert rows["NumPy"].off == 0.0 and rows["NumPy, out="].off < 1e-12
    assert set(rows["NumPy, out="].times) == set(contest.counts(OUT))


def comes_to_rest(process: int) -> bool:
    """Whether a process is stopped, at once or as soon as it was told."""
    for _ in range(200):
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "T":
            return True
        time.sleep(0.01)
    return False


@linux
def test_whoever_waits_is_stopped_and_has_its_processors_only(
    alone: Worker, tmp_path: Path
) -> None:
    found = alone.ask(do="prepare", numbers=str(tmp_path / "numbers.npz"))
    assert found["made"] > 0.0 and found["first"] > 0.0 and found["peak"] > 1.0
    assert comes_to_rest(alone.process.pid)
    assert len(os.sched_getaffinity(alone.process.pid)) == 1
    again = alone.ask(do="turn", seconds=0.001, once=found["once"])
    assert 0.0 < again["step"] == again["call"] < 0.1
    alone.end()
    assert alone.process.poll() is not None


PARENT = """
import os, sys
from pathlib import Path
from benchmarks.speed.workers import Worker
worker = Worker("numpy", "small", 0, 1, Path(sys.argv[1]), 120.0)
worker.ask(do="prepare", numbers=sys.argv[1] + "/numbers.npz")
print(worker.process.pid, flush=True)
os._exit(1)
"""


@linux
def test_nobody_stays_behind_when_the_contest_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    stat = Path(f"/proc/{int(done.stdout)}/stat")
    for _ in range(200):
        # In a container without an init process the dead are never buried.
        if not stat.exists() or ") Z" in stat.read_text():
            return
        time.sleep(0.01)
    pytest.fail("the process is still there")


@posix
def test_a_process_that_ends_says_why(tmp_path: Path) -> None:
    with (
        Worker("numpy", "nothing", 0, 1, tmp_path, PATIENCE) as lost,
        pytest.raises(BrokenError, match="KeyError: 'nothing'"),
    ):
        lost.ask(do="prepare", numbers="")


@posix
def test_whoever_is_late_is_named_and_not_asked_for_a_longer_one() -> None:
    asked = question()
    asked.patience = 1e-6
    found = contest.Contest(asked, [NUMPY], ExitStack())
    assert found.enter(NUMPY).missing == "not ready within 1e-06 s"
    assert found.enter(NUMPY).missing == "too slow to get ready for a shorter one"
    found.stack.close()


class Said(Worker):
    """What a process says that has made numbers of its own; there is none."""

    def __init__(self, **parts: Array) -> None:
        self.parts: dict[str, Any] = parts

    def ask(self, **question: Any) -> dict[str, float]:
        np.savez(question["numbers"], **self.parts)
        return {"once": 1.0}


@pytest.fixture
def compared() -> Iterator[contest.Contest]:
    """A contest whose numbers are 1, 2 and 3."""
    with ExitStack() as stack:
        found = contest.Contest(question(), [NUMPY], stack)
        found.prepared(NUMPY, 1, Said(numbers=np.array([1.0, 2.0, 3.0])))
        yield found


def test_a_wrong_number_is_not_timed(
    compared: contest.Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Said(numbers=np.array([1.0, 2.0, 3.00001]))
    monkeypatch.setattr(
        contest.Contest, "ready", lambda self, rival, row: self.prepared(rival, 1, wrong)
    )
    row = compared.enter(NUMPY)
    assert row.wrong and "the numbers differ by 3" in row.missing and not row.times


def test_a_part_of_the_batch_is_compared_with_a_part(compared: contest.Contest) -> None:
    part = Said(numbers=np.array([1.5]), expected=np.array([1.5]))
    assert compared.prepared(NUMPY, 1, part)["off"] == 0.0


def test_a_package_that_is_not_here_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(worker, "import_module", lambda name: __import__("no_such_package"))
    _, found = worker.prepare("jax", "small", 0, str(tmp_path / "numbers.npz"))
    assert "not installed" in found["missing"] and "no_such_package" in found["missing"]


def test_who_does_not_have_a_workload_says_nothing_or_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if importlib.util.find_spec("numba"):
        assert worker.prepare("numba", "gpt", 0, "")[1] == {"missing": ""}
    table = {"gpt": "it has no logarithm"}
    monkeypatch.setattr("benchmarks.speed.rivals.by_numpy.MAKERS", table)
    assert worker.prepare("numpy", "gpt", 0, "")[1] == {"missing": "it has no logarithm"}


def test_garbage_is_collected_between_turns_only() -> None:
    enabled = []
    worker.turn(lambda: enabled.append(gc.isenabled()), seconds=8.0, once=1.0)
    assert enabled == [False] * 8 and gc.isenabled()


def test_a_turn_warms_what_is_fast() -> None:
    enabled = []
    worker.turn(lambda: enabled.append(gc.isenabled()), seconds=4.0, once=0.4)
    assert enabled == [True] + [False] * 10


def test_threads_are_powers_of_two_and_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(6), raising=False)
    assert contest.counts(NUMPY) == [1, 2, 4, 6]
    assert contest.counts(NUMPY._replace(threaded=False)) == [1]


def test_a_contestant_keeps_nothing_outside_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", "/elsewhere")
    found = settings(2, tmp_path)
    assert "CHAINRULE_CACHE" not in found and found["OMP_NUM_THREADS"] == "2"
    assert found["HOME"] == found[kept.VARIABLE] == str(tmp_path)
    assert settings(1, tmp_path)["XLA_FLAGS"] and not found["XLA_FLAGS"]


def test_a_table_has_one_thread_the_best_threads_and_first_calls() -> None:
    rows = {
        OURS: contest.Row(
            {1: [4e-6, 2e-6, 3e-6], 2: [2e-6]},
            cold={"made": 1.0, "first": 0.5, "note": "numba engine"},
            warm={"made": 0.1, "first": 0.15, "note": "numba engine"},
        ),
        "NumPy": row(6e-6, off=2e-16),
        "JAX": contest.Row(missing="not installed"),
    }
    head, _, _, rule, *lines = tables.table("a step", 64, rows)
    assert head == "## A step; batch 64" and rule.count("|") == len(tables.HEAD) + 1
    assert lines[0] == (
        "| **chainrule** | 3.00 µs | 1.00 | 2.00 µs | 2.00 µs (2) | 1.00 | 1.50 s | 250 ms | 0"
        " | numba engine |"
    )
    assert lines[1] == "| NumPy | 6.00 µs | 2.00 | 6.00 µs |  | 3.00 |  |  | 2e-16 |  |"
    assert lines[-1] == "JAX: not installed."


def test_a_wrong_row_has_no_times_in_the_table() -> None:
    rows = {OURS: row(1e-6), "NumPy": row(1e-9, missing="the numbers differ", wrong=True)}
    lines = list(tables.table("a step", 1, rows))
    assert not any(line.startswith("| NumPy") for line in lines)
    assert lines[-1] == "NumPy: the numbers differ."


def test_units_have_three_digits() -> None:
    times = 2.5, 0.0999, 12.34e-6, 999.6e-9
    assert [tables.unit(x) for x in times] == ["2.50 s", "99.9 ms", "12.3 µs", "1000 ns"]


def test_goals_that_were_measured_are_judged_by_median_and_fastest_turn() -> None:
    results: dict[str, dict[str, Any]] = {
        "mlp": {OURS: row(8e-6, 8e-6)},
        "pendulum 1": {OURS: row(70e-6, 80e-6, 90e-6)},
        "small": {OURS: row(2e-6), BOUND: row(0.3e-6)},
        "training": {"speed": 500.0, "difference": 1e-8},
    }
    found = [line.split(" | ") for line in list(targets.verdicts(results))[2:]]
    assert [(words[0].strip("| "), words[-1].strip("| ")) for words in found] == [
        ("pendulum 1: a step", "not sure"),
        ("mlp: a step", "met"),
        ("small: a step", "NOT MET"),
        ("small, bound: a step", "met"),
        ("training on digits: iterations a second, of eager's", "met"),
        ("training on digits: losses differ after 1,000 iterations by", "NOT MET"),
    ]


def test_every_goal_is_of_a_workload_that_there_is() -> None:
    keys = {make().key for name in GROUPS if name != "million" for make in GROUPS[name]}
    assert set(targets.STEPS) <= keys and set(targets.FIRST) <= keys


def test_the_heading_says_where_and_when() -> None:
    text = "\n".join(machine.heading([NUMPY], 0.02, 41, quick=True))
    assert f"| numpy | {np.__version__} |" in text and "turns of 20 ms" in text
    assert "medians of 41 turns" in text and "A quick run" in text
