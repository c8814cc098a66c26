"""What each kind of instruction does to arrays of values and adjoints, slots x lanes.

An instruction reads its operands, computes, and writes its results; on the way back it adds a
contribution to the adjoint of each operand, or to the gradient by the shared numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from autograd.compile.lower.program import Dot, Edges, Instruction, Map, Matrix, Program, Total
from autograd.compile.reference.array_functions import Array, Function, Operand, function_of
from autograd.compile.reference.own_primitives import result_of
from autograd.compile.tracing.rules import ancestors, rules_of
from autograd.compile.tracing.tape import Tape

# An adjoint that is not there: see `lower.optional_adjoints`.
ABSENT = -0.0


class Places:
    """Some rows of an array, which can be read, and added to.

    Attributes: `shape`, that of the table; `index`, a slice where they are in order: that is a
    view, and no copy.
    """

    def __init__(self, table: Array) -> None:
        self.shape = table.shape
        flat = table.ravel()
        self.rows = flat.astype(np.intp)
        self.index: slice | Array = self.rows
        if self.rows.size:
            first = int(self.rows[0])
            last = int(self.rows[-1])
            steps = np.diff(self.rows)
            step = int(steps[0]) if steps.size else 1
            is_even = (steps == step).all()
            if is_even and step > 0:
                self.index = slice(first, last + 1, step)

    @cached_property
    def repeated(self) -> tuple[Array, Array, Array]:
        """Each row once; an order in which equal rows stand together; and where each begins."""
        order = np.argsort(self.rows, kind="stable")
        in_order = self.rows[order]
        rows, starts = np.unique(in_order, return_index=True)
        return rows, order, starts

    def of(self, numbers: Array) -> Array:
        """Return what stands in these rows."""
        return numbers[self.index]

    def in_shape(self, numbers: Array) -> Array:
        """Return the same in the shape of the table, and behind it the lanes."""
        found = self.of(numbers)
        return found.reshape(*self.shape, -1)

    def add(self, numbers: Array, more: Array) -> None:
        """Add to these rows; what is for the same row is added up first."""
        rows, order, starts = self.repeated
        if rows.size == self.rows.size:
            numbers[self.index] += more
            return
        # `+=` would add only the last of what is for the same row.
        in_order = more[order]
        sums = np.add.reduceat(in_order, starts, axis=0)
        numbers[rows] += sums


class Coded:
    """Numbers for members that are slots, or, where the code is below zero, ~place of a shared one.

    A slot has a number for each lane; a shared number is the same in all.
    """

    def __init__(self, code: Array, shared: Array) -> None:
        flat = code.ravel()
        is_slot = flat >= 0
        self.shared = shared
        self.shape = code.shape
        self.members = flat.size
        self.in_slots = np.flatnonzero(is_slot)
        self.in_shared = np.flatnonzero(~is_slot)
        slots = flat[self.in_slots]
        places = ~flat[self.in_shared]
        self.slots = Places(slots)
        self.places = Places(places)

    def of(self, values: Array) -> Array:
        """Return the numbers, members x lanes, or members x 1 where all are shared."""
        numbers = self.places.of(self.shared)
        column = numbers[:, None]
        if not self.in_slots.size:
            return column
        lanes = values.shape[1]
        shape = self.members, lanes
        found = np.empty(shape, values.dtype)
        found[self.in_slots] = self.slots.of(values)
        found[self.in_shared] = column
        return found

    def in_shape(self, values: Array) -> Array:
        """Return the same in the shape of the code, and behind it the lanes."""
        found = self.of(values)
        return found.reshape(*self.shape, -1)

    def add(self, adjoints: Array, gradient: Array, more: Array) -> None:
        """Add numbers, members x lanes, to the adjoints of slots, and to the gradient."""
        if self.in_slots.size:
            by_slots = more[self.in_slots]
            self.slots.add(adjoints, by_slots)
        if self.in_shared.size:
            # A number that all lanes share has the sum of their adjoints.
            by_lanes = more[self.in_shared]
            sums = by_lanes.sum(axis=1)
            self.places.add(gradient, sums)


class Row(NamedTuple):
    """A row of a rule, to be computed: where its result belongs, and of which rows it is one."""

    place: int
    function: Function
    operands: Sequence[int]


class Rules:
    """Slopes and masks of a primitive as a function of arrays: the operands, and the result.

    Rows that no output needs are left out, and rows of constants are computed at once.
    """

    def __init__(self, tape: Tape) -> None:
        self.inputs = tape.inputs
        self.outputs = tape.outputs
        self.known: dict[int, Any] = dict(tape.constants)
        self.rows: list[Row] = []
        needed = ancestors(tape, tape.outputs)
        for place in sorted(needed):
            op = tape.ops[place]
            operands = tape.operands[place]
            if op is None:
                continue
            if self.known.keys() >= set(operands):
                numbers = map(self.known.get, operands)
                self.known[place] = result_of(op, *numbers)
            else:
                function = function_of(op)
                row = Row(place, function, operands)
                self.rows.append(row)

    def __call__(self, *numbers: Array) -> list[Any]:
        """Return slopes, then masks: arrays, or numbers where they are the same everywhere."""
        given = zip(self.inputs, numbers)
        found = self.known | dict(given)
        for place, function, operands in self.rows:
            operand_numbers = map(found.get, operands)
            found[place] = function(*operand_numbers)
        return [found[place] for place in self.outputs]


def contribution(slope: Operand, upstream: Array, mask: Operand, optional: bool) -> Array:
    """Return slope * upstream; it is absent where a mask is true, or, if it may be, where that is.

    A contribution that is there is no -0.0 where others may be absent.
    """
    product: Array = slope * upstream
    is_cut = np.not_equal(mask, 0.0)
    if optional:
        is_missing = is_absent(upstream)
        is_cut = is_cut | is_missing
    elif not np.any(is_cut):
        return product
    present = product + 0.0
    return np.where(is_cut, ABSENT, present)


def is_absent(upstream: Array) -> Array:
    """Tell where there is no adjoint."""
    is_zero: Array = upstream == 0.0
    is_negative: Array = np.signbit(upstream)
    return is_zero & is_negative


def absent_or_sums(sums: Array, upstream: Array) -> Array:
    """Return sums of contributions; one is absent where all adjoints in its column are.

    BLAS makes a zero of any sign of a sum of absent ones.
    """
    all_missing = is_absent(upstream).all(axis=0)
    present = sums + 0.0
    return np.where(all_missing, ABSENT, present)


class Step(NamedTuple):
    """An instruction, prepared: what it does to values, and on the way back to adjoints.

    Attributes: `forward(values)`, which writes the results, and `backward(values, adjoints,
    gradient)`. The machine calls both ways of a primitive with values and adjoints.
    """

    forward: Callable[..., None]
    backward: Callable[..., None]


def map_step(step: Map, program: Program, shared: Array) -> Step:
    """Prepare a primitive of the table."""
    out = results(step)
    function = function_of(step.op)
    operands = [Places(table) for table in step.operands]
    parents = list(compress(operands, step.edges))

    @cache
    def rules() -> Rules:
        arity = len(operands)
        tape = rules_of(step.op, arity, step.edges)
        return Rules(tape)

    def forward(values: Array, adjoints: Array | None = None) -> None:
        numbers = [places.of(values) for places in operands]
        values[out] = function(*numbers)

    def backward(values: Array, adjoints: Array, gradient: Array | None = None) -> None:
        if not parents:
            return
        numbers = [places.of(values) for places in operands]
        found = rules()(*numbers, values[out])
        # Slopes come first, then as many masks.
        count = len(parents)
        masks = found[count:]
        upstream = adjoints[out]
        for places, slope, mask in zip(parents, found, masks):
            more = contribution(slope, upstream, mask, step.optional)
            places.add(adjoints, more)

    return Step(forward, backward)


def total_step(step: Total, program: Program, shared: Array) -> Step:
    """Prepare sums."""
    out = results(step)
    terms = Places(step.terms)
    count = len(step.terms)

    def forward(values: Array) -> None:
        # Terms x members x lanes.
        numbers = terms.in_shape(values)
        sums = values[out]
        np.add.reduce(numbers, axis=0, out=sums, initial=ABSENT)

    def backward(values: Array, adjoints: Array, gradient: Array) -> None:
        if not step.edges:
            return
        # The slope of a sum is 1 by each of its terms.
        upstream = adjoints[out]
        more = np.tile(upstream, (count, 1))
        terms.add(adjoints, more)

    return Step(forward, backward)


def dot_step(step: Dot, program: Program, shared: Array) -> Step:
    """Prepare inner products."""
    out = results(step)
    bias = Coded(step.bias, shared)
    left = Coded(step.left, shared)
    right = Places(step.right)
    exists, to_left, to_right = step.edges
    pairs = step.left.size

    def forward(values: Array) -> None:
        # Terms x members x lanes.
        left_sides = left.in_shape(values)
        right_sides = right.in_shape(values)
        products = left_sides * right_sides
        sums = np.add.reduce(products, axis=0)
        values[out] = sums + bias.of(values)

    def backward(values: Array, adjoints: Array, gradient: Array) -> None:
        if not exists:
            return
        upstream = adjoints[out]
        bias.add(adjoints, gradient, upstream)
        # The product rule: the slope by one side is the other one.
        if to_left:
            slope = right.in_shape(values)
            by_left = contribution(slope, upstream, False, step.optional)
            by_pairs = by_left.reshape(pairs, -1)
            left.add(adjoints, gradient, by_pairs)
        if to_right:
            slope = left.in_shape(values)
            by_right = contribution(slope, upstream, False, step.optional)
            by_pairs = by_right.reshape(pairs, -1)
            right.add(adjoints, by_pairs)

    return Step(forward, backward)


class Factors:
    """The factors of a product of matrices: shared weights, and slots, of which each is a row."""

    def __init__(self, step: Matrix) -> None:
        self.weights = Places(step.weights)
        self.inputs = Places(step.inputs)
        self.rows = len(step.weights)
        self.terms = len(step.inputs)

    def left(self, shared: Array) -> Array:
        """Return the weights, rows x terms."""
        numbers = self.weights.of(shared)
        return numbers.reshape(self.rows, self.terms)

    def right(self, values: Array) -> Array:
        """Return the inputs, terms x columns, each column with all lanes."""
        numbers = self.inputs.of(values)
        return numbers.reshape(self.terms, -1)


def matrix_step(step: Matrix, program: Program, shared: Array) -> Step:
    """Prepare a product of matrices, lanes beside lanes."""
    out = results(step)
    bias = Coded(step.bias, shared)
    factors = Factors(step)
    # Whether adjoints flow at all, and to which factor.
    exists, to_weights, to_inputs = step.edges
    rows = len(step.weights)
    count = step.inputs.size

    def forward(values: Array) -> None:
        left = factors.left(shared)
        right = factors.right(values)
        product = left @ right
        members = product.reshape(step.count, -1)
        values[out] = members + bias.of(values)

    def backward(values: Array, adjoints: Array, gradient: Array) -> None:
        if not exists:
            return
        upstream = adjoints[out]
        bias.add(adjoints, gradient, upstream)
        by_product = upstream.reshape(rows, -1)
        if to_weights:
            right = factors.right(values)
            by_weights = by_product @ right.T
            # The gradient of a single sample is no -0.0.
            present = by_weights.ravel() + 0.0
            factors.weights.add(gradient, present)
        if to_inputs:
            left = factors.left(shared)
            by_inputs = left.T @ by_product
            if step.optional:
                by_inputs = absent_or_sums(by_inputs, by_product)
            by_slots = by_inputs.reshape(count, -1)
            factors.inputs.add(adjoints, by_slots)

    return Step(forward, backward)


def edges_step(step: Edges, program: Program, shared: Array) -> Step:
    """Prepare edges whose slopes stand in slots."""
    nodes = Places(step.nodes)
    parents = Places(step.parents)
    slopes = Places(step.slopes)
    masks = Places(step.locally_constant)
    steps = program.instructions
    marks = [getattr(one, "optional", False) for one in steps]
    optional = any(marks)

    def forward(values: Array) -> None:
        """Do nothing."""

    def backward(values: Array, adjoints: Array, gradient: Array) -> None:
        # A local derivative has a row of its own, which forward has computed.
        slope = slopes.of(values)
        mask = masks.of(values)
        upstream = nodes.of(adjoints)
        more = contribution(slope, upstream, mask, optional)
        parents.add(adjoints, more)

    return Step(forward, backward)


def results(step: Instruction) -> slice:
    """Return the slots of an instruction's results."""
    stop = step.out + step.count
    return slice(step.out, stop)


KINDS: dict[type[Instruction], Callable[..., Step]] = {
    Map: map_step,
    Total: total_step,
    Dot: dot_step,
    Matrix: matrix_step,
    Edges: edges_step,
}
