"""The function under check, with numbers of any kind in the place of its inputs.

>>> program = Program(lambda x, ys: x * ys[0] + ys[1], (2.0, [3.0, 4.0]), recorded=False)
>>> program.values()
[10.0]
>>> line = program.along(1)
>>> line(0.5), line.step(0.5), line.sizes
(11.0, 0.5, [3.0, 1.0])
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from autograd.coercion import as_number
from autograd.modes import ieee, no_grad
from autograd.structures import PLAIN, flatten, is_array, kind_of, parts, remade, with_parts
from autograd.testing.mpmath_context import NotLiftable
from autograd.testing.number_types import Function, Lifted, Numbers, Point, plain_number, portable
from autograd.value import Value

# What a function may raise on numbers that it cannot take; all else is a fault of its own.
REFUSALS = (TypeError, AttributeError, ValueError, ArithmeticError, NotImplementedError, IndexError)

Direction = int | Sequence[float]
"""Along which a derivative is taken: the index of an input, or a weight for each of them."""

Step = float | complex
"""How far from the point along a line."""


@dataclass
class Program:
    """A function of structures of numbers, as a function of n numbers with one output.

    Args: function; args, its positional arguments; output, the index of the output; recorded,
        whether floats go in as Values; cut, whether a `stop_gradient` is among its operations,
        which no difference of floats can see; is_long, whether numbers of other types would take
        too long for every input by itself.
    """

    function: Function
    args: Point
    output: int = 0
    recorded: bool = True
    cut: bool = False
    is_long: bool = False

    def __post_init__(self) -> None:
        # The oracles that cannot evaluate the function at all.
        self.refusing: set[str] = set()
        # By oracle and output: does the function give there what it gives on floats?
        self.compared: dict[tuple[str, int], bool] = {}
        plain = map(plain_number, flatten(self.args))
        self.inputs: list[Any] = [as_number(x) for x in plain]

    def on(self, function: Function, scalars: Numbers) -> Any:
        """Return the chosen output of a function with scalars in the place of its inputs."""
        arguments = refilled(self.args, scalars)
        return flatten(function(*arguments))[self.output]

    def lifted(self, number_type: type[Lifted], numbers: Numbers) -> Any:
        """Return the output as a number of another type.

        Raises: NotLiftable: the function cannot be evaluated on such numbers.
        """
        slow = [number_type(x) for x in numbers]
        try:
            out = self.on(portable(self.function), slow)
            # A result that does not depend on the inputs is a plain number still.
            return number_type(0).take(out)
        except NotLiftable:
            raise
        except (TypeError, AttributeError, NotImplementedError) as error:
            raise NotLiftable(str(error)) from None

    def values(self) -> list[Any]:
        """Return all outputs as floats, at the point itself."""
        return self.outputs_of(refilled(self.args, self.inputs))

    def float_of(self, arguments: Point) -> float:
        """Return the output for arguments of floats."""
        out = self.outputs_of(arguments)[self.output]
        if isinstance(out, complex):
            raise ValueError(f"the function is complex here: {out}")
        return float(out)

    def outputs_of(self, arguments: Point) -> list[Any]:
        """Return all outputs for arguments of floats."""
        if not self.recorded:
            return flatten(self.function(*arguments))
        with ieee(), no_grad():
            leaves = [Value(x) for x in flatten(arguments)]
            values = refilled(arguments, leaves)
            found = flatten(self.function(*values))
        return list(map(plain_number, found))

    def complex_of(self, arguments: Point) -> complex:
        """Return the output for arguments of complex numbers."""
        found = flatten(self.function(*arguments))
        return complex(found[self.output])

    def along(self, direction: Direction) -> Line:
        """Return the function of one number that moves the inputs in a direction."""
        return Line(self, direction)


class Line:
    """A program along a straight line: t -> the output at inputs + t * direction.

    A call returns a float, NaN where the function is not defined; what was asked before is known.
    """

    def __init__(self, program: Program, direction: Direction) -> None:
        self.program = program
        self.inputs = [float(x) for x in program.inputs]
        if isinstance(direction, int):
            self.at = self.inputs[direction]
            self.axis: int | None = direction
            weights = [0.0] * len(self.inputs)
            weights[direction] = 1.0
        else:
            # The weights hold the sizes already.
            self.at = 1.0
            self.axis = None
            weights = list(direction)
        self.base = refilled(program.args, self.inputs)
        self.velocity = refilled(program.args, weights)
        self.known = dict[float, float]()

    @property
    def sizes(self) -> list[float]:
        """What steps are to be small against, the largest first: |x|, and 1."""
        found = {abs(self.at), 1.0} - {0.0}
        return sorted(found, reverse=True)

    def step(self, t: float) -> float:
        """Return the step that is taken instead of t, because the input is rounded."""
        if self.axis is None:
            return t
        return (self.at + t) - self.at

    def __call__(self, t: float) -> float:
        """Return the output at a step from the point."""
        if t in self.known:
            return self.known[t]
        try:
            found = self.program.float_of(self.moved(t))
        except REFUSALS:
            # A power may be complex, beside all that is not defined.
            found = math.nan
        self.known[t] = found
        return found

    def complex(self, t: complex) -> complex:
        """Return the output at a complex step from the point."""
        return self.program.complex_of(self.moved(complex(t)))

    def moved(self, t: Step) -> Point:
        """Return the arguments at a step from the point."""
        if self.axis is not None and isinstance(t, float):
            changed = with_number(self.base, self.axis, self.at + t)
            return tuple(changed)
        pairs = zip(self.base, self.velocity)
        return tuple(moved(x, speed, t) for x, speed in pairs)


def with_number(x: Any, i: int, number: float) -> Any:
    """Return a structure of floats with another number in the place of the i-th.

    What does not hold that number is copied, where it could be changed, and else left as it is.
    """
    if kind_of(x) is None:
        return number if i == 0 else x
    if is_array(x) and x.dtype == float:
        out = x.copy()
        if 0 <= i < x.size:
            out.flat[i] = number
        return out
    new = parts(x)
    if type(x) is list and PLAIN.issuperset(map(type, new)):
        if 0 <= i < len(new):
            new[i] = number
        return new
    for k, part in enumerate(new):
        count = len(flatten(part))
        new[k] = with_number(part, i, number)
        # Of the next part, counted from its own beginning.
        i -= count
    return with_parts(x, new)


def moved(x: Any, velocity: Any, t: Step) -> Any:
    """Return a structure of floats, moved: x + t * velocity; an array is moved as a whole."""
    is_number = kind_of(x) is None
    if is_number or is_array(x) and x.dtype == float:
        return x + t * velocity
    pairs = zip(parts(x), parts(velocity))
    new = [moved(part, speed, t) for part, speed in pairs]
    return with_parts(x, new)


@contextmanager
def quietly() -> Iterator[None]:
    """Keep what a function warns of at points that nobody asked about to ourselves."""
    numpy = sys.modules.get("numpy")
    silent = numpy.errstate(all="ignore") if numpy else nullcontext()
    with warnings.catch_warnings(), silent:
        warnings.simplefilter("ignore")
        yield


def refilled(shape: Iterable[Any], scalars: Iterable[Any]) -> Any:
    """Return arguments with scalars of any kind in the place of their numbers."""
    return remade(tuple(shape), iter(scalars))
