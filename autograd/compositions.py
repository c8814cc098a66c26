"""Functions under the names of `math`, NumPy, SciPy, PyTorch and JAX that are made of rows.

Each says whose convention it follows. `where` takes functions as branches as well.

>>> logaddexp(0.0, 0.0), heaviside(0.0, 0.5), rsqrt(4.0), where(False, lambda: 1 / 0, 2.0)
(0.6931471805599453, 0.5, 0.5, 2.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from autograd import primitives as p
from autograd.coercion import Operand, as_number, elements
from autograd.modes import tracing
from autograd.reductions import minimum
from autograd.scalar_math import LARGEST

Branch = Operand | Callable[[], Any]

# Klambauer et al. (2017).
SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772
RADIANS = math.pi / 180.0
DEGREES = 180.0 / math.pi
# Branches of `where` within each other, in a trace; and how many there are.
MOST_NESTED = 100
nested: ContextVar[int] = ContextVar("nested", default=0)


def logaddexp(x: Operand, y: Operand) -> Any:
    """Return log(exp(x) + exp(y)), as NumPy does; of more numbers: `logsumexp`."""
    return p.logsumexp((x, y))


def heaviside(x: Operand, at_zero: Operand) -> Any:
    """Return 0 left of zero, 1 right of it, and a number of your own at zero, as NumPy does."""
    is_zero = p.equal(x, 0)
    return p.where(is_zero, at_zero, p.step(x))


def deg2rad(x: Operand) -> Any:
    """Return degrees in radians, as NumPy and `math.radians` do."""
    return p.mul(x, RADIANS)


def rad2deg(x: Operand) -> Any:
    """Return radians in degrees, as NumPy and `math.degrees` do."""
    return p.mul(x, DEGREES)


def digamma(x: Operand) -> Any:
    """Return the slope of lgamma, as SciPy's `digamma` does."""
    return p.polygamma(0, x)


def rsqrt(x: Operand) -> Any:
    """Return 1 / sqrt(x), as `jax.lax.rsqrt` does."""
    return p.div(1.0, p.sqrt(x))


def selu(x: Operand) -> Any:
    """Return scale * elu(x, alpha) with the constants of `jax.nn.selu`; the slope at 0 is scale."""
    return p.mul(SELU_SCALE, p.elu(x, SELU_ALPHA))


def relu6(x: Operand) -> Any:
    """Return min(max(x, 0), 6), as `jax.nn.relu6` does; the slopes at 0 and at 6 are 0."""
    return minimum(p.relu(x), 6)


def dist(x: Sequence[Any], y: Sequence[Any]) -> Any:
    """Return the Euclidean distance of two points, as `math.dist` does."""
    left = elements("dist", x)
    right = elements("dist", y)
    if len(left) != len(right):
        raise ValueError(f"dist of {len(left)} and {len(right)} coordinates: they must agree")
    differences = [p.sub(a, b) for a, b in zip(left, right)]
    return p.norm(differences)


def isnan(x: Any) -> Any:
    """Tell whether a number is NaN, as `math.isnan` does."""
    if hasattr(x, "record"):
        return x.compare(p.equal, x) == 0
    return math.isnan(as_number(x))


def isinf(x: Any) -> Any:
    """Tell whether a number is infinite, as `math.isinf` does."""
    if hasattr(x, "record"):
        return abs(x) > LARGEST
    return math.isinf(as_number(x))


def isfinite(x: Any) -> Any:
    """Tell whether a number is neither infinite nor NaN, as `math.isfinite` does."""
    if hasattr(x, "record"):
        return abs(x) <= LARGEST
    return math.isfinite(as_number(x))


# A choice whose branches are functions.


def where(condition: Operand, x: Branch, y: Branch) -> Any:
    """Return x where the condition holds, else y.

    A branch may be a function without arguments. Then only the one that is taken runs, so that what
    the other would raise, or cost, is nobody's business. In a function that is being traced both
    are recorded, and each sample takes its own: no branch is guarded.

    Raises: RecursionError: in a trace, a branch that leads to itself again.

    >>> from autograd import Value, log
    >>> where(0.0 > 0, lambda: log(Value(0.0)), 0.0)
    0.0
    """
    if callable(x) or callable(y):
        choose = both_recorded if tracing() else taken
        return choose(condition, x, y)
    return p.where(condition, x, y)


def taken(condition: Operand, x: Branch, y: Branch) -> Any:
    """Return the branch that is taken; a Value, if the other one is seen to use Values."""
    truth = bool(condition)
    chosen, other = (x, y) if truth else (y, x)
    found = result_of(chosen)
    if hasattr(found, "record"):
        return found
    for beside in (condition, *numbers_in(other)):
        if hasattr(beside, "record"):
            return beside.record(p.where, (truth, found, found))
    return found


def numbers_in(branch: Branch) -> list[Any]:
    """Return a branch, or what a function has closed over; of a structure, its elements."""
    if not callable(branch):
        return [branch]
    found: list[Any] = []
    for cell in getattr(branch, "__closure__", None) or ():
        try:
            content = cell.cell_contents
        except ValueError:
            # A name that has no value yet.
            continue
        if isinstance(content, (list, tuple)):
            found += content
        else:
            found.append(content)
    return found


def both_recorded(condition: Operand, x: Branch, y: Branch) -> Any:
    """Return the choice with both branches recorded; of a plain condition, the one taken.

    Raises: RecursionError: a branch leads to itself.
    """
    depth = nested.get()
    if depth >= MOST_NESTED:
        raise RecursionError(
            f"{MOST_NESTED} branches of where within each other: a trace records both branches, so "
            "a function that calls itself in one of them never ends; write it as a loop, or branch "
            "with `if` and compile it with retrace=True"
        )
    token = nested.set(depth + 1)
    try:
        if not hasattr(condition, "record"):
            return result_of(x if condition else y)
        return p.where(condition, result_of(x), result_of(y))
    finally:
        nested.reset(token)


def result_of(branch: Branch) -> Any:
    """Return what a branch is, or gives.

    Raises: TypeError: it gives None.
    """
    if not callable(branch):
        return branch
    found = branch()
    if found is None:
        name = getattr(branch, "__name__", "a function")
        raise TypeError(f"where: the branch {name} returned None; did it forget its return?")
    return found
