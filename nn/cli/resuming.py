"""The command `resume`: go on with a training from its last checkpoint, bit for bit.

A training that was done has its results written again: it may have been stopped in between.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from nn.cli.chosen import either, interval
from nn.cli.exits import writing
from nn.cli.folders import check_folder
from nn.cli.jobs import Job, job_of
from nn.cli.keeping import Keeping, is_done
from nn.cli.locks import alone_in
from nn.cli.options import DATA, parser
from nn.cli.output import Output
from nn.cli.training import carried_out, documented
from nn.data_files import read_file
from nn.optim import in_range
from nn.runs import NAME, Checkpoint, load_checkpoint, read_checkpoint
from nn.settings import TrainingSettings, count


def run_resume(options: argparse.Namespace) -> int:
    """Go on with a training, and end as `train` would have."""
    return documented(options, resumed)


def resumed(options: argparse.Namespace, output: Output) -> int:
    """Go on with the training in a folder."""
    check_resume_options(options)
    place = Path(options.folder)
    checkpoint = found_checkpoint(place, output)
    settings = settings_for(options, checkpoint)
    begun = options_of(options, checkpoint)
    # A checkpoint of another name goes on in its folder.
    folder = place if place.is_dir() else place.parent
    with writing():
        check_folder(folder)
    path, content = found_data(begun, checkpoint)
    job = job_of(begun, settings, content)
    # What was chosen at the beginning stays; the places may have moved.
    about = checkpoint.about
    job.about = {**about, "options": {**about["options"], "checkpoint": begun.checkpoint}}
    if path:
        job.about["file"] = {**about["file"], "absolute": str(path.resolve())}
    history = checkpoint.restore(job.network)
    output.say(introduction(job, checkpoint, settings))
    checkpoints = Keeping(folder, interval(begun.checkpoint), job.about, fresh=folder != place)
    with alone_in(folder):
        return carried_out(job, output, checkpoints, history, options.step_size)


def check_resume_options(options: argparse.Namespace) -> None:
    """Raise a ValueError where a number cannot be, before anything is read."""
    if options.iterations is not None:
        count("iterations", options.iterations)
    if options.step_size is not None:
        in_range("step_size", options.step_size, above=True)
    if options.checkpoint is not None:
        interval(options.checkpoint)


def found_checkpoint(place: Path, output: Output) -> Checkpoint:
    """Return the checkpoint in a file, or the last whole one in a folder, and say which.

    Raises: ValueError: there is none, or none that `train` of the command line has written.
    """
    # A damaged checkpoint is told before the one before it is taken.
    if place.is_dir():
        try:
            read_checkpoint(place / NAME)
        except FileNotFoundError:
            pass
        except ValueError as error:
            output.note(f"{error}; looking for the checkpoint before it")
    try:
        checkpoint = load_checkpoint(place)
    except FileNotFoundError:
        raise ValueError(
            f"{place}: there is no checkpoint here; chainrule train --out {place}  begins anew"
        ) from None
    if not isinstance(checkpoint.about.get("options"), dict) or not checkpoint.history.settings:
        raise ValueError(
            f"{place}: the checkpoint of a Python program, which goes on with it by "
            f"nn.train(..., resume={str(place)!r})"
        )
    return checkpoint


def settings_for(options: argparse.Namespace, checkpoint: Checkpoint) -> TrainingSettings:
    """Return the settings of the training, with the T that is wanted now.

    Raises: ValueError: more iterations than that are done, or the schedule was for another T.
    """
    settings = checkpoint.history.settings
    if settings is None:
        raise ValueError("the checkpoint has no settings")
    # T may grow; a schedule was made for the old one.
    wanted = either(options.iterations, settings.iterations)
    done = checkpoint.history.iteration
    if wanted < done:
        raise ValueError(f"-T {wanted}: {done} iterations are done already")
    if wanted != settings.iterations and (settings.schedule or settings.warm_up):
        raise ValueError(
            f"-T {wanted}: the step size goes by a schedule for {settings.iterations} iterations"
        )
    return replace(settings, iterations=wanted)


def options_of(options: argparse.Namespace, checkpoint: Checkpoint) -> argparse.Namespace:
    """Return the options that the training was begun with, and what is said about output now.

    Options that did not exist then have their defaults.
    """
    # Defaults below, what was chosen above them, and what is asked for now on top.
    found = vars(parser().parse_args(["train"])) | checkpoint.about["options"]
    found |= {"quiet": options.quiet, "json": options.json, "command": options.command}
    found["checkpoint"] = either(options.checkpoint, found["checkpoint"])
    return argparse.Namespace(**found)


def found_data(
    begun: argparse.Namespace, checkpoint: Checkpoint
) -> tuple[Path | None, bytes | None]:
    """Return where the file of the training is, and its bytes; None for shipped data.

    Raises: ValueError: it is gone, or has changed since.
    """
    file: Any = checkpoint.about.get("file")
    if begun.data in DATA and file is None:
        return None, None
    if not isinstance(file, dict) or not {"absolute", "sha256"} <= set(file):
        raise ValueError(f"the checkpoint does not say which file {begun.data} was")
    # The folder may have been moved with the file in it.
    places = [Path(file["absolute"]), Path(begun.data)]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise ValueError(f"{places[0]}: the file of the training is gone; put it back to go on")
    content = read_file(path)
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        raise ValueError(
            f"{path}: the file has changed since the training began; put back what it was, or "
            "begin anew, by chainrule train with the options of the beginning"
        )
    return path, content


def introduction(job: Job, checkpoint: Checkpoint, settings: TrainingSettings) -> str:
    """Return what is printed before the training goes on."""
    t = checkpoint.history.iteration
    lines = [str(job.dataset)]
    if is_done(checkpoint) and t == settings.iterations:
        lines.append(f"the training was done after {t} iterations; its results are written again")
    elif checkpoint.done and checkpoint.history.best:
        lines.append(f"the training had stopped early, after {t} of {settings.iterations}")
    else:
        how = "compiled" if settings.compiled else "graph by graph"
        lines.append(f"going on after iteration {t} of {settings.iterations}, {how}")
    return "\n".join(lines)
