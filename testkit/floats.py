"""Doubles: their roundoff, their range, and when two of them are the same."""

from __future__ import annotations

import math
import struct

U = 2.0**-53  # unit roundoff
ULP = 2.0**-52  # errors are counted in this, relative to the exact number
TINY = 2.0**-1022  # the smallest number with all its digits
SMALLEST = 5e-324
LARGEST = math.nextafter(math.inf, 0.0)


def bits(x: object) -> tuple[object, object]:
    """Return what two results must share to be the same: the type, and the bits of a float."""
    return (
        ("float", "nan" if x != x else struct.pack("<d", x)) if type(x) is float else (type(x), x)
    )


def same(x: float, y: float) -> bool:
    """Tell whether two numbers are equal or both NaN; the sign of a zero does not count."""
    return x == y or (x != x and y != y)
