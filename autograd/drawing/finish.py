"""From a sketch to a drawing: a `graphviz.Digraph` where that library is installed.

>>> from autograd.drawing.sketch import Sketch
>>> picture_of(Sketch("graph"), "svg", "a text")
a text
"""

from __future__ import annotations

from autograd.drawing.show import Drawing
from autograd.drawing.sketch import Sketch


def picture_of(sketch: Sketch, format: str, text: str) -> Drawing:
    """Return a sketch as a drawing.

    Args: format: of the files that it writes; text: what it says as lines of text.
    """
    try:
        from autograd.drawing.picture import Picture
    except ImportError:
        # No graphviz, which only its own methods need.
        found = Drawing(sketch, format)
    else:
        found = Picture(sketch, format)
    found.text = text
    return found
