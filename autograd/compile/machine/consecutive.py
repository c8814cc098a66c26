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

SUMS = 4  # that take turns, so that an addition does not wait for the one before it
Step = Callable[[Vectors, Operand], None]
Term = Callable[[Vectors, Operand], Operand]


def for_vectors(body: Body, element: str, count: Operand, step: Step) -> None:
    """Write a step for each vector of so many consecutive numbers."""

    def turn(lanes: Vectors, i: Operand, _: Sequence[Operand]) -> list[Operand]:
        step(lanes, i)
        return []

    in_turns(body, Vectors(body, element), ir.constant(0), count, [], turn)


def total(body: Body, element: str, count: Operand, term: Term) -> Operand:
    """Return the sum over consecutive numbers of what is written for each vector of them."""
    lanes = Vectors(body, element)
    whole = ir.arithmetic(body, "&", count, ir.constant(-SUMS * LANES))

    def several(i: Operand, sums: Sequence[Operand]) -> list[Operand]:
        places = [ir.arithmetic(body, "+", i, ir.constant(LANES * k)) for k in range(SUMS)]
        return [ir.arithmetic(body, "+", x, term(lanes, at)) for x, at in zip(sums, places)]

    def one(lanes: Vectors, i: Operand, sums: Sequence[Operand]) -> list[Operand]:
        return [ir.arithmetic(body, "+", sums[0], term(lanes, i))]

    zeros = [lanes.zero()] * SUMS
    sums = ir.loop(body, ir.constant(0), whole, SUMS * LANES, zeros, several)
    joined = reduce(lambda x, y: ir.arithmetic(body, "+", x, y), sums)
    (found,) = in_turns(body, lanes, whole, count, [joined], one)
    return lanes.sum(found)


def in_turns(
    body: Body,
    lanes: Vectors,
    start: Operand,
    count: Operand,
    carried: Sequence[Operand],
    turn: Callable[[Vectors, Operand, Sequence[Operand]], Sequence[Operand]],
) -> Sequence[Operand]:
    """Write a turn for each vector from some place on, and for what is left if there is any."""
    whole = ir.arithmetic(body, "&", count, ir.constant(-LANES))
    carried = ir.loop(body, start, whole, LANES, carried, lambda i, xs: turn(lanes, i, xs))

    def last(i: Operand, xs: Sequence[Operand]) -> Sequence[Operand]:
        lanes.first(ir.arithmetic(body, "-", count, whole))
        return turn(lanes, i, xs)

    return ir.loop(body, whole, count, LANES, carried, last)


@Emitter
def fill(body: Body, to: Operand, count: Operand, x: Operand) -> None:
    """Set numbers to one and the same."""
    lanes = Vectors(body, to.element)
    number = lanes.spread(ir.converted(body, x, to.element))
    for_vectors(body, to.element, count, lambda v, i: v.store(number, ir.element(body, to, i)))


@Emitter
def copy(body: Body, to: Operand, numbers: Operand, count: Operand) -> None:
    """Copy numbers, which do not overlap with where they go."""

    def step(lanes: Vectors, i: Operand) -> None:
        lanes.store(lanes.load(ir.element(body, numbers, i)), ir.element(body, to, i))

    for_vectors(body, to.element, count, step)


def added(body: Body, to: Operand, count: Operand, term: Term) -> None:
    """Add what is written for each vector to the numbers that stand at `to`."""

    def step(lanes: Vectors, i: Operand) -> None:
        place = ir.element(body, to, i)
        x = term(lanes, i)
        lanes.store(ir.arithmetic(body, "+", lanes.load(place), x), place)

    for_vectors(body, to.element, count, step)


@Emitter
def add(body: Body, to: Operand, numbers: Operand, count: Operand) -> None:
    """Add numbers to others."""
    added(body, to, count, lambda lanes, i: lanes.load(ir.element(body, numbers, i)))


@Emitter
def add_number(body: Body, to: Operand, x: Operand, count: Operand) -> None:
    """Add one and the same to numbers."""
    number = Vectors(body, to.element).spread(ir.converted(body, x, to.element))
    added(body, to, count, lambda lanes, i: number)


@Emitter
def add_multiple(
    body: Body, to: Operand, factor: Operand, numbers: Operand, count: Operand
) -> None:
    """Add a multiple of numbers to others."""
    spread = Vectors(body, to.element).spread(ir.converted(body, factor, to.element))

    def term(lanes: Vectors, i: Operand) -> Operand:
        return ir.arithmetic(body, "*", spread, lanes.load(ir.element(body, numbers, i)))

    added(body, to, count, term)


@Emitter
def add_products(body: Body, to: Operand, left: Operand, right: Operand, count: Operand) -> None:
    """Add products of numbers to others."""
    added(body, to, count, lambda lanes, i: product(lanes, left, right, i))


@Emitter
def add_present_multiple(
    body: Body, to: Operand, factor: Operand, upstream: Operand, count: Operand
) -> None:
    """Add a multiple of adjoints, of those that there are."""
    spread = Vectors(body, to.element).spread(ir.converted(body, factor, to.element))

    def term(lanes: Vectors, i: Operand) -> Operand:
        return present(lanes, spread, lanes.load(ir.element(body, upstream, i)))

    added(body, to, count, term)


@Emitter
def add_present_products(
    body: Body, to: Operand, numbers: Operand, upstream: Operand, count: Operand
) -> None:
    """Add the products of numbers with adjoints, with those that there are."""
    added(body, to, count, lambda lanes, i: present_product(lanes, numbers, upstream, i))


@Emitter
def sum_of_present_products(
    body: Body, numbers: Operand, upstream: Operand, count: Operand
) -> Operand:
    """Return the inner product of numbers with adjoints, with those that there are."""
    element = numbers.element
    return total(body, element, count, lambda v, i: present_product(v, numbers, upstream, i))


def present_product(lanes: Vectors, numbers: Operand, upstream: Operand, i: Operand) -> Operand:
    """Return the products of a vector of numbers with adjoints, where there are any."""
    x, adjoint = (lanes.load(ir.element(lanes.body, side, i)) for side in (numbers, upstream))
    return present(lanes, x, adjoint)


def present(lanes: Vectors, x: Operand, adjoint: Operand) -> Operand:
    """Return products with adjoints, and -0.0, which adds nothing, where there is none: -0.0."""
    body = lanes.body
    nothing = lanes.spread(ir.converted(body, ir.constant(-0.0), lanes.element))
    found = ir.arithmetic(body, "+", ir.arithmetic(body, "*", x, adjoint), lanes.zero())
    whole = f"<{LANES} x i{8 * lanes.size}>"
    bits = [body.let(f"bitcast {side.typed} to {whole}") for side in (adjoint, nothing)]
    absent = Operand(MASK, body.let(f"icmp eq {whole} {bits[0]}, {bits[1]}"))
    return ir.chosen(body, absent, nothing, found)


def product(lanes: Vectors, left: Operand, right: Operand, i: Operand) -> Operand:
    """Return the products of a vector of numbers with another."""
    x, y = (lanes.load(ir.element(lanes.body, side, i)) for side in (left, right))
    return ir.arithmetic(lanes.body, "*", x, y)


@Emitter
def sum_of(body: Body, numbers: Operand, count: Operand) -> Operand:
    """Return the sum of numbers."""
    element = numbers.element
    return total(body, element, count, lambda lanes, i: lanes.load(ir.element(body, numbers, i)))


@Emitter
def sum_of_products(body: Body, left: Operand, right: Operand, count: Operand) -> Operand:
    """Return the inner product of numbers with others."""
    return total(body, left.element, count, lambda lanes, i: product(lanes, left, right, i))


def no_numbers(lanes: Vectors, x: Operand) -> Operand:
    """Return 0.0 for each finite number of a vector, and NaN for each other."""
    return ir.arithmetic(lanes.body, "*", x, lanes.zero())


@Emitter
def sum_of_none(body: Body, numbers: Operand, count: Operand) -> Operand:
    """Return 0.0 if all numbers are finite, else NaN."""

    def term(lanes: Vectors, i: Operand) -> Operand:
        return no_numbers(lanes, lanes.load(ir.element(body, numbers, i)))

    return total(body, numbers.element, count, term)


@Emitter
def sum_of_none_moved(
    body: Body, to: Operand, factor: Operand, numbers: Operand, count: Operand
) -> Operand:
    """Return 0.0 if all numbers were finite with a multiple of others added to them, else NaN."""
    spread = Vectors(body, to.element).spread(ir.converted(body, factor, to.element))

    def term(lanes: Vectors, i: Operand) -> Operand:
        step = ir.arithmetic(body, "*", spread, lanes.load(ir.element(body, numbers, i)))
        moved = ir.arithmetic(body, "+", lanes.load(ir.element(body, to, i)), step)
        return no_numbers(lanes, moved)

    return total(body, to.element, count, term)
