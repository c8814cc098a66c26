"""Random expressions: graphs with shared parts, each with a point at which it is defined.

>>> import random
>>> pool = operations([p.add, p.mul, p.atan2, p.tanh])
>>> random_expression(random.Random(5), lines=4, pool=pool)
from autograd import Value, atan2, tanh
x, y, z = Value(0.737), Value(1.451), Value(1.771)
a = tanh(y)
b = atan2(x, a)
c = a + b
d = tanh(z)
e = d + c
e.backward()
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd import primitives as p
from autograd import reductions
from autograd.functional import value_and_grad
from autograd.primitive_type import Interval, Primitive, Variadic
from autograd.testing.number_types import Function, Numbers

# Larger results are not used, for later ones would overflow,
MAX_RESULT = 1e4
# nor smaller ones,
MIN_RESULT = 1e-4
# nor those whose slopes change by a larger share
MAX_SLOPE_CHANGE = 1e-2
# when the operands change by this share,
NEARBY_STEP = 1e-5
# nor those that may be off by so many roundings.
MAX_ROUNDINGS = 1e3
# Operands keep this far from the border of a domain.
MIN_BORDER_DISTANCE = 1e-3
N_ARY_OPERANDS = 4
# Rows that `autograd` itself does not offer: a program imports them from `autograd.primitives`.
INNER_ROWS = frozenset(
    """
    add sub mul div mod floordiv neg pos gaussian step rounded
    at_least at_most less less_equal greater greater_equal
    inner_product total softmax_of log_softmax_of largest smallest
    ratio finite tied spread share2 pieces_slope celu_gap asin_slope
    asech_slope acosh_slope asinh_slope
    atan_slope atanh_slope erfinv_slope sigmoid_slope silu_slope gelu_slope
    sinc_slope squareplus_slope
    """.split()
)


class Operation(NamedTuple):
    """What one line of an expression may do: a function, its operands' domains, its source."""

    name: str
    function: Function
    domain: tuple[Interval, ...]  # of each operand; of every one where there is only one
    many: bool
    spell: Callable[..., str]
    imports: str

    @property
    def arity(self) -> int:
        """How many operands a line takes."""
        return N_ARY_OPERANDS if self.many else len(self.domain)


def first_of_softmax(*xs: object) -> Any:
    """Return the first of the softmax of some numbers."""
    return p.softmax(xs)[0]


def first_of_log_softmax(*xs: object) -> Any:
    """Return the first of the log_softmax of some numbers."""
    return p.log_softmax(xs)[0]


def two_term_dot(bias: Any, w: Any, x: Any, y: Any) -> Any:
    """Return bias + w*x + y*y, a dot with a weight that is its own input."""
    return reductions.dot([w, y], [x, y], bias)


SPECIAL = {
    "softmax_of": Operation(
        "softmax",
        first_of_softmax,
        (p.REAL,),
        True,
        lambda *xs: f"softmax([{', '.join(xs)}])[0]",
        "softmax",
    ),
    "log_softmax_of": Operation(
        "log_softmax",
        first_of_log_softmax,
        (p.REAL,),
        True,
        lambda *xs: f"log_softmax([{', '.join(xs)}])[0]",
        "log_softmax",
    ),
    "inner_product": Operation(
        "dot",
        two_term_dot,
        (p.REAL,),
        True,
        lambda b, w, x, y: f"dot([{w}, {y}], [{x}, {y}], {b})",
        "dot",
    ),
}
# Rows that are no functions of variables alone, or whose derivative is not that of their value.
LEFT_OUT = frozenset(
    """gaussian polygamma sinc_slope rounded at_least at_most where stop_gradient less less_equal
    greater greater_equal equal mod fmod remainder floordiv clip tied finite pieces_slope""".split()
)
# What expressions shrink towards.
SIMPLEST = ("add", "mul", "sub", "square", "neg", "sin", "exp", "tanh", "div")


def operation(row: Primitive) -> Operation:
    """Return a row of the table, or a user's own primitive, as an operation of expressions."""
    if row.name in SPECIAL and p.TABLE.get(row.name) is row:
        return SPECIAL[row.name]
    symbol = row.symbol
    if isinstance(row, Variadic):

        def of_operands(*xs: object) -> Any:
            return row(xs)

        return Operation(symbol, of_operands, (p.REAL,), True, row.spell, symbol)
    # An operator needs no import.
    named = symbol if symbol.isidentifier() else ""
    variables = len(row.partials) - len(row.defaults)
    domain = tuple(row.domain[:variables])
    return Operation(symbol, row, domain, False, row.spell, named)


def operations(rows: Iterable[Primitive] | None = None, smooth: bool = False) -> list[Operation]:
    """Return the operations for some rows, by default for all that are functions of variables."""
    if rows is None:
        others = [name for name in p.TABLE if name not in SIMPLEST]
        names = [*SIMPLEST, *others]
        rows = [p.TABLE[name] for name in names if name not in LEFT_OUT]
        rows = [row for row in rows if row.smooth or not smooth]
    found = [operation(row) for row in rows]
    if not found:
        raise ValueError("no primitives to make expressions of")
    return found


class Line(NamedTuple):
    """One line: an operation, and the places of its operands among the inputs and results."""

    operation: Operation
    places: tuple[int, ...]


class Expression:
    """A straight-line program, callable on numbers, Values, and anything else with operators.

    `point` is where it was made, and is defined; `repr` is a program to copy and run.
    """

    __name__ = "the expression"

    def __init__(self, point: Sequence[float], lines: Sequence[Line]) -> None:
        self.point = tuple(point)
        self.lines = tuple(used(len(self.point), lines))

    def __call__(self, *inputs: Any) -> Any:
        """Return the result of the last line."""
        return self.results(inputs)[-1]

    def results(self, inputs: Numbers) -> list[Any]:
        """Return the inputs and the result of every line."""
        found = list(inputs)
        for operation, places in self.lines:
            operands = [found[i] for i in places]
            found.append(operation.function(*operands))
        return found

    def gradient(self) -> tuple[float, list[float]]:
        """Return the value and the gradient at the point."""
        everything = tuple(range(len(self.point)))
        value, slopes = value_and_grad(self, everything)(*self.point)
        return value, list(slopes)

    def __repr__(self) -> str:
        return "\n".join(self.source())

    def source(self) -> Iterator[str]:
        """Yield the lines of a program that computes the expression and its gradient."""
        named = {line.operation.imports for line in self.lines}
        imports = sorted(named - {""})
        public = [name for name in imports if name not in INNER_ROWS]
        yield f"from autograd import {', '.join(['Value', *public])}"
        inner = [name for name in imports if name in INNER_ROWS]
        if inner:
            yield f"from autograd.primitives import {', '.join(inner)}"
        inputs = names_of_inputs(len(self.point))
        leaves = [f"Value({x!r})" for x in self.point]
        yield f"{', '.join(inputs)} = {', '.join(leaves)}"
        results = names_of_lines(len(self.lines))
        names = [*inputs, *results]
        for name, (operation, places) in zip(results, self.lines):
            operands = [names[i] for i in places]
            yield f"{name} = {operation.spell(*operands)}"
        yield f"{names[-1]}.backward()"


def names_of_inputs(n: int) -> list[str]:
    """Return names for the inputs."""
    letters = "xyzuvw"
    if n <= len(letters):
        return list(letters[:n])
    return [f"x{i}" for i in range(n)]


def names_of_lines(n: int) -> list[str]:
    """Return names for the results of lines."""
    letters = "abcdefghijklmnopq"
    if n <= len(letters):
        return list(letters[:n])
    return [f"a{i}" for i in range(n)]


def used(n: int, lines: Sequence[Line]) -> list[Line]:
    """Return the lines that the last one depends on, with their places set right."""
    needed = {n + len(lines) - 1}
    for k, line in reversed(list(enumerate(lines))):
        if n + k in needed:
            needed.update(line.places)
    # Inputs stay where they are, results move up to where others were.
    place = {i: i for i in range(n)}
    kept: list[Line] = []
    for k, line in enumerate(lines):
        if n + k in needed:
            place[n + k] = n + len(kept)
            places = tuple(place[i] for i in line.places)
            kept.append(Line(line.operation, places))
    return kept


# Which operation, and the index of each operand.
Draw = tuple[int, tuple[int, ...]]


def build(
    point: Sequence[float], draws: Sequence[Draw], pool: Sequence[Operation], sharing: bool = True
) -> Expression:
    """Return the expression of some draws, of which those that make no sense are left out.

    An operand is chosen among the results inside its domain by an index as of a list, but one that
    goes round: 0 is the first input, -1 the latest result. So a draw with small indexes means the
    same when others before it are taken away, and shrinks well. A result that is not finite, or out
    of range, is not used. What nothing uses at the end is added up, so that every line counts.
    """
    results = list(point)
    lines = list[Line]()
    loose = list(range(len(point)))
    # How many units of rounding each result may be off.
    roundings = [0.0] * len(point)
    for which, indexes in draws:
        chosen = pool[which % len(pool)]
        usable = range(len(results)) if sharing else loose
        places = operands(chosen, indexes, results, usable, distinct=not sharing)
        numbers = [results[i] for i in places]
        before = [roundings[i] for i in places]
        out, off = attempt(chosen, numbers, before)
        if places and off < MAX_ROUNDINGS:
            lines.append(Line(chosen, tuple(places)))
            loose = [i for i in loose if i not in places]
            loose.append(len(results))
            results.append(out)
            roundings.append(off)
    add = operation(p.add)
    while len(loose) > 1 or not lines:
        # Where nothing was made of a single input it is doubled.
        left = loose[-1] if len(loose) > 1 else 0
        right = loose[-2] if len(loose) > 1 else 0
        lines.append(Line(add, (left, right)))
        results.append(results[left] + results[right])
        loose = [*loose[:-2], len(results) - 1]
    return Expression(point, lines)


def operands(
    chosen: Operation,
    indexes: Sequence[int],
    results: Sequence[float],
    usable: Sequence[int],
    distinct: bool,
) -> list[int]:
    """Return the places of the operands of a line, none where some operand cannot be had."""
    found: list[int] = []
    for k in range(chosen.arity):
        low, high = chosen.domain[0 if chosen.many else k]
        start = low + MIN_BORDER_DISTANCE
        end = high - MIN_BORDER_DISTANCE
        candidates = [i for i in usable if start < results[i] < end]
        if distinct:
            candidates = [i for i in candidates if i not in found]
        if not candidates:
            return []
        index = indexes[k % len(indexes)]
        found.append(candidates[index % len(candidates)])
    return found


def attempt(
    chosen: Operation, numbers: Sequence[float], roundings: Sequence[float]
) -> tuple[float, float]:
    """Return the result of a line, and how many roundings it may be off; infinitely many if unfit.

    Unfit is what is not finite, out of range, or badly conditioned: next to a pole, a kink, or a
    zero of the slope, the gradient of a graph says more about rounding than about its rules.
    """
    unfit = 0.0, math.inf
    everything = tuple(range(len(numbers)))
    differentiated = value_and_grad(chosen.function, everything)
    moved = [x * (1 + NEARBY_STEP) if x else NEARBY_STEP for x in numbers]
    try:
        out, slopes = differentiated(*numbers)
        _, others = differentiated(*moved)
    except (ValueError, ArithmeticError):
        return unfit
    # Next to a zero a slope may begin to grow.
    allowed = 0.0 if all(numbers) else MAX_SLOPE_CHANGE
    for slope, other in zip(slopes, others):
        if not abs(slope - other) <= MAX_SLOPE_CHANGE * abs(slope) + allowed:
            return unfit
    terms = [slope * x for slope, x in zip(slopes, numbers)]
    reach = sum(abs(term) * off for term, off in zip(terms, roundings))
    is_in_range = MIN_RESULT < abs(out) < MAX_RESULT
    if not is_in_range and not out == reach == 0:
        return unfit
    relative = reach / abs(out) if reach else 0.0
    return float(out), 1.0 + relative


def random_expression(
    source: random.Random,
    lines: int = 10,
    inputs: int = 3,
    pool: Sequence[Operation] | None = None,
    sharing: bool = True,
) -> Expression:
    """Return a random expression of up to so many lines; the same source gives the same ones."""
    if pool is None:
        pool = operations(smooth=True)
    # No -0.0: the many-digit arithmetic has none, and angles differ by a turn there.
    numbers = [source.uniform(-3.0, 3.0) for _ in range(inputs)]
    point = [round(x, 3) + 0.0 for x in numbers]
    draws = [random_draw(source, len(pool)) for _ in range(lines)]
    return build(point, draws, pool, sharing)


def random_draw(source: random.Random, pool: int) -> Draw:
    """Return a random line; operands lean towards recent results."""
    steps_back = [int(source.expovariate(0.4)) for _ in range(N_ARY_OPERANDS)]
    indexes = tuple(-1 - k for k in steps_back)
    return source.randrange(pool), indexes
