"""Compiled code follows its Values, and they follow it: whoever wrote last wins, and all agree."""

import copy
import gc
import math
import pickle
import threading
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import autograd  # noqa: E402
from autograd import Value, grad, no_grad  # noqa: E402
from autograd.newest import ahead  # noqa: E402
from nn import SGD, Adam, Module  # noqa: E402
from testkit.interrupts import Work, injected  # noqa: E402

ENGINES = ["llvm", "numpy"]
both_engines = pytest.mark.parametrize("engine", ENGINES)
numbers = st.sampled_from([-2.0, -1.0, 0.5, 1.0, 3.0])


class Weights(Module):
    """Three parameters of one path."""

    def __init__(self, values):
        self.w = values


class World:
    """Values, functions compiled for some of them in some order, and what the numbers should be."""

    def __init__(self, engine):
        self.ws = [Value(1.0, "a"), Value(2.0, "b"), Value(-1.0, "c")]
        self.truth = [1.0, 2.0, -1.0]
        a, b, c = self.ws

        def loss(x):
            return (a * x + b * x * x - c) * (a + c)

        def build(parameters):
            return autograd.compile(loss, parameters, example=(1.0,), engine=engine)

        self.loss = loss
        self.functions = {
            "all": build(self.ws),
            "again": build(self.ws),
            "reversed": build(self.ws[::-1]),
            "first": build([a]),
            "none": build([]),
        }
        self.places = {
            "all": [0, 1, 2],
            "again": [0, 1, 2],
            "reversed": [2, 1, 0],
            "first": [0],
            "none": [],
        }
        self.optimizer = SGD(self.ws, 0.125)

    def expected(self, x):
        a, b, c = self.truth
        return (a * x + b * x * x - c) * (a + c)

    def gradient(self, x):
        a, b, c = self.truth
        inner, outer = a * x + b * x * x - c, a + c
        return [x * outer + inner, x * x * outer, -outer + inner]

    def set_data(self, which, number):
        self.ws[which % 3].data = number
        self.truth[which % 3] = number

    def descend(self, name, x):
        slopes = self.gradient(x)
        self.functions[name].descend([x], step_size=0.0625)
        for i in self.places[name]:
            self.truth[i] -= 0.0625 * slopes[i]

    def assign(self, name, number):
        count = len(self.places[name])
        self.functions[name].parameters = [number + k for k in range(count)]
        for k, i in enumerate(self.places[name]):
            self.truth[i] = number + k

    def change_in_place(self, name, number):
        self.functions[name].parameters[:] = number
        for i in self.places[name]:
            self.truth[i] = number

    def step(self, x):
        slopes = self.gradient(x)
        for w, slope in zip(self.ws, slopes):
            w.grad = slope
        self.optimizer.step()
        self.truth = [t - 0.125 * slope for t, slope in zip(self.truth, slopes)]

    def load(self, number):
        Weights(self.ws).load_state_dict({"w": [number, 1.0, number]})
        self.truth = [number, 1.0, number]

    def check(self, x):
        expected = self.expected(x)
        assert math.isclose(self.loss(x).data, expected, rel_tol=1e-12, abs_tol=1e-12)

    def check_functions(self, x):
        expected, slopes = self.expected(x), self.gradient(x)
        for name, function in self.functions.items():
            value, gradient = function.value_and_grad([x])
            assert math.isclose(value, expected, rel_tol=1e-12, abs_tol=1e-12), name
            wanted = [slopes[i] for i in self.places[name]]
            assert np.allclose(gradient, wanted, rtol=1e-12, atol=1e-12), name

    def check_numbers(self):
        assert [w.data for w in self.ws] == pytest.approx(self.truth, rel=1e-12)


names = st.sampled_from(["all", "again", "reversed", "first"])
actions = st.one_of(
    st.tuples(st.just("set_data"), st.integers(0, 2), numbers),
    st.tuples(st.just("descend"), names, numbers),
    st.tuples(st.just("assign"), names, numbers),
    st.tuples(st.just("change_in_place"), names, numbers),
    st.tuples(st.just("step"), numbers),
    st.tuples(st.just("load"), numbers),
    st.tuples(st.just("check"), numbers),
    st.tuples(st.just("check_functions"), numbers),
    st.tuples(st.just("check_numbers")),
)


@both_engines
@settings(max_examples=40)
@given(st.lists(actions, max_size=12))
def test_the_last_writer_wins_whoever_writes_and_whoever_reads(engine, program):
    world = World(engine)
    for action, *arguments in program:
        getattr(world, action)(*arguments)
    world.check_functions(0.5)
    world.check_numbers()
    world.check(2.0)


@both_engines
def test_training_by_data_follows_as_in_eager_code(engine):
    w = Value(0.0)
    compiled = autograd.compile(
        lambda s, y: (s * w - y) ** 2, [w], example=(1.0, 1.0), engine=engine
    )
    losses = []
    for _ in range(3):
        loss, gradient = compiled.value_and_grad(np.ones(2), np.ones(2))
        losses.append(loss)
        w.data -= 0.25 * float(gradient[0])
    assert losses == [1.0, 0.25, 0.0625]


@both_engines
def test_a_value_that_is_no_parameter_is_followed_and_listed(engine):
    w, t, unnamed = Value(2.0, "w"), Value(0.5, "temperature"), Value(3.0)
    compiled = autograd.compile(
        lambda x: w * x / t + unnamed * t.data, [w], example=(1.0,), engine=engine
    )
    for number in (0.5, 0.25, 4.0):
        t.data = number
        value, gradient = compiled.value_and_grad([3.0])
        assert (value, gradient.tolist()) == (6.0 / number + 3.0 * number, [3.0 / number])
    unnamed.data = 0.0
    assert compiled.value([1.0]).tolist() == [0.5]
    text = str(compiled.explain())
    assert "2 other Values, no parameters: temperature, " in text
    assert "followed" not in str(autograd.compile(lambda x: w * x, [w], (1.0,)).explain())


@both_engines
def test_exponents_and_other_special_constants_are_followed_too(engine):
    n, low = Value(2.0), Value(0.0)
    compiled = autograd.compile(
        lambda x: x**n + (x * low + 1.0) * low, example=(3.0,), engine=engine
    )
    assert compiled.value([3.0]).tolist() == [9.0]
    n.data, low.data = 1.0, 2.0
    assert compiled.value([3.0]).tolist() == [3.0 + 14.0]


@both_engines
def test_a_leaf_that_the_function_makes_is_a_constant(engine):
    w = Value(2.0)
    compiled = autograd.compile(lambda x: Value(3.0) * x * w, [w], example=(1.0,), engine=engine)
    assert compiled.value([2.0]).tolist() == [12.0] and "followed" not in str(compiled.explain())


@both_engines
def test_branches_traced_again_follow_too(engine):
    w, t = Value(1.0), Value(10.0)

    def function(x):
        return w * x + t if x > 0 else w * x - t

    compiled = autograd.compile(function, [w], (1.0,), engine=engine, retrace=True)
    assert compiled.value([1.0, -1.0]).tolist() == [11.0, -11.0]
    w.data, t.data = 2.0, 5.0
    assert compiled.value([1.0, -1.0]).tolist() == [7.0, -7.0]
    assert (w.data, t.data) == (2.0, 5.0)


@both_engines
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_looking_at_parameters_changes_no_value(engine, dtype):
    third, tenth = Value(Fraction(1, 3)), Value(0.1)
    compiled = autograd.compile(
        lambda x: third * x + tenth, [third, tenth], (1.0,), engine=engine, dtype=dtype
    )
    assert compiled.parameters.tolist() == pytest.approx([1 / 3, 0.1], rel=1e-6)
    compiled.push()
    compiled.pull()
    assert third.data == Fraction(1, 3) and tenth.data == 0.1


@both_engines
def test_eager_code_after_a_descent_sees_the_new_numbers_wherever_it_reads_them(engine):
    def world():
        w = Value(2.0, "w")
        compiled = autograd.compile(lambda x: w * x, [w], (1.0,), engine=engine)
        compiled.descend([1.0], step_size=0.5)
        return w

    readers = [
        lambda w: w.data,
        lambda w: w.item(),
        lambda w: (w + 0.0).data,
        lambda w: (0.0 + w).data,
        lambda w: (w * Value(1.0)).data,
        lambda w: (Value(1.0) * w).data,
        lambda w: -(-w).data,
        lambda w: (w**2).data ** 0.5,
        lambda w: (w / Value(1.0)).data,
        lambda w: abs(w).data,
        lambda w: math.log(w.exp().data),
        lambda w: autograd.dot([w], [1.0]).data,
        lambda w: autograd.maximum(w, 0.0).data,
        lambda w: w.detach().data,
        lambda w: float(format(w, ".3f")),
        lambda w: float(repr(w).split("data=")[1].split(",")[0]),
        lambda w: copy.copy(w).data,
        lambda w: copy.deepcopy(w).data,
        lambda w: pickle.loads(pickle.dumps(w)).data,
        lambda w: 1.5 if 1.4 < w < 1.6 else w.data,
        lambda w: grad(lambda x: x * x / 2)(w.data),
        lambda w: 1.5 if no_grad_value(w) == 1.5 else 0.0,
    ]
    for reader in readers:
        assert reader(world()) == pytest.approx(1.5, rel=1e-12)
        assert not ahead


def no_grad_value(w):
    with no_grad():
        return (w * 1.0).data


@both_engines
def test_gradients_of_a_graph_whose_leaf_was_descended_since_are_refused_as_ever(engine):
    w = Value(2.0)
    y = w * w * 3.0
    compiled = autograd.compile(lambda x: w * x, [w], (1.0,), engine=engine)
    compiled.descend([1.0], step_size=0.5)
    with pytest.raises(RuntimeError, match="was changed after it was recorded"):
        autograd.gradients(y, [w])


@both_engines
def test_an_error_in_a_descent_leaves_values_and_arrays_as_they_were(engine):
    w = Value(1e300)
    compiled = autograd.compile(lambda x: w * x, [w], (1.0,), engine=engine)
    with pytest.raises(FloatingPointError):
        compiled.descend([1e308], step_size=-1e10)
    assert w.data == 1e300 and compiled.value([1.0]).tolist() == [1e300]


@both_engines
def test_reduce_takes_effect_for_every_size_and_the_rest_is_fixed(engine):
    w = Value(1.0)
    compiled = autograd.compile(lambda x: w * x, [w], (1.0,), engine=engine)
    assert compiled.value_and_grad([1.0, 3.0])[0] == 2.0
    compiled.reduce = "sum"
    assert compiled.value_and_grad([1.0, 3.0])[0] == 4.0
    assert compiled.value_and_grad([1.0, 3.0, 5.0])[0] == 9.0
    with pytest.raises(ValueError, match="reduce 'max' is not known"):
        compiled.reduce = "max"
    for name in ("function", "values", "engine", "dtype", "threads", "functions", "example"):
        with pytest.raises(AttributeError, match=f"{name} is fixed when a function is compiled"):
            setattr(compiled, name, getattr(compiled, name))


def test_data_converts_as_the_constructor_does():
    w = Value(1.0)
    for given_, kept in [
        (2, 2.0),
        (True, 1.0),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.array(4), 4.0),
        (Fraction(1, 3), Fraction(1, 3)),
    ]:
        w.data = given_
        assert w.data == kept and type(w.data) is type(kept)
    for refused in ("1", None, [1.0], 1j, Value(2.0), np.ones(2)):
        with pytest.raises(TypeError):
            w.data = refused
    assert w.data == Fraction(1, 3)


def test_a_store_goes_with_the_last_function_that_uses_it():
    from autograd.compile.parameters import stores

    gc.collect()
    before = len(stores)
    w = Value(1.0)
    first = autograd.compile(lambda x: w * x, [w], (1.0,), engine="numpy")
    second = autograd.compile(lambda x: w + x, [w], (1.0,), engine="numpy")
    assert len(stores) == before + 1
    first.descend([1.0], step_size=0.5)
    del first
    gc.collect()
    assert second.value([1.0]).tolist() == [1.5] and w.data == 0.5
    del second
    gc.collect()
    assert len(stores) == before


def test_two_threads_that_descend_and_read_lose_nothing():
    w = Value(0.0)
    compiled = autograd.compile(lambda x: w * x, [w], (1.0,), engine="llvm")

    def descend():
        for _ in range(500):
            compiled.descend([1.0], step_size=1.0)

    def read():
        for _ in range(500):
            assert w.data == int(w.data) <= 0.0

    threads = [threading.Thread(target=f) for f in (descend, read, descend, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert w.data == -1000.0


@pytest.mark.parametrize("make", [SGD, Adam])
def test_an_interrupt_at_every_instruction_of_a_step_leaves_all_weights_or_none(make):
    ws = [Value(1.0), Value(2.0), Value(3.0)]
    compiled = autograd.compile(lambda x: ws[0] * x + ws[1] - ws[2], ws, (1.0,), engine="numpy")
    optimizer = make(ws, 0.5)

    def prepare():
        for w, number in zip(ws, [1.0, 2.0, 3.0]):
            w.data = number
            w.grad = 1.0

    def is_half():
        numbers = [w.data for w in ws]
        lower = [x < y for x, y in zip(numbers, [1.0, 2.0, 3.0])]
        follows = compiled.value([1.0]).tolist() == [numbers[0] + numbers[1] - numbers[2]]
        return not follows or any(lower) != all(lower)

    moments, half = injected(Work("a step", prepare, optimizer.step, is_half))
    assert moments > 50 and half == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_an_interrupt_at_every_instruction_of_reading_after_a_descent_loses_nothing(engine):
    ws = [Value(1.0), Value(2.0)]
    compiled = autograd.compile(lambda x: ws[0] * x + ws[1], ws, (1.0,), engine=engine)
    numbers = [1.0, 2.0]

    def prepare():
        compiled.descend([1.0], step_size=1.0)
        numbers[:] = [number - 1.0 for number in numbers]

    def is_half():
        return [w.data for w in ws] != numbers or compiled.parameters.tolist() != numbers

    moments, half = injected(Work("reading", prepare, lambda: ws[0].data, is_half))
    assert moments > 20 and half == 0


# ---- arrays that a caller keeps, Values computed outside, and those a function makes


@both_engines
@settings(max_examples=20)
@given(st.lists(st.sampled_from(["array", "value", "stranger", "descend", "read"]), max_size=8))
def test_a_kept_array_of_parameters_is_not_written_over(engine, steps):
    ws = [Value(1.0), Value(2.0)]
    stranger = Value(0.0)
    compiled = autograd.compile(lambda x: ws[0] * x + ws[1], ws, (1.0,), engine=engine)
    kept, truth = compiled.parameters, [1.0, 2.0]
    for k, step in enumerate(steps, 1):
        if step == "array":
            kept[0] += k
            truth[0] += k
        elif step == "value":
            ws[1].data = truth[1] = 10.0 * k
        elif step == "stranger":
            stranger.data = k
        elif step == "descend":
            compiled.descend([1.0], step_size=0.25)
            truth = [w - 0.25 for w in truth]
        else:
            assert compiled.parameters.tolist() == truth == [w.data for w in ws]
        assert compiled.value([2.0]) == [2.0 * truth[0] + truth[1]]
    assert compiled.parameters.tolist() == truth == [w.data for w in ws]


@pytest.mark.parametrize("numbers", [[1.0], 5.0, [], [[1.0, 2.0]]])
def test_an_array_of_another_shape_is_no_array_of_parameters(numbers):
    ws = [Value(1.0), Value(2.0)]
    compiled = autograd.compile(lambda x: ws[0] * x + ws[1], ws, (1.0,), engine="numpy")
    with pytest.raises(ValueError, match=r"parameters has shape .*assign an array of shape \(2,\)"):
        compiled.parameters = numbers
    assert compiled.parameters.tolist() == [1.0, 2.0]


@both_engines
@pytest.mark.parametrize("outside", [lambda w: w * 3, lambda w: (w + 1).tanh(), lambda w: +w])
def test_a_value_that_was_computed_outside_keeps_its_number(engine, outside):
    w = Value(2.0)
    found = outside(w)
    compiled = autograd.compile(lambda x: x * found, example=(1.0,), engine=engine)
    expected = found.data
    w.data = 5.0
    assert compiled.value([1.0]) == [expected]
    found.data = 100.0
    assert compiled.value([1.0]) == [100.0]
    with pytest.raises(RuntimeError, match="computed of parameter 0 before the function was"):
        autograd.compile(lambda x: x * found, [w], (1.0,), engine=engine)
    detached = found.detach()
    assert autograd.compile(lambda x: x * detached * w, [w], (1.0,), engine=engine).value([2.0])


class Lazy:
    """A model that makes its weight when it is first called."""

    weight = None

    def __call__(self, x):
        if self.weight is None:
            self.weight = Value(1.0)
        return self.weight * x


@both_engines
def test_a_value_that_the_function_makes_and_keeps_is_followed(engine):
    model, cache = Lazy(), {}
    first = autograd.compile(model, example=(1.0,), engine=engine)
    second = autograd.compile(
        lambda x: cache.setdefault("k", Value(2.0)) * x, example=(1.0,), engine=engine
    )
    model.weight.data = 7.0
    cache["k"].data = 5.0
    assert first.value([1.0]) == [7.0] and second.value([1.0]) == [5.0]


@both_engines
@pytest.mark.parametrize("method", ["value", "value_and_grad", "per_sample_grad", "parameters"])
def test_compiled_code_refuses_to_be_called_in_a_trace(engine, method):
    w = Value(2.0)
    inner = autograd.compile(lambda x: w * x, [w], (1.0,), engine=engine)

    def outer(x):
        used = getattr(inner, method)
        return x if method == "parameters" else x * used([3.0])[0]

    with pytest.raises(TypeError, match="uses compiled code.*have it call <lambda> itself"):
        autograd.compile(outer, example=(1.0,), engine=engine)
    assert inner.value([3.0]) == [6.0]
