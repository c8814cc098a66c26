"""Straight-line kernels: neighbouring instructions of few members, written out as one function.

A kernel of the machine costs a call and some table lookups for each instruction, and every number
goes through memory. Where instructions have few members each, a stretch of them becomes a function
of its own: all operations one after another, numbers in registers, several lanes at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd.compile.lower.dots import with_dots
from autograd.compile.lower.flow import NONE
from autograd.compile.lower.program import (
    Dot,
    Instruction,
    Loop,
    Map,
    Matrix,
    Program,
    Table,
    Total,
    expanded_steps,
)
from autograd.compile.machine import elementary, ir, objects
from autograd.compile.machine.arithmetic import is_written
from autograd.compile.machine.codegen import ELEMENT_TYPES, ONE, kernel_types
from autograd.compile.machine.functions import VECTOR
from autograd.compile.machine.intrinsics import LANES
from autograd.compile.machine.ir import Body, Operand
from autograd.compile.machine.kernels import TABLE
from autograd.compile.machine.partners import PARTNERS, Keeping
from autograd.compile.machine.predicated import Library
from autograd.compile.machine.registers import Registers, argument
from autograd.compile.machine.sharing import Shared, shape_of, shared
from autograd.compile.machine.straight import Writer
from autograd.compile.machine.translate import function_text, parameter
from autograd.compile.machine.turns import Part, Turns, instruction_text, plain
from autograd.compile.machine.uses import Uses
from autograd.compile.reference.own_primitives import is_own
from autograd.primitive_type import Variadic
from autograd.primitives import rounded

# Of an instruction: more that stand in order are a loop's business.
MAX_MEMBERS = 8
# Of a stretch that is worth a function.
MIN_INSTRUCTIONS = 3
# Of a program: to compile more takes longer than that is worth.
MAX_OPERATIONS = 2000


@dataclass
class Stretch:
    """Neighbouring instructions that one function computes.

    Attributes:
        start, stop: their places in the program.
        parts: the instructions.
        shared: what the function is for: this stretch, and others that do the same.
        number: which of these it is.
    """

    start: int
    stop: int
    parts: Sequence[Part]
    shared: Shared
    number: int


def written_out(program: Program) -> Program:
    """Return a program of which only those loops are left that become part of a stretch."""
    steps: list[Instruction] = []
    for step in program.instructions:
        loop = with_dots(step) if isinstance(step, Loop) else None
        if loop is not None and is_simple_loop(loop):
            steps.append(loop)
        elif isinstance(step, Loop):
            steps += step.expanded()
        else:
            steps.append(step)
    return replace(program, instructions=steps)


def is_simple_loop(loop: Loop) -> bool:
    """Tell whether a loop can be written out as a loop.

    The gradient by a shared number is added up over the turns, and then over the lanes.
    """
    body = list(expanded_steps(loop.turn(0)))
    if any(isinstance(step, Matrix) for step in body):
        return False
    operations = sum(map(operations_of, body))
    if operations > MAX_OPERATIONS:
        return False
    return all(is_simple(step, trained=0) for step in body)


def stretches(program: Program, keeping: Keeping | None = None) -> list[Stretch]:
    """Return the stretches of a program; where they are too much, its loops alone.

    Args: keeping: has slots for what is made beside the results; None if nothing may be.
    """

    def is_able(step: Instruction) -> bool:
        return is_loop(step) or is_simple(step, program.trained)

    for able in (is_able, is_loop):
        places = list(runs(program.instructions, able))
        if not places:
            return []
        # Those of different kinds share no function: so many operations there are at least.
        # To count those is cheap, where naming all slots is not.
        kinds = {}
        for start, stop in places:
            steps = program.instructions[start:stop]
            kind = tuple(step.kind() for step in steps)
            kinds[kind] = sum(map(operations_of, steps))
        if sum(kinds.values()) > MAX_OPERATIONS:
            continue
        parts = all_parts(program, places, keeping)
        found = sharing(places, parts)
        if written_operations(found) <= MAX_OPERATIONS:
            return found
    return []


def all_parts(
    program: Program, places: Sequence[tuple[int, int]], keeping: Keeping | None
) -> list[list[Part]]:
    """Return the instructions of stretches as they are written out."""
    kept = frozenset(PARTNERS) if keeping else NONE
    uses = Uses(program, kept)
    if keeping:
        keeping.begin()
    return [parts_of(program, start, stop, uses, keeping) for start, stop in places]


def parts_of(
    program: Program, start: int, stop: int, uses: Uses, keeping: Keeping | None
) -> list[Part]:
    """Return the instructions of a stretch as they are written out."""
    steps = program.instructions[start:stop]
    read = uses.in_memory(steps)
    met = uses.met_by_others(steps)
    found: list[Part] = []
    for place, step in enumerate(steps, start):
        if isinstance(step, Loop):
            # Tables of several loops in one function need names of their own.
            table = f"table_{place}"
            turns = Turns(step, program, table, uses.kept)
            found.append(turns)
        else:
            found.append(plain(step, read, met))
    return keeping.paired(found) if keeping else found


def sharing(places: Sequence[tuple[int, int]], parts: Sequence[list[Part]]) -> list[Stretch]:
    """Return stretches, of which those that do the same have one function."""
    groups: dict[Any, list[int]] = {}
    for i, each in enumerate(parts):
        shape, _ = shape_of(each)
        group = groups.setdefault(shape, [])
        group.append(i)
    found: dict[int, Stretch] = {}
    for group in groups.values():
        alike = [parts[i] for i in group]
        first = group[0]
        one = shared(alike, f"slots_{first}")
        for number, i in enumerate(group):
            start, stop = places[i]
            found[i] = Stretch(start, stop, parts[i], one, number)
    # In the order of the program again.
    return [found[i] for i in sorted(found)]


def written_operations(found: Sequence[Stretch]) -> int:
    """Return how many operations are written out for stretches."""
    total = 0
    for stretch in found:
        # Others share the function of the first.
        if stretch.number:
            continue
        for part in stretch.parts:
            step = part.loop if isinstance(part, Turns) else part.step
            total += operations_of(step)
    return total


def runs(
    steps: Sequence[Instruction], able: Callable[[Instruction], bool]
) -> Iterator[tuple[int, int]]:
    """Yield where the longest stretches of instructions begin and end that are worth a function."""
    start = 0
    end = len(steps)
    for i in range(end + 1):
        if i < end and able(steps[i]):
            continue
        stretch = steps[start:i]
        has_loop = any(map(is_loop, stretch))
        if has_loop or len(stretch) >= MIN_INSTRUCTIONS:
            yield start, i
        start = i + 1


def is_loop(step: Instruction) -> bool:
    """Tell whether an instruction is a loop; those that are left can be written out."""
    return isinstance(step, Loop)


def is_simple(step: Instruction, trained: int) -> bool:
    """Tell whether an instruction has few members and can be written out.

    Args: trained: how many shared numbers have a gradient, which is summed over lanes elsewhere.
    """
    if step.count > MAX_MEMBERS and stands_in_order(step):
        return False
    if isinstance(step, Total):
        return True
    if isinstance(step, Dot):
        # Places of shared numbers, of which the trained ones come first.
        tables = step.left, step.bias
        shared = [~table[table < 0] for table in tables]
        return all((places >= trained).all() for places in shared)
    if not isinstance(step, Map):
        return False
    # These loop over their operands, or need Python.
    op = step.op
    if isinstance(op, Variadic) or op is rounded or is_own(op):
        return False
    return is_written(op, step.edges)


def stands_in_order(step: Instruction) -> bool:
    """Tell whether the operands of members follow one another, so that a loop needs no table."""
    moves = [np.diff(slots) for slots in step.reads()]
    return all(bool((move == 1).all()) for move in moves)


def operations_of(step: Instruction) -> int:
    """Return how many operations an instruction has; of a loop, those of one turn."""
    if isinstance(step, Loop):
        body = expanded_steps(step.body)
        return sum(map(operations_of, body))
    if isinstance(step, Total):
        return int(step.terms.size)
    if isinstance(step, Dot):
        return 2 * int(step.left.size)
    return step.count


def flows_back(part: Part) -> bool:
    """Tell whether an instruction, or one of a loop, adds to adjoints."""
    if isinstance(part, Turns):
        return any(map(flows_back, part.body))
    # All simple ones have edges.
    edges: Any = part.step.edges  # type: ignore[attr-defined]
    is_single = isinstance(part.step, Total)
    return bool(edges) if is_single else any(edges)


class StretchKernels:
    """The forward and the backward kernel of a stretch, for one kind of jobs.

    Args: mode: ONE for jobs of a single lane, MANY for blocks of lanes.
    """

    def __init__(self, shared: Shared, dtype: str, functions: str, mode: str, trained: int) -> None:
        self.shared = shared
        self.trained = trained
        self.parts = shared.parts
        self.dtype = dtype
        self.functions = functions
        self.mode = mode

    def meaning(self) -> str:
        """Return all that the kernels are made from, beside the sources."""
        shared = self.shared
        settings = self.dtype, self.functions, self.mode, shared.places, self.trained
        lines = [f"straight {settings}"]
        for name, table in shared.tables.items():
            lines.append(f"{name} {table.tolist()}")
        lines += map(text_of, self.parts)
        return "\n".join(lines)

    def addresses(self) -> tuple[int, int]:
        """Return where the kernels are; 0 for a backward one that has nothing to do."""
        meaning = self.meaning()
        # Names tell functions of one process apart, so that they come from all that these do.
        said = meaning.encode()
        digest = hashlib.sha256(said).hexdigest()[:20]
        ways = ["forward"]
        flows = any(map(flows_back, self.parts))
        if flows:
            ways.append("backward")
        names = [f"{way}_{digest}" for way in ways]

        def write() -> str:
            return self.text(names)

        found = objects.loaded(meaning, write, names, objects.STRAIGHT)
        forward, *rest = found
        backward = rest[0] if rest else 0
        return forward, backward

    def text(self, names: Sequence[str]) -> str:
        """Return the kernels in LLVM's language."""
        instead = elementary.INSTEAD if self.functions == VECTOR else {}
        library = Library(instead, objects.vector_convention())
        ways = Writer.forward, Writer.backward
        for name, way in zip(names, ways):
            self.add(library, name, way)
        module = library.module
        for table in self.shared.tables.items():
            module.functions.append(table_text(*table))
        return module.text()

    def add(self, library: Library, name: str, way: Callable[..., None]) -> None:
        """Add a kernel."""
        body = Body()
        element = ELEMENT_TYPES[self.dtype]
        # Which of the stretches that share it a kernel is called for.
        code = argument("code", ir.INTEGER)
        place = ir.constant(TABLE)
        field = ir.element(body, code, place)
        number = ir.loaded(body, field)

        def write(width: int, lanes: Operand | None = None, lane: Operand | None = None) -> None:
            values = argument("values", element)
            registers = Registers(body, values, width, lanes, lane, number)
            writer = Writer(library, registers, self.trained)
            way(writer, self.parts)

        if self.mode == ONE:
            write(1)
        else:
            for_lanes(body, write)
        body.do("ret void")
        types = kernel_types(self.dtype)
        arguments = [parameter(i, type_) for i, type_ in enumerate(types)]
        nothing = Operand("void", "")
        text = function_text("", name, arguments, nothing, body, "")
        module = library.module
        module.declared |= body.declared
        module.functions.append(text)


def for_lanes(body: Body, write: Callable[[int, Operand, Operand], None]) -> None:
    """Write loops over the lanes of a block: whole vectors, and what is left one by one."""
    lanes = argument("lanes")
    mask = ir.constant(-LANES)
    whole = ir.arithmetic(body, "&", lanes, mask)

    def vectors(lane: Operand, _: Sequence[Operand]) -> list[Operand]:
        write(LANES, lanes, lane)
        return []

    def single(lane: Operand, _: Sequence[Operand]) -> list[Operand]:
        write(1, lanes, lane)
        return []

    start = ir.constant(0)
    ir.loop(body, start, whole, LANES, [], vectors)
    ir.loop(body, whole, lanes, 1, [], single)


def table_text(name: str, table: Table) -> str:
    """Return a table of slots, one for each turn, in LLVM's language."""
    slots = table.tolist()
    numbers = ", ".join(f"i32 {slot}" for slot in slots)
    return f"@{name} = internal constant [{len(table)} x i32] [{numbers}]"


def text_of(part: Part) -> str:
    """Return all of an instruction, or of a loop, as text."""
    if isinstance(part, Turns):
        return part.description()
    return instruction_text(part)


def without_adjoints(found: Sequence[Stretch]) -> list[int]:
    """Return the slots whose adjoints stretches never read from memory, nor anybody else."""
    slots: list[int] = []
    for stretch in found:
        # What is shared tells of all places.
        if stretch.number == 0:
            slots += stretch.shared.without_adjoints()
    return slots
