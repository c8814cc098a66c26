"""How far a page's numbers are from the engine's, in ulp of the largest term.

The `Math` of a browser is not the C library's, so last digits differ. Where the terms of a printed
expression cancel, as in a*b - c, the result has the errors of its terms: so the unit is an ulp of
the largest term. A term is a number that the expression computes on its way, times the local
derivatives along one path to the result; the result itself is one.

>>> from autograd import Value, ieee
>>> a = Value(3.0)
>>> largest_term(a * 0.1 - 0.3) == math.ulp(0.3)
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import mpmath

from autograd import Value, ieee
from autograd import primitives as p
from autograd.backward import topological_order
from autograd.primitive_type import Primitive, Variadic
from testkit.javascript import Case, as_number, ulps

MOST_ULPS = 4.0


def largest_of_two(result: float, top: float) -> float:
    """Return an ulp of the larger of two numbers that add up to a result."""
    return math.ulp(max(abs(top), abs(result - top)))


def unit_of_polygamma(result: float, n: int, x: float) -> float:
    """Return an ulp of the largest term: of log(20) less 1/x, ...; left of 0 of both reflections."""
    logarithm = math.ulp(math.log(20.0)) if n == 0 else 0.0
    return logarithm if x > 0 else max(logarithm, largest_of_two(result, p.polygamma(n, 1.0 - x)))


# Functions of floats that are sums which cancel, each with an ulp of its largest term, from its
# result and its operands; rules say of themselves what they add up.
UNITS: dict[Primitive, Callable[..., float]] = {
    p.gelu_slope: lambda out, x: math.ulp(p.normal_cdf(x)),
    p.silu_slope: lambda out, x: math.ulp(p.sigmoid(x)) * max(1.0, -x),
    p.logsumexp: lambda out, *xs: largest_of_two(out, max(xs)),
    p.log_softmax_of: lambda out, i, *xs: largest_of_two(out, xs[i] - max(xs)),
    p.logaddexp2: lambda out, x, y: largest_of_two(out, max(x, y)),
    p.lgamma: lambda out, x: math.ulp(math.lgamma(-x)) if x < 0 else 0.0,
    p.polygamma: unit_of_polygamma,
}


class Further(NamedTuple):
    """A row that may be further off: by how many ulp of its largest term, and why."""

    ulps: float
    reason: str


VALUES = {
    "gamma": Further(8.0, "left of 0 three factors, each with its error, by reflection"),
    "lgamma": Further(8.0, "left of 0 the logarithm of such factors less another one"),
    "polygamma": Further(8.0, "left of 0 a cotangent is taken to the power of n + 1"),
    "sinc_slope": Further(16.0, "a series of alternating terms, or a recurrence that subtracts"),
}
SLOPES = {
    "asinh_slope": Further(8.0, "the result, with its error, is taken to the third power"),
    "erfinv_slope": Further(
        8.0, "the result, with its error, is squared, and an inverse beside it"
    ),
    "squareplus_slope": Further(8.0, "a length, with its error, is taken to the third power"),
    "polygamma": Further(8.0, "its slope is its value of the next order"),
    "sinc_slope": Further(16.0, "its slope is its value of the next order"),
    "gamma": Further(8.0, "a value and a digamma, each with its error, are multiplied"),
}


def most(exceptions: dict[str, Further], op: Primitive) -> float:
    """Return by how many ulp of its largest term a row may be off."""
    return exceptions[op.name].ulps if op.name in exceptions else MOST_ULPS


def value_ulps(found: Any, case: Case) -> float:
    """Return how far a value is from the engine's; or from the exact one, if that is less."""
    wanted = case.value
    if case.op is p.lgamma and ulps(found, wanted) > MOST_ULPS and math.isfinite(wanted):
        # CPython's keeps few digits next to its zeros.
        wanted = float(mpmath.loggamma(case.operands[0].data).real)
    return in_units(found, wanted, own_unit(case.op, case.operands, wanted))


def slope_ulps(found: Any, case: Case, place: int) -> float:
    """Return how far the slope by an operand is from the engine's."""
    wanted = case.slopes[place]
    if ulps(found, wanted) <= 1.0:
        return ulps(found, wanted)
    return in_units(found, wanted, largest_term(slope_expression(case, place)))


def in_units(found: Any, wanted: float, unit: float) -> float:
    """Return how far a number is from another, in units, or in its own ulp where that is larger.

    Zeros, infinities and NaN are equal, the sign of a zero included, or infinitely far.
    """
    off = ulps(found, wanted)
    if not math.isfinite(off) or off == 0:
        return off
    return abs(as_number(found) - wanted) / max(unit, math.ulp(wanted))


def slope_expression(case: Case, place: int) -> Any:
    """Return the slope as its rule computes it, recorded on Values that bear the mark "given".

    The result of the row is none of them: a page has computed it, too.
    """
    operands = [Value(x.data, name="given") if isinstance(x, Value) else x for x in case.operands]
    out = Value(case.value)
    with ieee():
        if isinstance(case.op, Variadic):
            return case.op.rule(operands, out)[place]
        partial = case.op.partials[place]
        assert partial is not None  # there is a slope
        return partial(*operands, out)


def largest_term(root: Any) -> float:
    """Return an ulp of the largest term of an expression that was recorded on Values."""
    if not isinstance(root, Value):
        return 0.0
    order = topological_order(root)
    products = dict.fromkeys(order, 0.0)  # the largest of local derivatives along a path
    products[root] = 1.0
    largest = 0.0
    for node in reversed(order):
        if node.name != "given":
            largest = max(largest, finite_or_0(products[node] * unit_of(node)))
        for parent, slope in zip(node.parents, node.local_derivatives):
            products[parent] = max(products[parent], finite_or_0(abs(slope) * products[node]))
    return largest


def unit_of(node: Value) -> float:
    """Return an ulp of a node, or of the largest term of the function that it is a result of."""
    own = own_unit(node.op, node.operands, node.data) if node.op else 0.0
    return max(math.ulp(node.data), own)


def own_unit(op: Primitive, operands: Sequence[Any], result: float) -> float:
    """Return an ulp of the largest term of a function that cancels; of others 0."""
    numbers = [x.data if isinstance(x, Value) else x for x in operands]
    if op not in UNITS or not all(map(math.isfinite, [*numbers, result])):
        return 0.0
    return UNITS[op](result, *numbers)


def finite_or_0(x: float) -> float:
    """Return a number; 0 for infinities and NaN, which would allow anything."""
    return x if math.isfinite(x) else 0.0
