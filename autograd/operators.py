"""Python's operators and the functions of the table as methods, for whatever stands in expressions.

A Value, a Symbol of the compiler and a number of another type all take part in the same
expressions. Each inherits `Operators`, and says in `record` what it means to apply a primitive.

>>> class Text(Operators):
...     def __init__(self, text):
...         self.text = text
...     def record(self, op, operands):
...         return Text(op.spell(*(getattr(x, "text", repr(x)) for x in operands)))
>>> x = Text("x")
>>> (2 * x.sin()).text
'2 * sin(x)'
"""

from __future__ import annotations

from math import inf
from typing import Any

from autograd import compositions, reductions
from autograd import primitives as p
from autograd.coercion import Operand, Operands
from autograd.primitive_type import Primitive


class Operators:
    """Everything that can be written with an operand: operators, comparisons, functions.

    Operators go through `operate` and comparisons through `compare`; a class with more to say than
    `record` overrides these.
    """

    __slots__ = ()

    def record(self, op: Primitive, operands: Operands) -> Any:
        """Apply a primitive to operands of which this is one; `Primitive.__call__` finds it."""
        raise NotImplementedError

    def operate(self, op: Primitive, x: Operand, y: Operand) -> Any:
        """Apply a binary operator; one of the operands is this one."""
        return self.record(op, (x, y))

    def compare(self, relation: Primitive, other: Operand) -> Any:
        """Apply a comparison, with this one on its left."""
        return self.record(relation, (self, other))

    # fmt: off
    def __add__(self, other: Operand) -> Any: return self.operate(p.add, self, other)
    def __radd__(self, other: Operand) -> Any: return self.operate(p.add, other, self)
    def __sub__(self, other: Operand) -> Any: return self.operate(p.sub, self, other)
    def __rsub__(self, other: Operand) -> Any: return self.operate(p.sub, other, self)
    def __mul__(self, other: Operand) -> Any: return self.operate(p.mul, self, other)
    def __rmul__(self, other: Operand) -> Any: return self.operate(p.mul, other, self)
    def __truediv__(self, other: Operand) -> Any: return self.operate(p.div, self, other)
    def __rtruediv__(self, other: Operand) -> Any: return self.operate(p.div, other, self)
    def __floordiv__(self, other: Operand) -> Any: return self.operate(p.floordiv, self, other)
    def __rfloordiv__(self, other: Operand) -> Any: return self.operate(p.floordiv, other, self)
    def __mod__(self, other: Operand) -> Any: return self.operate(p.mod, self, other)
    def __rmod__(self, other: Operand) -> Any: return self.operate(p.mod, other, self)
    def __divmod__(self, other: Operand) -> Any: return self // other, self % other
    def __rdivmod__(self, other: Operand) -> Any: return other // self, other % self
    def __pow__(self, other: Operand) -> Any: return self.operate(p.power, self, other)
    def __rpow__(self, other: Operand) -> Any: return self.operate(p.power, other, self)
    def __neg__(self) -> Any: return self.record(p.neg, (self,))
    def __pos__(self) -> Any: return self.record(p.pos, (self,))
    def __abs__(self) -> Any: return self.record(p.absolute, (self,))
    def __round__(self, digits: int = 0) -> Any: return self.record(p.rounded, (self, digits))
    def __lt__(self, other: Operand) -> Any: return self.compare(p.less, other)
    def __le__(self, other: Operand) -> Any: return self.compare(p.less_equal, other)
    def __gt__(self, other: Operand) -> Any: return self.compare(p.greater, other)
    def __ge__(self, other: Operand) -> Any: return self.compare(p.greater_equal, other)
    # fmt: on

    # The functions of the table that take this operand first.
    square = p.square
    sqrt = p.sqrt
    cbrt = p.cbrt
    exp = p.exp
    exp2 = p.exp2
    exp10 = p.exp10
    expm1 = p.expm1
    log = p.log
    log2 = p.log2
    log10 = p.log10
    log1p = p.log1p
    log1mexp = p.log1mexp
    logit = p.logit
    logaddexp = compositions.logaddexp
    logaddexp2 = p.logaddexp2
    xlogy = p.xlogy
    xlog1py = p.xlog1py
    rsqrt = compositions.rsqrt
    sin = p.sin
    cos = p.cos
    tan = p.tan
    asin = p.asin
    acos = p.acos
    atan = p.atan
    sec = p.sec
    csc = p.csc
    cot = p.cot
    asec = p.asec
    acsc = p.acsc
    acot = p.acot
    sinc = p.sinc
    sinh = p.sinh
    cosh = p.cosh
    tanh = p.tanh
    asinh = p.asinh
    acosh = p.acosh
    atanh = p.atanh
    sech = p.sech
    csch = p.csch
    coth = p.coth
    asech = p.asech
    acsch = p.acsch
    acoth = p.acoth
    atan2 = p.atan2
    hypot = p.hypot
    logcosh = p.logcosh
    erf = p.erf
    erfc = p.erfc
    erfinv = p.erfinv
    normal_cdf = p.normal_cdf
    gamma = p.gamma
    lgamma = p.lgamma
    digamma = compositions.digamma
    relu = p.relu
    leaky_relu = p.leaky_relu
    elu = p.elu
    celu = p.celu
    selu = compositions.selu
    relu6 = compositions.relu6
    silu = swish = p.silu
    mish = p.mish
    softsign = p.softsign
    squareplus = p.squareplus
    gelu = p.gelu
    sigmoid = p.sigmoid
    log_sigmoid = p.log_sigmoid
    softplus = p.softplus
    floor = p.floor
    ceil = p.ceil
    trunc = p.trunc
    fmod = p.fmod
    remainder = p.remainder
    heaviside = compositions.heaviside
    sign = p.sign
    copysign = p.copysign
    clip = p.clip
    __floor__ = floor
    __ceil__ = ceil
    __trunc__ = trunc
    deg2rad = radians = compositions.deg2rad
    rad2deg = degrees = compositions.rad2deg
    # PyTorch's names, as `clamp`, `max` and `min` below.
    abs = __abs__
    pow = __pow__

    # NumPy calls the method of the ufunc's name on each element of an object array.
    arcsin = asin
    arccos = acos
    arctan = atan
    arctan2 = atan2
    arcsinh = asinh
    arccosh = acosh
    arctanh = atanh
    fabs = __abs__
    rint = __round__
    # For np.var.
    conjugate = __pos__

    def clamp(self, min: Operand | None = None, max: Operand | None = None) -> Any:
        """Return this, moved into an interval of which an end may be left out, as PyTorch does."""
        low = -inf if min is None else min
        high = inf if max is None else max
        return p.clip(self, low, high)

    def maximum(self, *others: Operand) -> Any:
        """Return the largest of this and others, see `autograd.maximum`."""
        return reductions.maximum(self, *others)

    def minimum(self, *others: Operand) -> Any:
        """Return the smallest of this and others, see `autograd.minimum`."""
        return reductions.minimum(self, *others)

    max = maximum
    min = minimum

    # Python's int() would ask `__trunc__`, and lose what the result depends on.
    def __int__(self) -> int:
        raise TypeError(f"int of {self!r} would forget its history; use trunc(x), or int(x.data)")
