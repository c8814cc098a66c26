"""The workloads in NumPy, with derivatives written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.speed.rivals import Contestant, Maker, by_neuron, flat, layers
from benchmarks.speed.workloads import STEP_SIZE, STEPS, TIME_STEP, Workload


def mlp(work: Workload) -> Contestant:
    """Return the gradient of the hinge loss."""
    xs, sides = work.batch
    (w1, b1), (w2, b2), (w3, b3) = layers(work)
    share = 1.0 / len(xs)

    def step() -> Any:
        h1 = np.maximum(xs @ w1.T + b1, 0.0)
        h2 = np.maximum(h1 @ w2.T + b2, 0.0)
        margin = 1.0 - sides * (h2 @ w3[0] + b3[0])
        missed = margin > 0.0
        d3 = np.where(missed, -sides * share, 0.0)
        d2 = np.outer(d3, w3[0]) * (h2 > 0.0)
        d1 = (d2 @ w2) * (h1 > 0.0)
        return (
            (margin * missed).sum() * share,
            (d1.T @ xs, d2.T @ h1, (d3 @ h2)[None]),
            (d1.sum(0), d2.sum(0), d3.sum()[None]),
        )

    return Contestant(step, gradient_in_order)


def gradient_in_order(found: Any) -> Any:
    loss, weights, biases = found
    return flat(loss, by_neuron(weights, biases))


def network(work: Workload, update: float) -> Contestant:
    """Return the gradient of the squared error, and a step of descent where it is asked for."""
    xs, ys = work.batch
    (w1, b1), (w2, b2) = layers(work)
    share = 1.0 / len(xs)

    def step() -> Any:
        nonlocal w1, b1, w2, b2
        h = np.maximum(xs @ w1.T + b1, 0.0)
        out = 1.0 / (1.0 + np.exp(-(h @ w2.T + b2)))
        error = out - ys
        loss = 0.5 * share * np.vdot(error, error)
        d2 = error * out * (1.0 - out) * share
        d1 = (d2 @ w2) * (h > 0.0)
        slopes = d1.T @ xs, d1.sum(0), d2.T @ h, d2.sum(0)
        if not update:
            return loss, slopes[::2], slopes[1::2]
        for parameter, slope in zip((w1, b1, w2, b2), slopes):
            slope *= update
            parameter -= slope
        return loss, (w1, w2), (b1, b2)

    return Contestant(step, gradient_in_order)


def digits(work: Workload) -> Contestant:
    return network(work, STEP_SIZE)


def million(work: Workload) -> Contestant:
    return network(work, 0.0)


def irregular(work: Workload) -> Contestant:
    """Return a loop over the instructions, forward and back, on all samples at once."""
    made, (xs,) = work.facts["program"], work.batch
    forward: dict[str, Callable[..., Any]] = {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "sin": lambda x, _: np.sin(x),
        "tanh": lambda x, _: np.tanh(x),
        "exp": lambda x, _: np.exp(x),
    }
    slopes: dict[str, Any] = {
        "+": lambda x, y, out, up: (up, up),
        "-": lambda x, y, out, up: (up, -up),
        "*": lambda x, y, out, up: (up * y, up * x),
        "sin": lambda x, y, out, up: (up * np.cos(x), None),
        "tanh": lambda x, y, out, up: (up * (1.0 - out * out), None),
        "exp": lambda x, y, out, up: (up * out, None),
    }

    def step() -> Any:
        numbers = list(xs.T)
        for operation, i, j in made:
            numbers.append(forward[operation](numbers[i], numbers[j]))
        adjoints: list[Any] = [0.0] * len(numbers)
        adjoints[-1] = np.ones(len(xs))
        for place in reversed(range(len(made))):
            operation, i, j = made[place]
            k = place + xs.shape[1]
            left, right = slopes[operation](numbers[i], numbers[j], numbers[k], adjoints[k])
            adjoints[i] = adjoints[i] + left
            if right is not None:
                adjoints[j] = adjoints[j] + right
        zero = np.zeros(len(xs))
        return numbers[-1], np.array([adjoint + zero for adjoint in adjoints[: xs.shape[1]]])

    return Contestant(step, lambda found: flat(found[0], found[1].T))


def pendulum(work: Workload) -> Contestant:
    """Return the steps forward with all stages kept, and back through them."""
    start, first, seen = work.batch
    stiffness, damping = (parameter.data for parameter in work.parameters)
    half, sixth, share = TIME_STEP / 2, TIME_STEP / 6, 1.0 / len(start)

    def step() -> Any:
        angle, speed, stages = start, first, []
        for _ in range(STEPS):
            x1, v1 = angle, speed
            a1 = -stiffness * np.sin(x1) - damping * v1
            x2, v2 = angle + half * v1, speed + half * a1
            a2 = -stiffness * np.sin(x2) - damping * v2
            x3, v3 = angle + half * v2, speed + half * a2
            a3 = -stiffness * np.sin(x3) - damping * v3
            x4, v4 = angle + TIME_STEP * v3, speed + TIME_STEP * a3
            a4 = -stiffness * np.sin(x4) - damping * v4
            stages.append(((x1, v1), (x2, v2), (x3, v3), (x4, v4)))
            angle = angle + sixth * (v1 + 2.0 * (v2 + v3) + v4)
            speed = speed + sixth * (a1 + 2.0 * (a2 + a3) + a4)
        error = angle - seen
        by_angle, by_speed = error, 0.0 * error
        by_parameters = [0.0, 0.0]
        for stage in reversed(stages):
            by_angle, by_speed = back(stage, by_angle, by_speed, by_parameters)
        return 0.5 * np.vdot(error, error) * share, *by_parameters

    def back(stage: Any, by_angle: Any, by_speed: Any, by_parameters: Any) -> Any:
        out_angle, out_speed = by_angle, by_speed
        next_x = next_v = 0.0  # adjoints of the stage that comes after
        for (x, v), weight, reach in zip(
            reversed(stage), (1.0, 2.0, 2.0, 1.0), (0.0, TIME_STEP, half, half)
        ):
            by_a = sixth * weight * out_speed + reach * next_v
            by_v = sixth * weight * out_angle + reach * next_x - damping * by_a
            by_x = -stiffness * np.cos(x) * by_a
            by_parameters[0] -= np.vdot(np.sin(x), by_a) * share
            by_parameters[1] -= np.vdot(v, by_a) * share
            by_angle, by_speed = by_angle + by_x, by_speed + by_v
            next_x, next_v = by_x, by_v
        return by_angle, by_speed

    return Contestant(step, lambda found: flat(*found))


def greeks(spot: Any, strike: Any, rate: Any, volatility: Any, years: Any) -> Any:
    """Return price, slopes and second derivatives in their closed forms."""
    from scipy.special import ndtr

    root = np.sqrt(years)
    spread = volatility * root
    d1 = (np.log(spot / strike) + (rate + volatility * volatility / 2.0) * years) / spread
    d2 = d1 - spread
    discount = np.exp(-rate * years)
    n1, n2 = ndtr(d1), ndtr(d2)
    p1 = np.exp(-0.5 * d1 * d1) * (1.0 / np.sqrt(2.0 * np.pi))
    kd, sp = strike * discount, spot * p1  # sp = kd * density of d2
    kn = kd * n2
    by_spot, by_rate = 1.0 / (spot * spread), root / volatility
    d1_years = (rate + volatility * volatility / 2.0) / spread - d1 / (2.0 * years)
    d2_years = d1_years - volatility / (2.0 * root)
    fade = sp * volatility / (2.0 * root)
    vega = sp * root
    return (
        spot * n1 - kn,
        n1,
        -discount * n2,
        years * kn,
        vega,
        fade + rate * kn,
        p1 * by_spot,
        -p1 / (strike * spread),
        p1 * by_rate,
        -p1 * d2 / volatility,
        p1 * d1_years,
        sp / (strike * strike * spread),
        (years * kn - sp * by_rate) / strike,
        sp * d1 / (volatility * strike),
        (rate * kn - sp * d2_years) / strike,
        years * (sp * by_rate - years * kn),
        -years * sp * d1 / volatility,
        kn * (1.0 - years * rate) + years * sp * d2_years,
        vega * d1 * d2 / volatility,
        sp / (2.0 * root) - vega * d1 * d1_years,
        rate * (sp * d2_years - rate * kn) - fade * d1 * d1_years - fade / (2.0 * years),
    )


def options(work: Workload) -> Contestant:
    """Return the closed forms of all 21 numbers, of all options at once."""
    return Contestant(lambda: greeks(*work.batch), lambda found: np.array(found).T.ravel())


def small(work: Workload) -> Contestant:
    (xs,) = work.batch
    return Contestant(lambda: ((xs * xs).sum(1), 2.0 * xs), lambda found: flat(*found))


def readme(work: Workload) -> Contestant:
    xs, ys = work.batch
    weights = np.array([parameter.data for parameter in work.parameters])

    def step() -> Any:
        out = np.tanh(xs @ weights)
        error = out - ys
        slopes = (2.0 / len(ys)) * error * (1.0 - out * out)
        return np.vdot(error, error) / len(ys), slopes @ xs

    return Contestant(step, lambda found: flat(*found))


MAKERS: dict[str, Maker] = {
    "small": small,
    "readme": readme,
    "mlp": mlp,
    "digits": digits,
    "million": million,
    "irregular": irregular,
    "pendulum": pendulum,
    "options": options,
}
