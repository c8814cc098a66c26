"""Derivatives of functions, to any order.

`gradients` differentiates a recorded graph and gives Values, which can be differentiated again. The
others take a function of plain numbers and give a function of plain numbers; nested, they give what
the outer one can differentiate. No function here touches a `.grad`.

>>> def f(x, y):
...     return x**3 * y
>>> grad(f)(2.0, 5.0), grad(grad(f))(2.0, 5.0), hessian(f, (0, 1))(2.0, 5.0)
(60.0, 60.0, ((60.0, 12.0), (12.0, 0.0)))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import Any

from autograd.backward import adjoints, topological_order
from autograd.coercion import as_data, as_number, elements
from autograd.messages import shown
from autograd.modes import MODE, mode, tracing
from autograd.newest import settle
from autograd.scalar_math import fold
from autograd.steps import label
from autograd.structures import flatten, is_0d, is_scalar, rebuild
from autograd.traced_adjoints import Adjoint, times, traced_gradients, traced_pushforward
from autograd.value import Value, edge_mask, slopes_as_values

Argnums = int | tuple[int, ...]
CHANGED = 1e-6  # relative: a slope computed twice may differ by rounding, not by more


def gradients(root: Value, leaves: Sequence[Value], seed: Any = 1) -> list[Value]:
    """Return d root / d leaf for every leaf, as Values that can be differentiated again.

    The same pass as `backward`, with the rules of the table called on the recorded Values, so every
    gradient is a graph of its own. A leaf may be any node; where root does not depend on it, the
    gradient is 0. Never raises for an infinite slope.

    Args:    root: the Value to differentiate; leaves: with respect to what; seed: d root / d root.
    Cost:    O(nodes + edges) between the leaves and the root, a few new nodes for each edge.

    >>> x = Value(2.0)
    >>> (slope,) = gradients(x**3, [x])
    >>> (curvature,) = gradients(slope, [x])
    >>> slope.data, curvature.data
    (12.0, 12.0)
    """
    settle()
    order = topological_order(root)
    leaves = values("leaves", leaves)
    targets = set(leaves)
    relevant = set(targets)
    for node in order:
        if not relevant.isdisjoint(node.parents):
            relevant.add(node)
    with mode(ieee=True):
        if tracing():
            found = traced_gradients(order, relevant, root, leaves, seed)
        else:
            found = recorded_gradients(order, relevant, root, leaves, seed)
    return [g if isinstance(g, Value) else Value(g) for g in found]


def recorded_gradients(
    order: Sequence[Value], relevant: set[Value], root: Value, leaves: Sequence[Value], seed: Any
) -> list[Any]:
    """Return d root / d leaf for every leaf, over the edges that were recorded."""
    adjoint: dict[Value, Any] = {root: seed}
    for node in reversed(order):
        if node in relevant and node in adjoint:
            for parent, slope in slopes(node, relevant):
                product = times(slope, adjoint[node])
                adjoint[parent] = adjoint[parent] + product if parent in adjoint else product
    return [adjoint.get(leaf, 0.0) for leaf in leaves]


def values(what: str, xs: Any) -> Sequence[Value]:
    """Return the Values of a sequence.

    Raises: TypeError: it is no sequence of Values; the message names the argument.
    """
    found = elements(what, xs) if not isinstance(xs, Value) else (None,)
    if not all(isinstance(x, Value) for x in found):
        raise TypeError(f"{what}: a sequence of Values is expected, not {shown(xs)}")
    return found


def numeric(x: Any) -> Any:
    """Return a Value as it is, or a plain number, checked."""
    return x if isinstance(x, Value) else as_number(x)


def slopes(node: Value, relevant: set[Value]) -> list[tuple[Value, Any]]:
    """Return (parent, local derivative) for each edge to a relevant parent; slopes are Values."""
    if node.op is None:
        return []
    numbers = [x._data if isinstance(x, Value) else x for x in node.operands]
    mask = edge_mask(node.op, node.operands, numbers, node._data)
    mask = [edge and x in relevant for x, edge in zip(node.operands, mask)]
    found = slopes_as_values(node.op, node.operands, node, mask)
    edges = list(compress(zip(node.operands, found), mask))
    check_unchanged(node, edges, relevant)
    return edges


def check_unchanged(node: Value, edges: list[tuple[Value, Any]], relevant: set[Value]) -> None:
    """Raise where an operand's number is no longer the one that the node was recorded with.

    The rules are called on the operands as they are now: a gradient that mixes both moments would
    be wrong at either. `backward` has the recorded slopes and needs no check.
    """
    recorded = [edge for edge in zip(node.parents, node.local_derivatives) if edge[0] in relevant]
    now = [slope._data if isinstance(slope, Value) else slope for _, slope in edges]
    then = [slope for _, slope in recorded]
    if len(now) == len(then) and all(map(as_recorded, now, then)):
        return
    raise RuntimeError(
        f"an operand of {label(node)} was changed after it was recorded: the slopes {shown(then)} "
        f"have become {shown(now)}; record it again, or use backward(), which keeps to the record"
    )


def as_recorded(now: float, then: float) -> bool:
    """Tell whether a slope is the recorded one, but for rounding."""
    return now == then or abs(now - then) <= CHANGED * abs(then) or (now != now and then != then)


def lift(x: Any) -> tuple[Any, list[Value]]:
    """Return x with a fresh Value in place of every number, and those Values.

    A Value becomes a fresh node above itself: differentiating with respect to that node leaves
    alone what else depends on the original, so nested derivatives are not confused.
    """
    leaves = [s.above() if isinstance(s, Value) else Value(s) for s in flatten(x)]
    return rebuild(x, iter(leaves)), leaves


@contextmanager
def differentiation() -> Iterator[bool]:
    """Record within the block; gives whether an outer differentiation is under way."""
    nested = MODE.get().differentiating
    with mode(record=True, differentiating=True):
        yield nested


def with_numbers(x: Any) -> Any:
    """Return a structure with the number of every Value in its place."""
    return rebuild(x, (s._data if isinstance(s, Value) else s for s in flatten(x)))


def pullback(root: Any, leaves: Sequence[Value], nested: bool, seed: Any = 1.0) -> list[Any]:
    """Return d root / d leaf for all leaves: numbers outermost, Values where nested."""
    if not isinstance(numeric(root), Value):
        return [0.0] * len(leaves)
    if nested:
        return list(gradients(root, leaves, seed))
    adjoint, _ = adjoints(root, seed)
    return [adjoint.get(leaf, 0.0) for leaf in leaves]


def called(
    f: Callable[..., Any], args: Sequence[Any], argnums: Argnums
) -> tuple[Any, list[Value], Any]:
    """Return f's result on lifted arguments, the lifted Values and the chosen arguments' shape."""
    chosen = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    exist = [isinstance(i, int) and -len(args) <= i < len(args) for i in chosen]
    if not chosen or not all(exist):
        raise ValueError(f"argnums {argnums!r} with {len(args)} positional arguments: none such")
    arguments = list(args)
    leaves: list[Value] = []
    for i in chosen:
        arguments[i], fresh = lift(args[i])
        leaves += fresh
    shape = args[chosen[0]] if isinstance(argnums, int) else tuple(args[i] for i in chosen)
    return f(*arguments), leaves, shape


def scalar_result(f: Callable[..., Any], out: Any) -> Any:
    """Return the result of a scalar function.

    Raises: TypeError: it returned something else than one number.
    """
    if not is_scalar(out):
        name = getattr(f, "__name__", "the function")
        raise TypeError(f"{name} returned a {type(out).__name__}, not one number; use jacobian")
    if is_0d(out) and not isinstance(out, Value):
        return out.item()
    return out if isinstance(out, Value) else as_data(out)


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives f's value and its gradient, for the cost of one pass each way.

    Arguments are numbers, or lists, tuples and arrays of numbers; the gradient has the structure of
    the argument (a tuple of them if `argnums` is a tuple), as `scipy.optimize.minimize(jac=True)`
    wants it.

    Raises: TypeError when f does not return one number.

    >>> value_and_grad(lambda xs: xs[0] * xs[1])([3.0, 4.0])
    (12.0, [4.0, 3.0])
    """

    def differentiated(*args: Any) -> tuple[Any, Any]:
        with differentiation() as nested:
            out, leaves, shape = called(f, args, argnums)
            root = scalar_result(f, out)
            slopes = pullback(root, leaves, nested)
        return root if nested else with_numbers(root), rebuild(shape, iter(slopes))

    return differentiated


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the gradient function of a scalar function; nest it for higher derivatives.

    >>> from autograd import sin
    >>> grad(grad(sin))(0.5) == -sin(0.5)
    True
    """
    differentiated = value_and_grad(f, argnums)
    return lambda *args: differentiated(*args)[1]


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the function that gives d output / d argument, one structure for each output.

    Cost: one reverse pass for each output.

    >>> jacobian(lambda xs: [xs[0] * xs[1], xs[0] + xs[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """

    def differentiated(*args: Any) -> Any:
        with differentiation() as nested:
            out, leaves, shape = called(f, args, argnums)
            rows = [rebuild(shape, iter(pullback(y, leaves, nested))) for y in flatten(out)]
        return rebuild(out.tolist() if type(out).__module__ == "numpy" else out, iter(rows))

    return differentiated


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the function that gives the matrix of second derivatives of a scalar function.

    Cost: one reverse pass over the gradient's graph for each input.

    >>> hessian(lambda xs: xs[0] ** 2 * xs[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return f(*primals) and its directional derivative along the tangents (forward mode).

    Raises: ValueError when tangents and primals differ in structure.
    Cost:   one sweep from the leaves to the outputs, whatever their number.

    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 10.0))
    (12.0, 34.0)
    """
    with differentiation() as nested:
        out, leaves, shape = called(f, primals, tuple(range(len(primals))))
        along = [numeric(x) for x in flatten(tuple(tangents))]
        if len(along) != len(leaves):
            raise ValueError(f"{len(leaves)} inputs but {len(along)} tangents")
        tangent: dict[Value, Any] = dict(zip(leaves, map(Adjoint, along) if tracing() else along))
        pushed = [pushforward(y, tangent, nested) for y in flatten(out)]
    return out if nested else with_numbers(out), rebuild(out, iter(pushed))


def pushforward(root: Any, tangent: dict[Value, Any], nested: bool) -> Any:
    """Return the tangent of a node from those of its ancestors, which are noted on the way."""
    if not isinstance(numeric(root), Value):
        return 0.0
    order = topological_order(root)
    with mode(ieee=True):
        if tracing():
            return traced_pushforward(root, order, tangent)
        for node in order:
            moved = {x for x in node.parents if x in tangent}  # the others have no tangent, not 0
            if moved and node not in tangent:
                recorded = zip(node.parents, node.local_derivatives)
                edges = slopes(node, moved) if nested else recorded
                parts = [times(slope, tangent[x]) for x, slope in edges if x in moved]
                tangent[node] = fold(parts[1:], parts[0])
    return tangent.get(root, 0.0)


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return f(*primals) and the function that pulls a cotangent back to the arguments.

    >>> value, pull = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pull([1.0, 10.0])
    ([12.0, 7.0], (14.0, 13.0))
    """
    with differentiation() as nested:
        out, leaves, shape = called(f, primals, tuple(range(len(primals))))

    def pull(cotangent: Any) -> tuple[Any, ...]:
        weights = flatten(cotangent)
        if len(weights) != len(flatten(out)):
            raise ValueError(f"{len(flatten(out))} outputs but {len(weights)} cotangents")
        rows = [pullback(y, leaves, nested, w) for y, w in zip(flatten(out), weights)]
        sums = [fold(column[1:], column[0]) for column in zip(*rows)]
        return rebuild(shape, iter(sums))  # type: ignore[no-any-return]

    return out if nested else with_numbers(out), pull


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """Return the Hessian of a scalar function times a vector, without forming the Hessian.

    Cost: a small multiple of one gradient, whatever the number of inputs.

    >>> hvp(lambda xs: xs[0] ** 2 * xs[1], ([3.0, 4.0],), ([1.0, 0.0],))
    ([8.0, 6.0],)
    """
    everything = tuple(range(len(primals)))
    return jvp(grad(f, everything), primals, tangents)[1]  # type: ignore[no-any-return]
