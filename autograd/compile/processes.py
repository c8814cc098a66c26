"""Compiled functions in other processes: forks while other threads compute, and pickles.

A child has only the thread that forked. What other threads were at is half done there: so their
locks, jobs and workspaces are replaced. NumPy's BLAS cannot even go on in the parent where a fork
comes in between; so forks wait for calls of the NumPy engine, and these for forks.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType
from typing import Any

# All compiled functions that there are.
compiled_functions: weakref.WeakSet[Any] = weakref.WeakSet()
# Threads that have turned the collector off.
threads_pausing: list[int | None] = []
# Locks of calls that a fork has to wait for.
computing: list[Any] = []
# Threads that are about to fork; the event is set when none is.
forking: list[int] = []
forked = threading.Event()
forked.set()
# So long a fork waits: a call may wait for the thread that forks.
PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 2e-4


@contextmanager
def paused_collector() -> Iterator[None]:
    """Keep Python from searching a million new objects for cycles, of which there are none."""
    was_on = gc.isenabled()
    gc.disable()
    thread = threading.get_ident() if was_on else None
    threads_pausing.append(thread)
    try:
        yield
    finally:
        threads_pausing.remove(thread)
        if was_on:
            gc.enable()


class TurnBetweenForks:
    """A reentrant lock whose holder no fork interrupts, unless it forks itself."""

    def __init__(self) -> None:
        self.lock = threading.RLock()

    def __enter__(self) -> None:
        self.lock.acquire()
        computing.append(self.lock)
        # Who computes meanwhile would be forked; so the turn is given back while it waits.
        while forking and threading.get_ident() not in forking:
            computing.remove(self.lock)
            forked.wait()
            computing.append(self.lock)

    def __exit__(self, *_: object) -> None:
        computing.remove(self.lock)
        self.lock.release()


def wait_for_calls() -> None:
    """Wait until no other thread is in a call that a fork must not interrupt."""
    forked.clear()
    forking.append(threading.get_ident())
    # A call may wait for this very thread; then the child gets a new lock all the same.
    end = time.monotonic() + PATIENCE_SECONDS
    while not all(map(is_free, list(computing))) and time.monotonic() < end:
        time.sleep(PAUSE_SECONDS)


def is_free(lock: Any) -> bool:
    """Tell whether no other thread holds a reentrant lock."""
    found: bool = lock.acquire(blocking=False)
    if found:
        lock.release()
    return found


def let_calls_go_on() -> None:
    """Let other threads compute again, once no thread forks."""
    forking.remove(threading.get_ident())
    if not forking:
        forked.set()


def renew_all() -> None:
    """Make all compiled functions usable in a process that was forked by any thread."""
    # Locks of threads that are not here are never given back.
    computing[:] = filter(is_free, list(computing))
    forking.clear()
    forked.set()
    for compiled in list(compiled_functions):
        compiled.renew()
    # One of them had turned the collector off, and cannot turn it on again.
    if any(thread not in (None, threading.get_ident()) for thread in threads_pausing):
        threads_pausing.clear()
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=wait_for_calls, after_in_parent=let_calls_go_on, after_in_child=renew_all
    )


def new_lock(engine: str) -> Any:
    """Return a reentrant lock for the calls of a compiled function."""
    return TurnBetweenForks() if engine == "numpy" else threading.RLock()


def check_importable(function: object) -> None:
    """Check that pickle can find a function, unless a pickler is at work that need not find it.

    Raises: PicklingError: it cannot; the message says what does.
    """
    if not isinstance(function, FunctionType) or copies_functions(sys._getframe(1)):
        return
    # As pickle looks for it: by its module and its name in there.
    found: Any = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    if found is not function:
        raise pickle.PicklingError(
            f"Can't pickle {function!r}: it is not found as {function.__module__}."
            f"{function.__qualname__}, and a compiled function is pickled with the function that it"
            " was made of: define that at the top level of a module, or use cloudpickle"
        )


def copies_functions(frame: FrameType | None) -> bool:
    """Tell whether a pickler above a frame is none of pickle's own, such as one of cloudpickle."""
    plain = pickle.Pickler, pickle._Pickler
    while frame:
        found = frame.f_locals.get("self")
        if isinstance(found, plain) and type(found) not in plain:
            return True
        frame = frame.f_back
    return False
