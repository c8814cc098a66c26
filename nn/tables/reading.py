"""Reading: the table in a file, whatever program has written it.

>>> table = table_of("own.csv", b"length;kind\\r\\n1,5;yes\\r\\n2,0;no\\r\\n")
>>> table.header, table.rows, table.decimal
(('length', 'kind'), [(2, ['1,5', 'yes']), (3, ['2,0', 'no'])], ',')
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nn.data_files import read_file, unpacked
from nn.tables.decimals import decimal_of
from nn.tables.encodings import decoded
from nn.tables.headers import (
    check_widths,
    has_header,
    with_row_names,
    without_comments,
    without_trailing,
)
from nn.tables.separators import NAMES, declared, rows_of, separator_of
from nn.tables.table import Table


@dataclass(frozen=True)
class Layout:
    """How a file is written, as far as it is known; what is None is guessed.

    Attributes: `separator`, a character, or a space for any number of them; `decimal`, "." or ",";
    `encoding`, as Python calls it; `header`, whether the first row has the names; `skip`, how many
    lines at the top are left out.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool | None = None
    skip: int = 0

    def __post_init__(self) -> None:
        named = {"tab": "\t", "\\t": "\t", "space": " ", "spaces": " ", "comma": ",",
                 "semicolon": ";"}  # fmt: skip
        # A shell makes it hard to give a tab, so it has names.
        separator = named.get(self.separator or "", self.separator)
        object.__setattr__(self, "separator", separator)
        if separator is not None and (len(separator) != 1 or separator in '\r\n"'):
            raise ValueError(f"--sep {self.separator!r:.40}: one character, tab or spaces")
        if self.decimal not in (None, ".", ","):
            raise ValueError(f"--decimal {self.decimal!r:.40}: a point or a comma")
        if self.decimal is not None and self.decimal == separator:
            raise ValueError(f"--sep and --decimal are both {separator!r}")
        if self.skip < 0:
            raise ValueError(f"--skip {self.skip}: a number of lines")


def read_table(
    path: str | Path,
    layout: Layout | None = None,
    target: str | int | None = None,
    names: Sequence[str] = (),
) -> Table:
    """Return the table in a file, plain or packed by gzip.

    Args: layout: what is known about it; target, names: see `has_header`.

    Raises: OSError when it cannot be read; ValueError, with the line and the option that helps,
        when it is binary, empty or ragged, or a guess would be a bet.
    """
    return table_of(str(path), unpacked(path, read_file(path)), layout, target, names)


def table_of(
    name: str,
    content: bytes,
    layout: Layout | None = None,
    target: str | int | None = None,
    names: Sequence[str] = (),
) -> Table:
    """Return the table in the bytes of a file; see `read_table`."""
    layout = layout or Layout()
    text, about_encoding = decoded(name, content, layout.encoding)
    try:
        return table_in(name, text, layout, about_encoding, target, names)
    except ValueError as error:
        # A wrong guess of the encoding may be why.
        raise ValueError(f"{error} [{about_encoding}]" if about_encoding else error) from None


def table_in(
    name: str,
    text: str,
    layout: Layout,
    about_encoding: str,
    target: str | int | None,
    names: Sequence[str],
) -> Table:
    """Return the table in a text."""
    # First what stands between the cells, then what is no row, then what the cells mean.
    text, written = declared(without_first_lines(text, layout.skip))
    separator = layout.separator or written or separator_of(text)
    rows = rows_of(name, text, separator)
    if not rows:
        raise ValueError(f"{name}: the file is empty")
    rows, about_comments = without_comments(rows)
    if not rows:
        raise ValueError(f"{name}: nothing but comments")
    # These make rows of one length of files that some programs write otherwise.
    rows, about_trailing = without_trailing(rows)
    rows, about_row_names = with_row_names(rows) if layout.header is not False else (rows, "")
    check_widths(name, rows)
    # Only now all rows are known, and a comma can be told from a point.
    decimal = layout.decimal or ""
    about_decimal = ""
    if not decimal:
        decimal, about_decimal = decimal_of(name, rows, separator)
    header = layout.header
    if header is None:
        header = bool(about_row_names) or has_header(rows, target, names)
    # A line for each guess, with the option that changes it.
    about = [
        about_encoding,
        "" if layout.separator else about_separator(separator, written),
        about_comments,
        about_trailing,
        about_decimal,
        about_row_names or ("" if layout.header is not None else about_header(header, rows[0][0])),
    ]
    first = tuple(cell.strip() for cell in rows[0][1]) if header else None
    return Table(name, first, rows[header:], decimal, tuple(filter(None, about)))


def about_separator(separator: str, written: str | None) -> str:
    """Return the line about a separator that was not given."""
    why = "as the line sep= says" if written else "--sep"
    return f"separator: {NAMES.get(separator, separator)} ({why})"


def about_header(header: bool, line: int) -> str:
    """Return the line about a guess of the header."""
    if header:
        return f"header: line {line} has the names of the columns (--header no)"
    return "header: none, the columns are x1, x2, … (--header yes)"


def without_first_lines(text: str, count: int) -> str:
    """Return a text whose first lines are empty, so that the others keep their numbers."""
    for _ in range(count):
        _, end, text = re.split(r"(\r\n|\r|\n)", text + "\n", maxsplit=1)
    return "\n" * count + text
