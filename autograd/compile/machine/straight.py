"""Straight-line kernels: neighbouring instructions of few members, written out as one function.

A kernel of the machine costs a call and some table lookups for each instruction, and every number
goes through memory. Where instructions have few members each, a stretch of them becomes a function
of its own: all operations one after another, numbers in registers, several lanes at once. Backward
it adds to adjoints in the order in which the kernels of single instructions do, so that no bit of a
result depends on which of the two ran.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from autograd.compile.lower.program import Dot, Instruction, Map, Program, Total
from autograd.compile.machine import elementary, ir, objects
from autograd.compile.machine.codegen import ELEMENT_TYPES, MIN_NUMBERS_OF_VECTOR, kernel_types
from autograd.compile.machine.functions import INLINE, NAMES, VECTOR, VECTORIZED, function_of
from autograd.compile.machine.intrinsics import LANES
from autograd.compile.machine.ir import BIT, INTEGER, POINTER, Body, Operand
from autograd.compile.machine.predicated import Library
from autograd.compile.machine.translate import Untranslatable, function_text, parameter
from autograd.compile.reference.own_primitives import is_own
from autograd.compile.sources import NoSource
from autograd.compile.tracing.rules import ancestors, rules_of
from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive, Variadic
from autograd.primitives import neg, pos, rounded

MAX_MEMBERS = 8  # of an instruction: more that stand in order are a loop's business
MIN_INSTRUCTIONS = 3  # of a stretch that is worth a function
MAX_OPERATIONS = 2000  # of a program: to compile more takes longer than that is worth
ONE, MANY = "one", "many"  # lanes of a job: a single one, or blocks
SIGN_BIT = -(2**63)


@dataclass
class Stretch:
    """Neighbouring instructions that one function computes.

    Attributes: `start` and `stop`, their places in the program.
    """

    start: int
    stop: int
    steps: Sequence[Instruction]


def stretches(program: Program) -> list[Stretch]:
    """Return the stretches of a program, one after the other; none where they are too much."""
    found = list(runs(program))
    total = sum(operations_of(step) for stretch in found for step in stretch.steps)
    return found if total <= MAX_OPERATIONS else []


def runs(program: Program) -> Iterator[Stretch]:
    """Yield the longest stretches of a program that can be written out."""
    start, operations = 0, 0
    steps = program.instructions
    for i, step in enumerate(steps):
        size = operations_of(step) if is_simple(step) else 0
        if not size or operations + size > MAX_OPERATIONS:
            if i - start >= MIN_INSTRUCTIONS:
                yield Stretch(start, i, steps[start:i])
            start, operations = (i, size) if size else (i + 1, 0)
        else:
            operations += size
    if len(steps) - start >= MIN_INSTRUCTIONS:
        yield Stretch(start, len(steps), steps[start:])


def is_simple(step: Instruction) -> bool:
    """Tell whether an instruction has few members, of numbers in slots, and can be written out."""
    if step.count > MAX_MEMBERS and stands_in_order(step):
        return False
    if isinstance(step, Total):
        return True
    if isinstance(step, Dot):
        return bool((step.left >= 0).all() and (step.bias >= 0).all())
    if not isinstance(step, Map) or isinstance(step.op, Variadic) or step.op is rounded:
        return False
    return not is_own(step.op) and is_written(step.op, step.edges)


def stands_in_order(step: Instruction) -> bool:
    """Tell whether the operands of members follow one another, so that a loop needs no table."""
    return all(bool((np.diff(slots) == 1).all()) for slots in step.reads())


def operations_of(step: Instruction) -> int:
    """Return how many operations an instruction has."""
    if isinstance(step, Total):
        return int(step.terms.size)
    return 2 * int(step.left.size) if isinstance(step, Dot) else step.count


@cache
def is_written(op: Primitive, edges: tuple[bool, ...]) -> bool:
    """Tell whether a primitive and its slopes can be written out for vectors."""
    library = Library(elementary.INSTEAD)
    numbers = [Operand(ir.vector(ir.DOUBLE, LANES), f"%x{i}") for i in range(len(edges))]
    writer = Arithmetic(library, Body())
    try:
        out = writer.applied(op, numbers)
        writer.slopes(op, numbers, out, edges)
    except (Untranslatable, NoSource, TypeError, AttributeError, KeyError):
        return False
    return True


class Arithmetic:
    """Writes operations of the table on numbers in registers."""

    def __init__(self, library: Library, body: Body) -> None:
        self.library = library
        self.body = body

    def applied(self, op: Primitive, operands: Sequence[Operand]) -> Operand:
        """Return the result of a primitive."""
        if op in INLINE:
            return ir.arithmetic(self.body, INLINE[op], *operands)
        if op is neg:
            return Operand(operands[0].type, self.body.let(f"fneg {operands[0].typed}"))
        if op is pos:
            return operands[0]
        found = self.library.result(function_of(op), operands, self.body)
        is_mask = ir.one_of(found.type) == BIT
        return ir.converted(self.body, found, operands[0].type) if is_mask else found

    def slopes(
        self, op: Primitive, operands: Sequence[Operand], out: Operand, edges: Sequence[bool]
    ) -> list[tuple[Operand, Operand | None]]:
        """Return for each edge its slope, and where there is none: a mask, or None for nowhere."""
        rules = rules_of(op, len(operands), edges)
        count = sum(edges)
        found = dict(zip(rules.inputs, [*operands, out]))
        found |= {place: ir.constant(x) for place, x in rules.constants.items()}
        for place in sorted(ancestors(rules, rules.outputs)):
            rule = rules.ops[place]
            if rule is not None:
                numbers = [found[x] for x in rules.operands[place]]
                found[place] = self.applied(rule, self.alike(numbers, out))
        masks = [self.mask_of(rules, found, place) for place in rules.outputs[count:]]
        return list(zip((found[place] for place in rules.outputs[:count]), masks))

    def alike(self, numbers: Sequence[Operand], model: Operand) -> list[Operand]:
        """Return numbers of which constants have as many lanes as the others."""
        lanes = ir.lanes_of(model.type)
        if lanes == 1 or all(ir.lanes_of(x.type) == lanes for x in numbers):
            return list(numbers)
        return [
            x if ir.lanes_of(x.type) == lanes else ir.spread(self.body, as_number(x), lanes)
            for x in numbers
        ]

    def mask_of(self, rules: Tape, found: dict[int, Operand], place: int) -> Operand | None:
        """Return where a result is constant in an operand; None where it never is."""
        if rules.constants.get(place) is False:
            return None
        return ir.truth(self.body, found[place])


def as_number(x: Operand) -> Operand:
    """Return a constant integer or bool as a double."""
    if x.type == INTEGER:
        return ir.constant(float(int(x.text)))
    return ir.constant(float(x.text == "true")) if x.type == BIT else x


class Registers:
    """The numbers of slots: read once, and kept.

    Args:
        width: how many lanes at once.
        lanes, lane: of a block, how many and the first of these; None where there is only one.
    """

    def __init__(
        self, body: Body, base: Operand, width: int, lanes: Operand | None, lane: Operand | None
    ) -> None:
        self.body = body
        self.base = base
        self.type = ir.vector(base.element, width)
        self.lanes = lanes
        self.lane = lane
        self.held: dict[int, Operand] = {}

    def address(self, slot: int) -> str:
        """Return where a slot's numbers stand."""
        index = ir.constant(slot)
        if self.lanes is not None and self.lane is not None:
            row = ir.arithmetic(self.body, "*", index, self.lanes)
            index = ir.arithmetic(self.body, "+", row, self.lane)
        return ir.element(self.body, self.base, index).text

    def get(self, slot: int) -> Operand:
        """Return the numbers of a slot."""
        if slot not in self.held:
            access = ir.memory(self.base.element)
            text = f"load {self.type}, ptr {self.address(slot)}, {access}"
            self.held[slot] = Operand(self.type, self.body.let(text))
        return self.held[slot]

    def put(self, slot: int, x: Operand) -> None:
        """Keep new numbers of a slot, not yet in memory."""
        self.held[slot] = ir.converted(self.body, x, self.type)

    def store(self, slot: int) -> None:
        """Write the numbers of a slot to memory."""
        access = ir.memory(self.base.element)
        self.body.do(f"store {self.held[slot].typed}, ptr {self.address(slot)}, {access}")


class Writer:
    """Writes a stretch for so many lanes at once, forward or backward."""

    def __init__(
        self, library: Library, body: Body, width: int, make: Callable[[Operand], Registers]
    ) -> None:
        self.body = body
        self.width = width
        self.arithmetic = Arithmetic(library, body)
        self.make = make
        self.values = make(body_argument("values"))

    def forward(self, steps: Sequence[Instruction]) -> None:
        """Write all operations, and store all results."""
        for step in steps:
            for i, x in enumerate(self.results(step)):
                self.values.put(step.out + i, x)
            for i in range(step.count):
                self.values.store(step.out + i)

    def results(self, step: Instruction) -> list[Operand]:
        """Return the results of an instruction's members."""
        if not isinstance(step, Map):
            return [self.result(step, i) for i in range(step.count)]
        found: list[Operand] = []
        for members in self.together(step, step.op in VECTORIZED):
            rows = [[self.values.get(slot) for slot in row[members]] for row in lists(step)]
            operands = [self.joined(row) for row in rows]
            found += self.parted(self.arithmetic.applied(step.op, operands), len(rows[0]))
        return found

    def together(self, step: Map, is_long: bool) -> list[slice]:
        """Return which members are computed at once.

        Where there is a single lane, several members of a long function make up a vector.
        """
        size = LANES if is_long and self.width == 1 and step.count >= MIN_NUMBERS_OF_VECTOR else 1
        return [slice(i, min(i + size, step.count)) for i in range(0, step.count, size)]

    def joined(self, numbers: Sequence[Operand]) -> Operand:
        """Return numbers as one vector, filled up with the last; one alone as it is."""
        if len(numbers) == 1:
            return numbers[0]
        type_ = ir.vector(numbers[0].type, LANES)
        found = "poison"
        for lane in range(LANES):
            x = numbers[min(lane, len(numbers) - 1)]
            found = self.body.let(f"insertelement {type_} {found}, {x.typed}, i32 {lane}")
        return Operand(type_, found)

    def parted(self, x: Operand, count: int) -> list[Operand]:
        """Return the first numbers of a vector that was joined of so many."""
        if count == 1:
            return [x]
        one = ir.one_of(x.type)
        names = [self.body.let(f"extractelement {x.typed}, i32 {lane}") for lane in range(count)]
        return [Operand(one, name) for name in names]

    def result(self, step: Instruction, i: int) -> Operand:
        """Return the result of a member of an instruction that adds."""
        if isinstance(step, Total):
            first, *others = self.numbers(step.terms[:, i])
            for x in others:
                first = ir.arithmetic(self.body, "+", first, x)
            return first
        assert isinstance(step, Dot)  # there are no others: see `is_simple`
        (total,) = self.numbers(step.bias[i : i + 1])
        for x, y in zip(self.numbers(step.left[:, i]), self.numbers(step.right[:, i])):
            product = ir.arithmetic(self.body, "*", x, y)
            total = ir.arithmetic(self.body, "+", total, product)
        return total

    def numbers(self, slots: Any) -> list[Operand]:
        """Return the numbers of some slots."""
        return [self.values.get(slot) for slot in slots.tolist()]

    def backward(self, steps: Sequence[Instruction]) -> None:
        """Write what each instruction adds to adjoints, the last first, and store those."""
        self.adjoints = self.make(body_argument("adjoints"))
        self.touched: dict[int, None] = {}
        for step in reversed(steps):
            if isinstance(step, Map):
                self.map_backward(step)
            elif isinstance(step, Total):
                self.total_backward(step)
            elif isinstance(step, Dot):
                self.dot_backward(step)
        made = {slot for step in steps for slot in range(step.out, step.out + step.count)}
        for slot in self.touched:
            if slot not in made:
                self.adjoints.store(slot)

    def add(self, slot: int, x: Operand) -> None:
        """Add to the adjoint of a slot."""
        self.adjoints.put(slot, ir.arithmetic(self.body, "+", self.adjoints.get(slot), x))
        self.touched[slot] = None

    def map_backward(self, step: Map) -> None:
        """Write the contributions of a primitive, edge by edge and member by member."""
        if not any(step.edges):
            return
        parents = [k for k, edge in enumerate(step.edges) if edge]
        contributions: list[list[Operand]] = [[] for _ in parents]
        used = rules_of(step.op, len(step.edges), step.edges).ops
        for members in self.together(step, any(op in VECTORIZED for op in used)):
            count = members.stop - members.start
            for place, x in enumerate(self.contributions(step, members)):
                contributions[place] += self.parted(x, count)
        for place, k in enumerate(parents):
            for i in range(step.count):
                self.add(int(step.operands[k, i]), contributions[place][i])

    def contributions(self, step: Map, members: slice) -> Iterator[Operand]:
        """Yield what members add over each of their edges."""
        slots = list(range(step.out, step.out + step.count))[members]
        upstream = self.joined([self.adjoints.get(slot) for slot in slots])
        out = self.joined([self.values.get(slot) for slot in slots])
        rows = [[self.values.get(slot) for slot in row[members]] for row in lists(step)]
        operands = [self.joined(row) for row in rows]
        absent = self.absence(upstream) if step.optional else None
        nothing = ir.constant(-0.0)
        for slope, is_constant in self.arithmetic.slopes(step.op, operands, out, step.edges):
            product = ir.arithmetic(self.body, "*", slope, upstream)
            if step.optional or is_constant is not None:
                product = ir.arithmetic(self.body, "+", product, ir.constant(0.0))
            if is_constant is not None:
                product = ir.chosen(self.body, is_constant, nothing, product)
            if absent is not None:
                product = ir.chosen(self.body, absent, nothing, product)
            yield product

    def absence(self, upstream: Operand) -> Operand:
        """Return in which lanes there is no adjoint: it is -0.0 there."""
        lanes = ir.lanes_of(upstream.type)
        double = ir.converted(self.body, upstream, ir.vector(ir.DOUBLE, lanes))
        whole = ir.vector(INTEGER, lanes)
        found = Operand(whole, self.body.let(f"bitcast {double.typed} to {whole}"))
        return ir.compared(self.body, "==", found, ir.constant(SIGN_BIT))

    def total_backward(self, step: Total) -> None:
        """Add the adjoint of each sum to those of its terms."""
        if not step.edges:
            return
        for i in range(step.count):
            upstream = self.adjoints.get(step.out + i)
            for slot in step.terms[:, i].tolist():
                self.add(slot, upstream)

    def dot_backward(self, step: Dot) -> None:
        """Apply the product rule to each pair."""
        flows, to_left, to_right = step.edges
        if not flows:
            return
        for i in range(step.count):
            self.add(int(step.bias[i]), self.adjoints.get(step.out + i))
        for i in range(step.count):
            upstream = self.adjoints.get(step.out + i)
            absent = self.absence(upstream) if step.optional else None
            for x, y in zip(step.left[:, i].tolist(), step.right[:, i].tolist()):
                if to_left:
                    self.add(x, self.share(y, upstream, absent))
                if to_right:
                    self.add(y, self.share(x, upstream, absent))

    def share(self, slot: int, upstream: Operand, absent: Operand | None) -> Operand:
        """Return the other number of a pair times the adjoint."""
        product = ir.arithmetic(self.body, "*", self.values.get(slot), upstream)
        if absent is None:
            return product
        product = ir.arithmetic(self.body, "+", product, ir.constant(0.0))
        return ir.chosen(self.body, absent, ir.constant(-0.0), product)


def lists(step: Map) -> list[list[int]]:
    """Return the slots of a primitive's operands, a list for each operand."""
    found: list[list[int]] = step.operands.tolist()
    return found


def body_argument(name: str) -> Operand:
    """Return an argument of a kernel: see `kernels`."""
    names = ("code", "tables", "shared", "values", "adjoints", "gradient", "scratch", "lanes")
    return Operand(POINTER, f"%a{names.index(name)}")


class StretchKernels:
    """The forward and the backward kernel of a stretch, for one kind of jobs.

    Args: mode: ONE for jobs of a single lane, MANY for blocks of lanes.
    """

    def __init__(self, steps: Sequence[Instruction], dtype: str, functions: str, mode: str) -> None:
        self.steps = steps
        self.dtype = dtype
        self.functions = functions
        self.mode = mode

    def meaning(self) -> str:
        """Return all that the kernels are made from, beside the sources."""
        lines = [f"straight {self.dtype} {self.functions} {self.mode}"]
        return "\n".join([*lines, *map(description, self.steps)])

    def addresses(self) -> tuple[int, int]:
        """Return where the kernels are; 0 for a backward one that has nothing to do."""
        meaning = self.meaning()
        digest = hashlib.sha256(meaning.encode()).hexdigest()[:20]
        ways = ["forward", "backward"] if any(map(flows_back, self.steps)) else ["forward"]
        names = [f"{way}_{digest}" for way in ways]
        found = objects.loaded(meaning, lambda: self.text(names), names, objects.STRAIGHT)
        forward, *backward = found
        return forward, backward[0] if backward else 0

    def text(self, names: Sequence[str]) -> str:
        """Return the kernels in LLVM's language."""
        library = Library(elementary.INSTEAD if self.functions == VECTOR else {})
        for name, way in zip(names, (Writer.forward, Writer.backward)):
            self.add(library, name, way)
        return library.module.text()

    def add(self, library: Library, name: str, way: Callable[..., None]) -> None:
        """Add a kernel."""
        body = Body()
        if self.mode == ONE:
            self.write(library, body, way, 1, None, None)
        else:
            lanes = Operand(INTEGER, f"%a{len(kernel_types(self.dtype)) - 1}")
            whole = ir.arithmetic(body, "&", lanes, ir.constant(-LANES))
            for width, start, stop in ((LANES, ir.constant(0), whole), (1, whole, lanes)):
                self.write_loop(library, body, way, width, start, stop, lanes)
        body.do("ret void")
        arguments = [parameter(i, type_) for i, type_ in enumerate(kernel_types(self.dtype))]
        library.module.declared |= body.declared
        result = Operand("void", "")
        text = function_text("", name, arguments, result, body, "")
        library.module.functions.append(text)

    def write_loop(
        self,
        library: Library,
        body: Body,
        way: Callable[..., None],
        width: int,
        start: Operand,
        stop: Operand,
        lanes: Operand,
    ) -> None:
        """Write a loop over the lanes of a block, so many at once."""
        before, inside, after = body.block, body.label(), body.label()
        lane = Operand(INTEGER, f"%{body.label()}")
        some = ir.compared(body, "<", start, stop)
        body.branch(some.text, inside, after)
        body.begin(inside)
        place = len(body.lines)
        self.write(library, body, way, width, lanes, lane)
        following = body.let(f"add nsw i64 {lane.text}, {width}")
        phi = f"phi i64 [{start.text}, %{before}], [{following}, %{body.block}]"
        body.lines.insert(place, f"  {lane.text} = {phi}")
        more = ir.compared(body, "<", Operand(INTEGER, following), stop)
        body.branch(more.text, inside, after)
        body.begin(after)

    def write(
        self,
        library: Library,
        body: Body,
        way: Callable[..., None],
        width: int,
        lanes: Operand | None,
        lane: Operand | None,
    ) -> None:
        """Write the operations for so many lanes."""
        element = ELEMENT_TYPES[self.dtype]

        def make(base: Operand) -> Registers:
            return Registers(body, base._replace(element=element), width, lanes, lane)

        way(Writer(library, body, width, make), self.steps)


def flows_back(step: Instruction) -> bool:
    """Tell whether an instruction adds to adjoints."""
    edges: Any = step.edges  # type: ignore[attr-defined]
    return bool(edges) if isinstance(step, Total) else any(edges)


def description(step: Instruction) -> str:
    """Return all of an instruction as a line of text."""
    if isinstance(step, Map):
        what = f"{NAMES[step.op]} {step.edges} {step.optional} {step.operands.tolist()}"
    elif isinstance(step, Total):
        what = f"total {step.edges} {step.terms.tolist()}"
    else:
        assert isinstance(step, Dot)
        tables = [step.bias.tolist(), step.left.tolist(), step.right.tolist()]
        what = f"dot {step.edges} {step.optional} {tables}"
    return f"{step.out} {step.count} {what}"
