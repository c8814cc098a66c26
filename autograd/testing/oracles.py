"""Second opinions on a derivative, from exact fractions to extrapolated differences.

Each oracle takes a `Program`, a function of n floats with one output, and gives its partial
derivatives with a bound of its own error. They are asked in this order, and the first that can
answer does (of a function that we record, the third before the second):

1. `exact`: dual numbers on fractions; no error at all. For + - * / and integer powers.
2. `complex step`: Im f(x + ih) / h in floats. For functions that take complex numbers.
3. `mpmath`: the same step with 60 digits. For primitives and functions of `math`.
4. `ridders`: extrapolated central differences of floats. For everything; may not know.

>>> cube = Program(lambda x: x**3, (2.0,))
>>> ask(cube, 0)
Estimate(slope=Fraction(12, 1), error=0.0, oracle='exact', jump=0.0)
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from autograd.coercion import as_number
from autograd.modes import ieee, no_grad
from autograd.structures import flatten, remade
from autograd.testing.mpmath_context import DIGITS, NotLiftable, context
from autograd.testing.number_types import Dual, Exact, Lifted, Precise, portable
from autograd.value import Value

UNIT_ROUNDOFF = 2.0**-53
COMPLEX_STEP = 1e-100  # relative to the operand; its square is lost in rounding
COMPLEX_ERROR = 1e-11  # of the complex step in floats, relative to the path sum
PRECISE_COMPLEX_STEP = 1e-200  # the same with DIGITS digits; its error is about the square
PRECISE_DIFFERENCE_STEP = 1e-30  # of the difference of two complex steps, relative
ONE_SIDED_STEP = Fraction(1, 2**200)  # of one-sided differences in exact and precise arithmetic
ONE_SIDED_STEP_RATIO = Fraction(1, 2**30)  # of a second step to it
MAX_TABLEAU_ROWS = 12  # of Ridders' extrapolation
STEP_RATIO = 1.4  # of each of its steps to the next
FIRST_STEPS = (0.2, 1e-2, 1e-4)  # of its tableaus, relative to the operand
NOISE_SPAN = 2.0**-20  # over which the noise of a function is measured, relative
KINK_STEPS = (1e-3, 1e-5)  # steps at which a kink must be seen, relative to the operand

REFUSALS = (TypeError, AttributeError, ValueError, ArithmeticError, NotImplementedError, IndexError)


class Estimate(NamedTuple):
    """A derivative by an oracle; `error` bounds |slope - true slope|; `jump` is that at a kink."""

    slope: Any
    error: float
    oracle: str
    jump: float = 0.0


@dataclass
class Program:
    """A function of structures of numbers, as a function of n numbers with one output.

    Args: function; args, its positional arguments; output, the index of the output; recorded,
        whether floats go in as Values; cut, whether a `stop_gradient` is among its operations,
        which no difference of floats can see.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    output: int = 0
    recorded: bool = True
    cut: bool = False

    @property
    def inputs(self) -> list[Any]:
        """The numbers at which the function is looked at."""
        return [as_number(x.data if isinstance(x, Value) else x) for x in flatten(self.args)]

    def on(self, function: Callable[..., Any], scalars: Sequence[Any]) -> Any:
        """Return the chosen output of a function with scalars in the place of its inputs."""
        return flatten(function(*refilled(self.args, scalars)))[self.output]

    def lifted(self, number_type: type[Lifted], numbers: Sequence[Any]) -> Any:
        """Return the output as a number of another type.

        Raises: NotLiftable: the function cannot be evaluated on such numbers.
        """
        try:
            out = self.on(portable(self.function), [number_type(x) for x in numbers])
            return number_type(0).take(out)
        except NotLiftable:
            raise
        except (TypeError, AttributeError, NotImplementedError) as error:
            raise NotLiftable(str(error)) from None

    def float(self, numbers: Sequence[float]) -> float:
        """Return the output as a float."""
        if not self.recorded:
            return float(self.on(self.function, numbers))
        with ieee(), no_grad():
            out = self.on(self.function, [Value(x) for x in numbers])
        return float(out.data if isinstance(out, Value) else out)


def refilled(shape: Any, scalars: Sequence[Any]) -> Any:
    """Return arguments with scalars of any kind in the place of their numbers."""
    return remade(tuple(shape), iter(scalars))


def moved(inputs: Sequence[Any], i: int, step: Any) -> list[Any]:
    """Return the inputs with the i-th one moved."""
    return [x + step if j == i else x for j, x in enumerate(inputs)]


def exact(program: Program, i: int) -> Estimate:
    """Return a partial derivative of a rational function without any error."""
    inputs = [Exact.lift(x) for x in program.inputs]
    duals = [Dual(x, Fraction(i == j)) for j, x in enumerate(inputs)]
    out = Dual.of(program.lifted(Exact, duals))
    jump = jump_of_slopes(program, Exact, inputs, i, out.slope)
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
    program: Program, number_type: type[Lifted], inputs: Sequence[Any], i: int, slope: Any
) -> float:
    """Return by how much the slopes to the right and to the left miss a slope, in many digits.

    What a smooth function misses it by shrinks with the step, and counts as 0. Infinite where the
    difference quotients themselves grow without bound: at a jump, or at a vertical tangent.
    """
    here = program.lifted(number_type, inputs)

    def quotients(step: Any) -> list[Any]:
        ends = (program.lifted(number_type, moved(inputs, i, s)) for s in (step, -step))
        return [primal(end - here) / s for end, s in zip(ends, (step, -step))]

    step = (abs(inputs[i]) or scale(inputs, i)) * number_type.lift(ONE_SIDED_STEP)
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


def complex_step(program: Program, i: int) -> Estimate:
    """Return Im f(x + ih) / h, confirmed by differences: abs(z) takes complex numbers too.

    Source: Squire and Trapp (1998), Using complex variables to estimate derivatives.
    """
    if program.cut:
        raise NotLiftable("stop_gradient is unknown to complex numbers")
    inputs = program.inputs
    step = COMPLEX_STEP * (abs(inputs[i]) or 1.0)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*discards the imaginary part")
            out = program.on(program.function, moved(list(map(complex, inputs)), i, step * 1j))
    except Warning as warning:  # NumPy's, of what float(z) does
        raise NotLiftable(str(warning)) from None
    slope = complex(out).imag / step
    check = ridders(program, i)
    if not math.isfinite(slope) or abs(slope - check.slope) > 4 * check.error + 1e-4 * abs(slope):
        raise NotLiftable("the complex step and differences disagree")
    return Estimate(slope, COMPLEX_ERROR * abs(slope), "complex step", check.jump)


def precise(program: Program, i: int) -> Estimate:
    """Return the complex step in arithmetic of 60 digits: right to every digit of a float."""
    with context().workdps(DIGITS):
        slope = precise_slope(program, [Precise.lift(x) for x in program.inputs], i)
        return Estimate(slope, 0.0, "mpmath")


def precise_value(program: Program) -> Any:
    """Return the output itself in arithmetic of 60 digits."""
    with context().workdps(DIGITS):
        return program.lifted(Precise, [Precise.lift(x) for x in program.inputs])


def precise_slope(program: Program, inputs: Sequence[Any], i: int) -> Any:
    """Return Im f(x + ih) / h in the arithmetic at hand."""
    step = context().mpf(PRECISE_COMPLEX_STEP) * scale(inputs, i)
    return program.lifted(Precise, moved(inputs, i, 1j * step)).imag / step


def scale(inputs: Sequence[Any], i: int) -> Any:
    """Return what a step of an input is small against: the input, else the smallest that is not 0.

    Never more than 1, or a step from a huge number would cross the waves of a sine.
    """
    sizes = [abs(inputs[i])] if inputs[i] else [abs(x) for x in inputs if x]
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


def with_jump(found: Estimate, program: Program, i: int, suspect: bool) -> Estimate:
    """Return an estimate by mpmath with the jump of the slope, where the point is suspect.

    Differences cannot tell a jump from what `stop_gradient` holds back; then there is none.
    """
    if not suspect or found.oracle != "mpmath" or program.cut:
        return found
    with context().workdps(4 * DIGITS):
        inputs = [Precise.lift(x) for x in program.inputs]
        return found._replace(jump=jump_of_slopes(program, Precise, inputs, i, found.slope))


def ridders(program: Program, i: int) -> Estimate:
    """Return an extrapolated central difference of floats, and an estimate of its error.

    The best of several tableaus, each with steps of its own size. At a kink the one-sided
    differences, extrapolated likewise, do not agree.

    Source: Ridders (1982), Accurate computation of F'(x) and F'(x)F''(x).
    """
    inputs = program.inputs
    x = float(inputs[i])
    cache = dict[float, float]()

    def f(step: float) -> float:
        if step not in cache:
            try:
                cache[step] = program.float(moved(inputs, i, step))
            except (ValueError, ArithmeticError):
                cache[step] = math.nan
        return cache[step]

    rounding = roughness(f, x)
    central, right, left = (
        best_tableau(f, quotient, order, x, rounding)
        for quotient, order in ((centred, 2), (forward, 1), (backwards, 1))
    )
    close = NOISE_SPAN * (abs(x) or 1.0)
    uncertain = 4 * max(UNIT_ROUNDOFF * abs(f(0.0)), rounding) / close
    grain = abs(centred(f, close) - central.slope) - uncertain
    error = math.inf if program.cut else max(central.error, grain)  # steps show at a fine scale
    central = central._replace(error=error)
    jump = abs(right.slope - left.slope)
    size = abs(right.slope) + abs(left.slope)
    certain = jump > max(8 * (right.error + left.error) + 1e-3 * size, 100 * central.error)
    if certain:  # a kink is there at every scale, what looks like one may not be
        steps = (start * (abs(x) or 1.0) for start in KINK_STEPS)
        certain = all(0.5 < jump_at(f, step) / jump < 2.0 for step in steps)
    return central._replace(jump=jump if certain else 0.0)


def jump_at(f: Callable[[float], float], step: float) -> float:
    """Return by how much the slopes to either side differ at one scale."""
    return abs(forward(f, step) - backwards(f, step))


def roughness(f: Callable[[float], float], x: float) -> float:
    """Return the size of the noise in a function's floats, from fourth differences.

    Source: Hamming (1971), Introduction to applied numerical analysis; More and Wild (2011),
            Estimating computational noise.
    """
    step = NOISE_SPAN / 4 * (abs(x) or 1.0)
    row = [f(k * step) for k in range(-4, 5)]
    for _ in range(4):
        row = [b - a for a, b in zip(row, row[1:])]
    noise = math.sqrt(math.fsum(d * d for d in row) / len(row) / 70.0)
    return noise if math.isfinite(noise) else 0.0


def centred(f: Callable[[float], float], step: float) -> float:
    """Return the central difference quotient."""
    return (f(step) - f(-step)) / (2 * step)


def forward(f: Callable[[float], float], step: float) -> float:
    """Return the difference quotient to the right."""
    return (f(step) - f(0.0)) / step


def backwards(f: Callable[[float], float], step: float) -> float:
    """Return the difference quotient to the left."""
    return (f(0.0) - f(-step)) / step


def best_tableau(
    f: Callable[[float], float], quotient: Any, order: int, x: float, noise: float = 0.0
) -> Estimate:
    """Return the entry of several tableaus whose error is the least."""
    found = Estimate(math.nan, math.inf, "ridders")
    for start in FIRST_STEPS:
        step = start * (abs(x) or 1.0)
        step = (x + step) - x or step  # a number that is added without rounding
        found = min(
            found, tableau(f, quotient, order, step, noise), key=lambda estimate: estimate.error
        )
    return found


def tableau(
    f: Callable[[float], float], quotient: Any, order: int, step: float, noise: float
) -> Estimate:
    """Return the best entry of one tableau: Neville's extrapolation of quotients to step 0."""
    found = Estimate(math.nan, math.inf, "ridders")
    previous = list[float]()
    for _ in range(MAX_TABLEAU_ROWS):
        row = [quotient(f, step)]
        largest = max(abs(f(step)), abs(f(-step)), abs(f(0.0)))
        rounding = 4 * max(UNIT_ROUNDOFF * largest, noise) / step
        for k, old in enumerate(previous):
            factor = STEP_RATIO ** (order * (k + 1) if order == 2 else k + 1)
            row.append((factor * row[k] - old) / (factor - 1))
            error = max(abs(row[k + 1] - row[k]), abs(row[k + 1] - old)) + rounding
            if error < found.error:
                found = Estimate(row[k + 1], error, "ridders")
        previous = row
        step /= STEP_RATIO
    return found


def ridders_second(slope: Callable[[Sequence[float]], float], inputs: Any, j: int) -> Estimate:
    """Return the extrapolated difference of a claimed first derivative along input j."""

    def f(step: float) -> float:
        return slope(moved(inputs, j, step))

    return best_tableau(f, centred, 2, float(inputs[j]))


# The oracles by name; these of first derivatives, those of second ones.
FIRST_DERIVATIVES = {
    "exact": exact,
    "complex step": complex_step,
    "mpmath": precise,
    "ridders": ridders,
}
SECOND_DERIVATIVES = {"exact": exact_second, "mpmath": precise_second}


def ask(program: Program, i: int, oracle: str = "auto") -> Estimate:
    """Return the derivative along input i by the named oracle, or by the best that answers."""
    if oracle != "auto":
        return FIRST_DERIVATIVES[oracle](program, i)
    opinions = (
        (exact, precise, complex_step) if program.recorded else (exact, complex_step, precise)
    )
    for opinion in opinions:
        try:
            return opinion(program, i)
        except REFUSALS:
            continue
    return ridders(program, i)
