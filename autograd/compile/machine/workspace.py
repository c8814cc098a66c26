"""What a run of the machine works on: a workspace for one block of lanes, and the job itself."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from autograd.compile.finite import descend
from autograd.compile.lower.program import WANT_EACH, WANT_INPUTS
from autograd.compile.machine import kernels as k

Array = np.ndarray[Any, Any]
LARGE_GRADIENT_NUMBERS = 2**15  # a gradient of so many is not copied
probe = [np.empty(0)]
UNHELD_REFERENCES = sys.getrefcount(probe[0])  # to an array that only a list holds


class Workspace:
    """Where the values and adjoints of a block of lanes stand; jobs share it.

    Args:
        slots, inputs: how many a program has.
        scratch_size: how many numbers its kernels need beside the slots.
        kept: how many slots what is made beside the results has.
    """

    def __init__(
        self, slots: int, inputs: int, scratch_size: int, lanes: int, dtype: Any, kept: int = 0
    ) -> None:
        self.slots = slots
        self.inputs = inputs
        self.lanes = lanes
        # The samples as rows stand behind the slots, and behind them what is kept.
        self.values = np.empty((slots + inputs + kept) * lanes, dtype)
        self.adjoints = np.empty(slots * lanes, dtype)
        self.scratch = np.empty(scratch_size, dtype)

    def rows(self, lanes: int) -> Array:
        """Return where kernels look for the samples of a block as rows, behind its slots."""
        stop = (self.slots + self.inputs) * lanes
        return self.values[self.slots * lanes : stop].reshape(lanes, self.inputs)


class Job:
    """A run on so many samples: fill `rows` and `seed`, call `run`, and read the results.

    Args:
        engine: the `LlvmEngine` whose program is run.
        wanted: see `lower.program`.
        lanes: of a block, which fit into the workspace.
        apart: whether it shares its work with no other threads, and has its workspace for itself.
    """

    def __init__(
        self,
        engine: Any,
        samples: int,
        wanted: int,
        lanes: int,
        workspace: Workspace,
        apart: bool = False,
    ) -> None:
        program = engine.program
        dtype = engine.dtype
        count = len(engine.shared)
        self.engine = engine
        self.workspace = workspace
        self.wanted = wanted
        self.failures = engine.failures
        fits = lanes == samples > 1  # then no kernel needs another copy of the samples
        self.rows = workspace.rows(lanes) if fits else np.zeros((samples, program.inputs), dtype)
        self.outputs = np.empty((len(program.outputs), samples), dtype).T
        self.seed = np.ones(len(program.outputs), dtype)
        self.slopes = np.empty((samples if wanted & WANT_INPUTS else 0, program.inputs), dtype)
        self.full = np.empty((samples if wanted & WANT_EACH else 1, count if wanted else 0), dtype)
        self.large = self.full.size >= LARGE_GRADIENT_NUMBERS
        self.gradients = self.full[:, : program.trained]
        self.total = np.zeros(1, dtype)
        self.step = np.zeros(2, dtype)  # the size of a step of descent, whether all must be finite
        self.moved = False  # by such a step
        self.unsound = False  # whether a number of the gradient may not be finite, or the sum
        self.runs = 0  # whose results were as usual, as `Compiled` counts
        self.entries: dict[bool, Any] = {}  # of calls that step, and of others: see `entries`
        self.settings = engine.settings.copy()
        self.settings[[k.BLOCK, k.SAMPLES, k.WANTED]] = lanes, samples, wanted
        self.settings[k.STEP] = self.step.ctypes.data
        self.table = engine.table
        self.buffers = [self.full]
        self.apart = apart
        self.code = engine.code_for(lanes, apart)
        self.settings[k.CODE] = self.code.ctypes.data
        self.share(self.rows, self.outputs, self.slopes)

    def share(self, rows: Array, outputs: Array, slopes: Array) -> None:
        """Read and write these arrays, which may be parts of larger ones."""
        self.rows = rows
        self.outputs = outputs
        self.slopes = slopes
        space = self.workspace
        arrays = [space.values, space.adjoints, space.scratch, self.full, rows, outputs]
        arrays += [self.seed, slopes, self.total]
        self.settings[k.VALUES : k.SUM + 1] = [x.ctypes.data for x in arrays]
        self.settings[k.OUTPUTS_STRIDE] = outputs.strides[1] // outputs.itemsize
        self.addresses = [x.ctypes.data for x in (self.settings, self.table, self.engine.shared)]
        self.machine = self.engine.call(*self.addresses[:2])

    def gradient(self) -> Array:
        """Return the gradient as an array of the caller's own; a large one without a copy."""
        found: Array = self.gradients[0]
        return found if self.large else found.copy()

    def change_buffer(self) -> None:
        """Have the next run write to a buffer of which the caller holds no array.

        In a loop that keeps the latest gradient two buffers take turns, and no page is new.
        """
        shape = self.full.shape
        dtype = self.full.dtype
        count = self.gradients.shape[1]
        del self.full, self.gradients
        places = range(len(self.buffers))
        idle = [i for i in places if sys.getrefcount(self.buffers[i]) <= UNHELD_REFERENCES]
        if not idle:
            self.buffers = [self.buffers[-1], np.empty(shape, dtype)]
            idle = [1]
        self.full = self.buffers[idle[0]]
        self.gradients = self.full[:, :count]
        self.settings[k.GRADIENT] = self.full.ctypes.data

    def descend(self, step_size: float, finite: bool) -> bool:
        """Move the parameters down the gradient; False where they would not stay finite."""
        return descend(self.engine.shared, self.gradients[0], step_size, finite)

    def run(self, step_size: float = 0.0, finite: bool = True) -> Any:
        """Run the machine, and return its answer: 0, or where a guard or a number failed.

        With a step size the machine itself moves the parameters, which saves two passes over them.
        """
        if self.large:
            self.change_buffer()
        self.moved = self.unsound = False
        steps = step_size and not self.engine.callbacks  # which may fail half-way
        if steps:
            self.step[0], self.step[1] = step_size, finite
        answer = self.machine()
        if steps:
            self.step[0] = 0.0
            self.moved = 0 <= answer < k.UNSOUND
        if self.apart:
            self.engine.idle.append(self.workspace)
        if self.failures:
            first = self.failures[0]
            self.failures.clear()
            raise first
        if answer == 0 or -k.UNSOUND < answer < k.UNSOUND:
            return answer
        self.unsound = True
        return 0 if answer == k.UNFIT else answer - k.UNSOUND

    def needs_a_look(self) -> bool:
        """Run the machine on the same arrays, and tell whether anything is not as it should be."""
        answer = self.machine()
        if self.failures:
            self.failures.clear()
            return True
        return bool(answer)


class Probe(Job):
    """A run that has the numbers of some slots in place of the outputs, whatever the guards say."""

    def __init__(
        self, engine: Any, samples: int, lanes: int, workspace: Workspace, slots: Array
    ) -> None:
        super().__init__(engine, samples, 0, lanes, workspace)
        self.table = np.concatenate([engine.table, slots])
        self.settings[[k.OUTPUTS_TABLE, k.OUTPUTS_COUNT]] = len(engine.table), len(slots)
        self.settings[[k.GUARDS_COUNT, k.WATCHED_COUNT]] = 0
        outputs = np.empty((len(slots), samples), engine.dtype).T
        self.share(self.rows, outputs, self.slopes)
