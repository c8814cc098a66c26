"""Which adjoints can be structurally zero in a sample, and where that matters.

Where a branch is not taken, the eager engine has no edge, and never multiplies 0 by an infinite
slope: `where(x > 0, log(x), 0)` has the gradient 0 at 0. Compiled, the branch is there in every
sample. So the adjoint of a row all of whose ways to the output can be cut off is *optional*: in
some samples it is absent. An absent adjoint is written as -0.0, which one that is there never is:
what is added to an optional adjoint is made +0.0 where it is a zero. Kernels look for the mark only
where the adjoint is optional of a row that stands above one whose slope can be infinite; elsewhere
a zero is as good, but for overflow: then a gradient becomes NaN, and is computed again by a program
whose kernels look for the mark everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.lower.graph import Array, Graph, leading_to, merged, reached
from autograd.compile.tracing import internal_primitives
from autograd.compile.tracing.symbols import Symbol
from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive, Variadic

# fmt: off
SAFE = {  # rows whose slopes are finite where their operands are, but for overflow
    p.add, p.sub, p.mul, p.neg, p.pos, p.total, p.inner_product, p.absolute, p.square, p.sin, p.cos,
    p.tanh, p.sigmoid, p.log_sigmoid, p.softplus, p.silu, p.gelu, p.relu, p.leaky_relu, p.erf,
    p.erfc, p.normal_cdf, p.gaussian, p.atan, p.asinh, p.at_least, p.at_most, p.clip, p.where,
    p.largest, p.smallest, p.prod, p.logsumexp, p.copysign, p.mod, p.fsum, p.log_softmax_of,
    p.logaddexp2, p.share2, p.sinc, p.sinc_slope, p.mish, p.softsign, p.pieces_slope, p.celu_gap,
    p.finite, p.spread, p.sech, p.acot, p.atan_slope, p.asinh_slope, p.sigmoid_slope,
    p.silu_slope, p.gelu_slope, internal_primitives.quotient,
}
# fmt: on


def optional_rows(tape: Tape, graph: Graph, varies: Array, edges: Array) -> tuple[Array, bool]:
    """Tell for every row whether its kernel must look for adjoints that are not there.

    And tell whether any adjoint is not there in some samples, looked for or not.

    Args:
        tape, graph: the same rows.
        varies: the rows through which adjoints flow.
        edges: node, parent, slope and mask, of the nodes whose slopes are rows.
    """
    masks = map(tape.constants.get, edges[:, 3].tolist())
    absent = [mask is not False for mask in masks]
    cuts_edges = any(op.constant for op in graph.table if op)
    # Most functions have no branch, and no more is asked of them.
    if not cuts_edges and not any(absent):
        none_is = np.zeros(graph.rows, bool)
        return none_is, False
    children, parents, cut = edges_in_use(tape, graph, varies, edges, absent)
    # A zero that stands for nothing becomes NaN only in a slope that can be infinite.
    safe = graph.applies(*SAFE)
    has_slopes = varies & graph.computed
    unsafe = np.flatnonzero(has_slopes & ~safe).tolist()
    risky = reached(unsafe, parents, children, graph.rows)
    # An adjoint is always there if one way to an output has only edges that are never cut.
    lasting = cut == 0
    children = children[lasting]
    parents = parents[lasting]
    never_absent = leading_to(tape.outputs, children, parents, graph.rows)
    can_be_absent = varies & ~never_absent
    return risky & ~never_absent, bool(can_be_absent.any())


def edges_in_use(
    tape: Tape, graph: Graph, varies: Array, edges: Array, absent: Sequence[bool]
) -> Array:
    """Return the edges of rows that have adjoints: child, parent, and whether it can be absent.

    Args:
        tape, graph, varies, edges: see `optional_rows`.
        absent: for each of `edges`, whether it can be.
    """
    nodes = edges[:, 0]
    node_parents = edges[:, 1]
    absent_of_others = np.array(absent, edges.dtype)
    others = np.stack([nodes, node_parents, absent_of_others])
    children, parents = graph.edges()
    absent_of_own = absent_edges(tape, graph, varies)
    own = np.stack([children, parents, absent_of_own])
    both = merged(own, others, graph.rows)
    has_adjoint = varies[both[0]]
    found: Array = both[:, has_adjoint]
    return found


def absent_edges(tape: Tape, graph: Graph, varies: Array) -> Array:
    """Tell for every edge of a graph whether it can be absent."""
    found = np.zeros(len(graph.operands), bool)
    masked = []
    for op in graph.table:
        # Those with any number of operands have their edges written down.
        if op and op.constant and not isinstance(op, Variadic):
            masked.append(op)
    asked = varies & graph.applies(*masked)
    for row in np.flatnonzero(asked).tolist():
        operands = tape.operands[row]
        start = graph.starts[row]
        stop = start + len(operands)
        # Where a mask depends on constants alone, it is known now.
        known = tuple(map(tape.constants.get, operands))
        found[start:stop] = absences(tape.ops[row], known)
    return found


@cache
def absences(op: Primitive, known: tuple[Any, ...]) -> list[bool]:
    """Tell for each operand whether its edge can be absent; `known` are constants, or None."""
    tape = Tape()
    numbers = []
    for number in known:
        if number is None:
            number = Symbol(tape, tape.input())
        numbers.append(number)
    # Asked only of rows that have it.
    assert op.constant is not None
    result = Symbol(tape, tape.input())
    try:
        masks = op.constant(*numbers, result)
        return [mask is not False for mask in masks]
    except (TypeError, AttributeError):
        # It cannot be read, so any edge may be absent.
        return [True] * len(known)
