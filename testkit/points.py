"""Where primitives are tried: magnitudes over the whole double range, and what is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import strategies as st

from autograd import primitives as p
from testkit.floats import LARGEST, SMALLEST, TINY

Interval = tuple[float, float]

MAGNITUDES = [
    SMALLEST, 1e-320, 1e-310, TINY, 3e-308, 1e-300, 1e-200, 1e-154, 1e-100, 1e-20, 2.0**-53, 1e-8, 2.0**-27,
    1e-3, 0.1, 0.3, 0.5, 0.6, 0.75, 0.9, 1 - 1e-8, 1 - 2.0**-53, 1.0, 1 + 2.0**-52, 1 + 1e-8, 1.25, 1.278,
    1.46, 1.57, math.pi / 2, 2.0, 2.5, 3.0, math.pi, 5.0, 8.0, 10.0, 18.7, 19.9, 20.0, 26.5, 30.0, 36.7, 37.5,
    38.4, 40.1, 100.0, 354.3, 354.8, 372.0, 700.0, 708.0, 709.7, 710.4, 744.0, 1e3, 1e6, 1e8, 123456789.123,
    1e15, 2.0**53, 1e22, 1e100, 1e154, 1.4e154, 1e200, 1e300, 8e307, LARGEST,
]  # fmt: skip
COARSE_MAGNITUDES = [  # for the operands of rows that have several
    SMALLEST,
    1e-310,
    1e-200,
    1e-10,
    0.1,
    0.9,
    1.0,
    1.5,
    3.0,
    20.5,
    300.25,
    1e5,
    1e100,
    1e300,
    LARGEST,
]


def inside(domain: Interval, magnitudes: Sequence[float] = MAGNITUDES) -> list[float]:
    """Return the points of either sign that lie in an open interval, and those nearest its ends."""
    low, top = domain
    ends = [math.nextafter(low, top), math.nextafter(top, low)]
    both = [*magnitudes, *(-x for x in magnitudes), *ends]
    return sorted({x for x in both if low < x < top})


def operand(domain: Interval) -> st.SearchStrategy[float]:
    """Draw a number of an open interval: of everyday size, or of any."""
    low, top = domain
    near = st.floats(
        max(low, -50.0), min(top, 50.0), exclude_min=low > -50.0, exclude_max=top < 50.0
    )
    anything = st.floats(low, top, exclude_min=True, exclude_max=True, allow_nan=False)
    return st.one_of(near, anything)


PARAMETERS: dict[
    str, dict[int, tuple[float, ...]]
] = {  # operands that are no real numbers: name of the row -> position -> choices
    "gaussian": {1: (0.5, 1.0)},
    "polygamma": {0: (0, 1, 2, 5)},
    "sinc_slope": {0: (0, 1, 2, 5)},
    "rounded": {1: (0, 2, -1)},
}


INDEXED = ("softmax_of", "log_softmax_of")  # n-ary rows whose first operand says which result


def grids(name: str, magnitudes: Sequence[float]) -> list[Sequence[float]]:
    """Return the points of each operand of a row."""
    special = PARAMETERS.get(name, {})
    return [special.get(i) or inside(d, magnitudes) for i, d in enumerate(p.TABLE[name].domain)]


def points(name: str) -> list[tuple[float, ...]]:
    """Return the points at which a row with a fixed number of operands is tried."""
    first, *others = grids(name, MAGNITUDES)
    if not others:
        return [(x,) for x in first]
    if name not in PARAMETERS:
        first, *others = grids(name, COARSE_MAGNITUDES)
    return [(x, y) for x in first for y in others[0]]


def drawn(name: str) -> st.SearchStrategy[tuple[float, ...]]:
    """Draw a point of a row."""
    special = PARAMETERS.get(name, {})
    sides = enumerate(p.TABLE[name].domain)
    return st.tuples(
        *(st.sampled_from(special[i]) if i in special else operand(d) for i, d in sides)
    )


LISTS = [
    (0.5, -1.25, 3.0),
    (1e-3, 700.0, -700.0, 699.0),
    (2.0,),
    (-745.0, 0.0, 30.0, 36.9),
    (1e150, -1e150, 3e149),
    (1e-160, 2e-160, -1e-170),
    (0.1,) * 7,
]
