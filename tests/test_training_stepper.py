"""A training line by line: the numbers are the trainer's, and looking changes none of them."""

import base64
import importlib
import json
import math
import re
from array import array
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from nn import (
    MLP,
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    Cosine,
    Group,
    Module,
    Neuron,
    Trainer,
    TwoLayerNetwork,
    binary_cross_entropy,
    cross_entropy,
    mse_loss,
    train,
    training_stepper,
    weights_and_biases,
    xor,
)
from nn.stepping import texts
from nn.stepping.model import Model, without_repeats
from nn.stepping.rules import is_plain_descent, rule_of

DATA = xor(24, seed=2)
LABELS = [row.index(1.0) for row in DATA.targets]
OPTIONS = {"step_size": 0.25, "batch_size": 6, "iterations": 12, "seed": 5}


def small(**options):
    return TwoLayerNetwork(2, 4, 2, seed=3, **options)


def trainer_of(network, targets=DATA.targets, **options):
    return Trainer(network, DATA.inputs, targets, **{**OPTIONS, **options})


def numbers(network):
    return [p.data for p in network.parameters()]


TRAININGS = {
    "plain": {},
    **{name: {"optimizer": name, "step_size": 0.02} for name in OPTIMIZERS},
    "clipped and decayed": {
        "optimizer": lambda ps, step_size: SGD(
            ps, step_size, 0.5, 0.01, True, l1=0.001, clip_norm=0.1, clip_value=0.05
        )
    },
    "schedule": {"schedule": "cosine", "warm_up": 3},
    "epochs": {"sampling": "epochs", "batch_size": 7},
    "dropout": {"dropout": 0.25},
    "shards": {"shards": 3},
    "held out": {"held_out": (DATA.inputs, DATA.targets), "evaluate_every": 2},
    "validation": {"validation": 0.25, "patience": 1, "evaluate_every": 1, "step_size": 3.0},
    "compiled": {"compiled": True},
    "compiled, Adam": {"compiled": True, "optimizer": Adam, "step_size": 0.02},
    "compiled shards": {"compiled": True, "shards": 2},
}


@pytest.mark.parametrize("name", TRAININGS)
def test_a_network_trained_under_the_stepper_has_the_bits_of_train(name):
    options = TRAININGS[name]
    watched, plain = small(), small()
    trainer = trainer_of(watched, **options)
    page = training_stepper(trainer)
    history = train(plain, DATA.inputs, DATA.targets, progress=False, **{**OPTIONS, **options})
    assert numbers(watched) == numbers(plain)
    assert [p.grad for p in watched.parameters()] == [p.grad for p in plain.parameters()]
    assert trainer.history == history
    assert [iteration.loss for iteration in page.model.iterations] == history.losses
    assert trainer.passes.loss is mse_loss


@pytest.mark.parametrize("name", TRAININGS)
def test_every_number_is_that_of_the_trainers_own_steps(name):
    options = TRAININGS[name]
    model = Model(trainer_of(small(), **options))
    steps = list(trainer_of(small(), **options))
    assert model.recording.first == steps[0].weights_before
    for iteration, step in zip(model.iterations, steps, strict=True):
        assert (iteration.t, iteration.batch, iteration.loss) == (step.t, step.batch, step.loss)
        assert iteration.gradients == step.gradients
        assert iteration.weights == step.weights


def test_the_values_of_a_sample_are_those_of_its_graph():
    trainer, network = trainer_of(small(hidden="tanh")), small(hidden="tanh")
    model = Model(trainer, iterations=1)
    (iteration,) = model.iterations
    assert model.structure.names == ["a₀", "a₁", "a₂", "a₃", "h₀", "h₁", "h₂", "h₃",
                                     "b₁", "b₂", "ŷ₁", "ŷ₂"]  # fmt: skip
    for index, seen in zip(iteration.batch, iteration.samples, strict=True):
        outputs = network(DATA.inputs[index])
        error = mse_loss(outputs, DATA.targets[index])
        error.backward(1 / 6)
        sums = [y.operands[0] for y in outputs]
        hidden = list(sums[0].operands[5:])
        units = [*(h.operands[0] for h in hidden), *hidden, *sums, *outputs]
        assert seen.values == [unit.data for unit in units]
        assert seen.gradients == [unit.grad for unit in units]
        assert seen.error == error.data


def test_what_lies_behind_an_off_relu_has_gradient_0_and_not_none():
    model = Model(trainer_of(small()))
    off = 0
    for iteration in model.iterations:
        for seen in iteration.samples:
            for a, slope in zip(seen.values[:4], seen.gradients[:4]):
                if a < 0:
                    off += 1
                    assert slope == 0.0
    assert off > 10


def test_outputs_of_which_no_loss_is_computed_have_a_value_and_no_gradient():
    network = MLP(2, [3, 2], output="softmax", seed=0)
    model = Model(trainer_of(network, LABELS, loss=cross_entropy), iterations=2)
    seen = model.iterations[0].samples[0]
    named = dict(zip(model.structure.names, zip(seen.values, seen.gradients)))
    assert named["ŷ₁"][0] + named["ŷ₂"][0] == pytest.approx(1.0, abs=1e-15)
    assert named["ŷ₁"][1] is None and named["b₁"][1] != 0.0
    data = model.data()
    assert data["lines"][model.structure.names.index("ŷ₂")]["indexed"]


def test_linear_units_have_one_letter_as_they_have_one_number():
    network = MLP(2, [2, 2, 1], activation="linear", seed=0)
    model = Model(trainer_of(network, LABELS), iterations=2)
    assert model.structure.names == ["h₀", "h₁", "h⁽²⁾₀", "h⁽²⁾₁", "ŷ₁"]
    for seen in model.iterations[1].samples:
        assert None not in (*seen.values, *seen.gradients)


def test_a_network_that_is_no_mlp_shows_its_outputs_and_its_parameters_by_path():
    class Own(Module):
        def __init__(self):
            self.scale = Value(0.5)
            self.neuron = Neuron(2, activation="sigmoid", seed=0)

        def __call__(self, x):
            return [self.neuron(x) * self.scale, self.neuron(x[::-1])]

    model = Model(trainer_of(Own()), iterations=3)
    assert not model.structure.layered
    assert model.structure.parameters == ["scale", "neuron.w.0", "neuron.w.1", "neuron.b"]
    assert model.structure.names == ["ŷ₁", "ŷ₂"]
    assert all(len(iteration.samples) == 6 for iteration in model.iterations)


def test_compiled_and_sent_samples_are_said_to_be_missing_with_the_way_out():
    compiled = Model(trainer_of(small(), compiled=True), iterations=2)
    assert "compiled=False" in compiled.missing and compiled.data()["units"] == []
    assert not any(iteration.samples for iteration in compiled.iterations)
    with ThreadPoolExecutor(1) as executor:
        sent = Model(trainer_of(small(), executor=executor), iterations=2)
    assert "executor=None" in sent.missing and not sent.iterations[0].samples
    assert Model(trainer_of(small()), iterations=2).missing == ""


# Which iterations, and how many.


def test_a_trainer_goes_on_where_the_page_ends():
    network = small()
    trainer = trainer_of(network)
    first = training_stepper(trainer, iterations=5).model
    rest = training_stepper(trainer, iterations=100).model
    assert [i.t for i in first.iterations + rest.iterations] == list(range(1, 13))
    assert rest.recording.first == first.iterations[-1].weights
    expected = small()
    train(expected, DATA.inputs, DATA.targets, progress=False, **OPTIONS)
    assert numbers(network) == numbers(expected)
    with pytest.raises(ValueError, match="no iteration left of its 12: make one with more"):
        training_stepper(trainer)


def test_a_hundred_iterations_are_shown_unless_told_otherwise():
    page = training_stepper(trainer_of(small(), iterations=130))
    assert len(page.model.iterations) == 100
    assert repr(page) == (
        "<training stepper of TwoLayerNetwork 2-4-2: iterations 1 to 100; "
        '.save("page.html") writes a page>'
    )
    one = training_stepper(trainer_of(small()), iterations=1)
    assert "2-4-2: iteration 1;" in repr(one)


@pytest.mark.parametrize("options", [{}, {"compiled": True}], ids=["recorded", "compiled"])
def test_a_page_above_the_limit_is_refused_before_anything_is_trained(options):
    network = small()
    before = numbers(network)
    trainer = trainer_of(network, **options)
    with pytest.raises(ValueError, match="12 iterations are about .* pass iterations=2, a Trainer"):
        training_stepper(trainer, limit=2.5 * each_of(trainer))
    with pytest.raises(ValueError, match="about .* pass a Trainer with a smaller batch_size"):
        training_stepper(trainer, limit=10)
    assert numbers(network) == before and trainer.history.iteration == 0
    training_stepper(trainer, iterations=2, limit=2.5 * each_of(trainer))


def each_of(trainer):
    """Return the numbers of an iteration of the small network: two a parameter, and its samples'."""
    parameters = 2 * len(trainer.optimizer.parameters)
    return parameters if trainer.settings.compiled else parameters + 6 * (2 * 12 + 1 + 2 + 2)


@pytest.mark.parametrize(
    ("iterations", "error"), [(0, ValueError), (1.5, ValueError), (True, ValueError)]
)
def test_iterations_are_an_int_of_at_least_1(iterations, error):
    with pytest.raises(error, match="iterations must be an int of at least 1"):
        training_stepper(trainer_of(small()), iterations=iterations)


def test_what_is_no_trainer_is_refused_with_what_to_make():
    with pytest.raises(TypeError, match="not TwoLayerNetwork: make one as nn.Trainer"):
        training_stepper(small())


def test_a_training_that_diverges_raises_and_gives_the_loss_back():
    network = MLP(2, [3, 2], seed=0)
    trainer = trainer_of(network, step_size=1e80)
    with pytest.raises(FloatingPointError, match="iteration"):
        training_stepper(trainer)
    assert trainer.passes.loss is mse_loss
    assert trainer.history.iteration < 12


# Rules.


def weight():
    return [Value(1.0)]


RULES = {
    "w ← w − α · g": SGD(weight(), 0.1),
    "v ← 0.9 · v + g,  w ← w − α · v": SGD(weight(), 0.1, momentum=0.9),
    "v ← 0.5 · v + g,  w ← w − α · (g + 0.5 · v)": SGD(weight(), 0.1, 0.5, nesterov=True),
    "g ← g + 0.01 · w first; w ← w − α · g": SGD(weight(), 0.1, weight_decay=0.01),
    "the norm of all gradients is clipped to 2 first; each gradient is clipped to ±3 first; "
    "g ← g + 0.5 · sign(w) first; w ← w − α · g": SGD(
        weight(), 0.1, l1=0.5, clip_norm=2.0, clip_value=3.0
    ),
    "s ← s + g²,  w ← w − α · g / (√s + 1e-10)": OPTIMIZERS["adagrad"](weight(), 0.1),
    "s ← 0.9 · s + (1 − 0.9) · g²,  w ← w − α · g / (√s + 1e-08)": OPTIMIZERS["rmsprop"](
        weight(), 0.1
    ),
    "w ← w · (1 − α · 0.01) first; m ← 0.9 · m + (1 − 0.9) · g,  s ← 0.999 · s + (1 − 0.999) · g²,  "
    "w ← w − α · (m / (1 − 0.9ᵗ)) / (√(s / (1 − 0.999ᵗ)) + 1e-08)": AdamW(weight(), 0.1),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_told_with_its_numbers(rule):
    assert rule_of(RULES[rule]) == rule
    assert is_plain_descent(RULES[rule]) == (rule == "w ← w − α · g")


def test_an_optimiser_with_an_update_of_its_own_is_not_taken_for_descent():
    class Signs(SGD):
        def step(self):
            for p in self.parameters:
                p.data -= math.copysign(self.step_size, p.grad)

    assert rule_of(Signs(weight(), 0.1)) == "the rule of Signs"
    assert not is_plain_descent(Signs(weight(), 0.1))


def test_groups_have_rules_and_step_sizes_of_their_own():
    network = small()
    first, *others = weights_and_biases(network)
    groups = [Group(first.parameters, weight_decay=0.5), Group(others[0].parameters, step_size=0.5)]
    optimizer = SGD(groups, 0.25, schedule=Cosine(12))
    model = Model(trainer_of(network, optimizer=optimizer, step_size=None))
    data = model.data()
    assert data["plain"] == [False, True] and data["groups"] == [0, 16]
    for t, iteration in enumerate(model.iterations):
        assert iteration.alphas == [0.25 * Cosine(12)(t), 0.5 * Cosine(12)(t)]


# The page as a text.


def test_a_page_of_eight_hidden_units_and_a_hundred_iterations_of_16_is_below_a_megabyte():
    data = xor(60, seed=1)
    inputs = [[*row, *row[::-1]] for row in data.inputs]
    network = TwoLayerNetwork(4, 8, 3, seed=0)
    targets = [[*row, 0.5] for row in data.targets]
    trainer = Trainer(network, inputs, targets, step_size=1.0, optimizer=SGD)
    assert 500_000 < len(training_stepper(trainer).html.encode()) < 1_000_000


def read(html, name):
    return re.search(rf'class="{name}">(.*?)</script>', html, re.DOTALL)[1]


def test_the_numbers_of_a_page_are_the_bits_of_the_training():
    page = training_stepper(trainer_of(small(), optimizer="adam"))
    places = base64.b64decode(read(page.html, "ct-places"))
    others = array("d", base64.b64decode(read(page.html, "ct-numbers")))
    found = unfolded(places, others)
    (first, *_), model = page.model.iterations, page.model
    assert found[:22] == model.recording.first
    assert found[22:44] == first.weights and found[44:66] == first.gradients
    assert found[66:110] == first.memory[0] + first.memory[1]
    assert found[110:122] == first.samples[0].values
    data = json.loads(read(page.html, "ct-data"))
    assert data["memory"] == ["means", "squares"]
    assert [it[2] for it in data["iterations"]] == [it.loss for it in model.iterations]


def unfolded(places, others):
    numbers, rest = [], iter(others)
    for back in places:
        numbers.append(numbers[-back] if back else next(rest))
    return numbers


@given(
    st.lists(
        st.sampled_from([0.0, -0.0, 1.5, math.nan, math.inf, 1e-300]) | st.floats(), max_size=600
    )
)
def test_numbers_without_repeats_are_the_same_bits(found):
    places, others = without_repeats(array("d", found))
    again = unfolded(places, array("d", others))
    assert array("d", again).tobytes() == array("d", found).tobytes()


def test_a_page_without_scripts_has_a_curve_and_all_iterations():
    page = training_stepper(trainer_of(small()))
    body = page.html.split("<script", 1)[0]
    assert body.count('<th scope="row">') == 12 and "data:image/svg+xml;base64," in body
    first = page.model.iterations[0]
    assert f"<td>{', '.join(map(str, first.batch))}</td><td>0.25</td>" in body


def test_a_page_shows_itself_and_is_written_whole(tmp_path):
    page = training_stepper(trainer_of(small()), iterations=2)
    assert page._repr_html_() == page.html == page._repr_mimebundle_()["text/html"]
    text = page.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("<main") == 1
    assert text.startswith("<!doctype html>") and page.html in text
    assert (
        "http://" not in page.html.replace("http://www.w3.org", "") and "https://" not in page.html
    )


def test_names_of_a_users_own_are_text_in_the_page():
    def evil(outputs, target):
        return mse_loss(outputs, target)

    evil.__name__ = "</script><b>"
    network = small()
    network.parameters()[0].name = "<i>"
    html = training_stepper(trainer_of(network, loss=evil), iterations=1).html
    assert "</script><b>" not in html


def test_every_text_that_the_script_asks_for_is_in_the_catalogue():
    page = importlib.import_module("nn.stepping.page")
    script = page.resource("page.js")
    asked = set(re.findall(r'this\.text\("([^"]+)"', script))
    assert asked - set(texts.TEXTS) == {"line "} and len(asked) > 30  # with a number behind it


def test_texts_come_translated_where_a_catalogue_is(tmp_path, monkeypatch):
    folder = tmp_path / "xx" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "chainrule.mo").write_bytes(catalogue({"Next line": "Nächste Zeile"}))
    monkeypatch.setenv("CHAINRULE_LOCALES", str(tmp_path))
    monkeypatch.setenv("LANGUAGE", "xx")
    assert texts.texts()["next"] == "Nächste Zeile"
    assert texts.texts()["back"] == "One line back"


def catalogue(messages):
    """Return a catalogue in gettext's binary form."""
    pairs = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **messages}.items())
    keys = [key.encode() for key, _ in pairs]
    told = [text.encode() for _, text in pairs]
    start = 28 + 16 * len(pairs)
    tables, body = [], b""
    for part in (keys, told):
        for text in part:
            tables += [len(text), start + len(body)]
            body += text + b"\0"
    head = [0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start]
    return array("I", head + tables).tobytes() + body


def test_the_loss_of_a_bernoulli_output_is_shown_at_b():
    network = TwoLayerNetwork(2, 3, 1, seed=0)
    model = Model(trainer_of(network, LABELS, loss=binary_cross_entropy), iterations=2)
    named = dict(zip(model.structure.names, model.iterations[0].samples[0].gradients))
    assert named["ŷ₁"] is None and named["b₁"] != 0.0
