"""The playground's engine in Node, beside `nn` with the same settings, and Python's random numbers."""

import math
import random

import pytest

from autograd.compile.javascript.graphs import GraphScript
from autograd.stepping.model import Model
from nn.playground.engine import ENDINGS, SETTINGS, engine, script
from nn.playground.messages import MESSAGES
from testkit.javascript import answers_of_node, node_program, ulps
from testkit.playground import (
    POINT,
    dataset_of,
    first_loss,
    hard_settings,
    parts_of,
    random_settings,
    settings_of,
    trained,
    trained_in_browser,
    trained_in_page,
)

pytestmark = pytest.mark.skipif(node_program() is None, reason="Node is missing")

GRAPHS = 50  # settings whose graphs are compared
BRIEF, ITERATIONS = 12, 25  # trainings, and iterations of each
LONG = 500  # iterations; of 40 settings by `python -m benchmarks playground`
MOST_APART = 1e-13  # losses of both
SEEDS = 1000
MOST_ULPS_OF_GAUSS = 4.0
LARGEST = 60_000  # characters of the script; a page may have 150 kB


def near(found, wanted):
    """Tell whether two numbers differ by rounding only."""
    return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-14)


# Graphs.


@pytest.fixture(scope="module")
def graphs():
    """Return settings, what the page makes of them, and the engine's network and first loss."""
    settings = [*random_settings(GRAPHS, seed=4), *hard_settings()]
    pages = trained_in_page(settings, 0)
    return [(given, page, *first_loss(given)) for given, page in zip(settings, pages)]


def same_operand(found, wanted):
    """Tell whether two operands are the same node, or the same number but for rounding."""
    return found == wanted or not isinstance(wanted, list) and near(found, wanted)


def test_the_page_builds_the_graph_that_the_engine_records(graphs):
    for settings, page, _, root in graphs:
        found, wanted = page["sample"], GraphScript(root).data
        assert found["root"] == wanted["root"], settings
        assert len(found["nodes"]) == len(wanted["nodes"])
        for node, recorded in zip(found["nodes"], wanted["nodes"]):
            if recorded is None:
                assert node is None
                continue
            assert node[0] == recorded[0] and len(node[1]) == len(recorded[1]), settings
            assert all(map(same_operand, node[1], recorded[1])), settings


def test_every_node_of_the_page_s_graph_has_the_engine_s_value_and_gradient(graphs):
    for settings, page, _, root in graphs:
        nodes = GraphScript(root).nodes
        root.backward()
        for i, node in enumerate(nodes):
            assert near(page["sample"]["values"][i], node.data), (settings, i)
            # No path leads to the root: undefined there, and 0 here.
            assert near(page["sample"]["adjoints"][i] or 0.0, node.grad), (settings, i)


def test_every_node_has_the_letter_that_a_stepper_gives_it(graphs):
    for settings, page, network, root in graphs:
        model = Model(root, network=network)
        assert page["sample"]["names"] == [model.names[node] for node in model.nodes], settings
        for node, names in zip(model.nodes, page["sample"]["operandNames"]):
            wanted = {str(j): name for (x, j), name in model.plain_names.items() if x is node}
            assert names == wanted, settings


def test_parameters_are_first_weights_of_the_network_in_its_order(graphs):
    for settings, page, network, _ in graphs:
        found = page["before"]
        assert all(near(p["data"], x.data) for p, x in zip(found, network.parameters()))
        paths = [
            f"layers.{p['layer']}.neurons.{p['unit']}"
            + (".b" if p["input"] is None else f".w.{p['input']}")
            for p in found
        ]
        assert paths == [path for path, _ in network.named_parameters()], settings
        named = dict(zip(page["sample"]["names"], page["sample"]["values"]))
        assert all(named[p["name"]] == p["data"] for p in found)


def test_data_are_made_and_split_as_by_nn(graphs):
    for settings, page, _, _ in graphs:
        assert page["classNames"] == dataset_of(settings).class_names
        for samples, part in zip((page["training"], page["heldOut"]), parts_of(settings)):
            assert [sample["label"] for sample in samples] == part.labels, settings
            for sample, inputs in zip(samples, part.inputs):
                assert all(map(near, sample["inputs"], inputs)), settings


# Trainings.


def check_training(settings, page, iterations):
    """Compare all that a page trained with what eager `train` does."""
    wanted = trained(settings, iterations)
    assert len(page["losses"]) == iterations
    far = max(abs(x - y) for x, y in zip(page["losses"], wanted.losses))
    assert far <= MOST_APART, (settings, far)
    for parameter, value in zip(page["parameters"], wanted.network.parameters()):
        assert abs(parameter["data"] - value.data) <= MOST_APART
        assert abs(parameter["gradient"] - value.grad) <= MOST_APART
    found = page["evaluation"]
    loss, accuracy = wanted.held_out or (None, None)
    assert near(found["training"], wanted.evaluation[0])
    assert found["accuracy"] == wanted.evaluation[1]
    assert found["heldOut"] == loss or near(found["heldOut"], loss)
    assert found["heldOutAccuracy"] == accuracy
    outputs = [y.data for y in wanted.network(POINT)]
    assert all(map(near, page["answers"]["outputs"], outputs))
    threshold = ENDINGS[settings["loss"]].threshold
    score = outputs[1] - outputs[0] if len(outputs) == 2 else outputs[0] - threshold
    assert near(page["answers"]["score"], score)
    hidden = [h.data for h in as_list(wanted.network.layers[0](POINT))]
    assert all(map(near, page["answers"]["hidden"], hidden))


def as_list(x):
    """Return what a layer gives as a list; that of one neuron is no list."""
    return x if isinstance(x, list) else [x]


def test_losses_weights_and_evaluation_are_those_of_eager_training():
    settings = [*random_settings(BRIEF, seed=1), *hard_settings()]
    for given, page in zip(settings, trained_in_page(settings, ITERATIONS)):
        check_training(given, page, ITERATIONS)


def test_losses_are_level_with_eager_training_over_500_iterations():
    settings = [
        settings_of(loss=loss, alpha=1.0, batch=4, hidden=p, activation=activation, seed=p)
        for p, (loss, activation) in enumerate(
            zip(ENDINGS, ("relu", "tanh", "sigmoid", "gelu")), start=2
        )
    ]
    for given, page in zip(settings, trained_in_page(settings, LONG)):
        check_training(given, page, LONG)


# What cannot be trained with.

REFUSALS = """
const answers = (cases) => cases.map((settings) => {
  try {
    const playground = new Playground(settings);
    for (let t = 0; t < 200; t++) playground.step();
    return "";
  } catch (error) {
    return error.message;
  }
});
"""
ROWS = [[0.0, 1.0, "a"], [1.0, 0.0, "b"], [2.0, 0.0, "b"], [2.0, 1.0, "a"]]


REFUSED = [
    ("choice", {"data": "rings"}, {"name": "data", "found": "rings"}),
    ("choice", {"loss": "huber"}, {"name": "loss", "found": "huber"}),
    ("choice", {"activation": "toString"}, {"name": "activation", "found": "toString"}),
    ("whole number", {"hidden": 17}, {"name": "hidden", "low": 1, "high": 16, "found": 17}),
    ("whole number", {"hidden": 2.5}, {"name": "hidden", "low": 1, "high": 16, "found": 2.5}),
    ("whole number", {"count": 1}, {"name": "count", "low": 2, "high": 5000, "found": 1}),
    ("seed", {"seed": 0.5}, {"name": "seed", "found": 0.5}),
    ("noise", {"noise": -1}, {"name": "noise", "found": -1}),
    ("alpha", {"alpha": 0}, {"name": "alpha", "found": 0}),
    ("held out", {"heldOut": 1}, {"name": "heldOut", "found": 1}),
    ("batch of m", {"count": 20, "heldOut": 0.5, "batch": 11}, {"batch": 11, "m": 10}),
    ("no rows", {"data": "own"}, {}),
    ("no rows", {"data": "own", "rows": []}, {}),
    ("rows", {"data": "own", "rows": [ROWS[0]] * 5001}, {"found": 5001, "high": 5000}),
    ("row", {"data": "own", "rows": [*ROWS, [1, "x", "a"]]}, {"row": 5, "found": "1, x, a"}),
    ("row", {"data": "own", "rows": [*ROWS, [1, "", "a"]]}, {"row": 5, "found": "1, , a"}),
    ("two classes", {"data": "own", "rows": [*ROWS, [1, 2, "c"]]}, {"count": 3}),
    ("two classes", {"data": "own", "rows": ROWS[1:3]}, {"count": 1}),
]


@pytest.fixture(scope="module")
def refusals():
    """Return what the page says to each of the settings that cannot be trained with."""
    return answers_of_node(script() + REFUSALS, [settings for _, settings, _ in REFUSED])


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=lambda i: f"{REFUSED[i][0]} {i}")
def test_a_setting_that_cannot_be_trained_with_is_refused_in_words(number, refusals):
    what, _, fields = REFUSED[number]
    found = refusals[number]
    start, _, choices = MESSAGES[what].format(**fields, choices="\n").partition("\n")
    assert found.startswith(start) and (choices or found == start), found


DIVERGED = """
const answers = ([settings]) => {
  const playground = new Playground(settings);
  let before = [];
  try {
    for (;;) {
      before = playground.parameters.map(({ data }) => data);
      playground.step();
    }
  } catch (error) {
    const after = playground.parameters.map(({ data }) => data);
    return [error.message, playground.iteration, playground.losses.length, before, after];
  }
};
"""


@pytest.mark.parametrize("given", [{"alpha": 1e200}, {"alpha": 1e308, "noise": 30.0}], ids=str)
def test_a_training_that_diverges_says_so_and_leaves_the_last_weights(given):
    settings = settings_of(activation="linear", loss="hinge", seed=3, **given)
    message, iteration, losses, before, after = answers_of_node(script() + DIVERGED, [settings])
    alpha = {1e200: "1e+200", 1e308: "1e+308"}[given["alpha"]]
    assert message == MESSAGES["diverged"].format(iteration=iteration + 1, alpha=alpha)
    assert losses == iteration and before == after
    with pytest.raises(FloatingPointError, match=f"iteration {iteration + 1}:"):
        trained(settings, iteration + 1)


INFINITE = """
const answers = ([settings]) => {
  const playground = new Playground(settings);
  for (const parameter of playground.parameters) parameter.data = parameter.layer ? -1e308 : 10;
  const found = [playground.evaluate().training === Infinity];
  try { playground.step(); } catch (error) { found.push(error.message); }
  return found;
};
"""


def test_a_loss_that_is_infinite_ends_a_training_though_all_weights_would_be_finite():
    settings = settings_of(activation="linear", loss="hinge", hidden=1, alpha=1e-300, batch=20)
    found = answers_of_node(script() + INFINITE, [settings])
    assert found == [True, MESSAGES["diverged"].format(iteration=1, alpha="1e-300")]


# The script.


def test_the_script_is_small_and_as_an_expression_defines_nothing_else():
    assert len(script()) < LARGEST
    probe = "const answers = () => [typeof page.Playground, typeof Playground, typeof operations];"
    page = f"const page = {engine()};\n{probe}"
    assert answers_of_node(page, []) == ["function", "undefined", "undefined"]


def test_settings_left_out_are_those_of_a_playground():
    probe = "const answers = ([given]) => [new Playground(given).settings];"
    assert answers_of_node(script() + probe, [{"hidden": 3}]) == [{**SETTINGS, "hidden": 3}]


# Python's random numbers.

DRAWS = """
const answers = (seeds) => seeds.map((seed) => {
  const source = new PythonRandom(seed);
  const order = [...Array(9).keys()];
  source.shuffle(order);
  return {
    exact: [
      source.random(), source.getrandbits(1), source.getrandbits(32), source.getrandbits(33),
      source.getrandbits(53), source.below(1), source.below(1000), source.below(2 ** 40),
      source.uniform(-0.3, 1.7), order, source.sample([...Array(12).keys()], 12),
      source.sample([...Array(400).keys()], 3), source.sample([...Array(400).keys()], 60),
      ...Array.from({ length: 700 }, () => source.random()).slice(-3),
    ],
    gauss: [source.gauss(), source.gauss(), source.gauss(1, 0.1)],
  };
});
"""


def draws_of(seed):
    """Return what `random.Random` draws, in the order of `DRAWS`."""
    source = random.Random(seed)
    order = list(range(9))
    source.shuffle(order)
    exact = [
        source.random(),
        *map(source.getrandbits, (1, 32, 33, 53)),
        *map(source.randrange, (1, 1000, 2**40)),
        source.uniform(-0.3, 1.7),
        order,
        source.sample(range(12), 12),
        source.sample(range(400), 3),
        source.sample(range(400), 60),
        *[source.random() for _ in range(700)][-3:],
    ]
    return exact, [source.gauss(0.0, 1.0), source.gauss(0.0, 1.0), source.gauss(1.0, 0.1)]


def test_a_thousand_seeds_draw_what_python_draws():
    source = random.Random(0)
    seeds = [0, 1, -1, 2**32 - 1, 2**32, 2**53 - 1, 1 - 2**53]
    seeds += [source.randrange(-(2**53), 2**53) >> source.randrange(53) for _ in range(SEEDS)]
    for seed, found in zip(seeds, answers_of_node(script() + DRAWS, seeds)):
        exact, gauss = draws_of(seed)
        assert found["exact"] == exact, seed
        for x, wanted in zip(found["gauss"], gauss):
            assert ulps(x, wanted) <= MOST_ULPS_OF_GAUSS, (seed, x, wanted)


def test_a_seed_that_is_no_whole_number_is_refused():
    probe = "const answers = (seeds) => seeds.map((seed) => { try { new PythonRandom(seed); return false; } catch { return true; } });"
    assert answers_of_node(script() + probe, [0.5, 2**53, "1", None]) == [True] * 4


@pytest.mark.browser
def test_chromium_trains_as_python_does():
    settings = list(random_settings(9, seed=2))
    for given, page in zip(settings, trained_in_browser(settings, 100)):
        check_training(given, page, 100)
