"""Run a benchmark by its name: ``python -m benchmarks eager``."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NamedTuple


class Command(NamedTuple):
    """A benchmark: the module whose `main` runs it, and what it prints."""

    module: str
    purpose: str


COMMANDS = {
    "trust": Command(
        "benchmarks.trust.table", "how far gradients can be trusted: all of it in one table"
    ),
    "fuzz": Command(
        "benchmarks.trust.fuzz", "random graphs against 60 digits, fractions and a second engine"
    ),
    "interruptions": Command(
        "benchmarks.trust.interruptions",
        "trainings interrupted at random moments and resumed: is anything lost?",
    ),
    "executors": Command(
        "benchmarks.trust.executors",
        "the same training by processes, dask, loky and MPI, with workers killed: the same bits?",
    ),
    "scaling": Command(
        "benchmarks.speed.scaling",
        "when two processes train faster than one: samples and parameters",
    ),
    "claims": Command(
        "benchmarks.trust.claims",
        "right and wrong gradients of random functions: are the verdicts what they promise?",
    ),
    "peer_gradients": Command(
        "benchmarks.trust.peer_gradients", "gradients beside PyTorch's and JAX's"
    ),
    "compiled_fuzz": Command(
        "benchmarks.trust.compiled_fuzz",
        "random graphs, compiled and recorded: do they agree?",
    ),
    "javascript": Command(
        "benchmarks.trust.javascript",
        "what pages compute, in Node and in Chromium: every row, and random graphs",
    ),
    "retrace": Command(
        "benchmarks.trust.retrace", "random programs that branch: each sample by its own trace?"
    ),
    "loops": Command(
        "benchmarks.trust.loops",
        "random programs with loops, compiled and recorded: do they agree?",
    ),
    "density": Command(
        "benchmarks.density", "how densely the library is written: tokens, comments, annotations"
    ),
    "inner_derivatives": Command(
        "benchmarks.trust.inner_derivatives",
        "derivatives taken inside compiled code, at poles and kinks: do they agree?",
    ),
    "playground": Command(
        "benchmarks.trust.playground",
        "trainings in a page, in Node or Chromium, beside eager train: the same losses?",
    ),
    "accuracy": Command(
        "benchmarks.trust.accuracy",
        "the worst errors of each primitive's slope and second derivatives, in ulp",
    ),
    "files": Command(
        "benchmarks.trust.people_files", "files that packages ship: what training makes of each"
    ),
    "faults": Command(
        "benchmarks.trust.faults", "bad input, interrupts, memory, hash seeds; what a node costs"
    ),
    "mutants": Command(
        "benchmarks.trust.source_mutants",
        "the tests of the tests: the source, broken in one place at a time; does any test fail?",
    ),
    "coefficients": Command(
        "benchmarks.trust.coefficients", "the polynomials of the compiler's elementary functions"
    ),
    "mistakes": Command(
        "benchmarks.trust.named_mistakes", "planted mistakes in gradients: how many are named?"
    ),
    "checking": Command(
        "benchmarks.speed.checking", "how long a gradient check takes, from 10 inputs to a million"
    ),
    "eager": Command(
        "benchmarks.speed.eager", "recording and the backward pass, beside two other engines"
    ),
    "steps": Command(
        "benchmarks.speed.steps",
        "a step of training, beside micrograd, and an iteration of train, compiled",
    ),
    "digits": Command(
        "benchmarks.speed.digits", "digits in five folds: accuracy and time beside scikit-learn's"
    ),
    "mnist": Command(
        "benchmarks.speed.mnist",
        "a million parameters on real digits: time and memory beside NumPy and PyTorch",
    ),
    "compiled": Command(
        "benchmarks.speed.compiled",
        "compiled code beside C, NumPy, Numba, JAX, PyTorch, CasADi and ddx",
    ),
    "elementary": Command(
        "benchmarks.speed.elementary", "the compiler's elementary functions beside the C library's"
    ),
    "pairs": Command(
        "benchmarks.speed.pairs", "this state beside another commit, in pairs: is anything slower?"
    ),
    "drawing": Command(
        "benchmarks.speed.drawing", "pictures and explanations, from 10 nodes to 100,000"
    ),
    "stepping": Command(
        "benchmarks.speed.stepping", "the stepper's page: its size, and how long a step takes"
    ),
}


def main(argv: list[str]) -> int:
    """Run the benchmark named first with the remaining words, or list them all."""
    if argv and argv[0] in COMMANDS:
        # Only this one is imported: each needs packages of its own.
        module = import_module(COMMANDS[argv[0]].module)
        return int(module.main(argv[1:]) or 0)
    print("usage: python -m benchmarks NAME [options]\n")
    for name, command in COMMANDS.items():
        print(f"  {name:14} {command.purpose}")
    return 0 if not argv or argv[0] in ("-h", "--help") else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
