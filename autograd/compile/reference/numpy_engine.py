"""The engine that needs only NumPy: the reference, and the fallback where llvmlite is missing.

It does one instruction after the other on arrays of slots x lanes (`steps`), for a block of lanes
after the other, and is meant to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compile.finite import all_finite, descend
from autograd.compile.lower.program import WANT_EACH, WANT_INPUTS, Instruction, Map, Program
from autograd.compile.lower.rolling import expanded
from autograd.compile.reference.array_functions import Array
from autograd.compile.reference.own_primitives import OwnStep, is_own
from autograd.compile.reference.steps import ABSENT, KINDS, Places

# What values and adjoints of a block of lanes should not exceed, to stay in the cache; with fewer
# lanes than these, calls would cost more than it saves; and what no block may exceed.
CACHE_BYTES = 2**23
MIN_LANES = 128
MEMORY_BYTES = 2**28


class NumpyEngine:
    """Runs a program on arrays, slots x lanes, in blocks of lanes."""

    name = "numpy"

    def __init__(self, program: Program, shared: Array) -> None:
        self.program = expanded(program)
        self.shared = shared
        self.dtype = shared.dtype
        self.steps = {id(step): self.prepared(step) for step in self.program.instructions}
        self.inputs = slice(program.inputs)
        self.broadcast = slice(program.inputs, program.inputs + len(program.broadcast))
        self.places = Places(program.broadcast)
        self.outputs = Places(program.outputs)
        # Of a sample these have to be finite, unless anything may be infinite.
        inputs = np.arange(program.inputs)
        self.watched = Places(np.concatenate([inputs, program.outputs, program.watched]))
        guards = program.guards
        self.guards = np.array([guard.row for guard in guards], np.intp)
        self.truths = np.array([guard.truth for guard in guards], bool)[:, None]

    def prepared(self, step: Instruction) -> Any:
        """Return an instruction, prepared to be run on arrays."""
        if isinstance(step, Map) and is_own(step.op):
            return OwnStep(self.program, step)
        return KINDS[type(step)](step, self.program, self.shared)

    def renew(self) -> None:
        """Forget nothing: no array is left from one run to the next."""

    def job(self, samples: int, wanted: int, apart: bool = False) -> Job:
        """Return a job for so many samples."""
        return Job(self, samples, wanted)

    def block(self, samples: int) -> int:
        """Return how many lanes a block has."""
        lane_bytes = max(1, 2 * self.program.slots) * int(self.dtype.itemsize)
        in_cache = max(MIN_LANES, CACHE_BYTES // lane_bytes)
        fitting = max(1, min(in_cache, MEMORY_BYTES // lane_bytes))
        # Blocks that are alike, in place of full ones and a rest.
        blocks = -(-samples // fitting)
        return -(-samples // blocks)

    def lanes(self, samples: int, wanted: int) -> int:
        """Return how many lanes a block of a job has."""
        return 1 if wanted & WANT_EACH else self.block(samples)

    def probe(self, rows: Array, slots: Sequence[int], wanted: int) -> Array:
        """Return the numbers of some slots, samples x slots, with the bits that a job has.

        The job is one for the same samples, and wants the same.
        """
        lanes = self.lanes(len(rows), wanted)
        table = np.asarray(slots, np.intp)
        found = []
        with np.errstate(all="ignore"):
            for start in range(0, len(rows), lanes):
                values = self.forward(rows[start : start + lanes])
                found.append(values[table].T)
        return np.concatenate(found)

    def forward(self, rows: Array) -> Array:
        """Return the values of all slots for samples, one a row."""
        shape = self.program.slots, len(rows)
        values = np.zeros(shape, self.dtype)
        values[self.inputs] = rows.T
        values[self.broadcast] = self.places.of(self.shared)[:, None]
        for step in self.steps.values():
            step.forward(values)
        return values

    def backward(self, values: Array, seed: Array, gradient: Array) -> Array:
        """Return all adjoints, and add to the gradient by the shared numbers."""
        adjoints = np.full_like(values, ABSENT)
        lanes = values.shape[1]
        self.outputs.add(adjoints, np.repeat(seed[:, None], lanes, axis=1))
        for step in reversed(self.steps.values()):
            step.backward(values, adjoints, gradient)
        # A number that all lanes share has the sum of their adjoints.
        self.places.add(gradient, adjoints[self.broadcast].sum(axis=1))
        return adjoints


class Job:
    """A run on so many samples: fill `rows` and `seed`, call `run`, and read the results.

    Attributes: `unsound`, whether a number of the gradient may not be finite, or the total. Only a
    machine has `moved` the parameters, or has `entries` for what `runs` often.
    """

    unsound = False
    moved = False
    runs = 0

    def __init__(self, engine: NumpyEngine, samples: int, wanted: int) -> None:
        program = engine.program
        dtype = engine.dtype
        self.engine = engine
        self.wanted = wanted
        self.lanes = engine.lanes(samples, wanted)
        self.rows = np.zeros((samples, program.inputs), dtype)
        self.outputs = np.empty((samples, len(program.outputs)), dtype)
        self.seed = np.ones(len(program.outputs), dtype)
        slopes = samples if wanted & WANT_INPUTS else 0
        self.slopes = np.empty((slopes, program.inputs), dtype)
        # The backward pass adds to what constants have as well; `gradients` are those that count.
        gradients = samples if wanted & WANT_EACH else 1
        self.shape = gradients, len(engine.shared) if wanted else 0
        self.gradients = self.full = np.zeros((0, 0), dtype)
        self.total = np.zeros(1, dtype)
        self.entries = dict.fromkeys((False, True))

    def share(self, rows: Array, outputs: Array, slopes: Array) -> None:
        """Read and write these arrays, which may be parts of larger ones."""
        self.rows = rows
        self.outputs = outputs
        self.slopes = slopes

    def gradient(self) -> Array:
        """Return the gradient as an array of the caller's own: each run makes a new one."""
        return self.gradients[0]  # type: ignore[no-any-return]

    def descend(self, step_size: float, finite: bool) -> bool:
        """Move the parameters down the gradient; False where they would not stay finite."""
        return descend(self.engine.shared, self.gradients[0], step_size, finite)

    def run(self, step_size: float = 0.0, finite: bool = True) -> int:
        """Run all blocks, and return 0, or where a guard or a number failed: see `machine`."""
        self.full = np.zeros(self.shape, self.engine.dtype)
        self.gradients = self.full[:, : self.engine.program.trained]
        self.unsound = False
        blank = 0
        with np.errstate(all="ignore"):
            for start in range(0, len(self.rows), self.lanes):
                missed, not_finite = self.run_block(start)
                if missed:
                    return -start - missed
                if not_finite and not blank:
                    blank = start + not_finite
            if self.wanted:
                self.total[0] = (self.outputs @ self.seed).sum()
                found = self.total, self.gradients, self.slopes
                self.unsound = not all(map(all_finite, found))
        return blank

    def run_block(self, start: int) -> tuple[int, int]:
        """Run a block, and return which samples fail a guard, and are not finite: see `first`."""
        engine = self.engine
        samples = slice(start, start + self.lanes)
        values = engine.forward(self.rows[samples])
        is_wrong: Array = (values[engine.guards] != 0) != engine.truths
        missed = first(is_wrong.any(axis=0))
        if missed:
            return missed, 0
        self.outputs[samples] = engine.outputs.of(values).T
        if self.wanted:
            gradient = self.full[start if self.wanted & WANT_EACH else 0]
            adjoints = engine.backward(values, self.seed, gradient)
            # An adjoint that is absent is no gradient of -0.0.
            if self.wanted & WANT_INPUTS:
                self.slopes[samples] = adjoints[engine.inputs].T + 0.0
        watched = engine.watched.of(values)
        if all_finite(watched):
            return 0, 0
        return 0, first(~np.isfinite(watched).all(axis=0))


def first(marks: Array | np.bool_) -> int:
    """Return the number of the first sample that is marked, from 1, or 0 if none is."""
    return int(marks.argmax()) + 1 if marks.any() else 0
