"""Dropout: the same units recorded and compiled, all of them in evaluations, resumed bit for bit."""

import json

import pytest

from nn import MLP, Adam, History, Neuron, Trainer, TwoLayerNetwork, mse_loss, train, xor
from nn.sampling import dropout_factors

DATA = xor(24, seed=2)
BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["recorded", "compiled"])


def net():
    return TwoLayerNetwork(2, 6, 2, hidden="tanh", seed=3)


def trained(network, **options):
    options = {"step_size": 0.05, "batch_size": 5, "iterations": 20, "optimizer": Adam,
               "dropout": 0.25, "progress": False, **options}  # fmt: skip
    return train(network, DATA.inputs, DATA.targets, **options)


def numbers(network):
    return [p.data for p in network.parameters()]


def test_a_quarter_is_dropped_and_the_others_make_up_for_it():
    factors = dropout_factors(0.25, seed=7, t=3, count=40_000)
    assert set(factors) == {0.0, 1 / 0.75}
    assert sum(factors) / len(factors) == pytest.approx(1.0, abs=0.01)
    assert dropout_factors(0.25, seed=7, t=3, count=40_000) == factors
    assert dropout_factors(0.25, seed=7, t=4, count=40_000) != factors
    assert dropout_factors(0.25, seed=8, t=3, count=40_000) != factors


def test_the_gradient_is_that_of_the_thinned_network():
    network, twin = net(), net()
    (step,) = Trainer(network, DATA.inputs, DATA.targets, dropout=0.5, batch_size=3, iterations=1)
    factors = dropout_factors(0.5, seed=0, t=1, count=18)
    losses = []
    for i, (x, y) in enumerate(step.samples):
        hidden = [h * f for h, f in zip(twin.layers[0](x), factors[6 * i : 6 * i + 6])]
        losses.append(mse_loss(twin.layers[1](hidden), y))
    (sum(losses) / 3).backward()
    assert step.gradients == pytest.approx([p.grad for p in twin.parameters()], rel=1e-12)
    assert step.loss == pytest.approx(sum(loss.data for loss in losses) / 3)


@pytest.mark.parametrize("sizes", [[6, 2], [5, 4, 2], [1, 3, 2]])
def test_recorded_and_compiled_drop_the_same_units(sizes):
    found = []
    for compiled in (False, True):
        network = MLP(2, sizes, activation="tanh", seed=3)
        history = trained(network, compiled=compiled, held_out=(DATA.inputs, DATA.targets))
        found.append([*history.losses, *(e.loss for e in history.evaluations), *numbers(network)])
    assert found[1] == pytest.approx(found[0], rel=1e-9, abs=1e-14)


@BOTH
def test_a_training_with_dropout_goes_on_bit_for_bit(compiled):
    whole, network = net(), net()
    expected = trained(whole, compiled=compiled)
    begun = trained(network, compiled=compiled, iterations=9)
    begun = History.from_dict(json.loads(json.dumps(begun.as_dict())))
    ended = trained(network, compiled=compiled, resume=begun)
    assert ended.losses == expected.losses and numbers(network) == numbers(whole)
    assert ended.settings.dropout == 0.25


@pytest.mark.parametrize(
    ("network", "share", "message"),
    [
        (net(), 1.0, "dropout must be a finite number at least 0.0 and below 1"),
        (net(), -0.1, "dropout must be a finite number"),
        (Neuron(2), 0.5, "dropout is for an MLP, and Neuron is none"),
    ],
)
def test_a_dropout_that_cannot_be_says_why(network, share, message):
    with pytest.raises(ValueError, match=message):
        trained(network, dropout=share)
