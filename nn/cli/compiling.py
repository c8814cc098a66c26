"""Whether a training is compiled: where that is installed, and pays.

>>> expected_seconds(samples=600 * 32, parameters=67) < WORTH_SECONDS  # of the usual iris
True
"""

from __future__ import annotations

from typing import NamedTuple

from nn.cli.exits import uncut
from nn.compiled_passes import required
from nn.settings import EVALUATIONS

# What a sample takes, forward and backward, one recorded graph after the other, on a usual machine:
# measured with networks of 67 and 2,410 parameters. The machine has no say: the same command does
# the same everywhere.
SECONDS_PER_SAMPLE = 8e-5
SECONDS_PER_PARAMETER = 5e-7

# The forward pass is one part of so many.
FORWARD_SHARE = 3

# Compiling takes about half a second, or five where no kernel is in the cache yet.
WORTH_SECONDS = 10.0


class Decision(NamedTuple):
    """Whether a training is compiled, and why, in a line."""

    compiled: bool
    reason: str


def computed(drawn: int, rows: int, held_out: int) -> int:
    """Return how many samples a training computes, an evaluation counted as the share it takes.

    Args: drawn: T times b; rows: all of the data, for the reports; held_out: those evaluated.
    """
    return drawn + (rows + EVALUATIONS * held_out) // FORWARD_SHARE


def expected_seconds(samples: int, parameters: int) -> float:
    """Return about how long a training takes that is not compiled.

    Args: samples: all that are computed, see `computed`.
    """
    return samples * (SECONDS_PER_SAMPLE + SECONDS_PER_PARAMETER * parameters)


def decided(choice: str, samples: int, parameters: int) -> Decision:
    """Return whether to compile: as chosen, or "auto".

    Raises: ImportError: it was chosen, and the extra is not installed.
    """
    if choice == "yes":
        with uncut():
            required()
        return Decision(True, "computed on arrays, compiled (--compiled yes)")
    if choice == "no":
        return Decision(False, "computed graph by graph (--compiled no)")
    seconds = expected_seconds(samples, parameters)
    if seconds < WORTH_SECONDS:
        return Decision(
            False, f"computed graph by graph: about {seconds:.2g} s (--compiled yes for arrays)"
        )
    try:
        with uncut():
            required()
    except ImportError:
        return Decision(
            False, f'computed graph by graph: about {seconds:.0f} s; pip install '
            '"chainrule[compile]"  makes that hundreds of times faster'
        )  # fmt: skip
    return Decision(True, "computed on arrays, compiled (--compiled no for graph by graph)")
