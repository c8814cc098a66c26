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

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from fractions import Fraction
from itertools import chain, repeat
from operator import is_
from sys import float_info
from types import FunctionType
from typing import Any, NamedTuple, Protocol, Self, TypeGuard, TypeVar

from autograd import Primitive, Value
from autograd.atomic import set_attributes
from autograd.messages import shown
from autograd.structures import REGISTERED, is_array, steps
from autograd.structures import parts as structure_parts
from autograd.value import write_data

M = TypeVar("M", bound="Module")

# Names in a message.
MAX_NAMES_SHOWN = 3
HOLDING_NOTHING = frozenset((Value, Primitive, FunctionType, str, int, float, bool, type(None)))
FLOATS_ONLY = frozenset((float,))


class Network(Protocol):
    """What can be trained: called on the inputs of a sample, it gives outputs by parameters."""

    def __call__(self, x: Any, /) -> Any:
        """Return the outputs for the inputs of a sample."""

    def parameters(self) -> Sequence[Value]:
        """Return what is learned."""


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

    __slots__ = ("__dict__", "__weakref__", "_found")
    training: bool = True
    # What was found the last time; no attribute in which to look for parameters.
    _found: Found

    def parameters(self) -> list[Value]:
        """Return all parameters, each once, in the order of the attributes."""
        found = getattr(self, "_found", None)
        if found is None or not found.is_current(self):
            found = self._found = found_in(self)
        return found.parameters.copy()

    def __getstate__(self) -> dict[str, Any]:
        return vars(self)

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return (path, parameter) pairs, in the order of `parameters`.

        >>> from nn import Layer
        >>> [path for path, _ in Layer(1, 2).named_parameters()]
        ['neurons.0.w.0', 'neurons.0.b', 'neurons.1.w.0', 'neurons.1.b']
        """
        # A parameter that is shared has the first of its names.
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
        state: dict[str, float | list[float]] = {}
        for path, found in groups(self):
            if isinstance(found, list):
                state[path] = [float(value.data) for value in found]
            else:
                state[path] = float(found.data)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set all parameters from what `state_dict` returned; all of them, or none.

        Raises: ValueError when a path is missing or unexpected, a length differs, or an entry is
            no finite number; the message names the path. Nothing has been written then.
        """
        # All is checked before anything is written.
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

    def train(self) -> Self:
        """Record from now on, also when called on plain numbers; return self."""
        return set_training(self, True)

    def eval(self) -> Self:
        """Compute on numbers when called on numbers from now on: several times faster."""
        return set_training(self, False)

    def _repr_mimebundle_(self, *_: object, **__: object) -> dict[str, str]:
        # Only a picture needs it.
        from nn.figures import mimebundle

        return mimebundle(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {len(self.parameters())} parameters"


def parts(x: object) -> Iterator[tuple[str, Any]]:
    """Yield the (name, object) pairs in which a module or container may hold parameters."""
    if isinstance(x, Module):
        yield from vars(x).items()
    elif isinstance(x, (list, tuple)) or is_object_array(x):
        yield from ((str(i), part) for i, part in enumerate(x))
    elif isinstance(x, dict) or is_dataclass(x) or type(x) in REGISTERED:
        yield from zip((str(step.key) for step in steps(x)), structure_parts(x))


class Found(NamedTuple):
    """The parameters of a module, and what tells whether they still are.

    A loop in micrograd's style asks for the parameters twice in every step. To compare what all
    containers hold with what they held takes a quarter of the time of a search.

    Attributes: `containers`, those that were looked into: lists, and the values of attributes and
    dicts, which are as they are now; `sizes` and `contents`, how they were when it was searched;
    `modules` below the first, and the dicts of `attributes` of all; `registered`, how many types
    were, or -1 where a container makes its contents anew.
    """

    parameters: list[Value]
    containers: list[Collection[Any]]
    sizes: list[int]
    contents: list[Any]
    modules: list[Module]
    attributes: list[dict[str, Any]]
    registered: int

    def is_current(self, root: Module) -> bool:
        """Tell whether every container holds just the same objects."""
        return (
            self.registered == len(REGISTERED)
            and all(map(is_, map(vars, chain((root,), self.modules)), self.attributes))
            and list(map(len, self.containers)) == self.sizes
            and all(map(is_, chain.from_iterable(self.containers), self.contents))
        )


def found_in(root: Module) -> Found:
    """Return all parameters, each once, in the order of `expanded`, which makes their paths."""
    found: list[Value] = []
    containers: list[Collection[Any]] = []
    # See `walk` for why objects are kept.
    seen: dict[int, Any] = {}
    lasting = True
    stack: list[Any] = [root]
    while stack:
        x = stack.pop()
        if isinstance(x, Value):
            found.append(x)
        elif type(x) not in HOLDING_NOTHING and id(x) not in seen:
            seen[id(x)] = x
            inside = contents(x)
            # Others may make their contents anew whenever asked, so identity tells nothing.
            lasting = lasting and (isinstance(x, Module | list | tuple | dict) or not inside)
            containers.append(inside)
            stack += reversed(list(inside))
    modules = [x for x in seen.values() if isinstance(x, Module)]
    return Found(
        list(dict.fromkeys(value for value in found if value.op is None)),
        containers,
        list(map(len, containers)),
        list(chain.from_iterable(containers)),
        # The first keeps this: without a cycle it goes with its last reference.
        modules[1:],
        list(map(vars, modules)),
        len(REGISTERED) if lasting else -1,
    )


def contents(x: object) -> Collection[Any]:
    """Return the objects of `parts`, without their names; if possible as they are at any time."""
    if isinstance(x, Module):
        return vars(x).values()
    if isinstance(x, dict):
        return x.values()
    if isinstance(x, (list, tuple)):
        return x
    if is_object_array(x):
        return list(x)
    return structure_parts(x) if is_dataclass(x) or type(x) in REGISTERED else ()


def zeros_like(parameters: list[Value]) -> list[Any]:
    """Return a zero for each parameter, exact for a Fraction."""
    numbers = [p._data for p in parameters]
    # Nearly always, and then without a look at each.
    if FLOATS_ONLY.issuperset(map(type, numbers)):
        return [0.0] * len(numbers)
    return [x * 0 if isinstance(x, Fraction) else 0.0 for x in numbers]


def is_object_array(x: Any) -> TypeGuard[Sequence[object]]:
    """Tell whether x is an array that may hold Values."""
    return type(x).__module__ == "numpy" and is_array(x) and x.dtype == object


def is_parameter(x: object) -> TypeGuard[Value]:
    """Tell whether x is a Value that was not computed from others."""
    return isinstance(x, Value) and x.op is None


def walk(root: Module) -> Iterator[tuple[str, Any]]:
    """Yield (path, object) for the module and all it holds, each once, in order; no recursion.

    A list of parameters is yielded as such and not entered: it is one entry of a state.
    """
    # It keeps the objects: an id is good while its object lives.
    seen: dict[int, Any] = {}
    stack: list[tuple[str, Any]] = [("", root)]
    while stack:
        path, found = stack.pop()
        if id(found) in seen and not isinstance(found, (int, str)):
            # Shared, or a cycle.
            continue
        seen[id(found)] = found
        yield path, found
        if type(found) not in HOLDING_NOTHING and not is_parameter_list(found):
            inside = [(f"{path}.{name}" if path else name, part) for name, part in parts(found)]
            stack.extend(reversed(inside))


def is_parameter_list(x: object) -> TypeGuard[Sequence[Value]]:
    """Tell whether x is a list, tuple or array of parameters only."""
    if not (isinstance(x, (list, tuple)) or is_object_array(x)):
        return False
    return len(x) > 0 and all(map(is_parameter, x))


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


def set_training(root: M, training: bool) -> M:
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


def pairs(path: str, found: Value | list[Value], entry: object) -> list[tuple[Value, float]]:
    """Return each parameter of a group with its number from a state, checked."""
    if not isinstance(found, list):
        return [(found, checked(path, entry))]
    if not isinstance(entry, (list, tuple)):
        raise ValueError(f"{path}: {len(found)} numbers expected, not {type(entry).__name__}")
    if len(entry) != len(found):
        raise ValueError(f"{path}: {len(found)} numbers expected, the state has {len(entry)}")
    return [(value, checked(f"{path}.{i}", x)) for i, (value, x) in enumerate(zip(found, entry))]


def is_plain(x: object) -> TypeGuard[int | float]:
    """Tell whether x is an int or a float, and no bool."""
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def is_finite(x: float) -> bool:
    """Tell whether a number is finite as a float; `math.isfinite` fails for a huge int."""
    return bool(-float_info.max <= x <= float_info.max)


def checked(path: str, x: object) -> float:
    """Return an entry of a state as a float.

    Raises: ValueError, with the path, when it is no finite number.
    """
    if not is_plain(x):
        raise ValueError(f"{path}: a number expected, not {type(x).__name__} {shown(x)}")
    if not is_finite(x):
        raise ValueError(f"{path}: {shown(x)} is not a finite number")
    return float(x)
