"""Checking the gradient of a function against the best oracle that can judge it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd.coercion import as_number
from autograd.structures import flatten
from autograd.testing import oracles
from autograd.testing.directions import check_directions
from autograd.testing.judge import DEFAULT_RTOL, Check
from autograd.testing.number_types import Function, plain_number
from autograd.testing.verdicts.report import GradientMismatch, NonDifferentiablePoint, Report

__all__ = ["check_gradients", "GradientMismatch", "NonDifferentiablePoint", "Report"]

ORACLES = ("auto", *oracles.FIRST_DERIVATIVES)


def check_gradients(
    f: Function,
    *args: Any,
    gradient: Any = None,
    order: int = 1,
    oracle: str = "auto",
    rtol: float | None = None,
    atol: float | None = None,
    directions: Any = None,
) -> Report:
    """Check the derivatives of a function at a point, and return what was found.

    Any function of numbers or of structures of numbers, with one result or a structure of them:
    ours, a primitive, or a function of floats together with the gradient that is claimed for it.
    The best oracle that can evaluate the function judges (see `autograd.testing.oracles`).

    An error counts as wrong where it is larger than ``rtol * S`` plus the bound of the oracle's own
    error plus the effect of rounding, where S is the path sum. So a gradient of 1e-9 is judged as
    sharply as one of 1e6, and a gradient that rounding drowns is not called wrong. That bound,
    relative to S, is the *resolution* of the verdict: no fault of more than twice as much passes,
    and where it is above 1e-4 the check is inconclusive. Of a function that is not recorded, S is
    the size of the derivative.

    Args:
        f: a function of Values, or of floats where `gradient` is given.
        args: the point: numbers, or structures of them, such as lists, dicts and arrays; Fractions
            are checked exactly.
        gradient: the claimed gradient: one number for each input, for each output in turn, as a
            list or an array, or in the structure of the arguments; or a function of the same
            arguments that returns that. By default, the engine's own.
        order: 2 checks the second derivatives as well.
        oracle: "auto", "exact", "complex step", "mpmath" or "differences".
        rtol: share of the path sum that passes, 1e-9 unless given; atol: what passes besides, 0.
        directions: "random", or how many: derivatives along random directions are checked instead
            of those by every input, with a number of evaluations that does not grow with the
            inputs; the report says what that can miss.

    Returns: a `Report`.
    Raises:  GradientMismatch when a derivative is wrong, which says what mistake is likely;
             NonDifferentiablePoint where there is none; InconclusiveCheck where no oracle can tell,
             NotDeterministic where the function answers differently each time; ValueError for
             arguments that are not finite, TypeError for a function that takes no Values and has
             no gradient.
    Cost:    about four evaluations of f on slow numbers for every input and output; of a function
             of floats 50, up to 900 of one that is not smooth.

    >>> from autograd import sigmoid
    >>> print(check_gradients(lambda x, y: x * sigmoid(y), 3.0, 0.5))
    <lambda>: 2 derivatives right, by mpmath; resolution 1e-09; worst error ... allowed
    >>> check_gradients(lambda x: x**3, 2.0, gradient=lambda x: 3 * x)
    Traceback (most recent call last):
    autograd.testing.GradientMismatch: wrong gradient of <lambda>
      inputs: 2.0
      x: 6, but exact gives 12; error 6, at most 1.2e-08 allowed
      likely: half the right value...
    """
    checked_settings(args, order, oracle, directions)
    rtol = checked_share("rtol", rtol, DEFAULT_RTOL)
    atol = checked_share("atol", atol, 0.0)
    check = Check(f, args, gradient, oracle, rtol, atol)
    if directions:
        return check_directions(check, directions)
    components = []
    for output in range(check.outputs):
        components += check.first(output)
    # All first derivatives come first: a second one of a wrong first one tells little.
    if order == 2:
        for output in range(check.outputs):
            components += check.second(output)
    return Report(check.name, check.inputs, components)


def checked_share(name: str, share: float | None, default: float) -> float:
    """Return an allowance that was passed, or what is taken where none was."""
    if share is None:
        return default
    if not 0 <= share < math.inf:
        raise ValueError(f"{name}={share!r}: a share of the path sum, or an error, is 0 or more")
    return share


def checked_settings(args: Sequence[object], order: int, oracle: str, directions: object) -> None:
    """Raise for settings that mean nothing."""
    if order not in (1, 2):
        raise ValueError(f"order {order!r}: first and second derivatives can be checked, 1 or 2")
    if oracle not in ORACLES:
        raise ValueError(f"oracle {oracle!r} is not known; choose from {', '.join(ORACLES)}")
    is_count = isinstance(directions, int) and not isinstance(directions, bool) and directions > 0
    if directions is not None and directions != "random" and not is_count:
        raise ValueError(f'directions={directions!r}: pass "random", or how many')
    if directions is not None and order == 2:
        raise ValueError("order=2 checks derivatives by every input: leave out directions=")
    for i, x in enumerate(flatten(args)):
        plain = as_number(plain_number(x))
        if not math.isfinite(plain):
            raise ValueError(f"input {i} is {plain}: a gradient is checked at finite numbers")
