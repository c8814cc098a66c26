"""Lines that can be checked by hand: an operation in names, in numbers, and what it gives.

A line has as many digits as make it true: six, five or four significant ones; where none does, it
says ≈. `steps.js` writes the same lines in a page.

>>> from autograd import Value, dot
>>> w = [Value(0.754589, name="w1"), Value(0.565150, name="w2")]
>>> a = dot(w, [1.0, -2.0])
>>> line_of(a, ["0", "w1", "w2", "x1", "x2"])
'w1·x1 + w2·x2 = 0.754589·1 + 0.56515·(-2) = -0.375711'
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from autograd.drawing.labels import clipped
from autograd.given import Given
from autograd.value import Value

# Of a sum, or of a function of many; of more the middle is left out.
MAX_OPERANDS_SPELLED = 6
# Digits in which a line is tried; the first that make it true are taken.
DIGITS = (6, 5, 4)
# Longer exact fractions are shown as decimals.
MAX_FRACTION_CHARACTERS = 14
MAX_CHARACTERS = 40

Number = float | Fraction


def shown(x: Number, digits: int = 6) -> str:
    """Return a number in so many significant digits; fractions as they are, and 0 for -0.

    >>> shown(2 / 3), shown(Fraction(2, 3)), shown(10**20), shown(-0.0), shown(2 / 3, 4)
    ('0.666667', '2/3', '1e+20', '0', '0.6667')
    """
    if x == 0:
        return "0"
    exact = isinstance(x, Fraction)
    if exact and len(str(x)) <= MAX_FRACTION_CHARACTERS:
        return str(x)
    try:
        return f"≈{float(x):.{digits}g}" if exact else f"{x:.{digits}g}"
    except OverflowError:
        # An exact number beyond the floats.
        return clipped(str(x), MAX_CHARACTERS)


def bracketed(text: str) -> str:
    """Return a number in brackets where its sign would meet another."""
    return f"({text})" if text.startswith("-") else text


def folded(texts: list[str]) -> list[str]:
    """Return a long list without its middle."""
    if len(texts) <= MAX_OPERANDS_SPELLED:
        return texts
    *_, last = texts
    # With the mark and the last, so many are left.
    first = texts[: MAX_OPERANDS_SPELLED - 2]
    return [*first, "…", last]


def kind_of(node: Value) -> str:
    """Return how an operation is spelled.

    "products" for a sum of them, "infix", "prefix", "many" for a function of a list, else "call".
    """
    if node.op is None:
        return "call"
    if node.op.symbol == "dot":
        return "products"
    count = len(node.operands)
    names = ["x"] * count
    text = str(node.op.spell(*names))
    if text.startswith(f"{node.op.symbol}("):
        return "many" if "([" in text else "call"
    return "infix" if count > 1 else "prefix"


def spelled(node: Value, texts: Sequence[str]) -> str:
    """Return an operation on texts; of a long one the middle is left out."""
    kind = kind_of(node)
    symbol = node.op.symbol if node.op else ""
    if kind == "products":
        return sum_of_products(texts, has_bias(node))
    few = folded(list(texts))
    if kind == "infix":
        return f" {symbol} ".join(map(bracketed, few))
    if kind == "prefix":
        return symbol + "".join(texts)
    inside = ", ".join(few)
    return f"{symbol}([{inside}])" if kind == "many" else f"{symbol}({inside})"


def sum_of_products(texts: Sequence[str], bias: bool = True) -> str:
    """Return bias + w·x + …

    >>> sum_of_products(["b", "w1", "w2", "3", "-2"])
    'b + w1·3 + w2·(-2)'
    """
    half = len(texts) // 2 + 1
    terms = []
    for w, x in zip(texts[1:half], texts[half:], strict=True):
        terms.append(f"{bracketed(w)}·{bracketed(x)}")
    # A sum of nothing is its bias, whatever that is.
    if bias or not terms:
        terms.insert(0, texts[0])
    return " + ".join(folded(terms))


def line_of(node: Value, names: Sequence[str]) -> str:
    """Return what a node is: in names, in numbers, and the result.

    Args: names: of the operands, a plain one's number where it has none.
    """
    digits, sign = digits_of(node)
    formula = formula_of(node, names, digits)
    return f"{formula} {sign} {shown(node.data, digits)}"


def formula_of(node: Value, names: Sequence[str], digits: int = DIGITS[0]) -> str:
    """Return an operation in names, and in numbers where these are not the same."""
    # The caller has looked.
    assert node.op is not None
    numbers = [shown(x, digits) for x in numbers_in(node)]
    left = spelled(node, names)
    right = spelled(node, numbers)
    return left if left == right else f"{left} = {right}"


def has_bias(node: Value) -> bool:
    """Tell whether a sum of products has a bias: not where it is the plain number 0."""
    bias = node.operands[0]
    return isinstance(bias, Value) or bias != 0


def numbers_in(node: Value) -> list[Any]:
    """Return the numbers of a node's operands."""
    return [x.data if isinstance(x, Value) else x for x in node.operands]


def digits_of(node: Value) -> tuple[int, str]:
    """Return in how many digits the line of a node is true, and "="; else six, and "≈"."""
    numbers = numbers_in(node)
    exact = any(isinstance(x, Fraction) for x in (*numbers, node.data))
    if node.op is None or isinstance(node.op, Given) or exact:
        return DIGITS[0], "="
    return digits_true(node.op.forward, numbers, node.data)


def digits_true(
    forward: Callable[..., Any], numbers: Sequence[Number], result: Number
) -> tuple[int, str]:
    """Return the most digits in which a line is true, and "="; else six, and "≈"."""
    for digits in DIGITS:
        if holds(forward, numbers, result, digits):
            return digits, "="
    return DIGITS[0], "≈"


def holds(
    forward: Callable[..., Any], numbers: Sequence[Number], result: Number, digits: int
) -> bool:
    """Tell whether the numbers as they are printed give the result as it is printed."""
    printed = [float(shown(x, digits)) if isinstance(x, float) else x for x in numbers]
    try:
        found = float(forward(*printed))
        return shown(found, digits) == shown(result, digits)
    except (ValueError, ArithmeticError, TypeError):
        return False


def of_two(sign: str, x: Number, y: Number, result: Number) -> str:
    """Return a product or a sum of two numbers as a line that can be checked by hand.

    >>> of_two("×", 0.1, -3.0, 0.1 * -3.0), of_two("+", 0.0, -1.5, -1.5)
    ('0.1 × (-3) = -0.3', '0 + (-1.5) = -1.5')
    """
    digits = DIGITS[0]
    equals = "="
    if all(isinstance(z, float) for z in (x, y, result)):
        forward = operator.mul if sign == "×" else operator.add
        digits, equals = digits_true(forward, (x, y), result)
    second = bracketed(shown(y, digits))
    left = f"{shown(x, digits)} {sign} {second}"
    return f"{left} {equals} {shown(result, digits)}"
