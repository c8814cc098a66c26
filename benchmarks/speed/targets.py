"""What the compiler is to reach, measured in one run: target, number, met or not."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from benchmarks.speed.ours import EAGER, OURS

Results = dict[str, dict[str, Any]]  # of each workload, by its key
Measure = Callable[[Results, str], float]  # of all results, by their medians or the fastest turns


class Target(NamedTuple):
    """A number that has to be at least, or at most, a bound."""

    text: str
    measure: Measure
    relation: str
    bound: float
    unit: str = "x"


def times_ours(key: str, *rivals: str) -> Measure:
    """Return how many times our time the fastest of some rivals takes."""

    def measure(results: Results, which: str) -> float:
        times = results[key][which]
        return min(times[rival] for rival in named(times, rivals)) / times[OURS]

    return measure


def named(times: dict[str, float], rivals: tuple[str, ...]) -> list[str]:
    """Return the rows of some rivals: those with another number of threads count too."""
    found = [name for name in times if name in rivals or name.removesuffix(", 1 thread") in rivals]
    if not found:
        raise KeyError(rivals)
    return found


def of_theirs(key: str, *rivals: str) -> Measure:
    """Return how many times the time of the fastest of some rivals we take."""
    return lambda results, which: 1.0 / times_ours(key, *rivals)(results, which)


def a_sample(key: str) -> Measure:
    """Return our time of a sample, in microseconds."""
    return lambda results, which: results[key][which][OURS] / results[key]["samples"] * 1e6


def in_process(key: str, cache: str, what: str, scale: float = 1.0) -> Measure:
    """Return a number of a process of its own, with a cold or a warm cache."""
    return lambda results, which: results[key]["processes"][cache][what] * scale


def fact(key: str, name: str) -> Measure:
    """Return a number that a comparison of its own has left."""
    return lambda results, which: float(results[key][name])


TARGETS = (
    Target("1 MLP: JAX's time, at least 3 x ours", times_ours("mlp", "JAX"), ">=", 3),
    Target("1 MLP: PyTorch's, at least 10 x", times_ours("mlp", "PyTorch"), ">=", 10),
    Target("1 MLP: NumPy's, more than ours", times_ours("mlp", "NumPy"), ">=", 1),
    Target("2 digits 32: ours, of the C loops'", of_theirs("digits 32", "C loops"), "<=", 1.6),
    Target("2 digits 32: NumPy's", times_ours("digits 32", "NumPy"), ">=", 1.5),
    Target("2 digits 32: JAX's", times_ours("digits 32", "JAX"), ">=", 3),
    Target("2 digits 32: PyTorch's", times_ours("digits 32", "PyTorch"), ">=", 12),
    Target("2 digits 1: JAX's", times_ours("digits 1", "JAX"), ">=", 1),
    Target("3 million: ours, of JAX's or PyTorch's", of_theirs("million", "JAX", "PyTorch"),
           "<=", 1.3),
    Target("3 million: peak memory", in_process("million", "warm", "peak", 1 / 1024), "<=", 2,
           "GiB"),
    Target("3 million: trace and lower", in_process("million", "warm", "lowered"), "<=", 20, "s"),
    Target("4 GPT 16: eager's time of a sample", times_ours("gpt 16", EAGER), ">=", 5000),
    Target("4 GPT 16: JAX's", times_ours("gpt 16", "JAX"), ">=", 1),
    Target("4 GPT 16: a sample", a_sample("gpt 16"), "<=", 12, "µs"),
    Target("4 GPT 1: a sample (JAX's is named in the table)", times_ours("gpt 1", "JAX"), ">=", 1),
    Target("5 irregular 1,000: CasADi's machine", times_ours("irregular 1000 1", "CasADi machine"),
           ">=", 1),
    Target("5 irregular 10,000: CasADi's machine",
           times_ours("irregular 10000 1", "CasADi machine"), ">=", 1),
    Target("5 irregular 1,000, 64 samples", times_ours("irregular 1000 64", "CasADi machine"),
           ">=", 4),
    Target("5 irregular 10,000, 64 samples", times_ours("irregular 10000 64", "CasADi machine"),
           ">=", 4),
    Target("5 irregular 1,000: a graph to its first result, warm",
           in_process("irregular 1000 1", "warm", "another"), "<=", 0.1, "s"),
    Target("6 lowering 10^6 nodes, of 10^5", fact("lowering", "growth"), "<=", 20),
    Target("6 lowering, a node", fact("lowering", "node"), "<=", 10, "µs"),
    Target("7 training on digits: iterations a second, of eager's", fact("training", "speed"),
           ">=", 300),
    Target("7 training on digits: losses differ after 1,000 iterations by",
           fact("training", "difference"), "<=", 1e-9, ""),
    Target("8 random graphs compiled", fact("graphs", "graphs"), ">=", 20_000, ""),
    Target("8 random graphs wrong", fact("graphs", "wrong"), "<=", 0, ""),
)  # fmt: skip


def verdicts(results: Results) -> Iterator[str]:
    """Yield a line per target: what was to be reached, by medians and by fastest turns, met or not.

    Both have to meet it. Where they differ much, others were using the machine.
    """
    relations = {">=": operator.ge, "<=": operator.le}
    yield f"  {'':62} {'':>14} {'median':>10} {'fastest':>10}"
    for target in TARGETS:
        try:
            found, best = (target.measure(results, which) for which in ("times", "best"))
        except KeyError:
            continue  # not part of this run, or a rival is not installed
        reached = [relations[target.relation](x, target.bound) for x in (found, best)]
        met = {2: "met", 1: "not sure", 0: "NOT MET"}[sum(reached)]
        bound = f"{target.relation} {target.bound:g} {target.unit}"
        yield f"  {target.text:62} {bound:>14} {found:10.4g} {best:10.4g} {met}"
