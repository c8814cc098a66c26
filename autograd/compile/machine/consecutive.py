"""What kernels do to consecutive numbers: filling, adding, summing, a vector at a time.

Loops that are written like this need none of the passes by which LLVM finds vectors in plain loops,
and those take most of the time of compiling. What is left over at the end is a vector of which only
some lanes count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from autograd.compile.machine import ir
from autograd.compile.machine.intrinsics import LANES, MASK, Vectors
from autograd.compile.machine.ir import Body, Operand
from autograd.compile.machine.translate import Emitter

# Sums take turns, so that an addition does not wait for the one before it.
SUMS = 4
Step = Callable[[Vectors, Operand], None]
Term = Callable[[Vectors, Operand], Operand]
Turn = Callable[[Vectors, Operand, Sequence[Operand]], Sequence[Operand]]


def for_vectors(body: Body, element: str, count: Operand, step: Step) -> None:
    """Write a step for each vector of so many consecutive numbers."""

    def turn(lanes: Vectors, i: Operand, _: Sequence[Operand]) -> list[Operand]:
        step(lanes, i)
        return []

    lanes = Vectors(body, element)
    start = ir.constant(0)
    in_turns(lanes, start, count, [], turn)


def total(body: Body, element: str, count: Operand, term: Term) -> Operand:
    """Return the sum over consecutive numbers of what is written for each vector of them."""
    lanes = Vectors(body, element)
    stride = SUMS * LANES
    # A power of two: its negative masks off what does not fill a turn.
    mask = ir.constant(-stride)
    whole = ir.arithmetic(body, "&", count, mask)
    distances = [LANES * k for k in range(SUMS)]
    offsets = [ir.constant(distance) for distance in distances]

    def several(i: Operand, sums: Sequence[Operand]) -> list[Operand]:
        places = [ir.arithmetic(body, "+", i, offset) for offset in offsets]
        longer: list[Operand] = []
        for before, place in zip(sums, places):
            x = term(lanes, place)
            longer.append(lanes.add(before, x))
        return longer

    def one(lanes: Vectors, i: Operand, sums: Sequence[Operand]) -> list[Operand]:
        (before,) = sums
        x = term(lanes, i)
        return [lanes.add(before, x)]

    start = ir.constant(0)
    zeros = [lanes.zero()] * SUMS
    sums = ir.loop(body, start, whole, stride, zeros, several)
    joined = reduce(lanes.add, sums)
    (found,) = in_turns(lanes, whole, count, [joined], one)
    return lanes.sum(found)


def in_turns(
    lanes: Vectors,
    start: Operand,
    count: Operand,
    carried: Sequence[Operand],
    turn: Turn,
) -> Sequence[Operand]:
    """Write a turn for each vector from some place on, and for what is left if there is any."""
    body = lanes.body
    mask = ir.constant(-LANES)
    whole = ir.arithmetic(body, "&", count, mask)

    def full(i: Operand, xs: Sequence[Operand]) -> Sequence[Operand]:
        return turn(lanes, i, xs)

    def last(i: Operand, xs: Sequence[Operand]) -> Sequence[Operand]:
        rest = ir.arithmetic(body, "-", count, whole)
        lanes.first(rest)
        return turn(lanes, i, xs)

    carried = ir.loop(body, start, whole, LANES, carried, full)
    # No turn, or one: a loop is a branch that carries its numbers along.
    return ir.loop(body, whole, count, LANES, carried, last)


@Emitter
def fill(body: Body, to: Operand, count: Operand, x: Operand) -> None:
    """Set numbers to one and the same."""
    number = repeated(body, x, to.element)

    def step(lanes: Vectors, i: Operand) -> None:
        lanes.store_at(number, to, i)

    for_vectors(body, to.element, count, step)


@Emitter
def copy(body: Body, to: Operand, numbers: Operand, count: Operand) -> None:
    """Copy numbers, which do not overlap with where they go."""

    def step(lanes: Vectors, i: Operand) -> None:
        x = lanes.load_at(numbers, i)
        lanes.store_at(x, to, i)

    for_vectors(body, to.element, count, step)


def repeated(body: Body, x: Operand, element: str) -> Operand:
    """Return a vector of equal numbers of a type."""
    number = ir.converted(body, x, element)
    return ir.spread(body, number, LANES)


def added(body: Body, to: Operand, count: Operand, term: Term) -> None:
    """Add what is written for each vector to the numbers that stand at `to`."""

    def step(lanes: Vectors, i: Operand) -> None:
        place = ir.element(body, to, i)
        x = term(lanes, i)
        before = lanes.load(place)
        total = lanes.add(before, x)
        lanes.store(total, place)

    for_vectors(body, to.element, count, step)


@Emitter
def add(body: Body, to: Operand, numbers: Operand, count: Operand) -> None:
    """Add numbers to others."""

    def term(lanes: Vectors, i: Operand) -> Operand:
        return lanes.load_at(numbers, i)

    added(body, to, count, term)


@Emitter
def add_number(body: Body, to: Operand, x: Operand, count: Operand) -> None:
    """Add one and the same to numbers."""
    number = repeated(body, x, to.element)

    def term(_: Vectors, __: Operand) -> Operand:
        return number

    added(body, to, count, term)


@Emitter
def add_multiple(
    body: Body, to: Operand, factor: Operand, numbers: Operand, count: Operand
) -> None:
    """Add a multiple of numbers to others."""
    factors = repeated(body, factor, to.element)

    def term(lanes: Vectors, i: Operand) -> Operand:
        x = lanes.load_at(numbers, i)
        return lanes.multiply(factors, x)

    added(body, to, count, term)


@Emitter
def add_products(body: Body, to: Operand, left: Operand, right: Operand, count: Operand) -> None:
    """Add products of numbers to others."""
    term = products(left, right)
    added(body, to, count, term)


@Emitter
def add_present_multiple(
    body: Body, to: Operand, factor: Operand, upstream: Operand, count: Operand
) -> None:
    """Add a multiple of adjoints, of those that there are."""
    factors = repeated(body, factor, to.element)

    def term(lanes: Vectors, i: Operand) -> Operand:
        adjoint = lanes.load_at(upstream, i)
        return present(lanes, factors, adjoint)

    added(body, to, count, term)


@Emitter
def add_present_products(
    body: Body, to: Operand, numbers: Operand, upstream: Operand, count: Operand
) -> None:
    """Add the products of numbers with adjoints, with those that there are."""
    term = present_products(numbers, upstream)
    added(body, to, count, term)


@Emitter
def sum_of_present_products(
    body: Body, numbers: Operand, upstream: Operand, count: Operand
) -> Operand:
    """Return the inner product of numbers with adjoints, with those that there are."""
    term = present_products(numbers, upstream)
    return total(body, numbers.element, count, term)


def present_products(numbers: Operand, upstream: Operand) -> Term:
    """Return what writes products of a vector of numbers with adjoints, where there are any."""

    def term(lanes: Vectors, i: Operand) -> Operand:
        x = lanes.load_at(numbers, i)
        adjoint = lanes.load_at(upstream, i)
        return present(lanes, x, adjoint)

    return term


def present(lanes: Vectors, x: Operand, adjoint: Operand) -> Operand:
    """Return products with adjoints, and -0.0, which adds nothing, where there is none: -0.0."""
    body = lanes.body
    no_adjoint = ir.constant(-0.0)
    nothing = repeated(body, no_adjoint, lanes.element)
    product = lanes.multiply(x, adjoint)
    # Added to 0.0, a product of -0.0 does not look as if there were none.
    zero = lanes.zero()
    found = lanes.add(product, zero)
    # Bits are compared, for 0.0 == -0.0, and 0.0 is an adjoint.
    whole = f"<{LANES} x i{8 * lanes.size}>"
    bits = body.let(f"bitcast {adjoint.typed} to {whole}")
    bits_of_nothing = body.let(f"bitcast {nothing.typed} to {whole}")
    absent = body.let(f"icmp eq {whole} {bits}, {bits_of_nothing}")
    mask = Operand(MASK, absent)
    return ir.chosen(body, mask, nothing, found)


def products(left: Operand, right: Operand) -> Term:
    """Return what writes the products of a vector of numbers with another."""

    def term(lanes: Vectors, i: Operand) -> Operand:
        x = lanes.load_at(left, i)
        y = lanes.load_at(right, i)
        return lanes.multiply(x, y)

    return term


@Emitter
def sum_of(body: Body, numbers: Operand, count: Operand) -> Operand:
    """Return the sum of numbers."""

    def term(lanes: Vectors, i: Operand) -> Operand:
        return lanes.load_at(numbers, i)

    return total(body, numbers.element, count, term)


@Emitter
def sum_of_products(body: Body, left: Operand, right: Operand, count: Operand) -> Operand:
    """Return the inner product of numbers with others."""
    term = products(left, right)
    return total(body, left.element, count, term)


def no_numbers(lanes: Vectors, x: Operand) -> Operand:
    """Return 0.0 for each finite number of a vector, and NaN for each other."""
    zero = lanes.zero()
    return lanes.multiply(x, zero)


@Emitter
def sum_of_none(body: Body, numbers: Operand, count: Operand) -> Operand:
    """Return 0.0 if all numbers are finite, else NaN."""

    def term(lanes: Vectors, i: Operand) -> Operand:
        x = lanes.load_at(numbers, i)
        return no_numbers(lanes, x)

    return total(body, numbers.element, count, term)


@Emitter
def sum_of_none_moved(
    body: Body, to: Operand, factor: Operand, numbers: Operand, count: Operand
) -> Operand:
    """Return 0.0 if all numbers were finite with a multiple of others added to them, else NaN."""
    factors = repeated(body, factor, to.element)

    def term(lanes: Vectors, i: Operand) -> Operand:
        direction = lanes.load_at(numbers, i)
        step = lanes.multiply(factors, direction)
        start = lanes.load_at(to, i)
        moved = lanes.add(start, step)
        return no_numbers(lanes, moved)

    return total(body, to.element, count, term)
