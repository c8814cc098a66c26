"""Gradients beside PyTorch's and JAX's, on random graphs and at the points where they differ."""

from __future__ import annotations

import argparse
import functools
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks.environments import environment, run_there
from benchmarks.trust import WRONG

REQUIREMENTS = ("torch==2.13.0", "jax>=0.4.30", "mpmath==1.3.0", "numpy>=1.24")
GRAPHS = 2_000  # of each peer


def main(argv: list[str]) -> int:
    """Make the peers' environment, and compare in it."""
    return run_there(
        environment("tensors", *REQUIREMENTS), "benchmarks.trust.peer_gradients", *argv
    )


class Peer(NamedTuple):
    """A tensor library: its numbers, its functions by the names of our rows, its gradient."""

    name: str
    number: Callable[[float], Any]
    functions: dict[str, Callable[..., Any]]
    gradient: Callable[[Callable[..., Any], Sequence[float]], list[float]]


def shared(np: Any, special: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions that both libraries spell alike, and those given."""
    names = """sqrt square exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh hypot
    maximum minimum floor ceil sign"""
    found = {name: getattr(np, name) for name in names.split()}
    return {
        **found,
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "neg": lambda x: -x,
        "pos": lambda x: x,
        "power": lambda x, y: x**y,
        "absolute": np.abs,
        "normal_cdf": lambda x: 0.5 * special["erfc"](-x * 0.7071067811865476),
        "cbrt": lambda x: np.sign(x) * np.abs(x) ** (1 / 3),
        "total": lambda *xs: sum(xs),
        "mean": lambda *xs: sum(xs) / len(xs),
        "where": lambda condition, x, y: np.where(condition != 0, x, y),
        "at_least": lambda x, bound: np.maximum(x, bound),
        "inner_product": dot,
        "largest": lambda *xs: functools.reduce(np.maximum, xs),
        "smallest": lambda *xs: functools.reduce(np.minimum, xs),
        **special,
    }


def dot(*operands: Any) -> Any:
    """Return bias + w1*x1 + ..., of operands in the order of our row."""
    half = len(operands) // 2 + 1
    return operands[0] + sum(w * x for w, x in zip(operands[1:half], operands[half:]))


def torch_peer() -> Peer:
    """Return PyTorch."""
    import torch

    f = torch.nn.functional
    special = {
        "asin": torch.asin, "acos": torch.acos, "atan": torch.atan, "atan2": torch.atan2,
        "asinh": torch.asinh, "acosh": torch.acosh, "atanh": torch.atanh, "erf": torch.erf,
        "erfc": torch.erfc, "lgamma": torch.lgamma, "sigmoid": torch.sigmoid, "relu": torch.relu,
        "log_sigmoid": f.logsigmoid, "softplus": f.softplus, "silu": f.silu, "gelu": f.gelu,
        "prod": lambda *xs: torch.prod(torch.stack(xs)),
        "norm": lambda *xs: torch.linalg.norm(torch.stack(xs)),
        "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        "softmax_of": lambda i, *xs: torch.softmax(torch.stack(xs), 0)[int(i)],
        "clip": lambda x, low, high: torch.clamp(x, float(low), float(high)),
    }  # fmt: skip

    def number(x: float) -> Any:
        return torch.tensor(float(x), dtype=torch.float64)

    def gradient(f: Callable[..., Any], point: Sequence[float]) -> list[float]:
        leaves = [number(x).requires_grad_() for x in point]
        out = f(*leaves)
        if out.requires_grad:
            out.backward()
        return [0.0 if leaf.grad is None else float(leaf.grad) for leaf in leaves]

    return Peer(f"PyTorch {torch.__version__}", number, shared(torch, special), gradient)


def jax_peer() -> Peer:
    """Return JAX, in 64 bits."""
    import jax

    jax.config.update("jax_enable_x64", True)
    np, special_functions, nn = jax.numpy, jax.scipy.special, jax.nn
    special = {
        "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2,
        "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
        "erf": special_functions.erf, "erfc": special_functions.erfc,
        "lgamma": special_functions.gammaln, "sigmoid": nn.sigmoid, "relu": nn.relu,
        "log_sigmoid": nn.log_sigmoid, "softplus": nn.softplus, "silu": nn.silu,
        "gelu": lambda x: nn.gelu(x, approximate=False),
        "prod": lambda *xs: np.prod(np.stack(xs)),
        "norm": lambda *xs: np.linalg.norm(np.stack(xs)),
        "logsumexp": lambda *xs: special_functions.logsumexp(np.stack(xs)),
        "softmax_of": lambda i, *xs: nn.softmax(np.stack(xs))[int(i)],
        "clip": lambda x, low, high: np.clip(x, low, high),
    }  # fmt: skip

    def gradient(f: Callable[..., Any], point: Sequence[float]) -> list[float]:
        slopes = jax.grad(f, tuple(range(len(point))))(*map(np.float64, point))
        return [float(s) for s in slopes]

    return Peer(f"JAX {jax.__version__}", np.float64, shared(np, special), gradient)


def on_peer(peer: Peer, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the peer's numbers that runs one written for Values."""
    from autograd.testing.number_types import Lifted

    class Number(Lifted):
        """A number of the peer in the place of a Value."""

        __slots__ = ()

        @staticmethod
        def lift(x: Any) -> Any:
            return peer.number(x)

        @staticmethod
        def apply(op: Any, numbers: Sequence[Any]) -> Any:
            return peer.functions[op.name](*numbers)

    return lambda *xs: function(*map(Number, xs)).number


# Where a peer is known to differ: name, the row and the operands that make it so.
KNOWN: dict[str, tuple[str, Callable[..., bool]]] = {
    "NaN for hypot at 0, 0": ("hypot", lambda x, y: x == y == 0),
    "NaN for norm at 0": ("norm", lambda *xs: not any(xs)),
    "1 - tanh**2 loses its digits": ("tanh", lambda x: abs(x) > 4.0),
    "sigma (1 - sigma) loses its digits": ("sigmoid", lambda x: x > 8.0),
    "softplus has a threshold": ("softplus", lambda x: x > 20.0),
    "the slope of silu loses its digits": ("silu", lambda x: abs(x) > 8.0),
    "1 - softmax loses its digits": ("softmax_of", lambda *xs: max(xs) - min(xs) > 8.0),
    "the tail of erf or of the normal distribution loses digits": (
        "gelu", lambda x: x < -4.0),
}  # fmt: skip


def reason(expression: Any) -> str:
    """Return the known difference that a graph meets, or nothing."""
    from autograd.testing.recording import record

    recording = record(expression, expression.point)
    stack, seen = [recording.outputs[0]], set()
    while stack:
        node = stack.pop()
        if node in seen or not node.op:
            continue
        seen.add(node)
        numbers = [getattr(x, "data", x) for x in node.operands]
        for name, (row, meets) in KNOWN.items():
            if node.op.name == row and meets(*numbers):
                return name
        stack += [x for x in node.operands if hasattr(x, "operands")]
    return ""


def compared(peer: Peer, seed: int, count: int) -> tuple[Counter[str], list[str]]:
    """Compare gradients on random graphs; a difference is known by name, or else a failure."""
    from autograd.modes import ieee
    from autograd.testing.expressions import operations, random_expression
    from autograd.testing.recording import path_sums, record

    pool = operations(smooth=True)
    source, found, failures = random.Random(seed), Counter[str](), []
    for _ in range(count):
        expression = random_expression(source, lines=8, pool=pool)
        with ieee():
            recording = record(expression, expression.point)
        theirs = peer.gradient(on_peer(peer, expression), expression.point)
        sums = path_sums(recording.outputs[0], recording.leaves)
        rows_of = list(zip(recording.gradient(0), theirs, (s for s, _ in sums)))
        found["graphs"] += 1
        if all(abs(a - b) <= WRONG * s for a, b, s in rows_of):
            continue
        known = reason(expression)
        who = who_is_right(expression, rows_of)
        found[f"{known or 'UNKNOWN'}: {who}"] += 1
        if not known or who == "theirs is right":
            failures.append(f"{peer.name}: {who}, {rows_of}\n{expression}")
    return found, failures


def who_is_right(expression: Any, rows: Sequence[tuple[float, float, float]]) -> str:
    """Return whose gradient agrees with 60-digit arithmetic."""
    from autograd.testing import oracles
    from autograd.testing.verdicts.report import difference

    program = oracles.Program(expression, expression.point)
    truth = [oracles.precise(program, i).slope for i in range(len(rows))]
    ours, theirs = (
        all(difference(row[k], t) <= WRONG * row[2] for row, t in zip(rows, truth)) for k in (0, 1)
    )
    return "ours is right" if ours else "theirs is right" if theirs else "neither is right"


class Point(NamedTuple):
    """A point where libraries differ by convention: its name, the function, where, our answer."""

    name: str
    function: Callable[..., Any]
    point: tuple[float, ...]
    ours: tuple[float, ...]


def conventions() -> list[Point]:
    """Return the points of the design where answers differ, with ours."""
    from autograd import primitives as p
    from autograd import reductions

    return [
        Point("abs at 0", p.absolute, (0.0,), (0.0,)),
        Point("relu at 0", p.relu, (0.0,), (0.0,)),
        Point("a tie of two", lambda x, y: reductions.maximum(x, y), (1.0, 1.0), (0.5, 0.5)),
        Point("maximum(x, 0.0) at 0", lambda x: reductions.maximum(x, 0.0), (0.0,), (0.0,)),
        Point("clip at its lower end", lambda x: p.clip(x, 0.0, 1.0), (0.0,), (1.0,)),
        Point("where(x > 0, log x, 0) at 0", guarded_log, (0.0,), (0.0,)),
        Point("sqrt(x)**2 at 0", lambda x: p.square(p.sqrt(x)), (0.0,), (float("nan"),)),
        Point("hypot at 0, 0", p.hypot, (0.0, 0.0), (0.0, 0.0)),
        Point("norm at 0, 0", lambda x, y: p.norm([x, y]), (0.0, 0.0), (0.0, 0.0)),
        Point("tanh at 19", p.tanh, (19.0,), (1.2556523158922305e-16,)),
        Point("sigmoid at 40", p.sigmoid, (40.0,), (4.248354255291589e-18,)),
        Point("prod with a zero", lambda x, y: p.prod([x, y]), (0.0, 3.0), (3.0, 0.0)),
    ]


def guarded_log(x: Any) -> Any:
    """Return log x where x is above 0, else 0, as a user of `where` writes it."""
    from autograd import primitives as p

    return p.where(1.0 if x > 0 else 0.0, p.log(x), 0.0)


def table_of_conventions(peers: Sequence[Peer]) -> bool:
    """Print the gradients of all at the points of convention; tell whether ours are as designed."""
    from autograd.functional import grad
    from autograd.modes import ieee

    right = True
    print(f"{'point':30} {'ours':24} " + " ".join(f"{peer.name:24}" for peer in peers))
    for name, function, point, wanted in conventions():
        with ieee():
            ours = grad(function, tuple(range(len(point))))(*point)
        right &= all(a == b or (a != a and b != b) for a, b in zip(ours, wanted))
        answers = [ours]
        for peer in peers:
            answers.append(tuple(peer.gradient(on_peer(peer, function), point)))
        columns = [", ".join(f"{x:.8g}" for x in answer) for answer in answers]
        print(f"{name:30} " + " ".join(f"{text:24}" for text in columns))
    return right


def run(argv: list[str]) -> int:
    """Compare with both peers, print what differs by name, and return the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks peer_gradients", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--graphs", type=int, default=GRAPHS, help="random graphs for each peer")
    options, _ = parser.parse_known_args(argv)
    peers, failed = [torch_peer(), jax_peer()], 0
    for peer in peers:
        found, failures = compared(peer, options.seed, options.graphs)
        print(f"{peer.name}: {', '.join(f'{n:,} {what}' for what, n in found.items())}")
        for failure in failures[:3]:
            print(f"\n{failure}\n")
        failed += len(failures)
    return 0 if table_of_conventions(peers) and not failed else 1


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
