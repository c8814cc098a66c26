"""The workloads in ddx (ddx-ad on PyPI), compiled by its LLVM: called, and bound to arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import ddx
import numpy as np

from benchmarks.speed import irregular as programs
from benchmarks.speed.rivals import Contestant, Makers, flat
from benchmarks.speed.rivals.kept import folder
from benchmarks.speed.workloads import LAYERS, Workload, price, swing

LANES = 8  # samples from which on its vector library takes part


class Model(NamedTuple):
    """An equation, the point or points that it is asked for, and what is made of the answers.

    `answer` takes value and slopes, and the second derivatives where `second` asks for them; it is
    timed where `reduced` says that it is part of the work, as the mean over samples is.
    """

    equation: Any
    points: Any
    answer: Callable[..., Any]
    reduced: bool = False
    second: bool = False


def ready(model: Model) -> Any:
    """Compile an equation for its number of points."""
    count = model.points.shape[1] if model.points.ndim == 2 else 1
    library = ddx.VecLib.AUTO if count >= LANES else ddx.VecLib.NONE
    model.equation.compile(points=count, veclib=library, cache_dir=str(folder()))
    return model.equation


def called(make: Callable[[Workload], Model], work: Workload) -> Contestant:
    """Return the call that makes new arrays for its results."""
    model = make(work)
    equation, points = ready(model), model.points
    derive = equation.hessian if model.second else equation.jacobian
    if model.reduced:
        return Contestant(lambda: model.answer(*derive(points)), lambda found: flat(*found))
    return Contestant(lambda: derive(points), lambda found: flat(*model.answer(*found)))


def bound(make: Callable[[Workload], Model], work: Workload) -> Contestant:
    """Return the call that is bound to its arrays."""
    model = make(work)
    want = ddx.Want.HESSIAN if model.second else ddx.Want.JACOBIAN
    call = ready(model).buffer(model.points, want=want)

    def results() -> Any:
        more = [call.hessian] if model.second else []
        return model.answer(call.value, call.jacobian, *more)

    if not model.reduced:
        return Contestant(call, lambda _: flat(*results()))

    def step() -> Any:
        call()
        return results()

    return Contestant(step, lambda found: flat(*found))


def mean(values: Any, slopes: Any) -> Any:
    """Return the means over samples of the values and of the slopes."""
    return np.mean(values), slopes.mean(axis=-1) if np.ndim(values) else slopes


def one(points: Any) -> Any:
    """Return points as they are asked for: a single one as a row of numbers."""
    points = np.ascontiguousarray(points)
    return np.ascontiguousarray(points[:, 0]) if points.shape[1] == 1 else points


def irregular(work: Workload) -> Model:
    using = programs.functions(ddx.sin, ddx.tanh, ddx.exp)

    def model() -> Any:
        xs = [ddx.var(f"x{i}") for i in range(programs.INPUTS)]
        return programs.run(work.facts["program"], xs, using)

    return Model(ddx.equation(model), one(work.batch[0].T), lambda value, by_x: (value, by_x.T))


def pendulum(work: Workload) -> Model:
    """Return the steps unrolled into one graph."""

    def model() -> Any:
        stiffness, damping = ddx.var("stiffness"), ddx.var("damping")
        angle, speed, seen = (ddx.param(name) for name in ("angle", "speed", "seen"))
        return swing(angle, speed, seen, stiffness, damping, sin=ddx.sin)

    return Model(ddx.equation(model), with_parameters(work, work.batch), mean, reduced=True)


def with_parameters(work: Workload, columns: Any) -> Any:
    """Return points of which all have the same parameters, before what each has of its own."""
    numbers = np.array([[parameter.data] for parameter in work.parameters])
    return one(np.vstack([np.repeat(numbers, work.samples, axis=1), *columns]))


def mlp(work: Workload) -> Model:
    """Return the loss of a sample by all weights; the mean is taken by NumPy."""

    def model() -> Any:
        weights = iter([ddx.var(f"w{i}") for i in range(len(work.parameters))])
        xs, side = [ddx.param(f"x{i}") for i in range(LAYERS[0])], ddx.param("side")
        for last, size in ((False, LAYERS[1]), (False, LAYERS[2]), (True, LAYERS[3])):
            sums = []
            for _ in range(size):
                total = sum((next(weights) * x for x in xs[1:]), next(weights) * xs[0])
                sums.append(total + next(weights))
            xs = sums if last else [ddx.max(z, 0.0) for z in sums]
        return ddx.max(1.0 - side * xs[0], 0.0)

    points = with_parameters(work, [work.batch[0].T, work.batch[1][None]])
    return Model(ddx.equation(model), points, mean, reduced=True)


def options(work: Workload) -> Model:
    """Return price, slopes and Hessian, of which the triangle is compared."""
    names = ("spot", "strike", "rate", "volatility", "years")

    def normal(x: Any) -> Any:
        return (1.0 + ddx.erf(x * 0.5**0.5)) / 2.0

    def model() -> Any:
        using = ddx.log, ddx.exp, ddx.sqrt, normal
        spot, strike, rate, volatility, years = map(ddx.var, names)
        return price(spot, strike, rate, volatility, years, using=using)

    def triangle(value: Any, slopes: Any, second: Any) -> Any:
        return (np.vstack([value, slopes, second[np.triu_indices(5)]]).T,)

    return Model(ddx.equation(model), np.array(work.batch), triangle, second=True)


MODELS = {
    "small": irregular,
    "mlp": mlp,
    "irregular": irregular,
    "pendulum": pendulum,
    "options": options,
}
CALLED: Makers = {name: partial(called, make) for name, make in MODELS.items()}
BOUND: Makers = {name: partial(bound, make) for name, make in MODELS.items()}
