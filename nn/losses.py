"""Losses: how far the outputs of a network are from their targets, as one number.

Every loss takes the outputs and the targets of one sample (a number, or a list of q of them), or
those of many samples (a list of lists), over which it takes the mean. A list of plain numbers or
Values is one sample. On Values the loss is a Value, on numbers a number. Targets may be Values too:
a compiled loss takes them as inputs. Nothing branches on them then, and nothing checks them.

>>> mse_loss([0.5, 1.0], [0.0, 1.0])
0.125
>>> mse_loss([[0.5, 1.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]])
0.0625
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from autograd import (
    Value,
    clip,
    dot,
    log,
    log1p,
    log_sigmoid,
    logsumexp,
    mean,
    relu,
    sigmoid,
)
from autograd import sum as total
from autograd.modes import tracing
from autograd.primitives import equal, softmax_of

if TYPE_CHECKING:
    import numpy

Number: TypeAlias = "Value | float"
# Of one output a number, of several a list or an array.
Target: TypeAlias = "Number | Sequence[Any] | numpy.ndarray[Any, Any]"
# Of many samples the same, nested once more.
Outputs: TypeAlias = Target
# (outputs, targets) -> one number.
Loss = Callable[[Any, Any], Any]

# How far a distribution may be from summing to 1.
SUM_OF_SHARES = 1e-9


def is_many(x: object) -> TypeGuard[Sequence[Any]]:
    """Tell whether x is a sequence."""
    return hasattr(x, "__len__") and getattr(x, "ndim", 1) > 0


def as_list(x: Outputs) -> list[Any]:
    """Return a sequence as a list, and a single number as a list of one."""
    return list(x) if is_many(x) else [x]


def over_samples(one: Callable[[Any, Any], Any], outputs: Outputs, targets: Outputs) -> Any:
    """Return the loss of one sample, or the mean of the losses of many."""
    if not is_many(outputs) or not (len(outputs) and is_many(outputs[0])):
        return one(as_list(outputs), targets)
    if not is_many(targets) or len(outputs) != len(targets):
        # One target for many samples would be taken apart.
        many = len(targets) if is_many(targets) else "one"
        raise ValueError(f"{len(outputs)} samples of outputs but {many} of targets")
    return mean([one(as_list(output), target) for output, target in zip(outputs, targets)])


def matched(outputs: list[Any], target: Target) -> list[tuple[Any, Any]]:
    """Return (output, target) pairs of one sample; none, or another number of them, is an error."""
    targets = as_list(target)
    if not outputs:
        raise ValueError("a loss of no outputs")
    if len(outputs) != len(targets):
        raise ValueError(f"{len(outputs)} outputs but {len(targets)} targets")
    return list(zip(outputs, targets))


def is_recorded(target: Target) -> bool:
    """Tell whether a target is made of Values, whose numbers will differ from sample to sample."""
    return any(isinstance(t, Value) for t in as_list(target))


def mse_loss(outputs: Outputs, targets: Outputs) -> Any:
    """Return the textbook's mean squared error, E = 1/2 * sum_k (output_k - target_k)**2.

    The mean is over the samples; over the outputs of one sample it is a sum.

    Raises: ValueError when the numbers of outputs and targets differ.
    Source: Deep Learning and MindSpore Practice, section 3.2.

    >>> output = Value(0.75)
    >>> mse_loss([output], [1.0]).backward(); output.grad
    -0.25
    """

    def one(outputs: list[Any], target: Target) -> Any:
        squares = [(output - y) ** 2 for output, y in matched(outputs, target)]
        return (total(squares) if len(squares) > 1 else squares[0]) / 2

    return over_samples(one, outputs, targets)


def binary_cross_entropy(outputs: Outputs, targets: Outputs) -> Any:
    """Return -sum_k (t_k log(y_k) + (1 - t_k) log(1 - y_k)) for probabilities y_k, in nats.

    An output that was made by `sigmoid` is traced to its operand, so that neither the loss nor its
    gradient loses digits, or fails, where the sigmoid has rounded to 0 or 1.

    Raises: ValueError for a target outside [0, 1], for a number outside [0, 1] as a probability,
        and for a probability of exactly 0 of what did happen, whose loss is infinite.

    >>> output = sigmoid(z := Value(-800.0))
    >>> loss = binary_cross_entropy([output], [1.0])
    >>> loss.backward(); loss.data, z.grad
    (800.0, -1.0)
    """

    def one(outputs: list[Any], target: Target) -> Any:
        return total([cross_entropy_of_two(y, t) for y, t in matched(outputs, target)])

    return over_samples(one, outputs, targets)


def cross_entropy_of_two(output: Number, target: Number) -> Any:
    """Return the loss of one probability; a term with the factor 0 is left out."""
    recorded = isinstance(target, Value)
    if not recorded and not 0 <= target <= 1:
        raise ValueError(f"binary_cross_entropy: the target {target!r} is outside [0, 1]")
    # On the operand nothing has been rounded to 0 or 1 yet.
    if isinstance(output, Value) and output.op is sigmoid:
        z = output.operands[0]
        return -weighted(target, lambda: log_sigmoid(z), lambda: log_sigmoid(-z))
    probability = output.data if isinstance(output, Value) else output
    if not recorded and not 0 <= probability <= 1 or probability == 1 - target:
        raise ValueError(
            f"binary_cross_entropy: a probability of {probability!r} for the target {target!r}; "
            "pass what sigmoid returned, as a Value"
        )
    return -weighted(target, lambda: log(output), lambda: log1p(-output))


def weighted(target: Number, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
    """Return target * yes + (1 - target) * no; of a plain target, without 0 times infinity."""
    if not isinstance(target, Value):
        if target == 1:
            return yes()
        if target == 0:
            return no()
    return target * yes() + (1 - target) * no()


def cross_entropy(outputs: Outputs, targets: Outputs) -> Any:
    """Return -sum_k t_k log(softmax(z)_k) for logits z, in nats.

    The target of a sample is the index of the right class, or a distribution over the classes.
    Outputs that were made by `softmax` are traced to their logits; plain numbers are taken for
    logits, for they cannot be told from probabilities. The difference to the target's logit is
    taken first: that keeps all digits where the right class has nearly all the probability.

    Raises: ValueError for an index out of range, a distribution that does not sum to 1, and when
        the numbers of outputs and targets differ.

    >>> cross_entropy([40.0, 0.0], 0)
    4.248354255291589e-18
    >>> round(cross_entropy([1.0, 1.0], [0.5, 0.5]), 12)
    0.69314718056
    """

    def one(outputs: list[Any], target: Target) -> Any:
        logits = logits_of(outputs)
        if is_recorded(target):
            return surprise(logits, target)
        shares = distribution(target, len(outputs))
        if len(shares) == 1:
            # The only class is certain, unless nobody knows its logit.
            return 0.0 * logits[0]
        # Logits relative to the likeliest: large ones would cancel, and lose their digits.
        likely = max(range(len(shares)), key=shares.__getitem__)
        ahead = [0.0 if k == likely else z - logits[likely] for k, z in enumerate(logits)]
        # One class only: its term of the sum is the loss.
        if sum(map(bool, shares)) == 1:
            return logsumexp(ahead)
        if tracing() or spread(logits) == math.inf:
            return surprise_of_halves([z / 2 for z in logits], shares, likely)
        return logsumexp(ahead) - dot(shares, ahead)

    return over_samples(one, outputs, targets)


def spread(logits: Sequence[Any]) -> float:
    """Return by how much the largest logit exceeds the smallest."""
    numbers = [float(getattr(z, "data", z)) for z in logits]
    return max(numbers) - min(numbers)


def surprise_of_halves(halves: Sequence[Any], shares: list[float], likely: int) -> Any:
    """Return the cross entropy of logits of which these are the halves, for a distribution.

    Where a difference of logits is no float, half of it is; their means differ by less.
    """
    ahead = [0.0 if k == likely else half - halves[likely] for k, half in enumerate(halves)]
    expected = dot(shares, ahead)
    return logsumexp([2 * (half - expected) for half in ahead])


def surprise(logits: Sequence[Any], target: Target) -> Any:
    """Return the cross entropy for a recorded target, without asking which class it is."""
    shares = target if is_many(target) else [equal(target, k) for k in range(len(logits))]
    # Of a single class it is the logit, exactly.
    expected = dot(shares, logits)
    return logsumexp([z - expected for z in logits])


def distribution(target: Any, classes: int) -> list[float]:
    """Return the target of one sample as a share for each class."""
    if not is_many(target):
        if target != int(target) or not 0 <= target < classes:
            raise ValueError(
                f"cross_entropy: the target {target!r} is no index of {classes} classes"
            )
        return [float(k == target) for k in range(classes)]
    shares = [float(share) for share in target]
    if len(shares) != classes:
        raise ValueError(f"{classes} outputs but {len(shares)} targets")
    if not all(share >= 0.0 for share in shares) or abs(math.fsum(shares) - 1) > SUM_OF_SHARES:
        raise ValueError(f"cross_entropy: the target {shares} is no distribution: its sum is not 1")
    return shares


def logits_of(outputs: Sequence[Any]) -> Sequence[Any]:
    """Return the operands of a softmax where the outputs are its results, else themselves."""
    if not all(isinstance(y, Value) and y.op is softmax_of for y in outputs):
        return outputs
    logits = outputs[0].operands[1:]
    # Some of the outputs, or in another order, are no distribution over these logits.
    complete = len(logits) == len(outputs)
    same = all(is_share(y, k, logits) for k, y in enumerate(outputs))
    return logits if complete and same else outputs


def is_share(output: Value, index: int, logits: Sequence[Any]) -> bool:
    """Tell whether a result of `softmax` is that of the index, for these very logits."""
    found, *operands = output.operands
    same = len(operands) == len(logits) and all(map(operator.is_, operands, logits))
    return same and found == index


def hinge_loss(outputs: Outputs, targets: Outputs) -> Any:
    """Return sum_k max(0, 1 - t_k * s_k) for scores s_k and targets t_k of -1 or +1.

    Raises: ValueError for any other target.
    Source: Cortes and Vapnik (1995), Support-vector networks.

    >>> hinge_loss([0.25, -3.0], [1, -1])
    0.75
    """

    def one(outputs: list[Any], target: Target) -> Any:
        pairs = matched(outputs, target)
        for _, t in pairs:
            if not isinstance(t, Value) and t not in (-1, 1):
                raise ValueError(f"hinge_loss: the target {t!r} is neither -1 nor +1")
        return total([relu(1 - t * score) for score, t in pairs])

    return over_samples(one, outputs, targets)


def huber_loss(outputs: Outputs, targets: Outputs, delta: float = 1.0) -> Any:
    """Return the squared error up to delta and the linear one beyond: outliers pull less.

    With e = output - target, per output: `e**2 / 2` where abs(e) <= delta, else
    `delta * (abs(e) - delta / 2)`. Written as `c * (e - c / 2)` with c = clip(e, -delta, delta),
    so that nothing branches.

    Raises: ValueError when delta is not above 0.
    Source: Huber (1964), Robust estimation of a location parameter.

    >>> huber_loss([0.5, 3.0], [0.0, 0.0])
    2.625
    """
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be above 0, not {delta!r}")

    def one(outputs: list[Any], target: Target) -> Any:
        errors = [output - y for output, y in matched(outputs, target)]
        return total([bounded(e, delta) * (e - bounded(e, delta) / 2) for e in errors])

    return over_samples(one, outputs, targets)


def bounded(error: Number, delta: float) -> Any:
    """Return the error, moved to the nearer end of [-delta, delta]."""
    return clip(error, -delta, delta)


LOSSES: dict[str, Loss] = {
    "mse": mse_loss,
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
    "hinge": hinge_loss,
    "huber": huber_loss,
}
