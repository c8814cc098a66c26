"""Sine and cosine that are made together have the bits that each has alone."""

import numpy as np
import pytest

import autograd
from autograd import cos, sin

pytest.importorskip("llvmlite")
from autograd.compile.machine import stretches  # noqa: E402
from autograd.compile.machine.elementary import FAR_RADIANS  # noqa: E402

NEVER = 10**9  # instructions of a stretch


def of_one(x, y):
    return sin(x) * y + cos(x * y) * sin(y)


def of_both(x, y):
    return sin(x) * cos(x) + cos(y) - sin(y) * x


def of_many(x, y):
    numbers = [x + 0.1 * i * y for i in range(5)]
    return sum(sin(number) for number in numbers) * cos(numbers[2])


def of_the_other_way_round(x, y):
    first = cos(x) * y
    return first * sin(x) + sin(first)


def of_some_without_a_slope(x, y):
    return sin(2.0 * x) * y + cos(autograd.stop_gradient(2.0 * x)) + cos(y)


def of_the_slope_itself(x, y):
    (slope,) = autograd.gradients(sin(x) * y, [x])
    return slope * slope + sin(x)


def of_turns(x, y):
    for _ in range(20):
        x, y = x + 0.1 * sin(y), y - 0.1 * sin(x) * cos(x)
    return x * y


def of_turns_that_read_back(x, y):
    found = [x, y]
    for _ in range(20):
        found.append(cos(found[-1]) + 0.5 * sin(found[-2]) + 0.1 * cos(found[-2]))
    return found[-1] + found[9]


FUNCTIONS = [of_one, of_both, of_many, of_the_other_way_round, of_some_without_a_slope]
FUNCTIONS += [of_the_slope_itself, of_turns, of_turns_that_read_back]


def results(function, batch, **options):
    compiled = autograd.compile(function, example=(0.3, 0.8), engine="llvm", **options)
    values = compiled.value(*batch)
    found = compiled.value_and_grad(*batch, inputs=True)
    parts = [
        part
        for engine in compiled.specializations[0].engines.values()
        for stretch in engine.stretches
        for part in stretch.parts
    ]
    named = [one for part in parts for one in getattr(part, "body", [part])]
    return [values, *(np.copy(x) for x in (found[0], *found[2]))], [x.partners for x in named]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("samples", [1, 8, 13])
@pytest.mark.parametrize("scale", [1.0, 3.0 * FAR_RADIANS])
def test_what_is_made_together_has_the_bits_of_each_alone(function, samples, scale, monkeypatch):
    draw = np.random.default_rng(samples)
    batch = scale * draw.uniform(-1.0, 1.0, samples), draw.uniform(0.1, 2.0, samples)
    together, partners = results(function, batch)
    assert any(partners)
    monkeypatch.setattr(stretches, "MIN_INSTRUCTIONS", NEVER)
    monkeypatch.setattr(stretches, "MAX_OPERATIONS", -1)
    alone, none = results(function, batch)
    assert none == []
    for x, y in zip(together, alone, strict=True):
        assert np.array_equal(x, y), (x, y)


@pytest.mark.parametrize("options", [{"dtype": "float32"}, {"functions": "libm"}])
def test_nothing_is_kept_that_would_be_rounded_or_made_twice(options):
    batch = np.linspace(0.1, 0.9, 9), np.linspace(0.2, 0.4, 9)
    _, partners = results(of_both, batch, **options)
    assert partners
    assert not any(partners)


def of_sines_in_turns(x, y):
    for _ in range(50):
        x = x + 0.1 * sin(x) * y
    return x


@pytest.mark.parametrize(
    ("function", "count"), [(of_both, 0), (of_one, 3), (of_sines_in_turns, 50)]
)
def test_a_slot_is_kept_for_what_is_no_result_once_in_each_turn(function, count):
    compiled = autograd.compile(function, example=(0.3, 0.8), engine="llvm")
    compiled.value_and_grad(np.array([0.3]), np.array([0.8]), inputs=True)
    (engine,) = compiled.specializations[0].engines.values()
    assert engine.keeping.count == count
