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

from autograd.coercion import Number, finite_or_inf
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
        if self.binding < binding:
            return f"({self.text})"
        return self.text

    def times(self, other: str) -> Expression:
        """Return the product with what stands in one piece, but for a factor of 1 or -1."""
        if self.text == "1":
            return Expression(other)
        if self.text == "-1":
            return Expression(f"-{other}", SIGN)
        left = self.within(PRODUCT)
        return Expression(f"{left} * {other}", PRODUCT)

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
        often = [place for place, uses in counts.items() if uses > 1]
        # A leaf has a text of its own.
        computed = [place for place in often if ops[place]]
        self.shared = sorted(computed)

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
        place = self.tape.outputs[i]
        return self.at(place)

    def constant(self, i: int) -> Any:
        """Return an output that is a constant; None for one that is computed."""
        place = self.tape.outputs[i]
        return self.tape.constants.get(place)

    def at(self, place: int) -> Expression:
        """Return what stands for a place."""
        if place in self.names:
            return Expression(self.names[place])
        if place in self.leaves:
            return Expression(self.leaves[place])
        if place in self.tape.constants:
            text = number_text(self.tape.constants[place])
            binding = SIGN if text.startswith("-") else WHOLE
            return Expression(text, binding)
        return self.operation(place)

    def operation(self, place: int) -> Expression:
        """Return an operation."""
        op = self.tape.ops[place]
        assert op is not None
        places = self.tape.operands[place]
        operands = list(map(self.at, places))
        if op.symbol.isidentifier():
            texts = map(str, operands)
            return Expression(op.spell(*texts))
        if len(operands) == 1:
            operand = operands[0].within(SIGN)
            return Expression(op.spell(operand), SIGN)
        left, right = operands
        binding = BINDING.get(op.symbol, RELATION)
        # A chain of one kind is read from the left, but for powers and relations.
        is_chained = binding in (SUM, PRODUCT)
        first = left.within(binding if is_chained else binding + 1)
        second = right.within(binding + 1)
        text = op.spell(first, second)
        return Expression(text, binding)


def number_text(x: Number) -> str:
    """Return a number as it is written in Python: an int, or the float that is computed with.

    >>> from fractions import Fraction
    >>> number_text(2), number_text(Fraction(1, 3)), number_text(True), number_text(10**400)
    ('2', '0.3333333333333333', 'True', 'inf')
    """
    if type(x) is bool:
        return repr(x)
    number = float(finite_or_inf(x))
    # An int that no float equals is computed with as a float.
    if type(x) is int and x == number:
        return repr(x)
    return repr(number)
