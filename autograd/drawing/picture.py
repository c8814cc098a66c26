"""Picture: a graphviz.Digraph that finds its engine by itself, and shows itself in Jupyter.

>>> from autograd import Value, draw_dot
>>> type(draw_dot(Value(1.0))).__mro__[1].__name__
'Digraph'
"""

from __future__ import annotations

import base64
import html
import os
import re
from pathlib import Path
from typing import Any

import graphviz  # type: ignore[import-untyped]

from autograd.atomic import write_file
from autograd.drawing.render import render

FILE_FORMATS = ("svg", "png", "pdf", "json")
BEFORE_SVG = re.compile(r"^.*?(?=<svg)|<!--.*?-->\n?", re.DOTALL)


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A drawing as DOT: `source` is the text, `svg()` the picture, `render(path)` writes it.

    Everything a `graphviz.Digraph` can do works, with the engine that is found here.

    Attributes: `text`, what is shown where nothing can be drawn.
    """

    text: str = ""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **{"format": "svg", **settings})

    def pipe(self, format: str | None = None, *, encoding: str | None = None, **_: Any) -> Any:
        """Return the picture as bytes, or as text in an encoding."""
        data = render(self.source, format or self.format)
        return data.decode(encoding) if encoding else data

    def svg(self) -> str:
        """Return the picture as an `<svg>` element, to be put into a page as it is.

        The elements of a graph have the ids that `draw_dot` tells.
        """
        text = BEFORE_SVG.sub("", self.pipe("svg", encoding="utf-8"))
        return text.replace("&#45;", "-").strip() + "\n"

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        *,
        format: str | None = None,
        view: bool = False,
        **_: Any,
    ) -> str:
        """Write the picture and return its path.

        Args:      filename: "graph.svg", "graph.png", or "graph.pdf" where Graphviz is installed;
                   another name is completed with the format; format: svg unless given.
        Raises:    RuntimeError: nothing can draw that form here; the message says what to do.
        """
        path = Path(filename or self.filename)
        if format is None and path.suffix[1:] in FILE_FORMATS:
            form = path.suffix[1:]
        else:
            form = format or self.format
            path = path.with_name(f"{path.name}.{form}")
        content = self.svg() if form == "svg" else self.pipe(form)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content)
        if view:
            graphviz.view(str(path))
        return str(path)

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
        """Return what Jupyter shows: see `bundle`."""
        return bundle(self)


def bundle(picture: Picture) -> dict[str, str]:
    """Return the forms in which a notebook may show a picture.

    The `<img>` is what is left of a drawing in a notebook that is not trusted, such as one just
    cloned; inline SVG and scripts are removed there. Never raises: without an engine, text.
    """
    shown = {"text/plain": picture.text or picture.source}
    try:
        svg = picture.svg()
    except Exception:  # whatever stands in the way of a picture, the text can be shown
        return shown
    data = base64.b64encode(svg.encode()).decode()
    about = html.escape("graph of " + picture.text.partition("\n")[0])
    image = f'<img src="data:image/svg+xml;base64,{data}" alt="{about}"/>'
    return {"text/html": image, "image/svg+xml": svg, **shown}
