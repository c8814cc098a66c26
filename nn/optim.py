"""Optimisers: how the gradients of a step become new weights.

A step is all or nothing: all new numbers are computed first, and written in one call that no
Ctrl-C interrupts. A rule is stated once, and updates one weight or whole arrays of them: recorded
and compiled trainings follow the same line. The formulas, for a weight w with gradient g and step
size alpha:

    SGD       w <- w - alpha * g                   (Algorithm 3.1; momentum: see there)
    Adagrad   s <- s + g**2;                       w <- w - alpha * g / (sqrt(s) + epsilon)
    RMSprop   s <- rho s + (1 - rho) g**2;         w <- w - alpha * g / (sqrt(s) + epsilon)
    Adam      m, s: running means of g and g**2, without bias;
              w <- w - alpha * m / (sqrt(s) + epsilon)

What all share (see `Optimizer`) comes first: clipping, then weight decay and l1, on biases too
unless a `Group` says else; alpha is the step size times the factor of a schedule.

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
from copy import copy
from itertools import accumulate, chain, repeat
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias, TypedDict, Unpack

from autograd import Value, clip
from autograd.atomic import set_attributes
from autograd.coercion import elements
from autograd.messages import shown
from autograd.structures import flatten, kind_of
from autograd.value import data_writes
from nn.module import Module, is_finite, is_plain
from nn.schedules import Schedule, schedule_of

if TYPE_CHECKING:
    import numpy

# Added to the norm by which gradients are clipped.
NORM_EPSILON = 1e-6

# A number of one parameter, or an array with one for each.
Number: TypeAlias = "float | numpy.ndarray[Any, Any]"
# The numbers of all parameters.
Column: TypeAlias = "list[float] | numpy.ndarray[Any, Any]"
# Values in a sequence, an iterator or any structure, or groups of them: looked at as it runs.
Parameters: TypeAlias = object
# What an optimiser remembers: a list or an array, one number per parameter.
Slots = dict[str, Any]
# (weight, gradient, *memory) -> (weight, *memory), all new.
Rule = Callable[..., tuple[Any, ...]]


class Common(TypedDict, total=False):
    """The settings that all optimisers have, see `Optimizer`."""

    l1: float
    clip_norm: float | None
    clip_value: float | None
    schedule: Callable[[int], float] | None


class Change(NamedTuple):
    """What an update did: lists or arrays of a number for each parameter, which nobody changes."""

    # The weights before it.
    before: Any
    gradients: Any
    after: Any


class Arithmetic(NamedTuple):
    """Lists of numbers, or arrays: what an update needs of either."""

    sqrt: Callable[[Any], Any]
    clip: Callable[[Any, float, float], Any]
    norm: Callable[[Any], float]
    # Of a function and columns: a column for each result.
    each: Callable[..., Sequence[Any]]
    join: Callable[[Any], Any]


def each_number(function: Callable[..., Any], *columns: list[float]) -> list[list[float]]:
    """Return the columns of results of a function that is called on a row of numbers at a time."""
    return list(map(list, zip(*map(function, *columns))))


NUMBERS = Arithmetic(
    sqrt=math.sqrt,
    clip=clip,
    norm=lambda xs: math.hypot(*xs),
    each=each_number,
    join=lambda parts: list(chain.from_iterable(parts)),
)


class Group:
    """Parameters with settings of their own, for an optimiser of several groups.

    The settings are attributes of the optimiser, such as `step_size` or `weight_decay`; what a
    group does not name it shares.

    >>> w, b = Value(1.0), Value(1.0)
    >>> optimizer = SGD([Group([w]), Group([b], weight_decay=0.0)], 0.5, weight_decay=0.5)
    >>> optimizer.step(); w.data, b.data
    (0.75, 1.0)
    """

    def __init__(self, parameters: Parameters, **settings: float) -> None:
        self.parameters = parameters_of(parameters)
        self.settings = settings


def weights_and_biases(network: Module) -> list[Group]:
    """Return two groups of a network's parameters: weights, and biases that nothing shrinks.

    A bias is a parameter with the name b. Decay on a bias pulls the mean of what a neuron sees
    towards 0, and has nothing of overfitting to prevent.

    Source: Goodfellow, Bengio and Courville (2016), Deep Learning, section 7.1.

    >>> from nn import AdamW, TwoLayerNetwork
    >>> AdamW(weights_and_biases(TwoLayerNetwork(4, 8, 3)), weight_decay=0.1).groups
    [(0, 56, {}), (56, 67, {'weight_decay': 0.0, 'l1': 0.0})]
    """
    named = network.named_parameters()
    weights = [p for path, p in named if path.rpartition(".")[2] != "b"]
    biases = [p for path, p in named if path.rpartition(".")[2] == "b"]
    groups = [Group(weights)] if weights else []
    return [*groups, Group(biases, weight_decay=0.0, l1=0.0)] if biases else groups


def parameters_of(parameters: Parameters) -> list[Value]:
    """Return the Values of a sequence, iterator or structure that are to be optimised.

    Raises: ValueError: there is none, one is there twice, or is no parameter but a result;
        TypeError: something else is among them.
    """
    structure = kind_of(parameters) is not None
    found = list(flatten(parameters) if structure else elements("an optimizer", parameters))
    if not found:
        raise ValueError(
            f"no parameters to optimise: a parameter is a Value, and {shown(parameters)} holds none"
        )
    for p in found:
        if not isinstance(p, Value):
            raise TypeError(f"a parameter is a Value, not {type(p).__name__} {shown(p)}")
        if p.op is not None:
            raise ValueError(
                f"{shown(p)} is no parameter: it was computed by {p.op}, so the next forward pass "
                "would not see an update; pass the Values that it was computed of"
            )
    return found


class Optimizer:
    """What all optimisers share: parameters, a step size that may be changed, and a memory.

    Gradients are clipped first, then weight decay and l1 are added, and then the rule applies::

        clip_norm:   g <- g * min(1, clip_norm / (norm of all gradients + 1e-6))
        clip_value:  g <- g within [-clip_value, clip_value]
        weight_decay, l1:  g <- g + weight_decay * w + l1 * sign(w), the gradient of
            weight_decay / 2 * sum(w**2) + l1 * sum(abs(w))
        schedule:    alpha = step_size * schedule(updates made before)

    Args:
        parameters: a sequence or iterator of Values, or a structure of them, such as a dict; or
            a list of `Group`s. All decay alike, biases too: see `weights_and_biases`.
        clip_norm, clip_value, l1: above; none unless given.
        schedule: from `nn.schedules`, or any function of an int.

    Raises: ValueError when there is nothing to optimise, or a setting is out of its range.
    Source: Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural
            networks, Algorithm 1, for clip_norm; Tibshirani (1996), Regression shrinkage and
            selection via the lasso, for l1. The 1e-6 is PyTorch's.
    """

    # The attributes that belong to a saved state;
    settings: tuple[str, ...] = ("step_size",)
    # of the common ones, those that are used.
    common: tuple[str, ...] = ("l1", "clip_norm", "clip_value")
    remembers: tuple[str, ...] = ()
    weight_decay: float = 0.0

    def __init__(
        self,
        parameters: Parameters,
        step_size: float,
        *,
        l1: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        schedule: Callable[[int], float] | None = None,
    ) -> None:
        self.l1 = in_range("l1", l1)
        self.clip_norm = limit_of("clip_norm", clip_norm)
        self.clip_value = limit_of("clip_value", clip_value)
        self.schedule = schedule
        self.parameters, self.groups = grouped(parameters)
        for _, _, own in self.groups:
            check_group(self, own)
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
        return self.computed(NUMBERS, weights, gradients)

    def computed(
        self, arithmetic: Arithmetic, weights: Column, gradients: Column
    ) -> tuple[Any, Slots]:
        """Return the new weights and the new memory: lists or arrays, as those given."""
        # Clipped over all parameters, before groups take them apart.
        columns = [weights, self.clipped(arithmetic, gradients), *self.slots.values()]
        now = self.with_settings(self.scheduled())
        if not self.groups:
            new, *memory = arithmetic.each(now.rule(arithmetic.sqrt), *columns)
        else:
            parts = []
            for start, stop, own in self.groups:
                rule = now.with_settings(now.of_group(own)).rule(arithmetic.sqrt)
                parts.append(arithmetic.each(rule, *(column[start:stop] for column in columns)))
            new, *memory = map(arithmetic.join, zip(*parts))
        return new, dict(zip(self.slots, memory))

    def clipped(self, arithmetic: Arithmetic, gradients: Column) -> Column:
        """Return the gradients, by norm and value no larger than the settings say."""
        if self.clip_norm:
            share = min(1.0, self.clip_norm / (arithmetic.norm(gradients) + NORM_EPSILON))
            (gradients,) = arithmetic.each(lambda g: (g * share,), gradients)
        limit = self.clip_value
        if limit:
            (gradients,) = arithmetic.each(
                lambda g: (arithmetic.clip(g, -limit, limit),), gradients
            )
        return gradients

    def scheduled(self) -> dict[str, float]:
        """Return the step size of this update, where a schedule has a say."""
        if self.schedule is None:
            return {}
        return {"step_size": self.step_size * self.schedule(self.steps)}

    def of_group(self, own: dict[str, float]) -> dict[str, float]:
        """Return the settings of a group; a schedule holds for its step size, too."""
        if "step_size" not in own or self.schedule is None:
            return own
        return {**own, "step_size": own["step_size"] * self.schedule(self.steps)}

    def with_settings(self, own: dict[str, float]) -> Self:
        """Return the optimiser, or a copy that has some settings of its own."""
        if not own:
            return self
        other = copy(self)
        vars(other).update(own)
        return other

    def penalized(self, w: Number, g: Number) -> Number:
        """Return the gradient with that of weight decay and l1."""
        if self.weight_decay:
            g = g + self.weight_decay * w
        if self.l1:
            g = g + self.l1 * sign(w)
        return g

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
        state.update(self.used())
        slots = {name: list(map(float, numbers)) for name, numbers in self.slots.items()}
        return {"optimizer": type(self).__name__, **state, "steps": self.steps, "slots": slots}

    def used(self) -> dict[str, Any]:
        """Return those settings of a state that are only there when they are used."""
        found: dict[str, Any] = {
            name: getattr(self, name) for name in self.common if getattr(self, name)
        }
        if self.schedule is not None:
            found["schedule"] = described(self.schedule)
        if self.groups:
            found["groups"] = [list(group) for group in self.groups]
        return found

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` returned.

        Raises: ValueError when it is another optimiser's, or for other parameters or groups, or
            has another schedule than the one given; nothing has changed then.
        """
        own = type(self).__name__
        if state.get("optimizer") != own:
            raise ValueError(f"the state of a {state.get('optimizer')}, not of {own}")
        missing = [name for name in (*self.settings, "steps", "slots") if name not in state]
        if missing:
            raise ValueError(f"the state of the optimiser lacks {', '.join(missing)}")
        # All of the state is checked before any of it is taken.
        slots = {name: self.checked_slot(name, state["slots"].get(name)) for name in self.slots}
        settings = {name: in_range(name, state[name]) for name in (*self.settings, "steps")}
        for name in self.common:
            settings[name] = in_range(name, state[name]) if name in state else self.unused(name)
        if state.get("groups", []) != [list(group) for group in self.groups]:
            raise ValueError("the state has other groups of parameters than the optimiser")
        schedule = self.same_schedule(state.get("schedule"))
        vars(self).update(settings, slots=slots, schedule=schedule)

    def unused(self, name: str) -> Any:
        """Return what a common setting is where it is not used."""
        return 0.0 if name == "l1" else 0 if name == "nesterov" else None

    def same_schedule(self, saved: object) -> Callable[[int], float] | None:
        """Return the schedule of a saved state, which must be the one given, if there is one.

        Raises: ValueError: it is another.
        """
        if self.schedule is None:
            return schedule_of(saved)
        if described(self.schedule) != saved:
            raise ValueError(f"the schedule was {saved}, and is now {described(self.schedule)}")
        return self.schedule

    def checked_slot(self, name: str, numbers: object) -> list[float]:
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


def grouped(parameters: Parameters) -> tuple[list[Value], list[tuple[int, int, dict[str, float]]]]:
    """Return all parameters, and of groups where each starts and stops, and its settings."""
    if isinstance(parameters, Group):
        parameters = [parameters]
    if not isinstance(parameters, (list, tuple)) or not parameters:
        return parameters_of(parameters), []
    if not all(isinstance(part, Group) for part in parameters):
        return parameters_of(parameters), []
    # The parameters of all groups stand in one list, each group a slice of it.
    stops = list(accumulate(len(group.parameters) for group in parameters))
    groups = [
        (start, stop, group.settings) for start, stop, group in zip([0, *stops], stops, parameters)
    ]
    return [p for group in parameters for p in group.parameters], groups


def check_group(optimizer: Optimizer, own: dict[str, float]) -> None:
    """Raise a ValueError where a group has a setting that its optimiser has not."""
    for name, x in own.items():
        if name not in (*optimizer.settings, "l1", "weight_decay"):
            raise ValueError(f"{type(optimizer).__name__} has no setting {name!r} for a group")
        in_range(name, x, above=name == "step_size")


def described(schedule: object) -> Any:
    """Return what a schedule is, for JSON: of a function of a user's own its name."""
    if isinstance(schedule, Schedule):
        return schedule.as_dict()
    return getattr(schedule, "__qualname__", type(schedule).__qualname__)


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
            # The first, in the order of the parameters, whatever computed them.
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


def limit_of(name: str, x: float | None) -> float | None:
    """Return a limit that is above 0, or None for no limit."""
    return None if x is None else in_range(name, x, above=True)


class SGD(Optimizer):
    """Gradient descent on mini-batches: w <- w - alpha * g, line (7) of Algorithm 3.1.

    With momentum, v <- momentum * v + g and w <- w - alpha * v: the heavy ball. Nesterov's looks
    ahead: w <- w - alpha * (g + momentum * v).

    Args: weight_decay, common: see `Optimizer`.
    Raises: ValueError: also for nesterov without momentum.
    Source: Robbins and Monro (1951); Polyak (1964), Some methods of speeding up the convergence of
            iteration methods; Nesterov (1983), in the form of Sutskever, Martens, Dahl and Hinton
            (2013), On the importance of initialization and momentum in deep learning, section 2.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> SGD([w], step_size=0.25).step(); w.data
    0.5
    """

    settings = ("step_size", "momentum", "weight_decay")
    common = (*Optimizer.common, "nesterov")
    remembers = ("velocity",)

    def __init__(
        self,
        parameters: Parameters,
        step_size: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(parameters, step_size, **common)
        self.momentum = in_range("momentum", momentum, high=1.0)
        self.weight_decay = in_range("weight_decay", weight_decay)
        self.nesterov = int(bool(nesterov))
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum above 0")

    def rule(self, sqrt: Callable[[Any], Any]) -> Rule:
        """Return the update of a weight and its velocity."""

        def update(w: Number, g: Number, v: Number) -> tuple[Any, Any]:
            g = self.penalized(w, g)
            if self.momentum:
                v = self.momentum * v + g
                g = g + self.momentum * v if self.nesterov else v
            return w - self.step_size * g, v

        return update


class Momentum(SGD):
    """SGD with a momentum of 0.9 unless told otherwise (Polyak, 1964)."""

    def __init__(
        self,
        parameters: Parameters,
        step_size: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(parameters, step_size, momentum, weight_decay, nesterov, **common)


class Nesterov(Momentum):
    """SGD that looks ahead along its momentum, of 0.9 unless told otherwise (Nesterov, 1983)."""

    def __init__(
        self,
        parameters: Parameters,
        step_size: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(parameters, step_size, momentum, weight_decay, True, **common)


class Adagrad(Optimizer):
    """Divides each gradient by the root of the sum of its squares: s <- s + g**2.

    w <- w - alpha * g / (sqrt(s) + epsilon): what moved much so far moves less from now on.

    Args: weight_decay, common: see `Optimizer`.
    Source: Duchi, Hazan and Singer (2011), Adaptive subgradient methods for online learning and
            stochastic optimization, with the diagonal of G_t.

    >>> w = Value(1.0)
    >>> (w * 3.0).backward()
    >>> Adagrad([w], step_size=0.5).step(); round(w.data, 6)  # the first step is alpha long
    0.5
    """

    settings = ("step_size", "epsilon", "weight_decay")
    remembers = ("squares",)

    def __init__(
        self,
        parameters: Parameters,
        step_size: float = 0.01,
        epsilon: float = 1e-10,
        weight_decay: float = 0.0,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(parameters, step_size, **common)
        self.epsilon = in_range("epsilon", epsilon, above=True)
        self.weight_decay = in_range("weight_decay", weight_decay)

    def rule(self, sqrt: Callable[[Any], Any]) -> Rule:
        """Return the update of a weight and its sum of squares."""

        def update(w: Number, g: Number, s: Number) -> tuple[Any, Any]:
            g = self.penalized(w, g)
            s = s + g * g
            return w - self.step_size * g / (sqrt(s) + self.epsilon), s

        return update


class RMSprop(Optimizer):
    """Divides each gradient by the root of a running mean of its square.

    s <- decay * s + (1 - decay) * g**2 and w <- w - alpha * g / (sqrt(s) + epsilon).

    Args: weight_decay, common: see `Optimizer`.
    Source: Tieleman and Hinton (2012), Lecture 6.5, Neural Networks for Machine Learning.
    """

    settings = ("step_size", "decay", "epsilon")
    common = (*Optimizer.common, "weight_decay")
    remembers = ("squares",)

    def __init__(
        self,
        parameters: Parameters,
        step_size: float = 0.01,
        decay: float = 0.9,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(parameters, step_size, **common)
        self.decay = in_range("decay", decay, high=1.0)
        self.epsilon = in_range("epsilon", epsilon, above=True)
        self.weight_decay = in_range("weight_decay", weight_decay)

    def rule(self, sqrt: Callable[[Any], Any]) -> Rule:
        """Return the update of a weight and its running mean."""

        def update(w: Number, g: Number, s: Number) -> tuple[Any, Any]:
            g = self.penalized(w, g)
            s = mixed(self.decay, s, g * g)
            return w - self.step_size * g / (sqrt(s) + self.epsilon), s

        return update


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their start at zero.

    m <- beta1 * m + (1 - beta1) * g, s <- beta2 * s + (1 - beta2) * g**2 and, in update t,
    w <- w - alpha * (m / (1 - beta1**t)) / (sqrt(s / (1 - beta2**t)) + epsilon).

    Args: weight_decay, common: see `Optimizer`.
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
        parameters: Parameters,
        step_size: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(parameters, step_size, **common)
        self.beta1 = in_range("beta1", beta1, high=1.0)
        self.beta2 = in_range("beta2", beta2, high=1.0)
        self.epsilon = in_range("epsilon", epsilon, above=True)
        self.weight_decay = in_range("weight_decay", weight_decay)

    def decayed(self, w: Number, g: Number) -> tuple[Number, Number]:
        """Return weight and gradient after weight decay: here it is part of the gradient."""
        return w, self.penalized(w, g)

    def rule(self, sqrt: Callable[[Any], Any]) -> Rule:
        """Return the update of a weight and its running means."""
        t = self.steps + 1
        mean_bias = 1.0 - self.beta1**t
        square_bias = 1.0 - self.beta2**t

        def update(w: Number, g: Number, m: Number, s: Number) -> tuple[Any, Any, Any]:
            w, g = self.decayed(w, g)
            m = mixed(self.beta1, m, g)
            s = mixed(self.beta2, s, g * g)
            step = self.step_size * (m / mean_bias)
            return w - step / (sqrt(s / square_bias) + self.epsilon), m, s

        return update


class AdamW(Adam):
    """Adam whose weight decay shrinks the weights themselves, w <- w - alpha * decay * w.

    Args: common: see `Optimizer`; l1 is part of the gradient here, too.
    Source: Loshchilov and Hutter (2019), Decoupled weight decay regularization, Algorithm 2.
    """

    def __init__(
        self,
        parameters: Parameters,
        step_size: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(parameters, step_size, beta1, beta2, epsilon, weight_decay, **common)

    def decayed(self, w: Number, g: Number) -> tuple[Number, Number]:
        """Return the weight, shrunk, and the gradient with that of l1."""
        if self.l1:
            g = g + self.l1 * sign(w)
        if self.weight_decay:
            w = w * (1.0 - self.step_size * self.weight_decay)
        return w, g


def sign(w: Number) -> Number:
    """Return 1, 0 or -1, of a number or of each in an array."""
    return 1.0 * (w > 0.0) - 1.0 * (w < 0.0)


def mixed(decay: float, old: Number, new: Number) -> Number:
    """Return the running mean decay * old + (1 - decay) * new."""
    return decay * old + (1.0 - decay) * new


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": Adagrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}
