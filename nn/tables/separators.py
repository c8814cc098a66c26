"""Separators: the cells of each line of a text, and what stands between them.

>>> separator_of("a;b\\n1,5;2\\n")
';'
>>> rows_of("own.csv", "1  2.5 x\\n\\n 3  4 y", " ")
[(1, ['1', '2.5', 'x']), (3, ['3', '4', 'y'])]
"""

from __future__ import annotations

import csv
import io
import re

from nn.tables.cells import number_in

# The earlier one on a tie; a space stands for any number of them.
SEPARATORS = (",", ";", "\t", " ")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", " ": "spaces"}
# So many lines are looked at for the separator.
SAMPLE_LINES = 200

# The line number and the cells.
Row = tuple[int, list[str]]


def declared(text: str) -> tuple[str, str | None]:
    """Return a text without the `sep=;` line of spreadsheets, and the separator that it declares.

    The line stays as an empty one, so that line numbers are those of the file.
    """
    first, end, rest = text.partition("\n")
    found = re.fullmatch(r'"?sep=(.)"?\r?', first, re.IGNORECASE)
    return (end + rest, found[1]) if found else (text, None)


def separator_of(text: str) -> str:
    """Return what separates the cells of a text.

    It is what gives rows of one length and cells that are numbers; cells inside quotes count whole.
    """
    sample = "".join(text.lstrip("\r\n").splitlines(keepends=True)[:SAMPLE_LINES])
    return max(SEPARATORS, key=lambda separator: fitness(sample, separator))


def fitness(sample: str, separator: str) -> tuple[float, ...]:
    """Return how well a separator fits a text; the larger, the better."""
    try:
        rows = [row for _, row in rows_of("", sample, separator, strict=False)]
    except ValueError:
        return (0.0,)
    widths = [len(row) for row in rows if not row[0].startswith("#")]
    if not widths or max(widths) < 2:
        return (0.0,)
    # Of equally frequent widths the smallest, so that no order of a set has a say.
    usual = max(sorted(set(widths)), key=widths.count)
    if usual < 2:
        return (0.1, widths.count(usual) / len(widths))
    cells = [cell for row in rows for cell in row]
    mark = "." if separator == "," else ","
    numbers = sum(number_in(cell.replace(mark, ".")) is not None for cell in cells)
    regular = widths.count(usual) / len(widths)
    # Spaces stand in many texts; they separate where nothing else does.
    likely = 0.5 if separator == " " and any(x in sample for x in ",;\t") else 1.0
    return (1.0, round(regular, 1), likely * numbers / len(cells), likely)


def rows_of(name: str, text: str, separator: str, strict: bool = True) -> list[Row]:
    """Return (line number, cells) of every line that is not blank.

    Raises: ValueError, with the line, where quotes are not closed or a cell has no end.
    """
    # Columns are lined up by any number of spaces, at the beginning of a line, too.
    spaces = separator == " "
    if spaces:
        lines_of_text = re.split(r"\r\n|\r|\n", text.replace("\t", " "))
        text = "\n".join(line.strip() for line in lines_of_text)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, strict=strict, skipinitialspace=spaces)
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        raise ValueError(f"{name}, line {reader.line_num}: {error}") from None
    return rows
