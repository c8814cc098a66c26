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
from autograd.drawing.collapse import (
    WAYS,
    Owners,
    Plan,
    owners_of,
    parameter_paths,
    plan,
)
from autograd.drawing.labels import (
    UNKNOWN,
    Constants,
    Link,
    Look,
    Names,
    Nodes,
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
    operand_values,
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
# The parts of a network that the catalogue has words for.
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
    edges = [(x, node) for node in nodes for x in operand_values(node)]
    return nodes, edges


def draw_dot(
    root: Value,
    *,
    style: str = "compact",
    names: Mapping[str, Any] | None = None,
    network: object = None,
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
    # An import of autograd can do without it.
    from autograd.drawing.finish import picture_of

    check_option("style", style, ("compact", "full"))
    check_option("rankdir", rankdir, ("LR", "TB", "RL", "BT"))
    check_option("collapse", collapse, (*WAYS, False, None))
    nodes = history(graph_of(root))
    names = names or {}
    paths = paths_of(nodes, names, network)
    known = known_gradients(nodes) if gradients is None else gradients
    letters = letters_of(nodes, network)
    # A variable's name goes before the textbook's letter, and that before a path.
    called = {**short_names(paths), **letters.names, **labels(nodes, names)}
    full = style == "full"
    look = Look(called, known, numbers, show_gradients, full, letters.operands)
    owners = owners_of(nodes, paths) if paths else {}
    how = plan(nodes, owners, limit, collapse)
    sketch = Draft(nodes, how, owners, look).sketch(rankdir)
    return picture_of(sketch, format, tree_of(nodes, look))


def check_option(what: str, given: object, among: Sequence[object]) -> None:
    """Raise a ValueError where an option is none of those there are."""
    if given not in among:
        known = ", ".join(map(str, among))
        raise ValueError(f"{what} {given!r} is not known; choose from {known}")


def paths_of(nodes: Nodes, names: Mapping[str, Any], network: object) -> dict[Value, str]:
    """Return the paths of the nodes that are parameters of a network."""
    modules = {} if network is None else {"": network}
    for name, x in names.items():
        parameters = getattr(type(x), "named_parameters", None)
        if is_variable(str(name)) and callable(parameters):
            modules[name] = x
    inside = set(nodes)
    found = dict[Value, str]()
    for value, path in parameter_paths(modules):
        if value in inside:
            found.setdefault(value, path)
    return found


def short_names(paths: Names) -> dict[Value, str]:
    """Return what a parameter is called within its neuron: w[0], w[1], …, b."""
    found = {}
    for value, path in paths.items():
        # The last word of a path; numbers behind it tell one of several.
        words = [part for part in path.split(".") if not part.isdigit()]
        name = words[-1]
        index = path.rpartition(f"{name}.")[2]
        found[value] = f"{name}[{index}]" if index.isdigit() else name
    return found


class Draft:
    """A graph on its way to DOT: a box for each group of nodes, and the arrows between them."""

    def __init__(self, nodes: Nodes, how: Plan, owners: Owners, look: Look) -> None:
        self.nodes = nodes
        self.plan = how
        self.owners = owners
        self.look = look
        self.index = {node: i for i, node in enumerate(nodes)}
        self.box: dict[Value, str] = {}
        for group in how.groups.values():
            letter = "n" if len(group) == 1 else "g"
            first = self.index[group[0]]
            name = f"{letter}{first}"
            self.box.update(dict.fromkeys(group, name))
        self.used: set[Value] = set()
        for node in nodes:
            box = self.box[node]
            for x in operand_values(node):
                if self.box[x] != box:
                    self.used.add(x)

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

    def draw_boxes(self, picture: Sketch) -> None:
        """Add the boxes, each inside the frames of its layer and of its neuron."""
        frames: dict[tuple[str, ...], Sketch] = {(): picture}
        for key, group in self.plan.groups.items():
            frame = self.frame(group)
            # The frame of the layer, and in it the neuron's.
            for path in (frame[:1], frame[:2]):
                if path not in frames:
                    name = f"cluster_{len(frames)}"
                    frames[path] = framed(name, path)
            inside = frames[frame]
            if len(group) == 1:
                self.draw_node(inside, group[0])
            else:
                self.draw_group(inside, key, group)
        for path, inner in frames.items():
            if path:
                around = frames[path[:-1]]
                around.subgraph(inner)

    def frame(self, group: Nodes) -> tuple[str, ...]:
        """Return the layer and neuron in whose frames a box stands."""
        owner = self.owners.get(group[0])
        if owner is None or self.plan.how in ("layer", "depth"):
            return ()
        # Where a neuron is a box, it needs no frame.
        neuron = owner.neuron if self.plan.how is None else None
        return tuple(part for part in (owner.layer, neuron) if part)

    def draw_node(self, picture: Sketch, node: Value) -> None:
        """Add the box of a node, and in the full style the circle of its operation."""
        i = self.index[node]
        kind = "operation" if node.op else "leaf"
        if node.op and node is self.nodes[-1]:
            kind = "root"
        name = f"n{i}"
        told = escape_tooltip(tooltip(node, self.look))
        given = {"id": name, "fillcolor": FILL_OF[kind], "tooltip": told, "class": kind}
        picture.node(name, self.label(node), **given)
        if self.look.full and node.op:
            circle = f"o{i}"
            symbol = f"<{escape_html(node.op.symbol)}>"
            picture.node(circle, symbol, id=circle, shape="ellipse", fillcolor=PAPER)
            picture.edge(circle, name, id=f"{circle}-{name}")

    def label(self, node: Value) -> str:
        """Return what stands in the box of a node."""
        name = escape_html(self.look.labels.get(node, ""))
        symbol = ""
        if node.op and not self.look.full:
            symbol = escape_html(node.op.symbol)
        heads = [text for text in (name, symbol) if text]
        if heads:
            heads[0] = f"<b>{heads[0]}</b>"
        head = " = ".join(heads)
        number = number_text(node.data, self.look.numbers)
        return self.table(head, number, gradient(node, self.look))

    def table(self, head: str, data: str, grad: str, *more: str) -> str:
        """Return a label of lines: a heading, the number and the gradient."""
        texts = [text for text in (head, *more) if text]
        rows = [f'<tr><td colspan="2">{text}</td></tr>' for text in texts]
        data_row = number_row(said("data"), data, NUMBER_INK)
        rows.append(data_row)
        if self.look.show_gradients:
            gradient_row = number_row(said("grad"), grad, GRADIENT_INK)
            rows.append(gradient_row)
        return f"<{TABLE_TAG}{''.join(rows)}</table>>"

    def draw_group(self, picture: Sketch, key: Hashable, group: Nodes) -> None:
        """Add the box of several nodes: what they are, and the ranges of their numbers."""
        results = self.results(group)
        gradients = self.look.gradients
        form = self.look.numbers
        data = [node.data for node in results]
        known = [gradients[node] for node in results if node in gradients]
        title = self.group_title(key, group)
        head = f"<b>{escape_html(title)}</b>" if title else ""
        inside = map(escape_html, contents(group))
        data_span = span(data, form)
        gradient_span = span(known, form)
        label = self.table(head, data_span, gradient_span, *inside)
        what = title or said("group")
        told = said("group of nodes", what=what, count=str(len(group)))
        name = self.box[group[0]]
        given = {"class": "group", "tooltip": escape_tooltip(told)}
        picture.node(name, label, id=name, fillcolor=GROUP_FILL, **given)

    def results(self, group: Nodes) -> Sequence[Value]:
        """Return the nodes of a group that others use."""
        root = self.nodes[-1]
        outside = [node for node in group if node in self.used or node is root]
        # The numbers of leaves tell nothing of what a group computes.
        results = [node for node in outside if node.op]
        return results or outside

    def group_title(self, key: Hashable, group: Nodes) -> str:
        """Return what a group is: a part of a network, or a band of depth."""
        owner = self.owners.get(group[0])
        if self.plan.how == "depth":
            return said("depth band", number=str(key))
        if owner is None:
            return ""
        part = owner.neuron if self.plan.how == "neuron" else owner.layer
        # What mixes a layer has no neuron, and a neuron by itself has no layer.
        return part_name(part or owner.layer or owner.neuron or "")

    def draw_arrows(self, picture: Sketch) -> None:
        """Add the arrows: one for each operand, or one between groups for all there are."""
        between: Counter[tuple[str, str]] = Counter()
        for node in self.nodes:
            head = self.box[node]
            constants = []
            for j, link in enumerate(links(node)):
                operand = link.operand
                if not isinstance(operand, Value):
                    text = constant_text(node, j, self.look)
                    constants.append((j, text))
                    continue
                tail = self.box[operand]
                if is_of_one(tail) and is_of_one(head):
                    self.draw_arrow(picture, node, j, link)
                elif tail != head:
                    between[tail, head] += 1
            if is_of_one(head):
                self.draw_constants(picture, node, constants)
        for (tail, head), count in between.items():
            name = f"{tail}-{head}"
            end = self.head(head)
            if count > 1:
                label = said("edges", count=str(count))
                picture.edge(tail, end, label, id=name, penwidth="2")
            else:
                picture.edge(tail, end, id=name)

    def head(self, box: str) -> str:
        """Return where the arrows to a box end: in the full style at its operation."""
        if self.look.full and is_of_one(box):
            return box.replace("n", "o")
        return box

    def draw_arrow(self, picture: Sketch, node: Value, j: int, link: Link) -> None:
        """Add the arrow from operand j to its result, dashed where it carries no gradient."""
        i = self.index[node]
        tail = self.box[link.operand]
        head = self.head(self.box[node])
        if link.edge is None:
            given = {"tooltip": said("no gradient here"), "class": "zero"}
            name = f"z{i}-{j}"
            picture.edge(tail, head, id=name, style="dashed", color=FAINT_INK, **given)
        else:
            slope = number_text(link.slope, self.look.numbers)
            picture.edge(tail, head, slope, id=f"e{i}-{link.edge}")

    def draw_constants(self, picture: Sketch, node: Value, constants: Constants) -> None:
        """Add the plain numbers among the operands."""
        i = self.index[node]
        head = self.head(f"n{i}")
        for j, text in constants_drawn(constants):
            name = f"c{i}-{j}"
            look = {"shape": "plaintext", "style": "", "fontcolor": INK, "class": "constant"}
            picture.node(name, escape_string(text), id=name, **look)
            given = {"color": FAINT_INK, "class": "constant"}
            picture.edge(name, head, id=f"k{i}-{j}", **given)


def framed(name: str, path: Sequence[str]) -> Sketch:
    """Return the frame of a part of a network, in which nothing stands yet."""
    label = escape_html(part_name(path[-1]))
    attributes = {**FRAME_STYLE, "label": f"<{label}>"}
    return Sketch(name, attributes, path=".".join(path))


def is_of_one(box: str) -> bool:
    """Tell whether the box of this name is that of a single node."""
    return box[0] == "n"


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
    number = int(last) + 1 if kind == "layer" else last
    word = said(f"part {kind}") if kind in PARTS else kind
    return f"{word} {number}"


def contents(group: Nodes) -> list[str]:
    """Return in two lines at most how many of each operation, and leaves, are in a group."""
    operations = Counter(node.op.symbol for node in group if node.op)
    leaves = len(group) - sum(operations.values())
    texts = []
    for symbol, count in operations.most_common():
        texts.append(f"{count} {symbol}" if count > 1 else symbol)
    if leaves > 1:
        texts.append(said("leaves of", count=str(leaves)))
    elif leaves:
        texts.append(said("a leaf"))
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
    except Exception:
        return {"text/plain": fallback_text(root)}


def fallback_text(root: Value) -> str:
    """Return the text tree, else the repr, else the type."""
    # Whatever it is that fails, the next one may not.
    for text in (text_tree, repr):
        try:
            return text(root)
        except Exception:
            continue
    return f"<{type(root).__name__}>"
