"""One gradient check: the function, where, what is claimed, and by what measure."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from autograd.functional import gradients
from autograd.structures import aligned, flatten, parts, regular_shape
from autograd.testing import oracles
from autograd.testing.locate import diagnosis
from autograd.testing.mpmath_context import NotLiftable
from autograd.testing.number_types import Function, Numbers, Point, Precise, plain_number, portable
from autograd.testing.oracles import UNIT_ROUNDOFF, ask, with_jump
from autograd.testing.oracles.differences import differences
from autograd.testing.oracles.estimate import Estimate, as_float
from autograd.testing.oracles.program import REFUSALS, Direction, Program, quietly, refilled
from autograd.testing.parameters import without_parameters
from autograd.testing.recording import Recording, noise, path_sums, record
from autograd.testing.verdicts import hints
from autograd.testing.verdicts.likely import likely_mistake
from autograd.testing.verdicts.naming import input_names, name_of
from autograd.testing.verdicts.report import (
    MAX_DOUBT,
    Component,
    GradientMismatch,
    InconclusiveCheck,
    NonDifferentiablePoint,
    NotDeterministic,
    difference,
    finite_size,
    shown,
    ten_digits,
)
from autograd.value import Value

# A larger share of the path sum is a mistake, and no rounding.
DEFAULT_RTOL = 1e-9
# How many times the effect of one perturbed rounding is allowed.
NOISE_FACTOR = 16.0
# One-sided slopes that differ by a larger share are those of a kink.
MIN_JUMP = 1e-9
MAX_POINT_CHARACTERS = 400
# Of more inputs, with a claimed gradient, the graph would be too large.
MAX_RECORDED = 5000
# Beside the changes nearby, a bound of a slope that is as good as 0.
STATIONARY = 1e-6
# The oracles that see rounding.
FLOATS = ("complex step", "differences")
# Those that do not.
SHARP = ("exact", "mpmath")
# From so many on, an oracle that is slow is not asked about each of them,
MANY_INPUTS = 48
# nor where the inputs times the nodes of the graph are more.
MANY_NODES = 50_000
# Where these are more than this, a claim is judged without the graph.
MAX_WORK = 5_000_000
COMBINATIONS = 3
# In units of the bounds: a derivative that is off by its bound gives 0.5.
COMBINED_ERROR = 0.1
# Units in the last place, by which inputs move to see what a claim does.
NUDGES = (-2, -1, 1, 2)

Scales = Sequence[tuple[float, float]]
"""For every input the path sum, and how uncertain the derivative is beside it."""


class Check:
    """One check: the function, where, what is claimed, and by what measure."""

    def __init__(
        self,
        f: Function,
        args: Point,
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
        work = self.work()
        self.program.is_long = len(self.program.inputs) >= MANY_INPUTS or work > MANY_NODES
        if gradient is not None and work > MAX_WORK:
            # What it knows of rounding takes longer than the check.
            self.recording = None
        self.inputs = self.program.inputs
        self.names = input_names(self.f, self.args)
        self.values = self.outputs_twice()
        self.outputs = len(self.values)
        self.variables = range(len(self.inputs))
        self.claims_made: list[Any] | None = None
        self.claims_nearby: list[list[Any]] | None = None

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
        if len(flatten(self.args)) > MAX_RECORDED:
            return None
        with quietly():
            try:
                return record(portable(self.f), self.args)
            except (*REFUSALS, NotLiftable):
                return None

    def work(self) -> int:
        """Return how many operations slow numbers take, for each input by itself."""
        if self.recording is None:
            return 0
        nodes = sum(map(len, self.recording.histories()))
        return nodes * len(self.program.inputs)

    def called(self) -> list[float]:
        """Return the results of the function at the point.

        Raises: TypeError: it does not take floats, or returns something else; the message says so.
        """
        try:
            found = self.program.values()
        except (TypeError, IndexError) as error:
            raise TypeError(
                f"{self.name} cannot be called with floats in the place of its arguments: {error}; "
                "each of them is differentiated: close over labels, indexes and flags"
            ) from error
        try:
            return [float(x) for x in found]
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{self.name} returned {found[0]!r}, which is no real number: {error}"
            ) from None

    def outputs_twice(self) -> list[float]:
        """Return the results of the function at the point.

        Raises: NotDeterministic: they are others when it is called again; the message names them.
        """
        first = self.called()
        again = self.called()
        for x, y in zip(first, again):
            if x != y and not (x != x and y != y):
                raise NotDeterministic(
                    f"{self.name} is not deterministic: called twice at {self.shown_inputs()} it "
                    f"gives {x!r} and {y!r}; fix its random numbers, or what it remembers, for the "
                    "time of the check"
                )
        return first

    def first(self, output: int) -> list[Component]:
        """Check the gradient of one output."""
        self.start(output)
        claimed = self.claimed(output)
        scales = self.scales(output, claimed)
        found = self.compared_with_own(output, claimed, scales)
        if found is None:
            found = []
            for i in self.variables:
                found.append(self.component(output, i, claimed[i], *scales[i]))
        found = self.with_scales_of_zeros(found)
        return self.judged(output, found)

    def compared_with_own(
        self, output: int, claimed: Numbers, scales: Scales
    ) -> list[Component] | None:
        """Return the components of many inputs by the engine's own gradient, once that is verified.

        An oracle that takes each input by itself takes as many evaluations as there are inputs. So
        it judges a few random combinations of them: in each, every derivative counts for as much as
        its bound allows, and one that is off by half of it shows. None where that is of no use: few
        inputs, a point that may be a kink, an own gradient that does not agree.
        """
        recording = self.recording
        if recording is None or not self.program.is_long:
            return None
        own = recording.gradient(output)
        bounds = [self.rtol * scale + uncertain for scale, uncertain in scales]
        is_finite = all(map(math.isfinite, own))
        if not is_finite or not all(bound > 0 for bound in bounds):
            return None
        # Whether a sharp oracle can take the function at all is asked of one input.
        first = self.estimate(0, "", self.place(output, 0))
        if first.oracle not in SHARP:
            return None
        oracle = self.oracle_of_combinations(own, bounds, recording.suspicion(output))
        if not oracle:
            return None
        found = []
        for i, claim in enumerate(claimed):
            verified = Estimate(own[i], 0.0, oracle)
            place = self.place(output, i)
            found.append(self.compared(place, claim, verified, *scales[i]))
        return found

    def oracle_of_combinations(self, own: Numbers, bounds: Sequence[float], suspicion: str) -> str:
        """Return the oracle that confirms random combinations of a gradient, empty where none."""
        source = random.Random(0)
        oracle = ""
        for _ in range(COMBINATIONS):
            weights = []
            for bound in bounds:
                sign = source.choice((-1, 1))
                weights.append(sign * source.uniform(0.5, 1.0) / bound)
            estimate = self.estimate(weights, suspicion, "a combination of inputs")
            if estimate.jump > COMBINED_ERROR or estimate.oracle not in SHARP:
                return ""
            oracle = estimate.oracle
            # A kink of any input shows in the first of them.
            suspicion = ""
            # Exactly, for the terms are large and may cancel.
            terms = [Fraction(w) * Fraction(slope) for w, slope in zip(weights, own)]
            claim: Any = sum(terms)
            if oracle == "mpmath":
                claim = Precise.lift(claim)
            if not abs(as_float(claim - estimate.slope)) <= COMBINED_ERROR:
                return ""
        return oracle

    def start(self, output: int) -> None:
        """Look at another output.

        Raises: ValueError: it is not finite.
        """
        self.program.output = output
        value = self.values[output]
        if not math.isfinite(value):
            raise ValueError(
                f"{self.name} is {value} at {self.shown_inputs()}: no gradient to check"
            )

    def claimed(self, output: int) -> list[Any]:
        """Return the gradient that is to be checked, a number for each input."""
        if self.claim is None and self.recording:
            return self.recording.gradient(output)
        n = len(self.inputs)
        return self.all_claims()[n * output : n * (output + 1)]

    def all_claims(self) -> list[Any]:
        """Return the claimed gradients of all outputs in turn.

        Raises: ValueError: it is not one number for each input and output; NotDeterministic: it is
            another one when it is computed again.
        """
        if self.claims_made is not None:
            return self.claims_made
        rows = self.claims(self.args)
        n = len(self.inputs)
        if len(rows) != n * self.outputs:
            raise ValueError(
                f"gradient= returned {len(rows)} numbers, but {self.name} has {n} inputs"
                f" and {self.outputs} outputs: {n * self.outputs} are needed"
            )
        self.claims_made = rows
        return rows

    def claims(self, args: Sequence[Any]) -> list[Any]:
        """Return the claimed gradients of all outputs, each in the order of the inputs.

        Raises: ValueError: one of them is a structure, and not that of the arguments.
        """
        found = self.claim
        if callable(self.claim):
            # A layer keeps what it was called with last, for its gradient.
            with quietly():
                self.f(*args)
            found = self.claim(*args)
        like = args[0] if len(args) == 1 else tuple(args)
        if regular_shape(found) is not None:
            numbers = flatten(found)
        else:
            rows = [found] if self.outputs == 1 else parts(found)
            numbers = [x for row in rows for x in aligned("gradient=", row, like)]
        return list(map(plain_number, numbers))

    def scales(self, output: int, claimed: Numbers) -> Scales:
        """Return for every input the path sum, and the noise of the claimed derivative.

        The path sum is 0 where the function is not recorded.
        """
        if self.recording is None:
            return [(0.0, moves) for moves in self.claimed_noise(output)]
        sums = path_sums(self.recording.outputs[output], self.recording.leaves)
        if any(isinstance(x, Fraction) for x in claimed):
            return [(0.0, 0.0)] * len(sums)
        with quietly():
            own = noise(portable(self.f), self.args, output)
        claims = [0.0] * len(own)
        if self.claim is not None:
            claims = self.claimed_noise(output)
        slopes = self.recording.gradient(output)
        found = []
        for (path_sum, faint), slope, a, b in zip(sums, slopes, own, claims):
            uncertain = faint + NOISE_FACTOR * (a + b)
            found.append((felt(path_sum, slope, a), uncertain))
        return found

    def claimed_noise(self, output: int) -> list[float]:
        """Return by how much a claimed gradient moves when its inputs move by a unit or two.

        Raises: NotDeterministic: it moves when nothing does.
        """
        here = self.claimed(output)
        n = len(self.inputs)
        found = [0.0] * n
        for claims in self.nearby():
            there = claims[n * output : n * (output + 1)]
            for i, moved in enumerate(map(change, there, here)):
                if math.isfinite(moved):
                    found[i] = max(found[i], moved)
        return found

    def nearby(self) -> list[list[Any]]:
        """Return the claims of all outputs at inputs that are moved by a unit or two.

        Raises: NotDeterministic: those at the point are others when they are computed again.
        """
        if self.claims_nearby is not None:
            return self.claims_nearby
        self.claims_nearby = []
        if not callable(self.claim):
            return self.claims_nearby
        again = self.claims(self.args)
        changes = list(map(change, again, self.all_claims()))
        if any(changes):
            raise NotDeterministic(
                f"gradient= is not deterministic: called twice at {self.shown_inputs()} it "
                f"gives gradients that differ by {max(changes):.3g}"
            )
        for units in NUDGES:
            numbers = [nudged(x, units) for x in self.inputs]
            with quietly():
                try:
                    self.claims_nearby.append(self.claims(refilled(self.args, numbers)))
                except REFUSALS:
                    continue
        return self.claims_nearby

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
            how = f"differ by {estimate.jump:.3g}"
            if estimate.jump == math.inf:
                how = "they grow without bound"
            text = (
                f"{self.name} has no derivative at {self.shown_inputs()}: by {place}, the "
                f"slopes to the left and to the right {how}"
            )
            raise NonDifferentiablePoint(f"{text} ({suspicion})" if self.recording else text)
        return self.compared(place, claimed, estimate, scale, uncertain)

    def compared(
        self, place: str, claimed: Any, estimate: Estimate, scale: float, uncertain: float
    ) -> Component:
        """Return the component of a claim and an estimate."""
        size = finite_size(as_float(estimate.slope))
        scale = finite_size(scale) or size
        # What is claimed to be 0, at the top or the bottom of a function that goes up and down.
        is_nothing = claimed == 0 and size <= estimate.error
        if is_nothing and estimate.error <= STATIONARY * estimate.spread:
            scale = estimate.spread
        sharp = self.rtol * scale + estimate.error
        bound = sharp + uncertain + self.atol
        if isinstance(claimed, Fraction) and estimate.oracle == "exact":
            sharp = bound = 0.0
        return Component(
            place,
            claimed,
            estimate.slope,
            difference(claimed, estimate.slope),
            bound,
            estimate.oracle,
            scale,
            sharp,
            min(self.atol, bound),
            estimate.local,
            estimate.local_error + uncertain,
            max(0.0, self.rtol - DEFAULT_RTOL) * scale,
            estimate.hidden,
            is_nothing and (estimate.slope == 0 or estimate.is_flat),
        )

    def with_scales_of_zeros(self, found: list[Component]) -> list[Component]:
        """Return components where a 0 that is right is measured against what is not 0 beside it.

        That of an input on which the result does not depend has no scale of its own.
        """
        value = abs(self.values[self.program.output])
        largest = max((part.scale for part in found), default=0.0)
        largest = largest or value or 1.0
        scaled = []
        for part in found:
            has_none = part.scale == 0 or part.oracle in FLOATS
            if part.is_zero and has_none:
                part = part._replace(scale=largest)
            scaled.append(part)
        return scaled

    def estimate(self, direction: Direction, suspicion: str, place: str) -> Estimate:
        """Return the oracle's derivative, with its jump where the point is suspect."""
        with quietly():
            try:
                found = ask(self.program, direction, self.oracle)
                found = with_jump(found, self.program, direction, bool(suspicion))
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
        self.start(output)
        return self.judged(output, list(self.second_components(output)))

    def second_components(self, output: int) -> Iterator[Component]:
        """Yield the second derivatives of one output.

        Raises: NonDifferentiablePoint: there is none, because the first ones have a kink.
        """
        assert self.recording is not None
        root = self.recording.outputs[output]
        leaves = self.recording.leaves
        suspicion = self.recording.suspicion(output)
        with quietly():
            noises = noise(self.f, self.args, output, order=2)
        for i in self.variables:
            slope = Value(0.0)
            if isinstance(root, Value):
                (slope,) = gradients(root, [leaves[i]])
            sums = path_sums(slope, leaves)
            row = gradients(slope, leaves)
            start = i * len(leaves)
            own_noises = noises[start : start + len(leaves)]
            for j in self.variables:
                scale, faint = sums[j]
                uncertain = faint + NOISE_FACTOR * own_noises[j]
                place = f"{self.place(output, i)}, {self.place(output, j)}"
                estimate = self.second_estimate(output, i, j)
                part = self.compared(place, row[j].data, estimate, scale, uncertain)
                if suspicion:
                    self.no_kink_of_second(i, j, part, suspicion)
                yield part

    def no_kink_of_second(self, i: int, j: int, part: Component, suspicion: str) -> None:
        """Raise a NonDifferentiablePoint where the slope by input i has a kink along input j.

        So has one of which the convention for a kink, 0, is not the second derivative.
        """
        try:
            jump = oracles.bend_jump(self.program, i, j)
        except REFUSALS:
            jump = 0.0
        size = max(part.scale, finite_size(as_float(part.expected)))
        if jump or part.error > max(part.sharp, MAX_DOUBT * size):
            how = f"differ by {jump:.3g}" if jump else "are not what goes through the kink"
            raise NonDifferentiablePoint(
                f"{self.name} has a kink at {self.shown_inputs()}: the second derivatives by "
                f"{part.place} to the left and to the right {how} ({suspicion})"
            )

    def second_estimate(self, output: int, i: int, j: int) -> Estimate:
        """Return the oracle's second derivative."""
        for name, opinion in oracles.SECOND_DERIVATIVES.items():
            if self.oracle in ("auto", name):
                try:
                    return opinion(self.program, i, j)
                except REFUSALS:
                    continue

        def slope(*arguments: object) -> float:
            gradient = record(self.f, arguments).gradient(output)
            return float(gradient[i])

        try:
            return differences(Program(slope, self.args, recorded=False), j)
        except ValueError as error:
            raise NonDifferentiablePoint(
                f"{self.name} has no second derivative at {self.shown_inputs()}: {error}"
            ) from None

    def judged(self, output: int, found: list[Component]) -> list[Component]:
        """Return the components where all are right, else raise."""
        wrong = [part for part in found if part.is_wrong]
        wrong.sort(key=lambda part: -part.excess)
        if wrong:
            raise self.mismatch(output, found, wrong)
        unsure = [part for part in found if part.is_unsure]
        if unsure:
            part = max(unsure, key=lambda part: part.resolution)
            error = InconclusiveCheck(
                f"the gradient of {self.name} at {self.shown_inputs()} cannot be judged: "
                f"{part.place} is {ten_digits(part.claimed)}, {part.oracle} gives "
                f"{ten_digits(part.expected)}, give or take {part.limit:.3g}; "
                f"{hints.for_unsure(part, found, self.program)}"
            )
            error.components = unsure
            raise error
        return found

    def mismatch(
        self, output: int, found: Sequence[Component], wrong: Sequence[Component]
    ) -> GradientMismatch:
        """Return the error for a wrong gradient."""
        lines = [f"wrong gradient of {self.name}", f"  inputs: {self.shown_inputs()}"]
        lines += shown(wrong)
        if self.claim is None and self.recording:
            lines.append(f"  {diagnosis(self.recording.outputs[output])}")
        lines += [f"  {hint}" for hint in hints.for_wrong(wrong, self.claims_made)]
        mistake = ""
        if self.claim is not None and len(found) == len(self.inputs):
            mistake = likely_mistake(self, output, found)
            lines += [f"  likely: {mistake}"] if mistake else []
        error = GradientMismatch("\n".join(lines))
        error.components = wrong
        error.mistake = mistake
        return error

    def shown_inputs(self) -> str:
        """Return the point as it was passed."""
        return ", ".join(map(repr, self.point))[:MAX_POINT_CHARACTERS]

    def place(self, output: int, i: int) -> str:
        """Return what a message calls a partial derivative."""
        path = self.names[i]
        return path if self.outputs == 1 else f"output {output} by {path}"


def felt(path_sum: float, slope: Any, noise: float) -> float:
    """Return the path sum, or the part of it that rounding was seen to feel.

    In a program that iterates, such as the steps of a solver, the path sum grows with every turn
    where the derivative and the effect of rounding shrink: an error would be measured against a
    number that nothing else in the program knows of.
    """
    return min(path_sum, finite_size(slope) + NOISE_FACTOR * noise / UNIT_ROUNDOFF)


def change(one: Any, other: Any) -> float:
    """Return |one - other| in floats, 0 where both are the same infinity or NaN."""
    x = as_float(one)
    y = as_float(other)
    both_nan = x != x and y != y
    return 0.0 if x == y or both_nan else abs(x - y)


def nudged(x: Any, units: int) -> float:
    """Return a float moved by some units in its last place."""
    moved = float(x)
    for _ in range(abs(units)):
        moved = math.nextafter(moved, math.copysign(math.inf, units))
    return moved
