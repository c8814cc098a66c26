"""A network that is told an equation: y'' = -y, as in docs/derivatives-in-losses.md."""

import math

import pytest

import autograd
from autograd import grad, jvp, no_grad
from nn import MLP, Adam

POINTS = [math.pi / 2 * (i + 0.5) / 6 for i in range(6)]
STEPS = 200
ALLOWED = 1e-3  # of the solution, anywhere on the quarter of a period


class Trial:
    """y(t) = t + t**2 N(t), which has the values y(0) = 0 and y'(0) = 1 whatever N is."""

    def __init__(self):
        self.network = MLP(1, [4, 1], activation="tanh", seed=3)
        self.optimizer = Adam(self.network.parameters(), step_size=0.05)

    def __call__(self, t):
        return t + t * t * self.network([t])

    def residual(self, t):
        return (grad(grad(self))(t) + self(t)) ** 2

    def loss_and_gradient(self):
        self.network.zero_grad()
        loss = sum(map(self.residual, POINTS)) / len(POINTS)
        loss.backward()
        return loss.data

    def worst(self):
        with no_grad():
            return max(abs(self(k / 100) - math.sin(k / 100)) for k in range(158))


@pytest.fixture(scope="module")
def eager():
    trial = Trial()
    assert trial.worst() > 0.1
    losses = []
    for _ in range(STEPS):
        losses.append(trial.loss_and_gradient())
        trial.optimizer.step()
    return trial, losses


def test_a_network_that_is_told_an_equation_solves_it(eager):
    trial, losses = eager
    assert losses[-1] < 1e-4 * losses[0]
    assert trial.worst() < ALLOWED


@pytest.mark.parametrize("engine", ["llvm", "numpy"])
def test_compiled_it_has_the_same_losses(eager, engine):
    _, expected = eager
    trial = Trial()
    parameters = trial.network.parameters()
    compiled = autograd.compile(trial.residual, parameters, example=0.5, engine=engine)
    losses = []
    for _ in range(STEPS):
        loss, gradient = compiled.value_and_grad(POINTS)
        for w, slope in zip(parameters, gradient.tolist()):
            w.grad = slope
        trial.optimizer.step()
        losses.append(loss)
    assert losses == pytest.approx(expected, rel=1e-6)
    assert losses[:10] == pytest.approx(expected[:10], rel=1e-12)
    assert trial.worst() < ALLOWED


def test_the_second_derivative_is_the_same_by_forward_over_reverse():
    trial = Trial()
    for t in POINTS:
        _, pushed = jvp(grad(trial), (t,), (1.0,))
        assert pushed.data == pytest.approx(grad(grad(trial))(t).data, rel=1e-12)
