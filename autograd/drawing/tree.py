"""A graph as lines of text: the repr of a drawing, and what is told beside every picture.

>>> x, w = Value(2.0, name="x"), Value(-3.0, name="w")
>>> print(text_tree((w * x).tanh()))
tanh  data -1  grad –
└─ *  data -6  grad –  slope 2.458e-05
   ├─ w  data -3  grad –  slope 2
   └─ x  data 2  grad –  slope -3
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from autograd.backward import history
from autograd.drawing.labels import (
    Look,
    Nodes,
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

# Of a tree that is longer, the rest is left out.
MAX_LINES = 60
# Of indentation; what is deeper is not opened.
MAX_LEVELS = 24


class Branch(NamedTuple):
    """A node, or the text of a constant, on its way into a line.

    Attributes: `lead`, what stands before its line; `below`, and before the lines below it.
    """

    operand: Value | str
    slope: str
    lead: str
    below: str


def text_tree(root: Value, names: Mapping[str, Any] | None = None, numbers: str = ".4g") -> str:
    """Return a graph as lines of text, operands indented below results.

    The slope of an operand is the local derivative of the result above it; where none is told, no
    gradient flows. A node that was shown already is not opened again. What is too deep, or comes
    after so many lines, is left out.
    """
    nodes = history(root)
    called = labels(nodes, names or {})
    known = known_gradients(nodes)
    return tree_of(nodes, Look(called, known, numbers, True))


def tree_of(nodes: Nodes, look: Look) -> str:
    """Return the graph of some nodes, the root last, as lines of text: see `text_tree`."""
    seen: set[Value] = set()
    lines: list[str] = []
    stack = [Branch(nodes[-1], "", "", "")]
    while stack and len(lines) < MAX_LINES:
        x, slope, lead, below = stack.pop()
        line = lead + tree_line(x, look)
        if not isinstance(x, Value):
            lines.append(joined(line, slope))
            continue
        again = x in seen
        above = said("above") if again and x.operands else ""
        lines.append(joined(line, slope, above))
        if again:
            continue
        seen.add(x)
        if len(below) <= 3 * MAX_LEVELS:
            # The first operand is to be the next that is taken.
            stack += reversed([*children(x, below, look)])
        elif x.operands:
            lines[-1] += "  …"
    if stack:
        lines.append(said("nodes in all", count=str(len(nodes))))
    return "\n".join(lines)


def joined(*parts: str) -> str:
    """Return the parts of a line that say something, beside each other."""
    return "  ".join(filter(None, parts))


def children(node: Value, below: str, look: Look) -> Iterator[Branch]:
    """Yield the operands of a node, with their slopes and what stands before their lines."""
    last = len(node.operands) - 1
    for i, (operand, edge, slope) in enumerate(links(node)):
        if not isinstance(operand, Value):
            operand = constant_text(node, i, look)
        told = ""
        if edge is not None:
            told = said("slope", number=number_text(slope, look.numbers))
        if i == last:
            yield Branch(operand, told, below + "└─ ", below + "   ")
        else:
            yield Branch(operand, told, below + "├─ ", below + "│  ")


def tree_line(x: Value | str, look: Look) -> str:
    """Return the line of a node or of a constant."""
    if not isinstance(x, Value):
        return x
    name = look.labels.get(x, "")
    symbol = x.op.symbol if x.op else ""
    both = " = " if name and symbol else ""
    head = clipped(printable(f"{name}{both}{symbol}"))
    data = f"{said('data')} {number_text(x.data, look.numbers)}"
    grad = ""
    if look.show_gradients:
        grad = f"{said('grad')} {gradient(x, look)}"
    return joined(head, data, grad)
