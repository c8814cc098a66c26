"""Local derivatives in names: what a row's rule says, where that is one of its operands.

>>> from autograd import Value
>>> w, x = Value(2.0), Value(3.0)
>>> slope_texts(w * x, ["w", "x"], "u2"), slope_texts(x.tanh(), ["x"], "u2")
(['x', 'w'], ['tanh′(x)'])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import primitives as p
from autograd.compile.javascript.slopes import Notes
from autograd.compile.tracing.symbols import Symbol
from autograd.primitive_type import Primitive, Variadic
from autograd.value import Value

INDEXED = (p.softmax_of, p.log_softmax_of)  # whose first operand is an index, which a rule looks at


def slope_texts(node: Value, names: Sequence[str], name: str) -> list[str]:
    """Return the local derivative of a node by each operand, in names.

    An operand, the result, or a plain number, where the rule is just that; else f′(x) of a function
    of one operand, and ∂u/∂x of others.

    Args: names: of the operands; name: of the node.
    """
    return [
        text_of(node, found, names, name) or f"∂{name}/∂{names[j]}"
        for j, found in enumerate(rules_of(node))
    ]


def text_of(node: Value, found: Any, names: Sequence[str], name: str) -> str:
    """Return a local derivative in names; nothing where it is no single one of them."""
    if isinstance(found, Symbol) and found.place <= len(names):
        return [*names, name][found.place]
    if found is not None and not isinstance(found, Symbol):
        return f"{found:g}"
    if node.op is not None and len(names) == 1 and node.op.symbol.isidentifier():
        return f"{node.op.symbol}′({names[0]})"
    return ""


def rules_of(node: Value) -> list[Any]:
    """Return what the rule of a row gives for each operand: a Symbol, a number, or None."""
    op = node.op
    if op and op not in INDEXED and p.TABLE.get(op.name) == op:
        return of_symbols(op, len(node.operands))
    return [None] * len(node.operands)


def of_symbols(op: Primitive, count: int) -> list[Any]:
    """Return what the rule of a row gives for so many Symbols."""
    notes = Notes([""] * (count + 1))
    *operands, out = notes.symbols()
    if isinstance(op, Variadic):
        return list(op.rule(operands, out))
    return [partial(*operands, out) if partial else None for partial in op.partials]
