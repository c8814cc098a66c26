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
    numbers = [Operand(ir.vector(ir.DOUBLE, LANES), f"%x{i}") for i in range(len(edges))]
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
        if op in INLINE:
            return ir.arithmetic(body, INLINE[op], *operands)
        if op is neg:
            return Operand(operands[0].type, body.let(f"fneg {operands[0].typed}"))
        if op is pos:
            return operands[0]
        found = self.library.result(function_of(op), operands, body)
        is_mask = ir.one_of(found.type) == BIT
        return ir.converted(body, found, operands[0].type) if is_mask else found

    def with_partner(self, op: Primitive, x: Operand) -> tuple[Operand, Operand]:
        """Return the sine or the cosine of a number, and the other one."""
        sine, cosine = self.library.result(elementary.sine_with_cosine, [x], self.body).parts
        return (sine, cosine) if op is sin else (cosine, sine)

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
        count = sum(edges)
        found = dict(zip(rules.inputs, [*operands, out]))
        found |= {place: ir.constant(x) for place, x in rules.constants.items()}
        for place in sorted(ancestors(rules, rules.outputs)):
            rule = rules.ops[place]
            if partner is not None and rule in (sin, cos):
                found[place] = partner
            elif rule is not None:
                numbers = [found[x] for x in rules.operands[place]]
                found[place] = self.applied(rule, self.alike(numbers, out))
        masks = [self.mask_of(rules, found, place) for place in rules.outputs[count:]]
        return list(zip((found[place] for place in rules.outputs[:count]), masks))

    def alike(self, numbers: Sequence[Operand], model: Operand) -> list[Operand]:
        """Return numbers of which constants have as many lanes as the others."""
        lanes = ir.lanes_of(model.type)
        if lanes == 1 or all(ir.lanes_of(x.type) == lanes for x in numbers):
            return list(numbers)
        return [
            x if ir.lanes_of(x.type) == lanes else ir.spread(self.body, as_number(x), lanes)
            for x in numbers
        ]

    def mask_of(self, rules: Tape, found: dict[int, Operand], place: int) -> Operand | None:
        """Return where a result is constant in an operand; None where it never is."""
        if rules.constants.get(place) is False:
            return None
        return ir.truth(self.body, found[place])


def as_number(x: Operand) -> Operand:
    """Return a constant integer or bool as a double."""
    if x.type == INTEGER:
        return ir.constant(float(int(x.text)))
    return ir.constant(float(x.text == "true")) if x.type == BIT else x
