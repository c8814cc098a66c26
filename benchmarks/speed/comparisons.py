"""What the compiler is measured by beside the workloads: growth, training, random graphs."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np

import autograd
from autograd import Value
from autograd.testing.expressions import operations, random_expression
from autograd.testing.recording import path_sums
from benchmarks.speed.ours import compiled, program_of
from benchmarks.speed.workloads import scattered
from benchmarks.trust import WRONG
from nn import TwoLayerNetwork, train
from nn.cli.options import DATA
from nn.data import Standardizer, load_digits, split
from testkit.floats import U

GRAPHS, QUICK_GRAPHS = 20_000, 500
LANES = (1, 2, 7, 64)
NEARBY = 1e-9  # how far, relatively, the samples of a batch are from the point of a graph


def lowering(quick: bool) -> dict[str, Any]:
    """Print how the time of tracing and lowering grows with the graph."""
    print("\ntracing and lowering an irregular graph, in seconds of CPU time")
    seconds = {}
    for length in (10**4, 10**5, 10**6):
        work, marks = scattered(length, 1), [time.process_time()]
        function = compiled(work)
        marks.append(time.process_time())
        program_of(function, work)
        marks.append(time.process_time())
        traced, lowered = marks[1] - marks[0], marks[2] - marks[1]
        seconds[length], node = lowered, 1e6 / length
        print(
            f"  {length:>9,} operations: trace {traced:7.3f} s ({traced * node:5.2f} µs each), "
            f"lower {lowered:7.3f} s ({lowered * node:5.2f} µs each)"
        )
    growth = seconds[10**6] / seconds[10**5]
    return {"growth": growth, "seconds": traced + lowered}


def training(quick: bool) -> dict[str, Any]:
    """Print iterations a second of Algorithm 3.1 on digits, recorded and compiled."""
    usual, (part, _) = DATA["digits"], split(load_digits(), 0.2, 0)
    rows = Standardizer.fit(part.inputs).rows(part.inputs)

    def run(compiled: bool, iterations: int) -> tuple[float, Any]:
        start = time.perf_counter()
        history = train(
            TwoLayerNetwork(64, usual.hidden, 10), rows, part.targets, compiled=compiled,
            step_size=usual.step_size, batch_size=usual.batch_size, iterations=iterations,
            progress=False,
        )  # fmt: skip
        return time.perf_counter() - start, history.losses

    def rate(compiled: bool, iterations: int) -> tuple[float, Any]:
        """Return iterations a second, without the checks and the compilation before the first."""
        before, _ = run(compiled, 1)
        whole, losses = run(compiled, iterations)
        return (iterations - 1) / (whole - before), losses

    many = 200 if quick else 1000
    rates = []
    for _ in range(3):
        fast, losses = rate(True, 10 * many)
        slow, expected = rate(False, many)
        rates.append((fast / slow, fast, slow))
    speed, fast, slow = sorted(rates)[1]
    off = max(abs(a - b) / b for a, b in zip(losses, expected))
    print(f"\nAlgorithm 3.1 on digits, 64-{usual.hidden}-10, batch {usual.batch_size}")
    print(f"  recorded {slow:10,.1f} iterations/s\n  compiled {fast:10,.1f} iterations/s")
    print(f"  {speed:.0f} times; losses of {many:,} iterations differ by {off:.1e} at most")
    return {"speed": speed, "difference": off}


def graphs(quick: bool) -> dict[str, Any]:
    """Print how far gradients of random graphs, compiled, are from recorded ones."""
    source, pool, wrong, worst = random.Random(0), operations(), 0, 0.0
    count, start = QUICK_GRAPHS if quick else GRAPHS, time.perf_counter()
    for i in range(count):
        expression = random_expression(source, lines=source.randint(2, 14), pool=pool)
        error = distance(expression, LANES[i % len(LANES)], "numpy" if i % 4 == 3 else None, i)
        worst = max(worst, error)
        if not error <= WRONG / U:
            wrong += 1
            print(f"  wrong by {error * U:.1e} of the path sum:\n{expression}")
    seconds = time.perf_counter() - start
    print(f"\n{count:,} random graphs of all primitives, compiled and recorded, seed 0")
    print(f"  {wrong} wrong; the worst differs by {worst:.3g} units of u*S; {seconds:.0f} s")
    return {"graphs": count, "wrong": wrong}


def distance(expression: Any, lanes: int, engine: str | None, seed: int) -> float:
    """Return the largest difference between compiled and recorded, in units of u * path sum.

    The first input is a parameter, whose gradient is summed over the samples; all samples but the
    first stand a little beside the point of the graph.
    """
    shared, *point = expression.point
    parameter = Value(shared)
    compiler: Any = autograd.compile
    function = compiler(
        lambda *inputs: expression(parameter, *inputs),
        parameters=[parameter],
        example=tuple(point),
        engine=engine,
        reduce="sum",
    )
    moves = 1.0 + NEARBY * np.random.default_rng(seed).uniform(-1, 1, (lanes, len(point)))
    moves[0] = 1.0
    rows = moves * point
    value, gradient, slopes = function.value_and_grad(*rows.T, inputs=True)
    expected = [recorded(expression, shared, row) for row in rows.tolist()]
    values, by_first, by_inputs = (np.array(part) for part in zip(*expected))
    scale = by_first[:, 1].sum()
    return max(
        off(value, values.sum(), abs(values).sum()),
        off(gradient[0], by_first[:, 0].sum(), scale),
        *(
            off(a, b, size)
            for a, (b, size) in zip(np.array(slopes).T.ravel(), by_inputs.reshape(-1, 2))
        ),
    )


def recorded(expression: Any, shared: float, row: list[float]) -> Any:
    """Return value, (slope, path sum) by the first input, and the same by each of the others."""
    leaves = [Value(x) for x in (shared, *row)]
    out = expression(*leaves)
    out.backward()
    sums = path_sums(out, leaves)
    pairs = [(leaf.grad, scale + faint / U) for leaf, (scale, faint) in zip(leaves, sums)]
    return out.data, pairs[0], pairs[1:]


def off(found: float, expected: float, scale: float) -> float:
    """Return a difference in units of u * scale."""
    if found == expected or (found != found and expected != expected):
        return 0.0
    return float(abs(found - expected) / (U * scale)) if scale else float("inf")


COMPARISONS = {"lowering": lowering, "training": training, "graphs": graphs}
