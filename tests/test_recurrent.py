"""Loops whose turns multiply by trained numbers stay loops in machine code."""

import random

import numpy as np
import pytest

import autograd
from autograd import Value, sigmoid, tanh

pytest.importorskip("llvmlite")
from autograd.compile.lower import dots  # noqa: E402

TURNS = 12


def matrix(rows, columns, seed):
    draw = random.Random(seed)
    return [[Value(draw.uniform(-0.7, 0.7)) for _ in range(columns)] for _ in range(rows)]


def applied(rows, numbers):
    return [sum((w * x for w, x in zip(row, numbers)), row[-1]) for row in rows]


def flat(*matrices):
    return [w for rows in matrices for row in rows for w in row]


class Elman:
    """A recurrent network whose state begins as each turn ends, so that no turn differs."""

    def __init__(self, units):
        self.rows = matrix(units, units + 2, units)
        self.weights = flat(self.rows)
        self.inputs = units + TURNS

    def __call__(self, xs):
        units = len(self.rows)
        state = [tanh(2.0 * x) for x in xs[:units]]
        for x in xs[units:]:
            state = [tanh(y) for y in applied(self.rows, [*state, x])]
        return sum(state)


class Gated:
    """Two gates and a cell, whose weights are also those of a larger product outside."""

    def __init__(self):
        self.rows = [matrix(3, 4, seed) for seed in range(3)]
        self.last = matrix(2, 4, 9)
        self.weights = flat(*self.rows, self.last)
        self.inputs = TURNS

    def __call__(self, xs):
        state, cell = [0.1] * 3, [0.0] * 3
        for x in xs:
            keep, write, new = (applied(rows, [*state[:2], x]) for rows in self.rows)
            cell = [sigmoid(k) * c + sigmoid(w) * n for k, c, w, n in zip(keep, cell, write, new)]
            state = [tanh(c) * x for c in cell]
        ends = applied(self.last, state)
        return ends[0] * ends[1] + sum(applied(self.rows[0], [2.0 * x for x in state]))


class Deep:
    """A chain in which each turn has weights of its own, and one that does not learn."""

    def __init__(self):
        self.rows = matrix(TURNS, 2, 1)
        self.fixed = Value(0.8)
        self.weights = flat(self.rows)
        self.inputs = 2

    def __call__(self, xs):
        state = xs[0]
        for first, second in self.rows:
            state = tanh(first * state + second * xs[1] + self.fixed * xs[0])
        return state


class Delayed:
    """A state that goes by several names: it begins with inputs that every turn reads."""

    def __init__(self):
        self.rows = matrix(1, 5, 4)
        self.weights = flat(self.rows)
        self.inputs = 3

    def __call__(self, xs):
        found = [xs[0], xs[1], xs[2]]
        for _ in range(TURNS):
            numbers = [found[-1], found[-3], xs[0], xs[2]]
            found.append(tanh(applied(self.rows, numbers)[0]) + 0.1 * found[-2])
        return found[-1] + found[7]


NETWORKS = [Elman(1), Elman(3), Gated(), Deep(), Delayed()]


def compiled_for(network, engine="llvm", **options):
    example = [0.1 * i for i in range(network.inputs)]
    return autograd.compile(network, network.weights, (example,), engine=engine, **options)


def batch_for(network, samples):
    return np.random.default_rng(samples).uniform(-1.0, 1.0, (samples, network.inputs))


def loops_of(compiled):
    return [
        part
        for engine in compiled.specializations[0].engines.values()
        for found in engine.stretches
        for part in found.parts
        if hasattr(part, "turns")
    ]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("samples", [1, 3, 8, 21])
@pytest.mark.parametrize("functions", ["vector", "libm"])
def test_a_recurrent_network_has_the_numbers_of_the_reference(network, samples, functions):
    batch = batch_for(network, samples)
    ours = compiled_for(network, functions=functions)
    results = [f.value_and_grad(batch, inputs=True) for f in (ours, compiled_for(network, "numpy"))]
    assert loops_of(ours)
    for x, y in zip(*results, strict=True):
        assert np.allclose(x, y, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("samples", [5, 21])
def test_the_gradient_is_that_of_each_sample_added_in_their_order(samples):
    network = Deep()
    batch = batch_for(network, samples)
    ours = compiled_for(network, reduce="sum")
    total = ours.value_and_grad(batch)[1]
    expected = np.zeros_like(total)
    for row in ours.per_sample_grad(batch):
        expected += row
    # The first two weights are used in front of the loop, by kernels that sum in vectors.
    assert np.array_equal(total[2:], expected[2:])


@pytest.mark.parametrize("network", NETWORKS)
def test_float32_is_as_near_as_it_can_be(network):
    batch = batch_for(network, 13)
    single = compiled_for(network, dtype="float32")
    found = single.value_and_grad(batch.astype(np.float32))[1]
    assert np.allclose(found, compiled_for(network).value_and_grad(batch)[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("network", NETWORKS)
def test_descent_follows_the_gradient(network):
    batch = batch_for(network, 9)
    ours, theirs = compiled_for(network), compiled_for(network, "numpy")
    before = [w.data for w in network.weights]
    found = []
    for f in (ours, theirs):
        for w, number in zip(network.weights, before, strict=True):
            w.data = number
        for _ in range(3):
            f.descend(batch, step_size=0.1)
        found.append([w.data for w in network.weights])
    assert found[0] == pytest.approx(found[1], rel=1e-12)
    for w, number in zip(network.weights, before, strict=True):
        w.data = number


def test_the_reference_follows_each_weight():
    network = Gated()  # a constant stands between the slots of weights that stand in a pattern
    batch, compiled = batch_for(network, 4), compiled_for(network, "numpy")
    compiled.value(batch)
    for weight in network.weights:
        weight.data += 0.5
        assert np.array_equal(compiled.value(batch), compiled_for(network, "numpy").value(batch))


def test_a_large_product_in_a_turn_stays_a_kernel(monkeypatch):
    network = Elman(3)
    monkeypatch.setattr(dots, "MAX_MULTIPLICATIONS", 11)
    compiled = compiled_for(network)
    compiled.value_and_grad(batch_for(network, 2))
    assert loops_of(compiled) == []
