"""A graph as one SVG whose parts have names, so that a page can change them step by step.

Graphviz only places the boxes; without it they stand in columns by their distance from the leaves.

>>> from autograd import Value
>>> from autograd.stepping.model import Model
>>> picture = svg(Model(Value(2.0, name="x") * 3))
>>> '<g id="n1"' in picture, '<path id="k1-1"' in picture
(True, True)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from autograd.drawing.fonts import places
from autograd.drawing.labels import escape_html as escaped
from autograd.drawing.layout import Graph, Line, Size, arrange
from autograd.drawing.palette import (
    CONSTANT_FILL,
    CONSTANT_OUTLINE,
    FIXED_WIDTH_FONT,
    LEAF_FILL,
    OPERATION_FILL,
    PAGE_FAINT_INK,
    PAGE_FONTS,
    PAGE_GRADIENT_INK,
    PAGE_INK,
    PAGE_LINE,
    PAGE_RULE,
    PAPER,
    ROOT_FILL,
)
from autograd.drawing.render import render
from autograd.stepping.lines import shown
from autograd.stepping.model import Arrow, Backward, Model
from autograd.value import Value

# Graphviz measures boxes in inches, and the rest in points.
POINTS_PER_INCH = 72.0
# Points that one letter of a box takes.
LETTER_WIDTH = 7.3
# A line in a box has room for so many: another number may stand there when a leaf moves.
LEAST_CHARACTERS = 13
# Points, the height of the box of a Value.
BOX_HEIGHT = 62.0
# Points, the height of the box of a constant.
PILL_HEIGHT = 26.0
MARGIN_POINTS = 10.0
FILL_OF = {"leaf": LEAF_FILL, "inner": OPERATION_FILL, "root": ROOT_FILL}
# Points that a letter of a local derivative takes.
SLOPE_LETTER_WIDTH = 6.2
SLOPE_HEIGHT = 13.0

Point = tuple[float, float]


class Curve(NamedTuple):
    """The points of a Bézier spline from an operand to a result, and where its label stands."""

    points: list[Point]
    label: Point


class Layout(NamedTuple):
    """Where everything stands: centres of boxes by id, curves by id, and the size of it all."""

    centres: dict[str, Point]
    curves: dict[str, Curve]
    width: float
    height: float


def svg(model: Model, rankdir: str = "LR") -> str:
    """Return the graph after the last step, as one SVG with a white ground.

    Nodes have the ids n0, n1, … and edges e1-0, e1-1, …: number of the node, number of the operand.
    """
    boxes = box_sizes(model)
    layout = graphviz_layout(model, boxes, rankdir)
    if layout is None:
        layout = column_layout(model, boxes, rankdir)
    width = layout.width + 2 * MARGIN_POINTS
    height = layout.height + 2 * MARGIN_POINTS
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="{PAGE_FONTS}" '
        f'font-size="12"><rect class="ground" width="100%" height="100%" fill="{PAPER}"/>'
        f'<g transform="translate({MARGIN_POINTS:.0f} {MARGIN_POINTS:.0f})">',
        f'<g fill="none" stroke="{PAGE_LINE}" font-size="11" text-anchor="middle">',
    ]
    for arrow in model.arrows:
        parts.append(edge_svg(arrow, layout.curves[arrow.id]))
    parts.append('</g><g text-anchor="middle">')
    for name, text in model.constants.items():
        parts.append(pill_svg(name, text, layout))
    parts.append("</g><g>")
    for i in range(len(model.nodes)):
        parts.append(node_svg(model, i, boxes[f"n{i}"], layout))
    parts.append("</g></g></svg>")
    return "".join(parts)


def box_sizes(model: Model) -> dict[str, Point]:
    """Return the width and height of every box, as wide as the longest text it will bear."""
    texts: list[list[str]] = []
    for node in model.nodes:
        head = model.names[node] + "   " + operation_symbol(node)
        texts.append([head, "     " + shown(node.data)])
    # A gradient is shown as it grows, so the widest may be one of an earlier step.
    for step in model.steps:
        if isinstance(step, Backward):
            parent = model.arrows[step.arrow].operand or 0
            texts[parent].append("     " + shown(step.after))
    sizes = {}
    for i, lines in enumerate(texts):
        longest = max(LEAST_CHARACTERS, *map(places, lines))
        sizes[f"n{i}"] = 16 + LETTER_WIDTH * longest, BOX_HEIGHT
    for name, text in model.constants.items():
        sizes[name] = 16 + LETTER_WIDTH * places(text), PILL_HEIGHT
    return sizes


def operation_symbol(node: Value) -> str:
    """Return the symbol of what made a node; nothing for a leaf."""
    return str(node.op.symbol) if node.op else ""


def graphviz_layout(model: Model, boxes: dict[str, Point], rankdir: str) -> Layout | None:
    """Return where Graphviz puts the boxes, or None where it cannot."""
    source = "".join(dot_source(model, boxes, rankdir))
    try:
        graph = json.loads(render(source, "json0"))
    except RuntimeError:
        # No engine here, or one that gives up.
        return None
    _, _, width, height = parsed_numbers(graph["bb"])
    centres = {}
    for box in graph["objects"]:
        centres[box["name"]] = parsed_points(box["pos"], height)[0]
    curves = {}
    for edge in graph.get("edges", ()):
        # Graphviz puts the tip of an arrow first, and an e before it.
        tip, *line = parsed_points(edge["pos"].replace("e,", ""), height)
        label = parsed_points(edge["lp"], height)[0]
        curves[edge["id"]] = Curve([*line, tip], label)
    return Layout(centres, curves, width, height)


def dot_source(model: Model, boxes: dict[str, Point], rankdir: str) -> Iterator[str]:
    """Yield the graph as DOT: sizes only, no text of a user's."""
    yield f"digraph {{ rankdir={rankdir} nodesep=0.2 ranksep=0.35\n"
    yield 'node [shape=box fixedsize=true label=""]\n'
    yield f'edge [fontname="{FIXED_WIDTH_FONT}" fontsize=11 arrowsize=0.6]\n'
    for name, (width, height) in boxes.items():
        across = width / POINTS_PER_INCH
        up = height / POINTS_PER_INCH
        yield f'"{name}" [width={across:.3f} height={up:.3f}]\n'
    for arrow in model.arrows:
        label = slope_label(arrow)
        yield f'"{arrow.tail}" -> n{arrow.node} [id="{arrow.id}" label="{label} "]\n'
    yield "}\n"


def slope_label(arrow: Arrow) -> str:
    """Return the local derivative of an edge in four digits; nothing where there is none."""
    x = arrow.slope
    if x is None:
        return ""
    return f"{x:.4g}" if isinstance(x, float) else shown(x)


def parsed_numbers(text: str) -> list[float]:
    """Return the numbers of an attribute of Graphviz."""
    return [float(x) for x in text.replace(",", " ").split()]


def parsed_points(text: str, height: float) -> list[Point]:
    """Return the points of an attribute of Graphviz, where y points up, with y pointing down."""
    flat = parsed_numbers(text)
    pairs = zip(flat[::2], flat[1::2])
    return [(x, height - y) for x, y in pairs]


def column_layout(model: Model, boxes: dict[str, Point], rankdir: str = "LR") -> Layout:
    """Place boxes in columns by their longest distance from a leaf, as `draw_dot` does."""
    lines = []
    for arrow in model.arrows:
        room = Size(SLOPE_LETTER_WIDTH * len(slope_label(arrow)), SLOPE_HEIGHT)
        lines.append(Line(arrow.id, arrow.tail, f"n{arrow.node}", room))
    sizes = {name: Size(*size) for name, size in boxes.items()}
    found = arrange(Graph(sizes, lines), rankdir)
    centres: dict[str, Point] = {name: box.centre for name, box in found.boxes.items()}
    curves = {name: Curve([*way.points], way.label) for name, way in found.routes.items()}
    return Layout(centres, curves, *found.size)


def edge_svg(arrow: Arrow, curve: Curve) -> str:
    """Return an edge: its line, the tips of both directions, and the local derivative."""
    *line, tip = curve.points
    bends = " ".join(map(to_a_pixel, line[1:]))
    path = f"M{to_a_pixel(line[0])}C{bends}"
    letter = arrow.id[0]
    kind = {"e": "edge", "z": "edge zero", "k": "edge fixed"}[letter]
    dashed = ' stroke-dasharray="4 3"' if letter == "z" else ""
    parts = [
        f'<g class="{kind}"><path id="{arrow.id}" d="{path}"{dashed}/>'
        f'<path class="tip" d="{triangle(line[-1], tip)}" fill="{PAGE_LINE}"/>',
    ]
    # One without a gradient may get one when a leaf moves; one from a constant never does.
    if arrow.operand is not None:
        x, y = curve.label
        parts.append(f'<path class="back" d="{triangle(line[1], line[0])}" stroke="none"/>')
        parts.append(
            f'<text class="slope" x="{x:.0f}" y="{y + 1:.0f}" fill="{PAGE_FAINT_INK}" '
            f'stroke="none">{slope_label(arrow)}</text>'
        )
    return "".join([*parts, "</g>"])


def to_a_pixel(point: Point) -> str:
    """Return a point of a curve as SVG writes it, to the pixel."""
    return f"{point[0]:.0f},{point[1]:.0f}"


def to_a_tenth(point: Point) -> str:
    """Return a point as SVG writes it."""
    return f"{point[0]:.1f},{point[1]:.1f}"


def triangle(start: Point, tip: Point) -> str:
    """Return a triangle at the tip, pointing away from the start."""
    x = tip[0] - start[0]
    y = tip[1] - start[1]
    length = max((x * x + y * y) ** 0.5, 1e-9)
    x = 7 * x / length
    y = 7 * y / length
    # Half of its base on each side of the line.
    across = tip[0] - x
    down = tip[1] - y
    left = (across - y / 2, down + x / 2)
    right = (across + y / 2, down - x / 2)
    corners = "L".join(map(to_a_tenth, (tip, left, right)))
    return f"M{corners}Z"


def pill_svg(name: str, text: str, layout: Layout) -> str:
    """Return a constant: a number that is no Value."""
    x, y = layout.centres[name]
    width = 16 + LETTER_WIDTH * places(text)
    top = y - PILL_HEIGHT / 2
    return (
        f'<g id="{name}" class="constant"><rect x="{x - width / 2:.1f}" y="{top:.1f}" '
        f'width="{width:.1f}" height="{PILL_HEIGHT:.0f}" rx="13" fill="{CONSTANT_FILL}" '
        f'stroke="{CONSTANT_OUTLINE}"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" fill="{PAGE_FAINT_INK}">{escaped(text)}</text></g>'
    )


def node_svg(model: Model, number: int, size: Point, layout: Layout) -> str:
    """Return a Value: its name and operation, its number, and its gradient."""
    node = model.nodes[number]
    gradient = model.gradients[number]
    kind = "leaf" if node.op is None else "root" if node is model.root else "inner"
    x, y = layout.centres[f"n{number}"]
    width, height = size
    left = 8
    right = round(width - 8)
    ink = f'fill="{PAGE_INK}"'
    faint = f'fill="{PAGE_FAINT_INK}"'
    gradient_ink = f'fill="{PAGE_GRADIENT_INK}"'
    shown_gradient = "–" if gradient is None else shown(gradient)
    return "".join(
        [
            f'<g id="n{number}" class="node {kind}" transform="translate({x - width / 2:.0f} '
            f'{y - height / 2:.0f})"><title>{node_tooltip(model, number)}</title>'
            f'<rect width="{width:.0f}" height="{height:.0f}" rx="8" fill="{FILL_OF[kind]}" '
            f'stroke="{PAGE_LINE}"/>'
            f'<path class="rule" d="M0,22H{width:.0f}" stroke="{PAGE_RULE}"/>',
            text_line(left, 16, "name", model.names[node], f'font-weight="bold" {ink}'),
            text_line(right, 16, "op", operation_symbol(node), f'text-anchor="end" {faint}'),
            text_line(left, 36, "key", "data", f'font-size="10" {faint}'),
            text_line(right, 36, "data", shown(node.data), f'text-anchor="end" {ink}'),
            text_line(left, 53, "key", "grad", f'font-size="10" {faint}'),
            text_line(right, 53, "grad", shown_gradient, f'text-anchor="end" {gradient_ink}'),
            "</g>",
        ]
    )


def node_tooltip(model: Model, number: int) -> str:
    """Return the tooltip of a node: all digits."""
    node = model.nodes[number]
    gradient = model.gradients[number]
    tail = "no path leads to the root" if gradient is None else f"grad {gradient}"
    return escaped(f"{model.names[node]}: data {node.data}, {tail}")


def text_line(x: int, y: int, kind: str, content: str, style: str) -> str:
    """Return one line of text in a box."""
    return f'<text class="{kind}" x="{x}" y="{y}" {style}>{escaped(content)}</text>'
