"""What a traced function returned: its numbers, and the structure that results are given back in.

>>> numbers_of("f", [1.0, (2.0, 3.0)]), structure_of([1.0, (2.0, 3.0)])
([1.0, 2.0, 3.0], [0, (0, 0)])
"""

from __future__ import annotations

from typing import Any

from autograd.coercion import as_number
from autograd.compile.tracing.ended import EndedValue
from autograd.messages import shown
from autograd.structures import filled, is_0d, is_array, is_scalar, parts, steps
from autograd.value import Value

# The structure of one number.
ONE = 0


class ArrayOf:
    """The structure of an array: of so many numbers along each axis."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayOf) and self.shape == other.shape

    __hash__ = None  # type: ignore[assignment]


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
        inner = zip(steps(x), parts(x))
        return [found for step, part in inner for found in listed(what, f"{place}{step}", part)]
    if is_0d(x):
        x = x.item()
    if isinstance(x, Value):
        return [x]
    if isinstance(x, EndedValue):
        x.refuse()
    try:
        return [as_number(x)]
    except TypeError:
        where = f" at {place.strip()}" if place else ""
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
    return filled(out, [structure_of(part) for part in parts(out)])


def is_one(structure: object) -> bool:
    """Tell whether a result is a single number."""
    return type(structure) is int
