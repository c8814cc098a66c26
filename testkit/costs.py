"""What the engine costs: memory over many rounds, bytes and nanoseconds of a node."""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nn
from autograd import Value
from testkit.processes import printed_by


def times(act: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Return the seconds of doing something, seven times."""
    found = []
    for _ in range(7):
        start = clock()
        act()
        found.append(clock() - start)
    return found


def typical_time(act: Callable[[], Any]) -> float:
    """Return the median of the seconds of doing something."""
    return statistics.median(times(act))


def resident() -> int:
    """Return the bytes of memory that this process holds; where Linux is not, has held at most."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def memory_here(rounds: int) -> tuple[int, int]:
    """As `memory`, in this process."""
    network = nn.MLP(3, [8, 8, 1], activation="tanh", seed=0)

    def turn() -> None:
        loss = (network([0.5, -1.0, 2.0]) - 1.0) ** 2 + sum(w * w for w in network.parameters())
        network.zero_grad()
        loss.backward()

    gc.collect()
    gc.disable()
    try:
        for _ in range(max(20, rounds // 20)):
            turn()
        before = resident()
        for _ in range(rounds):
            turn()
        return resident() - before, gc.collect()
    finally:
        gc.enable()


def memory(rounds: int = 10_000) -> tuple[int, int]:
    """Return by how many bytes a process grows in so many rounds without garbage collector.

    A round is forward, backward and release of a graph of about 300 nodes; the second number is
    what the collector finds at the end.
    """
    program = f"from testkit import costs; print(*costs.memory_here({rounds}))"
    growth, found = printed_by(program).split()
    return int(growth), int(found)


def some_graph(nodes: int) -> Value:
    """Return the root of a graph of products and sums of two Values each."""
    x, w = Value(1.0), Value(0.999)
    root = x
    for _ in range(nodes // 2):
        root = root * w + x
    return root


def cost(nodes: int = 100_000) -> tuple[float, float]:
    """Return bytes and nanoseconds of a binary node, forward and backward.

    The best of 7 by the clock of the processor, without the garbage collector, as `timeit` advises:
    what else the machine does shall not count.
    """
    tracemalloc.start()
    root = some_graph(nodes)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del root
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        seconds = min(times(lambda: some_graph(nodes).backward(), time.process_time))
    finally:
        if was_enabled:
            gc.enable()
    return size / nodes, seconds / nodes * 1e9
