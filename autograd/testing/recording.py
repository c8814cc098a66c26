"""What the engine recorded of a function, and how well conditioned it is.

Every error of a gradient is measured against three things that are seen here: the path sum (over
all paths from the result to an input, the sum of the absolute products of local derivatives), the
noise of rounding, and what is lost below the smallest normal number.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from autograd import primitives as p
from autograd.backward import adjoints, history, topological_order
from autograd.coercion import as_number
from autograd.function_calls import lift
from autograd.functional import gradients
from autograd.modes import mode
from autograd.primitive_type import Primitive
from autograd.structures import flatten
from autograd.testing.number_types import Function, Numbers, plain_number
from autograd.value import Value

# Recordings with perturbed rounding, to see what it does.
NOISE_TRIALS = 3
# The smallest float.
SUBNORMAL = 2.0**-1074
# Slopes below this may have lost digits,
FAINT_SLOPE = 2.0**-1000
# and by so much a rule may multiply what has lost them.
MAX_AMPLIFICATION = 1e5
# Rows that are smooth wherever they are defined, which is everywhere.
POLYNOMIAL = frozenset(
    "add sub mul neg pos total mean prod inner_product square stop_gradient".split()
)


class Ties:
    """An observer that notes comparisons of equal numbers, and that the program branched at all."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def made(self, leaf: Value) -> None:
        """Leaves are looked at later."""

    def recorded(self, node: Value) -> None:
        """Nodes are looked at later."""

    def move(self, node: Value) -> None:
        """Leave the number of a node as it is."""

    def compared(self, relation: Primitive, x: object, y: object) -> Any:
        """Return what the comparison gives, and note a tie."""
        left = as_number(plain_number(x))
        right = as_number(plain_number(y))
        if left == right:
            text = relation.spell(repr(left), repr(right))
            self.found.append(f"{text} is a tie")
        return relation.forward(left, right)

    def decided(self, node: Value) -> None:
        """Note a branch on a number that is exactly zero."""
        if node._data == 0:
            self.found.append("a branch on a number that is 0")

    def adjoints(self, root: Value) -> dict[Value, Any]:
        """Return d root / d node for every node, as the engine computes it."""
        return adjoints(root)[0]


class Jitter(Ties):
    """An observer that moves every result by one unit in the last place, up or down.

    Source: Parker (1997), Monte Carlo arithmetic; Vignes (1978), on stochastic arithmetic.
    """

    def __init__(self, source: random.Random) -> None:
        super().__init__()
        self.source = source

    def recorded(self, node: Value) -> None:
        """Perturb the rounding of a new node, where there was any."""
        if not is_exact(node):
            self.move(node)

    def move(self, node: Value) -> None:
        """Move the number of a node to one of its neighbours."""
        if type(node._data) is float and math.isfinite(node._data):
            node._data = self.beside(node._data)

    def beside(self, x: float) -> float:
        """Return a neighbour of a number."""
        toward = self.source.choice((-math.inf, math.inf))
        return math.nextafter(x, toward)

    def adjoints(self, root: Value) -> dict[Value, Any]:
        """Return d root / d node for every node, where each product and sum is rounded otherwise.

        A sum may cancel whose terms were rounded: the values forward tell nothing of that.
        """
        found: dict[Value, Any] = {root: 1.0}
        for node in reversed(topological_order(root)):
            upstream = found.setdefault(node, 0.0)
            for parent, slope in zip(node.parents, node.local_derivatives):
                contribution = slope * upstream
                if not is_power_of_two(slope) and not is_power_of_two(upstream):
                    contribution = self.beside(contribution)
                before = found.get(parent, 0.0)
                total = before + contribution
                if is_exact_sum(before, contribution, total):
                    found[parent] = total
                else:
                    found[parent] = self.beside(total)
        return found


def numbers_of(node: Value) -> list[Any]:
    """Return the numbers that a node was made of."""
    return list(map(plain_number, node.operands))


def is_exact_sum(x: float, y: float, total: float) -> bool:
    """Tell whether a sum was not rounded."""
    return total - x == y and total - y == x


def is_power_of_two(x: float) -> bool:
    """Tell whether multiplying by a number rounds nothing: 0 and plus or minus powers of two."""
    mantissa, _ = math.frexp(x)
    return x == 0 or abs(mantissa) == 0.5


def is_exact(node: Value) -> bool:
    """Tell whether a result was surely not rounded: a choice, a sign, a sum without remainder."""
    op = node.op
    if op is None or not op.smooth or op in (p.neg, p.pos):
        return True
    first, *others = numbers_of(node)
    if op in (p.add, p.sub):
        (second,) = others
        if op is p.sub:
            second = -second
        return bool(is_exact_sum(first, second, node._data))
    if op not in (p.mul, p.div):
        return False
    return any(map(is_power_of_two, others))


@dataclass
class Recording:
    """The graph of a function: its outputs and inputs as Values, and the ties on the way."""

    outputs: list[Any]
    leaves: list[Value]
    ties: list[str]

    def __post_init__(self) -> None:
        # By output.
        self.suspicions: dict[int, str] = {}

    def gradient(self, output: int) -> list[Any]:
        """Return the derivative of an output by every input."""
        root = self.outputs[output]
        if not isinstance(root, Value):
            return [0.0] * len(self.leaves)
        adjoint, _ = adjoints(root)
        return [adjoint.get(leaf, 0.0) for leaf in self.leaves]

    def histories(self) -> list[list[Value]]:
        """Return the nodes that each output depends on."""
        roots = [root for root in self.outputs if isinstance(root, Value)]
        return [list(history(root)) for root in roots]

    def is_cut(self) -> bool:
        """Tell whether `stop_gradient` is among the operations."""
        nodes = chain.from_iterable(self.histories())
        return any(node.op is p.stop_gradient for node in nodes)

    def suspicion(self, output: int) -> str:
        """Return why the point may have no derivative, or nothing where it surely has one."""
        if output not in self.suspicions:
            self.suspicions[output] = self.reason_to_suspect(output)
        return self.suspicions[output]

    def reason_to_suspect(self, output: int) -> str:
        """Look for a tie, or a node that may have no derivative."""
        if self.ties:
            return self.ties[0]
        root = self.outputs[output]
        if not isinstance(root, Value):
            return ""
        for node in history(root):
            if node.op is not None and is_suspect(node):
                return f"{expression_of(node)} may have no derivative here"
        return ""


def record(f: Function, args: Sequence[object]) -> Recording:
    """Record a function at the given arguments."""
    observer = Ties()
    with mode(record=True, observer=observer):
        arguments, leaves = lift(tuple(args))
        outputs = flatten(f(*arguments))
    return Recording(outputs, leaves, observer.found)


def is_suspect(node: Value) -> bool:
    """Tell whether a node is at a kink, at the border of a domain, or anywhere near one."""
    op = node.op
    if op is None or op.name in POLYNOMIAL:
        return False
    numbers = numbers_of(node)
    # What may go wrong inside a domain goes wrong at 0, as a power does.
    if not op.smooth or 0 in numbers:
        return True
    operands = zip(numbers, op.domain)
    is_inside = all(low < x < high for x, (low, high) in operands)
    is_finite = all(map(math.isfinite, node.local_derivatives))
    return not (is_inside and is_finite)


def expression_of(node: Value) -> str:
    """Return a node as the expression of its operands, with their names and numbers."""
    if node.op is None:
        return f"{node.name or 'leaf'}={node._data!r}"
    texts = []
    for x in node.operands:
        is_named = isinstance(x, Value) and x.name
        name = f"{x.name}=" if is_named else ""
        texts.append(f"{name}{plain_number(x)!r}")
    return str(node.op.spell(*texts))


def path_sums(root: Any, leaves: Numbers) -> list[tuple[float, float]]:
    """Return for every leaf the path sum, and what rounding below the normal range may add.

    Cost: one sweep over the graph.
    """
    if not isinstance(root, Value):
        return [(0.0, 0.0)] * len(leaves)
    order = topological_order(root)
    sums = dict.fromkeys(order, 0.0)
    faint = dict.fromkeys(order, 0.0)
    sums[root] = 1.0
    for node in reversed(order):
        through = sums[node]
        lost = faint[node]
        for parent, slope in zip(node.parents, node.local_derivatives):
            # NaN counts as infinite, and 0 times what is infinite as nothing.
            size = abs(float(slope)) if slope == slope else math.inf
            if size:
                sums[parent] += size * through
            if lost:
                faint[parent] += size * lost
            if size < FAINT_SLOPE or size * through < FAINT_SLOPE:
                # A rule computes with the operands, and multiplies by them what it has lost.
                total = sum(map(abs, numbers_of(node)))
                reach = min(total, MAX_AMPLIFICATION)
                faint[parent] += 8 * SUBNORMAL * (1.0 + through) * (1.0 + reach)
    return [(sums.get(leaf, 0.0), faint.get(leaf, 0.0)) for leaf in leaves]


def noise(f: Function, args: Sequence[Any], output: int, order: int = 1) -> list[float]:
    """Return by how much perturbed rounding moves each derivative of an output.

    Every input and every result (of second derivatives, every input) is moved by one unit in its
    last place, up or down by a fixed sequence, in each of `NOISE_TRIALS`, and so is what is added
    up on the way back; the largest change counts. What a rule of the table loses within itself is
    not excused. Second derivatives come row by row.
    """
    found = []
    for observer in jitters():
        found.append(slopes_under(observer, f, args, output, order))
    # The first observer changes nothing.
    calm, *trials = found
    changes = [map(distance, trial, calm) for trial in trials]
    return [max(of_one) for of_one in zip(*changes)]


def jitters() -> Iterator[Ties]:
    """Yield an observer that changes nothing, then those that do."""
    yield Ties()
    source = random.Random(1)
    for _ in range(NOISE_TRIALS):
        yield Jitter(source)


def distance(x: float, y: float) -> float:
    """Return |x - y|, or 0 where one of them is not finite."""
    found = abs(x - y)
    return found if math.isfinite(found) else 0.0


def slopes_under(
    observer: Ties, f: Function, args: Sequence[object], output: int, order: int
) -> list[float]:
    """Return the first or second derivatives of an output, recorded under an observer."""
    arguments, leaves = lift(tuple(args))
    for leaf in leaves:
        observer.move(leaf)
    # A rule that is called on Values must find the operands that were recorded.
    watched = observer if order == 1 else Ties()
    with mode(record=True, ieee=True, observer=watched):
        outputs = flatten(f(*arguments))
    root = outputs[output]
    if not isinstance(root, Value):
        return [0.0] * len(leaves) ** order
    roots = gradients(root, leaves) if order == 2 else [root]
    slopes: list[float] = []
    for row in roots:
        adjoint = observer.adjoints(row)
        slopes += [float(adjoint.get(leaf, 0.0)) for leaf in leaves]
    return slopes
