"""Numbers of 60 digits that carry a derivative and its path sum, and NumPy and `math` for them.

A program's text that is run with the names of `names()` runs on Jets, or on plain numbers of many
digits: what a machine does to floats (`float`, `np.float32`, noise) is left out, the rest is the
same text. Nothing of the engine is used.

>>> x = Jet.variables([3.0, 2.0])
>>> y = x[0] * x[1] - x[0]
>>> float(y.slopes[0]), float(y.sums[0])
(1.0, 3.0)
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, TypeAlias

import mpmath
import numpy as np
from mpmath import mpf

MP = mpmath.MPContext()  # apart from mpmath's global one
MP.dps = 60
Operand: TypeAlias = "Jet | mpf | float"


def logistic(x: mpf) -> mpf:
    return 1 / (1 + MP.exp(-x))


def sech(x: mpf) -> mpf:
    return 2 / (MP.exp(x) + MP.exp(-x))


def ramp(x: mpf) -> mpf:
    return MP.log1p(MP.exp(x)) if x < 0 else x + MP.log1p(MP.exp(-x))


def sign(x: mpf) -> mpf:
    return MP.mpf((x > 0) - (x < 0))


# The name -> the function, its derivative.
UNARY: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "exp": (MP.exp, MP.exp),
    "expm1": (MP.expm1, MP.exp),
    "log": (MP.log, lambda x: 1 / x),
    "log1p": (MP.log1p, lambda x: 1 / (1 + x)),
    "sqrt": (MP.sqrt, lambda x: 1 / (2 * MP.sqrt(x)) if x else MP.mpf(0)),
    "cbrt": (
        lambda x: sign(x) * MP.cbrt(abs(x)),
        lambda x: 1 / (3 * MP.cbrt(abs(x)) ** 2) if x else MP.mpf(0),
    ),
    "sin": (MP.sin, MP.cos),
    "cos": (MP.cos, lambda x: -MP.sin(x)),
    "tanh": (MP.tanh, lambda x: sech(x) ** 2),
    "sinh": (MP.sinh, MP.cosh),
    "cosh": (MP.cosh, MP.sinh),
    "arctan": (MP.atan, lambda x: 1 / (1 + x * x)),
    "absolute": (abs, sign),
    "sigmoid": (logistic, lambda x: sech(x / 2) ** 2 / 4),
    "softplus": (ramp, logistic),
    "silu": (lambda x: x * logistic(x), lambda x: logistic(x) * (1 + x * logistic(-x))),
    "relu": (lambda x: max(x, MP.mpf(0)), lambda x: MP.mpf(x > 0)),
}
# The name -> the function, its derivative by either operand.
BINARY: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "hypot": (
        lambda x, y: MP.sqrt(x * x + y * y),
        lambda x, y: x / MP.sqrt(x * x + y * y) if x else MP.mpf(0),
        lambda x, y: y / MP.sqrt(x * x + y * y) if y else MP.mpf(0),
    ),
    "arctan2": (
        MP.atan2,
        lambda y, x: x / (x * x + y * y),
        lambda y, x: -y / (x * x + y * y),
    ),
    "logaddexp": (
        lambda x, y: max(x, y) + MP.log1p(MP.exp(-abs(x - y))),
        lambda x, y: logistic(x - y),
        lambda x, y: logistic(y - x),
    ),
    "maximum": (max, lambda x, y: MP.mpf(x >= y), lambda x, y: MP.mpf(x < y)),
    "minimum": (min, lambda x, y: MP.mpf(x <= y), lambda x, y: MP.mpf(x > y)),
}


def number(x: Any) -> Any:
    """Return a plain number with many digits, exactly."""
    return x if isinstance(x, MP.mpf) else MP.mpf(float(x))


class Jet:
    """A number, its derivatives by some variables, and the path sums of these."""

    __slots__ = ("number", "slopes", "sums")

    def __init__(self, number: Any, slopes: Sequence[Any] = (), sums: Sequence[Any] = ()) -> None:
        self.number = number
        self.slopes = slopes  # none where all are 0
        self.sums = sums

    @classmethod
    def variables(cls, numbers: Sequence[Any]) -> list[Jet]:
        """Return the variables at a point, each with the derivative 1 by itself."""
        rows = [[MP.mpf(i == j) for j in range(len(numbers))] for i in range(len(numbers))]
        return [cls(number(x), row, row) for x, row in zip(numbers, rows)]

    @classmethod
    def of(cls, x: Any) -> Jet:
        return x if isinstance(x, Jet) else cls(number(x))

    def chained(self, value: Any, slope: Any) -> Jet:
        """Return a function of this number, by its value and derivative."""
        size = abs(slope)
        return Jet(value, [slope * s for s in self.slopes], [size * s for s in self.sums])

    def __add__(self, other: Operand) -> Jet:
        return joined(self, other, lambda x, y: x + y, 1, 1)

    def __sub__(self, other: Operand) -> Jet:
        return joined(self, other, lambda x, y: x - y, 1, -1)

    def __mul__(self, other: Operand) -> Jet:
        other = Jet.of(other)
        return joined(self, other, lambda x, y: x * y, other.number, self.number)

    def __truediv__(self, other: Operand) -> Jet:
        other = Jet.of(other)
        inverse = 1 / other.number
        return joined(self, other, lambda x, y: x / y, inverse, -self.number * inverse * inverse)

    def __radd__(self, other: Operand) -> Jet:
        return Jet.of(other) + self

    def __rsub__(self, other: Operand) -> Jet:
        return Jet.of(other) - self

    def __rmul__(self, other: Operand) -> Jet:
        return Jet.of(other) * self

    def __rtruediv__(self, other: Operand) -> Jet:
        return Jet.of(other) / self

    def __pow__(self, exponent: float) -> Jet:
        p = exponent if isinstance(exponent, int) else number(exponent)
        return self.chained(self.number**p, p * self.number ** (p - 1) if p else MP.mpf(0))

    def __neg__(self) -> Jet:
        return self.chained(-self.number, MP.mpf(-1))

    def __abs__(self) -> Jet:
        return self.chained(abs(self.number), sign(self.number))

    def __lt__(self, other: Operand) -> bool:
        return self.number < Jet.of(other).number

    def __le__(self, other: Operand) -> bool:
        return self.number <= Jet.of(other).number

    def __gt__(self, other: Operand) -> bool:
        return self.number > Jet.of(other).number

    def __ge__(self, other: Operand) -> bool:
        return self.number >= Jet.of(other).number


def joined(x: Any, y: Any, function: Callable[..., Any], by_x: Any, by_y: Any) -> Jet:
    """Return a function of two numbers, by its derivatives."""
    x, y = Jet.of(x), Jet.of(y)
    left, right = x.chained(None, MP.mpf(by_x)), y.chained(None, MP.mpf(by_y))
    value = function(x.number, y.number)
    if not (left.slopes and right.slopes):
        return Jet(value, left.slopes or right.slopes, left.sums or right.sums)
    slopes = [a + b for a, b in zip(left.slopes, right.slopes)]
    return Jet(value, slopes, [a + b for a, b in zip(left.sums, right.sums)])


def is_plain(*xs: Any) -> bool:
    """Tell whether none of some numbers is a Jet."""
    return not any(isinstance(x, Jet) for x in xs)


def unary(name: str) -> Callable[[Any], Any]:
    """Return a function of one number, or of every element of an array."""
    function, slope = UNARY[name]

    def apply(x: Any) -> Any:
        if isinstance(x, (np.ndarray, list)):
            return mapped(apply, x)
        return (
            function(number(x)) if is_plain(x) else x.chained(function(x.number), slope(x.number))
        )

    return apply


def binary(name: str) -> Callable[[Any, Any], Any]:
    """Return a function of two numbers, or of the elements of arrays."""
    function, by_x, by_y = BINARY[name]

    def apply(x: Any, y: Any) -> Any:
        if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
            return mapped(apply, x, y)
        if is_plain(x, y):
            return function(number(x), number(y))
        a, b = Jet.of(x), Jet.of(y)
        at = a.number, b.number
        return joined(a, b, function, by_x(*at), by_y(*at))

    return apply


def mapped(function: Callable[..., Any], *arrays: Any) -> Any:
    """Return an array of objects, of a function of the elements of arrays."""
    return np.frompyfunc(function, len(arrays), 1)(*arrays)


def same(x: Any, *_: Any, **__: Any) -> Any:
    """Return what is there: nothing is rounded."""
    return x


def nothing(*_: Any) -> Any:
    """Return 0, in the place of noise."""
    return MP.mpf(0)


def array(x: Any, dtype: Any = None) -> Any:
    """Return an array, of floats where there are only such."""
    made = np.array(x)
    return made if made.dtype == object or made.dtype.kind in "iU" else made.astype(float)


def where(condition: Any, x: Any, y: Any) -> Any:
    """Return x or y, or an array of their elements."""
    if isinstance(condition, np.ndarray):
        return mapped(lambda c, a, b: a if c else b, condition, x, y)
    return x if condition else y


def norm(x: Any) -> Any:
    """Return the root of the sum of squares."""
    return unary("sqrt")(sum(v * v for v in np.ravel(x)))


def logsumexp(xs: Any) -> Any:
    """Return log(sum(exp)), which has no shift here."""
    return unary("log")(sum(map(unary("exp"), np.ravel(xs))))


def extreme(binary_name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return Python's `max` or `min`, also of two Jets."""
    choose = binary(binary_name)
    return lambda *xs: choose(*xs) if len(xs) == 2 else plain(*xs)


class Library(SimpleNamespace):
    """Functions by name; every other name is NumPy's, for arrays of objects."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def numpy_names() -> Library:
    """Return what stands for `np`."""
    ones = {name: unary(name) for name in UNARY}
    twos = {name: binary(name) for name in BINARY}
    casts = dict.fromkeys(("float64", "float32", "conj", "real"), same)
    return Library(
        **ones,
        **twos,
        **casts,
        abs=ones["absolute"],
        array=array,
        asarray=array,
        where=where,
        clip=lambda x, low, high: twos["minimum"](twos["maximum"](x, low), high),
        linalg=SimpleNamespace(norm=norm),
    )


def math_names() -> SimpleNamespace:
    """Return what stands for `math`."""
    shared = ("exp", "expm1", "log", "log1p", "sqrt", "cbrt", "sin", "cos", "tanh", "sinh", "cosh")
    return SimpleNamespace(
        **{name: unary(name) for name in shared},
        atan=unary("arctan"),
        fabs=unary("absolute"),
        hypot=binary("hypot"),
        atan2=binary("arctan2"),
        fsum=lambda xs: sum(xs),
        pow=lambda x, p: x**p,
    )


def engine_names() -> dict[str, Any]:
    """Return what stands for the functions of `autograd` that programs use."""
    plain = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "absolute", "relu")
    more = ("sigmoid", "softplus", "silu")
    return {
        **{name: unary(name) for name in (*plain, *more)},
        **{name: binary(name) for name in ("hypot", "maximum", "minimum", "logaddexp")},
        "atan": unary("arctan"),
        "atan2": binary("arctan2"),
        "logsumexp": logsumexp,
        "norm": norm,
        "where": where,
    }


def names() -> dict[str, Any]:
    """Return the names with which a program runs on Jets, or on plain numbers of many digits."""
    return {
        **engine_names(),
        "np": numpy_names(),
        "math": math_names(),
        "float": same,
        "round": same,
        "max": extreme("maximum", builtins.max),
        "min": extreme("minimum", builtins.min),
        "noise": nothing,
        "jitter": nothing,
        "drift": nothing,
    }
