"""What a drawing consists of, before anything draws it: boxes, arrows and frames with attributes.

It is filled as a `graphviz.Digraph` is, and can be turned into one; but it needs no library, and
what draws without a program reads it.

>>> sketch = Sketch("graph")
>>> sketch.node("a", label="A")
>>> sketch.edge("a", "b", id="e")
>>> list(sketch.nodes), [arrow.head for arrow in sketch.arrows]
(['a'], ['b'])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Digraph(Protocol):
    """What a `graphviz.Digraph` is asked for here."""

    node: Callable[..., None]
    edge: Callable[..., None]
    subgraph: Callable[..., object]


@dataclass
class Box:
    """A node of the picture."""

    name: str
    label: str
    attributes: dict[str, str]


@dataclass
class Arrow:
    """An arrow of the picture, from one box to another."""

    tail: str
    head: str
    label: str
    attributes: dict[str, str]


class Sketch:
    """Boxes, arrows and frames in the order in which they were added.

    Attributes: `nodes` by name, `arrows`, `frames`, which are sketches; `attributes` of the whole;
    `path` of a frame, whose parts are sorted by the numbers in it; `in_order`, whether the places
    are to be ours, whatever programs there are; `calls`, by which it was filled.
    """

    def __init__(
        self,
        name: str,
        graph_attr: Mapping[str, str] | None = None,
        node_attr: Mapping[str, str] | None = None,
        edge_attr: Mapping[str, str] | None = None,
        path: str = "",
    ) -> None:
        self.name = name
        self.path = path or name
        self.attributes = dict(graph_attr or {})
        self.node_attributes = dict(node_attr or {})
        self.arrow_attributes = dict(edge_attr or {})
        self.nodes: dict[str, Box] = {}
        self.arrows: list[Arrow] = []
        self.frames: list[Sketch] = []
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.in_order = False

    def node(self, name: str, label: str | None = None, **attributes: str | None) -> None:
        """Add a box."""
        self.calls.append(("node", (name, label), attributes))
        given = texts_in(attributes)
        self.nodes[name] = Box(name, label or "", given)

    def edge(
        self, tail: str, head: str, label: str | None = None, **attributes: str | None
    ) -> None:
        """Add an arrow."""
        self.calls.append(("edge", (tail, head, label), attributes))
        given = texts_in(attributes)
        self.arrows.append(Arrow(tail, head, label or "", given))

    def subgraph(self, frame: Sketch) -> None:
        """Add a frame with what is in it."""
        self.calls.append(("subgraph", (frame,), {}))
        self.frames.append(frame)

    def replay(self, digraph: Digraph, empty: Callable[..., Digraph]) -> None:
        """Add everything to a `graphviz.Digraph`; `empty` makes another one, for a frame."""
        # Graphviz draws things in the order in which they are told.
        for what, operands, attributes in self.calls:
            if what == "subgraph":
                (frame,) = operands
                inner = empty(frame.name, graph_attr=frame.attributes)
                frame.replay(inner, empty)
                digraph.subgraph(inner)
            else:
                add = getattr(digraph, what)
                add(*operands, **attributes)

    def walk(self) -> Iterator[Sketch]:
        """Yield this and all frames in it, the outer ones first."""
        yield self
        for frame in self.frames:
            yield from frame.walk()

    def all_nodes(self) -> dict[str, Box]:
        """Return all boxes, those in frames too, by name."""
        found: dict[str, Box] = {}
        for part in self.walk():
            found.update(part.nodes)
        return found


def texts_in(attributes: Mapping[str, str | None]) -> dict[str, str]:
    """Return those attributes that are given."""
    return {key: str(text) for key, text in attributes.items() if text is not None}
