"""What pictures of a graph say: names, numbers and gradients as text, and how it is escaped.

>>> escape_html("<b>")
'&lt;b&gt;'
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from autograd.drawing.palette import FONT
from autograd.texts import said
from autograd.value import Value

MAX_NAME_CHARACTERS = 40
# More constants of one operation than these share a box.
MAX_CONSTANTS_APART = 3
# A gradient that no pass has computed yet: 0 would look like a result.
UNKNOWN = "–"


# Of a graph, operands before results.
Nodes = Sequence[Value]
# What Values are called, or the paths of parameters.
Names = Mapping[Value, str]
# Plain numbers among operands: the place of each, and its text.
Constants = list[tuple[int, str]]


def graph_of(root: object) -> Value:
    """Return the root of a graph.

    Raises: TypeError: it is no Value; the message says what to pass instead.
    """
    if isinstance(root, Value):
        return root
    cure = "one of its elements, or their sum" if hasattr(root, "__len__") else "a Value"
    raise TypeError(
        f"a graph belongs to a Value, not to {type(root).__name__} {root!r:.40}; pass {cure}"
    )


class Link(NamedTuple):
    """An operand of a node: a Value or a plain number, and the edge of the backward pass, if any.

    `edge` counts the edges of the node, as `parents` and the edges of a Step do; it is None for a
    constant and where the result does not depend on the operand, a structural zero.
    """

    operand: Any
    edge: int | None
    slope: Any


class Look(NamedTuple):
    """What is told of the nodes, and in which format; see `draw_dot`.

    Attributes: `operands`, the names of plain numbers, by node and place.
    """

    labels: Names
    gradients: Mapping[Value, Any]
    numbers: str
    show_gradients: bool
    full: bool = False
    operands: Mapping[tuple[Value, int], str] = {}


def links(node: Value) -> Iterator[Link]:
    """Yield the operands of a node in order, each with its edge."""
    edge = 0
    for operand in node.operands:
        if edge < len(node.parents) and operand is node.parents[edge]:
            yield Link(operand, edge, node.local_derivatives[edge])
            edge += 1
        else:
            yield Link(operand, None, None)


def operand_values(node: Value) -> list[Value]:
    """Return the operands of a node that are no plain numbers."""
    return [x for x in node.operands if isinstance(x, Value)]


def constants_drawn(constants: Constants) -> Constants:
    """Return the plain numbers of an operation as they are drawn: many in the place of the first.

    Args: constants: the number of each operand, and its text.

    >>> constants_drawn([(1, "0.5"), (2, "1.5")])
    [(1, '0.5'), (2, '1.5')]
    >>> constants_drawn([(1, "1"), (2, "2"), (3, "3"), (5, "4")])
    [(1, '1, 2, 3, … (4 numbers)')]
    """
    count = len(constants)
    if count <= MAX_CONSTANTS_APART:
        return constants
    first = constants[0][0]
    some = ", ".join(text for _, text in constants[:MAX_CONSTANTS_APART])
    told = said("numbers", some=some, count=str(count))
    return [(first, told)]


def constant_text(node: Value, place: int, look: Look) -> str:
    """Return a plain number among the operands of a node as it is drawn, with its name if any."""
    number = number_text(node.operands[place], look.numbers)
    name = look.operands.get((node, place))
    return f"{name} = {number}" if name else number


def known_gradients(nodes: Nodes) -> dict[Value, Any]:
    """Return the gradients that a pass has computed, of nodes in topological order.

    A pass gives the root its seed, and what depends on nothing but a node that it reached has its
    gradient then, also where that is 0 because no edge leads on. So a node is known when its
    gradient is not the 0 that it was made with, or when a known node was computed from it.
    """
    known: dict[Value, Any] = {}
    for node in reversed(nodes):
        if node not in known and node.grad == 0:
            continue
        known[node] = node.grad
        for x in operand_values(node):
            known[x] = x.grad
    return known


def labels(nodes: Iterable[Value], names: Mapping[str, Any]) -> dict[Value, str]:
    """Return the name of every node that has one: the caller's variable, else its own."""
    found = {node: str(node.name) for node in nodes if node.name is not None}
    variables = {str(name): x for name, x in names.items() if is_variable(str(name))}
    # Of several names for one node the first stays, so it is set last.
    for name, x in reversed(variables.items()):
        for label, value in named_elements(name, x):
            found[value] = label
    for name, x in reversed(variables.items()):
        if isinstance(x, Value):
            found[x] = name
    return found


def is_variable(name: str) -> bool:
    """Tell whether a name was chosen by somebody: in a notebook _, _1, In and Out were not."""
    return not name.startswith("_") and name not in ("In", "Out")


def named_elements(name: str, x: object) -> Iterator[tuple[str, Value]]:
    """Yield the Values in a list, tuple or dict with their labels."""
    pairs: Iterable[tuple[object, object]] = ()
    if isinstance(x, dict):
        pairs = x.items()
    elif isinstance(x, (list, tuple)):
        pairs = enumerate(x)
    for key, each in pairs:
        if isinstance(each, Value):
            yield f"{name}[{key!r}]", each


def gradient(node: Value, look: Look) -> str:
    """Return the gradient of a node as text, – where there is none."""
    if node not in look.gradients:
        return UNKNOWN
    return number_text(look.gradients[node], look.numbers)


def tooltip(node: Value, look: Look) -> str:
    """Return what is told of a node when it is pointed at: all digits."""
    told = [look.labels.get(node, "")]
    if node.op:
        operands = map(operand_text, node.operands)
        told.append(node.op.spell(*operands))
    told.append(repr(node.data))
    text = " = ".join(told).lstrip(" =")
    return clipped(text, 3 * MAX_NAME_CHARACTERS)


def operand_text(x: object) -> str:
    """Return an operand as it is written in a tooltip: its name, else its number."""
    if isinstance(x, Value):
        return str(x.name or number_text(x.data, ".6g"))
    return number_text(x, ".6g")


def number_text(x: object, numbers: str) -> str:
    """Return a number in a format; a fraction as it is."""
    if isinstance(x, Fraction):
        return clipped(str(x))
    return format(x, numbers)


def clipped(text: str, longest: int = MAX_NAME_CHARACTERS) -> str:
    """Return the beginning of a text that is too long."""
    if len(text) <= longest:
        return text
    return text[: longest - 1] + "…"


def printable(text: str) -> str:
    """Return a text with everything that is no visible character written as an escape."""
    if text.isprintable():
        return text
    shown = ""
    for letter in text:
        # Of the repr of a letter the quotes are left out.
        shown += letter if letter.isprintable() else repr(letter)[1:-1]
    return shown


def escape_html(text: str, longest: int = MAX_NAME_CHARACTERS) -> str:
    """Return a text for a label in HTML.

    Engines expand a backslash and an N even there; in a run of its own a backslash is only that.
    """
    shown = clipped(printable(text), longest)
    plain = html.escape(shown, quote=True)
    return plain.replace("\\", f'<font face="{FONT}">&#92;</font>')


def escape_string(text: str) -> str:
    """Return a text for a quoted label: a backslash would begin an escape, & an entity."""
    return escaped(text, 2)


def escape_tooltip(text: str) -> str:
    """Return a text for a tooltip, in which the engines expand escapes twice."""
    return escaped(text, 4)


def escaped(text: str, times: int) -> str:
    """Return a text for an attribute of DOT, with so many backslashes for each."""
    plain = printable(text).replace("&", "&amp;")
    return plain.replace("\\", times * "\\")
