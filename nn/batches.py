"""Many rows at once through a network, on floats: the bits of one row at a time, many times faster.

A layer is computed for all rows before the next: each neuron adds up column by column, in the order
in which it adds up the numbers of one row. So nothing is rounded otherwise, on lists or on NumPy's
arrays, where NumPy is installed.

>>> from nn import MLP
>>> network = MLP(2, [3, 2], activation="tanh", output="softmax", seed=0).eval()
>>> rows = [[0.5, -1.0], [2.0, 0.25]]
>>> outputs_of_rows(network, rows) == [network(row) for row in rows]
True
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, TypeGuard

from autograd import no_grad, softmax
from nn.layers import MLP, Layer, Neuron, TwoLayerNetwork
from nn.module import Network

# So many rows at a time: their columns stay in the cache.
BLOCK = 1024
# So many products take less time than importing NumPy.
FEW_PRODUCTS = 1_000_000


def outputs_of_rows(network: Network, rows: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the outputs of a network for each row: the same floats as calling it on the row."""
    if not rows:
        return []
    with no_grad():
        if not is_plain_network(network) or any(len(row) != network.sizes[0] for row in rows):
            found = [network(row) for row in rows]
            return [list(z) if isinstance(z, list) else [z] for z in found]
        # NumPy pays where there is enough to do; either way adds up in the same order.
        numpy = array_module(len(rows) * sum(map(len, weights_of(network))))
        blocks = (rows[i : i + BLOCK] for i in range(0, len(rows), BLOCK))
        return [outputs for block in blocks for outputs in block_outputs(network, block, numpy)]


def is_plain_network(network: Any) -> TypeGuard[MLP]:
    """Tell whether a network has no layer and no neuron of a user's own kind."""
    return (
        type(network) in (MLP, TwoLayerNetwork)
        and all(type(layer) is Layer for layer in network.layers)
        and all(type(neuron) is Neuron for layer in network.layers for neuron in layer.neurons)
    )


def weights_of(network: MLP) -> Iterator[list[Any]]:
    """Yield the weights of each neuron."""
    return (neuron.w for layer in network.layers for neuron in layer.neurons)


def array_module(products: int) -> ModuleType | None:
    """Return NumPy where it is installed and worth its import, else None."""
    if products < FEW_PRODUCTS:
        return None
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def block_outputs(
    network: MLP, rows: Sequence[Any], numpy: ModuleType | None
) -> Iterator[list[float]]:
    """Return the outputs for some rows."""
    signals = [list(map(float, column)) for column in zip(*rows)]
    for layer in network.layers:
        columns = signals if numpy is None else [numpy.array(column) for column in signals]
        signals = [neuron_outputs(neuron, columns, len(rows), numpy) for neuron in layer.neurons]
        # A softmax is over the units of a row, so columns become rows and columns again.
        if layer.softmax:
            rows_of_sums = map(list, zip(*signals))
            shares = map(softmax, rows_of_sums)
            signals = list(map(list, zip(*shares)))
    return map(list, zip(*signals))


def neuron_outputs(
    neuron: Neuron, columns: list[Any], count: int, numpy: ModuleType | None
) -> list[float]:
    """Return the output of a neuron for each row."""
    bias = neuron.b.data
    if numpy is None:
        sums = [bias] * count
        for w, column in zip([w.data for w in neuron.w], columns):
            sums = [total + w * x for total, x in zip(sums, column)]
    else:
        array = numpy.full(count, bias)
        # Floats do not warn either.
        with numpy.errstate(all="ignore"):
            for w, column in zip(neuron.w, columns):
                array = array + w.data * column
        sums = array.tolist()
    activation = neuron.activation
    return [activation(x) for x in sums]
