"""Fusing: chains of + over products become inner products, whatever way they were written.

`sum(w * x for w, x in zip(ws, xs)) + b`, a tree of products and sums to the engine, is the same
`dot` as one written as such. Each row of the tape becomes a Node, one of four kinds.
"""

from __future__ import annotations

from typing import NamedTuple

from autograd import primitives as p
from autograd.compile.tape import Tape
from autograd.row import Primitive

NO_BIAS = NO_DOT = -1
CHAINED = (p.add, p.inner_product, p.total)  # what a chain of + can start with


class Node(NamedTuple):
    """A map (`op` of `operands`), a sum (`op` is total) or a dot (`op` is inner_product).

    The operands of a dot are its left sides, then its right sides; the bias stands apart.
    """

    op: Primitive
    operands: tuple[int, ...]
    bias: int = NO_BIAS


def uses_of(tape: Tape, extra: list[int]) -> list[int]:
    """Count how often each row is an operand, an output, a guard or otherwise needed."""
    uses = [0] * len(tape)
    for operands in tape.operands:
        for place in operands:
            uses[place] += 1
    for place in (*tape.outputs, *(guard.row for guard in tape.guards), *extra):
        uses[place] += 1
    return uses


def fuse(tape: Tape, extra: list[int]) -> dict[int, Node]:
    """Return the nodes that are left of a tape by their places, in its order.

    `extra` are rows that are needed beside outputs and guards.
    """
    uses = uses_of(tape, extra)
    swallowed: set[int] = set()
    nodes: dict[int, Node] = {}
    for place in reversed(range(len(tape))):
        op = tape.ops[place]
        if op is None or place in swallowed or not uses[place]:
            if op is not None and place not in swallowed:
                release(tape, uses, place)
            continue
        if op is p.add or op is p.total or op is p.inner_product:
            nodes[place] = chain(tape, uses, swallowed, place)
        else:
            nodes[place] = Node(op, tape.operands[place])
    return dict(reversed(nodes.items()))


def release(tape: Tape, uses: list[int], place: int) -> None:
    """Give up an unused row: what only it needed is unused too."""
    for operand in tape.operands[place]:
        uses[operand] -= 1


def chain(tape: Tape, uses: list[int], swallowed: set[int], place: int) -> Node:
    """Return the node of a chain of + that ends here, and mark the rows it swallows."""
    start, terms = unrolled(tape, uses, swallowed, place)
    bias, left, right = sides(tape, start)
    products = {term for term in terms if tape.ops[term] is p.mul and uses[term] == 1}
    if not left and len(products) < 2:
        return sum_of(tape, terms)
    swallowed |= products
    for term in terms:
        if term in products:
            x, y = tape.operands[term]
        elif tape.constants.get(term) == 0:
            continue  # the 0 that `sum` starts from
        elif bias == NO_BIAS:
            bias = term
            continue
        else:
            x, y = tape.constant(1.0), term
        left.append(x)
        right.append(y)
    return Node(p.inner_product, (*left, *right), bias)


def unrolled(tape: Tape, uses: list[int], swallowed: set[int], place: int) -> tuple[int, list[int]]:
    """Return the dot that a chain of + starts with, and the terms that are added, in order.

    Only left operands are followed, so the order of summation stays. NO_DOT where it starts
    with none.
    """
    terms: list[int] = []
    while tape.ops[place] is p.add:
        left, right = tape.operands[place]
        terms.append(right)
        if tape.ops[left] not in CHAINED or uses[left] > 1:
            return NO_DOT, [left, *reversed(terms)]
        place = left
        swallowed.add(place)
    if tape.ops[place] is p.total:
        return NO_DOT, [*tape.operands[place], *reversed(terms)]
    return place, terms[::-1]


def sum_of(tape: Tape, terms: list[int]) -> Node:
    """Return the node of a sum that is no dot, without the 0 that `sum` starts from."""
    rest = [term for term in terms if tape.constants.get(term) != 0]
    terms = rest if len(rest) > 1 else terms
    return Node(p.add if len(terms) == 2 else p.total, tuple(terms))


def sides(tape: Tape, place: int) -> tuple[int, list[int], list[int]]:
    """Return bias, left and right sides of the dot that a chain starts with, if it does."""
    if place == NO_DOT:
        return NO_BIAS, [], []
    bias, *rest = tape.operands[place]
    half = len(rest) // 2
    return (NO_BIAS if tape.constants.get(bias) == 0 else bias), rest[:half], rest[half:]
