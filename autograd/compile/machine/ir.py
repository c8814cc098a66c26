"""The language of LLVM as text: typed operands, and the body of a function line by line.

>>> body = Body()
>>> x = Operand(DOUBLE, "%x")
>>> arithmetic(body, "+", x, constant(1))
Operand(type='double', text='%v0', element='', parts=())
>>> body.lines
['  %v0 = fadd double %x, 0x3FF0000000000000']
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

DOUBLE = "double"
FLOAT = "float"
INTEGER = "i64"
SHORT = "i32"
BIT = "i1"
POINTER = "ptr"
TUPLE = "tuple"
NUMBERS = (DOUBLE, FLOAT)
BYTES = {DOUBLE: 8, FLOAT: 4, INTEGER: 8, SHORT: 4}
# Numbers of different types never overlap: what a store of one leaves alone need not be read again.
ALIAS_TAGS = {DOUBLE: 5, FLOAT: 6, INTEGER: 7, SHORT: 8}
METADATA = """
!0 = !{!"numbers"}
!1 = !{!"double", !0, i64 0}
!2 = !{!"float", !0, i64 0}
!3 = !{!"i64", !0, i64 0}
!4 = !{!"i32", !0, i64 0}
!5 = !{!1, !1, i64 0}
!6 = !{!2, !2, i64 0}
!7 = !{!3, !3, i64 0}
!8 = !{!4, !4, i64 0}
"""
FLOATING = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
WHOLE = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "&": "and",
    "|": "or",
    "^": "xor",
    "<<": "shl",
    ">>": "ashr",
}
ORDERED = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}
SIGNED = {"<": "slt", "<=": "sle", ">": "sgt", ">=": "sge", "==": "eq", "!=": "ne"}


class Operand(NamedTuple):
    """What an instruction is given: a type, and a name or a constant.

    Attributes: `element`, of a pointer, the type of what it points to; `parts`, of a tuple.
    """

    type: str
    text: str
    element: str = ""
    parts: tuple[Any, ...] = ()

    @property
    def typed(self) -> str:
        """The operand with its type, as an argument of a call."""
        return f"{self.type} {self.text}"

    @property
    def kind(self) -> Any:
        """All that tells operands of a function apart, but for the name."""
        return (self.type, self.element, tuple(part.kind for part in self.parts))


def listed(operands: Iterable[Operand]) -> str:
    """Return operands with their types, as the arguments of a call."""
    return ", ".join(x.typed for x in operands)


def joined(parts: Iterable[Operand]) -> Operand:
    """Return several operands as one."""
    return Operand(TUPLE, "", parts=tuple(parts))


class Body:
    """The lines of a function under construction.

    Attributes: `block`, the name of the block that lines are added to; `ended`, whether it has its
    jump; `flags`, what floating-point operations may do beside IEEE 754.
    """

    def __init__(self, flags: str = "") -> None:
        self.lines: list[str] = []
        # Lines that reserve the places of variables, at the very beginning.
        self.variables: list[str] = []
        self.names = 0
        self.block = "entry"
        self.ended = False
        self.flags = f" {flags}" if flags else ""
        # Declarations of functions that are called, by name.
        self.declared: dict[str, str] = {}

    def let(self, text: str) -> str:
        """Append an instruction that has a result, and return its name."""
        name = f"%v{self.names}"
        self.names += 1
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """Append an instruction without a result."""
        self.lines.append(f"  {text}")

    def place(self, type_: str) -> str:
        """Reserve the place of a variable, and return its name."""
        name = f"%p{len(self.variables)}"
        self.variables.append(f"  {name} = alloca {type_}")
        return name

    def label(self) -> str:
        """Return the name of a new block."""
        self.names += 1
        return f"b{self.names - 1}"

    def labels(self, count: int) -> list[str]:
        """Return the names of so many new blocks."""
        return [self.label() for _ in range(count)]

    def begin(self, label: str) -> None:
        """Go on in a block, to which the one before leads if it has no jump yet."""
        self.jump(label)
        self.lines.append(f"{label}:")
        self.block = label
        self.ended = False

    def jump(self, label: str) -> None:
        """End the block with a jump."""
        if not self.ended:
            self.do(f"br label %{label}")
            self.ended = True

    def branch(self, condition: str, there: str, otherwise: str) -> None:
        """End the block with a branch."""
        self.do(f"br i1 {condition}, label %{there}, label %{otherwise}")
        self.ended = True

    def call(self, result: str, name: str, *arguments: Operand) -> str:
        """Append the call of a function of C's or of LLVM's; return its result's name, if any."""
        types = ", ".join(x.type for x in arguments)
        self.declared[name] = f"declare {result} @{name}({types})"
        text = f"call {result} @{name}({listed(arguments)})"
        if result == "void":
            self.do(text)
            return ""
        return self.let(text)


def lanes_of(type_: str) -> int:
    """Return how many numbers a type has.

    >>> lanes_of("double"), lanes_of("<8 x double>")
    (1, 8)
    """
    if not type_.startswith("<"):
        return 1
    end = type_.index(" ")
    return int(type_[1:end])


def one_of(type_: str) -> str:
    """Return the type of one number of a vector, or of a number.

    >>> one_of("<8 x double>"), one_of("double")
    ('double', 'double')
    """
    if not type_.startswith("<"):
        return type_
    _, one = type_.split("x ")
    return one.removesuffix(">")


def vector(type_: str, lanes: int) -> str:
    """Return the type of so many numbers; of one, their own type."""
    return f"<{lanes} x {type_}>" if lanes > 1 else type_


def constant(x: float) -> Operand:
    """Return a number of Python's as an operand.

    >>> constant(2), constant(0.5), constant(True)  # doctest: +NORMALIZE_WHITESPACE
    (Operand(type='i64', text='2', element='', parts=()),
     Operand(type='double', text='0x3FE0000000000000', element='', parts=()),
     Operand(type='i1', text='true', element='', parts=()))
    """
    if isinstance(x, bool):
        return Operand(BIT, "true" if x else "false")
    if isinstance(x, int):
        return Operand(INTEGER, str(x))
    return Operand(DOUBLE, float_text(x))


def float_text(x: float) -> str:
    """Return a float as LLVM reads it without rounding: its bits."""
    packed = struct.pack("<d", x)
    (bits,) = struct.unpack("<Q", packed)
    return f"0x{bits:016X}"


def common_type(x: str, y: str) -> str:
    """Return the type of what two types make together; a float beside others is a double.

    >>> common_type(FLOAT, FLOAT), common_type(FLOAT, INTEGER), common_type(BIT, "<8 x i64>")
    ('float', 'double', '<8 x i64>')
    """
    lanes = max(lanes_of(x), lanes_of(y))
    x = one_of(x)
    y = one_of(y)
    if x == y:
        return vector(x, lanes)
    one = DOUBLE if x in NUMBERS or y in NUMBERS else INTEGER
    return vector(one, lanes)


def converted(body: Body, x: Operand, type_: str) -> Operand:
    """Return a number, or a vector, as one of another type; a number as a vector of equal ones."""
    if x.type == type_:
        return x
    lanes = lanes_of(type_)
    if lanes_of(x.type) < lanes:
        one = converted(body, x, one_of(type_))
        return spread(body, one, lanes)
    if x.type == INTEGER and type_ == DOUBLE and is_whole(x.text):
        number = int(x.text)
        return constant(float(number))
    instruction = conversion(one_of(x.type), one_of(type_))
    found = body.let(f"{instruction} {x.typed} to {type_}")
    return Operand(type_, found)


def is_whole(text: str) -> bool:
    """Tell whether a text is that of a constant integer."""
    return text.removeprefix("-").isdigit()


def spread(body: Body, x: Operand, lanes: int) -> Operand:
    """Return a vector of equal numbers."""
    type_ = vector(x.type, lanes)
    if not x.text.startswith("%"):
        return Operand(type_, f"splat ({x.typed})")
    one = body.let(f"insertelement {type_} poison, {x.typed}, i32 0")
    zeros = f"<{lanes} x i32> zeroinitializer"
    found = body.let(f"shufflevector {type_} {one}, {type_} poison, {zeros}")
    return Operand(type_, found)


def conversion(old: str, new: str) -> str:
    """Return the instruction that makes a number of one type one of another."""
    if new in NUMBERS:
        if old == BIT:
            return "uitofp"
        if old in NUMBERS:
            return "fpext" if new == DOUBLE else "fptrunc"
        return "sitofp"
    if old in NUMBERS:
        return "fptosi"
    if old == BIT:
        return "zext"
    return "sext" if BYTES[old] < BYTES[new] else "trunc"


def arithmetic(body: Body, sign: str, x: Operand, y: Operand) -> Operand:
    """Return the result of an operation of Python's on two numbers.

    Raises: KeyError: there is none.
    """
    type_ = common_type(x.type, y.type)
    one = one_of(type_)
    if one == BIT and sign in "&|^":
        x = converted(body, x, type_)
        y = converted(body, y, type_)
        return Operand(type_, body.let(f"{WHOLE[sign]} {x.typed}, {y.text}"))
    if sign == "/" and one not in NUMBERS:
        one = DOUBLE
    if one == BIT:
        one = INTEGER
    type_ = vector(one, lanes_of(type_))
    x = converted(body, x, type_)
    y = converted(body, y, type_)
    if one in NUMBERS:
        return Operand(type_, body.let(f"{FLOATING[sign]}{body.flags} {x.typed}, {y.text}"))
    if sign in ("//", "%"):
        return floored(body, sign, x, y)
    return Operand(type_, body.let(f"{WHOLE[sign]} {x.typed}, {y.text}"))


def floored(body: Body, sign: str, x: Operand, y: Operand) -> Operand:
    """Return the quotient or the rest of integers, rounded down as Python does."""
    quotient = body.let(f"sdiv i64 {x.text}, {y.text}")
    rest = body.let(f"srem i64 {x.text}, {y.text}")
    some = body.let(f"icmp ne i64 {rest}, 0")
    signs = body.let(f"xor i64 {rest}, {y.text}")
    other = body.let(f"icmp slt i64 {signs}, 0")
    below = body.let(f"and i1 {some}, {other}")
    if sign == "//":
        less = body.let(f"sub i64 {quotient}, 1")
        return Operand(INTEGER, body.let(f"select i1 {below}, i64 {less}, i64 {quotient}"))
    more = body.let(f"add i64 {rest}, {y.text}")
    return Operand(INTEGER, body.let(f"select i1 {below}, i64 {more}, i64 {rest}"))


def compared(body: Body, sign: str, x: Operand, y: Operand) -> Operand:
    """Return whether two numbers stand in an order."""
    type_ = common_type(x.type, y.type)
    x = converted(body, x, type_)
    y = converted(body, y, type_)
    found = vector(BIT, lanes_of(type_))
    if one_of(type_) in NUMBERS:
        return Operand(found, body.let(f"fcmp {ORDERED[sign]} {x.typed}, {y.text}"))
    return Operand(found, body.let(f"icmp {SIGNED[sign]} {x.typed}, {y.text}"))


def opposite(body: Body, condition: Operand) -> Operand:
    """Return whether a condition is not true."""
    return arithmetic(body, "^", condition, constant(True))


def inverted(body: Body, x: Operand) -> Operand:
    """Return an integer with all bits changed, which is ~x."""
    return arithmetic(body, "^", x, constant(-1))


def truth(body: Body, x: Operand) -> Operand:
    """Return whether a number is not 0."""
    return x if one_of(x.type) == BIT else compared(body, "!=", x, constant(0))


def chosen(body: Body, condition: Operand, x: Operand, y: Operand) -> Operand:
    """Return one of two operands, of vectors lane by lane."""
    if x.type == TUPLE:
        pairs = zip(x.parts, y.parts, strict=True)
        return joined(chosen(body, condition, one, other) for one, other in pairs)
    if x.type == POINTER:
        found = body.let(f"select {condition.typed}, {x.typed}, {y.typed}")
        return x._replace(text=found)
    type_ = common_type(x.type, y.type)
    lanes = max(lanes_of(type_), lanes_of(condition.type))
    type_ = vector(one_of(type_), lanes)
    x = converted(body, x, type_)
    y = converted(body, y, type_)
    return Operand(type_, body.let(f"select {condition.typed}, {x.typed}, {y.typed}"))


def merged(body: Body, x: Operand, block: str, y: Operand, other: str) -> Operand:
    """Return an operand, or another of its kind, by the block from which this one was reached."""
    if x.type == TUPLE:
        pairs = zip(x.parts, y.parts, strict=True)
        return joined(merged(body, one, block, two, other) for one, two in pairs)
    text = f"phi {x.type} [{x.text}, %{block}], [{y.text}, %{other}]"
    return x._replace(text=body.let(text))


def poison(x: Operand) -> Operand:
    """Return what stands for an operand where nobody looks at it."""
    parts = tuple(map(poison, x.parts))
    return x._replace(text="poison", parts=parts)


def added_in_order(body: Body, start: Operand, x: Operand) -> Operand:
    """Return a number plus those of a vector, one after the other."""
    lanes = lanes_of(x.type)
    if lanes == 1:
        return arithmetic(body, "+", start, x)
    width = "f32" if start.type == FLOAT else "f64"
    name = f"llvm.vector.reduce.fadd.v{lanes}{width}"
    found = body.call(start.type, name, start, x)
    return Operand(start.type, found)


def element(body: Body, pointer: Operand, index: Operand) -> Operand:
    """Return the address of an element."""
    index = converted(body, index, INTEGER)
    text = f"getelementptr inbounds {pointer.element}, ptr {pointer.text}, {index.typed}"
    return Operand(POINTER, body.let(text), pointer.element)


def loaded(body: Body, pointer: Operand) -> Operand:
    """Return what an address points to; a short integer as one of 64 bits."""
    text = body.let(f"load {pointer.element}, ptr {pointer.text}, {memory(pointer.element)}")
    x = Operand(pointer.element, text)
    return converted(body, x, INTEGER) if x.type == SHORT else x


def stored(body: Body, x: Operand, pointer: Operand) -> None:
    """Write a number to an address."""
    x = converted(body, x, pointer.element)
    body.do(f"store {x.typed}, ptr {pointer.text}, {memory(pointer.element)}")


def memory(type_: str) -> str:
    """Return what LLVM is told of an access: how it is aligned, and what it cannot overlap with."""
    return f"align {BYTES[type_]}, !tbaa !{ALIAS_TAGS[type_]}"


Each = Callable[[Operand, Sequence[Operand]], Sequence[Operand]]


def loop(
    body: Body,
    start: Operand,
    stop: Operand,
    step: int,
    carried: Sequence[Operand],
    each: Each,
) -> list[Operand]:
    """Write `for k in range(start, stop, step): numbers = each(k, numbers)`; return those after it.

    Args:
        carried: the numbers at first.
        each: writes a turn, given k and the numbers as the turn before left them.
    """
    before = body.block
    inside = body.label()
    after = body.label()
    names = [body.label() for _ in range(len(carried) + 1)]
    some = compared(body, "<", start, stop)
    body.branch(some.text, inside, after)
    body.begin(inside)
    head = len(body.lines)
    k = Operand(INTEGER, f"%{names[0]}")
    running = [x._replace(text=f"%{name}") for name, x in zip(names[1:], carried)]
    left = each(k, running)
    following = Operand(INTEGER, body.let(f"add nsw i64 {k.text}, {step}"))
    more = compared(body, "<", following, stop)
    end = body.block
    firsts = [start, *carried]
    agains = [following, *left]
    body.lines[head:head] = [
        f"  {x.text} = phi {x.type} [{first.text}, %{before}], [{again.text}, %{end}]"
        for x, first, again in zip([k, *running], firsts, agains)
    ]
    body.branch(more.text, inside, after)
    body.begin(after)
    return [merged(body, x, before, again, end) for x, again in zip(carried, left)]
