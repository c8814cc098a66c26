"""Laws of differentiation on random graphs with sharing, exact where nothing is rounded.

Where rounding enters, errors are measured against the path sum S: over all paths from root to leaf,
the sum of the absolute products of local derivatives.
"""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, grad, gradients, reductions, relu, stop_gradient
from autograd import primitives as p
from autograd.testing.number_types import Dual
from testkit.floats import U, same
from testkit.random_graphs import (
    RATIONAL,
    everyday,
    graphs,
    leaves_of,
    path_sum,
    programs,
    run,
    tied,
)

points = st.tuples(everyday, everyday, everyday)
POWERS = [-1.0, 2.0, 0.5, -4.0, 2.0**40, -(2.0**-40)]


def slopes_of(root, leaves):
    """Return the gradients after one pass from zero."""
    for leaf in leaves:
        leaf.zero_grad()
    root.backward()
    return [leaf.grad for leaf in leaves]


def graph(program, numbers):
    leaves = leaves_of(numbers)
    return tied(program, leaves), leaves


@given(graphs, points)
def test_a_second_pass_doubles_every_leaf_exactly(program, numbers):
    root, leaves = graph(program, numbers)
    once = slopes_of(root, leaves)
    root.backward()
    assert [leaf.grad for leaf in leaves] == [2 * g for g in once]


@given(graphs, points)
def test_the_negated_root_has_the_negated_gradient_exactly(program, numbers):
    root, leaves = graph(program, numbers)
    assert slopes_of(-root, leaves) == [-g for g in slopes_of(root, leaves)]


@given(graphs, points, st.sampled_from(POWERS))
def test_a_power_of_two_is_a_factor_exactly(program, numbers, factor):
    root, leaves = graph(program, numbers)
    expected = [g * factor for g in slopes_of(root, leaves)]
    assert slopes_of(root * factor, leaves) == slopes_of(factor * root, leaves) == expected
    assert slopes_of(root / (1 / factor), leaves) == expected


@given(graphs, points, st.sampled_from(POWERS))
def test_a_seed_is_a_factor_exactly(program, numbers, factor):
    root, leaves = graph(program, numbers)
    expected = [g * factor for g in slopes_of(root, leaves)]
    for leaf in leaves:
        leaf.zero_grad()
    root.backward(factor)
    assert [leaf.grad for leaf in leaves] == expected


@given(graphs, points)
def test_an_unused_leaf_has_the_gradient_0(program, numbers):
    root, leaves = graph(program, numbers)
    stranger = Value(1.5)
    root.backward()
    assert stranger.grad == 0.0 and gradients(root, [stranger])[0].data == 0.0


@given(graphs, points)
def test_adding_a_constant_or_what_is_stopped_changes_no_gradient(program, numbers):
    root, leaves = graph(program, numbers)
    once = slopes_of(root, leaves)
    assert slopes_of(root + 7.5, leaves) == slopes_of(root + stop_gradient(root), leaves) == once


@given(graphs, points)
def test_the_path_sum_bounds_the_gradient(program, numbers):
    root, leaves = graph(program, numbers)
    slopes = slopes_of(root, leaves)
    paths, operations = path_sum(root)
    for leaf, slope in zip(leaves, slopes):
        assert abs(slope) <= paths[leaf] * (1 + (operations + 8) * U)


@given(graphs, graphs, points, st.tuples(everyday, everyday))
def test_the_gradient_is_linear(first, second, numbers, weights):
    leaves = leaves_of(numbers)
    f, g = tied(first, leaves), tied(second, leaves)
    a, b = weights
    combined = a * f + b * g
    paths, operations = path_sum(combined)
    rows = zip(leaves, slopes_of(combined, leaves), slopes_of(f, leaves), slopes_of(g, leaves))
    for leaf, found, of_f, of_g in rows:
        assert abs(found - (a * of_f + b * of_g)) <= (operations + 8) * U * paths[leaf]


@given(graphs, graphs, points)
def test_the_product_rule(first, second, numbers):
    leaves = leaves_of(numbers)
    f, g = tied(first, leaves), tied(second, leaves)
    product = f * g
    paths, operations = path_sum(product)
    rows = zip(leaves, slopes_of(product, leaves), slopes_of(f, leaves), slopes_of(g, leaves))
    for leaf, found, of_f, of_g in rows:
        assert abs(found - (of_f * g.data + f.data * of_g)) <= (operations + 8) * U * paths[leaf]


@given(graphs, points)
def test_the_chain_rule_through_an_inner_node(program, numbers):
    leaves = leaves_of(numbers)
    inner = tied(program, leaves)
    outer = p.tanh(inner) * p.sin(inner) + inner
    paths, operations = path_sum(outer)
    (slope,) = gradients(outer, [inner])
    for leaf, whole, part in zip(leaves, slopes_of(outer, leaves), slopes_of(inner, leaves)):
        assert abs(whole - slope.data * part) <= (operations + 8) * U * paths[leaf]


@given(graphs, points)
def test_the_numbers_of_a_graph_are_those_of_the_same_program_on_floats(program, numbers):
    root, _ = graph(program, numbers)
    assert root.data == tied(program, list(numbers))


@given(graphs, points)
def test_every_edge_has_its_parent_among_the_operands(program, numbers):
    from autograd import topological_order

    root, _ = graph(program, numbers)
    for node in topological_order(root):
        assert len(node.parents) == len(node.local_derivatives)
        assert all(any(parent is x for x in node.operands) for parent in node.parents)


@given(graphs, points, st.permutations(range(3)))
def test_the_order_of_the_arguments_does_not_matter(program, numbers, order):
    def shuffled(*xs):
        return tied(program, [xs[order.index(i)] for i in range(3)])

    straight = grad(lambda *xs: tied(program, xs), (0, 1, 2))(*numbers)
    permuted = grad(shuffled, (0, 1, 2))(*(numbers[i] for i in order))
    assert permuted == tuple(straight[i] for i in order)


rationals = st.fractions(-3, 3, max_denominator=7)


def quotient(x, y):
    return x / (y * y + 1)


def reciprocal(x):
    return 1 / (x**2 + 1)


rational_graphs = programs(
    [reciprocal, lambda x: 3 - x, lambda x: x**3], [*RATIONAL, quotient], length=6
)


@given(rational_graphs, st.tuples(rationals, rationals))
def test_rational_expressions_are_differentiated_exactly_twice(program, numbers):
    """Against dual numbers, whose slopes are themselves dual: not one float on the way."""
    leaves = leaves_of(numbers)
    root = run(program, leaves)[-1]
    first = gradients(root, leaves)
    root.backward()
    for i, leaf in enumerate(leaves):
        duals = [Dual(x, int(i == j)) for j, x in enumerate(numbers)]
        expected = run(program, duals)[-1]
        assert (root.data, leaf.grad) == (expected.number, expected.slope)
        assert type(root.data) is type(leaf.grad) is Fraction
        assert first[i].data == expected.slope


@given(st.lists(rationals, min_size=1, max_size=5), st.lists(rationals, min_size=5, max_size=5))
def test_sums_products_and_dots_of_fractions_stay_exact(xs, ws):
    values, weights = leaves_of(xs), leaves_of(ws[: len(xs)])
    root = reductions.dot(weights, values, Fraction(1, 2)) + p.total(values) + p.prod(values)
    root = root + p.mean(values) * len(xs)
    root.backward()
    for i, (x, w) in enumerate(zip(values, weights)):
        others = math.prod(xs[:i] + xs[i + 1 :], start=Fraction(1))
        assert (x.grad, w.grad) == (w.data + 2 + others, x.data)
        assert type(x.grad) is type(w.grad) is Fraction


@given(graphs, points)
def test_gradients_are_the_backward_pass_on_values(program, numbers):
    root, leaves = graph(program, numbers)
    found = gradients(root, leaves)
    assert all(same(g.data, slope) for g, slope in zip(found, slopes_of(root, leaves)))


@pytest.mark.parametrize("x", [-2.0, -0.0, 0.0, 3.0])
def test_relu_and_its_other_spellings_have_the_same_gradient(x):
    spellings = [
        relu,
        lambda v: reductions.maximum(v, 0.0),
        lambda v: reductions.maximum(0, v),
        lambda v: p.leaky_relu(v, 0.0),
    ]
    assert len({grad(f)(x) for f in spellings}) == 1
