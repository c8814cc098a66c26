"""The engine that needs only NumPy: it runs plans, one block of lanes after the other."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from autograd.compile.lower.program import WANT_EACH, WANT_INPUTS, Dot, Map, Program
from autograd.compile.lower.rolling import expanded
from autograd.compile.reference.backward_plan import BackwardPlan
from autograd.compile.reference.forward_plan import ProgramInfo

Array = np.ndarray[Any, Any]
CACHE_BYTES = 2**23  # of values and adjoints, that a block of lanes should not exceed
MIN_LANES = 128  # of a block: with fewer, calls would cost more than the cache saves
MEMORY_BYTES = 2**28  # that it must not exceed, however few lanes that leaves
MAX_PLANS_KEPT = 16  # idle ones, if they do not exceed it either


def descend(parameters: Array, gradient: Array, step_size: float, finite: bool) -> bool:
    """Move parameters down a gradient, unless they had to be finite and would not be."""
    with np.errstate(all="ignore"):
        new = step_size * gradient
        np.subtract(parameters[: len(gradient)], new, out=new)
        if finite and not all_finite(new):
            return False
    parameters[: len(gradient)] = new
    return True


def all_finite(numbers: Array) -> bool:
    """Tell whether all numbers are finite."""
    # A square may be infinite where its number is not; that is rare, so squares are asked first.
    return isfinite(np.vdot(numbers, numbers)) or bool(np.isfinite(numbers).all())


class NumpyEngine:
    """Runs a program on arrays, slots x lanes, in blocks of lanes."""

    name = "numpy"

    def __init__(self, program: Program, shared: Array) -> None:
        program = expanded(program)
        self.program, self.shared, self.dtype = program, shared, shared.dtype
        self.info = ProgramInfo(program, shared)
        self.idle: list[BackwardPlan] = []
        dots = [step for step in program.instructions if isinstance(step, Dot)]
        products = max((step.left.size for step in dots), default=0)  # which are then added up
        rows = max(1, 2 * program.slots + products)
        self.lane_bytes = rows * int(self.dtype.itemsize)
        guards = program.guards
        self.guards = np.array([guard.row for guard in guards], np.intp)
        self.truths = np.array([guard.truth for guard in guards], bool)[:, None]
        self.watched = program.watched.astype(np.intp)

    def block(self, samples: int) -> int:
        """Return how many lanes a block has."""
        in_cache = max(MIN_LANES, CACHE_BYTES // self.lane_bytes)
        fitting = max(1, min(in_cache, MEMORY_BYTES // self.lane_bytes))
        blocks = -(-samples // fitting)
        return -(-samples // blocks)

    def take(self, lanes: int) -> BackwardPlan:
        """Take a plan for so many lanes, so that no other thread has it, too."""
        for plan in self.idle:
            if plan.lanes == lanes:
                try:
                    self.idle.remove(plan)
                except ValueError:  # another thread was faster
                    continue
                return plan
        return BackwardPlan(self.info, lanes)

    def give_back(self, plan: BackwardPlan) -> None:
        """Keep a plan for the next who wants it."""
        self.idle.append(plan)
        in_memory = MEMORY_BYTES // (self.lane_bytes * plan.lanes)
        del self.idle[: -max(1, min(MAX_PLANS_KEPT, in_memory))]

    def renew(self) -> None:
        """Forget the plans, on which another thread may have been at work when it was left."""
        self.idle = []

    def job(self, samples: int, wanted: int, apart: bool = False) -> Job:
        """Return a job for so many samples."""
        return Job(self, samples, wanted)

    def lanes(self, samples: int, wanted: int) -> int:
        """Return how many lanes a block of a job has."""
        return 1 if wanted & WANT_EACH else self.block(samples)

    def probe(self, rows: Array, slots: Sequence[int], wanted: int) -> Array:
        """Return the numbers of some slots, samples x slots, with the bits that a job has.

        The job is one for the same samples, and wants the same.
        """
        found = np.empty((len(rows), len(slots)), self.dtype)
        lanes = self.lanes(len(rows), wanted)
        for start in range(0, len(rows), lanes):
            block = rows[start : start + lanes]
            plan = self.take(len(block))
            with np.errstate(all="ignore"):
                self.run_forward(plan, block)
            found[start : start + lanes] = plan.values[np.asarray(slots, np.intp)].T
            self.give_back(plan)
        return found

    def run_forward(self, plan: BackwardPlan, rows: Array) -> None:
        """Compute the values of all slots for samples, one a row."""
        plan.values[: self.program.inputs] = rows.T
        for call in plan.forward:
            call()

    def missed(self, plan: BackwardPlan) -> Array:
        """Return for every guard and lane whether it has not the truth that was traced."""
        return (plan.values[self.guards] != 0) != self.truths  # type: ignore[no-any-return]

    def forward_map(self, step: Map, values: Array, _: Array) -> None:
        """Compute a primitive on an array of the caller's."""
        plan = BackwardPlan(self.info, values.shape[1], values)
        plan.forward_step(step)
        for call in plan.calls:
            call()

    def backward_map(self, step: Map, values: Array, adjoints: Array) -> None:
        """Add slope times upstream adjoint on arrays of the caller's."""
        plan = BackwardPlan(self.info, values.shape[1], values, adjoints)
        plan.backward_step(step)
        for call in plan.calls:
            call()


class Job:
    """A run on so many samples: fill `rows` and `seed`, call `run`, and read the results."""

    moved = False  # the parameters: see `descend`

    def __init__(self, engine: NumpyEngine, samples: int, wanted: int) -> None:
        program, dtype = engine.program, engine.dtype
        self.engine, self.wanted = engine, wanted
        self.lanes = engine.lanes(samples, wanted)
        self.rows = np.zeros((samples, program.inputs), dtype)
        self.outputs = np.empty((samples, len(program.outputs)), dtype)
        self.seed, self.ones = np.ones(len(program.outputs), dtype), np.ones(samples, dtype)
        self.slopes = np.empty((samples if wanted & WANT_INPUTS else 0, program.inputs), dtype)
        self.shape = samples if wanted & WANT_EACH else 1, len(engine.shared) if wanted else 0
        self.gradients = self.full = np.zeros((0, 0), dtype)
        self.total = np.zeros(1, dtype)
        self.runs, self.entries = 0, dict.fromkeys((False, True))  # no machine runs it
        self.unsound = False  # whether a number of the gradient may not be finite, or the sum
        self.look_at: Array | None = None  # the numbers to look at for that, if not all
        self.doubtful = False  # whether products cannot be judged by their factors
        self.blank = 0  # the number of the first sample with a watched number that is not finite

    def share(self, rows: Array, outputs: Array, slopes: Array) -> None:
        """Read and write these arrays, which may be parts of larger ones."""
        self.rows, self.outputs, self.slopes = rows, outputs, slopes

    def gradient(self) -> Array:
        """Return the gradient as an array of the caller's own: each run makes a new one."""
        return self.gradients[0]  # type: ignore[no-any-return]

    def descend(self, step_size: float, finite: bool) -> bool:
        """Move the parameters down the gradient; False where they would not stay finite."""
        return descend(self.engine.shared, self.gradients[0], step_size, finite)

    def run(self, *_: Any) -> int:
        """Run all blocks, and return 0, or where a guard or a number failed: see `machine`."""
        self.full = np.empty(self.shape, self.engine.dtype)
        self.gradients = self.full[:, : self.engine.program.trained]
        self.unsound = self.doubtful = False
        self.blank = 0
        with np.errstate(all="ignore"):
            for start in range(0, len(self.rows), self.lanes):
                plan = self.engine.take(min(self.lanes, len(self.rows) - start))
                answer = self.run_block(plan, start)
                self.engine.give_back(plan)
                if answer:
                    return answer
            if self.wanted:
                self.total[0] = total = np.dot(np.dot(self.ones, self.outputs), self.seed)
                self.unsound = not (isfinite(total) and self.gradient_is_finite())
            return self.first_blank()

    def run_block(self, plan: BackwardPlan, start: int) -> int:
        """Run a block, and return 0, or which sample fails a guard."""
        engine, samples = self.engine, slice(start, start + plan.lanes)
        engine.run_forward(plan, self.rows[samples])
        if engine.guards.size:
            missed = engine.missed(plan).any(0)
            if missed.any():
                return -1 - start - int(missed.argmax())
        self.outputs[samples] = plan.outputs.T
        if engine.watched.size and not self.blank:
            finite = np.isfinite(plan.values[engine.watched]).all(0)
            self.blank = 0 if finite.all() else start + 1 + int(finite.argmin())
        if self.wanted:
            self.run_backward(plan, start, samples)
        return 0

    def run_backward(self, plan: BackwardPlan, start: int, samples: slice) -> None:
        """Run the backward pass of a block."""
        inputs, each = bool(self.wanted & WANT_INPUTS), bool(self.wanted & WANT_EACH)
        plan.seed[:, 0] = self.seed
        plan.gradient, plan.adds = self.full[start if each else 0], start > 0 and not each
        plan.doubtful = False
        for call in plan.backward(inputs):
            call()
        self.look_at = plan.look_at
        self.doubtful |= plan.doubtful
        if inputs:
            adjoints = plan.adjoints[: self.engine.program.inputs]
            np.add(adjoints.T, 0.0, out=self.slopes[samples])

    def gradient_is_finite(self) -> bool:
        """Tell whether all gradients are finite; where a product's factors tell, look at those."""
        if self.wanted & WANT_INPUTS and not all_finite(self.slopes):
            return False
        if self.look_at is None or self.doubtful:
            return all_finite(self.gradients)
        return all_finite(self.gradients[:, self.look_at])

    def first_blank(self) -> int:
        """Return the number of the first sample that is not finite, from 1, or 0."""
        rows, outputs = self.rows, self.outputs
        if all_finite(rows) and all_finite(outputs):
            return self.blank
        blank = ~(np.isfinite(outputs).all(1) & np.isfinite(rows).all(1))
        found = int(blank.argmax()) + 1
        return min(found, self.blank or found)
