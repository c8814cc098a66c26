"""Checking derivatives along random directions: what a million inputs cost no more than ten.

A direction moves all inputs at once, each by a random share of its own size. The derivative along
it is one number, which the oracles know, and which the claimed gradient has to give.

>>> from autograd.testing import check_gradients
>>> many = [0.1 * k for k in range(1, 200)]
>>> report = check_gradients(
...     lambda xs: sum(x * x for x in xs),
...     many,
...     gradient=lambda xs: [2 * x for x in xs],
...     directions=4,
... )
>>> print(report)
<lambda>: 4 derivatives along random directions of 199 inputs right, by differences; ...
  may miss: a fault in one derivative of less than 2e-07 of an average one, and faults ...
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Sequence
from typing import Any

from autograd.testing.judge import MIN_JUMP, Check, Scales
from autograd.testing.number_types import Numbers
from autograd.testing.oracles.differences import UNIT_ROUNDOFF
from autograd.testing.oracles.estimate import as_float
from autograd.testing.oracles.program import Program
from autograd.testing.verdicts.mistakes import groups_of
from autograd.testing.verdicts.naming import argument_names
from autograd.testing.verdicts.report import (
    Component,
    GradientMismatch,
    InconclusiveCheck,
    NonDifferentiablePoint,
    Report,
    finite_size,
)

# How many are tried unless another number is asked for.
DIRECTIONS = 8
# Of the directions, which are the same in every run.
SEED = 20260
TAYLOR_STEPS = [2.0**-k for k in range(3, 14)]
# A remainder of fewer roundings tells nothing.
MIN_REMAINDER = 1e4
# It is 2 or more of a right gradient, and 1 of a wrong one.
MIN_TAYLOR_SLOPE = 1.5


def check_directions(check: Check, directions: Any) -> Report:
    """Check the claimed gradient along random directions, and return what was found.

    Raises: as `check_gradients` does.
    """
    count = DIRECTIONS if directions == "random" else int(directions)
    found: list[Component] = []
    slopes: list[float] = []
    for output in range(check.outputs):
        check.start(output)
        claimed = check.claimed(output)
        scales = check.scales(output, claimed)
        parts = []
        for k, weights in enumerate(random_directions(check.inputs, count)):
            part = along(check, output, weights, claimed, scales, k)
            parts.append(part)
            slope = taylor_slope(check.program, weights, as_float(part.claimed))
            if slope is not None:
                slopes.append(slope)
        try:
            found += check.judged(output, parts)
        except GradientMismatch as error:
            raise located(check, output, error, claimed, scales) from None
    taylor = min(slopes, default=None)
    if taylor is not None and taylor < MIN_TAYLOR_SLOPE:
        raise InconclusiveCheck(
            f"the gradient of {check.name} agrees with the derivatives along {count} directions, "
            f"but the Taylor remainder falls with slope {taylor:.2f}, and not 2: the function has "
            "a kink nearby, or the gradient is wrong by less than the check can tell"
        )
    return Report(check.name, check.inputs, found, count, taylor)


def located(
    check: Check,
    output: int,
    error: GradientMismatch,
    claimed: Numbers,
    scales: Scales,
) -> GradientMismatch:
    """Return a mismatch that says which arguments disagree, each moved by itself."""
    names = argument_names(check.f, check.args)
    groups = groups_of(names, check.args)
    if len(groups) < 2:
        return error
    (weights,) = random_directions(check.inputs, 1)
    agree: list[str] = []
    disagree: list[str] = []
    for group in groups:
        own = set(group.indexes)
        alone = [w if i in own else 0.0 for i, w in enumerate(weights)]
        part = along(check, output, alone, claimed, scales, 0)
        if part.is_wrong:
            disagree.append(group.name)
        else:
            agree.append(group.name)
    text = f"{error}\n  moved alone, these disagree: {', '.join(disagree) or 'none'}"
    found = GradientMismatch(f"{text}; these agree: {', '.join(agree) or 'none'}")
    found.components = error.components
    return found


def random_directions(inputs: Numbers, count: int) -> list[list[float]]:
    """Return weights for all inputs: of random sign, and from half of each one's size to all of it.

    The size of an input that is 0 is that of an average one.
    """
    source = random.Random(SEED)
    sizes = [abs(float(x)) for x in inputs]
    average = math.fsum(sizes) / len(sizes) if any(sizes) else 1.0

    def weight(size: float) -> float:
        sign = source.choice((-1.0, 1.0))
        return (size or average) * sign * source.uniform(0.5, 1.0)

    return [list(map(weight, sizes)) for _ in range(count)]


def along(
    check: Check,
    output: int,
    weights: Sequence[float],
    claimed: Numbers,
    scales: Scales,
    number: int,
) -> Component:
    """Return the component of one direction."""
    place = f"direction {number + 1}"
    if check.outputs > 1:
        place = f"output {output} along {place}"
    terms = [float(w) * as_float(g) for w, g in zip(weights, claimed)]
    claim = math.fsum(terms)
    shares = [abs(w) for w in weights]
    path_sums = [finite_size(path_sum) for path_sum, _ in scales]
    scale = math.fsum(map(operator.mul, shares, path_sums))
    uncertain = math.fsum(w * u for w, (_, u) in zip(shares, scales))
    estimate = check.estimate(weights, "a direction", place)
    if estimate.jump > MIN_JUMP * (scale or abs(claim)):
        raise NonDifferentiablePoint(
            f"{check.name} has a kink at {check.shown_inputs()}: along {place} the slopes to "
            f"either side differ by {estimate.jump:.3g}; check by every input to see which has it"
        )
    # Of a function that is not recorded the terms of the claim stand for the path sum.
    scale = scale or sum(map(abs, terms))
    return check.compared(place, claim, estimate, scale, uncertain)


def taylor_slope(program: Program, weights: Sequence[float], slope: float) -> float | None:
    """Return how fast f(x + h v) - f(x) - h slope falls with h: its slope in a doubly log plot.

    It is 2 of a right gradient, more where the function does not bend, and 1 of a wrong one. None
    where the remainder is nothing but rounding.
    """
    line = program.along(weights)
    here = line(0.0)
    points = []
    for step in TAYLOR_STEPS:
        there = line(step)
        rise = step * slope
        remainder = abs(there - here - rise)
        rounding = UNIT_ROUNDOFF * max(abs(there), abs(here), abs(rise))
        if math.isfinite(remainder) and remainder > MIN_REMAINDER * rounding:
            points.append((math.log(step), math.log(remainder)))
    if len(points) < 3:
        return None
    # The smallest steps that tell anything: at larger ones higher terms count.
    points = points[-4:]
    center_x = math.fsum(x for x, _ in points) / len(points)
    center_y = math.fsum(y for _, y in points) / len(points)
    square = math.fsum((x - center_x) ** 2 for x, _ in points)
    return math.fsum((x - center_x) * (y - center_y) for x, y in points) / square
