"""Lowering: from a tape to a program.

Nodes of one level and one kind become one instruction, whose members stand in consecutive slots;
inner products of the same weights with several inputs, or of several weights with the same inputs,
become a matrix product. Levels only go up, so the instructions of a level need no order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd import primitives as p
from autograd.compile.fuse import NO_BIAS, Node, fuse
from autograd.compile.mortal import marked
from autograd.compile.program import (
    Dot,
    Edges,
    Instruction,
    Map,
    Matrix,
    Program,
    Table,
    Total,
)
from autograd.compile.rows import differentiable, quotient, share
from autograd.compile.rules import read
from autograd.compile.schedule import schedule
from autograd.compile.symbols import Symbol, place_of
from autograd.compile.tape import Tape
from autograd.row import Primitive, Variadic

FEW = 4  # terms: inner products of fewer do not wait for others with the same weights
WORTHWHILE = 8  # terms: a single row of fewer is no matrix
Edge = tuple[int, int, int, int]  # node, parent, slope, mask


def complete(tape: Tape) -> list[Edge]:
    """Write to a tape all that programs of it will ask for: local derivatives, and constants.

    Returns the edges of the nodes whose local derivatives are rows now.
    """
    tape.constant(0.0)  # the bias of a dot that has none
    tape.constant(1.0)  # the factor of a term that is no product
    edges = expand(tape, varying(tape, tape.parameters + tape.inputs))
    for place, op in enumerate(tape.ops):
        if op is share:  # its edges are written down, so what is left is a quotient
            tape.ops[place], tape.operands[place] = quotient, tape.operands[place][:2]
    return edges


def lower(tape: Tape, edges: Sequence[Edge], leaves: Sequence[int]) -> Program:
    """Return the program of a complete tape, whose backward pass leads to the given leaves.

    Cost: O(nodes + operands) in time and memory.
    """
    varies = varying(tape, leaves, edges)
    edges = [edge for edge in edges if varies[edge[1]]]
    nodes = fuse(tape, [place for edge in edges for place in edge[2:]])
    absent: dict[int, list[tuple[int, bool]]] = {}
    for node, parent, _, mask in edges:
        absent.setdefault(node, []).append((parent, tape.constants.get(mask) is not False))
    return Lowering(tape, nodes, edges, varies, marked(tape, varies, absent)).program()


def varying(tape: Tape, leaves: Sequence[int], edges: Sequence[Edge] = ()) -> list[bool]:
    """Tell for every row whether an adjoint has to flow through it.

    That is so where one of the leaves flows into it, and it into an output. What only a branch or a
    local derivative asks for has no adjoint. The given edges stand in for those of their nodes.
    """
    parents: dict[int, list[int]] = {}
    for node, parent, *_ in edges:
        parents.setdefault(node, []).append(parent)
    for place, op in enumerate(tape.ops):
        if op is not None and place not in parents:
            operands = enumerate(tape.operands[place])
            parents[place] = [x for i, x in operands if differentiable(op, i)]
    downstream = [False] * len(tape)
    for place in leaves:
        downstream[place] = True
    for place in range(len(tape)):
        if place in parents:
            downstream[place] = any(downstream[x] for x in parents[place])
    upstream = [False] * len(tape)
    for place in tape.outputs:
        upstream[place] = True
    for place in reversed(range(len(tape))):
        if upstream[place]:
            for x in parents.get(place, ()):
                upstream[x] = True
    return [before and after for before, after in zip(downstream, upstream)]


def expand(tape: Tape, varies: Sequence[bool]) -> list[Edge]:
    """Write to the tape the local derivatives of primitives with any number of operands.

    Sums and dots are left alone: they are linear in each operand. Of the others (a product, a norm,
    a softmax) the table's rule is read for as many operands as there are.
    """
    edges: list[Edge] = []
    for place in range(len(tape)):
        op = tape.ops[place]
        if not isinstance(op, Variadic) or op in (p.total, p.inner_product):
            continue
        if varies[place]:
            edges += edges_of(tape, place, op, varies)
    return edges


def edges_of(tape: Tape, place: int, op: Primitive, varies: Sequence[bool]) -> Iterable[Edge]:
    """Return the edges of one node, after writing their slopes to the tape."""
    operands = tape.operands[place]
    flows = [varies[x] and differentiable(op, i) for i, x in enumerate(operands)]
    symbols = [tape.constants.get(x, Symbol(tape, x)) for x in (*operands, place)]
    slopes, still = read(op, symbols, flows)
    parents = [x for x, flow in zip(operands, flows) if flow]
    return [
        (place, parent, place_of(tape, slope), place_of(tape, mask))
        for parent, slope, mask in zip(parents, slopes, still)
    ]


def is_matrix(kind: Any) -> bool:
    """Tell whether a kind of nodes is inner products of which one side is shared."""
    op, _, _, details = kind
    return op is p.inner_product and bool(details[0])


class Lowering:
    """The state of one lowering: which slot each row of the tape has got."""

    def __init__(
        self,
        tape: Tape,
        nodes: dict[int, Node],
        edges: list[Edge],
        varies: list[bool],
        mortal: list[bool],
    ) -> None:
        self.mortal = mortal
        self.tape, self.nodes, self.edges, self.varies = tape, nodes, edges, varies
        self.slot = np.full(len(tape), -1, np.int64)
        self.shared: dict[int, int] = {x: i for i, x in enumerate(tape.parameters)}
        self.shared |= {x: len(self.shared) + i for i, x in enumerate(tape.constants)}
        self.instructions: list[Instruction] = []
        self.slots = 0

    def program(self) -> Program:
        """Return the program."""
        tape = self.tape
        self.assign(tape.inputs)
        groups = self.grouped()
        broadcast = self.broadcast(groups)
        self.assign(broadcast)
        for kind, members in groups:
            self.emit(kind, members)
        self.add_edges()
        return Program(
            parameters=len(tape.parameters),
            shared=[float(x) for x in tape.constants.values()],
            inputs=len(tape.inputs),
            slots=self.slots,
            broadcast=np.array([self.shared[x] for x in broadcast], np.int32),
            instructions=self.instructions,
            outputs=self.slot[tape.outputs].astype(np.int32),
            guards=[guard._replace(row=int(self.slot[guard.row])) for guard in tape.guards],
            facts={"recorded": tape.recorded, "rows": len(tape), "nodes": len(self.nodes)},
        )

    def assign(self, places: Sequence[int]) -> int:
        """Give rows consecutive slots, and return the first."""
        first = self.slots
        self.slot[places] = np.arange(first, first + len(places))
        self.slots += len(places)
        return first

    def grouped(self) -> list[tuple[Any, list[int]]]:
        """Return the nodes in groups, in the order of their computation."""
        kinds, operands = {}, {}
        for place, node in self.nodes.items():
            kinds[place] = (
                node.op,
                len(node.operands),
                self.mortal[place],
                self.kind(node, self.varies[place]),
            )
            biased = node.bias != NO_BIAS
            operands[place] = (*node.operands, node.bias) if biased else node.operands
        patient = {x for x in set(kinds.values()) if is_matrix(x) and x[1] >= 2 * FEW}
        return schedule(operands, kinds, patient)

    def kind(self, node: Node, active: bool) -> Any:
        """Return what else has to agree in a group: where adjoints flow, and what is shared."""
        varies, half = self.varies, len(node.operands) // 2
        if node.op is p.total:
            return active
        if node.op is p.inner_product:
            pairs = list(zip(node.operands[:half], node.operands[half:]))
            shared = all((x in self.shared) != (y in self.shared) for x, y in pairs)
            sides = self.oriented(node, shared)
            flows = [active and any(varies[x] for x in side) for side in sides]
            return shared, (active, *flows)
        if isinstance(node.op, Variadic):
            return (False,) * len(node.operands)  # its edges stand apart
        return tuple(
            active and varies[x] and rule is not None
            for x, rule in zip(node.operands, node.op.partials)
        )

    def oriented(self, node: Node, shared: bool) -> tuple[list[int], list[int]]:
        """Return the two sides of a dot; where one of each pair is shared, that stands left."""
        half = len(node.operands) // 2
        left, right = list(node.operands[:half]), list(node.operands[half:])
        if shared:
            for k, x in enumerate(left):
                if x not in self.shared:
                    left[k], right[k] = right[k], x
        return left, right

    def broadcast(self, groups: list[tuple[Any, list[int]]]) -> list[int]:
        """Return the shared numbers that are operands of other instructions than matrices."""
        found: dict[int, None] = {}
        for kind, members in groups:
            if is_matrix(kind):
                continue
            for place in members:
                found |= {x: None for x in self.nodes[place].operands if x in self.shared}
        asked = [*self.tape.outputs, *(guard.row for guard in self.tape.guards)]
        asked += [x for edge in self.edges for x in edge[1:]]
        found |= {x: None for x in asked if x in self.shared}
        return list(found)

    def emit(self, kind: Any, members: list[int]) -> None:
        """Append the instructions of a group."""
        op, _, mortal, flows = kind
        if op is p.inner_product:
            emit = self.emit_matrices if flows[0] else self.emit_dot
            emit(members, flows[1], mortal)
            return
        members, operands = self.sorted_by_slots(members)
        if op is p.total:
            self.instructions.append(Total(self.assign(members), len(members), operands, flows))
        else:
            self.instructions.append(
                Map(self.assign(members), len(members), op, operands, flows, mortal)
            )

    def sorted_by_slots(self, members: list[int]) -> tuple[list[int], Table]:
        """Return the members of a group in the order of their operands' slots, and those."""
        operands = self.slot[np.array([self.nodes[x].operands for x in members]).T]
        if len(members) == 1:
            return members, operands.astype(np.int32)
        order = np.lexsort(operands[::-1])
        return [members[i] for i in order], operands[:, order].astype(np.int32)

    def bias_of(self, members: Sequence[int]) -> Table:
        """Return the coded biases of dots."""
        zero = self.zero()
        codes = []
        for place in members:
            bias = self.nodes[place].bias
            if bias == NO_BIAS:
                codes.append(~zero)
            else:
                codes.append(~self.shared[bias] if bias in self.shared else self.slot[bias])
        return np.array(codes, np.int32)

    def zero(self) -> int:
        """Return the place of the shared number 0."""
        place = self.tape.constant(0.0)
        return self.shared.setdefault(place, len(self.shared))

    def emit_dot(self, members: list[int], edges: tuple[bool, bool, bool], mortal: bool) -> None:
        """Append inner products of slots with slots."""
        members, operands = self.sorted_by_slots(members)
        left, right = np.split(operands, 2)
        self.append_dot(members, left, right, edges, mortal)

    def emit_small(self, members: list[int], edges: tuple[bool, bool, bool], mortal: bool) -> None:
        """Append inner products with shared weights that make no matrix."""
        pairs = [self.oriented(self.nodes[place], True) for place in members]
        left = ~np.array([[self.shared[x] for x in side] for side, _ in pairs]).T
        right = self.slot[np.array([side for _, side in pairs]).T]
        self.append_dot(members, left.astype(np.int32), right.astype(np.int32), edges, mortal)

    def append_dot(
        self,
        members: list[int],
        left: Table,
        right: Table,
        edges: tuple[bool, bool, bool],
        mortal: bool,
    ) -> None:
        """Append inner products."""
        bias = self.bias_of(members)
        self.instructions.append(
            Dot(self.assign(members), len(members), bias, left, right, edges, mortal)
        )

    def emit_matrices(
        self, members: list[int], edges: tuple[bool, bool, bool], mortal: bool
    ) -> None:
        """Append matrix products that together are the given dots.

        Columns of inputs that meet the same set of weights belong together.
        """
        rows: dict[Any, int] = {}  # by weights, and a number that tells equal weights apart
        columns: dict[tuple[int, ...], dict[int, int]] = {}
        for place in members:
            left, right = self.oriented(self.nodes[place], True)
            weights, copy = tuple(self.shared[x] for x in left), 0
            column = columns.setdefault(tuple(self.slot[right].tolist()), {})
            while rows.setdefault((weights, copy), len(rows)) in column:
                copy += 1  # the same dot but for its bias
            column[rows[weights, copy]] = place
        blocks: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for inputs, column in columns.items():
            blocks.setdefault(tuple(sorted(column)), []).append(inputs)
        weights_of = [weights for weights, _ in rows]
        small: list[int] = []
        for chosen, inputs_of in blocks.items():
            if len(chosen) == 1 and len(inputs_of[0]) < WORTHWHILE:
                small += [columns[inputs][chosen[0]] for inputs in inputs_of]
            else:
                order = sorted((weights_of[row], row) for row in chosen)
                self.emit_matrix(order, sorted(inputs_of), columns, edges, mortal)
        if small:
            self.emit_small(small, edges, mortal)

    def emit_matrix(
        self, rows: Any, inputs_of: Any, columns: Any, edges: tuple[bool, bool, bool], mortal: bool
    ) -> None:
        """Append one matrix product."""
        places = [columns[inputs][row] for _, row in rows for inputs in inputs_of]
        bias = self.bias_of(places).reshape(len(rows), len(inputs_of))
        weights = np.array([side for side, _ in rows], np.int32)
        inputs = np.array(inputs_of, np.int32).T
        self.instructions.append(
            Matrix(self.assign(places), len(places), bias, weights, inputs, edges, mortal)
        )

    def add_edges(self) -> None:
        """Append the edges of nodes whose slopes are rows themselves."""
        level: dict[int, list[Edge]] = {}
        for edge in self.edges:
            level.setdefault(int(self.slot[edge[0]]), []).append(edge)
        for instruction in list(self.instructions):
            mine = [
                edge
                for slot in range(instruction.out, instruction.out + instruction.count)
                for edge in level.get(slot, ())
            ]
            if mine:
                tables = self.slot[np.array(mine)].T.astype(np.int32)
                position = self.instructions.index(instruction)
                self.instructions.insert(position + 1, Edges(0, 0, *tables))
