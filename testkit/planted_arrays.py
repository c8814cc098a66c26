"""Planted mistakes in backward passes that are written by hand, on NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from testkit.planted import Array, Number, Planted, arrays


def logistic(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def softmax(z: Array) -> Array:
    """The softmax of each row."""
    powers = np.exp(z)
    return powers / powers.sum(1, keepdims=True)


# Linear regression: the loss is a mean over the samples, which are arguments.


def linear_regression(X: Array, y: Array, w: Array, b: Number) -> Any:
    return np.mean((X @ w + b - y) ** 2)


def linear_regression_gradient(
    X: Array, y: Array, w: Array, b: float
) -> tuple[Array, Array, Array, float]:
    slope = 2 * (X @ w + b - y) / len(y)
    return np.outer(slope, w), -slope, X.T @ slope, slope.sum()


def linear_regression_of_a_sum(
    X: Array, y: Array, w: Array, b: float
) -> tuple[Array, Array, Array, float]:
    slope = 2 * (X @ w + b - y)
    return np.outer(slope, w), -slope, X.T @ slope, slope.sum()


def linear_regression_without_two(
    X: Array, y: Array, w: Array, b: float
) -> tuple[Array, Array, Array, float]:
    slope = (X @ w + b - y) / len(y)
    return np.outer(slope, w), -slope, X.T @ slope, slope.sum()


def linear_regression_of_one_sample(
    X: Array, y: Array, w: Array, b: float
) -> tuple[Array, Array, Array, float]:
    slope = 2 * (X @ w + b - y) / len(y)
    return np.outer(slope, w), -slope, X.T @ slope, slope[0]


def linear_regression_target(
    X: Array, y: Array, w: Array, b: float
) -> tuple[Array, Array, Array, float]:
    slope = 2 * (X @ w + b - y) / len(y)
    return np.outer(slope, w), slope, X.T @ slope, slope.sum()


LINEAR = arrays(0, (4, 2), 4, 2, ())

# Logistic regression with weight decay.

LABELS = np.array([1.0, 0.0, 1.0, 1.0])


def logistic_regression(X: Array, w: Array, b: Number, decay: Number) -> Number:
    z = X @ w + b
    return np.mean(np.log(1 + np.exp(z)) - LABELS * z) + 0.5 * decay * (w @ w)


def logistic_regression_gradient(
    X: Array, w: Array, b: float, decay: float
) -> tuple[Array, Array, float, Any]:
    slope = (logistic(X @ w + b) - LABELS) / len(X)
    return np.outer(slope, w), X.T @ slope + decay * w, slope.sum(), 0.5 * (w @ w)


def logistic_regression_without_decay(
    X: Array, w: Array, b: float, decay: float
) -> tuple[Array, Array, float, Any]:
    slope = (logistic(X @ w + b) - LABELS) / len(X)
    return np.outer(slope, w), X.T @ slope, slope.sum(), 0.5 * (w @ w)


def logistic_regression_mean_of_means(
    X: Array, w: Array, b: float, decay: float
) -> tuple[Array, Array, float, Any]:
    slope = (logistic(X @ w + b) - LABELS) / len(X)
    return np.outer(slope, w), X.T @ slope + decay * w, slope.mean(), 0.5 * (w @ w)


LOGISTIC = (*arrays(20, (4, 2), 2, ()), 0.34)

# Softmax regression.

FLOWERS, CLASSES = arrays(50, (4, 3))[0], np.array([2, 0, 1, 2])


def softmax_regression(W: Array, b: Array) -> Number:
    probabilities = softmax(FLOWERS @ W + b)
    return -np.mean(np.log(probabilities[np.arange(4), CLASSES]))


def softmax_regression_gradient(W: Array, b: Array) -> tuple[Array, Array]:
    slope = softmax(FLOWERS @ W + b)
    slope[np.arange(4), CLASSES] -= 1
    slope /= 4
    return FLOWERS.T @ slope, slope.sum(0)


def softmax_regression_one_weight(W: Array, b: Array) -> tuple[Array, Array]:
    by_W, by_b = softmax_regression_gradient(W, b)
    by_W[1, 2] = by_W[1, 1]
    return by_W, by_b


def softmax_regression_transposed(W: Array, b: Array) -> tuple[Array, Array]:
    by_W, by_b = softmax_regression_gradient(W, b)
    return by_W.T, by_b


def softmax_regression_backwards(W: Array, b: Array) -> tuple[Array, Array]:
    by_W, by_b = softmax_regression_gradient(W, b)
    return by_W, by_b[::-1]


SOFTMAX = arrays(2, (3, 3), 3)

# A network of two layers, the loss half a mean of squares.

SAMPLES, TARGETS = arrays(30, (3, 2), (3, 3))


def network(W1: Array, b1: Array, W2: Array, b2: Array) -> Number:
    out = np.tanh(SAMPLES @ W1 + b1) @ W2 + b2
    return 0.5 * np.sum((out - TARGETS) ** 2) / 3


def network_gradient(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    h = np.tanh(SAMPLES @ W1 + b1)
    d2 = (h @ W2 + b2 - TARGETS) / 3
    d1 = (d2 @ W2.T) * (1 - h * h)
    return SAMPLES.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)


def network_without_tanh(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    h = np.tanh(SAMPLES @ W1 + b1)
    d2 = (h @ W2 + b2 - TARGETS) / 3
    d1 = d2 @ W2.T
    return SAMPLES.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)


def network_tanh_of_the_input(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    z = SAMPLES @ W1 + b1
    h = np.tanh(z)
    d2 = (h @ W2 + b2 - TARGETS) / 3
    d1 = (d2 @ W2.T) * (1 - z * z)
    return SAMPLES.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)


def network_through_its_gradient(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    h = np.tanh(SAMPLES @ W1 + b1)
    d2 = (h @ W2 + b2 - TARGETS) / 3
    by_W2 = h.T @ d2
    d1 = (d2 @ by_W2.T) * (1 - h * h)
    return SAMPLES.T @ d1, d1.sum(0), by_W2, d2.sum(0)


def network_first_sample(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    h = np.tanh(SAMPLES @ W1 + b1)
    d2 = (h @ W2 + b2 - TARGETS) / 3
    d1 = (d2 @ W2.T) * (1 - h * h)
    return SAMPLES.T @ d1, d1[0], h.T @ d2, d2.sum(0)


def network_transposed(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    h = np.tanh(SAMPLES @ W1 + b1)
    d2 = (h @ W2 + b2 - TARGETS) / 3
    d1 = (d2 @ W2.T) * (1 - h * h)
    return d1.T @ SAMPLES, d1.sum(0), h.T @ d2, d2.sum(0)


def network_reshaped(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    h = np.tanh(SAMPLES @ W1 + b1)
    d2 = (h @ W2 + b2 - TARGETS) / 3
    d1 = (d2 @ W2.T) * (1 - h * h)
    return SAMPLES.T @ d1, d1.sum(0), (d2.T @ h).reshape(W2.shape), d2.sum(0)


def network_without_bias(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    by_W1, _, by_W2, by_b2 = network_gradient(W1, b1, W2, b2)
    return by_W1, np.zeros_like(b1), by_W2, by_b2


def network_out_of_step(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    h = np.tanh(SAMPLES @ W1 + b1)
    d2 = (h @ W2 + b2 - TARGETS) / 3
    d1 = (d2 @ W2.T) * (1 - h * h)
    return np.roll(SAMPLES, 1, 0).T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)


NETWORK = arrays(71, (2, 2), 2, (2, 3), 3)

# A residual block.


def residual_block(x: Array, W: Array, v: Array) -> Number:
    return v @ (x + np.tanh(W @ x))


def residual_block_gradient(x: Array, W: Array, v: Array) -> tuple[Array, Array, Array]:
    t = np.tanh(W @ x)
    slope = v * (1 - t * t)
    return v + W.T @ slope, np.outer(slope, x), x + t


def residual_block_without_skip(x: Array, W: Array, v: Array) -> tuple[Array, Array, Array]:
    t = np.tanh(W @ x)
    slope = v * (1 - t * t)
    return W.T @ slope, np.outer(slope, x), x + t


def residual_block_forward_weights(x: Array, W: Array, v: Array) -> tuple[Array, Array, Array]:
    t = np.tanh(W @ x)
    slope = v * (1 - t * t)
    return v + W @ slope, np.outer(slope, x), x + t


RESIDUAL = arrays(10, 3, (3, 3), 3)

# Batch normalisation, and a weighted sum of what comes out.

READOUT = arrays(71, (4, 2))[0]


def batch_norm(x: Array, gamma: Array, beta: Array) -> Number:
    centered = x - x.mean(0)
    normal = centered / np.sqrt((centered**2).mean(0) + 1e-5)
    return np.sum(READOUT * (gamma * normal + beta))


def batch_norm_gradient(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    centered = x - x.mean(0)
    spread = np.sqrt((centered**2).mean(0) + 1e-5)
    normal = centered / spread
    slope = READOUT * gamma
    by_x = (slope - slope.mean(0) - normal * (slope * normal).mean(0)) / spread
    return by_x, (READOUT * normal).sum(0), READOUT.sum(0)


def batch_norm_constant_mean(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    centered = x - x.mean(0)
    spread = np.sqrt((centered**2).mean(0) + 1e-5)
    normal = centered / spread
    slope = READOUT * gamma
    by_x = (slope - normal * (slope * normal).mean(0)) / spread
    return by_x, (READOUT * normal).sum(0), READOUT.sum(0)


def batch_norm_constant_spread(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    centered = x - x.mean(0)
    spread = np.sqrt((centered**2).mean(0) + 1e-5)
    slope = READOUT * gamma
    by_x = (slope - slope.mean(0)) / spread
    return by_x, (READOUT * centered / spread).sum(0), READOUT.sum(0)


def batch_norm_shift_times_input(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    by_x, by_gamma, _ = batch_norm_gradient(x, gamma, beta)
    return by_x, by_gamma, (READOUT * x).sum(0)


def batch_norm_by_the_variance(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    centered = x - x.mean(0)
    variance = (centered**2).mean(0) + 1e-5
    normal = centered / np.sqrt(variance)
    slope = READOUT * gamma
    by_x = (slope - slope.mean(0) - normal * (slope * normal).mean(0)) / variance
    return by_x, (READOUT * normal).sum(0), READOUT.sum(0)


BATCH = arrays(40, (4, 2), 2, 2)

# Attention of two queries to two keys.

WANTED = arrays(55, (2, 2))[0]


def attention(Q: Array, K: Array, V: Array) -> Number:
    weights = softmax(Q @ K.T / np.sqrt(K.shape[1]))
    return np.sum(WANTED * (weights @ V))


def attention_gradient(Q: Array, K: Array, V: Array) -> tuple[Array, Array, Array]:
    root = np.sqrt(K.shape[1])
    weights = softmax(Q @ K.T / root)
    by_weights = WANTED @ V.T
    by_scores = weights * (by_weights - (weights * by_weights).sum(1, keepdims=True)) / root
    return by_scores @ K, by_scores.T @ Q, weights.T @ WANTED


def attention_without_root(Q: Array, K: Array, V: Array) -> tuple[Array, Array, Array]:
    weights = softmax(Q @ K.T / np.sqrt(K.shape[1]))
    by_weights = WANTED @ V.T
    by_scores = weights * (by_weights - (weights * by_weights).sum(1, keepdims=True))
    return by_scores @ K, by_scores.T @ Q, weights.T @ WANTED


def attention_keys_for_queries(Q: Array, K: Array, V: Array) -> tuple[Array, Array, Array]:
    by_Q, by_K, by_V = attention_gradient(Q, K, V)
    return by_K, by_Q, by_V


def attention_without_row_sum(Q: Array, K: Array, V: Array) -> tuple[Array, Array, Array]:
    root = np.sqrt(K.shape[1])
    weights = softmax(Q @ K.T / root)
    by_scores = weights * (WANTED @ V.T) / root
    return by_scores @ K, by_scores.T @ Q, weights.T @ WANTED


def attention_values_for_slopes(Q: Array, K: Array, V: Array) -> tuple[Array, Array, Array]:
    by_Q, by_K, _ = attention_gradient(Q, K, V)
    return by_Q, by_K, softmax(Q @ K.T / np.sqrt(K.shape[1])).T @ V


ATTENTION = arrays(54, (2, 4), (2, 4), (2, 2))

# Factorisation of a matrix of ratings.

RATINGS, RIDGE = arrays(25, (3, 3))[0], 0.37


def factorisation(users: Array, items: Array) -> Number:
    error = users @ items.T - RATINGS
    return 0.5 * np.sum(error**2) + 0.5 * RIDGE * (np.sum(users**2) + np.sum(items**2))


def factorisation_gradient(users: Array, items: Array) -> tuple[Array, Array]:
    error = users @ items.T - RATINGS
    return error @ items + RIDGE * users, error.T @ users + RIDGE * items


def factorisation_with_twice_the_ridge(users: Array, items: Array) -> tuple[Array, Array]:
    error = users @ items.T - RATINGS
    return error @ items + RIDGE * users, error.T @ users + 2 * RIDGE * items


def factorisation_items_first(users: Array, items: Array) -> tuple[Array, Array]:
    by_users, by_items = factorisation_gradient(users, items)
    return by_items, by_users


FACTORS = arrays(0, (3, 2), (3, 2))

# A convolution in one dimension.

HEARD = arrays(80, 4)[0]


def windows(signal: Array) -> Array:
    return np.array([signal[i : i + 3] for i in range(4)])


def convolution(signal: Array, kernel: Array, bias: Number) -> Number:
    return 0.5 * np.sum((windows(signal) @ kernel + bias - HEARD) ** 2)


def convolution_gradient(signal: Array, kernel: Array, bias: float) -> tuple[Array, Array, float]:
    error = windows(signal) @ kernel + bias - HEARD
    by_signal = np.zeros(6)
    for i in range(4):
        by_signal[i : i + 3] += error[i] * kernel
    return by_signal, windows(signal).T @ error, error.sum()


def convolution_flipped(signal: Array, kernel: Array, bias: float) -> tuple[Array, Array, float]:
    by_signal, by_kernel, by_bias = convolution_gradient(signal, kernel, bias)
    return by_signal, by_kernel[::-1], by_bias


def convolution_assigned(signal: Array, kernel: Array, bias: float) -> tuple[Array, Array, float]:
    error = windows(signal) @ kernel + bias - HEARD
    by_signal = np.zeros(6)
    for i in range(4):
        by_signal[i : i + 3] = error[i] * kernel
    return by_signal, windows(signal).T @ error, error.sum()


CONVOLUTION = arrays(32, 6, 3, ())

# A recurrent network of three steps.

HEARD_BY_STEP, READ = arrays(46, (3, 2), 2)


def recurrent(W: Array, U: Array, h: Array) -> Number:
    for x in HEARD_BY_STEP:
        h = np.tanh(W @ h + U @ x)
    return READ @ h


def recurrent_states(W: Array, U: Array, h: Array) -> list[Array]:
    states = [h]
    for x in HEARD_BY_STEP:
        states.append(np.tanh(W @ states[-1] + U @ x))
    return states


def recurrent_gradient(W: Array, U: Array, h: Array) -> tuple[Array, Array, Array]:
    states = recurrent_states(W, U, h)
    by_W, by_U, slope = np.zeros_like(W), np.zeros_like(U), READ
    for t in reversed(range(3)):
        slope = slope * (1 - states[t + 1] ** 2)
        by_W += np.outer(slope, states[t])
        by_U += np.outer(slope, HEARD_BY_STEP[t])
        slope = W.T @ slope
    return by_W, by_U, slope


def recurrent_assigned(W: Array, U: Array, h: Array) -> tuple[Array, Array, Array]:
    states = recurrent_states(W, U, h)
    by_U, slope = np.zeros_like(U), READ
    for t in reversed(range(3)):
        slope = slope * (1 - states[t + 1] ** 2)
        by_W = np.outer(slope, states[t])
        by_U += np.outer(slope, HEARD_BY_STEP[t])
        slope = W.T @ slope
    return by_W, by_U, slope


RECURRENT = (
    np.array([[0.37, -0.62], [0.84, 0.29]]),
    np.array([[0.53, 0.18], [-0.41, 0.76]]),
    np.array([0.68, -0.35]),
)

# Regression with a Gaussian kernel, and its length.

PLACES, HEIGHTS = arrays(84, 4, ())[0], arrays(20, 4)[0]
SQUARES = (PLACES[:, None] - PLACES) ** 2


def kernel_regression(alpha: Array, length: Number) -> Number:
    error = np.exp(-SQUARES / (2 * length**2)) @ alpha - HEIGHTS
    return 0.5 * np.sum(error**2)


def kernel_regression_gradient(alpha: Array, length: float) -> tuple[Array, float]:
    kernel = np.exp(-SQUARES / (2 * length**2))
    error = kernel @ alpha - HEIGHTS
    return kernel.T @ error, error @ (kernel * SQUARES / length**3) @ alpha


def kernel_regression_fixed_length(alpha: Array, length: float) -> tuple[Array, float]:
    kernel = np.exp(-SQUARES / (2 * length**2))
    return kernel.T @ (kernel @ alpha - HEIGHTS), 0.0


KERNEL = (arrays(61, 4)[0], 0.73)

# Three masses on three springs: the energy of a network of springs.

SPRINGS = [(0, 1), (1, 2), (2, 0)]


def spring_energy(positions: Array, stiffness: Array, lengths: Array) -> Number:
    energy = 0.0
    for k, (i, j) in enumerate(SPRINGS):
        away = positions[i] - positions[j]
        energy += 0.5 * stiffness[k] * (np.sqrt(away @ away) - lengths[k]) ** 2
    return energy


def spring_energy_gradient(
    positions: Array, stiffness: Array, lengths: Array
) -> tuple[Array, Array, Array]:
    by_positions = np.zeros_like(positions)
    stretches = np.zeros(3)
    for k, (i, j) in enumerate(SPRINGS):
        away = positions[i] - positions[j]
        distance = np.sqrt(away @ away)
        stretches[k] = distance - lengths[k]
        force = stiffness[k] * stretches[k] * away / distance
        by_positions[i] += force
        by_positions[j] -= force
    return by_positions, 0.5 * stretches**2, -stiffness * stretches


def spring_energy_by_length(
    positions: Array, stiffness: Array, lengths: Array
) -> tuple[Array, Array, Array]:
    by_positions, by_stiffness, by_lengths = spring_energy_gradient(positions, stiffness, lengths)
    return by_positions, by_stiffness, -by_lengths


def spring_energy_without_half(
    positions: Array, stiffness: Array, lengths: Array
) -> tuple[Array, Array, Array]:
    by_positions, by_stiffness, by_lengths = spring_energy_gradient(positions, stiffness, lengths)
    return by_positions, 2 * by_stiffness, by_lengths


SPRING = (arrays(21, (3, 2))[0], np.array([1.31, 0.84, 2.15]), np.array([0.47, 0.92, 0.66]))

# The loss of a discretised Poisson equation.


def poisson_loss(u: Array, source: Array) -> Number:
    error = (u[:-2] - 2 * u[1:-1] + u[2:]) / 0.04 - source
    return 0.5 * np.sum(error**2)


def poisson_loss_gradient(u: Array, source: Array) -> tuple[Array, Array]:
    error = (u[:-2] - 2 * u[1:-1] + u[2:]) / 0.04 - source
    by_u = np.zeros_like(u)
    by_u[:-2] += error / 0.04
    by_u[1:-1] -= 2 * error / 0.04
    by_u[2:] += error / 0.04
    return by_u, -error


def poisson_loss_fixed_end(u: Array, source: Array) -> tuple[Array, Array]:
    by_u, by_source = poisson_loss_gradient(u, source)
    by_u[0] = 0.0
    return by_u, by_source


POISSON = arrays(33, 7, 5)

# The likelihood of Gaussian samples.

MEASURED = arrays(5, (4, 2))[0]


def gaussian_loss(mu: Array, sigma: Array) -> Number:
    return np.sum(0.5 * ((MEASURED - mu) / sigma) ** 2 + np.log(sigma))


def gaussian_loss_gradient(mu: Array, sigma: Array) -> tuple[Array, Array]:
    z = (MEASURED - mu) / sigma
    return -(z / sigma).sum(0), ((1 - z**2) / sigma).sum(0)


def gaussian_loss_by_the_logarithm(mu: Array, sigma: Array) -> tuple[Array, Array]:
    z = (MEASURED - mu) / sigma
    return -(z / sigma).sum(0), (1 - z**2).sum(0)


def gaussian_loss_last_sample(mu: Array, sigma: Array) -> tuple[Array, Array]:
    z = (MEASURED - mu) / sigma
    return -(z / sigma)[-1], ((1 - z**2) / sigma).sum(0)


GAUSSIAN = (arrays(76, 2)[0], np.array([0.63, 1.72]))

# Regression with an elastic net.


def elastic_net(w: Array, b: Number) -> Number:
    error = SAMPLES @ w + b - HEIGHTS[:3]
    return 0.5 * np.sum(error**2) + 0.23 * np.sum(np.abs(w)) + 0.35 * np.sum(w**2)


def elastic_net_gradient(w: Array, b: float) -> tuple[Array, float]:
    error = SAMPLES @ w + b - HEIGHTS[:3]
    return SAMPLES.T @ error + 0.23 * np.sign(w) + 0.7 * w, error.sum()


def elastic_net_without_signs(w: Array, b: float) -> tuple[Array, float]:
    error = SAMPLES @ w + b - HEIGHTS[:3]
    return SAMPLES.T @ error + 0.7 * w, error.sum()


ELASTIC = arrays(56, 2, ())

# A bag of words: the mean of the embeddings, and a neuron.


def bag_of_words(words: Array, w: Array) -> Number:
    return np.tanh(words.mean(0) @ w)


def bag_of_words_gradient(words: Array, w: Array) -> tuple[Array, Array]:
    center = words.mean(0)
    slope = 1 - np.tanh(center @ w) ** 2
    return np.outer(np.ones(len(words)) / len(words), slope * w), slope * center


def bag_of_words_without_mean(words: Array, w: Array) -> tuple[Array, Array]:
    center = words.mean(0)
    slope = 1 - np.tanh(center @ w) ** 2
    return np.outer(np.ones(len(words)), slope * w), slope * center


WORDS = arrays(66, (3, 3), 3)

# fmt: off
PLANTED_ARRAYS = [
    Planted("linear regression, everything lacks the mean", "mean", linear_regression, linear_regression_of_a_sum, LINEAR),
    Planted("linear regression, the 2 of the square is forgotten", "factor", linear_regression, linear_regression_without_two, LINEAR),
    Planted("linear regression, b has the slope of the first sample", "broadcast", linear_regression, linear_regression_of_one_sample, LINEAR),
    Planted("linear regression, y has the sign of the prediction", "sign", linear_regression, linear_regression_target, LINEAR),
    Planted("logistic regression, w lacks the weight decay", "penalty", logistic_regression, logistic_regression_without_decay, LOGISTIC),
    Planted("logistic regression, b is divided by n twice", "mean", logistic_regression, logistic_regression_mean_of_means, LOGISTIC),
    Planted("softmax regression, W[1][2] is wrong", "one component", softmax_regression, softmax_regression_one_weight, SOFTMAX),
    Planted("softmax regression, W is transposed", "transpose", softmax_regression, softmax_regression_transposed, SOFTMAX),
    Planted("softmax regression, b has the classes in reverse", "permuted", softmax_regression, softmax_regression_backwards, SOFTMAX),
    Planted("network, the derivative of tanh is missing", "activation", network, network_without_tanh, NETWORK),
    Planted("network, the derivative of tanh is 1 - z**2, z its input", "activation", network, network_tanh_of_the_input, NETWORK),
    Planted("network, back through the gradient of W2 instead of W2", "downstream", network, network_through_its_gradient, NETWORK),
    Planted("network, b1 has the slope of the first sample", "broadcast", network, network_first_sample, NETWORK),
    Planted("network, W1 is transposed", "transpose", network, network_transposed, NETWORK),
    Planted("network, W2 is flattened the wrong way", "transpose", network, network_reshaped, NETWORK),
    Planted("network, b1 is left out", "zero", network, network_without_bias, NETWORK),
    Planted("network, the slopes of one sample meet the inputs of another", "other", network, network_out_of_step, NETWORK),
    Planted("residual block, x lacks the path of the skip connection", "missing term", residual_block, residual_block_without_skip, RESIDUAL),
    Planted("residual block, back through W instead of its transpose", "transpose", residual_block, residual_block_forward_weights, RESIDUAL),
    Planted("batch norm, x lacks the path through the mean", "missing term", batch_norm, batch_norm_constant_mean, BATCH),
    Planted("batch norm, x lacks the path through the variance", "missing term", batch_norm, batch_norm_constant_spread, BATCH),
    Planted("batch norm, beta is multiplied by x", "times input", batch_norm, batch_norm_shift_times_input, BATCH),
    Planted("batch norm, divided by the variance, not its root", "other", batch_norm, batch_norm_by_the_variance, BATCH),
    Planted("attention, the root of the width is forgotten: Q and K twice", "factor", attention, attention_without_root, ATTENTION),
    Planted("attention, Q and K have each other's slopes", "swapped", attention, attention_keys_for_queries, ATTENTION),
    Planted("attention, Q and K lack the row sum of the softmax", "missing term", attention, attention_without_row_sum, ATTENTION),
    Planted("attention, V times the weights where the slope of the output belongs", "downstream", attention, attention_values_for_slopes, ATTENTION),
    Planted("factorisation, the ridge of items is taken twice", "penalty", factorisation, factorisation_with_twice_the_ridge, FACTORS),
    Planted("factorisation, users and items have each other's slopes", "swapped", factorisation, factorisation_items_first, FACTORS),
    Planted("convolution, kernel is reversed", "permuted", convolution, convolution_flipped, CONVOLUTION),
    Planted("convolution, signal is assigned where windows overlap", "overwritten", convolution, convolution_assigned, CONVOLUTION),
    Planted("recurrent network, W is assigned: only the first step counts", "overwritten", recurrent, recurrent_assigned, RECURRENT),
    Planted("kernel regression, length is held constant", "zero", kernel_regression, kernel_regression_fixed_length, KERNEL),
    Planted("springs, lengths have the sign of the stretch", "sign", spring_energy, spring_energy_by_length, SPRING),
    Planted("springs, the half of the energy is forgotten in stiffness", "factor", spring_energy, spring_energy_without_half, SPRING),
    Planted("Poisson equation, u[0] is left out", "one component", poisson_loss, poisson_loss_fixed_end, POISSON),
    Planted("Gaussian loss, sigma is multiplied by itself: the slope by its logarithm", "times input", gaussian_loss, gaussian_loss_by_the_logarithm, GAUSSIAN),
    Planted("Gaussian loss, mu has the slope of the last sample", "broadcast", gaussian_loss, gaussian_loss_last_sample, GAUSSIAN),
    Planted("elastic net, w lacks the signs of the L1 term", "penalty", elastic_net, elastic_net_without_signs, ELASTIC),
    Planted("bag of words, words lack the mean", "mean", bag_of_words, bag_of_words_without_mean, WORDS),
]
RIGHT_ARRAYS = [
    Planted("linear regression", "right", linear_regression, linear_regression_gradient, LINEAR),
    Planted("logistic regression", "right", logistic_regression, logistic_regression_gradient, LOGISTIC),
    Planted("softmax regression", "right", softmax_regression, softmax_regression_gradient, SOFTMAX),
    Planted("network", "right", network, network_gradient, NETWORK),
    Planted("residual block", "right", residual_block, residual_block_gradient, RESIDUAL),
    Planted("batch norm", "right", batch_norm, batch_norm_gradient, BATCH),
    Planted("attention", "right", attention, attention_gradient, ATTENTION),
    Planted("factorisation", "right", factorisation, factorisation_gradient, FACTORS),
    Planted("convolution", "right", convolution, convolution_gradient, CONVOLUTION),
    Planted("recurrent network", "right", recurrent, recurrent_gradient, RECURRENT),
    Planted("kernel regression", "right", kernel_regression, kernel_regression_gradient, KERNEL),
    Planted("springs", "right", spring_energy, spring_energy_gradient, SPRING),
    Planted("Poisson equation", "right", poisson_loss, poisson_loss_gradient, POISSON),
    Planted("Gaussian loss", "right", gaussian_loss, gaussian_loss_gradient, GAUSSIAN),
    Planted("elastic net", "right", elastic_net, elastic_net_gradient, ELASTIC),
    Planted("bag of words", "right", bag_of_words, bag_of_words_gradient, WORDS),
]
# fmt: on
