"""Run a program as Python's prompt would, and tell what it made: in the page to try it."""

import ast
import contextlib
import io
import json
import linecache
import sys
import traceback
from types import CodeType
from typing import Any

from autograd import Value, draw_dot, stepper
from autograd.stepping.page import PAGE

NAME = "<program>"


def answer(program: str) -> str:
    """Return what a program printed, and the drawing and stepper of its last Value, as JSON."""
    printed = io.StringIO()
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        name = run(program, namespace)
        drawn = pictures(name, namespace) if name else {"drawing": "", "stepper": ""}
    return json.dumps({"text": printed.getvalue(), "name": name, **drawn})


def run(program: str, namespace: dict[str, Any]) -> str:
    """Run one statement after the other, and return the name of the Value that was made last.

    A Value that was bound to another name before is not new, as the variable of a loop may be.
    The value of an expression is printed, as at the prompt. An error is printed as its traceback,
    and ends the program.
    """
    linecache.cache[NAME] = (len(program), None, program.splitlines(keepends=True), NAME)
    last = ""
    try:
        for code in statements(program):
            before = dict(namespace)
            exec(code, namespace)
            last = next(made(before, namespace), last)
    except BaseException as error:
        print_error(error)
    return last


def statements(program: str) -> list[CodeType]:
    """Return the code of every statement, with the line numbers of the whole program."""
    return [
        compile(ast.Interactive([statement]), NAME, "single")
        for statement in ast.parse(program, NAME).body
    ]


def made(before: dict[str, Any], after: dict[str, Any]) -> Any:
    """Yield the names that are bound to Values that had no name before, the last first."""
    known = {id(value) for value in before.values()}
    for name, value in reversed(after.items()):
        if isinstance(value, Value) and id(value) not in known:
            yield name


def print_error(error: BaseException) -> None:
    """Print a traceback that begins in the program, not here."""
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename != NAME:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames, file=sys.stderr)


def pictures(name: str, namespace: dict[str, Any]) -> dict[str, str]:
    """Return the drawing of a Value as SVG, and its stepper as a page."""
    names = {key: value for key, value in namespace.items() if isinstance(value, Value)}
    try:
        page = stepper(namespace[name], names=names)
        drawing = draw_dot(namespace[name], names=names).svg()
    except ValueError as error:  # a graph too large, and the message says what to do
        print(error)
        return {"drawing": "", "stepper": ""}
    return {"drawing": drawing, "stepper": PAGE.substitute(title=name, body=page.html)}
