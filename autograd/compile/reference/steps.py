"""What each kind of instruction does to arrays of values and adjoints, slots x lanes.

An instruction reads its operands, computes, and writes its results; on the way back it adds a
contribution to the adjoint of each operand, or to the gradient by the shared numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
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

    Attributes: `index`, a slice where they are in order: that is a view, and no copy.
    """

    def __init__(self, table: Array) -> None:
        self.rows = table.ravel().astype(np.intp)
        self.index: Any = self.rows
        steps = np.diff(self.rows)
        step = int(steps[0]) if steps.size else 1
        if self.rows.size and step > 0 and (steps == step).all():
            self.index = slice(int(self.rows[0]), int(self.rows[-1]) + 1, step)

    @cached_property
    def repeated(self) -> tuple[Array, Array, Array]:
        """Each row once; an order in which equal rows stand together; and where each begins."""
        order = np.argsort(self.rows, kind="stable")
        rows, starts = np.unique(self.rows[order], return_index=True)
        return rows, order, starts

    def of(self, numbers: Array) -> Array:
        """Return what stands in these rows."""
        return numbers[self.index]  # type: ignore[no-any-return]

    def add(self, numbers: Array, more: Array) -> None:
        """Add to these rows; what is for the same row is added up first."""
        rows, order, starts = self.repeated
        # `+=` would add only the last of what is for the same row.
        if rows.size == self.rows.size:
            numbers[self.index] += more
        else:
            numbers[rows] += np.add.reduceat(more[order], starts, axis=0)


class Coded:
    """Numbers for members that are slots, or, where the code is below zero, ~place of a shared one.

    A slot has a number for each lane; a shared number is the same in all.
    """

    def __init__(self, code: Array, shared: Array) -> None:
        flat = code.ravel()
        self.shared = shared
        self.in_slots = np.flatnonzero(flat >= 0)
        self.in_shared = np.flatnonzero(flat < 0)
        self.slots = Places(flat[self.in_slots])
        self.places = Places(~flat[self.in_shared])

    def of(self, values: Array) -> Array:
        """Return the numbers, members x lanes, or members x 1 where all are shared."""
        shared = self.places.of(self.shared)[:, None]
        if not self.in_slots.size:
            return shared
        members = self.in_slots.size + self.in_shared.size
        found = np.empty((members, values.shape[1]), values.dtype)
        found[self.in_slots] = self.slots.of(values)
        found[self.in_shared] = shared
        return found

    def add(self, adjoints: Array, gradient: Array, more: Array) -> None:
        """Add numbers, members x lanes, to the adjoints of slots, and to the gradient."""
        if self.in_slots.size:
            self.slots.add(adjoints, more[self.in_slots])
        if self.in_shared.size:
            self.places.add(gradient, more[self.in_shared].sum(axis=1))


class Rules:
    """Slopes and masks of a primitive as a function of arrays: the operands, and the result.

    Rows that no output needs are left out, and rows of constants are computed at once.
    """

    def __init__(self, tape: Tape) -> None:
        self.inputs = tape.inputs
        self.outputs = tape.outputs
        self.known: dict[int, Any] = dict(tape.constants)
        self.rows: list[tuple[int, Function, Sequence[int]]] = []
        for place in sorted(ancestors(tape, tape.outputs)):
            op = tape.ops[place]
            operands = tape.operands[place]
            if op is None:
                continue
            if self.known.keys() >= set(operands):
                self.known[place] = result_of(op, *map(self.known.get, operands))
            else:
                self.rows.append((place, function_of(op), operands))

    def __call__(self, *numbers: Array) -> list[Any]:
        """Return slopes, then masks: arrays, or numbers where they are the same everywhere."""
        found = self.known | dict(zip(self.inputs, numbers))
        for place, function, operands in self.rows:
            found[place] = function(*map(found.get, operands))
        return [found[place] for place in self.outputs]


def contribution(slope: Operand, upstream: Array, mask: Operand, optional: bool) -> Array:
    """Return slope * upstream; it is absent where a mask is true, or, if it may be, where that is.

    A contribution that is there is no -0.0 where others may be absent.
    """
    product: Array = slope * upstream
    is_cut = np.not_equal(mask, 0.0)
    if optional:
        is_cut = is_cut | is_absent(upstream)
    if optional or np.any(is_cut):
        return np.where(is_cut, ABSENT, product + 0.0)
    return product


def is_absent(upstream: Array) -> Array:
    """Tell where there is no adjoint."""
    found: Array = (upstream == 0.0) & np.signbit(upstream)
    return found


class Step(NamedTuple):
    """An instruction, prepared: what it does to values, and on the way back to adjoints.

    Attributes: `forward(values, adjoints=None)`, which writes the results, and
    `backward(values, adjoints, gradient)`.
    """

    forward: Callable[..., None]
    backward: Callable[..., None]


def map_step(step: Map, program: Program, shared: Array) -> Step:
    """Prepare a primitive of the table."""
    out = results(step)
    function = function_of(step.op)
    operands = [Places(table) for table in step.operands]
    parents = [places for places, edge in zip(operands, step.edges) if edge]

    @cache
    def rules() -> Rules:
        return Rules(rules_of(step.op, len(operands), step.edges))

    def forward(values: Array, adjoints: Array | None = None) -> None:
        values[out] = function(*(places.of(values) for places in operands))

    def backward(values: Array, adjoints: Array, gradient: Array | None = None) -> None:
        if not parents:
            return
        found = rules()(*(places.of(values) for places in operands), values[out])
        upstream = adjoints[out]
        # Slopes come first, then as many masks.
        for places, slope, mask in zip(parents, found, found[len(parents) :]):
            places.add(adjoints, contribution(slope, upstream, mask, step.optional))

    return Step(forward, backward)


def total_step(step: Total, program: Program, shared: Array) -> Step:
    """Prepare sums."""
    out = results(step)
    terms = Places(step.terms)

    def forward(values: Array) -> None:
        numbers = terms.of(values).reshape(*step.terms.shape, -1)
        np.add.reduce(numbers, axis=0, out=values[out], initial=ABSENT)

    def backward(values: Array, adjoints: Array, gradient: Array) -> None:
        if step.edges:
            terms.add(adjoints, np.tile(adjoints[out], (len(step.terms), 1)))

    return Step(forward, backward)


def dot_step(step: Dot, program: Program, shared: Array) -> Step:
    """Prepare inner products."""
    out = results(step)
    bias = Coded(step.bias, shared)
    left = Coded(step.left, shared)
    right = Places(step.right)
    exists, to_left, to_right = step.edges
    # Terms x members x lanes, and pairs x lanes.
    pairs = (*step.left.shape, -1)
    rows = (step.left.size, -1)

    def forward(values: Array) -> None:
        products = left.of(values).reshape(pairs) * right.of(values).reshape(pairs)
        values[out] = np.add.reduce(products, axis=0) + bias.of(values)

    def backward(values: Array, adjoints: Array, gradient: Array) -> None:
        if not exists:
            return
        upstream = adjoints[out]
        bias.add(adjoints, gradient, upstream)
        # The product rule: the slope by one side is the other one.
        if to_left:
            slope = right.of(values).reshape(pairs)
            more = contribution(slope, upstream, False, step.optional)
            left.add(adjoints, gradient, more.reshape(rows))
        if to_right:
            slope = left.of(values).reshape(pairs)
            more = contribution(slope, upstream, False, step.optional)
            right.add(adjoints, more.reshape(rows))

    return Step(forward, backward)


def matrix_step(step: Matrix, program: Program, shared: Array) -> Step:
    """Prepare a product of matrices, lanes beside lanes."""
    out = results(step)
    bias = Coded(step.bias, shared)
    weights = Places(step.weights)
    inputs = Places(step.inputs)
    exists, to_weights, to_inputs = step.edges
    rows = len(step.weights)
    terms = len(step.inputs)

    def factors(values: Array) -> tuple[Array, Array]:
        left = weights.of(shared).reshape(rows, terms)
        return left, inputs.of(values).reshape(terms, -1)

    def forward(values: Array) -> None:
        left, right = factors(values)
        values[out] = (left @ right).reshape(step.count, -1) + bias.of(values)

    def backward(values: Array, adjoints: Array, gradient: Array) -> None:
        if not exists:
            return
        bias.add(adjoints, gradient, adjoints[out])
        left, right = factors(values)
        upstream = adjoints[out].reshape(rows, -1)
        if to_weights:
            weights.add(gradient, (upstream @ right.T).ravel() + 0.0)
        if to_inputs:
            more = left.T @ upstream
            # A sum of absent adjoints is absent, but BLAS makes a zero of any sign of it.
            if step.optional:
                more = np.where(is_absent(upstream).all(axis=0), ABSENT, more + 0.0)
            inputs.add(adjoints, more.reshape(step.inputs.size, -1))

    return Step(forward, backward)


def edges_step(step: Edges, program: Program, shared: Array) -> Step:
    """Prepare edges whose slopes stand in slots."""
    nodes = Places(step.nodes)
    parents = Places(step.parents)
    slopes = Places(step.slopes)
    masks = Places(step.locally_constant)
    optional = any(getattr(one, "optional", False) for one in program.instructions)

    def forward(values: Array) -> None:
        """Do nothing."""

    def backward(values: Array, adjoints: Array, gradient: Array) -> None:
        upstream = nodes.of(adjoints)
        more = contribution(slopes.of(values), upstream, masks.of(values), optional)
        parents.add(adjoints, more)

    return Step(forward, backward)


def results(step: Instruction) -> slice:
    """Return the slots of an instruction's results."""
    return slice(step.out, step.out + step.count)


KINDS: dict[type[Instruction], Callable[..., Step]] = {
    Map: map_step,
    Total: total_step,
    Dot: dot_step,
    Matrix: matrix_step,
    Edges: edges_step,
}
