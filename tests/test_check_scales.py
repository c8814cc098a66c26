"""How large an error of a derivative may be: what rounding does to it, and no more."""

import math

import pytest

from autograd import Value, acsc, leaky_relu, log_softmax, maximum, minimum, relu, sin
from autograd.testing import Component, check_gradients
from autograd.testing.recording import is_exact, path_sums


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


EXACT = [
    lambda x: x, lambda x: -x, lambda x: +x, relu, lambda x: maximum(x, 0.05), lambda x: x * 0.5,
    lambda x: x / 4.0, lambda x: x + x, lambda x: x - 0.1, lambda x: x.floor(),
]  # fmt: skip
ROUNDED = [
    lambda x: x * 3.0, lambda x: x / 3.0, lambda x: x + 0.2, lambda x: x - 3.0, sin, lambda x: x * x,
]  # fmt: skip


def test_only_results_that_were_rounded_are_moved_to_see_what_rounding_does():
    x = Value(0.1)
    assert all(is_exact(f(x)) for f in EXACT)
    assert not any(is_exact(f(x)) for f in ROUNDED)


def test_an_error_where_none_is_allowed_exceeds_any_bound():
    excess = {
        (error, bound): Component("x", 1.0, 1.0 + error, error, bound, "exact").excess
        for error in (0.0, 0.5)
        for bound in (0.0, 0.25)
    }
    assert excess == {(0.0, 0.0): 0.0, (0.0, 0.25): 0.0, (0.5, 0.0): math.inf, (0.5, 0.25): 2.0}


def test_rounding_on_the_way_back_counts_where_nothing_was_rounded_forward():
    """Four equal operands: the slopes cancel, but for what their products were rounded to."""

    def program(x, y, z):
        smallest = minimum([z, x, x, z])
        share = log_softmax([smallest] * 4)[0]
        return acsc(z) + leaky_relu(share) + y

    check_gradients(program, -0.633, -2.001, 1.658)  # raised for the 8.7e-19 of the first slope
