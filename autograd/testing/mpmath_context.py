"""The many-digit arithmetic of the oracles: a context of mpmath, apart from its global one.

>>> context().dps
60
"""

from __future__ import annotations

from functools import cache
from typing import Any

# Decimal digits, unless an oracle asks for more.
DIGITS = 60


class NotLiftable(TypeError):
    """The function cannot be evaluated on numbers of this type."""


def has_mpmath() -> bool:
    """Tell whether arithmetic of many digits is at hand."""
    try:
        context()
    except NotLiftable:
        return False
    return True


@cache
def context() -> Any:
    """Return the arithmetic of the precise oracle; made once.

    Raises: NotLiftable: mpmath is missing; the message names the extra that brings it.
    """
    try:
        import mpmath
    except ImportError:
        raise NotLiftable(
            'the mpmath oracle needs mpmath: pip install "chainrule[testing]"'
        ) from None
    made = mpmath.MPContext()
    made.dps = DIGITS
    return made
