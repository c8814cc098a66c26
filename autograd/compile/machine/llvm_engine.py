"""The engine of compiled loops: a program becomes tables of integers, which the machine reads."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compile.lower.program import (
    WANT_EACH,
    Dot,
    Edges,
    Instruction,
    Loop,
    Map,
    Matrix,
    Program,
    Table,
    Total,
    all_places,
)
from autograd.compile.lower.rolling import expanded
from autograd.compile.machine import codegen
from autograd.compile.machine import kernels as k
from autograd.compile.machine.codegen import MANY, ONE
from autograd.compile.machine.entries import MOST_WORK, Entry, is_possible
from autograd.compile.machine.functions import VECTOR
from autograd.compile.machine.intrinsics import LANES
from autograd.compile.machine.partners import Keeping
from autograd.compile.machine.stretches import (
    StretchKernels,
    stretches,
    without_adjoints,
    written_out,
)
from autograd.compile.machine.threads import ThreadTeam
from autograd.compile.machine.workspace import Job, Probe, Workspace
from autograd.compile.reference.numpy_engine import NumpyEngine
from autograd.compile.reference.own_primitives import OwnStep, is_own, plain_operands
from autograd.primitive_type import Variadic
from autograd.primitives import rounded

if TYPE_CHECKING:
    import numpy.typing as npt

    from autograd.compile.batches import Part

Array = np.ndarray[Any, Any]
# Of values and adjoints, that a block of lanes should not exceed.
CACHE_BYTES = 3 * 2**19
# Of a block.
MIN_LANES = 8
MAX_LANES = 512
C_TYPES = {"float64": ctypes.c_double, "float32": ctypes.c_float}
# Stands in place of instructions that one function computes.
STRETCH = Instruction(0, 1)
# Until somebody is told that it takes long, and until they are told again.
PATIENCE_SECONDS = 1.0
PAUSE_SECONDS = 0.2
WAITING = "autograd.compile is preparing instructions; those new to this machine are compiled, once"


class LlvmEngine:
    """Runs a program through the machine of `autograd.compile.machine.kernels`.

    Attributes:
        callbacks: kernels that call Python, which are called as long as the engine lives.
        called: where such kernels are, forward and backward, by the ids of steps.
        team: threads, where there is a product of matrices.
        written: which shared numbers' gradient the first block of a job writes.
        codes: see `code_for`.
        idle: workspaces of jobs that ran beside others.
    """

    name = "llvm"

    def __init__(
        self, program: Program, shared: Array, functions: str = VECTOR, threads: int = 1
    ) -> None:
        program = written_out(program)
        # Only doubles keep all bits of what an elementary function computes, which is a double.
        is_kept = shared.dtype == np.float64 and functions == VECTOR
        first_free = program.slots + program.inputs
        self.keeping = Keeping(first_free)
        keeping = self.keeping if is_kept else None
        self.stretches = stretches(program, keeping)
        # The machine itself knows no loops.
        if not self.stretches:
            program = expanded(program)
        self.program = program
        self.shared = shared
        self.dtype = shared.dtype
        self.dtype_name = shared.dtype.name
        self.functions = functions
        self.tables: list[Array] = []
        self.length = 0
        self.callbacks: list[Callback] = []
        self.called: dict[int, tuple[int, int]] = {}
        self.failures = list[BaseException]()
        self.threads = threads
        self.team: ThreadTeam | None = None
        self.uses = uses_of_shared(program, len(shared))
        self.written = np.zeros(len(shared), bool)
        self.steps = self.single_steps()
        code = [self.encoded(step) for step in self.steps]
        # Without instructions it has no rows, but the columns that are read.
        flat = np.array(code, np.int64)
        self.code = flat.reshape(-1, k.INSTRUCTION_FIELDS)
        self.codes: dict[tuple[str, bool], Array] = {}
        self.settings = self.settled()
        # Its address is passed on, even where no instruction has a table.
        end = np.zeros(1, np.int32)
        tables = [*self.tables, end]
        self.table = np.concatenate(tables)
        self.workspace = self.new_workspace(0)
        self.idle: list[Workspace] = []
        self.machine = codegen.fixed(k.machine, self.dtype_name)
        pointers = [ctypes.c_void_p] * 3
        prototype = ctypes.CFUNCTYPE(ctypes.c_int64, *pointers)
        self.function = prototype(self.machine)
        self.numbers: int = shared.ctypes.data

    def call(self, job: int, tables: int) -> Callable[[], int]:
        """Return what calls the machine, given addresses: without arguments, so that it is fast."""
        return partial(self.function, job, tables, self.numbers)

    @cached_property
    def numpy(self) -> NumpyEngine:
        """The engine that runs what cannot be translated."""
        return NumpyEngine(self.program, self.shared)

    # Encoding

    def put(self, table: npt.ArrayLike) -> int:
        """Append a table, and return where it starts."""
        start = self.length
        integers = np.ascontiguousarray(table, np.int32)
        flat = integers.ravel()
        self.tables.append(flat)
        self.length += flat.size
        return start

    def single_steps(self) -> list[Instruction]:
        """Return the instructions of the program with an empty one in place of each stretch."""
        steps = list(self.program.instructions)
        # The last first, so that places before it stay what they are.
        for found in reversed(self.stretches):
            steps[found.start : found.stop] = [STRETCH]
        return steps

    def code_for(self, lanes: int, apart: bool) -> Array:
        """Return the code of a job of so many lanes; of one apart, which shares with nobody."""
        mode = ONE if lanes == 1 else MANY
        key = mode, apart
        if key not in self.codes:
            code = self.code.copy()
            # One team has one task at a time.
            if apart:
                code[:, k.TEAM] = 0
            self.fill_in(code, mode)
            self.codes[key] = code
        return self.codes[key]

    def fill_in(self, code: Array, mode: str) -> None:
        """Enter the kernels for one kind of jobs into code."""
        fields = [k.FORWARD, k.BACKWARD, k.FIRST]
        steps = patiently(self.steps)
        found = [self.kernels_of(step, mode) for step in steps]
        addresses = np.array(found, np.int64)
        # Without instructions there are no rows, but still three columns.
        columns = addresses.reshape(-1, 3)
        code[:, fields] = columns
        settings = self.dtype_name, self.functions, mode, self.program.trained
        known: dict[int, tuple[int, int]] = {}
        # Each stretch is one instruction here, so that those behind it have moved up.
        gone = 0
        for stretch in self.stretches:
            shared = stretch.shared
            key = id(shared)
            if key not in known:
                kernels = StretchKernels(shared, *settings)
                known[key] = kernels.addresses()
            forward, backward = known[key]
            place = stretch.start - gone
            code[place, fields] = forward, backward, backward
            # Of those that share a function, by which it finds its slots.
            code[place, k.TABLE] = stretch.number
            length = stretch.stop - stretch.start
            gone += length - 1

    def kernels_of(self, step: Instruction, mode: str) -> tuple[int, int, int]:
        """Return where an instruction's kernels are: forward, backward, the first time backward."""
        if step is STRETCH:
            return 0, 0, 0
        fixed = partial(codegen.fixed, dtype=self.dtype_name, mode=mode)
        forward = 0
        backward = 0
        if isinstance(step, Map):
            forward, backward = self.kernels_of_map(step, mode)
        elif isinstance(step, Edges):
            backward = fixed(k.edges_backward)
        elif isinstance(step, Total):
            forward = fixed(k.total_forward)
            backward = fixed(k.total_backward) if step.edges else 0
        elif isinstance(step, Dot):
            flows, *_ = step.edges
            forward = fixed(k.dot_forward)
            backward = fixed(k.dot_backward) if flows else 0
        elif isinstance(step, Matrix):
            flows, *_ = step.edges
            forward = fixed(k.matrix_forward)
            backward = fixed(k.matrix_backward) if flows else 0
            # The first block writes where others add, so that nobody has to clear.
            if self.is_fresh(step):
                first = fixed(k.matrix_backward_first)
                return forward, backward, first
        return forward, backward, backward

    def kernels_of_map(self, step: Map, mode: str) -> tuple[int, int]:
        """Return the addresses of a primitive's kernels: compiled, or those that call Python."""
        key = id(step)
        if key not in self.called:
            try:
                return self.compiled(step, mode)
            except (TypeError, AttributeError):
                # What cannot be translated runs in NumPy, on the machine's own arrays.
                in_numpy = self.numpy.steps[key]
                ways = in_numpy.forward, in_numpy.backward
                self.called[key] = self.calling(*ways)
        return self.called[key]

    def compiled(self, step: Map, mode: str) -> tuple[int, int]:
        """Return the addresses of a primitive's kernels.

        Raises: TypeError, AttributeError: something of it cannot be translated.
        """
        op = step.op
        if op is rounded:
            _, digits = step.operands
            differ = any(plain_operands(self.program, digits))
            if differ:
                raise TypeError("only Python rounds decimals exactly")
        # Of a row that takes any number of operands the kernel loops over them.
        is_variadic = isinstance(op, Variadic)
        arity = 0 if is_variadic else len(step.operands)
        edges = step.edges[:arity]
        options = step.optional, self.dtype_name, self.functions, mode
        return codegen.of_primitive(op, arity, edges, *options)

    def calling(self, *ways: Callable[[Array, Array], None]) -> tuple[int, int]:
        """Return where kernels are that call functions of all values and adjoints in Python."""
        kernels = [Callback(self, run) for run in ways]
        self.callbacks += kernels
        forward, backward = (kernel.address for kernel in kernels)
        return forward, backward

    def encoded(self, step: Instruction) -> list[int]:
        """Return an instruction as integers."""
        fields = [0] * k.INSTRUCTION_FIELDS
        fields[k.OUT] = step.out
        fields[k.COUNT] = step.count
        if step is STRETCH:
            return fields
        encode = ENCODERS[type(step)]
        encode(self, step, fields)
        return fields

    def encode_map(self, step: Map, fields: list[int]) -> None:
        """Encode a primitive."""
        if is_own(step.op):
            own = OwnStep(self.program, step)
            ways = own.forward, own.backward
            self.called[id(step)] = self.calling(*ways)
        operands = step.operands
        fields[k.TABLE] = self.put(operands)
        fields[k.TERMS] = len(operands)
        are_consecutive = all(map(consecutive, operands))
        fields[k.COLUMNS] = int(are_consecutive)

    def encode_total(self, step: Total, fields: list[int]) -> None:
        """Encode sums."""
        fields[k.TABLE] = self.put(step.terms)
        fields[k.TERMS] = len(step.terms)

    def encode_dot(self, step: Dot, fields: list[int]) -> None:
        """Encode inner products."""
        sides = np.concatenate([step.left, step.right])
        fields[k.TABLE] = self.put(sides)
        fields[k.TERMS] = len(step.left)
        fields[k.BIAS] = self.put(step.bias)
        fields[k.EDGES] = flags_of(step)

    def encode_matrix(self, step: Matrix, fields: list[int]) -> None:
        """Encode a matrix product; weights and inputs that stand in order need no table."""
        weights = step.weights.ravel()
        inputs = step.inputs.ravel()
        tables = np.concatenate([weights, inputs])
        fields[k.TABLE] = self.put(tables)
        fields[k.BIAS] = self.put(step.bias)
        terms, columns = step.inputs.shape
        fields[k.TERMS] = terms
        fields[k.COLUMNS] = columns
        fields[k.EDGES] = flags_of(step)
        fields[k.WEIGHTS : k.WEIGHT_COLUMN + 1] = strides_of(step.weights)
        first = int(inputs[0])
        are_consecutive = consecutive(inputs)
        fields[k.INPUTS] = first if are_consecutive else k.NOWHERE
        if self.takes_samples(step, fields):
            fields[k.SAMPLES_SLOT] = self.program.slots
            fields[k.SAMPLE_SIZE] = self.program.inputs
        if self.is_fresh(step):
            self.written[step.weights] = True
        fields[k.PRODUCT] = codegen.fixed(k.product, self.dtype_name)
        if self.threads > 1:
            # All products share one team, which the first of them makes.
            if self.team is None:
                self.team = ThreadTeam(self.threads, self.dtype_name, self.failures)
            fields[k.TEAM] = self.team.address
            fields[k.TASK] = self.team.place

    def takes_samples(self, step: Matrix, fields: list[int]) -> bool:
        """Tell whether a product's inputs are numbers of the samples, and its weights' gradient is
        wanted: a row for each sample is the transpose that it needs."""
        terms, columns = step.inputs.shape
        start = fields[k.INPUTS]
        regular = start != k.NOWHERE and columns == 1
        are_inputs = start + terms <= self.program.inputs
        return step.edges[1] and regular and are_inputs

    def is_fresh(self, step: Matrix) -> bool:
        """Tell whether nothing but this product adds to the gradient of its weights."""
        if not step.edges[1]:
            return False
        start, _, column = strides_of(step.weights)
        uses = self.uses[step.weights]
        regular = start != k.NOWHERE and column == 1
        return regular and bool((uses == 1).all())

    def encode_edges(self, step: Edges, fields: list[int]) -> None:
        """Encode edges whose slopes stand in slots."""
        fields[k.COUNT] = len(step.nodes)
        tables = [step.nodes, step.parents, step.slopes, step.locally_constant]
        stacked = np.stack(tables)
        fields[k.TABLE] = self.put(stacked)

    def settled(self) -> Array:
        """Return what the machine has to know about the program."""
        program = self.program
        settings = np.zeros(k.JOB_FIELDS, np.int64)
        settings[k.INSTRUCTIONS] = len(self.code)
        settings[k.SLOTS] = program.slots
        settings[k.INPUTS_COUNT] = program.inputs
        settings[k.SHARED_COUNT] = len(self.shared)
        settings[k.OUTPUTS_COUNT] = len(program.outputs)
        settings[k.OUTPUTS_TABLE] = self.put(program.outputs)
        settings[k.BROADCAST_COUNT] = len(program.broadcast)
        settings[k.BROADCAST_TABLE] = self.put(program.broadcast)
        settings[k.GUARDS_COUNT] = len(program.guards)
        # The machine reads all rows, and then what each has to be.
        rows = [guard.row for guard in program.guards]
        truths = [guard.truth for guard in program.guards]
        guards = np.array([rows, truths], np.int32)
        settings[k.GUARDS_TABLE] = self.put(guards)
        settings[k.WATCHED_COUNT] = len(program.watched)
        settings[k.WATCHED_TABLE] = self.put(program.watched)
        # Of the gradient and of the adjoints only what is added to has to be cleared.
        cleared = ranges_of(~self.written)
        settings[k.CLEAR_COUNT] = len(cleared)
        settings[k.CLEAR_TABLE] = self.put(cleared)
        with_adjoints = self.slots_with_adjoints()
        ranges = ranges_of(with_adjoints)
        settings[k.ADJOINTS_COUNT] = len(ranges)
        settings[k.ADJOINTS_TABLE] = self.put(ranges)
        samples_slots = self.code[:, k.SAMPLES_SLOT]
        settings[k.SAMPLES_KEPT] = samples_slots.any()
        settings[k.PARAMETERS_COUNT] = program.trained
        return settings

    def slots_with_adjoints(self) -> Array:
        """Return a mask of the slots, without inputs, whose adjoints stand in memory."""
        asked = np.ones(self.program.slots, bool)
        asked[: self.program.inputs] = False
        in_registers = without_adjoints(self.stretches)
        asked[in_registers] = False
        return asked

    # Running

    def block(self, samples: int) -> int:
        """Return how many lanes a block has."""
        weights_bytes = int(self.shared.nbytes)
        # Weights are read once per block, so many of them are worth many lanes.
        fast_bytes = max(CACHE_BYTES, 2 * weights_bytes)
        slots = max(1, self.program.slots)
        # Each slot has a value and an adjoint.
        number_bytes = int(self.dtype.itemsize)
        lane_bytes = 2 * number_bytes * slots
        in_cache = fast_bytes // lane_bytes
        fitting = max(MIN_LANES, in_cache)
        most = min(MAX_LANES, fitting)
        # All blocks of about the same size, and each of whole vectors: no short one at the end.
        blocks = ceiling_of(samples, most)
        lanes = ceiling_of(samples, blocks)
        vectors = ceiling_of(lanes, MIN_LANES)
        return min(samples, vectors * MIN_LANES)

    def probe(self, rows: Array, slots: Sequence[int], wanted: int) -> Array:
        """Return the numbers of some slots, samples x slots, with the bits that a job has.

        The job is one for the same samples, and wants the same.
        """
        samples = len(rows)
        lanes = self.lanes(samples, wanted)
        table = np.ascontiguousarray(slots, np.int32)
        probe = Probe(self, samples, lanes, self.workspace, table)
        probe.rows[:] = rows
        probe.run()
        return probe.outputs

    def renew(self) -> None:
        """Forget what another thread may have been at work on when it was left."""
        self.workspace = self.new_workspace(0)
        self.idle = []
        self.failures.clear()
        vars(self).pop("numpy", None)

    def new_workspace(self, lanes: int) -> Workspace:
        """Return a workspace for blocks of so many lanes."""
        slots = self.program.slots
        inputs = self.program.inputs
        scratch_size = self.scratch_size(lanes)
        kept = self.keeping.count
        return Workspace(slots, inputs, scratch_size, lanes, self.dtype, kept)

    def scratch_size(self, lanes: int) -> int:
        """Return how many numbers the kernels need beside the slots."""
        # Instructions take turns, so the largest need is that of all.
        sizes = [1]
        for step in self.program.instructions:
            if isinstance(step, Matrix):
                weights = step.weights.size
                inputs = step.inputs.size * lanes
                size = 2 * weights + 3 * inputs
                sizes.append(size)
            elif isinstance(step, Map):
                # Operands in order, the result and the adjoint, each up to a whole vector.
                rows = len(step.operands) + 2
                columns = step.count + LANES
                sizes.append(columns * rows)
        return max(sizes)

    def job(self, samples: int, wanted: int, apart: bool = False) -> Job:
        """Return a job for so many samples; it has its own workspace if it runs beside others."""
        lanes = self.lanes(samples, wanted)
        if not apart:
            return Job(self, samples, wanted, lanes, self.workspace)
        workspace = self.idle_workspace(lanes)
        return Job(self, samples, wanted, lanes, workspace, apart)

    def entry(
        self, job: Job, parts: Sequence[Part], steps: bool = False, copies: bool = True
    ) -> Entry | None:
        """Return what runs a job like this at once, or None where that cannot be.

        Args:
            parts: of the batch, an array for each argument.
            steps, copies: see `Entry`.
        """
        samples = len(job.rows)
        wanted = job.wanted
        # An entry holds Python's lock, so it is for short runs that call nothing in Python.
        work = self.operations * samples
        is_long = work > MOST_WORK
        if is_long or self.callbacks or job.large or not is_possible():
            return None
        lanes = self.lanes(samples, wanted)
        workspace = self.new_workspace(lanes)
        own = Job(self, samples, wanted, lanes, workspace, apart=True)
        own.seed[:] = job.seed
        return Entry(own, parts, steps, copies)

    @cached_property
    def operations(self) -> int:
        """About how many operations the program has, those of a product counted by vectors."""
        multiplications = 0
        for step in self.program.instructions:
            if isinstance(step, Matrix):
                _, columns = step.inputs.shape
                multiplications += step.weights.size * columns
        return self.program.slots + multiplications // LANES

    def lanes(self, samples: int, wanted: int) -> int:
        """Return how many lanes a block of a job has, for which there is space then."""
        # A gradient for each sample has no sum over lanes.
        is_for_each = wanted & WANT_EACH
        lanes = 1 if is_for_each else self.block(samples)
        if lanes > self.workspace.lanes:
            self.workspace = self.new_workspace(lanes)
        return lanes

    def idle_workspace(self, lanes: int) -> Workspace:
        """Return a workspace that no job uses, one that was used before if there is any."""
        try:
            workspace = self.idle.pop()
        except IndexError:
            return self.new_workspace(lanes)
        has_space = workspace.lanes >= lanes
        return workspace if has_space else self.new_workspace(lanes)


Encoder = Callable[[LlvmEngine, Any, list[int]], None]
ENCODERS: dict[type[Instruction], Encoder] = {
    Map: LlvmEngine.encode_map,
    Total: LlvmEngine.encode_total,
    Dot: LlvmEngine.encode_dot,
    Matrix: LlvmEngine.encode_matrix,
    Edges: LlvmEngine.encode_edges,
}


class Callback:
    """A kernel that calls Python back: it runs a function of all values and all adjoints."""

    def __init__(self, engine: LlvmEngine, run: Callable[[Array, Array], None]) -> None:
        c_type = C_TYPES[engine.dtype.name]
        numbers = ctypes.POINTER(c_type)
        pointer = ctypes.c_void_p
        # As every kernel's: code, tables, shared, values, adjoints, gradient, scratch, lanes.
        first = [pointer] * 3
        last = pointer, pointer, ctypes.c_int64
        slots = engine.program.slots
        failures = engine.failures

        def kernel(*arguments: Any) -> None:
            *_, values, adjoints, _, _, lanes = arguments
            shape = (slots, lanes)
            # C cannot pass an exception on.
            try:
                there = np.ctypeslib.as_array(values, shape)
                back = np.ctypeslib.as_array(adjoints, shape)
                with np.errstate(all="ignore"):
                    run(there, back)
            except BaseException as error:
                failures.append(error)

        prototype = ctypes.CFUNCTYPE(None, *first, numbers, numbers, *last)
        self.function = prototype(kernel)
        address = ctypes.cast(self.function, pointer)
        self.address = address.value or 0


def patiently(steps: Sequence[Instruction]) -> Iterator[Instruction]:
    """Yield instructions; to somebody who watches, say on stderr how far it is if it takes long."""
    in_notebook = "ipykernel" in sys.modules
    # Under pythonw there is no stderr at all.
    watched = bool(sys.stderr) and (in_notebook or sys.stderr.isatty())
    count = len(steps)
    due = time.monotonic() + PATIENCE_SECONDS
    has_told = False
    for i, step in enumerate(steps):
        is_due = watched and time.monotonic() > due
        if is_due:
            due = time.monotonic() + PAUSE_SECONDS
            has_told = True
            print(f"\r{WAITING}: {i} of {count}", end="", file=sys.stderr, flush=True)
        yield step
    if has_told:
        print(f"\r{WAITING}: {count} of {count}", file=sys.stderr)


def uses_of_shared(program: Program, count: int) -> Table:
    """Return how many instructions use each shared number."""
    uses = np.zeros(count, np.int32)
    np.add.at(uses, program.broadcast, 1)
    for step in program.instructions:
        if isinstance(step, Loop):
            # What a loop uses it uses in every turn, so more than once.
            places = all_places(step.body, step.columns())
            shared = places[places < 0]
            used = np.unique(~shared)
            uses[used] += 2
        elif isinstance(step, (Dot, Matrix)):
            factors = step.left if isinstance(step, Dot) else ~step.weights
            for table in (step.bias, factors):
                shared = table[table < 0]
                # One may be there several times, which `uses[used] += 1` would count once.
                np.add.at(uses, ~shared, 1)
    return uses


def ranges_of(mask: Array) -> Array:
    """Return where the stretches of a mask that are true begin and end.

    >>> ranges_of(np.array([True, False, True, True])).tolist()
    [[0, 1], [2, 4]]
    """
    # With False at both ends, every stretch has a move up and a move down.
    outside = [0]
    padded = np.concatenate([outside, mask, outside])
    levels = padded.astype(np.int8)
    moves = np.diff(levels)
    bounds = np.flatnonzero(moves)
    return bounds.reshape(-1, 2)


def flags_of(step: Dot | Matrix) -> int:
    """Return the field EDGES of inner products."""
    _, to_left, to_right = step.edges
    left = k.LEFT * to_left
    right = k.RIGHT * to_right
    return left + right + k.OPTIONAL * step.optional


def consecutive(slots: Table) -> bool:
    """Tell whether slots follow one another."""
    if len(slots) == 1:
        return True
    # Most tables that do not are told by their ends, and those are found at once.
    distance = slots[-1] - slots[0]
    if distance != len(slots) - 1:
        return False
    moves = np.diff(slots)
    return bool((moves == 1).all())


def strides_of(weights: Table) -> tuple[int, int, int]:
    """Return start, row stride and column stride of a table of places; NOWHERE if irregular."""
    rows, columns = weights.shape
    start = int(weights[0, 0])
    column = 1
    if columns > 1:
        right = int(weights[0, 1])
        column = right - start
    # No row follows a single one, so any stride would do.
    row = columns if column == 1 else 1
    if rows > 1:
        below = int(weights[1, 0])
        row = below - start
    # The first two of each tell the strides; all others have to agree.
    row_starts = start + row * np.arange(rows)
    distances = column * np.arange(columns)
    regular = row_starts[:, None] + distances
    is_regular = (regular == weights).all()
    if is_regular:
        return start, row, column
    return k.NOWHERE, 0, 0


def ceiling_of(x: int, y: int) -> int:
    """Return x / y, rounded up."""
    return -(-x // y)
