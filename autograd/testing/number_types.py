"""The same function on numbers of another type: the oracles' second opinion on a gradient.

A `Lifted` number takes the place of a `Value`: primitives find its `record` method as they find
Value's, and its operators go through the table too. What it computes with is its `number`: an exact
fraction, a dual number, or a complex number of 60 digits.

>>> from autograd import dot, square
>>> exact = Exact(Fraction(1, 3))
>>> (square(exact) / 7 + dot([exact], [2])).number
Fraction(43, 63)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd import primitives as p
from autograd.coercion import as_number
from autograd.operators import Operators
from autograd.primitive_type import Primitive
from autograd.testing.mpmath_context import NotLiftable, context
from autograd.testing.mpmath_functions import precise_function
from autograd.value import Value

if TYPE_CHECKING:
    from mpmath.ctx_mp_python import mpnumeric

Function = Callable[..., Any]
"""A function of numbers, or of structures of them: what is checked, and what claims a gradient."""

Point = tuple[Any, ...]
"""The arguments of a function: numbers, or structures of them."""

Numbers = Sequence[Any]
"""Numbers of one type, whichever it is, in order."""

SlowNumber: TypeAlias = "float | Fraction | mpnumeric"
"""What an oracle computes with, and what it answers; exact or of many digits, but for floats."""

# Beyond these, exact arithmetic takes too long to be of use.
MAX_DENOMINATOR_BITS = 1 << 13
MAX_EXPONENT = 1 << 16


def plain_number(x: Any) -> Any:
    """Return the number of a Value, and everything else as it is."""
    return x.data if isinstance(x, Value) else x


class Lifted(Operators):
    """A number of another type in the place of a Value; subclasses say how to compute with it.

    It offers Value's operators and methods, and `data`, `item` and `detach`, which give the number
    itself: a derivative that is lost there is lost by the engine, not by the function.
    """

    __slots__ = ("number", "name")

    def __init__(self, number: Any) -> None:
        self.number = number
        # A function may name its nodes.
        self.name = None

    @staticmethod
    def lift(x: float | Fraction) -> Any:
        """Return a plain number as one of this type."""
        raise NotImplementedError

    @staticmethod
    def apply(op: Primitive, numbers: Numbers) -> Any:
        """Return a primitive of numbers of this type."""
        raise NotImplementedError

    def order(self) -> Any:
        """Return what comparisons of this number compare."""
        return self.number

    def take(self, x: object) -> Any:
        """Return an operand as a number of this type."""
        if isinstance(x, Lifted):
            return x.number
        return self.lift(as_number(plain_number(x)))

    def record(self, op: Primitive, operands: Sequence[object]) -> Lifted:
        """Apply a primitive; this is what `Primitive.__call__` finds."""
        numbers = [self.take(x) for x in operands]
        return type(self)(self.apply(op, numbers))

    def same(self, x: object) -> Lifted:
        """Return an operand as a Lifted of the same type, for comparing."""
        return type(self)(self.take(x))

    @property
    def data(self) -> Lifted:
        """The number itself; here it keeps its dependence on the inputs."""
        return self

    @data.setter
    def data(self, x: object) -> None:
        self.number = self.take(x)

    def item(self) -> Lifted:
        """Return the number itself."""
        return self

    def detach(self) -> Lifted:
        """Return the number itself: what the engine is told to forget is still there."""
        return self

    # Comparisons decide at once, on what orders the numbers.

    def __lt__(self, other: object) -> Any:
        return self.order() < self.same(other).order()

    def __le__(self, other: object) -> Any:
        return self.order() <= self.same(other).order()

    def __gt__(self, other: object) -> Any:
        return self.order() > self.same(other).order()

    def __ge__(self, other: object) -> Any:
        return self.order() >= self.same(other).order()

    def __bool__(self) -> bool:
        return bool(self.order() != 0)


Operand: TypeAlias = "Dual | SlowNumber"
"""What a Dual may be combined with: another one, or what is constant."""


class Dual:
    """A number with its derivative along one direction: forward mode (Clifford, 1873).

    Number and slope may be Fractions, or Duals again, which gives second derivatives.

    >>> x = Dual(Fraction(1, 3), 1)
    >>> (x * x / 7).slope
    Fraction(2, 21)
    """

    __slots__ = ("number", "slope")

    def __init__(self, number: Any, slope: Any = 0) -> None:
        self.number = number
        self.slope = slope

    @staticmethod
    def of(x: Operand) -> Dual:
        """Return a constant as a Dual."""
        return x if isinstance(x, Dual) else Dual(x)

    def __add__(self, x: Operand) -> Dual:
        other = Dual.of(x)
        return Dual(self.number + other.number, self.slope + other.slope)

    def __neg__(self) -> Dual:
        return Dual(-self.number, -self.slope)

    def __mul__(self, x: Operand) -> Dual:
        other = Dual.of(x)
        product = self.number * other.number
        slope = self.slope * other.number + self.number * other.slope
        return Dual(checked_length(product), checked_length(slope))

    def __truediv__(self, x: Operand) -> Dual:
        other = Dual.of(x)
        quotient = checked_length(self.number / other.number)
        slope = (self.slope - quotient * other.slope) / other.number
        return Dual(quotient, checked_length(slope))

    def __pow__(self, n: int) -> Dual:
        if n == 0:
            return Dual(self.number**0, self.slope * 0)
        power = self.number**n
        slope = self.number ** (n - 1) * n * self.slope
        return Dual(checked_length(power), checked_length(slope))

    __radd__ = __add__
    __rmul__ = __mul__

    def __sub__(self, x: Operand) -> Dual:
        return self + -Dual.of(x)

    def __rsub__(self, x: Operand) -> Dual:
        return Dual.of(x) + -self

    def __rtruediv__(self, x: Operand) -> Dual:
        return Dual.of(x) / self

    def __pos__(self) -> Dual:
        return self

    def __abs__(self) -> Dual:
        if self < 0:
            return -self
        return self

    def __bool__(self) -> bool:
        return bool(self.number)

    def __eq__(self, x: Any) -> bool:
        return bool(self.number == Dual.of(x).number)

    def __lt__(self, x: Operand) -> bool:
        return bool(self.number < Dual.of(x).number)

    def __le__(self, x: Operand) -> bool:
        return bool(self.number <= Dual.of(x).number)

    def __gt__(self, x: Operand) -> bool:
        return bool(self.number > Dual.of(x).number)

    def __ge__(self, x: Operand) -> bool:
        return bool(self.number >= Dual.of(x).number)

    __hash__ = None  # type: ignore[assignment]


def checked_length(x: Operand) -> Any:
    """Return an exact number.

    Raises: NotLiftable: it has grown too long to go on with.
    """
    if isinstance(x, Fraction) and x.denominator.bit_length() > MAX_DENOMINATOR_BITS:
        raise NotLiftable("the fractions grow too long")
    return x


RATIONAL = frozenset(
    """add sub mul div neg pos square total mean prod inner_product absolute relu leaky_relu
    largest smallest at_least at_most clip where step sign tied less less_equal
    greater greater_equal equal""".split()
)


class Exact(Lifted):
    """A Fraction, or a Dual of Fractions; only + - * /, integer powers and choices are exact."""

    __slots__ = ()

    @staticmethod
    def lift(x: float | Fraction) -> Any:
        """Return the exact value of a finite number."""
        if not math.isfinite(x):
            raise NotLiftable(f"{x} is no fraction")
        return Fraction(x)

    @staticmethod
    def apply(op: Primitive, numbers: Numbers) -> Any:
        """Return the primitive, where it is rational."""
        if op is p.power:
            return checked_length(numbers[0] ** integer(numbers[1]))
        if op.name not in RATIONAL or p.TABLE.get(op.name) is not op:
            raise NotLiftable(f"{op} is not rational")
        out = op.forward(*numbers)
        if isinstance(out, (int, float)):
            return Fraction(out)
        return checked_length(out)


def integer(x: Fraction | Dual) -> int:
    """Return an exponent as an int.

    Raises: NotLiftable: the power is not rational, or too large.
    """
    # A Dual of Duals is that of a second derivative.
    while isinstance(x, Dual):
        if x.slope != 0:
            raise NotLiftable("an exponent that varies")
        x = x.number
    if x.denominator != 1 or abs(x) > MAX_EXPONENT:
        raise NotLiftable("a power that is not rational")
    return int(x)


class Precise(Lifted):
    """A complex number of many digits; its imaginary part carries a derivative.

    Im f(x + ih) / h is the slope of an analytic f without subtraction, so without cancellation
    (Squire and Trapp, 1998, Using complex variables to estimate derivatives of real functions).
    """

    __slots__ = ()

    @staticmethod
    def lift(x: float | Fraction) -> Any:
        """Return a number in the many-digit arithmetic, unrounded."""
        if isinstance(x, Fraction):
            return context().mpf(x.numerator) / x.denominator
        return context().mpf(x)

    @staticmethod
    def apply(op: Primitive, numbers: Numbers) -> Any:
        """Return the primitive by the library of mpmath, or by its own program."""
        if p.TABLE.get(op.name) is op:
            return precise_function(op.name)(*numbers)
        # A row of a user has no function in mpmath; its own may be one of `math`.
        function = portable(op.forward)
        out = function(*map(Precise, numbers))
        if isinstance(out, Precise):
            return out.number
        return Precise.lift(as_number(out))

    def order(self) -> Any:
        """Return the real part: comparisons decide on the point, not on the step."""
        return getattr(self.number, "real", self.number)


# The functions of `math` whose primitives have other names.
OTHER_NAMES = {"fabs": "absolute", "pow": "power", "fsum": "total"}


class Mathematics(ModuleType):
    """The module `math`, with the primitives in the place of its functions."""

    def __getattr__(self, name: str) -> Any:
        return portable_name(getattr(math, name))


def portable_name(x: object) -> Any:
    """Return the primitive for a function of `math`, and everything else as it is."""
    if not isinstance(x, BuiltinFunctionType) or x.__module__ != "math":
        return x
    name = x.__name__
    found = getattr(p, OTHER_NAMES.get(name, name), None)
    if found is None:
        raise NotLiftable(f"math.{name} has no primitive")
    return found


def portable(f: Function) -> Function:
    """Return a function that calls primitives where the given one calls `math`.

    Only what the function itself names is replaced; what it calls is not.

    >>> def wave(x):
    ...     return math.sin(x) * x
    >>> portable(wave)(Value(2.0)).op
    <primitive *>
    """
    if not isinstance(f, FunctionType):
        replaced: Function = portable_name(f)
        return replaced
    code = f.__code__
    changed = dict(renamed(f.__globals__, code.co_names))
    if not changed:
        return f
    names = {**f.__globals__, **changed}
    copy = FunctionType(code, names, f.__name__, f.__defaults__, f.__closure__)
    copy.__kwdefaults__ = f.__kwdefaults__
    return copy


def renamed(names: dict[str, Any], used: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield the global names in use that stand for `math` or one of its functions."""
    for name in used:
        found = names.get(name)
        if found is math:
            yield name, Mathematics("math")
        elif isinstance(found, BuiltinFunctionType) and found.__module__ == "math":
            yield name, portable_name(found)
