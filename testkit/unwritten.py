"""Memory that nobody has written to, made visible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np

PATTERN = 0xFF  # each byte of an array that is new; so every float is NaN


@contextmanager
def unwritten_is_nan() -> Iterator[None]:
    """Have `numpy.empty` and its kin give arrays of NaN within the block."""
    functions = {name: getattr(np, name) for name in ("empty", "empty_like")}

    def marked(name):
        def create(*args, **kwargs):
            array = functions[name](*args, **kwargs)
            if array.size and array.dtype != object:
                array.view(np.uint8).fill(PATTERN) if array.ndim else None
            return array

        return create

    with mock.patch.multiple(np, **{name: marked(name) for name in functions}):
        yield
