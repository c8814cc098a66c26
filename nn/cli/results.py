"""The results of a training: what is written, in which order, and what is said about it.

First the model, then the history; only then reports and pictures, which may take long or fail.
"""

from __future__ import annotations

import importlib
import warnings
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograd.atomic import write_file
from autograd.drawing.fonts import MissingLetters
from autograd.drawing.render import CURE, engine
from nn.cli.exits import uncut, writing
from nn.cli.jobs import Job
from nn.cli.output import Output
from nn.data import Dataset
from nn.history import History
from nn.losses import LOSSES
from nn.model_files import Model, save_model
from nn.plots import FigureSample, about_fonts, write_pictures
from nn.predictions import csv_text
from nn.reports import ClassReport, QuantityReport, finite

# The mean of so many iterations is called the last loss.
RECENT = 20
Report = ClassReport | QuantityReport


def save(folder: Path, model: Model, history: History) -> None:
    """Write the model, and then the history.

    Raises: CannotWrite: the files that were there before are whole then.
    """
    with writing():
        folder.mkdir(parents=True, exist_ok=True)
        save_model(
            folder / "model.json", model.network, standardizer=model.standardizer,
            feature_names=model.feature_names, class_names=model.class_names,
            training=model.training, schema=model.schema,
        )  # fmt: skip
        write_file(folder / "history.csv", history_csv(history))


def say_saved(output: Output, folder: Path) -> None:
    """Say what `save` has written."""
    output.wrote([folder / "model.json"], "the trained network")
    output.wrote([folder / "history.csv"], "the losses")


def say_results(output: Output, folder: Path, job: Job, model: Model, history: History) -> None:
    """Say how it went and what was saved, and draw the pictures."""
    found = say_reports(output, job, model, history, f"; to go on:  chainrule resume {folder}")
    say_saved(output, folder)
    with writing():
        draw(output, folder, job, model, history, found)


def say_reports(
    output: Output, job: Job, model: Model, history: History, advice: str = ""
) -> Report:
    """Say how it went, and return the report that tells most: of held-out rows, where there are."""
    if history.interrupted:
        output.say(f"stopped by {history.stopped_by} after {history.iteration} iterations{advice}")
    first, last = losses(history)
    output.say(f"loss: {first:.4f} at first, {last:.4f} at last")
    found = report(model, job.training)
    output.content["training"] = found.as_dict()
    output.say(f"training {found.headline()}")
    if len(job.held_out):
        found = report(model, job.held_out)
        output.content["held_out"] = found.as_dict()
        output.say(f"held-out {found.text()}")
    return found


def draw(
    output: Output, folder: Path, job: Job, model: Model, history: History, found: Report
) -> None:
    """Draw the pictures, and say which there are, and what others would need."""
    # The import takes seconds: a Ctrl-C within it would leave half a module.
    with uncut(), suppress(ImportError):
        importlib.import_module("matplotlib.figure")
    inputs, wanted = job.samples(job.training.rows([0]))
    sample = FigureSample(inputs[0], wanted[0], LOSSES[job.options.loss])
    dataset = job.dataset
    matrix = found if isinstance(found, ClassReport) else None
    pictures = write_pictures(folder, model, history, dataset, job.before, sample, matrix)
    with warnings.catch_warnings():
        # A note below says it once.
        warnings.simplefilter("ignore", MissingLetters)
        for paths, what in pictures:
            output.wrote(paths, what)
            if paths[0].suffix == ".txt":
                output.say('for pictures of the learning: pip install "chainrule[train]"')
    if engine() is None:
        output.say(f"for png pictures of the network: {CURE}")
    note = about_fonts([*dataset.class_names, *dataset.feature_names])
    if note:
        output.note(note)


def losses(history: History) -> tuple[float, float]:
    """Return the loss at first, and the mean of the last ones."""
    recent = history.losses[-RECENT:]
    return history.losses[0], sum(recent) / len(recent)


def report(model: Model, dataset: Dataset) -> Report:
    """Return how well a model does on a data set."""
    found = model.found(dataset.inputs)
    if dataset.task == "quantity":
        return QuantityReport.of(found, dataset.labels)
    return ClassReport.of(found, dataset.labels, dataset.class_names)


def content_of(job: Job, history: History) -> dict[str, Any]:
    """Return what the JSON of a training says about it, apart from its reports."""
    first, last = losses(history) if history.losses else (None, None)
    return {
        "stopped_by": history.stopped_by,
        "iterations": history.iteration,
        "epochs": history.epochs,
        "loss": {"first": first and finite(first), "last": last and finite(last)},
        "settings": asdict(history.settings) if history.settings else None,
        "compiled": job.settings.compiled,
        "training": None,
        "held_out": None,
        "hints": list(history.hints.values()),
    }


def history_csv(history: History) -> str:
    """Return the losses and evaluations, a line per iteration."""
    # Most iterations have no evaluation: their cells are empty.
    evaluations = {found.iteration: found for found in history.evaluations}
    rows: list[list[Any]] = [["iteration", "loss", "held_out_loss", "held_out_accuracy"]]
    for t, loss in enumerate(history.losses, start=1):
        found = evaluations.get(t)
        rows.append([t, loss, *(found[1:] if found else ("", ""))])
    return csv_text(rows)
