"""Symbols: operands that write down what is done to them, so that a rule of the table can be read.

A rule such as `lambda x, out: 4 * sigmoid_slope(2 * x)` is an expression. Called on
Symbols, it appends its operations to a tape; that is how the compiler gets its derivatives.

>>> from autograd.compile.tracing.tape import Tape
>>> from autograd.primitives import tanh
>>> tape = Tape()
>>> symbol = tanh.partials[0](Symbol(tape, tape.input()), None)
>>> tape.outputs = [symbol.place]
>>> print(tape)
v0 = input 0
v1 = 2
v2 = v1 * v0
v3 = sigmoid_slope(v2)
v4 = 4
v5 = v4 * v3
return v5
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd import primitives as p
from autograd.compile.tracing.internal_primitives import both, either
from autograd.operators import Operators
from autograd.primitive_type import Primitive

if TYPE_CHECKING:
    from autograd.compile.tracing.tape import Tape


class Symbol(Operators):
    """An operand of a rule that is being read: a place on a tape."""

    __slots__ = ("tape", "place")

    def __init__(self, tape: Tape, place: int) -> None:
        self.tape = tape
        self.place = place

    def record(self, op: Primitive, operands: Sequence[Any]) -> Symbol:
        """Append an operation to the tape; this is what `Primitive.__call__` finds."""
        tape = self.tape
        places = tuple(place_of(tape, x) for x in operands)
        place = tape.apply(op, places)
        return Symbol(tape, place)

    def __bool__(self) -> bool:
        raise TypeError("a rule branched on an operand; write it with where, step or maximum")

    # The logic of masks, which only a Symbol needs: on floats, Python's own will do.
    # fmt: off
    def __or__(self, other: object) -> Symbol: return self.record(either, (self, other))
    def __ror__(self, other: object) -> Symbol: return self.record(either, (other, self))
    def __and__(self, other: object) -> Symbol: return self.record(both, (self, other))
    def __rand__(self, other: object) -> Symbol: return self.record(both, (other, self))
    # fmt: on

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]
        return self.record(p.equal, (self, other))

    def __ne__(self, other: object) -> Symbol:  # type: ignore[override]
        return self.record(p.unequal, (self, other))

    __hash__ = object.__hash__


def place_of(tape: Tape, x: object) -> int:
    """Return the place of a Symbol, or of a constant."""
    if isinstance(x, Symbol):
        return x.place
    return tape.constant(x)
