"""The workloads in NumPy as somebody writes them who counts: no temporary array in a step."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.speed.rivals import Contestant, Maker, flat, layers
from benchmarks.speed.rivals.by_numpy import gradient_in_order, greeks
from benchmarks.speed.workloads import STEP_SIZE, STEPS, TIME_STEP, Workload

BLOCK = 2048  # options whose temporary numbers fit into the second cache


def affine(xs: Any, w: Any, b: Any, out: Any) -> Any:
    """Write what a layer adds up to."""
    np.matmul(xs, w.T, out=out)
    return np.add(out, b, out=out)


def slopes_of(above: Any, below: Any, by_weights: Any, by_biases: Any) -> None:
    """Write the gradient of a layer."""
    np.matmul(above.T, below, out=by_weights)
    np.sum(above, axis=0, out=by_biases)


def pushed(above: Any, w: Any, below: Any, active: Any, out: Any) -> None:
    """Write the adjoints below a layer, past the relu that made its inputs."""
    np.matmul(above, w, out=out)
    np.greater(below, 0.0, out=active)
    np.multiply(out, active, out=out)


def mlp(work: Workload) -> Contestant:
    """Return the gradient of the hinge loss."""
    xs, sides = work.batch
    (w1, b1), (w2, b2), (w3, b3) = layers(work)
    h1, h2 = np.empty((len(xs), len(b1))), np.empty((len(xs), len(b2)))
    d1, d2, a1, a2 = h1.copy(), h2.copy(), np.empty(h1.shape, bool), np.empty(h2.shape, bool)
    margin, d3 = np.empty((len(xs), 1)), np.empty((len(xs), 1))
    weights, biases = [np.empty_like(w) for w in (w1, w2, w3)], [b.copy() for b in (b1, b2, b3)]
    column, missed = sides[:, None], np.empty((len(xs), 1), bool)
    shares = column * (-1.0 / len(xs))

    def step() -> Any:
        np.maximum(affine(xs, w1, b1, h1), 0.0, out=h1)
        np.maximum(affine(h1, w2, b2, h2), 0.0, out=h2)
        affine(h2, w3, b3, margin)
        np.multiply(margin, column, out=margin)
        np.subtract(1.0, margin, out=margin)
        np.greater(margin, 0.0, out=missed)
        np.multiply(shares, missed, out=d3)
        pushed(d3, w3, h2, a2, d2)
        pushed(d2, w2, h1, a1, d1)
        slopes_of(d3, h2, weights[2], biases[2])
        slopes_of(d2, h1, weights[1], biases[1])
        slopes_of(d1, xs, weights[0], biases[0])
        return np.vdot(margin, missed) / len(xs), weights, biases

    return Contestant(step, gradient_in_order)


def network(work: Workload, update: float) -> Contestant:
    """Return the gradient of the squared error, and a step of descent where it is asked for."""
    xs, ys = work.batch
    (w1, b1), (w2, b2) = layers(work)
    h, d1 = np.empty((len(xs), len(b1))), np.empty((len(xs), len(b1)))
    out, error, d2 = np.empty(ys.shape), np.empty(ys.shape), np.empty(ys.shape)
    active, share = np.empty(h.shape, bool), 1.0 / len(xs)
    slopes = [np.empty_like(x) for x in (w1, b1, w2, b2)]

    def step() -> Any:
        np.maximum(affine(xs, w1, b1, h), 0.0, out=h)
        affine(h, w2, b2, out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        np.add(out, 1.0, out=out)
        np.reciprocal(out, out=out)
        np.subtract(out, ys, out=error)
        np.subtract(1.0, out, out=d2)
        np.multiply(d2, out, out=d2)
        np.multiply(d2, error, out=d2)
        np.multiply(d2, share, out=d2)
        pushed(d2, w2, h, active, d1)
        slopes_of(d2, h, slopes[2], slopes[3])
        slopes_of(d1, xs, slopes[0], slopes[1])
        loss = 0.5 * share * np.vdot(error, error)
        if not update:
            return loss, slopes[::2], slopes[1::2]
        for parameter, slope in zip((w1, b1, w2, b2), slopes):
            np.multiply(slope, update, out=slope)
            np.subtract(parameter, slope, out=parameter)
        return loss, (w1, w2), (b1, b2)

    return Contestant(step, gradient_in_order)


def digits(work: Workload) -> Contestant:
    return network(work, STEP_SIZE)


def million(work: Workload) -> Contestant:
    return network(work, 0.0)


class Swing:
    """The steps of the pendulum forward with all stages kept, and back through them."""

    def __init__(self, work: Workload) -> None:
        self.start, self.first, self.seen = work.batch
        self.stiffness, self.damping = (parameter.data for parameter in work.parameters)
        shape = (STEPS + 1, 4, work.samples)
        self.x, self.v, self.sine, self.pull = (np.zeros(shape) for _ in range(4))
        self.by_pull = np.zeros(shape)
        self.spare = np.empty(work.samples)
        self.reach = (TIME_STEP / 2, TIME_STEP / 2, TIME_STEP)
        self.weight = np.array([1.0, 2.0, 2.0, 1.0]) * (TIME_STEP / 6)

    def ahead(self) -> None:
        """Fill all stages."""
        self.x[0, 0], self.v[0, 0] = self.start, self.first
        for t, (x, v, sine, pull) in enumerate(zip(self.x, self.v, self.sine, self.pull)):
            if t == STEPS:
                return
            for k in range(4):
                np.sin(x[k], out=sine[k])
                np.multiply(sine[k], -self.stiffness, out=pull[k])
                np.multiply(v[k], self.damping, out=self.spare)
                np.subtract(pull[k], self.spare, out=pull[k])
                if k < 3:
                    np.multiply(v[k], self.reach[k], out=x[k + 1])
                    np.add(x[k + 1], x[0], out=x[k + 1])
                    np.multiply(pull[k], self.reach[k], out=v[k + 1])
                    np.add(v[k + 1], v[0], out=v[k + 1])
            np.add(np.matmul(self.weight, v, out=self.x[t + 1, 0]), x[0], out=self.x[t + 1, 0])
            np.add(np.matmul(self.weight, pull, out=self.v[t + 1, 0]), v[0], out=self.v[t + 1, 0])

    def back(self, by_x: Any) -> None:
        """Leave the adjoints of all pulls."""
        by_v, stage_x, stage_v = np.zeros_like(by_x), np.zeros_like(by_x), np.zeros_like(by_x)
        slopes = np.cos(self.x) * -self.stiffness
        weight = self.weight[:, None]
        up_x, up_v = np.zeros((4, len(by_x))), np.zeros((4, len(by_x)))
        for t in range(STEPS - 1, -1, -1):
            by_pull = self.by_pull[t]
            np.multiply(weight, by_x, out=up_x)
            np.multiply(weight, by_v, out=up_v)
            for k in (3, 2, 1, 0):
                if k < 3:
                    np.multiply(stage_x, self.reach[k], out=stage_x)
                    np.add(up_x[k], stage_x, out=up_x[k])
                    np.multiply(stage_v, self.reach[k], out=stage_v)
                    np.add(up_v[k], stage_v, out=by_pull[k])
                else:
                    by_pull[k] = up_v[k]
                np.multiply(by_pull[k], self.damping, out=self.spare)
                np.subtract(up_x[k], self.spare, out=stage_v)
                np.multiply(slopes[t, k], by_pull[k], out=stage_x)
                np.add(by_x, stage_x, out=by_x)
                np.add(by_v, stage_v, out=by_v)

    def step(self) -> Any:
        self.ahead()
        error = self.x[STEPS, 0] - self.seen
        loss, share = 0.5 * np.vdot(error, error), 1.0 / len(error)
        self.back(error)
        by_stiffness, by_damping = np.vdot(self.sine, self.by_pull), np.vdot(self.v, self.by_pull)
        return loss * share, -by_stiffness * share, -by_damping * share


def pendulum(work: Workload) -> Contestant:
    return Contestant(Swing(work).step, lambda found: flat(*found))


def options(work: Workload) -> Contestant:
    """Return the closed forms, block after block, so that what is in between stays in a cache."""
    market, found = np.array(work.batch), np.empty((21, work.samples))
    blocks = [slice(i, i + BLOCK) for i in range(0, work.samples, BLOCK)]

    def step() -> Any:
        for block in blocks:
            found[:, block] = greeks(*market[:, block])
        return found

    return Contestant(step, lambda found: found.T.ravel(), f"blocks of {BLOCK}")


MAKERS: dict[str, Maker] = {
    "mlp": mlp,
    "digits": digits,
    "million": million,
    "pendulum": pendulum,
    "options": options,
}
