"""Straight-line kernels and loops of the machine: the bits of the kernels that they replace."""

import random

import numpy as np
import pytest

import autograd
from autograd import Value, cos, ieee, log, sin, tanh
from autograd import primitives as p
from autograd.compile.branches import GuardError
from autograd.primitive_type import Variadic
from testkit.kernels import sampled, seldom
from testkit.loops import LoopProgram

pytest.importorskip("llvmlite")
from autograd.compile.machine import objects, stretches  # noqa: E402

ROWS = [
    row
    for row in p.TABLE.values()
    if not isinstance(row, Variadic) and len(row.partials) <= 2 and row is not p.rounded
]
NEVER = 10**9  # instructions of a stretch


def found(function, weights, example, batch, least, monkeypatch, **options):
    """Return value, gradients and slopes where a stretch has so many instructions at least."""
    monkeypatch.setattr(stretches, "MIN_INSTRUCTIONS", least)
    with ieee():
        compiled = autograd.compile(
            function, weights, example, engine="llvm", finite=False, **options
        )
    return [np.asarray(x) for x in compiled.value_and_grad(*batch, inputs=True)]


def assert_same_bits(ours, theirs):
    for x, y in zip(ours, theirs, strict=True):
        assert np.array_equal(x, y, equal_nan=True), (x, y)


class RowProgram:
    """A random list of rows of the table, each applied to results so far; a number says which."""

    def __init__(self, number):
        draw = random.Random(number)
        self.weights = [draw.uniform(-2, 2) for _ in range(2)]
        self.example = [0.3, 1.2, -0.7]
        self.lines = []
        numbers = [Value(x) for x in (*self.weights, *self.example)]
        for _ in range(draw.randint(4, 40)):
            row = draw.choice(ROWS)
            places = [draw.randrange(len(numbers)) for _ in row.partials]
            try:
                with ieee():
                    numbers.append(row(*(numbers[place] for place in places)))
            except (TypeError, ValueError, ArithmeticError):
                continue
            self.lines.append((row, places))

    def __call__(self, weights, xs):
        numbers = [*weights, *xs]
        for row, places in self.lines:
            numbers.append(row(*(numbers[place] for place in places)))
        return sum(numbers[-6:-1], numbers[-1])


@pytest.mark.parametrize(("number", "dtype", "functions"), [
    (1, "float32", "vector"), (2, "float64", "libm"), (3, "float64", "vector"),
    *seldom((0, "float64", "vector"), (4, "float32", "libm"), (5, "float64", "vector")),
])  # fmt: skip
def test_a_stretch_has_the_bits_of_single_instructions(number, dtype, functions, monkeypatch):
    program = RowProgram(number)
    weights = [Value(w) for w in program.weights]
    for samples in (1, 8, 13):
        batch = (np.random.default_rng(number).normal(size=(samples, 3)),)
        results = [
            found(
                lambda xs: program(weights, xs), weights, (program.example,), batch, least,
                monkeypatch, dtype=dtype, functions=functions,
            )
            for least in (1, NEVER)
        ]  # fmt: skip
        assert_same_bits(*results)


@pytest.mark.parametrize(("row", "dtype"), sampled(ROWS, ("float64", "float32")))
def test_a_row_written_out_has_the_bits_of_its_kernel(row, dtype, monkeypatch):
    def function(x, y):
        return row(*(x * 1.0, y * 1.0)[: len(row.partials)]) * y

    draw = np.random.default_rng(0)
    batch = draw.uniform(0.1, 2.0, 13), draw.uniform(1.1, 2.0, 13)
    results = [
        found(function, [], (0.7, 1.3), batch, least, monkeypatch, dtype=dtype)
        for least in (1, NEVER)
    ]
    assert_same_bits(*results)


# Loops


def anchored(x):
    """Return a number that starts from one that every turn reads, too."""
    state = x
    for _ in range(20):
        state = sin(state) + 0.1 * x
    return state


def delayed(x):
    """Return a number that depends on the ones of one, two and three turns before."""
    found = [x, 2.0 * x, 3.0 * x]
    for _ in range(20):
        found.append(sin(found[-1]) + 0.2 * found[-3] + 0.1 * found[-2])
    return found[-1]


def skipping(x):
    """Return a number whose cosine is taken up two turns later, and at no other time."""
    state = x
    found = [x, 2.0 * x]
    for _ in range(20):
        state = 0.9 * sin(state) + 0.3 * found[-2]
        found.append(cos(state))
    return state


def seen_later(x):
    """Return a sum of what turns of a loop computed in the middle."""
    found = [x]
    for turn in range(30):
        found.append(tanh(found[-1] * 0.9) + 0.1 / (1 + turn) * x)
    return found[-1] + found[10] * found[11] + sum(found[20:25])


def strided(xs):
    """Return a number that each turn makes of an input of its own, and of the first one."""
    state = xs[0]
    for x in xs[1:]:
        state = tanh(state * 0.9 + x * xs[3])
    return state


LOOPS = [(function, (0.3,)) for function in (anchored, delayed, skipping, seen_later)]
LOOPS += [(strided, ([0.1 * i for i in range(16)],))]


def turns_of(compiled):
    engine = compiled.specializations[0].engine(3)
    return [
        part for stretch in engine.stretches for part in stretch.parts if hasattr(part, "turns")
    ]


@pytest.mark.parametrize(("function", "example"), LOOPS)
@pytest.mark.parametrize("samples", [1, 3, 8, 21])
def test_a_loop_that_stays_one_has_the_numbers_of_the_reference(function, example, samples):
    draw = np.random.default_rng(samples)
    shape = (samples, len(example[0])) if isinstance(example[0], list) else samples
    batch = draw.uniform(0.2, 1.0, shape)
    ours = autograd.compile(function, example=example, engine="llvm")
    reference = autograd.compile(function, example=example, engine="numpy")
    results = [f.value_and_grad(batch, inputs=True) for f in (ours, reference)]
    for x, y in zip(*results, strict=True):
        assert np.allclose(x, y, rtol=1e-13, atol=1e-15)
    assert turns_of(ours)


@pytest.mark.parametrize(("function", "example"), LOOPS)
def test_the_number_of_lanes_changes_no_bit_of_a_loop(function, example):
    draw = np.random.default_rng(5)
    shape = (20, len(example[0])) if isinstance(example[0], list) else 20
    batch = draw.uniform(0.2, 1.0, shape)
    compiled = autograd.compile(function, example=example, engine="llvm", reduce="sum")
    values, slopes = compiled.value(batch), compiled.value_and_grad(batch, inputs=True)[2]
    for i in range(20):
        assert compiled.value(batch[i : i + 1])[0] == values[i]
        one = compiled.value_and_grad(batch[i : i + 1], inputs=True)[2]
        assert np.array_equal(one[0], slopes[i])


@pytest.mark.parametrize("late", [3, 17])
def test_a_guard_of_any_turn_is_looked_at(late):
    def function(x, bounds):
        state = x
        for bound in bounds:
            state = sin(state) + 0.5 * x
            if state > bound:
                state = state * 2.0
        return state

    bounds = np.full((9, 20), 50.0)
    compiled = autograd.compile(function, example=(0.3, bounds[0].tolist()), engine="llvm")
    assert turns_of(compiled)
    x = np.linspace(0.1, 0.9, 9)
    compiled.value_and_grad(x, bounds)
    bounds[4, late] = -50.0
    with pytest.raises(GuardError, match="sample 4"):
        compiled.value_and_grad(x, bounds)


@pytest.mark.parametrize("late", [3, 17])
def test_an_infinity_that_a_turn_absorbs_is_seen(late):
    def function(x, factors):
        state = x
        for factor in factors:
            state = tanh(log(factor * (state * state + 0.5)))
        return state

    factors = np.full((9, 20), 0.75)
    compiled = autograd.compile(function, example=(0.3, factors[0].tolist()), engine="llvm")
    x = np.linspace(0.1, 0.9, 9)
    compiled.value(x, factors)
    (engine,) = compiled.specializations[0].engines.values()
    assert any(hasattr(part, "turns") for found in engine.stretches for part in found.parts)
    factors[4, late] = 0.0
    with pytest.raises(FloatingPointError, match="sample 4"):
        compiled.value(x, factors)


def test_adjoints_of_a_slot_with_two_names_are_added_in_memory():
    parts = [turns_of(autograd.compile(f, example=x, engine="llvm"))[0] for f, x in LOOPS[:2]]
    assert [part.in_registers for part in parts] == [True, False]


@pytest.mark.parametrize("number", [2011, *seldom(2003, 2007, 2016)])
def test_random_loops_in_vectors_equal_the_eager_engine(number):
    program = LoopProgram(number)
    draw = random.Random(number)
    program.rows += [[draw.uniform(-1, 1) for _ in range(program.inputs)] for _ in range(10)]
    weights = [Value(w) for w in program.weights]
    compiled = autograd.compile(
        lambda xs: program.run(weights, xs), weights, (program.rows[0],), reduce="sum"
    )
    assert program.complaints(compiled) == []


def test_what_was_loaded_is_not_loaded_again():
    def function(x):
        return sin(x) * tanh(x) + x * 0.5

    batch = np.linspace(0.0, 1.0, 9)
    first = autograd.compile(function, example=(0.5,), engine="llvm")
    first.value_and_grad(batch, inputs=True)
    before = dict(objects.addresses)
    again = autograd.compile(function, example=(0.5,), engine="llvm")
    again.value_and_grad(batch, inputs=True)
    assert objects.addresses == before


def test_a_loop_is_compiled_in_the_same_time_for_any_number_of_turns():
    def turning(turns):
        def function(x):
            for _ in range(turns):
                x = sin(x) + 0.1 * x
            return x

        return turns_of(autograd.compile(function, example=(0.5,), engine="llvm"))[0]

    lengths = [len(turning(turns).description().splitlines()) for turns in (10, 1000)]
    assert lengths[0] == lengths[1]


@pytest.mark.parametrize(("function", "example"), [*LOOPS, (RowProgram(3), None)])
@pytest.mark.parametrize("samples", [1, 21])
def test_adjoints_that_are_not_set_at_first_are_never_read(function, example, samples):
    weights = []
    if isinstance(function, RowProgram):
        program, weights = function, [Value(w) for w in function.weights]
        function, example = (lambda xs: program(weights, xs)), (program.example,)
    with ieee():
        compiled = autograd.compile(function, weights, example, engine="llvm", finite=False)
    shape = (samples, len(example[0])) if isinstance(example[0], list) else samples
    batch = np.random.default_rng(samples).uniform(0.2, 1.0, shape)
    first = [np.copy(x) for x in compiled.value_and_grad(batch, inputs=True)]
    for engine in compiled.specializations[0].engines.values():
        engine.workspace.adjoints[:] = np.nan
    assert_same_bits(first, compiled.value_and_grad(batch, inputs=True))
