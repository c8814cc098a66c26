"""Structures of numbers: what functions take and give.

A structure is one number, or a list, tuple or array of structures.

>>> flatten([1.0, (2.0, 3.0)])
[1.0, 2.0, 3.0]
>>> rebuild([1.0, (2.0, 3.0)], iter("abc"))
['a', ('b', 'c')]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def is_scalar(x: Any) -> bool:
    """Tell whether x is one number or Value, or something that `Value` will refuse by name."""
    if hasattr(x, "record") or isinstance(x, (str, bytes, dict, set)):
        return True
    return not hasattr(x, "__len__") or is_0d(x)


def is_0d(x: Any) -> bool:
    """Tell whether x is a NumPy scalar or an array without dimensions."""
    return getattr(x, "ndim", None) == 0


def flatten(x: Any) -> list[Any]:
    """Return the scalars of a structure, in order."""
    return [x] if is_scalar(x) else [scalar for part in x for scalar in flatten(part)]


def rebuild(x: Any, scalars: Iterator[Any]) -> Any:
    """Return a structure of the shape of x, filled with the given scalars."""
    if is_scalar(x):
        return next(scalars)
    if type(x).__module__ == "numpy":
        filled = [next(scalars) for _ in range(x.size)]
        kinds = (float, complex) if x.size else (float,)
        plain = (kind for kind in kinds if all(isinstance(s, (int, kind)) for s in filled))
        out = x.astype(next(plain, object))
        for i, scalar in enumerate(filled):
            out.flat[i] = scalar
        return out
    parts = [rebuild(part, scalars) for part in x]
    return tuple(parts) if isinstance(x, tuple) else parts
