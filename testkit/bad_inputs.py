"""Bad input: calls that must fail, and what their messages have to hold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import autograd as ag
import nn
from autograd import Primitive, Value
from autograd.primitive_type import Variadic
from autograd.primitives import TABLE


class Unspeakable:
    """An object whose repr fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")


class Case(NamedTuple):
    """A call that must fail, and what the message has to hold."""

    what: str
    call: Callable[[], Any]
    names: tuple[str, ...]


SCALARS: dict[str, Any] = {
    "str": "a", "a number as str": "2.5", "bytes": b"a", "NoneType": None, "complex": 1j,
    "Decimal": Decimal("0.1"), "Decimal NaN": Decimal("nan"), "object": object(), "type": float,
    "function": len, "ellipsis": ..., "dict": {}, "set": {1.0}, "PosixPath": PurePosixPath("a"),
    "generator": (x for x in tuple[float]()), "Unspeakable": Unspeakable(),
    "NotImplementedType": NotImplemented,
}  # fmt: skip
CONTAINERS: dict[str, Any] = {
    "list": [1.0], "empty list": [], "tuple": (1.0,), "range": range(2),
    "frozenset": frozenset((1.0,)), "bytearray": bytearray(b"a"), "memoryview": memoryview(b"a"),
    "a Value in a list": [Value(1.0)], "a huge int in a list": [10**5000],
}  # fmt: skip
BAD = SCALARS | CONTAINERS
TOO_LARGE = {
    "400 digits": 10**400,
    "5000 digits": -(10**5000),
    "a huge fraction": Fraction(10**5000, 3),
}
BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow, "%": operator.mod, "//": operator.floordiv,
}  # fmt: skip
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
UNSUPPORTED: dict[str, Callable[[Any], Any]] = {
    "@": lambda x: x @ x, "<<": lambda x: x << 1, ">>": lambda x: 1 >> x, "&": lambda x: x & 1,
    "|": lambda x: 1 | x, "^": lambda x: x ^ x, "~": lambda x: ~x,
    "subscript": lambda x: x[0], "item assign": lambda x: operator.setitem(x, 0, 1.0),
    "call": lambda x: x(), "len": len, "iter": iter, "float": float, "int": int,
    "complex": complex, "integer": operator.index, "pow": lambda x: pow(x, 2, 3),
}  # fmt: skip


CHILDREN = {"empty list", "a Value in a list"}  # which are no bad children


def kind(x: Any) -> str:
    return type(x).__name__


def is_clear(case: Case) -> bool:
    """Tell whether a call fails with an ordinary exception whose message has the names."""
    try:
        case.call()
    except (TypeError, ValueError, ArithmeticError) as error:
        return all(name in str(error) for name in case.names)
    except Exception:
        return False
    return False


def of_operators() -> Iterator[Case]:
    """Yield every operator with a bad operand on either side, and with too large a number."""
    for symbol, operate in BINARY.items():
        for what, bad in BAD.items():
            yield Case(f"x {symbol} {what}", bound(operate, Value(2.0), bad), (symbol, kind(bad)))
            if symbol != "%" or not isinstance(bad, (str, bytes, bytearray)):  # there: formatting
                case = bound(operate, bad, Value(2.0))
                yield Case(f"{what} {symbol} x", case, (symbol, kind(bad)))
        for what, huge in TOO_LARGE.items():
            sides = [(Value(2.5, "x"), huge), (huge, Value(2.5, "x"))]
            if symbol == "**":  # there a Fraction on the left answers itself
                sides = sides[:1]
            for operands in sides:
                yield Case(f"{symbol} {what}", bound(operate, *operands), (symbol, "x=2.5"))
    for symbol, compare in COMPARISONS.items():
        for what, bad in BAD.items():
            for operands in ((Value(2.0), bad), (bad, Value(2.0))):
                yield Case(
                    f"{symbol} {what}", bound(compare, *operands), (symbol[0], kind(bad))[1:]
                )
    for what, call in UNSUPPORTED.items():
        yield Case(what, bound(call, Value(2.0)), ("Value",))


def bound(call: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: call(*arguments)


def of_rows() -> Iterator[Case]:
    """Yield every primitive with a bad operand in every place, and with too few or too many."""
    for name, row in TABLE.items():
        n = 3 if isinstance(row, Variadic) else len(row.partials)
        for i in range(n if n > 1 else 0):
            for what, bad in BAD.items():
                operands = [bad if k == i else Value(1.0) for k in range(n)]
                given = (operands,) if isinstance(row, Variadic) else operands
                yield Case(f"{name} {i} {what}", bound(row, *given), (row.symbol, kind(bad)))
        if not isinstance(row, Variadic):
            for given in {*range(6)} - {*range(n - len(row.defaults), n + 1)}:
                if row.takes(given):
                    continue
                call = bound(row, *[Value(1.0) for _ in range(given)])
                yield Case(f"{name} of {given} operands", call, (row.symbol, "takes", str(given)))


def of_methods() -> Iterator[Case]:
    """Yield every method of Value that is a primitive, with bad and with superfluous operands."""
    for name in dir(Value):
        row = getattr(Value, name)
        if isinstance(row, Primitive):
            n, method = len(row.partials), getattr(Value(1.0), name)
            if not row.takes(n + 1):
                yield Case(f".{name} too many", bound(method, *[1.0] * n), (row.symbol, "takes"))
            for i in range(n - 1):
                for what, bad in BAD.items():
                    others = [bad if k == i else 1.0 for k in range(n - 1)]
                    yield Case(f".{name} {what}", bound(method, *others), (row.symbol, kind(bad)))
    for what, bad in BAD.items():
        for name in ("maximum", "minimum"):
            call = bound(getattr(Value(1.0), name), bad)
            yield Case(f".{name} {what}", call, (name, kind(bad)))
        yield Case(f"backward {what}", bound(Value(1.0).backward, bad), ("seed", kind(bad)))
        steps = bound(lambda seed: list(Value(1.0).backward_steps(seed)), bad)
        yield Case(f"backward_steps {what}", steps, ("seed", kind(bad)))


def of_constructors() -> Iterator[Case]:
    """Yield bad data, names, roots and leaves."""
    for what, bad in BAD.items():
        yield Case(f"Value({what})", bound(Value, bad), (kind(bad), "not a real number; pass"))
        if not (bad is None or isinstance(bad, str) or what in CHILDREN):
            containers = (list, tuple, set, frozenset)
            words = ("the children",) if isinstance(bad, containers) else ("name of", kind(bad))
            yield Case(f"name {what}", bound(Value, 1.0, bad), words)
        for of_root in (ag.backward, ag.topological_order):
            call = bound(of_root, bad)
            yield Case(f"{of_root.__name__}({what})", call, (kind(bad), "pass a Value"))
        if what != "generator":
            call = bound(ag.gradients, bad, [Value(1.0)])
            yield Case(f"gradients({what})", call, (kind(bad), "pass a Value"))
    for what, huge in TOO_LARGE.items():
        if isinstance(huge, int):
            yield Case(f"Value({what})", bound(Value, huge), ("too large for a float",))


def of_functions() -> Iterator[Case]:
    """Yield bad arguments, results, tangents and cotangents of the derivatives of functions."""
    x = Value(2.0)
    for what, bad in SCALARS.items():
        name = kind(bad)
        calls: dict[str, Callable[[], Any]] = {
            "argument": bound(ag.grad(lambda x: x * x), bad),
            "result": bound(ag.grad(lambda x, bad=bad: bad), 1.0),
            "row": bound(ag.jacobian(lambda x, bad=bad: [x, bad]), 1.0),
            "tangent": bound(ag.jvp, lambda x: x * x, (1.0,), (bad,)),
            "vector": bound(ag.hvp, lambda x: x * x, (1.0,), (bad,)),
            "cotangent": bound(ag.vjp(lambda x: x * x, 1.0)[1], bad),
            "seed": bound(ag.gradients, x * x, [x], bad),
            "a leaf": bound(ag.gradients, x * x, [bad]),
        }
        if bad == {}:  # a structure without numbers, as good as an empty list
            del calls["row"], calls["a leaf"]
        yield from (
            Case(f"{key} {what}", call, (name,)) for key, call in calls.items() if key != "a leaf"
        )
        if not isinstance(bad, Unspeakable) and "a leaf" in calls:
            yield Case(f"a leaf {what}", calls["a leaf"], ("leaves", "Values"))
        if not hasattr(bad, "__iter__"):
            for of_many in (
                ag.sum,
                ag.mean,
                ag.prod,
                ag.norm,
                ag.logsumexp,
                ag.softmax,
                ag.maximum,
            ):
                symbol = getattr(of_many, "symbol", "") or getattr(of_many, "__name__", "")
                yield Case(f"{symbol}({what})", bound(of_many, bad), (symbol, name))
            for operands in (([x], bad), (bad, [x])):
                yield Case(f"dot {what}", bound(ag.dot, *operands), ("dot", name))


def of_networks() -> Iterator[Case]:
    """Yield bad sizes, names, settings, weights, samples and targets of `nn`."""
    w, data, network = Value(1.0), nn.xor(8), nn.TwoLayerNetwork(2, 2, 2)

    def trained(**options: Any) -> Any:
        samples = {"inputs": data.inputs, "targets": data.targets, **options}
        return nn.train(nn.TwoLayerNetwork(2, 2, 2), progress=False, **samples)

    calls: dict[str, Callable[[Any], Any]] = {
        "nin": nn.Neuron,
        "nout": lambda bad: nn.Layer(2, bad),
        "nout of": lambda bad: nn.MLP(2, [bad, 1]),
        "n": lambda bad: nn.TwoLayerNetwork(bad, 2, 2),
        "init": lambda bad: nn.Neuron(2, init=bad),
        "step_size": lambda bad: nn.SGD([w], bad),
        "momentum": lambda bad: nn.SGD([w], 0.1, momentum=bad),
        "beta1": lambda bad: nn.Adam([w], 0.1, beta1=bad),
        "batch_size": lambda bad: trained(batch_size=[bad]),
        "iterations": lambda bad: trained(iterations=[bad]),
        "sampling": lambda bad: trained(sampling=bad),
        "resume": lambda bad: trained(resume=[bad]),
        "inputs, row 0": lambda bad: trained(inputs=[[1.0, bad]] * 8),
        "targets, row 3": lambda bad: trained(targets=[[1.0, 0.0]] * 3 + [[bad, 0.0]] * 5),
        "layers.0.neurons.0.b": lambda bad: network.load_state_dict(
            {**network.state_dict(), "layers.0.neurons.0.b": bad}
        ),
        "means": lambda bad: nn.Standardizer([bad], [1.0]),
        "a parameter": lambda bad: nn.SGD([bad], 0.1),
        "dot": lambda bad: nn.Neuron(2)([1.0, bad]),
        "not a real number": lambda bad: nn.Neuron(2).eval()([1.0, bad]),
        "-": lambda bad: nn.mse_loss([w], [bad]),
        "cannot be saved": lambda bad: nn.save_model("never.json", bad),
    }
    for name, try_with in calls.items():
        for what, bad in SCALARS.items():
            yield Case(f"{name} {what}", bound(try_with, bad), (name.removesuffix(" of"),))
    for what, bad in SCALARS.items():
        if not callable(bad):
            call = bound(lambda bad: nn.Neuron(2, activation=bad), bad)
            yield Case(f"activation {what}", call, ("activation", "is not known"))


GROUPS = (of_operators, of_rows, of_methods, of_constructors, of_functions, of_networks)


def bad_inputs() -> tuple[int, int]:
    """Return how many bad inputs were tried, and how many gave a clear error."""
    clear = [is_clear(case) for group in GROUPS for case in group()]
    return len(clear), sum(clear)
