"""Values whose trace has ended: what a function kept of one, and what became of it.

A trace is over when its tape is written. A Value of it that still lives is held by something
outside of the function: a list, an attribute, a global. Its number is that of the example, and
nothing that is done with it would be seen; so it turns into an `EndedValue`, which can be looked at
and no more.

Looking for such Values costs nothing where there are none: every instance counts as a reference to
its class.
"""

from __future__ import annotations

import gc
import sys
import sysconfig
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from types import CellType, FrameType, FunctionType, ModuleType
from typing import Any, NoReturn

from autograd.compile.tracing.reach import Reach, name_of
from autograd.compile.tracing.tracers import TRACED, TracedValue, set_classes
from autograd.given import PeerNames
from autograd.operators import Operators
from autograd.primitive_type import Primitive
from autograd.value import Value

# Without a global lock references are counted elsewhere.
COUNTED = not sysconfig.get_config_var("Py_GIL_DISABLED")


class Slots(PeerNames, Operators):
    """An object with the slots of a Value, whose class can take the place of a Value's."""

    # The layout is the same then.
    __slots__ = Value.__slots__


class EndedValue(Slots):
    """What a Value becomes that outlives its trace."""

    __slots__ = ()
    name: str | None
    op: Primitive | None

    def refuse(self, *_: object) -> NoReturn:
        """Refuse to take part in anything."""
        raise TypeError(
            f"{self!r}: the trace of the compiled function that made it has ended, and a number of"
            " it was never there; return it as an output of the function instead of keeping it"
        )

    def record(self, op: Primitive, operands: Sequence[Any]) -> NoReturn:
        """Refuse to be an operand."""
        self.refuse()

    def operate(self, op: Primitive, x: object, y: object) -> NoReturn:
        """Refuse to be an operand."""
        self.refuse()

    def compare(self, relation: Primitive, other: object) -> NoReturn:
        """Refuse to be compared."""
        self.refuse()

    data = property(refuse, refuse)
    item = detach = backward = backward_steps = zero_grad = refuse
    __bool__ = __float__ = __int__ = __index__ = __copy__ = __deepcopy__ = __reduce__ = refuse
    __eq__ = __ne__ = __format__ = refuse
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<a Value of a trace that has ended: {self.name or self.op}>"


def references() -> int:
    """Return how many references there are to the classes of a trace's Values."""
    return sum(map(sys.getrefcount, TRACED))


def living() -> list[Any]:
    """Return the Values of a trace that live."""
    return [x for x in gc.get_objects() if issubclass(type(x), TracedValue)]


def left_over(before: int) -> list[Any]:
    """Return the Values that outlived a trace, which began with so many references."""
    if COUNTED and references() == before:
        return []
    # It was paused, and cycles may be all that holds them.
    gc.collect()
    if COUNTED and references() == before:
        return []
    return living()


def end(xs: Sequence[Any]) -> None:
    """Let Values of a trace be such of one that has ended."""
    set_classes(xs, repeat(EndedValue, len(xs)))


def end_all(before: int) -> None:
    """Let what lives of a trace, which began with so many references, be of one that has ended."""
    if not COUNTED or references() != before:
        end(living())


def kept(xs: Sequence[Any]) -> list[Any]:
    """Return those Values that others do not need as operands: something else holds them."""
    needed = {id(operand) for x in xs for operand in x.operands}
    return [x for x in xs if id(x) not in needed] or list(xs)


def complaint(function: Callable[..., Any], x: Value, line: str | None, reach: Reach) -> str:
    """Return what a message says of a Value that a function kept."""
    name = name_of(function)
    made = f", made at {line}" if line else ""
    what = x.name or x.op
    return (
        f"{name} kept a Value of its trace, {what}{made}{holder_of(x, reach)}: a compiled function"
        " only computes, and what it remembers from call to call would be that of the trace for"
        " ever; return it as an output, and pass it in as an input of the next call"
    )


def holder_of(x: object, reach: Reach) -> str:
    """Return what holds a Value, in words; nothing where that cannot be told."""
    # After `gc.freeze()` the collector no longer knows who refers to what; the function still does.
    for holder in chain(gc.get_referrers(x), reach.holders(x)):
        name = reach.names.get(id(holder))
        if isinstance(holder, dict) and id(holder) in reach.modules:
            return f", in the global {key_of(x, holder)!r}"
        owner = next((o for o in reach.met.values() if getattr(o, "__dict__", 0) is holder), None)
        if owner is not None:
            return f", in the attribute {key_of(x, vars(owner))!r} of a {type(owner).__name__}"
        if isinstance(holder, CellType):
            return ", in a variable of an outer function"
        if isinstance(holder, (dict, list, set, frozenset)):
            return f", in the {type(holder).__name__} {name or 'of an object'}"
        if not isinstance(holder, (tuple, FrameType, FunctionType, ModuleType, TracedValue)):
            attribute = key_of(x, getattr(holder, "__dict__", {}))
            return f", in the attribute {attribute!r} of a {type(holder).__name__}"
    return ""


def key_of(x: object, holder: dict[Any, Any]) -> Any:
    """Return the key under which a dict holds an object."""
    return next((key for key, held in holder.items() if held is x), None)
