"""Batches: arrays with one row for each sample, in the structure of a function's arguments.

Where an argument is one number, its batch is an array of n numbers; where it is a list of 3, an
array n x 3; and so on. An irregular structure, such as a dict, is given as the same structure of
arrays.

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
from autograd.structures import Step, filled, parts, regular_shape, steps

Array = np.ndarray[Any, Any]


class Part:
    """A regular part of the arguments: where it is found, its shape, and its first column."""

    def __init__(self, way: tuple[Step, ...], shape: tuple[int, ...], start: int) -> None:
        self.way = way
        self.shape = shape
        self.start = start
        self.stop = start + prod(shape)
        self.name = f"argument {self.argument}" + "".join(map(str, way[1:]))

    @property
    def argument(self) -> int:
        """The number of the argument."""
        return int(self.way[0].key)

    @property
    def path(self) -> tuple[Any, ...]:
        """The number of the argument, and the keys that lead to the part within it."""
        return tuple(step.key for step in self.way)

    def of(self, batch: Any) -> Any:
        """Return what a batch holds for this part.

        Raises: TypeError: nothing, since it has not the structure of the example.
        """
        try:
            for step in self.way:
                batch = step.of(batch)
        except (TypeError, IndexError, KeyError, AttributeError):
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
        # Arrays of numbers are copied as they are, lists and all else become arrays of floats.
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
            # What becomes infinite is reported as such.
            with np.errstate(over="ignore"):
                view[...] = found


Place = tuple[Part, int, Array, tuple[int, ...] | None]


def places_of(parts: Sequence[Part], rows: Array) -> list[Place]:
    """Return where the parts of batches are copied to, for `fill`."""
    found: list[Place] = []
    for part in parts:
        view = part.view(rows)
        # Only an argument that is one array can be copied without a look at its structure.
        shape = view.shape if len(part.way) == 1 else None
        found.append((part, part.argument, view, shape))
    return found


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


def is_masked(x: object) -> bool:
    """Tell whether some numbers of an array are masked.

    NumPy loads what it has for such arrays when it is asked for, which takes a while.
    """
    if not isinstance(x, np.ndarray) or type(x) is np.ndarray:
        return False
    return isinstance(x, np.ma.MaskedArray) and bool(np.ma.is_masked(x))


def array_of(x: object, name: str) -> Array:
    """Return an array of floats.

    Raises:
        TypeError, OverflowError: there is anything but numbers in it; the message has the name.
        ValueError: some are masked, and so are no numbers.
    """
    if is_masked(x):
        raise ValueError(f"{name} is an array with masked numbers; fill them: array.filled(0.0)")
    try:
        found = np.asarray(x)
        # Ints of any size, fractions, or no numbers at all.
        if found.dtype.kind == "O":
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


def parts_of(example: object, way: tuple[Step, ...] = (), start: int = 0) -> list[Part]:
    """Return the regular parts of a tuple of arguments, in order."""
    shape = regular_shape(example)
    if way and shape is not None:
        return [Part(way, shape, start)]
    found: list[Part] = []
    for step, inner in zip(steps(example), parts(example)):
        # Columns stand side by side, those of each part behind those of the one before.
        found += parts_of(inner, (*way, step), start)
        start = found[-1].stop if found else start
    return found


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


def shaped_like(example: object, arrays: Iterator[Array]) -> Any:
    """Return the next arrays in the structure of an argument."""
    if regular_shape(example) is not None:
        return next(arrays)
    found = [shaped_like(part, arrays) for part in parts(example)]
    return filled(example, found)


def in_structure(structure: object, rows: Array) -> Any:
    """Return an array, or a row of each sample, in the structure of parameters.

    >>> in_structure({"w": [0, 1], "b": 2}, np.array([3.0, 4.0, 5.0]))
    {'w': array([3., 4.]), 'b': ...5.0...}
    """
    by_sample = rows.ndim == 2
    columns = rows if by_sample else rows[None]
    arrays = []
    for part in parts_of((structure,)):
        array = part.view(columns)
        # The rows of samples belong to a job, which writes over them in its next run.
        arrays.append(array.copy() if by_sample else array[0])
    return shaped_like(structure, iter(arrays))


def in_order(structure: object, numbers: object) -> Array:
    """Return the numbers of such a structure as one array, in the order of the parameters.

    Raises: TypeError, ValueError: it is another structure; the message names the place.
    """
    found_parts = parts_of((structure,))
    row = np.empty((1, found_parts[-1].stop if found_parts else 0))
    for part in found_parts:
        part.name = "parameters" + "".join(map(str, part.way[1:]))
        found = array_of(part.of((numbers,)), part.name)
        if found.shape != part.shape:
            raise ValueError(f"{part.name} has shape {found.shape}, but {part.shape} belongs there")
        part.view(row)[0] = found
    return row[0]  # type: ignore[no-any-return]
