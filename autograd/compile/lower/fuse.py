"""Fusing: chains of + over products become inner products, whatever way they were written.

`sum(w * x for w, x in zip(ws, xs)) + b`, a tree of products and sums to the engine, is the same
`dot` as one written as such. The operands of a dot are its left sides, then its right sides; the
bias stands apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from autograd import primitives as p
from autograd.compile.lower.graph import NO_BIAS, Array, Graph, leading_to
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
    left = leading_to(asked, children, parents, graph.rows)
    # What is asked for is used once more.
    used_by_rows = parents[left[children]]
    used_elsewhere = np.array(asked, np.int32)
    used = np.concatenate([used_by_rows, used_elsewhere])
    uses = np.bincount(used, minlength=graph.rows)
    if not chains:
        # What is used elsewhere, too, is no part of a chain.
        uses += SHARED
    is_end = left & ends_of_chains(graph, uses)
    ends = np.flatnonzero(is_end)
    uses_of = uses.tolist()
    swallowed: set[int] = set()
    rewritten: dict[int, Row] = {}
    # From the last row back, so that the end of a chain comes before its parts.
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
        goes_on = (once & chained)[left]
        begins = products[left] & products[right]
        chained[adds] = goes_on | begins
    return chained


def chain(tape: Tape, uses: list[int], swallowed: set[int], place: int) -> Row:
    """Return the row of a chain of + that ends here, and mark the rows it swallows."""
    start, terms = unrolled(tape, uses, swallowed, place)
    bias, left, right = sides(tape, start)
    products = set()
    for term in terms:
        # One that is used elsewhere, too, is computed in any case.
        if tape.ops[term] is p.mul and uses[term] == 1:
            products.add(term)
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
        is_chain = tape.ops[left] in CHAINED
        if not is_chain or uses[left] > 1:
            terms.append(left)
            return NO_DOT, terms[::-1]
        place = left
        swallowed.add(place)
    # They were met from the last on.
    terms.reverse()
    if tape.ops[place] is p.total:
        return NO_DOT, [*tape.operands[place], *terms]
    return place, terms


def sum_of(tape: Tape, terms: list[int]) -> Row:
    """Return the row of a sum that is no dot, without the 0 that `sum` starts from."""
    rest = [term for term in terms if tape.constants.get(term) != 0]
    # A sum of one term is no sum.
    if len(rest) > 1:
        terms = rest
    op = p.add if len(terms) == 2 else p.total
    return op, terms, NO_BIAS


def sides(tape: Tape, place: int) -> tuple[int, list[int], list[int]]:
    """Return bias, left and right sides of the dot that a chain starts with, if it does."""
    if place == NO_DOT:
        return NO_BIAS, [], []
    bias, *both = tape.operands[place]
    if tape.constants.get(bias) == 0:
        bias = NO_BIAS
    half = len(both) // 2
    left = both[:half]
    right = both[half:]
    return bias, left, right
