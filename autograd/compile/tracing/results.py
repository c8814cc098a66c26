"""What a traced function returned: its numbers, and the structure that results are given back in.

>>> numbers_of("f", [1.0, (2.0, 3.0)]), structure_of([1.0, (2.0, 3.0)])
([1.0, 2.0, 3.0], [0, (0, 0)])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograd.coercion import as_number
from autograd.compile.tracing.ended import EndedValue
from autograd.messages import shown
from autograd.structures import is_0d, is_scalar
from autograd.value import Value

ONE = 0  # the structure of one number


@dataclass(frozen=True)
class ArrayOf:
    """The structure of an array: of so many numbers along each axis."""

    shape: tuple[int, ...]


def numbers_of(name: str, out: Any) -> list[Any]:
    """Return the Values and numbers that a function returned, in order.

    Raises: TypeError: there is something else among them, or nothing; the message says where.
    """
    found = listed(f"{name} returned", "", out)
    if not found:
        raise TypeError(f"{name} returned no number at all; return one, or a list of them")
    return found


def listed(what: str, place: str, x: Any) -> list[Any]:
    """Return the Values and numbers of a result, or of a part of it, in order."""
    if not is_scalar(x):
        parts = enumerate(x)
        return [found for i, part in parts for found in listed(what, f"{place}[{i}]", part)]
    if is_0d(x):
        x = x.item()
    if isinstance(x, Value):
        return [x]
    if isinstance(x, EndedValue):
        x.refuse()
    try:
        return [as_number(x)]
    except TypeError:
        where = f" at {place}" if place else ""
        cure = "; make a list of it: list(...)" if hasattr(x, "__next__") else ""
        raise TypeError(
            f"{what} a {type(x).__name__}{where}, {shown(x)}; return a number, or a list, tuple or"
            f" array of numbers{cure}"
        ) from None


def structure_of(out: Any) -> Any:
    """Return the structure of a result, `ONE` in the place of each number."""
    if is_array(out):
        return ArrayOf(out.shape)
    if is_scalar(out):
        return ONE
    parts = [structure_of(part) for part in out]
    return tuple(parts) if isinstance(out, tuple) else parts


def is_array(x: Any) -> bool:
    """Tell whether x is an array of NumPy's with an axis."""
    return type(x).__module__ == "numpy" and getattr(x, "ndim", 0) > 0
