"""Whether numbers are finite, and a step of descent that keeps them so."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def descend(parameters: Array, gradient: Array, step_size: float, finite: bool) -> bool:
    """Move parameters down a gradient, unless they had to be finite and would not be."""
    # Behind the parameters stand numbers that have no gradient.
    moved = parameters[: len(gradient)]
    with np.errstate(all="ignore"):
        new = step_size * gradient
        np.subtract(moved, new, out=new)
        if finite and not all_finite(new):
            return False
    moved[:] = new
    return True


def all_finite(numbers: Array) -> bool:
    """Tell whether all numbers are finite."""
    # A square may be infinite where its number is not; that is rare, so squares are asked first.
    return isfinite(np.vdot(numbers, numbers)) or bool(np.isfinite(numbers).all())
