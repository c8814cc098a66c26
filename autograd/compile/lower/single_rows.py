"""Instructions of one row each, as arrays until somebody wants them.

Of a long chain every operation is an instruction, and nearly all of them end up in loops, of which
one turn is left. So they become objects no sooner than it is known which are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.lower.graph import Array
from autograd.compile.lower.grouping import GroupKey
from autograd.compile.lower.program import Instruction, Map, Table, Total


class SingleRows(Sequence[Instruction]):
    """Instructions that apply a primitive or add up, and have one result each.

    Attributes:
        table: the group keys, those of dots included.
        numbers: the number of each instruction's key.
        outs: the slot of its result.
        starts: where its places begin among all, and where the last one's end.
        places: the slots of all operands.

    >>> keys = [GroupKey(p.sin, 1, False, (True,)), GroupKey(p.add, 2, False, (True, True))]
    >>> slots = np.array([0, 1, 0], np.int32)
    >>> rows = SingleRows(keys, np.array([0, 1]), np.array([1, 2]), np.array([1, 2]), slots)
    >>> rows[1].op.symbol, rows[1].out, rows[1].operands.tolist()
    ('+', 2, [[1], [0]])
    """

    def __init__(
        self, table: list[GroupKey], numbers: Array, outs: Array, sizes: Array, places: Table
    ) -> None:
        self.table = table
        self.numbers = numbers
        self.outs = outs
        ends = np.cumsum(sizes)
        self.starts = np.concatenate([[0], ends])
        self.places = places

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, i: Any) -> Any:
        number = self.numbers[i]
        start = self.starts[i]
        stop = self.starts[i + 1]
        operands = self.places[start:stop, None]
        out = int(self.outs[i])
        return instruction_of(self.table[number], out, operands)

    def kinds(self, known: dict[Any, int]) -> Array:
        """Return the number of each instruction's kind, of which new ones get the next."""
        kinds = []
        for key in self.table:
            # A kind is of no place, so any will do.
            operands = np.empty((key.arity, 1), np.int32)
            example = instruction_of(key, 0, operands)
            number = known.setdefault(example.kind(), len(known))
            kinds.append(number)
        of_keys = np.array(kinds, np.intp)
        found: Array = of_keys[self.numbers]
        return found


def instruction_of(key: GroupKey, out: int, operands: Table) -> Instruction:
    """Return the instruction of one row, or of several, which is no dot."""
    _, count = operands.shape
    if key.op is p.total:
        return Total(out, count, operands, key.flows[0])
    return Map(out, count, key.op, operands, key.flows, key.optional)


def made(steps: Sequence[Instruction | int], rows: Sequence[Instruction]) -> list[Instruction]:
    """Return instructions, and in place of numbers those of the rows that have them."""
    return [rows[step] if isinstance(step, int) else step for step in steps]
