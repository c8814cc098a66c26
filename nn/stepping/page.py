"""A training line by line as one self-contained piece of HTML.

Where scripts do not run it is the curve of the error and a table of all iterations.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from functools import partial
from html import escape
from pathlib import Path
from string import Template

from autograd.atomic import write_file
from autograd.compile.javascript.library import library
from autograd.stepping import page as pages
from autograd.stepping.lines import shown
from nn.stepping.model import Model
from nn.stepping.texts import said
from nn.trainer import Trainer

# The picture of the error is stretched to its place.
CURVE_WIDTH = 1000
CURVE_HEIGHT = 100
# Its contrast is 3.6:1 on white, 4.8:1 on the dark ground.
CURVE_INK = "#3b82f6"

# The text of a file of this package.
resource = partial(pages.resource, package=__package__)


class TrainingStepper:
    """What `training_stepper` returns: shows itself in Jupyter, and writes itself with `save`.

    Attributes: `model`, the iterations as data; `html`, the piece of HTML.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.html = self.fragment()

    @property
    def title(self) -> str:
        """What is trained."""
        return said("heading", network=network_name(self.model.trainer.network))

    @property
    def settings(self) -> str:
        """How it is trained, in a line."""
        trainer = self.model.trainer
        return said(
            "settings",
            b=str(trainer.settings.batch_size),
            m=str(trainer.settings.samples),
            optimizer=type(trainer.optimizer).__name__,
            T=str(trainer.settings.iterations),
        )

    def fragment(self) -> str:
        """Return the HTML."""
        # Numbers stand in the page as bytes: in JSON they would take about twice the room.
        data = pages.embedded(self.model.data())
        places, numbers = self.model.numbers()
        losses = [iteration.loss for iteration in self.model.iterations]
        first = self.model.iterations[0]
        end = self.model.iterations[-1]
        return Template(resource("page.html")).substitute(
            key=hashlib.sha256(data.encode() + places + numbers).hexdigest()[:12],
            css=pages.theme(".chainrule-training") + pages.stripped(resource("page.css")),
            functions=functions_of(self.model),
            js=pages.resource("steps.js") + "\n" + resource("page.js"),
            title=escape(self.title),
            settings=escape(self.settings),
            curve=base64.b64encode(curve(losses).encode()).decode(),
            alt=escape(
                said(
                    "curve",
                    first=shown(first.loss),
                    t=str(first.t),
                    last=shown(end.loss),
                    end=str(end.t),
                    most=shown(max(losses)),
                )
            ),
            all=escape(said("all")),
            head="".join(f'<th scope="col">{escape(name)}</th>' for name in head()),
            rows="\n".join(table_rows(self.model)),
            data=data,
            places=base64.b64encode(places).decode(),
            numbers=base64.b64encode(numbers).decode(),
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page that needs nothing else, and return its path."""
        page = pages.PAGE.substitute(title=escape(self.title), body=f"{self.html}\n")
        write_file(path, page)
        return Path(path)

    def _repr_mimebundle_(self, *_: object, **__: object) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": repr(self)}

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        first = self.model.iterations[0].t
        last = self.model.iterations[-1].t
        which = f"iteration {first}" if first == last else f"iterations {first} to {last}"
        network = network_name(self.model.trainer.network)
        return f'<training stepper of {network}: {which}; .save("page.html") writes a page>'


def training_stepper_of(trainer: Trainer, iterations: int | None, limit: float) -> TrainingStepper:
    """Run the iterations of a trainer, and return the page about them."""
    return TrainingStepper(Model(trainer, iterations, limit))


def network_name(network: object) -> str:
    """Return the kind of a network, and the sizes of its layers where it has them."""
    sizes = "-".join(map(str, getattr(network, "sizes", [])))
    return f"{type(network).__name__} {sizes}".strip()


def functions_of(model: Model) -> str:
    """Return the script of the rows that the lines of the units need, by name."""
    lines = [line for line in model.structure.lines or [] if line]
    wanted = {line.forward.name: line.forward for line in lines}
    wanted |= {line.slope.name: line.slope for line in lines if line.slope}
    names = ", ".join(sorted(wanted))
    return f"(function () {{\n{library(wanted.values())}\nreturn {{ {names} }};\n}})()"


def curve(losses: list[float]) -> str:
    """Return the errors of the mini-batches as an SVG, which may be stretched to any size."""
    # A training without any error is a line at the bottom.
    most = max(losses) or 1.0
    last = max(1, len(losses) - 1)
    points = " ".join(
        f"{CURVE_WIDTH * i / last:.4g},{CURVE_HEIGHT * (1 - loss / most):.4g}"
        for i, loss in enumerate(losses)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CURVE_WIDTH} {CURVE_HEIGHT}" '
        f'preserveAspectRatio="none"><polyline points="{points}" fill="none" '
        f'stroke="{CURVE_INK}" stroke-width="2" stroke-linejoin="round" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )


def head() -> tuple[str, ...]:
    """Return the head of the table of all iterations."""
    return "t", said("drawn"), "α", said("error")


def table_rows(model: Model) -> Iterator[str]:
    """Yield the rows of the table of all iterations."""
    for iteration in model.iterations:
        cells = (
            ", ".join(map(str, iteration.batch)),
            ", ".join(map(shown, iteration.alphas)),
            shown(iteration.loss),
        )
        told = "</td><td>".join(cells)
        yield f'<tr><th scope="row">{iteration.t}</th><td>{told}</td></tr>'
