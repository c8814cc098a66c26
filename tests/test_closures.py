"""What takes part in a derivative: what a function closes over is not cut."""

import copy
import math
import random

import numpy as np
import pytest

import autograd
from autograd import (
    Value,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    maximum,
    no_grad,
    relu,
    sigmoid,
    sin,
    stop_gradient,
    tanh,
    value_and_grad,
    vjp,
    where,
)
from autograd.compile.tracing.reach import Reach
from autograd.function_calls import is_number
from autograd.structures import flatten
from nn import MLP

both_engines = pytest.mark.parametrize("engine", ["llvm", "numpy"])

# Each gives derivatives of a function of two numbers, as one structure.
KIN = {
    "grad": lambda f, x, y: grad(f, (0, 1))(x, y),
    "value_and_grad": lambda f, x, y: value_and_grad(f)(x, y),
    "jacobian": lambda f, x, y: jacobian(lambda a, b: [f(a, b), a], (0, 1))(x, y),
    "hessian": lambda f, x, y: hessian(f, (0, 1))(x, y),
    "jvp": lambda f, x, y: jvp(f, (x, y), (0.5, -1.5)),
    "vjp": lambda f, x, y: (lambda value, pull: [value, pull(2.0)])(*vjp(f, x, y)),
    "hvp": lambda f, x, y: hvp(f, (x, y), (0.5, -1.5)),
    "grad of grad": lambda f, x, y: grad(grad(f), (0, 1))(x, y),
    "grad of jvp": lambda f, x, y: grad(lambda a: jvp(f, (a, y), (1.0, 0.0))[1])(x),
    "vjp of jacobian": lambda f, x, y: vjp(jacobian(f), x, y)[1](1.0),
}
every_kin = pytest.mark.parametrize("kin", KIN.values(), ids=KIN)


def numbers(structure):
    return [y.data if isinstance(y, Value) else y for y in flatten(structure)]


def kinds(structure):
    return {type(y) for y in flatten(structure)}


def total(structure):
    """Return a weighted sum of all that came back, as a loss would use it."""
    return sum((1.0 + 0.25 * k) * y for k, y in enumerate(flatten(structure)))


def random_function(seed):
    """Return a smooth function of weights and of two numbers."""
    source = random.Random(seed)
    c = [source.uniform(-1.0, 1.0) for _ in range(6)]

    def f(w, x, y):
        inner = tanh(w[0] * x + c[0] * y) + c[1] * w[1] * sin(x * y + c[2])
        outer = sigmoid(inner * w[2]) * exp(c[3] * y) + c[4] * inner * x
        return outer * outer + c[5] * w[0] * x * y

    return f, [source.uniform(-1.0, 1.0) for _ in range(5)]


@every_kin
@pytest.mark.parametrize("seed", range(6))
def test_a_derivative_in_a_loss_trains_what_it_closes_over(kin, seed):
    f, (x, y, *start) = random_function(seed)
    weights = [Value(w) for w in start]
    total(kin(lambda a, b: f(weights, a, b), x, y)).backward()

    def loss(ws):
        with no_grad():
            return total(kin(lambda a, b: f(ws, a, b), x, y))

    for i, w in enumerate(weights):
        step = 1e-5
        ahead, behind = (
            [v + side * step * (i == j) for j, v in enumerate(start)] for side in (1, -1)
        )
        difference = (loss(ahead) - loss(behind)) / (2 * step)
        assert w.grad == pytest.approx(difference, rel=1e-6, abs=1e-8)


@every_kin
@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_are_those_of_plain_weights(kin, seed):
    f, (x, y, *start) = random_function(seed)
    weights = [Value(w) for w in start]
    plain = kin(lambda a, b: f(start, a, b), x, y)
    found = kin(lambda a, b: f(weights, a, b), x, y)
    assert kinds(plain) == {float} and kinds(found) == {Value}
    assert numbers(found) == pytest.approx(numbers(plain), rel=1e-14)
    with no_grad():
        within = kin(lambda a, b: f(weights, a, b), x, y)
    assert kinds(within) == {float}
    assert within == plain or numbers(within) == pytest.approx(numbers(plain), rel=1e-14)
    assert all(w.grad == 0.0 for w in weights)


W = Value(3.0)
NEGATIVE = Value(-3.0)
TAKING_PART = {
    "a weight": lambda x, y: W * x * y,
    "a weight that no edge leads to": lambda x, y: x * y + relu(NEGATIVE),
    "the loser of a maximum": lambda x, y: maximum(x * y, NEGATIVE),
    "the branch that is not taken": lambda x, y: where(x > 0, x * y, W),
    "a condition": lambda x, y: where(NEGATIVE, x * y, x),
    "a node computed before": lambda x, y, node=W * 2.0: node * x + y,
    "a number that is cut off": lambda x, y: stop_gradient(W) * x + y,
    "an exponent of 0": lambda x, y: x * y + W**0.0,
    "a weight in place of the result": lambda x, y: W,
    "a copy": lambda x, y: copy.copy(W) * x + y,
    "a Value within a derivative": lambda x, y: grad(lambda t: W * t * t)(x) + y,
}
NOT_TAKING_PART = {
    "nothing": lambda x, y: x * y,
    "a constant": lambda x, y: 3.0,
    "the zero of a sum": lambda x, y: sum([x * y, y], Value(0.0)),
    "a constant that the function makes": lambda x, y: Value(2.0, name="two") * x * y,
    "what it computes of such": lambda x, y: (Value(2.0) * Value(1.0)).exp() * x + y,
    "a detached argument": lambda x, y: x.detach() * x + y,
    "what was computed under no_grad": lambda x, y: unrecorded(lambda: x * x) * x + y,
    "the number of a weight": lambda x, y: W.data * x + y,
    "an argument that is cut off": lambda x, y: stop_gradient(x) * x + y,
    "a derivative of it": lambda x, y: grad(lambda t: t * t * y)(x),
    "a derivative at a constant": lambda x, y: grad(lambda t: t * t)(2.0) * x * y,
}


def unrecorded(f):
    with no_grad():
        return f()


@every_kin
@pytest.mark.parametrize("f", TAKING_PART.values(), ids=TAKING_PART)
def test_a_value_takes_part_whether_or_not_an_edge_leads_to_it(kin, f):
    for x, y in ((2.0, 5.0), (0.0, 0.0), (-2.0, 5.0)):
        assert kinds(kin(f, x, y)) == {Value}
        with no_grad():
            assert Value not in kinds(kin(f, x, y))


@every_kin
@pytest.mark.parametrize("f", NOT_TAKING_PART.values(), ids=NOT_TAKING_PART)
def test_what_a_function_makes_itself_takes_no_part(kin, f):
    for x, y in ((2.0, 5.0), (0.0, 0.0), (-2.0, 5.0)):
        assert Value not in kinds(kin(f, x, y))


@every_kin
def test_in_a_trace_a_derivative_stands_for_a_number_where_outside_it_is_one(kin):
    """Of the number of a weight it is one, of the weight itself it is none."""
    weight = Value(3.0)
    stand_for_numbers = []

    def loss(x):
        for f in (lambda a, b: weight.data * a * b, lambda a, b: weight * a * b):
            stand_for_numbers.append({is_number(y) for y in flatten(kin(f, 2.0, 5.0))})
        return weight * x

    autograd.compile(loss, [weight], (1.0,), engine="numpy")
    assert stand_for_numbers == [{True}, {False}]


@every_kin
@pytest.mark.parametrize("which", [0, 1])
def test_an_argument_that_is_a_value_takes_part(kin, which):
    for f in (lambda x, y: x * y, lambda x, y: 3.0, lambda x, y: x * 2.0, lambda x, y: y * 2.0):
        args = [2.0, 5.0]
        args[which] = Value(args[which])
        assert kinds(kin(f, *args)) == {Value}


def test_arguments_that_are_not_differentiated_by_take_part_wherever_they_are():
    w = Value(3.0)
    assert type(grad(lambda x, ws: ws["w"][0] * x)(2.0, {"w": [w]})) is Value
    assert type(grad(lambda x, w=1.0: w * x)(2.0, w=w)) is Value
    assert type(grad(lambda x, ws: x)(2.0, np.array([w, 1.0]))) is Value
    assert type(grad(lambda x, ws: x)(2.0, np.array([1.0]))) is float


def test_data_that_are_read_when_they_are_looked_at_are_left_alone():
    class Data:
        def __len__(self):
            return 3

        def __iter__(self):
            raise AssertionError("read")

    assert grad(lambda x, data: x * len(data))(2.0, Data()) == 3.0
    assert grad(lambda x, cls: x * (cls is list))(2.0, list) == 1.0


def test_what_was_made_in_an_earlier_call_is_there_before_the_next_one():
    kept = []

    def f(x):
        if not kept:
            kept.append(Value(3.0))
        return kept[0] * x

    assert type(grad(f)(2.0)) is float
    assert type(grad(f)(2.0)) is Value


def test_what_an_outer_function_makes_is_there_before_the_inner_one():
    def outer(x):
        w = Value(3.0)
        slope = grad(lambda t: w * t * t)(2.0)
        assert type(slope) is Value
        (mixed,) = gradients(slope, [w])
        return mixed * x

    assert grad(outer)(5.0) == 4.0


def test_the_kind_of_a_nested_derivative_follows_the_same_rule():
    def outer(x):
        assert type(grad(lambda t: t * t)(3.0)) is float
        assert type(grad(lambda t: t * x)(3.0)) is Value
        return x * math.exp(grad(lambda t: t * t)(0.5))

    assert grad(outer)(2.0) == math.e


def test_no_grad_inside_a_function_gives_plain_numbers_there():
    def f(x):
        with no_grad():
            slope = grad(lambda t: t * t * x)(3.0)
        assert type(slope) is float
        return slope * x

    assert grad(f)(2.0) == 12.0


def test_the_leaf_of_an_argument_is_the_callers_value():
    x = Value(2.0)
    value, slope = value_and_grad(lambda t: t**3)(x)
    slope.backward()
    assert (value.data, slope.data, x.grad) == (8.0, 12.0, 12.0)
    x.zero_grad()
    value.backward()
    assert x.grad == 12.0


def test_tangents_and_cotangents_that_are_values_take_part():
    v = Value(2.0)
    value, pushed = jvp(lambda x: x * x, (3.0,), (v,))
    pushed.backward()
    assert (value.data, pushed.data, v.grad) == (9.0, 12.0, 6.0)
    value, pull = vjp(lambda x: x * x, 3.0)
    v.zero_grad()
    (pulled,) = pull(v)
    pulled.backward()
    assert (value, pulled.data, v.grad) == (9.0, 12.0, 6.0)
    with no_grad():
        assert pull(v) == (12.0,)


def test_arrays_of_values_come_back_where_a_value_takes_part():
    w = Value(2.0)
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    value, slope = value_and_grad(lambda p: w * (p * p).sum())(a)
    assert slope.dtype == object and slope.shape == (2, 2) and kinds(slope) == {Value}
    (slope * slope).sum().backward()
    assert w.grad == pytest.approx(2 * w.data * (2 * a) ** 2 @ np.ones(2) @ np.ones(2))
    matrix = jacobian(lambda p: w * p)(np.array([1.0, 2.0]))
    assert matrix.dtype == object and numbers(matrix) == [2.0, 0.0, 0.0, 2.0]


def test_a_meta_gradient_trains_the_step_size():
    """One step of descent inside, differentiated by its step size."""
    step = Value(0.1)
    w = 3.0

    def loss(v):
        return (v - 1.0) ** 2

    after = loss(w - step * grad(loss)(w))
    after.backward()
    assert step.grad == pytest.approx(2 * (w - 0.1 * 4.0 - 1.0) * -4.0)


def test_a_meta_gradient_reaches_what_both_levels_close_over():
    scale, rate = Value(0.7), Value(0.1)

    def inner(w):
        return (scale * w - 1.0) ** 2

    after = inner(2.0 - rate * grad(inner)(2.0))
    after.backward()
    with no_grad():

        def outer(s, r):
            slope = 2 * s * (s * 2.0 - 1.0)
            return (s * (2.0 - r * slope) - 1.0) ** 2

        expected = grad(outer, (0, 1))(0.7, 0.1)
    assert (scale.grad, rate.grad) == pytest.approx(expected, rel=1e-13)


def test_a_leaf_that_was_made_inside_can_be_copied_pickled_and_used_outside():
    import pickle

    kept = []
    grad(lambda x: kept.append(Value(2.0, name="kept")) or kept[0] * x)(3.0)
    (leaf,) = kept
    assert leaf.operands == () and leaf.op is None
    for twin in (copy.copy(leaf), copy.deepcopy(leaf), pickle.loads(pickle.dumps(leaf))):
        (twin * 3.0).backward()
        assert (twin.grad, twin.name) == (3.0, "kept")


@both_engines
@pytest.mark.parametrize("kin", KIN.values(), ids=KIN)
def test_compiled_losses_with_derivatives_in_them_are_the_eager_ones(kin, engine):
    f, (x, y, *start) = random_function(11)
    weights = [Value(w) for w in start]

    def loss(a, b):
        return total(kin(lambda s, t: f(weights, s, t), a, b)) ** 2

    compiled = autograd.compile(loss, weights, (x, y), engine=engine)
    rows = np.random.default_rng(5).uniform(-1.0, 1.0, (4, 2))
    value, gradient = compiled.value_and_grad(rows[:, 0], rows[:, 1])
    expected = [loss(*row) for row in rows.tolist()]
    for out in expected:
        out.backward(0.25)
    assert value == pytest.approx(sum(out.data for out in expected) / 4, rel=1e-12)
    assert gradient.tolist() == pytest.approx([w.grad for w in weights], rel=1e-11)


@both_engines
def test_numbers_taken_out_are_plain_in_compiled_code_too(engine):
    def f(x):
        slope = grad(lambda t: t * t * t)(x.data if isinstance(x, Value) else x)
        return x * math.exp(slope)

    compiled = autograd.compile(f, example=(0.5,), engine=engine)
    assert compiled.value([0.5, 1.0]).tolist() == pytest.approx([f(0.5), f(1.0)], rel=1e-14)


@both_engines
def test_a_derivative_within_no_grad_is_cut_in_compiled_code_as_it_is_eagerly(engine):
    w = Value(2.0)

    def f(x):
        with no_grad():
            slope = grad(lambda t: w * t * t)(x)
        return slope * w * x

    compiled = autograd.compile(f, [w], (0.5,), engine=engine)
    value, gradient = compiled.value_and_grad([3.0])
    f(3.0).backward()
    assert (value, gradient[0]) == (f(3.0).data, w.grad) == (72.0, 36.0)


def test_the_network_of_a_loss_is_trained_by_a_derivative_alone():
    network = MLP(1, [4, 1], activation="tanh", seed=0)

    def loss():
        return sum((grad(lambda t: network([t]))(x) - 2.0) ** 2 for x in (-0.5, 0.0, 0.5))

    first = loss()
    for _ in range(60):
        network.zero_grad()
        error = loss()
        error.backward()
        for w in network.parameters():
            w.data -= 0.02 * w.grad
    assert error.data < 0.05 * first.data


@both_engines
def test_what_a_differentiated_function_reaches_is_seen_by_the_compiler(engine):
    source = random.Random(1)

    def noisy(x):
        return x * x + source.gauss(0.0, 1.0)

    def largest(x):
        return x * max(x.data, 0.5)

    for derivative in (grad(noisy), value_and_grad(noisy)):
        assert [names["__name__"] for names in Reach(derivative).modules.values()] == [__name__]
        with pytest.raises(RuntimeError, match="random"):
            autograd.compile(lambda x, f=derivative: f(x), example=(1.0,), engine=engine)
    compiled = autograd.compile(grad(largest), example=(1.0,), engine=engine)
    assert compiled.value([2.0, 0.25]).tolist() == [2.0, 0.5]
