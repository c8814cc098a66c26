"""Derivatives of graphs and of functions, to any order."""

import math
import random
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess

import autograd
from autograd import (
    Value,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    no_grad,
    sin,
    sqrt,
    tanh,
    topological_order,
    value_and_grad,
    vjp,
)  # fmt: skip
from testkit.floats import U
from testkit.random_graphs import everyday, graphs, leaves_of, path_sum, smooth_graphs, tied

points = st.tuples(everyday, everyday, everyday)


def program_as_function(program):
    return lambda xs: tied(program, xs)


@given(graphs, points)
def test_gradients_as_values_have_the_bits_of_backward(program, numbers):
    leaves = leaves_of(numbers)
    root = tied(program, leaves)
    found = gradients(root, leaves)
    assert all(leaf.grad == 0.0 for leaf in leaves)
    root.backward()
    assert [g.data for g in found] == [leaf.grad for leaf in leaves]


@given(smooth_graphs, points)
def test_a_hessian_is_symmetric(program, numbers):
    matrix = hessian(program_as_function(program))(list(numbers))
    leaves = leaves_of(numbers)
    slopes = gradients(tied(program, leaves), leaves)
    for i in range(3):
        paths, operations = path_sum(slopes[i])
        for j in range(i):
            other, more = path_sum(slopes[j])
            bound = (
                (paths.get(leaves[j], 0.0) + other.get(leaves[i], 0.0))
                * (operations + more + 8)
                * U
            )
            assert abs(matrix[i][j] - matrix[j][i]) <= bound


@given(graphs, points, points)
def test_jvp_and_vjp_are_dual(program, numbers, tangent):
    function = program_as_function(program)
    value, pushed = jvp(function, (list(numbers),), (list(tangent),))
    same, pull = vjp(function, list(numbers))
    (pulled,) = pull(1.0)
    leaves = leaves_of(numbers)
    paths, operations = path_sum(tied(program, leaves))
    terms = sum(abs(t) * paths.get(leaf, 0.0) for t, leaf in zip(tangent, leaves))
    assert value == same
    assert (
        abs(pushed - sum(map(lambda t, g: t * g, tangent, pulled)))
        <= 2 * (operations + 8) * U * terms
    )


@given(smooth_graphs, points, points)
def test_hvp_is_the_hessian_times_the_vector(program, numbers, tangent):
    function = program_as_function(program)
    (found,) = hvp(function, (list(numbers),), (list(tangent),))
    matrix = hessian(function)(list(numbers))
    for row, product in zip(matrix, found):
        terms = [a * t for a, t in zip(row, tangent)]
        scale = sum(map(abs, terms)) + max(map(abs, [x for r in matrix for x in r]))
        assert product == pytest.approx(
            math.fsum(terms), rel=1e-9, abs=1e-10 * max(scale, 1e-300) + 1e-12
        )


@given(graphs, points, st.sampled_from([-1.0, 2.0, 0.5, -1024.0]))
def test_a_power_of_two_goes_through_exactly(program, numbers, factor):
    function = program_as_function(program)
    once = grad(function)(list(numbers))
    assert grad(lambda xs: function(xs) * factor)(list(numbers)) == [factor * g for g in once]


def test_an_unused_argument_has_the_gradient_0():
    assert grad(lambda x, y: x * x, argnums=1)(3.0, 4.0) == 0.0
    assert grad(lambda x: 7.0)(3.0) == 0.0
    assert gradients(Value(2.0) * 3.0, [Value(1.0)])[0].data == 0.0


def test_structures_of_arguments_are_kept():
    def f(x, ys, pair):
        return x * ys[0] * ys[1][0] + pair[1] ** 2

    args = (2.0, [3.0, [4.0]], (5.0, 6.0))
    assert grad(f, (0, 1, 2))(*args) == (12.0, [8.0, [6.0]], (0.0, 12.0))
    assert grad(f, 1)(*args) == [8.0, [6.0]]
    assert grad(f, -1)(*args) == (0.0, 12.0)


def test_numpy_arrays_give_arrays():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    value, slope = value_and_grad(lambda a: (a * a).sum() / a[0, 0])(x)
    assert isinstance(slope, np.ndarray) and slope.dtype == float
    assert value == 30.0 and slope.tolist() == [[-28.0, 4.0], [6.0, 8.0]]
    assert type(grad(np.sin)(np.float64(0.5))) is float


def test_a_derivative_has_the_name_and_the_text_of_its_function_a_partial_one_too():
    def cube(x, factor):
        """Return factor times x**3."""
        return factor * x**3

    for f in (cube, partial(cube, factor=2.0), partial(partial(cube, factor=2.0))):
        assert (grad(f).__name__, grad(f).__doc__) == ("cube", cube.__doc__)
        assert grad(f).__wrapped__ is f
    assert grad(partial(cube, factor=2.0))(3.0) == 54.0


def test_jacobians_have_a_row_for_each_output():
    def f(x, y):
        return [x * y, (x + y, exp(x))]

    assert jacobian(f)(0.0, 3.0) == [3.0, (1.0, 1.0)]
    assert jacobian(f, (0, 1))(0.0, 3.0) == [(3.0, 0.0), ((1.0, 1.0), (1.0, 0.0))]
    rows = jacobian(lambda a: a * 2.0)(np.array([1.0, 2.0]))
    assert np.array(rows).tolist() == [[2.0, 0.0], [0.0, 2.0]]


def test_hessians_of_structures():
    def f(x, y):
        return x**3 * y

    assert hessian(f)(2.0, 5.0) == 60.0
    assert hessian(f, (0, 1))(2.0, 5.0) == ((60.0, 12.0), (12.0, 0.0))


def test_nested_derivatives_are_not_confused():
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(3.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(3.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y * y)(x))(3.0) == 12.0
    assert grad(lambda x: jvp(lambda y: y * y * x, (x,), (1.0,))[1])(3.0) == 12.0
    assert grad(lambda x: vjp(lambda y: sin(y) * x, x)[1](1.0)[0])(0.7) == pytest.approx(
        math.cos(0.7) - 0.7 * math.sin(0.7)
    )


def test_derivatives_of_any_order():
    f, sign = sin, 1.0
    for order in range(1, 8):
        f = grad(f)
        sign = -sign if order % 4 in (2, 3) and order % 2 == 0 else sign
        expected = [math.sin, math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x)][order % 4](
            0.3
        )
        assert f(0.3) == pytest.approx(expected, rel=1e-14)


def test_values_that_a_function_closes_over_keep_their_gradients():
    w = Value(2.0)
    w.grad = 5.0
    assert grad(lambda x: w * x * x)(3.0).data == 12.0
    assert [y.data for y in value_and_grad(lambda x: w * x)(3.0)] == [6.0, 2.0]
    with no_grad():
        assert jacobian(lambda x: [w * x])(3.0) == [2.0]
    assert w.grad == 5.0


def test_a_gradient_is_recorded_under_no_grad_too():
    with no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0


def test_an_infinite_slope_does_not_raise():
    assert grad(sqrt)(0.0) == math.inf
    x = Value(0.0)
    (slope,) = gradients(sqrt(x), [x])
    assert slope.data == math.inf


def test_an_interior_node_may_be_a_leaf_of_gradients():
    x = Value(0.4)
    y = tanh(x)
    (slope,) = gradients(y * y, [y])
    assert slope.data == 2 * y.data


def test_a_second_derivative_by_backward_over_gradients():
    x = Value(2.0)
    (slope,) = gradients(x**3, [x])
    slope.backward()
    assert x.grad == 12.0


def test_scipy_minimises_with_our_gradient_and_with_the_closed_form_alike():
    start = np.array([1.3, 0.7, 0.8, 1.9, 1.2])
    ours = minimize(value_and_grad(rosen), start, jac=True, method="BFGS")
    theirs = minimize(rosen, start, jac=rosen_der, method="BFGS")
    assert ours.success and ours.nfev <= theirs.nfev + 2
    assert ours.x == pytest.approx(np.ones(5), abs=1e-5)
    assert np.allclose(hessian(rosen)(start), rosen_hess(start), rtol=1e-13, atol=1e-10)


def test_a_deep_graph_has_gradients_as_values():
    x = node = Value(1.0)
    for _ in range(20_000):
        node = node + x
    assert gradients(node, [x])[0].data == 20_001.0
    assert jvp(lambda y: sum([y] * 5000, start=y), (1.0,), (1.0,))[1] == 5001.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: grad(lambda x: [x])(1.0),
            TypeError,
            "returned a list, not one number; use jacobian",
        ),
        (lambda: grad(sin)("a"), TypeError, "str 'a' is not a real number"),
        (lambda: grad(sin, argnums=2)(1.0), ValueError, "argnums 2 with 1 positional arguments"),
        (lambda: grad(sin, argnums=())(1.0), ValueError, "argnums"),
        (lambda: jvp(sin, (1.0,), (1.0, 2.0)), ValueError, "1 inputs but 2 tangents"),
        (lambda: vjp(sin, 1.0)[1]([1.0, 2.0]), ValueError, "1 outputs but 2 cotangents"),
        (lambda: grad(lambda x: None)(1.0), TypeError, "NoneType"),
        (lambda: grad(log)(-1.0), ValueError, r"log\(-1.0\)|log\(.*-1.0"),
    ],
)
def test_what_cannot_be_differentiated_says_why(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_cost_of_a_gradient_does_not_grow_with_the_number_of_inputs():
    source = random.Random(1)
    xs = [source.random() for _ in range(400)]
    leaves = leaves_of(xs)
    root = autograd.sum([x * x for x in leaves])
    assert len(list(root.backward_steps())) == len(topological_order(root)) == 801


def test_what_a_tangent_does_not_move_has_no_tangent_not_a_zero_one():
    w = Value(0.0)
    with no_grad():
        assert jvp(lambda x: x * 3.0 + sqrt(w), (2.0,), (1.0,)) == (6.0, 3.0)
        assert grad(lambda x: jvp(lambda y: y * y + sqrt(w), (x,), (1.0,))[1])(2.0) == 2.0
