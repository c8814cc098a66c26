"""Object arrays of Values under NumPy."""

import math

import numpy as np
import pytest

from autograd import Value


def array(*numbers):
    return np.array([Value(x) for x in numbers])


UNARY = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "arcsin",
         "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arctanh", "square", "fabs", "abs", "negative",
         "positive", "floor", "ceil", "rint"]  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_a_ufunc_calls_the_method_of_its_name(name):
    numbers = [0.25, 0.5]
    found = getattr(np, name)(array(*numbers))
    assert all(isinstance(y, Value) for y in found)
    assert [y.data for y in found] == pytest.approx(
        getattr(np, name)(np.array(numbers)).tolist(), rel=1e-15
    )
    found.sum().backward()


@pytest.mark.parametrize(
    "name",
    [
        "arctan2",
        "hypot",
        "power",
        "add",
        "subtract",
        "multiply",
        "divide",
        "remainder",
        "floor_divide",
    ],
)
def test_a_binary_ufunc_takes_values_and_numbers(name):
    function, xs, ys = getattr(np, name), [1.5, 2.0], [0.5, 3.0]
    calls = [(array(*xs), array(*ys)), (array(*xs), np.array(ys)), (np.array(xs), array(*ys))]
    if name in ("arctan2", "hypot"):
        del calls[2]  # NumPy asks the first operand for the method, and a float has none
    for found in (function(*call) for call in calls):
        assert [y.data for y in found] == pytest.approx(
            function(np.array(xs), np.array(ys)).tolist(), rel=1e-15
        )


def test_products_sums_means_and_norms_are_differentiable():
    x = array(3.0, 4.0)
    np.linalg.norm(x).backward()
    assert [v.grad for v in x] == [0.6000000000000001, 0.8]
    y = array(1.0, 2.0)
    (np.array([[1.0, 2.0], [3.0, 4.0]]) @ y).sum().backward()
    assert [v.grad for v in y] == [4.0, 6.0]
    z = array(1.0, 2.0, 6.0)
    z.mean().backward()
    assert [v.grad for v in z] == [1 / 3] * 3
    assert (z @ z).data == 41.0
    assert np.std(z).data == pytest.approx(np.std([1.0, 2.0, 6.0]))
    assert np.prod(z).data == 12.0 and np.cumsum(z)[-1].data == 9.0


def test_choices_keep_the_winner():
    x = array(-1.0, 2.0)
    assert [getattr(v, "data", v) for v in np.maximum(x, 0.5)] == [0.5, 2.0]
    assert [getattr(v, "data", v) for v in np.clip(x, 0.0, 1.0)] == [0.0, 1.0]
    assert (
        np.max(x) is x[1]
        and np.argmin(x) == 0
        and [v.data for v in np.sort(array(3.0, 1.0))] == [1.0, 3.0]
    )
    assert [v.data for v in np.round(array(1.26), 1)] == [1.3]
    assert np.sign(x).tolist() == [-1, 1]


def test_a_value_times_an_array_broadcasts_from_both_sides():
    x, ones = Value(2.0), np.ones(3)
    for found in (x * ones, ones * x, x + ones - 1.0, ones / (1 / x)):
        assert [v.data for v in found] == [2.0, 2.0, 2.0]
    assert (x > ones).tolist() == [True] * 3


@pytest.mark.parametrize(
    "kind", [np.float16, np.float32, np.float64, np.int8, np.int64, np.uint16, np.bool_]
)
def test_numpy_scalars_become_floats_from_both_sides(kind):
    x = Value(0.1)
    for y in (x * kind(1), kind(1) * x):
        assert (type(y.data), y.data) == (float, 0.1)
        y.backward()
    assert type(x.grad) is float and x.grad == 2.0
    assert type(Value(kind(1)).data) is float


def test_numpy_functions_do_not_swallow_a_value():
    with pytest.raises(TypeError):
        math.exp(Value(1.0))
    with pytest.raises(TypeError):
        np.array([Value(1.0)]).astype(float)
