"""Texts of random functions of floats and arrays, in the styles people write, and points for them.

A `Draft` holds a text that defines `f`. Run with NumPy, `math` and the names of
`testkit.claimed_functions` it is a function of floats; run with `testkit.jets` it is the smooth
function that was meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np

FLOAT32_GRID = 64  # constants of single-precision programs are multiples of 1 / 64
FLOAT32_STEP = 2.0**-23  # between neighbours, relative


@dataclass
class Draft:
    """A function to be: its text in parts, its arguments, and what is odd about it.

    Args: parameters and expression, of the function; setup, lines before it, and prelude, lines
        in it; args; scalar, how the text calls one input, and at, its number; vector, how it calls
        an array; library, "np." or "math."; wrap, what becomes of the result; scale, of a closure;
        without, the expression without its odd term; grain, of the steps of a staircase.
    """

    parameters: str
    expression: str
    args: tuple[Any, ...]
    scalar: str
    at: float
    library: str
    vector: str = ""
    setup: list[str] = field(default_factory=list)
    prelude: list[str] = field(default_factory=list)
    wrap: str = "{}"
    scale: str = ""
    without: str = ""
    grain: float = 0.0
    is_deterministic: bool = True
    is_continuous: bool = True

    @property
    def is_of_floats_only(self) -> bool:
        """Whether neither a Value nor a complex number can go in."""
        return "float(" in self.wrap or "dtype=float" in "".join(self.prelude)

    def text(self, expression: str = "") -> str:
        """Return the text, or that of another expression."""
        body = expression or self.expression
        if self.scale:
            body = f"scale * ({body})"
        lines = [f"def f({self.parameters}):", *(f"    {line}" for line in self.prelude)]
        lines.append(f"    return {self.wrap.format(body)}")
        if self.scale:
            inner = [f"    {line}" for line in lines]
            lines = ["def make(scale):", *inner, "    return f", f"f = make({self.scale})"]
        return "\n".join([*self.setup, *lines])

    def plus(self, term: str) -> Draft:
        """Return the draft with an odd term added."""
        return replace(self, expression=f"{self.expression} + {term}", without=self.expression)


def constant(r: Random, low: float = -2.0, high: float = 2.0) -> str:
    """Return a number of three digits that is not 0."""
    return repr(round(r.uniform(low, high), 3) or 0.5)


def size(r: Random, low: float, high: float) -> str:
    """Return a number whose logarithm is uniform."""
    return f"{10.0 ** r.uniform(low, high):.3g}"


def coordinate(r: Random) -> float:
    """Return a coordinate of a point: usual, round, small or large, and never 0."""
    way = r.random()
    if way < 0.6:
        return r.uniform(-3.0, 3.0)
    if way < 0.75:
        return r.choice((-2.0, -1.0, -0.5, 0.25, 0.5, 1.0, 1.5, 3.0))
    return r.choice((-1.0, 1.0)) * 10.0 ** r.uniform(-3.0, 1.5)


def points(r: Random, count: int) -> list[float]:
    return [coordinate(r) for _ in range(count)]


def matrix(r: Random, rows: int, columns: int) -> str:
    """Return the text of a matrix."""
    body = [[round(r.gauss(0.0, 1.0), 2) or 0.5 for _ in range(columns)] for _ in range(rows)]
    return f"np.array({body!r})"


def vector(r: Random, count: int) -> str:
    """Return the text of a vector."""
    return f"np.array({[round(r.gauss(0.0, 1.0), 2) or 0.5 for _ in range(count)]!r})"


# Smooth functions of u, p being the prefix of a library and c a constant.
SMOOTH = (
    "{p}sin({u})",
    "{p}cos({u})",
    "{p}tanh({u})",
    "{p}exp(-{u} * {u})",
    "{p}exp(0.3 * {p}sin({u}))",
    "{p}log1p({u} * {u})",
    "{p}sqrt(1.0 + {u} * {u})",
    "1.0 / (1.0 + {p}exp(-{u}))",
    "{u} / (1.0 + {u} * {u})",
    "({u} * ({c} + {u}))",
    "{p}log(2.5 + {p}cos({u}))",
    "({c} + {u}) ** 3",
    "{p}tanh({u}) ** 2",
    "{p}exp(0.2 * {u})",
)
# Sums over an array.
SMOOTH_SUMS = (
    "np.sum({s})",
    "({s}).sum()",
    "np.mean({s})",
    "np.dot({a}, {s})",
    "{a} @ ({s})",
    "np.sum({a} * ({s}))",
)


def argument(r: Random, variables: Sequence[str], prefix: str, depth: int = 1) -> str:
    """Return what a smooth function is applied to."""
    way = r.random()
    v = r.choice(variables)
    if way < 0.3:
        return v
    if way < 0.7 or (depth == 0 and way < 0.85):
        return f"({constant(r)} * {v} + {constant(r)})"
    if way < 0.85:
        return f"({smooth(r, variables, prefix, depth - 1)})"
    return f"({v} * {r.choice(variables)})"


def smooth(r: Random, variables: Sequence[str], prefix: str, depth: int = 1) -> str:
    """Return a smooth function of some variables."""
    u = argument(r, variables, prefix, depth)
    return r.choice(SMOOTH).format(u=u, p=prefix, c=constant(r))


def terms(r: Random, variables: Sequence[str], prefix: str) -> str:
    """Return a sum of one to three products."""
    found = []
    for _ in range(r.randint(1, 3)):
        factors = [smooth(r, variables, prefix) for _ in range(r.choice((1, 1, 2)))]
        found.append(" * ".join([constant(r), *(f"({f})" for f in factors)]))
    for v in variables:
        if not any(v in term for term in found):
            found.append(f"{constant(r)} * {smooth(r, [v], prefix, 0)}")
    return " + ".join(found)


def of_scalars(r: Random) -> Draft:
    """Return a function of one to three floats."""
    prefix = r.choice(("math.", "math.", "np."))
    names = ["x", "y", "z"][: r.randint(1, 3)]
    point = tuple(points(r, len(names)))
    return Draft(", ".join(names), terms(r, names, prefix), point, "x", point[0], prefix)


def of_list(r: Random) -> Draft:
    """Return a function of a list."""
    point = points(r, r.randint(2, 4))
    each = smooth(r, ["v"], "math.", 0)
    weights = [float(constant(r)) for _ in point]
    text = f"sum(c * ({each}) for v, c in zip(xs, {weights!r}))"
    extra = terms(r, ["xs[0]", "xs[1]"], "math.")
    return Draft("xs", f"{text} + {extra}", (point,), "xs[0]", point[0], "math.")


def array_sum(r: Random, name: str, count: int) -> str:
    """Return a smooth function of an array."""
    each = smooth(r, [name], "np.")
    return r.choice(SMOOTH_SUMS).format(s=each, a=vector(r, count))


def of_array(r: Random) -> Draft:
    """Return a function of an array."""
    n = r.randint(1, 5)
    point = points(r, n)
    expression = array_sum(r, "x", n)
    if r.random() < 0.4:
        expression += f" + {terms(r, ['x[0]', f'x[{n - 1}]'], 'np.')}"
    if r.random() < 0.3:
        expression += f" + 0.1 * x @ ({matrix(r, n, n)} @ x)"
    if r.random() < 0.3:
        expression = f"({expression}) * ({array_sum(r, 'x', n)})"
    return Draft("x", expression, (np.array(point),), "x[0]", point[0], "np.", "x")


# Losses of a model with weights w and, in some, a bias b; X and y are the data.
LOSSES = (
    "np.mean((np.tanh(X @ {w} + {b}) - y) ** 2)",
    "np.mean((X @ {w} + {b} - y) ** 2) + 0.01 * np.sum({w} ** 2)",
    "np.mean(np.log1p(np.exp(-y * (X @ {w} + {b}))))",
    "np.mean(np.logaddexp(0.0, -y * (X @ {w} + {b}))) + 0.1 * {w} @ {w}",
    "np.sum((1.0 / (1.0 + np.exp(-(X @ {w} + {b}))) - y) ** 2) / len(y)",
    "np.log(np.sum(np.exp(X @ {w} + {b})))",
    "np.sqrt(np.mean((np.sin(X @ {w} + {b}) - y) ** 2))",
    "np.mean(np.sqrt(1.0 + (X @ {w} + {b} - y) ** 2) - 1.0)",
)


def of_loss(r: Random) -> Draft:
    """Return the loss of a model, of an array, of several arguments, or of a dict."""
    n, rows = r.randint(2, 4), r.randint(3, 6)
    w, b = np.array([r.gauss(0.0, 1.0) for _ in range(n)]), r.gauss(0.0, 1.0)
    setup = [f"X = {matrix(r, rows, n)}", f"y = {vector(r, rows)}"]
    parameters, args, spelled = r.choice(
        [
            ("w", (w,), ("w", "0.0")),
            ("w, b", (w, b), ("w", "b")),
            ("p", ({"w": w, "b": b},), ('p["w"]', 'p["b"]')),
        ]
    )
    expression = r.choice(LOSSES).format(w=spelled[0], b=spelled[1])
    scalar = f"{spelled[0]}[0]"
    return Draft(parameters, expression, args, scalar, float(w[0]), "np.", spelled[0], setup)


def of_layers(r: Random) -> Draft:
    """Return the loss of two layers, of a matrix and a vector, or the cross entropy of a matrix."""
    n, hidden, rows = 2, 2, r.randint(3, 5)
    weights = np.array([[r.gauss(0.0, 1.0) for _ in range(hidden)] for _ in range(n)])
    setup = [f"X = {matrix(r, rows, n)}"]
    if r.random() < 0.5:
        v = np.array([r.gauss(0.0, 1.0) for _ in range(hidden)])
        setup.append(f"y = {vector(r, rows)}")
        expression = "np.mean((np.tanh(X @ W) @ v - y) ** 2)"
        return Draft("W, v", expression, (weights, v), "v[0]", float(v[0]), "np.", "v", setup)
    labels = [r.randrange(hidden) for _ in range(rows)]
    expression = (
        f"np.mean(np.log(np.sum(np.exp(X @ W), axis=1)) - (X @ W)[np.arange({rows}), {labels!r}])"
    )
    at = float(weights[0, 0])
    return Draft("W", expression, (weights,), "W[0, 0]", at, "np.", "W", setup)


BASES = (of_scalars, of_scalars, of_list, of_array, of_array, of_loss, of_loss, of_layers)


def base(r: Random, opaque: float = 0.5) -> Draft:
    """Return a smooth function in one of the styles; a share can be evaluated on floats only."""
    made = r.choice(BASES)(r)
    if r.random() < 0.15:
        made.scale = constant(r)
    if r.random() < opaque:
        if isinstance(made.args[0], np.ndarray) and r.random() < 0.4:
            first = made.parameters.split(",")[0]
            made.prelude = [f"{first} = np.asarray({first}, dtype=float)"]
        else:
            made.wrap = "float({})"
    return made


def analytic(r: Random) -> Draft:
    """Return a smooth function; a few have two results."""
    made = base(r)
    if r.random() < 0.08 and made.wrap == "{}" and not made.scale:
        made.expression += f", {terms(r, [made.scalar], made.library)}"
        made.wrap = r.choice(("[{}]", "({})", "np.array([{}])"))
    return made


NOT_ANALYTIC = (
    "abs({v} - {c})",
    "{p}fabs({v} - {c})",
    "{p}hypot({v}, {c})",
    "{m}max({v}, {c})",
    "{m}min({v}, {c})",
    "{p}sqrt({v} * {v})",
    "{p}sqrt(({v} - {c}) ** 2)",
    "float({v})",
    "float({p}sin({v}))",
    "abs({p}cos({v}))",
    "float({v}) ** 2",
    "({v} - {c} if {v} > {c} else 0.0)",
)
NOT_ANALYTIC_IN_NUMPY = (
    "np.real({v})",
    "np.conj({v}) * {v}",
    "np.float64(np.sin({v}))",
    "np.where({v} > {c}, {v} - {c}, 0.0)",
    "np.abs({v} - {c})",
    "np.clip({v}, {c}, {c} + 7.0)",
)
NOT_ANALYTIC_ON_ARRAYS = (
    "np.linalg.norm({a})",
    "np.linalg.norm({a} - {c})",
    "np.abs({a}).sum()",
    "np.abs({a} - {c}).sum()",
    "np.maximum({a}, {c}).sum()",
    "np.minimum({a}, {c}).sum()",
    "np.sum(np.sqrt({a} * {a}))",
    "np.sum({a}.real)",
    "np.sum(np.real({a}) ** 2)",
    "({a} * np.conj({a})).real.sum()",
    "np.hypot({a}, {c}).sum()",
    "float(np.sum(np.sin({a})))",
    "np.where({a} > {c}, {a} - {c}, 0.0).sum()",
)


def beside(r: Random, at: float) -> str:
    """Return a number that is near or far from another one, and not equal to it."""
    away = 10.0 ** r.uniform(-12.0, 0.5) if r.random() < 0.6 else r.uniform(0.5, 5.0)
    moved = at + r.choice((-1.0, 1.0)) * away * (abs(at) if r.random() < 0.5 else 1.0)
    return repr(moved if moved != at else at + 1.0)


def not_analytic_term(r: Random, made: Draft, c: str) -> str:
    """Return a function that complex numbers do not see through."""
    forms: tuple[str, ...] = NOT_ANALYTIC
    if made.library == "np.":
        forms += NOT_ANALYTIC_IN_NUMPY
    if made.vector and r.random() < 0.6:
        forms = NOT_ANALYTIC_ON_ARRAYS
    kind = r.choice(forms)
    if made.library == "np.":
        kind = kind.replace("{p}fabs", "np.abs").replace("{m}max", "np.maximum")
        kind = kind.replace("{m}min", "np.minimum")
    text = kind.format(v=made.scalar, c=c, p=made.library, m="", a=made.vector)
    return text.replace("- -", "+ ")


def not_analytic(r: Random) -> Draft:
    """Return a smooth function with a small term that is not analytic."""
    made = base(r, opaque=0.35)
    share = size(r, -9.0, -3.0) if r.random() < 0.85 else "1.0"
    return made.plus(f"{share} * {not_analytic_term(r, made, beside(r, made.at))}")


def noisy(r: Random) -> Draft:
    """Return a smooth function with noise that depends on the bits of the input, or on nothing."""
    made = base(r, opaque=0.7)
    share = size(r, -12.0, -4.0)
    inputs = made.parameters
    way = r.random()
    if way < 0.4:
        return made.plus(f"{share} * noise({inputs})")
    if way < 0.65:
        e = made.expression
        return replace(made, expression=f"({e}) * (1.0 + {share} * noise({inputs}))")
    if way < 0.8:
        digits = r.randint(5, 12)
        e = f"round(float({made.expression}), {digits})"
        return replace(made, expression=e, grain=abs(float(made.scale or 1.0)) * 10.0**-digits)
    source = r.choice(("jitter()", "drift()"))
    e = f"float({made.expression}) + {share} * {source}"
    return replace(made, expression=e, is_deterministic=False)


def exact_in_single(r: Random) -> str:
    """Return a number that single precision holds."""
    return repr((r.randint(-128, 128) or 1) / FLOAT32_GRID)


SINGLE = (
    "np.sin({c} * {x})",
    "np.tanh({c} * {x} + {d})",
    "np.exp({x} * {c} * 0.125)",
    "{x} * {x} * {c}",
    "np.sqrt(1.0 + {x} * {x}) * {c}",
    "np.log1p({x} * {x})",
    "{x} / (1.0 + {x} * {x})",
    "{c} * {x} + {d}",
)


def single(r: Random, x: str) -> str:
    """Return a function for single precision; its constants are exact there."""
    return r.choice(SINGLE).format(x=x, c=exact_in_single(r), d=exact_in_single(r))


def float32(r: Random) -> Draft:
    """Return a function that is computed in single precision, in whole or in part."""
    if r.random() < 0.4:
        made = base(r, opaque=0.3)
        term = single(r, f"np.float32({made.scalar})")
        made = made.plus(f"{size(r, -5.0, 0.0)} * float({term})")
    elif r.random() < 0.5:
        point = coordinate(r)
        text = f"{single(r, 'x')} + {single(r, 'x')}"
        made = Draft("x", text, (point,), "x", point, "np.", prelude=["x = np.float32(x)"])
    else:
        row = points(r, r.randint(2, 4))
        text = f"np.sum({single(r, 'x')}) + {single(r, 'x[0]')}"
        prelude = ["x = np.asarray(x, dtype=np.float32)"]
        made = Draft("x", text, (np.array(row),), "x[0]", row[0], "np.", prelude=prelude)
    made.wrap = r.choice(("{}", "float({})"))
    made.grain = FLOAT32_STEP
    return made


def oscillating(r: Random) -> Draft:
    """Return a smooth function with fast waves, some in step with powers of two and of ten."""
    made = base(r, opaque=0.7)
    rate = 10.0 ** r.uniform(1.0, 9.0)
    if r.random() < 0.25:
        whole = 2.0 ** r.randint(3, 28) if r.random() < 0.6 else 10.0 ** r.randint(1, 8)
        rate = 2.0 * math.pi * whole
    wave = r.choice(("sin({k} * {v})", "cos({k} * ({v} - {c}))", "sin({k} * {v} + {c})"))
    wave = made.library + wave.format(k=repr(rate), v=made.scalar, c=constant(r, 0.0, 2.0))
    return made.plus(f"{size(r, -9.0, 0.0)} * {wave}")


def lifted_up(r: Random) -> Draft:
    """Return a function with a large constant added."""
    made = base(r)
    return replace(made, expression=f"{size(r, 3.0, 12.0)} + {made.expression}")


def cancelling(r: Random) -> Draft:
    """Return a function whose rounding is larger than its value shows."""
    made = base(r, opaque=0.8)
    large = size(r, 3.0, 10.0)
    e = f"({made.expression} + {large}) - {large}"
    grain = math.ulp(float(large)) * abs(float(made.scale or 1.0))
    return replace(made, expression=e, grain=grain)


def saturated(r: Random) -> Draft:
    """Return a function far out on a plateau."""
    p = r.choice(("math.", "np."))
    form = r.choice(
        ("{p}tanh(x)", "1.0 / (1.0 + {p}exp(-x))", "y * {p}tanh(x)", "{p}tanh(x) + 1e-3 * y")
    )
    parameters = "x, y" if "y" in form else "x"
    point = (r.uniform(3.0, 25.0), coordinate(r))[: len(parameters.split(", "))]
    made = Draft(parameters, form.format(p=p), point, "x", point[0], p)
    made.wrap = r.choice(("{}", "float({})"))
    return made


def dead(r: Random) -> Draft:
    """Return a function that ignores inputs, or all of them."""
    if r.random() < 0.3:
        row = points(r, 2)
        text = r.choice(("3.0", "np.float64(2.5)", "1e8", "0.0 * x[0] + 7.0"))
        return Draft("x", text, (np.array(row),), "x[0]", row[0], "np.", "x")
    point = (coordinate(r), coordinate(r), coordinate(r))
    p = r.choice(("math.", "np."))
    text = f"{constant(r, 0.5)} + {smooth(r, ['y'], p)}"
    return Draft("x, y, z", text, point, "y", point[1], p, wrap=r.choice(("{}", "float({})")))


def stationary(r: Random) -> Draft:
    """Return a function at the top of a hill, or next to it."""
    p = r.choice(("math.", "np."))
    x = r.choice((0.0, 10.0 ** r.uniform(-12.0, -1.0)))
    form = r.choice(("{p}cos(x)", "{p}exp(-x * x)", "1.0 + x**4", "x**3", "{p}sqrt(1.0 + x * x)"))
    return Draft("x", form.format(p=p), (x,), "x", x, p, wrap=r.choice(("{}", "float({})")))


def flat(r: Random) -> Draft:
    """Return a function whose value says little about its slope."""
    return r.choice((lifted_up, lifted_up, cancelling, saturated, dead, stationary))(r)


# Of one huge or tiny input x; A is the size of the value, B one near the size of the input.
WIDE = (
    "{A} * {p}log(x)",
    "{A} * {p}sqrt(x)",
    "{A} * (x / {B}) ** {q}",
    "{A} * x / ({B} + x)",
    "{A} * {p}tanh(x / {B})",
    "{A} * {p}exp(-x / {B})",
    "{A} * {p}log1p(x / {B})",
    "{A} * {p}sin(x / {B})",
    "{A} * {p}hypot(x, {B})",
)
# Of one with a value near 1.
TAME = (
    "np.logaddexp(0.0, x)",
    "{p}exp(x) + x",
    "{p}sin(x) + 2.0 * {p}tanh(x)",
    "{p}log1p(x)",
    "x + {p}sqrt(1.0 + x)",
    "1.0 / (1.0 + {p}exp(-x))",
)


def huge_and_tiny(r: Random) -> Draft:
    """Return a function that is well conditioned at a huge or tiny point."""
    p = r.choice(("math.", "np."))
    wrap = r.choice(("{}", "float({})"))
    if r.random() < 0.25:
        tiny = r.choice((5e-324, 1e-320, 2.0**-1022, 10.0 ** r.uniform(-300.0, -20.0)))
        return Draft("x", r.choice(TAME).format(p=p), (tiny,), "x", tiny, p, wrap=wrap)
    if r.random() < 0.2:
        x = r.choice((-1.0, 1.0)) * 10.0 ** r.uniform(0.0, 2.8) if r.random() < 0.7 else 1e300
        return Draft("x", "np.logaddexp(0.0, x)", (x,), "x", x, "np.", wrap=wrap)
    x = 10.0 ** r.uniform(-300.0, 300.0)
    near = x * 10.0 ** r.uniform(-1.0, 1.0)
    names = {"A": size(r, -200.0, 200.0), "B": f"{near:.3g}", "p": p}
    text = r.choice(WIDE).format(q=r.choice(("0.5", "1.5", "-1.0", "3", "-0.25")), **names)
    if r.random() < 0.3:
        y = 10.0 ** r.uniform(-100.0, 100.0)
        text = f"{text} * (1.0 + {p}tanh(y / {y * 10.0 ** r.uniform(-1.0, 1.0):.3g}))"
        return Draft("x, y", text, (x, y), "x", x, p, wrap=wrap)
    if p == "np." and r.random() < 0.4:
        text = re.sub(r"\bx\b", "x[0]", text)
        y = coordinate(r)
        text = f"({text}) * (2.0 + np.sin(x[1]))"
        return Draft("x", text, (np.array([x, y]),), "x[0]", x, p, wrap=wrap)
    return Draft("x", text, (x,), "x", x, p, wrap=wrap)


KINKS = (
    "abs({v} - {c})",
    "max({v}, {c})",
    "min({v}, {c})",
    "max({v} - {c}, 0.0)",
    "{p}sqrt(({v} - {c}) ** 2)",
    "({v} - {c} if {v} > {c} else 0.25 * ({v} - {c}))",
)
KINKS_ON_ARRAYS = (
    "np.abs({a} - {c}).sum()",
    "np.maximum({a}, {c}).sum()",
    "np.maximum({a} - {c}, 0.0).sum()",
    "np.where({a} > {c}, {a}, 2.0 * {a} - {c}).sum()",
    "np.minimum(3.0 * ({a} - {c}), 0.0).sum()",
)
BREAKS = (
    "(1.0 if {v} > {c} else 0.0)",
    "{p}sqrt(abs({v} - {c}))",
    "({v} if {v} >= {c} else {v} + 1.0)",
)


def kink(r: Random) -> Draft:
    """Return a function exactly at a kink, or at a break, of itself."""
    made = base(r, opaque=0.5)
    forms: tuple[str, ...] = KINKS_ON_ARRAYS if made.vector and r.random() < 0.6 else KINKS
    if r.random() < 0.15:
        forms = BREAKS
        made.is_continuous = False
    share = constant(r) if r.random() < 0.6 else size(r, -6.0, 0.0)
    text = r.choice(forms).format(v=made.scalar, a=made.vector, c=repr(made.at), p=made.library)
    return made.plus(f"{share} * {text.replace('- -', '+ ')}")


ENGINE = (
    *SMOOTH,
    "sigmoid({u})",
    "softplus({u})",
    "silu({u})",
    "atan({u})",
    "hypot({u}, {c})",
    "logaddexp({u}, {c})",
    "logsumexp([{u}, {c}, 0.5])",
    "norm([{u}, {c}])",
    "atan2({u}, 2.0)",
    "relu({u} + 11.0)",
    "maximum({u}, -37.5)",
    "absolute({u} - 41.5)",
)


def engine_terms(r: Random, variables: Sequence[str]) -> str:
    """Return a sum of products of the engine's functions."""
    found = []
    for v in [*variables, r.choice(variables)]:
        inner = argument(r, [v, r.choice(variables)], "", 1)
        forms = [r.choice(ENGINE).format(u=inner, c=constant(r), p="") for _ in range(2)]
        found.append(" * ".join([constant(r), *(f"({f})" for f in forms[: r.randint(1, 2)])]))
    return " + ".join(found)


def values(r: Random) -> Draft:
    """Return a function of Values, of floats, or of structures of them."""
    from autograd import Value

    lift: Callable[[float], Any] = r.choice((Value, float))
    if r.random() < 0.4:
        names = ["x", "y", "z"][: r.randint(1, 3)]
        args = tuple(map(lift, points(r, len(names))))
        parameters, variables = ", ".join(names), names
    elif r.random() < 0.5:
        args = (list(map(lift, points(r, 3))),)
        parameters, variables = "xs", ["xs[0]", "xs[1]", "xs[2]"]
    else:
        numbers = list(map(lift, points(r, 3)))
        args = (np.array(numbers, dtype=object if lift is Value else float),)
        text = f"{array_sum(r, 'x', 3)} + {engine_terms(r, ['x[0]', 'x[2]'])}"
        return Draft("x", text, args, "x[0]", 0.0, "")
    return Draft(parameters, engine_terms(r, variables), args, variables[0], 0.0, "")
