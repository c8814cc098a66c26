"""Which common mistake explains a wrong gradient: the candidates, and how they are compared.

A mistake is named only where it explains every derivative that was claimed: those that are wrong,
and those that are right.

>>> groups = groups_of(["w", "b"], ([[1.0, 2.0], [3.0, 4.0]], 0.5))
>>> [(group.name, group.shape, group.indexes) for group in groups]
[('w', (2, 2), [0, 1, 2, 3]), ('b', (), [4])]
>>> case = Case(groups, [1.0, 3.0, 2.0, 4.0, 7.0], [1.0, 2.0, 3.0, 4.0, 7.0], [0.0] * 5, [1.0] * 5)
>>> next(explanations(case))
'w: the transpose of the right values fits'
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Any

from autograd.structures import flatten, kind_of, parts, regular_shape, steps

# Claims that differ from a candidate by a smaller share are explained by it.
AGREEMENT = 1e-7
# Of a fault: a candidate that leaves more of it does not explain it.
EXPLAINED = 1e-3
# Beside the largest: a derivative as small as this proves nothing when it is 0.
FAINT = 1e-8
# The factors that people forget.
SIMPLE = [2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 100.0]
# So many components one factor must explain, where it is none of those.
MIN_COMPONENTS = 3

Explanations = Iterator[str]
"""Sentences, each of which says what mistake explains all that is claimed."""


@dataclass
class Group:
    """Inputs that belong together: an array, a list, or a number; with a name and a shape."""

    name: str
    shape: tuple[int, ...]
    indexes: list[int]


@dataclass
class Case:
    """A wrong gradient: claimed, expected, bounds and inputs, in the order of the inputs.

    `value` is that of the function.
    """

    groups: list[Group]
    claimed: list[float]
    expected: list[float]
    bounds: list[float]
    inputs: list[float]
    value: float = 0.0

    def is_right(self, i: int, value: float) -> bool:
        """Tell whether a claim agrees with a candidate's value.

        Much better than with what is expected, where the two differ.
        """
        if not math.isfinite(value):
            return False
        claimed = self.claimed[i]
        bound = self.bounds[i]
        near = AGREEMENT * (abs(value) + abs(claimed))
        fault = abs(claimed - self.expected[i])
        if fault > bound:
            near = min(near, EXPLAINED * fault)
        return abs(claimed - value) <= max(near, bound)

    def fits(self, candidate: Sequence[float], indexes: Sequence[int]) -> bool:
        """Tell whether a candidate explains the claims of some inputs."""
        return all(self.is_right(i, x) for i, x in zip(indexes, candidate))

    def fits_all(self, candidate: Sequence[float]) -> bool:
        """Tell whether a candidate explains all claims."""
        return self.fits(candidate, range(len(self.claimed)))

    def fits_expected(self, found: Sequence[float]) -> bool:
        """Tell whether a gradient is the right one."""
        other = replace(self, claimed=list(found))
        return other.fits_all(self.expected)

    @property
    def wrong(self) -> list[Group]:
        """The groups that hold a wrong derivative."""
        return [group for group in self.groups if not self.is_good(group)]

    def is_good(self, group: Group) -> bool:
        """Tell whether the claims of a group are right."""
        return self.fits(self.of(self.expected, group), group.indexes)

    @staticmethod
    def of(values: Sequence[float], group: Group) -> list[float]:
        """Return those of the values that belong to a group."""
        return [values[i] for i in group.indexes]


def groups_of(names: Sequence[str], args: Sequence[Any]) -> list[Group]:
    """Return the groups of inputs, in order."""
    found: list[Group] = []

    def visit(name: str, x: Any) -> None:
        shape = regular_shape(x)
        if shape is None:
            for step, part in zip(steps(x), parts(x)):
                visit(f"{name}{step}", part)
            return
        start = found[-1].indexes[-1] + 1 if found else 0
        count = len(flatten(x)) if kind_of(x) else 1
        indexes = list(range(start, start + count))
        if indexes:
            found.append(Group(name, shape, indexes))

    for name, x in zip(names, args):
        visit(name, x)
    return found


def explanations(case: Case) -> Explanations:
    """Yield the mistakes that explain a case and that need no graph, the surest first."""
    for kind in (sign, simple_factor, zero, transpose, swapped, permuted, penalty):
        yield from kind(case)


def guesses(case: Case) -> Explanations:
    """Yield what explains a case where nothing better does."""
    for kind in (times_input, any_factor, one_component):
        yield from kind(case)


def spelled(groups: Sequence[Group]) -> str:
    """Return the names of groups, as a sentence has them.

    >>> spelled([Group("w", (), [0]), Group("b", (), [1]), Group("c", (), [2])])
    'w, b and c'
    """
    names = [group.name for group in groups]
    if len(names) < 2:
        return "".join(names)
    *others, last = names
    return f"{', '.join(others)} and {last}"


def where(case: Case) -> str:
    """Return what a sentence begins with: the groups that are wrong, where others are right."""
    wrong = case.wrong
    if len(wrong) == len(case.groups):
        return ""
    return f"{spelled(wrong)}: "


def scaled(case: Case, factor: float) -> bool:
    """Tell whether every group that is wrong is a multiple of what is right."""
    for group in case.wrong:
        right = case.of(case.expected, group)
        turned = [factor * x for x in right]
        if not case.fits(turned, group.indexes):
            return False
    return True


def sign(case: Case) -> Explanations:
    """The claims have the wrong sign."""
    if scaled(case, -1.0):
        yield f"{where(case)}the sign, it is minus the right value"


def simple_factor(case: Case) -> Explanations:
    """The claims are twice the right values, or half of them, or n times: a mean over n."""
    shapes = [group.shape for group in case.groups]
    lengths = sorted({n for n in chain.from_iterable(shapes) if n > 1})
    # n times or the n-th part, where n is a length, may be a mean that is forgotten or taken twice.
    for size in sorted({*SIMPLE, *map(float, lengths)}):
        n = int(size)
        texts = {size: multiple(n), 1 / size: share(n)}
        for factor, text in texts.items():
            mean = of_mean(n, lengths, factor)
            if scaled(case, factor):
                yield f"{where(case)}{text} the right value{mean}"
            if scaled(case, -factor):
                yield f"{where(case)}minus {text} the right value{mean}"


def of_mean(n: int, lengths: Sequence[int], factor: float) -> str:
    """Return what a factor n has to do with lengths of the arguments."""
    if n not in lengths:
        return ""
    if factor > 1:
        return f", a forgotten mean: 1/n is missing, n = {n}"
    return f", a mean twice: divided by n = {n} once too often, or one of {n} for their sum"


def multiple(n: int) -> str:
    """Return n times as a word."""
    return "twice" if n == 2 else f"{n} times"


def share(n: int) -> str:
    """Return the n-th part as a word."""
    return "half" if n == 2 else f"1/{n} of"


def zero(case: Case) -> Explanations:
    """The claims of whole arguments are 0."""
    largest = max(map(abs, case.expected))
    for group in case.wrong:
        if any(case.of(case.claimed, group)):
            return
        right = case.of(case.expected, group)
        inputs = case.of(case.inputs, group)
        moves = [abs(x * slope) for x, slope in zip(inputs, right)]
        is_faint = max(map(abs, right)) <= FAINT * largest
        if is_faint or max(moves) <= FAINT * abs(case.value):
            # It vanished, in floats.
            return
    verb = "has" if len(case.wrong) == 1 else "have"
    yield f"{spelled(case.wrong)} {verb} no gradient at all, 0: a dependence was cut off"


def transpose(case: Case) -> Explanations:
    """The claims of a matrix are those of its transpose."""
    for group in case.wrong:
        if len(group.shape) != 2:
            return
        rows, columns = group.shape
        if 1 in (rows, columns):
            return
        right = case.of(case.expected, group)
        turned = joined(right[column::columns] for column in range(columns))
        if not case.fits(turned, group.indexes):
            return
    yield f"{spelled(case.wrong)}: the transpose of the right values fits"


def swapped(case: Case) -> Explanations:
    """Two arguments have each other's slopes, or one has another's."""
    wrong = case.wrong
    if len(wrong) == 2:
        a, b = wrong
        of_a = case.of(case.expected, a)
        crossed = case.of(case.expected, b) + of_a
        is_alike = len(a.indexes) == len(b.indexes)
        if is_alike and case.fits(crossed, a.indexes + b.indexes):
            yield f"{a.name} and {b.name} have each other's slopes"
    if len(wrong) == 1:
        (a,) = wrong
        for b in case.groups:
            if b is a or len(a.indexes) != len(b.indexes):
                continue
            right = case.of(case.expected, b)
            if any(right) and case.fits(right, a.indexes):
                yield f"{a.name} has the slope of {b.name}"


def permuted(case: Case) -> Explanations:
    """The claims are the right values in another order."""
    orders = []
    for group in case.wrong:
        if len(group.indexes) < 2:
            return
        right = case.of(case.expected, group)
        order = order_of(case, group, right)
        if not order:
            return
        orders.append(order)
    yield f"{spelled(case.wrong)}: the right values in another order, {orders[0]}"


def order_of(case: Case, group: Group, right: Sequence[float]) -> str:
    """Return in which order the claims of a group are its right values, empty where in none."""
    for order, turned in in_other_orders(group, list(right)):
        if case.fits(turned, group.indexes):
            return order
    # Any other order is that in which the sizes are those of the claims.
    n = len(right)
    claims = case.of(case.claimed, group)
    by_size = sorted(range(n), key=lambda k: claims[k])
    candidate = [0.0] * n
    for k, x in zip(by_size, sorted(right)):
        candidate[k] = x
    if n > 2 and case.fits(candidate, group.indexes):
        return "mixed up"
    return ""


def in_other_orders(group: Group, right: list[float]) -> Iterator[tuple[str, list[float]]]:
    """Yield the values of a group in the orders that have a name, with the name."""
    n = len(right)
    yield "reversed", right[::-1]
    for shift in range(1, n):
        yield f"shifted by {min(shift, n - shift)}", right[shift:] + right[:shift]
    if len(group.shape) == 2:
        columns = group.shape[1]
        rows = [right[k : k + columns] for k in range(0, n, columns)]
        yield "its rows reversed", joined(rows[::-1])
        yield "its columns reversed", joined(row[::-1] for row in rows)
    for i, j in combinations(range(n), 2):
        turned = list(right)
        turned[i] = right[j]
        turned[j] = right[i]
        yield f"those of entries {i} and {j} exchanged", turned


def joined(rows: Iterable[list[float]]) -> list[float]:
    """Return the numbers of all rows, one after the other."""
    return list(chain.from_iterable(rows))


def penalty(case: Case, least: int = MIN_COMPONENTS) -> Explanations:
    """The claims miss a multiple of the inputs themselves, or of their signs."""
    if next(any_factor(case), ""):
        # The right values are multiples of the inputs, too.
        return
    for text, slope in PENALTIES.items():
        factor = multiple_of(case, slope, least)
        if factor is None:
            continue
        how = "counts too much"
        if factor < 0:
            how = "is missing, or counts for too little"
        yield f"{where(case)}the error is {factor:.4g} times {text} {how}"


def sign_of(x: float) -> float:
    """Return the slope of |x|."""
    return math.copysign(1.0, x)


PENALTIES: dict[str, Callable[[float], float]] = {
    "the inputs themselves: a quadratic penalty (weight decay)": lambda x: x,
    "the signs of the inputs: an absolute penalty (L1)": sign_of,
}


def multiple_of(case: Case, shape: Callable[[float], float], least: int) -> float | None:
    """Return by which multiple of a function of the inputs all wrong claims are off."""
    indexes = [i for group in case.wrong for i in group.indexes]
    errors = [case.claimed[i] - case.expected[i] for i in indexes]
    wanted = [shape(case.inputs[i]) for i in indexes]
    square = math.fsum(x * x for x in wanted)
    if len(indexes) < least or not square:
        return None
    # The multiple that leaves the least squares of errors.
    product = math.fsum(x * y for x, y in zip(errors, wanted))
    factor = product / square
    # An input whose claim is not off speaks against it.
    for i, error in zip(indexes, errors):
        if case.inputs[i] and not abs(error) > 10 * case.bounds[i]:
            return None
    right = [case.expected[i] for i in indexes]
    candidate = [slope + factor * x for slope, x in zip(right, wanted)]
    if not factor or not case.fits(candidate, indexes):
        return None
    return factor


def times_input(case: Case) -> Explanations:
    """The claims have an input as a factor too much, or lack one."""
    for group in case.wrong:
        found = next(factors_of(case, group), "")
        if not found:
            return
    yield f"{spelled(case.wrong)}: {found}"


def factors_of(case: Case, group: Group) -> Explanations:
    """Yield the arguments by which the claims of a group are multiplied or divided."""
    right = case.of(case.expected, group)
    for other in case.groups:
        values = case.of(case.inputs, other)
        for name, factors in spread(other, values, group):
            sizes = set(map(abs, factors))
            # By 1 it would change nothing, and by 0 everything.
            if 0.0 in sizes or sizes == {1.0}:
                continue
            divided = [x / k for x, k in zip(right, factors)]
            if not all(map(math.isfinite, divided)):
                continue
            multiplied = [x * k for x, k in zip(right, factors)]
            if case.fits(multiplied, group.indexes):
                yield f"multiplied by {name} once too often"
            if case.fits(divided, group.indexes):
                yield f"a factor {name} is missing"


def spread(
    other: Group, values: Sequence[float], group: Group
) -> Iterator[tuple[str, Sequence[float]]]:
    """Yield the ways in which the values of an argument may be factors of another's slopes."""
    n = len(group.indexes)
    if len(values) == n:
        yield other.name, values
    if len(group.shape) == 2:
        rows, columns = group.shape
        if len(values) == columns:
            yield other.name, list(values) * rows
        if len(values) == rows:
            repeated = [[x] * columns for x in values]
            yield other.name, joined(repeated)
    for k, x in enumerate(values):
        name = f"{other.name}[{k}]" if other.shape else other.name
        yield name, [x] * n


def any_factor(case: Case) -> Explanations:
    """The claims of every argument are multiples of the right ones, by one factor."""
    factors = []
    for group in case.wrong:
        right = case.of(case.expected, group)
        claims = case.of(case.claimed, group)
        # The largest, for it has the most digits.
        slope, claim = max(zip(right, claims), key=lambda pair: abs(pair[0]))
        if not slope:
            return
        factors.append(claim / slope)
    components = sum(len(group.indexes) for group in case.wrong)
    spread_of_factors = max(factors) - min(factors)
    if spread_of_factors > AGREEMENT * max(map(abs, factors)):
        return
    first = factors[0]
    if components >= MIN_COMPONENTS and scaled(case, first):
        yield f"{where(case)}a factor, {first:.10g} times the right value"


def one_component(case: Case) -> Explanations:
    """One entry of an array is wrong, the others are right."""
    wrong = case.wrong
    if len(wrong) != 1 or len(wrong[0].indexes) < MIN_COMPONENTS:
        return
    (group,) = wrong
    indexes = group.indexes
    off = [i for i in indexes if not case.is_right(i, case.expected[i])]
    if len(off) != 1:
        return
    k = indexes.index(off[0])
    alone = replace(group, shape=(), indexes=off)
    single = replace(case, groups=[alone])
    reasons = chain(sign(single), simple_factor(single))
    how = next(reasons, "")
    others = len(indexes) - 1
    text = f"one component of {group.name}, entry {k} counted from 0; the other {others} are right"
    yield f"{text} ({how})" if how else text
