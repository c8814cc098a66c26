"""The iteration of Algorithm 3.1 as an iterator: what a step shows, and that looking is free."""

import json
import math
import random
import signal
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from autograd import Value, where
from nn import (
    MLP,
    SGD,
    Adam,
    History,
    Layer,
    Module,
    Momentum,
    Neuron,
    Trainer,
    TrainingSettings,
    TwoLayerNetwork,
    cross_entropy,
    train,
    xor,
)
from nn import compiled_passes as compiled_module
from nn.sampling import Sampler

DATA = xor(24, seed=2)
OPTIONS = {"step_size": 0.5, "batch_size": 6, "iterations": 20, "seed": 5}
BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["recorded", "compiled"])


def small():
    return TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)


def numbers(network):
    return [p.data for p in network.parameters()]


def trainer_of(network, **options):
    return Trainer(network, DATA.inputs, DATA.targets, **{**OPTIONS, **options})


def trained(network, **options):
    options = {**OPTIONS, "progress": False, **options}
    return train(network, DATA.inputs, DATA.targets, **options)


# What a step shows.


@BOTH
def test_a_step_shows_the_whole_iteration(compiled):
    network = small()
    before = numbers(network)
    for step in trainer_of(network, compiled=compiled):
        assert step.weights_before == before
        assert step.weights == numbers(network)  # read in the loop, they are the newest
        assert step.weights == pytest.approx(
            [w - 0.5 * g for w, g in zip(before, step.gradients)], rel=1e-15, abs=1e-300
        )
        assert step.update == [new - old for old, new in zip(before, step.weights)]
        assert len(step.batch) == len(set(step.batch)) == 6
        assert step.samples == [(DATA.inputs[i], DATA.targets[i]) for i in step.batch]
        before = step.weights
    assert step.t == 20 and repr(step).startswith("Step 20: loss 0.")


@BOTH
def test_a_kept_step_stays_as_it_was(compiled):
    steps, seen = [], []
    for step in trainer_of(small(), compiled=compiled, optimizer=Momentum, step_size=0.05):
        steps.append(step)
        seen.append((step.gradients, step.weights_before, step.weights))
    assert [(s.gradients, s.weights_before, s.weights) for s in steps] == seen


@BOTH
@pytest.mark.parametrize("sampling", ["iteration", "epochs"])
def test_a_loop_over_the_trainer_has_the_bits_of_train(compiled, sampling):
    options = {"compiled": compiled, "sampling": sampling, "optimizer": Adam, "step_size": 0.05}
    expected, network = small(), small()
    history = trained(expected, **options)
    trainer = trainer_of(network, **options)
    losses = [step.loss for step in trainer]
    assert losses == history.losses and numbers(network) == numbers(expected)
    assert trainer.history == history


@BOTH
def test_a_loop_that_was_left_goes_on(compiled):
    expected, network = small(), small()
    history = trained(expected, compiled=compiled, optimizer=Adam, step_size=0.05)
    trainer = trainer_of(network, compiled=compiled, optimizer=Adam, step_size=0.05)
    for step in trainer:
        if step.t == 7:
            break
    seventh = numbers(network)
    assert step.weights == seventh
    assert [step.t for step in trainer] == list(range(8, 21))
    assert numbers(network) == numbers(expected) and trainer.history == history
    assert list(trainer) == []


@BOTH
def test_the_history_of_a_trainer_goes_through_json_into_another(compiled):
    expected, network = small(), small()
    options = {"compiled": compiled, "optimizer": Momentum, "step_size": 0.05}
    trained(expected, **options)
    for step in trainer_of(network, **options):
        if step.t == 9:
            break
    begun = History.from_dict(json.loads(json.dumps(step.trainer.history.as_dict())))
    for step in trainer_of(network, **options, resume=begun):
        pass
    assert numbers(network) == numbers(expected)


@BOTH
def test_weights_that_the_body_of_the_loop_sets_are_trained_on(compiled):
    network = small()
    for _ in trainer_of(network, compiled=compiled, step_size=2.0, iterations=8):
        for p in network.parameters():
            p.data = min(max(p.data, -0.2), 0.2)
        clamped = numbers(network)
    assert numbers(network) == clamped and max(map(abs, clamped)) <= 0.2
    twin = small()
    trained(twin, step_size=2.0, iterations=8, callback=lambda _: clamp(twin))
    assert clamped == pytest.approx(numbers(twin), rel=1e-9)


def clamp(network):
    for p in network.parameters():
        p.data = min(max(p.data, -0.2), 0.2)


@BOTH
def test_a_callback_may_save_the_history_at_any_time(compiled):
    expected, network, saved = small(), small(), []
    options = {"compiled": compiled, "optimizer": Adam, "step_size": 0.05}
    history = trained(expected, **options)

    def keep(h):
        saved.append((json.dumps(h.as_dict()), numbers(network)))

    trained(network, **options, callback=keep)
    for text, weights in saved[::6]:
        other = small()
        for p, w in zip(other.parameters(), weights):
            p.data = w
        ended = trained(other, **options, resume=History.from_dict(json.loads(text)))
        assert ended.losses == history.losses and numbers(other) == numbers(expected)


@BOTH
def test_a_ctrl_c_in_the_body_or_in_the_iteration_leaves_whole_iterations(compiled, monkeypatch):
    for owner, name in ((Sampler, "draw"), (History, "settle"), (SGD, "rule")):
        network, original, calls = small(), getattr(owner, name), []

        def interrupted(*arguments, original=original, calls=calls):
            calls.append(0)
            result = original(*arguments)
            if len(calls) == 5:
                signal.raise_signal(signal.SIGINT)
            return result

        trainer = trainer_of(network, compiled=compiled)
        monkeypatch.setattr(owner, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            for _ in trainer:
                pass
        monkeypatch.undo()
        begun = trainer.history
        assert begun.iteration in (4, 5)
        for _ in trainer:  # and the same one goes on, too
            pass
        expected = small()
        assert trainer.history.losses == trained(expected, compiled=compiled).losses
        assert numbers(network) == numbers(expected)


def test_the_mode_of_the_network_is_as_it_was_after_a_loop_that_was_left():
    network = small().eval()
    for _ in trainer_of(network):
        assert network.training
        break
    assert not network.training


@BOTH
def test_a_network_in_eval_mode_is_trained(compiled):
    network = small().eval()
    trained(network, compiled=compiled)
    expected = small()
    trained(expected, compiled=compiled)
    assert numbers(network) == numbers(expected) and not network.training


def test_an_optimiser_with_a_step_of_its_own_is_shown_too():
    class Signs(SGD):
        def step(self):
            for p in self.parameters:
                p.data -= math.copysign(self.step_size, p.grad)

    network = small()
    before = numbers(network)
    optimizer = Signs(network.parameters(), 0.25)
    (step,) = trainer_of(network, optimizer=optimizer, step_size=None, iterations=1)
    assert step.weights_before == before and step.weights == numbers(network)
    assert list(map(abs, step.update)) == pytest.approx([0.25] * len(before))


# What nobody looks at is not made.


@BOTH
def test_states_are_taken_when_they_are_asked_for(compiled, monkeypatch):
    taken = []
    for owner, name in ((Sampler, "state"), (SGD, "state_dict")):
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, o=original: taken.append(o) or o(*a))
    trained(small(), compiled=compiled)
    assert len(taken) == 2


@pytest.mark.parametrize("sampling", ["iteration", "epochs"])
def test_a_state_continues_wherever_it_was_taken(sampling):
    settings = TrainingSettings(samples=17, batch_size=5, iterations=400, sampling=sampling)
    sampler = Sampler(settings)
    states, drawn = [], []
    for _ in range(300):
        states.append(sampler.state())
        drawn.append(sampler.draw())
    assert sampler.state() == sampler.state()
    for i in (0, 1, 3, 4, 5, 255, 256, 257, 299):
        other = Sampler(settings)
        other.restore(json.loads(json.dumps(states[i])))
        assert [other.draw() for _ in range(300 - i)] == drawn[i:]
        assert other.state() == sampler.state()


@pytest.mark.parametrize("sampling", ["iteration", "epochs"])
def test_the_batches_and_states_are_those_of_drawing_one_by_one(sampling):
    sampler = Sampler(TrainingSettings(samples=17, batch_size=5, iterations=9, sampling=sampling))
    source, remaining = random.Random(0), []
    for _ in range(60):
        if sampling == "iteration":
            expected = source.sample(range(17), 5)
        else:
            remaining = remaining or source.sample(range(17), 17)
            expected, remaining = remaining[:5], remaining[5:]
        assert sampler.draw() == expected
        state = sampler.state()
        assert (state["random"], state["remaining"]) == (source.getstate(), remaining)


def test_a_ctrl_c_while_a_block_is_drawn_changes_no_batch(monkeypatch):
    settings = TrainingSettings(samples=17, batch_size=5, iterations=400)
    sampler, whole = Sampler(settings), Sampler(settings)
    original = sampler.random.sample

    def interrupted(*arguments):
        if len(calls := interrupted.calls) == 7:
            raise KeyboardInterrupt
        calls.append(0)
        return original(*arguments)

    interrupted.calls = []
    monkeypatch.setattr(sampler.random, "sample", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sampler.draw()
    monkeypatch.undo()
    assert sampler.state() == whole.state()
    assert [sampler.draw() for _ in range(20)] == [whole.draw() for _ in range(20)]


def test_the_loss_is_compared_on_few_nodes(monkeypatch):
    network = small()
    recorded = []
    original = Neuron.recorded
    monkeypatch.setattr(Neuron, "recorded", lambda s, xs: recorded.append(s) or original(s, xs))
    trainer_of(network, compiled=True)
    hidden = network.layers[0].neurons
    # Traced once, and compared on two samples with other targets: on floats.
    assert sum(neuron in hidden for neuron in recorded) == len(hidden)


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "linear"])
def test_the_loss_that_is_compared_is_that_of_the_training(output):
    labels = [row.index(1.0) for row in DATA.targets]
    network = TwoLayerNetwork(2, 4, 2, output=output, seed=3)
    train(network, DATA.inputs, labels, loss=cross_entropy, compiled=True, progress=False,
          iterations=2)  # fmt: skip


def test_an_activation_that_takes_values_only_is_compared_as_it_is_recorded():
    network = TwoLayerNetwork(2, 4, 2, hidden=lambda z: z.tanh(), seed=3)
    expected = small()
    trained(network, compiled=True)
    trained(expected, compiled=True)
    assert numbers(network) == numbers(expected)


def test_a_loss_that_depends_on_more_than_its_arguments_is_still_found(monkeypatch):
    factor = iter(range(1, 100))

    def drifting(outputs, target):
        return where(outputs[0] > -9.0, outputs[0] * float(next(factor)), outputs[0])

    with pytest.raises((ValueError, TypeError)):
        trained(small(), loss=drifting, compiled=True)
    assert compiled_module.MAX_SAMPLES_COMPARED == 8


# Parameters without paths.


@dataclass
class Pair:
    first: object
    second: object


class Odd(Module):
    def __init__(self):
        self.shared = Value(1.0)
        self.text = "no parameter"
        self.nested = [[Value(2.0), 0.5, [Value(3.0)]], {"a": Neuron(2, seed=0)}, self.shared]
        self.pair = Pair(Value(4.0), (Layer(1, 2, seed=1), Value(5.0)))
        self.array = np.array([Value(6.0), self.shared, Value(7.0)], dtype=object)
        self.floats = np.zeros(3)
        self.computed = Value(1.0) * 2.0
        self.mixed = [Value(8.0), Value(1.0) * 3.0]
        self.itself = self
        self.again = self.nested
        self.empty = []


@pytest.mark.parametrize("module", [Odd(), MLP(2, [3, 1]), TwoLayerNetwork(2, 3, 2), Neuron(2)])
def test_parameters_are_those_that_have_names_in_the_same_order(module):
    expected = [value for _, value in module.named_parameters()]
    found = module.parameters()
    assert len(found) == len(expected) and all(a is b for a, b in zip(found, expected))


def test_zero_grad_keeps_fractions_exact():
    class Exact(Module):
        def __init__(self):
            self.w = [Value(Fraction(1, 3)), Value(0.5)]

    module = Exact()
    (module.w[0] * module.w[1]).backward()
    module.zero_grad()
    assert [type(p.grad) for p in module.w] == [Fraction, float]
    assert [p.grad for p in module.w] == [0, 0.0]


# A step size given on resume.


@BOTH
def test_a_step_size_given_on_resume_is_used(compiled):
    network = small()
    begun = trained(network, iterations=5, compiled=compiled)
    before = numbers(network)
    trainer = trainer_of(network, step_size=0.125, resume=begun, compiled=compiled, iterations=6)
    (step,) = trainer
    assert step.weights == pytest.approx(
        [w - 0.125 * g for w, g in zip(before, step.gradients)], rel=1e-15, abs=1e-300
    )
    assert trainer.history.optimizer["step_size"] == trainer.settings.step_size == 0.125


def test_without_one_the_training_goes_on_with_its_own():
    network = small()
    begun = trained(network, iterations=5, step_size=0.25)
    ended = trained(network, resume=begun, step_size=None)
    assert ended.optimizer["step_size"] == ended.settings.step_size == 0.25


@pytest.mark.parametrize("make", [
    lambda p: SGD(p, 0.25),
    lambda p: SGD(p, 0.5, momentum=0.5),
], ids=["step_size", "momentum"])  # fmt: skip
def test_an_optimiser_made_with_another_setting_is_refused_on_resume(make, request):
    network = small()
    begun = trained(network, optimizer=SGD(network.parameters(), 0.5), step_size=None, iterations=5)
    name = request.node.callspec.id
    with pytest.raises(ValueError, match=f"resume: {name} of the optimizer was 0.[05], and is now"):
        trained(network, optimizer=make(network.parameters()), step_size=None, resume=begun)
    trained(network, optimizer=SGD(network.parameters(), 0.5), step_size=None, resume=begun)
