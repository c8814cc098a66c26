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
from autograd.drawing.labels import Names, Nodes, clipped, constants_drawn, labels, links, printable
from autograd.drawing.letters import letters_of
from autograd.stepping.lines import Number, digits_of, formula_of, line_of, of_two, shown
from autograd.stepping.rules import slope_texts
from autograd.steps import Edge, Step
from autograd.texts import said
from autograd.value import Value

# Leaves whose gradients the last sentence tells.
MAX_GRADIENTS_NAMED = 6


class Arrow(NamedTuple):
    """An operand of a node: an edge of the backward pass, or one that carries no gradient.

    Attributes:
        id: as in `draw_dot`: e3-0 with a gradient, z3-0 and k3-0 (from a constant) without.
        tail: the box it starts from: n0 for a node, c3-0 for a constant.
        node: the number of the node it leads to.
        operand: the number of the node it starts from; None for a constant.
        slope: the local derivative; None where no gradient flows.
        position: of the operand in its operation; None for a constant.
        rule: the local derivative in names.
    """

    id: str
    tail: str
    node: int
    operand: int | None
    slope: Any
    position: int | None = None
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
        network: object = None,
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
        self.arrows: list[Arrow] = []
        for node in self.nodes:
            self.arrows += self.arrows_to(node)
        # The backward steps fill these in on their way.
        self.gradients: list[Any] = [None] * len(self.nodes)
        self.steps = [*map(self.forward, self.nodes), *self.backward(), self.done()]

    def arrows_to(self, node: Value) -> list[Arrow]:
        """Return the arrows to a node in the order of its operands; many constants share a box."""
        i = self.index[node]
        arrows: list[Arrow] = []
        constants: list[tuple[int, str]] = []
        names = self.operand_names(node)
        rules = slope_texts(node, names, self.names[node])
        for j, (x, edge, slope) in enumerate(links(node)):
            if not isinstance(x, Value):
                constants.append((j, shown(x)))
                continue
            k = self.index[x]
            name = f"z{i}-{j}" if edge is None else f"e{i}-{edge}"
            arrows.append(Arrow(name, f"n{k}", i, k, slope, j, rules[j]))
        # Constants have no gradient, and their arrows stand behind the others.
        for j, text in constants_drawn(constants):
            box = f"c{i}-{j}"
            self.constants[box] = text
            arrows.append(Arrow(f"k{i}-{j}", box, i, None, None))
        return arrows

    def operand_names(self, node: Value) -> list[str]:
        """Return what the operands of a node are called; a number without a name is itself."""
        found = []
        for j, x in enumerate(node.operands):
            if isinstance(x, Value):
                found.append(self.names[x])
            else:
                found.append(self.plain_names.get((node, j)) or shown(x))
        return found

    def forward(self, node: Value) -> Forward:
        """Return the step in which a node gets its value."""
        i = self.index[node]
        name = self.names[node]
        if node.op is None:
            sentence = said("given", name=name, number=shown(node.data))
            return Forward(i, "given", sentence)
        names = self.operand_names(node)
        digits, _ = digits_of(node)
        formula = formula_of(node, names, digits)
        sentence = said("computed", name=name, line=line_of(node, names))
        return Forward(i, formula, sentence)

    def backward(self) -> Iterator[Seed | Backward]:
        """Yield the steps of `backward_steps`, one for each edge."""
        number_of = {arrow.id: i for i, arrow in enumerate(self.arrows)}
        # The generator is not run to its end, where it commits the gradients to the Values.
        reached = len(topological_order(self.root))
        for step in islice(self.root.backward_steps(self.seed), reached):
            i = self.index[step.node]
            if step.node is self.root:
                self.gradients[i] = step.adjoint
                sentence = self.start(step.adjoint)
                yield Seed(i, step.adjoint, sentence)
            for k, edge in enumerate(step.edges):
                parent = self.index[edge.parent]
                self.gradients[parent] = edge.after
                number = number_of[f"e{i}-{k}"]
                arrow = self.arrows[number]
                sentence = self.passed_on(step, edge, arrow.rule)
                yield Backward(number, step.adjoint, *edge[1:], sentence)

    def start(self, seed: Number) -> str:
        """Return the sentence of the first backward step."""
        return said("start", root=self.names[self.root], number=shown(seed))

    def passed_on(self, step: Step, edge: Edge, rule: str) -> str:
        """Return the sentence of one edge."""
        node = self.names[step.node]
        root = self.names[self.root]
        product = of_two("×", step.adjoint, edge.local_derivative, edge.contribution)
        total = of_two("+", edge.before, edge.contribution, edge.after)
        return said(
            "passed on",
            parent=self.names[edge.parent],
            rule=f"∂{root}/∂{node} · {rule}",
            product=product,
            node=node,
            sum=total,
        )

    def done(self) -> Done:
        """Return the last step, with the gradients of the leaves."""
        root = self.names[self.root]
        leaves = [i for i, node in enumerate(self.nodes) if node.op is None]
        reached = [i for i in leaves if self.gradients[i] is not None]
        if not reached or self.root.op is None:
            sentence = said("no gradient", root=root)
            return Done(sentence)
        first = reached[:MAX_GRADIENTS_NAMED]
        told = [self.of_leaf(i) for i in first]
        listed = said("between leaves").join(told)
        more = len(reached) - MAX_GRADIENTS_NAMED
        if more > 0:
            listed += said("more leaves", count=str(more))
        sentence = said("complete", root=root, listed=listed)
        return Done(sentence)

    def of_leaf(self, i: int) -> str:
        """Return the gradient of a leaf in words."""
        leaf = self.nodes[i]
        number = shown(self.gradients[i])
        return said("of a leaf", name=self.names[leaf], number=number)

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
    # A step for each node and each edge, one for the seed, and one for the end.
    edges = sum(len(node.parents) for node in nodes)
    steps = 2 + len(nodes) + edges
    if steps > limit:
        raise ValueError(
            f"the graph has {len(nodes)} nodes and its passes {steps} steps; a page of more than "
            f"{limit} helps nobody. Step through a part of it (stepper(v) of an inner Value v), "
            "record one sample instead of a batch or a smaller network, print the steps (for step "
            f"in root.backward_steps(): print(step)), or pass limit={steps} all the same"
        )


def all_names(nodes: Nodes, variables: Mapping[str, Any], letters: Names) -> dict[Value, str]:
    """Return what each node is called: its variable, its own name, a letter, or u and its number.

    No letter of the textbook is a name that nobody gave.
    """
    given = {**letters, **labels(nodes, variables)}
    found = {}
    for i, node in enumerate(nodes):
        name = given.get(node) or f"u{i}"
        found[node] = clipped(printable(name))
    return found
