"""Which results of a stretch somebody else reads, or adds to the adjoints of: counted once.

>>> import numpy as np
>>> Counts(4, [np.array([1, 1, 3, -1])]).others(range(1, 4), [np.array([1, 3])])
{1}
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd.compile.lower.flow import Kept, needs_result, reads_in, reads_of, slots_of
from autograd.compile.lower.graph import Array
from autograd.compile.lower.program import Instruction, Loop, Program


class Counts:
    """How often each slot comes up in some tables of places; shared numbers do not count."""

    def __init__(self, slots: int, tables: Sequence[Array]) -> None:
        places = np.concatenate([np.empty(0, np.int32), *tables])
        self.counts = np.bincount(places[places >= 0], minlength=slots)

    def others(self, own: range, tables: Sequence[Array]) -> set[int]:
        """Return which of some slots come up more often than in these tables, which count too."""
        places = np.concatenate([np.empty(0, np.int32), *tables])
        inside = places[(places >= own.start) & (places < own.stop)] - own.start
        rest = self.counts[own.start : own.stop] - np.bincount(inside, minlength=len(own))
        return set((np.flatnonzero(rest) + own.start).tolist())


class Uses:
    """The uses of all slots of a program.

    Args: kept: rows whose slopes do not read operands, where they are in a stretch.
    """

    def __init__(self, program: Program, kept: Kept) -> None:
        self.kept = kept
        loops = [step for step in program.instructions if isinstance(step, Loop)]
        steps = [step for step in program.instructions if not isinstance(step, Loop)]
        ends = [program.outputs, program.watched]
        ends.append(np.array([guard.row for guard in program.guards], np.int32))
        read = [*map(read_places, steps), *ends]
        met = [*map(all_of, steps), program.outputs]
        for loop in loops:
            places, forward, backward = reads_in(loop, kept)
            read.append(places[:, forward | backward].ravel())
            met.append(places.ravel())
        self.read = Counts(program.slots, read)
        self.met = Counts(program.slots, met)

    def in_memory(self, steps: Sequence[Instruction]) -> set[int]:
        """Return which results of a stretch others read, or loops, or the way back."""
        plain = [step for step in steps if not isinstance(step, Loop)]
        found = self.read.others(results_of(steps), list(map(read_places, plain)))
        for step in plain:
            _, backward = reads_of(step, self.kept)
            found.update(all_of(step)[backward].tolist())
            if needs_result(step):
                found.update(slots_of(step))
        return found

    def met_by_others(self, steps: Sequence[Instruction]) -> set[int]:
        """Return the results of a stretch to whose adjoints others add, or its loops."""
        plain = [step for step in steps if not isinstance(step, Loop)]
        return self.met.others(results_of(steps), list(map(all_of, plain)))


def results_of(steps: Sequence[Instruction]) -> range:
    """Return the slots of the results of neighbouring instructions."""
    return range(steps[0].out, steps[-1].out + steps[-1].count)


def all_of(step: Instruction) -> Array:
    """Return the places of an instruction."""
    found: Array = step.places().ravel()
    return found


def read_places(step: Instruction) -> Array:
    """Return the places that an instruction reads, forward or backward."""
    return all_of(step)[np.logical_or(*reads_of(step))]
