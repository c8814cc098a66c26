"""Mistakes in a backward pass that only the graph of the function can tell.

The graph is swept again, each time with one mistake that people make: a local derivative is
forgotten or taken at the wrong number, only the last use of a variable counts, a term of the sum
over paths is missing. The first that explains all claims is named.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd import primitives as p
from autograd.backward import topological_order
from autograd.testing.number_types import Point, plain_number
from autograd.testing.recording import Recording, expression_of
from autograd.testing.verdicts.mistakes import (
    Case,
    Explanations,
    Group,
    penalty,
    spelled,
    times_input,
)
from autograd.value import Value

# In a larger graph the search takes too long.
MAX_NODES = 3000
# Nodes in a row with one parent each, such as 1 / (1 + exp(-x)).
MAX_CHAIN = 6
# In graphs of no more nodes, every activation is tried by itself.
MAX_NODES_ALONE = 400
# Nodes times inputs, for which terms of the sum over paths are tried.
MAX_TERMS = 400_000
# Of the neighbours of a bias, that are tried as a factor.
MAX_SIBLINGS = 8
# Their slopes do not depend on the operand that varies.
LINEAR = (p.add, p.sub, p.neg, p.pos, p.mul, p.total, p.mean)

Edge = tuple[Value, int]
"""A node and the place of one of its parents."""

Changes = dict[Edge, float]
"""The local derivatives that a mistake changes."""

Adjoints = dict[Value, float]
"""What flows to each node of a graph."""

Run = list[Value]
"""Nodes with one parent each, from the last back to the first."""

# What people take for the slope of a function, given its operand and its result.
MISTAKEN = {
    "is forgotten": lambda x, out: 1.0,
    "is replaced by its value": lambda x, out: out,
    "has x(1 - x) of its operand, where it should be of its result": lambda x, out: x * (1 - x),
    "has 1 - x**2 of its operand, where it should be of its result": lambda x, out: 1 - x * x,
}
# By how many times a term of the sum over paths the claims are off, and what that means.
OFF_BY = {
    -1.0: "the sum lacks the term through {}",
    1.0: "the term through {} counts twice",
    -2.0: "the term through {} has the wrong sign",
    -0.5: "only half of the term through {} counts",
}


class Graph:
    """The graph of one output: its nodes in order, their edges and what flows along them."""

    def __init__(self, recording: Recording, output: int) -> None:
        self.root = recording.outputs[output]
        self.leaves = recording.leaves
        self.order: list[Value] = []
        if isinstance(self.root, Value):
            self.order = topological_order(self.root)
        self.slopes: dict[Value, list[float]] = {}
        for node in self.order:
            self.slopes[node] = list(map(float, node.local_derivatives))
        self.adjoints = self.swept({})

    def edges(self) -> Iterator[tuple[Value, int, Value]]:
        """Yield every edge in order: the node, the place of a parent, the parent."""
        for node in self.order:
            for place, parent in enumerate(node.parents):
                yield node, place, parent

    def leaves_of(self, group: Group) -> set[Value]:
        """Return the leaves that are the inputs of a group."""
        return {self.leaves[i] for i in group.indexes}

    def swept(self, changed: Changes, grow: bool = True) -> Adjoints:
        """Return the adjoints of a backward pass with some local derivatives changed.

        Without `grow` an adjoint is what came last, and no sum.
        """
        found = dict.fromkeys(self.order, 0.0)
        found[self.root] = 1.0
        for node in reversed(self.order):
            adjoint = found[node]
            slopes = self.slopes[node]
            for place, parent in enumerate(node.parents):
                slope = slopes[place]
                if changed:
                    slope = changed.get((node, place), slope)
                if grow:
                    found[parent] += adjoint * slope
                else:
                    found[parent] = adjoint * slope
        return found

    def depths(self) -> dict[Value, int]:
        """Return how far each node is from the root, by the longest way."""
        found = dict.fromkeys(self.order, 0)
        for node in reversed(self.order):
            below = found[node] + 1
            for parent in node.parents:
                found[parent] = max(found[parent], below)
        return found

    def explains(self, case: Case, changed: Changes) -> bool:
        """Tell whether a backward pass with other local derivatives gives what was claimed."""
        if not changed:
            return False
        adjoints = self.swept(changed)
        return case.fits_all(self.of_leaves(adjoints))

    def of_leaves(self, adjoints: Adjoints) -> list[float]:
        """Return the gradient among some adjoints."""
        return [adjoints.get(leaf, 0.0) for leaf in self.leaves]


def graph_explanations(case: Case, recording: Recording, output: int) -> Explanations:
    """Yield the mistakes in a backward pass that explain a case, the surest first."""
    graph = Graph(recording, output)
    if not graph.order or len(graph.order) > MAX_NODES:
        return
    if not case.fits_expected(graph.of_leaves(graph.adjoints)):
        # The graph itself is wrong, or does not know all that the function does.
        return
    for kind in (
        one_use, overwritten, downstream, sign_of_difference, cross_terms, terms, paths_of_a_kind,
        missing_factor,
    ):  # fmt: skip
        yield from kind(case, graph)
    yield from times_input(case)
    for kind in (sibling_factor, activation):
        yield from kind(case, graph)


def one_use(case: Case, graph: Graph) -> Explanations:
    """Only one of several uses of an argument counts."""
    uses: dict[Value, list[float]] = defaultdict(list)
    users: dict[Value, list[Value]] = defaultdict(list)
    for node, place, parent in graph.edges():
        slope = graph.slopes[node][place]
        uses[parent].append(graph.adjoints[node] * slope)
        users[parent].append(node)
    wrong = case.wrong
    for group in wrong:
        shares = [uses[graph.leaves[i]] for i in group.indexes]
        counts = set(map(len, shares))
        if len(counts) != 1 or counts == {1}:
            return
        (count,) = counts
        # The first use of every input, or the second of every input ...
        candidates = map(list, zip(*shares))
        fitting = [k for k, x in enumerate(candidates) if case.fits(x, group.indexes)]
        if not fitting:
            return
    leaf = graph.leaves[wrong[0].indexes[0]]
    lost = "terms through the others"
    if count == 2:
        other = users[leaf][1 - fitting[0]]
        lost = f"term through {name_below(other, users)}"
    yield (
        f"{spelled(wrong)}: only one of {count} uses counts; the sum lacks the {lost},"
        " as where = stands for += or a sum over a batch is forgotten"
    )


def name_below(node: Value, users: dict[Value, list[Value]]) -> str:
    """Return the name of the next node that has one on the way to the root, else an expression."""
    below = node
    while not below.name and len(users[below]) == 1:
        (below,) = users[below]
    return str(below.name or expression_of(node))


def overwritten(case: Case, graph: Graph) -> Explanations:
    """Every adjoint is what came last, where it should be a sum."""
    adjoints = graph.swept({}, grow=False)
    if case.fits_all(graph.of_leaves(adjoints)):
        yield "only the last use of a variable counts: = stands where += should"


def chains(graph: Graph) -> dict[Point, list[Run]]:
    """Return runs of nodes with one parent each, by what they compute and how deep they stand."""
    depth = graph.depths()
    found: dict[Point, list[Run]] = defaultdict(list)
    for node in graph.order:
        run: Run = []
        top = node
        while len(top.parents) == 1 and len(run) < MAX_CHAIN:
            run = [*run, top]
            # All of a kind, those as deep, and each by itself.
            key = tuple(str(link.op) for link in run)
            found[key].append(run)
            found[(*key, depth[node])].append(run)
            if len(graph.order) <= MAX_NODES_ALONE:
                found[(*key, depth[node], len(found))].append(run)
            (top,) = top.parents
    return found


def activation(case: Case, graph: Graph) -> Explanations:
    """The local derivative of a function is forgotten, or taken at the wrong number."""

    def complexity(item: tuple[tuple[object, ...], list[Run]]) -> tuple[int, int]:
        key, runs = item
        return len(key), -len(runs)

    # Few functions that are taken for wrong come first, and those in many places.
    for key, runs in sorted(chains(graph).items(), key=complexity):
        names = [name for name in key if isinstance(name, str)]
        links = [link for run in runs for link in run]
        if all(link.op in LINEAR for link in links):
            continue
        what = f"the derivative of {described(names, runs)}"
        for how, mistaken in MISTAKEN.items():
            changed = changes(runs, mistaken)
            if graph.explains(case, changed):
                yield f"{what} {how}"
        twice: Changes = {}
        for link in links:
            (slope,) = graph.slopes[link]
            twice[link, 0] = slope**2
        if graph.explains(case, twice):
            yield f"{what} counts twice"
        if len(names) == 1:
            singles = [run[0] for run in runs]
            at_result = {(link, 0): slope_at_result(link) for link in singles}
            if graph.explains(case, at_result):
                yield f"{what} is taken at its result"


def changes(runs: Sequence[Run], slope: Callable[..., float]) -> Changes:
    """Return the changes by which runs of nodes have another slope from end to end."""
    changed: Changes = {}
    for run in runs:
        first = run[0]
        (start,) = run[-1].parents
        operand = float(start.data)
        result = float(first.data)
        # The first link has the whole slope, the others pass it on.
        changed.update({(link, 0): 1.0 for link in run})
        changed[first, 0] = slope(operand, result)
    return changed


def slope_at_result(node: Value) -> float:
    """Return the slope of a function of one operand at its own result."""
    op = node.op
    own = float(node.local_derivatives[0])
    result = float(node.data)
    operands = [result if isinstance(x, Value) else x for x in node.operands]
    partials = getattr(op, "partials", ())
    if op is None or len(partials) != len(operands):
        return own
    is_varying = [isinstance(x, Value) for x in node.operands]
    place = is_varying.index(True)
    try:
        out = op.forward(*operands)
        return float(partials[place](*operands, out))
    except (ValueError, ArithmeticError, TypeError):
        return own


def described(names: Sequence[str], runs: Sequence[Run]) -> str:
    """Return what a sentence calls functions of one operand, and how many there are."""
    count = len(runs)
    last = runs[0][0]
    text = names[0] if len(names) == 1 else f"what ends in {expression_of(last)}"
    return f"{text} ({count} of them)" if count > 1 else text


def sign_of_difference(case: Case, graph: Graph) -> Explanations:
    """The second operand of a difference has the sign of the first."""
    changed: Changes = {}
    for node, place, _ in graph.edges():
        slope = graph.slopes[node][place]
        if node.op is p.sub and slope == -1.0:
            changed[node, place] = 1.0
    if graph.explains(case, changed):
        yield "the sign: what is subtracted has the slope of what is added"


def cross_terms(case: Case, graph: Graph) -> Explanations:
    """A softmax is differentiated as if it were taken of each number by itself."""
    alone: Changes = {}
    forgotten: Changes = {}
    for node in graph.order:
        is_of_values = len(node.parents) == len(node.operands) - 1
        if node.op is not p.softmax_of or not is_of_values:
            continue
        own = int(value_of(node.operands[0]))
        for place in range(len(node.parents)):
            if place == own:
                continue
            alone[node, place] = 0.0
            forgotten[node, place] = 0.0
        # s in the place of s (1 - s).
        forgotten[node, own] = value_of(node)
    is_alone = graph.explains(case, alone)
    if is_alone or graph.explains(case, forgotten):
        yield "the sum lacks the terms through the other outputs: the cross terms of softmax"


def products(graph: Graph) -> Iterator[tuple[Value, int, Any]]:
    """Yield the edges of products with the other factor: node, place, factor."""
    for node in graph.order:
        if node.op is p.mul and len(node.parents) == 2:
            left, right = node.parents
            yield node, 0, right
            yield node, 1, left
        elif node.op is p.inner_product:
            yield from factors_of_dot(node)


def factors_of_dot(node: Value) -> Iterator[tuple[Value, int, Any]]:
    """Yield the edges of a dot product with the other factor."""
    half = len(node.operands) // 2
    place = 0
    for k, operand in enumerate(node.operands):
        if not isinstance(operand, Value):
            continue
        # The bias comes first, and has no factor.
        if k > 0:
            other = k + half if k <= half else k - half
            yield node, place, node.operands[other]
        place += 1


def downstream(case: Case, graph: Graph) -> Explanations:
    """The gradient of a weight stands where the weight itself belongs."""
    edges = list(products(graph))
    for group in case.groups:
        leaves = graph.leaves_of(group)
        changed: Changes = {}
        for node, place, factor in edges:
            if isinstance(factor, Value) and factor in leaves:
                changed[node, place] = graph.adjoints[factor]
        if graph.explains(case, changed):
            yield f"the gradient of {group.name} stands where {group.name} itself belongs"


def missing_factor(case: Case, graph: Graph) -> Explanations:
    """The slope of a product lacks the other factor, or has it twice."""
    edges = list(products(graph))
    for group in case.wrong:
        leaves = graph.leaves_of(group)
        own = []
        for node, place, factor in edges:
            if node.parents[place] in leaves:
                own.append((node, place, factor))
        for how, power in (("lacks", 0), ("has twice", 2)):
            changed: Changes = {}
            for node, place, factor in own:
                changed[node, place] = value_of(factor) ** power
            if graph.explains(case, changed):
                yield f"the slope of {group.name} {how} the other factor of its product"


def paths_of_a_kind(case: Case, graph: Graph) -> Explanations:
    """All edges of one kind are missing, such as those of a skip connection."""
    depth = graph.depths()
    kinds: dict[Point, Changes] = defaultdict(dict)
    for node, place, parent in graph.edges():
        ops = str(node.op), str(parent.op)
        key = (*ops, depth[node])
        edge = node, place
        # Edges are of a kind by what they join, how deep, from which side.
        kinds[key][edge] = 0.0
        kinds[*key, place][edge] = 0.0
        kinds[ops][edge] = 0.0
        kinds[*key, depth[parent]][edge] = 0.0
    names: dict[Value, str] = {}
    for group in case.groups:
        names.update(dict.fromkeys(graph.leaves_of(group), group.name))
    for changed in sorted(kinds.values(), key=len):
        if not graph.explains(case, changed):
            continue
        (node, place), *others = changed
        parent = node.parents[place]
        name = names.get(parent) or called(parent, node, graph)
        text = f"the sum lacks the terms through {name} in {expression_of(node)}"
        yield f"{text} and {len(others)} more of its kind" if others else text


def sibling_factor(case: Case, graph: Graph) -> Explanations:
    """The slope of a bias is multiplied by what its neighbour is multiplied by."""
    for group in case.wrong:
        leaves = graph.leaves_of(group)
        beside: dict[Edge, list[Any]] = {}
        for node, place, parent in graph.edges():
            if parent in leaves:
                beside[node, place] = neighbours(node, place)
        for k in range(MAX_SIBLINGS):
            changed: Changes = {}
            for (node, place), factors in beside.items():
                if k < len(factors):
                    slope = graph.slopes[node][place]
                    changed[node, place] = slope * value_of(factors[k])
            if graph.explains(case, changed):
                yield f"{group.name}: multiplied by an input of the weights beside it"


def neighbours(node: Value, place: int) -> list[Any]:
    """Return what stands beside an operand of a sum, and the factors of that."""
    found: list[Any] = []
    for x in node.operands:
        if x is node.parents[place]:
            continue
        found.append(x)
        if isinstance(x, Value):
            found += x.operands
    return found


def value_of(x: Any) -> float:
    """Return the number of an operand."""
    return float(plain_number(x))


def terms(case: Case, graph: Graph) -> Explanations:
    """A term of the sum over paths is missing, counts twice, or has the wrong sign."""
    n = len(graph.leaves)
    if len(graph.order) * n > MAX_TERMS:
        return
    errors = list(map(operator.sub, case.claimed, case.expected))
    # A term is told by the input of which the claim is off by most.
    sizes = list(map(abs, errors))
    size = max(sizes)
    largest = sizes.index(size)
    slopes = tangents(graph)
    for node in reversed(graph.order):
        flow = graph.adjoints[node]
        for place, parent in enumerate(node.parents):
            through = slopes[parent]
            share = flow * graph.slopes[node][place]
            term = share * through.get(largest, 0.0)
            # The factors of OFF_BY are small: a term that is far less than the error explains none.
            if not term or abs(term) < size / 5:
                continue
            factor = round(errors[largest] / term, 6)
            how = OFF_BY.get(factor)
            if how is None:
                continue
            candidate = list(case.expected)
            for i, slope in through.items():
                candidate[i] += factor * share * slope
            if case.fits_all(candidate):
                kind = next(penalty(case, least=2), "")
                text = how.format(called(parent, node, graph))
                yield f"{text}; {kind}" if kind else text


def tangents(graph: Graph) -> dict[Value, dict[int, float]]:
    """Return the derivative of every node by every input that it depends on."""
    place = {leaf: i for i, leaf in enumerate(graph.leaves)}
    found: dict[Value, dict[int, float]] = {}
    for node in graph.order:
        own: dict[int, float] = defaultdict(float)
        if node in place:
            own[place[node]] = 1.0
        for parent, slope in zip(node.parents, graph.slopes[node]):
            before = found[parent]
            for i, x in before.items():
                own[i] += slope * x
        found[node] = own
    return found


def called(parent: Value, node: Value, graph: Graph) -> str:
    """Return what a sentence calls an edge: by names where there are, else by expressions."""
    if parent.name:
        return str(parent.name)
    if parent.op is None:
        return f"its use in {expression_of(node)}"
    text = expression_of(parent)
    same = [other for other in graph.order if other.op is parent.op]
    if len(same) > 1:
        return f"{text} (number {place_in(parent, same)})"
    return text


def place_in(node: Value, nodes: Sequence[Value]) -> str:
    """Return which of several nodes one is.

    >>> a, b = Value(1.0), Value(2.0)
    >>> place_in(b, [a, b])
    '2 of 2 of its kind'
    """
    place = next(k for k, other in enumerate(nodes) if other is node)
    return f"{place + 1} of {len(nodes)} of its kind"
