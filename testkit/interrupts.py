"""Interrupts: works that must be done or undone, and Ctrl-C at any moment of them.

At random moments by a timer (`interrupts`), and at every instruction of our own code by a tracer
(`injected`).
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import autograd as ag
import nn
from autograd import Value
from autograd.backward import commit_lock
from autograd.modes import MODE, USUAL, detours, modes_in_use
from autograd.newest import settling
from testkit.costs import typical_time
from testkit.processes import ROOT, printed_by


class Work(NamedTuple):
    """Something to interrupt: what comes before it, how to do it, how to tell that it is half."""

    what: str
    prepare: Callable[[], Any]
    act: Callable[[], Any]
    is_half: Callable[[], bool]
    inside: tuple[str, ...] = ()  # the functions to inject faults into; all of ours by default


def a_pass(nodes: int) -> Work:
    """Return a backward pass; before it, all gradients are -1."""
    x = root = Value(1.0)
    for _ in range(nodes):
        root = root + x
    graph = ag.topological_order(root)

    def prepare() -> None:
        for node in graph:
            node.grad = -1.0

    def is_half() -> bool:
        untouched, done = {-1.0}, {1.0, float(nodes)}
        return {node.grad for node in graph} not in (untouched, done)

    return Work("backward pass", prepare, root.backward, is_half)


def an_update(parameters: int) -> Work:
    """Return a step of Adam: weights, both memories and the count change together."""
    weights = [Value(float(i)) for i in range(parameters)]
    optimizer = nn.Adam(weights, 0.5)

    def facts() -> tuple[Any, ...]:
        return [w.data for w in weights], optimizer.slots, optimizer.steps

    allowed: list[Any] = []

    def prepare() -> None:
        for w in weights:
            w.grad = w.data + 1.0
        numbers = [w.data for w in weights], [w.grad for w in weights]
        allowed[:] = facts(), (*optimizer.updated(*numbers), optimizer.steps + 1)

    return Work("optimiser update", prepare, optimizer.step, lambda: facts() not in allowed)


def a_save(folder: Path, hidden: int) -> Work:
    """Return the saving of a model over another one."""
    path = folder / "model.json"
    networks = [nn.TwoLayerNetwork(4, hidden, 3, seed=seed) for seed in (1, 2)]
    contents = []
    for network in networks:
        nn.save_model(path, network)
        contents.append(path.read_bytes())

    def act() -> None:
        nn.save_model(path, networks[0])

    def is_half() -> bool:
        return path.read_bytes() not in contents or os.listdir(folder) != [path.name]

    return Work("save", networks.reverse, act, is_half, ("write_file", "replace_file"))


def a_mode() -> Work:
    """Return many blocks of `no_grad` and `ieee`: when it is over, operators record as usual."""

    def act() -> None:
        for _ in range(20):
            with ag.no_grad(), ag.ieee():
                pass

    def is_half() -> bool:
        half = vars(MODE.get()) != vars(USUAL) or bool(modes_in_use) or bool(detours)
        MODE.set(USUAL)
        modes_in_use.clear()
        detours.clear()
        return half

    return Work("no_grad", lambda: None, act, is_half)


def interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def is_cut(act: Callable[[], Any], seconds: float) -> bool:
    """Do something with an interrupt after so many seconds, and tell whether it was cut off."""
    try:
        signal.setitimer(signal.ITIMER_REAL, max(1e-6, seconds))
        act()
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    except KeyboardInterrupt:
        return True
    return False


@contextlib.contextmanager
def untraced() -> Iterator[None]:
    """Switch off a tracer, such as that of coverage: cut off, it would leave its lock closed."""
    before = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(before)


@contextlib.contextmanager
def alarms() -> Iterator[None]:
    """Let SIGALRM raise KeyboardInterrupt within the block."""
    with untraced():
        handler = signal.signal(signal.SIGALRM, interrupt)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, handler)


def interrupts_here(n: int, seed: int = 0) -> tuple[int, int]:
    """As `interrupts`, in this process; only the main thread can do it."""
    source, half = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder, alarms():
        works = (a_pass(1500), an_update(150), a_save(Path(folder), 8), a_mode())
        for i, work in enumerate(works):
            whole, left = typical_time(work.act), n // 4 + (i < n % 4)
            while left:
                work.prepare()
                left -= is_cut(work.act, source.uniform(0.0, whole))
                half += work.is_half()
    return n, half


def interrupts(n: int = 1000, seed: int = 0) -> tuple[int, int]:
    """Interrupt passes, updates, saves and modes n times at random; return n and the half done."""
    program = f"from testkit import interrupts; print(*interrupts.interrupts_here({n}, {seed}))"
    cut, half = printed_by(program).split()
    return int(cut), int(half)


OURS = (str(ROOT / "autograd"), str(ROOT / "nn"))


class Injector:
    """Raises KeyboardInterrupt at the k-th instruction of our own code."""

    def __init__(
        self, k: int, inside: tuple[str, ...], events: tuple[str, ...] = ("opcode", "line")
    ) -> None:
        self.left, self.inside, self.events = k, inside, events

    def __call__(self, frame: Any, event: str, _: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(OURS) or (
            self.inside and code.co_name not in self.inside
        ):
            return None
        frame.f_trace_opcodes = "opcode" in self.events
        if event in self.events:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def injected(work: Work) -> tuple[int, int]:
    """Interrupt a work at each of its instructions; return their number and the half done."""
    moments = half = 0
    before = sys.gettrace()
    cut = True
    while cut:
        cut = False
        work.prepare()
        try:
            sys.settrace(Injector(moments + 1, work.inside))
            work.act()
        except KeyboardInterrupt:
            cut = True
        finally:
            sys.settrace(before)
        for lock in (commit_lock, settling):  # no signal is seen where a block is just left
            with contextlib.suppress(RuntimeError):
                lock.release()
        moments += cut
        half += work.is_half()
    return moments, half
