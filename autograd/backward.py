"""Reverse-mode differentiation: the graph in reverse topological order, and the chain rule.

The whole idea, for a graph whose gradients are zero:

    for node in reversed(topological_order(root)):
        for parent, slope in zip(node.parents, node.local_derivatives):
            parent.grad += slope * node.grad

What is added below: no recursion, all gradients or none, and a second pass that adds up.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.atomic import set_attributes
from autograd.coercion import checked_seed, zero_for
from autograd.modes import tracing
from autograd.steps import Edge, Step

if TYPE_CHECKING:
    from autograd.value import Value

    Adjoints = dict[Value, Any]

commit_lock = threading.RLock()
# A child of a thread that is not writing has a lock of its own.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=commit_lock._at_fork_reinit)  # type: ignore[attr-defined]


class Explored(NamedTuple):
    """The nodes that a root depends on.

    `adjoints` has a zero for each, in the order in which they were met; `ends` are those without
    parents, `inner` the others, in topological order.
    """

    adjoints: Adjoints
    ends: list[Value]
    inner: list[Value]


# On the stack of `explore`: above a node whose parents all come before it.
PARENTS_DONE = object()


def explore(root: Value) -> Explored:
    """Return every node that `root` depends on.

    Depth first, with a stack of our own. A node that is met is put back under the mark
    PARENTS_DONE, and its parents above that; when the mark comes up, they are done.
    """
    zero = zero_for(root)
    adjoints: Adjoints = {}
    ends: list[Value] = []
    inner: list[Value] = []
    stack: list[Any] = [root]
    # Local names: this loop is run once for each node.
    parents_done = PARENTS_DONE
    pop = stack.pop
    extend = stack.extend
    while stack:
        node = pop()
        if node is parents_done:
            inner.append(pop())
        elif node not in adjoints:
            adjoints[node] = zero
            if node.parents:
                extend((node, parents_done))
                extend(node.parents)
            else:
                ends.append(node)
    return Explored(adjoints, ends, inner)


def topological_order(root: Value) -> list[Value]:
    """Return every Value that `root` depends on, parents before results, the root last.

    The order depends on the graph alone. Cost: O(nodes + edges) in time and memory.
    """
    explored = explore(root)
    return explored.ends[::-1] + explored.inner


def history(root: Value) -> list[Value]:
    """Return every Value that went into `root`, also where no gradient flows, operands first."""
    seen = {root}
    found = []
    stack = [(root, iter(root.operands))]
    while stack:
        node, operands = stack[-1]
        fresh = next((x for x in operands if hasattr(x, "operands") and x not in seen), None)
        if fresh is None:
            found.append(stack.pop()[0])
        else:
            seen.add(fresh)
            stack.append((fresh, iter(fresh.operands)))
    return found


class Unrecorded(tuple[Any, ...]):
    """The local derivatives of a result that was computed within `no_grad()`: there are none."""


UNRECORDED = Unrecorded()


def check_recorded(root: Value) -> None:
    """Raise a RuntimeError where nothing was recorded when the root was computed."""
    if isinstance(getattr(root, "local_derivatives", ()), Unrecorded):
        raise RuntimeError(
            f"nothing is recorded of how {root!r} was computed, for that was within no_grad():"
            " compute it outside of that to differentiate it"
        )


def adjoints(root: Value, seed: float = 1.0) -> tuple[Adjoints, list[Value]]:
    """Return d root / d node for every node, by one reverse pass, and the nodes without parents."""
    if tracing():
        raise TypeError(
            "backward() inside a function that is being traced would give plain numbers;"
            " use autograd.gradients, or grad and its kin, which give Values"
        )
    adjoint, ends, inner = explore(root)
    adjoint[root] = checked_seed(root, seed)
    for node in reversed(inner):
        upstream = adjoint[node]
        parents = node.parents
        # Most nodes of most graphs have two; worth 27 % of a pass.
        if len(parents) == 2:
            x, y = parents
            x_slope, y_slope = node.local_derivatives
            adjoint[x] += x_slope * upstream
            adjoint[y] += y_slope * upstream
        else:
            for parent, slope in zip(parents, node.local_derivatives):
                adjoint[parent] += slope * upstream
    return adjoint, ends


def backward(root: Value, seed: float = 1.0) -> None:
    """Add the derivative of `root` with respect to every leaf to that leaf's gradient.

    Each node is visited once, after all that depends on it, so that its adjoint is complete: the
    sum over all paths of the products of local derivatives. Interior gradients are those of this
    pass; leaf gradients accumulate until `zero_grad`. If anything interrupts the pass, no gradient
    changes.

    Raises: RuntimeError: the root was computed within `no_grad()`.

    Args:      root: the Value to differentiate; seed: d root / d root, a factor of all gradients.
    Cost:      O(nodes + edges) in time and memory, whatever the number of leaves; no recursion.
    Source:    Linnainmaa (1970); Rumelhart, Hinton and Williams (1986), Learning representations by
               back-propagating errors.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> y = (x * x) ** 2
    >>> y.backward(); x.grad
    108.0
    >>> y.backward(); x.grad
    216.0
    """
    check_recorded(root)
    commit(*adjoints(root, seed))


def backward_steps(root: Value, seed: float = 1.0) -> Iterator[Step]:
    """Run `backward` one node at a time, and yield a Step for each.

    The gradients are written once the last step has been taken, all of them together; whoever stops
    earlier leaves them as they were. Each Step tells its own.

    >>> from autograd import Value
    >>> x = Value(3.0, name="x")
    >>> for step in (x * x).backward_steps():
    ...     print(step)
    * (9): upstream 1
        -> x (3): 0 + 3 * upstream = 3
        -> x (3): 3 + 3 * upstream = 6
    x (3): upstream 6
    >>> x.grad
    6.0
    """
    check_recorded(root)
    adjoint, ends, inner = explore(root)
    adjoint[root] = checked_seed(root, seed)
    for node in reversed(ends[::-1] + inner):
        edges = []
        for parent, slope in zip(node.parents, node.local_derivatives):
            before = adjoint[parent]
            contribution = slope * adjoint[node]
            adjoint[parent] = before + contribution
            edges.append(Edge(parent, slope, contribution, before, adjoint[parent]))
        yield Step(node, adjoint[node], tuple(edges))
    commit(adjoint, ends)


def commit(adjoint: Adjoints, ends: list[Value]) -> None:
    """Write all gradients in one call that no signal interrupts; leaves add up.

    The lock keeps two threads that share leaves from losing each other's sums; its own thread never
    waits for it.
    """
    with commit_lock:
        for leaf in ends:
            if leaf.op is None:
                try:
                    adjoint[leaf] = leaf.grad + adjoint[leaf]
                except TypeError as error:
                    raise TypeError(f"the gradient of {leaf!r} is no number: {error}") from None
        set_attributes(adjoint, repeat("grad"), adjoint.values())
