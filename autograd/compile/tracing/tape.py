"""The tape: what a function of Values did, as rows of primitives and the places of their operands.

`trace` calls the function once on fresh Values and writes down what they record. Every row is
written once: what is computed twice from the same operands is the same row, and what no output
needs is not written at all.

>>> from autograd import Value
>>> w = Value(2.0)
>>> tape, _ = trace(lambda x: w * x + w * x, [w], (3.0,))
>>> print(tape)
v0 = parameter 0
v1 = input 0
v2 = v0 * v1
v3 = v2 + v2
return v3
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import repeat, zip_longest
from math import nan
from typing import Any, NamedTuple
from weakref import ref

from autograd.atomic import exchanged
from autograd.backward import topological_order
from autograd.coercion import Operand, as_data, as_number, finite_or_inf
from autograd.compile.tracing import ended, other_threads, random_numbers, tracers
from autograd.compile.tracing.handlers import WALK
from autograd.compile.tracing.internal_primitives import CHOICES, share, shifted, top
from autograd.compile.tracing.libraries import of_library
from autograd.compile.tracing.reach import Reach, name_of
from autograd.compile.tracing.results import numbers_of, structure_of
from autograd.compile.tracing.stand_ins import stand_ins_in
from autograd.compile.tracing.symbols import Symbol, place_of
from autograd.compile.tracing.tracers import (
    RELATIONS,
    TracedAttributes,
    TracedValue,
    calling_line,
    one_trace,
    refuse,
    refuse_thread,
    taken_out,
    traced,
    tracing_classes,
)
from autograd.compile.tracing.truths_asked import asks_which
from autograd.modes import mode, traces
from autograd.newest import settle
from autograd.primitive_type import Primitive
from autograd.primitives import (
    add,
    cos,
    div,
    equal,
    exp,
    greater,
    greater_equal,
    inner_product,
    less,
    less_equal,
    mean,
    mul,
    neg,
    power,
    sin,
    softmax_of,
    square,
    stop_gradient,
    sub,
    tanh,
    total,
    unequal,
)
from autograd.structures import flatten, remade
from autograd.traced_adjoints import Mask
from autograd.value import Value

# What is written down as several rows.
IN_PARTS = (mean, softmax_of)
# Many are written, and as one row.
AS_THEY_ARE = {add, sub, mul, div, neg, sin, cos, exp, tanh}
WITHOUT_SLOPES = RELATIONS.union(CHOICES)
# What each comparison is with a float instead of a number beside it.
ORDER = {
    less: (less_equal, less),
    less_equal: (less_equal, less),
    greater: (greater, greater_equal),
    greater_equal: (greater, greater_equal),
}


class Guard(NamedTuple):
    """A branch the function took: the row that decided, what it was, what was asked, and where."""

    row: int
    truth: bool
    text: str
    source: str


class Tape:
    """Rows in the order of their computation; operands stand above the rows that use them.

    Attributes:
        ops: the Primitive of each row; None for a parameter, an input or a constant.
        operands: the places of its operands, one tuple for each row.
        constants: the number of each constant, by its place.
        parameters, inputs: the places of the leaves, in the caller's order.
        followed: other Values that the function uses, by their places: shared by all samples as
            parameters are, and without a gradient. Their numbers may change.
        made: leaves that the function makes itself; they are constants.
        made_inside: the same, to see which of them outlive the trace.
        outputs, guards: what is asked of the rows.
        watched: rows that have to be finite, see `lower.watched`, and the primitives they are of.
        recorded: how many nodes the function made, before any was found equal or unused.
    """

    def __init__(self) -> None:
        self.ops: list[Primitive | None] = []
        self.operands: list[tuple[int, ...]] = []
        self.constants: dict[int, Any] = {}
        self.parameters: list[int] = []
        self.inputs: list[int] = []
        self.followed: dict[int, Value] = {}
        self.made: set[Value] = set()
        self.made_inside: list[ref[Value]] = []
        self.outputs: list[int] = []
        self.guards: list[Guard] = []
        self.watched: dict[int, Primitive] = {}
        self.recorded = 0
        self.numbers: dict[tuple[type, str], int] = {}  # the constants that stand there already
        self.operations: dict[Primitive, dict[tuple[int, ...], int]] = {}  # and the operations

    def __len__(self) -> int:
        return len(self.ops)

    def asked(self) -> list[int]:
        """Return the rows that have to be computed, repeats kept."""
        return [*self.outputs, *(guard.row for guard in self.guards), *self.watched]

    def leaf(self) -> int:
        """Append a row that is not computed, and return its place."""
        self.ops.append(None)
        self.operands.append(())
        return len(self.ops) - 1

    def input(self) -> int:
        """Append an input, and return its place."""
        self.inputs.append(self.leaf())
        return self.inputs[-1]

    def follow(self, leaf: Value) -> int:
        """Append a Value that is neither parameter nor input, and return its place."""
        place = self.leaf()
        self.followed[place] = leaf
        return place

    def constant(self, number: Any) -> int:
        """Return the place of a constant; an int and the float equal to it are two."""
        key = (type(number), repr(number))
        if key not in self.numbers:
            self.numbers[key] = self.leaf()
            self.constants[self.numbers[key]] = number
        return self.numbers[key]

    def apply(self, op: Primitive, operands: tuple[int, ...]) -> int:
        """Return the place of an operation, which is appended unless it stands there already."""
        places = self.operations.get(op)
        if places is None:
            places = self.operations[op] = {}
        place = places.get(operands)
        if place is None:
            if op in AS_THEY_ARE:
                place = len(self.ops)
                self.ops.append(op)
                self.operands.append(operands)
            else:
                place = self.written(op, operands)
            places[operands] = place
        return place

    def written(self, op: Primitive, operands: tuple[int, ...]) -> int:
        """Append an operation, in parts where it has parts that others can share."""
        if op in IN_PARTS or isinstance(op, Mask):
            return self.in_parts(op, operands)
        if op is inner_product and len(operands) == 1:
            # A dot of no terms is its bias.
            return operands[0]
        if op in ORDER or op in (equal, unequal):
            op, operands = self.with_floats(op, operands)
        if op is power and self.constants.get(operands[1]) in (1, 2):
            # A product and no call of pow, in the slope too.
            base, exponent = operands
            return base if self.constants[exponent] == 1 else self.apply(square, (base,))
        self.ops.append(op)
        self.operands.append(operands)
        return len(self.ops) - 1

    def with_floats(
        self, op: Primitive, operands: tuple[int, ...]
    ) -> tuple[Primitive, tuple[int, ...]]:
        """Return a comparison, which is exact, as one with a float where a number lies between two.

        `x < 1/3` is `x <= 0.333...`, which is the float below the third.
        """
        plain = [self.constants.get(place, 0.0) for place in operands]
        near = [float(finite_or_inf(x)) for x in plain]
        if near == plain:
            return op, operands
        side = 0 if near[0] != plain[0] else 1
        if op in ORDER:
            upward = (near[side] < plain[side]) == bool(side)
            op = ORDER[op][not upward]
        else:
            # No float equals it.
            near[side] = nan
        places = list(operands)
        places[side] = self.constant(near[side])
        return op, tuple(places)

    def in_parts(self, op: Primitive, operands: tuple[int, ...]) -> int:
        """Append the parts of an operation, and return the place of the last."""
        if op is mean:
            whole = self.apply(total, operands)
            count = self.constant(len(operands))
            return self.apply(div, (whole, count))
        if isinstance(op, Mask):
            symbols = [Symbol(self, x) for x in operands]
            masks = op.row_constant(*symbols)  # type: ignore[misc]
            return place_of(self, masks[op.operand])
        index, *xs = operands
        largest = self.apply(top, tuple(xs))
        parts = tuple(self.apply(shifted, (x, largest)) for x in xs)
        part = parts[self.constants[index]]
        whole = self.apply(total, parts)
        return self.apply(share, (part, whole, *operands))

    def rows(self) -> tuple[Any, ...]:
        """Return all that two tapes of the same program have in common."""
        constants = {place: (type(x), repr(x)) for place, x in self.constants.items()}
        guards = [(guard.row, guard.truth) for guard in self.guards]
        leaves = self.parameters, self.inputs, list(self.followed), self.outputs
        return self.ops, self.operands, constants, leaves, guards

    def __getstate__(self) -> dict[str, Any]:
        # Where each operation stands, and what was made: only for those who write.
        return {**vars(self), "operations": {}, "made_inside": []}

    def lines(self) -> Iterator[str]:
        """Yield the tape as text, one line for each row."""
        names = {place: f"parameter {i}" for i, place in enumerate(self.parameters)}
        names |= {place: f"input {i}" for i, place in enumerate(self.inputs)}
        names |= {place: f"followed {i}" for i, place in enumerate(self.followed)}
        names |= {place: repr(number) for place, number in self.constants.items()}
        for place, op in enumerate(self.ops):
            if op:
                texts = [f"v{i}" for i in self.operands[place]]
                right = op.spell(*texts)
            else:
                right = names[place]
            yield f"v{place} = {right}"
        for guard in self.guards:
            yield f"require v{guard.row} is {guard.truth}"
        yield "return " + ", ".join(f"v{place}" for place in self.outputs)

    def __str__(self) -> str:
        return "\n".join(self.lines())


class Tracer:
    """The observer of a trace: comparisons become nodes, and branches are noted as guards.

    Args:
        truths: of the first branches, where they are not to follow the numbers.
        branches: whether each comparison is a branch at once, and True or False itself.
    Attributes:
        decisions: the nodes that the function branched on, with truth, text and line.
        leaves: that the function made itself: nobody else can set their numbers.
        refusal: the first error that the function was given because it is traced.
    """

    def __init__(self, truths: Sequence[bool] = (), branches: bool = False) -> None:
        self.truths = truths
        self.branches = branches
        self.decisions: list[tuple[Value, bool, str, str]] = []
        self.leaves: set[Value] = set()
        self.refusal: Exception | None = None

    def made(self, leaf: Value) -> None:
        """Take note of a leaf that the function makes."""
        self.leaves.add(leaf)

    def recorded(self, node: Value) -> None:
        """Take note of nothing: the graph is read off the outputs."""

    def compared(self, relation: Primitive, x: Value, y: Operand) -> Any:
        """Return the comparison as a node: 1 where it holds, else 0."""
        node = x.record(relation, (x, y))
        return self.decided(node) if self.branches else node

    def decided(self, node: Value) -> bool:
        """Note that the function branches on a node, and where; return which way."""
        number = len(self.decisions)
        truth = bool(node._data)
        if number < len(self.truths):
            truth = self.truths[number]
        if node.op:
            operands = map(operand_text, node.operands)
            text = node.op.spell(*operands)
        else:
            text = f"the truth of {operand_text(node)}"
        self.decisions.append((node, truth, text, calling_line()))
        return truth

    def check_thread(self, operands: Sequence[Any]) -> None:
        """Refuse operands that are Values of this trace, in a thread that is not tracing."""
        if any(isinstance(x, TracedValue) for x in operands):
            refuse_thread()


def operand_text(x: object) -> str:
    """Return what a message calls an operand: its name, and its number in the trace."""
    # A number that was taken out is called what it was taken out of.
    if isinstance(x, Value) and x.op is stop_gradient:
        x = x.operands[0]
    if not isinstance(x, Value):
        return repr(x)
    name = x.name or x.op or "a Value"
    return f"{name} ({x._data:.6g})"


def trace(
    function: Callable[..., Any],
    parameters: Sequence[Value],
    example: tuple[Any, ...],
    truths: Sequence[bool] = (),
    backwards: bool = False,
) -> tuple[Tape, Any]:
    """Run a function once and return its tape, and the structure of its result.

    Args:
        function: of plain numbers or structures of them, that may also use the parameters.
        parameters: the Values that are shared by all samples, in the order of the gradient.
        example: one argument for each of the function's; only its structure lasts, and which
            branches it takes.
        truths: of the first branches, where they are not to follow the numbers.
        backwards: makes the last input first in memory, so that sets have another order.
    Raises:
        TypeError: the function returns neither a number nor a list or tuple of numbers, or does
            what only a plain number can; the message has the line.
        ValueError: a Value is in the parameters twice.
        RuntimeError: it draws random numbers, or keeps a Value: it is more than a function.
    """
    settle()
    known = set(sys.modules)
    try:
        found = traced_once(function, parameters, example, truths, backwards)
        if not imported_since(known):
            return found
    except Exception:
        if not imported_since(known):
            raise
    # It imported a module, which was not one of those that it reached.
    return traced_once(function, parameters, example, truths, backwards)


def imported_since(known: Collection[str]) -> bool:
    """Tell whether a module of a user's has been imported beside those that are known."""
    return not all(map(of_library, sys.modules.keys() - known))


def traced_once(
    function: Callable[..., Any],
    parameters: Sequence[Value],
    example: tuple[Any, ...],
    truths: Sequence[bool],
    backwards: bool,
) -> tuple[Tape, Any]:
    """Return what `trace` returns."""
    reach = Reach(function)
    reach.check()
    branches = asks_which(reach.codes.values())
    with one_trace, traced_world(reach):

        def run() -> tuple[Tape, Any]:
            leaves = inputs(example, backwards)
            return written_down(function, parameters, leaves, example, truths, branches)

        # The outer trace looks at what is left of both.
        if traces:
            return run()
        references = ended.references()
        states = random_numbers.states(reach)
        try:
            found = run()
            if any(leaf() is not None for leaf in found[0].made_inside):
                # The function made a Value and keeps it: from now on it is there when it is called.
                found = run()
            generator = random_numbers.drawn(reach, states)
            if generator is not None:
                raise RuntimeError(random_numbers.complaint(function, generator, reach))
            if ended.left_over(references):
                x, line = one_kept(function, parameters, example)
                raise RuntimeError(ended.complaint(function, x, line, reach))
        finally:
            ended.end_all(references)
    return found


@contextlib.contextmanager
def traced_world(reach: Reach) -> Iterator[None]:
    """Have what a function reaches be, within the block, what it is in a trace."""
    sources = random_numbers.in_traces()
    changes = [*sources, *other_threads.in_traces(), *tracers.in_traces(reach.codes.values())]
    with stand_ins_in(reach.modules.values(), sources), exchanged(changes):
        yield


def check_again(
    tape: Tape, function: Callable[..., Any], parameters: Sequence[Value], example: tuple[Any, ...]
) -> None:
    """Trace a function a second time, and compare the tapes.

    That finds whatever differs from call to call: counters, the time, the order of a set.

    Raises: RuntimeError: they differ; the message has the first line that does.
    """
    again, _ = trace(function, parameters, example, backwards=True)
    for first, second in zip_longest(tape.lines(), again.lines(), fillvalue="nothing more"):
        if first != second:
            raise RuntimeError(
                f"{name_of(function)} did something else when it was"
                f" traced again: {first!r} was {second!r} then; it depends on more than its"
                " arguments and parameters, so pass that in as an input"
            )


def written_down(
    function: Callable[..., Any],
    parameters: Sequence[Value],
    leaves: Sequence[Value],
    example: tuple[Any, ...],
    truths: Sequence[bool] = (),
    branches: bool = False,
) -> tuple[Tape, Any]:
    """Run a function on fresh Values, and write down what it did. None of them stays alive."""
    if len(set(parameters)) < len(parameters):
        raise ValueError("parameters holds the same Value twice; pass each of them once")
    tracer = Tracer(truths, branches)
    out = called(function, parameters, remade(example, iter(leaves)), tracer, traced)
    results = numbers_of(name_of(function), out)
    tape = Tape()
    tape.made = tracer.leaves
    places: dict[int, int] = {}
    for xs, kept in ((parameters, tape.parameters), (leaves, tape.inputs)):
        for x in xs:
            place = tape.leaf()
            places[id(x)] = place
            kept.append(place)
    for x in results:
        place = written(tape, places, x)
        tape.outputs.append(place)
    for node, truth, text, source in tracer.decisions:
        place = written(tape, places, node)
        guard = Guard(place, truth, text, source)
        tape.guards.append(guard)
    tape.made_inside = [ref(leaf) for leaf in tape.made]
    # Among them may be the inputs of a trace within this one.
    tape.made = set()
    return tape, structure_of(out)


def inputs(example: tuple[Any, ...], backwards: bool = False) -> list[Value]:
    """Return a fresh Value for every number of an example, in the order of their addresses."""
    numbers = [x._data if isinstance(x, Value) else x for x in flatten(example)]
    leaves = sorted(map(Value, numbers), key=id, reverse=backwards)
    for i, (leaf, number) in enumerate(zip(leaves, numbers)):
        leaf._data = as_data(number)
        leaf.name = f"input {i}"
    tracers.set_classes(leaves, repeat(TracedValue))
    return leaves


def called(
    function: Callable[..., Any],
    parameters: Sequence[Value],
    arguments: tuple[Any, ...],
    tracer: Tracer,
    symbolic: Callable[..., Value],
) -> Any:
    """Return what a function returns while it is traced.

    Raises: TypeError, ValueError: it was refused something, also where it caught that.
    """
    depth = len(traces)
    traces.append(tracer)
    try:
        with (
            tracing_classes(parameters),
            mode(
                record=True,
                ieee=True,
                observer=tracer,
                differentiating=True,
                symbolic=symbolic,
                taken_out=taken_out,
                refuse=refuse,
            ),
        ):
            out = function(*arguments)
    except Exception as error:
        if tracer.refusal is None or tracer.refusal is error:
            raise
        raise tracer.refusal from error
    finally:
        del traces[depth:]
        WALK.quiet = (None, None)
    if tracer.refusal is not None:
        raise tracer.refusal
    return out


WALK.end_at(called.__code__)


def one_kept(
    function: Callable[..., Any], parameters: Sequence[Value], example: tuple[Any, ...]
) -> tuple[Value, str | None]:
    """Return a Value that a function keeps, and the line where it was made.

    A trace does not note lines, for that takes a fifth of its time; so the function is run again.
    """
    lines: dict[int, str] = {}

    def noting(*record: Any) -> Value:
        out = traced(*record)
        lines[id(out)] = calling_line()
        return out

    # What it kept the first time may stop it the second time.
    with contextlib.suppress(Exception):
        called(function, parameters, remade(example, iter(inputs(example))), Tracer(), noting)
    found = ended.kept(ended.living())
    for x in found:
        # A number that was taken out has no line of its own.
        source = next(iter(x.operands), x)
        line = lines.get(id(x)) or lines.get(id(source))
        if line:
            return x, line
    return found[0], None


def written(tape: Tape, places: dict[int, int], root: Any) -> int:
    """Write what a result depends on to the tape, operands first, and return its place.

    Args: places: of what stands on the tape, by ids, for that is fast: all of it lives meanwhile.
    """
    if not isinstance(root, Value):
        # It is of another interpreter, or of a trace that has ended.
        if hasattr(root, "record"):
            root.record(stop_gradient, (root,))
        return tape.constant(as_number(root))
    find = places.get
    if find(id(root)) is not None:
        return places[id(root)]
    if root.op is not None and not isinstance(root, TracedValue):
        return outside(tape, places, root)
    node = root
    rest = iter(root.operands)
    operands = list[Any]()
    # Nodes that wait for the one in hand: what is left of their operands, and found.
    above = []
    while True:
        for x in rest:
            place = find(id(x))
            if place is not None or not isinstance(x, Value):
                # None stands for a plain number, which is read with its node.
                operands.append(place)
            elif x.op is not None and not isinstance(x, TracedValue):
                operands.append(outside(tape, places, x))
            else:
                above.append((node, rest, operands))
                node = x
                rest = iter(x.operands)
                operands = []
                break
        else:
            place = places[id(node)] = row_of(tape, places, node, operands)
            if not above:
                return place
            node, rest, operands = above.pop()
            operands.append(place)


def outside(tape: Tape, places: dict[int, int], node: Value) -> int:
    """Return the place of a node that the function found computed: its number is followed.

    Raises: RuntimeError: it was computed of a parameter, by which it has a derivative; but its
        number stays what it was when the parameter moves.
    """
    names = {place: i for i, place in enumerate(tape.parameters)}
    for x in topological_order(node):
        if places.get(id(x)) in names:
            i = names[places[id(x)]]
            raise RuntimeError(
                f"{node!r} was computed of parameter {i} before the function was traced: its number"
                " would not follow the parameter; compute it inside the function, or pass its"
                " .detach()"
            )
    places[id(node)] = tape.follow(node)
    return places[id(node)]


def row_of(tape: Tape, places: dict[int, int], node: Value, operands: list[Any]) -> int:
    """Return the place of a node whose operands stand at the given places; None: a plain number."""
    if node.op is None:
        if isinstance(node, TracedAttributes):
            raise TypeError(
                f"{node.name or node!r} is a Value of another trace, and would be the number that"
                " it has there for ever; pass it in as an input, or as a parameter"
            )
        return tape.constant(float(node._data)) if node in tape.made else tape.follow(node)
    tape.recorded += 1
    if None in operands:
        pairs = zip(node.operands, operands)
        operands = [tape.constant(x) if place is None else place for x, place in pairs]
        places.update(zip(map(id, node.operands), operands))
    # A number need not be taken out first.
    if node.op in WITHOUT_SLOPES:
        operands = [below(tape, place) for place in operands]
    return tape.apply(node.op, tuple(operands))


def below(tape: Tape, place: int) -> int:
    """Return the place of what a number was taken out of."""
    while tape.ops[place] is stop_gradient:
        (place,) = tape.operands[place]
    return place
