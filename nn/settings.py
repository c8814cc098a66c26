"""The settings of a training: numbers and names, checked once and saved with its history.

>>> settings = TrainingSettings(samples=40, batch_size=8, iterations=100)
>>> settings.evaluation_interval
5
>>> TrainingSettings(samples=40, batch_size=64, iterations=100)
Traceback (most recent call last):
ValueError: a mini-batch of 64 cannot be drawn from 40 samples: b is at most m
"""

from __future__ import annotations

from dataclasses import dataclass

from autograd.messages import shown

STEP_SIZE = 0.1  # alpha, unless told otherwise
BATCH_SIZE = 16  # samples, unless told otherwise
EVALUATIONS = 20  # of the held-out samples, unless told otherwise
SAMPLINGS = ("iteration", "epochs")


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """What a training does, as far as numbers and names can say it.

    What is handed over (a network, data, functions, an optimiser) is no setting, nor is what
    changes no number, such as whether progress is shown.

    Attributes: `samples`, m: how many there are to train on; `step_size`, alpha: None for that of
    an optimiser which was made with its own; the others as for `train`.

    Raises: ValueError for no samples, a count that is not an int of at least 1, a mini-batch of
        more samples than there are, or an unknown way of sampling.
    """

    samples: int
    batch_size: int
    iterations: int
    step_size: float | None = None
    seed: int = 0
    sampling: str = SAMPLINGS[0]
    evaluate_every: int | None = None
    compiled: bool = False

    def __post_init__(self) -> None:
        if not self.samples:
            raise ValueError("no samples to train on")
        check_count("batch_size", self.batch_size)
        check_count("iterations", self.iterations)
        if self.evaluate_every is not None:
            check_count("evaluate_every", self.evaluate_every)
        if self.batch_size > self.samples:
            raise ValueError(
                f"a mini-batch of {self.batch_size} cannot be drawn from {self.samples} samples: "
                "b is at most m"
            )
        if self.sampling not in SAMPLINGS:
            raise ValueError(
                f"sampling {shown(self.sampling)} is not known; choose from {', '.join(SAMPLINGS)}"
            )

    @property
    def evaluation_interval(self) -> int:
        """The iterations from one evaluation of the held-out samples to the next."""
        return self.evaluate_every or max(1, self.iterations // EVALUATIONS)


def check_count(name: str, count: object) -> None:
    """Raise a ValueError for a count that is not an int of at least 1."""
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"{name} must be an int of at least 1, not {shown(count)}")
