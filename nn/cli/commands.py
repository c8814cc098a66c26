"""The commands: which there are, and how they end."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from nn.cli.drawing import run_draw
from nn.cli.evaluating import run_evaluate
from nn.cli.exits import BAD_INPUT, EXPECTED, code_of, text_of
from nn.cli.exporting import run_export
from nn.cli.options import parser
from nn.cli.output import complain, make_readable
from nn.cli.playing import run_playground
from nn.cli.predicting import run_predict
from nn.cli.resuming import run_resume
from nn.cli.training import run_train
from nn.runs import SIGNALS, Signals, stopping

COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "train": run_train,
    "resume": run_resume,
    "predict": run_predict,
    "evaluate": run_evaluate,
    "draw": run_draw,
    "export": run_export,
    "playground": run_playground,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        make_readable()
        options = parser().parse_args(arguments)
        with stopping() as signals:
            return code_after(options, signals)
    except KeyboardInterrupt as error:
        # It came before there is anything to end.
        return code_of(error)


def process() -> NoReturn:
    """Run the command line as a process of its own, whose end no signal disturbs."""
    code = main()
    for name in SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    sys.exit(code)


def code_after(options: argparse.Namespace, signals: Signals) -> int:
    """Run a command, say in a line what is wrong if something is, and return the exit code."""
    try:
        code = COMMANDS[options.command](options)
    except EXPECTED as error:
        code = code_of(error)
        with signals.shielded(last=True):
            # A signal that cut off an import looks like a package that is missing.
            told = "stopped" if signals.received and code == BAD_INPUT else text_of(error)
            # Whoever closed the pipe wants to hear nothing.
            if not isinstance(error, BrokenPipeError):
                complain(f"chainrule {options.command}: {told}")
    return signals.exit_code or code
