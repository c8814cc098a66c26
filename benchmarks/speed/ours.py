"""Ours: compiled functions and the eager mode, and their results as numbers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd.compile.lower.lowering import lower
from autograd.compile.processes import paused_collector
from benchmarks.speed.rivals import Contestant, flat
from benchmarks.speed.rivals.by_c import threads
from benchmarks.speed.workloads import STEP_SIZE, eager

OURS = "chainrule"
BOUND = "chainrule, bound"
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
        threads=threads(),
    )


def program_of(function: Any, work: Any) -> Any:
    """Return the program that a traced function is lowered to, with the collector as it is then."""
    traced = function.specializations[0]
    inputs = traced.tape.inputs if work.kind == "inputs" else []
    with paused_collector():
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


def eager_contestant(work: Any) -> Contestant:
    """Return our eager mode, on as many samples as it has time for."""
    start = time.perf_counter()
    eager(work, 1)
    one = time.perf_counter() - start
    count = min(work.samples, max(1, int(EAGER_SECONDS / one)))
    # The eager mode does not step, so it is compared with the gradient of compiled code.
    unstepped = work._replace(kind="gradient") if work.kind == "step" else work
    step = step_of(unstepped, compiled(unstepped), unstepped.first(count))

    def numbers(found: Any) -> Any:
        return eager_numbers(work, found)

    return Contestant(
        lambda: eager(work, count),
        numbers,
        f"{count} of {work.samples} run" if count < work.samples else "",
        count / work.samples,
        expected=numbers_of(unstepped, step()),
    )


def eager_numbers(work: Any, found: Any) -> Any:
    """Return the results of our eager mode as one row of numbers."""
    if work.kind == "inputs":
        return flat([out for out, _ in found], [slopes for _, slopes in found])
    return flat(found) if work.kind == "values" else flat(*found)
