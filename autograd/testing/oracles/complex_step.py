"""The derivative of a function that takes complex numbers, and the proof that it is analytic.

Im f(x + ih) / h is the slope of an analytic function without subtraction. NumPy's `abs`, `norm`,
`real` and `float()` take complex numbers, too, and forget the imaginary part: what they add to a
function has slope 0 there. So the function is looked at on circles around the point: a function
that is analytic inside has no negative powers, and its mean is the value in the middle; one that
forgets the imaginary part has as much of the power -1 as of the power 1. On the real line it must
be the function of floats.

>>> from autograd.testing.oracles.program import Program
>>> found = complex_step(Program(lambda x: x**2.5, (2.0,), recorded=False), 0)
>>> abs(found.slope - 2.5 * 2.0**1.5) <= found.error < 1e-9
True
>>> complex_step(Program(lambda x: x**2.5 + 1e-6 * abs(x), (2.0,), recorded=False), 0)
Traceback (most recent call last):
autograd.testing.oracles.complex_step.NotAnalytic: not analytic where it was tried, by 7e-08 of ...
"""

from __future__ import annotations

import cmath
import math
import warnings
from collections.abc import Sequence

from autograd.testing.mpmath_context import NotLiftable
from autograd.testing.oracles.differences import UNIT_ROUNDOFF, Fit, is_confirmed
from autograd.testing.oracles.estimate import Estimate
from autograd.testing.oracles.program import Direction, Line, Program

# Relative to the operand; its square is lost in rounding.
COMPLEX_STEP = 1e-100
# Of the complex step in floats, relative to the slope.
COMPLEX_ERROR = 1e-11
RELATIVE_RADII = tuple(2.0**-k for k in (2, 5, 9, 14, 20, 28))
# On a circle.
POINTS = 16
# How many times a wrong coefficient the slope may be off.
DOUBT = 8.0
# How many roundings of the values the slope may be off.
ROUNDINGS = 16.0
# How many roundings of the values a wrong coefficient may be that is only noise.
NOISE = 64.0
# Of the slope: what is not analytic, but no more than this.
SLIGHT = 1e-9
SMALLEST_STEP = 2.0**-1000
# What is the same on so many successive circles is not analytic.
SIGHTINGS = 4
# NumPy's warning on what float(z) does.
DISCARDS = ".*discards the imaginary part"


class NotAnalytic(NotLiftable):
    """The function takes complex numbers, but is not analytic at the point."""


ROOTS = [cmath.exp(2j * math.pi * k / POINTS) for k in range(POINTS)]
# Those that lie on the real line.
REAL_POINTS = {0: 1.0, POINTS // 2: -1.0}
# Rounding moves the second of them off the line.
ROOTS[0] = 1.0 + 0.0j
ROOTS[POINTS // 2] = -1.0 + 0.0j


def complex_step(program: Program, direction: Direction) -> Estimate:
    """Return Im f(x + ih) / h, and how sure circles around the point make it.

    Raises: NotLiftable: the function does not take complex numbers; NotAnalytic: not here.
    Source: Squire and Trapp (1998), Using complex variables to estimate derivatives; Lyness and
            Moler (1967), Numerical differentiation of analytic functions.
    Cost:   about 35 values.
    """
    if program.cut:
        raise NotLiftable("stop_gradient is unknown to complex numbers")
    line = program.along(direction)
    slope, circle = complex_slopes(line)
    error = circle.error
    is_noise = circle.residual <= NOISE * circle.rounding
    if not (is_noise or error <= SLIGHT * abs(slope)):
        share = circle.residual / circle.step / abs(slope) if slope else math.inf
        raise NotAnalytic(f"not analytic where it was tried, by {share:.0e} of the slope")
    own_error = COMPLEX_ERROR * abs(slope)
    if not abs(slope - circle.slope) <= error + own_error:
        raise NotAnalytic("the complex step and a circle disagree")
    if not is_confirmed(line, circle):
        raise NotAnalytic("the complex step and differences disagree")
    return Estimate(
        slope,
        max(error, own_error),
        "complex step",
        spread=circle.spread,
        is_flat=circle.is_flat,
    )


def complex_slopes(line: Line) -> tuple[float, Fit]:
    """Return the slope by the complex step, and what a circle says of it.

    Raises: NotLiftable: the function does not take complex numbers.
    """
    with warnings.catch_warnings():
        # What the function says of other points is no concern of ours.
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=DISCARDS)
        try:
            step = complex_step_of(line)
            slope = line.complex(step * 1j).imag / step
            return slope, best_circle(line)
        except (Warning, TypeError) as reason:
            raise NotLiftable(str(reason)) from None


def complex_step_of(line: Line) -> float:
    """Return the step along the imaginary axis: small against all sizes that leave it normal."""
    steps = [COMPLEX_STEP * size for size in line.sizes]
    normal = [step for step in steps if step > SMALLEST_STEP]
    return normal[-1] if normal else steps[0]


def best_circle(line: Line) -> Fit:
    """Return what the best of several circles says of the slope."""
    found = Fit(math.nan, math.inf, 1.0, math.inf, 0.0)
    shares: list[float] = []
    for radius in radii(line):
        circle = circle_of(line, radius)
        if circle is None:
            continue
        found = min(found, circle, key=lambda fit: fit.error)
        shares.append(circle.residual / radius)
        # Smaller ones can only be worse; and what does not shrink with the circle never will.
        is_seen = len(shares) >= SIGHTINGS
        if found.is_clean or is_seen and shares[-1] > shares[-SIGHTINGS] / 2:
            break
    return found


def radii(line: Line) -> list[float]:
    """Return the radii of the circles, the largest first."""
    wanted = {line.step(size * share) for size in line.sizes for share in RELATIVE_RADII}
    wanted.discard(0.0)
    return sorted(wanted, reverse=True)


def circle_of(line: Line, radius: float) -> Fit | None:
    """Return the slope by Cauchy's integral over a circle, and its error; None where it fails."""
    try:
        values = [line.complex(radius * root) for root in ROOTS]
        here = line.complex(0.0)
    except (ValueError, ArithmeticError):
        return None
    rises = [value - here for value in values]
    highest = POINTS // 2
    powers = {k: coefficient(rises, k) for k in range(1 - highest, highest + 1)}
    # No negative powers, and the mean is the value in the middle. On so few points the highest
    # power is a negative one, too.
    odd = [powers[k] for k in powers if k <= 0 or k == highest]
    wrong = max(map(abs, odd)) + abs(powers[1].imag)
    # On the real line it must be the same function.
    apart = [here.real - line(0.0)]
    for k, sign in REAL_POINTS.items():
        apart.append(values[k].real - line(radius * sign))
    wrong += max(map(abs, apart))
    rounding = UNIT_ROUNDOFF * max(map(abs, values))
    error = (DOUBT * wrong + ROUNDINGS * rounding) / radius
    if not math.isfinite(error):
        return None
    return Fit(
        slope=powers[1].real / radius,
        error=error,
        step=radius,
        residual=wrong,
        rounding=rounding,
        bend=abs(powers[3]) / radius,
        spread=max(map(abs, rises)) / radius,
    )


def coefficient(values: Sequence[complex], power: int) -> complex:
    """Return the coefficient of a power on the unit circle."""
    turned = (value * ROOTS[-power * k % POINTS] for k, value in enumerate(values))
    return sum(turned) / POINTS
