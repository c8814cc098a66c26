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

import builtins
import functools
import math
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from numbers import Real
from types import ModuleType
from typing import Any, NamedTuple, SupportsAbs

from autograd import primitives as p
from autograd.coercion import Operand
from autograd.compile.tracing.internal_primitives import built_in_max, built_in_min
from autograd.compile.tracing.tracers import NUMBERS, TracedNumber
from autograd.compile.tracing.types_asked import ASKED
from autograd.modes import tracing
from autograd.primitive_type import Variadic

Function = Callable[..., Any]


def has_number(xs: Sequence[Any]) -> bool:
    """Tell whether there is a number of a trace among plain ones, and nothing else."""
    kinds = set(map(type, xs))
    if NUMBERS.isdisjoint(kinds):
        return False
    return all(issubclass(kind, (TracedNumber, Real)) for kind in kinds)


def choosing(function: Function, choice: Variadic) -> Function:
    """Return the stand-in for `max` or `min`."""

    @functools.wraps(function)
    def chosen(*args: Any, **options: object) -> Any:
        if not tracing():
            return function(*args, **options)
        xs = args
        is_sequence = len(args) == 1
        if is_sequence:
            # An iterator can be asked once.
            xs = tuple(args[0])
            args = (xs,)
        # What Python refuses is left to it.
        has_key = options.get("key") is not None
        has_default = "default" in options and not is_sequence
        is_usual = not (has_key or has_default)
        if is_usual and len(xs) > 1 and has_number(xs):
            return choice(xs)
        return function(*args, **options)

    return chosen


def of_numbers(function: Function, row: Function) -> Function:
    """Return the stand-in for a function of `math`, given what it is of numbers of a trace."""

    @functools.wraps(function)
    def applied(*args: object) -> Any:
        if tracing() and has_number(args):
            return row(*args)
        return function(*args)

    return applied


def logarithm(x: Operand, base: Operand | None = None) -> Any:
    """Return `math.log`, which may have a base."""
    if base is None:
        return p.log(x)
    return p.log(x) / p.log(base)


def hypotenuse(*xs: Operand) -> Any:
    """Return `math.hypot`, which takes any number of operands."""
    if len(xs) == 2:
        return p.hypot(*xs)
    return p.norm(xs)


def degrees(x: Any) -> Any:
    """Return `math.degrees`."""
    factor = 180.0 / math.pi
    return x * factor


def radians(x: Any) -> Any:
    """Return `math.radians`."""
    factor = math.pi / 180.0
    return x * factor


def is_nan(x: object) -> Any:
    """Return `math.isnan`, as a comparison: a NaN equals nothing."""
    return x != x


def is_infinite(x: SupportsAbs[Any]) -> Any:
    """Return `math.isinf`, as a comparison."""
    size = abs(x)
    return size == math.inf


def is_finite(x: SupportsAbs[Any]) -> Any:
    """Return `math.isfinite`, as a comparison: one with a NaN is false."""
    size = abs(x)
    return size < math.inf


# Rows that have the names of functions of `math`.
NAMES = """
    sqrt cbrt exp exp2 expm1 log2 log10 log1p erf erfc lgamma copysign
    sin cos tan asin acos atan atan2
    sinh cosh tanh asinh acosh atanh
"""
ROWS: dict[str, Function] = {name: p.TABLE[name] for name in NAMES.split()}
ROWS |= {
    "log": logarithm,
    "pow": p.power,
    "fabs": p.absolute,
    "hypot": hypotenuse,
    "degrees": degrees,
    "radians": radians,
    "isnan": is_nan,
    "isinf": is_infinite,
    "isfinite": is_finite,
}
STAND_INS: dict[Any, Any] = {
    max: choosing(max, built_in_max),
    min: choosing(min, built_in_min),
}
for name, row in ROWS.items():
    usual = getattr(math, name)
    STAND_INS[usual] = of_numbers(usual, row)


STAND_INS |= ASKED


def in_traces(module: ModuleType) -> ModuleType:
    """Return a module like `math` or `builtins`, with stand-ins for what has one."""
    found = ModuleType(module.__name__, module.__doc__)
    for name, x in vars(module).items():
        ours = STAND_INS.get(x, x) if isinstance(x, Hashable) else x
        vars(found)[name] = ours
    return found


BY_ID = {id(x): found for x, found in STAND_INS.items()}
BY_ID |= {id(module): in_traces(module) for module in (math, builtins)}
BUILT_IN = {x.__name__: STAND_INS[x] for x in (max, min, *ASKED)}


def stand_in(x: object) -> Any:
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
    by_id = dict(BY_ID)
    for owner, name, ours in others:
        usual = vars(owner)[name]
        by_id[id(usual)] = ours
    before: list[Binding] = []
    replaced: list[Binding] = []
    new: list[Binding] = []
    for names in modules:
        for name, x in list(names.items()):
            # What Python itself looks up there stays.
            if id(x) in by_id and name != "__builtins__":
                before.append(Binding(names, name, x))
                replaced.append(Binding(names, name, by_id[id(x)]))
        for name, ours in BUILT_IN.items():
            if name not in names:
                new.append(Binding(names, name, ours))
    try:
        each(dict.__setitem__, [*replaced, *new])
        yield
    finally:
        # What the function itself has bound to a name in the meantime stays.
        stays = [binding.holds() for binding in replaced]
        back = list(compress(before, stays))
        gone = [Binding(one.names, one.name, None) for one in new if one.holds()]
        each(dict.__setitem__, back)
        each(dict.pop, gone)


class Binding(NamedTuple):
    """What a name of a module stands for."""

    names: dict[str, Any]
    name: str
    found: Any

    def holds(self) -> bool:
        """Tell whether the name still stands for that."""
        return self.names.get(self.name) is self.found


def each(function: Function, calls: Sequence[tuple[Any, ...]]) -> None:
    """Call a function for each tuple of arguments, in one call that no signal interrupts."""
    if not calls:
        return
    columns = zip(*calls)
    deque(map(function, *columns), maxlen=0)
