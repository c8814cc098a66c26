"""The colors and fonts of all pictures, named by what they stand for.

Drawings of graphs and of networks, the stepper's page and the pictures of learning take theirs from
here, so what is the same thing has the same color everywhere.

>>> LEAF_FILL, INK
('#fff7df', '#43536e')
"""

FONT = "Helvetica"
PAGE_FONTS = "Helvetica, Arial, sans-serif"  # of the stepper; the first that the browser has
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
FRAME_OUTLINE = "#c9d1de"

# Drawings of graphs and of networks.
INK = "#43536e"  # outlines, arrows, and the texts beside them
NUMBER_INK = "#111111"  # the number of a node
GRADIENT_INK = "#b45309"  # the gradient of a node
FAINT_INK = "#8a94a6"  # headings of numbers, and arrows that carry no gradient
LEGEND_INK = "#6b7688"  # what the colors of a network mean

# The stepper's picture: its page has the same colors, and their dark counterparts, in page.css.
PAGE_INK = "#101828"
PAGE_FAINT_INK = "#5d6b82"
PAGE_GRADIENT_INK = "#b54708"
PAGE_LINE = "#98a2b3"  # arrows and outlines
PAGE_RULE = "#e4e7ec"  # below the heading of a box
CONSTANT_FILL = "#f2f4f7"  # a number that is no Value
CONSTANT_OUTLINE = "#d0d5dd"

# Lines of a network, by the sign of their number.
POSITIVE_INK = "#2b6cb0"
NEGATIVE_INK = "#c2410c"
NEUTRAL_INK = "#b8c0cc"  # of 0, and where there is no number

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
