"""Modules, layers, losses, optimisers, training and files."""

import copy
import json
import math
import os
import random
import signal
import subprocess
import sys
from fractions import Fraction
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

import nn
from autograd import Value, no_grad, relu, sigmoid, softmax
from autograd.modes import mode
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    History,
    Layer,
    Module,
    Momentum,
    Neuron,
    RMSprop,
    Standardizer,
    TwoLayerNetwork,
    binary_cross_entropy,
    cross_entropy,
    hinge_loss,
    huber_loss,
    load_iris,
    load_model,
    moons,
    mse_loss,
    passes,
    save_model,
    train,
    xor,
)  # fmt: skip
from nn.sampling import Sampler


def numbers(module):
    return [p.data for p in module.parameters()]


# Layers and modules.


def test_after_the_same_seed_an_mlp_has_the_numbers_of_micrograd():
    random.seed(1337)
    network = MLP(2, [16, 16, 1])
    random.seed(1337)
    expected = []
    for nin, nout in ((2, 16), (16, 16), (16, 1)):
        for _ in range(nout):
            expected += [random.uniform(-1, 1) for _ in range(nin)] + [0.0]
    assert numbers(network) == expected
    assert repr(network).startswith("MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)")
    assert repr(network).endswith("Layer of [LinearNeuron(16)]]")
    assert network.layers[0].neurons[0].w[0] is network.parameters()[0]


def test_the_training_script_of_micrograd_runs():
    random.seed(1)
    data = moons(20, noise=0.1)
    labels = [2 * label - 1 for label in data.labels]
    model, losses = MLP(2, [8, 8, 1]), []
    for k in range(8):
        inputs = [list(map(Value, row)) for row in data.inputs]
        scores = list(map(model, inputs))
        terms = [(1 + -yi * scorei).relu() for yi, scorei in zip(labels, scores)]
        data_loss = sum(terms) * (1.0 / len(terms))
        reg_loss = 1e-4 * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(labels, scores)]
        model.zero_grad()
        total_loss.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * p.grad * 0.2
        losses.append(total_loss.data)
    assert losses[-1] < losses[0] and sum(accuracy) >= 16


def test_a_neuron_is_one_dot_and_one_activation():
    neuron = Neuron(3, activation="tanh", seed=0)
    out = neuron([1.0, 2.0, Value(3.0)])
    written = sum((w * x for w, x in zip(neuron.w, [1.0, 2.0, 3.0])), neuron.b).tanh()
    assert (out.op.symbol, out.parents[0].op.symbol) == ("tanh", "dot")
    assert out.data == written.data
    assert len(out.parents[0].parents) == 5  # bias, three weights, one input


@pytest.mark.parametrize("quiet", [Module.eval, None])
def test_on_floats_a_network_computes_on_floats_in_eval_and_under_no_grad(quiet):
    network = TwoLayerNetwork(2, 3, 2, seed=1)
    expected = [y.data for y in network([0.5, -1.0])]
    if quiet:
        quiet(network)
        found = network([0.5, -1.0])
    else:
        with no_grad():
            found = network([0.5, -1.0])
    assert found == expected and all(type(y) is float for y in found)
    assert all(isinstance(y, Value) for y in network.train()([0.5, -1.0]))
    assert isinstance(network.eval()([Value(0.5), -1.0])[0], Value)


@pytest.mark.parametrize(
    ("init", "bound"), [("uniform", 1.0), ("xavier", math.sqrt(6 / 300)), ("he", None)]
)
def test_first_weights_follow_their_source(init, bound):
    weights = [w.data for neuron in Layer(200, 100, init=init, seed=3).neurons for w in neuron.w]
    variance = sum(w * w for w in weights) / len(weights)
    assert variance == pytest.approx(2 / 200 if bound is None else bound**2 / 3, rel=0.05)
    assert bound is None or max(map(abs, weights)) <= bound


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Neuron(0), "nin must be an int of at least 1, not 0"),
        (lambda: Layer(2, 1, activation="softmax"), "always 1"),
        (lambda: Neuron(2, activation="rely"), "activation 'rely' is not known; choose from"),
        (lambda: Neuron(2, init="big"), "init 'big' is not known"),
        (lambda: MLP(2, []), "at least one layer"),
        (lambda: Neuron(2)([1.0]), "takes 2 inputs, not 1"),
        (lambda: TwoLayerNetwork(2, 3, 1)([1.0, 2.0, 3.0]), "takes 2 inputs, not 3"),
    ],
)
def test_a_network_that_cannot_be_says_why(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_named_parameters_and_state_of_nested_modules():
    class Net(Module):
        def __init__(self):
            self.scale = Value(2.0)
            self.blocks = [Neuron(1, seed=0), (Neuron(2, seed=1),)]
            self.tied = self.blocks[0].w[0]
            self.note = "no parameter"

    net = Net()
    names = [name for name, _ in net.named_parameters()]
    assert names == [
        "scale",
        "blocks.0.w.0",
        "blocks.0.b",
        "blocks.1.0.w.0",
        "blocks.1.0.w.1",
        "blocks.1.0.b",
    ]
    assert len(net.parameters()) == 6
    twin = copy.deepcopy(net)
    twin.scale.data = 5.0
    assert twin.blocks[1][0].activation is relu
    net.load_state_dict(twin.state_dict())
    assert numbers(net) == numbers(twin)
    assert "Net of 6 parameters" in repr(net)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("layers.0.neurons.0.b"), "lacks 'layers.0.neurons.0.b'"),
        (lambda s: s.update(extra=1.0), "unexpected 'extra'"),
        (
            lambda s: s["layers.0.neurons.0.w"].append(1.0),
            "layers.0.neurons.0.w: 2 numbers expected, the state has 3",
        ),
        (lambda s: s.update({"layers.1.neurons.0.w": 1.0}), "3 numbers expected, not float"),
        (
            lambda s: s.update({"layers.1.neurons.0.b": "a"}),
            "layers.1.neurons.0.b: a number expected, not str 'a'",
        ),
        (lambda s: s.update({"layers.1.neurons.0.b": math.nan}), "nan is not a finite number"),
    ],
)
def test_a_state_that_does_not_fit_names_the_place_and_changes_nothing(change, message):
    network = TwoLayerNetwork(2, 3, 1, seed=1)
    before, state = numbers(network), TwoLayerNetwork(2, 3, 1, seed=2).state_dict()
    change(state)
    with pytest.raises(ValueError, match=message):
        network.load_state_dict(state)
    assert numbers(network) == before


# Losses.


def test_binary_cross_entropy_neither_fails_nor_loses_digits_where_the_sigmoid_saturates():
    for z, t, expected, slope in [
        (800.0, 1.0, 0.0, 0.0),
        (-800.0, 1.0, 800.0, -1.0),
        (800.0, 0.0, 800.0, 1.0),
    ]:
        logit = Value(z)
        loss = binary_cross_entropy([sigmoid(logit)], [t])
        loss.backward()
        assert (loss.data, logit.grad) == (
            pytest.approx(expected, abs=1e-300),
            pytest.approx(slope, abs=1e-300),
        )
    assert binary_cross_entropy([0.25], [1.0]) == pytest.approx(math.log(4))
    assert binary_cross_entropy([0.25], [0.5]) == pytest.approx(
        -(math.log(0.25) + math.log(0.75)) / 2
    )


def test_cross_entropy_of_logits_and_of_softmax_agree_with_the_closed_form():
    zs = [0.3, -1.2, 2.0]
    expected = math.log(sum(math.exp(z - 0.3) for z in zs))
    for outputs in (list(map(Value, zs)), softmax(list(map(Value, zs)))):
        assert cross_entropy(outputs, 0).data == pytest.approx(expected, rel=1e-14)
        assert cross_entropy(outputs, [1.0, 0.0, 0.0]).data == pytest.approx(expected, rel=1e-14)
    assert cross_entropy([1000.0, 0.0], 1) == 1000.0
    leaves = list(map(Value, zs))
    cross_entropy(leaves, [0.2, 0.3, 0.5]).backward()
    shares = softmax(zs)
    assert [z.grad for z in leaves] == pytest.approx(
        [s - t for s, t in zip(shares, [0.2, 0.3, 0.5])], rel=1e-12
    )


def test_hinge_and_huber_have_their_pieces():
    assert hinge_loss([2.0], [1]) == 0.0 and hinge_loss([0.5, 0.5], [1, -1]) == 2.0
    assert huber_loss([0.5], [0.0]) == 0.125 and huber_loss([-3.0], [0.0], delta=2.0) == 4.0
    e = Value(5.0)
    huber_loss([e], [0.0], delta=2.0).backward()
    assert e.grad == 2.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mse_loss([1.0], [1.0, 2.0]), "1 outputs but 2 targets"),
        (lambda: mse_loss([], []), "no outputs"),
        (lambda: mse_loss([[1.0]], [[1.0], [2.0]]), "1 samples of outputs but 2 of targets"),
        (lambda: binary_cross_entropy([0.5], [2.0]), "target 2.0 is outside"),
        (lambda: binary_cross_entropy([0.0], [1.0]), "probability of 0.0"),
        (lambda: cross_entropy([0.0, 1.0], 2), "target 2 is no index of 2 classes"),
        (lambda: cross_entropy([0.0, 1.0], [0.5, 0.6]), "no distribution"),
        (lambda: cross_entropy([0.0, 1.0], [1.0]), "2 outputs but 1 targets"),
        (lambda: hinge_loss([0.0], [0.0]), "neither -1 nor"),
        (lambda: huber_loss([0.0], [0.0], delta=0.0), "delta must be above 0"),
    ],
)
def test_a_loss_that_cannot_be_says_why(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Optimisers, against their formulas on floats.


def by_hand(name, steps, w=1.0, lr=0.1):
    v = m = s = 0.0
    for t, g in enumerate(steps, start=1):
        if name == "SGD":
            w -= lr * (g + 0.01 * w)
        elif name == "Momentum":
            v = 0.9 * v + g
            w -= lr * v
        elif name == "RMSprop":
            s = 0.9 * s + 0.1 * g * g
            w -= lr * g / (math.sqrt(s) + 1e-8)
        else:
            g_, w_ = (g + 0.01 * w, w) if name == "Adam" else (g, w * (1 - lr * 0.01))
            m, s = 0.9 * m + 0.1 * g_, 0.999 * s + 0.001 * g_ * g_
            w = w_ - lr * (m / (1 - 0.9**t)) / (math.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return w


@pytest.mark.parametrize(
    "make",
    [
        lambda p: SGD(p, 0.1, weight_decay=0.01), lambda p: Momentum(p, 0.1), lambda p: RMSprop(p, 0.1),
        lambda p: Adam(p, 0.1, weight_decay=0.01), lambda p: AdamW(p, 0.1, weight_decay=0.01),
    ],
    ids=["SGD", "Momentum", "RMSprop", "Adam", "AdamW"],
)  # fmt: skip
def test_an_optimiser_follows_its_formula_and_resumes(make, request):
    name, gradients = request.node.callspec.id, [0.5, -1.5, 0.25, 2.0]
    w = Value(1.0)
    optimizer = make([w])
    for i, g in enumerate(gradients):
        if i == 2:  # through its state, as JSON, into a new one
            state = json.loads(json.dumps(optimizer.state_dict()))
            optimizer = make([w])
            optimizer.load_state_dict(state)
        optimizer.zero_grad()
        w.grad = g
        optimizer.step()
    assert w.data == pytest.approx(by_hand(name, gradients), rel=1e-12)


def test_an_optimiser_refuses_impossible_settings():
    w = Value(1.0)
    for make in (lambda: SGD([w], -0.1), lambda: SGD([w], 0.1, momentum=1.5), lambda: SGD([], 0.1)):
        with pytest.raises(ValueError, match="step_size|momentum|parameters"):
            make()
    for make in (Adam, AdamW):
        for share in ("beta1", "beta2"):
            with pytest.raises(ValueError, match=f"{share} must be .* below 1.0, not 1.0"):
                make([w], **{share: 1.0})


# Training.


def small(**options):
    data, network = xor(24, seed=2), TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
    options = {
        "step_size": 0.5,
        "batch_size": 6,
        "iterations": 20,
        "seed": 5,
        "progress": False,
        **options,
    }
    return network, train(network, data.inputs, data.targets, **options)


@pytest.mark.parametrize("sampling", ["iteration", "epochs"])
def test_training_is_repeatable_bit_for_bit(sampling):
    (one, first), (two, second) = small(sampling=sampling), small(sampling=sampling)
    assert numbers(one) == numbers(two) and first.losses == second.losses
    other, _ = small(sampling=sampling, seed=6)
    assert numbers(one) != numbers(other)


@pytest.mark.parametrize("sampling", ["iteration", "epochs"])
@pytest.mark.parametrize("stop", [1, 7, 19])
def test_training_stopped_and_resumed_gives_the_bits_of_one_run(stop, sampling):
    data = xor(24, seed=2)
    whole, history = small(sampling=sampling, optimizer=Adam, step_size=0.05)
    network, begun = small(
        sampling=sampling, optimizer=Adam, step_size=0.05, callback=lambda h: h.iteration == stop
    )
    begun = History.from_dict(json.loads(json.dumps(begun.as_dict())))
    ended = train(network, data.inputs, data.targets, optimizer=Adam, step_size=0.05, batch_size=6,
                  iterations=20, seed=5, sampling=sampling, progress=False, resume=begun)  # fmt: skip
    assert begun.iteration == stop and ended.losses == history.losses
    assert numbers(network) == numbers(whole)


def test_ctrl_c_stops_cleanly_with_what_was_learned():
    def interrupt(history):
        if history.iteration == 8:
            raise KeyboardInterrupt

    network, history = small(callback=interrupt)
    eight, _ = small(iterations=8)
    assert history.interrupted and history.iteration == 8 and "(interrupted)" in repr(history)
    assert numbers(network) == numbers(eight)


MOMENTS = [
    (Sampler, "draw"),
    (TwoLayerNetwork, "__call__"),
    (Value, "backward"),
    (SGD, "zero_grad"),
    (SGD, "updated"),
    (SGD, "step"),
    (History, "settle"),
    (passes, "evaluate"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("owner", "name"), MOMENTS, ids=[name for _, name in MOMENTS])
def test_an_interrupt_at_any_moment_leaves_whole_iterations(monkeypatch, owner, name, when):
    data, original, calls = xor(24, seed=2), getattr(owner, name), []
    held_out = (data.inputs[:3], data.targets[:3])
    options = {"held_out": held_out, "evaluate_every": 2}
    whole, history = small(**options)

    def interrupted(*arguments, **named):
        calls.append(name)
        if len(calls) == 5 and when == "before":
            signal.raise_signal(signal.SIGINT)
        result = original(*arguments, **named)
        if len(calls) == 5 and when == "after":
            signal.raise_signal(signal.SIGINT)
        return result

    monkeypatch.setattr(owner, name, interrupted)
    network, begun = small(**options)
    monkeypatch.undo()
    assert begun.interrupted and begun.iteration < 20
    assert numbers(network) == numbers(small(iterations=begun.iteration)[0] if begun.losses else
                                       TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3))  # fmt: skip
    ended = train(network, data.inputs, data.targets, step_size=0.5, batch_size=6, iterations=20,
                  seed=5, progress=False, resume=begun, **options)  # fmt: skip
    assert numbers(network) == numbers(whole)
    assert (ended.losses, ended.evaluations) == (history.losses, history.evaluations)


def test_epochs_use_every_sample_once():
    seen, data = [], xor(24, seed=2)

    def loss(outputs, target):
        seen.append(tuple(target))
        return mse_loss(outputs, target)

    train(TwoLayerNetwork(2, 3, 2), data.inputs, data.targets, loss=loss, batch_size=10, iterations=3,
          sampling="epochs", progress=False)  # fmt: skip
    assert sorted(seen) == sorted(map(tuple, data.targets))


def test_held_out_samples_are_evaluated():
    data = load_iris()
    network = TwoLayerNetwork(4, 6, 3)
    rows = Standardizer.fit(data.inputs).rows(data.inputs)
    history = train(network, rows[::2], data.targets[::2], held_out=(rows[1::2], data.targets[1::2]),
                    step_size=0.5, iterations=200, evaluate_every=50, progress=False)  # fmt: skip
    assert [found.iteration for found in history.evaluations] == [50, 100, 150, 200]
    assert history.evaluations[-1].accuracy > 0.9
    outputs = [network.eval()(row) for row in rows[1::2]]
    assert history.evaluations[-1].loss == pytest.approx(
        mse_loss(outputs, data.targets[1::2]), rel=1e-12
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 25}, ValueError, "25 cannot be drawn from 24"),
        ({"batch_size": 0}, ValueError, "batch_size must be an int of at least 1, not 0"),
        ({"iterations": 0}, ValueError, "iterations"),
        ({"sampling": "rows"}, ValueError, "sampling 'rows' is not known"),
        ({"held_out": ([[1.0, 2.0]], [])}, ValueError, "1 rows of inputs but 0 targets"),
        ({"loss": lambda outputs, target: 1.0}, TypeError, "not a Value"),
        (
            {"step_size": 1e300, "loss": lambda o, t: mse_loss([y * 1e200 for y in o], t)},
            FloatingPointError,
            "diverged in iteration 1",
        ),
        (
            {"loss": lambda o, t: o[0] * 1e308 * 1e308},
            FloatingPointError,
            "loss of a sample is -?inf",
        ),
    ],
)
def test_training_that_cannot_be_says_why(options, error, message):
    with pytest.raises(error, match=message):
        small(**options)


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        ([], [], "no samples"),
        ([[1.0, 2.0], [1.0]], [[1.0], [0.0]], "inputs, row 1: 1 numbers, but row 0 has 2"),
        ([[1.0, math.inf]], [[1.0]], "inputs, row 0: inf is not finite"),
        ([[1.0, 2.0]], [[1.0], [0.0]], "1 rows of inputs but 2 targets"),
    ],
)
def test_data_that_do_not_fit_name_the_row(inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        train(TwoLayerNetwork(2, 2, 1), inputs, targets, progress=False)
    with pytest.raises(TypeError, match="inputs, row 0: str"):
        train(TwoLayerNetwork(2, 2, 1), [["a", 1.0]], [[1.0]], progress=False)


def test_progress_without_tqdm_is_plain_lines(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    small(progress=True)
    assert "iteration 20 of 20 (epoch 5.0): loss" in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "lines"), [(0.0, 20), (1e9, 1)])
def test_lines_of_progress_are_seconds_apart_but_for_the_last(monkeypatch, capsys, seconds, lines):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr("nn.progress.SECONDS_BETWEEN_LINES", seconds)
    small(progress=True)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == lines
    assert told[-1].startswith("iteration 20 of 20")


# Files.


def test_a_model_comes_back_exactly(tmp_path):
    network, _ = small()
    path = tmp_path / "model.json"
    standardizer = Standardizer([0.1, 0.2], [1 / 3, 2.0])
    save_model(
        path, network, standardizer=standardizer, feature_names=["a", "b"], class_names=["n", "y"]
    )
    model = load_model(path)
    assert numbers(model.network) == numbers(network)
    assert model.class_names == ["n", "y"] and vars(model.standardizer) == vars(standardizer)
    assert model.outputs([0.4, 0.6]) == network.eval()(standardizer.row([0.4, 0.6]))
    assert os.listdir(tmp_path) == ["model.json"]


def spoiled(change):
    def spoil(text):
        content = json.loads(text)
        change(content)
        return json.dumps(content)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text[: len(text) // 2], "cut off"),
        (lambda text: "", "cut off"),
        (lambda text: "[" * 100_000, "nested too deep|cut off"),
        (lambda text: "[1, 2]", "not a chainrule network"),
        (
            spoiled(lambda c: c["state"].update({"layers.0.neurons.0.b": math.nan})),
            "NaN is not a finite number",
        ),
        (spoiled(lambda c: c.update(version=99)), "version 99"),
        (spoiled(lambda c: c.pop("state")), "'state' is missing"),
        (
            spoiled(lambda c: c["architecture"].update(sizes=[2, 5, 2])),
            "27 parameters, but the state has 22",
        ),
        (spoiled(lambda c: c["architecture"].update(sizes=[2, 10**9, 2])), "no list of counts"),
        (
            spoiled(lambda c: c["architecture"].update(activation="__import__")),
            "activation '__import__' is not known",
        ),
        (spoiled(lambda c: c["architecture"].update(type="Bad")), "'Bad'"),
        (
            spoiled(lambda c: c.update(feature_names=["a"])),
            "1 feature_names, but the network has 2",
        ),
        (
            spoiled(lambda c: c.update(standardizer={"means": [1.0], "scales": [1.0]})),
            "1 features, the network 2",
        ),
        (
            spoiled(lambda c: c["state"].update({"layers.0.neurons.0.b": "x"})),
            "a number expected, not str",
        ),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path, spoil, message):
    path = tmp_path / "model.json"
    save_model(path, small()[0])
    path.write_text(spoil(path.read_text()))
    with pytest.raises(ValueError, match=message) as caught:
        load_model(path)
    assert "model.json" in str(caught.value)


def test_a_binary_file_is_no_model(tmp_path):
    path = tmp_path / "model.json"
    path.write_bytes(b"\x80\x04\xff\x00")
    with pytest.raises(ValueError, match="binary"):
        load_model(path)


def test_a_save_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "model.json"
    network, _ = small()
    save_model(path, network)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_model(path, TwoLayerNetwork(2, 9, 2))
    network.parameters()[0].data = math.inf
    with pytest.raises(ValueError, match="not saved: Infinity is not a finite number"):
        save_model(path, network)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model.json"]


def test_a_network_that_a_file_cannot_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match="save its state_dict"):
        save_model(tmp_path / "m.json", Neuron(2))
    with pytest.raises(ValueError, match="your own"):
        save_model(tmp_path / "m.json", MLP(2, [1], output=lambda x: x * 2.0))


# The other package called autograd.


def fails_to_import_nn():
    """Return what an import of nn says that fails."""
    specification = spec_from_file_location("nn_by_itself", nn.__file__)
    with pytest.raises(ImportError) as caught:
        specification.loader.exec_module(module_from_spec(specification))
    return str(caught.value)


def test_without_any_autograd_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "autograd", None)
    assert fails_to_import_nn().startswith("autograd is missing: pip install")


def test_another_autograd_may_have_no_version(monkeypatch):
    other = ModuleType("autograd")
    other.__spec__ = ModuleSpec("autograd", None, origin="/elsewhere/autograd.py")
    monkeypatch.setitem(sys.modules, "autograd", other)

    def version(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", version)
    assert "found first: /elsewhere/autograd.py (of unknown version);" in fails_to_import_nn()


def test_another_autograd_is_named_with_its_version_and_the_cure(tmp_path):
    (tmp_path / "autograd").mkdir()
    (tmp_path / "autograd" / "__init__.py").write_text("grad = None\n")
    (tmp_path / "autograd-1.7.0.dist-info").mkdir()
    (tmp_path / "autograd-1.7.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: autograd\nVersion: 1.7.0\n"
    )
    (tmp_path / "nn").symlink_to(os.path.dirname(nn.__file__))
    run = subprocess.run([sys.executable, "-c", "import nn"], cwd=tmp_path, capture_output=True, text=True,
                         env={"PYTHONPATH": str(tmp_path)})  # fmt: skip
    assert run.returncode == 1
    last = run.stderr.strip().splitlines()[-1]
    assert "another package called autograd is found first" in last
    assert (
        str(tmp_path / "autograd" / "__init__.py") in last
        and "1.7.0" in last
        and "pip uninstall autograd" in last
    )


MIXED = {
    "floats": [0.5, -0.25],
    "Values": [Value(0.5), Value(-0.25)],
    "an int and a Value": [2, Value(-0.25)],
    "fractions": [Fraction(1, 2), Fraction(1, 3)],
    "Fractions of Values": [Value(Fraction(1, 2)), 1.0],
    "a bool": [True, 0.5],
    "too large for a float": [10**400, 1.0],
    "infinite": [math.inf, 0.0],
}


def outcome(run):
    """Outputs, with what was recorded of them; or the error."""
    try:
        outs = run()
    except Exception as error:
        return repr(error)
    sums = [out.parents[0] for out in outs]
    return repr(
        [(type(z.data), z.data, z.op, z.operands, z.parents, z.local_derivatives) for z in sums]
    )


@pytest.mark.parametrize("kind", MIXED)
def test_a_layer_records_what_its_neurons_record_one_by_one_in_the_long_way(kind, monkeypatch):
    layer = Layer(2, 3, activation="tanh", seed=0)
    xs = MIXED[kind]
    expected = {outcome(lambda: layer(xs)), outcome(lambda: [n(xs) for n in layer.neurons])}
    monkeypatch.setattr("autograd.value.recorded_at_once", lambda op, operands: None)
    expected |= {outcome(lambda: [n(xs) for n in layer.neurons])}
    assert len(expected) == 1


def test_a_layer_asks_a_neuron_of_ones_own():
    class Doubled(Neuron):
        def recorded(self, xs):
            return 2.0 * super().recorded(xs)

    layer = Layer(2, 2, seed=0)
    layer.neurons[1] = Doubled(2, seed=0)
    assert [out.op.symbol for out in layer([1.0, 1.0])] == ["relu", "*"]


def test_a_layer_whose_neurons_take_different_numbers_of_inputs_is_an_error():
    layer = Layer(2, 2, seed=0)
    layer.neurons[1].w.append(Value(1.0))
    with pytest.raises(ValueError, match="dot of 3 weights with 2 inputs"):
        layer([1.0, 1.0])


def test_a_layer_that_is_observed_tells_of_its_nodes():
    class Counting:
        count = 0

        def made(self, leaf):
            pass

        def recorded(self, node):
            self.count += 1

    with mode(observer=(counting := Counting())):
        Layer(2, 3, seed=0)([1.0, 1.0])
    assert counting.count == 6
