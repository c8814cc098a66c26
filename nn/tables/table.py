"""A table: cells of text in rows of one length, with the place of each.

>>> table = Table("own.csv", ("length", "kind"), [(2, ["1.5", "yes"])])
>>> table.place(2, 0)
'own.csv, line 2, column 1 (length)'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Names in a message.
MOST_NAMES_SHOWN = 30


@dataclass(frozen=True)
class Table:
    """Cells of text: the name of their file, the header or None, and (line number, cells) pairs.

    Attributes: `decimal`, the mark before a fraction; `notes`, what was guessed, a line each;
    `unit`, what a message calls a row: a line of a file, a row of an object.
    """

    name: str
    header: tuple[str, ...] | None
    rows: list[tuple[int, list[str]]]
    decimal: str = "."
    notes: tuple[str, ...] = ()
    unit: str = "line"

    @property
    def width(self) -> int:
        """How many columns there are."""
        if self.header is not None:
            return len(self.header)
        return len(self.rows[0][1]) if self.rows else 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns; x1, x2, … where there is no header."""
        return self.header or tuple(f"x{i + 1}" for i in range(self.width))

    def column(self, i: int) -> str:
        """Return what a message calls a column."""
        return f"column {i + 1}" + (f" ({self.header[i] or 'no name'})" if self.header else "")

    def place(self, line: int, i: int) -> str:
        """Return what a message calls a cell."""
        return f"{self.name}, {self.unit} {line}, {self.column(i)}"

    def cells(self, i: int) -> list[str]:
        """Return a column from top to bottom."""
        return [cells[i] for _, cells in self.rows]


def listed(names: Sequence[str]) -> str:
    """Return names in one line, the first of them where there are many.

    >>> listed(["a", "b"])
    'a, b'
    """
    more = ", …" if len(names) > MOST_NAMES_SHOWN else ""
    return ", ".join(names[:MOST_NAMES_SHOWN]) + more
