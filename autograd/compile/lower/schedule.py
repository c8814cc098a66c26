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
    is_free = (keys >= 0) & (counts == 0)
    fresh = np.flatnonzero(is_free).tolist()
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
    children_at_once = children[at_once]
    parents_at_once = parents[at_once]
    heights = heights_of(children_at_once, parents_at_once, len(keys))
    urgency = np.array(heights)
    most = int(urgency.max(initial=0)) + 1
    own_keys = keys[nodes]
    waits = np.array(patient, bool)[own_keys]
    urgency[nodes[~waits]] += most
    # Before all that, the earlier time goes first.
    _, rank = np.unique(times, return_inverse=True)
    last = rank.max(initial=0)
    later = last - rank
    urgency += 2 * most * later
    # Only nodes of one time are members of one group.
    both = np.full(len(keys), -1)
    both[nodes] = numbered([rank[nodes], own_keys])
    count = int(both.max(initial=-1)) + 1
    never = [False] * count
    groups = schedule(both, children, parents, never, urgency.tolist())
    return [members for _, members in groups]


def among(nodes: Array, children: Array, parents: Array) -> tuple[Array, Array]:
    """Return the edges between nodes."""
    chosen = nodes[children] & nodes[parents]
    return children[chosen], parents[chosen]


def dependents_of(children: Array, parents: Array, rows: int) -> tuple[array[int], array[int]]:
    """Return who waits for each row, one row after the other, and where each row's begin."""
    # Both in one number, as single numbers are sorted faster than pairs.
    upper = parents.astype(np.int64) << HALF_BITS
    pairs = np.sort(upper | children)
    lower_half = 2**HALF_BITS - 1
    counts = np.bincount(parents, minlength=rows)
    ends = np.cumsum(counts)
    first = np.concatenate([[0], ends])
    return compact(first), compact(pairs & lower_half)


def heights_of(children: Array, parents: Array, rows: int) -> list[int]:
    """Return how many nodes stand, at the most, between each row and the last result."""
    heights = [1] * rows
    # From the last row back, so that the height of a child is known before its parents'.
    sources = compact(children[::-1])
    targets = compact(parents[::-1])
    for child, parent in zip(sources, targets):
        height = heights[child] + 1
        if height > heights[parent]:
            heights[parent] = height
    return heights


class Ready:
    """Nodes that can be computed now, by group key; gives the most urgent key first."""

    def __init__(self, patient: Sequence[bool]) -> None:
        self.patient = patient
        self.members: list[list[int]] = [[] for _ in patient]
        # The greatest height of each key's members.
        self.peak = [0] * len(patient)
        # Keys in the order they were met: a tie has one outcome.
        self.rank: dict[int, int] = {}
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
                entry = (self.patient[key], -height, rank, key)
                heapq.heappush(self.heap, entry)

    def first(self) -> tuple[int, list[int]]:
        """Remove and return the most urgent key that need not wait, and its nodes."""
        heap = self.heap
        _, _, _, key = heapq.heappop(heap)
        members = self.members[key]
        self.members[key] = []
        self.peak[key] = 0
        while heap:
            _, depth, _, other = heap[0]
            if self.peak[other] == -depth:
                break
            # An entry that was outgrown, or is gone.
            heapq.heappop(heap)
        return key, members
