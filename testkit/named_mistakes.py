"""What `check_gradients` calls the planted mistakes: a right name, a wrong one, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from autograd.testing import GradientMismatch, check_gradients
from testkit.planted_mistakes import PLANTED, Planted

# What a right name holds, for mistakes of each kind; nothing is right for "other".
RIGHT_WORDS = {
    "factor": ("the right value",),
    "sign": ("sign",),
    "mean": ("mean", "times the right value"),
    "transpose": ("transpose",),
    "swapped": ("each other's", "has the slope of"),
    "one component": ("one component", "lacks the term"),
    "missing term": ("lacks the term", "lacks the terms"),
    "activation": ("the derivative of",),
    "times input": ("multiplied by", "factor"),
    "overwritten": ("use",),
    "downstream": ("stands where",),
    "broadcast": ("sum over a batch",),
    "zero": ("cut off",),
    "penalty": ("penalty", "lacks the term"),
    "permuted": ("another order",),
}
# Of no kind, or of another one, but what the message says of them is true all the same.
ALSO_TRUE = {"LSTM, bi has the slope of bf"}


def mistake_of(planted: Planted) -> str:
    """Return what the message calls a mistake, empty where it has no name for it."""
    try:
        check_gradients(planted.function, *planted.point, gradient=planted.gradient)
    except GradientMismatch as error:
        return error.mistake
    raise AssertionError(f"{planted.name}: passed")


def judged(planted: Planted) -> str:
    """Return whether a name is "right", "wrong" or "none"."""
    text = mistake_of(planted)
    words = RIGHT_WORDS.get(planted.kind, ())
    if not text:
        return "none"
    return "right" if any(w in text for w in words) or planted.name in ALSO_TRUE else "wrong"


def tally(mistakes: Iterable[Planted] = tuple(PLANTED)) -> Counter[tuple[bool, str]]:
    """Return how many there are by (has a kind, verdict)."""
    return Counter((planted.kind in RIGHT_WORDS, judged(planted)) for planted in mistakes)
