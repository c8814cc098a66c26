"""Derivatives in other arithmetic: exact fractions, and complex numbers of many digits.

>>> cube = Program(lambda x: x**3, (2.0,))
>>> exact(cube, 0).slope, float(precise(cube, 0).slope)
(Fraction(12, 1), 12.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from autograd.testing.mpmath_context import DIGITS, context
from autograd.testing.number_types import Dual, Exact, Lifted, Precise
from autograd.testing.oracles.estimate import Estimate
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


def moved(inputs: Sequence[Any], direction: Direction, step: Any) -> list[Any]:
    """Return the inputs moved along a direction."""
    if isinstance(direction, int):
        return [x + step if j == direction else x for j, x in enumerate(inputs)]
    return [x + step * weight if weight else x for x, weight in zip(inputs, direction)]


def lifted_direction(direction: Direction, number_type: type[Lifted]) -> Any:
    """Return a direction with weights of a number type."""
    return direction if isinstance(direction, int) else list(map(number_type.lift, direction))


def exact(program: Program, direction: Direction) -> Estimate:
    """Return a derivative of a rational function without any error."""
    inputs = [Exact.lift(x) for x in program.inputs]
    direction = lifted_direction(direction, Exact)
    speeds = moved([Fraction(0)] * len(inputs), direction, Fraction(1))
    out = Dual.of(program.lifted(Exact, list(map(Dual, inputs, speeds))))
    jump = jump_of_slopes(program, Exact, inputs, direction, out.slope)
    return Estimate(Fraction(out.slope), 0.0, "exact", jump)


def exact_second(program: Program, i: int, j: int) -> Estimate:
    """Return a second derivative of a rational function without any error."""
    duals = [
        Dual(Dual(Exact.lift(x), Fraction(i == k)), Dual(Fraction(j == k), Fraction(0)))
        for k, x in enumerate(program.inputs)
    ]
    slope = Dual.of(Dual.of(program.lifted(Exact, duals)).slope)
    return Estimate(Fraction(slope.slope), 0.0, "exact")


def jump_of_slopes(
    program: Program,
    number_type: type[Lifted],
    inputs: Sequence[Any],
    direction: Direction,
    slope: Any,
) -> float:
    """Return by how much the slopes to the right and to the left miss a slope, in many digits.

    What a smooth function misses it by shrinks with the step, and counts as 0. Infinite where the
    difference quotients themselves grow without bound: at a jump, or at a vertical tangent.
    """
    here = program.lifted(number_type, inputs)

    def quotients(step: Any) -> list[Any]:
        ends = (program.lifted(number_type, moved(inputs, direction, s)) for s in (step, -step))
        return [primal(end - here) / s for end, s in zip(ends, (step, -step))]

    size = abs(inputs[direction]) if isinstance(direction, int) else 0
    step = (size or scale(inputs, direction)) * number_type.lift(ONE_SIDED_STEP)
    far = quotients(step)
    near = quotients(step * number_type.lift(ONE_SIDED_STEP_RATIO))
    if abs(near[0]) > 2 * abs(far[0]) + 1:
        return math.inf
    miss, before = (max(abs(q - slope) for q in both) for both in (near, far))
    faint = abs(primal(here) / step) * number_type.lift(ONE_SIDED_STEP) ** 2
    return as_float(miss) if 2 * miss > before and miss > faint else 0.0


def as_float(x: Any) -> float:
    """Return an oracle's number as a float; what is too large is infinite."""
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def primal(x: Any) -> Any:
    """Return the number of a Dual, or the real part of a complex number."""
    x = x.number if isinstance(x, Dual) else x
    return getattr(x, "real", x)


def precise(program: Program, direction: Direction) -> Estimate:
    """Return the complex step in arithmetic of 60 digits: right to every digit of a float."""
    with context().workdps(DIGITS):
        inputs = [Precise.lift(x) for x in program.inputs]
        slope = precise_slope(program, inputs, lifted_direction(direction, Precise))
        return Estimate(slope, 0.0, "mpmath")


def precise_value(program: Program, inputs: Sequence[Any] | None = None) -> Any:
    """Return the output in arithmetic of 60 digits, at the inputs of the program or at others."""
    with context().workdps(DIGITS):
        return program.lifted(Precise, [Precise.lift(x) for x in inputs or program.inputs])


def exact_value(program: Program, inputs: Sequence[Any] | None = None) -> Any:
    """Return the output as a fraction, at the inputs of the program or at others."""
    return program.lifted(Exact, [Exact.lift(x) for x in inputs or program.inputs])


def precise_slope(program: Program, inputs: Sequence[Any], direction: Direction) -> Any:
    """Return Im f(x + ih) / h in the arithmetic at hand."""
    step = context().mpf(PRECISE_COMPLEX_STEP) * scale(inputs, direction)
    return program.lifted(Precise, moved(inputs, direction, 1j * step)).imag / step


def scale(inputs: Sequence[Any], direction: Direction) -> Any:
    """Return what a step of an input is small against: the input, else the smallest that is not 0.

    Never more than 1, or a step from a huge number would cross the waves of a sine.
    """
    if isinstance(direction, int):
        here = abs(inputs[direction])
        sizes = [here] if here else [abs(x) for x in inputs if x]
    else:
        sizes = [(abs(x) or 1) / abs(weight) for x, weight in zip(inputs, direction) if weight]
    return min([1, *sizes])


def precise_second(program: Program, i: int, j: int) -> Estimate:
    """Return a second derivative: the central difference of complex steps, with many digits.

    Where the difference is too small for that many, as in the tail of a saturated function, it is
    taken once more with as many as the range of a double can need.
    """
    for digits in (2 * DIGITS, 15 * DIGITS):
        with context().workdps(digits):
            inputs = [Precise.lift(x) for x in program.inputs]
            step = context().mpf(PRECISE_DIFFERENCE_STEP) * scale(inputs, j)
            right, left = (precise_slope(program, moved(inputs, j, s), i) for s in (step, -step))
            found = Estimate((right - left) / (2 * step), 0.0, "mpmath")
            if abs(right - left) > abs(right) * context().mpf(10) ** (DIGITS - digits):
                break
    return found


def with_jump(found: Estimate, program: Program, direction: Direction, suspect: bool) -> Estimate:
    """Return an estimate by mpmath with the jump of the slope, where the point is suspect.

    Differences cannot tell a jump from what `stop_gradient` holds back; then there is none.
    """
    if not suspect or found.oracle != "mpmath" or program.cut:
        return found
    with context().workdps(4 * DIGITS):
        inputs = [Precise.lift(x) for x in program.inputs]
        direction = lifted_direction(direction, Precise)
        # Of as many digits as the quotients.
        slope = precise_slope(program, inputs, direction)
        return found._replace(jump=jump_of_slopes(program, Precise, inputs, direction, slope))


def bend_jump(program: Program, i: int, j: int) -> float:
    """Return by how much the second derivatives to either side of the point differ.

    In exact or precise arithmetic: of slopes by input i at points moved along input j.

    Raises: NotLiftable: neither can evaluate the function.
    """

    def exact_slope(inputs: list[Any]) -> Any:
        duals = [Dual(x, Fraction(i == k)) for k, x in enumerate(inputs)]
        return Dual.of(program.lifted(Exact, duals)).slope

    try:
        return jump_of_bends(exact_slope, [Exact.lift(x) for x in program.inputs], j)
    except REFUSALS:
        pass
    with context().workdps(6 * DIGITS):
        inputs = [Precise.lift(x) for x in program.inputs]
        return jump_of_bends(lambda xs: precise_slope(program, xs, i), inputs, j)


def jump_of_bends(slope: Callable[[list[Any]], Any], inputs: list[Any], j: int) -> float:
    """Return by how much a slope changes faster on one side of the point than on the other.

    What shrinks with the step is no jump.
    """

    def difference(step: Any) -> tuple[Any, Any]:
        near = [slope(moved(inputs, j, side * step)) for side in (1, -1)]
        far = [slope(moved(inputs, j, 2 * side * step)) for side in (1, -1)]
        right = (far[0] - near[0]) / step
        left = (near[1] - far[1]) / step
        return abs(right - left), abs(right) + abs(left)

    step = scale(inputs, j) * ONE_SIDED_STEP.numerator / ONE_SIDED_STEP.denominator
    at_first, _ = difference(step)
    found, size = difference(step / ONE_SIDED_STEP_RATIO.denominator)
    return as_float(found) if 2 * found > at_first and found > MIN_BEND_JUMP * size else 0.0
