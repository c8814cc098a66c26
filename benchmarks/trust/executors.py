"""The same training by executors of every kind, with workers that are killed: the same bits?"""

from __future__ import annotations

import argparse
import contextlib
import logging
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.environments import environment, run_there
from testkit.executors import digest, digest_of_killed, digest_with_checkpoints
from testkit.processes import ROOT

PACKAGES = "numpy", "llvmlite", "cloudpickle", "distributed", "loky"
OPTIONAL = "mpi4py", "mpich"
MPI_SECONDS = 120.0  # more than a run takes
Source = Any  # an executor, or a function that makes one


class Kind(NamedTuple):
    """A kind of executor: what opens one, and whether one of its workers can be killed."""

    name: str
    opened: Callable[[], contextlib.AbstractContextManager[Source]]
    can_be_killed: bool = True


def processes(workers: int, method: str) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, multiprocessing.get_context(method))


@contextlib.contextmanager
def maker(make: Callable[[], Source]) -> Iterator[Source]:
    """A function that makes an executor is passed as it is."""
    yield make


@contextlib.contextmanager
def dask() -> Iterator[Source]:
    """A scheduler and two worker processes on this machine."""
    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.ERROR
    )
    with cluster, Client(cluster) as client, client.get_executor() as executor:
        yield executor


@contextlib.contextmanager
def loky() -> Iterator[Source]:
    from loky import get_reusable_executor

    yield partial(get_reusable_executor, 2)
    get_reusable_executor(2).shutdown()


KINDS = [
    Kind("2 threads", lambda: ThreadPoolExecutor(2), can_be_killed=False),
    Kind("1 process, fork", lambda: processes(1, "fork")),
    Kind("2 processes, fork", lambda: processes(2, "fork")),
    Kind("2 processes, spawn", lambda: processes(2, "spawn")),
    Kind("made anew, spawn", lambda: maker(lambda: processes(2, "spawn"))),
    Kind("dask, 2 workers", dask),
    Kind("loky, 2 workers", loky),
]


def of_kind(kind: Kind, expected: dict[bool, str]) -> list[str]:
    """Return what became of the trainings of a kind, recorded and compiled, whole and killed."""
    cells = []
    for compiled in (False, True):
        with kind.opened() as source:
            found, _ = digest(compiled, executor=source)
            cells.append(verdict(found, expected[compiled]))
    for compiled in (False, True):
        if not kind.can_be_killed:
            cells.append("-")
            continue
        with kind.opened() as source:
            found, hints = digest_of_killed(compiled, source)
            cells.append(f"{verdict(found, expected[compiled])}{way(hints)}")
    return cells


def verdict(found: str, expected: str) -> str:
    return "same bits" if found == expected else "OTHER BITS"


def way(hints: dict[str, str]) -> str:
    """Say who went on with the training of a killed worker."""
    if "workers gone" in hints:
        return ", went on here"
    return ", made anew" if "worker lost" in hints else ", its executor's doing"


def mpi(expected: dict[bool, str]) -> list[str]:
    """Return the same for mpi4py, where a killed worker takes all processes with it."""
    mpiexec = Path(sys.executable).parent / "mpiexec"
    if not mpiexec.exists():
        return ["not installed"]
    cells = []
    for compiled in (False, True):
        found = under_mpi(mpiexec, "whole", str(int(compiled))).strip()
        cells.append(verdict(found, expected[compiled]))
    for compiled in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            broken = under_mpi(mpiexec, "killed", str(int(compiled)), folder)
            whole = under_mpi(mpiexec, "resumed", str(int(compiled)), folder).strip()
        found = verdict(whole, expected[compiled])
        cells.append("not killed" if broken else f"{found}, resumed")
    return cells


def under_mpi(mpiexec: Path, *words: str) -> str:
    """Return what a run of this file under MPI, with two workers, printed."""
    command = [str(mpiexec), "-n", "3", sys.executable, "-m", "mpi4py.futures", __file__, *words]
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, timeout=MPI_SECONDS,
    )  # fmt: skip
    return done.stdout if done.returncode == 0 else ""


def run_by_mpi(what: str, compiled: str, folder: str = "") -> None:
    """Train, as one of the processes that `mpiexec` started, and print the digest."""
    from mpi4py.futures import MPIPoolExecutor

    with MPIPoolExecutor() as executor:
        if what == "whole":
            found = digest(compiled == "1", executor=executor)[0]
        else:
            found = digest_with_checkpoints(folder, compiled == "1", what == "killed", executor)
    print(found)


def main(argv: list[str]) -> int:
    """Print, for each kind of executor, whether the bits are those of one process; 1 if not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks executors")
    parser.add_argument("--here", action="store_true", help="in this environment, as it is")
    if not parser.parse_args(argv).here:
        python = environment("executors", *PACKAGES, optional=OPTIONAL)
        return run_there(python, "benchmarks", "executors", "--here")
    expected = {compiled: digest(compiled, shards=4)[0] for compiled in (False, True)}
    print("Four shards, in one process and by executors; then with a worker killed (SIGKILL)\n")
    heads = "executor", "recorded", "compiled", "recorded, killed", "compiled, killed"
    print(row(*heads), flush=True)
    wrong = False
    works: dict[str, Callable[..., list[str]]] = {
        kind.name: partial(of_kind, kind) for kind in KINDS
    }
    works["MPI, 2 workers"] = mpi
    for name, work in works.items():
        cells = work(expected)
        print(row(name, *cells), flush=True)
        wrong = wrong or any(cell.startswith(("OTHER", "not killed")) for cell in cells)
    return int(wrong)


def row(*cells: str) -> str:
    widths = (20, 11, 11, 33, 33)
    return "".join(f"{cell:{width}}" for cell, width in zip(cells, widths)).rstrip()


if __name__ == "__main__":
    run_by_mpi(*sys.argv[1:])
