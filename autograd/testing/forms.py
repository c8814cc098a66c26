"""The functions of the table in the arithmetic of mpmath, for real and for complex numbers.

No derivative stands here: the complex step takes it. What is not analytic decides by the real part.

>>> from autograd.primitives import TABLE
>>> float(forms()["sigmoid"](0)), sorted(set(TABLE) - set(forms()))
(0.5, [])
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd.testing.replay import context, shared

FAR = 10**4  # erfc is 0 or 2 to a thousand digits from here on


def real(x: Any) -> Any:
    """Return the real part of a number of either kind."""
    return getattr(x, "real", x)


def forms() -> dict[str, Callable[..., Any]]:
    """Return the name of every row of the table with its function; made once."""
    if "forms" not in shared:
        mp = context()
        shared["forms"] = {**arithmetic(mp), **smooth(mp), **choices(mp), **sequences(mp)}
    found: dict[str, Callable[..., Any]] = shared["forms"]
    return found


def within(condition: Any, what: str) -> None:
    """Raise a ValueError where a function is not real."""
    if not condition:
        raise ValueError(f"{what} is not real here")


def powered(mp: Any, x: Any, y: Any) -> Any:
    """Return x ** y for a base that is positive, or an exponent that is an integer."""
    if y == real(y) and real(y) == mp.floor(real(y)) and abs(y) < 1e6:
        if x == 0 and real(y) < 0:
            raise ZeroDivisionError("zero to a negative power")
        return x ** int(real(y))
    if x == 0 and real(y) > 0:
        return mp.mpf(0)
    within(real(x) > 0, "a power of a negative base")
    return mp.exp(y * mp.log(x))


def arithmetic(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the operators."""
    return {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "div": operator.truediv,
        "power": lambda x, y: powered(mp, x, y),
        "mod": lambda x, y: x - y * mp.floor(real(x / y)),
        "floordiv": lambda x, y: mp.floor(real(x / y)),
        "neg": operator.neg,
        "pos": lambda x: x,
        "absolute": lambda x: -x if real(x) < 0 else x,
        "square": lambda x: x * x,
    }


def on(condition: Callable[[Any], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that raises where its operand is outside its domain."""

    def guarded(x: Any) -> Any:
        within(condition(real(x)), getattr(function, "__name__", "the function"))
        return function(x)

    return guarded


def smooth(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the analytic functions."""

    def logistic(x: Any) -> Any:
        if real(x) < 0:
            return mp.exp(x) / (1 + mp.exp(x))
        return 1 / (1 + mp.exp(-x))

    def ramp(x: Any) -> Any:
        return mp.log1p(mp.exp(x)) if real(x) < 0 else x + mp.log1p(mp.exp(-x))

    def tail(x: Any) -> Any:
        if abs(real(x)) > FAR:
            return mp.mpf(0 if real(x) > 0 else 2)
        return mp.erfc(x)

    def cumulative(x: Any) -> Any:
        return tail(-x / mp.sqrt(2)) / 2

    def angle(y: Any, x: Any) -> Any:
        if abs(real(x)) >= abs(real(y)):
            turn = 0 if real(x) > 0 else mp.pi if real(y) >= 0 else -mp.pi
            return arc_tangent(y / x) + turn
        return (mp.pi / 2 if real(y) > 0 else -mp.pi / 2) - arc_tangent(x / y)

    def arc_tangent(x: Any) -> Any:
        """mpmath's own loses the imaginary part of small complex numbers."""
        if abs(x) > 1:
            return (mp.pi / 2 if real(x) > 0 else -mp.pi / 2) - arc_tangent(1 / x)
        return mp.asin(x / mp.sqrt(1 + x * x))

    def cube_root(x: Any) -> Any:
        return -cube_root(-x) if real(x) < 0 else x ** (mp.mpf(1) / 3)

    def log_gamma(x: Any) -> Any:
        if real(x) > 0:
            return mp.loggamma(x)
        return mp.log(mp.pi) - mp.log(size(mp.sinpi(x))) - mp.loggamma(1 - x)

    def size(x: Any) -> Any:
        return -x if real(x) < 0 else x

    return {
        "sqrt": on(lambda x: x >= 0, mp.sqrt),
        "cbrt": cube_root,
        "exp": mp.exp,
        "exp2": lambda x: mp.mpf(2) ** x,
        "expm1": mp.expm1,
        "log": on(lambda x: x > 0, mp.log),
        "log2": on(lambda x: x > 0, lambda x: mp.log(x) / mp.log(2)),
        "log10": on(lambda x: x > 0, lambda x: mp.log(x) / mp.log(10)),
        "log1p": on(lambda x: x > -1, mp.log1p),
        "sin": mp.sin,
        "cos": mp.cos,
        "tan": mp.tan,
        "asin": on(lambda x: abs(x) <= 1, mp.asin),
        "acos": on(lambda x: abs(x) <= 1, mp.acos),
        "atan": arc_tangent,
        "atan2": angle,
        "sinh": mp.sinh,
        "cosh": mp.cosh,
        "tanh": mp.tanh,
        "asinh": mp.asinh,
        "acosh": on(lambda x: x >= 1, mp.acosh),
        "atanh": on(lambda x: abs(x) < 1, mp.atanh),
        "hypot": lambda x, y: mp.sqrt(x * x + y * y),
        "gaussian": lambda x, rate: mp.exp(-rate * x * x),
        "normal_cdf": cumulative,
        "erf": lambda x: (
            1 - tail(x) if real(x) > 1 else tail(-x) - 1 if real(x) < -1 else mp.erf(x)
        ),
        "erfc": tail,
        "polygamma": lambda n, x: mp.psi(int(real(n)), x),
        "lgamma": log_gamma,
        "sigmoid": logistic,
        "log_sigmoid": lambda x: -ramp(-x),
        "softplus": ramp,
        "silu": lambda x: x * logistic(x),
        "gelu": lambda x: x * cumulative(x),
    }


def choices(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions that decide by the real part, and the comparisons."""

    def elu(x: Any, scale: Any) -> Any:
        return x if real(x) > 0 else scale * mp.expm1(x)

    def rounded(x: Any, digits: Any) -> Any:
        shift = mp.mpf(10) ** int(real(digits))
        return mp.nint(real(x) * shift) / shift

    return {
        "step": lambda x: mp.mpf(real(x) > 0),
        "sign": lambda x: mp.sign(real(x)),
        "floor": lambda x: mp.floor(real(x)),
        "ceil": lambda x: mp.ceil(real(x)),
        "rounded": rounded,
        "copysign": lambda x, y: x if (real(x) < 0) == (real(y) < 0) else -x,
        "at_least": lambda x, bound: x if real(x) > real(bound) else bound,
        "at_most": lambda x, bound: x if real(x) < real(bound) else bound,
        "relu": lambda x: x if real(x) > 0 else mp.mpf(0),
        "leaky_relu": lambda x, slope: x if real(x) > 0 else slope * x,
        "elu": elu,
        "clip": lambda x, low, high: low if real(x) < real(low) else min(x, high, key=real),
        "where": lambda condition, x, y: x if real(condition) else y,
        "stop_gradient": real,
        "less": lambda x, y: mp.mpf(real(x) < real(y)),
        "less_equal": lambda x, y: mp.mpf(real(x) <= real(y)),
        "greater": lambda x, y: mp.mpf(real(x) > real(y)),
        "greater_equal": lambda x, y: mp.mpf(real(x) >= real(y)),
        "equal": lambda x, y: mp.mpf(real(x) == real(y)),
    }


def sequences(mp: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions of many operands."""

    def exponential(x: Any) -> Any:
        return mp.exp(x) if real(x) > -(FAR**2) else mp.mpf(0)

    def shares(xs: Sequence[Any]) -> list[Any]:
        top = max(map(real, xs))
        exponentials = [exponential(x - top) for x in xs]
        return [e / sum(exponentials) for e in exponentials]

    def dot(*operands: Any) -> Any:
        half = len(operands) // 2 + 1
        products = map(operator.mul, operands[1:half], operands[half:])
        return sum(products, operands[0])

    def log_of_sum(*xs: Any) -> Any:
        top = max(map(real, xs))
        return top + mp.log(sum(exponential(x - top) for x in xs))

    return {
        "inner_product": dot,
        "total": lambda *xs: sum(xs),
        "mean": lambda *xs: sum(xs) / len(xs),
        "prod": lambda *xs: mp.fprod(xs),
        "norm": lambda *xs: mp.sqrt(sum(x * x for x in xs)),
        "logsumexp": log_of_sum,
        "softmax_of": lambda index, *xs: shares(xs)[int(real(index))],
        "largest": lambda *xs: max(xs, key=real),
        "smallest": lambda *xs: min(xs, key=real),
    }
