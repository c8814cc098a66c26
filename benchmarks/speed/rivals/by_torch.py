"""The workloads in PyTorch on arrays, run eagerly, in float64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.speed import irregular as programs
from benchmarks.speed.character_gpt import HEAD, HEADS, SMALL, WIDTH
from benchmarks.speed.rivals import Contestant, by_neuron, flat, layers, matrices
from benchmarks.speed.workloads import POSITIONS, STEP_SIZE, Workload, swing

THREADS = torch.get_num_threads()


def with_threads(title: str, found: Contestant) -> Iterator[tuple[str, Contestant]]:
    """Yield the contestant again with one thread, where PyTorch has more by itself."""
    if THREADS > 1:
        yield title, found._replace(before=lambda: torch.set_num_threads(THREADS))
        yield f"{title}, 1 thread", found._replace(before=lambda: torch.set_num_threads(1))


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


def mlp(work: Workload) -> Contestant:
    """Return the gradient of the hinge loss."""
    (xs, sides), weights = tensors(work), weights_of(work)
    leaves = [x for pair in weights for x in pair]

    def step() -> Any:
        hidden = xs
        for w, b in weights[:-1]:
            hidden = torch.relu(torch.nn.functional.linear(hidden, w, b))
        scores = torch.nn.functional.linear(hidden, *weights[-1])[:, 0]
        loss = torch.relu(1.0 - sides * scores).mean()
        return loss, torch.autograd.grad(loss, leaves)

    return Contestant(step, in_order)


def network(work: Workload, update: float) -> Contestant:
    """Return the gradient of the squared error, and a step of descent where it is asked for."""
    (xs, ys), ((w1, b1), (w2, b2)) = tensors(work), weights_of(work)
    linear, leaves = torch.nn.functional.linear, [w1, b1, w2, b2]

    def step() -> Any:
        out = torch.sigmoid(linear(torch.relu(linear(xs, w1, b1)), w2, b2))
        loss = 0.5 * torch.square(out - ys).sum(1).mean()
        slopes = torch.autograd.grad(loss, leaves)
        if not update:
            return loss, slopes
        with torch.no_grad():
            torch._foreach_add_(leaves, slopes, alpha=-update)
        return loss, leaves

    return Contestant(step, in_order)


def digits(work: Workload) -> Contestant:
    return network(work, STEP_SIZE)


def million(work: Workload) -> Contestant:
    return network(work, 0.0)


def gpt(work: Workload) -> Contestant:
    """Return the language model on arrays of (texts, positions, ...)."""
    model = {name: leaf(matrix) for name, matrix in matrices(work).items()}
    text, following = tensors(work)
    split = (*text.shape[:2], HEADS, HEAD)
    future = torch.ones(POSITIONS, POSITIONS).triu(1).bool()

    def normalized(xs: Any) -> Any:
        return xs * torch.rsqrt(torch.square(xs).mean(-1, keepdim=True) + SMALL)

    def step() -> Any:
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
        loss = (torch.logsumexp(zs, -1) - (following * zs).sum(-1)).mean()
        return loss, torch.autograd.grad(loss, list(model.values()))

    return Contestant(step, lambda found: flat(found[0].detach(), *found[1]))


def irregular(work: Workload) -> Contestant:
    """Return the program on tensors of all samples."""
    xs = leaf(np.ascontiguousarray(work.batch[0].T))
    using = programs.functions(torch.sin, torch.tanh, torch.exp)

    def step() -> Any:
        out = programs.run(work.facts["program"], xs.unbind(), using)
        return out, *torch.autograd.grad(out.sum(), xs)

    return Contestant(step, lambda found: flat(found[0].detach(), found[1].T))


def pendulum(work: Workload) -> Contestant:
    """Return the same loop over the steps, on tensors of all samples."""
    columns = tensors(work)
    parameters = [leaf(parameter.data) for parameter in work.parameters]

    def step() -> Any:
        loss = swing(*columns, *parameters, sin=torch.sin).mean()
        return loss, torch.autograd.grad(loss, parameters)

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
