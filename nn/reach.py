"""Targets that the outputs of a network can never reach, found before it is trained on them.

A sigmoid lies between 0 and 1 whatever its weights are. Labels 1 and 2 on one sigmoid train without
an error: the output goes to 1 for all, and the loss falls as if something had been learned.

>>> from nn import MLP, mse_loss
>>> check_reach(MLP(1, [1], output="sigmoid"), [([0.5], 1), ([0.7], 2)], mse_loss)
Traceback (most recent call last):
ValueError: sample 1: the target 2 is outside [0, 1], which no sigmoid output can leave: number two
classes 0 and 1, more of them one-hot, or scale a quantity (or make the output linear)
"""

from __future__ import annotations

import functools
from typing import Any

from autograd import sigmoid, tanh
from nn.layers import MLP, activation_function
from nn.losses import Loss, binary_cross_entropy, huber_loss, mse_loss
from nn.sampling import Sample

# By so much a target that was computed may be outside.
ROUNDING = 1e-9
# Losses that are least where an output is the target.
LEAST_AT_THE_TARGET = (mse_loss, huber_loss, binary_cross_entropy)


def check_reach(network: Any, samples: list[Sample], loss: Loss) -> None:
    """Raise a ValueError, with the sample, for a target that no output of a network can have.

    Networks and losses of a user's own are not looked at, nor a cross entropy, whose target may be
    the index of a class, or a hinge loss, which checks its own.
    """
    # `partial(huber_loss, delta=2.0)` is still a Huber loss.
    if isinstance(loss, functools.partial):
        loss = loss.func
    found = range_of(network)
    if found is None or loss not in LEAST_AT_THE_TARGET:
        return
    name, low, high = found
    outputs = network.sizes[-1]
    for i, (_, target) in enumerate(samples):
        targets = target if isinstance(target, list) else [target]
        # The loss will say so.
        if len(targets) != outputs:
            return
        for y in targets:
            if y < low - ROUNDING or y > high + ROUNDING:
                raise ValueError(
                    f"sample {i}: the target {y!r} is outside [{low}, {high}], which no {name} "
                    f"output can leave: number two classes {low} and {high}, more of them "
                    "one-hot, or scale a quantity (or make the output linear)"
                )


def range_of(network: object) -> tuple[str, int, int] | None:
    """Return what the outputs of a network are called, and the range that they cannot leave."""
    if not isinstance(network, MLP):
        return None
    if network.output == "softmax":
        return "softmax", 0, 1
    output = activation_function(network.output)
    if output is sigmoid:
        return "sigmoid", 0, 1
    return ("tanh", -1, 1) if output is tanh else None
