"""Class weights: a loss in which a rare class counts as much as a frequent one.

The weight of class k is m / (q * m_k), of m samples, m_k of them in the class: scikit-learn's
"balanced". So the classes' shares of the sum are equal, and the mean weight of a sample is 1.

>>> balanced([0, 0, 0, 1], 2)
[0.6666666666666666, 2.0]
>>> from nn.losses import mse_loss
>>> weighted(mse_loss, [0.5, 2.0])([0.0, 0.0], [0.0, 1.0])
1.0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd import dot
from nn.losses import Loss, Outputs


def balanced(labels: Sequence[int], classes: int) -> list[float]:
    """Return the weight of each class; 1.0 for one without samples."""
    counts = [labels.count(k) for k in range(classes)]
    return [len(labels) / (classes * count) if count else 1.0 for count in counts]


def weighted(loss: Loss, weights: Sequence[float], signs: bool = False) -> Loss:
    """Return a loss times the weight of the class of its target.

    The weight is linear in a one-hot target, sum_k w_k t_k, so that it is compiled with the loss.

    Args: signs: whether targets are -1 and 1, as those of the hinge loss, instead of 0 and 1.
    """
    return WeightedLoss(loss, weights, signs)


@dataclass(frozen=True)
class WeightedLoss:
    """A loss times the weight of a class; no function within another, so that it can be pickled."""

    loss: Loss
    weights: Sequence[float]
    signs: bool

    def __call__(self, outputs: Outputs, target: Sequence[Any]) -> Any:
        """Return the loss of a sample."""
        chosen = [(t + 1.0) / 2.0 for t in target] if self.signs else target
        return dot(self.weights, chosen) * self.loss(outputs, target)
