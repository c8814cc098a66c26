"""The workloads in JAX on arrays, compiled by `jit`, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erfc

from benchmarks.speed import irregular as programs
from benchmarks.speed.character_gpt import HEAD, HEADS, SMALL, WIDTH
from benchmarks.speed.rivals import Contestant, by_neuron, flat, layers, matrices
from benchmarks.speed.workloads import POSITIONS, STEP_SIZE, STEPS, TIME_STEP, Workload

jax.config.update("jax_enable_x64", True)


def timed(
    function: Callable[..., Any], numbers: Callable[[Any], Any], *operands: Any
) -> Contestant:
    """Return a contestant that waits for the results, as JAX computes behind our back."""
    placed = jax.device_put(operands)
    compiled = jax.jit(function)
    return Contestant(lambda: jax.block_until_ready(compiled(*placed)), numbers)


def in_order(found: Any) -> Any:
    loss, by_layer = found
    return flat(loss, by_neuron(*zip(*by_layer)))


def mlp(work: Workload) -> Contestant:
    """Return the gradient of the hinge loss."""

    def loss(weights: Any, xs: Any, sides: Any) -> Any:
        for w, b in weights[:-1]:
            xs = jax.nn.relu(xs @ w.T + b)
        w, b = weights[-1]
        return jax.nn.relu(1.0 - sides * (xs @ w.T + b)[:, 0]).mean()

    return timed(jax.value_and_grad(loss), in_order, list(layers(work)), *work.batch)


def squares(weights: Any, xs: Any, ys: Any) -> Any:
    (w1, b1), (w2, b2) = weights
    out = jax.nn.sigmoid(jax.nn.relu(xs @ w1.T + b1) @ w2.T + b2)
    return 0.5 * ((out - ys) ** 2).sum(1).mean()


def digits(work: Workload) -> Contestant:
    """Return a step of descent; the weights are donated, so that they are updated in place."""

    def update(weights: Any, xs: Any, ys: Any) -> Any:
        loss, slopes = jax.value_and_grad(squares)(weights, xs, ys)
        return loss, jax.tree.map(lambda w, g: w - STEP_SIZE * g, weights, slopes)

    compiled = jax.jit(update, donate_argnums=0)
    weights, xs, ys = jax.device_put((list(layers(work)), *work.batch))

    def step() -> Any:
        nonlocal weights
        loss, weights = jax.block_until_ready(compiled(weights, xs, ys))
        return loss, weights

    return Contestant(step, in_order)


def million(work: Workload) -> Contestant:
    return timed(jax.value_and_grad(squares), in_order, list(layers(work)), *work.batch)


def gpt(work: Workload) -> Contestant:
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

    return timed(
        jax.value_and_grad(loss),
        lambda found: flat(found[0], *(found[1][name] for name in model)),
        model,
        *work.batch,
    )


def irregular(work: Workload) -> Contestant:
    """Return the program as JAX traces it; it compiles about 200 operations, not 1,000."""
    using = programs.functions(jnp.sin, jnp.tanh, jnp.exp)

    def function(xs: Any) -> Any:
        return programs.run(work.facts["program"], xs, using)

    return timed(jax.vmap(jax.value_and_grad(function)), lambda found: flat(*found), *work.batch)


def pendulum(work: Workload) -> Contestant:
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

    parameters = [parameter.data for parameter in work.parameters]
    return timed(
        jax.value_and_grad(loss), lambda found: flat(found[0], found[1]), parameters, *work.batch
    )


def options(work: Workload) -> Contestant:
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

    return timed(jax.vmap(greeks), numbers, np.column_stack(work.batch))
