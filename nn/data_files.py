"""Files of data: the cells of a CSV file, checked, and the numbers and classes in its columns.

>>> table = table_of("own.csv", b"length,kind\\n1.5,yes\\n2,no\\n")
>>> numbers_of(table, [0]), classes_of(table, 1)
([[1.5], [2.0]], (['no', 'yes'], [1, 0]))
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

MAX_BYTES = 2**30  # of a file, and of what it unpacks to
CHUNK_BYTES = 2**20
MAX_CLASSES_IN_FEW_ROWS = 20  # more, and more than half as many as rows, look like a quantity
SEPARATORS = ",;\t"


class Table(NamedTuple):
    """A CSV file as text: its name, the header or None, and (line number, cells) pairs."""

    name: str
    header: list[str] | None
    rows: list[tuple[int, list[str]]]

    def column(self, i: int) -> str:
        """Return what a message calls a column."""
        return f"column {i + 1}" + (f" ({self.header[i]})" if self.header else "")


def read_table(
    path: str | Path, target: str | int | None = None, header: bool | None = None
) -> Table:
    """Return the cells of a CSV file, checked to be text in rows of one length.

    Args: see `nn.read_csv`.
    """
    content = read_file(path)
    if content[:2] == b"\x1f\x8b":
        try:
            content = read_all(path, gzip.GzipFile(fileobj=io.BytesIO(content)))
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path}: a damaged gzip file: {error}") from None
    return table_of(str(path), content, target, header)


def read_file(path: str | Path) -> bytes:
    """Return the bytes of a file that is not too long to be meant."""
    with open(path, "rb") as file:
        return read_all(path, file)


def read_all(path: str | Path, file: Any) -> bytes:
    """Return all that can be read from an open file.

    Raises: ValueError when it is more than MAX_BYTES, or has no end.
    """
    chunks = []
    size = 0
    while chunk := file.read(CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise ValueError(f"{path}: more than {MAX_BYTES} bytes, the most that is read")
    return b"".join(chunks)


def table_of(
    name: str, content: bytes, target: str | int | None = None, header: bool | None = None
) -> Table:
    """Return the cells of the bytes of a CSV file."""
    rows = cells_of(name, decoded(name, content))
    if not rows:
        raise ValueError(f"{name}: the file is empty")
    first = rows[0][1]
    for line, cells in rows:
        if len(cells) != len(first):
            raise ValueError(
                f"{name}, line {line}: {len(cells)} columns, but line {rows[0][0]} has {len(first)}"
            )
    if header is None:
        label = target if isinstance(target, int) else -1
        features = [x for i, x in enumerate(first) if i not in (label, label + len(first))]
        named = bool(features) and all(number_in(x) is None for x in features)
        header = named or isinstance(target, str)
    return Table(name, [x.strip() for x in first], rows[1:]) if header else Table(name, None, rows)


def decoded(name: str, content: bytes) -> str:
    """Return the text of a file.

    Raises: ValueError when it is binary or in another encoding than UTF-8.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError(f"{name}: UTF-16 text; save it as UTF-8")
    if b"\0" in content:
        raise ValueError(f"{name}: a binary file, not CSV")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{name}, line {line}: not UTF-8 text, so a binary file or another encoding"
        ) from None


def cells_of(name: str, text: str) -> list[tuple[int, list[str]]]:
    """Return (line number, cells) of every line that is not blank."""
    first = text.lstrip().partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)  # the earlier one on a tie
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        raise ValueError(f"{name}, line {reader.line_num}: {error}") from None
    return rows


def number_in(cell: str) -> float | None:
    """Return the number in a cell, or None where there is none."""
    try:
        return float(cell) if "_" not in cell else None  # Python's 1_000 is no CSV number
    except ValueError:
        return None


def target_column(table: Table, target: str | int | None, width: int) -> int:
    """Return the index of the column with the class."""
    if isinstance(target, str):
        names = table.header or []
        if names.count(target) != 1:
            found = ", ".join(names) if names else "none: the file has no header"
            raise ValueError(f"{table.name}: no single column {target!r}; the columns: {found}")
        return names.index(target)
    target = width - 1 if target is None else target
    if not -width <= target < width:
        raise ValueError(f"{table.name}: no column {target}; there are {width}")
    return target % width


def numbers_of(table: Table, columns: Sequence[int]) -> list[list[float]]:
    """Return the chosen columns as rows of floats.

    Raises: ValueError, with the line and the column, for a cell that is no finite number.
    """
    return [[number_of(table, line, i, cells[i]) for i in columns] for line, cells in table.rows]


def number_of(table: Table, line: int, i: int, cell: str) -> float:
    """Return the number of a cell.

    Raises: ValueError, with the line and the column, when it is no finite number.
    """
    x = number_in(cell)
    if x is None or not math.isfinite(x):
        what = "a number" if x is None else "finite"
        raise ValueError(
            f"{table.name}, line {line}, {table.column(i)}: {cell!r:.40} is not {what}"
        )
    return x


def classes_of(table: Table, label: int) -> tuple[list[str], list[int]]:
    """Return the sorted names of the classes and the index of each row's class."""
    cells = []
    for line, row in table.rows:
        cells.append(row[label].strip())
        if not cells[-1]:
            raise ValueError(f"{table.name}, line {line}, {table.column(label)}: no class given")
    values = {cell: number_in(cell) for cell in cells}
    numeric = all(x is not None and math.isfinite(x) for x in values.values())
    names = sorted(values, key=lambda cell: (values[cell] if numeric else 0.0, cell))
    if len(names) < 2:
        raise ValueError(f"{table.name}: only one class, {names[0]!r}, in {table.column(label)}")
    if len(names) > max(MAX_CLASSES_IN_FEW_ROWS, len(cells) // 2):
        raise ValueError(
            f"{table.name}, {table.column(label)}: {len(names)} different classes in {len(cells)} "
            "rows; is it a quantity, or is the class in another column?"
        )
    index = {name: i for i, name in enumerate(names)}
    return names, [index[cell] for cell in cells]
