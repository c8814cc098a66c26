"""How the NumPy engine reads slots, adds to them, and works in blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, log, where
from autograd.compile.lower.program import Program
from autograd.compile.reference import numpy_engine
from autograd.compile.reference.backward_plan import BackwardPlan, Ledger
from autograd.compile.reference.forward_plan import ProgramInfo
from autograd.compile.reference.views import Layout, pattern
from nn import TwoLayerNetwork, mse_loss

SLOTS, LANES = 40, 3


@st.composite
def regular(draw):
    """Draw slots with up to three nested steps, some of them 0."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    steps = draw(st.lists(st.integers(0, 3), min_size=len(shape), max_size=len(shape)))
    places = sum(np.ix_(*(np.arange(n) * step for n, step in zip(shape, steps))), np.zeros(1, int))
    return draw(st.integers(0, 3)) + places.ravel()


irregular = st.lists(st.integers(0, SLOTS - 1), min_size=1, max_size=30).map(np.array)
repeated = st.lists(st.integers(0, 2), min_size=20, max_size=40).map(np.array)
tables = regular() | irregular | repeated


def plan():
    """Return a plan of a program without instructions."""
    empty = np.zeros(0, np.int32)
    program = Program(0, 0, [], SLOTS, SLOTS, empty, [], np.zeros(1, np.int32), [])
    return BackwardPlan(ProgramInfo(program, np.zeros(0)), LANES)


def numbers(count):
    return np.arange(count * LANES, dtype=float).reshape(count, LANES) + 1.0


@given(tables)
def test_slots_are_read_in_order_whether_they_have_a_pattern_or_none(slots):
    bound, layout = plan(), Layout([slots, np.arange(len(slots))])
    bound.values[:] = numbers(SLOTS)
    start = len(bound.calls)
    found = [bound.read(bound.values, layout, i) for i in (0, 1)]
    for call in bound.calls[start:]:
        call()
    assert found[0].shape == found[1].shape == (*layout.shape, LANES)
    assert (found[0].reshape(-1, LANES) == bound.values[slots]).all()
    assert (found[1].reshape(-1, LANES) == bound.values[: len(slots)]).all()


@given(tables)
def test_a_pattern_says_where_all_slots_stand(slots):
    found = pattern(slots)
    if found:
        grids = np.indices(found.shape).reshape(len(found.shape), -1)
        assert (found.start + found.strides @ grids == slots).all()


@pytest.mark.parametrize("first", [True, False])
@given(slots=tables)
def test_contributions_to_one_slot_are_added_up(first, slots):
    bound, layout = plan(), Layout([slots])
    bound.adjoints = numbers(SLOTS)
    bound.ledger, bound.calls = Ledger(SLOTS), []
    bound.ledger.written[:] = not first
    expected = np.where(bound.ledger.written[:, None], bound.adjoints, -0.0)
    given_numbers = numbers(len(slots)).reshape(*layout.shape, LANES)
    bound.scatter(layout, 0, bound.contributions(1, given_numbers, False))
    for call in bound.calls:
        call()
    np.add.at(expected, slots, numbers(len(slots)))
    assert (bound.adjoints[slots] == expected[slots]).all()


@given(tables)
def test_slots_without_any_adjoint_pass_on_the_mark_of_it(slots):
    bound, layout = plan(), Layout([slots])
    bound.adjoints, bound.ledger, bound.calls = np.ones((SLOTS, LANES)), Ledger(SLOTS), []
    absent = np.full((*layout.shape, LANES), -0.0)
    bound.scatter(layout, 0, bound.contributions(1, absent, False))
    for call in bound.calls:
        call()
    assert np.signbit(bound.adjoints[slots]).all() and not bound.adjoints[slots].any()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_blocks_of_lanes_add_up_to_the_whole(monkeypatch, dtype):
    network = TwoLayerNetwork(6, 5, 3, seed=1)
    rng = np.random.default_rng(2)
    batch = rng.normal(size=(50, 6)), np.eye(3)[rng.integers(0, 3, 50)]

    def found():
        compiled = autograd.compile(
            lambda x, y: (
                mse_loss(network(x), y) + network.parameters()[0] * where(x[0] > 0, x[0], 1)
            ),
            network.parameters(),
            ([0.1] * 6, [1.0, 0.0, 0.0]),
            engine="numpy",
            dtype=dtype,
        )
        twice = [compiled.value_and_grad(*batch, inputs=True) for _ in range(2)]
        assert np.array_equal(twice[0][1], twice[1][1])
        return twice[1]

    value, gradient, slopes = found()
    monkeypatch.setattr(numpy_engine, "CACHE_BYTES", 1)
    monkeypatch.setattr(numpy_engine, "MIN_LANES", 7)
    in_blocks = found()
    bound = 2.0**-45 if dtype == "float64" else 2.0**-17
    assert in_blocks[0] == pytest.approx(value, rel=bound)
    assert np.allclose(in_blocks[1], gradient, rtol=bound, atol=bound / 8)
    for x, y in zip(in_blocks[2], slopes):
        assert np.allclose(x, y, rtol=bound, atol=bound / 8)


@pytest.mark.parametrize("swapped", [False, True])
def test_weights_in_no_order_have_the_gradient_of_all_blocks(monkeypatch, swapped):
    monkeypatch.setattr(numpy_engine, "CACHE_BYTES", 1)
    monkeypatch.setattr(numpy_engine, "MIN_LANES", 3)
    w = [Value(float(i)) for i in range(9)]
    orders = [[3, 1, 4, 0, 5, 8, 2, 6, 7], list(range(9)), [0, 1, 2, 3, 4, 5, 6, 7, 0]]
    orders = orders[::-1] if swapped else orders
    compiled = autograd.compile(
        lambda *rows: sum(autograd.dot([w[i] for i in o], xs) for o, xs in zip(orders, rows)),
        w,
        ([1.0] * 9,) * 3,
        engine="numpy",
        reduce="sum",
    )
    batches, expected = np.arange(189.0).reshape(3, 7, 9), np.zeros(9)
    for order, batch in zip(orders, batches):
        np.add.at(expected, order, batch.sum(0))
    for _ in range(2):
        assert compiled.value_and_grad(*batches)[1].tolist() == expected.tolist()


def test_the_gradient_of_one_sample_is_no_negative_zero():
    w = [Value(1.0) for _ in range(12)]
    compiled = autograd.compile(lambda xs: -autograd.dot(w, xs), w, ([1.0] * 12,), engine="numpy")
    assert not np.signbit(compiled.value_and_grad([[0.0] * 12])[1]).any()


def test_a_slope_that_is_not_asked_for_is_not_computed():
    compiled = autograd.compile(lambda x: log(x) * 2.0, example=(1.0,), engine="numpy")
    engine = compiled.specializations[0].engine(2)
    calls = engine.take(4).backward(True)
    assert len(calls) <= 6  # two clear, one seeds, and a product and a quotient are left
