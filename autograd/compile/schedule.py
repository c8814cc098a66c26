"""Scheduling: in which order nodes are computed, and which of them at once.

Nodes of one kind that are ready at the same time are computed together. The kind with the node
that has the longest way to go is taken first (list scheduling by critical path; it gave 762 groups
where levels gave 1,403), and inner products with shared weights wait until nothing else is ready,
so that a layer that is applied to many positions meets them all at once.

>>> kinds = {2: "a", 3: "b", 4: "a", 5: "b"}
>>> operands = {2: (0,), 3: (1,), 4: (3,), 5: (2, 4)}
>>> schedule(operands, kinds, set())
[('b', [3]), ('a', [2, 4]), ('b', [5])]
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Mapping
from typing import Any


def schedule(
    operands: Mapping[int, tuple[int, ...]],
    kinds: Mapping[int, Any],
    patient: Container[Any],
) -> list[tuple[Any, list[int]]]:
    """Return all nodes in groups of one kind, each group after those that it depends on.

    Args:
        operands: what each node depends on, in the order of the tape; others are leaves.
        kinds: the kind of each node.
        patient: kinds that wait until no other is ready.
    Cost: O(n log n) for n nodes and operands.
    """
    waiting, dependents = dependencies(operands)
    heights = heights_of(operands, dependents)
    ready = Ready(patient)
    for place, count in waiting.items():
        if not count:
            ready.add(kinds[place], place, heights[place])
    groups = []
    while ready:
        kind, members = ready.first()
        groups.append((kind, members))
        for member in members:
            for place in dependents.get(member, ()):
                waiting[place] -= 1
                if not waiting[place]:
                    ready.add(kinds[place], place, heights[place])
    return groups


def dependencies(
    operands: Mapping[int, tuple[int, ...]],
) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Return for each node how many operands it waits for, and who waits for it."""
    waiting: dict[int, int] = {}
    dependents: dict[int, list[int]] = {}
    for place, xs in operands.items():
        count = 0
        for x in xs:
            if x in operands:
                count += 1
                dependents.setdefault(x, []).append(place)
        waiting[place] = count
    return waiting, dependents


def heights_of(
    operands: Mapping[int, tuple[int, ...]], dependents: Mapping[int, list[int]]
) -> dict[int, int]:
    """Return how many nodes stand, at the most, between each node and the last result."""
    heights: dict[int, int] = {}
    for place in reversed(list(operands)):
        heights[place] = 1 + max([heights[x] for x in dependents.get(place, ())], default=0)
    return heights


class Ready:
    """Nodes that can be computed now, by kind; gives the most urgent kind first."""

    def __init__(self, patient: Container[Any]) -> None:
        self.patient = patient
        self.members: dict[Any, list[int]] = {}
        self.peak: dict[Any, int] = {}  # the greatest height of each kind's members
        self.rank: dict[Any, int] = {}  # kinds in the order they were met: a tie has one outcome
        self.heap: list[tuple[bool, int, int, Any]] = []

    def __bool__(self) -> bool:
        return bool(self.members)

    def add(self, kind: Any, place: int, height: int) -> None:
        """Add a node."""
        self.members.setdefault(kind, []).append(place)
        if height > self.peak.get(kind, 0):
            self.peak[kind] = height
            rank = self.rank.setdefault(kind, len(self.rank))
            heapq.heappush(self.heap, (kind in self.patient, -height, rank, kind))

    def first(self) -> tuple[Any, list[int]]:
        """Remove and return the most urgent kind that need not wait."""
        while True:
            _, height, _, kind = heapq.heappop(self.heap)
            if self.peak.get(kind) == -height:  # else an entry that was outgrown, or is gone
                del self.peak[kind]
                return kind, self.members.pop(kind)
