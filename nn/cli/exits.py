"""Exit codes: what a command's end is called by a number, for scripts.

>>> code_of(ValueError("--held-out 2")), code_of(Diverged("in iteration 7"))
(2, 3)
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from nn.runs import Stopped, stopping

DONE = 0
BAD_INPUT = 2
DIVERGED = 3
CANNOT_WRITE = 4
# The exit code after Ctrl-C.
INTERRUPTED = 130
# What shells say of a program that SIGPIPE ended.
CLOSED_PIPE = 141

# Errors that are told in a line, without a traceback.
EXPECTED = (ValueError, OSError, ArithmeticError, ImportError, KeyboardInterrupt)


class Diverged(ArithmeticError):
    """A training whose numbers grew out of bounds."""


class CannotWrite(OSError):
    """A result that cannot be written: a full disk, a folder that is nobody's."""


@contextmanager
def writing() -> Iterator[None]:
    """Tell errors of writing from those of reading; a closed pipe stays what it is.

    >>> with writing():
    ...     raise OSError(28, "No space left on device", "runs/iris/model.json")
    Traceback (most recent call last):
    nn.cli.exits.CannotWrite: [Errno 28] No space left on device: 'runs/iris/model.json'
    """
    try:
        yield
    except (BrokenPipeError, CannotWrite):
        raise
    except OSError as error:
        raise CannotWrite(error.errno, error.strerror, error.filename) from None


@contextmanager
def uncut() -> Iterator[None]:
    """Let no signal cut off an import, which would look like a package that is missing."""
    with stopping() as signals, signals.shielded():
        yield


def code_of(error: BaseException) -> int:
    """Return the exit code of a command that an error ended."""
    if isinstance(error, Stopped):
        # As shells have it.
        return 128 + signal.Signals[str(error)]
    codes: dict[type[BaseException], int] = {
        KeyboardInterrupt: INTERRUPTED,
        BrokenPipeError: CLOSED_PIPE,
        Diverged: DIVERGED,
        CannotWrite: CANNOT_WRITE,
    }
    found = (code for kind, code in codes.items() if isinstance(error, kind))
    return next(found, BAD_INPUT)


def text_of(error: BaseException) -> str:
    """Return what is said about an error, in one line."""
    if isinstance(error, KeyboardInterrupt):
        return "stopped"
    return " ".join(str(error).split())
