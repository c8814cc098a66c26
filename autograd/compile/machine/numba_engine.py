"""The engine of compiled loops: a program becomes tables of integers, which the machine reads."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numba.core.errors import NumbaError

from autograd.compile.lower.program import (
    EACH,
    INPUTS_TOO,
    Dot,
    Edges,
    Instruction,
    Map,
    Matrix,
    Program,
    Table,
    Total,
)
from autograd.compile.machine import codegen
from autograd.compile.machine import kernels as k
from autograd.compile.machine.functions import VECTOR
from autograd.compile.machine.intrinsics import LANES
from autograd.compile.machine.threads import Team
from autograd.compile.reference.numpy_engine import NumpyEngine, descend
from autograd.compile.tracing.tape import Guard
from autograd.primitive_type import Variadic
from autograd.primitives import rounded

Array = np.ndarray[Any, Any]
CACHE = 3 * 2**19  # bytes of values and adjoints that a block of lanes should not exceed
LARGE = 2**15  # numbers of a gradient that is not copied
probe = [np.empty(0)]
UNHELD = sys.getrefcount(probe[0])  # of an array that only a list holds
NUMBERS = {"float64": ctypes.c_double, "float32": ctypes.c_float}
PATIENCE, PAUSE = 1.0, 0.2  # seconds until somebody is told that it takes long, and told again
WAITING = "autograd.compile is preparing instructions; those new to this machine are compiled, once"
LEAST, MOST = 8, 512  # lanes of a block


class NumbaEngine:
    """Runs a program through the machine of `autograd.compile.machine.kernels`."""

    name = "numba"

    def __init__(
        self, program: Program, shared: Array, functions: str = VECTOR, threads: int = 1
    ) -> None:
        self.program, self.shared, self.dtype = program, shared, shared.dtype
        self.dtype_name, self.functions = shared.dtype.name, functions
        self.tables: list[Array] = []
        self.length = 0
        self.kept: dict[Any, int] = {}  # the kernels in use, and their addresses
        self.callbacks, self.failures = False, list[BaseException]()
        self.team = Team(threads, self.dtype_name, self.failures) if threads > 1 else None
        self.numpy = NumpyEngine(program, shared)
        self.uses = uses_of_shared(program, len(shared))
        self.written = np.zeros(len(shared), bool)  # by the first block of a job
        code = [self.encoded(step) for step in patiently(program.instructions)]
        self.code = np.array(code, np.int64).reshape(-1, k.FIELDS)
        self.alone = self.code.copy()  # of a job that shares its work with nobody
        self.alone[:, k.TEAM] = 0
        self.settings = self.settled()
        self.table = np.concatenate([*self.tables, np.zeros(1, np.int32)])
        self.room = Room(self, 0)
        self.idle: list[Room] = []  # of jobs that ran beside others
        machine = codegen.fixed("machine", self.dtype_name)
        pointer = ctypes.c_void_p
        function = ctypes.CFUNCTYPE(ctypes.c_int64, pointer, pointer, pointer)(machine.address)
        tables, numbers = self.table.ctypes.data, shared.ctypes.data
        self.call: Any = lambda job: partial(function, job, tables, numbers)

    # Encoding

    def put(self, table: Any) -> int:
        """Append a table, and return where it starts."""
        start = self.length
        flat = np.ascontiguousarray(table, np.int32).ravel()
        self.tables.append(flat)
        self.length += flat.size
        return start

    def kernel(self, function: Any) -> int:
        """Return the address of a compiled kernel, which is kept alive."""
        if function not in self.kept:
            self.kept[function] = int(function.address)
        return self.kept[function]

    def fixed(self, name: str) -> int:
        """Return the address of one of the fixed kernels."""
        return self.kernel(codegen.fixed(name, self.dtype_name))

    def encoded(self, step: Instruction) -> list[int]:
        """Return an instruction as integers."""
        fields = [0] * k.FIELDS
        fields[k.OUT], fields[k.COUNT] = step.out, step.count
        getattr(self, f"encode_{type(step).__name__.lower()}")(step, fields)
        fields[k.FIRST] = fields[k.FIRST] or fields[k.BACKWARD]
        return fields

    def encode_map(self, step: Map, fields: list[int]) -> None:
        """Encode a primitive."""
        forward, backward = self.kernels_of(step)
        fields[k.FORWARD] = self.kernel(forward)
        fields[k.BACKWARD] = self.kernel(backward) if backward else 0
        fields[k.TABLE], fields[k.TERMS] = self.put(step.operands), len(step.operands)
        fields[k.COLUMNS] = int(all(consecutive(slots) for slots in step.operands))

    def kernels_of(self, step: Map) -> tuple[Any, Any]:
        """Return the kernels of a primitive: compiled, or where that fails those of NumPy."""
        digits = self.constant(step.operands[1, 0]) if step.op is rounded else 0
        try:
            if digits:
                raise TypeError("only Python rounds decimals exactly")
            arity = 0 if isinstance(step.op, Variadic) else len(step.operands)
            options = step.edges[:arity], step.mortal, self.dtype_name, self.functions
            forward, backward = codegen.of_primitive(step.op, arity, *options)
        except (NumbaError, TypeError, AttributeError, NotImplementedError):
            self.callbacks = True
            return called_back(self, step, "push_map"), called_back(self, step, "pull_map")
        return forward, backward

    def constant(self, slot: int) -> Any:
        """Return the number of a slot that is a constant's."""
        program = self.program
        return program.shared[program.broadcast[slot - program.inputs] - program.parameters]

    def encode_total(self, step: Total, fields: list[int]) -> None:
        """Encode sums."""
        fields[k.FORWARD] = self.fixed("total_forward")
        fields[k.BACKWARD] = self.fixed("total_backward") if step.edges else 0
        fields[k.TABLE], fields[k.TERMS] = self.put(step.terms), len(step.terms)

    def encode_dot(self, step: Dot, fields: list[int]) -> None:
        """Encode inner products."""
        fields[k.FORWARD] = self.fixed("dot_forward")
        fields[k.BACKWARD] = self.fixed("dot_backward") if step.edges[0] else 0
        fields[k.TABLE] = self.put(np.concatenate([step.left, step.right]))
        fields[k.TERMS], fields[k.BIAS] = len(step.left), self.put(step.bias)
        fields[k.EDGES] = k.LEFT * step.edges[1] + k.RIGHT * step.edges[2] + k.MORTAL * step.mortal

    def encode_matrix(self, step: Matrix, fields: list[int]) -> None:
        """Encode a matrix product; weights and inputs that stand in order need no table."""
        fields[k.FORWARD] = self.fixed("matrix_forward")
        fields[k.BACKWARD] = self.fixed("matrix_backward") if step.edges[0] else 0
        tables = np.concatenate([step.weights.ravel(), step.inputs.ravel()])
        fields[k.TABLE], fields[k.BIAS] = self.put(tables), self.put(step.bias)
        fields[k.TERMS], fields[k.COLUMNS] = step.inputs.shape
        fields[k.EDGES] = k.LEFT * step.edges[1] + k.RIGHT * step.edges[2] + k.MORTAL * step.mortal
        fields[k.WEIGHTS : k.WEIGHT_COLUMN + 1] = strided(step.weights)
        flat = step.inputs.ravel()
        fields[k.INPUTS] = int(flat[0]) if consecutive(flat) else k.NOWHERE
        if self.takes_samples(step, fields):
            fields[k.SAMPLES_SLOT], fields[k.SAMPLE_SIZE] = self.program.slots, self.program.inputs
        if self.is_fresh(step, fields):
            fields[k.FIRST] = self.fixed("matrix_backward_first")
            self.written[step.weights] = True
        fields[k.PRODUCT] = self.fixed("product")
        if self.team:
            fields[k.TEAM], fields[k.TASK] = self.team.address, self.team.place

    def takes_samples(self, step: Matrix, fields: list[int]) -> bool:
        """Tell whether a product's inputs are numbers of the samples, and its weights' gradient is
        wanted: a row for each sample is the transpose that it needs."""
        last = fields[k.INPUTS] + len(step.inputs)
        regular = fields[k.INPUTS] != k.NOWHERE and step.inputs.shape[1] == 1
        return step.edges[1] and regular and last <= self.program.inputs

    def is_fresh(self, step: Matrix, fields: list[int]) -> bool:
        """Tell whether nothing but this product adds to the gradient of its weights."""
        regular = fields[k.WEIGHTS] != k.NOWHERE and fields[k.WEIGHT_COLUMN] == 1
        return step.edges[1] and regular and bool((self.uses[step.weights] == 1).all())

    def encode_edges(self, step: Edges, fields: list[int]) -> None:
        """Encode edges whose slopes stand in slots."""
        fields[k.BACKWARD] = self.fixed("edges_backward")
        fields[k.COUNT] = len(step.nodes)
        fields[k.TABLE] = self.put(np.stack([step.nodes, step.parents, step.slopes, step.still]))

    def settled(self) -> Array:
        """Return what the machine has to know about the program."""
        program, settings = self.program, np.zeros(k.JOB, np.int64)
        settings[k.INSTRUCTIONS], settings[k.SLOTS] = len(program.instructions), program.slots
        settings[k.INPUTS_COUNT], settings[k.SHARED_COUNT] = program.inputs, len(self.shared)
        settings[k.OUTPUTS_COUNT] = len(program.outputs)
        settings[k.OUTPUTS_TABLE] = self.put(program.outputs)
        settings[k.BROADCAST_COUNT] = len(program.broadcast)
        settings[k.BROADCAST_TABLE] = self.put(program.broadcast)
        settings[k.GUARDS_COUNT] = len(program.guards)
        guards = [[g.row for g in program.guards], [g.truth for g in program.guards]]
        settings[k.GUARDS_TABLE] = self.put(np.array(guards, np.int32))
        ranges = np.flatnonzero(np.diff(np.concatenate([[1], self.written, [1]]).astype(np.int8)))
        settings[k.CLEAR_COUNT] = len(ranges) // 2
        settings[k.CLEAR_TABLE] = self.put(ranges)
        settings[k.SAMPLES_KEPT] = self.code[:, k.SAMPLES_SLOT].any()
        settings[k.PARAMETERS_COUNT] = program.parameters
        settings[k.CODE] = self.code.ctypes.data
        return settings

    # Running

    def block(self, samples: int) -> int:
        """Return how many lanes a block has."""
        room = max(CACHE, 2 * int(self.shared.nbytes))  # many weights are worth many lanes
        fitting = max(LEAST, room // (2 * int(self.dtype.itemsize) * max(1, self.program.slots)))
        blocks = -(-samples // min(MOST, fitting))
        lanes = -(-samples // blocks)
        return min(samples, -(-lanes // LEAST) * LEAST)  # whole vectors

    def holds(self, rows: Array) -> Array:
        """Tell for every sample whether it takes the branches that were traced."""
        return self.numpy.holds(rows)

    def first_failing(self, row: Array) -> Guard:
        """Return the first guard that fails for a sample."""
        return self.numpy.first_failing(row)

    def scratch_size(self, lanes: int) -> int:
        """Return how many numbers the kernels need beside the slots."""
        sizes = [1]
        for step in self.program.instructions:
            if isinstance(step, Matrix):
                sizes.append(2 * step.weights.size + 3 * step.inputs.size * lanes)
            elif isinstance(step, Map):
                sizes.append((step.count + LANES) * (len(step.operands) + 2))
        return max(sizes)

    def job(self, samples: int, wanted: int, apart: bool = False) -> Job:
        """Return a job for so many samples, with a room of its own if it runs beside others."""
        lanes = 1 if wanted & EACH else self.block(samples)
        if lanes > self.room.lanes:
            self.room = Room(self, lanes)
        if not apart:
            return Job(self, samples, wanted, lanes, self.room)
        job = Job(self, samples, wanted, lanes, self.idle_room(lanes))
        job.settings[k.CODE], job.apart = self.alone.ctypes.data, True
        return job

    def idle_room(self, lanes: int) -> Room:
        """Return a room that no job is in, one that was used before if there is any."""
        try:
            room = self.idle.pop()
        except IndexError:
            return Room(self, lanes)
        return room if room.lanes >= lanes else Room(self, lanes)


class Room:
    """Where the values and adjoints of a block of lanes stand; jobs share it."""

    def __init__(self, engine: NumbaEngine, lanes: int) -> None:
        self.lanes = lanes
        slots, inputs = engine.program.slots, engine.program.inputs
        self.values = np.empty((slots + inputs) * lanes, engine.dtype)  # and the samples as rows
        self.adjoints = np.empty(slots * lanes, engine.dtype)
        self.scratch = np.empty(engine.scratch_size(lanes), engine.dtype)
        self.slots, self.inputs = slots, inputs

    def rows(self, lanes: int) -> Array:
        """Return where kernels look for the samples of a block as rows, behind its slots."""
        stop = (self.slots + self.inputs) * lanes
        return self.values[self.slots * lanes : stop].reshape(lanes, self.inputs)


class Job:
    """A run on so many samples: fill `rows` and `seed`, call `run`, and read the results."""

    def __init__(
        self, engine: NumbaEngine, samples: int, wanted: int, lanes: int, room: Room
    ) -> None:
        program, dtype, count = engine.program, engine.dtype, len(engine.shared)
        self.engine, self.room = engine, room
        fits = lanes == samples > 1  # then no kernel needs another copy of the samples
        self.rows = room.rows(lanes) if fits else np.zeros((samples, program.inputs), dtype)
        self.outputs = np.empty((len(program.outputs), samples), dtype).T
        self.seed = np.ones(len(program.outputs), dtype)
        self.slopes = np.empty((samples if wanted & INPUTS_TOO else 0, program.inputs), dtype)
        self.full = np.empty((samples if wanted & EACH else 1, count if wanted else 0), dtype)
        self.large = self.full.size >= LARGE
        self.gradients = self.full[:, : program.parameters]
        self.total = np.zeros(1, dtype)
        self.step = np.zeros(2, dtype)  # the size of a step of descent, whether all must be finite
        self.moved = False  # by such a step
        self.settings = engine.settings.copy()
        self.settings[[k.BLOCK, k.SAMPLES, k.WANTED]] = lanes, samples, wanted
        self.settings[k.STEP] = self.step.ctypes.data
        self.machine = engine.call(self.settings.ctypes.data)
        self.buffers, self.apart = [self.full], False
        self.share(self.rows, self.outputs, self.slopes)

    def share(self, rows: Array, outputs: Array, slopes: Array) -> None:
        """Read and write these arrays, which may be parts of larger ones."""
        self.rows, self.outputs, self.slopes, room = rows, outputs, slopes, self.room
        arrays = [room.values, room.adjoints, room.scratch, self.full, rows, outputs]
        arrays += [self.seed, slopes, self.total]
        self.settings[k.VALUES : k.SUM + 1] = [x.ctypes.data for x in arrays]
        self.settings[k.OUTPUTS_STRIDE] = outputs.strides[1] // outputs.itemsize

    def gradient(self) -> Array:
        """Return the gradient as an array of the caller's own; a large one without a copy."""
        found: Array = self.gradients[0]
        return found if self.large else found.copy()

    def change_buffer(self) -> None:
        """Have the next run write to a buffer of which the caller holds no array.

        In a loop that keeps the latest gradient two buffers take turns, and no page is new.
        """
        shape, dtype, count = self.full.shape, self.full.dtype, self.gradients.shape[1]
        del self.full, self.gradients
        places = range(len(self.buffers))
        idle = [i for i in places if sys.getrefcount(self.buffers[i]) <= UNHELD]
        if not idle:
            self.buffers, idle = [self.buffers[-1], np.empty(shape, dtype)], [1]
        self.full = self.buffers[idle[0]]
        self.gradients = self.full[:, :count]
        self.settings[k.GRADIENT] = self.full.ctypes.data

    def descend(self, step_size: float, finite: bool) -> bool:
        """Move the parameters down the gradient; False where they would not stay finite."""
        return descend(self.engine.shared, self.gradients[0], step_size, finite)

    def run(self, step_size: float = 0.0, finite: bool = True) -> int:
        """Run the machine, and return its answer: 0, or where a guard or a number failed.

        With a step size the machine itself moves the parameters, which saves two passes over them.
        """
        if self.large:
            self.change_buffer()
        if step_size and not self.engine.callbacks:  # which may fail half-way
            self.step[0], self.step[1] = step_size, finite
            answer = self.machine()
            self.step[0], self.moved = 0.0, answer >= 0
        else:
            answer, self.moved = self.machine(), False
        if self.apart:
            self.engine.idle.append(self.room)
        if failures := self.engine.failures:
            first = failures[0]
            failures.clear()
            raise first
        return 0 if answer == k.UNFIT else answer


class called_back:  # noqa: N801
    """A kernel that runs an instruction of the NumPy engine on the machine's arrays."""

    def __init__(self, engine: NumbaEngine, step: Map, method: str) -> None:
        number = ctypes.POINTER(NUMBERS[engine.dtype.name])
        pointer = ctypes.c_void_p
        kinds = [pointer] * 3 + [number] * 2 + [pointer] * 2 + [ctypes.c_int64]
        run, slots, failures = getattr(engine.numpy, method), engine.program.slots, engine.failures

        def kernel(
            code: Any, tables: Any, shared: Any, values: Any, adjoints: Any, *rest: Any
        ) -> None:
            shape = (slots, rest[-1])
            try:
                with np.errstate(all="ignore"):
                    arrays = [np.ctypeslib.as_array(x, shape) for x in (values, adjoints)]
                    if method == "push_map":
                        run(step, None, arrays[0])
                    else:
                        run(step, None, *arrays, None)
            except BaseException as error:  # C cannot pass it on
                failures.append(error)

        self.function = ctypes.CFUNCTYPE(None, *kinds)(kernel)
        self.address = ctypes.cast(self.function, pointer).value


def patiently(steps: Sequence[Instruction]) -> Iterator[Instruction]:
    """Yield instructions; to somebody who watches, say on stderr how far it is if it takes long."""
    watched = bool(sys.stderr) and (sys.stderr.isatty() or "ipykernel" in sys.modules)
    told, end = time.monotonic() + PATIENCE, ""
    for i, step in enumerate(steps):
        if watched and time.monotonic() > told:
            told, end = time.monotonic() + PAUSE, "\n"
            print(f"\r{WAITING}: {i} of {len(steps)}", end="", file=sys.stderr, flush=True)
        yield step
    if end:
        print(f"\r{WAITING}: {len(steps)} of {len(steps)}", end=end, file=sys.stderr)


def uses_of_shared(program: Program, count: int) -> Table:
    """Return how many instructions use each shared number."""
    uses = np.zeros(count, np.int32)
    np.add.at(uses, program.broadcast, 1)
    for step in program.instructions:
        if isinstance(step, (Dot, Matrix)):
            places = [step.bias.ravel(), (step.left if isinstance(step, Dot) else ~step.weights)]
            for table in places:
                np.add.at(uses, ~table[table < 0], 1)
    return uses


def consecutive(slots: Table) -> bool:
    """Tell whether slots follow one another."""
    if len(slots) == 1:
        return True
    return bool(slots[-1] - slots[0] == len(slots) - 1 and (np.diff(slots) == 1).all())


def strided(weights: Table) -> tuple[int, int, int]:
    """Return start and strides of a table of places, or NOWHERE where it has none."""
    rows, columns = weights.shape
    start = int(weights[0, 0])
    column = int(weights[0, 1]) - start if columns > 1 else 1
    row = int(weights[1, 0]) - start if rows > 1 else (column * columns if column == 1 else 1)
    regular = start + row * np.arange(rows)[:, None] + column * np.arange(columns)
    if (regular == weights).all():
        return start, row, column
    return k.NOWHERE, 0, 0
