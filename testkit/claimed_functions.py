"""Random functions, each with its gradient known to 60 digits, and claims that are right or wrong.

The gradient is that of the smooth function that was meant: noise and single precision are left out
of it. S is the path sum of the program's text.

>>> made = claimed_function(3)
>>> made.right == claimed_function(3).right
True
"""

from __future__ import annotations

import hashlib
import itertools
import math
import struct
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from autograd.structures import flatten, remade
from testkit import claimed_texts as texts
from testkit import jets
from testkit.jets import MP, Jet

# The kind -> what writes it, and how often it is drawn.
KINDS: dict[str, tuple[Callable[[Random], texts.Draft], float]] = {
    "analytic": (texts.analytic, 0.30),
    "not analytic": (texts.not_analytic, 0.18),
    "noisy": (texts.noisy, 0.10),
    "float32": (texts.float32, 0.08),
    "oscillating": (texts.oscillating, 0.10),
    "flat": (texts.flat, 0.08),
    "huge and tiny": (texts.huge_and_tiny, 0.06),
    "kink": (texts.kink, 0.05),
    "values": (texts.values, 0.05),
}
FORMS = ("numbers", "structure", "function")  # of a claim
FAULTS = (-9.0, -2.0)  # the logarithms of the smallest and the largest fault, relative to S
WITHIN = (1e-290, 1e290)  # S, where it is not 0: claims and bounds keep their digits
CLAIM_ERROR = 1e-13  # of S: a claim is rounded to a float
LARGEST_TERM = 2.0  # of a function in single precision, whatever its value
MOST_GRAINS = 1e-4  # the steps of a staircase, of what the function changes by over |x|
ASIDE = MP.mpf(10) ** -45  # where the slopes on either side of a kink are taken, relative
LEAST_OFF = 1e-12  # where nothing but the size of the numbers is special
MOST_OFF = (
    1e-2  # of what a function changes by over |x|: a value that is further off has underflown
)
MOST_ATTEMPTS = 1000


def noise(*args: Any) -> float:
    """Return a number from -1 to 1 that depends on the bits of every float."""
    numbers = [float(x) for x in flatten(args)]
    digest = hashlib.blake2b(struct.pack(f"<{len(numbers)}d", *numbers), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2.0**63 - 1.0


def float_names(is_of_values: bool) -> dict[str, Any]:
    """Return the names with which a text is a function of floats."""
    count = itertools.count()
    found = {
        "np": np,
        "math": math,
        "noise": noise,
        "jitter": Random(0).random,
        "drift": lambda: next(count),
    }
    return {**engine(), **found} if is_of_values else found


def engine() -> dict[str, Any]:
    """Return the engine's functions."""
    import autograd

    return {name: getattr(autograd, name) for name in jets.engine_names()}


def defined(text: str, names: dict[str, Any]) -> Callable[..., Any]:
    """Return the function that a text defines."""
    space = dict(names)
    exec(text, space)
    found: Callable[..., Any] = space["f"]
    return found


def spelled(x: Any) -> str:
    """Return the text of an argument, with all digits."""
    if isinstance(x, dict):
        return "{" + ", ".join(f"{key!r}: {spelled(v)}" for key, v in x.items()) + "}"
    if isinstance(x, np.ndarray):
        return f"np.array({spelled(x.tolist())})"
    if isinstance(x, list):
        return f"[{', '.join(map(spelled, x))}]"
    return f"Value({x.data!r})" if hasattr(x, "data") else repr(x)


def plain(x: Any) -> float:
    """Return the number of a Value, or a number as it is."""
    return float(getattr(x, "data", x))


def outputs_of(text: str, args: tuple[Any, ...], numbers: Sequence[Any]) -> list[Any]:
    """Return the results that were meant, on numbers in the place of the arguments'."""
    function = defined(text, jets.names())
    return flatten(function(*remade(tuple(args), iter(numbers))))


def derivatives(text: str, args: tuple[Any, ...], numbers: Sequence[Any]) -> list[Any]:
    """Return (derivative, path sum) for every result and every input, the inputs in each result."""
    found: list[tuple[Any, Any]] = []
    for out in outputs_of(text, args, Jet.variables(numbers)):
        jet, zeros = Jet.of(out), [MP.mpf(0)] * len(numbers)
        found += zip(jet.slopes or zeros, jet.sums or zeros)
    return found


@dataclass
class ClaimedFunction:
    """A function at a point, its gradient, and two claims of it.

    Args: truths, for each derivative the slope, or at a kink those on either side; sums, S of
        each; right and wrong, the claims; fault, what the wrong one is.
    """

    seed: int
    kind: str
    draft: texts.Draft
    form: str = ""
    truths: list[tuple[Any, ...]] = field(default_factory=list)
    sums: list[Any] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    wrong: list[float] = field(default_factory=list)
    fault: str = ""

    @property
    def args(self) -> tuple[Any, ...]:
        return self.draft.args

    @property
    def inputs(self) -> list[float]:
        """The point, as plain numbers."""
        return [plain(x) for x in flatten(self.args)]

    def function(self) -> Callable[..., Any]:
        """Return the function of floats, of arrays, or of Values."""
        return defined(self.draft.text(), float_names(self.kind == "values"))

    def value(self) -> list[float]:
        """Return its results at the point."""
        return [plain(x) for x in flatten(self.function()(*self.args))]

    def faults(self, claims: Sequence[float]) -> list[float]:
        """Return by how much each claimed derivative is wrong; at a kink, on the worse side."""
        return [
            float(max(abs(claim - truth) for truth in both))
            for claim, both in zip(claims, self.truths)
        ]

    def claimed(self, claims: Sequence[float]) -> Any:
        """Return a claim in the form that this function's user writes it."""
        if self.form == "numbers":
            return list(claims)
        if self.form == "structure":
            return self.structure(claims)
        moves = [c - r for c, r in zip(claims, self.right)]
        here = self.inputs

        def gradient(*args: Any) -> Any:
            numbers = [plain(x) for x in flatten(args)]
            if numbers == here:
                return self.structure(claims)
            there = derivatives(self.draft.text(), self.args, numbers)
            return self.structure([float(s) + m for (s, _), m in zip(there, moves)])

        return gradient

    def structure(self, claims: Sequence[float]) -> Any:
        """Return derivatives in the structure of the arguments."""
        found = remade(tuple(self.args), iter(claims))
        return found[0] if len(found) == 1 else found

    def __str__(self) -> str:
        lines = [f"seed {self.seed}, {self.kind}; claims as {self.form}, fault: {self.fault}"]
        if self.kind == "values":
            lines.append(f"from autograd import Value, {', '.join(jets.engine_names())}")
        lines += [self.draft.text(), f"f({', '.join(map(spelled, self.args))})"]
        lines.append(f"# right: {self.right}, S: {[float(s) for s in self.sums]}")
        lines.append(f"# wrong: {self.wrong}")
        return "\n".join(lines)


def claimed_function(seed: int) -> ClaimedFunction:
    """Return the function of a seed: the same one in every run."""
    r = Random(seed)
    names, weights = list(KINDS), [weight for _, weight in KINDS.values()]
    (kind,) = r.choices(names, weights)
    for _ in range(MOST_ATTEMPTS):
        made = ClaimedFunction(seed, kind, KINDS[kind][0](r))
        if is_usable(made):
            break
    else:
        raise RuntimeError(f"no {kind} function was found for seed {seed}")
    several = len(made.truths) > len(made.inputs)
    made.form = "numbers" if several or kind == "kink" else r.choice(FORMS)
    (claim_at_a_kink if kind == "kink" else claim)(made, r)
    return made


def is_usable(made: ClaimedFunction) -> bool:
    """Set the truth; tell whether the function has a value, and claims can be right in floats."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            values = made.value()
    except (ArithmeticError, ValueError, Warning):
        return False
    found = derivatives(made.draft.text(), made.args, made.inputs)
    made.truths = [(slope,) for slope, _ in found]
    made.sums = [total for _, total in found]
    if made.kind == "kink":
        made.truths = list(zip(*(sided(made, side) for side in (-1, 1))))
    made.right = [float(both[-1]) for both in made.truths]
    if not all(map(math.isfinite, values)) or not is_in_range(made):
        return False
    return is_as_meant(made, values) and is_visible(made, values)


def is_as_meant(made: ClaimedFunction, values: Sequence[float]) -> bool:
    """Tell whether the values are near those that were meant."""
    meant = outputs_of(made.draft.text(), made.args, [MP.mpf(x) for x in made.inputs])
    n = len(made.inputs)
    sums = [made.sums[n * k : n * (k + 1)] for k in range(len(meant))]
    sizes = [
        abs(v) + sum(s * abs(x) for s, x in zip(row, made.inputs)) for v, row in zip(meant, sums)
    ]
    # What underflows on the way is another function in floats, as smooth as the one that is meant.
    most = LEAST_OFF if made.kind == "huge and tiny" else MOST_OFF
    return all(abs(v - w) <= most * size for v, w, size in zip(values, meant, sizes))


def sided(made: ClaimedFunction, side: int) -> list[Any]:
    """Return the derivatives next to the point, each on one side along its own input."""
    text, inputs = made.draft.text(), made.inputs
    rows = []
    for i, x in enumerate(inputs):
        moved = [MP.mpf(v) for v in inputs]
        moved[i] += side * ASIDE * (abs(x) or 1)
        rows.append(derivatives(text, made.args, moved)[i][0])
    return rows


def is_in_range(made: ClaimedFunction) -> bool:
    """Tell whether every claim that is right is so to 13 digits of S."""
    for total, both, claim in zip(made.sums, made.truths, made.right):
        if total and not WITHIN[0] < total < WITHIN[1]:
            return False
        if made.kind != "kink" and abs(claim - both[-1]) > CLAIM_ERROR * total:
            return False
    return True


def is_visible(made: ClaimedFunction, values: Sequence[float]) -> bool:
    """Tell whether a staircase has many steps within the size of every input that matters."""
    grain, sums = made.draft.grain, made.sums
    if made.kind == "float32":
        height = LARGEST_TERM + max(map(abs, values))
        if made.draft.without:
            height, sums = odd_term(made, values[0])
        grain *= height
    pairs = zip(sums, itertools.cycle(made.inputs))
    return all(grain <= MOST_GRAINS * total * abs(x) for total, x in pairs if total)


def odd_term(made: ClaimedFunction, value: float) -> tuple[float, list[Any]]:
    """Return the size of the odd term of a function, and the sizes of its derivatives."""
    text = made.draft.text(made.draft.without)
    (rest,) = outputs_of(text, made.args, made.inputs)
    slopes = [slope for slope, _ in derivatives(text, made.args, made.inputs)]
    moves = [abs(a - b) for (a,), b in zip(made.truths, slopes)]
    return float(abs(value - rest)), moves


def claim(made: ClaimedFunction, r: Random) -> None:
    """Set the wrong claim: one derivative is moved, or what makes the function odd is left out."""
    if made.draft.without and r.random() < 1 / 3:
        text = made.draft.text(made.draft.without)
        made.wrong = [float(s) for s, _ in derivatives(text, made.args, made.inputs)]
        made.fault = "the odd term is left out"
        if any(made.faults(made.wrong)):
            return
    size = 10.0 ** r.uniform(*FAULTS)
    plant(made, r, size)


def plant(made: ClaimedFunction, r: Random, size: float) -> None:
    """Move one derivative of the right claim by a share of its S."""
    i = r.randrange(len(made.right))
    if not made.sums[i] and r.random() < 0.7:
        i = max(range(len(made.sums)), key=lambda k: made.sums[k])
    total = made.sums[i] or max(made.sums) or MP.mpf(1)
    made.wrong = list(made.right)
    made.wrong[i] = float(made.truths[i][-1] + r.choice((-1, 1)) * size * total)
    made.fault = f"{size:.2g} of S in derivative {i}"


def claim_at_a_kink(made: ClaimedFunction, r: Random) -> None:
    """Set two claims at a kink: the slopes on one side, and on the other or between them."""
    left, right = ([float(both[k]) for both in made.truths] for k in (0, 1))
    if r.random() < 0.5:
        left, right = right, left
    made.right = list(left)
    if r.random() < 0.5:
        made.wrong, made.fault = list(right), "the slopes on the other side"
    else:
        made.wrong = [(a + b) / 2 for a, b in zip(left, right)]
        made.fault = "the mean of the slopes on either side"
    if not made.draft.is_continuous:
        made.right = made.wrong = [a if abs(a) < 1e9 else 0.0 for a in made.right]
