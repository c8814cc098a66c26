"""Lowering: from a tape to a program.

Nodes with the same group key that are scheduled together become one instruction, whose members
stand in consecutive slots; inner products of the same weights with several inputs, or of several
weights with the same inputs, become a matrix product. The instructions stand in the order of the
schedule, so each comes after those that it reads from. Where their list repeats itself it is rolled
up, into loops.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.coercion import finite_or_inf
from autograd.compile.lower.fuse import fuse
from autograd.compile.lower.graph import NO_BIAS, Array, Graph, leading_to, merged, reached
from autograd.compile.lower.grouping import (
    GroupKey,
    differentiable_operands,
    edges_with_positions,
    group_keys,
)
from autograd.compile.lower.listing import Listing
from autograd.compile.lower.optional_adjoints import optional_rows
from autograd.compile.lower.program import (
    Dot,
    Edges,
    Instruction,
    Matrix,
    Program,
    Table,
)
from autograd.compile.lower.rolling import evened, rolled_up
from autograd.compile.lower.schedule import schedule, schedule_in_time
from autograd.compile.lower.single_rows import SingleRows, instruction_of, made
from autograd.compile.lower.turns import is_better, is_torn, times_of, turns_in
from autograd.compile.lower.watched import symbols_of, watched_rows
from autograd.compile.tracing.internal_primitives import differentiable, quotient, share
from autograd.compile.tracing.rules import slopes_and_masks
from autograd.compile.tracing.symbols import place_of
from autograd.compile.tracing.tape import Guard, Tape
from autograd.primitive_type import Variadic

# Inner products of fewer do not wait for others with the same weights.
MIN_TERMS_TO_WAIT = 4
# A single row of fewer is no matrix.
MIN_TERMS_OF_ONE_ROW = 8
# The number of a group key, and rows that are computed at once.
Group = tuple[int, list[int]]
# Of the terms of a dot, on one side.
Places = tuple[int, ...]
# Node, parent, slope, mask.
Edge = tuple[int, int, int, int]
NO_EDGES = np.empty((0, 4), np.int32)
# Ways of lowering.
FAST = "fast"
STRICT = "strict"
PLAIN = "plain"


def complete(tape: Tape) -> Array:
    """Write to a tape all that programs of it will ask for: local derivatives, and constants.

    Returns the edges of the nodes whose local derivatives are rows now: for each of them node,
    parent, slope and mask.
    """
    # The bias of a dot that has none.
    tape.constant(0.0)
    # The factor of a term that is no product.
    tape.constant(1.0)
    edges = expand(tape)
    tape.watched = watched_rows(tape)
    for place, op in enumerate(tape.ops):
        # Its edges are written down, so what is left is a quotient.
        if op is share:
            sides = tape.operands[place][:2]
            tape.ops[place] = quotient
            tape.operands[place] = sides
    return np.array(edges, np.int32).reshape(-1, 4)


def lower(tape: Tape, edges: Array, leaves: Sequence[int], way: str = FAST) -> Program:
    """Return the program of a complete tape, whose backward pass leads to the given leaves.

    Args: way: FAST; STRICT, which looks for absent adjoints everywhere, and so multiplies no
        infinity by one, overflows included, and has no guards, as it is run when they have held;
        or PLAIN, which looks as well, and computes every row by itself, so that its bits depend on
        nothing but the expression.
    Cost: O(n log n) in time for n nodes and operands, O(n) in memory.
    """
    lowering, groups = prepared(tape, edges, leaves, way)
    return chosen(lowering, groups)[1]


def unrolled(tape: Tape, edges: Array, leaves: Sequence[int], way: str = FAST) -> Program:
    """Return the program with all turns of its loops written out: see `lower`."""
    lowering, groups = prepared(tape, edges, leaves, way)
    groups, program = chosen(lowering, groups)
    lowering.write(groups)
    return replace(program, instructions=lowering.written_out())


def chosen(lowering: Lowering, groups: list[Group]) -> tuple[list[Group], Program]:
    """Return the groups of which the program is made, and the program, with loops.

    Args: groups: in the order of critical paths, beside which there is the order of turns.
    """
    program = lowering.program(groups)
    # One by one, rows stand as they do on the tape, where no turn is torn apart.
    if lowering.way == PLAIN:
        return groups, program
    slots = lowering.slot[lowering.nodes]
    if not is_torn(program, lowering.nodes, slots):
        return groups, program
    others = lowering.grouped_by_turns()
    if others is None:
        return groups, program
    other = lowering.program(others)
    if is_better(other, program):
        return others, other
    return groups, program


def prepared(
    tape: Tape, edges: Array, leaves: Sequence[int], way: str
) -> tuple[Lowering, list[Group]]:
    """Return the lowering of a tape, and its nodes in groups."""
    graph = Graph(tape)
    varies = varying(tape, graph, leaves, edges)
    parents = edges[:, 1]
    edges = edges[varies[parents]]
    optional, some = optional_rows(tape, graph, varies, edges)
    if way != FAST:
        optional = varies
    # Slopes and masks, for which nothing but the backward pass asks.
    extra = edges[:, 2:].ravel().tolist()
    nodes = fuse(tape, graph, extra, chains=way != PLAIN)
    lowering = Lowering(tape, graph, nodes, edges, varies, optional, way)
    lowering.some_absent = some
    return lowering, lowering.grouped()


def varying(tape: Tape, graph: Graph, leaves: Sequence[int], edges: Array = NO_EDGES) -> Array:
    """Tell for every row whether an adjoint has to flow through it.

    That is so where one of the leaves flows into it, and it into an output. What only a branch or a
    local derivative asks for has no adjoint. The given edges stand in for those of their nodes.
    """
    able = differentiable_operands(graph)
    rows = np.arange(graph.rows, dtype=np.int32)
    children, parents, positions = edges_with_positions(graph, rows)
    last = able.shape[1] - 1
    position = np.minimum(positions, last)
    code = graph.codes[children]
    flows = able[code, position]
    own = np.stack([children[flows], parents[flows]])
    given = edges[:, :2].T
    children, parents = merged(own, given, graph.rows)
    downstream = reached(leaves, parents, children, graph.rows)
    upstream = leading_to(tape.outputs, children, parents, graph.rows)
    return downstream & upstream


def expand(tape: Tape) -> list[Edge]:
    """Write to the tape the local derivatives of primitives with any number of operands.

    Sums and dots are left alone: they are linear in each operand. Of the others (a product, a norm,
    a softmax) the table's rule is read for as many operands as there are.
    """
    any_number = {op for op in set(tape.ops) if isinstance(op, Variadic)}
    wide = any_number - {p.total, p.inner_product}
    if not wide:
        return []
    leaves = tape.parameters + tape.inputs
    varies = varying(tape, Graph(tape), leaves)
    edges: list[Edge] = []
    for place in np.flatnonzero(varies).tolist():
        if tape.ops[place] in wide:
            edges += edges_of(tape, place, varies)
    return edges


def edges_of(tape: Tape, place: int, varies: Array) -> Iterable[Edge]:
    """Return the edges of one node, after writing their slopes to the tape."""
    op = tape.ops[place]
    operands = tape.operands[place]
    # Leaves have no edges.
    assert op is not None
    flows = []
    for i, operand in enumerate(operands):
        flow = bool(varies[operand]) and differentiable(op, i)
        flows.append(flow)
    symbols = symbols_of(tape, (*operands, place))
    slopes, masks = slopes_and_masks(op, symbols, flows)
    parents = [x for x, flow in zip(operands, flows) if flow]
    edges: list[Edge] = []
    for parent, slope, mask in zip(parents, slopes, masks):
        row_of_slope = place_of(tape, slope)
        row_of_mask = place_of(tape, mask)
        edges.append((place, parent, row_of_slope, row_of_mask))
    return edges


class Lowering:
    """The state of one lowering: which slot each row of the tape has got.

    It can make several programs, one after the other.
    """

    def __init__(
        self,
        tape: Tape,
        graph: Graph,
        nodes: Array,
        edges: Array,
        varies: Array,
        optional: Array,
        way: str,
    ) -> None:
        self.tape = tape
        self.graph = graph
        self.nodes = nodes
        self.edges = edges
        self.way = way
        # Where each row stands in the array of shared numbers, if it does.
        self.number = np.full(graph.rows, -1, np.int32)
        shared = [*tape.parameters, *tape.followed, *tape.constants]
        self.number[shared] = np.arange(len(shared))
        zero = tape.constant(0.0)
        self.zero = int(self.number[zero])
        is_shared = self.number >= 0
        self.keys, self.table = group_keys(graph, nodes, varies, optional, is_shared)
        self.some_absent = False
        self.start()

    def start(self) -> None:
        """Forget the instructions that there are, and all slots."""
        self.slot = np.full(self.graph.rows, -1, np.int32)
        self.instructions: list[Instruction | int] = []
        self.alone: list[int] = []
        self.slots = 0

    def program(self, groups: list[Group]) -> Program:
        """Return the program of groups in their order, with loops."""
        tape = self.tape
        trained = len(tape.parameters)
        constants = list(tape.constants.values())
        broadcast = self.write(groups)
        steps = self.rolled().made()
        return Program(
            trained=trained,
            parameters=trained + len(tape.followed),
            shared=[float(finite_or_inf(x)) for x in constants],
            constants=constants,
            inputs=len(tape.inputs),
            slots=self.slots,
            broadcast=self.number[broadcast],
            instructions=[evened(step) for step in steps],
            outputs=self.slot[tape.outputs],
            guards=self.guards(),
            watched=self.slot[list(tape.watched)],
            watched_names=[op.symbol for op in tape.watched.values()],
            some_absent=self.some_absent,
            facts=self.facts(),
        )

    def write(self, groups: list[Group]) -> Array:
        """Write the instructions of groups in their order, and return what is broadcast."""
        self.start()
        inputs = np.array(self.tape.inputs, np.int32)
        self.assign(inputs)
        broadcast = self.broadcast(groups)
        self.assign(broadcast)
        may_be_alone = [key.op is not p.inner_product for key in self.table]
        # Such rows are kept back, and written all at once as soon as another group comes.
        alone: list[int] = []
        for number, members in groups:
            if len(members) == 1 and may_be_alone[number]:
                alone += members
                continue
            self.emit_alone(alone)
            alone = []
            key = self.table[number]
            self.emit(key, np.array(members))
        self.emit_alone(alone)
        return broadcast

    def single_rows(self) -> SingleRows:
        """Return the instructions of one row each, to which their numbers refer."""
        graph = self.graph
        rows = np.array(self.alone, np.intp)
        keys = self.keys[rows]
        outs = self.slot[rows]
        sizes = graph.counts[rows]
        operands = graph.operands[graph.places(rows)]
        return SingleRows(self.table, keys, outs, sizes, self.slot[operands])

    def rolled(self) -> Listing:
        """Return the instructions with loops in place of those that repeat themselves."""
        if self.edges.size:
            leaves = self.slots - len(self.nodes)
            steps = self.written_out()
            return rolled_up(Listing(steps, leaves, {}))
        return self.rolled_without_edges()

    def rolled_without_edges(self) -> Listing:
        """Return the same, but for edges: nothing that is no row of the tape stands in it."""
        leaves = self.slots - len(self.nodes)
        rows = self.single_rows()
        listing = Listing(self.instructions, leaves, {}, rows)
        return rolled_up(listing)

    def facts(self) -> dict[str, Any]:
        """Return what a report says of the tape."""
        tape = self.tape
        names = [x.name or f"{x._data:.6g}" for x in tape.followed.values()]
        return {"recorded": tape.recorded, "rows": len(tape), "followed": names}

    def guards(self) -> list[Guard]:
        """Return the guards with slots for rows; a strict program is run when they have held."""
        if self.way == STRICT:
            return []
        guards = []
        for guard in self.tape.guards:
            slot = int(self.slot[guard.row])
            guards.append(guard._replace(row=slot))
        return guards

    def assign(self, places: Array) -> int:
        """Give rows consecutive slots, and return the first."""
        first = self.slots
        self.slots += len(places)
        if len(places) > 1:
            self.slot[places] = np.arange(first, self.slots)
        else:
            self.slot[places] = first
        return first

    def grouped(self) -> list[Group]:
        """Return the nodes in groups, in the order of their computation."""
        if self.way == PLAIN:
            return self.one_by_one()
        children, parents = self.dependencies()
        return schedule(self.keys, children, parents, self.patient())

    def one_by_one(self) -> list[Group]:
        """Return the nodes as they stand on the tape, each a group of its own."""
        keys = self.keys[self.nodes]
        return [(key, [row]) for key, row in zip(keys.tolist(), self.nodes.tolist())]

    def patient(self) -> list[bool]:
        """Tell of each group key whether its nodes wait until no others are ready."""
        # A dot of so many terms has two operands for each.
        least = 2 * MIN_TERMS_TO_WAIT
        return [key.shared and key.arity >= least for key in self.table]

    def grouped_by_turns(self) -> list[Group] | None:
        """Return the nodes in groups, those of a turn together; None if no rows have turns."""
        # Loops are searched for among the rows as the function does one after the other.
        way = self.way
        self.way = PLAIN
        self.write(self.one_by_one())
        self.way = way
        steps = self.rolled_without_edges().steps
        if len(steps) == len(self.nodes):
            return None
        children, parents = self.dependencies()
        turns = turns_in(steps)
        times = times_of(turns, self.nodes, children, parents, self.graph.rows)
        together = schedule_in_time(self.keys, children, parents, self.patient(), times)
        groups: list[Group] = []
        for members in together:
            # All members of a group have one key.
            key = int(self.keys[members[0]])
            groups.append((key, members))
        return groups

    def dependencies(self) -> tuple[Array, Array]:
        """Return the edges of all nodes to what they are computed from, a bias included."""
        children, parents = self.graph.edges(self.nodes)
        has_bias = self.graph.bias[self.nodes] != NO_BIAS
        biased = self.nodes[has_bias]
        biases = self.graph.bias[biased]
        children = np.concatenate([children, biased])
        parents = np.concatenate([parents, biases])
        # The passes over edges take them in the order of the children.
        order = np.argsort(children, kind="stable")
        return children[order], parents[order]

    def broadcast(self, groups: list[Group]) -> Array:
        """Return the shared numbers that are operands of other instructions than matrices."""
        asked = self.tape.asked()
        shared = [key.shared for key in self.table]
        # Matrices and dots read the weights where they are.
        others = (members for key, members in groups if not shared[key])
        rows = np.fromiter(chain.from_iterable(others), np.intp)
        _, operands = self.graph.edges(rows)
        found = np.concatenate([operands, np.array(asked, np.int32), self.edges[:, 1:].ravel()])
        is_shared = self.number[found] >= 0
        found = found[is_shared]
        # Each once, in the order in which they are met.
        _, first = np.unique(found, return_index=True)
        kept: Array = found[np.sort(first)]
        return kept

    def emit_alone(self, rows: list[int]) -> None:
        """Append the instructions of groups of one row each, as in a chain a million rows long."""
        if not rows:
            return
        self.assign(np.array(rows))
        first = len(self.alone)
        self.alone += rows
        numbers = range(first, len(self.alone))
        self.instructions.extend(numbers)

    def emit(self, key: GroupKey, members: Array) -> None:
        """Append the instructions of a group."""
        if key.shared:
            if self.way == FAST:
                self.emit_matrices(key, members)
            else:
                self.emit_small(key, members)
            return
        members, operands = self.sorted_by_slots(members)
        if key.op is p.inner_product:
            left, right = np.split(operands, 2)
            self.append_dot(key, members, left, right)
        else:
            out = self.assign(members)
            self.instructions.append(instruction_of(key, out, operands))

    def sorted_by_slots(self, members: Array) -> tuple[Array, Table]:
        """Return the members of a group in the order of their operands' slots, and those."""
        operands = self.slot[self.graph.columns(members)]
        if len(members) == 1:
            return members, operands
        # The last key counts first.
        backwards = operands[::-1]
        order = np.lexsort(backwards)
        return members[order], operands[:, order]

    def bias_of(self, members: Array) -> Table:
        """Return the coded biases of dots."""
        bias = self.graph.bias[members]
        has_none = bias == NO_BIAS
        number = np.where(has_none, self.zero, self.number[bias])
        is_shared = number >= 0
        return np.where(is_shared, ~number, self.slot[bias])

    def append_dot(self, key: GroupKey, members: Array, left: Table, right: Table) -> None:
        """Append inner products."""
        bias = self.bias_of(members)
        out = self.assign(members)
        step = Dot(out, len(members), bias, left, right, key.flows, key.optional)
        self.instructions.append(step)

    def emit_small(self, key: GroupKey, members: Array) -> None:
        """Append inner products with shared weights that make no matrix."""
        operands = self.graph.columns(members)
        left, right = np.split(operands, 2)
        weights = ~self.number[left]
        inputs = self.slot[right]
        self.append_dot(key, members, weights, inputs)

    def emit_matrices(self, key: GroupKey, members: Array) -> None:
        """Append matrix products that together are the given dots.

        Columns of inputs that meet the same set of weights belong together.
        """
        # By weights, and a number that tells equal weights apart.
        rows: dict[tuple[Places, int], int] = {}
        columns: dict[Places, dict[int, int]] = {}
        operands = self.graph.columns(members)
        left, right = np.split(operands, 2)
        weights_of_members = self.number[left].T.tolist()
        inputs_of_members = self.slot[right].T.tolist()
        for place, numbers, slots in zip(members.tolist(), weights_of_members, inputs_of_members):
            weights = tuple(numbers)
            copy = 0
            column = columns.setdefault(tuple(slots), {})
            while rows.setdefault((weights, copy), len(rows)) in column:
                # The same dot but for its bias.
                copy += 1
            row = rows[weights, copy]
            column[row] = place
        # Which columns meet the same rows.
        blocks: dict[tuple[int, ...], list[Places]] = {}
        for inputs, column in columns.items():
            met = tuple(sorted(column))
            blocks.setdefault(met, []).append(inputs)
        weights_of = [weights for weights, _ in rows]
        small: list[int] = []
        for chosen, inputs_of in blocks.items():
            terms = len(inputs_of[0])
            if len(chosen) == 1 and terms < MIN_TERMS_OF_ONE_ROW:
                (row,) = chosen
                small += [columns[inputs][row] for inputs in inputs_of]
                continue
            # In the order of the numbers, so that weights that stand side by side are read so.
            order = sorted((weights_of[row], row) for row in chosen)
            self.emit_matrix(key, order, sorted(inputs_of), columns)
        if small:
            self.emit_small(key, np.array(small))

    def emit_matrix(self, key: GroupKey, rows: Any, inputs_of: Any, columns: Any) -> None:
        """Append one matrix product."""
        dots = [columns[inputs][row] for _, row in rows for inputs in inputs_of]
        places = np.array(dots)
        shape = (len(rows), len(inputs_of))
        bias = self.bias_of(places).reshape(shape)
        sides = [side for side, _ in rows]
        weights = np.array(sides, np.int32)
        inputs = np.array(inputs_of, np.int32).T
        out = self.assign(places)
        step = Matrix(out, len(places), bias, weights, inputs, key.flows, key.optional)
        self.instructions.append(step)

    def written_out(self) -> list[Instruction]:
        """Return all instructions, with the edges of nodes whose slopes are rows themselves."""
        steps = made(self.instructions, self.single_rows())
        if not self.edges.size:
            return steps
        # Edges stand behind the instruction whose results are their nodes.
        edges = self.slot[self.edges]
        order = np.argsort(edges[:, 0], kind="stable")
        edges = edges[order]
        nodes = edges[:, 0]
        stops = [step.out + step.count for step in steps]
        bounds = np.searchsorted(nodes, [0, *stops]).tolist()
        found: list[Instruction] = []
        for step, start, stop in zip(steps, bounds, bounds[1:]):
            found.append(step)
            if start < stop:
                own = edges[start:stop].T
                found.append(Edges(0, 0, *own))
        return found
