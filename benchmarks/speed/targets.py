"""What the compiler is to reach, measured in one run: goal, number, met or not."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

from benchmarks.speed.contest import Row
from benchmarks.speed.ours import BOUND, OURS
from benchmarks.speed.tables import line

Results = dict[str, dict[str, Any]]  # of each workload, by its key: rows, or facts
Of = Callable[[list[float]], float]  # the median of all turns, or the fastest
Measure = Callable[[Results, Of], float]


class Target(NamedTuple):
    """A number that has to be at least, or at most, a bound."""

    text: str
    measure: Measure
    relation: str
    bound: float
    unit: str = "µs"


def step(key: str, who: str = OURS) -> Measure:
    """Return our time of a step on one thread, in microseconds."""

    def measure(results: Results, of: Of) -> float:
        row: Row = results[key][who]
        return of(row.times[1]) * 1e6

    return measure


def first_call(key: str, cache: str) -> Measure:
    """Return what the first call takes in a process of its own, in seconds."""

    def measure(results: Results, of: Of) -> float:
        found = getattr(results[key][OURS], cache)
        return float(found["made"] + found["first"])

    return measure


def fact(key: str, name: str) -> Measure:
    """Return a number that a comparison of its own has left."""
    return lambda results, of: float(results[key][name])


def memory(key: str) -> Measure:
    """Return the most memory that our process has had, in GiB."""
    return lambda results, of: float(results[key][OURS].warm["peak"]) / 1024


STEPS = {
    "pendulum 1": 75,
    "pendulum 64": 900,
    "irregular 200 1": 1.7,
    "irregular 1000 1": 5,
    "irregular 1000 64": 50,
    "irregular 10000 1": 36,
    "irregular 10000 64": 850,
    "options": 3500,
    "mlp": 8.5,
    "digits 1": 2.4,
    "digits 32": 10,
    "digits 256": 79,
    "gpt 1": 33,
    "gpt 16": 153,
    "gpt 64": 593,
    "small": 0.9,
}
FIRST = {"readme": (0.3, 0.2), "digits 1": (1.0, 0.2), "gpt 1": (1.8, 0.5)}
TARGETS = (
    *(Target(f"{key}: a step", step(key), "<=", bound) for key, bound in STEPS.items()),
    Target("small, bound: a step", step("small", BOUND), "<=", 0.4),
    Target("pendulum 1: first call", first_call("pendulum 1", "cold"), "<=", 0.3, "s"),
    *(
        Target(f"{key}: {what}", first_call(key, cache), "<=", bounds[place], "s")
        for key, bounds in FIRST.items()
        for place, (cache, what) in enumerate(
            [("cold", "first call, empty cache"), ("warm", "the same in a new process")]
        )
    ),
    Target("million: peak memory", memory("million"), "<=", 2, "GiB"),
    Target("lowering 10^6 operations, of 10^5", fact("lowering", "growth"), "<=", 20, "x"),
    Target("tracing and lowering 10^6 operations", fact("lowering", "seconds"), "<=", 4, "s"),
    Target("training on digits: iterations a second, of eager's", fact("training", "speed"),
           ">=", 300, "x"),
    Target("training on digits: losses differ after 1,000 iterations by",
           fact("training", "difference"), "<=", 1e-9, ""),
    Target("random graphs compiled", fact("graphs", "graphs"), ">=", 20_000, ""),
    Target("random graphs wrong", fact("graphs", "wrong"), "<=", 0, ""),
)  # fmt: skip


def verdicts(results: Results) -> Iterator[str]:
    """Yield a row per goal: what was to be reached, by medians and by fastest turns, met or not.

    Both have to meet it. Where they differ much, others were using the machine.
    """
    relations = {">=": operator.ge, "<=": operator.le}
    yield line(["goal", "bound", "median", "fastest", ""])
    yield line(["---", "---:", "---:", "---:", "---"])
    for target in TARGETS:
        try:
            numbers = [target.measure(results, of) for of in (median, min)]
        except KeyError:
            continue  # not part of this run
        reached = [relations[target.relation](x, target.bound) for x in numbers]
        met = {2: "met", 1: "not sure", 0: "NOT MET"}[sum(reached)]
        bound = f"{target.relation} {target.bound:g} {target.unit}"
        yield line([target.text, bound, *(f"{x:.4g}" for x in numbers), met])
