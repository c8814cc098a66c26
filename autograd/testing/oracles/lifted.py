"""Derivatives in other arithmetic: exact fractions, and complex numbers of many digits.

>>> cube = Program(lambda x: x**3, (2.0,))
>>> exact(cube, 0).slope, float(precise(cube, 0).slope)
(Fraction(12, 1), 12.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from autograd.testing.mpmath_context import DIGITS, context
from autograd.testing.number_types import (
    Dual,
    Exact,
    Lifted,
    Numbers,
    Operand,
    Precise,
    SlowNumber,
)
from autograd.testing.oracles.estimate import Estimate, as_float
from autograd.testing.oracles.program import REFUSALS, Direction, Program

# With DIGITS digits; its error is about the square.
PRECISE_COMPLEX_STEP = 1e-200
# Of the difference of two complex steps, relative to the input.
PRECISE_DIFFERENCE_STEP = 1e-30
# Of one-sided differences in exact and precise arithmetic,
ONE_SIDED_STEP = Fraction(1, 2**200)
# and what a second, smaller step is of it.
ONE_SIDED_STEP_RATIO = Fraction(1, 2**30)
# Of second derivatives; less is no kink.
MIN_BEND_JUMP = 1e-12


def moved(inputs: Numbers, direction: Direction, step: SlowNumber) -> list[Any]:
    """Return the inputs moved along a direction."""
    found = list(inputs)
    if isinstance(direction, int):
        found[direction] += step
        return found
    # What does not move stays as it is: 0 times a step in another type would convert it.
    for i, weight in enumerate(direction):
        if weight:
            found[i] += step * weight
    return found


def lifted_inputs(program: Program, number_type: type[Lifted]) -> list[Any]:
    """Return the inputs of a program as numbers of a type."""
    return list(map(number_type.lift, program.inputs))


def lifted_direction(direction: Direction, number_type: type[Lifted]) -> Direction:
    """Return a direction with weights of a number type."""
    if isinstance(direction, int):
        return direction
    return list(map(number_type.lift, direction))


def exact(program: Program, direction: Direction) -> Estimate:
    """Return a derivative of a rational function without any error."""
    inputs = lifted_inputs(program, Exact)
    direction = lifted_direction(direction, Exact)
    still = [Fraction(0)] * len(inputs)
    speeds = moved(still, direction, Fraction(1))
    duals = list(map(Dual, inputs, speeds))
    out = Dual.of(program.lifted(Exact, duals))
    jump = jump_of_slopes(program, Exact, inputs, direction, out.slope)
    return Estimate(Fraction(out.slope), 0.0, "exact", jump)


def exact_second(program: Program, i: int, j: int) -> Estimate:
    """Return a second derivative of a rational function without any error."""
    duals = []
    for k, x in enumerate(lifted_inputs(program, Exact)):
        # The outer slope is that of input j, the inner one that of input i.
        number = Dual(x, Fraction(i == k))
        slope = Dual(Fraction(j == k), Fraction(0))
        duals.append(Dual(number, slope))
    out = Dual.of(program.lifted(Exact, duals))
    bend = Dual.of(out.slope).slope
    return Estimate(Fraction(bend), 0.0, "exact")


def jump_of_slopes(
    program: Program,
    number_type: type[Lifted],
    inputs: Numbers,
    direction: Direction,
    slope: SlowNumber,
) -> float:
    """Return by how much the slopes to the right and to the left miss a slope, in many digits.

    What a smooth function misses it by shrinks with the step, and counts as 0. Infinite where the
    difference quotients themselves grow without bound: at a jump, or at a vertical tangent.
    """
    here = program.lifted(number_type, inputs)

    def quotient(step: SlowNumber) -> SlowNumber:
        numbers = moved(inputs, direction, step)
        end = program.lifted(number_type, numbers)
        return primal(end - here) / step

    def quotients(step: SlowNumber) -> list[Any]:
        return [quotient(step), quotient(-step)]

    def most_missed(both: Numbers) -> SlowNumber:
        return max(abs(q - slope) for q in both)

    # What is a miss at two steps of different size is a jump.
    share = number_type.lift(ONE_SIDED_STEP)
    step = full_scale(inputs, direction) * share
    far = quotients(step)
    near = quotients(step * number_type.lift(ONE_SIDED_STEP_RATIO))
    if abs(near[0]) > 2 * abs(far[0]) + 1:
        return math.inf
    miss = most_missed(near)
    is_lasting = 2 * miss > most_missed(far)
    # What is lost of the output, in as many digits as there are, is no miss.
    faint = abs(primal(here) / step) * share**2
    if is_lasting and miss > faint:
        return as_float(miss)
    return 0.0


def full_scale(inputs: Numbers, direction: Direction) -> Any:
    """Return the scale of a step that has digits enough to be relative to a large input, too."""
    if isinstance(direction, int) and inputs[direction]:
        return abs(inputs[direction])
    return scale(inputs, direction)


def primal(x: Operand) -> Any:
    """Return the number of a Dual, or the real part of a complex number."""
    if isinstance(x, Dual):
        x = x.number
    return getattr(x, "real", x)


def precise(program: Program, direction: Direction) -> Estimate:
    """Return the complex step in arithmetic of 60 digits: right to every digit of a float."""
    with context().workdps(DIGITS):
        inputs = lifted_inputs(program, Precise)
        direction = lifted_direction(direction, Precise)
        slope = precise_slope(program, inputs, direction)
        return Estimate(slope, 0.0, "mpmath")


def precise_value(program: Program, inputs: Numbers | None = None) -> Any:
    """Return the output in arithmetic of 60 digits, at the inputs of the program or at others."""
    with context().workdps(DIGITS):
        numbers = map(Precise.lift, inputs or program.inputs)
        return program.lifted(Precise, list(numbers))


def exact_value(program: Program, inputs: Numbers | None = None) -> Any:
    """Return the output as a fraction, at the inputs of the program or at others."""
    numbers = map(Exact.lift, inputs or program.inputs)
    return program.lifted(Exact, list(numbers))


def precise_slope(program: Program, inputs: Numbers, direction: Direction) -> Any:
    """Return Im f(x + ih) / h in the arithmetic at hand."""
    step = context().mpf(PRECISE_COMPLEX_STEP) * scale(inputs, direction)
    numbers = moved(inputs, direction, 1j * step)
    out = program.lifted(Precise, numbers)
    return out.imag / step


def scale(inputs: Numbers, direction: Direction) -> Any:
    """Return what a step of an input is small against: the input, else the smallest that is not 0.

    Never more than 1, or a step from a huge number would cross the waves of a sine.
    """
    if isinstance(direction, int):
        here = abs(inputs[direction])
        if here:
            return min(1, here)
        sizes = [abs(x) for x in inputs if x]
        return min([1, *sizes])
    sizes = []
    for x, weight in zip(inputs, direction):
        if weight:
            size = abs(x) or 1
            sizes.append(size / abs(weight))
    return min([1, *sizes])


def precise_second(program: Program, i: int, j: int) -> Estimate:
    """Return a second derivative: the central difference of complex steps, with many digits.

    Where the difference is too small for that many, as in the tail of a saturated function, it is
    taken once more with as many as the range of a double can need.
    """
    for digits in (2 * DIGITS, 15 * DIGITS):
        with context().workdps(digits):
            inputs = lifted_inputs(program, Precise)
            step = context().mpf(PRECISE_DIFFERENCE_STEP) * scale(inputs, j)
            ahead = moved(inputs, j, step)
            behind = moved(inputs, j, -step)
            right = precise_slope(program, ahead, i)
            left = precise_slope(program, behind, i)
            rise = right - left
            found = Estimate(rise / (2 * step), 0.0, "mpmath")
            # What is larger than this has as many digits as one step.
            faintest = context().mpf(10) ** (DIGITS - digits)
            if abs(rise) > abs(right) * faintest:
                break
    return found


def with_jump(found: Estimate, program: Program, direction: Direction, suspect: bool) -> Estimate:
    """Return an estimate by mpmath with the jump of the slope, where the point is suspect.

    Differences cannot tell a jump from what `stop_gradient` holds back; then there is none.
    """
    if not suspect or found.oracle != "mpmath" or program.cut:
        return found
    with context().workdps(4 * DIGITS):
        inputs = lifted_inputs(program, Precise)
        direction = lifted_direction(direction, Precise)
        # Once more, of as many digits as the quotients.
        slope = precise_slope(program, inputs, direction)
        jump = jump_of_slopes(program, Precise, inputs, direction, slope)
        return found._replace(jump=jump)


def bend_jump(program: Program, i: int, j: int) -> float:
    """Return by how much the second derivatives to either side of the point differ.

    In exact or precise arithmetic: of slopes by input i at points moved along input j.

    Raises: NotLiftable: neither can evaluate the function.
    """

    def exact_slope(inputs: list[Any]) -> SlowNumber:
        duals = [Dual(x, Fraction(0)) for x in inputs]
        duals[i].slope = Fraction(1)
        out = Dual.of(program.lifted(Exact, duals))
        return out.slope

    def slope_in_digits(inputs: list[Any]) -> SlowNumber:
        return precise_slope(program, inputs, i)

    try:
        return jump_of_bends(exact_slope, lifted_inputs(program, Exact), j)
    except REFUSALS:
        pass
    with context().workdps(6 * DIGITS):
        return jump_of_bends(slope_in_digits, lifted_inputs(program, Precise), j)


def jump_of_bends(slope: Callable[[list[Any]], SlowNumber], inputs: list[Any], j: int) -> float:
    """Return by how much a slope changes faster on one side of the point than on the other.

    What shrinks with the step is no jump.
    """

    def bend(step: SlowNumber) -> SlowNumber:
        # Neither end is the point itself, which may lie on either piece.
        near = slope(moved(inputs, j, step))
        far = slope(moved(inputs, j, 2 * step))
        return (far - near) / step

    def difference(step: SlowNumber) -> tuple[SlowNumber, SlowNumber]:
        right = bend(step)
        left = bend(-step)
        return abs(right - left), abs(right) + abs(left)

    share = ONE_SIDED_STEP
    step = scale(inputs, j) * share.numerator / share.denominator
    at_first, _ = difference(step)
    found, size = difference(step / ONE_SIDED_STEP_RATIO.denominator)
    is_lasting = 2 * found > at_first
    if is_lasting and found > MIN_BEND_JUMP * size:
        return as_float(found)
    return 0.0
