"""Operations of the table on numbers in registers, and their slopes, read off the rules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from autograd.compile.machine import elementary, ir
from autograd.compile.machine.functions import INLINE, function_of
from autograd.compile.machine.intrinsics import LANES
from autograd.compile.machine.ir import BIT, INTEGER, Body, Operand
from autograd.compile.machine.predicated import Library
from autograd.compile.machine.translate import Untranslatable
from autograd.compile.sources import NoSource
from autograd.compile.tracing.rules import ancestors, rules_of
from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive
from autograd.primitives import cos, neg, pos, sin


@cache
def is_written(op: Primitive, edges: tuple[bool, ...]) -> bool:
    """Tell whether a primitive and its slopes can be written out for vectors."""
    library = Library(elementary.INSTEAD)
    type_ = ir.vector(ir.DOUBLE, LANES)
    numbers = [Operand(type_, f"%x{i}") for i in range(len(edges))]
    writer = Arithmetic(library, Body())
    try:
        out = writer.applied(op, numbers)
        writer.slopes(op, numbers, out, edges)
    except (Untranslatable, NoSource, TypeError, AttributeError, KeyError):
        return False
    return True


class Arithmetic:
    """Writes operations of the table on numbers in registers."""

    def __init__(self, library: Library, body: Body) -> None:
        self.library = library
        self.body = body

    def applied(self, op: Primitive, operands: Sequence[Operand]) -> Operand:
        """Return the result of a primitive."""
        body = self.body
        # Operators need no function.
        if op in INLINE:
            return ir.arithmetic(body, INLINE[op], *operands)
        x = operands[0]
        if op is neg:
            found = body.let(f"fneg {x.typed}")
            return Operand(x.type, found)
        if op is pos:
            return x
        function = function_of(op)
        result = self.library.result(function, operands, body)
        is_mask = ir.one_of(result.type) == BIT
        return ir.converted(body, result, x.type) if is_mask else result

    def with_partner(self, op: Primitive, x: Operand) -> tuple[Operand, Operand]:
        """Return the sine or the cosine of a number, and the other one."""
        function = elementary.sine_with_cosine
        operands = [x]
        both = self.library.result(function, operands, self.body)
        sine, cosine = both.parts
        if op is sin:
            return sine, cosine
        return cosine, sine

    def slopes(
        self,
        op: Primitive,
        operands: Sequence[Operand],
        out: Operand,
        edges: Sequence[bool],
        partner: Operand | None = None,
    ) -> list[tuple[Operand, Operand | None]]:
        """Return for each edge its slope, and where there is none: a mask, or None for nowhere.

        Args: partner: of a sine or a cosine, the other one.
        """
        rules = rules_of(op, len(operands), edges)
        numbers = [*operands, out]
        found = dict(zip(rules.inputs, numbers))
        for place, number in rules.constants.items():
            found[place] = ir.constant(number)
        # A trace is in order: operands stand before what is made of them.
        needed = ancestors(rules, rules.outputs)
        for place in sorted(needed):
            rule = rules.ops[place]
            # The only sine or cosine in the slope of one is its partner.
            if partner is not None and rule in (sin, cos):
                found[place] = partner
            elif rule is not None:
                operands_there = rules.operands[place]
                numbers = [found[x] for x in operands_there]
                found[place] = self.applied(rule, self.alike(numbers, out))
        # The slopes come first, and then for each where there is none.
        count = sum(edges)
        places = rules.outputs[:count]
        masked = rules.outputs[count:]
        masks = [self.mask_of(rules, found, place) for place in masked]
        slopes = [found[place] for place in places]
        return list(zip(slopes, masks))

    def alike(self, numbers: Sequence[Operand], model: Operand) -> list[Operand]:
        """Return numbers of which constants have as many lanes as the others."""
        lanes = ir.lanes_of(model.type)
        found = list(numbers)
        if lanes == 1:
            return found
        for i, x in enumerate(numbers):
            if ir.lanes_of(x.type) != lanes:
                number = as_number(x)
                found[i] = ir.spread(self.body, number, lanes)
        return found

    def mask_of(self, rules: Tape, found: dict[int, Operand], place: int) -> Operand | None:
        """Return where a result is constant in an operand; None where it never is."""
        if rules.constants.get(place) is False:
            return None
        number = found[place]
        return ir.truth(self.body, number)


def as_number(x: Operand) -> Operand:
    """Return a constant integer or bool as a double."""
    if x.type == INTEGER:
        number = int(x.text)
        return ir.constant(float(number))
    if x.type == BIT:
        truth = x.text == "true"
        return ir.constant(float(truth))
    return x
