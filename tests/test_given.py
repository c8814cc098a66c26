"""Nodes whose slopes a caller gives, micrograd's and microgpt's names, and equality of Values."""

import copy
import math
import random
import weakref
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, draw_dot, grad, gradients, no_grad, primitive
from testkit import microgpt_style

numbers = st.floats(-3.0, 3.0)

# Operations that users write, each in microgpt's way and as the table has it.
OWN = {
    "exp": (lambda x: Value(math.exp(x.data), (x,), (math.exp(x.data),)), lambda x: x.exp()),
    "square": (lambda x: Value(x.data**2, (x, x), (x.data, x.data)), lambda x: x * x),
    "sine": (
        lambda x: Value(math.sin(x.data), children=[x], local_grads=[math.cos(x.data)]),
        lambda x: x.sin(),
    ),
    "twice": (lambda x: Value(2 * x.data, (x,), (2,)), lambda x: 2 * x),
}


def micrograd_exp(x):
    out = Value(math.exp(x.data), (x,), "exp")

    def _backward():
        x.grad += out.data * out.grad

    out._backward = _backward
    return out


def micrograd_product(x, y):
    out = Value(x.data * y.data, (x, y), "*")

    def _backward():
        x.grad += y.data * out.grad
        y.grad += x.data * out.grad

    out._backward = _backward
    return out


def slopes(function, *numbers):
    leaves = [Value(x) for x in numbers]
    out = function(*leaves)
    out.backward()
    return out.data, [x.grad for x in leaves]


@pytest.mark.parametrize("name", OWN)
@given(x=numbers, y=numbers)
def test_an_operation_of_ones_own_is_what_the_table_has(name, x, y):
    own, ours = OWN[name]
    assert slopes(lambda x, y: own(x * y) + own(y), x, y) == slopes(
        lambda x, y: ours(x * y) + ours(y), x, y
    )


@given(x=numbers, y=numbers)
def test_a_backward_function_gives_its_slopes(x, y):
    found = slopes(lambda x, y: micrograd_product(micrograd_exp(x), x) * y, x, y)
    expected = slopes(lambda x, y: x.exp() * x * y, x, y)
    assert found == (expected[0], pytest.approx(expected[1], rel=1e-15))
    square = slopes(lambda x, y: micrograd_product(x, x) + y, x, y)
    assert square == (x * x + y, [2 * x, 1.0])


def test_a_backward_function_leaves_gradients_alone_when_it_is_set():
    x = Value(2.0)
    x.grad = 7.0
    out = micrograd_exp(x)
    assert (x.grad, out.grad) == (7.0, 0.0)

    def fails():
        x.grad += 1.0
        raise KeyError("x")

    with pytest.raises(KeyError):
        Value(1.0, (x,), "f")._backward = fails
    assert x.grad == 7.0


@pytest.mark.parametrize("engine", ["llvm", "numpy"])
@pytest.mark.parametrize("name", OWN)
def test_it_is_compiled_too(engine, name):
    pytest.importorskip("llvmlite")
    own, ours = OWN[name]
    samples = [(0.5, 2.0), (-1.0, 0.25), (3.0, -0.5)]
    compiled = autograd.compile(
        lambda x, y: own(x * y) * x + y, example=samples[0], engine=engine, reduce="sum"
    )
    value, _, found = compiled.value_and_grad(*zip(*samples), inputs=True)
    expected = [slopes(lambda x, y: ours(x * y) * x + y, *sample) for sample in samples]
    assert value == pytest.approx(sum(x for x, _ in expected), rel=1e-13)
    for column, i in zip(found, (0, 1)):
        assert column == pytest.approx([each[i] for _, each in expected], rel=1e-13)


@pytest.mark.parametrize("engine", ["llvm", "numpy"])
def test_a_backward_function_is_compiled_too(engine):
    pytest.importorskip("llvmlite")
    w = Value(0.5)

    def function(t):
        return micrograd_exp(w * t) + micrograd_product(t, w) * micrograd_product(t, t)

    compiled = autograd.compile(function, [w], (0.5,), engine=engine, reduce="sum")
    value, (slope,), found = compiled.value_and_grad([0.25, -1.0, 2.0], inputs=True)
    total, expected = 0.0, []
    for t in (0.25, -1.0, 2.0):
        x = Value(t)
        out = (w * x).exp() + x * w * x * x
        out.backward()
        total += out.data
        expected.append(x.grad)
    assert (value, slope) == pytest.approx((total, w.grad), rel=1e-13)
    assert found == pytest.approx(expected, rel=1e-13)


def test_within_no_grad_a_backward_function_is_not_needed():
    with no_grad():
        assert micrograd_exp(Value(2.0)).op is None


def test_a_second_derivative_is_nan_and_never_wrong():
    exp = OWN["exp"][0]
    assert grad(exp)(0.5) == math.exp(0.5)
    assert math.isnan(grad(grad(exp))(0.5))
    x = Value(0.5)
    (first,) = gradients(exp(x) * 3, [x])
    assert first.data == 3 * math.exp(0.5) and math.isnan(gradients(first, [x])[0].data)


def test_without_slopes_nothing_is_lost_silently():
    x = Value(2.0)
    Value(4.0, (x,), "square").backward()
    assert math.isnan(x.grad)


def test_within_no_grad_it_is_a_leaf():
    x = Value(2.0)
    with no_grad():
        out = Value(4.0, (x,), (4.0,))
    assert out.op is None and out.parents == ()


def test_a_fraction_stays_exact():
    x = Value(Fraction(1, 3))
    (Value(x.data**2, (x,), (2 * x.data,)) / 2).backward()
    assert x.grad == Fraction(1, 3)


def test_the_slope_of_an_only_child_needs_no_brackets():
    x = Value(2.0)
    assert Value(6.0, (x,), 3.0).local_derivatives == (3.0,)
    assert Value(6.0, (x,), x).local_derivatives == Value(6.0, (x,), (x,)).local_derivatives


def test_slopes_may_be_a_dict_of_children():
    x, y = Value(3.0), Value(5.0)
    Value(15.0, (x, y), {y: 3.0, x: 5.0}).backward()
    assert (x.grad, y.grad) == (5.0, 3.0)
    with pytest.raises(ValueError, match="2 children, but 1 slopes"):
        Value(15.0, (x, y), {y: 3.0})


@pytest.mark.parametrize(
    "make",
    [
        lambda a, b: autograd.maximum(a, b),
        lambda a, b: a * b + a,
        lambda a, b: autograd.where(a > 0, b, a),
        lambda a, b: autograd.dot([a, b], [b, 2.0], a),
        lambda a, b: a.clip(b, 2.0),
    ],
)
def test_children_and_their_slopes_go_together(make):
    a, b = Value(1.0), Value(2.0)
    root = make(a, b)
    root.backward()
    expected = a.grad, b.grad
    order = autograd.topological_order(root)
    for x in order:
        x.zero_grad()
    root.grad = 1.0
    for node in reversed(order):
        assert len(node._children) == len(node._local_grads)
        for child, slope in zip(node._children, node._local_grads):
            child.grad += slope * node.grad
    assert (a.grad, b.grad) == expected


def test_a_backward_function_that_is_none_is_refused():
    a, z = Value(2.0), Value(5.0)
    out = Value(10.0, (a,), "*")

    def other():
        a.grad += z.data * out.grad
        z.grad += a.data * out.grad

    def clipped():
        a.grad += max(-1.0, min(1.0, out.grad))

    def guided():
        a.grad += max(0.0, out.grad)

    with pytest.raises(ValueError, match="not linear in the gradient.* -1.0 gives"):
        out._backward = guided
    with pytest.raises(ValueError, match="gradient of .*5.0.* none of the children"):
        out._backward = other
    with pytest.raises(ValueError, match="not linear in the gradient"):
        out._backward = clipped
    assert (a.grad, z.grad, out.grad) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("names", [{"children": 1, "op": 2}, {"_prev": 1, "_op": 2}])
def test_other_names_of_children_and_operation(names):
    x = Value(2.0)
    given = {name: (x,) if k == 1 else "*" for name, k in names.items()}
    out = Value(6.0, **given)
    assert out._op == "*" and out._prev == (x,)


A = Value(1.0)
MISUSED = {
    "a slope too many": (lambda: Value(1.0, (A,), (1.0, 2.0)), ValueError, "1 children, but 2"),
    "slopes without children": (lambda: Value(1.0, (), (1.0,)), ValueError, "0 children, but 1"),
    "a text as child": (lambda: Value(1.0, ("a",), (1.0,)), TypeError, r"children\[0\]: str 'a'"),
    "a set": (lambda: Value(1.0, {A}, (1.0,)), TypeError, "a tuple or list of Values, not set"),
    "a text as slope": (lambda: Value(1.0, (A,), ["b"]), TypeError, r"local_grads\[0\]: str 'b'"),
    "a number as name": (lambda: Value(1.0, 5), TypeError, "name of a Value is a str, not int 5"),
    "a Value as data": (lambda: Value(A, (A,), (1.0,)), TypeError, "is a Value already"),
    "_backward of another": (
        lambda: setattr(A * 2, "_backward", print),
        AttributeError,
        r"Value\(data, children, local_grads\)",
    ),
    "_prev": (lambda: setattr(A, "_prev", ()), AttributeError, "_prev"),
    "computed again": (
        lambda: Value(1.0, (A,), "f").op.forward(1.0),
        TypeError,
        "declare the operation with @autograd.primitive",
    ),
}


@pytest.mark.parametrize("what", MISUSED)
def test_misuse_is_named(what):
    work, kind, message = MISUSED[what]
    with pytest.raises(kind, match=message):
        work()


def test_the_names_of_micrograd_and_microgpt():
    a, b = Value(2.0, label="a"), Value(-3.0, (), "", "b")
    c = a * b + a
    assert (a.label, b.label, b.name, c.label) == ("a", "b", "b", None)
    c.label = "c"
    assert c.name == "c" and "name='c'" in repr(c)
    product = c._prev[0]
    assert product._prev == product._children == (a, b) and product._op == "*" and a._op == ""
    assert product._local_grads == (-3.0, 2.0) and a._prev == ()
    assert (a * a)._prev == (a,) and (a * a)._children == (a, a)
    for node in reversed(autograd.topological_order(c)):
        node.grad = 1.0 if node is c else node.grad
        node._backward()
    assert (a.grad, b.grad) == (-2.0, 2.0)
    assert (
        "exp" in draw_dot(OWN["exp"][0](a)).source or "given" in draw_dot(OWN["exp"][0](a)).source
    )


def test_a_value_can_be_referred_to_weakly():
    x = Value(1.0)
    y = x * 2
    reference = weakref.ref(y)
    assert reference() is y and weakref.WeakSet([x, y]) >= {x, y}
    del y
    assert reference() is None


@given(st.lists(st.tuples(st.sampled_from("+-*/"), st.sampled_from([0.5, 2, 3.0, -1])), max_size=8))
def test_programs_for_a_class_like_microgpts_give_the_same_numbers(steps):
    found = []
    for cls in (Value, microgpt_style.Value):
        x, y = cls(0.75), cls(-1.25)
        z = x * y
        for operator, number in steps:
            if operator == "+":
                z = number + z * x
            elif operator == "-":
                z = z - number
            elif operator == "*":
                z = cls(z.data * number, (z,), (number,)) + y
            else:
                z = z / number
        (z + 1.0).backward()
        found.append((z.data, x.grad, y.grad))
    assert found[0] == pytest.approx(found[1], rel=1e-13, abs=1e-300)


# ---- equality

THINGS = [0.0, -0.0, 1.0, 1, True, Fraction(1, 3), 1 / 3, math.nan, math.inf, 2, 10**400, None, "1",
          (1.0,), [1.0], {}, 1j, 1 + 0j, object]  # fmt: skip


@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, Fraction(1, 3), math.nan, math.inf, 2.0])
def test_a_value_equals_what_its_number_equals(x):
    value = Value(x)
    for y in THINGS:
        assert (value == y) is (value.data == y) and (value != y) is (value.data != y)
        assert (y == value) is (y == value.data) and (y != value) is (y != value.data)
        if type(y) in (float, int, Fraction) and abs(y) < 1e300:
            assert (value == Value(y)) is (value.data == Value(y).data)
            assert autograd.equal(value, y).data == (value.data == y)
            assert autograd.unequal(value, y).data == (value.data != y)


def test_arrays_and_approx_answer_for_themselves():
    np = pytest.importorskip("numpy")
    x = Value(2.0)
    assert (x == np.array([2.0, 3.0])).tolist() == [True, False]
    assert (np.array([2.0, 3.0]) != x).tolist() == [False, True]
    assert x == np.float32(2.0) and np.float64(2.0) == x and x == np.array(2.0)
    assert x == pytest.approx(2.0) and x != pytest.approx(2.1) and [x] == [pytest.approx(2.0)]


def test_hashing_goes_by_identity():
    values = [Value(0.0) for _ in range(100)]
    table = {x: i for i, x in enumerate(values)}
    for i, x in enumerate(values):
        assert table[x] == i and x in table
        x.data = float(i)
    assert [table[x] for x in values] == list(range(100)) and len(set(values)) == 100
    assert Value(0.0) not in table and Value(5.0) in values and values.index(7) == 7


@given(seed=st.integers(0, 10**6))
def test_the_engine_never_takes_equal_values_for_one(seed):
    """All leaves have one number: gradients, orders and drawings tell them apart all the same."""
    draw = random.Random(seed)
    same = [Value(0.5) for _ in range(4)]
    other = [Value(0.5 + i / 64) for i in range(4)]
    choices = [(draw.randrange(8), draw.randrange(8), draw.randrange(3)) for _ in range(6)]

    def run(leaves):
        found = list(leaves)
        for i, j, operator in choices:
            x, y = found[i % len(found)], found[j % len(found)]
            found.append([x + y, x * y, (x - y).tanh()][operator])
        return sum(found)

    orders = []
    for leaves in (same, other):
        root = run(leaves)
        places = {x: i for i, x in enumerate(autograd.topological_order(root))}
        orders.append([[places[p] for p in x.parents] for x in places])
    assert orders[0] == orders[1]
    root = run(same)
    root.backward()
    found = gradients(root, same)
    assert [x.grad for x in same] == pytest.approx([x.data for x in found], rel=1e-12, abs=1e-12)
    assert len(autograd.trace(root)[0]) == len(autograd.topological_order(root))


def test_a_copy_keeps_slopes_that_were_given():
    x = Value(2.0)
    twin = copy.deepcopy(OWN["exp"][0](x))
    twin.backward()
    assert twin.parents[0].grad == math.exp(2.0) and x.grad == 0.0


def test_a_primitive_is_the_way_to_higher_orders():
    exp = primitive(lambda x, out: out)(math.exp)
    assert grad(grad(exp))(0.5) == math.exp(0.5)
