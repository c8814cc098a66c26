"""The polynomials of `autograd.compile.polynomials`, computed anew.

Each is the polynomial that meets a function at the zeros of a Chebyshev polynomial, which is near
the best there is (Powell, 1967), computed in 60 digits and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp

MIDDLE = 4  # of the map x -> (x - 4) / (x + 4), which takes erfc's half line to an interval
WIDER = mp.mpf("1.0001")  # than the interval in exact arithmetic: arguments are reduced in floats


def interpolated(function: Callable[[Any], Any], low: Any, high: Any, count: int) -> list[float]:
    """Return the coefficients of the polynomial through a function at Chebyshev's points."""
    turns = [mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    points = [(low + high + (high - low) * turn) / 2 for turn in turns]
    return [float(x) for x in newton(points, [function(x) for x in points])]


def newton(points: Sequence[Any], numbers: Sequence[Any]) -> list[Any]:
    """Return the polynomial through points, by divided differences."""
    slopes = list(numbers)
    for j in range(1, len(points)):
        for i in reversed(range(j, len(points))):
            slopes[i] = (slopes[i] - slopes[i - 1]) / (points[i] - points[i - j])
    found = [slopes[-1]]
    for slope, point in zip(reversed(slopes[:-1]), reversed(points[:-1])):
        found = [a - point * b for a, b in zip([slope, *found], [*found, 0])]
    return found


def scaled_tail(t: Any) -> Any:
    """Return erfc(x) exp(x^2) (x + 4), where t = (x - 4) / (x + 4)."""
    x = MIDDLE * (1 + t) / (1 - t)
    return mp.erfc(x) * mp.exp(x * x) * (x + MIDDLE)


def tables() -> dict[str, list[float]]:
    """Return all tables by name. Variables: r for EXP, t for ERFC, else a square z."""
    with mp.workdps(60):
        root, two = mp.sqrt, mp.mpf(2)
        step, turn = mp.log(2) / 2 * WIDER, (mp.pi / 4) ** 2 * WIDER
        share = ((root(two) - 1) / (root(two) + 1)) ** 2 * WIDER
        start, end = (mp.mpf(x) for x in ("0.49", "27.3"))
        low, high = ((x - MIDDLE) / (x + MIDDLE) for x in (start, end))
        return {
            "EXP": interpolated(lambda r: (mp.expm1(r) - r) / r**2, -step, step, 12),
            "LOG": interpolated(lambda z: (2 * mp.atanh(root(z)) / root(z) - 2) / z, 0, share, 7),
            "SIN": interpolated(lambda z: (mp.sin(root(z)) / root(z) - 1) / z, 0, turn, 6),
            "COS": interpolated(lambda z: (mp.cos(root(z)) - 1 + z / 2) / z**2, 0, turn, 6),
            "TANH": interpolated(
                lambda z: (mp.tanh(root(z)) / root(z) - 1) / z, 0, mp.mpf("0.391"), 13
            ),
            "ERF": interpolated(lambda z: mp.erf(root(z)) / root(z) - 1, 0, mp.mpf("1.0001"), 13),
            "ERFC": interpolated(scaled_tail, low, high, 22),
        }
