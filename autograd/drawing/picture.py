"""Picture: a drawing that is a graphviz.Digraph too, where that library is installed.

>>> from autograd import Value, draw_dot
>>> [kind.__name__ for kind in type(draw_dot(Value(1.0))).__mro__[:3]]
['Picture', 'Drawing', 'Digraph']
"""

from __future__ import annotations

import re
from typing import Any

import graphviz  # type: ignore[import-untyped]

from autograd.drawing.render import engine, render
from autograd.drawing.show import Drawing
from autograd.drawing.sketch import Sketch
from autograd.drawing.svg import drawn

# Of more boxes a program's layout takes seconds, and then minutes.
MAX_BOXES_OF_PROGRAM = 300
BEFORE_SVG = re.compile(r"^.*?(?=<svg)|<!--.*?-->\n?", re.DOTALL)


class Picture(Drawing, graphviz.Digraph):  # type: ignore[misc]
    """A drawing as DOT: `source` is the text, `svg()` the picture, `render(path)` writes it.

    Everything a `graphviz.Digraph` can do works, with the program that is found here. What is added
    to it afterwards is drawn by a program only.
    """

    def __init__(self, sketch: Sketch | None = None, format: str = "svg", **more: Any) -> None:
        if sketch is not None:
            Drawing.__init__(self, sketch, format)
            graphviz.Digraph.__init__(
                self,
                sketch.name,
                format=format,
                graph_attr=sketch.attributes,
                node_attr=sketch.node_attributes,
                edge_attr=sketch.arrow_attributes,
            )
            sketch.replay(self, graphviz.Digraph)
        else:
            # As `Digraph.copy` makes another one.
            graphviz.Digraph.__init__(self, format=format, **more)
        self.recorded = len(self.body)

    def copy(self) -> Picture:
        """Return a copy, to which something may be added."""
        found: Picture = super().copy()
        found.sketch = self.sketch
        found.text = self.text
        found.recorded = self.recorded
        return found

    def pipe(self, format: str | None = None, *, encoding: str | None = None, **_: object) -> Any:
        """Return the picture as bytes, or as text in an encoding."""
        data = render(self.source, format or self.format)
        return data.decode(encoding) if encoding else data

    def bare_svg(self) -> str:
        """Return the picture without its text and its colors for dark pages.

        It is laid out by a program where there is one; but here where the order of its boxes or
        their number asks for it.
        """
        changed = len(self.body) != self.recorded
        ours = self.sketch.in_order or len(self.sketch.all_nodes()) > MAX_BOXES_OF_PROGRAM
        if engine() is None or (ours and not changed):
            return drawn(self.sketch)
        try:
            return self.svg_of_program()
        except RuntimeError:
            # It took too long, or does not run here.
            if changed:
                raise
            return drawn(self.sketch)

    def svg_of_program(self) -> str:
        """Return the picture that a program makes of the DOT text."""
        text = BEFORE_SVG.sub("", render(self.source).decode())
        return text.replace("&#45;", "-").strip() + "\n"

    def usual_name(self) -> str:
        """Return the name of the file where none is given."""
        return str(self.filename)
