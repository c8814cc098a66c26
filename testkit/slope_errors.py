"""How far the slope that a row records is off, in ulp, and how far it is allowed to be, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

from mpmath import mp, mpf

from autograd import Value
from autograd import primitives as p
from testkit.closed_forms import EXACT, cumulative, logistic, phi
from testkit.floats import TINY, ULP
from testkit.high_precision import DIGITS, error, exactly, is_normal

Operands = Sequence[float]
Allowed = Callable[[Operands, float | None, mpf], float]


class Loss(NamedTuple):
    """Where a slope is worse than 4 ulp, by how much, and why."""

    allowed: Callable[..., float]  # (operands, out, exact slope) -> ulp
    reason: str


def subnormal(exact: mpf) -> float:
    """Return the ulp lost where an intermediate number lies below the normal range."""
    return (
        2 * TINY / float(abs(exact))
        if abs(exact) < TINY and float(exact)
        else 0.0
        if exact
        else inf
    )


def of_power(operands: Operands, out: float | None, exact: mpf) -> float:
    x, y = map(mp.mpf, operands)
    if not is_normal(x ** (y - 1)):
        return inf
    return 4 + float(abs(mp.mpf(operands[1] - 1) - (y - 1)) * abs(mp.log(x))) / ULP


def near_root(size: Callable[..., mpf]) -> Allowed:
    """Allow 4 ulp of the terms that cancel, where the slope itself is smaller."""
    return lambda operands, out, exact: 4 * max(1.0, float(size(*operands) / abs(exact)))


def silu_terms(x: mpf) -> mpf:
    return logistic(x) * (1 + abs(x))


def gelu_terms(x: mpf) -> mpf:
    return cumulative(x) + abs(x) * phi(x)


def mish_terms(x: mpf) -> mpf:
    return mp.tanh(mp.log1p(mp.exp(x))) * (1 + abs(x))


def of_sinc(operands: Operands, out: float | None, exact: mpf) -> float:
    n, x = operands[0] + 1, operands[1]
    return 16 * max(0.25, math.pi**n / max(n + 1.0, math.pi * abs(x)) / float(abs(exact)))


CBRT = "the C library's cube root may be wrong by 3 ulp, and the slope takes its square"
LOSSES = {
    ("cbrt", 0): Loss(lambda *_: 9, CBRT),
    ("power", 0): Loss(
        of_power, "the rounding of y - 1 is amplified by |log x|; x**(y-1) may overflow"
    ),
    ("power", 1): Loss(
        lambda v, out, exact: 4 + subnormal(mp.mpf(v[0]) ** v[1]), "out is subnormal"
    ),
    ("div", 1): Loss(lambda v, out, exact: 4 + subnormal(mp.mpf(v[0]) / v[1]), "out is subnormal"),
    ("atan2", 0): Loss(
        lambda v, out, exact: 4 + of_angle(v[1], v), "a quotient or the radius is subnormal"
    ),
    ("atan2", 1): Loss(
        lambda v, out, exact: 4 + of_angle(v[0], v), "a quotient or the radius is subnormal"
    ),
    ("hypot", 0): Loss(lambda v, out, exact: 4 + subnormal(mp.hypot(*v)), "out is subnormal"),
    ("hypot", 1): Loss(lambda v, out, exact: 4 + subnormal(mp.hypot(*v)), "out is subnormal"),
    ("gaussian", 0): Loss(
        lambda v, out, exact: 4 + subnormal(EXACT["gaussian"][0](*map(mp.mpf, v))),
        "out is subnormal",
    ),
    ("gamma", 0): Loss(
        near_root(lambda x: mp.gamma(x)), "the slope has a root at 1.46, that of digamma"
    ),
    ("asech_slope", 0): Loss(
        near_root(lambda x: (2 * x * x + 1) / x**2 / mp.sqrt(1 - x * x) ** 3),
        "the slope has a root at 0.71",
    ),
    ("silu_slope", 0): Loss(
        near_root(lambda x: logistic(x) * logistic(-x) * (2 + abs(x))),
        "the slope has roots at -2.4 and 2.4",
    ),
    ("gelu_slope", 0): Loss(
        lambda v, out, exact: (
            near_root(lambda x: phi(x) * (2 + x * x))(v, out, exact)
            + 2 * subnormal(mp.exp(-(mp.mpf(v[0]) ** 2) / 2))
        ),
        "the slope has roots at -1.41 and 1.41; below -37.6 the density is subnormal",
    ),
    ("mish", 0): Loss(near_root(mish_terms), "the slope has a root at -1.19"),
    ("sinc_slope", 1): Loss(of_sinc, "the derivatives of sinc have roots: their terms cancel"),
    ("lgamma", 0): Loss(near_root(lambda x: 1), "digamma has a root at 1.46"),
    ("silu", 0): Loss(
        lambda v, out, exact: (
            near_root(silu_terms)(v, out, exact) + subnormal(logistic(v[0])) * abs(v[0])
        ),
        "the slope has a root at -1.28; below -708 the sigmoid is subnormal",
    ),
    ("gelu", 0): Loss(
        lambda v, out, exact: (
            near_root(gelu_terms)(v, out, exact) + 2 * subnormal(mp.exp(-(mp.mpf(v[0]) ** 2) / 2))
        ),
        "the slope has a root at -0.75; below -37.6 the density is subnormal",
    ),
}


def of_angle(numerator: float, v: Operands) -> float:
    radius = mp.hypot(*v)
    return subnormal(mp.mpf(numerator) / radius) + 2 * subnormal(radius)


def recorded_slope(name: str, operands: Operands, i: int) -> tuple[float | None, float | None]:
    """Return the slope a node records at operand i, 0.0 where it has no edge; None where it cannot."""
    values = [Value(x) if slope else x for x, slope in zip(operands, EXACT[name][1:])]
    try:
        out = p.TABLE[name](*values)
    except (ValueError, ArithmeticError):
        return None, None
    slopes = dict(zip(map(id, out.parents), out.local_derivatives))
    return out.data, slopes.get(id(values[i]), 0.0)


def excess(name: str, i: int, operands: Operands) -> tuple[float, float]:
    """Return the error of a slope and the allowed one, in ulp; nothing where a double cannot hold it."""
    out, slope = recorded_slope(name, operands, i)
    with mp.workdps(DIGITS):
        try:
            exact = exactly(EXACT[name][1 + i], *operands)
        except ZeroDivisionError:
            return 0.0, 4.0  # no closed form at the origin: the conventions say what holds there
        if out is None or slope is None or math.isinf(out) or not is_normal(exact):
            return 0.0, 4.0
        loss = LOSSES.get((name, i))
        return error(slope, exact), loss.allowed(operands, out, exact) if loss else 4.0


def wrong_slope(name: str, i: int, operands: Operands) -> str | None:
    """Return what is wrong with a slope, and which file to mend; None where nothing is."""
    found, allowed = excess(name, i, operands)
    if found <= allowed:
        return None
    _, slope = recorded_slope(name, operands, i)
    exact = exactly(EXACT[name][1 + i], *operands)
    return (
        f"the partial by operand {i} of {name} at {tuple(operands)} is {slope!r}, 60 digits give "
        f"{float(exact)!r}: {found:.3g} ulp apart, {allowed:.3g} allowed: {MEND}"
    )


MEND = (
    "mend the partial in autograd/primitives.py, or state its loss with the reason in LOSSES of "
    "testkit/slope_errors.py"
)
