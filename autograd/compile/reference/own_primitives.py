"""Primitives of a user's own: called in Python for one number after the other, in both engines.

What a user's function does can be anything: ints of any length, exceptions that it absorbs, names
that change later. So nothing translates it. It is called as the eager engine calls it under
`ieee()`: with floats, and with plain operands as they were written. Its rules are read as those of
the table are, and evaluated on arrays, but anew in every call, since they too may look at what
changes; where they cannot be read, or give what is not finite, they are called number by number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import compress, repeat
from threading import get_ident
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.coercion import as_data, finite_or_inf, ieee_result
from autograd.compile.lower.program import Map, Program, Table, counted
from autograd.compile.reference.array_functions import Array, function_of
from autograd.compile.tracing.internal_primitives import INTERNAL_NAMES
from autograd.compile.tracing.rules import ancestors, slopes_and_masks
from autograd.compile.tracing.symbols import Symbol, place_of
from autograd.compile.tracing.tape import Tape
from autograd.messages import explained
from autograd.primitive_type import Primitive

# For fewer numbers, calling a rule is faster than reading it.
MIN_NUMBERS_READ = 16
OURS = frozenset(p.TABLE.values()) | INTERNAL_NAMES.keys()


def is_own(op: Primitive) -> bool:
    """Tell whether a primitive is a user's, and no row of the table."""
    return op not in OURS


def result_of(op: Primitive, *numbers: Any) -> float:
    """Return what the eager engine gives under `ieee()`, as a float.

    Raises: TypeError: the function gave no number; the message has its operands. What else it
        raises and `ieee()` does not absorb passes.
    """
    try:
        found = op.forward(*numbers)
        # The usual case, which needs no look at what kind of number it is.
        if type(found) is float:
            return found
        return float(finite_or_inf(as_data(found)))
    except (ValueError, ArithmeticError):
        return float(finite_or_inf(ieee_result(op, numbers)[1]))
    except TypeError as error:
        raise explained(error, op, numbers) from None


def slopes_of(
    op: Primitive, edges: Sequence[bool], numbers: Sequence[Any]
) -> list[tuple[float, bool]]:
    """Return for each edge its slope at one point, and whether the eager engine has no edge there.

    `numbers` are the operands and the result.
    """
    from autograd.value import edge_mask, limits, node

    *operands, out = numbers
    # Which edges there are, the eager engine asks of Values.
    values = [node(x, None, (), (), ()) if edge else x for x, edge in zip(operands, edges)]
    mask = edge_mask(op, values, operands, out)
    try:
        slopes = op.derivatives(operands, out, mask)
    except (ValueError, ArithmeticError):
        slopes = limits(op, operands, out, mask)
    found = []
    for slope, is_there in compress(zip(slopes, mask), edges):
        number = float(finite_or_inf(slope)) if is_there else 0.0
        found.append((number, not is_there))
    return found


def calls_users(program: Program) -> bool:
    """Tell whether a program calls functions of a user's own, which need not bear two threads."""
    steps = (step for step, _ in counted(program.instructions))
    return any(isinstance(step, Map) and is_own(step.op) for step in steps)


class Members:
    """Some members of an instruction: those to which one tuple of plain operands was written.

    Args: plain: a number for each operand, None for one that varies.
    """

    def __init__(self, step: Map, plain: tuple[Any, ...], places: Sequence[int]) -> None:
        self.plain = plain
        self.places = np.array(places)
        self.slots = [table[self.places] for table in step.operands]
        self.results = step.out + self.places

    def columns(self, values: Array) -> Iterator[list[Any]]:
        """Yield all numbers of each operand, member by member."""
        size = len(self.places) * values.shape[1]
        for slots, number in zip(self.slots, self.plain):
            if number is None:
                yield values[slots].ravel().tolist()
            else:
                yield [number] * size


class OwnStep:
    """An instruction that applies a user's primitive, on arrays of all values and adjoints."""

    def __init__(self, program: Program, step: Map) -> None:
        self.step = step
        self.op = step.op
        self.parents = [i for i, edge in enumerate(step.edges) if edge]
        self.groups = groups_of(step, program)
        self.threads_inside: set[int] = set()

    @contextmanager
    def once(self) -> Iterator[None]:
        """Do what is in the block, which calls a user's function, unless that called us.

        Raises: RuntimeError: it did, and what it was called for would be overwritten.
        """
        thread = get_ident()
        if thread in self.threads_inside:
            raise RuntimeError(
                f"{self.op} calls the compiled function that it is part of, whose arrays are in"
                " use; have it call a second one, compiled from the same function"
            )
        self.threads_inside.add(thread)
        try:
            yield
        finally:
            self.threads_inside.discard(thread)

    def forward(self, values: Array, _: Any = None) -> None:
        """Compute the results."""
        with self.once():
            for group in self.groups:
                found = list(map(result_of, repeat(self.op), *group.columns(values)))
                values[group.results] = np.reshape(found, (len(group.places), -1))

    def backward(self, values: Array, adjoints: Array, _: Any = None) -> None:
        """Add slope times upstream adjoint, and nothing where one of them is absent."""
        for group in self.groups:
            upstream = adjoints[group.results]
            with self.once():
                slopes, cut = self.slopes(group, values)
            for i, slope, is_cut in zip(self.parents, slopes, cut):
                found = slope.reshape(upstream.shape) * upstream + 0.0
                is_absent = is_cut.reshape(upstream.shape)
                # -0.0 is an adjoint that is not there: see `lower.optional_adjoints`.
                if self.step.optional:
                    is_absent = is_absent | ((upstream == 0.0) & np.signbit(upstream))
                found[is_absent] = -0.0
                np.add.at(adjoints, group.slots[i], found)

    def slopes(self, group: Members, values: Array) -> tuple[Array, Array]:
        """Return slopes, and where there is no edge: edges x numbers."""
        out = values[group.results].ravel()
        columns = [*group.columns(values), out.tolist()]
        tape = None
        if out.size >= MIN_NUMBERS_READ:
            tape = self.readable_rules(group.plain)
        if tape is None:
            return self.called(columns)
        varying = [column for column, x in zip(columns, group.plain) if x is None]
        slopes, cut = evaluated(tape, [*varying, out], out.size)
        # What is not finite may be a limit, or no edge at all: only a call tells.
        odd = np.flatnonzero(~np.isfinite(slopes).all(0))
        if odd.size:
            rows = [[column[i] for i in odd.tolist()] for column in columns]
            slopes[:, odd], cut[:, odd] = self.called(rows)
        return slopes, cut

    def called(self, columns: Sequence[Sequence[Any]]) -> tuple[Array, Array]:
        """Return slopes and missing edges, found for one point after the other."""
        points = [slopes_of(self.op, self.step.edges, numbers) for numbers in zip(*columns)]
        found = np.array(points, float).reshape(len(points), len(self.parents), 2)
        return found[:, :, 0].T, found[:, :, 1].T != 0.0

    def readable_rules(self, plain: Sequence[Any]) -> Tape | None:
        """Return the rules as they are now, for plain operands; None where they must be called."""
        tape = Tape()
        symbols = [Symbol(tape, tape.input()) if x is None else x for x in (*plain, None)]
        try:
            slopes, masks = slopes_and_masks(self.op, symbols, self.step.edges)
            tape.outputs = [place_of(tape, x) for x in slopes + masks]
        # A rule may do to a Symbol what only a number takes.
        except Exception:
            return None
        return tape


def groups_of(step: Map, program: Program) -> list[Members]:
    """Return the members of an instruction by the plain operands that were written to them."""
    columns = [plain_operands(program, slots) for slots in step.operands]
    places: dict[Any, list[int]] = {}
    plain: dict[Any, tuple[Any, ...]] = {}
    for i, numbers in enumerate(zip(*columns)):
        # By their texts 0.0 and -0.0 are two numbers, as 1 and 1.0 are.
        key = tuple((type(x), repr(x)) for x in numbers)
        plain[key] = numbers
        places.setdefault(key, []).append(i)
    return [Members(step, plain[key], found) for key, found in places.items()]


def plain_operands(program: Program, slots: Table) -> list[Any]:
    """Return the constants that stand in slots, as they were written; None for what varies."""
    # What is shared stands in the slots behind the inputs, the constants behind the parameters.
    first = program.inputs
    after = program.inputs + len(program.broadcast)
    found: list[Any] = [None] * len(slots)
    for member, slot in enumerate(slots.tolist()):
        if first <= slot < after:
            place = int(program.broadcast[slot - first]) - program.parameters
            if place >= 0:
                found[member] = program.constants[place]
    return found


def evaluated(tape: Tape, numbers: Sequence[Any], size: int) -> tuple[Array, Array]:
    """Return slopes and masks of rules, for operands and results that are so many numbers."""
    rows: dict[int, Array] = {}
    for place, column in zip(tape.inputs, numbers):
        rows[place] = np.array(column, float)
    for place, x in tape.constants.items():
        rows[place] = np.full(size, float(finite_or_inf(x)))
    for place in sorted(ancestors(tape, tape.outputs)):
        op = tape.ops[place]
        operands = tape.operands[place]
        if op is None:
            continue
        rows[place] = np.empty(size)
        if is_own(op):
            # It, too, is called with plain operands as they were written.
            known = {x: [tape.constants[x]] * size for x in operands if x in tape.constants}
            columns = [known.get(x) or rows[x].tolist() for x in operands]
            rows[place][:] = list(map(result_of, repeat(op), *columns))
        else:
            rows[place][:] = function_of(op)(*[rows[x] for x in operands])
    # Slopes come first, then as many masks.
    slopes, masks = np.array([rows[place] for place in tape.outputs]).reshape(2, -1, size)
    return slopes, masks != 0.0
