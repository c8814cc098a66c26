"""What a table of times has to say of where they come from: machine, system, versions, rules."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.speed.lineup import Rival
from benchmarks.speed.rivals.by_c import FLAGS
from testkit.processes import ROOT

RULES = """\
Every contestant is a process of its own for each workload and each number of threads, kept to as
many processors as it has threads; all take turns of {milliseconds:.0f} ms, and whoever waits is
stopped. Times are medians of {rounds} turns; a turn is the mean of as many calls as fit into it,
after calls that are not timed. The numbers of all were compared with ours before. Python's
collector runs between turns only; caches are warm, for everybody; all numbers are float64. "x" is
the time as a multiple of ours, at one thread, or with the best number of threads of both. "First
call" is what tracing, compiling and the first call take beyond the imports, with an empty cache on
disk, and in a new process after that; all modules have been compiled to bytecode, as pip leaves
them."""


def heading(rivals: list[Rival], seconds: float, rounds: int, quick: bool) -> Iterator[str]:
    """Yield the lines above the tables."""
    now = datetime.now(UTC)
    yield f"# Compiled code beside others, {now:%Y-%m-%d}"
    yield ""
    yield "For an engineer who asks how fast compiled code is, beside what others would write."
    yield ""
    yield f"Written by `{command()}` at {now:%H:%M} UTC, commit {commit()}."
    if quick:
        yield ""
        yield "**A quick run**: three turns each; these times show that all run, and no more."
    yield ""
    yield RULES.format(milliseconds=1000 * seconds, rounds=rounds)
    yield ""
    yield "| what | |"
    yield "|---|---|"
    for name, fact in facts(rivals):
        yield f"| {name} | {fact} |"


def command() -> str:
    """Return the command that was given."""
    return "python -m benchmarks " + " ".join(["compiled", *sys.argv[1:]])


def facts(rivals: list[Rival]) -> Iterator[tuple[str, str]]:
    """Yield what tells one machine from another."""
    yield "processor", f"{processor()}, {os.cpu_count()} cores"
    yield "vectors", ", ".join(vectors()) or "unknown"
    yield "memory", memory()
    yield (
        "system",
        f"{platform.system()} {platform.release()}, {platform.libc_ver()[1] or 'no'} libc",
    )
    if hasattr(os, "getloadavg"):
        yield "load at the start", f"{os.getloadavg()[0]:.2f}"
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    yield "gcc", f"{compiler()}, `{' '.join(FLAGS)}`"
    for package in sorted({name for rival in rivals for name in rival.packages} - {"gcc"}):
        yield package, installed(package)


def information(name: str) -> list[str]:
    """Return the lines of a file of /proc, none on other systems."""
    path = Path("/proc") / name
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def processor() -> str:
    """Return the name of the processor, with family and model, as the name can be short."""
    found: dict[str, str] = {}
    for line in information("cpuinfo"):
        key, colon, text = line.partition(":")
        if colon:
            found[key.strip()] = text.strip()
    if "model name" not in found:
        return platform.processor() or platform.machine()
    return f"{found['model name']} (family {found['cpu family']}, model {found['model']})"


def vectors() -> list[str]:
    """Return which vector instructions there are."""
    flags = next((line.split() for line in information("cpuinfo") if line.startswith("flags")), [])
    return [flag for flag in ("avx2", "fma", "avx512f", "avx512dq") if flag in flags]


def memory() -> str:
    """Return how much memory there is."""
    total = next((line for line in information("meminfo") if line.startswith("MemTotal")), "")
    return f"{int(total.split()[1]) / 2**20:.1f} GiB" if total else "unknown"


def compiler() -> str:
    """Return the version of gcc."""
    found = shutil.which("gcc")
    if found is None:
        return "none"
    return subprocess.run(
        [found, "-dumpfullversion"], capture_output=True, text=True
    ).stdout.strip()


def commit() -> str:
    """Return the commit that is measured, and whether files differ from it."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return found.stdout.strip() or "unknown"


def installed(package: str) -> str:
    """Return the version of a package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
