"""The same training by many executors, and workers that are killed in the middle of it."""

from __future__ import annotations

import hashlib
import os
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any

from nn import MLP, Checkpoints, cross_entropy, moons, train

ITERATIONS, KILLED_AT = 60, 20
SOON = 0.004  # seconds, in which a compiled iteration is under way again


class DeadlyLoss:
    """A loss that kills the process it is computed in, once, when a file is there.

    Never the process that trains.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.owner = os.getpid()

    def __call__(self, outputs: Any, target: Any) -> Any:
        if os.getpid() != self.owner and os.path.exists(self.file):
            try:
                os.unlink(self.file)
            except FileNotFoundError:  # another worker was faster
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return cross_entropy(outputs, target)


def digest(compiled: bool, loss: Any = cross_entropy, **options: Any) -> tuple[str, dict[str, str]]:
    """Train, and return a digest of all losses, evaluations and weights, and the hints."""
    data = moons(200, seed=1)
    network = MLP(2, [12, 2], activation="tanh", output="softmax", seed=4)
    history = train(
        network, data.inputs, data.targets, loss=loss, step_size=0.3, batch_size=30,
        iterations=ITERATIONS, sampling="epochs", dropout=0.2, validation=0.2,
        held_out=(data.inputs, data.targets), progress=False, compiled=compiled, **options,
    )  # fmt: skip
    numbers = repr((history.losses, history.evaluations, history.best, network.state_dict()))
    return hashlib.sha256(numbers.encode()).hexdigest(), history.hints


def digest_of_killed(compiled: bool, source: Any, **options: Any) -> tuple[str, dict[str, str]]:
    """Train, and have a worker killed in the middle; see `digest`.

    Recorded, the loss kills its own process, in the middle of a shard. What is compiled does not
    call the loss: there one of the workers is killed from outside, a moment later.

    Raises: RuntimeError: no worker was killed.
    """
    made = []
    victims: list[int] = []

    def make() -> Any:
        made.append(source())
        return made[-1]

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kill"

        def callback(history: Any) -> None:
            if history.iteration == KILLED_AT and compiled:
                executor = made[-1] if made else source
                victims.append(executor.submit(os.getpid).result())
                threading.Timer(SOON, os.kill, (victims[0], signal.SIGKILL)).start()
            elif history.iteration == KILLED_AT:
                file.touch()

        loss = cross_entropy if compiled else DeadlyLoss(str(file))
        executor = source if hasattr(source, "submit") else make
        found = digest(compiled, loss, executor=executor, callback=callback, **options)
        if file.exists() or any(map(is_alive, victims)):
            raise RuntimeError("no worker was killed")
    return found


def is_alive(process: int) -> bool:
    """Tell whether a process runs, and has not ended or become a zombie."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return state.rpartition(") ")[2][0] not in "ZX"


def digest_with_checkpoints(folder: str, compiled: bool, killed: bool, source: Any) -> str:
    """Train, or go on from the checkpoint in a folder; with a worker killed on the way, or not."""
    resume = folder if any(Path(folder).iterdir()) else None
    options: dict[str, Any] = {"checkpoint": Checkpoints(folder, iterations=7), "resume": resume}
    if killed:
        return digest_of_killed(compiled, source, **options)[0]
    return digest(compiled, executor=source, **options)[0]
