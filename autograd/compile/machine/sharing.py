"""Stretches that do the same on other slots share one function, which is told which one it is.

A loop with a product of matrices in its turns is expanded, and has the same stretch in each turn.
To compile all of them would take as many times as long, for nothing: their slots move from one to
the next as those of a loop's turns do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.compile.machine.registers import Slot
from autograd.compile.machine.turns import (
    Named,
    Part,
    Tables,
    Turns,
    description,
    named_column,
    places_of,
)


class Shared(NamedTuple):
    """What one function computes.

    Attributes:
        parts: of the first of the stretches, with slots that move from one to the next.
        tables: of slots that move unevenly, by name.
        places: how many stretches there are.
    """

    parts: list[Part]
    tables: Tables
    places: int

    def without_adjoints(self) -> list[int]:
        """Return the slots, at all places, whose adjoints are never read from memory."""
        slots: list[int] = []
        for part in self.parts:
            if isinstance(part, Turns):
                slots += part.without_adjoints()
                continue
            for slot in part.alone:
                slots += places_of(slot, self.places, self.tables)
        return slots


def shape_of(parts: Sequence[Part]) -> tuple[Any, list[int]]:
    """Return all of a stretch but for its slots, and these, in the order in which they come up."""
    numbers: dict[Any, int] = {}
    lines: list[Any] = []
    for part in parts:
        # A loop shares with nobody.
        if isinstance(part, Turns):
            return id(part), []
        # Slots go by when they first come up: two stretches are alike if these numbers are.
        rows = [part.results, *part.rows, part.partners, sorted(part.kept)]
        line: list[Any] = [description(part.step)]
        for row in rows:
            numbered = [numbers.setdefault(slot, len(numbers)) for slot in row]
            line.append(tuple(numbered))
        lines.append(tuple(line))
    # A shared number has other code than a slot has.
    signs = tuple(slot < 0 for slot in numbers)
    return (tuple(lines), signs), list(numbers)


def shared(stretches: Sequence[Sequence[Part]], prefix: str) -> Shared:
    """Return what several stretches of the same shape have in common, or one that is alone.

    What any of them stores, all do; adjoints are in registers where they are in all.
    """
    first, *others = stretches
    if not others:
        own_tables: Tables = {}
        for part in first:
            if isinstance(part, Turns):
                own_tables |= part.tables
        return Shared(list(first), own_tables, 1)
    rows: list[list[int]] = []
    for parts in stretches:
        _, own_slots = shape_of(parts)
        rows.append(own_slots)
    # The j-th slot of each stretch is one slot that moves, like that of a loop's turns.
    tables: Tables = {}
    slots: list[Slot] = []
    columns = np.array(rows).T
    for j, column in enumerate(columns):
        slot = named_column(column, f"{prefix}_{j}", tables)
        slots.append(slot)
    names = [dict(zip(row, slots)) for row in rows]
    side_by_side = zip(*stretches, strict=True)
    found: list[Part] = [moving(same, names) for same in side_by_side]
    return Shared(found, tables, len(stretches))


def moving(same: Sequence[Any], names: Sequence[Mapping[int, Slot]]) -> Named:
    """Return one instruction for those that stand at the same place of each stretch.

    Args: names: of the slots of each stretch.
    """
    first = same[0]
    name = names[0]
    stored: set[Slot] = set()
    alone: list[set[Slot]] = []
    for part, own_name in zip(same, names, strict=True):
        stored.update(own_name[x] for x in part.stored)
        alone.append({own_name[x] for x in part.alone})
    in_all = set.intersection(*alone)

    def renamed(slots: Iterable[int]) -> list[Slot]:
        return [name[x] for x in slots]

    kept = renamed(first.kept)
    return Named(
        first.step,
        results=renamed(first.results),
        rows=[renamed(row) for row in first.rows],
        stored=frozenset(stored),
        alone=frozenset(in_all),
        partners=renamed(first.partners),
        kept=frozenset(kept),
    )
