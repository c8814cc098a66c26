"""Scheduling: in which order nodes are computed, and which of them at once.

Nodes with one group key that are ready at the same time are computed together. The key with the
node that has the longest way to go is taken first (list scheduling by critical path, which makes
fewer groups than levels would), and inner products with shared weights wait until nothing
else is ready, so that a layer that is applied to many positions meets them all at once.

>>> keys = np.array([-1, -1, 0, 1, 0, 1])  # the first two rows are leaves
>>> children, parents = np.array([2, 3, 4, 5, 5]), np.array([0, 1, 3, 2, 4])
>>> schedule(keys, children, parents, [False, False])
[(1, [3]), (0, [2, 4]), (1, [5])]
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence

import numpy as np

from autograd.compile.lower.graph import Array, compact, numbered

# Half of an integer that holds a pair.
HALF_BITS = 32


def schedule(
    keys: Array,
    children: Array,
    parents: Array,
    patient: Sequence[bool],
    heights: Sequence[int] | None = None,
) -> list[tuple[int, list[int]]]:
    """Return all nodes in groups with one key, each group after those that it depends on.

    Args:
        keys: the number of each row's group key; below zero for a row that is not computed.
        children, parents: the edges between rows, in the order of the children; parents stand
            before their children.
        patient: for each key, whether it waits until no other is ready.
        heights: how urgent each row is; None for how long a way it has to go.
    Cost: O(n log n) for n nodes and edges.
    """
    children, parents = among(keys >= 0, children, parents)
    counts = np.bincount(children, minlength=len(keys))
    first, dependents = dependents_of(children, parents, len(keys))
    if heights is None:
        heights = heights_of(children, parents, len(keys))
    # These nodes can be computed now.
    fresh = np.flatnonzero((keys >= 0) & (counts == 0)).tolist()
    waiting = counts.tolist()
    key_of = keys.tolist()
    ready = Ready(patient)
    groups = []
    while fresh or ready.heap:
        ready.add(fresh, key_of, heights)
        key, members = ready.first()
        groups.append((key, members))
        fresh = []
        for member in members:
            for place in dependents[first[member] : first[member + 1]]:
                count = waiting[place] = waiting[place] - 1
                if not count:
                    fresh.append(place)
    return groups


def schedule_in_time(
    keys: Array, children: Array, parents: Array, patient: Sequence[bool], times: Array
) -> list[list[int]]:
    """Return all nodes in groups with one key and one time, the earliest first.

    Args: as those of `schedule`; times: of each row, not before those of its parents.
    """
    computed = keys >= 0
    nodes = np.flatnonzero(computed)
    children, parents = among(computed, children, parents)
    # Within a time the node goes first that has the longest way to go, and patient ones last.
    at_once = times[children] == times[parents]
    height = np.array(heights_of(children[at_once], parents[at_once], len(keys)))
    most = int(height.max(initial=0)) + 1
    waits = np.array(patient, bool)[keys[nodes]]
    height[nodes[~waits]] += most
    # Before all that, the earlier time goes first.
    _, places = np.unique(times, return_inverse=True)
    height += 2 * most * (places.max(initial=0) - places)
    # Only nodes of one time are members of one group.
    both = np.full(len(keys), -1)
    both[nodes] = numbered([places[nodes], keys[nodes]])
    never = [False] * (int(both.max(initial=-1)) + 1)
    groups = schedule(both, children, parents, never, height.tolist())
    return [members for _, members in groups]


def among(nodes: Array, children: Array, parents: Array) -> tuple[Array, Array]:
    """Return the edges between nodes."""
    chosen = nodes[children] & nodes[parents]
    return children[chosen], parents[chosen]


def dependents_of(children: Array, parents: Array, rows: int) -> tuple[array[int], array[int]]:
    """Return who waits for each row, one row after the other, and where each row's begin."""
    pairs = np.sort(parents.astype(np.int64) << HALF_BITS | children)
    first = np.concatenate([[0], np.cumsum(np.bincount(parents, minlength=rows))])
    return compact(first), compact(pairs & (2**HALF_BITS - 1))


def heights_of(children: Array, parents: Array, rows: int) -> list[int]:
    """Return how many nodes stand, at the most, between each row and the last result."""
    heights = [1] * rows
    for child, parent in zip(compact(children[::-1]), compact(parents[::-1])):
        height = heights[child] + 1
        if height > heights[parent]:
            heights[parent] = height
    return heights


class Ready:
    """Nodes that can be computed now, by group key; gives the most urgent key first."""

    def __init__(self, patient: Sequence[bool]) -> None:
        self.patient = patient
        self.members: list[list[int]] = [[] for _ in patient]
        self.peak = [0] * len(patient)  # the greatest height of each key's members
        self.rank: dict[int, int] = {}  # keys in the order they were met: a tie has one outcome
        self.heap: list[tuple[bool, int, int, int]] = []

    def add(self, places: Sequence[int], key_of: Sequence[int], heights: Sequence[int]) -> None:
        """Add nodes."""
        members = self.members
        peak = self.peak
        for place in places:
            key = key_of[place]
            height = heights[place]
            members[key].append(place)
            if height > peak[key]:
                peak[key] = height
                rank = self.rank.setdefault(key, len(self.rank))
                heapq.heappush(self.heap, (self.patient[key], -height, rank, key))

    def first(self) -> tuple[int, list[int]]:
        """Remove and return the most urgent key that need not wait, and its nodes."""
        *_, key = heapq.heappop(self.heap)
        members, self.members[key], self.peak[key] = self.members[key], [], 0
        while self.heap and self.peak[self.heap[0][3]] != -self.heap[0][1]:
            # An entry that was outgrown, or is gone.
            heapq.heappop(self.heap)
        return key, members
