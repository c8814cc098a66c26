"""The options of the command line: what they are called, what they mean, what suits them.

>>> parser().parse_args(["train", "--data", "own.csv", "--drop", "id", "note"]).drop
['id', 'note']
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from autograd import __version__
from nn.columns.choices import Choice
from nn.columns.schema import MISSING_RULES, TASKS
from nn.data import Dataset, circles, load_digits, load_iris, moons, read_csv, xor
from nn.layers import ACTIVATIONS, INITS
from nn.losses import LOSSES
from nn.optim import OPTIMIZERS
from nn.settings import SAMPLINGS, TrainingSettings, count
from nn.tables.reading import Layout


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
QUANTITY = Defaults(read_csv, 12, 0.02, 16, 1000)

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
    add_layout_options(training)
    add_column_options(training)
    add_training_options(training)
    predict = commands.add_parser(
        "predict",
        help="print what a trained network says about the rows of a CSV file",
        description="For every row of DATA, print the network's output for each class, and the "
        "class whose output is largest, as CSV; or the quantity that is expected.",
    )
    predict.add_argument("model", metavar="MODEL.json", help="a file that train wrote")
    predict.add_argument(
        "data",
        metavar="DATA.csv",
        help="rows with the columns of the training, found by their names, in any order; a column "
        "of the target is compared",
    )
    add_layout_options(predict)
    predict.add_argument("--out", metavar="FILE", help="write the CSV here, not to the screen")
    add_export(commands)
    return main


TRAIN_TEXT = """\
Train the two-layer network of the textbook: n inputs, p hidden neurons, q outputs, one per class,
or a single one for a quantity. n and q follow from the data. Of a file, all that is not said is
guessed, and each guess is printed with the option that changes it.

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
        help=f"{', '.join(DATA)}, or a file: a table of numbers, texts and a class or quantity "
        "(default: iris)",
    )
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


def add_layout_options(command: argparse.ArgumentParser) -> None:
    """Add the options about how a file is written."""
    group = command.add_argument_group("how a file is written (guessed unless said)")
    group.add_argument(
        "--sep", metavar="C", help="between cells: a character such as ; or the words tab, spaces"
    )
    group.add_argument("--decimal", metavar="C", help="before the fraction: . or ,")
    group.add_argument("--encoding", metavar="NAME", help="such as utf-8, utf-16, cp1252, gbk")
    group.add_argument("--header", choices=["yes", "no"], help="does the first line have names?")
    group.add_argument(
        "--skip",
        type=int,
        default=0,
        metavar="N",
        help="lines at the top to leave out (default: 0)",
    )


def add_column_options(command: argparse.ArgumentParser) -> None:
    """Add the options about what the columns of a file are."""
    group = command.add_argument_group("the columns of a file, by name or by number from 1")
    group.add_argument("--target", metavar="COLUMN", help="what is learned (default: the last)")
    for name, text in (
        ("drop", "columns to leave out, such as an index"),
        ("columns", "the only columns to learn from (default: all)"),
        ("categorical", "columns of numbers that are names, an input for each"),
    ):
        group.add_argument(
            f"--{name}", nargs="+", action="extend", metavar="COLUMN", default=None, help=text
        )
    group.add_argument(
        "--task", choices=[*TASKS, "guess"], default="guess",
        help="classes, or a quantity (default: a quantity where the target has fractions, or more "
        "than 20 different numbers in more than 5 %% of the rows)",
    )  # fmt: skip
    group.add_argument(
        "--missing", choices=MISSING_RULES, default=MISSING_RULES[0],
        help="cells without a value: stop, drop their rows, or put the mean of the column there "
        "(default: error)",
    )  # fmt: skip
    group.add_argument(
        "--missing-indicator", action="store_true",
        help="with --missing mean: one more input tells where a cell was missing",
    )  # fmt: skip


def add_training_options(command: argparse.ArgumentParser) -> None:
    """Add the options about the training."""
    group = command.add_argument_group("the training (defaults depend on the data)")
    group.add_argument(
        "--loss", default="mse", choices=[*LOSSES], metavar="NAME",
        help=f"{', '.join(LOSSES)} (default: mse, the mean squared error)",
    )  # fmt: skip
    group.add_argument(
        "--class-weight", choices=["none", "balanced"], default="none",
        help="balanced: the loss of a sample counts by how rare its class is (default: none)",
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
        help="share of the rows, of each class, to test on (default: 0.2)",
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
    group.add_argument("--out", metavar="FOLDER", help="where to write (default: runs/<data>, or "
                       "runs/<data>-2, … where another file of that name has been)")  # fmt: skip
    group.add_argument(
        "--quiet", "-q", action="store_true",
        help="show no progress of the training; its result and the files written are still named",
    )  # fmt: skip


def check_options(options: argparse.Namespace) -> None:
    """Raise a ValueError where a number cannot be, before anything is read or made."""
    if options.hidden is not None:
        count("--hidden", options.hidden)
    if not 0.0 <= options.held_out < 1.0:
        raise ValueError(f"--held-out must be at least 0 and below 1, not {options.held_out!r}")
    batch_size = either(options.batch_size, 1)
    TrainingSettings(
        samples=max(1, batch_size),
        batch_size=batch_size,
        iterations=either(options.iterations, 1),
        step_size=options.step_size,
        seed=options.seed,
    )
    layout_of(options)
    if options.data in DATA:
        for name in ("target", "drop", "columns", "categorical", "sep", "decimal", "encoding",
                     "header"):  # fmt: skip
            if getattr(options, name) is not None:
                raise ValueError(f"--{name} is for CSV files")
    output_activation(options, "classes")


def add_export(commands: Any) -> None:
    """Add the command that writes a model as a program."""
    export = commands.add_parser(
        "export",
        help="write a trained network as one Python file that needs nothing else",
        description="Write a Python file with predict(row) and predict_file(path), which says what "
        "chainrule predict says, bit for bit. It runs with Python 3.8 or later, without chainrule.",
    )
    export.add_argument("model", metavar="MODEL.json", help="a file that train wrote")
    export.add_argument(
        "--out", metavar="FILE.py", help="where to write (default: predict_NAME.py beside the "
        "model, with the name of the data)",
    )  # fmt: skip


def layout_of(options: argparse.Namespace) -> Layout:
    """Return what the options say about how a file is written."""
    header = None if options.header is None else options.header == "yes"
    return Layout(options.sep, options.decimal, options.encoding, header, options.skip)


def choice_of(options: argparse.Namespace) -> Choice:
    """Return what the options say about the columns of a file."""
    return Choice(
        options.target, options.drop or (), options.columns, options.categorical or (),
        options.task, options.missing, options.missing_indicator,
    )  # fmt: skip


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
    return step_size / 10 if options.optimizer in ("momentum", "nesterov") else step_size
