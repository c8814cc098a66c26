"""What would catch an exception: the `except` clauses around the operation that is being traced.

Eagerly 1 / x raises at 0, and an `except` around it may go another way. A trace holds for all
numbers, also for those at which nothing raises, so it would never see that way. Where an operation
that can raise stands inside such a `try`, in whichever function, there is no program to write down.

>>> def quotient(x):
...     try:
...         return 1 / x
...     except (ArithmeticError, KeyError):
...         return 0.0
>>> code = quotient.__code__
>>> (clause,) = next(Handlers(code).around(regions(code)[0].start))
>>> [name for _, name in clause.steps]
['ArithmeticError', 'KeyError', 2]
"""

from __future__ import annotations

import contextlib
import dis
from collections.abc import Iterator, Sequence
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import CodeType, FrameType
from typing import Any, NamedTuple

from autograd import primitives as p
from autograd.compile.tracing import internal_primitives
from autograd.primitive_type import Primitive
from autograd.traced_adjoints import Mask

# fmt: off
NEVER_RAISES = frozenset((  # rows whose functions of floats give a number for any
    p.add, p.sub, p.mul, p.neg, p.pos, p.absolute, p.square, p.cbrt, p.tanh, p.atan, p.atan2,
    p.asinh, p.erf, p.erfc, p.hypot, p.norm, p.gaussian, p.normal_cdf, p.sigmoid, p.log_sigmoid,
    p.softplus, p.silu, p.gelu, p.relu, p.leaky_relu, p.elu, p.step, p.sign, p.copysign, p.at_least,
    p.at_most, p.where, p.stop_gradient, p.less, p.less_equal, p.greater, p.greater_equal, p.equal,
    p.inner_product, p.total, p.mean, p.prod, p.logsumexp, p.softmax_of, p.largest, p.smallest,
    p.sinc, p.sinc_slope, p.mish, p.softsign, p.pieces_slope, p.celu_gap, p.finite, p.tied,
    p.spread, p.sech, p.acot, p.atan_slope, p.asinh_slope, p.sigmoid_slope,
    p.silu_slope, p.gelu_slope, p.share2, p.logaddexp2, p.log_softmax_of,
    internal_primitives.built_in_max, internal_primitives.built_in_min,
))
DIVISIONS = frozenset((p.div, p.mod, p.floordiv))
# fmt: on
MATCHES = ("CHECK_EXC_MATCH", "CHECK_EG_MATCH")
OTHER_THAN_CLASSES = (
    "PUSH_EXC",
    "RERAISE",
    "POP_EXCEPT",
    "POP_TOP",
    "WITH_",
    "STORE",
    "JUMP",
    "RETURN",
)
WITHOUT_EFFECT = ("NOP", "CACHE", "EXTENDED_ARG", "COPY", "SWAP", "BUILD_LIST")
MAX_CODES_KNOWN = 4096
OURS = "a function of this package"
ENDS = "the function at which walks end"
PACKAGE = __name__.partition(".")[0] + "."
# Such code may have other callers.
RESUMED = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR


class Region(NamedTuple):
    """The instructions from start to end, whose exceptions go to a target."""

    start: int
    end: int
    target: int


class Clause(NamedTuple):
    """The instructions that give the classes of an `except` clause, or what stands for them."""

    steps: tuple[tuple[str, Any], ...]


def integers(table: bytes) -> Iterator[int]:
    """Yield the integers of an exception table: six bits a byte, the highest first."""
    found = 0
    for byte in table:
        found = found << 6 | byte & 63
        if not byte & 64:
            yield found
            found = 0


def regions(code: CodeType) -> list[Region]:
    """Return the regions of a code object whose exceptions are handled in it."""
    fields = integers(code.co_exceptiontable)
    found = []
    # An entry has four of them, in units of two bytes.
    for start, length, target, _ in zip(fields, fields, fields, fields):
        stop = start + length
        region = Region(2 * start, 2 * stop, 2 * target)
        found.append(region)
    return found


class Handlers:
    """The handlers of a code object."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.regions = regions(code)
        self.steps = list(dis.get_instructions(code))
        self.places = {step.offset: place for place, step in enumerate(self.steps)}
        self.known: dict[int, list[Clause]] = {}

    def around(self, offset: int) -> Iterator[list[Clause]]:
        """Yield the clauses that an exception at some instruction meets, the innermost first."""
        targets: list[int] = []
        while True:
            # A handler may begin with an instruction that has none itself.
            region = self.region_at(offset) or self.region_at(offset + 2)
            if region is None or region.target in targets:
                return
            offset = region.target
            targets.append(offset)
            if offset not in self.known:
                try:
                    self.known[offset] = list(self.clauses(offset))
                except LookupError:
                    # This Python writes it in another way, so the clause may catch anything.
                    anything = Clause((("UNKNOWN", None),))
                    self.known[offset] = [anything]
            yield self.known[offset]

    def region_at(self, offset: int) -> Region | None:
        """Return the first region that has an instruction; None where no exception is handled."""
        for region in self.regions:
            if region.start <= offset < region.end:
                return region
        return None

    def clauses(self, target: int) -> Iterator[Clause]:
        """Yield the clauses of a handler, in order; a `finally` has none."""
        place = self.places[target]
        if self.steps[place].opname != "PUSH_EXC_INFO":
            return
        place += 1
        ends = (*MATCHES, *OTHER_THAN_CLASSES)
        while True:
            classes = []
            step = self.steps[place]
            while not step.opname.startswith(ends):
                classes.append((step.opname, step.argval))
                place += 1
                step = self.steps[place]
            name = step.opname
            is_bare = name == "POP_TOP" and not classes
            if is_bare or name == "WITH_EXCEPT_START":
                yield Clause(((name, None),))
            if name not in MATCHES:
                return
            yield Clause(tuple(classes))
            # Where nothing matches, the next clause is tried.
            rest = self.steps[place:]
            jumps = [step for step in rest if "JUMP" in step.opname]
            place = self.places[jumps[0].argval]


def handlers_of(code: CodeType) -> Handlers | None:
    """Return the handlers of a code object; None where none of them catches anything."""
    if not code.co_exceptiontable:
        return None
    found = Handlers(code)
    for region in found.regions:
        clauses = found.around(region.start)
        if any(clauses):
            return found
    return None


def compared_with(clause: Clause, frame: FrameType) -> Any:
    """Return the classes that a clause catches; BaseException where they cannot be told."""
    if clause.steps[0][0] == "WITH_EXCEPT_START":
        return BaseException if suppresses(frame) else ()
    stack: list[Any] = []
    try:
        for name, argument in clause.steps:
            apply(stack, name, argument, frame)
        return stack[-1]
    except (LookupError, AttributeError):
        return BaseException


def apply(stack: list[Any], name: str, argument: Any, frame: FrameType) -> None:
    """Do what an instruction does that looks up a class, or makes a tuple of them.

    Raises: LookupError: it does something else, or there is no such name.
    """
    if name in ("LOAD_GLOBAL", "LOAD_NAME"):
        is_global = argument in frame.f_globals
        names = frame.f_globals if is_global else frame.f_builtins
        stack.append(names[argument])
    elif name == "LOAD_ATTR":
        owner = stack.pop()
        stack.append(getattr(owner, argument))
    elif name.startswith(("LOAD_FAST", "LOAD_DEREF")):
        stack.append(frame.f_locals[argument])
    elif name == "LOAD_CONST":
        stack.append(argument)
    elif name == "BUILD_TUPLE" and argument:
        parts = stack[-argument:]
        stack[-argument:] = [tuple(parts)]
    elif name not in WITHOUT_EFFECT:
        raise LookupError(name)


def suppresses(frame: FrameType) -> bool:
    """Tell whether a function has a `with suppress(...)`."""
    names = frame.f_code.co_names
    if "suppress" in names:
        return True
    # A module may have it under another name.
    meant = map(frame.f_globals.get, names)
    return any(x is contextlib.suppress for x in meant)


def catches(caught: object, kinds: Sequence[type[BaseException]]) -> bool:
    """Tell whether an `except` of some classes catches an exception of one of the kinds."""
    if isinstance(caught, tuple):
        return any(catches(one, kinds) for one in caught)
    if not isinstance(caught, type):
        return False
    for kind in kinds:
        # An exception of any kind may be one that is caught.
        may_be = kind is Exception and issubclass(caught, Exception)
        if may_be or issubclass(kind, caught):
            return True
    return False


def kinds_raised(op: Primitive, operands: Sequence[Any]) -> tuple[type[Exception], ...]:
    """Return the exceptions that a row can raise at other numbers than those of the trace."""
    if isinstance(op, Mask):
        return ()
    if op in DIVISIONS:
        divisor = operands[1]
        is_plain = not hasattr(divisor, "record")
        if is_plain and divisor != 0:
            return ()
        return (ZeroDivisionError,)
    if op is p.power:
        return ZeroDivisionError, OverflowError, ValueError
    is_ours = p.TABLE.get(op.name) is op
    return (ValueError, OverflowError) if is_ours else (Exception,)


class Walk:
    """Walks over the frames from an operation outwards, to the function that traces.

    Most of them are over at once: while the function is in the same frame, called from the same
    one, the frames further out are those of before, and none of them may have a handler.

    Attributes:
        known: by the id of a code object, for its hash goes over all instructions: that object,
            which has to live, and its handlers, None, or a mark.
        quiet: a frame and that of its caller, from which outwards no code has a handler.
    """

    def __init__(self) -> None:
        self.known: dict[int, tuple[CodeType, Any]] = {}
        self.quiet: tuple[FrameType | None, FrameType | None] = (None, None)

    def catching(
        self, op: Primitive, operands: Sequence[Any], frame: FrameType | None
    ) -> str | None:
        """Return file and line of a `try` that would catch what an operation can raise, or None."""
        find = self.known.get
        quiet, caller = self.quiet
        while frame is not None:
            if frame is quiet and frame.f_back is caller:
                return None
            found = find(id(frame.f_code)) or self.learned(frame)
            if found[1] is not OURS:
                return self.search(op, operands, frame)
            frame = frame.f_back
        return None

    def search(self, op: Primitive, operands: Sequence[Any], first: FrameType) -> str | None:
        """Return what `catching` does, from the frame of the function outwards."""
        frame: FrameType | None = first
        caller = first.f_back
        quiet = caller is not None and not caller.f_code.co_flags & RESUMED
        while frame is not None:
            _, handlers = self.known.get(id(frame.f_code)) or self.learned(frame)
            if handlers is ENDS:
                break
            if isinstance(handlers, Handlers):
                quiet = False
                if caught(op, operands, handlers, frame):
                    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
            frame = frame.f_back
        self.quiet = (first, caller) if quiet else (None, None)
        return None

    def learned(self, frame: FrameType) -> tuple[CodeType, Any]:
        """Return the code object of a frame and its handlers, and keep both."""
        code = frame.f_code
        if len(self.known) > MAX_CODES_KNOWN:
            kept = {key: found for key, found in self.known.items() if found[1] is ENDS}
            self.known.clear()
            self.known.update(kept)
        module = frame.f_globals.get("__name__", "")
        is_ours = f"{module}.".startswith(PACKAGE)
        found = code, OURS if is_ours else handlers_of(code)
        self.known[id(code)] = found
        return found

    def end_at(self, code: CodeType) -> None:
        """Have the walks end at the function that traces."""
        self.known[id(code)] = code, ENDS


def caught(op: Primitive, operands: Sequence[Any], handlers: Handlers, frame: FrameType) -> bool:
    """Tell whether a frame is inside a `try` that would catch what an operation can raise."""
    kinds = kinds_raised(op, operands)
    for clauses in handlers.around(frame.f_lasti):
        for clause in clauses:
            classes = compared_with(clause, frame)
            if catches(classes, kinds):
                return True
    return False


WALK = Walk()
