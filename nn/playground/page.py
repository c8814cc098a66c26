"""The playground as one self-contained page: the engine, the stepper's scripts, and its own.

>>> page = Playground("moons", {**START, "hidden": 3}, ["seed"])
>>> page
<playground: moons, 2-3-1; .save("page.html") writes a page>
>>> len(page.html.encode()) < MAX_BYTES
True
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, partial
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from autograd import Value, ieee
from autograd import texts as stepping
from autograd.atomic import write_file
from autograd.messages import shown
from autograd.primitive_type import Primitive, Variadic
from autograd.primitives import div, power
from autograd.stepping.lines import kind_of
from autograd.stepping.lines import shown as printed
from autograd.stepping.page import SCRIPTS as STEPPER_SCRIPTS
from autograd.stepping.page import embedded, theme
from autograd.stepping.page import resource as stepper_resource
from autograd.stepping.rules import slope_texts
from nn.data import Dataset
from nn.layers import ACTIVATIONS
from nn.playground import compact
from nn.playground.engine import ENDINGS, MOST_HIDDEN, SHAPES, engine, operations
from nn.playground.texts import texts

# The text of a file of this package.
resource = partial(stepper_resource, package=__package__)
# The class of the stepper's box: shorter than its name, which the style sheet has often.
STEPPER_CLASS = ".cs"
# Rows of one's own that a page takes.
MOST_ROWS = 5000
# Of a page without rows of one's own.
MAX_BYTES = 150_000
# Pixels of a page in a notebook.
HEIGHT = 1100
SCRIPTS = ("controls.js", "plots.js", "weights.js", "sample.js", "page.js")
START: dict[str, Any] = {
    "noise": 0.1,
    "count": 200,
    "held_out": 0.2,
    "hidden": 8,
    "activation": "relu",
    "loss": "mse",
    "alpha": 1.0,
    "batch": 10,
    "seed": 0,
}
BOUNDS: dict[str, tuple[float, float]] = {
    "noise": (0.0, 1.0),
    "count": (4, 2000),
    "held_out": (0.0, 0.9),
    "hidden": (1, MOST_HIDDEN),
    "alpha": (0.0, 1000.0),
    "batch": (1, 2000),
    "seed": (0, 2**53 - 1),
}
FRACTIONS = ("noise", "held_out", "alpha")
PARTS = ("boundary", "curves", "network", "units", "weights")
CONTROLS = ("play", "step", "many", "reset", "speed")
MARK = '<meta name="generator" content="chainrule playground">'
PAGE = Template(
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    f"{MARK}\n"
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    "<title>$title</title>\n</head>\n<body>\n$body</body>\n</html>\n"
)


# By name, as `playground` takes them.
Settings = Mapping[str, Any]
# Two numbers and the name of a class each; none of a generated data set.
Rows = Sequence[Sequence[Any]]


class Playground:
    """What `playground` returns: shows itself in Jupyter, and writes itself with `save`.

    Attributes: `settings`, with which the page starts; `html`, the page.
    """

    def __init__(self, data: str | Dataset, settings: Settings, hide: Sequence[str] = ()) -> None:
        name, rows = data_of(data)
        self.settings = {
            "data": name,
            "rows": rows,
            **with_batch(settings, rows),
            "hide": hidden(hide),
        }
        title = escape(texts()["title"])
        self.html = PAGE.substitute(title=title, body=self.fragment())

    def fragment(self) -> str:
        """Return the main part of the page."""
        said = texts()
        css = theme(f":is(.chainrule-playground,{STEPPER_CLASS})")
        css += stepper_resource("page.css").replace(".chainrule-stepper", STEPPER_CLASS)
        scripts = [*map(stepper_resource, STEPPER_SCRIPTS), *map(resource, SCRIPTS)]
        return Template(resource("page.html")).substitute(
            css=compact.style(css + resource("page.css")),
            title=escape(said["title"]),
            lead=escape(said["lead"]),
            noscript=escape(said["noscript"]),
            data=embedded(self.data()),
            engine=compact.script(engine()),
            choices=json.dumps([[*ACTIVATIONS], [*ENDINGS], MOST_HIDDEN]),
            js=compact.script("\n".join(scripts)),
        )

    def data(self) -> dict[str, Any]:
        """Return what the page's script reads."""
        return {
            "settings": self.settings,
            "texts": texts(),
            "stepping": stepping.page_texts(),
            "words": words(),
        }

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page that needs nothing else, and return its path."""
        write_file(path, self.html)
        return Path(path)

    def _repr_html_(self) -> str:
        said = texts()
        return (
            f"<p>{escape(said['not shown'])}</p>"
            f'<iframe title="{escape(said["title"])}" width="100%" height="{HEIGHT}" '
            f'style="border:0" srcdoc="{escape(self.html)}"></iframe>'
        )

    def __repr__(self) -> str:
        outputs = len(ENDINGS[self.settings["loss"]].targets[0])
        shape = f"2-{self.settings['hidden']}-{outputs}"
        return f'<playground: {self.settings["data"]}, {shape}; .save("page.html") writes a page>'


def data_of(data: object) -> tuple[str, list[list[Any]]]:
    """Return the name of a data set, and its rows where they are a user's own.

    Raises: ValueError or TypeError: there is no such data set, or it is none for a playground.

    >>> data_of(Dataset([[1.0, 2.0], [3.0, 4.0]], ["a", "b"]))
    ('own', [[1.0, 2.0, 'a'], [3.0, 4.0, 'b']])
    """
    if isinstance(data, Dataset):
        return "own", rows_of(data)
    if not isinstance(data, str):
        raise TypeError(f"data must be a name or a Dataset, not {type(data).__name__}")
    if data not in SHAPES:
        raise ValueError(f"data {shown(data)} is not known; choose from {', '.join(SHAPES)}")
    return data, []


def rows_of(data: Dataset) -> list[list[Any]]:
    """Return the rows of a data set: two numbers, and the name of the class.

    Raises: ValueError: it has other inputs, or other classes.
    """
    names = data.class_names
    pairs = all(len(row) == 2 for row in data.inputs)
    if data.task != "classes" or len(names) != 2 or not pairs:
        raise ValueError(
            f"a playground takes two inputs and two classes, and not {data!r}; make a Dataset of "
            "two of its columns, or of two of its classes"
        )
    if len(data) > MOST_ROWS:
        raise ValueError(f"a playground takes at most {MOST_ROWS:,} rows, and not {data!r}")
    return [[*row, names[label]] for row, label in zip(data.inputs, data.labels)]


def with_batch(settings: Settings, rows: Rows) -> dict[str, Any]:
    """Return checked settings, of which `batch` may have been None: the usual one, or all samples.

    Raises: ValueError: there are fewer samples to train on, or a setting is wrong.

    >>> with_batch({**START, "batch": None, "count": 4, "held_out": 0.0}, [])["batch"]
    4
    """
    given = settings["batch"]
    batch = START["batch"] if given is None else given
    found = checked({**settings, "batch": batch})
    most = training_count(found, rows)
    if given is not None and given > most:
        raise ValueError(f"batch must be at most {most}, the samples to train on, not {given}")
    found["batch"] = min(batch, most)
    return found


def training_count(settings: Settings, rows: Rows) -> int:
    """Return how many samples `nn.split` leaves to train on.

    >>> training_count({"count": 5, "held_out": 0.5}, [])
    2
    """
    # Of a generated data set as many points are of one class as of the other, or one more.
    labels = [row[-1] for row in rows] or [i % 2 for i in range(settings["count"])]
    share = settings["held_out"]
    count = 0
    for size in Counter(labels).values():
        count += size - min(round(share * size), size - 1)
    return count


def checked(settings: Settings) -> dict[str, Any]:
    """Return the settings of a page, of which each is a name or a number within its bounds.

    Raises: ValueError or TypeError, with the setting, what it is, and what it may be.
    """
    for name, choices in (("activation", ACTIVATIONS), ("loss", ENDINGS)):
        if settings[name] not in choices:
            found = shown(settings[name])
            raise ValueError(f"{name} {found} is not known; choose from {', '.join(choices)}")
    for name in BOUNDS:
        check_number(name, settings[name])
    return dict(settings)


def check_number(name: str, x: Any) -> None:
    """Raise a ValueError where a setting is no number within its bounds."""
    least, most = BOUNDS[name]
    kind = (int, float) if name in FRACTIONS else int
    whole = "" if name in FRACTIONS else "whole "
    # A step size of 0 would learn nothing.
    above = " and above 0" if name == "alpha" else ""
    right = isinstance(x, kind) and not isinstance(x, bool) and math.isfinite(x)
    if not right or not least <= x <= most or (above and x == 0):
        wanted = f"a {whole}number from {least:g} to {most:.16g}{above}"
        raise ValueError(f"{name} must be {wanted}, not {shown(x)}")


def hidden(names: Sequence[str]) -> list[str]:
    """Return what a page does not show.

    Raises: ValueError: there is nothing of that name.

    >>> hidden("loss")
    ['loss']
    """
    known = ["data", *START, *PARTS, *CONTROLS]
    found = [names] if isinstance(names, str) else list(names)
    for name in found:
        if name not in known:
            raise ValueError(f"hide: there is no {shown(name)}; there are {', '.join(known)}")
    return found


@cache
def words() -> dict[str, dict[str, Any]]:
    """Return how the stepper spells each operation, and its local derivatives.

    The derivatives are in names, as the rules of the table have them: {0} is the first operand,
    {out} the result.

    >>> words()["tanh:v"]
    {'symbol': 'tanh', 'kind': 'call', 'rules': ['tanh′({0})']}
    """
    return {name: spelling(op, operands) for name, (op, operands) in operations().items()}


def spelling(op: Primitive, operands: Sequence[Any]) -> dict[str, Any]:
    """Return symbol, kind and local derivatives of an operation in names."""
    with ieee():
        node: Value = op(list(operands)) if isinstance(op, Variadic) else op(*operands)
    names = [f"{{{j}}}" for j in range(len(operands))]
    # Their slopes depend on the plain number, which is the loss's own.
    if op in (power, div):
        for j, x in enumerate(node.operands):
            if not isinstance(x, Value):
                names[j] = printed(x)
    return {
        "symbol": str(op.symbol),
        "kind": kind_of(node),
        "rules": slope_texts(node, names, "{out}"),
    }
