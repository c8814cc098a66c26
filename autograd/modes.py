"""Modes of recording, each a `with` block that holds for the current thread or task.

>>> from autograd import Value, no_grad
>>> with no_grad():
...     (Value(2.0) * 3.0).op is None
True
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from inspect import (
    CO_ASYNC_GENERATOR,
    CO_GENERATOR,
    isasyncgenfunction,
    iscoroutinefunction,
    isgeneratorfunction,
)
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from autograd.primitive_type import Primitive

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from autograd.coercion import Operand
    from autograd.value import Value


class Observer(Protocol):
    """What is told of every node that is recorded while it is installed: a tracer, for example."""

    def made(self, leaf: Value) -> None:
        """Take note of a new leaf."""

    def recorded(self, node: Value) -> None:
        """Take note of a new node."""

    def compared(self, relation: Primitive, x: Value, y: Operand) -> Any:
        """Return what a comparison of Values is to give."""

    def decided(self, node: Value) -> bool | None:
        """Take note that the program branches on a node; return another truth for it, or None."""


@dataclass(eq=False)
class Mode:
    """How operations are recorded in this thread or task.

    Attributes: `record`, False: compute only (no_grad); `ieee`, True: inf and nan where Python
    raises; `differentiating`, True: what is differentiated here is differentiated again;
    `symbolic`, what makes nodes that hold for any numbers (a trace); `taken_out`, what stands for
    a Value's number in a trace; `refuse`, what raises where a trace cannot do something; `inside`,
    the operands of leaves that are made here: a mark, see `Inside`.

    The last fields say how it came about: what its block sets, the mode around it, the frame of the
    generator that the block stands in, and whether nothing has to be looked up to know all of this.
    """

    record: bool = True
    ieee: bool = False
    observer: Observer | None = None
    differentiating: bool = False
    symbolic: Callable[..., Value] | None = None
    taken_out: Callable[[Value], Any] | None = None
    refuse: Callable[[str], NoReturn] | None = None
    inside: tuple[()] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    around: Mode | None = None
    owner: FrameType | None = None
    simple: bool = True


USUAL = Mode()
VARIABLE: ContextVar[Mode] = ContextVar("mode", default=USUAL)
# Not empty while any thread is in a mode; and in one in which operators have to go the long way,
# for a node of two ordinary numbers is not what it is otherwise.
modes_in_use: dict[Any, None] = {}
detours: dict[Any, None] = {}
# Settings that change no such node.
RECORDED = ("record", True)
NO_DETOUR = {"ieee", "differentiating", "inside"}
# The tracers of the traces under way in this process, the innermost last.
traces: list[Any] = []


class CurrentMode:
    """The mode that holds where it is asked for.

    A block in a generator holds while that runs; suspended, it leaves its caller alone. So does one
    that has ended, although another block, which began later, has not.
    """

    def get(self) -> Mode:
        """Return the mode."""
        how = VARIABLE.get()
        return how if how.simple else resolved(how)

    def set(self, how: Mode) -> None:
        """Set the mode."""
        VARIABLE.set(how)


MODE = CurrentMode()


def resolved(how: Mode | None) -> Mode:
    """Return what the blocks that hold here add up to, from the outermost to the innermost."""
    holding = []
    while how is not None:
        if how.settings and (how.owner is None or is_running(how.owner)):
            holding.append(how.settings)
        how = how.around
    merged: dict[str, Any] = {}
    for settings in reversed(holding):
        merged |= settings
    return replace(USUAL, **merged) if merged else USUAL


def is_running(owner: FrameType) -> bool:
    """Tell whether a frame is among those that led here."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not owner:
        frame = frame.f_back
    return frame is owner


def generator_around(frame: FrameType | None) -> FrameType | None:
    """Return the frame of the generator in which a block stands that begins in a frame, or None.

    A generator that is the body of a context manager is none: its block is to hold where that is
    used.
    """
    while frame is not None:
        if frame.f_globals.get("__name__") != "contextlib":
            if not frame.f_code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR):
                return None
            back = frame.f_back
            if back is None or back.f_globals.get("__name__") != "contextlib":
                return frame
        frame = frame.f_back
    return None


def held(settings: dict[str, Any], owner: FrameType | None) -> Iterator[None]:
    """Hold a mode until this generator goes on, or goes.

    A Mode whose block has ended turns into the one around it, in one call that no Ctrl-C
    interrupts: whoever still holds it, such as a block that was cut off while it began or ended,
    has the settings of outside.
    """
    # The new Mode, in half the time that `replace` takes.
    before = VARIABLE.get()
    inside = object.__new__(Mode)
    own = vars(inside)
    simple = owner is None and before.simple
    links = {"settings": settings, "around": before, "owner": owner, "simple": simple}
    own.update({**vars(MODE.get()), **settings, **links})

    # What it turns into, and what takes it off the lists: prepared here, for at the end no line of
    # Python may stand between.
    links = {"settings": {}, "around": before, "owner": None, "simple": False}
    outside = {**vars(before), **links}
    undo = map(dict.pop, (modes_in_use, detours), (inside, inside), (None, None))
    try:
        modes_in_use[inside] = None
        if changes_nodes(settings):
            detours[inside] = None
        VARIABLE.set(inside)
        yield
    finally:
        try:
            own.update(outside)
        finally:
            # In one call, again.
            deque(undo, maxlen=0)
            leave(inside)


def changes_nodes(settings: dict[str, Any]) -> bool:
    """Tell whether a node of two ordinary numbers is not what it is otherwise."""
    return not all(name in NO_DETOUR or (name, x) == RECORDED for name, x in settings.items())


def leave(ended: Mode) -> None:
    """Go back to the mode around one that has ended; if others began since, they stay."""
    top: Mode | None = VARIABLE.get()
    if top is ended:
        while top.around is not None and not top.settings:
            top = top.around
        VARIABLE.set(top)
    while top is not None and top is not ended:
        top.simple = top.simple and not in_chain(ended, top)
        top = top.around


def in_chain(mode: Mode, above: Mode) -> bool:
    """Tell whether a mode is one of those around another."""
    around = above.around
    while around is not None and around is not mode:
        around = around.around
    return around is mode


class ModeBlock:
    """A `with` block, or a decorator, that changes fields of the current Mode.

    It decorates functions, generators, coroutines and asynchronous generators: the mode holds
    whenever one of them runs, and only then.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        # Where each block began, and what holds its mode.
        self.blocks: list[tuple[FrameType, Iterator[None]]] = []

    def __enter__(self) -> None:
        frame = sys._getframe(1)
        block = held(self.settings, generator_around(frame))
        self.blocks.append((frame, block))
        next(block)

    def __exit__(self, *_: object) -> None:
        frame = sys._getframe(1)
        own = [i for i, (began, _) in enumerate(self.blocks) if began is frame]
        next(self.blocks.pop(own[-1] if own else -1)[1], None)

    def __call__(self, function: Callable[..., Any]) -> Any:
        """Return a function that runs in the mode."""
        settings = self.settings
        if not callable(function) or isinstance(function, type):
            raise TypeError(
                f"a mode decorates a function, not {type(function).__name__}; it goes below"
                " @classmethod or @staticmethod, and on the methods of a class"
            )
        if isgeneratorfunction(function):

            @wraps(function)
            def generator(*args: Any, **options: Any) -> Any:
                return (yield from stepwise(function(*args, **options), settings))

            return generator
        if isasyncgenfunction(function):

            @wraps(function)
            def asynchronous_generator(*args: Any, **options: Any) -> Any:
                return stepwise_awaited(function(*args, **options), settings)

            return asynchronous_generator
        if iscoroutinefunction(function):

            @wraps(function)
            async def coroutine(*args: Any, **options: Any) -> Any:
                return await awaited(settings, partial(function, *args, **options))

            return coroutine

        @wraps(function)
        def usual(*args: Any, **options: Any) -> Any:
            return called(settings, partial(function, *args, **options))

        return usual


def called(settings: dict[str, Any], work: Callable[[], Any]) -> Any:
    """Call a function in a mode."""
    with ModeBlock(settings):
        return work()


async def awaited(settings: dict[str, Any], work: Callable[[], Any]) -> Any:
    """Call a function in a mode, and wait in it for what that returns."""
    with ModeBlock(settings):
        return await work()


def stepwise(work: Generator[Any, Any, Any], settings: dict[str, Any]) -> Iterator[Any]:
    """Run a generator in a mode, and yield what it yields outside of the mode."""
    step: Callable[[], Any] = partial(next, work)
    while True:
        try:
            found = called(settings, step)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        try:
            sent = yield found
        except GeneratorExit:
            called(settings, work.close)
            raise
        except BaseException as error:
            step = partial(work.throw, error)
        else:
            step = partial(work.send, sent)


async def stepwise_awaited(work: AsyncGenerator[Any, Any], settings: dict[str, Any]) -> Any:
    """Run an asynchronous generator in a mode, and yield what it yields outside of the mode."""
    step: Callable[[], Any] = partial(anext, work)
    while True:
        try:
            found = await awaited(settings, step)
        except StopAsyncIteration:
            return
        try:
            sent = yield found
        except GeneratorExit:
            await awaited(settings, work.aclose)
            raise
        except BaseException as error:
            step = partial(work.athrow, error)
        else:
            step = partial(work.asend, sent)


def mode(**settings: Any) -> ModeBlock:
    """Change fields of the current Mode within a `with` block, or a function that it decorates."""
    return ModeBlock(settings)


def tracing() -> bool:
    """Tell whether what is recorded here is to hold for any numbers, not for those at hand."""
    return bool(modes_in_use) and MODE.get().symbolic is not None


def copies_are_nodes() -> bool:
    """Tell whether gradients flow through copies, because a function is differentiated here."""
    if not modes_in_use:
        return False
    how = MODE.get()
    return how.differentiating and how.record


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Compute without recording: within the block every result is a leaf.

    A decorator as well, of functions, generators and coroutines.

    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> with no_grad():
    ...     (x * x).parents
    ()
    >>> @no_grad
    ... def square(x):
    ...     return x * x
    >>> square(x).parents
    ()
    """
    block = mode(record=False)
    return block if function is None else block(function)


def ieee(function: Callable[..., Any] | None = None) -> Any:
    """Give inf and nan, as IEEE 754 and the tensor libraries do, where Python raises.

    A decorator as well, of functions, generators and coroutines.

    >>> from autograd import Value
    >>> with ieee():
    ...     Value(0.0).log().data
    -inf
    """
    block = mode(ieee=True)
    return block if function is None else block(function)
