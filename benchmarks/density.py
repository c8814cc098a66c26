"""How densely the library is written, package by package: counts that can be held, not a verdict.

    python -m benchmarks density [--commit COMMIT] [FOLDER ...]

Tokens and lines are those of code: comments, docstrings and line ends do not count. A packed
assignment sets several names to as many expressions, `a, b = x, y`. Of the parameters that are
annotated, those count as bare whose annotation is Any, or another name for it.
"""

from __future__ import annotations

import argparse
import ast
import io
import tempfile
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from benchmarks.commits import unpack
from testkit.processes import ROOT

PACKAGES = ("autograd", "nn")
SILENT = {
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COLUMNS = "tokens, comments, own line, packed, Any, functions, largest folder".split(", ")


class Counts(NamedTuple):
    """What is counted in a module.

    Attributes: `lines` with code, and the `tokens` in them; `comments`, and how many of them have a
    line for `own`; `statements`, and which of them are `packed`; `parameters` with an annotation,
    and which are `bare`; the lines of each of the `functions`.
    """

    lines: int
    tokens: int
    comments: int
    own: int
    statements: int
    packed: int
    parameters: int
    bare: int
    functions: list[int]


def counted(source: str) -> Counts:
    """Return the counts of a module's text.

    >>> found = counted("def f(x: Any):\\n    a, b = x, 1  # two\\n    return a\\n")
    >>> found.lines, found.tokens, found.packed, found.bare, found.functions
    (3, 17, 1, 1, [3])
    """
    tree = ast.parse(source)
    docstrings = set(docstring_lines(tree))
    lines: set[int] = set()
    tokens = comments = own = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        row = token.start[0]
        if token.type == tokenize.COMMENT:
            comments += 1
            own += token.line.lstrip().startswith("#")
        elif token.type not in SILENT and row not in docstrings:
            tokens += 1
            lines.update(range(row, token.end[0] + 1))
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, FUNCTIONS)]
    annotations = [x for node in functions for x in annotations_of(node)]
    names = {"Any", *aliases(tree)}
    return Counts(
        len(lines),
        tokens,
        comments,
        own,
        sum(isinstance(node, ast.stmt) for node in nodes),
        sum(map(is_packed, nodes)),
        len(annotations),
        sum(ast.unparse(x) in names for x in annotations),
        [sum(node.lineno <= row <= (node.end_lineno or 0) for row in lines) for node in functions],
    )


def docstring_lines(tree: ast.Module) -> Iterator[int]:
    """Yield the lines of all docstrings, those below assignments too."""
    for node in ast.walk(tree):
        alone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if alone and isinstance(node.value.value, str):  # type: ignore[attr-defined]
            yield from range(node.lineno, (node.end_lineno or 0) + 1)  # type: ignore[attr-defined]


def annotations_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    """Yield the annotations of parameters."""
    arguments = function.args
    rest = [one for one in (arguments.vararg, arguments.kwarg) if one]
    for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]:
        if one.annotation:
            yield one.annotation


def aliases(tree: ast.Module) -> Iterator[str]:
    """Yield what a module calls Any beside."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.value) == "Any":
            yield from (x.id for x in node.targets if isinstance(x, ast.Name))


def is_packed(node: ast.AST) -> bool:
    """Tell whether a statement sets several names to as many expressions, and swaps nothing."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple):
        return False
    (target, *others) = node.targets
    if others or not isinstance(target, ast.Tuple):
        return False
    names, found = ({ast.unparse(x) for x in side.elts} for side in (target, node.value))
    return names != found


def row(package: str, files: Iterable[Path]) -> dict[str, float | str]:
    """Return what is told of a package, by column."""
    paths = list(files)
    found = [counted(path.read_text(encoding="utf-8")) for path in paths]
    folders = [path.parent for path in paths]
    lengths = [n for one in found for n in one.functions] or [0]
    longest = sorted(lengths)
    ninety = quantiles(longest, n=10)[-1] if len(longest) > 1 else longest[0]

    def total(name: str) -> int:
        return sum(getattr(one, name) for one in found)

    def share(part: str, whole: str, times: float) -> float:
        return times * total(part) / max(1, total(whole))

    return {
        "package": package,
        "tokens": share("tokens", "lines", 1),
        "comments": share("comments", "lines", 100),
        "own line": share("own", "comments", 100),
        "packed": share("packed", "statements", 1000),
        "Any": share("bare", "parameters", 100),
        "functions": f"{median(lengths):.0f}/{ninety:.0f}/{longest[-1]}",
        "largest folder": max(map(folders.count, folders)),
    }


def rows(packages: Iterable[str] = PACKAGES, root: Path = ROOT) -> list[dict[str, float | str]]:
    """Return a row for each package, or folder."""
    return [row(package, sorted((root / package).rglob("*.py"))) for package in packages]


def rows_at(commit: str, packages: Iterable[str]) -> list[dict[str, float | str]]:
    """Return the rows of another commit."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(commit, Path(folder))
        return rows(packages, Path(folder))


def main(argv: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks density", description=__doc__)
    parser.add_argument("folders", nargs="*", default=PACKAGES)
    parser.add_argument("--commit", help="count what was there, in place of what is here")
    chosen = parser.parse_args(argv)
    folders = chosen.folders
    found = rows_at(chosen.commit, folders) if chosen.commit else rows(folders)
    print("| | " + " | ".join(COLUMNS) + " |")
    print("|---|" + "---:|" * len(COLUMNS))
    for one in found:
        shown = [x if isinstance(x, str) else f"{x:.3g}" for x in map(one.get, COLUMNS)]
        print(f"| {one['package']} | {' | '.join(shown)} |")
    return 0
