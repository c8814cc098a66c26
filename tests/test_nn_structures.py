"""Parameters in structures: what a Module holds, and what an optimiser takes."""

import copy
import dataclasses
import pickle
import weakref
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest

from autograd import Value, register
from autograd.structures import flatten, rebuild
from nn import MLP, SGD, Adam, Module

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


def grow(network):
    network.layers[0].neurons[0].w.append(Value(2.0))


def exchange(network):
    w = network.layers[0].neurons[0].w
    w[0] = Value(w[0].data)  # equal, and another one


def exchange_the_attributes(network):
    network.layers[0].neurons[0].__dict__ = {"b": Value(1.0)}


CHANGES = {
    "a longer list": grow,
    "an equal Value": exchange,
    "another order": lambda network: network.layers[0].neurons.reverse(),
    "a shorter list": lambda network: network.layers.pop(),
    "a new attribute": lambda network: setattr(network, "scale", Value(1.0)),
    "an attribute less": lambda network: delattr(network.layers[0].neurons[0], "b"),
    "a dict's value": lambda network: network.more.update(x=Value(1.0)),
    "an array's element": lambda network: network.array.__setitem__(0, Value(1.0)),
    "a field": lambda network: setattr(network.fields, "w", Value(1.0)),
    "other attributes": exchange_the_attributes,
}


@pytest.mark.parametrize("kind", CHANGES)
def test_parameters_are_those_that_are_there_now_whatever_was_changed_since_the_last_call(kind):
    network = MLP(2, [3, 1])
    if kind == "a dict's value":
        network.more = {"x": Value(0.0)}
    if kind == "an array's element":
        network.array = np.array([Value(0.0)])
    if kind == "a field":
        network.fields = Weights(Value(0.0), Value(0.0))
    before = network.parameters()
    before.clear()  # a list of the caller's own
    CHANGES[kind](network)
    named = [value for _, value in network.named_parameters()]
    assert list(map(id, network.parameters())) == list(map(id, named))


def test_parameters_of_a_type_that_is_registered_later_are_found():
    class Late:
        def __init__(self, a):
            self.a = a

    holder = Holder(Late(Value(1.0)))
    assert holder.parameters() == []
    register(Late, lambda x: ([x.a], None), lambda _, parts: Late(*parts))
    assert holder.parameters() == [holder.held.a]


def test_copies_and_pickles_of_a_module_that_was_searched_find_their_own_parameters():
    network = MLP(2, [3, 1])
    network.parameters()
    for twin in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert twin.state_dict() == network.state_dict()
        assert not set(twin.parameters()) & set(network.parameters())


def test_a_module_that_was_searched_goes_with_its_last_reference():
    network = MLP(2, [3, 1])
    network.parameters()
    watched = weakref.ref(network)
    del network
    assert watched() is None
