"""Stand-ins for `max`, `min` and `math`: what they mean for numbers taken out of Values.

`max(x.data for x in xs)` asks which number is the largest, and `math.exp(x.data)` wants a float. In
a trace each is a row instead, without a gradient: as eagerly, but for every sample. While a
function is traced its modules find the stand-ins under the names of the built-in functions, and of
`math` and what was imported from there. Outside of a trace, or without such a number among the
operands, a stand-in is the function for which it stands.

>>> stand_in(math.exp)(0.0), stand_in(max)([1.0, 3.0], key=abs)
(1.0, 3.0)
"""

from __future__ import annotations

import functools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from types import ModuleType
from typing import Any

from autograd import primitives as p
from autograd.compile.tracing.internal_primitives import built_in_max, built_in_min
from autograd.compile.tracing.tracers import TracedNumber
from autograd.modes import tracing
from autograd.primitive_type import Variadic

Function = Callable[..., Any]


def has_number(xs: Sequence[Any]) -> bool:
    """Tell whether there is a number of a trace among plain ones, and nothing else."""
    kinds = set(map(type, xs))
    return TracedNumber in kinds and all(issubclass(x, (TracedNumber, Real)) for x in kinds)


def choosing(function: Function, choice: Variadic) -> Function:
    """Return the stand-in for `max` or `min`."""

    @functools.wraps(function)
    def chosen(*args: Any, **options: Any) -> Any:
        if not tracing():
            return function(*args, **options)
        if len(args) == 1:
            # An iterator can be asked once.
            args = (tuple(args[0]),)
        xs = args[0] if len(args) == 1 else args
        usual = options.get("key") is None and (len(args) == 1 or "default" not in options)
        return (
            choice(xs) if usual and len(xs) > 1 and has_number(xs) else function(*args, **options)
        )

    return chosen


def of_numbers(function: Function, row: Function) -> Function:
    """Return the stand-in for a function of `math`, given what it is of numbers of a trace."""

    @functools.wraps(function)
    def applied(*args: Any) -> Any:
        return row(*args) if tracing() and has_number(args) else function(*args)

    return applied


def logarithm(x: Any, base: Any = None) -> Any:
    """Return `math.log`, which may have a base."""
    return p.log(x) if base is None else p.log(x) / p.log(base)


def hypotenuse(*xs: Any) -> Any:
    """Return `math.hypot`, which takes any number of operands."""
    return p.hypot(*xs) if len(xs) == 2 else p.norm(xs)


# fmt: off
ROWS: dict[str, Function] = {name: p.TABLE[name] for name in (
    "sqrt", "cbrt", "exp", "exp2", "expm1", "log2", "log10", "log1p", "sin", "cos", "tan", "asin",
    "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc",
    "lgamma", "copysign",
)} | {
    "log": logarithm,
    "pow": p.power,
    "fabs": p.absolute,
    "hypot": hypotenuse,
    "degrees": lambda x: x * (180.0 / math.pi),
    "radians": lambda x: x * (math.pi / 180.0),
    "isnan": lambda x: x != x,
    "isinf": lambda x: abs(x) == math.inf,
    "isfinite": lambda x: abs(x) < math.inf,
}
# fmt: on
STAND_INS: dict[Any, Any] = {
    getattr(math, name): of_numbers(getattr(math, name), row) for name, row in ROWS.items()
}
STAND_INS[max] = choosing(max, built_in_max)
STAND_INS[min] = choosing(min, built_in_min)


def math_in_traces() -> ModuleType:
    """Return a module like `math`, with stand-ins for its functions."""
    module = ModuleType("math", math.__doc__)
    vars(module).update(vars(math))
    vars(module).update({name: STAND_INS[getattr(math, name)] for name in ROWS})
    return module


MATH = math_in_traces()
BY_ID = {id(x): found for x, found in (*STAND_INS.items(), (math, MATH))}
BUILT_IN = {"max": STAND_INS[max], "min": STAND_INS[min]}


def stand_in(x: Any) -> Any:
    """Return what stands for an object of Python's in a trace; the object where nothing does."""
    return BY_ID.get(id(x), x)


@contextmanager
def stand_ins_in(
    modules: Iterable[dict[str, Any]], others: Sequence[tuple[Any, str, Any]] = ()
) -> Iterator[None]:
    """Have modules, given by their globals, find the stand-ins within the block.

    Args: others: owners and names of what else has a stand-in, and that; a module may have imported
        it by its name.
    """
    by_id = BY_ID | {id(vars(owner)[name]): new for owner, name, new in others}
    own: list[tuple[dict[str, Any], str, Any]] = []
    new: list[tuple[dict[str, Any], str, Any]] = []
    for names in modules:
        own += [(names, name, x) for name, x in list(names.items()) if id(x) in by_id]
        new += [(names, name, x) for name, x in BUILT_IN.items() if name not in names]
    replaced = [(names, name, by_id[id(x)]) for names, name, x in own]
    try:
        each(dict.__setitem__, [*replaced, *new])
        yield
    finally:
        # What the function itself has bound to a name in the meantime stays.
        back = [x for x, (names, name, ours) in zip(own, replaced) if names.get(name) is ours]
        gone = [(names, name, None) for names, name, ours in new if names.get(name) is ours]
        each(dict.__setitem__, back)
        each(dict.pop, gone)


def each(function: Function, calls: Sequence[tuple[Any, ...]]) -> None:
    """Call a function for each tuple of arguments, in one call that no signal interrupts."""
    if calls:
        deque(map(function, *zip(*calls)), maxlen=0)
