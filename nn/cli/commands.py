"""The commands: which there are, and how their errors are told."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from nn.cli.exporting import run_export
from nn.cli.options import parser
from nn.cli.predicting import run_predict
from nn.cli.training import INTERRUPTED, run_train

COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "train": run_train,
    "predict": run_predict,
    "export": run_export,
}
BAD_INPUT = 2  # exit code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name may have letters that a terminal has not
            stream.reconfigure(errors="backslashreplace")
    try:
        return COMMANDS[options.command](options)
    except (ValueError, OSError, ArithmeticError, ImportError) as error:
        text = " ".join(str(error).split())
        print(f"chainrule {options.command}: {text}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"chainrule {options.command}: stopped", file=sys.stderr)
        return INTERRUPTED
