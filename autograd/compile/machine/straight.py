"""Straight-line code: instructions written out one after another, numbers in registers.

Backward it adds to adjoints in the order in which the kernels of single instructions do, so that no
bit of a result depends on which of the two ran. A loop stays a loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from autograd.compile.lower.program import Dot, Map, Total
from autograd.compile.machine import ir
from autograd.compile.machine.arithmetic import Arithmetic
from autograd.compile.machine.codegen import MIN_NUMBERS_OF_VECTOR
from autograd.compile.machine.functions import VECTORIZED
from autograd.compile.machine.intrinsics import LANES
from autograd.compile.machine.ir import INTEGER, Operand
from autograd.compile.machine.predicated import Library
from autograd.compile.machine.registers import Registers, Slot, argument, is_shared
from autograd.compile.machine.turns import Named, Part, Turns
from autograd.compile.tracing.rules import rules_of

SIGN_BIT = -(2**63)
ABSENT = -0.0  # an adjoint that is not there


class Writer:
    """Writes a stretch for so many lanes at once, forward or backward.

    Args:
        registers: of any array, for they say which lanes.
        trained: how many shared numbers have a gradient.
    """

    def __init__(self, library: Library, registers: Registers, trained: int) -> None:
        self.body = registers.body
        self.width = registers.width
        self.arithmetic = Arithmetic(library, self.body)
        self.values = registers.of("values")
        self.adjoints = registers.of("adjoints")
        self.touched: dict[Slot, None] = {}
        self.kept: set[Slot] | None = None  # in a loop: what is not added to in memory at once
        self.alone: set[Slot] = set()  # to whose adjoints nobody else adds, from -0.0 on
        self.trained = trained
        self.shares: dict[Slot, Operand] = {}  # of each lane in the gradient by shared numbers

    # Forward.

    def forward(self, parts: Sequence[Part]) -> None:
        """Write all operations, and store those results that are read from memory."""
        for part in parts:
            if isinstance(part, Turns):
                self.turns_forward(part)
                continue
            self.compute(part, part.stored)

    def compute(self, part: Named, stored: Set[Slot]) -> None:
        """Write the operations of an instruction, whose results its partner may have made."""
        if not all(slot in self.values.held for slot in part.results):
            for slot, x in zip([*part.results, *part.partners], self.results(part)):
                self.values.put(slot, x)
        for slot in part.results:
            if slot in stored:
                self.values.store(slot)
        for slot in part.partners:
            if slot in part.kept:
                self.values.store(slot)

    def results(self, part: Named) -> list[Operand]:
        """Return the results of an instruction's members, and then what is made beside them."""
        step = part.step
        if not isinstance(step, Map):
            return [self.result(part, i) for i in range(step.count)]
        found: list[Operand] = []
        partners: list[Operand] = []
        for members in self.together(step.count, step.op in VECTORIZED):
            operands = [self.joined(self.numbers(row[members])) for row in part.rows]
            count = members.stop - members.start
            if part.partners:
                x, other = self.arithmetic.with_partner(step.op, operands[0])
                partners += self.parted(other, count)
            else:
                x = self.arithmetic.applied(step.op, operands)
            found += self.parted(x, count)
        return found + partners

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
        body = self.body
        numbers = self.numbers([row[i] for row in part.rows])
        total = numbers[0]
        if isinstance(part.step, Total):
            for x in numbers[1:]:
                total = ir.arithmetic(body, "+", total, x)
            return total
        terms = len(numbers) // 2
        for x, y in zip(numbers[1 : terms + 1], numbers[terms + 1 :]):
            product = ir.arithmetic(body, "*", x, y)
            total = ir.arithmetic(body, "+", total, product)
        return total

    def numbers(self, slots: Sequence[Slot]) -> list[Operand]:
        """Return the numbers of some slots."""
        return [self.values.get(slot) for slot in slots]

    # Backward.

    def backward(self, parts: Sequence[Part]) -> None:
        """Write what each instruction adds to adjoints, the last first, and store those."""
        self.alone.update(*(part.alone for part in parts if isinstance(part, Named)))
        self.adjoints.held |= dict.fromkeys(self.alone, self.nothing())
        for part in reversed(parts):
            if isinstance(part, Turns):
                self.turns_backward(part)
            else:
                self.give_back(part)
        made = {slot for part in parts if isinstance(part, Named) for slot in part.results}
        for slot in self.touched:
            if slot not in made:
                self.adjoints.store(slot)
        for slot, x in self.shares.items():
            self.add_to_gradient(slot, x)

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
        """Add to the adjoint of a slot, or to the gradient by a shared number if it has one."""
        body = self.body
        if is_shared(slot):
            self.add_share(slot, x)
            return
        if self.kept is not None and slot not in self.kept:
            total = ir.arithmetic(body, "+", self.adjoints.read(slot), x)
            self.adjoints.write(slot, total)
            return
        self.adjoints.put(slot, ir.arithmetic(body, "+", self.adjoints.get(slot), x))
        if slot not in self.alone:
            self.touched[slot] = None

    def add_share(self, slot: Slot, x: Operand) -> None:
        """Add to the gradient by a shared number: at the end, but where a turn has its own."""
        body = self.body
        if isinstance(slot, int) and ~slot >= self.trained:
            return
        x = ir.converted(body, x, self.adjoints.type)
        if self.kept is not None and slot not in self.shares:
            self.add_to_gradient(slot, x)
            return
        before = self.shares.get(slot, self.nothing())
        self.shares[slot] = ir.arithmetic(body, "+", before, x)

    def add_to_gradient(self, slot: Slot, x: Operand) -> None:
        """Add one lane after the other, so that the sum does not depend on how many are at once."""
        body = self.body
        place = ir.arithmetic(body, "^", self.values.place(slot), ir.constant(-1))
        address = ir.element(body, argument("gradient", self.adjoints.base.element), place)
        before = ir.loaded(body, address)
        ir.stored(body, ir.added_in_order(body, before, x), address)

    def nothing(self) -> Operand:
        """Return adjoints to which nobody has added yet."""
        return ir.converted(self.body, ir.constant(ABSENT), self.adjoints.type)

    def map_backward(self, part: Named, step: Map) -> None:
        """Write the contributions of a primitive, edge by edge and member by member."""
        if not any(step.edges):
            return
        parents = [k for k, edge in enumerate(step.edges) if edge]
        contributions: list[list[Operand]] = [[] for _ in parents]
        used = rules_of(step.op, len(step.edges), step.edges).ops
        is_long = not part.partners and any(op in VECTORIZED for op in used)
        for members in self.together(step.count, is_long):
            count = members.stop - members.start
            for place, x in enumerate(self.contributions(part, step, members)):
                contributions[place] += self.parted(x, count)
        for found, k in zip(contributions, parents):
            for slot, x in zip(part.rows[k], found):
                self.add(slot, x)

    def contributions(self, part: Named, step: Map, members: slice) -> Iterator[Operand]:
        """Yield what members add over each of their edges."""
        body = self.body
        slots = part.results[members]
        upstream = self.joined([self.adjoints.get(slot) for slot in slots])
        out = self.joined(self.numbers(slots))
        operands = [self.joined(self.numbers(row[members])) for row in part.rows]
        absent = self.absence(upstream) if step.optional else None
        nothing = ir.constant(ABSENT)
        other = self.joined(self.numbers(part.partners[members])) if part.partners else None
        slopes = self.arithmetic.slopes(step.op, operands, out, step.edges, other)
        for slope, is_constant in slopes:
            product = ir.arithmetic(body, "*", slope, upstream)
            if step.optional or is_constant is not None:
                product = ir.arithmetic(body, "+", product, ir.constant(0.0))
            if is_constant is not None:
                product = ir.chosen(body, is_constant, nothing, product)
            if absent is not None:
                product = ir.chosen(body, absent, nothing, product)
            yield product

    def absence(self, upstream: Operand) -> Operand:
        """Return in which lanes there is no adjoint: it is -0.0 there."""
        body = self.body
        lanes = ir.lanes_of(upstream.type)
        double = ir.converted(body, upstream, ir.vector(ir.DOUBLE, lanes))
        whole = ir.vector(INTEGER, lanes)
        found = Operand(whole, body.let(f"bitcast {double.typed} to {whole}"))
        return ir.compared(body, "==", found, ir.constant(SIGN_BIT))

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
        body = self.body
        product = ir.arithmetic(body, "*", self.values.get(slot), upstream)
        if absent is None:
            return product
        product = ir.arithmetic(body, "+", product, ir.constant(0.0))
        return ir.chosen(body, absent, ir.constant(ABSENT), product)

    # Loops.

    def turns_forward(self, part: Turns) -> None:
        """Write a loop: what a turn takes from the one before it stays in registers."""
        outside = self.values
        for place in part.still():
            if place >= 0:
                outside.get(place)
        first = [outside.get(before.first) for before in part.before.values()]

        def turn(number: Operand, numbers: Sequence[Operand]) -> list[Operand]:
            inside = self.values = in_turn(outside, number)
            inside.held |= dict(zip(part.before.values(), numbers))
            for instruction in part.body:
                self.compute(instruction, part.stored)
            return [inside.get(slot) for slot in part.before]

        ir.loop(self.body, ir.constant(0), ir.constant(part.turns), 1, first, turn)
        self.values = outside

    def turns_backward(self, part: Turns) -> None:
        """Write a loop from its last turn to its first.

        Where that is safe, adjoints stay in registers: of what is the same in all turns, and of
        what a turn took from the one before it, of which the turn before begins with them.
        """
        body = self.body
        self.write_back()
        values = self.values
        adjoints = self.adjoints
        slots = [place for place in part.still() if place >= 0]
        for place in slots:
            values.get(place)
        last = ir.constant(part.turns - 1)
        still = slots if part.in_registers else []
        passed = list(part.before) if part.in_registers else []
        begin: list[Slot] = [*still, *passed]
        leave: list[Slot] = [*still, *(part.before[slot] for slot in passed)]
        first = [adjoints.get(place) for place in still]
        first += [adjoints.in_turn(last).read(slot) for slot in passed]
        shared = [place for place in part.still() if 0 <= ~place < self.trained]
        shares = self.shares
        first += [shares.get(place, self.nothing()) for place in shared]

        def turn(count: Operand, numbers: Sequence[Operand]) -> list[Operand]:
            number = ir.arithmetic(body, "-", last, count)
            self.values = in_turn(values, number)
            self.adjoints = adjoints.in_turn(number)
            self.adjoints.held |= dict(zip(begin, numbers))
            self.shares = dict(zip(shared, numbers[len(begin) :], strict=True))
            self.turn_backward(part, leave)
            ends = [self.adjoints.get(slot) for slot in leave]
            return ends + [self.shares[place] for place in shared]

        ends = ir.loop(body, ir.constant(0), ir.constant(part.turns), 1, first, turn)
        self.values = values
        self.adjoints = adjoints
        outside = [slot if isinstance(slot, int) else slot.first for slot in leave]
        adjoints.held |= dict(zip(outside, ends))
        self.shares = shares | dict(zip(shared, ends[len(leave) :], strict=True))
        self.touched = dict.fromkeys(outside)

    def turn_backward(self, part: Turns, leave: Sequence[Slot]) -> None:
        """Write what the instructions of a turn add to adjoints, those to `leave` in registers."""
        own = {slot for instruction in part.body for slot in instruction.results}
        # Nobody but the turn itself has added to these.
        private = own - part.looked_at - set(part.before)
        self.adjoints.held |= dict.fromkeys(private, self.nothing())
        self.kept = own.union(leave)
        for instruction in reversed(part.body):
            self.give_back(instruction)
        self.kept = None

    def write_back(self) -> None:
        """Write adjoints to memory, from where a loop takes them, and forget them."""
        for slot in self.touched:
            self.adjoints.store(slot)
        self.touched.clear()
        held = self.adjoints.held
        self.adjoints.held = {slot: held[slot] for slot in self.alone}


def in_turn(registers: Registers, number: Operand) -> Registers:
    """Return registers for a turn of a loop that has what was read before it."""
    inside = registers.in_turn(number)
    inside.held |= {slot: x for slot, x in registers.held.items() if isinstance(slot, int)}
    return inside
