"""Checking the gradient of a function against the best oracle that can judge it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from autograd.coercion import as_number
from autograd.functional import gradients
from autograd.structures import aligned, flatten, parts, paths, regular_shape
from autograd.testing import oracles
from autograd.testing.locate import diagnosis
from autograd.testing.mpmath_context import NotLiftable
from autograd.testing.number_types import portable
from autograd.testing.oracles import REFUSALS, Estimate, Program, as_float
from autograd.testing.parameters import without_parameters
from autograd.testing.recording import Recording, noise, path_sums, record
from autograd.value import Value

DEFAULT_RTOL = 1e-9  # a larger share of the path sum is a mistake, and no rounding
MAX_DOUBT = 1e-4  # an oracle whose own error is a larger share of the path sum cannot tell
NOISE_FACTOR = 16.0  # how many times the effect of one perturbed rounding is allowed
MIN_JUMP = 1e-9  # one-sided slopes that differ by a larger share are those of a kink
MAX_COMPONENTS_SHOWN = 5  # of those that are wrong
MAX_POINT_CHARACTERS = 400
DENOMINATORS_SHOWN = 10**6  # below this; other fractions are shown as decimals
ORACLES = ("auto", *oracles.FIRST_DERIVATIVES)


class GradientMismatch(AssertionError):
    """A gradient is wrong; the text says where, by how much, and who says so."""


class NonDifferentiablePoint(ValueError):
    """The function has a kink, a jump or an infinite slope at the point: no gradient is right."""


class InconclusiveCheck(ArithmeticError):
    """No oracle could tell: the differences are too rough, or rounding drowns the gradient."""


class Component(NamedTuple):
    """One partial derivative: claimed, expected, its error and the largest that would pass."""

    place: str
    claimed: Any
    expected: Any
    error: float
    bound: float
    oracle: str
    doubt: float = 0.0  # the part of the bound that is not a share of the path sum
    scale: float = 0.0  # the path sum
    sharp: float = 0.0  # a bound without the effect of rounding in the function

    @property
    def excess(self) -> float:
        """The error as a multiple of the bound."""
        return self.error / self.bound if self.bound else math.inf if self.error else 0.0

    @property
    def is_unsure(self) -> bool:
        """Whether a wrong derivative could have passed, because the bound is so wide."""
        if self.claimed == self.expected == 0 or self.error <= self.sharp <= MAX_DOUBT * self.scale:
            return False
        if self.claimed == as_float(self.expected) and self.oracle in ("exact", "mpmath"):
            return False  # the float nearest to the truth
        return self.doubt > MAX_DOUBT * self.scale

    def __str__(self) -> str:
        claimed = ten_digits(self.claimed)
        expected = ten_digits(self.expected)
        return (
            f"{self.place}: {claimed}, but {self.oracle} gives {expected}; "
            f"error {self.error:.3g}, at most {self.bound:.3g} allowed"
        )


class Report(NamedTuple):
    """What was checked: the function's name, the inputs, and every partial derivative."""

    function: str
    inputs: list[Any]
    components: list[Component]

    @property
    def worst(self) -> Component | None:
        """The component with the largest error for its bound, None where there is none."""
        return max(self.components, key=lambda part: part.excess, default=None)

    def __str__(self) -> str:
        if self.worst is None:
            return f"{self.function}: nothing to differentiate"
        names = sorted({part.oracle for part in self.components})
        return (
            f"{self.function}: {len(self.components)} derivatives right, by {', '.join(names)}; "
            f"worst error {self.worst.error:.2g} of {self.worst.bound:.2g} allowed"
        )


def check_gradients(
    f: Callable[..., Any],
    *args: Any,
    gradient: Any = None,
    order: int = 1,
    oracle: str = "auto",
    rtol: float | None = None,
    atol: float | None = None,
) -> Report:
    """Check the derivatives of a function at a point, and return what was found.

    Any function of numbers or of sequences of numbers, with one result or a sequence of them: ours,
    a primitive, or a function of floats together with the gradient that is claimed for it. The best
    oracle that can evaluate the function judges (see `autograd.testing.oracles`).

    An error counts as wrong where it is larger than ``rtol * S`` plus the bound of the oracle's own
    error plus the effect of rounding, where S is the path sum. So a gradient of 1e-9 is judged as
    sharply as one of 1e6, and a gradient that rounding drowns is not called wrong.

    Args:
        f: a function of Values, or of floats where `gradient` is given.
        args: the point: numbers, or structures of them, such as lists, dicts and arrays; Fractions
            are checked exactly.
        gradient: the claimed gradient: one number for each input, for each output in turn, as a
            list or an array, or in the structure of the arguments; or a function of the same
            arguments that returns that. By default, the engine's own.
        order: 2 checks the second derivatives as well.
        oracle: "auto", "exact", "complex step", "mpmath" or "ridders".
        rtol: share of the path sum that passes, 1e-9 unless given; atol: what passes besides, 0.

    Returns: a `Report`.
    Raises:  GradientMismatch when a derivative is wrong; NonDifferentiablePoint where there is
             none; InconclusiveCheck where no oracle can tell; ValueError for arguments that are
             not finite, TypeError for a function that takes no Values and has no gradient.
    Cost:    about four evaluations of f on slow numbers for every input and output.

    >>> from autograd import sigmoid
    >>> print(check_gradients(lambda x, y: x * sigmoid(y), 3.0, 0.5))
    <lambda>: 2 derivatives right, by mpmath; worst error ... allowed
    >>> check_gradients(lambda x: x**3, 2.0, gradient=lambda x: 3 * x)
    Traceback (most recent call last):
    autograd.testing.check.GradientMismatch: wrong gradient of <lambda>
      inputs: 2.0
      x: 6, but exact gives 12; error 6, at most 1.2e-08 allowed
    """
    checked_settings(args, order, oracle)
    check = Check(f, args, gradient, oracle, rtol or DEFAULT_RTOL, atol or 0.0)
    components = [part for output in range(check.outputs) for part in check.first(output)]
    if order == 2:
        components += [part for output in range(check.outputs) for part in check.second(output)]
    return Report(name_of(f), check.inputs, components)


def checked_settings(args: Sequence[Any], order: int, oracle: str) -> None:
    """Raise for settings that mean nothing."""
    if order not in (1, 2):
        raise ValueError(f"order {order!r}: first and second derivatives can be checked, 1 or 2")
    if oracle not in ORACLES:
        raise ValueError(f"oracle {oracle!r} is not known; choose from {', '.join(ORACLES)}")
    for i, x in enumerate(flatten(tuple(args))):
        plain = as_number(x.data if isinstance(x, Value) else x)
        if not math.isfinite(plain):
            raise ValueError(f"input {i} is {plain}: a gradient is checked at finite numbers")


class Check:
    """One check: the function, where, what is claimed, and by what measure."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        gradient: Any,
        oracle: str,
        rtol: float,
        atol: float,
    ) -> None:
        self.name = name_of(f)
        self.point = args
        self.f, self.args = without_parameters(f, args)
        self.claim = gradient
        self.oracle = oracle
        self.rtol = rtol
        self.atol = atol
        self.recording = self.recorded()
        cut = self.recording is not None and self.recording.is_cut()
        self.program = Program(self.f, self.args, recorded=gradient is None, cut=cut)
        self.inputs = self.program.inputs
        self.outputs = len(self.recording.outputs) if self.recording else len(flatten(f(*args)))
        self.variables = range(len(self.inputs))

    def recorded(self) -> Recording | None:
        """Return the graph of the function, None where it takes floats only."""
        if self.claim is None:
            try:
                return record(self.f, self.args)
            except TypeError as error:
                raise TypeError(
                    f"{self.name} does not take Values ({error}); write it with operators and"
                    " the functions of autograd, or pass gradient=, the gradient you claim"
                ) from error
        try:
            return record(portable(self.f), self.args)
        except (*REFUSALS, NotLiftable):
            return None

    def first(self, output: int) -> list[Component]:
        """Check the gradient of one output."""
        self.program.output = output
        value = self.program.float(self.inputs)
        if not math.isfinite(value):
            raise ValueError(
                f"{self.name} is {value} at {self.shown_inputs()}: no gradient to check"
            )
        claimed = self.claimed(output)
        scales = self.scales(output, claimed)
        found = [self.component(output, i, claimed[i], *scales[i]) for i in self.variables]
        return self.judged(output, found)

    def claimed(self, output: int) -> list[Any]:
        """Return the gradient that is to be checked, a number for each input."""
        if self.claim is None and self.recording:
            return self.recording.gradient(output)
        rows = self.claims(self.args)
        n = len(self.inputs)
        rows = [x.data if isinstance(x, Value) else x for x in rows]
        if len(rows) != n * self.outputs:
            raise ValueError(
                f"gradient= returned {len(rows)} numbers, but {self.name} has {n} inputs"
                f" and {self.outputs} outputs: {n * self.outputs} are needed"
            )
        return rows[n * output : n * (output + 1)]

    def claims(self, args: Sequence[Any]) -> list[Any]:
        """Return the claimed gradients of all outputs, each in the order of the inputs.

        Raises: ValueError: one of them is a structure, and not that of the arguments.
        """
        found = self.claim(*args) if callable(self.claim) else self.claim
        like = args[0] if len(args) == 1 else tuple(args)
        if regular_shape(found) is not None:
            return flatten(found)
        rows = [found] if self.outputs == 1 else parts(found)
        return [x for row in rows for x in aligned("gradient=", row, like)]

    def scales(self, output: int, claimed: Sequence[Any]) -> list[tuple[float, float]]:
        """Return for every input the path sum, and the noise of the claimed derivative."""
        if self.recording is None:
            return list(zip(map(finite_size, claimed), self.claimed_noise(output)))
        sums = path_sums(self.recording.outputs[output], self.recording.leaves)
        if any(isinstance(x, Fraction) for x in claimed):
            return [(0.0, 0.0)] * len(sums)
        own = noise(portable(self.f), self.args, output)
        claims = self.claimed_noise(output) if self.claim is not None else [0.0] * len(own)
        return [(s, faint + NOISE_FACTOR * (a + b)) for (s, faint), a, b in zip(sums, own, claims)]

    def claimed_noise(self, output: int) -> list[float]:
        """Return by how much a claimed gradient moves when its inputs move by a unit or two."""
        here = self.claimed(output)
        found = [0.0] * len(self.inputs)
        for side in (-2, -1, 1, 2):
            nearby = [nudged(x, side) for x in self.inputs]
            try:
                there = self.claims(oracles.refilled(self.args, nearby))
            except REFUSALS:
                continue
            there = there[len(found) * output : len(found) * (output + 1)]
            changes = [abs(float(a) - float(b)) for a, b in zip(there, here)]
            found = [max(x, y) if math.isfinite(y) else x for x, y in zip(found, changes)]
        return found

    def component(
        self, output: int, i: int, claimed: Any, scale: float, uncertain: float
    ) -> Component:
        """Compare one partial derivative with the oracle's.

        Raises: NonDifferentiablePoint: there is none; the message says by how much the slopes to
            the left and to the right differ.
        """
        place = self.place(output, i)
        suspicion = self.recording.suspicion(output) if self.recording else "not recorded"
        estimate = self.estimate(i, suspicion, place)
        size = finite_size(as_float(estimate.slope)) + finite_size(scale)
        if suspicion and estimate.jump > MIN_JUMP * size:
            infinite = "they grow without bound" if estimate.jump == math.inf else ""
            raise NonDifferentiablePoint(
                f"{self.name} has no derivative at {self.shown_inputs()}: by {place}, the "
                f"slopes to the left and to the right "
                f"{infinite or f'differ by {estimate.jump:.3g}'}"
                + (f" ({suspicion})" if self.recording else "")
            )
        return self.compared(place, claimed, estimate, scale, uncertain)

    def compared(
        self, place: str, claimed: Any, estimate: Estimate, scale: float, uncertain: float
    ) -> Component:
        """Return the component of a claim and an estimate."""
        scale = finite_size(scale) or finite_size(as_float(estimate.slope))
        exact = isinstance(claimed, Fraction) and estimate.oracle == "exact"
        doubt = 4 * estimate.error + uncertain
        bound = 0.0 if exact else self.rtol * scale + doubt + self.atol
        sharp = self.rtol * scale + 4 * estimate.error
        error = difference(claimed, estimate.slope)
        return Component(
            place, claimed, estimate.slope, error, bound, estimate.oracle, doubt, scale, sharp
        )

    def estimate(self, i: int, suspicion: str, place: str) -> Estimate:
        """Return the oracle's derivative, with its jump where the point is suspect."""
        try:
            found = oracles.ask(self.program, i, self.oracle)
            found = oracles.with_jump(found, self.program, i, bool(suspicion))
        except (ValueError, ZeroDivisionError) as error:
            raise NonDifferentiablePoint(
                f"{self.name} is not defined on both sides of {self.shown_inputs()}, "
                f"along {place}: {error}"
            ) from None
        return found

    def second(self, output: int) -> list[Component]:
        """Check the second derivatives of one output, as the engine gives them."""
        if self.claim is not None or self.recording is None:
            raise ValueError("order=2 checks the engine's own derivatives: leave out gradient=")
        root = self.recording.outputs[output]
        leaves = self.recording.leaves
        self.program.output = output
        noises = noise(self.f, self.args, output, order=2)
        found = []
        for i in self.variables:
            (slope,) = gradients(root, [leaves[i]]) if isinstance(root, Value) else [Value(0.0)]
            sums = path_sums(slope, leaves)
            row = gradients(slope, leaves)
            for j in self.variables:
                estimate = self.second_estimate(output, i, j)
                uncertain = sums[j][1] + NOISE_FACTOR * noises[i * len(leaves) + j]
                place = f"{self.place(output, i)}, {self.place(output, j)}"
                found.append(self.compared(place, row[j].data, estimate, sums[j][0], uncertain))
        return self.judged(output, found)

    def second_estimate(self, output: int, i: int, j: int) -> Estimate:
        """Return the oracle's second derivative."""
        for name, opinion in oracles.SECOND_DERIVATIVES.items():
            if self.oracle in ("auto", name):
                try:
                    return opinion(self.program, i, j)
                except REFUSALS:
                    continue
        f = self.f
        args = self.args

        def slope(numbers: Sequence[float]) -> float:
            return float(record(f, oracles.refilled(args, numbers)).gradient(output)[i])

        return oracles.ridders_second(slope, self.inputs, j)

    def judged(self, output: int, found: list[Component]) -> list[Component]:
        """Return the components where all are right, else raise."""
        wrong = [part for part in found if not part.error <= part.bound]
        if wrong:
            raise GradientMismatch(self.explained(output, wrong))
        for part in found:
            if part.is_unsure and part.doubt > self.atol:
                raise InconclusiveCheck(
                    f"the gradient of {self.name} at {self.shown_inputs()} cannot be judged: "
                    f"{part.place} is {ten_digits(part.claimed)}, {part.oracle} gives "
                    f"{ten_digits(part.expected)}, give or take {part.doubt:.3g}"
                )
        return found

    def explained(self, output: int, wrong: Sequence[Component]) -> str:
        """Return the text of a mismatch, the worst component first."""
        ordered = sorted(wrong, key=lambda part: -part.excess)
        lines = [f"wrong gradient of {self.name}", f"  inputs: {self.shown_inputs()}"]
        lines += [f"  {part}" for part in ordered[:MAX_COMPONENTS_SHOWN]]
        if len(ordered) > MAX_COMPONENTS_SHOWN:
            lines.append(f"  and {len(ordered) - MAX_COMPONENTS_SHOWN} more")
        if self.claim is None and self.recording:
            lines.append(f"  {diagnosis(self.recording.outputs[output])}")
        return "\n".join(lines)

    def shown_inputs(self) -> str:
        """Return the point as it was passed."""
        return ", ".join(map(repr, self.point))[:MAX_POINT_CHARACTERS]

    def place(self, output: int, i: int) -> str:
        """Return what a message calls a partial derivative."""
        path = "".join(input_names(self.args)[i])
        return path if self.outputs == 1 else f"output {output} by {path}"


def name_of(f: Any) -> str:
    """Return what a message calls a function."""
    return str(getattr(f, "__name__", None) or f)


def input_names(args: Sequence[Any]) -> list[str]:
    """Return how every flat input is reached from the arguments.

    >>> input_names((1.0, [2.0, 3.0], {"w": 4.0}))
    ['x', 'y[0]', 'y[1]', "z['w']"]
    """
    letters = "xyzuvw" if len(args) <= 6 else ""
    found = []
    for k, arg in enumerate(args):
        head = letters[k] if letters else f"args[{k}]"
        found += [head + tail for tail in paths(arg)]
    return found


def ten_digits(x: Any) -> str:
    """Return a number with ten digits; a fraction of fewer as it is."""
    if isinstance(x, Fraction) and 1 < x.denominator < DENOMINATORS_SHOWN:
        return str(x)
    return f"{as_float(x):.10g}"


def finite_size(x: Any) -> float:
    """Return |x| where it is finite, else 0."""
    return abs(float(x)) if math.isfinite(x) else 0.0


def nudged(x: Any, units: int) -> float:
    """Return a float moved by some units in its last place."""
    moved = float(x)
    for _ in range(abs(units)):
        moved = math.nextafter(moved, math.copysign(math.inf, units))
    return moved


def difference(claimed: Any, expected: Any) -> float:
    """Return |claimed - expected|, computed in the arithmetic of the oracle."""
    if not math.isfinite(claimed):
        return 0.0 if claimed == as_float(expected) else math.inf
    if isinstance(expected, Fraction):
        return as_float(abs(Fraction(claimed) - expected))
    found = as_float(abs(expected - (claimed if isinstance(claimed, float) else float(claimed))))
    return found if found == found else math.inf
