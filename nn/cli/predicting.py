"""The command `predict`: what a model says about every row of a table, as CSV."""

from __future__ import annotations

import argparse
import sys

from autograd.atomic import write_file
from nn.cli.options import layout_of
from nn.model_files import load_model
from nn.predictions import comparison, csv_text, predictions, table_for, told


def run_predict(options: argparse.Namespace) -> int:
    """Print or write the network's outputs and the class, or the quantity, for every row."""
    layout = layout_of(options)
    model = load_model(options.model)
    table = table_for(model, options.data, layout)
    for note in told(table):
        print(note, file=sys.stderr)
    rows = predictions(model, model.columns.encode(table))
    text = csv_text(rows)
    if options.out:
        write_file(options.out, text)
        print(f"wrote {options.out}: {len(rows) - 1} rows")
    else:
        sys.stdout.write(text)
    compared = comparison(model, table, [row[-1] for row in rows[1:]])
    if compared:
        print(compared, file=sys.stderr)
    return 0
