"""Value: what it accepts, what it refuses, how it is shown, compared, copied and pickled."""

import asyncio
import copy
import math
import operator
import pickle
import threading
from decimal import Decimal
from fractions import Fraction
from unittest import mock

import numpy as np
import pytest

import autograd
from autograd import Value, exp, ieee, log, no_grad, reductions, relu, stop_gradient, tanh
from autograd import primitives as p
from autograd.modes import mode, modes_in_use

BINARY = [
    (operator.add, p.add), (operator.sub, p.sub), (operator.mul, p.mul), (operator.truediv, p.div),
    (operator.pow, p.power), (operator.mod, p.mod), (operator.floordiv, p.floordiv),
]  # fmt: skip
NUMBERS = [
    2.5,
    -1.5,
    3,
    2,
    -2,
    1,
    0,
    0.0,
    3,
    -2,
    True,
    Fraction(2, 3),
    np.float32(1.5),
    np.int64(3),
    math.nan,
]
BAD = [
    "a",
    b"a",
    None,
    [1.0],
    {},
    {1.0},
    (1.0,),
    1j,
    Decimal(1),
    object(),
    np.array("a"),
    np.complex128(1j),
]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge]


def outcome(function, *operands):
    """Return all fields of a node, or the exception."""
    try:
        node = function(*operands)
    except (ValueError, ArithmeticError) as error:
        return type(error), str(error)
    operands = [x if isinstance(x, Value) else float(x) for x in node.operands]
    return repr((
        node.data, type(node.data), node.op, operands, node.parents, node.local_derivatives,
        node.grad, node.name,
    ))  # fmt: skip


@pytest.mark.parametrize("data", [2.5, -1.5, 0.0, 1e200, math.inf, math.nan, Fraction(5, 3)])
@pytest.mark.parametrize(
    "other", [Value(3.0), Value(-0.5), Value(0.0), Value(Fraction(1, 7)), *NUMBERS], ids=repr
)
@pytest.mark.parametrize(("operation", "row"), BINARY, ids=lambda x: str(x))
def test_the_short_way_of_an_operator_equals_its_row(operation, row, data, other):
    x = Value(data)
    assert outcome(operation, x, other) == outcome(row, x, other)
    assert outcome(operation, other, x) == outcome(row, other, x)


@pytest.mark.parametrize("huge", [10**308, -(10**308), 10**400, -(10**400)])
@pytest.mark.parametrize("data", [2.5, -1.5, 1e200, math.inf])
@pytest.mark.parametrize(("operation", "row"), BINARY[:5], ids=lambda x: str(x))
def test_an_int_beyond_all_floats_is_refused_as_its_row_refuses_it(operation, row, data, huge):
    x = Value(data)
    assert outcome(operation, x, huge) == outcome(row, x, huge)
    assert outcome(operation, huge, x) == outcome(row, huge, x)


@pytest.mark.parametrize("data", [2.5, -0.0, math.nan, Fraction(5, 3)])
def test_negation_and_its_kin_equal_their_rows(data):
    x = Value(data)
    for operation, row in (
        (operator.neg, p.neg),
        (operator.pos, p.pos),
        (abs, p.absolute),
        (round, p.rounded),
    ):
        assert outcome(operation, x) == outcome(row, x)


@pytest.mark.parametrize("bad", BAD, ids=lambda x: type(x).__name__ + repr(x)[:9])
@pytest.mark.parametrize("operation", [operation for operation, _ in BINARY])
def test_what_is_no_real_number_is_a_type_error_from_both_sides(operation, bad):
    if operation is operator.mod and isinstance(bad, (str, bytes)):
        pytest.skip("a text on the left of % is formatting")
    for operands in ((Value(1.0), bad), (bad, Value(1.0))):
        with pytest.raises(TypeError):
            operation(*operands)


@pytest.mark.parametrize("bad", BAD, ids=lambda x: type(x).__name__ + repr(x)[:9])
def test_constructor_and_comparisons_refuse_what_is_no_real_number(bad):
    with pytest.raises(TypeError, match="is not a real number; pass"):
        Value(bad)
    for compare in COMPARISONS:
        with pytest.raises(TypeError):
            compare(Value(1.0), bad)


def test_a_refusal_says_what_to_pass():
    with pytest.raises(TypeError, match=r"str '2\.5' is not a real number; pass float\(text\)"):
        Value("2.5")
    with pytest.raises(TypeError, match="Fraction.* to stay exact"):
        Value(1.0) * Decimal("0.1")
    with pytest.raises(TypeError, match="is a Value already"):
        Value(Value(1.0))


def test_a_stranger_with_a_reflected_operator_answers_for_itself():
    class Tensor:
        def __rmul__(self, other):
            return "mine"

    assert Value(2.0) * Tensor() == "mine"


@pytest.mark.parametrize(
    "number", [1, True, np.float32(1.5), np.float64(1.5), np.int8(2), np.bool_(True), np.array(2.0)]
)
def test_ints_and_numpy_scalars_become_floats(number):
    assert type(Value(number).data) is float
    assert Value(number).data == float(number)
    assert type((Value(1.0) + number).data) is float


def test_a_fraction_stays_exact_and_a_bool_is_a_number():
    x = Value(Fraction(1, 3))
    assert (x * 3 - 1 / x + x**2 / 7).data == 1 - 3 + Fraction(1, 63)
    y = Value(4.0)
    assert ((y > 0) * y).data == 4.0


def test_no_conversion_loses_the_gradient_silently():
    for convert in (float, int, complex, operator.index, math.sin, math.floor):
        if convert is not math.floor:
            with pytest.raises(TypeError):
                convert(Value(1.0))
    assert isinstance(math.floor(Value(1.5)), Value)


def test_comparisons_and_truth_follow_the_number_and_hashing_the_identity():
    x, y = Value(1.0), Value(2.0)
    assert x < y and x <= 1.0 and y > x and y >= 2 and x > 0
    assert x and not Value(0.0)
    assert (
        Value(1.0) == Value(1.0) == 1 and Value(1.0) != 2.0 and len({Value(1.0), Value(1.0)}) == 2
    )
    assert not (Value(math.nan) < 1.0 or Value(math.nan) > 1.0)


def test_repr_and_format():
    x = Value(2.0, "x")
    assert repr(x) == "Value(data=2.0, grad=0.0, name='x')"
    assert f"{x:.3f}" == "2.000"
    assert f"{x}" == repr(x)
    assert x.item() == 2.0


def test_an_error_names_operation_values_and_nodes():
    with pytest.raises(ValueError, match=r"log\(w=-1\.0\): .*domain"):
        Value(-1.0, "w").log()
    with pytest.raises(ZeroDivisionError, match=r"x=2\.0 / 0"):
        Value(2.0, "x") / 0
    with pytest.raises(OverflowError, match=r"exp\(1000\.0\)"):
        exp(Value(1000.0))


def test_methods_have_the_names_of_the_table_and_of_numpy():
    x = Value(0.5)
    for method, row in {
        "arcsin": p.asin, "arccos": p.acos, "arctan": p.atan, "arcsinh": p.asinh, "arctanh": p.atanh,
        "tanh": p.tanh, "exp2": p.exp2, "log1p": p.log1p, "sigmoid": p.sigmoid, "rint": p.rounded,
    }.items():  # fmt: skip
        node = getattr(x, method)()
        assert (node.op, node.operands[0]) == (row, x)
    assert x.maximum(2.0).data == 2.0 and x.minimum(2.0, Value(0.1)).data == 0.1


# Modes.


def test_no_grad_records_nothing_and_ends_with_its_block():
    x = Value(2.0)
    with no_grad():
        y = tanh(x) * x + x / 3.0 - x**2
        with mode(record=True):
            assert (x * x).parents == (x, x)
    assert (y.op, y.parents, y.operands) == (None, (), ())
    assert (x * x).parents == (x, x)
    assert not modes_in_use


SHORT_WAYS = {  # every operator that builds its node inline, with each kind of operand
    "x + y": lambda x, y: x + y, "x + 2.0": lambda x, y: x + 2.0, "x + 2": lambda x, y: x + 2,
    "2.0 + x": lambda x, y: 2.0 + x, "2 + x": lambda x, y: 2 + x,
    "x * y": lambda x, y: x * y, "x * 2.0": lambda x, y: x * 2.0, "x * 2": lambda x, y: x * 2,
    "2.0 * x": lambda x, y: 2.0 * x, "2 * x": lambda x, y: 2 * x,
    "x - y": lambda x, y: x - y, "x - 2.0": lambda x, y: x - 2.0, "x - 2": lambda x, y: x - 2,
    "2.0 - x": lambda x, y: 2.0 - x, "2 - x": lambda x, y: 2 - x,
    "x / y": lambda x, y: x / y, "x / 2.0": lambda x, y: x / 2.0, "x / 2": lambda x, y: x / 2,
    "2.0 / x": lambda x, y: 2.0 / x, "2 / x": lambda x, y: 2 / x,
    "y ** 2": lambda x, y: y**2, "y ** 3": lambda x, y: y**3, "y ** 0.5": lambda x, y: y**0.5,
    "x ** 2": lambda x, y: x**2, "x ** 3": lambda x, y: x**3,
    "2.0 ** x": lambda x, y: 2.0**x, "2 ** x": lambda x, y: 2**x,
    "-x": lambda x, y: -x, "tanh(x)": lambda x, y: tanh(x),
}  # fmt: skip


@pytest.mark.parametrize("way", SHORT_WAYS)
def test_no_short_way_passes_a_mode_by(way):
    """With x below 0 and y above: powers of each have a short way of their own."""
    x, y = Value(-1.5), Value(2.5)
    plain = SHORT_WAYS[way](x, y)
    with no_grad():
        silent = SHORT_WAYS[way](x, y)
    assert (silent.data, silent.op, silent.operands, silent.parents) == (plain.data, None, (), ())
    told = mock.Mock()
    with mode(observer=told):
        seen = SHORT_WAYS[way](x, y)
    told.recorded.assert_called_once_with(seen)
    assert seen.op is plain.op
    assert seen.local_derivatives == plain.local_derivatives


def test_a_mode_ends_when_its_block_raises():
    with pytest.raises(KeyError), no_grad(), ieee():
        raise KeyError
    assert not modes_in_use
    assert (Value(1.0) * 2.0).op is p.mul


def test_ieee_gives_infinities_and_nan_for_exceptions():
    with ieee():
        assert log(Value(0.0)).data == -math.inf
        assert (Value(-1.0) / 0.0).data == -math.inf
        assert exp(Value(1000.0)).data == math.inf
        assert math.isnan((Value(-8.0) ** (1 / 3)).data)
    with pytest.raises(ValueError, match="log"):
        log(Value(0.0))


def test_a_mode_holds_in_its_own_thread_only():
    inside, done, seen = threading.Event(), threading.Event(), []

    def other():
        inside.wait()
        seen.append((Value(2.0) * 3.0).op)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        inside.set()
        done.wait()
        assert (Value(2.0) * 3.0).op is None
    thread.join()
    assert seen == [p.mul]


def test_a_mode_holds_in_its_own_task_only():
    async def quiet():
        with no_grad():
            await asyncio.sleep(0)
            return (Value(2.0) * 3.0).op

    async def loud():
        await asyncio.sleep(0)
        return (Value(2.0) * 3.0).op

    async def both():
        return await asyncio.gather(quiet(), loud())

    assert asyncio.run(both()) == [None, p.mul]


def test_detach_and_stop_gradient_end_the_gradient():
    x = Value(3.0, "x")
    assert (x.detach().parents, x.detach().name) == ((), "x")
    stopped = stop_gradient(x)
    (x * stopped).backward()
    assert (x.grad, stopped.operands, stopped.parents) == (3.0, (x,), ())


def test_an_observer_is_told_of_nodes_comparisons_and_decisions():
    class Notes:
        def __init__(self):
            self.nodes, self.decisions = [], []

        def recorded(self, node):
            self.nodes.append(str(node.op))

        def compared(self, relation, x, y):
            with mode(observer=None):
                return relation(x, y)

        def decided(self, node):
            self.decisions.append(node.data)

    notes, x = Notes(), Value(2.0)
    with mode(observer=notes):
        y = x * x + 1.0
        if x > 1.0:
            y = relu(y)
    assert notes.nodes == ["*", "+", "relu"]
    assert notes.decisions == [1.0]


# Copies.


def deep(n):
    x = node = Value(1.0, "x")
    for _ in range(n):
        node = node + x
    return x, node


def test_deepcopy_of_a_graph_100_000_deep():
    x, root = deep(100_000)
    twin = copy.deepcopy(root)
    twin.backward()
    root.backward(0.5)
    assert (twin.data, x.grad) == (root.data, 50_000.5)
    (leaf,) = [node for node in autograd.topological_order(twin) if node.op is None]
    assert (leaf.grad, leaf.name) == (100_001.0, "x")
    assert leaf is not x


def test_deepcopy_keeps_what_is_shared_and_what_no_gradient_reaches():
    x = Value(-1.0)
    shared = x * 2.0
    one, two, dead = copy.deepcopy([shared + 1.0, shared + 2.0, relu(x)])
    assert one.parents[0] is two.parents[0]
    assert dead.operands[0] is one.parents[0].parents[0]
    assert dead.operands[0] is not x
    assert dead.op is p.relu


@pytest.mark.parametrize("slots", [(), ("group",), ("__group",), ("group", "__dict__")])
def test_copies_of_a_subclass_keep_its_class_and_attributes(slots):
    class Weight(Value):
        __slots__ = slots

    class Bias(Weight):
        """With a dict."""

    for kind in (Weight, Bias):
        w = kind(2.0, "w")
        names = [name for name in (*slots, "unit") if hasattr(w, "__dict__") or name in slots]
        names = [name.replace("__g", "_Weight__g") for name in names if name != "__dict__"]
        for name in names:
            setattr(w, name, [w])
        w.grad = 5.0
        one, two = copy.copy(w), copy.deepcopy(w * 3.0).parents[0]
        assert type(one) is type(two) is kind
        assert (one.data, one.grad, one.name) == (two.data, two.grad, two.name) == (2.0, 5.0, "w")
        assert all(getattr(one, name) == [w] for name in names)
        assert all(getattr(two, name) == [two] for name in names)


def test_copy_is_shallow():
    x = Value(2.0, "x")
    y = copy.copy(x * x)
    assert (y.parents, y.op) == ((x, x), p.mul)


def test_a_leaf_is_pickled_and_a_history_refuses():
    x = Value(2.5, "x")
    x.grad = 7.0
    twin = pickle.loads(pickle.dumps(x))
    assert (twin.data, twin.name, twin.grad) == (2.5, "x", 7.0)
    with pytest.raises(TypeError, match="history"):
        pickle.dumps(x * x)


def test_gradients_may_be_set_and_data_changed():
    x = Value(2.0)
    y = x * x
    x.data = 10.0
    y.backward()
    assert x.grad == 4.0  # the slopes recorded with y, not those at the new number


FUNCTIONS = {
    "hypot": lambda x, bad: p.hypot(x, bad),
    "hypot, on the left": lambda x, bad: p.hypot(bad, x),
    "atan2": lambda x, bad: x.atan2(bad),
    "clip": lambda x, bad: x.clip(bad, 1.0),
    "where": lambda x, bad: p.where(x, bad, x),
    "copysign": lambda x, bad: p.copysign(x, bad),
    "leaky_relu": lambda x, bad: x.leaky_relu(bad),
    "dot": lambda x, bad: reductions.dot([x], [bad]),
    "the bias of dot": lambda x, bad: reductions.dot([x], [x], bad),
    "sum": lambda x, bad: p.total([x, bad]),
    "mean": lambda x, bad: p.mean([bad, x]),
    "prod": lambda x, bad: p.prod([x, bad]),
    "norm": lambda x, bad: p.norm([x, bad]),
    "logsumexp": lambda x, bad: p.logsumexp([x, bad]),
    "softmax": lambda x, bad: p.softmax([x, bad]),
    "maximum": lambda x, bad: reductions.maximum(x, bad),
    "minimum": lambda x, bad: x.minimum(bad),
}


@pytest.mark.parametrize("bad", BAD[:-1], ids=lambda x: type(x).__name__ + repr(x)[:9])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_a_value_refuses_what_is_no_real_number(name, bad):
    with pytest.raises(TypeError, match="is not a real number; pass"):
        FUNCTIONS[name](Value(1.0), bad)


@pytest.mark.parametrize(
    ("bad", "cure"),
    [
        ("2.5", r"float\(text\)"), (b"2", "its elements"), (None, "did a function forget its return"),
        ([1.0], "its elements"), ({}, "its elements"), (1j, "its real and imaginary parts"),
        (Decimal(1), "Fraction"), (object(), "a number"), (np.array([1.0]), "its elements"),
    ],
    ids=lambda x: type(x).__name__,
)  # fmt: skip
def test_a_refusal_names_the_type_and_the_cure(bad, cure):
    with pytest.raises(
        TypeError, match=f"{type(bad).__name__} .* is not a real number; pass .*{cure}"
    ):
        Value(bad)


def test_the_long_double_of_numpy_is_a_number_and_its_complex_is_none():
    assert Value(np.longdouble(1.5)).data == 1.5
    with pytest.raises(TypeError, match="clongdouble .* is not a real number"):
        Value(np.clongdouble(1j))


def test_a_stranger_without_operators_is_a_type_error():
    class Stranger:
        pass

    for operation, _ in BINARY:
        for operands in ((Value(1.0), Stranger()), (Stranger(), Value(1.0))):
            with pytest.raises(TypeError, match="unsupported operand"):
                operation(*operands)


def test_a_stranger_is_asked_in_comparisons_and_on_the_right_of_every_operator():
    class Tensor:
        def answer(self, other):
            return "mine"

        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmod__ = __rfloordiv__ = answer

    assert {operation(Value(1.0), Tensor()) for operation, _ in BINARY} == {"mine"}


@pytest.mark.parametrize("text", ["float", "index", "complex", "array", "array_ufunc"])
def test_the_methods_that_would_lose_a_gradient_do_not_exist(text):
    assert not hasattr(Value, f"__{text}__")


def test_an_int_of_a_value_is_refused_though_trunc_is_not():
    with pytest.raises(TypeError, match="would forget its history; use trunc"):
        int(Value(2.5))
    assert isinstance(math.trunc(Value(2.5)), Value)


def test_a_row_without_a_global_name_cannot_be_pickled():
    with pytest.raises(TypeError, match="no global name"):
        pickle.dumps(p.Primitive("own", abs, None))


def test_modes_nest_and_each_block_undoes_its_own():
    with ieee():
        with no_grad():
            assert math.isinf(log(Value(0.0)).data) and (Value(1.0) * 2.0).op is None
            with ieee():
                assert log(Value(0.0)).op is None
        assert log(Value(0.0)).op is p.log
    with pytest.raises(ValueError, match="log"):
        log(Value(0.0))


def test_ieee_does_not_leak_into_other_threads():
    def refused():
        try:
            log(Value(0.0))
        except ValueError as error:
            seen.append(type(error))

    seen = []
    with ieee():
        thread = threading.Thread(target=refused)
        thread.start()
        thread.join()
    assert seen == [ValueError]


def test_inside_a_mode_the_operators_give_the_same_nodes():
    def nodes():
        x, y = Value(1.5), Value(-2.0)
        made = (
            x + y,
            x - y,
            x * y,
            x / y,
            x**3,
            -x,
            x + 1.0,
            x * 2.0,
            2.0 - x,
            x.exp(),
            p.relu(y),
            reductions.maximum(x, y),
        )
        return [(n.data, str(n.op), n.local_derivatives, len(n.parents)) for n in made]

    outside = nodes()
    with ieee():
        assert nodes() == outside


def test_deepcopy_of_a_structural_zero_100_000_deep():
    x, root = deep(100_000)
    dead = relu(-root)
    twin = copy.deepcopy(dead)
    assert dead.parents == twin.parents == ()
    assert (
        twin.operands[0] is not dead.operands[0] and twin.operands[0].data == dead.operands[0].data
    )
