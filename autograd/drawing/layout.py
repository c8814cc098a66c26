"""Where the boxes of a graph stand and how its arrows run, without a program for it.

Boxes stand in columns by their longest distance from a leaf, leaves just before their first user;
a frame is laid out by itself and is a box of the level around it. Heights follow from a few sweeps
in which each box comes as near to its neighbours as the order in its column lets it. An arrow over
several columns has a lane of its own between the boxes. All of it is linear in boxes and arrows.

>>> graph = Graph({"x": Size(40, 20), "y": Size(40, 20)}, [Line("e", "x", "y", Size(10, 10))])
>>> placed = arrange(graph)
>>> placed.boxes["x"].centre, placed.boxes["y"].centre
(Point(x=20.0, y=10.0), Point(x=120.0, y=10.0))
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

# The level of everything that stands in no frame.
ROOT = ""
# Points between columns, where no label needs more.
GAP_ALONG = 60.0
# Points between the boxes of a column.
GAP_ACROSS = 14.0
# Points of a gap that its labels leave free.
LABEL_ROOM = 28.0
# So many labels of the arrows from one box have room in a gap.
MAX_LABELS_ABREAST = 4
FRAME_PADDING = 10.0
# Points for the name of a frame.
FRAME_HEADING = 18.0
# Points that an arrow takes in the columns it crosses.
LANE = 8.0
# Where a graph needs more lanes on the whole, its longest arrows cross boxes.
MAX_LANES = 12_000
SWEEPS = 4
# Points between two arrows that lead from one box to the same.
PARALLEL = 12.0
# The label of the only arrow from a box stands near it, at this part of the way.
NEAR = 0.26
# Points of an arrow's head.
TIP = 6.0


class Point(NamedTuple):
    """A place in the picture; y points down."""

    x: float
    y: float

    def moved(self, x: float, y: float) -> Point:
        """Return the place that is so much farther right, and farther down."""
        return Point(self.x + x, self.y + y)


class Size(NamedTuple):
    """Of a box or a label."""

    width: float
    height: float


class Line(NamedTuple):
    """An arrow from one box to another."""

    name: str
    tail: str
    head: str
    label: Size = Size(0.0, 0.0)


class Rectangle(NamedTuple):
    """Where a box stands: its middle, and its size."""

    centre: Point
    size: Size

    @property
    def left(self) -> float:
        """Where its left side is."""
        return self.centre.x - self.size.width / 2

    @property
    def right(self) -> float:
        """Where its right side is."""
        return self.centre.x + self.size.width / 2

    @property
    def top(self) -> float:
        """Where its upper side is."""
        return self.centre.y - self.size.height / 2

    @property
    def bottom(self) -> float:
        """Where its lower side is."""
        return self.centre.y + self.size.height / 2


class Route(NamedTuple):
    """An arrow: the points of a Bézier spline, the last one its tip, and where its label stands."""

    points: list[Point]
    label: Point


@dataclass
class Graph:
    """What is to be arranged: boxes in topological order, arrows, and which frame each stands in.

    `inside` has the frame of a box or of a frame; those that it lacks stand in none.
    """

    boxes: Mapping[str, Size]
    lines: Sequence[Line]
    inside: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Arranged:
    """Where everything stands, and the size of it all."""

    boxes: dict[str, Rectangle]
    frames: dict[str, Rectangle]
    routes: dict[str, Route]
    size: Size


class Padding(NamedTuple):
    """Points inside a frame around what stands in it, along the arrows and across."""

    before: float = FRAME_PADDING
    after: float = FRAME_PADDING
    above: float = FRAME_PADDING
    below: float = FRAME_PADDING


NO_PADDING = Padding(0.0, 0.0, 0.0, 0.0)
# The name of a frame stands at its top, which is a side of its own in each direction.
PADDING_OF = {
    "LR": Padding(above=FRAME_PADDING + FRAME_HEADING),
    "RL": Padding(above=FRAME_PADDING + FRAME_HEADING),
    "TB": Padding(before=FRAME_PADDING + FRAME_HEADING),
    "BT": Padding(after=FRAME_PADDING + FRAME_HEADING),
}


class Level:
    """The members of one frame in columns: boxes, the frames in it, and lanes of arrows.

    Attributes: `links`, the arrows between members; `entries`, those from outside to a member;
    `column` of each member, and the members of each of the `columns`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: list[str] = []
        self.links: list[Link] = []
        self.entries: list[Link] = []
        self.column: dict[str, int] = {}
        self.columns: list[list[str]] = []


class Link(NamedTuple):
    """An arrow as a level sees it: between two of its members, or from outside to one."""

    line: Line
    tail: str
    head: str


class Neighbour(NamedTuple):
    """A member that an arrow joins another one with, and how much lower that is to stand."""

    name: str
    apart: float


Neighbours = Mapping[str, Sequence[Neighbour]]


class Layout:
    """A graph that is being arranged, from the innermost frames to the whole.

    Attributes: `parent`, the frame that a box or a frame stands in; `places`, of the middles within
    the level around; `lanes` of each arrow, in order; `fans`, how many arrows leave a box;
    `budget`, how many lanes there may still be.
    """

    def __init__(self, graph: Graph, padding: Padding) -> None:
        self.graph = graph
        self.padding = padding
        self.sizes: dict[str, Size] = dict(graph.boxes)
        self.levels = {ROOT: Level(ROOT)}
        self.parent: dict[str, str] = {}
        self.places: dict[str, Point] = {}
        self.lanes: dict[str, list[str]] = defaultdict(list)
        self.fans: dict[str, int] = defaultdict(int)
        self.budget = MAX_LANES
        for name in graph.boxes:
            self.enter(name)
        for line in graph.lines:
            self.fans[line.tail] += 1
            self.connect(line)

    def enter(self, name: str) -> None:
        """Make a box or a frame a member of the level that it stands in."""
        frame = self.graph.inside.get(name, ROOT)
        self.parent[name] = frame
        if frame not in self.levels:
            self.levels[frame] = Level(frame)
            self.enter(frame)
        self.levels[frame].members.append(name)

    def chain(self, name: str) -> list[str]:
        """Return a box and the frames around it, the innermost first."""
        found = [name]
        frame = self.parent[name]
        while frame != ROOT:
            found.append(frame)
            frame = self.parent[frame]
        return found

    def connect(self, line: Line) -> None:
        """Tell every level that an arrow concerns of it."""
        tails = self.chain(line.tail)
        heads = self.chain(line.head)
        # The frames around both ends see nothing of the arrow.
        shorter = min(len(tails), len(heads))
        while tails[-1] == heads[-1] and shorter > 1:
            tails.pop()
            heads.pop()
            shorter -= 1
        tail = tails[-1]
        *inside, head = heads
        if tail != head:
            level = self.level_of(tail)
            link = Link(line, tail, head)
            level.links.append(link)
        # In the frames around its head only, it comes from outside.
        for name in reversed(inside):
            level = self.level_of(name)
            entry = Link(line, "", name)
            level.entries.append(entry)

    def level_of(self, name: str) -> Level:
        """Return the level that a box or a frame is a member of."""
        frame = self.parent[name]
        return self.levels[frame]

    def run(self) -> Arranged:
        """Arrange every level, the innermost first, and put them together."""
        order = sorted(self.levels, key=self.depth)
        for name in reversed(order):
            level = self.levels[name]
            self.arrange_level(level)
        whole = self.sizes.pop(ROOT)
        # A frame has its place only when all around it have theirs: the outermost first.
        inner = order[1:]
        for name in inner:
            self.shift_into(name)
        boxes = {name: self.rectangle(name) for name in self.graph.boxes}
        frames = {name: self.rectangle(name) for name in inner}
        routes = self.routes(boxes)
        return Arranged(boxes, frames, routes, whole)

    def depth(self, name: str) -> int:
        """Return how many frames a level is in, itself included."""
        return len(self.chain(name)) if name else 0

    def rectangle(self, name: str) -> Rectangle:
        """Return where something stands."""
        centre = self.places[name]
        size = self.sizes[name]
        return Rectangle(centre, size)

    def shift_into(self, name: str) -> None:
        """Move what stands in a frame to where the frame stands."""
        frame = self.rectangle(name)
        left = frame.left
        top = frame.top
        level = self.levels[name]
        for column in level.columns:
            for member in column:
                place = self.places[member]
                self.places[member] = place.moved(left, top)

    def arrange_level(self, level: Level) -> None:
        """Find the places of a level's members, and its size."""
        # Columns first, from the arrows; then lanes, which are members of columns too.
        level.members = in_order(level.members, self.levels)
        level.column = columns_of(level.members, level.links, self.levels)
        last = max(level.column.values(), default=0)
        level.columns = [[] for _ in range(last + 1)]
        for member in level.members:
            place = level.column[member]
            level.columns[place].append(member)
        self.add_lanes(level)
        neighbours = self.neighbours(level)
        # Frames keep the order of their numbers.
        has_frames = any(member in self.levels for member in level.members)
        if not has_frames:
            sort_columns(level, neighbours)
        self.place_along(level)
        self.place_across(level, neighbours)

    def add_lanes(self, level: Level) -> None:
        """Give arrows that cross columns a lane in each of them, the shortest first."""
        column = level.column
        spans = []
        for i, link in enumerate(level.links):
            distance = column[link.head] - column[link.tail]
            spans.append((distance - 1, i))
        for span, i in sorted(spans):
            link = level.links[i]
            first = column[link.tail] + 1
            end = first + span
            self.lane(level, [link.line], first, end)
        # Arrows from outside to the same member share a lane from the frame's side on.
        together = defaultdict(list)
        for link in level.entries:
            together[link.head].append(link.line)
        for head, lines in together.items():
            end = column[head]
            self.lane(level, lines, 0, end)

    def lane(self, level: Level, lines: Sequence[Line], first: int, end: int) -> None:
        """Add a lane for arrows that run together, through some columns, if there may be more."""
        span = end - first
        if not 0 < span <= self.budget:
            return
        self.budget -= span
        for column in range(first, end):
            name = f"lane {len(self.sizes)}"
            inner = level.columns[column]
            width = self.widest(inner)
            self.sizes[name] = Size(width, LANE)
            level.column[name] = column
            # It runs through the middle, until the neighbours tell better.
            middle = len(inner) // 2
            inner.insert(middle, name)
            for line in lines:
                self.lanes[line.name].append(name)

    def widest(self, names: Sequence[str]) -> float:
        """Return the width of a column."""
        widths = [self.sizes[name].width for name in names]
        return max(widths, default=0.0)

    def neighbours(self, level: Level) -> dict[str, list[Neighbour]]:
        """Return for each member those that arrows join it with, and how far apart in height.

        An arrow to a box in a frame aims at that box, so at another height than the frame's middle.
        """
        found: dict[str, list[Neighbour]] = defaultdict(list)

        def join(one: str, other: str, apart: float) -> None:
            found[one].append(Neighbour(other, apart))
            found[other].append(Neighbour(one, -apart))

        for line, tail, head in level.links:
            lanes = [name for name in self.lanes[line.name] if name in level.column]
            stops = [tail, *lanes, head]
            offsets = [0.0] * len(stops)
            offsets[0] = self.height_in(tail, line.tail)
            offsets[-1] = self.height_in(head, line.head)
            # The lanes of a long arrow make it a chain, so that it bends as little as it can.
            for i in range(1, len(stops)):
                apart = offsets[i] - offsets[i - 1]
                join(stops[i - 1], stops[i], apart)
        # The lanes of the first column are those that begin at the frame's side.
        first = [name for name in level.columns[0] if name.startswith("lane ")]
        for _, _, head in level.entries:
            for name in first:
                join(name, head, 0.0)
        return found

    def height_in(self, member: str, box: str) -> float:
        """Return how far below the middle of a member the middle of a box in it stands."""
        height = 0.0
        while box != member:
            frame = self.parent[box]
            middle = self.sizes[frame].height / 2
            height += self.places[box].y - middle
            box = frame
        return height

    def place_along(self, level: Level) -> None:
        """Find where the columns begin, with room for labels between them."""
        room = [0.0] * len(level.columns)
        for line, tail, _ in level.links:
            abreast = min(MAX_LABELS_ABREAST, self.fans[line.tail])
            needed = abreast * line.label.width
            column = level.column[tail]
            room[column] = max(room[column], needed)
        gaps = [max(GAP_ALONG, labels + LABEL_ROOM) for labels in room]
        padding = self.padding if level.name else NO_PADDING
        left = padding.before
        for gap, names in zip(gaps, level.columns):
            width = self.widest(names)
            middle = left + width / 2
            for name in names:
                self.places[name] = Point(middle, 0.0)
            left += width + gap
        # Behind the last column there is no gap.
        left -= gaps[-1]
        right = left + padding.after
        self.sizes[level.name] = Size(right, 0.0)

    def place_across(self, level: Level, neighbours: Neighbours) -> None:
        """Find the heights of the members, in sweeps over the columns, and that of the level."""
        heights = dict.fromkeys(level.column, 0.0)
        # At first all want to stand in the middle.
        for names in level.columns:
            middles = [0.0] * len(names)
            self.settle(names, middles, heights)
        for sweep in range(SWEEPS):
            # Back first, so that boxes come near to those that they lead to, and then forth.
            forth = sweep % 2 == 1
            columns = level.columns if forth else level.columns[::-1]
            for names in columns:
                wanted = []
                for name in names:
                    near = neighbours[name]
                    height = self.wanted(name, level, near, heights, forth)
                    wanted.append(height)
                self.settle(names, wanted, heights)
        self.set_heights(level, heights)

    def set_heights(self, level: Level, heights: Mapping[str, float]) -> None:
        """Set the places of the members by their heights, the highest one at the top."""
        tops = []
        ends = []
        for name, height in heights.items():
            half = self.sizes[name].height / 2
            tops.append(height - half)
            ends.append(height + half)
        padding = self.padding if level.name else NO_PADDING
        first = min(tops, default=0.0)
        for name, height in heights.items():
            place = self.places[name]
            y = height - first + padding.above
            self.places[name] = Point(place.x, y)
        last = max(ends, default=0.0)
        height = last - first + padding.above + padding.below
        width = self.sizes[level.name].width
        self.sizes[level.name] = Size(width, height)

    def wanted(
        self,
        name: str,
        level: Level,
        near: Sequence[Neighbour],
        heights: Mapping[str, float],
        forth: bool,
    ) -> float:
        """Return the height that a member would have by itself: that of its neighbours."""
        column = level.column[name]
        found = []
        for other, apart in near:
            before = level.column[other] < column
            if before is forth:
                found.append(heights[other] + apart)
        return sum(found) / len(found) if found else heights[name]

    def settle(
        self, names: Sequence[str], wanted: Sequence[float], heights: dict[str, float]
    ) -> None:
        """Set the heights of a column: in its order, apart, and as near as can be to the wanted.

        Least squares under an order: what would overlap moves together, as one block.
        """
        sizes = [self.sizes[name].height for name in names]
        offsets = stacked(sizes)
        # A block is the mean of what its members want, and how many they are.
        blocks: list[tuple[float, int]] = []
        for want, offset in zip(wanted, offsets):
            mean = want - offset
            count = 1
            # One that would stand above the block before it becomes a part of that.
            while blocks and blocks[-1][0] >= mean:
                before, many = blocks.pop()
                whole = before * many + mean * count
                count += many
                mean = whole / count
            blocks.append((mean, count))
        bases: list[float] = []
        for mean, count in blocks:
            bases += [mean] * count
        for name, base, offset in zip(names, bases, offsets):
            heights[name] = base + offset

    def routes(self, boxes: Mapping[str, Rectangle]) -> dict[str, Route]:
        """Return how every arrow runs."""
        same: Counter[tuple[str, str]] = Counter()
        for line in self.graph.lines:
            same[line.tail, line.head] += 1
        seen: Counter[tuple[str, str]] = Counter()
        leaving: Counter[str] = Counter()
        found = {}
        for line in self.graph.lines:
            # Arrows between the same two boxes run beside each other.
            ends = (line.tail, line.head)
            middle = (same[ends] - 1) / 2
            shift = PARALLEL * (seen[ends] - middle)
            seen[ends] += 1
            # The labels of the arrows from a box stand at different parts of the way.
            leaving[line.tail] += 1
            fan = self.fans[line.tail]
            share = NEAR
            if fan > 1:
                share = leaving[line.tail] / (fan + 1)
            # Lanes of outer frames were made last, wherever they stand.
            lanes = self.lanes[line.name]
            stops = [self.rectangle(name) for name in lanes]
            stops.sort(key=lambda stop: stop.centre.x)
            tail = boxes[line.tail]
            head = boxes[line.head]
            found[line.name] = route(tail, stops, head, shift, share)
        return found


def arrange(graph: Graph, direction: str = "LR") -> Arranged:
    """Return where everything stands.

    Args: direction: of the arrows: "LR", "RL", "TB" or "BT".
    """
    across = direction in ("TB", "BT")
    if across:
        graph = on_its_side(graph)
    layout = Layout(graph, PADDING_OF[direction])
    found = layout.run()
    if direction == "LR":
        return found
    back = direction in ("RL", "BT")
    return turned(found, across, back)


def on_its_side(graph: Graph) -> Graph:
    """Return a graph whose boxes and labels are as wide as those of this one are high."""
    boxes = {name: swapped(size) for name, size in graph.boxes.items()}
    lines = []
    for line in graph.lines:
        label = swapped(line.label)
        lines.append(line._replace(label=label))
    return Graph(boxes, lines, graph.inside)


def swapped(size: Size) -> Size:
    """Return a size with its sides exchanged."""
    return Size(size.height, size.width)


def turned(found: Arranged, across: bool, back: bool) -> Arranged:
    """Return a layout from left to right in another direction."""
    length = found.size.width

    def place(point: Point) -> Point:
        x = length - point.x if back else point.x
        if across:
            return Point(point.y, x)
        return Point(x, point.y)

    def size(old: Size) -> Size:
        return swapped(old) if across else old

    def box(old: Rectangle) -> Rectangle:
        centre = place(old.centre)
        return Rectangle(centre, size(old.size))

    def way(old: Route) -> Route:
        points = [place(point) for point in old.points]
        label = place(old.label)
        return Route(points, label)

    boxes = {name: box(old) for name, old in found.boxes.items()}
    frames = {name: box(old) for name, old in found.frames.items()}
    routes = {name: way(old) for name, old in found.routes.items()}
    whole = size(found.size)
    return Arranged(boxes, frames, routes, whole)


def in_order(members: Sequence[str], levels: Mapping[str, Level]) -> list[str]:
    """Return the members of a level with its frames in the order of their numbers."""
    inner = [name for name in members if name in levels]
    frames = iter(sorted(inner, key=numbered))
    return [next(frames) if name in levels else name for name in members]


def numbered(name: str) -> list[tuple[bool, int, str]]:
    """Return what a name with numbers in it is sorted by: neuron 10 comes after neuron 9."""
    found = []
    parts = name.replace("/", ".").split(".")
    for part in parts:
        is_number = part.isdecimal()
        number = int(part) if is_number else 0
        found.append((is_number, number, part))
    return found


def columns_of(
    members: Sequence[str], links: Sequence[Link], frames: Container[str]
) -> dict[str, int]:
    """Return the column of each member: its longest distance from one without arrows to it.

    A member without arrows to it stands just before the first that it has an arrow to; so that this
    is no column of frames, there is one more behind a frame. Where frames are in a circle (a layer
    that is used twice), the first one begins it.
    """
    after: dict[str, list[str]] = {name: [] for name in members}
    for _, tail, head in links:
        after[tail].append(head)
    heads = {link.head for link in links}
    first = {name for name in members if name not in heads}
    # Members that are to have a column of leaves before them.
    with_leaves = set()
    for _, tail, head in links:
        if tail in first and tail not in frames:
            with_leaves.add(head)
    column = dict.fromkeys(members, 0)
    done = set()
    for name in in_topological_order(after):
        done.add(name)
        for head in after[name]:
            # In a circle an arrow leads back, to what has its column already.
            if head not in done:
                step = 2 if name in frames and head in with_leaves else 1
                behind = column[name] + step
                column[head] = max(column[head], behind)
    for name in first:
        later = [column[head] for head in after[name]]
        nearest = min(later, default=1)
        column[name] = max(0, nearest - 1)
    return column


def in_topological_order(after: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield names before those that are after them; of a circle the first one begins it."""
    # How many arrows to a name come from what has not been yielded.
    waiting: Counter[str] = Counter()
    for heads in after.values():
        waiting.update(heads)
    ready = deque(name for name in after if not waiting[name])
    rest = iter(after)
    done: set[str] = set()
    while len(done) < len(after):
        # Where none is ready, nothing but circles is left.
        name = ready.popleft() if ready else next(x for x in rest if x not in done)
        if name in done:
            continue
        done.add(name)
        yield name
        for head in after[name]:
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)


def sort_columns(level: Level, neighbours: Neighbours) -> None:
    """Sort each column by where its neighbours stand: those behind it, and then those before it.

    What has no neighbour on that side keeps its place.
    """
    rank: dict[str, float] = {}
    for names in level.columns:
        rank.update(ranked(names))
    last = len(level.columns) - 1
    back = [(column, column + 1) for column in reversed(range(last))]
    forth = [(column, column - 1) for column in range(1, last + 1)]
    for column, side in back + forth:
        names = level.columns[column]
        for name in names:
            others = [other for other, _ in neighbours[name]]
            near = [rank[other] for other in others if level.column[other] == side]
            if near:
                rank[name] = sum(near) / len(near)
        names.sort(key=rank.__getitem__)
        rank.update(ranked(names))


def ranked(names: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield the members of a column with their places in it, from 0 to 1."""
    for i, name in enumerate(names):
        yield name, i / len(names)


def stacked(heights: Sequence[float]) -> list[float]:
    """Return the middles of boxes that stand one below the other, the first at 0."""
    middle = 0.0
    found = [middle]
    for one, other in zip(heights, heights[1:]):
        halves = (one + other) / 2
        middle = middle + halves + GAP_ACROSS
        found.append(middle)
    return found


def route(
    tail: Rectangle, stops: Sequence[Rectangle], head: Rectangle, shift: float, share: float
) -> Route:
    """Return how an arrow runs from the side of a box through its lanes to the side of another."""
    start = Point(tail.right, tail.centre.y + shift)
    points = [start]
    for stop in stops:
        height = stop.centre.y
        entrance = Point(stop.left, height)
        exit_ = Point(stop.right, height)
        points += bend(start, entrance)
        points += bend(entrance, exit_)
        start = exit_
    tip = Point(head.left, head.centre.y + shift)
    # The head of the arrow is straight.
    end = Point(tip.x - TIP, tip.y)
    points += bend(start, end)
    # The label stands on the first curve, near neither of its ends, above the line.
    part = min(0.8, max(0.2, share))
    there = on_curve(points[:4], part)
    label = Point(there.x, there.y - TIP)
    return Route([*points, tip], label)


def bend(start: Point, end: Point) -> list[Point]:
    """Return the other three points of a Bézier curve that begins and ends level."""
    middle = (start.x + end.x) / 2
    leaving = Point(middle, start.y)
    coming = Point(middle, end.y)
    return [leaving, coming, end]


def on_curve(points: Sequence[Point], part: float) -> Point:
    """Return a point of a Bézier curve.

    >>> on_curve([Point(0, 0), Point(1, 0), Point(1, 2), Point(2, 2)], 0.5)
    Point(x=1.0, y=1.0)
    """
    # Each round has one point less (de Casteljau, 1959).
    while len(points) > 1:
        neighbours = zip(points, points[1:])
        points = [between(one, other, part) for one, other in neighbours]
    return points[0]


def between(one: Point, other: Point, part: float) -> Point:
    """Return a point on the straight line between two."""
    rest = 1 - part
    x = rest * one.x + part * other.x
    y = rest * one.y + part * other.y
    return Point(x, y)
