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
# An adjoint that is not there.
ABSENT = -0.0


class Writer:
    """Writes a stretch for so many lanes at once, forward or backward.

    Args:
        registers: of any array, for they say which lanes.
        trained: how many shared numbers have a gradient.

    Attributes:
        touched: slots whose adjoints changed in registers and not yet in memory.
        kept: in a loop, slots that are not added to in memory at once.
        alone: slots to whose adjoints nobody else adds, from -0.0 on.
        shares: of each lane in the gradient by shared numbers.
    """

    def __init__(self, library: Library, registers: Registers, trained: int) -> None:
        self.body = registers.body
        self.width = registers.width
        self.arithmetic = Arithmetic(library, self.body)
        self.values = registers.of("values")
        self.adjoints = registers.of("adjoints")
        self.touched: dict[Slot, None] = {}
        self.kept: set[Slot] | None = None
        self.alone: set[Slot] = set()
        self.trained = trained
        self.shares: dict[Slot, Operand] = {}

    def plus(self, x: Operand, y: Operand) -> Operand:
        """Return the sum of two numbers."""
        return ir.arithmetic(self.body, "+", x, y)

    def times(self, x: Operand, y: Operand) -> Operand:
        """Return the product of two numbers."""
        return ir.arithmetic(self.body, "*", x, y)

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
        values = self.values
        are_made = all(slot in values.held for slot in part.results)
        if not are_made:
            slots = [*part.results, *part.partners]
            numbers = self.results(part)
            for slot, x in zip(slots, numbers):
                values.put(slot, x)
        # Only what somebody reads from memory goes there; the rest stays in registers.
        for slot in part.results:
            if slot in stored:
                values.store(slot)
        for slot in part.partners:
            if slot in part.kept:
                values.store(slot)

    def results(self, part: Named) -> list[Operand]:
        """Return the results of an instruction's members, and then what is made beside them."""
        step = part.step
        if not isinstance(step, Map):
            members_of_sum = range(step.count)
            return [self.result(part, i) for i in members_of_sum]
        found: list[Operand] = []
        partners: list[Operand] = []
        is_long = step.op in VECTORIZED
        groups = self.together(step.count, is_long)
        for members in groups:
            operands = self.operands(part, members)
            count = members.stop - members.start
            if part.partners:
                (operand,) = operands
                x, other = self.arithmetic.with_partner(step.op, operand)
                partners += self.parted(other, count)
            else:
                x = self.arithmetic.applied(step.op, operands)
            found += self.parted(x, count)
        return found + partners

    def together(self, count: int, is_long: bool) -> list[slice]:
        """Return which members are computed at once.

        Where there is a single lane, several members of a long function make up a vector.
        """
        is_single = self.width == 1
        fills_a_vector = is_long and is_single and count >= MIN_NUMBERS_OF_VECTOR
        size = LANES if fills_a_vector else 1
        groups: list[slice] = []
        for start in range(0, count, size):
            # The last vector may have fewer members.
            stop = min(start + size, count)
            groups.append(slice(start, stop))
        return groups

    def operands(self, part: Named, members: slice) -> list[Operand]:
        """Return the operands of members, those that are computed at once as vectors."""
        found: list[Operand] = []
        for row in part.rows:
            slots = row[members]
            numbers = self.numbers(slots)
            operand = self.joined(numbers)
            found.append(operand)
        return found

    def joined(self, numbers: Sequence[Operand]) -> Operand:
        """Return numbers as one vector, filled up with the last; one alone as it is."""
        if len(numbers) == 1:
            return numbers[0]
        *_, last = numbers
        missing = LANES - len(numbers)
        # Lanes left over do what the last one does, so they ask for no branch of their own.
        filled = [*numbers, *[last] * missing]
        type_ = ir.vector(last.type, LANES)
        found = "poison"
        for lane, x in enumerate(filled):
            line = f"insertelement {type_} {found}, {x.typed}, i32 {lane}"
            found = self.body.let(line)
        return Operand(type_, found)

    def parted(self, x: Operand, count: int) -> list[Operand]:
        """Return the first numbers of a vector that was joined of so many."""
        if count == 1:
            return [x]
        one = ir.one_of(x.type)
        parts: list[Operand] = []
        for lane in range(count):
            line = f"extractelement {x.typed}, i32 {lane}"
            name = self.body.let(line)
            parts.append(Operand(one, name))
        return parts

    def result(self, part: Named, i: int) -> Operand:
        """Return the result of a member of an instruction that adds."""
        slots = [row[i] for row in part.rows]
        total, *others = self.numbers(slots)
        if isinstance(part.step, Total):
            for x in others:
                total = self.plus(total, x)
            return total
        # A dot begins with its bias, as the kernel of a single one does.
        terms = len(others) // 2
        left = others[:terms]
        right = others[terms:]
        for x, y in zip(left, right):
            product = self.times(x, y)
            total = self.plus(total, product)
        return total

    def numbers(self, slots: Sequence[Slot]) -> list[Operand]:
        """Return the numbers of some slots."""
        return [self.values.get(slot) for slot in slots]

    # Backward.

    def backward(self, parts: Sequence[Part]) -> None:
        """Write what each instruction adds to adjoints, the last first, and store those."""
        adjoints = self.adjoints
        plain = [part for part in parts if isinstance(part, Named)]
        for each in plain:
            self.alone.update(each.alone)
        # Adjoints that only this stretch adds to begin as absent, in registers: nobody clears them.
        nothing = self.nothing()
        adjoints.held |= dict.fromkeys(self.alone, nothing)
        for part in reversed(parts):
            if isinstance(part, Turns):
                self.turns_backward(part)
            else:
                self.give_back(part)
        # What the stretch itself made has been passed on: nobody reads its adjoint any more.
        made: set[Slot] = set()
        for each in plain:
            made.update(each.results)
        for slot in self.touched:
            if slot not in made:
                adjoints.store(slot)
        # Shared numbers come last, one sum over the lanes for each.
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
        if is_shared(slot):
            self.add_share(slot, x)
            return
        adjoints = self.adjoints
        # Another turn may know the slot by another name, so memory has to be right at once.
        if self.kept is not None and slot not in self.kept:
            before = adjoints.read(slot)
            total = self.plus(before, x)
            adjoints.write(slot, total)
            return
        before = adjoints.get(slot)
        total = self.plus(before, x)
        adjoints.put(slot, total)
        if slot not in self.alone:
            self.touched[slot] = None

    def add_share(self, slot: Slot, x: Operand) -> None:
        """Add to the gradient by a shared number: at the end, but where a turn has its own."""
        # Numbers behind the trained ones are constants.
        if isinstance(slot, int) and ~slot >= self.trained:
            return
        shares = self.shares
        x = ir.converted(self.body, x, self.adjoints.type)
        is_in_loop = self.kept is not None
        if is_in_loop and slot not in shares:
            self.add_to_gradient(slot, x)
            return
        nothing = self.nothing()
        before = shares.get(slot, nothing)
        shares[slot] = self.plus(before, x)

    def add_to_gradient(self, slot: Slot, x: Operand) -> None:
        """Add one lane after the other, so that the sum does not depend on how many are at once."""
        body = self.body
        code = self.values.place(slot)
        place = ir.inverted(body, code)
        gradient = argument("gradient", self.adjoints.base.element)
        address = ir.element(body, gradient, place)
        before = ir.loaded(body, address)
        total = ir.added_in_order(body, before, x)
        ir.stored(body, total, address)

    def nothing(self) -> Operand:
        """Return adjoints to which nobody has added yet."""
        absent = ir.constant(ABSENT)
        return ir.converted(self.body, absent, self.adjoints.type)

    def map_backward(self, part: Named, step: Map) -> None:
        """Write the contributions of a primitive, edge by edge and member by member."""
        if not any(step.edges):
            return
        arity = len(step.edges)
        parents = [k for k, edge in enumerate(step.edges) if edge]
        contributions: list[list[Operand]] = [[] for _ in parents]
        rules = rules_of(step.op, arity, step.edges)
        # With a partner at hand no long function is left to compute.
        has_long_rule = any(op in VECTORIZED for op in rules.ops)
        is_long = has_long_rule and not part.partners
        groups = self.together(step.count, is_long)
        for members in groups:
            count = members.stop - members.start
            found = self.contributions(part, step, members)
            for place, x in enumerate(found):
                contributions[place] += self.parted(x, count)
        # Edge by edge, as the kernel of a single instruction adds, so that sums have its bits.
        for xs, k in zip(contributions, parents):
            slots = part.rows[k]
            for slot, x in zip(slots, xs):
                self.add(slot, x)

    def contributions(self, part: Named, step: Map, members: slice) -> Iterator[Operand]:
        """Yield what members add over each of their edges."""
        body = self.body
        slots = part.results[members]
        adjoints = [self.adjoints.get(slot) for slot in slots]
        upstream = self.joined(adjoints)
        results = self.numbers(slots)
        out = self.joined(results)
        operands = self.operands(part, members)
        absent = self.absence(upstream) if step.optional else None
        nothing = ir.constant(ABSENT)
        partner = None
        if part.partners:
            partners = self.numbers(part.partners[members])
            partner = self.joined(partners)
        slopes = self.arithmetic.slopes(step.op, operands, out, step.edges, partner)
        for slope, is_constant in slopes:
            product = self.times(slope, upstream)
            # No product is -0.0 then, which would say that there is none.
            may_lack = step.optional or is_constant is not None
            if may_lack:
                zero = ir.constant(0.0)
                product = self.plus(product, zero)
            if is_constant is not None:
                product = ir.chosen(body, is_constant, nothing, product)
            if absent is not None:
                product = ir.chosen(body, absent, nothing, product)
            yield product

    def absence(self, upstream: Operand) -> Operand:
        """Return in which lanes there is no adjoint: it is -0.0 there."""
        body = self.body
        # Bits are compared, since 0.0 == -0.0, and 0.0 is an adjoint.
        lanes = ir.lanes_of(upstream.type)
        doubles = ir.vector(ir.DOUBLE, lanes)
        double = ir.converted(body, upstream, doubles)
        whole = ir.vector(INTEGER, lanes)
        cast = body.let(f"bitcast {double.typed} to {whole}")
        bits = Operand(whole, cast)
        sign = ir.constant(SIGN_BIT)
        return ir.compared(body, "==", bits, sign)

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
        # Biases of all members first, as the kernel of a single instruction has it.
        for slot, result in zip(bias, part.results):
            upstream = self.adjoints.get(result)
            self.add(slot, upstream)
        terms = len(sides) // 2
        left_rows = sides[:terms]
        right_rows = sides[terms:]
        for i, result in enumerate(part.results):
            upstream = self.adjoints.get(result)
            absent = self.absence(upstream) if step.optional else None
            for left_row, right_row in zip(left_rows, right_rows):
                left = left_row[i]
                right = right_row[i]
                if to_left:
                    share = self.share(right, upstream, absent)
                    self.add(left, share)
                if to_right:
                    share = self.share(left, upstream, absent)
                    self.add(right, share)

    def share(self, slot: Slot, upstream: Operand, absent: Operand | None) -> Operand:
        """Return the other number of a pair times the adjoint."""
        number = self.values.get(slot)
        product = self.times(number, upstream)
        if absent is None:
            return product
        # A product of -0.0 would say that there is none.
        zero = ir.constant(0.0)
        product = self.plus(product, zero)
        nothing = ir.constant(ABSENT)
        return ir.chosen(self.body, absent, nothing, product)

    # Loops.

    def turns_forward(self, part: Turns) -> None:
        """Write a loop: what a turn takes from the one before it stays in registers."""
        outside = self.values
        # What is the same in all turns is read once, before the first.
        for place in part.still():
            if place >= 0:
                outside.get(place)
        passed = part.before.values()
        places = [before.first for before in passed]
        first = [outside.get(place) for place in places]

        def turn(number: Operand, numbers: Sequence[Operand]) -> list[Operand]:
            inside = in_turn(outside, number)
            from_before: dict[Slot, Operand] = dict(zip(passed, numbers))
            inside.held |= from_before
            self.values = inside
            for instruction in part.body:
                self.compute(instruction, part.stored)
            return [inside.get(slot) for slot in part.before]

        start = ir.constant(0)
        stop = ir.constant(part.turns)
        ir.loop(self.body, start, stop, 1, first, turn)
        self.values = outside

    def turns_backward(self, part: Turns) -> None:
        """Write a loop from its last turn to its first.

        Where that is safe, adjoints stay in registers: of what is the same in all turns, and of
        what a turn took from the one before it, of which the turn before begins with them.
        """
        body = self.body
        # A turn finds adjoints of its own results in memory, where the loop's users added to them.
        self.write_back()
        values = self.values
        adjoints = self.adjoints
        shares = self.shares
        still = part.still()
        slots = [place for place in still if place >= 0]
        shared = [place for place in still if 0 <= ~place < self.trained]
        for place in slots:
            values.get(place)
        # What a turn begins with, and under which name it leaves that to the turn before.
        begin: list[Slot] = []
        leave: list[Slot] = []
        first: list[Operand] = []
        last = ir.constant(part.turns - 1)
        if part.in_registers:
            in_last = adjoints.in_turn(last)
            begin = [*slots, *part.before]
            leave = [*slots, *part.before.values()]
            first = [adjoints.get(place) for place in slots]
            first += [in_last.read(slot) for slot in part.before]
        # Behind the adjoints runs the sum of each shared number's gradient, over all turns.
        first += [shares.get(place, self.nothing()) for place in shared]

        def turn(count: Operand, numbers: Sequence[Operand]) -> list[Operand]:
            number = ir.arithmetic(body, "-", last, count)
            inside = adjoints.in_turn(number)
            taken_over = dict(zip(begin, numbers))
            inside.held |= taken_over
            own_shares = numbers[len(begin) :]
            self.values = in_turn(values, number)
            self.adjoints = inside
            self.shares = dict(zip(shared, own_shares, strict=True))
            self.turn_backward(part, leave)
            ends = [inside.get(slot) for slot in leave]
            sums = [self.shares[place] for place in shared]
            return ends + sums

        start = ir.constant(0)
        stop = ir.constant(part.turns)
        ends = ir.loop(body, start, stop, 1, first, turn)
        self.values = values
        self.adjoints = adjoints
        # Before the loop stands what its first turn, done last, took from there.
        outside: list[Slot] = [slot if isinstance(slot, int) else slot.first for slot in leave]
        left = dict(zip(outside, ends))
        adjoints.held |= left
        sums = ends[len(leave) :]
        gradients: dict[Slot, Operand] = dict(zip(shared, sums, strict=True))
        self.shares = shares | gradients
        self.touched = dict.fromkeys(outside)

    def turn_backward(self, part: Turns, leave: Sequence[Slot]) -> None:
        """Write what the instructions of a turn add to adjoints, those to `leave` in registers."""
        adjoints = self.adjoints
        own: set[Slot] = set()
        for instruction in part.body:
            own.update(instruction.results)
        # Nobody but the turn itself has added to these.
        private = own - part.looked_at - set(part.before)
        nothing = self.nothing()
        adjoints.held |= dict.fromkeys(private, nothing)
        self.kept = own.union(leave)
        for instruction in reversed(part.body):
            self.give_back(instruction)
        self.kept = None

    def write_back(self) -> None:
        """Write adjoints to memory, from where a loop takes them, and forget them."""
        adjoints = self.adjoints
        for slot in self.touched:
            adjoints.store(slot)
        self.touched.clear()
        # Those that nobody else adds to have no place in memory.
        before = adjoints.held
        adjoints.held = {slot: before[slot] for slot in self.alone}


def in_turn(registers: Registers, number: Operand) -> Registers:
    """Return registers for a turn of a loop that has what was read before it."""
    inside = registers.in_turn(number)
    for slot, x in registers.held.items():
        if isinstance(slot, int):
            inside.held[slot] = x
    return inside
