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
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

from autograd.backward import adjoints, check_recorded
from autograd.coercion import Operand, Operands, as_data, as_number, checked_seed, elements
from autograd.function_calls import (
    Argnums,
    Call,
    Differentiation,
    Function,
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
from autograd.value import Value, edge_mask, numbers_of, slopes_as_values

if TYPE_CHECKING:
    from autograd.backward import Adjoints
    from autograd.structures import Array

    # Parents, each with the local derivative of the edge that leads to it.
    Edges = list[tuple[Value, Any]]

# Relative: a slope computed twice may differ by rounding, not by more.
CHANGED = 1e-6


def gradients(root: Value, leaves: Any, seed: Operand = 1) -> Any:
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
    is_sequence = kind in (LIST, TUPLE)
    # A sequence of Values, or what `values` refuses by name.
    if kind is None or (is_sequence and all(map(is_scalar, leaves))):
        scalars = values("leaves", leaves)
        return pulled_back([root], [seed], scalars)
    scalars = values("leaves", flatten(leaves))
    found = pulled_back([root], [seed], scalars)
    return rebuild(leaves, iter(found))


def pulled_back(roots: Sequence[Value], seeds: Operands, leaves: Sequence[Value]) -> list[Value]:
    """Return the derivatives of the sum of some roots, each times its seed, as Values."""
    order = order_of(roots)
    # Only nodes above a leaf pass anything on to it.
    relevant = set(leaves)
    for node in order:
        if not relevant.isdisjoint(node.parents):
            relevant.add(node)
    differentiate = traced_gradients if tracing() else recorded_gradients
    seeded = list(zip(roots, seeds))
    # An infinite slope is an answer here, as it is to `backward`.
    with mode(ieee=True):
        found = differentiate(order, relevant, seeded, leaves)
    # Of a leaf that is not reached it is the plain number 0.
    return [g if isinstance(g, Value) else Value(g) for g in found]


def recorded_gradients(
    order: Sequence[Value],
    relevant: set[Value],
    seeds: Sequence[tuple[Value, Any]],
    leaves: Sequence[Value],
) -> list[Any]:
    """Return the derivative by every leaf, over the edges that were recorded."""
    adjoint: Adjoints = {}
    for root, seed in seeds:
        add_to(adjoint, root, seed)
    for node in reversed(order):
        if node in relevant and node in adjoint:
            for parent, slope in slopes(node, relevant):
                product = times(slope, adjoint[node])
                add_to(adjoint, parent, product)
    return adjoints_of(leaves, adjoint)


def add_to(adjoint: Adjoints, node: Value, term: Operand) -> None:
    """Add a term to the adjoint of a node; the first one is it, without a sum."""
    adjoint[node] = adjoint[node] + term if node in adjoint else term


def adjoints_of(leaves: Iterable[Value], adjoint: Adjoints) -> list[Any]:
    """Return the adjoints of leaves, 0 of those that a pass has not reached."""
    return [adjoint.get(leaf, 0.0) for leaf in leaves]


def values(what: str, xs: Any) -> Sequence[Value]:
    """Return the Values of a sequence.

    Raises: TypeError: it is no sequence of Values; the message names the argument.
    """
    found = None if isinstance(xs, Value) else elements(what, xs)
    if found is not None and all(isinstance(x, Value) for x in found):
        return found
    raise TypeError(f"{what}: a sequence of Values is expected, not {shown(xs)}")


def slopes(node: Value, relevant: set[Value]) -> Edges:
    """Return (parent, local derivative) for each edge to a relevant parent; slopes are Values."""
    if node.op is None:
        return []
    operands = node.operands
    numbers = numbers_of(operands)
    has_edge = edge_mask(node.op, operands, numbers, node._data)
    mask = [edge and x in relevant for x, edge in zip(operands, has_edge)]
    # Of the others the slope is not even evaluated.
    found = slopes_as_values(node.op, operands, node, mask)
    pairs = zip(operands, found)
    edges = list(compress(pairs, mask))
    check_unchanged(node, edges, relevant)
    return edges


def check_unchanged(node: Value, edges: Edges, relevant: set[Value]) -> None:
    """Raise where an operand's number is no longer the one that the node was recorded with.

    The rules are called on the operands as they are now: a gradient that mixes both moments would
    be wrong at either. `backward` has the recorded slopes and needs no check.
    """
    recorded = zip(node.parents, node.local_derivatives)
    then = [slope for parent, slope in recorded if parent in relevant]
    now = numbers_of(slope for _, slope in edges)
    same_edges = len(now) == len(then)
    if same_edges and all(map(as_recorded, now, then)):
        return
    raise RuntimeError(
        f"an operand of {label(node)} was changed after it was recorded: the slopes {shown(then)} "
        f"have become {shown(now)}; record it again, or use backward(), which keeps to the record"
    )


def as_recorded(now: float, then: float) -> bool:
    """Tell whether a slope is the recorded one, but for rounding."""
    both_nan = now != now and then != then
    if both_nan or now == then:
        return True
    return abs(now - then) <= CHANGED * abs(then)


def slopes_by(
    leaves: Sequence[Value], roots: Operands, seeds: Operands, as_values: bool
) -> list[Any]:
    """Return the derivatives of the sum of some results, each times its seed, by every leaf."""
    # A result that is a plain number depends on nothing.
    pairs = [(y, seed) for y, seed in zip(roots, seeds) if isinstance(y, Value)]
    reached = [y for y, _ in pairs]
    if as_values or tracing():
        weights = [seed for _, seed in pairs]
        found = pulled_back(reached, weights, leaves)
        if as_values:
            return found
        return list(map(plain, found))
    if not pairs:
        return [0.0] * len(leaves)
    checked = [checked_seed(*pair) for pair in pairs]
    adjoint, _ = adjoints(joint(reached, checked))
    return adjoints_of(leaves, adjoint)


def gradient_of(call: Call, block: Differentiation, root: Operand) -> tuple[list[Any], bool]:
    """Return d root / d leaf for every leaf of a call, and whether Values take part in it.

    Where none does, that is found out on the nodes that the backward pass has met anyhow.
    """
    # Where the adjoints of one pass say nothing of it, or not all.
    known = not block.records or bool(call.given)
    if known or tracing() or call.aux is not None or not isinstance(root, Value):
        as_values = values_come_out(call, block, [root])
        slopes = slopes_by(call.leaves, [root], [1.0], as_values)
        return slopes, as_values
    adjoint, _ = adjoints(root)
    as_values = take_part(adjoint, block.inside)
    if as_values:
        slopes = pulled_back([root], [1.0], call.leaves)
    else:
        slopes = adjoints_of(call.leaves, adjoint)
    return slopes, as_values


def values_come_out(call: Call, block: Differentiation, results: Operands) -> bool:
    """Tell whether a call gives Values, because Values take part in it, or plain numbers."""
    if not block.records:
        return False
    is_outermost = not isinstance(block.inside.around, Inside)
    if call.given and is_outermost:
        return True
    found = values_in(results, call.aux, call.given)
    # Asked also where Values are given, for it tells the calls around.
    nodes = dict.fromkeys(order_of(found))
    taken = take_part(nodes, block.inside)
    return taken or bool(call.given)


def in_kind(x: object, as_values: bool) -> Any:
    """Return a result as what comes out: a structure of Values, or of plain numbers."""
    if as_values:
        return x if isinstance(x, Value) else with_values(x)
    return plain(x) if isinstance(x, Value) else with_numbers(x)


def beside(call: Call, as_values: bool) -> Any:
    """Return what the function returned beside its result, as what comes out."""
    return call.aux if as_values else with_numbers(call.aux)


def scalar_result(f: Function, out: object) -> Any:
    """Return the result of a scalar function.

    Raises: TypeError: it returned something else than one number.
    """
    if isinstance(out, Value):
        return out
    if not is_scalar(out):
        kind = type(out).__name__
        raise TypeError(f"{name_of(f)} returned a {kind}, not one number; use jacobian")
    (root,) = checked_results(f, out)
    if isinstance(root, Value):
        return root
    return as_data(root)


def value_and_grad(
    f: Function, argnums: Argnums = 0, has_aux: bool = False
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
            value = in_kind(root, as_values)
            if has_aux:
                value = value, beside(call, as_values)
        gradient = rebuild(call.like, iter(slopes))
        return value, gradient

    return differentiated


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
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
        if not has_aux:
            return gradient
        _, aux = value
        return gradient, aux

    return differentiated


def jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
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
            leaves = call.leaves
            outputs = checked_results(f, call.out)
            as_values = values_come_out(call, block, outputs)
            rows = [slopes_by(leaves, [y], [1.0], as_values) for y in outputs]
            several = isinstance(argnums, (tuple, list))
            matrix = arranged(call.out, call.like, iter(rows), several)
            if has_aux:
                return matrix, beside(call, as_values)
            return matrix

    return differentiated


def arranged(out: Any, like: Any, rows: Iterator[list[Any]], several: bool) -> Any:
    """Return the derivatives of a structure of outputs, of which each has a row.

    Args: like: the structure of the argument, or, if `several`, a tuple of those of arguments.
    """
    kind = kind_of(out)
    if kind is None:
        row = next(rows)
        return rebuild(like, iter(row))
    if not is_array(out):
        parts = kind.parts(out)
        new = [arranged(part, like, rows, several) for part in parts]
        return kind.filled(out, new)
    # A row for each output; a column for each number of the argument.
    block = [next(rows) for _ in range(out.size)]
    count = len(flatten(like))
    transposed = [[row[i] for row in block] for i in range(count)]
    columns = iter(transposed)
    if several:
        return tuple(columns_in(x, out, columns) for x in like)
    return columns_in(like, out, columns)


def columns_in(like: Any, out: Array, columns: Iterator[list[Any]]) -> Any:
    """Return a structure with arrays of derivatives: axes of the output, then of the argument."""
    shape = tuple(like.shape) if is_array(like) else regular_shape(like)
    if shape is None:
        kind = kind_of(like)
        # One number has the shape ().
        assert kind is not None
        parts = kind.parts(like)
        new = [columns_in(part, out, columns) for part in parts]
        return kind.filled(like, new)
    numpy = sys.modules["numpy"]
    # The axes of the output come first, so the columns are gone through for each output.
    size = numpy.prod(shape, dtype=int)
    found = [next(columns) for _ in range(size)]
    numbers = [column[i] for i in range(out.size) for column in found]
    like_it = numpy.empty(len(numbers))
    flat = array_of(like_it, numbers)
    axes = tuple(out.shape) + shape
    return flat.reshape(axes)


def hessian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that gives the matrix of second derivatives of a scalar function.

    Cost: one reverse pass over the gradient's graph for each input.

    >>> hessian(lambda xs: xs[0] ** 2 * xs[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    gradient = grad(f, argnums, has_aux)
    return jacobian(gradient, argnums, has_aux)


def jvp(
    f: Function,
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
        # The call, whose tangents may be Values, too.
        chosen = everything(f, primals)
        call = called(f, primals, keywords, chosen, has_aux)
        call = call._replace(given=call.given + given_values(along))
        outputs = checked_results(f, call.out)
        as_values = values_come_out(call, block, outputs)

        # From the leaves to the outputs.
        starts = map(Adjoint, along) if tracing() else along
        tangent = dict(zip(call.leaves, starts))
        order = order_of(values_in(outputs))
        pushforward(order, tangent, as_values)

        # What comes out.
        pushed = [moved(tangent, y, as_values) for y in outputs]
        value = in_kind(call.out, as_values)
        along_value = rebuild(call.out, iter(pushed))
        if has_aux:
            return value, along_value, beside(call, as_values)
        return value, along_value


def everything(f: Function, primals: Sequence[Any]) -> tuple[int, ...]:
    """Return the places of all arguments.

    Raises: ValueError: there is none.
    """
    if not len(primals):
        raise ValueError(f"no argument of {name_of(f)} is there to differentiate by; pass one")
    return tuple(range(len(primals)))


def tangents_of(primals: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
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


def matched(those: str, what: str, x: object, like: object) -> list[Any]:
    """Return the numbers and Values of x in the order of a structure that it has to have.

    Raises: TypeError, ValueError: it holds something else, or has another structure; the message
        says where, and how many there are.
    """
    try:
        return checked_numbers(what, aligned(what, x, like))
    except ValueError as error:
        wanted = len(flatten(like))
        found = len(flatten(x))
        more = f" ({wanted} {those} but {found} {what})" if wanted != found else ""
        raise ValueError(f"{error}{more}") from None


def checked_numbers(what: str, scalars: Operands) -> list[Any]:
    """Return Values as they are, and plain numbers, checked."""
    try:
        return [x if isinstance(x, Value) else as_number(x) for x in scalars]
    except TypeError as error:
        raise TypeError(f"{what}: {error}") from None


def pushforward(order: Sequence[Value], tangent: Adjoints, as_values: bool) -> None:
    """Add to the tangents of leaves those of all nodes that they move, in the order given."""
    with mode(ieee=True):
        if tracing():
            traced_pushforward(order, tangent)
            return
        for node in order:
            # The other parents have no tangent, which is not a tangent of 0.
            moving = {x for x in node.parents if x in tangent}
            if moving and node not in tangent:
                recorded = zip(node.parents, node.local_derivatives)
                edges = slopes(node, moving) if as_values else recorded
                terms = [times(slope, tangent[x]) for x, slope in edges if x in moving]
                first, *others = terms
                tangent[node] = fold(others, first)


def moved(tangent: Adjoints, y: object, as_values: bool) -> Any:
    """Return the tangent of a result."""
    found = tangent.get(y, 0.0) if isinstance(y, Value) else 0.0
    if isinstance(found, Adjoint):
        found = found.number
    if isinstance(found, Value):
        return found if as_values else plain(found)
    return Value(found) if as_values else found


def vjp(f: Function, *primals: Any, has_aux: bool = False, **keywords: Any) -> tuple[Any, ...]:
    """Return `f(*primals)` and the function that pulls a cotangent back to the arguments.

    A cotangent has the structure of f's result; what comes back is a tuple with a derivative for
    each argument. With `has_aux`, f returns a pair, and what is beside the result comes third.
    Other keyword arguments pass through to f.

    >>> value, pull = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pull([1.0, 10.0])
    ([12.0, 7.0], (14.0, 13.0))
    """
    with differentiation() as block:
        chosen = everything(f, primals)
        call = called(f, primals, keywords, chosen, has_aux)
        outputs = checked_results(f, call.out)
        as_values = values_come_out(call, block, outputs)
        value = in_kind(call.out, as_values)
        aux = beside(call, as_values)

    def pull(cotangent: object) -> tuple[Any, ...]:
        weights = matched("outputs", "cotangents", cotangent, value)
        with differentiation() as pulling:
            takes_part = as_values or bool(given_values(weights))
            come_out = pulling.records and takes_part
            if not come_out:
                weights = with_numbers(weights)
            found = slopes_by(call.leaves, outputs, weights, come_out)
        return rebuild(call.like, iter(found))  # type: ignore[no-any-return]

    if has_aux:
        return value, pull, aux
    return value, pull


def hvp(
    f: Function, primals: Sequence[Any], tangents: Sequence[Any], **keywords: Any
) -> tuple[Any, ...]:
    """Return the Hessian of a scalar function times a vector, without forming the Hessian.

    Args: as for `jvp`; keyword arguments pass through to f.
    Cost: a small multiple of one gradient, whatever the number of inputs.

    >>> hvp(lambda xs: xs[0] ** 2 * xs[1], ([3.0, 4.0],), ([1.0, 0.0],))
    ([8.0, 6.0],)
    """
    tangents_of(primals, tangents)
    gradient = grad(f, everything(f, primals))
    _, product = jvp(gradient, primals, tangents, **keywords)
    return product  # type: ignore[no-any-return]
