"""Planted mistakes in gradients, in plain Python, of functions that the engine can record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd import (
    absolute,
    cos,
    dot,
    exp,
    log,
    mean,
    norm,
    normal_cdf,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    tanh,
)
from autograd import sum as total
from testkit.planted import Floats, Number, Numbers, Planted, lists


def logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z))


# One neuron.


def neuron(weights: Numbers, inputs: Numbers, bias: Number) -> Any:
    return tanh(dot(weights, inputs) + bias)


def neuron_gradient(weights: Floats, inputs: Floats, bias: float) -> tuple[Floats, Floats, float]:
    slope = 1 - neuron(weights, inputs, bias) ** 2
    return [slope * x for x in inputs], [slope * w for w in weights], slope


def neuron_without_tanh(
    weights: Floats, inputs: Floats, bias: float
) -> tuple[Floats, Floats, float]:
    return list(inputs), list(weights), 1.0


def neuron_tanh_of_tanh(
    weights: Floats, inputs: Floats, bias: float
) -> tuple[Floats, Floats, float]:
    slope = 1 - math.tanh(neuron(weights, inputs, bias)) ** 2
    return [slope * x for x in inputs], [slope * w for w in weights], slope


def neuron_bias_times_input(
    weights: Floats, inputs: Floats, bias: float
) -> tuple[Floats, Floats, float]:
    by_weights, by_inputs, slope = neuron_gradient(weights, inputs, bias)
    return by_weights, by_inputs, slope * inputs[0]


def neuron_weights_without_input(
    weights: Floats, inputs: Floats, bias: float
) -> tuple[Floats, Floats, float]:
    _, by_inputs, slope = neuron_gradient(weights, inputs, bias)
    return [slope for _ in weights], by_inputs, slope


NEURON = ([0.52, -0.31, 0.74], [0.87, 1.13, -0.46], 0.97)

# Two hidden units, all of them scalars.


def two_units(x: Number, w1: Number, w2: Number, v1: Number, v2: Number) -> Number:
    h1 = tanh(w1 * x)
    h2 = tanh(w2 * x)
    return v1 * h1 + v2 * h2


def two_units_gradient(
    x: float, w1: float, w2: float, v1: float, v2: float
) -> tuple[float, float, float, float, float]:
    h1, h2 = math.tanh(w1 * x), math.tanh(w2 * x)
    d1, d2 = v1 * (1 - h1**2), v2 * (1 - h2**2)
    return d1 * w1 + d2 * w2, d1 * x, d2 * x, h1, h2


def two_units_without_h2(
    x: float, w1: float, w2: float, v1: float, v2: float
) -> tuple[float, float, float, float, float]:
    h1, h2 = math.tanh(w1 * x), math.tanh(w2 * x)
    d1, d2 = v1 * (1 - h1**2), v2 * (1 - h2**2)
    return d1 * w1, d1 * x, d2 * x, h1, h2


def two_units_exchanged(
    x: float, w1: float, w2: float, v1: float, v2: float
) -> tuple[float, float, float, float, float]:
    by_x, by_w1, by_w2, by_v1, by_v2 = two_units_gradient(x, w1, w2, v1, v2)
    return by_x, by_w2, by_w1, by_v1, by_v2


UNITS = (0.83, 0.61, -1.17, 1.42, 0.57)

# A chain of three layers.


def chain(x: Number, w1: Number, w2: Number, w3: Number) -> Number:
    return w3 * tanh(w2 * tanh(w1 * x))


def chain_gradient(x: float, w1: float, w2: float, w3: float) -> tuple[float, float, float, float]:
    h1 = math.tanh(w1 * x)
    h2 = math.tanh(w2 * h1)
    d2 = w3 * (1 - h2**2)
    d1 = d2 * w2 * (1 - h1**2)
    return d1 * w1, d1 * x, d2 * h1, h2


def chain_through_slope(
    x: float, w1: float, w2: float, w3: float
) -> tuple[float, float, float, float]:
    h1 = math.tanh(w1 * x)
    h2 = math.tanh(w2 * h1)
    d2 = w3 * (1 - h2**2)
    by_w2 = d2 * h1
    d1 = d2 * by_w2 * (1 - h1**2)
    return d1 * w1, d1 * x, by_w2, h2


def chain_weight_for_slope(
    x: float, w1: float, w2: float, w3: float
) -> tuple[float, float, float, float]:
    h1 = math.tanh(w1 * x)
    h2 = math.tanh(w2 * h1)
    d2 = w3 * (1 - h2**2)
    d1 = d2 * w2 * (1 - h1**2)
    return d1 * w1, d1 * x, w3 * h1, h2


CHAIN = (0.93, 0.72, 1.38, -0.84)

# A recurrent unit with the same weights at every step.


def recurrent_unit(w: Number, u: Number, h: Number, inputs: Numbers) -> Number:
    for x in inputs:
        h = tanh(w * h + u * x)
    return h


def recurrent_unit_states(w: float, u: float, h: float, inputs: Floats) -> Floats:
    states = [h]
    for x in inputs:
        states.append(math.tanh(w * states[-1] + u * x))
    return states


def recurrent_unit_gradient(
    w: float, u: float, h: float, inputs: Floats
) -> tuple[float, float, float, Floats]:
    states = recurrent_unit_states(w, u, h, inputs)
    by_w, by_u, by_inputs, slope = 0.0, 0.0, [0.0] * len(inputs), 1.0
    for t in reversed(range(len(inputs))):
        slope *= 1 - states[t + 1] ** 2
        by_w += slope * states[t]
        by_u += slope * inputs[t]
        by_inputs[t] = slope * u
        slope *= w
    return by_w, by_u, slope, by_inputs


def recurrent_unit_last_step(
    w: float, u: float, h: float, inputs: Floats
) -> tuple[float, float, float, Floats]:
    states = recurrent_unit_states(w, u, h, inputs)
    _, by_u, by_h, by_inputs = recurrent_unit_gradient(w, u, h, inputs)
    return (1 - states[-1] ** 2) * states[-2], by_u, by_h, by_inputs


def recurrent_unit_without_first_step(
    w: float, u: float, h: float, inputs: Floats
) -> tuple[float, float, float, Floats]:
    by_w, by_u, by_h, by_inputs = recurrent_unit_gradient(w, u, h, inputs)
    return by_w, by_u - by_inputs[0] / u * inputs[0], by_h, by_inputs


RECURRENT_UNIT = (0.88, 0.64, 0.37, [0.52, -0.91, 0.73])

# A gated unit.


def gated_unit(wz: Number, uz: Number, candidate: Number, state: Number) -> Number:
    gate = sigmoid(wz * candidate + uz * state)
    return gate * candidate + (1 - gate) * state


def gated_unit_gradient(
    wz: float, uz: float, candidate: float, state: float
) -> tuple[float, float, float, float]:
    gate = logistic(wz * candidate + uz * state)
    slope = (candidate - state) * gate * (1 - gate)
    return slope * candidate, slope * state, gate + slope * wz, 1 - gate + slope * uz


def gated_unit_open(
    wz: float, uz: float, candidate: float, state: float
) -> tuple[float, float, float, float]:
    by_wz, by_uz, by_candidate, _ = gated_unit_gradient(wz, uz, candidate, state)
    return by_wz, by_uz, by_candidate, 1 - logistic(wz * candidate + uz * state)


def gated_unit_without_gate(
    wz: float, uz: float, candidate: float, state: float
) -> tuple[float, float, float, float]:
    gate = logistic(wz * candidate + uz * state)
    slope = candidate - state
    return slope * candidate, slope * state, gate + slope * wz, 1 - gate + slope * uz


GATED = (0.79, -1.21, 1.34, 0.46)

# A layer with a skip connection, and a matrix that is a list of rows.


def skip_layer(matrix: Sequence[Numbers], x: Numbers, readout: Numbers) -> Number:
    return dot(readout, [xi + sigmoid(dot(row, x)) for xi, row in zip(x, matrix)])


def skip_layer_slopes(matrix: list[Floats], x: Floats, readout: Floats) -> tuple[Floats, Floats]:
    gates = [logistic(float(dot(row, x))) for row in matrix]
    return gates, [v * g * (1 - g) for v, g in zip(readout, gates)]


def skip_layer_gradient(
    matrix: list[Floats], x: Floats, readout: Floats
) -> tuple[list[Floats], Floats, Floats]:
    gates, slopes = skip_layer_slopes(matrix, x, readout)
    by_x = [v + sum(s * row[j] for s, row in zip(slopes, matrix)) for j, v in enumerate(readout)]
    return [[s * xj for xj in x] for s in slopes], by_x, [a + g for a, g in zip(x, gates)]


def skip_layer_transposed(
    matrix: list[Floats], x: Floats, readout: Floats
) -> tuple[list[Floats], Floats, Floats]:
    by_matrix, by_x, by_readout = skip_layer_gradient(matrix, x, readout)
    return [list(column) for column in zip(*by_matrix)], by_x, by_readout


def skip_layer_without_skip(
    matrix: list[Floats], x: Floats, readout: Floats
) -> tuple[list[Floats], Floats, Floats]:
    by_matrix, by_x, by_readout = skip_layer_gradient(matrix, x, readout)
    return by_matrix, [a - v for a, v in zip(by_x, readout)], by_readout


SKIP = lists(3, (3, 3), 3, 3)

# A bilinear form.


def bilinear(left: Numbers, matrix: Sequence[Numbers], right: Numbers) -> Number:
    return dot(left, [dot(row, right) for row in matrix])


def bilinear_gradient(
    left: Floats, matrix: list[Floats], right: Floats
) -> tuple[Floats, list[Floats], Floats]:
    by_left = [sum(a * y for a, y in zip(row, right)) for row in matrix]
    by_right = [sum(x * a for x, a in zip(left, column)) for column in zip(*matrix)]
    return by_left, [[x * y for y in right] for x in left], by_right


def bilinear_transposed(
    left: Floats, matrix: list[Floats], right: Floats
) -> tuple[Floats, list[Floats], Floats]:
    by_left, _, by_right = bilinear_gradient(left, matrix, right)
    return by_left, [[y * x for x in left] for y in right], by_right


def bilinear_exchanged(
    left: Floats, matrix: list[Floats], right: Floats
) -> tuple[Floats, list[Floats], Floats]:
    by_left, by_matrix, by_right = bilinear_gradient(left, matrix, right)
    return by_right, by_matrix, by_left


BILINEAR = lists(44, 3, (3, 3), 3)

# Cross entropy of a softmax, with a temperature.


def cross_entropy(logits: Numbers, temperature: Number) -> Number:
    return -log(softmax([z / temperature for z in logits])[1])


def cross_entropy_gradient(logits: Floats, temperature: float) -> tuple[Floats, float]:
    shares = softmax([z / temperature for z in logits])
    slopes = [float(p) - (k == 1) for k, p in enumerate(shares)]
    by_temperature = -sum(s * z for s, z in zip(slopes, logits)) / temperature**2
    return [s / temperature for s in slopes], by_temperature


def cross_entropy_constant_temperature(logits: Floats, temperature: float) -> tuple[Floats, float]:
    by_logits, _ = cross_entropy_gradient(logits, temperature)
    return by_logits, 0.0


LOGITS = ([0.72, -0.35, 1.18, 0.41], 1.43)

# Pooling by attention.


def attention_pool(scores: Numbers, values: Numbers) -> Number:
    return dot(softmax(scores), values)


def attention_pool_gradient(scores: Floats, values: Floats) -> tuple[Floats, Floats]:
    shares = [float(p) for p in softmax(scores)]
    out = sum(p * v for p, v in zip(shares, values))
    return [p * (v - out) for p, v in zip(shares, values)], shares


def attention_pool_constant_shares(scores: Floats, values: Floats) -> tuple[Floats, Floats]:
    return [0.0] * len(scores), attention_pool_gradient(scores, values)[1]


POOL = ([0.33, -0.58, 1.07], [1.21, 0.49, -0.87])

# Least squares, the data being arguments.


def squared_error(predictions: Numbers, targets: Numbers) -> Number:
    return mean([(p - t) ** 2 for p, t in zip(predictions, targets)])


def squared_error_gradient(predictions: Floats, targets: Floats) -> tuple[Floats, Floats]:
    slopes = [2 * (p - t) / len(targets) for p, t in zip(predictions, targets)]
    return slopes, [-s for s in slopes]


def squared_error_of_a_sum(predictions: Floats, targets: Floats) -> tuple[Floats, Floats]:
    slopes = [2 * (p - t) for p, t in zip(predictions, targets)]
    return slopes, [-s for s in slopes]


ERRORS = ([0.44, 1.27, -0.63], [0.91, 0.38, -1.12])

HOURS, SCORES = [0.35, 0.92, 1.47, 2.13], [0.61, 1.08, 0.97, 1.86]


def line_fit(slope: Number, intercept: Number) -> Number:
    return total([(slope * x + intercept - y) ** 2 for x, y in zip(HOURS, SCORES)])


def line_fit_gradient(slope: float, intercept: float) -> tuple[float, float]:
    errors = [slope * x + intercept - y for x, y in zip(HOURS, SCORES)]
    return 2 * sum(e * x for e, x in zip(errors, HOURS)), 2 * sum(errors)


def line_fit_half(slope: float, intercept: float) -> tuple[float, float]:
    errors = [slope * x + intercept - y for x, y in zip(HOURS, SCORES)]
    return sum(e * x for e, x in zip(errors, HOURS)), sum(errors)


def line_fit_first_sample(slope: float, intercept: float) -> tuple[float, float]:
    errors = [slope * x + intercept - y for x, y in zip(HOURS, SCORES)]
    return 2 * sum(e * x for e, x in zip(errors, HOURS)), 2 * errors[0]


LINE = (0.83, 0.27)

# Ridge and lasso.


def ridge(weights: Numbers, bias: Number, strength: Number) -> Number:
    errors = [dot(weights, [x, x * x]) + bias - y for x, y in zip(HOURS, SCORES)]
    return mean([e * e for e in errors]) + strength * dot(weights, weights)


def ridge_gradient(weights: Floats, bias: float, strength: float) -> tuple[Floats, float, float]:
    w1, w2 = weights
    slopes = [2 * (w1 * x + w2 * x * x + bias - y) / 4 for x, y in zip(HOURS, SCORES)]
    by_w1 = sum(s * x for s, x in zip(slopes, HOURS)) + 2 * strength * w1
    by_w2 = sum(s * x * x for s, x in zip(slopes, HOURS)) + 2 * strength * w2
    return [by_w1, by_w2], sum(slopes), w1 * w1 + w2 * w2


def ridge_forgotten(weights: Floats, bias: float, strength: float) -> tuple[Floats, float, float]:
    by_weights, by_bias, by_strength = ridge_gradient(weights, bias, strength)
    plain = [b - 2 * strength * w for b, w in zip(by_weights, weights)]
    return plain, by_bias, by_strength


RIDGE = ([0.68, -0.29], 0.34, 0.17)


def lasso(weights: Numbers, bias: Number) -> Number:
    margin = dot(weights, [0.62, -0.94, 1.31]) + bias
    return softplus(-margin) + 0.23 * total([absolute(w) for w in weights])


def lasso_gradient(weights: Floats, bias: float, times: float = 1) -> tuple[Floats, float]:
    margin = float(dot(weights, [0.62, -0.94, 1.31])) + bias
    slope = -logistic(-margin)
    signs = [math.copysign(0.23 * times, w) for w in weights]
    return [slope * x + s for x, s in zip([0.62, -0.94, 1.31], signs)], slope


def lasso_twice(weights: Floats, bias: float) -> tuple[Floats, float]:
    return lasso_gradient(weights, bias, times=2)


LASSO = ([0.43, 0.86, -0.57], 0.19)

# Likelihoods.


def exponential_loss(samples: Numbers, rate: Number) -> Number:
    return rate * mean(samples) - log(rate)


def exponential_loss_gradient(samples: Floats, rate: float) -> tuple[Floats, float]:
    n = len(samples)
    return [rate / n for _ in samples], sum(samples) / n - 1 / rate


def exponential_loss_without_mean(samples: Floats, rate: float) -> tuple[Floats, float]:
    return [rate for _ in samples], exponential_loss_gradient(samples, rate)[1]


WAITS = ([0.62, 1.37, 0.29, 2.14], 0.83)


def normal_loss(samples: Numbers, mu: Number, sigma: Number) -> Number:
    return total([((x - mu) / sigma) ** 2 / 2 + log(sigma) for x in samples])


def normal_loss_gradient(samples: Floats, mu: float, sigma: float) -> tuple[Floats, float, float]:
    z = [(x - mu) / sigma for x in samples]
    return [t / sigma for t in z], -sum(z) / sigma, sum((1 - t * t) / sigma for t in z)


def normal_loss_mean_for_sum(
    samples: Floats, mu: float, sigma: float
) -> tuple[Floats, float, float]:
    by_samples, by_mu, by_sigma = normal_loss_gradient(samples, mu, sigma)
    return by_samples, by_mu / len(samples), by_sigma


SAMPLES = ([0.58, 1.93, 1.14], 0.76, 1.29)


def log_likelihood(weights: Numbers, bias: Number) -> Number:
    return -softplus(-(dot(weights, [1.22, -0.57, 0.83]) + bias))


def log_likelihood_gradient(weights: Floats, bias: float) -> tuple[Floats, float]:
    slope = logistic(-(float(dot(weights, [1.22, -0.57, 0.83])) + bias))
    return [slope * x for x in [1.22, -0.57, 0.83]], slope


def log_likelihood_descent(weights: Floats, bias: float) -> tuple[Floats, float]:
    by_weights, by_bias = log_likelihood_gradient(weights, bias)
    return [-x for x in by_weights], -by_bias


LIKELIHOOD = ([0.36, 0.71, -0.48], 0.27)

# A loss of three points: near to one, far from the other.


def triplet(anchor: Numbers, positive: Numbers, negative: Numbers) -> Number:
    near = total([(a - p) ** 2 for a, p in zip(anchor, positive)])
    far = total([(a - n) ** 2 for a, n in zip(anchor, negative)])
    return softplus(near - far)


def triplet_gradient(
    anchor: Floats, positive: Floats, negative: Floats
) -> tuple[Floats, Floats, Floats]:
    near = sum((a - p) ** 2 for a, p in zip(anchor, positive))
    far = sum((a - n) ** 2 for a, n in zip(anchor, negative))
    slope = 2 * logistic(near - far)
    by_positive = [slope * (p - a) for a, p in zip(anchor, positive)]
    by_negative = [slope * (a - n) for a, n in zip(anchor, negative)]
    return [slope * (n - p) for p, n in zip(positive, negative)], by_positive, by_negative


def triplet_attracted(
    anchor: Floats, positive: Floats, negative: Floats
) -> tuple[Floats, Floats, Floats]:
    by_anchor, by_positive, by_negative = triplet_gradient(anchor, positive, negative)
    return by_anchor, by_positive, [-x for x in by_negative]


TRIPLET = ([0.42, 0.87], [0.65, 0.31], [-0.28, 1.13])

# Two inputs that share a weight.


def siamese(w: Number, left: Number, right: Number) -> Number:
    return tanh(w * left) * tanh(w * right)


def siamese_gradient(w: float, left: float, right: float) -> tuple[float, float, float]:
    a, b = math.tanh(w * left), math.tanh(w * right)
    by_a, by_b = b * (1 - a * a), a * (1 - b * b)
    return by_a * left + by_b * right, by_a * w, by_b * w


def siamese_last_use(w: float, left: float, right: float) -> tuple[float, float, float]:
    a, b = math.tanh(w * left), math.tanh(w * right)
    by_a, by_b = b * (1 - a * a), a * (1 - b * b)
    return by_b * right, by_a * w, by_b * w


SIAMESE = (0.91, 0.64, 1.18)

# Physics, chemistry, finance.


def pendulum(mass: Number, length: Number, angle: Number, speed: Number) -> Number:
    return mass * length**2 * speed**2 / 2 + mass * 9.81 * length * (1 - cos(angle))


def pendulum_gradient(
    mass: float, length: float, angle: float, speed: float
) -> tuple[float, float, float, float]:
    height = 9.81 * (1 - math.cos(angle))
    by_mass = length**2 * speed**2 / 2 + length * height
    by_length = mass * length * speed**2 + mass * height
    return by_mass, by_length, mass * 9.81 * length * math.sin(angle), mass * length**2 * speed


def pendulum_double_speed(
    mass: float, length: float, angle: float, speed: float
) -> tuple[float, float, float, float]:
    by_mass, by_length, by_angle, by_speed = pendulum_gradient(mass, length, angle, speed)
    return by_mass, by_length, by_angle, 2 * by_speed


def pendulum_cosine(
    mass: float, length: float, angle: float, speed: float
) -> tuple[float, float, float, float]:
    by_mass, by_length, _, by_speed = pendulum_gradient(mass, length, angle, speed)
    return by_mass, by_length, mass * 9.81 * length * math.cos(angle), by_speed


PENDULUM = (1.37, 0.82, 0.64, 1.73)


def lennard_jones(distance: Number, depth: Number, size: Number) -> Number:
    ratio = (size / distance) ** 6
    return 4 * depth * (ratio**2 - ratio)


def lennard_jones_gradient(
    distance: float, depth: float, size: float, four: float = 4.0
) -> tuple[float, float, float]:
    ratio = (size / distance) ** 6
    slope = four * depth * (12 * ratio**2 - 6 * ratio)
    return -slope / distance, four * (ratio**2 - ratio), slope / size


def lennard_jones_without_four(
    distance: float, depth: float, size: float
) -> tuple[float, float, float]:
    return lennard_jones_gradient(distance, depth, size, four=1.0)


def lennard_jones_rounded(distance: float, depth: float, size: float) -> tuple[float, float, float]:
    by_distance, by_depth, by_size = lennard_jones_gradient(distance, depth, size)
    return round(by_distance, 2), round(by_depth, 2), round(by_size, 2)


LENNARD = (1.24, 0.73, 1.09)


def gravity(positions: Sequence[Numbers], masses: Numbers) -> Number:
    energy = 0.0
    for i in range(3):
        for j in range(i):
            away = norm([a - b for a, b in zip(positions[i], positions[j])])
            energy = energy - masses[i] * masses[j] / away
    return energy


def gravity_gradient(positions: list[Floats], masses: Floats) -> tuple[list[Floats], Floats]:
    by_positions = [[0.0, 0.0] for _ in range(3)]
    by_masses = [0.0] * 3
    for i in range(3):
        for j in range(3):
            if i != j:
                away = [a - b for a, b in zip(positions[i], positions[j])]
                distance = math.hypot(*away)
                by_masses[i] -= masses[j] / distance
                for k in range(2):
                    by_positions[i][k] += masses[i] * masses[j] * away[k] / distance**3
    return by_positions, by_masses


def gravity_one_coordinate(positions: list[Floats], masses: Floats) -> tuple[list[Floats], Floats]:
    by_positions, by_masses = gravity_gradient(positions, masses)
    by_positions[2][1] = by_positions[2][0]
    return by_positions, by_masses


GRAVITY = ([[0.12, 0.93], [1.34, -0.27], [-0.78, -0.56]], [1.17, 0.84, 0.59])


def enzyme(fastest: Number, half: Number, substrate: Number) -> Number:
    return fastest * substrate / (half + substrate)


def enzyme_gradient(fastest: float, half: float, substrate: float) -> tuple[float, float, float]:
    whole = half + substrate
    return substrate / whole, -fastest * substrate / whole**2, fastest * half / whole**2


def enzyme_exchanged(fastest: float, half: float, substrate: float) -> tuple[float, float, float]:
    by_fastest, by_half, by_substrate = enzyme_gradient(fastest, half, substrate)
    return by_fastest, by_substrate, by_half


ENZYME = (2.37, 0.86, 1.43)


def present_value(rate: Number, payments: Numbers) -> Number:
    value = 0.0
    for year, payment in enumerate(payments):
        value = value + payment / (1 + rate) ** (year + 1)
    return value


def present_value_gradient(rate: float, payments: Floats) -> tuple[float, Floats]:
    by_payments = [(1 + rate) ** -(year + 1) for year in range(len(payments))]
    terms = [-(k + 1) * c * d / (1 + rate) for k, (c, d) in enumerate(zip(payments, by_payments))]
    return sum(terms), by_payments


def present_value_assigned(rate: float, payments: Floats) -> tuple[float, Floats]:
    by_payments = [0.0] * len(payments)
    for k, payment in enumerate(payments):
        by_payments[k] = (1 + rate) ** -(k + 1)
        by_rate = -(k + 1) * payment * by_payments[k] / (1 + rate)
    return by_rate, by_payments


PAYMENTS = (0.13, [1.42, 0.87, 2.31])


def call_price(spot: Number, strike: Number, volatility: Number) -> Number:
    d1 = log(spot / strike) / volatility + volatility / 2
    return spot * normal_cdf(d1) - strike * normal_cdf(d1 - volatility)


def call_price_gradient(
    spot: float, strike: float, volatility: float
) -> tuple[float, float, float]:
    d1 = math.log(spot / strike) / volatility + volatility / 2
    vega = spot * math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    return float(normal_cdf(d1)), -float(normal_cdf(d1 - volatility)), vega


def call_price_without_vega(
    spot: float, strike: float, volatility: float
) -> tuple[float, float, float]:
    by_spot, by_strike, _ = call_price_gradient(spot, strike, volatility)
    return by_spot, by_strike, 0.0


CALL = (1.08, 0.97, 0.34)


def range_error(x: Number, y: Number, beacon: Numbers) -> Number:
    return (sqrt((x - beacon[0]) ** 2 + (y - beacon[1]) ** 2) - 1.37) ** 2


def range_error_gradient(x: float, y: float, beacon: Floats) -> tuple[float, float, Floats]:
    dx, dy = x - beacon[0], y - beacon[1]
    distance = math.hypot(dx, dy)
    slope = 2 * (distance - 1.37) / distance
    return slope * dx, slope * dy, [-slope * dx, -slope * dy]


def range_error_exchanged(x: float, y: float, beacon: Floats) -> tuple[float, float, Floats]:
    by_x, by_y, by_beacon = range_error_gradient(x, y, beacon)
    return by_y, by_x, by_beacon


RANGE = (0.86, -0.43, [0.21, 1.58])

# Polynomials and signals.


def polynomial(coefficients: Numbers, x: Number) -> Number:
    value = 0.0
    for c in reversed(coefficients):
        value = value * x + c
    return value


def polynomial_gradient(coefficients: Floats, x: float) -> tuple[Floats, float]:
    by_x = sum(k * c * x ** (k - 1) for k, c in enumerate(coefficients) if k)
    return [x**k for k in range(len(coefficients))], by_x


def polynomial_highest_first(coefficients: Floats, x: float) -> tuple[Floats, float]:
    by_coefficients, by_x = polynomial_gradient(coefficients, x)
    return by_coefficients[::-1], by_x


def polynomial_one_power(coefficients: Floats, x: float) -> tuple[Floats, float]:
    by_coefficients, by_x = polynomial_gradient(coefficients, x)
    by_coefficients[3] = x**2
    return by_coefficients, by_x


POLYNOMIAL = ([0.47, -1.13, 0.82, 0.36, -0.59], 1.27)


def smoothed(signal: Numbers, decay: Number) -> Number:
    level = signal[0]
    for x in signal[1:]:
        level = decay * level + (1 - decay) * x
    return sin(level)


def smoothed_gradient(signal: Floats, decay: float) -> tuple[Floats, float]:
    level, by_decay, shares = signal[0], 0.0, [1.0]
    for x in signal[1:]:
        by_decay = level - x + decay * by_decay
        level = decay * level + (1 - decay) * x
        shares = [decay * s for s in shares] + [1 - decay]
    return [math.cos(level) * s for s in shares], math.cos(level) * by_decay


def smoothed_rotated(signal: Floats, decay: float) -> tuple[Floats, float]:
    by_signal, by_decay = smoothed_gradient(signal, decay)
    return by_signal[1:] + by_signal[:1], by_decay


SMOOTHED = ([0.38, 1.26, -0.74, 0.91, 0.15], 0.63)

# A similarity by a Gaussian kernel, to each of some centers, and a bias for all.


def kernel_score(x: Number, width: Number, amounts: Numbers) -> Number:
    return dot(amounts, [exp(-(((x - c) / width) ** 2)) for c in (0.24, 1.13, -0.68)])


def kernel_score_gradient(x: float, width: float, amounts: Floats) -> tuple[float, float, Floats]:
    near = [math.exp(-(((x - c) / width) ** 2)) for c in (0.24, 1.13, -0.68)]
    pulls = [-2 * a * k * (x - c) / width**2 for a, k, c in zip(amounts, near, (0.24, 1.13, -0.68))]
    by_width = -sum(p * (x - c) / width for p, c in zip(pulls, (0.24, 1.13, -0.68)))
    return sum(pulls), by_width, near


def kernel_score_without_center(
    x: float, width: float, amounts: Floats
) -> tuple[float, float, Floats]:
    _, by_width, near = kernel_score_gradient(x, width, amounts)
    pulls = [-2 * a * k * x / width**2 for a, k in zip(amounts, near)]
    return sum(pulls), by_width, near


KERNEL = (0.57, 0.92, [1.16, 0.43, -0.77])


def shared_bias(rows: Sequence[Numbers], bias: Number) -> Number:
    return total([tanh(dot(row, [0.73, -0.41]) + bias) ** 2 for row in rows])


def shared_bias_gradient(rows: list[Floats], bias: float) -> tuple[list[Floats], float]:
    outs = [math.tanh(0.73 * a - 0.41 * b + bias) for a, b in rows]
    slopes = [2 * out * (1 - out * out) for out in outs]
    return [[0.73 * s, -0.41 * s] for s in slopes], sum(slopes)


def shared_bias_one_row(rows: list[Floats], bias: float) -> tuple[list[Floats], float]:
    by_rows, _ = shared_bias_gradient(rows, bias)
    return by_rows, by_rows[-1][0] / 0.73


SHARED = ([[0.54, 0.22], [0.87, -0.38], [1.29, -0.46]], 0.18)

# fmt: off
PLANTED_VALUES = [
    Planted("neuron, the derivative of tanh is missing", "activation", neuron, neuron_without_tanh, NEURON),
    Planted("neuron, the derivative of tanh is 1 - tanh(out)**2", "activation", neuron, neuron_tanh_of_tanh, NEURON),
    Planted("neuron, bias is multiplied by the first input", "times input", neuron, neuron_bias_times_input, NEURON),
    Planted("neuron, weights lack the factor inputs", "times input", neuron, neuron_weights_without_input, NEURON),
    Planted("two units, x lacks the term through h2", "missing term", two_units, two_units_without_h2, UNITS),
    Planted("two units, w1 and w2 have each other's slopes", "swapped", two_units, two_units_exchanged, UNITS),
    Planted("chain, back through the slope of w2 instead of w2", "downstream", chain, chain_through_slope, CHAIN),
    Planted("chain, w2 has the weight w3 where the slope behind it belongs", "downstream", chain, chain_weight_for_slope, CHAIN),
    Planted("recurrent unit, only the last use of w counts", "overwritten", recurrent_unit, recurrent_unit_last_step, RECURRENT_UNIT),
    Planted("recurrent unit, u lacks the term of the first step", "missing term", recurrent_unit, recurrent_unit_without_first_step, RECURRENT_UNIT),
    Planted("gated unit, state lacks the path through the gate", "missing term", gated_unit, gated_unit_open, GATED),
    Planted("gated unit, the derivative of sigmoid is missing", "activation", gated_unit, gated_unit_without_gate, GATED),
    Planted("skip layer, matrix is transposed", "transpose", skip_layer, skip_layer_transposed, SKIP),
    Planted("skip layer, x lacks the path of the skip connection", "missing term", skip_layer, skip_layer_without_skip, SKIP),
    Planted("bilinear form, matrix is transposed", "transpose", bilinear, bilinear_transposed, BILINEAR),
    Planted("bilinear form, left and right have each other's slopes", "swapped", bilinear, bilinear_exchanged, BILINEAR),
    Planted("cross entropy, temperature is held constant", "zero", cross_entropy, cross_entropy_constant_temperature, LOGITS),
    Planted("attention pool, scores are held constant", "zero", attention_pool, attention_pool_constant_shares, POOL),
    Planted("squared error, everything lacks the mean", "mean", squared_error, squared_error_of_a_sum, ERRORS),
    Planted("line, everything is half", "factor", line_fit, line_fit_half, LINE),
    Planted("line, intercept has the slope of the first sample", "broadcast", line_fit, line_fit_first_sample, LINE),
    Planted("ridge, weights lack the penalty", "penalty", ridge, ridge_forgotten, RIDGE),
    Planted("lasso, the penalty of weights is taken twice", "penalty", lasso, lasso_twice, LASSO),
    Planted("exponential loss, samples lack the mean", "mean", exponential_loss, exponential_loss_without_mean, WAITS),
    Planted("normal loss, mu has the mean for the sum", "mean", normal_loss, normal_loss_mean_for_sum, SAMPLES),
    Planted("log likelihood, everything has the sign of descent", "sign", log_likelihood, log_likelihood_descent, LIKELIHOOD),
    Planted("triplet loss, negative has the wrong sign", "sign", triplet, triplet_attracted, TRIPLET),
    Planted("siamese network, only the last use of w counts", "overwritten", siamese, siamese_last_use, SIAMESE),
    Planted("pendulum, speed is twice", "factor", pendulum, pendulum_double_speed, PENDULUM),
    Planted("pendulum, the cosine of angle instead of its sine", "other", pendulum, pendulum_cosine, PENDULUM),
    Planted("Lennard-Jones potential, the 4 is forgotten", "factor", lennard_jones, lennard_jones_without_four, LENNARD),
    Planted("Lennard-Jones potential, two digits", "other", lennard_jones, lennard_jones_rounded, LENNARD),
    Planted("gravity, positions[2][1] is wrong", "one component", gravity, gravity_one_coordinate, GRAVITY),
    Planted("enzyme, half and substrate have each other's slopes", "swapped", enzyme, enzyme_exchanged, ENZYME),
    Planted("present value, rate is assigned: only the last payment counts", "overwritten", present_value, present_value_assigned, PAYMENTS),
    Planted("call price, volatility is left out", "zero", call_price, call_price_without_vega, CALL),
    Planted("range, x and y have each other's slopes", "swapped", range_error, range_error_exchanged, RANGE),
    Planted("polynomial, coefficients are reversed", "permuted", polynomial, polynomial_highest_first, POLYNOMIAL),
    Planted("polynomial, coefficients[3] has the wrong power", "one component", polynomial, polynomial_one_power, POLYNOMIAL),
    Planted("smoothing, signal is rotated by one", "permuted", smoothed, smoothed_rotated, SMOOTHED),
    Planted("kernel score, x without the centers", "other", kernel_score, kernel_score_without_center, KERNEL),
    Planted("shared bias, bias has the slope of the last row", "broadcast", shared_bias, shared_bias_one_row, SHARED),
]
RIGHT_VALUES = [
    Planted("neuron", "right", neuron, neuron_gradient, NEURON),
    Planted("two units", "right", two_units, two_units_gradient, UNITS),
    Planted("chain", "right", chain, chain_gradient, CHAIN),
    Planted("recurrent unit", "right", recurrent_unit, recurrent_unit_gradient, RECURRENT_UNIT),
    Planted("gated unit", "right", gated_unit, gated_unit_gradient, GATED),
    Planted("skip layer", "right", skip_layer, skip_layer_gradient, SKIP),
    Planted("bilinear form", "right", bilinear, bilinear_gradient, BILINEAR),
    Planted("cross entropy", "right", cross_entropy, cross_entropy_gradient, LOGITS),
    Planted("attention pool", "right", attention_pool, attention_pool_gradient, POOL),
    Planted("squared error", "right", squared_error, squared_error_gradient, ERRORS),
    Planted("line", "right", line_fit, line_fit_gradient, LINE),
    Planted("ridge", "right", ridge, ridge_gradient, RIDGE),
    Planted("lasso", "right", lasso, lasso_gradient, LASSO),
    Planted("exponential loss", "right", exponential_loss, exponential_loss_gradient, WAITS),
    Planted("normal loss", "right", normal_loss, normal_loss_gradient, SAMPLES),
    Planted("log likelihood", "right", log_likelihood, log_likelihood_gradient, LIKELIHOOD),
    Planted("triplet loss", "right", triplet, triplet_gradient, TRIPLET),
    Planted("siamese network", "right", siamese, siamese_gradient, SIAMESE),
    Planted("pendulum", "right", pendulum, pendulum_gradient, PENDULUM),
    Planted("Lennard-Jones potential", "right", lennard_jones, lennard_jones_gradient, LENNARD),
    Planted("gravity", "right", gravity, gravity_gradient, GRAVITY),
    Planted("enzyme", "right", enzyme, enzyme_gradient, ENZYME),
    Planted("present value", "right", present_value, present_value_gradient, PAYMENTS),
    Planted("call price", "right", call_price, call_price_gradient, CALL),
    Planted("range", "right", range_error, range_error_gradient, RANGE),
    Planted("polynomial", "right", polynomial, polynomial_gradient, POLYNOMIAL),
    Planted("smoothing", "right", smoothed, smoothed_gradient, SMOOTHED),
    Planted("kernel score", "right", kernel_score, kernel_score_gradient, KERNEL),
    Planted("shared bias", "right", shared_bias, shared_bias_gradient, SHARED),
]
# fmt: on
