"""Folders of results: one for each file of data, made when there is something to write.

>>> check_folder(Path("runs"))
"""

from __future__ import annotations

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


def check_folder(folder: Path) -> None:
    """Raise an OSError, with the folder, where it could not be made or written to."""
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(folder))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(13, "Permission denied", str(folder))
