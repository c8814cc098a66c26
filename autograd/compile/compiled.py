"""The compiled function: what `autograd.compile` returns."""

from __future__ import annotations

import importlib.util
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy, deepcopy
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

import numpy as np

from autograd.coercion import finite_or_inf
from autograd.compile.arguments import example_of, number_of, parameters_of, seed_of, threads_of
from autograd.compile.batches import (
    Array,
    Part,
    array_of,
    fill,
    in_order,
    in_structure,
    parts_of,
    places_of,
    samples_of,
    shaped_like,
)
from autograd.compile.bound import Bound
from autograd.compile.branches import BranchedBatch, GuardError, missed_guards
from autograd.compile.finite import all_finite, descend
from autograd.compile.jobs import Engine, Job
from autograd.compile.lower.backward_text import backward_lines
from autograd.compile.lower.lowering import FAST, STRICT, complete, lower
from autograd.compile.lower.program import WANT_EACH, WANT_GRADIENT, WANT_INPUTS, Program
from autograd.compile.lower.writing import MOST_LISTED
from autograd.compile.parameters import ParameterStore, store_of
from autograd.compile.processes import (
    check_importable,
    compiled_functions,
    new_lock,
    paused_collector,
)
from autograd.compile.reference.numpy_engine import NumpyEngine
from autograd.compile.reference.own_primitives import calls_users
from autograd.compile.report import Report, drawing, in_sections, report, trace_facts
from autograd.compile.tracing.results import ArrayOf, is_one
from autograd.compile.tracing.tape import Tape, check_again, trace
from autograd.compile.tracing.tracers import refuse
from autograd.modes import traces, tracing
from autograd.newest import REVISION, settle
from autograd.structures import alike, filled, parts, remade

ENGINES = ("numpy", "llvm")
DTYPES = ("float64", "float32")
REDUCTIONS = ("mean", "sum")
FUNCTIONS = ("vector", "libm")
COPIED = (
    "function", "values", "layout", "example", "engine", "dtype", "reduce", "threads", "finite",
    "retrace", "functions", "check", "numbering",
)  # fmt: skip
# A job is for one number of samples.
MAX_JOBS_KEPT = 8
# A batch of so many samples is done in so many slices.
MIN_SAMPLES_SLICED = 8192
SLICES = 8
# A message has so many inputs of a sample.
MAX_INPUTS_SHOWN = 8
BOTH = WANT_GRADIENT | WANT_INPUTS
# Who calls a function once or twice need not prepare for more.
RUNS_BEFORE_ENTRY = 2

# Where the samples of a job stand in a batch: from one on, or each somewhere; None: they are all.
Where = int | Array | None
Weights = tuple[float, ...]  # of several outputs


class FixedSetting:
    """What a function was compiled with: it can be read, and set until the function is ready.

    It stands in the dictionary of the function under its own name, so that reading takes no time.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    if TYPE_CHECKING:

        def __get__(self, compiled: Any, owner: Any = None) -> Any: ...

    def __set__(self, compiled: Compiled, x: object) -> None:
        if compiled.settled:
            raise AttributeError(
                f"{self.name} is fixed when a function is compiled: compile it again"
            )
        vars(compiled)[self.name] = x


class CombinedJob:
    """The results of a batch, put together from jobs on parts of it."""

    # A job may have moved the parameters.
    moved = False

    def __init__(self, samples: int, wanted: int, engine: Engine, parts: Sequence[Part]) -> None:
        program = engine.program
        dtype = engine.dtype
        self.shared = engine.shared
        self.each = bool(wanted & WANT_EACH)
        self.rows = np.zeros((samples, program.inputs), dtype)
        self.places = places_of(parts, self.rows)
        # Results are handed out column by column.
        self.outputs = np.empty((len(program.outputs), samples), dtype).T
        with_slopes = samples if wanted & WANT_INPUTS else 0
        self.slopes = np.empty((with_slopes, program.inputs), dtype)
        gradients = samples if self.each else 1
        self.gradients = np.zeros((gradients, program.trained), dtype)
        self.total = np.zeros(1, dtype)

    @property
    def unsound(self) -> bool:
        """Whether what finite numbers add up to is not finite."""
        if not math.isfinite(self.total[0]):
            return True
        return not all_finite(self.gradients)

    def gradient(self) -> Array:
        """Return the gradient by the parameters."""
        found: Array = self.gradients[0]
        return found

    def descend(self, step_size: float, finite: bool) -> bool:
        """Move the parameters down the gradient; False where they would not stay finite."""
        return descend(self.shared, self.gradients[0], step_size, finite)

    def take(self, places: slice | Array, job: Job) -> None:
        """Take over the results of a job, whose samples stand at the given places."""
        self.outputs[places] = job.outputs
        if len(self.slopes):
            self.slopes[places] = job.slopes
        self.add(places, job)

    def add(self, places: slice | Array, job: Job) -> None:
        """Add a job's gradient and total, or take over the gradient of each of its samples."""
        if self.each:
            self.gradients[places] = job.gradients
        elif job.gradients.size:
            self.gradients += job.gradients
        self.total += job.total


class Traced(NamedTuple):
    """What is left of a function once it was traced: it can be copied and pickled.

    Attributes: the complete tape; the structure of the results; and the edges of nodes whose local
    derivatives are rows of the tape.
    """

    tape: Tape
    outputs: Any
    edges: Array

    def same_program(self, other: Traced) -> bool:
        """Tell whether two traces compute the same from the same parameters and inputs."""
        if not alike(self.outputs, other.outputs):
            return False
        return self.tape.rows() == other.tape.rows()

    def following(self, twins: Mapping[int, Any]) -> Traced:
        """Return the same trace, following other Values in place of those with these ids."""
        followed = self.tape.followed
        if twins.keys().isdisjoint(map(id, followed.values())):
            return self
        tape = copy(self.tape)
        tape.followed = {place: twins.get(id(x), x) for place, x in followed.items()}
        return self._replace(tape=tape)


class Specialization:
    """A function as one sample takes it: its tape, its programs, and the numbers samples share.

    Samples that take other branches need another one.
    """

    def __init__(self, compiled: Compiled, found: Traced) -> None:
        self.tape, self.outputs, self.edges = found
        # By number, of the calls that a `Compiled` counts.
        self.last_used = 0
        self.engine_name = compiled.engine
        self.options: dict[str, Any] = {}
        if compiled.engine == "llvm":
            self.options = {"functions": compiled.functions, "threads": compiled.threads}
        count = len(compiled.values)
        self.followed = list(self.tape.followed.values())
        known = count + len(self.followed)
        constants = [float(finite_or_inf(x)) for x in self.tape.constants.values()]
        # One array, so that a program has one kind of place for all that samples share.
        self.shared = np.array([0.0] * known + constants, compiled.dtype)
        self.parameters = self.shared[:count]
        self.others = self.shared[count:known]
        # Of the parameters, as the store counts, and of the Values that are followed.
        self.version = 0
        self.revision = -1
        self.programs: dict[tuple[bool, str], Program] = {}
        self.engines: dict[tuple[bool, str], Engine] = {}

    def catch_up(self, store: ParameterStore) -> None:
        """Take over numbers that are newer than this specialization's own."""
        if self.version != store.version:
            self.parameters[:] = store.numbers
            self.version = store.version
        self.follow()

    def catch_up_with(self, first: Specialization) -> None:
        """Take over the numbers of another specialization of the same function."""
        if self is not first:
            self.parameters[:] = first.parameters
            self.version = first.version
        self.follow()

    def follow(self) -> None:
        """Read the Values again that are no parameters, where any number was set."""
        # It is read first, for a Value may be set meanwhile.
        revision = REVISION.count
        if self.followed and self.revision != revision:
            self.others[:] = [float(x._data) for x in self.followed]
            self.revision = revision

    def program(self, wanted: int, way: str = FAST) -> Program:
        """Return the program for gradients by the parameters, or by the inputs as well.

        Args: way: of lowering, see `lower`.
        """
        inputs = bool(wanted & WANT_INPUTS)
        key = inputs, way
        if key not in self.programs:
            leaves = list(self.tape.parameters)
            if inputs:
                leaves += self.tape.inputs
            with paused_collector():
                self.programs[key] = lower(self.tape, self.edges, leaves, way)
        return self.programs[key]

    def engine(self, wanted: int, way: str = FAST) -> Engine:
        """Return the engine of such a program.

        Args: way: of lowering, see `lower`.
        """
        key = bool(wanted & WANT_INPUTS), way
        if key not in self.engines:
            make_engine = engine_class(self.engine_name)
            program = self.program(wanted, way)
            with paused_collector():
                self.engines[key] = make_engine(program, self.shared, **self.options)
        return self.engines[key]

    def strict_job(self, job: Job) -> Job:
        """Return the same job, which has been run so that no infinity met an absent adjoint.

        Which branches its samples take is decided, so such a program has no guards.
        """
        engine = self.engine(job.wanted, STRICT)
        found = engine.job(len(job.rows), job.wanted)
        rows = np.array(job.rows)
        found.share(rows, job.outputs, job.slopes)
        found.seed[:] = job.seed
        found.run()
        return found


class Compiled:
    """A function of numbers, traced once, that runs on batches; `autograd.compile` makes it.

    Args:
        function: of numbers, or of structures of numbers: lists, dicts, dataclasses, arrays; it may
            use the parameters, and returns a number or a structure of them.
        parameters: the Values whose numbers all samples share, in the order of the gradient, which
            is an array; of a dict or another structure of Values, the gradient is one of arrays.
        example: one argument for each of the function's. Only its structure lasts, and which way
            the function branches on it.
        engine: "llvm", "numpy", or None for the better one that is installed.
        dtype: "float64" or "float32".
        reduce: "mean" or "sum" of the results over the batch, in `value_and_grad`.
        threads: how many may work at once on a batch of thousands of samples, or on a product of
            large matrices; as many as there are cores by default. No result depends on it.
        finite: False lets inputs, results and gradients be infinite or NaN, where by default that
            is an error; and so is an infinity on the way that an operation absorbs.
        retrace: True traces again where a sample takes another branch, up to 64 times in a call; by
            default that is an error, for a compiled function never answers for a branch that it
            has not seen.
        functions: whose exp, log, sin and so on the llvm engine calls. "vector" are its own, which
            take several numbers at once, to 1 ulp (erfc to a few); "libm" are those that Python
            calls, so that single results have the very bits of the eager engine.
        check: True traces twice, and compares what the function did: an error where it differs,
            because a counter, the time or the order of a set is frozen in the compiled code.

    Arguments that are labels or tokens are declared as `static=`, see `CompiledByLabel`.

    >>> import autograd
    >>> f = autograd.compile(lambda x, y: x * y, example=(1.0, 1.0))
    >>> f.value([1.0, 2.0], [3.0, 4.0])
    array([3., 8.])
    """

    most_in_one_job = MIN_SAMPLES_SLICED
    # Whether it is ready, and what it was made with is fixed.
    settled = False
    function = FixedSetting()
    values = FixedSetting()
    layout = FixedSetting()
    example = FixedSetting()
    engine = FixedSetting()
    dtype = FixedSetting()
    threads = FixedSetting()
    functions = FixedSetting()

    def __init__(
        self,
        function: Callable[..., Any],
        parameters: Any = (),
        example: Any = (),
        *,
        engine: str | None = None,
        dtype: str = "float64",
        reduce: str = "mean",
        threads: int | None = None,
        finite: bool = True,
        retrace: bool = False,
        functions: str = "vector",
        check: bool = False,
    ) -> None:
        check_engine(engine)
        check_choice("functions", functions, FUNCTIONS)
        check_choice("dtype", dtype_name(dtype), DTYPES)
        self.function = function
        self.values, self.layout = parameters_of(parameters)
        self.example = example_of(function, example)
        self.threads = threads_of(threads, cores)
        self.reduce = reduce
        self.finite = finite
        self.retrace = retrace
        self.dtype = np.dtype(dtype)
        self.functions = functions
        self.check = check
        # What messages call the samples, where others hold this one.
        self.numbering: Any = None
        self.engine = engine or ("llvm" if installed("llvmlite") else "numpy")
        # The function uses these parameters.
        self.bound = True
        self.prepare([self.traced(self.example)])

    def prepare(self, traces: Sequence[Traced]) -> None:
        """Make ready to run what was traced."""
        self.parts: list[Part] = parts_of(self.example)
        self.arguments = len(self.example)
        # Each argument is one array, without a structure around it.
        paths = [part.path for part in self.parts]
        self.regular = paths == [(i,) for i in range(len(self.example))]
        shapes = [len(part.shape) for part in self.parts]
        # What can be wanted whose results need not be put into other structures.
        one_argument = {BOTH} if len(self.parts) == 1 else set()
        self.as_they_come = {WANT_GRADIENT, *one_argument} if self.layout is None else set()
        # Whether its argument is what the machine takes: rows.
        self.takes_rows = self.regular and shapes == [1]
        self.store = store_of(self.values)
        # The revision of all Values at the latest `catch_up`, and the version of the parameters.
        self.seen = -1
        self.version = 0
        self.specializations = [Specialization(self, found) for found in traces]
        # Whether a step of descent is under way.
        self.moving = False
        self.forget_jobs()
        # Calls are counted, for specializations are dropped when others were called since.
        self.calls = 0
        self.lock = new_lock(self.engine)
        compiled_functions.add(self)
        self.settled = True

    def forget_jobs(self) -> None:
        """Make new jobs from now on."""
        self.jobs: dict[Any, Any] = {}
        # The latest, by what is wanted: see `enter`.
        self.entries: dict[tuple[int, bool], Any] = {}

    @property
    def reduce(self) -> str:
        """Which of "mean" and "sum" `value_and_grad` takes over the batch; it can be set."""
        return self._reduce

    @reduce.setter
    def reduce(self, reduction: str) -> None:
        check_choice("reduce", reduction, REDUCTIONS)
        self._reduce = reduction
        # Those there were have weights of the other.
        self.forget_jobs()

    def traced(self, example: tuple[Any, ...], truths: Sequence[bool] = ()) -> Traced:
        """Return what the function does at an example.

        Args: truths: of the first branches, where they have been decided.
        """
        with paused_collector():
            tape, outputs = trace(self.function, self.values, example, truths)
            if self.check:
                check_again(tape, self.function, self.values, example)
            return Traced(tape, outputs, complete(tape))

    # Copies, and other processes

    def __getstate__(self) -> dict[str, Any]:
        with self.lock:
            state = {name: getattr(self, name) for name in COPIED}
            traces = [Traced(x.tape, x.outputs, x.edges) for x in self.specializations]
            return {**state, "numbers": self.parameters.copy(), "traces": traces}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name in COPIED:
            setattr(self, name, state[name])
        # The function may have stayed with the original's Values.
        self.bound = False
        self.prepare(state["traces"])
        self.parameters = state["numbers"]

    def __copy__(self) -> Compiled:
        twin = object.__new__(type(self))
        twin.__setstate__(self.__getstate__())
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled:
        twin = memo[id(self)] = object.__new__(type(self))
        state = self.__getstate__()
        # Nobody changes a trace; but it follows Values.
        traces = state.pop("traces")
        state = deepcopy(state, memo)
        state["traces"] = [found.following(memo) for found in traces]
        twin.__setstate__(state)
        return twin

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        check_importable(self.function)
        return super().__reduce_ex__(protocol)

    def check_bound(self) -> None:
        """Make sure that the function uses the parameters.

        Raises: RuntimeError: this is a copy, and the function uses those of the original.
        """
        if not self.bound:
            self.follow_values(self.traced(self.example))
        if not self.bound:
            raise RuntimeError(
                "a sample takes a branch that was not traced, and this is a copy whose function"
                " uses other Values or numbers than it, so it cannot be traced again: compile the"
                " function where it is used, or have the original trace all branches before it is"
                " copied"
            )

    def follow_values(self, found: Traced) -> None:
        """Follow the Values that the function uses here, if it is the same program and numbers."""
        traces: list[Traced] = self.__getstate__()["traces"]
        for other in filter(found.same_program, traces):
            theirs = other.tape.followed.values()
            ours = found.tape.followed.values()
            pairs = list(zip(theirs, ours))
            # Other numbers would make another function of the same program.
            if all(x._data == y._data for x, y in pairs):
                twins = {id(x): y for x, y in pairs}
                for specialization, trace in zip(self.specializations, traces):
                    specialization.tape = trace.following(twins).tape
                    specialization.followed = list(specialization.tape.followed.values())
                self.bound = True

    def renew(self) -> None:
        """Forget, in a process that was forked, what another thread of the parent was at."""
        self.lock = new_lock(self.engine)
        self.forget_jobs()
        for specialization in self.specializations:
            for engine in specialization.engines.values():
                engine.renew()

    # The numbers of the parameters

    @property
    def parameters(self) -> Array:
        """The array of parameters: change it in place or assign to it, and the Values follow.

        It is one array, also where they are passed as a structure; that can be assigned, too.

        Whoever wrote last wins: `.data = ...`, `descend`, or this. An array that is kept and
        changed later is noticed by this function at once; by the Values, and so by others, when
        `parameters` is asked for.
        """
        self.refuse_in_trace()
        with self.lock:
            self.catch_up()
            self.wrote_parameters()
            return self.specializations[0].parameters

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        with self.lock:
            if self.layout is None or isinstance(numbers, np.ndarray):
                new = array_of(numbers, "parameters")
            else:
                new = in_order(self.layout, numbers)
            if new.shape != (len(self.values),):
                raise ValueError(
                    f"parameters has shape {new.shape}, but there are {len(self.values)} of them;"
                    f" assign an array of shape ({len(self.values)},)"
                )
            self.specializations[0].parameters[:] = new
            self.wrote_parameters()

    def pull(self) -> None:
        """Take the numbers of the Values now; calls do so by themselves."""
        with self.lock:
            self.catch_up()

    def push(self) -> None:
        """Give the Values their numbers now; reading `.data` does so by itself."""
        settle()

    def catch_up(self) -> None:
        """Take over what was written elsewhere since the last call: most often nothing."""
        if self.seen == REVISION.count and self.version == self.store.version:
            return
        first = self.specializations[0]
        self.store.catch_up(first.parameters)
        # It is read first, for a Value may be set meanwhile.
        revision = self.store.revision
        first.catch_up(self.store)
        self.seen = revision
        self.version = first.version

    def wrote_parameters(self) -> None:
        """Note that this function's parameters are the newest."""
        first = self.specializations[0]
        store = self.store
        # As in a loop.
        if REVISION.latest is store and store.numbers is first.parameters:
            first.version = self.version = store.version = store.version + 1
            return
        before = store.revision
        first.version = self.version = store.wrote(first.parameters)
        if before != store.revision and self.seen == before:
            self.seen = store.revision

    # Calls

    def refuse_in_trace(self) -> None:
        """Refuse to be used by a function that is being traced: it would get plain numbers."""
        if tracing():
            name = getattr(self.function, "__name__", "the function")
            refuse(
                f"a function that is being traced uses compiled code, whose numbers would be the"
                f" same for ever; have it call {name} itself"
            )

    def is_ready(self) -> bool:
        """Tell whether its numbers are the newest, and stay so, and it is used in no trace."""
        newest = self.seen == REVISION.count and self.version == self.store.version
        return newest and not traces and not self.moving

    def check_ready(self) -> None:
        """Take over numbers that are newer, and refuse to be used in a trace."""
        if traces:
            self.refuse_in_trace()
        if self.seen != REVISION.count or self.version != self.store.version:
            self.catch_up()

    def value(self, *batch: Any) -> Any:
        """Return the result for every sample: an array, or the function's structure of arrays."""
        structure = self.specializations[0].outputs
        found = self.enter(0, batch)
        if found is not None:
            (columns,) = found
            if is_one(structure):
                return columns
            if columns.ndim == 1:
                columns = columns[None]
            return rebuild_columns(structure, iter(columns), columns.shape[1])
        with self.lock:
            job = self.done(batch, 0)
            if is_one(structure):
                return job.outputs[:, 0].copy()
            columns = job.outputs.T if isinstance(job, CombinedJob) else job.outputs.T.copy()
        return rebuild_columns(structure, iter(columns), columns.shape[1])

    def value_and_grad(self, *batch: Any, inputs: bool = False, seed: object = None) -> Any:
        """Return the mean (or sum) of the results over the batch, and its gradient.

        Args:
            batch: one array for each argument, its first axis counting the samples.
            inputs: also return the gradient by the inputs.
            seed: for a function of several outputs, the weight of each in what is differentiated.
        Returns: the value, a float; the gradient by the parameters, an array in their order, or a
            structure of arrays; with `inputs`, also the gradient by the inputs, in the structure of
            the batch.
        """
        wanted = BOTH if inputs else WANT_GRADIENT
        found = self.enter(wanted, batch) if seed is None else None
        if found is not None:
            return found if wanted in self.as_they_come else self.in_structures(*found)
        with self.lock:
            job = self.done(batch, wanted, seed)
            value = job.total.item()
            gradient = job.gradient()
            if self.layout is not None:
                gradient = in_structure(self.layout, gradient)
            if inputs:
                return value, gradient, self.like_inputs(job.slopes)
            return value, gradient

    def bind(self, *batch: Any, inputs: bool = False, seed: object = None) -> Bound:
        """Return value and gradient for some arrays as a function without arguments.

        What the arrays are is checked once; what stands in them is read in every call.

        Args: as `value_and_grad` takes them.
        Returns: a `Bound`, which says what it takes and gives.

        >>> import autograd
        >>> f = autograd.compile(lambda x: x * x, example=(1.0,))
        >>> x = np.array([3.0])
        >>> f.bind(x, inputs=True)()[2]
        array([6.])
        """
        return Bound(self, batch, inputs, seed)

    def per_sample_grad(self, *batch: Any, seed: object = None) -> Any:
        """Return the gradient of each sample's own result: samples x parameters."""
        with self.lock:
            found = self.done(batch, WANT_GRADIENT | WANT_EACH, seed).gradients
            if self.layout is not None:
                return in_structure(self.layout, found)
            return found.copy()

    def descend(self, *batch: Any, step_size: float, seed: object = None) -> float:
        """Take a step of gradient descent, and return the value that it started from.

        That is parameters -= step_size * gradient, without an array in between. Where it raises an
        error, no parameter has changed.

        Raises: FloatingPointError: also where a parameter would become infinite or NaN.

        >>> import autograd
        >>> f = autograd.compile(lambda x: x * x * w, [w := autograd.Value(3.0)], example=(1.0,))
        >>> f.descend([1.0, 2.0], step_size=0.5), f.parameters
        (7.5, array([1.75]))
        """
        if type(step_size) is not float:
            step_size = number_of("step_size", step_size)
        with self.lock:
            if seed is None:
                found = self.enter(WANT_GRADIENT, (*batch, step_size), steps=True)
                if found is not None:
                    self.wrote_parameters()
                    return found  # type: ignore[no-any-return]
            # The machine leaves Python's lock, but no entry may see half a step.
            self.moving = True
            try:
                job = self.done(batch, WANT_GRADIENT, seed, step_size)
                if not (job.moved or job.descend(step_size, self.finite)):
                    self.complain_of_step(job.gradient(), step_size)
            finally:
                self.moving = False
            self.wrote_parameters()
            return job.total.item()  # type: ignore[no-any-return]

    def enter(self, wanted: int, arguments: tuple[Any, ...], steps: bool = False) -> Any:
        """Return what the latest entry for such calls gives, or None where there is more to do.

        An entry has its own space, and Python's lock while it runs: it needs no other. It is for
        batches of the shape of the latest. See `machine.entries`.
        """
        entry = self.entries.get((wanted, steps))
        if entry is None or not self.is_ready():
            return None
        found = entry.call(*arguments)
        # It may have more to do in the next call as well.
        if found is True:
            self.entries.pop((wanted, steps), None)
        return None if type(found) is bool else found

    def prepare_entry(self, job: Job, wanted: int, steps: bool) -> None:
        """Have the next call like a job that was run often enough go by an entry, if it can."""
        job.runs += 1
        if job.runs > RUNS_BEFORE_ENTRY and self.regular:
            if steps not in job.entries:
                job.entries[steps] = job.engine.entry(job, self.parts, steps)
            if job.entries[steps] is not None:
                self.entries[wanted, steps] = job.entries[steps]

    def done(
        self, batch: tuple[Any, ...], wanted: int, seed: object = None, step_size: float = 0.0
    ) -> Any:
        """Return the finished job of a batch; with a step size, it may have moved parameters.

        Its results are to be taken before the lock is given back: the next call writes over them.
        """
        self.check_ready()
        if seed is not None:
            seed = seed_of(seed, self.specializations[0].outputs)
        first = batch[0] if self.regular and len(batch) == self.arguments > 0 else None
        # The usual call, which is over soon.
        if type(first) is np.ndarray and first.ndim:
            samples = len(first)
        else:
            samples = samples_of(self.parts, batch, self.arguments)
        # A job that is kept has its arrays, and may have an entry.
        job = self.jobs.get((samples, wanted, seed))
        if job is None:
            if samples >= MIN_SAMPLES_SLICED:
                return self.done_in_slices(samples, batch, wanted, seed)
            job = self.new_job(samples, wanted, seed)
        fill(job.places, batch)
        answer = job.run(step_size, self.finite)
        if answer < 0 and self.retrace:
            return self.done_by_branch(job.rows, wanted, seed)
        if answer or job.unsound:
            return self.checked(self.specializations[0], job, answer)
        if seed is None:
            self.prepare_entry(job, wanted, step_size != 0.0)
        return job

    def checked(
        self,
        specialization: Specialization | None,
        job: Job,
        answer: int,
        places: Where = None,
        way: str = FAST,
    ) -> Any:
        """Return a job whose results can be relied on: the given one, or a strict one in its place.

        Args:
            specialization: that made the job; None where it was put together from several.
            places: of its samples in the batch, or where the first of them stands.
            way: of lowering of the program that it ran.
        Raises:
            GuardError: a guard failed.
            FloatingPointError: all has to be finite, and a number is not.
        """
        if answer < 0 or (answer and self.finite):
            self.complain(job, answer, places)
        if not job.unsound or gradient_is_finite(job):
            if job.unsound and self.finite:
                self.complain_of_sum(job)
            return job
        # An infinity may have met an adjoint that is not there: the strict program looks for those.
        if specialization and way == FAST and job.engine.program.some_absent:
            job = specialization.strict_job(job)
        if self.finite and not gradient_is_finite(job):
            self.complain_of_gradient(specialization, job, places)
        return job

    def new_job(self, samples: int, wanted: int, seed: Weights | None) -> Job:
        """Return a job for so many samples, and keep it for the next call with as many."""
        if not samples:
            raise ValueError("the batch is empty; pass at least one sample")
        jobs = self.jobs
        if len(jobs) >= MAX_JOBS_KEPT:
            jobs.clear()
        job = self.specializations[0].engine(wanted).job(samples, wanted)
        job.places = places_of(self.parts, job.rows)
        job.seed[:] = self.weights(samples, wanted, seed)
        jobs[samples, wanted, seed] = job
        return job

    def done_in_slices(
        self, samples: int, batch: tuple[Any, ...], wanted: int, seed: Weights | None
    ) -> Any:
        """Return the job of a large batch, done in slices that threads can share.

        The slices depend on the number of samples alone, and are added up in order, so the number
        of threads makes no difference to any bit.
        """
        weights = self.weights(samples, wanted, seed)
        engine = self.specializations[0].engine(wanted)
        whole: Any = CombinedJob(samples, wanted, engine, self.parts)
        fill(whole.places, batch)
        # Where slices begin and end must not depend on threads: sums would round differently.
        edges = [samples * i // SLICES for i in range(SLICES + 1)]
        slices = [slice(start, stop) for start, stop in zip(edges, edges[1:])]

        def work(chosen: slice) -> tuple[Any, int]:
            size = chosen.stop - chosen.start
            job = engine.job(size, wanted, apart=self.threads > 1)
            job.share(whole.rows[chosen], whole.outputs[chosen], whole.slopes[chosen])
            job.seed[:] = weights
            return job, job.run()

        # A function of a user's own need not bear two threads.
        threads = 1 if calls_users(engine.program) else self.threads
        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(work, slices) if threads > 1 else map(work, slices))
        for chosen, (job, answer) in zip(slices, answers):
            if answer < 0 and self.retrace:
                return self.done_by_branch(whole.rows, wanted, seed)
            checked = self.checked(self.specializations[0], job, answer, chosen.start)
            whole.add(chosen, checked)
        return self.checked(None, whole, 0)

    def done_by_branch(self, rows: Array, wanted: int, seed: Weights | None) -> Any:
        """Return the job of samples that branch differently, each by the trace that fits it."""
        weights = self.weights(len(rows), wanted, seed)
        first_engine = self.specializations[0].engine(wanted)
        whole: Any = CombinedJob(len(rows), wanted, first_engine, self.parts)
        whole.rows[:] = rows
        BranchedBatch(self, whole, wanted, weights).run()
        return self.checked(None, whole, 0)

    def traced_at(self, row: Array, truths: Sequence[bool]) -> Specialization:
        """Return the function as a sample takes it, which branches like no trace so far.

        Raises: TypeError: the function returns another structure there.
        """
        self.check_bound()
        numbers = row.astype(float).tolist()
        example = remade(self.example, iter(numbers))
        specialization = Specialization(self, self.traced(example, truths))
        if not alike(specialization.outputs, self.specializations[0].outputs):
            raise TypeError("the function returns another structure on another branch")
        return specialization

    def weights(self, samples: int, wanted: int, seed: Weights | None) -> Array:
        """Return the weight of each output in what is differentiated.

        Raises:
            TypeError: the function has several outputs, and there is no seed.
            ValueError: the seed has not one number for each output.
        """
        first = self.specializations[0]
        count = len(first.tape.outputs)
        if seed is None and wanted and not is_one(first.outputs):
            raise TypeError(
                f"the function returns a {kind_name(first.outputs)} of {count} numbers, not one"
                " number; pass seed=[...], a weight for each, to differentiate their weighted sum"
            )
        weights = np.ones(count) if seed is None else np.array(seed, float)
        if len(weights) != count:
            raise ValueError(f"the function returns {count} numbers, but seed has {len(weights)}")
        # The gradient of each sample is its own, and no part of a mean.
        mean = self.reduce == "mean" and not wanted & WANT_EACH
        # -0.0 would be an absent adjoint.
        return (weights / samples if mean else weights) + 0.0

    def in_structures(self, value: float, gradient: Array, *slopes: Array) -> Any:
        """Return results in the structures of parameters and arguments; no slopes, none wanted."""
        if self.layout is not None:
            gradient = in_structure(self.layout, gradient)
        return (value, gradient, one_or_all(slopes)) if slopes else (value, gradient)

    def like_inputs(self, slopes: Array, copied: bool = True) -> Any:
        """Return the gradient by the inputs in the structure of the arguments."""
        if self.takes_rows:
            return slopes.copy() if copied else slopes
        views = [part.view(slopes) for part in self.parts]
        arrays = [view.copy() for view in views] if copied else views
        # With one array for each argument there is no structure to look at.
        if self.regular:
            return one_or_all(arrays)
        left = iter(arrays)
        return one_or_all([shaped_like(example, left) for example in self.example])

    def complain(self, job: Job, answer: int, places: Where = None) -> None:
        """Tell of a guard that failed, or of a number that is not finite.

        Raises:
            FloatingPointError: the answer is above zero; the message names sample and inputs.
            GuardError: the answer is below zero; the message names the branch as well.
        """
        sample = abs(answer) - 1
        rows = np.array(job.rows)
        which = f"sample {self.number_of(sample, places)}"
        inputs = inputs_text(rows[sample])
        if answer > 0:
            found = blank_text(job, rows, sample)
            raise FloatingPointError(
                f"the {found[0]} of {which} is not finite: {found[1]}, where the inputs are"
                f" {inputs}; finite=False lets infinite numbers and NaN pass"
            )
        # The first branch that went another way is the cause of all later ones.
        missed = missed_guards(job.engine, rows, job.wanted)[sample]
        guard = job.engine.program.guards[int(missed.argmax())]
        raise GuardError(
            f"{which} takes another branch than the one that was traced: at {guard.source},"
            f" {guard.text} was {guard.truth}, and is {not guard.truth} where the inputs are"
            f" {inputs}; write where, maximum or clip instead of the comparison, or pass"
            " retrace=True"
        )

    def complain_of_gradient(
        self, specialization: Specialization | None, job: Job, places: Where
    ) -> None:
        """Tell of a gradient that is not finite.

        Raises: FloatingPointError: always; the message names the sample if its own gradient is not
            finite, and the parameter or the input.
        """
        # The gradient may be infinite though that of each sample is not: then none is named.
        sample = first_unsound(specialization, job) if specialization else None
        where = "" if sample is None else f" of sample {self.number_of(sample, places)}"
        inputs = "" if sample is None else f", where the inputs are {inputs_text(job.rows[sample])}"
        what = "parameter"
        table = job.gradients
        if all_finite(table):
            what = "input"
            table = job.slopes
        numbers = table.ravel()
        first = int(np.isfinite(numbers).argmin())
        count = table.shape[1]
        raise FloatingPointError(
            f"the gradient{where} is not finite: by {what} {first % count} it is {numbers[first]}"
            f"{inputs}; finite=False lets infinite numbers and NaN pass"
        )

    def number_of(self, sample: int, places: Where) -> Any:
        """Return what a message calls a job's sample: its number in the batch of the caller."""
        number = place_of(sample, places)
        return number if self.numbering is None else self.numbering[number]

    def complain_of_sum(self, job: Job) -> None:
        """Tell of finite results whose sum is not.

        Raises: FloatingPointError: it is not.
        """
        total = job.total.item()
        if not math.isfinite(total):
            raise FloatingPointError(
                f"the results of all samples are finite, but what they add up to is {total};"
                " finite=False lets infinite numbers and NaN pass"
            )

    def complain_of_step(self, gradient: Array, step_size: float) -> None:
        """Tell of a step that would leave a parameter that is not finite.

        Raises: FloatingPointError: always; the message names the parameter.
        """
        with np.errstate(all="ignore"):
            new = self.parameters - step_size * gradient
        i = int(np.isfinite(new).argmin())
        raise FloatingPointError(
            f"parameter {i} would become {new[i]} by a step of {step_size!r} from"
            f" {self.parameters[i]}; take a smaller step_size, or pass finite=False"
        )

    # What was found

    def explain(self) -> Report:
        """Return what was found in the function, in words; a table in Jupyter.

        Where it was traced again, for samples that branch differently, each trace has a line.

        >>> import autograd
        >>> w = [autograd.Value(0.5), autograd.Value(-1.0)]
        >>> f = autograd.compile(lambda xs: sum(v * x for v, x in zip(w, xs)), w, ([0.0, 0.0],))
        >>> print(f.explain())  # doctest: +ELLIPSIS
        <lambda>, compiled for the ... engine
            recorded  4 operations on single numbers
        ...
        """
        engine = self.specializations[0].engine(0)
        # The memory is told of the largest batch that there was.
        samples = [key[0] for key in self.jobs]
        lanes = engine.block(max([64, *samples]))
        name = getattr(self.function, "__name__", "the function")
        title = f"{name}, compiled for the {self.engine} engine"
        programs = [traced.program(0) for traced in list(self.specializations)]
        more = [*trace_facts(programs), *kept_facts(self.engine)]
        return report(title, programs[0], lanes, self.dtype.itemsize, more)

    def source(self, whole: bool = False, backward: bool = True, inputs: bool | None = None) -> str:
        """Return the program of `value_and_grad`: forward, and then back through it.

        One instruction a line, and what repeats itself is a loop; its turns go backwards in the
        second part. Slots, a number for each sample, are s0, s1, ..., and the shared numbers p0,
        p1, ...; `grad_s5` is the adjoint of s5, `grad_p0` the gradient by p0. Slopes are those of
        the table. `seed` is the weight of the result in what is differentiated, 1 / samples for a
        mean. A `+=` adds up first what it has for the same place. Where the eager engine may have
        no edge, `-0.0` stands for an adjoint that is not there. Where the function was traced
        again, for samples that branch differently, the programs stand one below the other.

        Args:
            whole: leave nothing out of long lines, and none of many traces.
            backward: False leaves out the backward pass: the program of `value`.
            inputs: also the gradient by the inputs; None: where there are no parameters.

        >>> import autograd
        >>> w = autograd.Value(3.0)
        >>> print(autograd.compile(lambda x: (w * x).tanh(), [w], (1.0,)).source())
        s0:1 = the inputs of a sample
        p0:1 = the parameters
        s1:2 = p0 in every lane
        s2:3 = s1 * s0
        s3:4 = tanh(s2)
        return s3
        <BLANKLINE>
        # backward
        grad_s0:4 = 0.0
        grad_p0:1 = 0.0
        grad_s3 += seed
        grad_s2 += 4 * sigmoid_slope(2 * s2) * grad_s3
        grad_s1 += s0 * grad_s2
        grad_p0 += grad_s1
        return grad_p0
        """
        most = sys.maxsize if whole else MOST_LISTED
        by_inputs = backward and (not self.values if inputs is None else inputs)
        wanted = WANT_INPUTS if by_inputs else 0
        texts = []
        for traced in list(self.specializations):
            program = traced.program(wanted)
            lines = list(program.lines(most))
            if backward:
                lines += backward_lines(program, by_inputs, most)
            texts.append("\n".join(lines))
        return in_sections(texts, whole)

    def draw(self) -> Any:
        """Return the program as a graphviz.Digraph; `.source` is its DOT text."""
        return drawing(self.specializations[0].program(0))

    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", "function")
        tape = self.specializations[0].tape
        return (
            f"<Compiled {name}: {len(tape.inputs)} inputs, {len(self.values)} parameters,"
            f" {len(tape.outputs)} outputs, engine {self.engine}>"
        )

    def _repr_html_(self) -> str:
        return self.explain().html


def gradient_is_finite(job: Job) -> bool:
    """Tell whether a job's gradients are finite, by parameters and by inputs."""
    return all_finite(job.gradients) and all_finite(job.slopes)


def place_of(sample: int, places: Where) -> Any:
    """Return the number in its batch of a job's sample."""
    if places is None or isinstance(places, int):
        return sample + (places or 0)
    return places[sample]


def inputs_text(row: Array) -> str:
    """Return the inputs of a sample as text, the first of them."""
    texts = [f"{x:.6g}" for x in row[:MAX_INPUTS_SHOWN]]
    if len(row) > MAX_INPUTS_SHOWN:
        texts.append("...")
    return ", ".join(texts)


def blank_text(job: Job, rows: Array, sample: int) -> tuple[str, Any]:
    """Return what of a sample is not finite, and its number."""
    results = job.outputs[sample]
    if not np.isfinite(rows[sample]).all():
        return "data", results.tolist()
    if not np.isfinite(results).all():
        return "result", results.tolist()
    program = job.engine.program
    numbers = job.engine.probe(rows, program.watched, job.wanted)[sample]
    first = int(np.isfinite(numbers).argmin())
    return f"{program.watched_names[first]} on the way to the result", numbers[first]


def first_unsound(specialization: Specialization, job: Job) -> int | None:
    """Return the first sample of a job whose own gradient is not finite, None if there is none.

    Cost: as many runs as it takes to halve the samples until one is left.
    """
    start = 0
    stop = len(job.rows)
    rows = np.array(job.rows)
    engine = specialization.engine(job.wanted, STRICT)
    while start < stop:
        middle = (start + stop) // 2 if stop - start > 1 else stop
        part = engine.job(middle - start, job.wanted)
        part.rows[:] = rows[start:middle]
        part.seed[:] = job.seed
        part.run()
        sound = gradient_is_finite(part)
        if not sound and stop - start == 1:
            return start
        # The first half has the sample, or else the second.
        if sound:
            start = middle
        else:
            stop = middle
    return None


def engine_class(name: str) -> Any:
    """Return the class of an engine.

    Raises: ImportError: its package is missing; the message has the line that installs it.
    """
    if name == "numpy":
        return NumpyEngine
    try:
        from autograd.compile.machine.llvm_engine import LlvmEngine
    except ImportError as error:
        raise ImportError(
            f'the {name} engine needs llvmlite ({error}): pip install "chainrule[compile]"'
        ) from None
    return LlvmEngine


def kept_facts(engine: str) -> list[tuple[str, str]]:
    """Return a line about machine code that is kept on disk, where there is any."""
    if engine == "numpy":
        return []
    from autograd.compile.machine import kept

    return [("kept code", kept.described())]


def one_or_all(found: Sequence[Any]) -> Any:
    """Return what there is for the arguments: of one argument it alone, else a tuple."""
    return found[0] if len(found) == 1 else tuple(found)


def rebuild_columns(structure: Any, columns: Iterator[Array], samples: int) -> Any:
    """Return a structure with the next column in place of each number; arrays by samples first."""
    if is_one(structure):
        return next(columns)
    if isinstance(structure, ArrayOf):
        found = list(islice(columns, prod(structure.shape)))
        return np.array(found).T.reshape(samples, *structure.shape)
    found = [rebuild_columns(part, columns, samples) for part in parts(structure)]
    return filled(structure, found)


def kind_name(structure: object) -> str:
    """Return what a message calls the structure of results."""
    return "list" if isinstance(structure, (tuple, ArrayOf)) else type(structure).__name__


def installed(name: str) -> bool:
    """Tell whether a package can be imported, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except ValueError:
        # It is marked as missing.
        return False


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        # Only Linux has it.
        return os.cpu_count() or 1


def dtype_name(dtype: Any) -> object:
    """Return the name of a type that NumPy knows, or what else was passed."""
    try:
        return dtype if dtype is None else np.dtype(dtype).name
    except TypeError:
        return dtype


def check_engine(name: object) -> None:
    """Check the name of an engine.

    Raises: ValueError: there is none of that name; the message says which there are.
    """
    if name == "numba":
        raise ValueError("engine 'numba' is called 'llvm' now; it needs llvmlite and no Numba")
    check_choice("engine", name, (None, *ENGINES))


def check_choice(what: str, name: object, among: Sequence[object]) -> None:
    """Check the name that was passed for a setting.

    Raises: ValueError: it is not among those known; the message lists them.
    """
    if name not in among:
        raise ValueError(f"{what} {name!r} is not known; choose from {', '.join(map(str, among))}")
