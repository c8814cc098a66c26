"""Compile one random program with JAX, in a process that can be stopped when it takes too long.

python -m benchmarks.speed.try_jax OPERATIONS
"""

from __future__ import annotations

import sys

from benchmarks.speed.rivals import by_jax
from benchmarks.speed.workloads import scattered


def try_jax(operations: int) -> None:
    """Compile a random program of so many operations, and run it once."""
    by_jax.irregular(scattered(operations, 1)).step()


if __name__ == "__main__":
    try_jax(int(sys.argv[1]))
