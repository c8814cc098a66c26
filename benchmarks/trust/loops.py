"""Random programs with loops, compiled with their loops found, and recorded: do they agree?

Values, gradients by parameters and inputs, and those of each sample are compared with the eager
engine, for one sample and for a batch that fills a vector and more. New arrays are filled with
NaN, so that memory that nobody has written to shows; and guarded ones end the process that reads or
writes beyond them. Of four programs one is compiled as users have it; for the others LLVM generates
code quickly, from the same text.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from functools import partial

import autograd
from autograd import Value
from autograd.compile.lower.program import Loop
from benchmarks.trust.campaigns import (
    Ended,
    add_options,
    compiled_in_turn,
    judged_apart,
    marked_memory,
)
from testkit.loops import LoopProgram

PROGRAMS = 5_000
SAMPLES = 13  # of the larger batch: a vector, and a rest
PROGRESS = 100  # programs between two lines


def judged(number: int, engine: str | None) -> tuple[list[str], list[str]]:
    """Return what is wrong with one program, and of which kinds it is."""
    with compiled_in_turn(number, engine != "numpy"):
        return found_of(number, engine)


def found_of(number: int, engine: str | None) -> tuple[list[str], list[str]]:
    """Return what is wrong with a program, and of which kinds it is, whatever makes the code."""
    program = LoopProgram(number)
    draw = random.Random(number)
    inputs = program.inputs
    while len(program.rows) < SAMPLES:
        program.rows.append([draw.uniform(-1, 1) for _ in range(inputs)])
    rows = program.rows
    weights = [Value(w) for w in program.weights]
    try:
        compiled = autograd.compile(  # type: ignore[operator]
            lambda xs: program.run(weights, xs),
            weights,
            (rows[0],),
            engine=engine,
            reduce="sum",
        )
        # One sample first: then the buffers of a run are no longer than it needs.
        program.rows = rows[:1]
        found = [f"{what} of one sample" for what in program.complaints(compiled)]
        program.rows = rows
        found += program.complaints(compiled)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"], []
    first = compiled.specializations[0]
    lowered = [step for one in first.programs.values() for step in one.instructions]
    left = [step for one in first.engines.values() for step in one.program.instructions]
    places = {"with a loop": lowered, "run as a loop": left}
    kinds = [kind for kind, steps in places.items() if any(isinstance(x, Loop) for x in steps)]
    return found, kinds


def options_of(argv: list[str]) -> argparse.Namespace:
    """Return what the words of a command ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks loops", description=__doc__)
    parser.add_argument("--count", type=int, default=PROGRAMS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=("llvm", "numpy"))
    add_options(parser)
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Run the campaign; the same seed gives the same programs."""
    chosen = options_of(argv)
    start = time.perf_counter()
    counts = Counter[str]()
    wrong = 0
    first = chosen.seed * chosen.count
    answers = judged_apart(
        partial(judged, engine=chosen.engine),
        range(first, first + chosen.count),
        chosen.processes,
        partial(marked_memory, chosen.guarded),
    )
    for done, (number, answer) in enumerate(answers, 1):
        found, kinds = ([str(answer)], []) if isinstance(answer, Ended) else answer
        counts.update(kinds)
        wrong += len(found)
        for what in found:
            print(f"program {number}: {what}")
        if done % PROGRESS == 0 or done == chosen.count:
            seconds = time.perf_counter() - start
            print(f"{done} programs, {wrong} wrong, {seconds:.0f} s", file=sys.stderr)
    kinds_found = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    print(f"{chosen.count} programs from number {first} on: {wrong} wrong; {kinds_found}")
    return bool(wrong)
