"""Which operands of a primitive are parameters: indexes, digits, bounds, conditions.

A parameter is passed as it is, never as a Value, and no derivative is taken by it.

>>> from autograd.primitives import polygamma
>>> function, variables = without_parameters(polygamma, (1, 2.5))
>>> variables, round(function(2.5), 6)
((2.5,), 0.490358)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.primitive_type import Primitive, Variadic
from autograd.primitives import TABLE
from autograd.testing.number_types import Function, Point

PARAMETERS: dict[str, dict[int, Sequence[float]]] = {
    "gaussian": {1: (0.5, 1.0)},
    "polygamma": {0: (0, 1, 2, 5)},
    "rounded": {1: (0, 2, -1)},
    "sinc_slope": {0: (0, 1, 2, 5)},
    "softmax_of": {0: ()},
    "log_softmax_of": {0: ()},
    "at_least": {1: ()},
    "at_most": {1: ()},
    "where": {0: (0.0, 1.0)},
}
"""The row's name -> the operand -> what is tried for it; nothing where any number will do."""


def parameters(row: object) -> dict[int, Sequence[float]]:
    """Return the operands of a row of the table that are parameters."""
    if not isinstance(row, Primitive) or TABLE.get(row.name) is not row:
        return {}
    return PARAMETERS.get(row.name, {})


def without_parameters(f: Function, args: Point) -> tuple[Function, Point]:
    """Return a function of the variables alone, and the variables among the arguments."""
    fixed = parameters(f)
    if not fixed:
        return f, args
    if isinstance(f, Variadic):
        # The index of a softmax stands in front of its numbers.
        first = args[0]
        index, *numbers = first

        def of_numbers(xs: Sequence[object]) -> Any:
            return f([index, *xs])

        return of_numbers, (numbers,)
    places = range(len(args))
    free = [i for i in places if i not in fixed]

    def function(*variables: object) -> Any:
        operands = list(args)
        for i, x in zip(free, variables, strict=True):
            operands[i] = x
        return f(*operands)

    varying = tuple(args[i] for i in free)
    return function, varying
