"""Functions are methods of a Value, too, under the names of NumPy and PyTorch as well."""

import math

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.primitive_type import Primitive, Variadic

# Operators, and what is not asked of its first operand.
NO_METHODS = {"absolute", "equal", "unequal", "power", "round", "polygamma", "stop_gradient"}
FUNCTIONS = [
    name
    for name, row in vars(autograd).items()
    if name in autograd.__all__ and isinstance(row, Primitive) and not isinstance(row, Variadic)
]
COMPOSED = ["logaddexp", "rsqrt", "digamma", "selu", "relu6", "heaviside", "deg2rad", "rad2deg"]


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in NO_METHODS] + COMPOSED)
def test_a_function_is_a_method_of_its_first_operand(name):
    function = getattr(autograd, name)
    x = Value(
        {"log1mexp": -0.5, "acosh": 1.5, "asec": 1.5, "acsc": 1.5, "acoth": 1.5}.get(name, 0.5)
    )
    others = {"clip": (0.0, 1.0)}.get(name, (0.75,) * (operand_count(function) - 1))
    by_method = getattr(x, name)(*others)
    by_function = function(x, *others)
    assert by_method.data == by_function.data and by_method.op is by_function.op


def operand_count(function):
    """Return how many operands a function cannot do without."""
    if isinstance(function, Primitive):
        return len(function.partials) - len(function.defaults)
    return 2 if function.__name__ in ("logaddexp", "heaviside") else 1


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("arcsin", "asin"), ("arccos", "acos"), ("arctan", "atan"), ("arcsinh", "asinh"),
        ("arctanh", "atanh"), ("swish", "silu"),
    ],
)  # fmt: skip
def test_names_of_numpy_are_other_names(name, row):
    x = Value(0.5)
    assert getattr(x, name)().op is getattr(autograd, row)
    assert Value(1.5).arccosh().op is autograd.acosh
    assert x.arctan2(2.0).data == math.atan2(0.5, 2.0)


def test_names_of_pytorch_are_other_names():
    x = Value(-1.5)
    assert (x.abs().data, x.fabs().data, x.pow(2).data, x.rint().data) == (1.5, 1.5, 2.25, -2.0)
    assert (x.max(2.0).data, x.min(-2.0).data, x.clamp(min=-1.0).data) == (2.0, -2.0, -1.0)
    assert (x.clamp(max=-2.0).data, x.conjugate().data) == (-2.0, -1.5)
    assert x.radians().data == x.deg2rad().data and x.degrees().data == x.rad2deg().data


def test_python_rounds_down_up_and_towards_zero():
    x = Value(-1.5)
    assert (math.floor(x).data, math.ceil(x).data, math.trunc(x).data) == (-2.0, -1.0, -1.0)
    with pytest.raises(TypeError, match="would forget its history; use trunc"):
        int(x)


def test_numpy_finds_the_methods_of_the_elements_of_an_array():
    xs = np.array([Value(0.25), Value(0.5)])
    for name in ("sin", "arcsin", "arctanh", "sqrt", "cbrt", "square", "exp2", "log1p", "floor"):
        found = getattr(np, name)(xs)
        assert [y.data for y in found] == [getattr(x, name)().data for x in xs]
    assert np.var(xs).data == 0.015625
