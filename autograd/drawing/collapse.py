"""Fewer boxes for a large graph: which nodes belong together, by neuron, by layer or by depth.

Where the parameters of a network are known, they tell which node belongs to which neuron; else the
shape of the graph does: a neuron is whatever linear work goes into one function and nowhere else.

>>> from autograd.backward import history
>>> x = y = Value(0.5)
>>> for _ in range(1000):
...     y = (y * 0.9 + x).tanh()
>>> found = plan(history(y), {}, limit=150)
>>> found.how, len(found.groups)
('depth', 12)
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

from autograd.drawing.labels import Names, Nodes, operand_values
from autograd.value import Value

WAYS = ("neuron", "layer", "depth")
# Boxes of a graph that is collapsed by depth.
MAX_DEPTH_BANDS = 12
# Arrows that may be drawn, for each box that may be.
MAX_ARROWS_PER_BOX = 2
# Fewer boxes show no structure.
MIN_BOXES = 3
LINEAR_SYMBOLS = frozenset(("+", "-", "*", "dot", "sum", "mean"))
SUM_SYMBOLS = frozenset(("+", "sum"))


Groups = dict[Hashable, list[Value]]


class Owner(NamedTuple):
    """The part of a network that a node belongs to, by path: its layer, and in it its neuron.

    Attributes: `done`, whether the activation is behind it.
    """

    layer: str
    neuron: str | None
    done: bool = False


Owners = Mapping[Value, Owner]


class Plan(NamedTuple):
    """How a graph is drawn: `groups` of nodes in topological order, a box each.

    Attributes: `how`, the way in which it is collapsed, or None where every node is by itself.
    """

    how: str | None
    groups: Groups


def plan(
    nodes: Nodes,
    owners: Owners,
    limit: int,
    how: str | bool | None = None,
) -> Plan:
    """Return which nodes share a box.

    Args: nodes: in topological order; owners: see `owners_of`; limit: more boxes than these are
        too many; how: "neuron", "layer", "depth", False to draw all nodes, None for the first of
        these that fits.
    """
    alone: Groups = {node: [node] for node in nodes}
    if how is False:
        return Plan(None, alone)
    if how is None and readable(alone, limit):
        return Plan(None, alone)
    ways = WAYS if how is None else (str(how),)
    for way in ways:
        key = keys(nodes, owners, way, limit)
        found = gathered(nodes, key)
        if len(found) >= MIN_BOXES and readable(found, limit):
            break
    # The first way that fits, else the last one, or the one asked for.
    return Plan(way, found)


def readable(groups: Groups, limit: int) -> bool:
    """Tell whether a drawing has few enough boxes, and few enough arrows between them."""
    if len(groups) > limit:
        return False
    group_of: dict[Value, Hashable] = {}
    for key, group in groups.items():
        group_of.update(dict.fromkeys(group, key))
    arrows = set()
    for node, key in group_of.items():
        for x in operand_values(node):
            arrows.add((group_of[x], key))
    return len(arrows) <= MAX_ARROWS_PER_BOX * limit


def gathered(nodes: Nodes, key: Mapping[Value, Hashable]) -> Groups:
    """Return the nodes of each key."""
    groups: Groups = {}
    for node in nodes:
        group = groups.setdefault(key[node], [])
        group.append(node)
    return groups


def keys(nodes: Nodes, owners: Owners, way: str, limit: int) -> dict[Value, Hashable]:
    """Return for every node the key of its box."""
    depth = depths(nodes)
    if way == "depth":
        # Bands of about as many depths each.
        count = 1 + max(depth.values())
        bands = min(MAX_DEPTH_BANDS, limit, count)
        return {node: depth[node] * bands // count for node in nodes}
    if owners:
        return {node: owned(node, owners.get(node), way, depth) for node in nodes}
    tops = cones(nodes)
    if way == "neuron":
        return dict(tops)
    # A layer is what has the same function at the same depth.
    found: dict[Value, Hashable] = {}
    for node, top in tops.items():
        found[node] = (depth[top], str(top.op))
    return found


def owned(node: Value, owner: Owner | None, way: str, depth: Mapping[Value, int]) -> Hashable:
    """Return the key of a node in a graph of which some nodes belong to a network."""
    if way == "neuron":
        return owner[:2] if owner else node
    if owner:
        return owner.layer
    return depth[node], str(node.op)


def depths(nodes: Nodes) -> dict[Value, int]:
    """Return the length of the longest way down from each node; a leaf stands below its results."""
    depth: dict[Value, int] = {}
    for node in nodes:
        below = [depth[x] + 1 for x in operand_values(node)]
        depth[node] = max(below, default=0)
    # The way down from a leaf has length 0, but it belongs beside what uses it.
    lowest: dict[Value, int] = {}
    for node in nodes:
        own = depth[node]
        for x in operand_values(node):
            if x.op is None:
                known = lowest.get(x, own)
                lowest[x] = min(own - 1, known)
    return {**depth, **lowest}


def cones(nodes: Nodes) -> dict[Value, Value]:
    """Return for each node the function that it is linear work for, or itself.

    A leaf or a linear operation is taken in by its only user; other functions stand by themselves.
    """
    top: dict[Value, Value] = {}
    # What uses a node, by its own top; None where there are several.
    users: dict[Value, Value | None] = {}
    for node in reversed(nodes):
        user = users.get(node)
        linear = node.op is None or node.op.symbol in LINEAR_SYMBOLS
        mine = node
        if linear and user is not None:
            mine = user
        top[node] = mine
        for x in operand_values(node):
            same = users.get(x, mine) is mine
            users[x] = mine if same else None
    return top


def owners_of(nodes: Nodes, paths: Names) -> dict[Value, Owner]:
    """Return which part of a network each node belongs to, from the paths of its parameters.

    A node with a parameter among its operands belongs to that parameter's neuron; so does a sum of
    such nodes, and one function of that sum. What mixes the neurons of a layer, such as softmax,
    belongs to the layer.
    """
    owners: dict[Value, Owner] = {}
    for node in nodes:
        path = paths.get(node)
        if path is not None:
            owners[node] = parameter_owner(path)
            continue
        found = operation_owner(node, owners, paths)
        if found:
            owners[node] = found
    return owners


def parameter_owner(path: str) -> Owner:
    """Return the owner of a parameter: layers.0.neurons.1.w.2 is in neurons.1 of layers.0."""
    parts = path.split(".")
    while len(parts) > 1 and parts[-1].isdigit():
        parts.pop()
    # The last part is the parameter's name; the two before it, such as neurons.1, tell the neuron.
    neuron = parts[:-1]
    layer = neuron[:-2]
    return Owner(".".join(layer), ".".join(neuron))


def operation_owner(node: Value, owners: Owners, paths: Names) -> Owner | None:
    """Return the owner of the result of an operation, from the owners of its operands."""
    operands = operand_values(node)
    direct = {owners[x] for x in operands if x in paths}
    if len(direct) == 1:
        return direct.pop()
    if node.op is None:
        return None
    of_operands = {owners.get(x) for x in operands}
    # A neuron ends with its activation; what mixes several belongs to none of them.
    found = of_operands.pop() if len(of_operands) == 1 else None
    if found and not found.done and found.neuron is not None:
        is_sum = node.op.symbol in SUM_SYMBOLS
        if is_sum and len(operands) > 1:
            return found
        # Operands with a default are settings of a function, such as the slope of a leaky relu.
        variables = len(node.op.partials) - len(node.op.defaults)
        if len(operands) == 1 == variables:
            return found._replace(done=True)
    if node.op.symbol == "softmax":
        # Of a softmax over a layer all operands are in it.
        own = [owners.get(x) for x in operands]
        layers = {owner.layer if owner else None for owner in own}
        if len(layers) == 1 and None not in layers:
            layer = str(layers.pop())
            return Owner(layer, None, True)
    return None


def parameter_paths(modules: Mapping[str, Any]) -> Iterator[tuple[Value, str]]:
    """Yield every parameter of some modules with its path, the module's name first."""
    for name, module in modules.items():
        for path, value in module.named_parameters():
            yield value, f"{name}.{path}" if name else path
