"""Random programs: straight-line expressions in which any earlier result may be used again.

Subexpressions are shared: what they record are graphs, not trees.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from autograd import Value, reductions, topological_order
from autograd import primitives as p

Number = Value | float
Function = Callable[..., Any]


class Operation(NamedTuple):
    """One line of a program: a function, and where among the results so far its operands stand."""

    function: Function
    places: tuple[int, ...]


Program = Sequence[Operation]


def run(program: Program, inputs: Iterable[Number]) -> list[Number]:
    """Return all results of a program: the inputs first, the root last."""
    results = list(inputs)
    for function, places in program:
        results.append(function(*(results[i % len(results)] for i in places)))
    return results


def average(*xs: Number) -> Number:
    return p.mean(xs)


def largest_exponential(*xs: Number) -> Number:
    return p.logsumexp(xs)


def inner(w: Number, x: Number, v: Number, y: Number) -> Number:
    return reductions.dot([w, v], [x, y], 0.5)


TAME: list[Function] = [
    p.sin,
    p.cos,
    p.tanh,
    p.sigmoid,
    p.softplus,
    p.atan,
    p.asinh,
    p.erf,
    p.relu,
    p.absolute,
    p.gelu,
]
RATIONAL: list[Function] = [operator.add, operator.sub, operator.mul]
SMOOTH_MANY: list[Function] = [average, largest_exponential, inner, lambda *xs: p.softmax(xs)[1]]
MANY: list[Function] = [*SMOOTH_MANY, reductions.maximum, reductions.minimum, p.hypot]
place = st.integers(0, 40)


def programs(
    unary: Sequence[Function],
    binary: Sequence[Function],
    many: Sequence[Function] = (),
    length: int = 12,
) -> st.SearchStrategy[tuple[Operation, ...]]:
    """Draw a program; its operands lean on recent results, so that most of it feeds the root."""
    lines = [st.builds(Operation, st.sampled_from(unary), st.tuples(place))] if unary else []
    lines.append(st.builds(Operation, st.sampled_from(binary), st.tuples(place, place)))
    if many:
        wide = st.tuples(place, place, place, place)
        lines.append(st.builds(shortened, st.sampled_from(many), wide))
    return st.lists(st.one_of(lines), min_size=1, max_size=length).map(tuple)


def drawn(number: int, length: int = 12) -> list[Operation]:
    """Return a program of so many lines by its number, without hypothesis."""
    draw = random.Random(number)
    arities = {**dict.fromkeys(TAME, 1), **dict.fromkeys(RATIONAL, 2), **dict.fromkeys(MANY, 4)}
    chosen = draw.choices([*arities], k=length)
    return [
        shortened(function, tuple(draw.randrange(40) for _ in range(arities[function])))
        for function in chosen
    ]


def shortened(function: Function, places: tuple[int, ...]) -> Operation:
    """Return a line with as many operands as the function takes."""
    return Operation(function, places[:2] if function is p.hypot else places)


def tied(program: Program, inputs: Iterable[Number]) -> Any:
    """Return the root of a program as a sum over all its results, so that nothing is unused."""
    results = run(program, inputs)
    root = results[0]
    for i, result in enumerate(results[1:]):
        root = root + result * (0.5 + i)
    return root


everyday = st.floats(-3.0, 3.0).map(lambda x: round(x, 3))
graphs = programs(TAME, RATIONAL, MANY)
smooth_graphs = programs(
    [p.sin, p.cos, p.tanh, p.sigmoid, p.softplus, p.gelu], RATIONAL, SMOOTH_MANY
)


def leaves_of(numbers: Iterable[float]) -> list[Value]:
    return [Value(x) for x in numbers]


def path_sum(root: Value) -> tuple[dict[Value, float], int]:
    """Return for every node the sum over all paths of the absolute products of local derivatives."""
    order = topological_order(root)
    paths = dict.fromkeys(order, 0.0)
    paths[root] = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.local_derivatives):
            paths[parent] += abs(slope) * paths[node]
    return paths, len(order)
