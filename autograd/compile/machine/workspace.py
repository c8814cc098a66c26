"""What a run of the machine works on: a workspace for one block of lanes, and the job itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compile.finite import descend
from autograd.compile.lower.program import WANT_EACH, WANT_INPUTS
from autograd.compile.machine import kernels as k

if TYPE_CHECKING:
    from autograd.compile.machine.llvm_engine import LlvmEngine

Array = np.ndarray[Any, Any]
# A gradient of so many is not copied.
LARGE_GRADIENT_NUMBERS = 2**15
# References to an array that only a list holds.
probe = [np.empty(0)]
UNHELD_REFERENCES = sys.getrefcount(probe[0])


class Workspace:
    """Where the values and adjoints of a block of lanes stand; jobs share it.

    Args:
        slots, inputs: how many a program has.
        scratch_size: how many numbers its kernels need beside the slots.
        kept: how many slots what is made beside the results has.
    """

    def __init__(
        self,
        slots: int,
        inputs: int,
        scratch_size: int,
        lanes: int,
        dtype: np.dtype[Any],
        kept: int = 0,
    ) -> None:
        self.slots = slots
        self.inputs = inputs
        self.lanes = lanes
        # The samples as rows stand behind the slots, and behind them what is kept.
        rows = slots + inputs + kept
        self.values = np.empty(rows * lanes, dtype)
        self.adjoints = np.empty(slots * lanes, dtype)
        self.scratch = np.empty(scratch_size, dtype)

    def rows(self, lanes: int) -> Array:
        """Return where kernels look for the samples of a block as rows, behind its slots."""
        start = self.slots * lanes
        stop = start + self.inputs * lanes
        numbers = self.values[start:stop]
        return numbers.reshape(lanes, self.inputs)


class Job:
    """A run on so many samples: fill `rows` and `seed`, call `run`, and read the results.

    Args:
        engine: the `LlvmEngine` whose program is run.
        wanted: see `lower.program`.
        lanes: of a block, which fit into the workspace.
        apart: whether it shares its work with no other threads, and has its workspace for itself.

    Attributes:
        step: the size of a step of descent, and whether all numbers have to stay finite.
        moved: whether the parameters were moved by such a step.
        unsound: whether a number of the gradient may not be finite, or the sum.
        runs: whose results were as usual, as `Compiled` counts.
        entries: of calls that step, and of others: see `entries`.
    """

    def __init__(
        self,
        engine: LlvmEngine,
        samples: int,
        wanted: int,
        lanes: int,
        workspace: Workspace,
        apart: bool = False,
    ) -> None:
        program = engine.program
        dtype = engine.dtype
        inputs = program.inputs
        outputs = len(program.outputs)
        shared = len(engine.shared)
        self.engine = engine
        self.workspace = workspace
        self.wanted = wanted
        self.failures = engine.failures
        # A block that has all samples is filled by the caller, and no kernel copies them again.
        fits = lanes == samples > 1
        if fits:
            self.rows = workspace.rows(lanes)
        else:
            self.rows = np.zeros((samples, inputs), dtype)
        # An output's numbers stand side by side, as kernels write them.
        columns = np.empty((outputs, samples), dtype)
        self.outputs = columns.T
        self.seed = np.ones(outputs, dtype)
        slopes = samples if wanted & WANT_INPUTS else 0
        self.slopes = np.empty((slopes, inputs), dtype)
        gradients = samples if wanted & WANT_EACH else 1
        numbers = shared if wanted else 0
        self.full = np.empty((gradients, numbers), dtype)
        self.large = self.full.size >= LARGE_GRADIENT_NUMBERS
        self.gradients = self.full[:, : program.trained]
        self.total = np.zeros(1, dtype)
        self.step = np.zeros(2, dtype)
        self.moved = False
        self.unsound = False
        self.runs = 0
        self.entries: dict[bool, Any] = {}
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
        addresses = [x.ctypes.data for x in arrays]
        self.settings[k.VALUES : k.SUM + 1] = addresses
        _, stride = outputs.strides
        self.settings[k.OUTPUTS_STRIDE] = stride // outputs.itemsize
        job = self.settings.ctypes.data
        tables = self.table.ctypes.data
        self.addresses = [job, tables, self.engine.numbers]
        self.machine = self.engine.call(job, tables)

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
        _, count = self.gradients.shape
        del self.full, self.gradients
        buffers = self.buffers
        places = range(len(buffers))
        idle = [i for i in places if sys.getrefcount(buffers[i]) <= UNHELD_REFERENCES]
        if not idle:
            buffers = [buffers[-1], np.empty(shape, dtype)]
            self.buffers = buffers
            idle = [1]
        self.full = buffers[idle[0]]
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
        self.moved = False
        self.unsound = False
        # What calls Python may fail half-way.
        steps = step_size and not self.engine.callbacks
        if steps:
            self.step[0] = step_size
            self.step[1] = finite
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
        # One number says two things: beyond UNSOUND it is that, and whatever is left.
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
        self, engine: LlvmEngine, samples: int, lanes: int, workspace: Workspace, slots: Array
    ) -> None:
        super().__init__(engine, samples, 0, lanes, workspace)
        count = len(slots)
        self.table = np.concatenate([engine.table, slots])
        self.settings[k.OUTPUTS_TABLE] = len(engine.table)
        self.settings[k.OUTPUTS_COUNT] = count
        self.settings[[k.GUARDS_COUNT, k.WATCHED_COUNT]] = 0
        outputs = np.empty((count, samples), engine.dtype).T
        self.share(self.rows, outputs, self.slopes)
