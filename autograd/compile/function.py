"""The compiled function: what `autograd.compile` returns."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compile.batches import Array, Part, parts_of, samples_of, shaped_like
from autograd.compile.lower import complete, lower
from autograd.compile.program import EACH, GRADIENT_TOO, INPUTS_TOO
from autograd.compile.tape import trace
from autograd.functional import flatten, is_scalar, rebuild
from autograd.value import Value

ENGINES = {"numpy": "NumpyEngine", "numba": "NumbaEngine"}
DTYPES = ("float64", "float32")
REDUCTIONS = ("mean", "sum")
KEPT = 8  # jobs, each for one number of samples
BRANCHES = 64  # traces that one batch may need


class GuardError(ValueError):
    """A sample for which the function takes another branch than the one that was traced."""


class Traced:
    """One trace of a function: its tape, its programs, and the numbers that samples share."""

    def __init__(self, compiled: Compiled, example: tuple[Any, ...]) -> None:
        self.tape, self.outputs = trace(compiled.function, compiled.values, example)
        self.edges = complete(self.tape)
        self.engine_name = compiled.engine
        constants = [float(x) for x in self.tape.constants.values()]
        self.shared = np.array([x.data for x in compiled.values] + constants, compiled.dtype)
        self.parameters = self.shared[: len(compiled.values)]
        self.engines: dict[bool, Any] = {}

    def engine(self, inputs: bool) -> Any:
        """Return the engine for gradients by the parameters, or by the inputs as well."""
        if inputs not in self.engines:
            leaves = self.tape.parameters + (self.tape.inputs if inputs else [])
            module = importlib.import_module(f"autograd.compile.{self.engine_name}_engine")
            kind = getattr(module, ENGINES[self.engine_name])
            self.engines[inputs] = kind(lower(self.tape, self.edges, leaves), self.shared)
        return self.engines[inputs]


class Compiled:
    """A function of numbers, traced once, that runs on batches; `autograd.compile` makes it.

    Args:
        function: of numbers, or of lists of numbers; it may use the parameters, and returns a
            number, or a list of numbers.
        parameters: the Values whose numbers all samples share, in the order of the gradient.
        example: one argument for each of the function's. Only its structure lasts, and which way
            the function branches on it.
        engine: "numba", "numpy", or None for the better one that is installed.
        dtype: "float64" or "float32".
        reduce: "mean" or "sum" of the results over the batch, in `value_and_grad`.
        threads: how many may work on a large batch at once; results do not depend on it.
        finite: False lets results be infinite or NaN, where by default that is an error.
        retrace: True traces again where a sample takes another branch; by default that is an
            error, for a compiled function never answers for a branch that it has not seen.

    >>> import autograd
    >>> f = autograd.compile(lambda x, y: x * y, example=(1.0, 1.0))
    >>> f.value([1.0, 2.0], [3.0, 4.0])
    array([3., 8.])
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
        self.engine = engine or ("numba" if importlib.util.find_spec("numba") else "numpy")
        self.parts: list[Part] = parts_of(self.example)
        self.traces = [Traced(self, self.example)]
        self.jobs: dict[Any, Any] = {}

    # The numbers of the parameters

    @property
    def parameters(self) -> Array:
        """The array of parameters that all calls read; change it in place, or assign."""
        return self.traces[0].parameters

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        self.traces[0].parameters[:] = numbers

    def pull(self) -> None:
        """Copy the numbers of the Values into the array `parameters`."""
        self.parameters[:] = [x.data for x in self.values]

    def push(self) -> None:
        """Copy the array `parameters` into the Values."""
        for x, number in zip(self.values, self.parameters.tolist()):
            x.data = number

    # Calls

    def value(self, *batch: Any) -> Any:
        """Return the result for every sample: an array, or the function's structure of arrays."""
        job = self.done(batch, 0)
        structure = self.traces[0].outputs
        if is_scalar(structure):
            return job.outputs[:, 0].copy()
        columns = iter(job.outputs.T.copy())
        return rebuild_columns(structure, columns)

    def value_and_grad(self, *batch: Any, inputs: bool = False, seed: Any = None) -> Any:
        """Return the mean (or sum) of the results over the batch, and its gradient.

        Args:
            batch: one array for each argument, its first axis counting the samples.
            inputs: also return the gradient by the inputs.
            seed: for a function of several outputs, the weight of each in what is differentiated.
        Returns: the value, a float; the gradient by the parameters, an array in their order; with
            `inputs`, also the gradient by the inputs, in the structure of the batch.
        """
        job = self.done(batch, INPUTS_TOO | GRADIENT_TOO if inputs else GRADIENT_TOO, seed)
        value, gradient = job.total.item(), job.gradients[0].copy()
        return (value, gradient, self.like_inputs(job.slopes)) if inputs else (value, gradient)

    def per_sample_grad(self, *batch: Any, seed: Any = None) -> Array:
        """Return the gradient of each sample's own result: samples x parameters."""
        return self.done(batch, GRADIENT_TOO | EACH, seed).gradients.copy()  # type: ignore[no-any-return]

    def done(self, batch: tuple[Any, ...], wanted: int, seed: Any = None) -> Any:
        """Return the finished job of a batch."""
        samples = samples_of(self.parts, batch, len(self.example))
        job = self.job(samples, wanted, seed)
        for part, view in zip(self.parts, job.views):
            part.fill(view, batch)
        answer = job.run()
        if answer and (answer < 0 or self.finite):
            self.complain(job, answer)
        return job

    def job(self, samples: int, wanted: int, seed: Any) -> Any:
        """Return a job for so many samples, if possible one that was used before."""
        key = samples, wanted, None if seed is None else tuple(flatten(seed))
        job = self.jobs.get(key)
        if job is None:
            if len(self.jobs) >= KEPT:
                self.jobs.clear()
            job = self.traces[0].engine(bool(wanted & INPUTS_TOO)).job(samples, wanted)
            job.views = [part.view(job.rows) for part in self.parts]
            share = 1.0 / samples if self.reduce == "mean" and not wanted & EACH else 1.0
            job.seed[:] = self.weights(seed, wanted) * share
            self.jobs[key] = job
        return job

    def weights(self, seed: Any, wanted: int) -> Array:
        """Return the weight of each output, or say that there are several."""
        count = len(self.traces[0].tape.outputs)
        if seed is None:
            if wanted and not is_scalar(self.traces[0].outputs):
                raise TypeError(
                    f"the function returns a list of {count} numbers, not one number;"
                    " pass seed=[...], a weight for each, to differentiate their weighted sum"
                )
            return np.ones(count)
        weights = np.array(flatten(seed), float)
        if len(weights) != count:
            raise ValueError(f"the function returns {count} numbers, but seed has {len(weights)}")
        return weights

    def like_inputs(self, slopes: Array) -> Any:
        """Return the gradient by the inputs in the structure of the arguments."""
        arrays = iter([part.view(slopes).copy() for part in self.parts])
        found = tuple(shaped_like(example, arrays) for example in self.example)
        return found[0] if len(found) == 1 else found

    def complain(self, job: Any, answer: int) -> None:
        """Raise the error for a guard that failed, or for a result that is not finite."""
        sample = abs(answer) - 1
        inputs = ", ".join(f"{x:g}" for x in job.rows[sample][:8])
        if answer > 0:
            raise FloatingPointError(
                f"the result of sample {sample} is {job.outputs[sample].tolist()}, at the inputs"
                f" {inputs}; finite=False lets such numbers pass"
            )
        raise GuardError(f"sample {sample}")

    def explain(self) -> str:
        """Return what was found in the function, in words."""
        return str(self.traces[0].engine(False).program.facts)

    def source(self) -> str:
        """Return the instructions of the program, one a line."""
        return "\n".join(map(str, self.traces[0].engine(False).program.instructions))


def rebuild_columns(structure: Any, columns: Any) -> Any:
    """Return a structure with the next column in place of each number."""
    if is_scalar(structure):
        return next(columns)
    parts = [rebuild_columns(part, columns) for part in structure]
    return tuple(parts) if isinstance(structure, tuple) else parts


def chosen(what: str, name: Any, among: Sequence[Any]) -> None:
    """Check a choice, or say what there is."""
    if name not in among:
        raise ValueError(f"{what} {name!r} is not known; choose from {', '.join(map(str, among))}")
