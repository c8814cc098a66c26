"""The workloads of the benchmark: plain floats, recorded, written in NumPy and compiled agree."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, topological_order
from autograd.compile import Compiled
from autograd.testing.expressions import operations, random_expression
from benchmarks.speed import (
    character_gpt,
    comparisons,
    contest,
    irregular,
    lineup,
    ours,
    workloads,
)
from benchmarks.speed.rivals import by_c, by_numpy, flat, layers, matrices
from benchmarks.trust import WRONG
from testkit.floats import U

Array = np.ndarray[Any, Any]

SMALL: dict[str, Callable[[], workloads.Workload]] = {
    "small": workloads.small,
    "readme": workloads.readme,
    "mlp": workloads.mlp,
    "digits": lambda: workloads.digits(11),
    "irregular": lambda: workloads.scattered(100, 9),
    "pendulum": lambda: workloads.pendulum(10),
    "options": lambda: workloads.options(20),
}


def by_us(work: workloads.Workload, count: int) -> Array:
    """What a compiled step gives, or its gradient where the step is an update."""
    unstepped = work._replace(kind="gradient") if work.kind == "step" else work
    step = ours.step_of(unstepped, ours.compiled(unstepped), unstepped.first(count))
    return ours.numbers_of(unstepped, step())


def by_eager(work: workloads.Workload, count: int) -> Array:
    return ours.eager_numbers(work, workloads.eager(work, count))


@cache
def recorded(name: str) -> Array:
    """What a workload gives by the eager engine, which all are compared with."""
    work = SMALL[name]()
    return ours.comparable(work, by_eager(work, work.samples), work.samples)


@pytest.mark.parametrize("name", SMALL)
def test_a_workload_compiled_gives_what_it_gives_recorded(name: str) -> None:
    work = SMALL[name]()
    assert contest.disagreement(by_us(work, work.samples), recorded(name)) < 1e-12


def numbers_of_rival(rival: lineup.Rival, work: workloads.Workload) -> Array | None:
    """What a rival says of a workload, or None; where its package is not here, no test."""
    module = pytest.importorskip(rival.module, exc_type=ImportError)
    make = getattr(module, rival.makers).get(work.name)
    found = make(work) if callable(make) else None
    if found is None:
        return None
    numbers = found.numbers((found.check or found.step)())
    return numbers if rival.summed else ours.comparable(work, numbers, work.samples)


def step_by_hand(name: str) -> Array:
    """What a step of a workload gives, by the eager engine."""
    work, expected = SMALL[name](), recorded(name)
    if work.kind == "step":
        start = np.array([parameter.data for parameter in work.parameters])
        expected = flat(expected[0], start - workloads.STEP_SIZE * expected[1:])
    return expected


IN_HERE = [rival for rival in lineup.RIVALS if rival.title != ours.EAGER]


@pytest.mark.skipif(by_c.compiler() is None, reason="gcc is not here")
@pytest.mark.parametrize("rival", IN_HERE, ids=lambda rival: rival.name)
@pytest.mark.parametrize("name", SMALL)
def test_a_workload_written_by_a_rival_gives_what_it_gives_recorded(
    rival: lineup.Rival, name: str
) -> None:
    found = numbers_of_rival(rival, SMALL[name]())
    if found is not None:
        assert contest.disagreement(found, step_by_hand(name)) < 1e-12


def test_an_update_that_is_compiled_gives_what_numpy_gives() -> None:
    work = workloads.digits(3)
    rival = by_numpy.digits(work)
    step = ours.step_of(work, ours.compiled(work), work.batch)
    for _ in range(3):
        expected = ours.numbers_of(work, step())
        found = rival.numbers(rival.step())
    assert contest.disagreement(found, expected) < 1e-12


def test_the_language_model_runs_on_floats_on_values_and_compiled() -> None:
    work = workloads.gpt(2)
    assert len(work.parameters) == 4192
    floats = {name: matrix.tolist() for name, matrix in matrices(work).items()}
    losses = [character_gpt.loss(floats, *work.sample(i)) for i in range(2)]
    recorded = [work.function(*work.sample(i)) for i in range(2)]
    assert [node.data for node in recorded] == losses
    assert len(topological_order(recorded[0])) > 8000 * workloads.POSITIONS
    assert contest.disagreement(by_us(work, 1), by_eager(work, 1)) < 1e-12


def test_the_sum_of_squares_is_the_program_that_others_run() -> None:
    work = workloads.small()
    (xs,) = work.sample(0)
    assert len(work.facts["program"]) == 2 * irregular.INPUTS - 1
    assert irregular.run(work.facts["program"], xs, irregular.ON_FLOATS) == pytest.approx(
        work.function(xs), rel=1e-15
    )


def test_a_character_is_a_row_with_a_single_one() -> None:
    row = character_gpt.one_hot(3)
    assert row.index(1.0) == 3 and sum(row) == 1.0 and len(row) == character_gpt.VOCABULARY


@pytest.mark.parametrize("length", [50, 1000])
def test_a_random_program_has_its_length_and_nothing_dead(length: int) -> None:
    made = irregular.program(length)
    assert abs(len(made) - length) <= 1
    xs = [Value(x) for x in irregular.start(random.Random(0))]
    out = irregular.run(made, xs, irregular.functions(autograd.sin, autograd.tanh, autograd.exp))
    reached = [node for node in topological_order(out) if node.op is not None]
    assert len(reached) == len(made)


def test_a_wrong_number_of_a_rival_is_not_timed() -> None:
    expected = np.array([1.0, 2.0, 3.0])
    with pytest.raises(ArithmeticError, match="differ by 3"):
        contest.disagreement(expected + [0, 0, 1e-6], expected)
    with pytest.raises(ArithmeticError, match="instead of"):
        contest.disagreement(expected[:2], expected)


def test_the_weights_of_a_network_are_taken_apart_in_order() -> None:
    work = workloads.digits(1)
    (w, b), _ = layers(work)
    first = work.parameters[: w.shape[1] + 1]
    assert [*w[0], b[0]] == [parameter.data for parameter in first]


@pytest.mark.parametrize("engine", ["numpy", None])
def test_random_graphs_compiled_are_near_what_they_are_recorded(engine: str | None) -> None:
    source = random.Random(3)
    pool = operations([autograd.primitives.TABLE[n] for n in ("add", "mul", "sin", "exp", "total")])
    for i in range(8):
        expression = random_expression(source, lines=8, pool=pool)
        assert comparisons.distance(expression, 1 + i % 3, engine, i) < 1e4


def test_a_random_graph_with_a_wrong_gradient_is_far_off(monkeypatch: pytest.MonkeyPatch) -> None:
    expression = random_expression(random.Random(3), lines=8)
    right = Compiled.value_and_grad

    def wrong(self: Compiled, *batch: Any, **named: Any) -> tuple[Any, Array, tuple[Array, ...]]:
        value, gradient, slopes = right(self, *batch, **named)
        return value, gradient, tuple(slope * (1 + 1e-6) for slope in slopes)

    monkeypatch.setattr(Compiled, "value_and_grad", wrong)
    assert comparisons.distance(expression, 2, "numpy", 0) > WRONG / U
