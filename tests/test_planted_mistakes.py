"""Planted mistakes are mistakes, and called wrong; right gradients of the same functions pass."""

from collections import Counter

import numpy as np
import pytest

from autograd.testing import GradientMismatch, check_gradients
from testkit.planted_mistakes import KINDS, PLANTED, RIGHT

STEP = 1e-3  # of the differences, relative to the input or to 1
ROUGHNESS = 1e-7  # of the differences, relative to the largest slope
LEAST_MISTAKE = 1e-3  # of the component where a mistake shows best, relative


def numbers(structure):
    """Return the numbers of nested sequences and arrays, in their order."""
    if isinstance(structure, (list, tuple, np.ndarray)):
        return [x for part in structure for x in numbers(part)]
    return [float(structure)]


def rebuilt(like, values):
    """Return a structure with the next of the values in the places of its numbers."""
    if isinstance(like, (list, tuple)):
        return type(like)(rebuilt(part, values) for part in like)
    if isinstance(like, np.ndarray):
        return np.array([rebuilt(part, values) for part in like])
    return next(values)


def shape(structure):
    """Return a structure with its types in the places of its numbers; of an array, its shape."""
    if isinstance(structure, (list, tuple)):
        return [shape(part) for part in structure]
    return np.shape(structure)


def slope(function, point, i):
    """Return a slope by extrapolated central differences, the error falling with the sixth power."""

    def at(steps):
        moved = numbers(point)
        moved[i] += steps * step
        return float(function(*rebuilt(point, iter(moved))))

    step = STEP * max(1.0, abs(numbers(point)[i]))
    odd = [at(k) - at(-k) for k in (1, 2, 3)]
    return (45 * odd[0] - 9 * odd[1] + odd[2]) / (60 * step)


def errors(entry):
    """Return the errors of a gradient by differences, and the slopes."""
    expected = np.array([slope(entry.function, entry.point, i) for i in places(entry)])
    return np.abs(numbers(entry.gradient(*entry.point)) - expected), expected


def places(entry):
    return range(len(numbers(entry.point)))


@pytest.mark.parametrize("entry", PLANTED, ids=lambda entry: entry.name)
def test_a_planted_mistake_is_called_wrong(entry):
    with pytest.raises(GradientMismatch):
        check_gradients(entry.function, *entry.point, gradient=entry.gradient)


@pytest.mark.parametrize("entry", RIGHT, ids=lambda entry: entry.name)
def test_a_right_gradient_passes(entry):
    check_gradients(entry.function, *entry.point, gradient=entry.gradient)


@pytest.mark.parametrize("entry", PLANTED, ids=lambda entry: entry.name)
def test_a_planted_mistake_is_one_by_differences(entry):
    wrong, expected = errors(entry)
    told = wrong > ROUGHNESS * np.max(np.abs(expected))
    assert np.max(wrong[told] / np.abs(expected[told])) > LEAST_MISTAKE


@pytest.mark.parametrize("entry", RIGHT, ids=lambda entry: entry.name)
def test_a_right_gradient_is_right_by_differences(entry):
    wrong, expected = errors(entry)
    assert np.max(wrong) <= ROUGHNESS * np.max(np.abs(expected))


@pytest.mark.parametrize("entry", PLANTED + RIGHT, ids=lambda entry: entry.name)
def test_a_planted_gradient_has_the_structure_of_the_arguments(entry):
    found = entry.gradient(*entry.point)
    assert shape(found if len(entry.point) > 1 else (found,)) == shape(entry.point)


@pytest.mark.parametrize("entry", PLANTED, ids=lambda entry: entry.name)
def test_no_planted_point_has_a_zero_or_a_tie(entry):
    inputs = numbers(entry.point)
    assert 0.0 not in inputs and len({abs(x) for x in inputs}) == len(inputs)


def test_every_kind_of_mistake_is_planted_and_no_name_is_used_twice():
    assert set(Counter(entry.kind for entry in PLANTED)) == set(KINDS)
    assert min(Counter(entry.kind for entry in PLANTED).values()) >= 3
    assert len({entry.name for entry in PLANTED}) == len(PLANTED)
    assert {entry.kind for entry in RIGHT} == {"right"}
