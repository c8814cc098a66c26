"""Structures of numbers: what functions take and give.

A structure is one number, or a list, tuple, named tuple, dict, dataclass or array of structures;
`register` adds a type of your own. Parts have an order: of elements, of insertion, of fields.

>>> flatten({"w": [1.0, (2.0, 3.0)], "b": 4.0})
[1.0, 2.0, 3.0, 4.0]
>>> rebuild({"w": [1.0, (2.0, 3.0)], "b": 4.0}, iter("xyz?"))
{'w': ['x', ('y', 'z')], 'b': '?'}
>>> paths({"w": [1.0, (2.0, 3.0)], "b": 4.0})
["['w'][0]", "['w'][1][0]", "['w'][1][1]", "['b']"]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import fields, is_dataclass
from operator import getitem
from typing import Any, NamedTuple

from autograd.messages import shown

PLAIN = frozenset((float, int))  # what a list may hold so that no element is looked at
SCALAR_TYPES: set[type] = {float, int}  # of what is surely one number; `value` adds Value
NUMPY = "numpy"


class Kind(NamedTuple):
    """How structures of one kind are taken apart and put together: a row of the table below.

    Attributes: `spell`, how a message calls the part of a key; `parts` and `keys` of a structure;
    `part` of a structure and a key; `filled`, a structure like another one with other parts,
    whatever they are; `matches`, whether another object has the structure of the first.
    """

    spell: str
    parts: Callable[[Any], list[Any]]
    keys: Callable[[Any], list[Any]]
    part: Callable[[Any, Any], Any]
    filled: Callable[[Any, list[Any]], Any]
    matches: Callable[[Any, Any], bool]


class Step(NamedTuple):
    """From a structure to one of its parts: by its place, its key, or the name of a field."""

    key: Any
    kind: Kind

    def of(self, x: Any) -> Any:
        """Return that part of another structure, which may hold anything."""
        return self.kind.part(x, self.key)

    def __str__(self) -> str:
        keys = self.key if self.kind is ARRAY else (self.key,)
        return "".join(map(self.kind.spell.format, keys))


def list_filled(x: Any, parts: list[Any]) -> Any:
    """Return a list; a subclass of list stays one."""
    if type(x) is list or not isinstance(x, list):
        return parts
    out = copy(x)
    out[:] = parts
    return out


def tuple_filled(x: Any, parts: list[Any]) -> Any:
    """Return a tuple; a subclass of tuple that can be made of its elements stays one."""
    return tuple(parts) if type(x) is tuple else type(x)(parts)


def dict_filled(x: Any, parts: list[Any]) -> Any:
    """Return a dict with the keys of x, in its order; a subclass of dict stays one."""
    out = {} if type(x) is dict else copy(x)
    out.update(zip(x, parts))
    return out


def array_parts(x: Any) -> list[Any]:
    """Return the elements of an array, whatever the number of its axes."""
    numpy = sys.modules[NUMPY]
    if type(x) is not numpy.ndarray and isinstance(x, numpy.ma.MaskedArray):
        raise TypeError(
            f"{shown(x)} is a masked array, and what is masked is no number; pass x.filled(0.0)"
        )
    found: list[Any] = numpy.asarray(x).reshape(-1).tolist()
    return found


def array_of(like: Any, parts: Sequence[Any]) -> Any:
    """Return an array of the shape of another one that holds the given parts.

    It is of floats where they are, else of complex numbers or of objects.
    """
    numpy = sys.modules[NUMPY]
    out = numpy.empty_like(like, dtype=type_for(parts), order="C")
    flat = out.reshape(-1) if type(out) is numpy.ndarray else out.flat
    if out.dtype == object:
        for i, part in enumerate(parts):  # one by one: a part may be a sequence
            flat[i] = part
    else:
        flat[:] = parts
    return out


def type_for(parts: Sequence[Any]) -> Any:
    """Return the type of an array of some parts: float or complex where it loses nothing."""
    kinds = set(map(type, parts))
    for plain in (float, complex) if kinds else (float,):
        if all(issubclass(kind, (int, plain)) for kind in kinds):
            return plain
    return object


# Dataclasses have the parts that their constructor takes, but for fields that are marked by
# `metadata={"static": True}`. An argument is made by the constructor, so that `__post_init__`
# computes from it what it computes. A derivative is not, for it need not be what `__post_init__`
# expects; fields that only that one sets are None.


def field_names(x: Any) -> list[str]:
    """Return the names of the fields of a dataclass that are its parts."""
    return [f.name for f in fields(x) if f.init and not f.metadata.get("static", False)]


def dataclass_filled(x: Any, parts: list[Any]) -> Any:
    """Return a dataclass with other parts, without a call of its constructor."""
    out = object.__new__(type(x))
    kept = [getattr(x, field.name) if field.init else None for field in fields(x)]
    with_fields(out, [field.name for field in fields(x)], kept)
    return with_fields(out, field_names(x), parts)


def constructed(x: Any, parts: list[Any]) -> Any:
    """Return the dataclass that the constructor makes of other parts."""
    names = field_names(x)
    static = [field.name for field in fields(x) if field.init and field.name not in names]
    kept = {name: getattr(x, name) for name in static}
    return type(x)(**kept, **dict(zip(names, parts)))


def with_fields(x: Any, names: Iterable[str], parts: Iterable[Any]) -> Any:
    """Set fields of a dataclass, frozen or not, and return it."""
    for name, part in zip(names, parts):
        object.__setattr__(x, name, part)
    return x


def places(x: Any) -> list[int]:
    """Return the places of the elements of a sequence."""
    return list(range(len(x)))


def same_length(x: Any, other: Any) -> bool:
    """Tell whether another sequence is as long; a list, a tuple and an array are alike here."""
    return kind_of(other) in SEQUENCES and len(x) == len(other)


def same_names(x: Any, other: Any) -> bool:
    """Tell whether another tuple has the same fields; a plain one may have them by its length."""
    return same_length(x, other) and getattr(other, "_fields", x._fields) == x._fields


def same_shape(x: Any, other: Any) -> bool:
    """Tell whether an array, or nested lists, may have the shape of an array."""
    return same_length(x, other) and getattr(other, "shape", x.shape) == x.shape


def same_keys(x: Any, other: Any) -> bool:
    """Tell whether another dict has the same keys, in any order."""
    return kind_of(other) is DICT and x.keys() == other.keys()


def same_type(x: Any, other: Any) -> bool:
    """Tell whether two dataclasses are of the same type."""
    return type(x) is type(other)


def nd_indexes(x: Any) -> list[Any]:
    """Return the indexes of the elements of an array."""
    return list(sys.modules[NUMPY].ndindex(x.shape))


# fmt: off
LIST        = Kind("[{!r}]", list, places, getitem, list_filled, same_length)
TUPLE       = Kind("[{!r}]", list, places, getitem, tuple_filled, same_length)
ARRAY       = Kind("[{!r}]", array_parts, nd_indexes, getitem, array_of, same_shape)
DICT        = Kind("[{!r}]", lambda x: list(x.values()), list, getitem, dict_filled, same_keys)
NAMED_TUPLE = Kind(".{}", list, lambda x: list(x._fields), getattr,
                   lambda x, parts: x._make(parts), same_names)
DATACLASS   = Kind(".{}", lambda x: [getattr(x, name) for name in field_names(x)], field_names,
                   getattr, dataclass_filled, same_type)
# fmt: on
SEQUENCES = (LIST, TUPLE, ARRAY, NAMED_TUPLE)
REGISTERED: dict[type, Kind] = {}
NO_STRUCTURES = (str, bytes, bytearray, set, frozenset, type)  # though they have a length


def register(
    type: type,
    flatten: Callable[[Any], tuple[Iterable[Any], Any]],
    unflatten: Callable[[Any, list[Any]], Any],
) -> None:
    """Make objects of a type structures, whose parts are numbers or structures in their turn.

    The functions are those that `jax.tree_util.register_pytree_node` takes. Parts may be numbers,
    Values, arrays or anything else, as in a batch, or a gradient: `unflatten` must not convert
    them. Objects of subclasses are not meant; a type that is registered again has the new
    functions.

    Args:
        type: the class.
        flatten: of an object, to the sequence of its parts, and all else that makes it what it is.
        unflatten: of that rest and a list of other parts, to an object.
    Raises: TypeError: the type is none, or one whose structure is known, such as a dict.

    >>> class Line:
    ...     def __init__(self, slope, offset):
    ...         self.slope, self.offset = slope, offset
    >>> register(Line, lambda x: ((x.slope, x.offset), None), lambda rest, parts: Line(*parts))
    >>> from autograd import grad
    >>> grad(lambda line: line.slope * 3.0 + line.offset)(Line(2.0, 1.0)).slope
    3.0
    """
    if not isinstance(type, CLASS):
        raise TypeError(f"register takes a type, not {shown(type)}")
    if type.__module__ in ("builtins", NUMPY) or hasattr(type, "record"):
        raise TypeError(f"{type.__name__} cannot be registered: what it is to us is fixed")
    if not (callable(flatten) and callable(unflatten)):
        raise TypeError("register takes a type and two functions: flatten and unflatten")

    def parts(x: Any) -> list[Any]:
        return list(flatten(x)[0])

    REGISTERED[type] = Kind(
        " part {}",
        parts,
        keys=lambda x: places(parts(x)),
        part=lambda x, key: parts(x)[key],
        filled=lambda x, parts: unflatten(flatten(x)[1], parts),
        matches=lambda x, other: same_type(x, other) and len(parts(x)) == len(parts(other)),
    )


CLASS = type


def kind_of(x: Any) -> Kind | None:
    """Return how a structure is taken apart; None for one number, and what should be one."""
    kind = REGISTERED.get(type(x))
    if kind or type(x) in SCALAR_TYPES:
        return kind
    if type(x) is list:
        return LIST
    if isinstance(x, dict):  # first, for its attributes may be its keys
        return DICT
    if hasattr(x, "record") or isinstance(x, NO_STRUCTURES):
        return None
    if is_dataclass(x):
        return DATACLASS
    if isinstance(x, tuple):
        return NAMED_TUPLE if hasattr(x, "_fields") else TUPLE
    if not hasattr(x, "__len__") or not hasattr(x, "__iter__") or hasattr(x, "keys") or is_0d(x):
        return None
    return ARRAY if type(x).__module__ == NUMPY or is_subclassed_array(x) else LIST


def is_subclassed_array(x: Any) -> bool:
    """Tell whether x is an array of a subclass of NumPy's, such as a matrix."""
    numpy = sys.modules.get(NUMPY)
    return numpy is not None and isinstance(x, numpy.ndarray)


def is_scalar(x: Any) -> bool:
    """Tell whether x is one number or Value, or something that `Value` will refuse by name."""
    return kind_of(x) is None


def is_0d(x: Any) -> bool:
    """Tell whether x is a NumPy scalar or an array without dimensions."""
    return getattr(x, "ndim", None) == 0


def scalar_of(x: Any) -> Any:
    """Return a scalar as it is, but what is in an array without dimensions."""
    return x.item() if is_0d(x) and type(x).__module__ == NUMPY else x


def is_array(x: Any) -> bool:
    """Tell whether x is an array of NumPy's with an axis."""
    return kind_of(x) is ARRAY


def steps(x: Any) -> list[Step]:
    """Return the ways from a structure to its parts."""
    kind = kind_of(x)
    return [Step(key, kind) for key in kind.keys(x)] if kind else []


def parts(x: Any) -> list[Any]:
    """Return the parts of a structure, none of a number."""
    kind = kind_of(x)
    return kind.parts(x) if kind else []


def flatten(x: Any) -> list[Any]:
    """Return the scalars of a structure, in order."""
    kind = kind_of(x)
    if kind is None:
        return [scalar_of(x)]
    found = kind.parts(x)
    if SCALAR_TYPES.issuperset(map(type, found)):
        return found
    return [scalar for part in found for scalar in flatten(part)]


def filled(x: Any, parts: list[Any]) -> Any:
    """Return a structure like x with other parts, whatever they are."""
    kind = kind_of(x)
    return kind.filled(x, parts) if kind else x


def rebuild(x: Any, scalars: Iterator[Any]) -> Any:
    """Return a structure like x that holds the given scalars, such as its derivative."""
    kind = kind_of(x)
    if kind is None:
        return next(scalars)
    return kind.filled(x, [rebuild(part, scalars) for part in kind.parts(x)])


def remade(x: Any, scalars: Iterator[Any]) -> Any:
    """Return the argument that has the given scalars in the place of those of x."""
    kind = kind_of(x)
    if kind is None:
        return next(scalars)
    return with_parts(x, [remade(part, scalars) for part in kind.parts(x)])


def with_parts(x: Any, new: list[Any]) -> Any:
    """Return the argument that has other parts in the place of those of x."""
    kind = kind_of(x)
    if kind is None:
        return x
    return constructed(x, new) if kind is DATACLASS else kind.filled(x, new)


def replaced(x: Any, change: Callable[[Any], Any]) -> Any:
    """Return x with each of its scalars changed; what holds none that change is left as it is."""
    kind = kind_of(x)
    if kind is None:
        return change(scalar_of(x))
    names = [field.name for field in fields(x)] if kind is DATACLASS else []
    old = [getattr(x, name) for name in names] or kind.parts(x)
    new = [replaced(part, change) for part in old]
    if all(a is b for a, b in zip(old, new)):
        return x
    return with_fields(copy(x), names, new) if names else kind.filled(x, new)


def paths(x: Any) -> list[str]:
    """Return how a message calls each scalar: how it is reached from the whole."""
    return [f"{step}{path}" for step, part in zip(steps(x), parts(x)) for path in paths(part)] or (
        [] if kind_of(x) else [""]
    )


def aligned(what: str, x: Any, like: Any, place: str = "") -> list[Any]:
    """Return the scalars of x in the order of a structure that it has to have.

    A list, a tuple and an array are alike here, and dicts by their keys.

    Raises: ValueError: it has another structure; the message says where, and names what was passed.
    """
    kind = kind_of(like)
    if kind is None:
        if not is_scalar(x):
            raise ValueError(f"{what}{place} is {described(x)}, where one number belongs")
        return flatten(x)
    if is_scalar(x) or not kind.matches(like, x):
        raise ValueError(f"{what}{place} is {described(x)}, where {described(like)} belongs")
    if kind is ARRAY and kind_of(x) is ARRAY:
        return flatten(x)
    if kind in SEQUENCES:
        return [
            scalar
            for i, (own, part) in enumerate(zip(like, x))
            for scalar in aligned(what, part, own, f"{place}[{i}]")
        ]
    return [
        scalar
        for step, own in zip(steps(like), kind.parts(like))
        for scalar in aligned(what, step.of(x), own, f"{place}{step}")
    ]


def described(x: Any) -> str:
    """Return what a message says of the structure of x: its type, and its keys or its size."""
    kind = kind_of(x)
    name = f"{'an' if type(x).__name__[0] in 'aeiouAEIOU' else 'a'} {type(x).__name__}"
    if kind is None:
        return f"the {type(x).__name__} {shown(x)}"
    if kind is ARRAY:
        return f"an array of shape {x.shape}"
    if kind is DICT:
        return f"{name} with the keys {shown(list(x))}"
    return name if kind is DATACLASS else f"{name} of {len(kind.parts(x))}"


def alike(x: Any, y: Any) -> bool:
    """Tell whether two structures have the same types, keys in their order, and scalars."""
    kind = kind_of(x)
    if type(x) is not type(y) or kind is not kind_of(y):
        return False
    if kind is None:
        return bool(x == y)
    own = kind.parts(x)
    other = kind.parts(y)
    same = len(own) == len(other) and kind.keys(x) == kind.keys(y)
    return same and all(map(alike, own, other))


def regular_shape(x: Any) -> tuple[int, ...] | None:
    """Return the shape of lists, tuples and arrays of scalars; () of one, None of all else.

    >>> regular_shape([[1.0, 2.0]]), regular_shape([1.0, [2.0]]), regular_shape({"w": 1.0})
    ((1, 2), None, None)
    """
    kind = kind_of(x)
    if kind is None:
        return ()
    if kind is ARRAY and x.dtype != object:
        return tuple(x.shape)
    if kind not in (LIST, TUPLE, ARRAY):
        return None
    if SCALAR_TYPES.issuperset(map(type, x)):
        return (len(x),)
    shapes = {regular_shape(part) for part in x}
    if not shapes:
        return (0,)
    inner = shapes.pop()
    return None if shapes or inner is None else (len(x), *inner)
