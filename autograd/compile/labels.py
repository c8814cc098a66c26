"""Functions of labels and tokens: arguments that are plain numbers, with a program for each.

>>> import autograd
>>> w = [Value(2.0), Value(5.0)]
>>> f = autograd.compile(lambda x, label: w[label] * x, w, example=(1.0, 0), static=1)
>>> f.value([1.0, 1.0, 3.0], [0, 1, 0])
array([2., 5., 6.])
>>> f.per_sample_grad([1.0, 1.0, 3.0], [0, 1, 0]).tolist()
[[1.0, 0.0], [0.0, 1.0], [3.0, 0.0]]
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any, NoReturn, SupportsIndex

import numpy as np

from autograd.compile.arguments import parameters_of
from autograd.compile.batches import (
    Array,
    array_of,
    fill,
    in_order,
    in_structure,
    places_of,
)
from autograd.compile.compiled import Compiled, rebuild_columns
from autograd.compile.finite import descend
from autograd.compile.processes import check_importable, compiled_functions
from autograd.compile.report import Report
from autograd.compile.tracing.results import ArrayOf, is_one
from autograd.structures import TUPLE, alike, flatten, kind_of, parts, regular_shape, remade, steps
from autograd.value import Value

# Labels by the places of their arguments.
Labels = dict[int, Any]


class WithLabels:
    """A function some of whose arguments are given."""

    def __init__(self, function: Callable[..., Any], labels: Labels) -> None:
        self.function = function
        self.labels = labels
        self.__name__ = getattr(function, "__name__", "the function")

    def __call__(self, *others: object) -> Any:
        """Call the function, with the other arguments in their places."""
        arguments = list(others)
        for place in sorted(self.labels):
            arguments.insert(place, self.labels[place])
        return self.function(*arguments)


class Group:
    """The samples of a batch that have the same labels, and the program for those."""

    def __init__(self, samples: Sequence[int], compiled: Compiled, rows: Array) -> None:
        self.samples = np.array(samples)
        self.compiled = compiled
        arrays = compiled.like_inputs(rows[self.samples])
        self.batch = (arrays,) if len(compiled.example) == 1 else arrays

    def each(self, numbers: Array) -> Array:
        """Return numbers by sample, also of a program without inputs, which runs once."""
        samples = len(self.samples)
        if len(numbers) == samples:
            return numbers
        return numbers.repeat(samples, 0)


class CompiledByLabel:
    """A function of numbers and of labels, compiled for each label that is met.

    `autograd.compile(..., static=1)` makes it. It has the calls of a `Compiled`; those arguments
    whose places are `static` are plain numbers in the function, an int stays an int, so it may
    index by them and compare them. A batch is split by its labels and put together again in order.

    Args:
        function, parameters, example: as for `Compiled`.
        static: the place of an argument, or several, counted from 0.
        reduce, settings: as for `Compiled`.
    Raises:
        TypeError: the example of a static argument is neither a number nor a regular structure of
            numbers, or the function returns another structure for another label.
        ValueError: there is no such argument.
    Cost: a trace for each distinct combination of labels, which is kept.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        parameters: Any = (),
        example: Any = (),
        *,
        static: int | Sequence[int],
        reduce: str = "mean",
        **settings: Any,
    ) -> None:
        self.function = function
        self.values, self.layout = parameters_of(parameters)
        self.example = example if kind_of(example) is TUPLE else (example,)
        self.places = checked_places(static, self.example)
        arguments = range(len(self.example))
        self.others = [i for i in arguments if i not in self.places]
        self.reduce = reduce
        self.settings = settings
        self.compiled: dict[str, Compiled] = {}
        self.lock = threading.RLock()
        compiled_functions.add(self)
        # The example is a batch of one sample.
        labels = {}
        for i in self.places:
            example = self.example[i]
            (labels[i],) = labels_in([example], example, f"argument {i}")
        self.first = self.made(labels, reduce)
        key = key_of(labels.values())
        self.compiled[key] = self.first

    def made(self, labels: Labels, reduce: str = "mean") -> Compiled:
        """Compile the function for some labels."""
        example = tuple(self.example[i] for i in self.others)
        function = WithLabels(self.function, labels)
        found = Compiled(function, self.values, example, reduce=reduce, **self.settings)
        # Messages count the labels among the arguments.
        for part in found.parts:
            place = self.others[part.argument]
            part.name = part.name.replace(str(part.argument), str(place), 1)
        return found

    def compiled_for(self, labels: Labels) -> Compiled:
        """Return the function compiled for some labels, with the parameters as they are now."""
        key = key_of(labels.values())
        found = self.compiled.get(key)
        if found is None:
            found = self.made(labels)
            outputs = found.specializations[0].outputs
            if not alike(outputs, self.first.specializations[0].outputs):
                raise TypeError(f"the function returns another structure for the labels {key}")
            self.compiled[key] = found
        if found is not self.first:
            found.parameters[:] = self.parameters
        found.reduce = "mean"
        return found

    # Copies, and other processes

    def __getstate__(self) -> dict[str, Any]:
        with self.lock:
            state = dict(vars(self))
        # A lock belongs to one process.
        del state["lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.lock = threading.RLock()
        compiled_functions.add(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> CompiledByLabel:
        twin = object.__new__(type(self))
        memo[id(self)] = twin
        state = deepcopy(self.__getstate__(), memo)
        twin.__setstate__(state)
        return twin

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        check_importable(self.function)
        return super().__reduce_ex__(protocol)

    def renew(self) -> None:
        """Forget, in a process that was forked, what another thread of the parent was at."""
        self.lock = threading.RLock()

    # The numbers of the parameters

    @property
    def parameters(self) -> Array:
        """The array of parameters that all calls read; change it in place, or assign."""
        return self.first.parameters

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        if self.layout is not None and not isinstance(numbers, np.ndarray):
            numbers = in_order(self.layout, numbers)
        self.first.parameters = numbers

    def pull(self) -> None:
        """Copy the numbers of the Values into the array `parameters`."""
        self.first.pull()

    def push(self) -> None:
        """Copy the array `parameters` into the Values."""
        self.first.push()

    # Calls

    def groups(self, batch: Sequence[Any]) -> tuple[int, list[Group]]:
        """Return how many samples a batch has, and its groups in the order of their first samples.

        Raises:
            TypeError: the batch has not one array for each argument.
            ValueError: the arrays differ in length, or have other shapes than the example.
        """
        if len(batch) != len(self.example):
            raise TypeError(f"the function takes {len(self.example)} arguments, not {len(batch)}")
        columns = [labels_in(batch[i], self.example[i], f"argument {i}") for i in self.places]
        sizes = [len(column) for column in columns]
        samples = sizes[0]
        if len(set(sizes)) > 1 or not samples:
            counts = ", ".join(map(str, sizes))
            raise ValueError(
                f"the static arguments hold {counts} samples; pass"
                " one label for each sample, and at least one sample"
            )
        # What is no label is put into rows once, and each group takes its own.
        rows = np.zeros((samples, self.width), self.dtype)
        places = places_of(self.first.parts, rows)
        fill(places, [batch[i] for i in self.others])
        found: dict[str, tuple[Labels, list[int]]] = {}
        for sample, labels in enumerate(zip(*columns)):
            key = key_of(labels)
            if key not in found:
                found[key] = dict(zip(self.places, labels)), []
            found[key][1].append(sample)
        groups = []
        for common, chosen in found.values():
            compiled = self.compiled_for(common)
            group = Group(chosen, compiled, rows)
            groups.append(group)
        return samples, groups

    @property
    def dtype(self) -> Any:
        """The type of the numbers in arrays."""
        return self.first.dtype

    @property
    def width(self) -> int:
        """How many numbers a sample has besides its labels."""
        parts = self.first.parts
        return parts[-1].stop if parts else 0

    def each_group(self, groups: Sequence[Group]) -> Iterator[Group]:
        """Yield groups to be computed, so that messages call the samples as the batch does."""
        for group in groups:
            group.compiled.numbering = group.samples
            try:
                yield group
            finally:
                group.compiled.numbering = None

    def value(self, *batch: object) -> Any:
        """Return the result for every sample: an array, or the function's structure of arrays."""
        specialization = self.first.specializations[0]
        structure = specialization.outputs
        with self.lock:
            samples, groups = self.groups(batch)
            count = len(specialization.tape.outputs)
            outputs = np.empty((count, samples), self.dtype)
            for group in self.each_group(groups):
                results = group.compiled.value(*group.batch)
                found = columns_of(structure, results)
                for row, column in zip(outputs, found):
                    row[group.samples] = group.each(column)
        return rebuild_columns(structure, iter(outputs), samples)

    def value_and_grad(self, *batch: object, inputs: bool = False, seed: object = None) -> Any:
        """Return the mean (or sum) of the results over the batch, and its gradient.

        As `Compiled.value_and_grad` does; the gradient by the inputs leaves out the labels.
        """
        with self.lock:
            value, gradient, *slopes = self.flat_gradient(batch, inputs, seed)
        if self.layout is not None:
            gradient = in_structure(self.layout, gradient)
        return value, gradient, *slopes

    def flat_gradient(self, batch: tuple[Any, ...], inputs: bool, seed: object) -> Any:
        """Return value and gradient, an array, and the gradient by the inputs if it is wanted."""
        with self.lock:
            samples, groups = self.groups(batch)
            value = 0.0
            gradient = np.zeros_like(self.parameters)
            slopes = np.empty((samples, self.width), self.dtype)
            # The gradient of a group is its mean, or its sum.
            whole = samples if self.reduce == "mean" else 1
            for group in self.each_group(groups):
                share = len(group.samples) / whole
                found = group.compiled.value_and_grad(*group.batch, inputs=inputs, seed=seed)
                value += share * found[0]
                gradient += share * found[1]
                if inputs:
                    rows = self.rows_of(found[2], len(group.samples))
                    slopes[group.samples] = share * rows
        if inputs:
            return value, gradient, self.first.like_inputs(slopes)
        return value, gradient

    def bind(self, *_: object, **__: object) -> NoReturn:
        """Refuse to be bound to arrays: their labels may be others in the next call.

        Raises: TypeError: always; the message says what to bind.
        """
        places = ", ".join(map(str, self.places))
        raise TypeError(
            f"bind is for functions without static arguments, and of this one those at {places} are"
            " labels, by which each call splits its batch; call value_and_grad, or compile the"
            " function for one label and bind that: autograd.compile(lambda x: function(x, 1),"
            " parameters, example).bind(x)"
        )

    def rows_of(self, slopes: Any, samples: int) -> Array:
        """Return the gradient by the inputs of a group as rows."""
        rows = np.zeros((samples, self.width), self.dtype)
        places = places_of(self.first.parts, rows)
        arrays = (slopes,) if len(self.others) == 1 else slopes
        fill(places, arrays)
        return rows

    def per_sample_grad(self, *batch: object, seed: object = None) -> Any:
        """Return the gradient of each sample's own result: samples x parameters."""
        with self.lock:
            samples, groups = self.groups(batch)
            found = np.empty((samples, len(self.parameters)), self.dtype)
            for group in self.each_group(groups):
                gradients = group.compiled.per_sample_grad(*group.batch, seed=seed)
                found[group.samples] = group.each(gradients)
        if self.layout is None:
            return found
        return in_structure(self.layout, found)

    def descend(self, *batch: object, step_size: float, seed: object = None) -> float:
        """Take one step by the gradient of the whole batch, and return the value before it.

        Raises: FloatingPointError: also where a parameter would become infinite or NaN; no
            parameter has changed then.
        """
        with self.lock:
            value, gradient = self.flat_gradient(batch, False, seed)
            if not descend(self.parameters, gradient, step_size, self.first.finite):
                self.first.complain_of_step(gradient, step_size)
            return float(value)

    # What was found, for the labels of the example

    def explain(self) -> Report:
        """Return what was found in the function for the labels of the example."""
        return self.first.explain()

    def source(self, whole: bool = False, backward: bool = True, inputs: bool | None = None) -> str:
        """Return the program for the labels of the example, one instruction a line.

        Args: as `Compiled.source` takes them.
        """
        return self.first.source(whole, backward, inputs)

    def draw(self) -> Any:
        """Return that program as a graphviz.Digraph; `.source` is its DOT text."""
        return self.first.draw()

    def __repr__(self) -> str:
        text = repr(self.first)
        labels = len(self.compiled)
        return f"{text[:-1]}, labels {labels}>"

    def _repr_html_(self) -> str:
        return self.explain().html


def checked_places(static: Any, example: tuple[Any, ...]) -> list[int]:
    """Return the places of static arguments, in order.

    Raises:
        TypeError: a place is no int, or the example there is no regular structure of numbers.
        ValueError: there is no argument there, or it is named twice.
    """
    places = sorted(static) if isinstance(static, (tuple, list)) else [static]
    for place in places:
        if type(place) is not int:
            raise TypeError(f"static is {static!r}; pass the place of an argument, or several")
        if not 0 <= place < len(example) or places.count(place) > 1:
            last = len(example) - 1
            raise ValueError(
                f"static is {static!r}: pass places from 0 to {last}, each of them once"
            )
        labels = example[place]
        numbers = flatten(labels)
        plain = not any(isinstance(x, (Value, str)) for x in numbers)
        if regular_shape(labels) is None or not plain:
            raise TypeError(
                f"argument {place} is static, and its example is {labels!r}; pass a plain"
                " number, or a list or tuple of as many numbers as every sample has"
            )
    return places


def key_of(labels: Iterable[Any]) -> str:
    """Return a text that tells labels apart: an int and the float equal to it are two.

    >>> key_of([1, 1.0, (True, -0.0)])
    '[1, 1.0, (True, -0.0)]'
    """
    plain = []
    for x in labels:
        if isinstance(x, np.ndarray):
            x = x.tolist()
        plain.append(x)
    return repr(plain)


def labels_in(batch: object, example: object, name: str) -> list[Any]:
    """Return the labels of every sample, each in the structure of the example.

    Raises: ValueError: the batch has another shape; the message names both.
    """
    found = array_of(batch, name)
    shape = regular_shape(example)
    if not found.ndim or found.shape[1:] != shape:
        sizes = map(str, shape or ())
        wanted = ", ".join(["samples", *sizes])
        raise ValueError(f"{name} is static and has shape {found.shape}; pass one of ({wanted})")
    if type(example).__module__ == "numpy" and shape:
        return list(found)
    found_labels = []
    for label in found.tolist():
        numbers = flatten(label)
        found_labels.append(remade(example, iter(numbers)))
    return found_labels


def columns_of(structure: Any, results: Any) -> list[Array]:
    """Return the arrays in the results of a call, in order."""
    if is_one(structure):
        return [results]
    if isinstance(structure, ArrayOf):
        rows = results.reshape(len(results), -1)
        return list(rows.T)
    found = []
    for part, step in zip(parts(structure), steps(structure)):
        inner = step.of(results)
        found += columns_of(part, inner)
    return found
