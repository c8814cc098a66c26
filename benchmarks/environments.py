"""Environments of their own for the packages that we are compared with."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from testkit.processes import ROOT


def environment(name: str, *requirements: str, optional: Sequence[str] = ()) -> Path:
    """Return the Python of a virtual environment that has the given packages.

    It is made once, in the folder `.venv-NAME` beside the project, and made again when the
    requirements change: HIPS autograd has our import name, so peers never share our environment.
    An optional package that cannot be installed is named on stderr, and left out.
    """
    folder = ROOT / f".venv-{name}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    stamp = folder / "requirements.txt"
    wanted = "\n".join([*requirements, *optional])
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        venv.create(folder, with_pip=True, clear=True)
        install(python, *requirements).check_returncode()
        for requirement in optional:
            if install(python, requirement).returncode:
                print(f"{requirement} cannot be installed; it is left out", file=sys.stderr)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def install(python: Path, *requirements: str) -> subprocess.CompletedProcess[bytes]:
    """Install packages by pip into the environment of a Python."""
    print(f"installing {', '.join(requirements)} for {python} ...", file=sys.stderr)
    pip: list[str | Path] = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    return subprocess.run([*pip, *requirements])


def run_there(python: Path, module: str, *arguments: str) -> int:
    """Run a module of the project with another Python, and return its exit code."""
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([python, "-m", module, *arguments], cwd=ROOT, env=settings).returncode
