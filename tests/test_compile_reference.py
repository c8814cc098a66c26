"""The engine that needs only NumPy: how it reads slots, adds to them, and works in blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, where
from autograd import primitives as p
from autograd.compile.reference import numpy_engine
from autograd.compile.reference.steps import Coded, Places, Rules, contribution
from autograd.compile.tracing.rules import rules_of
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


def numbers(count):
    return np.arange(count * LANES, dtype=float).reshape(count, LANES) + 1.0


@given(tables)
def test_slots_are_read_in_order_whether_they_are_a_slice_or_not(slots):
    values = numbers(SLOTS)
    assert (Places(slots).of(values) == values[slots]).all()


@given(tables)
def test_contributions_to_one_slot_are_added_up(slots):
    adjoints, more = numbers(SLOTS), numbers(len(slots))
    expected = adjoints.copy()
    np.add.at(expected, slots, more)
    Places(slots).add(adjoints, more)
    assert (adjoints == expected).all()


@given(tables)
def test_slots_without_any_adjoint_pass_on_the_mark_of_it(slots):
    adjoints = np.full((SLOTS, LANES), -0.0)
    Places(slots).add(adjoints, np.full((len(slots), LANES), -0.0))
    assert np.signbit(adjoints).all() and not adjoints.any()


@given(code=st.lists(st.integers(-5, SLOTS - 1), min_size=1, max_size=20).map(np.array))
def test_slots_and_shared_numbers_are_told_apart_by_their_sign(code):
    values, shared = numbers(SLOTS), -1.0 - np.arange(5.0)
    coded = Coded(code, shared)
    expected = np.array([values[x] if x >= 0 else np.full(LANES, shared[~x]) for x in code])
    assert (np.broadcast_to(coded.of(values), expected.shape) == expected).all()
    adjoints, gradient, more = np.zeros((SLOTS, LANES)), np.zeros(5), numbers(len(code))
    coded.add(adjoints, gradient, more)
    assert adjoints.sum() == more[code >= 0].sum() and gradient.sum() == more[code < 0].sum()
    for slot in {x for x in code if x >= 0}:
        assert (adjoints[slot] == more[code == slot].sum(axis=0)).all()
    for place in {~x for x in code if x < 0}:
        assert gradient[place] == more[code == ~place].sum()


@given(
    slope=st.sampled_from([0.0, -0.0, 2.0, np.inf, np.nan]),
    upstream=st.sampled_from([0.0, -0.0, 3.0, -3.0]),
    mask=st.sampled_from([False, True]),
    optional=st.booleans(),
)
def test_a_contribution_is_a_product_or_absent(slope, upstream, mask, optional):
    with np.errstate(all="ignore"):
        found = contribution(slope, np.array([[upstream]]), np.array([[mask]]), optional).item()
    is_absent = mask or (optional and upstream == 0.0 and np.signbit(upstream))
    if is_absent:
        assert found == 0.0 and np.signbit(found)
    else:
        assert np.array_equal(found, slope * upstream, equal_nan=True)
        assert not optional or found != 0.0 or not np.signbit(found)


def test_rows_of_constants_are_computed_at_once_and_unused_ones_not():
    rules = Rules(rules_of(p.power, 2, (True, False)))
    assert len(rules.rows) < len(rules_of(p.power, 2, (True, True)).ops)
    (slope, mask) = rules(np.array([[3.0]]), np.array([[2.0]]), np.array([[9.0]]))
    assert slope.item() == 6.0 and not mask


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
