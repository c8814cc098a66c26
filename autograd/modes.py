"""Modes of recording, each a `with` block that holds for the current thread or task.

>>> from autograd import Value, no_grad
>>> with no_grad():
...     (Value(2.0) * 3.0).op is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from autograd.primitive_type import Primitive

if TYPE_CHECKING:
    from autograd.value import Value


class Observer(Protocol):
    """What is told of every node that is recorded while it is installed: a tracer, for example."""

    def made(self, leaf: Value) -> None:
        """Take note of a new leaf."""

    def recorded(self, node: Value) -> None:
        """Take note of a new node."""

    def compared(self, relation: Primitive, x: Any, y: Any) -> Any:
        """Return what a comparison of Values is to give."""

    def decided(self, node: Value) -> bool | None:
        """Take note that the program branches on a node; return another truth for it, or None."""


@dataclass(eq=False)
class Mode:
    """How operations are recorded in this thread or task."""

    record: bool = True  # False: compute only (no_grad)
    ieee: bool = False  # True: inf and nan where Python raises
    observer: Observer | None = None
    differentiating: bool = False  # True: what is differentiated here is differentiated again
    symbolic: Callable[..., Value] | None = None  # makes nodes that hold for any numbers (a trace)
    taken_out: Callable[[Value], Any] | None = None  # what stands for a Value's number in a trace
    refuse: Callable[[str], NoReturn] | None = None  # raises what a trace cannot do
    inside: tuple[()] = ()  # the operands of leaves that are made here: a mark, see `Inside`


USUAL = Mode()
MODE: ContextVar[Mode] = ContextVar("mode", default=USUAL)
# Not empty while any thread is in a mode: the operators go the long way then.
modes_in_use: dict[Any, None] = {}
traces: list[Any] = []  # the tracers of the traces under way in this process, the innermost last


@contextmanager
def mode(**settings: Any) -> Iterator[None]:
    """Change fields of the current Mode within a `with` block.

    A Mode whose block has ended turns into the one around it, in one call that no Ctrl-C
    interrupts: whoever still holds it, such as a block that was cut off while it began or ended,
    has the settings of outside.
    """
    before = MODE.get()
    inside = replace(before, **settings)
    own = vars(inside)
    outside = vars(before)
    try:
        modes_in_use[inside] = None
        MODE.set(inside)
        yield
    finally:
        try:
            own.update(outside)
        finally:
            modes_in_use.pop(inside, None)
            MODE.set(before)


def tracing() -> bool:
    """Tell whether what is recorded here is to hold for any numbers, not for those at hand."""
    return bool(modes_in_use) and MODE.get().symbolic is not None


def copies_are_nodes() -> bool:
    """Tell whether gradients flow through copies, because a function is differentiated here."""
    if not modes_in_use:
        return False
    how = MODE.get()
    return how.differentiating and how.record


def no_grad() -> Any:
    """Compute without recording: within the block every result is a leaf.

    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> with no_grad():
    ...     (x * x).parents
    ()
    """
    return mode(record=False)


def ieee() -> Any:
    """Give inf and nan, as IEEE 754 and the tensor libraries do, where Python raises.

    >>> from autograd import Value
    >>> with ieee():
    ...     Value(0.0).log().data
    -inf
    """
    return mode(ieee=True)
