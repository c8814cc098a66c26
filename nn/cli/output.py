"""What commands print: lines that every terminal can show, or one JSON object.

>>> import codecs
>>> codecs.register_error(READABLE, readable)
>>> "R² of größe".encode("ascii", READABLE)
b'R^2 of gr\\\\xf6\\\\xdfe'
"""

from __future__ import annotations

import codecs
import errno
import json
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

from nn.cli.exits import CannotWrite

# The name of a way to encode what a terminal cannot show.
READABLE = "chainrule.readable"
PLAIN = {"²": "^2", "…": "...", "≤": "<=", "≥": ">=", "×": "x", "–": "-", "—": "-", "’": "'"}
# Characters that are written at once.
PIECE = 16_384
# What a pipe says, and a terminal, that was closed.
GONE = (errno.EPIPE, errno.EIO, errno.EBADF)


def readable(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for letters that a terminal cannot show, and where to go on.

    Our own become plain; those of names in somebody's data become escapes.

    >>> readable(UnicodeEncodeError("ascii", "R²é", 1, 3, ""))
    ('^2\\\\xe9', 3)
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    escaped = (PLAIN.get(x) or x.encode("ascii", "backslashreplace").decode() for x in letters)
    return "".join(escaped), error.end


def make_readable() -> None:
    """Let no letter that the terminal lacks end a command."""
    codecs.register_error(READABLE, readable)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=READABLE)


def write_line(stream: TextIO | None, text: str) -> None:
    """Print at once.

    Raises: BrokenPipeError: the pipe or the terminal was closed; CannotWrite: a full disk.
    """
    # A program without a terminal has none.
    if stream is None:
        return
    try:
        # A line in one call: print would make two. Of an unbuffered stream Python takes half a
        # write for a whole one; only the next piece of a long text finds that the pipe is closed.
        for start in range(0, len(text) + 1, PIECE):
            end = start + PIECE
            stream.write(text[start:end] + "\n" * (end > len(text)))
            stream.flush()
    except OSError as error:
        forget(stream)
        if error.errno in GONE:
            raise BrokenPipeError(errno.EPIPE, "nobody reads the output any more") from None
        raise CannotWrite(error.errno, error.strerror, "the output") from None


def forget(stream: TextIO) -> None:
    """Let what a broken stream still holds go nowhere: at its end Python would try again."""
    # It may be no file.
    with suppress(OSError, ValueError, AttributeError):
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


def complain(text: str) -> None:
    """Print a line to stderr, if it is there."""
    with suppress(OSError):
        write_line(sys.stderr, text)


class Output:
    """Where the lines of a command go: to stdout; with --json to stderr, stdout has one object.

    Attributes: `notes`, what was guessed or is striking; `files`, the paths that were written;
    `content`, what else the object has.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.notes: list[str] = []
        self.files: list[str] = []
        self.content: dict[str, Any] = {}

    def say(self, text: str) -> None:
        """Print a line, or several."""
        write_line(sys.stderr if self.as_json else sys.stdout, text)

    def note(self, text: str) -> None:
        """Print a line that belongs to the notes."""
        self.notes.append(text)
        self.say(text)

    def wrote(self, paths: list[Any], what: str) -> None:
        """Say which files were written, and what is in them."""
        self.files += map(str, paths)
        self.say(f"wrote {' '.join(map(str, paths))}: {what}")

    def document(self, content: dict[str, Any]) -> None:
        """Print an object as JSON, where that is asked for."""
        if self.as_json:
            write_line(sys.stdout, json.dumps(content, indent=1, allow_nan=False))
