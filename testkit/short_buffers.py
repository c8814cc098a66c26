"""Machine code that runs over the end of a buffer by one number, on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Value
from autograd.compile import Compiled
from autograd.compile.machine.workspace import Workspace

BUFFERS = ("values", "adjoints")


class ShortWorkspace(Workspace):
    """A workspace in which one buffer has a number too few."""

    short = ""

    def __init__(
        self,
        slots: int,
        inputs: int,
        scratch_size: int,
        lanes: int,
        dtype: np.dtype[Any],
        kept: int = 0,
    ) -> None:
        super().__init__(slots, inputs, scratch_size, lanes, dtype, kept)
        whole = getattr(self, self.short)
        # The rows of samples stand behind the values: with one sample nobody needs them.
        size = slots * lanes if self.short == "values" else whole.size
        setattr(self, self.short, np.empty(max(size - 1, 0), dtype))


def product_of(x: Value, y: Value) -> Any:
    return x * y * x


def result_with_short(number: int) -> list[float]:
    """Return a gradient; for 1 and 2 values or adjoints have no place for their last number."""
    from unittest import mock

    from autograd.compile.machine import llvm_engine

    workspace: type = Workspace
    if number:
        workspace = type("Short", (ShortWorkspace,), {"short": BUFFERS[number - 1]})
    with mock.patch.object(llvm_engine, "Workspace", workspace):
        compiled = Compiled(product_of, example=(1.0, 1.0), engine="llvm")
        slopes = compiled.value_and_grad([3.0], [5.0], inputs=True)[2]
        return np.ravel(slopes).tolist()


def number_at(place: int) -> float:
    """Return a number of an array of two, without a look at whether the array has that place."""
    import ctypes

    array = np.full(2, 0.5)
    return ctypes.c_double.from_address(array.ctypes.data + place * array.itemsize).value
