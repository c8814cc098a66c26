"""The letters that the textbook has for the nodes of a network, worked out when something is drawn.

Of Figure 3.4: inputs x_i from 1, hidden neurons j from 0, outputs k from 1. A hidden neuron is
a_j = w_j0 + sum w_ji x_i and h_j, its activation; an output is b_k = c_k + sum v_kj h_j and ŷ_k;
the error is E, and its terms E_k, where the graph has a node for them (the squares of the mean
squared error are halved together). The book writes v_k0 both for the bias of an output and for the
weight of h_0; here the bias is c_k. Hidden layers after the first have their number beside the
letter.

>>> lowered("w", 0, 1), lowered("v", 12, 3), lowered("h", 2, layer=2)
('w₀₁', 'v₁₂,₃', 'h⁽²⁾₂')
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from autograd.drawing.collapse import SUM_SYMBOLS, owners_of
from autograd.drawing.labels import Names, Nodes, operand_values
from autograd.primitive_type import Primitive
from autograd.value import Value

PARAMETER = re.compile(r"(?:layers\.(\d+)\.)?(?:neurons\.(\d+)\.)?(?:w\.(\d+)|(b))")
NEURON = re.compile(r"(?:layers\.(\d+)\.?)?(?:neurons\.(\d+))?")
OUTPUT = re.compile("[ŷb](⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾)?([₀₁₂₃₄₅₆₇₈₉]+)")
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Letters(NamedTuple):
    """What nodes are called, and plain operands, by their node and place among its operands."""

    names: dict[Value, str]
    operands: dict[tuple[Value, int], str]


class Part(NamedTuple):
    """What an error is of, as it stands behind a letter: a sample above it, an output below it.

    Either is None where there are several.
    """

    sample: str | None
    output: str | None


class Place(NamedTuple):
    """A neuron of a network: its layer, and its number in it, both from 0."""

    layer: int
    number: int


# Weighted sums or activations: of each neuron one for each sample.
Neurons = dict[Place, list[Value]]
# A node, or a plain operand by its node and place, and what it is called.
Named = tuple[Value, str]
NamedOperand = tuple[tuple[Value, int], str]


def lowered(letter: str, *indexes: int, layer: int = 0, sample: int = 0) -> str:
    """Return a letter with indexes below it, and what tells layers or samples apart above it."""
    above = ""
    if layer or sample:
        number = str(layer or sample)
        above = f"⁽{number.translate(SUPERSCRIPTS)}⁾"
    # An index of two digits could be read as two indexes.
    has_long = any(index > 9 for index in indexes)
    between = "," if has_long else ""
    digits = between.join(map(str, indexes))
    below = digits.translate(SUBSCRIPTS)
    return letter + above + below


def place_in(match: re.Match[str]) -> Place:
    """Return the neuron that a path names; what it does not name is the first one."""
    layer = int(match[1] or 0)
    number = int(match[2] or 0)
    return Place(layer, number)


def letters_of(nodes: Nodes, network: object) -> Letters:
    """Return the letters of the nodes that belong to a network of layers of neurons.

    Nothing where it is none, or where its parameters have other names.
    """
    parameters = getattr(network, "named_parameters", None)
    named = parameters() if parameters else ()
    paths = {value: path for path, value in named}
    matches = [PARAMETER.fullmatch(path) for path in paths.values()]
    known = [match for match in matches if match]
    if not known or len(known) < len(matches):
        return Letters({}, {})
    places = list(map(place_in, known))
    last = max(place.layer for place in places)
    drawn = set(nodes)
    names: dict[Value, str] = {}
    for value, place, match in zip(paths, places, known):
        if value in drawn:
            names[value] = parameter_letter(place, match[3], last)
    sums, activations = neurons_in(nodes, paths)
    linear = {}
    # What else a loss has recorded of the sums is no activation.
    for place, others in activations.items():
        layer = place.layer
        others[:] = [node for node in others if is_activation(network, layer, node)]
    for place in sums:
        linear[place.layer] = is_linear(network, place.layer, activations)
    names.update(neuron_letters(sums, activations, linear, last))
    names.update(input_letters(names, sums))
    operands = dict(plain_letters(nodes, names, sums))
    # The root is the error where it is computed of the outputs, and none of them itself.
    root = nodes[-1]
    with_outputs = any(name.startswith(("ŷ", "b")) for name in names.values())
    if with_outputs and root.op and root not in names:
        names[root] = "E"
        names.update(error_letters(nodes, names))
    return Letters(names, operands)


def parameter_letter(place: Place, weight: str | None, last: int) -> str:
    """Return the letter of a weight, or of a bias where `weight` is None."""
    layer, number = place
    if layer == last and last:
        # Of the outputs, which are counted from 1.
        number += 1
        if weight is None:
            return lowered("c", number)
        return lowered("v", number, int(weight))
    if layer == 0:
        # The neurons of the only layer are outputs. A bias is the weight of the input x_0 = 1.
        first = number + 1 if last == 0 else number
        of_input = 0 if weight is None else int(weight) + 1
        return lowered("w", first, of_input)
    above = layer + 1
    if weight is None:
        return lowered("c", number, layer=above)
    return lowered("w", number, int(weight), layer=above)


def neurons_in(nodes: Nodes, paths: Names) -> tuple[Neurons, Neurons]:
    """Return the weighted sums and the activations of each neuron, one for each sample."""
    here = {node: paths[node] for node in nodes if node in paths}
    owners = owners_of(nodes, here)
    sums: Neurons = defaultdict(list)
    activations: Neurons = defaultdict(list)
    for node in nodes:
        owner = owners.get(node)
        if owner is None or node.op is None:
            continue
        match = NEURON.fullmatch(owner.neuron or owner.layer)
        if match is None:
            continue
        place = place_in(match)
        if owner.neuron is None:
            # A share of a softmax over the layer, whose first operand tells which share.
            share = place._replace(number=node.operands[0])
            activations[share].append(node)
        elif owner.done:
            activations[place].append(node)
        elif not is_product(node):
            sums[place].append(node)
    for found in sums.values():
        # Of a sum of products only the whole has a letter.
        inside: set[Value] = set()
        for node in found:
            inside.update(operand_values(node))
        found[:] = [node for node in found if node not in inside]
    return sums, activations


def is_product(node: Value) -> bool:
    """Tell whether a node is a product of one weight, and no sum."""
    symbol = node.op.symbol if node.op else ""
    return symbol == "*" and len(node.operands) == 2


def is_linear(network: object, layer: int, activations: Neurons) -> bool:
    """Tell whether the neurons of a layer give their sums.

    The network says so: a loss may be computed of the sums, so that no activation is recorded. Of a
    network of a user's own that does not say it, the graph tells it.
    """
    found, neuron = first_neuron(network, layer)
    title = getattr(neuron, "title", None)
    if title is not None:
        shared = getattr(found, "softmax", False)
        return bool(title == "linear" and not shared)
    layers = {place.layer for place in activations}
    return layer not in layers


def is_activation(network: object, layer: int, node: Value) -> bool:
    """Tell whether a node is what the neurons of a layer make of their sums.

    The network says which function that is; a loss may record another one of the sums.
    """
    _, neuron = first_neuron(network, layer)
    function = getattr(neuron, "activation", None)
    return node.op is function or not isinstance(function, Primitive)


def first_neuron(network: object, layer: int) -> tuple[object, object]:
    """Return a layer of a network, or the network that is one, and its first neuron."""
    found = network.layers[layer] if hasattr(network, "layers") else network
    # A layer without neurons is a neuron itself.
    neurons = getattr(found, "neurons", [found])
    first = next(iter(neurons))
    return found, first


def neuron_letters(
    sums: Neurons,
    activations: Neurons,
    linear: Mapping[int, bool],
    last: int,
) -> Iterator[Named]:
    """Yield the letters of the sums and of the activations; of a linear neuron they are one."""
    for place in {**sums, **activations}:
        layer, number = place
        output = layer == last
        index = number + 1 if output else number
        above = layer + 1 if 0 < layer < last else 0
        inside, outside = ("b", "ŷ") if output else ("a", "h")
        if linear.get(layer):
            inside = outside
        own_sums = sums.get(place, [])
        own_activations = activations.get(place, [])
        yield from sample_letters(own_sums, inside, index, above)
        yield from sample_letters(own_activations, outside, index, above)


def sample_letters(
    found: Sequence[Value], letter: str, index: int, layer: int = 0
) -> Iterator[Named]:
    """Yield the letter of what is there once for each sample, with the sample where it has room."""
    # Above a letter there is room for one number, and the layer goes before the sample.
    several = len(found) > 1 and not layer
    for number, node in enumerate(found, start=1):
        sample = number if several else 0
        yield node, lowered(letter, index, layer=layer, sample=sample)


def input_letters(names: Names, sums: Neurons) -> Iterator[Named]:
    """Yield the letters x_i of inputs of the first layer that are Values."""
    for place, found in sums.items():
        if place.layer:
            continue
        several = len(found) > 1
        for sample, node in enumerate(found, start=1):
            of_sample = sample if several else 0
            inputs = inputs_of(node)
            for i, (_, x) in enumerate(inputs, start=1):
                if isinstance(x, Value) and x not in names:
                    yield x, lowered("x", i, sample=of_sample)


def inputs_of(node: Value) -> Iterator[tuple[int, object]]:
    """Yield the inputs of a weighted sum with their places among its operands; of others nothing.

    The operands are the bias, the weights, and the inputs.
    """
    symbol = node.op.symbol if node.op else ""
    if symbol == "dot":
        half = len(node.operands) // 2 + 1
        inputs = node.operands[half:]
        yield from enumerate(inputs, start=half)


def plain_letters(nodes: Nodes, names: Names, sums: Neurons) -> Iterator[NamedOperand]:
    """Yield the letters of plain operands: inputs x_i of the first layer, targets y_k."""
    for place, found in sums.items():
        # Later layers take what the layer before them gives.
        if place.layer:
            continue
        for node in found:
            inputs = inputs_of(node)
            for i, (at, x) in enumerate(inputs, start=1):
                if not isinstance(x, Value):
                    yield (node, at), lowered("x", i)
    for node in nodes:
        # A difference of an output and what it is to be.
        symbol = node.op.symbol if node.op else ""
        if symbol != "-" or len(node.operands) != 2:
            continue
        output, target = node.operands
        if not isinstance(output, Value) or isinstance(target, Value):
            continue
        name = names.get(output, "")
        if name.startswith("ŷ"):
            yield (node, 1), name.replace("ŷ", "y")


def error_letters(nodes: Nodes, names: Names) -> dict[Value, str]:
    """Return the letters of the terms of the error: E_k of an output, with its sample above it.

    An error is the sum of the errors of its outputs, or the mean of those of its samples.
    """
    part = parts_of(nodes, names)
    found: dict[Value, str] = {}
    stack = [nodes[-1]]
    while stack:
        node = stack.pop()
        symbol = node.op.symbol if node.op else ""
        if symbol != "mean" and symbol not in SUM_SYMBOLS:
            continue
        for x in node.operands:
            if not isinstance(x, Value) or x in names or x not in part:
                continue
            sample, output = part[x]
            # A mean is over samples; a sum over outputs, or over parts that are sums themselves.
            if symbol == "mean":
                if sample:
                    found[x] = "E" + sample
                    stack.append(x)
            elif sample is not None and output:
                found[x] = f"E{sample}{output}"
            else:
                stack.append(x)
    # What several nodes would be called tells none of them.
    many = Counter(found.values())
    return {node: name for node, name in found.items() if many[name] == 1}


def parts_of(nodes: Nodes, names: Names) -> dict[Value, Part]:
    """Return which output of which sample each node is computed of, behind the outputs."""
    found: dict[Value, Part] = {}
    for node in nodes:
        name = names.get(node, "")
        match = OUTPUT.fullmatch(name)
        if match:
            # One sample has no number; "" is not None, which stands for several.
            found[node] = Part(match[1] or "", match[2])
            continue
        parts = {found[x] for x in operand_values(node) if x in found}
        if parts:
            sample = only({part.sample for part in parts})
            output = only({part.output for part in parts})
            found[node] = Part(sample, output)
    return found


def only(found: set[str | None]) -> str | None:
    """Return what there is one of; None where there are several."""
    (first, *others) = found
    return None if others else first
