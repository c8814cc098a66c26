"""How large an error of a derivative may be: what rounding does to it, and no more."""

import math

import pytest

from autograd import Value, sin
from autograd.testing import check_gradients
from autograd.testing.check import Component
from autograd.testing.recording import path_sums


@pytest.mark.parametrize("x", [0.3, 0.41, 0.77])
@pytest.mark.parametrize("frequency", [1e6, 1e7, 1e8])
def test_a_fast_oscillation_passes_though_its_argument_is_rounded(x, frequency):
    """The slopes are off by some 1e-16 times the frequency, for which both orders allow."""
    for order in (1, 2):
        check_gradients(lambda t: sin(frequency * t), x, order=order)


def test_what_rounding_adds_below_the_normal_range_goes_on_to_the_operands():
    x = Value(3.0)
    y = x * 1000.0
    ((reach_y, faint_y), (reach_x, faint_x)) = path_sums(y * 2.0**-1040, [y, x])
    assert (reach_y, reach_x) == (2.0**-1040, 1000.0 * 2.0**-1040)
    assert faint_y > 0.0
    assert faint_x >= 1000.0 * faint_y
    assert path_sums(y * 7.0, [y, x]) == [(7.0, 0.0), (7000.0, 0.0)]


def test_an_error_where_none_is_allowed_exceeds_any_bound():
    excess = {
        (error, bound): Component("x", 1.0, 1.0 + error, error, bound, "exact").excess
        for error in (0.0, 0.5)
        for bound in (0.0, 0.25)
    }
    assert excess == {(0.0, 0.0): 0.0, (0.0, 0.25): 0.0, (0.5, 0.0): math.inf, (0.5, 0.25): 2.0}
