"""How densely code is written: the counts themselves, and bounds that may only fall."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.density import counted, rows

SAMPLE = '''"""A docstring
of two lines."""

# Above what it explains.
Array = Any


def f(x: Any, y: int, *more: Array):
    """Say something."""
    a, b = x, y  # at the end
    a, b = b, a
    (c, d) = more
    return (
        a,
        b,
    )
'''
# Goals of the library, its own and not to be loosened.
BOUNDS = {"tokens": 9, "packed": 5, "Any": 12, "own line": 60}
LONGEST = 50


def test_a_sample_is_counted_by_hand() -> None:
    found = counted(SAMPLE)
    assert found.lines == 9
    assert found.tokens == 3 + 18 + 7 + 7 + 5 + 3 + 2 + 2 + 1
    assert (found.comments, found.own) == (2, 1)
    assert (found.statements, found.packed) == (8, 1)
    assert (found.parameters, found.bare) == (3, 2)
    assert found.functions == [8]


@pytest.mark.parametrize("found", rows(), ids=lambda found: str(found["package"]))
def test_the_library_gets_no_denser(found: dict[str, Any]) -> None:
    for name in ("tokens", "packed", "Any"):
        assert found[name] <= BOUNDS[name], f"{name}: python -m benchmarks density"
    assert found["own line"] >= BOUNDS["own line"]
    assert int(found["functions"].rsplit("/", 1)[1]) <= LONGEST
