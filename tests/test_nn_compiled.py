"""Training on arrays: the same algorithm, samples and numbers as the recorded training."""

import builtins
import json
import math
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest

from autograd import Value, sin, where
from nn import TwoLayerNetwork, train
from nn.cli import main
from nn.compiled_passes import CompiledPasses
from nn.data import load_digits, xor
from nn.history import History
from nn.losses import LOSSES, cross_entropy, mse_loss
from nn.module import Module
from nn.optim import OPTIMIZERS, SGD, Adam, Momentum
from nn.sampling import Sampler

LOSS_OUTPUT = {"mse": "sigmoid", "binary_cross_entropy": "sigmoid", "cross_entropy": "softmax",
               "hinge": "linear", "huber": "tanh"}  # fmt: skip


def numbers(network):
    return [parameter.data for parameter in network.parameters()]


def both(data, make, targets=None, **options):
    """Train two equal networks, recorded and compiled; return both with their histories."""
    options = {"step_size": 0.5, "batch_size": 6, "iterations": 20, "progress": False, **options}
    found = []
    for compiled in (False, True):
        network = make()
        wanted = targets or data.targets
        history = train(network, data.inputs, wanted, compiled=compiled, **options)
        found += [network, history]
    return found


def small():
    return TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)


def close(found, expected, rel=1e-9):
    assert found == pytest.approx(expected, rel=rel, abs=1e-14)


def test_a_thousand_iterations_on_digits_have_the_losses_of_the_recorded_training():
    whole = load_digits()
    rows = [[x / 16 for x in row[16:40]] for row in whole.inputs[:150]]
    data = replace(whole, inputs=rows, labels=whole.labels[:150])
    recorded, expected, network, history = both(
        data, lambda: TwoLayerNetwork(24, 8, 10), batch_size=4, iterations=1000, step_size=1.0
    )
    assert len(history.losses) == 1000
    close(history.losses, expected.losses)
    close(numbers(network), numbers(recorded))
    assert history.sampler == expected.sampler


@pytest.mark.parametrize("sampling", ["iteration", "epochs"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimiser_follows_its_recorded_self(optimizer, sampling):
    recorded, expected, network, history = both(
        xor(24, seed=2), small, optimizer=OPTIMIZERS[optimizer], step_size=0.05, sampling=sampling,
        batch_size=7,
    )  # fmt: skip
    close(history.losses, expected.losses)
    close(numbers(network), numbers(recorded))
    assert history.optimizer.keys() == expected.optimizer.keys()
    for name, slot in expected.optimizer["slots"].items():
        close(history.optimizer["slots"][name], slot)


@pytest.mark.parametrize("make", [
    lambda p: SGD(p, 0.1, momentum=0.5, weight_decay=0.01),
    lambda p: Adam(p, 0.1, weight_decay=0.01),
])  # fmt: skip
def test_an_update_of_arrays_has_the_bits_of_an_update_of_lists(make):
    ws, gs = [0.3, -1.25, 2.0, 1e-3], [0.1, 0.7, -1e-9, 3.0]
    listed = make([Value(w) for w in ws])
    arrays, memory = np.array(ws), [np.zeros(4) for _ in listed.slots]
    for _ in range(5):
        for p, g in zip(listed.parameters, gs):
            p.grad = g
        arrays, *memory = listed.rule(np.sqrt)(arrays, np.array(gs), *memory)
        listed.step()
        assert arrays.tolist() == [p.data for p in listed.parameters]
        assert [m.tolist() for m in memory] == list(listed.slots.values())


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_takes_its_targets_as_inputs(loss):
    data = xor(24, seed=2)
    sides = [[2.0 * y - 1.0 for y in row] for row in data.targets]
    recorded, expected, network, history = both(
        data,
        lambda: TwoLayerNetwork(2, 4, 2, output=LOSS_OUTPUT[loss], seed=3),
        sides if loss == "hinge" else None,
        loss=LOSSES[loss],
        step_size=0.1,
    )
    close(history.losses, expected.losses)
    close(numbers(network), numbers(recorded))


@pytest.mark.parametrize("targets", [[0, 1, 2, 1], [[0.2, 0.3, 0.5], [0.0, 0.5, 0.5]] * 2])
def test_cross_entropy_takes_indexes_and_distributions_as_inputs(targets):
    inputs = [[0.5, 1.0], [-1.0, 0.25], [0.75, -0.5], [2.0, 1.0]]
    found = []
    for compiled in (False, True):
        network = TwoLayerNetwork(2, 3, 3, output="linear")
        history = train(network, inputs, targets, loss=cross_entropy, batch_size=3, iterations=9,
                        progress=False, compiled=compiled, held_out=(inputs, targets))  # fmt: skip
        found.append((history.losses, [e.loss for e in history.evaluations], numbers(network)))
    for recorded, compiled in zip(*found):
        close(compiled, recorded)


def test_held_out_samples_are_evaluated_as_they_are_recorded():
    data = xor(24, seed=2)
    _, expected, _, history = both(
        data, small, held_out=(data.inputs[:9], data.targets[:9]), evaluate_every=7
    )
    assert [e.iteration for e in history.evaluations] == [7, 14, 20]
    assert [e.accuracy for e in history.evaluations] == [e.accuracy for e in expected.evaluations]
    close([e.loss for e in history.evaluations], [e.loss for e in expected.evaluations])


@pytest.mark.parametrize("stop", [1, 7, 19])
def test_a_compiled_training_stopped_and_resumed_gives_the_bits_of_one_run(stop):
    data = xor(24, seed=2)
    options = {"optimizer": Adam, "step_size": 0.05, "batch_size": 6, "progress": False,
               "compiled": True, "sampling": "epochs"}  # fmt: skip
    whole, network = small(), small()
    history = train(whole, data.inputs, data.targets, iterations=20, **options)
    begun = train(network, data.inputs, data.targets, iterations=20,
                  callback=lambda h: h.iteration == stop, **options)  # fmt: skip
    begun = History.from_dict(json.loads(json.dumps(begun.as_dict())))
    ended = train(network, data.inputs, data.targets, iterations=20, resume=begun, **options)
    assert begun.iteration == stop and ended.losses == history.losses
    assert numbers(network) == numbers(whole)


def test_a_recorded_training_continues_a_compiled_one():
    data = xor(24, seed=2)
    options = {"optimizer": Momentum, "step_size": 0.05, "batch_size": 6, "progress": False}
    whole, network = small(), small()
    expected = train(whole, data.inputs, data.targets, iterations=20, **options)
    begun = train(network, data.inputs, data.targets, iterations=12, compiled=True, **options)
    ended = train(network, data.inputs, data.targets, iterations=20, resume=begun, **options)
    close(ended.losses, expected.losses)
    close(numbers(network), numbers(whole))


def test_a_callback_sees_the_weights_and_may_change_them():
    data, seen = xor(24, seed=2), []

    def clamp(network):
        def callback(history):
            for parameter in network.parameters():
                parameter.data = min(max(parameter.data, -0.6), 0.6)
            seen.append(numbers(network))

        return callback

    found = []
    for compiled in (False, True):
        network = small()
        train(network, data.inputs, data.targets, iterations=8, batch_size=6, step_size=2.0,
              progress=False, compiled=compiled, callback=clamp(network))  # fmt: skip
        found.append(numbers(network))
    close(seen[15], seen[7])
    assert max(map(abs, found[1])) == 0.6 and found[1] == seen[15]


MOMENTS = [
    (Sampler, "draw"),
    (CompiledPasses, "accumulate"),
    (CompiledPasses, "update"),
    (CompiledPasses, "evaluate"),
    (SGD, "rule"),
    (History, "settle"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("owner", "name"), MOMENTS, ids=[name for _, name in MOMENTS])
def test_an_interrupt_at_any_moment_leaves_whole_iterations(monkeypatch, owner, name, when):
    data, original, calls = xor(24, seed=2), getattr(owner, name), []
    options = {"held_out": (data.inputs[:3], data.targets[:3]), "evaluate_every": 2,
               "step_size": 0.5, "batch_size": 6, "progress": False, "compiled": True}  # fmt: skip
    whole = small()
    history = train(whole, data.inputs, data.targets, iterations=20, **options)

    def interrupted(*arguments, **named):
        calls.append(name)
        if len(calls) == 5 and when == "before":
            signal.raise_signal(signal.SIGINT)
        result = original(*arguments, **named)
        if len(calls) == 5 and when == "after":
            signal.raise_signal(signal.SIGINT)
        return result

    monkeypatch.setattr(owner, name, interrupted)
    network = small()
    begun = train(network, data.inputs, data.targets, iterations=20, **options)
    monkeypatch.undo()
    assert begun.interrupted and 3 < begun.iteration < 20
    fresh = small()
    train(fresh, data.inputs, data.targets, iterations=begun.iteration, **options)
    assert numbers(network) == numbers(fresh)
    ended = train(network, data.inputs, data.targets, iterations=20, resume=begun, **options)
    assert numbers(network) == numbers(whole)
    assert (ended.losses, ended.evaluations) == (history.losses, history.evaluations)


def test_an_interrupt_while_the_weights_are_given_back_loses_nothing(monkeypatch):
    data, original, calls = xor(24, seed=2), CompiledPasses.publish, []

    def interrupted(self):
        calls.append(self)
        if len(calls) == 1:
            signal.raise_signal(signal.SIGINT)
        original(self)

    monkeypatch.setattr(CompiledPasses, "publish", interrupted)
    network, expected = small(), small()
    with pytest.raises(KeyboardInterrupt):
        train(network, data.inputs, data.targets, iterations=5, progress=False, compiled=True)
    monkeypatch.undo()
    train(expected, data.inputs, data.targets, iterations=5, progress=False, compiled=True)
    assert numbers(network) == numbers(expected)


def test_a_compiled_training_that_diverges_says_so_and_keeps_the_last_weights():
    data, network, seen = xor(24, seed=2), TwoLayerNetwork(2, 4, 2, output="linear"), []
    with pytest.raises(FloatingPointError, match=r"diverged in iteration \d+.*step size smaller"):
        train(network, data.inputs, data.targets, step_size=1e30, iterations=50, progress=False,
              compiled=True, callback=lambda history: seen.append(numbers(network)))  # fmt: skip
    assert numbers(network) == seen[-1] and all(map(math.isfinite, seen[-1]))


def test_a_weight_that_would_not_be_finite_is_named():
    class Steep(Module):
        def __init__(self):
            self.w = [Value(1e300), Value(1.0)]

        def __call__(self, x):
            return [self.w[0] * x[0] * 1e-300 + self.w[1]]

    network = Steep()
    with pytest.raises(FloatingPointError, match="parameter 1 would become -?inf"):
        train(network, [[1.0]], [[-1e10]], step_size=1e300, iterations=1, progress=False,
              compiled=True)  # fmt: skip
    assert numbers(network) == [1e300, 1.0]


def test_the_parameters_of_the_optimiser_alone_are_trained():
    data, network = xor(24, seed=2), small()
    frozen = [p.data for p in network.layers[0].parameters()]
    train(network, data.inputs, data.targets, optimizer=SGD(network.layers[1].parameters(), 0.5),
          iterations=5, progress=False, compiled=True)  # fmt: skip
    assert [p.data for p in network.layers[0].parameters()] == frozen
    assert numbers(network) != numbers(small())


@pytest.mark.parametrize("by", ["a branch", "where"])
def test_a_loss_may_ask_for_the_target(by):
    data = xor(24, seed=2)

    def asking(outputs, target):
        return outputs[0] ** 2 if target[0] == 1 else (1 - outputs[0]) ** 2

    def choosing(outputs, target):
        return where(target[0] - 0.5 > 0, outputs[0] ** 2, (1 - outputs[0]) ** 2)

    loss = asking if by == "a branch" else choosing
    recorded, expected, network, history = both(data, small, loss=loss)
    close(history.losses, expected.losses)
    close(numbers(network), numbers(recorded))


def test_a_network_and_a_loss_may_branch_as_they_do_when_they_are_recorded():
    def bent(z):
        return z if z > 0 else 0.1 * z

    def sided(outputs, target):
        return (outputs[0] - 1) ** 2 if target[0] > 0.5 else outputs[0] ** 2

    recorded, expected, network, history = both(
        xor(24, seed=2), lambda: TwoLayerNetwork(2, 4, 2, hidden=bent, seed=3), loss=sided
    )
    close(history.losses, expected.losses)
    close(numbers(network), numbers(recorded))


def test_anything_callable_with_parameters_can_be_trained_on_arrays():
    class Wave:
        def __init__(self):
            self.w = [Value(0.5), Value(0.1)]

        def parameters(self):
            return self.w

        def __call__(self, x):
            return sin(self.w[0] * x[0]) + self.w[1]

    xs = [i / 10 for i in range(20)]
    found = []
    for compiled in (False, True):
        wave = Wave()
        train(wave, xs, [math.sin(1.5 * x) for x in xs], iterations=40, progress=False,
              compiled=compiled)  # fmt: skip
        found.append([w.data for w in wave.w])
    close(found[1], found[0])


def test_an_optimiser_with_a_step_of_its_own_is_refused():
    class Backwards(SGD):
        def step(self):
            raise AssertionError

    data = xor(24, seed=2)
    with pytest.raises(TypeError, match="Backwards has its own step"):
        train(small(), data.inputs, data.targets, optimizer=Backwards, compiled=True)


def test_without_the_extra_the_line_to_install_it_is_shown(monkeypatch, tmp_path, capsys):
    def missing(name, *arguments, original=builtins.__import__, **named):
        if name.partition(".")[0] == "numpy":
            raise ImportError("No module named 'numpy'")
        return original(name, *arguments, **named)

    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.setattr(builtins, "__import__", missing)
    data = xor(24, seed=2)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[compile\]"'):
        train(small(), data.inputs, data.targets, compiled=True)
    assert main(["train", "--data", "xor", "--compiled", "--out", str(tmp_path)]) == 2
    assert 'pip install "chainrule[compile]"' in capsys.readouterr().err


def test_the_command_line_trains_compiled_with_the_same_result(tmp_path, capsys):
    printed = []
    for flags in ([], ["--compiled"]):
        code = main(["train", "--data", "xor", "-T", "60", "-q", "--out", str(tmp_path), *flags])
        lines = capsys.readouterr().out.splitlines()
        printed.append([line for line in lines if not line.startswith("computed ")])
        assert code == 0
    assert printed[0] == printed[1] and "accuracy" in "".join(printed[0])


def test_a_loss_that_returns_a_number_is_named():
    data = xor(24, seed=2)
    with pytest.raises(TypeError, match="not a Value|no Value|returned"):
        train(small(), data.inputs, data.targets, loss=lambda outputs, y: 1.0, compiled=True)


def test_the_gradients_of_the_last_iteration_are_left_in_the_parameters():
    recorded, _, network, _ = both(xor(24, seed=2), small, loss=mse_loss)
    close([p.grad for p in network.parameters()], [p.grad for p in recorded.parameters()])
