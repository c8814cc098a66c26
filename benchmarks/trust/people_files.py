"""Files that nobody here wrote: what `chainrule train --data FILE --target COLUMN` makes of each.

    python -m benchmarks files sklearn statsmodels pydataset

takes every CSV file below 5 MB that the packages named ship (also inside archives), none left out.
The target is the last column that pandas finds to have two different values or more and, where it
is of texts, few enough to be classes. Where the command refuses, the option that its message names
is given and it is run again; the table says what had to be given. *Differs* is where pandas' plain
`read_csv` finds other rows, features or classes than those that were trained on.

Needs pandas and scikit-learn, llvmlite for `--compiled`, and the packages whose files are tried.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import re
import shlex
import shutil
import statistics
import tarfile
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import nn.cli as cli
from nn.cli import results
from nn.columns.schema import Schema
from nn.data import Dataset

MOST_BYTES = 5 * 10**6
MOST_ROWS_SEEN = 200_000  # by scikit-learn, whose 200 epochs of a large file take minutes
FAR = 5.0  # points of accuracy, or hundredths of R²
MOST_TRIES = 12  # options given to one file, one after the other
HINTS = (
    r"missing mean|missing drop|skip \d+|sep \S+|task \w+|decimal \S+",
    r"(?:drop|categorical) .+?(?=\)|;|,|$)",
)
OPTION = re.compile(f"--({'|'.join(HINTS)})")


# What somebody who looks at these files tells pandas, whose plain reading of them is wrong.
LOOKED_AT: dict[str, dict[str, Any]] = {
    "breast_cancer.csv": {"skiprows": 1, "header": None},
    "iris.csv": {"skiprows": 1, "header": None},
    "wine_data.csv": {"skiprows": 1, "header": None},
    "digits.csv.gz": {"header": None},
    "diabetes_data_raw.csv.gz": {"sep": r"\s+", "header": None},
    "diabetes_target.csv.gz": {"header": None},
    "linnerud_exercise.csv": {"sep": r"\s+"},
    "linnerud_physiological.csv": {"sep": r"\s+"},
}


@dataclass
class Outcome:
    """What happened to one file."""

    name: str
    happened: str
    target: str = ""
    given: list[str] = field(default_factory=list)
    score: str = ""
    rival: str = ""
    differs: str = ""
    seconds: float = 0.0
    rival_seconds: float = 0.0  # of its training alone

    @property
    def ahead(self) -> float | None:
        """By how many points, of 100, the score is above scikit-learn's; None without both.

        A score below 0, of an R², counts as 0: neither has learned anything then.
        """
        both = [re.search(r"-?[\d.]+(?:e[-+]?\d+)?", text) for text in (self.score, self.rival)]
        if not all(both):
            return None
        scale = 100.0 if "R²" in self.score else 1.0
        ours, theirs = (max(0.0, scale * float(found[0])) for found in both if found)
        return ours - theirs

    def row(self) -> str:
        """Return the line of a table in Markdown."""
        cells = [self.name, self.target, self.happened, " ".join(self.given), self.score,
                 self.rival, self.differs, f"{self.seconds:.1f}",
                 f"{self.rival_seconds:.1f}"]  # fmt: skip
        return "| " + " | ".join(cell.replace("|", "¦") for cell in cells) + " |"


def files_of(package: str, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Yield the names and paths of the CSV files of a package or folder; archives are unpacked."""
    spec = None if Path(package).exists() else importlib.util.find_spec(package)
    root = Path(package) if spec is None else Path((spec.submodule_search_locations or [""])[0])
    for path in sorted(root.rglob("*")):
        if path.name.startswith("._"):  # what a Mac puts beside each file
            continue
        if path.name.endswith((".csv", ".csv.gz", ".data")) and path.stat().st_size < MOST_BYTES:
            yield f"{root.name}/{path.relative_to(root)}", path
        if path.name.endswith((".tar.gz", ".tgz")):
            folder = scratch / f"{root.name}-{path.name}"
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
            yield from files_of(str(folder), scratch)


def as_a_person_reads(name: str, path: Path, pandas: Any) -> Any:
    """Return the frame of a file: pandas' plain reading, or that of somebody who looked at it."""
    known = LOOKED_AT.get(path.name, {}) if name.startswith("sklearn/") else {}
    frame = pandas.read_csv(path, **{"low_memory": False, **known})
    names = [str(name) for name in frame.columns]
    if len(names) == 1 and len(names[0].split()) > 1 and not known:
        known = {"sep": r"\s+"}
        frame = pandas.read_csv(path, **known)
        names = [str(name) for name in frame.columns]
    if "header" not in known and all(map(is_number, names)):
        frame = pandas.read_csv(path, **{**known, "header": None})
    return frame


def is_number(name: str) -> bool:
    """Tell whether the name of a column is a number, as the first row of a file without names has.

    Of two equal ones pandas makes 1.5 and 1.5.1.
    """
    number = r" *nan| *[-+]?[\d.]+(e[-+]?\d+)?(\.\d+)?"
    return re.fullmatch(number, name, re.IGNORECASE) is not None


def usable_target(frame: Any) -> Any:
    """Return the last column that could be learned, or None."""
    if frame.shape[1] < 2:
        return None
    for name in reversed(frame.columns):
        column = frame[name].dropna()
        many = max(20, len(column) // 2)
        texts = column.dtype.kind not in "iufb"
        if len(column) >= 10 and column.nunique() > 1 and not (texts and column.nunique() > many):
            return name
    return None


def tried(name: str, path: Path, pandas: Any, options: list[str]) -> Outcome:
    """Return what happens to a file."""
    try:
        frame = as_a_person_reads(name, path, pandas)
    except Exception as error:  # what pandas cannot read may be read all the same
        frame = None
        unread = f"pandas: {error!r:.60}"
    target = None if frame is None else usable_target(frame)
    if frame is not None and target is None:
        return Outcome(name, "no usable target")
    found = Outcome(name, "", target="" if frame is None else str(target))
    began = time.perf_counter()
    code, said, dataset = followed(path, found, frame, options)
    found.seconds = time.perf_counter() - began
    if code or dataset is None:
        found.happened = "refused: " + said.strip().partition(f"{path}")[2].lstrip(":, ")[:150]
        return found
    found.happened = "trained"
    held_out = re.search(r"held-out (?:accuracy|R²): (\S+)", said)
    found.score = ("R² " if "R²" in said else "") + (held_out[1] if held_out else "").rstrip(",")
    if dataset.task == "classes":
        found.score += " %"
    if "-T" not in options:
        began = time.perf_counter()
        found.rival = rival_score(dataset)
        found.rival_seconds = time.perf_counter() - began
    found.differs = unread if frame is None else differences(dataset, frame, target)
    return found


def followed(
    path: Path, found: Outcome, frame: Any, options: list[str]
) -> tuple[int, str, Dataset | None]:
    """Run the command, giving the option that a refusal names, until it trains or none helps."""
    which = [] if frame is None else ["--target", place_of(frame, found.target)]
    for _ in range(MOST_TRIES):
        code, said, dataset = run(["train", "--data", str(path), *which, *options, *found.given])
        if not code:
            return code, said, dataset
        hint = OPTION.search(said.replace(str(path), ""))
        option = hint and shlex.split(f"--{hint[1]}") if hint else []
        if hint and hint[1].startswith(("drop", "categorical")):
            word, _, column = hint[1].partition(" ")
            option = [f"--{word}", column.strip()]
        if not option or option == found.given[-len(option) :]:
            break
        found.given += option
    return code, said, None


def place_of(frame: Any, target: str) -> str:
    """Return the target as the command takes it: by its name, or its number where there are two."""
    names = [str(name) for name in frame.columns]
    named = isinstance(frame.columns[0], str) and not re.search(r"\.\d+$|^Unnamed: ", target)
    return target.strip() if named else str(names.index(target) + 1)


def run(arguments: list[str]) -> tuple[int, str, Dataset | None]:
    """Run the command line in a folder of its own; return its code, what it said and its data."""
    kept: list[Dataset] = []

    def keep(*given: Any) -> list[Any]:
        kept.append(given[3])
        return []

    text = io.StringIO()
    folder = tempfile.mkdtemp()
    try:
        with (
            contextlib.redirect_stdout(text),
            contextlib.redirect_stderr(text),
            mock.patch.object(results, "write_pictures", keep),
        ):
            code = cli.main([*arguments, "--quiet", "--out", folder])
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        shutil.rmtree(folder)
    return code, text.getvalue(), kept[0] if kept else None


def differences(dataset: Dataset, frame: Any, target: Any) -> str:
    """Return where pandas finds other rows, features or classes."""
    schema = dataset.schema
    assert schema is not None
    assert schema.target is not None
    found = []
    frame = frame[frame[target].notna()]  # the others are left out, with a note
    rows = len(frame)
    if len(dataset) != rows:
        found.append(f"{len(dataset)} rows, pandas {rows}")
    told = any("a name less than the rows" in note for note in dataset.notes)
    if schema.width != frame.shape[1] + told:
        found.append(f"{schema.width} columns, pandas {frame.shape[1]}")
    else:
        found += kinds_that_differ(schema, frame)
    values = frame[target].dropna()
    if dataset.task == "classes" and len(dataset.class_names) != values.nunique():
        found.append(f"{len(dataset.class_names)} classes, pandas {values.nunique()}")
    if dataset.task == "quantity" and values.dtype.kind not in "iuf":
        found.append("a quantity, pandas texts")
    return "; ".join(found)


def kinds_that_differ(schema: Schema, frame: Any) -> list[str]:
    """Return the columns that are numbers here and texts in pandas, or the other way."""
    found = []
    shift = schema.width - frame.shape[1]  # where pandas makes an index of the first column
    for column in schema.columns:
        if column.place < shift:
            continue
        values = frame.iloc[:, column.place - shift]
        if (column.categories is None) != (values.dtype.kind in "iuf"):
            kind = "a category" if column.categories is not None else "a number"
            found.append(f"{column.name} is {kind}, pandas {values.dtype}")
        elif column.categories is not None:
            count = values.dropna().astype(str).str.strip().nunique()
            if count != len(column.categories):
                found.append(f"{column.name}: {len(column.categories)} texts, pandas {count}")
    return found[:3]


def rival_score(dataset: Dataset) -> str:
    """Return the held-out score of scikit-learn's network of the same shape, on the same rows."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    from nn.data import Standardizer, filled, split

    training, held_out = split(dataset, 0.2, 0)
    if not len(held_out):
        return ""
    training, held_out = filled(training), filled(held_out, training)
    scale = Standardizer.fit(training.inputs, dataset.schema.flags if dataset.schema else ())
    kind = MLPClassifier if dataset.task == "classes" else MLPRegressor
    wanted, truth = (
        (training.labels, held_out.labels)
        if dataset.task == "classes"
        else ([y for (y,) in training.targets], [y for (y,) in held_out.targets])
    )
    epochs = max(1, min(200, MOST_ROWS_SEEN // len(training)))  # 200 are scikit-learn's own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rival = kind(hidden_layer_sizes=(12,), random_state=0, max_iter=epochs).fit(
            scale.rows(training.inputs), wanted
        )
        score = rival.score(scale.rows(held_out.inputs), truth)
    return f"{100 * score:.1f} %" if dataset.task == "classes" else f"R² {score:.3f}"


def main(argv: list[str]) -> int:
    """Print the table and its counts."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks files", description=__doc__)
    asked.add_argument("packages", nargs="+", help="installed packages, or folders")
    asked.add_argument("--only", default="", help="files whose name contains this")
    asked.add_argument(
        "--quick", action="store_true", help="read and train for two iterations only"
    )
    options = asked.parse_args(argv)
    import pandas

    quick = ["-T", "2", "--compiled"] if options.quick else ["--compiled"]
    print(
        "| file | target | what happened | given | held out | scikit-learn | differs | s | its s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    outcomes = []
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for package in options.packages:
            for name, path in files_of(package, Path(scratch)):
                if options.only in name:
                    outcomes.append(tried(name, path, pandas, quick))
                    print(outcomes[-1].row(), flush=True)
    print(summary(outcomes))
    return 0


def summary(outcomes: list[Outcome]) -> str:
    """Return the counts."""
    usable = [found for found in outcomes if found.happened != "no usable target"]
    trained = [found for found in usable if found.happened == "trained"]
    alone = [found for found in trained if not found.given]
    reasons = Counter(found.given[0] for found in trained if found.given)
    share = 100 * len(alone) / max(1, len(usable))
    differ = sum(bool(found.differs) for found in trained)
    ahead = [found.ahead for found in trained if found.ahead is not None]
    beside = (
        f"; beside scikit-learn on {len(ahead)} files the median difference is "
        f"{statistics.median(ahead):+.1f} points, {sum(x < -FAR for x in ahead)} are lower by more "
        f"than {FAR:g}, {sum(x > FAR for x in ahead)} higher"
        if ahead
        else ""
    )
    return (
        f"\n{len(outcomes)} files, {len(usable)} with a usable target: {len(trained)} trained, "
        f"{len(alone)} of them with nothing but --target ({share:.0f} %); {differ} differ from "
        f"pandas; given first: {dict(reasons)}{beside}"
    )
