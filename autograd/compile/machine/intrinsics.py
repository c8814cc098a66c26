"""What the kernels of the machine need below Python: pointers, calls, and a tile of a product.

A kernel is a function of pointers. These few move a pointer, call a kernel by its address, and
multiply matrices in registers: a tile of 8 x 16 sums stays in vector registers while the products
run by, which is what a BLAS does too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Protocol

from autograd.compile.machine import ir
from autograd.compile.machine.ir import (
    DOUBLE,
    FLOAT,
    INTEGER,
    POINTER,
    SHORT,
    Body,
    Operand,
)
from autograd.compile.machine.translate import Emitter

# Of a vector: 64 bytes of doubles.
LANES = 8
MASK = f"<{LANES} x i1>"


class Integers(Protocol):
    """A pointer to integers, as kernels name its type; machine code has nothing but the pointer."""

    def __getitem__(self, place: int, /) -> int: ...

    def __setitem__(self, place: int, x: int, /) -> None: ...


class Numbers(Protocol):
    """A pointer to floats, of either width."""

    def __getitem__(self, place: int, /) -> float: ...

    def __setitem__(self, place: int, x: float, /) -> None: ...


@Emitter
def shift(body: Body, pointer: Operand, count: Operand) -> Operand:
    """Return the pointer to the element `count` further on."""
    return ir.element(body, pointer, count)


@Emitter
def pointer_like(body: Body, model: Operand, address: Operand) -> Operand:
    """Return an address as a pointer of the model's type."""
    return pointer_to(body, model.element, address)


def pointer_to(body: Body, element: str, address: Operand) -> Operand:
    """Return an address as a pointer to elements of a type."""
    pointer = body.let(f"inttoptr {address.typed} to ptr")
    return Operand(POINTER, pointer, element)


def as_pointer_to(element: str) -> Emitter:
    """Return what makes an address a pointer to numbers of a type."""

    def converted(body: Body, address: Operand) -> Operand:
        return pointer_to(body, element, address)

    return Emitter(converted)


as_code = as_pointer_to(INTEGER)
as_shorts = as_pointer_to(SHORT)
as_doubles = as_pointer_to(DOUBLE)
as_floats = as_pointer_to(FLOAT)


@Emitter
def address_of(body: Body, pointer: Operand) -> Operand:
    """Return a pointer as an integer."""
    address = body.let(f"ptrtoint {pointer.typed} to i64")
    return Operand(INTEGER, address)


@Emitter
def call(body: Body, address: Operand, *arguments: Operand) -> None:
    """Call the function at an address with arguments."""
    pointer = body.let(f"inttoptr {address.typed} to ptr")
    # A kernel's flags are integers.
    numbers = list(arguments)
    for i, x in enumerate(arguments):
        if x.type == ir.BIT:
            numbers[i] = ir.converted(body, x, INTEGER)
    passed = ir.listed(numbers)
    body.do(f"call void {pointer}({passed})")


@Emitter
def called(body: Body, address: Operand, *arguments: Operand) -> Operand:
    """Return what the function at an address returns, which is an integer or an address."""
    pointer = body.let(f"inttoptr {address.typed} to ptr")
    passed = ir.listed(arguments)
    found = body.let(f"call i64 {pointer}({passed})")
    return Operand(INTEGER, found)


@Emitter
def bits(body: Body, x: Operand) -> Operand:
    """Return the 64 bits of a double as an integer."""
    return as_bits_of(body, x, INTEGER)


@Emitter
def number(body: Body, x: Operand) -> Operand:
    """Return the double that has these 64 bits."""
    return as_bits_of(body, x, DOUBLE)


def as_bits_of(body: Body, x: Operand, type_: str) -> Operand:
    """Return the same bits as a number of another type, lane by lane."""
    lanes = ir.lanes_of(x.type)
    whole = ir.vector(type_, lanes)
    found = body.let(f"bitcast {x.typed} to {whole}")
    return Operand(whole, found)


def polynomial(numbers: Sequence[float]) -> Emitter:
    """Return a polynomial as a function for compiled code, lowest coefficient first.

    By pairs, pairs of pairs and so on (Estrin, 1960), so that most steps do not wait for others.
    """

    def evaluate(body: Body, x: Operand) -> Operand:
        power = x
        terms = [ir.constant(number) for number in numbers]
        while len(terms) > 1:
            evens = terms[::2]
            odds = terms[1::2]
            products = [ir.arithmetic(body, "*", power, y) for y in odds]
            joined = [ir.arithmetic(body, "+", x, y) for x, y in zip(evens, products)]
            # Of an odd number of terms the last has no partner yet.
            paired = 2 * len(joined)
            terms = joined + terms[paired:]
            power = ir.arithmetic(body, "*", power, power)
        return terms[0]

    return Emitter(evaluate)


class Vectors:
    """The vector operations of one function under construction, for one type of numbers."""

    def __init__(self, body: Body, element: str) -> None:
        self.body = body
        self.element = element
        self.size = ir.BYTES[element]
        self.type = f"<{LANES} x {element}>"
        self.suffix = f"v{LANES}f{8 * self.size}"
        self.mask: Operand | None = None

    def vector(self, text: str) -> Operand:
        """Return the result of an instruction as a vector."""
        found = self.body.let(text)
        return Operand(self.type, found)

    def first(self, count: Operand) -> None:
        """Load and store only so many lanes from now on."""
        # Each lane compares its number with the count.
        whole = f"<{LANES} x i64>"
        lanes = ", ".join(f"i64 {lane}" for lane in range(LANES))
        bound = self.spread(count)
        found = self.body.let(f"icmp slt {whole} <{lanes}>, {bound.text}")
        self.mask = Operand(MASK, found)

    def spread(self, x: Operand) -> Operand:
        """Return a vector of equal numbers."""
        return ir.spread(self.body, x, LANES)

    def zero(self) -> Operand:
        """Return a vector of zeros."""
        return Operand(self.type, "zeroinitializer")

    def load(self, pointer: Operand) -> Operand:
        """Return the vector at a pointer; zero where the mask is false."""
        tag = f"!tbaa !{ir.ALIAS_TAGS[self.element]}"
        if self.mask is None:
            text = f"load {self.type}, {pointer.typed}, align {self.size}, {tag}"
            return self.vector(text)
        # What stands behind the last number may not be there, so it is not read at all.
        name = f"llvm.masked.load.{self.suffix}.p0"
        aligned = Operand("i32", str(self.size))
        instead = self.zero()
        found = self.body.call(self.type, name, pointer, aligned, self.mask, instead)
        return Operand(self.type, found)

    def load_at(self, pointer: Operand, place: Operand) -> Operand:
        """Return the vector some numbers further on."""
        address = ir.element(self.body, pointer, place)
        return self.load(address)

    def load_unless(self, fresh: Operand, pointers: Sequence[Operand]) -> list[Operand]:
        """Return the vectors at some pointers, or zeros where the flag `fresh` is not 0."""
        body = self.body
        reading = body.label()
        after = body.label()
        before = body.block
        is_fresh = ir.truth(body, fresh)
        body.branch(is_fresh.text, after, reading)
        body.begin(reading)
        there = [self.load(pointer) for pointer in pointers]
        body.begin(after)
        nothing = self.zero()
        return [ir.merged(body, nothing, before, x, reading) for x in there]

    def store(self, x: Operand, pointer: Operand) -> None:
        """Store a vector at a pointer, where the mask is true."""
        if self.mask is None:
            tag = f"!tbaa !{ir.ALIAS_TAGS[self.element]}"
            text = f"store {x.typed}, {pointer.typed}, align {self.size}, {tag}"
            self.body.do(text)
            return
        aligned = Operand("i32", str(self.size))
        name = f"llvm.masked.store.{self.suffix}.p0"
        self.body.call("void", name, x, pointer, aligned, self.mask)

    def store_at(self, x: Operand, pointer: Operand, place: Operand) -> None:
        """Store a vector some numbers further on."""
        address = ir.element(self.body, pointer, place)
        self.store(x, address)

    def add(self, x: Operand, y: Operand) -> Operand:
        """Return the sums of two vectors."""
        return ir.arithmetic(self.body, "+", x, y)

    def multiply(self, x: Operand, y: Operand) -> Operand:
        """Return the products of two vectors."""
        return ir.arithmetic(self.body, "*", x, y)

    def multiply_add(self, x: Operand, y: Operand, z: Operand) -> Operand:
        """Return x * y + z, rounded once."""
        name = f"llvm.fma.{self.suffix}"
        found = self.body.call(self.type, name, x, y, z)
        return Operand(self.type, found)

    def shuffled(self, pair: str, chosen: Sequence[int]) -> Operand:
        """Return the chosen lanes of two vectors, which are counted on from one to the other."""
        mask = ", ".join(f"i32 {lane}" for lane in chosen)
        return self.vector(f"shufflevector {pair}, <{LANES} x i32> <{mask}>")

    def sum(self, x: Operand) -> Operand:
        """Return the sum of the lanes."""
        name = f"llvm.vector.reduce.fadd.{self.suffix}"
        declared = f"declare {self.element} @{name}({self.element}, {self.type})"
        self.body.declared[name] = declared
        zero = ir.float_text(0.0)
        start = f"{self.element} {zero}"
        # Halves onto halves, where in order each addition would wait for the one before.
        found = self.body.let(f"call reassoc {self.element} @{name}({start}, {x.typed})")
        return Operand(self.element, found)


def place(
    body: Body, pointer: Operand, row: int | Operand, stride: Operand, more: int = 0
) -> Operand:
    """Return the pointer to a row of a matrix, and some numbers further on."""
    rows = row if isinstance(row, Operand) else ir.constant(row)
    offset = ir.arithmetic(body, "*", rows, stride)
    if more:
        further = ir.constant(more)
        offset = ir.arithmetic(body, "+", offset, further)
    return ir.element(body, pointer, offset)


def tile(rows: int, vectors: int, masked: bool) -> Emitter:
    """Return what adds a product of matrices to a tile of rows x vectors.

    out[r, j] += sum_k left[r, k] right[k, j], where j runs over consecutive numbers. Strides are
    in numbers: of `out` by row, of `left` by row and column, of `right` by row. A masked tile has
    one vector, of which only the first `width` lanes count. A fresh tile is written, not added to.
    """

    def multiply(
        body: Body,
        out: Operand,
        out_row: Operand,
        left: Operand,
        left_row: Operand,
        left_column: Operand,
        right: Operand,
        right_row: Operand,
        terms: Operand,
        width: Operand,
        fresh: Operand,
    ) -> None:
        lanes = Vectors(body, out.element)
        if masked:
            lanes.first(width)
        starts = [place(body, left, r, left_row) for r in range(rows)]
        columns = [LANES * v for v in range(vectors)]

        def step(k: Operand, sums: Sequence[Operand]) -> list[Operand]:
            # A row of `right` and a column of `left` are read once for rows x vectors products.
            xs: list[Operand] = []
            for column in columns:
                there = place(body, right, k, right_row, column)
                xs.append(lanes.load(there))
            numbers: list[Operand] = []
            for start in starts:
                head = place(body, start, k, left_column)
                numbers.append(ir.loaded(body, head))
            factors = [lanes.spread(number) for number in numbers]
            pairs = product(factors, xs)
            return [lanes.multiply_add(w, x, z) for (w, x), z in zip(pairs, sums)]

        tile_places = product(range(rows), columns)
        places = [place(body, out, r, out_row, column) for r, column in tile_places]
        # All sums stay in registers until the last term.
        sums = lanes.load_unless(fresh, places)
        zero = ir.constant(0)
        found = ir.loop(body, zero, terms, 1, sums, step)
        for pointer, x in zip(places, found):
            lanes.store(x, pointer)

    return Emitter(multiply)


def inner(rows: int) -> Emitter:
    """Return what adds inner products of some rows with one vector to `out`.

    out[r] += sum_k left[r, k] right[k], where k runs over consecutive numbers on both sides, a
    multiple of LANES of them.
    """

    def multiply(
        body: Body,
        out: Operand,
        left: Operand,
        left_row: Operand,
        right: Operand,
        terms: Operand,
    ) -> None:
        lanes = Vectors(body, out.element)
        starts = [place(body, left, r, left_row) for r in range(rows)]

        def step(k: Operand, sums: Sequence[Operand]) -> list[Operand]:
            x = lanes.load_at(right, k)
            ws = [lanes.load_at(start, k) for start in starts]
            return [lanes.multiply_add(w, x, z) for w, z in zip(ws, sums)]

        zeros = [lanes.zero()] * rows
        first = ir.constant(0)
        found = ir.loop(body, first, terms, LANES, zeros, step)
        for r, x in enumerate(found):
            row = ir.constant(r)
            target = ir.element(body, out, row)
            before = ir.loaded(body, target)
            inner_product = lanes.sum(x)
            total = ir.arithmetic(body, "+", before, inner_product)
            ir.stored(body, total, target)

    return Emitter(multiply)


@Emitter
def transpose_square(
    body: Body, to: Operand, to_row: Operand, numbers: Operand, row: Operand
) -> None:
    """Write the transpose of LANES x LANES numbers; the rows of both are so far apart."""
    lanes = Vectors(body, to.element)
    rows: list[Operand] = []
    for i in range(LANES):
        there = place(body, numbers, i, row)
        rows.append(lanes.load(there))
    distance = LANES // 2
    # Swap what stands across, in squares of 4, of 2, of 1.
    while distance:
        for i in range(LANES):
            is_first = not i & distance
            if is_first:
                other = i + distance
                pair = f"{rows[i].typed}, {rows[other].typed}"
                upper, lower = swapped(distance)
                rows[i] = lanes.shuffled(pair, upper)
                rows[other] = lanes.shuffled(pair, lower)
        distance //= 2
    for i, x in enumerate(rows):
        target = place(body, to, i, to_row)
        lanes.store(x, target)


def swapped(distance: int) -> tuple[list[int], list[int]]:
    """Return which lanes of two vectors make up the two in which squares have changed places.

    >>> swapped(4)
    ([0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15])
    """
    upper: list[int] = []
    lower: list[int] = []
    for lane in range(LANES):
        if lane & distance:
            upper.append(LANES + lane - distance)
            lower.append(LANES + lane)
        else:
            upper.append(lane)
            lower.append(lane + distance)
    return upper, lower
