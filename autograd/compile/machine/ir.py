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
    old = one_of(x.type)
    new = one_of(type_)
    instruction = conversion(old, new)
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
    # Python's / of integers is a float, and True + True is 2, but True & True is True.
    stays_bit = one == BIT and sign in "&|^"
    if sign == "/" and one not in NUMBERS:
        one = DOUBLE
    elif one == BIT and not stays_bit:
        one = INTEGER
    type_ = vector(one, lanes_of(type_))
    x = converted(body, x, type_)
    y = converted(body, y, type_)
    if one in NUMBERS:
        instruction = f"{FLOATING[sign]}{body.flags}"
    elif sign in ("//", "%"):
        return floored(body, sign, x, y)
    else:
        instruction = WHOLE[sign]
    found = body.let(f"{instruction} {x.typed}, {y.text}")
    return Operand(type_, found)


def floored(body: Body, sign: str, x: Operand, y: Operand) -> Operand:
    """Return the quotient or the rest of integers, rounded down as Python does."""
    # The processor rounds to zero: that is one too many where a rest has the other sign than y.
    quotient = body.let(f"sdiv i64 {x.text}, {y.text}")
    rest = body.let(f"srem i64 {x.text}, {y.text}")
    some = body.let(f"icmp ne i64 {rest}, 0")
    signs = body.let(f"xor i64 {rest}, {y.text}")
    other = body.let(f"icmp slt i64 {signs}, 0")
    below = body.let(f"and i1 {some}, {other}")
    if sign == "//":
        less = body.let(f"sub i64 {quotient}, 1")
        found = body.let(f"select i1 {below}, i64 {less}, i64 {quotient}")
        return Operand(INTEGER, found)
    more = body.let(f"add i64 {rest}, {y.text}")
    found = body.let(f"select i1 {below}, i64 {more}, i64 {rest}")
    return Operand(INTEGER, found)


def compared(body: Body, sign: str, x: Operand, y: Operand) -> Operand:
    """Return whether two numbers stand in an order."""
    type_ = common_type(x.type, y.type)
    x = converted(body, x, type_)
    y = converted(body, y, type_)
    of_floats = one_of(type_) in NUMBERS
    comparison = f"fcmp {ORDERED[sign]}" if of_floats else f"icmp {SIGNED[sign]}"
    found = body.let(f"{comparison} {x.typed}, {y.text}")
    mask = vector(BIT, lanes_of(type_))
    return Operand(mask, found)


def opposite(body: Body, condition: Operand) -> Operand:
    """Return whether a condition is not true."""
    true = constant(True)
    return arithmetic(body, "^", condition, true)


def inverted(body: Body, x: Operand) -> Operand:
    """Return an integer with all bits changed, which is ~x."""
    ones = constant(-1)
    return arithmetic(body, "^", x, ones)


def truth(body: Body, x: Operand) -> Operand:
    """Return whether a number is not 0."""
    if one_of(x.type) == BIT:
        return x
    zero = constant(0)
    return compared(body, "!=", x, zero)


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
    found = body.let(f"select {condition.typed}, {x.typed}, {y.typed}")
    return Operand(type_, found)


def merged(body: Body, x: Operand, block: str, y: Operand, other: str) -> Operand:
    """Return an operand, or another of its kind, by the block from which this one was reached."""
    if x.type == TUPLE:
        pairs = zip(x.parts, y.parts, strict=True)
        return joined(merged(body, one, block, two, other) for one, two in pairs)
    text = f"phi {x.type} [{x.text}, %{block}], [{y.text}, %{other}]"
    found = body.let(text)
    return x._replace(text=found)


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
    address = body.let(text)
    return Operand(POINTER, address, pointer.element)


def loaded(body: Body, pointer: Operand) -> Operand:
    """Return what an address points to; a short integer as one of 64 bits."""
    access = memory(pointer.element)
    text = body.let(f"load {pointer.element}, ptr {pointer.text}, {access}")
    x = Operand(pointer.element, text)
    return converted(body, x, INTEGER) if x.type == SHORT else x


def stored(body: Body, x: Operand, pointer: Operand) -> None:
    """Write a number to an address."""
    x = converted(body, x, pointer.element)
    access = memory(pointer.element)
    body.do(f"store {x.typed}, ptr {pointer.text}, {access}")


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
    counter, *names = body.labels(len(carried) + 1)
    # It may have no turn at all.
    some = compared(body, "<", start, stop)
    body.branch(some.text, inside, after)
    body.begin(inside)
    head = len(body.lines)
    k = Operand(INTEGER, f"%{counter}")
    running = [x._replace(text=f"%{name}") for name, x in zip(names, carried)]
    left = each(k, running)
    text = body.let(f"add nsw i64 {k.text}, {step}")
    following = Operand(INTEGER, text)
    more = compared(body, "<", following, stop)
    # What a turn begins with stands at its head, and is known only when it has been written.
    end = body.block
    beginnings = [k, *running]
    firsts = [start, *carried]
    agains = [following, *left]
    lines: list[str] = []
    for x, first, again in zip(beginnings, firsts, agains):
        line = f"  {x.text} = phi {x.type} [{first.text}, %{before}], [{again.text}, %{end}]"
        lines.append(line)
    body.lines[head:head] = lines
    body.branch(more.text, inside, after)
    body.begin(after)
    return [merged(body, x, before, again, end) for x, again in zip(carried, left)]
