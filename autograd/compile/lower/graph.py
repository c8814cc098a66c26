"""A tape as arrays: what the passes of the lowering walk over.

A million rows are a million tuples all over memory. As a few arrays they can be counted, compared
and gathered at once; and where a pass has to go row by row, it is one short loop over edges.

>>> from autograd import Value
>>> from autograd.compile.tracing.tape import trace
>>> graph = Graph(trace(lambda x, y: (x * y).tanh() * y, (), (1.0, 2.0))[0])
>>> children, parents = graph.edges()
>>> children.tolist(), parents.tolist()
([2, 2, 3, 4, 4], [0, 1, 2, 3, 1])
>>> reached([0], parents, children, graph.rows).tolist()
[True, False, True, True, True]
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive

Array = np.ndarray[Any, Any]
NO_BIAS = -1
# An integer has space for so many.
MAX_CODES = 2**62
# Steps over all edges at once, before one edge is looked at after the other.
MOST_STEPS = 4


class Graph:
    """Rows as arrays: row i applies table[codes[i]] to the counts[i] operands from starts[i] on.

    Attributes:
        table: the distinct primitives; the first is None, for leaves.
        codes, starts, counts: of each row.
        operands: of all rows; those of a tape in the order of its rows, rewritten ones behind.
        bias: of each row; NO_BIAS but for some of those that were rewritten.
    """

    def __init__(self, tape: Tape) -> None:
        rows = len(tape)
        self.rows = rows
        # In the order they were met: the same tape makes the same program.
        distinct = dict.fromkeys([None, *tape.ops])
        self.table: list[Primitive | None] = list(distinct)
        self.code = {op: i for i, op in enumerate(self.table)}
        codes = map(self.code.__getitem__, tape.ops)
        self.codes = np.fromiter(codes, np.int32, rows)
        counts = map(len, tape.operands)
        self.counts = np.fromiter(counts, np.int32, rows)
        self.starts = np.cumsum(self.counts) - self.counts
        operands = chain.from_iterable(tape.operands)
        self.operands = np.fromiter(operands, np.int32)
        self.bias = np.full(rows, NO_BIAS, np.int32)

    @property
    def computed(self) -> Array:
        """Tell of every row whether it is computed, and no leaf."""
        return self.codes > 0

    def applies(self, *ops: Primitive) -> Array:
        """Tell of every row whether it applies one of the given primitives."""
        of_table = [op in ops for op in self.table]
        chosen: Array = np.array(of_table)[self.codes]
        return chosen

    def places(self, rows: Array) -> Array:
        """Return where the operands of the given rows stand, one row after the other."""
        starts = self.starts[rows]
        return ranges(starts, self.counts[rows])

    def edges(self, rows: Array | None = None) -> tuple[Array, Array]:
        """Return the edges of a tape's rows, or of some rows: children and their parents."""
        if rows is None:
            every_row = np.arange(self.rows, dtype=np.int32)
            return repeated(every_row, self.counts), self.operands
        children = repeated(rows, self.counts[rows])
        parents = self.operands[self.places(rows)]
        return children, parents

    def columns(self, rows: Array) -> Array:
        """Return the operands of rows that have equally many: operands x rows."""
        first = rows[0]
        start = self.starts[first]
        count = self.counts[first]
        # A long chain asks for single rows, a million times.
        if len(rows) == 1:
            return self.operands[start : start + count, None]
        number = np.arange(count)
        places = self.starts[rows] + number[:, None]
        found: Array = self.operands[places]
        return found

    def rewrite(self, rows: dict[int, tuple[Primitive, Sequence[int], int]]) -> None:
        """Give rows another primitive, other operands and a bias."""
        places = np.fromiter(rows, np.intp, len(rows))
        ops, operands, biases = zip(*rows.values())
        for op in ops:
            if op not in self.code:
                self.code[op] = len(self.table)
                self.table.append(op)
        self.codes[places] = [self.code[op] for op in ops]
        sizes = [len(xs) for xs in operands]
        counts = np.array(sizes)
        self.counts[places] = counts
        # The old operands stay where they are, so that no other row's starts move.
        end = len(self.operands)
        self.starts[places] = end + np.cumsum(counts) - counts
        new_operands = np.fromiter(chain.from_iterable(operands), np.int32)
        self.operands = np.concatenate([self.operands, new_operands])
        self.bias[places] = biases


def merged(edges: Array, others: Array, rows: int) -> Array:
    """Return edges with others in place of those of their children, in the order of the children.

    Both are tables of a column for each edge: child, parent, and what more is known of it.
    """
    if not others.size:
        return edges
    replaced = others[0]
    keeps = np.ones(rows, bool)
    keeps[replaced] = False
    children = edges[0]
    kept = edges[:, keeps[children]]
    both = np.concatenate([kept, others], axis=1)
    # A stable sort, as the edges of a child stay in the order of its operands.
    order = np.argsort(both[0], kind="stable")
    return both[:, order]


def ranges(starts: Array, counts: Array) -> Array:
    """Return the integers of several ranges, one after the other.

    >>> ranges(np.array([5, 0, 9]), np.array([2, 3, 1])).tolist()
    [5, 6, 0, 1, 2, 9]
    """
    before = np.cumsum(counts) - counts
    # All integers are counted up at once, so from each range so many are taken as stand before it.
    offsets = repeated(starts - before, counts)
    return offsets + np.arange(counts.sum())


def repeated(numbers: Array, counts: Array) -> Array:
    """Return each number as often as its count says.

    >>> repeated(np.array([7, 8]), np.array([1, 2])).tolist()
    [7, 8, 8]
    """
    # NumPy takes counts of 64 bits for too large where addresses have 32, as in a browser.
    times = counts.astype(np.intp, copy=False)
    return np.repeat(numbers, times)


def compact(integers: Array) -> array[int]:
    """Return integers to loop over, side by side in memory; a list's would be all over it."""
    memory = integers.astype(np.intc).tobytes()
    return array("i", memory)


def reached(first: Iterable[int], sources: Array, targets: Array, rows: int) -> Array:
    """Tell of every row whether it is one of the first, or edges lead to it from one of them.

    The edges are in such an order that those to a row come before those from it.
    """
    is_first = np.zeros(rows, bool)
    is_first[list(first)] = True
    found = reached_at_once(is_first, sources, targets)
    if found is not None:
        return found
    marks = bytearray(is_first)
    edges = zip(compact(sources), compact(targets))
    for source, target in edges:
        if marks[source]:
            marks[target] = True
    return np.frombuffer(marks, bool)


def reached_at_once(is_first: Array, sources: Array, targets: Array) -> Array | None:
    """Return what `reached` does, by a few steps over all edges at once; None: they are not enough.

    A step finds the rows that are missed because all edges to them come from rows found missed
    before. Where nearly all rows are reached, as mostly, these are constants, and what is computed
    of constants alone.
    """
    missed = np.zeros(is_first.size, bool)
    count = 0
    for _ in range(MOST_STEPS):
        from_reached = ~missed[sources]
        has_source = np.zeros(is_first.size, bool)
        has_source[targets[from_reached]] = True
        missed = ~(is_first | has_source)
        before = count
        count = int(missed.sum())
        if count == before:
            return ~missed
    return None


def leading_to(last: Iterable[int], children: Array, parents: Array, rows: int) -> Array:
    """Tell of every row whether it is one of the last, or one of these depends on it.

    The edges are in the order of the children, each after its parents.
    """
    sources = children[::-1]
    targets = parents[::-1]
    return reached(last, sources, targets, rows)


def numbered(columns: Iterable[Array]) -> Array:
    """Number the rows of a table of small integers: equal rows have the same number, from 0 on.

    >>> numbered([np.array([3, 3, 0, 3]), np.array([1, 0, 1, 1])]).tolist()
    [2, 1, 0, 2]
    """
    size = 1
    number = np.zeros(1, np.int64)
    for column in columns:
        span = int(column.max(initial=0)) + 1
        # Before they would overflow, the numbers are made as small as they can be.
        if size * span > MAX_CODES:
            number = np.unique(number, return_inverse=True)[1]
            size = int(number.max()) + 1
        size = size * span
        number = number * span + column
    return np.unique(number, return_inverse=True)[1]
