"""Neurons, layers and networks, from micrograd's `MLP` to the two-layer network of the textbook.

A neuron is one `dot` node, bias + w1*x1 + w2*x2 + ..., and one activation node.

>>> network = TwoLayerNetwork(n=2, p=3, q=1, seed=0)
>>> network
TwoLayerNetwork of [Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)], \
Layer of [SigmoidNeuron(3)]]
>>> (output,) = network([1.0, -1.0])
>>> output.op, output.parents[0].op
(<primitive sigmoid>, <primitive dot>)
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from autograd import (
    Value,
    dot,
    elu,
    gelu,
    leaky_relu,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from autograd.coercion import as_number, elements
from autograd.messages import shown
from autograd.modes import MODE, modes_in_use
from autograd.primitives import TABLE, inner_product, weighted_sum
from autograd.value import recorded_rows
from nn.module import Module

if TYPE_CHECKING:
    import numpy

T = TypeVar("T")
# Of a module: a single number, or a sequence or an array of them.
Inputs: TypeAlias = "Value | float | Sequence[Any] | numpy.ndarray[Any, Any]"
Activation = str | Callable[[Any], Any]


class Source(Protocol):
    """Where random numbers come from: a `random.Random`, or the module `random`."""

    def uniform(self, a: float, b: float, /) -> float:
        """Return a number drawn evenly from an interval."""

    def gauss(self, mu: float, sigma: float, /) -> float:
        """Return a number drawn from a normal distribution."""


Seed = int | Source | None


def linear(x: T) -> T:
    """Return x itself: the activation of an output that may be any number."""
    return x


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": linear,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "silu": silu,
    "gelu": gelu,
    "softplus": softplus,
    "sigmoid": sigmoid,
    "tanh": tanh,
}
TITLES = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU", "silu": "SiLU", "gelu": "GELU"}


def uniform(nin: int, nout: int, source: Source) -> float:
    """Return a first weight drawn uniformly from (-1, 1), as micrograd draws it."""
    return float(source.uniform(-1.0, 1.0))


def xavier(nin: int, nout: int, source: Source) -> float:
    """Return a first weight that keeps the variance of signals and of gradients about equal.

    Source: Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward
            neural networks, equation 16.
    """
    limit = math.sqrt(6.0 / (nin + nout))
    return float(source.uniform(-limit, limit))


def he(nin: int, nout: int, source: Source) -> float:
    """Return a first weight of variance 2 / nin, which makes up for what relu cuts off.

    Source: He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, equation 10.
    """
    return float(source.gauss(0.0, math.sqrt(2.0 / nin)))


INITS: dict[str, Callable[[int, int, Source], float]] = {
    "uniform": uniform,
    "xavier": xavier,
    "he": he,
}


def chosen(what: str, name: object, table: dict[str, T]) -> T:
    """Return the entry of a table by name.

    Raises: ValueError, with the names that there are.
    """
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"{what} {shown(name)} is not known; choose from {', '.join(table)}")
    return table[name]


def activation_function(activation: Activation) -> Callable[[Any], Any]:
    """Return the function for a name; a primitive, or any function of a Value, is one already."""
    if callable(activation):
        return activation
    row = TABLE.get(activation) if isinstance(activation, str) else None
    if row and activation not in ACTIVATIONS and len(row.partials) - len(row.defaults) == 1:
        # Any function of one operand; a file may name it.
        return row
    return chosen("activation", activation, ACTIVATIONS)


def activation_name(activation: Activation) -> str:
    """Return the name of an activation: its own if it has one."""
    if isinstance(activation, str):
        return activation
    name = getattr(activation, "name", "") or getattr(activation, "__name__", "")
    return str(name or activation)


def source_of(seed: Seed) -> Source:
    """Return the source of random numbers: the module's global one where no seed is given."""
    if seed is None:
        return random
    # The module `random` is a source, too.
    given: Any = seed
    return given if hasattr(seed, "uniform") else random.Random(given)


def positive(what: str, n: object) -> int:
    """Return a count of neurons or inputs, which is an int of at least 1."""
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise ValueError(f"{what} must be an int of at least 1, not {shown(n)}")
    return n


def sequence(x: Inputs, n: int, module: Module) -> Any:
    """Return the inputs of a module as a sequence of n.

    Raises: ValueError, with both numbers, when there are more or fewer.
    """
    xs: Any = x if hasattr(x, "__len__") else [x]
    if len(xs) != n:
        raise ValueError(f"{module!r:.60} takes {n} inputs, not {len(xs)}")
    return xs


def plain_inputs(module: Module, xs: Sequence[Any]) -> list[float] | None:
    """Return the inputs as floats where a module is to compute on floats, else None.

    That is in `eval()` mode and under `no_grad()`, and never when one of them is a Value.
    """
    if module.training and (not modes_in_use or MODE.get().record):
        return None
    if any(isinstance(x, Value) for x in xs):
        return None
    return [float(as_number(x)) for x in xs]


class Neuron(Module):
    """One neuron: activation(b + w1*x1 + ... + wn*xn).

    Args:
        nin: how many inputs.
        nonlin: False for a linear neuron, whatever the activation.
        activation: a name from `ACTIVATIONS`, a primitive, or a function of a Value.
        init: "uniform" on (-1, 1), "xavier" or "he"; the bias starts at 0.
        fan_out: for "xavier": how many neurons share the inputs.
        seed: an int or a `random.Random`; the global generator of `random` where it is None.

    >>> neuron = Neuron(2, activation="tanh", seed=1)
    >>> neuron
    TanhNeuron(2)
    >>> neuron([0.0, 0.0]).data
    0.0
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        init: str = "uniform",
        fan_out: int = 1,
        seed: Seed = None,
    ) -> None:
        draw = chosen("init", init, INITS)
        source = source_of(seed)
        self.w = [Value(draw(nin, fan_out, source)) for _ in range(positive("nin", nin))]
        self.b = Value(0.0)
        self.nonlin = nonlin
        self.activation = activation_function(activation) if nonlin else linear
        self.title = activation_name(activation) if nonlin else "linear"

    def __call__(self, x: Inputs) -> Any:
        """Return the neuron's output for a sequence of Values or numbers."""
        xs = sequence(x, len(self.w), self)
        floats = plain_inputs(self, xs)
        return self.recorded(xs) if floats is None else self.computed(floats)

    def recorded(self, xs: Sequence[Any]) -> Any:
        """Return the output as a Value, with its history."""
        return self.activation(dot(self.w, xs, self.b))

    def computed(self, xs: Sequence[float]) -> Any:
        """Return the output as a float: the same bits, without a history."""
        return self.activation(weighted_sum(self.b.data, *[w.data for w in self.w], *xs))

    def __repr__(self) -> str:
        return f"{TITLES.get(self.title, self.title.title())}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side, all on the same inputs.

    Args: nin: how many inputs; nout: how many neurons; the rest as for `Neuron`, where the
        activation may also be "softmax", taken over the whole layer.
    Returns, when called: the list of outputs; the single output itself of a layer of one.

    >>> layer = Layer(2, 3, activation="softmax", init="he", seed=0).eval()
    >>> round(sum(layer([1.0, 2.0])), 12)
    1.0
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        init: str = "uniform",
        seed: Seed = None,
    ) -> None:
        self.softmax = nonlin and activation == "softmax"
        if self.softmax and nout == 1:
            raise ValueError("the softmax of one output is always 1; use sigmoid, or two outputs")
        # A softmax is of all neurons together, so each of them is linear.
        one: Activation = "linear" if self.softmax else activation
        source = source_of(seed)
        self.neurons = [
            Neuron(nin, nonlin, activation=one, init=init, fan_out=nout, seed=source)
            for _ in range(positive("nout", nout))
        ]

    def __call__(self, x: Inputs) -> Any:
        """Return the outputs for a sequence of Values or numbers."""
        xs = sequence(x, len(self.neurons[0].w), self)
        floats = plain_inputs(self, xs)
        if floats is None:
            outs = self.recorded(xs)
        else:
            outs = [neuron.computed(floats) for neuron in self.neurons]
        if self.softmax:
            return softmax(outs)
        return outs[0] if len(outs) == 1 else outs

    def recorded(self, xs: Sequence[Any]) -> list[Any]:
        """Return the outputs as Values, with their history."""
        n = len(xs)
        # One call for the whole layer; neurons of a user's own kind are asked one by one.
        if all(type(neuron) is Neuron and len(neuron.w) == n for neuron in self.neurons):
            sums = recorded_rows(inner_product, [(x.b, *x.w) for x in self.neurons], tuple(xs))
            if sums is not None:
                return [neuron.activation(z) for neuron, z in zip(self.neurons, sums)]
        return [neuron.recorded(xs) for neuron in self.neurons]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """A multi-layer perceptron: layers in a row, the last one linear unless `output` says else.

    With the defaults it is micrograd's: after `random.seed(1337)` it has micrograd's numbers.

    Args:
        nin: how many inputs.
        nouts: how many neurons in each layer.
        activation, output: of the hidden layers and of the last, see `Layer`.
        init, seed: see `Neuron`.

    >>> MLP(2, [3, 1])
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(3)]]
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *,
        activation: Activation = "relu",
        output: Activation = "linear",
        init: str = "uniform",
        seed: Seed = None,
    ) -> None:
        nouts = elements("nouts", nouts)
        if not nouts:
            raise ValueError("nouts is empty: a network has at least one layer")
        self.sizes = [nin, *nouts]
        self.activation = activation
        self.output = output
        source = source_of(seed)
        last = len(nouts) - 1
        self.layers = [
            Layer(
                self.sizes[i],
                self.sizes[i + 1],
                activation=output if i == last else activation,
                init=init,
                seed=source,
            )
            for i in range(len(nouts))
        ]

    @property
    def hidden_units(self) -> int:
        """How many units there are between the inputs and the last layer."""
        return sum(self.sizes[1:-1])

    def __call__(self, x: Inputs, factors: Sequence[Any] | None = None) -> Any:
        """Return the output of the last layer for a sequence of Values or numbers.

        Args: factors: for dropout, what each hidden unit's output is multiplied by, layer by layer.
        """
        start = 0
        for layer in self.layers:
            x = layer(x if hasattr(x, "__len__") else [x])
            if factors is not None and layer is not self.layers[-1]:
                # The outputs are the network's answer: only hidden units are dropped.
                outs = x if isinstance(x, list) else [x]
                x = [y * factors[start + i] for i, y in enumerate(outs)]
                start += len(outs)
        return x

    def __repr__(self) -> str:
        return f"{type(self).__name__} of [{', '.join(map(str, self.layers))}]"


class TwoLayerNetwork(MLP):
    """The network of Figure 3.4: n inputs, p hidden neurons, q outputs, a bias for each neuron.

        h_j = hidden(w_j0 + sum_i w_ji x_i),    y_k = output(c_k + sum_j v_kj h_j)

    Args:
        n, p, q: how many inputs, hidden neurons and outputs.
        hidden, output: activations; output may be "sigmoid", "softmax", "linear" or any other.
        init: "xavier", "he" or "uniform"; seed: of the first weights.
    Returns, when called: always a list of q outputs.
    Source: Deep Learning and MindSpore Practice, section 3.2, Figure 3.4.

    >>> network = TwoLayerNetwork(2, 4, 3, seed=7)
    >>> len(network.parameters()), len(network([0.5, -0.5]))
    (27, 3)
    """

    def __init__(
        self,
        n: int,
        p: int,
        q: int,
        hidden: Activation = "relu",
        output: Activation = "sigmoid",
        *,
        init: str = "xavier",
        seed: Seed = 0,
    ) -> None:
        self.n = positive("n", n)
        self.p = positive("p", p)
        self.q = positive("q", q)
        super().__init__(n, [p, q], activation=hidden, output=output, init=init, seed=seed)

    def __call__(self, x: Inputs, factors: Sequence[Any] | None = None) -> list[Any]:
        """Return the q outputs for a sequence of n Values or numbers; factors as for `MLP`."""
        outputs = super().__call__(x, factors)
        return outputs if self.q > 1 else [outputs]
