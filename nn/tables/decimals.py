"""Decimal marks: a point or a comma before the fraction, told from the cells.

>>> decimal_of("own.csv", [(2, ["4,5", "1"])], ";")
(',', "decimal: comma, as in line 2: '4,5' (--decimal)")
"""

from __future__ import annotations

import re

from nn.tables.separators import Row

POINT = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?", re.IGNORECASE)
COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def decimal_of(name: str, rows: list[Row], separator: str) -> tuple[str, str]:
    """Return the mark before fractions, and a line about it where it is a comma.

    Raises: ValueError, with the line, where commas may stand before fractions or after thousands.
    """
    if separator == ",":
        return quoted_decimal(rows)
    first = None
    certain = False
    for line, cells in rows:
        for i, cell in enumerate(cells):
            text = cell.strip()
            if POINT.fullmatch(text):
                return ".", ""
            if COMMA.fullmatch(text):
                first = first or (line, i, text)
                certain = certain or not THOUSANDS.fullmatch(text)
    if first is None:
        return ".", ""
    line, i, text = first
    if not certain:
        raise ValueError(
            f"{name}, line {line}, column {i + 1}: {text!r} is a fraction or thousands; "
            "say --decimal , or --decimal ."
        )
    return ",", f"decimal: comma, as in line {line}: {text!r} (--decimal)"


def quoted_decimal(rows: list[Row]) -> tuple[str, str]:
    """Return the mark where a comma separates: fractions with commas stand in quotes then."""
    cells = [(line, cell.strip()) for line, row in rows for cell in row]
    if any(POINT.fullmatch(cell) for _, cell in cells):
        return ".", ""
    for line, cell in cells:
        if COMMA.fullmatch(cell) and not THOUSANDS.fullmatch(cell):
            return ",", f"decimal: comma, as in line {line}: {cell!r} (--decimal)"
    return ".", ""
