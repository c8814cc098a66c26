"""Which rivals take part in a workload: those that have it, and are installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

from testkit.processes import ROOT


class Rival(NamedTuple):
    """Somebody who computes the workloads too."""

    title: str  # in tables
    name: str  # for `--without`
    module: str


RIVALS = (
    Rival("C loops", "c", "benchmarks.speed.rivals.by_c"),
    Rival("NumPy", "numpy", "benchmarks.speed.rivals.by_numpy"),
    Rival("JAX", "jax", "benchmarks.speed.rivals.by_jax"),
    Rival("PyTorch", "torch", "benchmarks.speed.rivals.by_torch"),
    Rival("CasADi", "casadi", "benchmarks.speed.rivals.by_casadi"),
)
JAX_SECONDS = 120  # that JAX may take to compile a random program
JAX_OPERATIONS = 200  # of the longest random program that JAX is asked for


def rivals(work: Any, without: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield (name, contestant), or the reason why it does not take part."""
    for title, name, module_name in RIVALS:
        if name in without or (name == "jax" and not jax_can(work)):
            continue
        try:
            module = import_module(module_name)
            make = getattr(module, work.name, None)
            found = make(work) if make else None
        except ImportError as error:
            yield title, f"not installed ({error})"
            continue
        if isinstance(found, dict):
            yield from found.items()
        elif found is not None:
            yield title, found
            if hasattr(module, "THREADS"):
                yield from module.with_threads(title, found)


def jax_can(work: Any) -> bool:
    """Tell whether JAX compiles a workload in time; of a random program it is asked first."""
    if work.name != "irregular":
        return True
    if len(work.facts["program"]) > JAX_OPERATIONS + 1:
        return False
    command = [sys.executable, "-m", "benchmarks.speed.try_jax", str(JAX_OPERATIONS)]
    try:
        return not subprocess.run(command, cwd=ROOT, timeout=JAX_SECONDS).returncode
    except subprocess.TimeoutExpired:
        return False
