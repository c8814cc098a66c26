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
from collections.abc import Callable, Sequence
from typing import Any

from autograd import primitives as p
from autograd.backward import topological_order
from autograd.functional import gradients, jvp, value_and_grad
from autograd.scalar_math import fold
from autograd.structures import flatten, rebuild, remade
from autograd.testing.oracles import UNIT_ROUNDOFF
from autograd.testing.recording import Recording, noise, path_sums, record
from autograd.testing.verdicts.naming import name_of
from autograd.value import Value

Function = Callable[..., Any]


def agree(law: str, f: Any, found: Sequence[Any], wanted: Sequence[Any], allowed: Any) -> None:
    """Raise an AssertionError where two lists of numbers differ by more than is allowed."""
    for i, (x, y, bound) in enumerate(zip(found, wanted, allowed)):
        if not (x == y or abs(x - y) <= bound or (x != x and y != y)):
            raise AssertionError(
                f"{law} does not hold for {name_of(f)}: input {i} gives {x!r} and {y!r}, which "
                f"differ by {abs(x - y):.3g}; {bound:.3g} is allowed"
            )


def summed(recording: Recording) -> Value:
    """Return the sum of all outputs with different weights, so that none can hide."""
    parts = [y * (1.0 + 0.25 * k) for k, y in enumerate(recording.outputs)]
    whole = fold(parts[1:], parts[0])
    return whole if isinstance(whole, Value) else Value(whole)


def roundings(root: Value, leaves: Sequence[Value]) -> list[float]:
    """Return for every leaf how far rounding may carry its derivative."""
    n = len(topological_order(root))
    return [(n + 8) * UNIT_ROUNDOFF * s + faint for s, faint in path_sums(root, leaves)]


def slopes_of(root: Value, leaves: Sequence[Value]) -> list[Any]:
    """Return the gradients that one backward pass leaves, from zero."""
    for leaf in leaves:
        leaf.zero_grad()
    root.backward()
    return [leaf.grad for leaf in leaves]


def second_backward_doubles(f: Function, *args: Any) -> None:
    """A second pass over the same graph adds exactly as much again."""
    recording = record(f, args)
    root = summed(recording)
    once = slopes_of(root, recording.leaves)
    root.backward()
    doubled = [leaf.grad for leaf in recording.leaves]
    agree("a second backward doubles", f, doubled, [2 * g for g in once], [0.0] * len(once))


def forward_equals_reverse(f: Function, *args: Any) -> None:
    """The derivative along a direction is the gradient times it: jvp and vjp are adjoint."""
    recording = record(f, args)
    root = summed(recording)
    leaves = recording.leaves
    along = [math.cos(1.0 + i) for i in range(len(leaves))]
    _, tangents = jvp(f, args, rebuild(args, iter(along)))
    forward = fold(t * (1.0 + 0.25 * k) for k, t in enumerate(flatten(tangents)))
    reverse = fold(g * t for g, t in zip(slopes_of(root, leaves), along))
    allowed = 2 * fold(roundings(root, leaves))
    agree("forward = reverse", f, [forward], [reverse], [allowed])


def symmetric_hessian(f: Function, *args: Any) -> None:
    """Second derivatives do not depend on the order of differentiation (Schwarz)."""
    recording = record(f, args)
    root = summed(recording)
    leaves = recording.leaves
    rows = []
    for slope in gradients(root, leaves):
        row = gradients(slope, leaves)
        rows.append([(x.data, bound) for x, bound in zip(row, roundings(slope, leaves))])
    uncertain = noise(lambda *xs: summed_value(f, xs), args, 0, order=2)
    n = len(leaves)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    agree(
        "the Hessian is symmetric",
        f,
        [rows[i][j][0] for i, j in pairs],
        [rows[j][i][0] for i, j in pairs],
        [rows[i][j][1] + rows[j][i][1] + 16 * uncertain[i * n + j] for i, j in pairs],
    )


def summed_value(f: Function, xs: Sequence[Any]) -> Any:
    """Return the weighted sum of a function's outputs."""
    return fold(y * (1.0 + 0.25 * k) for k, y in enumerate(flatten(f(*xs))))


def sharing(f: Function, *args: Any) -> None:
    """A Value in the place of several equal inputs has the sum of their gradients."""
    scalars = flatten(tuple(args))
    first = scalars[0]
    same = remade(tuple(args), iter([first] * len(scalars)))
    apart = record(f, same)
    together = Value(first)
    shared = f(*remade(same, iter([together] * len(scalars))))
    root = summed(Recording(flatten(shared), [together], []))
    whole = fold(slopes_of(summed(apart), apart.leaves))
    agree("sharing = duplication", f, slopes_of(root, [together]), [whole],
          [2 * fold(roundings(summed(apart), apart.leaves))])  # fmt: skip


def permutation(f: Function, *args: Any) -> None:
    """With its arguments in another order, a function has its gradient in that order: exactly."""
    order = list(range(len(args)))[::-1]
    everything = tuple(range(len(args)))

    def shuffled(*xs: Any) -> Any:
        return summed_value(f, [xs[order.index(i)] for i in everything])

    straight = value_and_grad(lambda *xs: summed_value(f, xs), everything)(*args)[1]
    other = value_and_grad(shuffled, everything)(*(args[i] for i in order))[1]
    found = flatten(other)
    wanted = flatten(tuple(straight[i] for i in order))
    agree("permutation of operands", f, found, wanted, [0.0] * len(found))


def negation(f: Function, *args: Any) -> None:
    """The negated function has the negated gradient: exactly."""
    recording = record(f, args)
    root = summed(recording)
    once = slopes_of(root, recording.leaves)
    negated = slopes_of(-root, recording.leaves)
    agree("negation", f, negated, [-g for g in once], [0.0] * len(once))


def linearity(f: Function, *args: Any, other: Function | None = None) -> None:
    """The gradient of a*f + b*g is a times that of f plus b times that of g."""
    a = 0.75
    b = -1.25
    leaves, of_f, of_g = pair(f, other, args)
    combined = a * of_f + b * of_g
    parts = zip(slopes_of(of_f, leaves), slopes_of(of_g, leaves))
    wanted = [a * x + b * y for x, y in parts]
    agree("linearity", f, slopes_of(combined, leaves), wanted, roundings(combined, leaves))


def product_rule(f: Function, *args: Any, other: Function | None = None) -> None:
    """The gradient of f*g is g times that of f plus f times that of g (Leibniz)."""
    leaves, of_f, of_g = pair(f, other, args)
    product = of_f * of_g
    parts = zip(slopes_of(of_f, leaves), slopes_of(of_g, leaves))
    wanted = [x * of_g.data + of_f.data * y for x, y in parts]
    agree("the product rule", f, slopes_of(product, leaves), wanted, roundings(product, leaves))


def pair(f: Function, other: Function | None, args: Any) -> tuple[list[Value], Value, Value]:
    """Return the leaves, and f and another function of them; a smooth one of our own by default."""
    g = other or (lambda *xs: fold(p.sin(x) for x in flatten(xs)))
    recording = record(lambda *xs: [summed_value(f, xs), summed_value(g, xs)], args)
    of_f, of_g = (y if isinstance(y, Value) else Value(y) for y in recording.outputs)
    return recording.leaves, of_f, of_g


def chain_rule(f: Function, *args: Any, outer: Function = p.tanh) -> None:
    """The gradient of outer(f) is the slope of outer times the gradient of f."""
    recording = record(f, args)
    inner = summed(recording)
    leaves = recording.leaves
    whole = outer(inner)
    (slope,) = gradients(whole, [inner])
    wanted = [slope.data * g for g in slopes_of(inner, leaves)]
    agree("the chain rule", f, slopes_of(whole, leaves), wanted, roundings(whole, leaves))


def batch(f: Function, rows: Sequence[Sequence[Any]], parameters: Sequence[Value]) -> None:
    """The gradient of a sum over samples is the sum of the samples' gradients.

    Args: f, a function of one sample; rows, the samples' arguments; parameters, the Values that f
        depends on besides.
    """
    whole = fold(f(*row) for row in rows)
    together = slopes_of(whole, parameters)
    singles = [0.0] * len(parameters)
    for row in rows:
        singles = [x + y for x, y in zip(singles, slopes_of(f(*row), parameters))]
    agree("batch = sum of singles", f, together, singles, roundings(whole, parameters))


def inverse_pair(f: Function, inverse: Function, x: float) -> None:
    """The slopes of a function and of its inverse multiply to 1."""
    there = record(f, (x,))
    back = record(inverse, (there.outputs[0].data,))
    slope = there.gradient(0)[0]
    other = back.gradient(0)[0]
    moved = noise(lambda y: inverse(p.pos(y)), (there.outputs[0].data,), 0)[0]
    shaken = noise(lambda y: f(p.pos(y)), (x,), 0)[0]
    allowed = 0.0
    if slope * other:
        allowed = 16 * UNIT_ROUNDOFF + 16 * moved / abs(other) + 16 * shaken / abs(slope)
    agree("an inverse has the inverse slope", f, [slope * other], [1.0], [allowed])


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
