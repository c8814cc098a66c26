"""Hints about trainings that go wrong without an error; losses at the ends of the float range."""

import math

import pytest

from autograd import Value
from nn import History, Neuron, TwoLayerNetwork, cross_entropy, load_iris, train, xor
from nn.hints import hints
from nn.settings import usual_iterations

DATA = xor(60, seed=2)
BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["recorded", "compiled"])


def trained(network, **options):
    options = {"batch_size": 6, "iterations": 150, "progress": False, **options}
    return train(network, DATA.inputs, DATA.targets, **options)


@BOTH
def test_hidden_units_that_never_fire_are_counted(compiled, capsys):
    network = TwoLayerNetwork(2, 4, 2, seed=3)
    for neuron in network.layers[0].neurons[:3]:
        neuron.b.data = -50.0
    history = trained(network, compiled=compiled)
    text = history.hints["units 1"]
    assert text.startswith("3 of 4 units of hidden layer 1 are 0 for all of 60 samples")
    assert capsys.readouterr().err == ""


def test_a_loss_that_does_not_move_is_told_once(capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    history = trained(TwoLayerNetwork(2, 4, 2, seed=3), step_size=1e-12, batch_size=60,
                      progress=True)  # fmt: skip
    assert list(history.hints) == ["loss still"]
    assert capsys.readouterr().err.count("the loss has not moved") == 1


def test_a_loss_of_1e22_is_no_success():
    history = History(losses=[1.0] * 30 + [1e22] * 90)
    assert hints(None, [], history)["loss grew"].startswith(
        "the loss has grown from 1 to 1e+22: the step size is too large"
    )


def test_a_training_that_goes_well_has_no_hints():
    data = load_iris()
    network = TwoLayerNetwork(4, 8, 3, hidden="tanh")
    history = train(network, data.inputs, data.targets, iterations=200, progress=False)
    assert history.hints == {}
    assert hints(network, [], History(losses=[1e300] * 10)) == {}
    assert "loss grew" in hints(None, [], History(losses=[1.0] * 90 + [1e308] * 90))


def test_hints_come_back_with_the_history():
    network = TwoLayerNetwork(2, 4, 2, seed=3)
    history = trained(network, step_size=1e-12, batch_size=60)
    again = History.from_dict(history.as_dict())
    assert again.hints == history.hints


def test_epochs_stand_beside_the_iterations(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    history = trained(TwoLayerNetwork(2, 4, 2), progress=True)
    assert history.epochs == 150 * 6 / 60
    assert "iteration 150 of 150 (epoch 15.0): loss" in capsys.readouterr().err
    assert History().epochs is None


def test_the_usual_number_of_iterations_grows_with_the_data():
    assert usual_iterations(1_600, 16) == 500
    assert usual_iterations(16_000, 16) == 5_000
    assert usual_iterations(100, 100, least=1000) == 1000
    history = train(TwoLayerNetwork(2, 2, 2), DATA.inputs * 2, DATA.targets * 2, batch_size=1,
                    progress=False)  # fmt: skip
    assert history.iteration == 600  # 5 epochs of 120 samples


# Losses at the ends of the range.


@pytest.mark.parametrize(
    ("logits", "target", "expected", "slopes"),
    [
        ([1e308, -1e308], [0.3, 0.7], 1.4e308, [0.7, -0.7]),
        ([1e308, -1e308], [0.7, 0.3], 0.6e308, [0.3, -0.3]),
        ([1e308, -1e308], 0, 0.0, [0.0, 0.0]),
        ([1e308, 1e308, -1e308], [0.5, 0.5, 0.0], math.log(2.0), [0.0, 0.0, 0.0]),
        ([1e308, -1e308], [1.0, 0.0], 0.0, [0.0, 0.0]),
        ([800.0, -800.0], [0.5, 0.5], 800.0, [0.5, -0.5]),
    ],
)
def test_cross_entropy_of_logits_whose_difference_is_no_float(logits, target, expected, slopes):
    assert cross_entropy(logits, target) == pytest.approx(expected, rel=1e-15)
    leaves = list(map(Value, logits))
    loss = cross_entropy(leaves, target)
    loss.backward()
    assert loss.data == pytest.approx(expected, rel=1e-15)
    assert [z.grad for z in leaves] == pytest.approx(slopes, abs=1e-15)


def test_a_loss_beyond_all_floats_is_infinite_and_not_nan():
    assert cross_entropy([1e308, -1e308], 1) == math.inf


def test_cross_entropy_of_one_class_is_certain_and_hides_no_nan():
    assert cross_entropy([3.0], 0) == 0.0
    assert math.isnan(cross_entropy([math.nan], 0))
    assert math.isnan(cross_entropy([math.nan, 1.0], 0))
    assert math.isnan(cross_entropy([math.nan, 1.0], [0.5, 0.5]))
    z = Value(3.0)
    loss = cross_entropy([z], [1.0])
    loss.backward()
    assert (loss.data, z.grad) == (0.0, 0.0)


def test_a_neuron_has_its_hints_in_no_case():
    assert hints(Neuron(2), [([0.0, 0.0], 0.0)] * 50, History(losses=[1.0, 0.5] * 90)) == {
        "loss still": "the loss has not moved in 180 iterations: a larger step size or another "
        "seed may help"
    }


def test_a_first_loss_that_is_small_by_chance_is_no_blow_up():
    losses = [1e-5, *[0.2] * 199]
    assert "loss grew" not in hints(None, [], History(losses=losses))
    assert "loss grew" in hints(None, [], History(losses=[0.3, 1e9]))
    assert "loss still" in hints(None, [], History(losses=[0.199, *[0.2] * 199]))
