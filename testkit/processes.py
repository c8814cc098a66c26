"""Programs in fresh processes, from the root of the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # the folder that holds the packages


def printed_by(program: str, **environment: str) -> str:
    """Return what a program prints in a fresh process, which can import all of the project.

    Raises: RuntimeError: the process failed; with what it wrote to stderr.
    """
    settings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=settings, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"a process failed: {done.stderr}")
    return done.stdout
