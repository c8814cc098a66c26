"""Ours: compiled functions and the eager mode as contestants, and their results as numbers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd.compile.lower.lowering import lower
from benchmarks.speed.rivals import Contestant, flat
from benchmarks.speed.workloads import STEP_SIZE, eager

OURS = "chainrule"
EAGER = "chainrule, eager"
EAGER_SECONDS = 0.5  # of eager samples in a turn, at least one sample


def compiled(work: Any, engine: str | None = None) -> Any:
    """Return the workload's function, compiled."""
    compiler: Any = autograd.compile
    reduce = "sum" if work.kind == "inputs" else "mean"
    return compiler(
        work.function,
        parameters=work.parameters,
        example=work.sample(0),
        engine=engine,
        reduce=reduce,
        threads=1 if one_thread() else None,
    )


def one_thread() -> bool:
    """Tell whether everybody is to use one thread only."""
    return os.environ.get("OMP_NUM_THREADS") == "1"


def program_of(function: Any, work: Any) -> Any:
    """Return the program that a traced function is lowered to."""
    traced = function.specializations[0]
    inputs = traced.tape.inputs if work.kind == "inputs" else []
    return lower(traced.tape, traced.edges, traced.tape.parameters + inputs)


def step_of(work: Any, function: Any, batch: tuple[Any, ...]) -> Callable[[], Any]:
    """Return what is timed: one call of a compiled function, with the update where there is one."""
    weights = function.parameters  # the array that all calls read

    def update() -> Any:
        return function.descend(*batch, step_size=STEP_SIZE), weights

    return {
        "gradient": lambda: function.value_and_grad(*batch),
        "step": update,
        "inputs": lambda: function.value_and_grad(*batch, inputs=True),
        "values": lambda: function.value(*batch),
    }[work.kind]


def numbers_of(work: Any, found: Any) -> Any:
    """Return the results of ours as one row of numbers."""
    if work.kind == "values":
        return np.array(found).T.ravel()
    return flat(found[0], found[-1])


def comparable(work: Any, numbers: Any, count: int) -> Any:
    """Return the results of others as ours come: of many values by sample, the sum."""
    if work.kind != "inputs":
        return numbers
    return np.concatenate([[numbers[:count].sum()], numbers[count:]])


def ours(work: Any, engines: list[str]) -> dict[str, Any]:
    """Return ours as a contestant, and where it is asked for, with an engine that is given."""
    found = {}
    for engine in (None, *engines):
        function = compiled(work, engine)
        name = f"{OURS}, {engine}" if engine else OURS
        step = step_of(work, function, work.batch)
        note = "" if engine else f"{function.engine} engine"
        found[name] = Contestant(step, lambda found: numbers_of(work, found), note)
    return found


def eagerly(work: Any) -> tuple[Any, int]:
    """Return our eager mode as a contestant, and on how many samples it runs."""
    start = time.perf_counter()
    eager(work, 1)
    one = time.perf_counter() - start
    count = min(work.samples, max(1, int(EAGER_SECONDS / one)))

    def numbers(found: Any) -> Any:
        return eager_numbers(work, found)

    return Contestant(lambda: eager(work, count), numbers, f"{count} of {work.samples} run"), count


def eager_numbers(work: Any, found: Any) -> Any:
    """Return the results of our eager mode as one row of numbers."""
    if work.kind == "inputs":
        return flat([out for out, _ in found], [slopes for _, slopes in found])
    return flat(found) if work.kind == "values" else flat(*found)
