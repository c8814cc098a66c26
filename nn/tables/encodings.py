"""Encodings: the text in the bytes of a file, and how it was found.

A byte order mark decides; then UTF-8, which other text hardly ever is by chance. What is left is
guessed: in GBK nearly all bytes above 127 come in pairs, and apart from letters of ASCII; in the
cp1252 of western Windows they stand among such letters.

>>> text, note = decoded("own.csv", "größe,art".encode("cp1252"))
>>> text, note
('größe,art', 'encoding: line 1: not UTF-8, read as cp1252 (--encoding)')
"""

from __future__ import annotations

import re

UTF_32_MARKS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "UTF-8-sig"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
HIGH_PAIR = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
GBK_CHARACTER = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
RUN = re.compile(rb"(?<![\x80-\xff])[\x80-\xff]+")
BESIDE_LETTERS = re.compile(rb"[A-Za-z][\x80-\xff]+|(?<![\x80-\xff])[\x80-\xff]+[A-Za-z]")
# So many of the characters of a GBK text are in the part that GB 2312 had.
MOST_IN_PAIRS = 0.9
# So many bytes are looked at for UTF-16 without a mark.
SAMPLE_BYTES = 4096


def decoded(name: str, content: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a file, and a line on how it was found, empty for plain UTF-8.

    Args: encoding: what the text is in; guessed unless given.

    Raises: ValueError, with the line, where it is binary or in another encoding.
    """
    if encoding:
        return decoded_as(name, content, encoding), ""
    if content.startswith(UTF_32_MARKS):
        raise ValueError(f"{name}: a binary file, or else --encoding utf-32")
    # A mark leaves no doubt; UTF-32 begins as UTF-16 does and so was asked first.
    for mark, found in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            note = "" if found == "UTF-8-sig" else f"encoding: {found}, by its mark (--encoding)"
            return decoded_as(name, content, found), note
    if b"\0" in content:
        found = utf_16_without_mark(name, content)
        return decoded_as(name, content, found), f"encoding: {found} (a guess; --encoding)"
    try:
        return content.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found = guessed(f"{name}, line {line}", content)
        text = decoded_as(name, content, found)
        return text, f"encoding: line {line}: not UTF-8, read as {found} (--encoding)"


def decoded_as(name: str, content: bytes, encoding: str) -> str:
    """Return the text of bytes in a known encoding.

    Raises: ValueError, with the line, where they are not; with the name where there is none.
    """
    if encoding.casefold().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except LookupError:
        raise ValueError(
            f"--encoding {encoding}: not known; utf-8, utf-16, cp1252, gbk, …"
        ) from None
    except UnicodeError as error:
        line = content[: getattr(error, "start", 0)].count(b"\n") + 1
        raise ValueError(f"{name}, line {line}: not {encoding} text; see --encoding") from None
    if "\0" in text:
        raise ValueError(f"{name}: a binary file, not a table of text (read as {encoding})")
    return text.removeprefix("\ufeff")


def utf_16_without_mark(name: str, content: bytes) -> str:
    """Return which of the two UTF-16 a text without a mark is in, by where its zero bytes stand.

    Raises: ValueError: they stand elsewhere, so the file is binary.
    """
    sample = content[:SAMPLE_BYTES]
    # Of text in Latin letters every other byte is zero: which ones tells the order.
    even = sample[::2].count(0)
    odd = sample[1::2].count(0)
    half = len(sample) // 2
    if len(content) % 2 == 0 and max(even, odd) > 0.7 * half and min(even, odd) == 0:
        return "UTF-16-LE" if odd else "UTF-16-BE"
    raise ValueError(f"{name}: a binary file, not a table of text")


def guessed(place: str, content: bytes) -> str:
    """Return the encoding of a text that is not UTF-8.

    Raises: ValueError, with the place, where no guess is good.
    """
    characters = GBK_CHARACTER.findall(content)
    pairs = HIGH_PAIR.findall(content)
    # An accented letter stands within a word of ASCII, a Chinese one does not.
    apart = 2 * len(BESIDE_LETTERS.findall(content)) < len(RUN.findall(content))
    if apart and readable(content, "gbk") and len(pairs) >= MOST_IN_PAIRS * len(characters):
        return "GBK"
    # Byte 255 is a rare letter in cp1252, and a common byte of files that are no text.
    if readable(content, "cp1252") and b"\xff" not in content and not controls(content):
        return "cp1252"
    raise ValueError(f"{place}: not UTF-8 text, so a binary file or another --encoding")


def readable(content: bytes, encoding: str) -> bool:
    """Tell whether bytes are text in an encoding."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def controls(content: bytes) -> bool:
    """Tell whether bytes hold control characters that no table has."""
    return re.search(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]", content) is not None
