"""The numbers of slots while a straight-line kernel runs: read once, kept in registers.

A slot is a number where it is the same in every turn of a loop; else a `Moving` one. Below zero it
is ~place of a shared number, which has no adjoint here.
"""

from __future__ import annotations

from typing import NamedTuple

from autograd.compile.machine import ir
from autograd.compile.machine.codegen import ARGUMENTS
from autograd.compile.machine.ir import Body, Operand


class Moving(NamedTuple):
    """A slot that moves from turn to turn of a loop.

    Attributes: the slot in the `first` turn; how many slots it moves in each, where that is even,
    or the name of a `table` of the slots of all turns.
    """

    first: int
    step: int
    table: str = ""


Slot = int | Moving


def is_shared(slot: Slot) -> bool:
    """Tell whether a slot is that of a number that all samples share."""
    first = slot if isinstance(slot, int) else slot.first
    return first < 0


def argument(name: str, element: str = "") -> Operand:
    """Return an argument of a kernel: an array of such elements, or a number."""
    type_ = ir.POINTER if element else ir.INTEGER
    names = ARGUMENTS.split(", ")
    place = names.index(name)
    return Operand(type_, f"%a{place}", element)


class Registers:
    """The numbers of slots in one array: values or adjoints.

    Args:
        base: the array, an argument of a kernel.
        width: how many lanes at once.
        lanes, lane: of a block, how many and the first of these; None where there is only one.
        turn: of a loop, counted from 0; None outside.
    """

    def __init__(
        self,
        body: Body,
        base: Operand,
        width: int,
        lanes: Operand | None = None,
        lane: Operand | None = None,
        turn: Operand | None = None,
    ) -> None:
        self.body = body
        self.base = base
        self.width = width
        self.type = ir.vector(base.element, width)
        self.lanes = lanes
        self.lane = lane
        self.turn = turn
        self.held: dict[Slot, Operand] = {}

    def in_turn(self, turn: Operand) -> Registers:
        """Return registers of the same array for a turn of a loop, with nothing in them."""
        return Registers(self.body, self.base, self.width, self.lanes, self.lane, turn)

    def of(self, name: str) -> Registers:
        """Return registers of the array that is another argument of the kernel."""
        base = argument(name, self.base.element)
        return Registers(self.body, base, self.width, self.lanes, self.lane, self.turn)

    def place(self, slot: Slot) -> Operand:
        """Return the number of a slot in this turn."""
        body = self.body
        if isinstance(slot, int):
            return ir.constant(slot)
        # Slots move in loops only.
        assert self.turn is not None
        if slot.table:
            table = Operand(ir.POINTER, f"@{slot.table}", ir.SHORT)
            address = ir.element(body, table, self.turn)
            return ir.loaded(body, address)
        step = ir.constant(slot.step)
        first = ir.constant(slot.first)
        moved = ir.arithmetic(body, "*", self.turn, step)
        return ir.arithmetic(body, "+", moved, first)

    def address(self, slot: Slot) -> str:
        """Return where a slot's numbers stand."""
        body = self.body
        index = self.place(slot)
        # The lanes of a slot stand side by side.
        if self.lanes is not None and self.lane is not None:
            row = ir.arithmetic(body, "*", index, self.lanes)
            index = ir.arithmetic(body, "+", row, self.lane)
        address = ir.element(body, self.base, index)
        return address.text

    def read(self, slot: Slot) -> Operand:
        """Return the numbers of a slot as they stand in memory."""
        body = self.body
        if is_shared(slot):
            code = self.place(slot)
            place = ir.inverted(body, code)
            shared = argument("shared", self.base.element)
            address = ir.element(body, shared, place)
            one = ir.loaded(body, address)
            return ir.converted(body, one, self.type)
        # A vector is aligned as its numbers are: a block begins anywhere.
        access = ir.memory(self.base.element)
        start = self.address(slot)
        found = body.let(f"load {self.type}, ptr {start}, {access}")
        return Operand(self.type, found)

    def write(self, slot: Slot, x: Operand) -> None:
        """Write the numbers of a slot to memory."""
        body = self.body
        x = ir.converted(body, x, self.type)
        access = ir.memory(self.base.element)
        start = self.address(slot)
        body.do(f"store {x.typed}, ptr {start}, {access}")

    def get(self, slot: Slot) -> Operand:
        """Return the numbers of a slot, which are read once."""
        if slot not in self.held:
            self.held[slot] = self.read(slot)
        return self.held[slot]

    def put(self, slot: Slot, x: Operand) -> None:
        """Keep new numbers of a slot, not yet in memory."""
        self.held[slot] = ir.converted(self.body, x, self.type)

    def store(self, slot: Slot) -> None:
        """Write what is kept of a slot to memory."""
        self.write(slot, self.held[slot])
