"""Batches: arrays with one row for each sample, in the structure of a function's arguments.

Where an argument is one number, its batch is an array of n numbers; where it is a list of 3, an
array n x 3; and so on. An irregular structure is given as the same structure of arrays.

>>> print(packed([0.0, [0.0, 0.0]], ([1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]]), "x", np.float64))
[[1. 3. 4.]
 [2. 5. 6.]]
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.functional import flatten, is_scalar

Array = np.ndarray[Any, Any]


def shape_of(x: Any) -> tuple[int, ...] | None:
    """Return the shape of a regular structure of scalars, () for a scalar, None if irregular."""
    if is_scalar(x):
        return ()
    shapes = {shape_of(part) for part in x}
    if len(shapes) != 1 or None in shapes:
        return (0,) if not len(x) else None
    (inner,) = shapes
    return (len(x), *inner)  # type: ignore[misc]


def packed(example: Any, batch: Any, name: str, dtype: Any) -> Array:
    """Return the batch of one argument as an array, samples x numbers.

    Raises: ValueError when it has another shape than the example; TypeError when it holds anything
        but numbers. The message names the argument and the shape to pass.
    """
    shape = shape_of(example)
    if shape is None:
        if is_scalar(batch) or len(batch) != len(example):
            raise ValueError(f"{name} has {len(example)} parts; pass one batch for each of them")
        parts = [
            packed(part, xs, f"{name}[{i}]", dtype)
            for i, (part, xs) in enumerate(zip(example, batch))
        ]
        return np.concatenate(parts, axis=1)
    try:
        array = np.asarray(batch, dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: {error}; pass an array of numbers") from None
    if array.shape[1:] != shape or array.ndim == 0:
        wanted = ", ".join(["samples", *map(str, shape)])
        raise ValueError(
            f"{name} has shape {array.shape}, but the compiled function takes ({wanted});"
            " the first axis counts the samples"
        )
    return array.reshape(len(array), -1)


def unpacked(example: Any, columns: Array) -> Any:
    """Return columns of numbers, samples x numbers, in the structure of one argument."""
    shape = shape_of(example)
    if shape is not None:
        return columns.reshape(len(columns), *shape)
    parts, start = [], 0
    for part in example:
        size = len(flatten(part))
        parts.append(unpacked(part, columns[:, start : start + size]))
        start += size
    return tuple(parts) if isinstance(example, tuple) else parts
