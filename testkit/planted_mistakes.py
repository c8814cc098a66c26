"""Gradients with one mistake each, by kind, and right gradients of the same functions.

Half of the mistakes are in backward passes on NumPy arrays, half in gradients of functions that the
engine can record; some were published.
"""

from testkit.planted import KINDS, Planted
from testkit.planted_arrays import PLANTED_ARRAYS, RIGHT_ARRAYS
from testkit.planted_published import PLANTED_PUBLISHED, RIGHT_PUBLISHED
from testkit.planted_values import PLANTED_VALUES, RIGHT_VALUES

__all__ = ["KINDS", "PLANTED", "RIGHT", "Planted"]

PLANTED = [*PLANTED_ARRAYS, *PLANTED_VALUES, *PLANTED_PUBLISHED]
RIGHT = [*RIGHT_ARRAYS, *RIGHT_VALUES, *RIGHT_PUBLISHED]
