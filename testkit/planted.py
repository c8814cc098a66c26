"""What a planted mistake is: a function, a gradient with one mistake in it, and where it shows.

The points are taken from one table of irregular numbers, so that no two inputs of a function are
equal, none is round, and no sum of them vanishes by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import Value

# Of what is differentiated; gradients get plain floats.
Array = np.ndarray[Any, Any]
Number = Value | float
Numbers = Sequence[Number]
Floats = list[float]

KINDS = (
    "factor",  # a constant on everything, or on one argument
    "sign",
    "mean",  # 1/n forgotten, or taken once too often; n is a length among the arguments
    "transpose",  # of a matrix, or a matrix flattened the wrong way
    "swapped",  # two arguments have each other's slopes
    "one component",  # one entry is wrong, of many
    "missing term",  # a path of the sum over paths
    "activation",  # its derivative is forgotten, or taken at another number
    "times input",  # multiplied by an input once too often, or once too little
    "overwritten",  # only one use of a variable counts
    "downstream",  # a slope where the weight belongs, or the reverse
    "broadcast",  # the slope of one sample, where they are to be summed
    "zero",  # a dependence is cut
    "penalty",  # of the weights: forgotten, or taken twice
    "permuted",  # the right numbers in another order
    "other",  # nothing that has a name
)


class Planted(NamedTuple):
    name: str
    kind: str  # of KINDS, or "right"
    function: Callable[..., Any]
    gradient: Callable[..., Any]  # in the structure of the arguments
    point: tuple[Any, ...]
    source: str = ""  # where it was published, and one line of what it was


# fmt: off
NUMBERS = (
    0.57, 1.02, 0.86, 0.21, 0.18, 0.23, -0.71, -0.43, -1.42, -0.67,
    -0.19, 0.52, 0.29, 1.24, -0.92, 0.64, 0.22, -0.41, -0.56, -0.54,
    1.08, 0.91, -1.32, 1.46, 1.16, 0.79, -1.04, -0.94, -1.27, -0.77,
    -1.01, -0.65, 0.16, 0.36, 1.17, 0.47, 0.24, -0.88, 1.31, 0.69,
    -1.33, 0.34, 0.45, 0.93, 0.14, -0.63, -1.43, -0.83, 1.05, -1.35,
    1.22, -0.27, 0.35, 0.13, 0.62, 0.97, -1.28, 0.76, -0.49, 0.85,
    0.87, 1.18, 1.19, -1.23, -1.29, 1.14, 0.61, 0.17, -0.48, -0.74,
    -1.47, 0.44, -0.98, -0.78, -1.03, 1.15, -0.37, -0.58, 1.45, -0.68,
    1.12, -1.36, -0.33, 0.31, -0.72, 0.42, 0.53, 1.37, 1.38, 0.84,
)
# fmt: on


def arrays(start: int, *shapes: int | tuple[int, ...]) -> tuple[Any, ...]:
    """Return one array for each shape, from a place of the table on; a float for the shape ()."""
    found = []
    for shape in shapes:
        size = int(np.prod(shape))
        part = np.array(NUMBERS[start : start + size]).reshape(shape)
        found.append(part if part.ndim else float(part))
        start += size
    return tuple(found)


def lists(start: int, *shapes: int | tuple[int, ...]) -> tuple[Any, ...]:
    """Return the same as lists of floats."""
    return tuple(x.tolist() if isinstance(x, np.ndarray) else x for x in arrays(start, *shapes))
