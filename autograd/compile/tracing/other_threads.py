"""Threads that a function starts while it is traced: nothing is traced there.

What such a thread computes of Values would be that of the example for ever. So while a function is
traced, the work that it hands to another thread, its own or that of a pool, runs in a mode that
refuses to read, compare or record a Value. A thread that takes the context of the function along
traces as the function does.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

from autograd.compile.tracing.tracers import refuse_thread
from autograd.modes import mode, tracing


class Refusing:
    """An observer that refuses whatever it is told of."""

    def refuse(self, *_: object) -> NoReturn:
        """Refuse a Value in a thread that is not tracing."""
        refuse_thread()

    made = recorded = compared = decided = check_thread = refuse


def refused(*_: object) -> NoReturn:
    """Refuse a Value in a thread that is not tracing."""
    refuse_thread()


def elsewhere(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return work for a thread in which nothing is traced."""

    @functools.wraps(work)
    def run(*args: object, **options: object) -> Any:
        with mode(observer=Refusing(), symbolic=refused, taken_out=refused):
            return work(*args, **options)

    return run


def start(usual: Callable[..., Any], thread: threading.Thread) -> Any:
    """Start a thread; one that a traced function starts refuses Values."""
    if tracing():
        thread.run = elsewhere(thread.run)  # type: ignore[method-assign]
    return usual(thread)


def submit(
    usual: Callable[..., Any],
    pool: object,
    work: Callable[..., Any],
    *args: object,
    **options: object,
) -> Any:
    """Hand work to a pool of threads; that of a traced function refuses Values."""
    if tracing():
        work = elsewhere(work)
    return usual(pool, work, *args, **options)


def in_traces() -> list[tuple[Any, str, Any]]:
    """Return what starts threads, and what hands work to them: where, and what it is in a trace."""
    pools = sys.modules.get("concurrent.futures.thread")
    places: list[tuple[Any, str, Callable[..., Any]]]
    places = [(threading.Thread, "start", start)]
    if pools:
        places.append((pools.ThreadPoolExecutor, "submit", submit))
    changes = []
    for owner, name, ours in places:
        usual = vars(owner)[name]
        with_usual = functools.partial(ours, usual)
        method = functools.partialmethod(with_usual)
        changes.append((owner, name, method))
    return changes
