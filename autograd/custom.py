"""Primitives of a user's own: a function and its partial derivatives, checked when declared.

>>> from autograd import Value, cos, sin
>>> @primitive(lambda x, out: cos(x) / x - out / x, domain=((0.0, 20.0),))
... def sinc(x):
...     return math.sin(x) / x
>>> y = sinc(Value(2.0)); round(y.local_derivatives[0], 6)
-0.435398
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any

from autograd.coercion import as_number
from autograd.messages import shown
from autograd.modes import no_grad
from autograd.primitive_type import Interval, Primitive, is_interval
from autograd.value import Value

# Where in its domain each operand is tried.
SHARES = (0.21, 0.56, 0.83)
# Of the central differences: relative step, and relative error.
STEP = 1e-3
AGREEMENT = 1e-6


def primitive(
    *partials: Callable[..., Any] | None,
    domain: tuple[Interval, ...] = (),
    smooth: bool = True,
    constant: Callable[..., Sequence[Any]] | None = None,
    check: bool = True,
) -> Callable[[Callable[..., float]], Primitive]:
    """Declare a function of floats as a primitive, with one partial derivative per operand.

    Every interpreter has it then: it is recorded, differentiated to any order, drawn and compiled.
    When it is declared, each partial is compared with central differences at three points of the
    domain, and called on Values, for it has to be differentiable itself.

    Args:
        partials: ``(*operands, out) -> slope`` each, written with operators and functions of
            `autograd`; None where the function is locally constant in the operand everywhere.
        domain: one open interval per operand, all reals by default.
        smooth, constant: as for `autograd.primitives.Primitive`.
        check: False leaves out the comparison with differences, not the rest.

    Raises: TypeError when partials and operands do not match in number, or a partial cannot take
        Values; ValueError when a partial is wrong, with the point and both slopes.

    >>> @primitive(lambda x, out: 3 * x)
    ... def cube(x):
    ...     return x**3
    Traceback (most recent call last):
    ValueError: cube: the partial by operand 0 at (-1.16,) is -3.48, but differences give 4.0368
    """

    def declare(forward: Callable[..., float]) -> Primitive:
        symbol = name_of(forward)
        if not isinstance(domain, (tuple, list)):
            raise TypeError(f"{symbol}: domain is a (low, high) per operand, not {shown(domain)}")
        arity = arity_of(forward, len(partials))
        if len(partials) != arity or (domain and len(domain) != arity):
            raise TypeError(
                f"{symbol} has {arity} operands but {len(partials)} partials"
                f" and {len(domain) or 'no'} domains; give one of each per operand"
            )
        if not all(map(is_interval, domain)):
            raise ValueError(f"{symbol}: a domain is (low, high), low < high: {domain!r}")
        row = Primitive(symbol, forward, *partials, domain=domain, smooth=smooth, constant=constant)
        # Without a name it cannot be pickled.
        row.name = getattr(forward, "__qualname__", "")
        row.__module__ = getattr(forward, "__module__", None) or __name__
        row.__doc__ = forward.__doc__ or row.__doc__
        verify(row, check)
        return row

    return declare


def name_of(forward: object) -> str:
    """Return what a function is called; a `partial` by what it is of, an object by its class.

    Raises: TypeError: it is no function.
    """
    if not callable(forward):
        raise TypeError(
            f"primitive declares a function of floats, not {shown(forward)}; write"
            " @primitive(partial, ...) with a partial derivative per operand"
        )
    if isinstance(forward, functools.partial):
        return name_of(forward.func)
    return str(getattr(forward, "__name__", type(forward).__name__))


def arity_of(forward: Callable[..., float], count: int) -> int:
    """Return how many operands a function takes; so many as are given, if it takes those.

    A ufunc of NumPy says it in `nin`. What says nothing (`math.hypot`) is believed to take as many
    as there are partials: `verify` calls it with them.
    """
    nin = getattr(forward, "nin", None)
    if isinstance(nin, int):
        return nin
    try:
        signature = inspect.signature(forward)
    except (ValueError, TypeError):
        return count
    try:
        signature.bind(*range(count))
    except TypeError:
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return sum(x.kind in kinds for x in signature.parameters.values())
    return count


def verify(row: Primitive, check: bool) -> None:
    """Call every partial at the sample points, on floats and on Values, and compare."""
    tried = 0
    for point in samples(row.domain):
        try:
            out = as_number(row.forward(*point))
        except (ValueError, ArithmeticError):
            continue
        except TypeError as error:
            raise TypeError(f"{row} of {point}: {error}") from None
        tried += 1
        for i, partial in enumerate(row.partials):
            if partial is not None:
                slope = called_on_values(row, i, point, out)
                if check:
                    compare(row, i, point, slope)
    if not tried:
        raise ValueError(f"{row} raises at all of {list(samples(row.domain))}; pass its domain")


def samples(domain: Sequence[Interval]) -> Iterator[tuple[float, ...]]:
    """Yield points inside the domain, the operands at different shares of their intervals."""
    for shift in range(len(SHARES)):
        turned = [*SHARES[shift:], *SHARES[:shift]]
        shares = cycle(turned)
        yield tuple(inside(interval, share) for interval, share in zip(domain, shares))


def inside(interval: Interval, share: float) -> float:
    """Return the number at a share of an interval, of which at most 4 units are used."""
    low, high = interval
    if math.isinf(low):
        low = -2.0 if math.isinf(high) else high - 4.0
    width = min(high, low + 4.0) - low
    return round(low + share * width, 6)


def called_on_values(row: Primitive, i: int, point: Sequence[float], out: float) -> float:
    """Return the i-th partial, computed on Values as a higher derivative computes it."""
    try:
        operands = map(Value, point)
        with no_grad():
            slope = row.partials[i](*operands, Value(out))  # type: ignore[misc]
    except TypeError as error:
        raise TypeError(
            f"{row}: the partial by operand {i} does not take Values ({error}); "
            "write it with operators and the functions of autograd, not of math"
        ) from error
    try:
        number = slope._data if isinstance(slope, Value) else as_number(slope)
        return float(number)
    except TypeError as error:
        raise TypeError(f"{row}: the partial by operand {i} gave no number: {error}") from None


def compare(row: Primitive, i: int, point: Sequence[float], slope: float) -> None:
    """Compare a slope with an extrapolated central difference, where that is trustworthy."""

    x = point[i]
    before = point[:i]
    after = point[i + 1 :]

    def difference(step: float) -> Any:
        right = row.forward(*before, x + step, *after)
        left = row.forward(*before, x - step, *after)
        return (right - left) / (2.0 * step)

    step = STEP * max(1e-3, abs(x))
    coarse = difference(step)
    fine = difference(step / 2)
    # The error of a central difference falls with the square of the step (Richardson).
    expected = fine + (fine - coarse) / 3.0
    rounding = 1e-12 * abs(row.forward(*point)) / step
    unsure = abs(fine - coarse) + rounding
    if abs(slope - expected) > AGREEMENT * abs(expected) + unsure:
        raise ValueError(
            f"{row}: the partial by operand {i} at {tuple(point)} is {slope:.6g},"
            f" but differences give {expected:.6g}"
        )
