"""The translator to LLVM's language against Python itself: the same function, run by both."""

import ctypes
import math
import struct
from itertools import count, product
from types import FunctionType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd.primitive_type import Variadic
from autograd.primitives import TABLE

pytest.importorskip("llvmlite")
import llvmlite.binding as llvm  # noqa: E402

from autograd.compile.machine import objects  # noqa: E402
from autograd.compile.machine.elementary import INSTEAD  # noqa: E402
from autograd.compile.machine.functions import function_of  # noqa: E402
from autograd.compile.machine.intrinsics import shift  # noqa: E402
from autograd.compile.machine.ir import DOUBLE, FLOAT, INTEGER, POINTER, SHORT  # noqa: E402
from autograd.compile.machine.translate import (  # noqa: E402
    FUNCTIONS,
    IN_C,
    Module,
    Untranslatable,
    flags,
    never_inlined,
)
from autograd.compile.sources import NoSource, Source, source_of, sources_in  # noqa: E402

INF, NAN = math.inf, math.nan
NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e308, -1e308, 5e-324, INF, -INF, NAN]
WHOLE = [0, 1, -1, 2, -2, 3, -3, 7, -7, 100, -100]
C_TYPES = {DOUBLE: ctypes.c_double, FLOAT: ctypes.c_float, INTEGER: ctypes.c_int64}
numbered = count()


def in_machine_code(source, types, result=DOUBLE, optimized=True):
    """Return a function that was translated and compiled, as one that Python can call."""
    name = f"tested{next(numbered)}"
    text = Module().with_function(name, source, types).text()
    holder = objects.engine()
    code = objects.object_code(text, optimized)
    holder.add_object_file(llvm.ObjectFileRef.from_data(code))
    holder.finalize_object()
    arguments = [ctypes.c_void_p if isinstance(x, tuple) else C_TYPES[x] for x in types]
    return ctypes.CFUNCTYPE(C_TYPES.get(result), *arguments)(holder.get_function_address(name))


def bits(x):
    """Return what tells floats apart: their bits; all NaN are one."""
    return "nan" if x != x else struct.pack("<d", x)


def assert_same(function, *choices, result=DOUBLE):
    """Compare a function in Python and in machine code, for all combinations of arguments."""
    types = [INTEGER if isinstance(choice[0], int) else DOUBLE for choice in choices]
    compiled = in_machine_code(source_of(function), types, result)
    for arguments in product(*choices):
        try:
            expected = function(*arguments)
        except OverflowError:  # a power, where C has infinity
            continue
        found = compiled(*arguments)
        assert bits(float(found)) == bits(float(expected)), (arguments, found, expected)


# Functions of numbers


def operations(x, y):
    return x * y - (x + y) + x / 3.0 - -y


def order(x, y):
    if x < y:
        return 1.0
    found = 4.0 if x != y else 5.0
    if x > y:
        found += 8.0
    elif x == y:
        found -= 1.0
    return found


def chain(x, y):
    return 1.0 if -1.0 <= x < y != 3.0 else 0.0


def logic(x, y):
    a = x > 0.0 and y > 0.0 or x != x
    b = not (x <= y) and (y != 0.0 or x > 1.0)
    if x > y and (y or x > 1.0):
        return 8.0
    return (1.0 if a else 0.0) + (2.0 if b else 0.0)


def extremes(x, y):
    return max(x, y) + 0.25 * min(y, x, 2.0)


def signs(x, y):
    return abs(x) + math.copysign(1.0, y) + math.fabs(y)


def kinds(x, y):
    return float(math.isnan(x)) + 2.0 * math.isinf(y) + 4.0 * math.isfinite(x)


def truths(x, y):
    return 1.0 if x else 2.0 if not y else 3.0


def powers(x, y):
    return x**1 + x**2 - y**3


def constants(x, y):
    return x * math.pi + INF * y if x < math.inf else NAN


def helper(x, y):
    return x - y, x + y


@never_inlined
def distant(x):
    return -x


def several(x, y):
    low, high = helper(x, y)
    low, high = (high, low) if low > high else (low, high)
    return distant(low) + 0.5 * high


def several_of_calls(x, y):
    pair = helper(x, y) if x > y else helper(distant(y), x)
    a, b = pair
    return a * 0.5 - b


def widened(x, y):
    total = 0
    if x > y:
        total = 1
    total += 0.5
    return total


def early(x, y):
    while True:
        if x > y:
            return x
        if x <= y:
            return y
        return 0.0


def after_return(x, y):
    if x > y:
        return x
        x = y
    return y


def nothing(x, y):
    """Say that a docstring and `pass` are nothing."""
    if x > y:
        pass
    return x


# fmt: off
OF_FLOATS = [operations, order, chain, logic, extremes, signs, kinds, truths, powers, constants, several,
             several_of_calls, widened, early, nothing, after_return]
# fmt: on


@pytest.mark.parametrize("function", OF_FLOATS, ids=lambda x: x.__name__)
def test_a_function_of_floats_is_that_of_python(function):
    assert_same(function, NUMBERS, NUMBERS)


def rounded_down(a, b):
    return a // b * 1000 + a % b if b else 0


def bitwise(a, b):
    return (a & b) + (a | 3) * (a ^ b) - ~a + (a << 2) + (b >> 1)


def quotient(a, b):
    return a / b if b != 0 else 0.5


def unsafe_quotients(a, b):
    return 1 if b != 0 and a // b > 1 or b == 0 else a % 7


def of_bools(a, b):
    p, q = a > b, a == b
    return (p + q) * 4 - -p + (p & q) + (p | q) + (p ^ True) + ~p + abs(p) + max(p, 0) + p * 0.5


def mixed(a, b):
    return a + 0.5 * b + (a > b) + float(a) - int(2.75) + int(-2.75)


def whole_extremes(a, b):
    return max(a, b, 2) - min(a, b) + abs(a) + a**2 + b**3


def negative_steps(a, b):
    total = 0
    for i in range(a, b, -3):
        total += i * i
    for i in range(b, a, 2):
        total -= i
    for i in range(b):
        total += 10_000 * i
    return total


def nested(a, b):
    total = 0
    for i in range(a):
        for j in range(i, b):
            if (i + j) % 3 == 1:
                total += i * j
            elif i > j:
                total -= 1
            else:
                pass
        i = 5
    return total


def returning(a, b):
    for i in range(a):
        if i * i > b:
            return i
    return -1


def halved(a, b):
    turns = 0
    while a > 0 and turns < 50:
        a //= 2
        turns += 1 if a != b else 10
    return turns


# fmt: off
OF_INTS = [rounded_down, bitwise, quotient, unsafe_quotients, of_bools, mixed, whole_extremes, negative_steps,
           nested, returning, halved]
# fmt: on


@pytest.mark.parametrize("function", OF_INTS, ids=lambda x: x.__name__)
def test_a_function_of_ints_is_that_of_python(function):
    is_float = function in (quotient, of_bools, mixed)
    assert_same(function, WHOLE, WHOLE, result=DOUBLE if is_float else INTEGER)


# Memory


def running(xs, table, n):
    for i in range(n):
        xs[i] += 0.5 * xs[table[i]]
        xs[table[i]] *= -1.0
    return xs[0]


def guarded(xs, table, n):
    far = 1_000_000_000_000_000
    if n > 0 or xs[far] > 0.0:
        return 1.0 if n < 0 and xs[far] > 0.0 else xs[far] if n < 0 else 2.0
    return 3.0 if n > -(2**40) else xs[table[far]]


def shifted(xs, table, n):
    rest = shift(xs, n)
    rest[0], rest[1] = rest[1], rest[0]
    return rest[0] - xs[0]


@pytest.mark.parametrize("number, dtype", [(DOUBLE, np.float64), (FLOAT, np.float32)])
@pytest.mark.parametrize("function", [running, guarded])
def test_elements_are_read_and_written_in_order_and_only_where_python_does(function, number, dtype):
    types = [(POINTER, number), (POINTER, SHORT), INTEGER]
    result = number if function is running else DOUBLE  # its constants are doubles
    compiled = in_machine_code(source_of(function), types, result)
    table = np.array([3, 0, 0, 2], np.int32)
    there = np.array([0.1, -2.0, 1e30, 3.0], dtype)
    here = there.copy()
    expected = dtype(function(here, table.tolist(), 4))
    assert compiled(there.ctypes.data, table.ctypes.data, 4) == expected
    assert there.tolist() == here.tolist()


def test_a_shifted_pointer_points_further_on():
    types = [(POINTER, DOUBLE), (POINTER, SHORT), INTEGER]
    compiled = in_machine_code(source_of(shifted), types)
    xs = np.array([1.0, 2.0, 4.0, 8.0])
    assert compiled(xs.ctypes.data, 0, 2) == 7.0
    assert xs.tolist() == [1.0, 2.0, 8.0, 4.0]


def single(x, y):
    return x * y + x / y - max(x, y)


def single_with_constants(x, y):
    return x * 0.1 + y


def test_floats_of_32_bits_are_computed_as_such_and_beside_constants_as_doubles():
    rng = np.random.default_rng(0)
    compiled = in_machine_code(source_of(single), [FLOAT, FLOAT], FLOAT)
    constant = in_machine_code(source_of(single_with_constants), [FLOAT, FLOAT])
    for x, y in rng.normal(size=(200, 2)).astype(np.float32):
        assert np.float32(compiled(x, y)) == single(x, y)
        assert constant(x, y) == float(x) * 0.1 + float(y)


@flags("reassoc contract")
def loose(xs, table, n):
    total = 0.0
    for i in range(n):
        total += xs[i] * xs[i]
    return total


def strict(xs, table, n):
    total = 0.0
    for i in range(n):
        total += xs[i] * xs[i]
    return total


def test_only_what_is_marked_is_added_in_another_order():
    types = [(POINTER, DOUBLE), (POINTER, SHORT), INTEGER]
    free, bound = (in_machine_code(source_of(f), types) for f in (loose, strict))
    xs = np.random.default_rng(1).normal(size=1000)
    expected = strict(xs.tolist(), None, 1000)
    assert bound(xs.ctypes.data, 0, 1000) == expected
    assert free(xs.ctypes.data, 0, 1000) == pytest.approx(expected, rel=1e-13)
    assert (
        " reassoc contract double" in Module().with_function("f", source_of(loose), types).text()
        and "contract" not in Module().with_function("f", source_of(strict), types).text()
    )


# C's functions


@pytest.mark.parametrize("function", IN_C, ids=lambda x: x.__name__)
def test_functions_of_math_are_those_of_c(function):
    arity = 2 if function in (math.atan2, math.fmod, math.hypot, math.pow, math.remainder) else 1
    names = ["x", "y"][:arity]
    text = f"def f({', '.join(names)}):\n    return function({', '.join(names)})\n"
    source = sources_in(text, {"function": function})["f"]
    compiled = in_machine_code(source, [DOUBLE] * arity)
    ulps = 16 if function in (math.gamma, math.lgamma) else 1 if function is math.hypot else 0
    for x in (0.3, 0.75, 1.5, 2.25):
        arguments = [x, 0.7][:arity]
        try:
            expected = function(*arguments)
        except ValueError:
            expected = NAN
        found = compiled(*arguments)
        near = abs(found - expected) <= ulps * math.ulp(expected) if expected == expected else False
        assert bits(found) == bits(expected) or near, (arguments, found, expected)


# What is refused


def with_break(x):
    while x > 0.0:
        break
    return x


def with_else(x):
    for _ in range(3):
        x += 1.0
    else:
        x = 0.0
    return x


def while_else(x):
    while x > 3.0:
        x -= 1.0
    else:
        x = 0.0
    return x


def with_keyword(x):
    return helper(x, y=2.0)


def with_key(x):
    return max(x, 1.0, key=abs)


def with_default(x, more=1.0):
    return x + more


def uses_default(x):
    return with_default(x)


def in_two_names(x):
    a = b = x
    return a + b


def itself(x):
    return itself(x - 1.0) if x > 0.0 else x


def raising(x):
    if x < 0.0:
        raise ValueError
    return x


def of_text(x):
    return x + float("1")


def of_strangers(x):
    return x + sum([1.0])


def of_a_method(x):
    return x.hex()


def either_value(x):
    return (x or 2.0) + 1.0


def floats_modulo(x):
    return x % 2.0


def number_or_pair(x):
    y = x
    if x > 0.0:
        y = x, x
    return y


def unpacked(x):
    a, b = x
    return a


def chained_load(x):
    return 1.0 if 0.0 < x < DISTANCES[0] else 0.0


DISTANCES = (1.0, 2.0)


def large_constant(x):
    return x + 100_000_000_000_000_000_000_000


def over_a_list(x):
    for y in [1.0, 2.0]:
        x += y
    return x


def identity(x):
    return 1.0 if x is None else 2.0


def unknown(x):
    return x + missing  # noqa: F821


def conditional_step(x):
    total = 0.0
    n = int(x)
    for i in range(0, 10, n):
        total += i
    return total


# fmt: off
REFUSED = [with_break, with_else, while_else, with_keyword, with_key, uses_default, in_two_names, itself, raising, of_text,
           of_strangers, of_a_method, either_value, floats_modulo, number_or_pair, unpacked, large_constant, chained_load,
           over_a_list, identity, unknown, conditional_step]
# fmt: on


@pytest.mark.parametrize("function", REFUSED, ids=lambda x: x.__name__)
def test_what_is_not_translated_is_refused_with_the_functions_name(function):
    with pytest.raises(Untranslatable, match=function.__name__.replace("uses_", "with_")):
        Module().with_function("f", source_of(function), [DOUBLE])


def test_a_function_without_source_is_refused():
    space = {}
    exec("def typed(x):\n    return x", space)
    with pytest.raises(NoSource, match="typed has no source"):
        source_of(space["typed"])
    with pytest.raises(NoSource, match="any number"):
        source_of(lambda_like)


def lambda_like(*xs):
    return xs[0]


# The table

CALLED_IN_PYTHON = {"sinc_slope", "polygamma", "celu"}  # they make texts, or raise
OTHER_INSTRUCTIONS = {"inner_product", "total", "mean", "softmax_of"}  # of any number of operands


def translates(op):
    """Tell whether a row's function can be translated."""
    try:
        function = function_of(op)
        source = source_of(function) if isinstance(function, FunctionType) else function
        if not isinstance(source, Source):
            return source in FUNCTIONS
        numbers = [(POINTER, DOUBLE), INTEGER]
        types = numbers if isinstance(op, Variadic) else [DOUBLE] * len(source.parameters)
        for instead in (INSTEAD, {}):
            Module(instead).with_function("f", source, types)
    except (NoSource, Untranslatable):
        return False
    return True


def test_the_functions_of_all_rows_are_translated_but_for_those_that_are_named():
    others = {name for name, op in TABLE.items() if not translates(op)}
    assert others == CALLED_IN_PYTHON | OTHER_INSTRUCTIONS


# Random functions

FLOATS, INTS, TRUTHS = ["f0", "f1", "f2"], ["i0", "i1", "i2"], ["b0", "b1"]
ARGUMENTS = ["xs", "out", "f0", "f1", "i0", "i1"]
LENGTH = 4  # of xs
few_floats = st.sampled_from(["0.0", "-0.0", "1.0", "0.1", "-2.5", "1e300", "3.0"])
few_ints = st.integers(-9, 9).map(str)


class Writer:
    """Writes a random function of Python's, of what is translated.

    Whole numbers stay small, what is divided by is not 0, and no loop is long.
    """

    def __init__(self, draw):
        self.draw = draw
        self.loops = 0

    def one(self, *choices):
        return self.draw(st.sampled_from(choices))

    def number(self, depth):
        if depth == 0:
            return self.one(*FLOATS, self.draw(few_floats))
        x, y = self.number(depth - 1), self.number(depth - 1)
        i, b = self.whole(depth - 1), self.truth(depth - 1)
        return self.one(
            f"({x} + {y})",
            f"({x} - {i})",
            f"({x} * {y})",
            f"({x} / {y} if {y} != 0.0 else {i})",
            f"({x} if {b} else {y})",
            f"max({x}, {y})",
            f"min({i}, {y}, {x})",
            f"abs(-{x})",
            f"math.sqrt(abs({x}))",
            f"math.copysign({x}, {y})",
            f"xs[{i} % {LENGTH}]",
            f"(xs[{i} % {LENGTH}] if {b} else {x})",
            f"float({i})",
            f"scaled({x}, {i})",
        )

    def whole(self, depth):
        if depth == 0:
            return self.one(*INTS, self.draw(few_ints))
        i, j, b = self.whole(depth - 1), self.whole(depth - 1), self.truth(depth - 1)
        divisor = self.one("2", "3", "-3", "5", "-7")
        return self.one(
            f"({i} + {j})",
            f"({i} * {j} % 97)",
            f"({i} // {divisor})",
            f"({i} % {divisor})",
            f"({i} & {j})",
            f"({i} ^ 5)",
            f"(-{i} | {j})",
            f"~{i}",
            f"({i} >> 1)",
            f"({i} if {b} else {j})",
            f"max({i}, {j})",
            f"int({b})",
            f"abs({i} - {j})",
        )

    def truth(self, depth):
        if depth == 0:
            return self.one(*TRUTHS, "True", "i0 > 2", "f0 <= f1")
        x, y, i, j = self.number(depth - 1), self.number(depth - 1), self.whole(0), self.whole(0)
        b, c = self.truth(depth - 1), self.truth(depth - 1)
        return self.one(
            f"({x} < {y})",
            f"({x} >= {i} != {j})",
            f"({i} == {j})",
            f"(not {b})",
            f"({b} and {c})",
            f"({b} or {c})",
            f"({b} and xs[{i} % {LENGTH}] > {x})",
            f"({i} != 0 and {j} // ({i} if {i} != 0 else 1) > 1)",
        )

    def statements(self, depth, indent):
        lines = []
        for _ in range(self.draw(st.integers(1, 3))):
            lines += self.statement(depth, indent)
        return lines

    def statement(self, depth, indent):
        kinds = ["f", "f+", "i", "i+", "b", "swap", "xs", "xs+"] + ["if", "for", "while"] * (
            depth > 0
        )
        kind = self.one(*kinds)
        if kind in ("if", "for", "while"):
            return self.compound(kind, depth, indent)
        i, name = self.whole(1), self.one(*FLOATS)
        lines = {
            "f": f"{name} = {self.number(2)}",
            "f+": f"{name} {self.one('+', '-', '*')}= {self.number(1)}",
            "i": f"{self.one(*INTS)} = {self.whole(2)} % 97",
            "i+": f"{self.one(*INTS)} {self.one('+', '-')}= {self.whole(0)} % 97",
            "b": f"{self.one(*TRUTHS)} = {self.truth(2)}",
            "swap": f"f0, f1, i0 = f1, {self.number(1)}, i1",
            "xs": f"xs[{i} % {LENGTH}] = {self.number(1)}",
            "xs+": f"xs[{i} % {LENGTH}] += {self.number(1)}",
        }
        return [indent + lines[kind]]

    def compound(self, kind, depth, indent):
        inner = indent + "    "
        body = self.statements(depth - 1, inner)
        if kind == "if":
            other = self.one([], [indent + "else:", *self.statements(depth - 1, inner)])
            stop = self.one([], [], [f"{inner}return"])
            return [f"{indent}if {self.truth(2)}:", *body, *stop, *other]
        self.loops += 1
        k = f"k{self.loops}"
        if kind == "for":
            steps = ("5", "-2, 4, 2", "4, -4, -3", "i1 % 5", f"3, {self.whole(0)} % 7")
            head = f"{indent}for {k} in range({self.one(*steps)}):"
            return [head, f"{inner}i2 = {k}", *body]
        head = [f"{indent}{k} = 0", f"{indent}while {k} < 4 and {self.truth(1)}:"]
        return [*head, f"{inner}{k} += 1", *body]


@st.composite
def functions(draw):
    """Return the text of a random function."""
    writer = Writer(draw)
    body = writer.statements(2, "    ")
    starts = ["f2 = 0.5", "i2 = 3", "b0 = f0 < f1", "b1 = i0 > i1"]
    ends = [f"out[{k}] = {name}" for k, name in enumerate(FLOATS + INTS + TRUTHS)]
    lines = [f"    {line}" for line in starts], body, [f"    {line}" for line in ends]
    return (
        "\n".join([f"def f({', '.join(ARGUMENTS)}):", *(x for part in lines for x in part)]) + "\n"
    )


def scaled(x, i):
    return x * (0.5 if i > 0 else -1.5)


NAMES = {"math": math, "scaled": scaled}
few_numbers = st.sampled_from(NUMBERS)


@settings(max_examples=100)
@given(
    functions(), st.booleans(), st.lists(few_numbers, min_size=6, max_size=6), few_ints, few_ints
)
def test_random_functions_are_those_of_python(text, optimized, numbers, first, second):
    xs, arguments = numbers[:LENGTH], [*numbers[LENGTH:], int(first), int(second)]
    space = dict(NAMES)
    exec(text, space)
    expected_xs, expected = list(xs), [7.0] * 8
    space["f"](expected_xs, expected, *arguments)
    types = [(POINTER, DOUBLE), (POINTER, DOUBLE), DOUBLE, DOUBLE, INTEGER, INTEGER]
    compiled = in_machine_code(sources_in(text, NAMES)["f"], types, None, optimized)
    there, out = np.array(xs), np.full(8, 7.0)
    compiled(there.ctypes.data, out.ctypes.data, *arguments)
    found = [*map(bits, out.tolist()), *map(bits, there.tolist())]
    assert found == [*map(bits, map(float, expected)), *map(bits, map(float, expected_xs))]
