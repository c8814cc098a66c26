"""Whether a function asks which of True and False something is, as in `(x > 0) is True`.

In a trace a comparison is a node, which equals True or False but is neither; so there such a
question would have the same answer for all samples. A function that asks it branches at each of its
comparisons.

>>> asks_which([(lambda x: (x > 0) is True).__code__]), asks_which([(lambda x: x is None).__code__])
(True, False)
"""

from __future__ import annotations

import dis
from collections.abc import Iterable
from itertools import pairwise
from types import CodeType

IS = dis.opmap["IS_OP"]


def asks_which(codes: Iterable[CodeType]) -> bool:
    """Tell whether code has an `is` after True, False or a comparison; `match` asks so, too."""
    return any(map(has_question, codes))


def has_question(code: CodeType) -> bool:
    """Tell whether one code object has such an `is`."""
    # Few functions have any.
    if IS not in code.co_code[::2]:
        return False
    for before, step in pairwise(dis.get_instructions(code)):
        if step.opcode == IS:
            is_truth = before.opname.startswith("LOAD_CONST") and isinstance(before.argval, bool)
            if is_truth or before.opname == "COMPARE_OP":
                return True
    return False
