"""Whether a text of a Value is only looked at: printed, logged, or asked for by a debugger.

A text that a traced function makes of a Value would be that of one sample. What it prints is no
part of what it computes; so a text is let pass where the call that asks for it is one of the
built-in `print`, or where a debugger or `logging` stands between it and the function.
"""

from __future__ import annotations

import builtins
import dis
from types import CodeType, FrameType

PACKAGE = __name__.partition(".")[0]
LOOKERS = frozenset(
    ["IPython", "_pydevd_bundle", "_pytest", "bdb", "debugpy", "logging", "pdb", "pudb", "pydevd"]
)
GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME")
MAKING_KEYWORDS = ("BUILD_MAP", "BUILD_CONST_KEY_MAP", "DICT_MERGE")


def package_of(frame: FrameType) -> str:
    """Return the package whose code a frame runs."""
    module = str(frame.f_globals.get("__name__", ""))
    return module.partition(".")[0]


def is_looked_at(frame: FrameType) -> bool:
    """Tell whether who asks for the text of a Value, in this frame, makes nothing of it."""
    if package_of(frame) == PACKAGE or prints(frame):
        return True
    asker: FrameType | None = frame
    # Up to our own frame, which called the function.
    while asker is not None and package_of(asker) != PACKAGE:
        if package_of(asker) in LOOKERS:
            return True
        asker = asker.f_back
    return False


def prints(frame: FrameType) -> bool:
    """Tell whether a frame is at a call of the built-in `print`, and not into a file of its own."""
    code = frame.f_code
    found = list(dis.get_instructions(code))
    call = next((x for x in found if x.offset == frame.f_lasti), None)
    # Where a Python counts its instructions in another way, the text is refused.
    if call is None:
        return False
    inside = [x for x in found if within(x.positions, call.positions)]
    if any(names_file(x, code) for x in inside):
        return False
    opnames = {x.opname for x in inside}
    # Keywords that are made at run time may have a file among them.
    if call.opname == "CALL_FUNCTION_EX" and opnames.intersection(MAKING_KEYWORDS):
        return False
    # What is called begins where the call does.
    first = [x for x in inside if begin(x) == begin(call)]
    names = [x.argval for x in first if x.opname in GLOBALS]
    return "print" in names and meaning(frame) is builtins.print


def names_file(instruction: dis.Instruction, code: CodeType) -> bool:
    """Tell whether an instruction names the keyword `file` of a call."""
    names = instruction.argval
    # Python 3.11 and 3.12.
    if instruction.opname == "KW_NAMES" and instruction.arg is not None:
        names = code.co_consts[instruction.arg]
    return type(names) is tuple and "file" in names


def begin(instruction: dis.Instruction) -> tuple[int | None, int | None]:
    """Return the line and the column at which an instruction begins."""
    positions = instruction.positions
    if not positions:
        return None, None
    return positions.lineno, positions.col_offset


def within(part: dis.Positions | None, whole: dis.Positions | None) -> bool:
    """Tell whether a piece of source is known to stand in another one."""
    if part is None or whole is None:
        return False
    if None in part or None in whole:
        return False
    # A line, the last line, a column in the first and one in the last.
    line, last_line, column, last_column = part
    whole_line, whole_last_line, whole_column, whole_last_column = whole
    begins_inside = (whole_line, whole_column) <= (line, column)
    ends_inside = (last_line, last_column) <= (whole_last_line, whole_last_column)
    return begins_inside and ends_inside


def meaning(frame: FrameType) -> object:
    """Return what the name `print` means in a frame."""
    for names in (frame.f_globals, frame.f_builtins):
        if "print" in names:
            return names["print"]
    return None
