"""Whose numbers are the newest: the Values' own, or arrays that compiled code trains on.

A compiled function moves its parameters in an array; writing a million of them back to their Values
after each step would cost more than the step. So a store that is ahead of its Values is noted here,
and hands its numbers over when anybody is about to read one: `settle`. While one is noted, all
operators go the long way, as in a mode, and the long way settles first.

`REVISION.count` moves whenever the number of any Value is set, and when a store becomes the latest
writer, so that compiled code finds out by comparing one integer.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from itertools import count, repeat
from typing import Any, Protocol

from autograd.modes import detours, modes_in_use


class Store(Protocol):
    """What is ahead of some Values."""

    def publish(self) -> None:
        """Give the Values their numbers, and take this store off the list."""


class Revision:
    """A counter that is set together with the numbers it counts the changes of.

    Attributes: `count`, and `latest`, the store that wrote last if it is ahead of its Values.
    """

    __slots__ = ("count", "latest")

    def __init__(self) -> None:
        self.count = 0
        self.latest: Store | None = None


REVISION = Revision()
# No two are the same, whichever thread asks.
new_revision = count(1).__next__
# The stores that are ahead of their Values, the latest written last.
ahead: dict[Any, None] = {}
settling = threading.RLock()
# The child of another thread has a lock of its own.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=settling._at_fork_reinit)  # type: ignore[attr-defined]


def settle() -> None:
    """Have every store that is ahead of its Values hand its numbers over, in order of writing."""
    if not ahead:
        return
    with settling:
        while ahead:
            next(iter(ahead)).publish()


def note_ahead(store: Store) -> None:
    """Note that a store has numbers that its Values have not; it is the latest writer."""
    detours[store] = None
    modes_in_use[store] = None
    ahead.pop(store, None)
    ahead[store] = None
    REVISION.latest = store
    REVISION.count = new_revision()


def note_level(store: Store) -> None:
    """Note that the Values of a store have its numbers."""
    if REVISION.latest is store:
        REVISION.latest = None
    # In one call, so that no signal comes in between.
    removals = map(dict.pop, (ahead, modes_in_use, detours), repeat(store), repeat(None))
    deque(removals, maxlen=0)
