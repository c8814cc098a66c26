"""A training as its options describe it: data, network, settings; and from that all over again."""

from __future__ import annotations

import argparse
import copy
import hashlib
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autograd import __version__
from nn.cli.chosen import NAMED, REFINEMENTS, either, output_activation, training_settings, usual_of
from nn.cli.compiling import computed, decided
from nn.cli.options import DATA, choice_of, layout_of
from nn.data import Dataset, Standardizer, dataset_of, expected, filled, split
from nn.data_files import read_file, unpacked
from nn.history import History
from nn.layers import TwoLayerNetwork
from nn.model_files import Model
from nn.settings import TrainingSettings
from nn.tables.reading import table_of

# Options that no result depends on.
LEFT_OUT = ("command", "quiet", "json", "out")

MOST_PARAMETERS = 20_000_000
# A Value with its number, and what training adds.
BYTES_OF_A_PARAMETER = 300


@dataclass
class Job:
    """What is trained, on what, and how.

    Attributes: `dataset`, all rows; `training` and `held_out`, its parts; `before`, the network as
    it was before the training; `reason`, why it is compiled, or not; `about`, what a checkpoint
    keeps, so that `resume` finds all of it again.
    """

    options: argparse.Namespace
    dataset: Dataset
    training: Dataset
    held_out: Dataset
    network: TwoLayerNetwork
    before: TwoLayerNetwork
    standardizer: Standardizer
    settings: TrainingSettings
    reason: str
    about: dict[str, Any]

    def samples(self, dataset: Dataset) -> tuple[list[list[float]], list[list[float]]]:
        """Return standardized inputs, and what the outputs should be."""
        inputs = self.standardizer.rows(dataset.inputs)
        if self.options.loss != "hinge":
            return inputs, dataset.targets
        return inputs, [[2.0 * y - 1.0 for y in target] for target in dataset.targets]

    def keywords(self) -> dict[str, Any]:
        """Return the settings as keywords of `train`, which counts the samples itself."""
        found = asdict(self.settings)
        del found["samples"]
        return found

    def model(self, history: History) -> Model:
        """Return the model that the network has become."""
        dataset = self.dataset
        return Model(
            self.network, self.standardizer, dataset.feature_names, dataset.class_names or None,
            self.facts(history), dataset.schema,
        )  # fmt: skip

    def facts(self, history: History) -> dict[str, Any]:
        """Return what the file of a model says about its training."""
        options = self.options
        settings = history.settings or self.settings
        facts = {
            "hidden": self.network.p,
            "step_size": settings.step_size,
            "batch_size": settings.batch_size,
            "iterations": history.iteration,
            "output": self.network.output,
            "activation": options.activation,
            "init": options.init,
            "loss": options.loss,
            "optimizer": options.optimizer,
            "sampling": settings.sampling,
            "held_out": options.held_out,
            "data": options.data,
            "seed": settings.seed,
            "compiled": settings.compiled,
        }
        if options.class_weight != "none":
            facts["class_weight"] = options.class_weight
        for name in (*NAMED, *REFINEMENTS):
            if name not in facts and getattr(options, name):
                facts[name] = getattr(options, name)
        return facts


def job_of(
    options: argparse.Namespace,
    settings: TrainingSettings | None = None,
    content: bytes | None = None,
) -> Job:
    """Return the training that options describe.

    Args: settings: those of a training to go on with; content: its file, if that was read already.

    Raises: OSError, ValueError: the data cannot be read, or do not fit the options.
    """
    # `resume` has read the file already, to see whether it is the same.
    if content is None and options.data not in DATA:
        content = read_file(found_file(options.data))
    dataset = chosen_dataset(options, content)
    output = output_activation(options, dataset.task)
    training, held_out = split(dataset, options.held_out, options.seed)
    # Missing cells are filled by what the training rows have.
    dataset, training, held_out = (filled(part, training) for part in (dataset, training, held_out))
    # What was not chosen is usual for the data.
    usual = usual_of(options.data, dataset.task)
    sizes = (
        len(dataset.feature_names), either(options.hidden, usual.hidden),
        len(dataset.class_names) or 1,
    )  # fmt: skip
    check_size(*sizes)
    network = TwoLayerNetwork(
        *sizes, options.activation, output, init=options.init,
        seed=options.seed,
    )  # fmt: skip
    reason = "computed as before"
    if settings is None:
        settings = training_settings(options, usual, len(training))
        drawn = settings.iterations * settings.batch_size
        # Compiling takes its time once: it pays for long trainings only.
        samples = computed(drawn, len(dataset), len(held_out))
        compiled, reason = decided(options.compiled, samples, len(network.parameters()))
        settings = replace(settings, compiled=compiled)
    flags = dataset.schema.flags if dataset.schema else ()
    return Job(
        options, dataset, training, held_out, network, copy.deepcopy(network),
        Standardizer.fit(training.inputs, flags), settings, reason, about_of(options, content),
    )  # fmt: skip


def check_size(n: int, p: int, q: int) -> None:
    """Raise a ValueError for a network that no memory holds, before it is made."""
    parameters = p * (n + 1) + q * (p + 1)
    if parameters > MOST_PARAMETERS:
        raise ValueError(
            f"--hidden {p} makes {parameters:,} parameters, which are objects of their own here "
            f"and would take {parameters * BYTES_OF_A_PARAMETER / 1e9:.0f} GB; at most "
            f"{MOST_PARAMETERS:,}"
        )


def found_file(data: str) -> Path:
    """Return the path of a file of data.

    Raises: ValueError: there is none.
    """
    if not Path(data).exists():
        raise ValueError(f"--data {data}: no such file, and none of {', '.join(DATA)}")
    return Path(data)


def chosen_dataset(options: argparse.Namespace, content: bytes | None) -> Dataset:
    """Return the data set that the options name; in that of a file, missing numbers may be NaN.

    Args: content: the bytes of the file.
    """
    if content is None:
        return DATA[options.data].load()
    table = table_of(
        options.data, unpacked(options.data, content), layout_of(options), expected(options.target)
    )
    return dataset_of(table, choice_of(options), Path(options.data).name.split(".")[0])


def about_of(options: argparse.Namespace, content: bytes | None) -> dict[str, Any]:
    """Return what a checkpoint keeps: the options, and which file the data were."""
    # All that a result depends on, and nothing of how it is shown.
    kept = {name: x for name, x in vars(options).items() if name not in LEFT_OUT}
    file = None
    if content is not None:
        digest = hashlib.sha256(content).hexdigest()
        file = {"absolute": os.path.abspath(options.data), "sha256": digest}
    return {"chainrule": __version__, "options": kept, "file": file}


def introduction(job: Job) -> str:
    """Return what is printed before the training."""
    n, p, q = job.network.sizes
    options = job.options
    settings = job.settings
    shown = settings.iterations * settings.batch_size
    epochs = shown / (settings.samples * (1.0 - settings.validation))
    lines = [
        *job.dataset.notes,
        str(job.dataset),
        f"{len(job.training)} samples to train on, {len(job.held_out)} held out",
        f"network: n = {n} inputs, p = {p} hidden neurons ({options.activation}), "
        f"q = {q} outputs ({job.network.output}), {len(job.network.parameters())} parameters",
        f"{options.optimizer} on {options.loss}: alpha = {settings.step_size:g}, "
        f"b = {settings.batch_size}, T = {settings.iterations} ({epochs:.3g} epochs)",
        job.reason,
    ]
    return "\n".join(lines)
