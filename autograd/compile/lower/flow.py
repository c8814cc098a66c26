"""What goes in and out of a loop, and over from turn to turn: what its emitter has to know.

A number that a turn computes is called by its slot in the first turn, whatever the turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
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
    steps = list(expanded_steps(loop.turn(0)))
    places, forward, backward = reads_in(loop, kept)
    read = places[:, forward | backward]
    outside = (read < loop.out).all(axis=0) | (read >= loop.out + loop.count).all(axis=0)
    invariant, strided, chosen = moving(read[:, outside])
    results = [slot for step in steps if needs_result(step) for slot in slots_of(step)]
    guards = np.array([guard.row for guard in program.guards], np.int64)
    return Flow(
        carried=carried_by(loop, read),
        invariant=invariant,
        strided=strided,
        chosen=chosen,
        after=own_slots(loop, [program.outputs, *reads_elsewhere(loop, program)]),
        checked=own_slots(loop, [program.watched, guards]),
        backward={*results, *in_first_turn(loop, places[:, backward])},
    )


def inside(loop: Loop, program: Program) -> Program:
    """Return a turn of a loop as a program, so that the flow of a loop in it can be asked for."""
    flow = flow_of(loop, program)
    read, checked = (
        in_first_turn(loop, np.array(sorted(slots), np.int64))
        for slots in (flow.after, flow.checked)
    )
    outputs = np.array(sorted(read | flow.carried.keys()), np.int32)
    watched = np.array(sorted(checked), np.int32)
    return replace(program, instructions=loop.body, outputs=outputs, watched=watched, guards=[])


def reads_in(loop: Loop, kept: Kept = NONE) -> tuple[Array, Array, Array]:
    """Return the places of all turns, turns x places, and which are read, forward and backward."""
    masks = [reads_of(step, kept) for step in expanded_steps(loop.turn(0))]
    forward, backward = (np.concatenate(each) for each in zip(*masks))
    return all_places(loop.body, loop.columns()), forward, backward


def reads_of(step: Instruction, kept: Kept = NONE) -> tuple[Array, Array]:
    """Tell of each place of an instruction whether it is read, forward and backward."""
    places = step.places().ravel()
    forward = np.ones(places.size, bool)
    backward = np.zeros(places.size, bool)
    if isinstance(step, Edges):
        forward[:] = False
        backward[2 * len(step.nodes) :] = True
    elif isinstance(step, Map) and step.op not in kept:
        operands = backward.reshape(step.operands.shape)
        operands[[i for i in needed_by(step) if i < len(operands)]] = True
    elif isinstance(step, Dot):
        size = step.left.size
        backward[step.count : step.count + size] = step.edges[2]
        backward[step.count + size :] = step.edges[1]
    elif isinstance(step, Matrix):
        backward[places.size - step.inputs.size :] = step.edges[1]
        backward[step.bias.size : -step.inputs.size] = step.edges[2]
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
    return frozenset(i for i, place in enumerate(rules.inputs) if place in found)


ROWS = frozenset(TABLE.values())
read_by_table = cache(read_by)


def needs_result(step: Instruction) -> bool:
    """Tell whether the backward pass of an instruction reads what it computed."""
    return isinstance(step, Map) and len(step.operands) in needed_by(step)


def slots_of(step: Instruction) -> range:
    """Return the slots of an instruction's results."""
    return range(step.out, step.out + step.count)


def in_first_turn(loop: Loop, places: Array) -> set[int]:
    """Return those of some places that a loop writes, as they are called in the first turn."""
    own = places[(places >= loop.out) & (places < loop.out + loop.count)]
    return set((loop.out + (own - loop.out) % loop.stride).tolist())


def carried_by(loop: Loop, read: Array) -> dict[int, int]:
    """Return what turns read of those before them, and of how many turns before.

    Args: read: turns x places.
    """
    found: dict[int, int] = {}
    last = np.unique(read[-1][read[-1] >= loop.out])
    ago = loop.turns - 1 - (last - loop.out) // loop.stride
    for slot, turns in zip((last + ago * loop.stride).tolist(), ago.tolist()):
        if turns > 0:
            name = slot - (loop.turns - 1) * loop.stride
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
            yield step.places().ravel()[np.logical_or(*reads_of(step))]


def own_slots(loop: Loop, tables: Sequence[Array]) -> set[int]:
    """Return the slots of some tables that a loop writes."""
    places = np.concatenate(tables)
    return set(places[(places >= loop.out) & (places < loop.out + loop.count)].tolist())


def moving(places: Array) -> tuple[set[int], set[tuple[int, int]], set[tuple[int, ...]]]:
    """Return which places before a loop are the same in all turns, move evenly, and unevenly.

    Args: places: turns x places.
    """
    moves = np.diff(places, axis=0)
    still = (moves == 0).all(axis=0)
    even = (moves == moves[0]).all(axis=0)
    strides = even & ~still
    first = places[0]
    strided = zip(first[strides].tolist(), moves[0, strides].tolist())
    chosen = places[:, ~even].T.tolist()
    return set(first[still].tolist()), set(strided), set(map(tuple, chosen))
