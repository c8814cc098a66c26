"""What the options of a training come to: what was chosen, else what is usual for the data.

>>> usual_of("iris", "classes").iterations, interval("30s"), interval("no")
(600, (None, 30.0), None)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from autograd import Value
from nn.class_weights import balanced, weighted
from nn.cli.options import DATA, OWN, QUANTITY, Defaults, layout_of
from nn.data import Dataset
from nn.losses import LOSSES, Loss
from nn.module import Module
from nn.optim import OPTIMIZERS, Optimizer, weights_and_biases
from nn.runs import SECONDS
from nn.settings import TrainingSettings, count, usual_iterations

# The outputs that make sense for a loss, the usual one first, and the share of the step size that
# suits it: the gradient of a mean squared error is small where a sigmoid is flat, others' are not.
OUTPUTS: dict[str, tuple[tuple[str, ...], float]] = {
    "mse": (("sigmoid", "softmax", "linear", "tanh"), 1.0),
    "binary_cross_entropy": (("sigmoid",), 0.2),
    "cross_entropy": (("softmax", "linear"), 0.2),
    "hinge": (("linear", "tanh"), 0.1),
    "huber": (("sigmoid", "softmax", "linear", "tanh"), 1.0),
}
ADAPTIVE = {
    "rmsprop": 0.01,
    "adagrad": 0.01,
    "adam": 0.01,
    "adamw": 0.01,
    "momentum": None,
    "nesterov": None,
    "sgd": None,
}
T = TypeVar("T")
# The optimisers that have a momentum.
MOMENTA = ("sgd", "momentum", "nesterov")
# Settings of an optimiser that only some have.
REFINEMENTS = ("momentum", "weight_decay", "l1", "clip_norm", "clip_value")
# What weights have and biases have not.
DECAYS = ("weight_decay", "l1")

# The settings of a training that options give under the same names.
NAMED = ("schedule", "warm_up", "validation", "patience", "dropout", "sampling", "seed")


def check_options(options: argparse.Namespace) -> None:
    """Raise a ValueError where a number cannot be, before anything is read or made."""
    if options.hidden is not None:
        count("--hidden", options.hidden)
    if not 0.0 <= options.held_out < 1.0:
        raise ValueError(f"--held-out must be at least 0 and below 1, not {options.held_out!r}")
    batch_size = either(options.batch_size, 1)
    # Settings are checked as they will be, though the rows are not known yet.
    usual = DATA[options.data].iterations if options.data in DATA else sys.maxsize
    TrainingSettings(
        samples=max(1, batch_size), batch_size=batch_size, step_size=options.step_size,
        iterations=either(options.iterations, usual), **named(options),
    )  # fmt: skip
    if options.missing_indicator and options.missing != "mean":
        raise ValueError("--missing-indicator goes with --missing mean")
    if options.out == "":
        raise ValueError("--out is empty; name a folder")
    interval(options.checkpoint)
    optimizer_of(options)
    layout_of(options)
    if options.data in DATA:
        for name in ("target", "drop", "columns", "categorical", "sep", "decimal", "encoding",
                     "header"):  # fmt: skip
            if getattr(options, name) is not None:
                raise ValueError(f"--{name} is for CSV files")
    output_activation(options, "classes")


def interval(text: str) -> tuple[int | None, float | None] | None:
    """Return after how many iterations, or seconds, a checkpoint is due; None where none is wanted.

    Raises: ValueError: the text is neither a number of them above 0, nor "no".
    """
    if text == "no":
        return None
    try:
        if text.endswith("s"):
            seconds = float(text[:-1])
            if 0.0 < seconds < float("inf"):
                return None, seconds
        elif int(text) > 0:
            return int(text), None
    except ValueError:
        pass
    raise ValueError(
        f"--checkpoint {text!r:.40}: iterations such as 1000, seconds such as {SECONDS:g}s, or no"
    )


def named(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that options give under the same names."""
    return {name: getattr(options, name) for name in NAMED}


def optimizer_of(
    options: argparse.Namespace, network: Module | None = None
) -> Callable[..., Optimizer]:
    """Return what makes the optimiser, with the settings that were chosen.

    Weight decay and l1 shrink weights, not biases, where they are asked for.

    Raises: ValueError: a setting is out of its range, or another optimiser's.
    """
    given = {name: x for name in REFINEMENTS if (x := getattr(options, name)) is not None}
    if "momentum" in given and options.optimizer not in MOMENTA:
        raise ValueError(f"--momentum is for --optimizer {', '.join(MOMENTA)}")
    make = partial(OPTIMIZERS[options.optimizer], **given)
    # An optimiser checks its settings.
    make([Value(0.0)], 1.0)
    if network is None or not any(name in given for name in DECAYS):
        return make
    return lambda parameters, step_size: make(weights_and_biases(network), step_size)


def loss_of(options: argparse.Namespace, training: Dataset) -> Loss:
    """Return the loss, with the weights of the classes where they are asked for."""
    loss = LOSSES[options.loss]
    if options.class_weight == "none":
        return loss
    weights = balanced(training.labels, len(training.class_names))
    return weighted(loss, weights, signs=options.loss == "hinge")


def output_activation(options: argparse.Namespace, task: str) -> str:
    """Return the activation of the outputs: the one that was chosen, else the loss's usual one.

    Raises: ValueError where the loss, the activation and the task do not fit together.
    """
    if task == "quantity":
        return output_of_quantity(options)
    fitting, _ = OUTPUTS[options.loss]
    chosen: str = options.output or fitting[0]
    strict = options.loss in ("binary_cross_entropy", "cross_entropy", "hinge")
    if strict and chosen not in fitting:
        raise ValueError(f"--loss {options.loss} needs --output {' or '.join(fitting)}")
    return chosen


def output_of_quantity(options: argparse.Namespace) -> str:
    """Return the activation of the output for a quantity, which may be any number."""
    if options.loss not in ("mse", "huber"):
        raise ValueError(
            f"--loss {options.loss} is for classes, and the target is a quantity: "
            "--loss mse or huber, or --task classes"
        )
    if options.output not in (None, "linear"):
        raise ValueError(f"--output {options.output} is for classes; a quantity needs linear")
    if options.class_weight != "none":
        raise ValueError("--class-weight is for classes, and the target is a quantity")
    return "linear"


def usual_of(data: str, task: str) -> Defaults:
    """Return what is usual for a data set."""
    return QUANTITY if task == "quantity" else DATA.get(data, OWN)


def training_settings(
    options: argparse.Namespace, usual: Defaults, samples: int
) -> TrainingSettings:
    """Return the settings of the training: those that were chosen, else the data set's.

    The usual T of a file grows with its rows.
    """
    batch_size = either(options.batch_size, min(usual.batch_size, samples))
    iterations = usual.iterations
    if options.data not in DATA:
        iterations = usual_iterations(samples, batch_size, least=iterations)
    return TrainingSettings(
        samples=samples,
        batch_size=batch_size,
        iterations=either(options.iterations, iterations),
        step_size=either(options.step_size, usual_step_size(options, usual)),
        **named(options),
    )


def either(chosen: T | None, usual: T) -> T:
    """Return what an option says, or what is usual where it was not given."""
    return usual if chosen is None else chosen


def usual_step_size(options: argparse.Namespace, usual: Defaults) -> float:
    """Return the step size that suits the data set, the loss and the optimiser."""
    _, share = OUTPUTS[options.loss]
    step_size = ADAPTIVE[options.optimizer] or usual.step_size * share
    return step_size / 10 if options.optimizer in ("momentum", "nesterov") else step_size
