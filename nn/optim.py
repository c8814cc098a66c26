"""Optimisers: how the gradients of a step become new weights.

A step is all or nothing: all new numbers are computed first, and written in one call that no
Ctrl-C interrupts. A rule is stated once, and updates one weight or whole arrays of them: recorded
and compiled trainings follow the same line. The formulas, for a weight w with gradient g and step
size alpha:

    SGD       w <- w - alpha * g                   (Algorithm 3.1; momentum and decay: see there)
    RMSprop   s <- rho s + (1 - rho) g**2;         w <- w - alpha * g / (sqrt(s) + epsilon)
    Adam      m, s: running means of g and g**2, without bias;
              w <- w - alpha * m / (sqrt(s) + epsilon)

>>> from autograd import Value
>>> w = Value(3.0)
>>> optimizer = SGD([w], step_size=0.1)
>>> for _ in range(100):
...     optimizer.zero_grad()
...     (w * w).backward()
...     optimizer.step()
>>> abs(w.data) < 1e-9
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from numbers import Real
from typing import Any, NamedTuple

from autograd import Value
from autograd.atomic import set_attributes
from autograd.coercion import elements
from autograd.messages import shown
from autograd.structures import flatten, kind_of
from autograd.value import data_writes
from nn.module import is_finite, is_plain

Slots = dict[str, Any]  # what an optimiser remembers: a list or an array, one number per parameter
Rule = Callable[..., tuple[Any, ...]]  # (weight, gradient, *memory) -> (weight, *memory), all new


class Change(NamedTuple):
    """What an update did: lists or arrays of a number for each parameter, which nobody changes."""

    before: Any  # the weights
    gradients: Any
    after: Any


class Optimizer:
    """What all optimisers share: parameters, a step size that may be changed, and a memory.

    Parameters are a sequence or iterator of Values, or a structure of them, such as a dict.

    Raises: ValueError when there is nothing to optimise, or a setting is out of its range.
    """

    settings: tuple[str, ...] = ("step_size",)  # the attributes that belong to a saved state
    remembers: tuple[str, ...] = ()

    def __init__(self, parameters: Any, step_size: float) -> None:
        structure = kind_of(parameters) is not None
        found = flatten(parameters) if structure else elements("an optimizer", parameters)
        self.parameters = list(found)
        if not self.parameters:
            raise ValueError(
                f"no parameters to optimise: a parameter is a Value, and {shown(parameters)} holds"
                " none"
            )
        for p in self.parameters:
            if not isinstance(p, Value):
                raise TypeError(f"a parameter is a Value, not {type(p).__name__} {shown(p)}")
        if len(set(self.parameters)) < len(self.parameters):
            raise ValueError("the same Value is there twice; pass each parameter once")
        self.step_size = in_range("step_size", step_size, above=True)
        self.steps = 0
        self.slots: Slots = {name: [0.0] * len(self.parameters) for name in self.remembers}

    def rule(self, sqrt: Callable[[Any], Any]) -> Rule:
        """Return the update of one weight; numbers or arrays, `sqrt` being the root that fits.

        Called once for a step, so that what all weights share is computed once.
        """
        raise NotImplementedError

    def updated(self, weights: list[float], gradients: list[float]) -> tuple[list[float], Slots]:
        """Return the new weights and the new memory."""
        rows = map(self.rule(math.sqrt), weights, gradients, *self.slots.values())
        new, *memory = map(list, zip(*rows))
        return new, dict(zip(self.slots, memory))

    def step(self) -> None:
        """Update every parameter from its gradient; all of them and the memory, or nothing.

        Raises: FloatingPointError when a new weight is not finite; no weight has changed then.
        """
        self.advance()

    def advance(self) -> Change:
        """Do a `step`, and return what it changed.

        Raises: FloatingPointError when a new weight is not finite; no weight has changed then.
        """
        weights = [p.data for p in self.parameters]
        gradients = [p.grad for p in self.parameters]
        try:
            new, slots = self.updated(weights, gradients)
        except TypeError:
            raise TypeError(not_numeric(weights, gradients)) from None
        check_finite(new, slots, gradients)
        # One call, as a backward pass commits: weights and memory stay in step.
        targets, names, numbers = data_writes(self.parameters, new)
        set_attributes(
            [*targets, self, self], [*names, "slots", "steps"], [*numbers, slots, self.steps + 1]
        )
        return Change(weights, gradients, new)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero."""
        set_attributes(self.parameters, repeat("grad"), repeat(0.0))

    def state_dict(self) -> dict[str, Any]:
        """Return all that is needed to continue exactly here, apart from the weights."""
        state: dict[str, Any] = {name: getattr(self, name) for name in self.settings}
        slots = {name: list(map(float, numbers)) for name, numbers in self.slots.items()}
        return {"optimizer": type(self).__name__, **state, "steps": self.steps, "slots": slots}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` returned.

        Raises: ValueError when it is another optimiser's, or for other parameters; nothing has
            changed then.
        """
        own = type(self).__name__
        if state.get("optimizer") != own:
            raise ValueError(f"the state of a {state.get('optimizer')}, not of {own}")
        missing = [name for name in (*self.settings, "steps", "slots") if name not in state]
        if missing:
            raise ValueError(f"the state of the optimiser lacks {', '.join(missing)}")
        slots = {name: self.checked_slot(name, state["slots"].get(name)) for name in self.slots}
        settings = {name: in_range(name, state[name]) for name in (*self.settings, "steps")}
        vars(self).update(settings, slots=slots)

    def checked_slot(self, name: str, numbers: Any) -> list[float]:
        """Return a list of a saved memory.

        Raises: ValueError when it has another length, or a number that cannot be in it.
        """
        n = len(self.parameters)
        if not isinstance(numbers, list) or len(numbers) != n:
            found = len(numbers) if isinstance(numbers, list) else "none"
            raise ValueError(f"{name}: {n} numbers expected, the state has {found}")
        return [in_range(name, x, 0.0 if name == "squares" else -math.inf) for x in numbers]

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)
        return f"{type(self).__name__}({len(self.parameters)} parameters, {settings})"


def all_finite(numbers: Iterable[float]) -> bool:
    """Tell whether no number is infinite or NaN."""
    return all(map(math.isfinite, numbers))


def check_finite(
    weights: Sequence[float],
    slots: Slots,
    gradients: Sequence[float],
    finite: Callable[[Any], Any] = all_finite,
) -> None:
    """Raise a FloatingPointError that names the first new number that is not finite."""
    for name, numbers in {"parameter": weights, **slots}.items():
        if not finite(numbers):
            i = next(i for i, x in enumerate(numbers) if not math.isfinite(x))
            what = f"{name} {i}" if name == "parameter" else f"the {name} of parameter {i}"
            raise FloatingPointError(
                f"{what} would become {numbers[i]}: its gradient is {gradients[i]:.6g}"
            )


def not_numeric(weights: list[Any], gradients: list[Any]) -> str:
    """Return which parameter or gradient is no number, so that an update failed."""
    for what, found in (("the gradient of parameter", gradients), ("parameter", weights)):
        for i, x in enumerate(found):
            if not isinstance(x, Real):
                return f"{what} {i} is {type(x).__name__} {shown(x)}, not a number"
    return "an update failed: the parameters are of kinds of numbers that do not mix"


def in_range(
    name: str, x: float, low: float = 0.0, high: float = math.inf, above: bool = False
) -> float:
    """Return a setting, which must be finite and within [low, high), or (low, high) if `above`.

    Raises: ValueError, which says what is allowed.
    """
    if is_plain(x) and is_finite(x) and low <= x < high and not (above and x == low):
        return x
    bounds = f"{'above' if above else 'at least'} {low}"
    bounds += f" and below {high}" if high < math.inf else ""
    raise ValueError(f"{name} must be a finite number {bounds}, not {shown(x)}")


class SGD(Optimizer):
    """Gradient descent on mini-batches: w <- w - alpha * g, line (7) of Algorithm 3.1.

    With momentum, v <- momentum * v + g and w <- w - alpha * v: the heavy ball. With weight decay,
    g <- g + weight_decay * w first: the gradient of weight_decay / 2 * sum(w**2).

    Source: Robbins and Monro (1951); Polyak (1964), Some methods of speeding up the convergence of
            iteration methods.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> SGD([w], step_size=0.25).step(); w.data
    0.5
    """

    settings = ("step_size", "momentum", "weight_decay")
    remembers = ("velocity",)

    def __init__(
        self,
        parameters: Any,
        step_size: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, step_size)
        self.momentum = in_range("momentum", momentum, high=1.0)
        self.weight_decay = in_range("weight_decay", weight_decay)

    def rule(self, sqrt: Callable[[Any], Any]) -> Rule:
        """Return the update of a weight and its velocity."""

        def update(w: Any, g: Any, v: Any) -> tuple[Any, Any]:
            if self.weight_decay:
                g = g + self.weight_decay * w
            if self.momentum:
                g = v = self.momentum * v + g
            return w - self.step_size * g, v

        return update


class Momentum(SGD):
    """SGD with a momentum of 0.9 unless told otherwise (Polyak, 1964)."""

    def __init__(
        self,
        parameters: Any,
        step_size: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, step_size, momentum, weight_decay)


class RMSprop(Optimizer):
    """Divides each gradient by the root of a running mean of its square.

    Source: Tieleman and Hinton (2012), Lecture 6.5, Neural Networks for Machine Learning.
    """

    settings = ("step_size", "decay", "epsilon")
    remembers = ("squares",)

    def __init__(
        self,
        parameters: Any,
        step_size: float = 0.01,
        decay: float = 0.9,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(parameters, step_size)
        self.decay = in_range("decay", decay, high=1.0)
        self.epsilon = in_range("epsilon", epsilon, above=True)

    def rule(self, sqrt: Callable[[Any], Any]) -> Rule:
        """Return the update of a weight and its running mean."""

        def update(w: Any, g: Any, s: Any) -> tuple[Any, Any]:
            s = mixed(self.decay, s, g * g)
            return w - self.step_size * g / (sqrt(s) + self.epsilon), s

        return update


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their start at zero.

    Source: Kingma and Ba (2015), Adam: a method for stochastic optimization, Algorithm 1.

    >>> w = Value(1.0)
    >>> (w * 3.0).backward()
    >>> Adam([w], step_size=0.5).step(); round(w.data, 6)  # the first step is alpha long
    0.5
    """

    settings = ("step_size", "beta1", "beta2", "epsilon", "weight_decay")
    remembers = ("means", "squares")

    def __init__(
        self,
        parameters: Any,
        step_size: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, step_size)
        self.beta1 = in_range("beta1", beta1, high=1.0)
        self.beta2 = in_range("beta2", beta2, high=1.0)
        self.epsilon = in_range("epsilon", epsilon, above=True)
        self.weight_decay = in_range("weight_decay", weight_decay)

    def decayed(self, w: Any, g: Any) -> tuple[Any, Any]:
        """Return weight and gradient after weight decay: here it is part of the gradient."""
        return w, g + self.weight_decay * w

    def rule(self, sqrt: Callable[[Any], Any]) -> Rule:
        """Return the update of a weight and its running means."""
        t = self.steps + 1
        mean_bias, square_bias = 1.0 - self.beta1**t, 1.0 - self.beta2**t

        def update(w: Any, g: Any, m: Any, s: Any) -> tuple[Any, Any, Any]:
            if self.weight_decay:
                w, g = self.decayed(w, g)
            m, s = mixed(self.beta1, m, g), mixed(self.beta2, s, g * g)
            return (
                w - self.step_size * (m / mean_bias) / (sqrt(s / square_bias) + self.epsilon),
                m,
                s,
            )

        return update


class AdamW(Adam):
    """Adam whose weight decay shrinks the weights themselves, w <- w - alpha * decay * w.

    Source: Loshchilov and Hutter (2019), Decoupled weight decay regularization, Algorithm 2.
    """

    def __init__(
        self,
        parameters: Any,
        step_size: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, step_size, beta1, beta2, epsilon, weight_decay)

    def decayed(self, w: Any, g: Any) -> tuple[Any, Any]:
        """Return the weight, shrunk, and the gradient as it is."""
        return w * (1.0 - self.step_size * self.weight_decay), g


def mixed(decay: float, old: Any, new: Any) -> Any:
    """Return the running mean decay * old + (1 - decay) * new."""
    return decay * old + (1.0 - decay) * new


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}
