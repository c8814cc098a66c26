"""Functions without branches: every lane of a vector takes the way that Python takes."""

import ctypes
import hashlib
import math

import numpy as np
import pytest

pytest.importorskip("llvmlite")
from autograd.compile.machine import elementary, ir, objects  # noqa: E402
from autograd.compile.machine.intrinsics import LANES  # noqa: E402
from autograd.compile.machine.ir import Body, Operand  # noqa: E402
from autograd.compile.machine.predicated import Library  # noqa: E402
from autograd.compile.machine.translate import Untranslatable, function_text  # noqa: E402

NUMBERS = [-math.inf, -2.5, -1.0, -0.0, 0.0, 0.75, 3.0, math.inf, math.nan, 1e-300, 40.5, -40.5]


def either_side(x):
    if x > 0.0:
        y = x * 2.0
        z = 1.0
    else:
        y = x - 1.0
        z = -1.0
    return y * z


def left_early(x):
    if x != x:
        return -7.0
    if x > 1.0:
        if x > 10.0:
            return 10.0
        x = x * 0.5
    elif x < -1.0:
        return x
    return x + 0.25


def changed_on_one_side(x):
    y = 0.5
    if x < 0.0:
        y += x
    return y if x < 3.0 else -y


def asked_where_wanted(x):
    return math.atan(x) if x > 0.5 else x


def of_both(x):
    return (x > -1.0 and x < 1.0) or not x < 40.0


def counted(x):
    for _ in range(3):
        x = x + 1.0
    return x


FUNCTIONS = [either_side, left_early, changed_on_one_side, asked_where_wanted, of_both]


def of_vectors(function, lanes, instead=None, convention=""):
    """Return a function as one of so many numbers at once, in compiled code."""
    library, body = Library(instead or {}, convention), Body()
    type_ = ir.vector(ir.DOUBLE, lanes)
    x = Operand(type_, body.let(f"load {type_}, ptr %a0, align 8"))
    found = ir.converted(body, library.result(function, [x], body), type_)
    # Some numbers live across a call, of which each could spoil them.
    for _ in range(3 if convention or instead else 0):
        found = ir.arithmetic(body, "+", library.result(function, [found], body), found)
        found = ir.arithmetic(body, "+", found, ir.arithmetic(body, "*", x, x))
    body.do(f"store {found.typed}, ptr %a1, align 8")
    body.do("ret void")
    name = f"{function.__name__}_{lanes}_{convention.strip()}"
    pointers = [Operand(ir.POINTER, f"%a{i}") for i in range(2)]
    library.module.declared |= body.declared
    whole = function_text("", name, pointers, Operand("void", ""), body, "")
    library.module.functions.append(whole)
    text = library.module.text()
    meaning = f"test {hashlib.sha256(text.encode()).hexdigest()}"
    (address,) = objects.loaded(meaning, lambda: text, [name], objects.STRAIGHT)
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address)

    def call(numbers):
        given, out = np.array(numbers), np.empty(lanes)
        run(given.ctypes.data, out.ctypes.data)
        return out.tolist()

    return call


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("lanes", [1, LANES])
def test_each_lane_gets_what_python_gives(function, lanes):
    call = of_vectors(function, lanes)
    for start in range(len(NUMBERS)):
        some = [NUMBERS[(start + i) % len(NUMBERS)] for i in range(lanes)]
        expected = [float(function(x)) for x in some]
        assert list(map(repr, call(some))) == list(map(repr, expected)), some


@pytest.mark.parametrize("function", [elementary.sin, elementary.exp, elementary.erf])
@pytest.mark.parametrize("lanes", [1, LANES])
def test_calls_by_either_convention_give_the_same_bits(function, lanes):
    conventions = "", objects.vector_convention()
    calls = [of_vectors(function, lanes, elementary.INSTEAD, text) for text in conventions]
    for start in range(0, 4 * LANES, lanes):
        some = [0.1 + 1e5 * (start + i) ** 2 for i in range(lanes)]  # for sines, far ones too
        first, second = (call(some) for call in calls)
        assert list(map(repr, first)) == list(map(repr, second))


def test_a_loop_is_refused():
    with pytest.raises(Untranslatable, match="counted"):
        of_vectors(counted, LANES)
