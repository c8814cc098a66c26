"""What callers pass, looked at once, so that an error names the argument and the way out.

>>> from autograd import Value
>>> parameters_of([Value(1.0), 2.0])
Traceback (most recent call last):
TypeError: parameters[1] is float 2.0 and not a Value; pass Value(2.0), and use that in the function
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from numbers import Integral
from typing import Any, NoReturn

from autograd.coercion import as_data
from autograd.messages import shown
from autograd.structures import (
    DICT,
    TUPLE,
    described,
    flatten,
    is_scalar,
    kind_of,
    parts,
    paths,
    rebuild,
    regular_shape,
    steps,
)
from autograd.value import Value


def parameters_of(parameters: Any) -> tuple[list[Value], Any]:
    """Return the Values that a caller passed as parameters in their order, and their structure.

    The structure has their numbers in the place of Values; it is None for a flat sequence or
    iterator, whose gradient is one array.

    Raises:
        TypeError: it is no structure or iterator of Values.
        ValueError: a Value is there twice.
    """
    cure = cure_of(parameters)
    if cure:
        raise TypeError(f"parameters is a {type(parameters).__name__}, {cure}")
    if kind_of(parameters) is None:
        # An iterator can be asked once.
        parameters = list(parameters)
    # A flat sequence has its gradient as one array, any other structure as one of arrays.
    found = flatten(parameters)
    flat = is_flat(parameters)
    if not (all(isinstance(x, Value) for x in found) and len(set(found)) == len(found)):
        refuse_parameters(found, paths(parameters), flat)
    return found, None if flat else rebuild(parameters, count())


def refuse_parameters(found: Sequence[Any], names: Sequence[str], flat: bool) -> NoReturn:
    """Tell of the first of the parameters that is no Value, or is there twice."""
    places: dict[Value, str] = {}
    for x, name in zip(found, names):
        if not isinstance(x, Value):
            kind = type(x).__name__
            cure = f"pass Value({shown(x)}), and use that in the function"
            raise TypeError(f"parameters{name} is {kind} {shown(x)} and not a Value; {cure}")
        if x in places:
            twice = f"{places[x]} and {name.strip('[]') if flat else name}"
            raise ValueError(
                f"parameters holds the same Value twice, at {twice}; pass each of them once"
            )
        places[x] = name.strip("[]") if flat else name
    raise AssertionError("all parameters are Values, each of them there once")


def is_flat(parameters: object) -> bool:
    """Tell whether parameters are a sequence of Values, with no structure to give back."""
    shape = regular_shape(parameters)
    return shape is not None and len(shape) == 1


def cure_of(parameters: object) -> str:
    """Return what to pass in place of something that holds no Values, or ""."""
    if isinstance(parameters, (set, frozenset)):
        return "which has no order; pass a list of Values"
    if isinstance(parameters, Value):
        return "one Value; pass a list of them: [parameters]"
    if kind_of(parameters) is None and callable(getattr(parameters, "parameters", None)):
        return "which has parameters; pass its .parameters()"
    iterates = kind_of(parameters) is not None or hasattr(parameters, "__iter__")
    if isinstance(parameters, (str, bytes)) or not iterates:
        return f"{shown(parameters)}; pass a list of Values"
    return ""


def example_of(function: Callable[..., Any], example: Any) -> tuple[Any, ...]:
    """Return the example of a function's arguments as a tuple.

    Raises: TypeError: they are no numbers, or not as many as the function takes.
    """
    if not callable(function):
        raise TypeError(f"function is {type(function).__name__} {shown(function)}; pass a function")
    # A tuple has one example for each argument, all else is the example of the only one.
    found = example if kind_of(example) is TUPLE else (example,)
    try:
        inspect.signature(function).bind(*found)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise TypeError(
            f"example has {len(found)} arguments, but {name} cannot be called with so many:"
            f" {error}; pass a tuple with one example for each argument"
        ) from None
    except ValueError:
        # It is C's, and silent about its arguments.
        pass
    for i, x in enumerate(found):
        check_numbers(f"argument {i} of the example", x)
    return found


def check_numbers(place: str, x: object) -> None:
    """Raise a TypeError, or OverflowError, where a structure holds anything but numbers."""
    if not is_scalar(x):
        for step, part in zip(steps(x), parts(x)):
            check_numbers(f"{place}{step}", part)
    elif not isinstance(x, Value):
        try:
            as_data(x)
        except (TypeError, OverflowError) as error:
            raise type(error)(f"{place}: {error}") from None


def threads_of(threads: object, cores: Callable[[], int]) -> int:
    """Return how many threads may work, all cores by default."""
    if threads is None:
        return cores()
    if not isinstance(threads, Integral):
        raise TypeError(f"threads is {shown(threads)}; pass a whole number, or None for all cores")
    if threads < 1:
        raise ValueError(f"threads is {threads!r}; pass 1 or more, or None for all cores")
    return int(threads)


def seed_of(seed: object, structure: object) -> tuple[float, ...]:
    """Return the numbers of a seed, in the order of the results, whose structure is given."""
    return tuple(numbers_of("seed", in_order_of(structure, seed)))


def in_order_of(structure: object, seed: object) -> list[Any]:
    """Return the weights of results, matched by keys where the results have keys.

    Raises: ValueError: the seed has another structure.
    """
    if regular_shape(seed) is not None:
        return flatten(seed)
    kind = kind_of(structure)
    if kind is None or kind_of(seed) is None or (kind_of(seed) is DICT) > (kind is DICT):
        return [seed]
    if not kind.matches(structure, seed):
        raise ValueError(f"seed is {described(seed)}, where {described(structure)} belongs")
    inner = zip(steps(structure), parts(structure))
    return [x for step, part in inner for x in in_order_of(part, step.of(seed))]


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


def number_of(name: str, x: object) -> float:
    """Return a number as a float.

    Raises: TypeError, OverflowError: it is none; the message has the name.
    """
    try:
        return float(as_data(x))
    except (TypeError, OverflowError) as error:
        raise type(error)(f"{name}: {error}") from None
