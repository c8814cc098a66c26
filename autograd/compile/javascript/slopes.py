"""Slopes and edges of a row as JavaScript, read off its rule of the table.

A rule is called on Symbols, as the compiler does it, and what it computes is written down as it is:
nothing is derived here.

>>> from autograd.primitives import tanh
>>> print(slope_of(tanh, 0).text)
function slope_tanh_0(x0, out) {
  return (4 * value_sigmoid_slope((2 * x0)));
}
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import cache
from typing import Any

from autograd import primitives as p
from autograd.compile.javascript.forwards import check_translatable
from autograd.compile.javascript.translate import Definition, called, listed, number
from autograd.compile.tracing.expressions import Uses
from autograd.compile.tracing.internal_primitives import both, either
from autograd.compile.tracing.symbols import Symbol, place_of
from autograd.primitive_type import Primitive, Variadic

INFIX = {
    p.add: "+",
    p.sub: "-",
    p.mul: "*",
    p.div: "/",
    p.less: "<",
    p.less_equal: "<=",
    p.greater: ">",
    p.greater_equal: ">=",
    p.equal: "===",
    p.unequal: "!==",
    either: "||",
    both: "&&",
}
# So many operands in order are written as a slice.
MIN_SPREAD = 3


class Notes:
    """What a rule does, line by line: what `Symbol` writes to.

    Args: inputs: the texts of the operands and the result.
    """

    def __init__(self, inputs: Sequence[str]) -> None:
        self.inputs = list(inputs)
        self.ops: list[Primitive | None] = [None] * len(inputs)
        self.operands: list[tuple[int, ...]] = [()] * len(inputs)
        self.constants: dict[int, Any] = {}
        self.places: dict[Any, int] = {}

    def symbols(self) -> list[Symbol]:
        """Return the operands and the result, to call a rule with."""
        return [Symbol(self, place) for place in range(len(self.inputs))]  # type: ignore[arg-type]

    def line(self, key: Hashable, op: Primitive | None, operands: tuple[int, ...]) -> int:
        """Return the place of a line, which is appended unless it stands there already."""
        place = self.places.setdefault(key, len(self.ops))
        if place == len(self.ops):
            self.ops.append(op)
            self.operands.append(operands)
        return place

    def apply(self, op: Primitive, operands: tuple[int, ...]) -> int:
        """Return the place of an operation."""
        key = op, operands
        return self.line(key, op, operands)

    def constant(self, x: Any) -> int:
        """Return the place of a constant."""
        key = type(x), repr(x)
        place = self.line(key, None, ())
        self.constants[place] = x
        return place


class Printer:
    """Prints what stands in notes: what is used once in its place, what is used more by a name."""

    def __init__(self, notes: Notes, outputs: Sequence[int], name: str) -> None:
        self.notes = notes
        self.name = name
        self.uses: dict[str, Any] = {}
        self.shared = Uses(notes.ops, notes.operands, outputs).shared

    def lines(self) -> Iterator[str]:
        """Yield the definitions of what is used more than once, in order."""
        for place in self.shared:
            text = self.operation(place)
            yield f"  const v{place} = {text};"

    def text(self, place: int) -> str:
        """Return what stands for a place."""
        if place in self.shared:
            return f"v{place}"
        if self.notes.ops[place]:
            return self.operation(place)
        if place not in self.notes.constants:
            return self.notes.inputs[place]
        found = number(self.notes.constants[place])
        # Two signs side by side would be another operator.
        return f"({found})" if found.startswith("-") else found

    def operation(self, place: int) -> str:
        """Return the text of an operation."""
        op = self.notes.ops[place]
        operands = self.notes.operands[place]
        assert op is not None
        if op in INFIX:
            left, right = map(self.text, operands)
            sign = INFIX[op]
            return f"({left} {sign} {right})"
        if op is p.neg:
            text = self.text(operands[0])
            return f"(-{text})"
        if op is p.pos:
            return self.text(operands[0])
        name = f"value_{op.name}"
        self.uses[name] = op
        return called(name, self.arguments(operands))

    def arguments(self, places: Sequence[int]) -> Iterator[str]:
        """Yield the texts of operands; of a sequence of inputs in order as a slice of it."""
        i = 0
        while i < len(places):
            # So many stand in order from here on.
            run = 1
            after = places[i + 1 :]
            for place, other in zip(places[i:], after):
                if not self.follows(place, other):
                    break
                run += 1
            if run >= MIN_SPREAD:
                first = places[i]
                yield f"...xs.slice({first}, {first + run})"
                i += run
            else:
                yield self.text(places[i])
                i += 1

    def follows(self, place: int, other: int) -> bool:
        """Tell whether two places are inputs of one sequence, one after the other."""
        inputs = self.notes.inputs
        if other != place + 1 or other >= len(inputs):
            return False
        return inputs[other].startswith("xs[")


def printed(name: str, head: str, notes: Notes, found: Sequence[Any], as_list: bool) -> Definition:
    """Return a function that gives what a rule gave: one number, or a list."""
    places = [place_of(notes, x) for x in found]  # type: ignore[arg-type]
    printer = Printer(notes, places, name)
    lines = list(printer.lines())
    texts = [printer.text(place) for place in places]
    value = listed(texts) if as_list else texts[0]
    first = f"function {name}({head}) {{"
    last = f"  return {value};"
    text = "\n".join([first, *lines, last, "}"])
    return Definition(name, text, printer.uses)


def of_numbers(op: Primitive) -> tuple[str, Notes]:
    """Return the parameters of a function of fixed arity, and notes that begin with them."""
    inputs = [f"x{i}" for i in range(len(op.partials))]
    names = [*inputs, "out"]
    return ", ".join(names), Notes(names)


def of_sequence(op: Primitive, arity: int) -> tuple[str, Notes]:
    """Return the same for a function of a sequence."""
    inputs = [f"xs[{i}]" for i in range(arity)]
    return "xs, out", Notes([*inputs, "out"])


@cache
def slope_of(op: Primitive, i: int) -> Definition:
    """Return the local derivative by operand i as a function of the operands and the result."""
    check_translatable(op)
    head, notes = of_numbers(op)
    partial = op.partials[i]
    assert partial is not None
    slope = partial(*notes.symbols())
    return printed(f"slope_{op.name}_{i}", head, notes, [slope], False)


@cache
def constant_of(op: Primitive, together: bool) -> Definition:
    """Return whether the result is locally constant in each operand, as a list.

    Args: together: whether several operands vary.
    """
    check_translatable(op)
    head, notes = of_numbers(op)
    rule = op.constant
    kind = "constant"
    # A row may say something else of several operands.
    if together and op.together:
        rule = op.together
        kind = "together"
    assert rule is not None
    found = list(rule(*notes.symbols()))
    return printed(f"{kind}_{op.name}", head, notes, found, True)


@cache
def slopes_of(op: Variadic, arity: int, index: int | None) -> Definition:
    """Return all local derivatives of a function of a sequence, as a list.

    Args: index: of a share, which comes before the sequence and is no Symbol; else None.
    """
    check_translatable(op)
    head, notes = of_sequence(op, arity)
    *operands, out = notes.symbols()
    if index is not None:
        operands[0] = index  # type: ignore[call-overload]
    # The index has no slope; a page passes over it.
    slopes = [0 if slope is None else slope for slope in op.rule(operands, out)]
    name = f"slopes_{op.name}_{arity}"
    if index is not None:
        name = f"{name}_{index}"
    return printed(name, head, notes, slopes, True)


@cache
def constants_of(op: Variadic, arity: int) -> Definition:
    """Return whether the result is locally constant in each operand of a sequence, as a list."""
    check_translatable(op)
    head, notes = of_sequence(op, arity)
    rule = op.constant
    assert rule is not None
    name = f"constants_{op.name}_{arity}"
    found = list(rule(*notes.symbols()))
    return printed(name, head, notes, found, True)
