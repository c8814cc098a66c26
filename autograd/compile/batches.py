"""Batches: arrays with one row for each sample, in the structure of a function's arguments.

Where an argument is one number, its batch is an array of n numbers; where it is a list of 3, an
array n x 3; and so on. An irregular structure is given as the same structure of arrays.

>>> parts = parts_of((0.0, [0.0, [0.0, 0.0]]))
>>> [(part.name, part.shape, part.start) for part in parts]
[('argument 0', (), 0), ('argument 1[0]', (), 1), ('argument 1[1]', (2,), 2)]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from autograd.coercion import as_data
from autograd.structures import is_scalar

Array = np.ndarray[Any, Any]


def shape_of(x: Any) -> tuple[int, ...] | None:
    """Return the shape of a regular structure of scalars, () for a scalar, None if irregular."""
    if is_scalar(x):
        return ()
    shapes = {shape_of(part) for part in x}
    if not shapes:
        return (0,)
    inner = shapes.pop()
    return None if shapes or inner is None else (len(x), *inner)


class Part:
    """A regular part of the arguments: where it is found, its shape, and its first column."""

    def __init__(self, path: tuple[int, ...], shape: tuple[int, ...], start: int) -> None:
        self.path, self.shape, self.start = path, shape, start
        self.stop = start + prod(shape)
        self.name = f"argument {path[0]}" + "".join(f"[{i}]" for i in path[1:])

    def of(self, batch: Sequence[Any]) -> Any:
        """Return what a batch holds for this part.

        Raises: TypeError: nothing, since it has not the structure of the example.
        """
        try:
            for i in self.path:
                batch = batch[i]
        except (TypeError, IndexError, KeyError):
            raise TypeError(
                f"the batch has no {self.name}: it takes the structure of the example, with an"
                " array, samples first, in the place of each number or regular list of numbers"
            ) from None
        return batch

    def view(self, rows: Array) -> Array:
        """Return the columns of this part, samples first and then in the part's own shape."""
        return rows[:, self.start : self.stop].reshape(len(rows), *self.shape)

    def fill(self, view: Array, batch: Sequence[Any]) -> None:
        """Copy a batch into a view.

        Raises:
            TypeError, OverflowError: the batch holds anything but numbers.
            ValueError: it has another shape, and the message names both; or numbers are masked.
        """
        found = self.of(batch)
        if type(found) is not np.ndarray or found.dtype.kind not in "fiub":
            found = array_of(found, self.name)
        if found.shape != view.shape:
            wanted = ", ".join(["samples", *map(str, self.shape)])
            raise ValueError(
                f"{self.name} has shape {found.shape}, but the compiled function takes ({wanted});"
                f" here samples is {len(view)}, and the first axis counts them"
            )
        if found.dtype.itemsize <= view.itemsize:
            view[...] = found
        else:
            with np.errstate(over="ignore"):  # what becomes infinite is reported as such
                view[...] = found


Place = tuple[Part, int, Array, tuple[int, ...] | None]


def places_of(parts: Sequence[Part], rows: Array) -> list[Place]:
    """Return where the parts of batches are copied to, for `fill`."""
    views = [part.view(rows) for part in parts]
    return [
        (part, part.path[0], view, view.shape if len(part.path) == 1 else None)
        for part, view in zip(parts, views)
    ]


def fill(places: Sequence[Place], batch: Sequence[Any]) -> None:
    """Copy a batch to its places; what is an array of the right type already without a detour.

    Raises: TypeError, ValueError: as `Part.fill` does.
    """
    for part, argument, view, shape in places:
        found = batch[argument]
        if type(found) is np.ndarray and found.shape == shape and found.dtype is view.dtype:
            view[...] = found
        else:
            part.fill(view, batch)


def array_of(x: Any, name: str) -> Array:
    """Return an array of floats.

    Raises:
        TypeError, OverflowError: there is anything but numbers in it; the message has the name.
        ValueError: some are masked, and so are no numbers.
    """
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(f"{name} is an array with masked numbers; fill them: array.filled(0.0)")
    try:
        found = np.asarray(x)
        if found.dtype.kind == "O":  # ints of any size, fractions, or no numbers at all
            numbers = [float(as_data(number)) for number in found.ravel().tolist()]
            found = np.array(numbers, float).reshape(found.shape)
    except (ValueError, TypeError) as error:
        raise TypeError(f"{name}: {error}; pass an array of numbers") from None
    except OverflowError as error:
        raise OverflowError(f"{name}: {error}") from None
    if found.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} holds {found.dtype} and not real numbers; pass an array of numbers"
        )
    return found


def parts_of(example: Any, path: tuple[int, ...] = (), start: int = 0) -> list[Part]:
    """Return the regular parts of the arguments, in order."""
    shape = shape_of(example)
    if path and shape is not None:
        return [Part(path, shape, start)]
    parts: list[Part] = []
    for i, inner in enumerate(example):
        parts += parts_of(inner, (*path, i), parts[-1].stop if parts else start)
    return parts


def samples_of(parts: Sequence[Part], batch: Sequence[Any], arguments: int) -> int:
    """Return how many samples a batch has; a function without arguments runs once.

    Raises:
        TypeError: the batch has not one array for each argument, or not their structure.
        ValueError: the first array has no axis of samples, or no samples.
    """
    if len(batch) != arguments:
        raise TypeError(f"the function takes {arguments} arguments, not {len(batch)}")
    if not parts:
        return 1
    found = parts[0].of(batch)
    try:
        samples = len(found)
    except TypeError:
        raise ValueError(
            f"{parts[0].name} has no axis of samples; pass an array, also for one sample"
        ) from None
    if not samples:
        raise ValueError("the batch is empty; pass at least one sample")
    return samples


def sliced(example: Any, batch: Any, samples: slice) -> Any:
    """Return some of the samples of a batch, in its structure."""
    if shape_of(example) is not None:
        return batch[samples]
    return [sliced(inner, part, samples) for inner, part in zip(example, batch)]


def shaped_like(example: Any, arrays: Iterator[Array]) -> Any:
    """Return the next arrays in the structure of an argument."""
    if shape_of(example) is not None:
        return next(arrays)
    parts = [shaped_like(inner, arrays) for inner in example]
    return tuple(parts) if isinstance(example, tuple) else parts
