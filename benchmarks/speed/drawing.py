"""How long pictures and explanations of graphs take, from 10 nodes to 100,000."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from autograd import Value, contributions, detect_anomaly, draw_dot, explain_nan, ieee, paths, trace
from autograd.drawing.render import engine
from nn import MLP, mse_loss

RUNS = 5
NETWORKS = ((2, [3, 1]), (4, [8, 3]), (16, [64, 50, 10]), (64, [300, 200, 10]))


def main(argv: list[str]) -> None:
    print(f"engine: {engine() or 'none: text only'}; medians of {RUNS}\n")
    print(f"{'network':24} {'nodes':>8} {'boxes':>6} {'DOT':>9} {'SVG':>9}")
    for inputs, sizes in NETWORKS:
        print_network(inputs, sizes)
    print()
    print_explanations()


def print_network(inputs: int, sizes: list[int]) -> None:
    network = MLP(inputs, sizes, activation="tanh", seed=0)
    loss = mse_loss(network([0.1] * inputs), [0.0] * sizes[-1])
    loss.backward()
    dot, picture = timed(lambda: draw_dot(loss, network=network))
    svg, _ = timed(picture.svg) if engine() else (float("nan"), None)
    boxes = picture.source.count('<td align="right">') // 2  # data and gradient of each
    name = "-".join(map(str, [inputs, *sizes]))
    print(f"{name:24} {len(trace(loss)[0]):8,} {boxes:6} {milliseconds(dot)} {milliseconds(svg)}")


def print_explanations() -> None:
    x = y = Value(1.0)
    for _ in range(60):
        y = y + y
    seconds, found = timed(lambda: paths(y, x, k=10))
    print(f"paths of 60 doublings: {found.number} = 2**60, the 10 largest{milliseconds(seconds)}")
    xs = [Value(1.0 + i % 7) for i in range(2500)]
    with ieee():
        xs[1944].data = 0.0
        seconds, total = timed(lambda: logarithms(xs))
        print(f"10,000 nodes, recorded as usual {milliseconds(seconds)}")
        with detect_anomaly():
            seconds, total = timed(lambda: logarithms(xs))
        print(f"the same within detect_anomaly() {milliseconds(seconds)}")
    seconds, _ = timed(lambda: explain_nan(total))
    print(f"explain_nan of it {milliseconds(seconds)}")
    seconds, _ = timed(lambda: contributions(total, xs[0]))
    print(f"contributions of it {milliseconds(seconds)}")


def logarithms(xs: list[Value]) -> Value:
    total = Value(0.0)
    for x in xs:
        total = total + x.log() * 0.5
    return total


def timed(job: Callable[[], Any]) -> tuple[float, Any]:
    """Return the median time of a job, and its result."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        result = job()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:6.1f} ms"
