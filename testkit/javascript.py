"""The generated JavaScript beside the engine: cases, and where they are run.

A case is one node: an operation on numbers, with the value, the edges and the slopes that the
engine records there, and whether it raises.
"""

from __future__ import annotations

import html
import itertools
import json
import math
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from math import inf, nan
from pathlib import Path
from typing import Any, NamedTuple

from autograd import Value, ieee
from autograd import primitives as p
from autograd.compile.javascript.graphs import INDEXED, operation_name, script_of
from autograd.primitive_type import Primitive, Variadic
from testkit.points import COARSE_MAGNITUDES, MAGNITUDES

SPECIAL = (0.0, -0.0, inf, -inf, nan)
EVERY = 6  # hard point of rows of several operands: all numbers, but not all combinations
SCALES = (0.1, 1.0, 10.0, 300.0)
ORDERS = {p.polygamma: (0, 1, 2, 5), p.sinc_slope: (0, 1, 2, 5)}  # first operands, plain ints
DIGITS = (0, 1, 2, -1)  # of round
CHROMIUM_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
HARNESS = """
const number = (x) => (typeof x === "string" ? (x === "-0" ? -0 : Number(x)) : x);
const text = (x) =>
  x === undefined ? null : Number.isNaN(x) ? "NaN" : !Number.isFinite(x) ? String(x) : Object.is(x, -0) ? "-0" : x;
function ran(graph, leaves) {
  const { values, edges, raised } = forwardPass(operations, graph, leaves.map(number));
  const { adjoints } = reversePass(edges, graph.root);
  return {
    values: values.map(text),
    edges: edges.map((found) => found.map(([j, parent, slope]) => [j, parent, text(slope)])),
    raised: [...raised.keys()],
    adjoints: adjoints.map(text),
  };
}
const answers = (cases) => cases.map(([graph, leaves]) => ran(graph, leaves));
"""


class Case(NamedTuple):
    """A node as the engine records it.

    Attributes: `op` and `operands`, of which Values are leaves; `value`; `slopes`, by the place of
    the operand, for those with an edge; `raised`, whether the engine raises there.
    """

    op: Primitive
    operands: tuple[Any, ...]
    value: float
    slopes: dict[int, float]
    raised: bool

    @property
    def leaves(self) -> list[float]:
        """The numbers of the operands that are Values."""
        return [x.data for x in self.operands if isinstance(x, Value)]


def applied(op: Primitive, operands: Sequence[Any]) -> Any:
    """Return a row applied to operands."""
    return op(list(operands)) if isinstance(op, Variadic) else op(*operands)


def case_of(op: Primitive, operands: Sequence[Any]) -> Case | None:
    """Return the case of a row at numbers; None where it is no node of that row."""
    raised = False
    try:
        out = applied(op, operands)
    except (ValueError, ArithmeticError):
        raised = True
        with ieee():
            out = applied(op, operands)
    if not isinstance(out, Value) or out.op is not op:
        return None
    edges = iter(zip(out.parents, out.local_derivatives))
    slopes: dict[int, float] = {}
    parent, slope = next(edges, (None, 0.0))
    for j, x in enumerate(out.operands):
        if x is parent:
            slopes[j] = float(slope)
            parent, slope = next(edges, (None, 0.0))
    return Case(op, out.operands, float(out.data), slopes, raised)


def points(op: Primitive, count: int, source: random.Random, every: int) -> Iterator[Sequence[Any]]:
    """Yield hard points of a row, and as many random ones of each scale."""
    width = 3 if isinstance(op, Variadic) else len(op.partials)
    magnitudes = {1: MAGNITUDES, 2: COARSE_MAGNITUDES, 3: (0.5, 1.0, 30.0)}[width]
    numbers = [*SPECIAL, *magnitudes, *(-x for x in magnitudes)]
    choices = [numbers] * width
    if op in ORDERS:
        choices[0] = list(ORDERS[op])
    if op is p.rounded:
        choices[1] = list(DIGITS)
    grid = itertools.product(*choices)
    yield from itertools.islice(grid, 0, None, every if width > 1 else 1)
    for scale in SCALES:
        for _ in range(count):
            yield [
                source.choice(given) if len(given) < 5 else source.gauss(0.0, scale)
                for given in choices
            ]


def row_cases(op: Primitive, count: int = 8, seed: int = 0, every: int = EVERY) -> list[Case]:
    """Return cases of a row.

    Args: count: of random points of each scale; every: which of the hard points of a row of several
    operands there are, by default a sixth of them.
    """
    plain = {p.polygamma: 0, p.sinc_slope: 0, p.rounded: 1}.get(op)
    found = []
    for numbers in points(op, count, random.Random(f"{seed} {op.name}"), every):
        operands = [x if i == plain else Value(x) for i, x in enumerate(numbers)]
        if op in INDEXED:
            operands.insert(0, source_index(numbers))
        case = case_of(op, operands)
        if case:
            found.append(case)
    return found


def source_index(numbers: Sequence[float]) -> int:
    """Return which share is asked for: the first, or the last."""
    return 0 if numbers[0] == numbers[0] and numbers[0] < 1 else len(numbers) - 1


def graph_of(case: Case) -> dict[str, Any]:
    """Return the graph of one node."""
    places = itertools.count()
    operands = [[next(places)] if isinstance(x, Value) else x for x in case.operands]
    node = [operation_name(case.op, case.operands), operands]
    return {"nodes": [*[None] * len(case.leaves), node], "root": len(case.leaves)}


def script_for(operations: Mapping[str, tuple[Primitive, Sequence[Any]]]) -> str:
    """Return the script that runs graphs of these operations."""
    return script_of(operations) + HARNESS


def as_text(x: float) -> Any:
    """Return a number for JSON."""
    if x != x or x in (inf, -inf):
        return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"
    return "-0" if x == 0 and math.copysign(1.0, x) < 0 else x


def as_number(x: Any) -> float:
    """Return a number from JSON."""
    return float(x.replace("Infinity", "inf")) if isinstance(x, str) else float(x)


def node_program() -> str | None:
    """Return where Node is, Playwright's included; None without it."""
    found = shutil.which("node")
    if found:
        return found
    try:
        from playwright._impl._driver import compute_driver_executable
    except ImportError:
        return None
    return str(compute_driver_executable()[0])


def answers_of_node(script: str, cases: Sequence[Any]) -> list[Any]:
    """Return what Node makes of graphs and the numbers of their leaves."""
    program = node_program()
    assert program is not None  # the caller has looked
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.js")
        given = Path(folder, "cases.json")
        given.write_text(json.dumps(cases))
        page.write_text(
            f"{script}\nconst read = require('fs').readFileSync({str(given)!r});\n"
            "console.log(JSON.stringify(answers(JSON.parse(read))));\n"
        )
        return json.loads(printed_by([program, str(page)]))


def chromium_program() -> str | None:
    """Return where Chromium is; None without it."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def answers_of_chromium(script: str, cases: Sequence[Any]) -> list[Any]:
    """Return what Chromium makes of graphs and the numbers of their leaves, in a page of its own."""
    program = chromium_program()
    assert program is not None  # the caller has looked
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(
            f'<!doctype html><meta charset="utf-8"><body><script>{script}\n'
            f"const found = JSON.stringify(answers({json.dumps(cases)}));\n"
            "document.body.replaceChildren(found);</script></body>\n",
            encoding="utf-8",
        )
        text = printed_by([program, *CHROMIUM_FLAGS, "--dump-dom", page.as_uri()])
    found = text[text.index("<body>") + len("<body>") : text.rindex("</body>")]
    return json.loads(html.unescape(found))


def printed_by(command: Sequence[str]) -> str:
    """Return what a command prints.

    Raises: RuntimeError: it failed, with what it said.
    """
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def version_of(program: str | None) -> str:
    """Return what a program says of its version."""
    return printed_by([program, "--version"]).strip() if program else "missing"


ANSWERS = {"Node": answers_of_node, "Chromium": answers_of_chromium}
PROGRAMS = {"Node": node_program, "Chromium": chromium_program}


def ulps(found: Any, wanted: float) -> float:
    """Return how far a number of a page is from the engine's, in units of its last place.

    Zeros, infinities and NaN are equal, the sign of a zero included, or infinitely far.
    """
    x = as_number(found)
    if x != x or wanted != wanted:
        return 0.0 if x != x and wanted != wanted else inf
    if x == wanted:
        return 0.0 if math.copysign(1.0, x) == math.copysign(1.0, wanted) else inf
    if inf in (abs(x), abs(wanted)):
        return inf
    return abs(x - wanted) / math.ulp(wanted)
