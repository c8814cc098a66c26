"""Objects as tables: DataFrames, Series, arrays, dicts of columns, lists of rows.

They are told by what they can do, so that nothing is imported that the caller has not imported.
Floats keep every bit, for Python's `repr` of a float does.

>>> table_of_object([[1.5, "yes"], [2, None]]).rows
[(0, ['1.5', 'yes']), (1, ['2', ''])]
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nn.tables.cells import number_in
from nn.tables.table import Table

# A bool is the number it is in Python.
TRUTHS = {"True": 1.0, "False": 0.0}


def is_frame(data: object) -> bool:
    """Tell whether an object has named columns, as those of pandas and polars have."""
    return hasattr(data, "columns") and hasattr(data, "shape") and not hasattr(data, "numpy_dtype")


def is_tabular(data: object) -> bool:
    """Tell whether an object is a table of more than plain rows: a frame, or columns by name."""
    return is_frame(data) or isinstance(data, Mapping)


def table_of_object(data: object, name: str = "data") -> Table:
    """Return the table in an object.

    Args: data: a DataFrame, a dict of columns, a list of dicts, an array of two dimensions, a list
        of rows; of a Series or a list of plain cells, a table of one column.

    Raises: TypeError for anything else; ValueError, with the row, where rows differ in length.
    """
    header, rows = parts_of(data)
    cells = [(i, [cell_text(x) for x in row]) for i, row in enumerate(rows)]
    for i, row in cells:
        width = len(header if header is not None else cells[0][1])
        if len(row) != width:
            raise ValueError(f"{name}, row {i}: {len(row)} columns, but there are {width}")
    names = None if header is None else tuple(str(x) for x in header)
    return Table(name, names, cells, unit="row")


def rows_of(data: object) -> Any:
    """Return the rows of numbers of a DataFrame or of columns by name; anything else as it is.

    Raises: ValueError, with the row and the column, for a cell that is no number.

    >>> rows_of({"a": [1, 2], "b": [0.5, 1.5]}), rows_of([[1, 2]])
    ([[1.0, 0.5], [2.0, 1.5]], [[1, 2]])
    """
    if not is_tabular(data):
        return data
    table = table_of_object(data, "inputs")
    rows = []
    for row, cells in table.rows:
        numbers = [TRUTHS.get(cell, number_in(cell)) for cell in cells]
        for i, x in enumerate(numbers):
            if x is None:
                raise ValueError(
                    f"{table.place(row, i)}: {cells[i]!r:.40} is no number; "
                    "nn.Dataset makes inputs of texts"
                )
        rows.append(numbers)
    return rows


def parts_of(data: Any) -> tuple[Sequence[Any] | None, Iterable[Sequence[Any]]]:
    """Return the names of the columns of an object, or None, and its rows."""
    if is_frame(data):
        return list(data.columns), zip(*columns_of(data))
    if isinstance(data, Mapping):
        # `zip` would end with the shortest without a word.
        columns = [cells_of(column) for column in data.values()]
        if len({len(column) for column in columns}) > 1:
            sizes = ", ".join(f"{name}: {len(x)}" for name, x in zip(data, columns))
            raise ValueError(f"the columns differ in length: {sizes}")
        return list(data), zip(*columns)
    rows = cells_of(data)
    if rows and all(isinstance(row, Mapping) for row in rows):
        # The order of the first row is that of all; a key too few or too many is an error.
        names = list(rows[0])
        for i, row in enumerate(rows):
            if set(row) != set(names):
                raise ValueError(f"row {i} has the names {list(row)}, but row 0 {names}")
        return names, [[row[name] for name in names] for row in rows]
    if rows and is_row(rows[0]):
        return None, [cells_of(row) for row in rows]
    # A Series, or a list of cells: one column.
    named = getattr(data, "name", None)
    return (None if named is None else [named]), [[x] for x in rows]


def columns_of(frame: Any) -> list[list[Any]]:
    """Return the columns of a frame, also those of one name."""
    if hasattr(frame, "iloc"):
        return [frame.iloc[:, i].tolist() for i in range(frame.shape[1])]
    return [frame[name].to_list() for name in frame.columns]


def cells_of(x: Any) -> list[Any]:
    """Return a row or a column as a list.

    Raises: TypeError for a text or what is no sequence.
    """
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, str | bytes) or not hasattr(x, "__len__"):
        raise TypeError(
            f"rows are expected, or a DataFrame, an array, columns by name; not {x!r:.40}"
        )
    return list(x)


def is_row(x: object) -> bool:
    """Tell whether the first of many is a row of cells, and not a cell."""
    return hasattr(x, "__len__") and not isinstance(x, str | bytes)


def cell_text(x: object) -> str:
    """Return a cell as the text that a file would hold; nothing for None and NaN.

    >>> cell_text(0.1), cell_text(True), cell_text(float("nan"))
    ('0.1', 'True', '')
    """
    if isinstance(x, str):
        return x
    if x is None or type(x).__name__ in ("NAType", "NaTType"):
        return ""
    # Before integers, for a bool is one in Python.
    if isinstance(x, bool) or type(x).__name__ in ("bool_", "bool"):
        return str(bool(x))
    if isinstance(x, numbers.Integral):
        return str(int(x))
    if isinstance(x, numbers.Real):
        return repr(float(x)) if x == x else ""
    return str(x)
