"""What computes a row of the table: its function of floats, and what IEEE 754 gives instead.

A row's function is given in the table by name or written there as a lambda. Either is translated.

>>> from autograd.primitives import square
>>> print(forward_of(square).text)
function forward_square(x) {
  return (x * x);
}
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

from autograd import primitives
from autograd.compile.javascript.translate import Definition, Untranslatable, definition
from autograd.compile.sources import FORWARD, NoSource, rows_of_the_table
from autograd.primitive_type import Primitive

# The keyword of what a row gives where its function raises.
IEEE = "ieee"


def row_of_the_source(op: Primitive) -> ast.Call:
    """Return how a row is written in the table.

    Raises: Untranslatable: the source of the table is not there.
    """
    try:
        return rows_of_the_table()[op.name]
    except NoSource as error:
        raise Untranslatable(str(error)) from None


def check_translatable(op: Primitive) -> None:
    """Raise Untranslatable for an operation that is no row of the table."""
    if primitives.TABLE.get(op.name) is not op:
        raise Untranslatable(
            f"{op.symbol}: only rows of the table have JavaScript, and this operation is your own"
        )


@cache
def forward_of(op: Primitive) -> Definition:
    """Return the row's function as `forward_<row>`.

    Raises: Untranslatable.
    """
    check_translatable(op)
    written = row_of_the_source(op).args[FORWARD]
    return named(f"forward_{op.name}", written, op.forward)


@cache
def limit_of(op: Primitive) -> Definition:
    """Return what the row gives under IEEE 754 where its function raises, as `limit_<row>`."""
    check_translatable(op)
    words = {word.arg: word.value for word in row_of_the_source(op).keywords}
    if IEEE not in words:
        return Definition(f"limit_{op.name}", f"function limit_{op.name}() {{ return NaN; }}", {})
    return named(f"limit_{op.name}", words[IEEE], op.ieee)


def named(name: str, written: ast.expr, function: Callable[..., Any]) -> Definition:
    """Return a function of the table under a name of its own: a lambda, or another's name."""
    if isinstance(written, ast.Lambda):
        return definition(name, written, vars(primitives))
    if function is float:
        return Definition(name, f"function {name}(x) {{ return x; }}", {})
    if isinstance(function, FunctionType):
        used = function.__name__
        return Definition(name, f"const {name} = {used};", {used: function})
    # It is math, operator or builtins.
    module = (function.__module__ or "").lstrip("_")
    used = f"py_{function.__name__}" if module == "builtins" else f"{module}_{function.__name__}"
    return Definition(name, f"const {name} = {used};", {used: None})
