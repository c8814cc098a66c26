"""Mistakes in backward passes that were published, restated on small functions.

Each names where it was reported, and what it was; the code is not that of the report.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from autograd import dot, log, mean, sigmoid, softmax, tanh
from autograd import sum as total
from testkit.planted import Array, Floats, Number, Numbers, Planted, arrays, lists

# fmt: off
SOURCES = {
    "svm": "https://github.com/jingtinghuang/CS231n-Spring-2017/issues/3: the gradient of reg * W**2 was reg * W, without its 2",
    "decay": "https://github.com/andersbll/nnet/issues/4: weight decay was subtracted from the gradient instead of added",
    "logistic": "https://github.com/eriklindernoren/ML-From-Scratch/issues/124: the gradient of a mean lacked 1/n",
    "bias mean": "https://github.com/kvfrans/notes/issues/5: the gradient of a bias was the mean over the batch, where it is the sum",
    "bias input": "https://github.com/rust0258/Deeplearning.ai-Natural-Language-Processing-Specialization/issues/62: the gradients of the biases were multiplied by the inputs",
    "dW2": "https://community.deeplearning.ai/t/w3-ex-6-assertionerror-wrong-values-for-dw1/402919: dW2 was used where W2 belongs",
    "output": "https://github.com/Bot-Academy/NeuralNetworkFromScratch/pull/3: the derivative of the outer sigmoid was missing",
    "x(1 - x)": "https://github.com/BoltzmannEntropy/interviews.ai/issues/4: the derivative of a sigmoid was x (1 - x), not y (1 - y)",
    "gate": "https://github.com/CaptainE/RNN-LSTM-in-numpy/issues/1: the sigmoid of a gate was taken where its derivative belongs",
    "minus": "https://github.com/KhawajaAbaid/micrograd_c/issues/1: the second operand of a subtraction got a gradient without its minus",
    "residual": "https://github.com/paiml/entrenar/issues/313: the second of two skip connections was missing in the backward pass",
    "dot(x, x.T)": "https://github.com/NervanaSystems/neon/issues/169: the gradient of x.T was not added to that of x",
    "exp": "https://github.com/karpathy/nn-zero-to-hero/issues/52: a gradient was assigned, = for +=, in the lecture",
    "filter": "https://github.com/FluxML/NNlib.jl/issues/518: the gradient of a filter came out reversed",
    "mse": "https://github.com/davisking/dlib/issues/1169: the gradient of a mean of squares lacked its 2",
    "add": "https://github.com/mlpack/mlpack/pull/3679: the gradient of a bias was the error itself, right for a batch of one only",
    "matmul": "https://github.com/HomericIntelligence/Odyssey/issues/2136: the transposes in the backward pass of a matrix product were wrong",
    "batch norm": "https://github.com/denizyuret/Knet.jl/issues/288: the gradient of the input lacked the factor gamma",
    "length": "https://github.com/scikit-learn/scikit-learn/issues/26502: the gradient by a length has length**-2 for length**-3; it is that by the logarithm, said to be that by the length",
    "layer norm": "https://github.com/Oneflow-Inc/oneflow/pull/6149: weight and bias got each other's gradients",
    "activations": "https://datascience.stackexchange.com/questions/25394: a layer's own output took the place of its input",
    "lstm gates": "https://github.com/hanbt/learn_dl/issues/53: the input gate's bias got the slope of the forget gate",
    "updated": "https://github.com/albertauyeung/matrix-factorization-in-python/pull/3: the items' gradient was taken with users that were already updated",
    "softmax": "https://github.com/HomericIntelligence/Odyssey/issues/2134: the backward pass of softmax lacked the dot product",
    "mean_delta": "https://github.com/pjreddie/darknet/issues/1723: reported as a missing term; the term is zero, so the gradient is right",
}
# fmt: on


def logistic(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


# Classifiers in NumPy.

PICTURES, LETTERS = arrays(12, (4, 3))[0], np.array([1, 0, 1, 1])


def svm_margins(W: Array) -> Array:
    scores = PICTURES @ W
    margins = scores - scores[np.arange(4), LETTERS][:, None] + 1
    margins[np.arange(4), LETTERS] = 0
    return margins


def svm(W: Array, reg: Number) -> Number:
    margins = svm_margins(W)
    return np.sum(margins * (margins > 0)) / 4 + reg * np.sum(W * W)


def svm_gradient(W: Array, reg: float) -> tuple[Array, float]:
    active = (svm_margins(W) > 0).astype(float)
    active[np.arange(4), LETTERS] = -active.sum(1)
    return PICTURES.T @ active / 4 + 2 * reg * W, np.sum(W * W)


def svm_without_two(W: Array, reg: float) -> tuple[Array, float]:
    by_W, by_reg = svm_gradient(W, reg)
    return by_W - reg * W, by_reg


SVM = (arrays(45, (3, 2))[0], 0.37)


def decayed(W: Array, b: Array, weight_decay: Number) -> Number:
    out = np.tanh(PICTURES @ W + b)
    return 0.5 * np.sum(out**2) / 4 + 0.5 * weight_decay * np.sum(W**2)


def decayed_gradient(W: Array, b: Array, weight_decay: float) -> tuple[Array, Array, float]:
    out = np.tanh(PICTURES @ W + b)
    slope = out * (1 - out**2) / 4
    return PICTURES.T @ slope + weight_decay * W, slope.sum(0), 0.5 * np.sum(W**2)


def decayed_subtracted(W: Array, b: Array, weight_decay: float) -> tuple[Array, Array, float]:
    by_W, by_b, by_decay = decayed_gradient(W, b, weight_decay)
    return by_W - 2 * weight_decay * W, by_b, by_decay


DECAYED = (*arrays(63, (3, 2), 2), 0.34)

ANSWERS = np.array([0.0, 1.0, 1.0, 0.0])


def classifier(X: Array, theta: Array) -> Number:
    z = X @ theta
    return np.mean(np.log(1 + np.exp(z)) - ANSWERS * z)


def classifier_gradient(X: Array, theta: Array) -> tuple[Array, Array]:
    slope = (logistic(X @ theta) - ANSWERS) / len(X)
    return np.outer(slope, theta), X.T @ slope


def classifier_without_mean(X: Array, theta: Array) -> tuple[Array, Array]:
    return classifier_gradient(X, theta)[0], (logistic(X @ theta) - ANSWERS) @ X


CLASSIFIER = arrays(70, (4, 2), 2)

# Networks in NumPy.


def deep_sum(x: Array, w1: Array, b1: Array, w2: Array, b2: Number) -> Number:
    return np.sum((np.tanh(x @ w1 + b1) @ w2 + b2) ** 2)


def deep_sum_gradient(
    x: Array, w1: Array, b1: Array, w2: Array, b2: float
) -> tuple[Array, Array, Array, Array, float]:
    h = np.tanh(x @ w1 + b1)
    d2 = 2 * (h @ w2 + b2)
    d1 = np.outer(d2, w2) * (1 - h**2)
    return d1 @ w1.T, x.T @ d1, d1.sum(0), h.T @ d2, d2.sum()


def deep_sum_mean_of_bias(
    x: Array, w1: Array, b1: Array, w2: Array, b2: float
) -> tuple[Array, Array, Array, Array, float]:
    by_x, by_w1, by_b1, by_w2, by_b2 = deep_sum_gradient(x, w1, b1, w2, b2)
    return by_x, by_w1, by_b1 / len(x), by_w2, by_b2


DEEP = arrays(0, (3, 2), (2, 2), 2, 2, ())

CONTEXTS, CENTERS = arrays(33, (2, 3))[0], arrays(21, (2, 3))[0]


def word_vectors(W1: Array, b1: Array, W2: Array, b2: Array) -> Number:
    h = np.tanh(W1 @ CONTEXTS + b1[:, None])
    return 0.5 * np.sum((W2 @ h + b2[:, None] - CENTERS) ** 2) / 3


def word_vectors_gradient(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    h = np.tanh(W1 @ CONTEXTS + b1[:, None])
    l2 = (W2 @ h + b2[:, None] - CENTERS) / 3
    l1 = (W2.T @ l2) * (1 - h**2)
    return l1 @ CONTEXTS.T, l1.sum(1), l2 @ h.T, l2.sum(1)


def word_vectors_bias_times_input(
    W1: Array, b1: Array, W2: Array, b2: Array
) -> tuple[Array, Array, Array, Array]:
    h = np.tanh(W1 @ CONTEXTS + b1[:, None])
    l2 = (W2 @ h + b2[:, None] - CENTERS) / 3
    l1 = (W2.T @ l2) * (1 - h**2)
    by_W1 = l1 @ CONTEXTS.T
    return by_W1, by_W1.sum(1), l2 @ h.T, l2.sum(1)


WORDS = arrays(60, (2, 2), 2, (2, 2), 2)


def planar(W1: Array, b1: Array, W2: Array, b2: Number) -> Number:
    A1 = np.tanh(W1 @ CONTEXTS + b1[:, None])
    Z2 = W2 @ A1 + b2
    return np.mean(np.log(1 + np.exp(Z2)) - ANSWERS[:3] * Z2)


def planar_gradient(
    W1: Array, b1: Array, W2: Array, b2: float
) -> tuple[Array, Array, Array, float]:
    A1 = np.tanh(W1 @ CONTEXTS + b1[:, None])
    dZ2 = (logistic(W2 @ A1 + b2) - ANSWERS[:3]) / 3
    dZ1 = np.outer(W2, dZ2) * (1 - A1**2)
    return dZ1 @ CONTEXTS.T, dZ1.sum(1), A1 @ dZ2, dZ2.sum()


def planar_through_its_gradient(
    W1: Array, b1: Array, W2: Array, b2: float
) -> tuple[Array, Array, Array, float]:
    A1 = np.tanh(W1 @ CONTEXTS + b1[:, None])
    dZ2 = (logistic(W2 @ A1 + b2) - ANSWERS[:3]) / 3
    dW2 = A1 @ dZ2
    dZ1 = np.outer(dW2, dZ2) * (1 - A1**2)
    return dZ1 @ CONTEXTS.T, dZ1.sum(1), dW2, dZ2.sum()


PLANAR = arrays(66, (3, 2), 3, 3, ())


def digits(w_i_h: Array, b_i_h: Array, w_h_o: Array, b_h_o: Array) -> Number:
    h = logistic(w_i_h @ PICTURES[0] + b_i_h)
    return np.sum((logistic(w_h_o @ h + b_h_o) - CENTERS[:, 0]) ** 2) / 2


def digits_gradient(
    w_i_h: Array, b_i_h: Array, w_h_o: Array, b_h_o: Array
) -> tuple[Array, Array, Array, Array]:
    h = logistic(w_i_h @ PICTURES[0] + b_i_h)
    o = logistic(w_h_o @ h + b_h_o)
    delta_o = (o - CENTERS[:, 0]) * o * (1 - o)
    delta_h = (w_h_o.T @ delta_o) * h * (1 - h)
    return np.outer(delta_h, PICTURES[0]), delta_h, np.outer(delta_o, h), delta_o


def digits_without_outer_sigmoid(
    w_i_h: Array, b_i_h: Array, w_h_o: Array, b_h_o: Array
) -> tuple[Array, Array, Array, Array]:
    h = logistic(w_i_h @ PICTURES[0] + b_i_h)
    delta_o = logistic(w_h_o @ h + b_h_o) - CENTERS[:, 0]
    delta_h = (w_h_o.T @ delta_o) * h * (1 - h)
    return np.outer(delta_h, PICTURES[0]), delta_h, np.outer(delta_o, h), delta_o


DIGITS = arrays(36, (2, 3), 2, (2, 2), 2)


def one_layer(w: Array, b: Number) -> Number:
    a = logistic(PICTURES @ w + b)
    return -np.mean(ANSWERS * np.log(a) + (1 - ANSWERS) * np.log(1 - a))


def one_layer_gradient(w: Array, b: float) -> tuple[Array, float]:
    dz = (logistic(PICTURES @ w + b) - ANSWERS) / 4
    return PICTURES.T @ dz, dz.sum()


def one_layer_own_output(w: Array, b: float) -> tuple[Array, float]:
    a = logistic(PICTURES @ w + b)
    dz = (a - ANSWERS) / 4
    return np.full(3, a @ dz), dz.sum()


ONE_LAYER = arrays(50, 3, ())

# Products, convolutions, norms, factors in NumPy.


def gram(x: Array) -> Number:
    return np.sum(CENTERS[:, :2] * (x @ x.T))


def gram_gradient(x: Array) -> Array:
    return (CENTERS[:, :2] + CENTERS[:, :2].T) @ x


def gram_first_use(x: Array) -> Array:
    return CENTERS[:, :2] @ x


GRAM = arrays(8, (2, 3))


def correlation(filters: Array, signal: Array) -> Number:
    return np.sum(np.convolve(signal, filters[::-1], "valid") ** 2)


def correlation_gradient(filters: Array, signal: Array) -> tuple[Array, Array]:
    slope = 2 * np.convolve(signal, filters[::-1], "valid")
    return np.convolve(signal, slope[::-1], "valid"), np.convolve(slope, filters)


def correlation_reversed(filters: Array, signal: Array) -> tuple[Array, Array]:
    by_filters, by_signal = correlation_gradient(filters, signal)
    return by_filters[::-1], by_signal


CORRELATION = arrays(40, 3, 5)


def matmul(A: Array, B: Array) -> Number:
    return np.sum(np.sin(A @ B))


def matmul_gradient(A: Array, B: Array) -> tuple[Array, Array]:
    slope = np.cos(A @ B)
    return slope @ B.T, A.T @ slope


def matmul_without_transpose(A: Array, B: Array) -> tuple[Array, Array]:
    slope = np.cos(A @ B)
    return slope @ B.T, A @ slope


MATMUL = arrays(52, (2, 2), (2, 2))


def scaled_norm(x: Array, gamma: Array, beta: Array) -> Number:
    centered = x - x.mean(0)
    normal = centered / np.sqrt((centered**2).mean(0) + 1e-5)
    return np.sum(np.sin(gamma * normal + beta))


def scaled_norm_pieces(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    centered = x - x.mean(0)
    spread = np.sqrt((centered**2).mean(0) + 1e-5)
    normal = centered / spread
    return normal, spread, np.cos(gamma * normal + beta)


def scaled_norm_gradient(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    normal, spread, slope = scaled_norm_pieces(x, gamma, beta)
    inner = slope * gamma
    by_x = (inner - inner.mean(0) - normal * (inner * normal).mean(0)) / spread
    return by_x, (slope * normal).sum(0), slope.sum(0)


def scaled_norm_without_gamma(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    normal, spread, slope = scaled_norm_pieces(x, gamma, beta)
    by_x = (slope - slope.mean(0) - normal * (slope * normal).mean(0)) / spread
    return by_x, (slope * normal).sum(0), slope.sum(0)


def scaled_norm_exchanged(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    by_x, by_gamma, by_beta = scaled_norm_gradient(x, gamma, beta)
    return by_x, by_beta, by_gamma


def scaled_norm_of_darknet(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    """The slope of the mean without its part through the variance, which vanishes."""
    normal, spread, slope = scaled_norm_pieces(x, gamma, beta)
    inner = slope * gamma
    by_variance = -0.5 * (inner * normal).sum(0) / spread**2
    by_mean = -inner.sum(0) / spread
    by_x = inner / spread + by_variance * 2 * normal * spread / 4 + by_mean / 4
    return by_x, (slope * normal).sum(0), slope.sum(0)


NORM = (*arrays(20, (4, 2)), np.array([1.37, -0.62]), np.array([0.28, 0.54]))

SITES = arrays(76, 4)[0]


def process_kernel(length_scale: Number, amplitude: Number) -> Number:
    away = (SITES[:, None] - SITES) ** 2
    return np.sum(amplitude * np.exp(-0.5 * away / length_scale**2) * np.outer(SITES, SITES))


def process_kernel_gradient(length_scale: float, amplitude: float) -> tuple[float, float]:
    away = (SITES[:, None] - SITES) ** 2
    kernel = np.exp(-0.5 * away / length_scale**2) * np.outer(SITES, SITES)
    return np.sum(amplitude * kernel * away / length_scale**3), np.sum(kernel)


def process_kernel_by_logarithm(length_scale: float, amplitude: float) -> tuple[float, float]:
    by_length, by_amplitude = process_kernel_gradient(length_scale, amplitude)
    return by_length * length_scale, by_amplitude


PROCESS = (1.43, 0.86)

RATINGS = arrays(48, (2, 3))[0]


def rating_error(P: Array, Q: Array) -> Number:
    return np.sum((RATINGS - P @ Q) ** 2)


def rating_error_gradient(P: Array, Q: Array) -> tuple[Array, Array]:
    error = RATINGS - P @ Q
    return -2 * error @ Q.T, -2 * P.T @ error


def rating_error_after_update(P: Array, Q: Array) -> tuple[Array, Array]:
    error = RATINGS - P @ Q
    by_P = -2 * error @ Q.T
    return by_P, -2 * (P - 0.1 * by_P).T @ error


RATED = arrays(27, (2, 2), (2, 3))

# The same kind of thing on Values.


def unit(w: Number, x: Number, b: Number) -> Number:
    return (sigmoid(w * x + b) - 0.31) ** 2


def unit_gradient(w: float, x: float, b: float) -> tuple[float, float, float]:
    y = 1 / (1 + math.exp(-(w * x + b)))
    slope = 2 * (y - 0.31) * y * (1 - y)
    return slope * x, slope * w, slope


def unit_of_its_input(w: float, x: float, b: float) -> tuple[float, float, float]:
    z = w * x + b
    slope = 2 * (1 / (1 + math.exp(-z)) - 0.31) * z * (1 - z)
    return slope * x, slope * w, slope


UNIT = (0.83, 1.19, 0.47)


def memory(wf: Number, bf: Number, wi: Number, bi: Number, cell: Number, x: Number) -> Number:
    return sigmoid(wf * x + bf) * cell + sigmoid(wi * x + bi) * tanh(x)


def memory_slopes(
    wf: float, bf: float, wi: float, bi: float, cell: float, x: float
) -> tuple[float, float, float, float]:
    forget = 1 / (1 + math.exp(-(wf * x + bf)))
    write = 1 / (1 + math.exp(-(wi * x + bi)))
    by_bf = cell * forget * (1 - forget)
    by_bi = math.tanh(x) * write * (1 - write)
    by_x = by_bf * wf + by_bi * wi + write * (1 - math.tanh(x) ** 2)
    return forget, by_bf, by_bi, by_x


def memory_gradient(
    wf: float, bf: float, wi: float, bi: float, cell: float, x: float
) -> tuple[float, float, float, float, float, float]:
    forget, by_bf, by_bi, by_x = memory_slopes(wf, bf, wi, bi, cell, x)
    return by_bf * x, by_bf, by_bi * x, by_bi, forget, by_x


def memory_sigmoid_for_its_slope(
    wf: float, bf: float, wi: float, bi: float, cell: float, x: float
) -> tuple[float, float, float, float, float, float]:
    forget, _, by_bi, by_x = memory_slopes(wf, bf, wi, bi, cell, x)
    by_bf = cell / (1 + math.exp(-forget))
    return by_bf * x, by_bf, by_bi * x, by_bi, forget, by_x


def memory_forget_for_input(
    wf: float, bf: float, wi: float, bi: float, cell: float, x: float
) -> tuple[float, float, float, float, float, float]:
    forget, by_bf, by_bi, by_x = memory_slopes(wf, bf, wi, bi, cell, x)
    return by_bf * x, by_bf, by_bi * x, by_bf, forget, by_x


MEMORY = (0.72, -0.38, 1.14, 0.56, 0.91, 0.67)


def difference(a: Number, b: Number, c: Number) -> Number:
    return (a - b) * (a * c)


def difference_gradient(a: float, b: float, c: float) -> tuple[float, float, float]:
    return (2 * a - b) * c, -a * c, (a - b) * a


def difference_without_minus(a: float, b: float, c: float) -> tuple[float, float, float]:
    by_a, by_b, by_c = difference_gradient(a, b, c)
    return by_a, -by_b, by_c


DIFFERENCE = (1.37, 0.58, -0.82)


def transformer_block(x: Number, wa: Number, wf: Number) -> Number:
    attended = x + tanh(wa * x)
    return attended + sigmoid(wf * attended)


def transformer_block_gradient(
    x: float, wa: float, wf: float, skip: float = 1.0
) -> tuple[float, float, float]:
    attended = x + math.tanh(wa * x)
    ff = 1 / (1 + math.exp(-wf * attended))
    slope = skip + ff * (1 - ff) * wf
    inner = slope * (1 - math.tanh(wa * x) ** 2)
    return slope + inner * wa, inner * x, ff * (1 - ff) * attended


def transformer_block_without_skip(x: float, wa: float, wf: float) -> tuple[float, float, float]:
    return transformer_block_gradient(x, wa, wf, skip=0.0)


BLOCK = (0.74, 0.86, 1.21)


def reused(a: Number, b: Number) -> Number:
    c = a * b
    return c * tanh(a)


def reused_gradient(a: float, b: float) -> tuple[float, float]:
    h = math.tanh(a)
    return b * h + a * b * (1 - h * h), a * h


def reused_assigned(a: float, b: float) -> tuple[float, float]:
    h = math.tanh(a)
    return a * b * (1 - h * h), a * h


REUSED = (0.63, 1.48)


def loss_of_outputs(outputs: Numbers, truth: Numbers) -> Number:
    return mean([(o - t) ** 2 for o, t in zip(outputs, truth)])


def loss_of_outputs_gradient(
    outputs: Floats, truth: Floats, scale: float = 2.0
) -> tuple[Floats, Floats]:
    slopes = [scale * (o - t) / len(truth) for o, t in zip(outputs, truth)]
    return slopes, [-s for s in slopes]


def loss_of_outputs_without_two(outputs: Floats, truth: Floats) -> tuple[Floats, Floats]:
    return loss_of_outputs_gradient(outputs, truth, scale=1.0)


OUTPUTS = lists(46, 4, 4)


def added(rows: Sequence[Numbers], bias: Numbers) -> Number:
    return total([tanh(x + b) for row in rows for x, b in zip(row, bias)])


def added_gradient(rows: list[Floats], bias: Floats) -> tuple[list[Floats], Floats]:
    slopes = [[1 - math.tanh(x + b) ** 2 for x, b in zip(row, bias)] for row in rows]
    return slopes, [sum(column) for column in zip(*slopes)]


def added_batch_of_one(rows: list[Floats], bias: Floats) -> tuple[list[Floats], Floats]:
    slopes, _ = added_gradient(rows, bias)
    return slopes, slopes[0]


ADDED = lists(0, (3, 2), 2)


def surprise(logits: Numbers, prior: Numbers) -> Number:
    return dot(prior, [log(p) * p for p in softmax(logits)])


def surprise_gradient(logits: Floats, prior: Floats) -> tuple[Floats, Floats]:
    shares = [float(p) for p in softmax(logits)]
    by_shares = [q * (math.log(p) + 1) for p, q in zip(shares, prior)]
    center = sum(p * s for p, s in zip(shares, by_shares))
    by_logits = [p * (s - center) for p, s in zip(shares, by_shares)]
    return by_logits, [p * math.log(p) for p in shares]


def surprise_without_dot(logits: Floats, prior: Floats) -> tuple[Floats, Floats]:
    shares = [float(p) for p in softmax(logits)]
    by_logits = [p * q * (math.log(p) + 1) for p, q in zip(shares, prior)]
    return by_logits, [p * math.log(p) for p in shares]


SURPRISE = ([0.42, -0.73, 0.88], [0.57, 1.16, 0.39])

# fmt: off
PLANTED_PUBLISHED = [
    Planted("SVM, the penalty of W is half", "penalty", svm, svm_without_two, SVM, SOURCES["svm"]),
    Planted("weight decay of W with the wrong sign", "penalty", decayed, decayed_subtracted, DECAYED, SOURCES["decay"]),
    Planted("logistic regression, theta lacks the mean", "mean", classifier, classifier_without_mean, CLASSIFIER, SOURCES["logistic"]),
    Planted("b1 has the mean for the sum", "mean", deep_sum, deep_sum_mean_of_bias, DEEP, SOURCES["bias mean"]),
    Planted("word vectors, b1 is multiplied by the inputs", "times input", word_vectors, word_vectors_bias_times_input, WORDS, SOURCES["bias input"]),
    Planted("planar data, back through dW2 instead of W2", "downstream", planar, planar_through_its_gradient, PLANAR, SOURCES["dW2"]),
    Planted("digits, the derivative of the outer sigmoid is missing", "activation", digits, digits_without_outer_sigmoid, DIGITS, SOURCES["output"]),
    Planted("sigmoid, its derivative is x (1 - x), x its input", "activation", unit, unit_of_its_input, UNIT, SOURCES["x(1 - x)"]),
    Planted("LSTM, the sigmoid of the forget gate for its derivative", "activation", memory, memory_sigmoid_for_its_slope, MEMORY, SOURCES["gate"]),
    Planted("subtraction, b has the wrong sign", "sign", difference, difference_without_minus, DIFFERENCE, SOURCES["minus"]),
    Planted("transformer block, x and wa lack the path of the second skip connection", "missing term", transformer_block, transformer_block_without_skip, BLOCK, SOURCES["residual"]),
    Planted("x @ x.T, only the first use of x counts", "overwritten", gram, gram_first_use, GRAM, SOURCES["dot(x, x.T)"]),
    Planted("a reused variable, only the last use of a counts", "overwritten", reused, reused_assigned, REUSED, SOURCES["exp"]),
    Planted("correlation, filters are reversed", "permuted", correlation, correlation_reversed, CORRELATION, SOURCES["filter"]),
    Planted("mean of squares, everything is half", "factor", loss_of_outputs, loss_of_outputs_without_two, OUTPUTS, SOURCES["mse"]),
    Planted("an added bias, that of a batch of one", "broadcast", added, added_batch_of_one, ADDED, SOURCES["add"]),
    Planted("matrix product, B by A instead of its transpose", "transpose", matmul, matmul_without_transpose, MATMUL, SOURCES["matmul"]),
    Planted("batch norm, x lacks the factor gamma", "times input", scaled_norm, scaled_norm_without_gamma, NORM, SOURCES["batch norm"]),
    Planted("Gaussian kernel, length_scale is multiplied by itself", "times input", process_kernel, process_kernel_by_logarithm, PROCESS, SOURCES["length"]),
    Planted("norm, gamma and beta have each other's slopes", "swapped", scaled_norm, scaled_norm_exchanged, NORM, SOURCES["layer norm"]),
    Planted("logistic regression, its output where its input belongs", "other", one_layer, one_layer_own_output, ONE_LAYER, SOURCES["activations"]),
    Planted("LSTM, bi has the slope of bf", "other", memory, memory_forget_for_input, MEMORY, SOURCES["lstm gates"]),
    Planted("ratings, Q with P after its update", "other", rating_error, rating_error_after_update, RATED, SOURCES["updated"]),
    Planted("softmax, logits lack the dot product", "missing term", surprise, surprise_without_dot, SURPRISE, SOURCES["softmax"]),
]
RIGHT_PUBLISHED = [
    Planted("SVM", "right", svm, svm_gradient, SVM),
    Planted("weight decay", "right", decayed, decayed_gradient, DECAYED),
    Planted("classifier", "right", classifier, classifier_gradient, CLASSIFIER),
    Planted("deep sum", "right", deep_sum, deep_sum_gradient, DEEP),
    Planted("word vectors", "right", word_vectors, word_vectors_gradient, WORDS),
    Planted("planar data", "right", planar, planar_gradient, PLANAR),
    Planted("digits", "right", digits, digits_gradient, DIGITS),
    Planted("one layer", "right", one_layer, one_layer_gradient, ONE_LAYER),
    Planted("x @ x.T", "right", gram, gram_gradient, GRAM),
    Planted("correlation", "right", correlation, correlation_gradient, CORRELATION),
    Planted("matrix product", "right", matmul, matmul_gradient, MATMUL),
    Planted("norm", "right", scaled_norm, scaled_norm_gradient, NORM),
    Planted("norm, as in darknet", "right", scaled_norm, scaled_norm_of_darknet, NORM, SOURCES["mean_delta"]),
    Planted("Gaussian kernel", "right", process_kernel, process_kernel_gradient, PROCESS),
    Planted("ratings", "right", rating_error, rating_error_gradient, RATED),
    Planted("sigmoid", "right", unit, unit_gradient, UNIT),
    Planted("LSTM", "right", memory, memory_gradient, MEMORY),
    Planted("subtraction", "right", difference, difference_gradient, DIFFERENCE),
    Planted("transformer block", "right", transformer_block, transformer_block_gradient, BLOCK),
    Planted("a reused variable", "right", reused, reused_gradient, REUSED),
    Planted("mean of squares", "right", loss_of_outputs, loss_of_outputs_gradient, OUTPUTS),
    Planted("an added bias", "right", added, added_gradient, ADDED),
    Planted("softmax", "right", surprise, surprise_gradient, SURPRISE),
]
# fmt: on
