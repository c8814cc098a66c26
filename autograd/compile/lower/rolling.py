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
    return replace(program, instructions=list(expanded_steps(program.instructions)))


def rolled(program: Program) -> Program:
    """Return a program with loops in place of instructions that repeat themselves.

    The innermost are found first: a loop is an instruction of those around it.
    Cost: O(n log n) for n places, for each distance at which there are loops.
    """
    leaves = program.inputs + len(program.broadcast)
    listing = rolled_up(Listing(program.instructions, leaves, {}))
    return replace(program, instructions=[evened(step) for step in listing.made()])


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
    yield from range(1, min(most, ALL_DISTANCES) + 1)
    length = ALL_DISTANCES
    while length < most:
        shorter = length
        length = 2 * length
        kinds = repetitions(listing.windows(length, near=0))
        if not kinds.size:
            return
        numbers = repetitions(listing.windows(length, near=4 * length))
        both = np.union1d(often(kinds), often(numbers))
        yield from both[(both > shorter) & (both <= min(length, most))].tolist()


def repetitions(windows: Array) -> Array:
    """Return how far it is from each of these numbers to the next that is equal, if there is one.

    >>> repetitions(np.array([7, 3, 7, 7])).tolist()
    [2, 1]
    """
    order = np.argsort(windows, kind="stable")
    found: Array = np.diff(order)[np.diff(windows[order]) == 0]
    return found


def often(gaps: Array) -> Array:
    """Return distances that there are several times."""
    return np.flatnonzero(np.bincount(gaps) >= MIN_PAIRS)


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
    spare = stop - start - MIN_PAIRS * distance
    fewest = np.flatnonzero(carried[: spare + 1] == carried[: spare + 1].min())
    free = fewest[fewest <= spare % distance]
    phase = int(free[-1] if free.size else fewest[0])
    turns = (stop - start - phase) // distance + 1
    return start + phase, distance, turns


def carried_at_phases(listing: Listing, distance: int, start: int, stop: int) -> Array:
    """Return how many numbers are carried from turn to turn, by where a turn begins.

    A number is carried over each beginning between where it is computed and where it is last read.
    """
    before = listing.before
    starts = listing.starts
    stride = before[start + distance] - before[start]
    reads = listing.places[starts[stop] : starts[stop + distance]]
    sizes = np.diff(starts[stop : stop + distance + 1])
    readers = repeated(np.arange(stop, stop + distance), sizes)
    inside = (reads >= before[start]) & (reads < before[readers])
    reads = reads[inside]
    readers = readers[inside]
    makers = np.searchsorted(before, reads, side="right") - 1
    numbers, which = np.unique((reads - before[start]) % stride, return_inverse=True)
    spans = np.zeros(numbers.size, np.int64)
    made = np.zeros(numbers.size, np.int64)
    np.maximum.at(spans, which, readers - makers)
    made[which] = (makers - start) % distance
    rest = spans % distance
    change = np.zeros(2 * distance + 2, np.int64)
    np.add.at(change, made + 1, 1)
    np.add.at(change, made + rest + 1, -1)
    once = np.cumsum(change)[: 2 * distance]
    found: Array = once[:distance] + once[distance:] + (spans // distance).sum()
    return found


def collapsed(listing: Listing, places: list[Place]) -> Listing:
    """Return a list with loops in the given places."""
    parts = []
    done = 0
    loops = alike([loop_of(listing, *place) for place in places], listing.leaves)
    for loop, (start, distance, turns) in zip(loops, places):
        parts.append(listing.part(done, start))
        parts.append(Listing([loop], loop.out, listing.known))
        done = start + distance * turns
    parts.append(listing.part(done, len(listing)))
    return listing.joined(parts)


def loop_of(listing: Listing, start: int, distance: int, turns: int) -> Loop:
    """Return the loop of instructions that are its turns."""
    out, stop = listing.before[[start, start + distance * turns]].tolist()
    body = listing.part(start, start + distance).made()
    return even_loop(out, stop - out, body, listing.turns(start, distance, turns))


def even_loop(out: int, count: int, body: list[Instruction], places: Array) -> Loop:
    """Return the loop with these places, turns x places, and a table only of those that need it."""
    moves = np.diff(places, axis=0)
    even = (moves == moves[0]).all(axis=0)
    steps = np.where(even, moves[0], 0)
    irregular = np.flatnonzero(~even)
    table = places[:, ~even]
    turns = len(places)
    return Loop(out, count, turns, body, steps.astype(np.int32), irregular.astype(np.int32), table)


def evened(step: Instruction) -> Instruction:
    """Return an instruction; of a loop, one without a table of what moves evenly."""
    if not isinstance(step, Loop) or not step.irregular.size:
        return step
    return even_loop(step.out, step.count, step.body, step.columns())


def alike(loops: list[Loop], leaves: int) -> list[Loop]:
    """Return loops, of one kind where they differ only in how places before them move.

    What moves evenly in one of them need not in the next, as a constant of each turn's own; with a
    table for it in both they can be in turns of a loop around them.
    """
    groups: dict[Any, list[Loop]] = {}
    for loop in loops:
        groups.setdefault(kind_but_for_steps(loop, leaves), []).append(loop)
    tables = {kind: uneven(group) for kind, group in groups.items() if len(group) >= MIN_TURNS}
    return [with_table(loop, tables.get(kind_but_for_steps(loop, leaves))) for loop in loops]


def kind_but_for_steps(loop: Loop, leaves: int) -> Any:
    """Return what loops have in common of which places before them may move differently."""
    inside = (loop.steps == loop.stride) & (loop.first() >= leaves)
    return loop.turns, tuple(step.kind() for step in loop.body), inside.tobytes()


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
    return replace(loop, steps=steps, irregular=irregular, table=loop.columns()[:, irregular])
