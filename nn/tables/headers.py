"""Headers: whether the first row has the names of the columns, and what stands around the rows.

>>> has_header([(1, ["length", "kind"]), (2, ["1.5", "yes"])])
True
>>> has_header([(1, ["1.5", "yes"]), (2, ["2.5", "no"])])
False
"""

from __future__ import annotations

from collections.abc import Sequence

from nn.tables.cells import is_missing, number_in
from nn.tables.separators import Row

# Where more rows begin with #, it is how their first cells are written.
MOST_COMMENTS = 0.2
# So many names of columns that count tell a header.
NUMBERS_OF_A_SERIES = 4
# So many numbers below a text tell that the text is a name.
ROWS_FOR_A_NUMBER = 5


def without_comments(rows: list[Row]) -> tuple[list[Row], str]:
    """Return the rows that do not begin with #, and a line about the others."""
    comments = [line for line, cells in rows if cells[0].lstrip().startswith("#")]
    # Comments at the top do not count: a head of any length is one.
    first = next((i for i, row in enumerate(rows) if row[0] not in comments), len(rows))
    if not comments or len(comments) - first > MOST_COMMENTS * len(rows):
        return rows, ""
    kept = [row for row in rows if row[0] not in set(comments)]
    numbers = ", ".join(map(str, comments[:5]))
    if len(comments) > 5:
        numbers += ", …"
    return kept, f"comments: {len(comments)} lines that begin with # left out (line {numbers})"


def without_trailing(rows: list[Row]) -> tuple[list[Row], str]:
    """Return rows without last columns that are empty from top to bottom, and a line about them.

    Rows of which only the first lacks the empty cell are such, too.
    """
    # The first row is left out: it may lack the cell that all others have at their end.
    widths = {len(cells) for _, cells in rows[1:]}
    count = 0
    if len(rows) > 1 and len(widths) == 1:
        width = widths.pop()
        if len(rows[0][1]) not in (width, width - 1):
            return rows, ""
        while count < width - 1 and all(is_blank(cells, width - 1 - count) for _, cells in rows):
            count += 1
        rows = [(line, cells[: width - count]) for line, cells in rows]
    return rows, f"separators at the end of every line: {count} left out" if count else ""


def is_blank(cells: Sequence[str], i: int) -> bool:
    """Tell whether a row has nothing in a column."""
    return i >= len(cells) or not cells[i].strip()


def with_row_names(rows: list[Row]) -> tuple[list[Row], str]:
    """Return rows with an empty name for the first column, where R has left that out."""
    widths = {len(cells) for _, cells in rows[1:]}
    line, first = rows[0]
    # A number among the names would tell of a first row that is one of data.
    named = all(number_in(cell) is None for cell in first)
    if len(rows) > 2 and widths == {len(first) + 1} and named:
        note = (
            f"header: line {line} has a name less than the rows: column 1 has no name, as R writes"
        )
        return [(line, ["", *first]), *rows[1:]], note
    return rows, ""


def check_widths(name: str, rows: list[Row]) -> None:
    """Raise a ValueError, with the line, where a row has more or fewer cells than the first."""
    line, first = rows[0]
    for number, cells in rows[1:]:
        if len(cells) != len(first):
            hint = about_first_lines(rows)
            raise ValueError(
                f"{name}, line {number}: {len(cells)} columns, "
                f"but line {line} has {len(first)}{hint}"
            )


def about_first_lines(rows: list[Row]) -> str:
    """Return the option that leaves out lines above a table whose rows are of one length."""
    width = len(rows[-1][1])
    last = max((i for i, (_, cells) in enumerate(rows) if len(cells) != width), default=-1)
    if not 0 <= last < len(rows) // 2:
        return ""
    line, _ = rows[last]
    return f"; does the table begin below line {line}? --skip {line} leaves out what is above"


def has_header(rows: list[Row], target: str | int | None = None, names: Sequence[str] = ()) -> bool:
    """Tell whether the first row has names.

    It has where one of them is expected; where only its first cell is empty, above names of rows;
    where no cell is a number and the rows differ: below is a number, or no text of the first row
    comes again. A row of texts and numbers is one of names where a text stands above many numbers
    and nothing else, or where its numbers count, as years do.

    Args:
        target: the column that is told apart, whose cells may be text: its name or its index.
        names: names that are expected.
    """
    first = [cell.strip() for cell in rows[0][1]]
    below = [cells for _, cells in rows[1:]]
    # A name that somebody expects settles it.
    expected = {*names, *([target] if isinstance(target, str) else [])}
    if any(cell in expected and not looks_like_a_number(cell) for cell in first):
        return True
    # The target may be text in every row, so its column tells nothing.
    label = target if isinstance(target, int) else -1
    features = [i for i in range(len(first)) if i not in (label, label + len(first))]
    names_above = [first[i] for i in features if first[i]]
    # A name is no mark of a missing cell.
    if any(is_missing(cell, number=True) for cell in names_above):
        return False
    # Names of rows stand below an empty cell, as R and pandas write them.
    if len(rows) > 2 and not first[0] and all(cells[0].strip() for cells in below):
        return True
    # Numbers above: names all the same where they count, or where a text stands over numbers.
    numbers = [i for i in features if looks_like_a_number(first[i])]
    if not features:
        return False
    if numbers:
        texts = [i for i in features if i not in numbers]
        return any(stands_above_numbers(rows, i) for i in texts) or is_series(rows)
    # No number above: names, if numbers are below, or if no name comes again.
    columns = [{cells[i].strip() for cells in below} for i in range(len(first))]
    if any(looks_like_a_number(cell) for i in features for cell in columns[i]):
        return True
    return all(cell not in column for cell, column in zip(first, columns))


def stands_above_numbers(rows: list[Row], i: int) -> bool:
    """Tell whether the first cell of a column is a text that stands above nothing but numbers."""
    if is_missing(rows[0][1][i], number=True) or len(rows) <= ROWS_FOR_A_NUMBER:
        return False
    return all(looks_like_a_number(cells[i]) for _, cells in rows[1:])


def is_series(rows: list[Row]) -> bool:
    """Tell whether the first row counts, as years do that name columns, and the second does not."""
    numbers = [i for i, cell in enumerate(rows[0][1]) if looks_like_a_number(cell)]
    if len(numbers) < NUMBERS_OF_A_SERIES or len(rows) < 2:
        return False
    if steps_of(rows[0], numbers) not in ({1.0}, {-1.0}, {5.0}, {10.0}):
        return False
    return len(steps_of(rows[1], numbers)) > 1


def steps_of(row: Row, columns: Sequence[int]) -> set[float]:
    """Return the differences from one number of a row to the next; a text counts as 0."""
    values = [number_in(row[1][i]) or 0.0 for i in columns]
    return {b - a for a, b in zip(values, values[1:])}


def looks_like_a_number(cell: str) -> bool:
    """Tell whether a cell is a number, with a point or a comma before its fraction."""
    return number_in(cell.replace(",", ".")) is not None
