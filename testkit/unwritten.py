"""Memory that nobody has written to, made visible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

Array = np.ndarray[Any, Any]

PATTERN = 0xFF  # each byte of an array that is new; so every float is NaN


@contextmanager
def unwritten_is_nan() -> Iterator[None]:
    """Have `numpy.empty` and its kin give arrays of NaN within the block."""
    functions = {name: getattr(np, name) for name in ("empty", "empty_like")}

    def marked(name: str) -> Callable[..., Array]:
        def create(*args: Any, **kwargs: Any) -> Array:
            array = functions[name](*args, **kwargs)
            if array.size and array.dtype != object:
                array.view(np.uint8).fill(PATTERN) if array.ndim else None
            return array

        return create

    replaced: dict[str, Any] = {name: marked(name) for name in functions}
    with mock.patch.multiple(np, **replaced):
        yield
