"""What runs a program beside the eager engine, and random programs that each of them has to run.

A back end says what a program gives at its rows: values, and gradients by parameters and by inputs.
The engines run what the compiler made, loops as loops. `source()` is what it prints of the program
that computes a value and its gradient, executed as Python. JavaScript runs graphs as they were
recorded, at the first row: every turn of a loop by itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import Value, gradients
from autograd.compile import Compiled
from autograd.compile.javascript.graphs import GraphScript
from nn import TwoLayerNetwork, mse_loss
from testkit.javascript import answers_of_node as answers
from testkit.javascript import as_number, as_text, node_program, script_for
from testkit.listings import executed
from testkit.loops import LoopProgram, close
from testkit.random_graphs import drawn, tied

ROWS = 3


class Runnable(NamedTuple):
    """A function of a list of inputs, with its parameters, and samples."""

    function: Callable[[Sequence[Any]], Value]
    parameters: list[Value]
    rows: list[list[float]]

    def recorded(self, row: Sequence[float]) -> tuple[list[Value], Value]:
        """Return the inputs and the result, as the eager engine records them."""
        inputs = [Value(x) for x in row]
        return inputs, self.function(inputs)


class Answer(NamedTuple):
    """What a back end says, row by row: values, and gradients."""

    values: Any
    by_parameters: Any
    by_inputs: Any


def loops(number: int) -> Runnable:
    """Return a random program with loops."""
    source = LoopProgram(number)
    parameters = [Value(w) for w in source.weights]
    return Runnable(lambda xs: source.run(parameters, xs), parameters, source.rows)


def graph(number: int) -> Runnable:
    """Return a random graph of two parameters and two inputs."""
    draw = random.Random(number)
    program = drawn(number)
    parameters = [Value(draw.uniform(-1, 1)) for _ in range(2)]
    rows = [[draw.uniform(-1, 1) for _ in range(2)] for _ in range(ROWS)]
    return Runnable(lambda xs: tied(program, [*parameters, *xs]), parameters, rows)


def network(seed: int) -> Runnable:
    """Return the textbook's network, 3-4-2, and its squared error; a row has the targets too."""
    layers = TwoLayerNetwork(3, 4, 2, seed=seed)
    draw = random.Random(seed)
    rows = [[draw.uniform(-1, 1) for _ in range(5)] for _ in range(ROWS)]
    return Runnable(lambda xs: mse_loss(layers(xs[:3]), xs[3:]), layers.parameters(), rows)


def by_eager_engine(program: Runnable) -> Answer:
    """Return what all others are compared with."""
    found = []
    for row in program.rows:
        for parameter in program.parameters:
            parameter.zero_grad()
        inputs, out = program.recorded(row)
        out.backward()
        found.append((out.data, [w.grad for w in program.parameters], [x.grad for x in inputs]))
    return Answer(*zip(*found))


def by_engine(program: Runnable, engine: str) -> Answer:
    """Return what a compiled function says."""
    compiled = Compiled(
        program.function, program.parameters, (program.rows[0],), engine=engine, reduce="sum"
    )
    by_parameters = compiled.per_sample_grad(program.rows)
    total, gradient, by_inputs = compiled.value_and_grad(program.rows, inputs=True)
    values = compiled.value(program.rows)
    assert close(total, np.sum(values)) and close(gradient, np.sum(by_parameters, axis=0))
    return Answer(values, by_parameters, by_inputs)


def by_source(program: Runnable) -> Answer:
    """Return what the listing computes, forward and backward."""
    compiled = Compiled(program.function, program.parameters, (program.rows[0],), engine="numpy")
    found = [executed(compiled)(row) for row in program.rows]
    return Answer(
        [row.results[0] for row in found],
        [row.by_parameters for row in found],
        [row.by_inputs for row in found],
    )


def by_source_of_gradients(program: Runnable) -> Answer:
    """Return what the listing computes of a function that returns its value and its gradient."""
    count = len(program.parameters)

    def function(xs: Sequence[Any]) -> list[Value]:
        out = program.function(xs)
        return [out, *gradients(out, [*program.parameters, *xs])]

    compiled = Compiled(function, program.parameters, (program.rows[0],), engine="numpy")
    listing = executed(compiled, seed=np.eye(1, 1 + count + len(program.rows[0]))[0])
    found = [listing(row).results for row in program.rows]
    return Answer(*zip(*((row[0], row[1 : 1 + count], row[1 + count :]) for row in found)))


def by_javascript(program: Runnable) -> Answer:
    """Return what Node makes of the graph of the first row, at all rows."""
    inputs, out = program.recorded(program.rows[0])
    recorded = GraphScript(out)
    cases = []
    for row in program.rows:
        numbers = dict(zip(inputs, row))
        leaves = [as_text(numbers.get(node, node.data)) for node in recorded.nodes]
        cases.append((recorded.data, leaves))
    places = {node: i for i, node in enumerate(recorded.nodes)}

    def adjoints(answer: Any, leaves: Sequence[Value]) -> Iterator[float]:
        for leaf in leaves:  # one that the result does not depend on is not there
            yield as_number(answer["adjoints"][places[leaf]] or 0.0) if leaf in places else 0.0

    found = answers(script_for(recorded.operations), cases)
    return Answer(
        [as_number(answer["values"][recorded.data["root"]]) for answer in found],
        [list(adjoints(answer, program.parameters)) for answer in found],
        [list(adjoints(answer, inputs)) for answer in found],
    )


BACK_ENDS: dict[str, Callable[[Runnable], Answer]] = {
    "numpy": lambda program: by_engine(program, "numpy"),
    "llvm": lambda program: by_engine(program, "llvm"),
    "JavaScript": by_javascript,
    "source": by_source,
    "source of gradients": by_source_of_gradients,
}


def is_here(back_end: str) -> bool:
    """Tell whether this machine has what a back end needs."""
    if back_end == "llvm":
        return Compiled(lambda x: x * x, example=(1.0,)).engine == "llvm"
    return back_end != "JavaScript" or node_program() is not None


def complaints(found: Answer, right: Answer) -> list[str]:
    """Return which results of a back end are wrong."""
    pairs = zip(Answer._fields, found, right)
    return [what for what, numbers, wanted in pairs if not close(numbers, wanted)]
