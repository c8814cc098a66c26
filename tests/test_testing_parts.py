"""The tools of `autograd.testing`, part by part: expressions, laws, lifted numbers, path sums."""

import math
import random
from fractions import Fraction

import pytest

from autograd import Value, mean, sin
from autograd import primitives as p
from autograd.testing import laws, strategies
from autograd.testing.expressions import (
    Expression,
    Line,
    attempt,
    build,
    names_of_inputs,
    names_of_lines,
    operands,
    operation,
    operations,
    random_expression,
    used,
)
from autograd.testing.mpmath_context import NotLiftable
from autograd.testing.mutants import mutants
from autograd.testing.number_types import Dual, Exact, Precise, integer, portable
from autograd.testing.oracles import Program
from autograd.testing.oracles.complex_step import complex_step
from autograd.testing.parameters import parameters, without_parameters
from autograd.testing.recording import path_sums

ADD, MUL, SUB, EXP, SQRT = map(operation, (p.add, p.mul, p.sub, p.exp, p.sqrt))


# Expressions.


def test_an_operation_has_the_variables_of_its_row():
    assert (MUL.name, MUL.arity, MUL.many, MUL.imports) == ("*", 2, False, "")
    assert (EXP.name, EXP.arity, EXP.imports) == ("exp", 1, "exp")
    elu = operation(p.elu)
    assert elu.arity == 1 and elu.domain == (p.elu.domain[0],)
    average = operation(p.mean)
    assert average.many and average.name == "mean" and average.function(1.0, 2.0, 6.0) == 3.0
    assert average.spell("x", "y") == "mean([x, y])"


def test_the_pool_has_the_simplest_first_and_each_once():
    pool = operations()
    assert [one.name for one in pool[:5]] == ["+", "*", "-", "square", "-"]
    names = [(one.name, one.arity) for one in pool]
    assert len(names) == len(set(names))
    smooth = {one.name for one in operations(smooth=True)}
    assert "relu" not in smooth and "relu" in {one.name for one in pool}
    with pytest.raises(ValueError, match="no primitives to make expressions of"):
        operations([])


def test_lines_that_the_last_one_does_not_need_are_left_out():
    lines = [Line(ADD, (0, 1)), Line(MUL, (0, 0)), Line(EXP, (2,)), Line(SUB, (4, 1))]
    assert used(2, lines) == [Line(ADD, (0, 1)), Line(EXP, (2,)), Line(SUB, (3, 1))]
    assert used(2, lines[:2]) == [Line(MUL, (0, 0))]


def test_an_expression_is_a_program_to_copy():
    expression = Expression([2.0, 0.5], [Line(MUL, (0, 1)), Line(EXP, (2,)), Line(ADD, (3, 0))])
    assert expression(2.0, 0.5) == math.exp(1.0) + 2.0
    assert expression.results((2.0, 0.5)) == [2.0, 0.5, 1.0, math.exp(1.0), math.exp(1.0) + 2.0]
    assert repr(expression).splitlines() == [
        "from autograd import Value, exp", "x, y = Value(2.0), Value(0.5)", "a = x * y",
        "b = exp(a)", "c = b + x", "c.backward()",
    ]  # fmt: skip
    value, slopes = expression.gradient()
    assert (value, slopes) == (math.exp(1.0) + 2.0, [0.5 * math.exp(1.0) + 1, 2 * math.exp(1.0)])


def test_names_are_letters_as_long_as_there_are_enough():
    assert names_of_inputs(6) == list("xyzuvw") and names_of_inputs(7)[6] == "x6"
    assert names_of_lines(17)[-1] == "q" and names_of_lines(18)[-1] == "a17"


def test_an_operand_is_chosen_by_an_index_that_goes_round_inside_of_the_domain():
    results = [-1.0, 4.0, 9.0]
    assert operands(SQRT, (0,), results, range(3), False) == [1]
    assert operands(SQRT, (-1,), results, range(3), False) == [2]
    assert operands(SQRT, (3,), results, range(3), False) == [2]
    assert operands(MUL, (0, 0), results, range(3), False) == [0, 0]
    assert operands(MUL, (0, 0), results, range(3), True) == [0, 1]
    assert operands(SQRT, (0,), [-1.0, 0.0], range(2), False) == []
    assert operands(SQRT, (0,), [0.001, 0.0011], range(2), False) == [1]


def test_the_roundings_of_a_result_are_those_of_its_operands_and_its_own():
    assert attempt(MUL, [2.0, 3.0], [1.0, 0.5]) == (6.0, 2.5)
    assert attempt(MUL, [2.0, 3.0], [0.0, 0.0]) == (6.0, 1.0)
    assert attempt(SUB, [5.0, 4.0], [1.0, 1.0]) == (1.0, 10.0)
    assert attempt(EXP, [1000.0], [0.0]) == (0.0, math.inf)
    assert attempt(operation(p.log), [-1.0], [0.0]) == (0.0, math.inf)
    assert attempt(operation(p.relu), [-1e-12], [0.0]) == (0.0, 1.0)


def test_a_line_at_a_zero_is_fit_where_its_slope_begins_and_unfit_where_it_turns():
    assert attempt(MUL, [0.0, 3.0], [0.0, 0.0]) == (0.0, 1.0)
    assert attempt(operation(p.sin), [math.pi / 2], [0.0]) == (0.0, math.inf)
    assert attempt(operation(p.sin), [1.0], [0.0]) == (math.sin(1.0), 1.0)


def test_the_inputs_of_an_expression_are_exact():
    kept = build([5000.0, 4999.0], [(0, (0, 1))], [SUB])
    assert [(line.operation.name, line.places) for line in kept.lines] == [("-", (0, 1))]


def test_what_nothing_uses_is_added_up_from_the_end():
    expression = build([2.0, 3.0, 5.0], [(0, (0, 0))], [MUL])
    assert [(line.operation.name, line.places) for line in expression.lines] == [
        ("*", (0, 0)), ("+", (3, 2)), ("+", (4, 1)),
    ]  # fmt: skip
    assert expression(2.0, 3.0, 5.0) == 12.0
    one = build([2.0], [], [MUL])
    assert [(line.operation.name, line.places) for line in one.lines] == [("+", (0, 0))]
    tree = build([2.0, 3.0, 5.0], [(0, (0, 0)), (0, (0, 0))], [MUL], sharing=False)
    assert [line.places for line in tree.lines] == [(0, 1), (2, 3)]


def test_a_random_expression_takes_the_operations_it_is_given():
    expression = random_expression(random.Random(3), lines=20, inputs=2, pool=[ADD, MUL])
    assert {line.operation.name for line in expression.lines} == {"+", "*"}
    assert len(expression.point) == 2 and all(-3.0 <= x <= 3.0 for x in expression.point)


def test_an_expression_has_one_line_and_one_input_at_least():
    strategies.expressions(max_nodes=1, inputs=1).validate()
    for settings in ({"max_nodes": 0}, {"inputs": 0}):
        with pytest.raises(ValueError, match="has at least 1 line and 1 input"):
            strategies.expressions(**settings)


# Laws.


def test_numbers_agree_within_a_bound_and_nan_with_nan():
    laws.agree("law", sin, [1.0, math.nan, math.inf], [1.5, math.nan, math.inf], [0.5, 0.0, 0.0])
    for x, y in ((1.0, 1.6), (1.0, math.nan), (math.nan, 1.0), (math.inf, -math.inf)):
        with pytest.raises(AssertionError, match=r"^law does not hold for .*: input 1 gives "):
            laws.agree("law", sin, [0.0, x], [0.0, y], [0.0, 0.5])


def test_outputs_are_summed_with_different_weights():
    x = Value(2.0)
    assert laws.summed(laws.Recording([x, x * 3.0, 4.0], [x], [])).data == 2.0 + 7.5 + 6.0
    assert laws.summed_value(lambda x: [x, 3.0 * x], (2.0,)) == 2.0 + 7.5
    assert laws.summed(laws.Recording([4.0], [], [])).data == 4.0


def test_slopes_are_those_of_one_pass_from_zero():
    x = Value(3.0)
    x.grad = 7.0
    assert laws.slopes_of(x * x, [x]) == [6.0]


# Lifted numbers.


def test_only_finite_numbers_are_fractions():
    assert Exact.lift(0.1) == Fraction(0.1)
    for x in (math.inf, -math.inf, math.nan):
        with pytest.raises(NotLiftable, match="is no fraction"):
            Exact.lift(x)


def test_dual_numbers_have_the_slopes_of_products_quotients_and_powers():
    x, y = Dual(Fraction(3), Fraction(1)), Dual(Fraction(5), Fraction(2))
    for found, number, slope in (
        (x * y, 15, 11), (x + y, 8, 3), (x - y, -2, -1), (x / y, Fraction(3, 5), Fraction(-1, 25)),
        (x**3, 27, 27),
    ):  # fmt: skip
        assert (found.number, found.slope) == (number, slope)


def test_an_exponent_is_an_integer_that_does_not_vary():
    assert integer(Fraction(3)) == 3 and integer(Dual(Fraction(-2), Fraction(0))) == -2
    assert integer(Fraction(1 << 16)) == 1 << 16
    for x in (Fraction(1, 2), Fraction((1 << 16) + 1), Dual(Fraction(2), Fraction(1))):
        with pytest.raises(NotLiftable):
            integer(x)


def test_a_fraction_is_rounded_once_in_many_digits():
    assert Precise.lift(Fraction(1, 4)) == 0.25 and Precise.lift(0.5) == 0.5


def test_functions_of_math_become_primitives_under_their_names():
    assert portable(math.fabs) is p.absolute and portable(math.fsum) is p.total
    assert portable(math.pow) is p.power and portable(math.sin) is p.sin and portable(len) is len
    with pytest.raises(NotLiftable, match="math.gcd has no primitive"):
        portable(math.gcd)

    def plain(x):
        return x * x

    def wave(x, *, factor=2.0):
        return math.sin(x) * factor

    assert portable(plain) is plain
    assert portable(wave)(Value(0.5)).data == 2.0 * math.sin(0.5)


# Parameters, path sums and mutants.


def test_a_parameter_is_passed_as_it_is():
    function, variables = without_parameters(p.where, (1.0, 2.0, 3.0))
    assert variables == (2.0, 3.0) and function(5.0, 7.0) == 5.0
    function, variables = without_parameters(p.softmax_of, ((0, 1.0, 2.0),))
    assert variables == ([1.0, 2.0],) and function([1.0, 1.0]) == 0.5
    assert without_parameters(p.exp, (1.0,)) == (p.exp, (1.0,))
    assert parameters(sin) == parameters(mean) == parameters(None) == {}


def test_path_sums_add_absolute_products_and_what_is_lost_below_the_normal_range():
    x, y = Value(3.0), Value(-2.0)
    root = x * y - x * 4.0
    assert path_sums(root, [x, y, Value(1.0)]) == [(6.0, 0.0), (3.0, 0.0), (0.0, 0.0)]
    assert path_sums(1.0, [x]) == [(0.0, 0.0)]
    tiny = x * 2.0**-1040
    assert path_sums(tiny, [x]) == [(2.0**-1040, 8 * 2.0**-1074 * 2.0 * (1.0 + 3.0 + 2.0**-1040))]
    large = Value(1e9) * 2.0**-1040
    ((_, faint),) = path_sums(large, [large.parents[0]])
    assert faint == 8 * 2.0**-1074 * 2.0 * (1.0 + 1e5)


def test_a_rule_is_broken_within_a_block_only():
    before = p.mul.partials
    names = []
    for mutant in mutants(p.mul):
        names.append(str(mutant))
        with mutant.active() as row:
            assert row is p.mul and p.mul.partials is mutant.broken is not before
        assert p.mul.partials is before
    assert "mul: partials exchanged" in names and "mul: operands exchanged" in names
    assert len(names) == len(set(names))


def test_an_analytic_function_takes_few_values_of_complex_numbers():
    def square(x):
        square.calls += isinstance(x, complex)
        return x * x * x

    square.calls = 0
    complex_step(Program(square, (2.0,), recorded=False), 0)
    assert square.calls == 1 + 16 + 1
