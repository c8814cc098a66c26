"""Small products of matrices in the turns of a loop, as the inner products that they are.

A turn whose products are small is written out as a whole, so that what it carries stays in
registers; a kernel for matrices would be called in every turn.
"""

from __future__ import annotations

import numpy as np

from autograd.compile.lower.graph import Array
from autograd.compile.lower.program import Dot, Instruction, Loop, Matrix, slices_of
from autograd.compile.lower.rolling import even_loop

# So many stand in the products of a turn: more are as fast in a kernel of their own.
MAX_MULTIPLICATIONS = 96


def with_dots(loop: Loop) -> Loop:
    """Return a loop with inner products in place of matrices, if these are small."""
    matrices = [step for step in loop.body if isinstance(step, Matrix)]
    if not matrices or sum(map(multiplications, matrices)) > MAX_MULTIPLICATIONS:
        return loop
    columns = loop.columns()
    body: list[Instruction] = []
    tables: list[Array] = []
    for step, chosen in zip(loop.body, slices_of(loop.body)):
        own = columns[:, chosen]
        if isinstance(step, Matrix):
            own = own[:, order_of_dots(step)]
            step = dots_of(step, own[0])
        body.append(step)
        tables.append(own)
    places = np.concatenate(tables, axis=1)
    return even_loop(loop.out, loop.count, body, places)


def multiplications(step: Matrix) -> int:
    """Return how many multiplications a product of matrices takes."""
    _, columns = step.inputs.shape
    return int(step.weights.size * columns)


def order_of_dots(step: Matrix) -> Array:
    """Return which place of a matrix each place of its inner products is.

    >>> table = np.array([[0, 1], [2, 3]])
    >>> order_of_dots(Matrix(9, 4, table, table, table, (True, True, True), False)).tolist()
    [0, 1, 2, 3, 4, 4, 6, 6, 5, 5, 7, 7, 8, 9, 8, 9, 10, 11, 10, 11]
    """
    rows, terms = step.weights.shape
    _, columns = step.inputs.shape
    places = np.arange(step.places().size)
    sizes = [step.bias.size, step.weights.size]
    ends = np.cumsum(sizes)
    bias, weights, inputs = np.split(places, ends)
    # Term by term, as a dot has them: each row of weights meets each column of inputs.
    by_term = weights.reshape(rows, terms).T
    left = np.repeat(by_term, columns, axis=1)
    of_column = inputs.reshape(terms, columns)
    right = np.tile(of_column, (1, rows))
    return np.concatenate([bias, left.ravel(), right.ravel()])


def dots_of(step: Matrix, places: Array) -> Dot:
    """Return the inner products of a matrix with these places."""
    bias, sides = np.split(places, [step.count])
    _, terms = step.weights.shape
    left, right = sides.reshape(2, terms, step.count)
    return Dot(step.out, step.count, bias, left, right, step.edges, step.optional)
