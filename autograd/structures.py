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
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from copy import copy
from dataclasses import fields, is_dataclass
from operator import getitem
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.messages import shown

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from numpy import ndarray

    Array = ndarray[Any, Any]

Parts = list[Any]
Keys = list[Any]
Scalars = list[Any]

# What a list may hold so that no element is looked at; and what is surely one number, to which
# `value` adds Value.
PLAIN = frozenset((float, int))
SCALAR_TYPES: set[type] = {float, int}
NUMPY = "numpy"


class Kind(NamedTuple):
    """How structures of one kind are taken apart and put together: a row of the table below.

    Attributes: `spell`, how a message calls the part of a key; `parts` and `keys` of a structure;
    `part` of a structure and a key; `filled`, a structure like another one with other parts,
    whatever they are; `matches`, whether another object has the structure of the first.
    """

    spell: str
    parts: Callable[[Any], Parts]
    keys: Callable[[Any], Keys]
    part: Callable[[Any, Any], Any]
    filled: Callable[[Any, Parts], Any]
    matches: Callable[[Any, Any], bool]


class Step(NamedTuple):
    """From a structure to one of its parts: by its place, its key, or the name of a field."""

    key: Any
    kind: Kind

    def of(self, x: object) -> Any:
        """Return that part of another structure, which may hold anything."""
        return self.kind.part(x, self.key)

    def __str__(self) -> str:
        spell = self.kind.spell.format
        if self.kind is not ARRAY:
            return spell(self.key)
        return "".join(map(spell, self.key))


def list_filled(x: object, parts: Parts) -> Any:
    """Return a list; a subclass of list stays one."""
    if type(x) is list or not isinstance(x, list):
        return parts
    out = copy(x)
    out[:] = parts
    return out


def tuple_filled(x: tuple[Any, ...], parts: Parts) -> Any:
    """Return a tuple; a subclass of tuple that can be made of its elements stays one."""
    if type(x) is tuple:
        return tuple(parts)
    return type(x)(parts)


def dict_parts(x: dict[Any, Any]) -> Parts:
    """Return the values of a dict, in its order."""
    return list(x.values())


def dict_filled(x: dict[Any, Any], parts: Parts) -> Any:
    """Return a dict with the keys of x, in its order; a subclass of dict stays one."""
    out = {} if type(x) is dict else copy(x)
    out.update(zip(x, parts))
    return out


def names_of(x: Any) -> list[str]:
    """Return the names of the fields of a named tuple."""
    return list(x._fields)


def named_tuple_filled(x: Any, parts: Parts) -> Any:
    """Return a named tuple of the same type."""
    return x._make(parts)


def array_parts(x: Array) -> Parts:
    """Return the elements of an array, whatever the number of its axes."""
    numpy = sys.modules[NUMPY]
    # The usual type first: NumPy loads its masked arrays when they are asked for.
    if type(x) is not numpy.ndarray and isinstance(x, numpy.ma.MaskedArray):
        raise TypeError(
            f"{shown(x)} is a masked array, and what is masked is no number; pass x.filled(0.0)"
        )
    flat = numpy.asarray(x).reshape(-1)
    found: Parts = flat.tolist()
    return found


def array_of(like: Array, parts: Sequence[Any]) -> Any:
    """Return an array of the shape of another one that holds the given parts.

    It is of floats where they are, else of complex numbers or of objects.
    """
    numpy = sys.modules[NUMPY]
    out = numpy.empty_like(like, dtype=type_for(parts), order="C")
    # A matrix of NumPy's has two axes, however it is reshaped.
    flat = out.reshape(-1) if type(out) is numpy.ndarray else out.flat
    if out.dtype == object:
        # One by one: a part may be a sequence.
        for i, part in enumerate(parts):
            flat[i] = part
    else:
        flat[:] = parts
    return out


def type_for(parts: Sequence[Any]) -> Any:
    """Return the type of an array of some parts: float or complex where it loses nothing."""
    kinds = set(map(type, parts))
    for plain in (float, complex):
        allowed = (int, plain)
        if all(issubclass(kind, allowed) for kind in kinds):
            return plain
    return object


# Dataclasses have the parts that their constructor takes, but for fields that are marked by
# `metadata={"static": True}`. An argument is made by the constructor, so that `__post_init__`
# computes from it what it computes. A derivative is not, for it need not be what `__post_init__`
# expects; fields that only that one sets are None.


def field_names(x: DataclassInstance) -> list[str]:
    """Return the names of the fields of a dataclass that are its parts."""
    found = []
    for field in fields(x):
        is_static = field.metadata.get("static", False)
        if field.init and not is_static:
            found.append(field.name)
    return found


def field_values(x: DataclassInstance) -> Parts:
    """Return the parts of a dataclass."""
    return [getattr(x, name) for name in field_names(x)]


def dataclass_filled(x: DataclassInstance, parts: Parts) -> Any:
    """Return a dataclass with other parts, without a call of its constructor."""
    out = object.__new__(type(x))
    for field in fields(x):
        kept = getattr(x, field.name) if field.init else None
        object.__setattr__(out, field.name, kept)
    return with_fields(out, field_names(x), parts)


def constructed(x: DataclassInstance, parts: Parts) -> Any:
    """Return the dataclass that the constructor makes of other parts."""
    names = field_names(x)
    settings = dict(zip(names, parts))
    for field in fields(x):
        if field.init and field.name not in names:
            settings[field.name] = getattr(x, field.name)
    return type(x)(**settings)


def with_fields(x: object, names: Iterable[str], parts: Iterable[Any]) -> Any:
    """Set fields of a dataclass, frozen or not, and return it."""
    for name, part in zip(names, parts):
        object.__setattr__(x, name, part)
    return x


def places(x: Sized) -> list[int]:
    """Return the places of the elements of a sequence."""
    return list(range(len(x)))


def same_length(x: Sized, other: Any) -> bool:
    """Tell whether another sequence is as long; a list, a tuple and an array are alike here."""
    return kind_of(other) in SEQUENCES and len(x) == len(other)


def same_names(x: Any, other: object) -> bool:
    """Tell whether another tuple has the same fields; a plain one may have them by its length."""
    names = getattr(other, "_fields", x._fields)
    return same_length(x, other) and names == x._fields


def same_shape(x: Array, other: object) -> bool:
    """Tell whether an array, or nested lists, may have the shape of an array."""
    shape = getattr(other, "shape", x.shape)
    return same_length(x, other) and shape == x.shape


def same_keys(x: dict[Any, Any], other: Any) -> bool:
    """Tell whether another dict has the same keys, in any order."""
    return kind_of(other) is DICT and x.keys() == other.keys()


def same_type(x: object, other: object) -> bool:
    """Tell whether two dataclasses are of the same type."""
    return type(x) is type(other)


def nd_indexes(x: Array) -> Keys:
    """Return the indexes of the elements of an array."""
    numpy = sys.modules[NUMPY]
    return list(numpy.ndindex(x.shape))


# fmt: off
LIST        = Kind("[{!r}]", list, places, getitem, list_filled, same_length)
TUPLE       = Kind("[{!r}]", list, places, getitem, tuple_filled, same_length)
ARRAY       = Kind("[{!r}]", array_parts, nd_indexes, getitem, array_of, same_shape)
DICT        = Kind("[{!r}]", dict_parts, list, getitem, dict_filled, same_keys)
NAMED_TUPLE = Kind(".{}", list, names_of, getattr, named_tuple_filled, same_names)
DATACLASS   = Kind(".{}", field_values, field_names, getattr, dataclass_filled, same_type)
# fmt: on
SEQUENCES = (LIST, TUPLE, ARRAY, NAMED_TUPLE)
REGISTERED: dict[type, Kind] = {}
# Though they have a length.
NO_STRUCTURES = (str, bytes, bytearray, set, frozenset, type)


def register(
    type: type,
    flatten: Callable[[Any], tuple[Iterable[Any], Any]],
    unflatten: Callable[[Any, Parts], Any],
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
    is_known = type.__module__ in ("builtins", NUMPY) or hasattr(type, "record")
    if is_known:
        raise TypeError(f"{type.__name__} cannot be registered: what it is to us is fixed")
    if not (callable(flatten) and callable(unflatten)):
        raise TypeError("register takes a type and two functions: flatten and unflatten")

    def parts(x: object) -> Parts:
        found, _ = flatten(x)
        return list(found)

    def keys(x: object) -> list[int]:
        return places(parts(x))

    def part(x: object, key: int) -> Any:
        return parts(x)[key]

    def filled(x: object, parts: Parts) -> Any:
        _, rest = flatten(x)
        return unflatten(rest, parts)

    def matches(x: object, other: object) -> bool:
        return same_type(x, other) and len(parts(x)) == len(parts(other))

    REGISTERED[type] = Kind(" part {}", parts, keys, part, filled, matches)


CLASS = type


def kind_of(x: object) -> Kind | None:
    """Return how a structure is taken apart; None for one number, and what should be one."""
    kind = REGISTERED.get(type(x))
    if kind or type(x) in SCALAR_TYPES:
        return kind
    if type(x) is list:
        return LIST
    # Before attributes are asked for, which may be its keys.
    if isinstance(x, dict):
        return DICT
    if hasattr(x, "record") or isinstance(x, NO_STRUCTURES):
        return None
    if is_dataclass(x):
        return DATACLASS
    if isinstance(x, tuple):
        return NAMED_TUPLE if hasattr(x, "_fields") else TUPLE
    is_sequence = hasattr(x, "__len__") and hasattr(x, "__iter__") and not hasattr(x, "keys")
    if not is_sequence or is_0d(x):
        return None
    if type(x).__module__ == NUMPY or is_subclassed_array(x):
        return ARRAY
    return LIST


def is_subclassed_array(x: object) -> bool:
    """Tell whether x is an array of a subclass of NumPy's, such as a matrix."""
    numpy = sys.modules.get(NUMPY)
    return numpy is not None and isinstance(x, numpy.ndarray)


def is_scalar(x: object) -> bool:
    """Tell whether x is one number or Value, or something that `Value` will refuse by name."""
    return kind_of(x) is None


def is_0d(x: object) -> bool:
    """Tell whether x is a NumPy scalar or an array without dimensions."""
    return getattr(x, "ndim", None) == 0


def scalar_of(x: Any) -> Any:
    """Return a scalar as it is, but what is in an array without dimensions."""
    if is_0d(x) and type(x).__module__ == NUMPY:
        return x.item()
    return x


def is_array(x: object) -> bool:
    """Tell whether x is an array of NumPy's with an axis."""
    return kind_of(x) is ARRAY


def steps(x: object) -> list[Step]:
    """Return the ways from a structure to its parts."""
    kind = kind_of(x)
    if kind is None:
        return []
    return [Step(key, kind) for key in kind.keys(x)]


def parts(x: object) -> Parts:
    """Return the parts of a structure, none of a number."""
    kind = kind_of(x)
    return kind.parts(x) if kind else []


def flatten(x: object) -> Scalars:
    """Return the scalars of a structure, in order."""
    kind = kind_of(x)
    if kind is None:
        return [scalar_of(x)]
    parts = kind.parts(x)
    if SCALAR_TYPES.issuperset(map(type, parts)):
        return parts
    found = []
    for part in parts:
        found += flatten(part)
    return found


def filled(x: object, parts: Parts) -> Any:
    """Return a structure like x with other parts, whatever they are."""
    kind = kind_of(x)
    return kind.filled(x, parts) if kind else x


def rebuild(x: object, scalars: Iterator[Any]) -> Any:
    """Return a structure like x that holds the given scalars, such as its derivative."""
    kind = kind_of(x)
    if kind is None:
        return next(scalars)
    new = [rebuild(part, scalars) for part in kind.parts(x)]
    return kind.filled(x, new)


def remade(x: object, scalars: Iterator[Any]) -> Any:
    """Return the argument that has the given scalars in the place of those of x."""
    kind = kind_of(x)
    if kind is None:
        return next(scalars)
    new = [remade(part, scalars) for part in kind.parts(x)]
    return with_parts(x, new)


def with_parts(x: Any, new: Parts) -> Any:
    """Return the argument that has other parts in the place of those of x."""
    kind = kind_of(x)
    if kind is None:
        return x
    if kind is DATACLASS:
        return constructed(x, new)
    return kind.filled(x, new)


def replaced(x: Any, change: Callable[[Any], Any]) -> Any:
    """Return x with each of its scalars changed; what holds none that change is left as it is."""
    kind = kind_of(x)
    if kind is None:
        return change(scalar_of(x))
    # Of a dataclass all fields, also those that its constructor does not take.
    names = [field.name for field in fields(x)] if kind is DATACLASS else []
    old = [getattr(x, name) for name in names] or kind.parts(x)
    new = [replaced(part, change) for part in old]
    unchanged = all(a is b for a, b in zip(old, new))
    if unchanged:
        return x
    if names:
        return with_fields(copy(x), names, new)
    return kind.filled(x, new)


def paths(x: object) -> list[str]:
    """Return how a message calls each scalar: how it is reached from the whole."""
    if is_scalar(x):
        return [""]
    found = []
    ways = zip(steps(x), parts(x))
    for step, part in ways:
        inner = paths(part)
        found += [f"{step}{path}" for path in inner]
    return found


def aligned(what: str, x: Any, like: Any, place: str = "") -> Scalars:
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
    # Of two arrays of one shape nothing more has to be compared.
    if kind is ARRAY and kind_of(x) is ARRAY:
        return flatten(x)
    found = []
    if kind in SEQUENCES:
        for i, (own, part) in enumerate(zip(like, x)):
            found += aligned(what, part, own, f"{place}[{i}]")
        return found
    # By keys, for those of a dict may stand in another order.
    ways = zip(steps(like), kind.parts(like))
    for step, own in ways:
        part = step.of(x)
        found += aligned(what, part, own, f"{place}{step}")
    return found


def described(x: Any) -> str:
    """Return what a message says of the structure of x: its type, and its keys or its size."""
    kind = kind_of(x)
    type_name = type(x).__name__
    if kind is None:
        return f"the {type_name} {shown(x)}"
    if kind is ARRAY:
        return f"an array of shape {x.shape}"

    article = "an" if type_name[0] in "aeiouAEIOU" else "a"
    if kind is DICT:
        return f"{article} {type_name} with the keys {shown(list(x))}"
    if kind is DATACLASS:
        return f"{article} {type_name}"
    return f"{article} {type_name} of {len(kind.parts(x))}"


def alike(x: object, y: object) -> bool:
    """Tell whether two structures have the same types, keys in their order, and scalars."""
    kind = kind_of(x)
    if type(x) is not type(y) or kind is not kind_of(y):
        return False
    if kind is None:
        return bool(x == y)
    own = kind.parts(x)
    other = kind.parts(y)
    if len(own) != len(other) or kind.keys(x) != kind.keys(y):
        return False
    return all(map(alike, own, other))


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
    if shapes or inner is None:
        return None
    return (len(x), *inner)
