"""What the messages of the engine say of numbers, operands and errors.

>>> shown([1.5]), formatted(0.1 + 0.2)
('[1.5]', '0.3')
"""

from __future__ import annotations

from math import inf
from numbers import Number
from typing import TYPE_CHECKING, SupportsFloat

if TYPE_CHECKING:
    from autograd.coercion import Operands
    from autograd.primitive_type import Primitive

# Characters of an operand that a message shows.
LONGEST_REPR = 60


def shown(x: object) -> str:
    """Return what a message shows of any object: its repr, cut where it is long.

    >>> shown([1.5]), shown(10**5000)
    ('[1.5]', 'a very long int')
    """
    try:
        text = repr(x)
    except Exception:
        # Python refuses to spell an int of more than 4300 digits.
        if isinstance(x, Number):
            return f"a very long {type(x).__name__}"
        return object.__repr__(x)
    if len(text) <= LONGEST_REPR:
        return text
    return text[: LONGEST_REPR - 1] + "…"


def formatted(x: SupportsFloat, spec: str = ".6g") -> str:
    """Return a number as text; Fractions take a format from Python 3.12 on, so before as floats."""
    try:
        return format(x, spec)
    except TypeError:
        return format(float(x), spec)


def operand_text(x: object) -> str:
    """Return an operand for a message: a Value by its name and number.

    >>> operand_text(2.0)
    '2.0'
    """
    if not hasattr(x, "record"):
        return shown(x)
    name = getattr(x, "name", None)
    number = shown(getattr(x, "_data", x))
    return f"{name}={number}" if name else number


def explained(error: Exception, op: Primitive, operands: Operands) -> Exception:
    """Return the same exception with the operation, its operands and their names in the text."""
    texts = [operand_text(x) for x in operands]
    text = f"{op.spell(*texts)}: {error}"
    limited = any(side != (-inf, inf) for side in op.domain)
    if limited and not isinstance(error, TypeError):
        text += f"; domain {op.domain}"
    # An exception of a user's own may take other arguments; its base takes a text.
    for kind in type(error).__mro__:
        try:
            found: Exception = kind(text)
            return found
        except TypeError:
            pass
    return error
