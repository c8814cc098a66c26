"""Random programs without any pattern: the same list of operations for every engine.

An instruction is (operation, operand, operand): places in the list of numbers so far, which starts
with the inputs. Nearly every result is used later, and the last instructions add up the rest, so
that nothing is dead. Operands that have grown are squashed, so that the numbers stay moderate.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

INPUTS = 16
BINARY = ("+", "-", "*")
OPERATIONS = (*BINARY, *BINARY, "sin", "tanh", "exp")
SQUASHING = ("sin", "tanh")
GROWN = 2.0
UNUSED = 0.5  # how often an operand is a result that nothing has used yet


class Instruction(NamedTuple):
    operation: str
    i: int
    j: int  # the same as i where the operation has one operand


def functions(sin: Any, tanh: Any, exp: Any) -> dict[str, Callable[[Any, Any], Any]]:
    """Return what each operation does, for the numbers that three functions take."""
    return {
        "+": lambda x, y: x + y,
        "-": lambda x, y: x - y,
        "*": lambda x, y: x * y,
        "sin": lambda x, _: sin(x),
        "tanh": lambda x, _: tanh(x),
        "exp": lambda x, _: exp(x),
    }


ON_FLOATS = functions(math.sin, math.tanh, math.exp)


def program(length: int, seed: int = 0) -> list[Instruction]:
    """Return a program of so many instructions, sums of the last unused results included."""
    source = random.Random(seed)
    numbers = list(start(source))
    unused, made = deque(range(INPUTS)), list[Instruction]()
    while len(made) + len(unused) - 1 < length:
        operation, operands = drawn(source, numbers, unused)
        made.append(Instruction(operation, *operands))
        unused.append(len(numbers))
        numbers.append(ON_FLOATS[operation](*(numbers[i] for i in operands)))
    while len(unused) > 1:
        made.append(Instruction("+", unused.popleft(), unused.popleft()))
        unused.append(INPUTS + len(made) - 1)
    return made


def drawn(
    source: random.Random, numbers: Sequence[float], unused: deque[int]
) -> tuple[str, tuple[int, int]]:
    """Return a random operation with its operands."""
    i, operation = operand(source, numbers, unused), source.choice(OPERATIONS)
    if abs(numbers[i]) > GROWN:
        return source.choice(SQUASHING), (i, i)
    if operation not in BINARY:
        return operation, (i, i)
    j = operand(source, numbers, unused)
    if abs(numbers[j]) > GROWN:
        unused.appendleft(i)
        return source.choice(SQUASHING), (j, j)
    return operation, (i, j)


def operand(source: random.Random, numbers: Sequence[float], unused: deque[int]) -> int:
    """Return the place of an operand: often one that waits to be used."""
    if unused and source.random() < UNUSED:
        return unused.popleft()
    return source.randrange(len(numbers))


def start(source: random.Random) -> list[float]:
    """Return inputs to try a program on."""
    return [source.uniform(-1.0, 1.0) for _ in range(INPUTS)]


def run(
    made: Sequence[Instruction], xs: Sequence[Any], using: Mapping[str, Callable[[Any, Any], Any]]
) -> Any:
    """Return the result of a program for 16 inputs."""
    numbers = list(xs)
    for operation, i, j in made:
        numbers.append(using[operation](numbers[i], numbers[j]))
    return numbers[-1]
