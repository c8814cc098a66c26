"""A character GPT of one layer, one number at a time: it runs on floats and on Values alike.

Nothing here knows of arrays, of batches or of derivatives. A text is a list of one-hot rows, so
that looking up an embedding is a sum of products like every other; matrices are lists of rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from autograd import exp, log, maximum, relu, stop_gradient

VOCABULARY, WIDTH, HEADS, CONTEXT = 27, 16, 4, 16
HIDDEN, HEAD = 4 * WIDTH, WIDTH // HEADS
SMALL = 1e-5  # keeps the root mean square of a row of zeros away from 0
SHAPES = {
    "token": (WIDTH, VOCABULARY),
    "position": (CONTEXT, WIDTH),
    "query": (WIDTH, WIDTH),
    "key": (WIDTH, WIDTH),
    "value": (WIDTH, WIDTH),
    "joined": (WIDTH, WIDTH),
    "up": (HIDDEN, WIDTH),
    "down": (WIDTH, HIDDEN),
    "logits": (VOCABULARY, WIDTH),
}

Row = Sequence[Any]
Matrix = Sequence[Row]


def weights(number: Callable[[float], Any] = float, seed: int = 0) -> dict[str, list[list[Any]]]:
    """Return first weights, normal with a deviation of 0.2, made into numbers of any kind."""
    draw = random.Random(seed).gauss
    return {
        name: [[number(draw(0.0, 0.2)) for _ in range(n)] for _ in range(m)]
        for name, (m, n) in SHAPES.items()
    }


def one_hot(index: int) -> list[float]:
    """Return the row of a character: 1 at its place in the vocabulary, 0 elsewhere."""
    return [float(i == index) for i in range(VOCABULARY)]


def weighted(ws: Row, xs: Row) -> Any:
    """Return the sum of the products of two rows."""
    return sum(w * x for w, x in zip(ws, xs))


def linear(matrix: Matrix, xs: Row) -> list[Any]:
    """Return the product of a matrix and a column."""
    return [weighted(row, xs) for row in matrix]


def added(xs: Row, ys: Row) -> list[Any]:
    """Return the sum of two rows."""
    return [x + y for x, y in zip(xs, ys)]


def normalized(xs: Row) -> list[Any]:
    """Return a row divided by its root mean square."""
    scale = (weighted(xs, xs) / len(xs) + SMALL) ** -0.5
    return [x * scale for x in xs]


def exponentials(xs: Row) -> tuple[list[Any], Any]:
    """Return exp(x - the largest) for every x, and the largest: no exponential overflows."""
    shift = stop_gradient(maximum(xs))
    return [exp(x - shift) for x in xs], shift


def attended(query: Row, keys: Matrix, values: Matrix) -> list[Any]:
    """Return the values of what has been read so far, averaged by how well the keys match."""
    raised, _ = exponentials([weighted(query, key) * HEAD**-0.5 for key in keys])
    whole = sum(raised)
    shares = [x / whole for x in raised]
    return [weighted(shares, column) for column in zip(*values)]


def heads(xs: Row) -> list[Row]:
    """Return the parts of a row that belong to the heads."""
    return [xs[i : i + HEAD] for i in range(0, WIDTH, HEAD)]


def logits(model: dict[str, Any], text: Matrix) -> list[list[Any]]:
    """Return, for every position of a text, a number for each character that may come next."""
    found, keys, values = [], [], []
    for character, place in zip(text, model["position"]):
        xs = normalized(added(linear(model["token"], character), place))
        inside = normalized(xs)
        keys.append(heads(linear(model["key"], inside)))
        values.append(heads(linear(model["value"], inside)))
        queries = heads(linear(model["query"], inside))
        seen = [
            attended(query, [key[h] for key in keys], [value[h] for value in values])
            for h, query in enumerate(queries)
        ]
        xs = added(xs, linear(model["joined"], [x for head in seen for x in head]))
        hidden = [relu(x) for x in linear(model["up"], normalized(xs))]
        xs = added(xs, linear(model["down"], hidden))
        found.append(linear(model["logits"], xs))
    return found


def surprise(zs: Row, target: Row) -> Any:
    """Return -log of the probability that the logits give to the character that came, in nats."""
    raised, shift = exponentials(zs)
    return log(sum(raised)) + shift - weighted(target, zs)


def loss(model: dict[str, Any], text: Matrix, following: Matrix) -> Any:
    """Return the mean surprise over the positions of a text, given the characters that follow."""
    found = logits(model, text)
    return sum(surprise(zs, target) for zs, target in zip(found, following)) / len(found)
