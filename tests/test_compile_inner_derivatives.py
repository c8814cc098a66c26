"""Derivatives taken inside compiled functions, and infinities: none is made, none is kept secret."""

import math
import random

import numpy as np
import pytest

import autograd
from autograd import (
    Value,
    clip,
    dot,
    exp,
    grad,
    gradients,
    hessian,
    jvp,
    log,
    maximum,
    relu,
    sigmoid,
    sin,
    sqrt,
    tanh,
    where,
)
from autograd.traced_adjoints import both, either
from testkit.inner_programs import InnerProgram, complaints
from testkit.kernels import sampled
from testkit.unwritten import unwritten_is_nan

both_engines = pytest.mark.parametrize("engine", ["llvm", "numpy"])
PROGRAMS = 40
TERMS = 256  # of a layer so large that the gradient of its weights is judged by their factors


@pytest.mark.parametrize(("engine", "number"), sampled(["numpy", "llvm"], range(PROGRAMS)))
def test_a_random_derivative_inside_compiled_code_is_that_of_the_eager_engine(engine, number):
    with np.errstate(all="ignore"):
        assert complaints(InnerProgram(number), engine) == []


@both_engines
def test_a_derivative_at_a_pole_of_the_branch_that_is_not_taken(engine):
    compiled = autograd.compile(
        lambda x: gradients(where(x >= 0, sqrt(x) * x, -x), [x])[0],
        example=(0.7,),
        finite=False,
        engine=engine,
    )
    assert compiled.value([-1.0, 1.0]).tolist() == [-1.0, 1.5]
    assert compiled.value_and_grad([-1.0, 1.0], inputs=True)[2].tolist() == [0.0, 0.375]


@both_engines
def test_a_sinc_and_its_derivatives(engine):
    def sinc(x):
        return where(abs(x) > 1e-3, sin(x) / x, 1 - x * x / 6)

    compiled = autograd.compile(
        lambda x: [grad(sinc)(x), grad(grad(sinc))(x), jvp(sinc, (x,), (1.0,))[1]],
        example=(0.7,),
        engine=engine,
    )
    first, second, along = compiled.value([0.0, 0.7])
    slope = math.cos(0.7) / 0.7 - math.sin(0.7) / 0.49
    assert first == pytest.approx([0.0, slope], rel=1e-13)
    assert along == pytest.approx([0.0, slope], rel=1e-13)
    curvature = -math.sin(0.7) / 0.7 - 2 * slope / 0.7
    assert second == pytest.approx([-1 / 3, curvature], rel=1e-12)


@both_engines
def test_losers_and_dead_units_have_no_second_derivative(engine):
    functions = [
        lambda x: relu(-sqrt(x) - 1) + x * x,
        lambda x: maximum(-sqrt(x), 1.0) + x * x,
        lambda x: clip(sqrt(x), 2.0, 3.0) + x * x,
        lambda x: maximum(x * x + 1, -sqrt(x)),
    ]
    for function in functions:
        compiled = autograd.compile(
            lambda x, f=function: [grad(f)(x), hessian(f)(x)], example=(0.25,), engine=engine
        )
        first, second = compiled.value([0.0, 0.25])
        assert first.tolist() == [0.0, 0.5]
        assert second.tolist() == [2.0, 2.0]


# Products that overflow in a branch that is not taken


def far_function(w):
    return lambda x: w * where(x * x < 1e300, x * x * x * x, x)


@both_engines
def test_a_product_that_overflows_in_a_branch_that_is_not_taken_makes_no_nan(engine):
    w = Value(2.0)
    compiled = autograd.compile(far_function(w), [w], (1.0,), engine=engine)
    value, gradient, slopes = compiled.value_and_grad([1.0, 1e200], inputs=True)
    assert value == 1e200
    assert gradient.tolist() == [5e199]
    assert slopes.tolist() == [4.0, 1.0]
    assert compiled.per_sample_grad([1.0, 1e200]).tolist() == [[1.0], [1e200]]
    many = np.ones(8200)
    many[-1] = 1e200
    value, gradient, slopes = compiled.value_and_grad(many, inputs=True)
    assert slopes.tolist() == [8.0 / 8200] * 8199 + [2.0 / 8200]


@both_engines
def test_a_step_over_such_a_product_is_taken(engine):
    w = Value(2.0)
    compiled = autograd.compile(
        lambda x: where(x < 1e100, dot([w] * 12, [x] * 12), w) ** 2, [w], (1.0,), engine=engine
    )
    assert compiled.descend([1e308, 1e308], step_size=0.25) == 4.0
    assert compiled.parameters.tolist() == [1.0]


@both_engines
@pytest.mark.parametrize("seed", range(6))
def test_such_a_product_at_the_border_of_a_branch_leaves_nothing_unwritten(engine, seed):
    draw = random.Random(seed)
    ws = [Value(round(draw.uniform(0.1, 1), 1)) for _ in range(9)]
    numbers = np.array([w.data for w in ws])

    def function(xs, z):
        total = dot(ws, xs)
        far = where(z * z < 1e300, z * z * z * z, 1.0)
        return far * total + 10 if total > 0.3 else far - total

    rows = np.round(np.random.default_rng(seed).uniform(-1, 1, (40, 9)), 1)
    rows[:, 0] += np.round((0.3 - rows @ numbers) / numbers[0], 6)
    zs = np.array([1.0, 1e200] * 20)
    total = rows @ numbers
    compiled = autograd.compile(function, ws, ([1.0] * 9, 1.0), engine=engine, retrace=True)
    with unwritten_is_nan():
        found = compiled.value(rows, zs)
        slopes = compiled.value_and_grad(rows, zs, inputs=True)[2][0] * 40
        each = compiled.per_sample_grad(rows, zs)
    assert np.minimum(abs(found - total - 10), abs(found - 1 + total)).max() < 1e-9
    assert np.minimum(abs(slopes - numbers), abs(slopes + numbers)).max() < 1e-9
    assert np.minimum(abs(each - rows), abs(each + rows)).max() < 1e-9


@both_engines
def test_missing_numbers_that_are_masked_leave_the_gradient_alone(engine):
    ws = [Value(0.5) for _ in range(20)]
    compiled = autograd.compile(
        lambda xs, known: where(known > 0, tanh(dot(ws, xs)), 0.25),
        ws,
        ([1.0] * 20, 1.0),
        engine=engine,
        finite=False,
    )
    rows = np.full((3, 20), 0.01)
    rows[1] = [math.inf, math.nan] * 10
    value, gradient = compiled.value_and_grad(rows, [1.0, 0.0, 1.0])
    assert value == pytest.approx((2 * math.tanh(0.1) + 0.25) / 3, rel=1e-14)
    assert gradient == pytest.approx([2 * 0.01 * (1 - math.tanh(0.1) ** 2) / 3] * 20, rel=1e-12)


@both_engines
def test_what_is_infinite_stays_infinite_where_that_may_pass(engine):
    w = Value(1.0)
    compiled = autograd.compile(
        lambda x: where(x >= 0, w * sqrt(x), w), [w], (1.0,), engine=engine, finite=False
    )
    _, gradient, slopes = compiled.value_and_grad([0.0, -1.0, 4.0], inputs=True)
    assert gradient.tolist() == [1.0]
    assert slopes.tolist() == [math.inf, 0.0, 0.25 / 3]


# What is checked under finite=True


@both_engines
def test_a_gradient_that_is_not_finite_is_an_error(engine):
    w, v = Value(1.0), Value(0.0)
    compiled = autograd.compile(lambda x: v + sqrt(w * x), [v, w], (1.0,), engine=engine)
    message = "gradient of sample 2 is not finite: by parameter 1 it is nan"
    with pytest.raises(FloatingPointError, match=message):
        compiled.value_and_grad([1.0, 2.0, 0.0, 3.0])
    with pytest.raises(FloatingPointError, match=message):
        compiled.per_sample_grad([1.0, 2.0, 0.0, 3.0])
    with pytest.raises(FloatingPointError, match=message):
        compiled.descend([1.0, 2.0, 0.0, 3.0], step_size=0.1)
    assert compiled.parameters.tolist() == [0.0, 1.0]
    assert compiled.value([1.0, 0.0]).tolist() == [1.0, 0.0]
    many = np.ones(9000)
    many[8500] = 0.0
    with pytest.raises(FloatingPointError, match="sample 8500"):
        compiled.value_and_grad(many)
    assert compiled.value_and_grad([1.0, 4.0])[1].tolist() == [1.0, 0.75]


@both_engines
def test_a_gradient_by_an_input_that_is_not_finite_is_an_error(engine):
    compiled = autograd.compile(lambda x, y: sqrt(x) + y, example=(1.0, 1.0), engine=engine)
    with pytest.raises(FloatingPointError, match="sample 1 is not finite: by input 0 it is inf"):
        compiled.value_and_grad([1.0, 0.0], [0.0, 0.0], inputs=True)
    assert compiled.value_and_grad([1.0, 0.0], [0.0, 0.0])[0] == 0.5


@both_engines
def test_a_large_gradient_is_checked_too(engine):
    rows = [[Value(0.0) for _ in range(TERMS)] for _ in range(TERMS)]
    compiled = autograd.compile(
        lambda xs, scale: sum(dot(row, xs) * scale for row in rows),
        [w for row in rows for w in row],
        ([1.0] * TERMS, 1.0),
        engine=engine,
    )
    xs = np.ones((3, TERMS))
    _, gradient = compiled.value_and_grad(xs, [1.0, 1.0, 4.0])
    assert (gradient == 2.0).all()
    xs[1] *= 1e200
    _, gradient = compiled.value_and_grad(xs, [3.0, 3e90, 3.0])  # large factors, finite products
    assert gradient == pytest.approx(1e290, rel=1e-12)
    with pytest.raises(
        FloatingPointError, match="sample 1 is not finite: by parameter 0 it is inf"
    ):
        compiled.value_and_grad(xs, [1.0, 1e150, 1.0])
    with pytest.raises(
        FloatingPointError, match="sample 1 is not finite: by parameter 0 it is inf"
    ):
        compiled.descend(xs, [1.0, 1e150, 1.0], step_size=1.0)
    assert not compiled.parameters.any()


@both_engines
def test_finite_results_whose_sum_is_infinite_are_an_error(engine):
    compiled = autograd.compile(lambda x: x, example=(1.0,), engine=engine, reduce="sum")
    assert compiled.value([1.5e308, 1.5e308]).tolist() == [1.5e308, 1.5e308]
    with pytest.raises(FloatingPointError, match="add up to is inf"):
        compiled.value_and_grad([1.5e308, 1.5e308])


ABSORBED = {
    "a quotient": lambda x: 1 / exp(x),
    "a hyperbolic tangent": lambda x: tanh(exp(x)),
    "a sigmoid": lambda x: sigmoid(x + exp(x)),
    "an exponential": lambda x: exp(-exp(x)),
    "a comparison": lambda x: where(exp(x) > 5, 1.0, x),
    "a branch": lambda x: 1.0 * x if exp(x) > 0.5 else 2.0 * x,
    "several": lambda x: sigmoid(1 / (x - 1000.0)) * x + tanh(log(1000.0 - x)),
}


@both_engines
@pytest.mark.parametrize("name", ABSORBED)
def test_an_infinity_that_an_operation_absorbs_is_an_error(engine, name):
    compiled = autograd.compile(ABSORBED[name], example=(1.0,), engine=engine)
    with pytest.raises((ValueError, ArithmeticError)):
        ABSORBED[name](Value(1000.0))
    for call in (compiled.value, compiled.value_and_grad, compiled.per_sample_grad):
        with pytest.raises(FloatingPointError, match="way to the result of sample 1 is not finite"):
            call([0.5, 1000.0])
    lenient = autograd.compile(ABSORBED[name], example=(1.0,), engine=engine, finite=False)
    with autograd.ieee():
        right = ABSORBED[name](Value(1000.0)).data
    assert lenient.value([0.5, 1000.0])[1] == right


@both_engines
def test_an_infinity_in_a_branch_that_is_not_taken_is_none_of_anybodys_business(engine):
    functions = [
        lambda x: where(x > 0, tanh(1 / x), 0.25),
        lambda x: where(x > 0, 1 / exp(1 / x), 0.25) + 0 * x,
        lambda x: where(x > 0, where(log(x) > -5, x, 2 * x), 0.25),
        lambda x: maximum(tanh(log(x)), 0.25) if x > 5 else where(x > 0, sigmoid(log(x)), 0.25),
    ]
    for function in functions:
        compiled = autograd.compile(function, example=(1.0,), engine=engine)
        assert compiled.value([0.0, 1.0])[0] == 0.25
        assert compiled.value_and_grad([0.0, 1.0], inputs=True)[2][0] == 0.0


@both_engines
@pytest.mark.parametrize("units", [1, 2, 3, 20])
def test_an_infinity_counts_if_any_of_the_units_that_use_it_is_on(engine, units):
    def function(s, xs):
        root = s**-0.5
        return tanh(sum(relu(x * root) for x in xs))

    compiled = autograd.compile(function, example=(1.0, [1.0] * units), engine=engine)
    off, one_on = -np.ones((2, units)), -np.ones((2, units))
    one_on[1, -1] = 1.0
    assert compiled.value([1.0, 0.0], off).tolist() == [0.0, 0.0]
    with pytest.raises(FloatingPointError, match="way to the result of sample 1 is not finite"):
        compiled.value([1.0, 0.0], one_on)


UNARY = [exp, log, sqrt, tanh, sigmoid, sin, lambda x: 1 / x, lambda x: -x, lambda x: x * x]
POINTS = (-1000.0, -2.0, -1.0, 0.0, 0.5, 1.0, 3.0, 1000.0)


@both_engines
@pytest.mark.parametrize("seed", range(15))
def test_compiled_code_raises_where_eager_code_does(engine, seed):
    """A random chain: an error, or a result that is not finite, is an error of the compiled one."""
    draw = random.Random(seed)
    chain = [draw.choice(UNARY) for _ in range(draw.randint(2, 5))]

    def function(x):
        y = x
        for step in chain:
            y = 0.5 * step(y) + 0.25 * x
        return y

    compiled = autograd.compile(function, example=(0.7,), engine=engine)
    for x in POINTS:
        try:
            right = function(Value(x)).data
        except (ValueError, ArithmeticError):
            right = math.nan
        if math.isfinite(right):
            assert compiled.value([x])[0] == pytest.approx(right, rel=1e-12)
        else:
            with pytest.raises(FloatingPointError, match="sample 0"):
                compiled.value([x])


def test_masks_that_are_plainly_false_or_the_same_need_no_node():
    """None of the others is: of two masks, each a node, there is a third."""
    one, other = Value(1.0), Value(0.0)
    assert both(False, one) is both(one, False) is False
    assert both(one, one) is either(one, one) is one
    assert either(False, one) is either(one, False) is one
    assert (both(one, other).data, either(one, other).data) == (0.0, 1.0)
    assert both(one, True).data == either(one, True).data == 1.0
