"""Turns before depth: the rows of each turn of a `for`, kept together.

The scheduler takes first what has the longest way to go. Of two recurrences in one `for`, such as
the variance and the mean of a Kalman filter, the longer one runs ahead of the other then, and what
they do together no longer repeats itself. So the rows, one by one and as they stand on the tape,
are searched for loops, and each row is given a time, which the rows of a turn have in common.

Only those rows keep to their turn that a recurrence leads to and that lead to one. What they read
besides is computed as early as it can be, and what results alone read after all turns; so these are
members of the same instructions.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from autograd.compile.lower.graph import Array, compact, leading_to
from autograd.compile.lower.program import Instruction, Loop, Program, counted

# The role of a row that is in no loop.
OUTSIDE = -1
# Of more instructions it is asked whether they should have been in loops.
ENOUGH = 16
# With so many rows for each instruction these have many members, and no turns were torn apart.
CROWDED = 16
# So much longer may a program with turns be than the one without, all turns written out: that of a
# likelihood is 1.6 times as long, and runs in a third of the time.
LONGER = 2.0


class Turns(NamedTuple):
    """Rows in their order, and where they are in loops.

    Attributes:
        segments: a number for each row, the same for those of a turn.
        roles: which row of a turn it is, OUTSIDE for one in no loop.
        loops: the outermost loop that it is in, OUTSIDE for one in none.
    """

    segments: Array
    roles: Array
    loops: Array


def is_torn(program: Program, nodes: Array, slots: Array) -> bool:
    """Tell whether a program looks as if loops of it had been torn apart.

    Its loops run side by side on the tape, or many instructions are written out, of few rows each.

    Args: nodes: the rows that are computed; slots: of their results.
    """
    written = written_out(program.instructions)
    of_few_rows = len(nodes) < CROWDED * written
    if written > ENOUGH and of_few_rows:
        return True
    loops = [step for step in program.instructions if isinstance(step, Loop)]
    if len(loops) < 2:
        return False
    # The rows in the order of their slots, so that those of a loop stand side by side.
    rows = nodes[np.argsort(slots)]
    leaves = program.slots - len(rows)
    spans: list[tuple[int, int]] = []
    for loop in loops:
        start = loop.out - leaves
        stop = start + loop.count
        own = rows[start:stop]
        first = int(own.min())
        last = int(own.max())
        spans.append((first, last))
    spans.sort()
    return any(start < stop for (_, stop), (start, _) in pairwise(spans))


def is_better(program: Program, other: Program) -> bool:
    """Tell whether a program whose rows keep to their turns is better than one without."""
    written = written_out(program.instructions)
    if written >= written_out(other.instructions):
        return False
    return all_turns(program) <= LONGER * all_turns(other)


def all_turns(program: Program) -> int:
    """Return how many instructions are done, those of a loop in each turn."""
    return sum(times for _, times in counted(program.instructions))


def written_out(steps: Sequence[Instruction]) -> int:
    """Return how many instructions there are, those of a loop once."""
    return sum(1 for _ in counted(steps))


def turns_in(steps: Sequence[Instruction | int]) -> Turns:
    """Return where the rows of a list are, of which each is an instruction, in turns of loops.

    >>> table = np.zeros((1, 1), np.int32)
    >>> row = Instruction(0, 1)
    >>> loop = Loop(1, 6, 3, [row, row], table, table, table)
    >>> segments, roles, loops = turns_in([row, loop, row])
    >>> segments.tolist(), roles.tolist()
    ([0, 1, 1, 2, 2, 3, 3, 4], [-1, 0, 1, 0, 1, 0, 1, -1])
    >>> loops.tolist()
    [-1, 1, 1, 1, 1, 1, 1, -1]
    """
    roles: list[int] = []
    loops: list[int] = []
    count = 0
    for number, step in enumerate(steps):
        if isinstance(step, Loop):
            own = roles_in(step, count)
            count = max(own) + 1
            roles += own
            loops += [number] * len(own)
        else:
            roles.append(OUTSIDE)
            loops.append(OUTSIDE)
    segments = np.cumsum(beginnings(steps))
    return Turns(segments, np.array(roles), np.array(loops))


def roles_in(loop: Loop, first: int) -> list[int]:
    """Return the roles of the rows of a loop, all turns, numbered from the first on."""
    roles: list[int] = []
    for step in loop.body:
        own = roles_in(step, first) if isinstance(step, Loop) else [first]
        first = max(own) + 1
        roles += own
    return roles * loop.turns


def beginnings(steps: Sequence[Instruction | int]) -> list[bool]:
    """Tell of each row whether a turn begins with it, or what stands between loops."""
    found: list[bool] = []
    behind_loop = False
    for step in steps:
        if isinstance(step, Loop):
            turn = beginnings(step.body)
            turn[0] = True
            found += turn * step.turns
        else:
            found.append(behind_loop)
        behind_loop = isinstance(step, Loop)
    return found


def times_of(turns: Turns, nodes: Array, children: Array, parents: Array, rows: int) -> Array:
    """Return when each row is to be computed: the rows of a turn at once, after what they read.

    Args:
        turns: of the nodes, which are rows.
        children, parents: the edges between nodes, in the order of the children.
    """
    segments = spread(turns.segments, nodes, rows)
    roles = spread(turns.roles, nodes, rows)
    loops = spread(turns.loops, nodes, rows)
    kept, needed = in_turns(roles, loops, children, parents)
    # The rows of a turn have one time, and so are one place in what follows.
    own_place = np.arange(rows)
    place = np.where(kept, rows + segments, own_place)
    between = place[children] != place[parents]
    counted = needed[children] & between
    children = children[counted]
    parents = parents[counted]
    last = rows + int(segments.max(initial=0))
    times = [0] * (last + 1)
    # Only turns take time: all else is computed as early as it can be.
    later = compact(kept[children])
    readers = compact(place[children])
    read = compact(place[parents])
    for child, parent, step in zip(readers, read, later):
        time = times[parent] + step
        if time > times[child]:
            times[child] = time
    found: Array = np.array(times)[place]
    # What no turn needs is computed after them all.
    found[~needed] = len(times)
    return found


def spread(numbers: Array, nodes: Array, rows: int) -> Array:
    """Return numbers of nodes as numbers of all rows."""
    found = np.full(rows, OUTSIDE)
    found[nodes] = numbers
    return found


def in_turns(roles: Array, loops: Array, children: Array, parents: Array) -> tuple[Array, Array]:
    """Tell which rows keep to their turn, and which are needed by any that do."""
    # A circle of roles is a recurrence: what it leads to, and what leads to it, is found by role.
    same_loop = loops[children] == loops[parents]
    in_loop = roles[children] != OUTSIDE
    own = same_loop & in_loop
    role_of_child = roles[children[own]]
    role_of_parent = roles[parents[own]]
    pairs = np.stack([role_of_child, role_of_parent])
    reading, read = np.unique(pairs, axis=1)
    count = int(roles.max(initial=OUTSIDE)) + 1
    behind = after_circles(read, reading, count)
    ahead = after_circles(reading, read, count)
    # What such rows need outside of the loop, or in other loops, is found row by row.
    inside = np.flatnonzero(roles != OUTSIDE)
    own_roles = roles[inside]
    between = behind & ahead
    first = inside[between[own_roles]]
    needed = leading_to(first.tolist(), children, parents, len(roles))
    kept = np.zeros(len(roles), bool)
    kept[inside] = behind[own_roles] & needed[inside]
    return kept, needed


def after_circles(sources: Array, targets: Array, count: int) -> Array:
    """Tell of each of so many places whether it is on a circle of edges, or behind one.

    >>> after_circles(np.array([0, 1, 2, 2]), np.array([1, 2, 1, 3]), 5).tolist()
    [False, True, True, True, False]
    """
    following: list[list[int]] = [[] for _ in range(count)]
    edges = zip(sources.tolist(), targets.tolist())
    for source, target in edges:
        following[source].append(target)
    waiting = np.bincount(targets, minlength=count).tolist()
    free = [place for place, edges in enumerate(waiting) if not edges]
    # The list grows while it is read.
    for place in free:
        for target in following[place]:
            waiting[target] -= 1
            if not waiting[target]:
                free.append(target)
    return np.array(waiting, np.intp) > 0
