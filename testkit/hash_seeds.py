"""The same bits under any hash seed: what a small program makes, in processes of many seeds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import autograd as ag
import nn
from testkit.processes import printed_by


def everything(folder: Path) -> Iterator[str]:
    """Yield all that a small program makes: gradients, steps, a network, its picture, its file."""
    data, network = nn.moons(24, seed=3), nn.TwoLayerNetwork(2, 4, 2, seed=1)
    history = nn.train(network, data.inputs, data.targets, iterations=12, progress=False,
                       optimizer=nn.Adam, sampling="epochs",
                       held_out=(data.inputs, data.targets))  # fmt: skip
    yield repr(history.as_dict())
    loss = nn.mse_loss(network(data.inputs[0]), data.targets[0])
    yield from map(str, loss.backward_steps())
    yield " ".join(w.grad.hex() for w in network.parameters())
    yield repr(ag.hessian(lambda xs: ag.softmax(xs)[0] * ag.norm(xs))([0.3, 0.7, -0.2]))
    yield nn.draw_network(network, data.feature_names, data.class_names).source
    nn.save_model(folder / "model.json", network, class_names=data.class_names)
    yield (folder / "model.json").read_text(encoding="utf-8")


def print_everything() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(*everything(Path(folder)), sep="\n")


def same_bits(processes: int = 100) -> int:
    """Return how many different outputs a program has in processes of different hash seeds."""

    def output(seed: int) -> str:
        program = "from testkit import hash_seeds; hash_seeds.print_everything()"
        return printed_by(program, PYTHONHASHSEED=str(seed))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return len(set(pool.map(output, range(processes))))
