"""The workloads compiled by us, called as everybody calls them, and bound to the batch."""

from __future__ import annotations

import inspect
from contextlib import suppress
from importlib import import_module
from typing import Any

from benchmarks.speed.ours import compiled, eager_contestant, numbers_of, step_of
from benchmarks.speed.rivals import Contestant, Makers
from benchmarks.speed.workloads import GROUPS, Workload

# Nobody's imports count to the first call.
with suppress(ImportError):
    import_module("autograd.compile.machine.llvm_engine")


def called(work: Workload, engine: str | None = None) -> Contestant:
    """Return a call of the compiled function."""
    function = compiled(work, engine)
    step = step_of(work, function, work.batch)
    return Contestant(step, lambda found: numbers_of(work, found), f"{function.engine} engine")


def by_numpy_engine(work: Workload) -> Contestant:
    """Return a call through the engine that needs only NumPy."""
    return called(work, "numpy")


def bound(work: Workload) -> Contestant | None:
    """Return a call that is bound to the arrays of the batch, where compiled functions have that.

    `compiled.bind(*batch)` checks the arrays once, and returns what computes from them, without
    arguments, whatever they hold when it is called.
    """
    function = compiled(work)
    bind: Any = getattr(function, "bind", None)
    if bind is None or work.kind not in ("gradient", "inputs"):
        return None
    kinds = [parameter.kind for parameter in inspect.signature(bind).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        return None
    call = bind(*work.batch, **({"inputs": True} if work.kind == "inputs" else {}))
    return Contestant(call, lambda found: numbers_of(work, found), f"{function.engine} engine")


CALLED: Makers = dict.fromkeys(GROUPS, called)
BY_NUMPY: Makers = dict.fromkeys(GROUPS, by_numpy_engine)
BOUND: Makers = dict.fromkeys(GROUPS, bound)
EAGER: Makers = dict.fromkeys(GROUPS, eager_contestant)
