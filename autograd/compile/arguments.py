"""What callers pass, looked at once, so that an error names the argument and the way out.

>>> from autograd import Value
>>> parameters_of([Value(1.0), 2.0])
Traceback (most recent call last):
TypeError: parameters[1] is float 2.0 and not a Value; pass Value(2.0), and use that in the function
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral
from typing import Any

from autograd.coercion import as_data
from autograd.messages import shown
from autograd.structures import flatten, is_scalar
from autograd.value import Value


def parameters_of(parameters: Any) -> list[Value]:
    """Return the Values that a caller passed as parameters, in their order.

    Raises:
        TypeError: it is no sequence or iterator of Values.
        ValueError: a Value is there twice.
    """
    cure = cure_of(parameters)
    if cure:
        raise TypeError(f"parameters is a {type(parameters).__name__}, {cure}")
    found = list(parameters)
    places: dict[Value, int] = {}
    for i, x in enumerate(found):
        if not isinstance(x, Value):
            kind = type(x).__name__
            raise TypeError(f"parameters[{i}] is {kind} {shown(x)} and {cure_of_one(x)}")
        if x in places:
            raise ValueError(
                f"parameters holds the same Value twice, at {places[x]} and {i}; pass each of them"
                " once"
            )
        places[x] = i
    return found


def cure_of(parameters: Any) -> str:
    """Return what to pass in place of something that is no sequence of Values, or ""."""
    if isinstance(parameters, Mapping):
        return "whose order is not that of a gradient; pass list(parameters.values())"
    if isinstance(parameters, (set, frozenset)):
        return "which has no order; pass a list of Values"
    if isinstance(parameters, Value):
        return "one Value; pass a list of them: [parameters]"
    if callable(getattr(parameters, "parameters", None)):
        return "which has parameters; pass its .parameters()"
    if isinstance(parameters, (str, bytes)) or not hasattr(parameters, "__iter__"):
        return f"{shown(parameters)}; pass a list of Values"
    return ""


def cure_of_one(x: Any) -> str:
    """Return what to pass in place of something that is no Value."""
    if is_scalar(x):
        return f"not a Value; pass Value({shown(x)}), and use that in the function"
    return "not a Value; pass one flat list of them"


def example_of(function: Callable[..., Any], example: Any) -> tuple[Any, ...]:
    """Return the example of a function's arguments as a tuple.

    Raises: TypeError: they are no numbers, or not as many as the function takes.
    """
    if not callable(function):
        raise TypeError(f"function is {type(function).__name__} {shown(function)}; pass a function")
    found = example if isinstance(example, tuple) else (example,)
    try:
        inspect.signature(function).bind(*found)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise TypeError(
            f"example has {len(found)} arguments, but {name} cannot be called with so many:"
            f" {error}; pass a tuple with one example for each argument"
        ) from None
    except ValueError:
        pass  # of C, and silent about its arguments
    for i, x in enumerate(found):
        check_numbers(f"argument {i} of the example", x)
    return found


def check_numbers(place: str, x: Any) -> None:
    """Raise a TypeError, or OverflowError, where a structure holds anything but numbers."""
    if not is_scalar(x):
        for i, part in enumerate(x):
            check_numbers(f"{place}[{i}]", part)
    elif not isinstance(x, Value):
        try:
            as_data(x)
        except (TypeError, OverflowError) as error:
            raise type(error)(f"{place}: {error}") from None


def threads_of(threads: Any, cores: Callable[[], int]) -> int:
    """Return how many threads may work, all cores by default."""
    if threads is None:
        return cores()
    if not isinstance(threads, Integral):
        raise TypeError(f"threads is {shown(threads)}; pass a whole number, or None for all cores")
    if threads < 1:
        raise ValueError(f"threads is {threads!r}; pass 1 or more, or None for all cores")
    return int(threads)


def seed_of(seed: Any) -> tuple[float, ...]:
    """Return the numbers of a seed."""
    return tuple(numbers_of("seed", flatten(seed)))


def numbers_of(name: str, xs: Iterable[Any]) -> list[float]:
    """Return numbers as floats.

    Raises: TypeError, OverflowError: one is none; the message says which.
    """
    found = []
    for i, x in enumerate(xs):
        try:
            found.append(float(as_data(x)))
        except (TypeError, OverflowError) as error:
            raise type(error)(f"{name}[{i}]: {error}") from None
    return found


def number_of(name: str, x: Any) -> float:
    """Return a number as a float.

    Raises: TypeError, OverflowError: it is none; the message has the name.
    """
    try:
        return float(as_data(x))
    except (TypeError, OverflowError) as error:
        raise type(error)(f"{name}: {error}") from None
