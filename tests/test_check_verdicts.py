"""The verdicts of a gradient check: bounds, resolutions and hints in numbers and words."""

import math
from fractions import Fraction

import numpy as np
import pytest

from autograd import absolute, cbrt, relu, sin, sqrt, tanh
from autograd import sum as total
from autograd.testing import (
    GradientMismatch,
    InconclusiveCheck,
    NonDifferentiablePoint,
    check_gradients,
    directions,
    judge,
)
from autograd.testing.oracles import Program
from autograd.testing.oracles.estimate import Estimate, as_float
from autograd.testing.verdicts import hints
from autograd.testing.verdicts.report import (
    Component,
    Report,
    difference,
    finite_size,
    shown,
    ten_digits,
)


def part(claimed=1.0, expected=1.0, error=0.0, bound=0.5, oracle="differences", **others):
    return Component("x", claimed, expected, error, bound, oracle, **others)


def check_of(function, *point, gradient=None, oracle="auto", rtol=1e-9, atol=0.0):
    return judge.Check(function, point, gradient, oracle, rtol, atol)


# One derivative.


def test_the_limit_is_the_sharp_bound_as_far_as_the_claim_is_as_good():
    assert part(error=0.25, sharp=0.25, allowance=0.125).limit == 0.25
    assert part(error=0.26, sharp=0.25, allowance=0.125).limit == 0.375


def test_the_resolution_is_the_limit_beside_the_path_sum():
    assert part(error=0.25, sharp=0.25, scale=2.0).resolution == 0.125
    assert part(error=0.25, sharp=0.25).resolution == math.inf
    assert part(bound=0.0).resolution == 0.0
    third = Fraction(1, 3)
    assert part(third, third, sharp=0.25, scale=2.0).resolution == 0.0
    assert part(third, Fraction(1, 2), sharp=0.25, scale=2.0).resolution == 0.125


def test_what_is_wrong_has_a_larger_error_than_its_bound_or_one_that_is_no_number():
    assert not part(error=0.5).is_wrong and part(error=0.51).is_wrong
    assert part(error=math.nan).is_wrong


def test_what_agrees_with_another_slope_of_the_function_is_unsure_and_not_wrong():
    between = part(3.0, 1.0, error=2.0, local=3.25, local_bound=0.25)
    assert not between.is_wrong and between.is_unsure
    apart = part(3.0, 1.0, error=2.0, local=3.26, local_bound=0.25)
    assert apart.is_wrong and not apart.is_unsure


@pytest.mark.parametrize(
    ("component", "unsure"),
    [
        (part(sharp=2e-4, scale=2.0, error=1e-5), False),
        (part(sharp=2.01e-4, scale=2.0, error=1e-5), True),
        (part(bound=0.5, error=0.1, sharp=0.01, scale=1.0, allowance=0.25), False),
        (part(bound=0.51, error=0.1, sharp=0.01, scale=1.0, allowance=0.25), True),
        (part(sharp=1.0, oracle="exact"), False),  # the float that is nearest to the truth
        (part(sharp=1.0, oracle="mpmath"), False),
        (part(sharp=1.0, oracle="complex step"), True),
        (part(sharp=1.0, error=0.25, claimed=1.25, oracle="exact"), True),
    ],
)
def test_a_verdict_is_unsure_from_a_ten_thousandth_of_the_path_sum_or_what_atol_allows(
    component, unsure
):
    assert component.is_unsure is unsure


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.0, "2"),
        (1 / 3, "0.3333333333"),
        (Fraction(1, 3), "1/3"),
        (Fraction(5, 999_999), "5/999999"),
        (Fraction(7, 1_000_000), "7e-06"),
        (Fraction(4, 1), "4"),
        (Fraction(10) ** 400, "inf"),
    ],
)
def test_numbers_have_ten_digits_and_short_fractions_are_whole(number, text):
    assert ten_digits(number) == text


def test_errors_are_computed_in_the_arithmetic_of_the_oracle():
    assert difference(0.1, Fraction(1, 10)) == float(Fraction(0.1) - Fraction(1, 10)) > 0.0
    assert difference(3.0, 1.0) == difference(1.0, 3.0) == difference(np.float32(1.0), 3.0) == 2.0
    assert difference(math.inf, Fraction(10) ** 400) == 0.0
    assert difference(math.inf, -(Fraction(10) ** 400)) == difference(math.nan, 1.0) == math.inf
    assert difference(1.0, math.nan) == math.inf
    assert as_float(-(Fraction(10) ** 400)) == -math.inf
    assert [finite_size(x) for x in (-2.0, math.inf, math.nan)] == [2.0, 0.0, 0.0]


def test_the_five_worst_components_are_shown_and_the_others_counted():
    parts = [part(error=float(k))._replace(place=f"x{k}") for k in range(7)]
    lines = shown(parts)
    assert [line.split(":")[0] for line in lines] == ["  x6", "  x5", "  x4", "  x3", "  x2",
                                                      "  and 2 more"]  # fmt: skip
    assert len(shown(parts[:5])) == 5 and shown(parts[:1]) == [
        "  x0: 1, but differences gives 1; error 0, at most 0.5 allowed"
    ]


# The report.


def test_a_report_names_the_oracles_the_resolution_and_the_worst_error():
    parts = [
        part(error=0.125, sharp=0.25, scale=2.0),
        part(error=0.0625, bound=0.0625, sharp=0.0625, scale=4.0, oracle="exact"),
    ]
    report = Report("f", [1.0, 2.0], parts)
    assert report.worst is parts[1] and report.resolution == 0.125
    assert str(report) == (
        "f: 2 derivatives right, by differences, exact; resolution 0.1; "
        "worst error 0.062 of 0.062 allowed"
    )
    assert str(report._replace(components=parts[:1])).startswith("f: 1 derivative right, by ")


def test_a_report_of_nothing_says_so():
    report = check_gradients(lambda xs: 1.0, [])
    assert (report.worst, report.resolution) == (None, 0.0)
    assert str(report) == "<lambda>: nothing to differentiate"


def test_a_report_along_directions_says_what_it_may_miss():
    parts = [part(error=0.125, sharp=0.25, scale=4.0)]
    report = Report("f", [1.0] * 8, parts, directions=3, taylor_slope=2.004)
    head, *missed = str(report).splitlines()
    assert head.startswith("f: 1 derivative along random directions of 8 inputs right, by ")
    assert missed == [
        "  may miss: a fault in one derivative of less than 0.5 of an average one, and faults in "
        "several that cancel in all 3 directions",
        "  the Taylor remainder falls with slope 2.00, of 2",
    ]
    assert len(str(report._replace(taylor_slope=None)).splitlines()) == 2


# Hints.


PLAIN = Program(float, (1.0,), recorded=False)
RECORDED = Program(float, (1.0,))


def test_without_mpmath_the_first_thing_to_do_is_to_install_it(monkeypatch):
    monkeypatch.setattr(hints, "has_mpmath", lambda: False)
    unsure = part(sharp=1.0, scale=1.0)
    told = 'arithmetic of many digits would decide: pip install "chainrule[testing]"'
    assert hints.for_unsure(unsure, [unsure], RECORDED) == told
    assert hints.for_unsure(unsure, [unsure], PLAIN) == (
        'for functions of `math` pip install "chainrule[testing]" may decide; else a function of '
        "Values would"
    )


def test_with_mpmath_a_function_of_values_is_what_could_be_judged(monkeypatch):
    monkeypatch.setattr(hints, "has_mpmath", lambda: True)
    unsure = part(sharp=1.0, scale=1.0)
    told = "written with the functions of autograd, or of `math`, it could be judged"
    for program in (RECORDED, PLAIN):
        assert hints.for_unsure(unsure, [unsure], program) == told
    assert hints.for_unsure(unsure._replace(local=0.25), [unsure], PLAIN) == (
        "the function goes in steps, and between them its slope is 0.25: compute it in float64 "
        "throughout"
    )


@pytest.mark.parametrize(
    ("limit", "scale", "small"),
    [(1e-4, 1e-6, True), (1.1e-4, 1e-6, False), (1e-4, 1.1e-6, False)],
)
def test_what_is_small_beside_the_largest_derivative_may_be_let_through(limit, scale, small):
    unsure = part(sharp=limit, scale=scale)
    told = hints.for_unsure(unsure, [unsure, part(scale=1.0)], PLAIN)
    assert (
        told == "it is small beside the largest derivative, 1: atol=0.0002 passes what such a one "
        "may be off"
    ) is small


def test_claims_in_single_precision_are_slightly_wrong_all_of_them():
    single = float(np.float32(0.1))
    slight = part(single, error=1e-6, scale=1.0)
    told = ["the claims have the precision of float32: rtol=1e-5 passes them"]
    assert list(hints.for_wrong([slight, slight], [single])) == told
    assert list(hints.for_wrong([slight], None)) == []
    assert list(hints.for_wrong([slight, slight._replace(error=1.1e-6)], [single])) == []
    assert list(hints.for_wrong([slight, slight._replace(claimed=0.1)], [single])) == []
    assert hints.is_single(0.5) and not hints.is_single(0.1)
    assert not hints.is_single(1e300)


# The measure.


def test_a_float_is_moved_by_units_in_its_last_place():
    ulp = 2.0**-52
    assert [judge.nudged(1.0, k) for k in (-2, -1, 0, 1, 2)] == [
        1.0 - ulp, 1.0 - ulp / 2, 1.0, 1.0 + ulp, 1.0 + 2 * ulp,
    ]  # fmt: skip
    assert judge.nudged(-8.0, 1) == -8.0 + 4 * ulp and judge.nudged(Fraction(1, 2), 0) == 0.5


def test_a_bound_is_a_share_of_the_path_sum_with_rounding_and_what_the_caller_allows():
    check = check_of(lambda x: x * x, 3.0, rtol=0.25, atol=0.5)
    found = check.compared("x", 6.5, Estimate(6.0, 0.125, "differences"), 8.0, 2.0)
    assert (found.scale, found.sharp, found.bound, found.allowance) == (8.0, 2.125, 4.625, 0.5)
    assert (found.place, found.claimed, found.expected, found.error) == ("x", 6.5, 6.0, 0.5)
    assert (found.oracle, found.local, found.local_bound) == ("differences", None, 2.0)
    of_slope = check.compared("x", 6.5, Estimate(-6.0, 0.125, "mpmath", 0.0, 5.0, 0.5), 0.0, 2.0)
    assert (of_slope.scale, of_slope.sharp) == (6.0, 1.625)
    assert (of_slope.local, of_slope.local_bound) == (5.0, 2.5)
    endless = check.compared("x", 6.5, Estimate(6.0, 0.125, "mpmath"), math.inf, 2.0)
    assert endless.scale == 6.0


def test_an_exact_claim_has_no_bound_before_an_exact_oracle():
    check = check_of(lambda x: x * x, 3.0, atol=0.5)
    exact = check.compared("x", Fraction(6), Estimate(Fraction(6), 0.0, "exact"), 6.0, 1.0)
    assert (exact.bound, exact.sharp, exact.allowance) == (0.0, 0.0, 0.0)
    other = check.compared("x", Fraction(6), Estimate(6.0, 0.0, "mpmath"), 6.0, 1.0)
    assert other.bound > 1.5


def test_a_zero_that_is_right_is_measured_against_the_largest_derivative_beside_it():
    check = check_of(lambda x, y: x * 3.0, 2.0, 5.0)
    zero = part(0.0, 0.0, scale=0.0)._replace(is_zero=True)
    assert check.with_scales_of_zeros([zero, part(scale=3.0)])[0].scale == 3.0
    assert check.with_scales_of_zeros([zero])[0].scale == 6.0
    assert check.with_scales_of_zeros([part(0.0, 0.5), part(scale=3.0)])[0].scale == 0.0
    assert check.with_scales_of_zeros([part(scale=1.0), part(scale=3.0)])[0].scale == 1.0
    nothing = check_of(lambda x: x * 0.0, 2.0)
    assert nothing.with_scales_of_zeros([zero])[0].scale == 1.0


def test_a_claim_moves_as_its_inputs_do_by_two_units_at_most():
    def gradient(x, y):
        return 2.0**50 * x, 7.0

    check = check_of(lambda x, y: float(x), 1.0, 2.0, gradient=gradient)
    assert check.claimed_noise(0) == [0.5, 0.0]
    assert check_of(lambda x: float(x), 1.0, gradient=7.0).claimed_noise(0) == [0.0]


def test_of_several_outputs_each_has_its_own_claims_and_noise():
    def gradient(x, y):
        return [1.0, 2.0, 2.0**50 * y, 2.0**51 * x]

    check = check_of(lambda x, y: (float(x), float(y)), 1.0, 1.0, gradient=gradient)
    assert check.claimed(0) == [1.0, 2.0] and check.claimed(1) == [2.0**50, 2.0**51]
    assert check.claimed_noise(0) == [0.0, 0.0] and check.claimed_noise(1) == [0.5, 1.0]
    assert [check.place(1, i) for i in (0, 1)] == ["output 1 by x", "output 1 by y"]


def test_an_error_names_the_output_and_the_input():
    def both(x, y):
        return x * y, x + y

    with pytest.raises(GradientMismatch, match="\n  output 1 by y: 3, but exact gives 1;"):
        check_gradients(both, 2.0, 5.0, gradient=[5.0, 2.0, 1.0, 3.0])
    with pytest.raises(ValueError, match="2 inputs and 2 outputs: 4 are needed"):
        check_gradients(both, 2.0, 5.0, gradient=[5.0, 2.0])


def test_a_long_point_is_cut_in_a_message():
    with pytest.raises(GradientMismatch) as caught:
        check_gradients(lambda xs: total(xs) * 1.5, [0.125] * 200, gradient=[1.0] * 200)
    (line,) = [line for line in str(caught.value).splitlines() if "inputs: " in line]
    assert len(line) == len("  inputs: ") + 400


def test_one_sided_slopes_are_told_with_the_reason_to_suspect_the_point():
    with pytest.raises(NonDifferentiablePoint) as caught:
        check_gradients(lambda x: absolute(x) * 0.75, 0.0)
    assert str(caught.value) == (
        "<lambda> has no derivative at 0.0: by x, the slopes to the left and to the right differ "
        "by 1.5 (abs(0.0) may have no derivative here)"
    )
    with pytest.raises(NonDifferentiablePoint, match="right they grow without bound"):
        check_gradients(cbrt, 0.0)
    with pytest.raises(NonDifferentiablePoint) as caught:
        check_gradients(lambda x: abs(float(x)), 0.0, gradient=1.0)
    assert str(caught.value).endswith("differ by 2")


def test_a_function_that_ends_at_the_point_is_told_so_along_the_input():
    with pytest.raises(NonDifferentiablePoint) as caught:
        check_gradients(lambda x, y: y * sqrt(x), 0.0, 2.0)
    assert str(caught.value) == (
        "<lambda> is not defined on both sides of 0.0, 2.0, along x: sqrt is not real here"
    )


def test_a_kink_of_the_slope_is_told_with_its_inputs():
    with pytest.raises(NonDifferentiablePoint) as caught:
        check_gradients(lambda x, y: relu(x) ** 2 * y, 0.0, 3.0, order=2)
    assert str(caught.value) == (
        "<lambda> has a kink at 0.0, 3.0: the second derivatives by x, x to the left and to the "
        "right differ by 6 (relu(0.0) may have no derivative here)"
    )


def test_second_derivatives_are_called_by_both_inputs_of_each_output():
    report = check_gradients(lambda x, y: (x * y, tanh(x)), 0.5, 2.0, order=2)
    assert [p.place for p in report.components[4:8]] == [
        "output 0 by x, output 0 by x", "output 0 by x, output 0 by y",
        "output 0 by y, output 0 by x", "output 0 by y, output 0 by y",
    ]  # fmt: skip
    assert [float(p.claimed) for p in report.components[4:8]] == [0.0, 1.0, 1.0, 0.0]
    assert len(report.components) == 12


# Along random directions.


def test_directions_move_every_input_by_half_of_its_size_to_all_of_it():
    found = directions.random_directions([8.0, -2.0, 0.0, 2.0], 50)
    assert len(found) == 50
    for weights in found:
        for weight, size in zip(weights, [8.0, 2.0, 3.0, 2.0]):
            assert size / 2 <= abs(weight) <= size
    assert len({tuple(w > 0 for w in weights) for weights in found}) == 16
    assert found == directions.random_directions([8.0, -2.0, 0.0, 2.0], 50)
    assert all(0.5 <= abs(w) <= 1.0 for (w,) in directions.random_directions([0.0], 20))


def test_the_component_of_a_direction_is_the_sum_over_the_inputs():
    check = check_of(lambda x, y: x * 3.0 + y * y, 1.0, 2.0)
    found = directions.along(check, 0, [0.5, -2.0], [3.0, 4.0], [(8.0, 0.25), (4.0, 0.5)], 3)
    assert (found.place, found.claimed, float(found.expected)) == ("direction 4", -6.5, -6.5)
    assert found.scale == 0.5 * 8.0 + 2.0 * 4.0
    assert found.bound == found.sharp + 0.5 * 0.25 + 2.0 * 0.5
    bare = directions.along(check, 0, [0.5, -2.0], [3.0, 4.0], [(0.0, 0.0), (0.0, 0.0)], 0)
    assert (bare.place, bare.scale) == ("direction 1", 1.5 + 8.0)
    several = check_of(lambda x: (x, x * x), 1.0)
    assert directions.along(several, 1, [0.5], [1.0], [(1.0, 0.0)], 0).place == (
        "output 1 along direction 1"
    )


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(
    ("power", "claim", "slope"),
    [(2, 2.0, 2.0), (3, 3.0, 2.0), (2, 2.5, 1.0), (3, 3.5, 1.0)],
)
def test_the_taylor_remainder_of_a_right_slope_falls_with_the_square(size, power, claim, slope):
    program = Program(lambda x: size * x**power, (1.0,), recorded=False)
    assert directions.taylor_slope(program, [1.0], size * claim) == pytest.approx(slope, abs=0.01)


def test_the_taylor_slope_is_that_of_the_four_smallest_steps():
    """The remainder of x**2 + 8 x**3 at 1 is 25 h**2 + 8 h**3."""
    program = Program(lambda x: x**2 + 8 * x**3, (1.0,), recorded=False)
    steps = np.array([2.0**-10, 2.0**-11, 2.0**-12, 2.0**-13])
    slope, _ = np.polyfit(np.log(steps), np.log(25 * steps**2 + 8 * steps**3), 1)
    assert directions.taylor_slope(program, [1.0], 26.0) == pytest.approx(slope, abs=1e-6)


def test_a_remainder_that_is_only_rounding_falls_in_no_way():
    program = Program(lambda x: 3.0 * x, (1.0,), recorded=False)
    assert directions.taylor_slope(program, [1.0], 3.0) is None
    above = Program(lambda x: 1e12 + x * x, (1.0,), recorded=False)
    assert directions.taylor_slope(above, [1.0], 2.0) is None


def test_a_kink_nearby_shows_in_the_taylor_remainder():
    def bent(x):
        return float(x) + 1e-3 * max(float(x) - 1.00001, 0.0)

    with pytest.raises(InconclusiveCheck, match=r"along 8 directions, but .* falls with slope 1\."):
        check_gradients(bent, 1.0, gradient=1.0, directions="random")


def test_as_many_directions_are_tried_as_are_asked_for_of_every_output():
    report = check_gradients(lambda x, y: (sin(x) * y, x * y), 0.5, 2.0, directions=3)
    assert report.directions == 3 and len(report.components) == 6
    assert [p.place for p in report.components[2:4]] == [
        "output 0 along direction 3", "output 1 along direction 1",
    ]  # fmt: skip


def test_a_mismatch_along_directions_says_which_arguments_disagree():
    def loss(x, y, z):
        return x * y + z

    with pytest.raises(GradientMismatch) as caught:
        check_gradients(loss, 2.0, 3.0, 5.0, gradient=(3.0, 2.5, 1.5), directions=2)
    assert str(caught.value).endswith("moved alone, these disagree: y, z; these agree: x")
    assert {p.place for p in caught.value.components} <= {"direction 1", "direction 2"}
    with pytest.raises(GradientMismatch) as caught:
        check_gradients(lambda xs: total(xs), [2.0, 3.0], gradient=[1.0, 1.5], directions=2)
    assert "moved alone" not in str(caught.value)
