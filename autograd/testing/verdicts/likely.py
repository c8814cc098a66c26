"""Naming the mistake in a wrong gradient: the candidates in the order in which they are tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from autograd.testing.oracles.estimate import as_float
from autograd.testing.recording import Recording
from autograd.testing.verdicts.graph_mistakes import graph_explanations
from autograd.testing.verdicts.mistakes import AGREEMENT, Case, explanations, groups_of, guesses
from autograd.testing.verdicts.naming import argument_names
from autograd.testing.verdicts.report import Component, NonDifferentiablePoint

# Of no more outputs all derivatives are looked at, to see whether they are transposed.
MOST_OUTPUTS = 12

if TYPE_CHECKING:
    from autograd.testing.judge import Check


def likely_mistake(check: Check, output: int, found: Sequence[Component]) -> str:
    """Return which mistake explains all that was claimed, empty where none does."""
    inputs = [float(x) for x in check.inputs]
    claimed = [as_float(part.claimed) for part in found]
    expected = [as_float(part.expected) for part in found]
    if not all(map(math.isfinite, claimed + expected)):
        return ""
    names = argument_names(check.f, check.args)
    bounds = [part.bound for part in found]
    groups = groups_of(names, check.args)
    value = check.values[output]
    case = Case(groups, claimed, expected, bounds, inputs, value)
    if not case.wrong:
        return ""
    try:
        if is_jacobian_transposed(check):
            return "the Jacobian is transposed: the claim has a row for each input"
        return first_explanation(case, check.recording, output)
    except ArithmeticError:  # numbers so large that their squares are not numbers
        return ""


def is_jacobian_transposed(check: Check) -> bool:
    """Tell whether the claims of as many outputs as inputs are right the other way round."""
    n = len(check.inputs)
    if not 2 <= n == check.outputs <= MOST_OUTPUTS:
        return False
    claims = [as_float(x) for x in check.all_claims()]
    here = check.program.output
    try:
        for output, i in product(range(n), repeat=2):
            if not is_slope(check, claims[n * i + output], output, i):
                return False
        return True
    except NonDifferentiablePoint:
        return False
    finally:
        check.program.output = here


def is_slope(check: Check, claim: float, output: int, i: int) -> bool:
    """Tell whether a number is the derivative of an output by an input."""
    check.program.output = output
    found = check.estimate(i, "", "")
    slope = as_float(found.slope)
    return abs(claim - slope) <= found.error + AGREEMENT * abs(slope)


def first_explanation(case: Case, recording: Recording | None, output: int) -> str:
    """Return the first explanation of a case, empty where there is none."""
    for text in explanations(case):
        return text
    if recording is not None:
        for text in graph_explanations(case, recording, output):
            return text
    return next(guesses(case), "")
