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
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType, FrameType
from typing import Any, NamedTuple

from autograd import primitives as p
from autograd.compile.tracing import internal_primitives
from autograd.functional import Mask
from autograd.primitive_type import Primitive

# fmt: off
NEVER_RAISES = frozenset((  # rows whose functions of floats give a number for any
    p.add, p.sub, p.mul, p.neg, p.pos, p.absolute, p.square, p.cbrt, p.tanh, p.atan, p.atan2,
    p.asinh, p.erf, p.erfc, p.hypot, p.norm, p.gaussian, p.normal_cdf, p.sigmoid, p.log_sigmoid,
    p.softplus, p.silu, p.gelu, p.relu, p.leaky_relu, p.elu, p.step, p.sign, p.copysign, p.at_least,
    p.at_most, p.where, p.stop_gradient, p.less, p.less_equal, p.greater, p.greater_equal, p.equal,
    p.inner_product, p.total, p.mean, p.prod, p.logsumexp, p.softmax_of, p.largest, p.smallest,
    internal_primitives.built_in_max, internal_primitives.built_in_min,
))
DIVISIONS = frozenset((p.div, p.mod, p.floordiv))
LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_ATTR", "LOAD_FAST", "LOAD_DEREF", "LOAD_CONST",
         "BUILD_TUPLE", "PUSH_NULL", "CACHE", "EXTENDED_ARG", "NOP", "COPY", "BUILD_LIST", "SWAP")
# fmt: on
MAX_CODES_KNOWN = 4096
ENDS = "here a walk over frames ends"


class Region(NamedTuple):
    """The instructions from start to end, whose exceptions go to a target."""

    start: int
    end: int
    target: int


class Clause(NamedTuple):
    """What an `except` clause compares with, as instructions; none where it catches all."""

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
    return [
        Region(2 * start, 2 * (start + length), 2 * target)
        for start, length, target, _ in zip(fields, fields, fields, fields)
    ]


class Handlers:
    """The handlers of a code object."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.regions = regions(code)
        self.steps = {step.offset: step for step in dis.get_instructions(code)}
        self.offsets = list(self.steps)
        self.known: dict[int, list[Clause]] = {}

    def around(self, offset: int) -> Iterator[list[Clause]]:
        """Yield the clauses that an exception at some instruction meets, the innermost first."""
        targets: list[int] = []
        while True:
            # A handler may begin with an instruction that has none itself.
            nearest = (
                r for at in (offset, offset + 2) for r in self.regions if r.start <= at < r.end
            )
            region = next(nearest, None)
            if region is None or region.target in targets:
                return
            offset = region.target
            targets.append(offset)
            if offset not in self.known:
                self.known[offset] = list(self.clauses(offset))
            yield self.known[offset]

    def clauses(self, target: int) -> Iterator[Clause]:
        """Yield the clauses of a handler, in order; a `finally` has none."""
        place = self.offsets.index(target)
        if self.name(place) != "PUSH_EXC_INFO":
            return
        place += 1
        while True:
            loads = []
            while self.name(place) in LOADS:
                step = self.steps[self.offsets[place]]
                loads.append((step.opname, step.argval))
                place += 1
            if self.name(place) == "POP_TOP" and not loads:  # a bare `except:`
                yield Clause(())
            elif self.name(place) == "WITH_EXCEPT_START":
                yield Clause((("WITH", None),))
            if self.name(place) not in ("CHECK_EXC_MATCH", "CHECK_EG_MATCH"):
                return
            yield Clause(tuple(loads))
            jump = next(i for i in range(place, len(self.offsets)) if "JUMP" in self.name(i))
            target = self.steps[self.offsets[jump]].argval
            place = self.offsets.index(target)

    def name(self, place: int) -> str:
        """Return the name of an instruction."""
        return self.steps[self.offsets[place]].opname if place < len(self.offsets) else ""


def compared_with(clause: Clause, frame: FrameType) -> Any:
    """Return the classes that a clause catches; BaseException where they cannot be told."""
    if clause.steps and clause.steps[0][0] == "WITH":
        return BaseException if suppresses(frame) else ()
    stack: list[Any] = []
    try:
        for name, argument in clause.steps:
            if name in ("LOAD_GLOBAL", "LOAD_NAME"):
                names: Mapping[str, Any] = {**frame.f_builtins, **frame.f_globals}
                stack.append(names[argument])
            elif name == "LOAD_ATTR":
                stack.append(getattr(stack.pop(), argument))
            elif name in ("LOAD_FAST", "LOAD_DEREF"):
                stack.append(frame.f_locals[argument])
            elif name == "LOAD_CONST":
                stack.append(argument)
            elif name == "BUILD_TUPLE" and argument:
                stack[-argument:] = [tuple(stack[-argument:])]
        return stack[-1]
    except (LookupError, AttributeError):
        return BaseException


def suppresses(frame: FrameType) -> bool:
    """Tell whether a function has a `with suppress(...)`."""
    names = frame.f_code.co_names
    return any(
        name == "suppress" or frame.f_globals.get(name) is contextlib.suppress for name in names
    )


def catches(caught: Any, kinds: Sequence[type[BaseException]]) -> bool:
    """Tell whether an `except` of some classes catches an exception of one of the kinds."""
    flat = caught if isinstance(caught, tuple) else (caught,)
    return any(
        catches(one, kinds) if isinstance(one, tuple) else issubclass(kind, one)
        for one in flat
        for kind in kinds
        if isinstance(one, (type, tuple))
    )


def kinds_raised(op: Primitive, operands: Sequence[Any]) -> tuple[type[Exception], ...]:
    """Return the exceptions that a row can raise at other numbers than those of the trace."""
    if isinstance(op, Mask):
        return ()
    if op in DIVISIONS:
        divisor = operands[1]
        safe = not hasattr(divisor, "record") and divisor != 0
        return () if safe else (ZeroDivisionError,)
    if op is p.power:
        return ZeroDivisionError, OverflowError, ValueError
    return (ValueError, OverflowError) if p.TABLE.get(op.name) is op else (Exception,)


known: dict[int, Any] = {}  # by the code object's id, for its hash goes over all instructions


def catching(frame: FrameType | None, kinds: tuple[type[Exception], ...]) -> str | None:
    """Return file and line of a frame inside a `try` that would catch an exception, or None.

    The walk goes from the given frame outwards, to the function that traces; frames of this package
    are passed over.
    """
    find = known.get
    while frame is not None:
        found = find(id(frame.f_code))
        if found is None:
            found = learned(frame.f_code, frame.f_globals)
        handlers = found[1]
        if handlers:
            if handlers is ENDS:
                return None
            for clauses in handlers.around(frame.f_lasti):
                if any(catches(compared_with(clause, frame), kinds) for clause in clauses):
                    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return None


def learned(code: CodeType, names: Mapping[str, Any]) -> tuple[CodeType, Any]:
    """Return a code object and its handlers, and keep both: an id is good while it lives."""
    if len(known) > MAX_CODES_KNOWN:
        ends = [(key, found) for key, found in known.items() if found[1] is ENDS]
        known.clear()
        known.update(ends)
    ours = f"{names.get('__name__', '')}.".startswith(__name__.partition(".")[0] + ".")
    handlers = Handlers(code) if code.co_exceptiontable and not ours else None
    found = known[id(code)] = code, handlers
    return found


def end_at(code: CodeType) -> None:
    """Have the walks end at the function that traces."""
    known[id(code)] = code, ENDS
