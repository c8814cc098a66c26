"""The workloads in CasADi: its machine for scalar graphs (SX), and the C that it generates."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import casadi
import numpy as np

from benchmarks.speed import irregular as programs
from benchmarks.speed.rivals import Contestant, flat
from benchmarks.speed.rivals.by_c import compiler, library
from benchmarks.speed.workloads import Workload, price, swing

LONGEST = 2_000  # operations that gcc is asked to compile: 10,000 take it a quarter of a minute


def called(function: Any, arrays: list[Any]) -> Any:
    """Return a step that hands arrays to a function and gets arrays, without CasADi's matrices."""
    buffer, trigger = function.buffer()
    arrays = [np.ravel(array, order="F") for array in arrays]  # column after column
    outs = [np.zeros(function.numel_out(i)) for i in range(function.n_out())]
    for i, array in enumerate(arrays):
        buffer.set_arg(i, memoryview(array))
    for i, out in enumerate(outs):
        buffer.set_res(i, memoryview(out))

    def step() -> Any:
        trigger()
        return outs

    step.kept = buffer, arrays  # type: ignore[attr-defined]
    return step


def compiled(function: Any) -> Any:
    """Return the same function, through C and gcc."""
    folder = Path(tempfile.mkdtemp())
    source = Path(function.generate(f"{function.name()}.c", {"main": False}))
    source = source.rename(folder / source.name)
    return casadi.external(function.name(), str(library(source)))


def spread(function: Any, samples: int) -> Any:
    """Return a function of so many samples, one column each."""
    return function if samples == 1 else function.map(samples)


def irregular(work: Workload) -> dict[str, Contestant]:
    """Return value and gradient of the program, by the machine and, where short, in C."""
    xs, made = casadi.SX.sym("x", programs.INPUTS), work.facts["program"]
    using = programs.functions(casadi.sin, casadi.tanh, casadi.exp)
    out = programs.run(made, [xs[i] for i in range(programs.INPUTS)], using)
    function = casadi.Function("program", [xs], [out, casadi.gradient(out, xs)])
    found = {"CasADi machine": function}
    if len(made) <= LONGEST and compiler():
        found["CasADi C"] = compiled(function)
    arrays = [work.batch[0].T]

    return {
        name: Contestant(called(spread(f, work.samples), arrays), lambda found: flat(*found))
        for name, f in found.items()
    }


def pendulum(work: Workload) -> Contestant:
    """Return the steps unrolled into one graph, and its gradient."""
    columns = [casadi.SX.sym(name) for name in ("angle", "speed", "seen")]
    parameters = casadi.SX.sym("p", 2)
    loss = swing(*columns, parameters[0], parameters[1], sin=casadi.sin)
    slopes = casadi.gradient(loss, parameters)
    function = casadi.Function("pendulum", [*columns, parameters], [loss, slopes])
    numbers = np.array([[parameter.data] for parameter in work.parameters])
    arrays = [*work.batch, np.repeat(numbers, work.samples, axis=1)]
    step = called(spread(function, work.samples), arrays)

    def mean(results: Any) -> Any:
        return flat(*(result.reshape(work.samples, -1).mean(0) for result in results))

    return Contestant(step, mean)


def options(work: Workload) -> dict[str, Contestant]:
    """Return price, slopes and the triangle of the Hessian of one option, mapped over all."""
    market = casadi.SX.sym("market", 5)
    names = [market[i] for i in range(5)]
    out = price(*names, using=(casadi.log, casadi.exp, casadi.sqrt, normal))
    hessian, slopes = casadi.hessian(out, market)
    second = [hessian[i, j] for i in range(5) for j in range(i, 5)]
    function = casadi.Function("greeks", [market], [casadi.vertcat(out, slopes, *second)])
    found = {"CasADi machine": function}
    if compiler():
        found["CasADi C"] = compiled(function)
    arrays = [np.array(work.batch)]
    return {
        name: Contestant(called(spread(f, work.samples), arrays), lambda found: found[0].copy())
        for name, f in found.items()
    }


def normal(x: Any) -> Any:
    return (1.0 + casadi.erf(x * 0.5**0.5)) / 2.0
