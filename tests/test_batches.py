"""Many rows at once through a network: no bit differs from one row at a time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import MLP, Layer, Model, TwoLayerNetwork, batches, load_iris
from nn.batches import outputs_of_rows
from nn.data import Standardizer

WIDE = st.floats(-1.7e308, 1.7e308)  # sums of which may overflow


def bits(rows):
    return [[x.hex() for x in row] for row in rows]


def one_by_one(network, rows):
    network.eval()
    found = [network(row) for row in rows]
    return [z if isinstance(z, list) else [z] for z in found]


def with_biases(network):
    """Return a network whose biases are not the zeros that they are at first."""
    for i, parameter in enumerate(network.parameters()):
        parameter.data += 0.1 / (i + 1)
    return network


@pytest.fixture(params=["lists", "arrays"])
def way(request, monkeypatch):
    monkeypatch.setattr(batches, "FEW_PRODUCTS", math.inf if request.param == "lists" else 0)
    return request.param


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "linear", "tanh"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_the_outputs_of_many_rows_have_the_bits_of_one_at_a_time(way, activation, output):
    network = with_biases(MLP(4, [7, 3, 3], activation=activation, output=output, seed=1))
    rows = load_iris().inputs
    assert bits(outputs_of_rows(network, rows)) == bits(one_by_one(network, rows))


def test_blocks_are_put_together_in_order(way, monkeypatch):
    monkeypatch.setattr(batches, "BLOCK", 4)
    network = TwoLayerNetwork(4, 5, 1, seed=2)
    rows = load_iris().inputs[:10]
    assert bits(outputs_of_rows(network, rows)) == bits(one_by_one(network, rows))
    assert outputs_of_rows(network, []) == []


@given(st.lists(st.tuples(WIDE, WIDE), min_size=1, max_size=4))
def test_numbers_that_overflow_do_so_on_arrays_as_well(rows):
    network = MLP(2, [2, 2], activation="relu", output="linear", seed=3)
    for parameter in network.parameters():
        parameter.data *= 3.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "FEW_PRODUCTS", 0)
        found = outputs_of_rows(network, rows)
    expected = one_by_one(network, rows)
    # The sign of a NaN is the processor's, so it is no part of the comparison.
    assert [[z.hex() if z == z else "nan" for z in row] for row in found] == [
        [z.hex() if z == z else "nan" for z in row] for row in expected
    ]


def test_a_layer_of_a_users_own_is_called_row_by_row(way):
    class Doubled(Layer):
        def __call__(self, x):
            return [2 * y for y in super().__call__(x)]

    network = MLP(4, [3, 2], seed=4)
    network.layers[0].__class__ = Doubled
    rows = load_iris().inputs[:5]
    assert bits(outputs_of_rows(network, rows)) == bits(one_by_one(network, rows))


def test_a_row_of_another_length_is_refused(way):
    with pytest.raises(ValueError, match="takes 4 inputs, not 3"):
        outputs_of_rows(MLP(4, [2]), [[1.0] * 4, [1.0] * 3])


def test_without_numpy_many_rows_are_lists(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "numpy", None)
    assert batches.array_module(10**9) is None


def test_a_model_finds_for_many_rows_what_it_finds_for_each(way):
    data = load_iris()
    standard = Standardizer.fit(data.inputs)
    classes = Model(TwoLayerNetwork(4, 6, 3, seed=5), standard, class_names=data.class_names)
    assert classes.found(data.inputs) == [classes.best(row) for row in data.inputs]
    quantity = Model(MLP(4, [3, 1], seed=6), standard)
    assert quantity.found(data.inputs) == [quantity.quantity(row) for row in data.inputs]
    assert quantity.predict(data.inputs) == quantity.found(data.inputs)
