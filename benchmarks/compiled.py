"""Compiled scalar code beside NumPy, JAX, PyTorch, CasADi, C and our own eager mode.

    python -m benchmarks compiled [--quick] [--one-thread] [--without NAME] [names of workloads]

All contestants run in one process and take turns; a ratio is theirs to ours within that run. Before
anything is timed, every contestant's numbers are compared with ours.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.peers import ROOT, environment, run_there

REQUIREMENTS = ("numpy>=1.24", "numba>=0.60", "scipy>=1.10", "threadpoolctl>=3")
OPTIONAL = ("jax", "torch==2.13.0", "casadi")
RIVALS = {"C loops": "c", "NumPy": "numpy", "JAX": "jax", "PyTorch": "torch", "CasADi": "casadi"}
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
TURN = 0.004  # seconds of a turn: less than a scheduler lets a process run on a busy machine
ROUNDS, QUICK_ROUNDS = 61, 15
SLOW = 0.5  # seconds of a step from which on a contestant has two turns only
AGREEMENT, FLOOR = 1e-9, 1e-12  # of a number to itself, and to the largest of its row
JAX_LIMIT, JAX_OPERATIONS = 120, 200  # seconds that JAX may take, for so many operations
PROCESSES = {"digits": 2, "gpt": 1, "irregular": 2}  # the variants whose first call is measured
EAGER = "chainrule, eager"
EAGER_TIME = 0.5  # seconds of eager samples in a turn, at least one sample


def main(argv: list[str]) -> int:
    """Make the rivals' environment, and run the comparison in it."""
    python = environment("compiled", *REQUIREMENTS, optional=OPTIONAL)
    if "--one-thread" in argv:
        os.environ.update(ONE_THREAD)
    return run_there(python, "benchmarks.compiled", *argv)


def options(argv: list[str]) -> argparse.Namespace:
    """Return the command line, taken apart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compiled", description=__doc__)
    parser.add_argument("names", nargs="*", help="workloads; all of them unless given")
    parser.add_argument("--quick", action="store_true", help="fewer turns, no subprocesses")
    parser.add_argument("--one-thread", action="store_true", help="one thread for everybody")
    parser.add_argument("--engine", action="append", default=[], help="a row for it as well")
    parser.add_argument("--without", action="append", default=[], help="leave a rival out")
    parser.add_argument("--first", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--try-jax", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


# Ours.


def compiled(work: Any, engine: str | None = None) -> Any:
    """Return the workload's function, compiled."""
    compiler: Any = import_module("autograd.compile")
    reduce = "sum" if work.kind == "inputs" else "mean"
    return compiler(
        work.function,
        parameters=work.parameters,
        example=work.sample(0),
        engine=engine,
        reduce=reduce,
        threads=1 if one_thread() else None,
    )


def one_thread() -> bool:
    """Tell whether everybody is to use one thread only."""
    return os.environ.get("OMP_NUM_THREADS") == "1"


def program_of(function: Any, work: Any) -> Any:
    """Return the program that a traced function is lowered to."""
    from autograd.compile.lower.lowering import lower

    found = function.specializations[0]
    inputs = found.tape.inputs if work.kind == "inputs" else []
    return lower(found.tape, found.edges, found.tape.parameters + inputs)


def step_of(work: Any, function: Any, batch: tuple[Any, ...]) -> Callable[[], Any]:
    """Return what is timed: one call of a compiled function, with the update where there is one."""
    from benchmarks.workloads import STEP_SIZE

    weights = function.parameters  # the array that all calls read

    def update() -> Any:
        return function.descend(*batch, step_size=STEP_SIZE), weights

    return {
        "gradient": lambda: function.value_and_grad(*batch),
        "step": update,
        "inputs": lambda: function.value_and_grad(*batch, inputs=True),
        "values": lambda: function.value(*batch),
    }[work.kind]


def numbers_of(work: Any, found: Any) -> Any:
    """Return the results of ours as one row of numbers."""
    import numpy as np

    from benchmarks.rivals import flat

    if work.kind == "values":
        return np.array(found).T.ravel()
    return flat(found[0], found[-1])


def comparable(work: Any, numbers: Any, count: int) -> Any:
    """Return the results of others as ours come: of many values by sample, the sum."""
    if work.kind != "inputs":
        return numbers
    import numpy as np

    return np.concatenate([[numbers[:count].sum()], numbers[count:]])


def ours(work: Any, engines: list[str]) -> dict[str, Any]:
    """Return ours as a contestant, and where it is asked for, with an engine that is given."""
    from benchmarks.rivals import Contestant

    found = {}
    for engine in (None, *engines):
        function = compiled(work, engine)
        name = f"chainrule, {engine}" if engine else "chainrule"
        step = step_of(work, function, work.batch)
        note = "" if engine else f"{function.engine} engine"
        found[name] = Contestant(step, lambda found: numbers_of(work, found), note)
    return found


def eagerly(work: Any) -> tuple[Any, int]:
    """Return our eager mode as a contestant, and on how many samples it runs."""
    from benchmarks.rivals import Contestant
    from benchmarks.workloads import eager

    start = time.perf_counter()
    eager(work, 1)
    one = time.perf_counter() - start
    count = min(work.samples, max(1, int(EAGER_TIME / one)))

    def numbers(found: Any) -> Any:
        return eager_numbers(work, found)

    return Contestant(lambda: eager(work, count), numbers, f"{count} of {work.samples} run"), count


def eager_numbers(work: Any, found: Any) -> Any:
    """Return the results of our eager mode as one row of numbers."""
    from benchmarks.rivals import flat

    if work.kind == "inputs":
        return flat([out for out, _ in found], [slopes for _, slopes in found])
    return flat(found) if work.kind == "values" else flat(*found)


# Rivals.


def rivals(work: Any, without: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield (name, contestant), or the reason why it does not take part."""
    for title, name in RIVALS.items():
        if name in without or (name == "jax" and not jax_can(work)):
            continue
        try:
            module = import_module(f"benchmarks.rivals.by_{name}")
            make = getattr(module, work.name, None)
            found = make(work) if make else None
        except ImportError as error:
            yield title, f"not installed ({error})"
            continue
        if isinstance(found, dict):
            yield from found.items()
        elif found is not None:
            yield title, found
            if hasattr(module, "THREADS"):
                yield from module.with_threads(title, found)


def jax_can(work: Any) -> bool:
    """Tell whether JAX compiles a workload in time; of a random program it is asked first."""
    if work.name != "irregular":
        return True
    if len(work.facts["program"]) > JAX_OPERATIONS + 1:
        return False
    command = [sys.executable, "-m", "benchmarks.compiled", "--try-jax"]
    try:
        return not subprocess.run(command, cwd=ROOT, timeout=JAX_LIMIT).returncode
    except subprocess.TimeoutExpired:
        return False


def try_jax() -> None:
    """Compile a small random program with JAX."""
    from benchmarks.rivals import by_jax
    from benchmarks.workloads import scattered

    by_jax.irregular(scattered(JAX_OPERATIONS, 1)).step()


# The comparison.


def disagreement(got: Any, expected: Any) -> float:
    """Return the largest difference relative to the largest number, or raise where it is wrong."""
    import numpy as np

    if got.shape != expected.shape:
        raise ArithmeticError(f"{got.shape} numbers instead of {expected.shape}")
    largest = np.abs(expected).max()
    off = np.abs(got - expected)
    if not (off <= AGREEMENT * np.abs(expected) + FLOOR * largest * expected.size**0.5).all():
        raise ArithmeticError(f"the numbers differ by {off.max() / largest:.1e}")
    return float(off.max() / largest)


def disagreements(work: Any, contestants: dict[str, Any], expected: Any) -> dict[str, float]:
    """Return everybody's disagreement with ours; who takes part twice makes one step only."""
    found, seen = {"chainrule": 0.0}, dict[Any, float]()
    for name, contestant in contestants.items():
        if name != "chainrule" and contestant.step not in seen:
            got = contestant.numbers(contestant.step())
            got = got if name.startswith("chainrule") else comparable(work, got, work.samples)
            seen[contestant.step] = disagreement(got, expected)
        found[name] = seen.get(contestant.step, 0.0)
    return found


def turns(contestants: dict[str, Any], rounds: int) -> dict[str, list[float]]:
    """Return everybody's times of a step; they take turns, each of about TURN seconds."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds):
        for name, contestant in contestants.items():
            if turn < 2 or times[name][0] < SLOW:
                runs = max(1, int(TURN / min(times[name]))) if times[name] else 1
                if contestant.before:
                    contestant.before()
                start = time.perf_counter()
                for _ in range(runs):
                    contestant.step()
                times[name].append((time.perf_counter() - start) / runs)
    return times


def compare(work: Any, asked: argparse.Namespace) -> dict[str, Any]:
    """Check and time everybody on a workload, print its table, and return the times."""
    marks = [time.perf_counter()]
    contestants = ours(work, asked.engine)
    marks.append(time.perf_counter())
    expected = contestants["chainrule"].numbers(contestants["chainrule"].step())
    marks.append(time.perf_counter())
    others = dict(rivals(work, asked.without))
    missing = {name: found for name, found in others.items() if isinstance(found, str)}
    contestants |= {name: found for name, found in others.items() if name not in missing}
    off = disagreements(work, contestants, expected)
    eager, count, off[EAGER] = checked_eager(work)
    contestants[EAGER] = eager
    measured = turns(contestants, QUICK_ROUNDS if asked.quick else ROUNDS)
    measured[EAGER] = [seconds * work.samples / count for seconds in measured[EAGER]]
    times = {name: statistics.median(found) for name, found in measured.items()}
    best = {name: min(found) for name, found in measured.items()}
    notes = {name: contestant.note for name, contestant in contestants.items()}
    print_table(work, times, best, missing, off, notes)
    traced, first = (b - a for a, b in zip(marks, marks[1:]))
    print(f"  trace {traced:.3f} s, first call {first:.3f} s, in this process")
    return {"times": times, "best": best, "samples": work.samples}


def checked_eager(work: Any) -> tuple[Any, int, float]:
    """Return our eager mode, the samples that it runs on, and its disagreement with ours."""
    eager, count = eagerly(work)
    plain = work._replace(kind="gradient") if work.kind == "step" else work  # eager does not step
    ours = numbers_of(plain, step_of(plain, compiled(plain), plain.first(count))())
    return eager, count, disagreement(comparable(work, eager.numbers(eager.step()), count), ours)


def print_table(
    work: Any,
    times: dict[str, float],
    best: dict[str, float],
    missing: dict[str, str],
    off: dict[str, float],
    notes: dict[str, str],
) -> None:
    """Print a line per contestant: time of a step, of a sample, ratio to ours, agreement."""
    print(f"\n{work.title}; batch {work.samples:,}")
    head = "a step", "x ours", "a sample", "fastest", "differs by"
    print(f"  {'':18} {head[0]:>12} {head[1]:>9} {head[2]:>12} {head[3]:>12} {head[4]:>10}")
    for name, seconds in sorted(times.items(), key=lambda item: item[1]):
        ratio, sample = seconds / times["chainrule"], seconds / work.samples
        print(
            f"  {name:18} {unit(seconds)} {ratio:9.2f} {unit(sample)} {unit(best[name])} "
            f"{off[name]:10.1e} {notes[name]}"
        )
    for name, reason in missing.items():
        print(f"  {name:18} {reason}")


def unit(seconds: float) -> str:
    """Return a time in a unit that suits it, 12 characters wide."""
    for size, name in ((1.0, "s "), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:9.4g} {name}"
    return f"{seconds / 1e-9:9.4g} ns"


# The first call, in processes of their own.


def first_call(name: str, index: int) -> None:
    """Print what tracing, lowering and the first call take in this process, as JSON."""
    from benchmarks.workloads import GROUPS

    work = GROUPS[name][index]()
    import_module("autograd.compile")
    before = peak()
    marks = [time.perf_counter()]
    function = compiled(work)
    marks.append(time.perf_counter())
    program_of(function, work)
    marks.append(time.perf_counter())
    step_of(work, function, work.batch)()  # lowers again
    marks.append(time.perf_counter())
    traced, lowered, first = (b - a for a, b in zip(marks, marks[1:]))
    found = {
        "traced": traced,
        "lowered": traced + lowered,
        "first": max(0.0, first - lowered),
        "before": before,
        "peak": peak(),
    }
    if name == "irregular":
        found["another"] = another(work)
    print(json.dumps(found))


def another(work: Any) -> float:
    """Return the seconds from a second random program to its first result, in one process."""
    from benchmarks.workloads import scattered

    other = scattered(work.facts["length"], work.samples, seed=1)
    start = time.perf_counter()
    step_of(other, compiled(other), other.batch)()
    return time.perf_counter() - start


def peak() -> float:
    """Return the most memory that this process has had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # what `resource` gives includes the parent of a new process
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cold_and_warm(name: str, index: int) -> dict[str, dict[str, float]]:
    """Return what `first_call` prints with an empty cache on disk, and with a filled one."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = {**os.environ, "NUMBA_CACHE_DIR": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "benchmarks.compiled", name, "--first", str(index)]
        for cache in ("cold", "warm"):
            run = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
            if run.returncode:
                raise RuntimeError(run.stderr)
            found[cache] = json.loads(run.stdout.splitlines()[-1])
    return found


def print_first(found: dict[str, dict[str, float]]) -> None:
    for cache, row in found.items():
        print(
            f"  {cache} cache: traced in {row['traced']:.3f} s, lowered in "
            f"{row['lowered'] - row['traced']:.3f} s, first call {row['first']:.3f} s; peak memory "
            f"{row['peak']:,.0f} MiB, {row['before']:,.0f} of it before compiling"
        )
        if "another" in row:
            print(f"  {cache} cache, another graph in the same process: {row['another']:.3f} s")


def threads() -> str:
    """Return how many threads everybody uses."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    counts = [f"NumPy {p['num_threads']} ({p['internal_api']})" for p in threadpool_info()]
    try:
        import torch

        counts.append(f"PyTorch {torch.get_num_threads()}")
    except ImportError:
        pass
    jax = "one" if one_thread() else "its pool of all cores"
    ours = "one" if one_thread() else "all cores for large products and batches, else one"
    return f"threads: {', '.join(counts)}, JAX {jax}, CasADi 1, C 1, ours {ours}"


def report(argv: list[str]) -> None:
    """Print a table for every workload, and the targets."""
    from benchmarks.comparisons import EXTRA
    from benchmarks.targets import verdicts
    from benchmarks.workloads import GROUPS

    asked = options(argv)
    if asked.try_jax:
        try_jax()
        return
    if asked.first is not None:
        first_call(asked.names[0], asked.first)
        return
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores; float64; medians; {threads()}")
    unknown = [name for name in asked.names if name not in {**GROUPS, **EXTRA}]
    if unknown:
        sys.exit(f"no workload {', '.join(unknown)}; there are {', '.join([*GROUPS, *EXTRA])}")
    results: dict[str, dict[str, Any]] = {}
    for name in asked.names or (*GROUPS, *EXTRA):
        if name in EXTRA:
            results[name] = EXTRA[name](asked.quick)
            continue
        for index, make in enumerate(GROUPS[name]):
            work = make()
            results[work.key] = compare(work, asked)
            if not asked.quick and index == PROCESSES.get(name, 0):
                print_first(found := cold_and_warm(name, index))
                results[work.key]["processes"] = found
    print("\nwhat the compiler is to reach")
    print("\n".join(verdicts(results)))


if __name__ == "__main__":
    report(sys.argv[1:])
