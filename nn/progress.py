"""Progress of a training on stderr: a bar by tqdm where somebody watches, else lines."""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any

from nn.history import History

# At first, where there is no bar.
SECONDS_BETWEEN_LINES = 2.0
# Later: nobody reads a thousand lines.
MOST_SECONDS_BETWEEN_LINES = 60.0


class Progress:
    """A bar by tqdm where that is installed and stderr is a terminal or a notebook.

    Else a line now and then: a file or another program would keep every state of a bar.
    """

    def __init__(self, wanted: bool, done: int, iterations: int) -> None:
        self.wanted = wanted and sys.stderr is not None
        self.iterations = iterations
        self.pause = SECONDS_BETWEEN_LINES
        self.next = time.monotonic() + self.pause
        bar = bar_of_tqdm() if self.wanted and is_watched() else None
        self.bar = None
        if bar:
            self.bar = bar(total=iterations, initial=done, unit=" iterations", file=sys.stderr)

    def update(self, history: History) -> None:
        """Show that one more iteration is done."""
        if self.bar:
            self.bar.set_postfix_str(history.news(), refresh=False)
            self.bar.update()
        elif self.wanted and (
            time.monotonic() >= self.next or history.iteration == self.iterations
        ):
            done = f"iteration {history.iteration} of {self.iterations}"
            if history.epochs is not None:
                done += f" (epoch {history.epochs:.1f})"
            self.tell(f"{done}: {history.news()}")
            self.next = time.monotonic() + self.pause
            self.pause = min(2.0 * self.pause, max(self.pause, MOST_SECONDS_BETWEEN_LINES))

    def note(self, text: str) -> None:
        """Say something in a line of its own."""
        if self.bar:
            self.bar.write(text, file=sys.stderr)
        else:
            self.tell(text)

    def tell(self, text: str) -> None:
        """Print a line; where a terminal is gone or a disk full, the training goes on without.

        Raises: BrokenPipeError: who read it wants no more.
        """
        try:
            if self.wanted:
                print(text, file=sys.stderr, flush=True)
        except BrokenPipeError:
            raise
        except OSError:
            self.wanted = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.close()


def is_watched() -> bool:
    """Tell whether stderr is a terminal, or a notebook's, in which a line can be drawn again."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def bar_of_tqdm() -> Any:
    """Return the class of bars, or None where tqdm is not installed."""
    try:
        return importlib.import_module("tqdm").tqdm
    except ImportError:
        return None
