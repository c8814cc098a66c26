"""Compare the gradients of a recorded graph with differences of the same graph, run again.

The operations are replayed on leaves that are moved a little: no function is needed, and every
primitive takes part, also a user's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autograd.backward import history
from autograd.primitives import stop_gradient
from autograd.value import Value

ROUNDING = 2.0**-53  # the relative error of one operation
WIDTH = (2.0 * ROUNDING) ** (1 / 3)  # of the best central difference, relative to the leaf
COARSE = 1e-4  # differences that may be off by more of the path sum decide nothing
FINE = 1e-9  # of the path sum: what a right gradient may be off besides


class Finding(NamedTuple):
    """What differences say about one leaf."""

    leaf: Value
    gradient: Any
    difference: Any  # the derivative by differences; None where it could not be computed
    verdict: str  # "agrees", "differs", "kink" or "inconclusive"


def check_graph(root: Value, gradients: Mapping[Value, Any], seed: Any = 1.0) -> list[Finding]:
    """Return a Finding for every leaf with a gradient.

    Central differences with two widths tell their own error T; R bounds the rounding error of the
    replay by the path sums S, |d root / d node| over all paths. A gradient agrees within
    4 (T + R) + 1e-9 S, and where T + R exceeds 1e-4 S nothing is decided. Where the slopes on the
    two sides stay apart when the width is halved, the leaf is at a kink and has no derivative.

    Args:      gradients: those of one pass with this seed, by node.
    Cost:      five replays of the graph per leaf.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> [finding.verdict for finding in check_graph(x * x, {x: 6.0})]
    ['agrees']
    >>> [finding.verdict for finding in check_graph(x * x, {x: 6.00001})]
    ['differs']
    """
    nodes = history(root)
    if changed(nodes):
        raise ValueError("the data of a leaf was changed after the graph was recorded")
    sums = path_sums(nodes)
    noise = 2 * ROUNDING * sum(sums[x] * abs(float(x.data)) for x in nodes)
    leaves = (x for x in nodes if x.op is None and x in gradients)
    return [check_leaf(nodes, x, gradients[x], seed, sums[x], noise) for x in leaves]


def check_leaf(
    nodes: Sequence[Value], leaf: Value, gradient: Any, seed: Any, total: float, noise: float
) -> Finding:
    """Return what differences say about one leaf."""
    width = type(leaf.data)(WIDTH * abs(float(leaf.data)) or WIDTH)
    try:
        wide, left, right = slopes(nodes, leaf, width)
        narrow, near_left, near_right = slopes(nodes, leaf, width / 2)
    except (ValueError, ArithmeticError):  # outside a domain
        return Finding(leaf, gradient, None, "inconclusive")
    total = max(total, abs(float(narrow)))  # a wrong slope makes a wrong sum
    spread, near_spread = abs(right - left), abs(near_right - near_left)
    error = 4 / 3 * abs(float(wide - narrow)) + 2 * noise / float(width)
    if spread > COARSE * total + 10 * error and near_spread > 0.75 * spread:
        verdict = "kink"
    elif not error <= COARSE * total and not wide == narrow == gradient:
        verdict = "inconclusive"
    elif abs(float(narrow * seed - gradient)) <= abs(seed) * (4 * error + FINE * total):
        verdict = "agrees"
    else:
        verdict = "differs"
    return Finding(leaf, gradient, narrow * seed, verdict)


def slopes(nodes: Sequence[Value], leaf: Value, width: Any) -> tuple[Any, Any, Any]:
    """Return the slopes across a leaf, on its left and on its right."""
    below, above = leaf.data - width, leaf.data + width
    low, high, here = replay(nodes, leaf, below), replay(nodes, leaf, above), nodes[-1].data
    return (
        (high - low) / (above - below),
        (here - low) / (leaf.data - below),
        (high - here) / (above - leaf.data),
    )


def replay(nodes: Sequence[Value], leaf: Value | None, number: Any) -> Any:
    """Return the last node's number with another one in a leaf; stopped gradients stay stopped."""
    numbers: dict[Any, Any] = {}
    for node in nodes:
        if node is leaf:
            numbers[node] = number
        elif node.op is None or node.op is stop_gradient:
            numbers[node] = node.data
        else:
            operands = [numbers[x] if isinstance(x, Value) else x for x in node.operands]
            numbers[node] = node.op.forward(*operands)
    return numbers[nodes[-1]]


def changed(nodes: Sequence[Value]) -> bool:
    """Tell whether the graph, run again, gives another number than was recorded."""
    try:
        again, root = replay(nodes, None, None), nodes[-1].data
        return bool(again != root and (again == again or root == root))
    except (ValueError, ArithmeticError):
        return False  # recorded under ieee()


def path_sums(nodes: Sequence[Value]) -> dict[Value, float]:
    """Return for every node the sum over its paths to the root of the absolute products."""
    sums = dict.fromkeys(nodes, 0.0)
    sums[nodes[-1]] = 1.0
    for node in reversed(nodes):
        for parent, slope in zip(node.parents, node.local_derivatives):
            sums[parent] += abs(float(slope)) * sums[node]
    return sums
