"""A network as its letters: the units of each layer, the parameters, and each unit's line.

>>> from nn import TwoLayerNetwork, mse_loss
>>> network = TwoLayerNetwork(2, 2, 1, seed=0)
>>> structure = Structure(network, network.parameters())
>>> structure.names
['a₀', 'a₁', 'h₀', 'h₁', 'b₁', 'ŷ₁']
>>> outputs = network([1.0, -2.0])
>>> seen = structure.seen(outputs, mse_loss(outputs, [1.0]))
>>> seen.values[-1] == outputs[0].data
True
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd import Value
from autograd.backward import history
from autograd.compile.javascript.forwards import forward_of
from autograd.compile.javascript.graphs import INDEXED
from autograd.compile.javascript.slopes import slope_of
from autograd.compile.javascript.translate import Definition, Untranslatable
from autograd.drawing.letters import letters_of, lowered
from autograd.primitive_type import Primitive, Variadic
from autograd.stepping.lines import has_bias, kind_of
from nn.layers import MLP
from nn.losses import as_list

# What the path of a parameter begins with.
LAYER = re.compile(r"layers\.(\d+)\.")


class Unit(NamedTuple):
    """A number of a layer that has a letter: a weighted sum, or what the activation makes of it."""

    name: str
    layer: int
    is_sum: bool


class Seen(NamedTuple):
    """A sample as the passes left it: by unit its value and its gradient, and the error.

    None stands for what the graph of the error has not.
    """

    values: list[float | None]
    gradients: list[float | None]
    error: float


class Structure:
    """What is shown of a network.

    Attributes: `layered`, whether the units of all layers have letters; `units` and their `names`,
    those that there may be, and once a sample was seen those that there are; `parameters`, their
    names; `layers`, the layer of each; `lines`, how each unit is computed, once a sample was seen:
    None where that cannot be said in one line.
    """

    def __init__(self, network: object, parameters: Sequence[Value]) -> None:
        self.network = network
        self.places = {p: i for i, p in enumerate(parameters)}
        letters = letters_of(list(parameters), network).names
        named = getattr(network, "named_parameters", list)
        paths = {p: path for path, p in named()}
        self.parameters = []
        for i, p in enumerate(parameters):
            name = letters.get(p) or p.name or paths.get(p)
            self.parameters.append(name or f"w{i}")
        self.layered = False
        self.layers = [0] * len(parameters)
        self.units: list[Unit] = []
        if isinstance(network, MLP) and all(p in letters for p in parameters):
            self.layered = True
            self.layers = [layer_of(paths.get(p, "")) for p in parameters]
            self.units = list(units_of(network.sizes[1:]))
        self.known: dict[tuple[Primitive | None, ...], dict[str, int]] = {}
        self.lines: list[Line | None] | None = None

    @property
    def names(self) -> list[str]:
        """The letters of the units."""
        return [unit.name for unit in self.units]

    def seen(self, outputs: Any, error: Value) -> Seen:
        """Return the numbers of a sample, read off the graph of its error."""
        given = [y if isinstance(y, Value) else None for y in as_list(outputs)]
        nodes = history(error)
        places = self.places_in(nodes)
        if self.lines is None:
            self.settle(places, len(given))
        found = [nodes[places[name]] if name in places else None for name in self.names]
        # The loss may be computed of what the outputs are made of: then they are not in its graph.
        found[len(found) - len(given) :] = given
        self.note_lines(found)
        inside = set(nodes)
        values = [None if node is None else float(node.data) for node in found]
        reached = [node if node in inside else None for node in found]
        gradients = [None if node is None else float(node.grad) for node in reached]
        return Seen(values, gradients, float(error.data))

    def settle(self, places: Mapping[str, int], outputs: int) -> None:
        """Leave out what a sample has not: the sums of linear units, which are what these give.

        Outputs stay, whatever the loss is computed of; of a network without letters nothing else.
        """
        last = self.units[-1].layer if self.units else 0
        inner = []
        for unit in self.units:
            if unit.name in places and (unit.is_sum or unit.layer < last):
                inner.append(unit)
        self.units = [*inner, *outputs_of(last, outputs)]

    def places_in(self, nodes: list[Value]) -> dict[str, int]:
        """Return where in a graph the units are; graphs of the same operations have the same."""
        # Working the letters out takes much longer than looking at the operations.
        operations = tuple(node.op for node in nodes)
        if operations not in self.known:
            names = letters_of(nodes, self.network).names if self.layered else {}
            places = {node: i for i, node in enumerate(nodes)}
            self.known[operations] = {name: places[node] for node, name in names.items()}
        return self.known[operations]

    def note_lines(self, found: list[Value | None]) -> None:
        """Work out the line of each unit; one that another sample computes otherwise has none."""
        if self.lines is None:
            units = {node: i for i, node in enumerate(found) if node is not None}
            self.lines = []
            for node, unit in zip(found, self.units):
                self.lines.append(line_of(node, unit, self.places, units))
        for i, (line, node) in enumerate(zip(self.lines, found)):
            op = None if node is None else node.op
            if line is not None and op is not line.op:
                self.lines[i] = None


def layer_of(path: str) -> int:
    """Return the layer of the parameter at a path, which begins with it where there are several."""
    match = LAYER.match(path)
    return int(match[1]) if match else 0


class Line(NamedTuple):
    """How a unit is computed: its operation, and for each operand where its number is.

    `operands`: of a parameter "p" and its place, of an input "x", of a unit "u", of a number "c".
    """

    op: Primitive
    kind: str
    bias: bool
    operands: list[tuple[str, Any]]
    forward: Definition
    slope: Definition | None

    def as_data(self) -> dict[str, Any]:
        """Return what the page's script reads."""
        return {
            "op": str(self.op.symbol),
            "kind": self.kind,
            "bias": self.bias,
            "indexed": self.op in INDEXED,
            "operands": self.operands,
            "forward": self.forward.name,
            "slope": self.slope and self.slope.name,
        }


def units_of(sizes: Sequence[int]) -> Iterator[Unit]:
    """Yield the units of an MLP: of each layer the sums, then the activations."""
    last = len(sizes) - 1
    for layer, size in enumerate(sizes[:-1]):
        above = layer + 1 if layer else 0
        for letter in "ah":
            for j in range(size):
                yield Unit(lowered(letter, j, layer=above), layer, letter == "a")
    for k in range(sizes[-1]):
        yield Unit(lowered("b", k + 1), last, True)
    yield from outputs_of(last, sizes[-1])


def outputs_of(layer: int, count: int) -> Iterator[Unit]:
    """Yield the outputs."""
    for k in range(count):
        yield Unit(lowered("ŷ", k + 1), layer, False)


def line_of(
    node: Value | None, unit: Unit, places: dict[Value, int], units: dict[Value, int]
) -> Line | None:
    """Return how a unit is computed; None where not by one row of what has a letter."""
    if node is None or node.op is None:
        return None
    kind = kind_of(node)
    operands = []
    for j, x in enumerate(node.operands):
        operand = reference(x, j, node, unit, places, units)
        if operand is None:
            return None
        operands.append(operand)
    try:
        forward = forward_of(node.op)
        slope = None if isinstance(node.op, Variadic) else slope_of(node.op, 0)
    except Untranslatable:
        return None
    bias = kind == "products" and has_bias(node)
    return Line(node.op, kind, bias, operands, forward, slope)


def reference(
    x: object, j: int, node: Value, unit: Unit, places: dict[Value, int], units: dict[Value, int]
) -> tuple[str, Any] | None:
    """Return where the number of an operand is, None for one that has no letter."""
    if isinstance(x, Value):
        if x in places:
            return "p", places[x]
        return ("u", units[x]) if x in units else None
    # Of products the operands are the bias, the weights, and the inputs, here those of the network.
    half = len(node.operands) // 2 + 1
    if kind_of(node) == "products" and j >= half:
        return ("x", j - half) if unit.layer == 0 else None
    return ("c", x) if isinstance(x, (int, float)) else None
