"""Adjoints in a trace: where a sample has none, and that 0 times infinity is never formed.

Outside of a trace an operation has no edge to an operand in which it is locally constant, and what
no edge leads to has no adjoint. A trace holds for all samples, and whether there is an edge differs
by the sample. So an adjoint is a number here, and a node that is true where there is none. Passed
on over a slope, it stays absent where it was, and becomes so where the edge is; the number is 0
there, whatever the slope. The sum of several is absent where all of them are. Tangents, which are
passed on forwards, have the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import compress
from typing import Any, NamedTuple

from autograd.coercion import Operand, Operands
from autograd.primitive_type import Primitive
from autograd.primitives import neg, pos, stop_gradient, where
from autograd.value import Value, slopes_as_values


class Adjoint(NamedTuple):
    """A number, and the node that is true where there is no adjoint; False where there always is.

    Where there is none, the number is 0.
    """

    number: Any
    absent: Any = False

    def over(self, edge: TracedEdge) -> Adjoint:
        """Return what an edge makes of an adjoint."""
        slope = edge.slope
        absent = either(self.absent, edge.is_constant)
        product = times(slope, self.number)
        # 0 where it is absent: the number so far is 0 there, but times what may be infinite is not.
        edge_may_lack = edge.is_constant is not False
        if edge_may_lack or (absent is not False and can_be_infinite(slope)):
            product = where(absent, 0.0, product)
        return Adjoint(product, absent)

    def plus(self, other: Adjoint) -> Adjoint:
        """Return the sum of two, which is there where one of them is."""
        number = self.number + other.number
        absent = both(self.absent, other.absent)
        return Adjoint(number, absent)


class TracedEdge(NamedTuple):
    """An edge that some samples have; `is_constant`: true where there is none, False if all do."""

    parent: Value
    slope: Any
    is_constant: Any


def add_to(adjoints: dict[Value, Adjoint], node: Value, adjoint: Adjoint) -> None:
    """Add an adjoint to that of a node, if it has one already."""
    adjoints[node] = adjoints[node].plus(adjoint) if node in adjoints else adjoint


def traced_gradients(
    order: Sequence[Value],
    relevant: set[Value],
    seeds: Sequence[tuple[Value, Any]],
    leaves: Sequence[Value],
) -> list[Any]:
    """Return the derivative by every leaf of the sum of some roots, for any sample.

    Args: order: the nodes below the roots, operands first; relevant: those above a leaf, and the
        leaves; seeds: the roots, and what each is multiplied by.
    """
    found: dict[Value, Adjoint] = {}
    for root, seed in seeds:
        add_to(found, root, Adjoint(seed))
    for node in reversed(order):
        if node in relevant and node in found:
            upstream = found[node]
            for edge in traced_edges(node, relevant):
                add_to(found, edge.parent, upstream.over(edge))
    nothing = Adjoint(0.0)
    return [found.get(leaf, nothing).number for leaf in leaves]


def traced_pushforward(order: Sequence[Value], tangents: dict[Value, Adjoint]) -> None:
    """Add to the tangents of leaves those of all nodes that they move, in the order given."""
    for node in order:
        parents = {x for x in node.parents if x in tangents}
        if parents and node not in tangents:
            found: dict[Value, Adjoint] = {}
            for edge in traced_edges(node, parents):
                along = tangents[edge.parent]
                add_to(found, node, along.over(edge))
            tangents |= found


def traced_edges(node: Value, relevant: set[Value]) -> list[TracedEdge]:
    """Return edges that hold for any numbers: whether a sample has one becomes a node, too."""
    op = node.op
    if op is None:
        return []
    operands = node.operands
    possible = set(possible_parents(op, operands))
    parents = possible & relevant
    chosen = [isinstance(x, Value) and x in parents for x in operands]
    # A Value may be there twice, and have a rule in one of the places only.
    if op.partials:
        chosen = [edge and rule is not None for edge, rule in zip(chosen, op.partials)]
    slopes = slopes_as_values(op, operands, node, chosen)
    places = range(len(operands))
    found = []
    for i in compress(places, chosen):
        is_constant = constancy(op, i, node)
        found.append(TracedEdge(operands[i], slopes[i], is_constant))
    return found


def possible_parents(op: Primitive, operands: Operands) -> tuple[Any, ...]:
    """Return the operands that an edge can lead to, whatever their numbers."""
    rules = op.partials or (True,) * len(operands)
    with_rules = compress(operands, rules)
    return tuple(x for x in with_rules if isinstance(x, Value))


def constancy(op: Primitive, i: int, node: Value) -> Any:
    """Return a node that is true where the result is constant in an operand, or False: nowhere."""
    if op.constant is None:
        return False
    varying = tuple(isinstance(x, Value) for x in node.operands)
    never = never_constant(op, varying)
    if never[i]:
        return False
    # It is a primitive of the operands and the result, so that other traces can note it.
    row = mask_row(op, i, varying)
    return row(*node.operands, node)


@cache
def never_constant(op: Primitive, varying: Sequence[bool]) -> list[bool]:
    """Tell for each operand whether the result depends on it for all numbers."""
    unknown = [Unknown()] * (len(varying) + 1)
    try:
        constant = op.constancy(varying)
        found = list(constant(*unknown))  # type: ignore[misc]
    except (TypeError, AttributeError):
        # It asks for more than comparisons.
        return [False] * len(varying)
    return [one is False for one in found]


class Unknown:
    """Any number: a comparison of it is neither true nor false."""

    def compared(self, _: object) -> Unknown:
        """Return what is not known."""
        return self

    __lt__ = __le__ = __gt__ = __ge__ = __or__ = __ror__ = __and__ = __rand__ = compared
    __eq__ = __ne__ = compared  # type: ignore[assignment]
    __hash__ = object.__hash__


class Mask(Primitive):
    """The primitive that tells where the result of a row is constant in one of its operands.

    That depends on which of them vary, see `Primitive.constancy`.
    """

    def __init__(self, row: Primitive, operand: int, varying: Sequence[bool]) -> None:
        rule = row.constancy(varying)

        def is_constant(*numbers: float) -> float:
            found = rule(*numbers)  # type: ignore[misc]
            return float(found[operand])

        self.row_constant = rule
        self.operand = operand
        symbol = f"constant{operand}_{row.symbol}"
        partials = [None] * (len(varying) + 1)
        super().__init__(symbol, is_constant, *partials, smooth=False)


mask_row = cache(Mask)


def either(x: Operand, y: Operand) -> Any:
    """Return what is true where one of two masks is."""
    if x is False or x is y:
        return y
    if y is False:
        return x
    return where(x, 1.0, y)


def both(x: Operand, y: Operand) -> Any:
    """Return what is true where both of two masks are."""
    if x is False or y is False:
        return False
    if x is y:
        return x
    return where(x, y, 0.0)


def can_be_infinite(slope: Any) -> bool:
    """Tell whether a slope may be infinite or NaN; a parameter, an input, a plain number is not."""
    # What such a row makes of a leaf is as finite as that.
    while isinstance(slope, Value) and slope.op in (pos, neg, stop_gradient):
        slope = slope.operands[0]
    if isinstance(slope, Value):
        return slope.op is not None
    return not math.isfinite(slope)


def times(slope: Any, upstream: Any) -> Any:
    """Return the product, without a node for a factor that is plainly 1."""
    if not isinstance(slope, Value) and slope == 1:
        return upstream
    if not isinstance(upstream, Value) and upstream == 1:
        return slope
    return slope * upstream
