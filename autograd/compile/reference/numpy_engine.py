"""The engine that needs only NumPy: the reference, and the fallback where llvmlite is missing.

It does one instruction after the other on arrays of slots x lanes (`steps`), for a block of lanes
after the other, and is meant to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from autograd.compile.finite import all_finite, descend
from autograd.compile.lower.program import WANT_EACH, WANT_INPUTS, Instruction, Map, Program
from autograd.compile.lower.rolling import expanded
from autograd.compile.reference.array_functions import Array
from autograd.compile.reference.own_primitives import OwnStep, is_own
from autograd.compile.reference.steps import ABSENT, KINDS, Places

CACHE_BYTES = 2**23  # of values and adjoints, that a block of lanes should not exceed
MIN_LANES = 128  # of a block: with fewer, calls would cost more than the cache saves
MEMORY_BYTES = 2**28  # that it must not exceed, however few lanes that leaves


class NumpyEngine:
    """Runs a program on arrays, slots x lanes, in blocks of lanes."""

    name = "numpy"

    def __init__(self, program: Program, shared: Array) -> None:
        self.program = program = expanded(program)
        self.shared = shared
        self.dtype = shared.dtype
        self.steps = {id(step): self.prepared(step) for step in program.instructions}
        self.broadcast = Places(np.arange(len(program.broadcast)) + program.inputs)
        self.places = Places(program.broadcast)
        self.outputs = Places(program.outputs)
        self.guards = np.array([guard.row for guard in program.guards], np.intp)
        self.truths = np.array([guard.truth for guard in program.guards], bool)[:, None]

    def prepared(self, step: Instruction) -> Any:
        """Return an instruction, prepared to be run on arrays."""
        if isinstance(step, Map) and is_own(step.op):
            return OwnStep(self.program, step)
        return KINDS[type(step)](self.program, self.shared, step)

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
        blocks = [rows[start : start + lanes] for start in range(0, len(rows), lanes)]
        with np.errstate(all="ignore"):
            return np.concatenate([self.forward(block)[table].T for block in blocks])

    def forward(self, rows: Array) -> Array:
        """Return the values of all slots for samples, one a row."""
        values = np.zeros((self.program.slots, len(rows)), self.dtype)
        values[: self.program.inputs] = rows.T
        values[self.broadcast.index] = self.places.of(self.shared)[:, None]
        for step in self.steps.values():
            step.forward(values)
        return values

    def backward(self, values: Array, seed: Array, gradient: Array) -> Array:
        """Return all adjoints, and add to the gradient by the shared numbers."""
        adjoints = np.full_like(values, ABSENT)
        self.outputs.add(adjoints, np.repeat(seed[:, None], values.shape[1], axis=1))
        for step in reversed(self.steps.values()):
            step.backward(values, adjoints, gradient)
        self.places.add(gradient, self.broadcast.of(adjoints).sum(axis=1))
        return adjoints


class Job:
    """A run on so many samples: fill `rows` and `seed`, call `run`, and read the results."""

    moved = False  # the parameters: see `descend`

    def __init__(self, engine: NumpyEngine, samples: int, wanted: int) -> None:
        program = engine.program
        dtype = engine.dtype
        self.engine = engine
        self.wanted = wanted
        self.lanes = engine.lanes(samples, wanted)
        self.rows = np.zeros((samples, program.inputs), dtype)
        self.outputs = np.empty((samples, len(program.outputs)), dtype)
        self.seed = np.ones(len(program.outputs), dtype)
        self.slopes = np.empty((samples if wanted & WANT_INPUTS else 0, program.inputs), dtype)
        self.shape = samples if wanted & WANT_EACH else 1, len(engine.shared) if wanted else 0
        self.gradients = self.full = np.zeros((0, 0), dtype)
        self.total = np.zeros(1, dtype)
        # No machine runs it.
        self.runs = 0
        self.entries = dict.fromkeys((False, True))
        self.unsound = False  # whether a number of the gradient may not be finite, or the sum
        self.blank = 0  # the number of the first sample with a watched number that is not finite

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

    def run(self, *_: Any) -> int:
        """Run all blocks, and return 0, or where a guard or a number failed: see `machine`."""
        self.full = np.zeros(self.shape, self.engine.dtype)
        self.gradients = self.full[:, : self.engine.program.trained]
        self.unsound = False
        self.blank = 0
        with np.errstate(all="ignore"):
            for start in range(0, len(self.rows), self.lanes):
                answer = self.run_block(start)
                if answer:
                    return answer
            if self.wanted:
                self.total[0] = total = (self.outputs @ self.seed).sum()
                finite = all_finite(self.gradients) and all_finite(self.slopes)
                self.unsound = not (isfinite(total) and finite)
            return self.first_blank()

    def run_block(self, start: int) -> int:
        """Run a block, and return 0, or which sample fails a guard."""
        engine = self.engine
        samples = slice(start, start + self.lanes)
        values = engine.forward(self.rows[samples])
        missed = ((values[engine.guards] != 0) != engine.truths).any(axis=0)
        if missed.any():
            return -1 - start - int(missed.argmax())
        self.outputs[samples] = engine.outputs.of(values).T
        if not self.blank:
            finite = np.isfinite(values[engine.program.watched]).all(axis=0)
            self.blank = 0 if finite.all() else start + 1 + int(finite.argmin())
        if self.wanted:
            gradient = self.full[start if self.wanted & WANT_EACH else 0]
            adjoints = engine.backward(values, self.seed, gradient)
            if self.wanted & WANT_INPUTS:
                self.slopes[samples] = adjoints[: engine.program.inputs].T + 0.0
        return 0

    def first_blank(self) -> int:
        """Return the number of the first sample that is not finite, from 1, or 0."""
        rows = self.rows
        outputs = self.outputs
        if all_finite(rows) and all_finite(outputs):
            return self.blank
        blank = ~(np.isfinite(outputs).all(1) & np.isfinite(rows).all(1))
        found = int(blank.argmax()) + 1
        return min(found, self.blank or found)
