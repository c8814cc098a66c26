"""Loops found in a program: a list of instructions that repeats itself, rolled up.

A function with a `for` is traced turn by turn, so its program is a list that repeats itself at some
distance. Rolled, one turn is left, and by how much each place moves from turn to turn. The first
turn often differs, because it reads where the state begins, or computes what all turns share, and
stays in front of the loop. What carries no number from turn to turn is no loop: the scheduler makes
such turns members of the same instructions. Expanded again, the program is exactly what it was.

>>> from autograd import compile, sin
>>> def steps(x):
...     for _ in range(100):
...         x = sin(x) + 0.5
...     return x
>>> print(compile(steps, example=(1.0,)).source(backward=False))
s0:1 = the inputs of a sample
p0 = 0.5
s1:2 = p0 in every lane
s2:3 = sin(s0)
s3:4 = s2 + s1
for turn in range(99):
    s[4 + 2*turn] = sin(s[3 + 2*turn])
    s[5 + 2*turn] = s[4 + 2*turn] + s1
return s201
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.compile.lower.graph import Array, repeated
from autograd.compile.lower.listing import Listing, feasible, pairs_at, stop_of
from autograd.compile.lower.program import Instruction, Loop, Program, expanded_steps

MIN_TURNS = 4
# A turn has no more instructions.
MAX_BODY = 2**12
# Up to here every distance is tried.
ALL_DISTANCES = 16
# So many turns agree with the next.
MIN_PAIRS = MIN_TURNS - 1
# A loop: where it starts, instructions of a turn, and turns.
Place = tuple[int, int, int]


def expanded(program: Program) -> Program:
    """Return a program without loops: all turns of each, one after the other."""
    if not any(isinstance(step, Loop) for step in program.instructions):
        return program
    steps = list(expanded_steps(program.instructions))
    return replace(program, instructions=steps)


def rolled(program: Program) -> Program:
    """Return a program with loops in place of instructions that repeat themselves.

    The innermost are found first: a loop is an instruction of those around it.
    Cost: O(n log n) for n places, for each distance at which there are loops.
    """
    leaves = program.inputs + len(program.broadcast)
    listing = rolled_up(Listing(program.instructions, leaves, {}))
    steps = [evened(step) for step in listing.made()]
    return replace(program, instructions=steps)


def rolled_up(listing: Listing) -> Listing:
    """Return a list with loops in place of instructions that repeat themselves."""
    found = with_loops(listing)
    while found is not None:
        listing = found
        found = with_loops(listing)
    return listing


def with_loops(listing: Listing) -> Listing | None:
    """Return a list with the loops of the shortest distance rolled, None where there are none."""
    for distance in distances(listing):
        places = loops_at(listing, distance)
        if places:
            return collapsed(listing, places)
    return None


def distances(listing: Listing) -> Iterator[int]:
    """Yield distances at which there may be loops, the shortest first."""
    most = min(len(listing) // MIN_TURNS, MAX_BODY)
    short = min(most, ALL_DISTANCES)
    yield from range(1, short + 1)
    length = ALL_DISTANCES
    while length < most:
        # Of longer ones those are tried by which whole stretches of instructions repeat themselves.
        shorter = length
        length = 2 * length
        kinds_alone = listing.windows(length, near=0)
        by_kinds = repetitions(kinds_alone)
        # Nor does any longer stretch repeat itself then.
        if not by_kinds.size:
            return
        # Where all kinds are alike, as in a long sum, it is the places that show the distance.
        near = 4 * length
        by_places = repetitions(listing.windows(length, near))
        both = np.union1d(often(by_kinds), often(by_places))
        longest = min(length, most)
        in_range = (both > shorter) & (both <= longest)
        yield from both[in_range].tolist()


def repetitions(windows: Array) -> Array:
    """Return how far it is from each of these numbers to the next that is equal, if there is one.

    >>> repetitions(np.array([7, 3, 7, 7])).tolist()
    [2, 1]
    """
    # Sorted, equal numbers stand side by side, in the order of where they were.
    order = np.argsort(windows, kind="stable")
    gaps = np.diff(order)
    same = np.diff(windows[order]) == 0
    found: Array = gaps[same]
    return found


def often(gaps: Array) -> Array:
    """Return distances that there are several times."""
    counts = np.bincount(gaps)
    return np.flatnonzero(counts >= MIN_PAIRS)


def loops_at(listing: Listing, distance: int) -> list[Place]:
    """Return where there are loops whose turns have so many instructions."""
    length = MIN_PAIRS * distance
    pairs = pairs_at(listing, distance, length)
    if pairs is None:
        return []
    starts = feasible(listing, pairs, distance, length)
    found: list[Place] = []
    # Instructions before this one are in loops already.
    free = 0
    while True:
        next_one = np.searchsorted(starts, free)
        if next_one == starts.size:
            return found
        start = int(starts[next_one])
        stop = stop_of(listing, pairs, distance, start)
        place = rotated(listing, distance, start, stop)
        if place:
            found.append(place)
        free = stop + distance


def rotated(listing: Listing, distance: int, start: int, stop: int) -> Place | None:
    """Return the loop that carries the fewest numbers from turn to turn; None if one carries none.

    Where several do, what is left over stands in front, if that costs no turn: it is the rest of
    a first turn.

    Args: start, stop: of the instructions that agree with those so many behind them.
    """
    carried = carried_at_phases(listing, distance, start, stop)
    if not carried.all():
        return None
    length = stop - start
    # A loop that begins later than so has too few turns.
    spare = length - MIN_PAIRS * distance
    possible = carried[: spare + 1]
    fewest = np.flatnonzero(possible == possible.min())
    # Up to here no turn is lost.
    left_over = spare % distance
    free = fewest[fewest <= left_over]
    phase = int(free[-1] if free.size else fewest[0])
    turns = (length - phase) // distance + 1
    return start + phase, distance, turns


def carried_at_phases(listing: Listing, distance: int, start: int, stop: int) -> Array:
    """Return how many numbers are carried from turn to turn, by where a turn begins.

    A number is carried over each beginning between where it is computed and where it is last read.
    """
    before = listing.before
    starts = listing.starts
    first_slot = before[start]
    stride = before[start + distance] - first_slot
    # What the last turn reads of results in the loop, and which instruction reads it.
    end = stop + distance
    reads = listing.places[starts[stop] : starts[end]]
    sizes = np.diff(starts[stop : end + 1])
    readers = repeated(np.arange(stop, end), sizes)
    # Edges read from behind, too.
    is_before = reads < before[readers]
    inside = is_before & (reads >= first_slot)
    reads = reads[inside]
    readers = readers[inside]
    makers = np.searchsorted(before, reads, side="right") - 1
    # A number has the same place in each turn; how many instructions it lives, up to the last read.
    place_in_turn = (reads - first_slot) % stride
    numbers, which = np.unique(place_in_turn, return_inverse=True)
    spans = np.zeros(numbers.size, np.intp)
    np.maximum.at(spans, which, readers - makers)
    made = np.zeros(numbers.size, np.intp)
    made[which] = (makers - start) % distance
    # It lives over every beginning for each whole turn, and over some once more: counted up where
    # it is made, and down where its rest of a turn is over, which may be in the next turn.
    whole_turns = spans // distance
    rest = spans % distance
    change = np.zeros(2 * distance + 2, np.intp)
    np.add.at(change, made + 1, 1)
    np.add.at(change, made + rest + 1, -1)
    once = np.cumsum(change)[: 2 * distance]
    in_turn = once[:distance]
    in_next = once[distance:]
    found: Array = in_turn + in_next + whole_turns.sum()
    return found


def collapsed(listing: Listing, places: list[Place]) -> Listing:
    """Return a list with loops in the given places."""
    parts = []
    done = 0
    loops = [loop_of(listing, *place) for place in places]
    loops = alike(loops, listing.leaves)
    for loop, place in zip(loops, places):
        start, distance, turns = place
        between = listing.part(done, start)
        parts.append(between)
        alone = Listing([loop], loop.out, listing.known)
        parts.append(alone)
        done = start + distance * turns
    rest = listing.part(done, len(listing))
    parts.append(rest)
    return listing.joined(parts)


def loop_of(listing: Listing, start: int, distance: int, turns: int) -> Loop:
    """Return the loop of instructions that are its turns."""
    out = int(listing.before[start])
    stop = int(listing.before[start + distance * turns])
    body = listing.part(start, start + distance).made()
    places = listing.turns(start, distance, turns)
    return even_loop(out, stop - out, body, places)


def even_loop(out: int, count: int, body: list[Instruction], places: Array) -> Loop:
    """Return the loop with these places, turns x places, and a table only of those that need it."""
    moves = np.diff(places, axis=0)
    first_move = moves[0]
    even = (moves == first_move).all(axis=0)
    # A step of 0 for the others: the table says where they are.
    steps = np.where(even, first_move, 0).astype(np.int32)
    irregular = np.flatnonzero(~even).astype(np.int32)
    table = places[:, ~even]
    turns = len(places)
    return Loop(out, count, turns, body, steps, irregular, table)


def evened(step: Instruction) -> Instruction:
    """Return an instruction; of a loop, one without a table of what moves evenly."""
    if not isinstance(step, Loop) or not step.irregular.size:
        return step
    places = step.columns()
    return even_loop(step.out, step.count, step.body, places)


def alike(loops: list[Loop], leaves: int) -> list[Loop]:
    """Return loops, of one kind where they differ only in how places before them move.

    What moves evenly in one of them need not in the next, as a constant of each turn's own; with a
    table for it in both they can be in turns of a loop around them.
    """
    kinds = [kind_but_for_steps(loop, leaves) for loop in loops]
    groups: dict[Any, list[Loop]] = {}
    for kind, loop in zip(kinds, loops):
        groups.setdefault(kind, []).append(loop)
    tables = {}
    for kind, group in groups.items():
        # Fewer make no loop around them.
        if len(group) >= MIN_TURNS:
            tables[kind] = uneven(group)
    return [with_table(loop, tables.get(kind)) for kind, loop in zip(kinds, loops)]


def kind_but_for_steps(loop: Loop, leaves: int) -> Any:
    """Return what loops have in common of which places before them may move differently."""
    with_turns = loop.steps == loop.stride
    inside = with_turns & (loop.first() >= leaves)
    kinds = [step.kind() for step in loop.body]
    return loop.turns, tuple(kinds), inside.tobytes()


def uneven(loops: list[Loop]) -> Array:
    """Return which places move differently in some of these loops, or unevenly."""
    steps = np.stack([loop.steps for loop in loops])
    differs = (steps != steps[0]).any(axis=0)
    for loop in loops:
        differs[loop.irregular] = True
    return np.flatnonzero(differs).astype(np.int32)


def with_table(loop: Loop, irregular: Array | None) -> Loop:
    """Return a loop with a table for some of its places, or as it is."""
    if irregular is None:
        return loop
    steps = loop.steps.copy()
    steps[irregular] = 0
    table = loop.columns()[:, irregular]
    return replace(loop, steps=steps, irregular=irregular, table=table)
