"""A recorded graph as data, and the script that runs it with other numbers in its leaves.

>>> from autograd import Value
>>> x = Value(3.0)
>>> graph = GraphScript(x * x)
>>> graph.data["nodes"], graph.data["root"]
([None, ['mul:vv', [[0], [0]]]], 1)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from autograd import primitives as p
from autograd.backward import history
from autograd.compile.javascript.forwards import forward_of, limit_of
from autograd.compile.javascript.library import library, runtime, script
from autograd.compile.javascript.slopes import constant_of, constants_of, slope_of, slopes_of
from autograd.compile.javascript.translate import Definition, Untranslatable, listed, number
from autograd.primitive_type import Primitive, Variadic
from autograd.value import Value

# Their first operand is an index.
INDEXED = (p.softmax_of, p.log_softmax_of)


class GraphScript:
    """The graph of a Value as data, and as a script.

    Attributes: `nodes`, the Values, operands before results; `data`, for JSON: `nodes`, for each
    null (a leaf) or its operation and operands, and `root`.
    Raises: Untranslatable: the graph has an operation, or a number, that JavaScript has not.
    """

    def __init__(self, root: Value) -> None:
        self.nodes = history(root)
        places = {node: i for i, node in enumerate(self.nodes)}
        self.operations: dict[str, tuple[Primitive, tuple[Any, ...]]] = {}
        entries = [self.entry(node, places) for node in self.nodes]
        self.data = {"nodes": entries, "root": places[root]}

    def entry(self, node: Value, places: dict[Value, int]) -> Any:
        """Return what the data has of a node, and take note of its operation."""
        check_number(node.data)
        if node.op is None:
            return None
        operands = node.operands
        name = operation_name(node.op, operands)
        self.operations.setdefault(name, (node.op, operands))
        found: list[Any] = []
        for x in operands:
            if isinstance(x, Value):
                # A list of its own tells a place from a plain number.
                found.append([places[x]])
            else:
                found.append(plain(x))
        return [name, found]

    def script(self) -> str:
        """Return the script: the functions of the graph's operations, and what runs a graph."""
        return script_of(self.operations)


def script_of(
    operations: Mapping[str, tuple[Primitive, Sequence[Any]]], also: Sequence[Definition] = ()
) -> str:
    """Return a script that can run every graph of these operations.

    Args:
        operations: by the names of `operation_name`, each with operands it was applied to.
        also: what else a page calls.
    Raises: Untranslatable.
    """
    wanted: list[Definition] = [*also]
    entries = []
    # In the order of their names, whichever graph was recorded first.
    for name, (op, operands) in sorted(operations.items()):
        parts = list(parts_of(op, operands))
        wanted += [part for _, part in parts if part is not None]
        key = json.dumps(name)
        texts = ", ".join(fields(op, parts))
        entries.append(f"  {key}: {{{texts}}},")
    # What runs a graph calls these.
    of_runtime = runtime()
    wanted += [of_runtime["limit"], of_runtime["py_truth"]]
    functions = library(wanted)
    table = "\n".join(["const operations = {", *entries, "};"])
    runner = script("graph.js")
    return f"{functions}\n{table}\n{runner}"


def check_number(x: object) -> None:
    """Raise Untranslatable for what is no float."""
    if isinstance(x, Fraction):
        raise Untranslatable(f"{x} is a Fraction, and JavaScript has floats only")


def plain(x: Any) -> Any:
    """Return a plain operand for JSON, which has neither infinities nor NaN: those as texts."""
    text = number(x)
    is_special = text in ("NaN", "Infinity", "-Infinity", "-0")
    return text if is_special else x


def operation_name(op: Primitive, operands: Sequence[Any]) -> str:
    """Return a name for all nodes that share their functions: row, arity, what varies, index."""
    if isinstance(op, Variadic):
        index = f":{operands[0]}" if op in INDEXED else ""
        return f"{op.name}:{len(operands)}{index}"
    marks = ["v" if isinstance(x, Value) else "c" for x in operands]
    varying = "".join(marks)
    return f"{op.name}:{varying}"


def parts_of(op: Primitive, operands: Sequence[Any]) -> Iterator[tuple[str, Definition | None]]:
    """Yield the functions of an operation, each with what a graph calls it."""
    yield "forward", forward_of(op)
    yield "limit", limit_of(op)
    if isinstance(op, Variadic):
        index = operands[0] if op in INDEXED else None
        arity = len(operands)
        yield "slopes", slopes_of(op, arity, index)
        yield "constant", constants_of(op, arity) if op.constant else None
        return
    possible = []
    for i, partial in enumerate(op.partials):
        is_edge = partial is not None and isinstance(operands[i], Value)
        possible.append(is_edge)
        yield "slope", slope_of(op, i) if is_edge else None
    # Where several operands vary, the row may be constant in fewer places.
    edges = sum(possible)
    if op.constant and edges:
        yield "constant", constant_of(op, edges > 1)
    else:
        yield "constant", None


def fields(op: Primitive, parts: Sequence[tuple[str, Definition | None]]) -> Iterator[str]:
    """Yield the fields of an operation in the table of a script."""
    slopes = []
    for field, part in parts:
        name = part.name if part else "null"
        if field == "slope":
            slopes.append(name)
        else:
            yield f"{field}: {name}"
    if isinstance(op, Variadic):
        yield "variadic: true"
    else:
        yield f"slopes: {listed(slopes)}"
