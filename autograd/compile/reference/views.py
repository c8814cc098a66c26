"""Tables of slots that follow a pattern: they are views of an array, and need not be gathered.

A pattern is nested strides, the innermost last: slots 7, 8, 9, 17, 18, 19 are 2 x 3 with the
strides 10 and 1, and 4, 4, 4 are 3 with the stride 0.

>>> pattern(np.array([7, 8, 9, 17, 18, 19]))
Pattern(start=7, shape=(2, 3), strides=(10, 1))
>>> pattern(np.array([7, 8, 9, 11, 15, 16]), 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from operator import mul
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
MAX_NESTED_STRIDES = 3
MAX_RANKS = 8  # how often a slot may be repeated, before its sum is left to `reduceat`


class Pattern(NamedTuple):
    """Where slots stand: slots.reshape(shape)[i, j] = start + i * strides[0] + j * strides[1]."""

    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def widths(self) -> list[int]:
        """Return how many slots are behind each stride of the pattern, innermost first."""
        return list(accumulate(reversed(self.shape), mul))

    def cut(self, widths: Sequence[int]) -> Pattern:
        """Return the same pattern with finer strides: one for each of the given widths."""
        if len(widths) == len(self.shape):
            return self
        strides, level, inner = [], 0, [1, *self.widths()]
        for width in [1, *widths[:-1]]:
            while width >= inner[level + 1]:
                level += 1
            strides.append(self.strides[-1 - level] * (width // inner[level]))
        return Pattern(self.start, shape_of(widths), tuple(reversed(strides)))

    def is_distinct(self) -> bool:
        """Tell whether strides are so far apart that no slot is repeated but by strides of 0."""
        reach = 0
        for stride, n in sorted(
            (abs(stride), n) for stride, n in zip(self.strides, self.shape) if n > 1
        ):
            if stride and stride <= reach:
                return False
            reach += stride * (n - 1)
        return True

    def is_matrix(self) -> bool:
        """Tell whether BLAS takes it as a matrix: two strides at most, one of them 1."""
        few = len(self.shape) <= 2 and min(self.strides) >= 0
        return few and self.is_distinct() and (len(self.shape) == 1 or 1 in self.strides)


def shape_of(widths: Sequence[int]) -> tuple[int, ...]:
    """Return the shape whose widths are given.

    >>> shape_of([3, 12])
    (4, 3)
    """
    return tuple(width // inner for inner, width in zip([1, *widths], widths))[::-1]


def pattern(slots: Array, deepest: int = MAX_NESTED_STRIDES) -> Pattern | None:
    """Return the pattern of a row of slots, None where it has none."""
    start, count = int(slots[0]), len(slots)
    if count == 1:
        return Pattern(start, (1,), (1,))
    differences = np.diff(slots)
    stride = int(differences[0])
    others = np.flatnonzero(differences != stride)
    if not others.size:
        return Pattern(start, (count,), (stride,))
    run = int(others[0]) + 1
    if deepest == 1 or count % run:
        return None
    rows = slots.reshape(-1, run)
    if (np.diff(rows, axis=1) != stride).any():
        return None
    outer = pattern(rows[:, 0], deepest - 1)
    return outer and Pattern(start, (*outer.shape, run), (*outer.strides, stride))


class Layout:
    """How the tables of an instruction are read: all in one shape, as views where that is possible.

    Args:
        tables: of the same number of slots.
        inner: where the slots are rows of so many, these rows stay apart.

    >>> layout = Layout([np.array([0, 1, 2, 3, 4, 5]), np.array([8, 9, 8, 9, 8, 9])])
    >>> layout.shape, layout.patterns[1]
    ((3, 2), Pattern(start=8, shape=(3, 2), strides=(0, 1)))
    """

    def __init__(self, tables: Sequence[Array], inner: int = 0) -> None:
        self.tables = [table.astype(np.intp) for table in tables]
        self.count = len(tables[0])
        found = [pattern(table) for table in tables]
        widths = {inner, self.count} if inner else {self.count}
        for i, one in enumerate(found):
            if one:
                finer = widths.union(one.widths())
                if fits(sorted(finer), inner):
                    widths = finer
                else:
                    found[i] = None
        cuts = sorted(widths - {1}) or [1]
        self.shape = shape_of(cuts)
        self.patterns = [one and one.cut(cuts) for one in found]
        if inner == self.count:  # a single row
            self.shape = (1, *self.shape)
            self.patterns = [
                one and Pattern(one.start, self.shape, (0, *one.strides)) for one in self.patterns
            ]

    @cached_property
    def targets(self) -> list[Target]:
        """What is needed to add to the slots of each table."""
        return [Target(*each, self.shape) for each in zip(self.tables, self.patterns)]


def fits(widths: list[int], inner: int) -> bool:
    """Tell whether each width is a multiple of the one before, and rows are apart by one stride."""
    nested = all(wider % narrower == 0 for narrower, wider in zip(widths, widths[1:]))
    outer = [width for width in widths if width > inner]
    return nested and len(outer) <= (1 if inner else MAX_NESTED_STRIDES)


class Target:
    """How numbers are added to slots of which some may be the same.

    Attributes:
        axes: to sum over first, where the pattern has strides of 0.
        ranks: else, where slots are repeated: positions of the first time each of the slots occurs,
            of the second time, ..., the most repeated slots in front.
        order, starts: or, where those would be many: positions by slots, where each slot begins.
        slots, pattern: of what is left then.
    """

    def __init__(self, slots: Array, found: Pattern | None, shape: tuple[int, ...]) -> None:
        self.axes: tuple[int, ...] = ()
        self.ranks: list[Array] = []
        self.order = self.starts = np.zeros(0, np.intp)
        self.all, self.slots, self.pattern, self.repeats = slots, slots, found, False
        if found and found.is_distinct():
            self.axes = tuple(
                i for i, (n, s) in enumerate(zip(shape, found.strides)) if n > 1 > s == 0
            )
            self.pattern, self.repeats = without_axes(found, self.axes), bool(self.axes)
        else:
            self.pattern, self.repeats = None, np.unique(slots).size < len(slots)
            if self.repeats:
                self.unite()

    def unite(self) -> None:
        """Find where repeated slots stand."""
        order = np.argsort(self.all, kind="stable")
        slots, starts, counts = np.unique(self.all[order], return_index=True, return_counts=True)
        if counts.max() > MAX_RANKS:
            self.order, self.starts = order, starts
        else:
            front = np.argsort(-counts, kind="stable")
            slots, starts, counts = slots[front], starts[front], counts[front]
            self.ranks = [order[starts[counts > i] + i] for i in range(counts.max())]
        self.slots, self.pattern = slots, pattern(slots, 1)
        if self.pattern and not self.pattern.is_distinct():
            self.pattern = None


def without_axes(found: Pattern, axes: tuple[int, ...]) -> Pattern:
    """Return a pattern without some of its axes."""
    if not axes:
        return found
    left = [i for i in range(len(found.shape)) if i not in axes]
    shape, strides = (tuple(each[i] for i in left) for each in (found.shape, found.strides))
    return Pattern(found.start, shape, strides)
