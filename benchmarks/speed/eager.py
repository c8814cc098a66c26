"""Time and memory of recording and of the backward pass, beside two other engines."""

from __future__ import annotations

import gc
import random
import resource
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from benchmarks.environments import environment, run_there

LAYERS = (16, 16, 16, 1)  # the MLP written with `*`, `+` and `sum`
DIGITS = (64, 32, 10)  # the network of the training step
BATCH = 4
TURN = 10  # runs of one contestant before it is the next one's turn


def main(argv: list[str]) -> int:
    """Make the peers' environment, and run the comparison in it."""
    return run_there(environment("eager", "micrograd==0.1.0"), "benchmarks.speed.eager", *argv)


def mlp(value: Any, sizes: tuple[int, ...]) -> Any:
    """Return weights and a function of inputs, in micrograd's way of writing."""
    draw = random.Random(0).uniform  # positive, so that every relu is open and no edge is missing
    weights = [
        [([value(draw(0, 0.2)) for _ in range(n)], value(0.0)) for _ in range(m)]
        for n, m in zip(sizes, sizes[1:])
    ]

    def forward(xs: list[Any]) -> Any:
        for layer in weights:
            xs = [sum((w * x for w, x in zip(ws, xs)), b).relu() for ws, b in layer]
        return xs

    return weights, forward


def nodes_of(root: Any) -> int:
    """Count the nodes of a graph of any of the engines, inputs and weights included."""
    seen, stack = {root}, [root]
    while stack:
        node = stack.pop()
        children: Any = getattr(node, "parents", None) or getattr(node, "children", None)
        for child in children or getattr(node, "_prev", ()):
            if child not in seen:
                seen.add(child)
                stack.append(child)
    return len(seen)


def interleaved(rounds: int, **work: Callable[[], Any]) -> dict[str, float]:
    """Return each contestant's median time; the contestants take turns.

    A turn is several runs and a garbage collection, all timed: whoever leaves reference cycles
    behind (micrograd's closures, a recursive `visit`) pays for their collection, and nobody else.
    """
    gc.collect()
    gc.freeze()  # what stands already is not looked at again
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            start = time.perf_counter()
            for _ in range(TURN):
                run()
            gc.collect()
            times[name].append((time.perf_counter() - start) / TURN)
    gc.unfreeze()
    return {name: statistics.median(ts) for name, ts in times.items()}


def table(title: str, unit: str, rows: dict[str, Any], base: str = "chainrule") -> None:
    """Print a number per contestant, and its ratio to ours."""
    print(f"\n{title}")
    for name, number in rows.items():
        figure = number if isinstance(number, str) else f"{number:12,.1f} {unit}"
        ratio = "" if isinstance(number, str) else f"   {number / rows[base]:6.2f} x"
        print(f"  {name:32} {figure}{ratio}")


def engines() -> dict[str, Any]:
    """Return the Value class of each contestant."""
    import micrograd.engine

    from autograd import Value
    from testkit import microgpt_style

    return {
        "chainrule": Value,
        "microgpt-style class": microgpt_style.Value,
        "micrograd": micrograd.engine.Value,
    }


def per_node(rounds: int, size: int) -> None:
    """Print the time of one node, forward and backward, on the MLP of scalar operations."""
    forward, both, counts = {}, {}, {}
    for name, value in engines().items():
        _, network = mlp(value, LAYERS)
        batch = [[value((x + i) / 8) for x in range(LAYERS[0])] for i in range(size)]
        forward[name] = lambda network=network, batch=batch: sum(network(xs)[0] for xs in batch)
        both[name] = lambda loss=forward[name]: loss().backward()
        counts[name] = nodes_of(forward[name]())
    build, total = interleaved(rounds, **forward), interleaved(rounds, **both)
    for title, times in (("forward", build), ("forward and backward", total)):
        table(
            f"MLP {LAYERS} written with *, + and sum, batch {size}: {title}, ns per node",
            "ns",
            {name: t / counts[name] * 1e9 for name, t in times.items()},
        )


def training_step(rounds: int) -> None:
    """Print the time of one step of the 64-32-10 network on a mini-batch."""
    from autograd import Value
    from nn import TwoLayerNetwork, mse_loss

    draw = random.Random(1).random
    batch = [[draw() for _ in range(DIGITS[0])] for _ in range(BATCH)]
    wanted = [[float(k == i % 10) for k in range(DIGITS[2])] for i in range(BATCH)]

    def ours() -> None:
        network.zero_grad()
        for xs, ys in zip(batch, wanted):
            mse_loss(network(xs), ys).backward(1.0 / BATCH)
        for w in parameters:
            w.data -= 0.1 * w.grad

    def theirs(weights: Any, forward: Any) -> Callable[[], None]:
        flat = [w for layer in weights for ws, b in layer for w in (*ws, b)]

        def step() -> None:
            for w in flat:
                w.grad = 0
            for xs, ys in zip(batch, wanted):
                errors = [y_hat - y for y_hat, y in zip(forward(xs), ys)]
                (sum(e * e for e in errors) * (0.5 / BATCH)).backward()
            for w in flat:
                w.data -= 0.1 * w.grad

        return step

    network = TwoLayerNetwork(*DIGITS, output="relu")
    parameters: list[Value] = network.parameters()
    contestants = {"chainrule, nn (dot)": ours}
    for name, value in engines().items():
        contestants[f"{name}, scalar operations"] = theirs(*mlp(value, DIGITS))
    times = interleaved(max(2, rounds // 20), **contestants)
    table(
        f"one training step, network {DIGITS}, batch {BATCH}",
        "ms",
        {name: t * 1e3 for name, t in times.items()},
        base="chainrule, nn (dot)",
    )


def bytes_per_node() -> None:
    """Print the memory that a recorded node takes, operands' tuples and float included."""
    rows = {}
    for name, value in engines().items():
        x = value(1.5)
        gc.collect()
        tracemalloc.start()
        kept, node = [], x
        for _ in range(10_000):
            node = node * x
            kept.append(node)
        size = tracemalloc.get_traced_memory()[0] - sys.getsizeof(kept)
        tracemalloc.stop()
        rows[name] = size / 10_000
    table("memory per node of a product", "bytes", rows)


def chains(rounds: int) -> None:
    """Print the time per node of chains of additions of growing length, with `gc` off."""
    for name, value in engines().items():
        print(f"\nchain of additions, {name}: ns per node")
        print(f"  {'length':>10} {'forward':>9} {'backward':>9} {'release':>9}")
        for length in (10**3, 10**4, 10**5, 10**6):
            try:
                times = chain_times(value, length, max(1, min(rounds, 10**6 // length)))
            except RecursionError:
                print(f"  {length:>10,}   RecursionError")
                break
            print(f"  {length:>10,} " + " ".join(f"{t / length * 1e9:9.0f}" for t in times))
    from autograd import Value

    times = chain_times(Value, 10**6, 1, collector=True)
    print("\nthe same, ours, with Python's collector on, as it is by default")
    print(f"  {10**6:>10,} " + " ".join(f"{t / 10**6 * 1e9:9.0f}" for t in times))


def chain_times(value: Any, length: int, rounds: int, collector: bool = False) -> list[float]:
    """Return median times of building, passing and releasing a chain.

    Python's collector of cycles is off unless it is asked for: it looks at a million new nodes time
    and again, though there is no cycle among them.
    """
    samples = []
    gc.collect()
    if not collector:
        gc.disable()
    for _ in range(rounds):
        x = node = value(1.0)
        marks = [time.perf_counter()]
        for _ in range(length):
            node = node + x
        marks.append(time.perf_counter())
        node.backward()
        marks.append(time.perf_counter())
        del node
        marks.append(time.perf_counter())
        samples.append([b - a for a, b in zip(marks, marks[1:])])
    gc.enable()
    return [statistics.median(column) for column in zip(*samples)]


def wide_sum() -> None:
    """Print the times of one sum node of a million terms, and of memory given back."""
    from autograd import Value
    from autograd import sum as total

    xs = [Value(float(i)) for i in range(10**6)]
    start = time.perf_counter()
    node = total(xs)
    middle = time.perf_counter()
    node.backward()
    end = time.perf_counter()
    print("\nsum of 1,000,000 terms as one node")
    print(f"  forward {middle - start:.2f} s, backward {end - middle:.2f} s")


def compare(argv: list[str]) -> None:
    """Run everything; `--quick` takes fewer rounds."""
    rounds = 10 if "--quick" in argv else 60
    print(f"Python {sys.version.split()[0]}; medians of {rounds} turns each; x = times ours")
    per_node(rounds, 1)
    per_node(rounds, BATCH)
    training_step(rounds)
    bytes_per_node()
    chains(5)
    wide_sum()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of this run: {peak:,.0f} MiB")


if __name__ == "__main__":
    threading.stack_size(512 * 2**20)  # so that the peers' recursion meets Python's limit, not C's
    worker = threading.Thread(target=compare, args=(sys.argv[1:],))
    worker.start()
    worker.join()
