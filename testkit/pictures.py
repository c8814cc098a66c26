"""What tests look for in pictures, names that no picture may choke on, and the engines to try."""

from __future__ import annotations

import shutil
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from autograd.drawing import render as engines
from autograd.drawing.picture import Picture

HOSTILE = [  # names, each of which breaks a writer of DOT, SVG or HTML that does not escape
    "<script>alert(1)</script>",
    '"]; evil [label="x',
    "\\N",
    "\\",
    'ends with a backslash \\"',
    "<b>bold</b>",
    "two\nlines\r\n",
    "tab\tand nul\x00",
    "日本語の名前",
    "∂σ/∂x",
    "a & b < c > d 'e' \"f\"",
    "-->",
    "&lt;b&gt; &#65; &amp;",
    "<i>x</i>",
    "]]> <!--",
    "{a|b}",
    "</text></svg>",
    "<table><tr><td>x</td></tr></table>",
    "javascript:alert(1)",
    "\\N\\G\\l\\",
    "ünïcödé 数 🎈",
    "\x1b[31m\x07\ufffe",
    "\ud800",
    "\u202ereversed",
    "%s %n {0}",
    "node",
    "",
    " ",
    "x" * 5000,
]
SVG = "{http://www.w3.org/2000/svg}"


def svg_of(picture: Picture) -> ElementTree.Element:
    """Return the root element of a picture's SVG."""
    return ElementTree.fromstring(picture.svg())


def ids(picture: Picture) -> list[str]:
    """Return the ids of all elements that have one."""
    found = [element.get("id") for element in svg_of(picture).iter()]
    return [name for name in found if name]


def texts(picture: Picture) -> list[str]:
    """Return what every text element says."""
    return ["".join(element.itertext()) for element in svg_of(picture).iter(f"{SVG}text")]


def lines_with(picture: Picture, *parts: str) -> list[str]:
    """Return the lines of the DOT text that hold all the parts."""
    lines = picture.source.splitlines()
    return [line for line in lines if all(part in line for part in parts)]


def pretend_there_is(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    """Let only these programs be found."""
    monkeypatch.setattr(engines, "engines", lambda: iter(programs))


PURE = shutil.which("graphviz-pure", path=str(Path(sys.executable).parent))
SYSTEM = shutil.which("dot")
# Runs a test once with each engine that is installed, as `program`.
both = pytest.mark.parametrize(
    "program",
    [
        pytest.param(PURE, marks=pytest.mark.skipif(not PURE, reason="no graphviz-pure here")),
        pytest.param(SYSTEM, marks=pytest.mark.skipif(not SYSTEM, reason="no dot here")),
    ],
    ids=["graphviz-pure", "dot"],
)
