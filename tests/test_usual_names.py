"""Functions under the names of `math`, NumPy, SciPy, PyTorch and JAX, and choices of functions."""

import builtins
import math
from fractions import Fraction
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

import autograd as ag
from autograd import Value, dot, grad, gradients, ieee, log, where
from autograd import primitives as p
from autograd.compositions import MOST_NESTED

both_engines = pytest.mark.parametrize("engine", ["llvm", "numpy"])

SCALE, ALPHA = mp.mpf(1.0507009873554805), mp.mpf(1.6732632423543772)
# Each composition: its definition in many digits, and where it is tried. Rows are judged elsewhere.
DEFINITIONS = {
    "logaddexp": (lambda x, y: mp.log(mp.exp(x) + mp.exp(y)), [(0.3, -1.2), (700.0, -3.0), (2.0, 2.0)]),
    "heaviside": (lambda x, y: y if x == 0 else mp.mpf(x > 0), [(0.0, 0.5), (2.0, 0.5), (-2.0, 0.5)]),
    "deg2rad": (lambda x: x * mp.pi / 180, [(30.0,), (-720.0,), (0.0,)]),
    "radians": (lambda x: x * mp.pi / 180, [(30.0,)]),
    "rad2deg": (lambda x: x * 180 / mp.pi, [(0.5,), (-7.0,)]),
    "degrees": (lambda x: x * 180 / mp.pi, [(0.5,)]),
    "digamma": (mp.digamma, [(0.3,), (2.5,), (-0.7,), (1e6,)]),
    "rsqrt": (lambda x: 1 / mp.sqrt(x), [(4.0,), (1e-300,), (1e300,)]),
    "selu": (
        lambda x: SCALE * (x if x > 0 else ALPHA * mp.expm1(x)),
        [(2.0,), (-0.5,), (-30.0,)],
    ),
    "relu6": (lambda x: min(max(x, 0), 6), [(2.0,), (-0.5,), (7.0,)]),
    "fabs": (abs, [(-2.0,), (3.0,)]),
    "pow": (lambda x, y: x**y, [(2.0, 0.3), (0.1, -3.0)]),
    "swish": (lambda x: x / (1 + mp.exp(-x)), [(2.0,), (-3.0,)]),
    "log": (lambda x, base: mp.log(x) / mp.log(base), [(8.0, 2.0), (0.3, 10.0)]),
    "hypot": (lambda *xs: mp.sqrt(sum(x * x for x in xs)), [(3.0, 4.0, 12.0), (1.0, 2.0, 3.0, 4.0)]),
    "logaddexp2": (lambda x, y: mp.log(2**x + 2**y, 2), [(0.3, -1.2), (1000.0, -3.0)]),
    "sinc": (lambda x: mp.sinc(mp.pi * x), [(0.0,), (0.4,), (-2.3,), (1e-9,)]),
    "log1mexp": (lambda x: mp.log(1 - mp.exp(-abs(x))), [(0.3,), (-0.3,), (30.0,), (-30.0,)]),
    "erfinv": (mp.erfinv, [(0.3,), (-0.9999,), (1e-9,)]),
    "fmod": (lambda x, y: mp.sign(x) * (abs(x) - y * mp.floor(abs(x) / y)), [(7.5, 2.0), (-7.5, 2.0)]),
    "remainder": (lambda x, y: x - y * mp.nint(x / y), [(7.5, 2.0), (-7.75, 2.0)]),
    "trunc": (lambda x: mp.floor(x) if x > 0 else mp.ceil(x), [(2.7,), (-2.7,)]),
}  # fmt: skip
DIGITS = 400  # so many that the definitions themselves lose none that count
ALLOWED = 8 * 2.0**-52


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_function_of_a_usual_name_is_what_its_authority_defines(name):
    definition, points = DEFINITIONS[name]
    for numbers in points:
        values = [Value(x) for x in numbers]
        out = getattr(ag, name)(*values)
        assert out.data == getattr(ag, name)(*numbers), f"{name}{numbers}: a Value and a float"
        out.backward()
        with mp.workdps(DIGITS):
            exact = definition(*map(mp.mpf, numbers))
            assert abs(out.data - exact) <= ALLOWED * max(abs(exact), mp.mpf(10) ** -200)
            for i, x in enumerate(values):
                if (name, x.data) in {("sinc", 0.0), ("heaviside", 0.0)}:
                    continue
                h = mp.mpf(10) ** -100 * (abs(x.data) or 1)
                ends = [
                    [n + s * h * (k == i) for k, n in enumerate(map(mp.mpf, numbers))]
                    for s in (1, -1)
                ]
                slope = (definition(*ends[0]) - definition(*ends[1])) / (2 * h)
                if abs(slope) < 1e308:
                    bound = ALLOWED * abs(slope) + mp.mpf(10) ** -60
                    assert abs(x.grad - slope) <= bound, (name, numbers, i)


def test_heaviside_passes_its_value_at_zero_on():
    x, y = Value(0.0), Value(0.5)
    out = ag.heaviside(x, y)
    out.backward()
    assert (out.data, x.grad, y.grad) == (0.5, 0.0, 1.0)
    assert math.isnan(ag.heaviside(nan, 0.5))


# As `math`, NumPy and SciPy have them.

MATH = [name for name in dir(math) if not name.startswith("_")]
NOT_DIFFERENTIABLE = {  # of integers, of pairs, of bits
    "comb", "factorial", "frexp", "gcd", "isclose", "isqrt", "lcm", "ldexp", "modf", "nextafter", "perm",
    "ulp", "sumprod", "fma",
}  # fmt: skip


def test_every_name_of_math_is_there_or_said_not_to_be():
    missing = {name for name in MATH if not hasattr(ag, name)}
    assert missing <= NOT_DIFFERENTIABLE, missing - NOT_DIFFERENTIABLE


@pytest.mark.parametrize("name", sorted(set(MATH) - NOT_DIFFERENTIABLE - {"dist", "fsum", "prod"}))
@given(x=st.floats(-30, 30), y=st.floats(0.125, 30))
def test_a_name_of_math_gives_what_math_gives(name, x, y):
    known = getattr(math, name)
    if not callable(known):
        assert getattr(ag, name) is known or getattr(ag, name) == known
        return
    binary = name in ("atan2", "copysign", "fmod", "pow", "remainder", "hypot")
    for numbers in ((x, y), (y, x)) if binary else ((x,), (y,), (y / 31.0,)):
        try:
            expected = known(*numbers)
        except (ValueError, ArithmeticError) as failure:
            with pytest.raises((ValueError, ArithmeticError)):
                getattr(ag, name)(*map(Value, numbers))
            assert failure
            continue
        found = getattr(ag, name)(*map(Value, numbers))
        assert getattr(found, "data", found) == expected


def test_sums_and_distances_are_those_of_math():
    xs = [1e16, 1.0, -1e16, 0.1]
    values = [Value(x) for x in xs]
    out = ag.fsum(values)
    out.backward()
    assert out.data == math.fsum(xs) and [x.grad for x in values] == [1.0] * 4
    assert ag.dist([Value(1.0), 2.0], [4.0, Value(6.0)]).data == math.dist([1.0, 2.0], [4.0, 6.0])
    with pytest.raises(ValueError, match="dist of 1 and 2 coordinates"):
        ag.dist([1.0], [1.0, 2.0])


@pytest.mark.parametrize("number", [nan, inf, -inf, 0.0, 1.5, -1e308])
def test_questions_about_a_number_are_answered_as_math_does(number):
    for name in ("isnan", "isinf", "isfinite"):
        assert getattr(ag, name)(Value(number)) is getattr(math, name)(number)
        assert getattr(ag, name)(number) is getattr(math, name)(number)


NUMPY_UFUNCS = ["deg2rad", "rad2deg", "radians", "degrees", "trunc", "exp2"]


@pytest.mark.parametrize("name", NUMPY_UFUNCS)
def test_a_ufunc_of_numpy_finds_the_method(name):
    xs = np.array([Value(0.5), Value(-2.75)])
    assert [y.data for y in getattr(np, name)(xs)] == getattr(np, name)([0.5, -2.75]).tolist()


def test_numpy_agrees_where_it_has_the_function():
    for name, numbers in [
        ("logaddexp", (0.3, -1.2)), ("logaddexp2", (0.3, -1.2)), ("sinc", (0.3,)), ("fmod", (-7.5, 2.0)),
        ("heaviside", (-1.0, 0.5)), ("heaviside", (0.0, 0.5)), ("trunc", (-1.5,)),
    ]:  # fmt: skip
        assert getattr(ag, name)(*numbers) == pytest.approx(getattr(np, name)(*numbers), rel=4e-16)


# Methods, as their users spell them.


def test_methods_under_the_names_of_pytorch():
    x = Value(-2.5)
    assert x.clamp(min=-1.0).data == -1.0 and x.clamp(max=-3.0).data == -3.0
    assert x.clamp(-3.0, 3.0).data == -2.5 and x.abs().data == 2.5 and x.pow(2).data == 6.25
    assert (
        x.max(1.0).data == 1.0 and x.min(1.0, -4.0).data == -4.0 and x.swish().data == x.silu().data
    )
    bound = Value(1.0)
    bound.clamp(min=1.0).backward()
    assert bound.grad == 1.0  # as clip: a projected weight must be able to leave the bound


def test_every_function_of_one_operand_is_a_method():
    left_out = {"stop_gradient", "fsum", "isnan", "isinf", "isfinite", "relu"}
    for name in ag.__all__:
        row = getattr(ag, name)
        if isinstance(row, p.Primitive) and len(row.partials) == 1 and name not in left_out:
            spelled = {"absolute": "abs"}.get(name, name)
            assert hasattr(Value, spelled), name


@given(st.floats(-50, 50), st.floats(0.01, 50))
def test_divmod_and_trunc_are_those_of_python(x, y):
    whole, rest = divmod(Value(x), y)
    assert (whole.data, rest.data) == divmod(x, y)
    whole, rest = divmod(y, Value(x)) if x else divmod(y, Value(1.0))
    assert (whole.data, rest.data) == divmod(y, x or 1.0)
    assert math.trunc(Value(x)).data == math.trunc(x)


def test_a_logarithm_to_a_base_may_have_a_value_for_one():
    x, base = Value(8.0), Value(2.0)
    log(x, base).backward()
    assert x.grad == pytest.approx(1 / (8 * math.log(2)), rel=1e-15)
    assert base.grad == pytest.approx(-math.log(8) / (2 * math.log(2) ** 2), rel=1e-15)
    with pytest.raises(TypeError, match="log takes 1 operand, not 3"):
        log(x, 2, 3)
    assert ag.hypot(3.0, 4.0, 12.0) == math.hypot(3.0, 4.0, 12.0)


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=6))
def test_log_softmax_is_the_logarithm_of_softmax_with_all_digits(xs):
    values = [Value(x) for x in xs]
    outs = ag.log_softmax(values)
    with mp.workdps(700):
        total = mp.fsum(mp.exp(mp.mpf(x)) for x in xs)
        for i, (x, out) in enumerate(zip(xs, outs)):
            exact = -mp.log1p((total - mp.exp(mp.mpf(x))) / mp.exp(mp.mpf(x)))
            assert abs(out.data - exact) <= ALLOWED * abs(exact) + 1e-320
            for j, slope in enumerate(out.local_derivatives):
                share = mp.exp(mp.mpf(xs[j])) / total
                right = (total - mp.exp(mp.mpf(x))) / total if i == j else -share
                assert abs(slope - right) <= ALLOWED * abs(right) + 1e-320


# A choice between functions.


def test_only_the_branch_that_is_taken_runs():
    ran = []

    def branch(name, value):
        def run():
            ran.append(name)
            return value

        return run

    x = Value(2.0)
    assert where(x > 0, branch("yes", x), branch("no", 0.0)) is x
    assert where(x < 0, branch("never", x), 3.0).data == 3.0
    assert where(False, 1.0, branch("plain", 2.0)) == 2.0
    assert ran == ["yes", "plain"]


def test_a_branch_that_is_not_taken_raises_nothing_and_has_no_gradient():
    slope = grad(lambda x: where(x > 0, lambda: log(x), 0.0))
    assert (slope(0.0), slope(2.0), slope(-1.0)) == (0.0, 0.5, 0.0)
    assert grad(slope)(2.0) == -0.25


def test_the_kind_of_a_choice_does_not_depend_on_the_branch():
    for at in (0.0, 2.0):
        x = Value(at)
        out = (
            where(x > 0, lambda x=x: log(x), lambda: 0.0)
            if at
            else where(x > 0, lambda: log(x), 0.0)
        )
        assert isinstance(out, Value)
        out.backward()
        assert x.grad == (0.5 if at else 0.0)


def test_a_branch_that_returns_nothing_is_named():
    def forgetful():
        pass

    with pytest.raises(TypeError, match="the branch forgetful returned None"):
        where(True, forgetful, 1.0)


def test_a_recursion_is_eagerly_what_it_is_in_python():
    def power(x, n):
        return where(n > 0, lambda: x * power(x, n - 1), 1.0)

    assert grad(lambda x: power(x, 5))(2.0) == 80.0


@both_engines
def test_a_trace_records_both_branches_and_each_sample_takes_its_own(engine):
    w = Value(3.0)
    compiled = ag.compile(
        lambda x: where(x > 0, lambda: w * log(x), lambda: w - x), [w], (1.0,), engine=engine
    )
    assert compiled.value([1.0, -2.0, math.e]).tolist() == pytest.approx([0.0, 5.0, 3.0])
    slopes = compiled.per_sample_grad([1.0, -2.0, math.e])
    assert np.ravel(slopes).tolist() == pytest.approx([0.0, 1.0, 1.0])
    slopes = compiled.value_and_grad([0.5, -2.0], inputs=True)[2]
    assert slopes.tolist() == [3.0, -0.5]


@both_engines
def test_a_trace_of_a_recursion_in_a_branch_is_a_clear_error(engine):
    def sum_to(n):
        return where(n > 0, lambda: n + sum_to(n - 1), 0.0)

    assert sum_to(4.0) == 10.0
    with pytest.raises(RecursionError, match=f"{MOST_NESTED} branches of where .* retrace=True"):
        ag.compile(sum_to, example=(3.0,), engine=engine)


@both_engines
def test_a_plain_condition_in_a_trace_takes_its_branch(engine):
    def function(x, deep=True):
        return where(deep, lambda: x * 2, lambda: 1 / 0)

    assert ag.compile(function, example=(1.0,), engine=engine).value([3.0]).tolist() == [6.0]


@both_engines
@given(data=st.data())
def test_compiled_choices_of_functions_equal_the_eager_ones(engine, data):
    cut = data.draw(st.floats(-1, 1))

    def function(x):
        return where(
            x > cut, lambda: ag.sqrt(x - cut) + where(x > 1, lambda: log(x), x), lambda: x * x
        )

    xs = data.draw(st.lists(st.floats(-3, 3), min_size=1, max_size=5))
    compiled = compiled_once(function, engine, cut)
    assert compiled.value(xs).tolist() == pytest.approx([function(x) for x in xs], rel=1e-14)


def compiled_once(function, engine, cut):
    return ag.compile(function, example=(cut + 0.5,), engine=engine)


# Fractions stay exact.

fractions = st.fractions(-20, 20, max_denominator=12)
EXACT = {
    "abs": abs,
    "relu": p.relu,
    "leaky_relu": lambda x: p.leaky_relu(x, Fraction(1, 3)),
    "maximum of Values": lambda x: ag.maximum(x, 2 * x, x * x),
    "maximum of a number": lambda x: ag.maximum(x, 1),
    "minimum of Values": lambda x: ag.minimum(x, 2 * x, x * x),
    "minimum of a number": lambda x: ag.minimum(0, x),
    "clip": lambda x: p.clip(x, -1, 2),
    "clamp": lambda x: x.clamp(min=-1),
    "copysign": lambda x: p.copysign(x, -1.0),
    "mean": lambda x: p.mean([x, 2 * x, 1]),
    "where": lambda x: where(x > 0, x, 0),
    "relu6": ag.relu6,
    "sum": lambda x: p.total([x, x * x, 1]),
    "dot": lambda x: dot([x, 2], [x, x], 1),
}


@pytest.mark.parametrize("name", EXACT)
@given(x=fractions)
def test_a_fraction_stays_exact(name, x):
    leaf = Value(x)
    out = EXACT[name](leaf) ** 2 / 7 + leaf / 3
    assert type(out.data) is Fraction
    out.backward()
    assert type(leaf.grad) is Fraction or leaf.grad == 0
    (slope,) = gradients(out, [leaf])
    assert type(slope.data) is Fraction and slope.data == leaf.grad
    h = Fraction(1, 10**6)  # no kink of these is that near, but at it
    sides = [exact_value(name, x + s * h) - exact_value(name, x) for s in (1, -1)]
    if sides[0] and sides[1] and abs(sides[0] / h + sides[1] / h) < Fraction(1, 100):
        assert abs(leaf.grad - sides[0] / h) < Fraction(1, 10**3)


def exact_value(name, x):
    leaf = Value(x)
    return (EXACT[name](leaf) ** 2 / 7 + leaf / 3).data


def test_a_tie_of_three_fractions_is_shared_exactly():
    xs = [Value(Fraction(1, 2)) for _ in range(3)]
    ag.maximum(*xs).backward()
    assert [x.grad for x in xs] == [Fraction(1, 3)] * 3


def test_the_names_do_not_hide_pythons_own_in_the_module():
    assert ag.sum is not builtins.sum and ag.pow is p.power and ag.fabs is p.absolute
    assert (ag.pi, ag.e, ag.tau, ag.inf) == (math.pi, math.e, math.tau, inf) and math.isnan(ag.nan)
    with ieee():
        assert ag.logit(Value(1.0)).data == inf
