"""Numbers that a traced function takes out of a Value: they follow the sample, or are refused."""

import math

import pytest

import autograd
from autograd import Value, gradients, no_grad
from autograd.compile import GuardError
from testkit.other_threads import beside

both_engines = pytest.mark.parametrize("engine", ["llvm", "numpy"])
pytest.importorskip("llvmlite")


class Weight(Value):
    """A Value of a user's own."""

    __slots__ = ("group",)


def by_data(x):
    return x.data


def by_item(x):
    return x.item()


def by_detach(x):
    return x.detach()


@pytest.mark.parametrize("taken", [by_data, by_item, by_detach])
@both_engines
def test_a_number_taken_out_of_a_value_follows_every_sample(engine, taken):
    compiled = autograd.compile(lambda x: x * taken(x * x), example=(2.0,), engine=engine)
    assert compiled.value([2.0, 3.0]).tolist() == [8.0, 27.0]
    _, _, slopes = compiled.value_and_grad([2.0, 3.0], inputs=True)
    assert (slopes * 2).tolist() == [4.0, 9.0]  # of a mean of two


@pytest.mark.parametrize("kind", [Value, Weight])
@both_engines
def test_the_number_of_a_parameter_follows_the_parameter(engine, kind):
    w = kind(5.0)
    compiled = autograd.compile(lambda x: w.data * x + w, [w], example=(2.0,), engine=engine)
    compiled.parameters[:] = 7.0
    value, gradient = compiled.value_and_grad([2.0])
    assert (value, gradient.tolist()) == (21.0, [1.0])
    assert type(w) is kind and w.data == 7.0


def softmax_as_microgpt_does(logits):
    largest = max(x.data for x in logits)
    powers = [(x - largest).exp() for x in logits]
    total = sum(powers)
    return [power / total for power in powers]


@both_engines
def test_a_softmax_shifted_by_plain_numbers_compiles_and_does_not_overflow(engine):
    logits = [[1.0, 2.0], [900.0, 2.0], [3.0, 800.0]]
    compiled = autograd.compile(
        softmax_as_microgpt_does, example=(logits[0],), engine=engine, retrace=True
    )
    for found, row in zip(zip(*compiled.value(logits)), logits):
        assert found == pytest.approx(autograd.softmax(row), rel=1e-15)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x if x.data > 0 else -x,
        lambda x: x if max(x.item(), 0) == x.item() else -x,
        lambda x: -x if x.data != 3.0 else x,
        lambda x: x if x.data in (3.0, 4.0) else -x,
    ],
)
@both_engines
def test_a_branch_on_a_number_taken_out_is_guarded(engine, function):
    compiled = autograd.compile(function, example=(3.0,), engine=engine)
    assert compiled.value([3.0]).tolist() == [3.0]
    with pytest.raises(GuardError, match=r"sample 1 takes another branch.*test_compile_traced"):
        compiled.value([3.0, -3.0])
    again = autograd.compile(function, example=(3.0,), engine=engine, retrace=True)
    assert again.value([3.0, -3.0, 3.0]).tolist() == [3.0, 3.0, 3.0]


def test_a_guard_calls_a_number_by_what_it_was_taken_out_of():
    compiled = autograd.compile(lambda x: x if (x * x).data > 1 else -x, example=(3.0,))
    with pytest.raises(GuardError, match=r"\* \(9\) > 1 was True, and is False"):
        compiled.value([0.5])


@both_engines
def test_within_no_grad_a_trace_follows_the_sample_without_a_gradient(engine):
    def function(x):
        with no_grad():
            factor = x * x + 1
        return x * factor

    compiled = autograd.compile(function, example=(2.0,), engine=engine)
    assert compiled.value([2.0, 3.0]).tolist() == [10.0, 30.0]
    assert compiled.value_and_grad([3.0], inputs=True)[2].tolist() == [10.0]


@both_engines
def test_a_gradient_taken_in_a_trace_stops_at_numbers_taken_out(engine):
    def slope(x):
        return gradients(x * x.data * x.detach(), [x])[0]

    compiled = autograd.compile(slope, example=(2.0,), engine=engine)
    assert compiled.value([3.0]).tolist() == [9.0]


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x * math.ldexp(x.data, 1),
        lambda x: x * float(x.item()),
        lambda x: x * int(x.data),
        lambda x: x * [1, 2, 3][x.data],
        lambda x: x * {2.0: 1.0}.get(x.data, 0.0),
    ],
)
def test_no_plain_number_stands_for_that_of_every_sample(use):
    with pytest.raises(TypeError, match=r"2.0 is the number of input 0 in .*\(exp for math"):
        autograd.compile(use, example=(2.0,))


def test_what_was_taken_out_can_be_looked_at_and_a_constant_stays_one(capsys):
    temperature = Value(0.5)

    def function(x):
        print(x.data)
        return x / temperature.data

    assert autograd.compile(function, example=(2.0,)).value([3.0]).tolist() == [6.0]
    assert capsys.readouterr().out == "<the number 2.0 of input 0 in this sample>\n"


def test_a_traced_function_cannot_set_a_number():
    w = Value(2.0)

    def function(x):
        w.data = 3.0
        return w * x

    with pytest.raises(TypeError, match=r"being traced cannot set \.data"):
        autograd.compile(function, [w], example=(2.0,))
    w.data = 4.0
    assert type(w) is Value and w.data == 4.0


def test_other_threads_see_plain_numbers_while_a_parameter_is_traced():
    w, seen = Value(2.0), []

    def look():
        seen.append((w.data, w.item(), type(w.detach()), (w * w).data))
        w.data = 3.0

    have_a_look = beside(look)

    def function(x):
        have_a_look()
        return w * x

    autograd.compile(function, [w], example=(2.0,))
    assert seen == [(2.0, 2.0, Value, 4.0)] and w.data == 3.0


def test_a_function_compiled_inside_a_traced_one_leaves_its_parameters_traced():
    w = Value(2.0)

    def function(x):
        autograd.compile(lambda y: w * y, [w], example=(1.0,))
        return w.data * x

    compiled = autograd.compile(function, [w], example=(2.0,))
    compiled.parameters[:] = 5.0
    assert compiled.value([2.0]).tolist() == [10.0] and type(w) is Value
