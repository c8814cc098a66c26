"""A list of instructions as arrays: what is searched for loops.

An instruction is a number for its kind, which says what it does, and its places, which say to what.
Two stretches of the list are turns of one loop if their kinds are the same, and each place of the
second either moves on by a turn's results, like what the turn before has computed, or refers to
what is there before the loop begins; or behind it: only edges, which are for the backward pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from autograd.compile.lower.graph import Array, ranges, repeated
from autograd.compile.lower.program import Instruction, Loop
from autograd.compile.lower.single_rows import SingleRows, made

# Odd, so that it has an inverse modulo 2^64.
MULTIPLIER = 0x9E3779B97F4A7C15
INVERSE = pow(MULTIPLIER, -1, 2**64)
NO_INDICES = np.empty(0, np.int32)
NO_ROWS = SingleRows([], NO_INDICES, NO_INDICES, NO_INDICES, NO_INDICES)
# The highest slot of what refers to no slots.
NOWHERE = -1
# The lowest slot of the same.
ENDLESS = 2**31 - 1


class Listing:
    """Instructions, and arrays of what they are.

    Attributes:
        steps: the instructions; numbers stand for some of `rows`.
        rows: instructions that are no objects yet.
        kinds: a number for each, equal where the instructions differ in their places only.
        before: how many slots are written before each, and after the last.
        starts: where the places of each begin among all, and where the last one's end.
        places: slots, or below zero shared numbers.
        reach, dip: by how much the turns of a loop move a place at the most, on and back.
        leaves: how many slots there are before the first instruction.
    """

    def __init__(
        self,
        steps: Sequence[Instruction | int],
        leaves: int,
        known: dict[Any, int],
        rows: SingleRows = NO_ROWS,
    ) -> None:
        self.steps = list(steps)
        self.known = known  # kinds, and their numbers
        self.leaves = leaves
        self.rows = rows
        others = [step for step in self.steps if not isinstance(step, int)]
        tables = [step.places().ravel() for step in others]
        single = np.array([isinstance(step, int) for step in self.steps], bool)
        self.kinds = sorted_in(
            single,
            rows.kinds(known),
            [known.setdefault(step.kind(), len(known)) for step in others],
        )
        sizes = sorted_in(single, np.diff(rows.starts), [table.size for table in tables])
        counts = sorted_in(single, [1] * len(rows), [step.count for step in others])
        self.starts = sums_before(0, sizes)
        self.before = sums_before(leaves, counts)
        of_others = np.concatenate([NO_INDICES, *tables])
        self.places = sorted_in(repeated(single, sizes), rows.places, of_others, np.int32)
        self.dip = np.zeros(self.places.size, np.int32)
        self.reach = np.zeros(self.places.size, np.int32)
        self.note_spreads()

    def note_spreads(self) -> None:
        """Note by how much the turns of loops move their places."""
        for start, step in zip(self.starts.tolist(), self.steps):
            if isinstance(step, Loop):
                dip, reach = spread_of(step)
                stop = start + dip.size
                self.dip[start:stop] = dip
                self.reach[start:stop] = reach

    def made(self) -> list[Instruction]:
        """Return the instructions as objects."""
        return made(self.steps, self.rows)

    def __len__(self) -> int:
        return len(self.steps)

    def turns(self, start: int, distance: int, turns: int) -> Array:
        """Return the places of the turns of a loop: turns x places."""
        stop = start + distance * turns
        return self.places[self.starts[start] : self.starts[stop]].reshape(turns, -1)

    def part(self, start: int, stop: int) -> Listing:
        """Return some of the instructions that stand side by side."""
        found = object.__new__(Listing)
        found.steps = self.steps[start:stop]
        found.known = self.known
        found.rows = self.rows
        found.leaves = self.leaves
        found.kinds = self.kinds[start:stop]
        found.before = self.before[start : stop + 1]
        found.starts = self.starts[start : stop + 1] - self.starts[start]
        places = slice(self.starts[start], self.starts[stop])
        found.places = self.places[places]
        found.dip = self.dip[places]
        found.reach = self.reach[places]
        return found

    def joined(self, parts: Sequence[Listing]) -> Listing:
        """Return the instructions of parts of this list, in their order."""
        found = object.__new__(Listing)
        found.known = self.known
        found.rows = self.rows
        found.leaves = self.leaves
        found.steps = [step for part in parts for step in part.steps]
        found.kinds = np.concatenate([part.kinds for part in parts])
        found.places = np.concatenate([part.places for part in parts])
        found.dip = np.concatenate([part.dip for part in parts])
        found.reach = np.concatenate([part.reach for part in parts])
        sizes = [np.diff(part.starts) for part in parts]
        counts = [np.diff(part.before) for part in parts]
        found.starts = sums_before(0, np.concatenate(sizes))
        found.before = sums_before(self.before[0], np.concatenate(counts))
        return found

    def windows(self, length: int, near: int) -> Array:
        """Return a number for each stretch of so many instructions, the same for equal ones.

        They are equal if their kinds are, and how far back each place is, up to so many slots.
        That is likely only: the numbers are sums, and there are 2^64 of them.
        """
        if len(self) < length:
            return np.empty(0, np.uint64)
        numbers = mixed(self.kinds.astype(np.uint64) + mixed(self.distances(near)))
        powers = powers_of(MULTIPLIER, len(self))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(numbers * powers)])
        starts = len(self) - length + 1
        found: Array = (sums[length:] - sums[:-length]) * powers_of(INVERSE, starts)
        return found

    def distances(self, near: int) -> Array:
        """Return a number for each instruction: how far back its places are, if not too far."""
        if not near:
            return np.zeros(len(self), np.uint64)
        sizes = np.diff(self.starts)
        back = repeated(self.before[:-1], sizes) - self.places
        back[(self.places < self.leaves) | (back > near) | (back < 0)] = 0
        numbers = mixed(back.astype(np.uint64) * len(self.places) + self.order())
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(numbers)])
        found: Array = sums[self.starts[1:]] - sums[self.starts[:-1]]
        return found

    def order(self) -> Array:
        """Return the number of each place among those of its instruction."""
        found = ranges(np.zeros(len(self), np.int64), np.diff(self.starts))
        return found.astype(np.uint64)


def sorted_in(first: Array, numbers: ArrayLike, others: ArrayLike, dtype: type = np.int64) -> Array:
    """Return numbers where `first` is true, and others elsewhere, both in their order.

    >>> sorted_in(np.array([False, True, False]), [7], [1, 2]).tolist()
    [1, 7, 2]
    """
    found: Array = np.empty(first.size, dtype)
    found[first] = numbers
    found[~first] = others
    return found


def sums_before(start: int, numbers: Array) -> Array:
    """Return a start, and it with the first of some numbers added, the first two, and all.

    >>> sums_before(2, np.array([1, 3])).tolist()
    [2, 3, 6]
    """
    found: Array = np.cumsum(np.concatenate([[start], numbers]))
    return found


def spread_of(loop: Loop) -> tuple[Array, Array]:
    """Return by how much the turns of a loop move each place at the most, back and on."""
    inner = Listing(loop.body, 0, {})
    moves = loop.steps * (loop.turns - 1)
    # The places of a loop are those of its first turn, and the table of what moves unevenly.
    table_dip = np.tile(inner.dip[loop.irregular], loop.turns)
    table_reach = np.tile(inner.reach[loop.irregular], loop.turns)
    dip = inner.dip + np.minimum(moves, 0)
    reach = inner.reach + np.maximum(moves, 0)
    return np.concatenate([dip, table_dip]), np.concatenate([reach, table_reach])


def mixed(numbers: Array) -> Array:
    """Return unsigned integers that look random, different ones for different numbers."""
    found = numbers * np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(31)
    found *= np.uint64(0x94D049BB133111EB)
    found ^= found >> np.uint64(29)
    return found


def powers_of(base: int, count: int) -> Array:
    """Return powers of a number modulo 2^64, from the 0-th on.

    >>> powers_of(3, 5).tolist()
    [1, 3, 9, 27, 81]
    """
    factors = np.full(count, base, np.uint64)
    factors[:1] = 1
    found: Array = np.cumprod(factors)
    return found


class Pairs(NamedTuple):
    """How each instruction compares with the one that stands so many behind it: `pairs_at`.

    Attributes:
        bad: whether the two are no turns of one loop.
        apart: whether these two may be, and the next two, but not all three.
        highest: the highest slot that has to be there before the loop begins.
        lowest: the lowest that has to stand behind its end.
        moving: whether any place moves on by a turn's results.
    """

    bad: Array
    apart: Array
    highest: Array
    lowest: Array
    moving: Array


def pairs_at(listing: Listing, distance: int, least: int) -> Pairs | None:
    """Compare instructions at a distance, where so many in a row have the same kinds."""
    chosen = in_long_runs(listing.kinds[:-distance] == listing.kinds[distance:], least)
    if not chosen.size:
        return None
    size = len(listing)
    starts = listing.starts[chosen]
    sizes = listing.starts[chosen + 1] - listing.starts[chosen]
    first = ranges(starts, sizes)
    second = ranges(listing.starts[chosen + distance], sizes)
    x = listing.places[first]
    y = listing.places[second]
    before = listing.before
    shift = repeated(before[chosen + distance] - before[chosen], sizes)
    reach = listing.reach[first]
    travels = (y - x == shift) & (x + reach >= listing.leaves)
    begins = np.cumsum(sizes) - sizes
    found = Pairs(
        bad=np.ones(size, bool),
        apart=np.zeros(size, bool),
        highest=np.full(size, NOWHERE),
        lowest=np.full(size, ENDLESS),
        moving=np.zeros(size, bool),
    )
    found.bad[chosen] = np.logical_or.reduceat((x < 0) != (y < 0), begins)
    found.moving[chosen] = np.logical_or.reduceat(travels, begins)
    ahead = x >= repeated(before[chosen + 1], sizes)
    outside = np.where(travels | ahead, NOWHERE, np.maximum(x, y) + reach)
    highest = np.maximum.reduceat(outside, begins)
    behind = np.where(ahead & ~travels, np.minimum(x, y) + listing.dip[first], ENDLESS)
    found.lowest[chosen] = np.minimum.reduceat(behind, begins)
    found.highest[chosen] = np.where(highest < listing.leaves, NOWHERE, highest)
    travel = np.zeros(len(listing.places), bool)
    travel[first] = travels
    differs = np.logical_or.reduceat(travel[first] != travel[second], begins)
    found.apart[chosen] = differs & ~found.bad[chosen + distance]
    return found


def in_long_runs(truths: Array, least: int) -> Array:
    """Return which of these are true, in a row of so many that are.

    >>> in_long_runs(np.array([True, False, True, True, True, False]), 2).tolist()
    [2, 3, 4]
    """
    edges = np.flatnonzero(np.diff(truths, prepend=False, append=False))
    starts = edges[::2]
    stops = edges[1::2]
    long = stops - starts >= least
    return ranges(starts[long], (stops - starts)[long])


def feasible(listing: Listing, pairs: Pairs, distance: int, length: int) -> Array:
    """Return where loops can begin whose turns agree with the next, for so many instructions."""
    starts = len(listing) - length - distance + 1
    agree = sums_over(pairs.bad, length)[:starts] == 0
    agree &= sums_over(pairs.apart, length - distance)[:starts] == 0
    agree &= sums_over(pairs.moving, length)[:starts] > 0
    agree &= highest_over(pairs.highest, length)[:starts] < listing.before[:starts]
    lowest = -highest_over(-pairs.lowest, length)[:starts]
    agree &= lowest >= listing.before[length + distance :]
    return np.flatnonzero(agree)


def stop_of(listing: Listing, pairs: Pairs, distance: int, start: int) -> int:
    """Return the first instruction from a start on that does not agree with that behind it."""
    place = start
    size = 64
    lowest = ENDLESS
    before = listing.before[start]
    while place < len(listing):
        stop = min(place + size, len(listing))
        wrong = pairs.bad[place:stop] | (pairs.highest[place:stop] >= before)
        lows = np.minimum(np.minimum.accumulate(pairs.lowest[place:stop]), lowest)
        ends = np.arange(place, stop) + 1 + distance
        wrong |= lows < listing.before[np.minimum(ends, len(listing))]
        earlier = max(start, place - distance)
        if stop - distance > earlier:
            wrong[earlier + distance - place :] |= pairs.apart[earlier : stop - distance]
        if wrong.any():
            return place + int(wrong.argmax())
        place = stop
        size = 2 * size
        lowest = lows[-1]
    return len(listing)


def sums_over(numbers: Array, length: int) -> Array:
    """Return the sums of all stretches of a length.

    >>> sums_over(np.array([1, 0, 1, 1]), 2).tolist()
    [1, 1, 2]
    """
    sums = np.concatenate([[0], np.cumsum(numbers)])
    found: Array = sums[length:] - sums[:-length]
    return found


def highest_over(numbers: Array, length: int) -> Array:
    """Return the largest of all stretches of a length, which takes no longer for a greater one.

    >>> highest_over(np.array([3, 1, 2, 0, 4]), 2).tolist()
    [3, 2, 2, 4]
    """
    blocks = -(-numbers.size // length)
    table = np.full(blocks * length, -ENDLESS, np.int64)
    table[: numbers.size] = numbers
    rows = table.reshape(blocks, length)
    ahead = np.maximum.accumulate(rows, axis=1).ravel()
    behind = np.maximum.accumulate(rows[:, ::-1], axis=1)[:, ::-1].ravel()
    starts = numbers.size - length + 1
    found: Array = np.maximum(behind[:starts], ahead[length - 1 : length - 1 + starts])
    return found
