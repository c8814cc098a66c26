"""How wide texts are, and whether a font of this machine has their letters.

A letter of Chinese, Japanese or Korean is as wide as it is high, twice a digit; one that is put
over another takes no room.

>>> units("w"), units("权"), units("ŷ") == units("y\\u0302")
(0.72, 1.0, True)
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import unicodedata
import warnings
from functools import cache

from autograd.texts import said

# Where the blocks of Chinese, Japanese and Korean begin.
FIRST_WIDE_LETTER = "\u2e80"
# A font is asked for this one.
TRIED_LETTER = "权"
TIMEOUT_SECONDS = 10.0
# Bold letters are so many times as wide.
BOLD = 1.07
# Widths in parts of the font's size, of Helvetica and its like.
WIDTHS = {
    **dict.fromkeys("ijl|'.,:;!", 0.28),
    **dict.fromkeys('ftrI()[]{}-/\\ "*', 0.36),
    **dict.fromkeys("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾ᵢⱼₖ", 0.38),
    **dict.fromkeys("wCDGHNOQRU&ABEKPSVXYZ", 0.72),
    **dict.fromkeys("mMW%@—…", 0.95),
}
USUAL_WIDTH = 0.58
WIDE = 1.0


class MissingLetters(UserWarning):
    """No font of this machine has the letters of a text that is to become a picture of dots."""


def units(text: str) -> float:
    """Return how wide a text is, in parts of the font's size.

    >>> units("损失") == 2 * WIDE
    True
    """
    return sum(map(letter_width, text))


@cache
def letter_width(letter: str) -> float:
    """Return how wide a letter is, in parts of the font's size."""
    if letter in WIDTHS:
        return WIDTHS[letter]
    if unicodedata.east_asian_width(letter) in "WF":
        return WIDE
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0.0
    base = unicodedata.decomposition(letter).split()
    return letter_width(chr(int(base[0], 16))) if base and "<" not in base[0] else USUAL_WIDTH


def places(text: str) -> int:
    """Return how many letters of a fixed width a text takes; a wide one takes two.

    >>> places("w权")
    3
    """
    return sum(letter_places(letter) for letter in text)


def letter_places(letter: str) -> int:
    """Return how many places a letter of a fixed width takes."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 2
    return 0 if unicodedata.category(letter) in ("Mn", "Me", "Cf") else 1


def has_wide_letters(text: str) -> bool:
    """Tell whether a text has letters of Chinese, Japanese or Korean."""
    return max(text, default="") >= FIRST_WIDE_LETTER


@cache
def machine_has_wide_letters() -> bool:
    """Tell whether a font of this machine has such letters, as far as it can be known.

    Windows and macOS come with one; elsewhere fontconfig tells.
    """
    program = shutil.which("fc-list")
    if program is None:
        return sys.platform in ("win32", "darwin")
    command = [program, f":charset={ord(TRIED_LETTER):x}", "family"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return bool(done.stdout.strip())


def warn_of_missing_letters(text: str, found: bool | None = None) -> None:
    """Warn, once for a picture, that letters of a text will be drawn as empty boxes.

    Args: found: whether a font has them; what this machine has unless it is told.
    """
    if not has_wide_letters(text):
        return
    if machine_has_wide_letters() if found is None else found:
        return
    word = next(word for word in text.split() if has_wide_letters(word))
    warnings.warn(
        said("missing letters", word=word[:20]),
        MissingLetters,
        stacklevel=3,
    )
