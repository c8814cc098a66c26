"""Which adjoints can be structurally zero in a sample, and where that matters.

Where a branch is not taken, the eager engine has no edge, and never multiplies 0 by an infinite
slope: `where(x > 0, log(x), 0)` has the gradient 0 at 0. Compiled, the branch is there in every
sample. So a row all of whose ways to the output can be cut off is *mortal*: in some samples it has
no adjoint. No adjoint is written as -0.0, which a live one never is: what is added to the adjoint
of a mortal row is made +0.0 where it is a zero. Kernels look for the mark only where a row that is
mortal stands above one whose slope can be infinite; elsewhere a zero is as good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from autograd import primitives as p
from autograd.compile import rows
from autograd.compile.symbols import Symbol
from autograd.compile.tape import Tape
from autograd.row import Primitive, Variadic

# fmt: off
SAFE = {  # rows whose slopes are finite where their operands are, but for overflow
    p.add, p.sub, p.mul, p.neg, p.pos, p.total, p.inner_product, p.absolute, p.square, p.sin, p.cos,
    p.tanh, p.sigmoid, p.log_sigmoid, p.softplus, p.silu, p.gelu, p.relu, p.leaky_relu, p.erf,
    p.erfc, p.normal_cdf, p.gaussian, p.atan, p.asinh, p.at_least, p.at_most, p.clip, p.where,
    p.largest, p.smallest, p.prod, p.logsumexp, p.copysign, p.mod, rows.quotient,
}
# fmt: on


def marked(
    tape: Tape, varies: Sequence[bool], edges: Mapping[int, list[tuple[int, bool]]]
) -> list[bool]:
    """Tell for every row whether its kernel must look for adjoints that are not there.

    Args:
        varies: the rows through which adjoints flow.
        edges: of nodes whose slopes are rows: (parent, whether the edge can be absent) each.
    """
    masked = any(op.constant for op in set(tape.ops) if op)
    if not masked and not any(absent for parents in edges.values() for _, absent in parents):
        return [False] * len(tape)
    found = {
        place: edges.get(place) or edges_of(tape, place)
        for place in range(len(tape))
        if varies[place] and tape.ops[place] is not None
    }
    mortal = [True] * len(tape)
    for place in tape.outputs:
        mortal[place] = False
    for place in reversed(range(len(tape))):
        for parent, absent in found.get(place, ()):
            if not (absent or mortal[place]):
                mortal[parent] = False
    risky = [False] * len(tape)
    for place, parents in found.items():
        unsafe = tape.ops[place] not in SAFE
        risky[place] = unsafe or any(risky[parent] for parent, _ in parents)
    return [is_mortal and is_risky for is_mortal, is_risky in zip(mortal, risky)]


def edges_of(tape: Tape, place: int) -> list[tuple[int, bool]]:
    """Return the edges of a row: each parent, and whether the edge can be absent."""
    op, operands = tape.ops[place], tape.operands[place]
    assert op is not None  # leaves have no edges
    if op.constant is None or isinstance(op, Variadic):
        return [(x, False) for x in operands]
    known = tuple(tape.constants.get(x) for x in operands)
    return list(zip(operands, absences(op, known)))


@cache
def absences(op: Primitive, known: tuple[Any, ...]) -> list[bool]:
    """Tell for each operand whether its edge can be absent; `known` are constants, or None."""
    tape = Tape()
    numbers = [Symbol(tape, tape.input()) if x is None else x for x in known]
    assert op.constant is not None  # asked only of rows that have it
    try:
        return [bool(x is not False) for x in op.constant(*numbers, Symbol(tape, tape.input()))]
    except (TypeError, AttributeError):  # it cannot be read, so any edge may be absent
        return [True] * len(known)
