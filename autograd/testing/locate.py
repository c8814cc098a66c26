"""Which node of a graph has the wrong local derivative."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from autograd.backward import history
from autograd.given import Given
from autograd.testing.number_types import Numbers
from autograd.testing.oracles import REFUSALS, Program, ask, with_jump
from autograd.testing.recording import expression_of, is_suspect, numbers_of
from autograd.value import Value

# Of a local derivative; a larger error is no rounding.
MAX_RELATIVE_ERROR = 1e-9
MAX_NODES_SEARCHED = 5000


def diagnosis(root: object) -> str:
    """Return a sentence about the first node whose local derivative or number is wrong."""
    nodes = history(root) if isinstance(root, Value) else []
    for node in nodes[:MAX_NODES_SEARCHED]:
        if node.op is None or unknown_function(node):
            continue
        changed = changed_operand(node)
        if changed:
            return changed
        for place, claimed, expected in wrong_edges(node):
            return (
                f"the node at fault: {expression_of(node)}, whose local derivative by operand "
                f"{place} is {claimed:.10g}, and should be {expected:.10g}"
            )
    for node in filter(unknown_function, nodes):
        return (
            f"every other local derivative is right: look at those that {expression_of(node)} was "
            "made with"
        )
    return (
        "every recorded local derivative is right, so a dependence was not recorded: look for "
        "detach, .data, .item or a number computed beforehand"
    )


def unknown_function(node: Value) -> str:
    """Return a sentence where a node was made with its slopes: no arithmetic can run it again.

    >>> x = Value(1.5, name="x")
    >>> unknown_function(Value(2.25, (x,), (3.0,)))
    'given(x=1.5) was made with its number and slopes, and its function is not known'
    """
    if not isinstance(node.op, Given):
        return ""
    return (
        f"{expression_of(node)} was made with its number and slopes, and its function is not known"
    )


def changed_operand(node: Value) -> str:
    """Return a sentence where an operand was changed after the node had used it."""
    numbers = numbers_of(node)
    try:
        again = node.op.forward(*numbers)  # type: ignore[union-attr]
    except REFUSALS:
        again = math.nan
    if again == node.data or (again != again and node.data != node.data):
        return ""
    return (
        f"an operand changed after it was used: {expression_of(node)} would be {again!r} now, "
        f"and was {node.data!r} when recorded"
    )


def wrong_edges(node: Value) -> Iterator[tuple[int, float, float]]:
    """Yield (operand, recorded, expected) for local derivatives that are wrong."""
    numbers = tuple(numbers_of(node))
    program = Program(lambda *xs: apply(node.op, xs), numbers)
    edges = iter(zip(node.parents, node.local_derivatives))
    edge = next(edges, None)
    for i, operand in enumerate(node.operands):
        claimed = 0.0
        # Operands that no edge leads to are passed over.
        if edge is not None and edge[0] is operand:
            claimed = edge[1]
            edge = next(edges, None)
        if not isinstance(operand, Value):
            continue
        try:
            found = with_jump(ask(program, i), program, i, is_suspect(node))
        except REFUSALS:
            continue
        expected = float(found.slope)
        bound = MAX_RELATIVE_ERROR * abs(expected) + found.error
        if not found.jump and abs(claimed - expected) > bound:
            yield i, float(claimed), expected


def apply(op: Any, xs: Numbers) -> Any:
    """Apply a primitive to operands, as many as they are."""
    if type(op).__name__ == "Variadic":
        return op(xs)
    return op(*xs)
