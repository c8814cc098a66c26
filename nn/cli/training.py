"""The command `train`: read a table, train the two-layer network on it, write the results.

Whatever ends it (Ctrl-C, a signal, a closed pipe, divergence, a full disk), the weights of the last
whole iteration are saved before anything else is done.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nn.cli.chosen import check_options, interval, loss_of, optimizer_of
from nn.cli.exits import (
    CLOSED_PIPE,
    DONE,
    EXPECTED,
    INTERRUPTED,
    CannotWrite,
    Diverged,
    code_of,
    text_of,
    writing,
)
from nn.cli.folders import check_folder, check_own, folder_for
from nn.cli.jobs import Job, introduction, job_of
from nn.cli.keeping import Keeping, about_unfinished
from nn.cli.locks import alone_in
from nn.cli.output import Output
from nn.cli.results import content_of, save, say_reports, say_results, say_saved
from nn.history import History
from nn.runs import Signals, Stopped, stopping
from nn.train import train


def run_train(options: argparse.Namespace) -> int:
    """Train, say how it went, and write the results."""
    return documented(options, fresh)


def documented(
    options: argparse.Namespace, run: Callable[[argparse.Namespace, Output], int]
) -> int:
    """Run a command, and print its JSON where that is asked for, however it ends."""
    output = Output(options.json)
    # The document is printed whatever happens: who asked for JSON gets JSON.
    start = time.monotonic()
    with stopping() as signals:
        code = 0
        problem = ""
        try:
            code = run(options, output)
        except EXPECTED as error:
            code = code_of(error)
            problem = text_of(error)
            raise
        finally:
            with signals.shielded(last=True):
                output.document(
                    {
                        "format": f"chainrule {options.command}",
                        "version": 1,
                        "exit_code": signals.exit_code or code,
                        "error": problem,
                        **output.content,
                        "files": output.files,
                        "notes": output.notes,
                        "seconds": round(time.monotonic() - start, 3),
                    }
                )
    return code


def fresh(options: argparse.Namespace, output: Output) -> int:
    """Train from the beginning."""
    check_options(options)
    job = job_of(options)
    folder = Path(options.out) if options.out else folder_for(job.dataset.name, options.data)
    with writing():
        # Now: not after minutes of training.
        check_folder(folder)
    # What is refused or told is so before the first iteration, while there is time to stop.
    check_own(folder)
    output.notes += job.dataset.notes
    output.say(introduction(job))
    note = about_unfinished(folder)
    if note:
        output.note(note)
    if options.held_out and not len(job.held_out):
        output.note("no row is held out: there are too few of each class (--held-out)")
    checkpoints = Keeping(folder, interval(options.checkpoint), job.about)
    with alone_in(folder):
        return carried_out(job, output, checkpoints)


# Why a training ended where no signal came.
STOPPED = {"": DONE, "Ctrl-C": INTERRUPTED, "a closed pipe": CLOSED_PIPE}


class Ending(NamedTuple):
    """How a training ended: its history, and the error that ended it, if one did."""

    history: History
    error: Exception | None = None


def carried_out(
    job: Job,
    output: Output,
    checkpoints: Keeping,
    resume: History | None = None,
    step_size: float | None = None,
) -> int:
    """Train, save, and say how it went; return the exit code.

    Args: resume: the history to go on with; step_size: from there on.
    """
    with stopping() as signals:
        checkpoints.signals = signals
        try:
            ending = ended(job, checkpoints, resume, step_size)
            saved(job, output, checkpoints, ending, signals)
        except Stopped:
            # Before it began, or just when it was over: there is no second one.
            if checkpoints.shown is None:
                raise
            ending = Ending(checkpoints.shown)
            ending.history.interrupted = True
            ending.history.stopped_by = signals.name
            saved(job, output, checkpoints, ending, signals)
        # The next one cuts off what is only said and drawn.
        signals.go_on()
        return said(job, output, checkpoints.folder, ending, signals)


def ended(
    job: Job, checkpoints: Keeping, resume: History | None, step_size: float | None
) -> Ending:
    """Train until it ends, in whatever way."""
    keywords = job.keywords()
    if resume:
        keywords["step_size"] = step_size
    try:
        history = train(
            job.network, *job.samples(job.training), loss=loss_of(job.options, job.training),
            optimizer=optimizer_of(job.options, job.network), held_out=job.samples(job.held_out),
            progress=not job.options.quiet, checkpoint=checkpoints, resume=resume, **keywords,
        )  # fmt: skip
    except (FloatingPointError, OSError) as error:
        if not hasattr(error, "history"):
            raise
        return Ending(error.history, error)
    return Ending(history)


def saved(job: Job, output: Output, checkpoints: Keeping, ending: Ending, signals: Signals) -> None:
    """Save model and history, if there is an iteration, in peace from signals.

    Raises: CannotWrite: what was learned is told then, at least.
    """
    history = ending.history
    with signals.shielded(last=True):
        # Nothing was learned, so whatever the folder has is better.
        if not history.iteration:
            return
        try:
            save(checkpoints.folder, job.model(history), history)
        except CannotWrite:
            output.content |= content_of(job, history)
            say_reports(output, job, job.model(history), history)
            raise


def said(job: Job, output: Output, folder: Path, ending: Ending, signals: Signals) -> int:
    """Say how a training went, draw the pictures, and return the exit code.

    Raises: Diverged, CannotWrite: that is how it ended.
    """
    history = ending.history
    # It came while that was saved.
    if signals.received and not history.interrupted:
        history.interrupted = True
        history.stopped_by = signals.name
    # A signal says more than how the training took it.
    code = signals.exit_code or STOPPED.get(history.stopped_by, INTERRUPTED)
    output.content |= content_of(job, history)
    if not history.iteration:
        if ending.error:
            raise ending_error(ending.error, "nothing was learned before")
        output.say("stopped before the first iteration: there is nothing to save")
    elif history.stopped_by in ("", "Ctrl-C") and not ending.error:
        say_results(output, folder, job, job.model(history), history)
    else:
        by = f"by {history.stopped_by} " if history.stopped_by else ""
        output.say(f"stopped {by}after {history.iteration} iterations")
        say_saved(output, folder)
        if ending.error:
            raise ending_error(ending.error, f"to go on:  chainrule resume {folder} --step-size A")
        output.say(f"to go on:  chainrule resume {folder}")
    return code


def ending_error(error: Exception, advice: str) -> Exception:
    """Return the error that says how a training ended."""
    return Diverged(f"{error}; {advice}") if isinstance(error, FloatingPointError) else error
