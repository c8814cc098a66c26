"""The command `draw`: Figure 3.4, a network; Figure 3.5, the backward flow of a row's error."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from autograd.atomic import write_file
from autograd.drawing.render import engine, no_engine
from autograd.drawing.show import Drawing
from nn.cli.evaluating import table_and_place
from nn.cli.exits import writing
from nn.cli.folders import check_not_input
from nn.cli.output import Output
from nn.cli.training import documented
from nn.comparisons import index_of
from nn.data import one_hot
from nn.figures import draw_backward, draw_network
from nn.losses import LOSSES, Loss, mse_loss
from nn.model_files import Model, load_model
from nn.plots import drawn_names
from nn.settings import count
from nn.tables.cells import is_missing, number_in
from nn.tables.table import Table, listed

FORMS = ("svg", "png", "pdf", "dot")
# Forms that need no program.
DRAWN_HERE = ("svg", "dot")


def run_draw(options: argparse.Namespace) -> int:
    """Write the picture of a network, or of the backward flow of a row."""
    return documented(options, drawn)


def drawn(options: argparse.Namespace, output: Output) -> int:
    """Draw, and say where the picture is."""
    model = load_model(options.model)
    if options.row is not None:
        count("--row", options.row)
        options.data = options.data or trained_on(model)
    path = Path(options.out or ("backward.svg" if options.data else "network.svg"))
    # .SVG is svg.
    path = path.with_suffix(path.suffix.lower())
    form = form_of(path)
    check_not_input(path, options.model, options.data or options.model)
    names: dict[str, Any] = drawn_names(model)
    if options.data:
        row = row_of(options, model)
        what = (
            f"the backward flow of row {options.row or 1} of {Path(options.data).name}: {row.truth}"
        )
        title = what.removeprefix("the ")
        picture = draw_backward(
            model.network, row.inputs, row.target, loss_of(model), **names, title=title
        )
    else:
        what = "the network with its weights"
        picture = draw_network(model.network, **names)
    with writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(picture, path, form)
    output.wrote([path], what)
    return 0


def trained_on(model: Model) -> str:
    """Return what a model was trained on, for a row of which nobody says the file.

    Raises: ValueError: the model does not say.
    """
    data = model.training.get("data")
    if not isinstance(data, str):
        raise ValueError("--row N of what? The model does not say on which data it was trained")
    return data


def form_of(path: Path) -> str:
    """Return the form of a picture, by the end of its name.

    Raises: ValueError: there is no such form, or no program here that draws it.
    """
    form = path.suffix[1:].lower()
    if form not in FORMS:
        raise ValueError(f"--out {path}: the name must end in .{', .'.join(FORMS)}")
    if form not in DRAWN_HERE and engine(form) is None:
        raise ValueError(f"{no_engine(form)}; or --out {path.with_suffix('.dot')}, as text")
    return form


class Row(NamedTuple):
    """A row as the network takes it: its inputs, what the outputs should be, and in words."""

    inputs: list[float]
    target: list[float]
    truth: str


def row_of(options: argparse.Namespace, model: Model) -> Row:
    """Return the chosen row.

    Raises: ValueError: there is no such row, or it does not say what is true.
    """
    table, place = table_and_place(options, model)
    number = options.row or 1
    if number > len(table.rows):
        raise ValueError(f"--row {number}: {table.name} has {len(table.rows)} rows")
    # A table of one row: the others may have cells that cannot be read.
    one = replace(table, rows=[table.rows[number - 1]])
    (inputs,) = model.columns.encode(one)
    if model.standardizer:
        inputs = model.standardizer.row(inputs)
    truth = one.cells(place)[0].strip()
    check_truth(model, one, place, truth)
    return Row(inputs, target_of(model, truth, one.decimal), truth)


def check_truth(model: Model, one: Table, place: int, truth: str) -> None:
    """Raise a ValueError where a table of one row does not say what the outputs should be."""
    where = one.place(one.rows[0][0], place)
    if is_missing(truth):
        raise ValueError(f"{where}: nothing there, so the row has no error; another --row")
    if model.task == "quantity":
        x = number_in(truth, one.decimal)
        if x is None or not math.isfinite(x):
            raise ValueError(f"{where}: {truth!r:.40} is not a finite number")
    elif index_of(model.answers, one.decimal)(truth) is None:
        raise ValueError(
            f"{where}: {truth!r:.40} is no class that the model knows: {listed(model.answers)}"
        )


def target_of(model: Model, truth: str, decimal: str = ".") -> list[float]:
    """Return what the outputs should be for a class or a quantity."""
    if model.task == "quantity":
        target = model.schema and model.schema.target
        x = float(number_in(truth, decimal) or 0.0)
        return [(x - target.mean) / target.scale] if target else [x]
    index = index_of(model.answers, decimal)(truth)
    # As in the training: -1 and 1 where the loss or the output has signs.
    signs = model.has_signs or model.training.get("loss") == "hinge"
    outputs = model.network.sizes[-1]
    found = one_hot(index, outputs) if outputs > 1 else [float(index)]
    return [2.0 * y - 1.0 for y in found] if signs else found


def loss_of(model: Model) -> Loss:
    """Return the loss that a model was trained on: the mean squared error, if it does not say."""
    found = model.training.get("loss")
    return LOSSES.get(found, mse_loss) if isinstance(found, str) else mse_loss


def write_picture(picture: Drawing, path: Path, form: str) -> None:
    """Write a picture in a form.

    Raises: ValueError: the program that lays it out failed.
    """
    if form == "dot":
        write_file(path, picture.source)
        return
    try:
        picture.render(path)
    except RuntimeError as error:
        raise ValueError(f"{path}: {error}") from None
