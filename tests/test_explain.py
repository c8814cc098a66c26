"""Contributions, paths, and where a NaN came from."""

import gc
import math
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    Value,
    contributions,
    detect_anomaly,
    dot,
    explain_nan,
    ieee,
    paths,
    topological_order,
    where,
)
from autograd.modes import mode
from testkit.random_graphs import everyday, graphs, leaves_of, tied

points = st.tuples(everyday, everyday, everyday)


def same(x, y):
    return x == y or (x != x and y != y)


# Contributions.


@given(graphs, points)
def test_contributions_sum_bit_for_bit_to_the_gradient_of_every_node(program, numbers):
    root = tied(program, leaves_of(numbers))
    for node in topological_order(root):
        node.zero_grad()
    root.backward()
    for node in topological_order(root):
        found = contributions(root, node)
        total = 1.0 if node is root else 0.0
        for edge in found.edges:
            assert edge.adjoint == edge.node.grad
            assert same(edge.product, edge.local_derivative * edge.adjoint)
            total += edge.product
        assert same(total, node.grad) and same(found.total, node.grad)


@given(graphs, points)
def test_contributions_are_those_of_the_steps_in_their_order(program, numbers):
    root = tied(program, leaves_of(numbers))
    steps = list(root.backward_steps())
    for node in topological_order(root):
        expected = [
            (step.node, edge.contribution)
            for step in steps
            for edge in step.edges
            if edge.parent is node
        ]
        assert [(e.node, e.product) for e in contributions(root, node).edges] == expected


def test_both_edges_of_a_square_are_there_and_no_gradient_changes():
    x = Value(3.0, name="x")
    y = x * x
    found = contributions(y, x, seed=2.0)
    assert [edge.product for edge in found.edges] == [6.0, 6.0] and found.total == 12.0
    assert x.grad == y.grad == 0.0
    assert str(found) == "d * / d x = 12: the sum of\n    * (9): 2 * 3 = 6\n    * (9): 2 * 3 = 6"
    assert contributions(y, y) == (y, y, (), 1.0)


def test_fractions_stay_exact():
    x = Value(Fraction(1, 3))
    assert contributions(x * x * x, x).total == Fraction(1, 3)


def test_a_node_that_the_root_does_not_depend_on_is_an_error():
    with pytest.raises(ValueError, match=r"\+ \(3\) does not depend on stranger \(2\)"):
        contributions(Value(1.0) + 2.0, Value(2.0, name="stranger"))


# Paths.


def all_paths(root, leaf):
    """Return every path as (product, nodes), by walking them all."""
    if root is leaf:
        return [(1, (root,))]
    found = []
    for parent, slope in zip(root.parents, root.local_derivatives):
        found += [(slope, root, rest) for rest in all_paths(parent, leaf)]
    return [(slope * tail, (node, *nodes)) for slope, node, (tail, nodes) in found]


@given(graphs, points)
def test_paths_are_all_paths_and_their_products_sum_to_the_gradient(program, numbers):
    leaves = leaves_of(numbers)
    root = tied(program, leaves)
    for leaf in leaves:
        if paths(root, leaf, 0).number > 3000:
            continue
        expected = all_paths(root, leaf)
        found = paths(root, leaf, len(expected) + 5)
        assert found.number == len(found.largest) == len(expected)
        key = lambda nodes: [id(node) for node in nodes]  # noqa: E731
        assert sorted(key(path.nodes) for path in found.largest) == sorted(
            key(nodes) for _, nodes in expected
        )
        for path in found.largest:
            exact = 1
            for slope in path.local_derivatives:
                exact = slope * exact
            assert same(path.product, exact) and len(path.nodes) == 1 + len(path.local_derivatives)
        if expected and all(math.isfinite(path.product) for path in found.largest):
            total = math.fsum(path.product for path in found.largest)
            size = math.fsum(abs(path.product) for path in found.largest)
            assert abs(total - contributions(root, leaf).total) <= 1e-13 * size + 1e-300


@given(graphs, points, st.integers(1, 6))
def test_the_k_largest_are_the_largest(program, numbers, k):
    leaves = leaves_of(numbers)
    root = tied(program, leaves)
    for leaf in leaves:
        number = paths(root, leaf, 0).number
        if number > 3000:
            continue
        everything = [abs(path.product) for path in paths(root, leaf, number).largest]
        best = [abs(path.product) for path in paths(root, leaf, k).largest]
        assert everything == sorted(everything, reverse=True)
        assert best == everything[:k]


def doublings(n, start):
    y = start
    for _ in range(n):
        y = y + y
    return y


def test_2_to_the_60_paths_are_counted_exactly():
    x = Value(1.0)
    found = paths(doublings(60, x), x, k=3)
    assert found.number == 2**60 and [path.product for path in found.largest] == [1, 1, 1]
    assert len({path.nodes for path in found.largest}) == 1  # the edges differ, the nodes do not
    assert str(found).endswith(f"and {2**60 - 3} more")


def test_a_long_graph_needs_no_recursion():
    x = y = Value(0.5)
    for _ in range(100_000):
        y = y + 1.0
    found = paths(y, x, k=1)
    assert found.number == 1 and len(found.largest[0].nodes) == 100_001
    assert len(str(found)) < 300 and "…" in str(found)


def test_the_largest_of_many_paths_is_found_where_signs_differ():
    x = Value(1.0)
    factors = [(2.0, -3.0), (0.5, -0.25), (-1.0, 4.0)]
    y = x
    for a, b in factors:
        y = a * y + b * y
    found = paths(y, x, k=8)
    expected = sorted((math.prod(choice) for choice in product(*factors)), key=abs, reverse=True)
    assert [path.product for path in found.largest] == pytest.approx(expected)
    assert found.number == 8


@pytest.mark.parametrize("k", [0, 1, 5])
def test_edge_cases_of_paths(k):
    x = Value(2.0)
    assert paths(x, x, k).number == 1 and len(paths(x, x, k).largest) == min(k, 1)
    stranger = paths(x * 1.0, Value(2.0), k)
    assert stranger.number == 0 and stranger.largest == ()
    inner = x * x
    assert paths(inner.exp(), inner, k).number == 1  # a node inside is a leaf here
    with pytest.raises(ValueError, match="not -1"):
        paths(x, x, -1)


def test_a_structural_zero_is_no_path():
    x = Value(-1.0)
    y = where(x > 0, x, x * x) + x.relu()
    assert paths(y, x).number == 2


def test_nan_counts_as_the_largest():
    x = Value(0.0, name="x")
    with ieee():
        y = (x * 0.0) / x + 5.0 * x
    products = [path.product for path in paths(y, x).largest]
    assert math.isnan(products[0]) and products[-1] == 5.0


# Where a NaN came from.


def bad_logarithm(n=10_000, at=7_777):
    xs = [Value(1.0 + i % 7, name=f"x{i}") for i in range(n // 4)]
    xs[at // 4].data = 0.0
    total = Value(0.0)
    for x in xs:
        total = total + x.log() * 0.5  # the line
    return total


def line_of_bad_logarithm():
    return bad_logarithm.__code__.co_firstlineno + 5


def test_one_bad_logarithm_among_10_000_nodes_is_named_with_its_line():
    with ieee(), detect_anomaly():
        total = bad_logarithm()
    assert len(topological_order(total)) > 7_500
    found = explain_nan(total)
    assert (found.phase, found.node.op.symbol, found.number) == ("forward", "log", -math.inf)
    place = found.places[0]
    assert (place.file, place.line, place.function) == (
        __file__, line_of_bad_logarithm(), "bad_logarithm",
    )  # fmt: skip
    assert "log(x1944=0.0) = -inf" in str(found) and "# the line" in str(found)


def test_without_the_lines_it_says_how_to_get_them():
    with ieee():
        found = explain_nan(bad_logarithm())
    assert found.places == () and "compute it again within detect_anomaly()" in str(found)


def test_a_gradient_that_is_not_finite_is_found_where_all_numbers_are():
    x = Value(0.0, name="x")
    with detect_anomaly():
        y = 3.0 * (x * x).sqrt() + 1.0
    found = explain_nan(y)
    assert found.phase == "backward" and found.node.op.symbol == "sqrt"
    assert found.parent.op.symbol == "*" and found.number == math.inf
    assert "sqrt(0.0) = 0.0, whose local derivative there is inf" in str(found)
    assert found.places[0].function.startswith("test_a_gradient") and x.grad == 0.0


def test_a_leaf_that_was_given_is_named():
    found = explain_nan(Value(float("nan"), name="given") * 2.0)
    assert "given = nan" in str(found) and "a Value of the caller's" in str(found)


def test_finite_graphs_have_nothing_to_explain():
    x = Value(2.0)
    assert explain_nan(x) is None and explain_nan((x * x).exp()) is None
    huge = Value(Fraction(10**400))
    assert explain_nan(huge * huge) is None


def test_of_many_operands_the_first_are_shown():
    with ieee():
        found = explain_nan(dot([Value(math.inf, name="w")] * 20, [Value(0.0)] * 20))
    assert found.node.name == "w"
    with ieee():
        found = explain_nan(dot([Value(1e308)] * 20, [Value(1e308)] * 20))
    assert "…" in str(found) and len(str(found)) < 400


def test_stop_raises_at_the_first_operation_that_is_not_finite():
    with ieee(), detect_anomaly(stop=True):
        x = Value(0.0, name="x")
        with pytest.raises(
            FloatingPointError, match=r"log\(x=0.0\) = -inf\nmade at .*test_explain"
        ):
            x.log()


def test_outside_the_block_nothing_is_noted():
    x = Value(2.0)
    with detect_anomaly():
        inside = x * x
    outside = x * x
    assert inside.operands.places and type(outside.operands) is tuple
    assert inside.operands == outside.operands == (x, x)


class Watcher:
    """An observer that counts, and answers comparisons in its own way."""

    def __init__(self):
        self.nodes, self.truths = [], 0

    def recorded(self, node):
        self.nodes.append(node)

    def compared(self, relation, x, y):
        return "compared"

    def decided(self, node):
        self.truths += 1


def test_another_observer_is_told_of_everything_as_before():
    watcher, x = Watcher(), Value(2.0)
    with mode(observer=watcher), detect_anomaly():
        y = x * x
        assert (x > 1.0) == "compared" and bool(x)
    assert watcher.nodes == [y] and watcher.truths == 1 and y.operands.places


def test_comparisons_are_as_usual():
    x = Value(2.0)
    with detect_anomaly():
        assert (x > 1.0) is True and (x <= Value(1.0)) is False and bool(x)
        assert where(x > 1.0, x, 0.0).data == 2.0


def test_the_results_are_bit_for_bit_the_same():
    def f():
        x, y = Value(0.3), Value(-1.7)
        z = (x * y + x / y - x**2).tanh() + y.exp().sqrt()
        z.backward()
        return z.data, x.grad, y.grad

    unwatched = f()
    with detect_anomaly():
        assert f() == unwatched


def test_blocks_nest_and_leave_no_reference_cycles():
    gc.collect()
    gc.disable()
    try:
        with detect_anomaly(), detect_anomaly():
            x = Value(1.0)
            for _ in range(100):
                x = x * 1.5
        del x
        assert gc.collect() == 0
    finally:
        gc.enable()
