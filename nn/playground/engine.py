"""The script that trains in a page: the table's functions, Python's random numbers, the training.

What depends on a row of the table is not written in JavaScript: activations and losses are recorded
here, by the engine, and go into the page as data; the page puts them on a network of any p.

>>> loss_of("mse")["answers"]
[[0, ['sigmoid:v', [[0]], 'ŷ₁', {}]]]
>>> activations()["elu"], activations()["linear"]
(['elu:vc', 1.0], None)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from autograd import Value, dot
from autograd.backward import history
from autograd.compile.javascript.graphs import GraphScript, operation_name, script_of
from autograd.compile.javascript.library import runtime
from autograd.compile.javascript.translate import translated
from autograd.drawing.labels import operand_values
from autograd.drawing.letters import Letters, letters_of
from autograd.stepping.page import embedded
from nn import data
from nn.layers import ACTIVATIONS, TwoLayerNetwork
from nn.losses import LOSSES
from nn.playground.messages import messages

SCRIPTS = ("random.js", "training.js")
GIVES = ("Playground", "PythonRandom", "operations", "forwardPass", "reversePass")
# Hidden units: each p has a weighted sum of its own in the library.
MOST_HIDDEN = 16
INPUTS = 2
# An input, where only what is recorded matters.
ORIGIN = [0.0] * INPUTS
SETTINGS = {
    "data": "moons",
    "count": 200,
    "noise": 0.1,
    "hidden": 4,
    "activation": "relu",
    "loss": "mse",
    "alpha": 0.5,
    "batch": 10,
    "seed": 0,
    "heldOut": 0.2,
    "init": "xavier",
}
SHAPES = {
    "moons": data.point_of_moons,
    "circles": data.point_of_circles,
    "xor": data.point_of_xor,
    "spirals": data.point_of_spirals,
}


class Ending(NamedTuple):
    """What goes with a loss.

    Attributes: `output`, the activation of the output layer; `targets`, that of each class;
    `threshold`, from which on a single output is class 1.
    """

    output: str
    targets: tuple[list[float], list[float]]
    threshold: float = 0.0

    @property
    def outputs(self) -> int:
        """How many outputs there are, q."""
        return len(self.targets[0])


ENDINGS = {
    "mse": Ending("sigmoid", ([0.0], [1.0]), 0.5),
    "binary_cross_entropy": Ending("sigmoid", ([0.0], [1.0]), 0.5),
    "cross_entropy": Ending("softmax", ([1.0, 0.0], [0.0, 1.0])),
    "hinge": Ending("linear", ([-1.0], [1.0])),
}


@cache
def activations() -> dict[str, list[Any] | None]:
    """Return the operation of each activation with its further operands; None for the linear."""
    z = Value(0.5)
    found: dict[str, list[Any] | None] = {}
    for name, function in ACTIVATIONS.items():
        node = function(z)
        found[name] = None if node is z else [operation_of(node), *node.operands[1:]]
    return found


def operation_of(node: Value) -> str:
    """Return what a graph's data calls the operation of a node."""
    # It is no leaf.
    assert node.op is not None
    return operation_name(node.op, node.operands)


@cache
def loss_of(name: str) -> dict[str, Any]:
    """Return a loss as the page needs it.

    The names of the sums of the outputs, which is q of them; what is recorded above these for each
    class (`classes`) and for each output (`answers`); and what its `Ending` says. A recording is a
    list: the number of a sum, or a node's operation, operands, letter, and letters of operands.
    """
    ending = ENDINGS[name]
    network = network_for(ending)
    outputs = network(ORIGIN)
    losses = [LOSSES[name](network(ORIGIN), target) for target in ending.targets]
    return {
        "sums": sum_names(network, losses[0]),
        "classes": [recorded_above(network, loss) for loss in losses],
        "answers": [recorded_above(network, output) for output in outputs],
        "targets": ending.targets,
        "threshold": ending.threshold,
    }


def network_for(ending: Ending) -> TwoLayerNetwork:
    """Return a network of one hidden unit, whose outputs are those that a loss takes."""
    return TwoLayerNetwork(INPUTS, 1, ending.outputs, output=ending.output)


def sums_in(network: TwoLayerNetwork, nodes: Sequence[Value]) -> dict[Value, int]:
    """Return the weighted sums of the output layer, each with its number."""
    neurons = network.layers[1].neurons
    biases = {neuron.b: k for k, neuron in enumerate(neurons)}
    found = {}
    for node in nodes:
        # The first operand of a weighted sum is its bias.
        if node.operands[:1] and is_leaf(node, biases):
            found[node] = biases[node.operands[0]]
    return found


def is_leaf(node: Value, biases: dict[Value, int]) -> bool:
    """Tell whether the first operand of a node is one of these biases."""
    first = node.operands[0]
    return isinstance(first, Value) and first in biases


def sum_names(network: TwoLayerNetwork, loss: Value) -> list[str]:
    """Return the letters of the weighted sums of the output layer, in order."""
    nodes = history(loss)
    letters = letters_of(nodes, network)
    sums = sums_in(network, nodes)
    return [letters.names[node] for node in sorted(sums, key=sums.__getitem__)]


def recorded_above(network: TwoLayerNetwork, root: Value) -> list[Any]:
    """Return what is recorded above the sums of the outputs: see `loss_of`."""
    nodes = history(root)
    letters = letters_of(nodes, network)
    sums = sums_in(network, nodes)
    places: dict[Value, int] = {}
    entries: list[Any] = []
    for node in nodes:
        if node in sums:
            entries.append(sums[node])
        elif any(x in places for x in operand_values(node)):
            entries.append(entry(node, places, letters))
        else:
            # It is below the sums.
            continue
        places[node] = len(places)
    return entries


def entry(node: Value, places: dict[Value, int], letters: Letters) -> list[Any]:
    """Return a node of a recording, as `GraphScript` has it, with its letter and its operands'."""
    operands = []
    named = {}
    for j, x in enumerate(node.operands):
        operands.append([places[x]] if isinstance(x, Value) else x)
        if (node, j) in letters.operands:
            named[j] = letters.operands[node, j]
    return [operation_of(node), operands, letters.names.get(node), named]


@cache
def operations() -> dict[str, Any]:
    """Return every operation that a playground may need, as `script_of` takes them."""
    roots = []
    for p in {INPUTS, *range(1, MOST_HIDDEN + 1)}:
        roots.append(dot(values(p), values(p), Value(0.0)))
    for function in ACTIVATIONS.values():
        roots.append(function(Value(0.5)))
    for name, ending in ENDINGS.items():
        network = network_for(ending)
        for target in ending.targets:
            roots.append(LOSSES[name](network(ORIGIN), target))
        roots += network(ORIGIN)
    found: dict[str, Any] = {}
    for root in roots:
        found |= GraphScript(root).operations
    return found


def values(count: int) -> list[Value]:
    """Return so many leaves."""
    return [Value(0.5) for _ in range(count)]


def constants() -> dict[str, Any]:
    """Return what the scripts are given by name, as JSON has it."""
    return {
        "ACTIVATIONS": activations(),
        "LOSSES": {name: loss_of(name) for name in ENDINGS},
        "DEFAULTS": SETTINGS,
        "MOST_HIDDEN": MOST_HIDDEN,
        "MESSAGES": messages(),
    }


def shapes() -> str:
    """Return where the points of each data set lie, and what its classes are called."""
    entries = [
        f"  {name}: {{ point: {point.__name__}, names: {json.dumps(class_names(name))} }},"
        for name, point in SHAPES.items()
    ]
    return "\n".join(["const SHAPES = {", *entries, "};"])


def class_names(name: str) -> list[str]:
    """Return the names of the classes of a generated data set."""
    found: list[str] = getattr(data, name)(2).class_names
    return found


def script() -> str:
    """Return the script of the engine: it defines `Playground`, and what that uses."""
    called = [*map(translated, SHAPES.values()), runtime()["math_fsum"]]
    library = script_of(operations(), called)
    given = [f"const {name} = {embedded(found)};" for name, found in constants().items()]
    here = files(__package__)
    texts = [here.joinpath(name).read_text("utf-8") for name in SCRIPTS]
    return "\n".join([library, shapes(), *given, *texts])


def engine() -> str:
    """Return the script as one expression, which defines nothing else: an object of what it gives.

    >>> engine().startswith("(function () {"), engine().endswith("};\\n})()")
    (True, True)
    """
    return f"(function () {{\n{script()}\nreturn {{ {', '.join(GIVES)} }};\n}})()"
