"""The tape: what a function of Values did, as rows of primitives and the places of their operands.

`trace` calls the function once on fresh Values and writes down what they record. Every row is
written once: what is computed twice from the same operands is the same row, and what no output
needs is not written at all.

>>> from autograd import Value
>>> w = Value(2.0)
>>> tape, _ = trace(lambda x: w * x + w * x, [w], (3.0,))
>>> print(tape)
v0 = parameter 0
v1 = input 0
v2 = v0 * v1
v3 = v2 + v2
return v3
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from math import nan
from typing import Any, NamedTuple

from autograd.coercion import finite_or_inf
from autograd.compile.tracing.internal_primitives import share, shifted, top, unequal
from autograd.compile.tracing.results import numbers_of, structure_of
from autograd.compile.tracing.symbols import Symbol, place_of
from autograd.compile.tracing.tracers import TracedNumber, is_ours, traced, tracing_classes
from autograd.functional import Mask
from autograd.modes import mode
from autograd.primitive_type import Primitive
from autograd.primitives import (
    div,
    equal,
    greater,
    greater_equal,
    inner_product,
    less,
    less_equal,
    mean,
    power,
    softmax_of,
    square,
    total,
)
from autograd.structures import flatten, rebuild
from autograd.value import Value

IN_PARTS = (mean, softmax_of)  # what is written down as several rows
ORDER = {  # and what each comparison is with a float instead of a number beside it
    less: (less_equal, less),
    less_equal: (less_equal, less),
    greater: (greater, greater_equal),
    greater_equal: (greater, greater_equal),
}


class Guard(NamedTuple):
    """A branch the function took: the row that decided, what it was, what was asked, and where."""

    row: int
    truth: bool
    text: str
    source: str


class Tape:
    """Rows in the order of their computation; operands stand above the rows that use them.

    Attributes:
        ops: the Primitive of each row; None for a parameter, an input or a constant.
        operands: the places of its operands, one tuple for each row.
        constants: the number of each constant, by its place.
        parameters, inputs: the places of the leaves, in the caller's order.
        outputs, guards: what is asked of the rows.
        recorded: how many nodes the function made, before any was found equal or unused.
    """

    def __init__(self) -> None:
        self.ops: list[Primitive | None] = []
        self.operands: list[tuple[int, ...]] = []
        self.constants: dict[int, Any] = {}
        self.parameters: list[int] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.guards: list[Guard] = []
        self.recorded = 0
        self.numbers: dict[tuple[type, str], int] = {}  # the constants that stand there already
        self.operations: dict[Primitive, dict[tuple[int, ...], int]] = {}  # and the operations

    def __len__(self) -> int:
        return len(self.ops)

    def leaf(self) -> int:
        """Append a row that is not computed, and return its place."""
        self.ops.append(None)
        self.operands.append(())
        return len(self.ops) - 1

    def input(self) -> int:
        """Append an input, and return its place."""
        self.inputs.append(self.leaf())
        return self.inputs[-1]

    def constant(self, number: Any) -> int:
        """Return the place of a constant; an int and the float equal to it are two."""
        key = (type(number), repr(number))
        if key not in self.numbers:
            self.numbers[key] = self.leaf()
            self.constants[self.numbers[key]] = number
        return self.numbers[key]

    def apply(self, op: Primitive, operands: tuple[int, ...]) -> int:
        """Return the place of an operation, which is appended unless it stands there already."""
        places = self.operations.get(op)
        if places is None:
            places = self.operations[op] = {}
        place = places.get(operands)
        if place is None:
            place = places[operands] = self.written(op, operands)
        return place

    def written(self, op: Primitive, operands: tuple[int, ...]) -> int:
        """Append an operation, in parts where it has parts that others can share."""
        if op in IN_PARTS or isinstance(op, Mask):
            return self.in_parts(op, operands)
        if op is inner_product and len(operands) == 1:
            return operands[0]  # a dot of no terms is its bias
        if op in ORDER or op in (equal, unequal):
            op, operands = self.with_floats(op, operands)
        if op is power and self.constants.get(operands[1]) in (1, 2):
            base, exponent = operands  # a product and no call of pow, in the slope too
            return base if self.constants[exponent] == 1 else self.apply(square, (base,))
        self.ops.append(op)
        self.operands.append(operands)
        return len(self.ops) - 1

    def with_floats(
        self, op: Primitive, operands: tuple[int, ...]
    ) -> tuple[Primitive, tuple[int, ...]]:
        """Return a comparison, which is exact, as one with a float where a number lies between two.

        `x < 1/3` is `x <= 0.333...`, which is the float below the third.
        """
        plain = [self.constants.get(place, 0.0) for place in operands]
        near = [float(finite_or_inf(x)) for x in plain]
        if near == plain:
            return op, operands
        side = 0 if near[0] != plain[0] else 1
        if op in ORDER:
            upward = (near[side] < plain[side]) == bool(side)
            op = ORDER[op][not upward]
        else:  # no float equals it
            near[side] = nan
        places = list(operands)
        places[side] = self.constant(near[side])
        return op, tuple(places)

    def in_parts(self, op: Primitive, operands: tuple[int, ...]) -> int:
        """Append the parts of an operation, and return the place of the last."""
        if op is mean:
            return self.apply(div, (self.apply(total, operands), self.constant(len(operands))))
        if isinstance(op, Mask):
            symbols = [Symbol(self, x) for x in operands]
            return place_of(self, op.row.constant(*symbols)[op.operand])  # type: ignore[misc]
        index, *xs = operands
        largest = self.apply(top, tuple(xs))
        parts = tuple(self.apply(shifted, (x, largest)) for x in xs)
        return self.apply(
            share, (parts[self.constants[index]], self.apply(total, parts), *operands)
        )

    def rows(self) -> tuple[Any, ...]:
        """Return all that two tapes of the same program have in common."""
        constants = {place: (type(x), repr(x)) for place, x in self.constants.items()}
        guards = [(guard.row, guard.truth) for guard in self.guards]
        leaves = self.parameters, self.inputs, self.outputs
        return self.ops, self.operands, constants, leaves, guards

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "operations": {}}  # where each stands: only for those who write

    def lines(self) -> Iterator[str]:
        """Yield the tape as text, one line for each row."""
        names = {place: f"parameter {i}" for i, place in enumerate(self.parameters)}
        names |= {place: f"input {i}" for i, place in enumerate(self.inputs)}
        names |= {place: repr(number) for place, number in self.constants.items()}
        for place, (op, operands) in enumerate(zip(self.ops, self.operands)):
            right = op.spell(*(f"v{i}" for i in operands)) if op else names[place]
            yield f"v{place} = {right}"
        for guard in self.guards:
            yield f"require v{guard.row} is {guard.truth}"
        yield "return " + ", ".join(f"v{place}" for place in self.outputs)

    def __str__(self) -> str:
        return "\n".join(self.lines())


class Tracer:
    """The observer of a trace: comparisons become nodes, and branches are noted as guards."""

    def __init__(self) -> None:
        self.decisions: list[tuple[Value, bool, str, str]] = []

    def recorded(self, node: Value) -> None:
        """Take note of nothing: the graph is read off the outputs."""

    def compared(self, relation: Primitive, x: Any, y: Any) -> Any:
        """Return the comparison as a node: 1 where it holds, else 0."""
        return x.record(relation, (x, y))

    def decided(self, node: Value) -> None:
        """Note that the function branched on a node, and where."""
        operands = [operand_text(x) for x in node.operands]
        text = node.op.spell(*operands) if node.op else f"the truth of {operand_text(node)}"
        self.decisions.append((node, bool(node.data), text, calling_line()))


def operand_text(x: Any) -> str:
    """Return what a message calls an operand: its name, and its number in the trace."""
    x = x.operands[0] if isinstance(x, TracedNumber) else x
    return f"{x.name or x.op or 'a Value'} ({x.data:.6g})" if isinstance(x, Value) else f"{x!r}"


def calling_line() -> str:
    """Return file and line of the innermost frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back and is_ours(frame):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def trace(
    function: Callable[..., Any], parameters: Sequence[Value], example: tuple[Any, ...]
) -> tuple[Tape, Any]:
    """Run a function once and return its tape, and the structure of its result.

    Args:
        function: of plain numbers or structures of them, that may also use the parameters.
        parameters: the Values that are shared by all samples, in the order of the gradient.
        example: one argument for each of the function's; only its structure lasts, and which
            branches it takes.
    Raises:
        TypeError: the function returns neither a number nor a structure of numbers.
    """
    numbers = [x.data if isinstance(x, Value) else x for x in flatten(example)]
    leaves = [Value(x, name=f"input {i}") for i, x in enumerate(numbers)]
    tracer = Tracer()
    with (
        tracing_classes([*parameters, *leaves]),
        mode(record=True, ieee=True, observer=tracer, differentiating=True, symbolic=traced),
    ):
        out = function(*rebuild(example, iter(leaves)))
    results = numbers_of(getattr(function, "__name__", "the function"), out)
    tape = Tape()
    places: dict[Any, int] = {}
    for xs, kept in ((parameters, tape.parameters), (leaves, tape.inputs)):
        for x in xs:
            places[x] = tape.leaf()
            kept.append(places[x])
    for x in results:
        tape.outputs.append(written(tape, places, x))
    for node, truth, text, source in tracer.decisions:
        tape.guards.append(Guard(written(tape, places, node), truth, text, source))
    return tape, structure_of(out)


def written(tape: Tape, places: dict[Any, int], root: Any) -> int:
    """Write what a result depends on to the tape, operands first, and return its place."""
    if not isinstance(root, Value):
        return tape.constant(root)
    if root in places:
        return places[root]
    node, rest, operands = root, iter(root.operands), list[int]()
    above = []  # nodes that wait for the one in hand: what is left of their operands, and found
    while True:
        for x in rest:
            if not isinstance(x, Value):
                continue  # plain operands are read with their node
            if x in places:
                operands.append(places[x])
            else:
                above.append((node, rest, operands))
                node, rest, operands = x, iter(x.operands), []
                break
        else:
            place = places[node] = row_of(tape, node, operands)
            if not above:
                return place
            node, rest, operands = above.pop()
            operands.append(place)


def row_of(tape: Tape, node: Value, places: list[int]) -> int:
    """Return the place of a node whose Values among the operands stand at the given places."""
    if node.op is None:
        return tape.constant(float(node.data))
    tape.recorded += 1
    if len(places) < len(node.operands):
        values = iter(places)
        places = [next(values) if isinstance(x, Value) else tape.constant(x) for x in node.operands]
    return tape.apply(node.op, tuple(places))
