"""Arguments declared static: plain numbers in the function, and a program for each of them."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, tanh
from autograd.compile import CompiledByLabel, GuardError

pytest.importorskip("llvmlite")
both_engines = pytest.mark.parametrize("engine", ["llvm", "numpy"])


def table(draw, rows, columns):
    return [[Value(draw.uniform(-1, 1)) for _ in range(columns)] for _ in range(rows)]


def embedded(draw):
    """A function of an input, a label and two tokens, and its parameters."""
    names, weights = table(draw, 5, 2), table(draw, 3, 2)

    def function(xs, label, tokens):
        u, v = (names[token] for token in tokens)
        mixed = [tanh(a * x + b) for a, b, x in zip(u, v, xs)]
        if label == 2:
            return mixed[0] * weights[label][1] * label
        return sum(w * m for w, m in zip(weights[label], mixed)) + weights[-label][0]

    return function, [v for row in (*names, *weights) for v in row]


def eager(function, parameters, sample, seed=None):
    """Return the outputs at a sample and the gradients by parameters and by the first argument."""
    for v in parameters:
        v.zero_grad()
    xs, *labels = sample
    leaves = [Value(float(x)) for x in xs]
    out = function(leaves, *labels)
    outs = out if isinstance(out, (list, tuple)) else [out]
    sum(s * y for s, y in zip(seed or [1.0], outs)).backward()
    return [y.data for y in outs], [v.grad for v in parameters], [x.grad for x in leaves]


@given(seed=st.integers(0, 10**6), reduce=st.sampled_from(["mean", "sum"]))
@settings(max_examples=8)
@both_engines
def test_a_batch_of_several_labels_is_the_eager_engine_sample_by_sample(engine, seed, reduce):
    draw = random.Random(seed)
    function, parameters = embedded(draw)
    compiled = autograd.compile(function, parameters, ([0.1, 0.2], 0, [0, 1]), static=(1, 2),
                                engine=engine, reduce=reduce)  # fmt: skip
    n = draw.randint(1, 40)
    xs = np.array([[draw.uniform(-2, 2) for _ in range(2)] for _ in range(n)])
    labels = np.array([draw.randrange(3) for _ in range(n)])
    tokens = np.array([[draw.randrange(2), draw.randrange(5)] for _ in range(n)])
    samples = list(zip(xs, labels.tolist(), tokens.tolist()))
    values, by_weights, by_inputs = zip(*(eager(function, parameters, s) for s in samples))
    share = 1 / n if reduce == "mean" else 1
    close = {"rel": 1e-12, "abs": 1e-14}
    assert compiled.value(xs, labels, tokens) == pytest.approx(np.ravel(values), **close)
    found = compiled.per_sample_grad(xs, labels, tokens)
    assert found == pytest.approx(np.array(by_weights), **close)
    total, gradient, slopes = compiled.value_and_grad(xs, labels, tokens, inputs=True)
    assert total == pytest.approx(share * np.sum(values), **close)
    assert gradient == pytest.approx(share * np.sum(by_weights, 0), **close)
    assert slopes == pytest.approx(share * np.array(by_inputs), **close)
    before = compiled.parameters.copy()
    assert compiled.descend(xs, labels, tokens, step_size=0.5) == pytest.approx(total, **close)
    assert compiled.parameters == pytest.approx(before - 0.5 * gradient, **close)
    compiled.push()
    values = [eager(function, parameters, s)[0][0] for s in samples]
    assert compiled.value(xs, labels, tokens) == pytest.approx(values, **close)


@both_engines
def test_several_outputs_and_a_seed(engine):
    w = [Value(2.0), Value(3.0)]
    compiled = autograd.compile(lambda xs, k: (xs[0] * w[k], [xs[1] ** 2]), w, ([1.0, 2.0], 1),
                                static=1, engine=engine)  # fmt: skip
    xs, ks = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [1, 0, 1]
    first, (second,) = compiled.value(xs, ks)
    assert first.tolist() == [3.0, 6.0, 15.0] and second.tolist() == [4.0, 16.0, 36.0]
    found = compiled.per_sample_grad(xs, ks, seed=[2.0, 1.0])
    assert found.tolist() == [[0.0, 2.0], [6.0, 0.0], [0.0, 10.0]]


@both_engines
def test_a_function_of_labels_alone(engine):
    w = [Value(2.0), Value(3.0)]
    compiled = autograd.compile(lambda k: w[k] ** 2, w, (0,), static=0, engine=engine)
    labels = [0, 1, 1, 0, 1]
    assert compiled.value(labels).tolist() == [4.0, 9.0, 9.0, 4.0, 9.0]
    total, gradient = compiled.value_and_grad(labels)
    assert total == pytest.approx(7.0) and gradient.tolist() == pytest.approx([1.6, 3.6])
    assert compiled.per_sample_grad(labels).tolist() == [[4.0, 0.0]] + [[0.0, 6.0]] * 2 + [[4.0, 0.0], [0.0, 6.0]]  # fmt: skip


def test_labels_are_plain_numbers_of_their_own_kind():
    seen = []
    compiled = autograd.compile(lambda x, k: seen.append(k) or x, example=(1.0, 0), static=1)
    for labels in ([1, 2], [1.0, -0.0], [True, False], np.array([3], np.uint8)):
        compiled.value([1.0] * len(labels), labels)
    assert [repr(k) for k in seen] == ["0", "1", "2", "1.0", "-0.0", "True", "False", "3"]
    for labels in ([1, 2], [0.0, -0.0]):
        compiled.value([1.0, 1.0], labels)
    assert len(seen) == 9  # a trace for each, and 0.0 is another than -0.0


def test_structures_of_labels_are_those_of_the_example():
    seen = []
    example = (1.0, (1, 2), [[1], [2]], np.array([1, 2]))
    compiled = autograd.compile(lambda x, a, b, c: seen.append((a, b, c)) or x, example=example, static=[1, 2, 3])  # fmt: skip
    compiled.value([1.0], [[3, 4]], [[[5], [6]]], [[7, 8]])
    a, b, c = seen[1]
    assert (a, b, type(c), c.tolist()) == ((3, 4), [[5], [6]], np.ndarray, [7, 8])


def test_messages_name_the_samples_of_the_whole_batch_and_nothing_has_changed():
    w = [Value(1.0), Value(1.0)]

    def function(x, label):
        return autograd.log(x) * w[label] if label or x > 0 else -x * w[label]

    compiled = autograd.compile(function, w, (1.0, 0), static=1)
    with pytest.raises(GuardError, match="sample 2 takes another branch"):
        compiled.value([1.0, 2.0, -1.0], [1, 0, 0])
    with pytest.raises(FloatingPointError, match="sample 3 is not finite"):
        compiled.descend([1.0, 1.0, 2.0, -1.0], [0, 1, 0, 1], step_size=0.1)
    with pytest.raises(FloatingPointError, match="parameter 1 would become inf"):
        compiled.descend([1e9, 2.0], [1, 1], step_size=-1.7e308)
    assert compiled.parameters.tolist() == [1.0, 1.0]
    again = autograd.compile(function, w, (1.0, 0), static=1, retrace=True)
    assert again.value([1.0, 2.0, -1.0], [1, 0, 0]) == pytest.approx([0.0, np.log(2.0), 1.0])


def test_all_labels_read_the_same_parameters():
    w = Value(2.0)
    compiled = autograd.compile(lambda x, k: w * x + k, [w], (1.0, 0), static=1)
    assert isinstance(compiled, CompiledByLabel) and "labels 1" in repr(compiled)
    assert compiled.value([1.0, 1.0], [0, 1]).tolist() == [2.0, 3.0]
    compiled.parameters = [5.0]
    assert compiled.value([1.0, 1.0], [0, 1]).tolist() == [5.0, 6.0]
    w.data = 7.0
    compiled.pull()
    assert compiled.value([1.0, 1.0], [0, 1]).tolist() == [7.0, 8.0]
    assert "recorded" in str(compiled.explain()) and compiled.source() and compiled.draw().source


def plain(x, k):
    return x * k


@pytest.mark.parametrize(
    ("settings", "batch", "error", "text"),
    [
        ({"static": 2}, (), ValueError, "places from 0 to 1"),
        ({"static": -1}, (), ValueError, "places from 0 to 1"),
        ({"static": (1, 1)}, (), ValueError, "each of them once"),
        ({"static": "1"}, (), TypeError, "place of an argument"),
        ({"static": True}, (), TypeError, "place of an argument"),
        ({"static": 1, "example": (1.0, Value(1.0))}, (), TypeError, "argument 1 is static"),
        ({"static": 1, "example": (1.0, "a")}, (), TypeError, "argument 1 is static"),
        ({"static": 1, "example": (1.0, [1, [2]])}, (), TypeError, "argument 1 is static"),
        ({"static": 1}, ([1.0],), TypeError, "takes 2 arguments, not 1"),
        ({"static": 1}, ([1.0], [1, 2]), ValueError, "argument 0 has shape"),
        ({"static": 1}, ([1.0, 2.0], 1), ValueError, "argument 1 is static"),
        ({"static": 1}, ([1.0, 2.0], [[1], [2]]), ValueError, "argument 1 is static"),
        ({"static": 1}, ([1.0, 2.0], ["a", "b"]), TypeError, "argument 1 holds"),
        ({"static": 0}, ([1.0, 2.0], [[1.0], [2.0]]), ValueError, "argument 1 has shape"),
        ({"static": 1}, ([], []), ValueError, "at least one sample"),
    ],
)
def test_mistakes_are_named(settings, batch, error, text):
    with pytest.raises(error, match=text):
        compiled = autograd.compile(plain, **{"example": (1.0, 2), **settings})
        compiled.value(*batch)


def test_another_structure_for_another_label_is_refused():
    compiled = autograd.compile(lambda x, k: [x] * k, example=(1.0, 2), static=1)
    with pytest.raises(TypeError, match="another structure for the labels"):
        compiled.value([1.0, 1.0], [2, 3])
