"""Compiled functions against the eager engine, on random graphs and at the edges."""

import math
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    Value,
    clip,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    maximum,
    no_grad,
    primitive,
    relu,
    softmax,
    sqrt,
    tanh,
    where,
)
from autograd import primitives as p
from autograd.compile import Compiled, GuardError
from autograd.compile.batches import parts_of
from autograd.compile.compiled import MIN_SAMPLES_SLICED
from nn import MLP, TwoLayerNetwork, mse_loss
from testkit.floats import U
from testkit.kernels import seldom
from testkit.random_graphs import everyday, graphs, path_sum, tied

pytest.importorskip("llvmlite")
from autograd.compile.machine.threads import ThreadTeam  # noqa: E402

ENGINES = ["llvm", "numpy"]
LANES = [1, 2, 7, 64, 1000]
both_engines = pytest.mark.parametrize("engine", ENGINES)
points = st.tuples(everyday, everyday, everyday)


def eager(function, parameters, batch, seed=1.0):
    """Return values, gradient by the parameters, gradients by the inputs, and their path sums."""
    values, slopes, slope_sums = [], [], []
    gradient, sums = np.zeros(len(parameters)), np.zeros(len(parameters))
    nodes = 0
    for sample in batch:
        xs = [Value(float(x)) for x in sample]
        for w in parameters:
            w.zero_grad()
        root = function(xs)
        root.backward(seed)
        paths, nodes = path_sum(root)
        values.append(root.data)
        slopes.append([x.grad for x in xs])
        slope_sums.append([seed * paths.get(x, 0.0) for x in xs])
        gradient += [w.grad for w in parameters]
        sums += [seed * paths.get(w, 0.0) for w in parameters]
    return np.array(values), gradient, np.array(slopes), sums, np.array(slope_sums), nodes


def assert_equal_to_eager(function, parameters, batch, engine, **settings):
    """Hold values, gradients and gradients by the inputs to 16 (n + 8) u of the path sum."""
    batch = np.asarray(batch, float)
    compiled = autograd.compile(
        function, parameters, (batch[0].tolist(),), engine=engine, reduce="sum", **settings
    )
    values, gradient, slopes, sums, slope_sums, nodes = eager(function, parameters, batch)
    share = 16 * (nodes + 8) * U
    found, by_parameters, by_inputs = compiled.value_and_grad(batch, inputs=True)
    size = np.abs(values) + np.abs(slope_sums * batch).sum(1) + 1.0
    assert (np.abs(compiled.value(batch) - values) <= share * size).all()
    assert abs(found - values.sum()) <= share * len(batch) * size.sum()
    assert (np.abs(by_parameters - gradient) <= share * len(batch) * sums).all()
    assert (np.abs(by_inputs - slopes) <= share * slope_sums).all()
    return compiled


# Random graphs


@pytest.mark.parametrize("lanes", LANES[:4])
@both_engines
@settings(max_examples=12)
@given(program=graphs, numbers=points)
def test_a_random_graph_compiled_equals_the_eager_one(engine, lanes, program, numbers):
    w = Value(numbers[0])
    batch = [(numbers[1] + i / 8, numbers[2] - i / 16) for i in range(lanes)]
    assert_equal_to_eager(lambda xs: tied(program, [w, *xs]), [w], batch, engine)


@both_engines
@pytest.mark.parametrize("lanes", LANES)
def test_a_network_compiled_equals_the_eager_one(engine, lanes):
    network = MLP(3, [5, 4, 1], activation="tanh", seed=1)
    batch = np.random.default_rng(0).normal(size=(lanes, 3))
    assert_equal_to_eager(lambda xs: network(xs) ** 2, network.parameters(), batch, engine)


@settings(max_examples=30)
@given(program=graphs, numbers=points)
def test_values_of_single_operations_have_the_bits_of_the_eager_engine(program, numbers):
    def function(xs):  # every result is asked for, so that none becomes part of a dot
        return results(program, xs)

    outputs = function([Value(x) for x in numbers])
    compiled = autograd.compile(function, example=(list(numbers),), engine="llvm", functions="libm")
    found = compiled.value([numbers])
    inexact = {p.logsumexp, p.softmax_of, p.inner_product, p.mean}
    tainted = set()
    for x, y in zip(found, outputs):
        if y.op in inexact or not tainted.isdisjoint(y.operands):
            tainted.add(y)
        else:
            assert x[0] == y.data or (math.isnan(x[0]) and math.isnan(y.data))


def results(program, inputs):
    from testkit.random_graphs import run

    return run(program, inputs)


@both_engines
def test_float32_is_right_to_its_own_precision(engine):
    network = MLP(3, [8, 1], seed=2)
    parameters = network.parameters()
    batch = np.random.default_rng(1).normal(size=(16, 3))
    _, gradient, _, sums, _, _ = eager(lambda xs: network(xs) ** 2, parameters, batch)
    compiled = autograd.compile(
        lambda xs: network(xs) ** 2,
        parameters,
        ([0.0] * 3,),
        engine=engine,
        dtype="float32",
        reduce="sum",
    )
    _, found = compiled.value_and_grad(batch)
    assert found.dtype == np.float32 == compiled.parameters.dtype
    assert (np.abs(found - gradient) <= 100 * 2.0**-24 * sums).all()


# Structure: what is found


def test_scalar_code_becomes_matrices():
    network = TwoLayerNetwork(64, 32, 10)
    compiled = autograd.compile(
        lambda x, y: mse_loss(network(x), y), network.parameters(), ([0.0] * 64, [0.0] * 10)
    )
    text = compiled.explain()
    assert "32 neurons over 64 inputs = one 32 x 64 matrix" in text
    assert "10 neurons over 32 inputs = one 10 x 32 matrix" in text


def test_a_square_needs_no_power():
    w = Value(3.0)
    compiled = autograd.compile(lambda x: x**2 + w**2.0 + x**1 + x**3, [w], (2.0,))
    listing = compiled.source()
    assert listing.count("**") == 1 and listing.count("square") == 2
    value, gradient, slopes = compiled.value_and_grad([2.0], inputs=True)
    assert (value, gradient.tolist(), slopes.tolist()) == (23.0, [6.0], [17.0])


def test_sums_of_products_are_the_same_matrix_as_dots():
    rng = np.random.default_rng(3)
    rows = [[Value(x) for x in row] for row in rng.normal(size=(6, 5)).tolist()]
    parameters = [w for row in rows for w in row]

    def written_out(xs):
        return [sum(w * x for w, x in zip(row, xs)) for row in rows]

    def with_dot(xs):
        return [autograd.dot(row, xs) for row in rows]

    texts = [
        autograd.compile(f, parameters, ([0.5] * 5,)).source() for f in (written_out, with_dot)
    ]
    assert texts[0] == texts[1] and "as 6 x 5 @" in texts[0]


@both_engines
def test_one_layer_at_many_positions_is_one_product(engine):
    rows = [[Value(0.1 * (i - k)) for k in range(8)] for i in range(4)]
    parameters = [w for row in rows for w in row]

    def function(xs):
        total = 0.0
        for t in range(3):
            hidden = [tanh(sum(w * x for w, x in zip(row, xs[t * 8 : t * 8 + 8]))) for row in rows]
            total = total + sum(h * h * (t + 1) for h in hidden)
        return total

    batch = np.random.default_rng(4).normal(size=(9, 24))
    compiled = assert_equal_to_eager(function, parameters, batch, engine)
    assert "4 x 8 matrix, at 3 positions" in compiled.explain()


@pytest.mark.parametrize("lanes", [1, 3, 20])
@both_engines
def test_weights_in_any_order_and_stride_are_multiplied_rightly(engine, lanes):
    rng = np.random.default_rng(5)
    flat = [Value(x) for x in rng.normal(size=12 * 11).tolist()]
    transposed = [[flat[k * 11 + i] for k in range(12)] for i in range(11)]
    shuffled = [[flat[(7 * i + 5 * k + i * k) % 132] for k in range(12)] for i in range(11)]
    batch = rng.normal(size=(lanes, 12))
    for rows in (transposed, shuffled):

        def function(xs, rows=rows):
            hidden = [tanh(autograd.dot(row, xs)) for row in rows]
            return autograd.dot(hidden, hidden)

        assert_equal_to_eager(function, flat, batch, engine)


def test_what_is_computed_twice_is_computed_once():
    compiled = autograd.compile(lambda x: tanh(x) * tanh(x) + tanh(x), example=(1.0,))
    assert compiled.source().count("tanh") == 1


def test_what_no_output_needs_is_not_computed():
    def function(x):
        exp(x)
        return x * 2.0

    assert "exp" not in autograd.compile(function, example=(1.0,)).source()


@pytest.mark.parametrize("engine", ["llvm", *seldom("numpy")])
def test_a_chain_of_100_000_operations_compiles(engine):
    def function(x):
        for _ in range(50_000):
            x = (x * 0.5).sin()
        return x

    compiled = autograd.compile(function, example=(1.0,), engine=engine)
    assert compiled.value([0.3, 0.7]).shape == (2,)


# Conventions: structural zeros are per sample


@both_engines
def test_a_branch_not_taken_has_no_slope_in_any_sample(engine):
    compiled = autograd.compile(
        lambda x: where(x > 0, log(abs(x)), 0.0), example=(1.0,), engine=engine, reduce="sum"
    )
    value, _, slopes = compiled.value_and_grad([0.0, 2.0, -1.0], inputs=True)
    assert value == math.log(2.0) and slopes.tolist() == [0.0, 0.5, 0.0]


def cut_off_sum(x):  # below the branch a sum, a product and a matrix stand above the logarithm
    rows = [autograd.dot([0.5, -1.0, 2.0], [log(x), x, log(x) * x]) for _ in range(2)]
    return where(x > 0, sum(rows) * 2.0 - rows[0], x * 1.0)


def cut_off_layer(x):
    inner = [log(x), sqrt(x), 1 / x, x**-0.5, x, 2 * x, 3 * x, x]
    layer = [sum(w * (i + 1) * y for w, y in zip(scales, inner)) for i in range(3)]
    return sum(where(x > 0, y, 0.0) for y in layer) + x


def cut_off_twice(x):
    return relu(where(x > 0, autograd.prod([log(x), x, 3.0]), -1.0)) + maximum(
        where(x < 0, (-x).log(), -5.0), x, -7.0 * x
    )


scales = [Value(0.25 * (k - 2)) for k in range(8)]


@both_engines
@pytest.mark.parametrize("function", [cut_off_sum, cut_off_layer, cut_off_twice])
def test_no_infinite_slope_is_multiplied_by_an_adjoint_that_is_not_there(engine, function):
    points = [0.0, 2.0, -0.0, 1.0, 0.5]
    compiled = autograd.compile(function, scales, (1.0,), engine=engine, reduce="sum", finite=False)
    slopes = compiled.value_and_grad(points, inputs=True)[2]
    for x, slope in zip(points, slopes):
        leaf = Value(x)
        with autograd.ieee():
            function(leaf).backward()
        assert slope == pytest.approx(leaf.grad, rel=1e-13), x


@both_engines
def test_what_has_no_adjoint_in_a_sample_has_a_slope_of_plus_zero(engine):
    compiled = autograd.compile(
        lambda x, y: where(x > 0, log(y), 0.0), example=(1.0, 1.0), engine=engine
    )
    slopes = compiled.value_and_grad([-1.0], [0.0], inputs=True)[2]
    assert [math.copysign(1.0, s[0]) for s in slopes] == [1.0, 1.0]
    assert slopes[0][0] == slopes[1][0] == 0.0


@both_engines
def test_a_numeric_zero_is_not_skipped(engine):
    compiled = autograd.compile(lambda x: sqrt(x) ** 2, example=(1.0,), engine=engine, finite=False)
    slopes = compiled.value_and_grad([0.0], inputs=True)[2]
    assert math.isnan(slopes[0])


@both_engines
def test_winners_and_ties_are_those_of_each_sample(engine):
    def function(x, y, z):
        return maximum(x, y, z) + clip(x, 0.0, 1.0) + relu(y) + abs(z) + maximum(x, 0.0)

    triples = [
        (1.0, 1.0, 1.0),
        (0.0, 0.0, -1.0),
        (2.0, 3.0, 2.0),
        (0.0, -1.0, 0.0),
        (5.0, 5.0, 1.0),
    ]
    compiled = autograd.compile(function, example=(1.0, 2.0, 3.0), engine=engine, reduce="sum")
    found = np.array(compiled.value_and_grad(*np.array(triples).T, inputs=True)[2]).T
    for point, slopes in zip(triples, found):
        assert slopes == pytest.approx(grad(function, (0, 1, 2))(*point), rel=1e-15)


# Guards


def leaky(x):
    return x * 2.0 if x > 0 else x * 0.5


@both_engines
def test_a_sample_that_branches_otherwise_is_an_error_that_says_where(engine):
    compiled = autograd.compile(leaky, example=(1.0,), engine=engine)
    assert compiled.value([1.0, 3.0]).tolist() == [2.0, 6.0]
    with pytest.raises(
        GuardError, match=r"sample 1 .*test_compile\.py:\d+, input 0 \(1\) > 0"
    ) as e:
        compiled.value_and_grad([1.0, -3.0])
    assert "was True, and is False where the inputs are -3" in str(e.value)


@both_engines
@given(st.lists(st.floats(-2, 2), min_size=1, max_size=70))
@settings(max_examples=20)
def test_guards_never_miss(engine, numbers):
    compiled = autograd.compile(leaky, example=(1.0,), engine=engine)
    if all(x > 0 for x in numbers):
        assert compiled.value(numbers).tolist() == [2 * x for x in numbers]
    else:
        first = next(i for i, x in enumerate(numbers) if not x > 0)
        with pytest.raises(GuardError, match=rf"^sample {first} "):
            compiled.value(numbers)


@both_engines
def test_a_parameter_that_changes_sides_is_noticed(engine):
    w = Value(1.0, name="w")
    compiled = autograd.compile(lambda x: x * leaky(w), [w], (1.0,), engine=engine)
    compiled.parameters[0] = -1.0
    with pytest.raises(GuardError, match=r"w \(1\) > 0"):
        compiled.value([1.0])


@both_engines
def test_nan_is_on_neither_side_of_a_comparison(engine):
    compiled = autograd.compile(leaky, example=(1.0,), engine=engine, finite=False)
    with pytest.raises(GuardError):
        compiled.value([math.nan])


@both_engines
def test_every_branch_is_traced_when_asked(engine):
    def function(x, y):
        return leaky(x) * w if y < x else leaky(y) - w

    w = Value(1.5)
    xs, ys = np.random.default_rng(6).normal(size=(2, 50))
    compiled = autograd.compile(function, [w], (1.0, 0.5), engine=engine, retrace=True)
    expected = [function(x, y) for x, y in zip(xs.tolist(), ys.tolist())]
    assert compiled.value(xs, ys).tolist() == [y.data for y in expected]
    value, gradient, slopes = compiled.value_and_grad(xs, ys, inputs=True)
    each = compiled.per_sample_grad(xs, ys)[:, 0]
    w.zero_grad()
    for y in expected:
        y.backward()
    assert gradient[0] * 50 == pytest.approx(w.grad, rel=1e-14)
    assert each.sum() == pytest.approx(w.grad, rel=1e-14)
    pairs = zip(xs.tolist(), ys.tolist())
    with no_grad():
        derivatives = np.array([grad(function, (0, 1))(*pair) for pair in pairs])
    assert np.allclose(np.array(slopes).T * 50, derivatives, rtol=1e-13)


def test_a_function_that_always_branches_anew_is_told_so():
    compiled = autograd.compile(counting, example=(0.5,), retrace=True, engine="numpy")
    assert compiled.value([0.5, 2.5, 7.25]).tolist() == [0.0, 2.0, 7.0]
    with pytest.raises(GuardError, match="64 traces do not cover this batch.*where, maximum"):
        compiled.value(np.arange(100) + 0.5)


def counting(x):
    n = 0.0
    while n + 1.0 <= x:
        n += 1.0
    return n + x * 0.0


def test_where_and_comparisons_as_numbers_need_no_guard():
    compiled = autograd.compile(
        lambda x: (x > 0) * x + where(x <= 1, x, 1.0) + maximum(x, 0.5) + clip(x, 0, 1),
        example=(1.0,),
    )
    assert "0 branches" in compiled.explain()
    assert compiled.value([-1.0, 2.0]).tolist() == [-1.0 + 0.5, 2.0 + 1.0 + 2.0 + 1.0]


# Higher derivatives


def curved(x):
    return (
        relu(x[0]) * x[1] ** 3
        + tanh(x[0] * x[1])
        + maximum(x[0], x[1]) * x[0]
        + abs(x[1]) * x[0]
        + clip(x[0], -1.0, 1.0) * x[1]
        + where(x[0] > 0, log(abs(x[0]) + 1), 0.0) * x[1] ** 2
        + softmax([x[0], x[1], x[0] * x[1]])[1]
    )


@both_engines
def test_a_hessian_compiles_and_holds_on_every_side_of_the_kinks(engine):
    batch = np.random.default_rng(7).normal(size=(40, 2)) * 2
    compiled = autograd.compile(hessian(curved), example=([0.3, 0.4],), engine=engine)
    found = np.array(compiled.value(batch)).transpose(2, 0, 1)
    expected = np.array([hessian(curved)(x) for x in batch.tolist()])
    assert np.allclose(found, expected, rtol=1e-12, atol=1e-12)


@both_engines
def test_products_with_hessians_and_forward_mode_compile(engine):
    batch, along = np.random.default_rng(8).normal(size=(2, 9, 2))
    product = autograd.compile(
        lambda x, v: hvp(curved, (x,), (v,))[0], example=([0.3, 0.4], [1.0, 2.0]), engine=engine
    )
    expected = [hvp(curved, (x,), (v,))[0] for x, v in zip(batch.tolist(), along.tolist())]
    assert np.allclose(np.array(product.value(batch, along)).T, expected, rtol=1e-12, atol=1e-12)
    forward = autograd.compile(
        lambda x, v: jvp(curved, (x,), (v,))[1], example=([0.3, 0.4], [1.0, 2.0]), engine=engine
    )
    expected = [jvp(curved, (x,), (v,))[1] for x, v in zip(batch.tolist(), along.tolist())]
    assert np.allclose(forward.value(batch, along), expected, rtol=1e-12, atol=1e-12)


@both_engines
def test_the_gradient_of_a_gradient_penalty_is_right(engine):
    w = [Value(0.5), Value(-0.3)]

    def penalty(xs):
        root = tanh(w[0] * xs[0] + w[1] * xs[1])
        return sum(g * g for g in gradients(root, xs))

    batch = np.random.default_rng(9).normal(size=(5, 2))
    compiled = autograd.compile(penalty, w, ([0.1, 0.2],), engine=engine, reduce="sum")
    value, gradient = compiled.value_and_grad(batch)

    def plain(a, b):
        def f(xs):
            return tanh(a * xs[0] + b * xs[1])

        return sum(sum(g * g for g in grad(f)(xs)) for xs in batch.tolist())

    assert value == pytest.approx(plain(0.5, -0.3), rel=1e-12)
    assert np.allclose(gradient, grad(plain, (0, 1))(0.5, -0.3), rtol=1e-12)


def test_a_jacobian_compiles():
    compiled = autograd.compile(
        jacobian(lambda x: [x[0] * x[1], exp(x[0])]), example=([1.0, 2.0],), engine="numpy"
    )
    ((a, b), (c, d)) = compiled.value([[3.0, 4.0]])
    assert (a[0], b[0], c[0], d[0]) == (4.0, 3.0, pytest.approx(math.exp(3.0), rel=1e-15), 0.0)


def test_backward_inside_a_traced_function_is_refused():
    def function(x):
        (x * x).backward()
        return x

    with pytest.raises(TypeError, match=r"use autograd\.gradients"):
        autograd.compile(function, example=(1.0,))


# Primitives of a user's own


@primitive(lambda x, out: 3 * x * x)
def cube_of_mine(x):
    return x**3


@primitive(lambda x, y, out: where(x > y, 1.0, 0.0), lambda x, y, out: where(x > y, 0.0, 1.0))
def larger_of_mine(x, y):
    choices = {True: x, False: y}  # what cannot be translated
    return [choices[x > y]][0] if isinstance(x, float) else 0.0


@primitive(lambda x, out: 1.0 / x, domain=((0.0, 9.0),))
def log_of_mine(x):
    if x <= 0:
        raise ValueError("not positive")
    return math.log(x)


@both_engines
@pytest.mark.parametrize("name", ["cube_of_mine", "log_of_mine"])
def test_a_primitive_of_a_users_own_compiles(engine, name):
    function = globals()[name]
    batch = np.linspace(0.25, 3.0, 12)[:, None]
    assert_equal_to_eager(lambda xs: function(xs[0]) * xs[0], [], batch, engine)


@both_engines
def test_a_primitive_that_cannot_be_translated_is_called_in_python(engine):
    batch = np.random.default_rng(10).normal(size=(8, 2))
    assert_equal_to_eager(lambda xs: larger_of_mine(*xs) * xs[0], [], batch, engine)


@both_engines
def test_a_primitive_of_a_users_own_that_raises_gives_nan_or_an_error(engine):
    compiled = autograd.compile(log_of_mine, example=(1.0,), engine=engine)
    with pytest.raises(FloatingPointError, match="result of sample 1 is not finite: .*nan"):
        compiled.value([1.0, -1.0])


# The interface


@both_engines
def test_structures_of_inputs_and_outputs_are_kept(engine):
    def function(xs, pair, y):
        rows, z = pair
        return [sum(xs) * y, (rows[1][0] + z, rows[0][1] * z)]

    compiled = autograd.compile(
        function, example=([1.0, 2.0], [[[1.0, 2.0], [3.0, 4.0]], 5.0], 6.0), engine=engine
    )
    xs, rows = np.arange(6.0).reshape(3, 2), np.arange(12.0).reshape(3, 2, 2)
    first, (second, third) = compiled.value(xs, [rows, np.ones(3)], [1.0, 2.0, 3.0])
    assert first.tolist() == [1.0, 10.0, 27.0]
    assert second.tolist() == [3.0, 7.0, 11.0] and third.tolist() == [1.0, 5.0, 9.0]
    slopes = compiled.value_and_grad(
        xs, [rows, np.ones(3)], [1.0, 2.0, 3.0], inputs=True, seed=[3.0, 0.0, 0.0]
    )[2]
    assert slopes[0].shape == (3, 2) and slopes[1][0].shape == (3, 2, 2) and slopes[2].shape == (3,)
    assert slopes[0].tolist() == [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]


@both_engines
def test_powers_of_either_sign_are_traced_and_not_computed_once(engine):
    """A Value's operators have short ways for them; what they give in a trace holds at any point."""

    def function(x):
        return [x**2, x**3, 2 * x**2 - x**3, (x + 7.0) ** 0.5, 2.0**x]

    compiled = autograd.compile(function, example=(-1.5,), engine=engine)
    for x in (-1.5, 3.0, -4.0):
        assert [y[0] for y in compiled.value([x])] == pytest.approx(function(x))
        slopes = compiled.value_and_grad([x], inputs=True, seed=[1.0, 1.0, 0.0, 0.0, 0.0])[2]
        assert slopes.tolist() == pytest.approx([2 * x + 3 * x * x])


@both_engines
def test_mean_and_sum_differ_by_the_number_of_samples(engine):
    w = Value(2.0)
    results = [
        autograd.compile(lambda x: w * x, [w], (1.0,), engine=engine, reduce=how).value_and_grad(
            [1.0, 2.0, 5.0]
        )
        for how in ("mean", "sum")
    ]
    assert results[1] == (16.0, [8.0])
    assert results[0][0] == pytest.approx(16.0 / 3) and results[0][1] == pytest.approx([8.0 / 3])


@both_engines
@pytest.mark.parametrize("lanes", [1, 5, 100])
def test_gradients_of_single_samples_add_up_to_that_of_the_batch(engine, lanes):
    network = TwoLayerNetwork(4, 5, 3, seed=3)
    parameters = network.parameters()
    compiled = autograd.compile(
        lambda x, y: mse_loss(network(x), y),
        parameters,
        ([0.1] * 4, [1.0, 0.0, 0.0]),
        engine=engine,
        reduce="sum",
    )
    rng = np.random.default_rng(11)
    xs, ys = rng.normal(size=(lanes, 4)), np.eye(3)[rng.integers(0, 3, lanes)]
    each = compiled.per_sample_grad(xs, ys)
    assert each.shape == (lanes, len(parameters))
    assert np.allclose(each.sum(0), compiled.value_and_grad(xs, ys)[1], rtol=1e-12, atol=1e-14)
    one = compiled.value_and_grad(xs[:1], ys[:1])[1]
    assert np.allclose(each[0], one, rtol=1e-12, atol=1e-15)


@both_engines
def test_parameters_are_live_and_can_be_pushed_and_pulled(engine):
    w, unused = Value(2.0), Value(7.0)
    compiled = autograd.compile(lambda x: w * x, [w, unused], (1.0,), engine=engine)
    assert compiled.value_and_grad([3.0])[1].tolist() == [3.0, 0.0]
    compiled.parameters -= [0.5, 1.0]
    assert compiled.value([2.0]).tolist() == [3.0]
    compiled.push()
    assert (w.data, unused.data) == (1.5, 6.0)
    w.data = 4.0
    assert compiled.value([1.0]).tolist() == [4.0]
    compiled.pull()
    assert compiled.value([1.0]).tolist() == [4.0]
    compiled.parameters = [1.0, 1.0]
    assert compiled.value([5.0]).tolist() == [5.0] and w.data == 1.0


@both_engines
@pytest.mark.parametrize("samples", [1, 30, MIN_SAMPLES_SLICED + 3])
def test_a_descent_is_the_gradient_times_the_step_size_subtracted(engine, samples):
    network = MLP(3, [4, 1], activation="tanh", seed=9)
    batch = np.random.default_rng(13).normal(size=(samples, 3))
    compiled = autograd.compile(network, network.parameters(), ([0.0] * 3,), engine=engine)
    for _ in range(3):
        value, gradient = compiled.value_and_grad(batch)
        expected = compiled.parameters - 0.3 * gradient
        assert compiled.descend(batch, step_size=0.3) == value
        assert compiled.parameters.tolist() == expected.tolist()
    assert compiled.value(batch).mean() != value


@both_engines
def test_a_descent_takes_every_branch_when_asked_and_weighs_outputs(engine):
    w = Value(2.0)
    compiled = autograd.compile(
        lambda x: [w * x if x > 0 else w * w, w], [w], (1.0,), engine=engine, retrace=True
    )
    assert compiled.descend([3.0, -1.0], step_size=0.5, seed=[1.0, 10.0]) == 5.0 + 20.0
    assert compiled.parameters.tolist() == [2.0 - 0.5 * (3.5 + 10.0)]


@both_engines
@pytest.mark.parametrize(
    "function, inputs, step_size, error, text",
    [
        (lambda w, x: w * x, [1.0, math.inf], 0.1, FloatingPointError, "data of sample 1"),
        (lambda w, x: exp(w * x), [1.0, 1000.0], 0.1, FloatingPointError, "result of sample 1"),
        (lambda w, x: w * x, [1.0, 1e300], 1e300, FloatingPointError, "parameter 1 would become"),
        (lambda w, x: w * x if x > 0 else w, [1.0, -1.0], 0.1, GuardError, "sample 1"),
        (lambda w, x: log_of_mine(w * x), [1.0, -1.0], 0.1, FloatingPointError, "sample 1"),
    ],
)
def test_a_descent_that_fails_has_moved_no_parameter(
    engine, function, inputs, step_size, error, text
):
    ws = [Value(0.5), Value(0.75)]
    compiled = autograd.compile(
        lambda x: ws[0] + function(ws[1], x), ws, (1.0,), engine=engine, reduce="sum"
    )
    with pytest.raises(error, match=text):
        compiled.descend(inputs, step_size=step_size)
    assert compiled.parameters.tolist() == [0.5, 0.75]


@both_engines
def test_a_primitive_in_python_that_fails_in_a_descent_has_moved_no_parameter(engine):
    w = Value(0.5)
    compiled = autograd.compile(
        lambda x: larger_of_mine(w, x) * w, [w], (1.0,), engine=engine, reduce="sum"
    )
    expected = 0.5 - 0.25 * compiled.value_and_grad([0.25, 2.0])[1]
    compiled.descend([0.25, 2.0], step_size=0.25)
    assert compiled.parameters.tolist() == expected.tolist()


@both_engines
def test_a_descent_may_be_infinite_when_asked(engine):
    w = Value(0.5)
    compiled = autograd.compile(lambda x: w * x, [w], (1.0,), engine=engine, finite=False)
    assert compiled.descend([1e300], step_size=1e300) == 5e299
    assert compiled.parameters.tolist() == [-math.inf]


@both_engines
def test_results_are_arrays_of_the_callers_own(engine):
    w = Value(1.0)
    compiled = autograd.compile(lambda x: w * x, [w], (1.0,), engine=engine)
    first, gradient = compiled.value([1.0, 2.0]), compiled.value_and_grad([1.0, 2.0])[1]
    compiled.value([5.0, 6.0]), compiled.value_and_grad([5.0, 6.0])
    assert first.tolist() == [1.0, 2.0] and gradient.tolist() == [1.5]


@both_engines
def test_large_gradients_are_the_callers_own_too(engine):
    w = [Value(float(i % 7)) for i in range(40_000)]
    compiled = autograd.compile(lambda x: autograd.dot(w, [x] * 40_000), w, (1.0,), engine=engine)
    kept = [compiled.value_and_grad([float(i)])[1] for i in range(5)]
    assert [g.tolist() == [float(i)] * 40_000 for i, g in enumerate(kept)] == [True] * 5
    for i in range(5):
        gradient = compiled.value_and_grad([float(i)])[1]
        assert gradient[0] == gradient[-1] == float(i)


@both_engines
def test_a_function_without_inputs_runs_once(engine):
    xs = [Value(1.5), Value(-0.5)]
    compiled = autograd.compile(
        lambda: (1 - xs[0]) ** 2 + 100 * (xs[1] - xs[0] ** 2) ** 2, xs, engine=engine
    )
    value, gradient = compiled.value_and_grad()
    assert value == 756.5 and gradient.tolist() == [1651.0, -550.0]


@both_engines
def test_outputs_may_be_inputs_parameters_and_constants(engine):
    w = Value(3.0)
    compiled = autograd.compile(lambda x: [x, w, 2.5, x], [w], (1.0,), engine=engine)
    assert [y.tolist() for y in compiled.value([7.0, 8.0])] == [[7, 8], [3, 3], [2.5, 2.5], [7, 8]]
    assert compiled.value_and_grad([7.0], seed=[1.0, 2.0, 3.0, 4.0]) == (7 + 6 + 7.5 + 28, [2.0])


@both_engines
def test_a_large_batch_has_the_same_bits_for_any_number_of_threads(engine):
    network = MLP(2, [4, 1], activation="tanh", seed=4)
    batch = np.random.default_rng(12).normal(size=(MIN_SAMPLES_SLICED + 1234, 2))
    found = [
        autograd.compile(
            network, network.parameters(), ([0.0, 0.0],), engine=engine, threads=threads
        ).value_and_grad(batch, inputs=True)
        for threads in (1, 2, 5)
    ]
    for other in found[1:]:
        assert all(np.array_equal(x, y) for x, y in zip(found[0], other))


@pytest.fixture(scope="module")
def wide():
    """Return a layer so wide that its products are shared out to threads, and a batch."""
    rng = np.random.default_rng(21)
    rows = [[Value(x) for x in row] for row in (rng.normal(size=(700, 200)) / 20).tolist()]
    below = [Value(x) for x in rng.normal(size=200).tolist()]

    def function(xs):
        hidden = [autograd.dot(row, [w * x for w, x in zip(below, xs)]) for row in rows]
        return sum(h * h for h in hidden)

    parameters = [*below, *(w for row in rows for w in row)]
    return function, parameters, rng.normal(size=(64, 200))


@pytest.mark.parametrize("dtype", ["float64", *seldom("float32")])
def test_a_large_product_has_the_same_bits_for_any_number_of_threads(wide, dtype, monkeypatch):
    function, parameters, batch = wide
    shared = []
    multiply = ThreadTeam.multiply
    monkeypatch.setattr(ThreadTeam, "multiply", lambda self: (shared.append(1), multiply(self)))
    found = []
    for threads in (1, 2, 3):
        compiled = autograd.compile(
            function, parameters, ([0.0] * 200,), engine="llvm", threads=threads, dtype=dtype
        )
        found.append(compiled.value_and_grad(batch, inputs=True))
        assert len(shared) == 3 * (threads - 1)  # forward, to the weights and to the inputs
    for other in found[1:]:
        assert all(np.array_equal(x, y) for x, y in zip(found[0], other))


def test_ctrl_c_waits_for_the_threads_of_a_product(wide, monkeypatch):
    function, parameters, batch = wide
    compiled = autograd.compile(function, parameters, ([0.0] * 200,), engine="llvm", threads=2)
    expected = compiled.value_and_grad(batch)
    part, done = ThreadTeam.part, []

    def interrupted(self, number):
        if number == 0:
            raise KeyboardInterrupt
        time.sleep(0.05)
        part(self, number)
        done.append(number)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ThreadTeam, "part", interrupted)
        compiled.value_and_grad(batch)
    assert done == [1, 1, 1]
    found = compiled.value_and_grad(batch)
    assert found[0] == expected[0] and np.array_equal(found[1], expected[1])


@both_engines
def test_threads_that_share_a_compiled_function_get_results_of_their_own(engine, monkeypatch):
    w = Value(2.0)
    compiled = autograd.compile(lambda x: w * x, [w], (1.0,), engine=engine, finite=False)

    def right(number):
        value = compiled.value([number]).tolist()
        return value == [2.0 * number] and compiled.value_and_grad([number])[1].tolist() == [number]

    done = Compiled.done

    def slowly(*args):
        job = done(*args)
        time.sleep(0.001)  # the other threads have their turn
        return job

    monkeypatch.setattr(Compiled, "done", slowly)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(right, map(float, range(40))))


@both_engines
def test_a_guard_in_a_large_batch_names_the_sample(engine):
    compiled = autograd.compile(leaky, example=(1.0,), engine=engine)
    batch = np.ones(MIN_SAMPLES_SLICED + 5)
    batch[MIN_SAMPLES_SLICED - 1] = -1.0
    with pytest.raises(GuardError, match=f"sample {MIN_SAMPLES_SLICED - 1} "):
        compiled.value(batch)


# Errors


@pytest.mark.parametrize(
    "batch, error, text",
    [
        (([1.0],), TypeError, "takes 2 arguments, not 1"),
        ((1.0, [[1.0, 2.0]]), ValueError, "argument 0 has no axis of samples"),
        (([1.0], [1.0, 2.0]), ValueError, r"argument 1 has shape \(2,\).* takes \(samples, 2\)"),
        (([1.0], [[1.0, 2.0], [3.0, 4.0]]), ValueError, "argument 1 .* here samples is 1"),
        (([], []), ValueError, "the batch is empty"),
        ((["a"], [[1.0, 2.0]]), TypeError, "argument 0 holds <U1 and not real numbers"),
        (([1.0], [[1.0, [2.0]]]), TypeError, "argument 1: .* pass an array of numbers"),
        (([None], [[1.0, 2.0]]), TypeError, "argument 0"),
    ],
)
def test_a_batch_of_another_shape_is_told_what_is_wanted(batch, error, text):
    compiled = autograd.compile(lambda x, y: x * y[0], example=(1.0, [1.0, 1.0]), engine="numpy")
    with pytest.raises(error, match=text):
        compiled.value(*batch)


@both_engines
def test_a_result_that_is_not_finite_names_the_sample(engine):
    compiled = autograd.compile(lambda x: log(x), example=(1.0,), engine=engine)
    with pytest.raises(
        FloatingPointError, match=r"sample 2 is not finite: \[nan\], where the inputs are -1"
    ):
        compiled.value_and_grad([1.0, 2.0, -1.0])
    lenient = autograd.compile(lambda x: log(x), example=(1.0,), engine=engine, finite=False)
    assert lenient.value([0.0]).tolist() == [-math.inf]


@both_engines
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_data_that_is_not_finite_names_the_sample_though_the_result_is(engine, number):
    compiled = autograd.compile(lambda x: where(x > 0, 1.0, 2.0), example=(1.0,), engine=engine)
    with pytest.raises(FloatingPointError, match=f"data of sample 40 is not .* are {number}"):
        compiled.value([1.0] * 40 + [number] + [2.0] * 30)


def test_a_function_of_many_outputs_asks_for_their_weights():
    compiled = autograd.compile(lambda x: [x, x * x], example=(1.0,), engine="numpy")
    with pytest.raises(TypeError, match=r"list of 2 numbers.*seed="):
        compiled.value_and_grad([1.0])
    with pytest.raises(ValueError, match="2 numbers, but seed has 3"):
        compiled.value_and_grad([1.0], seed=[1.0, 2.0, 3.0])


@pytest.mark.parametrize("result", [None, "text", {"a": None}])
def test_a_function_that_returns_no_number_is_refused(result):
    with pytest.raises(TypeError, match="return a number, or a list"):
        autograd.compile(lambda x: result, example=(1.0,))


@pytest.mark.parametrize(
    "settings, text",
    [
        ({"engine": "cuda"}, "engine 'cuda' is not known; choose from None, numpy, llvm"),
        ({"engine": "numba"}, "engine 'numba' is called 'llvm' now"),
        ({"dtype": "int8"}, "dtype 'int8'"),
        ({"reduce": "max"}, "reduce 'max'"),
        ({"threads": 0}, "threads is 0; pass 1 or more"),
    ],
)
def test_a_setting_that_is_not_known_is_told_the_choices(settings, text):
    with pytest.raises(ValueError, match=text):
        autograd.compile(lambda x: x, example=(1.0,), **settings)


def test_the_same_parameter_twice_is_refused():
    w = Value(1.0)
    with pytest.raises(ValueError, match="same Value twice"):
        autograd.compile(lambda x: w * x, [w, w], (1.0,))


@pytest.mark.parametrize("package, engine", [("numpy", None), ("llvmlite", "llvm")])
def test_a_missing_package_is_named_with_its_extra(package, engine):
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "import autograd\n"
        f"autograd.compile(lambda x: x, example=(1.0,), engine={engine!r}).value([1.0])\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert 'pip install "chainrule[compile]"' in run.stderr


@pytest.mark.parametrize("watched", [True, False])
def test_who_watches_is_told_how_far_a_long_preparation_is(watched, capsys, monkeypatch):
    monkeypatch.setattr("autograd.compile.machine.llvm_engine.PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: watched)
    compiled = autograd.compile(lambda x: tanh(x) * x, example=(1.0,), engine="llvm")
    compiled.value([1.0])
    told = capsys.readouterr().err
    assert told.endswith("once: 2 of 2\n") if watched else not told


def test_without_llvmlite_numpy_does_the_work():
    program = (
        "import sys; sys.modules['llvmlite'] = None\n"
        "import autograd\n"
        "f = autograd.compile(lambda x: x * 2, example=(1.0,))\n"
        "print(f.engine, f.value([1.0]))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.split()[0] == "numpy"


# Reports


def test_reports_escape_what_users_name():
    def function(x):
        return x * x

    function.__name__ = "<script>alert(1)</script>"
    compiled = autograd.compile(function, example=(1.0,), engine="numpy")
    assert "<script>" in compiled.explain()
    table = compiled._repr_html_()
    assert "<script>" not in table and ET.fromstring(table).tag == "table"


def test_no_name_of_a_users_enters_generated_code(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))

    @primitive(lambda x, out: 2 * x)
    def evil(x):
        return x * x

    evil.symbol = evil.name = "os.system('x')"
    compiled = autograd.compile(lambda x: evil(x) * 2, example=(1.0,), engine="llvm")
    assert compiled.value_and_grad([3.0], inputs=True)[2].tolist() == [12.0]
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"os.system" in content for content in kept)


def test_a_program_can_be_drawn():
    network = MLP(2, [3, 1], seed=5)
    compiled = autograd.compile(network, network.parameters(), ([0.0, 0.0],), engine="numpy")
    text = compiled.draw().source
    assert "one 3 x 2 matrix" in text and "result" in text


def test_a_program_too_long_to_look_at_says_so():
    def function(x):
        for i in range(100):  # no part comes three times in a row
            x = x.sin() if i.bit_count() % 2 else x.cos()
        return x

    with pytest.raises(ValueError, match="print source"):
        autograd.compile(function, example=(1.0,), engine="numpy").draw()


def test_a_repr_counts_inputs_parameters_and_outputs():
    w = Value(1.0)
    compiled = autograd.compile(lambda x: w * x, [w], (1.0,), engine="numpy")
    assert repr(compiled) == (
        "<Compiled <lambda>: 1 inputs, 1 parameters, 1 outputs, engine numpy>"
    )
    assert isinstance(compiled, Compiled)


def test_parts_of_arguments_are_found_in_order():
    parts = parts_of(([1.0, 2.0], [3.0, [4.0, 5.0]], 6.0))
    assert [(part.path, part.shape, part.start) for part in parts] == [
        ((0,), (2,), 0),
        ((1, 0), (), 2),
        ((1, 1), (2,), 3),
        ((2,), (), 5),
    ]


def test_two_processes_lower_to_the_same_program():
    program = (
        "import autograd\n"
        "from nn import MLP\n"
        "n = MLP(3, [4, 1], seed=1)\n"
        "print(autograd.compile(lambda x: n(x).tanh() + x[0].sin() * x[1].exp(),"
        " n.parameters(), ([0.1] * 3,), engine='numpy').source())\n"
    )
    root = Path(autograd.__file__).parents[1]
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1 and "matrix" not in texts


@pytest.mark.parametrize("engine", ["numpy", "llvm"])
def test_a_rounded_number_has_no_negative_zero_as_an_int_has_none(engine):
    def function(x):
        return [p.copysign(1.0 + x * x, p.ceil(x)), p.copysign(1.0 + x * x, p.floor(x))]

    fast = autograd.compile(function, example=(0.3,), engine=engine)
    xs = [-0.5, -0.0, 0.0, 0.5, -1.5]
    expected = [[y.data for y in function(Value(x))] for x in xs]
    assert np.array(fast.value(np.array(xs))).T.tolist() == expected
