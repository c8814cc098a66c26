"""A graph as lines of text: the repr of a drawing, and what is told beside every picture.

>>> x, w = Value(2.0, name="x"), Value(-3.0, name="w")
>>> print(text_tree((w * x).tanh()))
tanh  data -1  grad –
└─ *  data -6  grad –  slope 2.458e-05
   ├─ w  data -3  grad –  slope 2
   └─ x  data 2  grad –  slope -3
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.backward import history
from autograd.drawing.labels import (
    Look,
    clipped,
    constant_text,
    gradient,
    known_gradients,
    labels,
    links,
    number_text,
    printable,
)
from autograd.texts import said
from autograd.value import Value

# Of a tree.
MAX_LINES = 60
# Of indentation.
MAX_LEVELS = 24


class Branch(NamedTuple):
    """A node or a constant on its way into a line."""

    operand: Any
    slope: str
    # What stands before its line.
    lead: str
    # And before the lines below it.
    below: str


def text_tree(root: Value, names: Mapping[str, Any] | None = None, numbers: str = ".4g") -> str:
    """Return a graph as lines of text, operands indented below results.

    The slope of an operand is the local derivative of the result above it; where none is told, no
    gradient flows. A node that was shown already is not opened again. What is too deep, or comes
    after so many lines, is left out.
    """
    nodes = history(root)
    return tree_of(nodes, Look(labels(nodes, names or {}), known_gradients(nodes), numbers, True))


def tree_of(nodes: Sequence[Value], look: Look) -> str:
    """Return the graph of some nodes, the root last, as lines of text: see `text_tree`."""
    seen: set[Value] = set()
    lines: list[str] = []
    stack = [Branch(nodes[-1], "", "", "")]
    while stack and len(lines) < MAX_LINES:
        x, slope, lead, below = stack.pop()
        again = x in seen if isinstance(x, Value) else False
        above = said("above") if again and x.operands else ""
        lines.append("  ".join(filter(None, [lead + tree_line(x, look), slope, above])))
        if isinstance(x, Value) and not again:
            seen.add(x)
            if len(below) <= 3 * MAX_LEVELS:
                stack += reversed([*children(x, below, look)])
            elif x.operands:
                lines[-1] += "  …"
    if stack:
        lines.append(said("nodes in all", count=str(len(nodes))))
    return "\n".join(lines)


def children(node: Value, below: str, look: Look) -> Iterator[Branch]:
    """Yield the operands of a node, with their slopes and what stands before their lines."""
    last = len(node.operands) - 1
    for i, (operand, edge, slope) in enumerate(links(node)):
        if not isinstance(operand, Value):
            operand = constant_text(node, i, look)
        told = "" if edge is None else said("slope", number=number_text(slope, look.numbers))
        if i == last:
            yield Branch(operand, told, below + "└─ ", below + "   ")
        else:
            yield Branch(operand, told, below + "├─ ", below + "│  ")


def tree_line(x: Any, look: Look) -> str:
    """Return the line of a node or of a constant."""
    if not isinstance(x, Value):
        return str(x)
    name = look.labels.get(x, "")
    symbol = x.op.symbol if x.op else ""
    head = clipped(printable(f"{name} = {symbol}" if name and symbol else name or symbol))
    data = f"{said('data')} {number_text(x.data, look.numbers)}"
    grad = f"{said('grad')} {gradient(x, look)}" if look.show_gradients else ""
    return "  ".join(filter(None, [head, data, grad]))
