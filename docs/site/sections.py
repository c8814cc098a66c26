"""Docstrings as they are written here, with their sections as fields of reStructuredText.

A section is a name and a colon at the left margin, with text on the same line, which may go on at
the margin until a line is empty, or indented lines below: `Args`, `Returns`, `Raises`, `Accuracy`,
`Cost`, `Source`, `Attributes`, `Yields`.
"""

import re

from autograd import Primitive

SECTION = re.compile(r"(Args|Attributes|Returns|Yields|Raises|Accuracy|Cost|Source):(?: +(.*))?$")
ITEM = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*): (.+)")


def processed(app, what, name, obj, options, lines):
    """Change the lines of a docstring in place, as autodoc asks for it."""
    if lines and lines[0].startswith("Alias for field number"):
        # What a NamedTuple says of a field tells a reader nothing.
        lines.clear()
    if isinstance(obj, Primitive):
        lines[0] = lines[0].replace(obj.symbol, f"``{obj.symbol}``", 1)  # such as ``**``
    lines[:] = with_fields(lines)


def with_fields(lines):
    """Return the lines with every section as a field, set apart from the text around it.

    >>> with_fields(["Text.", "Args:", "    x: a number.", "Returns: another."])
    ['Text.', '', ':Args:', '    - ``x``: a number.', ':Returns:', '    another.', '']
    >>> with_fields(["Attributes: `a`, one;", "`b`, two."])
    ['', ':Attributes:', '    `a`, one;', '    `b`, two.', '']
    """
    found = []
    inside = False
    # Whether the text of the section began on the line of its name.
    in_line = False
    for line in lines:
        section = SECTION.match(line)
        if section:
            if not inside:
                found.append("")
            inside = True
            name, text = section.groups()
            in_line = bool(text)
            found.append(f":{name}:")
            if text:
                found.append("    " + text)
        elif inside and in_line and line:
            found.append("    " + line.strip())
        elif inside and line.startswith(" "):
            found += item(line, found[-1])
        else:
            if inside and line and found[-1]:
                found.append("")
            inside = inside and not line
            in_line = False
            found.append(line)
    return [*found, ""] if inside else found


def item(line, previous):
    """Return a line of a section: what explains one name is an item of a list."""
    text = line.strip()
    indent = len(line) - len(line.lstrip())
    named = ITEM.match(text)
    if named and indent == 4:
        names = ", ".join(f"``{name}``" for name in named[1].split(", "))
        return [f"    - {names}: {named[2]}"]
    if indent > 4 and previous.startswith(("    - ", "      ")):
        return ["      " + text]
    return ["    " + text]
