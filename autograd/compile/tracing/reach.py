"""What a function reaches beside its arguments: by its globals, closure, defaults and `self`.

A trace has to know where state may come from: in which modules `max`, `min` and `math` are read,
and which generators of random numbers there are. The walk follows names, as the function would; it
does not run anything, and leaves out the modules of Python, of NumPy and of this package.

>>> import random
>>> source = random.Random(1)
>>> def noisy(x, scale=2.0):
...     return x + scale * source.gauss(0.0, 1.0)
>>> noisy.__module__ = "yours"
>>> list(Reach(noisy).generators.values()) == [source]
True
"""

from __future__ import annotations

import builtins
import dis
import gc
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from random import Random, SystemRandom
from types import (
    BuiltinMethodType,
    CellType,
    CodeType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

from autograd.coercion import added
from autograd.compile.tracing.libraries import of_library
from autograd.compile.tracing.tracers import TracedParameter, TracedValue
from autograd.compile.tracing.types_asked import ASKED
from autograd.primitive_type import Primitive, Variadic
from autograd.value import Value

# Objects of Python's own have nothing of the user's, but for wrapped functions and namespaces.
HOLDING_NOTHING = sys.stdlib_module_names - {"functools", "types", "argparse"}
# So many objects are looked at: a model may be as large as that.
MAX_VISITED = 20_000
# So many are looked at of one list, tuple or dict.
MAX_ELEMENTS = 1_000
# So many elements tell whether a list holds numbers only.
FEW = 8
# fmt: off
PLAIN = frozenset((
    int, float, str, bytes, bool, type(None), complex, range, Value, TracedParameter, TracedValue,
    Primitive, Variadic,
))
# fmt: on
ROWS = (list, tuple)
# For these a trace has stand-ins, which are found as globals only.
ASKING = frozenset(map(id, ASKED))
CONTAINERS = (list, tuple, dict, set, frozenset, deque)


class Reach:
    """What is found, by the id of each.

    Attributes:
        modules: the globals of the functions.
        codes: their code objects, those inside of them too.
        generators: of random numbers, `random.Random` or NumPy's.
        names: what the function calls each object that was met, and each list of numbers.
        met: the objects, also to keep them, for an id is good while its object lives.
        rows: lists of numbers.
        asking: where `type` and the like are held, other than as globals.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.modules: dict[int, dict[str, Any]] = {}
        self.codes: dict[int, CodeType] = {}
        self.generators: dict[int, Any] = {}
        self.names: dict[int, str] = {}
        self.met: dict[int, Any] = {}
        self.rows: list[Any] = []
        self.asking: dict[str, Any] = {}
        self.function = function
        self.waiting: list[Any] = []
        self.meet(name_of(function), function)
        while self.waiting and len(self.met) < MAX_VISITED:
            self.visit(self.waiting.pop())

    def meet(self, name: str, x: Any) -> None:
        """Note an object that is new, to be visited; numbers, Values and rows hold nothing."""
        kind = type(x)
        if kind in PLAIN or id(x) in self.names:
            return
        if id(x) in ASKING:
            self.asking.setdefault(name, x)
            return
        self.names[id(x)] = name
        if kind in ROWS and PLAIN.issuperset(map(type, x[:FEW])):
            self.rows.append(x)
        else:
            self.met[id(x)] = x
            self.waiting.append(x)

    def meet_all(self, name: str, xs: Iterable[Any]) -> None:
        """Note the elements of a container."""
        for x in islice(xs, MAX_ELEMENTS):
            self.meet(name, x)

    def visit(self, x: Any) -> None:
        """Go on from an object to those that it holds."""
        name = self.names[id(x)]
        kind = type(x)
        if kind is FunctionType:
            self.visit_function(x)
        elif kind is MethodType or kind is BuiltinMethodType:
            self.meet(name, x.__self__)
            self.meet(name, getattr(x, "__func__", None))
        elif kind is partial:
            self.meet(name, x.func)
            given = (*x.args, *x.keywords.values())
            self.meet_all(name, given)
        elif isinstance(x, CONTAINERS):
            elements = x.values() if isinstance(x, dict) else x
            self.meet_all(name, elements)
        elif isinstance(x, type):
            self.visit_class(x)
        elif is_generator(x):
            self.generators[id(x)] = x
        elif kind is GeneratorType:
            variables = getattr(x.gi_frame, "f_locals", {})
            self.meet_all(name, variables.values())
        elif kind is not ModuleType:
            self.visit_instance(x)

    def visit_function(self, function: FunctionType) -> None:
        """Go on to what the names in a function's code stand for."""
        names = function.__globals__
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None and of_library(names.get("__name__")):
            # A derivative, named after its function.
            self.meet("the function", wrapped)
            return
        if of_library(function.__module__):
            return
        self.modules[id(names)] = names
        for code in codes_in(function.__code__):
            self.codes[id(code)] = code
            self.visit_names(code, names)
        defaults = function.__defaults__ or ()
        by_keyword = function.__kwdefaults__ or {}
        self.meet_all("a default", defaults)
        self.meet_all("a default", by_keyword.values())
        code = function.__code__
        cells = function.__closure__ or ()
        for name, cell in zip(code.co_freevars, cells):
            # It may have no value yet.
            with suppress(ValueError):
                self.meet_global(name, cell.cell_contents, code.co_names)
        self.meet("the function", wrapped)

    def visit_names(self, code: CodeType, names: dict[str, Any]) -> None:
        """Note what the global names of some code stand for."""
        for name in code.co_names:
            if id(names.get(name)) in ASKING:
                # As a global it has a stand-in.
                continue
            if name in names:
                self.meet_global(name, names[name], code.co_names)
            elif name in sys.modules and not of_library(name):
                # The function imports it itself.
                self.meet_global(name, sys.modules[name], code.co_names)

    def meet_global(self, name: str, x: object, attributes: tuple[str, ...]) -> None:
        """Note what a name stands for; of a module those attributes that the code may mean."""
        if not isinstance(x, ModuleType):
            self.meet(name, x)
            return
        if x is builtins:
            # It has a stand-in.
            return
        for attribute in attributes:
            found = vars(x).get(attribute)
            path = f"{name}.{attribute}"
            if isinstance(found, ModuleType) and found is not x:
                others = without(attributes, attribute)
                self.meet_global(path, found, others)
            elif found is not None:
                self.meet(path, found)

    def visit_class(self, cls: type) -> None:
        """Go on to the methods of a class."""
        for kind in cls.__mro__:
            if of_library(kind.__module__):
                continue
            for name, x in list(vars(kind).items()):
                getter = getattr(x, "fget", None)
                function = getattr(x, "__func__", getter or x)
                self.meet(name, function)

    def visit_instance(self, x: object) -> None:
        """Go on to the class of an object, and to its attributes."""
        kind = type(x)
        attributes = getattr(x, "__dict__", None)
        if attributes is None and not of_library(kind.__module__):
            attributes = {name: getattr(x, name) for name in added(x, object)}
        if attributes is not None and kind.__module__ not in HOLDING_NOTHING:
            self.meet(kind.__name__, kind)
            for name, held in list(attributes.items()):
                if type(held) not in PLAIN:
                    self.meet(name, held)

    def check(self) -> None:
        """Check that no function of Python's is held that would be told of the classes of a trace.

        Raises: TypeError.
        """
        if self.asking:
            name, asking = next(iter(self.asking.items()))
            asked = asking.__name__
            raise TypeError(
                f"{name_of(self.function)} holds the built-in {asked} as {name}: what it says of a"
                f" number in a trace is not what it says outside of one; call it by its name,"
                f" {asked}(x)"
            )

    def holders(self, x: object) -> Iterator[Any]:
        """Yield what holds an object: globals, lists, instances, attributes, variables."""
        for holder in chain(self.modules.values(), self.rows, self.met.values()):
            attributes = getattr(holder, "__dict__", None)
            cells: tuple[CellType, ...] = ()
            if type(holder) is FunctionType:
                cells = holder.__closure__ or ()
            for place in (holder, attributes, *cells):
                referents = gc.get_referents(place)
                if any(held is x for held in referents):
                    yield place

    def lines_with(self, names: Iterable[str]) -> Iterator[str]:
        """Yield file and line of every use of some names."""
        wanted = set(names)
        for code in self.codes.values():
            line = code.co_firstlineno
            for step in dis.get_instructions(code):
                line = step.positions.lineno or line if step.positions else line
                if step.opname.startswith("LOAD") and step.argval in wanted:
                    yield f"{code.co_filename}:{line}"


def name_of(function: object) -> str:
    """Return what a message calls a function, or an object that is called."""
    class_name = type(function).__name__
    return str(getattr(function, "__name__", class_name))


def without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return names without one of them: `a.b.b` is not followed for ever."""
    return tuple(x for x in names if x != name)


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and those of the functions and comprehensions inside."""
    yield code
    for x in code.co_consts:
        if isinstance(x, CodeType):
            yield from codes_in(x)


def is_generator(x: object) -> bool:
    """Tell whether an object draws random numbers."""
    if isinstance(x, Random):
        return not isinstance(x, SystemRandom)
    kind = type(x)
    module = str(kind.__module__)
    if not module.startswith("numpy.random"):
        return False
    is_known = kind.__name__ in ("Generator", "RandomState")
    return is_known or hasattr(x, "random_raw")
