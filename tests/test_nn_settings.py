"""The settings of a training: checked once, kept with the history, read by the command line."""

import dataclasses
import inspect
import json
import math

import pytest

import nn.cli as cli
from nn import SGD, History, TrainingSettings, TwoLayerNetwork, load_model, train, xor

DATA = xor(24, seed=2)


def trained(**options):
    network = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
    return network, train(network, DATA.inputs, DATA.targets, progress=False, **options)


def numbers(network):
    return [p.data for p in network.parameters()]


def test_every_setting_but_the_count_of_samples_is_a_keyword_of_train_with_the_same_default():
    fields = {field.name: field.default for field in dataclasses.fields(TrainingSettings)}
    keywords = inspect.signature(train).parameters
    del fields["samples"]
    for name, default in fields.items():
        assert keywords[name].kind is inspect.Parameter.KEYWORD_ONLY
        # None: that of a history that goes on, else the default.
        usual = keywords[name].default
        assert usual is None or default in (dataclasses.MISSING, usual)


def test_settings_cannot_be_changed():
    settings = TrainingSettings(samples=24, batch_size=6, iterations=20)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.seed = 1


def test_the_history_holds_the_settings_with_a_number_where_none_was_given():
    _, history = trained(iterations=20, seed=5)
    assert history.settings == TrainingSettings(
        samples=24, batch_size=16, iterations=20, step_size=0.1, seed=5
    )
    assert history.settings.evaluation_interval == 1


def test_an_optimiser_that_was_made_with_a_step_size_keeps_it_in_its_own_state():
    network = TwoLayerNetwork(2, 4, 2)
    optimizer = SGD(network.parameters(), step_size=0.3)
    history = train(network, DATA.inputs, DATA.targets, optimizer=optimizer, iterations=2,
                    progress=False)  # fmt: skip
    assert history.settings.step_size is None and history.optimizer["step_size"] == 0.3


def test_settings_come_back_from_json():
    _, history = trained(iterations=3, sampling="epochs", evaluate_every=2, batch_size=5)
    saved = json.loads(json.dumps(history.as_dict()))
    assert saved["settings"]["sampling"] == "epochs"
    assert History.from_dict(saved).settings == history.settings


def test_a_history_saved_by_version_0_2_goes_on():
    options = {"step_size": 0.5, "batch_size": 6, "seed": 5}
    whole, expected = trained(iterations=20, **options)
    network, begun = trained(iterations=9, **options)
    saved = begun.as_dict()
    del saved["settings"]
    old = History.from_dict(json.loads(json.dumps(saved)))
    assert old.settings is None and old.losses == begun.losses
    ended = train(network, DATA.inputs, DATA.targets, iterations=20, progress=False, resume=old,
                  **options)  # fmt: skip
    assert ended.losses == expected.losses and numbers(network) == numbers(whole)
    assert ended.settings == expected.settings


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"batch_size": 7}, "resume: batch_size was 6, and is now 7"),
        ({"seed": 1}, "resume: seed was 0, and is now 1"),
        ({"sampling": "epochs"}, "resume: sampling was 'iteration', and is now 'epochs'"),
    ],
)
def test_a_training_goes_on_with_the_same_settings_only(changed, message):
    _, history = trained(iterations=3, batch_size=6)
    with pytest.raises(ValueError, match=message):
        trained(**{"iterations": 5, "batch_size": 6, "resume": history, **changed})


@pytest.mark.parametrize("damage", [{"colour": 1}, {"batch_size": "many"}, {"samples": "x"}])
def test_damaged_settings_of_a_saved_history_are_a_value_error(damage):
    _, history = trained(iterations=2)
    saved = history.as_dict()
    saved["settings"].update(damage)
    with pytest.raises(ValueError, match="not the history|(batch_size|samples) must be"):
        History.from_dict(saved)
    with pytest.raises(ValueError, match="not the history"):
        History.from_dict(saved | {"settings": "fast"})


REFUSED = [
    ({"step_size": "a"}, "step_size must be a finite number above 0.0, not 'a'"),
    ({"step_size": -0.1}, "step_size must be a finite number above 0.0, not -0.1"),
    ({"step_size": math.nan}, "step_size must be a finite number above 0.0, not nan"),
    ({"step_size": math.inf}, "step_size must be a finite number above 0.0, not inf"),
    ({"seed": []}, r"seed must be an int, not \[\]"),
    ({"seed": None}, "seed must be an int, not None"),
    ({"seed": "5"}, "seed must be an int, not '5'"),
    ({"batch_size": True}, "batch_size must be an int of at least 1, not True"),
    ({"batch_size": 2.0}, "batch_size must be an int of at least 1, not 2.0"),
    ({"iterations": True}, "iterations must be an int of at least 1, not True"),
    ({"iterations": -1}, "iterations must be an int of at least 1, not -1"),
    ({"evaluate_every": False}, "evaluate_every must be an int of at least 1, not False"),
    ({"evaluate_every": "5"}, "evaluate_every must be an int of at least 1, not '5'"),
    ({"compiled": "no"}, "compiled must be True or False, not 'no'"),
    ({"sampling": None}, "sampling None is not known"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_a_setting_that_makes_no_sense_is_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        TrainingSettings(**{"samples": 24, "batch_size": 6, "iterations": 2, **options})
    with pytest.raises(ValueError, match=message):
        trained(**{"batch_size": 6, "iterations": 2, **options})


@pytest.mark.parametrize("samples", [-5, True, "x", 2.0, None])
def test_a_count_of_samples_is_an_int(samples):
    with pytest.raises(ValueError, match="samples must be an int of at least 1, not "):
        TrainingSettings(samples=samples, batch_size=1, iterations=1)


def test_ints_of_numpy_are_ints():
    numpy = pytest.importorskip("numpy")
    counts = {"batch_size": 6, "iterations": 4, "evaluate_every": 2, "seed": 5}
    expected, history = trained(**counts, step_size=0.5)
    network, found = trained(
        **{name: numpy.int64(n) for name, n in counts.items()}, step_size=numpy.float64(0.5)
    )
    assert found.settings == history.settings and numbers(network) == numbers(expected)
    json.dumps(found.as_dict())
    assert all(type(getattr(found.settings, name)) is int for name in counts)
    settings = TrainingSettings(samples=1, batch_size=1, iterations=1, compiled=numpy.bool_(False))
    assert settings.compiled is False


def test_the_command_line_trains_with_the_settings_that_its_file_tells(tmp_path, monkeypatch):
    histories = []

    def watched(*arguments, **options):
        histories.append(train(*arguments, **options))
        return histories[-1]

    monkeypatch.setattr(cli.training, "train", watched)
    options = ["--data", "xor", "-T", "5", "--seed", "4", "--sampling", "epochs", "--quiet"]
    assert cli.main(["train", *options, "--out", str(tmp_path)]) == 0
    settings = dataclasses.asdict(histories[0].settings)
    facts = load_model(tmp_path / "model.json").training
    shared = settings.keys() & facts.keys()
    assert shared == {"batch_size", "iterations", "step_size", "seed", "sampling", "compiled"}
    assert all(settings[name] == facts[name] for name in shared)
