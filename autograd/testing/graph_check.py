"""Checking a graph that was recorded, where there is no function to call again.

>>> x = Value(3.0, name="x")
>>> root = x * x
>>> root.backward()
>>> [found.verdict for found in check_graph(root)]
['agrees']
>>> x.grad = 6.00001
>>> [found.verdict for found in check_graph(root)]
['differs']
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from autograd.backward import history
from autograd.testing.judge import DEFAULT_RTOL, Check
from autograd.testing.locate import apply, changed_operand, unknown_function
from autograd.testing.verdicts.report import NonDifferentiablePoint
from autograd.value import Value


class Finding(NamedTuple):
    """What an oracle says of one leaf's gradient.

    Attributes: leaf; gradient, the claim; expected, the derivative by the oracle, None where there
    is none; verdict, "agrees", "differs", "kink" or "inconclusive"; oracle, its name.
    """

    leaf: Value
    gradient: Any
    expected: Any
    verdict: str
    oracle: str


def check_graph(
    root: Value, gradients: Mapping[Value, Any] | None = None, seed: float | Fraction = 1.0
) -> list[Finding]:
    """Return a Finding for every leaf of a graph: the operations are run again by an oracle.

    Args:
        root: the result whose history is run again.
        gradients: the gradient of each leaf that is to be checked; by default `leaf.grad` of all.
        seed: d root / d root of the pass that gave them.

    Raises: ValueError when an operand has changed since it was recorded, or a node was made with
            its slopes, so that its function is not known.
    Cost:   about four runs of the graph on slow numbers for each leaf.
    """
    nodes = history(root)
    for node in nodes:
        refused = unknown_function(node) or changed_operand(node) if node.op else ""
        if refused:
            raise ValueError(refused)
    leaves = [node for node in nodes if node.op is None]
    if gradients is None:
        claimed = {leaf: leaf.grad for leaf in leaves}
    else:
        claimed = {leaf: gradients[leaf] for leaf in leaves if leaf in gradients}
    chosen = list(claimed)
    claims = list(claimed.values())
    if not math.isfinite(root.data):
        return [Finding(x, g, None, "inconclusive", "") for x, g in claimed.items()]
    graph = rerun(nodes, chosen, seed)
    point = tuple(leaf.data for leaf in chosen)
    check = Check(graph, point, lambda *_: claims, "auto", DEFAULT_RTOL, 0.0)
    scales = check.scales(0, claims)
    found = []
    for i, (leaf, claim) in enumerate(claimed.items()):
        found.append(finding_of(check, i, leaf, claim, scales[i]))
    return found


def rerun(nodes: list[Value], leaves: list[Value], seed: float | Fraction) -> Callable[..., object]:
    """Return the function of some leaves that a graph computes, times the seed."""

    def graph(*numbers: object) -> object:
        results: dict[Value, Any] = dict(zip(leaves, numbers))
        for node in nodes:
            if node.op is None:
                results.setdefault(node, node.data)
                continue
            operands = [results[x] if isinstance(x, Value) else x for x in node.operands]
            results[node] = apply(node.op, operands)
        root = results[nodes[-1]]
        # Fractions times a float would be fractions no more.
        return root if seed == 1 else seed * root

    return graph


def finding_of(
    check: Check, i: int, leaf: Value, claimed: Any, scale: tuple[float, float]
) -> Finding:
    """Return what the oracle says of one leaf."""
    try:
        part = check.component(0, i, claimed, *scale)
    except NonDifferentiablePoint:
        return Finding(leaf, claimed, None, "kink", "")
    if not part.error <= part.bound:
        verdict = "differs"
    elif part.is_unsure:
        verdict = "inconclusive"
    else:
        verdict = "agrees"
    return Finding(leaf, claimed, part.expected, verdict, part.oracle)
