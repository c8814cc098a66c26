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
        places = all_in(tables)
        own = places[places >= 0]
        self.counts = np.bincount(own, minlength=slots)

    def others(self, own: range, tables: Sequence[Array]) -> set[int]:
        """Return which of some slots come up more often than in these tables, which count too."""
        start = own.start
        stop = own.stop
        places = all_in(tables)
        is_own = (places >= start) & (places < stop)
        inside = places[is_own] - start
        here = np.bincount(inside, minlength=len(own))
        # What is left of all counts is how often the rest of the program has them.
        everywhere = self.counts[start:stop]
        rest = everywhere - here
        found = np.flatnonzero(rest) + start
        slots = found.tolist()
        return set(slots)


def all_in(tables: Sequence[Array]) -> Array:
    """Return the places of all tables, one behind the other."""
    # NumPy joins no empty list.
    nothing = np.empty(0, np.int32)
    joined = [nothing, *tables]
    return np.concatenate(joined)


class Uses:
    """The uses of all slots of a program.

    Args: kept: rows whose slopes do not read operands, where they are in a stretch.
    """

    def __init__(self, program: Program, kept: Kept) -> None:
        self.kept = kept
        outputs = program.outputs
        rows = [guard.row for guard in program.guards]
        guarded = np.array(rows, np.int32)
        # Whoever is outside reads outputs, and the seed is added to their adjoints.
        read = [outputs, program.watched, guarded]
        met = [outputs]
        for step in program.instructions:
            if isinstance(step, Loop):
                places, forward, backward = reads_in(step, kept)
                is_read = forward | backward
                places_read = places[:, is_read]
                read.append(places_read.ravel())
                met.append(places.ravel())
            else:
                read.append(read_places(step))
                met.append(all_of(step))
        self.read = Counts(program.slots, read)
        self.met = Counts(program.slots, met)

    def in_memory(self, steps: Sequence[Instruction]) -> set[int]:
        """Return which results of a stretch others read, or loops, or the way back."""
        plain = [step for step in steps if not isinstance(step, Loop)]
        own = results_of(steps)
        read = [read_places(step) for step in plain]
        found = self.read.others(own, read)
        # The way back is another function, to which registers do not reach.
        for step in plain:
            _, backward = reads_of(step, self.kept)
            places = all_of(step)
            needed = places[backward]
            found.update(needed.tolist())
            if needs_result(step):
                found.update(slots_of(step))
        return found

    def met_by_others(self, steps: Sequence[Instruction]) -> set[int]:
        """Return the results of a stretch to whose adjoints others add, or its loops."""
        plain = [step for step in steps if not isinstance(step, Loop)]
        own = results_of(steps)
        met = [all_of(step) for step in plain]
        return self.met.others(own, met)


def results_of(steps: Sequence[Instruction]) -> range:
    """Return the slots of the results of neighbouring instructions."""
    first = steps[0]
    last = steps[-1]
    stop = last.out + last.count
    return range(first.out, stop)


def all_of(step: Instruction) -> Array:
    """Return the places of an instruction."""
    found: Array = step.places().ravel()
    return found


def read_places(step: Instruction) -> Array:
    """Return the places that an instruction reads, forward or backward."""
    forward, backward = reads_of(step)
    is_read = np.logical_or(forward, backward)
    places = all_of(step)
    return places[is_read]
