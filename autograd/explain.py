"""Why a gradient is what it is: its contributions, its paths, and where a NaN came from.

>>> from autograd import Value
>>> x = Value(3.0, name="x")
>>> y = x * x + 2 * x
>>> print(contributions(y, x))
d + / d x = 8: the sum of
    * (9): 1 * 3 = 3
    * (9): 1 * 3 = 3
    * (6): 1 * 2 = 2
>>> print(paths(y, x))
3 paths from + to x
    + -> * -> x: 1 * 3 = 3
    + -> * -> x: 1 * 3 = 3
    + -> * -> x: 1 * 2 = 2
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd.backward import adjoints, history, topological_order
from autograd.coercion import Number, zero_for
from autograd.modes import MODE, Observer, mode
from autograd.primitive_type import Primitive
from autograd.steps import label
from autograd.value import Value

PACKAGE_FOLDER = os.path.dirname(__file__) + os.sep
# Of an operation that a message writes out; of a long path; of the caller's code for a node.
MAX_OPERANDS_SHOWN = 8
MAX_NODES_AT_EACH_END = 8
MAX_FRAMES = 4


class Contribution(NamedTuple):
    """What one edge adds to a gradient: product = adjoint of the result * local derivative.

    Attributes: `node`, the result that the edge comes from; `adjoint`, that of the result.
    """

    node: Value
    adjoint: float
    local_derivative: float
    product: float

    def __str__(self) -> str:
        factors = f"{self.adjoint:.6g} * {self.local_derivative:.6g}"
        return f"{label(self.node)}: {factors} = {self.product:.6g}"


class Contributions(NamedTuple):
    """A gradient with its terms: `total` is their sum in this order, bit for bit."""

    root: Value
    node: Value
    edges: tuple[Contribution, ...]
    total: float

    def __str__(self) -> str:
        head = f"d {node_name(self.root)} / d {node_name(self.node)} = {self.total:.6g}"
        if self.edges:
            head += ": the sum of"
        terms = [f"    {edge}" for edge in self.edges]
        return "\n".join([head, *terms])

    def __repr__(self) -> str:
        return str(self)


def contributions(root: Value, node: Value, seed: float = 1.0) -> Contributions:
    """Return the terms of which d root / d node is the sum: one for each edge that leads to it.

    They stand in the order in which the backward pass adds them up, so their sum from left to right
    is the gradient of `root.backward()`, bit for bit. The root itself has no terms: its gradient is
    the seed. A node does not know the results it went into, hence the root.

    Raises: ValueError: the root does not depend on the node.
    Cost:   O(nodes + edges): one pass, which changes no gradient.

    >>> x = Value(2.0)
    >>> contributions(x * x * x, x).total
    12.0
    """
    adjoint, _ = adjoints(root, seed)
    # Nothing but a Value has a zero.
    zero_for(node)
    if node not in adjoint:
        raise ValueError(f"{label(root)} does not depend on {label(node)}: no edge leads to it")
    edges = []
    for result in reversed(topological_order(root)):
        upstream = adjoint[result]
        for parent, slope in zip(result.parents, result.local_derivatives):
            if parent is node:
                product = slope * upstream
                edges.append(Contribution(result, upstream, slope, product))
    return Contributions(root, node, tuple(edges), adjoint[node])


class PathProduct(NamedTuple):
    """One path from the root to a leaf, and the product of the local derivatives along it."""

    product: float
    nodes: tuple[Value, ...]
    local_derivatives: tuple[float, ...]

    def __str__(self) -> str:
        names = [node_name(node) for node in self.nodes]
        slopes = [f"{slope:.6g}" for slope in self.local_derivatives]
        way = " -> ".join(shortened(names))
        factors = " * ".join(shortened(slopes))
        return f"{way}: {factors or 1} = {self.product:.6g}"


class Paths(NamedTuple):
    """How many paths lead from the root to a leaf, and the `largest` of their products."""

    root: Value
    leaf: Value
    number: int
    largest: tuple[PathProduct, ...]

    def __str__(self) -> str:
        head = f"{self.number} paths from {node_name(self.root)} to {node_name(self.leaf)}"
        if self.number == 1:
            head = head.replace("paths", "path")
        lines = [head]
        lines += [f"    {path}" for path in self.largest]
        more = self.number - len(self.largest)
        if more:
            lines.append(f"    and {more} more")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


class Partial(NamedTuple):
    """A path on its way from the root: the node it has come to, and how it came there."""

    product: Any
    node: Value
    slope: Any
    before: Partial | None


def paths(root: Value, leaf: Value, k: int = 10) -> Paths:
    """Return how many paths lead from root to leaf, and the k whose products are largest.

    The sum of all products is the gradient (up to rounding): this is the chain rule before its
    terms are collected. The number is exact, also where it is astronomical. Products are compared
    by size, without their sign; NaN counts as the largest. Equal ones stand in the order of the
    graph, and an edge that is there twice is two paths.

    Raises: ValueError: k is negative.
    Cost:   O(k log k) a node and edge, whatever the number of paths.

    >>> x = y = Value(1.0)
    >>> for _ in range(60):
    ...     y = y + y
    >>> found = paths(y, x, k=2)
    >>> found.number == 2**60, [path.product for path in found.largest]
    (True, [1, 1])
    """
    if k < 0:
        raise ValueError(f"k is how many paths to return, at least 0, not {k}")
    # Nothing but a Value has a zero.
    zero_for(leaf)
    order = topological_order(root)
    count = path_counts(order, leaf)

    # The k best paths to a node are among the k best to each of the results that it went into.
    start = Partial(1, root, None, None)
    best: dict[Value, list[Partial]] = {root: [start][:k]}
    for node in reversed(order):
        found = best.pop(node, []) if node is not leaf else []
        for parent, slope in zip(node.parents, node.local_derivatives):
            # Who does not lead to the leaf has no path to keep.
            if count[parent]:
                new = [Partial(slope * path.product, parent, slope, path) for path in found]
                known = [*best.get(parent, ()), *new]
                largest_first = sorted(known, key=path_size, reverse=True)
                best[parent] = largest_first[:k]
    largest = map(path_product, best.get(leaf, ()))
    return Paths(root, leaf, count[root], tuple(largest))


def path_counts(order: Sequence[Value], leaf: Value) -> dict[Value, int]:
    """Return for each node how many paths lead from it to the leaf."""
    count: dict[Value, int] = {}
    for node in order:
        count[node] = 1 if node is leaf else sum(count[parent] for parent in node.parents)
    return count


def path_size(path: Partial) -> tuple[bool, Any]:
    """Return by what paths are compared: the size of the product, NaN being the largest."""
    if path.product != path.product:
        return True, 0
    return False, abs(path.product)


def path_product(path: Partial) -> PathProduct:
    """Return a path from the last of its nodes."""
    # A path knows where it came from, so it is gone through backwards.
    nodes = [path.node]
    slopes = []
    product = path.product
    while path.before is not None:
        slopes.append(path.slope)
        path = path.before
        nodes.append(path.node)
    nodes.reverse()
    slopes.reverse()
    return PathProduct(product, tuple(nodes), tuple(slopes))


def shortened(texts: list[str]) -> list[str]:
    """Return the first and the last of many texts, with … for those between."""
    if len(texts) <= 2 * MAX_NODES_AT_EACH_END:
        return texts
    first = texts[:MAX_NODES_AT_EACH_END]
    last = texts[-MAX_NODES_AT_EACH_END:]
    return [*first, "…", *last]


def node_name(node: Value) -> str:
    """Return the name of a node, else its operation, else its number."""
    return str(node.name or node.op or f"{node.data:.6g}")


class Place(NamedTuple):
    """A line of the program that made a node."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line} in {self.function}"
        text = linecache.getline(self.file, self.line).strip()
        return f"{place}: {text}" if text else place


class LocatedOperands(tuple[Any, ...]):
    """Operands that know which lines of the program they were put together by.

    So a node made within `detect_anomaly()` carries its places, and all others nothing.
    """

    places: tuple[Place, ...] = ()


class Anomaly(NamedTuple):
    """The first number of a computation that is not finite, see `explain_nan`.

    Attributes: `phase`, "forward" or "backward"; `node`, whose operation it was; `number`, what
    came out; `parent`, backward, the operand whose gradient it is; `places`, the lines of the
    program that made the node, the innermost first, where `detect_anomaly()` was on.
    """

    phase: str
    node: Value
    number: Any
    parent: Value | None
    places: tuple[Place, ...]

    def __str__(self) -> str:
        return "\n".join([*self.facts(), *self.origin()])

    def __repr__(self) -> str:
        return str(self)

    def facts(self) -> list[str]:
        """Return what happened, in two lines."""
        made = f"{applied(self.node)} = {self.node.data!r}"
        if self.parent is None:
            return [f"forward: the first number that is not finite is {self.number!r}", made]
        slopes = zip(self.node.parents, self.node.local_derivatives)
        slope = next(slope for parent, slope in slopes if parent is self.parent)
        return [
            f"backward: the first gradient that is not finite is {self.number!r}, "
            f"which goes to {label(self.parent)}",
            f"over the edge from {made}, whose local derivative there is {slope!r}",
        ]

    def origin(self) -> list[str]:
        """Return where the node was made, or how to find out."""
        if self.node.op is None:
            return ["it was given: a Value of the caller's"]
        if not self.places:
            return ["for the line that made it, compute it again within detect_anomaly()"]
        innermost, *others = self.places
        return [f"made at {innermost}", *(f"  called at {place}" for place in others)]


def explain_nan(root: Value, seed: float = 1.0) -> Anomaly | None:
    """Return the first number of the computation of `root` that is not finite, or None.

    First the values are searched, operands before results; where all of them are finite, the
    gradients, in the order of the backward pass, which changes no gradient.

    Cost: O(nodes + edges).

    >>> from autograd import ieee
    >>> x = Value(0.0, name="x")
    >>> with ieee(), detect_anomaly():
    ...     y = 3 * x.log() + x
    >>> print(str(explain_nan(y)).rpartition("made at")[0])
    forward: the first number that is not finite is -inf
    log(x=0.0) = -inf
    <BLANKLINE>
    """
    # Nothing but a Value has a zero.
    zero_for(root)
    for node in history(root):
        if not is_finite(node.data):
            return Anomaly("forward", node, node.data, None, places(node))

    # The values are finite: then the gradients, in the order in which they are computed.
    adjoint, _ = adjoints(root, seed)
    for node in reversed(topological_order(root)):
        upstream = adjoint[node]
        for parent, slope in zip(node.parents, node.local_derivatives):
            contribution = slope * upstream
            if not is_finite(contribution):
                return Anomaly("backward", node, contribution, parent, places(node))
    return None


def is_finite(x: Number) -> bool:
    """Tell whether a number is neither infinite nor NaN, also an int or a fraction of any size."""
    return bool(x - x == 0)


def applied(node: Value) -> str:
    """Return an operation with its operands as text, or the name of a leaf."""
    if node.op is None:
        return str(node.name or "a leaf")
    texts = list(map(operand_text, node.operands))
    if len(texts) > MAX_OPERANDS_SHOWN:
        texts[MAX_OPERANDS_SHOWN:] = ["…"]
    return str(node.op.spell(*texts))


def operand_text(x: object) -> str:
    """Return an operand as text: a Value by its name and number."""
    if not isinstance(x, Value):
        return repr(x)
    number = repr(x.data)
    return f"{x.name}={number}" if x.name else number


def places(node: Value) -> tuple[Place, ...]:
    """Return the lines that made a node, where they were noted."""
    if isinstance(node.operands, LocatedOperands):
        return node.operands.places
    return ()


class Notes:
    """An observer that notes for each node where it was made, and tells another one."""

    def __init__(self, other: Observer | None, stop: bool) -> None:
        self.other = other
        self.stop = stop

    def made(self, leaf: Value) -> None:
        """Leaves have no operation to note the line of."""
        if self.other:
            self.other.made(leaf)

    def recorded(self, node: Value) -> None:
        """Note the lines of the caller's program, the innermost first."""
        operands = LocatedOperands(node.operands)
        operands.places = tuple(callers())
        node.operands = operands
        if self.stop and not is_finite(node.data):
            found = Anomaly("forward", node, node.data, None, operands.places)
            raise FloatingPointError(str(found))
        if self.other:
            self.other.recorded(node)

    def compared(self, relation: Primitive, x: Any, y: Any) -> Any:
        """Compare as if this observer were not there."""
        if self.other:
            return self.other.compared(relation, x, y)
        with mode(observer=None):
            return x.compare(relation, y)

    def decided(self, node: Value) -> bool | None:
        """Pass it on."""
        if self.other:
            return self.other.decided(node)
        return None


def callers() -> Iterator[Place]:
    """Yield the innermost lines on the stack that are not of this package, up to the module's own.

    What called the module, such as an importer or a notebook's kernel, tells nothing.
    """
    frame = sys._getframe(1)
    found = 0
    while frame and found < MAX_FRAMES:
        code = frame.f_code
        if not code.co_filename.startswith(PACKAGE_FOLDER):
            found += 1
            yield Place(code.co_filename, frame.f_lineno, code.co_name)
            if code.co_name == "<module>":
                return
        frame = frame.f_back  # type: ignore[assignment]


@contextmanager
def detect_anomaly(stop: bool = False) -> Iterator[None]:
    """Note for every node made in the block the lines of the program that made it.

    `explain_nan` then names them. Recording is several times slower meanwhile. Another observer
    that is installed, such as a tracer, is told of everything as before.

    Args:   stop: raise at the first operation whose result is not finite.
    Raises: FloatingPointError, where `stop` is true; the message is that of `explain_nan`.

    >>> from autograd import ieee
    >>> with ieee(), detect_anomaly(stop=True):
    ...     Value(0.0) / 0.0
    Traceback (most recent call last):
    FloatingPointError: forward: the first number that is not finite is nan
    0.0 / 0.0 = nan
    made at ...
    """
    with mode(observer=Notes(MODE.get().observer, stop)):
        yield
