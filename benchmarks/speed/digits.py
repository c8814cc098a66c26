"""Digits 64-32-10, five folds: our network beside scikit-learn's of the same shape.

    python -m benchmarks digits [--quick]

Both have the same folds, the same standardisation (fitted on the training rows of a fold), 32
hidden units with relu, and cross entropy. Ours is trained by Adam with `train(compiled=True)`, with
settings that were chosen on folds of another seed (`--tune` prints what they were chosen from).
`MLPClassifier` has its defaults (Adam, mini-batches of 200, L2 of 1e-4), and as many epochs as it
takes to converge; with early stopping, and with our mini-batches, step size and epochs, it is a
contestant of its own.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.environments import environment, run_there

REQUIREMENTS = ("numpy>=1.24", "llvmlite>=0.45", "scikit-learn>=1.3")
SEED, TUNING_SEED = 0, 1
FOLDS = 5
HIDDEN = 32
MOST_EPOCHS = 2000  # of scikit-learn, which stops where the loss does not fall any more
SETTINGS: dict[str, Any] = {"epochs": 30, "batch_size": 32, "step_size": 0.01, "weight_decay": 1e-4}
CHOICES = [
    {**SETTINGS, "epochs": epochs, "batch_size": batch_size, "step_size": step_size}
    for epochs in (30, 60)
    for batch_size in (32, 64)
    for step_size in (0.001, 0.003, 0.01)
]

Fold = tuple[Any, Any, Any, Any]  # rows and labels to train on, rows and labels held out


def main(argv: list[str]) -> int:
    """Make an environment with scikit-learn, and run the comparison in it."""
    return run_there(environment("digits", *REQUIREMENTS), "benchmarks.speed.digits", *argv)


def folds(seed: int) -> list[Fold]:
    """Return the folds, stratified and standardised."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import StandardScaler

    rows, labels = load_digits(return_X_y=True)
    found = []
    for inside, outside in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(
        rows, labels
    ):
        scale = StandardScaler().fit(rows[inside])
        found.append(
            (scale.transform(rows[inside]), labels[inside],
             scale.transform(rows[outside]), labels[outside])
        )  # fmt: skip
    return found


def ours(fold: Fold, seed: int, epochs: int, batch_size: int, **settings: Any) -> float:
    """Train our network on a fold, and return the accuracy on the rows held out."""
    from nn import Adam, TwoLayerNetwork, cross_entropy, train
    from nn.evaluation import accuracy

    rows, labels, held_out, truth = fold
    network = TwoLayerNetwork(rows.shape[1], HIDDEN, 10, output="linear", init="he", seed=seed)
    train(
        network,
        rows,
        labels,
        loss=cross_entropy,
        optimizer=Adam(network.parameters(), **settings),
        batch_size=batch_size,
        iterations=epochs * -(-len(rows) // batch_size),
        sampling="epochs",
        seed=seed,
        compiled=True,
        schedule="cosine",
        progress=False,
    )
    network.eval()
    share = accuracy([network(row) for row in held_out.tolist()], truth.tolist())
    return 0.0 if share is None else share


def theirs(fold: Fold, seed: int, **options: Any) -> float:
    """Train scikit-learn's network on a fold, and return the accuracy on the rows held out."""
    from sklearn.neural_network import MLPClassifier

    rows, labels, held_out, truth = fold
    options = {"max_iter": MOST_EPOCHS, **options}
    network = MLPClassifier((HIDDEN,), random_state=seed, **options)
    return float(network.fit(rows, labels).score(held_out, truth))


def report(name: str, found: list[float], seconds: list[float]) -> None:
    """Print the accuracies of a contestant, and its time."""
    mean = 100 * statistics.fmean(found)
    spread = 100 * statistics.stdev(found)
    print(f"  {name:40} {mean:6.2f} % ± {spread:4.2f}   {statistics.median(seconds):8.3f} s a fold")


def turns(contestants: dict[str, Callable[[Fold, int], float]], seeds: list[int]) -> None:
    """Train everybody on every fold, in turns, and print what came of it."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for seed in seeds:
        for fold in folds(seed):
            for name, run in contestants.items():
                start = time.perf_counter()
                found[name].append(run(fold, seed))
                seconds[name].append(time.perf_counter() - start)
    for name in contestants:
        report(name, found[name], seconds[name])


def tune() -> None:
    """Print what came of each choice of our settings, on folds of a seed of their own."""
    turns(
        {str(choice): partial(ours, **choice) for choice in CHOICES},
        [TUNING_SEED],
    )


def compare(argv: list[str]) -> None:
    """Run the comparison."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks digits", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="a single epoch of ours")
    asked.add_argument("--tune", action="store_true", help="what our settings were chosen from")
    options = asked.parse_args(argv)
    warnings.simplefilter("ignore")
    if options.tune:
        tune()
        return
    settings = {**SETTINGS, "epochs": 1} if options.quick else SETTINGS
    print(
        f"Python {sys.version.split()[0]}; digits 64-{HIDDEN}-10, {FOLDS} folds; ours: {settings}"
    )
    first = folds(TUNING_SEED)[0]
    start = time.perf_counter()
    ours(first, SEED, **{**settings, "epochs": 1})
    cold = time.perf_counter() - start
    start = time.perf_counter()
    ours(first, SEED, **{**settings, "epochs": 1})
    warm = time.perf_counter() - start
    print(f"  one epoch of ours: {cold:.2f} s for the first in a process, then {warm:.2f} s,")
    print("  nearly all of it tracing and compiling, which is part of the times below")
    turns(
        {
            "chainrule, train(compiled=True)": lambda fold, seed: ours(fold, seed, **settings),
            "MLPClassifier": theirs,
            "MLPClassifier, early_stopping=True": lambda fold, seed: theirs(
                fold, seed, early_stopping=True
            ),
            "MLPClassifier, our settings": lambda fold, seed: theirs(
                fold,
                seed,
                batch_size=settings["batch_size"],
                max_iter=settings["epochs"],
                learning_rate_init=settings["step_size"],
                alpha=settings["weight_decay"],
            ),
        },
        [SEED],
    )


if __name__ == "__main__":
    compare(sys.argv[1:])
