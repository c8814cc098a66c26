"""The backward pass of a program as text: what each instruction adds to adjoints, the last first.

`grad_s5` is the adjoint of slot s5, `grad_p0` the gradient by the shared number p0. The slopes are
read off the table. A `+=` adds up first what it has for the same place, from left to right, as the
reference does (`reference.steps`); an adjoint that is -0.0 is absent (`optional_adjoints`).

>>> from autograd import Value, compile, exp
>>> w = Value(2.0)
>>> print(compile(lambda x: exp(w * x) - x, [w], (1.0,)).source())
s0:1 = the inputs of a sample
p0:1 = the parameters
s1:2 = p0 in every lane
s2:3 = s1 * s0
s3:4 = exp(s2)
s4:5 = s3 - s0
return s4
<BLANKLINE>
# backward
grad_s0:5 = 0.0
grad_p0:1 = 0.0
grad_s4 += seed
grad_s3 += grad_s4
grad_s2 += s3 * grad_s3
grad_s1 += s0 * grad_s2
grad_p0 += grad_s1
return grad_p0
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from autograd.compile.lower.graph import Array
from autograd.compile.lower.program import (
    Dot,
    Edges,
    Instruction,
    Loop,
    Map,
    Matrix,
    Program,
    Total,
    counted,
)
from autograd.compile.lower.writing import MOST_LISTED, Moving, Writing
from autograd.compile.tracing.expressions import SUM, Expression, Expressions
from autograd.compile.tracing.rules import rules_of

TITLE = "# backward"
ABSENT = "-0.0"


def backward_lines(program: Program, inputs: bool, most: int = MOST_LISTED) -> Iterator[str]:
    """Yield the backward pass of a program as text; nothing, where it leads nowhere.

    Args:
        inputs: whether the gradient by the inputs is wanted.
        most: of more places or terms in a row the middle is left out.
    """
    if program.trained or (inputs and program.inputs):
        yield from BackwardText(program, inputs, most).lines()


class BackwardText:
    """Writes the backward pass of one program.

    Attributes:
        shared: how many shared numbers have a gradient here; the parameters, but where a turn of a
            loop may have a constant in the place of one.
        false: slots that hold False in every lane.
        asks: whether it matters which adjoints are absent; if not, a zero stands for them.
    """

    def __init__(self, program: Program, inputs: bool, most: int) -> None:
        self.program = program
        self.inputs = inputs
        self.written = Writing(most)
        self.shared = program.trained
        constants = program.broadcast - program.parameters
        self.false: set[int] = set()
        for slot, place in enumerate(constants.tolist(), program.inputs):
            # Below zero are parameters, which may change.
            if place >= 0 and program.shared[place] == 0.0:
                self.false.add(slot)
        steps = [step for step, _ in counted(program.instructions)]
        self.asks = any(getattr(step, "optional", False) for step in steps)

    def lines(self) -> Iterator[str]:
        """Yield the pass: no adjoints at first, that of the results, all others, the gradients."""
        program = self.program
        # Written first, as it is found on the way how many shared numbers have a gradient.
        passed = list(self.steps(program.instructions, self.written))
        passed += self.of_broadcast()
        nothing = ABSENT if self.asks else "0.0"
        yield ""
        yield TITLE
        yield f"grad_s0:{program.slots} = {nothing}"
        if self.shared:
            yield f"grad_p0:{self.shared} = 0.0"
        yield f"grad_{self.written(program.outputs)} += seed"
        yield from passed
        yield f"return {', '.join(self.gradients())}"

    def gradients(self) -> Iterator[str]:
        """Yield what is returned: the gradients by the parameters, and by the inputs if wanted."""
        program = self.program
        if program.trained:
            parameters = np.arange(program.trained, dtype=np.int32)
            yield f"grad_{self.written(~parameters)}"
        if self.inputs and program.inputs:
            slots = np.arange(program.inputs, dtype=np.int32)
            text = f"grad_{self.written(slots)}"
            # An absent one is a zero like any other now.
            yield f"{text} + 0.0" if self.asks else text

    def of_broadcast(self) -> Iterator[str]:
        """Yield what the slots with parameters add to the gradients by these."""
        program = self.program
        is_parameter = program.broadcast < program.trained
        members = np.flatnonzero(is_parameter).astype(np.int32)
        if members.size:
            parameters = self.written(~program.broadcast[members])
            slots = self.written(program.inputs + members)
            yield f"grad_{parameters} += grad_{slots}"

    def steps(self, steps: Sequence[Instruction], written: Writing) -> Iterator[str]:
        """Yield what instructions add to adjoints, the last of them first."""
        for step in reversed(steps):
            yield from WAYS[type(step)](self, step, written)

    def of_loop(self, loop: Loop, written: Writing) -> Iterator[str]:
        """Yield the turns of a loop, the last one first."""
        inside = written.inside(loop)
        body = list(self.steps(loop.numbered(), inside))
        # A loop through which no adjoint flows has no turns here.
        if body:
            yield f"for {inside.turn} in reversed(range({loop.turns})):"
            yield from (f"    {line}" for line in body)

    def of_map(self, step: Map, written: Writing) -> Iterator[str]:
        """Yield slope times upstream adjoint for each operand with an edge."""
        parents = [places for places, edge in zip(step.operands, step.edges) if edge]
        if not parents:
            return
        arity = len(step.operands)
        results = results_of(step, written)
        texts = [*map(written, step.operands), results]
        try:
            rules = rules_of(step.op, arity, step.edges)
        except Exception:
            # A rule of a user's own may do to a Symbol what only a number takes.
            yield from self.of_calls(step, written, texts)
            return
        found = Expressions(rules, texts)
        yield from found.lines()
        upstream = f"grad_{results}"
        for i, places in enumerate(parents):
            # The masks stand behind all slopes.
            mask = i + len(parents)
            cut = None if found.constant(mask) is False else found.expression(mask)
            slope = found.expression(i)
            share = self.contribution(slope, upstream, cut, step.optional)
            yield f"grad_{written(places)} += {share}"

    def of_calls(self, step: Map, written: Writing, texts: Sequence[str]) -> Iterator[str]:
        """Yield the same for a primitive whose rules have to be called."""
        arguments = ", ".join(texts)
        name = step.op.symbol
        for i, edge in enumerate(step.edges):
            if edge:
                slope = Expression(f"{name}.partials[{i}]({arguments})")
                cut = Expression(f"{name}.constant({arguments})[{i}]") if step.op.constant else None
                share = self.contribution(slope, f"grad_{texts[-1]}", cut, step.optional)
                yield f"grad_{texts[i]} += {share}"

    def of_total(self, step: Total, written: Writing) -> Iterator[str]:
        """Yield the upstream adjoint for each term."""
        if step.edges:
            upstream = results_of(step, written, len(step.terms))
            yield f"{self.to(step, step.terms.ravel(), written)} += grad_{upstream}"

    def of_dot(self, step: Dot, written: Writing) -> Iterator[str]:
        """Yield the product rule for all pairs."""
        flows, to_left, to_right = step.edges
        if not flows:
            return
        yield from self.of_biases(step, step.bias, written)
        upstream = f"grad_{results_of(step, written, len(step.left))}"
        left = step.left.ravel()
        right = step.right.ravel()
        if to_left and self.has_gradient(written.moving(left)):
            slope = Expression(written(right))
            share = self.contribution(slope, upstream, None, step.optional)
            yield f"{self.to(step, left, written)} += {share}"
        if to_right:
            slope = Expression(written(left))
            share = self.contribution(slope, upstream, None, step.optional)
            yield f"{self.to(step, right, written)} += {share}"

    def of_matrix(self, step: Matrix, written: Writing) -> Iterator[str]:
        """Yield the products with the transpose of each factor."""
        flows, to_weights, to_inputs = step.edges
        if not flows:
            return
        yield from self.of_biases(step, step.bias.ravel(), written)
        rows, terms = step.weights.shape
        columns = step.inputs.shape[1]
        places = ~step.weights.ravel()
        weights = written(places)
        inputs = written(step.inputs.ravel())
        upstream = f"grad_{results_of(step, written)} as {rows} x {columns}"
        if to_weights and self.has_gradient(written.moving(places)):
            yield f"grad_{weights} += {upstream} @ ({inputs} as {terms} x {columns}).T"
        if to_inputs:
            product = f"({weights} as {rows} x {terms}).T @ {upstream}"
            if step.optional:
                product = f"where(all_absent({upstream}), {ABSENT}, {product} + 0.0)"
            yield f"grad_{inputs} += {product}"

    def of_edges(self, step: Edges, written: Writing) -> Iterator[str]:
        """Yield the products with slopes that stand in slots."""
        slope = Expression(written(step.slopes))
        upstream = f"grad_{written(step.nodes)}"
        # Most of these nodes are constant nowhere: then there is no mask to look at.
        masks = written.moving(step.locally_constant)
        cut = None
        if not all(is_still(mask) and mask.first in self.false for mask in masks):
            cut = Expression(written(step.locally_constant))
        share = self.contribution(slope, upstream, cut, self.asks)
        yield f"{self.to(step, step.parents, written)} += {share}"

    def of_biases(self, step: Dot | Matrix, biases: Array, written: Writing) -> Iterator[str]:
        """Yield the upstream adjoints for biases: first those in slots, then shared numbers."""
        places = written.moving(biases)
        for letter in "sp":
            members = [i for i, place in enumerate(places) if place.letter == letter]
            chosen = [places[i] for i in members]
            if chosen and (letter == "s" or self.has_gradient(chosen)):
                upstream = written.results_at(step.out, members)
                yield f"grad_{written(biases[members])} += grad_{upstream}"

    def to(self, step: Instruction, places: Array, written: Writing) -> str:
        """Return the adjoints that are added to: as many as there are shares, if it is not clear.

        Where all is added to one place, the shares tell how many they are; but those of a single
        result, or of edges, may be written as one.
        """
        return f"grad_{written(places, each=step.count <= 1)}"

    def contribution(
        self, slope: Expression, upstream: str, cut: Expression | None, is_optional: bool
    ) -> str:
        """Return slope times upstream; it is absent where that is cut, or absent if it may be."""
        product = slope.times(upstream)
        conditions = [] if cut is None else [cut]
        if is_optional:
            conditions.append(Expression(f"absent({upstream})"))
        if not conditions:
            return str(product)
        condition = str(conditions[0])
        if len(conditions) > 1:
            condition = " | ".join(x.within(SUM) for x in conditions)
        if not self.asks:
            return f"where({condition}, 0.0, {product})"
        return f"where({condition}, {ABSENT}, {product} + 0.0)"

    def has_gradient(self, places: Sequence[Moving]) -> bool:
        """Tell whether any of some places of one kind can be a slot or a parameter's."""
        if places[0].letter == "s":
            return True
        trained = [is_still(place) and ~place.first < self.program.trained for place in places]
        # Which turn has a parameter there is not looked at: the others add to what none reads.
        if any(trained) or not all(map(is_still, places)):
            if not all(trained):
                self.shared = self.program.parameters + len(self.program.shared)
            return True
        return False


WAYS: dict[type[Instruction], Callable[..., Iterator[str]]] = {
    Loop: BackwardText.of_loop,
    Map: BackwardText.of_map,
    Total: BackwardText.of_total,
    Dot: BackwardText.of_dot,
    Matrix: BackwardText.of_matrix,
    Edges: BackwardText.of_edges,
}


def is_still(place: Moving) -> bool:
    """Tell whether a place is the same in all turns."""
    return not place.moves and place.choices is None


def results_of(step: Instruction, written: Writing, times: int = 1) -> str:
    """Return the results of an instruction, so many times over; a single one stands for all."""
    members = list(range(step.count))
    if step.count > 1:
        members = members * times
    return written.results_at(step.out, members)
