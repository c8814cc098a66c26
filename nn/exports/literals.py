"""Literals: numbers and texts as Python source, in lines that are not long.

Only `repr` of plain numbers and texts gets into the source, so nothing in it is ever run.

>>> print(literal(("a", 0.1, (None, float("inf")))))
('a', 0.1, (None, float("inf")))
>>> literal(('"; import os',))
'(\\'"; import os\\',)'
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

# Columns of a line.
WIDTH = 100


def literal(x: object, before: int = 0) -> str:
    """Return the source of a number, a text, None, a tuple of these, a set of texts or a pattern.

    Args: before: how many columns of the first line are taken.

    Raises: TypeError: it is something else.
    """
    short = in_one_line(x)
    if len(short) + before <= WIDTH:
        return short
    if isinstance(x, frozenset):
        return f"frozenset({broken(tuple(sorted(x)), '    ')})"
    return broken(x, "    ") if isinstance(x, tuple) else short


def in_one_line(x: object) -> str:
    """Return the source of x, however long it becomes."""
    if isinstance(x, tuple):
        return f"({', '.join(map(in_one_line, x))}{',' * (len(x) == 1)})"
    if isinstance(x, frozenset):
        return f"frozenset({in_one_line(tuple(sorted(x)))})"
    if isinstance(x, re.Pattern) and x.flags == re.compile("").flags:
        return f"re.compile({in_one_line(x.pattern)})"
    return plain(x)


def plain(x: object) -> str:
    """Return the source of a number, a text or None; those of derived classes are not asked."""
    if x is None or isinstance(x, bool):
        return repr(x)
    if isinstance(x, str):
        return str.__repr__(x)
    if isinstance(x, int):
        return int.__repr__(x)
    if isinstance(x, float):
        return float.__repr__(x) if math.isfinite(x) else f'float("{float.__repr__(x)}")'
    raise TypeError(f"{type(x).__name__} {x!r:.40} has no literal")


def broken(x: tuple[Any, ...], indent: str) -> str:
    """Return the source of a tuple in several lines, the last of which closes it."""
    room = WIDTH - len(indent) - 1
    if any(isinstance(part, tuple) for part in x):
        lines = []
        for part in x:
            text = in_one_line(part)
            if len(text) > room and isinstance(part, tuple):
                text = broken(part, indent + "    ")
            lines.append(text + ",")
    else:
        lines = filled([in_one_line(part) + "," for part in x], room)
    inner = "".join(f"{indent}{line}\n" for line in lines)
    return f"(\n{inner}{indent[4:]})"


def filled(parts: Iterable[str], room: int) -> list[str]:
    """Return parts in lines of at most so many letters, where a part is not longer itself.

    >>> filled(["1,", "2,", "3,"], 5)
    ['1, 2,', '3,']
    """
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 1 + len(part) <= room:
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return lines


def for_docstring(text: str) -> str:
    r"""Return a text that stands for itself between triple quotes, and cannot end them.

    >>> print(for_docstring('a "b" \\ \u202e'))
    a \"b\" \\ \u202e
    """
    return "".join(map(escaped, text))


def escaped(letter: str) -> str:
    """Return a letter as it stands between triple quotes."""
    if letter in '\\"':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return letter.encode("unicode_escape").decode("ascii")
