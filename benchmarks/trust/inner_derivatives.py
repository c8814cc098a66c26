"""Derivatives taken inside compiled code, at poles and kinks: are they those of the eager engine?

Random functions with poles, overflows and kinks, most of them in branches that are not taken; of
each, a derivative of order 1 or 2 is compiled, run on a batch, and differentiated once more. The
eager engine does the same for each sample by itself, under `ieee()`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import numpy as np

from testkit.inner_programs import InnerProgram, complaints

DERIVATIVES = 20_000
ENGINES = ("llvm", "numpy")
PROGRESS = 500  # derivatives between two lines


def main(argv: list[str]) -> int:
    """Run the campaign; the same seed gives the same functions."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks inner_derivatives")
    parser.add_argument("--count", type=int, default=DERIVATIVES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=ENGINES)
    chosen = parser.parse_args(argv)
    engines = [chosen.engine] if chosen.engine else ENGINES
    start, wrong, counts = time.perf_counter(), 0, Counter[str]()
    with np.errstate(all="ignore"):
        for i in range(chosen.count):
            program = InnerProgram(chosen.seed + i)
            counts[f"order {program.order}"] += 1
            for engine in engines:
                found = complaints(program, engine, counts)
                wrong += bool(found)
                if found:
                    print(f"wrong: seed {chosen.seed + i}, {engine}: {'; '.join(found[:3])}")
            if (i + 1) % PROGRESS == 0:
                print(f"{i + 1:,} of {chosen.count:,}, {wrong} wrong", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - start
    print(
        f"{chosen.count:,} derivatives inside compiled code from seed {chosen.seed}"
        f" ({counts['order 1']:,} of order 1, {counts['order 2']:,} of order 2), engines"
        f" {', '.join(engines)}: {counts['numbers']:,} numbers compared,"
        f" {counts['finite']:,} of them finite, {counts['unjudged']:,} of these without a finite"
        f" path sum: {wrong} wrong; {seconds:.0f} s"
    )
    return bool(wrong)
