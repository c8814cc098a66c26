"""What the engines have in common: a program made ready, and runs of it on batches.

Both engines have these attributes and methods; what else each has is its own affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from autograd.compile.batches import Array, Part
    from autograd.compile.lower.program import Program


class Engine(Protocol):
    """Runs a program on batches.

    Attributes: `program`; the numbers that all samples have in common, `shared`, and their `dtype`.
    """

    program: Program
    shared: Array
    dtype: Any

    def job(self, samples: int, wanted: int, apart: bool = False) -> Job:
        """Return a job for so many samples; one apart from others can run beside them."""

    def block(self, samples: int) -> int:
        """Return how many samples are done at once."""

    def probe(self, rows: Array, slots: Sequence[int] | Array, wanted: int) -> Array:
        """Return the numbers of some slots, samples x slots, with the bits that a job has."""

    def entry(
        self, job: Job, parts: Sequence[Part], steps: bool = False, copies: bool = True
    ) -> Any:
        """Return a way to run a job that is called with arrays; None where there is none."""

    def renew(self) -> None:
        """Forget, in a process that was forked, what another thread of the parent was at."""


class Job(Protocol):
    """A run on so many samples.

    Attributes: `engine`, and what is `wanted` of it; the `rows` of the samples, where the arrays of
    a batch stand in them (`places`), and the `seed`; `outputs`, `slopes` by the inputs, `gradients`
    by the parameters and the `total`; whether that may not be finite (`unsound`); how many `runs`
    there were, the `entries` made for more, and whether the parameters were `moved`.
    """

    engine: Engine
    wanted: int
    rows: Array
    places: Any
    seed: Array
    outputs: Array
    slopes: Array
    gradients: Array
    total: Array
    unsound: bool
    moved: bool
    runs: int
    entries: dict[bool, Any]

    def share(self, rows: Array, outputs: Array, slopes: Array) -> None:
        """Read and write these arrays, which may be parts of larger ones."""

    def gradient(self) -> Array:
        """Return the gradient by the parameters."""

    def descend(self, step_size: float, finite: bool) -> bool:
        """Move the parameters down the gradient; False where they would not stay finite."""

    def run(self, step_size: float = 0.0, finite: bool = False) -> int:
        """Run, and return 0, or where a guard or a number failed."""
