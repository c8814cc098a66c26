"""Module: an object that owns parameters, and finds them by looking at its own attributes.

>>> class Line(Module):
...     def __init__(self):
...         self.slope, self.offset = Value(2.0), Value(1.0)
...     def __call__(self, x):
...         return self.slope * x + self.offset
>>> Line().state_dict()
{'slope': 2.0, 'offset': 1.0}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from fractions import Fraction
from itertools import repeat
from operator import attrgetter
from sys import float_info
from types import FunctionType
from typing import Any

from autograd import Primitive, Value
from autograd.atomic import set_attributes
from autograd.messages import shown
from autograd.structures import REGISTERED, is_array, steps
from autograd.structures import parts as structure_parts
from autograd.value import write_data

MAX_NAMES_SHOWN = 3  # in a message
HOLDING_NOTHING = frozenset((Value, Primitive, FunctionType, str, int, float, bool, type(None)))
NO_PARAMETER = HOLDING_NOTHING - {Value}
VALUES_ONLY = frozenset((Value,))
FLOATS_ONLY = frozenset((float,))
number_of = attrgetter("_data")  # without a call of Python's for each


class Module:
    """Something that computes, and owns parameters.

    Parameters are found in the attributes: every Value without a history, and those of Modules,
    lists, tuples, dicts, dataclasses and arrays of them, and of what `autograd.register` knows, in
    the order in which the attributes were set, each once.
    Subclasses need not call `super().__init__()`.

    `training` says whether a layer called on plain numbers records (True, as made) or computes on
    numbers only (False, after `eval()`).

    >>> from nn import MLP
    >>> len(MLP(2, [16, 16, 1]).parameters())
    337
    """

    training: bool = True

    def parameters(self) -> list[Value]:
        """Return all parameters, each once, in the order of the attributes."""
        return found_in(self)

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return (path, parameter) pairs, in the order of `parameters`.

        >>> from nn import Layer
        >>> [path for path, _ in Layer(1, 2).named_parameters()]
        ['neurons.0.w.0', 'neurons.0.b', 'neurons.1.w.0', 'neurons.1.b']
        """
        first: dict[Value, str] = {}
        for path, value in expanded(self):
            first.setdefault(value, path)
        return [(path, value) for value, path in first.items()]

    def state_dict(self) -> dict[str, float | list[float]]:
        """Return the numbers of all parameters by path: a float, or a list for a list of Values.

        >>> from nn import Neuron
        >>> sorted(Neuron(2).state_dict())
        ['b', 'w']
        """
        return {
            path: [float(v.data) for v in found] if isinstance(found, list) else float(found.data)
            for path, found in groups(self)
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set all parameters from what `state_dict` returned; all of them, or none.

        Raises: ValueError when a path is missing or unexpected, a length differs, or an entry is
            no finite number; the message names the path. Nothing has been written then.
        """
        expected = dict(groups(self))
        check_names(expected, state)
        new: dict[Value, float] = {}
        for path, found in expected.items():
            for value, number in pairs(path, found, state[path]):
                if new.setdefault(value, number) != number:
                    raise ValueError(f"{path}: a parameter under two names has two numbers")
        write_data(list(new), new.values())

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero; of all of them, or of none."""
        parameters = self.parameters()
        set_attributes(parameters, repeat("grad"), zeros_like(parameters))

    def train(self) -> Module:
        """Record from now on, also when called on plain numbers; return self."""
        return set_training(self, True)

    def eval(self) -> Module:
        """Compute on numbers when called on numbers from now on: several times faster."""
        return set_training(self, False)

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
        from nn.figures import mimebundle  # only a picture needs it

        return mimebundle(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {len(self.parameters())} parameters"


def parts(x: Any) -> Iterator[tuple[str, Any]]:
    """Yield the (name, object) pairs in which a module or container may hold parameters."""
    if isinstance(x, Module):
        yield from vars(x).items()
    elif isinstance(x, (list, tuple)) or is_object_array(x):
        yield from ((str(i), part) for i, part in enumerate(x))
    elif isinstance(x, dict) or is_dataclass(x) or type(x) in REGISTERED:
        yield from zip((str(step.key) for step in steps(x)), structure_parts(x))


def contents(x: Any) -> Iterable[Any]:
    """Return the objects of `parts`, without their names."""
    if isinstance(x, Module):
        return vars(x).values()
    if isinstance(x, (list, tuple)) or is_object_array(x):
        found: Iterable[Any] = x
        return found
    if isinstance(x, dict) or is_dataclass(x) or type(x) in REGISTERED:
        return structure_parts(x)
    return ()


def found_in(root: Module) -> list[Value]:
    """Return all parameters, each once, in the order of `expanded`, which makes their paths.

    A loop in micrograd's style asks for them twice in every step, so nothing is made but the list.
    """
    found: list[Value] = []
    seen: dict[int, Any] = {}  # as in `walk`
    stack: list[Any] = [root]
    while stack:
        x = stack.pop()
        if is_parameter(x):
            found.append(x)
        elif id(x) not in seen:
            seen[id(x)] = x
            if rest := gathered(contents(x), found):
                rest.reverse()
                stack += rest
    return list(dict.fromkeys(found))


def gathered(inside: Iterable[Any], found: list[Value]) -> list[Any]:
    """Note the parameters up to the first object that may hold some; return it and what follows."""
    rest: list[Any] = []
    for part in inside:
        kind = type(part)
        if kind in NO_PARAMETER:
            continue
        if rest:
            rest.append(part)
        elif kind is Value:
            if part.op is None:
                found.append(part)
        elif kind is list and VALUES_ONLY.issuperset(map(type, part)):
            found += [value for value in part if value.op is None]
        else:
            rest.append(part)
    return rest


def zeros_like(parameters: list[Value]) -> list[Any]:
    """Return a zero for each parameter, exact for a Fraction."""
    numbers = list(map(number_of, parameters))
    if FLOATS_ONLY.issuperset(map(type, numbers)):
        return [0.0] * len(numbers)
    return [x * 0 if isinstance(x, Fraction) else 0.0 for x in numbers]


def is_object_array(x: Any) -> bool:
    """Tell whether x is an array that may hold Values."""
    return type(x).__module__ == "numpy" and is_array(x) and x.dtype == object


def is_parameter(x: Any) -> bool:
    """Tell whether x is a Value that was not computed from others."""
    return isinstance(x, Value) and x.op is None


def walk(root: Module) -> Iterator[tuple[str, Any]]:
    """Yield (path, object) for the module and all it holds, each once, in order; no recursion.

    A list of parameters is yielded as such and not entered: it is one entry of a state.
    """
    seen: dict[int, Any] = {}  # and keeps them: an id is good while its object lives
    stack: list[tuple[str, Any]] = [("", root)]
    while stack:
        path, found = stack.pop()
        if id(found) in seen and not isinstance(found, (int, str)):
            continue  # shared, or a cycle
        seen[id(found)] = found
        yield path, found
        if type(found) not in HOLDING_NOTHING and not is_parameter_list(found):
            inside = [(f"{path}.{name}" if path else name, part) for name, part in parts(found)]
            stack.extend(reversed(inside))


def is_parameter_list(x: Any) -> bool:
    """Tell whether x is a list, tuple or array of parameters only."""
    listed = isinstance(x, (list, tuple)) or is_object_array(x)
    return listed and len(x) > 0 and all(map(is_parameter, x))


def groups(root: Module) -> Iterator[tuple[str, Value | list[Value]]]:
    """Yield (path, parameter or list of parameters): the entries of a state."""
    for path, found in walk(root):
        if is_parameter_list(found):
            yield path, list(found)
        elif is_parameter(found):
            yield path, found


def expanded(root: Module) -> Iterator[tuple[str, Value]]:
    """Yield (path, parameter) with lists of parameters taken apart."""
    for path, found in groups(root):
        if isinstance(found, list):
            yield from ((f"{path}.{i}", value) for i, value in enumerate(found))
        else:
            yield path, found


def set_training(root: Module, training: bool) -> Module:
    """Set the flag of a module and of all modules in it."""
    for _, found in list(walk(root)):
        if isinstance(found, Module):
            found.training = training
    return root


def check_names(expected: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Raise a ValueError that names what a state lacks, or has too much."""
    for what, names in (
        ("lacks", [name for name in expected if name not in state]),
        ("has the unexpected", [name for name in state if name not in expected]),
    ):
        if names:
            listed = ", ".join(map(repr, names[:MAX_NAMES_SHOWN]))
            left_out = len(names) - MAX_NAMES_SHOWN
            more = f" and {left_out} more" if left_out > 0 else ""
            raise ValueError(f"the state {what} {listed}{more}")


def pairs(path: str, found: Value | list[Value], entry: Any) -> list[tuple[Value, float]]:
    """Return each parameter of a group with its number from a state, checked."""
    if not isinstance(found, list):
        return [(found, checked(path, entry))]
    if not isinstance(entry, (list, tuple)):
        raise ValueError(f"{path}: {len(found)} numbers expected, not {type(entry).__name__}")
    if len(entry) != len(found):
        raise ValueError(f"{path}: {len(found)} numbers expected, the state has {len(entry)}")
    return [(value, checked(f"{path}.{i}", x)) for i, (value, x) in enumerate(zip(found, entry))]


def is_plain(x: Any) -> bool:
    """Tell whether x is an int or a float, and no bool."""
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def is_finite(x: Any) -> bool:
    """Tell whether a number is finite as a float; `math.isfinite` fails for a huge int."""
    return bool(-float_info.max <= x <= float_info.max)


def checked(path: str, x: Any) -> float:
    """Return an entry of a state as a float.

    Raises: ValueError, with the path, when it is no finite number.
    """
    if not is_plain(x):
        raise ValueError(f"{path}: a number expected, not {type(x).__name__} {shown(x)}")
    if not is_finite(x):
        raise ValueError(f"{path}: {shown(x)} is not a finite number")
    return float(x)
