"""The playground's engine beside `nn`: the same settings, trained by both."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import nn
from autograd import Value
from nn.evaluation import evaluate
from nn.layers import ACTIVATIONS, INITS
from nn.losses import LOSSES
from nn.playground.engine import ENDINGS, MOST_HIDDEN, SETTINGS, SHAPES, script
from testkit.javascript import answers_of_chromium, answers_of_node

POINT = (0.25, -0.75)  # at which both networks answer
OWN_NAMES = (("no", "yes"), ("10", "9.5"), ("b", "a"))
HARNESS = """
function trained([settings, iterations]) {
  const playground = new Playground(settings);
  const { nodes, root, values, adjoints, names, operandNames } = playground.sampleGraph(0);
  const before = playground.parameters.map((parameter) => ({ ...parameter }));
  const batches = [];
  const start = performance.now();
  for (let t = 0; t < iterations; t++) {
    playground.step();
    batches.push(playground.batch);
  }
  const seconds = (performance.now() - start) / 1000;
  return {
    sample: { nodes, root, values, adjoints, names, operandNames },
    before,
    batches,
    rate: iterations / seconds,
    classNames: playground.classNames,
    training: playground.training,
    heldOut: playground.heldOut,
    losses: playground.losses,
    parameters: playground.parameters,
    evaluation: playground.evaluate(),
    answers: playground.answers(0.25, -0.75),
  };
}
function answer(given) {
  try {
    return trained(given);
  } catch (error) {
    return { refused: error.message };
  }
}
const answers = (cases) => cases.map(answer);
"""


class Part(NamedTuple):
    """Samples: what is trained on, or held out."""

    inputs: list[list[float]]
    labels: list[int]


class Trained(NamedTuple):
    """What `nn` makes of a playground's settings.

    Attributes: `network`, after the training; `evaluation`, loss and accuracy on what it was trained
    on; `held_out`, on the rest, where there is one.
    """

    training: Part
    apart: Part
    network: nn.TwoLayerNetwork
    losses: list[float]
    evaluation: tuple[float, float | None]
    held_out: tuple[float, float | None] | None


def settings_of(**given: Any) -> dict[str, Any]:
    """Return settings of a playground."""
    return {**SETTINGS, **given}


def random_settings(count: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Yield settings of every kind, with step sizes of at most 1."""
    source = random.Random(seed)
    losses, activations = list(ENDINGS), list(ACTIVATIONS)
    for i in range(count):
        data = source.choice([*SHAPES, "own"])
        found = settings_of(
            data=data,
            count=source.choice([20, 41, 100, 200]),
            noise=source.choice([0.0, 0.1, 0.3]),
            hidden=source.randint(1, MOST_HIDDEN),
            activation=activations[i % len(activations)],
            loss=losses[i % len(losses)],
            alpha=source.choice([0.01, 0.1, 0.5, 1.0]),
            batch=source.choice([1, 3, 10]),
            seed=source.choice([0, 1, 7, 2**40 + 3, -5, source.randrange(10**6)]),
            heldOut=source.choice([0.0, 0.2, 0.5]),
            init=source.choice(list(INITS)),
        )
        yield {**found, "rows": own_rows(source)} if data == "own" else found


def hard_settings() -> list[dict[str, Any]]:
    """Return settings that random ones miss."""
    corners = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
    constant = [[x, 5.0, "b" if x > 2 else "a"] for x in range(6)]
    numbers = [[*corner, name] for corner, name in zip(corners, ("2.", "+1", "+2", "1"))]
    texts = [[*corner, name] for corner, name in zip(corners, (" on", "off", "on", "off "))]
    # U+FF21 is before U+1F600, but its UTF-16 is after the other's.
    wide = [[*corner, name] for corner, name in zip(corners, ("\U0001f600", "\uff21") * 2)]
    nearly = [[*corner, name] for corner, name in zip(corners, ("0", "0x0") * 2)]
    return [
        settings_of(data="own", rows=constant, batch=2, heldOut=0.0),
        settings_of(data="own", rows=numbers, batch=1, heldOut=0.0),
        settings_of(data="own", rows=texts, batch=1, heldOut=0.0),
        settings_of(data="own", rows=wide, batch=1, heldOut=0.0),
        settings_of(data="own", rows=nearly, batch=1, heldOut=0.0),
        settings_of(data="xor", count=20, batch=1, heldOut=0.99),
        settings_of(data="circles", count=20, batch=16, heldOut=0.25),  # halves: 2.5 of 10
        settings_of(hidden=1, activation="linear", loss="cross_entropy"),
    ]


def own_rows(source: random.Random) -> list[list[Any]]:
    """Return rows of two numbers, on scales of their own, and a class."""
    names = source.choice(OWN_NAMES)
    rows: list[list[Any]] = []
    for _ in range(40):
        x1, x2 = source.gauss(100.0, 30.0), source.gauss(0.0, 0.01)
        rows.append([x1, x2, names[(x1 > 100.0) ^ (x2 > 0.0)]])
    return rows


def dataset_of(settings: dict[str, Any]) -> nn.Dataset:
    """Return the data set of settings."""
    if settings["data"] == "own":
        columns = dict(zip(("x1", "x2", "class"), map(list, zip(*settings["rows"]))))
        return nn.Dataset.of(columns, "class", task="classes")
    make = getattr(nn, settings["data"])
    found: nn.Dataset = make(settings["count"], settings["noise"], settings["seed"])
    return found


def parts_of(settings: dict[str, Any]) -> list[Part]:
    """Return what is trained on and what is held out; a user's own numbers standardized."""
    parts = nn.split(dataset_of(settings), settings["heldOut"], settings["seed"])
    if settings["data"] != "own":
        return [Part(part.inputs, part.labels) for part in parts]
    standardizer = nn.Standardizer.fit(parts[0].inputs)
    return [Part(standardizer.rows(part.inputs), part.labels) for part in parts]


def network_of(settings: dict[str, Any]) -> nn.TwoLayerNetwork:
    """Return the network of settings, with its first weights."""
    ending = ENDINGS[settings["loss"]]
    return nn.TwoLayerNetwork(
        2,
        settings["hidden"],
        ending.outputs,
        settings["activation"],
        ending.output,
        init=settings["init"],
        seed=settings["seed"],
    )


def first_loss(settings: dict[str, Any]) -> tuple[nn.TwoLayerNetwork, Value]:
    """Return the network of settings, and its loss of the first training sample."""
    network, (training, _) = network_of(settings), parts_of(settings)
    target = ENDINGS[settings["loss"]].targets[training.labels[0]]
    return network, LOSSES[settings["loss"]](network(training.inputs[0]), target)


def trained(settings: dict[str, Any], iterations: int) -> Trained:
    """Return what eager `nn.train` makes of settings."""
    training, apart = parts_of(settings)
    network, ending = network_of(settings), ENDINGS[settings["loss"]]
    loss = LOSSES[settings["loss"]]
    targets = [ending.targets[label] for label in training.labels]
    history = nn.train(
        network,
        training.inputs,
        targets,
        loss=loss,
        step_size=settings["alpha"],
        batch_size=settings["batch"],
        iterations=iterations,
        seed=settings["seed"],
        compiled=False,
        progress=False,
    )
    rest = [(x, ending.targets[label]) for x, label in zip(apart.inputs, apart.labels)]
    return Trained(
        training,
        apart,
        network,
        history.losses,
        evaluate(network, list(zip(training.inputs, targets)), loss),
        evaluate(network, rest, loss) if rest else None,
    )


def trained_in_page(settings: Sequence[dict[str, Any]], iterations: int) -> list[Any]:
    """Return what Node makes of each of these settings with the page's script."""
    return answers_of_node(script() + HARNESS, [[given, iterations] for given in settings])


def trained_in_browser(settings: Sequence[dict[str, Any]], iterations: int) -> list[Any]:
    """Return the same of Chromium."""
    cases = [[given, iterations] for given in settings]
    return answers_of_chromium(script() + HARNESS, cases)
