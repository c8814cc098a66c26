"""Edges of nn: resuming, evaluating, odd modules, odd files, odd tables."""

import json
import math
import pickle

import pytest

import autograd
import nn.cli as cli
from autograd import Primitive, Value, no_grad, sin, tanh
from nn import (
    MLP,
    SGD,
    Adam,
    History,
    Layer,
    Module,
    Standardizer,
    TwoLayerNetwork,
    accuracy,
    cross_entropy,
    load_model,
    one_hot,
    read_csv,
    save_model,
    split,
    train,
    xor,
)

DATA = xor(24, seed=2)


def numbers(module):
    return [p.data for p in module.parameters()]


def quick(network, **options):
    options = {"iterations": 4, "batch_size": 6, "progress": False, **options}
    return train(network, DATA.inputs, DATA.targets, **options)


# Modules.


def test_a_module_finds_parameters_in_dicts_and_survives_a_cycle():
    class Net(Module):
        def __init__(self):
            self.blocks = {"first": Layer(1, 1), "second": [Value(2.0), 0.5]}
            self.blocks["first"].owner = self
            self.cached = Value(1.0) * 2.0

    assert [name for name, _ in Net().named_parameters()] == [
        "blocks.first.neurons.0.w.0", "blocks.first.neurons.0.b", "blocks.second.0",
    ]  # fmt: skip


def test_a_tied_parameter_is_updated_once_and_must_be_loaded_consistently():
    class Tied(Module):
        def __init__(self):
            self.one = Value(1.0)
            self.both = [self.one, Value(2.0)]

    net = Tied()
    assert len(net.parameters()) == 2
    with pytest.raises(ValueError, match="two names has two numbers"):
        net.load_state_dict({"one": 3.0, "both": [4.0, 5.0]})
    assert numbers(net) == [1.0, 2.0]


@pytest.mark.parametrize("huge", [10**400, -(10**400), math.inf])
def test_a_number_too_large_for_a_float_is_refused_by_name(huge):
    state = (net := Layer(1, 1)).state_dict()
    with pytest.raises(ValueError, match="neurons.0.b: .* is not a finite number"):
        net.load_state_dict({**state, "neurons.0.b": huge})
    with pytest.raises(ValueError, match="finite means"):
        Standardizer([huge], [1.0])
    with pytest.raises(ValueError, match="row 0: .* is not finite"):
        quick(TwoLayerNetwork(1, 2, 2), held_out=([[huge]], [[1.0, 0.0]]))
    with pytest.raises(ValueError, match="step_size must be a finite number above 0"):
        SGD(net.parameters(), huge)


def test_a_module_goes_through_pickle_without_a_history():
    net = TwoLayerNetwork(2, 3, 2, hidden=tanh, output="softmax")
    assert numbers(pickle.loads(pickle.dumps(net))) == numbers(net)


# Training.


def test_training_leaves_the_mode_of_a_module_as_it_was():
    net = TwoLayerNetwork(2, 3, 2).eval()
    quick(net, held_out=(DATA.inputs, DATA.targets))
    assert not net.training and not net.layers[0].neurons[0].training
    assert isinstance(net([0.0, 1.0])[0], float)
    quick(net.train(), held_out=(DATA.inputs, DATA.targets))
    assert net.training and net.layers[0].neurons[0].training


def test_anything_callable_with_parameters_can_be_trained():
    class Plain:
        def __init__(self):
            self.layers = [Layer(2, 2, False, seed=1)]

        def parameters(self):
            return self.layers[0].parameters()

        def __call__(self, x):
            return self.layers[0](x)

    class WithFunction(Module):
        def __init__(self):
            self.layers = [abs_of, Layer(2, 2, False, seed=1)]

        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    def abs_of(x):
        return [abs(each) for each in x]

    for net in (Plain(), WithFunction()):
        before = numbers(net)
        history = quick(net, held_out=(DATA.inputs, DATA.targets))
        assert numbers(net) != before and len(history.evaluations) == 4


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "linear"])
def test_an_evaluation_gives_the_loss_of_the_training(output):
    net = TwoLayerNetwork(2, 3, 2, output=output, seed=4)
    whole = quick(net, iterations=2, batch_size=24, step_size=1e-300, loss=cross_entropy,
                  held_out=(DATA.inputs, [row.index(1.0) for row in DATA.targets]))  # fmt: skip
    assert whole.evaluations[0].loss == pytest.approx(whole.losses[0], rel=1e-14)


def test_nothing_is_trained_under_no_grad():
    with no_grad(), pytest.raises(ValueError, match="no_grad"):
        quick(TwoLayerNetwork(2, 3, 2))


def test_an_optimizer_brings_its_own_step_size():
    net = TwoLayerNetwork(2, 3, 2)
    with pytest.raises(ValueError, match="one of the two"):
        quick(net, optimizer=SGD(net.parameters(), 0.5), step_size=0.5)
    quick(net, optimizer=SGD(net.parameters(), 0.5))
    other = TwoLayerNetwork(2, 3, 2)
    quick(other, step_size=0.5)
    assert numbers(net) == numbers(other)


def test_an_infinite_gradient_or_loss_leaves_the_weights_alone():
    net = TwoLayerNetwork(2, 3, 2, output="linear")
    before = numbers(net)

    def infinite(outputs, target):
        return outputs[0] * math.inf

    def steep(outputs, target):
        return (outputs[0] - outputs[0].data) * 1e308 * 1e308

    for loss in (infinite, steep):
        with pytest.raises(FloatingPointError, match="iteration 1: .*step size smaller than 0.1"):
            quick(net, loss=loss)
        assert numbers(net) == before


def test_a_step_that_is_not_finite_changes_nothing_and_names_the_parameter():
    ws = [Value(1.0), Value(2.0)]
    optimizer = Adam(ws, 0.1)
    ws[1].grad = math.nan
    with pytest.raises(
        FloatingPointError, match="parameter 1 would become nan: its gradient is nan"
    ):
        optimizer.step()
    assert [w.data for w in ws] == [1.0, 2.0] and optimizer.steps == 0
    assert optimizer.slots["means"] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimizer": "Adam"}, "the state of a Adam, not of SGD"),
        ({"slots": {}}, "velocity: 1 numbers expected, the state has none"),
        ({"slots": {"velocity": [1.0, 2.0]}}, "velocity: 1 numbers expected, the state has 2"),
        ({"slots": {"velocity": ["a"]}}, "velocity must be a finite number"),
        ({"step_size": "big"}, "step_size must be a finite number"),
    ],
)
def test_an_optimizer_refuses_a_state_that_does_not_fit(change, message):
    optimizer = SGD([Value(1.0)], 0.25)
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict({**before, "step_size": 9.0, **change})
    assert optimizer.state_dict() == before
    assert repr(optimizer) == "SGD(1 parameters, step_size=0.25, momentum=0.0, weight_decay=0.0)"
    del before["steps"]
    with pytest.raises(ValueError, match="lacks steps"):
        optimizer.load_state_dict(before)


def test_a_parameter_is_a_value():
    with pytest.raises(TypeError, match="a parameter is a Value, not float 1.0"):
        SGD([1.0], 0.1)


def test_a_history_is_resumed_with_the_same_settings_only():
    net = TwoLayerNetwork(2, 3, 2)
    history = History.from_dict(json.loads(json.dumps(quick(net).as_dict())))
    with pytest.raises(ValueError, match="resume: batch_size was 6, and is now 5"):
        quick(net, batch_size=5, resume=history)
    with pytest.raises(ValueError, match="resume: seed was 0, and is now 1"):
        quick(net, seed=1, resume=history)
    before = numbers(net)
    assert quick(net, resume=history).losses == history.losses  # nothing was left to do
    assert numbers(net) == before


@pytest.mark.parametrize(
    ("outputs", "targets", "expected"),
    [
        ([0.7, 0.2, 0.6], [1, 0, 0], 2 / 3),
        ([0.7, -0.2], [-1, -1], 0.5),
        ([[0.1, 0.9], [0.8, 0.3]], [1, 1], 0.5),
        ([[0.1, 0.9], [0.8, 0.3]], [[-1.0, 1.0], [1.0, -1.0]], 1.0),
        ([[0.1, 0.9]], [2], None),
        ([0.5, 2.0], [0.25, 2.0], None),
        ([0.5, 2.0, 1.0], [-1.0, 0.0, 1.0], None),
        ([[0.5, 0.5]], [[0.5, 0.5]], None),
        ([], [], None),
    ],
)
def test_accuracy_is_the_share_of_right_classes_and_of_nothing_else(outputs, targets, expected):
    assert accuracy(outputs, targets) == expected


# Files and tables.


def test_an_mlp_and_a_primitive_as_activation_come_back_from_a_file(tmp_path):
    net = MLP(2, [3, 3, 1], activation=tanh, output="softplus", seed=1)
    save_model(tmp_path / "m.json", net)
    model = load_model(tmp_path / "m.json")
    assert str(model.network) == str(net) and model.outputs([1.0, 2.0]) == [net.eval()([1.0, 2.0])]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"standardizer": 3}, "'standardizer' is no dict"),
        ({"standardizer": {"means": [10**400, 0], "scales": [1, 1]}}, "not a finite number"),
        ({"standardizer": {"means": [0, 0], "scales": [1, 0]}}, "scales above 0"),
        ({"standardizer": {"means": [0, 0], "scales": [True, 1]}}, "finite means"),
        ({"class_names": [1, 2]}, "'class_names' is no list of names"),
        ({"training": []}, "'training' is missing or no dict"),
    ],
)
def test_a_model_with_a_wrong_part_is_refused(tmp_path, change, message):
    path = tmp_path / "m.json"
    save_model(path, TwoLayerNetwork(2, 3, 2))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=f"m.json: .*{message}"):
        load_model(path)


@pytest.mark.parametrize("name", ["mul", "inner_product", "less", "where", ""])
def test_an_activation_has_one_operand(tmp_path, name):
    with pytest.raises(ValueError, match="is not known; choose from linear, relu"):
        TwoLayerNetwork(2, 3, 2, hidden=name)


def test_any_primitive_of_one_operand_serves_as_activation_by_name():
    assert TwoLayerNetwork(2, 3, 2, hidden="sin").layers[0].neurons[0].activation is sin


def test_a_users_own_activation_is_used_but_not_written(tmp_path):
    own = Primitive("own", math.sin, lambda x, out: x)
    with pytest.raises(ValueError, match="own is your own"):
        save_model(tmp_path / "m.json", TwoLayerNetwork(2, 3, 2, hidden=own))


def test_small_errors_of_data_are_named():
    with pytest.raises(ValueError, match="label 3 is no index of 3 classes"):
        one_hot(3, 3)
    with pytest.raises(ValueError, match="held_out must be at least 0 and below 1, not 1.0"):
        split(DATA, 1.0)
    with pytest.raises(ValueError, match="2 features, but 1 were standardized"):
        Standardizer([0.0], [1.0]).row([1.0, 2.0])


def test_a_first_row_with_a_typing_error_is_not_taken_for_a_header(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("1,x2,yes\n3,4,no\n")
    with pytest.raises(ValueError, match="line 1, column 2: 'x2' is not a number"):
        read_csv(path)
    path.write_text("2001,2002,kind\n1,2,yes\n3,4,no\n")
    assert read_csv(path, header=True).feature_names == ["2001", "2002"]


# Predictions.


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "m.json"
    names = {"feature_names": ["a", "b"], "class_names": ["no", "yes"]}
    save_model(path, TwoLayerNetwork(2, 3, 2, seed=1), **names)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "a,b\n1,2\n3,4\n",
        "b,a\n2,1\n4,3\n",
        "kind,b,a\nx,2,1\ny,4,3\n",
        "1,2,?\n3,4,?\n",
    ],
)
def test_the_features_are_found_by_name_or_by_place(tmp_path, capsys, model, text):
    (tmp_path / "d.csv").write_text(text)
    assert cli.main(["predict", str(model), str(tmp_path / "d.csv")]) == 0
    said, noted = capsys.readouterr()
    outputs = load_model(model).outputs
    rows = [[float(x) for x in line.split(",")[:2]] for line in said.splitlines()[1:]]
    assert rows == [outputs([1.0, 2.0]), outputs([3.0, 4.0])] and noted == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n2\n", "1 columns, but the network has 2 inputs"),
        ("1,2,3,4\n", "4 columns, but the network has 2 inputs"),
        ("1,x\n3,4\n", "line 1, column 2: 'x' is not a number"),
        ("a,b\n1,\n", r"line 2, column 2 (b): '' is not a number"),
    ],
)
def test_a_table_that_does_not_fit_the_model_is_one_line(tmp_path, capsys, model, text, message):
    (tmp_path / "d.csv").write_text(text)
    assert cli.main(["predict", str(model), str(tmp_path / "d.csv")]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1


def test_a_single_feature_with_or_without_a_header_is_predicted(tmp_path, capsys):
    save_model(tmp_path / "m.json", TwoLayerNetwork(1, 3, 2, seed=1))
    for text in ("x\n1\n2\n", "1\n2\n"):
        (tmp_path / "d.csv").write_text(text)
        assert cli.main(["predict", str(tmp_path / "m.json"), str(tmp_path / "d.csv")]) == 0
        said = capsys.readouterr().out.splitlines()
        assert said[0] == "0,1,class" and len(said) == 3


def test_logits_and_a_single_sigmoid_become_probabilities(tmp_path, capsys):
    (tmp_path / "d.csv").write_text("1,2\n")
    logits = TwoLayerNetwork(2, 3, 2, output="linear", seed=1)
    one = MLP(2, [3, 1], output="sigmoid", seed=1)
    for net, facts in ((logits, {"loss": "cross_entropy"}), (one, {})):
        save_model(tmp_path / "m.json", net, class_names=["no", "yes"], training=facts)
        assert cli.main(["predict", str(tmp_path / "m.json"), str(tmp_path / "d.csv")]) == 0
        no, yes, name = capsys.readouterr().out.splitlines()[1].split(",")
        assert float(no) + float(yes) == pytest.approx(1.0)
        assert name == ("yes" if float(yes) > float(no) else "no")


def test_nothing_held_out_and_an_early_ctrl_c(tmp_path, capsys, monkeypatch):
    options = ["train", "--data", "xor", "--iterations", "3", "--quiet", "--out", str(tmp_path)]
    assert cli.main([*options, "--held-out", "0"]) == 0
    assert "held-out accuracy" not in capsys.readouterr().out

    def at_once(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(SGD, "step", at_once)
    assert cli.main(options) == 130
    assert "stopped before the first iteration: there is nothing to save" in capsys.readouterr().out
    monkeypatch.setattr(cli.jobs, "chosen_dataset", at_once)
    assert cli.main(options) == 130
    assert capsys.readouterr().err == "chainrule train: stopped\n"


HUGE = 1e308
FAR_APART = [  # logits, target, the loss; the last two have two largest logits
    ([HUGE, -HUGE], 0, 0.0),
    ([HUGE, -HUGE], 1, math.inf),
    ([HUGE, -HUGE], [0.3, 0.7], 1.4e308),
    ([HUGE, HUGE, -HUGE], 0, math.log(2.0)),
    ([HUGE, HUGE, -HUGE], [0.3, 0.7, 0.0], math.log(2.0)),
]


@pytest.mark.parametrize(("logits", "target", "expected"), FAR_APART, ids=str)
def test_logits_whose_difference_is_no_float_have_a_cross_entropy_however_it_is_computed(
    logits, target, expected
):
    zs = [Value(z) for z in logits]
    loss = cross_entropy(zs, target)
    loss.backward()
    recorded = [Value(y) for y in target] if isinstance(target, list) else Value(float(target))
    with no_grad():
        losses = [loss.data, cross_entropy(logits, target), cross_entropy(zs, recorded).data]
    function = autograd.compile(
        lambda zs: cross_entropy(zs, target), example=(logits,), finite=False, engine="numpy"
    )
    compiled, _, slopes = function.value_and_grad([logits], inputs=True)
    assert [*losses, compiled] == pytest.approx([expected] * 4, rel=1e-15)
    assert slopes[0] == pytest.approx([z.grad for z in zs], rel=1e-15)
