"""The playground's engine, in Node or in a browser, beside eager `train` with the same settings.

Random settings of every data set, activation and loss, with step sizes of at most 1: by how much
the losses of both differ, over all iterations, and how many iterations a page does in a second.

A hinge has a kink in the middle of the training: numbers that differ in the last digit may fall on
either side of it. So it is reported, and not counted as wrong.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import defaultdict
from typing import Any

from testkit.playground import random_settings, trained, trained_in_browser, trained_in_page

SETTINGS = 40
ITERATIONS = 500
MOST_APART = 1e-13
KINKED = "hinge"
PROGRESS = 10  # settings between two lines
SHOWN = ("data", "count", "noise", "hidden", "activation", "loss", "alpha", "batch", "seed")


def far_apart(settings: dict[str, Any], page: Any, iterations: int) -> float:
    """Return by how much a loss of the page differs most from that of eager `train`."""
    wanted = trained(settings, iterations).losses
    if len(page.get("losses", [])) != len(wanted):
        return float("inf")
    return max(abs(float(x) - y) for x, y in zip(page["losses"], wanted))


def main(argv: list[str]) -> int:
    """Run the campaign; the same seed gives the same settings."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks playground")
    parser.add_argument("--count", type=int, default=SETTINGS)
    parser.add_argument("--iterations", type=int, default=ITERATIONS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, help="of all settings; else 1, 3 or 10")
    parser.add_argument("--browser", action="store_true", help="Chromium in place of Node")
    chosen = parser.parse_args(argv)
    own = {"batch": chosen.batch} if chosen.batch else {}
    settings = [{**found, **own} for found in random_settings(chosen.count, chosen.seed)]
    run = trained_in_browser if chosen.browser else trained_in_page
    pages = run(settings, chosen.iterations)
    differences: dict[str, list[float]] = defaultdict(list)
    wrong = 0
    for i, (given, page) in enumerate(zip(settings, pages), start=1):
        far = far_apart(given, page, chosen.iterations)
        differences[given["loss"]].append(far)
        if far > MOST_APART:
            wrong += given["loss"] != KINKED
            about = ", ".join(f"{name} {given[name]}" for name in SHOWN)
            print(f"apart by {far:.1e}: {about}")
        if i % PROGRESS == 0:
            print(f"{i} of {chosen.count}", file=sys.stderr, flush=True)
    for loss, found in differences.items():
        print(
            f"{loss}: {len(found)} settings, losses differ by at most {max(found):.1e}, "
            f"median {statistics.median(found):.1e}"
        )
    rates = [page["rate"] for page in pages if "rate" in page]
    where = "Chromium" if chosen.browser else "Node"
    print(
        f"{chosen.count} settings from seed {chosen.seed}, {chosen.iterations} iterations, "
        f"{where}: {wrong} wrong, by more than {MOST_APART:.0e}; "
        f"{min(rates):,.0f} to {max(rates):,.0f} iterations a second"
    )
    return bool(wrong)
