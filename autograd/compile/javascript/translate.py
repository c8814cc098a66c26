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
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
# Numbers of a page are floats, and its sequences are lists.
CONVERSIONS = ("float", "int", "list", "tuple")
# Of built-ins.
PREFIX = "py_"
# Built-ins with one operand and one keyword, and what the runtime calls them.
WITH_KEYWORD = {"default": (max, "py_max_or_default"), "start": (enumerate, "py_enumerate")}

# Conditions on types, whose truth is known: all numbers are floats.
FRACTION = re.compile(r"isinstance\(.*Fraction\)", re.DOTALL)
FLOAT = re.compile(r"type\(.*\) is float", re.DOTALL)


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
    source = source_of(function)
    return definition(function.__name__, source, function.__globals__)


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
    body = []
    if isinstance(source, ast.Lambda):
        value = writer.expression(source.body)
        body.append(f"  return {value};")
    else:
        for statement in source.body:
            body += writer.statement(statement, "  ")
    lines = [f"function {name}({writer.parameters}) {{"]
    # What is assigned anywhere is known all over the function, as in Python.
    if writer.assigned:
        variables = ", ".join(sorted(writer.assigned))
        lines.append(f"  let {variables};")
    lines += [*body, "}"]
    text = "\n".join(lines)
    return Definition(name, text, writer.uses)


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
        without = len(plain) - len(arguments.defaults)
        texts = plain[:without]
        for found, default in zip(plain[without:], arguments.defaults):
            value = self.expression(default)
            texts.append(f"{found} = {value}")
        if arguments.vararg:
            rest = arguments.vararg.arg
            self.known.add(rest)
            texts.append(f"...{rest}")
        self.parameters = ", ".join(texts)

    def refuse(self, node: ast.AST) -> Untranslatable:
        """Return the error for what is not translated."""
        text = ast.unparse(node)
        return Untranslatable(f"{self.name}: {text!r:.60} is not translated")

    # Statements.

    def statement(self, node: ast.stmt, indent: str) -> Iterator[str]:
        """Yield the lines of a statement."""
        kind = type(node).__name__
        write = getattr(self, f"write_{kind.lower()}", None)
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
            value = self.expression(node.value)
            yield f"{indent}{value};"

    def write_return(self, node: ast.Return, indent: str) -> Iterator[str]:
        """Yield a return."""
        if node.value is None:
            raise self.refuse(node)
        value = self.expression(node.value)
        yield f"{indent}return {value};"

    def write_assign(self, node: ast.Assign, indent: str) -> Iterator[str]:
        """Yield an assignment to a name, or to several."""
        (target,) = node.targets
        value = self.expression(node.value)
        name = self.target(target)
        yield f"{indent}{name} = {value};"

    def write_augassign(self, node: ast.AugAssign, indent: str) -> Iterator[str]:
        """Yield an assignment such as `x += 1`."""
        if not isinstance(node.target, ast.Name):
            raise self.refuse(node)
        kind = type(node.op)
        value = self.binary(kind, node.target, node.value, node)
        yield f"{indent}{node.target.id} = {value};"

    def write_if(self, node: ast.If, indent: str) -> Iterator[str]:
        """Yield a branch; of one whose condition is about types, the part that floats take."""
        # Numbers of a page are floats, so branches for fractions have no JavaScript.
        certain = self.certain(node.test)
        if certain is not None:
            taken = node.body if certain else node.orelse
            for statement in taken:
                yield from self.statement(statement, indent)
            return
        condition = self.truth(node.test)
        yield f"{indent}if ({condition}) {{"
        yield from self.block(node.body, indent)
        if node.orelse:
            yield f"{indent}}} else {{"
            yield from self.block(node.orelse, indent)
        yield f"{indent}}}"

    def write_while(self, node: ast.While, indent: str) -> Iterator[str]:
        """Yield a loop with a condition."""
        # The `else` of a loop, which JavaScript has not.
        if node.orelse:
            raise self.refuse(node)
        condition = self.truth(node.test)
        yield f"{indent}while ({condition}) {{"
        yield from self.block(node.body, indent)
        yield f"{indent}}}"

    def write_for(self, node: ast.For, indent: str) -> Iterator[str]:
        """Yield a loop over values."""
        if node.orelse:
            raise self.refuse(node)
        values = self.expression(node.iter)
        target = self.loop_target(node.target)
        yield f"{indent}for (const {target} of {values}) {{"
        yield from self.block(node.body, indent)
        yield f"{indent}}}"

    def write_raise(self, node: ast.Raise, indent: str) -> Iterator[str]:
        """Yield what throws the error, of which the kind is kept."""
        raised = node.exc
        if isinstance(raised, ast.Call):
            raised = raised.func
        kind = name_of(raised)
        if not kind:
            raise self.refuse(node)
        self.uses["Raised"] = None
        yield f'{indent}throw new Raised("{kind}");'

    def target(self, node: ast.expr) -> str:
        """Return what is assigned to: a name, or several."""
        found = self.names_in(node)
        # Parameters and the names of loops are declared where they stand.
        new = found - self.known
        self.assigned.update(new)
        return self.loop_target(node)

    def loop_target(self, node: ast.expr) -> str:
        """Return the name or names that run through the values of a loop."""
        self.known.update(self.names_in(node))
        if isinstance(node, ast.Tuple):
            names = map(ast.unparse, node.elts)
            return listed(names)
        return ast.unparse(node)

    def names_in(self, node: ast.expr) -> set[str]:
        """Return the names that a target consists of.

        Raises: Untranslatable: it has something else, as `xs[0]`.
        """
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        names = list(map(name_of, parts))
        if not all(names):
            raise self.refuse(node)
        return set(names)

    # Expressions.

    def expression(self, node: ast.expr) -> str:
        """Return the text of an expression."""
        kind = type(node).__name__
        write = getattr(self, f"of_{kind.lower()}", None)
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
        if node.id in self.known:
            return node.id
        return self.outside(node.id, node)

    def of_attribute(self, node: ast.Attribute) -> str:
        """Return what a module has: a constant, or a function of the runtime."""
        module = self.names.get(name_of(node.value))
        if not isinstance(module, ModuleType):
            raise self.refuse(node)
        found = getattr(module, node.attr)
        # A constant such as math.pi is written out.
        if isinstance(found, float):
            return number(found, node, self)
        prefix = module.__name__.lstrip("_")
        name = f"{prefix}_{node.attr}"
        self.uses[name] = None
        return name

    def of_binop(self, node: ast.BinOp) -> str:
        """Return an operation on two operands."""
        kind = type(node.op)
        return self.binary(kind, node.left, node.right, node)

    def binary(self, kind: type, left: ast.expr, right: ast.expr, node: ast.AST) -> str:
        """Return the text of an operation on two operands."""
        x = self.expression(left)
        y = self.expression(right)
        # JavaScript would make a text of lists that are added.
        joins = is_list(left) or is_list(right)
        if joins and kind is ast.Add:
            return f"[...{x}, ...{y}]"
        if kind is ast.Mult and is_list(left):
            self.uses["py_repeated"] = None
            return f"py_repeated({x}, {y})"
        if kind in BINARY:
            sign = BINARY[kind]
            return f"({x} {sign} {y})"
        if kind not in CALLED:
            raise self.refuse(node)
        # These raise in Python, or round in another way.
        called = CALLED[kind]
        self.uses[called] = None
        return f"{called}({x}, {y})"

    def of_unaryop(self, node: ast.UnaryOp) -> str:
        """Return a negation."""
        if isinstance(node.op, ast.Not):
            truth = self.truth(node.operand)
            return f"!{truth}"
        if not isinstance(node.op, ast.USub):
            raise self.refuse(node)
        value = self.expression(node.operand)
        return f"(-{value})"

    def of_compare(self, node: ast.Compare) -> str:
        """Return a comparison, or a chain of them."""
        operands = [node.left, *node.comparators]
        texts = list(map(self.expression, operands))
        kinds = list(map(type, node.ops))
        if kinds == [ast.In]:
            part, whole = texts
            return f"{whole}.includes({part})"
        if not all(kind in COMPARISONS for kind in kinds):
            raise self.refuse(node)
        signs = [COMPARISONS[type(op)] for op in node.ops]
        # A chain holds where each comparison of neighbours does.
        pairs = zip(texts, signs, texts[1:])
        parts = [f"{x} {sign} {y}" for x, sign, y in pairs]
        chain = " && ".join(parts)
        return f"({chain})"

    def of_boolop(self, node: ast.BoolOp) -> str:
        """Return `and` or `or` of what are bools."""
        if not all(map(is_truth, node.values)):
            # Its value is one of them, and not a bool.
            raise self.refuse(node)
        return self.truths(node)

    def truths(self, node: ast.BoolOp) -> str:
        """Return the text of conditions, all of which have to hold, or one."""
        sign = " && " if isinstance(node.op, ast.And) else " || "
        conditions = map(self.truth, node.values)
        return f"({sign.join(conditions)})"

    def of_ifexp(self, node: ast.IfExp) -> str:
        """Return a choice."""
        certain = self.certain(node.test)
        if certain is not None:
            taken = node.body if certain else node.orelse
            return self.expression(taken)
        test = self.truth(node.test)
        body = self.expression(node.body)
        otherwise = self.expression(node.orelse)
        return f"({test} ? {body} : {otherwise})"

    def of_tuple(self, node: ast.Tuple) -> str:
        """Return a list."""
        texts = map(self.expression, node.elts)
        return listed(texts)

    of_list = of_tuple

    def of_starred(self, node: ast.Starred) -> str:
        """Return the elements of a sequence, among others."""
        values = self.expression(node.value)
        return f"...{values}"

    def of_subscript(self, node: ast.Subscript) -> str:
        """Return an element, or a slice from somewhere on."""
        values = self.expression(node.value)
        if isinstance(node.slice, ast.Slice):
            first = node.slice.lower
            last = node.slice.upper
            # Nothing needs a step, nor a slice that only ends somewhere.
            only_ends = last and not first
            if only_ends or node.slice.step:
                raise self.refuse(node)
            given = filter(None, (first, last))
            ends = map(self.expression, given)
            return called(f"{values}.slice", ends)
        index = self.expression(node.slice)
        return f"{values}[{index}]"

    def of_listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> str:
        """Return a list that is made element by element."""
        values, target = self.loop(node)
        element = self.expression(node.elt)
        return f"{values}.map({target} => {element})"

    of_generatorexp = of_listcomp

    def loop(self, node: ast.ListComp | ast.GeneratorExp) -> tuple[str, str]:
        """Return the values that a comprehension goes through, and the names they get."""
        (part,) = node.generators
        values = self.expression(part.iter)
        names = self.loop_target(part.target)
        target = f"({names})"
        for condition in part.ifs:
            truth = self.truth(condition)
            values = f"{values}.filter({target} => {truth})"
        return values, target

    def of_call(self, node: ast.Call) -> str:
        """Return a call."""
        if node.keywords:
            return self.with_keyword(node)
        function = node.func
        name = name_of(function)
        if isinstance(function, ast.Attribute):
            is_method = not self.is_module(function.value)
            if is_method:
                return self.method(function, node)
        # A generator stops at the first that is true, as `some` does.
        if name == "any":
            (values,) = node.args
            if isinstance(values, ast.GeneratorExp):
                inner, target = self.loop(values)
                truth = self.truth(values.elt)
                return f"{inner}.some({target} => {truth})"
        if name in CONVERSIONS and name not in self.known:
            (value,) = node.args
            return self.expression(value)
        texts = list(map(self.expression, node.args))
        return called(self.expression(function), texts)

    def with_keyword(self, node: ast.Call) -> str:
        """Return a call with a keyword, of a built-in that the runtime has with just that one.

        Raises: Untranslatable: it is another; JavaScript would take its value by position.
        """
        parts = [word.arg or "**" for word in node.keywords]
        words = ", ".join(parts)
        function, found = WITH_KEYWORD.get(words, (None, ""))
        name = name_of(node.func)
        is_built_in = name not in self.known and self.meant(name) is function
        if function is None or not is_built_in or len(node.args) != 1:
            raise Untranslatable(
                f"{self.name}: {ast.unparse(node)!r:.60} is not translated, with the keyword"
                f" {words}; pass it by position, where Python takes it so"
            )
        self.uses[found] = None
        values = self.expression(node.args[0])
        value = self.expression(node.keywords[0].value)
        return f"{found}({values}, {value})"

    def meant(self, name: str) -> object:
        """Return what a name means in the module, or in Python; None where it means nothing."""
        usual = getattr(builtins, name, None)
        return self.names.get(name, usual)

    def method(self, function: ast.Attribute, node: ast.Call) -> str:
        """Return the call of a method of a list."""
        values = self.expression(function.value)
        texts = list(map(self.expression, node.args))
        if function.attr == "append":
            return called(f"{values}.push", texts)
        if function.attr == "remove":
            self.uses["py_removed"] = None
            return called("py_removed", [values, *texts])
        raise self.refuse(node)

    def is_module(self, node: ast.expr) -> bool:
        """Tell whether an expression is the name of a module."""
        found = self.names.get(name_of(node))
        return isinstance(found, ModuleType)

    def truth(self, node: ast.expr) -> str:
        """Return the text of a condition: a number is true unless it is 0, also where it is NaN."""
        if is_truth(node):
            return self.expression(node)
        if isinstance(node, ast.BoolOp):
            return self.truths(node)
        self.uses["py_truth"] = None
        value = self.expression(node)
        return f"py_truth({value})"

    def certain(self, node: ast.expr) -> bool | None:
        """Return the truth of a condition on types, for all numbers are floats here; else None."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            found = self.certain(node.operand)
            return None if found is None else not found
        text = ast.unparse(node)
        if FRACTION.fullmatch(text):
            return False
        if FLOAT.fullmatch(text):
            return True
        return None

    def outside(self, name: str, node: ast.AST) -> str:
        """Return the text for a global name: a number, or a function that is used."""
        found = self.meant(name)
        if isinstance(found, float) and not math.isfinite(found):
            return number(found, node, self)
        if isinstance(found, (float, int, tuple, FunctionType)):
            self.uses[name] = found
            return name
        if isinstance(found, (BuiltinFunctionType, type)):
            module = (found.__module__ or "").lstrip("_")
            prefix = PREFIX if module == "builtins" else f"{module}_"
            name = f"{prefix}{name}"
            self.uses[name] = None
            return name
        if callable(found):
            self.uses[name] = found
            return name
        raise self.refuse(node)


def listed(texts: Iterable[str]) -> str:
    """Return the text of a list."""
    inside = ", ".join(texts)
    return f"[{inside}]"


def called(function: str, texts: Iterable[str]) -> str:
    """Return the text of a call."""
    inside = ", ".join(texts)
    return f"{function}({inside})"


def name_of(node: ast.expr | None) -> str:
    """Return the name that an expression is; nothing for any other."""
    return node.id if isinstance(node, ast.Name) else ""


def is_list(node: ast.expr) -> bool:
    """Tell whether an expression is surely a list."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Slice)
    return isinstance(node, (ast.List, ast.ListComp))


def is_truth(node: ast.expr) -> bool:
    """Tell whether an expression is surely a bool."""
    if isinstance(node, ast.BoolOp):
        return all(map(is_truth, node.values))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    if isinstance(node, ast.Call):
        path = ast.unparse(node.func)
        _, _, name = path.rpartition(".")
        return name in TRUTHS
    return isinstance(node, ast.Compare)


def number(x: object, node: ast.AST | None = None, writer: Writer | None = None) -> str:
    """Return a number, or a tuple of them, as JavaScript.

    >>> number(2), number(-0.0), number(math.inf), number((0.5, 1))
    ('2', '-0', 'Infinity', '[0.5, 1]')
    """
    if isinstance(x, tuple):
        texts = map(number, x)
        return listed(texts)
    if isinstance(x, bool):
        return str(x).lower()
    # A Fraction is none, either.
    if not isinstance(x, (int, float)):
        if writer is not None and node is not None:
            raise writer.refuse(node)
        raise Untranslatable(f"{x!r:.60} is no number of JavaScript's")
    if isinstance(x, float) and not math.isfinite(x):
        if math.isnan(x):
            return "NaN"
        return "Infinity" if x > 0 else "-Infinity"
    text = repr(x)
    return text.removesuffix(".0")


Function = Callable[..., Any]
