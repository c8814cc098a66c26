"""Structures of numbers: dicts, dataclasses, named tuples, arrays, nested, and types of a user's own."""

import dataclasses
import math
import subprocess
import sys
from collections import OrderedDict, defaultdict, namedtuple
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    Value,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    register,
    sin,
    tanh,
    value_and_grad,
    vjp,
)
from autograd.structures import alike, flatten, paths, rebuild, regular_shape, remade
from autograd.testing import GradientMismatch, check_gradients

both_engines = pytest.mark.parametrize("engine", ["llvm", "numpy"])
Point = namedtuple("Point", "x y")


@dataclasses.dataclass
class Layer:
    w: Any
    b: Any
    name: str = dataclasses.field(default="layer", metadata={"static": True})


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    a: Any
    b: Any


@dataclasses.dataclass
class Circle:
    """Its area is computed by the constructor, which refuses what no circle has."""

    radius: Any
    area: Any = dataclasses.field(init=False)

    def __post_init__(self):
        if self.radius <= 0:
            raise ValueError("no circle")
        self.area = math.pi * self.radius * self.radius


class Line:
    def __init__(self, slope, offset, label):
        self.slope, self.offset, self.label = slope, offset, label

    def __eq__(self, other):
        return vars(self) == vars(other)


register(Line, lambda x: ((x.slope, x.offset), x.label), lambda label, parts: Line(*parts, label))

numbers = st.floats(-2.0, 2.0).map(lambda x: x + 0.0)
arrays = st.lists(numbers, min_size=1, max_size=4).map(np.array) | st.lists(
    st.tuples(numbers, numbers), min_size=1, max_size=3
).map(np.array)


def nested(parts):
    keys = st.text("abcxyz", min_size=1, max_size=2)
    return (
        st.lists(parts, max_size=3)
        | st.lists(parts, max_size=3).map(tuple)
        | st.dictionaries(keys, parts, max_size=3)
        | st.dictionaries(keys, parts, max_size=3).map(OrderedDict)
        | st.builds(Point, parts, parts)
        | st.builds(Layer, parts, parts)
        | st.builds(Frozen, parts, parts)
        | st.builds(Line, parts, parts, st.just("here"))
    )


structures = st.recursive(numbers | arrays, nested, max_leaves=8)


def same(x, y):
    """Tell whether two structures have the same types and, arrays by their elements, numbers."""
    if isinstance(x, np.ndarray):
        return type(y) is np.ndarray and x.shape == y.shape and np.allclose(x, y, 1e-13, 1e-15)
    if isinstance(x, (int, float)):
        return type(y) is float and math.isclose(x, y, rel_tol=1e-13, abs_tol=1e-15)
    return type(x) is type(y) and list(map(str, autograd.structures.steps(x))) == list(
        map(str, autograd.structures.steps(y))
    ) and all(map(same, autograd.structures.parts(x), autograd.structures.parts(y)))  # fmt: skip


def weighted(x):
    """Return a smooth function of all numbers of a structure, another one of each."""
    return sum((sin(y) * (1.0 + 0.1 * k) + 0.01 * y * y for k, y in enumerate(flatten(x))), 0.0)


def slopes(x):
    return [math.cos(y) * (1.0 + 0.1 * k) + 0.02 * y for k, y in enumerate(flatten(x))]


@given(structures)
def test_a_structure_is_rebuilt_from_its_scalars(x):
    assert same(x, rebuild(x, iter(flatten(x)))) and same(x, remade(x, iter(flatten(x))))
    assert len(paths(x)) == len(flatten(x)) == len(set(paths(x)))


@given(structures)
def test_a_gradient_has_the_structure_of_its_argument(x):
    assert same(grad(weighted)(x), rebuild(x, iter(slopes(x))))
    value, (slope, other) = value_and_grad(lambda a, b: weighted(a) * b, (0, 1))(x, 3.0)
    assert same(slope, rebuild(x, iter([3.0 * s for s in slopes(x)])))
    assert other * 3.0 == pytest.approx(value, abs=1e-15)


@given(structures)
def test_results_have_the_structure_that_the_function_returns(x):
    def f(a):
        return rebuild(a, iter([sin(y) * 2.0 if hasattr(y, "record") else y for y in flatten(a)]))

    ones = rebuild(x, iter([0.5] * len(flatten(x))))
    expected = rebuild(x, iter([math.cos(y) * 2.0 * 0.5 for y in flatten(x)]))
    value, pushed = jvp(f, (x,), (ones,))
    assert same(value, rebuild(x, iter([math.sin(y) * 2.0 for y in flatten(x)])))
    assert same(pushed, expected)
    value, pull = vjp(f, x)
    assert same(pull(ones), (expected,))


@given(structures)
def test_a_hessian_and_its_products_are_those_of_a_flat_list(x):
    flat = flatten(x)
    ones = [0.25 * (k + 1) for k in range(len(flat))]

    def f(a):
        parts = flatten(a)
        return sum((p * p * q for p, q in zip(parts, parts[1:])), weighted(a))

    tangent = rebuild(x, iter(ones))
    (found,) = hvp(f, (x,), (tangent,))
    (wanted,) = hvp(f, (flat,), (ones,))
    assert same(found, rebuild(x, iter(wanted)))
    if flat and len(flat) < 6:
        matrix = np.array(hessian(f)(flat))
        assert np.allclose(matrix @ ones, wanted, rtol=1e-12, atol=1e-14)
        rows = hessian(f)(x)
        assert sorted(flatten(rows)) == pytest.approx(sorted(matrix.ravel()), abs=1e-14)


@given(structures)
def test_gradients_have_the_structure_of_their_leaves(x):
    leaves = rebuild(x, iter([Value(y) for y in flatten(x)]))
    if isinstance(leaves, Value):
        leaves = {"x": leaves}
    found = gradients(weighted(leaves) + Value(0.0), leaves)
    assert [g.data for g in flatten(found)] == pytest.approx(slopes(x), rel=1e-13, abs=1e-15)
    assert alike(rebuild(found, iter([0] * 99)), rebuild(leaves, iter([0] * 99))) or (
        isinstance(leaves, (list, tuple)) and isinstance(found, list)
    )


@settings(max_examples=15)
@given(structures)
def test_checks_take_structures_and_find_what_is_wrong_in_them(x):
    n = len(flatten(x))
    assert len(check_gradients(weighted, x).components) == n
    right = rebuild(x, iter(slopes(x)))
    check_gradients(weighted, x, gradient=right)
    check_gradients(weighted, x, gradient=lambda _: right)
    if n:
        wrong = rebuild(x, iter([*slopes(x)[:-1], slopes(x)[-1] + 0.5]))
        with pytest.raises(GradientMismatch):
            check_gradients(weighted, x, gradient=wrong)


@both_engines
def test_random_structures_are_compiled(engine):
    examples = []

    @given(structures, structures)
    def collect(x, w):
        if len(flatten(x)) and len(flatten(w)) and len(examples) < 12:
            examples.append((x, w))

    collect()
    for x, w in examples:
        check_compiled(x, w, engine)


def check_compiled(x, start, engine):
    """Compare a compiled function of a structure, with parameters in another one, with eager."""
    w = rebuild(start, iter([Value(y) for y in flatten(start)]))
    if isinstance(w, Value):
        w = {"w": w}

    def f(a):
        return {"sum": weighted(a) * weighted(w), "same": a, "tuple": (weighted(w), 1.0)}

    compiled = autograd.compile(f, w, (x,), engine=engine)
    batch = stacked(x, [x, rebuild(x, iter([y + 0.25 for y in flatten(x)]))])
    value = compiled.value(batch)
    other = rebuild(x, iter([y + 0.25 for y in flatten(x)]))
    expected = [weighted(sample) * weighted(start) for sample in (x, other)]
    assert value["sum"].tolist() == pytest.approx(expected, rel=1e-13, abs=1e-14)
    assert type(value["same"]) is type(x) or isinstance(x, float)
    weights = {"same": rebuild(x, iter([0.0] * 99)), "sum": 1.0, "tuple": (0.0, 0.0)}
    total, gradient, inputs = compiled.value_and_grad(batch, seed=weights, inputs=True)
    assert total == pytest.approx(sum(expected) / 2, rel=1e-13, abs=1e-14)
    factor = (weighted(x) + weighted(other)) / 2
    found = columns(gradient)
    assert found == pytest.approx([factor * s for s in slopes(start)], rel=1e-12, abs=1e-14)
    firsts = [column[0] for column in columns(inputs, samples=True)]
    expected = [0.5 * weighted(start) * s for s in slopes(x)]
    assert firsts == pytest.approx(expected, rel=1e-12, abs=1e-14)


def stacked(x, samples):
    """Return samples as a batch: arrays in place of numbers and regular lists."""
    if regular_shape(x) is not None:
        return np.array(samples)
    kind = autograd.structures.kind_of(x)
    parts = zip(*(kind.parts(sample) for sample in samples))
    return kind.filled(x, [stacked(own, part) for own, part in zip(kind.parts(x), parts)])


def columns(x, samples=False):
    """Return the numbers of a structure of arrays in order, each with its samples if there are any."""
    if isinstance(x, np.ndarray):
        return list(x.reshape(len(x), -1).T) if samples else x.ravel().tolist()
    if isinstance(x, float):
        return [x]
    return [column for part in autograd.structures.parts(x) for column in columns(part, samples)]


def test_dicts_are_matched_by_their_keys_not_by_their_order():
    def f(p):
        return {"u": p["a"] * p["b"], "v": p["a"]}

    point, other = {"a": 2.0, "b": 3.0}, {"b": 100.0, "a": 1.0}
    assert jvp(f, (point,), (other,))[1] == {"u": 203.0, "v": 1.0}
    assert vjp(f, point)[1]({"v": 10.0, "u": 1.0}) == ({"a": 13.0, "b": 2.0},)
    check_gradients(lambda p: p["a"] * p["a"] * p["b"], point, gradient={"b": 4.0, "a": 12.0})
    compiled = autograd.compile(f, example=(point,), engine="numpy")
    batch = {"b": np.array([5.0]), "a": np.array([7.0])}
    assert compiled.value(batch)["u"].tolist() == [35.0]
    _, _, slopes = compiled.value_and_grad(batch, inputs=True, seed={"v": 10.0, "u": 1.0})
    assert {key: x.tolist() for key, x in slopes.items()} == {"a": [15.0], "b": [7.0]}


@pytest.mark.parametrize(
    ("x", "keys"),
    [
        ({"b": 1.0, "a": 2.0}, ["b", "a"]),
        (defaultdict(list, {"b": 1.0, 3: 2.0}), ["b", 3]),
        (OrderedDict([("z", 1.0), ("a", 2.0)]), ["z", "a"]),
        ({(1, 2): 1.0, None: 2.0}, [(1, 2), None]),
    ],
)
def test_dicts_keep_their_order_and_their_type(x, keys):
    found = grad(lambda p: sum(p.values()) * 2.0)(x)
    assert type(found) is type(x) and list(found) == keys and list(found.values()) == [2.0, 2.0]


def test_what_a_constructor_computes_is_computed_of_the_argument_that_is_differentiated():
    found = grad(lambda c: c.area)(Circle(3.0))
    assert type(found) is Circle and found.radius == pytest.approx(6 * math.pi)
    assert found.area is None
    assert grad(lambda c: -c.radius)(Circle(3.0)).radius == -1.0  # which the constructor refuses
    value, _ = jvp(lambda c: Circle(c.radius * 2.0), (Circle(1.0),), (Circle(1.0),))
    assert (value.radius, value.area) == (2.0, 4 * math.pi)


def test_static_fields_are_carried_over():
    layer = Layer([1.0, 2.0], 0.5, name="first")
    found = grad(lambda p: p.w[0] * p.w[1] + p.b * len(p.name))(layer)
    assert found == Layer([2.0, 1.0], 5.0, name="first")


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_lists_and_arrays_of_ones_own_stay_what_they_are():
    class Vector(list):
        def norm2(self):
            return sum(x * x for x in self)

    found = grad(Vector.norm2)(Vector([1.0, 2.0]))
    assert type(found) is Vector and found == [2.0, 4.0]
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix)
    found = grad(lambda m: (m * m)[0, 0])(matrix)  # a product of matrices
    assert type(found) is np.matrix and found.tolist() == [[2.0, 3.0], [2.0, 0.0]]


def test_numbers_of_other_types_keep_their_kinds():
    third = Fraction(1, 3)
    assert grad(lambda p: p["a"] ** 2)({"a": third}) == {"a": Fraction(2, 3)}
    value, pull = vjp(lambda a: [a * third, a], third)
    assert value == [Fraction(1, 9), third] and pull([Fraction(1, 2), 1]) == (Fraction(7, 6),)
    assert grad(lambda a: (a * a).sum())(np.array([1, 2])).tolist() == [2.0, 4.0]
    assert grad(np.sin)(np.array(0.5)) == math.cos(0.5)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        ({"w": [1.0, "a"]}, r"argument 0\['w'\]\[1\]: str 'a' is not a real number"),
        (Layer(1.0, None), r"argument 0\.b: NoneType None is not a real number"),
        (Point(1.0, b"x"), r"argument 0\.y: bytes"),
        ([{"a": 1j}], r"argument 0\[0\]\['a'\]: complex"),
        (np.array([[1.0, None]], object), r"argument 0\[0\]\[1\]: NoneType"),
        ({"w": {1.0}}, r"argument 0\['w'\]: set"),
        (Line(1.0, "a", ""), "argument 0 part 1: str 'a'"),
    ],
)
def test_what_is_no_number_is_named_by_its_place(x, text):
    with pytest.raises(TypeError, match=text):
        grad(weighted)(x)
    with pytest.raises(TypeError, match=r"returned, at .*is not a real number"):
        jacobian(lambda y: x)(1.0)


@pytest.mark.parametrize(
    ("tangents", "text"),
    [
        (({"a": 1.0},), r"tangents\[0\] is a dict with the keys \['a'\], where .*'a', 'b'"),
        (({"a": 1.0, "c": 1.0},), r"keys \['a', 'c'\]"),
        (([1.0, 1.0],), r"tangents\[0\] is a list of 2, where a dict"),
        (({"a": [1.0], "b": 1.0},), r"tangents\[0\]\['a'\] is a list of 1, where one number"),
        ((1.0, 1.0), "tangents is a tuple of 2, where a tuple of 1 belongs"),
        (({"a": 1.0, "b": "x"},), "tangents: str 'x' is not a real number"),
        (({"a": 1.0, "b": None},), "tangents: NoneType"),
    ],
)
def test_tangents_and_cotangents_of_another_structure_are_refused(tangents, text):
    def f(p):
        return {"a": p["a"] * p["b"], "b": p["b"]}

    point = {"a": 2.0, "b": 3.0}
    with pytest.raises((ValueError, TypeError), match=text):
        jvp(f, (point,), tangents)
    with pytest.raises((ValueError, TypeError), match=text):
        hvp(lambda p: f(p)["a"], (point,), tangents)
    if len(tangents) == 1:
        text = text.replace(r"tangents\[0\]", "cotangents").replace("tangents:", "cotangents:")
        with pytest.raises((ValueError, TypeError), match=text):
            vjp(f, point)[1](tangents[0])


def test_shapes_of_arrays_are_looked_at():
    square = np.ones((2, 2))
    with pytest.raises(ValueError, match=r"an array of shape \(4,\), where .*shape \(2, 2\)"):
        jvp(lambda a: a * a, (square,), (np.ones(4),))
    with pytest.raises(ValueError, match=r"shape \(1, 4\)"):
        vjp(lambda a: a * a, square)[1](np.ones((1, 4)))
    assert jvp(lambda a: a * a, (square,), ([[1, 2], [3, 4]],))[1].tolist() == [[2, 4], [6, 8]]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: jvp(sin, 1.0, 1.0), TypeError, r"primals is the float 1.0; pass a tuple"),
        (lambda: jvp(sin, (1.0,), 1.0), TypeError, "tangents is the float"),
        (lambda: jvp(np.sum, np.ones(2), np.ones(2)), TypeError, "primals is an array of shape"),
        (lambda: hvp(sin, {"x": 1.0}, (1.0,)), TypeError, "primals is a dict"),
        (lambda: jvp(sin, (), ()), ValueError, "no argument of sin"),
        (lambda: vjp(sin), ValueError, "no argument of sin"),
        (lambda: grad(sin, argnums="x")(1.0), TypeError, "argnums 'x': pass the place"),
        (lambda: grad(sin, argnums=0.0)(1.0), TypeError, "argnums 0.0"),
        (lambda: grad(lambda a, b: a * b, (0, 0))(1.0, 2.0), ValueError, "twice"),
        (lambda: grad(lambda a, b: a * b, (1, -1))(1.0, 2.0), ValueError, "twice"),
        (lambda: jacobian(lambda a, b: [a], (0, -2))(1.0, 2.0), ValueError, "twice"),
        (lambda: grad(lambda x: x)(x=1.0), ValueError, "passed by position"),
        (lambda: grad(3.0), TypeError, r"float 3.0 is not a function.*grad\(f\)\(x\)"),
        (lambda: grad(sin, has_aux=True)(1.0), TypeError, "with has_aux=True it returns a pair"),
        (lambda: grad(lambda x: {"a": x})(1.0), TypeError, "returned a dict, not one number"),
        (lambda: grad(lambda x: x * np.ones(2))(1.0), TypeError, "ndarray, not one number"),
        (lambda: register(3, None, None), TypeError, "register takes a type"),
        (lambda: register(dict, id, id), TypeError, "dict cannot be registered"),
        (lambda: register(Value, id, id), TypeError, "Value cannot be registered"),
        (lambda: register(Line, id, None), TypeError, "two functions"),
        (lambda: vjp(lambda x: x * x, 1.0)[1](None), TypeError, "NoneType"),
        (lambda: vjp(lambda x: [], 1.0)[1]([1.0]), ValueError, "0 outputs but 1 cotangents"),
    ],
)
def test_what_cannot_be_meant_says_what_can(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_places_are_any_ints():
    def f(a, b, c):
        return a * b * b * c

    assert grad(f, np.int64(1))(2.0, 3.0, 5.0) == 60.0
    assert grad(f, [2, 0])(2.0, 3.0, 5.0) == (18.0, 45.0)
    assert grad(f, (-1,))(2.0, 3.0, 5.0) == (18.0,)


def test_keyword_arguments_pass_through():
    def f(x, y=1.0, *, scale=1.0, **others):
        return scale * x * x * y + sum(others.values())

    assert grad(f)(3.0, y=2.0, scale=0.5) == 6.0
    assert value_and_grad(f)(3.0, more=1.0) == (10.0, 6.0)
    assert jacobian(f)(3.0, scale=2.0) == 12.0 and hessian(f)(3.0, scale=2.0) == 4.0
    assert jvp(f, (3.0,), (1.0,), scale=2.0) == (18.0, 12.0)
    assert hvp(f, (3.0,), (1.0,), scale=2.0) == (4.0,)
    assert vjp(f, 3.0, y=2.0)[1](1.0) == (12.0,)
    assert grad(f)(3.0, scale=Value(2.0)).data == 12.0


def test_what_a_function_says_beside_its_result_is_passed_on():
    def f(x, n=2):
        return x**n, {"twice": x * 2.0, "text": "here", "data": np.arange(3), "none": None}

    data = {"twice": 6.0, "text": "here", "none": None}

    def aux_of(aux):
        assert aux["data"].dtype == int and type(aux["twice"]) is float
        return {key: x for key, x in aux.items() if key != "data"}

    slope, aux = grad(f, has_aux=True)(3.0)
    assert slope == 6.0 and aux_of(aux) == data
    (value, aux), slope = value_and_grad(f, has_aux=True)(3.0)
    assert (value, slope) == (9.0, 6.0) and aux_of(aux) == data
    matrix, aux = jacobian(lambda x: ([x, x * x], f(x)[1]), has_aux=True)(3.0)
    assert matrix == [1.0, 6.0] and aux_of(aux) == data
    second, aux = hessian(f, has_aux=True)(3.0, n=3)
    assert second == 18.0 and aux_of(aux) == data
    value, pushed, aux = jvp(f, (3.0,), (1.0,), has_aux=True)
    assert (value, pushed) == (9.0, 6.0) and aux_of(aux) == data
    value, pull, aux = vjp(f, 3.0, has_aux=True)
    assert value == 9.0 and pull(1.0) == (6.0,) and aux_of(aux) == data
    w = Value(2.0)
    slope, aux = grad(lambda x: (x * x, w * x), has_aux=True)(3.0)
    assert type(slope) is type(aux) is Value


def test_derivatives_are_named_after_their_functions():
    import functools
    import inspect

    def loss(w, scale=2.0):
        """Return how wrong it is."""
        return w * w * scale

    for kin in (grad, value_and_grad, jacobian, hessian):
        derivative = kin(loss)
        assert (derivative.__name__, derivative.__doc__) == (loss.__name__, loss.__doc__)
        assert derivative.__wrapped__ is loss or kin is hessian
        assert list(inspect.signature(derivative).parameters) == ["w", "scale"]
    assert grad(functools.partial(loss, scale=1.0)).__name__ == "loss"
    assert grad(sin).__name__ == "sin" and grad(sin).__doc__ == sin.__doc__
    assert grad(np.sin).__name__ == "sin"


ARRAYS = {
    "vector": np.array([0.3, -0.7, 1.1]),
    "matrix": np.array([[0.3, -0.7], [1.1, 0.2]]),
    "a row": np.array([[0.3, -0.7, 1.1]]),
    "three axes": np.arange(8.0).reshape(2, 2, 2) / 8,
    "one": np.array([0.5]),
    "none": np.zeros((0, 2)),
    "across": np.arange(6.0).reshape(2, 3).T / 6,
    "singles": np.array([0.5, 0.25], np.float32),
    "ints": np.array([1, 2]),
}
FUNCTIONS_OF_ARRAYS = {
    "itself": lambda a: a * a,
    "sum": lambda a: np.sum(a * a),
    "sum along": lambda a: np.sum(np.sin(a), axis=0),
    "transposed": lambda a: np.exp(a).T,
    "flat": lambda a: (a * 2.0).ravel(),
    "constant": lambda a: np.ones((2, 2)),
    "product": lambda a: np.outer(a.ravel(), np.tanh(a.ravel())),
    "without axes": lambda a: np.array(np.sum(a)),
    "empty": lambda a: (a * a).ravel()[:0],
}


@pytest.mark.parametrize("f", FUNCTIONS_OF_ARRAYS.values(), ids=FUNCTIONS_OF_ARRAYS)
@pytest.mark.parametrize("a", ARRAYS.values(), ids=ARRAYS)
def test_arrays_give_arrays_whose_axes_are_those_of_output_and_argument(f, a):
    out = np.asarray(f(a.astype(float)), float)
    matrix = jacobian(f)(a)
    assert isinstance(matrix, np.ndarray) and matrix.dtype == float
    assert matrix.shape == out.shape + a.shape
    steps = np.eye(a.size).reshape(a.size, *a.shape) * 1e-6
    point = a.astype(float)
    with np.errstate(all="ignore"):
        for k, step in enumerate(steps):
            slope = (np.asarray(f(point + step), float) - np.asarray(f(point - step), float)) / 2e-6
            found = matrix.reshape(out.shape + (a.size,))[..., k]
            assert np.allclose(found, slope, rtol=1e-7, atol=1e-8)
    tangent = np.arange(1.0, a.size + 1).reshape(a.shape)
    value, pushed = jvp(f, (a,), (tangent,))
    assert np.shape(value) == np.shape(pushed) == out.shape
    assert np.allclose(np.asarray(pushed, float), np.tensordot(matrix, tangent, a.ndim))
    cotangent = np.arange(1.0, out.size + 1).reshape(out.shape)
    _, pull = vjp(f, a)
    (pulled,) = pull(cotangent if out.shape else 1.0)
    assert pulled.shape == a.shape and pulled.dtype == float
    assert np.allclose(pulled, np.tensordot(cotangent, matrix, out.ndim) if out.size else 0.0)


@pytest.mark.parametrize("name", [name for name in ARRAYS if name != "none"])
def test_hessians_of_arrays_have_their_axes_twice(name):
    a = ARRAYS[name]

    def f(x):
        return np.sum(x**3) + np.sum(x) ** 2

    matrix = hessian(f)(a)
    assert isinstance(matrix, np.ndarray) and matrix.shape == a.shape + a.shape
    expected = np.diag(6 * a.astype(float).ravel()) + 2
    assert np.allclose(matrix.reshape(a.size, a.size), expected, rtol=1e-12, atol=1e-12)
    v = np.arange(1.0, a.size + 1).reshape(a.shape)
    (product,) = hvp(f, (a,), (v,))
    assert product.shape == a.shape
    assert np.allclose(product.ravel(), expected @ v.ravel())


def test_jacobians_of_arrays_in_structures():
    a, b = np.array([1.0, 2.0]), np.array([[3.0]])
    found = jacobian(lambda p: p["a"] * p["b"].sum())({"a": a, "b": b})
    assert found["a"].tolist() == [[3.0, 0.0], [0.0, 3.0]]
    assert found["b"].shape == (2, 1, 1)
    x, y = jacobian(lambda x, y: x * y, (0, 1))(a, 2.0)
    assert x.tolist() == [[2.0, 0.0], [0.0, 2.0]] and y.tolist() == [1.0, 2.0]
    rows = jacobian(lambda xs: np.array([xs[0] * xs[1], xs[1]]))([3.0, 4.0])
    assert rows.tolist() == [[4.0, 3.0], [0.0, 1.0]]
    found = jacobian(lambda x: {"all": x * x, "sum": x.sum()})(a)
    assert found["all"].tolist() == [[2.0, 0.0], [0.0, 4.0]] and found["sum"].tolist() == [1, 1]
    second = hessian(lambda p: (p["a"] ** 2).sum() * p["c"])({"a": a, "c": 3.0})
    assert second["a"]["a"].tolist() == [[6.0, 0.0], [0.0, 6.0]]
    assert second["a"]["c"].tolist() == second["c"]["a"].tolist() == [2.0, 4.0]
    assert second["c"]["c"] == 0.0


def test_the_derivative_of_nothing_is_zero():
    value, pull = vjp(lambda x: [], 1.0)
    assert value == [] and pull([]) == (0.0,)
    assert jvp(lambda x: {}, (1.0,), (1.0,)) == ({}, {})
    assert jacobian(lambda x: [])(1.0) == [] and grad(lambda p: 3.0)({}) == {}


@both_engines
def test_a_model_of_dicts_and_arrays_trains_the_same_compiled(engine):
    rng = np.random.default_rng(3)
    start = {"hidden": {"w": rng.normal(size=(3, 2)), "b": np.zeros(3)}, "out": [0.5, -0.5, 1.0]}
    model = rebuild(start, iter([Value(x) for x in flatten(start)]))

    def loss(sample):
        hidden = [
            tanh(sum(w * x for w, x in zip(row, sample["x"])) + b)
            for row, b in zip(model["hidden"]["w"], model["hidden"]["b"])
        ]
        return (sum(v * h for v, h in zip(model["out"], hidden)) - sample["y"]) ** 2

    compiled = autograd.compile(loss, model, ({"x": [0.0, 0.0], "y": 0.0},), engine=engine)
    batch = {"x": rng.normal(size=(8, 2)), "y": rng.normal(size=8)}
    value, gradient = compiled.value_and_grad(batch)
    assert gradient["hidden"]["w"].shape == (3, 2) and gradient["out"].shape == (3,)
    losses = [loss({"x": x, "y": y}) for x, y in zip(batch["x"].tolist(), batch["y"].tolist())]
    total = sum(losses) / 8
    total.backward()
    assert value == pytest.approx(total.data, rel=1e-13)
    assert columns(gradient) == pytest.approx([w.grad for w in flatten(model)], rel=1e-11)
    each = compiled.per_sample_grad(batch)
    assert each["hidden"]["b"].shape == (8, 3)
    assert np.allclose(each["hidden"]["w"].mean(axis=0), gradient["hidden"]["w"])
    first = compiled.descend(batch, step_size=0.1)
    assert first == value and compiled.value_and_grad(batch)[0] < first
    assert model["out"][0].data == pytest.approx(0.5 - 0.1 * gradient["out"][0])
    compiled.parameters = start
    assert compiled.value_and_grad(batch)[0] == value
    with pytest.raises(ValueError, match=r"parameters\['out'\] has shape \(2,\)"):
        compiled.parameters = {**start, "out": [1.0, 2.0]}


@both_engines
def test_labels_go_with_structures(engine):
    w = {"slope": [Value(2.0), Value(5.0)], "offset": Value(1.0)}
    f = autograd.compile(
        lambda p, label: {"y": w["slope"][label] * p.x + w["offset"], "x": p.x},
        w,
        (Point(1.0, 1.0), 0),
        static=1,
        engine=engine,
    )
    batch = Point(np.array([1.0, 1.0, 3.0]), np.zeros(3)), [0, 1, 0]
    assert f.value(*batch)["y"].tolist() == [3.0, 6.0, 7.0]
    value, gradient = f.value_and_grad(*batch, seed={"x": 0.0, "y": 3.0})
    assert value == 16.0 and gradient["offset"] == 3.0 and gradient["slope"].tolist() == [4.0, 1.0]
    each = f.per_sample_grad(*batch, seed={"x": 0.0, "y": 1.0})
    assert each["slope"].tolist() == [[1.0, 0.0], [0.0, 1.0], [3.0, 0.0]]


@both_engines
def test_a_branch_with_other_keys_is_another_structure(engine):
    f = autograd.compile(
        lambda x: {"a": x, "b": x} if x > 0 else {"b": x, "a": x},
        example=(1.0,),
        retrace=True,
        engine=engine,
    )
    with pytest.raises(TypeError, match="another structure on another branch"):
        f.value([-1.0])


@both_engines
def test_copies_of_compiled_functions_keep_their_structures(engine):
    import copy

    w = {"a": Value(2.0), "b": [Value(3.0)]}
    f = autograd.compile(
        lambda p: {"y": w["a"] * p["x"] + w["b"][0]}, w, ({"x": 1.0},), engine=engine
    )
    for twin in (copy.copy(f), copy.deepcopy(f)):
        assert twin.value({"x": [1.0]})["y"].tolist() == [5.0]
        _, gradient = twin.value_and_grad({"x": [4.0]}, seed={"y": 1.0})
        assert gradient["a"] == 4.0 and gradient["b"].tolist() == [1.0]


def test_a_batch_that_lacks_a_key_is_told_which():
    f = autograd.compile(lambda p: p["x"] * p["q"].w, example=({"x": 1.0, "q": Layer(1.0, 2.0)},))
    with pytest.raises(TypeError, match=r"the batch has no argument 0\['q'\]\.w"):
        f.value({"x": [1.0], "q": Frozen([1.0], [1.0])})
    with pytest.raises(TypeError, match=r"the batch has no argument 0\['x'\]"):
        f.value({"q": Layer([1.0], [1.0])})


def test_arrays_within_a_trace_need_no_numpy_of_ours():
    program = "import autograd, sys; autograd.grad(lambda p: p['a'])({'a': 1.0}); print('numpy' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


def test_derivatives_of_structures_are_nested():
    def f(p):
        return exp(p["a"]) * p["b"][0] ** 2

    def slope(p):
        return grad(f)(p)["a"]

    assert grad(slope)({"a": 0.0, "b": [3.0]}) == {"a": 9.0, "b": [6.0]}
    with no_grad():
        assert grad(slope)({"a": Value(0.0), "b": [3.0]}) == {"a": 9.0, "b": [6.0]}


def squares(p):
    return np.sum(np.tanh(p) * p)


DERIVATIVES_OF_ARRAYS = {
    "grad": lambda a: grad(squares)(a),
    "jacobian": lambda a: jacobian(lambda p: np.tanh(p) * p[0])(a),
    "hessian": lambda a: hessian(squares)(a),
    "jvp": lambda a: list(jvp(np.tanh, (a,), (np.ones(2),))),
    "vjp": lambda a: vjp(np.tanh, a)[1](a)[0],
    "hvp": lambda a: hvp(squares, (a,), (a,))[0],
    "a dict": lambda a: grad(lambda p: squares(p["a"]) * p["b"])({"a": a, "b": a[0]}),
    "aux": lambda a: grad(lambda p: (squares(p), {"twice": p * 2.0}), has_aux=True)(a),
}


@both_engines
@pytest.mark.parametrize("f", DERIVATIVES_OF_ARRAYS.values(), ids=DERIVATIVES_OF_ARRAYS)
def test_derivatives_of_arrays_are_compiled(f, engine):
    compiled = autograd.compile(f, example=(np.array([0.5, -0.25]),), engine=engine)
    batch = np.array([[0.5, -0.25], [0.0, 1.5], [-2.0, 0.75]])
    found = compiled.value(batch)
    for k, sample in enumerate(batch):
        expected = f(sample)
        assert np.allclose(
            [column[k] for column in columns(found, samples=True)],
            flatten(expected),
            rtol=1e-12,
            atol=1e-14,
        )


@pytest.mark.parametrize("filtered", ["error", "ignore", "default"])
def test_a_claimed_gradient_may_be_an_array_and_the_function_of_floats(filtered):
    import warnings

    def f(w):
        return float((w * w).sum())  # which drops the imaginary part of a complex step

    point = np.array([1.0, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter(filtered)
        check_gradients(f, point, gradient=2 * point)
        check_gradients(f, point, gradient=[2.0, 4.0])
        check_gradients(f, point, gradient=lambda w: 2 * w)
        with pytest.raises(GradientMismatch):
            check_gradients(f, point, gradient=np.array([2.0, 4.1]))


class Attributes(dict):
    """A dict whose keys are attributes, with the error of a dict."""

    def __getattr__(self, name):
        return self[name]


class Pair(tuple):
    """A tuple with a method."""

    def product(self):
        return self[0] * self[1]


def test_subclasses_of_dicts_and_tuples_stay_what_they_are():
    assert grad(lambda p: p.x**2 * p.y)(Attributes(x=3.0, y=2.0)) == {"x": 12.0, "y": 9.0}
    found = grad(lambda p: p.product())(Pair((3.0, 2.0)))
    assert found == (2.0, 3.0) and type(found) is Pair


@pytest.mark.parametrize("mask", [False, [False, True]])
def test_masked_arrays_are_refused(mask):
    xs = np.ma.array([1.0, 2.0], mask=mask)
    for call in (
        lambda: grad(lambda x: (x * x).sum())(xs),
        lambda: jvp(lambda x: x, (xs,), (xs,)),
        lambda: jacobian(lambda x: np.ma.array([x[0], x[1]]))([1.0, 2.0]),
    ):
        with pytest.raises(TypeError, match=r"is a masked array.*pass x\.filled\(0\.0\)"):
            call()
