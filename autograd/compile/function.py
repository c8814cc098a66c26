"""The compiled function: what `autograd.compile` returns."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compile.batches import Array, packed, unpacked
from autograd.compile.lower import lower
from autograd.compile.tape import trace
from autograd.functional import flatten, is_scalar
from autograd.value import Value

ENGINES = {"numpy": "NumpyEngine", "numba": "NumbaEngine"}
DTYPES = ("float64", "float32")
REDUCTIONS = ("mean", "sum")


class GuardError(ValueError):
    """A sample for which the function would have taken another branch than the one traced."""


class Compiled:
    """A function of numbers, traced once, that runs on batches; made by `autograd.compile`.

    Attributes:
        parameters: the array of parameters, in the order given; change it in place, or assign.
        engine: the name of the engine that runs it.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        parameters: Sequence[Value] = (),
        example: Any = (),
        *,
        engine: str | None = None,
        dtype: str = "float64",
        reduce: str = "mean",
        threads: int = 1,
        finite: bool = True,
        retrace: bool = False,
    ) -> None:
        chosen("engine", engine, (None, *ENGINES))
        chosen("dtype", dtype, DTYPES)
        chosen("reduce", reduce, REDUCTIONS)
        self.function, self.values = function, list(parameters)
        self.example = example if isinstance(example, tuple) else (example,)
        self.reduce, self.threads, self.finite, self.retrace = reduce, threads, finite, retrace
        self.dtype = np.dtype(dtype)
        self.engine = engine or "numpy"
        self.array = np.array([x.data for x in self.values], self.dtype)
        self.sizes = [len(flatten(part)) for part in self.example]
        self.record(self.example)

    def record(self, example: tuple[Any, ...]) -> None:
        """Trace the function at an example, and forget programs made before."""
        self.tape, self.outputs = trace(self.function, self.values, example)
        self.programs: dict[bool, Any] = {}

    @property
    def parameters(self) -> Array:
        """The array of parameters that all calls read; change it in place, or assign."""
        return self.array

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        self.array[:] = numbers

    def pull(self) -> None:
        """Copy the numbers of the Values into the array `parameters`."""
        self.array[:] = [x.data for x in self.values]

    def push(self) -> None:
        """Copy the array `parameters` into the Values."""
        for x, number in zip(self.values, self.array.tolist()):
            x.data = number

    def value(self, *batch: Any) -> Any:
        """Return the result for every sample: an array, or the function's structure of arrays."""
        inputs = self.packed(batch)
        outputs = self.run(inputs, lambda: self.machine(False).forward(self.array, inputs))
        return self.structured(outputs)

    def value_and_grad(self, *batch: Any, inputs: bool = False, seed: Any = None) -> Any:
        """Return the mean (or sum) of the results over the batch, and its gradient.

        Args:
            batch: one array for each argument, its first axis counting the samples.
            inputs: also return the gradient with respect to the inputs.
            seed: for a function of several outputs: the weight of each in what is differentiated.
        Returns: the value, a float; the gradient by the parameters, an array in their order; with
            `inputs`, also a structure of arrays like the batch.
        """
        rows = self.packed(batch)
        share = 1.0 / len(rows) if self.reduce == "mean" else 1.0
        weights = self.seed(seed)
        outputs, gradient, slopes = self.run(
            rows, lambda: self.machine(inputs).backward(self.array, rows, weights * share)
        )
        value = float(outputs.sum(0) @ weights * share)
        if not inputs:
            return value, gradient
        return value, gradient, self.like_inputs(slopes)

    def per_sample_grad(self, *batch: Any, seed: Any = None) -> Array:
        """Return the gradient by the parameters of every sample alone: samples x parameters."""
        rows, weights = self.packed(batch), self.seed(seed)
        machine = self.machine(False)
        gradients = np.empty((len(rows), len(self.array)), self.dtype)
        for i in range(len(rows)):
            one = rows[i : i + 1]
            gradients[i] = self.run(one, lambda: machine.backward(self.array, one, weights))[1]
        return gradients

    def machine(self, inputs: bool) -> Any:
        """Return the engine with the program whose gradient leads to the inputs too, or not."""
        if inputs not in self.programs:
            leaves = self.tape.parameters + (self.tape.inputs if inputs else [])
            module = importlib.import_module(f"autograd.compile.{self.engine}_engine")
            program = lower(self.tape, leaves)
            self.programs[inputs] = getattr(module, ENGINES[self.engine])(program, self.dtype)
        return self.programs[inputs]

    def run(self, inputs: Array, call: Callable[[], Any]) -> Any:
        """Run an engine, and check guards and finiteness."""
        return call()

    def seed(self, seed: Any) -> Array:
        """Return the weight of each output, or say that there are several."""
        count = len(self.tape.outputs)
        if seed is None:
            if count != 1 or self.outputs != 0:
                raise TypeError(
                    f"the function returns {count} numbers in a list, not one number;"
                    " pass seed=[...], one weight for each, to differentiate their weighted sum"
                )
            return np.ones(1, self.dtype)
        weights = np.array(flatten(seed), self.dtype)
        if len(weights) != count:
            raise ValueError(f"the function returns {count} numbers, but seed has {len(weights)}")
        return weights

    def packed(self, batch: tuple[Any, ...]) -> Array:
        """Return the batch as one array, samples x numbers."""
        if len(batch) != len(self.example):
            raise TypeError(f"the function takes {len(self.example)} arguments, not {len(batch)}")
        parts = [
            packed(part, xs, f"argument {i}", self.dtype)
            for i, (part, xs) in enumerate(zip(self.example, batch))
        ]
        counts = {len(part) for part in parts} or {1}
        if len(counts) > 1:
            raise ValueError(f"the arguments have {', '.join(map(str, sorted(counts)))} samples")
        if not counts.isdisjoint({0}):
            raise ValueError("the batch is empty; pass at least one sample")
        return np.concatenate(parts, axis=1) if parts else np.zeros((1, 0), self.dtype)

    def structured(self, outputs: Array) -> Any:
        """Return columns of outputs in the structure of the function's result."""
        if is_scalar(self.outputs):
            return outputs[:, 0]
        return unstacked(self.outputs, outputs)

    def like_inputs(self, slopes: Array) -> Any:
        """Return the gradient by the inputs in the structure of the arguments."""
        ends = np.cumsum(self.sizes)
        parts = tuple(
            unpacked(part, slopes[:, end - size : end])
            for part, size, end in zip(self.example, self.sizes, ends)
        )
        return parts[0] if len(parts) == 1 else parts

    def explain(self) -> str:
        """Return what was found in the function, in words."""
        return str(self.machine(False).program.facts)

    def source(self) -> str:
        """Return the instructions of the program, one a line."""
        return "\n".join(map(str, self.machine(False).program.instructions))


def unstacked(structure: Any, outputs: Array) -> Any:
    """Return a structure with the column of each place."""
    if is_scalar(structure):
        return outputs[:, int(structure)]
    parts = [unstacked(part, outputs) for part in structure]
    return tuple(parts) if isinstance(structure, tuple) else parts


def chosen(what: str, name: Any, among: Sequence[Any]) -> None:
    """Check a choice, or say what there is."""
    if name not in among:
        raise ValueError(f"{what} {name!r} is not known; choose from {', '.join(map(str, among))}")


def importable(name: str) -> bool:
    """Tell whether a package is installed, without importing it."""
    return importlib.util.find_spec(name) is not None
