"""A trace sees what a function does, or refuses: random programs against the eager engine.

Each kind of thing that a trace could freeze has a property here, over random programs, or a table of
programs. Compiled code answers as the eager engine does at every sample, or there is an error.
"""

import argparse
import builtins
import collections
import contextlib
import copy
import dataclasses
import fractions
import functools
import gc
import heapq
import io
import logging
import math
import numbers
import os
import pdb
import pprint
import random
import re
import secrets
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import SimpleNamespace
from typing import Protocol, runtime_checkable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

import autograd
from autograd import Value, grad, gradients, log, no_grad, tanh, where
from autograd.compile import GuardError
from autograd.compile.tracing import tracers
from autograd.compile.tracing.looking import prints
from autograd.compile.tracing.tape import trace
from autograd.testing.expressions import operations, random_expression
from testkit.other_threads import beside

pytest.importorskip("llvmlite")
both_engines = pytest.mark.parametrize("engine", ["llvm", "numpy"])
EXACT = {"rel": 1e-13, "abs": 1e-300, "nan_ok": True}


def eager(function, sample):
    """Return a function's value at a sample, and its gradient by the inputs; NaN where it raises."""
    leaves = [Value(x) for x in sample]
    with autograd.ieee():
        out = function(*leaves)
        out.backward()
    return out.data, [leaf.grad for leaf in leaves]


def agrees(compiled, function, samples):
    """Compare value and gradients of a compiled function with the eager engine."""
    columns = np.array(samples, float).T
    values = compiled.value(*columns)
    if not compiled.retrace:
        slopes = compiled.value_and_grad(*columns, inputs=True)[2]
        slopes = np.array(slopes if isinstance(slopes, tuple) else (slopes,)).T * len(samples)
    for i, sample in enumerate(samples):
        value, gradient = eager(function, sample)
        assert values[i] == pytest.approx(value, **EXACT), sample
        if not compiled.retrace:
            assert slopes[i].tolist() == pytest.approx(gradient, **EXACT), sample


# ---- max, min and math of numbers taken out

GRID = (-1.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0)


@st.composite
def texts_of_numbers(draw, depth=2):
    """Draw an expression of plain numbers, as text, in which x, y and z are Values."""
    if not depth or draw(st.integers(0, 4)) == 0:
        return draw(
            st.sampled_from(["x.data", "y.data", "z.item()", "(x * y).data", "0.5", "1", "-0.0"])
        )
    parts = [draw(texts_of_numbers(depth - 1)) for _ in range(draw(st.integers(1, 3)))]
    form = draw(st.sampled_from(["max({})", "min({})", "max([{}])", "min(iter(({},)))", "max([{}], default=3.0)",
                                 "math.exp(min({0}, 2.0))", "math.log(max({0}, 1e-10))", "math.sqrt(math.fabs({0}))",
                                 "mathematics.tanh({0})", "arc_tangent({0})", "{0} + {0}", "-{0} * 2"]))  # fmt: skip
    if form in ("max({})", "min({})") and len(parts) == 1:
        parts *= 2
    return form.format(*(parts[:1] if "{0}" in form else [", ".join(parts)]))


@given(texts=st.lists(texts_of_numbers(), min_size=2, max_size=3), seed=st.integers(0, 99))
@settings(max_examples=25)
@both_engines
def test_choices_and_math_of_numbers_taken_out_follow_every_sample(engine, texts, seed):
    names = {"math": math, "mathematics": math, "arc_tangent": math.atan, "__name__": "yours"}
    exec(f"def f(x, y, z): return x * ({texts[0]}) + y * z + z * ({' + '.join(texts[1:])})", names)
    draw = random.Random(seed)
    samples = [[draw.choice((*GRID, math.nan)) for _ in "xyz"] for _ in range(12)]
    compiled = autograd.compile(names["f"], example=(1.0, 0.5, 2.0), engine=engine, finite=False)
    agrees(compiled, names["f"], samples)
    assert names["math"] is math and names["arc_tangent"] is math.atan and "max" not in names


@both_engines
def test_the_first_of_equals_and_nan_are_chosen_as_python_does(engine):
    def function(x, y):
        return x.data * 0 + 1 / max(x.data, y.data) + 1 / min(x.data, y.data) + x * 0

    compiled = autograd.compile(function, example=(1.0, 2.0), engine=engine, finite=False)
    for sample in [(0.0, -0.0), (-0.0, 0.0), (1.0, math.nan), (math.nan, 1.0)]:
        with autograd.ieee():
            expected = function(Value(sample[0]), Value(sample[1])).data if all(sample) else None
        found = compiled.value(*([x] for x in sample))[0]
        if expected is None:  # a division of plain zeros: by the sign of the first
            expected = 2 * math.copysign(math.inf, sample[0])
        assert found == pytest.approx(expected, nan_ok=True)


def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(row, x)) for row in w]


def softmax(logits):
    max_val = max(val.data for val in logits)
    exps = [(val - max_val).exp() for val in logits]
    total = sum(exps)
    return [e / total for e in exps]


def rmsnorm(x):
    ms = sum(xi * xi for xi in x) / len(x)
    scale = (ms + 1e-5) ** -0.5
    return [xi * scale for xi in x]


@both_engines
def test_functions_as_in_microgpt_run_unchanged_at_every_batch(engine):
    draw = random.Random(3)
    wq, wk, wo = ([[Value(draw.gauss(0, 1)) for _ in range(3)] for _ in range(3)] for _ in range(3))
    parameters = [v for w in (wq, wk, wo) for row in w for v in row]

    def loss(tokens):
        xs = [rmsnorm(token) for token in tokens]
        queries, keys = [linear(x, wq) for x in xs], [linear(x, wk) for x in xs]
        scores = softmax([sum(q * k for q, k in zip(queries[-1], key)) / 3**0.5 for key in keys])
        mixed = [sum(s * x[j] for s, x in zip(scores, xs)) for j in range(3)]
        return -softmax(linear(mixed, wo))[1].log()

    compiled = autograd.compile(loss, parameters, example=([[0.1, 0.2, 0.3]] * 2,), engine=engine)
    for samples in (1, 2, 33):
        batch = np.random.default_rng(samples).normal(size=(samples, 2, 3)) * 3
        found = compiled.per_sample_grad(batch)
        for row, sample in zip(found, batch):
            for v in parameters:
                v.zero_grad()
            out = loss([[Value(x) for x in token] for token in sample])
            out.backward()
            assert row.tolist() == pytest.approx([v.grad for v in parameters], rel=1e-11, abs=1e-14)


def test_the_likeliest_by_a_key_is_guarded():
    compiled = autograd.compile(
        lambda xs: max(xs, key=lambda v: v.data), example=([1.0, 2.0],), retrace=True
    )
    assert compiled.value([[1.0, 2.0], [3.0, 2.0]]).tolist() == [2.0, 3.0]
    compiled.retrace = False
    with pytest.raises(GuardError):
        compiled.value([[3.0, 2.0]])


def test_the_names_of_a_module_are_its_own_again_after_a_trace_that_fails():
    before = dict(globals())
    usual_max, usual_exp = builtins.max, math.exp

    def function(x):
        assert max is not usual_max and builtins.max is max
        assert math.exp is not usual_exp and math.exp(1.0) == usual_exp(1.0)
        assert max(1, 2) == 2 and max("ab") == "b" and math.exp(0) == 1.0
        raise KeyError("stop")

    with pytest.raises(KeyError):
        autograd.compile(function, example=(1.0,))
    assert globals() == before and "max" not in globals()


def test_math_of_a_value_is_a_type_error_in_a_trace_as_it_is_eagerly():
    for argument in (Value(1.0), (1.0,)):
        with pytest.raises(TypeError, match="must be real number"):
            math.exp(argument) if isinstance(argument, Value) else autograd.compile(math.exp, example=argument)  # fmt: skip
    with pytest.raises(TypeError, match="must be real number"):
        autograd.compile(lambda x: x * math.exp(x), example=(1.0,))


# ---- Values of numbers taken out

VALUES_OF_NUMBERS = [
    lambda x: Value(x.data) * x,
    lambda x: gradients((u := Value(x.data, name="u")) ** 3, [u])[0] * x,
    lambda x: grad(lambda u: u * u * x)(x.data),
    lambda x: grad(lambda u: u * tanh(u))(Value(2 * x.data)) + x,
    lambda x: copy.deepcopy(x.data) * x,
]


@pytest.mark.parametrize("function", VALUES_OF_NUMBERS)
@both_engines
def test_a_value_of_a_number_follows_the_sample_without_a_gradient(engine, function):
    compiled = autograd.compile(function, example=(1.5,), engine=engine)
    found = compiled.value([1.5, -0.5, 2.0])
    slopes = compiled.value_and_grad([1.5, -0.5, 2.0], inputs=True)[2]
    for sample, value, slope in zip([1.5, -0.5, 2.0], found, slopes):
        x = Value(sample)
        out = function(x)
        out = out if isinstance(out, Value) else Value(out)
        assert value == pytest.approx(out.data, rel=1e-12)
        # Eagerly a grad of plain numbers is a plain number, even where it closes over a Value.
        if out.op is not None:
            out.backward()
            assert slope * 3 == pytest.approx(x.grad, rel=1e-12)


# ---- what needs a plain number

REFUSED = {
    "float": lambda x: x * float(x.data),
    "int": lambda x: x * int(x.data),
    "an index": lambda x: x * [1, 2, 3][x.data],
    "a range": lambda x: sum(x for _ in range(x.data)),
    "a key": lambda x: x * {2.0: 1.0}.get(x.data, 0.0),
    "a set": lambda x: x * (x.data in {1.0, 2.0}),
    "a format": lambda x: x * float(f"{x.data:.3f}"),
    "a format of a Value": lambda x: x * float(f"{x:.3f}"),
    "a format without a spec": lambda x: x * len(f"{x.data}"),
    "a text": lambda x: x * {"2.0": 1.0}.get(str(x.data), 0.0),
    "a text by %": lambda x: x * len("%.3f" % x.data),  # noqa: UP031
    "math without a row": lambda x: x * math.ldexp(x.data, 1),
    "numpy": lambda x: x * np.float64(x.data),
    "complex": lambda x: x * complex(x.data).real,
    "truncation": lambda x: x * math.trunc(x.data),
}


def caught(function):
    """Return a function that goes on where another one raises."""

    def caught_in(x):
        try:
            return function(x)
        except TypeError:
            return 2 * x

    return caught_in


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("wrapped", [lambda f: f, caught], ids=["bare", "caught"])
def test_a_plain_number_is_refused_with_the_line_even_where_that_is_caught(what, wrapped):
    with pytest.raises(TypeError, match=r"test_compile_traces\.py:\d+: .*sample"):
        autograd.compile(wrapped(REFUSED[what]), example=(2.0,))


def test_a_gradient_of_the_latest_pass_is_nothing_that_a_trace_may_read():
    w = Value(2.0)
    (w * 3).backward()
    with pytest.raises(TypeError, match=r"test_compile_traces\.py:\d+: .* cannot read \.grad"):
        autograd.compile(lambda x: x * w - 0.1 * w.grad, [w], example=(1.0,))
    assert w.grad == 3.0


TEXTS = {
    "repr": lambda x: len(repr(x)) * x,
    "str": lambda x: len(str(x)) * x,
    "repr of a number": lambda x: len(repr(x.data)) * x,
    "str of a number": lambda x: len(str(x.data)) * x,
    "in a list": lambda x: len(str([x])) * x,
    "by a percent sign": lambda x: len("%s" % x) * x,  # noqa: UP031
    "by a conversion": lambda x: len(f"{x!r}") * x,
    "by another module": lambda x: len(pprint.pformat(x)) * x,
    "of a result": lambda x: len(str(x * x)) * x,
    "of a parameter": lambda x: len(str(WEIGHT)) * x * WEIGHT,
    "printed to a file": lambda x: (
        print(x, file=(file := io.StringIO())) or len(file.getvalue()) * x
    ),
    "printed to a file among others": lambda x: (
        print(*[x], file=(file := io.StringIO())) or len(file.getvalue()) * x
    ),
    "printed to a file in a dict": lambda x: (
        print(x, **dict(zip(["file"], [file := io.StringIO()]))) or len(file.getvalue()) * x
    ),
    "by a print of one's own": lambda x: len(own_print(x)) * x,
    "where a print is near": lambda x: print(str(x)) or x,
}
WEIGHT = Value(0.5)


def own_print(x):
    """Return a text by a function that has the name of the built-in one."""
    space = {"print": str}
    exec("def text(x): return print(x)", space)
    return space["text"](x)


@pytest.mark.parametrize("what", TEXTS)
@pytest.mark.parametrize("wrapped", [lambda f: f, caught], ids=["bare", "caught"])
def test_a_text_is_refused_with_the_line_even_where_that_is_caught(what, wrapped):
    with pytest.raises(TypeError, match=r":\d+: .*text would be that of one sample.*print\(x\)"):
        autograd.compile(wrapped(TEXTS[what]), [WEIGHT], example=(2.0,))
    assert repr(WEIGHT) == "Value(data=0.5, grad=0.0)"


def test_what_is_traced_can_be_printed(capsys):
    def function(x):
        print(x.data)
        print("x:", x, x * 2,
              [x], sep="|")  # fmt: skip
        print(*[x])
        return x

    autograd.compile(function, example=(2.0,))
    number, together, last = capsys.readouterr().out.splitlines()
    assert number == "<the number 2.0 of input 0 in this sample>"
    assert together.count("Value(data=") == 3 and "Value(data=4.0" in together
    assert last == "Value(data=2.0, grad=0.0, name='input 0')"


def test_a_frame_that_is_at_no_instruction_is_not_taken_for_a_print():
    frame = SimpleNamespace(f_code=own_print.__code__, f_lasti=-1, f_globals={}, f_builtins={})
    assert not prints(frame)


def test_what_is_traced_can_be_logged():
    said = io.StringIO()
    log = logging.Logger("looking")
    log.addHandler(logging.StreamHandler(said))

    def function(x):
        log.warning("x is %s", x)
        return x

    autograd.compile(function, example=(2.0,))
    assert said.getvalue() == "x is Value(data=2.0, grad=0.0, name='input 0')\n"


def test_a_debugger_shows_what_is_traced():
    said = io.StringIO()
    asked = io.StringIO("p x\np repr(y)\np [x, y.data]\nc\n")
    debugger = pdb.Pdb(stdin=asked, stdout=said, nosigint=True)

    def function(x):
        y = x * 3
        debugger.set_trace()
        y = y * 2
        vars(debugger).clear()  # it would keep Values
        return y

    # A debugger that goes on traces no more, and coverage would count nothing from here on.
    tracer = sys.gettrace()
    try:
        autograd.compile(function, example=(2.0,))
    finally:
        sys.settrace(tracer)
    assert said.getvalue().count("Value(data=") == 3
    assert "<the number 6.0 of" in said.getvalue()


# ---- random numbers

GENERATOR = random.Random(5)
NUMPY_GENERATOR = np.random.default_rng(5)
draw_one = GENERATOR.gauss


class Dropout:
    """A layer with a generator of its own."""

    def __init__(self, generator):
        self.generator = generator

    def __call__(self, x):
        return x * (self.generator.random() > 0.5)


class Slotted:
    __slots__ = ("generator",)

    def __init__(self, generator):
        self.generator = generator


class Shared:
    generator = random.Random(7)


NAMESPACE = SimpleNamespace(generator=random.Random(9))
OPTIONS = argparse.Namespace(generator=random.Random(10))
LAYERS = collections.defaultdict(list, noise=Dropout(np.random.default_rng(8)))


def drawing_from_a_closure(generator):
    return lambda x: x * generator.random()


DRAWING = {
    "random": lambda x: x * random.gauss(0.0, 1.0),
    "random, a choice": lambda x: x * random.choice([1.0, 2.0]),
    "numpy.random": lambda x: x * np.random.normal(),  # noqa: NPY002
    "GENERATOR": lambda x: x * GENERATOR.random(),
    "NUMPY_GENERATOR": lambda x: x * NUMPY_GENERATOR.normal(),
    "draw_one": lambda x: x * draw_one(0.0, 1.0),
    "generator": Dropout(random.Random(1)),
    "generator, of NumPy": Dropout(np.random.default_rng(1)),
    "generator, of a closure": drawing_from_a_closure(np.random.RandomState(1)),
    "generator, in a list": functools.partial(
        lambda layers, x: layers[0](x), [Dropout(random.Random(2))]
    ),
    "generator, beside numbers": functools.partial(
        lambda parts, x: x * parts[1].generator.random(), [0.5, Dropout(random.Random(2))]
    ),
    "generator, in a slot": functools.partial(
        lambda holder, x: x * holder.generator.random(), Slotted(random.Random(2))
    ),
    "generator, in a namespace": lambda x: x * NAMESPACE.generator.random(),
    "generator, in parsed options": lambda x: x * OPTIONS.generator.random(),
    "generator, of a class": lambda x: x * Shared.generator.random(),
    "generator, in a dict of its own kind": lambda x: x * LAYERS["noise"].generator.random(),
    "generator, a default": lambda x, generator=random.Random(3): x * generator.random(),
}


@pytest.mark.parametrize("name", DRAWING)
def test_random_numbers_are_refused_with_the_name_of_the_generator_and_a_line(name):
    wanted = re.escape(name.partition(",")[0])
    if name == "generator, a default":
        wanted = "a default"
    with pytest.raises(
        RuntimeError, match=f"random numbers from {wanted}.*pass them in as an input"
    ):
        autograd.compile(DRAWING[name], example=(2.0,))
    if name in ("random", "GENERATOR", "generator"):
        with pytest.raises(RuntimeError, match=r"test_compile_traces\.py:\d+"):
            autograd.compile(DRAWING[name], example=(2.0,))


def test_a_generator_that_is_not_drawn_from_is_no_hindrance():
    layer = Dropout(GENERATOR)
    assert autograd.compile(lambda x: x * 2 if layer else x, example=(1.0,)).value([2.0]) == [4.0]


# ---- state outside

KEPT = []
LATEST = None


class Normalised:
    def __init__(self):
        self.mean = 0.0

    def __call__(self, x):
        self.mean = 0.9 * self.mean + 0.1 * x.data
        return x - self.mean


def with_a_list():
    state = [0.0]

    def function(x):
        state[0] = 0.5 * state[0] + x
        return state[0] * 2

    return function


def with_a_variable():
    running = 0.0

    def function(x):
        nonlocal running
        running = 0.5 * running + x
        return running * 2

    return function


def with_a_dict():
    memory = {}

    def function(x):
        memory["x"] = x
        return x * x

    return function


def with_a_global():
    def function(x):
        global LATEST
        LATEST = x * x
        return LATEST

    return function


def with_a_cycle_that_is_kept():
    class Node:
        pass

    kept = Node()

    def function(x):
        kept.own = kept
        kept.values = (x * x, x)
        return x

    return function


def within_no_grad():
    state = [0.0]

    def function(x):
        with no_grad():
            state[0] = 0.9 * state[0] + x
        return x - state[0]

    return function


KEEPING = {
    "list state": with_a_list,
    "variable of an outer function": with_a_variable,
    "dict memory": with_a_dict,
    "global 'LATEST'": with_a_global,
    "attribute 'mean' of a Normalised": Normalised,
    "list KEPT": lambda: lambda x: KEPT.append(x * x) or x,
    "": with_a_cycle_that_is_kept,
    "list state ": within_no_grad,
    " ": lambda: functools.cache(lambda x: x * x),
}


@pytest.mark.parametrize("where_it_is", KEEPING)
def test_a_value_that_outlives_its_trace_is_refused_by_place(where_it_is):
    with pytest.raises(
        RuntimeError, match=f"kept a Value.*{where_it_is.strip()}.*return it as an output"
    ):
        autograd.compile(KEEPING[where_it_is](), example=(2.0,))


@pytest.mark.parametrize("where_it_is", KEEPING)
def test_what_holds_it_is_told_after_a_program_has_frozen_its_objects(where_it_is):
    function = KEEPING[where_it_is]()
    gc.freeze()  # from here on the collector knows nothing of who refers to what
    with pytest.raises(RuntimeError, match=f"kept a Value.*{where_it_is.strip()}"):
        autograd.compile(function, example=(2.0,))


def test_what_was_kept_has_its_line():
    with pytest.raises(
        RuntimeError, match=r"\+, made at .*test_compile_traces\.py:\d+, in the list state"
    ):
        autograd.compile(with_a_list(), example=(2.0,))


USES = {
    "data": lambda kept: kept.data,
    "item": lambda kept: kept.item(),
    "+": lambda kept: kept + 1,
    "+ on the right": lambda kept: Value(1.0) + kept,
    "float +": lambda kept: 1.0 + kept,
    "<": lambda kept: kept < 1,
    "< on the right": lambda kept: 1 < kept,  # noqa: SIM300
    "==": lambda kept: kept == 1,
    "bool": bool,
    "float": float,
    "backward": lambda kept: kept.backward(),
    "a function": autograd.exp,
    "a dot": lambda kept: autograd.dot([Value(1.0)], [kept]),
    "max": lambda kept: max(kept, 1.0),
    "format": lambda kept: f"{kept:.2f}",
    "within grad": lambda kept: grad(lambda x: x * kept)(1.0),
    "within another trace": lambda kept: autograd.compile(lambda x: x * kept, example=(1.0,)),
    "as a result": lambda kept: autograd.compile(lambda x: kept, example=(1.0,)),
    "a copy": copy.deepcopy,
}


@pytest.mark.parametrize("failing", [False, True])
def test_a_kept_value_says_that_its_trace_has_ended(failing):
    kept = []

    def function(x):
        kept.append(x * x)
        if failing:
            raise KeyError("of the function's own")
        return x

    with pytest.raises(KeyError if failing else RuntimeError):
        autograd.compile(function, example=(2.0,))
    for use, of_kept in USES.items():
        with pytest.raises(
            TypeError, match="trace of the compiled function that made it has ended"
        ):
            pytest.fail(f"{use} gave {of_kept(kept[0])!r}")
    assert "trace that has ended" in repr(kept[0]) and kept[0] in {kept[0]}


def test_a_value_of_an_outer_trace_is_no_constant_of_an_inner_one():
    w = Value(2.0)

    def by_input(x):
        return x * autograd.compile(lambda y: x * y, example=(1.0,)).value([3.0])[0]

    def by_parameter(x):
        return x * autograd.compile(lambda y: w * y, example=(1.0,)).value([3.0])[0]

    for function in (by_input, by_parameter):
        with pytest.raises(TypeError, match="of another trace"):
            autograd.compile(function, [w], example=(2.0,))
    assert type(w) is Value


def test_a_cycle_that_goes_with_the_call_is_nothing_that_was_kept():
    def function(x):
        nodes = []

        def visit(depth):  # refers to itself, and to the list
            nodes.append(x * depth)
            return visit(depth - 1) if depth else sum(nodes)

        return visit(3)

    assert autograd.compile(function, example=(2.0,)).value([3.0]) == [18.0]


# ---- exceptions as control flow

TRIES = {
    "try:\n  r = {op}\n except ZeroDivisionError:\n  r = 7 * x": True,
    "try:\n  r = {op}\n except (KeyError, ArithmeticError):\n  r = 7 * x": True,
    "try:\n  r = {op}\n except KeyError:\n  r = 7 * x\n except Exception:\n  r = 5 * x": True,
    "try:\n  r = {op}\n except:\n  r = 7 * x": True,
    "try:\n  try:\n   r = {op}\n  finally:\n   r = x\n except ArithmeticError:\n  r = 7 * x": True,
    "try:\n  with nothing():\n   r = {op}\n except builtins.ZeroDivisionError:\n  r = 7 * x": True,
    "r = 7 * x\n with suppress(ZeroDivisionError):\n  r = {op}": True,
    "try:\n  r = sum({op} for _ in range(2))\n except ZeroDivisionError:\n  r = 7 * x": True,
    "try:\n  r = helper(lambda: {op})\n except ZeroDivisionError:\n  r = 7 * x": True,
    "r = 7 * x\n try:\n  raise KeyError\n except KeyError:\n  r = {op}": False,
    "try:\n  r = {op}\n except KeyError:\n  r = 7 * x": False,
    "try:\n  r = {op}\n finally:\n  s = x * 2": False,
    "with nothing():\n  r = {op}": False,
    "r = {op}\n try:\n  r = r + x\n except ZeroDivisionError:\n  r = 7 * x": False,
    "try:\n  s = x * 2\n except ZeroDivisionError:\n  s = x\n else:\n  r = {op}": False,
}
RAISING = {"1 / (x - 1)": True, "x % (x - 1)": True, "x // (x - 1)": True, "(x - 1) ** -1": True}
SAFE = {"x * (x - 1)": False, "x / 2.0": False, "tanh(x)": False, "max(x.data, 1) * x": False}


def helper(function):
    return function()


@pytest.mark.parametrize("text", TRIES)
@pytest.mark.parametrize("op", RAISING | SAFE)
def test_an_exception_that_a_function_catches_never_makes_another_program(text, op):
    names = {"tanh": tanh, "helper": helper, "suppress": contextlib.suppress, "builtins": builtins,
             "nothing": contextlib.nullcontext, "__name__": "yours"}  # fmt: skip
    exec(f"def f(x):\n {text.format(op=op)}\n return r * 2", names)
    function = names["f"]
    if TRIES[text] and op in RAISING:
        with pytest.raises(ValueError, match=r"stands inside a try \(<string>:\d.*where\("):
            autograd.compile(function, example=(3.0,))
        return
    compiled = autograd.compile(function, example=(3.0,), engine="numpy")
    for sample in (3.0, 1.0):
        try:
            expected = function(Value(sample)).data
        except ZeroDivisionError:
            with pytest.raises(FloatingPointError):
                compiled.value([sample])
        else:
            assert compiled.value([sample]) == pytest.approx(expected, rel=1e-15)


def test_the_logarithm_and_a_users_own_primitive_may_raise_as_well():
    @autograd.primitive(lambda x, out: 1.0 + 0 * x)
    def picky(x):
        if x > 100:
            raise LookupError("too large")
        return x

    def by_log(x):
        try:
            return log(x)
        except ValueError:
            return x * 0

    def by_picky(x):
        try:
            return picky(x)
        except LookupError:
            return x * 0

    for function in (by_log, by_picky):
        with pytest.raises(ValueError, match="stands inside a try"):
            autograd.compile(function, example=(3.0,))
    assert autograd.compile(lambda x: where(x > 0, log(x), 0.0), example=(3.0,)).value([-1.0]) == [
        0.0
    ]


def test_a_function_called_first_outside_a_try_and_then_inside_is_seen():
    def share(x, y):
        return x / y

    def function(x):
        first = share(x, x + 5) + share(x, x + 6)
        try:
            return first + share(1.0, x)
        except ZeroDivisionError:
            return first

    with pytest.raises(ValueError, match="stands inside a try"):
        autograd.compile(function, example=(3.0,))


def test_a_generator_resumed_first_outside_a_try_and_then_inside_is_seen():
    def shares(x):
        yield 1 / (x + 5)
        yield 1 / x

    def function(x):
        rest = shares(x)
        first = next(rest)
        try:
            return first + next(rest)
        except ZeroDivisionError:
            return first

    with pytest.raises(ValueError, match="stands inside a try"):
        autograd.compile(function, example=(3.0,))


# ---- random numbers from the system


def endless(source):
    while True:
        yield source.gauss(0.0, 1.0)


BITS, NOISE = np.random.PCG64(1), endless(random.Random(3))
FROM_THE_SYSTEM = {
    "an unseeded generator of NumPy": lambda x: x * np.random.default_rng().normal(),
    "the same by its name": lambda x: x * default_rng().normal(),
    "an unseeded generator": lambda x: x * random.Random().random(),
    "the system's generator": lambda x: x * random.SystemRandom().random(),
    "bytes": lambda x: x * os.urandom(1)[0],
    "secrets": lambda x: x * secrets.randbelow(100),
    "reseeding": lambda x: x * (random.seed(), random.random())[1],
    "bits": lambda x: x * np.random.Generator(BITS).normal(),
    "a generator function": lambda x: x * next(NOISE),
}


@pytest.mark.parametrize("what", FROM_THE_SYSTEM)
def test_random_numbers_from_wherever_are_refused(what):
    with pytest.raises(RuntimeError, match="random numbers.*same in every sample and in every"):
        autograd.compile(FROM_THE_SYSTEM[what], example=(1.0,))
    FROM_THE_SYSTEM[what](1.0)
    assert os.urandom is usual_urandom and random.Random.seed is usual_seed


usual_urandom, usual_seed = os.urandom, random.Random.seed


@both_engines
def test_a_generator_with_a_seed_draws_the_same_in_every_call(engine):
    def function(x):
        return x * np.random.default_rng(3).normal() + random.Random(4).random()

    compiled = autograd.compile(function, example=(1.0,), engine=engine)
    assert compiled.value([2.0]) == [pytest.approx(function(2.0), rel=1e-15)]


# ---- threads


@pytest.mark.parametrize(
    "work",
    [
        lambda x: x * 2,
        lambda x: Value(2.0) * x,
        lambda x: x.data,
        lambda x: x.detach(),
        lambda x: x > 0,
        lambda x: bool(x),
        lambda x: x == 3.0,
        lambda x: autograd.exp(x),
        lambda x: grad(lambda u: u * u)(x),
        lambda x: copy.copy(x),
        lambda x: autograd.dot([Value(1.0)], [x]),
    ],
)
def test_a_value_of_a_trace_is_refused_in_another_thread(work):
    def function(x):
        found = []

        def run():
            with contextlib.suppress(TypeError):
                found.append(work(x))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return x * 3

    with pytest.raises(TypeError, match=r"used in another thread.*in the thread of the function"):
        autograd.compile(function, example=(2.0,))


def test_a_thread_that_takes_the_context_along_traces_too():
    def function(x):
        found = []
        thread = threading.Thread(
            target=copy_context().run, args=(lambda: found.append(x * x.data),)
        )
        thread.start()
        thread.join()
        return found.pop()

    assert autograd.compile(function, example=(2.0,)).value([3.0]) == [9.0]


def test_parameters_are_as_ever_in_other_threads():
    w, seen = Value(2.0), []

    def look():
        twin = copy.copy(w)
        seen.extend(
            [w.data, w * 2 > 3, bool(w), f"{w:.1f}", type(twin), twin.op, max([w.data, 1.0])]
        )

    have_a_look = beside(look)

    def function(x):
        have_a_look()
        return w * x

    autograd.compile(function, [w], example=(2.0,))
    assert seen == [2.0, True, True, "2.0", Value, None, 2.0]


@pytest.mark.parametrize(
    "work",
    [lambda w: w.data, lambda w: w * w, lambda w: w > 1, lambda w: bool(w), lambda w: Value(1.0)],
)
@pytest.mark.parametrize("pool", [False, True])
def test_values_are_refused_in_a_thread_that_the_function_starts(work, pool):
    w, workers = Value(2.0), ThreadPoolExecutor(1)
    workers.submit(abs, 1).result()

    def run():
        with contextlib.suppress(TypeError):
            work(w)

    def function(x):
        if pool:
            return x * workers.submit(work, w).result()
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return x

    with workers, pytest.raises(TypeError, match="used in another thread"):
        autograd.compile(function, example=(2.0,))
    threading.Thread(target=abs, args=(1,)).start()


@both_engines
def test_work_without_values_may_be_handed_to_a_pool(engine):
    with ThreadPoolExecutor(1) as pool:
        compiled = autograd.compile(
            lambda x: x * pool.submit(pow, 3.0, 2).result(), example=(2.0,), engine=engine
        )
    assert compiled.value([2.0]) == [18.0]


# ---- comparisons by ==

Point = dataclasses.make_dataclass("Point", ["x", "y"])
BY_EQUALITY = {
    "==": lambda x, y: x if y == 1 else x * x,
    "!=": lambda x, y: x if y != 1 else x * x,
    "of a parameter": None,
    "in": lambda x, y: x if y in (1, 2) else x * x,
    "not in": lambda x, y: x if y not in [0.0, 2] else x * x,
    "index": lambda x, y: x ** (1 + [0, 1, 2].index(y)),
    "count": lambda x, y: x * (1 + [1, 2, x, 1].count(y)),
    "of structures": lambda x, y: x if (y, 1) == (1, 1) else x * x,
    "of dataclasses": lambda x, y: x if Point(y, 2) == Point(0, 2) else x * x,
    "of two Values": lambda x, y: x if x == y + 2 else x * x,
    "as a factor": lambda x, y: x * (y == 1) + 3 * (y == 2),
    "as an index": lambda x, y: [x, x * x][y == 1],
    "as a key": lambda x, y: {True: x, False: x * x}[y == 1],
    "of numbers": lambda x, y: x if y.data == 1 else x * x,
    "remove": lambda x, y: (rest := [0, 1, 2], rest.remove(y), sum(rest) * x)[-1],
}


def numbers_of(function):
    """Return a function of Values as one that compares their numbers, as == is to do eagerly."""

    class Compared(Value):
        __slots__ = ()
        __hash__ = Value.__hash__

        def __eq__(self, other):
            return self.data == (other.data if isinstance(other, Value) else other)

        def __ne__(self, other):
            return not self == other

    return lambda *xs: function(*map(Compared, xs))


@pytest.mark.parametrize("what", BY_EQUALITY)
@both_engines
def test_equality_follows_the_number_of_every_sample(engine, what):
    function, parameters = BY_EQUALITY[what], []
    if function is None:
        parameters = [w := Value(1.0)]

        def function(x, y):
            return x if w == 1 else x * x

    compiled = autograd.compile(function, parameters, (3.0, 1.0), engine=engine, retrace=True)
    labels = [1.0, 0.0, 2.0, 1.0]
    expected = [numbers_of(function)(3.0, y) for y in labels]
    if what == "of a parameter":
        expected = [3.0] * 4
    expected = [x.data if isinstance(x, Value) else x for x in expected]
    assert compiled.value([3.0] * 4, labels).tolist() == expected
    if what != "as a factor":
        plain = autograd.compile(function, parameters, (3.0, 1.0), engine=engine)
        if parameters:
            plain.parameters[:] = 2.0
        with pytest.raises(GuardError, match=r"takes another branch.*test_compile_traces\.py:"):
            plain.value([3.0] * 4, labels)


def test_what_is_no_number_is_unequal_to_all():
    function = lambda x: x if x != None and x not in ("a", None) else -x  # noqa: E711
    assert autograd.compile(function, example=(1.0,)).value([2.0]) == [2.0]


# ---- copies

COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy of a list": lambda x: copy.deepcopy([x, 1.0])[0],
    "deepcopy twice": lambda x: (lambda twin: twin[0] + twin[1] - twin[1])(copy.deepcopy([x, x])),
    "asdict": lambda x: dataclasses.asdict(Point(x, 1.0))["x"],
    "astuple": lambda x: dataclasses.astuple(Point(1.0, [x]))[1][0],
    "replace": lambda x: dataclasses.replace(Point(x, 1.0), y=2.0).x,
    "+": lambda x: +x,
}


@given(seed=st.integers(0, 10**6))
@settings(max_examples=15)
@both_engines
def test_copies_within_a_function_carry_values_and_gradients(engine, seed):
    draw = random.Random(seed)
    kinds = [draw.choice(list(COPIES.values())) for _ in range(4)]

    def function(x, y, kinds=kinds):
        a, b, c, d = kinds
        u = a(x) * b(y) + c(tanh(x * y))
        return d(u) * u + x

    def plain(x, y):
        return function(x, y, [COPIES["+"]] * 4)

    point = draw.uniform(-2, 2), draw.uniform(-2, 2)
    assert grad(function, (0, 1))(*point) == pytest.approx(grad(plain, (0, 1))(*point), rel=1e-15)
    found, expected = (np.array(autograd.hessian(f, (0, 1))(*point)) for f in (function, plain))
    assert found == pytest.approx(expected, rel=1e-12)
    found, expected = (autograd.jvp(f, point, (1.0, 2.0)) for f in (function, plain))
    assert found == pytest.approx(expected, rel=1e-13)
    compiled = autograd.compile(function, example=(0.3, 0.4), engine=engine)
    agrees(compiled, plain, [point, (0.5, -0.25)])


def test_copies_outside_are_independent_and_keep_their_class():
    class Weight(Value):
        __slots__ = ("group",)

    w = Weight(2.0, "w")
    w.group = "a"
    twin, deep = copy.copy(w), copy.deepcopy([w])[0]
    (twin * deep).backward()
    assert (w.grad, twin.grad, deep.grad) == (0.0, 2.0, 2.0)
    inside = []
    assert grad(lambda x: (inside.append(copy.copy(w)) or inside[0]) * x)(3.0).data == 2.0
    assert type(inside[0]) is Weight and inside[0].group == "a" and inside[0].parents == (w,)
    with no_grad():
        assert grad(lambda x: x * copy.deepcopy(x))(3.0) == 6.0  # recording again


def test_a_pickle_of_a_value_would_cut_the_trace():
    import pickle

    with pytest.raises(TypeError, match=r"cannot pickle a Value; use copy\.copy"):
        autograd.compile(lambda x: pickle.loads(pickle.dumps(x)), example=(1.0,))


# ---- a second trace

COUNT = [0]


def counting(x):
    COUNT[0] += 1
    return x * COUNT[0]


UNSTEADY = {
    "a counter": counting,
    "the time": lambda x: x * time.perf_counter(),
    "the order of a set": lambda *xs: functools.reduce(lambda a, b: a - b, set(xs)),
    "an id": lambda x: x * (id(x) + time.perf_counter_ns()),
    "a branch now and then": lambda x: x if COUNT.append(0) or len(COUNT) % 2 else -x,
}


@pytest.mark.parametrize("what", UNSTEADY)
def test_a_second_trace_finds_what_differs_from_call_to_call(what):
    function = UNSTEADY[what]
    example = (1.0,) if function.__code__.co_argcount else (1.0,) * 12
    with pytest.raises(RuntimeError, match=r"did something else when it was traced again: .*v\d"):
        autograd.compile(function, example=example, check=True)
    steady = autograd.compile(lambda x: x * tanh(x), example=(1.0,), check=True)
    assert steady.value([0.0]) == [0.0]


# ---- gradients


@both_engines
@pytest.mark.parametrize("role", ["parameter", "other", "attribute"])
def test_the_gradient_of_any_value_is_refused(engine, role):
    w = Value(2.0)
    (w * 3.0).backward()
    holder = {"w": w}

    def function(x):
        return x * (holder["w"].grad if role == "attribute" else w.grad)

    with pytest.raises(TypeError, match=r"cannot read \.grad"):
        autograd.compile(function, [w] if role == "parameter" else [], (1.0,), engine=engine)
    assert w.grad == 3.0 and type(Value.__dict__["grad"]).__name__ == "member_descriptor"


# ---- what passes for a plain number

TYPES = {
    "float": lambda x: 2.0 * x if isinstance(x.data, float) else -x,
    "int or float": lambda x: 2.0 * x if isinstance(x.data, (int, float)) else -x,
    "a real number": lambda x: 2.0 * x if isinstance(x.data, numbers.Real) else -x,
    "no Value": lambda x: 2.0 * x if not isinstance(x.data, str) else -x,
    "bool": lambda x: 2.0 * x if isinstance(x > 0, bool) else -x,
    "and": lambda x: 2.0 * x if (x > 0) & (x < 5) else -x,
    "or": lambda x: 2.0 * x if (x > 3) | (x < -5) else -x,
    "exclusive or": lambda x: 2.0 * x if (x > 0) ^ (x > 3) else -x,
    "and a bool": lambda x: ((x > 0) & True) * x,
    "or, reflected": lambda x: (False | (x > 0)) * x,
    "the type": lambda x: 2.0 * x if type(x.data) is float else -x,
    "one of some types": lambda x: 2.0 * x if type(x.data * 2) in (int, float) else -x,
    "the type of a comparison": lambda x: 2.0 * x if type(x > 0) is bool else -x,
    "the type, by a table": lambda x: {float: 2.0 * x}[type(x.data)],
    "its class": lambda x: 2.0 * x if x.data.__class__ is float else -x,
    "the type of a Value": lambda x: 2.0 * x if type(x) is Value is type(x * x) else -x,
    "the class of a Value": lambda x: 2.0 * x if x.__class__ is Value is (x * x).__class__ else -x,
    "a Value of the type of another": lambda x: type(x)(x.data) * x,
    "no attributes of a Value": lambda x: 2.0 * x if hasattr(x.data, "backward") else -x,
    "attributes of a Value": lambda x: 2.0 * x if hasattr(x, "backward") else -x,
    "attributes of a float": lambda x: 2.0 * x if hasattr(x.data, "is_integer") else -x,
    "a default": lambda x: x * getattr(x.data, "data", 3.0),
    "no default": lambda x: x * getattr(x, "data", 3.0),
    "real and imaginary part": lambda x: x * x.data.real + x.data.imag,
    "a class in a match": lambda x: 2.0 * x if matched(x.data) else -x,
    "the type of a type": lambda x: 2.0 * x if type(type(x)) is type is type(Kind) else -x,
    "a table of types of types": lambda x: x * {type: 2.0}[type(Kind)] * TYPE_TABLE[type(Kind)],
    "what is a type": lambda x: x * isinstance(float, type) * (not isinstance(x, type)),
    "a class made": lambda x: x * type("Made", (), {"factor": 2.0}).factor,
    "a metaclass": lambda x: x * metaclass_of(x),
    "no Value by its class": lambda x: 2.0 * x if isinstance(x.data, Value) else -x,
    "no Value by its methods": lambda x: 2.0 * x if isinstance(x.data, HasBackward) else -x,
    "a Value unless it is one": lambda x: x + wrapped_in_value(x.data),
    "by the module of built-ins": lambda x: 2.0 * x if builtins.type(x.data) is float else -x,
    "an int, rounded": lambda x: 2.0 * x if isinstance(round(x.data), int) else -x,
    "an int by sums": lambda x: 2.0 * x if type(math.floor(x.data) + 1) is int else -x,
    "an int by a power": lambda x: 2.0 * x if type(math.ceil(x.data) ** 2) is int else -x,
    "a float by division": lambda x: 2.0 * x if type(round(x.data) / 1) is float else -x,
    "a float, rounded to digits": lambda x: 2.0 * x if type(round(x.data, 0)) is float else -x,
    "an int of comparisons": lambda x: 2.0 * x if type((x > 0) + (x > 1)) is int else -x,
    "a list as long as a truth": lambda x: x * len([1.0] * (x > 0)),
    "the name of type": lambda x: 2.0 * x if type.__name__ == "type" else -x,
    "an object without attributes": lambda x: ASKS(x),
    "True itself": lambda x: 2.0 * x if (x > 0) is True else -x,
    "not False itself": lambda x: 2.0 * x if (x > 0) is not False else -x,
    "True, by a name": lambda x: (ok := x > 0) and (2.0 * x if ok is True else -x) or x,
    "one truth as another": lambda x: 2.0 * x if (x > 0) is (x > 5) else -x,
    "truths in a match": lambda x: matched_truths(x > 0, x > 5) * x,
    "True of a function": lambda x: 2.0 * x if math.isnan(x.data) is False else -x,
    "a subclass": lambda x: x * SPECIAL if kinds_of(SPECIAL) == {Weight} else -x,
}
TYPE_TABLE = {type: 3.0}


class Kind:
    """A class of its own."""


class Weight(Value):
    """A Value with a class of its own."""

    __slots__ = ()


SPECIAL = Weight(2.0)


def kinds_of(x):
    """Return what is said of a Value's class."""
    return {type(x), x.__class__, type(type(x)(1.0))}


@runtime_checkable
class HasBackward(Protocol):
    """What has a method of Values."""

    def backward(self): ...


class Asks:
    """A function that is an object, and asks for a type."""

    def __call__(self, x):
        return x * 2.0 if type(x.data) is float else -x


ASKS = Asks()


def wrapped_in_value(x):
    return x if isinstance(x, Value) else Value(2.0 * x)


def matched_truths(first, second):
    match first, second:
        case True, True:
            return 2.0
        case True, _:
            return 3.0
    return 4.0


def matched(x):
    match x:
        case float():
            return True
    return False


def metaclass_of(x):
    """Return 2.0 if a metaclass made here is one in all ways."""

    class Meta(type):
        def __call__(cls, *args):
            return super().__call__(*args)

    class Made(metaclass=Meta):
        def __init__(self, x):
            self.x = x

    made = Made(x)
    are = [isinstance(Made, kind) for kind in (Meta, type)] + [issubclass(Meta, type)]
    are_not = [isinstance(made, Meta), isinstance(Kind, Meta), issubclass(Kind, type)]
    return 2.0 if all(are) and not any(are_not) and type(made) is Made and made.x is x else 1.0


CAUGHT = {
    "a list": lambda x: [0] * round(x.data),
    "a text": lambda x: math.floor(x.data) * "a",
    "bits": lambda x: bin(round(x.data) & 1),
    "a shift": lambda x: bin(1 << round(x.data)),
    "a shift of it": lambda x: bin(round(x.data) << 1),
    "inverted bits": lambda x: bin(~round(x.data)),
    "bits of a comparison": lambda x: bin((x > 0) | 2),
    "a modulus": lambda x: bin(pow(round(x.data), 2, 5)),
    "bits of an int": lambda x: bin(round(x.data).bit_length()),
    "a complex number": lambda x: str(x.data * 1j),
    "a complex number before it": lambda x: str(1j - x.data),
}


@pytest.mark.parametrize("what", CAUGHT)
def test_what_an_int_can_do_and_the_number_of_a_trace_cannot_is_refused_also_if_caught(what):
    def function(x):
        try:
            return x * len(CAUGHT[what](x))
        except TypeError:
            return -x

    assert function(Value(3.0)).data > 0
    with pytest.raises(TypeError, match="in this sample, and another one in every other"):
        autograd.compile(function, example=(3.0,))


QUESTIONS = {"type": type, "others": [hasattr]}
ASKING_BY_ATTRIBUTE = SimpleNamespace(kind=type)


def held_by_default(x, kind=type):
    return 2.0 * x if kind(x.data) is float else -x


def held_by_a_closure(kind):
    return lambda x: 2.0 * x if kind(x.data, float) else -x


@pytest.mark.parametrize(
    ("function", "where"),
    [
        (held_by_default, "type as a default"),
        (held_by_a_closure(isinstance), "isinstance as kind"),
        (functools.partial(held_by_default, kind=type), "type as "),
        (lambda x: QUESTIONS["type"](x.data) is float and x, "type as QUESTIONS"),
        (lambda x: ASKING_BY_ATTRIBUTE.kind(x.data) is float and x, "type as kind"),
    ],
)
def test_a_question_for_types_that_is_held_elsewhere_is_refused(function, where):
    with pytest.raises(TypeError, match=f"holds the built-in {where}.*call it by its name"):
        autograd.compile(function, example=(1.0,))


def test_getattr_of_anything_else_in_a_trace_looks_once():
    class Counting:
        looks = 0

        @property
        def factor(self):
            self.looks += 1
            return 2.0

    counting = Counting()
    autograd.compile(lambda x: x * getattr(counting, "factor", 3.0), example=(1.0,))
    assert counting.looks == 1


def test_an_object_without_attributes_is_reached():
    assert autograd.compile(ASKS, example=(1.0,)).value([3.0]) == [6.0]


def test_a_module_that_the_function_imports_first_is_reached(tmp_path, monkeypatch):
    (tmp_path / "asking_for_a_type.py").write_text(
        "def asked(x):\n    return 2.0 * x if type(x.data) is float else -x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def function(x):
        from asking_for_a_type import asked

        return asked(x)

    try:
        assert autograd.compile(function, example=(1.0,)).value([3.0]) == [6.0]
    finally:
        sys.modules.pop("asking_for_a_type", None)


def test_the_type_of_a_parameter_is_its_own_in_other_threads_too():
    found = []
    ask = beside(lambda: found.append(type(SPECIAL)))

    def function(x):
        ask()
        return SPECIAL * x

    compiled = autograd.compile(function, [SPECIAL], (1.0,))
    assert found == [Weight] and compiled.value([2.0]) == [4.0]


def test_a_value_of_a_class_with_more_than_values_have_says_what_to_write():
    class Loose(Value):
        pass

    with pytest.raises(TypeError, match=r"write __slots__ = \(\) in the class"):
        autograd.compile(lambda x: Loose(x.data) * x, example=(1.0,))


@pytest.mark.parametrize("name", ["hex", "is_integer", "as_integer_ratio"])
def test_what_a_float_has_and_the_number_of_a_trace_has_not_is_refused(name):
    def function(x):
        try:
            return x * len(str(getattr(x.data, name)()))
        except (AttributeError, TypeError):
            return -x

    with pytest.raises(TypeError, match="is the number of input 0 in this sample"):
        autograd.compile(function, example=(1.0,))


@pytest.mark.parametrize(
    "through",
    [
        lambda x: x * statistics.mean([x.data, 2.0]),
        lambda x: x * float(fractions.Fraction(x.data)),
        lambda x: x * heapq.nsmallest(1, [x, 2.0])[0],
        lambda x: x * np.clip(x, 0.0, 2.0),
    ],
)
def test_a_line_is_the_users_own_where_a_library_stands_between(through):
    with pytest.raises((TypeError, GuardError)) as caught:
        autograd.compile(through, example=(1.5,), engine="numpy").value([1.5, 2.5])
    line = through.__code__.co_firstlineno
    assert f"{__file__}:{line}" in str(caught.value)


@both_engines
def test_an_attribute_that_no_float_has_is_missing_in_a_trace_too(engine):
    def function(x):
        try:
            return x * x.data.factor
        except AttributeError as error:
            return x * len(str(error))

    compiled = autograd.compile(function, example=(1.0,), engine=engine)
    assert compiled.value([3.0]) == [function(Value(3.0)).data]


def test_type_is_type_again_after_a_trace():
    autograd.compile(TYPES["a metaclass"], example=(1.0,))
    assert not {"type", "hasattr", "getattr"} & set(globals())
    assert type(SPECIAL) is Weight is SPECIAL.__class__


@both_engines
@pytest.mark.parametrize("what", TYPES)
def test_a_number_taken_out_has_the_type_it_stands_for(engine, what):
    function = TYPES[what]
    compiled = autograd.compile(function, example=(1.0,), engine=engine, retrace=True)
    xs = [1.0, -7.0, 6.0, 0.0]
    assert compiled.value(xs).tolist() == [function(Value(x)).data for x in xs]


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_the_short_way_of_a_trace_leads_to_the_same_tape_as_the_long_one(seed):
    source = random.Random(seed)
    expression = random_expression(source, lines=source.randint(2, 14), pool=operations())
    first = Value(expression.point[0])

    def mixed(*inputs):
        x = expression(first, *inputs)
        return [2 * x - 0.5, 1.5 / (x * x + 1), x**2, -x, x < 1.0, x >= 3]

    tapes, short = [], tracers.traced_shortly
    for way in (short, lambda *_: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tracers, "traced_shortly", way)
            tapes.append(trace(mixed, [first], tuple(expression.point[1:]))[0])
    assert str(tapes[0]) == str(tapes[1])
    assert tapes[0].rows() == tapes[1].rows()
