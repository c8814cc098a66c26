"""The history of a training: what happened in it, and what is needed to continue it.

>>> history = History(losses=[0.5, 0.25])
>>> history
History of 2 iterations: loss 0.25
>>> History.from_dict(history.as_dict()) == history
True
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from nn.settings import TrainingSettings


class Evaluation(NamedTuple):
    """The mean loss over the held-out samples after an iteration, and the share that was right."""

    iteration: int
    loss: float
    # None where the targets are no classes.
    accuracy: float | None


class Best(NamedTuple):
    """The weights with which the validation samples had the least loss, and since when."""

    iteration: int
    loss: float
    weights: list[float]


@dataclass(repr=False)
class History:
    """What happened in a training, and what is needed to continue it exactly where it stopped.

    Attributes: `losses`, the mean loss of the mini-batch of every iteration, before its update;
    `evaluations` of the held-out samples; `interrupted`, whether it was ended from outside, and
    `stopped_by` what: Ctrl-C, a signal, a closed pipe; `sampler` and `optimizer`, their states at
    the end; `settings`, those of the training, or None where the
    history was saved by version 0.2 or earlier.
    `hints`: what looked wrong, by kind, in a line each, see `nn.hints`.

    Of a training that validates: `validations`, as `evaluations`; `best`, the state in which the
    loss over those samples was least; `has_best`, whether the network was given its weights.
    """

    losses: list[float] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    interrupted: bool = False
    sampler: dict[str, Any] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    settings: TrainingSettings | None = None
    stopped_by: str = ""
    validations: list[Evaluation] = field(default_factory=list)
    best: Best | None = None
    has_best: bool = False
    hints: dict[str, str] = field(default_factory=dict)
    # The iteration that the states are of.
    states_at: int | None = field(default=None, compare=False)

    def check_level(self) -> None:
        """Raise a ValueError where the training has gone on since the states were taken."""
        if self.states_at is not None and self.states_at != self.iteration:
            raise ValueError(
                f"the training has gone on to iteration {self.iteration} since this history was "
                f"taken, after iteration {self.states_at}: take trainer.history again, or keep a "
                "copy.deepcopy of it"
            )

    @property
    def iteration(self) -> int:
        """How many iterations are done."""
        return len(self.losses)

    def settle(self, t: int, loss: float) -> None:
        """Note iteration t; doing it again changes nothing."""
        self.losses[t - 1 :] = [loss]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as numbers, lists and dicts, for JSON.

        Raises: ValueError: the training has gone on since the states were taken.
        """
        self.check_level()
        found = asdict(self)
        del found["states_at"]
        return found | {
            "evaluations": [list(found) for found in self.evaluations],
            "validations": [list(found) for found in self.validations],
            "best": self.best and list(self.best),
        }

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> History:
        """Return the history that `as_dict` was called on, also after a journey through JSON.

        Raises: ValueError for anything else.
        """
        try:
            # Entries that an older version did not write have their defaults.
            parts = {**saved, "losses": list(saved["losses"])}
            parts["evaluations"] = [Evaluation(*found) for found in saved["evaluations"]]
            parts["validations"] = [Evaluation(*found) for found in saved.get("validations", [])]
            parts["best"] = Best(*saved["best"]) if saved.get("best") else None
            if parts.get("settings") is not None:
                parts["settings"] = TrainingSettings(**parts["settings"])
            return cls(**parts)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the history of a training: {error!r}") from None

    def __repr__(self) -> str:
        news = self.news()
        text = f"History of {self.iteration} iterations" + (f": {news}" if news else "")
        return text + (" (interrupted)" if self.interrupted else "")

    @property
    def epochs(self) -> float | None:
        """How often the samples were used, on average; None where the settings are not known."""
        if self.settings is None:
            return None
        return self.iteration * self.settings.batch_size / self.settings.samples

    def news(self) -> str:
        """Return the last loss and the last evaluation in words."""
        parts = [f"loss {self.losses[-1]:.2g}"] if self.losses else []
        if self.evaluations:
            _, loss, share = self.evaluations[-1]
            parts.append(f"held-out loss {loss:.2g}")
            if share is not None:
                parts.append(f"held-out accuracy {100 * share:.1f} %")
        return ", ".join(parts)
