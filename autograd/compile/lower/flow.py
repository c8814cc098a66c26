"""What goes in and out of a loop, and over from turn to turn: what its emitter has to know.

A number that a turn computes is called by its slot in the first turn, whatever the turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np

from autograd.compile.lower.graph import Array
from autograd.compile.lower.program import (
    Dot,
    Edges,
    Instruction,
    Loop,
    Map,
    Matrix,
    Program,
    Table,
    all_places,
    expanded_steps,
)
from autograd.compile.tracing.rules import ancestors, rules_of
from autograd.primitive_type import Primitive
from autograd.primitives import TABLE

# Rows whose slopes somebody keeps, so that no operand is read for them.
Kept = Set[Primitive]
NONE: Kept = frozenset()


class Flow(NamedTuple):
    """The numbers of a loop by where they come from and where they are read.

    Attributes:
        carried: what a turn reads of those before it, and of how many turns before at the most.
            The first turns read the slots in front of the loop that stand where a turn before them
            would have written.
        invariant: what stands before the loop and is the same in all turns: slots, and ~place of
            shared numbers; or behind it, for edges, here as in what follows.
        strided: what stands before the loop and moves evenly: the place in the first turn, and the
            step of each turn.
        chosen: what stands before the loop and moves unevenly: the places of all turns.
        after: slots of any turn that are read outside of the loop, or are results.
        checked: slots of any turn that guards look at, or that have to be finite.
        backward: what the backward pass of the turns reads of what they computed.
    """

    carried: dict[int, int]
    invariant: set[int]
    strided: set[tuple[int, int]]
    chosen: set[tuple[int, ...]]
    after: set[int]
    checked: set[int]
    backward: set[int]


def flow_of(loop: Loop, program: Program, kept: Kept = NONE) -> Flow:
    """Return the flow of a loop that is an instruction of a program.

    For a loop in another one the program is `inside` of that.

    Args: kept: rows whose slopes are kept in the forward pass.
    """
    places, forward, backward = reads_in(loop, kept)
    read = places[:, forward | backward]
    # Edges stand beside their nodes, and may read slopes that are computed behind the loop.
    end = loop.out + loop.count
    is_before = (read < loop.out).all(axis=0)
    is_behind = (read >= end).all(axis=0)
    invariant, strided, chosen = moving(read[:, is_before | is_behind])
    results: set[int] = set()
    for step in expanded_steps(loop.turn(0)):
        if needs_result(step):
            results.update(slots_of(step))
    asked = [guard.row for guard in program.guards]
    guards = np.array(asked, np.intp)
    read_elsewhere = [program.outputs, *reads_elsewhere(loop, program)]
    return Flow(
        carried=carried_by(loop, read),
        invariant=invariant,
        strided=strided,
        chosen=chosen,
        after=own_slots(loop, read_elsewhere),
        checked=own_slots(loop, [program.watched, guards]),
        backward=results | in_first_turn(loop, places[:, backward]),
    )


def inside(loop: Loop, program: Program) -> Program:
    """Return a turn of a loop as a program, so that the flow of a loop in it can be asked for."""
    flow = flow_of(loop, program)
    after = in_first_turn(loop, sorted_slots(flow.after))
    checked = in_first_turn(loop, sorted_slots(flow.checked))
    # What the next turn reads is read outside of this one.
    read = after | flow.carried.keys()
    return replace(
        program,
        instructions=loop.body,
        outputs=sorted_slots(read),
        watched=sorted_slots(checked),
        guards=[],
    )


def sorted_slots(slots: Iterable[int]) -> Table:
    """Return slots as an array, in their order."""
    return np.array(sorted(slots), np.int32)


def reads_in(loop: Loop, kept: Kept = NONE) -> tuple[Array, Array, Array]:
    """Return the places of all turns, turns x places, and which are read, forward and backward."""
    turn = expanded_steps(loop.turn(0))
    masks = [reads_of(step, kept) for step in turn]
    forward = np.concatenate([mask for mask, _ in masks])
    backward = np.concatenate([mask for _, mask in masks])
    places = all_places(loop.body, loop.columns())
    return places, forward, backward


def reads_of(step: Instruction, kept: Kept = NONE) -> tuple[Array, Array]:
    """Tell of each place of an instruction whether it is read, forward and backward."""
    places = step.places().ravel()
    forward = np.ones(places.size, bool)
    backward = np.zeros(places.size, bool)
    if isinstance(step, Edges):
        # Nodes and parents are where adjoints are added, slopes and masks are numbers.
        forward[:] = False
        backward[2 * len(step.nodes) :] = True
    elif isinstance(step, Map) and step.op not in kept:
        operands = backward.reshape(step.operands.shape)
        needed = [i for i in needed_by(step) if i < len(operands)]
        operands[needed] = True
    elif isinstance(step, Dot):
        # By the product rule an adjoint that flows to one side reads the other.
        _, to_left, to_right = step.edges
        start = step.count
        middle = start + step.left.size
        backward[start:middle] = to_right
        backward[middle:] = to_left
    elif isinstance(step, Matrix):
        _, to_weights, to_inputs = step.edges
        start = step.bias.size
        middle = start + step.weights.size
        backward[start:middle] = to_inputs
        backward[middle:] = to_weights
    return forward, backward


def needed_by(step: Map) -> Set[int]:
    """Return which operands the slopes of an instruction need; behind them stands the result."""
    arity = len(step.operands)
    # A rule of a user's own may change, and is read anew.
    found = read_by_table if step.op in ROWS else read_by
    return found(step.op, arity, step.edges)


def read_by(op: Primitive, arity: int, edges: tuple[bool, ...]) -> Set[int]:
    """Return which operands, and the result behind them, the slopes of a row need."""
    if not any(edges):
        return frozenset()
    try:
        rules = rules_of(op, arity, edges)
    except (TypeError, AttributeError):
        # They are called, not read.
        return frozenset(range(arity + 1))
    found = ancestors(rules, rules.outputs)
    read = [i for i, place in enumerate(rules.inputs) if place in found]
    return frozenset(read)


ROWS = frozenset(TABLE.values())
read_by_table = cache(read_by)


def needs_result(step: Instruction) -> bool:
    """Tell whether the backward pass of an instruction reads what it computed."""
    if not isinstance(step, Map):
        return False
    result = len(step.operands)
    return result in needed_by(step)


def slots_of(step: Instruction) -> range:
    """Return the slots of an instruction's results."""
    return range(step.out, step.out + step.count)


def in_first_turn(loop: Loop, places: Array) -> set[int]:
    """Return those of some places that a loop writes, as they are called in the first turn."""
    own = written_by(loop, places)
    names = loop.out + (own - loop.out) % loop.stride
    return set(names.tolist())


def written_by(loop: Loop, places: Array) -> Array:
    """Return those of some places that a loop writes."""
    end = loop.out + loop.count
    is_own = (places >= loop.out) & (places < end)
    found: Array = places[is_own]
    return found


def carried_by(loop: Loop, read: Array) -> dict[int, int]:
    """Return what turns read of those before them, and of how many turns before.

    Args: read: turns x places.
    """
    found: dict[int, int] = {}
    # All turns read alike, and before the last one there are the most.
    by_last_turn = read[-1]
    own = np.unique(by_last_turn[by_last_turn >= loop.out])
    last = loop.turns - 1
    written_in = (own - loop.out) // loop.stride
    ago = last - written_in
    names = own - written_in * loop.stride
    for name, turns in zip(names.tolist(), ago.tolist()):
        if turns > 0:
            found[name] = max(turns, found.get(name, 0))
    return found


def reads_elsewhere(loop: Loop, program: Program) -> Iterator[Array]:
    """Yield what other instructions than a loop read; edges before it may read what is in it."""
    for step in program.instructions:
        if step is loop:
            continue
        if isinstance(step, Loop):
            places, forward, backward = reads_in(step)
            yield places[:, forward | backward].ravel()
        else:
            forward, backward = reads_of(step)
            yield step.places().ravel()[forward | backward]


def own_slots(loop: Loop, tables: Sequence[Array]) -> set[int]:
    """Return the slots of some tables that a loop writes."""
    own = written_by(loop, np.concatenate(tables))
    return set(own.tolist())


def moving(places: Array) -> tuple[set[int], set[tuple[int, int]], set[tuple[int, ...]]]:
    """Return which places before a loop are the same in all turns, move evenly, and unevenly.

    Args: places: turns x places.
    """
    moves = np.diff(places, axis=0)
    first = places[0]
    first_move = moves[0]
    still = (moves == 0).all(axis=0)
    even = (moves == first_move).all(axis=0)
    strides = even & ~still
    invariant = set(first[still].tolist())
    strided = zip(first[strides].tolist(), first_move[strides].tolist())
    columns = places[:, ~even].T.tolist()
    chosen = map(tuple, columns)
    return invariant, set(strided), set(chosen)
