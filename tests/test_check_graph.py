"""`check_graph`: the verdict on every leaf of a recorded graph."""

import math
import random
from fractions import Fraction

import pytest

from autograd import Value, absolute, ieee, relu, sigmoid, sin, stepper, stop_gradient, tanh, where
from autograd.testing import GradientMismatch, check_gradients, check_graph
from autograd.testing.expressions import random_expression


def verdicts(root, **options):
    return [(x.leaf.name, x.verdict) for x in check_graph(root, **options)]


def test_each_leaf_has_its_verdict():
    x, y, z = Value(18.0, "x"), Value(0.0, "y"), Value(-3.0, "z")
    root = tanh(x) * z + absolute(y)
    root.backward()
    assert sorted(verdicts(root)) == [("x", "agrees"), ("y", "kink"), ("z", "agrees")]
    x.grad = z.data * (1 - tanh(x).data ** 2)
    assert ("x", "differs") in verdicts(root)


def test_chosen_gradients_and_a_seed():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    root = x * x * y
    assert verdicts(root, gradients={x: 24.0}, seed=2.0) == [("x", "agrees")]
    assert verdicts(root, gradients={x: 12.0}, seed=2.0) == [("x", "differs")]


def test_an_operand_that_changed_is_named():
    x = Value(2.0, "x")
    root = sin(x) * 3.0
    x.data = 5.0
    with pytest.raises(ValueError, match=r"an operand changed after it was used: sin\(x=5.0\)"):
        check_graph(root)


def test_stopped_gradients_stay_stopped_and_branches_are_as_recorded():
    x = Value(2.0, "x")
    root = stop_gradient(x) * x + where(x > 1.0, x * x, -x) + relu(x)
    root.backward()
    assert verdicts(root) == [("x", "agrees")]


def test_fractions_are_judged_exactly():
    x = Value(Fraction(1, 3), "x")
    root = x**3 / 7
    root.backward()
    assert verdicts(root) == [("x", "agrees")]
    x.grad += Fraction(1, 10**40)
    assert verdicts(root) == [("x", "differs")]


def test_random_graphs_agree():
    source = random.Random(2)
    for _ in range(40):
        expression = random_expression(source, lines=6)
        leaves = [Value(x) for x in expression.point]
        root = expression(*leaves)
        root.backward()
        assert {found.verdict for found in check_graph(root)} <= {"agrees", "inconclusive"}


def test_a_nan_decides_nothing():
    with ieee():
        x = Value(2.0, "x")
        root = (x - 2.0) / (x - 2.0)
        root.backward()
    assert math.isnan(x.grad) and verdicts(root) == [("x", "inconclusive")]


def test_rounding_that_drowns_a_gradient_decides_nothing():
    x = Value(1e-3, "x")
    root = sin((x + 1.0) * 1e17) + sigmoid(x)
    root.backward()
    assert verdicts(root) == [("x", "inconclusive")]


def test_a_node_that_was_made_with_its_slopes_cannot_be_run_again_and_is_said_to():
    x = Value(0.7, name="x")
    root = Value(4.0, (x,), (1.4,)) + x
    root.backward()
    with pytest.raises(ValueError, match=r"^given\(x=0.7\) was made with its number and slopes"):
        check_graph(root)
    assert stepper(root).verdict == "unknown"


def test_slopes_that_a_node_was_made_with_are_where_a_wrong_gradient_is_looked_for():
    def f(x):
        return Value(x.data**2, (x,), (2.5 * x.data,)) + x if isinstance(x, Value) else x**2 + x

    with pytest.raises(GradientMismatch, match=r"look at those that given\(1.5\) was made with"):
        check_gradients(f, 1.5)
