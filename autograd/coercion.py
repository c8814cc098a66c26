"""What an operand may be, and how it becomes a number.

>>> as_number(True), as_data(2), elements("dot", range(3))
(1, 2.0, (0, 1, 2))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import inf
from numbers import Integral, Real
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, Protocol, SupportsFloat

from autograd.messages import explained, shown

if TYPE_CHECKING:
    from autograd.primitive_type import Primitive
    from autograd.value import Value


class Recording(Protocol):
    """What says itself what it means to apply a primitive to it: a Value, a Symbol."""

    def record(self, op: Primitive, operands: Sequence[Any]) -> Any:
        """Apply a primitive to operands of which this is one."""


# Of plain numbers all that can be floats: those of NumPy are real numbers, too.
Operand = SupportsFloat | Recording
Operands = Sequence[Any]
Number = float | Fraction
Numbers = Sequence[Number]


def as_number(x: object) -> Any:
    """Return a plain operand as a float, an int or a Fraction.

    Raises: TypeError: it is no real number; the message says what to pass instead.
    """
    if type(x) in (float, int) or isinstance(x, Fraction):
        return x
    # A bool is the number it is in Python.
    if isinstance(x, Integral):
        return int(x)
    # At once: one NumPy float32 must not drag a sum down.
    if isinstance(x, Real):
        return float(x)
    # A bool of NumPy's, or an array without dimensions.
    if type(x).__module__ == "numpy" and getattr(x, "ndim", 1) == 0:
        item = x.item()  # type: ignore[attr-defined]
        if type(item) is not type(x):
            return float(as_number(item))
    usual = "its elements" if hasattr(x, "__len__") else "a number"
    cures = {
        "str": "float(text)",
        "Decimal": "float(x), or Fraction(x) to stay exact",
        "complex": "its real and imaginary parts: the engine is real",
        "NoneType": "a number: did a function forget its return?",
        "Value": "its .data",
    }
    kind = type(x).__name__
    raise TypeError(f"{kind} {shown(x)} is not a real number; pass {cures.get(kind, usual)}")


def as_data(x: object) -> Any:
    """Return a plain number as the data of a Value: a Fraction as it is, all else as a float."""
    found = as_number(x)
    try:
        return found if isinstance(found, Fraction) else float(found)
    except OverflowError:
        raise OverflowError(
            f"{shown(x)} is too large for a float; a Fraction of it stays exact"
        ) from None


def elements(what: str, xs: object) -> tuple[Any, ...]:
    """Return the elements of a sequence or iterator.

    Raises: TypeError: it is neither; the message names the function that wants one.
    """
    if not isinstance(xs, Iterable) or getattr(xs, "ndim", 1) == 0:
        raise TypeError(f"{what} takes a sequence of numbers, not {type(xs).__name__} {shown(xs)}")
    return tuple(xs)


def checked_name(name: object) -> str | None:
    """Return the name of a Value, which is a text, or none."""
    if name is None or isinstance(name, str):
        return name
    raise TypeError(f"the name of a Value is a str, not {type(name).__name__} {shown(name)}")


def zero_for(root: Value) -> float:
    """Return the zero of the root's type of number; for fractions an int, which keeps them exact.

    Raises: TypeError: the root is no Value.
    """
    if not hasattr(root, "local_derivatives"):
        raise TypeError(f"{type(root).__name__} {shown(root)} has no history: pass a Value")
    return 0 if isinstance(root._data, Fraction) else 0.0


def checked_seed(root: Value, seed: object) -> Any:
    """Return the seed of a pass as a number of the root's kind."""
    if not isinstance(seed, (int, float, Fraction)):
        raise TypeError(f"the seed of a pass is a number, not {type(seed).__name__} {shown(seed)}")
    try:
        return Fraction(seed) if isinstance(root._data, Fraction) else as_data(seed)
    except (ValueError, OverflowError) as error:
        raise type(error)(f"the seed of a pass, {shown(seed)}: {error}") from None


def finite_or_inf(x: Number) -> Number:
    """Return a number as it is, but an int or Fraction beyond all floats as an infinity."""
    try:
        float(x)
    except OverflowError:
        return inf if x > 0 else -inf
    return x


def ieee_result(op: Primitive, numbers: Numbers) -> tuple[list[Number], Any]:
    """Return what a primitive that raised takes and gives under IEEE 754."""
    numbers = [finite_or_inf(x) for x in numbers]
    try:
        return numbers, as_data(op.forward(*numbers))
    except (ValueError, ArithmeticError):
        return numbers, op.ieee(*numbers)


def compared(relation: Primitive, x: Value, y: object) -> Any:
    """Return whether a relation holds between a Value and a plain number."""
    try:
        return relation.forward(x._data, as_number(y))
    except TypeError as error:
        raise explained(error, relation, (x, y)) from None


def refusable(x: object) -> bool:
    """Tell whether an operand of this type is surely a mistake, and no other interpreter."""
    return x is None or type(x).__module__ in ("builtins", "decimal", "numpy")


def added(x: object, base: type) -> list[str]:
    """Return the names of the attributes that a subclass adds to those of its base.

    >>> class Named(Exception):
    ...     pass
    >>> error = Named()
    >>> error.color = "red"
    >>> added(error, Exception)
    ['color']
    """
    if type(x) is base:
        return []
    order = type(x).__mro__
    kinds = order[: order.index(base)]
    members = (member for kind in kinds for member in vars(kind).items())
    slots = [name for name, member in members if isinstance(member, MemberDescriptorType)]
    filled = [name for name in slots if hasattr(x, name)]
    return filled + list(getattr(x, "__dict__", ()))
