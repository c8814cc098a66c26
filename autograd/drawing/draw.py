"""Pictures of computation graphs: a Value as DOT, which any Graphviz engine draws.

>>> from autograd import Value
>>> x, w = Value(2.0, name="x"), Value(-3.0, name="w")
>>> nodes, edges = trace((w * x).tanh())
>>> len(nodes), len(edges)
(4, 3)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd.backward import history
from autograd.drawing.collapse import WAYS, Owner, Plan, owners_of, parameter_paths, plan
from autograd.drawing.labels import (
    UNKNOWN,
    Look,
    constant_text,
    constants_drawn,
    escape_html,
    escape_string,
    escape_tooltip,
    gradient,
    graph_of,
    is_variable,
    known_gradients,
    labels,
    links,
    number_text,
    tooltip,
)
from autograd.drawing.letters import letters_of
from autograd.drawing.palette import (
    FAINT_INK,
    FONT,
    FONT_SIZE,
    FRAME_FILL,
    FRAME_OUTLINE,
    GRADIENT_INK,
    GROUP_FILL,
    INK,
    LEAF_FILL,
    NUMBER_INK,
    OPERATION_FILL,
    PAPER,
    ROOT_FILL,
    SMALL_FONT_SIZE,
)
from autograd.drawing.sketch import Sketch
from autograd.drawing.tree import text_tree, tree_of
from autograd.texts import said
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.drawing.show import Drawing

# Nodes that can still be read; a larger graph is collapsed.
MAX_NODES_DRAWN = 150
# Nodes of a graph that shows itself as a picture.
MAX_NODES_SHOWN = 100_000
# Of a network, that the catalogue has words for.
PARTS = ("layer", "neuron")
# Kinds of operations that a line in the box of a group tells.
MAX_KINDS_PER_LINE = 3

FILL_OF = {"leaf": LEAF_FILL, "operation": OPERATION_FILL, "root": ROOT_FILL, "group": GROUP_FILL}
GRAPH_STYLE = {"fontname": FONT, "fontsize": FONT_SIZE, "bgcolor": PAPER, "nodesep": "0.22",
               "ranksep": "0.45", "fontcolor": INK}  # fmt: skip
NODE_STYLE = {"fontname": FONT, "fontsize": FONT_SIZE, "shape": "box", "style": "rounded,filled",
              "color": INK, "margin": "0.08,0.05", "height": "0.3", "width": "0.3"}  # fmt: skip
EDGE_STYLE = {"fontname": FONT, "fontsize": SMALL_FONT_SIZE, "color": INK, "fontcolor": INK,
              "arrowsize": "0.6"}  # fmt: skip
FRAME_STYLE = {"style": "rounded,filled", "color": FRAME_OUTLINE, "fillcolor": FRAME_FILL,
               "margin": "10", "labelloc": "t", "labeljust": "l"}  # fmt: skip
TABLE_TAG = '<table border="0" cellborder="0" cellspacing="0" cellpadding="1">'


def trace(root: Value) -> tuple[list[Value], list[tuple[Value, Value]]]:
    """Return the nodes of a graph and its edges, as (operand, node) pairs.

    Operands come before results and the root last, and `x * x` has two edges; the same graph gives
    the same order. Operands that get no gradient, such as the condition of `where`, are included.

    >>> x = Value(3.0)
    >>> nodes, edges = trace(x * x)
    >>> nodes[0] is x, len(edges)
    (True, 2)
    """
    nodes = history(graph_of(root))
    return nodes, [(x, node) for node in nodes for x in node.operands if isinstance(x, Value)]


def draw_dot(
    root: Value,
    *,
    style: str = "compact",
    names: Mapping[str, Any] | None = None,
    network: Any = None,
    rankdir: str = "LR",
    numbers: str = ".4g",
    show_gradients: bool = True,
    gradients: Mapping[Value, Any] | None = None,
    limit: int = MAX_NODES_DRAWN,
    collapse: str | bool | None = None,
    format: str = "svg",
) -> Drawing:
    """Return the graph that `root` was computed by as a drawing: DOT text that can be rendered.

    A box per Value with its name or operation, number and gradient; an arrow per operand, labelled
    with its local derivative, so that a gradient is the sum over paths of the products along them.
    Constants stand without a box. Dashed arrows carry no gradient, because the result does not
    depend on that operand at this point. A gradient is – until a backward pass has computed it.

    Args:
        style: "compact", a box per Value; "full", number and operation apart, as in micrograd.
        names: labels by variable, such as `locals()`; lists of Values become w[0], w[1], …
        network: a Module whose neurons and layers are framed; those in `names` are too. The nodes
            of a network of layers of neurons get the letters of the textbook.
        rankdir: "LR" from left to right, or "TB", "RL", "BT".
        numbers: a format specification for all numbers.
        show_gradients: False leaves them out.
        gradients: numbers to show as gradients instead of those in the nodes.
        limit: a graph of more nodes than these is collapsed, and a note says so.
        collapse: "neuron", "layer" or "depth", what is to become one box; None takes the first of
            them that fits in the limit; False draws every node.
        format: of the file that `render` writes, unless it is told otherwise.
    Returns:   a drawing, which is a `graphviz.Digraph` where that library is installed, and shows
               itself as SVG without it, and without a program. The neurons of a network stand in
               their order. In the SVG, node i of `trace` has the id ``n{i}``, its k-th
               parent's arrow ``e{i}-{k}``, the arrow of operand j that carries no gradient
               ``z{i}-{j}``, and constant j ``c{i}-{j}`` with its arrow ``k{i}-{j}``. A box of
               several nodes is ``g`` and the number of the first.
    Raises:    ValueError: an unknown style, rankdir or collapse.

    >>> x = Value(3.0)
    >>> print(draw_dot(x * x, names=locals()).source.count("label=3"))
    2
    """
    # Which an import of autograd can do without.
    from autograd.drawing.finish import picture_of

    check_option("style", style, ("compact", "full"))
    check_option("rankdir", rankdir, ("LR", "TB", "RL", "BT"))
    check_option("collapse", collapse, (*WAYS, False, None))
    nodes = history(graph_of(root))
    paths = paths_of(nodes, names or {}, network)
    known = known_gradients(nodes) if gradients is None else gradients
    letters = letters_of(nodes, network)
    called = {**short_names(paths), **letters.names, **labels(nodes, names or {})}
    look = Look(called, known, numbers, show_gradients, style == "full", letters.operands)
    owners = owners_of(nodes, paths) if paths else {}
    sketch = Draft(nodes, plan(nodes, owners, limit, collapse), owners, look).sketch(rankdir)
    return picture_of(sketch, format, tree_of(nodes, look))


def check_option(what: str, given: Any, among: Sequence[Any]) -> None:
    """Raise a ValueError where an option is none of those there are."""
    if given not in among:
        raise ValueError(f"{what} {given!r} is not known; choose from {', '.join(map(str, among))}")


def paths_of(nodes: Sequence[Value], names: Mapping[str, Any], network: Any) -> dict[Value, str]:
    """Return the paths of the nodes that are parameters of a network."""
    modules = {} if network is None else {"": network}
    modules |= {
        name: x
        for name, x in names.items()
        if is_variable(str(name)) and callable(getattr(type(x), "named_parameters", None))
    }
    inside = set(nodes)
    found = dict[Value, str]()
    for value, path in parameter_paths(modules):
        if value in inside:
            found.setdefault(value, path)
    return found


def short_names(paths: Mapping[Value, str]) -> dict[Value, str]:
    """Return what a parameter is called within its neuron: w[0], w[1], …, b."""
    found = {}
    for value, path in paths.items():
        *_, name = [part for part in path.split(".") if not part.isdigit()]
        index = path.rpartition(f"{name}.")[2]
        found[value] = f"{name}[{index}]" if index.isdigit() else name
    return found


class Draft:
    """A graph on its way to DOT: a box for each group of nodes, and the arrows between them."""

    def __init__(
        self, nodes: Sequence[Value], how: Plan, owners: Mapping[Value, Owner], look: Look
    ) -> None:
        self.nodes = nodes
        self.plan = how
        self.owners = owners
        self.look = look
        self.index = {node: i for i, node in enumerate(nodes)}
        self.box: dict[Value, str] = {}
        for group in how.groups.values():
            name = f"{'n' if len(group) == 1 else 'g'}{self.index[group[0]]}"
            self.box.update(dict.fromkeys(group, name))
        self.used = {
            x
            for node in nodes
            for x in node.operands
            if isinstance(x, Value) and self.box[x] != self.box[node]
        }

    def sketch(self, rankdir: str) -> Sketch:
        """Return the drawing."""
        attributes = {**GRAPH_STYLE, "rankdir": rankdir, **self.note()}
        sketch = Sketch("graph", attributes, NODE_STYLE, EDGE_STYLE)
        self.draw_boxes(sketch)
        self.draw_arrows(sketch)
        sketch.in_order = bool(sketch.frames)
        return sketch

    def note(self) -> dict[str, str]:
        """Return the note under a graph that is collapsed."""
        if self.plan.how is None:
            return {}
        text = said(
            "collapsed",
            nodes=f"{len(self.nodes):,}",
            boxes=str(len(self.plan.groups)),
            way=said(f"way {self.plan.how}"),
        )
        return {"label": text, "labelloc": "b", "labeljust": "l"}

    def draw_boxes(self, picture: Any) -> None:
        """Add the boxes, each inside the frames of its layer and of its neuron."""
        frames: dict[tuple[str, ...], Any] = {(): picture}
        for key, group in self.plan.groups.items():
            frame = self.frame(group)
            for path in (frame[:1], frame[:2]):
                if path not in frames:
                    label = f"<{escape_html(part_name(path[-1]))}>"
                    name = f"cluster_{len(frames)}"
                    attributes = {**FRAME_STYLE, "label": label}
                    frames[path] = Sketch(name, attributes, path=".".join(path))
            if len(group) == 1:
                self.draw_node(frames[frame], group[0])
            else:
                self.draw_group(frames[frame], key, group)
        for path in sorted(frames, key=len, reverse=True):
            if path:
                frames[path[:-1]].subgraph(frames[path])

    def frame(self, group: Sequence[Value]) -> tuple[str, ...]:
        """Return the layer and neuron in whose frames a box stands."""
        owner = self.owners.get(group[0])
        if owner is None or self.plan.how in ("layer", "depth"):
            return ()
        within = (owner.layer, owner.neuron) if self.plan.how is None else (owner.layer,)
        return tuple(part for part in within if part)

    def draw_node(self, picture: Any, node: Value) -> None:
        """Add the box of a node, and in the full style the circle of its operation."""
        i = self.index[node]
        last = i == len(self.nodes) - 1
        kind = "leaf" if node.op is None else "root" if last else "operation"
        picture.node(
            f"n{i}", label=self.label(node), id=f"n{i}", fillcolor=FILL_OF[kind],
            tooltip=escape_tooltip(tooltip(node, self.look)), **{"class": kind},
        )  # fmt: skip
        if self.look.full and node.op:
            symbol = f"<{escape_html(node.op.symbol)}>"
            picture.node(f"o{i}", label=symbol, id=f"o{i}", shape="ellipse", fillcolor=PAPER)
            picture.edge(f"o{i}", f"n{i}", id=f"o{i}-n{i}")

    def label(self, node: Value) -> str:
        """Return what stands in the box of a node."""
        name = escape_html(self.look.labels.get(node, ""))
        symbol = escape_html(node.op.symbol) if node.op and not self.look.full else ""
        heads = [f"<b>{name}</b>"] if name else []
        if symbol:
            heads.append(symbol if name else f"<b>{symbol}</b>")
        return self.table(
            " = ".join(heads), number_text(node.data, self.look.numbers), gradient(node, self.look)
        )

    def table(self, head: str, data: str, grad: str, *more: str) -> str:
        """Return a label of lines: a heading, the number and the gradient."""
        rows = [f'<tr><td colspan="2">{text}</td></tr>' for text in (head, *more) if text]
        rows += [number_row(said("data"), data, NUMBER_INK)]
        rows += [number_row(said("grad"), grad, GRADIENT_INK)] if self.look.show_gradients else []
        return f"<{TABLE_TAG}{''.join(rows)}</table>>"

    def draw_group(self, picture: Any, key: Hashable, group: Sequence[Value]) -> None:
        """Add the box of several nodes: what they are, and the ranges of their numbers."""
        name = self.box[group[0]]
        results = self.results(group)
        known = [self.look.gradients[node] for node in results if node in self.look.gradients]
        what = self.group_title(key, group)
        label = self.table(
            f"<b>{escape_html(what)}</b>" if what else "",
            span([node.data for node in results], self.look.numbers),
            span(known, self.look.numbers),
            *map(escape_html, contents(group)),
        )
        picture.node(
            name, label=label, id=name, fillcolor=GROUP_FILL, **{"class": "group"},
            tooltip=escape_tooltip(
                said("group of nodes", what=what or said("group"), count=str(len(group)))
            ),
        )  # fmt: skip

    def results(self, group: Sequence[Value]) -> Sequence[Value]:
        """Return the nodes of a group that others use."""
        outside = [node for node in group if node in self.used or node is self.nodes[-1]]
        return [node for node in outside if node.op] or outside

    def group_title(self, key: Hashable, group: Sequence[Value]) -> str:
        """Return what a group is: a part of a network, or a band of depth."""
        owner = self.owners.get(group[0])
        if self.plan.how == "depth":
            return said("depth band", number=str(key))
        if owner is None:
            return ""
        part = owner.neuron if self.plan.how == "neuron" else owner.layer
        return part_name(part or owner.layer or owner.neuron or "")

    def draw_arrows(self, picture: Any) -> None:
        """Add the arrows: one for each operand, or one between groups for all there are."""
        between: Counter[tuple[str, str]] = Counter()
        for node in self.nodes:
            constants = []
            for j, (operand, edge, slope) in enumerate(links(node)):
                ends = self.box.get(operand, ""), self.box[node]
                if not isinstance(operand, Value):
                    constants.append((j, constant_text(node, j, self.look)))
                elif ends[0][0] == ends[1][0] == "n":
                    self.draw_arrow(picture, node, operand, j, edge, slope)
                elif ends[0] != ends[1]:
                    between[ends] += 1
            if self.box[node][0] == "n":
                self.draw_constants(picture, node, constants)
        for (tail, head), count in between.items():
            picture.edge(
                tail, self.head(head), label=said("edges", count=str(count)) if count > 1 else None,
                id=f"{tail}-{head}", penwidth="2" if count > 1 else None,
            )  # fmt: skip

    def head(self, box: str) -> str:
        """Return where the arrows to a box end: in the full style at its operation."""
        return box.replace("n", "o") if self.look.full and box[0] == "n" else box

    def draw_arrow(
        self, picture: Any, node: Value, operand: Value, j: int, edge: int | None, slope: Any
    ) -> None:
        """Add the arrow from an operand to its result, dashed where it carries no gradient."""
        i = self.index[node]
        tail = self.box[operand]
        head = self.head(self.box[node])
        if edge is None:
            why = said("no gradient here")
            picture.edge(
                tail, head, id=f"z{i}-{j}", style="dashed", color=FAINT_INK, tooltip=why,
                **{"class": "zero"},
            )  # fmt: skip
        else:
            picture.edge(tail, head, label=number_text(slope, self.look.numbers), id=f"e{i}-{edge}")

    def draw_constants(self, picture: Any, node: Value, constants: list[tuple[int, str]]) -> None:
        """Add the plain numbers among the operands."""
        i = self.index[node]
        for j, text in constants_drawn(constants):
            picture.node(
                f"c{i}-{j}", label=escape_string(text), id=f"c{i}-{j}", shape="plaintext", style="",
                fontcolor=INK, **{"class": "constant"},
            )  # fmt: skip
            picture.edge(
                f"c{i}-{j}", self.head(f"n{i}"), id=f"k{i}-{j}", color=FAINT_INK,
                **{"class": "constant"},
            )  # fmt: skip


def number_row(what: str, number: str, color: str) -> str:
    """Return a line of a box: what it is, and the number in its color."""
    return (
        f'<tr><td align="right"><font color="{FAINT_INK}">{what} </font></td>'
        f'<td align="left"><font color="{color}">{escape_html(number)}</font></td></tr>'
    )


def part_name(path: str) -> str:
    """Return what a part of a network is called: layers.0.neurons.3 is neuron 3.

    Layers are counted from 1, as in figures and trainings; neurons from 0, as the hidden ones are.
    """
    *_, name, last = ["", *path.split(".")]
    if not (last.isdigit() and name):
        return last
    kind = name.removesuffix("s")
    if kind == "layer":
        last = str(int(last) + 1)
    return f"{said(f'part {kind}') if kind in PARTS else kind} {last}"


def contents(group: Sequence[Value]) -> list[str]:
    """Return in two lines at most how many of each operation, and leaves, are in a group."""
    count = Counter(node.op.symbol if node.op else "leaves" for node in group)
    leaves = count.pop("leaves", 0)
    texts = [f"{n} {symbol}" if n > 1 else symbol for symbol, n in count.most_common()]
    if leaves:
        texts.append(said("leaves of", count=str(leaves)) if leaves > 1 else said("a leaf"))
    first = texts[:MAX_KINDS_PER_LINE]
    second = texts[MAX_KINDS_PER_LINE : 2 * MAX_KINDS_PER_LINE]
    return [", ".join(line) for line in (first, second) if line]


def span(numbers: Sequence[Any], form: str) -> str:
    """Return the range of some numbers as text."""
    if not numbers:
        return UNKNOWN
    if any(x != x for x in numbers):
        return "nan"
    low = number_text(min(numbers), form)
    high = number_text(max(numbers), form)
    return low if low == high else f"{low} … {high}"


def mimebundle(root: Value) -> dict[str, str]:
    """Return what Jupyter shows of a Value: its graph, and the same as text.

    Never raises: a picture that fails must not take the number with it.
    """
    try:
        from autograd.drawing.show import bundle

        if len(history(root)) > MAX_NODES_SHOWN:
            return {"text/plain": text_tree(root)}
        return bundle(draw_dot(root))
    # Whatever it is, there is a text.
    except Exception:
        return {"text/plain": fallback_text(root)}


def fallback_text(root: Value) -> str:
    """Return the text tree, else the repr, else the type."""
    for text in (text_tree, repr):
        try:
            return text(root)
        # Try the next one.
        except Exception:
            continue
    return f"<{type(root).__name__}>"
