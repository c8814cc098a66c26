"""What a message calls the inputs of a function: by the names of its parameters.

>>> def power(y, x):
...     return x**y
>>> input_names(power, (2.0, 3.0))
['y', 'x']
>>> input_names(lambda x, *rest: x, (1.0, [2.0, 3.0], {"w": 4.0}))
['x', 'rest[0][0]', 'rest[0][1]', "rest[1]['w']"]
>>> from autograd.primitives import power
>>> input_names(power, (1.0, 2.0))
['x', 'y']
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from autograd.structures import paths

# Where a function does not say what it calls its arguments.
LETTERS = "xyzuvw"


def name_of(f: object) -> str:
    """Return what a message calls a function."""
    return str(getattr(f, "__name__", None) or f)


def argument_names(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """Return what a message calls each argument.

    >>> argument_names(lambda w, b: w, (1.0, 2.0))
    ['w', 'b']
    """
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        # A primitive, or a function in C.
        parameters = []
    found: list[str] = []
    for parameter in parameters:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            found.append(parameter.name)
        elif parameter.kind == parameter.VAR_POSITIONAL:
            rest = len(args) - len(found)
            found += [f"{parameter.name}[{k}]" for k in range(rest)]
    if len(found) >= len(args):
        return found[: len(args)]
    if len(args) <= len(LETTERS):
        return list(LETTERS[: len(args)])
    return [f"args[{k}]" for k in range(len(args))]


def input_names(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """Return how every flat input is reached from the arguments."""
    pairs = zip(argument_names(f, args), args)
    return [head + tail for head, arg in pairs for tail in paths(arg)]
