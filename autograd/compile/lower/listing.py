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
        known: kinds, and their numbers.
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
        self.known = known
        self.leaves = leaves
        self.rows = rows
        # Rows are taken as the arrays that they are: there may be a million of them.
        is_row = [isinstance(step, int) for step in self.steps]
        single = np.array(is_row, bool)
        others = [step for step in self.steps if not isinstance(step, int)]
        tables = [step.places().ravel() for step in others]
        kinds_of_rows = rows.kinds(known)
        kinds = [known.setdefault(step.kind(), len(known)) for step in others]
        self.kinds = sorted_in(single, kinds_of_rows, kinds)
        sizes_of_rows = np.diff(rows.starts)
        sizes_of_others = [table.size for table in tables]
        sizes = sorted_in(single, sizes_of_rows, sizes_of_others)
        counts_of_rows = np.ones(len(rows), np.intp)
        counts_of_others = [step.count for step in others]
        counts = sorted_in(single, counts_of_rows, counts_of_others)
        self.starts = sums_before(0, sizes)
        self.before = sums_before(leaves, counts)
        of_row = repeated(single, sizes)
        of_others = np.concatenate([NO_INDICES, *tables])
        self.places = sorted_in(of_row, rows.places, of_others, np.int32)
        size = self.places.size
        self.dip = np.zeros(size, np.int32)
        self.reach = np.zeros(size, np.int32)
        self.note_spreads()

    def note_spreads(self) -> None:
        """Note by how much the turns of loops move their places."""
        for start, step in zip(self.starts.tolist(), self.steps):
            if not isinstance(step, Loop):
                continue
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
        first = self.starts[start]
        last = self.starts[stop]
        return self.places[first:last].reshape(turns, -1)

    def part(self, start: int, stop: int) -> Listing:
        """Return some of the instructions that stand side by side."""
        found = object.__new__(Listing)
        found.steps = self.steps[start:stop]
        found.known = self.known
        found.rows = self.rows
        found.leaves = self.leaves
        found.kinds = self.kinds[start:stop]
        # These two have one entry more than there are instructions.
        bounds = slice(start, stop + 1)
        first = self.starts[start]
        found.before = self.before[bounds]
        found.starts = self.starts[bounds] - first
        places = slice(first, self.starts[stop])
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
        sizes = np.concatenate([np.diff(part.starts) for part in parts])
        counts = np.concatenate([np.diff(part.before) for part in parts])
        first_slot = self.before[0]
        found.starts = sums_before(0, sizes)
        found.before = sums_before(first_slot, counts)
        return found

    def windows(self, length: int, near: int) -> Array:
        """Return a number for each stretch of so many instructions, the same for equal ones.

        They are equal if their kinds are, and how far back each place is, up to so many slots.
        That is likely only: the numbers are sums, and there are 2^64 of them.
        """
        if len(self) < length:
            return np.empty(0, np.uint64)
        back = mixed(self.distances(near))
        kinds = self.kinds.astype(np.uint64)
        numbers = mixed(kinds + back)
        # Each number is multiplied by a power of its place, so that the order counts. The sum of a
        # stretch is a difference of two sums from the first on, whatever its length.
        weighted = numbers * powers_of(MULTIPLIER, len(self))
        sums = sums_from_zero(weighted)
        stretches = sums[length:] - sums[:-length]
        # Equal stretches have equal sums only when counted from where each starts.
        found: Array = stretches * powers_of(INVERSE, stretches.size)
        return found

    def distances(self, near: int) -> Array:
        """Return a number for each instruction: how far back its places are, if not too far."""
        if not near:
            return np.zeros(len(self), np.uint64)
        sizes = np.diff(self.starts)
        here = repeated(self.before[:-1], sizes)
        back = here - self.places
        # What stands before all turns, or far back, need not be as far back in the next turn.
        is_leaf = self.places < self.leaves
        is_far = (back > near) | (back < 0)
        back[is_leaf | is_far] = 0
        # Places that are swapped have another number.
        distance = back.astype(np.uint64)
        ordered = distance * len(self.places) + self.order()
        sums = sums_from_zero(mixed(ordered))
        starts = self.starts[:-1]
        stops = self.starts[1:]
        found: Array = sums[stops] - sums[starts]
        return found

    def order(self) -> Array:
        """Return the number of each place among those of its instruction."""
        zeros = np.zeros(len(self), np.intp)
        sizes = np.diff(self.starts)
        return ranges(zeros, sizes).astype(np.uint64)


def sorted_in(first: Array, numbers: ArrayLike, others: ArrayLike, dtype: type = np.intp) -> Array:
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
    from_start = np.concatenate([[start], numbers])
    found: Array = np.cumsum(from_start)
    return found


def sums_from_zero(numbers: Array) -> Array:
    """Return 0, and the sums of the first so many numbers, modulo 2^64.

    >>> sums_from_zero(np.array([3, 4], np.uint64)).tolist()
    [0, 3, 7]
    """
    zero = np.zeros(1, np.uint64)
    return np.concatenate([zero, np.cumsum(numbers)])


def spread_of(loop: Loop) -> tuple[Array, Array]:
    """Return by how much the turns of a loop move each place at the most, back and on."""
    inner = Listing(loop.body, 0, {})
    moves = loop.steps * (loop.turns - 1)
    # The places of a loop are those of its first turn, and the table of what moves unevenly.
    uneven = loop.irregular
    table_dip = np.tile(inner.dip[uneven], loop.turns)
    table_reach = np.tile(inner.reach[uneven], loop.turns)
    first_dip = inner.dip + np.minimum(moves, 0)
    first_reach = inner.reach + np.maximum(moves, 0)
    dip = np.concatenate([first_dip, table_dip])
    reach = np.concatenate([first_reach, table_reach])
    return dip, reach


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
    same_kind = listing.kinds[:-distance] == listing.kinds[distance:]
    chosen = in_long_runs(same_kind, least)
    if not chosen.size:
        return None
    partners = chosen + distance
    starts = listing.starts[chosen]
    sizes = listing.starts[chosen + 1] - starts
    # The places of the chosen instructions, and beside each the same place of its partner.
    first = ranges(starts, sizes)
    second = ranges(listing.starts[partners], sizes)
    x = listing.places[first]
    y = listing.places[second]
    # Where those of each instruction begin among them.
    begins = np.cumsum(sizes) - sizes
    before = listing.before
    # What the turn before has computed moves on by the results of a turn.
    shift = repeated(before[partners] - before[chosen], sizes)
    reach = listing.reach[first]
    in_turns = x + reach >= listing.leaves
    travels = (y - x == shift) & in_turns
    found = no_pairs(len(listing))
    # A slot in one turn and a shared number in the next are read by different code.
    differ = (x < 0) != (y < 0)
    found.bad[chosen] = np.logical_or.reduceat(differ, begins)
    found.moving[chosen] = np.logical_or.reduceat(travels, begins)
    # Any other place stands outside of the loop: in front of it, or of edges behind.
    ahead = x >= repeated(before[chosen + 1], sizes)
    top = np.maximum(x, y) + reach
    outside = np.where(travels | ahead, NOWHERE, top)
    highest = np.maximum.reduceat(outside, begins)
    is_leaf = highest < listing.leaves
    found.highest[chosen] = np.where(is_leaf, NOWHERE, highest)
    bottom = np.minimum(x, y) + listing.dip[first]
    behind = np.where(ahead & ~travels, bottom, ENDLESS)
    found.lowest[chosen] = np.minimum.reduceat(behind, begins)
    # A place that travels to the next turn, but not on from there, is in no loop of three turns.
    travel = np.zeros(len(listing.places), bool)
    travel[first] = travels
    differs = np.logical_or.reduceat(travels != travel[second], begins)
    found.apart[chosen] = differs & ~found.bad[partners]
    return found


def no_pairs(size: int) -> Pairs:
    """Return that none of so many instructions is in a turn of a loop."""
    return Pairs(
        bad=np.ones(size, bool),
        apart=np.zeros(size, bool),
        highest=np.full(size, NOWHERE),
        lowest=np.full(size, ENDLESS),
        moving=np.zeros(size, bool),
    )


def in_long_runs(truths: Array, least: int) -> Array:
    """Return which of these are true, in a row of so many that are.

    >>> in_long_runs(np.array([True, False, True, True, True, False]), 2).tolist()
    [2, 3, 4]
    """
    # A run begins where there was none, and ends where there is none any more.
    changes = np.diff(truths, prepend=False, append=False)
    edges = np.flatnonzero(changes)
    starts = edges[::2]
    stops = edges[1::2]
    lengths = stops - starts
    is_long = lengths >= least
    return ranges(starts[is_long], lengths[is_long])


def feasible(listing: Listing, pairs: Pairs, distance: int, length: int) -> Array:
    """Return where loops can begin whose turns agree with the next, for so many instructions."""
    starts = len(listing) - length - distance + 1
    bad = sums_over(pairs.bad, length)[:starts]
    # Three turns are compared by the first of them, so the last two turns are left out.
    apart = sums_over(pairs.apart, length - distance)[:starts]
    moving = sums_over(pairs.moving, length)[:starts]
    agree = (bad == 0) & (apart == 0) & (moving > 0)
    # What stands outside of the loop must be there before its start, or behind its end.
    highest = highest_over(pairs.highest, length)[:starts]
    agree &= highest < listing.before[:starts]
    lowest = -highest_over(-pairs.lowest, length)[:starts]
    ends = listing.before[length + distance :]
    agree &= lowest >= ends
    return np.flatnonzero(agree)


def stop_of(listing: Listing, pairs: Pairs, distance: int, start: int) -> int:
    """Return the first instruction from a start on that does not agree with that behind it."""
    place = start
    size = 64
    lowest = ENDLESS
    before = listing.before[start]
    end = len(listing)
    while place < end:
        stop = min(place + size, end)
        too_high = pairs.highest[place:stop] >= before
        wrong = pairs.bad[place:stop] | too_high
        # A loop that goes on to an instruction ends behind its partner, and so far must be what
        # edges read from behind.
        lows = np.minimum.accumulate(pairs.lowest[place:stop])
        lows = np.minimum(lows, lowest)
        ends = np.arange(place, stop) + 1 + distance
        wrong |= lows < listing.before[np.minimum(ends, end)]
        # Three turns are compared from the second of them on, the first being in the loop.
        earliest = max(start, place - distance)
        latest = stop - distance
        if latest > earliest:
            skipped = earliest + distance - place
            wrong[skipped:] |= pairs.apart[earliest:latest]
        if wrong.any():
            return place + int(wrong.argmax())
        # Most loops are short, and a long one is looked through in ever larger pieces.
        place = stop
        size = 2 * size
        lowest = lows[-1]
    return end


def sums_over(numbers: Array, length: int) -> Array:
    """Return the sums of all stretches of a length.

    >>> sums_over(np.array([1, 0, 1, 1]), 2).tolist()
    [1, 1, 2]
    """
    ends = np.cumsum(numbers)
    sums = np.concatenate([[0], ends])
    found: Array = sums[length:] - sums[:-length]
    return found


def highest_over(numbers: Array, length: int) -> Array:
    """Return the largest of all stretches of a length, which takes no longer for a greater one.

    >>> highest_over(np.array([3, 1, 2, 0, 4]), 2).tolist()
    [3, 2, 2, 4]
    """
    blocks = -(-numbers.size // length)
    table = np.full(blocks * length, -ENDLESS, np.intp)
    table[: numbers.size] = numbers
    rows = table.reshape(blocks, length)
    # A stretch is the rest of one block, from its start on, and the first part of the next.
    so_far = np.maximum.accumulate(rows, axis=1)
    first_parts = so_far.ravel()
    backwards = rows[:, ::-1]
    from_end = np.maximum.accumulate(backwards, axis=1)
    rests = from_end[:, ::-1].ravel()
    last = length - 1
    starts = numbers.size - last
    found: Array = np.maximum(rests[:starts], first_parts[last : last + starts])
    return found
