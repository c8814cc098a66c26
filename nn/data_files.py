"""Files of data: their bytes, not more than are meant, unpacked where gzip packed them.

>>> unpacked("own.csv.gz", gzip.compress(b"1,2"))
b'1,2'
"""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import IO

# The size of a file, and of what it unpacks to.
MAX_BYTES = 2**30
CHUNK_BYTES = 2**20


def read_file(path: str | Path) -> bytes:
    """Return the bytes of a file that is not too long to be meant."""
    with open(path, "rb") as file:
        return read_all(path, file)


def read_all(path: str | Path, file: IO[bytes] | gzip.GzipFile) -> bytes:
    """Return all that can be read from an open file.

    Raises: ValueError when it is more than MAX_BYTES, or has no end.
    """
    chunks = []
    size = 0
    while chunk := file.read(CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise ValueError(f"{path}: more than {MAX_BYTES} bytes, the most that is read")
    return b"".join(chunks)


def unpacked(path: str | Path, content: bytes) -> bytes:
    """Return the bytes of a file, unpacked where gzip packed them.

    Raises: ValueError when they are damaged, or unpack to more than MAX_BYTES.
    """
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return read_all(path, gzip.GzipFile(fileobj=io.BytesIO(content)))
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: a damaged gzip file: {error}") from None
