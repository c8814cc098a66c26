"""The engine that needs only NumPy: the reference, and the fallback where llvmlite is missing.

It does one instruction after the other on arrays of slots x lanes (`steps`), for a block of lanes
after the other, and is meant to be read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd.compile.finite import all_finite, descend
from autograd.compile.lower.program import WANT_EACH, WANT_INPUTS, Instruction, Map, Program
from autograd.compile.lower.rolling import expanded
from autograd.compile.reference.array_functions import Array
from autograd.compile.reference.own_primitives import OwnStep, is_own
from autograd.compile.reference.steps import ABSENT, KINDS, Places, Step

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
        self.steps: dict[int, Step | OwnStep] = {}
        for step in self.program.instructions:
            self.steps[id(step)] = self.prepared(step)
        # Of slots, the inputs come first, then the shared numbers that stand in slots.
        first = program.inputs
        stop = first + len(program.broadcast)
        self.inputs = slice(first)
        self.broadcast = slice(first, stop)
        self.places = Places(program.broadcast)
        self.outputs = Places(program.outputs)
        # Of a sample these have to be finite, unless anything may be infinite.
        inputs = np.arange(first)
        parts = inputs, program.outputs, program.watched
        watched = np.concatenate(parts)
        self.watched = Places(watched)
        rows = [guard.row for guard in program.guards]
        truths = [guard.truth for guard in program.guards]
        column = np.array(truths, bool)
        self.guards = np.array(rows, np.intp)
        self.truths = column[:, None]

    def prepared(self, step: Instruction) -> Step | OwnStep:
        """Return an instruction, prepared to be run on arrays."""
        if isinstance(step, Map) and is_own(step.op):
            return OwnStep(self.program, step)
        prepare = KINDS[type(step)]
        return prepare(step, self.program, self.shared)

    def renew(self) -> None:
        """Forget nothing: no array is left from one run to the next."""

    def job(self, samples: int, wanted: int, apart: bool = False) -> Job:
        """Return a job for so many samples."""
        return Job(self, samples, wanted)

    def block(self, samples: int) -> int:
        """Return how many lanes a block has."""
        # Values and adjoints.
        numbers = 2 * self.program.slots
        itemsize = int(self.dtype.itemsize)
        lane_bytes = max(1, numbers) * itemsize
        in_cache = CACHE_BYTES // lane_bytes
        in_memory = MEMORY_BYTES // lane_bytes
        fitting = min(max(MIN_LANES, in_cache), in_memory)
        # Blocks that are alike, in place of full ones and a rest.
        blocks = rounded_up(samples, max(1, fitting))
        return rounded_up(samples, blocks)

    def lanes(self, samples: int, wanted: int) -> int:
        """Return how many lanes a block of a job has."""
        if wanted & WANT_EACH:
            return 1
        return self.block(samples)

    def probe(self, rows: Array, slots: Sequence[int], wanted: int) -> Array:
        """Return the numbers of some slots, samples x slots, with the bits that a job has.

        The job is one for the same samples, and wants the same.
        """
        samples = len(rows)
        lanes = self.lanes(samples, wanted)
        table = np.asarray(slots, np.intp)
        found = []
        with np.errstate(all="ignore"):
            for start in range(0, samples, lanes):
                stop = start + lanes
                block = rows[start:stop]
                values = self.forward(block)
                asked = values[table]
                found.append(asked.T)
        return np.concatenate(found)

    def forward(self, rows: Array) -> Array:
        """Return the values of all slots for samples, one a row."""
        shape = self.program.slots, len(rows)
        values = np.zeros(shape, self.dtype)
        values[self.inputs] = rows.T
        # A shared number is the same in all lanes.
        numbers = self.places.of(self.shared)
        values[self.broadcast] = numbers[:, None]
        for step in self.steps.values():
            step.forward(values)
        return values

    def backward(self, values: Array, seed: Array, gradient: Array) -> Array:
        """Return all adjoints, and add to the gradient by the shared numbers."""
        adjoints = np.full_like(values, ABSENT)
        lanes = values.shape[1]
        column = seed[:, None]
        seeds = np.repeat(column, lanes, axis=1)
        self.outputs.add(adjoints, seeds)
        for step in reversed(self.steps.values()):
            step.backward(values, adjoints, gradient)
        # A number that all lanes share has the sum of their adjoints.
        by_lanes = adjoints[self.broadcast]
        sums = by_lanes.sum(axis=1)
        self.places.add(gradient, sums)
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
        dtype = engine.dtype
        inputs = engine.program.inputs
        outputs = len(engine.program.outputs)
        self.engine = engine
        self.wanted = wanted
        self.lanes = engine.lanes(samples, wanted)
        self.rows = np.zeros((samples, inputs), dtype)
        self.outputs = np.empty((samples, outputs), dtype)
        self.seed = np.ones(outputs, dtype)
        slopes = samples if wanted & WANT_INPUTS else 0
        self.slopes = np.empty((slopes, inputs), dtype)
        # The backward pass adds to what constants have as well; `gradients` are those that count.
        gradients = samples if wanted & WANT_EACH else 1
        numbers = 0
        if wanted:
            numbers = len(engine.shared)
        self.shape = gradients, numbers
        nothing = np.zeros((0, 0), dtype)
        self.gradients = nothing
        self.full = nothing
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
        shared = self.engine.shared
        gradient = self.gradients[0]
        return descend(shared, gradient, step_size, finite)

    def run(self, step_size: float = 0.0, finite: bool = True) -> int:
        """Run all blocks, and return 0, or where a guard or a number failed: see `machine`."""
        samples = len(self.rows)
        dtype = self.engine.dtype
        trained = self.engine.program.trained
        self.full = np.zeros(self.shape, dtype)
        self.gradients = self.full[:, :trained]
        self.unsound = False
        blank = 0
        with np.errstate(all="ignore"):
            for start in range(0, samples, self.lanes):
                missed, not_finite = self.run_block(start)
                if missed:
                    return -start - missed
                # Only the first is told.
                if not_finite and not blank:
                    blank = start + not_finite
            if self.wanted:
                self.add_up()
        return blank

    def add_up(self) -> None:
        """Compute the total, and tell whether all that was found is finite."""
        weighted = self.outputs @ self.seed
        self.total[0] = weighted.sum()
        found = self.total, self.gradients, self.slopes
        is_finite = map(all_finite, found)
        self.unsound = not all(is_finite)

    def run_block(self, start: int) -> tuple[int, int]:
        """Run a block, and return which samples fail a guard, and are not finite: see `first`."""
        engine = self.engine
        stop = start + self.lanes
        samples = slice(start, stop)
        rows = self.rows[samples]
        values = engine.forward(rows)
        # A branch that a sample takes another way than the example.
        truths: Array = values[engine.guards] != 0
        is_wrong: Array = truths != engine.truths
        fails = is_wrong.any(axis=0)
        missed = first(fails)
        if missed:
            return missed, 0
        outputs = engine.outputs.of(values)
        self.outputs[samples] = outputs.T
        if self.wanted:
            number = start if self.wanted & WANT_EACH else 0
            gradient = self.full[number]
            self.run_backward(values, samples, gradient)
        watched = engine.watched.of(values)
        if all_finite(watched):
            return 0, 0
        is_finite = np.isfinite(watched)
        not_finite = ~is_finite.all(axis=0)
        return 0, first(not_finite)

    def run_backward(self, values: Array, samples: slice, gradient: Array) -> None:
        """Add to a gradient what a block of samples has, and write its slopes."""
        engine = self.engine
        adjoints = engine.backward(values, self.seed, gradient)
        if self.wanted & WANT_INPUTS:
            by_inputs = adjoints[engine.inputs]
            # An adjoint that is absent is no gradient of -0.0.
            self.slopes[samples] = by_inputs.T + 0.0


def first(marks: Array | np.bool_) -> int:
    """Return the number of the first sample that is marked, from 1, or 0 if none is."""
    if not marks.any():
        return 0
    place = int(marks.argmax())
    return place + 1


def rounded_up(x: int, y: int) -> int:
    """Return x / y, rounded up."""
    return -(-x // y)
