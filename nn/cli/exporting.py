"""The command `export`: a model as one Python file that needs the standard library only."""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path
from typing import Any

from autograd.atomic import write_file
from nn.cli.exits import writing
from nn.cli.output import Output
from nn.cli.training import documented
from nn.exports import MARK, program_of
from nn.model_files import Model, load_model


def run_export(options: argparse.Namespace) -> int:
    """Write the file, and say where it is."""
    return documented(options, exported)


def exported(options: argparse.Namespace, output: Output) -> int:
    """Write a model as a program."""
    model = load_model(options.model)
    path = Path(options.out) if options.out else path_beside(Path(options.model), model)
    check_path(path)
    result = last_evaluation(Path(options.model).with_name("history.csv"), model)
    with writing():
        write_file(path, program_of(model, path.name, result))
    output.wrote([path], "a program that predicts; it needs Python 3.8 or later, and nothing else")
    return 0


def path_beside(path: Path, model: Model) -> Path:
    """Return the path of a program beside a model: predict_NAME.py, with the name of the data."""
    data = Path(str(model.training.get("data") or path.name)).name
    name = re.sub(r"\W+", "_", data.partition(".")[0]).strip("_")
    return path.with_name(f"predict_{name or 'model'}.py")


def check_path(path: Path) -> None:
    """Raise a ValueError where a path is not one of a program, or has another file."""
    if path.suffix != ".py":
        raise ValueError(f"--out {path}: the name of a Python file ends in .py")
    if path.is_dir():
        raise ValueError(f"--out {path}: a folder")
    # A program of the user's own must not be lost by a default name.
    if path.exists() and not path.read_bytes().startswith(MARK.encode()):
        raise ValueError(
            f"--out {path}: there is a file that chainrule export did not write; remove it, or "
            "choose another name"
        )


def last_evaluation(path: Path, model: Model) -> str:
    """Return what the history beside a model says of held-out rows at the end of its training.

    It is nothing where there is no such history, or it ends at another iteration.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except (OSError, ValueError, csv.Error):
        return ""
    # A history of another training may stand beside the model.
    if not rows or rows[-1].get("iteration") != str(model.training.get("iterations")):
        return ""
    return described(rows[-1])


def described(row: dict[str, Any]) -> str:
    """Return the numbers of a line of a history in words."""
    try:
        loss = float(row["held_out_loss"])
        text = f"on rows held out, at the last iteration, loss {loss:.4g}"
        if row.get("held_out_accuracy"):
            text += f", accuracy {100 * float(row['held_out_accuracy']):.1f} %"
    except (KeyError, TypeError, ValueError):
        return ""
    return text
