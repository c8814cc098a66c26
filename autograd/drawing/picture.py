"""Picture: a drawing that is a graphviz.Digraph too, where that library is installed.

>>> from autograd import Value, draw_dot
>>> [kind.__name__ for kind in type(draw_dot(Value(1.0))).__mro__[:3]]
['Picture', 'Drawing', 'Digraph']
"""

from __future__ import annotations

from typing import Any

import graphviz  # type: ignore[import-untyped]

from autograd.drawing.render import engine, render
from autograd.drawing.show import Drawing
from autograd.drawing.sketch import Sketch


class Picture(Drawing, graphviz.Digraph):  # type: ignore[misc]
    """A drawing as DOT: `source` is the text, `svg()` the picture, `render(path)` writes it.

    Everything a `graphviz.Digraph` can do works, with the program that is found here. What is added
    to it afterwards is drawn by a program only.
    """

    def __init__(self, sketch: Sketch | str | None = None, format: str = "svg", **more: Any) -> None:
        if isinstance(sketch, Sketch):
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
        else:  # a copy, as `Digraph.copy` makes it
            graphviz.Digraph.__init__(self, sketch, format=format, **more)
            self.sketch = Sketch("graph")
        self.recorded = len(self.body) if isinstance(sketch, Sketch) else -1

    def pipe(self, format: str | None = None, *, encoding: str | None = None, **_: Any) -> Any:
        """Return the picture as bytes, or as text in an encoding."""
        data = render(self.source, format or self.format)
        return data.decode(encoding) if encoding else data

    def bare_svg(self) -> str:
        """Return the picture; what was added to the DOT text needs a program."""
        if len(self.body) != self.recorded and engine() is not None:
            return self.svg_of_program()
        return super().bare_svg()

    def usual_name(self) -> str:
        """Return the name of the file where none is given."""
        return str(self.filename)
