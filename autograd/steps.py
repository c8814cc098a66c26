"""What one step of the backward pass says of itself, in data and as text.

>>> from autograd import Value
>>> x = Value(3.0, name="x")
>>> step = next((x * 2.0).backward_steps())
>>> step.adjoint, step.edges[0].contribution
(1.0, 2.0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from autograd.messages import formatted

if TYPE_CHECKING:
    from autograd.value import Value


class Edge(NamedTuple):
    """One application of the chain rule: contribution = adjoint of the node * local derivative.

    Attributes: `before`, the parent's adjoint in this pass, without the contribution; `after`,
    with it.
    """

    parent: Value
    local_derivative: float
    contribution: float
    before: float
    after: float

    def __str__(self) -> str:
        before, slope, after = map(formatted, (self.before, self.local_derivative, self.after))
        return f"{label(self.parent)}: {before} + {slope} * upstream = {after}"


class Step(NamedTuple):
    """A node whose adjoint is complete, and the edges over which it passes it on."""

    node: Value
    adjoint: float
    edges: tuple[Edge, ...]

    def __str__(self) -> str:
        head = f"{label(self.node)}: upstream {formatted(self.adjoint)}"
        return "\n".join([head, *(f"    -> {edge}" for edge in self.edges)])


def label(node: Value) -> str:
    """Return what a line of text calls a node: its name, else its operation, and its number."""
    return f"{node.name or node.op or 'leaf'} ({formatted(node.data)})"
