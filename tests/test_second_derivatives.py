"""Second derivatives of all rows: against 60 digits, at infinities, at ends, at kinks."""

import math
from math import inf, nan

import pytest

from autograd import (
    Value,
    absolute,
    acos,
    acosh,
    asech,
    asin,
    atanh,
    clip,
    copysign,
    elu,
    erfinv,
    grad,
    gradients,
    hessian,
    hypot,
    ieee,
    leaky_relu,
    maximum,
    minimum,
    norm,
    polygamma,
    relu,
    relu6,
    softsign,
    xlogy,
)  # fmt: skip
from autograd import primitives as p
from autograd.primitive_type import Variadic
from testkit.points import PARAMETERS
from testkit.random_graphs import path_sum
from testkit.second_derivatives import (
    exact_second,
    first,
    limits_far_out,
    off,
    points_of,
    second,
)  # fmt: skip

ULP_ALLOWED = 8.0
# What has a root within the range is judged by the terms that cancel there; so are functions of
# two operands, whose second derivatives are differences.
ROOTS = {
    "silu", "gelu", "silu_slope", "gelu_slope", "mish", "sech", "gaussian", "asinh_slope", "asech", "celu_gap", "sinc", "gamma",
}  # fmt: skip
KINKED = {"softsign": 0.0, "acot": 0.0}
FIXED = [
    name
    for name, row in p.TABLE.items()
    if not isinstance(row, Variadic)
    and any(row.partials)
    and (row.smooth or name in KINKED)
    and name not in ("stop_gradient", "finite")
    and name not in ("sinc_slope", "gelu_slope")  # these are judged as sinc and gelu
]
UNARY = [n for n in FIXED if len(p.TABLE[n].partials) - len(PARAMETERS.get(n, {})) == 1]
# Rows of one operand that have no limit far out: they oscillate, or have poles all the way.
OSCILLATING = {"sin", "cos", "tan", "sec", "csc", "cot", "polygamma", "gaussian"}
ONE_SIDED = {"gamma", "lgamma"}  # poles all the way to the left


def by_terms(name, operands, i, j, found, exact):
    """Return the error of a second derivative in ulp of the terms that it is a sum of."""
    values = [x if k in PARAMETERS.get(name, {}) else Value(x) for k, x in enumerate(operands)]
    with ieee():
        (slope,) = gradients(p.TABLE[name](*values), [values[i]])
    size = path_sum(slope)[0].get(values[j], 0.0)
    return off(found, exact) * min(1.0, abs(float(exact)) / size) if size else off(found, exact)


@pytest.mark.parametrize("name", UNARY)
def test_every_second_derivative_of_one_operand_is_right_to_a_few_ulp(name):
    (i,) = {0, 1} & ({*range(len(p.TABLE[name].partials))} - {*PARAMETERS.get(name, {})})
    for operands in points_of(name):
        if operands[i] == KINKED.get(name):
            continue
        exact = exact_second(name, operands, i, i)
        if exact is None or not math.isfinite(first(name, operands, i)):
            continue
        found = second(name, operands, i, i)
        error = off(found, exact)
        if error > ULP_ALLOWED and name in ROOTS:
            error = by_terms(name, operands, i, i, found, exact)
        assert error <= ULP_ALLOWED, (
            f"the second derivative of {name} at {operands} is {found!r}, 60 digits give "
            f"{float(exact)!r}: {error:.3g} ulp apart: state the slope as a row of its own in "
            "autograd/primitives.py, as asin_slope is; or name it in ROOTS"
        )


@pytest.mark.parametrize("name", sorted(set(UNARY) - OSCILLATING))
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_slopes_and_curvatures_have_their_limits_at_the_infinities(name, side):
    if side < 0 and name in ONE_SIDED:
        return
    try:
        expected = limits_far_out(name, side)
    except (ValueError, ArithmeticError):
        return  # it is not defined out there
    found = [first(name, (side * inf,), 0), second(name, (side * inf,), 0, 0)]
    assert found == expected, (
        f"{name} at {side * inf} has the slope and the curvature {found}, the limits are {expected}: "
        "in autograd/primitives.py, finite(x) stands where x is multiplied by what is 0 there"
    )


# At ends of domains, and where a first derivative bends without bound: infinite or NaN.


def curvature(function, x):
    with ieee():
        return grad(grad(function))(x)


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (asin, 1.0, inf), (asin, -1.0, -inf), (acos, 1.0, -inf), (acos, -1.0, inf), (atanh, 1.0, inf),
        (atanh, -1.0, -inf), (acosh, 1.0, -inf), (asech, 1.0, -inf), (p.acoth, 1.0, inf),
        (p.acoth, -1.0, -inf), (p.asec, 1.0, -inf), (p.acsc, 1.0, inf), (erfinv, 1.0, inf),
        (erfinv, -1.0, -inf), (p.sqrt, 0.0, -inf), (p.cbrt, 0.0, -inf), (p.log, 0.0, -inf),
        (p.logit, 0.0, -inf), (p.logit, 1.0, inf), (p.log1p, -1.0, -inf),
    ],
)  # fmt: skip
def test_a_second_derivative_at_the_end_of_a_domain_is_its_limit(function, x, expected):
    assert curvature(function, x) == expected


@pytest.mark.parametrize("length", [lambda xs: norm(xs), lambda xs: hypot(*xs)])
@pytest.mark.parametrize("size", [2, 3])
def test_the_hessian_of_a_length_at_0_is_not_finite(length, size):
    slopes = grad(length)([0.0] * size)
    assert slopes == [0.0] * size
    found = hessian(length)([0.0] * size)
    assert not any(math.isfinite(x) for row in found for x in row)


def test_the_mixed_derivative_of_x_log_y_at_0_is_not_finite():
    with ieee():
        rows = hessian(xlogy, (0, 1))(0.0, 0.0)
    assert not math.isfinite(rows[0][1]) and not math.isfinite(rows[1][0])


@pytest.mark.parametrize("x", [0.25, 1.0, 2.0, 1e100, 1e-100])
def test_the_mixed_derivative_of_a_power_at_exponent_0_is_1_by_x(x):
    rows = hessian(lambda a, b: a**b, (0, 1))(x, 0.0)
    assert rows[0][1] == rows[1][0] == pytest.approx(1 / x, rel=1e-15)
    assert rows[0][0] == 0.0
    assert rows[1][1] == pytest.approx(math.log(x) ** 2, rel=1e-14)


def test_a_power_of_a_base_0_has_the_second_derivatives_of_a_power():
    assert hessian(lambda a, b: a**b, (0, 1))(0.0, 3.0) == ((0.0, 0.0), (0.0, 0.0))
    assert hessian(lambda a, b: a**b, (0, 1))(0.0, 2.0) == ((2.0, 0.0), (0.0, 0.0))


def test_a_plain_exponent_0_has_no_edge_and_one_that_is_a_value_has_one():
    x, y = Value(2.0), Value(0.0)
    assert (x**0.0).parents == () and (x**y).parents == (x, y)


# Piecewise linear functions: 0 at the kinks, by convention.


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (relu, 0.0), (absolute, 0.0), (leaky_relu, 0.0), (relu6, 0.0), (relu6, 6.0), (softsign, 0.0),
        (elu, 0.0), (lambda x: maximum(x, 0.0), 0.0), (lambda x: minimum(x, 1.0), 1.0),
        (lambda x: maximum(x, 2 * x), 0.0), (lambda x: clip(x, 0.0, 1.0), 1.0),
        (lambda x: copysign(x, -1.0), 0.0),
    ],
)  # fmt: skip
def test_the_second_derivative_at_a_kink_is_0(function, x):
    assert grad(grad(function))(x) == 0.0


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 6])
@pytest.mark.parametrize("x", [-0.5, -1.5, -2.5, -0.3, -3.9, -2.4999999, -10.5])
def test_polygammas_left_of_0_keep_their_digits(n, x):
    from mpmath import mp

    with mp.workdps(60):
        exact = mp.psi(n, mp.mpf(x))
        terms = abs(mp.psi(n, 1 - mp.mpf(x))) + abs(exact)
        assert abs(polygamma(n, x) - exact) <= 8 * 2.0**-52 * terms
        if x % 1 == 0.5:  # where the reflection adds nothing to an even order
            assert n % 2 or not n or abs(polygamma(n, x) - exact) <= 8 * 2.0**-52 * abs(exact)


def test_a_number_that_is_not_there_is_nan_and_not_0():
    with ieee():
        x = Value(nan)
        (slope,) = gradients(p.asin(x), [x])
        (bend,) = gradients(slope, [x])
    assert math.isnan(slope.data) and math.isnan(bend.data)
