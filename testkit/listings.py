"""What `source()` prints, executed as Python: each line a statement, on numbers of one sample.

The text has its own spelling of places, `s3:5`, `grad_p7` and `(p7, s3)`, and of matrices,
`p0:6 as 2 x 3`; all else is Python's, but that rows of the table compute what operators stand for,
by the functions that the reference has for arrays, and that `+=` adds up first what it has for the
same place.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from autograd import primitives as p
from autograd.compile.lower.backward_text import TITLE
from autograd.compile.reference.array_functions import function_of
from autograd.compile.tracing import internal_primitives
from autograd.primitive_type import Primitive, Variadic

FIRST_SPELLINGS = (
    (r"(?<=[ (])\((?=[sp][\d\[])", "row("),
    (r" in every lane$", ""),
    (r"the inputs of a sample$", "inputs"),
    (r"^p.* = the (parameters|numbers of the Values that are followed)$", "pass"),
    (r"^require (.*) is (True|False) .*$", r"held(bool(\1) is \2)"),
    (r"^return (.*)$", r"return [\1]"),
    (r"\b((?:grad_)?[sp])(\d+:\d+)", r"\1[\2]"),
    (r"\b((?:grad_)?[sp])(\d+)\b", r"\1[\2]"),
    (r" as (\d+) x (\d+)", r" ** shape(\1, \2)"),
)
OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.Pow: "**",
    ast.BitOr: "|", ast.BitAnd: "&", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip


class Listing(NamedTuple):
    """What a listing computes of a sample.

    Attributes: the results; the gradient by the parameters, and that by the inputs, each empty
    where it is not returned.
    """

    results: list[float]
    by_parameters: list[float]
    by_inputs: list[float]


class Places:
    """Numbers by their places: of one, of a range, or of several one by one."""

    def __init__(self, numbers: Sequence[float]) -> None:
        self.numbers = np.array(numbers, float)

    def __getitem__(self, places: Any) -> Any:
        return self.numbers[list(places) if isinstance(places, tuple) else places]

    def __setitem__(self, places: Any, found: Any) -> None:
        self.numbers[list(places) if isinstance(places, tuple) else places] = found

    def add(self, places: Any, more: Any) -> None:
        """Add numbers to places, after adding up in order those for the same place."""
        if isinstance(places, slice):
            places = range(places.start, places.stop)
        targets = np.atleast_1d(np.array(places))
        many = np.broadcast(targets, more).size
        targets = np.broadcast_to(targets, many)
        order = np.argsort(targets, kind="stable")
        rows, starts = np.unique(targets[order], return_index=True)
        # NumPy adds up three numbers as x + (y + z); the reference does so too.
        self.numbers[rows] += np.add.reduceat(np.broadcast_to(more, many)[order], starts)


class AsRows(ast.NodeTransformer):
    """Has rows of the table compute what operators stand for; places are left alone."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Leave a place as it is."""
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Replace a chain of operators, which may be longer than Python can nest calls."""
        if is_shape(node.right):
            return called("shaped", self.visit(node.left), *node.right.args)
        if isinstance(node.op, ast.MatMult):
            return called("matrix", self.visit(node.left), self.visit(node.right))
        first: ast.expr = node
        rest: list[ast.expr] = []
        while isinstance(first, ast.BinOp) and is_plain(first):
            rest += [self.visit(first.right), ast.Constant(OPERATORS[type(first.op)])]
            first = first.left
        return called("chain", self.visit(first), *reversed(rest))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Replace a comparison; those of truths are of our own making."""
        if isinstance(node.ops[0], ast.Is):
            return node
        self.generic_visit(node)
        sign = ast.Constant(OPERATORS[type(node.ops[0])])
        return called("chain", node.left, sign, node.comparators[0])

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Replace an addition to places."""
        target = node.target
        assert isinstance(target, ast.Subscript)
        add = ast.Attribute(target.value, "add", ast.Load())
        places = target.slice
        if isinstance(places, ast.Slice):
            places = called("slice", *filter(None, [places.lower, places.upper]))
        self.generic_visit(node)
        return ast.Expr(ast.Call(add, [places, node.value], []))


def is_shape(node: ast.expr) -> TypeGuard[ast.Call]:
    """Tell whether an expression is a shape."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "shape"


def is_plain(node: ast.BinOp) -> bool:
    """Tell whether an operator stands for a row of the table."""
    return not (is_shape(node.right) or isinstance(node.op, ast.MatMult))


def called(name: str, *operands: ast.expr) -> ast.Call:
    """Return a call of one of our functions."""
    return ast.Call(ast.Name(name, ast.Load()), list(operands), [])


def held(truth: bool) -> None:
    """Refuse a sample that takes another branch than the example."""
    if not truth:
        raise ArithmeticError("the sample takes another branch")


def row(*numbers: Any) -> Any:
    """Return numbers from different places as an array; of one expression in brackets, that."""
    return numbers[0] if len(numbers) == 1 else np.array(numbers, float)


def shaped(numbers: Any, rows: int, columns: int) -> Any:
    """Return numbers, or one for all, as a matrix."""
    return np.broadcast_to(np.asarray(numbers), rows * columns).reshape(rows, columns)


def matrix(left: Any, right: Any) -> Any:
    """Return a matrix product, row after row."""
    return (left @ right).ravel()


def absent(numbers: Any) -> Any:
    """Tell which adjoints are not there."""
    return (numbers == 0.0) & np.signbit(numbers)


def all_absent(numbers: Any) -> Any:
    """Tell of each column of a matrix whether none of its adjoints is there, for a product's."""
    return absent(numbers).all(axis=0)


def functions() -> dict[str, Callable[..., Any]]:
    """Return what the names in a listing mean: rows of the table, and the compiler's own."""
    own = [op for op in vars(internal_primitives).values() if isinstance(op, Primitive)]
    rows = [*p.TABLE.values(), *own]
    many = {op.symbol: function_of(op) for op in rows if isinstance(op, Variadic)}
    few = {op.symbol: function_of(op) for op in rows if not isinstance(op, Variadic)}
    operators = {(op.symbol, len(op.partials)): function_of(op) for op in rows if op.partials}

    def named(name: str) -> Callable[..., Any]:
        def function(*xs: Any) -> Any:
            return many[name](*xs[0]) if isinstance(xs[0], list) else few[name](*xs)

        return function

    found = {name: named(name) for name in {*many, *few} if name.isidentifier()}

    def chain(first: Any, *rest: Any) -> Any:
        for sign, x in zip(rest[::2], rest[1::2]):
            first = operators[sign, 2](first, x)
        return first

    return {**found, "chain": chain}


def in_python(lines: Sequence[str], head: str) -> ast.Module:
    """Return a part of a listing as a function of Python's."""
    found = [head]
    for line in lines:
        for spelled, meant in FIRST_SPELLINGS:
            line = re.sub(spelled, meant, line)
        found.append(f"    {line}")
    return ast.fix_missing_locations(AsRows().visit(ast.parse("\n".join(found))))


def as_python(text: str) -> Iterator[ast.Module]:
    """Yield a listing as functions of Python's, `forward(inputs, p, s)` and `backward(...)`."""
    lines = text.splitlines()
    stop = lines.index(TITLE) if TITLE in lines else len(lines)
    yield in_python(lines[:stop], "def forward(inputs, p, s):")
    yield in_python(lines[stop:] or ["return"], "def backward(seed, p, s, grad_p, grad_s):")


def executed(
    compiled: Any, inputs: bool = True, seed: Any = 1.0, trace: int = 0
) -> Callable[..., Listing]:
    """Return what the listing of a compiled function computes of the numbers of a sample.

    The function that is returned takes those, and for the backward pass the values of slots, where
    they are not to be those of the forward pass.

    Args:
        inputs, seed: as `value_and_grad` takes them.
        trace: which, where there are several.
    """
    traced = compiled.specializations[trace]
    assert len(compiled.parameters) == traced.program(0).trained  # looking brings them up to date
    own = (row, shaped, matrix, held, absent, all_absent)
    world: dict[str, Any] = {**functions(), **{function.__name__: function for function in own}}
    world |= {"inf": np.inf, "nan": np.nan}
    text = compiled.source(whole=True, inputs=inputs)
    if len(compiled.specializations) > 1:
        text = re.split(r"\n*# trace \d+\n", text)[trace + 1]
    for tree in as_python(text):
        exec(compile(tree, "<listing>", "exec"), world)  # our own text
    # The parameters and what is followed; constants are in the text.
    known = traced.program(0).parameters
    numbers = [*traced.shared[:known].tolist(), *[np.nan] * (len(traced.shared) - known)]

    def function(sample: Sequence[float], values: Sequence[float] = ()) -> Listing:
        size = traced.program(1).slots + traced.program(2).slots
        s, grad_s, grad_p = (Places([np.nan] * n) for n in (size, size, len(numbers)))
        shared = Places(numbers)
        with np.errstate(all="ignore"):
            results = world["forward"](sample, shared, s)
            s.numbers[: len(values)] = values  # what an engine computed, whose sums may round
            gradients = [flat(x) for x in world["backward"](seed, shared, s, grad_p, grad_s) or []]
        by_inputs = gradients.pop() if inputs and gradients else []
        return Listing([float(x) for x in results], gradients[0] if gradients else [], by_inputs)

    return function


def flat(numbers: Any) -> list[float]:
    """Return what one place or several hold."""
    return np.atleast_1d(numbers).tolist()
