"""The command `predict`: what a model says about every row of a table, as CSV or JSON."""

from __future__ import annotations

import argparse
from typing import Any

from autograd.atomic import write_file
from nn.cli.exits import writing
from nn.cli.folders import check_not_input
from nn.cli.options import layout_of
from nn.cli.output import Output, complain
from nn.cli.training import documented
from nn.comparisons import Comparison, comparison, truth_place
from nn.model_files import load_model
from nn.predictions import csv_text, predictions, table_for, told
from nn.reports import finite


def run_predict(options: argparse.Namespace) -> int:
    """Print or write the network's outputs and the class, or the quantity, for every row."""
    return documented(options, predicted)


def predicted(options: argparse.Namespace, output: Output) -> int:
    """Predict; notes go to stderr, for the CSV is what goes to stdout."""
    layout = layout_of(options)
    # Before anything is read, let alone computed.
    if options.out:
        check_not_input(options.out, options.data, options.model)
    model = load_model(options.model)
    table = table_for(model, options.data, layout)
    # Standard output is the CSV, which a pipe may take.
    for note in told(table):
        output.notes.append(note)
        complain(note)
    rows = predictions(model, model.columns.encode(table))
    # If the table says what is true, predictions are told beside it.
    place = truth_place(model.columns, table)
    compared = None
    if place is not None:
        compared = comparison(model, table, [row[-1] for row in rows[1:]], place)
        output.notes += compared.notes()
    output.content |= content_of(model.task, rows, compared)
    text = csv_text(rows)
    if options.out:
        with writing():
            write_file(options.out, text)
        output.wrote([options.out], f"{len(rows) - 1} rows")
    elif not options.json:
        output.say(text.removesuffix("\n"))
    if compared and compared.beside():
        complain(compared.beside())
    return 0


def content_of(task: str, rows: list[list[Any]], compared: Comparison | None) -> dict[str, Any]:
    """Return what the JSON of predictions says, apart from its notes."""
    report = compared and compared.report
    return {
        "task": task,
        "columns": rows[0],
        "rows": [[finite(x) if isinstance(x, float) else x for x in row] for row in rows[1:]],
        "compared": report.as_dict() if report else None,
    }
