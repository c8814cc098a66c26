"""The JavaScript that a page needs: the functions it names, and all that these use.

>>> from autograd.compile.javascript.slopes import slope_of
>>> from autograd.primitives import sqrt
>>> print(library([slope_of(sqrt, 0)]))
"use strict";
function slope_sqrt_0(x0, out) {
  return (0.5 / out);
}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from types import FunctionType

from autograd.compile.javascript.forwards import forward_of, limit_of
from autograd.compile.javascript.translate import Definition, Untranslatable, number, translated
from autograd.compile.polynomials import ERF, ERFC
from autograd.primitive_type import Primitive, Variadic
from autograd.scalar_math import two_product

RUNTIME = "runtime.js"
# What the runtime uses and Python has already: coefficients, and functions.
COEFFICIENTS = {"ERF": ERF, "ERFC": ERFC}
FUNCTIONS = {"two_product": two_product}
# A definition of the runtime begins a line, and ends before the next one that does.
DEFINED = re.compile(r"^(?:function\*?|const|class) (\w+)", re.MULTILINE)
COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)
WORD = re.compile(r"[A-Za-z_]\w*")


def script(name: str) -> str:
    """Return a script of this room."""
    path = files(__package__) / name
    return path.read_text("utf-8")


@cache
def runtime() -> dict[str, Definition]:
    """Return the definitions of the runtime by name, and what each uses of the others."""
    text = COMMENT.sub("", script(RUNTIME))
    heads = list(DEFINED.finditer(text))
    starts = [head.start() for head in heads]
    ends = [*starts[1:], len(text)]
    names = [head[1] for head in heads]
    known = {*names, *COEFFICIENTS, *FUNCTIONS}
    found: dict[str, Definition] = {}
    for name, numbers in COEFFICIENTS.items():
        found[name] = constant(name, numbers)
    for name, function in FUNCTIONS.items():
        found[name] = translated(function)
    # A definition uses what its text names, of what is known here.
    for name, start, end in zip(names, starts, ends):
        part = text[start:end].strip()
        words = set(WORD.findall(part))
        others = (known & words) - {name}
        found[name] = Definition(name, part, dict.fromkeys(others))
    return found


def constant(name: str, x: object) -> Definition:
    """Return the definition of a number, or of a tuple of them."""
    text = number(x)
    return Definition(name, f"const {name} = {text};", {})


def library(wanted: Iterable[Definition]) -> str:
    """Return a script that defines what is wanted, and all that it uses, each once.

    Raises: Untranslatable: something that is used has no JavaScript.
    """
    # What a text uses is found by its names, without recursion: rules use each other.
    found: dict[str, str] = {}
    stack = list(wanted)
    while stack:
        part = stack.pop()
        if part.name not in found:
            found[part.name] = part.text
            stack += [used(name, what) for name, what in part.uses.items()]
    # In one order, whichever was asked for first.
    texts = sorted(found.values(), key=place_of_text)
    return "\n".join(['"use strict";', *texts])


def place_of_text(text: str) -> tuple[bool, str]:
    """Return what definitions are sorted by: names that are set stand above their use."""
    is_last = text.startswith("const forward_")
    return is_last, text


def used(name: str, what: object) -> Definition:
    """Return the definition of what a text uses: of the runtime, a row, a number or a function."""
    if name in runtime():
        return runtime()[name]
    if isinstance(what, Definition):
        return what
    if isinstance(what, Primitive):
        return value_of(what)
    if isinstance(what, (int, float, tuple)):
        return constant(name, what)
    if isinstance(what, FunctionType):
        return translated(what)
    raise Untranslatable(f"{name} has no JavaScript")


def value_of(op: Primitive) -> Definition:
    """Return a row's function that never raises, as `value_<row>`: what `ieee()` makes of it."""
    forward = forward_of(op)
    limit = limit_of(op)
    names = "...xs" if isinstance(op, Variadic) else ", ".join(parameters(op))
    lines = [
        f"function value_{op.name}({names}) {{",
        "  try {",
        f"    return +forward_{op.name}({names});",
        "  } catch (error) {",
        f"    return limit(error, limit_{op.name}, [{names}]);",
        "  }",
        "}",
    ]
    text = "\n".join(lines)
    uses = {"limit": None, forward.name: forward, limit.name: limit}
    return Definition(f"value_{op.name}", text, uses)


def parameters(op: Primitive) -> Iterator[str]:
    """Yield names for the operands of a row."""
    for i in range(len(op.partials)):
        yield f"x{i}"
