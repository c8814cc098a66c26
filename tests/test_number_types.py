"""Numbers of other types in the place of a Value: what the oracles compute with."""

import math
import operator
from fractions import Fraction
from math import sin

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, primitive
from autograd import primitives as p
from autograd.testing import oracles
from autograd.testing.mpmath_context import NotLiftable
from autograd.testing.number_types import Dual, Exact, Precise, integer, portable

RATIONALS = st.fractions(-4, 4, max_denominator=9)
RELATIONS = (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)


@given(RATIONALS, RATIONALS)
def test_duals_compare_as_their_numbers_do_and_say_so_with_a_bool(x, y):
    for relation in RELATIONS:
        expected = relation(x, y)
        for found in (relation(Dual(x, 1), Dual(y, -1)), relation(Dual(x, 2), y)):
            assert found is expected
    assert bool(Dual(x, 5)) is (x != 0)
    assert abs(Dual(x, 1)).slope == (-1 if x < 0 else 1)


@given(RATIONALS, RATIONALS, RATIONALS, st.integers(1, 4))
def test_the_slope_of_a_dual_is_that_of_a_quotient_of_polynomials(x, y, z, n):
    """By the rule for quotients, with a plain number on either side of every operator."""
    denominator = z * z + 1
    found = ((Dual(x, 1) * y - z) ** n + (1 - Dual(x, 1))) / (Dual(x, 1) * Dual(x, 1) + 1)
    top = (x * y - z) ** n + 1 - x
    slope = n * y * (x * y - z) ** (n - 1) - 1
    assert found.number == top / (x * x + 1)
    assert found.slope == (slope * (x * x + 1) - top * 2 * x) / (x * x + 1) ** 2
    assert (denominator / (Dual(x, 1) * 0 + denominator)).number == 1
    assert (Dual(x, 7) ** 0).slope == 0


def wave(x, /, steep=2, *, shift=0.25):
    return sin(steep * x) + math.cos(x) * shift


def test_names_imported_from_math_are_primitives_for_other_numbers():
    found = portable(wave)(Value(0.5))
    assert [node.op for node in found.operands] == [p.sin, p.mul]
    assert found.data == wave(0.5)
    assert portable(sin) is p.sin
    assert portable(math.fabs) is p.absolute


def test_a_function_that_names_nothing_of_math_is_used_as_it_is():
    def plain(x):
        return abs(x) * 2

    assert portable(plain) is plain
    assert portable(len) is len


def test_a_function_of_math_without_a_primitive_says_so():
    def steps(x):
        return math.gcd(x, 2)

    with pytest.raises(NotLiftable, match="math.gcd has no primitive"):
        portable(steps)(1)


def test_a_primitive_of_a_users_own_that_imports_from_math_is_judged_by_60_digits():
    @primitive(lambda x, out: 2 * p.cos(2 * x) - 0.25 * p.sin(x))
    def own_wave(x):
        return sin(2 * x) + math.cos(x) * 0.25

    judged = oracles.precise(oracles.Program(own_wave, (0.7,)), 0).slope
    exact = 2 * mpmath.cos(mpmath.mpf(0.7) * 2) - mpmath.sin(mpmath.mpf(0.7)) / 4
    assert float(judged) == pytest.approx(float(exact), rel=1e-15)


def test_an_exact_number_takes_whole_powers_and_nothing_irrational():
    x = Exact(Fraction(-2, 3))
    assert (x**3).number == Fraction(-8, 27)
    assert (x**-2).number == Fraction(9, 4)
    with pytest.raises(NotLiftable, match="not rational"):
        x**0.5
    with pytest.raises(NotLiftable, match="exp is not rational"):
        p.exp(x)
    with pytest.raises(NotLiftable, match="varies"):
        integer(Dual(Fraction(2), 1))
    assert integer(Dual(Fraction(2), 0)) == 2


@pytest.mark.parametrize("kind", [Exact, Precise])
def test_what_a_value_offers_an_oracles_number_offers_too(kind):
    x = kind(kind.lift(0.75))
    assert x.data is x and x.item() is x and x.detach() is x
    assert (x < 1, x <= 0.75, x > 1, x >= 1, bool(x), bool(x - 0.75)) == (
        True, True, False, False, True, False,
    )  # fmt: skip
    x.data = 0.5
    assert (x * Value(3.0)).number == Fraction(3, 2)
