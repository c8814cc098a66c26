"""The engine that needs only NumPy: each instruction is a few operations on arrays."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.program import Dot, Edges, Map, Matrix, Program, Table, Total
from autograd.compile.rows import both, either, exponential, quotient, shifted, top, unequal
from autograd.compile.rules import rules_of
from autograd.compile.tape import Tape
from autograd.row import Primitive

Array = np.ndarray[Any, Any]


def of_floats(op: Primitive) -> Callable[..., Any]:
    """Return a primitive as a function of arrays that calls its function of floats."""

    def one(*numbers: Any) -> float:
        try:
            return float(op.forward(*map(float, numbers)))
        except (ValueError, ArithmeticError):
            return op.ieee(*map(float, numbers))

    return np.vectorize(one, otypes=[float])


def logistic(x: Any) -> Any:
    small = np.exp(-abs(x))
    return np.where(x >= 0.0, 1.0, small) / (1.0 + small)


def log1pexp(x: Any) -> Any:
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


class NumpyEngine:
    """Runs a program on arrays, slots x lanes, in blocks of lanes."""

    name = "numpy"

    def __init__(self, program: Program, dtype: str = "float64") -> None:
        self.program, self.dtype = program, np.dtype(dtype)
        self.constants = np.array(program.shared, self.dtype)
        self.rules: dict[Any, Tape | None] = {}

    def forward(self, parameters: Array, inputs: Array) -> Array:
        """Return the outputs, samples x outputs."""
        with np.errstate(all="ignore"):
            values = self.values(np.concatenate([parameters, self.constants]), inputs)
        return values[self.program.outputs].T

    def backward(self, parameters: Array, inputs: Array, seed: Array) -> tuple[Array, ...]:
        """Return outputs, gradient by the parameters and gradient by each sample's inputs.

        The seed is the derivative of the result by each of the outputs.
        """
        with np.errstate(all="ignore"):
            shared = np.concatenate([parameters, self.constants])
            values = self.values(shared, inputs)
            adjoints = np.zeros_like(values)
            np.add.at(adjoints, self.program.outputs, seed[:, None])
            gradient = np.zeros_like(shared)
            for instruction in reversed(self.program.instructions):
                getattr(self, f"pull_{type(instruction).__name__.lower()}")(
                    instruction, shared, values, adjoints, gradient
                )
            start, count = self.program.inputs, len(self.program.broadcast)
            np.add.at(gradient, self.program.broadcast, adjoints[start : start + count].sum(1))
        outputs = values[self.program.outputs].T
        return outputs, gradient[: self.program.parameters], adjoints[:start].T

    def values(self, shared: Array, inputs: Array) -> Array:
        """Return the values of all slots."""
        program, lanes = self.program, len(inputs)
        values = np.zeros((program.slots, lanes), self.dtype)
        values[: program.inputs] = inputs.T
        after = program.inputs + len(program.broadcast)
        values[program.inputs : after] = shared[program.broadcast][:, None]
        for instruction in program.instructions:
            getattr(self, f"push_{type(instruction).__name__.lower()}")(instruction, shared, values)
        return values

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
            total = total + values[left] * values[right]
        values[step.out : step.out + step.count] = total

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
            product = slope * adjoints[results]
            np.add.at(adjoints, slots, np.where(mask, 0.0, product))

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

    def pull_dot(self, step: Dot, _: Any, values: Array, adjoints: Array, gradient: Array) -> None:
        """Apply the product rule to each pair."""
        self.pull_bias(step, adjoints, gradient)
        upstream = adjoints[step.out : step.out + step.count]
        for left, right in zip(step.left, step.right):
            if step.edges[0]:
                np.add.at(adjoints, left, values[right] * upstream)
            if step.edges[1]:
                np.add.at(adjoints, right, values[left] * upstream)

    def pull_matrix(
        self, step: Matrix, shared: Array, values: Array, adjoints: Array, gradient: Array
    ) -> None:
        """Compute the two products that are a product's adjoint."""
        self.pull_bias(step, adjoints, gradient)
        rows, terms = step.weights.shape
        upstream = adjoints[step.out : step.out + step.count].reshape(rows, -1)
        if step.edges[0]:
            inputs = values[step.inputs].reshape(terms, -1)
            np.add.at(gradient, step.weights, upstream @ inputs.T)
        if step.edges[1]:
            product = shared[step.weights].T @ upstream
            np.add.at(adjoints, step.inputs.ravel(), product.reshape(step.inputs.size, -1))

    def pull_edges(self, step: Edges, _: Any, values: Array, adjoints: Array, __: Any) -> None:
        """Add the products of edges whose slopes stand in slots."""
        product = np.where(values[step.still] != 0, 0.0, values[step.slopes] * adjoints[step.nodes])
        np.add.at(adjoints, step.parents, product)
