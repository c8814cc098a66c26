"""What a row of the table says of itself is true: value, domain, constant, smooth, symbol.

The slopes are judged in `test_primitives`. Every message names the row, the operands, what was found
and what was expected, and the file to mend, for whoever adds a row.
"""

import builtins
import itertools
import math
from math import inf, nan

import pytest
from mpmath import mp

import autograd
from autograd import Primitive, Value, ieee
from autograd import primitives as p
from autograd.custom import inside
from autograd.primitive_type import Variadic
from autograd.testing.mpmath_context import context
from autograd.testing.mpmath_functions import precise_function, precise_functions, real
from testkit.closed_forms import partial_of
from testkit.floats import LARGEST
from testkit.high_precision import DIGITS
from testkit.points import COARSE_MAGNITUDES, INDEXED, PARAMETERS, points
from testkit.value_errors import VALUE_LOSSES, exact_value, points_of_value, wrong_value

SMOOTH = [name for name, row in p.TABLE.items() if row.smooth and name != "stop_gradient"]
FIXED = [name for name, row in p.TABLE.items() if not isinstance(row, Variadic)]


# The value.


@pytest.mark.parametrize("name", SMOOTH)
def test_every_value_is_right_to_4_ulp(name):
    for operands in points_of_value(name):
        wrong = wrong_value(name, operands)
        assert wrong is None, wrong


def test_a_loss_of_values_belongs_to_a_row_and_has_a_reason():
    assert set(VALUE_LOSSES) <= set(SMOOTH)
    assert all(loss.reason for loss in VALUE_LOSSES.values())


@pytest.mark.parametrize(
    ("naive", "operands", "words"),
    [
        (lambda x: math.log(math.cosh(x)), (1e-8,), r"logcosh\(1e-08,\) is 0.0, but .* 5e-17"),
        (lambda x: math.log(math.cosh(x)), (1e3,), r"raises OverflowError .* 999.30685"),
        (lambda x: math.log(x), (-1.0,), r"raises ValueError .*VALUE_LOSSES"),
        (lambda x: nan, (1.0,), r"is nan, but .*autograd/primitives.py"),
    ],
)
def test_a_naive_float_function_is_noticed(monkeypatch, naive, operands, words):
    monkeypatch.setattr(p.logcosh, "forward", naive)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(wrong_value("logcosh", operands))
    with pytest.raises(AssertionError, match="logcosh"):
        test_every_value_is_right_to_4_ulp("logcosh")


def test_a_form_that_loses_digits_is_told_from_a_wrong_float_function(monkeypatch):
    mp = context()
    monkeypatch.setitem(precise_functions(), "softplus", lambda x: mp.log(1 + mp.exp(x)))
    found = wrong_value("softplus", (-500.0,))
    assert "by 80 digits but 7.12" in found
    assert "the form of softplus in autograd/testing/mpmath_functions.py loses digits here" in found


# The domain.

RAISES_INSIDE = {"clip": "an interval whose low end is above its high end is refused"}
DEFINED_OUTSIDE = {
    ("cbrt", 0): "the cube root of a negative number is real; at 0 the slope is infinite",
    ("lgamma", 0): "the logarithm of |gamma| is defined between the poles",
    ("polygamma", 1): "defined between the poles, by reflection",
    ("gamma", 0): "defined between the poles",
    ("ratio", 1): "a quotient; only a length, which is not negative, makes 0 / 0 a 0",
    ("log1mexp", 0): "an even function, with a pole at 0",
    ("csc", 0): "an odd function, with a pole at 0",
    ("cot", 0): "an odd function, with a pole at 0",
    ("csch", 0): "an odd function, with a pole at 0",
    ("coth", 0): "an odd function, with a pole at 0",
    ("acsch", 0): "an odd function, with a pole at 0",
    ("asec", 0): "defined on both sides of what lies between -1 and 1",
    ("acsc", 0): "defined on both sides of what lies between -1 and 1",
    ("acoth", 0): "defined on both sides of what lies between -1 and 1",
    ("asech_slope", 0): "an odd function, with a pole at 0",
    ("atanh_slope", 0): "the slope of acoth on the other side of the poles",
    ("celu_gap", 0): "a formula of one side, which is all that celu needs",
}
SHARES_OUTSIDE = (1e-12, 0.3, 0.71, 3.4)  # how far beyond an end of a domain


def points_of_domain(name):
    """Return points inside the domain of a row, whatever the number of its operands."""
    if len(p.TABLE[name].partials) < 3:
        return points(name)
    return list(itertools.product(COARSE_MAGNITUDES[4:9], repeat=3))


def is_defined(row, operands):
    """Tell whether the float function gives a number."""
    try:
        return not math.isnan(row.forward(*operands))
    except OverflowError:
        return True
    except (ValueError, ArithmeticError):
        return False


@pytest.mark.parametrize("name", sorted(set(FIXED) - set(RAISES_INSIDE)))
def test_a_row_is_defined_inside_its_domain(name):
    for operands in points_of_domain(name):
        assert is_defined(p.TABLE[name], operands), (
            f"{name}{operands} lies inside domain={p.TABLE[name].domain} but is undefined: "
            "narrow domain= in autograd/primitives.py, or say why in RAISES_INSIDE of "
            "tests/test_rows.py"
        )


def usual_operands(name):
    """Return everyday operands of a row, inside of its domain."""
    special = PARAMETERS.get(name, {})
    domain = enumerate(p.TABLE[name].domain)
    return [special[j][0] if j in special else inside(d, 0.4) for j, d in domain]


def outside(name, i):
    """Yield operands of a row of which the i-th lies beyond an end of its interval."""
    usual = usual_operands(name)
    low, high = p.TABLE[name].domain[i]
    for share in SHARES_OUTSIDE:
        for end in {low - share, high + share} - {-inf, inf}:
            yield (*usual[:i], end, *usual[i + 1 :])


OPERANDS = [
    (name, i)
    for name in FIXED
    for i in range(len(p.TABLE[name].domain))
    if i not in PARAMETERS.get(name, {})
]


@pytest.mark.parametrize(("name", "i"), OPERANDS)
def test_a_row_is_undefined_outside_its_domain(name, i):
    if (name, i) in DEFINED_OUTSIDE:
        assert any(is_defined(p.TABLE[name], operands) for operands in outside(name, i))
        return
    for operands in outside(name, i):
        assert not is_defined(p.TABLE[name], operands), (
            f"{name}{operands} lies outside domain={p.TABLE[name].domain} but is defined: widen "
            "domain= in autograd/primitives.py, or say why in DEFINED_OUTSIDE of tests/test_rows.py"
        )


def test_a_domain_that_is_too_small_or_too_wide_is_noticed(monkeypatch):
    monkeypatch.setattr(p.log1p, "domain", ((0.0, inf),))
    with pytest.raises(AssertionError, match="log1p.* outside .*widen domain="):
        test_a_row_is_undefined_outside_its_domain("log1p", 0)
    monkeypatch.setattr(p.log1p, "domain", ((-2.0, inf),))
    with pytest.raises(AssertionError, match="log1p.* inside .*narrow domain="):
        test_a_row_is_defined_inside_its_domain("log1p")


# IEEE arithmetic: what the row is where it overflows, and at a pole at the border of its domain.

NO_LIMIT = {"polygamma": "of an even order it is -inf to the right of a pole and inf to the left"}
POLE_DISTANCES = (1e-50, 1e-100, 1e-200)  # a logarithm grows by equal steps from each to its square


def ieee_value(name, operands):
    """Return what the row gives under ieee()."""
    row = p.TABLE[name]
    with ieee():
        operands = [Value(x) if type(x) is float else x for x in operands]
        return (row(operands) if isinstance(row, Variadic) else row(*operands)).data


def limit(name, operands, i, inward):
    """Return the infinite limit of a row at an end of the domain of operand i; 0 where it is finite."""
    with context().workdps(NEIGHBOURHOOD_DIGITS):
        moved = (
            [x + inward * context().mpf(d) if j == i else x for j, x in enumerate(operands)]
            for d in POLE_DISTANCES
        )
        with context().workdps(3 * NEIGHBOURHOOD_DIGITS):
            far, near, nearest = (exact_at(name, numbers) for numbers in moved)
        grows = abs(nearest - near) >= abs(near - far) > 0
        return math.copysign(inf, nearest) if grows else 0.0


def check_ieee(name, operands, expected):
    found = ieee_value(name, operands)
    assert found == expected, (
        f"{name}{tuple(operands)} under ieee() is {found!r}, not {expected!r}: add ieee= to the row "
        f"{name} in autograd/primitives.py"
    )


@pytest.mark.parametrize("name", SMOOTH)
def test_a_row_that_overflows_is_infinite_under_ieee(name):
    for operands in points_of_value(name):
        exact = exact_value(name, operands)
        if exact is not None and abs(exact) > 2 * context().mpf(LARGEST):
            check_ieee(name, operands, math.copysign(inf, exact))


@pytest.mark.parametrize("name", sorted({n for n, _ in OPERANDS} & set(SMOOTH) - set(NO_LIMIT)))
def test_a_row_is_infinite_under_ieee_at_a_pole_at_the_border_of_its_domain(name):
    for operands, i, inward in border(name):
        expected = limit(name, operands, i, inward)
        if expected:
            check_ieee(name, operands, expected)


def border(name):
    """Yield operands of which one is a finite end of its domain, which one, and the way inside."""
    usual = usual_operands(name)
    for i, (low, high) in enumerate(p.TABLE[name].domain):
        for end, inward in ((low, 1), (high, -1)):
            if math.isfinite(end) and i not in PARAMETERS.get(name, {}):
                yield (*usual[:i], end, *usual[i + 1 :]), i, inward


@pytest.mark.parametrize("name", ["exp", "sinh", "log", "atanh", "lgamma", "power", "xlogy"])
def test_a_missing_ieee_is_noticed(monkeypatch, name):
    monkeypatch.setattr(p.TABLE[name], "ieee", lambda *numbers: nan)
    with pytest.raises(AssertionError, match=f"{name}.* add ieee= to the row {name}"):
        test_a_row_that_overflows_is_infinite_under_ieee(name)
        test_a_row_is_infinite_under_ieee_at_a_pole_at_the_border_of_its_domain(name)


# What the row is in a neighbourhood, by its form in mpmath: constant in an operand, or smooth.

NEAR = 2.0**-20  # the size of a neighbourhood
EVERYDAY = (-2.75, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.25)
NEIGHBOURHOOD_DIGITS = 120
KINKS_OF_SMOOTH_ROWS = {
    "hypot": "the tip of a cone at the origin",
    "norm": "the tip of a cone at the origin",
    "atan2": "the origin, and the cut along the negative axis",
}
GRID = [k / 4 for k in range(-40, 41)]  # where an operand by itself may have a kink
SIDE_STEP = 1e-25  # of one-sided differences


def everyday_points(name, free=EVERYDAY):
    """Return everyday points of a row: ties, zeros and numbers at which something may change."""
    row = p.TABLE[name]
    if isinstance(row, Variadic):
        several = itertools.product(EVERYDAY[2:8:2], repeat=3)
        return [(0, *xs) if name in INDEXED else tuple(xs) for xs in several]
    special = PARAMETERS.get(name, {})
    grids = [
        special.get(i) or [x for x in free if low < x < high]
        for i, (low, high) in enumerate(row.domain)
    ]
    return list(itertools.product(*grids))


def exact_at(name, operands):
    """Return the value in many digits, None where there is none."""
    try:
        return real(precise_function(name)(*map(context().mpf, operands)))
    except (ValueError, ArithmeticError):
        return None


def is_constant_near(name, operands, i):
    """Tell whether a row does not change with operand i, wherever in a neighbourhood all others are."""
    fixed = PARAMETERS.get(name, {0: ()} if name in INDEXED else {})
    sides = [(0.0,) if j in fixed else (-NEAR, 0.0, NEAR) for j in range(len(operands))]
    with context().workdps(NEIGHBOURHOOD_DIGITS):
        found = {}
        for step in itertools.product(*sides):
            moved = [x + s for x, s in zip(operands, step)]
            others = (*step[:i], *step[i + 1 :])
            found.setdefault(others, set()).add(exact_at(name, moved))
        return all(len(values) == 1 and None not in values for values in found.values())


def edges_of(name, operands):
    """Return the positions of the operands to which the row records an edge."""
    row = p.TABLE[name]
    values = [Value(x) if type(x) is float else x for x in operands]
    with ieee():
        out = row(values) if isinstance(row, Variadic) else row(*values)
    parents = set(map(id, out.parents))
    return [i for i, value in enumerate(values) if id(value) in parents]


@pytest.mark.parametrize("name", [name for name in p.TABLE if name != "clip"])
def test_no_edge_is_recorded_where_a_row_is_locally_constant(name):
    for operands in everyday_points(name):
        check_edges(name, operands)


def test_no_edge_is_recorded_where_clip_is_locally_constant():
    for operands in everyday_points("clip"):
        if operands[1] < operands[2]:
            check_edges("clip", operands)


def check_edges(name, operands):
    for i in edges_of(name, operands):
        assert not is_constant_near(name, operands, i), (
            f"{name}{operands} does not change with operand {i} nearby, but records an edge to it "
            f"(law 5): add constant= to the row {name} in autograd/primitives.py"
        )


@pytest.mark.parametrize("name", ["relu", "at_least", "mod", "elu"])
def test_a_missing_constant_is_noticed(monkeypatch, name):
    monkeypatch.setattr(p.TABLE[name], "constant", None)
    with pytest.raises(AssertionError, match=f"{name}.*add constant= to the row {name}"):
        test_no_edge_is_recorded_where_a_row_is_locally_constant(name)


def one_sided(name, operands, i):
    """Return slope and curvature to the right and to the left along one operand, None outside."""
    with context().workdps(NEIGHBOURHOOD_DIGITS):
        sides = []
        for step in (context().mpf(SIDE_STEP), -context().mpf(SIDE_STEP)):
            moved = ([*operands[:i], operands[i] + k * step, *operands[i + 1 :]] for k in range(3))
            here, near, far = (exact_at(name, each) for each in moved)
            if None in (here, near, far):
                return None
            slope = (near - here) / step
            sides.append((slope, (far - 2 * near + here) / step**2))
        return sides


def kink(name, operands):
    """Return the first operand along which slope or curvature jump, None where there is none."""
    fixed = PARAMETERS.get(name, {0: ()} if name in INDEXED else {})
    for i in set(range(len(operands))) - set(fixed):
        sides = one_sided(name, operands, i)
        if sides is None:
            continue
        for right, left in zip(*sides):
            if abs(right - left) > 1e-9 * max(1, abs(right), abs(left)):
                return i
    return None


@pytest.mark.parametrize("name", sorted(set(SMOOTH) - set(KINKS_OF_SMOOTH_ROWS)))
def test_a_row_that_is_called_smooth_has_no_kink(name):
    free = GRID if len(p.TABLE[name].partials) == 1 else EVERYDAY
    for operands in everyday_points(name, free):
        i = kink(name, operands)
        assert i is None, (
            f"{name}{operands} has a kink in operand {i}: add smooth=False to the row {name} in "
            "autograd/primitives.py"
        )


@pytest.mark.parametrize("name", ["relu", "absolute", "elu", "at_least", "clip", "leaky_relu"])
def test_a_missing_smooth_is_noticed(name):
    with pytest.raises(AssertionError, match=f"kink .*add smooth=False to the row {name}"):
        test_a_row_that_is_called_smooth_has_no_kink(name)


# The symbol.

SPELT_OTHERWISE = {
    "absolute": "abs is the spelling of Python and NumPy",
    "where": "autograd.where takes functions as branches as well",
}


@pytest.mark.parametrize("name", [name for name in p.TABLE if hasattr(autograd, name)])
def test_the_symbol_of_a_row_spells_what_autograd_offers(name):
    symbol = p.TABLE[name].symbol
    if not symbol.isidentifier():
        return
    if name in SPELT_OTHERWISE:
        assert hasattr(builtins, symbol) or hasattr(autograd, symbol)
        return
    assert getattr(autograd, symbol, None) is p.TABLE[name], (
        f"the row {name} has the symbol {symbol!r}, but there is no such autograd.{symbol}: spell it "
        f"{name!r} in autograd/primitives.py, or say why not in SPELT_OTHERWISE of tests/test_rows.py"
    )


def test_a_misspelt_symbol_is_noticed(monkeypatch):
    monkeypatch.setattr(p.logcosh, "symbol", "log_cosh")
    with pytest.raises(AssertionError, match="no such autograd.log_cosh: spell it 'logcosh'"):
        test_the_symbol_of_a_row_spells_what_autograd_offers("logcosh")


# The columns.


def one(x, out):
    return 1.0


@pytest.mark.parametrize(
    ("partials", "columns", "kind", "words"),
    [
        ((), {}, TypeError, "^own: no partials; give one per operand"),
        ((one, 3.0), {}, TypeError, "^own: 3.0 is no function"),
        ((one,), {"domain": (p.REAL, p.REAL)}, ValueError, "^own: 1 partials, but .* 2 intervals"),
        ((one,), {"domain": (0.0, inf)}, ValueError, "^own: 1 partials, but .* 2 intervals"),
        ((one,), {"domain": ((1.0, 0.0),)}, ValueError, r"^own: .* low < high, not \(1.0, 0.0\)"),
        ((one,), {"domain": ((nan, 0.0),)}, ValueError, r"^own: .* low < high, not \(nan, 0.0\)"),
        ((one,), {"domain": (0.0,)}, ValueError, r"^own: .* low < high, not 0.0"),
        ((one,), {"defaults": (1.0, 2.0)}, ValueError, "^own: 2 defaults for 1 operands"),
    ],
)
def test_a_row_whose_columns_contradict_each_other_is_refused(partials, columns, kind, words):
    with pytest.raises(kind, match=words):
        Primitive("own", math.sin, *partials, **columns)


def test_an_n_ary_row_has_no_entry_per_operand():
    assert Variadic("own", math.hypot, lambda xs, out: xs)([3.0, 4.0]) == 5.0


# The oracle of rows that are not written down by hand.


@pytest.mark.parametrize(
    ("point", "slopes"),
    [
        ((-LARGEST, -LARGEST), (0.5, 0.5)),
        ((1e100, 1e100), (0.5, 0.5)),
        ((1e-300, -1e300), (1.0, 0.0)),
        ((1e300, 1e300), (0.5, 0.5)),
        ((0.0, 0.0), (0.5, 0.5)),
    ],
)
@pytest.mark.parametrize("form", ["by the largest", "by the difference"])
def test_the_automatic_oracle_is_right_for_functions_of_a_difference(
    monkeypatch, form, point, slopes
):
    def by_difference(x, y):
        return x + precise_function("softplus")(y - x)

    def by_largest(x, y):
        return precise_function("logsumexp")(x, y)

    function = by_largest if form == "by the largest" else by_difference
    monkeypatch.setitem(precise_functions(), "logaddexp", function)
    with mp.workdps(DIGITS):
        for i, expected in enumerate(slopes):
            assert abs(partial_of("logaddexp", i)(*point) - expected) < mp.mpf(10) ** -50
