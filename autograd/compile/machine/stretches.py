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

MAX_MEMBERS = 8  # of an instruction: more that stand in order are a loop's business
MIN_INSTRUCTIONS = 3  # of a stretch that is worth a function
MAX_OPERATIONS = 2000  # of a program: to compile more takes longer than that is worth


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
    is_short = sum(map(operations_of, body)) <= MAX_OPERATIONS
    return is_short and all(is_simple(step, trained=0) for step in body)


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
        kinds = {}
        for start, stop in places:
            steps = program.instructions[start:stop]
            kinds[tuple(step.kind() for step in steps)] = sum(map(operations_of, steps))
        if sum(kinds.values()) <= MAX_OPERATIONS:
            found = sharing(places, all_parts(program, places, keeping))
            if written_operations(found) <= MAX_OPERATIONS:
                return found
    return []


def all_parts(
    program: Program, places: Sequence[tuple[int, int]], keeping: Keeping | None
) -> list[list[Part]]:
    """Return the instructions of stretches as they are written out."""
    uses = Uses(program, frozenset(PARTNERS) if keeping else NONE)
    if keeping:
        keeping.begin()
    return [parts_of(program, *place, uses, keeping) for place in places]


def parts_of(
    program: Program, start: int, stop: int, uses: Uses, keeping: Keeping | None
) -> list[Part]:
    """Return the instructions of a stretch as they are written out."""
    steps = program.instructions[start:stop]
    read = uses.in_memory(steps)
    met = uses.met_by_others(steps)
    found = [
        Turns(step, program, f"table_{start + i}", uses.kept)
        if isinstance(step, Loop)
        else plain(step, read, met)
        for i, step in enumerate(steps)
    ]
    return keeping.paired(found) if keeping else found


def sharing(places: Sequence[tuple[int, int]], parts: Sequence[list[Part]]) -> list[Stretch]:
    """Return stretches, of which those that do the same have one function."""
    groups: dict[Any, list[int]] = {}
    for i, each in enumerate(parts):
        groups.setdefault(shape_of(each)[0], []).append(i)
    found: dict[int, Stretch] = {}
    for group in groups.values():
        one = shared([parts[i] for i in group], f"slots_{group[0]}")
        for number, i in enumerate(group):
            found[i] = Stretch(*places[i], parts[i], one, number)
    return [found[i] for i in range(len(places))]


def written_operations(found: Sequence[Stretch]) -> int:
    """Return how many operations are written out for stretches."""
    steps = [
        part.loop if isinstance(part, Turns) else part.step
        for stretch in found
        if stretch.number == 0
        for part in stretch.parts
    ]
    return sum(map(operations_of, steps))


def runs(
    steps: Sequence[Instruction], able: Callable[[Instruction], bool]
) -> Iterator[tuple[int, int]]:
    """Yield where the longest stretches of instructions begin and end that are worth a function."""
    start = 0
    for i in range(len(steps) + 1):
        if i < len(steps) and able(steps[i]):
            continue
        stretch = steps[start:i]
        if len(stretch) >= MIN_INSTRUCTIONS or any(map(is_loop, stretch)):
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
        shared = [~table[table < 0] for table in (step.left, step.bias)]
        return all((places >= trained).all() for places in shared)
    if not isinstance(step, Map) or isinstance(step.op, Variadic) or step.op is rounded:
        return False
    return not is_own(step.op) and is_written(step.op, step.edges)


def stands_in_order(step: Instruction) -> bool:
    """Tell whether the operands of members follow one another, so that a loop needs no table."""
    return all(bool((np.diff(slots) == 1).all()) for slots in step.reads())


def operations_of(step: Instruction) -> int:
    """Return how many operations an instruction has; of a loop, those of one turn."""
    if isinstance(step, Loop):
        return sum(map(operations_of, expanded_steps(step.body)))
    if isinstance(step, Total):
        return int(step.terms.size)
    return 2 * int(step.left.size) if isinstance(step, Dot) else step.count


def flows_back(part: Part) -> bool:
    """Tell whether an instruction, or one of a loop, adds to adjoints."""
    if isinstance(part, Turns):
        return any(map(flows_back, part.body))
    edges: Any = part.step.edges  # type: ignore[attr-defined]  # all simple ones have them
    return bool(edges) if isinstance(part.step, Total) else any(edges)


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
        settings = self.dtype, self.functions, self.mode, self.shared.places, self.trained
        lines = [f"straight {settings}"]
        lines += [f"{name} {table.tolist()}" for name, table in self.shared.tables.items()]
        return "\n".join([*lines, *map(text_of, self.parts)])

    def addresses(self) -> tuple[int, int]:
        """Return where the kernels are; 0 for a backward one that has nothing to do."""
        meaning = self.meaning()
        digest = hashlib.sha256(meaning.encode()).hexdigest()[:20]
        ways = ["forward", "backward"] if any(map(flows_back, self.parts)) else ["forward"]
        names = [f"{way}_{digest}" for way in ways]
        found = objects.loaded(meaning, lambda: self.text(names), names, objects.STRAIGHT)
        forward, *backward = found
        return forward, backward[0] if backward else 0

    def text(self, names: Sequence[str]) -> str:
        """Return the kernels in LLVM's language."""
        instead = elementary.INSTEAD if self.functions == VECTOR else {}
        library = Library(instead, objects.vector_convention())
        for name, way in zip(names, (Writer.forward, Writer.backward)):
            self.add(library, name, way)
        library.module.functions += [table_text(*pair) for pair in self.shared.tables.items()]
        return library.module.text()

    def add(self, library: Library, name: str, way: Callable[..., None]) -> None:
        """Add a kernel."""
        body = Body()
        element = ELEMENT_TYPES[self.dtype]
        field = ir.element(body, argument("code", ir.INTEGER), ir.constant(TABLE))
        number = ir.loaded(body, field)

        def write(width: int, lanes: Operand | None = None, lane: Operand | None = None) -> None:
            values = argument("values", element)
            registers = Registers(body, values, width, lanes, lane, number)
            way(Writer(library, registers, self.trained), self.parts)

        if self.mode == ONE:
            write(1)
        else:
            for_lanes(body, write)
        body.do("ret void")
        arguments = [parameter(i, type_) for i, type_ in enumerate(kernel_types(self.dtype))]
        library.module.declared |= body.declared
        text = function_text("", name, arguments, Operand("void", ""), body, "")
        library.module.functions.append(text)


def for_lanes(body: Body, write: Callable[[int, Operand, Operand], None]) -> None:
    """Write loops over the lanes of a block: whole vectors, and what is left one by one."""
    lanes = argument("lanes")
    whole = ir.arithmetic(body, "&", lanes, ir.constant(-LANES))

    def vectors(lane: Operand, _: Sequence[Operand]) -> list[Operand]:
        write(LANES, lanes, lane)
        return []

    def single(lane: Operand, _: Sequence[Operand]) -> list[Operand]:
        write(1, lanes, lane)
        return []

    ir.loop(body, ir.constant(0), whole, LANES, [], vectors)
    ir.loop(body, whole, lanes, 1, [], single)


def table_text(name: str, table: Any) -> str:
    """Return a table of slots, one for each turn, in LLVM's language."""
    numbers = ", ".join(f"i32 {slot}" for slot in table.tolist())
    return f"@{name} = internal constant [{len(table)} x i32] [{numbers}]"


def text_of(part: Part) -> str:
    """Return all of an instruction, or of a loop, as text."""
    if isinstance(part, Turns):
        return part.description()
    return instruction_text(part)


def without_adjoints(found: Sequence[Stretch]) -> list[int]:
    """Return the slots whose adjoints stretches never read from memory, nor anybody else."""
    return [
        slot
        for stretch in found
        if stretch.number == 0
        for slot in stretch.shared.without_adjoints()
    ]
