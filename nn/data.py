"""Data sets: what ships with the package, what is generated, and a user's own CSV.

>>> iris = load_iris()
>>> iris
Dataset iris: 150 samples, 4 features, 3 classes (setosa, versicolor, virginica)
>>> training, held_out = split(iris, 0.2, seed=0)
>>> len(training), len(held_out)
(120, 30)
"""

from __future__ import annotations

import gzip
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from nn.data_files import (
    Table,
    classes_of,
    numbers_of,
    read_table,
    table_of,
    target_column,
)
from nn.module import is_finite, is_plain

MAX_CLASSES_SHOWN = 10  # in the repr of a data set


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
        names = ", ".join(self.class_names[:MAX_CLASSES_SHOWN])
        more = ", …" if len(self.class_names) > MAX_CLASSES_SHOWN else ""
        return (
            f"Dataset {self.name}: {len(self)} samples, {len(self.feature_names)} features, "
            f"{len(self.class_names)} classes ({names}{more})"
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
