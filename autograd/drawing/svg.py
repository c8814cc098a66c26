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
# A box is at least so wide and so high.
LEAST_BOX = 22.0
# Between what a number is and the number.
KEY_GAP = 3.0
CORNER = 5.0
# An ellipse is so many times as wide and as high as what stands in it.
ELLIPSE = 1.4
# Of the size of a font, from the middle of its line down.
BASELINE = 0.35
# The head of an arrow is so many times as long as its `arrowsize`.
TIP_LENGTH = 10.0
# Lengths of less are taken for this, so that they can be divided by.
LEAST_LENGTH = 1e-9
NO_SIZE = Size(0.0, 0.0)
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
    nodes = sketch.all_nodes()
    blocks = {}
    sizes = {}
    for name, box in nodes.items():
        label = block(sketch, box)
        blocks[name] = label
        sizes[name] = size_of(box, label)
    names = names_of(sketch)
    first = next(iter(sketch.nodes.values()))
    place = fixed if "pos" in first.attributes else free
    found = place(sketch, sizes, names)
    note = noted(sketch)
    parts = [
        *opening(found.size, note),
        *frames(sketch, found),
    ]
    # Arrows go below boxes.
    for name, arrow in zip(names, sketch.arrows):
        way = found.routes[name]
        element = arrow_element(sketch, arrow, way)
        parts.append(element)
    for name, box in nodes.items():
        where = found.boxes[name]
        element = box_element(sketch, box, where, blocks[name])
        parts.append(element)
    below = found.size.height + MARGIN
    parts += note_element(note, below)
    return "".join([*parts, "</g>\n</svg>\n"])


def opening(size: Size, note: Block) -> Iterator[str]:
    """Yield the tags that begin a picture of a size, with room for a note, and its ground."""
    widest = max(size.width, note.width)
    width = widest + 2 * MARGIN
    below = note.height + MARGIN if note.rows else 0.0
    height = size.height + below + 2 * MARGIN
    yield (
        f'<svg width="{width:.0f}pt" height="{height:.0f}pt" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="{PAGE_FONTS}">\n'
    )
    yield (
        f'<g id="graph0" class="graph" transform="translate({MARGIN:.0f} {MARGIN:.0f})">\n'
        f'<polygon fill="{PAPER}" stroke="none" '
        f'points="{corners(-MARGIN, -MARGIN, width, height)}"/>\n'
    )


def names_of(sketch: Sketch) -> list[str]:
    """Return a name for each arrow of a sketch."""
    return [f"arrow {i}" for i in range(len(sketch.arrows))]


def block(sketch: Sketch, box: Box) -> Block:
    """Return the lines of a box's label."""
    given = {**sketch.node_attributes, **box.attributes}
    size = float(given.get("fontsize", "11"))
    color = given.get("fontcolor", NUMBER_INK)
    return block_of(box.label, Style(size, color))


def size_of(box: Box, label: Block) -> Size:
    """Return how large a box is: as its label needs it, or as its attributes say."""
    given = box.attributes
    if given.get("fixedsize") != "false" and "width" in given:
        width = float(given["width"])
        height = float(given["height"])
        return Size(width * POINTS_PER_INCH, height * POINTS_PER_INCH)
    gap = KEY_GAP if len(label.columns) > 1 else 0.0
    width = max(LEAST_BOX, label.width + BOX_MARGIN.width + gap)
    height = max(LEAST_BOX, label.height + BOX_MARGIN.height)
    if given.get("shape") == "ellipse":
        return Size(ELLIPSE * width, ELLIPSE * height)
    return Size(width, height)


def free(sketch: Sketch, sizes: dict[str, Size], names: Sequence[str]) -> Arranged:
    """Return where everything stands in a graph without places."""
    size = float(sketch.arrow_attributes.get("fontsize", "9"))
    lines = []
    for name, arrow in zip(names, sketch.arrows):
        label = block_of(arrow.label, Style(size, INK))
        room = Size(label.width, label.height)
        lines.append(Line(name, arrow.tail, arrow.head, room))
    # Constants come last, behind what may have a gradient.
    order = sorted(sizes, key=lambda name: name[0] == "c")
    boxes = {name: sizes[name] for name in order}
    inside = frame_of_each(sketch)
    graph = Graph(boxes, lines, inside)
    direction = sketch.attributes.get("rankdir", "LR")
    return arrange(graph, direction)


def frame_of_each(sketch: Sketch) -> dict[str, str]:
    """Return which frame each box stands in, and each frame, where it does."""
    inside = {}
    for part in sketch.walk():
        for frame in part.frames:
            inside[frame.path] = ROOT if part is sketch else part.path
        if part is not sketch:
            own = dict.fromkeys(part.nodes, part.path)
            inside.update(own)
    for arrow in sketch.arrows:
        # A constant belongs where it is used.
        is_constant = arrow.attributes.get("class") == "constant"
        if is_constant and arrow.head in inside:
            inside[arrow.tail] = inside[arrow.head]
    return inside


def fixed(sketch: Sketch, sizes: dict[str, Size], names: Sequence[str]) -> Arranged:
    """Return where everything stands in a graph whose boxes have places."""
    given = {}
    for name, box in sketch.nodes.items():
        if "shape" not in box.attributes:
            side = float(sketch.node_attributes["width"]) * POINTS_PER_INCH
            sizes[name] = Size(side, side)
        given[name] = Rectangle(middle_of(box), sizes[name])
    places = given.values()
    left = min(place.left for place in places)
    top = min(place.top for place in places)
    right = max(place.right for place in places)
    bottom = max(place.bottom for place in places)
    # The picture begins at 0, wherever the given places do.
    boxes = {}
    for name, (middle, size) in given.items():
        centre = middle.moved(-left, -top)
        boxes[name] = Rectangle(centre, size)
    routes = {}
    for name, arrow in zip(names, sketch.arrows):
        tail = boxes[arrow.tail]
        head_box = boxes[arrow.head]
        routes[name] = straight(tail, head_box)
    whole = Size(right - left, bottom - top)
    return Arranged(boxes, {}, routes, whole)


def middle_of(box: Box) -> Point:
    """Return the place that a box is given: in inches, y up."""
    # The mark behind it tells a program that the place is fixed.
    place = box.attributes["pos"].rstrip("!")
    x, y = map(float, place.split(","))
    return Point(x * POINTS_PER_INCH, -y * POINTS_PER_INCH)


def straight(tail: Rectangle, head: Rectangle) -> Route:
    """Return a straight line between two circles, from rim to rim."""
    x, y = towards(tail.centre, head.centre)
    # The radii of both circles.
    away = tail.size.width / 2
    near = head.size.width / 2
    start = tail.centre.moved(away * x, away * y)
    tip = head.centre.moved(-near * x, -near * y)
    end = tip.moved(-4 * x, -4 * y)
    return Route([start, start, end, end, tip], start)


def towards(start: Point, end: Point, length: float = 1.0) -> Point:
    """Return the way from a point towards another, so long."""
    x = end.x - start.x
    y = end.y - start.y
    distance = (x * x + y * y) ** 0.5
    norm = max(distance, LEAST_LENGTH)
    return Point(length * x / norm, length * y / norm)


def noted(sketch: Sketch) -> Block:
    """Return the label of the whole picture."""
    text = sketch.attributes.get("label", "")
    return block_of(text, Style(11.0, INK))


def note_element(note: Block, top: float) -> Iterator[str]:
    """Yield the label of the whole picture, below it."""
    middle = Point(note.width / 2, top + note.height / 2)
    place = Rectangle(middle, NO_SIZE)
    yield from text_elements(note, place)


def frames(sketch: Sketch, found: Arranged) -> Iterator[str]:
    """Yield the frames, the outer ones first."""
    parts = sketch.walk()
    # The whole has no frame.
    next(parts)
    for part in parts:
        place = found.frames[part.path]
        left = place.left
        top = place.top
        label = block_of(part.attributes["label"], Style(11.0, INK))
        # The name of a frame stands in its corner.
        x = left + 8 + label.width / 2
        y = top + 5 + label.height / 2
        middle = Point(x, y)
        yield (
            f'<g id="{part.name}" class="cluster"><rect x="{left:.1f}" y="{top:.1f}" '
            f'width="{place.size.width:.1f}" height="{place.size.height:.1f}" '
            f'rx="{CORNER:.0f}" fill="{part.attributes["fillcolor"]}" '
            f'stroke="{part.attributes["color"]}"/>'
        )
        yield from text_elements(label, Rectangle(middle, NO_SIZE))
        yield "</g>\n"


def arrow_element(sketch: Sketch, arrow: Arrow, way: Route) -> str:
    """Return an arrow: its line, its head and its label."""
    given = {**sketch.arrow_attributes, **arrow.attributes}
    color = given.get("color", INK)
    width = given.get("penwidth", "1")
    *line, tip = way.points
    path = f"M{pair(line[0])}C{pairs(line[1:])}"
    dashes = DASHES if given.get("style") == "dashed" else ""
    size = TIP_LENGTH * float(given.get("arrowsize", "0.6"))
    corners_of = bar if given.get("arrowhead") == "tee" else head
    end = corners_of(line[-1], tip, size)
    parts = [
        opening_of("edge", given),
        title(given.get("tooltip", "")),
        f'<path fill="none" stroke="{color}" stroke-width="{width}" d="{path}"{dashes}/>',
        f'<polygon fill="{color}" stroke="{color}" points="{end}"/>',
    ]
    if arrow.label:
        size = float(given.get("fontsize", "9"))
        label = block_of(arrow.label, Style(size, INK))
        place = Rectangle(way.label, NO_SIZE)
        parts += text_elements(label, place, halo=True)
    return "".join([*parts, "</g>\n"])


def head(start: Point, tip: Point, length: float) -> str:
    """Return the corners of an arrow's head at the tip, pointing away from the start."""
    x, y = towards(start, tip, length)
    back = tip.moved(-x, -y)
    # Half of the head's width, at right angles to its length.
    across = Point(-y / 2.5, x / 2.5)
    left = back.moved(across.x, across.y)
    right = back.moved(-across.x, -across.y)
    return pairs([tip, left, right])


def bar(start: Point, tip: Point, length: float) -> str:
    """Return the corners of a bar across the end of a line."""
    x, y = towards(start, tip, length)
    left = tip.moved(-y / 2, x / 2)
    right = tip.moved(y / 2, -x / 2)
    back = [end.moved(-x / 5, -y / 5) for end in (right, left)]
    return pairs([left, right, *back])


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
    name = ""
    if "id" in given:
        name = f'id="{html.escape(given["id"])}" '
    more = f" {given['class']}" if "class" in given else ""
    return f'<g {name}class="{kind}{more}">'


def outline(given: dict[str, str], place: Rectangle) -> str:
    """Return the outline of a box, filled; a plain text has none."""
    fill = given.get("fillcolor", PAPER)
    look = f'fill="{fill}" stroke="{given.get("color", INK)}"'
    shape = given.get("shape", "box")
    style = given.get("style", "filled")
    if style == "" or (shape == "plaintext" and "filled" not in style):
        return ""
    (x, y), (width, height) = place
    if shape in ("circle", "ellipse"):
        radii = f'rx="{width / 2:.1f}" ry="{height / 2:.1f}"'
        return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" {radii} {look}/>'
    corner = CORNER if "rounded" in style else 0.0
    return (
        f'<rect x="{place.left:.1f}" y="{place.top:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="{corner:.0f}" {look}/>'
    )


def text_elements(label: Block, place: Rectangle, halo: bool = False) -> Iterator[str]:
    """Yield the lines of a label around the middle of a place."""
    y = place.centre.y - label.height / 2
    room = place.size.width - BOX_MARGIN.width
    side = max(room, label.width) / 2
    for row in label.rows:
        middle = Point(place.centre.x, y + row.height / 2)
        yield from row_elements(label, row, middle, side, halo)
        y += row.height


def row_elements(label: Block, row: Row, middle: Point, side: float, halo: bool) -> Iterator[str]:
    """Yield the cells of a line: columns beside each other, or one text on its side."""
    apart = [cell for cell in row.cells if not cell.across]
    first = label.columns[0] if label.columns else 0.0
    # The border between the columns; all of them together stand in the middle.
    border = middle.x - sum(label.columns) / 2 + first
    for i, cell in enumerate(apart):
        if i == 0:
            x = border - KEY_GAP / 2
            anchor = "end"
        else:
            x = border + KEY_GAP / 2
            anchor = "start"
        place = Point(x, middle.y)
        yield cell_element(cell, place, anchor, halo)
    ends = {
        "left": (middle.x - side, "start"),
        "right": (middle.x + side, "end"),
    }
    for cell in row.cells:
        if cell.across:
            x, anchor = ends.get(cell.align, (middle.x, "middle"))
            place = Point(x, middle.y)
            yield cell_element(cell, place, anchor, halo)


def cell_element(cell: Cell, middle: Point, anchor: str, halo: bool) -> str:
    """Return a text; one on a line has a border of paper."""
    sizes = [run.size for run in cell.runs]
    size = max(sizes, default=0.0)
    y = middle.y + BASELINE * size
    border = f' paint-order="stroke" stroke="{PAPER}" stroke-width="3"' if halo else ""
    tag = f'<text x="{middle.x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{border}'
    # Most texts have one font, which the element then has itself.
    runs = [run for run in cell.runs if run.text]
    if len(runs) == 1:
        (run,) = runs
        text = html.escape(run.text.strip())
        return f"{tag}{fonts_of(run)}>{text}</text>"
    spans: list[str] = []
    for run in runs:
        text = html.escape(run.text)
        spans.append(f"<tspan{fonts_of(run)}>{text}</tspan>")
    return f"{tag}>{''.join(spans)}</text>"


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
    start = Point(left, top)
    below = [Point(left, bottom), Point(right, bottom)]
    end = Point(right, top)
    return pairs([start, *below, end, start])


def pair(point: Point) -> str:
    """Return a point as SVG writes it."""
    return f"{point.x:.1f},{point.y:.1f}"


def pairs(points: Sequence[Point]) -> str:
    """Return points as SVG writes them."""
    return " ".join(map(pair, points))


def dressed(svg: str, heading: str, text: str) -> str:
    """Return an SVG with a name, the picture as text, and colors for a dark page.

    The colors stay attributes, which every viewer knows; a browser takes them from the style.
    """
    found = OPENING.search(svg)
    if found is None:
        return svg
    before = svg[: found.start()]
    tag = found[0][:-1] + f' class="{CLASS}" role="img">'
    about = f"<title>{html.escape(heading)}</title>\n<desc>{html.escape(text)}</desc>\n"
    # What Graphviz writes: its title, and fonts that lack letters.
    body = NAME_OF_GRAPH.sub("", svg[found.end() :])
    body = FONTS.sub(f'font-family="{PAGE_FONTS}"', body)
    return f"{before}{tag}\n{about}<style>{style_of(body)}</style>{body}"


def style_of(body: str) -> str:
    """Return the colors of an SVG for light and dark pages, as CSS."""
    rules = []
    for what, color in sorted(set(COLOR.findall(body))):
        if color in DARK:
            both = f"light-dark({color},{DARK[color]})"
            rules.append(f'.{CLASS} [{what}="{color}"]{{{what}:{both}}}')
    both = f"light-dark({NUMBER_INK},{DARK[NUMBER_INK]})"
    plain = f".{CLASS} text:not([fill]){{fill:{both}}}"
    return "".join([SCHEMES, *rules, plain])
