"""Scheduling: in which order nodes are computed, and which of them at once.

Nodes of one kind that are ready at the same time are computed together. The kind with the node
that has the longest way to go is taken first (list scheduling by critical path; it gave 762 groups
where levels gave 1,403), and inner products with shared weights wait until nothing else is ready,
so that a layer that is applied to many positions meets them all at once.

>>> kinds = np.array([-1, -1, 0, 1, 0, 1])  # the first two rows are leaves
>>> children, parents = np.array([2, 3, 4, 5, 5]), np.array([0, 1, 3, 2, 4])
>>> schedule(kinds, children, parents, [False, False])
[(1, [3]), (0, [2, 4]), (1, [5])]
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence

import numpy as np

from autograd.compile.lower.graph import Array, compact

HALF = 32  # bits


def schedule(
    kinds: Array, children: Array, parents: Array, patient: Sequence[bool]
) -> list[tuple[int, list[int]]]:
    """Return all nodes in groups of one kind, each group after those that it depends on.

    Args:
        kinds: the kind of each row, a small integer; below zero for a row that is not computed.
        children, parents: the edges between rows, in the order of the children; parents stand
            before their children.
        patient: for each kind, whether it waits until no other is ready.
    Cost: O(n log n) for n nodes and edges.
    """
    children, parents = among(kinds >= 0, children, parents)
    counts = np.bincount(children, minlength=len(kinds))
    first, dependents = dependents_of(children, parents, len(kinds))
    heights = heights_of(children, parents, len(kinds))
    ready = Ready(kinds.tolist(), heights, patient)
    for place in np.flatnonzero((kinds >= 0) & (counts == 0)).tolist():
        ready.add(place)
    waiting = counts.tolist()
    groups = []
    while ready:
        kind, members = ready.first()
        groups.append((kind, members))
        for member in members:
            for place in dependents[first[member] : first[member + 1]]:
                count = waiting[place] = waiting[place] - 1
                if not count:
                    ready.add(place)
    return groups


def among(nodes: Array, children: Array, parents: Array) -> tuple[Array, Array]:
    """Return the edges between nodes."""
    chosen = nodes[children] & nodes[parents]
    return children[chosen], parents[chosen]


def dependents_of(children: Array, parents: Array, rows: int) -> tuple[array[int], array[int]]:
    """Return who waits for each row, one row after the other, and where each row's begin."""
    pairs = np.sort(parents.astype(np.int64) << HALF | children)
    first = np.concatenate([[0], np.cumsum(np.bincount(parents, minlength=rows))])
    return compact(first), compact(pairs & (2**HALF - 1))


def heights_of(children: Array, parents: Array, rows: int) -> list[int]:
    """Return how many nodes stand, at the most, between each row and the last result."""
    heights = [1] * rows
    for child, parent in zip(compact(children[::-1]), compact(parents[::-1])):
        height = heights[child] + 1
        if height > heights[parent]:
            heights[parent] = height
    return heights


class Ready:
    """Nodes that can be computed now, by kind; gives the most urgent kind first."""

    def __init__(self, kinds: list[int], heights: list[int], patient: Sequence[bool]) -> None:
        self.kinds, self.heights, self.patient = kinds, heights, patient
        self.members: list[list[int]] = [[] for _ in patient]
        self.peak = [0] * len(patient)  # the greatest height of each kind's members
        self.rank: dict[int, int] = {}  # kinds in the order they were met: a tie has one outcome
        self.heap: list[tuple[bool, int, int, int]] = []

    def __bool__(self) -> bool:
        return bool(self.heap)

    def add(self, place: int) -> None:
        """Add a node."""
        kind, height = self.kinds[place], self.heights[place]
        self.members[kind].append(place)
        if height > self.peak[kind]:
            self.peak[kind] = height
            rank = self.rank.setdefault(kind, len(self.rank))
            heapq.heappush(self.heap, (self.patient[kind], -height, rank, kind))

    def first(self) -> tuple[int, list[int]]:
        """Remove and return the most urgent kind that need not wait."""
        *_, kind = heapq.heappop(self.heap)
        members, self.members[kind], self.peak[kind] = self.members[kind], [], 0
        while self.heap and self.peak[self.heap[0][3]] != -self.heap[0][1]:
            heapq.heappop(self.heap)  # an entry that was outgrown, or is gone
        return kind, members
