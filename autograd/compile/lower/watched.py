"""Which numbers on the way are watched, because an operation can hide that they are infinite.

Eager code raises where `exp` overflows or a divisor is 0. Compiled, an infinity is seen if it is
still there in a result; but 1 / exp(1000) is 0, and tanh of an infinity 1. So those rows that can
make an infinity or NaN of finite operands, and from which none is sure to get through to an output,
are watched: each must be finite, in every sample in which a result depends on it. In the branch
that `where` does not take, or the loser of a maximum, an infinity is nobody's business.

What only multiplies and adds is not watched, as eager code does not raise there either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.lower.graph import Array, Graph, leading_to, reached, repeated
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
    explosive = ops & EXPLOSIVE
    # Of a row of a user's own nothing is known.
    foreign = ops - OURS
    risky = explosive | foreign
    if not risky:
        return {}
    graph = Graph(tape)
    hidden = hidden_rows(tape, graph, risky)
    if not hidden:
        return {}
    needed = behind(graph, tape.asked(), uncut(graph))
    children, parents = graph.edges()
    depending = reached(hidden, parents, children, graph.rows)
    doubtful = depending & ~needed
    # Whether a row matters is known from those that read it.
    readers = children[doubtful[parents]]
    above = doubtful.copy()
    above[readers] = True
    rows = np.flatnonzero(above).tolist()
    ignored = ignored_rows(tape, doubtful, rows)
    found: dict[int, Primitive] = {}
    for place in hidden:
        mask = ignored.get(place, False)
        # Nothing ever depends on such a row.
        if mask is True:
            continue
        row = watched(tape, place, mask)
        found[row] = tape.ops[place]  # type: ignore[assignment]
    return found


def hidden_rows(tape: Tape, graph: Graph, risky: Iterable[Primitive]) -> list[int]:
    """Return the rows that may be infinite while all outputs are finite."""
    suspects = suspects_of(tape, graph, risky)
    if not suspects.any():
        return []
    # An infinity that is sure to be seen in an output need not be watched on the way.
    shown = behind(graph, tape.outputs, openness(graph))
    suspects &= ~shown
    # So it is for most functions, of which no more needs to be asked then.
    if not suspects.any():
        return []
    children, parents = graph.edges()
    suspects &= leading_to(tape.asked(), children, parents, graph.rows)
    found: list[int] = np.flatnonzero(suspects).tolist()
    return found


def suspects_of(tape: Tape, graph: Graph, risky: Iterable[Primitive]) -> Array:
    """Tell of every row whether it can make an infinity or NaN of finite operands."""
    suspects = graph.applies(*risky)
    quotients = np.flatnonzero(graph.applies(p.div))
    for place in quotients.tolist():
        suspects[place] = not tamed(tape, place)
    return suspects


def behind(graph: Graph, rows: Iterable[int], chosen: Array) -> Array:
    """Tell of every row whether one of some rows depends on it, by chosen edges alone."""
    children, parents = graph.edges()
    return leading_to(rows, children[chosen], parents[chosen], graph.rows)


def tamed(tape: Tape, place: int) -> bool:
    """Tell whether a row is a quotient by a constant that is not 0."""
    if tape.ops[place] is not p.div:
        return False
    _, divisor = tape.operands[place]
    return bool(tape.constants.get(divisor))


def openness(graph: Graph) -> Array:
    """Tell for every edge whether an infinity or NaN is sure to get through to the child."""
    open_operands = [OPEN.get(op, 0) if op else 0 for op in graph.table]
    open_first = np.array(open_operands)
    rows = np.arange(graph.rows, dtype=np.int32)
    children, _, positions = edges_with_positions(graph, rows)
    # By the number among the operands, as the first ones get through.
    code = graph.codes[children]
    found: Array = positions < open_first[code]
    return found


def uncut(graph: Graph) -> Array:
    """Tell for every edge of a graph whether the child depends on the parent in every sample."""
    varying = [op is not None and op.constant is None for op in graph.table]
    of_table = np.array(varying)
    of_rows = of_table[graph.codes]
    return repeated(of_rows, graph.counts)


def ignored_rows(tape: Tape, doubtful: Array, rows: Sequence[int]) -> dict[int, Any]:
    """Return for rows a Symbol that is true where nothing depends on them; True if nothing ever
    does.

    Args:
        doubtful: which rows something may not depend on in every sample; on others something does.
        rows: these and those that use them, in order.
    """
    ignored: dict[int, Any] = {}
    masks: dict[int, list[Any]] = {}
    doubtful_rows = np.flatnonzero(doubtful)
    for place in doubtful_rows.tolist():
        masks[place] = []
    # Those that use a row come before it, so all its masks are there when it is reached.
    for place in reversed(rows):
        if place in masks:
            # One mask for each use of the row.
            ignored[place] = all_of(masks[place])
        if tape.ops[place] is None:
            continue
        own = ignored.get(place, False)
        operands = tape.operands[place]
        for operand, cut in zip(operands, cuts(tape, place)):
            # By this use an operand does not matter where the row does not, nor where it is cut.
            if operand in masks:
                mask = any_of(own, cut)
                masks[operand].append(mask)
    return ignored


def any_of(x: Any, y: Any) -> Any:
    """Return what is true where one of two masks is; either may be a bool."""
    if x is False:
        return y
    if x is True or y is False:
        return x
    if y is True:
        return True
    return x | y


def all_of(masks: Sequence[Any]) -> Any:
    """Return what is true where all of some masks are; any may be a bool."""
    if any(mask is False for mask in masks):
        return False
    different = {mask.place: mask for mask in masks if mask is not True}
    symbols = list(different.values())
    if not symbols:
        return True
    # Two instructions, however many there are: each mask is 0 or 1.
    if len(symbols) > 2:
        how_many = symbols[0].record(p.total, symbols)
        return how_many == len(symbols)
    return reduce(and_, symbols)


def cuts(tape: Tape, place: int) -> list[Any]:
    """Return for each operand of a row where the row does not depend on it: a Symbol, or a bool."""
    op = tape.ops[place]
    operands = tape.operands[place]
    # Leaves have no operands.
    assert op is not None
    if op.constant is None:
        return [False] * len(operands)
    symbols = symbols_of(tape, (*operands, place))
    try:
        found = op.constant(*symbols)
    except (TypeError, AttributeError):
        # It cannot be read.
        return [False] * len(operands)
    if isinstance(op, Variadic):
        return [cut for cut, _ in zip(found, operands)]
    # An operand without a slope, as the condition of `where`, is needed all the same.
    return [cut if rule else False for cut, rule in zip(found, op.partials)]


def symbols_of(tape: Tape, rows: Iterable[int]) -> list[Any]:
    """Return what stands for rows in a rule: a Symbol, or of a constant the number."""
    found = []
    for row in rows:
        symbol = Symbol(tape, row)
        found.append(tape.constants.get(row, symbol))
    return found


def watched(tape: Tape, place: int, ignored: Any) -> int:
    """Return the row itself, or one that is 0 where it is ignored."""
    if ignored is False:
        return place
    mask = place_of(tape, ignored)
    zero = tape.constant(0.0)
    return tape.apply(p.where, (mask, zero, place))
