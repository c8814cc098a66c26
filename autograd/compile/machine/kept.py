"""Machine code kept on disk, in a folder that is the user's alone, or not kept at all.

What is loaded from there is run. So the folder is made for its owner only, and one that anybody
else owns or may write to, or could put another in the place of, is not used. Each file begins with
a checksum: what is damaged is compiled and written again. Nothing that fails here is an error: the
code is compiled in this process then, and one warning in all says why. The folder does not grow
beyond a bound (`trimming`).
"""

from __future__ import annotations

import hashlib
import itertools
import os
import platform
import shutil
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import llvmlite

from autograd.compile.machine import trimming
from autograd.compile.machine.trimming import VARIABLE

PACKAGE = Path(__file__).parents[2]
# What code depends on.
ROOMS = (
    "",
    "compile",
    "compile/machine",
    "compile/tracing",
    "compile/lower",
    "compile/reference",
)
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
CHECKSUM_BYTES = 32
# So many files a process may write until it looks how large all is.
WRITES_UNTRIMMED = 100
# Of what this process has been warned, and how many files it has written.
told: list[str] = []
writes = itertools.count()


def tell(where: object, why: object) -> None:
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
    """Return the folder for this version of sources, Python and llvmlite; None without."""
    return checked_folder(os.environ.get(VARIABLE) or "")


@cache
def checked_folder(base: str) -> Path | None:
    """Return the folder below the given one, or below the usual one; None where there is none."""
    name = base or trimming.USUAL
    try:
        root = trimming.root()
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
    trimming.mark_used(found, found.stat().st_mtime)
    return found


@cache
def version() -> str:
    """Return what tells apart the sources and packages that all machine code depends on."""
    paths: list[Path] = []
    for room in ROOMS:
        found = (PACKAGE / room).glob("*.py")
        # A folder lists its files in any order.
        paths += sorted(found)
    sources = b"".join(path.read_bytes() for path in paths)
    digest = hashlib.sha256(sources)
    versions = f"{llvmlite.__version__} {platform.python_version()}"
    digest.update(versions.encode())
    return digest.hexdigest()[:16]


def described() -> str:
    """Return where code is kept and how much, in words; or why it is not."""
    where = folder()
    if where is None:
        return f"none on disk; {told[0]}"
    return f"{trimming.described(where.parent)}; python -m autograd.compile --empty-cache"


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
        with open(path, "rb") as file:
            trimming.mark_used(path, os.fstat(file.fileno()).st_mtime)
            return file.read()
    except OSError:
        return b""


def put(path: Path, content: bytes) -> None:
    """Write a file under another name and rename it; tell of it where that fails."""
    # Other processes may write it now, too.
    beside = path.with_name(f".{os.urandom(8).hex()}")
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        # It was emptied by now, maybe.
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with open(beside, "xb") as file:
            file.write(content)
        os.replace(beside, path)
    except OSError as error:
        tell(path.parent, error)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    if next(writes) % WRITES_UNTRIMMED == 0:
        trimming.trim(path.parents[1], path.parent)


def code_for(meaning: str, compile_: Callable[[], bytes]) -> bytes:
    """Return object code for what a text says, as it was kept, or compiled now and kept.

    The whole text stands beside the code and is compared. It says all that the code depends on but
    for the sources, whose digest names the folder.
    """
    where = folder()
    if where is None:
        return compile_()
    said = meaning.encode()
    name = hashlib.sha256(said).hexdigest()[:32]
    path = where / f"{name}.code"
    content = read(path)
    # The checksum of the rest, the text, the code.
    checksum = content[:CHECKSUM_BYTES]
    checked = content[CHECKSUM_BYTES:]
    if checked.startswith(said) and checksum == hashlib.sha256(checked).digest():
        return checked[len(said) :]
    code = compile_()
    checked = said + code
    checksum = hashlib.sha256(checked).digest()
    put(path, checksum + checked)
    return code
