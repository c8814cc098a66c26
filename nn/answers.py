"""Answers: how the outputs of a network become a number for each class.

Each is a function of the outputs alone, so that a program without the network's classes has it too.

>>> of_signs([0.5]), of_one_probability([0.25]), of_logits([0.0, 0.0])
([-0.5, 0.5], [0.75, 0.25], [0.5, 0.5])
"""

from __future__ import annotations

from autograd.scalar_math import softmax_shares


def of_signs(outputs: list[float]) -> list[float]:
    """Return a number for each of two classes that one output tells apart by its sign."""
    return [-outputs[0], outputs[0]]


def of_one_probability(outputs: list[float]) -> list[float]:
    """Return the probabilities of two classes, of which one output is that of the second."""
    return [1.0 - outputs[0], outputs[0]]


def of_logits(outputs: list[float]) -> list[float]:
    """Return the probabilities of classes from their logits."""
    return softmax_shares(*outputs)


def of_classes(outputs: list[float]) -> list[float]:
    """Return the outputs: there is one for each class."""
    return outputs
