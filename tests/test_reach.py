"""Targets that no output can reach are refused; those that can are not."""

import functools

import pytest

import autograd
import nn


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("loss", [nn.mse_loss, nn.huber_loss, nn.binary_cross_entropy,
                                  functools.partial(nn.huber_loss, delta=0.5)])  # fmt: skip
def test_targets_that_no_output_can_reach_are_refused_with_the_sample(loss, compiled):
    network = nn.MLP(1, [2, 1], output="sigmoid", seed=0)
    with pytest.raises(ValueError, match=r"sample 1: the target 2 is outside \[0, 1\].*0 and 1"):
        nn.train(network, [[1.0], [2.0]], [1, 2], loss=loss, compiled=compiled, progress=False)
    with pytest.raises(ValueError, match=r"sample 0: the target -1 .*sigmoid"):
        nn.Trainer(network, [[1.0], [2.0]], [-1, 1], loss=loss, compiled=compiled)


@pytest.mark.parametrize(
    "output, target",
    [("tanh", [-1.5]), ("tanh", 2), ("softmax", [0.0, 1.5]), (autograd.sigmoid, [1.25])],
)
def test_every_bounded_output_has_its_range(output, target):
    network = nn.MLP(1, [len(target) if isinstance(target, list) else 1], output=output, seed=0)
    with pytest.raises(ValueError, match="sample 0: the target .* is outside"):
        nn.Trainer(network, [[1.0]], [target])


@pytest.mark.parametrize(
    "output, loss, targets",
    [
        ("sigmoid", nn.mse_loss, [0.0, 1.0, 0.25]),
        ("sigmoid", nn.mse_loss, [0, True, 1.0 + 1e-12]),
        ("tanh", nn.mse_loss, [-1, 1, 0.5]),
        ("linear", nn.mse_loss, [1, 2, 300.0]),
        ("relu", nn.huber_loss, [1, 2, 3]),
        ("sigmoid", lambda z, y: nn.mse_loss(z, y / 3), [1, 2, 3]),
        ("tanh", nn.hinge_loss, [-1, 1, -1]),
    ],
)
def test_targets_that_can_be_reached_are_trained_on(output, loss, targets):
    network = nn.MLP(1, [1], output=output, seed=0)
    history = nn.train(network, [[0.0], [1.0], [2.0]], targets, loss=loss, iterations=1,
                       progress=False)  # fmt: skip
    assert history.iteration == 1


def test_an_index_of_a_class_is_no_number_to_reach():
    network = nn.MLP(1, [3], output="softmax", seed=0)
    nn.train(network, [[0.0], [1.0], [2.0]], [0, 1, 2], loss=nn.cross_entropy, iterations=1,
             progress=False)  # fmt: skip
    with pytest.raises(ValueError, match="3 outputs but 1 targets"):
        nn.train(network, [[0.0]], [2], progress=False)
