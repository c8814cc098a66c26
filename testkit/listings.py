"""What `source()` prints, executed as Python: each line a statement, on numbers of one sample.

The text has its own spelling of places, `s3:5`, `p7` and `(p7, s3)`, and of matrices, `p0:6 as 2 x 3`; all else
is Python's. Numbers are Python's too, in arrays of objects, so that a mask is a bool.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.tracing import internal_primitives
from autograd.primitive_type import Primitive, Variadic

SPELLINGS = (
    (r"(?<=[ (])\((?=[sp][\d\[])", "row("),
    (r"backward only: .*$", "pass"),
    (r" in every lane$", ""),
    (r"the inputs of a sample$", "inputs"),
    (r"^require (.*) is (True|False) .*$", r"held(bool(\1) is \2)"),
    (r"^return (.*)$", r"return [\1]"),
    (r"\b([sp])(\d+:\d+)", r"\1[\2]"),
    (r"\b([sp])(\d+)\b", r"\1[\2]"),
    (
        r" = (.+) \+ (p.+) as (\d+) x (\d+) @ (.+) as \d+ x (\d+)$",
        r" = matrix(\1, \2, \3, \4, \5, \6)",
    ),
)


class Places:
    """Numbers by their places: of one, of a range, or of several one by one."""

    def __init__(self, numbers: Sequence[Any]) -> None:
        self.numbers = np.empty(len(numbers), object)
        self.numbers[:] = numbers

    def __getitem__(self, places: Any) -> Any:
        return self.numbers[list(places) if isinstance(places, tuple) else places]

    def __setitem__(self, places: Any, found: Any) -> None:
        many = isinstance(places, slice)
        self.numbers[places] = found if many else np.asarray(found, object).item()


def held(truth: bool) -> None:
    """Refuse a sample that takes another branch than the example."""
    if not truth:
        raise ArithmeticError("the sample takes another branch")


def row(*numbers: Any) -> Any:
    """Return numbers from different places as an array."""
    return np.array(numbers, object)


def matrix(bias: Any, weights: Any, rows: int, terms: int, inputs: Any, columns: int) -> Any:
    """Return a matrix product and biases, row after row."""
    left = np.broadcast_to(np.asarray(weights, object), rows * terms).reshape(rows, terms)
    right = np.broadcast_to(np.asarray(inputs, object), terms * columns).reshape(terms, columns)
    return bias + (left @ right).ravel()


def applied(op: Primitive) -> Callable[..., Any]:
    """Return a row's function, of numbers and of arrays."""

    def function(*xs: Any) -> Any:
        return np.frompyfunc(op.forward, len(xs), 1)(*xs)

    return (lambda xs: function(*xs)) if isinstance(op, Variadic) else function


def functions() -> dict[str, Callable[..., Any]]:
    """Return what the names in a listing mean: rows of the table, and the compiler's own."""
    own = [op for op in vars(internal_primitives).values() if isinstance(op, Primitive)]
    rows = [*p.TABLE.values(), *own]
    return {op.symbol: applied(op) for op in rows if op.symbol.isidentifier()}


def as_python(text: str) -> str:
    """Return a listing as a function of Python's, `program(inputs, p, s)`."""
    lines = []
    for line in text.splitlines():
        for spelled, meant in SPELLINGS:
            line = re.sub(spelled, meant, line)
        lines.append(f"    {line}")
    return "\n".join(["def program(inputs, p, s):", *lines])


def executed(compiled: Any) -> Callable[[Sequence[float]], list[float]]:
    """Return what the listing of a compiled function computes of the numbers of a sample."""
    traced = compiled.specializations[0]
    assert len(compiled.parameters) == traced.program(0).trained  # looking brings them up to date
    world = {"row": row, "matrix": matrix, "held": held, **functions()}
    exec(as_python(compiled.source(whole=True)), world)  # our own text
    shared = Places(traced.shared.tolist())

    def function(row: Sequence[float]) -> list[float]:
        slots = Places([None] * traced.program(0).slots)
        return [float(x) for x in world["program"](row, shared, slots)]

    return function
