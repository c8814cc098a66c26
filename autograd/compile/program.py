"""The program: what is left of a tape once it is lowered, a few instructions on arrays.

Numbers live in slots. A slot holds one number for each lane, a lane being one sample; the values
of all slots are one array, slots x lanes, and so are the adjoints. The numbers that all samples
share, parameters and constants, live in an array of their own. An instruction computes many slots
at once: its members, all of one kind, whose results stand in consecutive slots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.compile.tape import Guard
from autograd.row import Primitive

Table = np.ndarray[Any, np.dtype[np.int32]]  # slots, or places in the array of shared numbers


GRADIENT_TOO, INPUTS_TOO, EACH = 1, 2, 4  # a job wants: gradients, by inputs too, of each sample


@dataclass
class Instruction:
    """What all instructions have: the slots of their results, one for each member."""

    out: int
    count: int

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return self.count


@dataclass
class Map(Instruction):
    """A primitive applied to each member: out[i] = op(operands[0, i], operands[1, i], ...).

    `edges` tells over which operands adjoints flow back.
    """

    op: Primitive
    operands: Table  # arity x count
    edges: tuple[bool, ...]


@dataclass
class Total(Instruction):
    """A sum of several slots for each member: out[i] = terms[0, i] + terms[1, i] + ..."""

    terms: Table  # terms x count
    edges: bool

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return self.terms.size


@dataclass
class Dot(Instruction):
    """An inner product of slots for each member: out[i] = bias[i] + sum_k left[k, i] right[k, i].

    A bias or a left side below zero is ~place of a shared number, else it is a slot; so left sides
    are either all slots or all shared numbers.
    """

    bias: Table  # count
    left: Table  # terms x count
    right: Table  # terms x count
    edges: tuple[bool, bool]

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return 2 * self.left.size


@dataclass
class Matrix(Instruction):
    """Inner products of shared weights with slots, all weights with all columns of inputs.

    out[i, t] = bias[i, t] + sum_k weights[i, k] inputs[k, t]: a matrix times a matrix, of which
    each number on the right is a row of lanes.
    """

    bias: Table  # rows x columns, coded as in Dot
    weights: Table  # rows x terms, places of shared numbers
    inputs: Table  # terms x columns, slots
    edges: tuple[bool, bool]  # do adjoints flow to the weights, to the inputs

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return 2 * self.weights.size * self.inputs.shape[1]


@dataclass
class Edges(Instruction):
    """Nothing forward; backward, the edges of nodes whose local derivatives stand in slots.

    adjoint[parents[i]] += slopes[i] * adjoint[nodes[i]], unless still[i] is true.
    """

    nodes: Table
    parents: Table
    slopes: Table
    still: Table


@dataclass
class Program:
    """Instructions and what they need: the result of lowering.

    Attributes:
        slots: how many; the first are the inputs, then broadcast shared numbers, then results.
        shared: the constants that stand behind the parameters in the array of shared numbers.
        inputs: how many numbers a sample has.
        broadcast: places in the array of shared numbers that are copied to slots.
        outputs, guards: slots.
        facts: counts of what was found on the way, for `explain`.
    """

    parameters: int
    shared: list[float]
    inputs: int
    slots: int
    broadcast: Table
    instructions: list[Instruction]
    outputs: Table
    guards: list[Guard]
    facts: dict[str, Any] = field(default_factory=dict)
