"""What kernels do to consecutive numbers, in machine code, beside the same in NumPy."""

import ctypes
from itertools import count

import numpy as np
import pytest

llvm = pytest.importorskip("llvmlite.binding")

from autograd.compile.machine import consecutive as c  # noqa: E402
from autograd.compile.machine import objects  # noqa: E402
from autograd.compile.machine.ir import DOUBLE, FLOAT, INTEGER, POINTER  # noqa: E402
from autograd.compile.machine.translate import Module  # noqa: E402
from autograd.compile.sources import sources_in  # noqa: E402

ELEMENTS = {np.float64: DOUBLE, np.float32: FLOAT}
COUNTS = (0, 1, 7, 8, 9, 31, 32, 33, 71)
SPACE = 80
ABSENT = -0.0
numbered = count()

# What is written, and what it is in NumPy; x and y are rows of numbers, to is one that changes.
CHANGES = {
    "fill(to, n, 2.5)": lambda to, x, y: np.full_like(to, 2.5),
    "fill(to, n, -0.0)": lambda to, x, y: np.full_like(to, -0.0),
    "copy(to, x, n)": lambda to, x, y: x,
    "add(to, x, n)": lambda to, x, y: to + x,
    "add_number(to, 0.0, n)": lambda to, x, y: to + to.dtype.type(0.0),
    "add_multiple(to, y[0], x, n)": lambda to, x, y: to + y[0] * x,
    "add_products(to, x, y, n)": lambda to, x, y: to + x * y,
    "add_present_multiple(to, x[0], y, n)": lambda to, x, y: np.where(absent(y), to, to + x[0] * y),
    "add_present_products(to, x, y, n)": lambda to, x, y: np.where(absent(y), to, to + x * y),
}
SUMS = {
    "sum_of(x, n)": lambda x, y: x.sum(),
    "sum_of_products(x, y, n)": lambda x, y: (x * y).sum(),
    "sum_of_present_products(x, y, n)": lambda x, y: (x * y)[~absent(y)].sum(),
    "sum_of_none(x, n)": lambda x, y: 0.0 if np.isfinite(x).all() else np.nan,
    "sum_of_none_moved(x, 2.0, y, n)": lambda x, y: 0.0 if np.isfinite(x + 2 * y).all() else np.nan,
}


def absent(numbers):
    return (numbers == 0.0) & np.signbit(numbers)


def compiled(expression, dtype):
    """Return a function that evaluates an expression; what it sums up goes to the first of `to`."""
    name, number = f"tested_consecutive{next(numbered)}", (POINTER, ELEMENTS[dtype])
    line = expression if expression in CHANGES else f"to[0] = {expression}"
    source = sources_in(f"def f(to, x, y, n):\n    {line}\n", vars(c))["f"]
    text = Module().with_function(name, source, [number, number, number, INTEGER]).text()
    holder = objects.engine()
    code = objects.object_code(text, objects.PLAIN)
    holder.add_object_file(llvm.ObjectFileRef.from_data(code))
    holder.finalize_object()
    pointer = ctypes.c_void_p
    type_ = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, ctypes.c_int64)
    function = type_(holder.get_function_address(name))
    return lambda to, x, y, n: function(to.ctypes.data, x.ctypes.data, y.ctypes.data, n)


def rows(dtype):
    """Return three rows of small whole numbers, of which every sum is exact; y lacks some."""
    source = np.random.default_rng(0)
    to, x, y = source.integers(-9, 9, (3, SPACE)).astype(dtype)
    y[3::5] = ABSENT
    return to, x, y


@pytest.mark.parametrize("dtype", ELEMENTS)
@pytest.mark.parametrize("expression", CHANGES)
def test_so_many_numbers_change_and_none_behind_them(expression, dtype):
    run = compiled(expression, dtype)
    for n in COUNTS:
        to, x, y = rows(dtype)
        expected = CHANGES[expression](to, x, y)
        expected[n:] = to[n:]
        run(to, x, y, n)
        assert to.tobytes() == expected.tobytes(), n


@pytest.mark.parametrize("dtype", ELEMENTS)
@pytest.mark.parametrize("expression", SUMS)
def test_so_many_numbers_are_added_up_and_none_behind_them(expression, dtype):
    run = compiled(expression, dtype)
    for n in COUNTS:
        to, x, y = rows(dtype)
        x[n:] = np.inf
        run(to, x, y, n)
        np.testing.assert_equal(to[0], SUMS[expression](x[:n], y[:n]))


@pytest.mark.parametrize("expression", ["sum_of_none(x, n)", "sum_of_none_moved(x, 2.0, y, n)"])
@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan, 1e308])
def test_a_number_that_is_not_finite_is_found_wherever_it_stands(expression, number):
    run = compiled(expression, np.float64)
    for place in (0, 6, 8, 40, 70):
        to, x, y = rows(np.float64)
        x[place] = number
        y[place] = 1e308  # twice as much overflows
        run(to, x, y, max(COUNTS))
        assert np.isnan(to[0]) == (not np.isfinite(number) or "moved" in expression)
