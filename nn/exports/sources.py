"""Sources: functions with all that they use, as the text of one module.

A function is looked up, its source taken, and the names in it followed: functions of the project
are taken along, constants written as literals, what is of the standard library imported. So a
formula that is stated in one place of the project stands in the text as it is stated there.

>>> from autograd.scalar_math import logistic
>>> found = Sources()
>>> found.add("logistic", logistic)
>>> found.imports, list(found.functions)
({'import math'}, ['logistic'])
"""

from __future__ import annotations

import ast
import builtins
import dis
import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType, GenericAlias, ModuleType
from typing import Any

from autograd.primitive_type import Primitive
from nn.exports.literals import literal

OURS = ("autograd", "nn")


@dataclass(frozen=True)
class Written:
    """The text of a function, and the objects that its global names stand for."""

    text: str
    uses: dict[str, Any] = field(default_factory=dict)


@dataclass
class Sources:
    """What was collected: lines of imports, constants and functions by name.

    Attributes: `instead`, objects that stand in the place of what a name means: a constant of
    another value, another function, or one that was written.
    """

    instead: dict[str, Any] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    constants: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, x: Any) -> None:
        """Add what a name stands for, with all that it uses.

        Raises: ValueError: the name stands for something else already.
        """
        x = self.instead.get(name, x)
        # What is on its way already ends a circle of functions that call each other.
        if name in self.objects:
            if self.objects[name] is not x and self.objects[name] != x:
                raise ValueError(f"the name {name} stands for two things")
            return
        self.objects[name] = x
        if isinstance(x, Written) or inspect.isfunction(x) and is_ours(x):
            self.add_function(name, x)
        elif isinstance(x, ModuleType):
            self.imports.add(f"import {x.__name__}")
        elif callable(x) and not is_ours(x):
            self.imports.add(f"from {x.__module__} import {name}")
        else:
            self.constants[name] = literal(x, len(f"{name} = "))
            if isinstance(x, re.Pattern):
                self.add("re", re)

    def add_function(self, name: str, function: Written | Callable[..., Any]) -> None:
        """Add a function, under a name that may be another one than its own."""
        found = function if isinstance(function, Written) else written(function)
        self.functions[name] = re.sub(r"^def \w+\(", f"def {name}(", found.text, count=1)
        for used, x in found.uses.items():
            self.add(used, x)


def is_ours(x: Any) -> bool:
    """Tell whether a function is one of the project."""
    return x.__module__.partition(".")[0] in OURS


@functools.cache
def written(function: Callable[..., Any]) -> Written:
    """Return the text of a function of a module, and what it uses."""
    names = function.__globals__
    used = global_names(function.__code__)
    uses = {name: names[name] for name in used if name in names}
    source = inspect.getsource(function).rstrip()
    first, line, rest = source.partition(":\n")
    # Annotations are not evaluated, but the types that they name must be there, or be spelled out.
    annotations = " ".join(map(str, function.__annotations__.values()))
    for name in re.findall(r"\w+", annotations):
        known = names.get(name)
        if isinstance(known, GenericAlias):
            # A name for a type of the project.
            first = re.sub(rf"\b{name}\b", repr(known), first)
        elif callable(known) and not is_ours(known):
            uses[name] = known
    return Written(first + line + rest, uses)


def global_names(code: CodeType) -> Iterator[str]:
    """Yield the global names that a function uses, also within its comprehensions."""
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL" and not hasattr(builtins, step.argval):
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from global_names(constant)


def call_of(function: Any, operand: str) -> tuple[str, dict[str, Any]]:
    """Return how a function of the table, or one of the project, is called on floats.

    Of a row it is the function of floats, with the defaults of the row as further arguments.

    Returns: the expression, and the objects that its global names stand for.

    >>> from autograd import tanh
    >>> call_of(tanh, "x")[0]
    'math.tanh(x)'
    """
    forward = function
    arguments = [operand]
    if isinstance(function, Primitive):
        forward = function.forward
        arguments += map(literal, function.defaults)
    listed = ", ".join(arguments)
    if isinstance(function, Primitive) and forward.__name__ == "<lambda>":
        return f"{function.name}({listed})", {function.name: written_lambda(function)}
    if inspect.isfunction(forward) and is_ours(forward):
        return f"{forward.__name__}({listed})", {forward.__name__: forward}
    # Operators say that they are of a module _operator.
    module = forward.__module__.lstrip("_")
    if module == "builtins":
        return f"{forward.__name__}({listed})", {}
    return f"{module}.{forward.__name__}({listed})", {module: sys.modules[module]}


@functools.cache
def written_lambda(row: Primitive) -> Written:
    """Return the function of floats of a row, which is a lambda in the table, under its name."""
    module = sys.modules[row.__module__]
    found = lambda_of(row, ast.parse(inspect.getsource(module)))
    text = (
        f"def {row.name}({ast.unparse(found.args)}):\n"
        f'    """Return {row.symbol} as the table of chainrule has it."""\n'
        f"    return {ast.unparse(found.body)}"
    )
    names = list(global_names(row.forward.__code__))
    return Written(text, {name: vars(module)[name] for name in names})


def lambda_of(row: Primitive, module: ast.Module) -> ast.Lambda:
    """Return the lambda that a module gives a row as its function of floats.

    Raises: ValueError: there is none.
    """
    for statement in module.body:
        match statement:
            case ast.Assign([ast.Name(row.name)], ast.Call(_, [_, ast.Lambda() as found, *_])):
                return found
    raise ValueError(f"{row.name}: no lambda in {row.__module__}")
