"""Which modules are Python's, NumPy's and the like, or ours: nothing in them is the user's.

>>> of_library("statistics"), of_library("numpy.linalg"), of_library("yours")
(True, True, False)
"""

from __future__ import annotations

import sys
from types import FrameType

OURS = {"autograd", "nn"}
FOREIGN = {"numpy", "scipy", "numba", "llvmlite", "pytest", "_pytest", "hypothesis"}
LIBRARIES = sys.stdlib_module_names | OURS | FOREIGN


def of_library(name: object) -> bool:
    """Tell whether a module is Python's, NumPy's or ours, where no state is a user's."""
    if not isinstance(name, str):
        return False
    package, _, _ = name.partition(".")
    return package in LIBRARIES


def users_frame(frame: FrameType) -> FrameType:
    """Return the innermost frame, from one outwards, that runs a user's code; else that one."""
    inner: FrameType | None = frame
    while inner is not None:
        if not of_library(inner.f_globals.get("__name__")):
            return inner
        inner = inner.f_back
    return frame
