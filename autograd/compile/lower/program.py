"""The program: what is left of a tape once it is lowered, a few instructions on arrays.

Numbers live in slots. A slot holds one number for each lane, a lane being one sample; the values
of all slots are one array, slots x lanes, and so are the adjoints. The numbers that all samples
share, parameters and constants, live in an array of their own. An instruction computes many slots
at once: its members, all with one group key, whose results stand in consecutive slots.

What an instruction refers to are its *places*: slots, and shared numbers as ~place, below zero.
With other places in their stead an instruction does the same elsewhere: a `Loop` is made of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from autograd.compile.lower.writing import MOST_LISTED, Writing
from autograd.compile.tracing.expressions import number_text
from autograd.compile.tracing.tape import Guard
from autograd.primitive_type import Primitive

# Slots, or places in the array of shared numbers.
Table = np.ndarray[Any, np.dtype[np.int32]]

# What a job wants: the gradient by the parameters, by the inputs too, or of each sample.
WANT_GRADIENT = 1
WANT_INPUTS = 2
WANT_EACH = 4


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

    def kind(self) -> tuple[Any, ...]:
        """Return all that it has beside its places and the slots of its results."""
        raise NotImplementedError

    def places(self) -> Table:
        """Return all that it refers to, table by table: slots, and ~place of shared numbers.

        The array may have any shape.
        """
        raise NotImplementedError

    def moved(self, places: Table, shift: int) -> Instruction:
        """Return the same instruction on other places, with results so many slots further on."""
        raise NotImplementedError

    def text(self, written: Writing) -> str:
        """Return the right side of the instruction, for a listing."""
        raise NotImplementedError

    def lines(self, written: Writing) -> Iterator[str]:
        """Yield the instruction as lines of a listing."""
        left = f"{written.results(self.out, self.count)} = " if self.count else ""
        yield left + self.text(written)


@dataclass
class Map(Instruction):
    """A primitive applied to each member: out[i] = op(operands[0, i], operands[1, i], ...).

    Attributes:
        operands: arity x count.
        edges: over which operands adjoints flow back.
        optional: whether adjoints may be absent in some lanes: see `optional_adjoints`.
    """

    op: Primitive
    operands: Table
    edges: tuple[bool, ...]
    optional: bool

    def reads(self) -> list[Table]:
        """Return the tables of the slots that it reads."""
        return list(self.operands)

    def kind(self) -> tuple[Any, ...]:
        """Return all that it has beside its places and the slots of its results."""
        return self.op, self.operands.shape, self.edges, self.optional

    def places(self) -> Table:
        """Return all that it refers to, table by table: slots, and ~place of shared numbers."""
        return self.operands

    def moved(self, places: Table, shift: int) -> Map:
        """Return the same instruction on other places, with results so many slots further on."""
        operands = places.reshape(self.operands.shape)
        out = self.out + shift
        return Map(out, self.count, self.op, operands, self.edges, self.optional)

    def text(self, written: Writing) -> str:
        """Return the right side of the instruction, for a listing."""
        texts = map(written, self.operands)
        return self.op.spell(*texts)


@dataclass
class Total(Instruction):
    """A sum of several slots for each member: out[i] = terms[0, i] + terms[1, i] + ...

    Attributes:
        terms: terms x count.
        edges: whether adjoints flow back.
    """

    terms: Table
    edges: bool

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return int(self.terms.size)

    def reads(self) -> list[Table]:
        """Return the tables of the slots that it reads."""
        return list(self.terms)

    def kind(self) -> tuple[Any, ...]:
        """Return all that it has beside its places and the slots of its results."""
        return Total, self.terms.shape, self.edges

    def places(self) -> Table:
        """Return all that it refers to, table by table: slots, and ~place of shared numbers."""
        return self.terms

    def moved(self, places: Table, shift: int) -> Total:
        """Return the same instruction on other places, with results so many slots further on."""
        terms = places.reshape(self.terms.shape)
        out = self.out + shift
        return Total(out, self.count, terms, self.edges)

    def text(self, written: Writing) -> str:
        """Return the right side of the instruction, for a listing."""
        texts = [written(slots) for slots in self.terms]
        return written.listed(" + ", texts)


@dataclass
class Dot(Instruction):
    """An inner product of slots for each member: out[i] = bias[i] + sum_k left[k, i] right[k, i].

    A bias or a left side below zero is ~place of a shared number, else it is a slot; so left sides
    are either all slots or all shared numbers.

    Attributes:
        bias: count.
        left, right: terms x count.
        edges: whether adjoints flow at all, to the left sides, and to the right.
        optional: see `Map`.
    """

    bias: Table
    left: Table
    right: Table
    edges: tuple[bool, ...]
    optional: bool

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        return 2 * int(self.left.size)

    def reads(self) -> list[Table]:
        """Return the tables of the slots that it reads."""
        return [*self.left, *self.right, self.bias]

    def kind(self) -> tuple[Any, ...]:
        """Return all that it has beside its places and the slots of its results."""
        return Dot, self.left.shape, self.edges, self.optional

    def places(self) -> Table:
        """Return all that it refers to, table by table: slots, and ~place of shared numbers."""
        left = self.left.ravel()
        right = self.right.ravel()
        return np.concatenate([self.bias, left, right])

    def moved(self, places: Table, shift: int) -> Dot:
        """Return the same instruction on other places, with results so many slots further on."""
        bias, sides = np.split(places, [self.count])
        left, right = sides.reshape(2, *self.left.shape)
        out = self.out + shift
        return Dot(out, self.count, bias, left, right, self.edges, self.optional)

    def text(self, written: Writing) -> str:
        """Return the right side of the instruction, for a listing."""
        texts = [written(self.bias)]
        for x, y in zip(self.left, self.right):
            product = f"{written(x)} * {written(y)}"
            texts.append(product)
        return written.listed(" + ", texts)


@dataclass
class Matrix(Instruction):
    """Inner products of shared weights with slots, all weights with all columns of inputs.

    out[i, t] = bias[i, t] + sum_k weights[i, k] inputs[k, t]: a matrix times a matrix, of which
    each number on the right is a row of lanes.

    Attributes:
        bias: rows x columns, coded as in `Dot`.
        weights: rows x terms, places of shared numbers.
        inputs: terms x columns, slots.
        edges: whether adjoints flow at all, to the weights, and to the inputs.
        optional: see `Map`.
    """

    bias: Table
    weights: Table
    inputs: Table
    edges: tuple[bool, ...]
    optional: bool

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        _, columns = self.inputs.shape
        return 2 * int(self.weights.size * columns)

    def reads(self) -> list[Table]:
        """Return the tables of the slots that it reads."""
        return [self.inputs.ravel(), self.bias.ravel()]

    def kind(self) -> tuple[Any, ...]:
        """Return all that it has beside its places and the slots of its results."""
        return Matrix, self.weights.shape, self.inputs.shape, self.edges, self.optional

    def places(self) -> Table:
        """Return all that it refers to, table by table: slots, and ~place of shared numbers."""
        # A place of a shared number is below zero here, as in all instructions.
        weights = ~self.weights.ravel()
        bias = self.bias.ravel()
        inputs = self.inputs.ravel()
        return np.concatenate([bias, weights, inputs])

    def moved(self, places: Table, shift: int) -> Matrix:
        """Return the same instruction on other places, with results so many slots further on."""
        start = self.bias.size
        stop = start + self.weights.size
        bias, weights, inputs = np.split(places, [start, stop])
        return Matrix(
            self.out + shift,
            self.count,
            bias.reshape(self.bias.shape),
            ~weights.reshape(self.weights.shape),
            inputs.reshape(self.inputs.shape),
            self.edges,
            self.optional,
        )

    def text(self, written: Writing) -> str:
        """Return the right side of the instruction, for a listing."""
        rows, terms = self.weights.shape
        _, columns = self.inputs.shape
        weights = written(~self.weights.ravel())
        inputs = written(self.inputs.ravel())
        bias = written(self.bias.ravel())
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

    def kind(self) -> tuple[Any, ...]:
        """Return all that it has beside its places and the slots of its results."""
        return Edges, len(self.nodes)

    def places(self) -> Table:
        """Return all that it refers to, table by table: slots, and ~place of shared numbers."""
        return np.concatenate([self.nodes, self.parents, self.slopes, self.locally_constant])

    def moved(self, places: Table, shift: int) -> Edges:
        """Return the same instruction on other places; it has no results."""
        tables = places.reshape(4, -1)
        return Edges(self.out, self.count, *tables)

    def lines(self, written: Writing) -> Iterator[str]:
        """Yield nothing: see `backward_text`."""
        return iter(())


@dataclass
class Loop(Instruction):
    """Turns of the same instructions, each on places that move on from turn to turn.

    In turn t, place i of the body's is body[i] + t steps[i]; those at `irregular` have an entry for
    each turn in `table`. The results of a turn stand behind those of the turn before it. A step is
    0 for what is the same in all turns, and the number of a turn's results for what another turn
    has computed, or the same.

    Attributes:
        body: as it is in the first turn; there may be loops among it.
        steps: of all places of the body, instruction after instruction.
        irregular: which of these places do not move evenly.
        table: where those are: turns x irregular.
    """

    turns: int
    body: list[Instruction]
    steps: Table
    irregular: Table
    table: Table

    @property
    def stride(self) -> int:
        """How many results a turn has."""
        return self.count // self.turns

    def flops(self) -> int:
        """Return the floating-point operations of one lane, forward."""
        of_turn = sum(step.flops() for step in self.body)
        return self.turns * of_turn

    def reads(self) -> list[Table]:
        """Return the slots that it reads and has not written."""
        places = all_places(self.body, self.columns())
        outside = places[places < self.out]
        return [np.unique(outside)]

    def kind(self) -> tuple[Any, ...]:
        """Return all that it has beside its places and the slots of its results."""
        kinds = tuple(step.kind() for step in self.body)
        steps = self.steps.tobytes()
        irregular = self.irregular.tobytes()
        return Loop, self.turns, kinds, steps, irregular

    def places(self) -> Table:
        """Return all that the body refers to in the first turn, and what does not move evenly."""
        table = self.table.ravel()
        return np.concatenate([self.first(), table])

    def first(self) -> Table:
        """Return all that the body refers to in the first turn."""
        tables = [step.places() for step in self.body]
        return np.concatenate(tables, axis=None)

    def moved(self, places: Table, shift: int) -> Loop:
        """Return the same instruction on other places, with results so many slots further on."""
        size = self.steps.size
        body = moved(self.body, places[:size], shift)
        table = places[size:].reshape(self.table.shape)
        out = self.out + shift
        return Loop(out, self.count, self.turns, body, self.steps, self.irregular, table)

    def columns(self) -> Table:
        """Return all that the body refers to in each turn: turns x places."""
        turn = np.arange(self.turns, dtype=np.int32)
        found = self.first() + turn[:, None] * self.steps
        found[:, self.irregular] = self.table
        return found

    def turn(self, number: int) -> list[Instruction]:
        """Return the body as it is in a turn, the first being 0."""
        moves = np.int32(number) * self.steps
        places = self.first() + moves
        places[self.irregular] = self.table[number]
        return moved(self.body, places, number * self.stride)

    def numbered(self) -> list[Instruction]:
        """Return the body with the numbers of its places, for what knows how each place moves."""
        numbers = np.arange(self.steps.size, dtype=np.int32)
        return moved(self.body, numbers, 0)

    def expanded(self) -> Iterator[Instruction]:
        """Yield the instructions of all turns, those of loops in the body as well."""
        own = slices_of(self.body)
        for number, places in enumerate(self.columns()):
            shift = number * self.stride
            for step, chosen in zip(self.body, own):
                now = step.moved(places[chosen], shift)
                if isinstance(now, Loop):
                    yield from now.expanded()
                else:
                    yield now

    def lines(self, written: Writing) -> Iterator[str]:
        """Yield the loop as lines of a listing."""
        inside = written.inside(self)
        yield f"for {inside.turn} in range({self.turns}):"
        for step in self.numbered():
            for line in step.lines(inside):
                yield f"    {line}"


def slices_of(steps: list[Instruction]) -> list[slice]:
    """Return where the places of each instruction stand among those of all."""
    sizes = [step.places().size for step in steps]
    bounds = [0, *accumulate(sizes)]
    return [slice(start, stop) for start, stop in pairwise(bounds)]


def moved(steps: list[Instruction], places: Table, shift: int) -> list[Instruction]:
    """Return instructions on other places, which are those of all, one after the other."""
    own = slices_of(steps)
    return [step.moved(places[chosen], shift) for step, chosen in zip(steps, own)]


def all_places(steps: list[Instruction], places: Table) -> Table:
    """Return the places of instructions and of all turns of loops among them, turn after turn.

    Both are of the instructions in several turns of what they stand in, each a row.
    """
    found = [places[:, :0]]
    for step, chosen in zip(steps, slices_of(steps)):
        own = places[:, chosen]
        if isinstance(step, Loop):
            found += turns_of(step, own)
        else:
            found.append(own)
    return np.concatenate(found, axis=1)


def turns_of(loop: Loop, places: Table) -> Iterator[Table]:
    """Yield the places of each turn of a loop, for several places of the loop itself."""
    size = loop.steps.size
    first, rest = np.split(places, [size], axis=1)
    table = rest.reshape(len(places), *loop.table.shape)
    for number in range(loop.turns):
        now = first + np.int32(number) * loop.steps
        now[:, loop.irregular] = table[:, number]
        yield all_places(loop.body, now)


def expanded_steps(steps: list[Instruction]) -> Iterator[Instruction]:
    """Yield instructions, and in place of loops those of all turns."""
    for step in steps:
        if isinstance(step, Loop):
            yield from step.expanded()
        else:
            yield step


def counted(steps: Sequence[Instruction], times: int = 1) -> Iterator[tuple[Instruction, int]]:
    """Yield instructions, those of loops in the first turn, and how often each is done."""
    for step in steps:
        if isinstance(step, Loop):
            yield from counted(step.body, times * step.turns)
        else:
            yield step, times


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

    def constants_read(self) -> Table:
        """Return the constants that the instructions read, by their numbers."""
        tables = [step.places() for step in self.instructions]
        tables.append(np.empty(0, np.int32))
        first_turns = np.concatenate(tables, axis=None)
        # The program is as it were one turn: its places are a single row.
        (places,) = all_places(self.instructions, first_turns[None])
        shared = ~places[places < 0]
        numbers = np.union1d(shared, self.broadcast) - self.parameters
        return numbers[numbers >= 0].astype(np.int32)

    def lines(self, most: int = MOST_LISTED) -> Iterator[str]:
        """Yield the program as text: slots are s0, s1, ..., shared numbers p0, p1, ...

        In a loop, s[5 + 3*turn] is slot 5 in the first turn, slot 8 in the next, and so on. Of more
        than `most` places or terms in a row the middle is left out.
        """
        written = Writing(most)
        if self.inputs:
            yield f"s0:{self.inputs} = the inputs of a sample"
        if self.trained:
            yield f"p0:{self.trained} = the parameters"
        if self.trained < self.parameters:
            yield f"p{self.trained}:{self.parameters} = the numbers of the Values that are followed"
        constants = self.constants_read()
        if constants.size:
            numbers = [number_text(self.constants[i]) for i in constants.tolist()]
            # Constants stand behind the parameters.
            places = self.parameters + constants
            yield f"{written(~places)} = {written.listed(', ', numbers)}"
        if len(self.broadcast):
            stop = self.inputs + len(self.broadcast)
            yield f"s{self.inputs}:{stop} = {written(~self.broadcast)} in every lane"
        for step in self.instructions:
            yield from step.lines(written)
        for guard in self.guards:
            yield f"require s{guard.row} is {guard.truth}  # {guard.text} at {guard.source}"
        results = [f"s{slot}" for slot in self.outputs]
        yield f"return {written.listed(', ', results)}"
