"""The workloads in JAX on arrays, compiled by `jit`, in float64: a call each, and in `lax.scan`.

A call is timed until its results are there, and JAX runs it in the thread that calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erfc

from benchmarks.speed import irregular as programs
from benchmarks.speed.character_gpt import HEAD, HEADS, SMALL, WIDTH
from benchmarks.speed.rivals import Contestant, Makers, by_neuron, flat, layers, matrices
from benchmarks.speed.workloads import POSITIONS, STEP_SIZE, STEPS, TIME_STEP, Workload

jax.config.update("jax_enable_x64", True)
# The dispatch to another thread would only be waited for.
jax.config.update("jax_cpu_enable_async_dispatch", False)

TURNS = 100  # steps of a workload in one `lax.scan`


class Program(NamedTuple):
    """A function of the numbers it is differentiated by and of data: value and slopes.

    `move` is how far a step goes against the slopes; 0 where a workload has no update.
    """

    function: Callable[..., Any]
    numbers: Callable[[Any], Any]
    start: Any
    data: tuple[Any, ...]
    move: float = 0.0


def called(make: Callable[[Workload], Program], work: Workload) -> Contestant:
    """Return a call that waits for the results; what it updates is donated to it."""
    program = make(work)
    numbers, data = copied(program.start), jax.device_put(program.data)
    if not program.move:
        compiled = jax.jit(program.function)
        return Contestant(lambda: jax.block_until_ready(compiled(numbers, *data)), program.numbers)

    def update(numbers: Any, *data: Any) -> Any:
        value, slopes = program.function(numbers, *data)
        return value, moved(numbers, slopes, program.move)

    compiled = jax.jit(update, donate_argnums=0)

    def step() -> Any:
        nonlocal numbers
        value, numbers = jax.block_until_ready(compiled(numbers, *data))
        return value, numbers

    return Contestant(step, program.numbers, "donated")


def copied(numbers: Any) -> Any:
    """Return numbers in arrays of JAX, which nobody else has, so that they can be donated."""
    return jax.tree.map(lambda x: jnp.array(x, copy=True), numbers)


def moved(numbers: Any, slopes: Any, size: Any) -> Any:
    """Return numbers after a step against their slopes."""
    return jax.tree.map(lambda x, slope: x - size * slope, numbers, slopes)


def scanned(make: Callable[[Workload], Program], work: Workload) -> Contestant:
    """Return many steps in one call, each from where the one before has moved to.

    The size of the move is an argument. So XLA cannot know that a workload without an update moves
    by 0, and makes every step.
    """
    program = make(work)
    data, size = jax.device_put(program.data), jax.device_put(program.move)

    def steps(count: int, numbers: Any, size: Any, *data: Any) -> Any:
        def one(state: Any, _: Any) -> Any:
            numbers, _ = state
            value, slopes = program.function(numbers, *data)
            return (moved(numbers, slopes, size), slopes), value

        nothing = jax.tree.map(jnp.zeros_like, numbers)
        (numbers, slopes), values = jax.lax.scan(one, (numbers, nothing), length=count)
        return values[-1], (numbers if program.move else slopes), numbers

    compiled = jax.jit(steps, static_argnums=0, donate_argnums=1)
    placed = copied(program.start)

    def run() -> Any:
        nonlocal placed
        value, found, placed = compiled(TURNS, placed, size, *data)
        return jax.block_until_ready((value, found))

    def check() -> Any:
        value, found, _ = compiled(1, copied(program.start), size, *data)
        return value, found

    return Contestant(run, program.numbers, f"{TURNS} steps a call, donated", TURNS, check)


def in_order(found: Any) -> Any:
    loss, by_layer = found
    return flat(loss, by_neuron(*zip(*by_layer)))


def mlp(work: Workload) -> Program:
    """Return the gradient of the hinge loss."""

    def loss(weights: Any, xs: Any, sides: Any) -> Any:
        for w, b in weights[:-1]:
            xs = jax.nn.relu(xs @ w.T + b)
        w, b = weights[-1]
        return jax.nn.relu(1.0 - sides * (xs @ w.T + b)[:, 0]).mean()

    return Program(jax.value_and_grad(loss), in_order, list(layers(work)), work.batch)


def squares(weights: Any, xs: Any, ys: Any) -> Any:
    (w1, b1), (w2, b2) = weights
    out = jax.nn.sigmoid(jax.nn.relu(xs @ w1.T + b1) @ w2.T + b2)
    return 0.5 * ((out - ys) ** 2).sum(1).mean()


def digits(work: Workload) -> Program:
    return million(work)._replace(move=STEP_SIZE)


def million(work: Workload) -> Program:
    return Program(jax.value_and_grad(squares), in_order, list(layers(work)), work.batch)


def gpt(work: Workload) -> Program:
    """Return the language model on arrays of (texts, positions, ...)."""
    model = matrices(work)

    def normalized(xs: Any) -> Any:
        return xs * jax.lax.rsqrt((xs * xs).mean(-1, keepdims=True) + SMALL)

    def loss(model: Any, text: Any, following: Any) -> Any:
        split = (*text.shape[:2], HEADS, HEAD)
        xs = normalized(text @ model["token"].T + model["position"][:POSITIONS])
        inside = normalized(xs)
        query, key, value = (
            (inside @ model[name].T).reshape(split) for name in ("query", "key", "value")
        )
        scores = jnp.einsum("bthd,bshd->bhts", query, key) * HEAD**-0.5
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
        seen = jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(scores), value)
        xs = xs + seen.reshape(*text.shape[:2], WIDTH) @ model["joined"].T
        xs = xs + jax.nn.relu(normalized(xs) @ model["up"].T) @ model["down"].T
        zs = xs @ model["logits"].T
        return (jax.nn.logsumexp(zs, -1) - (following * zs).sum(-1)).mean()

    return Program(
        jax.value_and_grad(loss),
        lambda found: flat(found[0], *(found[1][name] for name in model)),
        model,
        work.batch,
    )


def irregular(work: Workload) -> Program:
    """Return the program as JAX traces it."""
    using = programs.functions(jnp.sin, jnp.tanh, jnp.exp)

    def function(xs: Any) -> Any:
        return programs.run(work.facts["program"], xs, using)

    return Program(
        jax.vmap(jax.value_and_grad(function)), lambda found: flat(*found), work.batch[0], ()
    )


def pendulum(work: Workload) -> Program:
    """Return a scan over the steps."""

    def pull(angle: Any, speed: Any, stiffness: Any, damping: Any) -> Any:
        return -stiffness * jnp.sin(angle) - damping * speed

    def loss(parameters: Any, angle: Any, speed: Any, seen: Any) -> Any:
        half, sixth = TIME_STEP / 2, TIME_STEP / 6

        def forward(state: Any, _: Any) -> Any:
            angle, v1 = state
            a1 = pull(angle, v1, *parameters)
            v2 = v1 + half * a1
            a2 = pull(angle + half * v1, v2, *parameters)
            v3 = v1 + half * a2
            a3 = pull(angle + half * v2, v3, *parameters)
            v4 = v1 + TIME_STEP * a3
            a4 = pull(angle + TIME_STEP * v3, v4, *parameters)
            angle = angle + sixth * (v1 + 2.0 * (v2 + v3) + v4)
            return (angle, v1 + sixth * (a1 + 2.0 * (a2 + a3) + a4)), None

        (angle, _), _ = jax.lax.scan(forward, (angle, speed), None, length=STEPS)
        return 0.5 * ((angle - seen) ** 2).mean()

    parameters = np.array([parameter.data for parameter in work.parameters])
    return Program(jax.value_and_grad(loss), lambda found: flat(*found), parameters, work.batch)


def options(work: Workload) -> Program:
    """Return price, gradient and the triangle of the Hessian, mapped over the options."""
    triangle = np.triu_indices(5)

    def price(market: Any) -> Any:
        spot, strike, rate, volatility, years = market
        spread = volatility * jnp.sqrt(years)
        ahead = (jnp.log(spot / strike) + (rate + volatility * volatility / 2.0) * years) / spread
        later = strike * jnp.exp(-rate * years) * normal(ahead - spread)
        return spot * normal(ahead) - later

    def normal(x: Any) -> Any:
        return erfc(x * -(0.5**0.5)) / 2.0

    def greeks(market: Any) -> Any:
        slopes = jax.value_and_grad(price)(market)
        return (*slopes, jax.hessian(price)(market)[triangle])

    def numbers(found: Any) -> Any:
        return np.column_stack(found).ravel()

    return Program(jax.vmap(greeks), numbers, np.column_stack(work.batch), ())


def small(work: Workload) -> Program:
    function = jax.vmap(jax.value_and_grad(lambda xs: jnp.vdot(xs, xs)))
    return Program(function, lambda found: flat(*found), work.batch[0], ())


def readme(work: Workload) -> Program:
    """Return the mean squared error of a neuron."""
    weights = np.array([parameter.data for parameter in work.parameters])

    def loss(weights: Any, xs: Any, ys: Any) -> Any:
        return ((jnp.tanh(xs @ weights) - ys) ** 2).mean()

    return Program(jax.value_and_grad(loss), lambda found: flat(*found), weights, work.batch)


PROGRAMS = {
    "small": small,
    "readme": readme,
    "mlp": mlp,
    "digits": digits,
    "million": million,
    "gpt": gpt,
    "irregular": irregular,
    "pendulum": pendulum,
    "options": options,
}
CALLED: Makers = {name: partial(called, make) for name, make in PROGRAMS.items()}
# Of a hundred thousand options, and of a million parameters, a call is a small part.
SCANNED: Makers = {
    name: partial(scanned, make)
    for name, make in PROGRAMS.items()
    if name not in ("options", "million")
}
