"""Data: what ships with the package, what is generated, and a user's own CSV.

>>> iris = load_iris()
>>> iris
Dataset iris: 150 samples, 4 features, 3 classes (setosa, versicolor, virginica)
>>> training, held_out = split(iris, 0.2, seed=0)
>>> len(training), len(held_out)
(120, 30)
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from nn.module import is_finite, is_plain

MOST_BYTES = 2**30  # of a file, and of what it unpacks to
CHUNK = 2**20
MANY_CLASSES = 20  # more than this, in a small file, looks like a quantity
SEPARATORS = ",;\t"


@dataclass(frozen=True, repr=False)
class Dataset:
    """Samples with a class each: rows of floats, and the index of the class of every row.

    >>> Dataset([[0.0], [1.0]], [0, 1], ["x"], ["no", "yes"]).targets
    [[1.0, 0.0], [0.0, 1.0]]
    """

    inputs: list[list[float]]
    labels: list[int]
    feature_names: list[str]
    class_names: list[str]
    name: str = "data"

    @property
    def targets(self) -> list[list[float]]:
        """The labels as q numbers each, 1.0 for the class and 0.0 for the others."""
        return [one_hot(label, len(self.class_names)) for label in self.labels]

    def rows(self, chosen: Sequence[int]) -> Dataset:
        """Return the data set of the chosen rows."""
        inputs = [self.inputs[i] for i in chosen]
        return replace(self, inputs=inputs, labels=[self.labels[i] for i in chosen])

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        shown = ", ".join(self.class_names[:10]) + (", …" if len(self.class_names) > 10 else "")
        return (
            f"Dataset {self.name}: {len(self)} samples, {len(self.feature_names)} features, "
            f"{len(self.class_names)} classes ({shown})"
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
    return dataset_of(table_of(f"{name}.csv", gzip.decompress(content)), None, name)


def moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Return two interleaved half circles of radius 1, with Gaussian noise.

    >>> moons(4, noise=0.0).inputs[:2]
    [[1.0, 0.0], [0.0, 0.5]]
    """

    def point(share: float, label: int) -> tuple[float, float]:
        x, y = math.cos(math.pi * share), math.sin(math.pi * share)
        return (1.0 - x, 0.5 - y) if label else (x, y)

    return generated("moons", ["upper", "lower"], point, n, noise, seed)


def circles(n: int = 200, noise: float = 0.1, seed: int = 0, factor: float = 0.5) -> Dataset:
    """Return a circle of radius 1 around one of radius `factor`, with Gaussian noise."""

    def point(share: float, label: int) -> tuple[float, float]:
        radius = factor if label else 1.0
        return radius * math.cos(math.tau * share), radius * math.sin(math.tau * share)

    return generated("circles", ["outer", "inner"], point, n, noise, seed)


def xor(n: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Return points around the corners of the unit square; equal coordinates are class 0.

    >>> xor(4, noise=0.0).inputs
    [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]
    """

    def point(share: float, label: int) -> tuple[float, float]:
        x = 0.0 if share < 0.5 else 1.0
        return x, (1.0 - x if label else x)

    return generated("xor", ["equal", "different"], point, n, noise, seed)


def generated(
    name: str, class_names: list[str], point: Any, n: int, noise: float, seed: int
) -> Dataset:
    """Return n points of two classes in turn, each class spread evenly over its curve."""
    if n < 2 or not 0.0 <= noise < math.inf:
        raise ValueError(f"{name}: n must be at least 2 and noise at least 0, not {n!r}, {noise!r}")
    source = random.Random(seed)
    inputs = [
        [float(x + source.gauss(0.0, noise)) for x in point((i // 2) / ((n + 1) // 2), i % 2)]
        for i in range(n)
    ]
    return Dataset(inputs, [i % 2 for i in range(n)], ["x", "y"], class_names, name)


class Table(NamedTuple):
    """A CSV file as text: its name, the header or None, and (line number, cells) pairs."""

    name: str
    header: list[str] | None
    rows: list[tuple[int, list[str]]]

    def column(self, i: int) -> str:
        """Return what a message calls a column."""
        return f"column {i + 1}" + (f" ({self.header[i]})" if self.header else "")


def read_csv(
    path: str | Path,
    target: str | int | None = None,
    header: bool | None = None,
    name: str | None = None,
) -> Dataset:
    """Return the data set of a CSV file: numbers, and one column with the class.

    UTF-8, with commas, semicolons or tabs between the cells; `.gz` files are unpacked. Classes may
    be text or numbers; they are sorted, by value where all are numbers.

    Args:
        target: name or index (from 0) of the column with the class; the last one by default.
        header: whether the first line has the names; by default, whether none of its cells, that
            of the class aside, is a number.

    Raises: OSError when the file cannot be read; ValueError, with the file, the line and the
        column, when a row has another length, a cell is no finite number, or there is nothing to
        learn: no rows, no features, only one class.
    """
    table = read_table(path, target, header)
    return dataset_of(table, target, name or Path(path).name.split(".")[0])


def read_table(
    path: str | Path, target: str | int | None = None, header: bool | None = None
) -> Table:
    """Return the cells of a CSV file, checked to be text in rows of one length."""
    content = read_file(path)
    if content[:2] == b"\x1f\x8b":
        try:
            content = bounded(path, gzip.GzipFile(fileobj=io.BytesIO(content)))
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path}: a damaged gzip file: {error}") from None
    return table_of(str(path), content, target, header)


def read_file(path: str | Path) -> bytes:
    """Return the bytes of a file that is not too long to be meant."""
    with open(path, "rb") as file:
        return bounded(path, file)


def bounded(path: str | Path, file: Any) -> bytes:
    """Return what can be read from a file, or say that it is too much, or has no end."""
    chunks, size = [], 0
    while chunk := file.read(CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            raise ValueError(f"{path}: more than {MOST_BYTES} bytes, the most that is read")
    return b"".join(chunks)


def table_of(
    name: str, content: bytes, target: str | int | None = None, header: bool | None = None
) -> Table:
    """Return the cells of the bytes of a CSV file."""
    rows = cells_of(name, decoded(name, content))
    if not rows:
        raise ValueError(f"{name}: the file is empty")
    first = rows[0][1]
    for line, cells in rows:
        if len(cells) != len(first):
            raise ValueError(
                f"{name}, line {line}: {len(cells)} columns, but line {rows[0][0]} has {len(first)}"
            )
    if header is None:
        label = target if isinstance(target, int) else -1
        features = [x for i, x in enumerate(first) if i not in (label, label + len(first))]
        named = bool(features) and all(number_in(x) is None for x in features)
        header = named or isinstance(target, str)
    return Table(name, [x.strip() for x in first], rows[1:]) if header else Table(name, None, rows)


def decoded(name: str, content: bytes) -> str:
    """Return the text of a file, or say that it is none."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError(f"{name}: UTF-16 text; save it as UTF-8")
    if b"\0" in content:
        raise ValueError(f"{name}: a binary file, not CSV")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{name}, line {line}: not UTF-8 text, so a binary file or another encoding"
        ) from None


def cells_of(name: str, text: str) -> list[tuple[int, list[str]]]:
    """Return (line number, cells) of every line that is not blank."""
    first = text.lstrip().partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)  # the earlier one on a tie
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        raise ValueError(f"{name}, line {reader.line_num}: {error}") from None
    return rows


def number_in(cell: str) -> float | None:
    """Return the number in a cell, or None where there is none."""
    try:
        return float(cell) if "_" not in cell else None  # Python's 1_000 is no CSV number
    except ValueError:
        return None


def dataset_of(table: Table, target: str | int | None, name: str) -> Dataset:
    """Return the data set in a table."""
    if not table.rows:
        raise ValueError(f"{table.name}: the file has a header but no rows")
    width = len(table.rows[0][1])
    if width < 2:
        raise ValueError(f"{table.name}: one column only; features and a class are needed")
    label = target_column(table, target, width)
    features = [i for i in range(width) if i != label]
    inputs = numbers_of(table, features)
    class_names, labels = classes_of(table, label)
    names = table.header or [f"x{i + 1}" for i in range(width)]
    return Dataset(inputs, labels, [names[i] for i in features], class_names, name)


def target_column(table: Table, target: str | int | None, width: int) -> int:
    """Return the index of the column with the class."""
    if isinstance(target, str):
        names = table.header or []
        if names.count(target) != 1:
            found = ", ".join(names) if names else "none: the file has no header"
            raise ValueError(f"{table.name}: no single column {target!r}; the columns: {found}")
        return names.index(target)
    target = width - 1 if target is None else target
    if not -width <= target < width:
        raise ValueError(f"{table.name}: no column {target}; there are {width}")
    return target % width


def numbers_of(table: Table, columns: Sequence[int]) -> list[list[float]]:
    """Return the chosen columns as floats, or name the cell that is none."""
    return [[finite(table, line, i, cells[i]) for i in columns] for line, cells in table.rows]


def finite(table: Table, line: int, i: int, cell: str) -> float:
    """Return the number of a cell, or name its line and column."""
    x = number_in(cell)
    if x is None or not math.isfinite(x):
        what = "a number" if x is None else "finite"
        raise ValueError(
            f"{table.name}, line {line}, {table.column(i)}: {cell!r:.40} is not {what}"
        )
    return x


def classes_of(table: Table, label: int) -> tuple[list[str], list[int]]:
    """Return the sorted names of the classes and the index of each row's class."""
    cells = []
    for line, row in table.rows:
        cells.append(row[label].strip())
        if not cells[-1]:
            raise ValueError(f"{table.name}, line {line}, {table.column(label)}: no class given")
    values = {cell: number_in(cell) for cell in cells}
    numeric = all(x is not None and math.isfinite(x) for x in values.values())
    names = sorted(values, key=lambda cell: (values[cell] if numeric else 0.0, cell))
    if len(names) < 2:
        raise ValueError(f"{table.name}: only one class, {names[0]!r}, in {table.column(label)}")
    if len(names) > max(MANY_CLASSES, len(cells) // 2):
        raise ValueError(
            f"{table.name}, {table.column(label)}: {len(names)} different classes in {len(cells)} "
            "rows; is it a quantity, or is the class in another column?"
        )
    index = {name: i for i, name in enumerate(names)}
    return names, [index[cell] for cell in cells]


def split(dataset: Dataset, held_out: float = 0.2, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Return the rows to train on and the rows held out, a share of every class.

    Each class keeps at least one row to train on. The rows stay in their order.

    Raises: ValueError when the share is not within [0, 1).
    """
    if not 0.0 <= held_out < 1.0:
        raise ValueError(f"held_out must be at least 0 and below 1, not {held_out!r}")
    source, chosen = random.Random(seed), set[int]()
    for label in range(len(dataset.class_names)):
        rows = [i for i, found in enumerate(dataset.labels) if found == label]
        chosen.update(source.sample(rows, min(round(held_out * len(rows)), max(0, len(rows) - 1))))
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
        self.means, self.scales = list(map(float, means)), list(map(float, scales))

    @classmethod
    def fit(cls, rows: Sequence[Sequence[float]]) -> Standardizer:
        """Return the standardizer of the given rows."""
        means = [math.fsum(column) / len(rows) for column in zip(*rows)]
        squares = [
            math.fsum((x - mean) ** 2 for x in column) for column, mean in zip(zip(*rows), means)
        ]
        return cls(means, [math.sqrt(square / len(rows)) or 1.0 for square in squares])

    def row(self, row: Sequence[float]) -> list[float]:
        """Return one row, standardized; its length is checked."""
        if len(row) != len(self.means):
            raise ValueError(f"{len(row)} features, but {len(self.means)} were standardized")
        return [(x - mean) / scale for x, mean, scale in zip(row, self.means, self.scales)]

    def rows(self, rows: Sequence[Sequence[float]]) -> list[list[float]]:
        """Return many rows, standardized."""
        return [self.row(row) for row in rows]
