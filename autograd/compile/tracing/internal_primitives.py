"""Primitives that only the compiler knows: parts of others, choices, and the logic of masks.

The shares of one softmax have their exponentials and their sum in common. So a softmax is written
to the tape in parts, which are computed once. The parts have no derivative: that of a share is the
table's, for the whole. Python's own `max` and `min` of plain numbers are rows here as well.
"""

from __future__ import annotations

import operator
from typing import Any

from autograd import primitives as p
from autograd.coercion import Operands
from autograd.given import attached, slope_of
from autograd.primitive_type import Primitive, Variadic
from autograd.scalar_math import exp_of_difference


def exponential(x: float, top: float) -> float:
    """Return exp(x - top), and 1 for the top itself, also where that is infinite."""
    return 1.0 if x == top else exp_of_difference(x, top)


def share_rule(operands: Operands, out: Any) -> list[Any]:
    """The slopes of the softmax of which a share is a part."""
    return [None, None, *p.softmax_of.rule(operands[2:], out)]


def no_rule(operands: Operands, out: object) -> list[Any]:
    """A choice among plain numbers has no slope, nor one among numbers only shifted by it."""
    return [0] * len(operands)


# fmt: off
either = Primitive("|", lambda x, y: bool(x) or bool(y), None, None, smooth=False)
both = Primitive("&", lambda x, y: bool(x) and bool(y), None, None, smooth=False)
shifted = Primitive("exp_of_difference", exponential, None, None)
quotient = Primitive("/", operator.truediv, None, None)
top = Variadic("maximum", p.largest.forward, no_rule)
share = Variadic("softmax", lambda part, whole, *_: part / whole, share_rule)
built_in_max = Variadic("max", max, no_rule)  # the first of equals; NaN compares false
built_in_min = Variadic("min", min, no_rule)
# fmt: on

INTERNAL_NAMES = {
    either: "either",
    both: "both",
    shifted: "shifted",
    quotient: "quotient",
    top: "top",
    built_in_max: "built_in_max",
    built_in_min: "built_in_min",
    attached: "attached",
    slope_of: "slope_of",
}
CHOICES = (top, built_in_max, built_in_min)
for row, name in [*INTERNAL_NAMES.items(), (share, "share")]:
    # Tapes are copied and pickled.
    row.name = name
    row.__module__ = __name__


def differentiable(op: Primitive, i: int) -> bool:
    """Tell whether a primitive has a derivative with respect to its i-th operand."""
    if op is share:
        # After the exponential, the sum and the index.
        return i > 2
    if isinstance(op, Variadic):
        return op not in CHOICES
    return op.partials[i] is not None
