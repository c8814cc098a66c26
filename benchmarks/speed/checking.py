"""How long a gradient check takes, from 10 inputs to a million."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.environments import environment, run_there

REQUIREMENTS = ("mpmath==1.3.0", "hypothesis>=6.80", "numpy>=1.24", "graphviz>=0.20")
SIZES = (10, 100, 1000)
MILLION = 10**6
SAMPLES = 20


class Work(NamedTuple):
    """A function with its gradient at a point."""

    name: str
    function: Any
    point: Any
    gradient: Any


def works(n: int) -> Iterator[Work]:
    """Yield functions of n inputs, of NumPy, of Values and of floats."""
    import numpy as np

    from autograd import sum as total
    from autograd import tanh

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(SAMPLES, n)) / math.sqrt(n)
    targets = rng.normal(size=SAMPLES)
    w = rng.normal(size=n)

    def loss(w: Any) -> Any:
        return np.mean((np.tanh(rows @ w) - targets) ** 2)

    def slopes(w: Any) -> Any:
        out = np.tanh(rows @ w)
        return rows.T @ (2 * (out - targets) * (1 - out * out)) / SAMPLES

    yield Work("a tanh loss in NumPy", loss, w, slopes)
    yield Work(
        "float() of a logistic one",
        lambda w: float(np.logaddexp(0, rows @ w).sum()),
        w,
        lambda w: rows.T @ (1 / (1 + np.exp(-rows @ w))),
    )
    yield Work(
        "with an absolute penalty",
        lambda w: loss(w) + 1e-3 * np.abs(w).sum(),
        w,
        lambda w: slopes(w) + 1e-3 * np.sign(w),
    )
    yield Work(
        "a recorded sum of tanh", lambda xs: total([tanh(x) * 0.5 for x in xs]), list(w), None
    )
    yield Work(
        "a list through math.sin",
        lambda xs: math.fsum(math.sin(x) for x in xs),
        list(w),
        lambda xs: [math.cos(x) for x in xs],
    )


def seconds(work: Work, **options: Any) -> float:
    """Return how long one check takes."""
    from autograd.testing import check_gradients

    start = time.perf_counter()
    check_gradients(work.function, work.point, gradient=work.gradient, **options)
    return time.perf_counter() - start


def million() -> Work:
    """Return a function of a million inputs."""
    import numpy as np

    rng = np.random.default_rng(0)
    w = rng.normal(size=MILLION)
    a = rng.normal(size=MILLION)

    def slopes(w: Any) -> Any:
        return a / np.cosh(w * a) ** 2 + 2e-3 * w

    return Work("tanh", lambda w: float(np.tanh(w * a).sum() + 1e-3 * (w * w).sum()), w, slopes)


def main(argv: list[str]) -> int:
    """Make the environment of the oracles, and measure in it."""
    python = environment("fuzz", *REQUIREMENTS)
    return run_there(python, "benchmarks.speed.checking", *argv)


def run() -> int:
    """Print a row for each number of inputs."""
    names = [work.name for work in works(SIZES[0])]
    print(f"| inputs | {' | '.join(names)} |")
    print(f"|---:|{'---:|' * len(names)}")
    for n in SIZES:
        print(f"| {n:,} | {' | '.join(f'{seconds(work):.2g}' for work in works(n))} |", flush=True)
    first = next(works(SIZES[-1]))
    print(f"along 8 random directions, {SIZES[-1]:,} inputs: {seconds(first, directions=8):.2g} s")
    print(
        f"along 8 random directions, {MILLION:,} inputs: {seconds(million(), directions=8):.2g} s"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(run())
