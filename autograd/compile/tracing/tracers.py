"""The Values of a trace, out of which no number can be taken that would be that of one sample only.

Outside of a trace `x.data` and `x.item()` are plain numbers, and `x.detach()` is a new leaf. On a
tape each would be a constant, the same for all samples. So the Values of a trace have classes of
their own, which give a node of `stop_gradient` instead: what it is used for follows the sample, and
no gradient flows, as ever. This package itself reads the plain number.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import repeat
from types import FrameType
from typing import Any, NoReturn

from autograd import primitives as p
from autograd.atomic import set_attributes
from autograd.functional import possible_parents
from autograd.modes import tracing
from autograd.primitive_type import Primitive
from autograd.value import Value, node

PACKAGE_PREFIX = __name__.partition(".")[0] + "."
DATA_SLOT = Value.__dict__["data"]  # the slot, whatever stands in front of it
VALUE_GLOBALS = vars(sys.modules[Value.__module__])  # globals of what reads most numbers by far
one_trace = threading.RLock()  # parameters change their class while they are traced
if hasattr(os, "register_at_fork"):  # a child of a thread that is not tracing has its own lock
    os.register_at_fork(after_in_child=one_trace._at_fork_reinit)  # type: ignore[attr-defined]


def is_ours(frame: FrameType) -> bool:
    """Tell whether a frame runs code of this package."""
    return f"{frame.f_globals.get('__name__', '')}.".startswith(PACKAGE_PREFIX)


class TracedAttributes:
    """A mixin: what a Value is besides while it is traced; in other threads it is as ever."""

    __slots__ = ()

    @property
    def data(self) -> Any:
        """The number; to a function that is being traced a node, for it differs by the sample."""
        frame = sys._getframe(1)
        if frame.f_globals is VALUE_GLOBALS or is_ours(frame) or not tracing():
            return DATA_SLOT.__get__(self)
        return cut(self, TracedNumber)

    @data.setter
    def data(self, number: Any) -> None:
        if tracing() and not is_ours(sys._getframe(1)):
            raise TypeError(
                "a function that is being traced cannot set .data: a compiled function only"
                " computes; return the number, and set it outside"
            )
        DATA_SLOT.__set__(self, number)

    def item(self) -> Any:
        """Return the number, as `data` does."""
        return cut(self, TracedNumber) if tracing() else DATA_SLOT.__get__(self)

    def detach(self) -> Any:
        """Return a Value with the same number at which gradients stop."""
        return cut(self, TracedValue) if tracing() else Value.detach(self)  # type: ignore[arg-type]


class TracedValue(TracedAttributes, Value):
    """An input or a result of a trace."""

    __slots__ = ()


class TracedNumber(TracedValue):
    """What stands for a number that was taken out of a Value: it is compared as numbers are."""

    __slots__ = ()

    def __eq__(self, other: object) -> Any:
        return self.compare(p.equal, other)

    def __ne__(self, other: object) -> Any:
        return 1 - self.compare(p.equal, other)

    def __hash__(self) -> int:
        if is_ours(sys._getframe(1)):
            return Value.__hash__(self)
        return self.__index__()

    def __index__(self) -> NoReturn:
        """Refuse to become a plain number."""
        raise TypeError(
            f"{self.data!r} is the number of {self.name or 'a Value'} in this sample, and another"
            " one in every other: while a function is traced, no plain number can stand for it; use"
            " the functions of autograd (exp for math.exp), comparisons, where, maximum or clip"
        )

    __float__ = __int__ = __index__


VALUE_CLASSES = frozenset((Value, TracedValue))  # operands of which each is a parent


def cut(x: Any, cls: type[TracedValue]) -> TracedValue:
    """Return a node with the number of another, and no edge to it."""
    out = node(DATA_SLOT.__get__(x), p.stop_gradient, (x,), (), ())
    out.name, out.__class__ = x.name, cls
    return out  # type: ignore[return-value]


def traced(data: Any, op: Primitive, operands: Sequence[Any], differentiable: bool) -> Value:
    """Return the node of an operation in a trace; within `no_grad` no gradient flows."""
    operands = tuple(operands)
    usual = None not in op.partials and VALUE_CLASSES.issuperset(map(type, operands))
    out = node(data, op, operands, operands if usual else possible_parents(op, operands), ())
    out.__class__ = TracedValue
    return out if differentiable else cut(out, TracedValue)


@cache
def traced_class(cls: Any) -> type[Value]:
    """Return the class of the Values of some class while they are traced."""
    if cls is Value:
        return TracedValue
    if issubclass(cls, TracedAttributes):
        return cls  # type: ignore[no-any-return]
    return type(cls.__name__, (TracedAttributes, cls), {"__slots__": ()})


@contextmanager
def tracing_classes(leaves: Iterable[Any]) -> Iterator[None]:
    """Give Values the classes of a trace within the block."""
    found = [x for x in leaves if isinstance(x, Value)]
    with one_trace:
        before: list[Any] = [type(x) for x in found]
        changed.append((threading.get_ident(), found, before))
        try:
            change_classes(found, [traced_class(cls) for cls in before])
            yield
        finally:
            change_classes(found, before)
            changed.pop()


def restore_classes() -> None:
    """Give Values their classes back, in a process that was forked while another thread traced."""
    if changed and changed[0][0] != threading.get_ident():
        for _, found, before in reversed(changed):
            change_classes(found, before)
        changed.clear()


changed: list[tuple[int, list[Value], list[Any]]] = []  # by which thread, what, and from which
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=restore_classes)


def change_classes(xs: Sequence[Value], kinds: Sequence[type[Value]]) -> None:
    """Set the classes of Values, in one call that no Ctrl-C interrupts."""
    set_attributes(xs, repeat("__class__"), kinds)
