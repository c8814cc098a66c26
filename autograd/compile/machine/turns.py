"""Instructions with the slots of every member by name, and how those of a loop move.

>>> import numpy as np
>>> from autograd.compile.lower.program import Total
>>> named(Total(7, 1, np.array([[2], [5]], np.int32), True), [2, 5])
Named(step=Total(out=7, count=1, terms=array([[2],
       [5]], dtype=int32), edges=True), results=[7], rows=[[2], [5]], stored=frozenset(),
       alone=frozenset(), partners=[], kept=frozenset())
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from autograd.compile.lower.flow import NONE, Kept, flow_of, slots_of
from autograd.compile.lower.program import (
    Dot,
    Instruction,
    Loop,
    Map,
    Program,
    Table,
    Total,
    all_places,
    expanded_steps,
)
from autograd.compile.machine.registers import Moving, Slot

Tables = dict[str, Table]  # of slots that move unevenly, by name


class Named(NamedTuple):
    """An instruction with the slots of its members.

    Attributes: `results`, a slot for each member; `rows`, a list of slots for each operand: those
    of a dot are its bias, the left sides and the right sides; `stored`, which results have to
    stand in memory afterwards; `alone`, which results nobody adds to the adjoints of but the
    stretch itself, outside of loops; `partners`, where what is made beside the results goes, if
    anything is, and `kept`, which of these are results of no instruction.
    """

    step: Instruction
    results: list[Slot]
    rows: list[list[Slot]]
    stored: frozenset[Slot] = frozenset()
    alone: frozenset[Slot] = frozenset()
    partners: list[Slot] = []  # noqa: RUF012  # of a tuple, and never changed
    kept: frozenset[Slot] = frozenset()


def named(step: Instruction, slots: Sequence[Slot]) -> Named:
    """Return an instruction with its own results, and the given slots as it lists them."""
    rows = [list(slots[i : i + step.count]) for i in range(0, len(slots), step.count)]
    return Named(step, list(range(step.out, step.out + step.count)), rows)


def plain(step: Instruction, read: set[int], met: set[int]) -> Named:
    """Return an instruction outside of loops with its slots.

    Args:
        read: slots that are read from memory.
        met: slots to whose adjoints others add.
    """
    found = named(step, step.places().ravel().tolist())
    return found._replace(
        stored=frozenset(read.intersection(slots_of(step))),
        alone=frozenset(slots_of(step)) - met,
    )


def named_column(column: Table, table: str, tables: Tables) -> Slot:
    """Return the name of a slot that stands in these places, turn after turn.

    Args: table: a name for what moves unevenly, which is added to the `tables`.
    """
    moves = np.diff(column)
    first = int(column[0])
    if (moves == 0).all():
        return first
    if (moves == moves[0]).all():
        return Moving(first, int(moves[0]))
    tables[table] = column
    return Moving(first, 0, table)


def places_of(slot: Slot, turns: int, tables: Tables) -> list[int]:
    """Return which places a name stands for, in so many turns."""
    if isinstance(slot, int):
        return [slot]
    if slot.table:
        found: list[int] = tables[slot.table].tolist()
        return found
    return [slot.first + slot.step * turn for turn in range(turns)]


class Turns:
    """A loop of simple instructions, ready to be written out.

    Attributes:
        body: the instructions of a turn.
        before: for each slot that a turn computes and the next one reads, what that is called
            there.
        stored: what has to stand in memory afterwards: for the backward pass, for others.
        looked_at: what is read behind the loop, so that adjoints may come from there.
        tables: of slots that move unevenly, by name.
        in_registers: whether no slot goes by two names, so that adjoints can be kept in registers.
    """

    def __init__(self, loop: Loop, program: Program, prefix: str, kept: Kept = NONE) -> None:
        self.loop = loop
        self.turns = loop.turns
        self.stride = loop.stride
        self.tables: Tables = {}
        self.prefix = prefix
        self.places = all_places(loop.body, loop.columns())
        self.body = list(self.instructions())
        flow = flow_of(loop, program, kept)
        self.looked_at = {self.own(loop.out + place) for place in self.offsets(flow.after)}
        self.before = {
            self.own(slot): Moving(slot - self.stride, self.stride)
            for slot, ago in flow.carried.items()
            if ago >= 1 and self.is_read_next(slot)
        }
        earlier = {self.own(slot) for slot, ago in flow.carried.items() if ago > 1}
        checked = {self.own(loop.out + place) for place in self.offsets(flow.checked)}
        self.stored: set[Slot] = {self.own(slot) for slot in flow.backward}
        self.stored |= self.looked_at | earlier
        self.stored |= checked
        self.looked_at |= earlier
        self.in_registers = not self.overlaps()

    def own(self, slot: int) -> Moving:
        """Return the name of what a turn computes, by its slot in the first turn."""
        return Moving(slot, self.stride)

    def offsets(self, slots: set[int]) -> set[int]:
        """Return which of a turn's results some slots of any turn are."""
        return {(slot - self.loop.out) % self.stride for slot in slots}

    def is_read_next(self, slot: int) -> bool:
        """Tell whether a turn reads what the turn before it computed."""
        wanted = Moving(slot - self.stride, self.stride)
        return any(wanted in row for part in self.body for row in part.rows)

    def instructions(self) -> Iterator[Named]:
        """Yield the instructions of a turn with the names of their slots."""
        start = 0
        for step in expanded_steps(self.loop.turn(0)):
            size = step.places().size
            slots = [self.name(j) for j in range(start, start + size)]
            results: list[Slot] = [self.own(slot) for slot in slots_of(step)]
            yield named(step, slots)._replace(results=results)
            start += size

    def name(self, j: int) -> Slot:
        """Return the name of the j-th place of a turn."""
        return named_column(self.places[:, j], f"{self.prefix}_{j}", self.tables)

    def slots(self) -> set[Slot]:
        """Return all slots that are read."""
        return {slot for part in self.body for row in part.rows for slot in row}

    def still(self) -> list[int]:
        """Return the slots that are the same in all turns, and those of shared numbers."""
        return sorted(slot for slot in self.slots() if isinstance(slot, int))

    def overlaps(self) -> bool:
        """Tell whether a slot before the loop goes by several names."""
        seen: dict[int, Slot] = {}
        for slot in [*self.slots(), *self.before.values()]:
            for place in self.covered(slot):
                is_before = 0 <= place < self.loop.out
                if is_before and seen.setdefault(place, slot) != slot:
                    return True
        return False

    def covered(self, slot: Slot) -> list[int]:
        """Return which places a name stands for, in all turns."""
        return places_of(slot, self.turns, self.tables)

    def without_adjoints(self) -> list[int]:
        """Return the slots, in all turns, whose adjoints are never read from memory."""
        met = {slot.first for slot in {*self.looked_at, *self.before} if isinstance(slot, Moving)}
        first = self.loop.out
        alone = [slot for slot in range(first, first + self.stride) if slot not in met]
        return [slot + turn * self.stride for turn in range(self.turns) for slot in alone]

    def description(self) -> str:
        """Return all of the loop as text."""
        lines = [f"{self.turns} turns of {self.stride} {self.in_registers}"]
        lines += map(instruction_text, self.body)
        return "\n".join([*lines, f"stored {listed(self.stored)} after {listed(self.looked_at)}"])


Part = Named | Turns


def instruction_text(part: Named) -> str:
    """Return all of an instruction as text."""
    slots = f"{part.results} {part.rows} {part.partners}"
    sets = " ".join(map(listed, (part.stored, part.alone, part.kept)))
    return f"{description(part.step)} {slots} {sets}"


def listed(slots: Iterable[Slot]) -> str:
    """Return slots as text, the same in every process."""
    return ", ".join(sorted(map(str, slots)))


def description(step: Instruction) -> str:
    """Return all of an instruction but for its slots."""
    if isinstance(step, Map):
        return f"{step.op.name} {step.edges} {step.optional}"
    if isinstance(step, Total):
        return f"total {step.edges}"
    assert isinstance(step, Dot)
    return f"dot {step.edges} {step.optional} {len(step.left)}"
