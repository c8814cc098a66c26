"""The tables of a contest, as markdown."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.speed.contest import Row
from benchmarks.speed.ours import OURS

HEAD = (
    "who", "1 thread", "x", "fastest", "best threads", "x", "first call", "new process",
    "differs by", "note",
)  # fmt: skip


def one_thread(row: Row, of: Callable[[list[float]], float] = statistics.median) -> float:
    """Return the time of a step on one thread: the median of the turns, or another measure."""
    return of(row.times[1])


def best(row: Row, of: Callable[[list[float]], float] = statistics.median) -> tuple[float, int]:
    """Return the time of a step with the best number of threads, and that number."""
    return min((of(times), threads) for threads, times in row.times.items())


def table(title: str, samples: int, rows: dict[str, Row]) -> Iterator[str]:
    """Yield the table of a workload, the fastest first, and the lines for who is missing."""
    yield f"## {title[0].upper()}{title[1:]}; batch {samples:,}"
    yield ""
    yield line(HEAD)
    yield line(["---"] + ["---:"] * (len(HEAD) - 2) + ["---"])
    timed = {name: row for name, row in rows.items() if row.times and not row.wrong}
    for name in sorted(timed, key=lambda name: one_thread(timed[name])):
        yield line(cells(name, timed[name], rows[OURS]))
    missing = {name: row.missing for name, row in rows.items() if row.missing}
    if missing:
        yield ""
        yield "; ".join(f"{name}: {reason}" for name, reason in missing.items()) + "."


def cells(name: str, row: Row, ours: Row) -> list[str]:
    """Return the cells of a contestant."""
    single, (shared, threads) = one_thread(row), best(row)
    return [
        f"**{name}**" if name == OURS else name,
        unit(single),
        f"{single / one_thread(ours):.2f}",
        unit(one_thread(row, min)),
        f"{unit(shared)} ({threads})" if len(row.times) > 1 else "",
        f"{shared / best(ours)[0]:.2f}",
        first(row.cold),
        first(row.warm),
        f"{row.off:.0e}" if row.off else "0",
        row.note,
    ]


def first(found: dict[str, Any]) -> str:
    """Return what it took to get ready and to make the first call."""
    return unit(found["made"] + found["first"]) if "made" in found else ""


def line(cells_: Any) -> str:
    return f"| {' | '.join(cells_)} |"


def unit(seconds: float) -> str:
    """Return a time with three digits, in a unit that suits it."""
    for size, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{digits(seconds / size)} {name}"
    return f"{digits(seconds / 1e-9)} ns"


def digits(x: float) -> str:
    """Return a number from 1 on with three digits, or all before the point."""
    return f"{x:.0f}" if x >= 99.95 else f"{x:.1f}" if x >= 9.995 else f"{x:.2f}"
