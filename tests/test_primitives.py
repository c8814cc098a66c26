"""The table: every row against plain floats, 60-digit arithmetic and the complex step; conventions.

The rows are taken from the table itself, so a new one is tested, or reported as untested, at once.
"""

import math
import operator
import pickle
from math import inf, nan
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mp

from autograd import Value, gradients, ieee, reductions
from autograd import primitives as p
from autograd.custom import inside as within
from testkit.closed_forms import EXACT, EXACT_VARIADIC
from testkit.complex_step import COMPLEX, complex_step
from testkit.floats import TINY, ULP, bits, same
from testkit.high_precision import DIGITS, error, high, is_normal
from testkit.kernels import seldom
from testkit.points import INDEXED, LISTS, PARAMETERS, drawn, inside, points
from testkit.random_graphs import path_sum
from testkit.slope_errors import MEND, recorded_slope, wrong_slope

NOT_SMOOTH = {name for name, row in p.TABLE.items() if not row.smooth}
FIXED = [name for name, row in p.TABLE.items() if not isinstance(row, p.Variadic)]
SLOPES = [
    (name, i) for name, (_, *slopes) in EXACT.items() for i, slope in enumerate(slopes) if slope
]


def test_every_row_has_an_oracle_or_is_not_smooth():
    unjudged = set(p.TABLE) - set(EXACT) - set(EXACT_VARIADIC) - NOT_SMOOTH
    assert not unjudged, (
        f"{sorted(unjudged)} have no partial, so they are not smooth: add smooth=False to the rows "
        "in autograd/primitives.py"
    )
    unknown = (set(EXACT) | set(EXACT_VARIADIC)) - set(p.TABLE)
    assert not unknown, f"{sorted(unknown)} of testkit/closed_forms.py are no rows of the table"


def test_every_row_knows_its_name_and_survives_pickling():
    for name, row in p.TABLE.items():
        assert row.name == name and pickle.loads(pickle.dumps(row)) is row
        assert row.symbol in repr(row) and row.__doc__


# Law 1: on Values what the same expression gives on floats, bit for bit, or the same exception.


def real_power(x, y):
    out = x**y
    if isinstance(out, complex):
        raise ValueError("complex")
    return out


ON_FLOATS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "power": real_power,
    "mod": operator.mod, "floordiv": operator.floordiv, "neg": operator.neg, "pos": operator.pos, "absolute": abs,
    "square": lambda x: x * x, "floor": math.floor, "ceil": math.ceil, "copysign": math.copysign,
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "equal": operator.eq, "where": lambda c, x, y: x if c else y, "stop_gradient": lambda x: x,
    **{name: getattr(math, name) for name in FIXED if hasattr(math, name)},
}  # fmt: skip
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.0,
    3.0,
    1e-310,
    -1e300,
    1e308,
    710.0,
    -746.0,
    2.5,
    inf,
    -inf,
    nan,
]


LAW_1 = "a row gives what the same function of floats gives, and raises what it raises"


def outcome(function, operands):
    """Return the bits of a float result, or the type of the exception."""
    try:
        out = function(*operands)
    except (ValueError, ArithmeticError) as failure:
        return type(failure)
    return bits(float(out.data if isinstance(out, Value) else out))


def operand_lists(name):
    arity = len(p.TABLE[name].partials)
    if name in PARAMETERS:
        ((position, choices),) = PARAMETERS[name].items()
        return [(x, n) if position else (n, x) for x in SPECIAL for n in choices]
    if arity == 1:
        return [(x,) for x in SPECIAL]
    if arity == 2:
        return [(x, y) for x in SPECIAL for y in SPECIAL]
    return [
        (x, y, z) for x in (-1.0, 0.0, 0.5, nan) for y in (0.0, 2.0, inf) for z in (0.0, 1.0, nan)
    ]


@pytest.mark.parametrize("name", FIXED)
def test_a_row_gives_on_values_what_it_gives_on_floats(name):
    row = p.TABLE[name]
    on_floats = ON_FLOATS.get(name, row.forward)
    for operands in operand_lists(name):
        expected = outcome(on_floats, operands)
        assert outcome(row, operands) == expected, f"{name}{operands} of floats: {LAW_1}"
        for mask in {(True,) * len(operands), (True, False, True), (False, True, False)}:
            mixed = [
                Value(x) if is_value and type(x) is float else x
                for x, is_value in zip(operands, mask)
            ]
            assert outcome(row, mixed) == expected, f"{name}{operands} of {mixed}: {LAW_1}"


@pytest.mark.parametrize("name", FIXED)
@given(data=st.data())
def test_a_row_gives_on_any_value_what_it_gives_on_the_float(name, data):
    row = p.TABLE[name]
    on_floats = ON_FLOATS.get(name, row.forward)
    operands = data.draw(drawn(name))
    on_values = outcome(row, [Value(x) if type(x) is float else x for x in operands])
    assert on_values == outcome(on_floats, operands), f"{name}{operands}: {LAW_1}"


@pytest.mark.parametrize("name", FIXED)
def test_an_exception_names_the_operation_the_values_and_the_nodes(name):
    row = p.TABLE[name]
    for operands in operand_lists(name):
        names = ["left", "middle", "right"][-len(operands) :]
        try:
            row(*(Value(x, name=n) if type(x) is float else x for x, n in zip(operands, names)))
        except (ValueError, ArithmeticError) as failure:
            assert row.symbol in str(failure)
            for x, n in zip(operands, names):
                assert (f"{n}={x!r}" if type(x) is float else repr(x)) in str(failure)


def test_the_text_of_an_exception_is_a_line_to_learn_from():
    with pytest.raises(ValueError, match=r"log\(x=-1.0\): .*; domain \(\(0.0, inf\),\)"):
        Value(-1.0, name="x").log()
    with pytest.raises(ZeroDivisionError, match=r"^1.0 / x=0.0: "):
        1.0 / Value(0.0, name="x")
    with pytest.raises(
        ValueError, match=r"-8.0 \*\* 0.5: a negative base needs an integer exponent"
    ):
        Value(-8.0) ** 0.5
    with pytest.raises(ValueError, match="mean of no numbers"):
        p.mean([])
    with pytest.raises(ValueError, match=r"logsumexp of no numbers"):
        p.logsumexp([])
    with pytest.raises(ValueError, match=r"clip\(0.5, 2, 1\): an empty interval"):
        p.clip(Value(0.5), 2, 1)
    with pytest.raises(ValueError, match="2 weights with 1 inputs"):
        reductions.dot([Value(1.0), 2.0], [3.0])


def left_to_right(numbers, start=0):
    for x in numbers:  # the built-in sum of floats is compensated since Python 3.12
        start = start + x
    return start


VARIADIC = {
    "total": (p.total, left_to_right),
    "mean": (p.mean, lambda xs: left_to_right(xs) / len(xs)),
    "prod": (p.prod, math.prod),
    "norm": (p.norm, lambda xs: math.hypot(*xs)),
    "largest": (reductions.maximum, max),
    "smallest": (reductions.minimum, min),
    "inner_product": (
        lambda xs: reductions.dot(xs, xs[::-1], 0.25),
        lambda xs: left_to_right((x * y for x, y in zip(xs, xs[::-1])), 0.25),
    ),
}
numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9)


@pytest.mark.parametrize("name", VARIADIC)
@given(xs=numbers)
def test_an_n_ary_row_is_one_node_rounded_as_the_loop_is(name, xs):
    function, loop = VARIADIC[name]
    out = function([Value(x) for x in xs])
    if len(xs) > 1:
        assert out.op is p.TABLE[name]
    assert out.data == loop(xs) == function(xs)


@given(xs=numbers, data=st.data())
def test_an_n_ary_row_takes_values_and_numbers_mixed(xs, data):
    mixed = [Value(x) if data.draw(st.booleans()) else x for x in xs]
    for function in (p.total, p.mean, p.prod, p.norm, p.logsumexp):
        out = function(mixed)
        assert (out.data if isinstance(out, Value) else out) == function(xs)
    assert [float(getattr(s, "data", s)) for s in p.softmax(mixed)] == p.softmax(xs)


def test_minimum_and_maximum_take_one_sequence_or_many_numbers():
    xs = [Value(2.0), Value(3.0), Value(1.0)]
    assert reductions.maximum(xs).data == reductions.maximum(*xs).data == 3.0
    assert reductions.minimum(xs).data == reductions.minimum(*xs, 7.0).data == 1.0
    assert reductions.maximum(xs[0], 1.0, 5.0, xs[1]).data == 5.0
    assert reductions.maximum([1.0, 2.0]) == 2.0 and reductions.minimum(4.0, 2.0) == 2.0
    assert reductions.maximum(xs[0]) is xs[0]
    assert xs[0].maximum(xs[1], 9.0).data == 9.0 and xs[0].minimum(xs[1], 9.0).data == 2.0


# One statement of each derivative, against closed forms in 60 digits, over the whole double range.


@pytest.mark.parametrize("name, i", SLOPES)
def test_every_slope_is_right_to_4_ulp_over_the_whole_range(name, i):
    for operands in points(name):
        wrong = wrong_slope(name, i, operands)
        assert wrong is None, wrong


@pytest.mark.parametrize("name, i", SLOPES)
@given(data=st.data())
def test_every_slope_is_right_to_4_ulp_anywhere(name, i, data):
    wrong = wrong_slope(name, i, data.draw(drawn(name)))
    assert wrong is None, wrong


@pytest.mark.parametrize("name, i", [(name, i) for name, i in SLOPES if name in COMPLEX])
def test_every_slope_agrees_with_the_complex_step(name, i):
    for domain_points in [
        [x for x in grid if 1e-3 < abs(x) < 8.0] for grid in [inside(p.TABLE[name].domain[i])]
    ]:
        for x in domain_points:
            operands = [x] if len(EXACT[name]) == 2 else [1.75, 1.75]
            operands[i] = x
            if min(abs(abs(x) - 1), abs(x)) < 1e-3 or x in (math.pi / 2, 1.57):
                continue  # the complex functions themselves lose digits near a border
            slope = recorded_slope(name, operands, i)[1]
            expected = complex_step(COMPLEX[name], operands, i)
            assert slope == pytest.approx(expected, rel=1e-12, abs=1e-15), (
                f"the partial by operand {i} of {name} at {tuple(operands)} is {slope!r}, the complex "
                f"step gives {expected!r}: {MEND}"
            )


@pytest.mark.parametrize("name", EXACT_VARIADIC)
def test_every_slope_of_an_n_ary_row_is_right_to_4_ulp(name):
    function, rule = EXACT_VARIADIC[name]
    for xs in LISTS:
        if name == "inner_product":
            xs = (0.5, *xs, *xs[::-1])
        indexed = [(i, *xs) for i in range(len(xs))] if name in INDEXED else [xs]
        for operands in indexed:
            check_variadic(name, rule, operands)


def check_variadic(name, rule, operands):
    values = [x if type(x) is int else Value(x) for x in operands]
    out = p.TABLE[name](values)
    with mp.workdps(DIGITS):
        exact = rule(*map(high, operands))
        exact = [e for e, x in zip(exact, operands) if type(x) is float]
        variables = [i for i, x in enumerate(operands) if type(x) is float]
        for i, slope, e in zip(variables, out.local_derivatives, exact, strict=True):
            assert not is_normal(e) or error(slope, e) <= 4.0, (
                f"the slope by operand {i} of {name} at {operands} is {slope!r}, 60 digits give "
                f"{float(e)!r}: {error(slope, e):.3g} ulp apart, 4 allowed: mend the rule in "
                "autograd/primitives.py"
            )


# Second and third derivatives: the rules called on Values, nested.

NOISE = 1e-60  # what mpmath's differences leave of a derivative that is 0
HIGHER = [-7.3, -2.2, -1.1, -0.4, -0.05, 0.0, 0.05, 0.4, 0.8, 1.1, 2.2, 7.3, 21.0]
UNARY = [name for name, (_, *slopes) in EXACT.items() if len(slopes) == 1]


def check_scale(name, at, path, found, exact, terms):
    """Compare a derivative along a path of operands with 60 digits, relative to its terms."""
    if abs(exact) < (NOISE if found.data == 0 else TINY):
        exact = 0
    bound = 64 * ULP * max(abs(exact), terms) + NOISE
    assert abs(found.data - exact) <= bound, (
        f"the derivative of {name} at {at} along the operands {path} is {found.data!r}, 60 digits "
        f"give {float(exact)!r}: a wrong partial in autograd/primitives.py; or, where its floats are "
        "right, one that is not made of operators and primitives alone"
    )


def terms_of(root, leaf):
    """Return the path sum: what a gradient's rounding errors are in proportion to."""
    paths, operations = path_sum(root)
    return paths.get(leaf, 0.0)


# Its graph of third derivatives has by far the most paths.
MANY_PATHS = "gelu_slope"
HIGHER_CASES = [*(name for name in UNARY if name != MANY_PATHS), *seldom(MANY_PATHS)]


@pytest.mark.parametrize("name", HIGHER_CASES)
def test_second_and_third_derivatives_agree_with_60_digits(name):
    low, top = p.TABLE[name].domain[0]
    for at in (x for x in HIGHER if low < x < top):
        x = Value(at)
        order = p.TABLE[name](x)
        for n in (1, 2, 3):
            scale = terms_of(order, x)
            (order,) = gradients(order, [x])
            with mp.workdps(DIGITS):
                expected = mp.diff(EXACT[name][1], mp.mpf(at), n - 1)
                check_scale(name, at, (0,) * n, order, expected, scale)


BINARY_SMOOTH = [
    name for name in FIXED if len(p.TABLE[name].partials) == 2
    and p.TABLE[name].smooth and None not in p.TABLE[name].partials
]  # fmt: skip


@pytest.mark.parametrize("name", BINARY_SMOOTH)
def test_mixed_second_and_third_derivatives_agree_with_60_digits(name):
    domain = p.TABLE[name].domain
    for at in ((0.7, 1.3), (2.5, -0.4), (1.5, 3.0)):
        if not all(low < t < top for t, (low, top) in zip(at, domain)):
            continue
        x, y = map(Value, at)
        out = p.TABLE[name](x, y)
        for path in ((0, 0), (0, 1), (1, 1), (1, 0, 0), (0, 1, 1), (0, 0, 0), (1, 1, 1)):
            order, scale = out, 1.0
            for i in path:
                scale = max(scale, terms_of(order, (x, y)[i]))
                (order,) = gradients(order, [(x, y)[i]])
            with mp.workdps(DIGITS):
                expected = mp.diff(EXACT[name][0], at, (path.count(0), path.count(1)))
                check_scale(name, at, path, order, expected, scale)


@pytest.mark.parametrize("name", ["gaussian", "polygamma"])
def test_rows_with_a_parameter_have_second_and_third_derivatives_too(name):
    for parameter in (1.0, 0.5) if name == "gaussian" else (0, 2):
        for at in (0.3, 1.7, 5.0, 30.0):
            x = Value(at)
            operands = (x, parameter) if name == "gaussian" else (parameter, x)
            order = p.TABLE[name](*operands)

            def by_t(t, parameter=parameter):
                if name == "gaussian":
                    return EXACT[name][1](t, parameter)
                return EXACT[name][2](parameter, t)

            for n in (1, 2, 3):
                scale = terms_of(order, x)
                (order,) = gradients(order, [x])
                with mp.workdps(DIGITS):
                    expected = mp.diff(by_t, mp.mpf(at), n - 1)
                    check_scale(name, operands, (0,) * n, order, expected, scale)


@pytest.mark.parametrize("name", EXACT_VARIADIC)
def test_n_ary_rows_have_second_and_third_derivatives(name):
    at = (0, 0.5, -1.25, 2.0) if name in INDEXED else (0.75, 0.5, -1.25, 2.0, 1.5)
    values = [x if type(x) is int else Value(x) for x in at]
    out = p.TABLE[name](values)
    for path in ((1, 1), (1, 2), (2, 3), (1, 2, 3), (1, 1, 2), (3, 3, 3)):
        order, scale = out, 1.0
        for i in path:
            scale = max(scale, terms_of(order, values[i]))
            (order,) = gradients(order, [values[i]])
        counts = tuple(path.count(i) for i in range(len(at)))
        with mp.workdps(DIGITS):
            expected = mp.diff(EXACT_VARIADIC[name][0], at, counts)
            check_scale(name, at, path, order, expected, scale)


# The numerical conventions of the design, one case for each row of its table.


class Case(NamedTuple):
    """What an expression gives at a point: value or exception, and a slope per operand."""

    text: str
    function: object
    operands: tuple
    value: object
    slopes: tuple = ()  # None where there is to be no edge
    ieee_value: object = None  # under ieee(), where it differs
    ieee_slopes: tuple = ()


NO_EDGE = None
CONVENTIONS = [
    Case("relu'(0) is 0", p.relu, (0.0,), 0.0, (0.0,)),
    Case("relu below 0 has no edge", p.relu, (-1.0,), 0.0, (NO_EDGE,)),
    Case("leaky_relu'(0) is the slope", p.leaky_relu, (0.0, 0.01), 0.0, (0.01, 0.0)),
    Case("leaky_relu'(0) with no slope given", lambda x: p.leaky_relu(x), (0.0,), 0.0, (0.01,)),
    Case("elu'(0) is 1", lambda x: p.elu(x), (0.0,), 0.0, (1.0,)),
    Case("leaky_relu'(0), a slope above 1", p.leaky_relu, (0.0, 3.0), 0.0, (1.0, 0.0)),
    Case("leaky_relu'(0), a slope below 0", p.leaky_relu, (0.0, -3.0), -0.0, (0.0, 0.0)),
    Case("elu'(0), a scale below 1", p.elu, (0.0, 0.25), 0.0, (0.25, 0.0)),
    Case("elu'(0), a scale above 1", p.elu, (0.0, 2.0), 0.0, (1.0, 0.0)),
    Case("elu'(0), a negative scale", p.elu, (0.0, -2.0), -0.0, (0.0, -0.0)),
    Case("celu'(0) is 1", p.celu, (0.0, 2.0), 0.0, (1.0, 0.0)),
    Case("softsign at inf", p.softsign, (inf,), 1.0, (0.0,)),
    Case("mish at -inf", p.mish, (-inf,), -0.0, (0.0,)),
    Case("squareplus at -inf", lambda x: p.squareplus(x), (-inf,), 0.0, (0.0,)),
    Case("silu at -inf", p.silu, (-inf,), -0.0, (0.0,)),
    Case("silu at inf", p.silu, (inf,), inf, (1.0,)),
    Case("gelu at inf", p.gelu, (inf,), inf, (1.0,)),
    Case("sinc at 0", p.sinc, (0.0,), 1.0, (0.0,)),
    Case("sinc at an integer", p.sinc, (3.0,), 0.0, (-1 / 3,)),
    Case("logit at 0", p.logit, (0.0,), ValueError, (), -inf, (inf,)),
    Case("logit at 1", p.logit, (1.0,), ValueError, (), inf, (inf,)),
    Case("logit outside", p.logit, (2.0,), ValueError, (), nan),
    Case("erfinv at 1", p.erfinv, (1.0,), ValueError, (), inf, (inf,)),
    Case("erfinv outside", p.erfinv, (2.0,), ValueError, (), nan, (nan,)),
    Case("log1mexp at 0", p.log1mexp, (0.0,), ValueError, (), -inf),
    Case("xlog1py at (0, -1)", p.xlog1py, (0.0, -1.0), 0.0, (-inf, 0.0)),
    Case("csc at 0", p.csc, (0.0,), ZeroDivisionError, (), inf, (-inf,)),
    Case("coth at -0", p.coth, (-0.0,), ZeroDivisionError, (), -inf, (-inf,)),
    Case("acot at 0", p.acot, (0.0,), math.pi / 2, (-1.0,)),
    Case("asech at 1", p.asech, (1.0,), 0.0, (-inf,)),
    Case("acoth at 1", p.acoth, (1.0,), ValueError, (), inf),
    Case("asec inside", p.asec, (0.5,), ValueError, (), nan, (nan,)),
    Case("exp10(400)", p.exp10, (400.0,), OverflowError, (), inf, (inf,)),
    Case("gamma at a pole", p.gamma, (-1.0,), ValueError, (), nan, (nan,)),
    Case("gamma(200)", p.gamma, (200.0,), OverflowError, (), inf, (inf,)),
    Case("fmod by 0", p.fmod, (1.0, 0.0), ValueError, (), nan),
    Case("fmod", p.fmod, (-7.5, 2.0), -1.5, (1.0, 3.0)),
    Case("remainder", p.remainder, (7.5, 2.0), -0.5, (1.0, -4.0)),
    Case("trunc has no edge", p.trunc, (-2.5,), -2.0, (NO_EDGE,)),
    Case("trunc of inf", p.trunc, (inf,), OverflowError, (), inf, (NO_EDGE,)),
    Case("x**y by both at y = 0", p.power, (2.0, 0.0), 1.0, (0.0, math.log(2.0))),
    Case("elu below 0", lambda x: p.elu(x), (-1.0,), math.expm1(-1.0), (math.exp(-1.0),)),
    Case("abs'(0) is 0", abs, (0.0,), 0.0, (0.0,)),
    Case("maximum tie of two Values is 1/2 each", reductions.maximum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    Case("minimum tie of two Values is 1/2 each", reductions.minimum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    Case(
        "maximum tie of k is 1/k",
        reductions.maximum,
        (3.0, 1.0, 3.0, 3.0),
        3.0,
        (1 / 3, NO_EDGE, 1 / 3, 1 / 3),
    ),
    Case("minimum tie of k is 1/k", reductions.minimum, (1.0, 1.0, 3.0), 1.0, (0.5, 0.5, NO_EDGE)),
    Case(
        "maximum with a plain number at the tie equals relu",
        lambda x: reductions.maximum(x, 0.0),
        (0.0,),
        0.0,
        (0.0,),
    ),
    Case(
        "maximum with a plain number above",
        lambda x: reductions.maximum(0.0, x),
        (2.0,),
        2.0,
        (1.0,),
    ),
    Case(
        "maximum with a plain number below",
        lambda x: reductions.maximum(0, x),
        (-2.0,),
        0.0,
        (NO_EDGE,),
    ),
    Case(
        "minimum with a plain number at the tie",
        lambda x: reductions.minimum(x, 0.0),
        (0.0,),
        0.0,
        (0.0,),
    ),
    Case(
        "minimum with a plain number above",
        lambda x: reductions.minimum(x, 0.0),
        (2.0,),
        0.0,
        (NO_EDGE,),
    ),
    Case("clip(x, 0, 1) at 0 is 1", lambda x: p.clip(x, 0, 1), (0.0,), 0.0, (1.0,)),
    Case("clip(x, 0, 1) at 1 is 1", lambda x: p.clip(x, 0, 1), (1.0,), 1.0, (1.0,)),
    Case("clip strictly outside has no edge", lambda x: p.clip(x, 0, 1), (1.5,), 1.0, (NO_EDGE,)),
    Case(
        "clip to a Value passes the edge to the bound",
        p.clip,
        (-1.0, 0.0, 1.0),
        0.0,
        (NO_EDGE, 1.0, NO_EDGE),
    ),
    Case("clip to the upper Value", p.clip, (3.0, 0.0, 1.0), 1.0, (NO_EDGE, NO_EDGE, 1.0)),
    Case("sqrt at 0", p.sqrt, (0.0,), 0.0, (inf,)),
    Case("sqrt below 0", p.sqrt, (-1.0,), ValueError, (), nan, (nan,)),
    Case("x**0 at 0, an int", lambda x: x**0, (0.0,), 1.0, (NO_EDGE,)),
    Case("x**0 at 0, a float", lambda x: x**0.0, (0.0,), 1.0, (NO_EDGE,)),
    Case("x**0 of NaN and inf", lambda x: x**0, (nan,), 1.0, (NO_EDGE,)),
    Case("x**2 at 0", lambda x: x**2, (0.0,), 0.0, (0.0,)),
    Case("x**1 at 0", lambda x: x**1, (0.0,), 0.0, (1.0,)),
    Case("x**2.0 at 0, as the int", lambda x: x**2.0, (0.0,), 0.0, (0.0,)),
    Case("x**3.0 below 0, as the int", lambda x: x**3.0, (-2.0,), -8.0, (12.0,)),
    Case("x**-1.0 below 0, as the int", lambda x: x**-1.0, (-2.0,), -0.5, (-0.25,)),
    Case("x**p at 0, 0 < p < 1", lambda x: x**0.5, (0.0,), 0.0, (inf,)),
    Case("x**p at 0, p < 0", lambda x: x**-0.5, (0.0,), ZeroDivisionError, (), inf, (-inf,)),
    Case("x**-1 at 0", lambda x: x**-1, (0.0,), ZeroDivisionError, (), inf, (-inf,)),
    Case("x**-1 at -0", lambda x: x**-1, (-0.0,), ZeroDivisionError, (), -inf, (-inf,)),
    Case("0**y by y, y > 0", lambda y: 0.0**y, (2.0,), 0.0, (NO_EDGE,)),
    Case("x**y at (0, 2)", p.power, (0.0, 2.0), 0.0, (0.0, NO_EDGE)),
    Case("0**0", p.power, (0.0, 0.0), 1.0, (NO_EDGE, NO_EDGE)),
    Case("x**p, x < 0, p fractional", lambda x: x**0.5, (-2.0,), ValueError, (), nan, (nan,)),
    Case("x**y by y, x < 0", p.power, (-2.0, 2.0), 4.0, (-4.0, nan)),
    Case("x**y overflows", lambda x: x**3, (1e200,), OverflowError, (), inf, (inf,)),
    Case("(-x)**y overflows", lambda x: x**3, (-1e200,), OverflowError, (), -inf, (inf,)),
    Case("log at 0", p.log, (0.0,), ValueError, (), -inf, (inf,)),
    Case("log below 0", p.log, (-1.0,), ValueError, (), nan),
    Case("log2 at 0", p.log2, (0.0,), ValueError, (), -inf, (inf,)),
    Case("log10 at 0", p.log10, (0.0,), ValueError, (), -inf, (inf,)),
    Case("log1p at -1", p.log1p, (-1.0,), ValueError, (), -inf, (inf,)),
    Case("log1p below -1", p.log1p, (-2.0,), ValueError, (), nan),
    Case("exp(1000)", p.exp, (1000.0,), OverflowError, (), inf, (inf,)),
    Case("exp2(2000)", p.exp2, (2000.0,), OverflowError, (), inf, (inf,)),
    Case("expm1(1000)", p.expm1, (1000.0,), OverflowError, (), inf, (inf,)),
    Case("sinh(-1000)", p.sinh, (-1000.0,), OverflowError, (), -inf, (inf,)),
    Case("cosh(-1000)", p.cosh, (-1000.0,), OverflowError, (), inf, (-inf,)),
    Case("1/0", lambda x: 1.0 / x, (0.0,), ZeroDivisionError, (), inf, (-inf,)),
    Case("-1/0", lambda x: -1.0 / x, (0.0,), ZeroDivisionError, (), -inf, (inf,)),
    Case("1/-0", lambda x: 1.0 / x, (-0.0,), ZeroDivisionError, (), -inf, (-inf,)),
    Case("0/0", p.div, (0.0, 0.0), ZeroDivisionError, (), nan, (inf, nan)),
    Case("x % 0", lambda x: x % 0.0, (1.0,), ZeroDivisionError, (), nan, (1.0,)),
    Case("x % y", p.mod, (7.5, 2.0), 1.5, (1.0, -3.0)),
    Case("x % y below 0, as Python", p.mod, (-7.5, 2.0), 0.5, (1.0, 4.0)),
    Case("x % y without a wrap has no edge to y", p.mod, (1.5, 2.0), 1.5, (1.0, NO_EDGE)),
    Case("x // y", p.floordiv, (7.5, 2.0), 3.0, (NO_EDGE, NO_EDGE)),
    Case("sigmoid at 800", p.sigmoid, (800.0,), 1.0, (0.0,)),
    Case("sigmoid at -800", p.sigmoid, (-800.0,), 0.0, (0.0,)),
    Case("sigmoid at 0", p.sigmoid, (0.0,), 0.5, (0.25,)),
    Case("tanh at 800", p.tanh, (800.0,), 1.0, (0.0,)),
    Case("tanh' at 0", p.tanh, (0.0,), 0.0, (1.0,)),
    Case("softplus far right", p.softplus, (800.0,), 800.0, (1.0,)),
    Case("softplus at 0", p.softplus, (0.0,), math.log(2.0), (0.5,)),
    Case(
        "logsumexp of huge numbers",
        lambda *xs: p.logsumexp(xs),
        (1e4, 1e4),
        1e4 + math.log(2),
        (0.5, 0.5),
    ),
    Case("logsumexp with -inf", lambda *xs: p.logsumexp(xs), (-inf, 1.0), 1.0, (0.0, 1.0)),
    Case("softmax of huge numbers", lambda *xs: p.softmax(xs)[0], (1e4, 1e4), 0.5, (0.25, -0.25)),
    Case("atan2(0, 0)", p.atan2, (0.0, 0.0), 0.0, (nan, nan)),
    Case("hypot(0, 0)", p.hypot, (0.0, 0.0), 0.0, (0.0, 0.0)),
    Case("norm at 0", lambda *xs: p.norm(xs), (0.0, 0.0, 0.0), 0.0, (0.0, 0.0, 0.0)),
    Case("prod with a zero", lambda *xs: p.prod(xs), (0.0, 2.0, 3.0), 0.0, (6.0, 0.0, 0.0)),
    Case("prod with two zeros", lambda *xs: p.prod(xs), (0.0, 2.0, 0.0), 0.0, (0.0, 0.0, 0.0)),
    Case("asin at 1", p.asin, (1.0,), math.pi / 2, (inf,)),
    Case("asin at -1", p.asin, (-1.0,), -math.pi / 2, (inf,)),
    Case("acos at 1", p.acos, (1.0,), 0.0, (-inf,)),
    Case("acosh at 1", p.acosh, (1.0,), 0.0, (inf,)),
    Case("asin outside", p.asin, (2.0,), ValueError, (), nan, (nan,)),
    Case("acosh below 1", p.acosh, (0.5,), ValueError, (), nan, (nan,)),
    Case("atanh at 1", p.atanh, (1.0,), ValueError, (), inf, (inf,)),
    Case("atanh at -1", p.atanh, (-1.0,), ValueError, (), -inf, (inf,)),
    Case("cbrt at 0", p.cbrt, (0.0,), 0.0, (inf,)),
    Case("cbrt below 0", p.cbrt, (-8.0,), -2.0, (1 / 12,)),
    Case("lgamma at a pole", p.lgamma, (-1.0,), ValueError, (), inf, (nan,)),
    Case("lgamma at 0", p.lgamma, (0.0,), ValueError, (), inf, (nan,)),
    Case("floor has no edge", p.floor, (2.5,), 2.0, (NO_EDGE,)),
    Case("ceil has no edge", p.ceil, (2.5,), 3.0, (NO_EDGE,)),
    Case("round to even has no edge", round, (2.5,), 2.0, (NO_EDGE,)),
    Case("round to two digits", lambda x: round(x, 2), (2.678,), 2.68, (NO_EDGE,)),
    Case("sign has no edge", p.sign, (-3.0,), -1.0, (NO_EDGE,)),
    Case("sign at 0", p.sign, (0.0,), 0.0, (NO_EDGE,)),
    Case("step at 0", p.step, (0.0,), 0.0, (NO_EDGE,)),
    Case("floor of inf", p.floor, (inf,), OverflowError, (), inf, (NO_EDGE,)),
    Case("floor of NaN", p.floor, (nan,), ValueError, (), nan, (NO_EDGE,)),
    Case("round of NaN", round, (nan,), nan, (NO_EDGE,)),
    Case("copysign", p.copysign, (-3.0, 2.0), 3.0, (-1.0, NO_EDGE)),
    Case("copysign at 0, as abs", p.copysign, (0.0, -2.0), -0.0, (-0.0, NO_EDGE)),
    Case("where takes the first", lambda x, y: p.where(True, x, y), (1.0, 2.0), 1.0, (1, NO_EDGE)),
    Case("where takes the second", lambda x, y: p.where(0.0, x, y), (1.0, 2.0), 2.0, (NO_EDGE, 1)),
    Case(
        "where has no edge to its condition", p.where, (3.0, 1.0, 2.0), 1.0, (NO_EDGE, 1, NO_EDGE)
    ),
    Case("stop_gradient has no edge", p.stop_gradient, (3.0,), 3.0, (NO_EDGE,)),
    Case("relu(nan) is nan", p.relu, (nan,), nan, (nan,)),
]


def slopes_at(out, values):
    """Return the local derivative of each operand, NO_EDGE where it is not a parent."""
    slopes = dict(zip(map(id, out.parents), out.local_derivatives))
    return tuple(slopes.get(id(v), NO_EDGE) for v in values)


def check_case(case, value, slopes):
    values = [Value(x) for x in case.operands]
    if isinstance(value, type):
        with pytest.raises(value):
            case.function(*values)
        return
    out = case.function(*values)
    assert bits(out.data) == bits(value)
    if slopes:
        found = slopes_at(out, values)
        assert len(found) == len(slopes) and all(
            same(a, b) or a == pytest.approx(b, rel=4 * ULP) for a, b in zip(found, slopes)
        ), found


@pytest.mark.parametrize("case", CONVENTIONS, ids=lambda case: case.text)
def test_convention(case):
    check_case(case, case.value, case.slopes)


@pytest.mark.parametrize("case", CONVENTIONS, ids=lambda case: case.text)
def test_convention_under_ieee(case):
    raises = isinstance(case.value, type)
    with ieee():
        check_case(
            case,
            case.ieee_value if raises else case.value,
            case.ieee_slopes if raises else case.slopes,
        )


PASSED_ON = {"power", "where", "total", "mean", "inner_product", "prod"}


def is_linear(row):
    """Tell whether the slope by the first operand is the same at two places, or there is none."""
    if row.partials[0] is None:
        return True
    slopes = []
    for share in (0.45, 0.6):
        operands = [within(row.domain[0], share), 0.5, 0.75][: len(row.partials)]
        slopes.append(row.partials[0](*operands, row.forward(*operands)))
    return slopes[0] == slopes[1]


PIECEWISE = {"absolute", "clip", "at_least", "at_most", "relu", "leaky_relu", "elu", "copysign"}
LINEAR = {name for name in FIXED if is_linear(p.TABLE[name])} - {*PIECEWISE, "polygamma"}


@pytest.mark.parametrize("name", sorted(set(FIXED) - PASSED_ON - LINEAR))
def test_nan_in_gives_a_nan_value_and_a_nan_derivative(name):
    x = Value(nan)
    operands = [x, 0.5, 0.75][: len(p.TABLE[name].partials)]
    out = p.polygamma(1, x) if name == "polygamma" else p.TABLE[name](*operands)
    assert math.isnan(out.data), (
        f"{name} of NaN is {out.data!r}: the float function in autograd/primitives.py loses it"
    )
    assert out.parents == (x,) and math.isnan(out.local_derivatives[0]), (
        f"{name} of NaN has the slopes {out.local_derivatives}: the partial by operand 0 (or "
        "constant=) in autograd/primitives.py loses the NaN"
    )


@pytest.mark.parametrize(
    "name",
    ["mul", "div", "prod", "power", "norm", "largest", "smallest", "logsumexp", "softmax_of"],
)
def test_nan_in_any_operand_spoils_the_others(name):
    x, y = Value(nan), Value(2.0)
    row = p.TABLE[name]
    out = (
        row((0, y, x))
        if name in INDEXED
        else row((x, y))
        if isinstance(row, p.Variadic)
        else row(x, y)
    )
    assert math.isnan(out.data) and math.isnan(sum(out.local_derivatives))


def test_nan_in_a_bound_of_clip_is_not_lost():
    for bounds in ((nan, 1.0), (0.0, nan)):
        out = p.clip(Value(0.5), *bounds)
        assert math.isnan(out.data) and math.isnan(out.local_derivatives[0])


def test_maximum_and_minimum_with_nan_are_nan_on_either_side():
    for choose in (reductions.maximum, reductions.minimum):
        for xs in ((nan, 1.0), (1.0, nan), (Value(nan), 1.0), (1.0, Value(nan)), (Value(1.0), nan)):
            out = choose(*xs)
            assert math.isnan(out.data if isinstance(out, Value) else out)


# Structural zeros: what an operation does not depend on is no parent, so 0 * inf is never formed.


def gradient_at(function, at):
    x = Value(at)
    function(x).backward()
    return x.grad


@pytest.mark.parametrize(
    "function",
    [
        lambda x: p.where(x > 0, p.log(x), 0),
        lambda x: p.where(x > 0, 1 / x, x * 0),
        lambda x: p.where(x <= 0, 0.0, p.sqrt(x)),
        lambda x: p.relu(-1 - p.sqrt(x)),
        lambda x: reductions.maximum(p.log(x), 0.0),
        lambda x: p.clip(p.log(x), -1.0, 1.0),
        lambda x: p.sqrt(x) ** 0,
        lambda x: p.stop_gradient(p.sqrt(x)) * 2 + x * 0,
        lambda x: p.floor(p.sqrt(x)),
        lambda x: reductions.maximum(p.log(x), Value(3.0)),
        lambda x: p.leaky_relu(2.0, p.sqrt(x)) + 0.0,
    ],
)
def test_a_branch_not_taken_adds_nothing_at_the_border(function):
    with ieee():
        assert gradient_at(function, 0.0) == 0.0


def test_numeric_zeros_are_never_skipped():
    assert math.isnan(gradient_at(lambda x: p.sqrt(x) ** 2, 0.0))
    assert math.isnan(gradient_at(lambda x: p.sqrt(x) * 0.0, 0.0))
    with ieee():
        assert math.isnan(gradient_at(lambda x: p.log(x) * 0, 0.0))


def test_structural_zeros_hold_for_gradients_as_values_too():
    with ieee():
        x = Value(0.0)
        (slope,) = gradients(p.where(x > 0, p.log(x), 0), [x])
    assert slope.data == 0.0


def test_second_derivatives_at_a_border_are_limits():
    x = Value(0.0)
    (slope,) = gradients(x**1.5, [x])
    (curvature,) = gradients(slope, [x])
    assert (slope.data, curvature.data) == (0.0, inf)


# Functions without a smooth derivative everywhere, away from their kinks.

PIECES = [
    ("mod", (7.3, 2.0), (1.0, -3.0)),
    ("absolute", (-2.5,), (-1.0,)),
    ("copysign", (-2.5, -1.0), (1.0,)),
    ("at_least", (2.0, 1.0), (1.0,)),
    ("at_most", (0.5, 1.0), (1.0,)),
    ("relu", (2.0,), (1.0,)),
    ("leaky_relu", (-2.0, 0.1), (0.1, -2.0)),
    ("leaky_relu", (2.0, 0.1), (1.0,)),
    ("elu", (-2.0, 0.5), (0.5 * math.exp(-2.0), math.expm1(-2.0))),
    ("elu", (2.0, 0.5), (1.0,)),
    ("clip", (0.25, 0.0, 1.0), (1.0,)),
    ("where", (1.0, 2.0, 3.0), (1,)),
]


@pytest.mark.parametrize("name, operands, slopes", PIECES)
def test_the_pieces_of_a_row_have_the_slopes_of_the_pieces(name, operands, slopes):
    assert p.TABLE[name](*map(Value, operands)).local_derivatives == pytest.approx(
        slopes, rel=4 * ULP
    )


@pytest.mark.parametrize("name", sorted({name for name, *_ in PIECES}))
def test_the_pieces_of_a_row_agree_with_differences(name):
    for operands in (operands for row, operands, _ in PIECES if row == name):
        values = [Value(x) for x in operands]
        out = p.TABLE[name](*values)
        for x, slope in zip(values, slopes_at(out, values)):
            moved = [[v.data + (side if v is x else 0.0) for v in values] for side in (1e-6, -1e-6)]
            right, left = (p.TABLE[name].forward(*numbers) for numbers in moved)
            assert (slope or 0.0) == pytest.approx((right - left) / 2e-6, rel=1e-6, abs=1e-6)


def test_elu_and_leaky_relu_have_second_derivatives():
    x, scale = Value(-1.5), Value(0.5)
    slopes = gradients(p.elu(x, scale), [x, scale])
    assert gradients(slopes[0], [x, scale])[0].data == pytest.approx(
        0.5 * math.exp(-1.5), rel=4 * ULP
    )
    assert gradients(slopes[1], [x])[0].data == pytest.approx(math.exp(-1.5), rel=4 * ULP)
    slopes = gradients(p.leaky_relu(x, scale), [x, scale])
    assert [g.data for g in gradients(slopes[0], [x, scale])] == [0.0, 1.0]


def test_a_row_spells_itself():
    assert p.add.spell("a", "b") == "a + b" and p.neg.spell("a") == "-a"
    assert p.total.spell("a", "b") == "sum([a, b])" and p.hypot.spell("a", "b") == "hypot(a, b)"


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
@example(0.0, -0.0)
def test_a_comparison_row_on_values_is_a_node_without_edges(x, y):
    for relation in (p.less, p.less_equal, p.greater, p.greater_equal, p.equal):
        out = relation(Value(x), y)
        assert out.data == float(relation.forward(x, y)) and out.parents == ()


# A plain number as the other operand changes no slope: law 4 holds for it, too.

POLES = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, inf, -inf, 5e-324, 1e308]
BINARY = [
    name
    for name in FIXED
    if len(p.TABLE[name].partials) == 2
    and any(p.TABLE[name].partials)
    and name not in ("polygamma", "sinc_slope")
]


def slope_beside(row, operands, i, plain):
    """Return the slope by one operand, the other being a Value or a plain number; None: no edge."""
    values = [Value(x) if k == i or not plain else x for k, x in enumerate(operands)]
    with ieee():
        out = row(*values)
        found = dict(zip(map(id, out.parents), out.local_derivatives)).get(id(values[i]))
        (again,) = gradients(out, [values[i]])  # raises nothing, and has the same number
    if found is not None:
        assert same(again.data, found + 0.0) or again.data == found
    return found


@pytest.mark.parametrize("name", BINARY)
def test_a_plain_number_beside_an_operand_changes_no_slope(name):
    row = p.TABLE[name]
    for x in POLES:
        for y in POLES:
            for i in (0, 1):
                beside_value = slope_beside(row, (x, y), i, plain=False)
                beside_number = slope_beside(row, (x, y), i, plain=True)
                if row.together and beside_number is None:
                    continue  # locally constant on a line only
                assert beside_value == beside_number or same(beside_value, beside_number), (x, y, i)


def test_a_quotient_by_a_plain_zero_and_a_logarithm_of_one_have_their_limits():
    x = Value(1.0)
    with ieee():
        (x / 0.0).backward()
        assert x.grad == inf and gradients(x / 0, [x])[0].data == inf
    y = Value(0.0)
    out = p.xlogy(y, 0.0)
    out.backward()
    assert (out.data, y.grad, gradients(out, [y])[0].data) == (0.0, -inf, -inf)
