"""Second derivatives of the rows of the table: what they are, where they end, and how far off.

What is judged is `gradients` twice, as `hessian` does it. The judge is the oracle of 60 digits, and
at the infinities what the function does far out.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator
from math import inf, nan
from typing import Any

from autograd import Value, gradients, ieee
from autograd import primitives as p
from autograd.primitive_type import Variadic
from autograd.testing.mpmath_context import context
from autograd.testing.oracles import Program, precise, precise_second
from testkit.floats import TINY, ULP
from testkit.points import PARAMETERS, inside

POINTS = [
    0.0, 5e-324, 1e-310, 1e-200, 1e-100, 1e-30, 1e-20, 1e-16, 1e-8, 1e-5, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.75, 0.9,
    0.999, 1 - 1e-8, 1 - 2.0**-53, 1.0, 1 + 2.0**-52, 1 + 1e-8, 1.25, 1.5, 2.0, 2.5, 3.0, 5.0, 7.5, 10.0, 18.7,
    26.5, 37.5, 100.0, 354.3, 700.0, 709.7, 744.0, 1e3, 1e6, 1e15, 1e22, 1e50, 1e100, 1e154, 1e200, 1e300,
]  # fmt: skip
COARSE = [1e-200, 1e-20, 0.1, 0.9, 1.0, 1.5, 3.0, 20.5, 300.25, 1e5, 1e100]
FAR, FARTHER = 1e30, 1e60
LARGEST = sys.float_info.max
ENTIRE = ("cbrt", "csc", "cot", "csch", "coth", "acsch", "asec", "acsc", "acoth", "log1mexp")
# Rows whose domain is said to be one side, but which are as good on the other.


def second(name: str, operands: tuple[Any, ...], i: int, j: int) -> float:
    """Return a recorded second derivative of a row, under `ieee()`."""
    row = p.TABLE[name]
    plain = PARAMETERS.get(name, {})
    with ieee():
        values = [x if k in plain else Value(x) for k, x in enumerate(operands)]
        out = row(values) if isinstance(row, Variadic) else row(*values)
        (slope,) = gradients(out, [values[i]])
        (curvature,) = gradients(slope, [values[j]])
    return float(curvature.data)


def first(name: str, operands: tuple[Any, ...], i: int) -> float:
    """Return a recorded slope of a row, under `ieee()`."""
    row = p.TABLE[name]
    plain = PARAMETERS.get(name, {})
    with ieee():
        values = [x if k in plain else Value(x) for k, x in enumerate(operands)]
        (slope,) = gradients(row(*values), [values[i]])
    return float(slope.data)


def program_of(name: str, operands: tuple[Any, ...]) -> tuple[Program, dict[int, int]]:
    """Return a row as a program of its variables, and where each operand stands among them."""
    plain = PARAMETERS.get(name, {})
    places = [k for k in range(len(operands)) if k not in plain]

    def function(*variables: Any) -> Any:
        remaining = iter(variables)
        return p.TABLE[name](
            *(x if k in plain else next(remaining) for k, x in enumerate(operands))
        )

    variables = tuple(operands[k] for k in places)
    return Program(function, variables), {k: n for n, k in enumerate(places)}


def exact_second(name: str, operands: tuple[Any, ...], i: int, j: int) -> Any:
    """Return a second derivative of a row in many digits; None where it has none."""
    program, place = program_of(name, operands)
    try:
        return precise_second(program, place[i], place[j]).slope
    except (ValueError, ArithmeticError):
        return None


def numbers_of(name: str, k: int, sizes: list[float]) -> list[float]:
    """Return at what numbers an operand of a row is tried."""
    special = PARAMETERS.get(name, {})
    if k in special:
        return list(special[k])
    found = set(inside(p.TABLE[name].domain[k], sizes))
    if name in ENTIRE:
        found |= {-x for x in found}
    return sorted(x for x in found if abs(x) <= 1e300)


def points_of(name: str) -> Iterator[tuple[Any, ...]]:
    """Yield the points at which second derivatives of a row are tried."""
    arity = len(p.TABLE[name].partials)
    sizes = POINTS if arity - len(PARAMETERS.get(name, {})) == 1 else COARSE
    yield from itertools.product(*(numbers_of(name, k, sizes) for k in range(arity)))


def off(found: float, exact: Any) -> float:
    """Return the error of a number in ulp; of one that no float can hold, whether it is as good."""
    if abs(exact) > LARGEST:
        return 0.0 if abs(found) == inf or abs(found) > 1e300 else inf
    if abs(exact) < 4 * TINY:
        return 0.0 if abs(found) <= 8 * TINY else inf
    if not math.isfinite(found):
        return inf
    return float(abs(found - exact) / abs(exact)) / ULP


def limits_far_out(name: str, side: float) -> list[float]:
    """Return the limits of value, slope and curvature of a row of one operand; NaN: none."""
    found = []
    for far in ([FAR, FARTHER],):
        numbers = [[derivative(name, side * x, order) for x in far] for order in (1, 2)]
        found = [limit_of(*pair) for pair in numbers]
    return found


def derivative(name: str, x: float, order: int) -> Any:
    """Return a derivative of a row of one operand in many digits."""
    program, _ = program_of(name, (x,))
    with context().workdps(400):
        return precise(program, 0).slope if order == 1 else precise_second(program, 0, 0).slope


def limit_of(near: Any, far: Any) -> float:
    """Return the limit that two numbers on the way to it are of."""
    if abs(far) < 1e-20:
        return 0.0
    if abs(far) > 1e20 or abs(far) > 1.5 * abs(near):
        return math.copysign(inf, far)
    return float(far) if abs(far - near) <= 1e-9 * abs(far) else nan
