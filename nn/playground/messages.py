"""What the playground's engine refuses, in the words of a reader: a catalogue as a stepper's.

>>> messages()["two classes"].format(count="3")
'The last column has 3 different classes; the playground needs two.'
"""

from __future__ import annotations

from autograd.texts import in_language

# fmt: off
MESSAGES = {
    "choice": "{name}: {found} is not known; choose from {choices}.",
    "whole number": "{name} must be a whole number from {low} to {high}, not {found}.",
    "seed": "{name} must be a whole number, not {found}.",
    "noise": "{name} must be a number of at least 0, not {found}.",
    "alpha": "{name} must be a number above 0, not {found}.",
    "held out": "{name} must be at least 0 and below 1, not {found}.",
    "batch of m": "A mini-batch of {batch} cannot be drawn from {m} training samples.",
    "no rows": "Own data needs rows: two numbers and a class in each.",
    "rows": "{found} rows are more than the playground takes: {high}.",
    "row": "Row {row}: two finite numbers and a class are expected, not {found}.",
    "two classes": "The last column has {count} different classes; the playground needs two.",
    "diverged": "The training diverged in iteration {iteration}: a number is no longer finite. "
                "Try a smaller step size than {alpha}.",
}
# fmt: on


def messages() -> dict[str, str]:
    """Return all messages in the reader's language, by their names."""
    return in_language(MESSAGES)
