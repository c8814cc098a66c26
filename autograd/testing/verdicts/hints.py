"""What to do next, as the messages of a gradient check say it."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.testing.mpmath_context import has_mpmath
from autograd.testing.number_types import Numbers
from autograd.testing.oracles.program import Program
from autograd.testing.verdicts.report import MAX_DOUBT, Component

INSTALL = 'pip install "chainrule[testing]"'
# An error of a smaller share is what float32 makes.
SINGLE_PRECISION = 1e-6
# Of the largest derivative: another one of no more is small beside it.
SMALL_BESIDE = 1e-6


def for_unsure(part: Component, found: Sequence[Component], program: Program) -> str:
    """Return what would decide where no oracle could."""
    largest = max(other.scale for other in found)
    small = part.limit <= MAX_DOUBT * largest and part.scale <= SMALL_BESIDE * largest
    if program.recorded and not has_mpmath():
        return f"arithmetic of many digits would decide: {INSTALL}"
    if small:
        return (
            f"it is small beside the largest derivative, {largest:.3g}: atol={2 * part.limit:.1g} "
            "passes what such a one may be off"
        )
    if part.local is not None:
        return (
            f"the function goes in steps, and between them its slope is {part.local:.10g}: "
            "compute it in float64 throughout"
        )
    better = "written with the functions of autograd, or of `math`, it could be judged"
    if not has_mpmath():
        better = f"for functions of `math` {INSTALL} may decide; else a function of Values would"
    allowed = f"atol={2 * part.limit:.1g} passes what is off by no more" if part.limit < 1 else ""
    return f"{better}; {allowed}" if allowed else better


def for_wrong(wrong: Sequence[Component], claims: Numbers | None) -> Iterator[str]:
    """Yield hints for a gradient that is wrong by little."""
    is_slight = all(part.error <= SINGLE_PRECISION * part.scale for part in wrong)
    if claims and is_slight and all(is_single(part.claimed) for part in wrong):
        yield "the claims have the precision of float32: rtol=1e-5 passes them"


def is_single(x: Any) -> bool:
    """Tell whether a number is one of float32."""
    try:
        packed = struct.pack("f", x)
        (found,) = struct.unpack("f", packed)
        return bool(found == x)
    except (OverflowError, TypeError, struct.error):
        return False
