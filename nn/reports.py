"""Reports: how well a model does, told so that a large class or a wide spread cannot flatter it.

>>> print(ClassReport.of([0, 0, 1, 0], [0, 0, 1, 1], ["fine", "faulty"]).text())
accuracy: 75.0 % (3 of 4); the largest class alone: 50.0 % (fine)
recall: fine 100.0 % (2 of 2), faulty 50.0 % (1 of 2)
found:  fine  faulty
fine       2       0
faulty     1       1
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# More make lines too long.
MOST_CLASSES_IN_TABLE = 12
# The letters of a class in the table; longer names are cut.
NAME_WIDTH = 16


@dataclass(frozen=True)
class ClassReport:
    """Which classes were found for which: `counts[true][found]`, and the names of the classes."""

    counts: list[list[int]]
    names: list[str]

    @classmethod
    def of(cls, found: Sequence[int], true: Sequence[int], names: Sequence[str]) -> ClassReport:
        """Return the report of samples.

        Args: found, true: the index of the class of each sample, found and true.
        """
        counts = [[0] * len(names) for _ in names]
        for k, j in zip(true, found):
            counts[k][j] += 1
        return cls(counts, list(names))

    @property
    def total(self) -> int:
        """How many samples there are."""
        return sum(map(sum, self.counts))

    @property
    def right(self) -> int:
        """How many were found right."""
        return sum(row[k] for k, row in enumerate(self.counts))

    @property
    def accuracy(self) -> float:
        """The share that was found right."""
        return self.right / self.total

    @property
    def largest(self) -> int:
        """The class with the most samples."""
        return max(range(len(self.names)), key=lambda k: sum(self.counts[k]))

    @property
    def largest_share(self) -> float:
        """The share of the largest class: the accuracy of who always says that."""
        return sum(self.counts[self.largest]) / self.total

    @property
    def recall(self) -> list[float | None]:
        """For each class the share of its samples that was found; None where it has none."""
        return [row[k] / sum(row) if sum(row) else None for k, row in enumerate(self.counts)]

    def headline(self) -> str:
        """Return the accuracy beside that of the largest class."""
        return (
            f"accuracy: {100 * self.accuracy:.1f} % ({self.right} of {self.total}); "
            f"the largest class alone: {100 * self.largest_share:.1f} % "
            f"({self.names[self.largest]})"
        )

    def text(self) -> str:
        """Return all of it in lines: accuracy, recall of each class, the confusion matrix."""
        return "\n".join([self.headline(), self.recalls(), *self.matrix()])

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as numbers, texts, lists and dicts, for JSON.

        >>> ClassReport([[1, 1], [0, 0]], ["fine", "faulty"]).as_dict()["recall"]
        {'fine': 0.5, 'faulty': None}
        """
        largest = {"name": self.names[self.largest], "share": self.largest_share}
        return {
            "task": "classes",
            "rows": self.total,
            "accuracy": self.accuracy,
            "largest_class": largest,
            "recall": dict(zip(self.names, self.recall)),
            "confusion": [list(row) for row in self.counts],
        }

    def recalls(self) -> str:
        """Return the line of the recall of each class; of many classes, those with the lowest."""
        found = [(share, k) for k, share in enumerate(self.recall) if share is not None]
        head = "recall: "
        if len(found) > MOST_CLASSES_IN_TABLE:
            head = f"recall, the lowest of {len(found)} classes: "
            found = sorted(found)[:MOST_CLASSES_IN_TABLE]
        parts = [
            f"{self.names[k]} {100 * share:.1f} % ({self.counts[k][k]} of {sum(self.counts[k])})"
            for share, k in found
        ]
        return head + ", ".join(parts)

    def matrix(self) -> list[str]:
        """Return the lines of the confusion matrix, a row for each true class."""
        if len(self.names) > MOST_CLASSES_IN_TABLE:
            return []
        names = [cut(name) for name in self.names]
        # Widths are counted in places of a terminal, of which a Chinese letter takes two.
        first = max(map(places, ["found:", *names])) + 2
        widths = [
            max(places(name), *(len(str(row[j])) for row in self.counts))
            for j, name in enumerate(names)
        ]
        lines: list[tuple[str, Sequence[Any]]] = [("found:", names), *zip(names, self.counts)]
        return [
            name + " " * (first - places(name)) + "  ".join(map(to_the_right, cells, widths))
            for name, cells in lines
        ]


def places(text: str) -> int:
    """Return how many places of a terminal a text takes: a Chinese letter takes two.

    >>> places("ab"), places("白花")
    (2, 4)
    """
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def to_the_right(cell: object, width: int) -> str:
    """Return a cell with spaces before it."""
    return " " * (width - places(str(cell))) + str(cell)


def cut(name: str) -> str:
    """Return a name that is not too long for a column."""
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 1] + "…"


@dataclass(frozen=True)
class QuantityReport:
    """How far the quantities that were found are from the true ones.

    Attributes: `r2`, 1 - sum (y - found)² / sum (y - mean of y)², 1 for a perfect model, 0 for who
    always says the mean, None where all are equal; `rmse`, the root of the mean of the squared
    errors, in the unit of the quantity; `total`, how many there are.

    >>> QuantityReport.of([1.0, 2.0, 4.0], [1.0, 2.0, 3.0]).headline()
    'R²: 0.500, RMSE: 0.5774 (3 rows)'
    """

    r2: float | None
    rmse: float
    total: int

    @classmethod
    def of(cls, found: Sequence[float], true: Sequence[float]) -> QuantityReport:
        """Return the report of samples."""
        mean = math.fsum(true) / len(true)
        errors = math.fsum((y - z) ** 2 for y, z in zip(true, found))
        spread = math.fsum((y - mean) ** 2 for y in true)
        # Without a spread there is nothing to explain, and the quotient is none.
        r2 = 1.0 - errors / spread if spread else None
        return cls(r2, math.sqrt(errors / len(true)), len(true))

    def headline(self) -> str:
        """Return both in one line."""
        r2 = "none, all are equal" if self.r2 is None else f"{self.r2:.3f}"
        return f"R²: {r2}, RMSE: {self.rmse:.4g} ({self.total} rows)"

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as numbers, texts and dicts, for JSON; None for what is not finite.

        >>> QuantityReport.of([1.0, 2.0], [3.0, 3.0]).as_dict()["r2"] is None
        True
        """
        return {
            "task": "quantity",
            "rows": self.total,
            "r2": None if self.r2 is None else finite(self.r2),
            "rmse": finite(self.rmse),
        }

    def text(self) -> str:
        """Return the lines of the report."""
        return self.headline()


def finite(x: float) -> float | None:
    """Return a number that JSON can hold, else None: it has neither NaN nor infinity."""
    return x if math.isfinite(x) else None
