"""Arithmetic of 60 digits, and the error of a float against it."""

from __future__ import annotations

import math
from fractions import Fraction

from mpmath import mp

from testkit.floats import LARGEST, TINY, ULP

DIGITS = 60  # of the reference arithmetic


def high(x):
    """Return a number in the reference arithmetic, unrounded."""
    return mp.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else mp.mpf(x)


def exactly(function, *numbers):
    """Return a function of mpmath numbers at the given floats."""
    with mp.workdps(DIGITS):
        return function(*map(high, numbers))


def error(found, exact):
    """Return the relative error of a float in units of 2**-52."""
    with mp.workdps(DIGITS):
        if exact == 0 or not math.isfinite(found):
            return 0.0 if found == exact else math.inf
        return float(abs((mp.mpf(found) - exact) / exact) / ULP)


def is_normal(exact):
    """Tell whether a number is in the range where a double has all its digits."""
    return TINY <= abs(exact) <= LARGEST
