"""Second opinions on a derivative, from exact fractions to differences of floats.

Each oracle takes a `Program`, a function of n floats with one output, and a direction: the index of
an input, or a weight for each input. It gives the derivative along it with a bound of its own
error. They are asked in this order, and the first that can answer does (of a function that we
record, the third before the second):

1. `exact`: dual numbers on fractions; no error at all. For + - * / and integer powers.
2. `complex step`: Im f(x + ih) / h in floats. For functions that take complex numbers.
3. `mpmath`: the same step with 60 digits. For primitives and functions of `math`.
4. `differences`: values of floats, at several scales. For everything; may not know.

>>> cube = Program(lambda x: x**3, (2.0,))
>>> ask(cube, 0).slope
Fraction(12, 1)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd.testing.mpmath_context import NotLiftable
from autograd.testing.number_types import Function, Numbers
from autograd.testing.oracles.complex_step import NotAnalytic, complex_step
from autograd.testing.oracles.differences import UNIT_ROUNDOFF, differences
from autograd.testing.oracles.estimate import Estimate
from autograd.testing.oracles.lifted import (
    bend_jump,
    exact,
    exact_second,
    exact_value,
    precise,
    precise_second,
    precise_value,
    scale,
    with_jump,
)
from autograd.testing.oracles.program import REFUSALS, Direction, Program, refilled

__all__ = [
    "ask", "bend_jump", "differences", "Estimate", "precise", "precise_second", "precise_value",
    "Program", "refilled", "REFUSALS", "scale", "UNIT_ROUNDOFF", "with_jump",
]  # fmt: skip

# Values of floats and of slow numbers that differ by a smaller share are the same.
SAME = 1e-8
SLOW = {"exact": exact_value, "mpmath": precise_value}
# Differences whose error is a smaller share of the slope need no better oracle.
SHARP = 1e-7

# The oracles by name; these of first derivatives, those of second ones.
FIRST_DERIVATIVES = {
    "exact": exact,
    "complex step": complex_step,
    "mpmath": precise,
    "differences": differences,
    # As it was called once.
    "ridders": differences,
}
SECOND_DERIVATIVES = {"exact": exact_second, "mpmath": precise_second}


def ask(program: Program, direction: Direction, oracle: str = "auto") -> Estimate:
    """Return the derivative along a direction by the named oracle, or the best that answers."""
    if oracle != "auto":
        return FIRST_DERIVATIVES[oracle](program, direction)
    if program.recorded:
        found = first_of(("exact", "mpmath", "complex step"), program, direction)
        return found or differences(program, direction)
    rough = None
    # Slower numbers for each of the inputs would take too long.
    if program.is_long:
        rough = differences(program, direction)
        if rough.error <= SHARP * abs(rough.slope) or rough.is_flat or not rough.slope:
            return rough
    found = first_of(("exact", "complex step", "mpmath"), program, direction)
    return found or rough or differences(program, direction)


def is_same(program: Program, name: str) -> bool:
    """Tell whether a function gives on slow numbers what it gives on floats, at two points.

    It may do something else there, where it looks at the type of its argument.
    """
    key = (name, program.output)
    if key not in program.compared:
        value = SLOW[name]
        moved = [x * 1.03125 + 0.03125 for x in map(float, program.inputs)]
        points = [program.inputs, moved]
        program.compared[key] = all(agrees(program, value, numbers) for numbers in points)
    return program.compared[key]


def agrees(program: Program, value: Function, numbers: Numbers) -> bool:
    """Tell whether a function has the same value on slow numbers as on floats, where it has one."""
    try:
        arguments = refilled(program.args, map(float, numbers))
        wanted = program.float_of(arguments)
    except REFUSALS:
        # Where it is not defined there is nothing to compare.
        return True
    try:
        found = float(value(program, numbers))
    except NotLiftable:
        raise
    except REFUSALS:
        return not math.isfinite(wanted)
    size = max(abs(found), abs(wanted))
    return abs(found - wanted) <= SAME * size or wanted != wanted


def first_of(names: Sequence[str], program: Program, direction: Direction) -> Estimate | None:
    """Return the answer of the first oracle that can give one; one that never can is not asked."""
    for name in names:
        if name in program.refusing:
            continue
        try:
            if name in SLOW and not program.recorded and not is_same(program, name):
                program.refusing.add(name)
                continue
            return FIRST_DERIVATIVES[name](program, direction)
        except NotAnalytic:
            # Not here; elsewhere it may be.
            continue
        except NotLiftable:
            program.refusing.add(name)
        except REFUSALS:
            continue
    return None
