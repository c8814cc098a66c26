"""The compiler's elementary functions beside the C library's: nanoseconds, and ulp by mpmath.

python -m benchmarks elementary        needs chainrule[compile] and mpmath
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from time import perf_counter
from typing import Any

POINTS, LANES, RUNS, TURNS = 5000, 512, 200, 7
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
RANGES = {  # where errors are looked for
    "exp": (-745.0, 709.7),
    "expm1": (-5.0, 5.0),
    "log": (0.001, 20.0),
    "log1p": (-0.99, 5.0),
    "sin": (-100.0, 100.0),
    "cos": (-100.0, 100.0),
    "tanh": (-5.0, 5.0),
    "sigmoid": (-40.0, 40.0),
    "softplus": (-40.0, 40.0),
    "silu": (-40.0, 40.0),
    "gelu": (-8.0, 8.0),
    "normal_cdf": (-38.0, 8.0),
    "erf": (-6.0, 6.0),
    "erfc": (-6.0, 27.0),
}
TIMED = (0.1, 3.0)  # the operands of timed calls
LOOP = """
def loop(numbers, found, count, runs):
    for _ in range(runs):
        for i in range(count):
            found[i] = one(numbers[i])
"""


def main(argv: list[str]) -> None:
    """Print a row for each function."""
    print("nanoseconds a number in blocks of 512 lanes, and the largest error in ulp")
    print(f"{'':12}{'vector ns':>10}{'libm ns':>10}{'ratio':>8}{'vector ulp':>12}{'libm ulp':>10}")
    for name, (low, high) in RANGES.items():
        times = interleaved([loop(name, functions) for functions in ("vector", "libm")])
        errors = [worst(name, functions, low, high) for functions in ("vector", "libm")]
        fast, slow = (time * 1e9 / (RUNS * LANES) for time in times)
        row = f"{name:12}{fast:10.2f}{slow:10.2f}{slow / fast:8.1f}"
        print(f"{row}{errors[0]:12.2f}{errors[1]:10.2f}", flush=True)


def spread(low: float, high: float, count: int) -> Any:
    """Return numbers that fill an interval evenly, in no simple pattern."""
    import numpy as np

    return low + (high - low) * ((np.arange(count) * GOLDEN) % 1.0)


def loop(name: str, functions: str) -> Callable[[], Any]:
    """Return a call that computes a function of the table many times, in compiled code."""
    from autograd import primitives
    from autograd.compile.machine import elementary, objects
    from autograd.compile.machine.functions import NEAR_FUNCTIONS, function_of
    from autograd.compile.machine.ir import DOUBLE, INTEGER, POINTER
    from autograd.compile.machine.translate import Module
    from autograd.compile.sources import sources_in

    op = primitives.TABLE[name]
    is_vector = functions == "vector"
    one = (NEAR_FUNCTIONS.get(op) if is_vector else None) or function_of(op)
    called = f"timed_{name}_{functions}"

    def write() -> str:
        source = sources_in(LOOP, {"one": one})["loop"]
        module = Module(elementary.INSTEAD if is_vector else {})
        number = POINTER, DOUBLE
        return module.with_function(called, source, [number, number, INTEGER, INTEGER]).text()

    (address,) = objects.loaded(called, write, [called])
    pointer, whole = ctypes.c_void_p, ctypes.c_int64
    run = ctypes.CFUNCTYPE(None, pointer, pointer, whole, whole)(address)
    numbers = spread(*TIMED, LANES)
    found = numbers.copy()
    places = numbers.ctypes.data, found.ctypes.data
    run(*places, LANES, RUNS)
    return lambda: (run(*places, LANES, RUNS), numbers, found)


def interleaved(calls: list[Callable[[], Any]]) -> list[float]:
    """Return the median time of each call; they take turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(TURNS):
        for call, found in zip(calls, times):
            start = perf_counter()
            call()
            found.append(perf_counter() - start)
    return [sorted(found)[TURNS // 2] for found in times]


def worst(name: str, functions: str, low: float, high: float) -> float:
    """Return the largest error of a function on an interval, in ulp of the exact result."""
    import mpmath as mp

    import autograd
    from autograd import primitives
    from testkit.closed_forms import EXACT

    compiler: Any = autograd.compile
    compiled = compiler(
        primitives.TABLE[name], example=(0.5,), engine="llvm", functions=functions, finite=False
    )
    numbers = spread(low, high, POINTS)
    with mp.workdps(50):
        return max(
            float(abs(y - exact) / math.ulp(float(exact)))
            for x, y in zip(numbers.tolist(), compiled.value(numbers).tolist())
            for exact in [EXACT[name][0](mp.mpf(x))]
        )
