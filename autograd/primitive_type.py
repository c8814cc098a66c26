"""What a row of the table is: a function of numbers that knows its partial derivatives.

A primitive knows no interpreter: it finds that of its operands by their ``record`` method, and
computes on plain numbers where there is none. So the table imports nothing that records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import CO_VARARGS
from math import inf, nan
from types import MethodType
from typing import Any

from autograd.coercion import Operands, as_number, elements
from autograd.messages import explained, shown

Interval = tuple[float, float]


class Primitive:
    """A function of numbers with its partial derivatives: one row of the table.

    Args:
        symbol: label in drawings, name in errors, spelling in code.
        forward: the function of floats; may branch and may raise.
        partials: one per operand, ``(*operands, out) -> slope``; None where the result is locally
            constant in the operand everywhere (floor, sign, the condition of where).
        domain: the open interval of each operand on which the function is real.
        constant: ``(*operands, out) -> one bool per operand``, true where the result is locally
            constant in it, so that no edge is recorded.
        together: the same as `constant`, where several operands vary, if they differ then: x**y at
            y = 0 is constant in x only while y stays 0.
        otherwise: what a call with another number of operands means; None: a TypeError.
        ieee: what ``forward`` would return, were it IEEE 754 arithmetic, where it raises.
        smooth: False where the function has kinks or jumps.
        defaults: values of the last operands, where a call leaves them out.

    Raises: TypeError or ValueError for a row that contradicts itself; the text begins with its
        symbol.

    >>> cube = Primitive("cube", lambda x: x**3, lambda x, out: 3 * x * x)
    >>> cube(2.0), cube.partials[0](2.0, 8.0), cube.spell("x")
    (8.0, 12.0, 'cube(x)')
    """

    # The name of the row's variable: copying and pickling go by it.
    name: str = ""

    def __init__(
        self,
        symbol: str,
        forward: Callable[..., Any],
        *partials: Callable[..., Any] | None,
        domain: tuple[Interval, ...] = (),
        constant: Callable[..., Sequence[Any]] | None = None,
        ieee: Callable[..., float] = lambda *numbers: nan,
        smooth: bool = True,
        defaults: tuple[float, ...] = (),
        together: Callable[..., Sequence[Any]] | None = None,
        otherwise: Callable[..., Any] | None = None,
    ) -> None:
        self.symbol = symbol
        self.forward = forward
        self.partials = partials
        self.domain = domain or ((-inf, inf),) * len(partials)
        self.constant = constant
        self.ieee = ieee
        self.smooth = smooth
        self.defaults = defaults
        self.together = together
        self.otherwise = otherwise
        self.check_row()
        kind = "smooth" if smooth else "piecewise smooth"
        self.__doc__ = f"{symbol}: {kind}, {len(partials)} operands in {self.domain}."

    def check_row(self) -> None:
        """Raise a TypeError or a ValueError where the columns of the row do not fit together."""
        count = len(self.partials)
        if not count:
            raise TypeError(
                f"{self.symbol}: no partials; give one per operand, None where the result is "
                "locally constant in it"
            )
        for rule in (self.forward, *self.partials):
            if not (rule is None or callable(rule)):
                raise TypeError(f"{self.symbol}: {shown(rule)} is no function")
        if len(self.domain) != count:
            raise ValueError(
                f"{self.symbol}: {count} partials, but a domain of {len(self.domain)} intervals; "
                "give one of each per operand"
            )
        for interval in self.domain:
            if not is_interval(interval):
                raise ValueError(
                    f"{self.symbol}: the domain of an operand is (low, high), low < high, "
                    f"not {shown(interval)}"
                )
        if len(self.defaults) > count:
            raise ValueError(
                f"{self.symbol}: {len(self.defaults)} defaults for {count} operands; "
                "they belong to the last ones"
            )

    def __call__(self, *operands: Any) -> Any:
        """Apply to numbers, or have the first Value among the operands record it."""
        if len(operands) != len(self.partials):
            # log(x, base), hypot(x, y, z).
            if self.otherwise is not None and self.takes(len(operands)):
                return self.otherwise(*operands)
            operands = self.completed(operands)
        # A Value, or any interpreter written later.
        for x in operands:
            if hasattr(x, "record"):
                return x.record(self, operands)
        # Plain numbers.
        try:
            return self.forward(*operands)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise refusal(error, self, operands) from None

    def takes(self, count: int) -> bool:
        """Tell whether a call with so many operands has a meaning of its own."""
        if self.otherwise is None:
            return False
        code = self.otherwise.__code__
        if count > code.co_argcount:
            return bool(code.co_flags & CO_VARARGS)
        return count == code.co_argcount

    def constancy(self, varying: Sequence[bool]) -> Callable[..., Sequence[Any]] | None:
        """Return what tells where the result is constant, while the given operands vary."""
        if self.together is not None and sum(varying) > 1:
            return self.together
        return self.constant

    def completed(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the operands with the defaults of those that were left out."""
        wanted = len(self.partials)
        given = len(operands)
        if wanted - len(self.defaults) <= given < wanted:
            return operands + self.defaults[given - wanted :]
        raise TypeError(
            f"{self.spell(*map(shown, operands))}: {self.symbol} takes "
            f"{wanted} operand{'s' * (wanted != 1)}, not {given}"
        )

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Bind as a function does, so that a class may say ``exp = primitives.exp``."""
        return self if instance is None else MethodType(self, instance)

    def derivatives(self, operands: Operands, out: Any, mask: Sequence[bool]) -> list[Any]:
        """Return one slope per operand; what stands where the mask is false has no meaning."""
        return [
            partial(*operands, out) if edge and partial else None
            for partial, edge in zip(self.partials, mask)
        ]

    def spell(self, *operands: str) -> str:
        """Return the source text of this primitive applied to the given texts."""
        # A function, else a sign: before one operand, or between two.
        if self.symbol.isidentifier():
            return f"{self.symbol}({', '.join(operands)})"
        if len(operands) < 2:
            return self.symbol + "".join(operands)
        return f" {self.symbol} ".join(operands)

    def __str__(self) -> str:
        return self.symbol

    def __repr__(self) -> str:
        return f"<primitive {self.symbol}>"

    def __reduce__(self) -> str:
        if not self.name:
            raise TypeError(f"{self!r} has no global name by which it could be copied or pickled")
        return self.name


def refusal(error: Exception, op: Primitive, operands: Operands) -> Exception:
    """Return what to raise for plain operands that a function cannot take: which, and the cure."""
    # The operand that is no number says best what to pass instead.
    for x in operands:
        try:
            as_number(x)
        except Exception as found:
            error = found
            break
    return explained(error, op, operands)


def is_interval(interval: Iterable[Any]) -> bool:
    """Tell whether something is a pair of numbers, the lower one first."""
    try:
        low, high = interval
        return bool(low < high)
    except (TypeError, ValueError):
        return False


class Variadic(Primitive):
    """A primitive of a whole sequence of operands, recorded as one node.

    Its single rule ``(operands, out) -> slopes`` gives all partials at once, because they share
    their work. Called with one sequence; the functions below flatten anything richer.

    >>> Variadic("sum", lambda *xs: sum(xs), lambda xs, out: [1] * len(xs))([1.0, 2.0])
    3.0
    """

    def __init__(
        self, symbol: str, forward: Callable[..., Any], rule: Callable[..., Any], **row: Any
    ) -> None:
        super().__init__(symbol, forward, **row)
        self.rule = rule
        self.__doc__ = f"{symbol}: a primitive of any number of operands, recorded as one node."

    def check_row(self) -> None:
        """Check nothing: there is no column with an entry per operand."""

    def __call__(self, *arguments: Any) -> Any:
        """Apply to the numbers or Values of a sequence."""
        if len(arguments) != 1:
            raise TypeError(f"{self.symbol} takes one sequence: {self.symbol}([x, y, ...])")
        return super().__call__(*elements(self.symbol, arguments[0]))

    def completed(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the operands: any number of them will do."""
        return operands

    def derivatives(self, operands: Operands, out: Any, mask: Sequence[bool]) -> list[Any]:
        """Return one slope per operand; what stands where the mask is false has no meaning."""
        return self.rule(operands, out)  # type: ignore[no-any-return]

    def spell(self, *operands: str) -> str:
        """Return the source text of this primitive applied to the given texts."""
        return f"{self.symbol}([{', '.join(operands)}])"
