"""What can be mutated in the text of a module: one small change each, at its exact position.

>>> for mutation in mutations("def larger(a, b):\\n    return a > b and not a == 1\\n"):
...     print(mutation.kind, "|", mutation.line, "->", mutation.mutated_line)
returned value | return a > b and not a == 1 -> return None
boolean operator | return a > b and not a == 1 -> return a > b or not a == 1
comparison | return a > b and not a == 1 -> return a >= b and not a == 1
boolean operator | return a > b and not a == 1 -> return a > b and a == 1
comparison | return a > b and not a == 1 -> return a > b and not a != 1
constant | return a > b and not a == 1 -> return a > b and not a == 2

Not mutated are texts, annotations and aliases of types, what is raised, what f-strings hold,
`__all__`, and what is there for type checking only.
"""

from __future__ import annotations

import ast
import io
import tokenize
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeGuard

COMPARISONS: dict[type, tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
ARITHMETIC: dict[type, tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
BOOLEAN: dict[type, tuple[str, str]] = {ast.And: ("and", "or"), ast.Or: ("or", "and")}
# Generic types: an assignment of one with its parameters, or of a union, is an alias of a type.
GENERIC = frozenset(("Callable", "Iterable", "Mapping", "Sequence", "dict", "list", "tuple"))
# Functions that give the same with arguments exchanged, or fail at once.
NOT_SWAPPED = frozenset(("max", "min", "isinstance", "issubclass", "cast"))
CHECKING = "TYPE_CHECKING"
NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
DELETED = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Raise, ast.Break, ast.Continue, ast.Delete)


@dataclass(frozen=True)
class Mutation:
    """A change of a module's text.

    kind            what was changed, in a word or two
    start, end      the characters that are replaced
    replacement     what stands in their place
    first, last     the lines of the statement around them, from 1
    place           the name of the function or class around them, "" for none
    called          whether they run when a function is called, and not only at import
    source          the text before
    """

    kind: str
    start: int
    end: int
    replacement: str
    first: int
    last: int
    place: str
    called: bool
    source: str

    @property
    def mutated(self) -> str:
        """The text of the module after the change."""
        return self.source[: self.start] + self.replacement + self.source[self.end :]

    @property
    def line_number(self) -> int:
        """The line where the change begins, from 1."""
        return self.source.count("\n", 0, self.start) + 1

    @property
    def line(self) -> str:
        """The lines that are changed, as they were, in one."""
        return joined(self.around(self.source[self.start : self.end]))

    @property
    def mutated_line(self) -> str:
        """The lines that are changed, as they are after it, in one."""
        return joined(self.around(self.replacement))

    @property
    def is_a_program(self) -> bool:
        """Whether the mutated text compiles, and to something else."""
        try:
            mutated = ast.parse(self.mutated)
            compile(mutated, "mutated", "exec")
        except SyntaxError:
            return False
        return ast.dump(mutated) != ast.dump(ast.parse(self.source))

    def around(self, middle: str) -> str:
        """Return a text with what stands before and after the change in its lines."""
        begin = self.source.rfind("\n", 0, self.start) + 1
        stop = self.source.find("\n", self.end)
        after = self.source[self.end :] if stop < 0 else self.source[self.end : stop]
        return self.source[begin : self.start] + middle + after


def joined(text: str) -> str:
    """Return a text with one space in the place of line ends and indentation."""
    return " ".join(text.split())


class Text:
    """The text of a module, with the positions of what is in it.

    >>> text = Text("total = (a) * b")
    >>> text.operator(text.span(text.tree.body[0].value.left), "*")
    (12, 13)
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.tree = ast.parse(source)
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.tokens = [
            (self.starts[token.start[0] - 1] + token.start[1], token.string)
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
        ]

    def offset(self, line: int, column: int) -> int:
        """Return which character a line and a column of a syntax tree, which counts bytes, mean."""
        encoded = self.lines[line - 1].encode()[:column]
        return self.starts[line - 1] + len(encoded.decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return the characters of a node: the first, and the one after the last."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self.offset(node.lineno, node.col_offset)
        return start, self.offset(node.end_lineno, node.end_col_offset)

    def of(self, node: ast.expr | ast.stmt) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.source[start:end]

    def operator(self, before: tuple[int, int], symbol: str) -> tuple[int, int]:
        """Return the characters of the first operator with a symbol that follows a span."""
        words = symbol.split()
        for i in range(bisect_left(self.tokens, (before[1], "")), len(self.tokens)):
            found = self.tokens[i : i + len(words)]
            if [word for _, word in found] == words:
                last, word = found[-1]
                return found[0][0], last + len(word)
        raise ValueError(f"no {symbol} follows character {before[1]}")


Change = tuple[str, int, int, str]  # the kind, the characters, and what replaces them


def of_comparison(text: Text, node: ast.Compare) -> Iterator[Change]:
    """Yield each comparison with the one beside it: < for <=, == for !=, `is` for `is not`."""
    for before, kind in zip([node.left, *node.comparators], node.ops):
        symbol, other = COMPARISONS[type(kind)]
        yield "comparison", *text.operator(text.span(before), symbol), other


def of_arithmetic(text: Text, node: ast.BinOp | ast.AugAssign) -> Iterator[Change]:
    """Yield an operation with the operator of another."""
    if type(node.op) not in ARITHMETIC:
        return
    before = node.left if isinstance(node, ast.BinOp) else node.target
    symbol, other = ARITHMETIC[type(node.op)]
    if isinstance(node, ast.AugAssign):
        symbol, other = f"{symbol}=", f"{other}="
    yield "arithmetic", *text.operator(text.span(before), symbol), other


def of_boolean(text: Text, node: ast.BoolOp) -> Iterator[Change]:
    """Yield `and` for `or`, and the other way round, at each place."""
    symbol, other = BOOLEAN[type(node.op)]
    for operand in node.values[:-1]:
        yield "boolean operator", *text.operator(text.span(operand), symbol), other


def of_sign(text: Text, node: ast.UnaryOp) -> Iterator[Change]:
    """Yield an operand without the `not` or the minus before it."""
    start = text.span(node)[0]
    if isinstance(node.op, ast.Not):
        yield "boolean operator", start, start + len("not "), ""
    elif isinstance(node.op, ast.USub):
        yield "arithmetic", start, start + 1, ""


def of_constant(text: Text, node: ast.Constant) -> Iterator[Change]:
    """Yield n + 1 for a whole number n, twice another number, False for True."""
    start, end = text.span(node)
    value = node.value
    if isinstance(value, bool):
        yield "constant", start, end, str(not value)
    elif isinstance(value, int):
        yield "constant", start, end, str(value + 1)
    elif isinstance(value, float):
        yield "constant", start, end, repr(2.0 * value if value else 1.0)


def of_condition(text: Text, node: ast.If | ast.While | ast.IfExp) -> Iterator[Change]:
    """Yield a condition that always holds, and one that never does."""
    if not isinstance(node.test, ast.Constant):
        for constant in ("True", "False"):
            yield "condition", *text.span(node.test), constant


def of_comprehension(text: Text, node: ast.comprehension) -> Iterator[Change]:
    """Yield each condition of a comprehension as one that always or never holds."""
    for test in node.ifs:
        for constant in ("True", "False"):
            yield "condition", *text.span(test), constant


def of_statement(text: Text, node: ast.stmt) -> Iterator[Change]:
    """Yield `pass` for a statement."""
    yield "deleted statement", *text.span(node), "pass"


def of_return(text: Text, node: ast.Return) -> Iterator[Change]:
    """Yield None for what is returned."""
    if node.value is not None and text.of(node.value) != "None":
        yield "returned value", *text.span(node.value), "None"


def of_call(text: Text, node: ast.Call) -> Iterator[Change]:
    """Yield a call with two neighbouring arguments exchanged, where they are of one kind."""
    if text.of(node.func) in NOT_SWAPPED or any(isinstance(x, ast.Starred) for x in node.args):
        return
    for left, right in pairwise(node.args):
        if (is_text(left), is_function(left)) == (is_text(right), is_function(right)):
            start, middle = text.span(left)
            between, end = text.span(right)
            swapped = text.of(right) + text.source[middle:between] + text.of(left)
            yield "swapped arguments", start, end, swapped


def is_text(node: ast.expr) -> bool:
    """Tell whether an expression is a text that is written out."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def is_function(node: ast.expr) -> bool:
    """Tell whether an expression is a function that is written out."""
    return isinstance(node, ast.Lambda)


def of_slice(text: Text, node: ast.Slice) -> Iterator[Change]:
    """Yield a slice whose ends are off by one; those that are constants are mutated as such."""
    for bound in (node.lower, node.upper):
        if bound is not None and not isinstance(bound, (ast.Constant, ast.UnaryOp)):
            yield "slice", *text.span(bound), f"({text.of(bound)}) + 1"


RULES: tuple[tuple[type | tuple[type, ...], Callable[..., Iterator[Change]]], ...] = (
    (ast.Compare, of_comparison),
    ((ast.BinOp, ast.AugAssign), of_arithmetic),
    (ast.BoolOp, of_boolean),
    (ast.UnaryOp, of_sign),
    (ast.Constant, of_constant),
    ((ast.If, ast.While, ast.IfExp), of_condition),
    (ast.comprehension, of_comprehension),
    (ast.Return, of_return),
    (ast.Call, of_call),
    (ast.Slice, of_slice),
)


def changes(text: Text, node: ast.AST) -> Iterator[Change]:
    """Yield the changes of one node, without those of the nodes in it."""
    if is_deleted(node, text):
        yield from of_statement(text, node)
    for types, rule in RULES:
        if isinstance(node, types):
            yield from rule(text, node)


def is_deleted(node: ast.AST, text: Text) -> TypeGuard[ast.stmt]:
    """Tell whether a statement can be left out; a module that lacks a name would not load."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    return isinstance(node, DELETED) and node not in text.tree.body


def left_out(node: ast.AST) -> bool:
    """Tell whether a node is not mutated, nor what is in it."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.Assert():
            return True
        case ast.If(test=ast.Name(id=name)):
            return name == CHECKING
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.Assign(value=value) | ast.AnnAssign(value=value):
            return value is None or is_type(value)
        case ast.FunctionDef(decorator_list=decorators):
            return any(isinstance(x, ast.Name) and x.id == "overload" for x in decorators)
    return False


def is_type(value: ast.expr) -> bool:
    """Tell whether an expression is a type with parameters, a union, or a type variable."""
    match value:
        case ast.Subscript(value=ast.Name(id=name)):
            return name in GENERIC
        case ast.Call(func=ast.Name(id=name)):
            return name in ("TypeVar", "ParamSpec")
        case ast.BinOp(left=left, right=right, op=ast.BitOr()):
            return any(is_type(x) or is_name_of_type(x) for x in (left, right))
    return False


def is_name_of_type(value: ast.expr) -> bool:
    """Tell whether an expression is None or a type that every program knows."""
    if isinstance(value, ast.Constant):
        return value.value is None
    return isinstance(value, ast.Name) and value.id in ("int", "float", "str", "type")


def parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a node consists of, but for annotations and what it raises."""
    for name, field in ast.iter_fields(node):
        if name in ("annotation", "returns") or isinstance(node, ast.Raise):
            continue
        found = field if isinstance(field, list) else [field]
        yield from (part for part in found if isinstance(part, ast.AST))


def lines_of(statement: ast.stmt) -> tuple[int, int]:
    """Return the first and last line whose tests run a statement.

    Those of a function or a class are all of it, those of a block the ones before what is in it.
    """
    last = statement.end_lineno or statement.lineno
    if isinstance(statement, NAMED):
        return statement.lineno, last
    body = getattr(statement, "body", None)
    if body:
        last = max(statement.lineno, body[0].lineno - 1)
    return statement.lineno, last


def mutations(source: str) -> Iterator[Mutation]:
    """Yield every mutation of a module, in the order of the syntax tree."""
    text = Text(source)
    stack: list[tuple[ast.AST, Surroundings]] = [(text.tree, Surroundings(1, 1, "", False))]
    while stack:
        node, around = stack.pop()
        if left_out(node):
            continue
        if isinstance(node, ast.stmt):
            around = surroundings(node, around)
        yield from (Mutation(*change, *around, source) for change in changes(text, node))
        stack += [(part, around) for part in reversed(list(parts(node)))]


class Surroundings(NamedTuple):
    """What is around a node, as a Mutation says it."""

    first: int
    last: int
    place: str
    called: bool


def surroundings(node: ast.stmt, around: Surroundings) -> Surroundings:
    """Return what is around the parts of a statement that stands in such surroundings."""
    place = node.name if isinstance(node, NAMED) else around.place
    called = around.called or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    return Surroundings(*lines_of(node), place, called)


def code_lines(source: str) -> int:
    """Return how many lines hold code: no comments, no docstrings, no empty lines.

    >>> code_lines('def f(x):\\n    "A docstring."\\n\\n    # why\\n    return x\\n')
    2
    """
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    held: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in skipped and token.type != tokenize.ENDMARKER:
            held.update(range(token.start[0], token.end[0] + 1))
    return len(held - set(docstring_lines(ast.parse(source))))


def docstring_lines(tree: ast.Module) -> Iterable[int]:
    """Yield the lines of texts that stand alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
