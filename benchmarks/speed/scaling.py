"""When two processes train faster than one: samples of a mini-batch and parameters, measured."""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from nn import MLP, Trainer, cross_entropy

INPUTS, CLASSES = 8, 2
BATCHES = 4, 32, 256, 4096
HIDDEN = {"50": 4, "3,000": 50, "100,000": 310}  # two layers of so many, by about how many numbers
SAMPLES = 4096
SHARDS = 4
WARM_UP = 3  # iterations, in which the workers get what they compute with
TURNS = 15  # of each contestant
TURN_SECONDS = 0.1  # of iterations, but one at least
CELL_SECONDS = 12.0  # after which no turn begins: recorded, an iteration may take seconds
TOO_LONG = 4.0  # seconds of an iteration by a rough rule, which is left out
SECONDS_PER_PRODUCT = 0.6e-6  # recorded, forward and back: the rough rule


class Contestant(NamedTuple):
    """A training, an iteration at a time, and the times it took."""

    steps: Iterator[Any]
    times: list[float]

    def turn(self, count: int) -> None:
        """Run so many iterations, and note how long one took."""
        start = time.perf_counter()
        for _ in range(count):
            next(self.steps)
        self.times.append((time.perf_counter() - start) / count)


def contestant(b: int, hidden: int, compiled: bool, executor: Any = None) -> Contestant:
    """Return a training that goes on for ever, after its first iterations."""
    source = np.random.default_rng(0)
    inputs = source.standard_normal((SAMPLES, INPUTS)).tolist()
    targets = np.eye(CLASSES)[source.integers(0, CLASSES, SAMPLES)].tolist()
    network = MLP(INPUTS, [hidden, hidden, CLASSES], activation="tanh", output="softmax", seed=0)
    trainer = Trainer(
        network, inputs, targets, loss=cross_entropy, step_size=1e-3, batch_size=b,
        iterations=10**9, compiled=compiled, executor=executor, shards=SHARDS,
    )  # fmt: skip
    steps = iter(trainer)
    for _ in range(WARM_UP):
        next(steps)
    return Contestant(steps, [])


def measured(b: int, hidden: int, compiled: bool, executor: Any) -> tuple[float, float]:
    """Return the seconds of an iteration in this process and in two, medians of turns."""
    both = [contestant(b, hidden, compiled), contestant(b, hidden, compiled, executor)]
    begun = time.perf_counter()
    for each in both:
        each.turn(1)
    while len(both[0].times) < TURNS and time.perf_counter() - begun < CELL_SECONDS:
        for each in both:
            each.turn(max(1, round(TURN_SECONDS / min(each.times))))
    here, there = (statistics.median(each.times) for each in both)
    for each in both:
        each.steps.close()  # type: ignore[attr-defined]
    return here, there


def cell(b: int, hidden: int, compiled: bool, executor: Any) -> str:
    """Return how long an iteration takes in one process, and the share of it by two."""
    products = b * (INPUTS * hidden + hidden * hidden + hidden * CLASSES)
    if not compiled and products * SECONDS_PER_PRODUCT > TOO_LONG:
        return "not measured"
    here, there = measured(b, hidden, compiled, executor)
    return f"{text_of(here)}  x {there / here:.2f}"


def text_of(seconds: float) -> str:
    """Return a time in milliseconds."""
    return f"{seconds * 1000:.3g} ms"


def main(argv: list[str]) -> int:
    """Print the tables, of recorded and of compiled trainings, as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks scaling")
    parser.parse_args(argv)
    print("An iteration in one process, and the time that two processes take, as a multiple of it")
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        for compiled in (False, True):
            print(f"\n| {'compiled' if compiled else 'recorded'}, parameters |", end="")
            print("".join(f" {b} samples |" for b in BATCHES))
            print("|---|" + "---|" * len(BATCHES))
            for about, hidden in HIDDEN.items():
                cells = [cell(b, hidden, compiled, executor) for b in BATCHES]
                print(f"| {about} | {' | '.join(cells)} |", flush=True)
    return 0
