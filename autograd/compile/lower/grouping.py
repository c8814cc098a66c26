"""Grouping: which nodes can be members of one instruction.

Nodes with the same group key can be computed together: they apply the same primitive to equally
many operands, adjoints flow over the same of these, and may be absent or not. In a dot each pair
has one shared number, or not every one has.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
    bits = np.packbits(flags[:, nodes], axis=0)
    columns = graph.codes[nodes], graph.counts[nodes], optional[nodes], *bits
    keys = np.full(graph.rows, -1)
    keys[nodes] = found = numbered(columns)
    member = np.empty(found.max(initial=-1) + 1, np.int64)
    member[found] = nodes
    return keys, [key_of(graph, row, flags[:, row].tolist(), optional[row]) for row in member]


def key_of(graph: Graph, row: int, flags: list[bool], optional: Any) -> GroupKey:
    """Return the group key of one row."""
    op = graph.table[graph.codes[row]]
    arity = int(graph.counts[row])
    # Leaves are no nodes.
    assert op is not None
    if op is p.inner_product:
        return GroupKey(op, arity, bool(optional), tuple(flags[1:DOT_FLAGS]), flags[0])
    flows = tuple(flags[:arity]) + (False,) * (arity - len(flags))
    return GroupKey(op, arity, bool(optional), flows[:1] if op is p.total else flows)


def flags_of(graph: Graph, nodes: Array, varies: Array, shared: Array) -> Array:
    """Return what group keys differ in beside primitives and arities: flags x rows."""
    able = differentiable_operands(graph)
    flags = np.zeros((able.shape[1], graph.rows), bool)
    variadic = graph.applies(*[op for op in graph.table if isinstance(op, Variadic)])
    children, parents, positions = edges_with_positions(graph, nodes[~variadic[nodes]])
    flows = able[graph.codes[children], positions] & varies[children] & varies[parents]
    flags[positions, children] = flows
    totals = nodes[graph.applies(p.total)[nodes]]
    flags[0, totals] = varies[totals]
    dots = nodes[graph.applies(p.inner_product)[nodes]]
    if dots.size:
        flags[:DOT_FLAGS, dots] = flags_of_dots(graph, dots, varies, shared)
    return flags


def edges_with_positions(graph: Graph, rows: Array) -> tuple[Array, Array, Array]:
    """Return the edges of rows: child, parent, and the parent's position among the operands."""
    children, parents = graph.edges(rows)
    return children, parents, ranges(np.zeros(len(rows), np.int64), graph.counts[rows])


def flags_of_dots(graph: Graph, dots: Array, varies: Array, shared: Array) -> Array:
    """Turn dots of which each pair has one shared number, and return the flags of all."""
    terms = graph.counts[dots] // 2
    lefts = ranges(graph.starts[dots], terms)
    rights = ranges(graph.starts[dots] + terms, terms)
    left = graph.operands[lefts]
    right = graph.operands[rights]
    first = np.cumsum(terms) - terms
    halved = np.logical_and.reduceat(shared[left] != shared[right], first)
    turned = repeated(halved, terms) & ~shared[left]
    left, right = np.where(turned, right, left), np.where(turned, left, right)
    graph.operands[lefts], graph.operands[rights] = left, right
    flows = [varies[dots] & np.logical_or.reduceat(varies[side], first) for side in (left, right)]
    return np.stack([halved, varies[dots], *flows])


def differentiable_operands(graph: Graph) -> Array:
    """Tell for each primitive of a graph which operands have slopes; beyond, all are as the last.

    Primitives x operands.
    """
    width = max([DOT_FLAGS, *(len(op.partials) for op in graph.table if op)])
    able = np.zeros((len(graph.table), width), bool)
    for row, op in zip(able, graph.table):
        if op is not None:
            known = width if isinstance(op, Variadic) else len(op.partials)
            row[:known] = [differentiable(op, i) for i in range(known)]
    return able
