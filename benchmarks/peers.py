"""Environments of their own for the packages that we are compared with."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(name: str, *requirements: str) -> Path:
    """Return the Python of a virtual environment that has the given packages.

    It is made once, in the folder `.venv-NAME` beside the project, and made again when the
    requirements change: HIPS autograd has our import name, so peers never share our environment.
    """
    folder = ROOT / f".venv-{name}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    stamp = folder / "requirements.txt"
    wanted = "\n".join(requirements)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"installing {', '.join(requirements)} into {folder.name} ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements],
            check=True,
        )
        stamp.write_text(wanted, encoding="utf-8")
    return python


def run_there(python: Path, module: str, *arguments: str) -> int:
    """Run a module of the project with another Python, and return its exit code."""
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([python, "-m", module, *arguments], cwd=ROOT, env=settings).returncode
