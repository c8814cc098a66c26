"""The command `evaluate`: how well a model does on rows whose class or quantity is known."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from nn.cli.exits import writing
from nn.cli.folders import check_folder
from nn.cli.options import DATA, layout_of
from nn.cli.output import Output
from nn.cli.training import documented
from nn.columns.schema import Schema
from nn.comparisons import Comparison, comparison, counted_rows, needed_place
from nn.data import Dataset
from nn.model_files import Model, load_model
from nn.plots import about_fonts, write_confusion
from nn.predictions import predictions, table_for, told
from nn.reports import ClassReport
from nn.tables.cells import is_missing
from nn.tables.table import Table

FILE_OPTIONS = ("target", "sep", "decimal", "encoding", "header")


def run_evaluate(options: argparse.Namespace) -> int:
    """Print the report of a model on a table, and draw its confusion matrix if a folder is said."""
    return documented(options, evaluated)


def evaluated(options: argparse.Namespace, output: Output) -> int:
    """Evaluate, and say what was found."""
    model = load_model(options.model)
    if options.out:
        with writing():
            check_folder(Path(options.out))
    table, place = table_and_place(options, model)
    for note in (*told(table), *about_training(model, options.data)):
        output.note(note)
    # As the training did, so that the figure is one of the same kind of rows.
    table, lost = with_whole_rows(table, model.columns)
    if lost:
        output.note(f"left out, as in the training: {counted_rows(lost)} with a missing cell")
    rows = predictions(model, model.columns.encode(table))
    compared = comparison(model, table, [row[-1] for row in rows[1:]], place)
    report = compared.report
    if report is None:
        raise ValueError(f"{table.name}: nothing to compare with: {about_nothing(compared)}")
    output.content["report"] = report.as_dict()
    # Of a quantity there are no classes, known or not.
    known = compared.task == "classes"
    output.content["unknown_classes"] = compared.unknown if known else {}
    output.say(report.text())
    for note in compared.notes():
        output.note(note)
    if options.out:
        draw_confusion(output, Path(options.out), report)
    return 0


def table_and_place(options: argparse.Namespace, model: Model) -> tuple[Table, int]:
    """Return the rows to evaluate on, and the column of the truth: of a file, or what is shipped.

    Raises: OSError, ValueError: there are no such rows, or nothing says what is true.
    """
    if options.data in DATA:
        for name in FILE_OPTIONS:
            if getattr(options, name) is not None:
                raise ValueError(f"--{name} is for CSV files, and {options.data} is none")
        table = table_of_dataset(DATA[options.data].load(), model)
        return table, table.width - 1
    if not Path(options.data).exists():
        raise ValueError(f"{options.data}: no such file, and none of {', '.join(DATA)}")
    table = table_for(model, options.data, layout_of(options))
    return table, needed_place(model.columns, table, options.target)


def with_whole_rows(table: Table, schema: Schema) -> tuple[Table, int]:
    """Return a table without the rows that the training would have left out, and their number."""
    if schema.missing != "drop":
        return table, 0
    pairs = list(zip(schema.columns, schema.places_in(table)))
    kept = [
        (line, cells)
        for line, cells in table.rows
        if not any(is_missing(cells[i], column.categories is None) for column, i in pairs)
    ]
    return replace(table, rows=kept), len(table.rows) - len(kept)


def table_of_dataset(dataset: Dataset, model: Model) -> Table:
    """Return a data set as a table with its classes in the last column.

    They are called by their numbers where the model has no names for them.
    """
    # An old model knows its classes by number only.
    numbers = list(map(str, range(len(dataset.class_names))))
    names = dataset.class_names if model.columns.target else numbers
    rows = [
        (i, [*map(repr, row), names[label]])
        for i, (row, label) in enumerate(zip(dataset.inputs, dataset.labels), start=1)
    ]
    return Table(dataset.name, (*dataset.feature_names, "class"), rows, unit="row")


def about_training(model: Model, data: str) -> list[str]:
    """Return a line where the rows are those that the model was trained on."""
    trained = model.training.get("data")
    if not isinstance(trained, str) or os.path.abspath(trained) != os.path.abspath(data):
        return []
    # What a network was trained on it knows: a reader should not be glad too early.
    share = model.training.get("held_out")
    but = ""
    if isinstance(share, float) and 0.0 < share < 1.0:
        but = f" (all but the {100 * share:.3g} % that were held out)"
    return [f"the model was trained on rows of {data}{but}: expect less of new ones"]


def about_nothing(compared: Comparison) -> str:
    """Return why there is no row whose class or quantity is known."""
    return "; ".join(compared.notes()).partition("; wrong in any case")[0] or "there are no rows"


def draw_confusion(output: Output, folder: Path, report: object) -> None:
    """Draw the confusion matrix, and say where it is."""
    if not isinstance(report, ClassReport):
        output.note("no picture: a confusion matrix is of classes, and the target is a quantity")
        return
    note = about_fonts(report.names)
    with writing():
        folder.mkdir(parents=True, exist_ok=True)
        for paths, what in write_confusion(folder, report):
            output.wrote(paths, what)
    if note:
        output.note(note)
