"""What the compiler found, in words, as a table, and as a picture of the program."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compile.lower.program import (
    Dot,
    Instruction,
    Loop,
    Map,
    Matrix,
    Program,
    Total,
    counted,
)
from autograd.compile.tracing.internal_primitives import INTERNAL_NAMES
from autograd.primitive_type import Primitive

Fact = tuple[str, str]
# Instructions, and how often each is done.
Counted = list[tuple[Instruction, int]]
# What a drawing shows, and a report lists.
MAX_INSTRUCTIONS_DRAWN = 60
MAX_FOLLOWED_LISTED = 8
MAX_MATRICES_LISTED = 12
MAX_LOOPS_LISTED = 12
MAX_TRACES_LISTED = 12
# Of each trace.
MAX_GUARDS_LISTED = 6


def facts_of(program: Program, lanes: int, itemsize: int) -> list[Fact]:
    """Return pairs of what was counted and what it came to."""
    facts = program.facts
    steps = list(counted(program.instructions))
    forward = sum(times * step.flops() for step, times in steps)
    backward = sum(times * backward_flops(step) for step, times in steps)
    block = 2 * program.slots * lanes * itemsize
    return [
        ("recorded", f"{facts['recorded']:,} operations on single numbers"),
        ("different", f"{facts['rows']:,} rows, parameters, inputs and constants among them"),
        ("fused", fused_text(steps)),
        *(("matrix", text) for text in matrix_texts(steps)),
        *(("code", text) for text in code_texts(program)),
        ("instructions", instruction_counts(steps)),
        ("arithmetic", f"{forward:,} operations forward, {backward:,} backward, for each sample"),
        ("memory", f"{program.slots:,} slots; {bytes_text(block)} for a block of {lanes} samples"),
        ("parameters", f"{program.trained:,}"),
        *followed_facts(facts["followed"]),
        ("guards", f"{len(program.guards)} branches, checked for every sample"),
    ]


def followed_facts(names: Sequence[str]) -> list[Fact]:
    """Return a line about the Values that are used and are no parameters, if there are any."""
    if not names:
        return []
    count = "1 other Value" if len(names) == 1 else f"{len(names):,} other Values"
    shown = ", ".join(names[:MAX_FOLLOWED_LISTED])
    more = ", ..." if len(names) > MAX_FOLLOWED_LISTED else ""
    return [("followed", f"{count}, no parameters: {shown}{more}; their numbers may change")]


def trace_facts(programs: Sequence[Program]) -> list[Fact]:
    """Return lines about the traces of a function that is traced again, if there are several."""
    if len(programs) < 2:
        return []
    count = f"{len(programs)}, each for the samples that branch like it; above is the first"
    found = [("traces", count)]
    for i, program in enumerate(programs[:MAX_TRACES_LISTED], start=1):
        found.append((f"trace {i}", trace_text(program, programs)))
    more = len(programs) - MAX_TRACES_LISTED
    return [*found, ("traces", f"and {more} more traces")] if more > 0 else found


def trace_text(program: Program, programs: Sequence[Program]) -> str:
    """Return a trace in words: how long it is, and by which branches it parts from the others."""
    steps = sum(times for _, times in counted(program.instructions))
    parting = sorted({parting_place(program, other) for other in programs if other is not program})
    guards = [program.guards[i] for i in parting if i < len(program.guards)]
    branches = [f"{guard.text} is {guard.truth}" for guard in guards]
    more = len(branches) - MAX_GUARDS_LISTED
    # The last ones tell it from those that it has most in common with.
    shown = [f"after {more} others", *branches[more:]] if more > 0 else branches
    where = f", where {', '.join(shown)}" if shown else ""
    return f"{program.facts['recorded']:,} operations in {steps:,} instructions{where}"


def parting_place(program: Program, other: Program) -> int:
    """Return the place of the first of a trace's branches at which another goes the other way.

    One beyond its last branch, where it goes the same way all along.
    """
    pairs = zip(program.guards, other.guards)
    differs = (ours.truth != its.truth for ours, its in pairs)
    return next((i for i, parts in enumerate(differs) if parts), len(program.guards))


def in_sections(texts: Sequence[str], whole: bool) -> str:
    """Return the programs of some traces as one text, with a heading for each if there are several.

    Args: whole: leave out none of many.

    >>> print(in_sections(["return p0", "return s0"], whole=True))
    # trace 1
    return p0
    <BLANKLINE>
    # trace 2
    return s0
    """
    if len(texts) == 1:
        return texts[0]
    most = len(texts) if whole else MAX_TRACES_LISTED
    found = [f"# trace {i}\n{text}" for i, text in enumerate(texts[:most], start=1)]
    more = len(texts) - most
    if more > 0:
        found.append(f"# and {more} more traces")
    return "\n\n".join(found)


def backward_flops(step: Instruction) -> int:
    """Return about how many operations the backward pass of an instruction takes."""
    edges: Any = getattr(step, "edges", (True,))
    if isinstance(step, (Dot, Matrix)):
        # The first tells whether adjoints flow at all.
        edges = edges[1:]
    return step.flops() * int(np.sum(edges))


def fused_text(steps: Counted) -> str:
    """Return how many chains of + became one node each."""
    products = 0
    became = 0
    sums = 0
    for step, times in steps:
        if isinstance(step, (Dot, Matrix)):
            # A product and an addition for each pair.
            products += times * (step.flops() // 2)
            became += times * step.count
        elif isinstance(step, Total):
            sums += times * step.count
    text = f"{products:,} products and their sums became {became:,} dots"
    return text + (f"; {sums:,} longer sums" if sums else "")


def matrix_texts(steps: Counted) -> list[str]:
    """Return the matrices that were recovered, the largest first, in words."""
    found = [(step, times) for step, times in steps if isinstance(step, Matrix)]
    found.sort(key=lambda pair: -pair[0].weights.size)
    texts = []
    for step, times in found[:MAX_MATRICES_LISTED]:
        often = f", {times:,} times" if times > 1 else ""
        texts.append(matrix_text(step) + often)
    smaller = len(found) - MAX_MATRICES_LISTED
    return [*texts, f"and {smaller} smaller ones"] if smaller > 0 else texts


def code_texts(program: Program) -> list[str]:
    """Return what is between the matrices: loops in words, or code without any.

    A backward pass has the same turns, the last one first.
    """
    steps = program.instructions
    loops = [step for step in steps if isinstance(step, Loop)]
    texts = []
    for loop in loops[:MAX_LOOPS_LISTED]:
        texts.append(loop_text(loop) + backward_text(loop))
    more = len(loops) - MAX_LOOPS_LISTED
    if more > 0:
        texts.append(f"and {more} more loops")
    straight = [step for step in steps if not isinstance(step, (Loop, Matrix))]
    rest = sum(step.count for step in straight)
    if rest and loops:
        texts.append(f"{operations_text(rest)} outside of loops")
    elif rest:
        texts.append(f"straight-line code, {operations_text(rest)}")
    return texts


def loop_text(loop: Loop) -> str:
    """Return a loop in words, with those in it."""
    loops = [step for step in loop.body if isinstance(step, Loop)]
    own = loop.stride - sum(step.count for step in loops)
    inner = [loop_text(step) for step in loops]
    parts = [*inner, operations_text(own)] if own or not inner else inner
    text = " and ".join(parts)
    return f"{loop.turns:,} turns of {f'({text})' if inner else text}"


def backward_text(loop: Loop) -> str:
    """Return how many operations a turn of the backward pass has, if there is one."""
    count = sum(times * backward_flops(step) for step, times in counted(loop.body))
    return f", of {count:,} backward" if count else ""


def operations_text(count: int) -> str:
    """Return how many numbers are computed."""
    return "1 operation" if count == 1 else f"{count:,} operations"


def matrix_text(step: Matrix) -> str:
    """Return one matrix in words."""
    rows, terms = step.weights.shape
    columns = step.inputs.shape[1]
    neurons = "1 neuron" if rows == 1 else f"{rows} neurons"
    where = f", at {columns} positions" if columns > 1 else ""
    return f"{neurons} over {terms} inputs = one {rows} x {terms} matrix{where}"


def instruction_counts(steps: Counted) -> str:
    """Return how many instructions there are, and how many of each name."""
    counts: Counter[str] = Counter()
    for step, times in steps:
        counts[instruction_name(step)] += times
    named = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    return f"{counts.total()}: {named}"


def instruction_name(step: Instruction) -> str:
    """Return what a student calls an instruction."""
    if isinstance(step, Map):
        return primitive_name(step.op)
    names = {"Matrix": "matrix product", "Dot": "dot", "Total": "sum", "Edges": "edges"}
    return names[type(step).__name__]


def primitive_name(op: Primitive) -> str:
    """Return a primitive's name; of one symbol there are several rows."""
    return INTERNAL_NAMES.get(op) or op.name or op.symbol


def bytes_text(count: int) -> str:
    """Return a number of bytes in a unit that suits it."""
    for unit in ("bytes", "kB"):
        if count < 10_000:
            return f"{count:,} {unit}"
        count //= 1000
    return f"{count:,} MB"


def as_text(facts: list[Fact]) -> str:
    """Return facts as lines."""
    return "\n".join(f"{name:>12}  {text}" for name, text in facts)


def as_html(title: str, facts: list[Fact]) -> str:
    """Return facts as a table, for Jupyter; no script and no style sheet, so it always shows."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
        for name, text in facts
    )
    return f"<table><caption>{html.escape(title)}</caption>{rows}</table>"


class Report(str):
    """The text of `explain`, which shows as a table in Jupyter."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def report(
    title: str, program: Program, lanes: int, itemsize: int, more: Sequence[Fact] = ()
) -> Report:
    """Return the report on a program, with more facts at its end."""
    facts = [*facts_of(program, lanes, itemsize), *more]
    found = Report(f"{title}\n{as_text(facts)}")
    found.html = as_html(title, facts)
    return found


def drawing(program: Program) -> Any:
    """Return the program as a graphviz.Digraph: a box for each instruction, edges for its slots.

    Raises: ValueError: the program is too long to be looked at; the message says how long.
    """
    import graphviz  # type: ignore[import-untyped]

    if len(program.instructions) > MAX_INSTRUCTIONS_DRAWN:
        raise ValueError(
            f"a drawing of {len(program.instructions)} instructions cannot be read, the limit is"
            f" {MAX_INSTRUCTIONS_DRAWN}; print source() instead"
        )
    graph = graphviz.Digraph("program", node_attr={"shape": "box", "fontname": "Courier"})
    graph.attr(rankdir="LR")
    producers = np.full(program.slots, -1)
    inputs = program.inputs
    starts = [("inputs", 0, inputs), ("shared", inputs, len(program.broadcast))]
    # Which box has computed a slot.
    for i, (name, first, count) in enumerate(starts):
        producers[first : first + count] = i
        if count:
            graph.node(str(i), f"{name}\n{count}")
    for i, step in enumerate(program.instructions, start=2):
        if step.count:
            draw_step(graph, producers, i, step)
    for slot in dict.fromkeys(producers[program.outputs].tolist()):
        graph.edge(str(slot), "result")
    return graph


def draw_step(graph: Any, producers: Any, i: int, step: Instruction) -> None:
    """Add an instruction, and edges from those whose slots it reads."""
    detail = str(step.count)
    if isinstance(step, Matrix):
        detail = matrix_text(step).split(" = ")[1]
    name = loop_text(step) if isinstance(step, Loop) else f"{instruction_name(step)}\n{detail}"
    graph.node(str(i), name)
    slots = np.concatenate([*step.reads(), np.zeros(0, int)], axis=None)
    # Shared numbers, below zero, have no box.
    sources = producers[slots[slots >= 0]]
    for source in sorted(set(sources.tolist())):
        graph.edge(str(source), str(i))
    producers[step.out : step.out + step.count] = i
