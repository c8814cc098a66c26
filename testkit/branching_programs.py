"""Random programs that branch on their numbers, and what each sample's results are, recorded.

The eager engine decides: it runs a sample by itself. Where a comparison of computed numbers is a
tie but for rounding, both ways are right.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import Value, dot
from autograd import primitives as p
from autograd.compile import Compiled
from autograd.primitives import where

Array = np.ndarray[Any, Any]
Number = Value | float
Numbers = Sequence[Number]
Function = Callable[..., Any]
Decide = Callable[[Number, Number, bool], bool]
Line = tuple[str, Function, list[int]]  # its kind, a function, where its operands stand
Condition = tuple[str, int, int, float]  # its kind, two inputs, a threshold
Block = tuple[list[Line], "Branch | None"]
Branch = tuple[Condition, Block, Block | None]

TIE = 1e-12  # of two computed numbers, relative or absolute
CLOSE = 1e-9  # of a result, relative to the largest number of its kind, or to 1
UNARY = [p.tanh, p.sin, p.cos, p.sigmoid, p.atan, p.softplus, p.square, p.absolute]
MOST_OUTCOMES = 256  # of one sample


class Outcome(NamedTuple):
    """A sample's results: the outputs, what is differentiated, and both gradients."""

    outputs: tuple[float, ...]
    total: float
    by_parameters: tuple[float, ...]
    by_inputs: tuple[float, ...]


def greater(left: Number, right: Number, exact: bool) -> bool:
    """Decide as the function itself does."""
    return left > right


class BranchingProgram:
    """A random function of a list of inputs and of parameters, with a batch for it.

    Attributes: `weights` and `batch`, plain numbers; `seed`, a weight for each of several outputs,
    or None where there is one.
    """

    def __init__(self, number: int, most_samples: int = 2000) -> None:
        draw = self.draw = random.Random(number)
        self.inputs = draw.randint(1, 4)
        self.weights = [round(draw.uniform(-1, 1), 2) for _ in range(draw.randint(0, 12))]
        self.seed = [0.5, -2.0] if draw.random() < 0.2 else None
        self.batch = self.samples(int(most_samples ** draw.random()))
        self.body = self.block(draw.randint(1, 3))

    def samples(self, count: int) -> Array:
        """Return random samples, with many ties among them."""
        digits = self.draw.choice((0, 1, 2))
        rows = [[self.draw.gauss(0, 1) for _ in range(self.inputs)] for _ in range(count)]
        return np.round(np.array(rows), digits) + 0.0

    # A block is a list of lines, and perhaps two blocks of which each sample takes one.

    def block(self, depth: int) -> Block:
        """Return a random block with at most so many branches in a row."""
        draw = self.draw
        lines = [self.line() for _ in range(draw.randint(1, 4))]
        if not depth or draw.random() < 0.1:
            return lines, None
        condition = self.condition()
        if condition[0] in ("while", "max"):
            return lines, (condition, self.block(depth - 1), None)
        return lines, (condition, self.block(depth - 1), self.block(draw.randint(0, depth - 1)))

    def line(self) -> Line:
        """Return a random operation, and where its operands stand."""
        draw = self.draw
        kinds = ["unary", "unary", "add", "mul", "where", "sub", "quotient"]
        kinds += ["dot"] * 2 * bool(self.weights)
        kind = draw.choice(kinds)
        return kind, draw.choice(UNARY), [draw.randrange(10**6) for _ in range(3)]

    def condition(self) -> Condition:
        """Return a random condition, whose threshold is a quantile of what it compares."""
        draw = self.draw
        kinds = ["input", "input", "pair", "curved", "while", "max"]
        kinds += ["dot", "dot", "parameter"] * bool(self.weights)
        kind, i, j = draw.choice(kinds), draw.randrange(self.inputs), draw.randrange(self.inputs)
        share = draw.choice((0.01, 0.1, 0.5, 0.5, 0.9, 0.99, draw.random()))
        found = sorted(float(self.compared((kind, i, j), self.weights, x)) for x in self.batch)
        return kind, i, j, found[int(share * (len(found) - 1))]

    def compared(self, condition: tuple[Any, ...], ws: Numbers, xs: Numbers) -> Any:
        """Return what a condition compares with its threshold."""
        kind, i, j = condition[:3]
        if kind == "dot":
            return dot(*self.pairs(ws, xs))
        if kind == "curved":
            return p.sin(xs[i] * xs[j] + 0.3 * xs[i])
        return ws[i % len(ws)] if kind == "parameter" else xs[i]

    @staticmethod
    def pairs(ws: Numbers, xs: Numbers) -> tuple[Numbers, list[Number]]:
        """Return weights, and for each an input."""
        return ws, [xs[k % len(xs)] for k in range(len(ws))]

    # Running

    def run(self, ws: Numbers, xs: Numbers, decide: Decide = greater) -> Any:
        """Return the result for parameters and a list of inputs, Values or numbers.

        `decide` answers for a branch, and for what a `where` chooses by.
        """
        found = [1.0 + 0.5 * xs[0], *xs]
        block: Block | None = self.body
        while block:
            lines, branch = block
            for line in lines:
                found.append(self.computed(line, ws, xs, found, decide))
            block = self.taken(branch, ws, xs, found, decide) if branch else None
        root = found[-1] + 0.1 * found[-2] + 0.01 * p.sin(sum(found[:-2], 0.5))
        return [root, root * found[-1] + 1.0] if self.seed else root

    def computed(
        self, line: Line, ws: Numbers, xs: Numbers, found: list[Number], decide: Decide
    ) -> Number:
        """Return what a line computes."""
        kind, function, places = line
        x, y, z = (found[-1 - place % min(4, len(found))] for place in places)
        if kind == "dot":
            return p.tanh(dot(*self.pairs(ws, [x, y, *xs])))
        if kind == "where":
            return where(decide(x, y, x is y), p.cos(z), 0.5 * x)
        if kind == "quotient":
            return x / (1.0 + y * y)
        operations = {"add": x + 0.5 * y, "sub": x - y, "mul": p.tanh(x) * y}
        if kind in operations:
            return operations[kind]
        judged = decide is not greater  # and no program of which the function is to be compiled
        if judged and function is p.absolute and not any(x is z for z in xs):
            return bounded(absolute_of(x, decide))
        return bounded(function(x))

    def taken(
        self, branch: Branch, ws: Numbers, xs: Numbers, found: list[Number], decide: Decide
    ) -> Block | None:
        """Return the block that comes next."""
        condition, yes, no = branch
        kind, i, j, threshold = condition
        if kind == "while":
            rounds = 0
            while rounds < 4 and decide(xs[i], rounds - 1, True):
                found.append(p.tanh(found[-1] + 0.3 * xs[j]))
                rounds += 1
            return yes
        if kind == "max":
            found.append(xs[i] if decide(xs[i], xs[j], True) else 0.5 + xs[j])
            return yes
        right = xs[j] if kind == "pair" else threshold
        exact = kind not in ("dot", "curved")
        return yes if decide(self.compared(condition, ws, xs), right, exact) else no

    def outcomes(self, ws: Sequence[float], row: Sequence[float]) -> list[Outcome]:
        """Return what the eager engine gives for a sample; several results where it is a tie."""
        found: list[Outcome] = []
        waiting: list[list[bool]] = [[]]
        while waiting and len(found) < MOST_OUTCOMES:
            script = waiting.pop()
            taken: list[bool] = []
            number = 0

            def decide(left: Number, right: Number, exact: bool) -> bool:
                nonlocal number
                truth = bool(left > right)
                if exact or not tied(left, right):
                    return truth
                if number == len(script):  # both ways: this one now, the other one later
                    waiting.append([*taken, not truth])
                    script.append(truth)
                taken.append(script[number])
                number += 1
                return taken[-1]

            found.append(self.recorded(ws, row, decide))
        return found

    def recorded(self, ws: Sequence[float], row: Sequence[float], decide: Decide) -> Outcome:
        """Return one sample's results by the eager engine."""
        parameters, inputs = [Value(w) for w in ws], [Value(float(x)) for x in row]
        out = self.run(parameters, inputs, decide)
        outputs = out if self.seed else [out]
        root: Any = sum((s * y for s, y in zip(self.seed, out)), 0.0) if self.seed else out
        root.backward()
        return Outcome(
            tuple(y.data for y in outputs),
            root.data,
            tuple(w.grad for w in parameters),
            tuple(x.grad for x in inputs),
        )


def absolute_of(x: Number, decide: Decide) -> Number:
    """Return the absolute value; at a zero but for rounding it has either slope, or none."""
    number = getattr(x, "data", x)
    if not tied(number, 0.0):
        return p.absolute(x)
    first, second = decide(x, 0.0, False), decide(x, 0.0, False)
    return p.stop_gradient(p.absolute(x)) if first != second else x if first else -x


def bounded(x: Number) -> Number:
    return 3.0 * p.tanh(x / 3.0)


def tied(left: Number, right: Number) -> bool:
    """Tell whether two numbers are equal but for rounding."""
    left, right = (getattr(x, "data", x) for x in (left, right))
    return abs(left - right) <= TIE * (1 + abs(left) + abs(right))


def among(found: float | Array, outcomes: list[Outcome], field: str) -> bool:
    """Tell whether a sample's result is one of those that are right."""
    found = np.atleast_1d(np.asarray(found, float))
    for outcome in outcomes:
        right = np.atleast_1d(np.array(getattr(outcome, field)))
        size = max(1.0, np.abs(right).max(initial=0.0))
        if (np.abs(found - right) <= CLOSE * size).all():
            return True
    return False


def between(found: float | Array, outcomes: list[list[Outcome]], field: str, scale: float) -> bool:
    """Tell whether a sum over samples lies between the smallest and the largest that is right."""
    sides = [[np.array(getattr(outcome, field)) for outcome in some] for some in outcomes]
    low = sum(np.min(some, 0) for some in sides) * scale
    high = sum(np.max(some, 0) for some in sides) * scale
    size = sum(np.abs(some).max(initial=0.0) for some in sides) * scale + 1.0
    found = np.asarray(found, float)
    return bool(((found >= low - CLOSE * size) & (found <= high + CLOSE * size)).all())


def complaints(
    program: BranchingProgram, compiled: Compiled, batch: Array, reduce: str
) -> list[str]:
    """Return which calls of a compiled program give a wrong number for a batch.

    `compiled` is compiled for the program's parameters, with the given way to reduce.
    """
    ws = compiled.parameters.tolist()
    outcomes = [program.outcomes(ws, row) for row in batch]
    scale = 1.0 / len(batch) if reduce == "mean" else 1.0
    numbers = [x.data for x in compiled.values]
    wrong = []

    def judge(call: str, right: bool) -> None:
        if not right:
            wrong.append(call)

    def judge_each(call: str, found: Array, field: str, factor: float = 1.0) -> None:
        rows = np.asarray(found, float) / factor
        judge(f"{call}: shape", len(rows) == len(batch))
        judge(call, all(among(row, some, field) for row, some in zip(rows, outcomes)))

    found = compiled.value(batch)
    judge_each("value", np.stack(found, 1) if program.seed else found, "outputs")
    judge("value: the Values are as they were", [x.data for x in compiled.values] == numbers)
    total, gradient = compiled.value_and_grad(batch, seed=program.seed)
    judge("value_and_grad: value", between(total, outcomes, "total", scale))
    judge("value_and_grad: gradient", between(gradient, outcomes, "by_parameters", scale))
    total, gradient, slopes = compiled.value_and_grad(batch, inputs=True, seed=program.seed)
    judge("inputs: value", between(total, outcomes, "total", scale))
    judge("inputs: gradient", between(gradient, outcomes, "by_parameters", scale))
    judge_each("inputs: by inputs", slopes, "by_inputs", scale)
    judge_each(
        "per_sample_grad", compiled.per_sample_grad(batch, seed=program.seed), "by_parameters"
    )
    step = 0.125
    total = compiled.descend(batch, step_size=step, seed=program.seed)
    judge("descend: value", between(total, outcomes, "total", scale))
    moved = (np.array(ws) - compiled.parameters) / step
    judge("descend: gradient", between(moved, outcomes, "by_parameters", scale))
    return wrong
