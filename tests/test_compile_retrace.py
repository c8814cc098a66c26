"""`retrace=True`: each sample is computed by the trace that fits it, and by no other."""

import itertools
import random
import re

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, dot, tanh
from testkit.branching_programs import BranchingProgram, complaints
from testkit.kernels import seldom
from testkit.listings import executed
from testkit.unwritten import unwritten_is_nan

both_engines = pytest.mark.parametrize("engine", ["llvm", "numpy"])
PROGRAMS = [
    *(("numpy", number) for number in range(25)),
    *(("llvm", number) for number in range(0, 25, 3)),
    *seldom(*(("llvm", number) for number in range(25) if number % 3)),
]
MOST_TRACES = 64


@pytest.mark.parametrize(("engine", "number"), PROGRAMS)
def test_a_random_program_that_branches_agrees_with_the_eager_engine(engine, number):
    program = BranchingProgram(number, most_samples=200)
    weights = [Value(w) for w in program.weights]
    reduce = ("mean", "sum")[number % 2]
    with unwritten_is_nan():
        compiled = autograd.compile(
            lambda xs: program.run(weights, xs),
            weights,
            (program.batch[0].tolist(),),
            engine=engine,
            reduce=reduce,
            retrace=True,
        )
        for batch in (program.batch, program.samples(1), program.samples(9)):
            assert complaints(program, compiled, batch, reduce) == []


@both_engines
def test_a_batch_in_slices_whose_samples_branch_agrees_with_the_eager_engine(engine):
    w = Value(0.5)
    with unwritten_is_nan():
        compiled = autograd.compile(
            lambda x: w * x * x if x > 0.5 else w * w - x, [w], (1.0,), engine=engine, retrace=True
        )
        xs = np.random.default_rng(0).normal(size=10_000)
        high = xs > 0.5
        assert np.allclose(compiled.value(xs), np.where(high, 0.5 * xs * xs, 0.25 - xs), 1e-14)
        value, gradient, slopes = compiled.value_and_grad(xs, inputs=True)
        by_w = np.where(high, xs * xs, 1.0)
        assert value == pytest.approx(np.where(high, 0.5 * xs * xs, 0.25 - xs).mean(), rel=1e-12)
        assert gradient == pytest.approx([by_w.mean()], rel=1e-12)
        assert np.allclose(slopes, np.where(high, xs, -1.0) / len(xs), 1e-14)
        assert np.allclose(compiled.per_sample_grad(xs)[:, 0], by_w, 1e-14)
        compiled.descend(xs, step_size=0.25)
    assert compiled.parameters == pytest.approx([0.5 - 0.25 * by_w.mean()], rel=1e-12)


@both_engines
def test_a_few_samples_of_another_branch_do_not_move(engine):
    ws = [Value(0.4), Value(-0.1), Value(-0.1)]

    def function(xs):
        total = dot(ws, xs)
        return 10 + total if total > 0 else 20 + total

    compiled = autograd.compile(function, ws, ([1.0] * 3,), engine=engine, retrace=True)
    rows = [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    assert compiled.value(rows) == pytest.approx([19.8, 10.3, 10.2, 10.2], rel=1e-15)


@both_engines
@pytest.mark.parametrize("seed", range(12))
def test_a_sample_on_the_border_of_a_branch_takes_one_of_its_sides(engine, seed):
    """The two sides add up the same numbers in products of matrices, in dots, and in chains of +."""
    draw = random.Random(seed)
    terms, samples = draw.choice((3, 9, 12)), draw.choice((1, 2, 9, 120))
    ws = [Value(round(draw.uniform(0.1, 1), 1)) for _ in range(terms)]
    vs = [Value(round(draw.uniform(-1, 1), 1)) for _ in range(terms)]
    numbers, others = (np.array([w.data for w in some]) for some in (ws, vs))

    def function(xs):
        total = dot(ws, xs)
        if total > 0.3:
            return 10 + tanh(dot(vs, xs)) + total
        if sum(w * x for w, x in zip(ws, xs)) + 0.1 > 0.4:
            return 20 + total * total
        return 30 + tanh(total)

    rows = np.round(np.random.default_rng(seed).uniform(-1, 1, (samples, terms)), 1)
    rows[:, 0] += np.round((0.3 - rows @ numbers) / numbers[0], 6)
    rows = np.round(rows, 6)
    compiled = autograd.compile(function, ws + vs, (rows[0].tolist(),), engine=engine, retrace=True)
    total = rows @ numbers
    sides = [10 + np.tanh(rows @ others) + total, 20 + total**2, 30 + np.tanh(total)]
    with unwritten_is_nan():
        for _ in range(2):
            found = compiled.value(rows)
            assert np.min([abs(found - side) for side in sides], 0).max() < 1e-9
            assert np.isfinite(compiled.per_sample_grad(rows)).all()
            assert np.isfinite(compiled.value_and_grad(rows, inputs=True)[2]).all()


@both_engines
def test_a_trace_reads_the_current_parameters_and_leaves_the_values_alone(engine):
    """Three signs of a parameter, two of an input: a trace that read old numbers would not fit."""
    w, v = Value(1.0), Value(0.25)

    def function(x):
        if w > 0:
            return x * w if x > 0 else x + w
        return x - w * v if x > 0 else 7 * x * v

    compiled = autograd.compile(function, [w, v], (1.0,), engine=engine, retrace=True)
    compiled.parameters[:] = [-2.0, 0.5]
    before = w.data, v.data
    assert compiled.value([1.0, -1.0]).tolist() == [2.0, -3.5]
    assert compiled.value_and_grad([1.0, -1.0])[0] == -0.75
    assert (w.data, v.data) == before
    assert type(w) is Value
    assert compiled.parameters.tolist() == [-2.0, 0.5]


@both_engines
def test_a_step_over_samples_that_branch_is_one_step(engine):
    w = Value(1.0)
    compiled = autograd.compile(
        lambda x: w * x if x > 0 else w * w * x, [w], (1.0,), engine=engine, retrace=True
    )
    for start in (1.0, 2.0):  # the second time, all traces are there
        compiled.parameters[:] = start
        value = compiled.descend([1.0, -1.0, 3.0, -2.0], step_size=0.5)
        assert value == (start * 4.0 - start**2 * 3.0) / 4
        assert compiled.parameters.tolist() == [start - 0.5 * (4.0 - 2 * start * 3.0) / 4]


@both_engines
def test_a_step_that_fails_in_one_branch_moves_nothing(engine):
    w = Value(1.0)
    compiled = autograd.compile(
        lambda x: w * x if x > 0 else w / x, [w], (1.0,), engine=engine, retrace=True
    )
    with pytest.raises(FloatingPointError, match="sample 1 is not finite"):
        compiled.descend([1.0, 0.0, 2.0], step_size=0.5)
    assert compiled.parameters.tolist() == [1.0]


def rounds(x):
    """Return x once for each whole number below it: a branch of its own for each whole number."""
    count = 0
    while x > count:
        count += 1
    return x * (count - 1)


@both_engines
def test_more_traces_than_one_batch_may_need_in_a_life(engine):
    calls = []

    def counted(x):
        calls.append(None)  # a Value of the trace may not be kept
        return rounds(x)

    compiled = autograd.compile(counted, example=(1.0,), engine=engine, retrace=True)
    for k in range(1, 101):
        assert compiled.value([float(k)]).tolist() == [k * (k - 1.0)]
    traced = len(calls)
    latest = [float(k) for k in range(50, 101)]
    assert compiled.value(latest).tolist() == [x * (x - 1) for x in latest]
    assert len(calls) == traced  # the least recently used are those that go
    assert compiled.value([2.0, 1.0]).tolist() == [2.0, 0.0]
    assert len(calls) == traced + 1


@both_engines
def test_a_batch_that_needs_too_many_traces_is_refused(engine):
    compiled = autograd.compile(rounds, example=(1.0,), engine=engine, retrace=True)
    most = np.arange(1.0, MOST_TRACES + 1)
    assert np.array_equal(compiled.value(most), most * (most - 1))
    with pytest.raises(autograd.compile.GuardError, match="write the function with where"):
        compiled.value(np.arange(1.0, MOST_TRACES + 2))
    assert compiled.value([3.5]).tolist() == [3.5 * 3]


@both_engines
def test_a_guard_that_fails_is_named_by_the_engine_that_computes(engine):
    ws = [Value(0.1 * k) for k in range(1, 13)]

    def function(xs):
        first = 1 if xs[0] > -5 else 2
        return first * dot(ws, xs) if dot(ws, xs) > 0 else 0.0 * xs[0]

    compiled = autograd.compile(function, ws, ([1.0] * 12,), engine=engine)
    with pytest.raises(autograd.compile.GuardError, match=r"sample 2 .* dot .*> 0"):
        compiled.value([[1.0] * 12] * 2 + [[-1.0] * 12])


def branching_network(border):
    """Return a small network that takes another way for inputs below a border, and its weights."""
    draw = random.Random(5)
    hidden = [[Value(round(draw.uniform(-1, 1), 3)) for _ in range(3)] for _ in range(2)]
    last = [Value(round(draw.uniform(-1, 1), 3)) for _ in range(3)]

    def network(xs):
        outs = [tanh(a * xs[0] + b * xs[1] + c) for a, b, c in hidden]
        out = dot(last[:2], outs, last[2])
        return out if xs[0] > border else 0.5 * out + outs[0]

    return network, [w for row in hidden for w in row] + last


@both_engines
@pytest.mark.parametrize("others", [1, 12])  # samples that go the other way
def test_a_network_that_branches_learns_as_it_does_when_it_is_recorded(engine, others):
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(24, 2))
    ys = np.sin(xs[:, 0]) * xs[:, 1]
    border = np.sort(xs[:, 0])[others - 1].item()
    network, weights = branching_network(border)
    compiled = autograd.compile(
        lambda x, y: (network(x) - y) ** 2,
        weights,
        (xs[xs[:, 0].argmax()].tolist(), 0.5),
        engine=engine,
        retrace=True,
    )
    with unwritten_is_nan():
        for _ in range(1000):
            compiled.descend(xs, ys, step_size=0.05)
    learned = compiled.parameters.copy()
    network, recorded = branching_network(border)
    for _ in range(1000):
        for w in recorded:
            w.zero_grad()
        for x, y in zip(xs.tolist(), ys.tolist()):
            ((network(x) - y) ** 2).backward(1 / 24)
        for w in recorded:
            w.data -= 0.05 * w.grad
    assert learned == pytest.approx([w.data for w in recorded], rel=1e-9, abs=1e-9)


def test_training_compiled_follows_a_network_that_branches():
    iris = nn.load_iris()

    class Leaky(nn.Module):
        """A network whose units branch on their sums."""

        def __init__(self):
            self.first = nn.Layer(4, 5, seed=1)
            self.second = nn.Layer(5, 3, seed=2)

        def __call__(self, x):
            return self.second([u if u > 0 else 0.1 * u for u in self.first(x)])

    found = []
    for compiled in (False, True):
        network = Leaky()
        nn.train(
            network, iris.inputs, iris.targets, iterations=200, progress=False, compiled=compiled
        )
        found.append([w.data for w in network.parameters()])
    assert found[0] == pytest.approx(found[1], rel=1e-9, abs=1e-9)


def test_a_report_has_a_line_for_each_trace():
    def function(x):
        for bound in range(4):
            if x < bound:
                return x * bound
        return autograd.sin(x) if x < 20 else x

    compiled = autograd.compile(function, example=(0.5,), retrace=True, engine="numpy")
    assert "trace" not in compiled.explain()
    compiled.value([0.5, 9.0, -1.0, 30.0])
    lines = compiled.explain().splitlines()
    (count,) = [line for line in lines if " traces  " in line]
    assert "  4, each for the samples that branch like it" in count
    traces = [line.strip() for line in lines if re.match(r" *trace \d  ", line)]
    assert [line[:7] for line in traces] == [f"trace {i}" for i in range(1, 5)]
    assert "input 0 (0.5) < 0 is False, input 0 (0.5) < 1 is True" in traces[0]
    assert traces[1].count(" is ") == 3 and traces[1].endswith(" < 20 is True")
    assert traces[2].count(" is ") == 1 and traces[2].endswith("< 0 is True")
    assert "trace 4" in compiled.explain().html


def test_traces_are_told_apart_by_the_branches_at_which_they_part():
    def function(xs):
        return sum(x if x > 0 else -x for x in xs)

    compiled = autograd.compile(function, example=([1.0] * 5,), retrace=True, engine="numpy")
    signs = list(itertools.product((1.0, -1.0), repeat=5))
    compiled.value([[*row] for row in signs[:8]])
    lines = compiled.explain().splitlines()
    where = [line.partition(", where ")[2] for line in lines if re.match(r" *trace \d  ", line)]
    assert len(set(where)) == 8
    # The first two go the same way in all of them.
    assert all(text.count(" is ") == 3 and "input 1" not in text for text in where)


def test_a_report_lists_a_dozen_traces():
    def function(x):
        for bound in range(40):
            if x < bound:
                return x * bound
        return x

    compiled = autograd.compile(function, example=(0.5,), retrace=True, engine="numpy")
    compiled.value([i + 0.5 for i in range(20)])
    text = compiled.explain()
    assert "where after 5 others, " in text
    assert "trace 12  " in text and "trace 13  " not in text and "and 8 more traces" in text


def test_a_listing_has_the_program_of_each_trace():
    w = Value(1.5)

    def function(x):
        if x < 0:
            return w * x
        return w * w / x if x < 5 else autograd.sin(w * x)

    compiled = autograd.compile(function, [w], (-1.0,), retrace=True, engine="numpy")
    assert "# trace" not in compiled.source()
    samples = [-2.0, 3.0, 7.0]
    compiled.value(samples)
    text = compiled.source()
    assert re.findall("^# .*", text, re.M) == [
        line for i in (1, 2, 3) for line in (f"# trace {i}", "# backward")
    ]
    for trace, x in enumerate(samples):
        found = executed(compiled, trace=trace)([x])
        leaf = Value(x)
        w.grad = 0.0
        out = function(leaf)
        out.backward()
        expected = [out.data], [w.grad], [leaf.grad]
        for ours, its in zip(found, expected):
            assert ours == pytest.approx(its, rel=1e-13)
        others = [y for y in samples if y != x]
        for other in others:
            with pytest.raises(ArithmeticError, match="takes another branch"):
                executed(compiled, trace=trace)([other])


def test_a_listing_leaves_out_traces_beyond_a_dozen_unless_it_is_whole():
    compiled = autograd.compile(
        lambda x: x * next(i for i in range(40) if x < i),
        example=(0.5,),
        retrace=True,
        engine="numpy",
    )
    compiled.value([i + 0.5 for i in range(20)])
    text = compiled.source(backward=False)
    assert text.count("# trace") == 12 and text.endswith("\n\n# and 8 more traces")
    assert compiled.source(whole=True, backward=False).count("# trace") == 20
