"""Other states of this repository, as git keeps them."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from testkit.processes import ROOT


def unpack(commit: str, target: Path) -> None:
    """Write the files of a commit into a folder.

    Raises: SystemExit: there is no such commit; it says what git said.
    """
    run = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if run.returncode:
        raise SystemExit(f"git archive {commit}: {run.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(run.stdout)) as archive:
        archive.extractall(target, filter="data")
