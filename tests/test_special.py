"""The functions `math` lacks, and the fused ones: a few ulp over the whole double range."""


import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from autograd import primitives as p
from tests import oracles
from tests.oracles import EXACT, error, exactly, is_normal, logistic, subnormal_loss

EDGES = [745.1, 744.4, 709.79, 709.78, 708.39, 708.4, 37.7, 38.56, 26.54, 27.2, 1.2566, 0.7517, 5e-9]


def bound(name, operands):
    """Return the allowed error in ulp: 4, and what a subnormal factor has lost already."""
    x = operands[0]
    if name == "silu":
        return 4.0 + subnormal_loss(logistic(mp.mpf(x)))
    if name == "gelu":
        return 4.0 + subnormal_loss(oracles.cumulative(mp.mpf(x)))
    return 4.0


@pytest.mark.parametrize("name", ["sigmoid", "log_sigmoid", "softplus", "silu", "gelu", "normal_cdf", "gaussian"])
@given(data=st.data())
def test_a_fused_function_is_right_to_4_ulp(name, data):
    edges = [(s * x, *rest) for x in EDGES for s in (1, -1) for rest in ([(0.5,), (1.0,)] if name == "gaussian" else [()])]
    for operands in [data.draw(oracles.drawn(name)), *(edges if data.conjecture_data.index < 99 else [])]:
        check(name, operands)


def check(name, operands):
    with mp.workdps(oracles.DIGITS):
        exact = exactly(EXACT[name][0], *operands)
        if is_normal(exact):
            assert error(p.TABLE[name](*operands), exact) <= bound(name, operands), operands


@pytest.mark.parametrize("name", ["sigmoid", "log_sigmoid", "softplus", "silu", "gelu", "normal_cdf", "gaussian"])
def test_a_fused_function_is_right_to_4_ulp_on_the_grid(name):
    for operands in oracles.points(name):
        check(name, operands)
