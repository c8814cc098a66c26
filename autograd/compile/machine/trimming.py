"""How large the folder of kept code is, and what goes when it has grown too large.

Below it is a folder for each version of the sources, named by 16 hexadecimal digits; nothing else
is looked at or removed. A file is read as a whole before it is used, so that none is missed by a
process that is at work: what is gone is compiled again where it is asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# The environment variable that names another folder.
VARIABLE = "CHAINRULE_CACHE"
USUAL = "~/.cache/chainrule"
MAX_BYTES = 200_000_000
# Of MAX_BYTES: what is left after trimming.
FULL = 0.8
DAY_SECONDS = 86_400.0
# After so many days without use the folder of another version goes.
STALE_DAYS = 7
VERSION = re.compile("[0-9a-f]{16}")


def root() -> Path:
    """Return the folder that holds those of all versions; it need not be there.

    Raises: RuntimeError: there is no home.
    """
    return Path(os.environ.get(VARIABLE) or USUAL).expanduser().absolute()


def version_folders(place: Path) -> Iterator[Path]:
    """Yield the folders of versions."""
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if VERSION.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)


def files(place: Path) -> list[tuple[float, int, str]]:
    """Return what is kept: when each file was last used, its size and its path."""
    found = []
    for folder in version_folders(place):
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    state = entry.stat(follow_symlinks=False)
                    found.append((state.st_mtime, state.st_size, entry.path))
    return found


def size(place: Path) -> int:
    """Return how many bytes are kept."""
    return sum(size for _, size, _ in files(place))


def mark_used(path: str | Path, since: float) -> None:
    """Note that a file or folder was used now, if the note there is older than a day."""
    if time.time() - since > DAY_SECONDS:
        with suppress(OSError):
            os.utime(path)


def trim(place: Path, current: Path) -> None:
    """Remove the folders of other versions that are out of use, and the oldest files of all."""
    oldest = time.time() - STALE_DAYS * DAY_SECONDS
    for folder in version_folders(place):
        with suppress(OSError):
            if folder != current and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
    kept = sorted(files(place))
    total = sum(size for _, size, _ in kept)
    if total <= MAX_BYTES:
        return
    for _, size, path in kept:
        with suppress(OSError):
            os.unlink(path)
            total -= size
        if total <= FULL * MAX_BYTES:
            return


def empty(place: Path) -> int:
    """Remove all that is kept, and return how many bytes that was."""
    total = size(place)
    for folder in version_folders(place):
        shutil.rmtree(folder, ignore_errors=True)
    return total - size(place)


def described(place: Path) -> str:
    """Return how much is kept and where, in words."""
    kept = files(place)
    total = sum(size for _, size, _ in kept)
    return (
        f"{len(kept):,} files, {total / 1e6:,.1f} MB of {MAX_BYTES / 1e6:,.0f} at most, in {place}"
    )
