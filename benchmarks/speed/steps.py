"""A step of training: in micrograd's idiom beside micrograd, and an iteration of `nn.train`.

    python -m benchmarks steps [--quick]

Everybody runs the same lines on the same weights, in a process of its own, and has to come to the
same losses first. They take turns; times are CPU time, so that other programs on the machine count
less, and are medians. Python's collector of cycles is off in one table, and what was left behind is
not counted; in the other it is as it is by default: micrograd's graphs are cycles, which nothing
else frees.
"""

from __future__ import annotations

import gc
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from benchmarks.environments import environment, run_there
from testkit import microgpt_style

REQUIREMENTS = ("micrograd==0.1.0", "numpy>=1.24", "llvmlite>=0.45")
OURS = "chainrule"
SIZES = (2, (16, 16, 1))  # of the network in micrograd's README
SEED = 1337
BATCHES = (1, 4, 20)
STEP_SIZE = 0.01
TURN_SECONDS = 0.25
ROUNDS, QUICK_ROUNDS = 25, 3
STEPS_COMPARED = 3
AGREEMENT = 1e-9
DIGITS, DIGITS_BATCH = (64, 32, 10), 16
LONG, SHORT, QUICK_LONG = 6000, 1000, 2000  # iterations of two trainings; their difference counts


def main(argv: list[str]) -> int:
    """Make the peers' environment, and run the comparison in it."""
    python = environment("steps", *REQUIREMENTS)
    return run_there(python, "benchmarks.speed.steps", *argv)


# Micrograd's idiom.


class PlainMLP:
    """micrograd's network of Values of any engine, as its own `nn` writes it."""

    def __init__(self, value: Any, nin: int, nouts: tuple[int, ...]) -> None:
        self.layers = [
            [([value(random.uniform(-1, 1)) for _ in range(n)], value(0)) for _ in range(m)]
            for n, m in zip((nin, *nouts), nouts)
        ]
        self.listed = [w for layer in self.layers for ws, b in layer for w in (*ws, b)]

    def __call__(self, xs: list[Any]) -> Any:
        for layer in self.layers:
            outs = [sum((w * x for w, x in zip(ws, xs)), b) for ws, b in layer]
            xs = outs if layer is self.layers[-1] else [out.relu() for out in outs]
        return xs[0]

    def parameters(self) -> list[Any]:
        return self.listed

    def zero_grad(self) -> None:
        for p in self.listed:
            p.grad = 0


def micrograds() -> Any:
    """Return micrograd's own network."""
    import micrograd.nn

    return micrograd.nn.MLP(SIZES[0], list(SIZES[1]))


def ours() -> Any:
    """Return ours."""
    import nn

    return nn.MLP(SIZES[0], list(SIZES[1]))


MODELS: dict[str, Callable[[], Any]] = {
    OURS: ours,
    "microgpt-style class": lambda: PlainMLP(microgpt_style.Value, *SIZES),
    "micrograd": micrograds,
}


def step(model: Any, xs: list[list[float]], ys: list[float]) -> float:
    """Do a step of training, in micrograd's words, and return the loss before it."""
    outputs = list(map(model, xs))
    loss = sum((output - y) ** 2 for output, y in zip(outputs, ys))
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data -= STEP_SIZE * p.grad
    return float(loss.data)


def run_of(name: str, batch: int) -> Callable[[], float]:
    """Return a contestant's step on a batch."""
    random.seed(SEED)
    model = MODELS[name]()
    draw = random.Random(batch).uniform
    xs = [[draw(-1, 1) for _ in range(SIZES[0])] for _ in range(batch)]
    ys = [draw(-1, 1) for _ in range(batch)]
    return lambda: step(model, xs, ys)


def serve(name: str, batch: int, collector: bool) -> None:
    """Be a contestant in a process of its own: print the first losses, then a time for each line.

    Without the collector, what was left behind is collected between two turns, and not timed.
    """
    run = run_of(name, batch)
    print(*(run() for _ in range(STEPS_COMPARED)), flush=True)
    if not collector:
        gc.disable()
    runs = max(1, int(TURN_SECONDS / timed(run, 3)))
    for _ in sys.stdin:
        print(timed(run, runs), flush=True)
        if not collector:
            gc.collect()


def turns(batch: int, rounds: int, collector: bool) -> dict[str, float]:
    """Return everybody's median CPU time of a step.

    Raises: ArithmeticError: somebody comes to other losses.
    """
    command = [sys.executable, "-m", "benchmarks.speed.steps", "serve"]
    with ExitStack() as stack:
        started = {
            name: stack.enter_context(
                subprocess.Popen(
                    [*command, name, str(batch), str(int(collector))],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name in MODELS
        }
        losses = {name: list(map(float, line_of(one).split())) for name, one in started.items()}
        for name, found in losses.items():
            if not all(map(agree, found, losses[OURS])):
                raise ArithmeticError(f"{name} has other losses: {found}, not {losses[OURS]}")
        times: dict[str, list[float]] = {name: [] for name in started}
        for _ in range(rounds):
            for name, one in started.items():
                times[name].append(float(line_of(one, "\n")))
        for one in started.values():
            one.stdin.close()  # type: ignore[union-attr]
    return {name: statistics.median(found) for name, found in times.items()}


def line_of(process: subprocess.Popen[str], asked: str = "") -> str:
    """Ask a contestant for a turn, and return the line that it answers."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(asked)
    process.stdin.flush()
    return process.stdout.readline()


def agree(x: float, y: float) -> bool:
    """Tell whether two losses are the same, to rounding."""
    return math.isclose(x, y, rel_tol=AGREEMENT)


def timed(run: Callable[[], Any], times: int) -> float:
    """Return the CPU time of a run, the mean of so many."""
    start = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - start) / times


def in_the_idiom(rounds: int) -> None:
    """Print everybody's time of a step for each batch, and how much slower than ours it is."""
    sizes = "-".join(map(str, (SIZES[0], *SIZES[1])))
    for collector in (False, True):
        state = "as it is by default" if collector else "off"
        print(f"\na training step of MLP {sizes} in micrograd's idiom; Python's collector {state}")
        print(f"  {'':24}" + "".join(f"{f'batch {batch}':>24}" for batch in BATCHES))
        columns = [turns(batch, rounds, collector) for batch in BATCHES]
        for name in columns[0]:
            cells = (f"{found[name] * 1e3:9.3f} ms {found[name] / found[OURS]:8.2f} x"
                     for found in columns)  # fmt: skip
            print(f"  {name:24}" + "".join(f"{cell:>24}" for cell in cells))


# Iterations of `nn.train`.


def training(compiled: bool, iterations: int) -> tuple[Any, Any, Any, dict[str, Any]]:
    """Return a network, the digits, and the options of a training."""
    from nn import TwoLayerNetwork
    from nn.data import Standardizer, load_digits

    data = load_digits()
    rows = Standardizer.fit(data.inputs).rows(data.inputs)
    options = {"batch_size": DIGITS_BATCH, "iterations": iterations, "compiled": compiled}
    return TwoLayerNetwork(*DIGITS), rows, data.targets, options


def trained_for(compiled: bool, iterations: int) -> float:
    """Return the CPU time of a call of `train`."""
    from nn import train

    network, rows, targets, options = training(compiled, iterations)
    start = time.process_time()
    train(network, rows, targets, progress=False, **options)
    return time.process_time() - start


def difference(compiled: bool, short: int, long: int, rounds: int) -> float:
    """Return the time of an iteration of `train`: what a longer training takes more."""
    return statistics.median(
        (trained_for(compiled, long) - trained_for(compiled, short)) / (long - short)
        for _ in range(rounds)
    )


def stepped(compiled: bool, iterations: int) -> float:
    """Return the median time of an iteration of a Trainer that is gone through."""
    from nn import Trainer

    network, rows, targets, options = training(compiled, iterations)
    steps = iter(Trainer(network, rows, targets, **options))
    next(steps)
    count = max(1, iterations // 50)
    return statistics.median(timed(lambda: next(steps), count) for _ in range(40))


def called() -> float:
    """Return the median time of the same work in one call of compiled code, `descend`."""
    import numpy as np

    import autograd
    from nn import mse_loss

    network, rows, targets, _ = training(True, 1)
    compiler: Any = autograd.compile
    function = compiler(
        lambda x, y: mse_loss(network(x), y), network.parameters(), (rows[0], targets[0])
    )
    batch = [np.array(column[:DIGITS_BATCH], dtype=float) for column in (rows, targets)]

    def run() -> None:
        function.descend(*batch, step_size=STEP_SIZE)

    run()
    return statistics.median(timed(run, 200) for _ in range(40))


def iterations_of_train(quick: bool) -> None:
    """Print the time of an iteration, recorded and compiled."""
    long, rounds = (QUICK_LONG, 1) if quick else (LONG, 7)
    sizes = "-".join(map(str, DIGITS))
    print(f"\nan iteration of the network {sizes} on digits, mini-batches of {DIGITS_BATCH}")
    trained_for(True, 1)  # which compiles kernels, if this machine has none yet
    figures = {
        "train, recorded": difference(False, 2, 10 if quick else 40, rounds),
        "train(compiled=True)": difference(True, SHORT, long, rounds),
        "Trainer(compiled=True), in a loop": stepped(True, long),
        "the function alone: descend": called(),
    }
    for name, seconds in figures.items():
        print(f"  {name:36} {seconds * 1e6:12.1f} µs")


def compare(argv: list[str]) -> None:
    """Run everything; `--quick` takes fewer rounds."""
    quick = "--quick" in argv
    rounds = QUICK_ROUNDS if quick else ROUNDS
    cores = os.cpu_count()
    print(f"Python {sys.version.split()[0]}, {cores} cores; CPU times, medians; x = times ours")
    in_the_idiom(rounds)
    iterations_of_train(quick)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1")
    else:
        compare(sys.argv[1:])
