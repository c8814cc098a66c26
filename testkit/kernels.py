"""Tests that take long, one case after the other: a few in every run, the rest by ``-m kernels``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

EVERY = 12  # of the programs that are compiled, one belongs to every run


def seldom(*cases: object) -> list[ParameterSet]:
    """Return cases that are left to ``-m kernels``, as parameters of a test."""
    return [pytest.param(*(x if isinstance(x, tuple) else (x,)), marks=pytest.mark.kernels)
            for x in cases]  # fmt: skip


def sampled(*choices: Iterable[object]) -> list[ParameterSet]:
    """Return all combinations of some choices; those that are compiled are marked, but for some.

    A kernel takes a quarter of a second and more where none is kept yet, as at a newcomer's.
    """
    found = []
    count = 0
    for case in product(*choices):
        flat = [x for part in case for x in (part if isinstance(part, tuple) else (part,))]
        marks: tuple[pytest.MarkDecorator, ...] = ()
        if "numpy" not in flat:
            marks = () if count % EVERY == 0 else (pytest.mark.kernels,)
            count += 1
        found.append(pytest.param(*flat, marks=marks))
    return found
