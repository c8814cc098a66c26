"""The workloads in CasADi: its machine for scalar graphs (SX), and the C that it generates."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import casadi
import numpy as np

from benchmarks.speed import irregular as programs
from benchmarks.speed.rivals import Contestant, Makers, flat
from benchmarks.speed.rivals.by_c import FLAGS, library, threads
from benchmarks.speed.rivals.kept import place
from benchmarks.speed.workloads import Workload, price, swing


def called(function: Any, arrays: list[Any]) -> Any:
    """Return a step that hands arrays to a function and gets arrays, without CasADi's matrices."""
    buffer, trigger = function.buffer()
    arrays = [np.ravel(array, order="F") for array in arrays]  # column after column
    outs = [np.zeros(function.numel_out(i)) for i in range(function.n_out())]
    for i, array in enumerate(arrays):
        buffer.set_arg(i, array.data)
    for i, out in enumerate(outs):
        buffer.set_res(i, out.data)

    def step() -> Any:
        trigger()
        return outs

    step.kept = buffer, arrays  # type: ignore[attr-defined]
    return step


def as_it_is(function: Any) -> Any:
    """Return a function, run by CasADi's machine."""
    return function


def compiled(function: Any) -> Any:
    """Return the same function, through C and gcc."""
    path = place(function.serialize(), *FLAGS) / f"{function.name()}.c"
    if not path.exists():
        Path(function.generate(path.name, {"main": False})).rename(path)
    return casadi.external(function.name(), str(library(path)))


def spread(function: Any, samples: int) -> Any:
    """Return a function of so many samples, one column each, shared by the threads."""
    if samples == 1:
        return function
    return function.map(samples, "thread", threads()) if threads() > 1 else function.map(samples)


def irregular(work: Workload, through: Any = as_it_is) -> Contestant:
    """Return value and gradient of the program."""
    xs, made = casadi.SX.sym("x", programs.INPUTS), work.facts["program"]
    using = programs.functions(casadi.sin, casadi.tanh, casadi.exp)
    out = programs.run(made, [xs[i] for i in range(programs.INPUTS)], using)
    function = casadi.Function("program", [xs], [out, casadi.gradient(out, xs)])
    step = called(spread(through(function), work.samples), [work.batch[0].T])
    return Contestant(step, lambda found: flat(*found))


def pendulum(work: Workload, through: Any = as_it_is) -> Contestant:
    """Return the steps unrolled into one graph, and its gradient."""
    columns = [casadi.SX.sym(name) for name in ("angle", "speed", "seen")]
    parameters = casadi.SX.sym("p", 2)
    angle, speed, seen = columns
    loss = swing(angle, speed, seen, parameters[0], parameters[1], sin=casadi.sin)
    slopes = casadi.gradient(loss, parameters)
    function = casadi.Function("pendulum", [*columns, parameters], [loss, slopes])
    numbers = np.array([[parameter.data] for parameter in work.parameters])
    arrays = [*work.batch, np.repeat(numbers, work.samples, axis=1)]
    step = called(spread(through(function), work.samples), arrays)

    def mean(results: Any) -> Any:
        return flat(*(result.reshape(work.samples, -1).mean(0) for result in results))

    return Contestant(step, mean)


def options(work: Workload, through: Any = as_it_is) -> Contestant:
    """Return price, slopes and the triangle of the Hessian of one option, mapped over all."""
    market = casadi.SX.sym("market", 5)
    spot, strike, rate, volatility, years = (market[i] for i in range(5))
    using = casadi.log, casadi.exp, casadi.sqrt, normal
    out = price(spot, strike, rate, volatility, years, using=using)
    hessian, slopes = casadi.hessian(out, market)
    second = [hessian[i, j] for i in range(5) for j in range(i, 5)]
    function = casadi.Function("greeks", [market], [casadi.vertcat(out, slopes, *second)])
    step = called(spread(through(function), work.samples), [np.array(work.batch)])
    return Contestant(step, lambda found: found[0].copy())


def normal(x: Any) -> Any:
    return (1.0 + casadi.erf(x * 0.5**0.5)) / 2.0


WORKLOADS = {
    "small": irregular,
    "irregular": irregular,
    "pendulum": pendulum,
    "options": options,
}
MAKERS: Makers = dict(WORKLOADS)
COMPILED: Makers = {name: partial(make, through=compiled) for name, make in WORKLOADS.items()}
