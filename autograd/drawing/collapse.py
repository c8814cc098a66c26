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

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.value import Value

WAYS = ("neuron", "layer", "depth")
# Boxes of a graph collapsed by depth.
MAX_DEPTH_BANDS = 12
# Of the boxes that are allowed.
MAX_ARROWS_PER_BOX = 2
# Fewer show no structure.
MIN_BOXES = 3
LINEAR_SYMBOLS = frozenset(("+", "-", "*", "dot", "sum", "mean"))
SUM_SYMBOLS = frozenset(("+", "sum"))


class Owner(NamedTuple):
    """The part of a network that a node belongs to, by path: its layer, and in it its neuron."""

    layer: str
    neuron: str | None
    # The activation is behind it.
    done: bool = False


class Plan(NamedTuple):
    """How a graph is drawn: `groups` of nodes in topological order, a box each."""

    # None: every node by itself.
    how: str | None
    groups: dict[Hashable, list[Value]]


def plan(
    nodes: Sequence[Value],
    owners: Mapping[Value, Owner],
    limit: int,
    how: str | bool | None = None,
) -> Plan:
    """Return which nodes share a box.

    Args: nodes: in topological order; owners: see `owners_of`; limit: more boxes than these are
        too many; how: "neuron", "layer", "depth", False to draw all nodes, None for the first of
        these that fits.
    """
    alone: dict[Hashable, list[Value]] = {node: [node] for node in nodes}
    if how is False or (how is None and readable(alone, limit)):
        return Plan(None, alone)
    for way in WAYS if how is None else (str(how),):
        found = gathered(nodes, keys(nodes, owners, way, limit))
        if len(found) >= MIN_BOXES and readable(found, limit):
            break
    # The first way that fits, else the last one, or the one asked for.
    return Plan(way, found)


def readable(groups: dict[Hashable, list[Value]], limit: int) -> bool:
    """Tell whether a drawing has few enough boxes, and few enough arrows between them."""
    if len(groups) > limit:
        return False
    group_of = {node: key for key, group in groups.items() for node in group}
    arrows = {
        (group_of[x], group_of[node])
        for node in group_of
        for x in node.operands
        if isinstance(x, Value)
    }
    return len(arrows) <= MAX_ARROWS_PER_BOX * limit


def gathered(nodes: Sequence[Value], key: Mapping[Value, Hashable]) -> dict[Hashable, list[Value]]:
    """Return the nodes of each key."""
    groups: dict[Hashable, list[Value]] = {}
    for node in nodes:
        groups.setdefault(key[node], []).append(node)
    return groups


def keys(
    nodes: Sequence[Value], owners: Mapping[Value, Owner], way: str, limit: int
) -> dict[Value, Hashable]:
    """Return for every node the key of its box."""
    depth = depths(nodes)
    if way == "depth":
        bands = min(MAX_DEPTH_BANDS, limit, last := 1 + max(depth.values()))
        return {node: depth[node] * bands // last for node in nodes}
    if owners:
        return {node: owned(node, owners.get(node), way, depth) for node in nodes}
    tops = cones(nodes)
    if way == "neuron":
        return dict(tops)
    return {node: (depth[top], str(top.op)) for node, top in tops.items()}


def owned(node: Value, owner: Owner | None, way: str, depth: Mapping[Value, int]) -> Hashable:
    """Return the key of a node in a graph of which some nodes belong to a network."""
    if owner:
        return owner[:2] if way == "neuron" else owner.layer
    return node if way == "neuron" else (depth[node], str(node.op))


def depths(nodes: Sequence[Value]) -> dict[Value, int]:
    """Return the length of the longest way down from each node; a leaf stands below its results."""
    depth: dict[Value, int] = {}
    for node in nodes:
        below = [depth[x] + 1 for x in node.operands if isinstance(x, Value)]
        depth[node] = max(below, default=0)
    lowest: dict[Value, int] = {}
    for node in nodes:
        for x in node.operands:
            if isinstance(x, Value) and x.op is None:
                lowest[x] = min(depth[node] - 1, lowest.get(x, depth[node]))
    return {**depth, **lowest}


def cones(nodes: Sequence[Value]) -> dict[Value, Value]:
    """Return for each node the function that it is linear work for, or itself.

    A leaf or a linear operation is taken in by its only user; other functions stand by themselves.
    """
    top: dict[Value, Value] = {}
    # None: several.
    users: dict[Value, Value | None] = {}
    for node in reversed(nodes):
        user = users.get(node)
        inside = user is not None and (node.op is None or node.op.symbol in LINEAR_SYMBOLS)
        top[node] = user if inside and user is not None else node
        for x in node.operands:
            if isinstance(x, Value):
                users[x] = top[node] if users.get(x, top[node]) is top[node] else None
    return top


def owners_of(nodes: Sequence[Value], paths: Mapping[Value, str]) -> dict[Value, Owner]:
    """Return which part of a network each node belongs to, from the paths of its parameters.

    A node with a parameter among its operands belongs to that parameter's neuron; so does a sum of
    such nodes, and one function of that sum. What mixes the neurons of a layer, such as softmax,
    belongs to the layer.
    """
    owners: dict[Value, Owner] = {}
    for node in nodes:
        found = (
            parameter_owner(paths[node]) if node in paths else operation_owner(node, owners, paths)
        )
        if found:
            owners[node] = found
    return owners


def parameter_owner(path: str) -> Owner:
    """Return the owner of a parameter: layers.0.neurons.1.w.2 is in neurons.1 of layers.0."""
    parts = path.split(".")
    while len(parts) > 1 and parts[-1].isdigit():
        parts.pop()
    neuron = parts[:-1]
    return Owner(".".join(neuron[:-2]), ".".join(neuron))


def operation_owner(
    node: Value, owners: Mapping[Value, Owner], paths: Mapping[Value, str]
) -> Owner | None:
    """Return the owner of the result of an operation, from the owners of its operands."""
    operands = [x for x in node.operands if isinstance(x, Value)]
    direct = {owners[x] for x in operands if x in paths}
    if len(direct) == 1:
        return direct.pop()
    of_operands = {owners.get(x) for x in operands}
    found = of_operands.pop() if len(of_operands) == 1 else None
    if found and not found.done and node.op and found.neuron is not None:
        if node.op.symbol in SUM_SYMBOLS and len(operands) > 1:
            return found
        if len(operands) == 1 == len(node.op.partials) - len(node.op.defaults):
            return found._replace(done=True)
    layers = {owners[x].layer if x in owners else None for x in operands}
    if node.op and node.op.symbol == "softmax" and len(layers) == 1 and None not in layers:
        return Owner(str(layers.pop()), None, True)
    return None


def parameter_paths(modules: Mapping[str, Any]) -> Iterator[tuple[Value, str]]:
    """Yield every parameter of some modules with its path, the module's name first."""
    for name, module in modules.items():
        for path, value in module.named_parameters():
            yield value, f"{name}.{path}" if name else path
