"""Labels of DOT as lines of text: the part of its HTML that pictures here use.

>>> [line.text for line in lines_of("<<b>x</b> = *<br/>data 2>")]
['x = *', 'data 2']
>>> lines_of("w\\\\r")[0].cells[0].align
'right'
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from autograd.drawing.fonts import BOLD, units

ALIGNED = {"\\l": "left", "\\r": "right", "\\n": "center"}
# A line is so many times as high as its font.
LINE_HEIGHT = 1.28
TOKEN = re.compile("<([^>]+)>|([^<]+)")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Run(NamedTuple):
    """A text in one font."""

    text: str
    size: float
    color: str
    bold: bool = False
    italic: bool = False

    @property
    def width(self) -> float:
        """How wide it is, in points."""
        wider = BOLD if self.bold else 1.0
        return units(self.text) * self.size * wider


@dataclass
class Cell:
    """Runs that stand beside each other, on one side of the column or in its middle.

    Attributes: `across`, whether it takes all columns.
    """

    align: str = "center"
    across: bool = True
    runs: list[Run] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(run.text for run in self.runs)

    @property
    def width(self) -> float:
        """How wide it is, in points."""
        return sum(run.width for run in self.runs)


@dataclass
class Row:
    """A line of a label: one cell across, or two of a table."""

    cells: list[Cell] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What it says."""
        return " ".join(cell.text for cell in self.cells)

    @property
    def height(self) -> float:
        """How high it is, in points."""
        sizes = [run.size for cell in self.cells for run in cell.runs]
        return LINE_HEIGHT * max(sizes, default=0.0)


class Style(NamedTuple):
    """The font that a label begins with."""

    size: float
    color: str


class Reader:
    """Reads a label that is HTML; `<`, `>` and `&` of a text are entities in it."""

    def __init__(self, style: Style) -> None:
        # The fonts of the tags that are open, the innermost last.
        self.fonts = [Run("", style.size, style.color)]
        self.rows = [Row([Cell()])]

    def read(self, label: str) -> None:
        """Take a label apart into tags and texts."""
        for tag, text in TOKEN.findall(label):
            if text:
                self.add(html.unescape(text))
            elif tag[0] == "/":
                self.end(tag[1:])
            else:
                self.start(tag)

    def start(self, tag: str) -> None:
        """Begin a font, a row or a cell."""
        name = tag.partition(" ")[0].rstrip("/")
        given = dict(ATTRIBUTE.findall(tag))
        font = self.fonts[-1]
        if name == "td":
            align = given.get("align", "center")
            self.rows[-1].cells.append(Cell(align, "colspan" in given))
        elif name == "font":
            size = float(given.get("point-size", font.size))
            color = given.get("color", font.color)
            self.fonts.append(font._replace(size=size, color=color))
        elif name == "b":
            self.fonts.append(font._replace(bold=True))
        elif name == "i":
            self.fonts.append(font._replace(italic=True))
        elif name == "br":
            self.rows.append(Row([Cell()]))
        elif name == "tr":
            self.rows.append(Row())

    def end(self, tag: str) -> None:
        """End a font."""
        if tag in ("b", "i", "font"):
            self.fonts.pop()

    def add(self, text: str) -> None:
        """Add a text to the cell that is open."""
        cells = self.rows[-1].cells
        if cells:
            run = self.fonts[-1]._replace(text=text)
            cells[-1].runs.append(run)


PLAIN = Style(11.0, "#000000")


def lines_of(label: str, style: Style = PLAIN) -> list[Row]:
    """Return the lines of a label; one that begins with < is HTML."""
    if label.startswith("<") and label.endswith(">"):
        reader = Reader(style)
        reader.read(label[1:-1])
        # The line before a table is empty.
        return [row for row in reader.rows if any(cell.runs for cell in row.cells)]
    return list(plain_lines(label, style))


def plain_lines(label: str, style: Style) -> Iterator[Row]:
    """Yield the lines of a label that is a quoted text, in which a backslash begins an escape."""
    if "\\" not in label:
        if label:
            yield plain_line(label, "center", style)
        return
    # A line ends at the escape that tells on which side it stands.
    text = ""
    align = "center"
    for part in re.split(r"(\\.)", label, flags=re.DOTALL):
        if part in ALIGNED:
            align = ALIGNED[part]
            yield plain_line(text, align, style)
            text = ""
        else:
            text += ESCAPED.sub(r"\1", part)
    if text:
        yield plain_line(text, "center", style)


def plain_line(text: str, align: str, style: Style) -> Row:
    """Return a line in one font."""
    run = Run(html.unescape(text), style.size, style.color)
    return Row([Cell(align, True, [run])])


class Block(NamedTuple):
    """The lines of a label with their size: as wide as the widest line or pair of columns."""

    rows: list[Row]
    columns: list[float]
    width: float
    height: float


def block_of(label: str, style: Style) -> Block:
    """Return the lines of a label and how much room they take."""
    rows = lines_of(label, style)
    columns: list[float] = []
    widest = 0.0
    for row in rows:
        apart = [cell.width for cell in row.cells if not cell.across]
        across = [cell.width for cell in row.cells if cell.across]
        for i, width in enumerate(apart):
            if i == len(columns):
                columns.append(0.0)
            columns[i] = max(columns[i], width)
        widest = max(widest, *across, 0.0)
    width = max(widest, sum(columns))
    height = sum(row.height for row in rows)
    return Block(rows, columns, width, height)
