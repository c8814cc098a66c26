"""The oracles of derivatives, part by part: what each step, fit, circle and jump is, in numbers."""

import math
from fractions import Fraction
from importlib import import_module

import numpy as np
import pytest

from autograd import absolute, exp, relu, sigmoid, sin, stop_gradient, tanh
from autograd.testing.mpmath_context import NotLiftable
from autograd.testing.number_types import Exact
from autograd.testing.oracles import Program, ask, first_of, lifted
from autograd.testing.oracles.differences import Fit
from autograd.testing.oracles.estimate import as_float
from autograd.testing.oracles.program import moved, with_number

# The package has functions of these names.
circles = import_module("autograd.testing.oracles.complex_step")
fits = import_module("autograd.testing.oracles.differences")


def line_of(function, *point, direction=0):
    """Return a function of floats along a line through a point."""
    return Program(function, point, recorded=False).along(direction)


def floats_only(function):
    """Return a function that takes floats only."""

    def checked(*xs):
        if not all(type(x) is float for x in xs):
            raise TypeError("floats only")
        return function(*xs)

    return checked


# The function with other numbers in the place of its inputs.


@pytest.mark.parametrize(
    ("i", "point"),
    [
        (0, (9.0, [2.0, 3.0], {"w": (4.0, 5.0), "b": 6.0})),
        (1, (1.0, [9.0, 3.0], {"w": (4.0, 5.0), "b": 6.0})),
        (2, (1.0, [2.0, 9.0], {"w": (4.0, 5.0), "b": 6.0})),
        (3, (1.0, [2.0, 3.0], {"w": (9.0, 5.0), "b": 6.0})),
        (4, (1.0, [2.0, 3.0], {"w": (4.0, 9.0), "b": 6.0})),
        (5, (1.0, [2.0, 3.0], {"w": (4.0, 5.0), "b": 9.0})),
    ],
)
def test_one_number_of_a_structure_is_replaced_and_the_structure_is_left_alone(i, point):
    before = (1.0, [2.0, 3.0], {"w": (4.0, 5.0), "b": 6.0})
    assert tuple(with_number(before, i, 9.0)) == point
    assert before == (1.0, [2.0, 3.0], {"w": (4.0, 5.0), "b": 6.0})


def test_one_number_of_an_array_is_replaced_in_a_copy():
    before = [np.array([[1.0, 2.0], [3.0, 4.0]]), 5.0]
    after = with_number(before, 2, 9.0)
    assert after[0].tolist() == [[1.0, 2.0], [9.0, 4.0]] and after[1] == 5.0
    assert before[0].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    after = with_number(before, 4, 9.0)
    assert after[0].tolist() == [[1.0, 2.0], [3.0, 4.0]] and after[1] == 9.0


def test_a_structure_moves_by_a_multiple_of_another():
    point = [np.array([1.0, 2.0]), {"a": 3.0}, (4.0,)]
    velocity = [np.array([10.0, 20.0]), {"a": -30.0}, (0.0,)]
    arrays, by_name, pair = moved(point, velocity, 0.5)
    assert arrays.tolist() == [6.0, 12.0] and by_name == {"a": -12.0} and pair == (4.0,)
    assert moved(point, velocity, 1j)[2] == (4.0 + 0j,)


def test_along_a_line_all_inputs_move_by_their_weights():
    line = line_of(lambda x, y: x * 100 + y, 2.0, 5.0, direction=[3.0, -1.0])
    assert (line(0.0), line(1.0), line(-0.5)) == (205.0, 504.0, 55.5)
    assert line.complex(2j) == 205.0 + 598j
    assert line.sizes == [1.0] and line.step(0.1) == 0.1
    assert line_of(lambda x, y: x * 100 + y, 2.0, -5.0, direction=1)(1.0) == 196.0


def test_a_step_is_what_the_input_moves_by_once_it_is_rounded():
    line = line_of(float, 1.0)
    assert line.step(2.0**-52) == 2.0**-52 and line.step(2.0**-54) == 0.0
    assert line.step(0.1) == (1.0 + 0.1) - 1.0 != 0.1


def test_sizes_are_that_of_the_input_and_1_the_largest_first():
    assert line_of(float, -8.0).sizes == [8.0, 1.0]
    assert line_of(float, 0.25).sizes == [1.0, 0.25]
    assert line_of(float, 0.0).sizes == line_of(float, -1.0).sizes == [1.0]


def test_where_a_function_is_not_defined_or_complex_a_line_has_nan():
    assert math.isnan(line_of(math.log, 1.0)(-1.0))
    assert math.isnan(line_of(lambda x: x**0.5, 1.0)(-2.0))


def test_what_was_asked_once_is_known():
    asked = []
    line = line_of(lambda x: asked.append(x) or x, 1.0)
    assert [line(0.5), line(0.5), line(0.25)] == [1.5, 1.5, 1.25] and asked == [1.5, 1.25]


# Which oracle is asked.


def test_what_is_recorded_is_judged_exactly_else_by_many_digits_else_by_complex_numbers():
    def unknown_to_mpmath(x):
        return np.exp(x) if isinstance(x, complex) else exp(x)

    assert ask(Program(lambda x: x * x / 7, (2.0,)), 0).oracle == "exact"
    assert ask(Program(lambda x: x * x**0.5, (2.0,)), 0).oracle == "mpmath"
    plain = Program(lambda x: x * x**0.5, (2.0,), recorded=False)
    assert ask(plain, 0).oracle == "complex step"
    assert ask(Program(floats_only(math.exp), (2.0,), recorded=False), 0).oracle == "differences"
    assert ask(plain, 0, "differences").oracle == "differences"


def test_of_many_inputs_sharp_differences_are_not_asked_about_again():
    def total(xs):
        total.calls += 1
        return float(np.sum(np.sin(xs))) if np.isrealobj(xs) else np.sum(np.sin(xs))

    point = (np.linspace(0.1, 1.0, 50),)
    for is_long, oracle in ((False, "complex step"), (True, "differences")):
        total.calls = 0
        found = ask(Program(total, point, recorded=False, is_long=is_long), 0)
        assert found.oracle == oracle and abs(found.slope - math.cos(0.1)) <= found.error

    def rough(xs):
        return 1e9 + np.sum(np.sin(xs))

    assert ask(Program(rough, point, recorded=False, is_long=True), 0).oracle == "complex step"


def test_an_oracle_that_never_can_answer_is_asked_once():
    program = Program(floats_only(lambda x: x * x), (2.0,), recorded=False)
    assert first_of(("exact", "mpmath"), program, 0) is None
    assert program.refusing == {"exact", "mpmath"}


# Fits of polynomials.


def test_the_nodes_are_symmetric_and_their_polynomials_are_those_of_chebyshev():
    assert len(fits.COSINES) == 17 and fits.COSINES[8] == 0.0
    assert sorted(fits.COSINES) == fits.COSINES
    assert [-x for x in reversed(fits.COSINES)] == fits.COSINES
    for k, row in enumerate(fits.POLYNOMIALS):
        one = [0.0] * k + [1.0]
        assert row == pytest.approx(np.polynomial.chebyshev.chebval(fits.COSINES, one), abs=1e-14)
    assert len(fits.POLYNOMIALS) == 9


@pytest.mark.parametrize("k", range(9))
def test_a_polynomial_at_the_nodes_has_its_own_coefficient_and_slope(k):
    one = [float(j == k) for j in range(9)]
    assert fits.coefficients_of(fits.POLYNOMIALS[k]) == pytest.approx(one, abs=1e-15)
    slope = {1: 1.0, 3: -3.0, 5: 5.0, 7: -7.0}.get(k, 0.0)
    assert fits.slope_of(one, 8) == slope
    assert fits.slope_of(one, k - 1) == 0.0


def test_a_curve_is_a_polynomial_without_its_value_and_slope_in_the_middle():
    coefficients = (7.0, 2.0, -3.0, 5.0, 0.5, -1.0, 4.0)
    series = np.polynomial.chebyshev.Chebyshev((0.0, *coefficients[1:]))
    fit = Fit(3.0, 0.0, 0.5, 0.0, 0.0, coefficients=coefficients)
    for t in (-0.5, -0.1, 0.2, 0.4):
        assert fit.curve(t) == pytest.approx(series(2 * t) - series(0.0) - 3.0 * t, rel=1e-13)
    assert fit.curve(0.0) == 0.0


def test_a_fit_is_denied_by_a_finer_one_of_another_slope():
    fit = Fit(1.0, 0.25, 0.5, 1.0, 1.0)
    assert not fit.is_denied_by(Fit(1.5, 0.25, 0.1, 1.0, 1.0))
    assert not fit.is_denied_by(Fit(0.5, 0.25, 0.1, 1.0, 1.0))
    assert fit.is_denied_by(Fit(1.51, 0.25, 0.1, 1.0, 1.0))
    assert fit.is_denied_by(Fit(math.nan, 0.25, 0.1, 1.0, 1.0))


@pytest.mark.parametrize(
    ("residual", "finer_residual", "finer_error", "denied"),
    [
        (65.0, 8.0, 0.5, True),
        (64.0, 7.0, 0.5, False),  # no more than rounding
        (65.0, 8.2, 0.5, False),  # not resolved
        (65.0, 8.0, 0.25, False),  # it is no worse
    ],
)
def test_a_fit_is_denied_by_a_finer_one_that_resolves_what_it_takes_for_noise(
    residual, finer_residual, finer_error, denied
):
    fit = Fit(1.0, 0.25, 0.5, residual, 1.0)
    assert fit.is_denied_by(Fit(1.0, finer_error, 0.1, finer_residual, 1.0)) is denied


def test_a_fit_is_clean_that_leaves_four_roundings():
    assert Fit(1.0, 0.0, 1.0, 4.0, 1.0).is_clean and not Fit(1.0, 0.0, 1.0, 4.1, 1.0).is_clean


def test_the_best_fit_is_that_of_least_error_among_those_that_no_finer_one_denies():
    coarse = Fit(5.0, 0.1, 0.5, 1.0, 1.0)
    middle = Fit(1.0, 0.3, 0.1, 1.0, 1.0)
    fine = Fit(1.25, 0.5, 0.01, 1.0, 1.0)
    assert fits.best([coarse, middle, fine]) is middle
    assert fits.best([middle, fine]) is middle and fits.best([fine]) is fine


def test_steps_shrink_by_half_at_least_and_are_those_of_each_size():
    exponents = [1, 3, 6, 10, 15, 21, 28, 36, 44]
    assert fits.steps(line_of(float, 1.0)) == [2.0**-k for k in exponents]
    assert fits.steps(line_of(float, 0.0)) == [2.0**-k for k in exponents]
    of_both = [
        2.0 ** (10 - k) for k in (1, 3, 6, 10, 11, 13, 15, 16, 20, 21, 25, 28, 31, 36, 38, 44, 46)
    ]
    assert fits.steps(line_of(float, 1024.0)) == of_both
    assert fits.steps(line_of(float, 2.0**60))[-1] == 2.0**16


def test_a_polynomial_is_fitted_but_for_rounding():
    def quintic(x):
        return 3.0 * x - 7.0 * x**2 + x**3 - 0.25 * x**5 + 11.0

    fit = fits.fit_of(line_of(quintic, 0.0), 0.5)
    assert fit.is_clean and abs(fit.slope - 3.0) <= fit.error < 1e-12
    assert fit.step == 0.5 and fit.rounding == 2.0**-53 * max(
        quintic(0.5 * c) for c in fits.COSINES
    )
    # What x**3 adds to a central difference over the step.
    assert fit.bend == pytest.approx(0.5**2, rel=1e-12)


def test_the_error_of_a_fit_is_its_residual_or_rounding_by_the_doubt_of_its_degree():
    assert [fits.doubt(degree) for degree in fits.DEGREES] == [24.0, 32.0, 40.0, 48.0]
    rises = [float(k == 12) for k in range(17)]
    for fit, degree in zip(fits.of_all_degrees(rises, 0.25, 1e-3), fits.DEGREES):
        assert fit.error == fits.doubt(degree) * fit.residual / 0.25 and fit.residual > 0.1
        assert len(fit.coefficients) == degree + 1
        assert fit.slope == fits.slope_of(fit.coefficients, degree) / 0.25
    for fit, degree in zip(fits.of_all_degrees([0.0] * 17, 0.25, 1e-3), fits.DEGREES):
        assert fit.error == fits.doubt(degree) * 1e-3 / 0.25 and fit.residual == 0.0


def test_where_the_function_ends_there_is_no_fit():
    assert fits.fit_of(line_of(math.log, 0.1), 0.5) is None
    assert fits.fit_of(line_of(math.log, 0.1), 0.05) is not None
    nowhere = Program(floats_only(lambda x: math.nan), (1.0,), recorded=False)
    with pytest.raises(ValueError, match="no values on both sides"):
        fits.differences(nowhere, 0)


def test_a_jump_counts_as_rounding():
    line = line_of(lambda x: x, 0.0)
    assert fits.fit_of(line, 0.5, 0.125).rounding == 0.125
    assert fits.fit_of(line, 0.5, 0.125).error == 24.0 * 0.125 / 0.5


@pytest.mark.parametrize(
    ("error", "bend", "allowed"),
    [(0.0625, 0.0, True), (0.0624, 0.0, False), (0.0, 0.5, True), (0.0, 0.49, False)],
)
def test_a_central_difference_may_miss_a_fit_by_its_error_and_twice_its_bend(error, bend, allowed):
    """That of x**3 over 1/4 is 1/16 more than the slope at 1."""
    fit = Fit(3.0, error, 1.0, 0.0, 0.0, bend)
    assert fits.is_allowed(line_of(lambda x: x**3, 1.0), 0.25, fit) is allowed


def test_a_wave_that_is_too_short_for_a_fit_denies_it():
    line = line_of(lambda x: x + 1e-6 * math.sin(1e6 * x), 0.0)
    assert not fits.is_confirmed(line, Fit(1.0, 1e-9, 0.5, 0.0, 1e-16))
    assert fits.is_confirmed(line_of(lambda x: x, 0.0), Fit(1.0, 0.0, 0.5, 0.0, 1e-16))


# Jumps and kinks of functions of floats.

FINE = Fit(1.0, 0.0, 2.0**-20, 0.0, 2.0**-53)
COARSE = Fit(0.0, 0.0, 0.5, 0.0, 2.0**-53)


def test_a_jump_within_a_step_is_measured():
    def step(x):
        return x + (0.25 if x > 0.4 else 0.0)

    assert fits.jump_between(line_of(step, 0.0), FINE, COARSE) == pytest.approx(0.25, rel=1e-12)
    assert fits.jump_between(line_of(step, -0.2), FINE, COARSE) == 0.0


def test_a_jump_is_more_than_64_roundings():
    for roundings, found in ((100, True), (50, False)):
        size = roundings * 2.0**-53
        line = line_of(lambda x, size=size: x + (size if x > 0.25 else 0.0), 0.0)
        assert (fits.jump_between(line, FINE, COARSE) > 0.0) is found


def test_a_wave_is_no_jump():
    assert fits.jump_between(line_of(lambda x: x + math.sin(99 * x), 0.0), FINE, COARSE) == 0.0
    assert fits.jump_between(line_of(lambda x: x, 0.0), FINE, COARSE) == 0.0


def bent(x):
    return 3.0 * x + 0.5 * abs(x)


def test_a_kink_is_as_large_as_the_fit_allows():
    line = line_of(bent, 0.0)
    assert fits.kink(line, Fit(3.0, 0.25, 0.5, 0.1, 1e-16)) == 1.0
    assert fits.kink(line, Fit(3.0, 0.24, 0.5, 0.1, 1e-16)) == 0.0
    assert fits.kink(line, Fit(1.1e9, 0.25, 0.5, 0.1, 1e-16)) == 0.0
    assert fits.kink(line, Fit(0.9e9, 0.25, 0.5, 0.1, 1e-16)) == 1.0


@pytest.mark.parametrize(
    ("function", "jump"),
    [
        (lambda x: x * x, 0.0),
        (lambda x: math.exp(x), 0.0),
        (lambda x: x * abs(x), 0.0),
        (lambda x: math.sqrt(abs(x)), math.inf),
        (lambda x: float(x > 0), math.inf),
        (lambda x: 5.0, 0.0),
    ],
)
def test_what_is_smooth_has_no_kink_and_an_infinite_slope_an_infinite_one(function, jump):
    line = line_of(function, 0.0)
    assert fits.kink(line, Fit(1.0, math.inf, 0.5, 0.1, 1e-16)) == jump


def test_the_second_difference_at_a_kink_is_that_of_the_slopes():
    line = line_of(bent, 0.0)
    assert fits.second_difference(line, 0.25, 2.0**-50) == (1.0, 8.0 * 2.0**-50 / 0.25)
    assert fits.second_difference(line_of(lambda x: x * x, 0.0), 0.5, 0.0) == (1.0, 0.0)
    assert fits.second_difference(line_of(math.log, 0.25), 0.5, 0.0) is None


def test_steps_to_either_side_of_a_second_difference_are_the_same():
    """Below 1 floats are twice as dense: a step that is exact there is rounded above."""
    line = line_of(lambda x: abs(x - 1.0), 1.0)
    assert (line.step(3 * 2.0**-53), line.step(-3 * 2.0**-53)) == (2.0**-51, -3 * 2.0**-53)
    assert fits.second_difference(line, 3 * 2.0**-53, 1.0) == (2.0, 8.0 * 2.0**51)


def test_kinks_are_looked_for_at_steps_of_an_eighth_each_the_smallest_first():
    assert fits.kink_steps(line_of(float, 1.0)) == [8.0**-k for k in range(13, 0, -1)]
    assert fits.kink_steps(line_of(float, 2.0**60))[0] == 2.0**21


def test_noise_is_what_is_on_both_sides_of_a_point():
    def noisy(x):
        return 0.25 if round(x * 1e12) % 2 else -0.25

    assert fits.side_noise(line_of(bent, 0.0)) < 1e-8
    assert fits.side_noise(line_of(lambda x: noisy(x) if x > 0 else 0.0, 0.0)) < 1e-8
    assert fits.side_noise(line_of(noisy, 0.0)) >= 0.25


def test_a_bulge_is_the_largest_distance_from_the_chord():
    assert fits.bulge([0.0, 1.0, 2.0], [1.0, 2.0, 6.0]) == 1.5
    assert fits.bulge([1.0, 3.0, 5.0], [1.0, 2.0, 3.0]) == 0.0
    assert fits.bulge([2.0, 2.0], [1.0, 4.0]) == 3.0


# Circles in the complex plane.


@pytest.mark.parametrize("power", range(-7, 9))
def test_a_power_on_the_circle_has_one_coefficient(power):
    values = [root**power for root in circles.ROOTS]
    for k in range(-7, 9):
        assert circles.coefficient(values, k) == pytest.approx(float(k == power), abs=1e-14)


def test_a_circle_gives_the_slope_and_what_the_cubic_term_adds():
    fit = circles.circle_of(line_of(lambda z: 3 * z - z**2 + 5 * z**3, 0.0), 0.25)
    assert fit.slope == pytest.approx(3.0, rel=1e-14)
    assert fit.step == 0.25 and fit.bend == pytest.approx(5 * 0.25**2, rel=1e-14)
    assert fit.residual < 1e-15
    assert fit.error == (8.0 * fit.residual + 16.0 * fit.rounding) / 0.25
    assert fit.rounding == pytest.approx(2.0**-53 * (3 * 0.25 + 0.25**2 + 5 * 0.25**3), rel=1e-14)


@pytest.mark.parametrize(
    ("function", "residual"),
    [
        (lambda z: z + z.conjugate() * 0.01, 0.01 * 0.25),  # the power -1
        (lambda z: z + z**8, 0.25**8),  # too high to be told from -8
        (lambda z: z * (1 + 1e-3j), 1e-3 * 0.25),  # not real on the real line
    ],
)
def test_what_is_not_analytic_is_left_on_the_circle(function, residual):
    fit = circles.circle_of(line_of(lambda x: function(complex(x)).real if isinstance(x, float)
                                    else function(x), 0.0), 0.25)  # fmt: skip
    assert residual <= fit.residual * (1 + 1e-9) and fit.residual < 3 * residual


def test_a_function_of_floats_that_is_another_one_of_complex_numbers_is_noticed():
    line = line_of(lambda x: x + 0.5 if isinstance(x, float) else x, 0.0)
    assert circles.circle_of(line, 0.25).residual == pytest.approx(0.5, rel=1e-12)


def test_where_a_circle_fails_there_is_none():
    assert circles.circle_of(line_of(lambda z: 1 / z, 0.0), 0.25) is None
    assert circles.circle_of(line_of(lambda z: z * 1e308, 1.0), 4.0) is None


def test_radii_are_shares_of_each_size_the_largest_first():
    shares = [2, 5, 9, 14, 20, 28]
    assert circles.radii(line_of(float, 1.0)) == [2.0**-k for k in shares]
    wanted = {2.0 ** (size - k) for size in (0, 40) for k in shares}
    assert circles.radii(line_of(float, 2.0**40)) == sorted(wanted, reverse=True)[:-4] + [
        r for r in sorted(wanted, reverse=True)[-4:] if r >= 2.0**-12
    ]


@pytest.mark.parametrize(
    ("x", "step"),
    [(1.0, 1e-100), (1e-150, 1e-250), (1e-220, 1e-100), (1e20, 1e-100), (0.0, 1e-100)],
)
def test_the_step_along_the_imaginary_axis_is_small_but_a_normal_number(x, step):
    assert circles.complex_step_of(line_of(float, x)) == pytest.approx(step, rel=1e-12)


def test_the_complex_step_is_asked_of_no_function_that_stops_gradients():
    program = Program(lambda x: x * stop_gradient(x), (2.0,), cut=True)
    with pytest.raises(NotLiftable, match="stop_gradient"):
        circles.complex_step(program, 0)


def test_the_complex_step_refuses_what_is_not_analytic_and_says_by_how_much():
    program = Program(lambda x: x + 0.25 * x.conjugate(), (2.0,), recorded=False)
    with pytest.raises(circles.NotAnalytic, match=r"by 3e-01 of the slope"):
        circles.complex_step(program, 0)


def test_the_complex_step_refuses_a_function_that_is_another_one_on_circles():
    def two_faced(z):
        return 2 * z if isinstance(z, complex) and 0 < abs(z.imag) < 1e-50 else z

    program = Program(two_faced, (1.0,), recorded=False)
    with pytest.raises(circles.NotAnalytic, match="the complex step and a circle disagree"):
        circles.complex_step(program, 0)


# Exact and precise arithmetic.


def test_what_a_step_is_small_against():
    assert lifted.scale([0.25, 8.0], 0) == 0.25
    assert lifted.scale([0.25, 8.0], 1) == 1
    assert lifted.scale([0.0, -0.5, 0.125], 0) == 0.125
    assert lifted.scale([0.0, 0.0], 1) == 1
    assert lifted.scale([0.25, 8.0, 3.0], [-2.0, 4.0, 0.0]) == 0.125
    assert lifted.scale([0.0, 8.0], [4.0, 0.0]) == 0.25


def test_inputs_move_along_an_axis_or_by_weights():
    assert lifted.moved([1.0, 2.0, 3.0], 1, 0.5) == [1.0, 2.5, 3.0]
    assert lifted.moved([1.0, 2.0, 3.0], [2.0, 0.0, -4.0], 0.5) == [2.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("function", "jump"),
    [
        (lambda x: 3 * x + absolute(x) * 0.5, 1.0),
        (lambda x: relu(x) * 2.0, 2.0),
        (lambda x: x * absolute(x), 0.0),
        (lambda x: x**3, 0.0),
    ],
)
def test_the_slopes_to_either_side_of_a_kink_miss_the_one_in_the_middle(function, jump):
    """That in the middle is the one to the right."""
    assert lifted.exact(Program(function, (0.0,)), 0).jump == jump


def test_a_jump_of_the_function_is_an_infinite_one_of_its_slopes():
    assert lifted.exact(Program(lambda x: x + (x > 0) * 1.0, (0.0,)), 0).jump == math.inf


def test_along_weights_the_derivative_is_the_sum_of_partial_ones():
    program = Program(lambda x, y: x * x * y, (3.0, 5.0))
    assert lifted.exact(program, [0.5, -2.0]).slope == Fraction(30 * 0.5 - 9 * 2)
    assert float(lifted.precise(program, [0.5, -2.0]).slope) == -3.0


def test_second_derivatives_are_those_of_both_inputs():
    program = Program(lambda x, y: x**3 * y**2, (2.0, 3.0))
    exact = [[lifted.exact_second(program, i, j).slope for j in (0, 1)] for i in (0, 1)]
    assert exact == [[108, 72], [72, 16]]
    precise = [[float(lifted.precise_second(program, i, j).slope) for j in (0, 1)] for i in (0, 1)]
    assert precise == [[108.0, 72.0], [72.0, 16.0]]


@pytest.mark.parametrize("x", [40.0, 300.0])
def test_the_second_derivative_in_a_tail_has_all_its_digits(x):
    found = float(lifted.precise_second(Program(sigmoid, (x,)), 0, 0).slope)
    assert found == pytest.approx(-math.exp(-x), rel=1e-15)


@pytest.mark.parametrize(
    ("function", "jump"),
    [
        (lambda t: relu(t) ** 2, 2.0),
        (lambda t: t * absolute(t), 4.0),
        (lambda t: relu(t) ** 3, 0.0),
        (lambda t: t**3, 0.0),
        (lambda t: relu(t) * sin(t), 2.0),
        (lambda t: tanh(t) ** 2, 0.0),
    ],
)
def test_the_jump_of_a_bend_is_that_of_the_second_derivatives(function, jump):
    assert lifted.bend_jump(Program(function, (0.0,)), 0, 0) == pytest.approx(jump, rel=1e-12)


def test_only_a_suspect_point_is_searched_for_a_jump():
    program = Program(lambda x: sin(absolute(x)), (0.0,))
    found = lifted.precise(program, 0)
    assert lifted.with_jump(found, program, 0, False).jump == 0.0
    assert lifted.with_jump(found, program, 0, True).jump == pytest.approx(2.0, rel=1e-12)
    program.cut = True
    assert lifted.with_jump(found, program, 0, True).jump == 0.0


def test_a_number_that_is_too_large_is_infinite_with_its_sign():
    assert as_float(Fraction(10) ** 400) == math.inf
    assert as_float(-(Fraction(10) ** 400)) == -math.inf
    assert as_float(Exact.lift(0.5)) == 0.5
