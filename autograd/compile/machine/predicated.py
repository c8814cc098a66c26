"""Functions without branches: every lane takes its own way, and choices are made at the end.

In a vector the lanes cannot go different ways. So both sides of a branch are computed, and of each
variable every lane keeps what its own side gave; a call of the C library is made only where some
lane asks for it. The same lines with one lane give the same bits.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from autograd.compile.machine import ir
from autograd.compile.machine.ir import BIT, Body, Operand
from autograd.compile.machine.translate import (
    FUNCTIONS,
    Emitter,
    FunctionWriter,
    Module,
    Side,
    Untranslatable,
    called,
    function_text,
    renamed,
    type_text,
    whole,
)
from autograd.compile.sources import Source, source_of

# Of a function that is written out where it is called.
MAX_LINES_INLINE = 12


class PredicatedWriter(FunctionWriter):
    """Writes a function for operands into the lines of another.

    Attributes: `active`, in which lanes a statement counts, None for all; `returned`, which lanes
    have their result.
    """

    def __init__(
        self, module: Module, source: Source, operands: Sequence[Operand], body: Body
    ) -> None:
        super().__init__(module, source, operands, {})
        self.body = body
        self.values: dict[str, Operand] = {}
        self.active: Operand | None = None
        self.result: Operand | None = None
        self.returned: Operand | None = None
        self.done = False

    def written(self) -> Operand:
        """Write all lines, and return the result.

        Raises: Untranslatable: there is none, or a loop.
        """
        for name, x in self.arguments.items():
            self.assign(name, x)
        self.block(self.source.body)
        if self.result is None:
            raise Untranslatable(f"{self.source.name} returns nothing")
        return self.result

    def assign(self, name: str, x: Operand) -> None:
        """Set a variable in the active lanes."""
        # All others keep what they had; what nobody had yet, nobody else will read.
        old = self.values.get(name)
        if self.active is not None and old is not None:
            x = ir.chosen(self.body, self.active, x, old)
        self.values[name] = x
        self.types[name] = x

    def variable(self, name: str) -> Operand:
        """Return what a variable holds."""
        return self.values[name]

    def block(self, nodes: Sequence[ast.stmt]) -> None:
        """Write statements, up to one after which no lane goes on."""
        for node in nodes:
            if self.done:
                return
            self.statement(node)

    def write_return(self, node: ast.Return) -> None:
        """Set the result of the active lanes, which are done then."""
        if node.value is None:
            raise self.refuse(node)
        body = self.body
        x = self.expression(node.value)
        if self.returned is not None:
            # Some lanes have their result, and keep it.
            assert self.result is not None
            x = ir.chosen(body, self.returned, self.result, x)
        if self.active is None:
            self.result = x
            self.done = True
            return
        if self.result is not None:
            x = ir.chosen(body, self.active, x, self.result)
        self.result = x
        self.returned = self.joined("|", self.returned, self.active)

    def joined(self, sign: str, x: Operand | None, y: Operand) -> Operand:
        """Return two masks as one."""
        if x is None:
            return y
        return ir.arithmetic(self.body, sign, x, y)

    def write_if(self, node: ast.If) -> None:
        """Write both sides, each for its own lanes."""
        certain = self.certain(node.test)
        if certain is not None:
            self.block(node.body if certain else node.orelse)
            return
        condition = self.condition(node.test)
        outside = self.active
        self.active = self.joined("&", outside, condition)
        self.block(node.body)
        otherwise = ir.opposite(self.body, condition)
        self.active = self.joined("&", outside, otherwise)
        self.block(node.orelse)
        self.active = outside

    def write_while(self, node: ast.While) -> None:
        """Refuse a loop, of which every lane may have other turns."""
        raise self.refuse(node)

    def write_for(self, node: ast.For) -> None:
        """Refuse a loop."""
        raise self.refuse(node)

    def either(self, condition: Operand, first: Side, second: Side, node: ast.expr) -> Operand:
        """Return one of two; what is not cheap is computed only where some lane asks for it."""
        body = self.body
        write, is_cheap = first
        write_other, other_is_cheap = second
        if is_cheap and other_is_cheap:
            x = write()
            y = write_other()
        elif ir.lanes_of(condition.type) == 1:
            return self.one_side(condition, write, write_other)
        else:
            opposite = ir.opposite(body, condition)
            x = self.where_asked(condition, write, is_cheap)
            y = self.where_asked(opposite, write_other, other_is_cheap)
        return ir.chosen(body, condition, x, y)

    def one_side(
        self, condition: Operand, write: Callable[[], Operand], instead: Callable[[], Operand]
    ) -> Operand:
        """Return one of two for a single lane, of which the other is not computed."""
        body = self.body
        there, elsewhere, after = body.labels(3)
        body.branch(condition.text, there, elsewhere)
        body.begin(there)
        x = write()
        end = body.block
        body.jump(after)
        body.begin(elsewhere)
        y = instead()
        other_end = body.block
        body.begin(after)
        if x.kind == y.kind:
            return ir.merged(body, x, end, y, other_end)
        # Of two kinds each is there alone, and one is chosen and converted behind both.
        no_x = ir.poison(x)
        no_y = ir.poison(y)
        first = ir.merged(body, x, end, no_x, other_end)
        second = ir.merged(body, no_y, end, y, other_end)
        return ir.chosen(body, condition, first, second)

    def where_asked(self, mask: Operand, write: Callable[[], Operand], is_cheap: bool) -> Operand:
        """Return what is computed if any lane asks for it."""
        body = self.body
        if is_cheap:
            return write()
        # Where no lane asks, the branch skips it all, and what comes out is looked at by nobody.
        some = any_lane(body, mask)
        before = body.block
        there = body.label()
        after = body.label()
        body.branch(some, there, after)
        body.begin(there)
        x = write()
        end = body.block
        body.begin(after)
        nothing = ir.poison(x)
        return ir.merged(body, x, end, nothing, before)

    def called(self, function: Any, operands: Sequence[Operand], node: ast.AST) -> Operand:
        """Return the result of a function for operands, written out here."""
        return applied(self.module, function, operands, self.body)


def any_lane(body: Body, mask: Operand) -> str:
    """Return whether a mask is true in any lane."""
    lanes = ir.lanes_of(mask.type)
    if lanes == 1:
        return mask.text
    return body.call(BIT, f"llvm.vector.reduce.or.v{lanes}i1", mask)


def applied(module: Module, function: Any, operands: Sequence[Operand], body: Body) -> Operand:
    """Return the result of a function for operands, all written into the same lines.

    Raises: Untranslatable, NoSource.
    """
    if isinstance(function, Emitter):
        found = function.write(body, *operands)
        # Functions of numbers return one.
        assert found is not None
        return found
    if function in FUNCTIONS:
        write = FUNCTIONS[function]
        return write(body, *operands)
    source = function if isinstance(function, Source) else source_of(function)
    writer = PredicatedWriter(module, source, operands, body)
    return writer.written()


class Library:
    """Functions of vectors, each written once and called where it is long.

    Args:
        instead: functions in place of others, such as of one's own in place of C's.
        convention: by which they are called, "" for C's, or see `objects.vector_convention`.
    """

    def __init__(self, instead: dict[Any, Any], convention: str = "") -> None:
        self.module = Module(instead)
        self.convention = convention
        self.made: dict[Any, tuple[str, Operand, int]] = {}

    def result(self, function: Any, operands: Sequence[Operand], body: Body) -> Operand:
        """Return the result of a function for operands: written out if it is short, or called.

        Raises: Untranslatable, NoSource.
        """
        module = self.module
        function = module.instead.get(function, function)
        if isinstance(function, Emitter) or function in FUNCTIONS:
            return applied(module, function, operands, body)
        source = function if isinstance(function, Source) else source_of(function)
        # It has to be written once to know how long it is.
        name, result, lines = self.function(source, operands)
        if lines <= MAX_LINES_INLINE:
            return applied(module, source, operands, body)
        return called(body, name, result, operands, self.convention)

    def function(self, source: Source, operands: Sequence[Operand]) -> tuple[str, Operand, int]:
        """Return the name of a function for operands of these types, its result's kind, its length.

        The length is in lines.
        """
        kinds = tuple(x.kind for x in operands)
        key = source, kinds
        if key not in self.made:
            module = self.module
            inner = Body()
            arguments = [renamed(x, i) for i, x in enumerate(operands)]
            result = applied(module, source, arguments, inner)
            found = whole(inner, result)
            inner.do(f"ret {type_text(result)} {found}")
            name = f"{source.name}.p{len(self.made)}"
            linkage = f"internal {self.convention}"
            text = function_text(linkage, name, arguments, result, inner, " noinline")
            module.functions.append(text)
            module.declared |= inner.declared
            self.made[key] = name, result, len(inner.lines)
        return self.made[key]
