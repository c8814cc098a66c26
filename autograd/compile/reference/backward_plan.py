"""The backward pass of a plan: calls that compute adjoints and gradients.

The first contribution to an adjoint is written and needs no zero to be added to; who is first is
known beforehand, and so is what has to be cleared. Only where slots are repeated in a table are
their contributions added up first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograd.compile.lower.program import Dot, Edges, Instruction, Map, Matrix, Total
from autograd.compile.reference.array_functions import (
    LOGICAL,
    ZERO,
    function_of,
    is_absent,
)
from autograd.compile.reference.forward_plan import Array, Call, ForwardPlan, ProgramInfo
from autograd.compile.reference.own_primitives import is_own
from autograd.compile.reference.views import Layout, Pattern, Target
from autograd.compile.tracing.internal_primitives import both, either
from autograd.compile.tracing.rules import ancestors
from autograd.compile.tracing.tape import Tape

Emit = Callable[[Any], Any]  # plans that contributions are written to an array, or to one it names
SMALL_GRADIENT_NUMBERS = 2**12  # so many are cleared at once
LARGE_GRADIENT_NUMBERS = 2**15  # so many take longer to look through than their factors
SMALL_PRODUCT = 1e15  # of two norms: no inner product of their rows is larger


class Ledger:
    """Which places of an array have been written to, and which must have been cleared before."""

    def __init__(self, count: int) -> None:
        self.written, self.cleared = np.zeros(count, bool), np.zeros(count, bool)

    def is_first(self, places: Any) -> bool:
        """Tell whether a write is the first to all of its places; if not, it has to add."""
        fresh = not self.written[places].any()
        if not fresh:
            self.need(places)
        self.written[places] = True
        return fresh

    def need(self, places: Any) -> None:
        """Have those places cleared that were not written to."""
        self.cleared[places] |= ~self.written[places]
        self.written[places] = True

    def ranges(self) -> list[tuple[int, int]]:
        """Return ranges with all that has to be cleared; one range where they are many."""
        flags = np.concatenate([[False], self.cleared, [False]])
        edges = np.flatnonzero(flags[1:] != flags[:-1]).tolist()
        found = list(zip(edges[::2], edges[1::2]))
        return found if len(found) <= 4 else [(found[0][0], found[-1][1])]


class BackwardPlan(ForwardPlan):
    """A plan of both passes.

    Fill `values[: inputs]` and run `forward`. For gradients, fill `seed` and set `gradient`, an
    array for those of all shared numbers, and `adds`, whether they are to be added to what stands
    there; then run `backward(...)`.
    """

    def __init__(
        self, info: ProgramInfo, lanes: int, values: Any = None, adjoints: Any = None
    ) -> None:
        self.adjoints = adjoints
        self.ones = np.ones(lanes, info.dtype)
        self.seed = np.ones((len(info.program.outputs), 1), info.dtype)
        self.gradient, self.adds = np.zeros(0, info.dtype), False
        # Large products are judged by their factors: if those are small, no number is infinite.
        self.judged: list[tuple[Array, bool]] = []
        self.look_at: Array | None = None
        self.doubtful = False
        self.backwards: dict[bool, list[Call]] = {}
        self.ledger, self.shared_ledger = Ledger(info.program.slots), Ledger(len(info.shared))
        self.ledger.written[:] = True  # adjoints that are given hold numbers
        super().__init__(info, lanes, values)

    def backward(self, inputs: bool) -> list[Call]:
        """Return the calls of the backward pass, with adjoints of the inputs or without."""
        if inputs not in self.backwards:
            self.backwards[inputs] = self.plan_backward(inputs)
        return self.backwards[inputs]

    def plan_backward(self, inputs: bool) -> list[Call]:
        """Plan the backward pass."""
        program, self.calls, self.judged = self.program, [], []
        if self.adjoints is None:
            self.adjoints = np.empty_like(self.values)
        self.ledger, self.shared_ledger = Ledger(program.slots), Ledger(len(self.shared))
        self.used = 0
        self.backward_outputs()
        for step in reversed(program.instructions):
            self.backward_step(step)
        self.backward_broadcast()
        self.look_at = self.places_to_look_at()
        if inputs:
            self.ledger.need(slice(0, program.inputs))
        return [*self.clearing(), *self.calls]

    def backward_step(self, step: Instruction) -> None:
        """Plan what an instruction adds to the adjoints of its operands, and to the gradient."""
        self.used = 0
        BACKWARD_METHODS[type(step)](self, step)

    def clearing(self) -> list[Call]:
        """Return the calls that clear what is added to without having been written before."""
        adjoints, ledger = self.adjoints, self.shared_ledger
        places = np.flatnonzero(ledger.cleared | ~ledger.written)

        def clear_gradient() -> None:
            count = len(self.gradient)
            if self.adds:
                return
            if count <= SMALL_GRADIENT_NUMBERS or 2 * places.size > count:
                self.gradient.fill(0.0)
            else:
                self.gradient[places] = 0.0

        def clear_adjoints() -> None:
            for start, stop in ranges:
                adjoints[start:stop] = -0.0

        ranges = self.ledger.ranges()
        return [clear_gradient, clear_adjoints]

    # Adding to adjoints, and to gradients

    def upstream(self, step: Instruction, shape: Sequence[int]) -> Array:
        """Return the adjoints of an instruction's results."""
        self.ledger.need(slice(step.out, step.out + step.count))
        return self.results(self.adjoints, step, shape)

    def scatter(self, layout: Layout, i: int, emit: Emit) -> None:
        """Plan that contributions are added to the adjoints of the slots in a table."""
        target = layout.targets[i]
        if target.pattern:
            view = self.strided(self.adjoints, target.pattern)
            if self.ledger.is_first(target.slots):
                self.united(target, emit, view)
            else:
                self.call(np.add, view, self.united(target, emit, None), out=view)
            return
        numbers = self.flat(self.united(target, emit, None), len(target.slots))
        if not self.ledger.is_first(target.slots):
            rows = self.spare(numbers.shape)
            self.call(self.adjoints.take, target.slots, 0, rows, "clip")
            self.call(np.add, rows, numbers, out=rows)
            numbers = rows
        self.call(self.adjoints.__setitem__, target.slots, numbers)

    def united(self, target: Target, emit: Emit, out: Any) -> Any:
        """Plan that contributions to the same slot are added up."""
        if not target.repeats:
            return emit(out)
        numbers = emit(None)
        if target.axes:
            shape = [n for i, n in enumerate(numbers.shape) if i not in target.axes]
            out = self.spare(shape) if out is None else out
            self.call(np.add.reduce, numbers, axis=target.axes, out=out, initial=-0.0)
            return out
        numbers = self.flat(numbers, len(target.all))
        out = self.spare((len(target.slots), self.lanes)) if out is None else out
        if target.ranks:
            self.add_ranks(target.ranks, numbers, out)
        else:
            ordered = self.spare(numbers.shape)
            self.call(numbers.take, target.order, 0, ordered, "clip")
            self.call(np.add.reduceat, ordered, target.starts, axis=0, out=out)
        return out

    def add_ranks(self, ranks: Sequence[Array], numbers: Array, out: Array) -> None:
        """Plan the sums of rows: of all first ones, then also of the second ones, and so on."""
        self.call(numbers.take, ranks[0], 0, out, "clip")
        rows = self.spare(out.shape)
        for rank in ranks[1:]:
            some, front = rows[: len(rank)], out[: len(rank)]
            self.call(numbers.take, rank, 0, some, "clip")
            self.call(np.add, front, some, out=front)

    def add_product(self, places: Array, left: Array, right: Array) -> None:
        """Plan that left @ right is added to the gradient of the shared numbers in some places."""
        flat = places.ravel()
        if flat.min() >= self.program.parameters:
            return  # constants
        large = places.size >= LARGE_GRADIENT_NUMBERS and places.size > left.size + right.size
        self.judged.append((flat, large))
        if large:
            self.calls.append(partial(self.judge, left, right))
        layout = Layout([flat], places.shape[1] if places.ndim == 2 else 0)
        found = layout.patterns[0]
        multiply = outer if left.shape[1] == 1 else np.matmul
        product = partial(multiply, left, right, out=self.spare(places.shape))
        if found is None or layout.targets[0].repeats:
            self.shared_ledger.need(flat)
            self.calls.append(lambda: np.add.at(self.gradient, flat, product().ravel()))
        elif self.shared_ledger.is_first(flat):
            direct = found.shape == places.shape and (places.ndim == 1 or found.strides[-1] == 1)
            self.calls.append(self.writing(found, product, direct))
        else:
            self.calls.append(self.adding(found, product))

    def judge(self, left: Array, right: Array) -> None:
        """Note it if a product may hold a number that is not finite, by a look at its factors."""
        if not np.linalg.norm(left) * np.linalg.norm(right) < SMALL_PRODUCT:
            self.doubtful = True

    def places_to_look_at(self) -> Array | None:
        """Return which numbers' gradients are not judged by the factors of products; None: all."""
        if not any(large for _, large in self.judged):
            return None
        look = np.ones(len(self.shared), bool)
        for chosen in (True, False):
            for places, large in self.judged:
                if large == chosen:
                    look[places] = not large
        found: Array = np.flatnonzero(look[: self.program.parameters])
        return found

    def part_of_gradient(self, found: Pattern) -> Callable[[], Array]:
        """Return what gives the view of a pattern's places in the array `gradient` of a run."""
        item = self.shared.itemsize
        offset = found.start * item
        byte_strides = tuple(stride * item for stride in found.strides)
        return lambda: np.ndarray(found.shape, self.dtype, self.gradient, offset, byte_strides)

    def adding(self, found: Pattern, product: Callable[..., Array]) -> Call:
        """Return a call that adds a product to a part of the gradient."""
        view = self.part_of_gradient(found)

        def run() -> None:
            to = view()
            np.add(to, product().reshape(found.shape), out=to)

        return run

    def writing(self, found: Pattern, product: Callable[..., Array], direct: bool) -> Call:
        """Return a call that writes a product to a part of the gradient, if possible in place."""
        view, add = self.part_of_gradient(found), self.adding(found, product)

        def run() -> None:
            if self.adds:
                add()
            elif direct:
                product(out=view())
            else:
                np.copyto(view(), product().reshape(found.shape))

        return run

    # What instructions have in common

    def contributions(self, slope: Any, upstream: Array, mask: Any, optional: bool = False) -> Emit:
        """Return what plans slope * upstream, none where a mask is true.

        Args:
            slope: a number or an array.
            mask: an array of bools, or False.
            optional: whether a zero must be +0.0, since -0.0 is an absent adjoint.
        """
        masked = mask is not False
        unit = isinstance(slope, (int, float)) and abs(slope) == 1

        def emit(out: Any) -> Any:
            if unit and slope == 1 and not masked and not optional:
                if out is not None:
                    self.call(np.copyto, out, upstream)
                return upstream
            out = self.spare(upstream.shape) if out is None else out
            if unit:
                self.call(np.positive if slope == 1 else np.negative, upstream, out=out)
            else:
                self.call(np.multiply, self.array(slope), upstream, out=out)
            if optional or (masked and self.info.has_optional):
                self.call(np.add, out, self.zero, out=out)
            if masked:
                self.call(*blanking(self, out, mask))
            return out

        return emit

    def array(self, x: Any) -> Array:
        """Return a number as an array, so that no call has to convert it."""
        return np.asarray(x, self.dtype) if isinstance(x, (int, float)) else x

    def with_absent(self, mask: Any, upstream: Array, optional: bool) -> Any:
        """Return a mask of bools, also of where there is no adjoint, or False."""
        if isinstance(mask, (bool, int, float)):
            mask = bool(mask)
        elif mask.dtype != bool:
            bits = self.spare(mask.shape, bool)
            self.call(np.not_equal, mask, self.zero, out=bits)
            mask = bits
        if not optional or mask is True:
            return mask
        found = self.spare(upstream.shape, bool)
        self.call(is_absent, upstream, out=found)
        if mask is not False:
            self.call(np.logical_or, mask, found, out=found)
        return found

    # Instructions

    def backward_outputs(self) -> None:
        """Plan that the seed is added to the adjoints of the outputs."""
        layout = self.info.layout(None, "outputs", [self.program.outputs])
        shape = (*layout.shape, self.lanes)
        seed = np.broadcast_to(self.seed.reshape(*layout.shape, 1), shape)
        self.scatter(layout, 0, self.contributions(1, seed, False))

    def backward_broadcast(self) -> None:
        """Plan the gradient of parameters that were copied to slots."""
        info, places = self.info, self.program.broadcast
        written = self.ledger.written[info.first : info.after]
        chosen = np.flatnonzero(written & (places < self.program.parameters))
        if chosen.size:
            self.used = 0
            slots = Layout([chosen + info.first])
            rows = self.flat(self.read(self.adjoints, slots, 0), len(chosen))
            self.add_product(places[chosen], rows, self.ones)

    def backward_map(self, step: Map) -> None:
        """Plan slope times upstream adjoint for each operand, by the rule that the table gives."""
        if not any(step.edges):
            return
        if is_own(step.op):
            self.ledger.need(slice(step.out, step.out + step.count))
            self.ledger.need(step.operands[list(step.edges)].ravel())
            self.call(self.info.own(step).backward, self.values, self.adjoints)
            return
        layout = self.info.layout(step, "", list(step.operands))
        upstream = self.upstream(step, layout.shape)
        rules = self.info.rules_of(step.op, len(step.operands), step.edges)
        found = self.evaluated(rules, layout, step)
        slopes, masks = found[: len(found) // 2], found[len(found) // 2 :]
        parents = [i for i, edge in enumerate(step.edges) if edge]
        for i, slope, is_constant in zip(parents, slopes, masks):
            mask = self.with_absent(is_constant, upstream, step.optional)
            if mask is not True:
                emit = self.contributions(slope, upstream, mask, step.optional)
                self.scatter(layout, i, emit)

    def evaluated(self, tape: Tape, layout: Layout, step: Map) -> list[Any]:
        """Plan that a tape of slopes and masks is evaluated, and return its outputs.

        Rows that no output needs are left out, and rows of constants are computed at once.
        """
        rows: dict[int, Any] = dict(tape.constants)
        logical = logical_rows(tape)
        for place in sorted(ancestors(tape, tape.outputs)):
            op, operands = tape.ops[place], [rows[x] for x in tape.operands[place]]
            if place in tape.inputs:
                rows[place] = self.number(tape.inputs.index(place), layout, step)
            elif op and all(isinstance(x, (int, float)) for x in operands):
                rows[place] = folded(op, operands)
            elif op:
                shape = np.broadcast_shapes(*(np.shape(x) for x in operands))
                rows[place] = self.spare(shape, bool if place in logical else None)
                self.call(function_of(op), *map(self.array, operands), out=rows[place])
        return [rows[place] for place in tape.outputs]

    def number(self, i: int, layout: Layout, step: Map) -> Any:
        """Return an operand of a primitive, or its result, which counts as the last."""
        if i == len(step.operands):
            return self.results(self.values, step, layout.shape)
        constant = self.info.constant(layout.tables[i])
        return self.operand(layout, i) if constant is None else constant

    def backward_total(self, step: Total) -> None:
        """Plan that the upstream adjoint is added to that of each term."""
        if step.edges:
            layout = self.info.layout(step, "", [step.terms], step.count)
            upstream = self.upstream(step, layout.shape[1:])
            whole = np.broadcast_to(upstream, (*layout.shape, self.lanes))
            self.scatter(layout, 0, self.contributions(1, whole, False))

    def backward_bias(self, step: Dot | Matrix) -> None:
        """Plan that the upstream adjoint is added to that of the bias."""
        code = step.bias.ravel()
        upstream = self.upstream(step, (step.count,))
        slots = np.flatnonzero(code >= 0)
        if slots.size:
            layout = Layout([code[slots]])
            some = upstream if slots.size == code.size else self.gathered(upstream, slots)
            emit = self.contributions(1, some.reshape(*layout.shape, self.lanes), False)
            self.scatter(layout, 0, emit)
        if step.bias.ndim == 2 and not slots.size and (step.bias == step.bias[:, :1]).all():
            rows = upstream.reshape(len(step.bias), -1)
            self.add_product(~step.bias[:, 0], rows, np.ones(rows.shape[1], self.dtype))
        elif slots.size < code.size:
            places = np.flatnonzero(code < 0)
            rows = self.gathered(upstream, places) if slots.size else upstream
            self.add_product(~code[places], rows, self.ones)

    def gathered(self, numbers: Array, rows: Array) -> Array:
        """Return some rows of an array."""
        buffer = self.spare((len(rows), self.lanes))
        self.call(numbers.take, rows, 0, buffer, "clip")
        return buffer

    def backward_dot(self, step: Dot) -> None:
        """Plan the product rule for all pairs."""
        if not step.edges[0]:
            return
        self.backward_bias(step)
        left, right, layout = self.sides(step)
        upstream = np.broadcast_to(
            self.upstream(step, layout.shape[1:]), (*layout.shape, self.lanes)
        )
        mask = self.with_absent(False, self.upstream(step, layout.shape[1:]), step.optional)
        if step.edges[1]:
            emit = self.contributions(right, upstream, mask, step.optional)
            if step.left[0, 0] < 0:
                rows = self.flat(emit(None), step.left.size)
                self.add_product(~step.left.ravel(), rows, self.ones)
            else:
                self.scatter(layout, 0, emit)
        if step.edges[2]:
            self.scatter(layout, 1, self.contributions(left, upstream, mask, step.optional))

    def backward_matrix(self, step: Matrix) -> None:
        """Plan the two products that are a product's adjoint."""
        if not step.edges[0]:
            return
        self.backward_bias(step)
        upstream = self.upstream(step, (step.count,)).reshape(len(step.weights), -1)
        if step.edges[1]:
            self.add_product(step.weights, upstream, self.inputs(step).T)
        if step.edges[2]:
            layout = self.info.layout(step, "inputs", [step.inputs], step.inputs.shape[1])
            self.scatter(layout, 0, self.input_products(step, layout, upstream))

    def input_products(self, step: Matrix, layout: Layout, upstream: Array) -> Emit:
        """Return what plans the adjoints of a product's inputs."""
        weights, shape = self.weights(step).T, (*layout.shape, self.lanes)

        def emit(out: Any) -> Any:
            direct = out is not None and out.flags.c_contiguous
            product = (out if direct else self.spare(shape)).reshape(len(weights), -1)
            self.call(np.matmul, weights, upstream, out=product)
            if step.optional:
                self.call(mark_absent, product, upstream)
            if out is not None and not direct:
                self.call(np.copyto, out, product.reshape(shape))
            return product.reshape(shape)

        return emit

    def backward_edges(self, step: Edges) -> None:
        """Plan the products of edges whose slopes stand in slots."""
        tables = [step.nodes, step.parents, step.slopes, step.locally_constant]
        layout = self.info.layout(step, "", tables)
        self.ledger.need(step.nodes)
        upstream = self.read(self.adjoints, layout, 0)
        slopes = self.operand(layout, 2)
        optional = self.info.has_optional
        is_constant: Any = self.info.constant(step.locally_constant)
        if is_constant is None:
            is_constant = self.operand(layout, 3)
        mask = self.with_absent(is_constant, upstream, optional)
        if mask is not True:
            emit = self.contributions(slopes, upstream, mask, optional)
            self.scatter(layout, 1, emit)


BACKWARD_METHODS: dict[type[Instruction], Callable[[BackwardPlan, Any], None]] = {
    Map: BackwardPlan.backward_map,
    Total: BackwardPlan.backward_total,
    Dot: BackwardPlan.backward_dot,
    Matrix: BackwardPlan.backward_matrix,
    Edges: BackwardPlan.backward_edges,
}


def blanking(plan: BackwardPlan, out: Array, mask: Array) -> tuple[Any, ...]:
    """Return a call that blanks an array where a mask is true.

    Where it matters, what is blank is -0.0. Elsewhere it is 0, by arithmetic on bits, because
    processors guess badly which way a random mask will branch.
    """
    if plan.info.has_optional or mask.shape != out.shape:
        return np.copyto, out, -0.0, "same_kind", mask
    integers = np.dtype(f"i{out.itemsize}")
    keep, bits = plan.spare(out.shape, integers), out.view(integers)
    plan.call(np.subtract, mask.view(np.int8), np.ones((), np.int8), out=keep)
    return np.bitwise_and, bits, keep, bits


def outer(left: Array, right: Array, out: Array) -> Array:
    """Return the product of a column and a row, or number, which BLAS is slow at; 0 is no -0.0."""
    np.multiply(left if out.ndim == 2 else left[:, 0], right, out=out)
    return np.add(out, ZERO[out.dtype], out=out)  # type: ignore[no-any-return]


def mark_absent(product: Array, upstream: Array) -> None:
    """Mark adjoints that are there as +0.0 where they are zero, and those that are not as -0.0."""
    product += 0.0
    absent = np.empty(upstream.shape, bool)
    is_absent(upstream, out=absent)
    product[:, absent.all(0)] = -0.0


def folded(op: Any, numbers: Sequence[Any]) -> Any:
    """Return a primitive of constants."""
    try:
        return op.forward(*numbers)
    except (ValueError, ArithmeticError):
        return op.ieee(*numbers)


def logical_rows(tape: Tape) -> set[int]:
    """Return the rows that are only asked for whether they are true."""
    numeric = set(tape.outputs[: len(tape.outputs) // 2])
    for op, operands in zip(tape.ops, tape.operands):
        if op not in (either, both):
            numeric.update(operands)
    return {place for place, op in enumerate(tape.ops) if op in LOGICAL and place not in numeric}
