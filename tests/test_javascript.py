"""The table of primitives as JavaScript, in Node and in Chromium, beside the engine."""

import math
import re
from collections import defaultdict
from fractions import Fraction

import pytest

from autograd import Value, primitive
from autograd import primitives as p
from autograd.compile.javascript.graphs import GraphScript, operation_name
from autograd.compile.javascript.library import library, runtime, value_of
from autograd.compile.javascript.translate import Untranslatable
from testkit.javascript import (
    ANSWERS,
    PROGRAMS,
    as_text,
    case_of,
    graph_of,
    row_cases,
    script_for,
)
from testkit.javascript_graphs import (
    nodes_of,
    ran_graphs,
    reverse_pass_differs,
    shares_of_path_sums,
)
from testkit.javascript_ulps import SLOPES, VALUES, largest_term, most, slope_ulps, value_ulps
from testkit.processes import printed_by

GRAPHS = 150  # 2,000 by `python -m benchmarks javascript`
END_TO_END = 1e-10  # of the path sum


@pytest.fixture(
    scope="module", params=["Node", pytest.param("Chromium", marks=pytest.mark.browser)]
)
def answers(request):
    """Return what runs a script: in Node, where it is there, and in Chromium."""
    if PROGRAMS[request.param]() is None:
        missing = pytest.fail if request.param == "Chromium" else pytest.skip
        missing(f"{request.param} is missing")
    return ANSWERS[request.param]


@pytest.fixture(scope="module")
def answered(answers):
    """Return every case of every row with the answer of a page."""
    cases = [case for op in p.TABLE.values() for case in row_cases(op)]
    known = {operation_name(case.op, case.operands): (case.op, case.operands) for case in cases}
    given = [(graph_of(case), [as_text(x) for x in case.leaves]) for case in cases]
    found = defaultdict(list)
    for case, answer in zip(cases, answers(script_for(known), given)):
        found[case.op].append((case, answer))
    return found


@pytest.mark.parametrize("op", p.TABLE.values(), ids=p.TABLE)
def test_a_row_has_the_values_of_the_engine(op, answered):
    for case, answer in answered[op]:
        found = answer["values"][-1]
        assert value_ulps(found, case) <= most(VALUES, op), (case, found)


@pytest.mark.parametrize("op", p.TABLE.values(), ids=p.TABLE)
def test_a_row_has_the_edges_and_the_slopes_of_the_engine(op, answered):
    for case, answer in answered[op]:
        slopes = {j: slope for j, _, slope in answer["edges"][-1]}
        assert set(slopes) == set(case.slopes), (case, slopes)
        for j, slope in slopes.items():
            assert slope_ulps(slope, case, j) <= most(SLOPES, op), (case, j, slope)


@pytest.mark.parametrize("op", p.TABLE.values(), ids=p.TABLE)
def test_a_row_raises_where_the_engine_does(op, answered):
    for case, answer in answered[op]:
        assert bool(answer["raised"]) is case.raised, case


# Whole graphs: recorded at one point, and run at others.


@pytest.fixture(scope="module")
def graphs(answers):
    return ran_graphs(answers, GRAPHS, seed=0, move=True)


def test_each_node_is_the_engine_s_on_the_page_s_own_operands(graphs):
    for ran in graphs:
        for node in nodes_of(ran):
            op = node.case.op
            assert value_ulps(node.value, node.case) <= most(VALUES, op), node
            assert set(node.slopes) == set(node.case.slopes), node
            for j, slope in node.slopes.items():
                assert slope_ulps(slope, node.case, j) <= most(SLOPES, op), (node, j)
            assert node.raised is node.case.raised, node


def test_the_reverse_pass_is_the_engine_s_on_the_page_s_own_slopes(graphs):
    assert not [ran.expression for ran in graphs if reverse_pass_differs(ran)]


def test_gradients_are_those_of_the_program(answers):
    for ran in ran_graphs(answers, GRAPHS, seed=1, move=False):
        assert max(shares_of_path_sums(ran)) <= END_TO_END, ran.expression


# How it is judged.


def test_the_unit_is_an_ulp_of_the_largest_term_of_a_sum():
    x = Value(3.0)
    assert largest_term(x * 0.1 - 0.3) == math.ulp(0.3)
    assert largest_term((x * 0.1 - 0.3) * 1000.0) == pytest.approx(math.ulp(0.3) * 1000.0)
    assert largest_term(Value(3.0, name="given") * 0.1) == math.ulp(0.3)


def test_what_is_off_by_more_than_its_terms_allow_is_seen():
    (x,) = (Value(-0.75),)
    case = case_of(p.gelu, [x])
    slope = case.slopes[0]
    allowed = 4 * math.ulp(p.normal_cdf(-0.75))
    assert slope_ulps(slope + allowed, case, 0) <= 4.0 < slope_ulps(slope + 1.5 * allowed, case, 0)
    assert abs(slope) < 0.01 * p.normal_cdf(-0.75)  # its terms cancel
    exp = case_of(p.exp, [Value(1.0)])
    assert slope_ulps(exp.slopes[0] + 5 * math.ulp(math.e), exp, 0) > 4.0
    assert value_ulps(exp.value + 5 * math.ulp(math.e), exp) > 4.0


def test_zeros_infinities_and_nan_are_exact_in_the_judgement():
    zero = case_of(p.mul, [Value(0.0), Value(1.0)])
    assert value_ulps("-0", zero) == math.inf
    assert value_ulps(5e-324, zero) > 0.0
    assert value_ulps("NaN", zero) == value_ulps("Infinity", zero) == math.inf


def test_exceptions_are_rows_of_the_table_with_a_reason():
    for exceptions in (VALUES, SLOPES):
        assert set(exceptions) <= set(p.TABLE)
        assert all(found.reason and found.ulps > 4.0 for found in exceptions.values())


# Points that were wrong once.

FAR_LEFT = (-183.5, -177.9999, -175.25, -171.5347625126384, -170.5, -77.44070644781429)


def test_gamma_far_left_of_0_is_no_zero_before_its_time_and_has_its_digits(answers):
    cases = [case_of(p.gamma, [Value(x)]) for x in FAR_LEFT]
    known = {operation_name(p.gamma, case.operands): (p.gamma, case.operands) for case in cases}
    given = [(graph_of(case), case.leaves) for case in cases]
    for case, answer in zip(cases, answers(script_for(known), given)):
        assert value_ulps(answer["values"][-1], case) <= 4.0, answer
        assert slope_ulps(answer["edges"][-1][0][2], case, 0) <= 4.0


# What a page cannot have.


def test_an_operation_of_one_s_own_has_no_javascript():
    @primitive(lambda x, out: 2.0 * x)
    def twice_a_square(x):
        return x * x

    with pytest.raises(Untranslatable, match="twice_a_square.*your own"):
        GraphScript(twice_a_square(Value(3.0)) + 1.0).script()


def test_fractions_and_slopes_that_were_given_have_no_javascript():
    with pytest.raises(Untranslatable, match="1/3 is a Fraction"):
        GraphScript(Value(Fraction(1, 3)) * 2)
    given = Value(9.0, (Value(3.0),), (6.0,))
    with pytest.raises(Untranslatable, match="your own"):
        GraphScript(given * 2.0).script()


# What a script holds.


def test_a_script_has_what_it_needs_and_no_more():
    text = library([value_of(p.tanh)])
    assert "function math_tanh" in text and "math_exp" not in text
    used = set(re.findall(r"\b(?:math|py|operator)_\w+", text))
    assert all(re.search(rf"function {name}\b", text) for name in used)


def test_the_same_graph_gives_the_same_script():
    x = Value(0.5)
    y = (x.exp() * x.sigmoid() + x.log()).tanh()
    assert GraphScript(y).script() == GraphScript(y).script()


def test_the_runtime_knows_no_derivative():
    assert not [name for name in runtime() if name.startswith(("slope", "constant"))]


def test_the_scripts_are_made_without_numpy():
    program = """
import sys
from autograd import Value
from autograd.compile.javascript.graphs import GraphScript
GraphScript(Value(1.0).tanh()).script()
print("numpy" in sys.modules)
"""
    assert printed_by(program).strip() == "False"
