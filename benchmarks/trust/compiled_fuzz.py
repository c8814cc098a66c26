"""Random graphs, compiled and compared with the eager engine: values and gradients.

Errors are counted in units of u * S, where S is the path sum: over all paths from root to leaf, the
sum of the absolute products of local derivatives. More than LIMIT * S is wrong. The samples fill a
vector, and leave a rest. Of four graphs one is compiled as users have it; for the others LLVM
generates code quickly, from the same text.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import autograd
from autograd import Value
from autograd import primitives as p
from benchmarks.trust.campaigns import (
    Ended,
    add_options,
    compiled_in_turn,
    judged_apart,
    marked_memory,
)
from testkit.floats import U
from testkit.random_graphs import MANY, RATIONAL, TAME, path_sum

LIMIT = 1e-10
GRAPHS = 20_000
PROGRESS = 1000  # graphs, after which a line says how far it is
SAMPLES = 11  # a vector, and a rest
LENGTH, PARAMETERS, INPUTS = 24, 3, 2
BINARY = RATIONAL * 3
Line = tuple[Callable[..., Any], list[int]]


def choice(condition: Any, bound: Any, x: Any, y: Any) -> Any:
    return p.where(condition > bound, x, y)


def product(*xs: Any) -> Any:
    return p.prod(xs[:3])


def length(*xs: Any) -> Any:
    return p.norm(xs)


def halved(x: Any) -> Any:
    return x * 0.5


def squared(x: Any) -> Any:
    return x**2


def inverse(x: Any) -> Any:
    return 1 / (1 + x * x)


def kept(x: Any, y: Any) -> Any:
    return p.clip(x, -1.0, y * y)


UNARY: list[Callable[..., Any]] = [*TAME, halved, squared, inverse]
PAIRS: list[Callable[..., Any]] = [*BINARY, p.hypot, kept]
WIDE = [f for f in [*MANY, choice, product, length] if f is not p.hypot]


def program(draw: random.Random) -> list[Line]:
    """Draw a straight-line program; operands lean on recent results."""
    lines: list[Line] = []
    for _ in range(draw.randrange(1, LENGTH)):
        arity = draw.choice((1, 1, 2, 2, 2, 4))
        functions = {1: UNARY, 2: PAIRS, 4: WIDE}[arity]
        lines.append((draw.choice(functions), [draw.randrange(10**6) for _ in range(arity)]))
    return lines


def run(lines: list[Line], leaves: list[Any]) -> Any:
    """Return the root of a program: a weighted sum of all results, so that nothing is unused."""
    results = list(leaves)
    for function, places in lines:
        near = [results[-1 - k % min(len(results), 12)] for k in places]
        far = [results[k % len(results)] for k in places]
        results.append(function(*(x if k % 3 else y for k, x, y in zip(places, near, far))))
    root = results[0]
    for i, x in enumerate(results[1:]):
        root = root + x * (0.5 + i % 7)
    return root


def worst(seed: int, engine: str, lanes: int) -> float:
    """Return the worst error of one graph, in units of the path sum."""
    draw = random.Random(seed)
    lines = program(draw)
    weights = [Value(round(draw.uniform(-2, 2), 2)) for _ in range(PARAMETERS)]
    batch = np.array([[round(draw.uniform(-2, 2), 2) for _ in range(INPUTS)] for _ in range(lanes)])

    def function(xs: Any) -> Any:
        return run(lines, [*weights, *xs])

    compiled = autograd.compile(  # type: ignore[operator]
        function, weights, ([0.3, -0.4],), engine=engine, reduce="sum"
    )
    values = compiled.value(batch)
    _, gradient, slopes = compiled.value_and_grad(batch, inputs=True)
    found, sums = -gradient, np.full(PARAMETERS, 1e-300)
    errors = [0.0]
    for sample, value, by_inputs in zip(batch.tolist(), values, slopes):
        xs = [Value(x) for x in sample]
        for w in weights:
            w.zero_grad()
        root = function(xs)
        root.backward()
        paths, _ = path_sum(root)
        size = sum(paths[node] * abs(node.data) for node in paths)
        errors.append(abs(value - root.data) / size)
        errors += [abs(s - x.grad) / (paths.get(x, 0.0) + 1e-300) for s, x in zip(by_inputs, xs)]
        found += [w.grad for w in weights]
        sums += [paths.get(w, 0.0) for w in weights]
    return float(max([*errors, *(np.abs(found) / sums)]))


def judged(seed: int, engine: str, lanes: int) -> float | None:
    """Return the worst error of a graph; None where a number is too large for the eager engine."""
    with compiled_in_turn(seed, engine != "numpy"):
        try:
            return worst(seed, engine, lanes)
        except OverflowError:
            return None


def options_of(argv: list[str]) -> argparse.Namespace:
    """Return what the words of a command ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compiled_fuzz", description=__doc__)
    parser.add_argument("--graphs", type=int, default=GRAPHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lanes", type=int, default=SAMPLES)
    parser.add_argument("--engine", choices=("llvm", "numpy"), default="llvm")
    add_options(parser)
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Run the campaign; the same seed gives the same graphs."""
    chosen = options_of(argv)
    start, errors, wrong = time.perf_counter(), [0.0], 0
    answers = judged_apart(
        partial(judged, engine=chosen.engine, lanes=chosen.lanes),
        range(chosen.seed, chosen.seed + chosen.graphs),
        chosen.processes,
        partial(marked_memory, chosen.guarded),
    )
    for done, (seed, error) in enumerate(answers, 1):
        if done % PROGRESS == 0:
            seconds = time.perf_counter() - start
            print(f"{done:,} graphs, {wrong} wrong, {seconds:.0f} s", file=sys.stderr)
        if isinstance(error, Ended):
            wrong += 1
            print(f"wrong: seed {seed} {error}")
        elif error is not None:
            errors.append(error)
            if not error <= LIMIT:
                wrong += 1
                print(f"wrong: seed {seed}, error {error:.3g} of the path sum")
    seconds = time.perf_counter() - start
    print(
        f"{len(errors) - 1:,} random graphs x {chosen.lanes} samples, {chosen.engine} engine,"
        f" seeds from {chosen.seed}: {wrong} wrong (more than {LIMIT:g} of the path sum S);"
        f" worst error {max(errors) / U:.0f} u*S, 99 % within"
        f" {np.quantile(errors, 0.99) / U:.0f} u*S; {seconds:.0f} s"
    )
    return bool(wrong)
