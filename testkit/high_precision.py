"""Arithmetic of 60 digits, and the error of a float against it."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from mpmath import mp, mpf

from testkit.floats import LARGEST, TINY, ULP

DIGITS = 60  # of the reference arithmetic


def high(x: float | Fraction) -> mpf:
    """Return a number in the reference arithmetic, unrounded."""
    return mp.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else mp.mpf(x)


def exactly(function: Callable[..., Any], *numbers: float | Fraction) -> Any:
    """Return a function of mpmath numbers at the given floats."""
    with mp.workdps(DIGITS):
        return function(*map(high, numbers))


def error(found: float, exact: mpf) -> float:
    """Return the relative error of a float in units of 2**-52."""
    with mp.workdps(DIGITS):
        if exact == 0 or not math.isfinite(found):
            return 0.0 if found == exact else math.inf
        return float(abs((mp.mpf(found) - exact) / exact) / ULP)


def is_normal(exact: mpf | float) -> bool:
    """Tell whether a number is in the range where a double has all its digits."""
    return TINY <= abs(exact) <= LARGEST
