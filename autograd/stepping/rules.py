"""Local derivatives in names: what a row's rule says, where that is short.

>>> from autograd import Value
>>> w, x = Value(2.0), Value(3.0)
>>> slope_texts(w * x, ["w", "x"], "u2"), slope_texts(x.tanh(), ["x"], "u2")
(['x', 'w'], ['tanh′(x)'])
>>> slope_texts(x**2, ["x", "2"], "u1")[0], slope_texts(x / w, ["x", "w"], "u2")[0]
('2·x', '1 / w')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import primitives as p
from autograd.compile.javascript.slopes import Notes
from autograd.compile.tracing.symbols import Symbol
from autograd.primitive_type import Primitive, Variadic
from autograd.stepping.lines import shown
from autograd.value import Value

SIGNS = {p.add: " + ", p.sub: " - ", p.mul: "·", p.div: " / ", p.power: " ** "}
# Whose first operand is an index, which a rule looks at.
INDEXED = (p.softmax_of, p.log_softmax_of)


def slope_texts(node: Value, names: Sequence[str], name: str) -> list[str]:
    """Return the local derivative of a node by each operand, in names.

    An operand, the result, or a plain number, where the rule is just that; f′(x) of a function of
    one operand; of others what the rule says with the signs of arithmetic, else ∂u/∂x.

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
    return arithmetic(node, found, [*names, name]) if isinstance(found, Symbol) else ""


def arithmetic(node: Value, found: Symbol, names: Sequence[str]) -> str:
    """Return a local derivative with the signs of arithmetic; nothing where it has others.

    What is computed of plain numbers alone stands there as a number.
    """
    plain = {j: x for j, x in enumerate(node.operands) if not isinstance(x, Value)}
    if any(names[j] != shown(x) for j, x in plain.items()):
        return ""
    parts: list[Any] = [plain.get(j, name) for j, name in enumerate(names)]
    notes: Any = found.tape
    for place in range(len(parts), found.place + 1):
        op = notes.ops[place]
        operands = notes.operands[place]
        parts.append(
            notes.constants[place] if op is None else joined(op, [parts[k] for k in operands])
        )
    return text_in(parts[found.place], whole=notes.ops[found.place] in (p.mul, p.div))


def joined(op: Primitive, parts: Sequence[Any]) -> Any:
    """Return an operation on names and numbers: a number of numbers, a text, or None."""
    if any(part is None for part in parts):
        return None
    if not any(isinstance(part, str) for part in parts):
        return op.forward(*parts)
    if op not in SIGNS:
        return None
    if op is p.power and parts[1] == 1:
        return parts[0]
    return SIGNS[op].join(map(text_in, parts))


def text_in(part: Any, whole: bool = False) -> str:
    """Return a name or a number as it stands in a line, in brackets where it has a sign."""
    if part is None:
        return ""
    text = part if isinstance(part, str) else shown(part)
    return text if whole or not (" " in text or "·" in text or text[0] == "-") else f"({text})"


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
