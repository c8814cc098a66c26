"""What each kind of instruction does to arrays of values and adjoints, slots x lanes.

An instruction reads its operands, computes, and writes its results; on the way back it adds a
contribution to the adjoint of each operand, or to the gradient by the shared numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from autograd.compile.lower.program import Dot, Edges, Instruction, Map, Matrix, Program, Total
from autograd.compile.reference.array_functions import Array, function_of
from autograd.compile.reference.own_primitives import result_of
from autograd.compile.tracing.rules import ancestors, rules_of
from autograd.compile.tracing.tape import Tape

ABSENT = -0.0  # an adjoint that is not there: see `lower.optional_adjoints`


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
        if not self.in_slots.size:
            return self.places.of(self.shared)[:, None]
        found = np.empty((self.in_slots.size + self.in_shared.size, values.shape[1]), values.dtype)
        found[self.in_slots] = self.slots.of(values)
        found[self.in_shared] = self.places.of(self.shared)[:, None]
        return found

    def add(self, adjoints: Array, gradient: Array, more: Array) -> None:
        """Add numbers, members x lanes, to the adjoints of slots, and to the gradient."""
        if self.in_slots.size:
            self.slots.add(adjoints, more[self.in_slots])
        if self.in_shared.size:
            self.places.add(gradient, more[self.in_shared].sum(axis=1))


class Step:
    """An instruction, prepared; `shared` are the numbers that all samples share."""

    def __init__(self, program: Program, shared: Array, step: Any) -> None:
        self.step = step
        self.shared = shared
        self.out = slice(step.out, step.out + step.count)

    def forward(self, values: Array, _: Any = None) -> None:
        """Compute the values of the results."""

    def backward(self, values: Array, adjoints: Array, gradient: Any = None) -> None:
        """Add to the adjoints of the operands, and to the gradient."""


class MapStep(Step):
    """A primitive of the table."""

    def __init__(self, program: Program, shared: Array, step: Map) -> None:
        super().__init__(program, shared, step)
        self.function = function_of(step.op)
        self.operands = [Places(table) for table in step.operands]
        self.parents = [places for places, edge in zip(self.operands, step.edges) if edge]

    @cached_property
    def rules(self) -> Rules:
        """Slopes and masks, as the table has them."""
        return Rules(rules_of(self.step.op, len(self.operands), self.step.edges))

    def forward(self, values: Array, _: Any = None) -> None:
        """Apply the primitive."""
        values[self.out] = self.function(*(places.of(values) for places in self.operands))

    def backward(self, values: Array, adjoints: Array, gradient: Any = None) -> None:
        """Add slope times upstream adjoint for each operand with an edge."""
        if not self.parents:
            return
        found = self.rules(*(places.of(values) for places in self.operands), values[self.out])
        slopes = found[: len(self.parents)]
        masks = found[len(self.parents) :]
        upstream = adjoints[self.out]
        for places, slope, mask in zip(self.parents, slopes, masks):
            places.add(adjoints, contribution(slope, upstream, mask, self.step.optional))


class TotalStep(Step):
    """Sums."""

    def __init__(self, program: Program, shared: Array, step: Total) -> None:
        super().__init__(program, shared, step)
        self.terms = Places(step.terms)

    def forward(self, values: Array, _: Any = None) -> None:
        """Add up the terms."""
        terms = self.terms.of(values).reshape(*self.step.terms.shape, -1)
        np.add.reduce(terms, axis=0, out=values[self.out], initial=ABSENT)

    def backward(self, values: Array, adjoints: Array, gradient: Any = None) -> None:
        """Pass the upstream adjoint on to each term."""
        if self.step.edges:
            self.terms.add(adjoints, np.tile(adjoints[self.out], (len(self.step.terms), 1)))


class DotStep(Step):
    """Inner products."""

    def __init__(self, program: Program, shared: Array, step: Dot) -> None:
        super().__init__(program, shared, step)
        self.bias = Coded(step.bias, shared)
        self.left = Coded(step.left, shared)
        self.right = Places(step.right)

    def sides(self, values: Array) -> tuple[Array, Array]:
        """Return both sides, terms x members x lanes."""
        shape = (*self.step.left.shape, -1)
        return self.left.of(values).reshape(shape), self.right.of(values).reshape(shape)

    def forward(self, values: Array, _: Any = None) -> None:
        """Add up all products, and the bias."""
        left, right = self.sides(values)
        values[self.out] = np.add.reduce(left * right, axis=0) + self.bias.of(values)

    def backward(self, values: Array, adjoints: Array, gradient: Any = None) -> None:
        """Apply the product rule to all pairs."""
        exists, to_left, to_right = self.step.edges
        if not exists:
            return
        upstream = adjoints[self.out]
        optional = self.step.optional
        self.bias.add(adjoints, gradient, upstream)
        left, right = self.sides(values)
        rows = self.step.left.size, -1
        if to_left:
            more = contribution(right, upstream, False, optional)
            self.left.add(adjoints, gradient, more.reshape(rows))
        if to_right:
            self.right.add(adjoints, contribution(left, upstream, False, optional).reshape(rows))


class MatrixStep(Step):
    """A product of matrices, lanes beside lanes."""

    def __init__(self, program: Program, shared: Array, step: Matrix) -> None:
        super().__init__(program, shared, step)
        self.bias = Coded(step.bias, shared)
        self.weights = Places(step.weights)
        self.inputs = Places(step.inputs)

    def factors(self, values: Array) -> tuple[Array, Array]:
        """Return the weights, rows x terms, and the inputs, terms x columns and lanes."""
        weights = self.weights.of(self.shared).reshape(self.step.weights.shape)
        return weights, self.inputs.of(values).reshape(len(self.step.inputs), -1)

    def forward(self, values: Array, _: Any = None) -> None:
        """Multiply, and add the bias."""
        weights, inputs = self.factors(values)
        products = (weights @ inputs).reshape(self.step.count, -1)
        values[self.out] = products + self.bias.of(values)

    def backward(self, values: Array, adjoints: Array, gradient: Any = None) -> None:
        """Multiply by the transpose of each factor."""
        exists, to_weights, to_inputs = self.step.edges
        if not exists:
            return
        weights, inputs = self.factors(values)
        self.bias.add(adjoints, gradient, adjoints[self.out])
        upstream = adjoints[self.out].reshape(len(weights), -1)
        if to_weights:
            self.weights.add(gradient, (upstream @ inputs.T).ravel() + 0.0)
        if to_inputs:
            more = weights.T @ upstream
            # A sum of absent adjoints is absent, but BLAS makes a zero of any sign of it.
            if self.step.optional:
                more = np.where(is_absent(upstream).all(axis=0), ABSENT, more + 0.0)
            self.inputs.add(adjoints, more.reshape(self.step.inputs.size, -1))


class EdgesStep(Step):
    """Edges whose slopes stand in slots."""

    def __init__(self, program: Program, shared: Array, step: Edges) -> None:
        super().__init__(program, shared, step)
        tables = step.nodes, step.parents, step.slopes, step.locally_constant
        self.nodes, self.parents, self.slopes, self.masks = map(Places, tables)
        self.optional = any(getattr(one, "optional", False) for one in program.instructions)

    def backward(self, values: Array, adjoints: Array, gradient: Any = None) -> None:
        """Add slope times upstream adjoint, where the node is not locally constant."""
        upstream = self.nodes.of(adjoints)
        mask = self.masks.of(values)
        more = contribution(self.slopes.of(values), upstream, mask, self.optional)
        self.parents.add(adjoints, more)


KINDS: dict[type[Instruction], type[Step]] = {
    Map: MapStep,
    Total: TotalStep,
    Dot: DotStep,
    Matrix: MatrixStep,
    Edges: EdgesStep,
}


class Rules:
    """Slopes and masks of a primitive as a function of arrays: the operands, and the result.

    Rows that no output needs are left out, and rows of constants are computed at once.
    """

    def __init__(self, tape: Tape) -> None:
        self.inputs = tape.inputs
        self.outputs = tape.outputs
        self.known: dict[int, Any] = dict(tape.constants)
        self.rows: list[tuple[int, Any, Sequence[int]]] = []
        for place in sorted(ancestors(tape, tape.outputs)):
            op = tape.ops[place]
            operands = tape.operands[place]
            if op and self.known.keys() >= set(operands):
                self.known[place] = result_of(op, *(self.known[x] for x in operands))
            elif op:
                self.rows.append((place, function_of(op), operands))

    def __call__(self, *numbers: Array) -> list[Any]:
        """Return slopes, then masks: arrays, or numbers where they are the same everywhere."""
        found = self.known | dict(zip(self.inputs, numbers))
        for place, function, operands in self.rows:
            found[place] = function(*(found[x] for x in operands))
        return [found[place] for place in self.outputs]


def contribution(slope: Any, upstream: Array, mask: Any, optional: bool) -> Array:
    """Return slope * upstream; it is absent where a mask is true, or, if it may be, where that is.

    A contribution that is there is no -0.0 where others may be absent.
    """
    is_cut = np.not_equal(mask, 0.0)
    if optional:
        is_cut = is_cut | is_absent(upstream)
    product: Array = slope * upstream
    return np.where(is_cut, ABSENT, product + 0.0) if optional or np.any(is_cut) else product


def is_absent(upstream: Array) -> Array:
    """Tell where there is no adjoint."""
    found: Array = (upstream == 0.0) & np.signbit(upstream)
    return found
