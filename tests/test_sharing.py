"""Stretches that do the same share one function, and have the bits of single instructions."""

import numpy as np
import pytest

import autograd
from autograd import Value, sigmoid, sin, tanh

pytest.importorskip("llvmlite")
from autograd.compile.lower import dots  # noqa: E402
from autograd.compile.machine import objects, stretches  # noqa: E402

UNITS = 4


class Gates:
    """A small recurrent network: products of matrices, and between them the same lines."""

    def __init__(self, turns, looked_at=(), uneven=False):
        draw = np.random.default_rng(turns)
        rows = draw.uniform(-0.5, 0.5, (3 * UNITS, UNITS + 1)).tolist()
        self.rows = [[Value(w) for w in row] for row in rows]
        self.weights = [w for row in self.rows for w in row]
        self.turns, self.looked_at, self.uneven = turns, looked_at, uneven

    def __call__(self, xs):
        state, cell, more = [0.0] * UNITS, [0.1] * UNITS, 0.0
        for turn in range(self.turns):
            # An order of inputs that does not move evenly needs a table.
            x = xs[turn * turn % len(xs) if self.uneven else turn]
            sums = [sum((w * y for w, y in zip(row, state)), row[-1] * x) for row in self.rows]
            gates = [sigmoid(y) for y in sums[:UNITS]]
            news = [tanh(y) * x for y in sums[UNITS : 2 * UNITS]]
            cell = [gate * old + new for gate, old, new in zip(gates, cell, news)]
            state = [sin(other) * tanh(old) for other, old in zip(sums[2 * UNITS :], cell)]
            if turn in self.looked_at:
                more = more + gates[1] * state[2]
        # Nobody reads the last cell, but all others.
        return sum(w * y for w, y in zip(self.rows[0], state)) + more


@pytest.fixture(autouse=True)
def products_stay_kernels(monkeypatch):
    monkeypatch.setattr(dots, "MAX_MULTIPLICATIONS", 0)


CASES = [Gates(6), Gates(9, looked_at=(0, 4)), Gates(7, uneven=True), Gates(12, looked_at=(11,))]


def results(network, batch, **options):
    compiled = autograd.compile(
        network, network.weights, (batch[0].tolist(),), engine="llvm", **options
    )
    found = compiled.value_and_grad(batch, inputs=True)
    (engine,) = compiled.specializations[0].engines.values()
    return [np.copy(x) for x in found], engine, compiled


def batch_for(network, samples):
    return np.random.default_rng(samples).uniform(-1.0, 1.0, (samples, network.turns))


@pytest.mark.parametrize("network", CASES)
@pytest.mark.parametrize(("samples", "dtype"), [
    (1, "float64"), (8, "float64"), (13, "float64"), (8, "float32"), (13, "float32"),
])  # fmt: skip  # a single lane of float32 is rounded once more by single instructions
def test_shared_functions_have_the_bits_of_single_instructions(
    network, samples, dtype, monkeypatch
):
    batch = batch_for(network, samples).astype(dtype)
    together, engine, _ = results(network, batch, dtype=dtype)
    shared = {id(one.shared): one.shared for one in engine.stretches}.values()
    assert max(one.places for one in shared) > 2
    assert any(one.tables for one in shared) or not network.uneven
    monkeypatch.setattr(stretches, "MIN_INSTRUCTIONS", 10**9)
    monkeypatch.setattr(stretches, "MAX_OPERATIONS", -1)
    alone, engine, _ = results(network, batch, dtype=dtype)
    assert engine.stretches == []
    for x, y in zip(together, alone, strict=True):
        assert np.array_equal(x, y)


@pytest.mark.parametrize("network", CASES)
@pytest.mark.parametrize("samples", [1, 13])
def test_no_adjoint_is_read_that_was_not_set(network, samples):
    batch = batch_for(network, samples)
    first, engine, compiled = results(network, batch)
    engine.workspace.adjoints[:] = np.nan
    for x, y in zip(first, compiled.value_and_grad(batch, inputs=True), strict=True):
        assert np.array_equal(x, y)


def test_as_much_is_compiled_for_many_turns_as_for_few():
    counts = []
    for turns in (20, 80):
        network, before = Gates(turns), len(objects.addresses)
        results(network, batch_for(network, 1))
        counts.append(len(objects.addresses) - before)
    assert counts[0] == counts[1]


def test_a_long_program_has_stretches_if_they_are_alike():
    network = Gates(200)
    _, engine, _ = results(network, batch_for(network, 1))
    assert sum(one.stop - one.start for one in engine.stretches) > 200
