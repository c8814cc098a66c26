"""The options of the command line: what they are called, what they mean, what suits them.

>>> parser().parse_args(["train", "--data", "own.csv", "--drop", "id", "note"]).drop
['id', 'note']
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple, NoReturn, TypeAlias

from autograd import __version__
from nn.columns.choices import Choice
from nn.columns.schema import MISSING_RULES, TASKS
from nn.data import Dataset, circles, load_digits, load_iris, moons, read_csv, spirals, xor
from nn.layers import ACTIVATIONS, INITS
from nn.losses import LOSSES
from nn.optim import OPTIMIZERS
from nn.schedules import SCHEDULES
from nn.settings import SAMPLINGS
from nn.tables.reading import Layout


class Defaults(NamedTuple):
    """What is used for a data set where no option says else."""

    load: Callable[..., Dataset]
    hidden: int
    step_size: float
    batch_size: int
    iterations: int


# Step sizes of SGD on the mean squared error; chosen on 20 seeds.
Commands: TypeAlias = "argparse._SubParsersAction[OneLineParser]"
DATA = {
    "iris": Defaults(load_iris, 8, 0.5, 32, 600),
    "digits": Defaults(load_digits, 32, 1.0, 16, 500),
    "moons": Defaults(moons, 12, 1.0, 16, 600),
    "circles": Defaults(circles, 12, 1.0, 16, 600),
    "xor": Defaults(xor, 8, 1.0, 16, 600),
    "spirals": Defaults(spirals, 16, 1.0, 16, 3000),
}
OWN = Defaults(read_csv, 12, 0.5, 16, 1000)
QUANTITY = Defaults(read_csv, 12, 0.02, 16, 1000)


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print the line and leave with exit code 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


# A line or two for each option: the formatter would give every argument a line of its own.
# fmt: off
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
    add_refinement_options(training)
    add_running_options(training)
    training.add_argument(
        "--out", metavar="FOLDER", help="where to write (default: runs/<data>, or runs/<data>-2, "
        "... where another file of that name has been)",
    )
    add_resume(commands)
    add_predict(commands)
    add_evaluate(commands)
    add_draw(commands)
    add_export(commands)
    add_playground(commands)
    return main


def add_predict(commands: Commands) -> None:
    """Add the command that says what a model finds for new rows."""
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
    add_json_option(predict)


def add_evaluate(commands: Commands) -> None:
    """Add the command that says how well a model does."""
    evaluate = commands.add_parser(
        "evaluate",
        help="report how well a trained network does on rows whose class or quantity is known",
        description="For classes: the accuracy beside the share of the largest class, the recall "
        "of each class, the confusion matrix. For a quantity: R² and the root of the mean squared "
        "error.",
    )
    evaluate.add_argument("model", metavar="MODEL.json", help="a file that train wrote")
    evaluate.add_argument(
        "data", metavar="DATA",
        help=f"a file with the columns of the training, by name, and the target; or "
        f"{', '.join(DATA)}",
    )
    evaluate.add_argument(
        "--target", metavar="COLUMN",
        help="the column of what is true, if it has another name or number than in the training",
    )
    add_layout_options(evaluate)
    evaluate.add_argument(
        "--out", metavar="FOLDER", help="draw the confusion matrix into it, as svg and png"
    )
    add_json_option(evaluate)


def add_draw(commands: Commands) -> None:
    """Add the command that draws a model."""
    draw = commands.add_parser(
        "draw",
        help="draw a trained network, or the backward flow of a row",
        description="Without DATA, the network with its weights (Figure 3.4 of the textbook). With "
        "DATA, the flow of the error of one of its rows back through the network (Figure 3.5).",
    )
    draw.add_argument("model", metavar="MODEL.json", help="a file that train wrote")
    draw.add_argument(
        "data", metavar="DATA", nargs="?", help="as for evaluate: the row has to have its target"
    )
    draw.add_argument(
        "--row", type=int, metavar="N",
        help="which row, from 1 (default: 1); without DATA, of what the model was trained on",
    )
    draw.add_argument(
        "--target", metavar="COLUMN", help="the column of what is true, as for evaluate"
    )
    add_layout_options(draw)
    draw.add_argument(
        "--out", metavar="FILE",
        help="ends in .svg, .png, .pdf or .dot (default: network.svg or backward.svg)",
    )
    add_json_option(draw)


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
    )
    group.add_argument(
        "--output", choices=[*usual, "softmax"], metavar="NAME",
        help="activation of the outputs: sigmoid, softmax, linear, ... (default: suits the loss)",
    )
    group.add_argument(
        "--init", default="xavier", choices=[*INITS], metavar="NAME",
        help=f"how the first weights are drawn: {', '.join(INITS)} (default: xavier)",
    )


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
    )
    group.add_argument(
        "--missing", choices=MISSING_RULES, default=MISSING_RULES[0],
        help="cells without a value: stop, drop their rows, or put the mean of the column there "
        "(default: error)",
    )
    group.add_argument(
        "--missing-indicator", action="store_true",
        help="with --missing mean: one more input tells where a cell was missing",
    )


def add_training_options(command: argparse.ArgumentParser) -> None:
    """Add the options about the training."""
    group = command.add_argument_group("the training (defaults depend on the data)")
    group.add_argument(
        "--loss", default="mse", choices=[*LOSSES], metavar="NAME",
        help=f"{', '.join(LOSSES)} (default: mse, the mean squared error)",
    )
    group.add_argument(
        "--class-weight", choices=["none", "balanced"], default="none",
        help="balanced: the loss of a sample counts by how rare its class is (default: none)",
    )
    group.add_argument("--step-size", "--alpha", type=float, metavar="A", help="alpha")
    group.add_argument("--batch-size", "-b", type=int, metavar="B", help="b, at most all rows")
    group.add_argument("--iterations", "-T", type=int, metavar="T", help="T")
    group.add_argument(
        "--optimizer", default="sgd", choices=[*OPTIMIZERS], metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)} (default: sgd, as above)",
    )
    group.add_argument(
        "--sampling", default=SAMPLINGS[0], choices=SAMPLINGS, metavar="NAME",
        help="iteration: every mini-batch is drawn afresh from all rows; epochs: all rows are "
        "shuffled and used up before any comes again (default: iteration)",
    )
    group.add_argument(
        "--held-out", type=float, default=0.2, metavar="SHARE",
        help="share of the rows, of each class, to test on (default: 0.2)",
    )
    group.add_argument(
        "--seed", type=int, default=0, metavar="N",
        help="of everything random; the same seed gives the same numbers (default: 0)",
    )


def add_refinement_options(command: argparse.ArgumentParser) -> None:
    """Add the options that the algorithm of the textbook does without."""
    group = command.add_argument_group("beyond the textbook's algorithm (not used unless said)")
    group.add_argument(
        "--schedule", choices=[*SCHEDULES], metavar="NAME",
        help="of alpha: step (a tenth after each third of T), cosine or linear (down to 0 at T)",
    )
    group.add_argument(
        "--warm-up", type=int, default=0, metavar="N",
        help="iterations in which alpha grows, before the schedule",
    )
    group.add_argument("--momentum", type=float, metavar="M",
                       help="of sgd, momentum, nesterov: such as 0.9")
    group.add_argument("--weight-decay", type=float, metavar="A",
                       help="shrinks weights, not biases: such as 0.0001")
    group.add_argument("--l1", type=float, metavar="A",
                       help="pulls weights, not biases, to 0: such as 0.0001")
    group.add_argument("--clip-norm", type=float, metavar="X",
                       help="the most that the norm of all gradients may be")
    group.add_argument("--clip-value", type=float, metavar="X",
                       help="the most that each gradient may be")
    group.add_argument("--dropout", type=float, default=0.0, metavar="SHARE",
                       help="share of hidden neurons left out, drawn for each sample")
    group.add_argument(
        "--validation", type=float, default=0.0, metavar="SHARE",
        help="share of the training rows that is set aside; in the end the network gets the "
        "weights that were best there",
    )
    group.add_argument(
        "--patience", type=int, metavar="N",
        help="with --validation: stop after N evaluations (of 20) without a better one",
    )


def add_running_options(command: argparse.ArgumentParser) -> None:
    """Add the options about how a training runs, of which no result depends but by rounding."""
    group = command.add_argument_group("how it runs")
    group.add_argument(
        "--compiled", nargs="?", const="yes", default="auto", choices=["auto", "yes", "no"],
        help="compute on arrays, hundreds of times faster; same numbers to rounding (needs the "
        "extra compile). auto: where that is installed and a training would take more than some "
        "ten seconds (default: auto)",
    )
    group.add_argument(
        "--checkpoint", default="60s", metavar="N|Ns|no",
        help="write the state of the training every N iterations or N seconds, for  chainrule "
        "resume  (default: 60s)",
    )
    add_output_options(group)


def add_output_options(group: argparse._ActionsContainer) -> None:
    """Add the options about what is printed."""
    group.add_argument(
        "--quiet", "-q", action="store_true",
        help="show no progress of the training; its result and the files written are still named",
    )
    add_json_option(group)


def add_json_option(group: argparse._ActionsContainer) -> None:
    """Add the option that prints for programs."""
    group.add_argument(
        "--json", action="store_true",
        help="print the result as one JSON object; all else goes to stderr",
    )


def add_resume(commands: Commands) -> None:
    """Add the command that goes on with a training."""
    resume = commands.add_parser(
        "resume",
        help="go on with a training that was stopped",
        description="Go on with a training from the last checkpoint in its folder: bit for bit as "
        "if it had never been stopped, with all the options that it was begun with.",
    )
    resume.add_argument("folder", metavar="FOLDER", help="where train wrote, such as runs/iris")
    resume.add_argument(
        "--iterations", "-T", type=int, metavar="T",
        help="T in all, those done included (default: as it was begun)",
    )
    resume.add_argument("--step-size", "--alpha", type=float, metavar="A",
                        help="alpha from here on (default: as it was)")
    resume.add_argument("--checkpoint", metavar="N|Ns|no",
                        help="as for train (default: as it was)")
    add_output_options(resume)


def add_export(commands: Commands) -> None:
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
    )
    add_json_option(export)


def add_playground(commands: Commands) -> None:
    """Add the command that writes a page in which a network learns."""
    page = commands.add_parser(
        "playground",
        help="write a page in which a network learns while one watches, and every weight tells its "
        "gradient",
        description="Write one HTML file that needs neither a network nor chainrule. In it, a "
        "network with one hidden layer learns to tell two classes apart; all settings can be "
        "changed there, and these options are what it starts with.",
    )
    page.add_argument(
        "--out", metavar="FILE", default="playground.html",
        help="where to write (default: playground.html)",
    )
    page.add_argument(
        "--data", metavar="DATA", default="moons",
        help="moons, circles, xor, spirals, or a CSV file of two columns of numbers and a class "
        "(default: moons)",
    )
    page.add_argument("--noise", type=float, metavar="S", help="of the points (default: 0.1)")
    page.add_argument("--count", type=int, metavar="N", help="how many points (default: 200)")
    page.add_argument("--held-out", type=float, metavar="SHARE", help="as for train (default: 0.2)")
    page.add_argument("--hidden", type=int, metavar="P", help="p, 1 to 16 (default: 8)")
    page.add_argument(
        "--activation", choices=[*ACTIVATIONS], metavar="NAME", help="as for train (default: relu)"
    )
    page.add_argument(
        "--loss", choices=[*LOSSES], metavar="NAME",
        help="mse, binary_cross_entropy, cross_entropy or hinge (default: mse)",
    )
    page.add_argument("--step-size", "--alpha", type=float, metavar="A", help="alpha (default: 1)")
    page.add_argument(
        "--batch-size", "-b", type=int, metavar="B",
        help="b (default: 10, or all samples where there are fewer)",
    )
    page.add_argument("--seed", type=int, metavar="N", help="as for train (default: 0)")
    page.add_argument(
        "--hide", nargs="+", action="extend", metavar="NAME",
        help="settings and parts that the page does not show, such as: loss alpha seed weights",
    )
    add_json_option(page)


def layout_of(options: argparse.Namespace) -> Layout:
    """Return what the options say about how a file is written."""
    header = None if options.header is None else options.header == "yes"
    return Layout(options.sep, options.decimal, options.encoding, header, options.skip)


def choice_of(options: argparse.Namespace) -> Choice:
    """Return what the options say about the columns of a file."""
    return Choice(
        options.target, options.drop or (), options.columns, options.categorical or (),
        options.task, options.missing, options.missing_indicator,
    )
# fmt: on
