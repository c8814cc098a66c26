"""Progress of a training on stderr: a bar by tqdm where that is installed, else lines."""

from __future__ import annotations

import importlib
import sys
import time

from nn.history import History

SECONDS_BETWEEN_LINES = 2.0  # where there is no bar


class Progress:
    """A bar by tqdm where that is installed, else a line now and then; on stderr."""

    def __init__(self, wanted: bool, done: int, iterations: int) -> None:
        self.wanted = wanted
        self.iterations = iterations
        self.bar = None
        self.next = time.monotonic() + SECONDS_BETWEEN_LINES
        try:
            bar = importlib.import_module("tqdm").tqdm if wanted else None
        except ImportError:
            return
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
            print(f"{done}: {history.news()}", file=sys.stderr)
            self.next = time.monotonic() + SECONDS_BETWEEN_LINES

    def note(self, text: str) -> None:
        """Say something in a line of its own."""
        if self.bar:
            self.bar.write(text, file=sys.stderr)
        elif self.wanted:
            print(text, file=sys.stderr)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.close()
