"""Derivatives of functions, to any order.

`gradients` differentiates a recorded graph and gives Values, which can be differentiated again. The
others take a function of numbers, or of structures of them: lists, tuples, dicts, dataclasses,
arrays. Where only plain numbers take part they give plain numbers. Where a Value takes part, as an
argument or as something that the function closes over, they give Values, so that a loss in which a
derivative stands can be differentiated:

>>> import autograd
>>> w = Value(2.0)
>>> slope = grad(lambda t: (w * t) ** 2)(3.0)
>>> slope.backward()
>>> slope.data, w.grad
(24.0, 24.0)

Within `no_grad()` plain numbers come back, as SciPy and other libraries want them:

>>> with autograd.no_grad():
...     grad(lambda t: (w * t) ** 2)(3.0)
24.0

No function here touches a `.grad`.

>>> def f(x, y):
...     return x**3 * y
>>> grad(f)(2.0, 5.0), grad(grad(f))(2.0, 5.0), hessian(f, (0, 1))(2.0, 5.0)
(60.0, 60.0, ((60.0, 12.0), (12.0, 0.0)))
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Any

from autograd.backward import adjoints, check_recorded, topological_order
from autograd.coercion import as_data, as_number, checked_seed, elements
from autograd.function_calls import (
    Argnums,
    Call,
    Differentiation,
    Inside,
    called,
    checked_results,
    differentiation,
    given_values,
    joint,
    name_of,
    named_after,
    order_of,
    plain,
    take_part,
    values_in,
    with_numbers,
    with_values,
)
from autograd.messages import shown
from autograd.modes import mode, tracing
from autograd.newest import settle
from autograd.scalar_math import fold
from autograd.steps import label
from autograd.structures import (
    LIST,
    TUPLE,
    aligned,
    array_of,
    described,
    flatten,
    is_array,
    is_scalar,
    kind_of,
    rebuild,
    regular_shape,
)
from autograd.traced_adjoints import Adjoint, times, traced_gradients, traced_pushforward
from autograd.value import Value, edge_mask, slopes_as_values

CHANGED = 1e-6  # relative: a slope computed twice may differ by rounding, not by more


def gradients(root: Value, leaves: Any, seed: Any = 1) -> Any:
    """Return d root / d leaf for every leaf, as Values that can be differentiated again.

    The same pass as `backward`, with the rules of the table called on the recorded Values, so every
    gradient is a graph of its own. A leaf may be any node; where root does not depend on it, the
    gradient is 0. Never raises for an infinite slope.

    Args:    root: the Value to differentiate; leaves: with respect to what, a sequence or structure
             of Values; seed: d root / d root.
    Returns: a list for a list of leaves; for a dict, an array, or what is nested, the same.
    Cost:    O(nodes + edges) between the leaves and the root, a few new nodes for each edge.

    >>> x = Value(2.0)
    >>> (slope,) = gradients(x**3, [x])
    >>> (curvature,) = gradients(slope, [x])
    >>> slope.data, curvature.data
    (12.0, 12.0)
    """
    settle()
    check_recorded(root)
    kind = kind_of(leaves)
    if kind is None or (kind in (LIST, TUPLE) and all(map(is_scalar, leaves))):
        return pulled_back([root], [seed], values("leaves", leaves))
    found = pulled_back([root], [seed], values("leaves", flatten(leaves)))
    return rebuild(leaves, iter(found))


def pulled_back(
    roots: Sequence[Value], seeds: Sequence[Any], leaves: Sequence[Value]
) -> list[Value]:
    """Return the derivatives of the sum of some roots, each times its seed, as Values."""
    order = topological_order(roots[0]) if len(roots) == 1 else order_of(roots)
    relevant = set(leaves)
    for node in order:
        if not relevant.isdisjoint(node.parents):
            relevant.add(node)
    differentiate = traced_gradients if tracing() else recorded_gradients
    with mode(ieee=True):
        found = differentiate(order, relevant, list(zip(roots, seeds)), leaves)
    return [g if isinstance(g, Value) else Value(g) for g in found]


def recorded_gradients(
    order: Sequence[Value],
    relevant: set[Value],
    seeds: Sequence[tuple[Value, Any]],
    leaves: Sequence[Value],
) -> list[Any]:
    """Return the derivative by every leaf, over the edges that were recorded."""
    adjoint: dict[Value, Any] = {}
    for root, seed in seeds:
        adjoint[root] = adjoint[root] + seed if root in adjoint else seed
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


def slopes_by(
    leaves: Sequence[Value], roots: Sequence[Any], seeds: Sequence[Any], as_values: bool
) -> list[Any]:
    """Return the derivatives of the sum of some results, each times its seed, by every leaf."""
    pairs = [(y, seed) for y, seed in zip(roots, seeds) if isinstance(y, Value)]
    if as_values or tracing():
        reached = [y for y, _ in pairs]
        found = pulled_back(reached, [seed for _, seed in pairs], leaves)
        return found if as_values else list(map(plain, found))
    if not pairs:
        return [0.0] * len(leaves)
    root = joint([y for y, _ in pairs], [checked_seed(*pair) for pair in pairs])
    adjoint, _ = adjoints(root)
    return [adjoint.get(leaf, 0.0) for leaf in leaves]


def gradient_of(call: Call, block: Differentiation, root: Any) -> tuple[list[Any], bool]:
    """Return d root / d leaf for every leaf of a call, and whether Values take part in it.

    Where none does, that is found out on the nodes that the backward pass has met anyhow.
    """
    known = not block.records or bool(call.given)
    if known or tracing() or call.aux is not None or not isinstance(root, Value):
        as_values = values_come_out(call, block, [root])
        return slopes_by(call.leaves, [root], [1.0], as_values), as_values
    adjoint, _ = adjoints(root)
    if take_part(adjoint, block.inside):
        return pulled_back([root], [1.0], call.leaves), True
    return [adjoint.get(leaf, 0.0) for leaf in call.leaves], False


def values_come_out(call: Call, block: Differentiation, results: Sequence[Any]) -> bool:
    """Tell whether a call gives Values, because Values take part in it, or plain numbers."""
    if not block.records or (call.given and not isinstance(block.inside.around, Inside)):
        return block.records
    nodes = dict.fromkeys(order_of(values_in(results, call.aux, call.given)))
    return take_part(nodes, block.inside) or bool(call.given)


def in_kind(x: Any, as_values: bool) -> Any:
    """Return a result as what comes out: a structure of Values, or of plain numbers."""
    if isinstance(x, Value):
        return x if as_values else plain(x)
    return with_values(x) if as_values else with_numbers(x)


def beside(x: Any, call: Call, as_values: bool, has_aux: bool) -> Any:
    """Return a result, paired with what the function returned beside it where it has that."""
    if not has_aux:
        return x
    return x, call.aux if as_values else with_numbers(call.aux)


def scalar_result(f: Callable[..., Any], out: Any) -> Any:
    """Return the result of a scalar function.

    Raises: TypeError: it returned something else than one number.
    """
    if isinstance(out, Value):
        return out
    if not is_scalar(out):
        kind = type(out).__name__
        raise TypeError(f"{name_of(f)} returned a {kind}, not one number; use jacobian")
    (root,) = checked_results(f, out)
    return root if isinstance(root, Value) else as_data(root)


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives f's value and its gradient, for the cost of one pass each way.

    Arguments are numbers or structures of numbers: lists, tuples, named tuples, dicts, dataclasses,
    arrays, and what `register` makes one. The gradient has the structure of the argument; a tuple
    of them if `argnums` is a tuple. Keyword arguments pass through to f.

    Both are plain numbers where only plain numbers take part, as
    `scipy.optimize.minimize(jac=True)` wants them. Where Values do, both are Values (arrays have
    the type object), and can be differentiated; call it within `no_grad()` to have numbers.

    Args:
        f: a function that returns one number.
        argnums: the place of the argument to differentiate by, or a tuple of places.
        has_aux: f returns a pair, the number and anything else, which is passed on:
            (value, aux), gradient.
    Raises: TypeError when f does not return one number; ValueError when there is no such argument.

    >>> value_and_grad(lambda xs: xs[0] * xs[1])([3.0, 4.0])
    (12.0, [4.0, 3.0])
    >>> value_and_grad(lambda p, scale: scale * p["a"] * p["b"])({"a": 3.0, "b": 4.0}, scale=2.0)
    (24.0, {'a': 8.0, 'b': 6.0})
    """

    @named_after(f)
    def differentiated(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        with differentiation() as block:
            call = called(f, args, keywords, argnums, has_aux)
            root = scalar_result(f, call.out)
            slopes, as_values = gradient_of(call, block, root)
            value = beside(in_kind(root, as_values), call, as_values, has_aux)
        return value, rebuild(call.like, iter(slopes))

    return differentiated


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Return the gradient function of a scalar function; nest it for higher derivatives.

    Args, kinds and structures: as for `value_and_grad`; with `has_aux` it gives gradient, aux.

    >>> from autograd import sin
    >>> grad(grad(sin))(0.5) == -sin(0.5)
    True
    """
    both = value_and_grad(f, argnums, has_aux)

    @named_after(f)
    def differentiated(*args: Any, **keywords: Any) -> Any:
        value, gradient = both(*args, **keywords)
        return (gradient, value[1]) if has_aux else gradient

    return differentiated


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return the function that gives d output / d argument, one structure for each output.

    Where f returns an array, each array, number or list of numbers of the argument has an array of
    derivatives, whose axes are those of the output and then those of the argument.

    Cost: one reverse pass for each output.

    >>> jacobian(lambda xs: [xs[0] * xs[1], xs[0] + xs[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    >>> import numpy as np
    >>> jacobian(lambda xs: xs[:2] * xs[2])(np.array([3.0, 4.0, 5.0]))
    array([[5., 0., 3.],
           [0., 5., 4.]])
    """

    @named_after(f)
    def differentiated(*args: Any, **keywords: Any) -> Any:
        with differentiation() as block:
            call = called(f, args, keywords, argnums, has_aux)
            outputs = checked_results(f, call.out)
            as_values = values_come_out(call, block, outputs)
            rows = [slopes_by(call.leaves, [y], [1.0], as_values) for y in outputs]
            several = isinstance(argnums, (tuple, list))
            matrix = arranged(call.out, call.like, iter(rows), several)
            return beside(matrix, call, as_values, has_aux)

    return differentiated


def arranged(out: Any, like: Any, rows: Iterator[list[Any]], several: bool) -> Any:
    """Return the derivatives of a structure of outputs, of which each has a row.

    Args: like: the structure of the argument, or, if `several`, a tuple of those of arguments.
    """
    kind = kind_of(out)
    if kind is None:
        return rebuild(like, iter(next(rows)))
    if not is_array(out):
        return kind.filled(out, [arranged(part, like, rows, several) for part in kind.parts(out)])
    block = [next(rows) for _ in range(out.size)]
    columns = iter([[row[i] for row in block] for i in range(len(flatten(like)))])
    if several:
        return tuple(columns_in(x, out, columns) for x in like)
    return columns_in(like, out, columns)


def columns_in(like: Any, out: Any, columns: Iterator[list[Any]]) -> Any:
    """Return a structure with arrays of derivatives: axes of the output, then of the argument."""
    shape = tuple(like.shape) if is_array(like) else regular_shape(like)
    if shape is None:
        kind = kind_of(like)
        assert kind is not None
        return kind.filled(like, [columns_in(part, out, columns) for part in kind.parts(like)])
    numpy = sys.modules["numpy"]
    found = [next(columns) for _ in range(numpy.prod(shape, dtype=int))]
    numbers = [column[i] for i in range(out.size) for column in found]
    flat = array_of(numpy.empty(len(numbers)), numbers)
    return flat.reshape(tuple(out.shape) + shape)


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return the function that gives the matrix of second derivatives of a scalar function.

    Cost: one reverse pass over the gradient's graph for each input.

    >>> hessian(lambda xs: xs[0] ** 2 * xs[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums, has_aux), argnums, has_aux)


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    has_aux: bool = False,
    **keywords: Any,
) -> tuple[Any, ...]:
    """Return `f(*primals)` and its directional derivative along the tangents (forward mode).

    Args:
        primals, tangents: tuples with an entry for each argument; a tangent has the structure of
            its primal.
        has_aux: f returns a pair; what is beside the result comes third.
        keywords: passed through to f.
    Raises: ValueError when tangents and primals differ in structure.
    Cost:   one sweep from the leaves to the outputs, whatever their number.

    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 10.0))
    (12.0, 34.0)
    """
    along = tangents_of(primals, tangents)
    with differentiation() as block:
        call = called(f, primals, keywords, everything(f, primals), has_aux)
        call = call._replace(given=call.given + given_values(along))
        outputs = checked_results(f, call.out)
        as_values = values_come_out(call, block, outputs)
        tangent = dict(zip(call.leaves, map(Adjoint, along) if tracing() else along))
        pushforward(order_of(values_in(outputs)), tangent, as_values)
        pushed = [moved(tangent, y, as_values) for y in outputs]
        result = in_kind(call.out, as_values), rebuild(call.out, iter(pushed))
        return (*result, beside(None, call, as_values, True)[1]) if has_aux else result


def everything(f: Callable[..., Any], primals: Sequence[Any]) -> tuple[int, ...]:
    """Return the places of all arguments.

    Raises: ValueError: there is none.
    """
    if not len(primals):
        raise ValueError(f"no argument of {name_of(f)} is there to differentiate by; pass one")
    return tuple(range(len(primals)))


def tangents_of(primals: Any, tangents: Any) -> list[Any]:
    """Return the tangents in the order of the inputs, checked.

    Raises: TypeError, ValueError: they are no numbers, or have not the structure of the primals.
    """
    for what, xs in (("primals", primals), ("tangents", tangents)):
        if not isinstance(xs, (tuple, list)):
            raise TypeError(
                f"{what} is {described(xs)}; pass a tuple with an entry for each argument, such as"
                " (x,) for one"
            )
    return matched("inputs", "tangents", tuple(tangents), tuple(primals))


def matched(those: str, what: str, x: Any, like: Any) -> list[Any]:
    """Return the numbers and Values of x in the order of a structure that it has to have.

    Raises: TypeError, ValueError: it holds something else, or has another structure; the message
        says where, and how many there are.
    """
    try:
        return numbers_of(what, aligned(what, x, like))
    except ValueError as error:
        counts = len(flatten(like)), len(flatten(x))
        more = f" ({counts[0]} {those} but {counts[1]} {what})" if counts[0] != counts[1] else ""
        raise ValueError(f"{error}{more}") from None


def numbers_of(what: str, scalars: Sequence[Any]) -> list[Any]:
    """Return Values as they are, and plain numbers, checked."""
    try:
        return [x if isinstance(x, Value) else as_number(x) for x in scalars]
    except TypeError as error:
        raise TypeError(f"{what}: {error}") from None


def pushforward(order: Sequence[Value], tangent: dict[Value, Any], as_values: bool) -> None:
    """Add to the tangents of leaves those of all nodes that they move, in the order given."""
    with mode(ieee=True):
        if tracing():
            traced_pushforward(order, tangent)
            return
        for node in order:
            moving = {x for x in node.parents if x in tangent}  # the others have no tangent, not 0
            if moving and node not in tangent:
                recorded = zip(node.parents, node.local_derivatives)
                edges = slopes(node, moving) if as_values else recorded
                parts = [times(slope, tangent[x]) for x, slope in edges if x in moving]
                tangent[node] = fold(parts[1:], parts[0])


def moved(tangent: dict[Value, Any], y: Any, as_values: bool) -> Any:
    """Return the tangent of a result."""
    found = tangent.get(y, 0.0) if isinstance(y, Value) else 0.0
    found = found.number if isinstance(found, Adjoint) else found
    if as_values:
        return found if isinstance(found, Value) else Value(found)
    return plain(found) if isinstance(found, Value) else found


def vjp(
    f: Callable[..., Any], *primals: Any, has_aux: bool = False, **keywords: Any
) -> tuple[Any, ...]:
    """Return `f(*primals)` and the function that pulls a cotangent back to the arguments.

    A cotangent has the structure of f's result; what comes back is a tuple with a derivative for
    each argument. With `has_aux`, f returns a pair, and what is beside the result comes third.
    Other keyword arguments pass through to f.

    >>> value, pull = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pull([1.0, 10.0])
    ([12.0, 7.0], (14.0, 13.0))
    """
    with differentiation() as block:
        call = called(f, primals, keywords, everything(f, primals), has_aux)
        outputs = checked_results(f, call.out)
        as_values = values_come_out(call, block, outputs)
        value = in_kind(call.out, as_values)
        aux = beside(None, call, as_values, True)[1]

    def pull(cotangent: Any) -> tuple[Any, ...]:
        weights = matched("outputs", "cotangents", cotangent, value)
        with differentiation() as pulling:
            come_out = pulling.records and (as_values or bool(given_values(weights)))
            if not come_out:
                weights = with_numbers(weights)
            found = slopes_by(call.leaves, outputs, weights, come_out)
        return rebuild(call.like, iter(found))  # type: ignore[no-any-return]

    return (value, pull, aux) if has_aux else (value, pull)


def hvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], **keywords: Any
) -> tuple[Any, ...]:
    """Return the Hessian of a scalar function times a vector, without forming the Hessian.

    Args: as for `jvp`; keyword arguments pass through to f.
    Cost: a small multiple of one gradient, whatever the number of inputs.

    >>> hvp(lambda xs: xs[0] ** 2 * xs[1], ([3.0, 4.0],), ([1.0, 0.0],))
    ([8.0, 6.0],)
    """
    tangents_of(primals, tangents)
    gradient = grad(f, everything(f, primals))
    return jvp(gradient, primals, tangents, **keywords)[1]  # type: ignore[no-any-return]
