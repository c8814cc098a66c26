"""Optimisers and schedules beside PyTorch's; groups, clipping, penalties, and what is refused."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Value
from nn import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Cosine,
    Group,
    History,
    Linear,
    Nesterov,
    RMSprop,
    Steps,
    TwoLayerNetwork,
    WarmUp,
    train,
    weights_and_biases,
    xor,
)
from nn.compiled_passes import arithmetic_of
from nn.schedules import named_schedule, schedule_of

VECTORS = json.loads((Path(__file__).parent / "data" / "optimizer_vectors.json").read_text())
DATA = xor(24, seed=2)
EVERY = [SGD, Nesterov, Adagrad, RMSprop, Adam, AdamW]


def gradient(weights, t):
    """Return the gradient of `optimizer_vectors`."""
    return [
        (0.0 if (t + i) % 17 == 0 else math.sin(1.7 * t * (i + 1)) * (i + 1)) + 0.5 * w
        for i, w in enumerate(weights)
    ]


def case_name(case):
    settings = [f"{name}={x}" for name, x in case["settings"].items()]
    schedule = [case["schedule"]["schedule"]] if case["schedule"] else []
    return "-".join([case["optimizer"], *settings, *schedule])


def made(case, values):
    settings = dict(case["settings"])
    split = settings.pop("groups", None)
    parameters = [Group(values[:split]), Group(values[split:], weight_decay=0.0)]
    return getattr(nn, case["optimizer"])(
        parameters if split else values, VECTORS["step_size"], **settings,
        schedule=schedule_of(case["schedule"]),
    )  # fmt: skip


def listed(case):
    """Yield the weights after every update of the recorded optimiser, through JSON half way."""
    values = list(map(Value, VECTORS["first"]))
    optimizer = made(case, values)
    for t in range(1, 101):
        if t == 50:
            state = json.loads(json.dumps(optimizer.state_dict()))
            optimizer = made(case, values)
            optimizer.load_state_dict(state)
        for value, g in zip(values, gradient([w.data for w in values], t)):
            value.grad = g
        optimizer.step()
        yield [w.data for w in values]


def arrayed(case):
    """Yield the weights after every update of arrays."""
    optimizer = made(case, list(map(Value, VECTORS["first"])))
    weights = np.array(VECTORS["first"])
    slots = {name: np.zeros(len(weights)) for name in optimizer.slots}
    for t in range(1, 101):
        optimizer.slots = slots
        gradients = np.array(gradient(weights.tolist(), t))
        weights, slots = optimizer.computed(arithmetic_of(np), weights, gradients)
        optimizer.steps += 1
        yield weights.tolist()


@pytest.mark.parametrize("run", [listed, arrayed])
@pytest.mark.parametrize("case", VECTORS["cases"], ids=case_name)
def test_a_hundred_updates_are_those_of_pytorch(case, run):
    weights = dict(enumerate(run(case), start=1))
    for t, expected in zip(VECTORS["kept"], case["weights"], strict=True):
        assert weights[t] == pytest.approx(expected, rel=1e-12, abs=1e-12), t


OPTIONS = [
    {"clip_norm": 0.1},
    {"clip_value": 0.05},
    {"l1": 0.01},
    {"weight_decay": 0.01},
    {"schedule": WarmUp(3, Cosine(17))},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: next(iter(options)))
@pytest.mark.parametrize("kind", EVERY)
def test_recorded_and_compiled_trainings_agree_and_resume_bit_for_bit(kind, options):
    def trained(iterations, compiled, network, resume=None):
        def make(parameters, step_size):
            return kind(weights_and_biases(network), step_size, **options)

        return train(network, DATA.inputs, DATA.targets, optimizer=make, step_size=0.05,
                     batch_size=6, iterations=iterations, compiled=compiled, progress=False,
                     resume=resume)  # fmt: skip

    found = []
    for compiled in (False, True):
        whole, network = (TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3) for _ in range(2))
        history = trained(20, compiled, whole)
        begun = History.from_dict(json.loads(json.dumps(trained(9, compiled, network).as_dict())))
        ended = trained(20, compiled, network, begun)
        assert ended.losses == history.losses and whole.state_dict() == network.state_dict()
        found.append([p.data for p in whole.parameters()])
    assert found[1] == pytest.approx(found[0], rel=1e-9, abs=1e-14)


# Groups.


def test_no_decay_on_biases_is_one_line():
    network = TwoLayerNetwork(2, 3, 2, seed=1)
    for p in network.parameters():
        p.data = 1.0
    SGD(weights_and_biases(network), 0.5, weight_decay=0.5, l1=0.1).step()  # gradients are 0
    for path, p in network.named_parameters():
        assert p.data == (1.0 if path.endswith(".b") else pytest.approx(0.7))


def test_a_group_has_settings_of_its_own_and_a_schedule_holds_for_all():
    slow, fast = Value(0.0), Value(0.0)
    optimizer = SGD([Group([slow], step_size=0.25), Group([fast])], 1.0, schedule=Linear(2, 0.5))
    for factor in (1.0, 0.75, 0.5):
        before = slow.data, fast.data
        slow.grad = fast.grad = 1.0
        optimizer.step()
        assert (before[0] - slow.data, before[1] - fast.data) == (0.25 * factor, factor)
    assert optimizer.step_size == 1.0


# Clipping and penalties.


def test_a_gradient_is_clipped_by_its_norm_and_by_value():
    ws = [Value(0.0), Value(0.0)]
    for options, expected in (
        ({"clip_norm": 1.0}, [-0.6, -0.8]),
        ({"clip_norm": 10.0}, [-3.0, -4.0]),
        ({"clip_value": 3.5}, [-3.0, -3.5]),
    ):
        for w, g in zip(ws, (3.0, 4.0)):
            w.data, w.grad = 0.0, g
        SGD(ws, 1.0, **options).step()
        assert [w.data for w in ws] == pytest.approx(expected, rel=1e-6)
        assert [w.grad for w in ws] == [3.0, 4.0]


@pytest.mark.parametrize("options", [{"clip_norm": 1.0}, {"clip_value": 1.0}])
@pytest.mark.parametrize("bad", [math.nan])
def test_clipping_hides_no_nan(options, bad):
    w = Value(0.0)
    w.grad = bad
    with pytest.raises(FloatingPointError, match="parameter 0 would become nan"):
        SGD([w], 1.0, **options).step()
    assert w.data == 0.0


def test_l1_brings_a_weight_to_zero_and_not_beyond_sense():
    w = Value(0.25)
    optimizer = SGD([w], 0.125, l1=1.0)
    seen = []
    for _ in range(4):
        w.grad = 0.0
        optimizer.step()
        seen.append(w.data)
    assert seen == [0.125, 0.0, 0.0, 0.0]


# Schedules.


def test_schedules_go_through_json_and_know_their_ends():
    for schedule in (Steps(3, 0.5), Cosine(9, 0.25), Linear(9), WarmUp(4, Cosine(9)), WarmUp(2)):
        assert schedule_of(json.loads(json.dumps(schedule.as_dict()))) == schedule
    assert (Cosine(9, 0.25)(9), Cosine(9, 0.25)(100)) == (0.25, 0.25)
    assert named_schedule(None, 10) is None
    with pytest.raises(ValueError, match="'fast' is not known; choose from step, cosine, linear"):
        named_schedule("fast", 10)
    with pytest.raises(ValueError, match="warm_up must be less than the 10 iterations, not 10"):
        named_schedule("step", 10, warm_up=10)
    for make in (lambda: Steps(0), lambda: Steps(3, 0.0), lambda: Cosine(5, 2.0),
                 lambda: Linear(True), lambda: WarmUp(-1)):  # fmt: skip
        with pytest.raises(ValueError, match="must be"):
            make()
    with pytest.raises(ValueError, match="not a schedule that is known"):
        schedule_of({"schedule": "os.system"})


def test_train_takes_a_schedule_by_name_and_keeps_it():
    network = TwoLayerNetwork(2, 3, 2)
    history = train(network, DATA.inputs, DATA.targets, iterations=30, schedule="cosine",
                    warm_up=5, progress=False)  # fmt: skip
    assert (history.settings.schedule, history.settings.warm_up) == ("cosine", 5)
    assert schedule_of(history.optimizer["schedule"]) == WarmUp(5, Cosine(25))
    with pytest.raises(ValueError, match="the schedule was .*25.*, and is now .*35"):
        train(network, DATA.inputs, DATA.targets, iterations=40, schedule="cosine", warm_up=5,
              progress=False, resume=history)  # fmt: skip


def test_a_function_is_a_schedule_too():
    def halving(t):
        return 0.5**t

    w = Value(0.0)
    optimizer = SGD([w], 1.0, schedule=halving)
    for _ in range(3):
        w.grad = 1.0
        optimizer.step()
    assert w.data == -1.75
    state = json.loads(json.dumps(optimizer.state_dict()))
    assert "halving" in state["schedule"]
    SGD([w], 1.0, schedule=halving).load_state_dict(state)
    with pytest.raises(ValueError, match="not a schedule that is known"):
        SGD([w], 1.0).load_state_dict(state)


# What is refused.


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda w: SGD([w * 2.0], 0.1), "is no parameter: it was computed by"),
        (lambda w: SGD({"a": w, "b": w.exp()}, 0.1), "is no parameter: it was computed by"),
        (lambda w: SGD([w], 0.1, nesterov=True), "nesterov needs a momentum"),
        (lambda w: SGD([w], 0.1, clip_norm=0.0), "clip_norm must be a finite number above 0"),
        (lambda w: SGD([w], 0.1, clip_value=-1.0), "clip_value must be a finite number above 0"),
        (lambda w: SGD([w], 0.1, l1=-1.0), "l1 must be a finite number at least 0"),
        (lambda w: SGD([Group([w], colour=1.0)], 0.1), "SGD has no setting 'colour' for a group"),
        (lambda w: SGD([Group([w]), Group([w])], 0.1), "the same Value is there twice"),
        (lambda w: SGD([Group([])], 0.1), "no parameters to optimise"),
        (lambda w: SGD([Group([w], step_size=0.0)], 0.1), "step_size must be a finite number"),
    ],
)  # fmt: skip
def test_an_optimiser_that_cannot_be_says_why(make, message):
    with pytest.raises(ValueError, match=message):
        make(Value(1.0))


def test_a_state_of_other_groups_or_another_schedule_is_refused():
    a, b = Value(1.0), Value(2.0)
    state = SGD([Group([a]), Group([b], weight_decay=0.0)], 0.1, weight_decay=0.1).state_dict()
    with pytest.raises(ValueError, match="other groups of parameters"):
        SGD([a, b], 0.1).load_state_dict(state)
    with pytest.raises(ValueError, match="the schedule was None, and is now"):
        SGD([a], 0.1, schedule=Steps(3)).load_state_dict(SGD([a], 0.1).state_dict())


def test_a_state_saved_before_there_were_these_settings_is_read():
    w = Value(1.0)
    old = {"optimizer": "SGD", "step_size": 0.1, "momentum": 0.0, "weight_decay": 0.0, "steps": 3,
           "slots": {"velocity": [0.0]}}  # fmt: skip
    optimizer = SGD([w], 0.1)
    optimizer.load_state_dict(old)
    assert optimizer.state_dict() == old
