"""A compiled function bound to arrays: checked once, then a call is little but the machine's run.

>>> import numpy as np
>>> import autograd
>>> f = autograd.compile(lambda x, y: x * y, example=(1.0, 1.0))
>>> x, y = np.array([2.0, 3.0]), np.array([5.0, 7.0])
>>> run = f.bind(x, y, inputs=True)
>>> run()
(15.5, array([], dtype=float64), (array([2.5, 3.5]), array([1. , 1.5])))
>>> x[:] = 0.0, 1.0
>>> run()[0]
3.5
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

import numpy as np

from autograd.compile.arguments import seed_of
from autograd.compile.batches import fill, in_structure, places_of, samples_of
from autograd.compile.lower.program import WANT_GRADIENT, WANT_INPUTS

if TYPE_CHECKING:
    from autograd.compile.compiled import Compiled


class Bound:
    """Value and gradient of a compiled function for what stands in some arrays; `bind` makes it.

    A call returns what `value_and_grad` does, in arrays that the next call may write over: copy
    what is to last. The arrays of the batch are read anew in each call, and so are the parameters.

    Args:
        compiled: the `Compiled`.
        batch: arrays as `value_and_grad` takes them, of the compiled function's dtype.
        inputs: also the gradient by the inputs.
        seed: of a function of several outputs, the weight of each.
    Raises:
        TypeError: what is bound is no array of that type, so that it would have to be converted in
            every call.
        ValueError: an array has another shape.
    """

    def __init__(
        self, compiled: Compiled, batch: tuple[Any, ...], inputs: bool, seed: object
    ) -> None:
        self.compiled = compiled
        self.batch = batch
        self.inputs = inputs
        self.wanted = WANT_GRADIENT | WANT_INPUTS if inputs else WANT_GRADIENT
        self.seed = seed
        # What is wrong with the batch is said now, and not by the first call.
        self.samples = samples_of(compiled.parts, batch, compiled.arguments)
        for part in compiled.parts:
            check_bindable(part.of(batch), compiled.dtype, part.name)
        tape = compiled.specializations[0].tape
        rows = np.empty((self.samples, len(tape.inputs)))
        places = places_of(compiled.parts, rows)
        fill(places, batch)
        self.layout = compiled.layout
        self.entry: Any = None
        # Only the machine works on the same arrays in every call, and in one piece.
        is_one_piece = self.samples < compiled.most_in_one_job
        self.is_direct = compiled.engine != "numpy" and is_one_piece
        if self.is_direct:
            with compiled.lock:
                compiled.check_ready()
                self.prepare()

    def __repr__(self) -> str:
        name = getattr(self.compiled.function, "__name__", "the function")
        return f"<{name}, compiled and bound to {self.samples} samples>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(
            f"{self!r} reads arrays of this process where they are, so it is neither pickled nor"
            " copied; pickle or copy the compiled function (its .compiled), and bind that again to"
            " the arrays that it is to read: compiled.bind(...)"
        )

    def prepare(self) -> None:
        """Make a job of this one's own, and the arrays of its results."""
        compiled = self.compiled
        # Another dictionary of jobs means that what they were made with has changed.
        self.generation = compiled.jobs
        first = compiled.specializations[0]
        seed = None if self.seed is None else seed_of(self.seed, first.outputs)
        engine = first.engine(self.wanted)
        job: Any = engine.job(self.samples, self.wanted)
        job.seed[:] = compiled.weights(self.samples, self.wanted, seed)
        if compiled.regular:
            self.entry = job.engine.entry(job, compiled.parts, copies=False)
        self.job = self.entry.job if self.entry else job
        places = places_of(compiled.parts, self.job.rows)
        self.copies = [(view, part.of(self.batch)) for part, _, view, _ in places]
        self.gradient = self.job.gradients[0]
        self.slopes = compiled.like_inputs(self.job.slopes, False)

    def __call__(self) -> Any:
        """Return value and gradient, for what stands in the arrays now.

        Raises: what `value_and_grad` raises.
        """
        entry = self.entry
        compiled = self.compiled
        if entry is None or compiled.jobs is not self.generation or not compiled.is_ready():
            return self.under_lock() if self.is_direct else self.slowly()
        total = entry.call(*self.batch)
        # An array is not consecutive, or there is something to look at.
        if type(total) is bool:
            return self.under_lock()
        gradient = self.gradient if self.layout is None else self.structured_gradient()
        return (total, gradient, self.slopes) if self.inputs else (total, gradient)

    def under_lock(self) -> Any:
        """Return the same where there may be others to wait for, or more to do."""
        compiled = self.compiled
        with compiled.lock:
            compiled.check_ready()
            if compiled.jobs is not self.generation:
                self.prepare()
            for view, array in self.copies:
                view[...] = array
            if self.job.needs_a_look():
                return self.slowly()
            total = self.job.total.item()
            gradient = self.structured_gradient()
            return (total, gradient, self.slopes) if self.inputs else (total, gradient)

    def structured_gradient(self) -> Any:
        """Return the gradient by the parameters in their structure."""
        if self.layout is None:
            return self.gradient
        return in_structure(self.layout, self.gradient)

    def slowly(self) -> Any:
        """Return the same where a sample needs a closer look, or raise what there is to raise."""
        return self.compiled.value_and_grad(*self.batch, inputs=self.inputs, seed=self.seed)


def check_bindable(array: object, dtype: Any, name: str) -> None:
    """Check that an array needs no conversion.

    Raises: TypeError.
    """
    if type(array) is not np.ndarray or array.dtype != dtype:
        kind = getattr(array, "dtype", type(array).__name__)
        wanted = np.dtype(dtype).name
        raise TypeError(
            f"{name}: bind takes arrays of {wanted}, which it reads anew in every"
            f" call, not {kind}; pass np.asarray(..., {wanted!r})"
        )
