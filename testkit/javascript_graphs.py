"""Random graphs on a page beside the engine: recorded at one point, and run at others.

What is compared: each node on the page's own operands; the reverse pass with the page's own slopes;
and the gradients of the whole, where the engine has recorded the same program.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

from autograd import Value, ieee
from autograd.compile.javascript.graphs import GraphScript
from autograd.testing.expressions import operations, random_expression
from autograd.testing.recording import path_sums
from testkit.javascript import Case, as_number, as_text, case_of, script_for, ulps

LINES = 12
MOVE = 0.5  # standard deviation


class Ran(NamedTuple):
    """A graph that was recorded at one point, and what a page makes of it at a point."""

    expression: Any
    point: list[float]
    leaves: list[Value]
    graph: GraphScript
    answer: Any


class Node(NamedTuple):
    """A node of a graph on the page's own operands: the engine's case, and the page's answer."""

    case: Case
    value: Any
    slopes: dict[int, Any]
    raised: bool


def recorded(expression: Any, point: list[float]) -> tuple[list[Value], Any]:
    """Return the leaves and the root of an expression at a point."""
    leaves = [Value(x) for x in point]
    with ieee():
        return leaves, expression(*leaves)


def ran_graphs(
    answers: Callable[[str, Any], list[Any]], count: int, seed: int, move: bool
) -> list[Ran]:
    """Return graphs with what a page makes of them, at their own point or, to `move`, elsewhere."""
    source = random.Random(seed)
    pool = operations()
    cases: list[tuple[Ran, list[Any]]] = []
    known: dict[str, Any] = {}
    while len(cases) < count:
        expression = random_expression(source, LINES, pool=pool)
        leaves, root = recorded(expression, list(expression.point))
        if not isinstance(root, Value) or root.op is None:
            continue
        graph = GraphScript(root)
        known |= graph.operations
        point = list(expression.point)
        if move:
            point = [x + source.gauss(0.0, MOVE) for x in point]
        numbers = dict(zip(leaves, point))
        given = [as_text(numbers.get(node, node.data)) for node in graph.nodes]
        cases.append((Ran(expression, point, leaves, graph, None), given))
    found = answers(script_for(known), [(case.graph.data, given) for case, given in cases])
    return [case._replace(answer=answer) for (case, _), answer in zip(cases, found)]


def nodes_of(ran: Ran) -> Iterator[Node]:
    """Yield the nodes of a graph, each as the engine has it on the page's own operands."""
    answer = ran.answer
    values = [as_number(x) for x in answer["values"]]
    for i, node in enumerate(cast("list[Any]", ran.graph.data["nodes"])):
        if node is None:
            continue
        operands = [Value(values[x[0]]) if isinstance(x, list) else x for x in node[1]]
        op = ran.graph.nodes[i].op
        assert op is not None
        case = case_of(op, operands)
        assert case is not None  # it was a node of that row before
        slopes = {j: slope for j, _, slope in answer["edges"][i]}
        yield Node(case, answer["values"][i], slopes, i in answer["raised"])


def reverse_pass_differs(ran: Ran) -> bool:
    """Tell whether an adjoint differs in any bit from the engine's on the page's own slopes."""
    twins: list[Value] = []
    for i, edges in enumerate(ran.answer["edges"]):
        twin = Value(as_number(ran.answer["values"][i]))
        if edges:
            twin.op = ran.graph.nodes[i].op
            twin.parents = tuple(twins[parent] for _, parent, _ in edges)
            twin.local_derivatives = tuple(as_number(slope) for _, _, slope in edges)
        twins.append(twin)
    root = twins[cast("int", ran.graph.data["root"])]
    wanted = {step.node: float(step.adjoint) for step in root.backward_steps()}
    return any(
        adjoint is not None if twin not in wanted else far_from(adjoint, wanted[twin])
        for twin, adjoint in zip(twins, ran.answer["adjoints"])
    )


def far_from(adjoint: Any, wanted: float) -> bool:
    """Tell whether an adjoint is missing, or another number."""
    return adjoint is None or ulps(adjoint, wanted) > 0.0


def shares_of_path_sums(ran: Ran) -> Iterator[float]:
    """Yield how far the gradient of each leaf is from the program's, as a share of its path sum.

    What is lost below the smallest normal number is no error.
    """
    leaves, root = recorded(ran.expression, ran.point)
    root.backward()
    found = dict(zip(ran.graph.nodes, ran.answer["adjoints"]))
    for leaf, old, (total, faint) in zip(leaves, ran.leaves, path_sums(root, leaves)):
        off = max(0.0, abs(as_number(found.get(old) or 0.0) - leaf.grad) - faint)
        yield off / total if total and off else off
