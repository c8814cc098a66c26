"""What a rule of the table computes, as expressions: its tape, written as one reads it.

What is used once stands in its place, what is used more often has a name. Brackets stand where
Python needs them, so that the text computes what the tape does, to the last bit.

>>> from autograd.compile.tracing.rules import rules_of
>>> from autograd.primitives import atan2, tanh
>>> found = Expressions(rules_of(tanh, 1, (True,)), ["x", "out"])
>>> str(found.expression(0))
'4 * sigmoid_slope(2 * x)'
>>> found = Expressions(rules_of(atan2, 2, (True, True)), ["y", "x", "out"])
>>> list(found.lines()), str(found.expression(0)), str(found.expression(1))
(['v0 = hypot(y, x)'], 'x / v0 / v0', '-y / v0 / v0')
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.coercion import finite_or_inf
from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive

# How tightly an expression is bound: a tighter one needs no brackets within a looser one.
RELATION, SUM, PRODUCT, SIGN, POWER, WHOLE = range(6)
BINDING = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT, "**": POWER}


class Expression(NamedTuple):
    """A text, and how tightly it is bound."""

    text: str
    binding: int = WHOLE

    def within(self, binding: int) -> str:
        """Return the text as part of an expression that is bound so tightly."""
        return f"({self.text})" if self.binding < binding else self.text

    def times(self, other: str) -> Expression:
        """Return the product with what stands in one piece, but for a factor of 1 or -1."""
        if self.text == "1":
            return Expression(other)
        if self.text == "-1":
            return Expression(f"-{other}", SIGN)
        return Expression(f"{self.within(PRODUCT)} * {other}", PRODUCT)

    def __str__(self) -> str:
        return self.text


class Uses:
    """Which rows the outputs need, and which of these more than once."""

    def __init__(
        self,
        ops: Sequence[Primitive | None],
        operands: Sequence[tuple[int, ...]],
        outputs: Sequence[int],
    ) -> None:
        self.operands = operands
        self.outputs = outputs
        counts = Counter(self.needed())
        self.shared = sorted(place for place in counts if counts[place] > 1 and ops[place])

    def needed(self) -> Iterator[int]:
        """Yield the places that the outputs need, once for each use."""
        seen: set[int] = set()
        stack = list(self.outputs)
        while stack:
            place = stack.pop()
            yield place
            if place not in seen:
                seen.add(place)
                stack += self.operands[place]


class Expressions:
    """The outputs of a tape as expressions of its inputs.

    Args: inputs: the texts of the tape's inputs, each in one piece.
    """

    def __init__(self, tape: Tape, inputs: Sequence[str]) -> None:
        self.tape = tape
        shared = Uses(tape.ops, tape.operands, tape.outputs).shared
        self.names = {place: f"v{i}" for i, place in enumerate(shared)}
        self.leaves: Mapping[int, str] = dict(zip(tape.inputs, inputs))

    def lines(self) -> Iterator[str]:
        """Yield the definitions of what is used more than once, in order."""
        for place, name in self.names.items():
            yield f"{name} = {self.operation(place)}"

    def expression(self, i: int) -> Expression:
        """Return an output."""
        return self.at(self.tape.outputs[i])

    def constant(self, i: int) -> Any:
        """Return an output that is a constant; None for one that is computed."""
        return self.tape.constants.get(self.tape.outputs[i])

    def at(self, place: int) -> Expression:
        """Return what stands for a place."""
        if place in self.names:
            return Expression(self.names[place])
        if place in self.leaves:
            return Expression(self.leaves[place])
        if place in self.tape.constants:
            text = number_text(self.tape.constants[place])
            return Expression(text, SIGN if text.startswith("-") else WHOLE)
        return self.operation(place)

    def operation(self, place: int) -> Expression:
        """Return an operation."""
        op = self.tape.ops[place]
        assert op is not None
        operands = [self.at(x) for x in self.tape.operands[place]]
        if op.symbol.isidentifier():
            return Expression(op.spell(*map(str, operands)))
        if len(operands) == 1:
            return Expression(op.spell(operands[0].within(SIGN)), SIGN)
        left, right = operands
        binding = BINDING.get(op.symbol, RELATION)
        # A chain of one kind is read from the left, but for powers and relations.
        is_chained = binding in (SUM, PRODUCT)
        first = left.within(binding if is_chained else binding + 1)
        return Expression(op.spell(first, right.within(binding + 1)), binding)


def number_text(x: Any) -> str:
    """Return a number as it is written in Python: an int, or the float that is computed with.

    >>> from fractions import Fraction
    >>> number_text(2), number_text(Fraction(1, 3)), number_text(True), number_text(10**400)
    ('2', '0.3333333333333333', 'True', 'inf')
    """
    if type(x) is bool:
        return repr(x)
    number = float(finite_or_inf(x))
    return repr(x) if type(x) is int and x == number else repr(number)
