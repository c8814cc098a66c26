"""Compiled scalar code beside NumPy, JAX, PyTorch, CasADi, C and our own eager mode.

    python -m benchmarks compiled [--quick] [--one-thread] [--without NAME] [names of workloads]

All contestants run in one process and take turns; a ratio is theirs to ours within that run. Before
anything is timed, every contestant's numbers are compared with ours.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from benchmarks.environments import environment, run_there

REQUIREMENTS = ("numpy>=1.24", "llvmlite>=0.45", "scipy>=1.10", "threadpoolctl>=3")
OPTIONAL = ("jax", "torch==2.13.0", "casadi")
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
PROCESSES = {"digits": 2, "gpt": 1, "irregular": 2}  # the variants whose first call is measured


def main(argv: list[str]) -> int:
    """Make the rivals' environment, and run the comparison in it."""
    python = environment("compiled", *REQUIREMENTS, optional=OPTIONAL)
    if "--one-thread" in argv:
        os.environ.update(ONE_THREAD)
    return run_there(python, "benchmarks.speed.compiled", *argv)


def options(argv: list[str]) -> argparse.Namespace:
    """Return the command line, taken apart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compiled", description=__doc__)
    parser.add_argument("names", nargs="*", help="workloads; all of them unless given")
    parser.add_argument("--quick", action="store_true", help="fewer turns, no subprocesses")
    parser.add_argument("--one-thread", action="store_true", help="one thread for everybody")
    parser.add_argument("--engine", action="append", default=[], help="a row for it as well")
    parser.add_argument("--without", action="append", default=[], help="leave a rival out")
    return parser.parse_args(argv)


def threads() -> str:
    """Return how many threads everybody uses."""
    import numpy as np
    from threadpoolctl import threadpool_info

    from benchmarks.speed.ours import one_thread

    np.ones((2, 2)) @ np.ones((2, 2))
    counts = [f"NumPy {p['num_threads']} ({p['internal_api']})" for p in threadpool_info()]
    try:
        import torch

        counts.append(f"PyTorch {torch.get_num_threads()}")
    except ImportError:
        pass
    jax = "one" if one_thread() else "its pool of all cores"
    ours = "one" if one_thread() else "all cores for large products and batches, else one"
    return f"threads: {', '.join(counts)}, JAX {jax}, CasADi 1, C 1, ours {ours}"


def report(argv: list[str]) -> None:
    """Print a table for every workload, and the targets."""
    from benchmarks.speed.comparisons import COMPARISONS
    from benchmarks.speed.contest import compare
    from benchmarks.speed.first_call import cold_and_warm, print_first
    from benchmarks.speed.targets import verdicts
    from benchmarks.speed.workloads import GROUPS

    asked = options(argv)
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores; float64; medians; {threads()}")
    unknown = [name for name in asked.names if name not in {**GROUPS, **COMPARISONS}]
    if unknown:
        sys.exit(
            f"no workload {', '.join(unknown)}; there are {', '.join([*GROUPS, *COMPARISONS])}"
        )
    results: dict[str, dict[str, Any]] = {}
    for name in asked.names or (*GROUPS, *COMPARISONS):
        if name in COMPARISONS:
            results[name] = COMPARISONS[name](asked.quick)
            continue
        for index, make in enumerate(GROUPS[name]):
            work = make()
            results[work.key] = compare(work, asked)
            if not asked.quick and index == PROCESSES.get(name, 0):
                found = cold_and_warm(name, index)
                print_first(found)
                results[work.key]["processes"] = found
    print("\nwhat the compiler is to reach")
    print("\n".join(verdicts(results)))


if __name__ == "__main__":
    report(sys.argv[1:])
