"""Claimed gradients of functions that are not ours: what passes, what does not, and what is said."""

import math
import random
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, absolute, relu, sin, tanh
from autograd import sum as total
from autograd.testing import (
    GradientMismatch,
    InconclusiveCheck,
    NonDifferentiablePoint,
    NotDeterministic,
    check_gradients,
    strategies,
)
from autograd.testing.mpmath_context import context
from autograd.testing.mpmath_functions import precise_functions

X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.3]])
Y = np.array([0.2, -0.4, 0.1])
W = np.array([0.3, -0.2])


def smooth(w):
    return np.mean((np.tanh(X @ w) - Y) ** 2)


def slopes(w):
    out = np.tanh(X @ w)
    return X.T @ (2 * (out - Y) * (1 - out**2)) / 3


def verdict(function, point, gradient, **options):
    """Return what the check says, with every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            check_gradients(function, point, gradient=gradient, **options)
        except Exception as error:
            return type(error).__name__
    return "right"


# The complex step is believed as far as the function is analytic.

REGULARISERS = {
    "abs": (lambda w: np.abs(w).sum(), np.sign),
    "norm": (np.linalg.norm, lambda w: w / np.linalg.norm(w)),
    "real": (lambda w: np.real(w).sum(), np.ones_like),
    ".real": (lambda w: w.real @ w.real, lambda w: 2 * w),
    "float": (lambda w: float(w[0]) ** 3, lambda w: np.array([3 * w[0] ** 2, 0.0])),
    "float64": (lambda w: np.float64(w[1]), lambda w: np.array([0.0, 1.0])),
    "astype": (lambda w: np.sum(w.astype(float) ** 2), lambda w: 2 * w),
    "conj": (lambda w: np.sum(w * np.conj(w)).real, lambda w: 2 * w),
    "vdot": (lambda w: np.vdot(w, w).real, lambda w: 2 * w),
    "abs squared": (lambda w: np.sum(np.abs(w) ** 2), lambda w: 2 * w),
    "std": (np.std, lambda w: (w - w.mean()) / (w.size * np.std(w))),
    "sqrt of abs": (
        lambda w: np.sqrt(np.abs(w)).sum(),
        lambda w: np.sign(w) / (2 * np.sqrt(np.abs(w))),
    ),
    "isrealobj": (lambda w: w.sum() if np.isrealobj(w) else 0.0, np.ones_like),
    "matrix norm": (
        lambda w: np.linalg.norm(np.outer(w, w)),
        lambda w: 2 * w,
    ),
}


@pytest.mark.parametrize("size", [1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("name", REGULARISERS)
def test_a_term_that_forgets_the_imaginary_part_counts(name, size):
    term, term_slopes = REGULARISERS[name]

    def loss(w):
        return smooth(w) + size * term(w)

    def gradient(w):
        return slopes(w) + size * term_slopes(w)

    assert verdict(loss, W, gradient) == "right"
    assert verdict(loss, W, slopes) == "GradientMismatch"


def test_a_function_that_is_analytic_is_judged_by_the_complex_step():
    report = check_gradients(smooth, W, gradient=slopes)
    assert {part.oracle for part in report.components} == {"complex step"}
    assert report.resolution < 2e-9


def test_a_modulus_that_is_constant_on_every_circle_is_a_kink():
    def bowl(x):
        return x + 1e-5 * abs(x - 0.7)

    assert verdict(bowl, 0.7, 1.0) == "NonDifferentiablePoint"
    assert verdict(bowl, 0.7 + 1e-4, 1.0 + 1e-5) == "right"


# Near 0, and where numbers are huge.


def softplus(x):
    return float(np.logaddexp(0, x))


def d_softplus(x):
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize("x", [5e-324, 1e-310, 1e-200, 1e-12, 1e-10, 1e-8, 1e-4, 1.0, -1e-9, 0.0])
def test_near_zero_a_fault_of_1e_6_is_caught(x):
    assert verdict(softplus, x, d_softplus) == "right"
    assert verdict(softplus, x, lambda x: d_softplus(x) * (1 + 1e-6)) == "GradientMismatch"


@pytest.mark.parametrize("x", [1e-300, 1e-150, 1e-10, 1.0, 1e10, 1e150, 1e300])
def test_steps_are_as_large_as_the_function_needs(x):
    def log(x):
        return float(np.log(x))

    assert verdict(log, x, lambda x: 1 / x) == "right"
    assert verdict(log, x, lambda x: (1 + 1e-6) / x) == "GradientMismatch"


# What differences cannot resolve.


@pytest.mark.parametrize("seed", range(20))
def test_a_fast_wave_is_not_overlooked(seed):
    k = 10 ** random.Random(seed).uniform(3, 12)

    def wave(x):
        return x + float(np.sin(k * x))

    assert verdict(wave, 0.3, 1.0) != "right"


@pytest.mark.parametrize("k", [1e2, 1e4, 1e6, 1e8])
@pytest.mark.parametrize("size", [1.0, 1e-4, 1e-8])
def test_a_small_fast_wave_is_not_overlooked(k, size):
    def wave(x):
        return x + size * float(np.sin(k * x))

    found = verdict(wave, 0.3, 1.0 + size * k * math.cos(k * 0.3))
    assert found in ("right", "InconclusiveCheck")
    if abs(size * k * math.cos(k * 0.3)) > 1e-6:
        assert verdict(wave, 0.3, 1.0) != "right"


@pytest.mark.parametrize(
    ("function", "slope", "fault"),
    [
        (lambda x: 1e8 + float(np.sin(3 * x)), lambda x: 3 * math.cos(3 * x), 1e-5),
        (lambda x: float(np.exp(np.float32(x))), math.exp, 1e-4),
        (lambda x: (1e6 + float(np.sin(x))) - 1e6, math.cos, 1e-5),
    ],
)
def test_a_fault_that_is_smaller_than_the_resolution_is_no_surprise(function, slope, fault):
    report = check_gradients(function, 0.7, gradient=slope)
    assert fault / 1000 < report.resolution < fault
    with pytest.raises(GradientMismatch):
        check_gradients(function, 0.7, gradient=lambda x: slope(x) * (1 + fault))


def test_steps_between_which_a_function_is_flat_are_inconclusive_for_either_slope():
    def stairs(x):
        return int(x * 1e7) / 1e7

    assert verdict(stairs, 0.30000003, 0.0) == "InconclusiveCheck"
    assert verdict(stairs, 0.30000003, 2.0) == "GradientMismatch"


@pytest.mark.parametrize("height", [1e7, 5.41e7, 1e8])
@pytest.mark.parametrize("offset", [1e-5, 1e-4, 3e-4, 1e-3, -3e-4])
def test_steps_near_the_top_of_a_function_are_not_taken_for_its_slope(height, offset):
    """Where steps are long, and the function bends by as much as it rises."""
    x = (1.0 - 1.179) / 1.79 + offset

    def wave(x):
        t = 1.79 * x + 1.179
        return 0.442 * t / (1.0 + t * t)

    def slope(x):
        t = 1.79 * x + 1.179
        return 1.79 * 0.442 * (1.0 - t * t) / (1.0 + t * t) ** 2

    found = verdict(lambda x: float((wave(x) + height) - height), x, slope)
    assert found in ("right", "InconclusiveCheck")
    assert verdict(lambda x: float((wave(x) + height) - height), x, slope(x) + 1e-2) != "right"


# The law: what is off by twice the resolution never passes.


@given(
    st.sampled_from([1e-16, 1e-12, 1e-9, 1e-6, 1e-4]),
    st.floats(0.1, 3.0),
    st.floats(-9.0, -1.0),
    st.sampled_from([-1, 1]),
)
def test_nothing_that_is_off_by_twice_the_resolution_passes(noise, x, exponent, sign):
    def noisy(x):
        return math.sin(x) * 2.0 + noise * (hash(x) % 1000 / 500 - 1)

    fault = sign * 10**exponent
    right = 2.0 * math.cos(x)
    try:
        report = check_gradients(noisy, x, gradient=right + fault * abs(right))
    except (GradientMismatch, InconclusiveCheck):
        return
    assert abs(fault) <= 2 * report.resolution + 1e-12 and report.resolution <= 1.01e-4


def test_every_verdict_states_its_resolution():
    report = check_gradients(softplus, 0.3, gradient=d_softplus)
    assert f"resolution {report.resolution:.1g}" in str(report)
    assert report.components[0].resolution == report.resolution > 0
    with pytest.raises(InconclusiveCheck) as caught:
        check_gradients(lambda x: int(math.sin(x) * 1e3) / 1e3, 0.7, gradient=math.cos)
    assert caught.value.components[0].resolution > 1e-4
    with pytest.raises(GradientMismatch) as caught:
        check_gradients(softplus, 0.3, gradient=0.1)
    assert caught.value.components[0].resolution < 1e-8


# Kinks, and functions that do not give the same twice.


@pytest.mark.parametrize(
    "function",
    [
        lambda t: abs(t) ** 2,
        lambda t: relu(t) ** 2,
        lambda t: t * absolute(t),
        lambda t: absolute(t) * sin(t),
    ],
)
def test_a_second_derivative_through_a_kink_is_called_a_kink(function):
    with pytest.raises(NonDifferentiablePoint, match="kink at"):
        check_gradients(function, 0.0, order=2)


def test_a_second_derivative_beside_a_kink_passes():
    check_gradients(lambda t: relu(t) ** 3, 0.0, order=2)
    check_gradients(lambda t: relu(t) ** 2, 1e-9, order=2)


def test_a_function_that_is_not_deterministic_is_called_so():
    source = random.Random(0)
    with pytest.raises(NotDeterministic, match="called twice"):
        check_gradients(lambda x: x * source.random(), 1.0, gradient=0.5)
    with pytest.raises(NotDeterministic, match="called twice"):
        check_gradients(lambda x: tanh(x) * source.random(), 1.0)
    with pytest.raises(NotDeterministic, match="gradient= is not deterministic"):
        check_gradients(softplus, 0.3, gradient=lambda x: d_softplus(x) + 1e-9 * source.random())


# What the messages say.


def test_without_mpmath_the_message_says_what_would_decide(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpmath", None)
    context.cache_clear()
    precise_functions.cache_clear()
    try:
        with pytest.raises(InconclusiveCheck, match=r'pip install "chainrule\[testing\]"'):
            check_gradients(lambda x, y: tanh(x) * y, 18.0, 2.0)
    finally:
        context.cache_clear()
        precise_functions.cache_clear()


def test_a_small_derivative_beside_a_large_one_is_helped_by_atol():
    def loss(x, y):
        return float(np.logaddexp(0, x)) + 1e-11 * float(np.logaddexp(0, y))

    def gradient(x, y):
        return d_softplus(x), 1e-11 * d_softplus(y)

    with pytest.raises(InconclusiveCheck, match="small beside the largest derivative.*atol="):
        check_gradients(loss, 0.3, 0.4, gradient=gradient)
    check_gradients(loss, 0.3, 0.4, gradient=gradient, atol=1e-12)


def test_claims_in_single_precision_are_recognised():
    with pytest.raises(GradientMismatch, match="precision of float32: rtol=1e-5"):
        check_gradients(smooth, W, gradient=slopes(W).astype(np.float32))
    check_gradients(smooth, W, gradient=slopes(W).astype(np.float32), rtol=1e-5)


def test_arguments_are_called_by_their_names():
    def power(y, x):
        return x**y

    with pytest.raises(GradientMismatch, match="\n  x: "):
        check_gradients(
            power, 2.0, 3.0, gradient=lambda y, x: (x**y * math.log(x), 2 * y * x ** (y - 1))
        )

    def affine(params, *rows, scale):
        return float(params["w"] @ rows[0] + params["b"])

    with pytest.raises(GradientMismatch, match=r"rows\[0\]\[1\]: 9"):
        check_gradients(
            lambda params, *rows: affine(params, *rows, scale=1.0),
            {"w": np.array([1.0, 2.0]), "b": 0.5},
            np.array([0.3, 0.4]),
            gradient=lambda params, row: ({"w": row, "b": 1.0}, np.array([1.0, 9.0])),
        )


# Many inputs.


def counted(function):
    def count(*args):
        count.calls += 1
        return function(*args)

    count.calls = 0
    return count


def test_random_directions_take_as_many_evaluations_for_many_inputs_as_for_few():
    calls = []
    for n in (10, 10_000):
        a = np.linspace(0.5, 1.5, n)
        loss = counted(lambda w, a=a: float(np.tanh(a * w).sum()))
        w = np.linspace(-1.0, 1.0, n)
        report = check_gradients(
            loss, w, gradient=lambda w, a=a: a / np.cosh(a * w) ** 2, directions="random"
        )
        calls.append(loss.calls)
        assert report.directions == 8 and 1.9 < report.taylor_slope < 3.1
        assert "may miss" in str(report) and "Taylor" in str(report)
    assert abs(calls[1] - calls[0]) < 400 and max(calls) < 1000


def test_random_directions_find_one_fault_among_thousands_and_the_argument_that_has_it():
    n = 2000
    point = (np.linspace(-1.0, 1.0, n), np.linspace(0.1, 0.9, 50))

    def loss(w, b):
        return float(np.tanh(w).sum() + np.exp(b).sum())

    def faulty(w, b):
        by_w = 1 - np.tanh(w) ** 2
        by_w[777] *= 1.001
        return by_w, np.exp(b)

    with pytest.raises(GradientMismatch, match="these disagree: w; these agree: b"):
        check_gradients(loss, *point, gradient=faulty, directions=3)


@pytest.mark.parametrize("directions", [0, -1, True, "some", 1.5])
def test_directions_that_mean_nothing_are_refused(directions):
    with pytest.raises(ValueError, match="directions="):
        check_gradients(softplus, 0.3, gradient=d_softplus, directions=directions)


def test_many_inputs_of_a_recorded_function_take_few_runs_in_slow_arithmetic():
    def loss(xs):
        loss.calls += 1
        return total([tanh(x) * 0.5 for x in xs])

    loss.calls = 0
    xs = [0.01 * k for k in range(1, 101)]
    report = check_gradients(loss, xs)
    assert loss.calls < 14 and report.components[0].oracle == "mpmath"
    wrong = [0.5 / math.cosh(x) ** 2 for x in xs]
    wrong[61] *= 1 + 4e-9
    with pytest.raises(GradientMismatch, match=r"xs\[61\]"):
        check_gradients(loss, xs, gradient=wrong)


def test_a_kink_of_one_of_many_inputs_is_found():
    xs = [0.01 * k for k in range(-50, 51)]
    with pytest.raises(NonDifferentiablePoint, match=r"xs\[50\]"):
        check_gradients(lambda xs: total([absolute(x) for x in xs]), xs)
    check_gradients(lambda xs: total([absolute(x) for x in xs]), [x + 0.001 for x in xs])


# What a gradient and a domain may be.


def test_a_gradient_may_be_the_value_itself():
    assert verdict(lambda x: x**3, 2.0, 12.0) == "right"
    assert verdict(lambda w: float(w @ w), W, 2 * W) == "right"
    assert verdict(lambda p: p["a"] * p["b"], {"a": 2.0, "b": 3.0}, {"b": 2.0, "a": 3.0}) == "right"
    assert verdict(lambda x: x**3, 2.0, Value(12.0)) == "right"


@given(strategies.numbers((1000.0, 2000.0)), strategies.numbers((-2e9, -1e9)))
def test_numbers_of_a_domain_far_from_zero(x, y):
    assert 1000.0 < x < 2000.0 and -2e9 < y < -1e9


def test_a_claim_is_computed_as_often_for_many_outputs_as_for_one():
    def slopes(x):
        slopes.calls += 1
        return [[math.cos(x + k)] for k in range(5)]

    slopes.calls = 0
    check_gradients(lambda x: [float(np.sin(x + k)) for k in range(5)], 0.3, gradient=slopes)
    assert slopes.calls == 6  # at the point, there again, and at four next to it


# Programs that iterate, that look at types, that keep what they were called with.


def logistic_map(r):
    x = 0.3
    for _ in range(40):
        x = r * x * (1 - x)
    return x


def test_a_program_that_iterates_is_not_measured_by_a_path_sum_that_explodes():
    report = check_gradients(logistic_map, 2.7)
    right = report.components[0].claimed
    assert abs(right - 0.1371766989) < 1e-9
    for wrong in (-7.0, 0.5, 2 * right, right * (1 + 1e-5)):
        assert verdict(logistic_map, 2.7, wrong) == "GradientMismatch"


def test_a_recurrent_network_by_hand_is_judged_to_a_thousandth():
    rng = np.random.default_rng(0)
    w = rng.normal(size=(8, 8))
    w *= 0.9 / max(abs(np.linalg.eigvals(w)))
    u = 0.3 * rng.normal(size=8)

    def loss(u):
        h = np.zeros(8)
        for _ in range(30):
            h = np.tanh(w @ h + u)
        return (h**2).sum()

    def gradient(u, factor=1.0):
        states = [np.zeros(8)]
        for _ in range(30):
            states.append(np.tanh(w @ states[-1] + u))
        flow, found = 2 * states[-1], np.zeros(8)
        for h in states[:0:-1]:
            flow = flow * (1 - h * h)
            found += flow
            flow = w.T @ flow
        return factor * found

    assert verdict(loss, u, gradient) == "right"
    assert verdict(loss, u, lambda u: gradient(u, 1.001)) == "GradientMismatch"


@pytest.mark.parametrize("x", [1.0, 1.5])
def test_a_function_that_looks_at_types_is_judged_on_floats(x):
    def squared(v):
        return v * v if isinstance(v, float) else v**3

    assert verdict(squared, x, lambda v: 2 * v) == "right"
    assert verdict(squared, x, lambda v: 3 * v * v) == "GradientMismatch"


def test_a_layer_that_keeps_its_input_for_the_backward_pass():
    class Layer:
        def forward(self, x):
            self.x = x
            return (np.tanh(x) ** 2).sum()

        def backward(self, *_):
            out = np.tanh(self.x)
            return 2 * out * (1 - out * out)

    layer = Layer()
    assert verdict(layer.forward, np.array([1.0, 2.0]), layer.backward) == "right"


def test_numpy_may_raise_on_everything():
    def rosenbrock(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)

    with np.errstate(all="raise"):
        assert verdict(rosenbrock, np.zeros(3), [-2.0, -2.0, 0.0]) == "right"


# Numbers of float32, NaN, and settings.


def test_arguments_of_float32():
    x = np.array([0.1, 0.2, 0.3], np.float32)
    report = check_gradients(lambda x: np.exp(x).sum(), x, gradient=np.exp)
    assert 1e-8 < report.resolution < 1e-5
    assert verdict(lambda x: np.exp(x).sum(), x, lambda x: np.exp(x) * 1.0001) != "right"


@pytest.mark.parametrize("claim", [math.nan, math.inf])
def test_a_claim_that_is_no_number_is_wrong(claim):
    assert verdict(lambda x: x * x, 1.0, lambda x: claim) == "GradientMismatch"


def test_what_the_caller_tolerates_passes():
    assert verdict(softplus, 0.3, lambda x: d_softplus(x) * 1.0009, rtol=1e-3) == "right"
    assert verdict(softplus, 0.3, lambda x: d_softplus(x) * 1.002, rtol=1e-3) == "GradientMismatch"
    for name in ("rtol", "atol"):
        assert verdict(softplus, 0.3, d_softplus, **{name: -1.0}) == "ValueError"


# Zeros: of a flat function, of an even one, of one whose slope vanishes to third order.


@pytest.mark.parametrize(
    "function",
    [
        lambda x: 5.0,
        lambda x: float(np.cos(x)),
        lambda x: float(np.sin(x)) ** 3,
        lambda x: float(np.arctan(x)) ** 3 + 1.0,
        lambda x: float(np.tanh(x)) ** 2,
    ],
)
def test_a_gradient_that_is_zero_is_right_where_it_is(function):
    assert verdict(function, 0.0, 0.0) == "right"
    assert verdict(function, 0.0, 1e-9) == "GradientMismatch"


def test_a_vanishing_gradient_is_not_zero():
    assert verdict(lambda x: float(np.tanh(x)), 18.0, 0.0) == "InconclusiveCheck"
    assert verdict(lambda x: float(1.0 + x**4), 2e-11, 3.2e-32) == "InconclusiveCheck"


@pytest.mark.parametrize("f", [np.sign, np.cbrt, lambda x: np.sign(x) * np.abs(x) ** 0.3])
def test_an_infinite_slope_is_a_kink(f):
    assert verdict(lambda x: float(f(x)), 0.0, 0.0) == "NonDifferentiablePoint"


def test_where_a_function_ends_there_is_no_derivative():
    with pytest.raises(NonDifferentiablePoint, match="not defined on both sides of 0.0, along x"):
        check_gradients(lambda x: float(np.sqrt(x)), 0.0, gradient=math.inf)


def test_a_power_slightly_above_1_is_no_kink():
    assert verdict(lambda x: float(np.abs(x)) ** 1.1, 0.0, 0.0) == "InconclusiveCheck"


def test_a_kink_along_random_directions_is_called_one():
    w = np.r_[0.0, 1.0, 2.0, 3.0]
    with pytest.raises(NonDifferentiablePoint, match="direction"):
        check_gradients(lambda w: np.abs(w).sum(), w, gradient=np.sign, directions="random")


def test_what_a_large_term_hides_next_to_zero_is_inconclusive():
    def loss(a, b):
        return math.lgamma(a) + b * b + 0 * float(a)

    with pytest.raises(InconclusiveCheck):
        check_gradients(loss, 1e-10, 1e9, gradient=(-1e10, 2e9))


# What a function may not do.


def test_a_function_that_cannot_be_called_with_floats_says_what_to_do():
    with pytest.raises(TypeError, match="close over labels, indexes and flags"):
        check_gradients(
            lambda w, y: w[y].sum(),
            np.array([1.0, 2.0]),
            np.array([1, 0]),
            gradient=lambda w, y: (np.ones(2), np.zeros(2)),
        )
    with pytest.raises(TypeError, match="returned None, which is no real number"):
        check_gradients(lambda x: None, 1.0, gradient=1.0)


def test_real_data_take_seconds_and_not_minutes():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 12))
    y = np.sign(x[:, 0] + 0.1)
    calls = []

    def hinge(w):
        calls.append(type(w.flat[0]))
        return np.maximum(0.0, 1.0 - y * (x @ w)).mean() + 0.01 * w @ w

    def gradient(w):
        inside = (y * (x @ w) < 1.0)[:, None]
        return -(x * y[:, None] * inside).mean(axis=0) + 0.02 * w

    assert verdict(hinge, rng.normal(size=12), gradient) == "right"
    slow = [kind for kind in calls if kind not in (np.float64, np.complex128, float)]
    assert len(slow) < 12
