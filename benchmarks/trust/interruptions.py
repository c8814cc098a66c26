"""Trainings interrupted at random moments in many ways, and resumed: is anything lost?"""

from __future__ import annotations

import argparse
from collections import Counter

from testkit.interrupted_commands import EVERY, command_campaign
from testkit.interruptions import KINDS, campaign

ITERATIONS = 600  # of each training


def main(argv: list[str]) -> int:
    """Print, for each kind of interruption, what was lost; 1 where something was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks interruptions")
    parser.add_argument("--count", type=int, default=200, help="how many interruptions")
    parser.add_argument("--seed", type=int, default=0, help="of kinds and moments")
    parser.add_argument("--every", type=int, default=10, help="iterations between checkpoints")
    parser.add_argument("--compiled", action="store_true", help="train on arrays")
    parser.add_argument(
        "--command-line", action="store_true", help="interrupt chainrule train, and resume it"
    )
    options = parser.parse_args(argv)
    if options.command_line:
        return main_of_commands(options)
    outcomes = campaign(
        options.count, options.seed, ITERATIONS, options.every, compiled=options.compiled
    )
    print(f"{'interruption':14} {'runs':>5} {'while training':>15} {'most lost':>10} {'other':>6}")
    for kind in KINDS:
        found = [outcome for outcome in outcomes if outcome.kind == kind]
        amid = sum(0 < max(outcome.reached, outcome.resumed) < ITERATIONS for outcome in found)
        most = max((outcome.lost for outcome in found), default=0)
        wrong = sum(not outcome.same for outcome in found)
        print(f"{kind:14} {len(found):5} {amid:15} {most:10} {wrong:6}")
    left = Counter(name for outcome in outcomes for name in outcome.left)
    print(f"files in the end: {', '.join(sorted(left))}")
    bad = [o for o in outcomes if not o.same or o.lost > options.every]
    for outcome in bad:
        print(outcome)
    return 1 if bad else 0


def main_of_commands(options: argparse.Namespace) -> int:
    """Print the same for the command line, and in which phases it was interrupted."""
    outcomes = command_campaign(options.count, options.seed, options.compiled)
    print(f"{'interruption':14} {'runs':>5} {'most lost':>10} {'wrong':>6}  phases")
    for kind in KINDS:
        found = [outcome for outcome in outcomes if outcome.kind == kind]
        most = max((outcome.lost for outcome in found), default=0)
        wrong = sum(bool(outcome.wrong) for outcome in found)
        phases = Counter(outcome.phase for outcome in found)
        told = ", ".join(f"{phase} {number}" for phase, number in phases.items())
        print(f"{kind:14} {len(found):5} {most:10} {wrong:6}  {told}")
    bad = [outcome for outcome in outcomes if outcome.wrong or outcome.lost > EVERY]
    for outcome in bad:
        print(*outcome, sep="\n    ")
    return 1 if bad else 0
