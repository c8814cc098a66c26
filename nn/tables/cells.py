"""Cells: the number in a text, and the marks that stand for nothing.

>>> number_in("4,5", decimal=","), number_in("4,5"), is_missing("n/a")
(4.5, None, True)
"""

from __future__ import annotations

import math
import re

# What pandas takes for missing, written exactly so, and the question mark of the UCI repository.
MARKS = frozenset(
    "? NA N/A n/a #NA #N/A NaN nan -NaN -nan NULL null None <NA> 1.#IND -1.#IND 1.#QNAN -1.#QNAN"
    .split()
) | {"", "#N/A N/A"}  # fmt: skip
# In a column of numbers, however they are written; "none" or "-" may be a class or a category.
NUMBER_MARKS = frozenset(mark.casefold() for mark in MARKS) | frozenset(
    "- -- . .. … * missing nat".split()
)
THOUSANDS_AND_COMMA = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")


def number_in(cell: str, decimal: str = ".") -> float | None:
    """Return the number in a cell, or None where there is none.

    Args: decimal: the mark before the fraction, a point or a comma.

    >>> number_in(" 1e3 "), number_in("1_000"), number_in("ten")
    (1000.0, None, None)
    """
    # Python's 1_000 is no number in a file.
    if "_" in cell:
        return None
    if decimal == ",":
        cell = with_point(cell)
    try:
        return float(cell)
    except ValueError:
        return None


def with_point(cell: str) -> str:
    """Return a number with a decimal comma as one with a point.

    Points between thousands are left out where a comma follows; else a point makes it no number.

    >>> with_point("1.234,5"), with_point("1.234")
    ('1234.5', 'not 1.234')
    """
    text = cell.strip()
    if THOUSANDS_AND_COMMA.fullmatch(text):
        text = text.replace(".", "")
    return f"not {text}" if "." in text else text.replace(",", ".")


def is_missing(cell: str, number: bool = False) -> bool:
    """Tell whether a cell stands for nothing; in a column of numbers there are more such marks.

    >>> is_missing("none"), is_missing("none", number=True)
    (False, True)
    """
    text = cell.strip()
    return text.casefold() in NUMBER_MARKS if number else text in MARKS


def is_finite_number(cell: str, decimal: str = ".") -> bool:
    """Tell whether a cell holds a number that is neither NaN nor infinite."""
    x = number_in(cell, decimal)
    return x is not None and math.isfinite(x)
