"""The vector functions of the compiler against arithmetic of 60 digits, and in blocks of lanes."""

import math

import mpmath as mp
import numpy as np
import pytest

import autograd
from autograd import ieee
from autograd import primitives as p
from testkit import elementary_polynomials

pytest.importorskip("llvmlite")
from autograd.compile.machine import elementary  # noqa: E402

INF, NAN = math.inf, math.nan
COUNT = 160  # points of a range
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
ULPS = {
    "exp": 0.75,  # 0.53 where the result is no subnormal number
    "expm1": 1.0,
    "log": 1.0,
    "log1p": 1.0,
    "sin": 1.0,
    "cos": 1.0,
    "tanh": 1.0,
    "erf": 1.5,
    "erfc": 6.0,
    "normal_cdf": 6.0,
}
EXACT = {name: getattr(mp, name) for name in ULPS if name != "normal_cdf"}
EXACT["normal_cdf"] = lambda x: mp.erfc(-x / mp.sqrt(2)) / 2
SPECIAL = [0.0, -0.0, INF, -INF, NAN, 5e-324, -5e-324, 2.0**-1022, -(2.0**-1022)]
SPECIAL += [1e308, -1e308, 1e-300, 800.0, -800.0, 1e17, -1e17, 40.0, -40.0, 1.0, -1.0, -2.0]


def spread(low, high, count=COUNT):
    """Return numbers that fill an interval evenly, in no simple pattern."""
    return [low + (high - low) * ((i * GOLDEN) % 1.0) for i in range(1, count + 1)]


def scales(low, high, count=COUNT):
    """Return numbers of both signs whose logarithms, base 2, fill an interval evenly."""
    return [s * 2.0**x for x in spread(low, high, count) for s in (1.0, -1.0)]


def near(places, width=-3.0):
    """Return numbers beside some places, at distances from 2**-60 to 2**width of them."""
    steps = scales(-60.0, width, 12)
    return [x + step * max(1.0, abs(x)) for x in places for step in [0.0, *steps]]


QUARTERS = [k * math.pi / 2 for k in (1, 2, 3, 4, 7, 22, 355, 1001, 65537, 600001)]
ANGLES = [
    *spread(-4.0, 4.0),
    *spread(-1e6, 1e6),
    *scales(-1074.0, 20.0),
    *near(QUARTERS),
    -1048576.0,  # beyond, they are the C library's
]
POINTS = {
    "exp": [*spread(-745.2, 709.78), *spread(-1.0, 1.0), *scales(-1074.0, 9.0), 709.782712893384],
    "expm1": [*spread(-40.0, 709.78), *spread(-0.6, 0.6), *scales(-1074.0, 9.4), *near([0.3466])],
    "log": [*map(abs, scales(-1074.0, 1023.9)), *spread(0.5, 2.0), *near([1.0, 0.7071, 1.4142])],
    "log1p": [
        *map(abs, scales(-1074.0, 1023.9)),
        *spread(-0.9999, 3.0),
        *scales(-1074.0, -0.01),
        *[math.nextafter(-1.0, 0.0), -0.2928932188134524, 0.41421356237309515],
    ],
    "sin": ANGLES,
    "cos": ANGLES,
    "tanh": [*spread(-23.0, 23.0), *spread(-1.0, 1.0), *scales(-1074.0, 6.0), *near([0.625])],
    "erf": [*spread(-6.5, 6.5), *spread(-1.3, 1.3), *scales(-1074.0, 4.0), *near([1.0])],
    "erfc": [*spread(-7.0, 27.3), *spread(-1.0, 3.0), *scales(-1074.0, 4.7), *near([0.5, -0.5])],
    "normal_cdf": [*spread(-38.5, 9.0), *spread(-3.0, 3.0), *scales(-1074.0, 3.0)],
}


def compiled(name, **options):
    """Return a row of the table, compiled."""
    with ieee():
        return autograd.compile(
            p.TABLE[name], example=(0.5,), engine="llvm", finite=False, reduce="sum", **options
        )


def error(found, exact):
    """Return the error of a float in units in the last place of the exact result."""
    expected = float(exact)
    if found == expected:  # infinities and zeros, too; else it is half a unit at most
        return 0.0
    if not (math.isfinite(found) and math.isfinite(expected)):
        return INF
    return float(abs(mp.mpf(found) - exact) / math.ulp(expected))


@pytest.mark.parametrize("name", ULPS)
def test_a_vector_function_is_within_its_bound(name):
    xs = np.array(POINTS[name])
    with mp.workdps(60):
        errors = [
            (error(found, EXACT[name](mp.mpf(x))), x)
            for x, found in zip(xs.tolist(), compiled(name).value(xs).tolist())
        ]
    assert max(errors) <= (ULPS[name], INF)


@pytest.mark.parametrize("name", ULPS)
def test_a_vector_function_has_the_special_values_of_ieee_754(name):
    found = compiled(name).value(np.array(SPECIAL)).tolist()
    expected = compiled(name, functions="libm").value(np.array(SPECIAL)).tolist()
    for x, ours, theirs in zip(SPECIAL, found, expected):
        if math.isfinite(theirs) and theirs:
            assert abs(ours - theirs) <= (ULPS[name] + 1.0) * math.ulp(theirs), x
        else:
            assert repr(ours) == repr(theirs), x  # the sign of a zero, too


@pytest.mark.parametrize("name", [*ULPS, "sigmoid", "log_sigmoid", "softplus", "silu", "gelu"])
def test_the_number_of_lanes_changes_no_bit(name):
    xs = np.array([*SPECIAL, *POINTS.get(name, POINTS["tanh"])[::5], *scales(19.0, 22.0, 8)])
    function = compiled(name)
    whole, slopes = function.value(xs), function.value_and_grad(xs, inputs=True)[2]
    for lanes in (1, 7, 64):
        for start in range(0, len(xs), lanes):
            some = xs[start : start + lanes]
            assert same(function.value(some), whole[start : start + lanes]), some
            parts = function.value_and_grad(some, inputs=True)[2]
            assert same(parts, slopes[start : start + lanes]), some


def same(found, expected):
    """Tell whether two arrays have the same bits, but for the bits of NaN."""
    unlike = found.view(np.int64) != expected.view(np.int64)
    return bool((np.isnan(found) & np.isnan(expected))[unlike].all())


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_far_from_zero_sine_and_cosine_are_those_of_the_c_library(name):
    function = getattr(math, name)
    near_by, far = spread(-3.0, 3.0, 63), [1048577.0, -1e9, 1e22, 6e306]
    alone = compiled(name).value(np.array(near_by)).tolist()
    mixed = compiled(name).value(np.array(near_by + far)).tolist()
    assert mixed[:63] == alone
    assert mixed[63:] == [function(x) for x in far]


def test_libm_gives_the_bits_of_the_eager_engine():
    def function(x):
        return (x.sin().exp() + 1.5).log().tanh()

    xs = spread(-3.0, 3.0, 100)
    exact = autograd.compile(function, example=(0.5,), engine="llvm", functions="libm")
    vector = autograd.compile(function, example=(0.5,), engine="llvm")
    eager = [function(autograd.Value(x)).data for x in xs]
    assert exact.value(xs).tolist() == eager
    np.testing.assert_allclose(vector.value(xs), eager, rtol=1e-15)


@pytest.mark.parametrize("functions", ["vector", "libm"])
def test_a_primitive_of_a_users_own_calls_the_functions_that_it_names(functions):
    @autograd.primitive(lambda x, out: out * x.cos())
    def wave(x):
        return math.exp(math.sin(x))

    xs = spread(-3.0, 3.0, 100)
    compiled = autograd.compile(wave, example=(0.5,), engine="llvm", functions=functions)
    assert compiled.value(xs).tolist() == [math.exp(math.sin(x)) for x in xs]


def test_the_coefficients_are_those_that_their_program_prints():
    for name, numbers in elementary_polynomials.tables().items():
        assert getattr(elementary, name) == tuple(numbers), name


@pytest.mark.parametrize("name", ULPS)
def test_float32_is_computed_in_float64_and_rounded(name):
    xs = np.array(spread(0.25, 3.0), np.float32)
    found = compiled(name, dtype="float32").value(xs)
    assert found.tolist() == compiled(name).value(xs).astype(np.float32).tolist()


def test_unknown_functions_are_refused():
    with pytest.raises(ValueError, match="functions 'svml' is not known; choose from vector, libm"):
        compiled("exp", functions="svml")
