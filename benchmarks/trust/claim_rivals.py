"""The campaign of claimed gradients beside the checkers of SciPy, PyTorch and JAX.

Each is called as its users call it, with its default tolerances:

- `scipy.optimize.check_grad` gives the norm of the error against a forward difference; its users
  compare it with 1e-6 times the norm of the gradient, or times 1 if that is larger;
- `torch.autograd.gradcheck` of a Function whose backward pass is the claim;
- `jax.test_util.check_grads`, order 1, reverse mode, of a callback with the claim as its vjp.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.trust import claims
from testkit.claimed_functions import KINDS, ClaimedFunction, claimed_function, plain

SCIPY_TOLERANCE = 1e-6  # times the norm of the gradient, or times 1 where that is less
LARGE_FAULT = 1e-4  # of S


class Rival(NamedTuple):
    """A checker: its name, and whether it lets a function of n numbers and a Jacobian pass."""

    name: str
    passes: Callable[[Callable[..., Any], Any, Any], bool]


def scipy_rival() -> Rival:
    """Return SciPy's checker, asked for one output after the other."""
    import scipy
    from scipy.optimize import check_grad

    def passes(f: Callable[..., Any], x: Any, jacobian: Any) -> bool:
        for k, row in enumerate(jacobian):
            error = check_grad(lambda v, k=k: f(v)[k], lambda v, row=row: row, x)
            if not error <= SCIPY_TOLERANCE * max(1.0, float(np.linalg.norm(row))):
                return False
        return True

    return Rival(f"SciPy {scipy.__version__}", passes)


def torch_rival() -> Rival:
    """Return PyTorch's checker."""
    import torch

    def passes(f: Callable[..., Any], x: Any, jacobian: Any) -> bool:
        class Claimed(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, v: Any) -> Any:
                return torch.from_numpy(f(v.detach().numpy()))

            @staticmethod
            def backward(ctx: Any, seed: Any) -> Any:
                return seed @ torch.from_numpy(jacobian)

        leaf = torch.from_numpy(x.copy()).requires_grad_()
        return bool(torch.autograd.gradcheck(Claimed.apply, (leaf,), raise_exception=False))

    return Rival(f"PyTorch {torch.__version__.split('+')[0]}", passes)


def jax_rival() -> Rival:
    """Return JAX's checker, in 64 bits."""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    logging.getLogger("jax").setLevel(logging.CRITICAL)  # of what a function raises, counted here

    def passes(f: Callable[..., Any], x: Any, jacobian: Any) -> bool:
        shape = jax.ShapeDtypeStruct((len(jacobian),), np.float64)

        @jax.custom_vjp
        def claimed(v: Any) -> Any:
            return jax.pure_callback(lambda u: f(np.asarray(u)), shape, v)

        claimed.defvjp(lambda v: (claimed(v), None), lambda _, seed: (seed @ jacobian,))
        try:
            check_grads(claimed, (x,), order=1, modes=["rev"])
        except AssertionError:
            return False
        return True

    return Rival(f"JAX {jax.__version__}", passes)


def of_array(made: ClaimedFunction) -> Callable[[Any], Any]:
    """Return a function as one of an array of its inputs, whose result is an array."""
    from autograd.structures import flatten, remade

    function = made.function()

    def f(numbers: Any) -> Any:
        out = function(*remade(tuple(made.args), iter(map(float, numbers))))
        return np.array([plain(x) for x in flatten(out)])

    return f


def asked(rival: Rival, made: ClaimedFunction, claim: Sequence[float]) -> str:
    """Return what a rival says: passed, wrong, or crash."""
    x = np.array(made.inputs)
    jacobian = np.array(claim).reshape(-1, len(x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "passed" if rival.passes(of_array(made), x, jacobian) else "wrong"
        except Exception:
            return "crash"


def ours(made: ClaimedFunction, claim: Sequence[float]) -> str:
    """Return what we say: passed, wrong, crash or something else."""
    return claims.verdict(made, claim).said


def compare(count: int, seed: int, kinds: Sequence[str]) -> dict[str, dict[str, Counter[str]]]:
    """Show many functions to all, and return the counts by kind and by judge."""
    rivals = [scipy_rival(), torch_rival(), jax_rival()]
    judges: dict[str, Callable[[ClaimedFunction, Sequence[float]], str]] = {"ours": ours}
    judges.update((rival.name, partial(asked, rival)) for rival in rivals)
    found = {kind: {name: Counter[str]() for name in judges} for kind in [*KINDS, "all"]}
    for part in claims.pieces(count, seed):
        for made in map(claimed_function, part):
            if kinds and made.kind not in kinds:
                continue
            for name, judge in judges.items():
                counts = counted(made, judge)
                found[made.kind][name] += counts
                found["all"][name] += counts
        print(f"claims: {part[-1] + 1 - seed * claims.SEEDS:,} of {count:,}", file=sys.stderr)
    return found


def counted(made: ClaimedFunction, judge: Callable[..., str]) -> Counter[str]:
    """Return what a judge makes of both claims; at a kink no claim is right."""
    found = Counter({"functions": 1})
    for claim, name in ((made.right, "right"), (made.wrong, "fault")):
        which = "fault" if made.kind == "kink" else name
        said = judge(made, claim)
        found.update([which, f"{which} {said}", *["crash"] * (said == "crash")])
        if which == "fault" and is_large(made, claim):
            found.update([f"large {said}", "large"])
    return found


def is_large(made: ClaimedFunction, claim: Sequence[float]) -> bool:
    """Tell whether a fault is a large share of S."""
    return any(f > LARGE_FAULT * s for f, s in zip(made.faults(claim), made.sums))


def table(found: dict[str, dict[str, Counter[str]]]) -> str:
    """Return faults passed, the large ones in brackets, and false alarms, side by side."""
    names = list(found["all"])
    headings = ["kind", "faults", *(f"{name}: passed" for name in names)]
    headings += ["right", *(f"{name}: called wrong" for name in names)]
    rows = []
    for kind, judges in found.items():
        if not judges[names[0]]["functions"]:
            continue
        columns = [judges[name] for name in names]
        cells = [pair(columns[0], "fault", "large")]
        cells += [pair(c, "fault passed", "large passed") for c in columns]
        cells.append(f"{columns[0]['right']:,}")
        cells += [f"{c['right wrong']:,}" for c in columns]
        rows.append([kind, *cells])
    return claims.markdown(headings, rows)


def pair(counts: Counter[str], every: str, large: str) -> str:
    """Return a count, and that of the large ones in brackets."""
    return f"{counts[every]:,} ({counts[large]:,})"


def remarks(found: dict[str, dict[str, Counter[str]]]) -> str:
    """Return what the table has no columns for: crashes, and what we said nothing of."""
    every = found["all"]
    crashes = ", ".join(f"{name} {counts['crash']:,}" for name, counts in every.items())
    silent = {
        which: sum(every["ours"][f"{which} {said}"] for said in ("kink", *claims.UNSURE))
        for which in ("right", "fault")
    }
    return (
        f"in brackets: faults of more than {LARGE_FAULT} S; crashes: {crashes}\n"
        f"ours called {silent['right']:,} right gradients and {silent['fault']:,} faults"
        " inconclusive, or their points kinks"
    )


def run(argv: list[str]) -> int:
    """Print the table of all judges."""
    options = claims.parser().parse_args(argv)
    count = options.count or claims.RIVALS_COUNT
    found = compare(count, options.seed, options.kind)
    print(f"{table(found)}\n\n{remarks(found)}")
    print(f"faults of 1e-9 to 1e-2 of S, {count:,} functions, seed {options.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
