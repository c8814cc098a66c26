"""Schedules: how the step size changes from one iteration to the next.

A schedule is called with t, how many updates were made before this one, and returns the factor by
which the step size of an optimiser is multiplied. It depends on t alone, so a training that was
stopped goes on with it.

>>> [WarmUp(4)(t) for t in range(5)]
[0.25, 0.5, 0.75, 1.0, 1.0]
>>> Cosine(10)(5)
0.5
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


class Schedule:
    """A factor for each update, counted from 0; `then` is the schedule after a warm-up."""

    def __call__(self, t: int) -> float:
        """Return the factor of the update before which t were made."""
        raise NotImplementedError

    def as_dict(self) -> dict[str, Any]:
        """Return what it is, for JSON."""
        settings = asdict(self)  # type: ignore[call-overload]
        return {"schedule": type(self).__name__, **settings}


@dataclass(frozen=True)
class Steps(Schedule):
    """Multiplies the step size by `factor` after every so many updates: factor ** (t // every).

    Raises: ValueError: `every` is below 1, or the factor not within (0, 1].
    Source: PyTorch's `StepLR`.

    >>> [Steps(2, 0.5)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        at_least_one("every", self.every)
        if not 0.0 < self.factor <= 1.0:
            raise ValueError(f"factor must be above 0 and at most 1, not {self.factor!r}")

    def __call__(self, t: int) -> float:
        """Return factor ** (t // every)."""
        return self.factor ** (t // self.every) * 1.0


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a wave, from 1 down to `lowest` in so many updates, and then no lower.

    lowest + (1 - lowest) * (1 + cos(pi * t / updates)) / 2

    Raises: ValueError: `updates` is below 1, or the lowest not within [0, 1].
    Source: Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts,
            equation 5, without the restarts.
    """

    updates: int
    lowest: float = 0.0

    def __post_init__(self) -> None:
        at_least_one("updates", self.updates)
        share("lowest", self.lowest)

    def __call__(self, t: int) -> float:
        """Return the height of the wave."""
        done = min(t, self.updates) / self.updates
        return self.lowest + (1.0 - self.lowest) * (1.0 + math.cos(math.pi * done)) / 2.0


@dataclass(frozen=True)
class Linear(Schedule):
    """A straight line, from 1 down to `lowest` in so many updates, and then no lower.

    1 + (lowest - 1) * t / updates

    Raises: ValueError: `updates` is below 1, or the lowest not within [0, 1].
    Source: PyTorch's `LinearLR`.

    >>> [Linear(4, 0.5)(t) for t in range(6)]
    [1.0, 0.875, 0.75, 0.625, 0.5, 0.5]
    """

    updates: int
    lowest: float = 0.0

    def __post_init__(self) -> None:
        at_least_one("updates", self.updates)
        share("lowest", self.lowest)

    def __call__(self, t: int) -> float:
        """Return the height of the line."""
        return 1.0 + (self.lowest - 1.0) * (min(t, self.updates) / self.updates)


@dataclass(frozen=True)
class WarmUp(Schedule):
    """Grows to 1 in so many updates, (t + 1) / updates, and follows `then` from there.

    Raises: ValueError: `updates` is below 1.
    Source: Goyal and others (2017), Accurate, large minibatch SGD, section 2.2.
    """

    updates: int
    then: Schedule | None = None

    def __post_init__(self) -> None:
        at_least_one("updates", self.updates)

    def __call__(self, t: int) -> float:
        """Return the share of the warm-up, or what follows it."""
        if t < self.updates:
            return (t + 1) / self.updates
        return self.then(t - self.updates) if self.then else 1.0

    def as_dict(self) -> dict[str, Any]:
        """Return what it is, for JSON."""
        then = self.then.as_dict() if self.then else None
        return {"schedule": "WarmUp", "updates": self.updates, "then": then}


SCHEDULES: dict[str, type[Schedule]] = {"step": Steps, "cosine": Cosine, "linear": Linear}
CLASSES = {kind.__name__: kind for kind in (*SCHEDULES.values(), WarmUp)}
# The parts of a training between which the schedule "step" goes down.
STEPS = 3


def named_schedule(name: str | None, iterations: int, warm_up: int = 0) -> Schedule | None:
    """Return a schedule that fits a training of so many iterations.

    Raises: ValueError: the name is not known, or the warm-up takes all of the training.

    >>> named_schedule("step", 300)
    Steps(every=100, factor=0.1)
    >>> named_schedule("cosine", 300, warm_up=20)
    WarmUp(updates=20, then=Cosine(updates=280, lowest=0.0))
    """
    if warm_up >= iterations:
        raise ValueError(f"warm_up must be less than the {iterations} iterations, not {warm_up}")
    # A schedule begins where the warm-up ends.
    left = iterations - warm_up
    schedule: Schedule | None = None
    if name == "step":
        schedule = Steps(math.ceil(left / STEPS))
    elif name == "cosine":
        schedule = Cosine(left)
    elif name == "linear":
        schedule = Linear(left)
    elif name is not None:
        raise ValueError(f"schedule {name!r:.40} is not known; choose from {', '.join(SCHEDULES)}")
    return WarmUp(warm_up, schedule) if warm_up else schedule


def schedule_of(saved: object) -> Schedule | None:
    """Return the schedule that `as_dict` was called on, also after a journey through JSON.

    Raises: ValueError for anything else.
    """
    if saved is None:
        return None
    if not isinstance(saved, dict):
        raise ValueError(f"not a schedule that is known: {saved!r:.60}")
    try:
        settings = dict(saved)
        kind: Any = CLASSES[settings.pop("schedule")]
        if kind is WarmUp:
            settings["then"] = schedule_of(settings["then"])
        schedule: Schedule = kind(**settings)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a schedule that is known: {error!r}") from None
    return schedule


def at_least_one(name: str, x: object) -> None:
    """Raise a ValueError where a setting is no int of at least 1."""
    if not isinstance(x, int) or isinstance(x, bool) or x < 1:
        raise ValueError(f"{name} must be an int of at least 1, not {x!r:.40}")


def share(name: str, x: object) -> None:
    """Raise a ValueError where a setting is not within [0, 1]."""
    if not isinstance(x, (int, float)) or not 0.0 <= x <= 1.0:
        raise ValueError(f"{name} must be within 0 and 1, not {x!r:.40}")
