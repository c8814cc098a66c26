"""A call that is differentiated: recorded on fresh Values, and what takes part in it.

Plain numbers come back where only plain numbers went in. A Value takes part where it is among the
arguments, or where the result was computed from it: a network's weight in a function that closes
over it. Then value and derivatives come back as Values. What counts is whether it was an operand,
not whether a gradient flows at these numbers: the kind of a result does not depend on a kink.

A Value that the function makes itself while it runs, such as the zero that a sum starts with, was
not there before, and takes no part. Every leaf that is made in a call bears the mark of the call in
the place of its operands; one without it is from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from operator import index
from typing import Any, NamedTuple, TypeVar

from autograd.backward import topological_order
from autograd.coercion import as_data, as_number
from autograd.messages import shown
from autograd.modes import MODE, mode, tracing
from autograd.primitive_type import Primitive
from autograd.primitives import total
from autograd.structures import ARRAY, LIST, PLAIN, flatten, kind_of, paths, remade, replaced
from autograd.value import Value, node

Argnums = int | tuple[int, ...]
Function = Callable[..., Any]
Derivative = TypeVar("Derivative", bound=Callable[..., Any])


class Inside(tuple[()]):
    """The mark of a call, which is empty as the operands of a leaf are; no two are the same one.

    Attributes: `around`, the mark of the call around this one, or an empty tuple; `reached`,
    whether a derivative that was taken within the call was computed from a Value from outside.
    """

    around: tuple[()]
    reached: bool

    @classmethod
    def within(cls, around: tuple[()]) -> Inside:
        """Return a new mark."""
        mark = cls()
        mark.around = around
        mark.reached = False
        return mark

    def made(self, leaf: Value) -> bool:
        """Tell whether a leaf was made in the call of this mark."""
        return any(mark is self for mark in chain_from(leaf.operands))


def chain_from(mark: object) -> Iterator[Inside]:
    """Yield a mark and those around it, from the inside out; nothing of what is no mark."""
    while isinstance(mark, Inside):
        yield mark
        mark = mark.around


class Differentiation(NamedTuple):
    """A block in which functions are recorded.

    Attributes: the mark of what is made in it; whether Values may come out of it at all.
    """

    inside: Inside
    records: bool


@contextmanager
def differentiation() -> Iterator[Differentiation]:
    """Record within the block, also within `no_grad()`, where plain numbers come out of it."""
    how = MODE.get()
    inside = Inside.within(how.inside)
    with mode(record=True, differentiating=True, inside=inside):
        yield Differentiation(inside, how.record)


class Call(NamedTuple):
    """What a function returned, for fresh Values in the place of the chosen arguments.

    Attributes: `out`, and `aux` beside it; `leaves`, the fresh Values; `like`, the structure of
    what was chosen; `given`, the Values among all arguments.
    """

    out: Any
    aux: Any
    leaves: list[Value]
    like: Any
    given: list[Value]


def called(
    f: Function,
    args: Sequence[Any],
    keywords: Mapping[str, Any],
    argnums: Argnums,
    has_aux: bool = False,
) -> Call:
    """Call a function on lifted arguments."""
    # A fresh Value in the place of every number of the chosen arguments.
    chosen = places(argnums, len(args), f)
    arguments = list(args)
    leaves: list[Value] = []
    for i in chosen:
        arguments[i], fresh = lift(args[i], f"argument {i}")
        leaves += fresh
    like: Any = tuple(args[i] for i in chosen)
    if not isinstance(argnums, (tuple, list)):
        (like,) = like

    out = f(*arguments, **keywords)
    aux = None
    if has_aux:
        out, aux = pair_of(f, out)

    given: list[Value] = []
    for x in (*args, *keywords.values()):
        given += given_values(x)
    return Call(out, aux, leaves, like, given)


def places(argnums: Argnums, count: int, f: object) -> list[int]:
    """Return the places of the chosen arguments, counted from 0.

    Raises:
        TypeError: they are no ints.
        ValueError: there is no such argument, or it is chosen twice.
    """
    # One place, as nearly always.
    if type(argnums) is int and 0 <= argnums < count:
        return [argnums]
    listed = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    try:
        chosen = list(map(index, listed))
    except TypeError:
        raise TypeError(
            f"argnums {shown(argnums)}: pass the place of an argument, or a tuple of places"
        ) from None
    if not chosen or not all(-count <= i < count for i in chosen):
        raise ValueError(
            f"argnums {argnums!r} with {count} positional arguments: none such; what {name_of(f)}"
            " is differentiated by is passed by position"
        )
    found = [i % count for i in chosen]
    if len(set(found)) < len(found):
        raise ValueError(f"argnums {argnums!r}: an argument is there twice; pass each place once")
    return found


def lift(x: Any, what: str = "") -> tuple[Any, list[Value]]:
    """Return x with a fresh Value in place of every number, and those Values.

    A Value becomes a fresh node above itself: differentiating with respect to that node leaves
    alone what else depends on the original, so nested derivatives are not confused.

    Raises: TypeError, OverflowError: there is something else; the message says where.
    """
    if type(x) in PLAIN:
        leaf = Value(x)
        return leaf, [leaf]
    scalars = flatten(x)
    leaves: list[Value] = []
    try:
        for s in scalars:
            leaf = s.above() if isinstance(s, Value) else Value(s)
            leaves.append(leaf)
    except (TypeError, OverflowError) as error:
        place = what + paths(x)[len(leaves)]
        text = f"{place}: {error}" if place else str(error)
        raise type(error)(text) from None
    return remade(x, iter(leaves)), leaves


def pair_of(f: Function, out: object) -> tuple[Any, Any]:
    """Return the result of a function with `has_aux`, and what it returned beside it."""
    if isinstance(out, (tuple, list)) and len(out) == 2:
        return out[0], out[1]
    raise TypeError(
        f"{name_of(f)} returned {shown(out)}; with has_aux=True it returns a pair: the result, and"
        " whatever else it has to say"
    )


def given_values(x: Any) -> list[Value]:
    """Return the Values in an argument; a number of a trace is none.

    What is iterated over is a list, tuple, dict or other structure, never a set of data that has a
    length and is read when it is looked at.
    """
    found: list[Value] = []
    if isinstance(x, Value):
        return found if is_number(x) else [x]
    if type(x) in PLAIN:
        return found
    # A set of data that is read when it is looked at passes for a list, and is none.
    kind = kind_of(x)
    if kind is None or (kind is LIST and not isinstance(x, list)):
        return found
    if kind is ARRAY and x.dtype != object:
        return found
    parts = kind.parts(x)
    if PLAIN.issuperset(map(type, parts)):
        return found
    for part in parts:
        found += given_values(part)
    return found


def is_number(x: Value) -> bool:
    """Tell whether a node of a trace stands for what is a plain number where nothing is traced."""
    return getattr(type(x), "stands_for_number", False)


def values_in(*structures: object) -> list[Value]:
    """Return the Values among the scalars of some structures."""
    found: list[Value] = []
    for x in structures:
        found += values_among(flatten(x))
    return found


def values_among(xs: Iterable[object]) -> list[Value]:
    """Return those that are Values."""
    return [x for x in xs if isinstance(x, Value)]


def joint(roots: Sequence[Value], seeds: Sequence[Any] = ()) -> Value:
    """Return a node above some roots: the sum of them, each times its seed.

    It has no number of its own, only the kind of theirs: a pass over fractions is to be exact.
    """
    zeros = (root._data * 0 for root in roots if type(root._data) is not float)
    zero = next(zeros, 0.0)
    return node(zero, total, tuple(roots), tuple(roots), tuple(seeds) or (1,) * len(roots))


def order_of(roots: Sequence[Value]) -> list[Value]:
    """Return every Value that some roots depend on, parents before results."""
    if not roots:
        return []
    if len(roots) == 1:
        return topological_order(roots[0])
    return topological_order(joint(roots))[:-1]


def take_part(nodes: Mapping[Value, Any], inside: Inside) -> bool:
    """Tell whether a Value from outside takes part in what a call has computed.

    The calls around it are told, too: at other numbers their own results might reach that Value,
    where a derivative at these numbers does not.

    Args: nodes: the keys are all that edges lead to from the results.
    Cost: one look at each, and a walk where an operand has no edge.
    """
    leaves = leaves_from_outside(nodes, inside)
    # Of the outermost call the first leaf decides; there is nobody else to tell.
    if not isinstance(inside.around, Inside):
        return inside.reached or any(True for _ in leaves)
    found = list(leaves)
    for mark in chain_from(inside.around):
        mark.reached = mark.reached or not all(map(mark.made, found))
    return inside.reached or bool(found)


def leaves_from_outside(nodes: Mapping[Value, Any], inside: Inside) -> Iterator[Value]:
    """Yield the leaves that were not made in a call, with or without an edge that leads there."""
    # What an operand without an edge leads to is looked at once the nodes are through.
    beside: list[Value] = []
    for x in nodes:
        op = x.op
        if op is None:
            if x.operands is not inside and is_from_outside(x, inside):
                yield x
        elif op not in ALWAYS_WITH_EDGES and not is_number(x):
            if op.constant is None and None not in op.partials:
                ALWAYS_WITH_EDGES.add(op)
            beside += [y for y in values_among(x.operands) if y not in nodes]
    for x in reached(beside):
        if is_from_outside(x, inside):
            yield x


# To each Value among their operands, of those that have been met so far.
ALWAYS_WITH_EDGES: set[Primitive] = set()


def is_from_outside(x: Value, inside: Inside) -> bool:
    """Tell whether a node is a leaf that was not made in a call."""
    return x.op is None and not len(x.operands) and not inside.made(x)


def reached(roots: list[Value]) -> Iterator[Value]:
    """Yield some nodes and all that operands lead to from them."""
    seen: set[Value] = set()
    stack = roots
    while stack:
        x = stack.pop()
        if x not in seen and not is_number(x):
            seen.add(x)
            yield x
            stack += values_among(x.operands)


def checked_results(f: Function, out: object) -> list[Any]:
    """Return the numbers and Values that a function returned.

    Raises: TypeError: there is something else among them; the message says where.
    """
    found = flatten(out)
    for i, y in enumerate(found):
        if not isinstance(y, Value):
            try:
                found[i] = as_number(y)
            except TypeError as error:
                place = at(paths(out)[i])
                raise TypeError(f"{name_of(f)} returned{place} {error}") from None
    return found


def at(path: str) -> str:
    """Return the place of a number in a result, as a message says it."""
    return f", at {path.strip()}," if path else ""


def plain(y: Value) -> Any:
    """Return the number of a Value; in a trace what stands for it in every sample."""
    return y.data if tracing() else y._data


def with_numbers(x: object) -> Any:
    """Return a structure with the number of every Value in its place."""

    def number_of(y: object) -> Any:
        return plain(y) if isinstance(y, Value) else y

    return replaced(x, number_of)


def with_values(x: object) -> Any:
    """Return a structure of numbers with a Value in the place of every plain one."""

    def value_of(y: object) -> Value:
        return y if isinstance(y, Value) else Value(as_data(y))

    return replaced(x, value_of)


def name_of(f: object) -> str:
    """Return what a message calls a function."""
    while isinstance(f, partial):
        f = f.func
    name = getattr(f, "__name__", None) or getattr(f, "name", None)
    return str(name or "the function")


def named_after(f: Function) -> Callable[[Derivative], Derivative]:
    """Return the decorator that gives a derivative the name and the text of its function.

    Raises: TypeError: it is no function; the message says how derivatives are asked for.
    """
    if not callable(f):
        raise TypeError(
            f"{type(f).__name__} {shown(f)} is not a function; pass one, and call what comes back:"
            " grad(f)(x)"
        )

    def named(derivative: Derivative) -> Derivative:
        told = f.func if isinstance(f, partial) else f
        found: Any = wraps(told, updated=())(derivative)
        found.__name__ = name_of(f)
        found.__wrapped__ = f
        return found  # type: ignore[no-any-return]

    return named
