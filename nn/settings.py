"""The settings of a training: numbers and names, checked once and saved with its history.

>>> settings = TrainingSettings(samples=40, batch_size=8, iterations=100)
>>> settings.evaluation_interval
5
>>> TrainingSettings(samples=40, batch_size=64, iterations=100)
Traceback (most recent call last):
ValueError: a mini-batch of 64 cannot be drawn from 40 samples: b is at most m
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

from autograd.messages import shown
from nn.optim import in_range
from nn.schedules import named_schedule

# alpha, unless told otherwise.
STEP_SIZE = 0.1
# The samples of a mini-batch, unless told otherwise.
BATCH_SIZE = 16
# T, unless told otherwise: the first, or the second if that is more.
ITERATIONS = 500
EPOCHS = 5
# How often the held-out samples are evaluated, unless told otherwise.
EVALUATIONS = 20
SAMPLINGS = ("iteration", "epochs")
# Shards of a mini-batch with an executor, unless told otherwise; 1 without.
SHARDS = 4


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """What a training does, as far as numbers and names can say it.

    What is handed over (a network, data, functions, an optimiser) is no setting, nor is what
    changes no number, such as whether progress is shown.

    Attributes: `samples`, m: how many there are to train on; `step_size`, alpha: None for that of
    an optimiser which was made with its own; `shards`: an int, 1 where None was given; the others
    as for `train`.

    Ints of NumPy are ints here, and are kept as Python's.

    Raises: ValueError, with the setting and its value, for no samples, a count that is not an int
        of at least 1, a mini-batch of more samples than there are, a step size that is not a finite
        number above 0, a seed that is no int, or an unknown way of sampling.
    """

    samples: int
    batch_size: int
    iterations: int
    step_size: float | None = None
    seed: int = 0
    sampling: str = SAMPLINGS[0]
    evaluate_every: int | None = None
    compiled: bool = False
    schedule: str | None = None
    warm_up: int = 0
    validation: float = 0.0
    patience: int | None = None
    dropout: float = 0.0
    shards: int | None = None

    def __post_init__(self) -> None:
        if self.samples == 0:
            raise ValueError("no samples to train on")
        for name in ("samples", "batch_size", "iterations"):
            self.keep(name, count(name, getattr(self, name)))
        if self.evaluate_every is not None:
            self.keep("evaluate_every", count("evaluate_every", self.evaluate_every))
        if self.step_size is not None:
            in_range("step_size", self.step_size, above=True)
        self.keep("seed", whole("seed", self.seed))
        self.keep("compiled", truth("compiled", self.compiled))
        if self.batch_size > self.samples:
            raise ValueError(
                f"a mini-batch of {self.batch_size} cannot be drawn from {self.samples} samples: "
                "b is at most m"
            )
        self.keep("warm_up", whole("warm_up", self.warm_up))
        if self.warm_up < 0:
            raise ValueError(f"warm_up must be an int of at least 0, not {shown(self.warm_up)}")
        in_range("dropout", self.dropout, high=1.0)
        in_range("validation", self.validation, high=1.0)
        if self.patience is not None:
            self.keep("patience", count("patience", self.patience))
            if not self.validation:
                raise ValueError("patience needs a share of samples for validation, such as 0.1")
        self.keep("shards", 1 if self.shards is None else count("shards", self.shards))
        named_schedule(self.schedule, self.iterations, self.warm_up)
        if self.sampling not in SAMPLINGS:
            raise ValueError(
                f"sampling {shown(self.sampling)} is not known; choose from {', '.join(SAMPLINGS)}"
            )

    def keep(self, name: str, checked: object) -> None:
        """Set an attribute while the settings are made; afterwards they are frozen."""
        object.__setattr__(self, name, checked)

    @property
    def evaluation_interval(self) -> int:
        """The iterations from one evaluation of the held-out samples to the next."""
        return self.evaluate_every or max(1, self.iterations // EVALUATIONS)


def usual_iterations(samples: int, batch_size: int, least: int = ITERATIONS) -> int:
    """Return T where nobody says it: at least so many, and 5 epochs of many samples.

    >>> usual_iterations(150, 16), usual_iterations(200_000, 16)
    (500, 62500)
    """
    if not isinstance(batch_size, int) or batch_size < 1:
        # It is no size; the settings say so.
        return least
    return max(least, math.ceil(EPOCHS * samples / batch_size))


def whole(name: str, x: Any, what: str = "an int") -> int:
    """Return a setting that is an int, of Python or NumPy.

    Raises: ValueError: it is none; a bool neither.
    """
    try:
        if not isinstance(x, bool):
            return operator.index(x)
    except TypeError:
        pass
    raise ValueError(f"{name} must be {what}, not {shown(x)}")


def count(name: str, x: object) -> int:
    """Return a setting that is an int of at least 1.

    Raises: ValueError: it is none.
    """
    what = "an int of at least 1"
    found = whole(name, x, what)
    if found < 1:
        raise ValueError(f"{name} must be {what}, not {shown(x)}")
    return found


def truth(name: str, x: object) -> bool:
    """Return a setting that is True or False, or the 1 or 0 that are equal to them.

    Raises: ValueError: it is neither, such as the text "no", which counts as true.
    """
    if type(x).__name__ in ("bool", "bool_", "int") and x in (0, 1):
        return bool(x)
    raise ValueError(f"{name} must be True or False, not {shown(x)}")
