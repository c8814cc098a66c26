"""Folders of results: one for each file of data, made when there is something to write.

>>> check_folder(Path("runs"))
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from nn.model_files import load_model
from nn.runs import load_checkpoint

RUNS = Path("runs")


def folder_for(name: str, data: str) -> Path:
    """Return the folder for a data set: runs/name, or runs/name-2, … where that is another's.

    A folder is another's where the model in it says that it was trained on another file, or where
    it has none that can be read.

    Args: name: of the data set; data: the file, or the name of what is shipped or generated.
    """
    count = 1
    folder = RUNS / name
    while not is_free(folder, data):
        count += 1
        folder = RUNS / f"{name}-{count}"
    return folder


def is_free(folder: Path, data: str) -> bool:
    """Tell whether a folder is not there, is empty, or has the results for the same data."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return not folder.exists() or folder.is_dir()
    trained = data_in(folder)
    return isinstance(trained, str) and os.path.abspath(trained) == os.path.abspath(data)


def data_in(folder: Path) -> Any:
    """Return the data of which a folder has the model; before there is one, a checkpoint."""
    try:
        return load_model(folder / "model.json").training.get("data")
    except (OSError, ValueError):
        pass
    try:
        return load_checkpoint(folder).about["options"]["data"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


HEADS = {"model.json": b'"chainrule network"', "history.csv": b"iteration,loss,"}
# What a file is stands in so many bytes at its head.
HEAD_BYTES = 200


def check_own(folder: Path) -> None:
    """Raise a ValueError where a result would take the place of a file that is somebody else's."""
    for name, head in HEADS.items():
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                start = file.read(HEAD_BYTES)
            if start and head not in start:
                raise ValueError(
                    f"{path} was not written by chainrule train; choose another folder with --out"
                )


def check_not_input(out: str | Path, *inputs: str | Path) -> None:
    """Raise a ValueError where a file that is written is one of those that are read."""
    for given in inputs:
        if os.path.exists(out) and os.path.exists(given) and os.path.samefile(out, given):
            raise ValueError(f"--out {out}: that is the file that is read; choose another name")


def check_folder(folder: Path) -> None:
    """Raise an OSError, with the folder, where it could not be made or written to."""
    # The folder is not made yet: the nearest that is there tells whether it can be.
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(folder))
    if not os.access(nearest, os.W_OK | os.X_OK):
        if hasattr(os, "statvfs") and os.statvfs(nearest).f_flag & os.ST_RDONLY:
            raise OSError(errno.EROFS, "Read-only file system", str(folder))
        raise PermissionError(13, "Permission denied", str(folder))
