"""The colors and fonts of all pictures, named by what they stand for.

Drawings of graphs and of networks, the stepper's page and the pictures of learning take theirs from
here, so what is the same thing has the same color everywhere.

>>> LEAF_FILL, INK
('#fff7df', '#43536e')
"""

FONT = "Helvetica"
# Of what a browser draws: the first that it has; the later ones have Chinese letters.
PAGE_FONTS = (
    "Helvetica, Arial, 'Liberation Sans', 'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', "
    "'Microsoft YaHei', 'WenQuanYi Micro Hei', sans-serif"
)
FIXED_WIDTH_FONT = "Courier"  # for measuring, where every letter is equally wide
FONT_SIZE = "11"  # points, of a text
SMALL_FONT_SIZE = "9"  # points, of what stands beside a text or an arrow

PAPER = "#ffffff"  # what everything is drawn on

# What a box or a circle is filled with.
LEAF_FILL = "#fff7df"  # a Value that was given; an input of a network
OPERATION_FILL = "#eef4ff"  # the result of an operation; a hidden unit
ROOT_FILL = "#e3f3e6"  # the root of a graph; an output of a network
GROUP_FILL = "#f4effb"  # several nodes
ERROR_FILL = "#fde8e4"  # the error of a sample
FRAME_FILL = "#fafbfd"  # the frame around the nodes of a neuron or of a layer
FRAME_OUTLINE = "#768297"

# Drawings of graphs and of networks.
INK = "#43536e"  # outlines, arrows, and the texts beside them
NUMBER_INK = "#111111"  # the number of a node
GRADIENT_INK = "#a84b06"  # the gradient of a node
FAINT_INK = "#5d6b82"  # headings of numbers, and arrows that carry no gradient
LEGEND_INK = "#5d6b82"  # what the colors of a network mean

# The stepper's picture: its page has the same colors, and their dark counterparts, in page.css.
PAGE_INK = "#101828"
PAGE_FAINT_INK = "#5d6b82"
PAGE_GRADIENT_INK = "#a84b06"
PAGE_LINE = "#768297"  # arrows and outlines
PAGE_RULE = "#768297"  # below the heading of a box
CONSTANT_FILL = "#f2f4f7"  # a number that is no Value
CONSTANT_OUTLINE = "#768297"

# Lines of a network, by the sign of their number.
POSITIVE_INK = "#2b6cb0"
NEGATIVE_INK = "#c2410c"
NEUTRAL_INK = "#768297"  # of 0, and where there is no number

# Pictures of learning; a scale runs from its smallest to its largest number.
CLASS_COLORS = (
    "#2b6cb0", "#c2410c", "#2f855a", "#7c3aed", "#b7791f", "#0e7490", "#9d174d", "#4d7c0f",
    "#475569", "#be185d",
)  # fmt: skip
PREFERENCE_SCALE = ("#f0b49d", "#ffffff", "#a7c5e8")  # the second class, undecided, the first
ANSWER_SCALE = ("#f8fafc", "#f6d08a", "#d97706")  # the output of a neuron
CONFUSION_SCALE = ("#ffffff", "#9ecae1", "#08306b")  # the share of a row of a confusion matrix
EQUAL_ANSWERS = "#e5e7eb"  # a neuron that gives the same output everywhere
BORDER = "#111111"  # between two classes

# What stands for a color in a picture on a dark page.
DARK = {
    PAPER: "#14181f",
    LEAF_FILL: "#2b2513",
    OPERATION_FILL: "#1a2333",
    ROOT_FILL: "#16291d",
    GROUP_FILL: "#241c33",
    ERROR_FILL: "#33191a",
    FRAME_FILL: "#181d26",
    CONSTANT_FILL: "#1f2630",
    FRAME_OUTLINE: "#8593a9",  # and all other gray lines
    INK: "#b6c2d6",
    NUMBER_INK: "#f1f4f9",
    PAGE_INK: "#e6eaf0",
    GRADIENT_INK: "#ffb066",
    FAINT_INK: "#9aa7ba",
    POSITIVE_INK: "#74a9ff",
    NEGATIVE_INK: "#ff9f5a",
}
FILLS = (LEAF_FILL, OPERATION_FILL, ROOT_FILL, GROUP_FILL, ERROR_FILL, CONSTANT_FILL)
GROUNDS = (PAPER, FRAME_FILL)  # what boxes and arrows stand on
# Each ink of pictures of graphs, with what it stands on.
TEXTS_ON = {
    NUMBER_INK: (*FILLS, *GROUNDS),
    INK: (*FILLS, *GROUNDS),
    GRADIENT_INK: FILLS,
    FAINT_INK: (*FILLS, *GROUNDS),
    LEGEND_INK: GROUNDS,
    POSITIVE_INK: GROUNDS,
    NEGATIVE_INK: GROUNDS,
    PAGE_INK: FILLS,
    PAGE_FAINT_INK: (*FILLS, *GROUNDS),
    PAGE_GRADIENT_INK: FILLS,
}
LINES_ON = {
    INK: (*FILLS, *GROUNDS),
    FAINT_INK: GROUNDS,
    FRAME_OUTLINE: GROUNDS,
    PAGE_LINE: (*FILLS, *GROUNDS),
    PAGE_RULE: FILLS,
    CONSTANT_OUTLINE: (CONSTANT_FILL, *GROUNDS),
    POSITIVE_INK: GROUNDS,
    NEGATIVE_INK: GROUNDS,
    NEUTRAL_INK: GROUNDS,
}
LEAST_TEXT_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
LEAST_LINE_CONTRAST = 3.0  # the same, 1.4.11


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors, from 1 to 21, as WCAG 2.2 defines it.

    >>> contrast("#000000", "#ffffff")
    21.0
    """
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    """Return the relative luminance of a color, as WCAG 2.2 defines it."""
    red, green, blue = (linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(part: float) -> float:
    """Return how much light a part of a color in sRGB is."""
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
