"""Primitives of a user's own: called in Python for one number after the other, in both engines.

What a user's function does can be anything: ints of any length, exceptions that it absorbs, names
that change later. So nothing translates it. It is called as the eager engine calls it under
`ieee()`: with floats, and with plain operands as they were written. Its rules are read as those of
the table are, and evaluated on arrays, but anew in every call, since they too may look at what
changes; where they cannot be read, or give what is not finite, they are called number by number.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
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
        number = as_data(found)
        return float(finite_or_inf(number))
    except (ValueError, ArithmeticError):
        _, number = ieee_result(op, numbers)
        return float(finite_or_inf(number))
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
    values = list(operands)
    for i, edge in enumerate(edges):
        if edge:
            values[i] = node(operands[i], None, (), (), ())
    mask = edge_mask(op, values, operands, out)
    try:
        slopes = op.derivatives(operands, out, mask)
    except (ValueError, ArithmeticError):
        slopes = limits(op, operands, out, mask)
    found = []
    pairs = zip(slopes, mask)
    for slope, is_there in compress(pairs, edges):
        number = 0.0
        if is_there:
            number = float(finite_or_inf(slope))
        found.append((number, not is_there))
    return found


def calls_users(program: Program) -> bool:
    """Tell whether a program calls functions of a user's own, which need not bear two threads."""
    for step, _ in counted(program.instructions):
        if isinstance(step, Map) and is_own(step.op):
            return True
    return False


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
        lanes = values.shape[1]
        size = len(self.places) * lanes
        for slots, number in zip(self.slots, self.plain):
            if number is None:
                numbers = values[slots]
                yield numbers.ravel().tolist()
            else:
                yield [number] * size


class OwnStep:
    """An instruction that applies a user's primitive, on arrays of all values and adjoints."""

    def __init__(self, program: Program, step: Map) -> None:
        self.step = step
        self.op = step.op
        arity = len(step.edges)
        self.parents = list(compress(range(arity), step.edges))
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

    def forward(self, values: Array, _: object = None) -> None:
        """Compute the results."""
        with self.once():
            for group in self.groups:
                columns = group.columns(values)
                found = map(result_of, repeat(self.op), *columns)
                numbers = list(found)
                # Members x lanes.
                shape = len(group.places), -1
                values[group.results] = np.reshape(numbers, shape)

    def backward(self, values: Array, adjoints: Array, _: object = None) -> None:
        """Add slope times upstream adjoint, and nothing where one of them is absent."""
        for group in self.groups:
            upstream = adjoints[group.results]
            with self.once():
                slopes, cut = self.slopes(group, values)
            for i, slope, is_cut in zip(self.parents, slopes, cut):
                slope = slope.reshape(upstream.shape)
                is_absent = is_cut.reshape(upstream.shape)
                # -0.0 is an adjoint that is not there: see `lower.optional_adjoints`.
                if self.step.optional:
                    is_zero = upstream == 0.0
                    is_negative = np.signbit(upstream)
                    is_absent = is_absent | (is_zero & is_negative)
                more = slope * upstream + 0.0
                more[is_absent] = -0.0
                slots = group.slots[i]
                np.add.at(adjoints, slots, more)

    def slopes(self, group: Members, values: Array) -> tuple[Array, Array]:
        """Return slopes, and where there is no edge: edges x numbers."""
        results = values[group.results]
        out = results.ravel()
        numbers = out.tolist()
        columns = [*group.columns(values), numbers]
        tape = None
        if out.size >= MIN_NUMBERS_READ:
            tape = self.readable_rules(group.plain)
        if tape is None:
            return self.called(columns)
        is_varying = [x is None for x in group.plain]
        varying = compress(columns, is_varying)
        slopes, cut = evaluated(tape, [*varying, out], out.size)
        # What is not finite may be a limit, or no edge at all: only a call tells.
        is_finite = np.isfinite(slopes)
        is_odd = ~is_finite.all(axis=0)
        odd = np.flatnonzero(is_odd)
        if odd.size:
            rows = []
            for column in columns:
                row = [column[i] for i in odd.tolist()]
                rows.append(row)
            odd_slopes, odd_cut = self.called(rows)
            slopes[:, odd] = odd_slopes
            cut[:, odd] = odd_cut
        return slopes, cut

    def called(self, columns: Sequence[Sequence[Any]]) -> tuple[Array, Array]:
        """Return slopes and missing edges, found for one point after the other."""
        edges = self.step.edges
        points = []
        for numbers in zip(*columns):
            point = slopes_of(self.op, edges, numbers)
            points.append(point)
        shape = len(points), len(self.parents), 2
        # Points x edges x a slope and a mark.
        found = np.array(points, float).reshape(shape)
        slopes = found[:, :, 0]
        marks = found[:, :, 1]
        is_cut = marks.T != 0.0
        return slopes.T, is_cut

    def readable_rules(self, plain: Sequence[Any]) -> Tape | None:
        """Return the rules as they are now, for plain operands; None where they must be called."""
        tape = Tape()
        symbols = []
        # What varies is an input, as the result is.
        for x in (*plain, None):
            if x is None:
                x = Symbol(tape, tape.input())
            symbols.append(x)
        try:
            slopes, masks = slopes_and_masks(self.op, symbols, self.step.edges)
            found = slopes + masks
            tape.outputs = [place_of(tape, x) for x in found]
        # A rule may do to a Symbol what only a number takes.
        except Exception:
            return None
        return tape


def groups_of(step: Map, program: Program) -> list[Members]:
    """Return the members of an instruction by the plain operands that were written to them."""
    columns = [plain_operands(program, slots) for slots in step.operands]
    members = zip(*columns)
    places: dict[Hashable, list[int]] = {}
    plain: dict[Hashable, tuple[Any, ...]] = {}
    for i, numbers in enumerate(members):
        # By their texts 0.0 and -0.0 are two numbers, as 1 and 1.0 are.
        texts = map(repr, numbers)
        types = map(type, numbers)
        key: Hashable = tuple(zip(types, texts))
        plain[key] = numbers
        alike = places.setdefault(key, [])
        alike.append(i)
    groups = []
    for key, alike in places.items():
        group = Members(step, plain[key], alike)
        groups.append(group)
    return groups


def plain_operands(program: Program, slots: Table) -> list[Any]:
    """Return the constants that stand in slots, as they were written; None for what varies."""
    # What is shared stands in the slots behind the inputs, the constants behind the parameters.
    first = program.inputs
    shared = len(program.broadcast)
    after = first + shared
    found: list[Any] = [None] * len(slots)
    for member, slot in enumerate(slots.tolist()):
        is_shared = first <= slot < after
        if not is_shared:
            continue
        place = int(program.broadcast[slot - first])
        constant = place - program.parameters
        if constant >= 0:
            found[member] = program.constants[constant]
    return found


def evaluated(tape: Tape, numbers: Sequence[Any], size: int) -> tuple[Array, Array]:
    """Return slopes and masks of rules, for operands and results that are so many numbers."""
    rows: dict[int, Array] = {}
    for place, column in zip(tape.inputs, numbers):
        rows[place] = np.array(column, float)
    for place, x in tape.constants.items():
        number = float(finite_or_inf(x))
        rows[place] = np.full(size, number)
    needed = ancestors(tape, tape.outputs)
    for place in sorted(needed):
        op = tape.ops[place]
        if op is None:
            continue
        operands = tape.operands[place]
        found = np.empty(size)
        if is_own(op):
            # It, too, is called with plain operands as they were written.
            columns = [numbers_of(tape, x, rows[x]) for x in operands]
            results = map(result_of, repeat(op), *columns)
            found[:] = list(results)
        else:
            function = function_of(op)
            arrays = [rows[x] for x in operands]
            found[:] = function(*arrays)
        rows[place] = found
    outputs = np.array([rows[place] for place in tape.outputs])
    # Slopes come first, then as many masks.
    slopes, masks = outputs.reshape(2, -1, size)
    is_cut = masks != 0.0
    return slopes, is_cut


def numbers_of(tape: Tape, place: int, row: Array) -> list[Any]:
    """Return the numbers of a row of a tape: of a constant, as it was written."""
    if place in tape.constants:
        constant = tape.constants[place]
        return [constant] * len(row)
    found: list[float] = row.tolist()
    return found
