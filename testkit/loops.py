"""Functions with loops: those that people write, and random ones, for the compiler's search.

The random ones are nested, differ in their first turn, read an input or a constant of each turn's
own, and do something else now and then. Their state is squashed, so that errors do not grow.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from autograd import Value, dot
from autograd import primitives as p
from autograd.compile import Compiled

Number = Value | float
Numbers = Sequence[Number]
# A state, a function, what it is of, and how the state is updated.
Line = tuple[Literal["line"], int, Callable[..., Any], list[tuple[str, int]], str]
# Turns, what is done in each, and a line that is done in each so manieth.
Loop = tuple[Literal["loop"], int, list["Line | Loop"], int | None, Line]

CLOSE = 1e-9  # of a result, relative to the largest of its kind, or to 1
TURNS = [(4, 5, 6, 8, 20, 60), (5, 6, 8, 12)]  # of a loop without and with one in it
UNARY = [p.sin, p.cos, p.tanh, p.sigmoid, p.softplus, p.atan]


def pendulum(steps: int) -> Callable[..., Number]:
    """Return a damped pendulum after so many steps of Runge and Kutta."""

    def pull(angle: Number, speed: Number, stiffness: Number, damping: Number) -> Number:
        return -(stiffness * p.sin(angle)) - damping * speed

    def swing(angle: Number, speed: Number, stiffness: Number, damping: Number) -> Number:
        for _ in range(steps):
            v1, a1 = speed, pull(angle, speed, stiffness, damping)
            v2 = speed + 0.005 * a1
            a2 = pull(angle + 0.005 * v1, v2, stiffness, damping)
            v3 = speed + 0.005 * a2
            a3 = pull(angle + 0.005 * v2, v3, stiffness, damping)
            v4 = speed + 0.01 * a3
            a4 = pull(angle + 0.01 * v3, v4, stiffness, damping)
            angle = angle + 0.01 / 6 * (v1 + 2.0 * (v2 + v3) + v4)
            speed = speed + 0.01 / 6 * (a1 + 2.0 * (a2 + a3) + a4)
        return angle

    return swing


def newton(turns: int, number: Number, x: Number) -> Number:
    """Return Newton's approximation to a cube root."""
    for _ in range(turns):
        x = x - (x * x * x - number) / (3.0 * x * x)
    return x


def nested_newton(turns: int, number: Number) -> Number:
    """Return a sum of cube roots, each of which is the next number to take the root of."""
    for _ in range(turns):
        number = p.sin(newton(6, number, number)) + 0.5 * number + 1.0
    return number


def shared_numbers(*shapes: int | tuple[int, ...]) -> list[Any]:
    """Return Values in matrices and vectors of these shapes."""
    draw = np.random.default_rng(1)
    return [lifted(draw.normal(0, 0.5, shape).tolist()) for shape in shapes]


def lifted(numbers: Any) -> Any:
    """Return a structure of lists with Values in place of its numbers."""
    return [lifted(x) for x in numbers] if isinstance(numbers, list) else Value(numbers)


def flat(*structures: Any) -> list[Value]:
    """Return the Values of structures of lists in one list."""
    found: list[Value] = []
    for structure in structures:
        found += flat(*structure) if isinstance(structure, list) else [structure]
    return found


def elman(turns: int, width: int = 4, inputs: int = 2) -> tuple[Callable[..., Number], list[Value]]:
    """Return the loss of Elman's network on a sequence, and its parameters."""
    u, w, b, out = shared_numbers((width, inputs), (width, width), width, width)

    def loss(xs: Numbers, ys: Numbers) -> Number:
        hidden, total = [0.0] * width, 0.0
        for t in range(turns):
            x = xs[inputs * t : inputs * (t + 1)]
            hidden = [
                p.tanh(dot(row, x) + dot(back, hidden) + bias) for row, back, bias in zip(u, w, b)
            ]
            total = total + (dot(out, hidden) - ys[t]) ** 2
        return total

    return loss, flat(u, w, b, out)


def lstm(turns: int, width: int = 3, inputs: int = 2) -> tuple[Callable[..., Number], list[Value]]:
    """Return the last state of a network of long short-term memory, and its parameters."""
    gates = [shared_numbers((width, inputs), (width, width), width) for _ in range(4)]

    def state(xs: Numbers) -> Number:
        hidden, cell = [0.0] * width, [0.0] * width
        for t in range(turns):
            x = xs[inputs * t : inputs * (t + 1)]
            sums = [
                [dot(row, x) + dot(back, hidden) + bias for row, back, bias in zip(u, w, b)]
                for u, w, b in gates
            ]
            write, keep, show = ([p.sigmoid(z) for z in row] for row in sums[:3])
            new = [p.tanh(z) for z in sums[3]]
            cell = [f * c + i * n for f, c, i, n in zip(keep, cell, write, new)]
            hidden = [o * p.tanh(c) for o, c in zip(show, cell)]
        return sum(hidden)

    return state, flat(*gates)


def heat(turns: int, places: int) -> Callable[[Numbers], Number]:
    """Return the energy of a rod after so many steps of the heat equation."""

    def energy(us: Numbers) -> Number:
        us = list(us)
        for _ in range(turns):
            inner = [
                us[i] + 0.1 * (us[i - 1] - 2.0 * us[i] + us[i + 1]) for i in range(1, places - 1)
            ]
            us = [us[0], *inner, us[-1]]
        return sum(u * u for u in us)

    return energy


def adam(turns: int) -> Callable[[Number, Number], Number]:
    """Return where Adam comes from a start, in so many updates; a function of two numbers."""

    def found(w: Number, aim: Number) -> Number:
        mean = square = 0.0
        for t in range(1, turns + 1):
            slope = 2.0 * (w - aim) * p.cos(w)
            mean = 0.9 * mean + 0.1 * slope
            square = 0.999 * square + 0.001 * slope * slope
            w = w - 0.01 * (mean / (1 - 0.9**t)) / (p.sqrt(square / (1 - 0.999**t)) + 1e-8)
        return w

    return found


def kalman(seen: Sequence[Number], drift: Number, noise: Number) -> Number:
    """Return how unlikely what was seen is, and the last mean, by a filter of Kalman's."""
    mean, variance, unlikely = 0.5, 1.0, 0.0
    for x in seen:
        variance = variance + drift
        spread = variance + noise
        gain = variance / spread
        error = x - mean
        unlikely = unlikely + error * error / spread + p.log(spread)
        mean = mean + gain * error
        variance = variance * (1.0 - gain)
    return unlikely + mean


def likelihood(seen: Sequence[Number], drift: Number, noise: Number) -> Number:
    """Return how likely what was seen is, by a filter of Kalman's, as textbooks write it."""
    mean, variance, found = 0.0, 1.0, 0.0
    for x in seen:
        mean = 0.9 * mean
        variance = 0.81 * variance + drift
        spread = variance + noise
        gain = variance / spread
        error = x - mean
        found = found - 0.5 * (p.log(spread) + error * error / spread)
        mean = mean + gain * error
        variance = (1 - gain) * variance
    return found


def smoothed(seen: Sequence[Number], drift: Number, noise: Number) -> Number:
    """Return a sum over the smoothed means of a filter of Kalman's, which goes forth and back."""
    mean, variance, means, variances = 0.5, 1.0, [], []
    for x in seen:
        before = 0.81 * variance + drift
        gain = before / (before + noise)
        mean = 0.9 * mean + gain * (x - 0.9 * mean)
        variance = before * (1.0 - gain)
        means.append(mean)
        variances.append(variance)
    mean, total = means[-1], means[-1] * means[-1]
    for last, variance in zip(means[-2::-1], variances[-2::-1]):
        mean = last + 0.9 * variance / (0.81 * variance + drift) * (mean - 0.9 * last)
        total = total + mean * mean
    return total


def thomas(diagonal: Sequence[Number], right: Sequence[Number]) -> Number:
    """Return the sum of squares of the solution of a system with -1 beside its diagonal."""
    factors, sides = [-1.0 / diagonal[0]], [right[0] / diagonal[0]]
    for pivot, side in zip(diagonal[1:], right[1:]):
        rest = pivot + factors[-1]
        factors.append(-1.0 / rest)
        sides.append((side + sides[-1]) / rest)
    x = sides[-1]
    total = x * x
    for factor, side in zip(factors[-2::-1], sides[-2::-1]):
        x = side - factor * x
        total = total + x * x
    return total


def two_averages(xs: Sequence[Number], share: Number) -> Number:
    """Return a sum of products of a short recurrence and of a long one."""
    mean, state, total = 0.0, 0.5, 0.0
    for x in xs:
        mean = 0.9 * mean + share * x
        state = p.tanh(p.cos(p.sin(state) * 0.7 + 0.1) + x)
        total = total + mean * state
    return total


def delayed(turns: int, x: Number) -> Number:
    """Return a number that depends on those one turn, three and six turns before."""
    found = [x + 0.1 * i for i in range(6)]
    for _ in range(turns):
        found.append(p.sin(found[-6]) + 0.5 * p.cos(found[-3]) * found[-1])
    return found[-1]


class LoopProgram:
    """A random function of a list of inputs and of parameters, with loops; a number says which.

    Attributes: `weights`, and `rows`, samples: plain numbers.
    """

    def __init__(self, number: int) -> None:
        draw = self.draw = random.Random(number)
        self.inputs = draw.randint(1, 12)
        self.weights = [draw.uniform(-1, 1) for _ in range(draw.randint(0, 3))]
        self.rows = [[draw.uniform(-1, 1) for _ in range(self.inputs)] for _ in range(3)]
        self.states = draw.randint(1, 3)
        self.parts = [self.loop(draw.choice((0, 0, 1, 2))) for _ in range(draw.randint(1, 2))]
        self.sums_up = draw.random() < 0.4  # all that the turns computed, not the last only

    def loop(self, depth: int, most: int = 60) -> Loop:
        """Return a random loop with at most so many in it."""
        draw = self.draw
        turns = draw.choice([turns for turns in TURNS[depth > 0] if turns <= most])
        body: list[Line | Loop] = [self.line() for _ in range(draw.randint(1, 4))]
        if depth:
            body.insert(draw.randrange(len(body) + 1), self.loop(depth - 1, most=8))
        seldom = draw.randint(2, 9) if draw.random() < 0.15 else None
        return "loop", turns, body, seldom, self.line()

    def line(self) -> Line:
        """Return a random line: a state that is updated, by which function and of what."""
        draw = self.draw
        kinds = ["state", "state", "input", "strided", "constant", "turn", "branch"]
        kinds += ["weight", "dot"] * bool(self.weights)
        operands = [(kind, draw.randrange(10**6)) for kind in ("state", draw.choice(kinds))]
        update = draw.choice(("replace", "mix", "first"))
        return "line", draw.randrange(self.states), draw.choice(UNARY), operands, update

    def run(self, ws: Numbers, xs: Numbers) -> Any:
        """Return the result for parameters and a list of inputs, Values or numbers."""
        state: list[Number] = [0.3 * (i + 1) + 0.1 * xs[i % len(xs)] for i in range(self.states)]
        seen: list[Number] = []
        for part in self.parts:
            self.run_loop(part, ws, xs, state, seen)
        last = sum((p.sin(x) for x in state), 0.0)
        return last + 0.1 * sum(seen[1:], seen[0]) if self.sums_up and seen else last

    def run_loop(
        self, loop: Loop, ws: Numbers, xs: Numbers, state: list[Number], seen: list[Number]
    ) -> None:
        """Do the turns of a loop; the state is changed, and what is seen on the way kept."""
        _, turns, body, seldom, other = loop
        for turn in range(turns):
            for line in body:
                if line[0] == "loop":
                    self.run_loop(line, ws, xs, state, seen)
                else:
                    self.update(line, turn, ws, xs, state)
            if seldom and turn % seldom == 1:
                self.update(other, turn, ws, xs, state)
            seen.append(state[0])

    def update(self, line: Line, turn: int, ws: Numbers, xs: Numbers, state: list[Number]) -> None:
        """Give a state its next number."""
        _, place, function, operands, how = line
        x, y = (self.operand(kind, number, turn, ws, xs, state) for kind, number in operands)
        if how == "first" and turn == 0:  # the first turn differs
            x = x + 0.25 * xs[0] * xs[0]
        new = 0.5 * function(x + 0.5 * y)
        state[place] = new + 0.4 * state[place] if how == "mix" else new + 0.1 * x * y

    def operand(
        self, kind: str, number: int, turn: int, ws: Numbers, xs: Numbers, state: list[Number]
    ) -> Number:
        """Return what a line reads."""
        squashed = p.tanh(state[number % len(state)])
        if kind == "branch":  # it goes one way, and a guard sees to that
            return squashed if state[0] > -1e6 else 2.0 * squashed
        if kind == "dot":
            return dot(ws, [xs[(i + number) % len(xs)] for i in range(len(ws))])
        return {
            "state": squashed,
            "input": xs[number % len(xs)],
            "strided": xs[(turn + number) % len(xs)],
            "constant": 0.1 + number % 7,
            "turn": 1.0 / (1.0 + (turn * (number % 5 + 1)) % 11),
            "weight": ws[number % len(ws)] if ws else None,
        }[kind]

    def recorded(self, row: Sequence[float]) -> tuple[float, list[float], list[float]]:
        """Return the result and both gradients of a sample, by the eager engine."""
        parameters, inputs = [Value(w) for w in self.weights], [Value(x) for x in row]
        out = self.run(parameters, inputs)
        out.backward()
        return out.data, [w.grad for w in parameters], [x.grad for x in inputs]

    def complaints(self, compiled: Compiled) -> list[str]:
        """Return which results of the compiled function are wrong."""
        values, gradients, slopes = zip(*map(self.recorded, self.rows))
        total, gradient, by_inputs = compiled.value_and_grad(self.rows, inputs=True)
        pairs = {
            "values": (compiled.value(self.rows), values),
            "total": (total, sum(values)),
            "gradient": (gradient, np.sum(gradients, axis=0)),
            "by inputs": (by_inputs, slopes),
            "by sample": (compiled.per_sample_grad(self.rows), gradients),
        }
        return [what for what, (found, right) in pairs.items() if not close(found, right)]


def close(found: ArrayLike, right: ArrayLike) -> bool:
    """Tell whether results are equal but for rounding."""
    found, right = np.asarray(found, float), np.asarray(right, float)
    size = max(1.0, np.abs(right).max(initial=0.0))
    return found.shape == right.shape and bool((np.abs(found - right) <= CLOSE * size).all())
