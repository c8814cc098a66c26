"""Scripts and style sheets without what only authors need: comments, and most of the space.

Names stay as they are, and lines too, so that the console of a browser still tells where it is.

>>> script("  // why\\n  let x = f(a, b) + 1; // here\\n\\n  say('a = b');\\n")
"let x=f(a,b)+1;\\nsay('a = b');"
>>> style("/* why */\\na b {\\n  color: red;\\n}\\n")
'a b{color:red}'
"""

from __future__ import annotations

import re

TEXT = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
# A line with a template or a regular expression is left alone: quotes mean something else there.
LEFT_ALONE = re.compile(r"`|[=(,:!&|?] ?/[^/*\s]|=> /")
COMMENT_BEHIND = re.compile(r"""(?<=[;{},()\]])\s+// [^"'`]*$""")
AROUND_SIGNS = re.compile(r" ?(=>|[!=]==|[<>+*-]=|&&|\|\||\?\?|[=,;{}()?:<>*\[\]]) ?")
AROUND_SUMS = re.compile(r"(?<![+-]) ([+-]) (?![+-])")


def script(text: str) -> str:
    """Return a script of the same meaning, with a line for each that has something to run."""
    kept = []
    for whole in text.splitlines():
        line = COMMENT_BEHIND.sub("", whole.strip())
        if not line or line.startswith("//"):
            continue
        if not LEFT_ALONE.search(line):
            line = squeezed(line)
        kept.append(line)
    return "\n".join(kept)


def squeezed(line: str) -> str:
    """Return a line of a script without the space around its signs; texts in quotes stay."""
    parts = TEXT.split(line)
    # Every second part is a text.
    for i in range(0, len(parts), 2):
        part = AROUND_SUMS.sub(r"\1", parts[i])
        parts[i] = AROUND_SIGNS.sub(r"\1", part)
    return "".join(parts)


def style(text: str) -> str:
    """Return a style sheet of the same meaning in one line."""
    without = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    one_line = re.sub(r"\s+", " ", without)
    squeezed_line = re.sub(r" ?([{};,]) ?", r"\1", one_line)
    return squeezed_line.replace(": ", ":").replace(";}", "}").strip()
