"""The Values of a trace, out of which no number can be taken that would be that of one sample only.

Outside of a trace `x.data` and `x.item()` are plain numbers, and `x.detach()` is a new leaf. On a
tape each would be a constant, the same for all samples. So in a trace they give a node of
`stop_gradient` instead: what it is used for follows the sample, and no gradient flows, as ever. The
package itself reads what stands behind `data`.

What would need the plain number is refused, with the line and what to write instead; and a refusal
that the function catches is one all the same, for what it would do then is another program.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType
from typing import Any, NoReturn

from autograd import primitives as p
from autograd.coercion import checked_name
from autograd.compile.tracing.handlers import NEVER_RAISES, WALK
from autograd.compile.tracing.internal_primitives import both, built_in_max, built_in_min, either
from autograd.compile.tracing.libraries import users_frame
from autograd.compile.tracing.looking import is_looked_at
from autograd.given import WAYS, attach, attached, checked_children, checked_slopes, slopes_by
from autograd.messages import shown
from autograd.modes import MODE, VARIABLE, traces, tracing
from autograd.newest import ahead
from autograd.operators import Operators
from autograd.primitive_type import Primitive
from autograd.structures import SCALAR_TYPES
from autograd.traced_adjoints import possible_parents
from autograd.value import FIELDS, Value, new

PACKAGE_PREFIX = __name__.partition(".")[0] + "."
GRAD_SLOT = Value.__dict__["grad"]
# Parameters change their class while they are traced.
one_trace = threading.RLock()
# A child of a thread that is not tracing has its own lock.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=one_trace._at_fork_reinit)  # type: ignore[attr-defined]


def is_ours(frame: FrameType) -> bool:
    """Tell whether a frame runs code of this package."""
    return f"{frame.f_globals.get('__name__', '')}.".startswith(PACKAGE_PREFIX)


def calling_line() -> str:
    """Return file and line of the innermost frame outside of this package and other libraries."""
    frame = sys._getframe(1)
    while frame.f_back and is_ours(frame):
        frame = frame.f_back
    frame = users_frame(frame)
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def refuse(message: str, kind: type[Exception] = TypeError) -> NoReturn:
    """Raise an error with the line, and have the trace raise it too, should it be caught."""
    error = kind(f"{calling_line()}: {message}")
    if traces:
        traces[-1].refusal = traces[-1].refusal or error
    raise error


def refuse_thread() -> NoReturn:
    """Refuse a Value of a trace in a thread that is not tracing."""
    refuse(
        "a Value of a function that is being traced is used in another thread, where nothing is"
        " traced: the results would be those of one sample; compute in the thread of the function"
    )


def read_grad(x: Any) -> Any:
    """Return what the latest backward pass left; that is not there for a function in a trace."""
    if tracing() and not (is_ours(sys._getframe(1)) or READERS):
        refuse(
            "a function that is being traced cannot read .grad: that of the latest backward()"
            " would be there for ever; pass it in as an input, or call autograd.gradients"
        )
    return GRAD_SLOT.__get__(x)


# Nodes whose `_backward` is run to find its slopes, and their numbers, which know nothing of them.
READERS: list[tuple[Any, Any]] = []
TRACED_GRAD = property(read_grad, GRAD_SLOT.__set__)


def in_traces(codes: Iterable[CodeType]) -> list[tuple[Any, str, Any]]:
    """Return where gradients are read, and what that is in a trace, if the code names them."""
    named = any("grad" in code.co_names for code in codes)
    return [(Value, "grad", TRACED_GRAD)] if named else []


class TracedAttributes:
    """A mixin: what a Value is besides while it is traced; in other threads it is as ever."""

    __slots__ = ()
    grad = TRACED_GRAD

    def elsewhere(self) -> None:
        """Refuse to be used in a thread that is not tracing; a parameter may be."""

    def number_taken_out(self) -> Any:
        """Return what stands for the number in a trace, and the number itself elsewhere."""
        if tracing():
            if READERS and READERS[-1][0] is self:
                return READERS[-1][1]
            return MODE.get().taken_out(self)  # type: ignore[misc, arg-type]
        self.elsewhere()
        return self.newest()  # type: ignore[attr-defined]

    # The usual operations of a trace take a third of the time that the ways of a Value take.

    def record(self, op: Primitive, operands: Sequence[Any]) -> Any:
        """Apply a primitive, the short way where that will do."""
        out = traced_shortly(op, *operands) if 0 < len(op.partials) < 3 else None
        return super().record(op, operands) if out is None else out  # type: ignore[misc]

    def operate(self, op: Primitive, x: Any, y: Any) -> Any:
        """Apply a binary operator, the short way where that will do."""
        out = traced_shortly(op, x, y)
        return super().operate(op, x, y) if out is None else out  # type: ignore[misc]

    __add__ = Operators.__add__
    __radd__ = Operators.__radd__
    __sub__ = Operators.__sub__
    __rsub__ = Operators.__rsub__
    __mul__ = Operators.__mul__
    __rmul__ = Operators.__rmul__
    __truediv__ = Operators.__truediv__
    __rtruediv__ = Operators.__rtruediv__
    __pow__ = Operators.__pow__
    __rpow__ = Operators.__rpow__
    __neg__ = Operators.__neg__

    def detach(self) -> Any:
        """Return a Value with the same number at which gradients stop."""
        if tracing():
            return cut(self.number_taken_out(), TracedValue)
        self.elsewhere()
        return Value.detach(self)  # type: ignore[arg-type]

    def number_compared(self, other: object) -> Any:
        """Return a number to compare with what equals none; else refuse, for samples differ."""
        if tracing() and not isinstance(other, NO_NUMBERS):
            refuse(
                f"{self!r} is compared with {type(other).__name__} {shown(other)}, and the answer"
                " would be that of one sample; compare it with a number"
            )
        self.elsewhere()
        return self.newest()  # type: ignore[attr-defined]

    def __copy__(self) -> Any:
        if tracing():
            out = self.above()  # type: ignore[attr-defined]
            out.name = self.name  # type: ignore[attr-defined]
            return out
        self.elsewhere()
        twin = Value.__copy__(self)  # type: ignore[arg-type]
        set_classes([twin], [untraced_class(type(self))])
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self.__copy__()

    def __reduce__(self) -> Any:
        if tracing():
            refuse("a function that is being traced cannot pickle a Value; use copy.copy")
        return Value.__reduce__(self)  # type: ignore[arg-type]

    def __format__(self, spec: str) -> str:
        if tracing():
            self.refuse_text()
        return Value.__format__(self, spec)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        if tracing() and not is_looked_at(sys._getframe(1)):
            self.refuse_text()
        return self.as_seen()

    def as_seen(self) -> str:
        """Return the text for whoever looks at it."""
        return Value.__repr__(self)  # type: ignore[arg-type]

    def refuse_text(self) -> NoReturn:
        """Refuse to become a text of which a function might make something."""
        refuse(
            f"{self!r} is formatted, and the text would be that of one sample: a compiled"
            " function makes no text; return the number, and format it outside (to look at it"
            " while it is traced, print(x) the Value itself)"
        )


class TracedParameter(TracedAttributes, Value):
    """A parameter while it is traced."""

    __slots__ = ()
    # What a function is told that asks for it.
    __class__ = Value  # type: ignore[assignment]


class TracedValue(TracedAttributes, Value):
    """An input or a result of a trace."""

    __slots__ = ()
    __class__ = Value  # type: ignore[assignment]

    def elsewhere(self) -> None:
        """Refuse to be used in a thread that is not tracing."""
        if traces and not tracing():
            refuse_thread()

    def give_place(self, fresh: Value, name: str | None) -> None:
        """Let a Value that a function makes be this node."""
        for field in FIELDS:
            setattr(fresh, field, getattr(self, field))
        fresh.name = name
        cls: Any = type(fresh)
        try:
            set_classes([fresh], [following_class(cls)])
        except TypeError:
            refuse(
                f"a {cls.__name__} is made of a number of a trace, and its objects have more than"
                " Values have; write __slots__ = () in the class, or make a Value"
            )

    @property
    def _backward(self) -> Any:
        return self.hand_on

    @_backward.setter
    def _backward(self, function: Any) -> None:
        """Take the slopes by the children that this node was made with from what they are given."""
        self.elsewhere()
        number = self
        children = list[Any]()
        while number.op is attached:
            number, child, _ = number.operands
            children.append(child)
        if not children:
            raise AttributeError(f"_backward can only be set of a node made by {WAYS}")
        children.reverse()
        READERS.append((self, number))
        try:
            slopes = slopes_by(function, self, children)
        finally:
            READERS.pop()
        attach(number, children, slopes).give_place(self, self.name)

    def compare(self, relation: Primitive, other: Any) -> Any:
        """Compare the numbers, as a node."""
        self.elsewhere()
        return Value.compare(self, relation, other)

    def __bool__(self) -> bool:
        self.elsewhere()
        return Value.__bool__(self)


class TracedNumber(TracedValue):
    """What stands for a float: a number taken out of a Value, or computed from such numbers."""

    __slots__ = ()
    # It passes for that where a function asks for the type.
    __class__ = float  # type: ignore[assignment]
    stands_for_number = True

    def above(self) -> Value:
        """Return a Value of this number, as one is made of a plain number."""
        return cut(self, TracedValue)

    def hand_over(self, fresh: Value, name: Any, slopes: Any, children: Any) -> None:
        """Make `fresh` a Value of this number: it follows the sample.

        No gradient flows into it but to children, by the slopes that were given for them.
        """
        self.elsewhere()
        if isinstance(name, (tuple, list)):
            children = name
            name = None
        children = checked_children(children or ())
        slopes = None if isinstance(slopes, str) else slopes
        number = cut(self, TracedValue) if not children else self
        out = attach(number, children, checked_slopes(slopes, children))
        out.give_place(fresh, checked_name(name))

    def __copy__(self) -> TracedNumber:
        return self

    def operate(self, op: Primitive, x: Any, y: Any) -> Any:
        """Apply a binary operator; a complex number would be a plain one of this sample."""
        if isinstance(x, complex) or isinstance(y, complex):
            self.refuse_plain()
        return super().operate(op, x, y)

    def __round__(self, digits: int | None = None) -> Any:
        out = super().__round__(digits or 0)
        # Without digits it is an int.
        return p.trunc(out) if digits is None else out

    @property
    def real(self) -> TracedNumber:
        """Return the number itself, as a float does."""
        return self

    @property
    def imag(self) -> float:
        """Return zero, as a float does."""
        return 0.0

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse what a plain number has, and this has not."""
        number = self.__class__()
        if hasattr(number, name):
            self.refuse_plain()
        kind = type(number).__name__
        raise AttributeError(f"{kind!r} object has no attribute {name!r}", name=name, obj=self)

    def __index__(self) -> int:  # noqa: PLE0305 - it raises
        self.refuse_plain()

    def __hash__(self) -> int:
        if is_ours(sys._getframe(1)):
            return object.__hash__(self)
        return hash(self.__index__())

    def __float__(self) -> float:
        return float(self.__index__())

    def __int__(self) -> int:
        return self.__index__()

    __trunc__ = __int__

    def __complex__(self) -> complex:
        return complex(self.__index__())

    def as_seen(self) -> str:
        """Return the text for whoever looks at it."""
        return f"<the number {self._data!r} of {self.name or self.op} in this sample>"

    def refuse_plain(self) -> NoReturn:
        """Refuse to become a plain number."""
        refuse(
            f"{self._data!r} is the number of {self.name or 'a Value'} in this sample,"
            " and another one in every other: while a function is traced, no plain number can stand"
            " for it; leave float(x) away, and use the functions of autograd (exp for math.exp),"
            " comparisons, where, maximum or clip, or declare labels and tokens as static="
        )


class TracedInteger(TracedNumber):
    """What stands for an int, as the floor of a number is."""

    __slots__ = ()
    __class__ = int  # type: ignore[assignment]

    def __mul__(self, other: Any) -> Any:
        # A sequence is repeated as often as its index says.
        return NotImplemented if isinstance(other, SEQUENCES) else super().__mul__(other)

    def __rmul__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, SEQUENCES) else super().__rmul__(other)

    def __pow__(self, other: Any, modulus: object = None) -> Any:
        if modulus is not None:
            self.refuse_plain()
        return super().__pow__(other)

    def by_bits(self, other: object) -> Any:
        """Refuse an operation on the bits of an int, which is none of the table."""
        if isinstance(other, int):
            self.refuse_plain()
        return NotImplemented

    def combined(self, op: Primitive, other: object) -> Any:
        """Refuse a combination with another int, bit by bit; one of two bools is a row."""
        return self.by_bits(other)

    # fmt: off
    def __and__(self, other: object) -> Any: return self.combined(both, other)
    def __or__(self, other: object) -> Any: return self.combined(either, other)
    def __xor__(self, other: object) -> Any: return self.combined(p.unequal, other)
    def __lshift__(self, other: object) -> Any: return self.by_bits(other)
    def __rshift__(self, other: object) -> Any: return self.by_bits(other)
    def __rlshift__(self, other: object) -> Any: return self.by_bits(other)
    def __rrshift__(self, other: object) -> Any: return self.by_bits(other)
    def __invert__(self) -> Any: return self.by_bits(0)
    # fmt: on

    __rand__ = __and__
    __ror__ = __or__
    __rxor__ = __xor__


class TracedTruth(TracedInteger):
    """What stands for a bool: the result of a comparison.

    It has one of two values: to index by it is a branch, which is guarded.
    """

    __slots__ = ()
    __class__ = bool  # type: ignore[assignment]

    def combined(self, op: Primitive, other: object) -> Any:
        """Return the combination of this comparison with another, or with a bool."""
        if isinstance(other, bool):
            return self.record(op, (self, other))
        return self.by_bits(other)

    def __index__(self) -> int:
        return int(bool(self))


NUMBERS = frozenset((TracedNumber, TracedInteger, TracedTruth))
TRACED = (TracedParameter, TracedValue, *NUMBERS)
SCALAR_TYPES.update(TRACED)
# Python's own messages, such as that of float(x), call them what they are for the function.
for kind in TRACED:
    kind.__name__ = kind.__qualname__ = "Value"

# What no number equals; then the classes of operands each of which is a parent, and comparisons.
NO_NUMBERS = (str, bytes, tuple, list, dict, set, frozenset, type(None), type, type(Ellipsis))
VALUE_CLASSES = frozenset((Value, TracedParameter, TracedValue))
PLAIN = frozenset((float, int))
RELATIONS = frozenset((p.less, p.less_equal, p.greater, p.greater_equal, p.equal, p.unequal))
LOGICAL = RELATIONS | {both, either}
# What gives an int of any number, and what gives one of ints.
INTEGRAL = frozenset((p.floor, p.ceil, p.trunc))
KEEPS_INTEGERS = frozenset((
    p.add, p.sub, p.mul, p.neg, p.pos, p.absolute, p.floordiv, p.mod, built_in_max, built_in_min,
))  # fmt: skip
SEQUENCES = (str, bytes, bytearray, list, tuple)
CLASS: Any = object.__dict__["__class__"]


def untraced_class(cls: type) -> Any:
    """Return what a class of a trace is when nothing is traced."""
    return next(kind for kind in cls.__mro__ if not issubclass(kind, TracedAttributes))


def set_classes(xs: Iterable[Value], kinds: Iterable[type]) -> None:
    """Set the classes of Values, in one call that no Ctrl-C interrupts."""
    deque(map(CLASS.__set__, xs, kinds), maxlen=0)


def cut(x: Any, cls: type[TracedValue]) -> TracedValue:
    """Return a node with the number of another, and no edge to it."""
    out = traced_node(cls, x._data, p.stop_gradient, (x,), ())
    out.name = x.name
    return out


def taken_out(x: Value) -> TracedValue:
    """Return what stands for the number of a Value: it follows every sample, without a gradient."""
    return cut(x, TracedInteger if x.op in INTEGRAL else TracedNumber)


def traced(data: Any, op: Primitive, operands: Sequence[Any], differentiable: bool) -> Value:
    """Return the node of an operation in a trace; within `no_grad` no gradient flows."""
    operands = tuple(operands)
    if op not in NEVER_RAISES:
        refuse_caught(op, operands)
    if None not in op.partials and VALUE_CLASSES.issuperset(map(type, operands)):
        out = traced_node(TracedValue, data, op, operands, operands)
    elif op in LOGICAL:
        return traced_node(TracedTruth, data, op, operands, ())
    elif not NUMBERS.isdisjoint(map(type, operands)) and are_numbers(operands):
        return traced_node(number_class(op, operands), data, op, operands, ())
    else:
        out = traced_node(TracedValue, data, op, operands, possible_parents(op, operands))
    return out if differentiable else cut(out, TracedValue)


def traced_shortly(op: Primitive, x: Any, y: Any = None) -> Value | None:
    """Return the node of an operation on one or two ordinary numbers, as `traced` does.

    None where there is more to find out: in another mode or thread than that of the trace, for
    operands or results of other types, and where the function raises.
    """
    how = VARIABLE.get()
    usual = how.symbolic is traced and how.simple and how.record
    if not usual or ahead or None in op.partials:
        return None
    kind = type(x)
    other = type(y)
    operands: tuple[Any, ...] = (x, y)
    parents = operands
    try:
        if kind in VALUE_CLASSES:
            if other in VALUE_CLASSES:
                data = op.forward(x._data, y._data)
            elif other in PLAIN:
                parents = (x,)
                data = op.forward(x._data, y)
            elif y is None and len(op.partials) == 1:
                parents = operands = (x,)
                data = op.forward(x._data)
            else:
                return None
        elif kind in PLAIN and other in VALUE_CLASSES:
            parents = (y,)
            data = op.forward(x, y._data)
        else:
            return None
    except (ValueError, ArithmeticError, TypeError):
        return None
    if type(data) is not float:
        return None
    if op not in NEVER_RAISES:
        refuse_caught(op, operands)
    return traced_node(TracedValue, data, op, operands, parents)


def traced_node(
    cls: type[TracedValue],
    data: Any,
    op: Primitive,
    operands: tuple[Any, ...],
    parents: tuple[Any, ...],
) -> TracedValue:
    """Return a node of a trace."""
    out = new(cls)
    out._data = data
    out.grad = 0.0
    out.op = op
    out.operands = operands
    out.parents = parents
    out.local_derivatives = ()
    out.name = None
    return out


def are_numbers(operands: Sequence[Any]) -> bool:
    """Tell whether what is computed of some operands is a plain number when nothing is traced."""
    return all(type(x) in NUMBERS for x in operands if isinstance(x, Value))


def number_class(op: Primitive, operands: Sequence[Any]) -> type[TracedNumber]:
    """Return what stands for the number that an operation on plain numbers gives."""
    is_power = op is p.power and type(operands[1]) is int and operands[1] >= 0
    if op in KEEPS_INTEGERS or is_power:
        return TracedInteger if all(isinstance(x, int) for x in operands) else TracedNumber
    return TracedInteger if op in INTEGRAL else TracedNumber


def refuse_caught(op: Primitive, operands: Sequence[Any]) -> None:
    """Refuse an operation whose exception, at other numbers, the function would catch.

    Raises: ValueError: a `try` around it has an `except` for that; the message has the line.
    """
    line = WALK.catching(op, operands, sys._getframe(3))
    if line:
        names = [x.name or str(x.op) if isinstance(x, Value) else repr(x) for x in operands]
        refuse(
            f"{op.spell(*names)} stands inside a try ({line}) that catches what it raises for other"
            " samples: a trace never goes that way; choose with where(condition, x, y) instead",
            ValueError,
        )


@cache
def traced_class(cls: Any) -> type[Value]:
    """Return the class of the parameters of some class while they are traced."""
    if cls is Value:
        return TracedParameter
    if issubclass(cls, TracedAttributes):
        return cls  # type: ignore[no-any-return]
    return type(cls.__name__, (TracedAttributes, cls), {"__slots__": (), "__class__": cls})


@cache
def following_class(cls: Any) -> type[Value]:
    """Return the class of the results of a trace that a function makes as Values of some class."""
    if cls is Value or issubclass(cls, TracedValue):
        return TracedValue if cls is Value else cls
    return type(cls.__name__, (TracedValue, cls), {"__slots__": (), "__class__": cls})


@contextmanager
def tracing_classes(parameters: Iterable[Any]) -> Iterator[None]:
    """Give parameters the classes of a trace within the block."""
    found = [x for x in parameters if isinstance(x, Value)]
    before: list[Any] = [type(x) for x in found]
    changed.append((threading.get_ident(), found, before))
    try:
        set_classes(found, [traced_class(cls) for cls in before])
        yield
    finally:
        set_classes(found, before)
        changed.pop()


def restore_classes() -> None:
    """Give Values their classes back, in a process that was forked while another thread traced."""
    if changed and changed[0][0] != threading.get_ident():
        for _, found, before in reversed(changed):
            set_classes(found, before)
        changed.clear()
        traces.clear()


# Which thread changed what, and what it was.
changed: list[tuple[int, list[Value], list[Any]]] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=restore_classes)
