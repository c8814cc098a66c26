"""The command line: train the two-layer network of the textbook, and use it.

    chainrule train                     on iris, in a few seconds
    chainrule predict MODEL.json DATA.csv

``python -m nn`` is the same command.

Exit codes: 0 done, 2 bad input (one line on stderr), 130 stopped by Ctrl-C (what was learned is
saved).
"""

from __future__ import annotations

import argparse
import copy
import csv
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from autograd import __version__, softmax
from autograd.atomic import write_file
from autograd.drawing.render import CURE, engine
from nn.data import (
    Dataset,
    Standardizer,
    circles,
    load_digits,
    load_iris,
    moons,
    read_csv,
    split,
    xor,
)
from nn.data_files import Table, numbers_of, read_table
from nn.history import History
from nn.layers import ACTIVATIONS, INITS, TwoLayerNetwork
from nn.losses import LOSSES
from nn.model_files import Model, load_model, save_model
from nn.optim import OPTIMIZERS
from nn.plots import FigureSample, write_pictures
from nn.settings import SAMPLINGS, TrainingSettings
from nn.train import train

INTERRUPTED = 130  # exit code


class Defaults(NamedTuple):
    """What is used for a data set where no option says else."""

    load: Callable[..., Dataset]
    hidden: int
    step_size: float
    batch_size: int
    iterations: int


# Step sizes of SGD on the mean squared error; chosen on 20 seeds.
DATA = {
    "iris": Defaults(load_iris, 8, 0.5, 32, 600),
    "digits": Defaults(load_digits, 32, 1.0, 16, 500),
    "moons": Defaults(moons, 12, 1.0, 16, 600),
    "circles": Defaults(circles, 12, 1.0, 16, 600),
    "xor": Defaults(xor, 8, 1.0, 16, 600),
}
OWN = Defaults(read_csv, 12, 0.5, 16, 1000)

# The outputs that make sense for a loss, the usual one first, and the share of the step size that
# suits it: the gradient of a mean squared error is small where a sigmoid is flat, others' are not.
OUTPUTS: dict[str, tuple[tuple[str, ...], float]] = {
    "mse": (("sigmoid", "softmax", "linear", "tanh"), 1.0),
    "binary_cross_entropy": (("sigmoid",), 0.2),
    "cross_entropy": (("softmax", "linear"), 0.2),
    "hinge": (("linear", "tanh"), 0.1),
    "huber": (("sigmoid", "softmax", "linear", "tanh"), 1.0),
}
ADAPTIVE = {"rmsprop": 0.01, "adam": 0.01, "adamw": 0.01, "momentum": None, "sgd": None}


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print the line and leave with exit code 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    main = OneLineParser(
        prog="chainrule",
        description="Train a small neural network by back propagation, one scalar at a time.",
    )
    main.add_argument("--version", action="version", version=f"chainrule {__version__}")
    commands = main.add_subparsers(dest="command", required=True, parser_class=OneLineParser)
    training = commands.add_parser(
        "train",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        help="train a network on a data set and save it",
        description=TRAIN_TEXT,
    )
    add_network_options(training)
    add_training_options(training)
    predict = commands.add_parser(
        "predict",
        help="print what a trained network says about the rows of a CSV file",
        description="For every row of DATA, print the network's output for each class, and the "
        "class whose output is largest, as CSV.",
    )
    predict.add_argument("model", metavar="MODEL.json", help="a file that train wrote")
    predict.add_argument(
        "data",
        metavar="DATA.csv",
        help="rows of features as in the training data; one more column, last, is compared",
    )
    predict.add_argument("--out", metavar="FILE", help="write the CSV here, not to the screen")
    return main


TRAIN_TEXT = """\
Train the two-layer network of the textbook: n inputs, p hidden neurons, q outputs, one per class.
n and q follow from the data.

The algorithm repeats T times: draw a mini-batch of b samples, compute the network's error on them
(forward), compute the gradient of the error with respect to every weight (backward), and move every
weight a little against its gradient:  w <- w - alpha * gradient.

  alpha, the step size: too small learns slowly, too large jumps about or diverges.
  b, the batch size:    more samples give a steadier gradient, and take longer.
  T, the iterations:    how often the weights are updated.

A share of the rows is held out: the network never learns from them, so that the accuracy on them
tells how well it does on new data."""


def add_network_options(command: argparse.ArgumentParser) -> None:
    """Add the options about the data and the network."""
    group = command.add_argument_group("the data and the network")
    group.add_argument(
        "--data",
        default="iris",
        metavar="DATA",
        help=f"{', '.join(DATA)}, or a CSV file of numbers and a class (default: iris)",
    )
    group.add_argument("--target", metavar="NAME", help="CSV column with the class (default: last)")
    group.add_argument("--hidden", type=int, metavar="P", help="p, how many hidden neurons")
    usual = [*ACTIVATIONS]
    group.add_argument(
        "--activation", default="relu", choices=usual, metavar="NAME",
        help=f"of the hidden neurons: {', '.join(usual)} (default: relu)",
    )  # fmt: skip
    group.add_argument(
        "--output", choices=[*usual, "softmax"], metavar="NAME",
        help="activation of the outputs: sigmoid, softmax, linear, … (default: suits the loss)",
    )  # fmt: skip
    group.add_argument(
        "--init", default="xavier", choices=[*INITS], metavar="NAME",
        help=f"how the first weights are drawn: {', '.join(INITS)} (default: xavier)",
    )  # fmt: skip


def add_training_options(command: argparse.ArgumentParser) -> None:
    """Add the options about the training."""
    group = command.add_argument_group("the training (defaults depend on the data)")
    group.add_argument(
        "--loss", default="mse", choices=[*LOSSES], metavar="NAME",
        help=f"{', '.join(LOSSES)} (default: mse, the mean squared error)",
    )  # fmt: skip
    group.add_argument("--step-size", "--alpha", type=float, metavar="A", help="alpha")
    group.add_argument("--batch-size", "-b", type=int, metavar="B", help="b, at most all rows")
    group.add_argument("--iterations", "-T", type=int, metavar="T", help="T")
    group.add_argument(
        "--optimizer", default="sgd", choices=[*OPTIMIZERS], metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)} (default: sgd, as above)",
    )  # fmt: skip
    group.add_argument(
        "--sampling", default=SAMPLINGS[0], choices=SAMPLINGS, metavar="NAME",
        help="iteration: every mini-batch is drawn afresh from all rows; epochs: all rows are "
        "shuffled and used up before any comes again (default: iteration)",
    )  # fmt: skip
    group.add_argument(
        "--held-out", type=float, default=0.2, metavar="SHARE",
        help="share of the rows of each class to test on (default: 0.2)",
    )  # fmt: skip
    group.add_argument(
        "--seed", type=int, default=0, metavar="N",
        help="of everything random; the same seed gives the same numbers (default: 0)",
    )  # fmt: skip
    group.add_argument(
        "--compiled", action="store_true",
        help="compute on arrays, hundreds of times faster; same numbers to rounding "
        "(needs NumPy and numba)",
    )  # fmt: skip
    group.add_argument("--out", metavar="FOLDER", help="where to write (default: runs/<data>)")
    group.add_argument(
        "--quiet", "-q", action="store_true",
        help="show no progress of the training; its result and the files written are still named",
    )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        return run_train(options) if options.command == "train" else run_predict(options)
    except (ValueError, OSError, ArithmeticError, ImportError) as error:
        text = " ".join(str(error).split())
        print(f"chainrule {options.command}: {text}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"chainrule {options.command}: stopped", file=sys.stderr)
        return INTERRUPTED


def run_train(options: argparse.Namespace) -> int:
    """Train, say how it went, and write the results."""
    dataset = chosen_dataset(options)
    usual = DATA.get(options.data, OWN)
    output = output_activation(options)
    training, held_out = split(dataset, options.held_out, options.seed)
    settings = training_settings(options, usual, len(training))
    standardizer = Standardizer.fit(training.inputs)
    network = TwoLayerNetwork(
        len(dataset.feature_names), either(options.hidden, usual.hidden), len(dataset.class_names),
        options.activation, output, init=options.init, seed=settings.seed,
    )  # fmt: skip
    folder = Path(options.out or Path("runs") / dataset.name)
    folder.mkdir(parents=True, exist_ok=True)  # now: not after minutes of training
    print(introduction(dataset, network, options, settings))
    inputs = standardizer.rows(training.inputs)
    wanted = targets(training, options.loss)
    loss = LOSSES[options.loss]
    before = copy.deepcopy(network)
    history = train(
        network, inputs, wanted, loss=loss, optimizer=OPTIMIZERS[options.optimizer],
        held_out=(standardizer.rows(held_out.inputs), targets(held_out, options.loss)),
        progress=not options.quiet, **keywords(settings),
    )  # fmt: skip
    facts = facts_of(options, network, settings, history)
    model = Model(network, standardizer, dataset.feature_names, dataset.class_names, facts)
    print(conclusion(model, history, training, held_out))
    sample = FigureSample(inputs[0], wanted[0], loss)
    write_results(folder, model, history, dataset, before, sample)
    return INTERRUPTED if history.interrupted else 0


def chosen_dataset(options: argparse.Namespace) -> Dataset:
    """Return the data set that the options name."""
    if options.data in DATA:
        if options.target:
            raise ValueError("--target is for CSV files")
        return DATA[options.data].load()
    if not Path(options.data).exists():
        raise ValueError(f"--data {options.data}: no such file, and none of {', '.join(DATA)}")
    return read_csv(options.data, options.target)


def output_activation(options: argparse.Namespace) -> str:
    """Return the activation of the outputs: the one that was chosen, else the loss's usual one."""
    fitting, _ = OUTPUTS[options.loss]
    chosen: str = options.output or fitting[0]
    strict = options.loss in ("binary_cross_entropy", "cross_entropy", "hinge")
    if strict and chosen not in fitting:
        raise ValueError(f"--loss {options.loss} needs --output {' or '.join(fitting)}")
    return chosen


def training_settings(
    options: argparse.Namespace, usual: Defaults, samples: int
) -> TrainingSettings:
    """Return the settings of the training: those that were chosen, else the data set's."""
    return TrainingSettings(
        samples=samples,
        batch_size=either(options.batch_size, min(usual.batch_size, samples)),
        iterations=either(options.iterations, usual.iterations),
        step_size=either(options.step_size, usual_step_size(options, usual)),
        seed=options.seed,
        sampling=options.sampling,
        compiled=options.compiled,
    )


def either(chosen: Any, usual: Any) -> Any:
    """Return what an option says, or what is usual where it was not given."""
    return usual if chosen is None else chosen


def usual_step_size(options: argparse.Namespace, usual: Defaults) -> float:
    """Return the step size that suits the data set, the loss and the optimiser."""
    _, share = OUTPUTS[options.loss]
    step_size = ADAPTIVE[options.optimizer] or usual.step_size * share
    return step_size / 10 if options.optimizer == "momentum" else step_size


def keywords(settings: TrainingSettings) -> dict[str, Any]:
    """Return the settings as keywords of `train`, which counts the samples itself."""
    found = asdict(settings)
    del found["samples"]
    return found


def facts_of(
    options: argparse.Namespace,
    network: TwoLayerNetwork,
    settings: TrainingSettings,
    history: History,
) -> dict[str, Any]:
    """Return what the file of a model says about its training."""
    return {
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


def targets(dataset: Dataset, loss: str) -> list[list[float]]:
    """Return one-hot targets, of 0 and 1 or, for the hinge loss, of -1 and 1."""
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
    return (
        f"{dataset}\n"
        f"{settings.samples} samples to train on, {len(dataset) - settings.samples} held out\n"
        f"network: n = {n} inputs, p = {p} hidden neurons ({options.activation}), "
        f"q = {q} outputs ({network.output}), {len(network.parameters())} parameters\n"
        f"{options.optimizer} on {options.loss}: alpha = {settings.step_size:g}, "
        f"b = {settings.batch_size}, T = {settings.iterations}"
    )


def conclusion(model: Model, history: History, training: Dataset, held_out: Dataset) -> str:
    """Return what is printed after the training."""
    lines = [f"stopped by Ctrl-C after {history.iteration} iterations"] * history.interrupted
    if history.losses:
        recent = history.losses[-20:]
        lines.append(
            f"loss: {history.losses[0]:.4f} at first, {sum(recent) / len(recent):.4f} at last"
        )
    for name, part in (("training", training), ("held-out", held_out)):
        if len(part):
            right = sum(best(model.outputs(x)) == y for x, y in zip(part.inputs, part.labels))
            share = 100 * right / len(part)
            lines.append(f"{name} accuracy: {share:.1f} % ({right} of {len(part)})")
    return "\n".join(lines)


def best(outputs: Sequence[float]) -> int:
    """Return the index of the largest output."""
    return max(range(len(outputs)), key=outputs.__getitem__)


def write_results(
    folder: Path,
    model: Model,
    history: History,
    dataset: Dataset,
    before: Any,
    sample: FigureSample,
) -> None:
    """Write the model, the history and the pictures, and say what is where."""
    save_model(
        folder / "model.json", model.network, standardizer=model.standardizer,
        feature_names=model.feature_names, class_names=model.class_names, training=model.training,
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


def history_csv(history: History) -> str:
    """Return the losses and evaluations, a line per iteration."""
    evaluations = {found.iteration: found for found in history.evaluations}
    rows: list[list[Any]] = [["iteration", "loss", "held_out_loss", "held_out_accuracy"]]
    for t, loss in enumerate(history.losses, start=1):
        found = evaluations.get(t)
        rows.append([t, loss, *(found[1:] if found else ("", ""))])
    return csv_text(rows)


def csv_text(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def run_predict(options: argparse.Namespace) -> int:
    """Print or write the network's outputs and the class for every row."""
    model = load_model(options.model)
    q = model.network.sizes[-1]
    names = model.class_names or [str(k) for k in range(max(q, 2))]
    rows, labels = rows_for(model, options.data)
    outputs = [probabilities(model, row) for row in rows]
    found = [names[best(row)] for row in outputs]
    text = csv_text([[*names, "class"], *([*row, name] for row, name in zip(outputs, found))])
    if options.out:
        write_file(options.out, text)
        print(f"wrote {options.out}: {len(found)} rows")
    else:
        sys.stdout.write(text)
    if labels:
        right = sum(a == b for a, b in zip(found, labels))
        print(f"{right} of {len(found)} as in the last column of the file", file=sys.stderr)
    return 0


def probabilities(model: Model, row: Sequence[float]) -> list[float]:
    """Return an output per class: of one sigmoid two, of logits their softmax."""
    outputs = model.outputs(row)
    if len(outputs) == 1:
        return [1.0 - outputs[0], outputs[0]]
    if model.training.get("loss") == "cross_entropy" and model.network.output == "linear":
        return list(softmax(outputs))
    return outputs


def rows_for(model: Model, path: str) -> tuple[list[list[float]], list[str]]:
    """Return the features that the model takes from a CSV file, and the labels if it has them.

    Columns are found by the names of the features where the file has them all, else by position.
    """
    n, wanted = model.network.sizes[0], model.feature_names or []
    table = read_table(path, target=n)
    names, width = table.header or [], len(table.rows[0][1]) if table.rows else n
    if wanted and all(wanted.count(name) == names.count(name) == 1 for name in wanted):
        columns = [names.index(name) for name in wanted]
    elif width in (n, n + 1):
        columns = list(range(n))
    else:
        raise ValueError(f"{path}: {width} columns, but the network has {n} inputs")
    return numbers_of(table, columns), labels_in(table, columns, model)


def labels_in(table: Table, columns: Sequence[int], model: Model) -> list[str]:
    """Return the last column where it is not a feature and names classes of the model only."""
    last = [cells[-1].strip() for _, cells in table.rows]
    left = bool(last) and len(table.rows[0][1]) - 1 not in columns
    return last if left and set(last) <= set(model.class_names or ()) else []
