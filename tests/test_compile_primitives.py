"""Each member of an instruction has its own plain operands, and a user's function its own ways.

The first half goes through the table: several members of one instruction that differ in a plain
operand. The second half draws functions of a user's own that do what no compiler of floats does as
Python does. The judge is the eager engine under `ieee()`, value and slopes.
"""

import math
import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, exp, ieee, primitive, where
from autograd import primitives as p
from autograd.primitive_type import Variadic
from testkit.kernels import sampled

both_engines = pytest.mark.parametrize("engine", ["numpy", "llvm"])


def eager_results(function, ws, row, weights):
    """Return results, slopes by the parameters and by the inputs, or the error of the eager way."""
    for w in ws:
        w.zero_grad()
    xs = [Value(x) for x in row]
    with ieee():
        outs = [out if isinstance(out, Value) else Value(out) for out in function(xs)]
        for weight, out in zip(weights, outs):
            out.backward(weight)
    slopes = [[float(x.grad) for x in leaves] for leaves in (ws, xs)]
    return [float(out.data) for out in outs], *slopes


def assert_as_eager(compiled, function, ws, batch):
    """Compare results and slopes of a compiled function of one list with those of the eager way."""
    found = np.stack(compiled.value(batch), 1)
    weights = [0.5 + 0.25 * i for i in range(found.shape[1])]
    _, slopes, input_slopes = compiled.value_and_grad(batch, inputs=True, seed=weights)
    rows = [eager_results(function, ws, row, weights) for row in batch.tolist()]
    values, by_parameters, by_inputs = map(np.array, zip(*rows))
    close = {"rtol": 1e-10, "atol": 1e-13}
    np.testing.assert_allclose(found, values, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(input_slopes, by_inputs, **close)
    np.testing.assert_allclose(slopes, by_parameters.sum(0), **close)


# Plain operands of the table's rows

USUAL_NUMBERS = [1, -2.0, 0.5, 3, 0.0, -1]
NUMBERS = {  # by row and position: what a plain operand may be there
    ("rounded", 1): [0, 1, 2, -1],
    ("polygamma", 0): [0, 1, 2, 3],
    ("sinc_slope", 0): [0, 1, 2, 3],
    ("power", 1): [2, 3.0, -1, 0.5, 0, 1, -2.5, 2.0, 1.0, -2],
    ("power", 0): [2, 0.5, 1, 3.0],
    ("clip", 1): [-1, 0.0, -0.5, 0.25],
    ("clip", 2): [1, 0.5, 2.0, 0.75],
    # A slope at a pole that is a plain number is a matter of the eager engine.
    ("div", 1): [1, -2.0, 0.5, 3],
    ("xlogy", 1): [1, 0.5, 3, 2.0],
}
PLAIN_ONLY = {
    ("rounded", 1): [0, 1, 2, -1],
    ("polygamma", 0): [1, 1, 1],
    ("sinc_slope", 0): [1, 0, 2],
}
BOUNDS = {("clip", 1): [-0.4], ("clip", 2): [0.9]}
PLACES = [
    (name, i)
    for name, row in p.TABLE.items()
    if not isinstance(row, Variadic) and len(row.partials) > 1
    for i in range(len(row.partials))
    if (name, 1 - i) not in PLAIN_ONLY
]
WIDEST = 40  # numbers of a sample


def members_of(name, place, plain, others=()):
    """Return a function of a list of numbers: the row, with each plain operand in its place.

    `others` are operands that stand there too: "w" for a parameter, or the index of an input.
    """
    row = p.TABLE[name]
    ws = [Value(0.7), Value(1.3)]

    def function(xs):
        fresh = iter(xs)
        numbers = [*plain, *(ws[i] if kind == "w" else xs[i] for kind, i in others)]
        results = []
        for number in numbers:
            operands = [
                (BOUNDS.get((name, j)) or [next(fresh)])[0] for j in range(len(row.partials))
            ]
            operands[place] = number
            results.append(row(*operands))
        return results

    return function, ws


def batch_for(name, samples):
    numbers = np.random.default_rng(3).normal(size=(samples, WIDEST))
    return np.abs(numbers) if name in ("polygamma", "xlogy") else numbers


@pytest.mark.parametrize(("engine", "name", "place"), sampled(["numpy", "llvm"], PLACES))
def test_each_member_has_its_own_plain_operand(engine, name, place):
    numbers = NUMBERS.get((name, place), USUAL_NUMBERS)
    swapped = [numbers[-1], *numbers[1:-1], numbers[0]]
    cases = [(numbers, (), (1, 5)), (swapped, (), (5,))]
    if (name, place) not in PLAIN_ONLY:
        cases.append((numbers, [("w", 0), ("x", -1), ("w", 1), ("x", -2)], (5,)))
    for plain, others, sizes in cases:
        function, ws = members_of(name, place, plain, others)
        compiled = autograd.compile(
            function, ws, ([0.5] * WIDEST,), engine=engine, finite=False, reduce="sum"
        )
        for samples in sizes:
            assert_as_eager(compiled, function, ws, batch_for(name, samples))


VARIADIC = {
    "total": lambda xs, c: p.total([xs[0], c, xs[1]]),
    "mean": lambda xs, c: p.mean([c, xs[0], xs[1]]),
    "prod": lambda xs, c: p.prod([xs[0], xs[1], c]),
    "norm": lambda xs, c: p.norm([xs[0], c]),
    "logsumexp": lambda xs, c: p.logsumexp([c, xs[0], xs[1]]),
    "largest": lambda xs, c: p.largest([xs[0], c, xs[1]]),
    "smallest": lambda xs, c: p.smallest([xs[0], c, xs[1]]),
    "fsum": lambda xs, c: p.fsum([xs[0], c, xs[1]]),
    "log_softmax_of": lambda xs, c: p.log_softmax([xs[0], c, xs[1]])[2],
    "softmax_of": lambda xs, c: p.softmax([xs[0], c, xs[1]])[2],
    "inner_product": lambda xs, c: autograd.dot([c, xs[0]], [xs[1], c], bias=c),
}


@both_engines
@pytest.mark.parametrize("name", VARIADIC)
def test_each_row_of_many_operands_has_its_own_plain_ones(engine, name):
    for numbers in ([2, -1.0, 0.5, 3], [3, -1.0, 0.5, 2]):

        def function(xs, numbers=numbers):
            return [VARIADIC[name](xs[2 * i :], c) for i, c in enumerate(numbers)]

        compiled = autograd.compile(
            function, example=([0.5] * WIDEST,), engine=engine, reduce="sum"
        )
        assert_as_eager(compiled, function, [], batch_for(name, 5))


@both_engines
def test_shares_of_a_softmax_have_indices_of_their_own(engine):
    def function(xs):
        shares = p.softmax(xs[:4])
        return [shares[3], shares[0] * 2, shares[1], *reversed(p.softmax(xs[4:6]))]

    compiled = autograd.compile(function, example=([0.5] * WIDEST,), engine=engine, reduce="sum")
    assert_as_eager(compiled, function, [], batch_for("softmax_of", 5))


@both_engines
def test_rounding_to_different_digits_in_one_function(engine):
    compiled = autograd.compile(
        lambda x: [round(x), round(x, 1), round(x, 2), round(x, -1)], example=(1.0,), engine=engine
    )
    assert np.array(compiled.value([12.345])).T.tolist() == [[12.0, 12.3, 12.35, 10.0]]


BETWEEN_FLOATS = st.one_of(
    st.integers(-(2**60), 2**60),
    st.integers(2**53, 2**53 + 9),
    st.fractions(-4, 4, max_denominator=20),
    st.sampled_from([10**400, -(10**400), Fraction(1, 3), Fraction(10**400, 3)]),
)
RELATIONS = [operator.lt, operator.le, operator.gt, operator.ge]


@both_engines
@settings(max_examples=40)
@given(BETWEEN_FLOATS, st.sampled_from(RELATIONS), st.booleans())
def test_a_comparison_with_a_number_between_two_floats_is_exact(engine, number, relation, turned):
    near = float(number) if abs(number) < 10**300 else math.inf if number > 0 else -math.inf
    batch = [near, np.nextafter(near, -math.inf), np.nextafter(near, math.inf), 0.0, -near]
    batch = [float(x) for x in batch]

    def holds(x):
        return relation(number, x) if turned else relation(x, number)

    compiled = autograd.compile(
        lambda x: [where(holds(x), 1.0, 0.0), 1.0 if holds(x) else 0.0],
        example=(batch[0],),
        engine=engine,
        retrace=True,
        finite=False,
    )
    for found in compiled.value(batch):
        assert found.tolist() == [float(holds(x)) for x in batch]


# Functions of a user's own

WORLD = {"K": 1.5, "STATE": [0.25], "TOP": 3}
OTHER_WORLD = {"K": -0.75, "STATE": [2.0], "TOP": 5}


def absorbed(number, otherwise):
    """Return a number, or another one where computing it raises."""
    try:
        return number()
    except (ValueError, ArithmeticError):
        return otherwise


def steps_down(n):
    """Return a number by recursion."""
    return 1 if n <= 0 else n * steps_down(n - 1)


NAMES = {
    "math": math, "np": np, "Fraction": Fraction, "absorbed": absorbed, "steps_down": steps_down,
    "where": where, "exp": exp,
}  # fmt: skip
NUMBERS_OF_A_FUNCTION = st.sampled_from(["x", "y", "n", "K", "STATE[0]", "0.5", "3", "-2", "1e200"])
FORMS = [
    "({a} + {b})", "({a} - {b})", "({a} * {b})", "{a} / {b}", "({a} if {a} > {b} else {b})",
    "absorbed(lambda: {a} / {b}, {a})", "absorbed(lambda: math.log({a}), {b})",
    "absorbed(lambda: math.exp(300 * {a}), -1)", "math.sqrt({a})", "math.exp({a})",
    "math.fmod({a}, {b})", "int(1000 * {a}) ** 9 % 1013", "int({a}) // 2", "({a}) // 1", "-7 // int({a})",
    "int({a}) * 10 ** 20 % 7919", "steps_down(int({a}) % 25)", "2 ** (int(100 * {a}) % 3000)", "(1 << n)",
    "sum({a} for _ in range(n))", "10 ** n", "math.floor({a})", "round({a}, 1)", "({a} > {b})",
    "Fraction(int(8 * {a}), 7)", "max({a}, {b})", "{{True: {a}, False: {b}}}[x > y]", "n / 2",
]  # fmt: skip
RULES = [
    "x * K + out * 0.25", "where(x > 0, y, n)", "exp(-x * x) * STATE[0]", "x if x > 0 else K * y",
    "1 / x", "x ** -2.0", "sum(x for _ in range(TOP))", "n // 2 + x", "helper(x) * K", "out / (x - y)",
]  # fmt: skip
CONSTANTS = [None, "(x < 0, False, True)", "(x < y, y < x, True)", "(K < 0, False, True)"]
expressions = st.recursive(
    NUMBERS_OF_A_FUNCTION,
    lambda parts: st.builds(
        lambda form, a, b: form.format(a=a, b=b), st.sampled_from(FORMS), parts, parts
    ),
    max_leaves=4,
)
declared = st.fixed_dictionaries(
    {
        "text": expressions,
        "kind": st.sampled_from(
            ["{}", "{}", "int({})", "bool({})", "np.float64({})", "Fraction(int({}) % 1000, 7)"]
        ),
        "rules": st.tuples(st.sampled_from(RULES), st.sampled_from([*RULES, None])),
        "constant": st.sampled_from(CONSTANTS),
    }
)


def own_primitive(text, kind, rules, constant):
    """Return a primitive whose texts look at the names of a world, and that world."""
    names = {**NAMES, **WORLD, "STATE": list(WORLD["STATE"])}
    names["helper"] = primitive(lambda x, out: 0.5)(lambda x: x / 2)
    rules = [text and eval(f"lambda x, y, n, out: {text}", names) for text in rules]
    given = constant and eval(f"lambda x, y, n, out: {constant}", names)
    function = eval(f"lambda x, y, n: {kind.format(text)}", names)
    return p.Primitive("mine", function, *rules, None, constant=given), names


def not_tiny(x):
    """Return a number whose inverse is none of those that overflow when they are added up."""
    return x if abs(x) > 1e-6 else 0.0


CALLED = st.lists(st.floats(-4, 4).map(not_tiny), min_size=2, max_size=6)


@both_engines
@settings(max_examples=50)
@given(declared, CALLED)
def test_a_function_of_a_users_own_does_as_it_does_in_python(engine, declaration, numbers):
    assert_own_is_as_in_python(engine, declaration, numbers)


@pytest.mark.kernels
@both_engines
@settings(max_examples=300)
@given(declared, CALLED)
def test_many_functions_of_a_users_own_do_as_they_do_in_python(engine, declaration, numbers):
    assert_own_is_as_in_python(engine, declaration, numbers)


def assert_own_is_as_in_python(engine, declaration, numbers):
    """Hold a compiled function that calls a user's own to be what Python makes of it."""
    own, world = own_primitive(**declaration)
    w = Value(0.7)

    def function(xs):
        x, y = xs
        return [own(x, y, 2), own(y, x, 3) * x, own(x, w, 2), own(x * y, y, 0), own(y, x, 2.0)]

    batch = np.array([[x, y] for x in numbers for y in (*numbers, 0.0)])
    try:
        weights = [1.0] * 5
        for row in batch.tolist():
            eager_results(function, [w], row, weights)
    except Exception as error:
        with pytest.raises(type(error)):
            compiled = autograd.compile(
                function, [w], ([0.5, 0.25],), engine=engine, finite=False, reduce="sum"
            )
            compiled.value_and_grad(batch, seed=weights)
        return
    compiled = autograd.compile(
        function, [w], ([0.5, 0.25],), engine=engine, finite=False, reduce="sum"
    )
    assert_as_eager(compiled, function, [w], batch)
    world.update(OTHER_WORLD)  # globals change, and the compiled function follows
    assert_as_eager(compiled, function, [w], batch)
    world["STATE"][0] = -1.0
    assert_as_eager(compiled, function, [w], batch[:1])


@primitive(lambda x, out: 4 * x**3)
def beyond_64_bits(x):
    return int(1000 * x) ** 9 % 1013 if x > 1 else x**4


@primitive(lambda x, out: -out / x)
def absorbing(x):
    try:
        return 1 / x
    except ZeroDivisionError:
        return -1.0


DOMAIN = ((0.5, 2.0), (1.0, 4.0))


@primitive(lambda x, n, out: n * x ** (n - 1), None, domain=DOMAIN, check=False)
def repeated(x, n):
    return math.prod([x] * n) if isinstance(n, int) else 0.0


@primitive(lambda x, out: 3.0 * repeated(x, 2))
def cubed(x):
    return x**3


@both_engines
@pytest.mark.parametrize("samples", [2, 1000])
def test_an_int_in_a_rule_that_uses_ones_own_primitive_stays_an_int(engine, samples):
    compiled = autograd.compile(cubed, example=(1.0,), engine=engine, reduce="sum")
    xs = np.linspace(-2.0, 1.5, samples)
    slopes = compiled.value_and_grad(xs, inputs=True)[2]
    assert slopes.tolist() == [3.0 * (x * x) for x in xs.tolist()]


@both_engines
@pytest.mark.parametrize("samples", [1, 40])
def test_ints_of_any_size_absorbed_exceptions_and_int_operands_are_as_in_python(engine, samples):
    def function(xs):
        first, second = beyond_64_bits(xs[0]), absorbing(xs[1])
        return [first, second, *(repeated(xs[0], n) for n in (3, 2, 5))]

    compiled = autograd.compile(
        function, example=([0.5, 0.5],), engine=engine, reduce="sum", finite=False
    )
    batch = np.array([[2.5, 0.0], [0.5, 2.0], [1e6, -0.0]] * samples)
    assert_as_eager(compiled, function, [], batch)


@both_engines
@pytest.mark.parametrize("result", [None, "2.5", 1j, [1.0], np.array([1.0])], ids=repr)
def test_a_function_of_a_users_own_that_gives_no_number_is_named(engine, result):
    results = [1.0] * 4

    @primitive(lambda x, out: 0.0)
    def constant_of_mine(x):
        return results[0]

    compiled = autograd.compile(constant_of_mine, example=(1.0,), engine=engine)
    assert compiled.value([3.0]).tolist() == [1.0]
    results[0] = result
    with pytest.raises(TypeError, match=r"constant_of_mine\(3\.0\): .* is not a real number"):
        compiled.value([3.0])


@both_engines
def test_what_a_function_of_a_users_own_raises_is_raised(engine):
    numbers = {1.0: 2.0, 1.5: 2.0}

    @primitive(lambda x, out: 0.0, domain=((1.0, 1.0001),), check=False)
    def looked_up(x):
        return numbers[round(x)]

    compiled = autograd.compile(looked_up, example=(1.0,), engine=engine)
    with pytest.raises(KeyError):
        compiled.value([1.0, 7.0])
    assert compiled.value([1.0]).tolist() == [2.0]


@both_engines
def test_a_function_of_a_users_own_that_calls_what_it_is_part_of_is_refused(engine):
    inner = []

    @primitive(lambda x, out: 1.0, check=False)
    def halved(x):
        return x if x < 1 or not inner else float(inner[0].value([x / 2])[0])

    inner.append(autograd.compile(lambda x: halved(x) * 1.0, example=(0.5,), engine=engine))
    with pytest.raises(RuntimeError, match="halved calls the compiled function that it is part of"):
        inner[0].value([9.0])
    assert inner[0].value([0.5]).tolist() == [0.5]


@both_engines
def test_functions_of_a_users_own_need_not_bear_threads(engine):
    inside = []

    @primitive(lambda x, out: 1.0)
    def alone(x):
        inside.append(x)
        count = len(inside)
        inside.pop()
        return x if count == 1 else math.inf

    batch = np.linspace(0.0, 1.0, 20_000)
    compiled = autograd.compile(alone, example=(0.5,), engine=engine, threads=4)
    assert compiled.value(batch).tolist() == batch.tolist()


@both_engines
@pytest.mark.parametrize("samples", [1, 2, 5, 200])
@pytest.mark.parametrize("with_parameter", [False, True])
def test_a_users_primitive_of_inputs_alone_has_gradients_by_parameters(
    engine, samples, with_parameter
):
    squared = primitive(lambda x, out: 2 * x)(lambda x: x * x)
    w = Value(2.0)
    compiled = autograd.compile(
        lambda x: (w if with_parameter else 2.0) * squared(x),
        [w] if with_parameter else [],
        (1.0,),
        engine=engine,
    )
    xs = np.full(samples, 3.0)
    value, gradient, slopes = compiled.value_and_grad(xs, inputs=True)
    assert value == pytest.approx(18.0) and gradient.tolist() == pytest.approx(
        [9.0][: len(gradient)]
    )
    assert slopes * samples == pytest.approx(np.full(samples, 12.0))
    assert compiled.value_and_grad(xs)[0] == pytest.approx(18.0)
    assert compiled.per_sample_grad(xs).shape == (samples, int(with_parameter))
