"""An interpreter of programs with loops that has only what `flow_of` says a loop needs.

A turn finds what earlier turns carry to it and what stands before the loop; behind the loop, and
in the backward pass, there is only what was kept. Whatever else is asked for is a KeyError, or None
where a rule of the table is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograd.compile.lower.flow import Flow, flow_of, needed_by
from autograd.compile.lower.program import (
    Dot,
    Edges,
    Instruction,
    Loop,
    Map,
    Matrix,
    Program,
    Total,
    expanded_steps,
)

Array = np.ndarray[Any, Any]
Reader = Callable[[int], Any]  # of a number by its slot or ~place


class Interpreter:
    """Runs a program on one sample, one member of an instruction after the other."""

    def __init__(self, program: Program, shared: Sequence[float], row: Sequence[float]) -> None:
        self.program, self.shared = program, list(shared)
        self.numbers = dict(enumerate(row))  # outside of loops
        first = program.inputs
        self.numbers |= {first + i: shared[place] for i, place in enumerate(program.broadcast)}
        self.kept: dict[int, float] = {}  # of loops, for their backward passes
        self.adjoints: dict[int, float] = {}  # by slot, or ~place of a shared number

    def number(self, place: int) -> float:
        """Return a number outside of loops."""
        return self.shared[~place] if place < 0 else self.numbers[place]

    def run(self) -> list[float]:
        """Return the outputs."""
        for step in self.program.instructions:
            if isinstance(step, Loop):
                self.run_loop(step)
            else:
                self.numbers |= results(step, self.number)
        return [self.numbers[slot] for slot in self.program.outputs.tolist()]

    def run_loop(self, loop: Loop) -> None:
        """Compute all turns, and keep what is needed."""
        flow = flow_of(loop, self.program)
        carried: dict[int, float] = {}
        for turn in range(loop.turns):
            now = Turn(self, loop, flow, turn, carried)
            for step in expanded_steps(loop.turn(turn)):
                now.numbers |= results(step, now.number)
            for slot, number in now.numbers.items():
                name = slot - turn * loop.stride
                if name in flow.carried:
                    carried[slot] = number
                if name in flow.backward:
                    self.kept[slot] = number
                if slot in flow.after:
                    self.numbers[slot] = number
            for name, turns in flow.carried.items():
                carried.pop(name + (turn - turns) * loop.stride, None)

    def gradient(self) -> tuple[list[float], list[float]]:
        """Return the adjoints of the inputs and of the shared numbers, after a run."""
        for slot in self.program.outputs.tolist():
            self.add(slot, 1.0)
        for step in reversed(self.program.instructions):
            if isinstance(step, Loop):
                kept = partial(self.kept_number, loop=step)
                for inner in reversed(list(step.expanded())):
                    self.back(inner, kept)
            else:
                self.back(step, self.number)
        for slot, place in enumerate(self.program.broadcast.tolist(), self.program.inputs):
            self.add(~place, self.adjoints.get(slot, 0.0))
        inputs = [self.adjoints.get(slot, 0.0) for slot in range(self.program.inputs)]
        shared = [self.adjoints.get(~place, 0.0) for place in range(len(self.shared))]
        return inputs, shared

    def kept_number(self, place: int, loop: Loop) -> float | None:
        """Return what the backward pass of a loop finds; None for what is not kept."""
        if loop.out <= place < loop.out + loop.count:
            return self.kept.get(place)
        return self.number(place)

    def add(self, place: int, number: float) -> None:
        self.adjoints[place] = self.adjoints.get(place, 0.0) + number

    def back(self, step: Instruction, number: Reader) -> None:
        """Add what an instruction contributes to the adjoints."""
        for parent, slope, node in contributions(step, number):
            self.add(parent, slope * self.adjoints.get(node, 0.0))


class Turn:
    """A turn of a loop, and what it finds."""

    def __init__(
        self, outside: Interpreter, loop: Loop, flow: Flow, turn: int, carried: dict[int, float]
    ) -> None:
        self.outside, self.flow, self.carried = outside, flow, carried
        self.first, self.behind = loop.out, loop.out + turn * loop.stride
        known = flow.invariant | {place + turn * step for place, step in flow.strided}
        known |= {places[turn] for places in flow.chosen}
        self.known = known | {
            name + (turn - ago) * loop.stride
            for name, turns in flow.carried.items()
            for ago in range(turn + 1, turns + 1)
        }
        self.numbers: dict[int, float] = {}

    def number(self, place: int) -> float:
        """Return a number that this turn has computed, that is carried to it, or from outside."""
        if place in self.numbers:
            return self.numbers[place]
        if place >= self.first:
            return self.carried[place]
        if place not in self.known:
            raise KeyError(place)
        return self.outside.number(place)


def results(step: Instruction, number: Reader) -> dict[int, float]:
    """Return the numbers of an instruction's results by their slots."""
    if isinstance(step, Edges):
        return {}
    if isinstance(step, Matrix):
        members = []
        for row, biases in zip(step.weights, step.bias):
            for column, bias in zip(step.inputs.T, biases):
                products = [number(~w) * number(x) for w, x in zip(row.tolist(), column.tolist())]
                members.append(sum(products, number(int(bias))))
        return dict(enumerate(members, step.out))
    found: dict[int, float] = {}
    for i in range(step.count):
        if isinstance(step, Map):
            found[step.out + i] = step.op.forward(*map(number, step.operands[:, i].tolist()))
        elif isinstance(step, Total):
            found[step.out + i] = sum(map(number, step.terms[:, i].tolist()))
        else:
            assert isinstance(step, Dot)
            pairs = zip(step.left[:, i].tolist(), step.right[:, i].tolist())
            products = [number(x) * number(y) for x, y in pairs]
            found[step.out + i] = sum(products, number(int(step.bias[i])))
    return found


def contributions(step: Instruction, number: Reader) -> Iterator[tuple[int, float, int]]:
    """Yield parents, slopes and nodes of an instruction's edges."""
    if isinstance(step, Edges):
        for node, parent, slope in zip(*map(np.ndarray.tolist, step_tables(step))):
            yield parent, number(slope), node
        return
    for i in range(step.count):
        node = step.out + i
        if isinstance(step, Map) and any(step.edges):
            needed, places = needed_by(step), step.operands[:, i].tolist()
            asked = [number(x) if k in needed else None for k, x in enumerate([*places, node])]
            slopes = step.op.derivatives(asked[:-1], asked[-1], step.edges)
            for place, slope, edge in zip(places, slopes, step.edges):
                if edge:
                    yield place, slope, node
        elif isinstance(step, Total) and step.edges:
            for place in step.terms[:, i].tolist():
                yield place, 1.0, node
        elif isinstance(step, Dot):
            yield from of_dot(step.bias[i], step.left[:, i], step.right[:, i], step, node, number)
        elif isinstance(step, Matrix):
            row, column = divmod(i, step.inputs.shape[1])
            sides = ~step.weights[row], step.inputs[:, column]
            yield from of_dot(step.bias[row, column], *sides, step, node, number)


def step_tables(step: Edges) -> tuple[Array, Array, Array]:
    """Return nodes, parents and slopes of edges."""
    return step.nodes, step.parents, step.slopes


def of_dot(
    bias: int, left: Array, right: Array, step: Dot | Matrix, node: int, number: Reader
) -> Iterator[tuple[int, float, int]]:
    """Yield parents, slopes and node of an inner product's edges."""
    if step.edges[0]:
        yield int(bias), 1.0, node
    for x, y in zip(left.tolist(), right.tolist()):
        if step.edges[1]:
            yield x, number(y), node
        if step.edges[2]:
            yield y, number(x), node
