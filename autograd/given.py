"""Nodes whose local derivatives a caller gives, and the names that micrograd and microgpt have.

Whoever has an operation of their own writes `Value(data, children, local_grads)`, as in microgpt,
or `Value(data, children, "name")` and then sets `_backward`, as in micrograd. Either is recorded as
one node. Its slopes are numbers, which know nothing of the children: so a second derivative through
such a node is NaN, and never a wrong number. `autograd.primitive` declares an operation that can be
differentiated again.

>>> from autograd import Value
>>> x = Value(3.0)
>>> y = Value(x.data**2, (x,), (2 * x.data,))
>>> (y * 5.0).backward(); x.grad
30.0
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from math import nan
from typing import TYPE_CHECKING, Any

from autograd.backward import Unrecorded
from autograd.coercion import Operand, Operands, as_number
from autograd.messages import shown
from autograd.primitive_type import Primitive, Variadic
from autograd.primitives import one

if TYPE_CHECKING:
    from autograd.value import Value

Children = Collection[Operand]
Slopes = Mapping[Any, Operand] | Iterable[Operand] | Operand

WAYS = "Value(data, children, local_grads), with one slope for each child"
# Symbols whose operations are kept.
MOST_SYMBOLS = 256
# Gradients of a node with which its `_backward` is tried, and what it may differ relatively.
UPSTREAMS = (1.0, 2.0, -1.0)
LINEAR = 1e-9


class Given(Variadic):
    """The operation of a node whose slopes were given: only its text is known."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol, self.unknown, self.slopes)

    def unknown(self, *_: object) -> Any:
        """Refuse to be computed again.

        Raises: TypeError: always.
        """
        raise TypeError(
            f"{self.symbol}: its number and slopes were given for one point, so it cannot be"
            " computed at another; declare the operation with @autograd.primitive"
        )

    def slopes(self, operands: Operands, out: Value) -> list[Any]:
        """Return the slopes as Values that are NaN when they are differentiated again."""
        given = iter(out.local_derivatives)
        found: list[Any] = []
        for x in operands:
            if not hasattr(x, "record"):
                found.append(None)
                continue
            slope = next(given)
            found.append(slope_of((slope, *operands)))
        return found

    def spell(self, *operands: str) -> str:
        """Return the operation as text."""
        return Primitive.spell(self, *operands)


# A slope that was given: how it depends on the operands is not known. And a node with such a slope
# for one operand, in a trace, where the slope is a number that follows the sample.
slope_of = Variadic(
    "slope", lambda slope, *_: slope, lambda operands, out: [None] + [nan] * (len(operands) - 1)
)
attached = Primitive(
    "given",
    lambda number, x, slope: number,
    one,
    lambda number, x, slope, out: slope_of((slope, x)),
    None,
    smooth=False,
)


@lru_cache(MOST_SYMBOLS)
def given(symbol: str) -> Given:
    """Return the operation with a symbol."""
    return Given(symbol)


def checked_children(children: object) -> tuple[Any, ...]:
    """Return the children of a node as a tuple.

    Raises: TypeError: one is neither a Value nor a number; or they have no order.
    """
    if not isinstance(children, (tuple, list)):
        raise TypeError(
            f"the children of a Value are a tuple or list of Values, not {type(children).__name__}"
            f" {shown(children)}"
        )
    found = tuple(children)
    for i, x in enumerate(found):
        if not hasattr(x, "record"):
            try:
                as_number(x)
            except TypeError as error:
                raise TypeError(f"children[{i}]: {error}") from None
    if found and not any(hasattr(x, "record") for x in found):
        raise TypeError(f"the children {shown(children)} hold no Value; pass {WAYS}")
    return found


def checked_slopes(slopes: Slopes | None, children: Operands) -> tuple[Any, ...]:
    """Return the slopes that were given for children; NaN for each if there are none yet.

    Raises: TypeError: one is no number; ValueError: there are more or fewer than children.
    """
    if slopes is None:
        return (nan,) * len(children)
    if isinstance(slopes, Mapping):
        slopes = [slopes[x] for x in children if x in slopes]
    found: tuple[Any, ...] = tuple(slopes) if isinstance(slopes, Iterable) else (slopes,)
    if len(found) != len(children):
        raise ValueError(f"{len(children)} children, but {len(found)} slopes; pass {WAYS}")
    checked = []
    for i, slope in enumerate(found):
        try:
            checked.append(slope if hasattr(slope, "record") else as_number(slope))
        except TypeError as error:
            raise TypeError(f"local_grads[{i}]: {error}") from None
    return tuple(checked)


def attach(number: Operand, children: Operands, slopes: Sequence[Any]) -> Any:
    """Return a number of a trace as a node above children, with a slope for each of them."""
    for x, slope in zip(children, slopes):
        number = attached(number, x, slope)
    return number


class PeerNames:
    """A mixin: what micrograd and microgpt call the attributes of a Value.

    Only `label` can be set, and `_backward` of a node that has no slopes yet.
    """

    # Weak references are declared here, so that all that is built on it has one layout.
    __slots__ = ("__weakref__",)
    op: Primitive | None
    operands: tuple[Any, ...]
    parents: tuple[Any, ...]
    local_derivatives: tuple[Any, ...]
    name: str | None
    grad: Any

    @property
    def label(self) -> str | None:
        """The name."""
        return self.name

    @label.setter
    def label(self, text: str | None) -> None:
        self.name = text  # type: ignore[misc]

    @property
    def _children(self) -> tuple[Any, ...]:
        return tuple(x for x in self.operands if hasattr(x, "record"))

    @property
    def _prev(self) -> tuple[Any, ...]:
        # Each once, as in a set, but in order.
        return tuple(dict.fromkeys(self._children))

    @property
    def _op(self) -> str:
        return self.op.symbol if self.op else ""

    @property
    def _local_grads(self) -> tuple[Any, ...]:
        # One for each child, for loops that go through both: 0.0 where there is no edge.
        found = []
        edges = list(zip(self.parents, self.local_derivatives))[::-1]
        for child in self._children:
            has_edge = edges and edges[-1][0] is child
            found.append(edges.pop()[1] if has_edge else 0.0)
        return tuple(found)

    @property
    def _backward(self) -> Callable[[], None]:
        return self.hand_on

    @_backward.setter
    def _backward(self, function: Callable[[], None]) -> None:
        # Within no_grad(), where nothing is recorded.
        if isinstance(self.local_derivatives, Unrecorded):
            return
        if not isinstance(self.op, Given):
            raise AttributeError(
                "_backward can only be set of a node made by Value(data, children, name);"
                f" or pass the slopes: {WAYS}"
            )
        self.local_derivatives = slopes_by(function, self, self.parents)  # type: ignore[misc]

    def hand_on(self) -> None:
        """Add this node's gradient, times each slope, to those of its parents."""
        for parent, slope in zip(self.parents, self.local_derivatives):
            parent.grad = parent.grad + slope * self.grad


def slopes_by(function: Callable[[], None], node: PeerNames, children: Operands) -> tuple[Any, ...]:
    """Return the slopes of a node: what its `_backward` adds up when the gradient is 1.

    It is run with other gradients as well, to see that it is linear. Where a child is there twice,
    the first one has the slope of both.

    Raises: ValueError: it is not linear, or it adds to the gradient of a Value that is no child.
    """
    parents = list(dict.fromkeys(children))
    known = {node, *parents}
    strangers = [x for x in mentioned(function) if x not in known]
    nodes = [node, *parents, *strangers]
    before = [x.grad for x in nodes]

    # What it adds to each of the parents, for each gradient of the node.
    found = []
    try:
        for upstream in UPSTREAMS:
            for x in (*parents, *strangers):
                x.grad = 0.0
            node.grad = upstream
            function()
            found.append([x.grad for x in parents])
            check_untouched(strangers)
    finally:
        for x, grad in zip(nodes, before):
            x.grad = grad

    # A slope is what one unit of gradient adds, and twice the gradient adds twice as much.
    for upstream, others in zip(UPSTREAMS, found):
        if not all(map(partial(is_multiple, upstream), found[0], others)):
            raise ValueError(
                f"_backward is not linear in the gradient of its node: {upstream} gives"
                f" {shown(others)}, not {upstream} * {shown(found[0])}; slopes are numbers of the"
                " forward pass"
            )
    slopes = dict(zip(parents, found[0]))
    return tuple(slopes.pop(x, 0.0) for x in children)


def check_untouched(strangers: Iterable[PeerNames]) -> None:
    """Raise a ValueError where a Value that is no child has a gradient other than 0."""
    for x in strangers:
        if type(x.grad) is not float or x.grad != 0.0:
            raise ValueError(
                f"_backward adds to the gradient of {x!r}, which is none of the children;"
                " pass it among them"
            )


def is_multiple(factor: float, x: Any, y: Any) -> bool:
    """Tell whether y is a multiple of x, but for rounding; in a trace at the example."""
    x = getattr(x, "_data", x)
    y = getattr(y, "_data", y)
    difference = abs(y - factor * x)
    return bool(difference <= LINEAR * abs(y)) or x != x


def mentioned(function: Callable[[], None]) -> list[PeerNames]:
    """Return the Values that a function closes over."""
    closure = getattr(function, "__closure__", None) or ()
    found = [cell.cell_contents for cell in closure]
    code = getattr(function, "__code__", None)
    names = getattr(code, "co_names", ())
    known = getattr(function, "__globals__", {})
    found += [known[name] for name in names if name in known]
    values = [x for x in found if isinstance(x, PeerNames)]
    return list(dict.fromkeys(values))
