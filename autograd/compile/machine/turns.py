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

# Of slots that move unevenly, by name.
Tables = dict[str, Table]


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
    partners: list[Slot] = []
    kept: frozenset[Slot] = frozenset()

    def made(self, slots: set[Slot]) -> set[Slot]:
        """Return which of some slots are results of this instruction."""
        return slots.intersection(self.results)


def named(step: Instruction, slots: Sequence[Slot]) -> Named:
    """Return an instruction with its own results, and the given slots as it lists them."""
    count = step.count
    starts = range(0, len(slots), count)
    rows = [list(slots[start : start + count]) for start in starts]
    results: list[Slot] = list(range(step.out, step.out + count))
    return Named(step, results, rows)


def plain(step: Instruction, read: set[int], met: set[int]) -> Named:
    """Return an instruction outside of loops with its slots.

    Args:
        read: slots that are read from memory.
        met: slots to whose adjoints others add.
    """
    places = step.places().ravel()
    found = named(step, places.tolist())
    results = frozenset(slots_of(step))
    stored = results.intersection(read)
    return found._replace(stored=stored, alone=results - met)


def named_column(column: Table, table: str, tables: Tables) -> Slot:
    """Return the name of a slot that stands in these places, turn after turn.

    Args: table: a name for what moves unevenly, which is added to the `tables`.
    """
    moves = np.diff(column)
    first = int(column[0])
    stands_still = (moves == 0).all()
    if stands_still:
        return first
    is_even = (moves == moves[0]).all()
    if is_even:
        step = int(moves[0])
        return Moving(first, step)
    # Uneven moves take a look at memory in each turn.
    tables[table] = column
    return Moving(first, 0, table)


def places_of(slot: Slot, turns: int, tables: Tables) -> list[int]:
    """Return which places a name stands for, in so many turns."""
    if isinstance(slot, int):
        return [slot]
    if slot.table:
        table = tables[slot.table]
        found: list[int] = table.tolist()
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
        self.looked_at = self.own_results(flow.after)
        # What the next turn reads it takes from a register; what later ones read, from memory.
        read = self.slots()
        self.before: dict[Slot, Moving] = {}
        earlier: set[Slot] = set()
        for slot, ago in flow.carried.items():
            own = self.own(slot)
            wanted = self.of_turn_before(slot)
            if ago >= 1 and wanted in read:
                self.before[own] = wanted
            if ago > 1:
                earlier.add(own)
        self.looked_at |= earlier
        backward = map(self.own, flow.backward)
        self.stored: set[Slot] = {*backward, *self.looked_at}
        self.stored |= self.own_results(flow.checked)
        self.in_registers = not self.overlaps()

    def own(self, slot: int) -> Moving:
        """Return the name of what a turn computes, by its slot in the first turn."""
        return Moving(slot, self.stride)

    def own_results(self, slots: set[int]) -> set[Slot]:
        """Return the names of a turn's results that some slots of any turn are."""
        first = self.loop.out
        offsets = {(slot - first) % self.stride for slot in slots}
        return {self.own(first + offset) for offset in offsets}

    def of_turn_before(self, slot: int) -> Moving:
        """Return what a turn calls a result of the turn before it, by its slot in the first."""
        return Moving(slot - self.stride, self.stride)

    def instructions(self) -> Iterator[Named]:
        """Yield the instructions of a turn with the names of their slots."""
        # The columns of places are those of one instruction after the other.
        start = 0
        first_turn = self.loop.turn(0)
        for step in expanded_steps(first_turn):
            stop = start + step.places().size
            slots = [self.name(j) for j in range(start, stop)]
            results: list[Slot] = [self.own(slot) for slot in slots_of(step)]
            found = named(step, slots)
            yield found._replace(results=results)
            start = stop

    def name(self, j: int) -> Slot:
        """Return the name of the j-th place of a turn."""
        column = self.places[:, j]
        table = f"{self.prefix}_{j}"
        return named_column(column, table, self.tables)

    def slots(self) -> set[Slot]:
        """Return all slots that are read."""
        found: set[Slot] = set()
        for part in self.body:
            found.update(*part.rows)
        return found

    def still(self) -> list[int]:
        """Return the slots that are the same in all turns, and those of shared numbers."""
        still = [slot for slot in self.slots() if isinstance(slot, int)]
        return sorted(still)

    def overlaps(self) -> bool:
        """Tell whether a slot before the loop goes by several names."""
        # Two names of one place would be two registers, each with a part of the adjoint.
        seen: dict[int, Slot] = {}
        taken = [*self.slots(), *self.before.values()]
        for slot in taken:
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
        taken = {*self.looked_at, *self.before}
        met = {slot.first for slot in taken if isinstance(slot, Moving)}
        first = self.loop.out
        results = range(first, first + self.stride)
        alone = [slot for slot in results if slot not in met]
        distances = [turn * self.stride for turn in range(self.turns)]
        return [slot + distance for distance in distances for slot in alone]

    def description(self) -> str:
        """Return all of the loop as text."""
        lines = [f"{self.turns} turns of {self.stride} {self.in_registers}"]
        lines += map(instruction_text, self.body)
        stored = listed(self.stored)
        after = listed(self.looked_at)
        lines.append(f"stored {stored} after {after}")
        return "\n".join(lines)


Part = Named | Turns


def instruction_text(part: Named) -> str:
    """Return all of an instruction as text."""
    slots = f"{part.results} {part.rows} {part.partners}"
    sets = part.stored, part.alone, part.kept
    in_order = " ".join(map(listed, sets))
    return f"{description(part.step)} {slots} {in_order}"


def listed(slots: Iterable[Slot]) -> str:
    """Return slots as text, the same in every process."""
    texts = map(str, slots)
    return ", ".join(sorted(texts))


def description(step: Instruction) -> str:
    """Return all of an instruction but for its slots."""
    if isinstance(step, Map):
        return f"{step.op.name} {step.edges} {step.optional}"
    if isinstance(step, Total):
        return f"total {step.edges}"
    assert isinstance(step, Dot)
    return f"dot {step.edges} {step.optional} {len(step.left)}"
