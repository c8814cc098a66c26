"""How far the value that a row computes is off, in ulp, and how far it is allowed to be, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from mpmath import mpf

from autograd import primitives as p
from autograd.primitive_type import Variadic
from autograd.testing.mpmath_context import context
from autograd.testing.mpmath_functions import precise_function, real
from testkit.floats import LARGEST, TINY
from testkit.high_precision import error
from testkit.points import INDEXED, LISTS, points
from testkit.slope_errors import LOSSES, Loss

Operands = Sequence[float]
Allowed = Callable[[Operands, mpf], float]

MAX_ULP = 4.0  # of a value, unless stated below
DIGITS = 80  # of the reference, for what it cancels itself
MANY_DIGITS = 1200  # for a second opinion, where a value seems wrong


def near(*roots: float) -> Allowed:
    """Allow an absolute error of 4 ulp of 1 close to the roots of a function, 4 ulp elsewhere."""

    def allowed(operands: Operands, exact: mpf) -> float:
        if not exact or min(abs(operands[-1] - root) for root in roots) > 0.5:
            return MAX_ULP
        return MAX_ULP * max(1.0, 1.0 / float(abs(exact)))

    return allowed


def sum_near_0(operands: Operands, exact: mpf) -> float:
    """Allow 4 ulp of the larger operand, where it and the logarithm nearly cancel."""
    return MAX_ULP * max(1.0, float(max(map(abs, operands)) / abs(exact))) if exact else math.inf


def sinc_terms(n: float, x: float) -> float:
    """Return the size of the terms of which the n-th derivative of sinc is made."""
    return math.pi**n / max(n + 1.0, math.pi * abs(x))


def of_sinc(operands: Operands, exact: mpf) -> float:
    """Allow 16 ulp of the terms, where a derivative of sinc is smaller than they are."""
    n, x = operands
    return 16.0 * max(0.25, float(sinc_terms(n, x) / abs(exact))) if n and exact else MAX_ULP


def of_terms(loss: Loss) -> Allowed:
    """Allow a value, which is a slope, what the slope is allowed."""
    return lambda operands, exact: loss.allowed(operands, None, exact)


VALUE_LOSSES = {
    "silu_slope": Loss(of_terms(LOSSES["silu", 0]), LOSSES["silu", 0].reason),
    "gelu_slope": Loss(of_terms(LOSSES["gelu", 0]), LOSSES["gelu", 0].reason),
    "logaddexp2": Loss(sum_near_0, "a negative number and a logarithm of the same size cancel"),
    "sinc_slope": Loss(of_sinc, "the derivatives of sinc have roots: their terms cancel"),
    "lgamma": Loss(near(1.0, 2.0), "Python's lgamma has an absolute error next to its roots"),
    "polygamma": Loss(near(1.4616321449683622), "digamma has a root at 1.46: its terms cancel"),
}


def points_of_value(name: str) -> list[tuple[float, ...]]:
    """Return the operands at which the value of a row is tried."""
    if not isinstance(p.TABLE[name], Variadic):
        return points(name)
    if name == "inner_product":
        return [(0.5, *xs, *reversed(xs)) for xs in LISTS]
    if name in INDEXED:
        return [(i, *xs) for xs in LISTS for i in range(len(xs))]
    return list(LISTS)


def exact_value(name: str, operands: Operands, digits: int = DIGITS) -> mpf | None:
    """Return the value of a row in many digits; None where it is undefined, or is not real."""
    with context().workdps(digits):
        try:
            return real(precise_function(name)(*map(context().mpf, operands)))
        except (ValueError, ArithmeticError):
            return None


def value_error(found: float, exact: mpf) -> float:
    """Return the error of a value in ulp; below the normal range a value need only be as small."""
    if 0 < abs(exact) < TINY:
        return 0.0 if abs(found) <= 2 * TINY else math.inf
    return error(found, exact)


def wrong_value(name: str, operands: Operands) -> str | None:
    """Return what is wrong with a value, and which file to mend; None where nothing is."""
    exact = exact_value(name, operands)
    place = f"{name}{tuple(operands)}"
    if exact is None:
        return (
            f"{place} lies in the domain of the row, but 60 digits give no real number there: "
            f"state domain= in autograd/primitives.py, or mend the form of {name} in "
            "autograd/testing/mpmath_functions.py"
        )
    if abs(exact) > LARGEST:
        return None
    try:
        found = p.TABLE[name].forward(*operands)
    except (ValueError, ArithmeticError) as failure:
        return (
            f"{place} raises {type(failure).__name__} ({failure}), but 60 digits give "
            f"{float(exact)!r}: {MEND}"
        )
    loss = VALUE_LOSSES.get(name)
    allowed = loss.allowed(operands, exact) if loss else MAX_ULP
    off = value_error(found, exact)
    if off <= allowed:
        return None
    finer = exact_value(name, operands, MANY_DIGITS)
    if finer is not None and value_error(float(finer), exact) > MAX_ULP:
        return (
            f"{place} is {float(exact)!r} by {DIGITS} digits but {float(finer)!r} by {MANY_DIGITS}: the "
            f"form of {name} in autograd/testing/mpmath_functions.py loses digits here; write it "
            "without a difference of nearly equal numbers"
        )
    return (
        f"{place} is {found!r}, but 60 digits give {float(exact)!r}: {off:.3g} ulp apart, "
        f"{allowed:.3g} allowed: {MEND}"
    )


MEND = (
    "mend the float function in autograd/primitives.py (or autograd/scalar_math.py), or state the "
    "loss with its reason in VALUE_LOSSES of testkit/value_errors.py"
)
