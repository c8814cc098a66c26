"""The numbers of parameters, kept level between Values, `parameters` arrays and steps of descent.

Compiled code reads its parameters from an array of its own. Functions that are compiled for the
same Values share a store, which knows where the newest numbers stand: in the Values, or in the
array of the function that wrote last. The last writer wins; nothing is copied until it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from autograd.atomic import set_attributes
from autograd.newest import REVISION, ahead, new_revision, note_ahead, note_level, settle
from autograd.value import Value

Array = np.ndarray[Any, Any]
stores: WeakValueDictionary[tuple[int, ...], ParameterStore] = WeakValueDictionary()


class ParameterStore:
    """The newest numbers of some Values, for all functions that are compiled for just these.

    Attributes: `numbers`, the newest, perhaps the array of the function that wrote them, which a
    caller may hold and change in place; `theirs`, those of the Values when both were level;
    `version`, which moves when numbers do; `revision`, the revision of all Values at that time.
    """

    def __init__(self, values: Sequence[Value]) -> None:
        self.values = list(values)
        self.numbers = self.theirs = np.empty(len(self.values))
        self.version = 0
        self.revision = -1

    def catch_up(self, own: Array) -> None:
        """Take over what was written elsewhere since the last call: most often nothing.

        Args: own: the array of the function that asks, which its caller may hold.
        """
        if ahead and (len(ahead) > 1 or self not in ahead):
            settle()
        if self.revision != REVISION.count:
            self.pull(own)

    def pull(self, own: Array) -> None:
        """Take the numbers of those Values that were set; what was set in the array stays."""
        settle()
        # Read before the numbers: one that is set meanwhile is read again next time.
        revision = REVISION.count
        numbers = np.array([x._data for x in self.values], float)
        if self.version == 0:
            self.numbers = numbers.copy()
            self.version = 1
        else:
            moved = bits(numbers) != bits(self.theirs)
            if moved.any():
                # Another function may be at work on its array; and floats of 32 bits would round.
                if self.numbers is not own or own.dtype != float:
                    self.numbers = np.array(self.numbers, float)
                self.numbers[moved] = numbers[moved]
                self.version += 1
        self.theirs = numbers
        self.revision = revision

    def wrote(self, numbers: Array) -> int:
        """Note that a function wrote new numbers to its array, and return their version."""
        self.numbers = numbers
        self.version += 1
        # From now on whoever reads a Value of these has it handed over first.
        if REVISION.latest is not self and self.values:
            level = self.revision == REVISION.count
            note_ahead(self)
            if level:
                self.revision = REVISION.count
        return self.version

    def publish(self) -> None:
        """Give the Values the numbers, in one call that no signal interrupts."""
        theirs = np.array([x._data for x in self.values], float)
        # A Value whose number is the same keeps it as it was written: an int, a fraction.
        changed = self.changed(theirs)
        if changed:
            targets = [self.values[i] for i in changed]
            revision = new_revision()
            set_attributes(
                [*targets, REVISION, self],
                [*repeat("_data", len(targets)), "count", "revision"],
                [*self.numbers[changed].tolist(), revision, revision],
            )
            theirs[changed] = self.numbers[changed]
        self.theirs = theirs
        note_level(self)

    def changed(self, theirs: Array) -> list[int]:
        """Return which numbers are others than those of the Values, as far as their type tells.

        So a Fraction that nobody changed stays exact, and looking at an array of float32 does not
        round the Values.
        """
        rounded = theirs.astype(self.numbers.dtype)
        return np.flatnonzero(bits(rounded) != bits(self.numbers)).tolist()


def bits(numbers: Array) -> Array:
    """Return the bits of floats as integers, so that zeros of either sign are told apart."""
    return numbers.view(f"i{numbers.itemsize}")


def store_of(values: Sequence[Value]) -> ParameterStore:
    """Return the store of just these Values in this order, which others may have already.

    It goes when the last function that uses it goes; as it holds the Values, their ids stay theirs.
    """
    key = tuple(map(id, values))
    store = stores.get(key)
    if store is None:
        store = stores[key] = ParameterStore(values)
    return store
