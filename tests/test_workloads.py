"""The workloads of the benchmark: plain floats, recorded, written in NumPy and compiled agree."""

import numpy as np
import pytest

import autograd
from autograd import Value, topological_order
from benchmarks import character_gpt, compiled, irregular, workloads
from benchmarks.rivals import by_c, by_numpy, flat, layers, matrices

SMALL = {
    "mlp": workloads.mlp,
    "digits": lambda: workloads.digits(7),
    "irregular": lambda: workloads.scattered(300, 5),
    "pendulum": lambda: workloads.pendulum(2),
    "options": lambda: workloads.options(20),
}


def by_us(work, count):
    """What a compiled step gives, or its gradient where the step is an update."""
    plain = work._replace(kind="gradient") if work.kind == "step" else work
    step = compiled.step_of(plain, compiled.compiled(plain), plain.first(count))
    return compiled.numbers_of(plain, step())


def by_eager(work, count):
    return compiled.eager_numbers(work, workloads.eager(work, count))


@pytest.mark.parametrize("name", SMALL)
def test_a_workload_compiled_gives_what_it_gives_recorded(name):
    work = SMALL[name]()
    expected = compiled.comparable(work, by_eager(work, work.samples), work.samples)
    assert compiled.disagreement(by_us(work, work.samples), expected) < 1e-12


def check_rival(module, name):
    work = SMALL[name]()
    rival, expected = getattr(module, name)(work), by_eager(work, work.samples)
    if work.kind == "step":
        start = np.array([parameter.data for parameter in work.parameters])
        expected = flat(expected[0], start - workloads.STEP_SIZE * expected[1:])
    assert compiled.disagreement(rival.numbers(rival.step()), expected) < 1e-12


@pytest.mark.parametrize("name", SMALL)
def test_a_workload_written_in_numpy_gives_what_it_gives_recorded(name):
    check_rival(by_numpy, name)


@pytest.mark.skipif(by_c.compiler() is None, reason="gcc is not here")
@pytest.mark.parametrize("name", [name for name in SMALL if hasattr(by_c, name)])
def test_a_workload_written_in_c_gives_what_it_gives_recorded(name):
    check_rival(by_c, name)


def test_an_update_that_is_compiled_gives_what_numpy_gives():
    work = workloads.digits(3)
    rival = by_numpy.digits(work)
    step = compiled.step_of(work, compiled.compiled(work), work.batch)
    for _ in range(3):
        ours, theirs = compiled.numbers_of(work, step()), rival.numbers(rival.step())
    assert compiled.disagreement(theirs, ours) < 1e-12


def test_the_language_model_runs_on_floats_on_values_and_compiled():
    work = workloads.gpt(2)
    assert len(work.parameters) == 4192
    floats = {name: matrix.tolist() for name, matrix in matrices(work).items()}
    losses = [character_gpt.loss(floats, *work.sample(i)) for i in range(2)]
    recorded = [work.function(*work.sample(i)) for i in range(2)]
    assert [node.data for node in recorded] == losses
    assert len(topological_order(recorded[0])) > 8000 * workloads.POSITIONS
    assert compiled.disagreement(by_us(work, 1), by_eager(work, 1)) < 1e-12


def test_a_character_is_a_row_with_a_single_one():
    row = character_gpt.one_hot(3)
    assert row.index(1.0) == 3 and sum(row) == 1.0 and len(row) == character_gpt.VOCABULARY


@pytest.mark.parametrize("length", [50, 1000])
def test_a_random_program_has_its_length_and_nothing_dead(length):
    made = irregular.program(length)
    assert abs(len(made) - length) <= 1
    xs = [Value(x) for x in irregular.start(irregular.random.Random(0))]
    out = irregular.run(made, xs, irregular.functions(autograd.sin, autograd.tanh, autograd.exp))
    reached = [node for node in topological_order(out) if node.op is not None]
    assert len(reached) == len(made)


def test_a_wrong_number_of_a_rival_is_not_timed():
    expected = np.array([1.0, 2.0, 3.0])
    with pytest.raises(ArithmeticError, match="differ by 3"):
        compiled.disagreement(expected + [0, 0, 1e-6], expected)
    with pytest.raises(ArithmeticError, match="instead of"):
        compiled.disagreement(expected[:2], expected)


def test_the_weights_of_a_network_are_taken_apart_in_order():
    work = workloads.digits(1)
    (w, b), _ = layers(work)
    first = work.parameters[: w.shape[1] + 1]
    assert [*w[0], b[0]] == [parameter.data for parameter in first]
