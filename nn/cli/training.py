"""The command `train`: read a table, train the two-layer network on it, write the results."""

from __future__ import annotations

import argparse
import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograd.atomic import write_file
from autograd.drawing.render import CURE, engine
from nn.class_weights import balanced, weighted
from nn.cli.folders import check_folder, folder_for
from nn.cli.options import (
    DATA,
    OWN,
    QUANTITY,
    check_options,
    choice_of,
    either,
    layout_of,
    output_activation,
    training_settings,
)
from nn.data import Dataset, Standardizer, dataset_of, expected, filled, split
from nn.history import History
from nn.layers import TwoLayerNetwork
from nn.losses import LOSSES, Loss
from nn.model_files import Model, save_model
from nn.optim import OPTIMIZERS
from nn.plots import FigureSample, about_fonts, write_pictures
from nn.predictions import csv_text
from nn.reports import ClassReport, QuantityReport
from nn.settings import TrainingSettings
from nn.tables.reading import read_table
from nn.train import train

INTERRUPTED = 130  # exit code


def run_train(options: argparse.Namespace) -> int:
    """Train, say how it went, and write the results."""
    check_options(options)
    dataset = chosen_dataset(options)
    output = output_activation(options, dataset.task)
    training, held_out = split(dataset, options.held_out, options.seed)
    dataset, training, held_out = (filled(part, training) for part in (dataset, training, held_out))
    usual = QUANTITY if dataset.task == "quantity" else DATA.get(options.data, OWN)
    settings = training_settings(options, usual, len(training))
    flags = dataset.schema.flags if dataset.schema else ()
    standardizer = Standardizer.fit(training.inputs, flags)
    network = TwoLayerNetwork(
        len(dataset.feature_names), either(options.hidden, usual.hidden),
        len(dataset.class_names) or 1, options.activation, output, init=options.init,
        seed=settings.seed,
    )  # fmt: skip
    folder = Path(options.out) if options.out else folder_for(dataset.name, options.data)
    check_folder(folder)  # now: not after minutes of training
    print(introduction(dataset, network, options, settings))
    inputs = standardizer.rows(training.inputs)
    wanted = targets(training, options.loss)
    before = copy.deepcopy(network)
    history = train(
        network, inputs, wanted, loss=loss_of(options, training),
        optimizer=OPTIMIZERS[options.optimizer],
        held_out=(standardizer.rows(held_out.inputs), targets(held_out, options.loss)),
        progress=not options.quiet, **keywords(settings),
    )  # fmt: skip
    facts = facts_of(options, network, settings, history)
    model = Model(
        network, standardizer, dataset.feature_names, dataset.class_names or None, facts,
        dataset.schema,
    )  # fmt: skip
    print(conclusion(model, history, training, held_out))
    sample = FigureSample(inputs[0], wanted[0], LOSSES[options.loss])
    write_results(folder, model, history, dataset, before, sample)
    return INTERRUPTED if history.interrupted else 0


def chosen_dataset(options: argparse.Namespace) -> Dataset:
    """Return the data set that the options name; in that of a file, missing numbers may be NaN."""
    if options.data in DATA:
        return DATA[options.data].load()
    path = Path(options.data)
    if not path.exists():
        raise ValueError(f"--data {options.data}: no such file, and none of {', '.join(DATA)}")
    table = read_table(path, layout_of(options), expected(options.target))
    return dataset_of(table, choice_of(options), path.name.split(".")[0])


def keywords(settings: TrainingSettings) -> dict[str, Any]:
    """Return the settings as keywords of `train`, which counts the samples itself."""
    found = asdict(settings)
    del found["samples"]
    return found


def loss_of(options: argparse.Namespace, training: Dataset) -> Loss:
    """Return the loss, with the weights of the classes where they are asked for."""
    loss = LOSSES[options.loss]
    if options.class_weight == "none":
        return loss
    weights = balanced(training.labels, len(training.class_names))
    return weighted(loss, weights, signs=options.loss == "hinge")


def facts_of(
    options: argparse.Namespace,
    network: TwoLayerNetwork,
    settings: TrainingSettings,
    history: History,
) -> dict[str, Any]:
    """Return what the file of a model says about its training."""
    facts = {
        "hidden": network.p,
        "step_size": settings.step_size,
        "batch_size": settings.batch_size,
        "iterations": history.iteration,
        "output": network.output,
        "activation": options.activation,
        "init": options.init,
        "loss": options.loss,
        "optimizer": options.optimizer,
        "sampling": settings.sampling,
        "held_out": options.held_out,
        "data": options.data,
        "seed": settings.seed,
    }
    if options.class_weight != "none":
        facts["class_weight"] = options.class_weight
    return facts


def targets(dataset: Dataset, loss: str) -> list[list[float]]:
    """Return what the outputs should be: of classes 0 and 1 or, for the hinge loss, -1 and 1."""
    if loss != "hinge":
        return dataset.targets
    return [[2.0 * y - 1.0 for y in target] for target in dataset.targets]


def introduction(
    dataset: Dataset,
    network: TwoLayerNetwork,
    options: argparse.Namespace,
    settings: TrainingSettings,
) -> str:
    """Return what is printed before the training."""
    n, p, q = network.sizes
    lines = [
        *dataset.notes,
        str(dataset),
        f"{settings.samples} samples to train on, {len(dataset) - settings.samples} held out",
        f"network: n = {n} inputs, p = {p} hidden neurons ({options.activation}), "
        f"q = {q} outputs ({network.output}), {len(network.parameters())} parameters",
        f"{options.optimizer} on {options.loss}: alpha = {settings.step_size:g}, "
        f"b = {settings.batch_size}, T = {settings.iterations}",
    ]
    return "\n".join(lines)


def conclusion(model: Model, history: History, training: Dataset, held_out: Dataset) -> str:
    """Return what is printed after the training."""
    lines = [f"stopped by Ctrl-C after {history.iteration} iterations"] * history.interrupted
    if history.losses:
        recent = history.losses[-20:]
        lines.append(
            f"loss: {history.losses[0]:.4f} at first, {sum(recent) / len(recent):.4f} at last"
        )
    lines.append(f"training {report(model, training).headline()}")
    if len(held_out):
        lines.append(f"held-out {report(model, held_out).text()}")
    return "\n".join(lines)


def report(model: Model, dataset: Dataset) -> ClassReport | QuantityReport:
    """Return how well a model does on a data set."""
    if dataset.task == "quantity":
        return QuantityReport.of([model.quantity(x) for x in dataset.inputs], dataset.labels)
    found = [model.best(x) for x in dataset.inputs]
    return ClassReport.of(found, dataset.labels, dataset.class_names)


def write_results(
    folder: Path,
    model: Model,
    history: History,
    dataset: Dataset,
    before: Any,
    sample: FigureSample,
) -> None:
    """Write the model, the history and the pictures, and say what is where."""
    folder.mkdir(parents=True, exist_ok=True)
    save_model(
        folder / "model.json", model.network, standardizer=model.standardizer,
        feature_names=model.feature_names, class_names=model.class_names, training=model.training,
        schema=model.schema,
    )  # fmt: skip
    print(f"wrote {folder / 'model.json'}: the trained network")
    write_file(folder / "history.csv", history_csv(history))
    print(f"wrote {folder / 'history.csv'}: the losses")
    for paths, what in write_pictures(folder, model, history, dataset, before, sample):
        print(f"wrote {' '.join(map(str, paths))}: {what}")
        if paths[0].suffix == ".txt":
            print('for pictures of the learning: pip install "chainrule[train]"')
    if engine() is None:
        print(f"for pictures of the network: {CURE}")
    note = about_fonts([*dataset.class_names, *dataset.feature_names])
    if note:
        print(note)


def history_csv(history: History) -> str:
    """Return the losses and evaluations, a line per iteration."""
    evaluations = {found.iteration: found for found in history.evaluations}
    rows: list[list[Any]] = [["iteration", "loss", "held_out_loss", "held_out_accuracy"]]
    for t, loss in enumerate(history.losses, start=1):
        found = evaluations.get(t)
        rows.append([t, loss, *(found[1:] if found else ("", ""))])
    return csv_text(rows)
