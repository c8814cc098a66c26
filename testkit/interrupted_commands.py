"""Commands that are interrupted at random moments of every phase, and resumed until they are done.

    python testkit/interrupted_commands.py train --data FILE ...

runs the command line, as the processes do that are interrupted. SIGUSR1 fills its disk: from then
on no file may grow. It says on stderr which phase begins.
"""

from __future__ import annotations

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

from testkit.interruptions import KINDS, TIMEOUT, interrupt
from testkit.processes import ROOT

CODES = {
    "SIGINT": 130, "SIGINT twice": 130, "SIGTERM": 143, "SIGHUP": 129, "SIGKILL": -9,
    "full disk": 4, "closed pipe": 141,
}  # fmt: skip
ITERATIONS = 800
EVERY = 20  # iterations from one checkpoint to the next
NOISE = 0.6  # of the points that are learned
ROWS = 40
BEGINNING = "phase "


class Phase(NamedTuple):
    """A part of a run, in seconds since its start."""

    name: str
    start: float
    stop: float


class Outcome(NamedTuple):
    """What became of an interrupted command.

    Attributes: `kind` and `moment`, in seconds, of the interruption; `phase`, what an unbroken run
    is at then; the exit `code`; `reached`, the iteration it had come to, and `resumed`, from which it went on;
    `wrong`, what is not as it should be, in words.
    """

    kind: str
    moment: float
    phase: str
    code: int
    reached: int
    resumed: int
    wrong: list[str]

    @property
    def lost(self) -> int:
        """How many iterations were lost."""
        return max(0, self.reached - self.resumed)


def work(arguments: list[str]) -> None:
    """Run the command line, and say which phase begins."""
    # A process that was started in the background would ignore them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGUSR1, lambda *_: resource.setrlimit(resource.RLIMIT_FSIZE, (64, -1)))
    try:
        from nn import cli
    except KeyboardInterrupt:  # as in chainrule.py
        sys.exit(130)
    begin("reading")
    for module, name, phase in (
        (cli.training, "train", "training"),
        (cli.training, "saved", "saving"),
        (cli.training, "said", "reporting"),
        (cli.results, "draw", "drawing"),
    ):
        setattr(module, name, announced(getattr(module, name), phase))
    keeping = cli.keeping.Keeping
    step = keeping.due

    def due(self: Any, t: int) -> bool:
        os.write(2, f"{t}\n".encode())
        return bool(step(self, t))

    setattr(keeping, "due", due)
    sys.argv[1:] = arguments
    cli.process()


def announced(function: Any, phase: str) -> Any:
    """Return a function that says which phase begins before it does anything."""

    def found(*arguments: Any, **options: Any) -> Any:
        begin(phase)
        return function(*arguments, **options)

    return found


def begin(phase: str) -> None:
    """Say which phase begins."""
    os.write(2, f"{BEGINNING}{phase} {time.monotonic()}\n".encode())


class Commands:
    """Processes of the command line that learn one small file, each in a folder of its own.

    Args: folder: for the file and the results; compiled: train on arrays; pictures: draw them.
    """

    def __init__(
        self, folder: Path, compiled: bool = False, pictures: bool = True,
        iterations: int = ITERATIONS,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.iterations = iterations
        self.compiled = compiled
        self.pictures = pictures
        self.data = folder / "points.csv"
        source = random.Random(5)
        rows = [(source.gauss(0, 1), source.gauss(0, 1)) for _ in range(ROWS)]
        lines = [f"{x},{y},{'ab'[x + NOISE * source.random() > y]}" for x, y in rows]
        self.data.write_text("\n".join(["x,y,kind", *lines]) + "\n")

    def start(self, arguments: list[str]) -> Any:
        """Start a process."""
        words = [sys.executable, __file__, *(["plain"] if not self.pictures else []), *arguments]
        return subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    def train(self, name: str) -> Any:
        """Start a training whose results go to a folder of that name."""
        return self.start(
            ["train", "--data", str(self.data), "--out", str(self.folder / name), "-T",
             str(self.iterations), "--checkpoint", str(EVERY), "--sampling", "epochs", "--optimizer",
             "adam", "--compiled", "yes" if self.compiled else "no"],
        )  # fmt: skip

    def resume(self, name: str) -> Any:
        """Start to go on with a training, or to begin again where nothing was written."""
        if not (self.folder / name / "checkpoint.json").exists():
            return self.train(name)
        return self.start(["resume", str(self.folder / name)])

    def results(self, name: str) -> dict[str, bytes]:
        """Return the files that a training wrote, but for its checkpoints."""
        paths = (self.folder / name).iterdir()
        return {path.name: path.read_bytes() for path in paths if "checkpoint" not in path.name}

    def run_whole(self, name: str) -> tuple[dict[str, bytes], list[Phase]]:
        """Return the results of a run that nobody interrupts, and when its phases were."""
        start = time.monotonic()
        running = self.train(name)
        _, log = running.communicate(timeout=TIMEOUT)
        if running.returncode:
            raise RuntimeError(log)
        began = [line.split() for line in log.splitlines() if line.startswith(BEGINNING)]
        names = ["import", *(words[1] for words in began)]
        times = [start, *(float(words[2]) for words in began), time.monotonic()]
        spans = zip(names, times, times[1:])
        return self.results(name), [Phase(name, a - start, b - start) for name, a, b in spans]

    def run_interrupted(
        self, name: str, expected: dict[str, bytes], kind: str, phase: Phase, source: random.Random
    ) -> Outcome:
        """Interrupt a run about a phase, resume it, and return what became of it."""
        moment = source.uniform(phase.start, phase.stop)
        running = self.train(name)
        time.sleep(moment)
        interrupt(running, kind, source)
        _, log = running.communicate(timeout=TIMEOUT)
        last, reached = told_by(log)
        wrong = wrongs(kind, running.returncode, last, log)
        resumed = resumed_from(self.folder / name)
        again = self.resume(name)
        _, log = again.communicate(timeout=TIMEOUT)
        if again.returncode or "Traceback" in log:
            wrong.append(f"the second run ended with {again.returncode}: {log[-500:]}")
        found = self.results(name)
        names = sorted(set(found) | set(expected))
        other = [name for name in names if found.get(name) != expected.get(name)]
        if other:
            wrong.append(f"other files than the unbroken run: {', '.join(other)}")
        return Outcome(kind, moment, phase.name, running.returncode, reached, resumed, wrong)


def told_by(log: str) -> tuple[str, int]:
    """Return the phase that a process had come to, and its last iteration."""
    phase, reached = "import", 0
    for line in log.splitlines():
        if line.startswith(BEGINNING):
            phase = line.split()[1]
        elif line.isdecimal():
            reached = int(line)
    return phase, reached


def wrongs(kind: str, code: int, phase: str, log: str) -> list[str]:
    """Return what is wrong about how an interrupted process ended.

    While Python starts and loads the program, its own rules hold.
    """
    if phase == "import":
        return []
    found = []
    # 0 where it had nothing more to do; the other where Python had put our own signal back.
    if code not in (0, CODES[kind], -signal.SIGUSR1):
        found.append(f"exit code {code}: {log[-500:]}")
    if "Traceback" in log:
        found.append(log[-2000:])
    return found


def resumed_from(folder: Path) -> int:
    """Return the iteration of the last checkpoint in a folder; 0 where there is none."""
    from nn import load_checkpoint

    try:
        return load_checkpoint(folder).history.iteration
    except FileNotFoundError:
        return 0


def command_campaign(
    count: int, seed: int, compiled: bool = False, kinds: Any = KINDS, *, pictures: bool = True,
    iterations: int = ITERATIONS,
) -> list[Outcome]:  # fmt: skip
    """Interrupt so many commands, the kinds in turn, and return what became of each."""
    source = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        commands = Commands(Path(place), compiled, pictures, iterations)
        if compiled or pictures:
            commands.run_whole("first")  # which fills the caches of kernels and fonts
        expected, phases = commands.run_whole("whole")
        outcomes = []
        for i in range(count):
            phase = source.choice(phases)  # so that short ones have their share
            kind = kinds[i % len(kinds)]
            outcomes.append(commands.run_interrupted(f"run-{i}", expected, kind, phase, source))
        return outcomes


if __name__ == "__main__":
    if sys.argv[1] == "plain":
        from nn.cli import results

        results.draw = lambda *_: None
        del sys.argv[1]
    work(sys.argv[1:])
