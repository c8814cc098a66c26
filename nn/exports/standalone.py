"""The program that an export is: `predict` for a row, `predict_file` for a table.

`nn.exports.program` writes these functions, with those of the project that they call, into one
file, where the constants are a model's. Here they are those of a small network, so that what is
exported is run and checked as everything else. It keeps to what Python 3.8 knows.

>>> predict({"hue": "tan", "size": 2.0}), predict([-1, "red"])
('large', 'small')
>>> predict(["ten", "red"])
Traceback (most recent call last):
ValueError: row, column 1 (size): 'ten' is not a number
"""

from __future__ import annotations

import argparse
import math
import operator
import os
import sys
from collections.abc import Sequence
from typing import Any

from autograd.scalar_math import fold
from nn.answers import of_classes
from nn.predictions import csv_text
from nn.tables.cells import is_missing, number_in
from nn.tables.objects import cell_text
from nn.tables.separators import rows_of
from nn.tables.table import listed

# Categories that a message tells.
MOST_NAMES = 20

COLUMNS: tuple[Any, ...] = (
    ("size", 0, None, None, False),
    ("hue", 1, ("red", "tan"), None, False),
)
HAS_HEADER = True
BY_NAME = True
WIDTH = 3
TARGET_NAME = "kind"
TARGET_PLACE = 2
FILLS_MISSING = False
MEANS: tuple[float, ...] = (0.5, 0.0, 0.0)
SCALES: tuple[float, ...] = (2.0, 1.0, 1.0)
LAYERS: tuple[Any, ...] = (((0.0, (1.0, 0.0, 1.0)),), ((0.5, (-1.0,)), (0.0, (1.0,))))
HEADING: tuple[str, ...] = ("small", "large", "class")
TARGET_SCALE = 1.0
TARGET_MEAN = 0.0


def predict(row: Any) -> Any:
    """Return the class, or the quantity, of a row.

    Args: row: a dict by the names of the columns, in any order and with others among them; or a
        list in the order of the training. Cells are numbers or texts.

    Raises: ValueError, with the names on both sides, where a column is not there; with the column
        where a cell is not of its kind.
    """
    return details(row)[-1]


def details(row: Any) -> list[Any]:
    """Return a number for each class and the class, as HEADING names them; or the quantity."""
    names = None
    if hasattr(row, "keys"):
        keys = list(row.keys())
        names = [str(key) for key in keys]
        row = [row[key] for key in keys]
    if isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
        raise TypeError(f"a row is a dict by column, or a list of cells; not {row!r:.40}")
    cells = [cell_text(x) for x in row]
    places = places_of("row", names, len(cells))
    return answer(outputs(inputs_of("row", cells, places, ".")))


def predict_file(
    path: str,
    separator: str = ",",
    decimal: str = ".",
    encoding: str = "utf-8-sig",
    header: bool = HAS_HEADER,
) -> str:
    """Return the answers for all rows of a file as the text of a CSV file.

    Args: separator: between cells, a space for any number of them; decimal: the mark before a
        fraction; encoding: as Python calls it; header: whether the first line has the names of the
        columns, which then may stand in any order, with others among them.

    Raises: OSError when the file cannot be read; ValueError, with line and column, for a cell that
        is not of its kind; with the names on both sides, where a column is not there.
    """
    rows = rows_of(path, text_of(path, encoding), separator)
    if not rows:
        raise ValueError(f"{path}: the file is empty")
    first_line, first = rows[0]
    if len(first) == 1 and len(COLUMNS) > 1:
        raise ValueError(f"{path}: one column only; --sep says what is between cells: ; or tab")
    names = [cell.strip() for cell in first] if header else None
    places = places_of(path, names, len(first))
    found = [list(HEADING)]
    for line, cells in rows[header:]:
        if len(cells) != len(first):
            raise ValueError(
                f"{path}, line {line}: {len(cells)} columns, but line {first_line} has {len(first)}"
            )
        found.append(answer(outputs(inputs_of(f"{path}, line {line}", cells, places, decimal))))
    return csv_text(found)


def text_of(path: str, encoding: str) -> str:
    """Return the text in a file."""
    try:
        with open(path, encoding=encoding, newline="") as file:
            return file.read()
    except LookupError:
        raise ValueError(f"--encoding {encoding}: not known; utf-8, utf-16, cp1252, ...") from None
    except UnicodeError:
        raise ValueError(f"{path}: not {encoding} text; see --encoding") from None


def places_of(what: str, names: Any, width: int) -> list[int]:
    """Return where the columns of the training stand: by name where both have names."""
    if names is not None and BY_NAME:
        return places_by_name(what, names)
    if width == WIDTH:
        return [column[1] for column in COLUMNS]
    if width == WIDTH - 1:
        return [column[1] - (column[1] > TARGET_PLACE) for column in COLUMNS]
    if width == len(COLUMNS):
        return list(range(width))
    raise ValueError(
        f"{what}: {width} columns, but the network has {len(COLUMNS)} inputs: "
        f"{listed([column[0] for column in COLUMNS])}"
    )


def places_by_name(what: str, names: Sequence[str]) -> list[int]:
    """Return where the columns of the training stand among names."""
    wanted = [column[0] for column in COLUMNS]
    absent = [repr(name) for name in wanted if name not in names]
    if absent:
        unknown = [repr(name) for name in names if name not in [*wanted, TARGET_NAME]]
        whose = "row" if what == "row" else "file"
        raise ValueError(
            f"{what}: no column {listed(absent)}, which the model was trained with; "
            f"the {whose} has, and the model does not know, {listed(unknown) or 'no other'}"
        )
    for name in wanted:
        if names.count(name) > 1:
            raise ValueError(f"{what}: {names.count(name)} columns {name!r}")
    return [names.index(name) for name in wanted]


def inputs_of(what: str, cells: Sequence[str], places: Sequence[int], decimal: str) -> list[float]:
    """Return the inputs of the network for the cells of a row, scaled as in the training."""
    found: list[float] = []
    for column, i in zip(COLUMNS, places):
        place = f"{what}, column {i + 1} ({column[0] or 'no name'})"
        found += inputs_of_cell(column, cells[i], place, decimal)
    return [(x - mean) / scale for x, mean, scale in zip(found, MEANS, SCALES)]


def inputs_of_cell(column: Any, cell: str, place: str, decimal: str) -> list[float]:
    """Return the inputs that a cell becomes: a number, or 1.0 for its category and else 0.0."""
    _, _, categories, fill, indicator = column
    absent = is_missing(cell, categories is None)
    if absent and not FILLS_MISSING:
        kind = "a number" if categories is None else "a category"
        if categories is None and number_in(cell) is not None:
            kind = "finite"
        raise ValueError(
            f"{place}: {cell!r:.40} is not {kind}, so missing; "
            "train with --missing mean to fill such cells, or --missing drop to leave their rows "
            "out"
        )
    if categories is None:
        found = [fill if absent else finite_number(cell, place, decimal)]
    else:
        text = cell.strip()
        if not absent and text not in categories:
            raise ValueError(
                f"{place}: {cell!r:.40} is none of the categories of the training: "
                f"{listed(categories[:MOST_NAMES])}"
            )
        found = [float(text == category) for category in categories]
    return [*found, float(absent)] if indicator else found


def finite_number(cell: str, place: str, decimal: str) -> float:
    """Return the number in a cell."""
    x = number_in(cell, decimal)
    if x is None:
        raise ValueError(f"{place}: {cell!r:.40} is not a number")
    if not math.isfinite(x):
        raise ValueError(f"{place}: {cell!r:.40} is not finite")
    return x


def outputs(inputs: list[float]) -> list[float]:
    """Return the outputs of the network: layer by layer, an activation of weighted sums."""
    xs = inputs
    for layer in LAYERS[:-1]:
        xs = hidden_activation(sums(layer, xs))
    return output_activation(sums(LAYERS[-1], xs))


def sums(layer: Any, xs: Sequence[float]) -> list[float]:
    """Return bias + w1*x1 + w2*x2 + ..., added up in this order, for each neuron of a layer."""
    return [fold(map(operator.mul, weights, xs), bias) for bias, weights in layer]


def hidden_activation(xs: list[float]) -> list[float]:
    """Return what the neurons of a hidden layer make of their sums."""
    return [max(x, 0.0) for x in xs]


def output_activation(xs: list[float]) -> list[float]:
    """Return what the neurons of the last layer make of their sums."""
    return xs


def scores(xs: list[float]) -> list[float]:
    """Return a number for each class, of which the largest decides."""
    return of_classes(xs)


def answer(xs: list[float]) -> list[Any]:
    """Return the answer to the outputs of the network."""
    return class_answer(xs)


def class_answer(xs: list[float]) -> list[Any]:
    """Return a number for each class, and the class whose number is largest."""
    found = scores(xs)
    best = max(range(len(found)), key=found.__getitem__)
    return [*found, HEADING[best]]


def quantity_answer(xs: list[float]) -> list[Any]:
    """Return the quantity, in the unit of the training."""
    return [xs[0] * TARGET_SCALE + TARGET_MEAN]


def main() -> int:
    """Print the answers for the rows of a file as CSV, and return the exit code."""
    parser = argparse.ArgumentParser(description="Print what the network says, as CSV.")
    parser.add_argument("data", metavar="DATA.csv", help="rows with the columns of the training")
    parser.add_argument("--sep", default=",", metavar="C", help="between cells (default: ,)")
    parser.add_argument("--decimal", default=".", choices=[".", ","], help="before a fraction")
    parser.add_argument("--encoding", default="utf-8-sig", metavar="NAME", help="such as cp1252")
    parser.add_argument("--header", default="yes" if HAS_HEADER else "no", choices=["yes", "no"])
    options = parser.parse_args()
    separator = {"tab": "\t", "spaces": " "}.get(options.sep, options.sep)
    if len(separator) != 1 or separator in '\r\n"':
        parser.error("--sep: one character, tab or spaces")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name may have letters that a terminal has not
            stream.reconfigure(errors="backslashreplace")
    try:
        text = predict_file(
            options.data, separator, options.decimal, options.encoding, options.header == "yes"
        )
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough; at its end Python would write again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, ArithmeticError) as error:
        print(f"{parser.prog}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
