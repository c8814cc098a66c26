"""Trust: check gradients, and property-test them.

`check_gradients` judges the derivatives of any function at a point by the best oracle there is:

>>> from autograd import tanh
>>> from autograd.testing import check_gradients
>>> check_gradients(tanh, 18.0, gradient=lambda x: 1 - tanh(x) ** 2)
Traceback (most recent call last):
autograd.testing.GradientMismatch: wrong gradient of tanh
  inputs: 18.0
  x: 8.881784197e-16, but mpmath gives 9.278091321e-16; error 3.96e-17, at most 9.28e-25 allowed
"""

from autograd.testing.check import check_gradients
from autograd.testing.graph_check import Finding, check_graph
from autograd.testing.verdicts.report import (
    Component,
    GradientMismatch,
    InconclusiveCheck,
    NonDifferentiablePoint,
    NotDeterministic,
    Report,
)

__all__ = [
    "check_gradients", "check_graph", "Component", "Finding", "GradientMismatch",
    "InconclusiveCheck", "NonDifferentiablePoint", "NotDeterministic", "Report",
]  # fmt: skip
