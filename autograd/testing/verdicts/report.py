"""What a gradient check says: components, the report, and the errors.

>>> part = Component("x", 6.0, 12.0, error=6.0, bound=1.2e-8, oracle="exact", scale=12.0)
>>> print(part)
x: 6, but exact gives 12; error 6, at most 1.2e-08 allowed
>>> part.resolution
1e-09
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from autograd.testing.oracles.estimate import as_float

# A verdict whose resolution is a larger share of the path sum tells nothing.
MAX_DOUBT = 1e-4
# Fractions with a larger denominator are shown as decimals.
DENOMINATORS_SHOWN = 10**6
# Times what an oracle says: a claim that may be right where nothing can be seen.
FAR = 1e3
# Of those that are wrong.
MAX_COMPONENTS_SHOWN = 5
# Where users find the errors, and tracebacks say they are.
PUBLIC = "autograd.testing"


def ratio(part: float, whole: float) -> float:
    """Return a quotient: of something by nothing infinite, of nothing by nothing 0."""
    if whole:
        return part / whole
    return math.inf if part else 0.0


class Component(NamedTuple):
    """One derivative: claimed, expected, and how large an error would have passed.

    Attributes: place, how it is called; claimed and expected; error, the size of claimed -
    expected; bound, the largest error that passes; oracle, who says so; scale, the path sum S, as
    far as it is known; sharp, a bound without the effect of rounding in the function, for claims
    that are even better; allowance, the part of the bound that the caller asked for by `atol`;
    local, another slope of the function, at a finer scale, and local_bound, what an error against
    that may be; asked, the part of the bound that the caller asked for by `rtol`; hidden, how large
    an error may be that would not show beside the other terms; is_zero, whether it is right, and 0.
    """

    place: str
    claimed: Any
    expected: Any
    error: float
    bound: float
    oracle: str
    scale: float = 0.0
    sharp: float = 0.0
    allowance: float = 0.0
    local: float | None = None
    local_bound: float = 0.0
    asked: float = 0.0
    hidden: float = 0.0
    is_zero: bool = False

    @property
    def limit(self) -> float:
        """The fault that could not have been told from rounding and truncation, but for `atol`."""
        return self.sharp if self.error <= self.sharp else self.bound - self.allowance

    @property
    def resolution(self) -> float:
        """The smallest fault that could have been told, relative to the path sum S."""
        if self.claimed == self.expected and isinstance(self.claimed, Fraction):
            return 0.0
        return ratio(self.limit, self.scale)

    @property
    def excess(self) -> float:
        """The error as a multiple of the bound."""
        return ratio(self.error, self.bound)

    @property
    def is_wrong(self) -> bool:
        """Whether the error is larger than anything but a mistake explains."""
        claimed = float(self.claimed)
        if self.local is not None and abs(claimed - self.local) <= self.local_bound:
            return False
        expected = abs(as_float(self.expected))
        is_far = abs(claimed) > FAR * max(expected, self.bound)
        if is_far and self.error <= self.hidden:
            return False
        return not self.error <= self.bound

    @property
    def is_unsure(self) -> bool:
        """Whether a wrong derivative could have passed, because the bound is so wide."""
        if self.error > self.bound:
            return not self.is_wrong
        if self.oracle in ("exact", "mpmath") and self.claimed == as_float(self.expected):
            # It is the float nearest to the truth.
            return False
        most = max(MAX_DOUBT * self.scale, self.allowance)
        return self.limit - self.asked > most

    def __str__(self) -> str:
        claimed = ten_digits(self.claimed)
        expected = ten_digits(self.expected)
        return (
            f"{self.place}: {claimed}, but {self.oracle} gives {expected}; "
            f"error {self.error:.3g}, at most {self.bound:.3g} allowed"
        )


class Report(NamedTuple):
    """What was checked: the function's name, the inputs, and every derivative.

    Attributes: function; inputs; components; directions, how many random ones were tried, 0 for
    every input by itself; taylor_slope, of the remainder along them, None where there is none.
    """

    function: str
    inputs: list[Any]
    components: list[Component]
    directions: int = 0
    taylor_slope: float | None = None

    @property
    def worst(self) -> Component | None:
        """The component with the largest error for its bound, None where there is none."""
        return max(self.components, key=lambda part: part.excess, default=None)

    @property
    def resolution(self) -> float:
        """The smallest fault that could have been told in every component, relative to S."""
        told = (part.resolution for part in self.components if part.limit > part.allowance)
        return max(told, default=0.0)

    def __str__(self) -> str:
        if self.worst is None:
            return f"{self.function}: nothing to differentiate"
        oracles = {part.oracle for part in self.components}
        names = ", ".join(sorted(oracles))
        count = len(self.components)
        what = f"{count} derivative{'s' if count > 1 else ''}"
        if self.directions:
            what = f"{what} along random directions of {len(self.inputs)} inputs"
        text = (
            f"{self.function}: {what} right, by {names}; resolution {self.resolution:.1g}; "
            f"worst error {self.worst.error:.2g} of {self.worst.bound:.2g} allowed"
        )
        return f"{text}\n{self.missed()}" if self.directions else text

    def missed(self) -> str:
        """Return what random directions can miss."""
        n = len(self.inputs)
        lines = [
            f"  may miss: a fault in one derivative of less than {self.resolution * n:.1g} of an "
            f"average one, and faults in several that cancel in all {self.directions} directions"
        ]
        if self.taylor_slope is not None:
            lines.append(f"  the Taylor remainder falls with slope {self.taylor_slope:.2f}, of 2")
        return "\n".join(lines)


class CheckError(Exception):
    """Why a gradient did not pass; `components` are those that tell."""

    __module__ = PUBLIC
    components: Sequence[Component] = ()


class GradientMismatch(CheckError, AssertionError):
    """A gradient is wrong; the text says where, by how much, who says so, and what is likely.

    Attributes: components, those that are wrong, the worst first; mistake, which common mistake
    explains all of them, empty where none does.
    """

    __module__ = PUBLIC
    mistake = ""


class NonDifferentiablePoint(CheckError, ValueError):
    """The function has a kink, a jump or an infinite slope at the point: no gradient is right."""

    __module__ = PUBLIC


class InconclusiveCheck(CheckError, ArithmeticError):
    """No oracle could tell: the differences are too rough, or rounding drowns the gradient."""

    __module__ = PUBLIC


class NotDeterministic(InconclusiveCheck):
    """The function gives another result when it is called again: no gradient can be judged."""

    __module__ = PUBLIC


def ten_digits(x: Any) -> str:
    """Return a number with ten digits; a fraction of fewer as it is."""
    if isinstance(x, Fraction) and 1 < x.denominator < DENOMINATORS_SHOWN:
        return str(x)
    return f"{as_float(x):.10g}"


def finite_size(x: Any) -> float:
    """Return |x| where it is finite, else 0."""
    return abs(float(x)) if math.isfinite(x) else 0.0


def difference(claimed: Any, expected: Any) -> float:
    """Return |claimed - expected|, computed in the arithmetic of the oracle."""
    if not math.isfinite(claimed):
        return 0.0 if claimed == as_float(expected) else math.inf
    if isinstance(expected, Fraction):
        return as_float(abs(Fraction(claimed) - expected))
    plain = claimed if isinstance(claimed, float) else float(claimed)
    found = as_float(abs(expected - plain))
    return found if found == found else math.inf


def shown(components: Sequence[Component]) -> list[str]:
    """Return a line for each of the worst components, and how many more there are."""
    ordered = sorted(components, key=lambda part: -part.excess)
    lines = [f"  {part}" for part in ordered[:MAX_COMPONENTS_SHOWN]]
    if len(ordered) > MAX_COMPONENTS_SHOWN:
        lines.append(f"  and {len(ordered) - MAX_COMPONENTS_SHOWN} more")
    return lines
