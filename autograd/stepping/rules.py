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
from autograd.stepping.lines import Number, shown
from autograd.value import Value

SIGNS = {p.add: " + ", p.sub: " - ", p.mul: "·", p.div: " / ", p.power: " ** "}
# Rules that look at their first operand, which is an index and no number.
INDEXED = (p.softmax_of, p.log_softmax_of)

# What a rule gives: a note of it, a plain number, or nothing.
Slope = Symbol | float | None
# A piece of a line: a name or a longer text, a number, or nothing that can be written.
Part = str | Number | None


def slope_texts(node: Value, names: Sequence[str], name: str) -> list[str]:
    """Return the local derivative of a node by each operand, in names.

    An operand, the result, or a plain number, where the rule is just that; f′(x) of a function of
    one operand; of others what the rule says with the signs of arithmetic, else ∂u/∂x.

    Args: names: of the operands; name: of the node.
    """
    found = []
    for operand, slope in zip(names, rules_of(node)):
        text = text_of(node, slope, names, name)
        found.append(text or f"∂{name}/∂{operand}")
    return found


def text_of(node: Value, found: Slope, names: Sequence[str], name: str) -> str:
    """Return a local derivative in names; nothing where it is no single one of them."""
    all_names = [*names, name]
    if isinstance(found, Symbol):
        if found.place <= len(names):
            return all_names[found.place]
    elif found is not None:
        return f"{found:g}"
    # A function's own mark of a derivative, where it has a name and one operand.
    symbol = node.op.symbol if node.op else ""
    if symbol.isidentifier() and len(names) == 1:
        (operand,) = names
        return f"{symbol}′({operand})"
    if isinstance(found, Symbol):
        return arithmetic(node, found, all_names)
    return ""


def arithmetic(node: Value, found: Symbol, names: Sequence[str]) -> str:
    """Return a local derivative with the signs of arithmetic; nothing where it has others.

    What is computed of plain numbers alone stands there as a number.
    """
    plain = {j: x for j, x in enumerate(node.operands) if not isinstance(x, Value)}
    # A number that goes by a letter may not vanish in another number.
    for j, x in plain.items():
        if names[j] != shown(x):
            return ""
    parts: list[Part] = [plain.get(j, name) for j, name in enumerate(names)]
    notes: Any = found.tape
    # What the rule noted behind its operands and the result, in the order in which it did.
    for place in range(len(parts), found.place + 1):
        op = notes.ops[place]
        if op is None:
            parts.append(notes.constants[place])
        else:
            operands = [parts[k] for k in notes.operands[place]]
            parts.append(joined(op, operands))
    # The contribution is a product anyhow, in which these need no brackets.
    last = notes.ops[found.place]
    part = parts[found.place]
    return text_in(part, whole=last in (p.mul, p.div))


def joined(op: Primitive, parts: Sequence[Part]) -> Part:
    """Return an operation on names and numbers: a number of numbers, a text, or None."""
    if any(part is None for part in parts):
        return None
    has_names = any(isinstance(part, str) for part in parts)
    if not has_names:
        number: Number = op.forward(*parts)
        return number
    if op not in SIGNS:
        return None
    if op is p.power and parts[1] == 1:
        return parts[0]
    texts = map(text_in, parts)
    return SIGNS[op].join(texts)


def text_in(part: Part, whole: bool = False) -> str:
    """Return a name or a number as it stands in a line, in brackets where it has a sign."""
    if part is None:
        return ""
    text = part if isinstance(part, str) else shown(part)
    has_sign = " " in text or "·" in text or text.startswith("-")
    needs_brackets = has_sign and not whole
    return f"({text})" if needs_brackets else text


def rules_of(node: Value) -> list[Slope]:
    """Return what the rule of a row gives for each operand: a Symbol, a number, or None."""
    op = node.op
    count = len(node.operands)
    # What a rule of a user's own does to a Symbol nobody knows.
    of_table = op is not None and p.TABLE.get(op.name) == op
    if op is None or not of_table or op in INDEXED:
        return [None] * count
    return of_symbols(op, count)


def of_symbols(op: Primitive, count: int) -> list[Slope]:
    """Return what the rule of a row gives for so many Symbols."""
    # One for each operand, and one for the result.
    notes = Notes([""] * (count + 1))
    *operands, out = notes.symbols()
    if isinstance(op, Variadic):
        return list(op.rule(operands, out))
    found: list[Slope] = []
    for partial in op.partials:
        found.append(partial(*operands, out) if partial else None)
    return found
