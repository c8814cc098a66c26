"""Data sets: what ships with the package, what is generated, and a user's own CSV.

>>> iris = load_iris()
>>> iris
Dataset iris: 150 samples, 4 features, 3 classes (setosa, versicolor, virginica)
>>> training, held_out = split(iris, 0.2, seed=0)
>>> len(training), len(held_out)
(120, 30)
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from nn.columns.choices import Choice, Which, chosen
from nn.columns.schema import Schema
from nn.data_files import unpacked
from nn.module import is_finite, is_plain
from nn.tables.objects import is_tabular, table_of_object
from nn.tables.reading import Layout, read_table, table_of
from nn.tables.table import Table

# Classes in the repr of a data set.
MAX_CLASSES_SHOWN = 10


@dataclass(frozen=True, repr=False)
class Dataset:
    """Samples: rows of floats, and for every row the index of its class, or a quantity.

    Args:
        inputs: rows of floats; or a DataFrame, a Series, an array, a dict of columns, whose texts
            become one input for each category.
        labels: an index for every row; or, where `class_names` is not given, the classes
            themselves or quantities: a Series, an array, a list; or the name of a column.
        feature_names: those of the columns, or x1, x2, … unless given.
        schema: what the columns of a table were, or None where the rows are numbers already.

    Attributes: `labels`, indexes of `class_names`, or quantities where `task` is "quantity";
    `notes`, what was guessed when a table was read, a line each.

    >>> Dataset([[0.0], [1.0]], [0, 1], ["x"], ["no", "yes"]).targets
    [[1.0, 0.0], [0.0, 1.0]]
    >>> Dataset({"x": [1.5, 2.5, 3.0], "kind": ["b", "a", "b"]}, "kind")
    Dataset data: 3 samples, 1 features, 2 classes (a, b)
    >>> Dataset([[1], [2], [3]], [0.5, 1.5, 2.0]).task
    'quantity'
    """

    inputs: list[list[float]]
    labels: list[Any]
    feature_names: list[str] = field(default_factory=list)
    class_names: list[str] = field(default_factory=list)
    name: str = "data"
    schema: Schema | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Anything but lists is a frame or an array, which has to be read first.
        if not isinstance(self.inputs, list) or (self.schema is None and not self.class_names):
            found = dataset_of_objects(self.inputs, self.labels, self.feature_names, self.name)
            for entry, value in vars(found).items():
                object.__setattr__(self, entry, value)

    @classmethod
    def of(
        cls,
        data: object,
        target: Which | None = None,
        *,
        drop: Sequence[Which] = (),
        columns: Sequence[Which] | None = None,
        categorical: Sequence[Which] = (),
        task: str = "guess",
        missing: str = "error",
        indicator: bool = False,
        name: str = "data",
    ) -> Dataset:
        """Return the data set of an object with columns; for the arguments see `read_csv`.

        >>> Dataset.of({"x": [1, None, 3], "kind": ["a", "b", "a"]}, "kind", missing="mean").inputs
        [[1.0], [2.0], [3.0]]
        """
        choice = Choice(target, drop, columns, categorical, task, missing, indicator)
        return filled(dataset_of(table_of_object(data, name), choice, name))

    @property
    def task(self) -> str:
        """What is learned: "classes", or a "quantity"."""
        return "classes" if self.class_names else "quantity"

    @property
    def targets(self) -> list[list[float]]:
        """The labels as the outputs should be.

        Of classes q numbers each, 1.0 for the class and 0.0 for the others; of a quantity one
        number, on the scale of the schema's target.
        """
        if self.task == "classes":
            return [one_hot(label, len(self.class_names)) for label in self.labels]
        # A quantity is learned on a scale on which it is about 1 in size.
        target = self.schema and self.schema.target
        mean, scale = (target.mean, target.scale) if target else (0.0, 1.0)
        return [[(label - mean) / scale] for label in self.labels]

    def rows(self, chosen: Sequence[int]) -> Dataset:
        """Return the data set of the chosen rows."""
        inputs = [self.inputs[i] for i in chosen]
        return replace(self, inputs=inputs, labels=[self.labels[i] for i in chosen])

    def with_schema(self, schema: Schema) -> Dataset:
        """Return the data set with what a schema says about missing numbers and the target."""
        return replace(self, inputs=schema.fill(self.inputs), schema=schema)

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        names = ", ".join(self.class_names[:MAX_CLASSES_SHOWN])
        more = ", …" if len(self.class_names) > MAX_CLASSES_SHOWN else ""
        what = f"{len(self.class_names)} classes ({names}{more})"
        if self.task == "quantity":
            target = self.schema and self.schema.target
            what = f"a quantity ({target.name if target else 'y'})"
        return (
            f"Dataset {self.name}: {len(self)} samples, {len(self.feature_names)} features, {what}"
        )


def one_hot(label: int, classes: int) -> list[float]:
    """Return 1.0 at the index of the class and 0.0 elsewhere.

    >>> one_hot(1, 3)
    [0.0, 1.0, 0.0]
    """
    if not 0 <= label < classes:
        raise ValueError(f"the label {label!r} is no index of {classes} classes")
    return [float(k == label) for k in range(classes)]


def load_iris() -> Dataset:
    """Return Fisher's iris: 150 flowers, 4 lengths in cm, 3 species."""
    return shipped("iris")


def load_digits() -> Dataset:
    """Return 1797 handwritten digits of 8 by 8 pixels, 0 to 16 each."""
    return shipped("digits")


def shipped(name: str) -> Dataset:
    """Return a data set that comes with the package."""
    content = resources.files("nn.datasets").joinpath(f"{name}.csv.gz").read_bytes()
    layout = Layout(separator=",", decimal=".", encoding="utf-8", header=True)
    table = table_of(f"{name}.csv", unpacked(name, content), layout)
    found = dataset_of(table, Choice(task="classes"), name)
    # Plain numbers, whatever they are called.
    return replace(found, schema=None, notes=())


def moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Return two interleaved half circles of radius 1, with Gaussian noise.

    >>> moons(4, noise=0.0).inputs[:2]
    [[1.0, 0.0], [0.0, 0.5]]
    """
    return generated("moons", ["upper", "lower"], point_of_moons, n, noise, seed)


def circles(n: int = 200, noise: float = 0.1, seed: int = 0, factor: float = 0.5) -> Dataset:
    """Return a circle of radius 1 around one of radius `factor`, with Gaussian noise."""
    point = partial(point_of_circles, factor=factor)
    return generated("circles", ["outer", "inner"], point, n, noise, seed)


def xor(n: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Return points around the corners of the unit square; equal coordinates are class 0.

    >>> xor(4, noise=0.0).inputs
    [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]
    """
    return generated("xor", ["equal", "different"], point_of_xor, n, noise, seed)


def spirals(n: int = 200, noise: float = 0.05, seed: int = 0, turns: float = 1.0) -> Dataset:
    """Return two spirals around each other, out to radius 1, with Gaussian noise.

    The more turns, the harder: a straight line from the middle crosses each spiral once a turn.

    Source: Lang and Witbrock (1988), Learning to tell two spirals apart, whose spirals have three
            turns.

    >>> spirals(4, noise=0.0).inputs[:2]
    [[0.1, 0.0], [-0.1, 0.0]]
    """
    point = partial(point_of_spirals, turns=turns)
    return generated("spirals", ["first", "second"], point, n, noise, seed)


# Where the points of a class lie, from the first one, share 0, on towards share 1. A playground has
# the same functions as JavaScript, translated from their source.


def point_of_moons(share: float, label: int) -> tuple[float, float]:
    """Return a point of a half circle."""
    x = math.cos(math.pi * share)
    y = math.sin(math.pi * share)
    return (1.0 - x, 0.5 - y) if label else (x, y)


def point_of_circles(share: float, label: int, factor: float = 0.5) -> tuple[float, float]:
    """Return a point of the circle of radius 1, or of that of radius `factor`."""
    radius = factor if label else 1.0
    return radius * math.cos(math.tau * share), radius * math.sin(math.tau * share)


def point_of_xor(share: float, label: int) -> tuple[float, float]:
    """Return a corner of the unit square."""
    x = 0.0 if share < 0.5 else 1.0
    return x, (1.0 - x if label else x)


def point_of_spirals(share: float, label: int, turns: float = 1.0) -> tuple[float, float]:
    """Return a point of a spiral; the second one is the first, turned by half a turn."""
    radius = 0.1 + 0.9 * share
    x = radius * math.cos(math.tau * turns * share)
    y = radius * math.sin(math.tau * turns * share)
    return (-x, -y) if label else (x, y)


def generated(
    name: str,
    class_names: list[str],
    point: Callable[[float, int], tuple[float, float]],
    n: int,
    noise: float,
    seed: int,
) -> Dataset:
    """Return n points of two classes in turn, each class spread evenly over its curve."""
    if n < 2 or not 0.0 <= noise < math.inf:
        raise ValueError(f"{name}: n must be at least 2 and noise at least 0, not {n!r}, {noise!r}")
    source = random.Random(seed)
    # The classes take turns, so that any beginning of the rows has both.
    labels = [i % 2 for i in range(n)]
    of_a_class = (n + 1) // 2
    inputs = []
    for i, label in enumerate(labels):
        place = point((i // 2) / of_a_class, label)
        inputs.append([float(x + source.gauss(0.0, noise)) for x in place])
    return Dataset(inputs, labels, ["x", "y"], class_names, name)


def read_csv(
    path: str | Path,
    target: Which | None = None,
    header: bool | None = None,
    name: str | None = None,
    *,
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    skip: int = 0,
    drop: Sequence[Which] = (),
    columns: Sequence[Which] | None = None,
    categorical: Sequence[Which] = (),
    task: str = "classes",
    missing: str = "error",
    indicator: bool = False,
) -> Dataset:
    """Return the data set of a table in a text file: features, and one column with the target.

    What is not said is guessed, and `notes` of the data set has a line for each guess. Columns of
    numbers are inputs, columns of texts one input for each of their values. `.gz` files are
    unpacked. Classes may be text or numbers; they are sorted, by value where all are numbers.

    Args:
        target: the column with the target: its name, its index (from 0), or its number (from 1) as
            a text; the last one by default.
        header: whether the first line has the names; guessed by default.
        separator: between the cells, a character, a space for any number of them; decimal: "." or
            ","; encoding: as Python calls it; skip: lines at the top that are left out.
        drop: columns to leave out; columns: the only features; categorical: columns of numbers
            that are categories.
        task: "classes", "quantity", or "guess": a target with fractions, or with more than 20
            different numbers in more than 5 % of the rows, is a quantity.
        missing: what is done about missing cells: "error", "drop" (the row), "mean" (of the
            column); indicator: add an input that tells where a cell was missing.

    Raises: OSError when the file cannot be read; ValueError, with the file, the line and the
        column, when a row has another length, a cell is no finite number, or there is nothing to
        learn: no rows, no features, only one class.
    """
    layout = Layout(separator, decimal, encoding, header, skip)
    choice = Choice(target, drop, columns, categorical, task, missing, indicator)
    table = read_table(path, layout, expected(target))
    return filled(dataset_of(table, choice, name or Path(path).name.split(".")[0]))


def expected(target: Which | None) -> Which | None:
    """Return what a header may be told by: the target, unless it is a number in a text."""
    return None if isinstance(target, str) and target.isdigit() else target


def dataset_of(table: Table, choice: Choice, name: str) -> Dataset:
    """Return the data set in a table; numbers that are missing, and may be, are NaN in it."""
    try:
        found = chosen(table, choice)
        inputs = found.schema.encode(found.table)
    except ValueError as error:
        # A wrong guess of the layout may be why.
        doubts = [note for note in table.notes if note.startswith(("encoding", "decimal"))]
        raise ValueError(f"{error} [{'; '.join(doubts)}]" if doubts else error) from None
    target = found.schema.target
    names = list((target and target.classes) or ())
    notes = (*table.notes, *found.notes)
    return Dataset(
        inputs, found.targets, found.schema.input_names, names, name, found.schema, notes
    )


def filled(dataset: Dataset, training: Dataset | None = None) -> Dataset:
    """Return a data set with numbers in place of missing ones, and the scale of a quantity.

    Args: training: the rows whose means and scale they are; all of them unless given.
    """
    schema = dataset.schema
    if schema is None:
        return dataset
    # Means and scale come from the rows to train on: others must not be looked at.
    seen = training or dataset
    schema = schema.filled_from(seen.inputs)
    if dataset.task == "quantity" and schema.target:
        schema = replace(schema, target=schema.target.scaled_by(seen.labels))
    return dataset.with_schema(schema)


def dataset_of_objects(inputs: object, labels: object, names: Sequence[str], name: str) -> Dataset:
    """Return the data set of what callers have: a frame, a Series, arrays, lists.

    Raises: ValueError or TypeError, with the row, for what is no table of numbers and texts.
    """
    table = table_of_object(inputs, name)
    if isinstance(labels, str) or isinstance(labels, int) and is_tabular(inputs):
        return filled(dataset_of(table, Choice(labels), name))
    # Labels apart from the inputs become a last column, so that one way reads both.
    goal = table_of_object(labels, "labels")
    if len(goal.rows) != len(table.rows):
        raise ValueError(f"{len(table.rows)} rows of inputs but {len(goal.rows)} labels")
    if goal.width != 1:
        raise ValueError(f"labels: one for each row is expected, not {goal.width}")
    labels_of_rows = [label for _, label in goal.rows]
    rows = [(i, [*row, *label]) for (i, row), label in zip(table.rows, labels_of_rows)]
    header = None
    if table.header is not None or names:
        header = (*(names or table.names), *(goal.header or ("target",)))
    joined = Table(name, header, rows, unit="row")
    return filled(dataset_of(joined, Choice(), name))


def split(dataset: Dataset, held_out: float = 0.2, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Return the rows to train on and the rows held out, a share of every class.

    Of a quantity, it is a share of all rows. Each class keeps at least one row to train on. The
    rows stay in their order.

    Raises: ValueError when the share is not within [0, 1).
    """
    if not 0.0 <= held_out < 1.0:
        raise ValueError(f"held_out must be at least 0 and below 1, not {held_out!r}")
    source = random.Random(seed)
    # Each class by itself: a rare one would else be missing in one of the parts.
    chosen = set[int]()
    strata = range(len(dataset.class_names)) if dataset.task == "classes" else [None]
    for label in strata:
        rows = [i for i, found in enumerate(dataset.labels) if label is None or found == label]
        most = max(0, len(rows) - 1)
        chosen.update(source.sample(rows, min(round(held_out * len(rows)), most)))
    everything = range(len(dataset))
    return dataset.rows([i for i in everything if i not in chosen]), dataset.rows(sorted(chosen))


class Standardizer:
    """Shifts and scales every feature to mean 0 and standard deviation 1 over the rows it saw.

    Fit it on the training rows only, and keep it with the network. A constant feature becomes 0.

    >>> Standardizer.fit([[1.0, 5.0], [3.0, 5.0]]).rows([[1.0, 5.0], [4.0, 5.0]])
    [[-1.0, 0.0], [2.0, 0.0]]
    """

    def __init__(self, means: Sequence[float], scales: Sequence[float]) -> None:
        numbers = [*means, *scales]
        if len(means) != len(scales) or not all(is_plain(x) and is_finite(x) for x in numbers):
            raise ValueError("a standardizer needs as many finite means as scales")
        if not all(scale > 0.0 for scale in scales):
            raise ValueError("a standardizer needs scales above 0")
        self.means = list(map(float, means))
        self.scales = list(map(float, scales))

    @classmethod
    def fit(cls, rows: Sequence[Sequence[float]], flags: Sequence[bool] = ()) -> Standardizer:
        """Return the standardizer of the given rows.

        Args: flags: which features are 0 or 1 and stay so; none unless given.
        """
        means = [math.fsum(column) / len(rows) for column in zip(*rows)]
        squares = [
            math.fsum((x - mean) ** 2 for x in column) for column, mean in zip(zip(*rows), means)
        ]
        scales = [math.sqrt(square / len(rows)) or 1.0 for square in squares]
        for i, flag in enumerate(flags):
            if flag:
                means[i] = 0.0
                scales[i] = 1.0
        return cls(means, scales)

    def row(self, row: Sequence[float]) -> list[float]:
        """Return one row, standardized; its length is checked."""
        if len(row) != len(self.means):
            raise ValueError(f"{len(row)} features, but {len(self.means)} were standardized")
        return [(x - mean) / scale for x, mean, scale in zip(row, self.means, self.scales)]

    def rows(self, rows: Sequence[Sequence[float]]) -> list[list[float]]:
        """Return many rows, standardized."""
        return [self.row(row) for row in rows]
