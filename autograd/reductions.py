"""Functions of many operands that are made of rows of the table: dot, maximum, minimum.

They take their operands in the shape in which one writes them, and record one node, or two.

>>> dot([1.0, 2.0], [3.0, 4.0]), maximum([1.0, 3.0]), minimum(1.0, 3.0)
(11.0, 3.0, 1.0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograd.coercion import Operand, Operands, elements
from autograd.primitive_type import Primitive, Variadic
from autograd.primitives import at_least, at_most, inner_product, largest, smallest
from autograd.scalar_math import first_nan_or


def dot(ws: Operands, xs: Operands, bias: Operand = 0) -> Any:
    """Return bias + sum(w*x for w, x in zip(ws, xs)) as one node, rounded as that sum is.

    Raises ValueError when the lengths differ. Cost: O(n) in operations and memory.

    >>> dot([1.0, 2.0], [3.0, 4.0], bias=0.5)
    11.5
    """
    have_lengths = hasattr(ws, "__len__") and hasattr(xs, "__len__")
    if not have_lengths:
        ws = elements("dot", ws)
        xs = elements("dot", xs)
    if len(ws) != len(xs):
        raise ValueError(f"dot of {len(ws)} weights with {len(xs)} inputs: the lengths must agree")
    return inner_product((bias, *ws, *xs))


def maximum(*xs: Operand | Iterable[Any]) -> Any:
    """Return the largest; k Values that tie share the slope, and a tie with a number has slope 0.

    >>> maximum(1.0, 3.0, 2.0)
    3.0
    """
    return choose(xs, max, largest, at_least)


def minimum(*xs: Operand | Iterable[Any]) -> Any:
    """Return the smallest; k Values that tie share the slope, and a tie with a number has slope 0.

    >>> minimum(1.0, 3.0, 2.0)
    1.0
    """
    return choose(xs, min, smallest, at_most)


def choose(xs: Operands, best: Callable[..., Any], of_many: Variadic, bounded: Primitive) -> Any:
    """Choose among Values by one node and against the best plain number by another."""
    # One operand that is no Value is a sequence of them.
    if len(xs) == 1:
        only = xs[0]
        if not hasattr(only, "record"):
            xs = elements(of_many.symbol, only)
    recorded = [x for x in xs if hasattr(x, "record")]
    plain = [x for x in xs if not hasattr(x, "record")]
    if not recorded:
        return first_nan_or(best, plain)

    winner = recorded[0]
    if len(recorded) > 1:
        winner = of_many(recorded)
    if not plain:
        return winner
    bound = first_nan_or(best, plain)
    return bounded(winner, bound)
