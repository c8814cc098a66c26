"""Trainings that are interrupted at random moments, and resumed until they are done.

    python testkit/interruptions.py FOLDER ITERATIONS EVERY [compiled]

runs one, as the processes do that are interrupted: it goes on from the checkpoint in the folder,
writes the number of each iteration to its output, and in the end a digest of all weights. SIGUSR1
fills its disk: from then on no file may grow.
"""

from __future__ import annotations

import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("SIGINT", "SIGINT twice", "SIGTERM", "SIGHUP", "SIGKILL", "full disk", "closed pipe")
TIMEOUT = 120.0  # seconds that no process needs
PAUSE = 0.05  # at most, between two signals to a process


class Outcome(NamedTuple):
    """What became of an interrupted training.

    Attributes: `kind` and `moment`, in seconds, of the interruption; `reached`, the last iteration
    of the interrupted process, and `resumed`, the first of the next one, less 1; `same`, whether
    the weights in the end were those of the unbroken run; `left`, the files in the folder.
    """

    kind: str
    moment: float
    reached: int
    resumed: int
    same: bool
    left: list[str]

    @property
    def lost(self) -> int:
        """How many iterations were lost."""
        return max(0, self.reached - self.resumed)


def work(folder: str, iterations: int, every: int, compiled: bool) -> None:
    """Train, or go on, and say how far one is."""
    # A process that was started in the background would ignore them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGUSR1, lambda *_: resource.setrlimit(resource.RLIMIT_FSIZE, (64, -1)))
    from nn import Adam, Checkpoints, TwoLayerNetwork, load_checkpoint, train, xor

    data = xor(24, seed=2)
    network = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
    resume = None
    if os.path.isdir(folder) and any(name.endswith(".json") for name in os.listdir(folder)):
        resume = load_checkpoint(folder).restore(network)
        say(f"begun {resume.iteration}")
    history = train(
        network, data.inputs, data.targets, optimizer=Adam, step_size=0.05, batch_size=5,
        iterations=iterations, sampling="epochs", held_out=(data.inputs, data.targets),
        progress=False, compiled=compiled, resume=resume,
        checkpoint=Checkpoints(folder, iterations=every), callback=lambda h: say(h.iteration),
    )  # fmt: skip
    numbers = repr((history.losses, history.evaluations, network.state_dict()))
    if history.iteration == iterations:
        say(f"done {hashlib.sha256(numbers.encode()).hexdigest()}")


def say(text: object) -> None:
    """Write a line at once."""
    os.write(1, f"{text}\n".encode())


def process(folder: str, iterations: int, every: int, compiled: bool) -> Any:
    """Start a process that works."""
    words = [sys.executable, __file__, folder, str(iterations), str(every)]
    return subprocess.Popen(
        [*words, "compiled"] if compiled else words, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
    )  # fmt: skip


def interrupt(running: Any, kind: str, source: random.Random) -> None:
    """Do to a process what the kind of interruption says."""
    if kind == "closed pipe":
        running.stdout.close()
        return
    if kind == "full disk":
        running.send_signal(signal.SIGUSR1)
        return
    first = kind.split()[0]
    running.send_signal(getattr(signal, first))
    if kind.endswith("twice"):
        time.sleep(source.uniform(0.0, PAUSE))
        running.send_signal(getattr(signal, first))


def run_whole(iterations: int, every: int, compiled: bool) -> tuple[str, float]:
    """Return the last line of a run that nobody interrupts, and how long it takes."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        output, _ = process(folder, iterations, every, compiled).communicate(timeout=TIMEOUT)
        return output.splitlines()[-1], time.monotonic() - start


def run_interrupted(
    expected: str, kind: str, moment: float, source: random.Random, iterations: int, every: int,
    compiled: bool,
) -> Outcome:  # fmt: skip
    """Interrupt a run at a moment, resume it, and return what became of it."""
    with tempfile.TemporaryDirectory() as folder:
        running = process(folder, iterations, every, compiled)
        time.sleep(moment)
        interrupt(running, kind, source)
        first: list[str] = []
        if kind == "closed pipe":
            running.wait(timeout=TIMEOUT)
        else:
            first = running.communicate(timeout=TIMEOUT)[0].splitlines()
        output, _ = process(folder, iterations, every, compiled).communicate(timeout=TIMEOUT)
        lines = output.splitlines()
        reached = max([int(line) for line in first if line.isdecimal()], default=0)
        begun = [int(line.split()[1]) for line in lines if line.startswith("begun")]
        return Outcome(
            kind, moment, reached, begun[0] if begun else 0, lines[-1:] == [expected],
            sorted(os.listdir(folder)),
        )  # fmt: skip


def campaign(count: int, seed: int, iterations: int = 150, every: int = 10,
             compiled: bool = False) -> list[Outcome]:  # fmt: skip
    """Interrupt so many runs, the kinds in turn, and return what became of each."""
    source = random.Random(seed)
    expected, seconds = run_whole(iterations, every, compiled)
    outcomes = []
    for i in range(count):
        moment = source.uniform(0.0, seconds)
        kind = KINDS[i % len(KINDS)]
        outcomes.append(
            run_interrupted(expected, kind, moment, source, iterations, every, compiled)
        )
    return outcomes


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] == ["compiled"])
