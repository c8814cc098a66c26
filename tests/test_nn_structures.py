"""Parameters in structures: what a Module holds, and what an optimiser takes."""

import dataclasses
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest

from autograd import Value, register
from autograd.structures import flatten, rebuild
from nn import SGD, Adam, Module

Pair = namedtuple("Pair", "u v")


@dataclasses.dataclass
class Weights:
    w: Any
    b: Any


class Own:
    def __init__(self, a):
        self.a = a


register(Own, lambda x: ([x.a], None), lambda _, parts: Own(*parts))


class Holder(Module):
    def __init__(self, held):
        self.held = held

    def __call__(self, x):
        return sum((v * v * x for v in flatten(self.held)), Value(0.0))


HELD = {
    "a dict": ({"x": Value(1.0), "y": [Value(2.0)]}, ["held.x", "held.y.0"]),
    "an ordered dict": (OrderedDict(b=Value(1.0), a=Value(2.0)), ["held.b", "held.a"]),
    "a dataclass": (Weights([Value(1.0), Value(2.0)], Value(3.0)), ["held.w.0", "held.w.1", "held.b"]),
    "a named tuple": (Pair(Value(1.0), [Value(2.0)]), ["held.0", "held.1.0"]),
    "an array": (np.array([Value(1.0), Value(2.0)]), ["held.0", "held.1"]),
    "a matrix": (np.array([[Value(1.0)], [Value(2.0)]]), ["held.0.0", "held.1.0"]),
    "a type of one's own": ([Own(Value(1.0))], ["held.0.0"]),
    "nested": ({"a": Weights(np.array([Value(1.0)]), Pair(Value(2.0), ()))}, ["held.a.w.0", "held.a.b.0"]),
}  # fmt: skip
every_structure = pytest.mark.parametrize(("held", "names"), HELD.values(), ids=HELD)


@every_structure
def test_a_module_finds_its_parameters_wherever_they_are_held(held, names):
    module = Holder(held)
    assert [name for name, _ in module.named_parameters()] == names
    assert [id(v) for v in module.parameters()] == [id(v) for v in flatten(held)]


@every_structure
def test_a_state_brings_them_back(held, names):
    module = Holder(held)
    state = module.state_dict()
    before = [v.data for v in module.parameters()]
    for v in module.parameters():
        v.data += 1.0
    module.load_state_dict(state)
    assert [v.data for v in module.parameters()] == before


@every_structure
@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_an_optimiser_takes_the_structure_itself(held, names, optimizer):
    parameters = rebuild(held, iter([Value(v.data) for v in flatten(held)]))
    descent = optimizer(parameters, step_size=0.1)
    assert [id(v) for v in descent.parameters] == [id(v) for v in flatten(parameters)]
    before = [v.data for v in flatten(parameters)]
    Holder(parameters)(1.0).backward()
    descent.step()
    assert all(v.data < x for v, x in zip(flatten(parameters), before))


def test_an_optimiser_takes_iterators_and_refuses_what_is_no_value():
    w = [Value(1.0), Value(2.0)]
    assert SGD(iter(w), 0.1).parameters == SGD((v for v in w), 0.1).parameters == w
    with pytest.raises(TypeError, match="a parameter is a Value, not str 'a'"):
        SGD({"w": w, "b": "a"}, 0.1)
    with pytest.raises(ValueError, match="no parameters"):
        SGD({}, 0.1)


def test_modules_within_structures_are_set_to_eval():
    inner = Holder([Value(1.0)])
    Holder({"inner": Weights(inner, None)}).eval()
    assert not inner.training


def test_data_that_a_module_holds_are_not_searched():
    class Data:
        def __len__(self):
            return 10

        def __iter__(self):
            raise AssertionError("read")

    module = Holder([Value(1.0)])
    module.data, module.numbers = Data(), np.zeros((1000, 1000))
    assert len(module.parameters()) == 1
