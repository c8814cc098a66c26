"""Early stopping on samples of its own, and the best weights."""

import json
import signal

import pytest

from nn import Adam, Checkpoints, History, Trainer, TwoLayerNetwork, load_checkpoint, train, xor
from nn.sampling import checked_samples, set_aside

DATA = xor(40, noise=0.6, seed=2)
BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["recorded", "compiled"])


def net(seed=3):
    return TwoLayerNetwork(2, 8, 2, hidden="tanh", seed=seed)


def numbers(network):
    return [p.data for p in network.parameters()]


def trained(network, **options):
    options = {"step_size": 0.3, "batch_size": 4, "iterations": 300, "optimizer": Adam,
               "validation": 0.25, "evaluate_every": 5, "progress": False, **options}  # fmt: skip
    return train(network, DATA.inputs, DATA.targets, **options)


def test_a_share_is_set_aside_once_and_for_all():
    samples = checked_samples(DATA.inputs, DATA.targets)
    training, validation = set_aside(samples, 0.25, seed=1)
    assert (len(training), len(validation)) == (30, 10)
    assert sorted(map(repr, training + validation)) == sorted(map(repr, samples))
    assert set_aside(samples, 0.25, seed=1) == (training, validation)
    assert set_aside(samples, 0.25, seed=2) != (training, validation)
    assert set_aside(samples, 0.0, seed=1) == (samples, [])
    for share in (0.001, 0.999):
        with pytest.raises(ValueError, match="both need at least one"):
            set_aside(samples, share, seed=1)


@BOTH
def test_it_stops_when_the_loss_has_not_fallen_for_so_long_and_keeps_the_best(compiled):
    network = net()
    history = trained(network, compiled=compiled, patience=4)
    losses = [found.loss for found in history.validations]
    least = losses.index(min(losses))
    assert history.iteration < 300 and len(losses) == least + 1 + 4
    assert history.best.loss == min(losses) and history.best.iteration == 5 * (least + 1)
    assert history.has_best and numbers(network) == history.best.weights
    assert history.settings.samples == 30 and not history.interrupted


def test_without_patience_it_goes_on_and_keeps_the_best():
    network = net()
    history = trained(network, iterations=60)
    assert history.iteration == 60 and numbers(network) == history.best.weights
    assert history.best.loss == min(found.loss for found in history.validations)


def test_the_validation_samples_are_never_drawn():
    trainer = Trainer(net(), DATA.inputs, DATA.targets, validation=0.25, iterations=40)
    drawn = {repr(sample) for step in trainer for sample in step.samples}
    apart = {repr(sample) for sample in trainer.passes.validation}
    assert len(apart) == 10 and not drawn & apart


@BOTH
@pytest.mark.parametrize("stop", [4, 5, 23])
def test_a_training_resumed_stops_at_the_same_place(tmp_path, compiled, stop):
    whole, network = net(), net()
    expected = trained(whole, compiled=compiled, patience=4)
    stop = min(stop, expected.iteration - 1)
    trained(network, compiled=compiled, patience=4, checkpoint=Checkpoints(tmp_path, 1000),
            callback=lambda h: h.iteration == stop)  # fmt: skip
    assert numbers(network) == load_checkpoint(tmp_path).weights
    assert not load_checkpoint(tmp_path).history.has_best
    other = net(99)
    ended = trained(other, compiled=compiled, patience=4, resume=tmp_path)
    assert (ended.losses, ended.validations, ended.best) == (
        expected.losses,
        expected.validations,
        expected.best,
    )
    assert numbers(other) == numbers(whole)


def test_ctrl_c_leaves_the_last_weights_and_a_history_that_goes_on():
    whole, network = net(), net()
    expected = trained(whole, patience=4)

    def interrupt(history):
        if history.iteration == 7:
            signal.raise_signal(signal.SIGINT)

    begun = trained(network, patience=4, callback=interrupt)
    assert begun.interrupted and not begun.has_best
    begun = History.from_dict(json.loads(json.dumps(begun.as_dict())))
    ended = trained(network, patience=4, resume=begun)
    assert ended.losses == expected.losses and numbers(network) == numbers(whole)


def test_a_history_whose_last_weights_are_gone_is_refused_and_its_checkpoint_is_not(tmp_path):
    network = net()
    history = trained(network, iterations=20, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="only its checkpoint has the last ones"):
        trained(network, iterations=40, resume=history)
    assert load_checkpoint(tmp_path).done
    whole = net()
    expected = trained(whole, iterations=40)
    ended = trained(network, iterations=40, resume=tmp_path)
    assert ended.losses == expected.losses and numbers(network) == numbers(whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patience": 3, "validation": 0.0}, "patience needs a share"),
        ({"patience": 0}, "patience must be an int of at least 1"),
        ({"validation": 1.0}, "validation must be a finite number at least 0.0 and below 1"),
        ({"validation": "a"}, "validation must be a finite number"),
    ],
)
def test_a_validation_that_cannot_be_says_why(options, message):
    with pytest.raises(ValueError, match=message):
        trained(net(), **options)
