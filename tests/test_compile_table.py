"""Every row of the table, compiled by both engines, at everyday and at hard points.

With functions="libm" values are those of the eager engine bit for bit in machine code, and slopes too,
but for the rows named below; the vector functions and NumPy's may differ in the last digits.
"""

import math
from itertools import product

import numpy as np
import pytest

import autograd
from autograd import Value, ieee
from autograd import primitives as p
from autograd.primitive_type import Variadic
from testkit.kernels import sampled
from testkit.points import COARSE_MAGNITUDES, INDEXED, LISTS, PARAMETERS, points

pytest.importorskip("llvmlite")
INF, NAN = math.inf, math.nan
HARD = [0.0, -0.0, NAN, INF, -INF, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 5e-324, 1e308, -1e308, 3.0]
MAX_POINTS = 150  # of a row

LIBM = {
    "lgamma": (INF, 1),  # C's is right near 1, where Python's has an absolute error
    "norm": (2, 2),  # scaled, where Python's `hypot` adds up with compensation
    "logsumexp": (2, 4),  # a plain sum in place of `fsum`
    "softmax_of": (2, 8),
    "log_softmax_of": (2, 8),
    "gamma": (16, 16),  # C's, where Python has its own
}
# Rows whose functions and rules call no elementary function that has a vector form.
SAME_BITS = """add sub mul div mod floordiv neg pos absolute square sqrt cbrt exp2 log2 log10 tan asin
    acos atan atan2 sinh cosh acosh atanh hypot polygamma step sign floor ceil rounded copysign at_least
    at_most relu leaky_relu clip where stop_gradient less less_equal greater greater_equal equal
    inner_product total mean prod largest smallest cot asec acsc acot asech acsch
    fmod remainder trunc ratio tied finite spread asin_slope atan_slope asinh_slope acosh_slope
    atanh_slope asech_slope pieces_slope squareplus squareplus_slope softsign sinc_slope
    """.split()
ULPS = {  # (value, slope) in units in the last place, where an engine does not give eager's bits
    "libm": LIBM,
    "vector": LIBM  # those of `autograd.compile.machine.elementary`
    | dict.fromkeys(SAME_BITS, (0, 0))
    | dict.fromkeys(("exp", "expm1", "log", "log1p", "sin", "cos"), (1, 1))
    | dict.fromkeys(("tanh", "sigmoid", "silu", "softplus", "log_sigmoid", "elu"), (2, 2))
    | dict.fromkeys(("normal_cdf", "erf", "erfc"), (5, 2))
    | {
        "power": (0, 2),
        "asinh": (0, 2),
        "gaussian": (1, 2),
        "gelu": (5, 512),  # a slope near its root: a difference
        "gelu_slope": (512, 512),
        "silu_slope": (8, 64),
        "softmax_of": (2, 8),
    },
    "numpy": {"softmax_of": (4, 12), "logsumexp": (4, 12)},
}
# Of a row that is not named: one that calls several elementary functions differs by several ulp.
OTHER_ULPS = {"libm": (0, 0), "vector": (4, 8), "numpy": (4, 8)}
CONSTANTS = {
    "mul": (2.0, 0.0),
    "power": (2, 3, 0.5, -1.0, 0.0),
    "at_least": (0.0,),
    "at_most": (0.0,),
}


def ulps(found, expected):
    """Return the distance of two floats in units in the last place; equal infinities are near."""
    if found == expected or (found != found and expected != expected):
        return 0.0
    if not (math.isfinite(found) and math.isfinite(expected)):
        return INF
    return abs(found - expected) / max(math.ulp(found), math.ulp(expected))


def eager(function, numbers):
    """Return value and slopes of the eager engine with infinities in place of exceptions."""
    with ieee():
        leaves = [Value(x) for x in numbers]
        root = function(*leaves)
        root.backward()
    return root.data, [leaf.grad for leaf in leaves]


def cases(name):
    """Yield functions of a row and the points at which to try them."""
    row = p.TABLE[name]
    if isinstance(row, Variadic):
        yield from variadic_cases(name, row)
    elif name in PARAMETERS:
        ((place, choices),) = PARAMETERS[name].items()
        for choice in choices:
            numbers = sorted({xs[1 - place] for xs in points(name)})[::7] + HARD
            yield with_constant(row, place, choice), [(x,) for x in numbers]
    else:
        arity = len(row.partials)
        hard = list(product(HARD if arity < 3 else HARD[:8], repeat=arity))
        near = points(name)[::7] if arity < 3 else list(product(COARSE_MAGNITUDES[4:9], repeat=3))
        yield row, (near + hard)[:: max(1, len(near + hard) // MAX_POINTS)]
        for choice in CONSTANTS.get(name, ()):
            yield with_constant(row, 1, choice), [(x,) for x in HARD]


def with_constant(row, place, number):
    """Return a row of two operands as a function of the other one."""
    return lambda x: row(*((x, number) if place else (number, x)))


def variadic_cases(name, row):
    """Yield rows of any number of operands for one to four of them."""
    for n in (1, 2, 4):
        some = [tuple(xs[:n]) for xs in LISTS if len(xs) >= n]
        some += [
            tuple(HARD[(i * k + i // 7) % len(HARD)] for k in range(1, n + 1)) for i in range(60)
        ]
        if name == "inner_product":
            some = [(0.5, *xs, *reversed(xs)) for xs in some]
        yield lambda *xs, n=n: row((n - 1, *xs) if name in INDEXED else xs), some


def tried(function, numbers):
    """Return what the eager engine gives at those points where it gives anything."""
    found = []
    for point in numbers:
        try:
            found.append((point, *eager(function, point)))
        except (ValueError, ArithmeticError):
            continue
    return found


# What has no vector form is the same code in both ways.
WAYS = [
    (name, way)
    for name in p.TABLE
    for way in ("vector", "libm", "numpy")
    if way != "libm" or name not in SAME_BITS
]


@pytest.mark.parametrize(("name", "way"), sampled(WAYS))
def test_a_compiled_row_equals_the_eager_one(name, way):
    allowed = ULPS[way].get(name, OTHER_ULPS[way])
    options = {"engine": "numpy"} if way == "numpy" else {"engine": "llvm", "functions": way}
    for function, numbers in cases(name):
        expected = tried(function, numbers)
        if not expected:
            continue
        example = next((xs for xs, *_ in expected if all(map(math.isfinite, xs))), expected[0][0])
        with ieee():
            compiled = autograd.compile(
                function, example=example, finite=False, reduce="sum", **options
            )
        columns = [np.array(column) for column in zip(*(xs for xs, *_ in expected))]
        values = compiled.value(*columns)
        slopes = compiled.value_and_grad(*columns, inputs=True)[2]
        slopes = [slopes] if len(columns) == 1 else slopes
        for i, (point, value, eager_slopes) in enumerate(expected):
            place = f"of {name} at {point}, compiled with {options},"
            assert ulps(values[i], value) <= allowed[0], differs(
                f"the value {place}", values[i], value, allowed[0]
            )
            for k, (column, slope) in enumerate(zip(slopes, eager_slopes)):
                assert ulps(column[i], slope) <= allowed[1], differs(
                    f"the slope by input {k} {place}", column[i], slope, allowed[1]
                )


def differs(what, found, expected, allowed):
    """Return a message on a number that is not the eager one."""
    return (
        f"{what} is {found!r}, the eager one {expected!r}: {ulps(found, expected):.3g} ulp apart, "
        f"{allowed} allowed: say by how much it may differ in ULPS of tests/test_compile_table.py; "
        "where only infinities and NaN differ, the row may lack ieee= in autograd/primitives.py"
    )


# Derivatives taken inside compiled code: what a row's rules are made of is on the tape then.

EVERYDAY = [-2.5, -1.5, -0.75, -0.25, 0.25, 0.5, 0.75, 1.5, 2.5, 7.5]
UNARY = [
    name
    for name, row in p.TABLE.items()
    if not isinstance(row, Variadic) and len(row.partials) == 1 and row.partials[0]
]


@pytest.mark.parametrize(("name", "engine"), sampled(UNARY, ["llvm", "numpy"]))
def test_derivatives_of_a_row_inside_compiled_code_are_the_eager_ones(name, engine):
    row = p.TABLE[name]
    first, second = autograd.grad(row), autograd.grad(autograd.grad(row))
    with ieee():
        points = [x for x in EVERYDAY if math.isfinite(Value(x).record(row, (Value(x),)).data)]
        expected = [[f(x) for x in points] for f in (first, second)]
    compiled = autograd.compile(
        lambda x: [first(x), second(x)], example=(points[0],), engine=engine, finite=False
    )
    found = compiled.value(points)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13, err_msg=name)
