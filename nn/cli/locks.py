"""One training for each folder: a second one would write over what the first learns.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder, alone_in(Path(folder)):
...     pass
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder for the training of this process, until it ends, in whatever way.

    The lock is the system's, on an empty file in the folder of temporary files, so none is left
    behind by a process that was killed. It says nothing of other machines, and nothing where the
    system has no such locks (Windows).

    Raises: ValueError: another training is writing there.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"chainrule-{os.getuid()}-{name}.lock"
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError:
        # No such folder, or a full disk: then without a lock.
        yield
        return
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"{folder}: another training is writing there now; wait for it, or choose another "
                "folder with --out"
            ) from None
        yield
    finally:
        os.close(number)
