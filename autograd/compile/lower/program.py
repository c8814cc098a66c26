"""The program: what is left of a tape once it is lowered, a few instructions on arrays.

Numbers live in slots. A slot holds one number for each lane, a lane being one sample; the values
of all slots are one array, slots x lanes, and so are the adjoints. The numbers that all samples
share, parameters and constants, live in an array of their own. An instruction computes many slots
at once: its members, all with one group key, whose results stand in consecutive slots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.compile.tracing.tape import Guard
from autograd.primitive_type import Primitive

Table = np.ndarray[Any, np.dtype[np.int32]]  # slots, or places in the array of shared numbers


# What a job wants: the gradient by the parameters, by the inputs too, or of each sample.
WANT_GRADIENT, WANT_INPUTS, WANT_EACH = 1, 2, 4


@dataclass
class Instruction:
    """What all instructions have: the slots of their results, one for each member."""

    out: int
    count: int

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return self.count

    def reads(self) -> list[Table]:
        """Return the tables of the slots that it reads."""
        return []

    def text(self) -> str:
        """Return the right side of the instruction, for a listing."""
        raise NotImplementedError


@dataclass
class Map(Instruction):
    """A primitive applied to each member: out[i] = op(operands[0, i], operands[1, i], ...).

    `edges` tells over which operands adjoints flow back.
    """

    op: Primitive
    operands: Table  # arity x count
    edges: tuple[bool, ...]
    optional: bool  # adjoints may be absent in some lanes: see `optional_adjoints`

    def reads(self) -> list[Table]:
        """Return the tables of the slots that it reads."""
        return list(self.operands)

    def text(self) -> str:
        """Return the right side of the instruction, for a listing."""
        return self.op.spell(*map(slots_text, self.operands))


@dataclass
class Total(Instruction):
    """A sum of several slots for each member: out[i] = terms[0, i] + terms[1, i] + ..."""

    terms: Table  # terms x count
    edges: bool

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return int(self.terms.size)

    def reads(self) -> list[Table]:
        """Return the tables of the slots that it reads."""
        return list(self.terms)

    def text(self) -> str:
        """Return the right side of the instruction, for a listing."""
        return listed(" + ", [slots_text(slots) for slots in self.terms])


@dataclass
class Dot(Instruction):
    """An inner product of slots for each member: out[i] = bias[i] + sum_k left[k, i] right[k, i].

    A bias or a left side below zero is ~place of a shared number, else it is a slot; so left sides
    are either all slots or all shared numbers.
    """

    bias: Table  # count
    left: Table  # terms x count
    right: Table  # terms x count
    edges: tuple[bool, ...]  # do adjoints flow at all, to the left sides, to the right
    optional: bool

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return 2 * int(self.left.size)

    def reads(self) -> list[Table]:
        """Return the tables of the slots that it reads."""
        return [*self.left, *self.right, self.bias]

    def text(self) -> str:
        """Return the right side of the instruction, for a listing."""
        pairs = [f"{slots_text(x)} * {slots_text(y)}" for x, y in zip(self.left, self.right)]
        return listed(" + ", [slots_text(self.bias), *pairs])


@dataclass
class Matrix(Instruction):
    """Inner products of shared weights with slots, all weights with all columns of inputs.

    out[i, t] = bias[i, t] + sum_k weights[i, k] inputs[k, t]: a matrix times a matrix, of which
    each number on the right is a row of lanes.
    """

    bias: Table  # rows x columns, coded as in Dot
    weights: Table  # rows x terms, places of shared numbers
    inputs: Table  # terms x columns, slots
    edges: tuple[bool, ...]  # do adjoints flow at all, to the weights, to the inputs
    optional: bool

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return 2 * int(self.weights.size) * int(self.inputs.shape[1])

    def reads(self) -> list[Table]:
        """Return the tables of the slots that it reads."""
        return [self.inputs.ravel(), self.bias.ravel()]

    def text(self) -> str:
        """Return the right side of the instruction, for a listing."""
        rows, terms = self.weights.shape
        weights, inputs = slots_text(~self.weights.ravel()), slots_text(self.inputs.ravel())
        columns = self.inputs.shape[1]
        bias = slots_text(self.bias.ravel())
        return f"{bias} + {weights} as {rows} x {terms} @ {inputs} as {terms} x {columns}"


@dataclass
class Edges(Instruction):
    """Nothing forward; backward, the edges of nodes whose local derivatives stand in slots.

    adjoint[parents[i]] += slopes[i] * adjoint[nodes[i]], unless locally_constant[i] is true, which
    says that the node is locally constant in that parent.
    """

    nodes: Table
    parents: Table
    slopes: Table
    locally_constant: Table

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return 0

    def text(self) -> str:
        """Return the right side of the instruction, for a listing."""
        return (
            f"backward only: adjoint of {slots_text(self.parents)} +="
            f" {slots_text(self.slopes)} * adjoint of {slots_text(self.nodes)}"
        )


def slots_text(slots: Table) -> str:
    """Return the text of places: s5, s5:9 for consecutive slots, p5 for shared numbers.

    >>> slots_text(np.array([5, 6, 7], np.int32)), slots_text(~np.array([4], np.int32))
    ('s5:8', 'p4')
    """
    letter, slots = ("p", ~slots) if slots[0] < 0 else ("s", slots)
    if len(slots) == 1:
        return f"{letter}{slots[0]}"
    if (np.diff(slots) == 1).all() and slots[0] >= 0:
        return f"{letter}{slots[0]}:{slots[-1] + 1}"
    if len(set(slots.tolist())) == 1:
        return f"{letter}{slots[0]}"
    return f"{letter}[{listed(', ', [str(x) for x in slots])}]"


def listed(separator: str, texts: list[str], most: int = 4) -> str:
    """Return texts in a row, the middle left out where there are many."""
    if len(texts) > most:
        texts = [*texts[: most - 1], f"...({len(texts) - most} more)", texts[-1]]
    return separator.join(texts)


@dataclass
class Program:
    """Instructions and what they need: the result of lowering.

    Attributes:
        slots: how many; the first are the inputs, then broadcast shared numbers, then results.
        trained: how many shared numbers have a gradient: the parameters.
        parameters: how many may change: those, and behind them the Values that are followed.
        shared: the constants that stand behind them in the array of shared numbers.
        constants: the same, as they were written: ints stay ints.
        inputs: how many numbers a sample has.
        broadcast: places in the array of shared numbers that are copied to slots.
        outputs, guards: slots.
        watched, watched_names: slots that have to be finite, and what they are.
        some_absent: whether any adjoint is absent in some samples, so that a product with an
            infinity can make a NaN of nothing.
        facts: counts of what was found on the way, for `explain`.
    """

    trained: int
    parameters: int
    shared: list[float]
    inputs: int
    slots: int
    broadcast: Table
    instructions: list[Instruction]
    outputs: Table
    guards: list[Guard]
    constants: list[Any] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    watched: Table = field(default_factory=lambda: np.empty(0, np.int32))
    watched_names: list[str] = field(default_factory=list)
    some_absent: bool = False

    def lines(self) -> Iterator[str]:
        """Yield the program as text: slots are s0, s1, ..., shared numbers p0, p1, ..."""
        if self.inputs:
            yield f"s0:{self.inputs} = the inputs of a sample"
        if len(self.broadcast):
            stop = self.inputs + len(self.broadcast)
            yield f"s{self.inputs}:{stop} = {slots_text(~self.broadcast)} in every lane"
        for step in self.instructions:
            left = f"s{step.out}:{step.out + step.count} = " if step.count else ""
            yield left + step.text()
        for guard in self.guards:
            yield f"require s{guard.row} is {guard.truth}  # {guard.text} at {guard.source}"
        yield f"return {listed(', ', [f's{slot}' for slot in self.outputs])}"
