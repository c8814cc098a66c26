"""Kinds: which nodes can be members of one instruction.

Members of one kind apply the same primitive to equally many operands, adjoints flow over the same
of these, and may be absent or not. In a dot each pair has one shared number, or not every one has.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd import primitives as p
from autograd.compile.lower.graph import Array, Graph, numbered, ranges
from autograd.compile.tracing.internal_primitives import differentiable
from autograd.primitive_type import Primitive, Variadic

WIDTH = 4  # flags of a row: those of a dot; and operands after which none is special


class Kind(NamedTuple):
    """What members of an instruction have in common.

    `flows`: of a dot, whether adjoints flow at all, to the left sides, to the right; of a sum,
    whether they flow; else, whether they flow to each operand.
    """

    op: Primitive
    arity: int
    mortal: bool
    flows: tuple[bool, ...]
    shared: bool = False


def kinds_of(
    graph: Graph, nodes: Array, varies: Array, mortal: Array, shared: Array
) -> tuple[Array, list[Kind]]:
    """Return the kind of each row, -1 where it is no node, and what the kinds are.

    Dots in which each pair has one shared number are turned, so that this stands left.
    """
    flags = flags_of(graph, nodes, varies, shared)
    bits = np.packbits(flags[:, nodes], axis=0)
    columns = graph.codes[nodes], graph.counts[nodes], mortal[nodes], *bits
    kinds = np.full(graph.rows, -1)
    kinds[nodes] = found = numbered(columns)
    member = np.empty(found.max(initial=-1) + 1, np.int64)
    member[found] = nodes
    return kinds, [kind_of(graph, row, flags[:, row].tolist(), mortal[row]) for row in member]


def kind_of(graph: Graph, row: int, flags: list[bool], mortal: Any) -> Kind:
    """Return the kind of one row."""
    op, arity = graph.table[graph.codes[row]], int(graph.counts[row])
    assert op is not None  # leaves are no nodes
    if op is p.inner_product:
        return Kind(op, arity, bool(mortal), tuple(flags[1:WIDTH]), flags[0])
    flows = tuple(flags[:arity]) + (False,) * (arity - len(flags))
    return Kind(op, arity, bool(mortal), flows[:1] if op is p.total else flows)


def flags_of(graph: Graph, nodes: Array, varies: Array, shared: Array) -> Array:
    """Return what kinds differ in beside primitives and arities: flags x rows."""
    able = differentiable_operands(graph)
    flags = np.zeros((able.shape[1], graph.rows), bool)
    variadic = graph.applies(*[op for op in graph.table if isinstance(op, Variadic)])
    children, parents, steps = edges_with_steps(graph, nodes[~variadic[nodes]])
    flows = able[graph.codes[children], steps] & varies[children] & varies[parents]
    flags[steps, children] = flows
    totals = nodes[graph.applies(p.total)[nodes]]
    flags[0, totals] = varies[totals]
    dots = nodes[graph.applies(p.inner_product)[nodes]]
    if dots.size:
        flags[:WIDTH, dots] = flags_of_dots(graph, dots, varies, shared)
    return flags


def edges_with_steps(graph: Graph, rows: Array) -> tuple[Array, Array, Array]:
    """Return the edges of rows: child, parent, and the how manieth operand of the child."""
    children, parents = graph.edges(rows)
    return children, parents, ranges(np.zeros(len(rows), np.int64), graph.counts[rows])


def flags_of_dots(graph: Graph, dots: Array, varies: Array, shared: Array) -> Array:
    """Turn dots of which each pair has one shared number, and return the flags of all."""
    terms = graph.counts[dots] // 2
    lefts, rights = ranges(graph.starts[dots], terms), ranges(graph.starts[dots] + terms, terms)
    left, right = graph.operands[lefts], graph.operands[rights]
    first = np.cumsum(terms) - terms
    halved = np.logical_and.reduceat(shared[left] != shared[right], first)
    turned = np.repeat(halved, terms) & ~shared[left]
    left, right = np.where(turned, right, left), np.where(turned, left, right)
    graph.operands[lefts], graph.operands[rights] = left, right
    flows = [varies[dots] & np.logical_or.reduceat(varies[side], first) for side in (left, right)]
    return np.stack([halved, varies[dots], *flows])


def differentiable_operands(graph: Graph) -> Array:
    """Tell for each primitive of a graph which operands have slopes; beyond, all are as the last.

    Primitives x operands.
    """
    width = max([WIDTH, *(len(op.partials) for op in graph.table if op)])
    able = np.zeros((len(graph.table), width), bool)
    for row, op in zip(able, graph.table):
        if op is not None:
            known = width if isinstance(op, Variadic) else len(op.partials)
            row[:known] = [differentiable(op, i) for i in range(known)]
    return able
