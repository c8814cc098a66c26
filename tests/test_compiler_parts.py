"""Parts of the compiler by themselves: what makes it fast, and what few programs meet."""

import ast
import math
import random
import re
import threading
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd
from autograd import Value, dot, primitive
from autograd import primitives as p
from autograd.compile import report
from autograd.compile.javascript import slopes
from autograd.compile.javascript.translate import Untranslatable, definition
from autograd.compile.lower import graph
from autograd.compile.lower.program import Dot, Matrix
from autograd.compile.tracing.internal_primitives import both, either
from autograd.compile.tracing.symbols import Symbol
from autograd.compile.tracing.tape import Tape

pytest.importorskip("llvmlite")
from autograd.compile.machine import kernels, llvm_engine  # noqa: E402
from autograd.compile.machine.llvm_engine import CACHE_BYTES, MIN_LANES, consecutive  # noqa: E402


def reached_one_by_one(first, edges, rows):
    """Return for every row whether it is reached, by looking at one edge after the other."""
    found = set(first)
    for source, target in edges:
        if source in found:
            found.add(target)
    return [row in found for row in range(rows)]


def test_what_is_reached_is_what_edges_lead_to_one_after_the_other(monkeypatch):
    source = random.Random(0)
    ways = set()
    quick = graph.reached_at_once

    def noted(*asked):
        found = quick(*asked)
        ways.add(found is None)
        return found

    monkeypatch.setattr(graph, "reached_at_once", noted)
    for _ in range(400):
        rows = source.randint(1, 40)
        dense = source.choice([1, 1, 3])
        edges = [
            (source.randrange(max(0, row - source.choice([3, 40])), row), row)
            for row in range(1, rows)
            for _ in range(source.randint(0, dense))
        ]
        few = source.choice([0.05, 0.5, 1.0])
        first = [row for row in range(min(rows, 12)) if source.random() < few]
        sources, targets = np.array(edges, np.int32).reshape(-1, 2).T
        found = graph.reached(first, sources, targets, rows).tolist()
        assert found == reached_one_by_one(first, edges, rows)
        back = [(target, start) for start, target in reversed(edges)]
        last = [rows - 1 - row for row in first]
        upstream = graph.leading_to(last, targets, sources, rows).tolist()
        assert upstream == reached_one_by_one(last, back, rows)
    assert ways == {True, False}


def layer(inputs, units):
    """Return the engine of a layer without biases, as it is run for gradients."""
    weights = [[Value(0.01 * (i - j)) for j in range(inputs)] for i in range(units)]
    compiled = autograd.compile(
        lambda xs: sum(dot(row, xs).tanh() for row in weights),
        [w for row in weights for w in row],
        ([0.5] * inputs,),
        engine="llvm",
    )
    compiled.value_and_grad(np.ones((3, inputs)))
    (engine,) = compiled.specializations[0].engines.values()
    return engine


def test_a_block_has_as_many_lanes_as_fast_memory_holds_but_whole_vectors():
    engine = layer(400, 20)
    each = 2 * 8 * engine.program.slots  # bytes of values and adjoints
    lanes = engine.block(4096)
    assert MIN_LANES < lanes < 512 and lanes % MIN_LANES == 0
    assert CACHE_BYTES / 2 < lanes * each <= CACHE_BYTES
    assert engine.block(3) == 3
    assert layer(3, 4).block(4096) == 512


def test_a_product_whose_numbers_stand_in_order_reads_no_tables():
    code = layer(5, 4).code_for(3, apart=False)
    (step,) = [row for row in code if row[kernels.FORWARD] == fixed("matrix")]
    assert step[kernels.WEIGHTS : kernels.WEIGHT_COLUMN + 1].tolist() == [0, 5, 1]
    assert step[kernels.INPUTS] == 0
    assert consecutive(np.array([7])) and consecutive(np.array([3, 4, 5]))
    assert not consecutive(np.array([3, 5, 4])) and not consecutive(np.array([3, 5, 5]))


def fixed(name):
    """Return the address of the forward kernel of an instruction."""
    return llvm_engine.codegen.fixed(getattr(kernels, f"{name}_forward"), "float64")


# In two threads


@pytest.mark.parametrize("engine", ["llvm", "numpy"])
def test_functions_of_a_users_own_are_called_in_the_callers_thread(engine, monkeypatch):
    threads = set()

    @primitive(lambda x, out: 2.0 * x)
    def noted(x):
        threads.add(threading.get_ident())
        return x * x

    compiled = autograd.compile(lambda x: noted(x) * 3.0, example=(1.0,), engine=engine, threads=2)
    monkeypatch.setattr("autograd.compile.compiled.MIN_SAMPLES_SLICED", 16)
    assert compiled.value(np.arange(32.0)).tolist() == [3.0 * x * x for x in range(32)]
    assert threads == {threading.get_ident()}


def test_a_thread_that_traces_nothing_uses_pools_as_ever_while_another_one_traces():
    asked, answered = threading.Event(), threading.Event()
    found = []

    def work():
        x = Value(3.0)
        (x * x).backward()
        return x.grad

    def elsewhere():
        asked.wait(20.0)
        with ThreadPoolExecutor(1) as pool:
            found.append(pool.submit(work).exception())
        answered.set()

    def function(x):
        asked.set()
        assert answered.wait(20.0)
        return x * x

    thread = threading.Thread(target=elsewhere)
    thread.start()
    autograd.compile(function, example=(1.0,), engine="numpy")
    thread.join()
    assert found == [None]


# Traces


def test_what_a_method_of_no_class_draws_is_found():
    generator = random.Random(0)
    method = types.MethodType(lambda scale, x: x * generator.random() * scale, 2.0)
    with pytest.raises(RuntimeError, match="drew random numbers from generator"):
        autograd.compile(method, example=(1.0,), engine="numpy")


def test_a_generator_is_found_in_the_line_that_calls_its_method_by_another_name():
    a_source = random.Random(0)
    draw = a_source.random

    def noisy(x):
        y = x + draw()
        return y if a_source else x

    line = noisy.__code__.co_firstlineno + 1
    with pytest.raises(RuntimeError, match=rf"drew random numbers from a_source .*:{line}\)"):
        autograd.compile(noisy, example=(1.0,), engine="numpy")


def size(x):
    return abs(x)


@pytest.mark.parametrize(
    "chosen",
    [
        lambda x, y: max([x.data, y.data], key=size),
        lambda x, y: min(x.data, y.data, key=size),
        lambda x, y: max([x.data, y.data], default=0.0),
        lambda x, y: max([], default=2.0) * x.data,
    ],
)
def test_a_key_and_a_default_are_asked_as_python_asks_them(chosen):
    compiled = autograd.compile(
        lambda x, y: x * chosen(x, y), example=(1.0, 2.0), engine="numpy", retrace=True
    )
    for x, y in ((1.0, 2.0), (-3.0, 2.0), (-1.0, -2.0), (5.0, -6.0)):
        assert compiled.value([x], [y]).tolist() == [(x * chosen(Value(x), Value(y)))]


def test_several_numbers_and_a_default_are_an_error_as_in_python():
    with pytest.raises(TypeError, match="default"):
        autograd.compile(
            lambda x: max(x.data, 2.0 * x.data, default=1.0) * x, example=(1.0,), engine="numpy"
        )


@pytest.mark.parametrize("combined", [lambda x: x & True, lambda x: (x > 1.0) & 2.5])
def test_only_comparisons_and_bools_are_combined(combined):
    with pytest.raises(TypeError, match="unsupported operand"):
        autograd.compile(lambda x: x * combined(x.data), example=(1.0,), engine="numpy")


def test_a_value_of_a_number_of_the_trace_is_a_node_of_its_own():
    found = []

    def function(x):
        fresh = Value(2.0 * x.data)
        found.append((fresh.op, fresh.parents))
        return fresh * x

    compiled = autograd.compile(function, example=(1.0,), engine="numpy")
    assert found == [(p.stop_gradient, ())]
    assert compiled.value_and_grad([3.0], inputs=True)[2].tolist() == [6.0]


def test_a_dot_of_no_terms_is_its_bias():
    tape = Tape()
    bias = tape.input()
    assert tape.apply(p.inner_product, (bias,)) == bias and len(tape) == 1


def test_masks_are_combined_with_bools_from_both_sides():
    tape = Tape()
    mask = Symbol(tape, tape.input()) == 0.0
    for found, op in (
        (mask & True, both),
        (True & mask, both),
        (mask | False, either),
        (False | mask, either),
    ):
        assert tape.ops[found.place] is op
        assert mask.place in tape.operands[found.place]


# Kernels


@pytest.mark.parametrize("samples", [1, 3, 16])
def test_the_size_of_minus_zero_is_zero(samples):
    compiled = autograd.compile(lambda x: abs(x), example=(1.0,), engine="llvm")
    assert not np.signbit(compiled.value(np.full(samples, -0.0))).any()


@pytest.mark.parametrize("engine", ["llvm", "numpy"])
def test_an_infinity_that_a_ratio_hides_is_seen(engine):
    compiled = autograd.compile(lambda x: p.ratio(x, x.exp()), example=(1.0,), engine=engine)
    assert compiled.value([0.0, 2.0]).tolist() == [0.0, 2.0 * math.exp(-2.0)]
    with pytest.raises(FloatingPointError, match="exp"):
        compiled.value([0.0, 1000.0])


def test_no_adjoints_flow_into_constants_of_a_dot():
    compiled = autograd.compile(
        lambda xs: dot([0.5, -1.5, 2.5], [x.sin() for x in xs]), example=([1.0] * 3,)
    )
    compiled.value_and_grad([[1.0, 2.0, 3.0]], inputs=True)
    (engine,) = compiled.specializations[0].engines.values()
    (step,) = [step for step in engine.program.instructions if isinstance(step, (Dot, Matrix))]
    constants, numbers = step.edges[1:]
    assert numbers and not constants


# JavaScript


def test_operands_in_order_are_written_as_a_slice_from_three_on():
    printer = slopes.Printer(slopes.Notes([f"xs[{i}]" for i in range(4)]), [], "f")
    assert list(printer.arguments([0, 1, 2])) == ["...xs.slice(0, 3)"]
    assert list(printer.arguments([2, 3])) == ["xs[2]", "xs[3]"]


@pytest.mark.parametrize(
    "statement",
    [
        "for y, xs[0] in xs: x = y",
        "xs[0], y = xs",
        "xs[0] += 1.0",
        "return",
        "del xs",
        "with x: pass",
        "x: float = 1.0",
        "return xs[0:1:2]",
        "return x is not None",
        "return xs.sort()",
        "for y in xs: x = y\n    else: x = 1.0",
        "while x: x = x - 1.0\n    else: x = 1.0",
    ],
)
def test_what_has_no_javascript_is_refused_by_name(statement):
    (source,) = ast.parse(f"def f(x, xs):\n    {statement}").body
    with pytest.raises(Untranslatable, match="^f: .* is not translated$"):
        definition("f", source, {})


KEYWORDS = {
    "max(xs, key=abs)": "key",
    "max(x, *xs, default=x)": "default",
    "min(xs, default=x)": "default",
    "enumerate(iterable=xs, start=1)": "iterable, start",
    "abs(x, **xs)": "**",
    "int(x, base=2)": "base",
    "xs.append(object=x)": "object",
    "math.log(x, base=2)": "base",
    "own(y=x)": "y",
}


@pytest.mark.parametrize("call", KEYWORDS)
def test_a_keyword_is_refused_by_name_and_not_taken_by_position(call):
    (source,) = ast.parse(f"def f(x, xs):\n    return {call}").body
    with pytest.raises(Untranslatable, match=rf"^f: .* the keyword {re.escape(KEYWORDS[call])};"):
        definition("f", source, {"own": float, "math": math})


def test_keywords_that_the_runtime_has_are_translated():
    (source,) = ast.parse(
        "def f(xs):\n    return max(xs, default=0.5), enumerate(xs, start=1)"
    ).body
    found = definition("f", source, {})
    assert "return [py_max_or_default(xs, 0.5), py_enumerate(xs, 1)];" in found.text
    assert set(found.uses) == {"py_max_or_default", "py_enumerate"}
    hidden, _ = ast.parse("def f(xs, max):\n    return max(xs, default=0.5)\nx = 1").body
    with pytest.raises(Untranslatable, match="keyword default"):
        definition("f", hidden, {})


# Reports


def test_a_report_counts_in_words():
    assert report.operations_text(1) == "1 operation"
    assert report.operations_text(2000) == "2,000 operations"
    assert report.fused_text([]) == "0 products and their sums became 0 dots"
