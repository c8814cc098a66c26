"""DOT text to pictures: which program draws here, and how it is run.

Layout is done by a program: graphviz-pure, which pip installs along with this package, else the
`dot` of a Graphviz installation. Only the second one can write pdf.

>>> render("digraph { a -> b }")[:5] if engine() else b"<?xml"
b'<?xml'
"""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

PURE = "graphviz-pure"
SYSTEM = "dot"
# Forms that graphviz-pure cannot write.
ONLY_SYSTEM_FORMATS = frozenset(("pdf", "ps", "eps"))
CURE = f"pip install {PURE}, or install Graphviz so that its program dot is on the PATH"
# A layout that takes longer is given up.
TIMEOUT_SECONDS = 60.0


def engines() -> Iterator[str]:
    """Yield the paths of the programs that can draw, the preferred one first.

    A program of an environment that is not activated is not on the PATH: it is looked for beside
    the interpreter's other scripts, then in the files of its distribution.
    """
    beside = shutil.which(PURE, path=sysconfig.get_path("scripts"))
    if beside:
        yield beside
    else:
        try:
            files = importlib.metadata.files(PURE) or []
        except importlib.metadata.PackageNotFoundError:
            files = []
        found = (shutil.which(str(file.locate())) for file in files if file.stem == PURE)
        yield from filter(None, found)
    system = shutil.which(SYSTEM)
    if system:
        yield system


def engine(form: str = "svg") -> str | None:
    """Return the path of a program that draws in a form (svg, png, pdf), or None."""
    able = (
        path for path in engines() if form not in ONLY_SYSTEM_FORMATS or Path(path).stem != PURE
    )
    return next(able, None)


def render(source: str, form: str = "svg") -> bytes:
    """Return the picture of a DOT text.

    Args:      source: DOT; form: "svg", "png", "json", or "pdf" where Graphviz is installed.
    Raises:    RuntimeError: no program can draw this form here, or it refused the text, or it took
               too long; the message says which, and what to do.
    """
    program = engine(form)
    if program is None:
        raise RuntimeError(no_engine(form))
    command = [program, f"-T{form}"]
    try:
        done = subprocess.run(
            command, input=source.encode(), capture_output=True, check=False,
            timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"{program} took more than {TIMEOUT_SECONDS:g} s for {len(source)} characters of "
            "DOT; draw less of the graph"
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-300:]
        raise RuntimeError(f"{' '.join(command)} failed: {said or done.returncode}")
    return done.stdout


def no_engine(form: str) -> str:
    """Return what to say where no program can draw a form."""
    if engine():
        return (
            f"{PURE} cannot write {form}: install Graphviz (apt-get install graphviz), whose dot "
            "can, or choose svg or png"
        )
    return f"no program that draws graphs was found: {CURE}"
