"""Bad input: wrong types through everything, and the hard floats through every primitive."""

import itertools
import json
import math
import struct
from fractions import Fraction

import pytest

import nn
from autograd import (
    Primitive,
    Value,
    backward,
    dot,
    exp,
    grad,
    gradients,
    ieee,
    jvp,
    log,
    maximum,
    mean,
    minimum,
    primitive,
    softmax,
)
from autograd import sum as total
from autograd.coercion import elements
from autograd.messages import shown
from autograd.primitive_type import Variadic
from autograd.primitives import TABLE
from testkit.bad_inputs import BAD, GROUPS, Case, Unspeakable, bad_inputs, is_clear, of_rows
from testkit.points import INDEXED

TOO_LONG_INT = 10**5000  # Python refuses to spell it

# Wrong types.


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__[3:])
def test_every_bad_input_is_an_error_that_names_operation_and_operand(group):
    unclear = [case.what for case in group() if not is_clear(case)]
    assert unclear == []


def test_every_row_is_tried_in_every_place_with_every_kind():
    tried = {case.what for case in of_rows()}
    for name, row in TABLE.items():
        n = 3 if isinstance(row, Variadic) else len(row.partials)
        for i in range(n if n > 1 else 0):
            assert {f"{name} {i} {kind}" for kind in BAD} <= tried


def test_the_campaign_counts_what_is_not_clear():
    silent = Case("silent", lambda: 1.0, ())
    vague = Case("vague", lambda: math.exp("a"), ("exp",))
    wild = Case("wild", lambda: {}["a"], ())
    assert [is_clear(case) for case in (silent, vague, wild)] == [False] * 3
    assert is_clear(Case("clear", lambda: Value("a"), ("str 'a'",)))
    tried, clear = bad_inputs()
    assert tried == clear > 4000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x: x + TOO_LONG_INT,
            r"x=2\.0 \+ a very long int: int too large to convert to float",
        ),
        (lambda x: x * 10**400, r"x=2\.0 \* 1000.*…: int too large"),
        (
            lambda x: Value(TOO_LONG_INT),
            "a very long int is too large for a float; a Fraction of it stays",
        ),
        (lambda x: exp(Value(Fraction(TOO_LONG_INT))), r"exp\(a very long Fraction\)"),
        (lambda x: x.backward(TOO_LONG_INT), "the seed of a pass, a very long int"),
    ],
)
def test_ints_beyond_all_floats_are_an_overflow_that_can_be_read(call, message):
    with pytest.raises(OverflowError, match=message) as caught:
        call(Value(2.0, "x"))
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_seed_that_no_fraction_can_hold_is_named(bad):
    x = Value(Fraction(1, 3))
    with pytest.raises((ValueError, OverflowError), match=f"the seed of a pass, {bad}"):
        (x * x).backward(bad)
    assert x.grad == 0


def test_under_ieee_an_int_beyond_all_floats_is_an_infinity():
    x = Value(2.5)
    with ieee():
        products = [x * 10**400, x - 10**400, x / 10**400, exp(Value(Fraction(TOO_LONG_INT))) + x]
        for y in products:
            y.backward()
    assert [y.data for y in products] == [math.inf, -math.inf, 0.0, math.inf]
    assert math.isinf(x.grad)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: log(x, 2, 3), r"log\(Value\(.*\), 2, 3\): log takes 1 operand, not 3"),
        (lambda x: log(8.0, 2, 3), "log takes 1 operand, not 3"),
        (lambda x: TABLE["hypot"](x), "hypot takes 2 operands, not 1"),
        (lambda x: x.clip(1.0), "clip takes 3 operands, not 2"),
        (lambda x: TABLE["add"](), r"\+: \+ takes 2 operands, not 0"),
        (lambda x: total(x, x), r"sum takes one sequence: sum\(\[x, y, ...\]\)"),
        (lambda x: mean(x), "mean takes a sequence of numbers, not Value"),
        (lambda x: maximum(5), "maximum takes a sequence of numbers, not int 5"),
        (lambda x: round(x, 1.5), r"round\(x=2\.0, 1\.5\): the decimal places are an int"),
        (
            lambda x: Value(1.0, {x}),
            "the children of a Value are a tuple or list of Values, not set",
        ),
        (lambda x: Value(1.0, (2.0,)), r"the children \(2\.0,\) hold no Value"),
        (lambda x: Value(1.0, 2.0), "the name of a Value is a str, not float 2.0"),
        (lambda x: gradients(x * x, x), "leaves: a sequence of Values is expected, not Value"),
        (lambda x: backward(3.0), r"float 3\.0 has no history: pass a Value"),
    ],
)
def test_a_wrong_number_of_operands_or_kind_of_argument_is_named(call, message):
    with pytest.raises(TypeError, match=message):
        call(Value(2.0, "x"))


def test_of_no_numbers_there_is_no_mean_and_no_largest():
    for function in (mean, maximum, minimum, TABLE["logsumexp"]):
        with pytest.raises(ValueError, match="of no numbers"):
            function([])


def test_generators_are_sequences_everywhere():
    def xs():
        return (Value(x) for x in (1.0, 2.0))

    numbers = [1.0, 2.0]
    assert dot(xs(), xs()).data == 5.0 and maximum(xs()).data == 2.0
    assert [s.data for s in softmax(xs())] == softmax(numbers)
    x = Value(3.0)
    assert [g.data for g in gradients(x * x, (leaf for leaf in [x]))] == [6.0]
    assert grad(lambda x, y: x * y, [0, 1])(3.0, 4.0) == (4.0, 3.0)


def test_tangents_that_are_no_numbers_do_not_come_back_as_results():
    for bad in ("a", None, 1j):
        with pytest.raises(TypeError, match="is not a real number; pass"):
            jvp(lambda x: x, (1.0,), (bad,))


def test_what_is_shown_of_an_object_is_short_and_never_fails():
    assert shown(1.5) == "1.5" and shown(TOO_LONG_INT) == "a very long int"
    assert shown([0.0] * 10**4) == repr([0.0] * 12)[:-1][:59] + "…"
    assert shown(Unspeakable()).startswith("<testkit.bad_inputs.Unspeakable object")
    assert elements("sum", iter([1, 2])) == (1, 2)


# A user's own functions.


@pytest.mark.parametrize(
    ("forward", "partial", "message"),
    [
        (lambda x: "s", lambda x, out: 1.0, "str 's' is not a real number"),
        (lambda x: None, lambda x, out: 1.0, "did a function forget its return"),
        (lambda x: 1j * x, lambda x, out: 1.0, "complex .* is not a real number"),
        (lambda x: x, lambda x, out: None, "partial by operand 0 gave no number: NoneType"),
        (lambda x: x, lambda x, out: "1", "partial by operand 0 gave no number: str"),
        (lambda x: x, lambda x: 1.0, "partial by operand 0 does not take Values"),
    ],
)
def test_a_primitive_that_gives_no_number_is_refused_when_declared(forward, partial, message):
    with pytest.raises(TypeError, match=message):
        primitive(partial)(forward)


@pytest.mark.parametrize("domain", [(2.0, 1.0), (0.0, 0.0), (math.nan, 1.0)])
def test_a_domain_is_an_interval(domain):
    with pytest.raises(ValueError, match="a domain is .low, high., low < high"):
        primitive(lambda x, out: 1.0, domain=(domain,))(lambda x: x)


@pytest.mark.parametrize("result", ["2.5", None, 1j, [1.0]], ids=repr)
def test_a_function_that_gives_no_number_later_is_named_with_its_operands(result):
    late = Primitive("late", lambda x, y: result, lambda x, y, out: 1.0, None)
    with pytest.raises(TypeError, match=r"late\(w=1\.0, 2\.0\): .* is not a real number"):
        late(Value(1.0, "w"), 2.0)


def test_an_exception_with_arguments_of_its_own_is_still_of_its_kind():
    def fail(x):
        raise json.JSONDecodeError("no", "doc", 0)

    broken = Primitive("broken", fail, lambda x, out: 1.0)
    with pytest.raises(ValueError, match=r"broken\(w=1\.0\): no: line 1"):
        broken(Value(1.0, "w"))


# Exact numbers.


def test_steps_of_an_exact_graph_can_be_printed():
    x = Value(Fraction(1, 3), "x")
    lines = "\n".join(map(str, (x * x).backward_steps()))
    assert "x (0.333333): 0 + 0.333333 * upstream = 0.333333" in lines
    assert f"{x:.3f}" == "0.333"
    with pytest.raises(ValueError, match="format"):
        f"{Value(1.0):.3q}"


# NaN, infinities, subnormals and signed zeros through every primitive.

HARD_FLOATS = [
    math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 1e-310, 1.0, -1.0, 0.5, -2.5, 3,
    710.0, -746.0, 1e308, -1.7976931348623157e308,
]  # fmt: skip
HARD_FLOATS_IN_TRIPLES = HARD_FLOATS[:11]  # for rows of three operands: 11**3 calls are enough


def operands_of(name, row):
    """Return tuples of hard operands for a row; ints where it takes ints."""
    if name in INDEXED:
        return [(0, *xs) for xs in itertools.product(HARD_FLOATS_IN_TRIPLES, repeat=2)]
    if name in ("polygamma", "sinc_slope"):
        return list(itertools.product(range(4), HARD_FLOATS))
    if name == "rounded":
        return list(itertools.product(HARD_FLOATS, (0, 1, -1, 400, -400)))
    if isinstance(row, Variadic):
        return [xs for n in (1, 2) for xs in itertools.product(HARD_FLOATS, repeat=n)]
    return list(
        itertools.product(
            HARD_FLOATS if len(row.partials) < 3 else HARD_FLOATS_IN_TRIPLES,
            repeat=len(row.partials),
        )
    )


def bits(x):
    return struct.pack("d", x) if x == x else "nan"


def outcome(call):
    try:
        return call()
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        return error


def recorded(name, row, numbers):
    """Apply a row to Values, but for the operands that are ints by nature."""
    ints = {"rounded": [1]} | dict.fromkeys((*INDEXED, "polygamma", "sinc_slope"), [0])
    ints = ints.get(name, [])
    xs = [x if i in ints else Value(x) for i, x in enumerate(numbers)]
    return xs, outcome(lambda: row(xs) if isinstance(row, Variadic) else row(*xs))


@pytest.mark.parametrize("name", TABLE)
def test_hard_floats_give_the_number_or_the_exception_of_floats(name):
    row = TABLE[name]
    for numbers in operands_of(name, row):
        xs, found = recorded(name, row, numbers)
        floats = [x.data if isinstance(x, Value) else x for x in xs]
        expected = outcome(lambda floats=floats: row.forward(*floats))
        if isinstance(expected, Exception):
            assert type(found) is type(expected), numbers
            assert row.symbol in str(found) and all(repr(x) in str(found) for x in floats)
            continue
        assert bits(found.data) == bits(expected), numbers
        assert all(type(slope) in (int, float) for slope in found.local_derivatives), numbers
        found.backward()
        for slope, x in zip(
            gradients(found, leaves := [x for x in xs if isinstance(x, Value)]), leaves
        ):
            assert slope.data == x.grad or (slope.data != slope.data and x.grad != x.grad), numbers


@pytest.mark.parametrize("name", TABLE)
def test_under_ieee_no_hard_float_raises(name):
    row = TABLE[name]
    with ieee():
        for numbers in operands_of(name, row):
            _, found = recorded(name, row, numbers)
            assert type(found.data) is float, numbers
            found.backward()


# Training.


def test_an_optimizer_says_which_gradient_is_no_number():
    ws = [Value(1.0), Value(2.0)]
    ws[1].grad = None
    for make in (nn.SGD, nn.Adam, nn.RMSprop):
        with pytest.raises(TypeError, match="the gradient of parameter 1 is NoneType None, not a"):
            make(ws, 0.1).step()
    with pytest.raises(TypeError, match="str '1' is not a real number"):
        ws[0].data = "1"
    ws[1].grad, ws[0]._data = 0.0, "1"
    with pytest.raises(TypeError, match="parameter 0 is str '1', not a number"):
        nn.SGD(ws, 0.1).step()


@pytest.mark.parametrize("make", [nn.Adam, nn.RMSprop])
def test_a_gradient_whose_square_overflows_does_not_freeze_its_parameter_for_good(make):
    w = Value(1.0)
    optimizer = make([w], 0.1)
    before = optimizer.state_dict()
    w.grad = 1e200
    with pytest.raises(FloatingPointError, match=r"the squares of parameter 0 would become inf"):
        optimizer.step()
    assert (w.data, optimizer.state_dict()) == (1.0, before)


def test_a_memory_of_squares_below_zero_is_refused():
    optimizer = nn.Adam([Value(1.0)], 0.1)
    state = optimizer.state_dict()
    state["slots"]["squares"] = [-1.0]
    with pytest.raises(ValueError, match=r"squares must be a finite number at least 0\.0, not -1"):
        optimizer.load_state_dict(state)


def test_a_damaged_history_is_refused_by_name():
    data = nn.xor(6)

    def run(**options):
        network = nn.TwoLayerNetwork(2, 2, 2)
        return nn.train(network, data.inputs, data.targets, iterations=2, batch_size=3,
                        sampling="epochs", progress=False, **options)  # fmt: skip

    whole = run().as_dict()
    for name in ("losses", "evaluations"):
        with pytest.raises(ValueError, match=f"not the history of a training: KeyError.'{name}'"):
            nn.History.from_dict({k: v for k, v in whole.items() if k != name})
    with pytest.raises(ValueError, match="not the history of a training"):
        nn.History.from_dict({**whole, "more": 1})
    for change in (
        {"random": None},
        {"random": [3, [1, 2], None]},
        {"remaining": [77]},
        {"remaining": 1},
    ):
        sampler = {**whole["sampler"], **change}
        with pytest.raises(ValueError, match="the state of the sampler is damaged"):
            run(resume=nn.History.from_dict({**whole, "sampler": sampler}))
    with pytest.raises(TypeError, match="resume: a History is expected, not dict"):
        run(resume=whole)
    with pytest.raises(TypeError, match="is no network"):
        nn.train(3, data.inputs, data.targets)
