"""Random graphs, compiled and compared with the eager engine: values and gradients.

Errors are counted in units of u * S, where S is the path sum: over all paths from root to leaf, the
sum of the absolute products of local derivatives. More than LIMIT * S is wrong.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import Value
from autograd import primitives as p
from testkit.floats import U
from testkit.random_graphs import MANY, RATIONAL, TAME, path_sum

LIMIT = 1e-10
GRAPHS = 20_000
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


def main(argv: list[str]) -> int:
    """Run the campaign; the same seed gives the same graphs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compiled_fuzz")
    parser.add_argument("--graphs", type=int, default=GRAPHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lanes", type=int, default=3)
    parser.add_argument("--engine", choices=("llvm", "numpy"), default="llvm")
    chosen = parser.parse_args(argv)
    start, errors, wrong = time.perf_counter(), [0.0], []
    for seed in range(chosen.seed, chosen.seed + chosen.graphs):
        try:
            errors.append(worst(seed, chosen.engine, chosen.lanes))
        except OverflowError:  # the eager engine's, on a number too large
            continue
        if not errors[-1] <= LIMIT:
            wrong.append(seed)
            print(f"wrong: seed {seed}, error {errors[-1]:.3g} of the path sum")
    seconds = time.perf_counter() - start
    print(
        f"{len(errors) - 1:,} random graphs x {chosen.lanes} samples, {chosen.engine} engine,"
        f" seeds from {chosen.seed}: {len(wrong)} wrong (more than {LIMIT:g} of the path sum S);"
        f" worst error {max(errors) / U:.0f} u*S, 99 % within"
        f" {np.quantile(errors, 0.99) / U:.0f} u*S; {seconds:.0f} s"
    )
    return bool(wrong)
