"""Grouping: which nodes can be members of one instruction.

Nodes with the same group key can be computed together: they apply the same primitive to equally
many operands, adjoints flow over the same of these, and may be absent or not. In a dot each pair
has one shared number, or not every one has.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograd import primitives as p
from autograd.compile.lower.graph import Array, Graph, numbered, ranges, repeated
from autograd.compile.tracing.internal_primitives import differentiable
from autograd.primitive_type import Primitive, Variadic

# A row that is a dot has so many; other rows have one for each operand.
DOT_FLAGS = 4


class GroupKey(NamedTuple):
    """What members of an instruction have in common.

    `optional`: whether their adjoints may be absent (see `optional_adjoints`).
    `flows`: of a dot, whether adjoints flow at all, to the left sides, to the right; of a sum,
    whether they flow; else, whether they flow to each operand.
    """

    op: Primitive
    arity: int
    optional: bool
    flows: tuple[bool, ...]
    shared: bool = False


def group_keys(
    graph: Graph, nodes: Array, varies: Array, optional: Array, shared: Array
) -> tuple[Array, list[GroupKey]]:
    """Return the number of each row's group key, -1 where it is no node, and the keys.

    Dots in which each pair has one shared number are turned, so that this stands left.
    """
    flags = flags_of(graph, nodes, varies, shared)
    # Eight flags fit in a number, and fewer columns are sorted faster.
    bits = np.packbits(flags[:, nodes], axis=0)
    codes = graph.codes[nodes]
    arities = graph.counts[nodes]
    number_of = numbered([codes, arities, optional[nodes], *bits])
    keys = np.full(graph.rows, -1)
    keys[nodes] = number_of
    # Any node shows what all with its key have in common; here it is the last.
    count = number_of.max(initial=-1) + 1
    examples = np.empty(count, np.intp)
    examples[number_of] = nodes
    table = []
    for row in examples:
        own_flags = flags[:, row].tolist()
        key = key_of(graph, row, own_flags, bool(optional[row]))
        table.append(key)
    return keys, table


def key_of(graph: Graph, row: int, flags: list[bool], optional: bool) -> GroupKey:
    """Return the group key of one row."""
    op = graph.table[graph.codes[row]]
    arity = int(graph.counts[row])
    # Leaves are no nodes.
    assert op is not None
    if op is p.inner_product:
        is_shared, *of_dot = flags[:DOT_FLAGS]
        return GroupKey(op, arity, optional, tuple(of_dot), is_shared)
    if op is p.total:
        # A sum is linear, so what flows to one of its terms flows to all.
        return GroupKey(op, arity, optional, tuple(flags[:1]))
    # Only rows with more operands than any rule has partials are wider than the flags.
    beyond = arity - len(flags)
    flows = flags[:arity] + [False] * beyond
    return GroupKey(op, arity, optional, tuple(flows))


def flags_of(graph: Graph, nodes: Array, varies: Array, shared: Array) -> Array:
    """Return what group keys differ in beside primitives and arities: flags x rows."""
    able = differentiable_operands(graph)
    width = able.shape[1]
    flags = np.zeros((width, graph.rows), bool)
    # Rows with any number of operands would need as many flags: theirs are those of all at once.
    any_number = [op for op in graph.table if isinstance(op, Variadic)]
    variadic = graph.applies(*any_number)[nodes]
    others = nodes[~variadic]
    children, parents, positions = edges_with_positions(graph, others)
    code = graph.codes[children]
    has_slope = able[code, positions]
    both_vary = varies[children] & varies[parents]
    flags[positions, children] = has_slope & both_vary
    is_total = graph.applies(p.total)[nodes]
    totals = nodes[is_total]
    flags[0, totals] = varies[totals]
    is_dot = graph.applies(p.inner_product)[nodes]
    dots = nodes[is_dot]
    if dots.size:
        flags[:DOT_FLAGS, dots] = flags_of_dots(graph, dots, varies, shared)
    return flags


def edges_with_positions(graph: Graph, rows: Array) -> tuple[Array, Array, Array]:
    """Return the edges of rows: child, parent, and the parent's position among the operands."""
    children, parents = graph.edges(rows)
    zeros = np.zeros(len(rows), np.intp)
    positions = ranges(zeros, graph.counts[rows])
    return children, parents, positions


def flags_of_dots(graph: Graph, dots: Array, varies: Array, shared: Array) -> Array:
    """Turn dots of which each pair has one shared number, and return the flags of all."""
    terms = graph.counts[dots] // 2
    starts = graph.starts[dots]
    lefts = ranges(starts, terms)
    rights = ranges(starts + terms, terms)
    one_side = graph.operands[lefts]
    other_side = graph.operands[rights]
    # Where the pairs of each dot begin among those of all.
    first = np.cumsum(terms) - terms
    one_is_shared = shared[one_side] != shared[other_side]
    halved = np.logical_and.reduceat(one_is_shared, first)
    # Pair by pair, as a user may write w * x in one term and x * w in the next.
    turned = repeated(halved, terms) & ~shared[one_side]
    left = np.where(turned, other_side, one_side)
    right = np.where(turned, one_side, other_side)
    graph.operands[lefts] = left
    graph.operands[rights] = right
    flows = varies[dots]
    left_varies = np.logical_or.reduceat(varies[left], first)
    right_varies = np.logical_or.reduceat(varies[right], first)
    to_left = flows & left_varies
    to_right = flows & right_varies
    return np.stack([halved, flows, to_left, to_right])


def differentiable_operands(graph: Graph) -> Array:
    """Tell for each primitive of a graph which operands have slopes; beyond, all are as the last.

    Primitives x operands.
    """
    arities = [len(op.partials) for op in graph.table if op]
    width = max([DOT_FLAGS, *arities])
    shape = (len(graph.table), width)
    able = np.zeros(shape, bool)
    for row, op in zip(able, graph.table):
        # Leaves have no operands.
        if op is None:
            continue
        known = width if isinstance(op, Variadic) else len(op.partials)
        row[:known] = [differentiable(op, i) for i in range(known)]
    return able
