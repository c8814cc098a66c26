"""Value: a number that remembers how it was computed.

Every operation on Values makes a new node that records the primitive, its operands, and one local
derivative for each operand that the result depends on. `backward` needs nothing else.

>>> x = Value(3.0, name="x")
>>> y = x * x + 1
>>> y.op, y.parents[0].local_derivatives
(<primitive +>, (3.0, 3.0))
>>> y.backward()
>>> x.grad
6.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from fractions import Fraction
from itertools import compress
from math import nan
from numbers import Real
from typing import Any, SupportsFloat

from autograd.atomic import set_attributes
from autograd.backward import UNRECORDED, backward, backward_steps, history
from autograd.coercion import (
    Number,
    Numbers,
    Operand,
    Operands,
    added,
    as_data,
    as_number,
    checked_name,
    compared,
    ieee_result,
    refusable,
)
from autograd.given import (
    Children,
    PeerNames,
    Slopes,
    attach,
    checked_children,
    checked_slopes,
    given,
)
from autograd.messages import explained, formatted
from autograd.modes import (
    MODE,
    USUAL,
    copies_are_nodes,
    detours,
    mode,
    modes_in_use,
    traces,
)
from autograd.newest import REVISION, ahead, new_revision, settle
from autograd.operators import Operators
from autograd.primitive_type import Primitive
from autograd.primitives import add, div, equal, mul, neg, pos, power, sub, unequal
from autograd.scalar_math import times_log
from autograd.steps import Step
from autograd.structures import SCALAR_TYPES, is_0d

new = object.__new__


FIELDS = ("_data", "grad", "op", "operands", "parents", "local_derivatives", "name")


class Value(PeerNames, Operators):
    """A real number that records its parents and its local derivatives.

    Args:
        data: a float, int, Fraction (which stays exact) or NumPy scalar.
        name: optional label for drawings and messages; or children, see `autograd.given`.
        local_grads: a slope for each of the children; or what the operation is called.
        label: another word for the name.
        children, _children, _prev, op, _op: the same, by the names that peers have for them.

    Attributes: `data`, the number, a float or a Fraction; `grad`, d root / d self of the backward
    passes so far (interior nodes: of the latest one); `op`, the Primitive that made it, None for a
    leaf; `operands`, what it was applied to; `parents`, the operands that an edge leads to, repeats
    kept; `local_derivatives`, one number per parent; `name`.

    Comparisons and `bool` follow the number, `==` and `!=` too. Hashing goes by identity: a dict or
    a set tells Values apart whose numbers are equal; `in` and `index` of a list do not, for which
    there is `is`. Functions of one number are methods too (`x.exp()`, `x.relu()`, `x.clip(0, 1)`),
    also under NumPy's names, so that object arrays of Values work; `where`,
    `stop_gradient` and those of many numbers (`mean`, `prod`, `norm`, `logsumexp`) are functions
    only.

    Raises: TypeError for anything that is not a real number; operations raise what the same
    operation on floats raises, with the operands in the message.

    >>> Value(2.0, name="w") * 3
    Value(data=6.0, grad=0.0)
    """

    __slots__ = FIELDS
    _data: Any
    grad: Any
    op: Primitive | None
    operands: tuple[Any, ...]
    parents: tuple[Value, ...]
    local_derivatives: tuple[float, ...]
    name: str | None

    def __init__(
        self,
        data: Operand,
        name: str | Children | None = None,
        local_grads: Slopes | str | None = None,
        label: str | None = None,
        *,
        children: Children | None = None,
        _children: Children | None = None,
        _prev: Children | None = None,
        op: str | None = None,
        _op: str | None = None,
    ) -> None:
        if type(data) is float:
            self._data = data
            self.grad = 0.0
        elif isinstance(data, Value):
            data.hand_over(self, name, local_grads, children or _children or _prev)
            return
        else:
            self._data = as_data(data)
            self.zero_grad()
        self.op = None
        self.operands = self.parents = self.local_derivatives = ()
        self.name = None
        # Whether any of these is not None:
        if not (label is op is _op is name is local_grads is children is _children is _prev):
            children = children or _children or _prev
            self.described(name, local_grads, label, children, op or _op)
        if modes_in_use and self.op is None:
            how = MODE.get()
            self.operands = how.inside
            if how.observer:
                how.observer.made(self)

    def described(
        self,
        name: str | Children | None,
        slopes: Slopes | str | None,
        label: str | None,
        children: Children | None,
        symbol: str | None,
    ) -> None:
        """Take a name, or children with their slopes, in the places where callers pass them."""
        if isinstance(name, (tuple, list, set, frozenset)):
            children = name
            name = None
        if name is None:
            name = label or None
        self.name = checked_name(name)
        if isinstance(slopes, str):
            symbol = slopes
            slopes = None
        if children or slopes:
            checked = checked_children(children or ())
            self.adopt(checked, slopes, symbol or "given")

    def adopt(self, children: tuple[Any, ...], slopes: Slopes | None, symbol: str) -> None:
        """Become the result of children, with the slopes that were given for them."""
        slopes = checked_slopes(slopes, children)
        how = MODE.get() if modes_in_use else USUAL
        if how.symbolic:
            attach(self._data, children, slopes).give_place(self, self.name)
        elif how.record:
            self.op = given(symbol)
            self.operands = children
            edges = [isinstance(x, Value) for x in children]
            self.parents = tuple(compress(children, edges))
            of_edges = compress(slopes, edges)
            self.local_derivatives = tuple(numbers_of(of_edges))
            if how.observer:
                how.observer.recorded(self)
        else:
            self.local_derivatives = UNRECORDED

    # Recording. `+ - * / **` and negation of Values, and some of them with floats, build their node
    # inline; everything else goes through `record`, which asks the table. A test holds them equal.

    def record(self, op: Primitive, operands: Operands) -> Value:
        """Apply a primitive to operands of which this is the first Value, and record it.

        This is what `Primitive.__call__` finds. Cost: O(number of operands).
        """
        if ahead:
            settle()
        if not detours and type(self._data) is float:
            out = None
            if len(op.partials) == 1:
                out = recorded_shortly(op, self)
            elif not op.partials and op.constant is None:
                out = recorded_at_once(op, tuple(operands))
            if out is not None:
                return out

        # An operand that is neither a Value nor a number may be of an interpreter above us.
        if not ORDINARY.issuperset(map(type, operands)):
            above = interpreter_above(operands)
            if above is not None:
                return above.record(op, operands)  # type: ignore[no-any-return]
            operands = checked_operands(op, operands)

        # The number.
        operands, numbers, data = evaluated(op, operands)
        how = USUAL
        if modes_in_use:
            how = MODE.get()
            # For any numbers: slopes and masks of these say nothing.
            if how.symbolic:
                return how.symbolic(data, op, operands, how.record)
            # In another thread, whose Values do not belong here.
            if traces:
                traces[-1].check_thread(operands)
        if not how.record:
            return node(data, None, how.inside, (), UNRECORDED)

        # The edges.
        parents, slopes = edges(op, operands, numbers, data)
        out = node(data, op, tuple(operands), parents, slopes)
        if how.observer:
            how.observer.recorded(out)
        return out

    def operate(self, op: Primitive, x: Operand, y: Operand) -> Value:
        """Apply a binary operator the long way; arrays and strangers answer for themselves."""
        other = y if x is self else x
        is_array = getattr(other, "ndim", 0)
        if not is_array and (isinstance(other, (Value, Real)) or refusable(other)):
            return self.record(op, (x, y))
        return NotImplemented  # type: ignore[no-any-return]

    def compare(self, relation: Primitive, other: Operand) -> Any:
        """Compare the numbers; only an observer, such as a tracer, makes a node of it."""
        if ahead:
            settle()
        observer = MODE.get().observer if modes_in_use else None
        if observer:
            return observer.compared(relation, self, other)
        if isinstance(other, Value):
            return relation.forward(self._data, other._data)
        if getattr(other, "ndim", 0):
            return NotImplemented
        return compared(relation, self, other)

    def __eq__(self, other: object) -> Any:
        return self.agrees(equal, other)

    def __ne__(self, other: object) -> Any:
        return self.agrees(unequal, other)

    # By identity, so that a Value may be a key whose number changes.
    __hash__ = object.__hash__

    def agrees(self, relation: Primitive, other: Any) -> Any:
        """Return whether the number equals another; what is no number is asked, as floats do it."""
        if isinstance(other, (Value, Real)) or is_0d(other):
            return self.compare(relation, other)
        if getattr(other, "ndim", 0):
            return NotImplemented
        number = self.number_compared(other)
        return relation.forward(number, other)

    def number_compared(self, other: object) -> Any:
        """Return the number that is compared with what is no number."""
        return self.newest()

    # The operators that most programs consist of. `+` and `*` of two Values fill in the slots of a
    # node by hand: that is 12 % of a forward pass; all inline ways together are a factor of ten. An
    # int beyond all floats, a Fraction, and where a slope is a limit go the long way.

    def __add__(self, other: Operand) -> Any:
        if type(other) is Value and not detours:
            out = new(Value)
            out._data = self._data + other._data
            out.grad = 0.0
            out.op = add
            out.operands = out.parents = (self, other)
            out.local_derivatives = (1, 1)
            out.name = None
            return out
        if type(other) is float and not detours:
            total = self._data + other
            return node(total, add, (self, other), (self,), (1,))
        if type(other) is int and type(self._data) is float and not detours:
            try:
                total = self._data + other
                return node(total, add, (self, other), (self,), (1,))
            except OverflowError:
                pass
        return self.operate(add, self, other)

    def __radd__(self, other: Operand) -> Any:
        if type(other) is float and not detours:
            total = other + self._data
            return node(total, add, (other, self), (self,), (1,))
        if type(other) is int and type(self._data) is float and not detours:
            try:
                total = other + self._data
                return node(total, add, (other, self), (self,), (1,))
            except OverflowError:
                pass
        return self.operate(add, other, self)

    def __mul__(self, other: Operand) -> Any:
        if type(other) is Value and not detours:
            out = new(Value)
            out._data = self._data * other._data
            out.grad = 0.0
            out.op = mul
            out.operands = out.parents = (self, other)
            out.local_derivatives = (other._data, self._data)
            out.name = None
            return out
        if type(other) is float and not detours:
            product = self._data * other
            return node(product, mul, (self, other), (self,), (other,))
        if type(other) is int and type(self._data) is float and not detours:
            try:
                product = self._data * other
                return node(product, mul, (self, other), (self,), (other,))
            except OverflowError:
                pass
        return self.operate(mul, self, other)

    def __rmul__(self, other: Operand) -> Any:
        if type(other) is float and not detours:
            product = other * self._data
            return node(product, mul, (other, self), (self,), (other,))
        if type(other) is int and type(self._data) is float and not detours:
            try:
                product = other * self._data
                return node(product, mul, (other, self), (self,), (other,))
            except OverflowError:
                pass
        return self.operate(mul, other, self)

    def __sub__(self, other: Operand) -> Any:
        if type(other) is Value and not detours:
            operands = (self, other)
            difference = self._data - other._data
            return node(difference, sub, operands, operands, (1, -1))
        if type(other) is float and not detours:
            difference = self._data - other
            return node(difference, sub, (self, other), (self,), (1,))
        if type(other) is int and type(self._data) is float and not detours:
            try:
                difference = self._data - other
                return node(difference, sub, (self, other), (self,), (1,))
            except OverflowError:
                pass
        return self.operate(sub, self, other)

    def __rsub__(self, other: Operand) -> Any:
        if type(other) is float and not detours:
            difference = other - self._data
            return node(difference, sub, (other, self), (self,), (-1,))
        if type(other) is int and type(self._data) is float and not detours:
            try:
                difference = other - self._data
                return node(difference, sub, (other, self), (self,), (-1,))
            except OverflowError:
                pass
        return self.operate(sub, other, self)

    def __truediv__(self, other: Any) -> Any:
        # A divisor of 0 goes the long way, which knows the error and the limit.
        if type(other) is Value and not detours and other._data:
            operands = (self, other)
            divisor = other._data
            quotient = self._data / divisor
            slopes = (1 / divisor, -quotient / divisor)
            return node(quotient, div, operands, operands, slopes)
        if type(other) in PLAIN and other and type(self._data) is float and not detours:
            try:
                quotient = self._data / other
                slope = 1 / other
                return node(quotient, div, (self, other), (self,), (slope,))
            except OverflowError:
                pass
        return self.operate(div, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        divisor = self._data
        if type(other) in PLAIN and divisor and type(divisor) is float and not detours:
            try:
                quotient = other / divisor
                slope = -quotient / divisor
                return node(quotient, div, (other, self), (self,), (slope,))
            except OverflowError:
                pass
        return self.operate(div, other, self)

    def __pow__(self, other: Any) -> Any:
        # A plain exponent of a positive base; of others squares and cubes, so small that neither
        # they nor their slopes overflow.
        base = self._data
        if type(other) in PLAIN and not detours:
            if base > 0.0 and other and type(base) is float:
                try:
                    slope = other * base ** (other - 1)
                    result = base**other
                    return node(result, power, (self, other), (self,), (slope,))
                except OverflowError:
                    pass
            elif type(other) is int and (other == 2 or other == 3) and -CUBABLE < base < CUBABLE:
                slope = other * base ** (other - 1)
                result = base**other
                return node(result, power, (self, other), (self,), (slope,))
        return self.operate(power, self, other)

    def __rpow__(self, other: Any) -> Any:
        exponent = self._data
        if type(other) in PLAIN and other > 0 and type(exponent) is float and not detours:
            try:
                result = other**exponent
                slope = times_log(result, other)
                return node(result, power, (other, self), (self,), (slope,))
            except OverflowError:
                pass
        return self.operate(power, other, self)

    def __neg__(self) -> Any:
        if detours:
            return self.record(neg, (self,))
        return node(-self._data, neg, (self,), (self,), (-1,))

    def __bool__(self) -> bool:
        if ahead:
            settle()
        observer = MODE.get().observer if modes_in_use else None
        truth = observer.decided(self) if observer else None
        return bool(self._data) if truth is None else truth

    @property
    def data(self) -> Any:
        """The number: a float, or a Fraction. Setting it converts as the constructor does.

        Compiled functions that use the Value follow. A graph that was recorded before keeps what it
        recorded. Reading costs 40 ns; the operators read what stands behind it.

        Raises: TypeError, when it is set to what is no real number, or in a function being traced.
        """
        if modes_in_use:
            return self.number_taken_out()
        return self._data

    @data.setter
    def data(self, number: SupportsFloat) -> None:
        if modes_in_use:
            self.check_settable()
        if type(number) is not float:
            number = as_data(number)
        # No signal comes between two assignments; and compiled code rather looks once too often.
        revision = new_revision()
        REVISION.count = revision
        self._data = number

    def check_settable(self) -> None:
        """Refuse to be set in a trace; elsewhere take over what compiled code has written."""
        refuse = MODE.get().refuse
        if refuse is not None:
            refuse(
                "a function that is being traced cannot set .data: a compiled function only"
                " computes; return the number, and set it outside"
            )
        settle()

    def number_taken_out(self) -> Any:
        """Return the number, the newest there is; in a trace what stands for it in every sample."""
        taken_out = MODE.get().taken_out
        if taken_out is None:
            return self.newest()
        return taken_out(self)

    def newest(self) -> Any:
        """Return the number itself, also in a trace, once it is level with what is compiled."""
        if ahead:
            settle()
        return self._data

    def item(self) -> Any:
        """Return the number itself, without its history."""
        return self.data

    def detach(self) -> Value:
        """Return a new leaf with the same number and name: gradients stop here."""
        number = self.data
        # In a trace, where it stands for the number of every sample.
        if isinstance(number, Value):
            return number.detach()
        return Value(number, self.name)

    def hand_over(self, fresh: Value, name: object, slopes: object, children: object) -> None:
        """Make `fresh` what `Value(self, ...)` is: only what stands for a plain number can."""
        raise TypeError(f"{self!r} is a Value already; pass its .data, or use .detach()")

    def above(self) -> Value:
        """Return a fresh node with the same number, whose gradient flows into this one."""
        return self.record(pos, (self,))

    def zero_grad(self) -> None:
        """Set this node's gradient to zero."""
        is_exact = isinstance(self._data, Fraction)
        self.grad = Fraction(0) if is_exact else 0.0

    def backward(self, seed: float = 1.0) -> None:
        """Add d self / d leaf to the gradient of every leaf, see `autograd.backward`."""
        backward(self, seed)

    def backward_steps(self, seed: float = 1.0) -> Iterator[Step]:
        """Run the same pass one node at a time, see `autograd.backward_steps`."""
        return backward_steps(self, seed)

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name is not None else ""
        return f"Value(data={self.newest()!r}, grad={self.grad!r}{name})"

    def _repr_mimebundle_(self, *_: object, **__: object) -> dict[str, str]:
        return picture_hook(self)

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        return formatted(self.newest(), spec)

    # Within `grad` and its kin a copy is a node above the original, as +x is: gradients flow
    # through `copy`, `deepcopy` and `dataclasses.asdict`. Outside, copies are independent.

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        if copies_are_nodes():
            return self.__copy__()
        # Operands first, so that their twins are there.
        for old in history(self):
            if id(old) not in memo:
                twin = Value.__copy__(old)
                memo[id(old)] = twin
                twin.operands = tuple(memo.get(id(x), x) for x in old.operands)
                twin.parents = tuple(memo[id(x)] for x in old.parents)
                for name in added(old, Value):
                    own = deepcopy(getattr(old, name), memo)
                    setattr(twin, name, own)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __copy__(self) -> Value:
        if ahead:
            settle()
        twin = new(type(self))
        for name in (*FIELDS, *added(self, Value)):
            setattr(twin, name, getattr(self, name))
        if copies_are_nodes():
            twin.op = pos
            twin.operands = twin.parents = (self,)
            twin.local_derivatives = (1,)
        return twin

    def __reduce__(self) -> Any:
        if self.op is not None:
            raise TypeError(
                f"{self!r} has a history, and a pickle would cut what it shares with other Values; "
                "pickle its .detach(), its leaves, or use copy.deepcopy"
            )
        arguments = (self.newest(), self.name)
        state = (None, {"grad": self.grad})
        return Value, arguments, state


def node(
    data: Number,
    op: Primitive | None,
    operands: tuple[Any, ...],
    parents: tuple[Any, ...],
    slopes: tuple[Any, ...],
) -> Value:
    """Return a Value with a history, without the checks of its constructor."""
    self = new(Value)
    self._data = data
    self.grad = 0.0
    self.op = op
    self.operands = operands
    self.parents = parents
    self.local_derivatives = slopes
    self.name = None
    return self


def recorded_shortly(op: Primitive, x: Value) -> Value | None:
    """Return the node of a function of one float, in half the time that `record` takes.

    None where the function or its slope raises: the long way knows what to say, or the limit.
    """
    rule = op.partials[0]
    number = x._data
    try:
        data = op.forward(number)
        if type(data) is not float:
            data = as_data(data)
        if rule is None or (op.constant and op.constant(number, data)[0]):
            return node(data, op, (x,), (), ())
        return node(data, op, (x,), (x,), (rule(number, data),))
    except (ValueError, ArithmeticError, TypeError):
        return None


def recorded_at_once(op: Primitive, operands: tuple[Any, ...]) -> Value | None:
    """Return the node of a smooth function of many, in half the time that `record` takes.

    None where an operand is neither a Value nor a plain float or int, the result is a Fraction, or
    the function or a slope raises.
    """
    if VALUES.issuperset(map(type, operands)):
        return node_of_many(op, operands, [x._data for x in operands])
    if SIMPLE.issuperset(map(type, operands)):
        mask = [type(x) is Value for x in operands]
        numbers = [x._data if type(x) is Value else x for x in operands]
        return node_of_many(op, operands, numbers, mask)
    return None


def recorded_rows(
    op: Primitive, rows: Iterable[Operands], shared: tuple[Any, ...]
) -> list[Value] | None:
    """Return a node for each row of Values, which are followed by operands that all rows share.

    A layer of neurons is such rows of `dot`; its inputs are looked at once. None where `record` has
    to do it, for any reason.
    """
    if detours or not SIMPLE.issuperset(map(type, shared)):
        return None
    edges = [type(x) is Value for x in shared]
    all_edges = all(edges)
    shared_numbers = [x._data if type(x) is Value else x for x in shared]
    found = []
    for row in rows:
        if not VALUES.issuperset(map(type, row)):
            return None
        numbers = [x._data for x in row] + shared_numbers
        mask = None if all_edges else [True] * len(row) + edges
        out = node_of_many(op, (*row, *shared), numbers, mask)
        if out is None:
            return None
        found.append(out)
    return found


def node_of_many(
    op: Primitive, operands: tuple[Any, ...], numbers: Numbers, mask: list[bool] | None = None
) -> Value | None:
    """Return the node of a smooth function of many, or None, as `recorded_at_once` does.

    Args: mask: which operands are Values, unless all are.
    """
    try:
        data = op.forward(*numbers)
        slopes = op.derivatives(numbers, data, ())
    except (ValueError, ArithmeticError, TypeError):
        return None
    if type(data) is not float:
        return None
    if mask is None:
        return node(data, op, operands, operands, tuple(slopes))
    parents = tuple(compress(operands, mask))
    of_edges = tuple(compress(slopes, mask))
    return node(data, op, operands, parents, of_edges)


def short_method(op: Primitive) -> Callable[[Value], Any]:
    """Return the method that applies a function of one number."""

    def method(self: Value, *others: Operand) -> Any:
        # log(x, base), or one too many.
        if others:
            return op(self, *others)
        if not detours and type(self._data) is float:
            out = recorded_shortly(op, self)
            if out is not None:
                return out
        return self.record(op, (self,))

    method.__name__ = op.name
    method.__qualname__ = f"Value.{op.name}"
    method.__doc__ = op.__doc__
    return method


def interpreter_above(operands: Operands) -> Any:
    """Return the first operand of another interpreter, which then records; None without any."""
    for x in operands:
        if not isinstance(x, Value) and hasattr(x, "record"):
            return x
    return None


def checked_operands(op: Primitive, operands: Operands) -> Operands:
    """Return operands with every plain one as a real number.

    Raises: TypeError: an operand is no number; the message names the operation and what to pass.
    """
    try:
        return [x if isinstance(x, Value) else as_number(x) for x in operands]
    except (ValueError, ArithmeticError, TypeError) as error:
        raise explained(error, op, operands) from None


def evaluated(op: Primitive, operands: Operands) -> tuple[Operands, Numbers, Any]:
    """Return the operands, their numbers, and the result of a primitive.

    Where the result is a Fraction, ints among the operands become Fractions, for a rule such as
    1 / y is exact only where y is no int.

    Raises: what the primitive raises on floats, with its operands in the message; under `ieee()`
        only a TypeError.
    """
    numbers: Numbers = numbers_of(operands)
    try:
        data = op.forward(*numbers)
        if type(data) is not float:
            data = as_data(data)
    except (ValueError, ArithmeticError, TypeError) as error:
        if isinstance(error, TypeError) or not MODE.get().ieee:
            raise explained(error, op, operands) from None
        numbers, data = ieee_result(op, numbers)
    if isinstance(data, Fraction):
        numbers = with_fractions(numbers)
        operands = with_fractions(operands)
    return operands, numbers, data


def numbers_of(operands: Iterable[Any]) -> list[Any]:
    """Return the numbers of Values, and plain numbers as they are."""
    return [x._data if isinstance(x, Value) else x for x in operands]


def with_fractions(operands: Operands) -> list[Any]:
    """Return operands with a Fraction in the place of every int."""
    return [Fraction(x) if type(x) is int else x for x in operands]


def edges(
    op: Primitive, operands: Operands, numbers: Numbers, out: Number
) -> tuple[tuple[Value, ...], tuple[Any, ...]]:
    """Return the operands that the result depends on, and the local derivative for each."""
    mask = edge_mask(op, operands, numbers, out)
    try:
        slopes = op.derivatives(numbers, out, mask)
    except (ValueError, ArithmeticError):
        slopes = limits(op, numbers, out, mask)
    parents = tuple(compress(operands, mask))
    return parents, tuple(compress(slopes, mask))


def edge_mask(op: Primitive, operands: Operands, numbers: Numbers, out: Number) -> list[bool]:
    """Return for each operand whether it is a Value on which the result depends here."""
    mask = [isinstance(x, Value) for x in operands]
    if None in op.partials:
        mask = [is_value and rule is not None for is_value, rule in zip(mask, op.partials)]
    if op.constant is not None:
        constancy = op.constant if op.together is None else op.constancy(mask)
        constant = constancy(*numbers, out)  # type: ignore[misc]
        mask = [edge and not is_constant for edge, is_constant in zip(mask, constant)]
    return mask


def limits(op: Primitive, numbers: Numbers, out: Number, mask: Sequence[bool]) -> list[Any]:
    """Return the slopes where a rule divides by zero or overflows: infinite, or NaN."""
    with mode(ieee=True, record=False):
        # A plain int may be an index, so it stays one at first; a rule may divide by it, too.
        for operands in (lifted(numbers, mask), list(map(Value, numbers))):
            try:
                slopes = op.derivatives(operands, Value(out), mask)
            except (ValueError, ArithmeticError, TypeError):
                continue
            return numbers_of(slopes)
    return [nan] * len(mask)


def slopes_as_values(
    op: Primitive, operands: Operands, out: Value, mask: Sequence[bool]
) -> list[Any]:
    """Return the slopes of a row as Values, for `gradients`, which works under `ieee()`.

    A rule such as 1 / y raises where y is the plain number 0; on a Value of it, it gives the limit.
    """
    try:
        return op.derivatives(operands, out, mask)
    except (ValueError, ArithmeticError):
        all_lifted = lifted(operands, [True] * len(operands))
        return op.derivatives(all_lifted, out, mask)


def lifted(operands: Operands, mask: Sequence[bool] = ()) -> list[Any]:
    """Return operands as Values, on which no rule raises under `ieee()`.

    Plain ints stay as they are, for they may be an index, unless the mask has an edge there.
    """
    edges = mask or [False] * len(operands)
    found = []
    for x, edge in zip(operands, edges):
        stays = isinstance(x, Value) or (type(x) is int and not edge)
        found.append(x if stays else Value(x))
    return found


def data_writes(
    values: Sequence[Value], numbers: Iterable[SupportsFloat]
) -> tuple[list[Any], list[str], list[Any]]:
    """Return the targets, names and values by which `set_attributes` gives Values new numbers.

    All numbers are converted first, so that what is refused leaves no Value changed. The count of
    revisions is among the targets; who sets more in the same call appends it.

    Raises: TypeError: one of them is no real number; OverflowError: it is beyond all floats.
    """
    settle()
    converted = [as_data(number) for number in numbers]
    targets = [*values, REVISION]
    names = [*["_data"] * len(values), "count"]
    return targets, names, [*converted, new_revision()]


def write_data(values: Sequence[Value], numbers: Iterable[SupportsFloat]) -> None:
    """Give Values new numbers: all of them or none, whatever interrupts."""
    set_attributes(*data_writes(values, numbers))


def text_only(value: Value) -> dict[str, str]:
    """Return what Jupyter shows of a Value where nothing draws it."""
    return {"text/plain": repr(value)}


# What shows a Value as a picture stands below this module; `autograd/__init__` sets it.
picture_hook: Callable[[Value], dict[str, str]] = text_only

# Types of numbers that the operators take without a question; of operands that are recorded at
# once; and of those that need no conversion.
PLAIN = frozenset((float, int))
VALUES = frozenset((Value,))
SIMPLE = PLAIN | VALUES
ORDINARY = frozenset((Value, float))
# Below, the cube of a base is far from overflow.
CUBABLE = 1e99


for method_name, row in vars(Operators).items():
    if isinstance(row, Primitive) and len(row.partials) == 1:
        setattr(Value, method_name, short_method(row))
SCALAR_TYPES.add(Value)
