"""The contest's side of a contestant's process: to start it, to ask it, and to hold it still."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.speed.rivals.kept import VARIABLE
from testkit.processes import ROOT

POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
XLA_ONE = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


class LateError(Exception):
    """A contestant has not answered in time."""


class BrokenError(Exception):
    """The process of a contestant has ended; with the last line that it wrote."""


def settings(threads: int, caches: Path) -> dict[str, str]:
    """Return the environment of a contestant: its threads, and a folder for all that it keeps."""
    kept = {key: value for key, value in os.environ.items() if key != "CHAINRULE_CACHE"}
    return {
        **kept,
        **dict.fromkeys(POOLS, str(threads)),
        "XLA_FLAGS": XLA_ONE if threads == 1 else "",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Whoever has no variable of its own keeps things below the home folder.
        "HOME": str(caches),
        "XDG_CACHE_HOME": str(caches / ".cache"),
        "NUMBA_CACHE_DIR": str(caches / "numba"),
        "TORCHINDUCTOR_CACHE_DIR": str(caches / "inductor"),
        # Compilers in its own process: none is left that could run in somebody else's turn.
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
        "JAX_TRACEBACK_FILTERING": "off",
        "JAX_COMPILATION_CACHE_DIR": str(caches / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        VARIABLE: str(caches),
    }


class Worker:
    """The process of a contestant for one workload, with a number of threads.

    It runs only between a question and its answer: whoever waits is stopped, so that no pool of
    threads that spins, and no thread that compiles, takes time from somebody else's turn.
    """

    def __init__(
        self, name: str, workload: str, variant: int, threads: int, caches: Path, patience: float
    ) -> None:
        self.patience = patience
        # Unbuffered, so that `select` sees all that has not been read.
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115
        command = [sys.executable, "-m", "benchmarks.speed.worker", name, workload, str(variant)]
        self.process = subprocess.Popen(
            command,
            bufsize=0,
            cwd=caches,
            env=settings(threads, caches),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            # A tree of processes of its own, with the compilers that it starts.
            start_new_session=True,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.end()

    def ask(self, **question: Any) -> dict[str, Any]:
        """Return the answer to a question.

        Raises: LateError: it took too long; BrokenError: the process has ended.
        """
        self.send_signal("SIGCONT")
        try:
            self.pipe("stdin").write(json.dumps(question).encode() + b"\n")
            line = self.line()
        except BrokenPipeError:
            line = b""
        if not line:
            raise BrokenError(self.last_words())
        self.send_signal("SIGSTOP")
        found: dict[str, Any] = json.loads(line)
        return found

    def pipe(self, name: str) -> Any:
        return getattr(self.process, name)

    def line(self) -> bytes:
        """Return the next line, b"" when the process has ended."""
        source = self.pipe("stdout")
        with selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_READ)
            if not selector.select(self.patience):
                raise LateError(f"not ready within {self.patience:g} s")
        line: bytes = source.readline()
        return line

    def last_words(self) -> str:
        """Return what the process wrote of its end: its error, or else its last line."""
        self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
        return (errors or lines)[-1] if lines else f"ended with {self.process.returncode}"

    def send_signal(self, name: str) -> None:
        """Send a signal to the whole tree, where the system has it."""
        number = getattr(signal, name, None)
        if number is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def end(self) -> None:
        """End the process, and what it has started."""
        self.send_signal("SIGKILL")
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.errors):
            if pipe:
                pipe.close()
