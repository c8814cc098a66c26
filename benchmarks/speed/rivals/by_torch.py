"""The workloads in PyTorch on arrays, in float64: run eagerly, and by `torch.compile`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.speed import irregular as programs
from benchmarks.speed.character_gpt import HEAD, HEADS, SMALL, WIDTH
from benchmarks.speed.rivals import Contestant, Maker, Makers, by_neuron, flat, layers, matrices
from benchmarks.speed.rivals.by_c import threads
from benchmarks.speed.workloads import POSITIONS, STEP_SIZE, Workload, swing

torch.set_num_threads(threads())

Through = Callable[[Callable[..., Any]], Callable[..., Any]]


def as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function, run eagerly."""
    return function


def by_inductor(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that `torch.compile` compiles at its first call, with its way back."""
    compiled: Callable[..., Any] = torch.compile(function, dynamic=False, fullgraph=True)
    return compiled


def tensors(work: Workload) -> list[Any]:
    return [torch.from_numpy(np.ascontiguousarray(column)) for column in work.batch]


def leaf(array: Any) -> Any:
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def weights_of(work: Workload) -> list[tuple[Any, Any]]:
    return [(leaf(w), leaf(b)) for w, b in layers(work)]


def in_order(found: Any) -> Any:
    loss, slopes = found
    arrays = [slope.detach().numpy() for slope in slopes]
    return flat(loss.detach(), by_neuron(arrays[::2], arrays[1::2]))


def mlp(work: Workload, through: Through = as_it_is) -> Contestant:
    """Return the gradient of the hinge loss."""
    (xs, sides), weights = tensors(work), weights_of(work)
    leaves = [x for pair in weights for x in pair]

    @through
    def loss(xs: Any, sides: Any, *leaves: Any) -> Any:
        linear = torch.nn.functional.linear
        for w, b in zip(leaves[:-2:2], leaves[1:-2:2]):
            xs = torch.relu(linear(xs, w, b))
        scores = linear(xs, *leaves[-2:])[:, 0]
        return torch.relu(1.0 - sides * scores).mean()

    def step() -> Any:
        found = loss(xs, sides, *leaves)
        return found, torch.autograd.grad(found, leaves)

    return Contestant(step, in_order)


def network(work: Workload, update: float, through: Through = as_it_is) -> Contestant:
    """Return the gradient of the squared error, and a step of descent where it is asked for."""
    (xs, ys), ((w1, b1), (w2, b2)) = tensors(work), weights_of(work)
    linear, leaves = torch.nn.functional.linear, [w1, b1, w2, b2]

    @through
    def loss(xs: Any, ys: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        out = torch.sigmoid(linear(torch.relu(linear(xs, w1, b1)), w2, b2))
        return 0.5 * torch.square(out - ys).sum(1).mean()

    def step() -> Any:
        found = loss(xs, ys, *leaves)
        slopes = torch.autograd.grad(found, leaves)
        if not update:
            return found, slopes
        with torch.no_grad():
            torch._foreach_add_(leaves, slopes, alpha=-update)
        return found, leaves

    return Contestant(step, in_order)


def gpt(work: Workload, through: Through = as_it_is) -> Contestant:
    """Return the language model on arrays of (texts, positions, ...)."""
    model = {name: leaf(matrix) for name, matrix in matrices(work).items()}
    text, following = tensors(work)
    split = (*text.shape[:2], HEADS, HEAD)
    future = torch.ones(POSITIONS, POSITIONS).triu(1).bool()

    def normalized(xs: Any) -> Any:
        return xs * torch.rsqrt(torch.square(xs).mean(-1, keepdim=True) + SMALL)

    @through
    def loss(model: Any, text: Any, following: Any) -> Any:
        xs = normalized(text @ model["token"].T + model["position"][:POSITIONS])
        inside = normalized(xs)
        query, key, value = (
            (inside @ model[name].T).view(split).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        scores = (query @ key.transpose(2, 3) * HEAD**-0.5).masked_fill(future, -torch.inf)
        seen = (torch.softmax(scores, -1) @ value).transpose(1, 2).reshape(*text.shape[:2], WIDTH)
        xs = xs + seen @ model["joined"].T
        xs = xs + torch.relu(normalized(xs) @ model["up"].T) @ model["down"].T
        zs = xs @ model["logits"].T
        return (torch.logsumexp(zs, -1) - (following * zs).sum(-1)).mean()

    def step() -> Any:
        found = loss(model, text, following)
        return found, torch.autograd.grad(found, list(model.values()))

    return Contestant(step, lambda found: flat(found[0].detach(), *found[1]))


def irregular(work: Workload, through: Through = as_it_is) -> Contestant:
    """Return the program on tensors of all samples."""
    xs = leaf(np.ascontiguousarray(work.batch[0].T))
    using = programs.functions(torch.sin, torch.tanh, torch.exp)

    @through
    def function(xs: Any) -> Any:
        return programs.run(work.facts["program"], xs.unbind(), using)

    def step() -> Any:
        out = function(xs)
        return out, *torch.autograd.grad(out.sum(), xs)

    return Contestant(step, lambda found: flat(found[0].detach(), found[1].T))


def pendulum(work: Workload, through: Through = as_it_is) -> Contestant:
    """Return the same loop over the steps, on tensors of all samples."""
    columns = tensors(work)
    parameters = [leaf(parameter.data) for parameter in work.parameters]

    @through
    def loss(angle: Any, speed: Any, seen: Any, stiffness: Any, damping: Any) -> Any:
        return swing(angle, speed, seen, stiffness, damping, sin=torch.sin).mean()

    def step() -> Any:
        found = loss(*columns, *parameters)
        return found, torch.autograd.grad(found, parameters)

    return Contestant(step, lambda found: flat(found[0].detach(), found[1]))


def options(work: Workload) -> Contestant:
    """Return price, slopes and second derivatives by differentiating twice, column by column."""
    columns = [leaf(column) for column in work.batch]

    def normal(x: Any) -> Any:
        return torch.special.erfc(x * -(0.5**0.5)) / 2.0

    def step() -> Any:
        spot, strike, rate, volatility, years = columns
        spread = volatility * torch.sqrt(years)
        ahead = (torch.log(spot / strike) + (rate + volatility**2 / 2.0) * years) / spread
        later = strike * torch.exp(-rate * years) * normal(ahead - spread)
        out = spot * normal(ahead) - later
        first = torch.autograd.grad(out.sum(), columns, create_graph=True)
        second = [
            slope
            for i in range(5)
            for slope in torch.autograd.grad(first[i].sum(), columns[i:], retain_graph=True)
        ]
        return out, *first, *second

    return Contestant(step, lambda found: torch.stack(found).detach().numpy().T.ravel())


def small(work: Workload, through: Through = as_it_is) -> Contestant:
    xs = leaf(work.batch[0])
    function = through(lambda xs: torch.square(xs).sum())

    def step() -> Any:
        out = function(xs)
        return out, *torch.autograd.grad(out, xs)

    return Contestant(step, lambda found: flat(found[0].detach(), found[1]))


def readme(work: Workload, through: Through = as_it_is) -> Contestant:
    """Return the mean squared error of a neuron."""
    (xs, ys), weights = tensors(work), leaf([parameter.data for parameter in work.parameters])

    @through
    def loss(xs: Any, ys: Any, weights: Any) -> Any:
        return torch.square(torch.tanh(xs @ weights) - ys).mean()

    def step() -> Any:
        found = loss(xs, ys, weights)
        return found, *torch.autograd.grad(found, weights)

    return Contestant(step, lambda found: flat(found[0].detach(), found[1]))


COMPILED_TOO: dict[str, Callable[..., Contestant]] = {
    "small": small,
    "readme": readme,
    "mlp": mlp,
    "digits": partial(network, update=STEP_SIZE),
    "million": partial(network, update=0.0),
    "gpt": gpt,
    "irregular": irregular,
    "pendulum": pendulum,
}
MAKERS: dict[str, Maker] = {**COMPILED_TOO, "options": options}
COMPILED: Makers = {
    **{name: partial(make, through=by_inductor) for name, make in COMPILED_TOO.items()},
    "options": "torch.compile has no second derivatives",
}
