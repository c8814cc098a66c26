"""SVG of a sketch without a program, and what every SVG gets: colors of a dark page, a text.

Its elements have the ids and classes that Graphviz would give them.

>>> from autograd.drawing.sketch import Sketch
>>> sketch = Sketch("graph")
>>> sketch.node("a", label="A", id="a")
>>> '<g id="a" class="node">' in drawn(sketch)
True
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence

from autograd.drawing.layout import (
    ROOT,
    Arranged,
    Graph,
    Line,
    Point,
    Rectangle,
    Route,
    Size,
    arrange,
)
from autograd.drawing.markup import Block, Cell, Row, Run, Style, block_of
from autograd.drawing.palette import DARK, INK, NUMBER_INK, PAGE_FONTS, PAPER
from autograd.drawing.sketch import Arrow, Box, Sketch

POINTS_PER_INCH = 72.0
MARGIN = 8.0
# Around the label of a box, both sides together.
BOX_MARGIN = Size(13.0, 8.0)
# Wide and high.
LEAST_BOX = 22.0
# Between what a number is and the number.
KEY_GAP = 3.0
CORNER = 5.0
# Times as wide and as high as what stands in it.
ELLIPSE = 1.4
# Of the size of a font, below the middle of its line.
BASELINE = 0.35
# Times the size that an arrow's head is given.
TIP_LENGTH = 10.0
DASHES = ' stroke-dasharray="4 3"'
QUOTED = re.compile(r"\\{4}")
COLOR = re.compile(r'(fill|stroke)="(#[0-9a-f]{6})"')
FONTS = re.compile(r'font-family="Helvetica,sans-Serif"')
NAME_OF_GRAPH = re.compile(r'(?<=\)">)\n<title>\w+</title>')
OPENING = re.compile(r"<svg\b[^>]*>")
CLASS = "chainrule-picture"
# An `<img>` and a file follow their page or the reader's setting, an element its page.
SCHEMES = (
    f":root.{CLASS}{{color-scheme:light dark}}"
    f'[data-jp-theme-light="false"] .{CLASS},[data-vscode-theme-kind="vscode-dark"] .{CLASS},'
    f'[data-vscode-theme-kind="vscode-high-contrast"] .{CLASS}{{color-scheme:dark}}'
    f'[data-jp-theme-light="true"] .{CLASS},[data-vscode-theme-kind="vscode-light"] .{CLASS}'
    "{color-scheme:light}"
    f"@media print{{.{CLASS}{{color-scheme:light!important}}}}"
)


def drawn(sketch: Sketch) -> str:
    """Return a sketch as an `<svg>` element."""
    blocks = {name: block(sketch, box) for name, box in sketch.all_nodes().items()}
    sizes = {name: size_of(box, blocks[name]) for name, box in sketch.all_nodes().items()}
    names = names_of(sketch)
    if "pos" in next(iter(sketch.nodes.values())).attributes:
        found = fixed(sketch, sizes, names)
    else:
        found = free(sketch, sizes, names)
    note = noted(sketch)
    width = max(found.size.width, note.width) + 2 * MARGIN
    height = found.size.height + (note.height + MARGIN if note.rows else 0.0) + 2 * MARGIN
    parts = [
        f'<svg width="{width:.0f}pt" height="{height:.0f}pt" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="{PAGE_FONTS}">\n',
        f'<g id="graph0" class="graph" transform="translate({MARGIN:.0f} {MARGIN:.0f})">\n'
        f'<polygon fill="{PAPER}" stroke="none" '
        f'points="{corners(-MARGIN, -MARGIN, width, height)}"/>\n',
        *frames(sketch, found),
        *(
            arrow_element(sketch, arrow, found.routes[name])
            for name, arrow in zip(names, sketch.arrows)
        ),
        *(
            box_element(sketch, box, found.boxes[name], blocks[name])
            for name, box in sketch.all_nodes().items()
        ),
        *note_element(note, found.size.height + MARGIN),
        "</g>\n</svg>\n",
    ]
    return "".join(parts)


def names_of(sketch: Sketch) -> list[str]:
    """Return a name for each arrow of a sketch."""
    return [f"arrow {i}" for i in range(len(sketch.arrows))]


def block(sketch: Sketch, box: Box) -> Block:
    """Return the lines of a box's label."""
    given = {**sketch.node_attributes, **box.attributes}
    style = Style(float(given.get("fontsize", "11")), given.get("fontcolor", NUMBER_INK))
    return block_of(box.label, style)


def size_of(box: Box, label: Block) -> Size:
    """Return how large a box is: as its label needs it, or as its attributes say."""
    given = box.attributes
    if given.get("fixedsize") != "false" and "width" in given:
        height = float(given["height"]) * POINTS_PER_INCH
        return Size(float(given["width"]) * POINTS_PER_INCH, height)
    width = max(LEAST_BOX, label.width + BOX_MARGIN.width + KEY_GAP * (len(label.columns) > 1))
    height = max(LEAST_BOX, label.height + BOX_MARGIN.height)
    if given.get("shape") == "ellipse":
        return Size(ELLIPSE * width, ELLIPSE * height)
    return Size(width, height)


def free(sketch: Sketch, sizes: dict[str, Size], names: Sequence[str]) -> Arranged:
    """Return where everything stands in a graph without places."""
    inside = {}
    for part in sketch.walk():
        for frame in part.frames:
            inside[frame.path] = ROOT if part is sketch else part.path
        if part is not sketch:
            inside.update(dict.fromkeys(part.nodes, part.path))
    # A constant belongs where it is used.
    for arrow in sketch.arrows:
        if arrow.attributes.get("class") == "constant" and arrow.head in inside:
            inside[arrow.tail] = inside[arrow.head]
    size = float(sketch.arrow_attributes.get("fontsize", "9"))
    lines = []
    for name, arrow in zip(names, sketch.arrows):
        label = block_of(arrow.label, Style(size, INK))
        lines.append(Line(name, arrow.tail, arrow.head, Size(label.width, label.height)))
    boxes = {name: sizes[name] for name in sorted(sizes, key=lambda name: name[0] == "c")}
    return arrange(Graph(boxes, lines, inside), sketch.attributes.get("rankdir", "LR"))


def fixed(sketch: Sketch, sizes: dict[str, Size], names: Sequence[str]) -> Arranged:
    """Return where everything stands in a graph whose boxes have places."""
    node = sketch.node_attributes
    middles = {}
    for name, box in sketch.nodes.items():
        x, y = (float(part) for part in box.attributes["pos"].rstrip("!").split(","))
        middles[name] = Point(x * POINTS_PER_INCH, -y * POINTS_PER_INCH)
        if "shape" not in box.attributes:
            side = float(node["width"]) * POINTS_PER_INCH
            sizes[name] = Size(side, side)
    left = min(p.x - sizes[name].width / 2 for name, p in middles.items())
    top = min(p.y - sizes[name].height / 2 for name, p in middles.items())
    right = max(p.x + sizes[name].width / 2 for name, p in middles.items())
    bottom = max(p.y + sizes[name].height / 2 for name, p in middles.items())
    boxes = {
        name: Rectangle(Point(p.x - left, p.y - top), sizes[name]) for name, p in middles.items()
    }
    routes = {
        name: straight(boxes[arrow.tail], boxes[arrow.head])
        for name, arrow in zip(names, sketch.arrows)
    }
    return Arranged(boxes, {}, routes, Size(right - left, bottom - top))


def straight(tail: Rectangle, head: Rectangle) -> Route:
    """Return a straight line between two circles, from rim to rim."""
    x = head.centre.x - tail.centre.x
    y = head.centre.y - tail.centre.y
    length = max((x * x + y * y) ** 0.5, 1e-9)
    x = x / length
    y = y / length
    away = tail.size.width / 2
    near = head.size.width / 2
    start = Point(tail.centre.x + away * x, tail.centre.y + away * y)
    tip = Point(head.centre.x - near * x, head.centre.y - near * y)
    end = Point(tip.x - 4 * x, tip.y - 4 * y)
    return Route([start, start, end, end, tip], start)


def noted(sketch: Sketch) -> Block:
    """Return the label of the whole picture."""
    return block_of(sketch.attributes.get("label", ""), Style(11.0, INK))


def note_element(note: Block, top: float) -> Iterator[str]:
    """Yield the label of the whole picture, below it."""
    yield from text_elements(
        note, Rectangle(Point(note.width / 2, top + note.height / 2), Size(0, 0))
    )


def frames(sketch: Sketch, found: Arranged) -> Iterator[str]:
    """Yield the frames, the outer ones first."""
    parts = sketch.walk()
    # The whole has none.
    next(parts)
    for part in parts:
        rectangle = found.frames[part.path]
        left = rectangle.centre.x - rectangle.size.width / 2
        top = rectangle.centre.y - rectangle.size.height / 2
        label = block_of(part.attributes["label"], Style(11.0, INK))
        middle = Point(left + 8 + label.width / 2, top + 5 + label.height / 2)
        yield (
            f'<g id="{part.name}" class="cluster"><rect x="{left:.1f}" y="{top:.1f}" '
            f'width="{rectangle.size.width:.1f}" height="{rectangle.size.height:.1f}" '
            f'rx="{CORNER:.0f}" fill="{part.attributes["fillcolor"]}" '
            f'stroke="{part.attributes["color"]}"/>'
        )
        yield from text_elements(label, Rectangle(middle, Size(0, 0)))
        yield "</g>\n"


def arrow_element(sketch: Sketch, arrow: Arrow, way: Route) -> str:
    """Return an arrow: its line, its head and its label."""
    given = {**sketch.arrow_attributes, **arrow.attributes}
    color = given.get("color", INK)
    *line, tip = way.points
    path = f"M{pair(line[0])}C{' '.join(map(pair, line[1:]))}"
    dashes = DASHES if given.get("style") == "dashed" else ""
    size = TIP_LENGTH * float(given.get("arrowsize", "0.6"))
    corners_of = bar if given.get("arrowhead") == "tee" else head
    parts = [
        opening_of("edge", given),
        title(given.get("tooltip", "")),
        f'<path fill="none" stroke="{color}" stroke-width="{given.get("penwidth", "1")}" '
        f'd="{path}"{dashes}/>',
        f'<polygon fill="{color}" stroke="{color}" points="{corners_of(line[-1], tip, size)}"/>',
    ]
    if arrow.label:
        label = block_of(arrow.label, Style(float(given.get("fontsize", "9")), INK))
        parts += text_elements(label, Rectangle(way.label, Size(0, 0)), halo=True)
    return "".join([*parts, "</g>\n"])


def head(start: Point, tip: Point, length: float) -> str:
    """Return the corners of an arrow's head at the tip, pointing away from the start."""
    x = tip.x - start.x
    y = tip.y - start.y
    norm = max((x * x + y * y) ** 0.5, 1e-9)
    x = length * x / norm
    y = length * y / norm
    sides = (tip.x - x - y / 2.5, tip.y - y + x / 2.5), (tip.x - x + y / 2.5, tip.y - y - x / 2.5)
    return " ".join(pair(Point(*place)) for place in (tip, *sides))


def bar(start: Point, tip: Point, length: float) -> str:
    """Return the corners of a bar across the end of a line."""
    x = tip.x - start.x
    y = tip.y - start.y
    norm = max((x * x + y * y) ** 0.5, 1e-9)
    x = length * x / norm
    y = length * y / norm
    ends = [Point(tip.x - y / 2, tip.y + x / 2), Point(tip.x + y / 2, tip.y - x / 2)]
    back = [Point(end.x - x / 5, end.y - y / 5) for end in reversed(ends)]
    return " ".join(map(pair, [*ends, *back]))


def box_element(sketch: Sketch, box: Box, place: Rectangle, label: Block) -> str:
    """Return a box with its label."""
    given = {**sketch.node_attributes, **box.attributes}
    parts = [
        opening_of("node", given),
        title(given.get("tooltip", "")),
        outline(given, place),
        *text_elements(label, place),
    ]
    return "".join([*parts, "</g>\n"])


def opening_of(kind: str, given: Mapping[str, str]) -> str:
    """Return the tag that begins an element, with its id and classes."""
    name = f'id="{html.escape(given["id"])}" ' if "id" in given else ""
    more = f" {given['class']}" if "class" in given else ""
    return f'<g {name}class="{kind}{more}">'


def outline(given: dict[str, str], place: Rectangle) -> str:
    """Return the outline of a box, filled; a plain text has none."""
    (x, y), (width, height) = place
    look = f'fill="{given.get("fillcolor", PAPER)}" stroke="{given.get("color", INK)}"'
    shape = given.get("shape", "box")
    style = given.get("style", "filled")
    if style == "" or (shape == "plaintext" and "filled" not in style):
        return ""
    if shape in ("circle", "ellipse"):
        radii = f'rx="{width / 2:.1f}" ry="{height / 2:.1f}"'
        return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" {radii} {look}/>'
    corner = CORNER if "rounded" in style else 0.0
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="{corner:.0f}" {look}/>'
    )


def text_elements(label: Block, place: Rectangle, halo: bool = False) -> Iterator[str]:
    """Yield the lines of a label around the middle of a place."""
    y = place.centre.y - label.height / 2
    side = max(place.size.width - BOX_MARGIN.width, label.width) / 2
    for row in label.rows:
        yield from row_elements(label, row, Point(place.centre.x, y + row.height / 2), side, halo)
        y += row.height


def row_elements(label: Block, row: Row, middle: Point, side: float, halo: bool) -> Iterator[str]:
    """Yield the cells of a line: columns beside each other, or one text on its side."""
    apart = [cell for cell in row.cells if not cell.across]
    border = middle.x - sum(label.columns) / 2 + (label.columns[0] if label.columns else 0.0)
    for i, cell in enumerate(apart):
        x = border - KEY_GAP / 2 if i == 0 else border + KEY_GAP / 2
        yield cell_element(cell, Point(x, middle.y), "end" if i == 0 else "start", halo)
    for cell in row.cells:
        if cell.across:
            x = {"left": middle.x - side, "right": middle.x + side}.get(cell.align, middle.x)
            anchor = {"left": "start", "right": "end"}.get(cell.align, "middle")
            yield cell_element(cell, Point(x, middle.y), anchor, halo)


def cell_element(cell: Cell, middle: Point, anchor: str, halo: bool) -> str:
    """Return a text; one on a line has a border of paper."""
    size = max((run.size for run in cell.runs), default=0.0)
    border = f' paint-order="stroke" stroke="{PAPER}" stroke-width="3"' if halo else ""
    opening = (
        f'<text x="{middle.x:.1f}" y="{middle.y + BASELINE * size:.1f}" '
        f'text-anchor="{anchor}"{border}'
    )
    runs = [run for run in cell.runs if run.text]
    if len(runs) == 1:
        (run,) = runs
        return f"{opening}{fonts_of(run)}>{html.escape(run.text.strip())}</text>"
    spans = (f"<tspan{fonts_of(run)}>{html.escape(run.text)}</tspan>" for run in runs)
    return f"{opening}>{''.join(spans)}</text>"


def fonts_of(run: Run) -> str:
    """Return the attributes of a text's font."""
    bold = ' font-weight="bold"' if run.bold else ""
    italic = ' font-style="italic"' if run.italic else ""
    return f' font-size="{run.size:g}" fill="{run.color}"{bold}{italic}'


def title(tooltip: str) -> str:
    """Return what is told of an element when it is pointed at; it comes escaped for DOT."""
    text = html.unescape(QUOTED.sub(r"\\", tooltip))
    return f"<title>{html.escape(text)}</title>" if text else ""


def corners(left: float, top: float, width: float, height: float) -> str:
    """Return the corners of a rectangle, the first one again at the end."""
    right = left + width
    bottom = top + height
    places = ((left, top), (left, bottom), (right, bottom), (right, top), (left, top))
    return " ".join(pair(Point(*place)) for place in places)


def pair(point: Point) -> str:
    """Return a point as SVG writes it."""
    return f"{point.x:.1f},{point.y:.1f}"


def dressed(svg: str, heading: str, text: str) -> str:
    """Return an SVG with a name, the picture as text, and colors for a dark page.

    The colors stay attributes, which every viewer knows; a browser takes them from the style.
    """
    opening = OPENING.search(svg)
    if opening is None:
        return svg
    tag = opening[0][:-1] + f' class="{CLASS}" role="img">'
    about = f"<title>{html.escape(heading)}</title>\n<desc>{html.escape(text)}</desc>\n"
    body = svg[opening.end() :]
    body = FONTS.sub(f'font-family="{PAGE_FONTS}"', NAME_OF_GRAPH.sub("", body))
    return f"{svg[: opening.start()]}{tag}\n{about}<style>{style_of(body)}</style>{body}"


def style_of(body: str) -> str:
    """Return the colors of an SVG for light and dark pages, as CSS."""
    used = sorted(set(COLOR.findall(body)))
    rules = [
        f'.{CLASS} [{what}="{color}"]{{{what}:light-dark({color},{DARK[color]})}}'
        for what, color in used
        if color in DARK
    ]
    plain = f".{CLASS} text:not([fill]){{fill:light-dark({NUMBER_INK},{DARK[NUMBER_INK]})}}"
    return "".join([SCHEMES, *rules, plain])
