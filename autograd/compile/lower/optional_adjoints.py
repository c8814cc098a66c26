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

from functools import cache
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.lower.graph import Array, Graph, merged, reached
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
    absent = [tape.constants.get(mask) is not False for mask in edges[:, 3].tolist()]
    if not any(absent) and not any(op.constant for op in graph.table if op):
        return np.zeros(graph.rows, bool), False
    others = np.stack([*edges[:, :2].T, np.array(absent, edges.dtype)])
    own = np.stack([*graph.edges(), absent_edges(tape, graph, varies)])
    both = merged(own, others, graph.rows)
    children, parents, cut = both[:, varies[both[0]]]
    unsafe = np.flatnonzero(varies & graph.computed & ~graph.applies(*SAFE))
    risky = reached(unsafe.tolist(), parents, children, graph.rows)
    lasting = cut == 0
    children = children[lasting][::-1]
    parents = parents[lasting][::-1]
    never_absent = reached(tape.outputs, children, parents, graph.rows)
    return risky & ~never_absent, bool((varies & ~never_absent).any())


def absent_edges(tape: Tape, graph: Graph, varies: Array) -> Array:
    """Tell for every edge of a graph whether it can be absent."""
    found = np.zeros(len(graph.operands), bool)
    masked = [op for op in graph.table if op and op.constant and not isinstance(op, Variadic)]
    for row in np.flatnonzero(varies & graph.applies(*masked)).tolist():
        op = tape.ops[row]
        operands = tape.operands[row]
        start = graph.starts[row]
        known = tuple(tape.constants.get(x) for x in operands)
        found[start : start + len(operands)] = absences(op, known)
    return found


@cache
def absences(op: Primitive, known: tuple[Any, ...]) -> list[bool]:
    """Tell for each operand whether its edge can be absent; `known` are constants, or None."""
    tape = Tape()
    numbers = [Symbol(tape, tape.input()) if x is None else x for x in known]
    # Asked only of rows that have it.
    assert op.constant is not None
    try:
        return [bool(x is not False) for x in op.constant(*numbers, Symbol(tape, tape.input()))]
    except (TypeError, AttributeError):
        # It cannot be read, so any edge may be absent.
        return [True] * len(known)
