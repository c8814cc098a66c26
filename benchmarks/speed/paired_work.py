"""Work that two states of this repository do in turns, with whichever is on PYTHONPATH.

    python -P benchmarks/speed/paired_work.py NAME

It is run by `python -m benchmarks pairs`, imports nothing of `benchmarks`, and uses only what the
public interface has had for long.
"""

from __future__ import annotations

import gc
import math
import random
import statistics
import sys
import time
from collections.abc import Callable

import numpy

from autograd import Value, grad, hessian, sin, tanh
from autograd.compile import Compiled
from nn import MLP, TwoLayerNetwork, load_digits, load_iris, mse_loss, train

SECONDS = 0.3  # that a work is repeated for
LEAST = 5  # repetitions
CHAIN = 20_000
STEPS = 200
Work = Callable[[], object]


def perceptron() -> Work:
    """Record a network of scalar operations on a sample, and go back."""
    network = MLP(16, [16, 16, 1])
    draw = random.Random(0).uniform
    xs = [draw(-1, 1) for _ in range(16)]

    def step() -> None:
        network.zero_grad()
        network(xs).backward()

    return step


def operators() -> Work:
    """Record operators and functions, each on its own, and go back."""
    xs = [Value(0.1 * i) for i in range(1, 50)]

    def step() -> None:
        total = Value(0.0)
        for a, b in zip(xs, xs[1:]):
            total = total + (a * b - a / b) * tanh(a) + sin(b) ** 2
        total.backward()

    return step


def chain() -> Work:
    """Record a chain of additions, and go back."""
    one = Value(1.0)

    def step() -> None:
        x = one
        for _ in range(CHAIN):
            x = x + one
        x.backward()

    return step


def higher() -> Work:
    """Third derivatives of a function, and a Hessian."""

    def waves(xs: list[Value]) -> Value:
        total = Value(0.0)
        for x, y in zip(xs, xs[1:]):
            total = total + sin(x * y)
        return total

    third = grad(grad(grad(lambda x: tanh(x) * sin(x))))

    def step() -> None:
        third(0.3)
        hessian(waves)([0.1 * i for i in range(6)])

    return step


def small_call() -> Work:
    """Call compiled code of sixteen products a thousand times."""
    weights = [Value(0.1 * i) for i in range(16)]
    compiled = Compiled(lambda x: sum(w * x for w in weights), weights, (1.0,))
    samples = numpy.array([0.5])

    def step() -> None:
        for _ in range(1000):
            compiled.value_and_grad(samples)

    return step


def compiled_digits() -> Work:
    """A hundred compiled steps of the digits' network on batches of 32."""
    network = TwoLayerNetwork(n=64, p=32, q=10, seed=0)
    compiled = Compiled(
        lambda xs, ys: mse_loss(network(xs), ys),
        network.parameters(),
        ([0.5] * 64, [0.0] * 10),
    )
    source = numpy.random.default_rng(1)
    samples, targets = source.random((32, 64)), source.random((32, 10))

    def step() -> None:
        for _ in range(100):
            compiled.value_and_grad(samples, targets)

    return step


def compiled_loop() -> Work:
    """A hundred compiled calls of a pendulum's 200 steps."""
    damping = Value(0.1)

    def swing(angle: Value) -> Value:
        speed = 0.0 * angle
        for _ in range(STEPS):
            speed = speed - 0.01 * (sin(angle) + damping * speed)
            angle = angle + 0.01 * speed
        return angle

    compiled = Compiled(swing, [damping], (0.5,))
    samples = numpy.array([0.5])

    def step() -> None:
        for _ in range(100):
            compiled.value_and_grad(samples)

    return step


def tracing() -> Work:
    """Trace, compile and call a function that is new each time, its kernels being kept."""
    weights = [[Value(0.01 * (i - j)) for j in range(8)] for i in range(16)]
    parameters = [w for row in weights for w in row]
    samples = numpy.full((1, 8), 0.1)

    def step() -> None:
        def loss(xs: list[Value]) -> Value:
            total = Value(0.0)
            for row in weights:
                total = total + tanh(sum(w * x for w, x in zip(row, xs))) ** 2
            return total

        Compiled(loss, parameters, ([0.1] * 8,)).value_and_grad(samples)

    return step


def training(compiled: bool) -> Work:
    """Algorithm 3.1 on the iris data, 60 iterations, or on the digits, 300 of them compiled."""
    data = load_digits() if compiled else load_iris()
    width = len(data.inputs[0])
    classes = len(data.class_names)
    largest = max(map(max, data.inputs))
    rows = [[x / largest for x in row] for row in data.inputs]
    iterations = 300 if compiled else 60

    def step() -> None:
        network = TwoLayerNetwork(n=width, p=8, q=classes, seed=0)
        train(
            network,
            rows,
            data.targets,
            step_size=0.5,
            batch_size=16,
            iterations=iterations,
            compiled=compiled,
            progress=False,
        )

    return step


WORK: dict[str, Callable[[], Work]] = {
    "core: MLP 16-16-16-1": perceptron,
    "core: operators": operators,
    "core: chain of 20,000": chain,
    "core: higher derivatives": higher,
    "compile: small calls": small_call,
    "compile: digits, batch 32": compiled_digits,
    "compile: a loop": compiled_loop,
    "compile: trace and first call": tracing,
    "training: iris": lambda: training(False),
    "training: digits, compiled": lambda: training(True),
}


def seconds_of(work: Work) -> float:
    """Return the median CPU time of a repetition, Python's collector at rest."""
    work()
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(times) < LEAST or time.perf_counter() < end:
        gc.collect()
        gc.disable()
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
        gc.enable()
    found = statistics.median(times)
    if not math.isfinite(found) or found <= 0:
        raise RuntimeError(f"the clock gave {found}")
    return found


if __name__ == "__main__":
    print(seconds_of(WORK[sys.argv[1]]()))
