"""`check_gradients`: what it catches, what it leaves alone, and what it says."""

import contextlib
import math
import random
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    Primitive,
    Value,
    absolute,
    cbrt,
    clip,
    cos,
    dot,
    exp,
    floor,
    leaky_relu,
    log,
    maximum,
    norm,
    prod,
    relu,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    stop_gradient,
    tanh,
    where,
)
from autograd.testing import (
    GradientMismatch,
    InconclusiveCheck,
    NonDifferentiablePoint,
    check_gradients,
)
from autograd.testing.expressions import random_expression
from autograd.testing.mpmath_context import context
from autograd.testing.mpmath_functions import precise_functions
from testkit.mistakes import MISTAKES


def sine_by_taylor(x):
    """A function of floats that no oracle but differences can look into."""
    term = out = float(x)
    for k in range(1, 12):
        term *= -x * x / (2 * k * (2 * k + 1))
        out += term
    return float(out)


def opaque(f):
    """Return a function that takes plain floats only."""

    def function(*xs):
        if not all(type(x) is float for x in xs):
            raise TypeError("floats only")
        return f(*xs)

    return function


# What it catches.


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_a_published_mistake_is_named(mistake):
    with pytest.raises(GradientMismatch) as caught:
        check_gradients(mistake.function, *mistake.point, gradient=mistake.gradient)
    text = str(caught.value)
    assert mistake.shows in text and "inputs: " in text and "allowed" in text


@pytest.mark.parametrize(
    ("function", "rule", "x"),
    [
        (math.tanh, lambda x: 1 - math.tanh(x) ** 2, 10.0),
        (sigmoid, lambda x: float(sigmoid(x)) * (1 - float(sigmoid(x))), 40.0),
    ],
)
def test_a_rule_that_loses_its_digits_passes_a_central_difference_but_not_us(function, rule, x):
    """The defaults of torch.autograd.gradcheck: eps 1e-6, atol 1e-5, rtol 1e-3."""
    central = (function(x + 1e-6) - function(x - 1e-6)) / 2e-6
    assert abs(rule(x) - central) <= 1e-5 + 1e-3 * abs(central)
    with pytest.raises(GradientMismatch):
        check_gradients(function, x, gradient=rule)


@pytest.mark.parametrize("size", [10.0**k for k in range(-9, 7)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_relative_fault_of_1e_6_is_caught_at_every_size(size, sign):
    def function(x, y):
        return size * (sin(x) * y + exp(-x))

    def gradient(x, y):
        return size * (math.cos(x) * y - math.exp(-x)), size * math.sin(x)

    def faulty(x, y):
        by_x, by_y = gradient(x, y)
        return by_x, by_y * (1 + sign * 1e-6)

    check_gradients(function, 0.7, 1.9, gradient=gradient)
    with pytest.raises(GradientMismatch, match="y: "):
        check_gradients(function, 0.7, 1.9, gradient=faulty)


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e6])
def test_differences_alone_catch_a_fault_of_1e_6(size):
    function = opaque(lambda x: size * sine_by_taylor(x))
    check_gradients(function, 0.7, gradient=lambda x: size * math.cos(x))
    with pytest.raises(GradientMismatch, match="differences gives"):
        check_gradients(function, 0.7, gradient=lambda x: size * math.cos(x) * (1 + 1e-6))


def test_a_wrong_second_derivative_is_caught():
    cubed = Primitive("cubed", lambda x: x**3, lambda x, out: 3 * stop_gradient(x) * x)
    check_gradients(cubed, 2.0)
    with pytest.raises(GradientMismatch, match="x, x: 6, but"):
        check_gradients(cubed, 2.0, order=2)


def test_an_exact_gradient_must_be_exact():
    third = Fraction(1, 3)
    report = check_gradients(lambda x: x**3 / 7, third)
    assert report.worst.error == report.worst.bound == 0.0
    with pytest.raises(GradientMismatch):
        check_gradients(lambda x: x**2, third, gradient=lambda x: 2 * x + Fraction(1, 10**30))


# What it leaves alone.


@pytest.mark.parametrize(
    ("function", "point", "oracle"),
    [
        (lambda x, y: x * x / (1 + y), (2.0, 3.0), "exact"),
        (lambda x, y: x**3 - 2 * y, (Fraction(1, 3), 2), "exact"),
        (lambda x: tanh(x) * sigmoid(x), (300.0,), "mpmath"),
        (lambda xs: norm(xs) * prod(xs), ([1.0, -2.0, 0.5],), "mpmath"),
        (lambda xs, ys: dot(xs, ys), ([1.0, 2.0], [3.0, 4.0]), "exact"),
        (lambda x: x.exp().log1p() + x.sin(), (0.5,), "mpmath"),
        (softmax, ([1.0, 2.0, -3.0],), "mpmath"),
        (lambda m: m[0][0] * m[1][1] - m[0][1] * m[1][0], ([[1.0, 2.0], [3.0, 4.0]],), "exact"),
        (lambda a: (a * a).sum() + sin(a[0]), (np.array([0.5, 2.0]),), "mpmath"),
        (lambda x: where(x > 1.0, log(x), x - 1.0), (2.0,), "mpmath"),
        (lambda x: log(exp(x) + 1.0) - softplus(x), (3.0,), "mpmath"),
        (lambda x: 5.0, (2.0,), "exact"),
        (lambda x: x - stop_gradient(x), (2.0,), "mpmath"),
    ],
)
def test_the_best_oracle_answers_and_agrees(function, point, oracle):
    report = check_gradients(function, *point, order=2)
    assert {part.oracle for part in report.components} == {oracle}


@pytest.mark.parametrize(
    ("function", "gradient", "point", "oracle"),
    [
        (lambda x: math.sin(x) * x, lambda x: math.sin(x) + x * math.cos(x), (0.7,), "mpmath"),
        (lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x), (0.7,), "complex step"),
        (lambda x: x**2.5, lambda x: 2.5 * x**1.5, (0.7,), "complex step"),
        (lambda v: np.sum(np.sin(v)), np.cos, (np.array([0.1, 2.0]),), "complex step"),
        (opaque(sine_by_taylor), math.cos, (0.7,), "differences"),
        (opaque(lambda x, y: x * y), lambda x, y: (y, x), (1e-9, 1e9), "differences"),
    ],
)
def test_a_claimed_gradient_of_a_function_of_floats_is_judged(function, gradient, point, oracle):
    report = check_gradients(function, *point, gradient=gradient)
    assert {part.oracle for part in report.components} == {oracle}


@pytest.mark.parametrize("x", [1e-200, 1e-9, 1.0, 30.0, 300.0, 709.0, -1.0, -700.0, -800.0])
def test_saturated_functions_are_judged_to_the_last_digit(x):
    for function in (tanh, sigmoid, softplus, lambda v: sigmoid(-v) * 2.0):
        check_gradients(function, x, order=2)


def test_cancellation_in_the_function_is_no_mistake_of_its_gradient():
    check_gradients(lambda x: (1e8 + x) - 1e8, 0.3)
    check_gradients(lambda x: sin(1e10 * x), 0.3)


@given(st.integers(0, 10**6))
def test_no_false_alarm_on_random_graphs(seed):
    expression = random_expression(random.Random(seed))
    with contextlib.suppress(InconclusiveCheck):  # where rounding drowns the gradient
        check_gradients(expression, *expression.point)


# Kinks: neither right nor wrong.


def branch(x):
    return x if x > 0 else -x


@pytest.mark.parametrize(
    ("function", "point"),
    [
        (absolute, (0.0,)),
        (relu, (0.0,)),
        (lambda x: leaky_relu(x - 1.0), (1.0,)),
        (lambda x, y: maximum(x, y), (2.0, 2.0)),
        (lambda x: clip(x, 0.0, 1.0), (1.0,)),
        (floor, (3.0,)),
        (branch, (0.0,)),
        (lambda x: where(x > 0, x, 2 * x), (0.0,)),
        (lambda xs: max(xs), ([1.0, 1.0],)),
        (lambda xs: sorted(xs)[1], ([2.0, 2.0, 2.0],)),
        (lambda x, y: norm([x, y]), (0.0, 0.0)),
        (sqrt, (0.0,)),
        (cbrt, (0.0,)),
        (lambda x: relu(x) + 1e9, (0.0,)),
        (lambda x: 1e-9 * absolute(x), (0.0,)),
    ],
)
def test_a_kink_is_reported_as_one(function, point):
    with pytest.raises(NonDifferentiablePoint, match="derivative at|both sides of"):
        check_gradients(function, *point)


def test_a_kink_of_a_function_of_floats_is_reported_as_one():
    with pytest.raises(NonDifferentiablePoint):
        check_gradients(opaque(abs), 0.0, gradient=lambda x: 0.0)
    with pytest.raises(NonDifferentiablePoint):
        check_gradients(opaque(lambda x: max(x, 2 * x)), 0.0, gradient=lambda x: 1.5)


@pytest.mark.parametrize(
    ("function", "point"),
    [
        (lambda x: where(x > 0, x * x, -x * x), (0.0,)),
        (lambda x: x * absolute(x), (0.0,)),
        (lambda x: absolute(x), (5e-324,)),
        (lambda x: relu(x), (-1e-300,)),
        (lambda x, y: maximum(x, y), (1.0, 1.0 + 2.0**-52)),
        (lambda x: x**2 if x >= 1 else 2 * x - 1, (1.0,)),
        (lambda x: cos(x) + x**0, (0.0,)),
    ],
)
def test_a_tie_or_a_near_kink_where_there_is_a_derivative_passes(function, point):
    check_gradients(function, *point)


# What cannot be told.


def test_rounding_that_drowns_the_gradient_is_inconclusive():
    with pytest.raises(InconclusiveCheck, match="give or take"):
        check_gradients(lambda x: sin(1e17 * (x + 1.0)), 1e-3)


def test_differences_that_are_too_rough_are_inconclusive():
    rough = opaque(lambda x: round(sine_by_taylor(x), 3))
    with pytest.raises(InconclusiveCheck, match="differences"):
        check_gradients(rough, 0.7, gradient=math.cos)


def test_stop_gradient_is_not_judged_by_differences():
    with pytest.raises(InconclusiveCheck):
        check_gradients(lambda x: x * stop_gradient(x), 2.0, oracle="differences")


# What it says.


def test_a_mismatch_shows_inputs_both_gradients_error_bound_oracle_and_the_worst_first():
    with pytest.raises(GradientMismatch) as caught:
        check_gradients(lambda x, y: x * y, 3.0, 4.0, gradient=lambda x, y: (y + 0.5, x + 2))
    assert str(caught.value).splitlines() == [
        "wrong gradient of <lambda>",
        "  inputs: 3.0, 4.0",
        "  y: 5, but exact gives 3; error 2, at most 3e-09 allowed",
        "  x: 4.5, but exact gives 4; error 0.5, at most 4e-09 allowed",
    ]


def test_a_report_says_how_right_it_was():
    report = check_gradients(lambda x: sin(x), 0.5)
    assert str(report).startswith("<lambda>: 1 derivative right, by mpmath; resolution 1e-09; ")
    assert report.worst.claimed == math.cos(0.5) and report.worst.excess < 1e-6


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((sin, math.nan), {}, ValueError, "input 0 is nan"),
        ((sin, "a"), {}, TypeError, "not a real number"),
        ((sin, 1.0), {"order": 3}, ValueError, "order 3"),
        ((sin, 1.0), {"oracle": "guess"}, ValueError, "choose from auto, exact"),
        ((math.sin, 1.0), {}, TypeError, "pass gradient="),
        ((sin, 1.0), {"gradient": lambda x: [1.0, 2.0]}, ValueError, "returned 2 numbers"),
        ((lambda x: x * 1e300, 1e300), {}, ValueError, "is inf at 1e\\+300"),
        ((sin, 1.0), {"gradient": math.cos, "order": 2}, ValueError, "leave out gradient"),
    ],
)
def test_bad_arguments_are_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        check_gradients(*arguments, **options)


def test_without_mpmath_it_still_judges(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpmath", None)
    context.cache_clear()
    precise_functions.cache_clear()
    report = check_gradients(lambda x: tanh(x) * x, 0.7)
    assert report.components[0].oracle == "differences"
    with pytest.raises(TypeError, match=r'pip install "chainrule\[testing\]"'):
        check_gradients(lambda x: tanh(x) * x, 0.7, oracle="mpmath")


def test_parameters_of_a_network_may_be_values_outside_of_the_arguments():
    w = Value(0.5)
    report = check_gradients(lambda x: tanh(dot([w], [x], w)), 0.7)
    assert report.components[0].oracle == "mpmath"
