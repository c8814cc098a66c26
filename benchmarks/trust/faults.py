"""Faults put in on purpose: bad input, interrupts, memory, hash seeds; and what a node costs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from testkit.bad_inputs import bad_inputs
from testkit.costs import cost, memory
from testkit.hash_seeds import same_bits
from testkit.interrupts import a_pass, a_save, an_update, injected, interrupts


def main(argv: list[str]) -> int:
    """Run all campaigns and print what they found."""
    tried, clear = bad_inputs()
    print(f"bad inputs: {tried} tried, {clear} clear errors")
    print("interrupts: {} at random moments, {} half done".format(*interrupts()))
    with tempfile.TemporaryDirectory() as folder:
        for work in (a_pass(5), an_update(3), a_save(Path(folder), 2)):
            print("{}: {} instructions, {} half done".format(work.what, *injected(work)))
    print("memory after 10,000 rounds without collector: {:+} bytes, {} found".format(*memory()))
    print(f"different outputs in 100 processes: {same_bits()}")
    print("a node: {:.0f} bytes, {:.0f} ns forward and backward".format(*cost()))
    return 0
