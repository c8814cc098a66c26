"""Random programs that branch, compiled with `retrace=True`: does each sample get its own branch?

Values, gradients by parameters and inputs, of each sample, and steps of descent are compared with
the eager engine, which runs each sample by itself. New arrays are filled with NaN, so that memory
that nobody has written to shows.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import autograd
from autograd import Value
from testkit.branching_programs import Array, BranchingProgram, complaints
from testkit.unwritten import unwritten_is_nan

PROGRAMS = 10_000
ENGINES = ("llvm", "numpy")
EVERY_SLICED = 1000  # of so many programs, one has a batch that is done in slices
SLICED_SAMPLES = 8192 + 5
PROGRESS = 100  # programs between two lines


def batches_of(program: BranchingProgram, number: int) -> list[Array]:
    """Return the batches that a program is tried on: its own, and others that are smaller."""
    sizes = [1 + number % 7, 1 + number % 40]
    if number % EVERY_SLICED == EVERY_SLICED - 1:
        sizes.append(SLICED_SAMPLES)
    return [program.batch, *(program.samples(size) for size in sizes)]


def wrong_of(number: int, engine: str, counts: Counter[str]) -> list[str]:
    """Return what is wrong with one program on one engine."""
    program = BranchingProgram(number)
    weights = [Value(w) for w in program.weights]
    reduce = ("mean", "sum")[number % 2]
    compiled = autograd.compile(  # type: ignore[operator]
        lambda xs: program.run(weights, xs),
        weights,
        (program.batch[0].tolist(),),
        engine=engine,
        reduce=reduce,
        retrace=True,
    )
    found = []
    for batch in batches_of(program, number):
        try:
            found += complaints(program, compiled, batch, reduce)
        except Exception as error:
            found.append(f"{type(error).__name__}: {error}")
        counts["batches"] += 1
        counts["samples"] += len(batch)
    counts["traces"] += len(compiled.specializations)
    counts["branching"] += len(compiled.specializations) > 1
    return found


def main(argv: list[str]) -> int:
    """Run the campaign; the same seed gives the same programs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks retrace")
    parser.add_argument("--count", type=int, default=PROGRAMS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=ENGINES)
    chosen = parser.parse_args(argv)
    engines = [chosen.engine] if chosen.engine else ENGINES
    start, wrong, counts = time.perf_counter(), 0, Counter[str]()
    with unwritten_is_nan():
        for i in range(chosen.count):
            for engine in engines:
                found = wrong_of(chosen.seed + i, engine, counts)
                wrong += bool(found)
                if found:
                    print(f"wrong: seed {chosen.seed + i}, {engine}: {'; '.join(found)}")
            if (i + 1) % PROGRESS == 0:
                print(f"{i + 1:,} of {chosen.count:,}, {wrong} wrong", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - start
    print(
        f"{chosen.count:,} random programs from seed {chosen.seed}, engines {', '.join(engines)}:"
        f" {counts['batches']:,} batches, {counts['samples']:,} samples, {counts['traces']:,}"
        f" traces, {counts['branching']:,} times more than one: {wrong} wrong; {seconds:.0f} s"
    )
    return bool(wrong)
