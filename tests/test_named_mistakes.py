"""What a message says of the mistake in a wrong gradient: named rightly, and seldom wrongly."""

import numpy as np
import pytest

from autograd import tanh
from autograd.testing import GradientMismatch, check_gradients
from testkit.named_mistakes import mistake_of, tally
from testkit.planted_mistakes import PLANTED

NAMED_RIGHTLY = 0.85  # of the mistakes that have a name
NAMED_WRONGLY = 0.03  # of all


def test_most_mistakes_are_named_and_hardly_any_is_named_wrongly():
    found = tally()
    of_a_kind = sum(count for (has_kind, _), count in found.items() if has_kind)
    right = found[True, "right"] + found[False, "right"]
    wrong = found[True, "wrong"] + found[False, "wrong"]
    assert right >= NAMED_RIGHTLY * of_a_kind
    assert wrong <= NAMED_WRONGLY * len(PLANTED)


def test_the_message_says_what_the_error_knows():
    for planted in PLANTED[::20]:
        with pytest.raises(GradientMismatch) as caught:
            check_gradients(planted.function, *planted.point, gradient=planted.gradient)
        error = caught.value
        assert (f"likely: {error.mistake}" in str(error)) == bool(error.mistake)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("two units, w1 and w2 have each other's slopes", "w1 and w2 have each other's slopes"),
        ("bilinear form, matrix is transposed", "matrix: the transpose of the right values fits"),
        ("neuron, the derivative of tanh is missing", "the derivative of tanh is forgotten"),
        ("line, everything is half", "half the right value"),
        ("neuron, bias is multiplied by the first input", "multiplied by inputs[0] once too often"),
        ("planar data, back through dW2 instead of W2", "the gradient of W2 stands where W2"),
        ("logistic regression, theta lacks the mean", "a forgotten mean"),
        ("cross entropy, temperature is held constant", "temperature has no gradient at all"),
    ],
)
def test_the_message_names_what_went_wrong(name, text):
    (planted,) = (planted for planted in PLANTED if planted.name == name)
    assert text in mistake_of(planted)


def test_a_term_that_is_missing_is_called_by_the_name_of_its_node():
    def loss(w1, w2, x):
        h1, h2 = tanh(w1 * x), tanh(w2 * x)
        for h, name in ((h1, "h1"), (h2, "h2")):
            if hasattr(h, "name"):
                h.name = name
        return h1 * 0.7 + h2 * h2

    def lacks_h2(w1, w2, x):
        h1, h2 = float(tanh(w1 * x)), float(tanh(w2 * x))
        by_a1, by_a2 = 0.7 * (1 - h1 * h1), 2 * h2 * (1 - h2 * h2)
        return by_a1 * x, by_a2 * x, by_a1 * w1

    with pytest.raises(GradientMismatch, match="the sum lacks the term through h2"):
        check_gradients(loss, 0.31, -0.83, 1.27, gradient=lacks_h2)


def test_nothing_is_named_where_nothing_explains_all_claims():
    with pytest.raises(GradientMismatch) as caught:
        check_gradients(
            lambda x, y: tanh(x) * y, 0.4, 1.7, gradient=lambda x, y: (0.123 * y, 0.77 * x)
        )
    assert caught.value.mistake == "" and "likely" not in str(caught.value)


@pytest.mark.parametrize("x", [25.0, 40.0])
def test_a_vanished_gradient_is_not_called_a_dependence_that_was_cut(x):
    with pytest.raises(GradientMismatch) as caught:
        check_gradients(tanh, x, gradient=0.0)
    assert "cut off" not in caught.value.mistake
    with pytest.raises(GradientMismatch) as caught:
        check_gradients(lambda x, y: tanh(x) + y, 25.0, 1.0, gradient=lambda x, y: (0.0, 1.0))
    assert "cut off" not in caught.value.mistake


def test_a_jacobian_that_is_transposed_is_called_so():
    w = np.array([[0.3, -1.2], [0.8, 0.5]])
    with pytest.raises(GradientMismatch, match="the Jacobian is transposed"):
        check_gradients(lambda x: w @ x, np.array([0.7, 1.9]), gradient=w.T)
    check_gradients(lambda x: w @ x, np.array([0.7, 1.9]), gradient=w)
