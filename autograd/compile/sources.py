"""Functions as they are written: syntax trees, for what is translated from them.

A page and the machine compute by the same functions of floats as Python does. Those are translated,
to JavaScript and to LLVM's language, from their source; so is what stands in the table as a lambda.

>>> from autograd.scalar_math import ieee_log
>>> source_of(ieee_log).name
'ieee_log'
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import FunctionType
from typing import Any

from autograd import primitives
from autograd.primitive_type import Primitive

# Where a row of the table has its function, among its arguments.
FORWARD = 1


class NoSource(TypeError):
    """A function whose source is not there, or that was not defined by def."""


@dataclass(eq=False)
class Source:
    """A function as it is written.

    Attributes: its `name`; the `parameters` and statements of its `body`; the global `names` that
    it sees; the `marks` that the function has as attributes.
    """

    name: str
    parameters: Sequence[str]
    body: Sequence[ast.stmt]
    names: Mapping[str, Any]
    marks: Mapping[str, Any] = field(default_factory=dict)


@cache
def source_of(function: FunctionType) -> Source:
    """Return the source of a function that was defined by def.

    Raises: NoSource.
    """
    tree = tree_of(function)
    names = function.__globals__
    return Source(function.__name__, parameters_of(tree), tree.body, names, vars(function))


def parameters_of(tree: ast.FunctionDef | ast.Lambda) -> list[str]:
    """Return the names of a function's arguments.

    Raises: NoSource: it takes others than a fixed number by position.
    """
    if tree.args.vararg or tree.args.kwarg or tree.args.kwonlyargs:
        raise NoSource("a function of any number of arguments")
    return [argument.arg for argument in tree.args.args]


@cache
def source_of_row(op: Primitive) -> Any:
    """Return the function of a row of the table, or the source of one that stands there as lambda.

    Raises: NoSource: a lambda of something that is no row of the table.
    """
    function = op.forward
    if not (isinstance(function, FunctionType) and function.__name__ == "<lambda>"):
        return function
    if primitives.TABLE.get(op.name) is not op:
        raise NoSource(f"{op.symbol} is no row of the table")
    written = rows_of_the_table()[op.name].args[FORWARD]
    assert isinstance(written, ast.Lambda)
    body = ast.copy_location(ast.Return(written.body), written.body)
    return Source(op.name, parameters_of(written), [body], vars(primitives))


def sources_in(text: str, names: Mapping[str, Any]) -> dict[str, Source]:
    """Return the functions that a text defines; they see each other, and the given names."""
    seen = dict(names)
    found = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.FunctionDef):
            source = Source(statement.name, parameters_of(statement), statement.body, seen)
            seen[statement.name] = found[statement.name] = source
    return found


@cache
def tree_of(function: FunctionType) -> ast.FunctionDef:
    """Return the syntax tree of a function.

    Raises: NoSource.
    """
    try:
        text = textwrap.dedent(inspect.getsource(function))
        (found,) = ast.parse(text).body
    except (OSError, SyntaxError, ValueError) as error:
        raise NoSource(f"{function.__name__} has no source to translate: {error}") from None
    if not isinstance(found, ast.FunctionDef):
        raise NoSource(f"{function.__name__} is no function that was defined by def")
    return found


@cache
def rows_of_the_table() -> dict[str, ast.Call]:
    """Return how each row is written in the table, by its name.

    Raises: NoSource.
    """
    try:
        tree = ast.parse(inspect.getsource(primitives))
    except OSError as error:
        raise NoSource(f"the table has no source to translate: {error}") from None
    return {
        statement.targets[0].id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Call)
    }
