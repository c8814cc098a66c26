"""@primitive: functions of a user's own, and what is refused when they are declared."""

import copy
import functools
import math
import pickle

import numpy as np
import pytest

import autograd
from autograd import Value, cos, exp, grad, ieee, primitive, where


@primitive(lambda x, out: exp(-x * x) * (1 - 2 * x * x))
def hump(x):
    """Return x * exp(-x**2)."""
    return x * math.exp(-x * x)


@primitive(lambda x, y, out: y * x ** (y - 1), None, domain=((0.0, 9.0), (0.0, 4.0)), check=False)
def root_of(x, y):
    return x**y


def test_a_function_of_ones_own_is_recorded_and_differentiated_twice():
    x = Value(0.6, "x")
    y = hump(x)
    y.backward()
    assert (y.op, y.operands, y.data) == (hump, (x,), hump(0.6))
    assert x.grad == pytest.approx(math.exp(-0.36) * (1 - 0.72), rel=1e-15)
    second = math.exp(-0.36) * (4 * 0.6**3 - 6 * 0.6)
    assert grad(grad(hump))(0.6) == pytest.approx(second, rel=1e-13)
    assert "x * exp" in hump.__doc__


def test_an_operand_without_a_partial_has_no_edge():
    x, y = Value(2.0), Value(3.0)
    assert root_of(x, y).parents == (x,)


def test_it_is_copied_and_pickled_by_its_name():
    assert copy.deepcopy(hump) is hump
    assert pickle.loads(pickle.dumps(hump)) is hump


def test_an_exception_of_the_function_is_explained_and_ieee_gives_nan():
    @primitive(lambda x, out: 1 / x, domain=((0.0, 9.0),))
    def own_log(x):
        return math.log(x)

    with pytest.raises(ValueError, match=r"own_log\(v=-1.0\): .*domain"):
        own_log(Value(-1.0, "v"))
    with ieee():
        assert math.isnan(own_log(Value(-1.0)).data)


def test_a_kink_may_be_declared_with_where_and_constant():
    @primitive(
        lambda x, out: where(x > 1.0, 2.0 * x, 0.0),
        smooth=False,
        constant=lambda x, out: (x < 1.0,),
    )
    def ramp(x):
        return x * x if x > 1.0 else 1.0

    assert ramp(Value(0.5)).parents == ()
    assert ramp(Value(3.0)).local_derivatives == (6.0,)


@pytest.mark.parametrize(
    ("declare", "error", "message"),
    [
        (lambda: primitive(lambda x, out: 3 * x)(lambda x: x**3), ValueError, "partial by operand 0 at .* but differences give"),
        (lambda: primitive(lambda x, out: -cos(x))(lambda x: math.sin(x)), ValueError, "differences give"),
        (lambda: primitive(lambda x, out: math.cos(x))(math_sin), TypeError, "does not take Values .*not of math"),
        (lambda: primitive()(math_sin), TypeError, "has 1 operands but 0 partials"),
        (lambda: primitive(None, None)(math_sin), TypeError, "has 1 operands but 2 partials"),
        (lambda: primitive(None, domain=((0, 1), (0, 1)))(math_sin), TypeError, "2 domains"),
        (lambda: primitive(lambda x, out: 1 / x, domain=((-9.0, 0.0),))(lambda x: math.log(x)), ValueError, "raises at all of"),
        (lambda: primitive(lambda x, y, out: x, lambda x, y, out: y)(lambda x, y: x * y), ValueError, "operand 0"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_refused(declare, error, message):
    with pytest.raises(error, match=message):
        declare()


def math_sin(x):
    return math.sin(x)


def scaled_square(scale, x):
    return scale * x * x


class Wave:
    def __call__(self, x):
        return math.sin(x)


@pytest.mark.parametrize(
    ("forward", "partials", "symbol", "operands", "slopes"),
    [
        (functools.partial(scaled_square, 3.0), [lambda x, out: 6 * x], "scaled_square", (2.0,), (12.0,)),
        (functools.partial(max, 0.0), [lambda x, out: where(x > 0, 1.0, 0.0)], "max", (2.0,), (1.0,)),
        (Wave(), [lambda x, out: cos(x)], "Wave", (0.5,), (math.cos(0.5),)),
        (math.hypot, [lambda x, y, out: x / out, lambda x, y, out: y / out], "hypot", (3.0, 4.0), (0.6, 0.8)),
        (math.sin, [lambda x, out: cos(x)], "sin", (0.5,), (math.cos(0.5),)),
        (np.sin, [lambda x, out: cos(x)], "sin", (0.5,), (math.cos(0.5),)),
        (
            np.logaddexp,
            [lambda x, y, out: exp(x - out), lambda x, y, out: exp(y - out)],
            "logaddexp",
            (0.0, 0.0),
            (0.5, 0.5),
        ),
        (lambda x, k=2: x**k, [lambda x, out: 2 * x], "<lambda>", (3.0,), (6.0,)),
    ],
)  # fmt: skip
def test_whatever_can_be_called_can_be_declared(forward, partials, symbol, operands, slopes):
    row = primitive(*partials)(forward)
    values = [Value(x) for x in operands]
    out = row(*values)
    out.backward()
    assert str(row) == symbol and type(out.data) is float
    assert [x.grad for x in values] == pytest.approx(slopes, rel=1e-15)
    compiled = autograd.compile(row, example=operands, engine="numpy")
    assert compiled.value(*([x] for x in operands)).tolist() == [out.data]


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: primitive(lambda x, out: x)(np.logaddexp), "logaddexp has 2 operands but 1 partials"),
        (lambda: primitive(lambda x, out: x, None)(Wave()), "Wave has 1 operands but 2 partials"),
        (lambda: primitive(None, None)(functools.partial(scaled_square, 1.0)), "scaled_square has 1"),
        (lambda: primitive(None, None)(math.sin), "sin has 1 operands but 2 partials"),
        (lambda: primitive(lambda x, out: x)(3.0), r"of floats, not 3.0; write @primitive\(partial"),
        (lambda: primitive(lambda x, out: x, domain=5)(math.sin), "sin: domain is a .* per operand, not 5"),
    ],
)  # fmt: skip
def test_what_cannot_be_declared_says_what_to_pass(declare, message):
    with pytest.raises(TypeError, match=message):
        declare()


def test_a_small_error_is_seen_and_a_right_rule_is_not():
    for factor, right in ((1.0, True), (1.0 + 1e-4, False), (1.0 - 1e-4, False)):
        declare = primitive(lambda x, out, f=factor: f * cos(x))
        if right:
            declare(math_sin)
        else:
            with pytest.raises(ValueError, match="differences"):
                declare(math_sin)
