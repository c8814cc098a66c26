"""A graph as lines of text: what is shown where nothing can draw.

>>> x, w = Value(2.0, name="x"), Value(-3.0, name="w")
>>> print(text_tree((w * x).tanh()))
tanh  data -1  grad –
└─ *  data -6  grad –
   ├─ w  data -3  grad –
   └─ x  data 2  grad –
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autograd.backward import history
from autograd.drawing.labels import (
    Look,
    clipped,
    gradient,
    known_gradients,
    labels,
    number_text,
    printable,
)
from autograd.value import Value

MAX_LINES = 60  # of a tree
MAX_LEVELS = 24  # of indentation


def text_tree(root: Value, names: Mapping[str, Any] | None = None, numbers: str = ".4g") -> str:
    """Return a graph as lines of text, operands indented below results.

    A node that was shown already is not opened again. What is too deep, or comes after so many
    lines, is left out.
    """
    nodes = history(root)
    look = Look(labels(nodes, names or {}), known_gradients(nodes), numbers, True, False)
    seen: set[Value] = set()
    lines: list[str] = []
    stack: list[tuple[Any, str, str]] = [(root, "", "")]
    while stack and len(lines) < MAX_LINES:
        x, lead, below = stack.pop()
        again = x in seen if isinstance(x, Value) else False
        lines.append(lead + tree_line(x, look) + "  (above)" * (again and bool(x.operands)))
        if isinstance(x, Value) and not again:
            seen.add(x)
            if len(below) <= 3 * MAX_LEVELS:
                stack += reversed([*children(x, below)])
            elif x.operands:
                lines[-1] += "  …"
    if stack:
        lines.append(f"… {len(nodes)} nodes in all")
    return "\n".join(lines)


def children(node: Value, below: str) -> Iterator[tuple[Any, str, str]]:
    """Yield the operands of a node, with what stands before their line and before those below."""
    last = len(node.operands) - 1
    for i, operand in enumerate(node.operands):
        if i == last:
            yield operand, below + "└─ ", below + "   "
        else:
            yield operand, below + "├─ ", below + "│  "


def tree_line(x: Any, look: Look) -> str:
    """Return the line of a node or of a constant."""
    if not isinstance(x, Value):
        return number_text(x, look.numbers)
    name = look.labels.get(x, "")
    symbol = x.op.symbol if x.op else ""
    head = clipped(printable(f"{name} = {symbol}" if name and symbol else name or symbol))
    return f"{head}  data {number_text(x.data, look.numbers)}  grad {gradient(x, look)}".lstrip()
