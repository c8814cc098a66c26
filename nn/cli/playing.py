"""The command `playground`: a page in which a network learns, as one HTML file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from nn.cli.exits import writing
from nn.cli.folders import check_not_input
from nn.cli.output import Output
from nn.cli.training import documented
from nn.data import read_csv
from nn.playground import playground
from nn.playground.engine import SHAPES
from nn.playground.page import MARK

# The mark of a page stands in so many bytes at its head.
HEAD_BYTES = 400


def run_playground(options: argparse.Namespace) -> int:
    """Write the page, and say where it is."""
    return documented(options, played)


def played(options: argparse.Namespace, output: Output) -> int:
    """Write a page with the settings of the options."""
    path = Path(options.out)
    check_path(path)
    check_not_input(path, options.data)
    page = playground(data_of(options.data, output), **settings_of(options))
    with writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        page.save(path)
    output.wrote([path], "a playground; open it in a browser, it needs nothing else")
    return 0


def data_of(data: str, output: Output) -> Any:
    """Return the name of a generated data set, or what a file has."""
    if data in SHAPES:
        return data
    found = read_csv(data)
    for note in found.notes:
        output.note(note)
    return found


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the options say; what none says is left to the page."""
    names = {
        "noise": options.noise,
        "count": options.count,
        "held_out": options.held_out,
        "hidden": options.hidden,
        "activation": options.activation,
        "loss": options.loss,
        "alpha": options.step_size,
        "batch": options.batch_size,
        "seed": options.seed,
        "hide": options.hide,
    }
    return {name: value for name, value in names.items() if value is not None}


def check_path(path: Path) -> None:
    """Raise a ValueError where a path is not one of a page, or has another file."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"--out {path}: the name of a page ends in .html")
    if path.is_dir():
        raise ValueError(f"--out {path}: a folder")
    if path.exists() and MARK.encode() not in path.read_bytes()[:HEAD_BYTES]:
        raise ValueError(
            f"--out {path}: there is a file that chainrule playground did not write; remove it, or "
            "choose another name"
        )
