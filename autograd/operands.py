"""What an operand may be, and what an error says about one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import inf
from numbers import Integral, Real
from typing import Any

from autograd.row import Primitive


def number(x: Any) -> Any:
    """Return a plain operand as a float, an int or a Fraction, or say what to pass instead."""
    if type(x) in (float, int) or isinstance(x, Fraction):
        return x
    if isinstance(x, Integral):
        return int(x)  # a bool is the number it is in Python
    if isinstance(x, Real):
        return float(x)  # at once: one NumPy float32 must not drag a sum down
    if (
        type(x).__module__ == "numpy"
        and getattr(x, "ndim", 1) == 0
        and type(x.item()) is not type(x)
    ):
        return float(number(x.item()))  # a bool, or an array without dimensions
    cure = {
        "str": "float(text)",
        "Decimal": "float(x), or Fraction(x) to stay exact",
        "complex": "its real and imaginary parts: the engine is real",
        "NoneType": "a number: did a function forget its return?",
    }.get(type(x).__name__, "its elements" if hasattr(x, "__len__") else "a number")
    raise TypeError(f"{type(x).__name__} {x!r:.60} is not a real number; pass {cure}")


def explained(error: Exception, op: Primitive, operands: Sequence[Any]) -> Exception:
    """Return the same exception with the operation, its operands and their names in the text."""
    shown = [
        (f"{x.name}=" if x.name else "") + repr(x.data) if hasattr(x, "record") else repr(x)
        for x in operands
    ]
    domain = f"; domain {op.domain}" if any(side != (-inf, inf) for side in op.domain) else ""
    return type(error)(f"{op.spell(*shown)}: {error}{domain}")


def refusable(x: Any) -> bool:
    """Tell whether an operand of this type is surely a mistake, and no other interpreter."""
    return x is None or type(x).__module__ in ("builtins", "decimal", "numpy")
