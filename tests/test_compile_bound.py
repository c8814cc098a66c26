"""Compiled functions that are bound to arrays."""

import copy
import pickle

import numpy as np
import pytest

import autograd
from autograd import Value, sin, where
from autograd.compile.branches import GuardError


def bound_and_called(compiled, *batch, **options):
    return compiled.bind(*batch, **options)(), compiled.value_and_grad(*batch, **options)


def assert_equal(ours, theirs):
    assert len(ours) == len(theirs)
    for x, y in zip(ours, theirs):
        for one, other in zip(flat(x), flat(y), strict=True):
            assert np.array_equal(one, other)


def flat(x):
    if isinstance(x, dict):
        return [part for key in x for part in flat(x[key])]
    return [part for one in x for part in flat(one)] if isinstance(x, (tuple, list)) else [x]


@pytest.mark.parametrize("engine", ["numpy", None])
@pytest.mark.parametrize("samples", [1, 5, 64])
def test_it_returns_what_value_and_grad_does(engine, samples):
    w = Value(0.5)
    compiled = autograd.compile(lambda x, y: sin(x * w) * y, [w], (1.0, 1.0), engine=engine)
    draw = np.random.default_rng(0)
    batch = draw.normal(size=samples), draw.normal(size=samples)
    for inputs in (False, True):
        assert_equal(*bound_and_called(compiled, *batch, inputs=inputs))


def test_arrays_and_parameters_are_read_in_every_call():
    w = Value(2.0)
    compiled = autograd.compile(lambda x: x * w, [w], (1.0,))
    x = np.array([1.0, 3.0])
    run = compiled.bind(x)
    assert run()[0] == 4.0
    x[:] = 5.0
    assert run()[0] == 10.0
    w.data = 3.0
    assert run()[0] == 15.0 and run()[1].tolist() == [5.0]
    compiled.reduce = "sum"
    assert run()[0] == 30.0


def test_each_call_works_on_the_arrays_of_the_first_without_a_look_at_the_batch(monkeypatch):
    pytest.importorskip("llvmlite")
    w = Value(2.0)
    compiled = autograd.compile(lambda x: x * w, [w], (1.0,))
    run = compiled.bind(np.array([1.0, 3.0]), inputs=True)
    monkeypatch.setattr(run, "slowly", None)
    first = run()
    second = run()
    assert first == second or all(x is y for x, y in zip(first[1:], second[1:], strict=True))


def test_structures_of_parameters_and_inputs_are_kept():
    weights = {"w": [Value(0.5), Value(-1.0)], "b": Value(0.25)}
    compiled = autograd.compile(
        lambda xs, y: weights["w"][0] * xs[0] + weights["w"][1] * xs[1] * y + weights["b"],
        weights,
        ([1.0, 2.0], 3.0),
    )
    draw = np.random.default_rng(1)
    batch = draw.normal(size=(4, 2)), draw.normal(size=4)
    assert_equal(*bound_and_called(compiled, *batch, inputs=True))


def test_a_seed_weighs_several_outputs():
    compiled = autograd.compile(lambda x: (x * x, sin(x)), example=(1.0,))
    x = np.array([0.5, 1.5])
    assert_equal(*bound_and_called(compiled, x, inputs=True, seed=[1.0, -2.0]))


def test_large_batches_are_done_in_slices_as_ever():
    compiled = autograd.compile(lambda x: sin(x) * x, example=(1.0,))
    assert_equal(*bound_and_called(compiled, np.linspace(0.0, 1.0, 9000), inputs=True))


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ([1.0], r"argument 0: bind takes arrays of float64.*not list; pass np\.asarray"),
        (np.array([1.0], np.float32), "not float32"),
        (np.array([1]), "not int64"),
    ],
)
def test_what_would_have_to_be_converted_in_every_call_is_refused(x, said):
    compiled = autograd.compile(lambda x: x * x, example=(1.0,))
    with pytest.raises(TypeError, match=said):
        compiled.bind(x)


def test_another_shape_is_refused():
    compiled = autograd.compile(lambda xs: xs[0] * xs[1], example=([1.0, 2.0],))
    with pytest.raises(ValueError, match="shape"):
        compiled.bind(np.ones((3, 3)))


def test_a_branch_that_was_not_traced_is_an_error_or_traced():
    def function(x):
        return x * 2.0 if x > 0.0 else x * 3.0

    x = np.array([1.0])
    run = autograd.compile(function, example=(1.0,)).bind(x, inputs=True)
    again = autograd.compile(function, example=(1.0,), retrace=True).bind(x, inputs=True)
    assert run()[2].tolist() == again()[2].tolist() == [2.0]
    x[0] = -1.0
    with pytest.raises(GuardError):
        run()
    assert again()[2].tolist() == [3.0]
    x[0] = 4.0
    assert run()[2].tolist() == again()[2].tolist() == [2.0]


def test_what_is_not_finite_is_an_error_as_ever():
    x = np.array([0.0])
    run = autograd.compile(lambda x: 1.0 / x, example=(1.0,)).bind(x, inputs=True)
    with pytest.raises(FloatingPointError, match="not finite"):
        run()
    x[0] = 2.0
    assert run()[0] == 0.5


def test_absent_adjoints_meet_no_infinite_slope():
    compiled = autograd.compile(lambda x: where(x > 0.0, x**0.5, 0.0), example=(1.0,))
    x = np.array([0.0, 4.0])
    assert_equal(*bound_and_called(compiled, x, inputs=True))


def test_its_repr_says_what_it_is_bound_to():
    def square(x):
        return x * x

    run = autograd.compile(square, example=(1.0,)).bind(np.ones(7))
    assert repr(run) == "<square, compiled and bound to 7 samples>"


def doubled(x):
    return x * 2.0


@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_is_neither_pickled_nor_copied_but_what_it_binds_is(way):
    run = autograd.compile(doubled, example=(1.0,)).bind(np.array([3.0]))
    with pytest.raises(
        TypeError, match=r"doubled, .* pickle or copy the compiled.*bind that again"
    ):
        way(run)
    again = pickle.loads(pickle.dumps(run.compiled)).bind(np.array([3.0]), inputs=True)
    assert again()[0] == 6.0 and again()[2].tolist() == [2.0]


def test_what_has_labels_is_not_bound_but_one_label_is():
    def function(x, label):
        return x * label

    compiled = autograd.compile(function, example=(1.0, 0), static=1)
    with pytest.raises(TypeError, match=r"those at 1 are labels.*lambda x: function\(x, 1\)"):
        compiled.bind(np.array([3.0]), np.array([1]), inputs=True)
    assert (
        autograd.compile(lambda x: function(x, 2), example=(1.0,)).bind(np.array([3.0]))()[0] == 6
    )
