"""Machine code that runs over the end of a buffer by one number, on purpose."""

from __future__ import annotations

import numpy as np

import autograd
from autograd.compile.machine.workspace import Workspace

BUFFERS = ("values", "adjoints")


class ShortWorkspace(Workspace):
    """A workspace in which one buffer has a number too few."""

    short = ""

    def __init__(self, slots, inputs, scratch_size, lanes, dtype, kept=0):
        super().__init__(slots, inputs, scratch_size, lanes, dtype, kept)
        whole = getattr(self, self.short)
        # The rows of samples stand behind the values: with one sample nobody needs them.
        size = slots * lanes if self.short == "values" else whole.size
        setattr(self, self.short, np.empty(max(size - 1, 0), dtype))


def product_of(x, y):
    return x * y * x


def result_with_short(number):
    """Return a gradient; for 1 and 2 values or adjoints have no place for their last number."""
    from unittest import mock

    from autograd.compile.machine import llvm_engine

    workspace = Workspace
    if number:
        workspace = type("Short", (ShortWorkspace,), {"short": BUFFERS[number - 1]})
    with mock.patch.object(llvm_engine, "Workspace", workspace):
        compiled = autograd.compile(product_of, example=(1.0, 1.0), engine="llvm")
        slopes = compiled.value_and_grad([3.0], [5.0], inputs=True)[2]
        return np.ravel(slopes).tolist()


def number_at(place):
    """Return a number of an array of two, without a look at whether the array has that place."""
    import ctypes

    array = np.full(2, 0.5)
    return ctypes.c_double.from_address(array.ctypes.data + place * array.itemsize).value
