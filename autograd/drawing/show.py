"""A drawing that shows itself, with a program, with the graphviz library, or with neither.

>>> from autograd import Value, draw_dot
>>> picture = draw_dot(Value(2.0, name="x") * 3)
>>> picture
*  data 6  grad –
├─ x  data 2  grad –  slope 3
└─ 3
"""

from __future__ import annotations

import base64
import html
import os
import re
from pathlib import Path
from typing import Any

from autograd.atomic import write_file
from autograd.drawing.fonts import warn_of_missing_letters
from autograd.drawing.markup import lines_of
from autograd.drawing.render import render
from autograd.drawing.sketch import Sketch
from autograd.drawing.svg import CLASS, drawn, dressed
from autograd.texts import said

FILE_FORMATS = ("svg", "png", "pdf", "json")
# Of its size, to which a picture may shrink in a narrow notebook.
LEAST_SCALE = 0.7
WIDTH = re.compile(r'<svg width="([\d.]+)')
FRAME = f"{CLASS}-frame"
# The picture in an `<img>` follows the color scheme of what it stands in.
FOLLOWING = (
    f'[data-jp-theme-light="false"] .{FRAME},[data-vscode-theme-kind="vscode-dark"] .{FRAME}'
    f'{{color-scheme:dark}}[data-jp-theme-light="true"] .{FRAME}{{color-scheme:light}}'
    f"@media print{{.{FRAME}{{color-scheme:light!important}}.{FRAME} img{{min-width:0!important}}}}"
)
# What only a `graphviz.Digraph` has.
OF_GRAPHVIZ = frozenset(
    "source pipe unflatten view save edges attr body node edge subgraph comment".split()
)


class Drawing:
    """A drawing: `svg()` is the picture, `render(path)` writes it, its repr is the text tree.

    Where the graphviz library is installed it is a `graphviz.Digraph` too.

    Attributes: `sketch`, what is drawn; `text`, the same as lines of text; `format` of the files.
    """

    sketch: Sketch
    text: str = ""
    format: str = "svg"

    def __init__(self, sketch: Sketch, format: str = "svg") -> None:
        self.sketch = sketch
        self.format = format

    def __getattr__(self, name: str) -> Any:
        if name in OF_GRAPHVIZ:
            raise ImportError(f"{name} is a graphviz.Digraph's: pip install graphviz")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def svg(self) -> str:
        """Return the picture as an `<svg>` element, to be put into a page as it is.

        The elements of a graph have the ids that `draw_dot` tells.
        """
        return dressed(self.bare_svg(), self.heading, self.text)

    def bare_svg(self) -> str:
        """Return the picture without its text and its colors for dark pages."""
        return drawn(self.sketch)

    def words(self) -> str:
        """Return what the boxes say."""
        labels = (lines_of(box.label) for box in self.sketch.all_nodes().values())
        return " ".join(row.text for rows in labels for row in rows)

    @property
    def heading(self) -> str:
        """What is shown, in a line."""
        return said("graph of", line=self.text.partition("\n")[0])

    def content(self, form: str) -> str | bytes:
        """Return the picture in a form: svg, png, pdf or json."""
        if form == "svg":
            return self.svg()
        if form != "json":
            warn_of_missing_letters(self.words())
        if not hasattr(type(self), "source"):
            raise ImportError(
                f"{form} is drawn by graphviz: pip install graphviz graphviz-pure, or write svg"
            )
        return render(self.source, form)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: str | os.PathLike[str] | None = None,
        raise_if_result_exists: bool = False,
        **_: object,
    ) -> str:
        """Write the picture and return its path.

        It takes what `graphviz.Digraph.render` takes, but for one thing: the DOT text is not
        written beside the picture, so there is nothing to clean up; `save` writes it.

        Args:
            filename: "graph.svg", "graph.png", or "graph.pdf" where Graphviz is installed; another
                name is completed with the format.
            directory: which the filename is in.
            view: show it with the program that this machine has for such files.
            format: svg unless given.
            outfile: the path as it is to be, instead of filename and directory.
            raise_if_result_exists: refuse to overwrite a file.
        Raises:    RuntimeError: nothing can draw that form here; the message says what to do.
                   ValueError: the end of `outfile` is no form; FileExistsError: see above.
        """
        path, form = self.target(filename, directory, format, outfile)
        if raise_if_result_exists and path.exists():
            raise FileExistsError(f"{path} is there already")
        content = self.content(form)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content)
        if view:
            show_file(path)
        return str(path)

    def target(
        self,
        filename: str | os.PathLike[str] | None,
        directory: str | os.PathLike[str] | None,
        format: str | None,
        outfile: str | os.PathLike[str] | None,
    ) -> tuple[Path, str]:
        """Return where a picture is to be written, and in which form."""
        if outfile is not None:
            path = Path(outfile)
            form = format or path.suffix[1:].lower()
            if form not in FILE_FORMATS:
                raise ValueError(
                    f"outfile {path}: its end must be one of {', '.join(FILE_FORMATS)}"
                )
            return path, form
        path = Path(directory or "") / Path(filename or self.usual_name())
        if format is None and path.suffix[1:] in FILE_FORMATS:
            return path, path.suffix[1:]
        form = format or self.format
        return path.with_name(f"{path.name}.{form}"), form

    def usual_name(self) -> str:
        """Return the name of the file where none is given."""
        return f"{self.sketch.name}.gv"

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, *_: object, **__: object) -> dict[str, str]:
        """Return what Jupyter shows: see `bundle`."""
        return bundle(self)

    def __repr__(self) -> str:
        return self.text or f"<{type(self).__name__}>"


def show_file(path: Path) -> None:
    """Show a file with the program that this machine has for it."""
    import webbrowser

    try:
        import graphviz  # type: ignore[import-untyped]
    except ImportError:
        webbrowser.open(path.resolve().as_uri())
    else:
        graphviz.view(str(path))


def bundle(picture: Drawing) -> dict[str, str]:
    """Return the forms in which a notebook may show a picture.

    The `<img>` is what is left of a drawing in a notebook that is not trusted, such as one just
    cloned; inline SVG and scripts are removed there. Never raises: without a picture, text.
    """
    try:
        svg = picture.svg()
    except Exception:
        # Whatever stands in the way of a picture, the text can be shown.
        return {"text/plain": repr(picture)}
    data = base64.b64encode(svg.encode()).decode()
    about = html.escape(picture.heading)
    width = WIDTH.match(svg)
    least = round(LEAST_SCALE * float(width[1])) if width else 0
    image = (
        f'<div class="{FRAME}" style="overflow-x:auto"><style>{FOLLOWING}</style>'
        f'<img style="max-width:100%;min-width:{least}pt" '
        f'src="data:image/svg+xml;base64,{data}" alt="{about}"/></div>'
    )
    return {"text/html": image, "image/svg+xml": svg, "text/plain": repr(picture)}
