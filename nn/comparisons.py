"""Comparisons: what a model says about the rows of a table beside what the table says.

>>> from nn import TwoLayerNetwork
>>> from nn.tables.reading import table_of
>>> table = table_of("own.csv", b"a,b,kind\\n1,2,yes\\n3,4,no\\n5,6,maybe\\n")
>>> model = Model(TwoLayerNetwork(2, 3, 2), None, ["a", "b"], ["no", "yes"])
>>> compared = comparison(model, table, ["yes", "yes", "no"], 2)
>>> compared.report.right, compared.unknown
(1, {'maybe': 1})
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nn.columns.choices import column_index
from nn.columns.schema import Schema
from nn.model_files import Model
from nn.reports import ClassReport, QuantityReport
from nn.tables.cells import is_missing, number_in
from nn.tables.table import Table, listed

# Classes that a message names.
MOST_UNKNOWN = 5
Report = ClassReport | QuantityReport


@dataclass(frozen=True)
class Comparison:
    """Predictions beside a column of a table.

    Attributes: `column`, what a message calls it; `report`, of the rows whose class or quantity is
    known, None where there are none; `unknown`, the classes that the model does not know, or the
    cells that are no numbers, and how many rows have each; `empty`, how many have nothing there.
    """

    column: str
    report: Report | None
    unknown: dict[str, int]
    empty: int
    task: str

    def notes(self) -> list[str]:
        """Return a line for each kind of rows that is not in the report."""
        found = []
        # A file may have thousands of them: a message names a few.
        names = [f"{name!r} ({count})" for name, count in self.unknown.items()]
        shown = listed(names[:MOST_UNKNOWN]) + (", ..." if len(names) > MOST_UNKNOWN else "")
        count = sum(self.unknown.values())
        if names and self.task == "quantity":
            found.append(
                f"left out: {counted_rows(count)} with no finite number in {self.column}: {shown}"
            )
        elif names:
            found.append(
                f"{counted_rows(count)} of a class in {self.column} that the model does not know: "
                f"{shown}{self.of_all(count)}"
            )
        if self.empty:
            found.append(f"left out: {counted_rows(self.empty)} with nothing in {self.column}")
        return found

    def of_all(self, count: int) -> str:
        """Return what is said of the rows that the report has not, beside those that it has."""
        if not isinstance(self.report, ClassReport):
            return ""
        right = self.report.right
        total = self.report.total + count
        return f"; wrong in any case, so {100 * right / total:.1f} % of all are right"

    def beside(self) -> str:
        """Return what is printed beside predictions; nothing where there is nothing to compare."""
        report = self.report
        lines = self.notes() if report or self.unknown else []
        if isinstance(report, ClassReport):
            total = report.total + sum(self.unknown.values())
            head = f"{report.right} of {total} as in {self.column}"
            lines = [head, *report.text().splitlines()[1:], *lines]
        elif report:
            lines = [f"{report.headline()} beside {self.column}", *lines]
        return "\n".join(lines)


def counted_rows(count: int) -> str:
    """Return so many rows in words.

    >>> counted_rows(1), counted_rows(2)
    ('1 row', '2 rows')
    """
    return f"{count} row" + ("s" if count != 1 else "")


def truth_place(schema: Schema, table: Table) -> int | None:
    """Return the column of a table that has the true classes or quantities, or None."""
    target = schema.target
    if target and target.name and table.header is not None:
        count = table.header.count(target.name)
        return table.header.index(target.name) if count == 1 else None
    # Without a header the columns stand as they did in the training.
    if target and target.name and table.width == schema.width:
        return target.place
    # Without a name, what stands behind all inputs is taken for the truth.
    last = table.width - 1
    return last if last >= 0 and last not in schema.places_in(table) else None


def needed_place(schema: Schema, table: Table, which: str | None = None) -> int:
    """Return the column of a table that has the truth: that which is named, or the training's.

    Raises: ValueError, with the columns that there are, where there is none.
    """
    # What is said goes before what is known from the training.
    if which is not None:
        return column_index(table, which)
    place = truth_place(schema, table)
    if place is not None:
        return place
    target = schema.target
    what = "no column behind those of the inputs"
    if target and target.name:
        what = f"no single column {target.name!r}"
    raise ValueError(
        f"{table.name}: {what}, so nothing to compare with; the columns: {listed(table.names)} "
        "(--target COLUMN, if it is there under another name)"
    )


def comparison(model: Model, table: Table, found: Sequence[Any], place: int) -> Comparison:
    """Return what was found for the rows of a table beside a column of it.

    Args: found: the name of the class, or the quantity, of each row.
    """
    target = model.columns.target
    named = table.header is not None or (target and target.name)
    column = f"the column {table.names[place]}" if named else "the last column of the file"
    pairs = [(z, cell.strip()) for z, cell in zip(found, table.cells(place))]
    # A row of which nobody knows the truth is neither right nor wrong.
    present = [(z, y) for z, y in pairs if not is_missing(y)]
    compare = quantities_compared if model.task == "quantity" else classes_compared
    report, unknown = compare(present, model.answers, table.decimal)
    return Comparison(column, report, unknown, len(pairs) - len(present), model.task)


def quantities_compared(
    pairs: list[tuple[Any, str]], _: list[str], decimal: str
) -> tuple[Report | None, dict[str, int]]:
    """Return the report of quantities, and the cells that are no finite numbers."""
    numbers = [(z, y, number_in(y, decimal)) for z, y in pairs]
    known = [(z, x) for z, _, x in numbers if x is not None and math.isfinite(x)]
    # By the text of the cell, for a message shows what stands in the file.
    unknown = Counter(y for _, y, x in numbers if x is None or not math.isfinite(x))
    if not known:
        return None, dict(unknown)
    quantities, true = zip(*known)
    return QuantityReport.of(quantities, true), dict(unknown)


def classes_compared(
    pairs: list[tuple[Any, str]], answers: list[str], decimal: str
) -> tuple[Report | None, dict[str, int]]:
    """Return the report of classes, and those that the model does not know."""
    index = index_of(answers, decimal)
    wanted = [(z, y, index(y)) for z, y in pairs]
    known = [(answers.index(z), k) for z, _, k in wanted if k is not None]
    unknown = Counter(sorted(y for _, y, k in wanted if k is None))
    if not known:
        return None, dict(unknown)
    indexes, true = zip(*known)
    return ClassReport.of(indexes, true, answers), dict(unknown)


def index_of(answers: list[str], decimal: str = ".") -> Any:
    """Return a function from the text of a class to its index, or None; numbers go by value."""
    places: dict[Any, int] = {name: k for k, name in enumerate(answers)}
    values = [number_in(name, decimal) for name in answers]
    # So that 1, 1.0 and 1e0 are one class, which a spreadsheet may have written.
    if all(value is not None for value in values):
        places.update({value: k for k, value in enumerate(values)})
    return lambda text: places.get(text, places.get(number_in(text, decimal)))
