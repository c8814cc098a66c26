"""The many-digit functions of the oracle, against mpmath's own and against plain differences."""

import math

import pytest
from mpmath import mp

from autograd import primitives as p
from autograd.testing.mpmath_context import NotLiftable, context
from autograd.testing.mpmath_functions import precise_function, precise_functions
from autograd.testing.number_types import Precise
from autograd.testing.oracles import Program, precise, precise_second, precise_value, scale
from autograd.testing.parameters import without_parameters
from autograd.testing.strategies import examples, points
from testkit.closed_forms import EXACT
from testkit.kernels import seldom

SMOOTH = [name for name, row in p.TABLE.items() if row.smooth and name != "stop_gradient"]
# Their sums take seconds at 1,200 digits.
SLOW = ("lgamma", "polygamma")


def is_double(x):
    """Tell whether a number is anywhere near the range of a float."""
    return x == 0 or mp.mpf(10) ** -400 < abs(x) < mp.mpf(10) ** 400


def lost(name, point, what, found, expected):
    """Return a message on a form that is not right to the digits that the oracles need."""
    return (
        f"{what} of {name} at {point} is {mp.nstr(found, 30)} by 60 digits, but {mp.nstr(expected, 30)} "
        f"by more: the form of {name} in autograd/testing/mpmath_functions.py loses digits here; write "
        "it without a difference of nearly equal numbers; or the row has a kink and lacks smooth=False"
    )


def difference(program, i, order, h=1e-60):
    """Return a derivative by real differences alone, with digits enough for any double."""
    with context().workdps(1200):
        inputs = [Precise.lift(x) for x in program.inputs]
        step = Precise.lift(h) * scale(inputs, i)
        ends = [inputs[i] + k * step for k in (-1, 0, 1)]
        left, here, right = (
            program.lifted(Precise, [end if j == i else x for j, x in enumerate(inputs)]).real
            for end in ends
        )
        if order == 2:
            return (right - 2 * here + left) / step**2
        return (right - left) / (2 * step)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        *((name, 1 if name in SLOW else 3) for name in SMOOTH),
        *seldom(*((name, 6) for name in SMOOTH)),
    ],
)
def test_the_complex_step_agrees_with_differences_of_1200_digits(name, count):
    for point in examples(points(p.TABLE[name]), count):
        program = Program(*without_parameters(p.TABLE[name], point))
        try:
            slopes = [precise(program, i).slope for i in range(len(program.inputs))]
        except (ValueError, ZeroDivisionError):
            continue
        if name in ("hypot", "atan2", "norm") and not any(program.inputs):
            continue  # no derivative there
        for i, slope in enumerate(slopes):
            expected = difference(program, i, 1)
            if not is_double(expected):
                continue
            bound = 1e-25 * abs(expected) + mp.mpf(10) ** -1000
            what = f"the slope by operand {i}"
            assert abs(slope - expected) <= bound, lost(name, point, what, slope, expected)
        if len(slopes) == 1:
            expected = difference(program, 0, 2)
            if not is_double(expected):
                continue
            found = precise_second(program, 0, 0).slope
            bound = 1e-18 * abs(expected) + mp.mpf(10) ** -700
            what = "the second derivative"
            assert abs(found - expected) <= bound, lost(name, point, what, found, expected)


@pytest.mark.parametrize("name", EXACT)
def test_the_forms_are_the_closed_forms_of_the_tests(name):
    for point in examples(points(p.TABLE[name]), 15):
        program = Program(*without_parameters(p.TABLE[name], point))
        with mp.workdps(80):
            try:
                expected = EXACT[name][0](
                    *(
                        int(x) if name == "polygamma" and i == 0 else mp.mpf(x)
                        for i, x in enumerate(point)
                    )
                )
                found = precise_value(program)
            except (ValueError, ZeroDivisionError, mp.NoConvergence):
                continue
            if isinstance(expected, mp.mpc) or not is_double(expected):
                continue
            bound = abs(expected) * mp.mpf(10) ** -50 + mp.mpf(10) ** -2000
            assert abs(found - expected) <= bound, lost(name, point, "the value", found, expected)


@pytest.mark.parametrize("apart", [1.0, 40.0, 347.0, 700.0])
def test_saturated_shares_keep_their_slopes(apart):
    for index in (0, 1):
        program = Program(lambda *xs: p.softmax(xs)[index], (apart, 0.0))
        expected = difference(program, 0, 1)
        assert abs(precise(program, 0).slope - expected) <= 1e-25 * abs(expected)


@pytest.mark.parametrize("name", p.TABLE)
def test_every_row_has_a_function_in_mpmath(name):
    assert callable(precise_function(name))  # the message says what to add, and where


def test_a_row_without_a_function_in_mpmath_says_what_to_add_and_where(monkeypatch):
    monkeypatch.delitem(precise_functions(), "tanh")
    with pytest.raises(NotLiftable, match="add 'tanh' to .* autograd/testing/mpmath_functions.py"):
        Precise(Precise.lift(0.5)).tanh()


def test_there_is_no_function_in_mpmath_without_a_row():
    assert set(precise_functions()) <= set(p.TABLE)


def test_the_logarithm_of_gamma_is_real_left_of_0():
    assert math.isclose(precise_functions()["lgamma"](Precise.lift(-0.5)), math.lgamma(-0.5))
