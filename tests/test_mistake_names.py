"""Which mistake is named for which claims, word by word: of the claims alone, and by the graph."""

import math

import numpy as np
import pytest

from autograd import Value, dot, exp, log, mean, norm, softmax, sqrt, tanh
from autograd import sum as total
from autograd.primitives import power
from autograd.testing import GradientMismatch, check_gradients
from autograd.testing.verdicts.mistakes import Case, explanations, groups_of, guesses
from autograd.testing.verdicts.naming import argument_names, name_of

NAMES = ["a", "b", "c"]


def case_of(args, claimed, expected, bounds=None, value=0.0):
    """Return a case of arguments that are called a, b and c."""
    inputs = [float(x) for arg in args for x in np.ravel(arg)]
    groups = groups_of(NAMES[: len(args)], args)
    return Case(groups, claimed, expected, bounds or [0.0] * len(inputs), inputs, value)


def first(*case, **options):
    """Return what is said of a case without a graph."""
    found = case_of(*case, **options)
    return next(explanations(found), None) or next(guesses(found), "")


MATRIX = [[1.5, 2.5, 3.5], [4.5, 6.5, 9.5]]
RIGHT = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0]


@pytest.mark.parametrize(
    ("args", "claimed", "expected", "text"),
    [
        ((1.5, 2.5), [-3.0, 4.0], [3.0, 4.0], "a: the sign, it is minus the right value"),
        ((1.5, 2.5), [-3.0, -4.0], [3.0, 4.0], "the sign, it is minus the right value"),
        ((1.5, 2.5), [6.0, 8.0], [3.0, 4.0], "twice the right value"),
        ((1.5, 2.5), [1.5, 4.0], [3.0, 4.0], "a: half the right value"),
        ((1.5, 2.5), [-6.0, -8.0], [3.0, 4.0], "minus twice the right value"),
        ((1.5, 2.5), [1.0, 8.0], [10.0, 80.0], "1/10 of the right value"),
        ((1.5, 2.5), [400.0, 300.0], [4.0, 3.0], "100 times the right value"),
        (
            ([1.5, 2.5, 4.5, 5.5, 6.5],),
            [5.0, 10.0, 15.0, 20.0, 35.0],
            [1.0, 2.0, 3.0, 4.0, 7.0],
            "5 times the right value, a forgotten mean: 1/n is missing, n = 5",
        ),
        (
            ([1.5, 2.5, 4.5],),
            [1.0, 2.0, 5.0],
            [3.0, 6.0, 15.0],
            "1/3 of the right value, a mean twice: divided by n = 3 once too often, or one of 3 "
            "for their sum",
        ),
        (
            ([1.5, 2.5], 4.5),
            [0.0, 0.0, 5.0],
            [3.0, 6.0, 5.0],
            "a has no gradient at all, 0: a dependence was cut off",
        ),
        (
            ([1.5, 2.5], 4.5),
            [0.0, 0.0, 0.0],
            [3.0, 6.0, 5.0],
            "a and b have no gradient at all, 0: a dependence was cut off",
        ),
        (
            ([[1.5, 2.5], [3.5, 4.5]],),
            [1.0, 3.0, 2.0, 4.0],
            [1.0, 2.0, 3.0, 4.0],
            "a: the transpose of the right values fits",
        ),
        (
            (MATRIX,),
            [1.0, 5.0, 2.0, 8.0, 3.0, 13.0],
            RIGHT,
            "a: the transpose of the right values fits",
        ),
        ((1.5, 2.5, 3.5), [3.0, 7.0, 9.0], [7.0, 3.0, 9.0], "a and b have each other's slopes"),
        ((1.5, 2.5, 3.5), [7.0, 3.0, 3.0], [7.0, 3.0, 11.0], "c has the slope of b"),
        (
            ([1.5, 2.5, 3.5, 4.5],),
            [7.0, 5.0, 2.0, 1.0],
            [1.0, 2.0, 5.0, 7.0],
            "a: the right values in another order, reversed",
        ),
        (
            ([1.5, 2.5],),
            [4.0, 3.0],
            [3.0, 4.0],
            "a: the right values in another order, reversed",
        ),
        (
            ([1.5, 2.5, 3.5, 4.5],),
            [7.0, 1.0, 2.0, 5.0],
            [1.0, 2.0, 5.0, 7.0],
            "a: the right values in another order, shifted by 1",
        ),
        (
            (MATRIX,),
            RIGHT[3:] + RIGHT[:3],
            RIGHT,
            "a: the right values in another order, shifted by 3",
        ),
        (
            ([*MATRIX, [7.5, 8.5, 10.5]],),
            [17.0, 19.0, 23.0, *RIGHT[3:], *RIGHT[:3]],
            [*RIGHT, 17.0, 19.0, 23.0],
            "a: the right values in another order, its rows reversed",
        ),
        (
            (MATRIX,),
            [3.0, 2.0, 1.0, 13.0, 8.0, 5.0],
            RIGHT,
            "a: the right values in another order, its columns reversed",
        ),
        (
            ([1.5, 2.5, 3.5, 4.5],),
            [1.0, 7.0, 5.0, 2.0],
            [1.0, 2.0, 5.0, 7.0],
            "a: the right values in another order, those of entries 1 and 3 exchanged",
        ),
        (
            (MATRIX,),
            [1.0, 5.0, 3.0, 2.0, 8.0, 13.0],
            RIGHT,
            "a: the right values in another order, those of entries 1 and 3 exchanged",
        ),
        (
            ([1.5, 2.5, 3.5, 4.5, 5.5],),
            [2.0, 1.0, 9.0, 7.0, 5.0],
            [1.0, 2.0, 5.0, 7.0, 9.0],
            "a: the right values in another order, mixed up",
        ),
        (
            ([1.5, -2.5, 3.5],),
            [1.3, 1.5, 5.7],
            [1.0, 2.0, 5.0],
            "the error is 0.2 times the inputs themselves: a quadratic penalty (weight decay) "
            "counts too much",
        ),
        (
            ([1.5, 0.0, -2.5, 3.5],),
            [1.3, 9.0, 1.5, 5.7],
            [1.0, 9.0, 2.0, 5.0],
            "the error is 0.2 times the inputs themselves: a quadratic penalty (weight decay) "
            "counts too much",
        ),
        (
            ([1.5, -2.5, 3.5], 4.5),
            [0.7, 2.3, 4.7, 6.0],
            [1.0, 2.0, 5.0, 6.0],
            "a: the error is -0.3 times the signs of the inputs: an absolute penalty (L1) is "
            "missing, or counts for too little",
        ),
        ((1.5, 2.5), [4.5, 4.0], [3.0, 4.0], "a: multiplied by a once too often"),
        ((1.5, 2.5), [3.0, 1.6], [3.0, 4.0], "b: a factor b is missing"),
        (
            ([1.5, 2.5], [3.5, 0.7]),
            [10.5, 2.8, 1.0, 2.0],
            [3.0, 4.0, 1.0, 2.0],
            "a: multiplied by b once too often",
        ),
        (
            ([1.5, 2.5, 3.5], [0.7, 5.5]),
            [2.0 / 5.5, 3.0 / 5.5, 7.0 / 5.5, 1.0, 2.0],
            [2.0, 3.0, 7.0, 1.0, 2.0],
            "a: a factor b[1] is missing",
        ),
        (
            (MATRIX, [0.7, 1.1, 1.3]),
            [0.7, 2.2, 3.9, 3.5, 8.8, 16.9, 1.0, 2.0, 4.0],
            [*RIGHT, 1.0, 2.0, 4.0],
            "a: multiplied by b once too often",
        ),
        (
            (MATRIX, [0.7, 1.1]),
            [0.7, 1.4, 2.1, 5.5, 8.8, 14.3, 1.0, 2.0],
            [*RIGHT, 1.0, 2.0],
            "a: multiplied by b once too often",
        ),
        (
            ([1.5, 2.5, 4.5], 5.5),
            [1.7, 3.4, 8.5, 1.0],
            [1.0, 2.0, 5.0, 1.0],
            "a: a factor, 1.7 times the right value",
        ),
        (
            ([1.5, 2.5, 4.5],),
            [1.7, 3.4, 8.5],
            [1.0, 2.0, 5.0],
            "a factor, 1.7 times the right value",
        ),
        (
            ([1.5, 2.5, 4.5], 5.5),
            [1.0, 2.9, 5.0, 6.0],
            [1.0, 2.0, 5.0, 6.0],
            "one component of a, entry 1 counted from 0; the other 2 are right",
        ),
        (
            ([1.5, 2.5, 4.5], 5.5),
            [1.0, 2.0, -5.0, 6.0],
            [1.0, 2.0, 5.0, 6.0],
            "one component of a, entry 2 counted from 0; the other 2 are right (the sign, it is "
            "minus the right value)",
        ),
        (
            ([1.5, 2.5, 4.5], 5.5),
            [2.0, 2.0, 5.0, 6.0],
            [1.0, 2.0, 5.0, 6.0],
            "one component of a, entry 0 counted from 0; the other 2 are right (twice the right "
            "value)",
        ),
    ],
)
def test_claims_are_explained_word_by_word(args, claimed, expected, text):
    assert first(args, claimed, expected) == text


@pytest.mark.parametrize(
    ("args", "claimed", "expected"),
    [
        ((1.5, 2.5), [-3.0, 8.0], [3.0, 4.0]),  # each has a mistake of its own
        ((1.5, 2.5), [2.1, 2.8], [3.0, 4.0]),  # of two components any factor may be an accident
        (([1.5, 2.5],), [1.0, 2.9], [1.0, 2.0]),  # so may be one of them
        (([1.5, 2.5, 4.5],), [1.0, 2.9, 5.9], [1.0, 2.0, 5.0]),
        (([1.5, 2.5, 4.5], [3.5]), [1.0, 2.9, 5.0, 9.9], [1.0, 2.0, 5.0, 9.0]),
        (([1.5, -2.5],), [1.3, 1.5], [1.0, 2.0]),  # of three, two can be no penalty
        ((MATRIX, 0.7), [0.7, 1.4, *RIGHT[2:], 1.0], [*RIGHT, 1.0]),  # nor a part of it
        (([1.5, 2.5, 4.5],), [1.0, 0.0, 0.0], [1.0, 2.0, 5.0]),  # not the whole argument
        (([1.5, 2.5, 4.5],), [1.0, 2.9, 4.1], [0.0, 0.0, 0.0]),  # nothing is a multiple of 0
        (([1.0, -1.0], 1.0), [2.7, 4.1, 1.0], [3.0, 4.0, 1.0]),
    ],
)
def test_claims_that_nothing_explains_have_no_name(args, claimed, expected):
    assert first(args, claimed, expected) == ""


def test_a_derivative_that_vanished_beside_the_others_was_not_cut_off():
    def said(faint, x=1.0, value=0.0):
        case = case_of((x, 2.5), [0.0, 4.0], [faint, 4.0], value=value)
        return [text for text in explanations(case) if "cut off" in text]

    assert said(4e-8) == []
    assert said(4.1e-8) == ["a has no gradient at all, 0: a dependence was cut off"]
    assert said(1.0, value=1e8) == []
    assert said(1.0, value=0.99e8) == ["a has no gradient at all, 0: a dependence was cut off"]


def test_a_penalty_is_named_where_every_error_is_ten_times_its_bound():
    def said(bound):
        bounds = [0.5 * bound, bound, 0.5 * bound]
        case = case_of(([1.5, -2.5, 3.5],), [1.3, 1.5, 5.7], [1.0, 2.0, 5.0], bounds)
        return [text for text in explanations(case) if "penalty" in text]

    assert len(said(0.049)) == 1 and said(0.051) == []


def test_a_claim_agrees_within_its_bound_or_within_1e_7():
    case = case_of((1.0, 2.0), [1.0, 1.0], [1.0, 1.0], bounds=[0.25, 0.0])
    assert case.is_right(0, 1.25) and case.is_right(0, 0.75) and not case.is_right(0, 1.26)
    assert case.is_right(1, 1.0 + 1.9e-7) and not case.is_right(1, 1.0 + 2.1e-7)
    assert case.fits_expected([1.2, 1.0]) and not case.fits_expected([1.0, 1.2])


def test_groups_are_arrays_lists_and_numbers_called_by_how_they_are_reached():
    point = ({"w": [[1.0, 2.0]], "b": 3.0}, [], [4.0, [5.0, 6.0]])
    assert [(g.name, g.shape, g.indexes) for g in groups_of(NAMES, point)] == [
        ("a['w']", (1, 2), [0, 1]),
        ("a['b']", (), [2]),
        ("c[0]", (), [3]),
        ("c[1]", (2,), [4, 5]),
    ]


# Mistakes that only the graph can tell.


def said_of(function, point, gradient):
    """Return what a check says is likely."""
    with pytest.raises(GradientMismatch) as caught:
        check_gradients(function, *point, gradient=gradient)
    return caught.value.mistake


def slope(function, x):
    """Return the slope of a function of one number that is smooth."""
    x = Value(x)
    function(x).backward()
    return x.grad


def neuron(x, w, b):
    return tanh(w * x + b)


NEURON = (0.7, 1.9, -0.4)
OUT = math.tanh(1.9 * 0.7 - 0.4)
IN = 1.9 * 0.7 - 0.4
BELL = 1 - OUT**2


def neuron_with(slope):
    """Return the gradient of the neuron with another slope in the place of that of tanh."""
    return 1.9 * slope, 0.7 * slope, slope


@pytest.mark.parametrize(
    ("instead", "text"),
    [
        (1.0, "the derivative of tanh is forgotten"),
        (OUT, "the derivative of tanh is replaced by its value"),
        (
            IN * (1 - IN),
            "the derivative of tanh has x(1 - x) of its operand, where it should be of its result",
        ),
        (
            1 - IN**2,
            "the derivative of tanh has 1 - x**2 of its operand, where it should be of its result",
        ),
        (BELL**2, "the derivative of tanh counts twice"),
        (1 - math.tanh(OUT) ** 2, "the derivative of tanh is taken at its result"),
    ],
)
def test_the_mistake_in_a_local_derivative_is_named(instead, text):
    assert said_of(neuron, NEURON, neuron_with(instead)) == text


@pytest.mark.parametrize(
    ("op", "x", "text"),
    [
        (exp, 0.3, "the derivative of exp is taken at its result"),
        (log, 2.3, "the derivative of log is taken at its result"),
        (lambda z: z**3.5, 1.3, "the derivative of ** is taken at its result"),
        (lambda z: 1.3**z, 1.7, "the derivative of ** is taken at its result"),
    ],
)
def test_a_slope_at_the_result_is_that_of_the_function_there(op, x, text):
    wrong = slope(op, float(op(x)))
    found = said_of(lambda x, y: op(x) * y, (x, 0.9), (0.9 * wrong, float(op(x))))
    assert found == text


def test_the_mistake_in_one_of_several_functions_of_a_kind_is_told_with_their_number():
    def two(x, y):
        return tanh(x) * 1.3 + tanh(y) * 0.6

    assert said_of(two, (0.4, 0.9), (1.3, 0.6)) == "the derivative of tanh (2 of them) is forgotten"
    right = 1.3 * (1 - math.tanh(0.4) ** 2)
    assert said_of(two, (0.4, 0.9), (right, 0.6)) == "the derivative of tanh is forgotten"


def test_a_run_of_functions_is_called_by_what_it_ends_in():
    def logistic(x, w):
        return 1 / (1 + exp(-(w * x)))

    z = 1.7 * 0.6
    out = 1 / (1 + math.exp(-z))
    said = said_of(logistic, (0.6, 1.7), (1.7 * out, 0.6 * out))
    assert said == (f"the derivative of what ends in 1 + {math.exp(-z)!r} is replaced by its value")


def test_differences_of_products_with_the_sign_of_sums_are_told():
    def both(x, y):
        return (x * y - tanh(x)) * 1.1

    x, y = 0.9, 0.4
    wrong = 1.1 * (y + 1 - math.tanh(x) ** 2)
    said = said_of(both, (x, y), (wrong, 1.1 * x))
    assert said == "the sign: what is subtracted has the slope of what is added"


def shares(xs):
    top = [math.exp(x) for x in xs]
    return [x / sum(top) for x in top]


def test_a_softmax_without_its_cross_terms_is_told():
    def picked(xs, w):
        return dot(softmax(xs), [0.3 * w, 1.9 * w, -0.7 * w])

    xs, w, weights = [0.2, 1.1, -0.5], 1.4, [0.3, 1.9, -0.7]
    s = shares(xs)
    by_w = sum(a * b for a, b in zip(s, weights))
    for slopes in ([p * (1 - p) for p in s], s):
        claimed = [w * k * p for k, p in zip(weights, slopes)]
        said = said_of(picked, (xs, w), (claimed, by_w))
        assert (
            said == "the sum lacks the terms through the other outputs: the cross terms of softmax"
        )


def test_the_gradient_of_a_weight_in_the_place_of_the_weight_is_told():
    def two_layers(w, v, x):
        return tanh(v * tanh(w * x)) * 1.7

    w, v, x = 0.8, -1.3, 0.6
    h = math.tanh(w * x)
    top = 1.7 * (1 - math.tanh(v * h) ** 2)
    by_v = top * h
    bell = 1 - h * h
    said = said_of(two_layers, (w, v, x), (top * by_v * bell * x, by_v, top * by_v * bell * w))
    assert said == "the gradient of v stands where v itself belongs"


@pytest.mark.parametrize(("power", "how"), [(0, "lacks"), (2, "has twice")])
def test_the_slopes_of_a_dot_product_have_the_other_factor_once(power, how):
    def unit(w, xs, b):
        return tanh(dot(w, xs, b)) * 1.7

    w, xs, b = [0.8, -0.3], [0.6, 1.4], 0.25
    flow = 1.7 * (1 - math.tanh(0.8 * 0.6 - 0.3 * 1.4 + b) ** 2)
    by_w, by_xs = [flow * x for x in xs], [flow * a for a in w]
    check_gradients(unit, w, xs, b, gradient=(by_w, by_xs, flow))
    of_w = [flow * x**power for x in xs]
    said = said_of(unit, (w, xs, b), (of_w, by_xs, flow))
    assert said == f"the slope of w {how} the other factor of its product"
    of_xs = [flow * a**power for a in w]
    said = said_of(unit, (w, xs, b), (by_w, of_xs, flow))
    assert said == f"the slope of xs {how} the other factor of its product"


def test_a_number_of_the_graph_of_which_only_one_use_counts_is_told():
    def shared(x, w):
        h = tanh(w * x)
        return exp(h) * h

    x, w = 0.6, 1.3
    h = math.tanh(w * x)
    flow = h * math.exp(h) * (1 - h * h)
    assert said_of(shared, (x, w), (flow * w, flow * x)) == (
        "only the last use of a variable counts: = stands where += should"
    )


def test_a_minus_that_is_forgotten_is_no_difference():
    def fading(x, y):
        return exp(-x) * y + x * y * 1.1 + x / y

    x, y = 0.6, 1.3
    by_x = math.exp(-x) * y + 1.1 * y + 1 / y
    by_y = math.exp(-x) + 1.1 * x - x / y**2
    assert said_of(fading, (x, y), (by_x, by_y)) == (
        f"the term through exp({-x}) has the wrong sign"
    )


def test_a_skip_connection_that_is_forgotten_everywhere_is_told():
    def residual(xs, w):
        return total([(x + tanh(x * w) + exp(x) * 0.3) ** 2 for x in xs])

    def gradient(xs, w, skip):
        hs = [x + math.tanh(x * w) + 0.3 * math.exp(x) for x in xs]
        bells = [1 - math.tanh(x * w) ** 2 for x in xs]
        by_xs = [2 * h * (skip + w * bell + 0.3 * math.exp(x)) for x, h, bell in zip(xs, hs, bells)]
        return by_xs, sum(2 * h * bell * x for x, h, bell in zip(xs, hs, bells))

    xs, w = [0.4, -0.7, 1.2], 0.8
    check_gradients(residual, xs, w, gradient=gradient(xs, w, 1.0))
    assert said_of(residual, (xs, w), gradient(xs, w, 0.0)) in {
        f"the sum lacks the terms through xs in {x} + {math.tanh(x * w)!r} and 2 more of its kind"
        for x in xs
    }


def test_a_skip_connection_of_results_is_called_by_one_of_them():
    def residual(xs, w):
        hidden = [exp(x) for x in xs]
        return total([(h + tanh(h * w)) ** 2 for h in hidden])

    xs, w = [0.4, -0.7, 1.2], 0.8
    hidden = [math.exp(x) for x in xs]
    bells = [1 - math.tanh(h * w) ** 2 for h in hidden]
    flows = [2 * (h + math.tanh(h * w)) * bell for h, bell in zip(hidden, bells)]
    claims = [flow * w * h for flow, h in zip(flows, hidden)]
    said = said_of(residual, (xs, w), (claims, sum(map(float.__mul__, flows, hidden))))
    assert said in {
        f"the sum lacks the terms through exp({x}) (number {k} of 3 of its kind) in {math.exp(x)!r}"
        f" + {math.tanh(math.exp(x) * w)!r} and 2 more of its kind"
        for x in xs
        for k in (1, 2, 3)
    }


def test_where_a_slope_at_the_result_is_not_defined_nothing_is_named():
    said = said_of(lambda x, y: log(x) * y, (0.5, 0.9), (0.123, 0.777))
    assert said == said_of(lambda x, y: norm([x, 2.0]) * y, (0.5, 0.9), (0.123, 0.777)) == ""


WHY = ", as where = stands for += or a sum over a batch is forgotten"


def test_of_several_uses_the_one_that_counts_is_named():
    def thrice(x, y):
        return tanh(exp(x) * x * y) * x

    x, y = 0.4, 1.6
    inner = math.tanh(math.exp(x) * x * y)
    flow = x * (1 - inner**2) * y
    terms = [flow * x * math.exp(x), flow * math.exp(x), inner]
    by_y = flow / y * x * math.exp(x)
    for term, which in zip(terms, ["first", "2th", "last"]):
        assert said_of(thrice, (x, y), (term, by_y)) == (
            f"x: only one of 3 uses counts; the sum lacks the terms through the others{WHY}"
        )


def test_of_two_uses_the_term_that_is_lost_is_named():
    def twice(x, y):
        return exp(x) * x * y

    x, y = 0.4, 1.6
    top = math.exp(x)
    by_y = top * x
    assert said_of(twice, (x, y), (top * x * y, by_y)) == (
        f"x: only one of 2 uses counts; the sum lacks the term through {top!r} * {x}{WHY}"
    )
    assert said_of(twice, (x, y), (top * y, by_y)) == (
        f"x: only one of 2 uses counts; the sum lacks the term through exp({x}){WHY}"
    )


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (0.0, "the sum lacks the term through {}"),
        (1.2e-7, "the sum lacks the term through {}"),  # which agrees with the claims
        (2.0, "the term through {} counts twice"),
        (-1.0, "the term through {} has the wrong sign"),
        (0.5, "only half of the term through {} counts"),
    ],
)
def test_what_became_of_a_term_of_the_sum_over_paths_is_told(factor, text):
    def loss(x, y):
        return exp(x * 0.7) + tanh(x * y) + sqrt(y) + x / y

    x, y = 0.4, 1.6
    bell = factor * (1 - math.tanh(x * y) ** 2)
    by_x = 0.7 * math.exp(0.7 * x) + bell * y + 1 / y
    by_y = bell * x + 0.5 / math.sqrt(y) - x / y**2
    assert said_of(loss, (x, y), (by_x, by_y)) == text.format(f"tanh({x * y!r})")


def test_one_of_several_of_a_kind_is_counted():
    def loss(x, y):
        return tanh(tanh(x) * y) + x * y + 1.3 / x / y

    x, y = 0.4, 1.6
    inner = math.tanh(x)
    bell = 1 - math.tanh(inner * y) ** 2
    through_inner = bell * y * (1 - inner**2)
    by_x, by_y = y - 1.3 / x**2 / y, x - 1.3 / x / y**2
    assert said_of(loss, (x, y), (by_x, by_y + bell * inner)) == (
        f"the sum lacks the term through tanh({x}) (number 1 of 2 of its kind)"
    )
    assert said_of(loss, (x, y), (by_x + 2 * through_inner, by_y + 2 * bell * inner)) == (
        f"the term through tanh({inner * y!r}) (number 2 of 2 of its kind) counts twice"
    )


# What functions and arguments are called.


def test_what_has_no_name_is_called_by_its_text():
    class Square:
        def __call__(self, x):
            return x * x

        def __repr__(self):
            return "Square()"

    assert name_of(Square()) == "Square()" and name_of(neuron) == "neuron"


@pytest.mark.parametrize(
    ("function", "count", "names"),
    [
        (neuron, 3, ["x", "w", "b"]),
        (neuron, 2, ["x", "w"]),
        (lambda x, *rest: x, 3, ["x", "rest[0]", "rest[1]"]),
        (lambda x, *, scale=1.0: x, 1, ["x"]),
        (lambda x, *, scale=1.0: x, 2, ["x", "y"]),
        (lambda x, /, **options: x, 1, ["x"]),
        (power, 2, ["x", "y"]),
        (mean, 6, ["x", "y", "z", "u", "v", "w"]),
        (total, 7, [f"args[{k}]" for k in range(7)]),
    ],
)
def test_arguments_have_the_names_of_parameters_or_letters(function, count, names):
    assert argument_names(function, (1.0,) * count) == names
