"""Pictures of computation graphs: a Value as DOT, and as a text tree where nothing can draw.

>>> from autograd import Value
>>> x, w = Value(2.0, name="x"), Value(-3.0, name="w")
>>> y = (w * x).tanh()
>>> print(text_tree(y))
tanh  data -1  grad –
└─ *  data -6  grad –
   ├─ w  data -3  grad –
   └─ x  data 2  grad –
>>> nodes, edges = trace(y)
>>> len(nodes), len(edges)
(4, 3)
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.backward import history
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.picture import Picture

LIMIT = 150  # nodes that can still be read; a larger graph is collapsed
FEW = 3  # constants of one operation that are drawn apart; more share a box
LONGEST = 40  # characters of a name
LINES = 60  # of a text tree
UNKNOWN = "–"  # a gradient that no pass has computed yet: 0 would look like a result

INK, PALE, GRADIENT, BACK = "#43536e", "#8a94a6", "#b45309", "#ffffff"
LEAF, OPERATION, ROOT, BUNDLE = "#fff7df", "#eef4ff", "#e3f3e6", "#f1eefb"
GRAPH = {"fontname": "Helvetica", "fontsize": "11", "bgcolor": BACK, "nodesep": "0.22",
         "ranksep": "0.45", "fontcolor": INK}  # fmt: skip
NODE = {"fontname": "Helvetica", "fontsize": "11", "shape": "box", "style": "rounded,filled",
        "color": INK, "margin": "0.08,0.05", "height": "0.3", "width": "0.3"}  # fmt: skip
EDGE = {"fontname": "Helvetica", "fontsize": "9", "color": INK, "fontcolor": INK,
        "arrowsize": "0.6"}  # fmt: skip
TABLE = '<table border="0" cellborder="0" cellspacing="0" cellpadding="1">'


class Link(NamedTuple):
    """An operand of a node: a Value or a plain number, and the edge of the backward pass, if any.

    `edge` counts the edges of the node, as `parents` and the edges of a Step do; it is None for a
    constant and where the result does not depend on the operand, a structural zero.
    """

    operand: Any
    edge: int | None
    slope: Any


class Look(NamedTuple):
    """How a graph is to be drawn, see `draw_dot`."""

    labels: Mapping[Value, str]
    gradients: Mapping[Value, Any]
    numbers: str
    show_gradients: bool
    full: bool


def trace(root: Value) -> tuple[list[Value], list[tuple[Value, Value]]]:
    """Return the nodes of a graph and its edges, as (operand, node) pairs.

    Operands come before results and the root last, and `x * x` has two edges; the same graph gives
    the same order. Operands that get no gradient, such as the condition of `where`, are included.

    >>> x = Value(3.0)
    >>> nodes, edges = trace(x * x)
    >>> nodes[0] is x, len(edges)
    (True, 2)
    """
    nodes = history(root)
    return nodes, [(x, node) for node in nodes for x in node.operands if isinstance(x, Value)]


def links(node: Value) -> Iterator[Link]:
    """Yield the operands of a node in order, each with its edge."""
    edge = 0
    for operand in node.operands:
        if edge < len(node.parents) and operand is node.parents[edge]:
            yield Link(operand, edge, node.local_derivatives[edge])
            edge += 1
        else:
            yield Link(operand, None, None)


def known_gradients(nodes: Sequence[Value]) -> dict[Value, Any]:
    """Return the gradients that a pass has computed, of nodes in topological order.

    A pass gives the root its seed and reaches all below it. So a node has been reached when its
    gradient is not the 0 that it was made with, or when a node that has been reached leads to it.
    """
    known: dict[Value, Any] = {}
    for node in reversed(nodes):
        if node in known or node.grad != 0:
            known[node] = node.grad
            known.update((parent, parent.grad) for parent in node.parents)
    return known


def draw_dot(
    root: Value,
    *,
    style: str = "compact",
    names: Mapping[str, Any] | None = None,
    rankdir: str = "LR",
    numbers: str = ".4g",
    show_gradients: bool = True,
    gradients: Mapping[Value, Any] | None = None,
    format: str = "svg",
) -> Picture:
    """Return the graph that `root` was computed by as a drawing: DOT text that can be rendered.

    A box per Value with its name or operation, number and gradient; an arrow per operand, labelled
    with its local derivative, so that a gradient is the sum over paths of the products along them.
    Constants stand without a box. Dashed arrows carry no gradient, because the result does not
    depend on that operand at this point. A gradient is – until a backward pass has computed it.

    Args:
        style: "compact", a box per Value; "full", number and operation apart, as in micrograd.
        names: labels by variable, such as `locals()`; lists of Values become w[0], w[1], …
        rankdir: "LR" from left to right, or "TB", "RL", "BT".
        numbers: a format specification for all numbers.
        show_gradients: False leaves them out.
        gradients: numbers to show as gradients instead of those in the nodes.
        format: of the file that `render` writes, unless it is told otherwise.
    Returns:   a `graphviz.Digraph`. In the SVG, node i of `trace` has the id ``n{i}``, its k-th
               parent's arrow ``e{i}-{k}``, the arrow of operand j that carries no gradient
               ``z{i}-{j}``, and constant j ``c{i}-{j}`` with its arrow ``k{i}-{j}``.
    Raises:    ValueError: an unknown style or rankdir.

    >>> x = Value(3.0)
    >>> print(draw_dot(x * x, names=locals()).source.count("label=3"))
    2
    """
    from autograd.picture import Picture  # which needs graphviz

    chosen("style", style, ("compact", "full"))
    chosen("rankdir", rankdir, ("LR", "TB", "RL", "BT"))
    nodes = history(root)
    known = known_gradients(nodes) if gradients is None else gradients
    look = Look(labels(nodes, names or {}), known, numbers, show_gradients, style == "full")
    picture = Picture(
        "graph", format=format, graph_attr={**GRAPH, "rankdir": rankdir}, node_attr=NODE,
        edge_attr=EDGE,
    )  # fmt: skip
    index = {node: i for i, node in enumerate(nodes)}
    for node in nodes:
        draw_node(picture, node, index, look)
        draw_operands(picture, node, index, look)
    picture.text = text_tree(root, names)
    return picture


def chosen(what: str, given: Any, among: Sequence[str]) -> None:
    """Raise a ValueError where an option is none of those there are."""
    if given not in among:
        raise ValueError(f"{what} {given!r} is not known; choose from {', '.join(among)}")


def labels(nodes: Iterable[Value], names: Mapping[str, Any]) -> dict[Value, str]:
    """Return the name of every node that has one: the caller's variable, else its own."""
    found: dict[Value, str] = {}
    for name, x in names.items():
        if not str(name).startswith("_"):  # in a notebook _, __ and _1 are outputs
            for label, value in named(str(name), x):
                found.setdefault(value, label)
    own = {node: str(node.name) for node in nodes if node.name is not None}
    return {**own, **found}


def named(name: str, x: Any) -> Iterator[tuple[str, Value]]:
    """Yield the Values that a variable holds, with their labels."""
    if isinstance(x, Value):
        yield name, x
    elif isinstance(x, (list, tuple)):
        yield from ((f"{name}[{i}]", each) for i, each in enumerate(x) if isinstance(each, Value))
    elif isinstance(x, dict):
        yield from ((f"{name}[{k!r}]", each) for k, each in x.items() if isinstance(each, Value))


def draw_node(picture: Any, node: Value, index: Mapping[Value, int], look: Look) -> None:
    """Add the box of a node, and in the full style the circle of its operation."""
    i = index[node]
    color = LEAF if node.op is None else ROOT if i == len(index) - 1 else OPERATION
    kind = "leaf" if node.op is None else "root" if i == len(index) - 1 else "operation"
    picture.node(
        f"n{i}", label=box(node, look), id=f"n{i}", fillcolor=color,
        tooltip=escape_string(tooltip(node, look)), **{"class": kind},
    )  # fmt: skip
    if look.full and node.op:
        symbol = f"<{escape_html(node.op.symbol)}>"
        picture.node(f"o{i}", label=symbol, id=f"o{i}", shape="ellipse", fillcolor=BACK)
        picture.edge(f"o{i}", f"n{i}", id=f"o{i}-n{i}")


def draw_operands(picture: Any, node: Value, index: Mapping[Value, int], look: Look) -> None:
    """Add the arrows from the operands of a node to it."""
    i, constants = index[node], []
    head = f"o{i}" if look.full else f"n{i}"
    for j, (operand, edge, slope) in enumerate(links(node)):
        if not isinstance(operand, Value):
            constants.append((j, operand))
        elif edge is None:
            picture.edge(
                f"n{index[operand]}", head, id=f"z{i}-{j}", style="dashed", color=PALE,
                tooltip="no gradient: the result does not depend on it here", **{"class": "zero"},
            )  # fmt: skip
        else:
            label = shown(slope, look.numbers)
            picture.edge(f"n{index[operand]}", head, label=label, id=f"e{i}-{edge}")
    if len(constants) > FEW:
        some = ", ".join(shown(x, look.numbers) for _, x in constants[:FEW])
        constants = [(constants[0][0], f"{some}, … ({len(constants)} numbers)")]
    for j, x in constants:
        text = x if isinstance(x, str) else shown(x, look.numbers)
        picture.node(
            f"c{i}-{j}", label=text, id=f"c{i}-{j}", shape="plaintext", style="", fontcolor=INK,
            **{"class": "constant"},
        )  # fmt: skip
        picture.edge(f"c{i}-{j}", head, id=f"k{i}-{j}", color=PALE, **{"class": "constant"})


def box(node: Value, look: Look) -> str:
    """Return the label of a box: a table as HTML, of which every text is escaped."""
    title = escape_html(look.labels.get(node, ""))
    bold = f"<b>{title}</b>" if title else ""
    symbol = escape_html(node.op.symbol) if node.op and not look.full else ""
    head = f"{bold} = {symbol}" if bold and symbol else bold or symbol and f"<b>{symbol}</b>"
    rows = [f'<tr><td colspan="2">{head}</td></tr>'] if head else []
    rows.append(row("data", shown(node.data, look.numbers), "#111111"))
    if look.show_gradients:
        rows.append(row("grad", gradient(node, look), GRADIENT))
    return f"<{TABLE}{''.join(rows)}</table>>"


def row(what: str, number: str, color: str) -> str:
    """Return a line of a box: what it is, and the number in its color."""
    return (
        f'<tr><td align="right"><font color="{PALE}">{what}</font></td>'
        f'<td align="left"><font color="{color}">{escape_html(number)}</font></td></tr>'
    )


def gradient(node: Value, look: Look) -> str:
    """Return the gradient of a node as text, – where there is none."""
    return shown(look.gradients[node], look.numbers) if node in look.gradients else UNKNOWN


def tooltip(node: Value, look: Look) -> str:
    """Return what is told of a node when it is pointed at: all digits."""
    name = look.labels.get(node, "")
    made = f" = {node.op.spell(*map(operand_text, node.operands))}" if node.op else ""
    return clipped(f"{name}{made} = {node.data!r}".lstrip(" ="), 3 * LONGEST)


def operand_text(x: Any) -> str:
    """Return an operand as it is written in a tooltip: its name, else its number."""
    return str(x.name or shown(x.data, ".6g")) if isinstance(x, Value) else shown(x, ".6g")


def shown(x: Any, numbers: str) -> str:
    """Return a number in a format; a fraction as it is."""
    return clipped(str(x)) if isinstance(x, Fraction) else format(x, numbers)


def clipped(text: str, longest: int = LONGEST) -> str:
    """Return the beginning of a text that is too long."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def printable(text: str) -> str:
    """Return a text with everything that is no visible character written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def escape_html(text: str) -> str:
    """Return a text for a label in HTML."""
    return html.escape(clipped(printable(text)), quote=True)


def escape_string(text: str) -> str:
    """Return a text for a quoted attribute, where a backslash would begin an escape such as \\N."""
    return printable(text).replace("\\", "\\\\")


def text_tree(root: Value, names: Mapping[str, Any] | None = None, numbers: str = ".4g") -> str:
    """Return a graph as lines of text, operands indented below results.

    A node that was shown already is not opened again. After so many lines the rest is left out.
    """
    nodes = history(root)
    look = Look(labels(nodes, names or {}), known_gradients(nodes), numbers, True, False)
    seen: set[Value] = set()
    lines: list[str] = []
    stack: list[tuple[Any, str, str]] = [(root, "", "")]
    while stack and len(lines) < LINES:
        x, lead, below = stack.pop()
        again = x in seen if isinstance(x, Value) else False
        lines.append(lead + tree_line(x, look) + "  (above)" * (again and bool(x.operands)))
        if isinstance(x, Value) and not again:
            seen.add(x)
            stack += reversed([*children(x, below)])
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
        return shown(x, look.numbers)
    name, symbol = look.labels.get(x, ""), x.op.symbol if x.op else ""
    head = clipped(printable(f"{name} = {symbol}" if name and symbol else name or symbol))
    return f"{head}  data {shown(x.data, look.numbers)}  grad {gradient(x, look)}".lstrip()
