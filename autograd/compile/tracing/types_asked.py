"""Stand-ins for `type`, `isinstance`, `hasattr` and `getattr`: what they say of Values in a trace.

In a trace a Value has a class of its own, and so has what stands for a plain number. A function
that asks for the type of one is told what it would be told eagerly: a number taken out of a Value
is a float, no Value, and has the attributes of a float. (`x.__class__` needs no stand-in: the
classes of a trace answer it.)

>>> type_asked(1.0), type_asked("A", (), {}).__name__, isinstance(float, type_asked)
(<class 'float'>, 'A', True)
"""

from __future__ import annotations

import functools
from typing import Any

from autograd.compile.tracing.tracers import NUMBERS, TracedAttributes, untraced_class

# `getattr` has been given no default.
NO_DEFAULT = object()


class TypeOfTypes(type):
    """The class of the stand-in for `type`, which also is the base of metaclasses."""

    def __call__(cls, *args: Any, **options: Any) -> Any:
        """Return the type of an object, or a new class."""
        if cls is not type_asked:
            # A metaclass of the function makes a class.
            return super().__call__(*args, **options)
        if len(args) != 1 or options:
            return type(*args, **options)
        kind = type(args[0])
        if kind is type:
            # For a comparison with what the name `type` stands for.
            return type_asked
        if not issubclass(kind, TracedAttributes):
            return kind
        # A parameter is one in other threads, too.
        return args[0].__class__ if kind in NUMBERS else untraced_class(kind)

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, type) if cls is type_asked else super().__instancecheck__(x)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, type) if cls is type_asked else super().__subclasscheck__(kind)

    def __eq__(cls, other: object) -> bool:
        return other is cls or (cls is type_asked and other is type)

    def __hash__(cls) -> int:
        return hash(type) if cls is type_asked else super().__hash__()


class type_asked(type, metaclass=TypeOfTypes):  # noqa: N801 - it stands for `type`
    """The stand-in for `type`."""

    def __class_getitem__(cls, item: Any) -> Any:
        return type[item]


type_asked.__name__ = type_asked.__qualname__ = type.__name__


def asked(x: object) -> Any:
    """Return what is asked for its attributes in place of `x`: a number for what stands for one."""
    return x.__class__() if type(x) in NUMBERS else x


@functools.wraps(hasattr)
def has_attribute(x: object, name: str, /) -> bool:
    """Return what `hasattr` says."""
    return hasattr(asked(x), name)


@functools.wraps(getattr)
def attribute(x: object, name: str, default: Any = NO_DEFAULT, /) -> Any:
    """Return what `getattr` returns."""
    if type(x) in NUMBERS and not hasattr(asked(x), name):
        # Python's own error, or the default.
        x = asked(x)
    return getattr(x, name) if default is NO_DEFAULT else getattr(x, name, default)


@functools.wraps(isinstance)
def is_instance(x: object, kinds: Any, /) -> bool:
    """Return what `isinstance` says."""
    return isinstance(asked(x), kinds)


ASKED: dict[Any, Any] = {
    type: type_asked,
    isinstance: is_instance,
    hasattr: has_attribute,
    getattr: attribute,
}
