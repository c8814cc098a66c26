"""The steps of both passes as one self-contained piece of HTML.

The picture is laid out once and stands in the page once, as an image that is shown everywhere; the
script takes it from there, and changes a few numbers of it at each step.

>>> from autograd import Value, stepper
>>> x, w = Value(2.0, name="x"), Value(-3.0, name="w")
>>> page = stepper(w * x + 1)
>>> page
<stepper of u3: 4 nodes, 9 steps; .save("page.html") writes a page>
>>> page.model.steps[6].sentence
'w receives ∂u3/∂u2 · x = 1 × 2 = 2 from u2; its gradient becomes 0 + 2 = 2.'
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from autograd.atomic import write_file
from autograd.compile.javascript.graphs import GraphScript
from autograd.compile.javascript.translate import Untranslatable
from autograd.drawing.labels import Look
from autograd.drawing.tree import tree_of
from autograd.stepping.lines import Number, digits_of, has_bias, kind_of, of_two, shown
from autograd.stepping.model import Arrow, Backward, Done, Forward, Model, Seed
from autograd.stepping.picture import svg
from autograd.testing import Finding, check_graph
from autograd.texts import page_texts, said
from autograd.value import Value

SCRIPTS = ("steps.js", "leaves.js", "guess.js", "page.js")
# A line that begins with one of these is a comment.
COMMENTS = ("//", "/*")
# Of its size, to which a picture may shrink; a wider one scrolls.
MIN_SCALE = 0.7
# Leaves times nodes: about a second.
MAX_CHECK_WORK = 10_000
JUDGES = {
    "exact": "exact fractions",
    "mpmath": "60-digit arithmetic",
    "complex step": "the complex step",
    "differences": "differences",
}
PAGE = Template(
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    "<title>$title</title>\n</head>\n<body>\n<main>\n"
    '<h1 style="position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)">'
    "$title</h1>\n$body</main>\n</body>\n</html>\n"
)


class Stepper:
    """What `stepper` returns: shows itself in Jupyter, and writes itself with `save`.

    Attributes: `model`, the steps as data; `verdict` and `badge`, what the gradient check found;
    `html`, the piece of HTML.
    """

    def __init__(self, model: Model, rankdir: str = "LR", check: bool = True) -> None:
        self.model = model
        self.verdict = "unknown"
        self.badge = "gradients not checked"
        if check:
            self.verdict, self.badge = gradient_check(model)
        self.graph, self.script, self.fixed = graph_of(model)
        self.html = self.fragment(svg(model, rankdir))

    def fragment(self, picture: str) -> str:
        """Return the HTML; the picture is in it once, and the script takes it from there."""
        name = self.name
        count = len(self.model.steps)
        data = embedded(self.data())
        # Pages of different graphs may stand in one notebook: the key tells them apart.
        return Template(resource("page.html")).substitute(
            key=hashlib.sha256(data.encode()).hexdigest()[:12],
            css=theme(".chainrule-stepper") + stripped(resource("page.css")),
            engine=self.engine(),
            js="\n".join(stripped(resource(name)) for name in SCRIPTS),
            title=escape(f"{name} = {shown(self.model.root.data)}"),
            counts=said("counts", nodes=str(len(self.model.nodes)), steps=str(count)),
            verdict=self.verdict,
            badge=escape(self.badge),
            alt=escape(f"The computation graph of {name} with values and gradients."),
            least=round(MIN_SCALE * width_of(picture)),
            picture=base64.b64encode(picture.encode()).decode(),
            rows="\n".join(table_rows(self.model)),
            tree_title=escape(said("as text")),
            tree=escape(self.tree()),
            data=data,
        )

    @property
    def name(self) -> str:
        """What the root is called."""
        return self.model.names[self.model.root]

    def data(self) -> dict[str, Any]:
        """Return what the page's script reads: nodes, arrows and steps, with all digits.

        A float is a number of JSON, so that reading it gives the same bits; what JSON lacks (nan,
        inf, fractions) is a pair of texts, in full and as shown.
        """
        model = self.model
        paths = model.paths()
        graph = self.graph and {**self.graph.data, "seed": float(model.seed)}
        return {
            "root": model.index[model.root],
            "nodes": [self.node(i, count) for i, count in enumerate(paths)],
            "arrows": [arrow_data(arrow) for arrow in model.arrows],
            "steps": [delta(step) for step in model.steps],
            "texts": page_texts(),
            "graph": graph,
            "fixed": self.fixed,
        }

    def node(self, i: int, paths: int) -> dict[str, Any]:
        """Return a node as the script reads it, from which so many paths lead to the root."""
        node = self.model.nodes[i]
        gradient = self.model.gradients[i]
        places = range(len(node.operands))
        kind = kind_of(node)
        found = {
            "name": self.model.names[node],
            "op": str(node.op.symbol) if node.op else None,
            "kind": kind,
            "operands": [self.operand(node, j) for j in places],
            "data": coded(node.data),
            "grad": None if gradient is None else coded(gradient),
            "paths": str(paths),
        }
        # A page that can compute works these out by itself.
        if not self.graph:
            found["digits"] = digits_of(node)
        if kind == "products":
            found["bias"] = has_bias(node)
        return found

    def operand(self, node: Value, j: int) -> Any:
        """Return an operand as the script reads it.

        The number of its node in a list; a plain number, and its name where it has one.
        """
        x = node.operands[j]
        if isinstance(x, Value):
            return [self.model.index[x]]
        found = {"data": coded(x)}
        name = self.model.plain_names.get((node, j))
        if name:
            found["name"] = name
        return found

    def tree(self) -> str:
        """Return the graph as lines of text, with the gradients of this pass."""
        model = self.model
        known = reached_gradients(model)
        look = Look(model.names, known, ".4g", True, operands=model.plain_names)
        return tree_of(model.nodes, look)

    def engine(self) -> str:
        """Return the script that computes both passes; nothing where there is no JavaScript."""
        if self.graph is None:
            return "null"
        names = "operations, forwardPass, reversePass"
        return f"(function () {{\n{stripped(self.script)}\nreturn {{ {names} }};\n}})()"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page that needs nothing else, and return its path."""
        title = escape(f"Stepping through {self.name}")
        write_file(path, PAGE.substitute(title=title, body=self.html))
        return Path(path)

    def _repr_mimebundle_(self, *_: object, **__: object) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": repr(self)}

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        size = f"{len(self.model.nodes)} nodes, {len(self.model.steps)} steps"
        return f'<stepper of {self.name}: {size}; .save("page.html") writes a page>'


def arrow_data(arrow: Arrow) -> list[Any]:
    """Return an arrow as the script reads it."""
    slope = None if arrow.slope is None else coded(arrow.slope)
    return [arrow.id, arrow.node, arrow.operand, slope, arrow.position, arrow.rule]


def reached_gradients(model: Model) -> dict[Value, Any]:
    """Return the gradients of the nodes that the pass has reached."""
    return {x: g for x, g in zip(model.nodes, model.gradients) if g is not None}


def graph_of(model: Model) -> tuple[GraphScript | None, str, str]:
    """Return the graph for a page, its script, and else why its leaves cannot be changed there."""
    try:
        if not isinstance(model.seed, (int, float)):
            raise Untranslatable(f"the seed {model.seed} is no float")
        graph = GraphScript(model.root)
        return graph, graph.script(), ""
    except Untranslatable as error:
        return None, "", str(error)


def width_of(picture: str) -> float:
    """Return the width of an SVG in pixels."""
    _, _, behind = picture.partition('width="')
    number, _, _ = behind.partition('"')
    return float(number)


def gradient_check(model: Model) -> tuple[str, str]:
    """Return the verdict of the gradient check, and a line that says what was found."""
    all_reached = reached_gradients(model)
    reached = {x: g for x, g in all_reached.items() if x.op is None}
    # An oracle can tell nothing of a number that is not finite.
    finite = finite_ones(reached)
    # So many leaves that it is no more work than the most: every one, every second, …
    work = len(finite) * len(model.nodes)
    every = -(-work // MAX_CHECK_WORK) or 1
    chosen = list(finite.items())[::every]
    checked = dict(chosen)
    try:
        findings = check_graph(model.root, checked, model.seed)
    except ValueError as error:
        # An infinite result, or an operand that was changed since.
        return "unknown", f"gradient check: {error}"
    for finding in findings:
        if finding.verdict == "differs":
            name = model.names[finding.leaf]
            judge = JUDGES[finding.oracle]
            numbers = f"{finding.gradient}, but {judge}: {finding.expected}"
            return "differs", f"gradient check: {name} has {numbers}"
    # Only if every leaf can be judged, and every one that was is right, is that the verdict.
    counts = Counter(finding.verdict for finding in findings)
    right = counts["agrees"]
    infinite = len(reached) - len(finite)
    if findings and not infinite and right == len(findings):
        return "agrees", f"gradient check: {agreement(findings, len(reached))}"
    parts = [f"{right} of {len(reached)} leaves are right"]
    others = {
        "not finite": infinite,
        "at a kink": counts["kink"],
        "undecided": counts["inconclusive"],
    }
    parts += [f"{count} {what}" for what, count in others.items() if count]
    if every > 1:
        unchecked = len(finite) - len(findings)
        parts.append(f"{unchecked} not checked")
    return "unknown", f"gradient check: {', '.join(parts)}"


def finite_ones(gradients: dict[Value, Any]) -> dict[Value, Any]:
    """Return the gradients that are finite, of Values whose numbers are."""
    found = {}
    for node, gradient in gradients.items():
        if math.isfinite(node.data) and math.isfinite(gradient):
            found[node] = gradient
    return found


def agreement(findings: list[Finding], leaves: int) -> str:
    """Return what to say where all leaves that were checked are right."""
    names = {JUDGES[finding.oracle] for finding in findings}
    judges = " and ".join(sorted(names))
    if len(findings) < leaves:
        return f"{len(findings)} of {leaves} leaves were checked, all right, by {judges}"
    which = "the only leaf is" if leaves == 1 else f"all {leaves} leaves are"
    return f"{which} right, by {judges}"


def delta(step: Forward | Seed | Backward | Done) -> list[Any]:
    """Return a step as the script reads it: its kind, where, and the numbers that it changes."""
    if isinstance(step, Forward):
        return ["value", step.node]
    if isinstance(step, Seed):
        return ["seed", step.node, coded(step.after)]
    if isinstance(step, Backward):
        return ["edge", step.arrow, *map(coded, step[1:6])]
    return ["done"]


def coded(x: Number) -> Any:
    """Return a number for JSON without loss: a float as it is, else in full and as shown."""
    if isinstance(x, float) and math.isfinite(x):
        return x
    return [str(x), shown(x)]


def embedded(data: object) -> str:
    """Return JSON that may stand inside a script element: no text of a user's can close it."""
    # JSON reads these escapes as the letters that they stand for.
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def table_rows(model: Model) -> Iterator[str]:
    """Yield the rows of the table of all steps."""
    for number, step in enumerate(model.steps, start=1):
        texts = map(escape, table_cells(model, step))
        cells = "</td><td>".join(texts)
        span = ' colspan="3"' if isinstance(step, Done) else ""
        yield f"<tr><td>{number}</td><td{span}>{cells}</td></tr>"


def table_cells(model: Model, step: Forward | Seed | Backward | Done) -> tuple[str, ...]:
    """Return where a step happens, what it computes, and what comes out."""
    names = [model.names[node] for node in model.nodes]
    if isinstance(step, Forward):
        node = model.nodes[step.node]
        digits, sign = digits_of(node)
        result = shown(node.data, digits)
        told = result if sign == "=" else f"{sign} {result}"
        return names[step.node], step.formula, told
    if isinstance(step, Seed):
        return names[step.node], said("starts here"), shown(step.after)
    if isinstance(step, Done):
        return (step.sentence,)
    arrow = model.arrows[step.arrow]
    result = names[arrow.node]
    # An arrow with a gradient comes from a node.
    operand = names[arrow.operand or 0]
    product = of_two("×", step.upstream, step.slope, step.contribution)
    total = of_two("+", step.before, step.contribution, step.after)
    return f"{result} → {operand}", product, total


def theme(selector: str) -> str:
    """Return the style that all pages have in common, for the box that a selector finds."""
    style = stripped(resource("theme.css"))
    return style.replace(".chainrule-page", selector) + "\n"


def stripped(text: str) -> str:
    """Return a script or a style without indents and the lines that are comments.

    It must have no text of several lines: a test looks at all of ours.

    >>> stripped("// why\\nif (x) {\\n  y();\\n}\\n")
    'if (x) {\\ny();\\n}'
    """
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith(COMMENTS))


def resource(name: str, package: str = __package__) -> str:
    """Return the text of a file that comes with a package."""
    path = files(package).joinpath(name)
    return path.read_text(encoding="utf-8")
