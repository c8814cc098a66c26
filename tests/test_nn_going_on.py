"""Going on with a training: what is kept, what is refused, and what a loop may do in between."""

import copy
import math

import pytest

from nn import SGD, Adam, Trainer, TwoLayerNetwork, moons, train

DATA = moons(60, 0.15)
BASE = {"batch_size": 7, "progress": False}


def network():
    return TwoLayerNetwork(2, 5, 2, hidden="tanh", seed=3)


def weights(net):
    return [p.data for p in net.parameters()]


def trained(net, iterations=10, **options):
    return train(net, DATA.inputs, DATA.targets, iterations=iterations, **{**BASE, **options})


def test_held_out_samples_may_be_columns_by_name():
    inputs, targets = (
        {f"column {i}": list(column) for i, column in enumerate(zip(*rows))}
        for rows in (DATA.inputs, DATA.targets)
    )
    found = trained(network(), held_out=(inputs, targets)).evaluations
    assert found == trained(network(), held_out=(DATA.inputs, DATA.targets)).evaluations


def test_a_history_that_was_taken_before_is_refused_and_a_copy_of_it_is_not():
    net = network()
    trainer = Trainer(net, DATA.inputs, DATA.targets, iterations=30, batch_size=7)
    for step in trainer:
        if step.t == 5:
            taken = trainer.history
            kept = copy.deepcopy(taken)
            state = net.state_dict()
        if step.t == 15:
            break
    with pytest.raises(ValueError, match="gone on to iteration 15 .* after iteration 5"):
        trained(net, 30, resume=taken)
    with pytest.raises(ValueError, match="take trainer.history again"):
        taken.as_dict()
    net.load_state_dict(state)
    trained(net, 30, resume=kept)
    whole = network()
    trained(whole, 30)
    assert weights(net) == weights(whole)


def test_what_is_not_given_on_resume_is_that_of_the_history(tmp_path):
    trained(network(), dropout=0.5, checkpoint=tmp_path)
    whole, net = network(), network()
    trained(whole, 20, dropout=0.5)
    history = trained(net, 20, resume=tmp_path)
    assert history.settings.dropout == 0.5 and weights(net) == weights(whole)
    with pytest.raises(ValueError, match=r"resume: dropout was 0\.5, and is now 0\.1"):
        trained(network(), 20, resume=tmp_path, dropout=0.1)


def test_a_compiled_training_goes_on_compiled(tmp_path):
    pytest.importorskip("numpy")
    trained(network(), compiled=True, checkpoint=tmp_path)
    assert trained(network(), 20, resume=tmp_path).settings.compiled
    assert not trained(network(), 20, resume=tmp_path, compiled=False).settings.compiled


def test_a_schedule_that_is_not_given_is_that_of_the_history():
    net = network()
    history = trained(net, schedule="cosine")
    with pytest.raises(ValueError, match="schedule"):  # it was for another T
        trained(net, 20, resume=history)


@pytest.mark.parametrize("settings", [{"clip_norm": 1e-9}, {"clip_value": 0.1}, {"l1": 0.01}])
def test_a_setting_of_the_optimizer_that_is_another_on_resume_is_refused(settings):
    (name,) = settings
    net = network()
    history = trained(net)
    with pytest.raises(ValueError, match=f"resume: {name} of the optimizer was"):
        trained(net, 20, resume=history, optimizer=lambda p, a: SGD(p, a, **settings))
    other = network()
    history = trained(other, optimizer=lambda p, a: SGD(p, a, **settings))
    assert trained(other, 20, resume=history).optimizer[name] == settings[name]


def test_a_resume_that_is_refused_leaves_the_network_as_it_was(tmp_path):
    trained(network(), checkpoint=tmp_path)
    net = network()
    before = weights(net)
    for wrong in ({"batch_size": 8}, {"optimizer": Adam}):
        with pytest.raises(ValueError):
            trained(net, 20, resume=tmp_path, **wrong)
        assert weights(net) == before


def test_a_trainer_takes_the_path_of_a_checkpoint(tmp_path):
    trained(network(), checkpoint=tmp_path)
    net, whole = network(), network()
    for _ in Trainer(net, DATA.inputs, DATA.targets, iterations=20, batch_size=7, resume=tmp_path):
        pass
    trained(whole, 20)
    assert weights(net) == weights(whole)


def test_one_may_look_at_the_network_in_a_loop_by_eval():
    net, whole = network(), network()
    for _ in Trainer(net, DATA.inputs, DATA.targets, iterations=9, batch_size=7):
        net.eval()
        net(DATA.inputs[0])
    trained(whole, 9)
    assert weights(net) == weights(whole)


def test_at_the_end_of_a_loop_that_validates_the_network_has_the_best_weights():
    net, other = network(), network()
    options = {"validation": 0.2, "evaluate_every": 2, "step_size": 3.0, "batch_size": 7}
    trainer = Trainer(net, DATA.inputs, DATA.targets, iterations=60, **options)
    for _ in trainer:
        pass
    history = train(other, DATA.inputs, DATA.targets, iterations=60, progress=False, **options)
    assert history.best.iteration < 60 and weights(net) == weights(other) == history.best.weights


def test_losses_and_optimizers_go_by_their_names():
    net, other = network(), network()
    trained(net, loss="mse", optimizer="adam", step_size=0.01)
    trained(other, optimizer=Adam, step_size=0.01)
    assert weights(net) == weights(other)
    with pytest.raises(ValueError, match="optimizer 'adm' is not known; choose from"):
        trained(network(), optimizer="adm")


@pytest.mark.parametrize("iterations", [60, 200])
def test_a_loss_that_blows_up_at_once_is_hinted_at(iterations):
    net = TwoLayerNetwork(2, 6, 1, hidden="tanh", output="linear", seed=0)
    targets = [[float(label)] for label in DATA.labels]
    history = train(net, DATA.inputs, targets, iterations=iterations, step_size=1e10,
                    optimizer=Adam, progress=False)  # fmt: skip
    assert history.losses[-1] > 1e3 and "step size is too large" in history.hints["loss grew"]


def test_units_that_never_fire_are_named_in_a_large_network_too():
    net = TwoLayerNetwork(64, 100, 2, seed=0)
    for neuron in net.layers[0].neurons:
        neuron.b.data = -1e4
    rows = [[math.sin(i * j) for j in range(64)] for i in range(40)]
    history = train(net, rows, [[1.0, 0.0]] * 40, iterations=100, batch_size=2, progress=False)
    assert "100 of 100 units" in history.hints["units 1"]


def test_a_file_is_no_folder_for_checkpoints(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(NotADirectoryError):
        trained(network(), checkpoint=tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_dropout_needs_hidden_units():
    from nn import MLP

    with pytest.raises(ValueError, match="the network has none"):
        train(MLP(2, [2]), DATA.inputs, DATA.targets, dropout=0.5, progress=False)
