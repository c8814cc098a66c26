"""Laws that every gradient obeys, ready to be applied to a function or a primitive.

Each law takes the function and a point, and raises an AssertionError where it does not hold. What
is not exact in floats is compared within (operations + 8) roundings of the path sum.

>>> from autograd import softmax, tanh
>>> for law in OF_ONE_FUNCTION:
...     law(lambda x, y: tanh(x * y) + x, 0.5, -2.0)
>>> inverse_pair(lambda x: x**3, lambda y: y ** (1 / 3), 2.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd import primitives as p
from autograd.backward import topological_order
from autograd.functional import gradients, jvp, value_and_grad
from autograd.scalar_math import fold
from autograd.structures import flatten, rebuild, remade
from autograd.testing.number_types import Function, Numbers
from autograd.testing.oracles import UNIT_ROUNDOFF
from autograd.testing.recording import Recording, noise, path_sums, record
from autograd.testing.verdicts.naming import name_of
from autograd.value import Value


def agree(
    law: str,
    f: Function,
    found: Numbers,
    wanted: Numbers,
    allowed: Sequence[float],
) -> None:
    """Raise an AssertionError where two lists of numbers differ by more than is allowed."""
    numbers = zip(found, wanted, allowed)
    for i, (x, y, bound) in enumerate(numbers):
        # Of equal infinities the difference is NaN.
        if x == y or (x != x and y != y):
            continue
        difference = abs(x - y)
        if not difference <= bound:
            raise AssertionError(
                f"{law} does not hold for {name_of(f)}: input {i} gives {x!r} and {y!r}, which "
                f"differ by {difference:.3g}; {bound:.3g} is allowed"
            )


def summed(recording: Recording) -> Value:
    """Return the sum of all outputs with different weights, so that none can hide."""
    first, *rest = weighted(recording.outputs)
    total = fold(rest, first)
    return as_value(total)


def weighted(outputs: Numbers) -> list[Any]:
    """Return outputs times the weights 1, 1.25, 1.5 ..."""
    found = []
    for k, y in enumerate(outputs):
        weight = 1.0 + 0.25 * k
        found.append(y * weight)
    return found


def as_value(x: Any) -> Value:
    """Return a result as a Value, which it is not where it depends on no input."""
    return x if isinstance(x, Value) else Value(x)


def roundings(root: Value, leaves: Sequence[Value]) -> list[float]:
    """Return for every leaf how far rounding may carry its derivative."""
    operations = len(topological_order(root))
    share = (operations + 8) * UNIT_ROUNDOFF
    sums = path_sums(root, leaves)
    return [share * size + faint for size, faint in sums]


def slopes_of(root: Value, leaves: Sequence[Value]) -> list[Any]:
    """Return the gradients that one backward pass leaves, from zero."""
    for leaf in leaves:
        leaf.zero_grad()
    root.backward()
    return [leaf.grad for leaf in leaves]


def second_backward_doubles(f: Function, *args: object) -> None:
    """A second pass over the same graph adds exactly as much again."""
    recording = record(f, args)
    root = summed(recording)
    once = slopes_of(root, recording.leaves)
    # The gradients of the first pass are still there.
    root.backward()
    found = [leaf.grad for leaf in recording.leaves]
    wanted = [2 * g for g in once]
    agree("a second backward doubles", f, found, wanted, exactly(once))


def exactly(numbers: Numbers) -> list[float]:
    """Return that no error of some numbers is allowed."""
    return [0.0] * len(numbers)


def forward_equals_reverse(f: Function, *args: object) -> None:
    """The derivative along a direction is the gradient times it: jvp and vjp are adjoint."""
    recording = record(f, args)
    root = summed(recording)
    leaves = recording.leaves
    # No two of them alike, and none 0.
    along = [math.cos(1.0 + i) for i in range(len(leaves))]
    direction = rebuild(args, iter(along))
    _, tangents = jvp(f, args, direction)
    of_outputs = weighted(flatten(tangents))
    forward = fold(of_outputs)
    slopes = slopes_of(root, leaves)
    reverse = fold(g * t for g, t in zip(slopes, along))
    # Both ways round.
    allowed = 2 * fold(roundings(root, leaves))
    agree("forward = reverse", f, [forward], [reverse], [allowed])


def symmetric_hessian(f: Function, *args: object) -> None:
    """Second derivatives do not depend on the order of differentiation (Schwarz)."""
    recording = record(f, args)
    root = summed(recording)
    leaves = recording.leaves
    # Each row is a gradient of its own, with the roundings of its own graph.
    n = len(leaves)
    found: dict[tuple[int, int], float] = {}
    bounds: dict[tuple[int, int], float] = {}
    slopes = gradients(root, leaves)
    for i, slope in enumerate(slopes):
        row = gradients(slope, leaves)
        row_bounds = roundings(slope, leaves)
        for j, (second, bound) in enumerate(zip(row, row_bounds)):
            found[i, j] = second.data
            bounds[i, j] = bound

    def whole(*xs: object) -> Any:
        return summed_value(f, xs)

    # A rule may lose what its path sum does not tell of; perturbed rounding shows it.
    uncertain = noise(whole, args, 0, order=2)
    below: list[float] = []
    above: list[float] = []
    allowed: list[float] = []
    for i in range(n):
        for j in range(i):
            below.append(found[i, j])
            above.append(found[j, i])
            bound = bounds[i, j] + bounds[j, i]
            moved = uncertain[i * n + j]
            allowed.append(bound + 16 * moved)
    agree("the Hessian is symmetric", f, below, above, allowed)


def summed_value(f: Function, xs: Sequence[object]) -> Any:
    """Return the weighted sum of a function's outputs."""
    outputs = flatten(f(*xs))
    return fold(weighted(outputs))


def sharing(f: Function, *args: object) -> None:
    """A Value in the place of several equal inputs has the sum of their gradients."""
    scalars = flatten(args)
    first = scalars[0]

    # Every input has the same number, as a leaf of its own.
    numbers = [first] * len(scalars)
    same = remade(args, iter(numbers))
    recording = record(f, same)
    apart = summed(recording)
    slopes = slopes_of(apart, recording.leaves)
    bounds = roundings(apart, recording.leaves)
    wanted = fold(slopes)
    allowed = 2 * fold(bounds)

    # Every input is the same leaf.
    together = Value(first)
    leaves = [together] * len(scalars)
    arguments = remade(same, iter(leaves))
    outputs = flatten(f(*arguments))
    root = summed(Recording(outputs, [together], []))
    found = slopes_of(root, [together])
    agree("sharing = duplication", f, found, [wanted], [allowed])


def permutation(f: Function, *args: object) -> None:
    """With its arguments in another order, a function has its gradient in that order: exactly."""
    everything = tuple(range(len(args)))

    def straight(*xs: object) -> Any:
        return summed_value(f, xs)

    def backwards(*xs: object) -> Any:
        return summed_value(f, xs[::-1])

    _, slopes = value_and_grad(straight, everything)(*args)
    _, other = value_and_grad(backwards, everything)(*args[::-1])
    found = flatten(other)
    wanted = flatten(tuple(slopes[::-1]))
    agree("permutation of operands", f, found, wanted, exactly(found))


def negation(f: Function, *args: object) -> None:
    """The negated function has the negated gradient: exactly."""
    recording = record(f, args)
    root = summed(recording)
    once = slopes_of(root, recording.leaves)
    negated = slopes_of(-root, recording.leaves)
    wanted = [-g for g in once]
    agree("negation", f, negated, wanted, exactly(once))


def linearity(f: Function, *args: object, other: Function | None = None) -> None:
    """The gradient of a*f + b*g is a times that of f plus b times that of g."""
    a = 0.75
    b = -1.25
    leaves, of_f, of_g = pair(f, other, args)
    combined = a * of_f + b * of_g
    slopes = slopes_of(of_f, leaves)
    others = slopes_of(of_g, leaves)
    wanted = [a * x + b * y for x, y in zip(slopes, others)]
    found = slopes_of(combined, leaves)
    agree("linearity", f, found, wanted, roundings(combined, leaves))


def product_rule(f: Function, *args: object, other: Function | None = None) -> None:
    """The gradient of f*g is g times that of f plus f times that of g (Leibniz)."""
    leaves, of_f, of_g = pair(f, other, args)
    product = of_f * of_g
    slopes = slopes_of(of_f, leaves)
    others = slopes_of(of_g, leaves)
    f_here = of_f.data
    g_here = of_g.data
    wanted = [x * g_here + f_here * y for x, y in zip(slopes, others)]
    found = slopes_of(product, leaves)
    agree("the product rule", f, found, wanted, roundings(product, leaves))


def pair(
    f: Function, other: Function | None, args: Sequence[object]
) -> tuple[list[Value], Value, Value]:
    """Return the leaves, and f and another function of them; a smooth one of our own by default."""
    g = other or sum_of_sines

    def both(*xs: object) -> list[Any]:
        return [summed_value(f, xs), summed_value(g, xs)]

    recording = record(both, args)
    of_f, of_g = map(as_value, recording.outputs)
    return recording.leaves, of_f, of_g


def sum_of_sines(*xs: object) -> Any:
    """Return the sum of the sines of all numbers."""
    return fold(map(p.sin, flatten(xs)))


def chain_rule(f: Function, *args: object, outer: Function = p.tanh) -> None:
    """The gradient of outer(f) is the slope of outer times the gradient of f."""
    recording = record(f, args)
    inner = summed(recording)
    leaves = recording.leaves
    whole = outer(inner)
    (slope,) = gradients(whole, [inner])
    inner_slopes = slopes_of(inner, leaves)
    wanted = [slope.data * g for g in inner_slopes]
    found = slopes_of(whole, leaves)
    agree("the chain rule", f, found, wanted, roundings(whole, leaves))


def batch(f: Function, rows: Sequence[Sequence[Any]], parameters: Sequence[Value]) -> None:
    """The gradient of a sum over samples is the sum of the samples' gradients.

    Args: f, a function of one sample; rows, the samples' arguments; parameters, the Values that f
        depends on besides.
    """
    whole = fold(f(*row) for row in rows)
    together = slopes_of(whole, parameters)
    singles = [0.0] * len(parameters)
    for row in rows:
        loss = f(*row)
        slopes = slopes_of(loss, parameters)
        singles = [x + y for x, y in zip(singles, slopes)]
    agree("batch = sum of singles", f, together, singles, roundings(whole, parameters))


def inverse_pair(f: Function, inverse: Function, x: float) -> None:
    """The slopes of a function and of its inverse multiply to 1."""
    there = record(f, (x,))
    y = there.outputs[0].data
    back = record(inverse, (y,))
    (slope,) = there.gradient(0)
    (other,) = back.gradient(0)

    # Of a row alone only the operand is moved, of a function of +x its result, too.
    def above(function: Function) -> Function:
        return lambda x: function(p.pos(x))

    (moved,) = noise(above(inverse), (y,), 0)
    (shaken,) = noise(above(f), (x,), 0)
    product = slope * other
    allowed = 0.0
    if product:
        allowed = 16 * UNIT_ROUNDOFF
        allowed += 16 * moved / abs(other)
        allowed += 16 * shaken / abs(slope)
    agree("an inverse has the inverse slope", f, [product], [1.0], [allowed])


OF_ONE_FUNCTION = (
    second_backward_doubles,
    forward_equals_reverse,
    symmetric_hessian,
    sharing,
    permutation,
    negation,
    linearity,
    product_rule,
    chain_rule,
)
"""The laws that take a function and a point; for ``@pytest.mark.parametrize("law", ...)``."""
