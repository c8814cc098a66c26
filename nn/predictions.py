"""Predictions: what a model says about the rows of a table, as CSV, beside what the table says.

>>> csv_text([["a", "kind"], [1.5, "=1+1"]])
"a,kind\\n1.5,'=1+1\\n"
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nn.columns.schema import Schema
from nn.model_files import Model
from nn.reports import ClassReport, QuantityReport
from nn.tables.cells import is_missing, number_in
from nn.tables.reading import Layout, read_table
from nn.tables.table import Table, listed

FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs what begins with them
USUAL = ("separator: comma", "header: ")  # guesses of which nothing is said where they are these


def table_for(model: Model, path: str | Path, layout: Layout) -> Table:
    """Return the table of a file that is to be predicted.

    A row with a name of the training is a header; where none is expected, it is guessed.
    """
    schema = model.columns
    names = [column.name for column in schema.columns] if schema.named else []
    target = schema.target.name if schema.target and schema.named else ""
    last = len(schema.columns)  # a class may stand there, which tells nothing about a header
    place = None if schema.named and model.schema else last
    return read_table(path, layout, place, (*names, target))


def told(table: Table) -> list[str]:
    """Return the guesses about a table that are worth a line beside predictions."""
    return [note for note in table.notes if not note.startswith(USUAL)]


def predictions(model: Model, rows: Sequence[Sequence[float]]) -> list[list[Any]]:
    """Return the rows of the CSV of predictions, and their header.

    A number for each class and the class whose number is largest; or a quantity.
    """
    if model.task == "quantity":
        target = model.schema and model.schema.target
        name = target.name if target and target.name else "output"
        return [[name], *([model.quantity(row)] for row in rows)]
    answers = model.answers
    found: list[list[Any]] = [[*answers, "class"]]
    for row in rows:
        scores = model.scores(row)
        found.append([*scores, answers[max(range(len(scores)), key=scores.__getitem__)]])
    return found


def csv_text(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as the text of a CSV file, in which no text is a formula of a spreadsheet."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[harmless(x) for x in row] for row in rows])
    return text.getvalue()


def harmless(x: Any) -> Any:
    """Return a text with an apostrophe before it where a spreadsheet would run it.

    >>> harmless("=HYPERLINK(1)"), harmless("-1"), harmless(-1.0)
    ("'=HYPERLINK(1)", '-1', -1.0)
    """
    if isinstance(x, str) and x.startswith(FORMULA_MARKS) and number_in(x) is None:
        return f"'{x}"
    return x


def truth_place(schema: Schema, table: Table, used: Sequence[int]) -> int | None:
    """Return the column of a table that has the true classes or quantities, or None."""
    target = schema.target
    if target and target.name and table.header is not None:
        count = table.header.count(target.name)
        return table.header.index(target.name) if count == 1 else None
    if target and target.name and table.width == schema.width:
        return target.place
    last = table.width - 1
    return last if last >= 0 and last not in used else None


def comparison(model: Model, table: Table, found: Sequence[Any]) -> str:
    """Return how many predictions are as the table says, or nothing where it says nothing."""
    schema = model.columns
    place = truth_place(schema, table, schema.places_in(table))
    if place is None:
        return ""
    cells = [cell.strip() for cell in table.cells(place)]
    column = f"the column {table.names[place]}"
    if not (schema.target and schema.target.name):
        column = "the last column of the file"
    pairs = [(z, y) for z, y in zip(found, cells) if not is_missing(y)]
    if not pairs:
        return ""
    if model.task == "quantity":
        return quantities_compared(pairs, table.decimal, column)
    return classes_compared(pairs, model.answers, column)


def quantities_compared(pairs: list[tuple[Any, str]], decimal: str, column: str) -> str:
    """Return R² and RMSE of quantities beside those of a column."""
    numbers = [(z, number_in(y, decimal)) for z, y in pairs]
    known = [(z, y) for z, y in numbers if y is not None]
    lost = len(pairs) - len(known)
    text = f"{lost} cells of {column} are no numbers" if lost else ""
    if known:
        report = QuantityReport.of([z for z, _ in known], [y for _, y in known])
        text = f"{report.headline()} beside {column}" + (f"; {text}" if text else "")
    return text


def classes_compared(pairs: list[tuple[Any, str]], answers: list[str], column: str) -> str:
    """Return how many classes are those of a column, and which classes are not known."""
    index = index_of(answers)
    wanted = [index(y) for _, y in pairs]
    right = sum(answers[k] == z for (z, _), k in zip(pairs, wanted) if k is not None)
    known = [(index(z), k) for (z, _), k in zip(pairs, wanted) if k is not None]
    unknown = sorted({y for (_, y), k in zip(pairs, wanted) if k is None})
    lines = []
    if known:
        report = ClassReport.of([z or 0 for z, _ in known], [k for _, k in known], answers)
        lines = [f"{right} of {len(pairs)} as in {column}", *report.text().splitlines()[1:]]
    if unknown:
        count = len(pairs) - len(known)
        lines.append(
            f"{count} rows have a class in {column} that the model does not know: "
            f"{listed([repr(name) for name in unknown[:5]])}{', …' if len(unknown) > 5 else ''}"
        )
    return "\n".join(lines)


def index_of(answers: list[str]) -> Any:
    """Return a function from the text of a class to its index, or None; numbers go by value."""
    places: dict[Any, int] = {name: k for k, name in enumerate(answers)}
    values = [number_in(name) for name in answers]
    if all(value is not None for value in values):
        places.update({value: k for k, value in enumerate(values)})
    return lambda text: places.get(text, places.get(number_in(text)))
