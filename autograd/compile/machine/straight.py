"""Straight-line code: instructions written out one after another, numbers in registers.

Backward it adds to adjoints in the order in which the kernels of single instructions do, so that no
bit of a result depends on which of the two ran. A loop stays a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from autograd.compile.lower.program import Dot, Map, Total
from autograd.compile.machine import ir
from autograd.compile.machine.arithmetic import Arithmetic
from autograd.compile.machine.codegen import MIN_NUMBERS_OF_VECTOR
from autograd.compile.machine.functions import VECTORIZED
from autograd.compile.machine.intrinsics import LANES
from autograd.compile.machine.ir import INTEGER, POINTER, Body, Operand
from autograd.compile.machine.predicated import Library
from autograd.compile.machine.registers import Registers, Slot, is_shared, phi
from autograd.compile.machine.turns import Named, Turns
from autograd.compile.tracing.rules import rules_of

SIGN_BIT = -(2**63)
ABSENT = -0.0  # an adjoint that is not there
Part = Named | Turns
Name = TypeVar("Name", bound=Slot)


class Writer:
    """Writes a stretch for so many lanes at once, forward or backward.

    Args:
        make: gives the registers of an array.
        adjoints: whether it goes backward.
    """

    def __init__(
        self, library: Library, body: Body, width: int, make: Callable[[Operand], Registers]
    ) -> None:
        self.body = body
        self.width = width
        self.arithmetic = Arithmetic(library, body)
        self.values = make(body_argument("values"))
        self.adjoints = make(body_argument("adjoints"))
        self.touched: dict[Slot, None] = {}
        self.at_once = False  # whether adjoints are added to in memory

    # Forward.

    def forward(self, parts: Sequence[Part]) -> None:
        """Write all operations, and store those results that are read from memory."""
        for part in parts:
            if isinstance(part, Turns):
                self.turns_forward(part)
                continue
            self.compute(part)
            for slot in part.results:
                if slot in part.stored:
                    self.values.store(slot)

    def compute(self, part: Named) -> None:
        """Write the operations of an instruction."""
        for slot, x in zip(part.results, self.results(part)):
            self.values.put(slot, x)

    def results(self, part: Named) -> list[Operand]:
        """Return the results of an instruction's members."""
        step = part.step
        if not isinstance(step, Map):
            return [self.result(part, i) for i in range(step.count)]
        found: list[Operand] = []
        for members in self.together(step.count, step.op in VECTORIZED):
            operands = [self.joined(self.numbers(row[members])) for row in part.rows]
            count = members.stop - members.start
            found += self.parted(self.arithmetic.applied(step.op, operands), count)
        return found

    def together(self, count: int, is_long: bool) -> list[slice]:
        """Return which members are computed at once.

        Where there is a single lane, several members of a long function make up a vector.
        """
        size = LANES if is_long and self.width == 1 and count >= MIN_NUMBERS_OF_VECTOR else 1
        return [slice(i, min(i + size, count)) for i in range(0, count, size)]

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

    def result(self, part: Named, i: int) -> Operand:
        """Return the result of a member of an instruction that adds."""
        numbers = self.numbers([row[i] for row in part.rows])
        total = numbers[0]
        if isinstance(part.step, Total):
            for x in numbers[1:]:
                total = ir.arithmetic(self.body, "+", total, x)
            return total
        terms = len(numbers) // 2
        for x, y in zip(numbers[1 : terms + 1], numbers[terms + 1 :]):
            product = ir.arithmetic(self.body, "*", x, y)
            total = ir.arithmetic(self.body, "+", total, product)
        return total

    def numbers(self, slots: Sequence[Slot]) -> list[Operand]:
        """Return the numbers of some slots."""
        return [self.values.get(slot) for slot in slots]

    # Backward.

    def backward(self, parts: Sequence[Part]) -> None:
        """Write what each instruction adds to adjoints, the last first, and store those."""
        for part in reversed(parts):
            if isinstance(part, Turns):
                self.turns_backward(part)
            else:
                self.give_back(part)
        made = {slot for part in parts if isinstance(part, Named) for slot in part.results}
        for slot in self.touched:
            if slot not in made:
                self.adjoints.store(slot)

    def give_back(self, part: Named) -> None:
        """Write what an instruction adds to adjoints."""
        step = part.step
        if isinstance(step, Map):
            self.map_backward(part, step)
        elif isinstance(step, Total):
            self.total_backward(part, step)
        elif isinstance(step, Dot):
            self.dot_backward(part, step)

    def add(self, slot: Slot, x: Operand) -> None:
        """Add to the adjoint of a slot; shared numbers that come here have none."""
        if is_shared(slot):
            return
        if self.at_once and self.is_in_memory(slot):
            total = ir.arithmetic(self.body, "+", self.adjoints.read(slot), x)
            self.adjoints.write(slot, total)
            return
        self.adjoints.put(slot, ir.arithmetic(self.body, "+", self.adjoints.get(slot), x))
        self.touched[slot] = None

    def map_backward(self, part: Named, step: Map) -> None:
        """Write the contributions of a primitive, edge by edge and member by member."""
        if not any(step.edges):
            return
        parents = [k for k, edge in enumerate(step.edges) if edge]
        contributions: list[list[Operand]] = [[] for _ in parents]
        used = rules_of(step.op, len(step.edges), step.edges).ops
        for members in self.together(step.count, any(op in VECTORIZED for op in used)):
            count = members.stop - members.start
            for place, x in enumerate(self.contributions(part, step, members)):
                contributions[place] += self.parted(x, count)
        for found, k in zip(contributions, parents):
            for slot, x in zip(part.rows[k], found):
                self.add(slot, x)

    def contributions(self, part: Named, step: Map, members: slice) -> Iterator[Operand]:
        """Yield what members add over each of their edges."""
        slots = part.results[members]
        upstream = self.joined([self.adjoints.get(slot) for slot in slots])
        out = self.joined(self.numbers(slots))
        operands = [self.joined(self.numbers(row[members])) for row in part.rows]
        absent = self.absence(upstream) if step.optional else None
        nothing = ir.constant(ABSENT)
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

    def total_backward(self, part: Named, step: Total) -> None:
        """Add the adjoint of each sum to those of its terms."""
        if not step.edges:
            return
        for i, slot in enumerate(part.results):
            upstream = self.adjoints.get(slot)
            for row in part.rows:
                self.add(row[i], upstream)

    def dot_backward(self, part: Named, step: Dot) -> None:
        """Apply the product rule to each pair."""
        flows, to_left, to_right = step.edges
        if not flows:
            return
        bias, *sides = part.rows
        for slot, result in zip(bias, part.results):
            self.add(slot, self.adjoints.get(result))
        terms = len(sides) // 2
        for i, result in enumerate(part.results):
            upstream = self.adjoints.get(result)
            absent = self.absence(upstream) if step.optional else None
            for left, right in zip(sides[:terms], sides[terms:]):
                if to_left:
                    self.add(left[i], self.share(right[i], upstream, absent))
                if to_right:
                    self.add(right[i], self.share(left[i], upstream, absent))

    def share(self, slot: Slot, upstream: Operand, absent: Operand | None) -> Operand:
        """Return the other number of a pair times the adjoint."""
        product = ir.arithmetic(self.body, "*", self.values.get(slot), upstream)
        if absent is None:
            return product
        product = ir.arithmetic(self.body, "+", product, ir.constant(0.0))
        return ir.chosen(self.body, absent, ir.constant(ABSENT), product)

    # Loops.

    def turns_forward(self, part: Turns) -> None:
        """Write a loop: what a turn takes from the one before it stays in registers."""
        outside = self.values
        for place in part.still():
            outside.get(place)
        first = {slot: outside.get(before.first) for slot, before in part.before.items()}
        turn, place, block = self.begin_loop()
        inside = self.values = outside.in_turn(turn)
        inside.held |= {slot: x for slot, x in outside.held.items() if isinstance(slot, int)}
        carried = self.named_registers(first, outside.type)
        inside.held |= {part.before[slot]: x for slot, x in carried.items()}
        for instruction in part.body:
            self.compute(instruction)
            for result in instruction.results:
                if result in part.stored:
                    inside.store(result)
        lines = [(x, first[slot], inside.get(slot)) for slot, x in carried.items()]
        self.end_loop(turn, place, block, part.turns, lines)
        self.values = outside

    def begin_loop(self) -> tuple[Operand, int, str]:
        """Begin a loop; return its counter, the line of its head, and the block before it."""
        before = self.body.block
        turn = Operand(INTEGER, f"%{self.body.label()}")
        self.body.begin(self.body.label())
        return turn, len(self.body.lines), before

    def named_registers(self, slots: Iterable[Name], type_: str) -> dict[Name, Operand]:
        """Return for each slot a name for what a turn takes from the one before it."""
        return {slot: Operand(type_, f"%{self.body.label()}") for slot in slots}

    def end_loop(
        self,
        turn: Operand,
        place: int,
        before: str,
        turns: int,
        carried: Sequence[tuple[Operand, Operand, Operand]],
    ) -> None:
        """End a loop of so many turns.

        Args: carried: of each register its name, what it is at first, and what a turn leaves.
        """
        inside = self.block_at(place)
        following = Operand(INTEGER, self.body.let(f"add nsw i64 {turn.text}, 1"))
        more = ir.compared(self.body, "<", following, ir.constant(turns))
        ways = [(turn, ir.constant(0), following), *carried]
        end = self.body.block
        for x, first, again in reversed(ways):
            phi(self.body, place, x, (first, before), (again, end))
        after = self.body.label()
        self.body.branch(more.text, inside, after)
        self.body.begin(after)

    def block_at(self, place: int) -> str:
        """Return the name of the block whose head is at a line."""
        return self.body.lines[place - 1].rstrip(":")

    def is_in_memory(self, slot: Slot) -> bool:
        """Tell whether a slot of a loop is none that has a register in each turn."""
        return slot not in self.kept

    def turns_backward(self, part: Turns) -> None:
        """Write a loop from its last turn to its first."""
        self.write_back()
        values, adjoints, touched = self.values, self.adjoints, self.touched
        for place in part.still():
            values.get(place)
        still = [place for place in part.still() if place >= 0] if part.in_registers else []
        first: dict[Slot, Operand] = {place: adjoints.get(place) for place in still}
        last = adjoints.in_turn(ir.constant(part.turns - 1))
        passed = list(part.before) if part.in_registers else []
        first |= {slot: last.read(slot) for slot in passed}
        count, line, block = self.begin_loop()
        turn = ir.arithmetic(self.body, "-", ir.constant(part.turns - 1), count)
        carried = self.named_registers(list(first), adjoints.type)
        self.values = values.in_turn(turn)
        self.values.held |= {slot: x for slot, x in values.held.items() if isinstance(slot, int)}
        self.adjoints = adjoints.in_turn(turn)
        self.adjoints.held |= carried
        self.touched = {}
        self.at_once = True
        own = {slot for instruction in part.body for slot in instruction.results}
        self.kept = {*own, *still, *(part.before[slot] for slot in passed)}
        for slot in own - part.looked_at - set(part.before):
            self.adjoints.held[slot] = ir.converted(self.body, ir.constant(ABSENT), adjoints.type)
        for instruction in reversed(part.body):
            self.give_back(instruction)
        inner, self.at_once = self.adjoints, False
        left: dict[Slot, Operand] = {slot: inner.get(part.before[slot]) for slot in passed}
        left |= {place: inner.get(place) for place in still}
        lines = [(x, first[slot], left[slot]) for slot, x in carried.items()]
        self.end_loop(count, line, block, part.turns, lines)
        self.values, self.adjoints, self.touched = values, adjoints, touched
        ends: dict[Slot, Operand] = {place: left[place] for place in still}
        ends |= {part.before[slot].first: left[slot] for slot in passed}
        adjoints.held |= ends
        touched |= dict.fromkeys(ends)

    def write_back(self) -> None:
        """Write adjoints to memory, from where a loop takes them, and forget them."""
        for slot in self.touched:
            self.adjoints.store(slot)
        self.touched.clear()
        self.adjoints.held.clear()


def body_argument(name: str) -> Operand:
    """Return an argument of a kernel: see `kernels`."""
    names = ("code", "tables", "shared", "values", "adjoints", "gradient", "scratch", "lanes")
    return Operand(POINTER, f"%a{names.index(name)}")
