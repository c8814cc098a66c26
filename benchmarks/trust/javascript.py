"""The generated JavaScript in Node and in Chromium, beside the engine: rows and random graphs.

Errors are counted in ulp of the largest term of the expression (`testkit/javascript_ulps.py`);
zeros, infinities, NaN, edges, and where Python raises have to be the same.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd import primitives as p
from autograd.compile.javascript.graphs import operation_name
from autograd.primitive_type import Primitive
from testkit.javascript import (
    ANSWERS,
    PROGRAMS,
    Case,
    as_text,
    graph_of,
    row_cases,
    script_for,
    version_of,
)
from testkit.javascript_graphs import (
    nodes_of,
    ran_graphs,
    reverse_pass_differs,
    shares_of_path_sums,
)
from testkit.javascript_ulps import (
    MOST_ULPS,
    SLOPES,
    VALUES,
    most,
    slope_ulps,
    value_ulps,
)

GRAPHS = 2000
POINTS = 100  # random ones of each scale
END_TO_END = 1e-10  # of the path sum


class Worst(NamedTuple):
    """How far off a row is at most, and how many cases there were."""

    cases: int = 0
    value: float = 0.0
    slope: float = 0.0

    def joined(self, value: float, slopes: Sequence[float]) -> Worst:
        """Return the same with another case."""
        return Worst(self.cases + 1, max(self.value, value), max(self.slope, 0.0, *slopes))


class Judge:
    """Notes the worst of each row, and what is wrong.

    Attributes: `rows`, by primitive; `bits`, how many numbers have the engine's bits, of `numbers`;
    `wrong`, what differs by more than it may.
    """

    def __init__(self) -> None:
        self.rows: defaultdict[Primitive, Worst] = defaultdict(Worst)
        self.numbers = 0
        self.bits = 0
        self.wrong: list[str] = []

    def see(self, case: Case, value: Any, slopes: dict[int, Any], raised: bool) -> None:
        """Compare one node with the engine's."""
        op = case.op
        if set(slopes) != set(case.slopes) or raised is not case.raised:
            self.wrong.append(f"other edges, or no error: {case}")
            return
        by_value = value_ulps(value, case)
        by_slope = [slope_ulps(slope, case, j) for j, slope in slopes.items()]
        self.rows[op] = self.rows[op].joined(by_value, by_slope)
        self.numbers += 1 + len(by_slope)
        self.bits += [by_value, *by_slope].count(0.0)
        if not by_value <= most(VALUES, op) or not max([0.0, *by_slope]) <= most(SLOPES, op):
            self.wrong.append(f"{case}: {value}, {slopes}")

    def summary(self) -> str:
        """Return how many numbers were compared, and what came out."""
        share = self.bits / max(self.numbers, 1)
        return (
            f"{self.numbers:,} numbers, {share:.1%} with the engine's bits, {len(self.wrong)} wrong"
        )


def judged_rows(engine: str, count: int, seed: int) -> Judge:
    """Return how far every row is off, at its hard points and at random ones."""
    judge = Judge()
    for op in p.TABLE.values():
        cases = row_cases(op, count, seed, every=1)
        known = {operation_name(case.op, case.operands): (case.op, case.operands) for case in cases}
        given = [(graph_of(case), [as_text(x) for x in case.leaves]) for case in cases]
        for case, answer in zip(cases, ANSWERS[engine](script_for(known), given)):
            slopes = {j: slope for j, _, slope in answer["edges"][-1]}
            judge.see(case, answer["values"][-1], slopes, bool(answer["raised"]))
    return judge


def judged_graphs(engine: str, count: int, seed: int) -> tuple[Judge, int, float]:
    """Return how far nodes are off, how many reverse passes differ, and the worst gradient.

    That one is a share of the path sum.
    """
    judge = Judge()
    moved = ran_graphs(ANSWERS[engine], count, seed, move=True)
    for ran in moved:
        for node in nodes_of(ran):
            judge.see(*node)
    others = ran_graphs(ANSWERS[engine], count, seed + 1, move=False)
    worst = max(share for ran in others for share in shares_of_path_sums(ran))
    return judge, sum(map(reverse_pass_differs, moved)), worst


def main(argv: list[str]) -> int:
    """Run the comparison, and print it as markdown; the same seed gives the same points."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks javascript")
    parser.add_argument("--count", type=int, default=GRAPHS, help="random graphs")
    parser.add_argument("--points", type=int, default=POINTS, help="random ones of each scale")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--browser", action="store_true", help="in Chromium as well")
    chosen = parser.parse_args(argv)
    engines = ["Node", "Chromium"] if chosen.browser else ["Node"]
    print(environment(engines), "\n")
    rows = {engine: judged_rows(engine, chosen.points, chosen.seed) for engine in engines}
    wrong = [line for judge in rows.values() for line in judge.wrong]
    for engine in engines:
        print(f"- Rows in {engine}: {rows[engine].summary()}.")
    for engine in engines:
        start = time.perf_counter()
        nodes, reverse, worst = judged_graphs(engine, chosen.count, chosen.seed)
        wrong += [*nodes.wrong, *["a reverse pass"] * reverse]
        wrong += ["a gradient"] * (not worst <= END_TO_END)
        print(
            f"- {chosen.count:,} random graphs in {engine}: {nodes.summary()}; reverse passes with "
            f"another bit: {reverse}; worst gradient {worst:.1g} of the path sum"
            f" ({time.perf_counter() - start:.0f} s)."
        )
    print("", *table(rows), "", *exceptions(), sep="\n")
    print(*wrong[:20], sep="\n")
    return bool(wrong)


def environment(engines: Sequence[str]) -> str:
    """Return what it was run with, and when."""
    versions = ", ".join(f"{engine} ({version_of(PROGRAMS[engine]())})" for engine in engines)
    return (
        f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores, {versions}"
    )


def table(rows: dict[str, Judge]) -> list[str]:
    """Return the lines of a table of all rows."""
    heads = [f"{what}, {engine}" for what in ("value", "slope") for engine in rows]
    lines = [f"| row | cases | {' | '.join(heads)} |", "|---|---|" + "---|" * len(heads)]
    for op in p.TABLE.values():
        found = [judge.rows[op] for judge in rows.values()]
        numbers = [worst.value for worst in found] + [worst.slope for worst in found]
        texts = [f"{x:.2g}" if x else "" for x in numbers]
        lines.append(f"| `{op.name}` | {found[0].cases:,} | {' | '.join(texts)} |")
    return lines


def exceptions() -> list[str]:
    """Return the rows that may be further off, with the reason."""
    lines = [f"Further than {MOST_ULPS:.0f} ulp of the largest term may be:", ""]
    for what, found in (("value", VALUES), ("slope", SLOPES)):
        for name, (allowed, reason) in found.items():
            lines.append(f"- the {what} of `{name}`, up to {allowed:.0f}: {reason}.")
    return lines
