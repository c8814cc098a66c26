"""The workloads as loops in Numba, with derivatives written out by hand, all in `njit`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import cos, erfc, exp, log, sin, sqrt
from typing import Any

import numpy as np
from numba import njit, prange

from benchmarks.speed.rivals import Contestant, Makers, by_neuron, flat, layers
from benchmarks.speed.rivals.by_c import threads
from benchmarks.speed.workloads import STEP_SIZE, STEPS, TIME_STEP, Workload

OPTIONS = {"fastmath": True, "cache": True, "error_model": "numpy"}


def compiled(function: Callable[..., Any]) -> Any:
    """Return a function compiled by Numba, for one thread or for several."""
    return njit(function, parallel=threads() > 1, **OPTIONS)


def small_loops(xs: Any, slopes: Any) -> float:
    total = 0.0
    for i in range(xs.size):
        total += xs[i] * xs[i]
        slopes[i] = 2.0 * xs[i]
    return total


def small(work: Workload) -> Contestant:
    xs, slopes, run = work.batch[0][0].copy(), np.zeros(work.batch[0].size), njit(**OPTIONS)
    run = run(small_loops)
    return Contestant(lambda: run(xs, slopes), lambda found: flat(found, slopes))


@njit(**OPTIONS)  # type: ignore[untyped-decorator]
def layer(xs: Any, w: Any, b: Any, out: Any, relu: bool) -> None:
    """Write the activations of all samples, which lie side by side."""
    for j in range(w.shape[0]):
        for s in range(xs.shape[1]):
            out[j, s] = b[j]
        for i in range(w.shape[1]):
            weight = w[j, i]
            for s in range(xs.shape[1]):
                out[j, s] += weight * xs[i, s]
        for s in range(xs.shape[1]):
            z = out[j, s]
            if relu:
                out[j, s] = z if z > 0.0 else 0.0


@njit(**OPTIONS)  # type: ignore[untyped-decorator]
def slopes_of(above: Any, xs: Any, by_weights: Any, by_biases: Any) -> None:
    """Write the gradient of a layer."""
    for j in range(by_weights.shape[0]):
        total = 0.0
        for s in range(xs.shape[1]):
            total += above[j, s]
        by_biases[j] = total
        for i in range(by_weights.shape[1]):
            total = 0.0
            for s in range(xs.shape[1]):
                total += above[j, s] * xs[i, s]
            by_weights[j, i] = total


@njit(**OPTIONS)  # type: ignore[untyped-decorator]
def pushed(above: Any, w: Any, below: Any, out: Any) -> None:
    """Write the adjoints below a layer, past the relu that made its inputs."""
    for i in range(w.shape[1]):
        for s in range(above.shape[1]):
            out[i, s] = 0.0
        for j in range(w.shape[0]):
            weight = w[j, i]
            for s in range(above.shape[1]):
                out[i, s] += weight * above[j, s]
        for s in range(above.shape[1]):
            if below[i, s] <= 0.0:
                out[i, s] = 0.0


def mlp_loops(xs: Any, sides: Any, weights: Any, biases: Any, hidden: Any, slopes: Any) -> float:
    (w1, w2, w3), (b1, b2, b3), (h1, h2, h3, d1, d2, d3) = weights, biases, hidden
    (g1, g2, g3), (c1, c2, c3) = slopes
    layer(xs, w1, b1, h1, True)
    layer(h1, w2, b2, h2, True)
    layer(h2, w3, b3, h3, False)
    total, share = 0.0, 1.0 / sides.size
    for s in range(sides.size):
        margin = 1.0 - sides[s] * h3[0, s]
        d3[0, s] = -sides[s] * share if margin > 0.0 else 0.0
        total += margin * share if margin > 0.0 else 0.0
    pushed(d3, w3, h2, d2)
    pushed(d2, w2, h1, d1)
    slopes_of(d3, h2, g3, c3)
    slopes_of(d2, h1, g2, c2)
    slopes_of(d1, xs, g1, c1)
    return total


def buffers(work: Workload) -> tuple[Any, ...]:
    """Return weights, biases, activations with adjoints, and slopes of a network."""
    weights, biases = (tuple(part) for part in zip(*layers(work)))
    sums = tuple(np.zeros((len(b), work.samples)) for b in biases)
    slopes = tuple(map(np.zeros_like, weights)), tuple(map(np.zeros_like, biases))
    return weights, biases, (*sums, *map(np.zeros_like, sums)), slopes


def mlp(work: Workload) -> Contestant:
    """Return the gradient of the hinge loss."""
    weights, biases, hidden, slopes = buffers(work)
    xs, run = np.ascontiguousarray(work.batch[0].T), njit(**OPTIONS)(mlp_loops)
    return Contestant(
        lambda: run(xs, work.batch[1], weights, biases, hidden, slopes),
        lambda loss: flat(loss, by_neuron(*slopes)),
    )


def network_loops(
    xs: Any, ys: Any, weights: Any, biases: Any, hidden: Any, slopes: Any, update: float
) -> float:
    (w1, w2), (b1, b2), (h, out, d1, d2), ((g1, g2), (c1, c2)) = weights, biases, hidden, slopes
    layer(xs, w1, b1, h, True)
    layer(h, w2, b2, out, False)
    total, share = 0.0, 1.0 / xs.shape[1]
    for j in range(out.shape[0]):
        for s in range(out.shape[1]):
            y = 1.0 / (1.0 + exp(-out[j, s]))
            error = y - ys[j, s]
            total += 0.5 * error * error * share
            d2[j, s] = error * y * (1.0 - y) * share
    pushed(d2, w2, h, d1)
    slopes_of(d2, h, g2, c2)
    slopes_of(d1, xs, g1, c1)
    if update != 0.0:
        for w, g in ((w1, g1), (w2, g2)):
            w -= update * g
        for b, c in ((b1, c1), (b2, c2)):
            b -= update * c
    return total


def network(work: Workload, update: float) -> Contestant:
    """Return the gradient of the squared error, and a step of descent where it is asked for."""
    weights, biases, hidden, slopes = buffers(work)
    xs, ys = (np.ascontiguousarray(column.T) for column in work.batch)
    run = njit(**OPTIONS)(network_loops)
    reported = (weights, biases) if update else slopes
    return Contestant(
        lambda: run(xs, ys, weights, biases, hidden, slopes, update),
        lambda loss: flat(loss, by_neuron(*reported)),
    )


def swing_loops(start: Any, first: Any, seen: Any, p: Any, h: float, kept: Any, found: Any) -> None:
    for s in prange(start.size):
        x, v, stages = start[s], first[s], kept[s]
        for t in range(stages.shape[0]):
            x1, v1, xk, vk = x, v, x, v
            for k in range(4):
                reach = 0.5 * h if k < 2 else h
                weight = h / 6.0 if k == 0 or k == 3 else h / 3.0
                sine = sin(xk)
                stages[t, k, 0], stages[t, k, 1], stages[t, k, 2] = xk, vk, sine
                a = -p[0] * sine - p[1] * vk
                x1 += weight * vk
                v1 += weight * a
                xk, vk = x + reach * vk, v + reach * a
            x, v = x1, v1
        by_x, by_v, by_p, by_q = x - seen[s], 0.0, 0.0, 0.0
        found[s, 0] = 0.5 * by_x * by_x
        for t in range(stages.shape[0] - 1, -1, -1):
            out_x, out_v, next_x, next_v = by_x, by_v, 0.0, 0.0
            for k in range(3, -1, -1):
                reach = 0.5 * h if k < 2 else h
                weight = h / 6.0 if k == 0 or k == 3 else h / 3.0
                by_a = weight * out_v + reach * next_v
                stage_v = weight * out_x + reach * next_x - p[1] * by_a
                stage_x = -p[0] * cos(stages[t, k, 0]) * by_a
                by_p -= stages[t, k, 2] * by_a
                by_q -= stages[t, k, 1] * by_a
                by_x += stage_x
                by_v += stage_v
                next_x, next_v = stage_x, stage_v
        found[s, 1], found[s, 2] = by_p, by_q


def pendulum(work: Workload) -> Contestant:
    """Return a loop over samples; each keeps its stages, and runs back through them."""
    parameters = np.array([parameter.data for parameter in work.parameters])
    kept, found = np.zeros((work.samples, STEPS, 4, 3)), np.zeros((work.samples, 3))
    run = compiled(swing_loops)

    def step() -> Any:
        run(*work.batch, parameters, TIME_STEP, kept, found)
        return found.mean(axis=0)

    return Contestant(step, flat)


def options_loops(spots: Any, strikes: Any, rates: Any, sigmas: Any, times: Any, out: Any) -> None:
    for i in prange(spots.size):
        s, k, r, v, t = spots[i], strikes[i], rates[i], sigmas[i], times[i]
        root = sqrt(t)
        spread = v * root
        d1 = (log(s / k) + (r + v * v / 2.0) * t) / spread
        d2 = d1 - spread
        discount = exp(-r * t)
        p = exp(-d1 * d1 / 2.0) * 0.3989422804014327
        n1 = erfc(d1 * -0.7071067811865476) / 2.0
        n2 = erfc(d2 * -0.7071067811865476) / 2.0
        sp, kn = s * p, k * discount * n2
        vega = sp * root
        fade = vega * v / (2.0 * t)
        t1 = (r + v * v / 2.0) / spread - d1 / (2.0 * t)
        t2 = t1 - v / (2.0 * root)
        out[i, 0] = s * n1 - kn
        out[i, 1] = n1
        out[i, 2] = -discount * n2
        out[i, 3] = t * kn
        out[i, 4] = vega
        out[i, 5] = fade + r * kn
        out[i, 6] = p / (s * spread)
        out[i, 7] = -p / (k * spread)
        out[i, 8] = p * root / v
        out[i, 9] = -p * d2 / v
        out[i, 10] = p * t1
        out[i, 11] = sp / (k * k * spread)
        out[i, 12] = (t * kn - vega / v) / k
        out[i, 13] = sp * d1 / (v * k)
        out[i, 14] = (r * kn - sp * t2) / k
        out[i, 15] = t * (vega / v - t * kn)
        out[i, 16] = -t * sp * d1 / v
        out[i, 17] = kn * (1.0 - t * r) + t * sp * t2
        out[i, 18] = vega * d1 * d2 / v
        out[i, 19] = vega / (2.0 * t) - vega * d1 * t1
        out[i, 20] = r * (sp * t2 - r * kn) - fade * d1 * t1 - fade / (2.0 * t)


def options(work: Workload) -> Contestant:
    """Return the closed forms, one option after the other."""
    found, run = np.zeros((work.samples, 21)), compiled(options_loops)
    return Contestant(lambda: run(*work.batch, found), lambda _: found.ravel().copy())


MAKERS: Makers = {
    "small": small,
    "mlp": mlp,
    "digits": partial(network, update=STEP_SIZE),
    "million": partial(network, update=0.0),
    "pendulum": pendulum,
    "options": options,
}
