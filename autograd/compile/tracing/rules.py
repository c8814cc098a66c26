"""Reading the rules of the table: local derivatives as tapes of their own.

>>> from autograd.primitives import square
>>> print(rules_of(square, 1, (True,)))
v0 = input 0
v1 = input 1
v2 = 2
v3 = v2 * v0
v4 = False
return v3, v4
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any

from autograd.compile.tracing.symbols import Symbol, place_of
from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive


def rules_of(op: Primitive, arity: int, edges: Sequence[bool]) -> Tape:
    """Return the tape of a primitive's local derivatives, read off its row of the table.

    Its inputs are the operands and the result. Its outputs are the local derivatives of the
    operands with an edge, and then, for the same operands, whether the result is constant in it.

    Raises: TypeError: a rule cannot be read, because it branches or calls `math`.
    """
    tape = Tape()
    places = [tape.input() for _ in range(arity + 1)]
    symbols = [Symbol(tape, place) for place in places]
    slopes, masks = slopes_and_masks(op, symbols, edges)
    found = slopes + masks
    tape.outputs = [place_of(tape, x) for x in found]
    return tape


def slopes_and_masks(
    op: Primitive, symbols: Sequence[Any], edges: Sequence[bool]
) -> tuple[list[Any], list[Any]]:
    """Return slopes and masks of a row for operands and a result that are Symbols or numbers.

    A mask tells whether the result is locally constant in that operand.
    """
    *operands, out = symbols
    slopes = op.derivatives(operands, out, edges)
    constant = op.constancy(edges)
    masks: Sequence[Any] = [False] * len(operands)
    if constant:
        masks = constant(*symbols)
    # Of the operands those count that an edge leads to.
    of_edges = compress(slopes, edges)
    masks_of_edges = compress(masks, edges)
    return list(of_edges), list(masks_of_edges)


def ancestors(tape: Tape, places: Sequence[int]) -> set[int]:
    """Return the rows that the given ones depend on, and themselves."""
    found: set[int] = set()
    stack = list(places)
    while stack:
        place = stack.pop()
        if place not in found:
            found.add(place)
            stack += tape.operands[place]
    return found
