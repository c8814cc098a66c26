"""The derivative of a function of floats that nothing else can look into, and how sure it is.

At several scales a polynomial is fitted to the function around the point. What the polynomial does
not explain, the *residual*, is everything that can mislead a difference: rounding, noise, float32,
a kink nearby, a wave that is too short for the scale. It bounds the error of the slope, whatever
it is. A scale is believed only if all finer ones that can tell agree with it.

>>> from autograd.testing.oracles.program import Program
>>> wave = Program(lambda x: math.exp(x) + math.sin(1e6 * x), (0.5,), recorded=False)
>>> found = differences(wave, 0)
>>> abs(found.slope - math.exp(0.5) - 1e6 * math.cos(0.5e6)) < found.error < 1e-7 * 1e6
True
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from autograd.testing.oracles.estimate import Estimate
from autograd.testing.oracles.program import Direction, Line, Program

UNIT_ROUNDOFF = 2.0**-53
# Of one fit, with the point in the middle.
NODES = 17
MAX_DEGREE = 8
DEGREES = range(2, MAX_DEGREE + 1, 2)
# Of each size: the half widths over which the function is fitted.
RELATIVE_STEPS = tuple(2.0**-k for k in (1, 3, 6, 10, 15, 21, 28, 36, 44))
# How many roundings a residual may be that hides nothing.
CLEAN = 4.0
# Of a residual, where a finer scale explains what it was.
RESOLVED = 1 / 8
# How many roundings a difference of two values may be off.
PAIR_DOUBT = 8.0
# Inputs of no more are next to 0.
TINY = 1e-3
MAX_HALVINGS = 80
# How many roundings make a jump,
JUMP = 64.0
# which over so much more of the line does not grow.
JUMP_WIDTH = 16.0
# Of the steps at which a kink is looked for, each to the one before,
KINK_RATIO = 2.0**-3
# and how many of them there are.
KINK_STEPS = 13
# The finest scales, where noise is looked for.
NOISE_SCALES = 5
# At so many successive steps a kink must look the same.
KINK_SIGHTINGS = 3
# How many times its bar a second difference is that rounding does not touch.
PLAIN = 64.0
# By how much such a one may grow at the next larger step, if it is that of a kink,
MAX_PLAIN_GROWTH = 1.1
# and by how much any other.
MAX_GROWTH = 1.6
# Of the best fit: a kink makes no more of it.
KINK_ERRORS = 4.0
# Relative to the slope; a smaller kink is not told from rounding.
MIN_KINK = 1e-9
SMALLEST = 2.0**-1074

# The nodes of Chebyshev's polynomials, from -1 to 1, and the odd and even polynomials there: to the
# left of the middle what they are to the right, so that an even function has slope 0 exactly.
MIDDLE = NODES // 2
ANGLES = [math.pi * (2 * j + 1) / (2 * NODES) for j in range(MIDDLE)]


def mirrored(right: Sequence[float], middle: float, sign: int) -> list[float]:
    """Return a row over all nodes from what stands to the right of the middle."""
    left = [sign * x for x in right]
    return [*left, middle, *reversed(right)]


def chebyshev(k: int) -> list[float]:
    """Return the polynomial of a degree at all nodes."""
    right = [math.cos(k * angle) for angle in ANGLES]
    if k % 2:
        return mirrored(right, 0.0, -1)
    middle = math.cos(k * math.pi / 2)
    return mirrored(right, middle, 1)


COSINES = chebyshev(1)
POLYNOMIALS = [chebyshev(k) for k in range(MAX_DEGREE + 1)]


class Fit(NamedTuple):
    """What a polynomial says of the slope, from the values within a step of the point.

    Attributes: slope; error, a bound of |slope - true slope| unless the function hides something
    between the nodes; step, the half width; residual, the most that is not explained; rounding,
    of the values; bend, what the cubic term adds to a central difference over the step;
    coefficients, of Chebyshev's polynomials; spread, the largest change of the function within the
    step, over the step.
    """

    slope: float
    error: float
    step: float
    residual: float
    rounding: float
    bend: float = 0.0
    coefficients: Sequence[float] = ()
    spread: float = 0.0

    def curve(self, t: float) -> float:
        """Return what the polynomial has at a step from the point beside its slope there."""
        x = t / self.step
        before = 1.0
        now = x
        total = 0.0
        # T_(k+1) = 2 x T_k - T_(k-1)
        for coefficient in self.coefficients[1:]:
            total += coefficient * now
            before, now = now, 2 * x * now - before
        # In the middle those of even degree are 1 or -1, the others 0.
        signed = [self.coefficients[k] * (1 - k % 4) for k in self.even_powers()]
        middle = sum(signed)
        return total - middle - self.slope * t

    def even_powers(self) -> range:
        """The even degrees of the polynomial, from 2."""
        return range(2, len(self.coefficients), 2)

    @property
    def is_flat(self) -> bool:
        """Whether the function changes by no more than rounding."""
        return self.spread * self.step <= CLEAN * self.rounding

    @property
    def is_clean(self) -> bool:
        """Whether the polynomial explains all but rounding."""
        return self.residual <= CLEAN * self.rounding

    def is_denied_by(self, finer: Fit) -> bool:
        """Tell whether a finer fit has another slope, or resolves what this one takes for noise."""
        allowed = self.error + finer.error
        if not abs(self.slope - finer.slope) <= allowed:
            return True
        is_resolved = finer.residual < RESOLVED * self.residual
        is_bold = self.error < finer.error
        return is_resolved and is_bold and self.residual > JUMP * self.rounding


def differences(program: Program, direction: Direction) -> Estimate:
    """Return the slope from values of floats, a bound of its error, and the jump at a kink.

    Raises: ValueError: the function has no values on both sides of the point.
    Cost:   about 30 values of a smooth function, up to 900 of one that is not.
    """
    line = program.along(direction)
    fits = fitted(line)
    if not fits:
        raise ValueError("the function of floats has no values on both sides")
    chosen = best(fits)
    found = Estimate(
        chosen.slope,
        chosen.error,
        "differences",
        spread=chosen.spread,
        is_flat=fits[0].is_flat,
        hidden=hidden_slope(line, chosen),
    )
    found = with_steps(found, line, fits, chosen)
    if program.cut:
        # What is held back from the derivative shows in the values all the same.
        found = found._replace(error=math.inf)
    if chosen.is_clean:
        return found
    return found._replace(jump=kink(line, chosen))


def with_steps(found: Estimate, line: Line, fits: Sequence[Fit], chosen: Fit) -> Estimate:
    """Return an estimate by the coarse fits, where the function goes in steps."""
    coarser = [fit for fit in fits if fit.step > chosen.step]
    denied = [fit for fit in coarser if fit.is_denied_by(chosen)]
    # A short wave, or the steps of a rounded number?
    jumps = [jump_between(line, chosen, fit) for fit in denied]
    jump = max(jumps, default=0.0)
    if not jump:
        return found
    again = [fit_of(line, fit.step, jump) for fit in fits]
    coarse = best([fit for fit in again if fit])
    # Where the function is flat between its jumps they stand for a slope, as in float32.
    error = coarse.error if chosen.slope == 0.0 else math.inf
    return found._replace(
        slope=coarse.slope,
        error=error,
        local=chosen.slope,
        local_error=chosen.error,
    )


def hidden_slope(line: Line, fit: Fit) -> float:
    """Return how large a slope may be between 0 and a tiny input, beyond what a fit says.

    Beside a large term what a logarithm does there is lost in rounding at every scale.
    """
    size = line.sizes[-1]
    if size > TINY or fit.step <= size or not line.step(size / 2):
        return 0.0
    close = fit_of(line, size / 2)
    return close.error if close is not None else 0.0


def fitted(line: Line) -> list[Fit]:
    """Return fits from the coarsest to the finest, no more than are needed."""
    found: list[Fit] = []
    for step in steps(line):
        fit = fit_of(line, step)
        if fit is None:
            continue
        found.append(fit)
        # Finer ones can only be worse.
        if fit.is_clean and is_confirmed(line, fit):
            break
    return found


def steps(line: Line) -> list[float]:
    """Return the half widths at which a function is fitted, the largest first."""
    wanted = {size * share for size in line.sizes for share in RELATIVE_STEPS}
    found: list[float] = []
    for step in sorted(wanted, reverse=True):
        is_close = found and step > found[-1] / 2
        if line.step(step) and not is_close:
            found.append(step)
    return found


def fit_of(line: Line, step: float, jump: float = 0.0) -> Fit | None:
    """Return the best polynomial within a step of the point, None where the function ends.

    A jump, where the function has jumps all along, counts as rounding.
    """
    taken = [line.step(step * c) for c in COSINES]
    values = [line(t) for t in taken]
    here = values[MIDDLE]
    rises = [value - here for value in values]
    if not all(map(math.isfinite, rises)):
        return None
    rounding = max(rounding_of(values), jump)
    # The nodes are rounded, too: what the slope makes of that is taken off.
    slope = slope_of(coefficients_of(rises), MAX_DEGREE) / step
    moves = [t - step * c for t, c in zip(taken, COSINES)]
    rises = [rise - slope * move for rise, move in zip(rises, moves)]
    found = least_error(of_all_degrees(rises, step, rounding))
    is_finite = math.isfinite(found.slope) and math.isfinite(found.error)
    return found if is_finite else None


def rounding_of(values: Iterable[float]) -> float:
    """Return by how much the largest of some values may be rounded."""
    largest = max(map(abs, values))
    return max(UNIT_ROUNDOFF * largest, SMALLEST)


def least_error(fits: Iterable[Fit]) -> Fit:
    """Return the fit of the least error, the first of several."""
    return min(fits, key=lambda fit: fit.error)


def of_all_degrees(rises: Sequence[float], step: float, rounding: float) -> Iterator[Fit]:
    """Yield the fits of every degree to the values at the nodes."""
    coefficients = coefficients_of(rises)
    # The cubic terms of the polynomials of odd degree.
    cubic = 4 * coefficients[3] - 20 * coefficients[5] + 56 * coefficients[7]
    bend = abs(cubic) / step
    spread = max(map(abs, rises)) / step
    left = [rise - coefficients[0] for rise in rises]
    for degree in DEGREES:
        for k in (degree - 1, degree):
            weight = coefficients[k]
            left = [rest - weight * p for rest, p in zip(left, POLYNOMIALS[k])]
        residual = max(map(abs, left))
        error = doubt(degree) * max(residual, rounding) / step
        slope = slope_of(coefficients, degree) / step
        kept = coefficients[: degree + 1]
        yield Fit(slope, error, step, residual, rounding, bend, kept, spread)


def coefficients_of(rises: Sequence[float]) -> list[float]:
    """Return the coefficients of Chebyshev's polynomials that fit values at the nodes best."""
    # The polynomials are orthogonal over the nodes.
    products = [map(float.__mul__, row, rises) for row in POLYNOMIALS]
    mean, *others = map(math.fsum, products)
    doubled = [2.0 * total / NODES for total in others]
    return [mean / NODES, *doubled]


def slope_of(coefficients: Sequence[float], degree: int) -> float:
    """Return the slope of a series in the middle: T_k'(0) is k, -k, k ... for odd k."""
    terms = []
    for k in range(1, degree + 1, 2):
        sign = 1 if k % 4 == 1 else -1
        terms.append(k * coefficients[k] * sign)
    return math.fsum(terms)


def doubt(degree: int) -> float:
    """Return how many residuals, over the step, the slope of a fit may be off.

    A kink near the point leaves a residual of 0.25 / degree of what it does to the slope, and a
    term of a degree that is not fitted one of 1 / degree.
    """
    return 4.0 * (degree + 4)


def best(fits: Sequence[Fit]) -> Fit:
    """Return the fit of the least error among those that no finer one denies."""
    believed = []
    for k, fit in enumerate(fits):
        finer = fits[k + 1 :]
        if not any(map(fit.is_denied_by, finer)):
            believed.append(fit)
    return least_error(believed)


def is_confirmed(line: Line, fit: Fit) -> bool:
    """Tell whether central differences at finer steps allow the slope of a fit."""
    finer = [step for step in steps(line) if step < fit.step]
    return all(is_allowed(line, step, fit) for step in finer[1::2])


def is_allowed(line: Line, step: float, fit: Fit) -> bool:
    """Tell whether a central difference may be that of a fit, but for rounding."""
    ahead = line.step(step)
    behind = line.step(-step)
    right = line(ahead)
    left = line(behind)
    rounding = UNIT_ROUNDOFF * max(abs(right), abs(left)) + SMALLEST
    width = ahead - behind
    share = step / fit.step
    bar = 2 * PAIR_DOUBT * rounding / width + UNIT_ROUNDOFF * abs(fit.slope)
    bar += fit.error + 2 * fit.bend * share**2
    slope = (right - left) / width
    return abs(slope - fit.slope) <= bar


def jump_between(line: Line, fit: Fit, coarse: Fit) -> float:
    """Return the jump of a function within the step of a coarse fit, 0 where there is none.

    The step is halved to where the function leaves the line of a finer fit, bent as the coarse one
    is; where the finer one is flat, to where it is flat no more. Looked at closely enough a wave
    becomes straight, and more of it is more; a jump remains what it is.
    """
    is_level = fit.spread == 0.0

    def rise(start: float, end: float) -> float:
        bent = 0.0 if is_level else coarse.curve(end) - coarse.curve(start)
        straight = fit.slope * (end - start)
        change = line(end) - line(start)
        return abs(change - bent - straight)

    near = 0.0
    end = line.step(coarse.step)
    for _ in range(MAX_HALVINGS):
        middle = line.step(near + (end - near) / 2)
        if middle in (near, end):
            break
        least = SMALLEST if is_level else rise(middle, end)
        if rise(near, middle) >= least:
            end = middle
        else:
            near = middle
    found = rise(near, end)
    # What is only steep is larger over more of the line.
    margin = JUMP_WIDTH / 2 * (end - near)
    start = line.step(near - margin)
    wide = rise(start, line.step(end + margin))
    is_jump = wide < JUMP_WIDTH / 4 * found
    return found if is_jump and found > JUMP * fit.rounding else 0.0


def kink(line: Line, fit: Fit) -> float:
    """Return by how much the slopes to either side of the point differ, 0 where they do not.

    The second difference over a step shrinks with the step where there is a derivative, and does
    not at a kink; it grows at a jump or a vertical tangent. Infinite there.
    """
    noise = side_noise(line)
    if has_infinite_slope(line, fit, noise):
        return math.inf
    seen = sightings(line, noise)
    if not seen:
        return 0.0
    sizes = [size for size, _ in seen]
    first, bar = seen[0]
    # It must neither grow with the step, as in a smooth function, nor be too small to tell.
    limit = MAX_PLAIN_GROWTH if first > PLAIN * bar else MAX_GROWTH
    grows = any(b > limit * a for a, b in pairwise(sizes))
    if grows or first <= MIN_KINK * abs(fit.slope):
        return 0.0
    is_infinite = first > 2.0 * sizes[-1]
    # A fit that explains the function allows no kink of more than its error.
    as_wide = second_difference(line, fit.step, noise) or (first, 0.0)
    at_fit = as_wide[0] if is_infinite else first
    if at_fit > KINK_ERRORS * fit.error:
        return 0.0
    return math.inf if is_infinite else first


def sightings(line: Line, noise: float) -> list[tuple[float, float]]:
    """Return the second differences at the finest steps that noise does not hide, with their bars.

    None where there are too few, or where a still finer step would have shown a kink and does not.
    """
    exact = []
    for step in kink_steps(line):
        pair = second_difference(line, step, noise)
        if pair is not None:
            exact.append(pair)
    seen = [k for k, (size, bar) in enumerate(exact) if size > 4 * bar]
    if not seen:
        return []
    first = seen[0]
    chosen = exact[first : first + KINK_SIGHTINGS]
    size, _ = chosen[0]
    is_missed = any(bar < size / 8 for _, bar in exact[:first])
    return [] if is_missed or len(chosen) < KINK_SIGHTINGS else chosen


def has_infinite_slope(line: Line, fit: Fit, noise: float) -> bool:
    """Tell whether central differences grow without bound as the step shrinks."""
    slopes = []
    for step in kink_steps(line):
        ahead = line.step(step)
        rise = abs(line(ahead) - line(-ahead))
        slope = rise / (2 * ahead)
        bar = 4 * PAIR_DOUBT * noise / ahead
        if math.isfinite(slope) and slope > bar:
            slopes.append(slope)
    first = slopes[:KINK_SIGHTINGS]
    if len(first) < KINK_SIGHTINGS:
        return False
    grows = all(a > MAX_GROWTH * b for a, b in pairwise(first))
    return grows and fit.spread <= KINK_ERRORS * fit.error


def kink_steps(line: Line) -> list[float]:
    """Return the steps at which a kink is looked for, the smallest first."""
    wanted: set[float] = set()
    for k in range(1, KINK_STEPS + 1):
        share = KINK_RATIO**k
        wanted.update(size * share for size in line.sizes)
    # Those that are lost in the input are none.
    return [step for step in sorted(wanted) if line.step(step)]


def second_difference(line: Line, step: float, noise: float) -> tuple[float, float] | None:
    """Return |f(h) - 2 f(0) + f(-h)| / h and what noise makes of it; None where it is not exact."""
    ahead = line.step(step)
    behind = line.step(-step)
    if ahead != -behind:
        # Next to a power of two the floats to one side are closer than those to the other.
        def lopsided(h: float) -> float:
            return abs(line.step(h) + line.step(-h))

        ahead = min(ahead, -behind, key=lopsided)
        is_exact = line.step(ahead) == ahead and line.step(-ahead) == -ahead
        if not is_exact:
            return None
    middle = line(0.0)
    right = line(ahead) - middle
    left = middle - line(-ahead)
    size = abs(right - left) / ahead
    if not math.isfinite(size):
        return None
    return size, PAIR_DOUBT * noise / ahead


def side_noise(line: Line) -> float:
    """Return the noise of a function close to the point, at each scale on the quieter side of it.

    To one side of a kink or a jump a function is straight, and noise is on both.
    """
    found = 0.0
    for step in steps(line)[-NOISE_SCALES:]:
        taken = [line.step(step * c) for c in COSINES]
        values = [line(t) for t in taken]
        rounding = rounding_of(values)
        after = MIDDLE + 1
        left = bulge(taken[:MIDDLE], values[:MIDDLE])
        right = bulge(taken[after:], values[after:])
        found = max(found, rounding, min(left, right))
    return found


def bulge(taken: Sequence[float], values: Sequence[float]) -> float:
    """Return how far values are from the straight line between the first and the last of them."""
    start = taken[0]
    first = values[0]
    width = taken[-1] - start
    slope = (values[-1] - first) / width if width else 0.0
    rises = [value - first for value in values]
    straight = [slope * (t - start) for t in taken]
    return max(abs(rise - line) for rise, line in zip(rises, straight))
