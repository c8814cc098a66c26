"""A picture of a network as DOT text, and a way to render it.

>>> from nn import TwoLayerNetwork
>>> print(network_dot(TwoLayerNetwork(1, 1, 2)).splitlines()[0])
digraph network {
"""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from typing import Any

LONGEST = 12  # units of a layer that are drawn; the rest is one "…"


def network_dot(
    network: Any,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
) -> str:
    """Return the network as DOT: a node per input and neuron, an edge per weight.

    Blue weights are positive, red ones negative, wide ones large. Of a long layer the first units
    are drawn.
    """
    import graphviz  # type: ignore[import-untyped]  # only a picture needs it

    picture = graphviz.Digraph("network", graph_attr={"rankdir": "LR", "ranksep": "1.5"})
    sizes, last = network.sizes, len(network.sizes) - 1
    for k, size in enumerate(sizes):
        names = [f"x{i + 1}" if k == 0 else f"h{i}" if k < last else f"y{i}" for i in range(size)]
        given = feature_names if k == 0 else class_names if k == last else None
        for i in range(min(size, LONGEST)):
            label = graphviz.escape(literal(given[i] if given and i < len(given) else names[i]))
            picture.node(f"n{k}_{i}", label=label, fontname="Helvetica")
        if size > LONGEST:
            picture.node(f"n{k}_more", label=f"… {size - LONGEST} more", shape="plaintext")
    for k, layer in enumerate(network.layers):
        weights = [[w.data for w in unit.w[:LONGEST]] for unit in layer.neurons[:LONGEST]]
        largest = max(abs(w) for row in weights for w in row) or 1.0
        for j, row in enumerate(weights):
            for i, w in enumerate(row):
                color, width = "#2b6cb0" if w > 0 else "#c53030", 0.2 + 3 * abs(w) / largest
                picture.edge(f"n{k}_{i}", f"n{k + 1}_{j}", color=color, penwidth=f"{width:.2f}")
    return str(picture.source)


def literal(text: str) -> str:
    """Return a label that is shown as it is: DOT takes &amp; for &, and SVG no control characters.

    >>> literal("R&D"), literal("a\\x00b") == "a\N{REPLACEMENT CHARACTER}b"
    ('R&amp;D', True)
    """
    shown = (c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return "".join(shown).replace("&", "&amp;")


def engine() -> str | None:
    """Return the path of a program that renders DOT: graphviz-pure, else dot, else None."""
    beside = shutil.which("graphviz-pure", path=sysconfig.get_path("scripts"))
    if beside:
        return beside
    try:
        files = importlib.metadata.files("graphviz-pure") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    found = (shutil.which(str(f.locate())) for f in files if f.stem == "graphviz-pure")
    return next(filter(None, found), None) or shutil.which("dot")


def render(source: str, form: str = "svg") -> bytes | None:
    """Return the picture of a DOT text, or None where no engine is installed or it fails."""
    program = engine()
    if program is None:
        return None
    command = [program, f"-T{form}"]
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None
