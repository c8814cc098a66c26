"""Schemas: what the columns of a table are, and how rows of cells become rows of numbers.

A number is one input, a category one input for each of its values (one-hot). A schema is saved with
a model: new rows are taken by the names of their columns, in whatever order they stand.

>>> from nn.tables.table import Table
>>> schema = Schema((Column("size", 0), Column("hue", 1, ("red", "tan"))), None, width=2)
>>> schema.input_names
['size', 'hue=red', 'hue=tan']
>>> schema.encode(Table("new", ("hue", "size"), [(2, ["tan", "7"])]))
[[7.0, 0.0, 1.0]]
>>> Schema.from_dict(schema.as_dict()) == schema
True
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from nn.module import is_finite, is_plain
from nn.tables.cells import is_missing, number_in
from nn.tables.table import Table, listed

MISSING_RULES = ("error", "drop", "mean")
TASKS = ("classes", "quantity")
# Names or categories that a message tells.
MOST_SIMILAR = 20


# The line and the column of a cell, for messages.
Place = tuple[int, int]
# What a network takes of each row.
Rows = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Column:
    """A feature: its name, its place in the table of the training, and what its cells are.

    Attributes: `categories`, the values of a category, in order, or None for a number; `fill`, the
    number in place of a missing one, or None; `indicator`, whether one more input is 1 where the
    cell is missing.
    """

    name: str
    place: int
    categories: tuple[str, ...] | None = None
    fill: float | None = None
    indicator: bool = False

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs that the column becomes."""
        if self.categories is None:
            names = [self.name]
        else:
            names = [f"{self.name}={category}" for category in self.categories]
        if self.indicator:
            names.append(f"{self.name} is missing")
        return names

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers, and no categories."""
        return self.categories is None

    @property
    def called(self) -> str | int:
        """Its name, or its number from 1 where it has none."""
        return self.name or self.place + 1

    def encode(self, cell: str, table: Table, place: Place, missing: str) -> list[float]:
        """Return the inputs for a cell; NaN for a missing number that nothing fills yet.

        Args: place: line and column, for the message; missing: the rule for missing cells.

        Raises: ValueError, with the line, the column and the option that helps.
        """
        number = self.categories is None
        absent = is_missing(cell, number)
        if absent and missing != "mean":
            raise ValueError(missing_message(table, place, cell, number))
        inputs_of = self.number if number else self.flags
        found = inputs_of(cell, table, place, absent)
        if self.indicator:
            found.append(float(absent))
        return found

    def number(self, cell: str, table: Table, place: Place, absent: bool) -> list[float]:
        """Return the number in a cell."""
        if absent:
            return [math.nan if self.fill is None else self.fill]
        x = number_in(cell, table.decimal)
        if x is None or not math.isfinite(x):
            what = "a number" if x is None else "finite"
            hint = f"; is the column no number? --categorical {self.name}" if x is None else ""
            raise ValueError(f"{table.place(*place)}: {cell!r:.40} is not {what}{hint}")
        return [x]

    def flags(self, cell: str, table: Table, place: Place, absent: bool) -> list[float]:
        """Return 1.0 for the category in a cell and 0.0 for the others; 0.0 for all if missing."""
        categories = self.categories or ()
        found = cell.strip()
        if found not in categories:
            # 1.0 is the 1 of the training, as pandas writes it.
            x = number_in(found, table.decimal)
            same = (c for c in categories if x is not None and number_in(c) == x)
            found = next(same, found)
        if not absent and found not in categories:
            raise ValueError(
                f"{table.place(*place)}: {cell!r:.40} is none of the categories of the training: "
                f"{listed(categories[:MOST_SIMILAR])}"
            )
        return [float(found == category) for category in categories]


def missing_message(table: Table, place: Place, cell: str, number: bool) -> str:
    """Return what is said of a missing cell under a rule that has no place for it."""
    what = "a number" if number else "a category"
    nan = number_in(cell)
    if number and nan is not None:
        what = "finite"
    return (
        f"{table.place(*place)}: {cell!r:.40} is not {what}, so missing; "
        "train with --missing mean to fill such cells, or --missing drop to leave their rows out"
    )


@dataclass(frozen=True)
class Target:
    """What is learned: one of some classes, or a quantity, whose scale is that of the training.

    Attributes: `name`, `place` of its column; `classes`, their names in order, or None for a
    quantity; `mean` and `scale`, with which a quantity is made (y - mean) / scale.
    """

    name: str
    place: int
    classes: tuple[str, ...] | None = None
    mean: float = 0.0
    scale: float = 1.0

    @property
    def task(self) -> str:
        """Which of `TASKS` it is."""
        return "quantity" if self.classes is None else "classes"

    def scaled_by(self, quantities: Sequence[float]) -> Target:
        """Return the target with the mean and the standard deviation of some quantities."""
        mean = math.fsum(quantities) / len(quantities)
        squares = math.fsum((y - mean) ** 2 for y in quantities)
        # Quantities that are all the same have no scale.
        scale = math.sqrt(squares / len(quantities)) or 1.0
        return replace(self, mean=mean, scale=scale)


@dataclass(frozen=True)
class Schema:
    """What the columns of the table of a training were.

    Attributes: `columns`, the features in their order; `target`, or None; `missing`, the rule for
    missing cells; `named`, whether the columns had names; `width`, how many columns there were.
    """

    columns: tuple[Column, ...]
    target: Target | None = None
    missing: str = MISSING_RULES[0]
    named: bool = True
    width: int = 0

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs of a network."""
        return [name for column in self.columns for name in column.input_names]

    @property
    def flags(self) -> list[bool]:
        """Which inputs are 0 or 1, and are not scaled."""
        found = []
        for column in self.columns:
            for name in column.input_names:
                # Of a number only the indicator is one, which has a name of its own.
                found.append(not column.is_number or name != column.name)
        return found

    def places_in(self, table: Table) -> list[int]:
        """Return where the columns stand in a table: by name where both have names.

        Raises: ValueError, with the names that are missing and those that are not known.
        """
        # A name that two columns have tells none of them.
        wanted = [column.name for column in self.columns]
        if self.named and table.header is not None and len(set(wanted)) == len(wanted):
            return self.places_by_name(table, wanted)
        if table.width == self.width:
            return [column.place for column in self.columns]
        # Without the column of the target those behind it stand one place farther left.
        gap = self.target.place if self.target else self.width
        if table.width == self.width - 1:
            return [column.place - (column.place > gap) for column in self.columns]
        if table.width == len(self.columns):
            return list(range(table.width))
        raise ValueError(
            f"{table.name}: {table.width} columns, but the network has {len(self.columns)} inputs: "
            f"{listed(wanted)}"
        )

    def places_by_name(self, table: Table, wanted: list[str]) -> list[int]:
        """Return where the columns of these names stand."""
        header = list(table.names)
        absent = [name for name in wanted if name not in header]
        if absent:
            known = {*wanted, self.target.name if self.target else None}
            unknown = [name for name in header if name not in known]
            raise ValueError(
                f"{table.name}: no column {listed(list(map(repr, absent)))}, which the model was "
                f"trained with; the file has, and the model does not know, "
                f"{listed(list(map(repr, unknown))) or 'no other'}"
            )
        for name in wanted:
            if header.count(name) > 1:
                raise ValueError(f"{table.name}: {header.count(name)} columns {name!r}")
        return [header.index(name) for name in wanted]

    def encode(self, table: Table) -> list[list[float]]:
        """Return the rows of a table as inputs of a network.

        Raises: ValueError, with the line, the column and the option that helps.
        """
        pairs = list(zip(self.columns, self.places_in(table)))
        rows = []
        for line, cells in table.rows:
            row: list[float] = []
            for column, i in pairs:
                row += column.encode(cells[i], table, (line, i), self.missing)
            rows.append(row)
        return rows

    def filled_from(self, inputs: Rows) -> Schema:
        """Return the schema with the means of encoded rows in place of missing numbers."""
        columns = []
        at = 0
        for column in self.columns:
            if column.is_number and self.missing == "mean":
                mean = mean_of([row[at] for row in inputs])
                column = replace(column, fill=mean)
            columns.append(column)
            at += len(column.input_names)
        return replace(self, columns=tuple(columns))

    def fill(self, inputs: Rows) -> list[list[float]]:
        """Return encoded rows with the fills in place of NaN."""
        # An indicator is never missing, so the fill of its column does not matter to it.
        fills: list[float | None] = []
        for column in self.columns:
            fills += [column.fill] * len(column.input_names)
        return [filled(row, fills) for row in inputs]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as texts, numbers, lists and dicts, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Any) -> Schema:
        """Return the schema that `as_dict` was called on, also after a journey through JSON.

        Raises: ValueError for anything else.
        """
        try:
            columns = tuple(column_of(entry) for entry in saved["columns"])
            target = None if saved["target"] is None else target_of(saved["target"])
            schema = cls(columns, target, saved["missing"], saved["named"], saved["width"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the entry 'columns' is no schema: {error!r:.60}") from None
        check_schema(schema)
        return schema


def mean_of(xs: Sequence[float]) -> float:
    """Return the mean of the numbers that are no NaN; 0.0 where there are none."""
    # NaN alone is not equal to itself.
    present = [x for x in xs if x == x]
    return math.fsum(present) / len(present) if present else 0.0


def filled(row: Sequence[float], fills: Sequence[float | None]) -> list[float]:
    """Return the inputs of a row with the fills in place of NaN, where there are any."""
    pairs = zip(row, fills)
    return [x if x == x or fill is None else fill for x, fill in pairs]


def column_of(entry: dict[str, Any]) -> Column:
    """Return the column of an entry of a file."""
    categories = entry["categories"]
    if categories is not None:
        categories = tuple(categories)
    return Column(entry["name"], entry["place"], categories, entry["fill"], entry["indicator"])


def target_of(entry: dict[str, Any]) -> Target:
    """Return the target of an entry of a file."""
    classes = entry["classes"]
    if classes is not None:
        classes = tuple(classes)
    return Target(entry["name"], entry["place"], classes, entry["mean"], entry["scale"])


def check_schema(schema: Schema) -> None:
    """Raise a ValueError where the parts of a schema are not what they should be."""
    # Whatever a file has may stand in them.
    places: list[Any] = [column.place for column in schema.columns]
    texts: list[Any] = [column.name for column in schema.columns]
    numbers: list[Any] = [column.fill for column in schema.columns if column.fill is not None]
    truths: list[Any] = [schema.named, *(column.indicator for column in schema.columns)]
    for column in schema.columns:
        texts += column.categories or ()
    target = schema.target
    if target:
        places.append(target.place)
        texts += [target.name, *(target.classes or ())]
        numbers += [target.mean, target.scale]
    good = (
        type(schema.width) is int
        and all(type(i) is int and 0 <= i < schema.width for i in places)
        and all(isinstance(text, str) for text in texts)
        and all(is_plain(x) and is_finite(x) for x in numbers)
        and all(type(truth) is bool for truth in truths)
        and schema.missing in MISSING_RULES
        and (target is None or target.scale > 0)
    )
    if not good:
        raise ValueError("the entry 'columns' is no schema: a part is of another kind")


def plain_schema(names: Sequence[str] | None, inputs: int, classes: Sequence[str] | None) -> Schema:
    """Return the schema of a model that was saved without one: numbers, and a class behind them."""
    called = names or [f"x{i + 1}" for i in range(inputs)]
    columns = tuple(Column(called[i], i) for i in range(inputs))
    target = Target("", inputs, tuple(classes)) if classes else None
    return Schema(columns, target, named=names is not None, width=inputs + 1)
