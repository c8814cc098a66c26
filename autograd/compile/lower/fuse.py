"""Fusing: chains of + over products become inner products, whatever way they were written.

`sum(w * x for w, x in zip(ws, xs)) + b`, a tree of products and sums to the engine, is the same
`dot` as one written as such. The operands of a dot are its left sides, then its right sides; the
bias stands apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from autograd import primitives as p
from autograd.compile.lower.graph import NO_BIAS, Array, Graph, reached
from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive

NO_DOT = -1
# So many uses are too many for a part of a chain.
SHARED = 2
# What a chain of + can start with.
CHAINED = (p.add, p.inner_product, p.total)
# A row rewritten: its operands and its bias.
Row = tuple[Primitive, Sequence[int], int]


def fuse(tape: Tape, graph: Graph, extra: Iterable[int], chains: bool = True) -> Array:
    """Rewrite the rows of a graph in which chains of + end, and return the rows that are left.

    `extra` are rows that are needed beside outputs and guards. Without `chains` only those rows are
    rewritten that are sums or dots already, whose bias is to stand apart.
    """
    asked = [*tape.asked(), *extra]
    children, parents = graph.edges()
    left = reached(asked, children[::-1], parents[::-1], graph.rows)
    used = np.concatenate([parents[left[children]], np.array(asked, np.int32)])
    uses = np.bincount(used, minlength=graph.rows)
    if not chains:
        # What is used elsewhere, too, is no part of a chain.
        uses += SHARED
    ends = np.flatnonzero(left & ends_of_chains(graph, uses))
    uses_of = uses.tolist()
    swallowed: set[int] = set()
    rewritten: dict[int, Row] = {}
    for place in reversed(ends.tolist()):
        if place not in swallowed:
            rewritten[place] = chain(tape, uses_of, swallowed, place)
    if rewritten:
        graph.rewrite(rewritten)
    left &= graph.computed
    left[list(swallowed)] = False
    return np.flatnonzero(left)


def ends_of_chains(graph: Graph, uses: Array) -> Array:
    """Tell of every row whether it can end a chain: it adds to one, or adds two products up."""
    once = uses == 1
    chained = graph.applies(*CHAINED)
    products = once & graph.applies(p.mul)
    adds = np.flatnonzero(graph.applies(p.add))
    if adds.size:
        left, right = graph.columns(adds)
        chained[adds] = (once & chained)[left] | (products[left] & products[right])
    return chained


def chain(tape: Tape, uses: list[int], swallowed: set[int], place: int) -> Row:
    """Return the row of a chain of + that ends here, and mark the rows it swallows."""
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
            # The 0 that `sum` starts from.
            continue
        elif bias == NO_BIAS:
            bias = term
            continue
        else:
            x = tape.constant(1.0)
            y = term
        left.append(x)
        right.append(y)
    return p.inner_product, left + right, bias


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


def sum_of(tape: Tape, terms: list[int]) -> Row:
    """Return the row of a sum that is no dot, without the 0 that `sum` starts from."""
    rest = [term for term in terms if tape.constants.get(term) != 0]
    terms = rest if len(rest) > 1 else terms
    return (p.add if len(terms) == 2 else p.total), terms, NO_BIAS


def sides(tape: Tape, place: int) -> tuple[int, list[int], list[int]]:
    """Return bias, left and right sides of the dot that a chain starts with, if it does."""
    if place == NO_DOT:
        return NO_BIAS, [], []
    bias, *rest = tape.operands[place]
    half = len(rest) // 2
    return (NO_BIAS if tape.constants.get(bias) == 0 else bias), rest[:half], rest[half:]
