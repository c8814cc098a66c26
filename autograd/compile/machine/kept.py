"""Machine code kept on disk, in a folder that is the user's alone, or not kept at all.

What is loaded from there is run. So the folder is made for its owner only, and one that anybody
else owns or may write to, or could put another in the place of, is not used. Each file begins with
a checksum: what is damaged is compiled and written again. Nothing that fails here is an error: the
code is compiled in this process then, and one warning in all says why.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import shutil
import stat
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from autograd import primitives, scalar_math
from autograd.compile.lower import program
from autograd.compile.tracing import internal_primitives

VARIABLE = "CHAINRULE_CACHE"  # the environment variable that names another folder
SOURCES = (primitives, scalar_math, internal_primitives, program)  # beside the files of this room
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
CHECKSUM_BYTES = 32
told: list[str] = []  # of what this process has been warned


def tell(where: Any, why: Any) -> None:
    """Warn that code is not kept, once in a process."""
    if not told:
        told.append(f"{where}: {why}")
        warnings.warn(
            f"compiled kernels are not kept in {where}: {why}. Each process compiles them again,"
            f" which takes seconds; set {VARIABLE} to a folder that is yours and that nobody else"
            " may write to",
            RuntimeWarning,
            stacklevel=2,
        )


# The folder


def folder() -> Path | None:
    """Return the folder for this version of the sources, of Python and of Numba; None without."""
    return checked_folder(os.environ.get(VARIABLE) or "")


@cache
def checked_folder(base: str) -> Path | None:
    """Return the folder below the given one, or below the usual one; None where there is none."""
    name = base or "~/.cache/chainrule"
    try:
        root = Path(name).expanduser().absolute()
        found = root / version()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found.mkdir(mode=0o700, exist_ok=True)
        why = open_to_others(root, found)
    except (OSError, RuntimeError) as error:  # also: no home can be found
        tell(name, error)
        return None
    if why:
        tell(name, why)
        return None
    return found


def version() -> str:
    """Return what tells apart all that machine code depends on, but for the processor."""
    paths = [*sorted(Path(__file__).parent.glob("*.py")), *(Path(str(x.__file__)) for x in SOURCES)]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths))
    packages = numba.__version__, llvmlite.__version__, platform.python_version()
    digest.update(" ".join(packages).encode())
    return digest.hexdigest()[:16]


def open_to_others(root: Path, found: Path) -> str:
    """Return why somebody else could choose what stands in a folder, "" if nobody could.

    The folders themselves must be the user's and only theirs to write to. So must those above, and
    above what links lead to, but for root's, sticky ones, and the group that is the user's own.
    """
    if not hasattr(os, "geteuid"):  # Windows: a home is its user's
        return ""
    own = {os.path.realpath(root), os.path.realpath(found)}
    for place in leading_to(found):
        state = os.lstat(place)
        if state.st_uid not in (os.geteuid(), 0):
            return f"{place} belongs to another user"
        if stat.S_ISLNK(state.st_mode) or not state.st_mode & OTHERS_WRITE:
            continue
        if os.path.realpath(place) in own or not harmless(state):
            return f"others may write to {place}"
    return ""


def leading_to(path: Path) -> Iterator[Path]:
    """Yield all folders and links on the way to a path, and those that the links lead through."""
    for place in [*reversed(path.parents), path]:
        yield place
        if place.is_symlink():
            yield from leading_to(place.parent / os.readlink(place))


def harmless(state: os.stat_result) -> bool:
    """Tell whether nobody else can exchange what stands in a folder that others may write to."""
    if state.st_mode & stat.S_ISVTX:
        return True
    return not state.st_mode & stat.S_IWOTH and is_private(state.st_gid)


def is_private(number: int) -> bool:
    """Tell whether a group is the one that many systems make for each user."""
    import grp
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        group = grp.getgrgid(number)
    except KeyError:
        return False
    return group.gr_name == user and set(group.gr_mem) <= {user}


# Files


def read(path: Path) -> bytes:
    """Return what a file holds, nothing where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def put(path: Path, content: bytes) -> None:
    """Write a file under another name and rename it; tell of it where that fails."""
    beside = path.with_name(f".{os.urandom(8).hex()}")  # other processes may write it now, too
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        with open(beside, "xb") as file:
            file.write(content)
        os.replace(beside, path)
    except OSError as error:
        tell(path.parent, error)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def keep_text(path: Path, text: str) -> None:
    """Keep a text to be read by people: it is compared and written, and never run from there."""
    content = text.encode()
    if read(path) != content:
        put(path, content)


class KeptCode:
    """The machine code of one function: what Numba asks to load and to save.

    Args: path, of the file but for its ending, which stands for signature and processor.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def place(self, signature: Any, codegen: Any) -> tuple[Path, bytes]:
        """Return where the code for a signature and a processor stands, and what it is for."""
        meaning = f"{self.path.name} {signature} {codegen.magic_tuple()}".encode()
        ending = hashlib.sha256(meaning).hexdigest()[:12]
        return self.path.with_name(f"{self.path.name}.{ending}.code"), meaning

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return a function as Numba compiled it before; None where it has to be compiled."""
        context.refresh()
        path, meaning = self.place(signature, context.codegen())
        content = read(path)
        code = content[CHECKSUM_BYTES:]
        if content[:CHECKSUM_BYTES] != hashlib.sha256(meaning + code).digest():
            return None
        return CompileResult._rebuild(context, *pickle.loads(code))

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep what Numba has compiled."""
        path, meaning = self.place(signature, result.codegen)
        code = dumps(result._reduce())
        put(path, hashlib.sha256(meaning + code).digest() + code)
