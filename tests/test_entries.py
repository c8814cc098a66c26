"""Calls of small compiled functions without a detour: the same numbers, and the same errors."""

import copy
import gc
import pickle
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, exp, log, sin, where
from autograd.compile.branches import GuardError
from testkit.random_graphs import MANY, RATIONAL, TAME, programs, run

pytest.importorskip("llvmlite")

from autograd.compile.machine import entries

CALLS_BEFORE = 4  # after so many calls of a kind there is an entry, if there can be one


def cubed(x):
    return x * x * x


def entered(compiled, call):
    """Return what a call gives before there is an entry, and by the entry."""
    first = call()
    for _ in range(CALLS_BEFORE):
        call()
    assert compiled.entries
    return first, call()


def flat(x):
    if isinstance(x, dict):
        return [part for key in x for part in flat(x[key])]
    return [part for one in x for part in flat(one)] if isinstance(x, (tuple, list)) else [x]


def assert_same(first, second):
    """Check structure, types, shapes and bits."""
    xs, ys = flat(first), flat(second)
    assert len(xs) == len(ys)
    for x, y in zip(xs, ys):
        assert type(x) is type(y)
        if isinstance(x, np.ndarray):
            assert x.dtype == y.dtype and x.shape == y.shape and x is not y
            assert y.flags.owndata or y.base is not None
        assert np.array(x).tobytes() == np.array(y).tobytes()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("samples", [1, 3, 8, 21])
@pytest.mark.parametrize("inputs", [False, True])
def test_an_entry_gives_what_the_first_call_gave(dtype, samples, inputs):
    w = [Value(0.5), Value(-1.25)]
    compiled = autograd.compile(
        lambda xs, y: sin(w[0] * xs[0] + xs[1]) * y + w[1] * xs[2],
        w,
        ([1.0, 2.0, 3.0], 1.0),
        dtype=dtype,
    )
    draw = np.random.default_rng(samples)
    batch = [draw.normal(size=shape).astype(dtype) for shape in ((samples, 3), (samples,))]
    assert_same(*entered(compiled, lambda: compiled.value_and_grad(*batch, inputs=inputs)))
    assert_same(*entered(compiled, lambda: compiled.value(*batch)))


@settings(max_examples=12)
@given(
    program=programs(TAME, RATIONAL, MANY),
    numbers=st.lists(st.floats(0.3, 1.5), min_size=3, max_size=3),
)
def test_random_programs_have_the_bits_of_their_first_calls(program, numbers):
    w = Value(numbers[0])
    compiled = autograd.compile(
        lambda x, y: autograd.fsum(run(program, [w, x, y])), [w], (0.7, 0.6), finite=False
    )
    batch = [np.array([x + i / 8 for i in range(5)]) for x in numbers[1:]]
    first = compiled.value_and_grad(*batch, inputs=True), compiled.value(*batch)
    for _ in range(CALLS_BEFORE):
        again = compiled.value_and_grad(*batch, inputs=True), compiled.value(*batch)
    assert_same(first, again)


@pytest.mark.parametrize(
    "function, structure",
    [
        (lambda x: [x * x], list),
        (lambda x: [x * x, x + 1.0], list),
        (lambda x: {"a": x * x, "b": x}, dict),
    ],
)
def test_structures_of_outputs_are_kept(function, structure):
    compiled = autograd.compile(function, [], (1.0,))
    first, second = entered(compiled, lambda: compiled.value(np.array([1.0, 2.0, 3.0])))
    assert type(second) is structure
    assert_same(first, second)


def test_structures_of_parameters_and_of_several_arguments_are_kept():
    weights = {"w": [Value(0.5), Value(-1.0)], "b": Value(0.25)}
    compiled = autograd.compile(
        lambda x, y: weights["w"][0] * x + weights["w"][1] * y * y + weights["b"],
        weights,
        (1.0, 2.0),
    )
    x, y = np.array([1.0, 2.0]), np.array([0.5, -0.5])
    for inputs in (False, True):
        first, second = entered(compiled, lambda: compiled.value_and_grad(x, y, inputs=inputs))
        assert list(second[1]) == ["w", "b"]
        assert_same(first, second)


def test_a_function_without_arguments_has_an_entry():
    w = Value(3.0)
    compiled = autograd.compile(lambda: w * w, [w], ())
    assert_same(*entered(compiled, compiled.value_and_grad))


def test_steps_of_descent_by_an_entry_are_those_without():
    ours, theirs = ([Value(1.0), Value(2.0)] for _ in range(2))
    x, y = np.array([0.5, 1.5, -1.0]), np.array([0.1, 0.2, 0.3])
    by_entry, plain = (
        autograd.compile(lambda x, y, w=w: (w[0] * x + w[1] - y) ** 2, w, (1.0, 1.0))
        for w in (ours, theirs)
    )
    plain.entries = None.__class__  # never asked
    plain.enter = lambda *_, **__: None
    plain.prepare_entry = lambda *_: None
    for _ in range(10):
        assert by_entry.descend(x, y, step_size=0.1) == plain.descend(x, y, step_size=0.1)
    assert by_entry.entries
    assert [w.data for w in ours] == [w.data for w in theirs]
    assert by_entry.value_and_grad(x, y)[0] == plain.value_and_grad(x, y)[0]


def test_a_step_that_is_refused_moves_nothing_and_the_next_one_goes_on():
    w = [Value(1.0)]
    compiled = autograd.compile(lambda x: (w[0] * x) ** 2, w, (1.0,))
    x = np.array([1.0, 2.0])
    for _ in range(CALLS_BEFORE):
        compiled.descend(x, step_size=0.01)
    before = compiled.parameters[0]  # who reads a Value has the next call look at all of them
    with pytest.raises(FloatingPointError, match="parameter 0 would become"):
        compiled.descend(x, step_size=1e308)
    assert compiled.parameters[0] == before
    for _ in range(CALLS_BEFORE):
        compiled.descend(x, step_size=0.0)
    with pytest.raises(FloatingPointError):
        compiled.descend(np.array([np.nan, 1.0]), step_size=0.01)
    assert compiled.parameters[0] == before
    compiled.descend(x, step_size=0.01)
    assert w[0].data == pytest.approx(before * (1 - 0.01 * 5.0), rel=1e-12)


def test_steps_from_infinite_numbers_are_taken_once():
    w = Value(1.0)
    compiled = autograd.compile(
        lambda x, y: w * x + where(y > 0.0, y, 0.0), [w], (1.0, 1.0), finite=False
    )
    x = np.array([0.5])
    for y in [1.0] * CALLS_BEFORE + [-np.inf] * CALLS_BEFORE + [1.0]:
        before = compiled.parameters[0]
        compiled.descend(x, np.array([y]), step_size=0.5)
        assert compiled.parameters[0] == before - 0.25


def test_batches_of_other_sizes_take_turns():
    compiled = autograd.compile(lambda x: x * x, [], (1.0,), reduce="sum")
    for _ in range(5):
        for samples in (1, 4, 2):
            x = np.arange(1.0, samples + 1)
            assert compiled.value_and_grad(x)[0] == float(sum(x * x))
            assert compiled.value(x).tolist() == (x * x).tolist()


class Subclass(np.ndarray):
    pass


@pytest.mark.parametrize(
    "batch",
    [
        [1.0, 2.0, 3.0],
        (1, 2, 3),
        np.array([1, 2, 3]),
        np.array([1.0, 2.0, 3.0], np.float32),
        np.array([1.0, 2.0, 3.0], ">f8"),
        np.arange(1.0, 7.0)[::2] / 2 + 0.5,
        np.array([3.0, 2.0, 1.0])[::-1],
        np.array([1.0, 2.0, 3.0]).view(Subclass),
        np.frombuffer(b"\0" + np.array([1.0, 2.0, 3.0]).tobytes(), np.uint8)[1:].view(float),
        [1.0, 2, True + 2],
    ],
    ids=str,
)
def test_batches_of_other_kinds_are_taken_as_before(batch):
    compiled = autograd.compile(cubed, [], (1.0,))
    entered(compiled, lambda: compiled.value(np.array([1.0, 2.0, 3.0])))
    assert compiled.value(batch).tolist() == [1.0, 8.0, 27.0]


@pytest.mark.parametrize(
    "batch",
    [
        (),
        (np.array([1.0]), np.array([1.0])),
        (np.array(1.0),),
        (np.zeros((2, 1)),),
        (np.zeros(0),),
        (np.array([1 + 1j]),),
        (np.array(["a"]),),
        (None,),
        (np.ma.masked_array([1.0, 2.0], [False, True]),),
    ],
    ids=str,
)
def test_what_is_no_batch_is_refused_as_before(batch):
    compiled = autograd.compile(cubed, [], (1.0,))
    with pytest.raises((TypeError, ValueError)) as first:
        compiled.value(*batch)
    entered(compiled, lambda: compiled.value(np.array([1.0, 2.0])))
    with pytest.raises(first.type) as second:
        compiled.value(*batch)
    assert str(first.value) == str(second.value)


def test_guards_and_infinities_are_told_as_before_and_an_entry_comes_back():
    compiled = autograd.compile(lambda x: log(x) if x > 0.5 else x, [], (1.0,))
    good, other, bad = np.array([1.0, 2.0]), np.array([1.0, 0.25]), np.array([1.0, np.inf])
    first = compiled.value(good)
    entered(compiled, lambda: compiled.value(good))
    for batch, error in ((other, GuardError), (bad, FloatingPointError)):
        with pytest.raises(error, match="sample 1"):
            compiled.value(batch)
        assert not compiled.entries
        assert_same(first, compiled.value(good))
        assert compiled.entries


def test_samples_that_branch_are_traced_again_beside_an_entry():
    compiled = autograd.compile(lambda x: x * x if x > 0 else -x, [], (1.0,), retrace=True)
    for _ in range(6):
        assert compiled.value(np.array([1.0, 3.0])).tolist() == [1.0, 9.0]
        assert compiled.value(np.array([2.0, -3.0])).tolist() == [4.0, 3.0]


def test_numbers_that_may_be_infinite_are_returned_every_time():
    compiled = autograd.compile(lambda x: 1.0 / x, [], (1.0,), finite=False)
    for _ in range(6):
        assert compiled.value(np.array([0.0, 2.0])).tolist() == [np.inf, 0.5]
        assert compiled.value(np.array([1.0, 2.0])).tolist() == [1.0, 0.5]


def test_parameters_are_the_newest_whoever_wrote_them():
    w = Value(1.0)
    compiled, other = (autograd.compile(lambda x: w * x, [w], (1.0,)) for _ in range(2))
    x = np.array([2.0])
    entered(compiled, lambda: compiled.value(x))
    w.data = 3.0
    assert compiled.value(x)[0] == 6.0
    compiled.parameters[:] = 4.0
    assert compiled.value(x)[0] == 8.0 and w.data == 4.0
    other.descend(x, step_size=0.5)
    assert compiled.value(x)[0] == 6.0 and w.data == 3.0
    outside = Value(5.0)
    follows = autograd.compile(lambda x: outside * x, [], (1.0,))
    entered(follows, lambda: follows.value(x))
    outside.data = 7.0
    assert follows.value(x)[0] == 14.0


def test_another_reduction_holds_at_once():
    compiled = autograd.compile(lambda x: x * x, [], (1.0,))
    x = np.array([1.0, 3.0])
    entered(compiled, lambda: compiled.value_and_grad(x))
    compiled.reduce = "sum"
    assert compiled.value_and_grad(x)[0] == 10.0


def test_a_function_in_a_trace_is_refused_though_it_has_an_entry():
    compiled = autograd.compile(cubed, [], (1.0,))
    x = np.array([1.0])
    entered(compiled, lambda: compiled.value(x))
    with pytest.raises(TypeError, match="being traced uses compiled code"):
        autograd.compile(lambda y: y * compiled.value(x)[0], [], (1.0,))


def test_results_are_the_callers_own():
    compiled = autograd.compile(lambda x: x * x, [], (1.0,), reduce="sum")
    x = np.array([1.0, 3.0])
    entered(compiled, lambda: compiled.value_and_grad(x, inputs=True))
    first = compiled.value_and_grad(x, inputs=True)[2]
    kept = first.copy()
    compiled.value_and_grad(x + 1.0, inputs=True)
    assert first.tolist() == kept.tolist()
    first[:] = 0.0
    assert compiled.value_and_grad(x, inputs=True)[2].tolist() == [2.0, 6.0]


def test_no_reference_is_lost_and_none_is_left():
    compiled = autograd.compile(lambda x, y: x * y, [Value(1.0)], (1.0, 1.0), reduce="sum")
    x, y = np.array([1.0, 3.0]), np.array([1.0, 3.0])
    entered(compiled, lambda: compiled.value_and_grad(x, y, inputs=True))
    counted = [x, y, np.ndarray, x.dtype, np.dtype(float), None, True, False]

    def calls():
        for _ in range(2000):
            compiled.value_and_grad(x, y, inputs=True)
            compiled.entries[3, False].call(x)  # is refused

    calls()
    gc.collect()
    blocks, before = sys.getallocatedblocks(), [sys.getrefcount(one) for one in counted]
    calls()
    gc.collect()
    assert abs(sys.getallocatedblocks() - blocks) < 100
    assert all(abs(sys.getrefcount(one) - n) < 100 for one, n in zip(counted, before))


def test_an_entry_is_as_independent_as_its_function():
    w = Value(2.0)
    compiled = autograd.compile(cubed, [], (1.0,))
    x = np.array([1.0, 2.0])
    entered(compiled, lambda: compiled.value(x))
    for twin in (
        copy.copy(compiled),
        copy.deepcopy(compiled),
        pickle.loads(pickle.dumps(compiled)),
    ):
        assert not twin.entries
        assert_same(*entered(twin, lambda twin=twin: twin.value(x)))
    assert w.data == 2.0


def test_threads_get_the_numbers_of_their_own_batches():
    w = [Value(0.5)]
    compiled = autograd.compile(lambda x: exp(w[0] * x), w, (1.0,), reduce="sum")
    batches = [np.full(4, 0.125 * i) for i in range(4)]
    right = [compiled.value_and_grad(batch) for batch in batches]
    wrong = []

    def work(i):
        for turn in range(3000):
            # A list goes another way, and has the lock for itself.
            batch = batches[i].tolist() if turn % 7 == i else batches[i]
            value, gradient = compiled.value_and_grad(batch)
            if (value, gradient[0]) != (right[i][0], right[i][1][0]):
                wrong.append((i, turn))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong


def test_no_entry_is_taken_while_a_step_of_descent_is_under_way(monkeypatch):
    w = Value(1.0)
    compiled = autograd.compile(lambda x: w * x, [w], (1.0,))
    x = np.array([1.0])
    entered(compiled, lambda: compiled.value(x))
    ready, done = [], compiled.done

    def observed(*arguments):
        found = done(*arguments)
        ready.append((compiled.is_ready(), compiled.enter(0, (x,))))
        return found

    monkeypatch.setattr(compiled, "done", observed)
    compiled.descend([1.0], step_size=0.5)
    assert ready == [(False, None)]
    assert compiled.value(x)[0] == 0.5
    with pytest.raises(TypeError):
        compiled.descend(["a"], step_size=0.5)
    assert compiled.is_ready()


def test_long_programs_and_unusual_arrays_in_memory_have_none(monkeypatch):
    x = np.array([1.0])
    with monkeypatch.context() as patched:
        patched.setattr(entries, "MOST_WORK", 0)
        patched.setattr("autograd.compile.machine.llvm_engine.MOST_WORK", 0)
        compiled = autograd.compile(cubed, [], (1.0,))
        assert [compiled.value(x)[0] for _ in range(6)] == [1.0] * 6 and not compiled.entries
    monkeypatch.setattr("autograd.compile.machine.llvm_engine.is_possible", lambda: False)
    compiled = autograd.compile(cubed, [], (1.0,))
    assert [compiled.value(x)[0] for _ in range(6)] == [1.0] * 6 and not compiled.entries


def test_the_numpy_engine_has_none():
    compiled = autograd.compile(cubed, [], (1.0,), engine="numpy")
    assert [compiled.value(np.array([2.0]))[0] for _ in range(6)] == [8.0] * 6
    assert not compiled.entries


def test_a_function_that_calls_python_back_has_none():
    halved = autograd.primitive(lambda x, out: 0.5)(lambda x: x / 2)
    compiled = autograd.compile(lambda x: halved(x), [], (1.0,))
    assert [compiled.value(np.array([2.0]))[0] for _ in range(6)] == [1.0] * 6
    assert not compiled.entries
