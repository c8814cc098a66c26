"""The rows S1 to S13 of the textbook, each against its closed form, computed on floats by hand."""

import math
import random

import pytest

from autograd import Value, grad, relu, sigmoid, tanh, topological_order
from nn import SGD, TwoLayerNetwork, huber_loss, load_iris, mse_loss, train

SIZES = [(1, 1, 1), (2, 3, 1), (4, 8, 3), (3, 5, 4)]
CLOSE = 1e-13  # relative; a few operations of rounding


def logistic(x):
    return 1 / (1 + math.exp(-x))


class ByHand:
    """Figure 3.4 on floats: weights w[j][i], biases w0[j]; v[k][j], v0[k]; one sample x, y."""

    def __init__(self, network, x, y):
        hidden, output = network.layers
        self.x, self.y = x, y
        self.w = [[w.data for w in neuron.w] for neuron in hidden.neurons]
        self.w0 = [neuron.b.data for neuron in hidden.neurons]
        self.v = [[v.data for v in neuron.w] for neuron in output.neurons]
        self.v0 = [neuron.b.data for neuron in output.neurons]
        self.a = [w0 + sum(map(lambda w, x: w * x, w, x)) for w0, w in zip(self.w0, self.w)]
        self.h = [max(a, 0.0) for a in self.a]
        self.b = [v0 + sum(map(lambda v, h: v * h, v, self.h)) for v0, v in zip(self.v0, self.v)]
        self.y_hat = [logistic(b) for b in self.b]

    def delta(self, k):
        return (self.y_hat[k] - self.y[k]) * self.y_hat[k] * (1 - self.y_hat[k])

    def at_hidden(self, j):
        return sum(self.delta(k) * self.v[k][j] for k in range(len(self.v)))


def example(n, p, q, seed=3):
    draw = random.Random(seed).uniform
    network = TwoLayerNetwork(n, p, q, seed=seed)
    for parameter in network.parameters():
        parameter.data = draw(-1.0, 1.0)  # biases too
    x, y = [draw(-1, 1) for _ in range(n)], [draw(0, 1) for _ in range(q)]
    return network, x, y, ByHand(network, x, y)


def test_s1_the_chain_rule_on_one_path():
    x = Value(0.7)
    y = x * x
    z = y.sin()
    z.backward()
    assert x.grad == pytest.approx(math.cos(0.49) * 2 * 0.7, rel=CLOSE)


def test_s2_the_chain_rule_over_several_paths():
    s = Value(0.4)
    x, y = s.exp(), s.sin()
    (x * y).backward()
    by_path = math.sin(0.4) * math.exp(0.4) + math.exp(0.4) * math.cos(0.4)
    assert s.grad == pytest.approx(by_path, rel=CLOSE)


def test_s3_one_pass_visits_every_edge_once_whatever_the_number_of_parameters():
    for n, p, q in [(4, 8, 3), (40, 80, 10)]:
        network, x, y, _ = example(n, p, q)
        loss = mse_loss(network(x), y)
        steps = list(loss.backward_steps())
        assert len(steps) == len(topological_order(loss)) == len({step.node for step in steps})
        edges = sum(len(step.edges) for step in steps)
        parameters = len(network.parameters())
        assert edges < 2.5 * parameters


@pytest.mark.parametrize("sizes", SIZES)
def test_s4_s5_forward_hidden_values_and_outputs(sizes):
    network, x, _, hand = example(*sizes)
    hidden = network.layers[0](x)
    hidden = hidden if isinstance(hidden, list) else [hidden]
    assert [h.data for h in hidden] == pytest.approx(hand.h, rel=CLOSE)
    assert [y.data for y in network(x)] == pytest.approx(hand.y_hat, rel=CLOSE)


@pytest.mark.parametrize("sizes", SIZES)
def test_s6_the_error_of_one_sample_and_the_mean_over_samples(sizes):
    network, x, y, hand = example(*sizes)
    expected = sum((a - b) ** 2 for a, b in zip(hand.y_hat, y)) / 2
    outputs = network(x)
    assert mse_loss(outputs, y).data == pytest.approx(expected, rel=CLOSE)
    assert mse_loss([outputs, y], [y, y]).data == pytest.approx(expected / 2, rel=CLOSE)


@pytest.mark.parametrize("sizes", SIZES)
def test_s7_an_output_weight_has_three_factors(sizes):
    network, x, y, hand = example(*sizes)
    mse_loss(network(x), y).backward()
    for k, neuron in enumerate(network.layers[1].neurons):
        expected = [hand.delta(k) * h for h in hand.h]
        assert [v.grad for v in neuron.w] == pytest.approx(expected, rel=CLOSE, abs=0)
        assert neuron.b.grad == pytest.approx(hand.delta(k), rel=CLOSE)


@pytest.mark.parametrize("sizes", SIZES)
def test_s8_a_hidden_neuron_gathers_all_paths_through_the_outputs(sizes):
    network, x, y, hand = example(*sizes)
    hidden = network.layers[0](x)
    hidden = hidden if isinstance(hidden, list) else [hidden]
    outputs = network.layers[1](hidden)
    mse_loss(outputs, y).backward()
    expected = [hand.at_hidden(j) for j in range(len(hidden))]
    assert [h.grad for h in hidden] == pytest.approx(expected, rel=CLOSE)


@pytest.mark.parametrize("sizes", SIZES)
def test_s9_a_first_layer_weight_behind_relu(sizes):
    network, x, y, hand = example(*sizes)
    mse_loss(network(x), y).backward()
    for j, neuron in enumerate(network.layers[0].neurons):
        open_ = float(hand.a[j] > 0)
        expected = [hand.at_hidden(j) * open_ * x_i for x_i in x]
        assert [w.grad for w in neuron.w] == pytest.approx(expected, rel=CLOSE, abs=0)
        assert neuron.b.grad == pytest.approx(hand.at_hidden(j) * open_, rel=CLOSE, abs=0)


def test_s10_the_gradients_of_one_layer_do_not_depend_on_each_other():
    network, x, y, _ = example(3, 5, 4)
    loss = mse_loss(network(x), y)
    steps = [step.node for step in loss.backward_steps()]
    hidden = [node for node in steps if node.op is relu]
    ancestors = [set(topological_order(h)) - {h} for h in hidden]
    assert len(hidden) > 1
    assert all(h not in above for h in hidden for above in ancestors)


@pytest.mark.parametrize("hidden", [tanh, sigmoid, "softplus", "gelu", "elu"])
@pytest.mark.parametrize("loss", [mse_loss, huber_loss])
def test_s11_any_differentiable_loss_and_activation(hidden, loss):
    network = TwoLayerNetwork(2, 3, 2, hidden=hidden, output="tanh", seed=1)
    parameters, x, y = network.parameters(), [0.3, -0.8], [0.5, -0.25]
    loss(network(x), y).backward()

    def error(numbers):
        for parameter, number in zip(parameters, numbers):
            parameter.data = number
        return loss([float(f) for f in network.eval()(x)], y)

    start, step = [p.data for p in parameters], 1e-5
    for i, parameter in enumerate(parameters):
        ends = [start[:i] + [start[i] + side] + start[i + 1 :] for side in (step, -step)]
        slope = (error(ends[0]) - error(ends[1])) / (2 * step)
        assert parameter.grad == pytest.approx(slope, rel=1e-5, abs=1e-9)


def test_s12_the_backward_pass_runs_from_the_loss_down_to_the_inputs():
    network, x, y, _ = example(3, 5, 4)
    loss = mse_loss(network(x), y)
    steps = [step.node for step in loss.backward_steps()]
    place = {node: i for i, node in enumerate(steps)}
    outputs = [place[node] for node in steps if node.op is sigmoid]
    hidden = [place[node] for node in steps if node.op is relu and node.parents]  # the open ones
    weights = [place[w] for w in network.layers[0].parameters() if w in place]
    assert steps[0] is loss and len(hidden) > 1
    assert max(outputs) < min(hidden) <= max(hidden) < min(weights)


@pytest.mark.parametrize("b", [1, 7, 30])
def test_s13_algorithm_3_1_step_by_step_bit_for_bit(b):
    iris = load_iris()
    inputs, targets = iris.inputs[::5], iris.targets[::5]
    network, twin = (TwoLayerNetwork(4, 6, 3, seed=2) for _ in range(2))
    history = train(network, inputs, targets, step_size=0.05, batch_size=b, iterations=25,
                    seed=11, progress=False)  # fmt: skip
    source, parameters = random.Random(11), twin.parameters()
    for t in range(25):
        gradient = [0.0] * len(parameters)
        batch = source.sample(range(len(inputs)), b)
        assert len(set(batch)) == b
        losses = []
        for i in batch:
            for parameter in parameters:
                parameter.grad = 0.0
            loss = mse_loss(twin(inputs[i]), targets[i])
            loss.backward(1 / b)
            losses.append(loss.data)
            gradient = [g + parameter.grad for g, parameter in zip(gradient, parameters)]
        assert history.losses[t] == math.fsum(losses) * (1 / b)
        for parameter, g in zip(parameters, gradient):
            parameter.data = parameter.data - 0.05 * g
    assert [p.data for p in network.parameters()] == [p.data for p in parameters]


def test_the_sigmoid_has_the_slope_of_the_textbook():
    for x in (-3.0, 0.0, 0.4, 2.0):
        s = logistic(x)
        assert grad(sigmoid)(x) == pytest.approx(s * (1 - s), rel=CLOSE)


def test_sgd_is_the_update_of_the_algorithm():
    w = Value(1.0)
    w.grad = 0.5
    SGD([w], 0.1).step()
    assert w.data == 1.0 - 0.1 * 0.5
