"""Which numbers on the way are watched, because an operation can hide that they are infinite.

Eager code raises where `exp` overflows or a divisor is 0. Compiled, an infinity is seen if it is
still there in a result; but 1 / exp(1000) is 0, and tanh of an infinity 1. So those rows that can
make an infinity or NaN of finite operands, and from which none is sure to get through to an output,
are watched: each must be finite, in every sample in which a result depends on it. In the branch
that `where` does not take, or the loser of a maximum, an infinity is nobody's business.

What only multiplies and adds is not watched, as eager code does not raise there either.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.lower.graph import Array, Graph, reached, repeated
from autograd.compile.lower.grouping import edges_with_positions
from autograd.compile.tracing import internal_primitives
from autograd.compile.tracing.symbols import Symbol, place_of
from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive, Variadic

# More operands than there are: all of them.
EVERY = 1000
# fmt: off
EXPLOSIVE = {  # rows that make an infinity or NaN of finite operands, where eager code raises
    p.div, p.mod, p.floordiv, p.power, p.exp, p.exp2, p.expm1, p.log, p.log2, p.log10, p.log1p,
    p.xlogy, p.sqrt, p.asin, p.acos, p.acosh, p.atanh, p.sinh, p.cosh, p.polygamma, p.lgamma,
    p.exp10, p.xlog1py, p.logit, p.log1mexp, p.erfinv, p.erfinv_slope, p.gamma, p.fmod, p.ratio,
    p.remainder, p.csc, p.cot, p.csch, p.coth, p.asec, p.acsc, p.asech, p.acsch, p.acoth,
    p.asin_slope, p.acosh_slope, p.asech_slope, p.atanh_slope,
    p.celu, p.squareplus, p.squareplus_slope,
}
OPEN = {  # how many operands, the first, get an infinity or NaN through to the result
    p.add: 2, p.sub: 2, p.mul: 2, p.div: 1, p.neg: 1, p.pos: 1, p.mod: 1, p.total: EVERY,
    p.inner_product: EVERY, p.prod: EVERY, p.norm: EVERY, p.hypot: 2, p.absolute: 1, p.square: 1,
    p.sqrt: 1, p.cbrt: 1, p.log: 1, p.log2: 1, p.log10: 1, p.log1p: 1, p.sin: 1, p.cos: 1,
    p.tan: 1, p.asin: 1, p.acos: 1, p.sinh: 1, p.cosh: 1, p.logcosh: 1, p.asinh: 1, p.acosh: 1,
    p.atanh: 1, p.stop_gradient: 1, p.ratio: 1, p.logit: 1, p.asech: 1, p.erfinv: 1,
    p.fmod: 1, p.remainder: 1, p.sec: 1, p.csc: 1, p.cot: 1, p.fsum: EVERY,
    internal_primitives.quotient: 1,
}
OURS = {*p.TABLE.values(), *(op for op in vars(internal_primitives).values()
                             if isinstance(op, Primitive))}
# fmt: on


def watched_rows(tape: Tape) -> dict[int, Primitive]:
    """Return rows that must be finite, written to the tape, and whose result each of them is.

    A row that does not matter in every sample is 0 in the others.
    """
    ops = set(filter(None, tape.ops))
    risky = (ops & EXPLOSIVE) | (ops - OURS)
    if not risky:
        return {}
    graph = Graph(tape)
    suspects = graph.applies(*risky)
    for place in np.flatnonzero(graph.applies(p.div)).tolist():
        suspects[place] = not tamed(tape, place)
    if not suspects.any():
        return {}
    children, parents = graph.edges()
    gets_through = openness(graph)
    shown = reached(
        tape.outputs, children[gets_through][::-1], parents[gets_through][::-1], graph.rows
    )
    suspects &= ~shown
    # So it is for most functions, of which no more needs to be asked then.
    if not suspects.any():
        return {}
    asked = tape.asked()
    suspects &= reached(asked, children[::-1], parents[::-1], graph.rows)
    hidden = np.flatnonzero(suspects).tolist()
    if not hidden:
        return {}
    sure = uncut(graph)
    needed = reached(asked, children[sure][::-1], parents[sure][::-1], graph.rows)
    doubtful = reached(hidden, parents, children, graph.rows) & ~needed
    above = doubtful.copy()
    above[children[doubtful[parents]]] = True
    ignored = ignored_rows(tape, doubtful, np.flatnonzero(above).tolist())
    return {
        watched(tape, place, ignored.get(place, False)): tape.ops[place]  # type: ignore[misc]
        for place in hidden
        if ignored.get(place) is not True
    }


def tamed(tape: Tape, place: int) -> bool:
    """Tell whether a row is a quotient by a constant that is not 0."""
    return tape.ops[place] is p.div and bool(tape.constants.get(tape.operands[place][1]))


def openness(graph: Graph) -> Array:
    """Tell for every edge whether an infinity or NaN is sure to get through to the child."""
    count = np.array([OPEN.get(op, 0) if op else 0 for op in graph.table])
    children, _, positions = edges_with_positions(graph, np.arange(graph.rows, dtype=np.int32))
    found: Array = positions < count[graph.codes[children]]
    return found


def uncut(graph: Graph) -> Array:
    """Tell for every edge of a graph whether the child depends on the parent in every sample."""
    varying = np.array([op is not None and op.constant is None for op in graph.table])
    found: Array = repeated(varying[graph.codes], graph.counts)
    return found


def ignored_rows(tape: Tape, doubtful: Array, rows: Sequence[int]) -> dict[int, Any]:
    """Return for rows a Symbol that is true where nothing depends on them; True if nothing ever
    does.

    Args:
        doubtful: which rows something may not depend on in every sample; on others something does.
        rows: these and those that use them, in order.
    """
    ignored: dict[int, Any] = {}
    masks: dict[int, list[Any]] = {place: [] for place in np.flatnonzero(doubtful).tolist()}
    for place in reversed(rows):
        if place in masks:
            # One mask for each use of the row.
            ignored[place] = all_of(masks[place])
        if tape.ops[place] is not None:
            for operand, cut in zip(tape.operands[place], cuts(tape, place)):
                if operand in masks:
                    masks[operand].append(any_of(ignored.get(place, False), cut))
    return ignored


def any_of(x: Any, y: Any) -> Any:
    """Return what is true where one of two masks is; either may be a bool."""
    return y if x is False else x if y is False or x is True else y is True or x | y


def all_of(masks: Sequence[Any]) -> Any:
    """Return what is true where all of some masks are; any may be a bool."""
    if any(mask is False for mask in masks):
        return False
    different = {mask.place: mask for mask in masks if mask is not True}
    symbols = list(different.values())
    # Two instructions, however many there are: each mask is 0 or 1.
    if len(symbols) > 2:
        return symbols[0].record(p.total, symbols) == len(symbols)
    return reduce(and_, symbols) if symbols else True


def cuts(tape: Tape, place: int) -> list[Any]:
    """Return for each operand of a row where the row does not depend on it: a Symbol, or a bool."""
    op = tape.ops[place]
    operands = tape.operands[place]
    # Leaves have no operands.
    assert op is not None
    if op.constant is None:
        return [False] * len(operands)
    symbols = [tape.constants.get(x, Symbol(tape, x)) for x in (*operands, place)]
    rules = [True] * len(operands) if isinstance(op, Variadic) else op.partials
    try:
        found = op.constant(*symbols)
    except (TypeError, AttributeError):
        # It cannot be read.
        return [False] * len(operands)
    return [cut if rule else False for cut, rule in zip(found, rules)]


def watched(tape: Tape, place: int, ignored: Any) -> int:
    """Return the row itself, or one that is 0 where it is ignored."""
    if ignored is False:
        return place
    return tape.apply(p.where, (place_of(tape, ignored), tape.constant(0.0), place))
