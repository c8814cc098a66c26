"""What an oracle answers.

>>> Estimate(2.0, 1e-9, "differences")[:4]
(2.0, 1e-09, 'differences', 0.0)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from autograd.testing.number_types import SlowNumber


class Estimate(NamedTuple):
    """A derivative by an oracle.

    Attributes: slope; error, a bound of |slope - true slope|; oracle, its name; jump, by how much
    the slopes to the left and to the right differ; local, another slope that the function has at
    a finer scale than that of its steps, and local_error, its bound; spread, how much the function
    changes nearby, as a slope; is_flat, whether it changes at all; hidden, how large a slope may
    be over a distance as small as a tiny input.
    """

    slope: Any
    error: float
    oracle: str
    jump: float = 0.0
    local: float | None = None
    local_error: float = 0.0
    spread: float = 0.0
    is_flat: bool = False
    hidden: float = 0.0


def as_float(x: SlowNumber) -> float:
    """Return an oracle's number as a float; what is too large is infinite."""
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf
