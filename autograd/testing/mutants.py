"""Mutation testing: rules of the table, broken one at a time, to see that checks catch them.

>>> from autograd import Value, sin
>>> broken = next(mutants(sin))
>>> broken.name
'sign of operand 0'
>>> with broken.active():
...     sin(Value(0.0)).local_derivatives
(-1.0,)
>>> sin(Value(0.0)).local_derivatives
(1.0,)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from autograd.primitive_type import Primitive, Variadic
from autograd.testing.check import check_gradients
from autograd.testing.number_types import Function, Numbers, Point
from autograd.testing.parameters import parameters, without_parameters
from autograd.testing.recording import record
from autograd.testing.verdicts.report import GradientMismatch

Slope = Function
# Of a slope, by the slightest mutation.
MIN_RELATIVE_CHANGE = 1e-6

# What becomes of a slope: a function of the slope, the operands and the result.
MUTATIONS: dict[str, Slope] = {
    "sign": lambda slope, operands, out: -slope,
    "factor 2": lambda slope, operands, out: 2 * slope,
    "factor 1 + 1e-6": lambda slope, operands, out: (1 + MIN_RELATIVE_CHANGE) * slope,
    "missing term": lambda slope, operands, out: slope - 0.5 * out,
    "additional term": lambda slope, operands, out: slope + 0.5,
    "times the operand": lambda slope, operands, out: slope * operands[-1],
    "times the result": lambda slope, operands, out: slope * out,
    "forgotten": lambda slope, operands, out: 0 * slope,
}
# Where the row says that there is no slope: an edge that should not be.
EDGE_MUTATIONS: dict[str, Slope] = {
    "an edge with slope 1": lambda *operands: 1.0,
    "an edge with slope -1": lambda *operands: -1.0,
    "an edge with slope 1e-6": lambda *operands: MIN_RELATIVE_CHANGE,
    "an edge with the result": lambda *operands: 0.25 + operands[-1],
}


@dataclass
class Mutant:
    """A primitive with one mutation; active within a `with` block, for everybody."""

    primitive: Primitive
    name: str
    attribute: str
    broken: Any

    @contextmanager
    def active(self) -> Iterator[Primitive]:
        """Break the rule within a block."""
        right = getattr(self.primitive, self.attribute)
        setattr(self.primitive, self.attribute, self.broken)
        try:
            yield self.primitive
        finally:
            setattr(self.primitive, self.attribute, right)

    def __str__(self) -> str:
        return f"{self.primitive.name or self.primitive.symbol}: {self.name}"


def mutants(row: Primitive) -> Iterator[Mutant]:
    """Yield the ways in which a rule is broken: sign, factor, terms, operands, branches.

    Some may change nothing, such as the negative of a slope that is always 0; `differs` tells.
    """
    if isinstance(row, Variadic):
        yield from of_sequence(row)
        return
    for i, partial in enumerate(row.partials):
        if i not in parameters(row):
            yield from of_operand(row, i, partial)
    partials = [partial for partial in row.partials if partial]
    if len(partials) == len(row.partials) == 2:
        exchanged = row.partials[::-1]
        crossed_both = tuple(map(crossed, partials))
        yield Mutant(row, "partials exchanged", "partials", exchanged)
        yield Mutant(row, "operands exchanged", "partials", crossed_both)
    if row.constant is not None:
        mask = opposite(row.constant)
        yield Mutant(row, "branches exchanged", "constant", mask)
        yield Mutant(row, "no branch has an edge", "constant", nothing_varies)


def of_operand(row: Primitive, i: int, partial: Slope | None) -> Iterator[Mutant]:
    """Yield the ways in which one partial is broken, or given where the row says that none is."""
    mutations = MUTATIONS if partial else EDGE_MUTATIONS
    before = row.partials[:i]
    after = row.partials[i + 1 :]
    for name, mutation in mutations.items():
        broken = mutated(partial, mutation) if partial else mutation
        partials = (*before, broken, *after)
        yield Mutant(row, f"{name} of operand {i}", "partials", partials)


def nothing_varies(*operands: object) -> list[bool]:
    """Return the mask that lets no edge be recorded; the last of the operands is the result."""
    return [True] * (len(operands) - 1)


def mutated(partial: Slope, mutation: Slope) -> Slope:
    """Return a partial with a mutation."""

    def broken(*numbers: Any) -> Any:
        *operands, out = numbers
        slope = partial(*numbers)
        return mutation(slope, tuple(operands), out)

    return broken


def crossed(partial: Slope) -> Slope:
    """Return a partial that takes its two operands in the wrong order."""

    def broken(x: object, y: object, out: object) -> Any:
        return partial(y, x, out)

    return broken


def opposite(constant: Slope) -> Slope:
    """Return the mask with every branch the wrong way round."""

    def turned(*operands: Any) -> list[bool]:
        mask = constant(*operands)
        return [not still for still in mask]

    return turned


def of_sequence(row: Variadic) -> Iterator[Mutant]:
    """Yield the ways in which the rule of an n-ary primitive is broken."""
    for name, mutation in MUTATIONS.items():
        broken = mutated_rule(row.rule, mutation)
        yield Mutant(row, name, "rule", broken)
    reversed_rule = back_to_front(row.rule)
    shortened = last_forgotten(row.rule)
    yield Mutant(row, "slopes reversed", "rule", reversed_rule)
    yield Mutant(row, "last forgotten", "rule", shortened)
    if row.constant is not None:
        mask = opposite(row.constant)
        yield Mutant(row, "branches exchanged", "constant", mask)


def back_to_front(rule: Slope) -> Slope:
    """Return an n-ary rule that gives every slope to the wrong operand."""

    def reversed_rule(xs: Numbers, out: Any) -> list[Any]:
        found = list(rule(xs, out))
        # An index comes first, and has none.
        head = [s for s in found if s is None]
        slopes = found[len(head) :]
        return head + slopes[::-1]

    return reversed_rule


def mutated_rule(rule: Slope, mutation: Slope) -> Slope:
    """Return an n-ary rule with a mutation of every slope."""

    def broken(xs: Numbers, out: Any) -> list[Any]:
        slopes = rule(xs, out)
        return [s if s is None else mutation(s, xs, out) for s in slopes]

    return broken


def last_forgotten(rule: Slope) -> Slope:
    """Return an n-ary rule that forgets the last operand."""

    def broken(xs: Numbers, out: Any) -> list[Any]:
        *slopes, _ = rule(xs, out)
        return [*slopes, 0.0]

    return broken


def hunted(row: Primitive, points: Sequence[Point]) -> tuple[int, list[Mutant]]:
    """Return how many mutants of a rule there are, and those that no check at the points catches.

    Only mutants count that give another gradient at some of the points, and only points at which
    the right rule passes.
    """
    # Where the right rule does not pass, a mutant that does not tells nothing.
    good = [point for point in points if verdict(row, point) is None]
    made = [mutant for mutant in mutants(row) if differs(mutant, good)]
    survivors = []
    for mutant in made:
        with mutant.active():
            is_caught = any(is_mismatch(row, point) for point in good)
        if not is_caught:
            survivors.append(mutant)
    return len(made), survivors


def is_mismatch(row: Primitive, point: Point) -> bool:
    """Tell whether `check_gradients` finds a wrong derivative at a point."""
    return isinstance(verdict(row, point), GradientMismatch)


def verdict(row: Primitive, point: Point) -> Exception | None:
    """Return what `check_gradients` raises for a primitive at a point, None where it passes."""
    try:
        check_gradients(row, *point)
    except (GradientMismatch, ValueError, ArithmeticError) as error:
        return error
    return None


def differs(mutant: Mutant, points: Sequence[Point]) -> bool:
    """Tell whether a mutant gives other slopes than the right rule at some of the points."""
    for point in points:
        right = edges(mutant.primitive, point)
        with mutant.active():
            broken = edges(mutant.primitive, point)
        if broken != right:
            return True
    return False


def edges(row: Primitive, point: Point) -> list[float]:
    """Return the gradient of a primitive at a point, 0 where there is no edge."""
    function, variables = without_parameters(row, point)
    gradient = record(function, variables).gradient(0)
    return [float(g) for g in gradient]
