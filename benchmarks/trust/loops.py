"""Random programs with loops, compiled with their loops found, and recorded: do they agree?

Values, gradients by parameters and inputs, and those of each sample are compared with the eager
engine, for one sample and for a batch that fills a vector and more. New arrays are filled with
NaN, so that memory that nobody has written to shows.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

import autograd
from autograd import Value
from autograd.compile.lower.program import Loop
from testkit.loops import LoopProgram
from testkit.unwritten import unwritten_is_nan

PROGRAMS = 5_000
SAMPLES = 13  # of the larger batch: a vector, and a rest
PROGRESS = 100  # programs between two lines


def wrong_of(number: int, engine: str | None, counts: Counter[str]) -> list[str]:
    """Return what is wrong with one program."""
    program = LoopProgram(number)
    draw = random.Random(number)
    inputs = program.inputs
    while len(program.rows) < SAMPLES:
        program.rows.append([draw.uniform(-1, 1) for _ in range(inputs)])
    weights = [Value(w) for w in program.weights]
    try:
        compiled = autograd.compile(  # type: ignore[operator]
            lambda xs: program.run(weights, xs),
            weights,
            (program.rows[0],),
            engine=engine,
            reduce="sum",
        )
        found: list[str] = program.complaints(compiled)
        program.rows = program.rows[:1]
        found += [f"{what} of one sample" for what in program.complaints(compiled)]
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    first = compiled.specializations[0]
    lowered = [step for one in first.programs.values() for step in one.instructions]
    counts["with a loop"] += any(isinstance(step, Loop) for step in lowered)
    engines = list(first.engines.values())
    left = [step for one in engines for step in one.program.instructions]
    counts["run as a loop"] += any(isinstance(step, Loop) for step in left)
    return found


def main(argv: list[str]) -> int:
    """Run the campaign; the same seed gives the same programs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks loops", description=__doc__)
    parser.add_argument("--count", type=int, default=PROGRAMS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=("llvm", "numpy"))
    chosen = parser.parse_args(argv)
    start = time.perf_counter()
    counts = Counter[str]()
    wrong = 0
    first = chosen.seed * chosen.count
    with unwritten_is_nan():
        for done in range(1, chosen.count + 1):
            number = first + done - 1
            for what in wrong_of(number, chosen.engine, counts):
                wrong += 1
                print(f"program {number}: {what}")
            if done % PROGRESS == 0 or done == chosen.count:
                seconds = time.perf_counter() - start
                print(f"{done} programs, {wrong} wrong, {seconds:.0f} s", file=sys.stderr)
    kinds = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    print(f"{chosen.count} programs from number {first} on: {wrong} wrong; {kinds}")
    return bool(wrong)
