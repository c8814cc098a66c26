"""Hypothesis strategies: Values, points of primitives, random expressions.

Those of networks are in `nn.strategies`.

>>> from hypothesis import given
>>> from autograd.testing import check_gradients
>>> @given(expressions(max_nodes=4))
... def test_gradients(expression):
...     check_gradients(expression, *expression.point)
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

from autograd import primitives as p
from autograd.primitive_type import Interval, Primitive, Variadic
from autograd.testing.expressions import Expression, build, operations
from autograd.testing.number_types import Point
from autograd.testing.parameters import parameters
from autograd.value import Value

try:
    from hypothesis import Phase, given, settings
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy
except ImportError as error:
    raise ImportError(
        'autograd.testing.strategies needs hypothesis: pip install "chainrule[testing]"'
    ) from error

# Most numbers are no larger.
MAX_EVERYDAY_SIZE = 50.0
HARD_SIZES = (
    0.0, 5e-324, 1e-310, 2.0**-1022, 1e-200, 1e-100, 1e-20, 2.0**-53, 1e-8, 1e-3, 0.5, 1 - 2.0**-53,
    1.0, 1 + 2.0**-52, math.pi / 2, 2.0, math.pi, 18.7, 36.7, 40.1, 354.8, 709.7, 745.0, 1e6,
    2.0**53, 1e22, 1e100, 1e154, 1e200, 1e300, math.nextafter(math.inf, 0.0),
)  # fmt: skip


def hard_numbers(domain: Interval = p.REAL) -> list[float]:
    """Return the hard numbers inside an open interval: of either sign, and those next to its ends.

    >>> hard_numbers((0.0, 1.0))[:2], hard_numbers((0.0, 1.0))[-1]
    ([5e-324, 1e-310], 0.9999999999999999)
    """
    low, high = domain
    first = math.nextafter(low, high)
    last = math.nextafter(high, low)
    sizes = [*HARD_SIZES, first, last]
    both = {*sizes, *map(operator.neg, sizes)}
    inside = [x for x in both if low < x < high]
    # 0 comes first, for hypothesis shrinks towards it.
    return sorted(inside, key=lambda x: (abs(x) != 0, x))


def numbers(domain: Interval = p.REAL) -> SearchStrategy[float]:
    """Return a strategy of floats inside an open interval: everyday, hard, and any at all."""
    low, high = domain
    near = everyday(low, high)
    anything = st.floats(
        low, high, exclude_min=True, exclude_max=True, allow_nan=False, allow_infinity=False
    )
    hard = st.sampled_from(hard_numbers(domain))
    return st.one_of(near, hard, anything)


def everyday(low: float, high: float) -> SearchStrategy[float]:
    """Return a strategy of numbers of everyday size, or of those of a domain next to it."""
    if low >= MAX_EVERYDAY_SIZE:
        # The numbers next to the border are the everyday ones there.
        end = min(high, 2 * low)
        is_open = end == high
        return st.floats(low, end, exclude_min=True, exclude_max=is_open)
    if high <= -MAX_EVERYDAY_SIZE:
        mirrored = everyday(-high, -low)
        return mirrored.map(operator.neg)
    # Borders of the domain are left out, borders of what is everyday are not.
    return st.floats(
        max(low, -MAX_EVERYDAY_SIZE),
        min(high, MAX_EVERYDAY_SIZE),
        exclude_min=low > -MAX_EVERYDAY_SIZE,
        exclude_max=high < MAX_EVERYDAY_SIZE,
    )


def values(domain: Interval = p.REAL) -> SearchStrategy[Value]:
    """Return a strategy of leaves with a number inside an open interval.

    `st.from_type(Value)` is the same, on the whole line.
    """
    return numbers(domain).map(Value)


def points(primitive: Primitive) -> SearchStrategy[Point]:
    """Return a strategy of arguments for a primitive: anywhere in its domain, the hard ones too.

    Ties, zeros of either sign, subnormal and huge numbers, and the numbers next to the borders are
    all among them. Call it as ``primitive(*point)``.
    """
    if isinstance(primitive, Variadic):
        return sequences(primitive).map(lambda xs: (xs,))
    # A parameter without choices may be any number.
    choices = {i: given for i, given in parameters(primitive).items() if given}
    free: list[SearchStrategy[float]] = []
    for i, domain in enumerate(primitive.domain):
        if i in choices:
            free.append(st.sampled_from(choices[i]))
        else:
            free.append(numbers(domain))
    apart: SearchStrategy[Point] = st.tuples(*free)
    domains = set(primitive.domain)
    if len(free) == 1 or choices or len(domains) > 1:
        return apart

    def with_ties(both: tuple[Point, bool]) -> Point:
        point, tie = both
        first = point[:1]
        return first * len(point) if tie else point

    # One point in ten has all operands equal.
    tie = st.integers(0, 9).map(lambda k: k == 9)
    return st.tuples(apart, tie).map(with_ties)


def examples(strategy: SearchStrategy[Any], count: int) -> list[Any]:
    """Return the same examples of a strategy in every run: for campaigns and tables.

    >>> examples(points(p.sin), 3) == examples(points(p.sin), 3)
    True
    """
    found: list[Any] = []

    @settings(max_examples=count, database=None, derandomize=True, phases=[Phase.generate])
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


def sequences(primitive: Primitive) -> SearchStrategy[list[Any]]:
    """Return a strategy of the one argument of an n-ary primitive: a list, with ties."""
    plain = st.lists(numbers(), min_size=1, max_size=5)
    # Of a few numbers several are equal.
    few = st.sampled_from(HARD_SIZES[:12])
    tied = st.lists(few, min_size=2, max_size=5)
    lists = st.one_of(plain, tied)
    if primitive in (p.softmax_of, p.log_softmax_of):
        return lists.flatmap(with_index)
    if primitive is p.inner_product:
        return st.tuples(numbers(), lists).map(squares_of)
    return lists


def with_index(xs: list[float]) -> SearchStrategy[list[Any]]:
    """Return a strategy of the operands of a softmax: an index, then the numbers."""
    indexes = st.integers(0, len(xs) - 1)
    return indexes.map(lambda i: [i, *xs])


def squares_of(both: tuple[float, list[float]]) -> list[float]:
    """Return the operands of a dot product of a list with itself: a bias, then the factors."""
    bias, xs = both
    return [bias, *xs, *xs]


def expressions(
    primitives: Iterable[Primitive] | None = None,
    max_nodes: int = 12,
    sharing: bool = True,
    inputs: int = 3,
) -> SearchStrategy[Expression]:
    """Return a strategy of random expressions, each with a point at which it is defined.

    They are graphs: a result may be used again. They shrink to few lines, and print as a program to
    copy and run.

    Args: primitives, rows of the table or your own, by default all that are smooth; max_nodes, the
        most lines that are drawn; sharing, False for trees; inputs, how many variables.

    >>> from hypothesis import find
    >>> from autograd.primitives import add, square
    >>> from autograd.primitives import add, square
    >>> shortest = find(expressions([add, square], inputs=1), lambda e: e(2.0) > 3.0)
    >>> print(shortest.lines[0].operation.name)
    square
    """
    pool = operations(primitives, smooth=True)
    if max_nodes < 1 or inputs < 1:
        raise ValueError(f"an expression has at least 1 line and 1 input: {max_nodes}, {inputs}")
    index = st.integers(-8, 7)
    # A line draws no more indexes than it has operands, so that hypothesis can take it away whole.
    lines = []
    for k, op in enumerate(pool):
        indexes = [index] * op.arity
        operands = st.tuples(*indexes)
        lines.append(st.tuples(st.just(k), operands))
    line = st.one_of(lines)
    draws = st.lists(line, min_size=1, max_size=max_nodes)
    near = st.floats(-3.0, 3.0).map(three_decimals)
    coordinates = [near] * inputs
    point = st.tuples(*coordinates)
    return st.builds(build, point, draws, st.just(pool), st.just(sharing))


def three_decimals(x: float) -> float:
    """Return a number that a message can show."""
    return round(x, 3)


def __getattr__(name: str) -> Any:
    """Tell where `networks` is.

    Raises: ImportError, which `from autograd.testing.strategies import networks` shows as it is,
        where it would replace the text of an AttributeError.
    """
    if name == "networks":
        raise ImportError("networks moved to nn.strategies: from nn.strategies import networks")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# `st.from_type(Value)`: an installed chainrule is an entry point that hypothesis loads.
st.register_type_strategy(Value, values())
