"""Choices: which columns of a table are features, which is the target, and what they are.

What is not said is guessed, and every guess is a note: a column is a number where at least half of
its cells are; the target is the last column; it is a quantity where it has fractions, or many
different values.

>>> from nn.tables.reading import table_of
>>> table = table_of("own.csv", b"size,hue,kind\\n1,red,a\\n2,tan,b\\n4,red,a\\n")
>>> found = chosen(table, Choice())
>>> found.schema.input_names, found.schema.target.classes, found.targets
(['size', 'hue=red', 'hue=tan'], ('a', 'b'), [0, 1, 0])
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nn.columns.schema import MISSING_RULES, TASKS, Column, Schema, Target
from nn.tables.cells import is_missing, number_in
from nn.tables.table import Table, listed

# More classes than these, and than half as many as rows, look like a quantity.
MAX_CLASSES_IN_FEW_ROWS = 20
# More different values than these are a quantity,
MANY_VALUES = 20
# where they are more than this share of the rows, too.
SHARE_OF_VALUES = 0.05
# Categories of a column, each of which is an input, unless more are asked for.
MOST_CATEGORIES = 200
INDEX_NAMES = frozenset(("", "id", "index", "rownames", "row", "no", "nr", "unnamed: 0"))

# A column: its name, its number from 1 as a text, or its index from 0.
Which = str | int


@dataclass(frozen=True)
class Choice:
    """What is known about the columns; what is not said is guessed.

    Attributes: `target`, a column, the last by default; `drop`, columns to leave out; `columns`,
    the only features, or None for all; `categorical`, columns of numbers that are categories;
    `task`, "classes", "quantity" or "guess"; `missing`, "error", "drop" (rows) or "mean";
    `indicator`, whether an input of its own tells that a number was missing.
    """

    target: Which | None = None
    drop: Sequence[Which] = ()
    columns: Sequence[Which] | None = None
    categorical: Sequence[Which] = ()
    task: str = "guess"
    missing: str = MISSING_RULES[0]
    indicator: bool = False

    def __post_init__(self) -> None:
        for name, found, known in (
            ("task", self.task, (*TASKS, "guess")),
            ("missing", self.missing, MISSING_RULES),
        ):
            if found not in known:
                raise ValueError(f"{name} {found!r:.40} is not known; choose from {listed(known)}")


@dataclass(frozen=True)
class Chosen:
    """A table whose columns are told apart: the rows that count, their targets, and notes."""

    table: Table
    schema: Schema
    targets: list[Any]
    notes: tuple[str, ...]


def chosen(table: Table, choice: Choice) -> Chosen:
    """Return what the columns of a table are.

    Raises: ValueError, with the line, the column and the option that helps, where there is nothing
        to learn, a column is not there, or a cell is missing and no rule says what to do.
    """
    check_size(table)
    notes = []
    label = target_place(table, choice)
    features = feature_places(table, choice, label)
    if choice.target is None:
        notes.append(f"target: {table.column(label)}, the last (--target)")
    categorical = {column_index(table, which) for which in choice.categorical}
    numeric = [i for i in features if i not in categorical and is_number(table, i)]
    # What a column is, is told by all rows; its categories and the targets by those that are kept.
    table, about_rows = with_whole_rows(table, choice, features, label, numeric)
    target, targets, about_task = target_and_values(table, label, choice.task)
    columns = []
    for i in features:
        column = feature(table, i, i in numeric, i in categorical)
        columns.append(with_indicator(table, column, choice))
    check_presence(table, columns)
    named = table.header is not None
    schema = Schema(tuple(columns), target, choice.missing, named, table.width)
    notes += about_rows + about_task + about_categories(table, schema, categorical)
    for i in features:
        notes += about_index(table, i, i in numeric)
    return Chosen(table, schema, targets, tuple(notes))


def check_size(table: Table) -> None:
    """Raise a ValueError where there is nothing to learn, or nothing to learn it from."""
    if not table.rows:
        raise ValueError(f"{table.name}: the file has a header but no rows")
    if table.width < 2:
        raise ValueError(f"{table.name}: one column only; features and a class are needed")


def column_index(table: Table, which: Which) -> int:
    """Return the index of a column: by its name, by its number from 1 as a text, or as it is.

    Raises: ValueError, with the names that there are.
    """
    if isinstance(which, int):
        if not -table.width <= which < table.width:
            raise ValueError(f"{table.name}: no column {which}; there are {table.width}")
        return which % table.width
    # The names are x1, x2, … where there is no header.
    if table.names.count(which) == 1:
        return table.names.index(which)
    names = [*table.header] if table.header is not None else []
    if which.isascii() and which.isdigit() and which not in names:
        number = int(which)
        if 1 <= number <= table.width:
            return number - 1
        raise ValueError(f"{table.name}: no column {which}; there are {table.width}")
    found = listed(names) if names else "none: the file has no header (--header yes, or a number)"
    raise ValueError(f"{table.name}: no single column {which!r}; the columns: {found}")


def target_place(table: Table, choice: Choice) -> int:
    """Return the index of the column of the target: the last that is not left out by default."""
    if choice.target is not None:
        return column_index(table, choice.target)
    dropped = {column_index(table, which) for which in choice.drop}
    left = [i for i in range(table.width) if i not in dropped]
    if not left:
        raise ValueError(f"{table.name}: every column is left out by --drop")
    return left[-1]


def feature_places(table: Table, choice: Choice, label: int) -> list[int]:
    """Return the indexes of the features, in their order."""
    left_out = {column_index(table, which) for which in choice.drop}
    if label in left_out:
        raise ValueError(
            f"{table.name}: {table.column(label)} is the target and left out by --drop"
        )
    left_out.add(label)
    kept = set(range(table.width))
    if choice.columns is not None:
        kept = {column_index(table, which) for which in choice.columns}
    found = sorted(kept - left_out)
    if not found:
        raise ValueError(f"{table.name}: no features are left; see --columns and --drop")
    return found


def is_number(table: Table, i: int) -> bool:
    """Tell whether a column is of numbers: at least half of the cells that are there are."""
    present = [cell for cell in table.cells(i) if not is_missing(cell, number=True)]
    numbers = [number_in(cell, table.decimal) for cell in present]
    count = len(numbers) - numbers.count(None)
    return 2 * count >= len(present)


def with_whole_rows(
    table: Table, choice: Choice, features: list[int], label: int, numeric: list[int]
) -> tuple[Table, list[str]]:
    """Return the table without the rows that the rule for missing cells leaves out.

    A row without a target teaches nothing, so it is left out where missing numbers are filled, too.
    """
    if choice.missing == "error":
        return table, []
    dropping = choice.missing == "drop"
    needed = [label, *features] if dropping else [label]
    numbers = set(numeric)
    kept = []
    for line, cells in table.rows:
        lacking = any(is_missing(cells[i], i in numbers) for i in needed)
        if not lacking:
            kept.append((line, cells))
    if not kept:
        raise ValueError(about_no_rows(table, needed, numbers, choice.missing))
    lost = len(table.rows) - len(kept)
    notes = []
    if lost:
        why = "a missing cell" if dropping else "no target"
        notes.append(f"rows: {lost} of {len(table.rows)} left out, with {why} (--missing)")
    return replace(table, rows=kept), notes


def about_no_rows(table: Table, needed: Sequence[int], numbers: set[int], missing: str) -> str:
    """Return what is said where every row has a missing cell: which column has the most of them."""
    counts = {}
    for i in needed:
        counts[i] = sum(is_missing(cell, i in numbers) for cell in table.cells(i))
    most = max(needed, key=counts.__getitem__)
    if missing == "mean":
        return f"{table.name}: no row has a target in {table.column(most)}; another --target?"
    return (
        f"{table.name}: a cell is missing in every row; most are in {table.column(most)}, "
        f"{counts[most]} of {len(table.rows)}: --drop {table.names[most] or most + 1}, "
        "or --missing mean"
    )


def check_presence(table: Table, columns: Sequence[Column]) -> None:
    """Raise a ValueError where a column has no cells at all."""
    for column in columns:
        cells = table.cells(column.place)
        if all(is_missing(cell, column.is_number) for cell in cells):
            raise ValueError(
                f"{table.name}, {table.column(column.place)}: every cell is missing; "
                f"--drop {column.called}"
            )


def with_indicator(table: Table, column: Column, choice: Choice) -> Column:
    """Return a column with an input for missing cells, where it has some and that is asked for."""
    if not choice.indicator or choice.missing != "mean":
        return column
    cells = table.cells(column.place)
    missing = any(is_missing(cell, column.is_number) for cell in cells)
    return replace(column, indicator=missing)


def feature(table: Table, i: int, numeric: bool, asked: bool) -> Column:
    """Return a column of numbers, or of categories, which may have been asked for."""
    if numeric:
        return Column(table.names[i], i)
    return category(table, i, asked)


def category(table: Table, i: int, asked: bool) -> Column:
    """Return a column of categories.

    Raises: ValueError where there are so many that it can hardly be meant.
    """
    found = {cell.strip() for cell in table.cells(i) if not is_missing(cell)}
    if len(found) > MOST_CATEGORIES and not asked:
        name = name_in(table, i) or i + 1
        raise ValueError(
            f"{table.name}, {table.column(i)}: {len(found)} different texts, each of which would "
            f"be an input; leave it out (--drop {name}), or take it all the same "
            f"(--categorical {name})"
        )
    categories = in_order(found, table.decimal)
    return Column(table.names[i], i, tuple(categories))


def name_in(table: Table, i: int) -> str:
    """Return the name that a column has in the header; "" where there is none."""
    return table.names[i] if table.header is not None else ""


def texts_in(table: Table, i: int) -> list[str]:
    """Return the cells of a column without the space around them."""
    return [cell.strip() for cell in table.cells(i)]


def in_order(values: set[str], decimal: str) -> list[str]:
    """Return texts in order: by value where all are numbers."""
    numbers = {value: number_in(value, decimal) for value in values}
    if not all_finite(numbers.values()):
        return sorted(values)
    return sorted(values, key=lambda value: (numbers[value], value))


def all_finite(numbers: Iterable[float | None]) -> bool:
    """Tell whether all texts were numbers, and finite ones."""
    return all(x is not None and math.isfinite(x) for x in numbers)


def target_and_values(table: Table, label: int, task: str) -> tuple[Target, list[Any], list[str]]:
    """Return the target, its value in every row (a class's index, or a quantity), and a note."""
    lines = [line for line, _ in table.rows]
    cells = texts_in(table, label)
    for line, cell in zip(lines, cells):
        if is_missing(cell):
            raise ValueError(
                f"{table.place(line, label)}: no class given; "
                "with --missing mean, as with --missing drop, such rows are left out"
            )
    name = table.names[label]
    if task == "quantity" or (task == "guess" and is_quantity(cells, table.decimal)):
        quantities = [quantity(table, line, label, cell) for line, cell in zip(lines, cells)]
        if len(set(quantities)) < 2:
            raise ValueError(
                f"{table.name}: only one value, {cells[0]!r:.40}, in {table.column(label)}"
            )
        return Target(name, label), quantities, about_task(task, "quantity")
    names, labels = classes_of(table, label, cells)
    target = Target(name, label, tuple(names))
    return target, labels, about_task(task, f"{len(names)} classes")


def about_task(task: str, found: str) -> list[str]:
    """Return a note about the task, where it was guessed."""
    return [f"task: {found} (--task)"] if task == "guess" else []


def is_quantity(cells: Sequence[str], decimal: str) -> bool:
    """Tell whether a target is a quantity: it has fractions, or many different whole numbers."""
    numbers = [number_in(cell, decimal) for cell in cells]
    if not all_finite(numbers):
        return False
    if any(x != int(x) for x in numbers if x is not None):
        return True
    different = len(set(numbers))
    return different > MANY_VALUES and different > SHARE_OF_VALUES * len(cells)


def quantity(table: Table, line: int, i: int, cell: str) -> float:
    """Return the number of a cell of a target that is a quantity."""
    # A column that was guessed to be one has no other cells; one that was asked for may have.
    x = number_in(cell, table.decimal)
    if x is None or not math.isfinite(x):
        raise ValueError(
            f"{table.place(line, i)}: {cell!r:.40} is not a finite number; "
            "--task classes if the target is no quantity"
        )
    return x


def classes_of(table: Table, label: int, cells: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the names of the classes in order, and the index of each row's class.

    Numbers of one value are one class, however they are written.
    """
    values = {cell: number_in(cell, table.decimal) for cell in cells}
    numeric = all_finite(values.values())
    keys: dict[str, Any] = {cell: values[cell] if numeric else cell for cell in values}
    # A class is called by the shortest of its spellings.
    names: dict[Any, str] = {}
    for cell in sorted(keys, key=lambda cell: (keys[cell], len(cell), cell)):
        names.setdefault(keys[cell], cell)
    check_classes(table, label, cells, len(names))
    index = {key: k for k, key in enumerate(names)}
    labels = [index[keys[cell]] for cell in cells]
    return list(names.values()), labels


def check_classes(table: Table, label: int, cells: Sequence[str], count: int) -> None:
    """Raise a ValueError where there is one class only, or so many that a quantity is meant."""
    if count < 2:
        raise ValueError(
            f"{table.name}: only one class, {cells[0]!r}, in {table.column(label)}; "
            "nothing can be learned from it (another --target?)"
        )
    if count > max(MAX_CLASSES_IN_FEW_ROWS, len(cells) // 2):
        raise ValueError(
            f"{table.name}, {table.column(label)}: {count} different classes in {len(cells)} "
            "rows; is it a quantity (--task quantity), or is the class elsewhere (--target)?"
        )


def about_categories(table: Table, schema: Schema, asked: set[int]) -> list[str]:
    """Return a note about the columns that were taken for categories without being told."""
    found = []
    for column in schema.columns:
        if column.categories is not None and column.place not in asked:
            found.append(f"{column.called} ({len(column.categories)})")
    return [f"categories: {listed(found)}; one input for each value"] if found else []


def about_index(table: Table, i: int, numeric: bool) -> list[str]:
    """Return a note about a column that looks like an index or an id, and stays a feature."""
    cells = texts_in(table, i)
    count = len(cells)
    if count < 3 or len(set(cells)) < count:
        return []
    name = name_in(table, i)
    known = table.header is not None and name.casefold() in INDEX_NAMES
    numbers = [number_in(cell, table.decimal) for cell in cells]
    ordered = numeric and is_ordered(numbers)
    # Numbers that all differ are usual, texts are not.
    if numeric and not (ordered or known):
        return []
    why = "all different, in order" if ordered else "all different"
    which = name or i + 1
    return [f"index? {table.column(i)}: {why}; it is a feature unless you say --drop {which}"]


def is_ordered(numbers: Sequence[float | None]) -> bool:
    """Tell whether whole numbers only grow, or only fall."""
    # Of a whole number alone x // 1 is x itself; of NaN and of infinities it is not.
    whole = [x for x in numbers if x is not None and x == x // 1]
    pairs = list(zip(whole, whole[1:]))
    grows = all(a < b for a, b in pairs)
    falls = all(a > b for a, b in pairs)
    return len(whole) == len(numbers) and (grows or falls)
