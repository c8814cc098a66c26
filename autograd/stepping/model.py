"""The steps of a computation as data: values forward, then gradients backward, an edge at a time.

A page, a terminal or a test reads the same lists; nothing here knows how they are shown.

>>> from autograd import Value
>>> x = Value(3.0, name="x")
>>> model = Model(x * x)
>>> for step in model.steps:
...     print(step.sentence)
x is given: x = 3.
u1 = x * x = 3 * 3 = 9.
The backward pass starts at u1 with the gradient 1.
x receives ∂u1/∂u1 · x = 1 × 3 = 3 from u1; its gradient becomes 0 + 3 = 3.
x receives ∂u1/∂u1 · x = 1 × 3 = 3 from u1; its gradient becomes 3 + 3 = 6.
The pass is complete: the gradient of u1 with respect to x is 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from autograd.backward import history, topological_order
from autograd.drawing.labels import clipped, constants_drawn, labels, links, printable
from autograd.drawing.letters import letters_of
from autograd.stepping.lines import digits_of, formula_of, line_of, of_two, shown
from autograd.stepping.rules import slope_texts
from autograd.texts import said
from autograd.value import Value

# Of leaves, in the last sentence.
MAX_GRADIENTS_NAMED = 6


class Arrow(NamedTuple):
    """An operand of a node: an edge of the backward pass, or one that carries no gradient."""

    # As in `draw_dot`: e3-0 with a gradient, z3-0 and k3-0 (from a constant) without.
    id: str
    # The box it starts from: n0 for a node, c3-0 for a constant.
    tail: str
    node: int
    # The number of the node it starts from; None for a constant.
    operand: int | None
    # The local derivative; None where no gradient flows.
    slope: Any
    # Of the operand in its operation; None for a constant.
    position: int | None = None
    # The local derivative in names.
    rule: str = ""


class Forward(NamedTuple):
    """A node gets its value."""

    node: int
    formula: str
    sentence: str


class Seed(NamedTuple):
    """The root's own gradient, with which the backward pass starts."""

    node: int
    after: Any
    sentence: str


class Backward(NamedTuple):
    """One edge: the contribution upstream × slope is added to the operand's gradient."""

    arrow: int
    upstream: Any
    slope: Any
    contribution: Any
    before: Any
    after: Any
    sentence: str


class Done(NamedTuple):
    """The pass is complete."""

    sentence: str


class Model:
    """The numbered graph of a Value, and every step of its two passes.

    Args:
        root: the Value to differentiate.
        names: variable names, such as ``locals()``; they go before the Values' own.
        network: a network of layers of neurons, whose parts get the letters of the textbook.
        seed: the gradient of the root.
        limit: the most steps allowed, see `autograd.stepping`.

    Attributes: `nodes`, operands before results; `constants`; `arrows`; `steps`; `gradients`, those
    of this pass, one per node and None where no path leads to the root. The pass is not committed:
    looking at a graph changes no gradient.
    """

    def __init__(
        self,
        root: Value,
        names: Mapping[str, Any] | None = None,
        seed: float = 1.0,
        limit: float = float("inf"),
        network: Any = None,
    ) -> None:
        if not isinstance(root, Value):
            raise TypeError(f"a stepper shows a Value, not {type(root).__name__} {root!r:.60}")
        self.root = root
        self.seed = seed
        self.nodes = history(root)
        refuse_above(limit, self.nodes)
        self.index = {node: i for i, node in enumerate(self.nodes)}
        letters = letters_of(self.nodes, network)
        self.names = all_names(self.nodes, names or {}, letters.names)
        self.plain_names = letters.operands
        self.constants: dict[str, str] = {}
        self.arrows = [arrow for node in self.nodes for arrow in self.arrows_to(node)]
        self.gradients: list[Any] = [None] * len(self.nodes)
        self.steps = [*map(self.forward, self.nodes), *self.backward(), self.done()]

    def arrows_to(self, node: Value) -> list[Arrow]:
        """Return the arrows to a node in the order of its operands; many constants share a box."""
        i = self.index[node]
        arrows: list[Arrow] = []
        constants: list[tuple[int, str]] = []
        rules = slope_texts(node, self.operand_names(node), self.names[node])
        for j, (x, edge, slope) in enumerate(links(node)):
            if not isinstance(x, Value):
                constants.append((j, shown(x)))
            else:
                name = f"z{i}-{j}" if edge is None else f"e{i}-{edge}"
                box = f"n{self.index[x]}"
                arrows.append(Arrow(name, box, i, self.index[x], slope, j, rules[j]))
        constants = constants_drawn(constants)
        self.constants.update((f"c{i}-{j}", text) for j, text in constants)
        return arrows + [Arrow(f"k{i}-{j}", f"c{i}-{j}", i, None, None) for j, _ in constants]

    def operand_names(self, node: Value) -> list[str]:
        """Return what the operands of a node are called; a number without a name is itself."""
        return [
            self.names[x] if isinstance(x, Value) else self.plain_names.get((node, j)) or shown(x)
            for j, x in enumerate(node.operands)
        ]

    def forward(self, node: Value) -> Forward:
        """Return the step in which a node gets its value."""
        name = self.names[node]
        if node.op is None:
            sentence = said("given", name=name, number=shown(node.data))
            return Forward(self.index[node], "given", sentence)
        names = self.operand_names(node)
        digits, _ = digits_of(node)
        sentence = said("computed", name=name, line=line_of(node, names))
        return Forward(self.index[node], formula_of(node, names, digits), sentence)

    def backward(self) -> Iterator[Seed | Backward]:
        """Yield the steps of `backward_steps`, one for each edge."""
        number_of = {arrow.id: i for i, arrow in enumerate(self.arrows)}
        reached = len(topological_order(self.root))
        # Never committed.
        for step in islice(self.root.backward_steps(self.seed), reached):
            i = self.index[step.node]
            if step.node is self.root:
                self.gradients[i] = step.adjoint
                yield Seed(i, step.adjoint, self.start(step.adjoint))
            for k, edge in enumerate(step.edges):
                self.gradients[self.index[edge.parent]] = edge.after
                arrow = number_of[f"e{i}-{k}"]
                sentence = self.passed_on(step, edge, self.arrows[arrow].rule)
                yield Backward(arrow, step.adjoint, *edge[1:], sentence)

    def start(self, seed: Any) -> str:
        """Return the sentence of the first backward step."""
        return said("start", root=self.names[self.root], number=shown(seed))

    def passed_on(self, step: Any, edge: Any, rule: str) -> str:
        """Return the sentence of one edge."""
        node = self.names[step.node]
        root = self.names[self.root]
        return said(
            "passed on",
            parent=self.names[edge.parent],
            rule=f"∂{root}/∂{node} · {rule}",
            product=of_two("×", step.adjoint, edge.local_derivative, edge.contribution),
            node=node,
            sum=of_two("+", edge.before, edge.contribution, edge.after),
        )

    def done(self) -> Done:
        """Return the last step, with the gradients of the leaves."""
        root = self.names[self.root]
        leaves = [i for i, node in enumerate(self.nodes) if node.op is None]
        reached = [i for i in leaves if self.gradients[i] is not None]
        if not reached or self.root.op is None:
            return Done(said("no gradient", root=root))
        told = [self.of_leaf(i) for i in reached[:MAX_GRADIENTS_NAMED]]
        listed = said("between leaves").join(told)
        if len(reached) > MAX_GRADIENTS_NAMED:
            listed += said("more leaves", count=str(len(reached) - MAX_GRADIENTS_NAMED))
        return Done(said("complete", root=root, listed=listed))

    def of_leaf(self, i: int) -> str:
        """Return the gradient of a leaf in words."""
        name = self.names[self.nodes[i]]
        return said("of a leaf", name=name, number=shown(self.gradients[i]))

    def paths(self) -> list[int]:
        """Return for each node the number of paths from it to the root, in linear time."""
        counts = [0] * len(self.nodes)
        counts[self.index[self.root]] = 1
        # Operands have smaller numbers than results.
        for arrow in reversed(self.arrows):
            if arrow.slope is not None and arrow.operand is not None:
                counts[arrow.operand] += counts[arrow.node]
        return counts


def refuse_above(limit: float, nodes: list[Value]) -> None:
    """Say what to do where a page would be too large to be of use."""
    steps = 2 + len(nodes) + sum(len(node.parents) for node in nodes)
    if steps > limit:
        raise ValueError(
            f"the graph has {len(nodes)} nodes and its passes {steps} steps; a page of more than "
            f"{limit} helps nobody. Step through a part of it (stepper(v) of an inner Value v), "
            "record one sample instead of a batch or a smaller network, print the steps (for step "
            f"in root.backward_steps(): print(step)), or pass limit={steps} all the same"
        )


def all_names(
    nodes: list[Value], variables: Mapping[str, Any], letters: Mapping[Value, str]
) -> dict[Value, str]:
    """Return what each node is called: its variable, its own name, a letter, or u and its number.

    No letter of the textbook is a name that nobody gave.
    """
    given = {**letters, **labels(nodes, variables)}
    return {node: clipped(printable(given.get(node) or f"u{i}")) for i, node in enumerate(nodes)}
