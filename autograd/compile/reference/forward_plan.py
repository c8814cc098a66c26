"""Plans: a program, bound to arrays for a number of lanes, as a list of calls without arguments.

All that can be known beforehand is done once: views in place of gathers, and buffers for what is
in between. What is left to do is `for call in plan.forward: call()`. The way back is planned in
`autograd.compile.reference.backward_plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from autograd.compile.lower.program import (
    Dot,
    Edges,
    Instruction,
    Map,
    Matrix,
    Program,
    Table,
    Total,
)
from autograd.compile.reference.array_functions import along, function_of
from autograd.compile.reference.own_primitives import OwnStep, is_own
from autograd.compile.reference.views import Layout, Pattern
from autograd.compile.tracing.rules import rules_of
from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive, Variadic

Array = np.ndarray[Any, Any]
Call = Callable[[], Any]


class ProgramInfo:
    """What all plans of one program need to know of it, for any number of lanes.

    `has_optional`: whether any adjoint is optional (see `lower.optional_adjoints`).
    """

    def __init__(self, program: Program, shared: Array) -> None:
        self.program, self.shared, self.dtype = program, shared, shared.dtype
        self.layouts: dict[Any, Layout] = {}
        self.rules: dict[Any, Tape] = {}
        self.own_steps: dict[int, OwnStep] = {}
        self.first, self.after = program.inputs, program.inputs + len(program.broadcast)
        self.has_optional = any(getattr(step, "optional", False) for step in program.instructions)

    def layout(self, step: Any, what: str, tables: Sequence[Table], inner: int = 0) -> Layout:
        """Return the layout of some tables of an instruction, which is found only once."""
        key = id(step), what
        if key not in self.layouts:
            self.layouts[key] = Layout([table.ravel() for table in tables], inner)
        return self.layouts[key]

    def rules_of(self, op: Primitive, arity: int, edges: tuple[bool, ...]) -> Tape:
        """Return the tape of a primitive's slopes and masks."""
        key = op, arity, edges
        if key not in self.rules:
            self.rules[key] = rules_of(op, arity, edges)
        return self.rules[key]

    def own(self, step: Map) -> OwnStep:
        """Return an instruction of a user's primitive, as it is run in Python."""
        if id(step) not in self.own_steps:
            self.own_steps[id(step)] = OwnStep(self.program, step)
        return self.own_steps[id(step)]

    def place(self, slots: Array) -> int | None:
        """Return the place of the one shared number that stands in all of some slots."""
        slot = int(slots[0])
        if self.first <= slot < self.after and (slots == slot).all():
            return int(self.program.broadcast[slot - self.first])
        return None

    def constant(self, slots: Array) -> float | None:
        """Return the one constant that stands in all of some slots."""
        place, parameters = self.place(slots), self.program.parameters
        if place is None or place < parameters:
            return None
        return self.program.shared[place - parameters]


class ForwardPlan:
    """The calls that compute the values of all slots, and the arrays that they work on."""

    def __init__(self, info: ProgramInfo, lanes: int, values: Any = None) -> None:
        self.info, self.program, self.shared = info, info.program, info.shared
        self.lanes, self.dtype = lanes, info.dtype
        slots = self.program.slots
        self.values = np.zeros((slots, lanes), self.dtype) if values is None else values
        self.buffers: list[Array] = []
        self.used = 0
        self.zero = np.zeros((), self.dtype)
        self.outputs = self.values[:0]
        self.forward: list[Call] = []
        self.calls = self.forward
        if values is None:
            self.plan_forward()

    def plan_forward(self) -> None:
        """Plan the forward pass."""
        if self.info.after > self.info.first:
            self.forward_broadcast()
        for step in self.program.instructions:
            self.forward_step(step)
        layout, self.used = Layout([self.program.outputs]), 0
        self.outputs = self.flat(self.read(self.values, layout, 0), layout.count)
        self.buffers = []  # the outputs may stand in one of them until they are copied

    def forward_step(self, step: Instruction) -> None:
        """Plan the values of an instruction's results."""
        self.used = 0
        FORWARD_METHODS[type(step)](self, step)

    def call(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        """Plan a call."""
        self.calls.append(partial(function, *arguments, **named))

    # Arrays

    def spare(self, shape: Sequence[int], dtype: Any = None) -> Array:
        """Return an array for what is in between; the next instruction uses its memory again."""
        dtype = self.dtype if dtype is None else np.dtype(dtype)
        size = prod(shape) * dtype.itemsize
        if self.used == len(self.buffers):
            self.buffers.append(np.empty(0, np.uint8))
        if self.buffers[self.used].size < size:
            self.buffers[self.used] = np.empty(size, np.uint8)
        self.used += 1
        found: Array = np.ndarray(tuple(shape), dtype, self.buffers[self.used - 1])
        return found

    def strided(self, numbers: Array, found: Pattern) -> Array:
        """Return the slots of a pattern as a view: its shape x lanes, or x 1 of shared numbers."""
        item, lanes = numbers.itemsize, self.lanes if numbers.ndim == 2 else 1
        byte_strides = (*(stride * item * lanes for stride in found.strides), item)
        shape, offset = (*found.shape, lanes), found.start * item * lanes
        view: Array = np.ndarray(shape, numbers.dtype, numbers, offset, byte_strides)
        return view

    def read(self, numbers: Array, layout: Layout, i: int) -> Array:
        """Return what stands in the slots of a table, gathered where there is no pattern."""
        found = layout.patterns[i]
        if found:
            return self.strided(numbers, found)
        lanes = self.lanes if numbers.ndim == 2 else 1
        buffer = self.spare((layout.count, lanes))
        to = buffer if numbers.ndim == 2 else buffer.reshape(-1)
        self.call(numbers.take, layout.tables[i], 0, to, "clip")
        return buffer.reshape(*layout.shape, lanes)

    def operand(self, layout: Layout, i: int) -> Array:
        """Return the values in the slots of a table; a single shared number is an array of one."""
        place = self.info.place(layout.tables[i])
        if place is not None:
            return self.shared[place : place + 1].reshape(())
        return self.read(self.values, layout, i)

    def results(self, numbers: Array, step: Instruction, shape: Sequence[int]) -> Array:
        """Return what stands in the slots of an instruction's results."""
        return numbers[step.out : step.out + step.count].reshape(*shape, self.lanes)

    def flat(self, numbers: Array, rows: int) -> Array:
        """Return an array as one of so many rows, copied where it is not in order."""
        if numbers.flags.c_contiguous:
            return numbers.reshape(rows, -1)
        buffer = self.spare(numbers.shape)
        self.call(np.copyto, buffer, numbers)
        return buffer.reshape(rows, -1)

    def weights(self, step: Matrix) -> Array:
        """Return the weights of a product as a matrix that BLAS takes."""
        layout = self.info.layout(step, "weights", [step.weights], step.weights.shape[1])
        found = layout.patterns[0]
        if found and found.is_matrix():
            matrix: Array = self.strided(self.shared, found).reshape(step.weights.shape)
            return matrix
        return self.flat(self.read(self.shared, layout, 0)[..., 0], len(step.weights))

    def inputs(self, step: Matrix) -> Array:
        """Return the inputs of a product as a matrix, lanes beside lanes."""
        terms, columns = step.inputs.shape
        layout = self.info.layout(step, "inputs", [step.inputs], columns)
        found = layout.patterns[0]
        if found and columns == 1 and found.strides[0] > 0:
            return self.strided(self.values, found).reshape(terms, self.lanes)
        return self.flat(self.read(self.values, layout, 0), terms)

    # Instructions

    def forward_broadcast(self) -> None:
        """Plan that shared numbers are copied to slots: parameters each time, constants once."""
        info, places = self.info, self.program.broadcast
        slots = np.arange(info.first, info.after)
        self.values[slots] = self.shared[places][:, None]
        varying = places < self.program.parameters
        if varying.any():
            layout = Layout([slots[varying], places[varying]])
            numbers = self.read(self.shared, layout, 1)
            if layout.patterns[0]:
                self.call(np.copyto, self.strided(self.values, layout.patterns[0]), numbers)
            else:
                # In each run: to reshape a view with gaps would copy it, once and for all.
                rows = self.flat(numbers, layout.count)
                self.call(self.values.__setitem__, slots[varying], rows)

    def forward_map(self, step: Map) -> None:
        """Plan a primitive."""
        if is_own(step.op):
            self.call(self.info.own(step).forward, self.values)
            return
        if isinstance(step.op, Variadic):
            layout = self.info.layout(step, "", [step.operands], step.count)
            out = self.results(self.values, step, layout.shape[1:])
            self.call(along(step.op), self.read(self.values, layout, 0), out=out)
            return
        layout = self.info.layout(step, "", list(step.operands))
        operands = [self.operand(layout, i) for i in range(len(step.operands))]
        out = self.results(self.values, step, layout.shape)
        self.call(function_of(step.op), *operands, out=out)

    def forward_total(self, step: Total) -> None:
        """Plan sums."""
        layout = self.info.layout(step, "", [step.terms], step.count)
        terms = self.read(self.values, layout, 0)
        out = self.results(self.values, step, layout.shape[1:])
        self.call(np.add.reduce, terms, axis=0, out=out, initial=-0.0)

    def forward_dot(self, step: Dot) -> None:
        """Plan inner products: all products, and then their sums."""
        left, right, layout = self.sides(step)
        out = self.results(self.values, step, layout.shape[1:])
        if len(step.left) == 1:
            self.call(np.multiply, left[0], right[0], out=out)
        else:
            products = self.spare((*layout.shape, self.lanes))
            self.call(np.multiply, left, right, out=products)
            self.call(np.add.reduce, products, axis=0, out=out, initial=-0.0)
        self.add_biases(step)

    def sides(self, step: Dot) -> tuple[Array, Array, Layout]:
        """Return the two sides of inner products, terms x members x lanes."""
        shared = step.left[0, 0] < 0
        tables = [~step.left if shared else step.left, step.right]
        layout = self.info.layout(step, "", tables, step.count)
        left = self.read(self.shared if shared else self.values, layout, 0)
        return left, self.read(self.values, layout, 1), layout

    def forward_matrix(self, step: Matrix) -> None:
        """Plan a matrix product."""
        out = self.results(self.values, step, (step.count,)).reshape(len(step.weights), -1)
        self.call(np.matmul, self.weights(step), self.inputs(step), out=out)
        self.add_biases(step)

    def add_biases(self, step: Dot | Matrix) -> None:
        """Plan that biases, which are slots or shared numbers, are added to results."""
        code, out = step.bias.ravel(), self.values[step.out : step.out + step.count]
        for numbers, chosen in ((self.shared, code < 0), (self.values, code >= 0)):
            if chosen.all():
                layout = self.info.layout(step, "bias", [code if code[0] >= 0 else ~code])
                whole = out.reshape(*layout.shape, self.lanes)
                self.call(np.add, whole, self.read(numbers, layout, 0), out=whole)
            elif chosen.any():
                rows, places = np.flatnonzero(chosen), np.where(code < 0, ~code, code)[chosen]
                self.call(add_rows, out, rows, numbers.reshape(len(numbers), -1), places)

    def forward_edges(self, step: Edges) -> None:
        """Plan nothing: edges only matter backward."""


FORWARD_METHODS: dict[type[Instruction], Callable[[ForwardPlan, Any], None]] = {
    Map: ForwardPlan.forward_map,
    Total: ForwardPlan.forward_total,
    Dot: ForwardPlan.forward_dot,
    Matrix: ForwardPlan.forward_matrix,
    Edges: ForwardPlan.forward_edges,
}


def add_rows(to: Array, rows: Array, numbers: Array, places: Array) -> None:
    """Add rows of one array to rows of another."""
    to[rows] += numbers[places]
