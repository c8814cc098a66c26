"""Sine and cosine of one number are made together, and what the backward pass asks for is kept.

The slope of each is the other, and one function gives both for little more than one. So where the
backward pass will ask for the other, or the program has it anyway, both are made where the first of
them is computed. What no slot of the program holds gets one behind them all: in a loop, one in each
turn. The operand need not be kept then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograd import primitives as p
from autograd.compile.lower.program import Map
from autograd.compile.machine.registers import Moving, Slot
from autograd.compile.machine.turns import Named, Part, Turns
from autograd.primitive_type import Primitive

PARTNERS: dict[Primitive, Primitive] = {p.sin: p.cos, p.cos: p.sin}
Made = dict[tuple[Primitive, Slot], Slot]


class Keeping:
    """Gives slots to what is made beside the results of a program.

    Args: first: the first slot that is free.
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self.free = first

    def begin(self) -> None:
        """Take all slots back."""
        self.free = self.first

    @property
    def count(self) -> int:
        """How many slots were given."""
        return self.free - self.first

    def paired(self, parts: Sequence[Part]) -> list[Part]:
        """Return the parts of a stretch, with slots for what is made beside their results."""
        for part in parts:
            if isinstance(part, Turns):
                self.pair_turn(part)
        # A loop between them takes no part: its turns have been paired by themselves.
        plain = [part for part in parts if isinstance(part, Named)]
        paired = self.with_partners(plain, self.slot)
        pairs = iter(paired)
        return [next(pairs) if isinstance(part, Named) else part for part in parts]

    def pair_turn(self, loop: Turns) -> None:
        """Do the same for the turns of a loop, of which each has its own slots."""
        start = self.free
        # How far slots move from turn to turn has to be known before the first is given.
        there = made_by(loop.body)
        new = [new_partners(part, there) for part in loop.body]
        size = sum(map(len, new))

        def slot() -> Slot:
            first = self.slot()
            return Moving(first, size)

        loop.body = self.with_partners(loop.body, slot)
        for part in loop.body:
            loop.stored |= part.stored
        self.free = start + size * loop.turns

    def with_partners(self, parts: Sequence[Named], slot: Callable[[], Slot]) -> list[Named]:
        """Return instructions that stand side by side.

        What the backward pass asks for has to stand in memory, if it is a result, too.

        Args: slot: gives one that is free.
        """
        there = made_by(parts)
        found: list[Named] = []
        asked: set[Slot] = set()
        for part in parts:
            new = new_partners(part, there)
            kept = {x: slot() for x in new}
            paired = with_partner(part, there, kept)
            found.append(paired)
            if flows(paired):
                asked.update(paired.partners)
        # A result may be asked for by one that stands behind it, so all are paired by now.
        complete: list[Named] = []
        for part in found:
            stored = part.stored.union(part.made(asked))
            complete.append(part._replace(stored=stored))
        return complete

    def slot(self) -> int:
        """Return the next slot."""
        slot = self.free
        self.free += 1
        return slot


def made_by(parts: Sequence[Named]) -> Made:
    """Return the results of sines and cosines by the row and the operand."""
    found: Made = {}
    for part in parts:
        step = part.step
        if isinstance(step, Map) and step.op in PARTNERS:
            (operands,) = part.rows
            for operand, slot in zip(operands, part.results):
                found[step.op, operand] = slot
    return found


def flows(part: Named) -> bool:
    """Tell whether the backward pass asks for the partners of an instruction's results."""
    return isinstance(part.step, Map) and any(part.step.edges)


def new_partners(part: Named, there: Made) -> list[Slot]:
    """Return the operands of an instruction whose partners are asked for, and no results."""
    step = part.step
    if not isinstance(step, Map) or step.op not in PARTNERS:
        return []
    if not flows(part):
        return []
    other = PARTNERS[step.op]
    (operands,) = part.rows
    new = [x for x in operands if (other, x) not in there]
    # Each once, in their order.
    return list(dict.fromkeys(new))


def with_partner(part: Named, there: Made, kept: dict[Slot, Slot]) -> Named:
    """Return an instruction with the slots of its results' partners, if all have one.

    Args: there: results of the program; kept: slots for this instruction's own, by operand.
    """
    step = part.step
    if not isinstance(step, Map) or step.op not in PARTNERS:
        return part
    other = PARTNERS[step.op]
    known = dict(kept)
    for (op, operand), slot in there.items():
        if op is other:
            known.setdefault(operand, slot)
    (operands,) = part.rows
    # Members are computed together, so that all have partners or none.
    have_all = all(x in known for x in operands)
    if not have_all:
        return part
    partners = [known[x] for x in operands]
    slots = frozenset(kept.values())
    return part._replace(partners=partners, kept=slots)
