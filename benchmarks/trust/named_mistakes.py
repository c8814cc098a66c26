"""How many of the planted mistakes in gradients a message names, rightly and wrongly."""

from __future__ import annotations

from testkit.named_mistakes import RIGHT_WORDS, judged, mistake_of, tally
from testkit.planted_mistakes import PLANTED


def main(argv: list[str]) -> int:
    """Print the tally, and what is not named rightly."""
    for what, mistakes in (
        ("planted", PLANTED),
        ("of them published", [planted for planted in PLANTED if planted.source]),
    ):
        found = tally(mistakes)
        named = {verdict: found[True, verdict] for verdict in ("right", "wrong", "none")}
        others = {verdict: found[False, verdict] for verdict in ("right", "wrong", "none")}
        print(f"{len(mistakes)} {what}: of a kind that has a name {named}, of none {others}")
    for planted in PLANTED:
        if planted.kind in RIGHT_WORDS and judged(planted) != "right":
            print(f"  {planted.kind}: {planted.name}: {mistake_of(planted) or '-'}")
    return 0
