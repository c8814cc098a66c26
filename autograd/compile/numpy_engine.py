"""The engine that needs only NumPy: each instruction is a few operations on arrays."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.program import (
    EACH,
    INPUTS_TOO,
    Dot,
    Edges,
    Map,
    Matrix,
    Program,
    Table,
    Total,
)
from autograd.compile.rows import both, either, quotient, top, unequal
from autograd.compile.rules import rules_of
from autograd.compile.tape import Guard, Tape
from autograd.row import Primitive

Array = np.ndarray[Any, Any]
MEMORY = 2**28  # bytes of values and adjoints that a block of lanes should not exceed


def of_floats(op: Primitive) -> Callable[..., Any]:
    """Return a primitive as a function of arrays that calls its function of floats."""

    def one(*numbers: Any) -> float:
        try:
            return float(op.forward(*map(float, numbers)))
        except (ValueError, ArithmeticError):
            return op.ieee(*map(float, numbers))

    return np.vectorize(one, otypes=[float])


def logistic(x: Any) -> Any:
    """Return 1 / (1 + exp(-x)), as `autograd.special` does."""
    small = np.exp(-abs(x))
    return np.where(x >= 0.0, 1.0, small) / (1.0 + small)


def log1pexp(x: Any) -> Any:
    """Return log(1 + exp(x)), as `autograd.special` does."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-abs(x)))


SPELLING: dict[Primitive, Callable[..., Any]] = {
    p.add: operator.add,
    p.sub: operator.sub,
    p.mul: operator.mul,
    p.div: np.true_divide,
    p.neg: operator.neg,
    p.pos: operator.pos,
    p.absolute: np.abs,
    p.square: lambda x: x * x,
    p.sqrt: np.sqrt,
    p.exp: np.exp,
    p.expm1: np.expm1,
    p.log: np.log,
    p.log1p: np.log1p,
    p.sin: np.sin,
    p.cos: np.cos,
    p.tanh: np.tanh,
    p.atan: np.arctan,
    p.hypot: np.hypot,
    p.step: lambda x: np.where(x > 0, 1.0, np.where(x <= 0, 0.0, x)),
    p.sign: np.sign,
    p.relu: lambda x: np.where(x <= 0, 0.0, x),
    p.sigmoid: logistic,
    p.softplus: log1pexp,
    p.log_sigmoid: lambda x: -log1pexp(-x),
    p.where: lambda condition, x, y: np.where(condition != 0, x, y),
    p.stop_gradient: operator.pos,
    p.less: np.less,
    p.less_equal: np.less_equal,
    p.greater: np.greater,
    p.greater_equal: np.greater_equal,
    p.equal: np.equal,
    top: lambda *xs: np.max(xs, axis=0),
    quotient: np.true_divide,
    unequal: np.not_equal,
    either: np.logical_or,
    both: np.logical_and,
    p.at_least: np.maximum,
    p.at_most: np.minimum,
    p.largest: lambda *xs: np.max(xs, axis=0),
    p.smallest: lambda *xs: np.min(xs, axis=0),
    p.prod: lambda *xs: math.prod(xs),
}


def function_of(op: Primitive) -> Callable[..., Any]:
    """Return a primitive as a function of arrays."""
    if op in (p.rounded, p.polygamma, p.softmax_of):
        return of_integer_first(op)
    return SPELLING.get(op) or of_floats(op)


def of_integer_first(op: Primitive) -> Callable[..., Any]:
    """Return a primitive one of whose operands is an integer as a function of arrays."""
    place = 1 if op is p.rounded else 0

    def one(*numbers: Any) -> float:
        exact = [int(x) if i == place else float(x) for i, x in enumerate(numbers)]
        try:
            return float(op.forward(*exact))
        except (ValueError, ArithmeticError):
            return op.ieee(*exact)

    return np.vectorize(one, otypes=[float])


def evaluate(tape: Tape, inputs: Sequence[Any]) -> list[Any]:
    """Return the outputs of a tape for arrays as its inputs."""
    rows: list[Any] = [None] * len(tape)
    for place, x in zip(tape.inputs, inputs):
        rows[place] = x
    for place, number in tape.constants.items():
        rows[place] = float(number)
    for place, op in enumerate(tape.ops):
        if op is not None:
            rows[place] = function_of(op)(*(rows[x] for x in tape.operands[place]))
    return [rows[place] for place in tape.outputs]


def slopes_by_floats(op: Primitive, edges: Sequence[bool], numbers: Sequence[Any]) -> Any:
    """Return slopes and masks of a row whose rules cannot be read, one lane at a time."""
    from autograd.value import edge_mask, limits, node

    shape = np.broadcast_shapes(*(np.shape(x) for x in numbers))
    flat = [np.broadcast_to(x, shape).ravel() for x in numbers]
    found = np.zeros((len(edges), flat[0].size))
    for lane in range(flat[0].size):
        *operands, out = (float(x[lane]) for x in flat)
        values = [node(x, None, (), (), ()) if edge else x for x, edge in zip(operands, edges)]
        mask = edge_mask(op, values, operands, out)
        try:
            slopes = op.derivatives(operands, out, mask)
        except (ValueError, ArithmeticError):
            slopes = limits(op, operands, out, mask)
        for i, (slope, edge) in enumerate(zip(slopes, mask)):
            found[i, lane] = slope if edge else 0.0
    chosen = [found[i].reshape(shape) for i, edge in enumerate(edges) if edge]
    return chosen, [False] * len(chosen)


def gone(upstream: Array) -> Array:
    """Tell where there is no adjoint: it is -0.0 there, see `autograd.compile.mortal`."""
    return (upstream == 0.0) & np.signbit(upstream)  # type: ignore[no-any-return]


def times(slope: Array, upstream: Array) -> Array:
    """Return the contributions over edges, none where there is no adjoint."""
    return np.where(gone(upstream), -0.0, slope * upstream + 0.0)


def descend(parameters: Array, gradient: Array, step_size: float, finite: bool) -> bool:
    """Move parameters down a gradient, unless they had to be finite and would not be."""
    with np.errstate(all="ignore"):
        new = parameters[: len(gradient)] - step_size * gradient
    if finite and not np.isfinite(new).all():
        return False
    parameters[: len(gradient)] = new
    return True


class NumpyEngine:
    """Runs a program on arrays, slots x lanes, in blocks of lanes."""

    name = "numpy"

    def __init__(self, program: Program, shared: Array) -> None:
        self.program, self.shared, self.dtype = program, shared, shared.dtype
        self.rules: dict[Any, Tape | None] = {}

    def block(self, samples: int) -> int:
        """Return how many lanes a block has."""
        fitting = max(1, MEMORY // (2 * int(self.dtype.itemsize) * max(1, self.program.slots)))
        blocks = -(-samples // fitting)
        return -(-samples // blocks)

    def job(self, samples: int, wanted: int, apart: bool = False) -> Job:
        """Return a job for so many samples."""
        return Job(self, samples, wanted)

    def values(self, inputs: Array) -> Array:
        """Return the values of all slots for samples, one a row."""
        program, shared = self.program, self.shared
        values = np.zeros((program.slots, len(inputs)), self.dtype)
        values[: program.inputs] = inputs.T
        after = program.inputs + len(program.broadcast)
        values[program.inputs : after] = shared[program.broadcast][:, None]
        for step in program.instructions:
            getattr(self, f"push_{type(step).__name__.lower()}")(step, shared, values)
        return values

    def adjoints(self, values: Array, seed: Array, gradient: Array) -> Array:
        """Return the adjoints of all slots, and add those of shared numbers to the gradient."""
        program, shared = self.program, self.shared
        adjoints = np.full_like(values, -0.0)
        np.add.at(adjoints, program.outputs, seed[:, None])
        for step in reversed(program.instructions):
            pull = getattr(self, f"pull_{type(step).__name__.lower()}")
            pull(step, shared, values, adjoints, gradient)
        after = program.inputs + len(program.broadcast)
        np.add.at(gradient, program.broadcast, adjoints[program.inputs : after].sum(1))
        return adjoints

    def holds(self, rows: Array) -> Array:
        """Tell for every sample whether it takes the branches that were traced."""
        with np.errstate(all="ignore"):
            return np.logical_not(self.failing(self.values(rows)).any(0))

    def failing(self, values: Array) -> Array:
        """Return for every guard and lane whether it has not the truth that was traced."""
        guards = self.program.guards
        truths = np.array([guard.truth for guard in guards], bool)[:, None]
        return (values[[guard.row for guard in guards]] != 0) != truths  # type: ignore[no-any-return]

    def first_failing(self, row: Array) -> Guard:
        """Return the first guard that fails for a sample."""
        with np.errstate(all="ignore"):
            failing = self.failing(self.values(row[None]))[:, 0]
        return self.program.guards[int(failing.argmax())]

    def biases(self, code: Table, shared: Array, values: Array) -> Array:
        """Return the biases of dots, which are slots or shared numbers."""
        code = code.ravel()
        lanes = np.take(values, np.maximum(code, 0), axis=0)
        return np.where(code[:, None] < 0, shared[np.maximum(~code, 0)][:, None], lanes)

    def push_map(self, step: Map, shared: Array, values: Array) -> None:
        """Compute a primitive."""
        values[step.out : step.out + step.count] = function_of(step.op)(
            *(values[slots] for slots in step.operands)
        )

    def push_total(self, step: Total, shared: Array, values: Array) -> None:
        """Compute sums, from left to right."""
        total = values[step.terms[0]]
        for slots in step.terms[1:]:
            total = total + values[slots]
        values[step.out : step.out + step.count] = total

    def push_dot(self, step: Dot, shared: Array, values: Array) -> None:
        """Compute inner products, from left to right."""
        total = self.biases(step.bias, shared, values)
        for left, right in zip(step.left, step.right):
            total = total + self.left_side(left, shared, values) * values[right]
        values[step.out : step.out + step.count] = total

    def left_side(self, left: Table, shared: Array, values: Array) -> Array:
        """Return the left sides of dots, which are slots or shared numbers."""
        return values[left] if left[0] >= 0 else shared[~left][:, None]

    def push_matrix(self, step: Matrix, shared: Array, values: Array) -> None:
        """Compute a matrix product."""
        inputs = values[step.inputs].reshape(len(step.inputs), -1)
        product = (shared[step.weights] @ inputs).reshape(step.count, -1)
        bias = self.biases(step.bias, shared, values)
        values[step.out : step.out + step.count] = product + bias

    def push_edges(self, step: Edges, shared: Array, values: Array) -> None:
        """Compute nothing: edges only matter backward."""

    def pull_map(self, step: Map, _: Any, values: Array, adjoints: Array, __: Any) -> None:
        """Add slope times upstream adjoint to the operands' adjoints."""
        if not any(step.edges):
            return
        numbers = [values[slots] for slots in step.operands]
        results = slice(step.out, step.out + step.count)
        slopes, still = self.slopes(step, [*numbers, values[results]])
        parents = [slots for slots, edge in zip(step.operands, step.edges) if edge]
        for slots, slope, mask in zip(parents, slopes, still):
            product = slope * adjoints[results] + 0.0
            absent = gone(adjoints[results]) | np.asarray(mask, bool) if step.mortal else mask
            np.add.at(adjoints, slots, np.where(absent, -0.0, product))

    def slopes(self, step: Map, numbers: list[Array]) -> tuple[list[Any], list[Any]]:
        """Return slopes and masks, by the rule that the table gives."""
        key = step.op, step.edges
        if key not in self.rules:
            try:
                self.rules[key] = rules_of(step.op, len(step.operands), step.edges)
            except (TypeError, AttributeError):
                self.rules[key] = None
        rules = self.rules[key]
        if rules is None:
            return slopes_by_floats(step.op, step.edges, numbers)  # type: ignore[no-any-return]
        found = evaluate(rules, numbers)
        half = len(found) // 2
        return found[:half], found[half:]

    def pull_total(self, step: Total, _: Any, __: Any, adjoints: Array, ___: Any) -> None:
        """Add the upstream adjoint to each term's."""
        if step.edges:
            for slots in step.terms:
                np.add.at(adjoints, slots, adjoints[step.out : step.out + step.count])

    def pull_bias(self, step: Any, adjoints: Array, gradient: Array) -> None:
        """Add the upstream adjoint to that of the bias."""
        code, upstream = step.bias.ravel(), adjoints[step.out : step.out + step.count]
        np.add.at(gradient, ~code[code < 0], upstream[code < 0].sum(1))
        np.add.at(adjoints, code[code >= 0], upstream[code >= 0])

    def pull_dot(
        self, step: Dot, shared: Array, values: Array, adjoints: Array, gradient: Array
    ) -> None:
        """Apply the product rule to each pair."""
        if not step.edges[0]:
            return
        self.pull_bias(step, adjoints, gradient)
        upstream = adjoints[step.out : step.out + step.count]
        for left, right in zip(step.left, step.right):
            if step.edges[1] and left[0] >= 0:
                np.add.at(adjoints, left, times(values[right], upstream))
            elif step.edges[1]:
                np.add.at(gradient, ~left, times(values[right], upstream).sum(1))
            if step.edges[2]:
                factor = self.left_side(left, shared, values)
                np.add.at(adjoints, right, times(factor, upstream))

    def pull_matrix(
        self, step: Matrix, shared: Array, values: Array, adjoints: Array, gradient: Array
    ) -> None:
        """Compute the two products that are a product's adjoint."""
        if not step.edges[0]:
            return
        self.pull_bias(step, adjoints, gradient)
        rows, terms = step.weights.shape
        upstream = adjoints[step.out : step.out + step.count].reshape(rows, -1)
        if step.edges[1]:
            inputs = values[step.inputs].reshape(terms, -1)
            np.add.at(gradient, step.weights, upstream @ inputs.T)
        if step.edges[2]:
            product = shared[step.weights].T @ upstream + 0.0
            if step.mortal:
                product[:, gone(upstream).all(0)] = -0.0
            np.add.at(adjoints, step.inputs.ravel(), product.reshape(step.inputs.size, -1))

    def pull_edges(self, step: Edges, _: Any, values: Array, adjoints: Array, __: Any) -> None:
        """Add the products of edges whose slopes stand in slots."""
        upstream = adjoints[step.nodes]
        absent = (values[step.still] != 0) | gone(upstream)
        product = np.where(absent, -0.0, values[step.slopes] * upstream + 0.0)
        np.add.at(adjoints, step.parents, product)


class Job:
    """A run on so many samples: fill `rows` and `seed`, call `run`, and read the results."""

    def __init__(self, engine: NumpyEngine, samples: int, wanted: int) -> None:
        program, dtype = engine.program, engine.dtype
        self.engine, self.wanted = engine, wanted
        self.lanes = 1 if wanted & EACH else engine.block(samples)
        self.rows = np.zeros((samples, program.inputs), dtype)
        self.outputs = np.empty((samples, len(program.outputs)), dtype)
        self.seed = np.ones(len(program.outputs), dtype)
        self.slopes = np.empty((samples if wanted & INPUTS_TOO else 0, program.inputs), dtype)
        self.full = np.empty((samples if wanted & EACH else 1, len(engine.shared)), dtype)
        self.gradients = self.full[:, : program.parameters]
        self.total = np.zeros(1, dtype)

    def share(self, rows: Array, outputs: Array, slopes: Array) -> None:
        """Read and write these arrays, which may be parts of larger ones."""
        self.rows, self.outputs, self.slopes = rows, outputs, slopes

    def gradient(self) -> Array:
        """Return the gradient as an array of the caller's own."""
        return self.gradients[0].copy()  # type: ignore[no-any-return]

    def descend(self, step_size: float, finite: bool) -> bool:
        """Move the parameters down the gradient; False where they would not stay finite."""
        return descend(self.engine.shared, self.gradients[0], step_size, finite)

    def run(self, *_: Any) -> int:
        """Run all blocks, and return 0, or where a guard or a number failed: see `machine`."""
        self.full[:] = 0.0
        with np.errstate(all="ignore"):
            for start in range(0, len(self.rows), self.lanes):
                samples = slice(start, start + self.lanes)
                values = self.engine.values(self.rows[samples])
                failing = self.engine.failing(values).any(0)
                if failing.any():
                    return -1 - start - int(failing.argmax())
                self.outputs[samples] = values[self.engine.program.outputs].T
                if self.wanted:
                    self.pull(start, samples, values)
            self.total[0] = (self.outputs @ self.seed).sum()
        blank = ~(np.isfinite(self.outputs).all(1) & np.isfinite(self.rows).all(1))
        return int(blank.argmax()) + 1 if blank.any() else 0

    def pull(self, start: int, samples: slice, values: Array) -> None:
        """Run the backward pass of a block."""
        gradient = self.full[start if self.wanted & EACH else 0]
        adjoints = self.engine.adjoints(values, self.seed, gradient)
        if self.wanted & INPUTS_TOO:
            self.slopes[samples] = adjoints[: self.engine.program.inputs].T + 0.0
