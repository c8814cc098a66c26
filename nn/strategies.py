"""Hypothesis strategies of networks: small ones, with data to fit.

>>> from hypothesis import given
>>> @given(networks())
... def test_a_loss_is_no_less_than_0(experiment):
...     assert experiment.loss().data >= 0.0
"""

from __future__ import annotations

import random
from typing import NamedTuple

from autograd import Value
from nn.layers import MLP
from nn.losses import mse_loss

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy
except ImportError as error:
    raise ImportError('nn.strategies needs hypothesis: pip install "chainrule[testing]"') from error


class Experiment(NamedTuple):
    """A small network with data: `loss()` is the mean loss over the samples, as a Value."""

    network: MLP
    inputs: list[list[float]]
    targets: list[list[float]]

    def loss(self) -> Value:
        """Return the mean loss of the network over the samples."""
        outputs = [self.network(x) for x in self.inputs]
        rows = [out if isinstance(out, list) else [out] for out in outputs]
        mean: Value = mse_loss(rows, self.targets)
        return mean


def networks(most_neurons: int = 4, most_samples: int = 3) -> SearchStrategy[Experiment]:
    """Return a strategy of small multi-layer perceptrons with data to fit.

    >>> from hypothesis import find
    >>> type(find(networks(), lambda experiment: True).loss()).__name__
    'Value'
    """
    width = st.integers(1, most_neurons)
    sizes = st.tuples(width, st.lists(width, min_size=2, max_size=3))
    kinds = st.sampled_from(["tanh", "sigmoid", "softplus", "relu", "gelu"])
    # The numbers come from the seed: hypothesis would spend its choices on them.
    seeds = st.integers(0, 999)
    return st.builds(experiment, sizes, kinds, seeds, st.integers(1, most_samples))


def experiment(
    sizes: tuple[int, list[int]], activation: str, seed: int, samples: int
) -> Experiment:
    """Return a network of the given sizes, with random weights and data."""
    nin, nouts = sizes
    source = random.Random(seed)
    network = MLP(nin, nouts, activation=activation, seed=source)
    inputs = drawn(source, 2.0, samples, nin)
    targets = drawn(source, 1.0, samples, nouts[-1])
    return Experiment(network, inputs, targets)


def drawn(source: random.Random, most: float, rows: int, columns: int) -> list[list[float]]:
    """Return rows of numbers of a size up to `most`."""
    return [[source.uniform(-most, most) for _ in range(columns)] for _ in range(rows)]
