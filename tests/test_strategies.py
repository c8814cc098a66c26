"""The hypothesis strategies, the laws, and the mutants, as a user meets them."""

import contextlib
import math
import random
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Primitive, Value, exp, log, power, reductions, sin, sqrt, tanh
from autograd import primitives as p
from autograd.backward import adjoints
from autograd.testing import GradientMismatch, NonDifferentiablePoint, check_gradients, laws
from autograd.testing import mutants as mutation
from autograd.testing.expressions import (
    INNER_ROWS,
    Expression,
    attempt,
    operation,
    operations,
    random_expression,
)
from autograd.testing.strategies import (
    examples,
    expressions,
    hard_numbers,
    numbers,
    points,
    values,
)
from nn.strategies import networks
from testkit.random_graphs import path_sum

UNJUDGED = {  # slopes that are known to be wrong: see the table of `python -m benchmarks accuracy`
    "power": "x ** (y - 1) overflows where the slope does not",
    "atan2": "the hypotenuse overflows or is subnormal",
    "hypot": "the hypotenuse overflows",
    "prod": "a product of some factors underflows where that of all does not",
}
ROWS = [name for name in p.TABLE if name not in UNJUDGED]


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_right_at_its_hard_points_or_has_no_derivative_there(name):
    row = p.TABLE[name]
    verdicts = [(point, mutation.verdict(row, point)) for point in examples(points(row), 25)]
    for point, verdict in verdicts:
        assert not isinstance(verdict, GradientMismatch), (
            f"{name} at {point}: {verdict}\n"
            f"a wrong partial: mend it in autograd/primitives.py; an edge where there is none to be: "
            f"add constant=; a partial that is right: the form of {name} in "
            "autograd/testing/mpmath_functions.py loses digits here"
        )
    passed = sum(verdict is None for _, verdict in verdicts)
    assert passed >= 3, f"{name}: {said_of(row, [point for point, _ in verdicts])}"


def said_of(row, tried):
    """Return at how many points the right rule passes, and what was said at the others."""
    verdicts = [mutation.verdict(row, point) for point in tried]
    others = {str(verdict) for verdict in verdicts if verdict}
    return (
        f"its own rule passes at {verdicts.count(None)} of {len(tried)} points; at others: {others}"
    )


@pytest.mark.parametrize("name", p.TABLE)
def test_every_mutant_of_a_rule_is_caught(name):
    row = p.TABLE[name]
    right = row.partials, getattr(row, "rule", None), row.constant
    tried = examples(points(row), 40)
    made, survivors = mutation.hunted(row, tried)
    assert made >= 4, (
        f"only {made} broken rules of {name} differ from its own: {said_of(row, tried)}"
    )
    assert not survivors, (
        f"nothing notices these broken rules of {name}: {', '.join(map(str, survivors))}; is its form "
        "in autograd/testing/mpmath_functions.py independent of the table, and the rule right? "
        f"{said_of(row, tried)}"
    )
    assert right == (row.partials, getattr(row, "rule", None), row.constant)


def test_a_mutant_mends_its_rule_after_an_exception():
    mutant = next(mutation.mutants(sin))
    assert str(mutant) == "sin: sign of operand 0"
    with pytest.raises(KeyError), mutant.active():
        assert sin(Value(0.0)).local_derivatives == (-1.0,)
        raise KeyError
    assert sin(Value(0.0)).local_derivatives == (1.0,)


def test_a_users_primitive_has_mutants_too():
    cube = Primitive("cube", lambda x: x**3, lambda x, out: 3 * x * x)
    for mutant in mutation.mutants(cube):
        with mutant.active(), pytest.raises(GradientMismatch):
            check_gradients(cube, 1.7)


# Strategies.


@given(values((0.0, 1.0)))
def test_values_are_leaves_in_their_interval(value):
    assert 0.0 < value.data < 1.0 and value.op is None


@given(st.from_type(Value))
def test_values_are_known_by_their_type(value):
    assert isinstance(value, Value) and math.isfinite(value.data)


@pytest.mark.parametrize("domain", [(-math.inf, math.inf), (0.0, math.inf), (-1.0, 1.0)])
def test_hard_numbers_reach_the_borders(domain):
    found = hard_numbers(domain)
    low, high = domain
    assert min(found) == math.nextafter(low, high) and max(found) == math.nextafter(high, low)
    assert (low >= 0.0) or 0.0 in found
    assert find(numbers(domain), lambda x: x > found[-2]) > found[-2]


def test_points_have_ties_and_parameters_of_their_kind():
    assert find(points(p.hypot), lambda xs: xs[0] == xs[1] != 0.0)
    assert sum(x == y for x, y in examples(points(p.hypot), 100)) >= 5
    assert find(points(p.largest), lambda xs: len(xs[0]) > 2 and len(set(xs[0])) == 1)
    assert all(type(n) is int for n, _ in examples(points(p.polygamma), 25))
    assert all(0 <= xs[0] < len(xs) - 1 for (xs,) in examples(points(p.softmax_of), 25))
    assert all(len(xs) % 2 for (xs,) in examples(points(p.inner_product), 25))


def test_a_line_is_off_by_a_rounding_of_its_own_and_by_those_of_its_operands():
    times = operation(p.mul)
    assert attempt(times, [2.0, 3.0], [0.0, 0.0]) == (6.0, 1.0)
    assert attempt(times, [2.0, 3.0], [1.0, 0.5]) == (6.0, 2.5)
    assert attempt(operation(p.relu), [-1.0], [7.0]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("row", "x"),
    [
        (p.sin, math.pi / 2),
        (p.tan, math.pi / 2 - 2e-4),
        (p.exp, 20.0),
        (p.exp, -20.0),
        (p.log, -1.0),
    ],
    ids=["no slope", "a pole", "too large", "too small", "no result"],
)
def test_a_line_is_not_used_where_its_gradient_would_say_more_about_rounding(row, x):
    assert attempt(operation(row), [x], [0.0]) == (0.0, math.inf)


@given(expressions())
def test_an_expression_is_defined_and_right_at_its_point(expression):
    value, slopes = expression.gradient()
    assert math.isfinite(value) and len(slopes) == 3
    assert value == expression(*expression.point)


@given(expressions(max_nodes=8))
def test_an_expression_prints_as_a_program_that_computes_it(expression):
    names = {}
    exec(repr(expression), names)
    value, slopes = expression.gradient()
    result = repr(expression).splitlines()[-1].partition(".")[0]
    assert names[result].data == value
    assert [names[x].grad for x in "xyz"] == slopes


@given(expressions(max_nodes=8, sharing=False))
def test_without_sharing_an_expression_is_a_tree(expression):
    uses = [i for line in expression.lines for i in line.places if i >= 3]
    assert len(uses) == len(set(uses)) == len(expression.lines) - 1


def test_expressions_of_chosen_primitives_share_and_shrink():
    shared = find(
        expressions([sin, p.mul], inputs=1, max_nodes=5),
        lambda e: any(len(line.places) == 2 and set(line.places) == {1} for line in e.lines),
    )
    assert {line.operation.name for line in shared.lines} <= {"sin", "*"}
    assert len(shared.lines) == 2


def test_a_wrong_rule_shrinks_to_a_short_program():
    mutant = next(m for m in mutation.mutants(p.tanh) if m.name == "factor 2 of operand 0")

    def is_wrong(expression):
        if "tanh(" not in repr(expression):
            # No other row has a wrong rule.
            return False
        try:
            check_gradients(expression, *expression.point)
        except GradientMismatch:
            return True
        except (NonDifferentiablePoint, ArithmeticError):
            pass
        return False

    with mutant.active():
        shortest = find(expressions(inputs=1, max_nodes=4), is_wrong)
    assert len(repr(shortest).splitlines()) <= 5
    assert "tanh(" in repr(shortest)


def test_every_smooth_row_takes_part_in_expressions():
    names = {op.name for op in operations(smooth=True)}
    left_out = {"gaussian", "polygamma", "sinc_slope", "finite", "stop_gradient"}
    assert names == {row.symbol for row in p.TABLE.values() if row.smooth} - left_out
    seen = set()
    source = random.Random(0)
    for _ in range(2000):
        seen |= {line.operation.name for line in random_expression(source).lines}
    assert seen == names


def test_the_same_source_gives_the_same_expressions():
    first, second = (random_expression(random.Random(7), lines=20) for _ in range(2))
    assert repr(first) == repr(second) and isinstance(first, Expression)


def test_impossible_strategies_are_refused():
    with pytest.raises(ValueError, match="at least 1 line"):
        expressions(max_nodes=0)
    with pytest.raises(ValueError, match="no primitives"):
        expressions([])


@settings(max_examples=10)
@given(networks())
def test_the_gradient_of_a_small_network_is_right(experiment):
    weights = experiment.network.parameters()
    experiment.loss().backward()
    found = [w.grad for w in weights]

    def loss(numbers):
        for w, x in zip(weights, numbers):
            w.data = float(x)
        return experiment.loss().data

    with contextlib.suppress(NonDifferentiablePoint, ArithmeticError):  # a relu near its kink
        check_gradients(loss, [w.data for w in weights], gradient=lambda numbers: found, rtol=1e-6)


def test_without_hypothesis_the_rest_of_testing_works():
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from autograd import tanh\n"
        "from autograd.testing import check_gradients, laws\n"
        "laws.negation(tanh, 0.5); print(check_gradients(tanh, 0.5))\n"
        "from autograd.testing import strategies\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "1 derivative right" in run.stdout
    assert 'pip install "chainrule[testing]"' in run.stderr.splitlines()[-1]


# Laws.

LAWFUL = [
    (lambda x, y: tanh(x * y) + sin(x) / (1 + y * y), (0.5, -2.0)),
    (lambda x, y: [x * y, exp(x) - y], (0.5, -2.0)),
    (lambda xs, y: p.logsumexp(xs) * y, ([1.0, 2.0, 2.0], 3.0)),
    (reductions.maximum, (1.0, 2.0)),
    (power, (1.5, 2.5)),
    (sqrt, (2.0,)),
]


@pytest.mark.parametrize("law", laws.OF_ONE_FUNCTION, ids=lambda law: law.__name__)
@pytest.mark.parametrize("case", range(len(LAWFUL)))
def test_lawful_functions_obey(law, case):
    function, point = LAWFUL[case]
    law(function, *point)


@pytest.mark.parametrize(
    "law",
    [law for law in laws.OF_ONE_FUNCTION if law is not laws.sharing],
    ids=lambda law: law.__name__,
)
@given(expressions(max_nodes=6))
def test_random_expressions_obey(law, expression):
    law(expression, *expression.point)


def test_the_rows_that_are_imported_from_primitives_are_those_that_autograd_does_not_offer():
    assert {name for name in p.TABLE if not hasattr(autograd, name)} == INNER_ROWS, (
        "name a new row in autograd/__init__.py, or in INNER_ROWS of autograd/testing/expressions.py"
    )


def test_random_expressions_with_all_inputs_equal_obey_where_they_are_defined():
    judged = Counter()
    for seed in range(200):
        expression = random_expression(random.Random(seed), lines=6)
        try:
            laws.sharing(expression, *expression.point)
            judged["defined"] += 1
        except (ValueError, ArithmeticError):  # equal inputs may be outside of a domain
            judged["undefined"] += 1
    assert judged["defined"] >= 140, judged


def test_inverse_pairs_and_batches():
    laws.inverse_pair(exp, log, 3.0)
    laws.inverse_pair(p.sinh, p.asinh, -20.0)
    laws.inverse_pair(tanh, p.atanh, 4.0)
    w = [Value(0.3), Value(-0.7)]
    laws.batch(
        lambda x, y: (tanh(reductions.dot(w, [x, 1.0])) - y) ** 2, [(0.1, 1.0), (2.0, 0.0)], w
    )


BROKEN = Primitive(
    "broken", lambda x, y: x * y, lambda x, y, out: y, lambda x, y, out: x + x * y * y
)


@pytest.mark.parametrize(
    ("law", "function", "arguments"),
    [
        (laws.symmetric_hessian, BROKEN, (0.5, 2.0)),
        (laws.inverse_pair, exp, (lambda y: log(y) * 1.0001, 2.0)),
    ],
)
def test_a_law_that_is_broken_says_so(law, function, arguments):
    with pytest.raises(AssertionError, match="does not hold for .* allowed"):
        law(function, *arguments)


def test_a_backward_that_does_not_add_up_breaks_the_law(monkeypatch):
    def forgetful(self, seed=1.0):
        for node, slope in adjoints(self, seed)[0].items():
            node.grad = slope

    monkeypatch.setattr(Value, "backward", forgetful)
    with pytest.raises(AssertionError, match="a second backward doubles"):
        laws.second_backward_doubles(tanh, 0.5)


def test_a_batch_that_is_not_the_sum_of_its_samples_breaks_the_law():
    w, calls = [Value(0.5)], []

    def drifting(x):
        calls.append(x)
        return w[0] * x * len(calls)

    with pytest.raises(AssertionError, match="batch = sum of singles"):
        laws.batch(drifting, [(1.0,), (2.0,)], w)


def test_the_path_sum_of_a_recording_is_the_one_of_the_tests():
    from autograd.testing.recording import path_sums, record

    source = random.Random(4)
    for _ in range(50):
        expression = random_expression(source)
        recording = record(expression, expression.point)
        sums, _ = path_sum(recording.outputs[0])
        found = [s for s, _ in path_sums(recording.outputs[0], recording.leaves)]
        assert found == pytest.approx([sums.get(leaf, 0.0) for leaf in recording.leaves])


def test_networks_have_two_layers_or_three():
    found = {len(experiment.network.layers) for experiment in examples(networks(), 30)}
    assert found == {2, 3}


def test_who_looks_for_networks_is_told_where_they_are():
    from autograd.testing import strategies

    with pytest.raises(ImportError, match="from nn.strategies import networks"):
        from autograd.testing.strategies import networks  # noqa: F401
    with pytest.raises(AttributeError, match="has no attribute 'network'"):
        strategies.network  # noqa: B018
