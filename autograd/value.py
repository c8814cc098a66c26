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

import importlib
from collections.abc import Iterator, Sequence
from copy import deepcopy
from fractions import Fraction
from itertools import compress
from math import nan
from numbers import Real
from typing import Any

from autograd import primitives as p
from autograd import reductions
from autograd.backward import backward, backward_steps, history
from autograd.coercion import (
    added,
    as_data,
    as_number,
    checked_name,
    compared,
    ieee_result,
    refusable,
)
from autograd.messages import explained, formatted
from autograd.modes import MODE, USUAL, mode, modes_in_use
from autograd.primitive_type import Primitive
from autograd.primitives import add, div, mul, neg, power, sub
from autograd.steps import Step

new = object.__new__


class Value:
    """A real number that records its parents and its local derivatives.

    Args:
        data: a float, int, Fraction (which stays exact) or NumPy scalar.
        name: optional label for drawings and messages.

    Attributes: `data`, the number; `grad`, d root / d self of the backward passes so far (interior
    nodes: of the latest one); `op`, the Primitive that made it, None for a leaf; `operands`, what
    it was applied to; `parents`, the operands that an edge leads to, repeats kept;
    `local_derivatives`, one number per parent; `name`.

    Values are compared and hashed by identity; `<`, `>` and `bool` follow the number. All smooth
    functions are methods too, also under NumPy's names, so object arrays of Values work.

    Raises: TypeError for anything that is not a real number; operations raise what the same
    operation on floats raises, with the operands in the message.

    >>> Value(2.0, name="w") * 3
    Value(data=6.0, grad=0.0)
    """

    __slots__ = (
        "data", "grad", "op", "operands", "parents", "local_derivatives", "name",
    )  # fmt: skip
    data: Any  # a float, or a Fraction
    grad: Any
    op: Primitive | None
    operands: tuple[Any, ...]
    parents: tuple[Value, ...]
    local_derivatives: tuple[float, ...]
    name: str | None

    def __init__(self, data: Any, name: str | None = None) -> None:
        if isinstance(data, Value):
            raise TypeError(f"{data!r} is a Value already; pass its .data, or use .detach()")
        self.data = as_data(data)
        self.zero_grad()
        self.op, self.operands, self.parents, self.local_derivatives = None, (), (), ()
        self.name = name if name is None else checked_name(name)

    # Recording. The operators build their node inline where both operands are ordinary; everything
    # else goes through `record`, which asks the table. A test holds the two ways equal.

    def record(self, op: Primitive, operands: Sequence[Any]) -> Value:
        """Apply a primitive to operands of which this is the first Value, and record it.

        This is what `Primitive.__call__` finds. Cost: O(number of operands).
        """
        if len(op.partials) == 1 and not modes_in_use and type(self.data) is float:
            try:
                return self.record_one(op, operands)
            except (ValueError, ArithmeticError, TypeError):
                pass  # the long way knows what to say, or the limit
        if not ORDINARY.issuperset(map(type, operands)):
            for x in operands:
                if not isinstance(x, Value) and hasattr(x, "record"):
                    return x.record(op, operands)  # type: ignore[no-any-return]  # it is above us
        try:
            if not ORDINARY.issuperset(map(type, operands)):
                operands = [x if isinstance(x, Value) else as_number(x) for x in operands]
            numbers = [x.data if isinstance(x, Value) else x for x in operands]
            data = op.forward(*numbers)
            if type(data) is not float:
                data = as_data(data)
        except (ValueError, ArithmeticError, TypeError) as error:
            if isinstance(error, TypeError) or not MODE.get().ieee:
                raise explained(error, op, operands) from None
            numbers, data = ieee_result(op, numbers)
        if isinstance(data, Fraction):  # a rule such as 1 / y is exact only where y is no int
            numbers = [Fraction(x) if type(x) is int else x for x in numbers]
            operands = [Fraction(x) if type(x) is int else x for x in operands]
        how = MODE.get() if modes_in_use else USUAL
        if how.symbolic:  # for any numbers: slopes and masks of these say nothing
            return how.symbolic(data, op, operands, how.record)
        if not how.record:
            return node(data, None, (), (), ())
        mask = edge_mask(op, operands, numbers, data)
        try:
            slopes = op.derivatives(numbers, data, mask)
        except (ValueError, ArithmeticError):
            slopes = limits(op, numbers, data, mask)
        edges = tuple(compress(operands, mask)), tuple(compress(slopes, mask))
        out = node(data, op, tuple(operands), *edges)
        if how.observer:
            how.observer.recorded(out)
        return out

    def record_one(self, op: Primitive, operands: Sequence[Any]) -> Value:
        """Record a function of one operand: the short way of `record`, in half its time."""
        (x,), (rule,), number = operands, op.partials, self.data
        data = op.forward(number)
        if type(data) is not float:
            data = as_data(data)
        if rule is None or (op.constant and op.constant(number, data)[0]):
            return node(data, op, (x,), (), ())
        return node(data, op, (x,), (x,), (rule(number, data),))

    def operate(self, op: Primitive, x: Any, y: Any) -> Value:
        """Apply a binary operator the long way; arrays and strangers answer for themselves."""
        other = y if x is self else x
        if not getattr(other, "ndim", 0) and (isinstance(other, (Value, Real)) or refusable(other)):
            return self.record(op, (x, y))
        return NotImplemented  # type: ignore[no-any-return]

    def compare(self, relation: Primitive, other: Any) -> Any:
        """Compare the numbers; only an observer, such as a tracer, makes a node of it."""
        observer = MODE.get().observer if modes_in_use else None
        if observer:
            return observer.compared(relation, self, other)
        if isinstance(other, Value):
            return relation.forward(self.data, other.data)
        if getattr(other, "ndim", 0):
            return NotImplemented
        return compared(relation, self, other)

    def __add__(self, other: Any) -> Value:
        if type(other) is Value and not modes_in_use:
            out = new(Value)
            out.data, out.grad, out.op = self.data + other.data, 0.0, add
            out.operands = out.parents = (self, other)
            out.local_derivatives, out.name = (1, 1), None
            return out
        if type(other) is float and not modes_in_use:
            return node(self.data + other, add, (self, other), (self,), (1,))
        return self.operate(add, self, other)

    def __mul__(self, other: Any) -> Value:
        if type(other) is Value and not modes_in_use:
            out = new(Value)
            out.data, out.grad, out.op = self.data * other.data, 0.0, mul
            out.operands = out.parents = (self, other)
            out.local_derivatives, out.name = (other.data, self.data), None
            return out
        if type(other) is float and not modes_in_use:
            return node(self.data * other, mul, (self, other), (self,), (other,))
        return self.operate(mul, self, other)

    def __sub__(self, other: Any) -> Value:
        if type(other) is Value and not modes_in_use:
            return node(self.data - other.data, sub, both := (self, other), both, (1, -1))
        return self.operate(sub, self, other)

    def __truediv__(self, other: Any) -> Value:
        if type(other) is Value and not modes_in_use and other.data:
            y, out = other.data, self.data / other.data
            return node(out, div, both := (self, other), both, (1 / y, -out / y))
        return self.operate(div, self, other)

    def __pow__(self, other: Any) -> Value:
        if type(other) is int and 1 < other < 4 and not modes_in_use and -1e99 < self.data < 1e99:
            x = self.data
            return node(x**other, power, (self, other), (self,), (other * x ** (other - 1),))
        return self.operate(power, self, other)

    def __neg__(self) -> Value:
        return (
            self.record(neg, (self,))
            if modes_in_use
            else node(-self.data, neg, (self,), (self,), (-1,))
        )

    # fmt: off
    def __pos__(self) -> Value: return self.record(p.pos, (self,))
    def __abs__(self) -> Value: return self.record(p.absolute, (self,))
    def __round__(self, digits: int = 0) -> Value: return self.record(p.rounded, (self, digits))
    def __radd__(self, other: Any) -> Value: return self.operate(add, other, self)
    def __rmul__(self, other: Any) -> Value: return self.operate(mul, other, self)
    def __rsub__(self, other: Any) -> Value: return self.operate(sub, other, self)
    def __rtruediv__(self, other: Any) -> Value: return self.operate(div, other, self)
    def __rpow__(self, other: Any) -> Value: return self.operate(power, other, self)
    def __mod__(self, other: Any) -> Value: return self.operate(p.mod, self, other)
    def __rmod__(self, other: Any) -> Value: return self.operate(p.mod, other, self)
    def __floordiv__(self, other: Any) -> Value: return self.operate(p.floordiv, self, other)
    def __rfloordiv__(self, other: Any) -> Value: return self.operate(p.floordiv, other, self)
    def __lt__(self, other: Any) -> Any: return self.compare(p.less, other)
    def __le__(self, other: Any) -> Any: return self.compare(p.less_equal, other)
    def __gt__(self, other: Any) -> Any: return self.compare(p.greater, other)
    def __ge__(self, other: Any) -> Any: return self.compare(p.greater_equal, other)
    # fmt: on

    def __bool__(self) -> bool:
        observer = MODE.get().observer if modes_in_use else None
        if observer:
            observer.decided(self)
        return bool(self.data)

    square, sqrt, cbrt, exp, exp2, expm1 = p.square, p.sqrt, p.cbrt, p.exp, p.exp2, p.expm1
    log, log2, log10, log1p = p.log, p.log2, p.log10, p.log1p
    sin, cos, tan, sinh, cosh, tanh = p.sin, p.cos, p.tan, p.sinh, p.cosh, p.tanh
    asin, acos, atan, asinh, acosh, atanh = p.asin, p.acos, p.atan, p.asinh, p.acosh, p.atanh
    arcsin, arccos, arctan, arcsinh, arccosh, arctanh = asin, acos, atan, asinh, acosh, atanh
    atan2, hypot, erf, erfc, lgamma = p.atan2, p.hypot, p.erf, p.erfc, p.lgamma
    relu, leaky_relu, elu, silu, gelu = p.relu, p.leaky_relu, p.elu, p.silu, p.gelu
    sigmoid, log_sigmoid, softplus = p.sigmoid, p.log_sigmoid, p.softplus
    floor, ceil, sign, copysign, clip = p.floor, p.ceil, p.sign, p.copysign, p.clip
    __floor__, __ceil__, rint, arctan2, fabs = floor, ceil, __round__, atan2, __abs__
    conjugate = __pos__  # asked for by np.var

    def maximum(self, *others: Any) -> Value:
        """Return the largest of this and others, see `autograd.maximum`."""
        return reductions.maximum(self, *others)  # type: ignore[no-any-return]

    def minimum(self, *others: Any) -> Value:
        """Return the smallest of this and others, see `autograd.minimum`."""
        return reductions.minimum(self, *others)  # type: ignore[no-any-return]

    def item(self) -> Any:
        """Return the number itself, without its history."""
        return self.data

    def detach(self) -> Value:
        """Return a new leaf with the same number and name: gradients stop here."""
        return Value(self.data, self.name)

    def zero_grad(self) -> None:
        """Set this node's gradient to zero."""
        self.grad = self.data * 0 if isinstance(self.data, Fraction) else 0.0

    def backward(self, seed: float = 1.0) -> None:
        """Add d self / d leaf to the gradient of every leaf, see `autograd.backward`."""
        backward(self, seed)

    def backward_steps(self, seed: float = 1.0) -> Iterator[Step]:
        """Run the same pass one node at a time, see `autograd.backward_steps`."""
        return backward_steps(self, seed)

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name is not None else ""
        return f"Value(data={self.data!r}, grad={self.grad!r}{name})"

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
        draw = importlib.import_module(
            "autograd.drawing.draw"
        )  # stands below: only a picture needs it
        return draw.mimebundle(self)  # type: ignore[no-any-return]

    def __format__(self, spec: str) -> str:
        return formatted(self.data, spec) if spec else repr(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        for old in history(self):
            if id(old) not in memo:
                memo[id(old)] = twin = Value.__copy__(old)
                twin.operands = tuple(memo.get(id(x), x) for x in old.operands)
                twin.parents = tuple(memo[id(x)] for x in old.parents)
                for name in added(old, Value):
                    setattr(twin, name, deepcopy(getattr(old, name), memo))
        return memo[id(self)]  # type: ignore[no-any-return]

    def __copy__(self) -> Value:
        twin = new(type(self))
        for name in (*Value.__slots__, *added(self, Value)):
            setattr(twin, name, getattr(self, name))
        return twin

    def __reduce__(self) -> Any:
        if self.op is not None:
            raise TypeError(
                f"{self!r} has a history, and a pickle would cut what it shares with other Values; "
                "pickle its .detach(), its leaves, or use copy.deepcopy"
            )
        return Value, (self.data, self.name), (None, {"grad": self.grad})


def node(
    data: Any,
    op: Primitive | None,
    operands: tuple[Any, ...],
    parents: tuple[Any, ...],
    slopes: tuple[Any, ...],
) -> Value:
    """Return a Value with a history, without the checks of its constructor."""
    self = new(Value)
    self.data = data
    self.grad = 0.0
    self.op = op
    self.operands = operands
    self.parents = parents
    self.local_derivatives = slopes
    self.name = None
    return self


def edge_mask(
    op: Primitive, operands: Sequence[Any], numbers: Sequence[Any], out: Any
) -> list[bool]:
    """Return for each operand whether it is a Value on which the result depends here."""
    mask = [isinstance(x, Value) for x in operands]
    if None in op.partials:
        mask = [is_value and rule is not None for is_value, rule in zip(mask, op.partials)]
    if op.constant is not None:
        mask = [edge and not still for edge, still in zip(mask, op.constant(*numbers, out))]
    return mask


def limits(op: Primitive, numbers: Sequence[Any], out: Any, mask: Sequence[bool]) -> list[Any]:
    """Return the slopes where a rule divides by zero or overflows: infinite, or NaN."""
    with mode(ieee=True, record=False):
        try:
            operands = [Value(x) if edge else x for x, edge in zip(numbers, mask)]
            slopes = op.derivatives(operands, Value(out), mask)
        except (ValueError, ArithmeticError):
            return [nan] * len(mask)
    return [s.data if isinstance(s, Value) else s for s in slopes]


ORDINARY = frozenset((Value, float))  # operands that need no conversion
