"""Decimal marks: a point or a comma before the fraction, told from the cells.

>>> decimal_of("own.csv", [(2, ["4,5", "1"])], ";")
(',', "decimal: comma, as in line 2: '4,5' (--decimal)")
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from nn.tables.separators import Row

POINT = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?", re.IGNORECASE)
COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def decimal_of(name: str, rows: list[Row], separator: str) -> tuple[str, str]:
    """Return the mark before fractions, and a line about it where it is a comma.

    Raises: ValueError, with the line, where commas may stand before fractions or after thousands,
        and where both marks stand before fractions.
    """
    if separator == ",":
        return quoted_decimal(rows)
    points = first_like(POINT, rows)
    commas = first_like(COMMA, rows)
    # A comma in a text column is no decimal mark: most cells of a column must have it.
    if commas is None or points and not any_column_of(COMMA, rows):
        return ".", ""
    place = f"{name}, line {commas.line}, column {commas.column + 1}"
    if points:
        raise ValueError(
            f"{place}: {commas.text!r} has a comma, but {points.text!r} in line {points.line} "
            "a point; say --decimal , or --decimal ."
        )
    # 1,234 may be either, and a wrong guess is a factor of a thousand.
    if all(THOUSANDS.fullmatch(text) for text in texts_like(COMMA, rows)):
        raise ValueError(
            f"{place}: {commas.text!r} is a fraction or thousands; say --decimal , or --decimal ."
        )
    return ",", f"decimal: comma, as in line {commas.line}: {commas.text!r} (--decimal)"


class Found(NamedTuple):
    """A cell that was looked for."""

    line: int
    column: int
    text: str


def first_like(form: re.Pattern[str], rows: list[Row]) -> Found | None:
    """Return the first cell of a form, or None."""
    for line, cells in rows:
        for i, cell in enumerate(cells):
            if form.fullmatch(cell.strip()):
                return Found(line, i, cell.strip())
    return None


def texts_like(form: re.Pattern[str], rows: list[Row]) -> Iterator[str]:
    """Yield the texts of all cells of a form."""
    for _, cells in rows:
        yield from (cell.strip() for cell in cells if form.fullmatch(cell.strip()))


def any_column_of(form: re.Pattern[str], rows: list[Row]) -> bool:
    """Tell whether most cells of some column are of a form."""
    columns = zip(*(cells for _, cells in rows))
    return any(
        2 * sum(form.fullmatch(cell.strip()) is not None for cell in column) > len(rows)
        for column in columns
    )


def quoted_decimal(rows: list[Row]) -> tuple[str, str]:
    """Return the mark where a comma separates: fractions with commas stand in quotes then."""
    cells = [(line, cell.strip()) for line, row in rows for cell in row]
    if any(POINT.fullmatch(cell) for _, cell in cells):
        return ".", ""
    for line, cell in cells:
        if COMMA.fullmatch(cell) and not THOUSANDS.fullmatch(cell):
            return ",", f"decimal: comma, as in line {line}: {cell!r} (--decimal)"
    return ".", ""
