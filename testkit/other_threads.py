"""Threads that have nothing to do with a function that is being traced."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


def beside(work: Callable[[], Any]) -> Callable[[], None]:
    """Start a thread now, and return what has it do its work, and waits until that is done."""
    asked, done = threading.Event(), threading.Event()

    def run() -> None:
        asked.wait()
        try:
            work()
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()

    def ask() -> None:
        asked.set()
        done.wait()

    return ask
