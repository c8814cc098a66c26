"""Predictions: what a model says about the rows of a table, as CSV.

>>> csv_text([["a", "kind"], [1.5, "=1+1"]])
"a,kind\\n1.5,'=1+1\\n"
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nn.model_files import Model, largest
from nn.tables.cells import number_in
from nn.tables.reading import Layout, read_table
from nn.tables.table import Table

# A spreadsheet runs what begins with one of these.
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")
# Guesses of which nothing is said.
USUAL = ("separator: comma", "header: ")


def table_for(model: Model, path: str | Path, layout: Layout) -> Table:
    """Return the table of a file that is to be predicted.

    A row with a name of the training is a header; where none is expected, it is guessed.
    """
    schema = model.columns
    names = [column.name for column in schema.columns] if schema.named else []
    target = schema.target.name if schema.target and schema.named else ""
    # A class may stand behind, which tells nothing about a header.
    last = len(schema.columns)
    place = None if schema.named and model.schema else last
    return read_table(path, layout, place, (*names, target))


def told(table: Table) -> list[str]:
    """Return the guesses about a table that are worth a line beside predictions."""
    return [note for note in table.notes if not note.startswith(USUAL)]


def predictions(model: Model, rows: Sequence[Sequence[float]]) -> list[list[Any]]:
    """Return the rows of the CSV of predictions, and their header.

    A number for each class and the class whose number is largest; or a quantity.
    """
    outputs = model.all_outputs(rows)
    if model.task == "quantity":
        target = model.schema and model.schema.target
        name = target.name if target and target.name else "output"
        return [[name], *([model.quantity_of(z)] for z in outputs)]
    # The class is what a reader wants; the scores tell how sure the network is.
    answers = model.answers
    found: list[list[Any]] = [[*answers, "class"]]
    for scores in map(model.scores_of, outputs):
        found.append([*scores, answers[largest(scores)]])
    return found


def csv_text(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as the text of a CSV file, in which no text is a formula of a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[harmless(x) for x in row] for row in rows])
    return text.getvalue()


def harmless(x: object) -> Any:
    """Return a text with an apostrophe before it where a spreadsheet would run it.

    >>> harmless("=HYPERLINK(1)"), harmless("-1"), harmless(-1.0)
    ("'=HYPERLINK(1)", '-1', -1.0)
    """
    if isinstance(x, str) and x.startswith(FORMULA_MARKS) and number_in(x) is None:
        return f"'{x}"
    return x
