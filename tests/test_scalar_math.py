"""The functions `math` lacks, and the fused ones: a few ulp over the whole double range."""

import math
from math import inf, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mp

from autograd import Value, scalar_math
from autograd import primitives as p
from testkit.closed_forms import EXACT, EXACT_VARIADIC, cumulative, logistic, shares
from testkit.floats import TINY, ULP, U, same
from testkit.high_precision import DIGITS, error, exactly, is_normal
from testkit.points import LISTS, drawn, points

FUSED = ["sigmoid", "log_sigmoid", "softplus", "silu", "gelu", "normal_cdf", "gaussian"]
THRESHOLDS = [
    745.1,
    744.4,
    709.79,
    709.78,
    708.4,
    708.39,
    40.0,
    38.56,
    37.7,
    37.5,
    27.2,
    26.54,
    1.2566,
    0.7517,
]


def allowed(name, operands):
    """Return 4 ulp; more where a factor of the result is subnormal and has lost digits already."""
    factor = {"silu": logistic, "gelu": cumulative}.get(name)
    size = float(factor(mp.mpf(operands[0]))) if factor else 1.0
    return 4.0 if size >= TINY else 4.0 + 2 * TINY / size if size else inf


def check(name, operands):
    with mp.workdps(DIGITS):
        exact = exactly(EXACT[name][0], *operands)
        if is_normal(exact):
            assert error(p.TABLE[name](*operands), exact) <= allowed(name, operands), operands


@pytest.mark.parametrize("name", FUSED)
def test_a_fused_function_is_right_to_4_ulp_over_the_whole_range(name):
    for operands in points(name):
        check(name, operands)
    for x in THRESHOLDS:
        for operands in (
            (side * x, *rest)
            for side in (1, -1)
            for rest in ([(0.5,), (1.0,)] if name == "gaussian" else [()])
        ):
            check(name, operands)


@pytest.mark.parametrize("name", FUSED)
@given(data=st.data())
def test_a_fused_function_is_right_to_4_ulp_anywhere(name, data):
    check(name, data.draw(drawn(name)))


def polygamma_scale(n, x):
    """Return the size of the terms that cancel: those of reflection, and of digamma about its root."""
    if x > 0:
        return mp.mpf(1) if n == 0 else mp.mpf(0)
    pole = mp.pi / mp.sin(mp.pi * mp.mpf(x))
    return abs(mp.polygamma(n, 1 - mp.mpf(x))) + abs(pole) ** (n + 1) * mp.factorial(n) + 1


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
@given(x=st.one_of(st.floats(1e-50, 1e50), st.floats(0.01, 30.0), st.floats(-20.0, -0.01)))
@example(x=1.4616321449683622)
@example(x=20.0)
@example(x=math.nextafter(20.0, 0.0))
def test_polygamma_is_right_to_4_ulp_of_its_terms(n, x):
    if x < 0 and abs(x - round(x)) < 1e-3:
        return  # a pole
    with mp.workdps(DIGITS):
        exact = mp.polygamma(n, mp.mpf(x))
        if is_normal(exact):
            bound = (4 if x > 0 else 8 * (n + 1)) * ULP * max(abs(exact), polygamma_scale(n, x))
            assert abs(scalar_math.polygamma_value(n, x) - exact) <= bound


def test_polygamma_at_its_ends():
    assert scalar_math.polygamma_value(0, inf) == inf and scalar_math.polygamma_value(2, inf) == 0.0
    assert math.isnan(scalar_math.polygamma_value(1, nan))
    assert scalar_math.polygamma_value(5, 1e200) == 0.0
    with pytest.raises(ValueError, match="a pole"):
        scalar_math.polygamma_value(0, -3.0)
    with pytest.raises(OverflowError):
        scalar_math.polygamma_value(1, 1e-200)
    assert [scalar_math.ieee_polygamma(*at) for at in ((1, 0.0), (0, 1e-310), (1, -2.0))] == [
        inf,
        -inf,
        inf,
    ]
    assert math.isnan(scalar_math.ieee_polygamma(0, -2.0))


@given(
    xs=st.lists(
        st.one_of(st.floats(-750, 750), st.floats(-2, 2), st.floats(-1e300, 1e300)),
        min_size=1,
        max_size=6,
    )
)
def test_logsumexp_and_softmax_are_right_to_a_few_ulp(xs):
    with mp.workdps(DIGITS):
        numbers = list(map(mp.mpf, xs))
        total = EXACT_VARIADIC["logsumexp"][0](*numbers)
        terms = max(abs(total), abs(max(numbers)))  # a result near 0 is a difference of these
        assert abs(p.logsumexp(xs) - total) <= 2 * ULP * max(terms, TINY)
        for found, exact in zip(p.softmax(xs), shares(numbers)):
            assert not is_normal(exact) or error(found, exact) <= 4.0


@pytest.mark.parametrize("xs", LISTS, ids=str)
def test_softmax_sums_to_1_and_does_not_move_with_a_shift(xs):
    shares = p.softmax(xs)
    assert math.fsum(shares) == pytest.approx(1.0, abs=len(xs) * U)
    assert p.softmax([x * 2 for x in (0.5, 1.0)]) == p.softmax([x * 2 + 64.0 for x in (0.5, 1.0)])


def test_softmax_and_logsumexp_at_infinities_and_nan():
    assert p.softmax([inf, 1.0]) == [1.0, 0.0] and p.softmax([inf, inf]) == [0.5, 0.5]
    assert p.softmax([-inf, 0.0]) == [0.0, 1.0] and p.softmax([]) == []
    assert all(map(math.isnan, p.softmax([nan, 1.0])))
    assert p.logsumexp([-inf, -inf]) == -inf and p.logsumexp([inf, 0.0]) == inf
    assert math.isnan(p.logsumexp([0.0, nan]))


def test_softmax_of_a_thousand_numbers_is_fast_enough_to_finish():
    shares = p.softmax([Value(i / 1000) for i in range(300)])  # one evaluation for each, not 300
    assert math.fsum(s.data for s in shares) == pytest.approx(1.0)


@pytest.mark.parametrize("function", [scalar_math.silu_value, scalar_math.gelu_value])
def test_limits_at_infinity(function):
    assert (function(-inf), function(inf)) == (0.0, inf) and math.isnan(function(nan))
    assert (
        scalar_math.logistic(-inf)
        == scalar_math.log1pexp(-inf)
        == scalar_math.bell(inf, 1.0)
        == 0.0
    )
    assert (scalar_math.cumulative_normal(-inf), scalar_math.cumulative_normal(inf)) == (0.0, 1.0)


@given(st.floats(-745, 709), st.floats(-745, 709))
def test_the_exponential_of_a_difference_makes_good_what_the_difference_rounds(x, y):
    with mp.workdps(DIGITS):
        exact = mp.exp(mp.mpf(x) - mp.mpf(y))
        if is_normal(exact) and x - y < 709:
            assert error(scalar_math.exp_of_difference(x, y), exact) <= 2.0


@given(x=st.floats(-1e100, 1e100), y=st.floats(-1e100, 1e100))
def test_a_product_of_doubles_and_its_rounding_error(x, y):
    product, rest = scalar_math.two_product(x, y)
    if abs(product) > 1e-250:
        with mp.workdps(80):
            assert mp.mpf(x) * mp.mpf(y) == mp.mpf(product) + mp.mpf(rest)


@pytest.mark.parametrize(
    "x, y",
    [
        (-2.0, 0.5),
        (0.0, -0.5),
        (-0.0, -1.0),
        (-0.0, -3.0),
        (0.0, -2.0),
        (-10.0, 309.0),
        (10.0, 309.0),
    ],
)
def test_ieee_powers_are_those_of_the_c_library(x, y):
    numpy = pytest.importorskip("numpy")
    with numpy.errstate(all="ignore"):
        assert same(scalar_math.ieee_power(x, y), float(numpy.power(x, y)))


@pytest.mark.parametrize("x", [1.0, -1.0, 0.0, inf, nan])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_ieee_quotients_are_those_of_the_processor(x, zero):
    numpy = pytest.importorskip("numpy")
    with numpy.errstate(all="ignore"):
        assert same(scalar_math.ieee_quotient(x, zero), float(numpy.divide(x, zero)))
