"""Functions of floats, as JavaScript.

The functions behind the table of primitives are short and use little of Python: floats, lists of
them, branches and loops. That much is translated word by word, so that a page computes by the same
formula. What raises in Python throws `Raised`; calls of `math`, of built-ins and of the operators
that can raise go to `runtime.js`.

>>> from autograd.scalar_math import logistic
>>> print(translated(logistic).text)
function logistic(x) {
  let small;
  small = math_exp((-py_abs(x)));
  return div(((x >= 0) ? 1 : small), (1 + small));
}
"""

from __future__ import annotations

import ast
import builtins
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

from autograd.compile.sources import NoSource, tree_of

BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
CALLED = {ast.Div: "div", ast.Mod: "mod", ast.FloorDiv: "floordiv", ast.Pow: "pow"}
COMPARISONS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "===",
    ast.NotEq: "!==",
}
# Functions that return a bool.
TRUTHS = {"any", "isinstance", "isfinite", "isinf", "isnan"}
# Of built-ins.
PREFIX = "py_"
# Built-ins with one operand and one keyword, and what the runtime calls them.
WITH_KEYWORD = {"default": (max, "py_max_or_default"), "start": (enumerate, "py_enumerate")}


class Untranslatable(TypeError):
    """A function or an operation that has no JavaScript; the text says which, and why."""


class Definition(NamedTuple):
    """The text of a function, and what it uses: functions and constants of Python's by name."""

    name: str
    text: str
    uses: dict[str, Any]


@cache
def translated(function: FunctionType) -> Definition:
    """Return a function of floats as JavaScript.

    Raises: Untranslatable: its source is not there, or has what is not translated.
    """
    return definition(function.__name__, source_of(function), function.__globals__)


def source_of(function: FunctionType) -> ast.FunctionDef:
    """Return the syntax tree of a function.

    Raises: Untranslatable: its source is not there.
    """
    try:
        return tree_of(function)
    except NoSource as error:
        raise Untranslatable(str(error)) from None


def definition(
    name: str, source: ast.FunctionDef | ast.Lambda, names: Mapping[str, Any]
) -> Definition:
    """Return a function of that syntax tree as JavaScript.

    Args: names: the global names that it sees.
    Raises: Untranslatable: it has what is not translated.
    """
    writer = Writer(name, names, source.args)
    if isinstance(source, ast.Lambda):
        body = [f"  return {writer.expression(source.body)};"]
    else:
        body = []
        for statement in source.body:
            body += writer.statement(statement, "  ")
    locals_ = sorted(writer.assigned)
    head = [f"  let {', '.join(locals_)};"] if locals_ else []
    lines = [f"function {name}({writer.parameters}) {{", *head, *body, "}"]
    return Definition(name, "\n".join(lines), writer.uses)


class Writer:
    """Writes one function: statements as lines, expressions as text in brackets of their own."""

    def __init__(self, name: str, names: Mapping[str, Any], arguments: ast.arguments) -> None:
        self.name = name
        self.names = names
        self.uses: dict[str, Any] = {}
        self.assigned: set[str] = set()
        plain = [found.arg for found in arguments.args]
        self.known = set(plain)
        # Defaults are those of the last arguments.
        texts = plain[: len(plain) - len(arguments.defaults)]
        for found, default in zip(plain[len(texts) :], arguments.defaults):
            texts.append(f"{found} = {self.expression(default)}")
        if arguments.vararg:
            self.known.add(arguments.vararg.arg)
            texts.append(f"...{arguments.vararg.arg}")
        self.parameters = ", ".join(texts)

    def refuse(self, node: ast.AST) -> Untranslatable:
        """Return the error for what is not translated."""
        return Untranslatable(f"{self.name}: {ast.unparse(node)!r:.60} is not translated")

    # Statements.

    def statement(self, node: ast.stmt, indent: str) -> Iterator[str]:
        """Yield the lines of a statement."""
        write = getattr(self, f"write_{type(node).__name__.lower()}", None)
        if write is None:
            raise self.refuse(node)
        yield from write(node, indent)

    def block(self, nodes: Sequence[ast.stmt], indent: str) -> Iterator[str]:
        """Yield the lines of statements, further to the right."""
        for node in nodes:
            yield from self.statement(node, indent + "  ")

    def write_expr(self, node: ast.Expr, indent: str) -> Iterator[str]:
        """Yield an expression that stands alone: a docstring is left out."""
        # A constant is a docstring.
        if not isinstance(node.value, ast.Constant):
            yield f"{indent}{self.expression(node.value)};"

    def write_return(self, node: ast.Return, indent: str) -> Iterator[str]:
        """Yield a return."""
        if node.value is None:
            raise self.refuse(node)
        yield f"{indent}return {self.expression(node.value)};"

    def write_assign(self, node: ast.Assign, indent: str) -> Iterator[str]:
        """Yield an assignment to a name, or to several."""
        (target,) = node.targets
        value = self.expression(node.value)
        yield f"{indent}{self.target(target)} = {value};"

    def write_augassign(self, node: ast.AugAssign, indent: str) -> Iterator[str]:
        """Yield an assignment such as `x += 1`."""
        if not isinstance(node.target, ast.Name):
            raise self.refuse(node)
        value = self.binary(type(node.op), node.target, node.value, node)
        yield f"{indent}{node.target.id} = {value};"

    def write_if(self, node: ast.If, indent: str) -> Iterator[str]:
        """Yield a branch; of one whose condition is about types, the part that floats take."""
        # Numbers of a page are floats, so branches for fractions have no JavaScript.
        certain = self.certain(node.test)
        if certain is not None:
            for statement in node.body if certain else node.orelse:
                yield from self.statement(statement, indent)
            return
        yield f"{indent}if ({self.truth(node.test)}) {{"
        yield from self.block(node.body, indent)
        if node.orelse:
            yield f"{indent}}} else {{"
            yield from self.block(node.orelse, indent)
        yield f"{indent}}}"

    def write_while(self, node: ast.While, indent: str) -> Iterator[str]:
        """Yield a loop with a condition."""
        if node.orelse:
            raise self.refuse(node)
        yield f"{indent}while ({self.truth(node.test)}) {{"
        yield from self.block(node.body, indent)
        yield f"{indent}}}"

    def write_for(self, node: ast.For, indent: str) -> Iterator[str]:
        """Yield a loop over values."""
        if node.orelse:
            raise self.refuse(node)
        values = self.expression(node.iter)
        yield f"{indent}for (const {self.loop_target(node.target)} of {values}) {{"
        yield from self.block(node.body, indent)
        yield f"{indent}}}"

    def write_raise(self, node: ast.Raise, indent: str) -> Iterator[str]:
        """Yield what throws the error, of which the kind is kept."""
        kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if not isinstance(kind, ast.Name):
            raise self.refuse(node)
        self.uses["Raised"] = None
        yield f'{indent}throw new Raised("{kind.id}");'

    def target(self, node: ast.expr) -> str:
        """Return what is assigned to: a name, or several."""
        found = self.names_in(node)
        self.assigned.update(found - self.known)
        return self.loop_target(node)

    def loop_target(self, node: ast.expr) -> str:
        """Return the name or names that run through the values of a loop."""
        self.known.update(self.names_in(node))
        if isinstance(node, ast.Tuple):
            return f"[{', '.join(map(ast.unparse, node.elts))}]"
        return ast.unparse(node)

    def names_in(self, node: ast.expr) -> set[str]:
        """Return the names that a target consists of.

        Raises: Untranslatable: it has something else, as `xs[0]`.
        """
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        if not all(isinstance(part, ast.Name) for part in parts):
            raise self.refuse(node)
        return {ast.unparse(part) for part in parts}

    # Expressions.

    def expression(self, node: ast.expr) -> str:
        """Return the text of an expression."""
        write = getattr(self, f"of_{type(node).__name__.lower()}", None)
        if write is None:
            raise self.refuse(node)
        return str(write(node))

    def of_constant(self, node: ast.Constant) -> str:
        """Return a number or a text."""
        if isinstance(node.value, str):
            return json.dumps(node.value)
        return number(node.value, node, self)

    def of_name(self, node: ast.Name) -> str:
        """Return a local name, or what stands for a global one."""
        return node.id if node.id in self.known else self.outside(node.id, node)

    def of_attribute(self, node: ast.Attribute) -> str:
        """Return what a module has: a constant, or a function of the runtime."""
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        module = self.names.get(name)
        if not isinstance(module, ModuleType):
            raise self.refuse(node)
        found = getattr(module, node.attr)
        if isinstance(found, float):
            return number(found, node, self)
        name = f"{module.__name__.lstrip('_')}_{node.attr}"
        self.uses[name] = None
        return name

    def of_binop(self, node: ast.BinOp) -> str:
        """Return an operation on two operands."""
        return self.binary(type(node.op), node.left, node.right, node)

    def binary(self, kind: type, left: ast.expr, right: ast.expr, node: ast.AST) -> str:
        """Return the text of an operation on two operands."""
        x = self.expression(left)
        y = self.expression(right)
        # JavaScript would make a text of lists that are added.
        if kind is ast.Add and (is_list(left) or is_list(right)):
            return f"[...{x}, ...{y}]"
        if kind is ast.Mult and is_list(left):
            self.uses["py_repeated"] = None
            return f"py_repeated({x}, {y})"
        if kind in BINARY:
            return f"({x} {BINARY[kind]} {y})"
        if kind not in CALLED:
            raise self.refuse(node)
        # These raise in Python, or round in another way.
        called = CALLED[kind]
        self.uses[called] = None
        return f"{called}({x}, {y})"

    def of_unaryop(self, node: ast.UnaryOp) -> str:
        """Return a negation."""
        if isinstance(node.op, ast.Not):
            return f"!{self.truth(node.operand)}"
        if not isinstance(node.op, ast.USub):
            raise self.refuse(node)
        return f"(-{self.expression(node.operand)})"

    def of_compare(self, node: ast.Compare) -> str:
        """Return a comparison, or a chain of them."""
        operands = [node.left, *node.comparators]
        texts = [self.expression(x) for x in operands]
        if isinstance(node.ops[0], ast.In) and len(texts) == 2:
            return f"{texts[1]}.includes({texts[0]})"
        if not all(type(op) in COMPARISONS for op in node.ops):
            raise self.refuse(node)
        signs = [COMPARISONS[type(op)] for op in node.ops]
        # A chain holds where each comparison of neighbours does.
        pairs = zip(texts, signs, texts[1:])
        parts = [f"{x} {sign} {y}" for x, sign, y in pairs]
        return f"({' && '.join(parts)})"

    def of_boolop(self, node: ast.BoolOp) -> str:
        """Return `and` or `or` of what are bools."""
        sign = " && " if isinstance(node.op, ast.And) else " || "
        if not all(is_truth(value) for value in node.values):
            # Its value is one of them, and not a bool.
            raise self.refuse(node)
        return f"({sign.join(map(self.truth, node.values))})"

    def of_ifexp(self, node: ast.IfExp) -> str:
        """Return a choice."""
        certain = self.certain(node.test)
        if certain is not None:
            return self.expression(node.body if certain else node.orelse)
        test = self.truth(node.test)
        body = self.expression(node.body)
        otherwise = self.expression(node.orelse)
        return f"({test} ? {body} : {otherwise})"

    def of_tuple(self, node: ast.Tuple) -> str:
        """Return a list."""
        return f"[{', '.join(map(self.expression, node.elts))}]"

    of_list = of_tuple

    def of_starred(self, node: ast.Starred) -> str:
        """Return the elements of a sequence, among others."""
        return f"...{self.expression(node.value)}"

    def of_subscript(self, node: ast.Subscript) -> str:
        """Return an element, or a slice from somewhere on."""
        values = self.expression(node.value)
        if isinstance(node.slice, ast.Slice):
            first = node.slice.lower
            last = node.slice.upper
            if node.slice.step or (last and not first):
                raise self.refuse(node)
            ends = [self.expression(end) for end in (first, last) if end]
            return f"{values}.slice({', '.join(ends)})"
        return f"{values}[{self.expression(node.slice)}]"

    def of_listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> str:
        """Return a list that is made element by element."""
        values, target = self.loop(node)
        return f"{values}.map({target} => {self.expression(node.elt)})"

    of_generatorexp = of_listcomp

    def loop(self, node: ast.ListComp | ast.GeneratorExp) -> tuple[str, str]:
        """Return the values that a comprehension goes through, and the names they get."""
        (part,) = node.generators
        values = self.expression(part.iter)
        target = f"({self.loop_target(part.target)})"
        for condition in part.ifs:
            values = f"{values}.filter({target} => {self.truth(condition)})"
        return values, target

    def of_call(self, node: ast.Call) -> str:
        """Return a call."""
        if node.keywords:
            return self.with_keyword(node)
        function = node.func
        if isinstance(function, ast.Attribute) and not self.is_module(function.value):
            return self.method(function, node)
        name = function.id if isinstance(function, ast.Name) else ""
        # A generator stops at the first that is true, as `some` does.
        if name == "any":
            (values,) = node.args
            if isinstance(values, ast.GeneratorExp):
                inner, target = self.loop(values)
                return f"{inner}.some({target} => {self.truth(values.elt)})"
        # Numbers are floats and sequences lists already.
        if name in ("float", "int", "list", "tuple") and name not in self.known:
            (value,) = node.args
            return self.expression(value)
        texts = [self.expression(x) for x in node.args]
        return f"{self.expression(function)}({', '.join(texts)})"

    def with_keyword(self, node: ast.Call) -> str:
        """Return a call with a keyword, of a built-in that the runtime has with just that one.

        Raises: Untranslatable: it is another; JavaScript would take its value by position.
        """
        words = ", ".join(word.arg or "**" for word in node.keywords)
        function, found = WITH_KEYWORD.get(words, (None, ""))
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        meant = self.names.get(name, getattr(builtins, name, None))
        if function is None or meant is not function or name in self.known or len(node.args) != 1:
            raise Untranslatable(
                f"{self.name}: {ast.unparse(node)!r:.60} is not translated, with the keyword"
                f" {words}; pass it by position, where Python takes it so"
            )
        self.uses[found] = None
        values = self.expression(node.args[0])
        return f"{found}({values}, {self.expression(node.keywords[0].value)})"

    def method(self, function: ast.Attribute, node: ast.Call) -> str:
        """Return the call of a method of a list."""
        values = self.expression(function.value)
        texts = [self.expression(x) for x in node.args]
        if function.attr == "append":
            return f"{values}.push({', '.join(texts)})"
        if function.attr == "remove":
            self.uses["py_removed"] = None
            return f"py_removed({values}, {', '.join(texts)})"
        raise self.refuse(node)

    def is_module(self, node: ast.expr) -> bool:
        """Tell whether an expression is the name of a module."""
        if not isinstance(node, ast.Name):
            return False
        return isinstance(self.names.get(node.id), ModuleType)

    def truth(self, node: ast.expr) -> str:
        """Return the text of a condition: a number is true unless it is 0, also where it is NaN."""
        if is_truth(node):
            return self.expression(node)
        if isinstance(node, ast.BoolOp):
            sign = " && " if isinstance(node.op, ast.And) else " || "
            return f"({sign.join(map(self.truth, node.values))})"
        self.uses["py_truth"] = None
        return f"py_truth({self.expression(node)})"

    def certain(self, node: ast.expr) -> bool | None:
        """Return the truth of a condition on types, for all numbers are floats here; else None."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            found = self.certain(node.operand)
            return None if found is None else not found
        text = ast.unparse(node)
        if text.startswith("isinstance(") and text.endswith("Fraction)"):
            return False
        if text.startswith("type(") and text.endswith(") is float"):
            return True
        return None

    def outside(self, name: str, node: ast.AST) -> str:
        """Return the text for a global name: a number, or a function that is used."""
        found = self.names.get(name, getattr(builtins, name, None))
        if isinstance(found, float) and not math.isfinite(found):
            return number(found, node, self)
        if isinstance(found, (float, int, tuple, FunctionType)):
            self.uses[name] = found
            return name
        if isinstance(found, (BuiltinFunctionType, type)):
            module = (found.__module__ or "").lstrip("_")
            name = f"{PREFIX}{name}" if module == "builtins" else f"{module}_{name}"
            self.uses[name] = None
            return name
        if callable(found):
            self.uses[name] = found
            return name
        raise self.refuse(node)


def is_list(node: ast.expr) -> bool:
    """Tell whether an expression is surely a list."""
    sliced = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
    return sliced or isinstance(node, (ast.List, ast.ListComp))


def is_truth(node: ast.expr) -> bool:
    """Tell whether an expression is surely a bool."""
    if isinstance(node, ast.BoolOp):
        return all(map(is_truth, node.values))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        return name.rpartition(".")[2] in TRUTHS
    return isinstance(node, ast.Compare)


def number(x: object, node: ast.AST | None = None, writer: Writer | None = None) -> str:
    """Return a number, or a tuple of them, as JavaScript.

    >>> number(2), number(-0.0), number(math.inf), number((0.5, 1))
    ('2', '-0', 'Infinity', '[0.5, 1]')
    """
    if isinstance(x, tuple):
        return f"[{', '.join(map(number, x))}]"
    if isinstance(x, bool):
        return str(x).lower()
    if isinstance(x, Fraction) or not isinstance(x, (int, float)):
        if writer is not None and node is not None:
            raise writer.refuse(node)
        raise Untranslatable(f"{x!r:.60} is no number of JavaScript's")
    if isinstance(x, float) and not math.isfinite(x):
        return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"
    text = repr(x)
    return text.removesuffix(".0")


Function = Callable[..., Any]
